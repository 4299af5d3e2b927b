"""The starts of a schedule's days, worked out once and kept from search to search.

What stands on a day is put together as bits (:mod:`omnibook.daybits`): the grids of the openings
that serve a service, less every start whose time, buffers included, meets a claim or a closure
(R27). Holds are not in it, nor what depends on the visitor; a search looks at those by itself.

What was worked out stands while the schedule's version, and that of its openings, are the same
(:mod:`omnibook.outlook`), and, where an opening is not shown yet, until it is. So a process that
lives long reads a day again only when something changed on its schedule; what it keeps is bounded.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from attrs import frozen

from omnibook.clinic import Clinic, Opening, Schedule, Service
from omnibook.daybits import DAY_MINUTES, bits_of
from omnibook.ids import ActivityId, ScheduleId, ServiceId
from omnibook.outlook import ScheduleDays
from omnibook.times import MINUTE, line_of, minute_from, to_minute, touched
from omnibook.timetable import (
    ALWAYS,
    NEVER,
    Occurrence,
    Starts,
    Timetable,
    bits_on,
    less_met,
    placed_closures,
    starts_on_grids,
)

MOST_DAYS = 100_000
"""How many days with starts are kept, over all schedules and services, when a search begins; about
35 MB. One search may go beyond it."""
_NEAR = 21
"""When there are more, those of the next days are kept: most visitors ask for them."""
_OLDEST = 7
"""After so many days all is forgotten: so days that have passed do not gather."""


@frozen(cache_hash=True)
class Shape:
    """What a search needs to know of a service: two services of one shape share what is kept."""

    minutes: int
    before: int
    after: int
    activities: frozenset[ActivityId]

    @classmethod
    def of(cls, service: Service) -> "Shape":
        """The shape of a service, in whole minutes."""
        return cls(
            service.duration // MINUTE,
            service.buffer_before // MINUTE,
            service.buffer_after // MINUTE,
            frozenset(service.activities),
        )

    @property
    def days_before(self) -> int:
        """How many UTC days before a start's day its claim can reach."""
        return -(-self.before // DAY_MINUTES)

    @property
    def days_after(self) -> int:
        """How many UTC days after a start's day its claim can reach."""
        return (DAY_MINUTES + self.minutes + self.after - 2) // DAY_MINUTES


class _Empty(NamedTuple):
    """Days without a start, a bit each, counted from the first day that is kept.

    ``waiting`` has those again on which an opening is not shown yet, by the minute at which it is:
    they are known until then, and all of them from ``since`` on.
    """

    days: int = 0
    since: int = ALWAYS
    until: int = NEVER
    waiting: Mapping[int, int] = MappingProxyType({})

    def joined(self, other: "_Empty") -> "_Empty":
        """These and the other ones."""
        waiting = dict(self.waiting)
        for until, days in other.waiting.items():
            waiting[until] = waiting.get(until, 0) | days
        return _Empty(
            self.days | other.days,
            max(self.since, other.since),
            min(self.until, other.until),
            waiting,
        )

    def at(self, now: int) -> "_Empty":
        """Those that are still known at a minute ``now``."""
        if now < self.since:
            # The clock was set back, to before something was shown.
            return _Empty()
        days, waiting = self.days, dict[int, int]()
        for until, shown in self.waiting.items():
            if until <= now:
                days &= ~shown
            else:
                waiting[until] = shown
        return _Empty(days, self.since, min(waiting, default=NEVER), waiting)


class StartsByDay:
    """The starts of one shape on one schedule, for the days that were worked out."""

    __slots__ = ("_empty", "starts")

    def __init__(self) -> None:
        self.starts: dict[int, Starts] = {}
        # Changed as a whole: what one of two threads loses is worked out again.
        self._empty = _Empty()

    def empty(self, now: int) -> int:
        """The days, counted from the first that is kept, known to have no start at ``now``."""
        empty = self._empty
        if not empty.since <= now < empty.until:
            self._empty = empty = empty.at(now)
        return empty.days

    def put(self, first_day: int, found: Mapping[int, Starts]) -> int:
        """Keep the starts of these days; how many with starts there are more than before."""
        before, days, since, waiting = len(self.starts), 0, ALWAYS, dict[int, int]()
        for day, starts in found.items():
            bits, from_then, until = starts
            if bits:
                self.starts[day] = starts
                continue
            place = 1 << (day - first_day)
            days |= place
            since = max(since, from_then)
            if until != NEVER:
                waiting[until] = waiting.get(until, 0) | place
        if days:
            made = _Empty(days, since, min(waiting, default=NEVER), waiting)
            self._empty = self._empty.joined(made)
        return len(self.starts) - before

    def replaced(self, first_day: int, days: range, found: Mapping[int, Starts]) -> "StartsByDay":
        """A copy that knows of these days only what was found of them."""
        copy = StartsByDay()
        others = ~bits_of(max(days.start - first_day, 0), days.stop - first_day)
        copy._empty = self._empty._replace(days=self._empty.days & others)
        copy.starts = {day: starts for day, starts in self.starts.copy().items() if day not in days}
        copy.put(first_day, found)
        return copy

    def forget_after(self, last: int) -> None:
        """Forget the starts of the days after ``last``."""
        kept = self.starts.copy()
        self.starts = {day: starts for day, starts in kept.items() if day <= last}


class KeptSchedule:
    """What is kept of one schedule at one version of it and of its openings."""

    __slots__ = ("opened_until", "opening_version", "shapes", "timetable", "version")

    def __init__(self, told: ScheduleDays, opening_version: str, timetable: Timetable) -> None:
        self.version = told.version
        self.opening_version = opening_version
        self.timetable = timetable
        until = told.opened_until
        self.opened_until = ALWAYS if until is None else minute_from(until)
        self.shapes: dict[Shape, StartsByDay] = {}

    def of_shape(self, shape: Shape) -> StartsByDay:
        """The starts of a shape; none of them worked out yet, if it is new."""
        found = self.shapes.get(shape)
        # Two threads may both make one: the first counts.
        return self.shapes.setdefault(shape, StartsByDay()) if found is None else found

    @property
    def days(self) -> int:
        """How many days with starts are kept, over all shapes."""
        return sum(len(each.starts) for each in tuple(self.shapes.values()))

    def forget_after(self, last: int) -> None:
        """Forget the starts of the days after ``last``."""
        for each in tuple(self.shapes.values()):
            each.forget_after(last)


class KeptDays:
    """What a process keeps of one clinic's days, from ``first_day`` on; shared by its threads.

    Whatever two threads work out at once comes out the same; what one of them loses of it is worked
    out again.
    """

    def __init__(self, clinic: Clinic, first_day: int) -> None:
        self.clinic = clinic
        self.first_day = first_day
        self.days = 0
        self._schedules: dict[ScheduleId, KeptSchedule] = {}
        self._shapes: dict[ServiceId, tuple[Service, Shape]] = {}
        self._closed = line_of(placed_closures(clinic.closures, clinic.zone))

    def shape(self, service: Service) -> Shape:
        """The shape of a service."""
        known, shape = self._shapes.get(service.service_id, (None, None))
        if shape is None or known is not service:
            shape = Shape.of(service)
            self._shapes[service.service_id] = service, shape
        return shape

    def schedule(self, schedule_id: ScheduleId) -> KeptSchedule | None:
        """What is kept of a schedule."""
        return self._schedules.get(schedule_id)

    def timetable(self, schedule: Schedule, openings: Sequence[Opening]) -> Timetable:
        """A new timetable of a schedule's openings and closures."""
        zone = schedule.zone or self.clinic.zone
        own = line_of(placed_closures(schedule.closures, zone))
        return Timetable(openings, (self._closed, own), zone)

    def keep(self, told: ScheduleDays, opening_version: str, timetable: Timetable) -> KeptSchedule:
        """What is kept of a schedule from now on; nothing yet, if something is another version."""
        known = self._schedules.get(told.schedule_id)
        versions = told.version, opening_version
        if known is None or (known.version, known.opening_version) != versions:
            self.days -= 0 if known is None else known.days
            known = KeptSchedule(told, opening_version, timetable)
            self._schedules[told.schedule_id] = known
        return known

    def work_out(
        self, known: KeptSchedule, shape: Shape, told: ScheduleDays, *, days: range, now: int
    ) -> StartsByDay:
        """Work out the starts of a shape on some UTC days, at a minute ``now``, and keep them.

        ``told`` must cover these, and as many days around them as the shape reaches to.
        """
        kept = known.of_shape(shape)
        found = starts_of(known.timetable, shape, told, days=days, now=now)
        self.days += kept.put(self.first_day, found)
        return kept

    def forget_after(self, last: int) -> None:
        """Forget the starts of the days after ``last``; that others have none is still known."""
        schedules = tuple(self._schedules.values())
        for each in schedules:
            each.forget_after(last)
        self.days = sum(each.days for each in schedules)


def starts_of(
    timetable: Timetable, shape: Shape, told: ScheduleDays, *, days: range, now: int
) -> dict[int, Starts]:
    """The starts of a shape on some UTC days, which ``told`` covers as far as the shape reaches."""
    claimed = shape.before + shape.minutes + shape.after
    standing = _Standing.of(told)
    taken = told.booked_on if standing is None else standing.taken
    found: dict[int, Starts] = {}
    for day in days:
        if standing is None:
            starts = timetable.starts(shape.minutes, shape.activities, day=day, now=now)
        else:
            starts = standing.starts(timetable, shape, day=day, now=now)
        bits, since, until = starts
        if bits:
            starts = less_met(bits, taken, day, claimed, shape.before), since, until
        found[day] = starts
    return found


class DayKeeper:
    """Where a process keeps a clinic's days, and forgets them when they are many or old."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self._kept: KeptDays | None = None

    def kept(self, today: int) -> KeptDays:
        """What is kept, for a search that begins on this UTC day: it may start with nothing."""
        kept = self._kept
        if kept is not None and kept.days > MOST_DAYS:
            kept.forget_after(today + _NEAR)
        if kept is None or not 0 <= today - kept.first_day <= _OLDEST or kept.days > MOST_DAYS:
            self._kept = kept = KeptDays(self._clinic, today)
        return kept


class _Standing:
    """What stands on a schedule's days besides appointments: rare, and looked at only if there."""

    def __init__(self, told: ScheduleDays) -> None:
        self._booked = told.booked
        self._busy = line_of(touched(each.span) for each in told.busy)
        self._closures = line_of(touched(each.span) for each in told.closures)
        self._openings = [
            Occurrence(
                first=minute_from(each.span.start),
                last=to_minute(each.span.end),
                interval=each.interval // MINUTE,
                activities=frozenset(each.activities),
            )
            for each in told.openings
        ]

    @classmethod
    def of(cls, told: ScheduleDays) -> "_Standing | None":
        return cls(told) if told.busy or told.closures or told.openings else None

    def taken(self, day: int) -> int:
        """The bits of a day that are booked or busy."""
        return self._booked.get(day, 0) | bits_on(day, self._busy)

    def starts(self, timetable: Timetable, shape: Shape, *, day: int, now: int) -> Starts:
        """The timetable's starts, with those of the desk's openings, less the desk's closures."""
        minutes, activities = shape.minutes, shape.activities
        bits, since, until = timetable.starts(minutes, activities, day=day, now=now)
        more, _, _ = starts_on_grids(self._openings, minutes, activities, day=day, now=now)
        bits |= less_met(more, timetable.closed, day, minutes)
        return less_met(bits, self._closed, day, minutes), since, until

    def _closed(self, day: int) -> int:
        return bits_on(day, self._closures)
