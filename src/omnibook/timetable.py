"""Openings on the time line: what is open, and what is closed, in integer minutes of UTC (R30).

Openings and closures are wall-clock rules. Each occurrence is placed on the time line once; from
then on a night on which clocks change is no special case: an opening has an hour more, or less.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from attrs import frozen

from omnibook.clinic import Closure, Opening
from omnibook.daybits import DAY_MINUTES, bits_of
from omnibook.ids import ActivityId
from omnibook.times import (
    MINUTE,
    ONE_DAY,
    Line,
    Span,
    Stretch,
    minute_from,
    place,
    to_minute,
    touched,
    wall_stretches,
)

AnyT = TypeVar("AnyT")

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@frozen
class Occurrence(Stretch):
    """One stretch of an opening on the time line."""

    interval: int
    activities: frozenset[ActivityId]
    online: bool = True
    released: int | None = None
    """The minute from which it is shown online; ``None`` is always (R27)."""


def occurrences(
    openings: Iterable[Opening], zone: ZoneInfo, first: date, last: date
) -> Iterator[Occurrence]:
    """The occurrences of openings on the local dates ``first`` to ``last``, both included (R30).

    One whose end is not after its start, as a short opening on the night of the change can be, is
    left out. Of a minute that begins or ends within it, nothing is open.
    """
    for opening in openings:
        recurrence = opening.recurrence
        dates = recurrence.dates(first, last) if first < last else (first,)
        for day in dates:
            if first == last and day not in recurrence:
                continue
            start = _first_minute(day, opening.start, zone)
            last_day = day + ONE_DAY if opening.ends_next_day else day
            end = _last_minute(last_day, opening.end, zone)
            if end <= start:
                continue
            release, released = opening.release, None
            if release is not None:
                shown = day - timedelta(days=release.days_before)
                released = _first_minute(shown, release.at, zone)
            yield Occurrence(
                first=start,
                last=end,
                interval=opening.interval // MINUTE,
                activities=opening.activities,
                online=opening.online,
                released=released,
            )


def _first_minute(day: date, wall: time, zone: ZoneInfo) -> int:
    """The first whole minute that is not before a wall time."""
    even = _even_midnight(day.toordinal(), zone)
    if even is None or wall.second or wall.microsecond:
        return minute_from(place(datetime.combine(day, wall), zone))
    return even + wall.hour * 60 + wall.minute


def _last_minute(day: date, wall: time, zone: ZoneInfo) -> int:
    """The last whole minute that is not after a wall time."""
    even = _even_midnight(day.toordinal(), zone)
    if even is None:
        return to_minute(place(datetime.combine(day, wall), zone))
    return even + wall.hour * 60 + wall.minute


@lru_cache(maxsize=4096)
def _even_midnight(ordinal: int, zone: ZoneInfo) -> int | None:
    """The minute at which a local date begins; nothing if the clock changes before the next one.

    Nothing either for a clock that is some seconds off the whole minute, as all were once.
    """
    midnight = datetime.fromordinal(ordinal)
    offset = zone.utcoffset(midnight)
    if offset is None or offset % MINUTE or offset != zone.utcoffset(midnight + ONE_DAY):
        return None
    return (ordinal - _EPOCH_ORDINAL) * DAY_MINUTES - offset // MINUTE


def placed_closures(closures: Iterable[Closure], zone: ZoneInfo) -> Iterator[Stretch]:
    """Every minute that closures touch, in a zone (R27, R30)."""
    for closure in closures:
        start, end = place(closure.start, zone), place(closure.end, zone)
        # Like an occurrence: one that begins in the hour that the clock skips can be empty.
        if start < end:
            yield touched(Span(start, end))


Starts: TypeAlias = tuple[int, int, int]
"""The starts of a UTC day, as bits (:mod:`omnibook.daybits`), with the minutes from and until which
this answer stands: an opening may not be shown yet (R27)."""
ALWAYS, NEVER = -(2**63), 2**63


def starts_on_grids(
    openings: Iterable[Occurrence],
    minutes: int,
    activities: frozenset[ActivityId],
    *,
    day: int,
    now: int,
) -> Starts:
    """The starts of a UTC day on the grids of openings that serve one of the activities.

    So many ``minutes`` from each start lie within its opening, which is online, and released at the
    minute ``now`` (R27).
    """
    midnight, starts = day * DAY_MINUTES, 0
    since, until = ALWAYS, NEVER
    for each in openings:
        if not each.online or each.activities.isdisjoint(activities):
            continue
        skipped = max(0, -((each.first - midnight) // each.interval))
        first = each.first + skipped * each.interval
        last = min(each.last - minutes, midnight + DAY_MINUTES - 1)
        if last < first:
            continue
        if each.released is not None:
            if now < each.released:
                until = min(until, each.released)
                continue
            since = max(since, each.released)
        count = (last - first) // each.interval + 1
        starts |= _comb(each.interval, count) << (first - midnight)
    return starts, since, until


@lru_cache(maxsize=4096)
def _comb(interval: int, count: int) -> int:
    """So many bits, one every ``interval``, from the lowest."""
    return ((1 << interval * count) - 1) // ((1 << interval) - 1)


_DATES, _DAYS = 16, 8
"""For how many dates, and for how many days of one kind of service, what was expanded is kept: a
search goes from day to day, and most end after a few."""


def _make_room(kept: dict[int, AnyT], most: int) -> None:
    if len(kept) >= most:
        kept.clear()


class Timetable:
    """One schedule's recurring openings, less its closures, expanded once for each date.

    It belongs to one version of the openings, and may be kept and shared between threads: what two
    of them expand at once comes out the same.
    """

    def __init__(
        self, openings: Sequence[Opening], closed: Sequence[Line[Stretch]], zone: ZoneInfo
    ) -> None:
        self._zone = zone
        self._closed = closed
        # An EMR may have nothing but single openings: they are found by their date.
        self._single: dict[date, list[Opening]] = {}
        self._recurring: list[Opening] = []
        for each in openings:
            dates = each.recurrence
            if dates.first is not None and dates.first == dates.last and not dates.additions:
                self._single.setdefault(dates.first, []).append(each)
            else:
                self._recurring.append(each)
        self._dates: dict[int, tuple[Occurrence, ...]] = {}
        self._starts: dict[tuple[int, frozenset[ActivityId]], dict[int, Starts]] = {}

    def starts(
        self, minutes: int, activities: frozenset[ActivityId], *, day: int, now: int
    ) -> Starts:
        """The starts of a UTC day at a minute ``now``, if nothing were taken."""
        by_day = self._starts.get((minutes, activities))
        if by_day is None:
            by_day = self._starts.setdefault((minutes, activities), {})
        found = by_day.get(day)
        if found is None or not found[1] <= now < found[2]:
            bits, since, until = starts_on_grids(
                self._on(day), minutes, activities, day=day, now=now
            )
            if bits:
                bits = less_met(bits, self.closed, day, minutes)
            _make_room(by_day, _DAYS)
            found = by_day[day] = (bits, since, until)
        return found

    def closed(self, day: int) -> int:
        """The bits of a UTC day that are closed."""
        bits = 0
        for line in self._closed:
            bits |= bits_on(day, line)
        return bits

    def _on(self, day: int) -> Iterator[Occurrence]:
        """The occurrences that have a minute of a UTC day."""
        midnight = day * DAY_MINUTES
        readings = wall_stretches(day, self._zone)
        # An opening may run into the next day, and a clock change around midnight carries a bound
        # over it: so two dates before, and one after, can reach into the day.
        for number in range(readings[0].first_date - 2, readings[-1].last_date + 2):
            for each in self._of_date(number):
                if each.first < midnight + DAY_MINUTES and midnight < each.last:
                    yield each

    def _of_date(self, number: int) -> tuple[Occurrence, ...]:
        found = self._dates.get(number)
        if found is None:
            day = date.fromordinal(number + _EPOCH_ORDINAL)
            openings = (*self._recurring, *self._single.get(day, ()))
            found = tuple(occurrences(openings, self._zone, day, day))
            _make_room(self._dates, _DATES)
            self._dates[number] = found
        return found


def less_met(
    starts: int, taken: Callable[[int], int], day: int, minutes: int, before: int = 0
) -> int:
    """The starts of a day less those that meet something taken.

    A start claims from ``before`` minutes earlier on, ``minutes`` in all; ``taken`` tells the bits
    of a day, and is asked only for those that a start can reach.
    """
    bits = taken(day) << before
    last, ahead = starts.bit_length() - before + minutes - 1, 1
    while last > ahead * DAY_MINUTES:
        bits |= taken(day + ahead) << ahead * DAY_MINUTES + before
        ahead += 1
    for back in range(1, -(-before // DAY_MINUTES) + 1):
        shift = before - back * DAY_MINUTES
        bits |= taken(day - back) << shift if shift >= 0 else taken(day - back) >> -shift
    if not bits:
        return starts
    covered = 1
    while covered * 2 <= minutes:
        bits |= bits >> covered
        covered *= 2
    return starts & ~(bits | bits >> (minutes - covered))


def bits_on(day: int, line: Line[Stretch]) -> int:
    """The bits of a UTC day that some stretch of a line has."""
    midnight, found = day * DAY_MINUTES, 0
    for each in line.overlapping(midnight, midnight + DAY_MINUTES):
        found |= bits_of(max(each.first - midnight, 0), min(each.last - midnight, DAY_MINUTES))
    return found
