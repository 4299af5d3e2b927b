"""The desk opens, closes, books and cancels (R15, R30, R33, R38, R40, R45–R48, R50)."""

from datetime import timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.ids import AppointmentId, ScheduleId, ServiceId
from omnibook.ports import AuditTrail, ReadScope
from omnibook.records import AppointmentStatus, Busy, FlagCode
from omnibook.times import Span
from omnibook.transactions import Decision, PutAppointment, Scope
from support.busy import import_busy
from support.variations import MICRO, InterruptedStore, at, review, slot, stranger, under
from support.worlds import (
    MARIE,
    SHOT,
    STAFF,
    START,
    World,
    phone,
    service,
    small_clinic,
    world,
)

DAY = 24 * 60
FORM = ob.BookingForm("a sore throat")
NIGHT = slot(14 * 60)
"""22:00, when nothing is open."""


def desk_book(w: World, request: str, wish: ob.Slot, patient: object = "p-marie") -> object:
    return w.desk.book(request, wish, FORM, patient=patient, actor=STAFF)  # type: ignore[arg-type]


def open_time(w: World, request: str, wish: ob.Slot, **more: object) -> object:
    arguments = {"activities": ("care",), "interval": timedelta(minutes=15), **more}
    return w.desk.open_time(
        request,
        wish.schedule_id,
        wish.start,
        wish.end,
        actor=STAFF,
        **arguments,  # type: ignore[arg-type]
    )


def close_time(w: World, request: str, wish: ob.Slot) -> object:
    return w.desk.close_time(request, wish.schedule_id, wish.start, wish.end, actor=STAFF)


def trail(w: World) -> list[tuple[str, str]]:
    span = Span(START, START + timedelta(days=9))
    _, found = w.store.read(AuditTrail(clinic_id=w.clinic.clinic_id, span=span))
    return sorted((event.action, event.code) for event in found if event.actor == STAFF)


# Book (R33, R38, R40, R48) -----------------------------------------------------------------------


def test_the_clinic_does_not_book_over_a_held_time_before_the_hold_is_over() -> None:
    """R33, R34."""
    w = world()
    w.hold(stranger(w, 1), slot())

    w.clock.set(START + timedelta(minutes=5) - MICRO)
    assert desk_book(w, "r", slot()) == ob.TimeTaken()
    assert desk_book(w, "r", slot(-15, length=30)) == ob.TimeTaken()
    w.clock.set(START + timedelta(minutes=5))
    assert isinstance(desk_book(w, "r", slot()), ob.Booked)


def test_the_desk_does_not_book_over_an_appointment_nor_over_the_hosts_busy_time() -> None:
    """R40, R48."""
    w = world()
    w.book(stranger(w, 1), slot())
    busy = Busy(span=slot(30).span, schedule_id=slot().schedule_id, busy_id="b")
    import_busy(w.store, w.clinic.clinic_id, (busy,))

    assert desk_book(w, "a", slot()) == ob.TimeTaken()
    assert desk_book(w, "b", slot(30)) == ob.TimeTaken()
    assert isinstance(desk_book(w, "c", slot(15)), ob.Booked)
    assert isinstance(desk_book(w, "d", slot(on="nguyen")), ob.Booked)


@pytest.mark.parametrize(
    "wish",
    [NIGHT, slot(7), slot(0, length=95), slot(DAY * 500), slot(-DAY), slot(0, "child", length=30)],
    ids=["no opening", "off the grid", "long", "beyond the horizon", "past", "not eligible"],
)
def test_the_desk_books_outside_openings_notice_and_eligibility(wish: ob.Slot) -> None:
    """R48."""
    w = world()

    booked = desk_book(w, "r", wish)

    assert isinstance(booked, ob.Booked)
    assert booked.appointment.slot == wish
    assert booked.appointment.booked_by == STAFF


def test_a_desk_booking_claims_no_buffer_unless_it_is_given_one() -> None:
    """R27: whatever the service's own buffers are."""
    buffered = service("open", 15, buffer_before=timedelta(minutes=15))
    w = world(small_clinic(services=(buffered,)))
    assert isinstance(desk_book(w, "a", slot(0)), ob.Booked)
    assert isinstance(desk_book(w, "b", slot(15)), ob.Booked)

    booked = w.desk.book(
        "c",
        slot(60),
        FORM,
        patient="p-jean",
        actor=STAFF,
        buffer_before=timedelta(minutes=10),
        buffer_after=timedelta(minutes=5),
    )

    assert isinstance(booked, ob.Booked)
    assert booked.appointment.claimed == Span(at(50), at(80))
    assert desk_book(w, "d", slot(45)) == ob.TimeTaken()
    assert desk_book(w, "e", slot(75)) == ob.TimeTaken()
    assert isinstance(desk_book(w, "f", slot(80)), ob.Booked)
    over = w.desk.book(
        "g", slot(95), FORM, patient="p-jean", actor=STAFF, buffer_before=timedelta(minutes=1)
    )
    assert over == ob.TimeTaken()


def test_a_repeated_request_answers_the_appointment_as_it_stands() -> None:
    """R38: and one that is used for something else shows nothing of it."""
    w = world()
    booked = desk_book(w, "r", slot(DAY))
    assert isinstance(booked, ob.Booked)

    assert desk_book(w, "r", slot(DAY)) == booked
    assert desk_book(w, "r", slot(DAY + 60)) == ob.RequestReused()
    assert desk_book(w, "r", slot(DAY), "p-jean") == ob.RequestReused()
    w.desk.cancel(booked.appointment.appointment_id, reason="", actor=STAFF)
    again = desk_book(w, "r", slot(DAY))
    assert isinstance(again, ob.Booked)
    assert again.appointment.status is AppointmentStatus.CANCELLED
    assert again.reference == booked.reference
    # R50: each repetition shows the appointment to staff again.
    assert sorted(action for action, _ in trail(w)) == ["cancel", *["desk-book"] * 3]


def test_the_desk_books_for_somebody_without_a_file() -> None:
    """R15."""
    w = world()
    form = ob.IdentityForm(
        first_name="Someone",
        last_name="Unknown",
        birth_date="1990-05-17",
        gender="other",
        email="someone@example.org",
    )

    booked = desk_book(w, "r", slot(), form)

    assert isinstance(booked, ob.Booked)
    assert booked.appointment.patient_id is None
    assert booked.appointment.provisional is not None
    assert booked.appointment.provisional.first_name == "Someone"


def test_the_desk_adds_a_contact_to_the_file_as_the_patient_would() -> None:
    """R41: and the first one is flagged."""
    w = world(patients=(evolve(MARIE, contacts=()),))

    w.desk.book(
        "r", slot(), ob.BookingForm("x", cell_phone="514 555-0188"), patient="p-marie", actor=STAFF
    )

    file = w.directory.get(MARIE.patient_id)
    assert file is not None
    assert file.contacts == (phone(88, verified=False),)
    flags = w.desk.day(START.date(), actor=STAFF).flags
    assert [flag.code for flag in flags] == [FlagCode.FIRST_CONTACT]


def conflicts(w: World) -> list[str]:
    """The claims of the first day that the host's busy times lie over."""
    day = Span(START, START + timedelta(days=1))
    scope = Scope(
        clinic_id=w.clinic.clinic_id,
        schedules={each.schedule_id: day for each in w.clinic.schedules},
    )
    _, snapshot = w.store.read(ReadScope(scope))
    found = ob.desk_busy.busy_conflicts(snapshot)
    assert {flag.code for flag in found} <= {FlagCode.BUSY_CONFLICT}
    assert len({flag.flag_id for flag in found}) == len(found)
    return [flag.appointment_id for flag in found]


def test_busy_times_over_claims_are_listed_and_evict_nothing() -> None:
    """R40: over appointments and live holds; not beside them, not on another schedule."""
    w = world()
    later = w.book(w.enter(), slot(60)).appointment
    booked = w.book(stranger(w, 1), slot(0)).appointment
    w.book(stranger(w, 2), slot(0, on="nguyen"))
    w.book(stranger(w, 3), slot(30))
    visit = stranger(w, 4)
    held, lapsing = w.hold(visit, slot(15)), w.hold(stranger(w, 5), slot(120))
    assert conflicts(w) == []
    busy = [
        Busy(span=Span(at(start), at(end)), schedule_id=slot().schedule_id, busy_id=str(start))
        for start, end in ((0, 30), (10, 20), (70, 90), (120, 130))
    ]

    import_busy(w.store, w.clinic.clinic_id, busy)

    three = [held.hold_id, later.appointment_id, lapsing.hold_id]
    assert conflicts(w) == [booked.appointment_id, *three]
    w.desk.cancel(booked.appointment_id, reason="", actor=STAFF)
    assert conflicts(w) == three
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)
    w.wait(minutes=5)
    assert conflicts(w) == three[:2]


# Open and close (R48) ----------------------------------------------------------------------------


def test_what_the_desk_opens_is_offered_on_its_own_grid_until_it_is_withdrawn() -> None:
    """R48, R30, R38."""
    w = world()
    evening = slot(14 * 60, length=120)
    opened = open_time(w, "r", evening, interval=timedelta(minutes=20))
    assert isinstance(opened, ob.Opened)
    assert open_time(w, "r", evening, interval=timedelta(minutes=20)) == opened
    assert open_time(w, "r", slot(0)) == ob.RequestReused()
    visit = w.enter()

    assert isinstance(review(w, visit, slot(14 * 60 + 20)), ob.Held)
    assert isinstance(review(w, visit, slot(14 * 60 + 15)), ob.SlotTaken)
    w.portal.go_back(visit)
    assert w.desk.withdraw_opening(opened.opening_id, actor=STAFF) == ob.Withdrawn()
    assert w.desk.withdraw_opening(opened.opening_id, actor=STAFF) == ob.Withdrawn()
    assert isinstance(review(w, visit, slot(14 * 60 + 20)), ob.SlotTaken)
    assert trail(w) == [("open", "desk.opened"), ("withdraw-opening", "desk.withdrawn")]


def test_an_opening_is_for_its_activities_only() -> None:
    """R48, R27."""
    clinic = small_clinic()
    shots = service("shots", activities=(SHOT,))
    w = world(evolve(clinic, services=(*clinic.services, shots)))
    open_time(w, "r", slot(14 * 60, length=120), activities=(SHOT,))

    assert isinstance(review(w, w.enter(), slot(14 * 60)), ob.SlotTaken)


def test_what_the_desk_closes_is_not_offered_until_it_is_withdrawn() -> None:
    """R48, R38."""
    w = world()
    closed = close_time(w, "r", slot(0, length=60))
    assert isinstance(closed, ob.Closed)
    assert close_time(w, "r", slot(0, length=60)) == closed
    visit = w.enter()

    for minutes in (0, 15, 45):
        assert isinstance(review(w, visit, slot(minutes)), ob.SlotTaken)
    assert isinstance(review(w, visit, slot(60)), ob.Held)
    assert w.desk.withdraw_closure(closed.closure_id, actor=STAFF) == ob.Withdrawn()
    assert w.desk.withdraw_closure(closed.closure_id, actor=STAFF) == ob.Withdrawn()
    assert isinstance(review(w, visit, slot(0)), ob.Held)
    assert trail(w) == [("close", "desk.closed"), ("withdraw-closure", "desk.withdrawn")]


def test_a_held_time_is_not_closed_before_the_hold_is_over() -> None:
    """R48, R34: what touches it, and another schedule, can be."""
    w = world()
    w.hold(w.enter(), slot(30))

    assert close_time(w, "a", slot(0, length=45)) == ob.TimeTaken()
    assert close_time(w, "b", slot(30)) == ob.TimeTaken()
    assert isinstance(close_time(w, "c", slot(45)), ob.Closed)
    assert isinstance(close_time(w, "d", slot(0, length=30)), ob.Closed)
    assert isinstance(close_time(w, "e", slot(30, on="nguyen")), ob.Closed)
    w.wait(minutes=5)
    assert isinstance(close_time(w, "a", slot(0, length=45)), ob.Closed)


def test_a_holds_buffers_do_not_keep_the_time_beside_it_from_being_closed() -> None:
    """R48, R27: a closure is about the slot, which alone must lie in an opening."""
    buffered = service("open", 15, buffer_after=timedelta(minutes=15))
    w = world(small_clinic(services=(buffered,)))
    visit = w.enter()
    held = w.hold(visit, slot())

    assert isinstance(close_time(w, "r", slot(15)), ob.Closed)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)


def test_closing_over_appointments_leaves_and_lists_them() -> None:
    """R48: those that stand, and start in it or reach into it."""
    w = world()
    kept = w.book(w.enter(), slot(30, "file", length=30)).appointment
    gone = desk_book(w, "r", slot(0))
    assert isinstance(gone, ob.Booked)
    w.desk.cancel(gone.appointment.appointment_id, reason="", actor=STAFF)
    desk_book(w, "s", slot(60))

    closed = close_time(w, "c", slot(0, length=45))

    assert isinstance(closed, ob.Closed)
    assert closed.appointments == (kept,)


def test_a_closed_time_can_still_be_booked_by_the_desk() -> None:
    """R48."""
    w = world()
    close_time(w, "c", slot(0, length=60))

    assert isinstance(desk_book(w, "r", slot(0)), ob.Booked)


# Cancel (R46, R47) -------------------------------------------------------------------------------


def test_the_desk_cancels_at_any_time_and_says_who_and_why() -> None:
    """R47: after the cut-off, and after the start."""
    w = world()
    booked = w.book(w.enter(), slot())
    w.clock.set(at(10))

    done = w.desk.cancel(booked.appointment.appointment_id, reason=" ill ", actor=STAFF)

    assert isinstance(done, ob.Cancelled)
    assert done.slot == slot()
    assert (done.cancellation.at, done.cancellation.by) == (at(10), STAFF)
    assert done.cancellation.reason == "ill"
    assert done == w.desk.cancel(
        booked.appointment.appointment_id, reason="other", actor=ob.Actor.staff("another")
    )


def test_what_the_desk_cancels_is_free_at_once_or_closed() -> None:
    """R46: each is a line in the audit trail (R50)."""
    w = world()
    free, dropped = w.book(w.enter(), slot(DAY)), w.book(stranger(w, 1), slot(DAY + 30))
    w.desk.cancel(free.appointment.appointment_id, reason="", actor=STAFF)
    w.desk.cancel(dropped.appointment.appointment_id, reason="", actor=STAFF, close_time=True)
    visit = stranger(w, 2)

    assert isinstance(review(w, visit, slot(DAY + 30)), ob.SlotTaken)
    assert isinstance(review(w, visit, slot(DAY)), ob.Held)
    assert trail(w) == [
        ("cancel", "appointment.cancelled"),
        ("cancel", "appointment.cancelled"),
        ("close", "desk.closed"),
    ]


@pytest.mark.parametrize("status", list(AppointmentStatus))
def test_only_what_is_booked_or_arrived_is_cancelled(status: AppointmentStatus) -> None:
    """R47."""
    w = world()
    booked = w.book(w.enter(), slot()).appointment
    if status is not AppointmentStatus.CANCELLED:
        became = evolve(booked, status=status)
        scope = Scope(clinic_id=w.clinic.clinic_id, schedules={slot().schedule_id: slot().span})
        w.store.transact(scope, lambda _: Decision(None, (PutAppointment(became),)))

    outcome = w.desk.cancel(booked.appointment_id, reason="", actor=STAFF)

    if status.value in {"booked", "arrived", "cancelled"}:
        assert isinstance(outcome, ob.Cancelled)
    else:
        assert outcome == ob.NotCancellable(status=status)


def test_an_unknown_appointment_is_not_found() -> None:
    w = world()

    assert w.desk.cancel(AppointmentId("x"), reason="", actor=STAFF) == ob.NotFound()


def test_an_appointment_that_appears_or_moves_after_the_look_is_cancelled_all_the_same() -> None:
    """R39, R40: the decision asks for the schedule that it needs, by desk and by link."""
    w = world()
    interrupted = InterruptedStore(w.store)
    seen = under(w, store=interrupted)
    identifier = ob.desk.appointment_of(w.clinic.clinic_id, "r")
    interrupted.before_the_next_transaction(lambda: desk_book(w, "r", slot(DAY)))

    assert isinstance(seen.desk.cancel(identifier, reason="", actor=STAFF), ob.Cancelled)
    assert interrupted.runs == 2
    assert isinstance(desk_book(w, "s", slot(DAY)), ob.Booked)

    booked = w.book(stranger(w, 1), slot(DAY + 60))
    elsewhere = slot(DAY + 60, on="nguyen")
    moved = evolve(booked.appointment, slot=elsewhere, claimed=elsewhere.span)
    spans = {slot().schedule_id: elsewhere.span, elsewhere.schedule_id: elsewhere.span}
    scope = Scope(clinic_id=w.clinic.clinic_id, schedules=spans)
    interrupted.before_the_next_transaction(
        lambda: w.store.transact(scope, lambda _: Decision(None, (PutAppointment(moved),)))
    )
    assert isinstance(seen.portal.cancel(booked.link), ob.Cancelled)
    assert isinstance(desk_book(w, "t", elsewhere), ob.Booked)


# The three-cornered race (R31, R40) --------------------------------------------------------------


def test_who_is_later_than_the_desk_loses() -> None:
    """R31: and who is later than a visitor, too."""
    w = world()
    interrupted = InterruptedStore(w.store)
    seen = under(w, store=interrupted)
    visit = stranger(w, 1)

    interrupted.before_the_next_transaction(lambda: desk_book(w, "r", slot()))
    assert isinstance(review(seen, visit, slot()), ob.SlotTaken)
    interrupted.before_the_next_transaction(lambda: w.hold(visit, slot(30)))
    assert desk_book(seen, "s", slot(30)) == ob.TimeTaken()
    interrupted.before_the_next_transaction(lambda: w.hold(visit, slot(60)))
    assert close_time(seen, "c", slot(60)) == ob.TimeTaken()


def test_the_desks_identifiers_follow_from_clinic_kind_and_request() -> None:
    """R38."""
    here, there = small_clinic().clinic_id, ob.ids.ClinicId("another")
    made = [
        make(clinic, request)
        for make in (ob.desk.appointment_of, ob.desk.opening_of, ob.desk.closure_of)
        for clinic in (here, there)
        for request in ("r", "s")
    ]

    assert len(set(made)) == len(made)
    assert ob.desk.opening_of(here, "r") == ob.desk.opening_of(here, "r")


def test_an_unknown_service_or_schedule_is_not_found() -> None:
    w = world()
    nowhere = ob.Slot(ServiceId("open"), ScheduleId("nobody"), at(0), at(15))

    assert desk_book(w, "r", slot(of="nothing")) == ob.NotFound()
    assert desk_book(w, "r", nowhere) == ob.NotFound()
    assert open_time(w, "r", nowhere) == ob.NotFound()
    assert close_time(w, "r", nowhere) == ob.NotFound()
