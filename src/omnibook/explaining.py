"""The desk's question: why is this time not offered? Every rule in turn, with its facts (R27).

Whether a rule is met is what :func:`omnibook.availability.judge` says, the same judge that search
and *Review* ask; so an explanation never tells another truth than they do. What is added here is
what each rule rests on: which openings there are that day, which closure it is, until when it is
held. Nothing says of whom.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from attrs import field, frozen

from omnibook.availability import Agenda, Obstacle, agenda, claimed_span, judge
from omnibook.clinic import Clinic, Opening, Schedule, Service
from omnibook.eligibility import Verdict
from omnibook.outcomes import TimeExplanation
from omnibook.records import ClaimKind, Hold, Slot
from omnibook.time_rules import (
    AlreadyBookedRule,
    AppointmentRule,
    BusyRule,
    ClosedBy,
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
    TakenTime,
    TimeRule,
)
from omnibook.times import (
    MINUTE,
    ONE_DAY,
    Span,
    Stretch,
    from_minute,
    local_date,
    minute_from,
    outward,
    start_of_day,
    to_minute,
)
from omnibook.timetable import Occurrence, placed_closures
from omnibook.transactions import ScheduleState


@frozen(kw_only=True)
class AboutPatient:
    """What counts for a named patient beside the time (R22, R28, R52)."""

    verdict: Verdict
    """On the time's own local date."""
    already_booked: bool
    holds: Collection[Hold] = field(default=(), repr=False)
    """The file's live holds."""


def surroundings(slot: Slot, service: Service, zone: ZoneInfo) -> Span:
    """What an explanation of the slot must be told: all that its local day, or days, can claim."""
    day = _days_of(slot, zone)
    return day.widened(service.buffer_before, service.duration + service.buffer_after)


def _days_of(slot: Slot, zone: ZoneInfo) -> Span:
    """The local day of the slot, or the days that it touches; in any case the slot itself."""
    first = start_of_day(local_date(slot.start, zone), zone)
    last = start_of_day(local_date(slot.end, zone) + ONE_DAY, zone)
    return Span(min(first, slot.start), max(last, slot.end))


def explain_slot(
    slot: Slot,
    service: Service,
    schedule: Schedule,
    *,
    clinic: Clinic,
    openings: Collection[Opening],
    state: ScheduleState,
    now: datetime,
    about: AboutPatient | None = None,
) -> TimeExplanation:
    """Say of every rule whether the slot is as it wants it, and what that rests on.

    Args:
        slot: the time that is asked about.
        service: what it would be booked for.
        schedule: where it would be.
        clinic: whose policies, closures and local days count.
        openings: the schedule's recurring openings.
        state: what stands on the schedule; its span covers :func:`surroundings`.
        now: the instant of the question.
        about: the patient's own side, if one is named.

    Returns:
        The explanation, its rules in the order of :class:`~omnibook.time_rules.RuleCode`. Grid,
        online and release are judged only where an opening covers the slot.
    """
    case = _Case(
        slot=slot,
        service=service,
        schedule=schedule,
        clinic=clinic,
        openings=openings,
        state=state,
        now=now,
        on=agenda(clinic, schedule, openings, state, now),
    )
    own = case.own_holds(() if about is None else about.holds)
    return TimeExplanation(
        service_id=service.service_id,
        schedule_id=schedule.schedule_id,
        start=slot.start,
        rules=tuple(case.rules(own, about)),
    )


@frozen(kw_only=True)
class _Case:
    """One question, with all that it is judged by."""

    slot: Slot
    service: Service
    schedule: Schedule
    clinic: Clinic
    openings: Collection[Opening]
    state: ScheduleState
    now: datetime
    on: Agenda

    def own_holds(self, holds: Iterable[Hold]) -> tuple[Hold, ...]:
        """Those of this very slot, while the search lists it for them: until it starts (R28)."""
        if self.slot.start <= self.now:
            return ()
        return tuple(hold for hold in holds if hold.slot == self.slot)

    def obstacles(self, slot: Slot, ignoring: Collection[str] = ()) -> frozenset[Obstacle]:
        judgement = judge(
            slot,
            self.service,
            self.on,
            now=self.now,
            policies=self.clinic.policies,
            ignoring=ignoring,
        )
        return frozenset(judgement.obstacles)

    def rules(self, own: Collection[Hold], about: AboutPatient | None) -> Iterator[TimeRule]:
        ignoring = frozenset(hold.hold_id for hold in own)
        found = self.obstacles(self.slot, ignoring)
        yield from self.when(found)
        yield from self.opened(found)
        yield ClosureRule(met=Obstacle.CLOSED not in found, closures=tuple(self.closures()))
        yield from self.free(found, own)
        if about is not None:
            yield EligibilityRule(met=about.verdict.eligible, verdict=about.verdict)
            yield AlreadyBookedRule(met=not about.already_booked)

    def when(self, found: Collection[Obstacle]) -> Iterator[TimeRule]:
        """Length, start, notice and horizon: what the clock alone decides."""
        policies, now = self.clinic.policies, self.now
        yield LengthRule(
            met=Obstacle.WRONG_LENGTH not in found,
            length=self.slot.end - self.slot.start,
            needed=self.service.duration,
        )
        yield StartRule(met=Obstacle.ALREADY_STARTED not in found, now=now)
        # A start must lie after now, also where no notice is wanted.
        earliest = max(minute_from(now + policies.minimum_notice), to_minute(now) + 1)
        yield NoticeRule(
            met=Obstacle.TOO_SOON not in found,
            notice=policies.minimum_notice,
            earliest=from_minute(earliest),
        )
        latest = minute_from(now + policies.horizon) - 1
        yield HorizonRule(met=Obstacle.BEYOND_HORIZON not in found, latest=from_minute(latest))

    def opened(self, found: Collection[Obstacle]) -> Iterator[TimeRule]:
        """The opening, and what is asked of one that covers the time."""
        first, last = to_minute(self.slot.start), to_minute(self.slot.end)
        day = _days_of(self.slot, self.clinic.zone)
        around = tuple(self.on.occurrences.overlapping(to_minute(day.start), to_minute(day.end)))
        serving = [each for each in around if self.serves(each.activities)]
        covering = [each for each in serving if each.first <= first and last <= each.last]
        yield OpeningRule(
            met=Obstacle.NO_OPENING not in found,
            covering=tuple(map(_told, covering)),
            near=tuple(_told(each) for each in serving if each not in covering),
            others=tuple(
                _told(each)
                for each in around
                if each.first < last and first < each.last and not self.serves(each.activities)
            ),
            served=bool(serving) or any(self.serves(each.activities) for each in self.openings),
        )
        if covering:
            before, after = self.nearest(covering, day)
            yield GridRule(met=Obstacle.OFF_GRID not in found, before=before, after=after)
            yield OnlineRule(met=Obstacle.NOT_ONLINE not in found)
            yield self.release(covering, met=Obstacle.NOT_RELEASED not in found)

    def serves(self, activities: Collection[str]) -> bool:
        return any(each in activities for each in self.service.activities)

    def nearest(
        self, covering: Iterable[Occurrence], day: Span
    ) -> tuple[datetime | None, datetime | None]:
        """The offered starts of these openings, that day, next before and next after the slot's."""
        duration, here = self.service.duration, to_minute(self.slot.start)
        earliest, latest = to_minute(day.start), to_minute(day.end)
        starts = set[int]()
        for each in covering:
            skipped = max(0, -((each.first - earliest) // each.interval))
            until = min(each.last - duration // MINUTE + 1, latest)
            starts.update(range(each.first + skipped * each.interval, until, each.interval))

        def first_offered(minutes: Iterable[int]) -> datetime | None:
            for minute in minutes:
                start = from_minute(minute)
                wanted = Slot(
                    self.service.service_id, self.schedule.schedule_id, start, start + duration
                )
                if not self.obstacles(wanted):
                    return start
            return None

        return (
            first_offered(sorted((each for each in starts if each < here), reverse=True)),
            first_offered(sorted(each for each in starts if each > here)),
        )

    def release(self, covering: Collection[Occurrence], *, met: bool) -> ReleaseRule:
        """From when the slot is shown online: by those that could offer it, or else by any."""
        first = to_minute(self.slot.start)
        able = [
            each for each in covering if each.online and (first - each.first) % each.interval == 0
        ]
        times = [each.released for each in able or covering]
        told = [each for each in times if each is not None and (met or to_minute(self.now) < each)]
        if met and None in times:
            return ReleaseRule(met=met, released=None)
        return ReleaseRule(met=met, released=from_minute(min(told)))

    def closures(self) -> Iterator[ClosedTime]:
        """The closures that touch the slot."""
        zone = self.clinic.zone
        placed = [
            (ClosedBy.CLINIC, zone, self.clinic.closures),
            (ClosedBy.SCHEDULE, self.schedule.zone or zone, self.schedule.closures),
        ]
        for by, where, closures in placed:
            for closure in closures:
                for stretch in placed_closures((closure,), where):
                    span = _span_of(stretch)
                    if span.overlaps(self.slot.span):
                        yield ClosedTime(by=by, span=span, label=closure.label)
        for made in self.state.closures:
            if made.span.overlaps(self.slot.span):
                yield ClosedTime(by=ClosedBy.DESK, span=made.span, closure_id=made.closure_id)

    def free(self, found: Collection[Obstacle], own: Collection[Hold]) -> Iterator[TimeRule]:
        """Busy times, holds and appointments."""
        claimed = claimed_span(self.slot, self.service)
        before, after = self.service.buffer_before, self.service.buffer_after
        mine = {hold.hold_id for hold in own}

        def in_the_way(spans: Iterable[tuple[Span, datetime | None]]) -> tuple[TakenTime, ...]:
            return tuple(
                TakenTime(span=span, collision=self.collision(span), until=until)
                for span, until in spans
                if span.overlaps(claimed)
            )

        def claims(kind: ClaimKind) -> Iterator[tuple[Span, datetime | None]]:
            for each in self.state.claims:
                if each.kind is kind and each.is_live(self.now) and each.owner not in mine:
                    yield each.span, each.expires_at

        busy = sorted(outward(each.span.start, each.span.end) for each in self.state.busy)
        yield BusyRule(
            met=Obstacle.BUSY not in found,
            taken=in_the_way((span, None) for span in busy),
            needed_before=before,
            needed_after=after,
        )
        yield HoldRule(
            met=Obstacle.HELD not in found,
            taken=in_the_way(claims(ClaimKind.HOLD)),
            needed_before=before,
            needed_after=after,
            own_until=max((hold.expires_at for hold in own), default=None),
        )
        yield AppointmentRule(
            met=Obstacle.BOOKED not in found,
            taken=in_the_way(claims(ClaimKind.APPOINTMENT)),
            needed_before=before,
            needed_after=after,
        )

    def collision(self, span: Span) -> Collision:
        if span.end <= self.slot.start:
            return Collision.BEFORE
        if self.slot.end <= span.start:
            return Collision.AFTER
        return Collision.TIME


def _span_of(stretch: Stretch) -> Span:
    return Span(from_minute(stretch.first), from_minute(stretch.last))


def _told(occurrence: Occurrence) -> OpeningTime:
    return OpeningTime(
        span=_span_of(occurrence),
        interval=occurrence.interval * MINUTE,
        activities=tuple(sorted(occurrence.activities)),
        online=occurrence.online,
        released=None if occurrence.released is None else from_minute(occurrence.released),
    )
