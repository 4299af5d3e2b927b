"""A clinic's values: what cannot be built."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from omnibook.clinic import (
    Clinic,
    Closure,
    DayPart,
    Opening,
    Policies,
    Recurrence,
    Schedule,
    Service,
    Terms,
    Text,
)
from omnibook.errors import InvalidValue
from omnibook.ids import ActivityId, ClinicId, ScheduleId, ServiceId

T = Text("oui", "yes")
SERVICE = Service(
    service_id=ServiceId("visit"),
    internal_name="visit",
    activities=(ActivityId("visit"),),
    name=T,
    description=T,
    label=T,
    duration=timedelta(minutes=20),
)
OPENING = Opening(
    start=time(9),
    end=time(12),
    activities=frozenset({ActivityId("visit")}),
    interval=timedelta(minutes=15),
)
SCHEDULE = Schedule(schedule_id=ScheduleId("room"), name=T, place=T)
CLINIC = Clinic(
    clinic_id=ClinicId("small"),
    name=T,
    phone="514 555-0100",
    zone=ZoneInfo("America/Toronto"),
    terms=Terms(document="terms", version="1"),
    services=(SERVICE,),
    schedules=(SCHEDULE,),
)
NOON = datetime.combine(date(2026, 12, 24), time(12))


def test_a_text_is_in_french_unless_english_is_asked() -> None:
    assert (T["fr"], T["en"], T["de"]) == ("oui", "yes", "oui")


@pytest.mark.parametrize(
    "change",
    [
        {"duration": timedelta()},
        {"duration": timedelta(minutes=-5)},
        {"duration": timedelta(seconds=90)},
        {"buffer_before": timedelta(minutes=-1)},
        {"buffer_after": timedelta(seconds=1)},
        {"activities": ()},
    ],
)
def test_a_service_lasts_whole_minutes_and_has_an_activity(change: dict[str, Any]) -> None:
    """R17."""
    with pytest.raises(InvalidValue):
        evolve(SERVICE, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"interval": timedelta()},
        {"interval": timedelta(seconds=90)},
        {"interval": timedelta(minutes=1441)},
        {"interval": timedelta.max},
        {"activities": frozenset()},
    ],
)
def test_an_opening_has_a_grid_and_an_activity(change: dict[str, Any]) -> None:
    """R30."""
    with pytest.raises(InvalidValue):
        evolve(OPENING, **change)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOON, NOON),
        (NOON, NOON - timedelta(hours=1)),
        (NOON.replace(tzinfo=UTC), NOON),
        (NOON, NOON.replace(tzinfo=UTC)),
    ],
)
def test_a_closure_runs_from_a_wall_time_to_a_later_one(start: datetime, end: datetime) -> None:
    """R27."""
    with pytest.raises(InvalidValue):
        Closure(start=start, end=end)


def test_a_recurrence_holds_the_dates_of_its_days_but_for_exceptions() -> None:
    """R30."""
    mondays = Recurrence(
        weekdays=frozenset({0}),
        first=date(2026, 11, 23),
        last=date(2026, 12, 14),
        exceptions=frozenset({date(2026, 12, 7)}),
    )
    every = [date(2026, 11, 1) + timedelta(days=day) for day in range(60)]
    assert [day for day in every if day in mondays] == [
        date(2026, 11, 23),
        date(2026, 11, 30),
        date(2026, 12, 14),
    ]
    once = Recurrence.once(date(2026, 12, 5))
    assert [day for day in every if day in once] == [date(2026, 12, 5)]


def test_a_part_of_the_day_has_its_first_time_in_it_and_its_last_not() -> None:
    """R24."""
    morning, evening = DayPart(time(8), time(12)), DayPart(time(17), None)
    assert time(8) in morning
    assert time(12) not in morning
    assert time(7, 59) not in morning
    assert time(23, 59) in evening
    assert time(16, 59) not in evening


@pytest.mark.parametrize(
    "change",
    [
        {"hold": timedelta()},
        {"visit_idle": timedelta()},
        {"visit_total": timedelta(minutes=-1)},
        {"horizon": timedelta()},
        {"minimum_notice": timedelta(minutes=-1)},
        {"cancel_cutoff": timedelta(minutes=-1)},
        {"visit_activity": timedelta(minutes=-1)},
    ],
)
def test_policies_are_of_sensible_durations(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        evolve(Policies(), **change)


def test_a_clinic_finds_its_services_and_schedules() -> None:
    assert CLINIC.service("visit") is SERVICE
    assert CLINIC.schedule("room") is SCHEDULE
    assert CLINIC.service("room") is None
    assert CLINIC.schedule(5) is None


def test_two_services_or_schedules_of_one_id_cannot_be() -> None:
    with pytest.raises(InvalidValue, match="'visit'"):
        evolve(CLINIC, services=(SERVICE, SERVICE))
    with pytest.raises(InvalidValue, match="'room'"):
        evolve(CLINIC, schedules=(SCHEDULE, SCHEDULE))
