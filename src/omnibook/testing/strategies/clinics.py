"""Small clinics: a few services and schedules, in zones whose clocks change.

Openings begin and end near the hours at which clocks change, so that nights of 23 and 25 hours are
met; intervals and durations do not divide one another.
"""

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from attrs import evolve
from hypothesis import strategies as st

from omnibook.clinic import (
    Clinic,
    Closure,
    Mode,
    Opening,
    Policies,
    Recurrence,
    Release,
    Schedule,
    Service,
    Terms,
    Text,
)
from omnibook.criteria import AgeRange, FamilyDoctorHere, HasFile
from omnibook.eligibility import Eligibility
from omnibook.ids import ActivityId, ClinicId, PractitionerId, ScheduleId, ServiceId

CARE, SHOT = ActivityId("care"), ActivityId("shot")
TERMS = Terms(document="terms", version="2026-01")
ZONES = (
    "America/Toronto",
    "America/St_Johns",
    "Europe/Paris",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "UTC",
)
NEAR = date(2026, 11, 1)
"""Dates lie about this one, on which clocks change in Canada."""

_HOURS = (0, 1, 2, 3, 8, 9, 12, 13, 17, 20, 22)
_ELIGIBILITIES = (
    Eligibility(),
    Eligibility(),
    Eligibility(inclusions=((HasFile(),),)),
    Eligibility(inclusions=((FamilyDoctorHere(),),)),
    Eligibility(exclusions=(AgeRange(maximum=5),)),
)


def _text(words: str) -> Text:
    return Text(f"{words} (fr)", f"{words} (en)")


@cache
def dates() -> st.SearchStrategy[date]:
    """A date within a few days of :data:`NEAR`."""
    return st.integers(-2, 5).map(lambda n: NEAR + timedelta(days=n))


@cache
def wall_times() -> st.SearchStrategy[time]:
    """A time on the wall clock, mostly a round one."""
    return st.builds(time, st.sampled_from(_HOURS), st.sampled_from((0, 0, 15, 30)))


def _minutes(*choices: int) -> st.SearchStrategy[timedelta]:
    return st.sampled_from(choices).map(lambda n: timedelta(minutes=n))


@cache
def recurrences() -> st.SearchStrategy[Recurrence]:
    """Daily, on some weekdays, or once."""
    weekly = st.builds(
        Recurrence,
        weekdays=st.frozensets(st.integers(0, 6), min_size=2),
        exceptions=st.frozensets(dates(), max_size=1),
    )
    return st.just(Recurrence()) | weekly | dates().map(Recurrence.once)


@st.composite
def openings(draw: st.DrawFn) -> Opening:
    """A recurring stretch of wall-clock time, over midnight where it does not end later."""
    start, end = draw(wall_times()), draw(wall_times())
    releases = st.builds(Release, days_before=st.integers(0, 2), at=wall_times())
    return Opening(
        start=start,
        end=end,
        ends_next_day=end <= start,
        recurrence=draw(recurrences()),
        activities=draw(st.sampled_from((frozenset({CARE}), frozenset({CARE, SHOT})))),
        interval=draw(_minutes(7, 15, 20, 60, 1440)),
        online=draw(st.sampled_from((True, True, True, False))),
        release=draw(st.none() | releases) if draw(st.booleans()) else None,
    )


@st.composite
def closures(draw: st.DrawFn) -> Closure:
    """A stretch in which nothing is offered."""
    start = datetime.combine(draw(dates()), draw(wall_times()))
    return Closure(start=start, end=start + draw(_minutes(30, 120, 24 * 60)))


@st.composite
def services(draw: st.DrawFn, number: int = 1) -> Service:
    """A service for everybody, or for some."""
    return Service(
        service_id=ServiceId(f"service-{number}"),
        internal_name=f"internal {number}",
        activities=draw(st.sampled_from(((CARE,), (SHOT, CARE)))),
        name=_text(f"service {number}"),
        description=_text(f"about {number}"),
        label=_text("appointment"),
        duration=draw(_minutes(5, 15, 20, 45)),
        mode=draw(st.sampled_from(Mode)),
        eligibility=draw(st.sampled_from(_ELIGIBILITIES)),
        confidential=draw(st.booleans()),
        buffer_before=draw(_minutes(0, 0, 5)),
        buffer_after=draw(_minutes(0, 0, 10)),
        messages=draw(st.sampled_from((True, True, False))),
    )


@st.composite
def schedules(draw: st.DrawFn, number: int = 1) -> Schedule:
    """A practitioner's or a room's agenda."""
    zone = draw(st.none() | st.sampled_from(ZONES).map(ZoneInfo))
    return Schedule(
        schedule_id=ScheduleId(f"schedule-{number}"),
        name=_text(f"schedule {number}"),
        practitioner_id=PractitionerId(f"practitioner-{number}") if draw(st.booleans()) else None,
        place=_text("room 1"),
        zone=zone,
        openings=tuple(draw(st.lists(openings(), min_size=1, max_size=2))),
        closures=tuple(draw(st.lists(closures(), max_size=1))),
    )


@st.composite
def clinics(draw: st.DrawFn) -> Clinic:
    """One to three services on one to three schedules; the first service is for everybody."""
    offered = [draw(services(number)) for number in range(draw(st.integers(1, 3)))]
    return Clinic(
        clinic_id=ClinicId("clinic"),
        name=_text("Clinic"),
        phone="514 555-0100",
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        terms=TERMS,
        services=(evolve(offered[0], eligibility=Eligibility()), *offered[1:]),
        schedules=tuple(draw(schedules(number)) for number in range(draw(st.integers(1, 3)))),
        closures=tuple(draw(st.lists(closures(), max_size=1))),
        policies=Policies(minimum_notice=draw(_minutes(0, 0, 90))),
    )
