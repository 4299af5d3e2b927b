"""What is known of a visitor: the file, its visits in the store and elsewhere, who books (R20)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from omnibook.errors import InvalidValue
from omnibook.facts import (
    FACTS_OF_VISITS,
    UNKNOWN,
    Facts,
    HealthCard,
    PriorVisit,
    PriorVisits,
    UpcomingVisit,
)
from omnibook.identity import ActingFor
from omnibook.ids import AppointmentId, PatientId, ServiceId
from omnibook.known_facts import facts_in, facts_of
from omnibook.patient import Patient, PlannedVisit
from omnibook.records import VISITOR, Appointment, AppointmentStatus, Cancellation
from omnibook.testing.samples import appointment as an_appointment
from omnibook.times import Span
from omnibook.transactions import Scope, Snapshot
from support.worlds import MARIE

ZONE = ZoneInfo("America/Toronto")
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def appointment(
    name: str,
    days: float,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    *,
    service: str = "intake",
    patient: PatientId = MARIE.patient_id,
) -> Appointment:
    """One that starts so many days after now."""
    made = an_appointment()
    start = NOW + timedelta(days=days)
    end = start + timedelta(minutes=30)
    cancellation = Cancellation(at=NOW, by=VISITOR, reason="")
    return evolve(
        made,
        appointment_id=AppointmentId(name),
        slot=evolve(made.slot, service_id=ServiceId(service), start=start, end=end),
        claimed=Span(start, end),
        status=status,
        cancellation=cancellation if status is AppointmentStatus.CANCELLED else None,
        patient_id=patient,
        provisional=None,
    )


def known(
    patient: Patient | None, appointments: Iterable[Appointment] | None = (), **more: object
) -> Facts:
    return facts_of(patient, appointments, now=NOW, zone=ZONE, **more)  # type: ignore[arg-type]


def day(days: float) -> date:
    return (NOW + timedelta(days=days)).astimezone(ZONE).date()


def planned(name: str, days: float, service: str | None = None) -> PlannedVisit:
    return PlannedVisit(visit_id=name, start=NOW + timedelta(days=days), service=service)


def test_a_prior_visit_that_the_directory_tells_is_a_last_visit_too() -> None:
    """R20: the later of what is known."""
    prior = PriorVisits(visits=[PriorVisit("intake", day(-3)), PriorVisit("x", day(-9))])
    for told, last in ((UNKNOWN, -3), (None, -3), (day(-30), -3), (day(-1), -1)):
        marie = evolve(MARIE, last_visit=told, prior_visits=prior)
        assert known(marie).last_visit == day(last)
    met = appointment("a", -2, AppointmentStatus.FULFILLED)
    assert known(evolve(MARIE, prior_visits=prior), [met]).last_visit == day(-2)


# Upcoming ----------------------------------------------------------------------------------------


def test_upcoming_are_the_stores_and_the_directorys_each_id_once() -> None:
    """R20."""
    stated = (planned("a", 1, "intake"), planned("x", 2), planned("x", 2), planned("y", -1))
    marie = evolve(MARIE, upcoming=stated)
    facts = known(marie, [appointment("a", 1), appointment("b", 3, service="walk-in")])

    assert facts.upcoming == (
        UpcomingVisit(day(1), "intake"),
        UpcomingVisit(day(3), "walk-in"),
        UpcomingVisit(day(2)),
    )


@pytest.mark.parametrize("status", AppointmentStatus)
def test_an_appointment_is_upcoming_while_it_takes_place_and_has_not_begun(
    status: AppointmentStatus,
) -> None:
    """R20, R40."""
    upcoming = known(MARIE, [appointment("a", 1, status)]).upcoming
    assert upcoming == ((UpcomingVisit(day(1), "intake"),) if status.occupies else ())
    assert known(MARIE, [appointment("a", 0, status)]).upcoming == ()


def test_of_its_own_appointments_the_store_alone_is_believed() -> None:
    """R20: the directory may not have heard that one was cancelled."""
    marie = evolve(MARIE, upcoming=(planned("a", 1),))
    cancelled = appointment("a", 1, AppointmentStatus.CANCELLED)

    assert known(marie, [cancelled]).upcoming == ()
    assert known(marie, []).upcoming == (UpcomingVisit(day(1)),)


@pytest.mark.parametrize("told", [UNKNOWN, None, ()])
def test_a_directory_that_states_none_leaves_the_stores(told: Any) -> None:
    """R20: what is to come is never unknown once the store was read."""
    marie = evolve(MARIE, upcoming=told)
    assert known(marie).upcoming == ()
    assert known(marie, [appointment("a", 1)]).upcoming == (UpcomingVisit(day(1), "intake"),)


def test_an_appointment_that_is_being_moved_is_not_to_come() -> None:
    """R47: neither by the store nor by the directory."""
    marie = evolve(MARIE, upcoming=(planned("a", 1), planned("b", 1)))
    moved = known(marie, [appointment("a", 1)], ignoring={AppointmentId("a"), AppointmentId("b")})
    assert moved.upcoming == ()


def test_a_visit_is_on_the_clinics_date() -> None:
    """R20: half past nine in the evening in Toronto is tomorrow in UTC."""
    late = appointment("a", 13.5 / 24 + 1)
    assert known(MARIE, [late]).upcoming == (UpcomingVisit(date(2026, 3, 3), "intake"),)
    past = appointment("a", 13.5 / 24 - 3, AppointmentStatus.FULFILLED)
    assert known(MARIE, [past]).last_visit == date(2026, 2, 27)


# Last and prior ----------------------------------------------------------------------------------

DONE = AppointmentStatus.FULFILLED


def test_the_last_visit_is_the_later_of_the_directorys_and_the_stores() -> None:
    """R20."""
    fulfilled = [appointment("a", -30, DONE), appointment("b", -10, DONE)]
    for told, expected in (
        (UNKNOWN, day(-10)),
        (None, day(-10)),
        (day(-20), day(-10)),
        (day(-5), day(-5)),
    ):
        assert known(evolve(MARIE, last_visit=told), fulfilled).last_visit == expected


@pytest.mark.parametrize("told", [UNKNOWN, None, date(2026, 1, 1)])
def test_without_a_fulfilled_one_the_directory_alone_tells(told: Any) -> None:
    """R20: unknown only if the directory is silent and the store has none."""
    others = [appointment("a", -1), appointment("b", -2, AppointmentStatus.NOSHOW)]
    strangers = [appointment("c", -3, DONE, patient=PatientId("p-jean"))]
    marie = evolve(MARIE, last_visit=told)
    assert known(marie, [*others, *strangers]).last_visit is told


def test_prior_visits_are_the_later_of_both_for_each_service() -> None:
    """R20."""
    fulfilled = [
        appointment("a", -30, DONE),
        appointment("b", -10, DONE),
        appointment("c", -9, DONE, service="walk-in"),
    ]
    told = PriorVisits(visits=[PriorVisit("intake", day(-5)), PriorVisit("walk-in", day(-50))])
    facts = known(evolve(MARIE, prior_visits=told), fulfilled)
    assert isinstance(facts.prior_visits, PriorVisits)
    assert facts.prior_visits.of("intake") == day(-5)
    assert facts.prior_visits.of("walk-in") == day(-9)
    assert facts.prior_visits.of("other") is None


def test_a_service_nobody_tells_of_is_unknown_only_if_the_directory_is_silent() -> None:
    """R20, R21."""
    fulfilled = [appointment("a", -30, DONE)]
    silent = known(MARIE, fulfilled).prior_visits
    none = known(evolve(MARIE, prior_visits=None), fulfilled).prior_visits
    assert isinstance(silent, PriorVisits)
    assert isinstance(none, PriorVisits)
    assert (silent.of("intake"), silent.of("other")) == (day(-30), UNKNOWN)
    assert (none.of("intake"), none.of("other")) == (day(-30), None)
    assert known(MARIE).prior_visits is UNKNOWN
    assert known(evolve(MARIE, prior_visits=None)).prior_visits is None


# The rest ----------------------------------------------------------------------------------------


def test_a_merged_files_appointments_are_its_survivors() -> None:
    """R9."""
    marie = evolve(MARIE, replaces=frozenset({PatientId("p-old")}))
    old = appointment("a", 1, patient=PatientId("p-old"))
    assert known(marie, [old]).upcoming == (UpcomingVisit(day(1), "intake"),)
    assert known(MARIE, [old]).upcoming == ()


@pytest.mark.parametrize("file", [None, evolve(MARIE, deceased=True), evolve(MARIE, active=False)])
def test_without_a_live_file_nothing_is_known(file: Patient | None) -> None:
    """R9, R13: nor for whom somebody books."""
    assert known(file, [appointment("a", 1)], acting_for=ActingFor.PARENT) == Facts.none()


@pytest.mark.parametrize(
    ("acting_for", "expected"),
    [(ActingFor.SELF, False), (ActingFor.PARENT, True), (ActingFor.TUTOR, True), (None, UNKNOWN)],
)
def test_who_books_for_whom_is_of_the_visit(acting_for: ActingFor | None, expected: object) -> None:
    """R3, R20."""
    assert known(MARIE, acting_for=acting_for).for_dependant is expected


def test_a_health_number_is_a_card_unless_the_directory_tells_of_cards() -> None:
    """R20, R21."""
    assert MARIE.facts.health_cards == (HealthCard("CA-QC", UNKNOWN),)
    assert evolve(MARIE, health_numbers=()).facts.health_cards is UNKNOWN
    assert evolve(MARIE, health_cards=None).facts.health_cards is None
    cards = (HealthCard("CA-QC", date(2027, 1, 31)),)
    assert evolve(MARIE, health_cards=cards).facts.health_cards == cards


@given(st.sampled_from([MARIE, evolve(MARIE, upcoming=(planned("a", 1),), last_visit=day(-5))]))
def test_unless_the_store_was_asked_nothing_is_known_of_visits(patient: Patient) -> None:
    """R20, R21: a criterion that asks is then not met, rather than judged by half."""
    scope = Scope(clinic_id=an_appointment().clinic_id)
    unread = facts_in(Snapshot(scope=scope, now=NOW), patient, ZONE)
    assert all(getattr(unread, name) is UNKNOWN for name in FACTS_OF_VISITS)
    read = facts_in(Snapshot(scope=evolve(scope, patients=patient.ids), now=NOW), patient, ZONE)
    assert read == facts_of(patient, (), now=NOW, zone=ZONE)
    assert read.upcoming is not UNKNOWN


@pytest.mark.parametrize(
    "wrong",
    [{"visit_id": ""}, {"visit_id": 5}, {"service": 5}, {"start": datetime(2026, 1, 1)}],  # noqa: DTZ001
)
def test_a_planned_visit_is_checked_when_it_is_built(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        PlannedVisit(**{"visit_id": "a", "start": NOW, **wrong})  # type: ignore[arg-type]
    with pytest.raises(InvalidValue):
        evolve(MARIE, upcoming=("a",))  # type: ignore[arg-type]
