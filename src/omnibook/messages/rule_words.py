"""What a clerk on the phone reads of each rule of a time: met or not, and the facts of it (R27).

Times are the clinic's. A stretch of the day asked about is told by its times alone. Of a hold it is
told until when, of an appointment which time: never whose.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from attrs import frozen

from omnibook.clinic import Clinic
from omnibook.messages.catalogue import sentence
from omnibook.messages.moments import format_day, format_duration, format_start, format_time
from omnibook.messages.plain_text import one_line
from omnibook.outcomes import TimeExplanation
from omnibook.own_texts import OwnTexts
from omnibook.time_rules import (
    AlreadyBookedRule,
    AppointmentRule,
    BusyRule,
    ClosedTime,
    ClosureRule,
    Collision,
    EligibilityRule,
    GridRule,
    HoldRule,
    HorizonRule,
    LengthRule,
    NoticeRule,
    OnlineRule,
    OpeningRule,
    OpeningTime,
    ReleaseRule,
    StartRule,
    TimeRule,
)
from omnibook.times import Span, from_minute, local_date, minute_from

_BETWEEN = "; "
"""Between the items of a list: times and days have commas of their own."""


def describe_rules(
    explanation: TimeExplanation, language: str, clinic: Clinic
) -> tuple[tuple[TimeRule, str], ...]:
    """Each rule that was judged, met or not, with what staff read of it, in the order of R27.

    Times are in the clinic's zone. Any language but ``"en"`` reads as French. Of eligibility it is
    told here whether it is met; :func:`~omnibook.messages.describe_outcome` adds the reasons.
    """
    words = _Words(
        language=language, zone=clinic.zone, start=explanation.start, overrides=clinic.texts
    )
    return tuple((rule, words.of(rule)) for rule in explanation.rules)


@frozen(kw_only=True)
class _Words:
    """The words of one explanation: its language, the clinic's zone, and the time asked about."""

    language: str
    zone: ZoneInfo
    start: datetime
    overrides: OwnTexts

    def of(self, rule: TimeRule) -> str:
        """What staff read of a rule; one line."""
        match rule:
            case LengthRule():
                return self._say(
                    rule, length=self._length(rule.length), needed=self._length(rule.needed)
                )
            case NoticeRule():
                return self._notice(rule)
            case HorizonRule():
                return self._say(rule, latest=self._instant(rule.latest))
            case OpeningRule():
                return self._opening(rule)
            case GridRule():
                return self._grid(rule)
            case ReleaseRule():
                return self._release(rule)
            case ClosureRule():
                return self._say(rule, closures=_BETWEEN.join(map(self._closed, rule.closures)))
            case BusyRule() | HoldRule() | AppointmentRule():
                return self._free(rule)
            case StartRule() | OnlineRule() | EligibilityRule() | AlreadyBookedRule():
                return self._say(rule)
            case _:
                assert_never(rule)

    def _say(self, rule: TimeRule, variant: str = "", **details: object) -> str:
        state = "met" if rule.met else "not-met"
        return self._sentence(f"{rule.code}.{state}{variant}", **details)

    def _sentence(self, code: str, **details: object) -> str:
        return sentence(code, self.language, overrides=self.overrides, **details)

    def _notice(self, rule: NoticeRule) -> str:
        if not rule.notice:
            return self._say(rule, ".none", earliest=self._instant(rule.earliest))
        return self._say(
            rule, notice=self._length(rule.notice), earliest=self._instant(rule.earliest)
        )

    def _opening(self, rule: OpeningRule) -> str:
        if rule.met:
            return self._say(rule, openings=self._openings(rule.covering))
        if not rule.served:
            said = self._say(rule, ".never")
        elif rule.near:
            said = self._say(rule, openings=self._openings(rule.near))
        else:
            said = self._say(rule, ".none-that-day")
        if rule.others:
            others = self._sentence("rule.opening.others", openings=self._openings(rule.others))
            return f"{said} {others}"
        return said

    def _grid(self, rule: GridRule) -> str:
        starts = [self._instant(each) for each in (rule.before, rule.after) if each is not None]
        if rule.met or starts:
            return self._say(rule, starts=_BETWEEN.join(starts))
        return self._say(rule, ".no-other")

    def _release(self, rule: ReleaseRule) -> str:
        if rule.released is None:
            return self._say(rule, ".always")
        return self._say(rule, released=self._instant(rule.released))

    def _closed(self, closed: ClosedTime) -> str:
        said = self._sentence(f"rule.closure.by-{closed.by}", span=self._span(closed.span))
        label = one_line(closed.label)
        return self._sentence("rule.closure.labelled", label=label, closure=said) if label else said

    def _free(self, rule: BusyRule | HoldRule | AppointmentRule) -> str:
        """What is in the way; where it is only too close, what the service needs free (R17)."""
        if isinstance(rule, HoldRule) and rule.own_until is not None:
            return self._sentence("rule.hold.own", until=self._until(rule.own_until))
        collisions = {each.collision for each in rule.taken}
        close = bool(collisions) and Collision.TIME not in collisions
        said = self._say(rule, ".too-close" if close else "", taken=self._taken(rule))
        needs = (
            (Collision.BEFORE, rule.needed_before),
            (Collision.AFTER, rule.needed_after),
        )
        buffers = (
            self._sentence(f"rule.needs-free.{side}", length=self._length(needed))
            for side, needed in needs
            if close and side in collisions
        )
        return " ".join((said, *buffers))

    def _taken(self, rule: BusyRule | HoldRule | AppointmentRule) -> str:
        return _BETWEEN.join(
            self._span(each.span)
            if each.until is None
            else self._sentence(
                "rule.hold.until", span=self._span(each.span), until=self._until(each.until)
            )
            for each in rule.taken
        )

    def _openings(self, openings: Iterable[OpeningTime]) -> str:
        return _BETWEEN.join(self._span(each.span) for each in openings)

    def _span(self, span: Span) -> str:
        """A stretch: by its times on the day asked about, with its day or days on any other."""
        last = span.end - timedelta(microseconds=1)
        first_day, last_day = (local_date(each, self.zone) for each in (span.start, last))
        if first_day != last_day:
            start, end = (self._long(each) for each in (span.start, span.end))
            return self._sentence("span.days", start=start, end=end)
        start, end = (self._time(each) for each in (span.start, span.end))
        said = self._sentence("span.times", start=start, end=end)
        if first_day == local_date(self.start, self.zone):
            return said
        day = format_day(span.start, self.zone, self.language)
        return self._sentence("span.day", day=day, times=said)

    def _instant(self, instant: datetime) -> str:
        """A time of the day asked about by itself, any other with its day."""
        same = local_date(instant, self.zone) == local_date(self.start, self.zone)
        return self._time(instant) if same else self._long(instant)

    def _until(self, lapse: datetime) -> str:
        """The minute by which a hold is over: one of the next few, so that it needs no day."""
        return self._time(from_minute(minute_from(lapse)))

    def _time(self, instant: datetime) -> str:
        return format_time(instant, self.zone, self.language, overrides=self.overrides)

    def _long(self, instant: datetime) -> str:
        return format_start(instant, self.zone, self.language, overrides=self.overrides)

    def _length(self, length: timedelta) -> str:
        return format_duration(length, self.language)
