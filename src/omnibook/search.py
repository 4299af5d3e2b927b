"""The next slots of a service, day by day (R24–R28): the search behind the list of availabilities.

It does no I/O: it says what it needs to be told next (:class:`Need`), and is fed. It asks only for
days that can be wanted and that nothing is kept of, a few at first, more the further it has to
look; so the work is bounded by the answer, and not by the horizon.

A day is one integer of starts for each schedule (:mod:`omnibook.kept_days`), and one of what this
visitor wants of the day: date, time of day and eligibility, in the clinic's local time, as bits of
the same UTC minutes. What others hold is taken away, what the visitor holds is put back (R28), and
datetimes are made of what is left only when it is listed. A slot is listed exactly when
:func:`omnibook.availability.judge` finds no obstacle to it.
"""

from collections.abc import Collection, Generator, Mapping, Sequence
from datetime import date

from attrs import frozen

from omnibook.clinic import Opening, Schedule
from omnibook.daybits import DAY_MINUTES, bits_of, day_of
from omnibook.errors import InvalidValue
from omnibook.ids import ScheduleId
from omnibook.kept_days import KeptDays, KeptSchedule, Shape, StartsByDay
from omnibook.outlook import Outlook, ScheduleDays
from omnibook.records import Slot
from omnibook.times import (
    from_minute,
    to_minute,
    wall_stretches,
)
from omnibook.timetable import Starts, Timetable
from omnibook.wishes import Limits, Wish, bounds_of

_WIDEST, _MOST_ROWS = 32, 8192
"""The most days that are asked for at once, or, of few schedules, as many as make so many rows."""
_FEW_ROWS = 128
"""So many are asked for at once when one day was not enough."""
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@frozen(kw_only=True)
class Need:
    """What a search needs to be told next: some UTC days of some schedules, and some openings."""

    schedules: frozenset[ScheduleId]
    """Whose days ``first`` to ``last``, both included, are wanted."""
    first: int
    last: int
    openings: frozenset[ScheduleId]
    """Whose openings are wanted too."""


class Search:
    """The next slots of a service; at most ``wanted``, in the order of R26.

    Feed it until it needs nothing; :attr:`found` then holds what there is. ``opening_versions``
    are those of the schedules' openings, as :class:`omnibook.ports.ScheduleSource` tells them.
    """

    def __init__(
        self,
        kept: KeptDays,
        outlook: Outlook,
        wish: Wish,
        *,
        opening_versions: Mapping[ScheduleId, str],
        wanted: int,
    ) -> None:
        self.found: list[Slot] = []
        self._kept = kept
        self._wish = wish
        self._wanted = wanted
        self._opening_versions = opening_versions
        self._shape = kept.shape(wish.service)
        self._schedules: dict[ScheduleId, Schedule] = {
            each.schedule_id: each
            for each in kept.clinic.schedules
            if wish.chosen.practitioner_id in {None, each.practitioner_id}
        }
        self._order = sorted(self._schedules)
        self._timetables: dict[ScheduleId, Timetable] = {}
        self._unsettled: set[ScheduleId] = set()
        self._known: dict[ScheduleId, KeptSchedule] = {}
        self._days: dict[ScheduleId, StartsByDay] = {}
        self._empty: dict[ScheduleId, int] = {}
        """By schedule the days, counted from the first that is kept, that hold nothing wanted."""
        self._held, self._own = _holds(outlook, wish, self._shape, self._schedules)
        self._limits = Limits.of(kept.clinic, wish, outlook.snapshot.now, self._own)
        self._leaving = wish.leaving
        self._past = range(0) if wish.leaving is None else wish.leaving.days(self._shape)
        self._freed: dict[int, Starts] = {}
        """The starts of the schedule that the appointment leaves, as far as they were wanted."""
        self._recall(outlook.versions)
        self._bits: dict[int, int] = {}
        self._steps = self._search()
        self.need = next(self._steps, None)

    def feed(
        self,
        days: Mapping[ScheduleId, ScheduleDays],
        openings: Mapping[ScheduleId, Sequence[Opening]],
        *,
        unsettled: Collection[ScheduleId] = (),
    ) -> None:
        """Take what was needed, and go on until something else is, or nothing is.

        Nothing is kept of the schedules ``unsettled``, whose openings became another version while
        they were read: nobody knows of which they are.
        """
        need, shape = self.need, self._shape
        if need is None:
            raise InvalidValue("the search needs nothing more: look at what it found")
        days_of_starts = range(need.first + shape.days_before, need.last - shape.days_after + 1)
        self._unsettled.update(unsettled)
        for name in need.schedules:
            timetable = self._timetables.get(name)
            if timetable is None:
                timetable = self._kept.timetable(self._schedules[name], openings.get(name, ()))
                self._timetables[name] = timetable
            told, version = days[name], self._opening_versions[name]
            if name in self._unsettled:
                known = KeptSchedule(told, version, timetable)
            else:
                known = self._kept.keep(told, version, timetable)
            self._kept.work_out(known, shape, told, days=days_of_starts, now=self._limits.now)
            if self._leaving is not None and self._leaving.slot.schedule_id == name:
                freed = self._leaving.starts(
                    timetable, shape, told, days=days_of_starts, now=self._limits.now
                )
                self._freed.update(freed)
            self._take_up(name, known)
        self.need = next(self._steps, None)

    def _recall(self, versions: Mapping[ScheduleId, int]) -> None:
        """Take up what is kept, as far as it still stands."""
        for name in self._order:
            known = self._kept.schedule(name)
            if known is not None and known.opening_version == self._opening_versions[name]:
                self._timetables[name] = known.timetable
                if known.version == versions.get(name, 0):
                    self._take_up(name, known)

    def _take_up(self, name: ScheduleId, known: KeptSchedule) -> None:
        days = known.of_shape(self._shape)
        if self._leaving is not None and self._leaving.slot.schedule_id == name:
            # Only this search sees them: what is kept for others stays as it is.
            days = days.replaced(self._kept.first_day, self._past, self._freed)
        self._known[name], self._days[name] = known, days
        self._empty[name] = days.empty(self._limits.now)

    def _search(self) -> Generator[Need]:
        day, widest, empty = self._limits.first_day, 1, self._all_empty()
        while day <= self._limits.last_day and len(self.found) < self._wanted and self._order:
            wanted = 0 if empty >> (day - self._kept.first_day) & 1 else self._open_bits(day)
            starts, lacking = self._starts(day, wanted)
            if lacking:
                window = range(day, self._last_of_window(day, widest) + 1)
                served = self._last_served(lacking, window)
                empty = self._all_empty()
                if not served:
                    continue
                most = max(_WIDEST, _MOST_ROWS // len(served))
                widest = min(max(2 * widest, _FEW_ROWS // len(served)), most)
                yield Need(
                    schedules=frozenset(served),
                    first=day - self._shape.days_before,
                    last=max(served.values()) + self._shape.days_after,
                    openings=frozenset(served.keys() - self._timetables.keys()),
                )
                empty = self._all_empty()
            else:
                self._list(day, starts)
                day += 1

    def _all_empty(self) -> int:
        """The days, counted from the first that is kept, on which no schedule has a start."""
        if len(self._empty) < len(self._order):
            return 0
        empty = -1
        for days in self._empty.values():
            empty &= days
        return empty

    def _last_of_window(self, day: int, widest: int) -> int:
        """The last of at most so many days from ``day`` on, all of which can be wanted."""
        last = day
        while (
            last - day + 1 < widest and last < self._limits.last_day and self._open_bits(last + 1)
        ):
            last += 1
        return last

    def _last_served(self, names: Sequence[ScheduleId], days: range) -> dict[ScheduleId, int]:
        """The last of these days on which an opening serves a wanted minute, by schedule.

        A schedule without any is left out: nothing of it has to be read, since what is taken of
        those days does not matter. Of one that nothing is known of it may be the last of them all.
        """
        now, shape, served = self._limits.now, self._shape, dict[ScheduleId, int]()
        for name in names:
            known = self._known.get(name)
            if known is None:
                served[name] = days[-1]
                continue
            unserved: dict[int, Starts] = {}
            unwanted, opened = 0, day_of(known.opened_until - 1)
            for day in days:
                starts = known.timetable.starts(shape.minutes, shape.activities, day=day, now=now)
                if day <= opened or starts[0] & self._open_bits(day):
                    served[name] = day
                    continue
                unwanted |= 1 << (day - self._kept.first_day)
                if not starts[0]:
                    unserved[day] = starts
            self._days[name].put(self._kept.first_day, unserved)
            self._empty[name] |= unwanted
        return served

    # What the visitor wants ----------------------------------------------------------------------

    def _open_bits(self, day: int) -> int:
        """The minutes of a day at which a start is wanted and neither too soon nor too late."""
        midnight, limits = day * DAY_MINUTES, self._limits
        open_bits = bits_of(
            max(limits.earliest - midnight, 0), min(limits.latest - midnight, DAY_MINUTES)
        )
        return open_bits and open_bits & self._wanted_bits(day)

    def _wanted_bits(self, day: int) -> int:
        """The minutes of a day that suit the preference, on dates that suit the visitor."""
        known = self._bits.get(day)
        if known is not None:
            return known
        midnight, bits, chosen = day * DAY_MINUTES, 0, self._wish.chosen
        lower, upper = bounds_of(chosen.part)
        for part in wall_stretches(day, self._kept.clinic.zone):
            for number in range(part.first_date, part.last_date + 1):
                wall_date = date.fromordinal(number + _EPOCH_ORDINAL)
                if not chosen.admits_day(wall_date) or not self._wish.eligible(wall_date):
                    continue
                seconds = number * 86400 - part.ahead
                first = -(-(seconds + lower) // 60) - midnight
                last = -(-(seconds + upper) // 60) - midnight
                bits |= bits_of(max(first, part.first), min(last, part.last))
        self._bits[day] = bits
        return bits

    # What there is -------------------------------------------------------------------------------

    def _starts(
        self, day: int, wanted: int
    ) -> tuple[list[tuple[ScheduleId, int]], list[ScheduleId]]:
        """The wanted starts of a day by schedule, in order; or the schedules to be asked for."""
        found: list[tuple[ScheduleId, int]] = []
        lacking: list[ScheduleId] = []
        if not wanted:
            return found, lacking
        place, now = day - self._kept.first_day, self._limits.now
        for name in self._order:
            days = self._days.get(name)
            if days is None:
                lacking.append(name)
                continue
            if self._empty[name] >> place & 1:
                continue
            starts = days.starts.get(day)
            if starts is None or not starts[1] <= now < starts[2]:
                lacking.append(name)
            elif bits := starts[0] & wanted:
                found.append((name, bits))
        if self._held and found:
            found = [(name, self._less_held(name, bits, day)) for name, bits in found]
        return found, lacking

    def _less_held(self, name: ScheduleId, bits: int, day: int) -> int:
        """The starts that meet nobody else's hold."""
        midnight = day * DAY_MINUTES
        for first, last in self._held.get(name, ()):
            bits &= ~bits_of(max(first - midnight, 0), min(last - midnight, DAY_MINUTES))
        return bits

    def _list(self, day: int, starts: list[tuple[ScheduleId, int]]) -> None:
        """List the starts of a day in the total order, until there are enough."""
        midnight, after, service = day * DAY_MINUTES, self._wish.after, self._wish.service
        left, own = 0, dict[int, list[Slot]]()
        for _, bits in starts:
            left |= bits
        for slot in self._own.get(day, ()):
            minute = to_minute(slot.start) - midnight
            if self._wanted_bits(day) >> minute & 1:
                own.setdefault(minute, []).append(slot)
                left |= 1 << minute
        while left and len(self.found) < self._wanted:
            lowest = left & -left
            left ^= lowest
            minute = lowest.bit_length() - 1
            start = from_minute(midnight + minute)
            end = start + service.duration
            names = [name for name, bits in starts if bits & lowest]
            if after is not None and start == after[0]:
                names = [name for name in names if (start, name, end) > after]
            slots = [Slot(service.service_id, name, start, end) for name in names[: self._wanted]]
            if minute in own:
                slots = sorted({*slots, *own[minute]}, key=lambda slot: slot.rank)
            self.found += slots[: self._wanted - len(self.found)]


def _holds(
    outlook: Outlook,
    wish: Wish,
    shape: Shape,
    schedules: Collection[ScheduleId],
) -> tuple[dict[ScheduleId, list[tuple[int, int]]], dict[int, list[Slot]]]:
    """What live holds mean for a search (R28).

    For each schedule, the stretches of starts that would meet somebody else's; and by UTC day the
    slots that the visitor holds, in this visit or, as an identified file, in another one: they stay
    listed while they are held, whatever became of openings, notice and horizon since.
    """
    now = outlook.snapshot.now
    in_the_way: dict[ScheduleId, list[tuple[int, int]]] = {}
    own: dict[int, list[Slot]] = {}
    for held in outlook.holds:
        slot = held.slot
        if slot.schedule_id not in schedules:
            continue
        mine = held.visit_id == wish.visit_id
        if not mine:
            first = to_minute(held.claimed.start) - shape.minutes - shape.after + 1
            last = to_minute(held.claimed.end) + shape.before
            in_the_way.setdefault(slot.schedule_id, []).append((first, last))
        if (
            (mine or held.patient_id in wish.patient_ids)
            and slot.service_id == wish.service.service_id
            and slot.start > now
            and (wish.after is None or slot.rank > wish.after)
        ):
            own.setdefault(day_of(to_minute(slot.start)), []).append(slot)
    return in_the_way, own
