"""Instants, spans and wall clocks.

Four meanings, kept apart:

* an **instant** is an aware :class:`~datetime.datetime`, in UTC wherever this library keeps one;
* a **span** is a half-open stretch between two instants: the start is in it, the end is not;
* a **wall time** is naive: what the clinic's wall clock shows. It means nothing without a zone;
* a **stretch** is a span in whole minutes of UTC, as integers: what searching is done with.

Elapsed durations are added to instants only, never to wall times: on the two nights a year when
clocks change, "an hour later" and "the next hour on the clock" are different things (R30).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from attrs import field, frozen

from omnibook.errors import InvalidValue

MINUTE = timedelta(minutes=1)
ONE_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MINUTE = datetime.max.replace(second=0, microsecond=0, tzinfo=UTC)


def as_instant(moment: datetime) -> datetime:
    """The same instant in UTC.

    Raises :class:`InvalidValue` for anything but an aware datetime, and for one that lies outside
    the years 1 to 9999 in UTC.
    """
    if not isinstance(moment, datetime):
        raise InvalidValue(f"an instant must be a datetime, not {type(moment).__name__}")
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise InvalidValue("an instant needs a time zone; give an aware datetime")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidValue("an instant lies in the years 1 to 9999 of UTC") from None


def as_whole_minute(moment: datetime) -> datetime:
    """The same instant in UTC, which must fall on a whole minute (R30: claims do)."""
    instant = as_instant(moment)
    if instant.second or instant.microsecond:
        raise InvalidValue("a claim starts and ends on whole UTC minutes; drop the seconds")
    return instant


def is_interval(stretch: timedelta) -> bool:
    """Whether starts can lie so far apart: whole minutes, from 1 to 1440 (R27)."""
    return MINUTE <= stretch <= ONE_DAY and not stretch % MINUTE


@frozen(order=True)
class Span:
    """A half-open stretch of time, ``start <= t < end``, both in UTC.

    Raises :class:`InvalidValue` when a bound is naive or the end is not after the start.
    """

    start: datetime = field(converter=as_instant)
    end: datetime = field(converter=as_instant)

    def __attrs_post_init__(self) -> None:
        if self.end <= self.start:
            raise InvalidValue("a span must end after it starts")

    def overlaps(self, other: "Span") -> bool:
        """Whether some instant lies in both; spans that only touch do not overlap."""
        return self.start < other.end and other.start < self.end

    def covers(self, other: "Span") -> bool:
        """Whether the whole of ``other`` lies in this span."""
        return self.start <= other.start and other.end <= self.end

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def widened(self, before: timedelta, after: timedelta) -> "Span":
        """The span from ``before`` earlier to ``after`` later."""
        return Span(self.start - before, self.end + after)


def outward(start: datetime, end: datetime) -> Span:
    """The smallest span of whole UTC minutes around ``start``–``end`` (R30: for ``Busy``).

    Raises :class:`InvalidValue` when it would end after the last minute that a datetime can have.
    """
    first, last = as_instant(start), as_instant(end)
    floor = first.replace(second=0, microsecond=0)
    ceiling = last.replace(second=0, microsecond=0)
    if ceiling < last:
        if ceiling == _LAST_MINUTE:
            raise InvalidValue("a stretch of time ends by 9999-12-31T23:59Z at the latest")
        ceiling += MINUTE
    return Span(floor, ceiling)


def place(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which a wall clock in ``zone`` shows ``wall`` (a naive datetime).

    RFC 5545 §3.3.5 (September 2009), which R30 adopts: a repeated wall time means its first
    occurrence; one that the clock skips is read with the offset in force before the gap, so that
    02:30 on the night of the change opens at what the clock then calls 03:30.
    """
    if wall.tzinfo is not None:
        raise InvalidValue("a wall time is naive; its zone is given beside it")
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall_clock(instant: datetime, zone: ZoneInfo) -> datetime:
    """What a wall clock in ``zone`` shows at ``instant``, as an aware datetime of that zone."""
    return as_instant(instant).astimezone(zone)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar date of ``instant`` in ``zone``."""
    return wall_clock(instant, zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a calendar day in ``zone``."""
    return place(datetime.combine(day, time()), zone)


def days(first: date, last: date) -> Iterator[date]:
    """Every date from ``first`` to ``last``, both included."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def to_minute(instant: datetime) -> int:
    """Whole UTC minutes since 1970-01-01T00:00Z, rounded down."""
    return (as_instant(instant) - _EPOCH) // MINUTE


def from_minute(minute: int) -> datetime:
    """The instant of a whole UTC minute; the inverse of :func:`to_minute`."""
    return _EPOCH + minute * MINUTE


def minute_from(instant: datetime) -> int:
    """The first whole minute, as :func:`to_minute` counts, that is not before the instant."""
    minute = to_minute(instant)
    return minute if from_minute(minute) == instant else minute + 1


@frozen
class WallStretch:
    """A part of a UTC day in which a zone's clock runs evenly."""

    first: int
    last: int
    """Its minutes of the UTC day, counted from 0; ``last`` is out."""
    ahead: int
    """By how many seconds the clock is ahead of UTC."""
    first_date: int
    last_date: int
    """The local dates of its first and its last minute, in days since 1970-01-01."""


@lru_cache(maxsize=4096)
def wall_stretches(day: int, zone: ZoneInfo) -> tuple[WallStretch, ...]:
    """The even parts of a UTC day, counted in days since 1970-01-01: one, if no clock changes."""
    midnight = day * 1440

    def ahead(minute: int) -> int:
        offset = datetime.fromtimestamp((midnight + minute) * 60, zone).utcoffset()
        return (offset or timedelta()) // timedelta(seconds=1)

    def even(first: int, last: int) -> Iterator[tuple[int, int]]:
        """The stretches from one minute to another, the last included, before they are joined."""
        if last - first > 1 and ahead(first) != ahead(last):
            middle = (first + last) // 2
            yield from even(first, middle)
            yield from even(middle, last)
        else:
            yield first, last

    bounds = [0, *(last for first, last in even(0, 1439) if ahead(first) != ahead(last)), 1440]
    return tuple(
        WallStretch(
            first=first,
            last=last,
            ahead=ahead(first),
            first_date=((midnight + first) * 60 + ahead(first)) // 86400,
            last_date=((midnight + last - 1) * 60 + ahead(first)) // 86400,
        )
        for first, last in pairwise(bounds)
    )


@frozen
class Stretch:
    """A stretch of the time line, from minute ``first`` until minute ``last``, which is out."""

    first: int
    last: int


def touched(span: Span) -> Stretch:
    """Every whole minute of which a span has some instant (R30: for what blocks)."""
    whole = outward(span.start, span.end)
    return Stretch(to_minute(whole.start), to_minute(whole.end))


StretchT = TypeVar("StretchT", bound=Stretch)


@frozen
class Line(Generic[StretchT]):
    """Stretches sorted by start; they may overlap one another. Made by :func:`line_of`."""

    stretches: tuple[StretchT, ...]
    _firsts: tuple[int, ...] = field(repr=False)
    _reaches: tuple[int, ...] = field(repr=False)
    """The latest end of each stretch and those before it: sorted, whatever they overlap."""

    def overlapping(self, first: int, last: int) -> Iterator[StretchT]:
        """Those that have a minute in common with ``first`` until ``last``, by start."""
        near = slice(bisect_right(self._reaches, first), bisect_left(self._firsts, last))
        return (each for each in self.stretches[near] if first < each.last)


def line_of(stretches: Iterable[StretchT]) -> Line[StretchT]:
    """The line of these stretches, given in any order."""
    ranked = tuple(sorted(stretches, key=lambda each: (each.first, each.last)))
    return Line(
        ranked,
        tuple(each.first for each in ranked),
        tuple(accumulate((each.last for each in ranked), max)),
    )
