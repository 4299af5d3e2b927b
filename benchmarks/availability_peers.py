"""What the search is compared with, each in the way that suits it best.

Whatever does not depend on appointments is made beforehand: where starts can lie, rules, engines,
bookings. Each then answers from the appointments, on the same calendar, and the answers are equal.

==========  ======================================================================================
naive       every start of every schedule is tried; what is left is sorted. The oracle.
portion     dateutil expands the openings of some days, portion subtracts what is closed and booked
            from them; more days are looked at as long as too little is found
slotify     slotify-scheduling: an engine and a store for each schedule, five starts of each, sorted
==========  ======================================================================================
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import portion
from attrs import frozen
from availability_workloads import (
    AFTERNOON,
    DURATION,
    FIRST_DAY,
    HOLIDAYS,
    NOW,
    QUERIES,
    STEP,
    ZONE,
    Agenda,
    Answer,
    Query,
    Window,
    Workload,
    claims_within,
    minute_at,
    minute_of,
    wall_minute,
)
from dateutil.rrule import WEEKLY, rrule
from slotify import (
    AvailabilityEngine,
    BlockedPeriod,
    Booking,
    BookingPolicy,
    InMemoryBookingStore,
    Slot,
    SlotGenerator,
)
from slotify import Schedule as WeeklySchedule

_ONE_DAY = timedelta(days=1)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def naive(calendar: Workload, query: Query) -> Answer:
    """Generate every start, keep what is free and wanted, sort, and take the first."""
    found: list[tuple[int, int]] = []
    for agenda in calendar.agendas:
        if query.only is not None and agenda.number != query.only:
            continue
        every = [
            start
            for first, last in agenda.openings
            for start in range(first, last - DURATION + 1, STEP)
        ]
        found += [
            (start, agenda.number)
            for start in every
            if calendar.now < start < calendar.horizon
            and not _meets(agenda.closed_from, agenda.closed_until, start)
            and not _meets(agenda.starts, agenda.ends, start)
            and (not query.afternoon or AFTERNOON[0] <= wall_minute(start) < AFTERNOON[1])
        ]
    found.sort()
    return found[query.skipped : query.skipped + query.wanted]


def _meets(starts: Sequence[int], ends: Sequence[int], start: int) -> bool:
    """Whether one of these stretches has a minute of the time that begins here."""
    before = bisect_left(starts, start + DURATION)
    return before > 0 and ends[before - 1] > start


def answers(calendar: Workload) -> dict[str, Answer]:
    """What the oracle says to each of the queries, by its name."""
    first = naive(calendar, Query(name="all", wanted=50))
    return {
        query.name: naive(calendar, query)
        if query.afternoon or query.only is not None
        else first[query.skipped : query.skipped + query.wanted]
        for query in QUERIES
    }


@frozen
class _Rules:
    """A schedule as dateutil and portion see it."""

    agenda: Agenda
    openings: Sequence[tuple[rrule, Window]]
    closed: portion.Interval


class ByPortion:
    """Openings by rules, less closures and appointments as intervals; some days at a time."""

    def __init__(self, calendar: Workload, first_days: int = 1) -> None:
        self._calendar = calendar
        self._first_days = first_days
        self._rules = [_rules(each) for each in calendar.agendas]

    def answer(self, query: Query) -> Answer:
        """The next so many starts."""
        calendar = self._calendar
        found: list[tuple[int, int]] = []
        day, days = FIRST_DAY - _ONE_DAY, self._first_days + 1
        last = FIRST_DAY + (calendar.size.days + 1) * _ONE_DAY
        low = calendar.now + 1
        while day < last and len(found) < query.wanted:
            # Windows of the last day may begin then and run into the next: those come next time.
            high = min(minute_at(day + days * _ONE_DAY, time()), calendar.horizon)
            for rules in self._rules:
                found += _free(rules, day, days, low, high)
            low = high
            day, days = day + (days - 1) * _ONE_DAY, days * 2
        found.sort()
        return found[: query.wanted]


def _rules(agenda: Agenda) -> _Rules:
    begins = datetime.combine(FIRST_DAY - _ONE_DAY, time())
    closed = portion.empty()
    for first, back in [*((day, day + _ONE_DAY) for day in HOLIDAYS), *agenda.vacations]:
        closed |= portion.closedopen(minute_at(first, time()), minute_at(back, time()))
    return _Rules(
        agenda,
        [
            (
                rrule(
                    WEEKLY,
                    dtstart=begins.replace(hour=window.start.hour, minute=window.start.minute),
                    byweekday=sorted(window.weekdays),
                    cache=True,
                ),
                window,
            )
            for window in agenda.plan
        ],
        closed,
    )


def _free(rules: _Rules, day: date, days: int, low: int, high: int) -> Iterator[tuple[int, int]]:
    """The starts from ``low`` until ``high`` that openings of these days leave free."""
    begin = datetime.combine(day, time())
    booked: portion.Interval | None = None
    for rule, window in rules.openings:
        for wall in rule.between(begin, begin + days * _ONE_DAY, inc=True):
            if booked is None:
                spans = claims_within(rules.agenda, low, high + DURATION)
                booked = portion.Interval(*map(portion.closedopen, *spans)) | rules.closed
            ends = wall.date() + _ONE_DAY if window.ends_next_day else wall.date()
            first, last = minute_at(wall.date(), window.start), minute_at(ends, window.end)
            for part in portion.closedopen(first, last) - booked:
                if part.empty:
                    continue
                start = part.lower + (first - part.lower) % STEP
                for each in range(start, part.upper - DURATION + 1, STEP):
                    if low <= each < high:
                        yield each, rules.agenda.number


class BySlotify:
    """An engine for each schedule, with its own bookings in memory."""

    def __init__(self, calendar: Workload) -> None:
        self._calendar = calendar
        self._engines = [(each.number, _engine(each)) for each in calendar.agendas]
        self._last = FIRST_DAY + calendar.size.days * _ONE_DAY

    def answer(self, query: Query) -> Answer:
        """The next so many starts: as many of each schedule, and the first of them all."""
        found = [
            (minute_of(slot.start_utc), number)
            for number, engine in self._engines
            for slot in engine.available_slots(FIRST_DAY, self._last, now=NOW, limit=query.wanted)
        ]
        found.sort()
        return found[: query.wanted]


def _engine(agenda: Agenda) -> AvailabilityEngine:
    weekly: dict[str, list[tuple[time, time]]] = {}
    for window in agenda.plan:
        for weekday in window.weekdays:
            weekly.setdefault(_WEEKDAYS[weekday], []).append((window.start, window.end))
    store = InMemoryBookingStore()
    engine = AvailabilityEngine(
        SlotGenerator(
            schedule=WeeklySchedule(weekly=weekly),
            duration=DURATION,
            interval=STEP,
            timezone=str(ZONE),
            dst_ambiguous="both",
            dst_nonexistent="skip",
        ),
        store=store,
        policy=BookingPolicy(
            minimum_notice=timedelta(minutes=1),
            blocked_periods=tuple(_blocked(agenda)),
        ),
    )
    for start, end in zip(agenda.starts, agenda.ends, strict=True):
        made = Booking(Slot(_instant(start), _instant(end)))
        # Reserving one looks at all the others: minutes, for what is known to be free.
        store._bookings[made.booking_id] = made  # noqa: SLF001
    return engine


def _blocked(agenda: Agenda) -> Iterator[BlockedPeriod]:
    for first, back in [*((day, day + _ONE_DAY) for day in HOLIDAYS), *agenda.vacations]:
        yield BlockedPeriod(_instant(minute_at(first, time())), _instant(minute_at(back, time())))


def _instant(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
