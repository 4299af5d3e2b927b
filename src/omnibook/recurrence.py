"""On which dates an opening occurs (R30, after RFC 5545, September 2009).

A **pattern** comes first: weekly on some days, or a rule (an RRULE, see
:mod:`omnibook.recurrence_rule`). To its dates, additional ones are joined (RDATE); from all of
these, exceptions are taken out (EXDATE), additional ones too, as the RFC says in §3.8.5.1.

The RFC leaves open what a first date (DTSTART) means that its rule does not fall on. Here it is a
bound, as it is of a weekly pattern: such a date is none of the recurrence, and COUNT begins with
the first date on which the rule does fall. What a rule leaves out is taken from the first date:
``FREQ=MONTHLY`` since the 31st is on every 31st, and months without that day are left out.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from heapq import merge

from attrs import field, frozen

from omnibook.errors import InvalidValue
from omnibook.recurrence_rule import FIRST_YEAR, LAST_YEAR, days_of_year, rule_of

EVERY_DAY = frozenset(range(7))


def _rule_text(text: object) -> str | None:
    return None if text is None else rule_of(text).text


@frozen(kw_only=True)
class Recurrence:
    """On which dates an opening occurs: a weekly pattern or a rule, additions, exceptions (R30).

    ``weekdays`` counts Monday as 0. ``first`` and ``last`` bound the pattern, and both count; a
    rule needs ``first``, and may end earlier by itself. ``additions`` occur outside of these bounds
    too. A single date is a recurrence whose ``first`` and ``last`` are that date, on every weekday.

    Raises :class:`~omnibook.errors.InvalidValue` for a rule that cannot be read or has no
    ``first``, for one beside weekdays, and for moments where dates are wanted.
    """

    weekdays: frozenset[int] = EVERY_DAY
    rule: str | None = field(default=None, converter=_rule_text)
    """An RRULE, such as ``FREQ=MONTHLY;BYDAY=2TU``; kept in capital letters."""
    first: date | None = None
    last: date | None = None
    additions: frozenset[date] = frozenset()
    exceptions: frozenset[date] = frozenset()

    def __attrs_post_init__(self) -> None:
        if not self.weekdays <= EVERY_DAY:
            raise InvalidValue("weekdays are numbers from 0, Monday, to 6")
        bounds = [each for each in (self.first, self.last) if each is not None]
        # A moment is a date to Python, and would never be equal to one.
        if any(isinstance(each, datetime) for each in (*bounds, *self.additions, *self.exceptions)):
            raise InvalidValue("a recurrence is of dates; the opening has the times")
        if self.rule is None:
            return
        if self.weekdays != EVERY_DAY:
            raise InvalidValue("a rule says its days itself, by BYDAY; leave weekdays out")
        if self.first is None:
            raise InvalidValue("a rule needs the first date (DTSTART)")
        if not FIRST_YEAR <= self.first.year <= LAST_YEAR:
            raise InvalidValue(f"a rule begins in the years {FIRST_YEAR} to {LAST_YEAR}")

    @classmethod
    def once(cls, day: date) -> "Recurrence":
        """The recurrence that occurs on one date only."""
        return cls(first=day, last=day)

    @classmethod
    def from_rrule(
        cls,
        text: str,
        *,
        first: date,
        last: date | None = None,
        additions: Iterable[date] = (),
        exceptions: Iterable[date] = (),
    ) -> "Recurrence":
        """The recurrence of an iCalendar component.

        Args:
            text: the RRULE, such as ``FREQ=MONTHLY;BYDAY=2TU;COUNT=12``; ``RRULE:`` may stand
                before it.
            first: its DTSTART; see the module on what it means where the rule does not fall on it.
            last: another bound, beside COUNT or UNTIL.
            additions: its RDATE.
            exceptions: its EXDATE.

        Raises:
            InvalidValue: the rule cannot be read, or says what dates do not have.
        """
        return cls(
            rule=text,
            first=first,
            last=last,
            additions=frozenset(additions),
            exceptions=frozenset(exceptions),
        )

    def __contains__(self, day: date) -> bool:
        return any(True for _ in self.dates(day, day))

    def dates(self, first: date, last: date) -> Iterator[date]:
        """The dates from ``first`` to ``last``, both included, ascending, each once.

        It costs what lies between the two, however long ago the recurrence began; a rule's years
        are remembered.
        """
        lower = first if self.first is None else max(first, self.first)
        upper = last if self.last is None else min(last, self.last)
        if self.rule is None:
            found = self._weekly(lower, upper)
        else:
            found = self._by_rule(self.rule, lower, upper)
        if self.additions:
            more = sorted(each for each in self.additions if first <= each <= last)
            found = _each_once(merge(found, more))
        return found if not self.exceptions else (d for d in found if d not in self.exceptions)

    def _weekly(self, lower: date, upper: date) -> Iterator[date]:
        for ordinal in range(lower.toordinal(), upper.toordinal() + 1):
            # Ordinal 1 is a Monday.
            if (ordinal - 1) % 7 in self.weekdays:
                yield date.fromordinal(ordinal)

    def _by_rule(self, rule: str, lower: date, upper: date) -> Iterator[date]:
        since = self.first or lower
        for year in range(lower.year, upper.year + 1):
            january = date(year, 1, 1).toordinal()
            bits = days_of_year(rule, since, year)
            if year == upper.year:
                bits &= (1 << (upper.toordinal() - january + 1)) - 1
            if year == lower.year:
                before = lower.toordinal() - january
                bits = bits >> before << before
            while bits:
                lowest = bits & -bits
                bits ^= lowest
                yield date.fromordinal(january + lowest.bit_length() - 1)


def _each_once(ascending: Iterable[date]) -> Iterator[date]:
    before = None
    for each in ascending:
        if each != before:
            yield each
        before = each
