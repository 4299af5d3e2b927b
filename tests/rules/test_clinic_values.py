"""A clinic's values: defaults of the rules, and bounds that keep every sum a date."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from omnibook.clinic import (
    Clinic,
    Closure,
    DayPart,
    Policies,
    Recurrence,
    Release,
    Reminders,
    Retention,
)
from omnibook.contacts import ContactSystem
from omnibook.errors import InvalidValue
from omnibook.health_numbers import SHIPPED_ISSUERS, CheckLevel, HealthNumber, Issuer
from omnibook.identity import Identity
from omnibook.ids import ScheduleId
from omnibook.times import Span
from support.naive_availability import Scene, generated, searched
from support.strategies_scenes import desk_opening
from support.worlds import MARIES_FORM, START, opening, schedule, service, small_clinic


def midnight(year: int, month: int, day: int) -> datetime:
    return datetime.combine(date(year, month, day), time())


def test_a_grid_is_of_whole_minutes_and_a_day_wide_at_most() -> None:
    """R30: recurring openings and the desk's alike, in the words of the clinic's file."""
    minute = timedelta(minutes=1)
    made = desk_opening(Span(START, START + 5 * minute), ScheduleId("a"), minute)
    for interval in (minute, 1440 * minute):
        assert evolve(opening(), interval=interval).interval == interval
        assert evolve(made, interval=interval).interval == interval
    for interval in (timedelta(), -minute, minute / 2, 1441 * minute, timedelta.max):
        for each in (opening(), made):
            with pytest.raises(InvalidValue, match="whole number of minutes from 1 to 1440"):
                evolve(each, interval=interval)


def test_policies_default_to_what_the_rules_say() -> None:
    """R3, R16, R24, R27, R33, R36, R43, R47, R51, R52."""
    usual = Policies()
    assert usual.retention == Retention(
        visits=timedelta(hours=24),
        provisional=timedelta(days=90),
        notices=timedelta(days=90),
        audit=timedelta(days=2 * 365),
    )
    assert usual.self_minimum_age == 14
    assert (usual.visit_idle, usual.visit_total) == (timedelta(minutes=30), timedelta(hours=2))
    assert usual.visit_activity == timedelta(minutes=5)
    assert usual.hold == timedelta(minutes=5)
    assert usual.horizon == timedelta(hours=365 * 24)
    assert usual.minimum_notice == timedelta()
    assert usual.cancel_cutoff == timedelta(hours=2)
    assert (usual.holds_per_contact, usual.holds_per_source) == (2, 3)
    assert (usual.upcoming_per_contact, usual.upcoming_per_source_and_day) == (2, 3)
    assert usual.one_upcoming_per_service
    assert usual.morning == DayPart(time(0), time(12))
    assert usual.afternoon == DayPart(time(12), time(17))
    assert usual.evening == DayPart(time(17), None)
    assert usual.reminders.offsets == (timedelta(hours=24),)
    assert (usual.reminders.quiet_from, usual.reminders.quiet_until) == (time(21), time(8))
    assert usual.reminders.shortest == timedelta(hours=2)
    assert usual.channels == set(ContactSystem)


def test_a_service_is_without_buffers_or_criteria_unless_it_says_so() -> None:
    """R17, R18."""
    made = service("visit")
    assert made.buffer_before == made.buffer_after == timedelta()
    assert made.eligibility.is_open
    assert not made.confidential
    assert made.messages


def test_what_a_clinic_configures_cannot_be_changed() -> None:
    clinic = small_clinic()
    with pytest.raises(FrozenInstanceError):
        clinic.phone = "1"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (midnight(1, 1, 1), midnight(2026, 1, 1)),
        (midnight(2026, 1, 1), midnight(9999, 12, 31)),
    ],
)
def test_a_closure_lies_within_the_calendar_of_every_zone(start: datetime, end: datetime) -> None:
    """R27: else looking for a time would fail."""
    with pytest.raises(InvalidValue, match="9998"):
        Closure(start=start, end=end)


def test_a_closure_for_ever_closes_and_nothing_fails() -> None:
    """R27."""
    ever = Closure(start=midnight(2, 1, 1), end=midnight(9998, 12, 31))
    scene = Scene(clinic=small_clinic(closures=(ever,)), service=service("visit"), now=START)
    assert searched(scene, 1) == []


@pytest.mark.parametrize("days_before", [-1, 36_526])
def test_a_release_comes_before_its_date(days_before: int) -> None:
    """R27."""
    with pytest.raises(InvalidValue, match="days before"):
        Release(days_before=days_before, at=time(7))


def test_the_farthest_release_and_horizon_can_be_searched() -> None:
    """R27."""
    policies = evolve(Policies(), horizon=timedelta(days=36_525))
    with pytest.raises(InvalidValue, match="hundred years"):
        evolve(policies, horizon=timedelta(days=36_525, minutes=1))
    released = Release(days_before=36_525, at=time(7))
    once = opening(recurrence=Recurrence.once(date(2026, 3, 4)), release=released)
    clinic = small_clinic(schedules=(schedule("a", once),), policies=policies)
    scene = Scene(clinic=clinic, service=service("visit"), now=START)
    assert (
        searched(scene, 3)
        == generated(evolve(scene, clinic=evolve(clinic, policies=Policies())))[:3]
    )


@given(
    st.frozensets(st.integers(0, 6)),
    st.none() | st.integers(-9, 9),
    st.none() | st.integers(-9, 9),
    st.frozensets(st.integers(-9, 9), max_size=3),
)
def test_a_recurrence_is_on_its_weekdays_within_its_dates_but_for_exceptions(
    weekdays: frozenset[int], first: int | None, last: int | None, exceptions: frozenset[int]
) -> None:
    """R30."""
    base = date(2026, 3, 2)

    def day(number: int) -> date:
        return base + timedelta(days=number)

    made = Recurrence(
        weekdays=weekdays,
        first=None if first is None else day(first),
        last=None if last is None else day(last),
        exceptions=frozenset(map(day, exceptions)),
    )
    lowest, highest = (-99 if first is None else first), (99 if last is None else last)
    wanted = [
        number
        for number in range(-12, 13)
        # The second of March 2026 is a Monday.
        if number % 7 in weekdays and lowest <= number <= highest and number not in exceptions
    ]
    assert [number for number in range(-12, 13) if day(number) in made] == wanted


def test_a_clinic_is_read_from_a_file_by_its_own_name() -> None:
    """The example that is shipped."""
    clinic = Clinic.from_toml(Path(__file__).parents[2] / "examples" / "clinic.toml")
    assert len(clinic.services) == 6
    assert clinic.service(clinic.services[0].service_id) is clinic.services[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Recurrence(weekdays=frozenset({1, 7})),
        lambda: evolve(opening(), start=time(8, tzinfo=UTC)),
        lambda: evolve(opening(), end=time(12, tzinfo=UTC)),
        lambda: Release(days_before=1, at=time(8, tzinfo=UTC)),
        lambda: Reminders(offsets=(timedelta(),)),
        lambda: Policies(self_minimum_age=-1),
        lambda: Policies(holds_per_contact=-1),
        lambda: Policies(visit_idle=timedelta(minutes=5)),
        lambda: small_clinic(region="XX"),
        lambda: small_clinic(health_number_issuer="XX"),
    ],
)
def test_a_value_that_could_not_be_used_cannot_be_built(make: Callable[[], object]) -> None:
    """R4, R16, R27, R30, R36, R43: found at the start, not before the first visitor."""
    with pytest.raises(InvalidValue):
        make()


def test_a_clinic_reads_forms_with_its_own_issuers() -> None:
    """R4: what a host adds to the shipped ones reaches the identity form."""
    invented = Issuer(
        code="ZZ",
        name="Nowhere",
        system="https://example.org/zz",
        level=CheckLevel.FORMAT,
        validate=lambda text: text == "12345",
        format=lambda text: text,
    )
    clinic = small_clinic(issuers=SHIPPED_ISSUERS.adding(invented), health_number_issuer="ZZ")
    form = evolve(MARIES_FORM, health_number="12345")
    read = form.parse(clinic.entry_rules, today=date(2026, 3, 2))

    assert isinstance(read, Identity)
    assert read.health_number == HealthNumber("ZZ", "12345")


@pytest.mark.parametrize("name", ["visits", "provisional", "notices", "audit"])
@pytest.mark.parametrize("days", [-1, 36526])
def test_nothing_is_kept_for_less_than_no_time_or_for_more_than_a_hundred_years(
    name: str, days: int
) -> None:
    """R51."""
    with pytest.raises(InvalidValue, match="retention"):
        Retention(**{name: timedelta(days=days)})
