"""What a search is for: who looks for what, within which minutes, past which appointment (R24–R28).

One thing stands in nobody's way who moves an appointment: the appointment itself (R47).
:class:`Leaving` works out the starts of its schedule's days as they would be without it. They are
of one search only, and are never kept for others.
"""

from collections.abc import Callable, Collection
from datetime import date, datetime, time

from attrs import evolve, field, frozen

from omnibook.booked_days import minutes_of
from omnibook.clinic import Clinic, DayPart, Service
from omnibook.daybits import DAY_MINUTES, day_of
from omnibook.ids import PatientId, VisitId
from omnibook.kept_days import Shape, starts_of
from omnibook.outlook import ScheduleDays
from omnibook.preference import Filter
from omnibook.records import Slot, SlotRank
from omnibook.times import (
    MINUTE,
    ONE_DAY,
    Span,
    from_minute,
    local_date,
    minute_from,
    start_of_day,
    to_minute,
)
from omnibook.timetable import Starts, Timetable


@frozen(kw_only=True)
class Leaving:
    """The time that an appointment has, and gives up if it is moved: a search looks past it (R47).

    Only the claim itself is looked past: a busy time or a closure under it stays where it is. The
    slot is not listed, since moving there changes nothing.
    """

    slot: Slot
    claimed: Span

    def days(self, shape: Shape) -> range:
        """The UTC days with starts of which it is in the way."""
        first = to_minute(self.claimed.start) - shape.minutes - shape.after + 1
        last = to_minute(self.claimed.end) + shape.before - 1
        return range(day_of(first), day_of(last) + 1)

    def starts(
        self, timetable: Timetable, shape: Shape, told: ScheduleDays, *, days: range, now: int
    ) -> dict[int, Starts]:
        """The starts on those of its days that are among ``days``, as they are without it."""
        booked, mine = dict(told.booked), self.days(shape)
        for day, claimed in minutes_of(self.claimed):
            booked[day] = booked.get(day, 0) & ~claimed
        both = range(max(days.start, mine.start), min(days.stop, mine.stop))
        found = starts_of(timetable, shape, evolve(told, booked=booked), days=both, now=now)
        minute = to_minute(self.slot.start)
        own = found.get(day_of(minute))
        if own is not None and self.slot.end == self.slot.start + shape.minutes * MINUTE:
            bits, since, until = own
            found[day_of(minute)] = bits & ~(1 << minute % DAY_MINUTES), since, until
        return found


@frozen(kw_only=True)
class Wish:
    """What a visitor looks for, and who it is."""

    service: Service
    chosen: Filter
    visit_id: VisitId | None = None
    """Nothing where an appointment is to be moved, by its link: every hold is then another's."""
    patient_ids: frozenset[PatientId] = field(default=frozenset(), repr=False)
    """The identified visitor's file, by every identifier (R28)."""
    eligible: Callable[[date], bool]
    """Whether the visitor may come on a local date (R22)."""
    after: SlotRank | None = None
    """The rank of the last slot that was shown (R26)."""
    leaving: Leaving | None = None


@frozen(kw_only=True)
class Limits:
    """When a start can be, in minutes, and on which UTC days to look."""

    now: int
    earliest: int
    latest: int
    """The first minute that is beyond the horizon."""
    first_day: int
    last_day: int

    @classmethod
    def of(cls, clinic: Clinic, wish: Wish, now: datetime, own: Collection[int]) -> "Limits":
        """``own`` are the days of what the visitor holds: those are looked at in any case."""
        policies, zone, chosen = clinic.policies, clinic.zone, wish.chosen
        this_minute, latest = to_minute(now), minute_from(now + policies.horizon)
        earliest = max(this_minute + 1, minute_from(now + policies.minimum_notice))
        begin = this_minute
        if wish.after is not None:
            begin = max(begin, to_minute(wish.after[0]))
            earliest = max(earliest, begin)
        first_day, last_day = day_of(begin), max(day_of(latest - 1), *own, 0)
        # What is not wanted is found out day by day; whole months are not gone through for that.
        if chosen.first is not None or chosen.last is not None:
            today, furthest = (local_date(from_minute(each), zone) for each in (begin, latest))
            # A date may be the calendar's first or last one, of which no zone knows all hours.
            first = min(chosen.first or today, furthest + ONE_DAY)
            last = max(chosen.last or furthest, today - ONE_DAY)
            if first > today:
                first_day = day_of(to_minute(start_of_day(first, zone)))
            if last < furthest:
                last_day = day_of(to_minute(start_of_day(last + ONE_DAY, zone)) - 1)
        return cls(
            now=this_minute,
            earliest=earliest,
            latest=latest,
            first_day=first_day,
            last_day=last_day,
        )


def bounds_of(part: DayPart | None) -> tuple[int, int]:
    """The seconds of the day from and until which a start is wanted."""
    if part is None:
        return 0, 86400
    return _seconds(part.lower), 86400 if part.upper is None else _seconds(part.upper)


def _seconds(wall: time) -> int:
    """The first whole second of the day that is not before a wall time."""
    return wall.hour * 3600 + wall.minute * 60 + wall.second + (wall.microsecond > 0)
