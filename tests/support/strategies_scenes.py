"""Small random clinics around the nights on which clocks change, for the laws of availability."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from attrs import evolve
from hypothesis import strategies as st

from omnibook.booking_form import BookingEntries
from omnibook.clinic import (
    Closure,
    DayPart,
    Opening,
    Policies,
    Recurrence,
    Release,
    Schedule,
    Service,
)
from omnibook.ids import (
    ActivityId,
    ClosureId,
    OpeningId,
    PatientId,
    PractitionerId,
    ScheduleId,
    SourceKey,
    VisitId,
)
from omnibook.preference import Filter
from omnibook.records import (
    Busy,
    Claim,
    ClaimKind,
    DeskClosure,
    DeskOpening,
    Hold,
    HoldState,
    Slot,
)
from omnibook.times import Span
from support.naive_availability import Scene, hold_id
from support.naive_recurrence import rules
from support.worlds import STAFF, schedule, service, small_clinic

ZONES = (
    "America/Toronto",
    "America/St_Johns",
    "Europe/Paris",
    # By half an hour.
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    # Here the clock skips the hour before midnight, and the hour after it.
    "America/Nuuk",
    "Africa/Cairo",
)


def _nights(zone: str) -> tuple[tuple[str, date], ...]:
    """Every local date of some years that does not last 24 hours in a zone."""
    wall, first = ZoneInfo(zone), date(2025, 1, 1)
    days = (first + timedelta(days=n) for n in range(4 * 365))
    midnights = ((day, datetime.combine(day, time(), wall)) for day in days)
    return tuple(
        (zone, day)
        for day, midnight in midnights
        if midnight.utcoffset() != (midnight + timedelta(days=1)).utcoffset()
    )


NIGHTS = (*(night for zone in ZONES for night in _nights(zone)), ("UTC", date(2026, 3, 29)))
"""Zones, and local dates that do not last 24 hours there (but for UTC's)."""

CARE, SHOT, TALK = ActivityId("care"), ActivityId("shot"), ActivityId("talk")
VISITS = (VisitId("visit-1"), VisitId("visit-2"))
FILES = (PatientId("file-1"), PatientId("file-2"))
SCHEDULES = (ScheduleId("a"), ScheduleId("b"))

_NEAR_THE_CHANGE = tuple(
    time(*clock)
    for clock in (
        *((0, 0), (0, 30), (1, 0), (1, 30), (1, 45), (2, 0), (2, 15), (2, 30), (3, 0), (3, 30)),
        *((4, 0), (8, 0), (9, 10), (12, 0), (17, 0), (22, 0), (23, 0), (23, 30)),
    )
)


@cache
def whole_minutes(least: int, most: int) -> st.SearchStrategy[timedelta]:
    return st.integers(least, most).map(lambda n: timedelta(minutes=n))


@cache
def lengths(*minutes: int) -> st.SearchStrategy[timedelta]:
    return st.sampled_from(minutes).map(lambda n: timedelta(minutes=n))


@cache
def clocks() -> st.SearchStrategy[time]:
    """A wall time of whole minutes, mostly one near a change of the clock."""
    anywhere = st.builds(time, st.integers(0, 23), st.integers(0, 59))
    return st.sampled_from(_NEAR_THE_CHANGE) | anywhere


@cache
@st.composite
def clocks_to_the_second(draw: st.DrawFn) -> time:
    """A wall time, rarely one within a minute, as a host's own openings may have."""
    clock = draw(clocks())
    if not rare(draw, 2):
        return clock
    second, microsecond = draw(st.sampled_from((0, 1, 30, 59))), draw(st.sampled_from((0, 1)))
    return clock.replace(second=second, microsecond=microsecond)


def rare(draw: st.DrawFn, often: int = 1) -> bool:
    """Whether to draw what is rare: ``often`` times in twelve."""
    return draw(st.integers(0, 11)) > 11 - often


@cache
def activities() -> st.SearchStrategy[frozenset[ActivityId]]:
    return st.sampled_from(
        (frozenset({CARE, SHOT}), frozenset({CARE}), frozenset({SHOT}), frozenset({TALK}))
    )


@cache
def dates_near(night: date) -> st.SearchStrategy[date]:
    return st.integers(-2, 3).map(lambda n: night + timedelta(days=n))


@cache
@st.composite
def recurrences(draw: st.DrawFn, night: date) -> Recurrence:
    kind = draw(st.sampled_from(("daily", "daily", "daily", "once", "weekly", "rule")))
    if kind == "daily":
        return Recurrence()
    if kind == "once":
        return Recurrence.once(draw(dates_near(night)))
    last = draw(st.none() | dates_near(night))
    additions = draw(st.frozensets(dates_near(night), max_size=1))
    exceptions = draw(st.frozensets(dates_near(night), max_size=1))
    if kind == "rule":
        first = draw(dates_near(night) | st.dates(night - timedelta(days=800), night))
        text = draw(rules(first).filter(lambda parts: parts.interval < 7)).text
        return Recurrence.from_rrule(
            text, first=first, last=last, additions=additions, exceptions=exceptions
        )
    return Recurrence(
        weekdays=draw(st.frozensets(st.integers(0, 6), min_size=2)),
        first=draw(st.none() | dates_near(night)),
        last=last,
        additions=additions,
        exceptions=exceptions,
    )


@cache
@st.composite
def openings(draw: st.DrawFn, night: date, *, long: bool = False) -> Opening:
    """A recurring opening; a ``long`` one lasts nearly two days, but for some."""
    hours = st.just((time(20), time(8))) | st.just((time(1, 30), time(17)))
    start, end = draw(st.tuples(clocks_to_the_second(), clocks_to_the_second()) | hours)
    # Sometimes one that ends before it starts, or that lasts for a day and more.
    ends_next_day = end <= start if draw(st.integers(0, 4)) else draw(st.booleans())
    if long and draw(st.integers(0, 3)):
        start, end, ends_next_day = time(), time(23, 59), True
    releases = st.builds(Release, days_before=st.integers(0, 4), at=clocks_to_the_second())
    wide = lengths(500, 1439, 1440)
    return Opening(
        start=start,
        end=end,
        ends_next_day=ends_next_day,
        recurrence=draw(recurrences(night)),
        activities=draw(activities()),
        interval=draw(wide if rare(draw) else lengths(7, 15, 20, 30, 60)),
        online=draw(st.sampled_from((True, True, True, True, False))),
        release=draw(releases) if draw(st.sampled_from((0, 0, 0, 1))) else None,
    )


@cache
@st.composite
def closures(draw: st.DrawFn, night: date) -> Closure:
    start = datetime.combine(draw(dates_near(night)), draw(clocks_to_the_second()))
    return Closure(start=start, end=start + draw(lengths(10, 30, 45, 120, 24 * 60)))


@cache
@st.composite
def spans(draw: st.DrawFn, night: date, *, long: bool = False) -> Span:
    """A stretch of whole minutes in the days around the night, rarely of more than a day.

    ``long``: in more of the days around it, as far as a long buffer reaches.
    """
    midnight = datetime.combine(night, time(), UTC)
    days = (-5, 7) if long else (-2, 3)
    start = midnight + draw(whole_minutes(*(n * 24 * 60 for n in days)))
    over_a_day = lengths(1439, 1440, 1441, 3000)
    return Span(start, start + draw(over_a_day if rare(draw) else lengths(5, 15, 30, 60, 300)))


@cache
@st.composite
def busy_spans(draw: st.DrawFn, night: date, *, long: bool = False) -> Span:
    """A stretch to the second, as a host's own system may know it."""
    span, second = draw(spans(night, long=long)), timedelta(seconds=1)
    return span.widened(draw(st.integers(0, 59)) * second, draw(st.integers(0, 59)) * second)


@cache
@st.composite
def schedules(draw: st.DrawFn, name: ScheduleId, night: date, *, long: bool = False) -> Schedule:
    zones = st.sampled_from(("America/Toronto", "America/St_Johns", "Europe/Paris"))
    zone = ZoneInfo(draw(zones)) if draw(st.integers(0, 3)) == 0 else None
    return schedule(
        name,
        *draw(st.lists(openings(night, long=long), min_size=1, max_size=2)),
        closures=tuple(draw(st.lists(closures(night), max_size=1))),
        zone=zone,
    )


@cache
@st.composite
def services(draw: st.DrawFn, *, long: bool = False) -> Service:
    """A service; a ``long`` one, or its buffers, reaches over one day or two."""
    durations, buffers = lengths(5, 15, 20, 30, 90), lengths(0, 0, 5, 10)
    if long:
        durations = lengths(5, 30, 600, 1439, 1440, 1441, 2700)
        buffers = lengths(0, 0, 10, 1439, 1440, 1441, 3000)
    return service(
        "visit",
        activities=tuple(draw(st.permutations((CARE, SHOT))))[: draw(st.integers(1, 2))],
        duration=draw(durations),
        buffer_before=draw(buffers),
        buffer_after=draw(buffers),
    )


@cache
@st.composite
def filters(draw: st.DrawFn, night: date) -> Filter:
    if draw(st.sampled_from((True, True, False))):
        return Filter()
    parts = st.sampled_from(
        (DayPart(time(0), time(2, 30)), DayPart(time(12), time(17)), DayPart(time(1, 30), None))
    )
    if rare(draw, 4):
        ragged = st.builds(time.replace, clocks(), second=st.sampled_from((0, 1, 30, 59)))
        bounds = st.tuples(ragged, ragged | st.none())
        ordered = bounds.filter(lambda part: part[1] is None or part[0] < part[1])
        parts = ordered.map(lambda part: DayPart(*part))
    ever = st.sampled_from((date.min, date.max)) if rare(draw) else st.nothing()
    return Filter(
        first=draw(st.none() | dates_near(night) | ever),
        last=draw(st.none() | dates_near(night) | ever),
        weekdays=draw(st.frozensets(st.integers(0, 6), min_size=3)),
        part=draw(st.none() | parts),
        practitioner_id=draw(st.sampled_from((None, None, PractitionerId(SCHEDULES[1])))),
    )


@st.composite
def holds(draw: st.DrawFn, number: int, made: Service, night: date, now: datetime) -> Hold:
    """A hold, mostly where a start can be; its life ends around ``now``, often exactly then."""
    name = draw(st.sampled_from(SCHEDULES))
    quarter = draw(st.integers(-2 * 96, 3 * 96)) * timedelta(minutes=15)
    start = datetime.combine(night, time(), UTC) + quarter
    slot = Slot(made.service_id, name, start, start + made.duration)
    left = timedelta(seconds=draw(st.sampled_from((-60, 0, 1, 240))))
    return Hold(
        clinic_id=small_clinic().clinic_id,
        hold_id=hold_id(number),
        visit_id=draw(st.sampled_from(VISITS)),
        patient_id=draw(st.none() | st.sampled_from(FILES)),
        slot=slot,
        activity=CARE,
        claimed=slot.span.widened(made.buffer_before, made.buffer_after),
        created_at=now + left - timedelta(minutes=5),
        expires_at=now + left,
        state=HoldState.HELD,
        source=SourceKey("source"),
        contact_keys=frozenset(),
        entries=BookingEntries(reason="a cough", details="", contacts=()),
    )


def claim(span: Span, name: ScheduleId, number: int) -> Claim:
    return Claim(
        span=span, schedule_id=name, kind=ClaimKind.APPOINTMENT, owner=f"appointment-{number}"
    )


def desk_opening(span: Span, name: ScheduleId, interval: timedelta) -> DeskOpening:
    return DeskOpening(
        clinic_id=small_clinic().clinic_id,
        opening_id=OpeningId(f"opening-{span.start}"),
        schedule_id=name,
        span=span,
        activities=(CARE,),
        interval=interval,
        made_at=span.start,
        made_by=STAFF,
    )


def desk_closure(span: Span, name: ScheduleId) -> DeskClosure:
    return DeskClosure(
        clinic_id=small_clinic().clinic_id,
        closure_id=ClosureId(f"closure-{span.start}"),
        schedule_id=name,
        span=span,
        made_at=span.start,
        made_by=STAFF,
    )


@cache
@st.composite
def scenes(draw: st.DrawFn, *, long: bool = False) -> Scene:
    """Two schedules for some hours or days around a night on which the clock changes.

    A ``long`` one has a service that reaches over days, and so have some others.
    """
    long = long or rare(draw)
    zone, night = draw(st.sampled_from(NIGHTS))
    noon = datetime.combine(night, time(12), UTC) - timedelta(days=1)
    now = noon + draw(whole_minutes(-12 * 60, 24 * 60))
    now += timedelta(seconds=draw(st.sampled_from((0, 0, 1, 59))))
    made = draw(services(long=long))
    horizons = lengths(72 * 60, 48 * 60, 24 * 60) | whole_minutes(60, 48 * 60)
    if long:
        horizons = lengths(100 * 60, 72 * 60)
    # Sometimes later than the horizon: then nothing is offered.
    notices = lengths(90, 30 * 60, 80 * 60) if rare(draw, 2) else lengths(0, 0, 1, 90)
    names = st.sampled_from(SCHEDULES)
    clinic = small_clinic(
        zone=ZoneInfo(zone),
        services=(made,),
        schedules=tuple(draw(schedules(name, night, long=long)) for name in SCHEDULES),
        closures=tuple(draw(st.lists(closures(night), max_size=1))),
        policies=evolve(
            Policies(),
            horizon=draw(horizons),
            minimum_notice=draw(notices),
        ),
    )
    taken = st.tuples(spans(night, long=long), names)
    booked = draw(st.lists(taken, min_size=1, max_size=3) if long else st.lists(taken, max_size=4))
    busy = draw(st.lists(st.tuples(busy_spans(night, long=long), names), max_size=2))
    opened = draw(st.lists(st.tuples(spans(night), names, lengths(5, 15, 1440)), max_size=1))
    shut = draw(st.lists(st.tuples(spans(night), names), max_size=1))
    return Scene(
        clinic=clinic,
        service=made,
        now=now,
        appointments=tuple(claim(*each, number) for number, each in enumerate(booked)),
        holds=tuple(draw(holds(n, made, night, now)) for n in range(draw(st.integers(0, 3)))),
        busy=tuple(
            Busy(span=span, schedule_id=name, busy_id=f"busy-{number}")
            for number, (span, name) in enumerate(busy)
        ),
        desk_openings=tuple(desk_opening(*each) for each in opened),
        desk_closures=tuple(desk_closure(*each) for each in shut),
        visit_id=draw(st.sampled_from(VISITS)),
        patient_id=draw(st.none() | st.sampled_from(FILES)),
        chosen=draw(filters(night)),
        days_off=draw(
            st.just(frozenset[date]()) | dates_near(night).map(lambda day: frozenset({day}))
        ),
    )
