"""Calendars of made-up clinics as plain integers, the same ones every time: what is searched.

Everything is a minute of UTC, counted from 1970. A clinic has so many schedules that are open by
one of a few weekly plans, closed on holidays and for vacations, and booked up to some fullness;
the service that is searched for takes half an hour, and starts lie on a quarter of an hour. The
first minute of all searches is 07:00 on a Monday in Toronto, six days before its clocks change.

Nothing of omnibook is used here, so that what it is compared with owes it nothing.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from attrs import define, field, frozen

ZONE = ZoneInfo("America/Toronto")
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIRST_DAY = date(2026, 3, 2)
DAY = 24 * 60
STEP = 15
DURATION = 30
LENGTHS = (15, 30, 45)
"""How long an appointment may take; each as likely."""
AFTERNOON = (12 * 60, 17 * 60)
SEED = 4

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)
_MONDAY_TO_FRIDAY = frozenset(range(5))
_EVERY_DAY = frozenset(range(7))


@frozen
class Window:
    """A stretch of wall-clock time on some weekdays; one that ends before it starts, next day."""

    start: time
    end: time
    weekdays: frozenset[int] = _MONDAY_TO_FRIDAY

    @property
    def ends_next_day(self) -> bool:
        return self.end < self.start


PLANS = (
    (Window(time(8), time(12)), Window(time(13), time(16, 30))),
    (Window(time(9), time(12, 30)), Window(time(13, 30), time(17))),
    (Window(time(7, 30), time(11, 30)), Window(time(12, 15), time(15, 45))),
    (Window(time(12), time(16)), Window(time(16, 30), time(20))),
)
NIGHTS = (Window(time(20), time(4), _EVERY_DAY),)
"""The plan of every tenth schedule: open over midnight, also when clocks change."""

HOLIDAYS = tuple(
    date.fromisoformat(day)
    for day in (
        *("2026-04-03", "2026-05-18", "2026-06-24", "2026-07-01", "2026-09-07", "2026-10-12"),
        *("2026-12-25", "2027-01-01", "2027-03-26", "2027-05-24", "2027-06-24", "2027-07-01"),
        *("2027-09-06", "2027-10-11", "2027-12-24", "2027-12-31"),
    )
)


@frozen
class Size:
    """How large a workload is."""

    name: str
    schedules: int
    days: int
    fullness: float
    """The part of the open time that is booked."""
    full_days: int = 0
    """For so many days from the first, nothing at all is free."""


SIZES = (
    Size("S", 1, 30, 0.50),
    Size("M", 20, 60, 0.50),
    Size("L", 200, 90, 0.85),
    Size("XL", 1000, 365, 0.97),
    Size("XL-far", 1000, 365, 0.97, 240),
)


@frozen(kw_only=True)
class Query:
    """What is asked: the next so many starts, after so many others."""

    name: str
    wanted: int = 5
    skipped: int = 0
    afternoon: bool = False
    only: int | None = None
    """One schedule, by its number."""


NEXT_5 = Query(name="next 5")
QUERIES = (
    NEXT_5,
    Query(name="next 50", wanted=50),
    Query(name="afternoons", afternoon=True),
    Query(name="one practitioner", only=0),
    Query(name="tenth page", skipped=45),
)

Answer = Sequence[tuple[int, int]]
"""Starts, each with the number of its schedule, in order."""


@define(eq=False)
class Agenda:
    """One schedule: its plan, its vacations, and what is booked."""

    number: int
    plan: Sequence[Window]
    vacations: Sequence[tuple[date, date]]
    """The first day off, and the first one back."""
    openings: list[tuple[int, int]] = field(factory=list)
    """Each occurrence, sorted; closures are not taken away."""
    closed_from: list[int] = field(factory=list)
    closed_until: list[int] = field(factory=list)
    """Of holidays and vacations, sorted: they do not overlap."""
    starts: list[int] = field(factory=list)
    ends: list[int] = field(factory=list)
    """Of the appointments, sorted: they do not overlap."""


@define(eq=False)
class Workload:
    """A clinic's calendar."""

    size: Size
    agendas: Sequence[Agenda]
    now: int
    horizon: int
    """The first minute at which nothing can start any more."""

    @property
    def bookings(self) -> int:
        return sum(len(each.starts) for each in self.agendas)


def minute_of(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(minutes=1)


@cache
def minute_at(day: date, clock: time) -> int:
    """The minute at which the wall clock shows this."""
    return minute_of(datetime.combine(day, clock, ZONE).astimezone(UTC))


def wall_minute(minute: int) -> int:
    """How many minutes past midnight the wall clock shows."""
    wall = datetime.fromtimestamp(minute * 60, ZONE)
    return wall.hour * 60 + wall.minute


def workload(size: Size, seed: int = SEED) -> Workload:
    """The calendar of this size; the same one for the same seed."""
    first = minute_at(FIRST_DAY, time())
    # One object for each minute, whoever is booked then: millions of others would fill the memory.
    minutes = list(range(first, first + (size.days + 3) * DAY))
    now = minute_of(NOW)
    made = Workload(
        size,
        [_agenda(size, number, seed) for number in range(size.schedules)],
        now,
        now + size.days * DAY,
    )
    for agenda in made.agendas:
        _fill(agenda, size, Random(f"{seed} bookings {agenda.number}"), minutes)
    return made


def claims_within(agenda: Agenda, first: int, last: int) -> tuple[list[int], list[int]]:
    """Starts and ends of the appointments that overlap these minutes, ``last`` being out."""
    low = bisect_left(agenda.ends, first + 1)
    high = bisect_left(agenda.starts, last, low)
    return agenda.starts[low:high], agenda.ends[low:high]


def _agenda(size: Size, number: int, seed: int) -> Agenda:
    random = Random(f"{seed} agenda {number}")
    plan = NIGHTS if number % 10 == 7 else PLANS[number % len(PLANS)]
    vacations: list[tuple[date, date]] = []
    begins = 5 + random.randrange(60)
    while begins < size.days:
        leaves = FIRST_DAY + timedelta(days=begins)
        length = random.choice((5, 7, 14, 21))
        vacations.append((leaves, leaves + timedelta(days=length)))
        begins += length + 40 + random.randrange(80)
    return Agenda(number, plan, vacations)


def _fill(agenda: Agenda, size: Size, random: Random, minutes: Sequence[int]) -> None:
    """Book the open time up to the fullness."""
    closed = {
        day for begins, back in agenda.vacations for day in _days(begins, (back - begins).days)
    }
    closed.update(HOLIDAYS)
    _close(agenda, closed)
    # Gaps are of one step, appointments of twice that on average.
    some = size.fullness / (2 - size.fullness)
    for count, day in enumerate(_days(FIRST_DAY, size.days + 1)):
        often = 1.0 if count < size.full_days else some
        for window in agenda.plan:
            if day.weekday() not in window.weekdays:
                continue
            until = day + _ONE_DAY if window.ends_next_day else day
            first, last = minute_at(day, window.start), minute_at(until, window.end)
            agenda.openings.append((first, last))
            if day in closed:
                first = minute_at(until, time())
            elif until in closed:
                last = minute_at(until, time())
            if until not in closed or day not in closed:
                _book(agenda, (first, last), often, random, minutes)


def _close(agenda: Agenda, closed: set[date]) -> None:
    for day in sorted(closed):
        midnight = minute_at(day, time())
        if agenda.closed_until and agenda.closed_until[-1] == midnight:
            agenda.closed_until.pop()
        else:
            agenda.closed_from.append(midnight)
        agenda.closed_until.append(minute_at(day + _ONE_DAY, time()))


def _book(
    agenda: Agenda, part: tuple[int, int], often: float, random: Random, minutes: Sequence[int]
) -> None:
    """Fill an open part of a day with appointments and, now and then, a gap of one step."""
    draw, origin, starts, ends = random.random, minutes[0], agenda.starts, agenda.ends
    lengths = [length for length in LENGTHS if often]
    at, last = part
    while at < last:
        drawn = draw()
        if drawn < often:
            end = min(at + lengths[int(drawn / often * 3)], last)
            starts.append(minutes[at - origin])
            ends.append(minutes[end - origin])
            at = end
        else:
            at += STEP


def _days(first: date, count: int) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range(count))
