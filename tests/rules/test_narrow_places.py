"""Small differences that nothing else would notice."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

import omnibook as ob
from omnibook.audit import Operation
from omnibook.booking import BookRequest, decide_book, linked
from omnibook.clinic import Policies
from omnibook.holds import decide_back
from omnibook.ids import HoldId, OperationId, VisitId
from omnibook.ports import DueNotices
from omnibook.records import VISITOR
from omnibook.transactions import Decision, Scope, Snapshot
from omnibook.visits import decide_touch
from support.looking import trail
from support.variations import slot
from support.worlds import CARE, STAFF, START, World, small_clinic, world

DAY = 24 * 60


def booked(here: World) -> ob.Booked:
    return here.book(here.enter(), slot(DAY))


def test_a_visit_that_the_store_knows_no_more_is_over() -> None:
    """R16: removed after the look, before the transaction."""
    clinic = small_clinic()
    nothing = Snapshot(scope=Scope(clinic_id=clinic.clinic_id), now=START)
    operation = Operation(clinic_id=clinic.clinic_id, operation_id=OperationId("o"), actor=VISITOR)
    request = BookRequest(
        clinic=clinic,
        visit_id=VisitId("v"),
        hold_id=HoldId("h"),
        form=None,
        openings=(),
        patient=None,
        reference="K7TM-42QX",
        operation=operation,
    )

    assert decide_back(VisitId("v"), Policies(), operation, nothing) == Decision(ob.VisitOver())
    assert decide_book(request, nothing) == Decision(ob.VisitOver())
    assert decide_touch(Policies(), nothing) == Decision(None)


def test_a_link_of_another_revision_or_of_nothing_shows_nothing() -> None:
    """R44."""
    here = world()
    appointment = booked(here).appointment

    assert linked(appointment, 1, here.clinic, START) == ob.LinkDead()
    assert linked(None, 0, here.clinic, START) == ob.LinkDead()
    assert isinstance(linked(appointment, 0, here.clinic, START), ob.LinkedAppointment)


@pytest.mark.parametrize(("length", "fits"), [(500, True), (501, False)])
def test_the_longest_reason_for_a_cancellation(length: int, fits: bool) -> None:
    """R47."""
    here = world()
    outcome = here.portal.cancel(booked(here).link, "a" * length)

    assert isinstance(outcome, ob.Cancelled) is fits


def test_staff_who_cancel_twice_see_it_twice() -> None:
    """R50: the reason may be the patient's own words."""
    here = world()
    identifier = booked(here).appointment.appointment_id
    for _ in range(2):
        here.desk.cancel(identifier, reason="", actor=STAFF)

    assert [event.action for event in trail(here.store)].count("cancel") == 2


@pytest.mark.parametrize("minutes", [0, 1])
def test_cancelling_what_has_begun_sends_nothing(minutes: int) -> None:
    """R46: it corrects a record."""
    here = world()
    appointment = booked(here).appointment
    here.dispatcher.run_once()
    here.clock.set(appointment.slot.start + timedelta(minutes=minutes))
    here.dispatcher.run_once()
    here.desk.cancel(appointment.appointment_id, reason="", actor=STAFF)
    _, due = here.store.read(DueNotices(clinic_id=here.clinic.clinic_id))

    assert due == ()


def test_a_silent_activity_keeps_a_desk_booking_silent() -> None:
    """R45: also should the activity speak again later."""
    here = world(small_clinic(silent_activities=frozenset({CARE})))
    outcome = here.desk.book("r", slot(DAY), ob.BookingForm("x"), patient="p-marie", actor=STAFF)

    assert isinstance(outcome, ob.Booked)
    assert not outcome.appointment.messages


def test_whose_data_an_explanation_shows_is_its_audit_events_subject() -> None:
    """R50."""
    here = world()
    start = START + timedelta(hours=1)
    here.desk.explain_time("open", "gagnon", start, actor=STAFF, patient_id="p-marie")
    here.desk.explain_service("p-marie", "open", actor=STAFF)
    subjects = {event.action: event.subject for event in trail(here.store)}

    assert subjects["explain-time"] == subjects["explain-service"] is not None


@pytest.mark.parametrize("day", [date(2, 1, 1), date(9998, 12, 31)])
def test_the_first_and_the_last_day_can_be_looked_at(day: date) -> None:
    here = world()
    noon = datetime.combine(day, time(12), tzinfo=UTC)

    assert here.desk.day(day, actor=STAFF).appointments == ()
    assert isinstance(
        here.desk.explain_time("open", "gagnon", noon, actor=STAFF), ob.TimeExplanation
    )
