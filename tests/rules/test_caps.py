"""How many times one contact detail or one place may hold and book (R36)."""

from datetime import timedelta

from attrs import evolve

import omnibook as ob
from omnibook.holds import appointments_capped
from omnibook.ids import ContactKey, SourceKey
from omnibook.records import AppointmentStatus
from omnibook.testing.samples import CLINIC, NOW, appointment
from omnibook.transactions import Scope, Snapshot
from support.variations import MICRO, at, review, roomy, slot, stranger, under
from support.worlds import JEANS_FORM, STAFF, START, World, world

DAY = 24 * 60


def book(w: World, visit: ob.VisitToken, wish: ob.Slot) -> object:
    """Review and book; the outcome of whichever refuses."""
    held = review(w, visit, wish)
    return w.portal.book(visit, held.hold_id) if isinstance(held, ob.Held) else held


# Live holds --------------------------------------------------------------------------------------


def test_a_contact_detail_has_two_live_holds_at_most() -> None:
    """R36: wherever it was typed, on the identity form or on the booking form."""
    w = world()
    w.hold(w.enter(source="a"), slot())
    second = stranger(w, 1)
    assert isinstance(review(w, second, slot(15), email="MARIE@example.org"), ob.Held)

    assert isinstance(review(w, w.enter(source="b"), slot(30)), ob.TooManyHolds)
    third = stranger(w, 2)
    refused = review(w, third, slot(30), email="marie@example.org")
    assert isinstance(refused, ob.TooManyHolds)
    assert isinstance(review(w, third, slot(30)), ob.Held)


def test_the_identity_forms_contact_counts_even_if_the_booking_form_leaves_it_out() -> None:
    """R36."""
    w = world()
    for number, minutes in ((1, 0), (1, 15)):
        held = review(
            w,
            stranger(w, number, source=str(minutes)),
            slot(minutes),
            cell_phone="",
            email="a@example.org",
        )
        assert isinstance(held, ob.Held)

    again = stranger(w, 1, source="elsewhere")

    refused = review(w, again, slot(30), cell_phone="", email="b@example.org")
    assert isinstance(refused, ob.TooManyHolds)


def test_a_source_has_three_live_holds_at_most() -> None:
    """R36."""
    w = world()
    visits = [stranger(w, number, source="one place") for number in range(4)]
    for number in range(3):
        w.hold(visits[number], slot(15 * number))

    assert isinstance(review(w, visits[3], slot(60)), ob.TooManyHolds)
    assert isinstance(review(w, stranger(w, 9), slot(60)), ob.Held)


def test_the_visits_own_hold_is_not_counted() -> None:
    """R36: one may swap at the cap."""
    w = world(roomy(holds_per_contact=1, holds_per_source=1))
    visit = w.enter()

    for minutes in (0, 30, 30, 60):
        assert isinstance(review(w, visit, slot(minutes)), ob.Held)


def test_a_lapsed_hold_counts_no_more() -> None:
    """R36, R34."""
    w = world(roomy(holds_per_source=1))
    w.hold(stranger(w, 1, source="here"), slot())
    visit = stranger(w, 2, source="here")

    w.clock.set(START + timedelta(minutes=5) - MICRO)
    assert isinstance(review(w, visit, slot(30)), ob.TooManyHolds)
    w.clock.set(START + timedelta(minutes=5))
    assert isinstance(review(w, visit, slot(30)), ob.Held)


def test_a_refusal_for_a_cap_keeps_what_was_held() -> None:
    """R35, R36."""
    w = world(roomy(holds_per_contact=1))
    w.hold(w.enter(JEANS_FORM), slot())
    visit = w.enter()
    held = w.hold(visit, slot(15))

    refused = review(w, visit, slot(30), email="jean@example.org")

    assert isinstance(refused, ob.TooManyHolds)
    assert w.hold(visit, slot(15)) == held


def test_a_live_hold_is_booked_whatever_others_hold_and_a_late_one_meets_the_caps() -> None:
    """R36: hold caps are judged at Review and at a late Book."""
    w = world(roomy(holds_per_contact=1))
    visit = w.enter()
    held = w.hold(visit, slot())
    w.wait(minutes=6)
    other = stranger(w, 1)
    assert isinstance(review(w, other, slot(30), email="marie@example.org"), ob.Held)

    assert isinstance(w.portal.book(visit, held.hold_id), ob.TooManyHolds)
    w.portal.go_back(other)
    live = w.hold(visit, slot(60))
    stricter = under(w, roomy(holds_per_contact=0))
    assert isinstance(stricter.portal.book(visit, live.hold_id), ob.Booked)


def test_the_form_given_to_a_late_book_is_counted() -> None:
    """R36: over the contacts of both forms."""
    w = world(roomy(holds_per_contact=1))
    visit = stranger(w, 1)
    held = w.hold(visit, slot())
    w.wait(minutes=6)
    w.hold(w.enter(), slot(30))
    form = ob.BookingForm("a sore throat", email="marie@example.org")

    assert isinstance(w.portal.book(visit, held.hold_id, form=form), ob.TooManyHolds)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)


# Appointments of visitors without a file ---------------------------------------------------------


def test_an_unidentified_visitors_contact_has_two_upcoming_appointments() -> None:
    """R36: from wherever; what has begun, or was cancelled, counts no more."""
    w = world()
    first = book(w, stranger(w, 1, "a"), slot())
    second = book(w, stranger(w, 1, "b"), slot(DAY))
    assert isinstance(first, ob.Booked)
    assert isinstance(second, ob.Booked)

    visit = stranger(w, 1, "c")
    assert isinstance(book(w, visit, slot(2 * DAY)), ob.TooManyHolds)
    assert isinstance(w.portal.cancel(second.link), ob.Cancelled)
    assert isinstance(book(w, visit, slot(2 * DAY)), ob.Booked)
    w.clock.set(at(0) - MICRO)
    assert isinstance(book(w, stranger(w, 1, "d"), slot(DAY)), ob.TooManyHolds)
    w.clock.set(at(0))
    assert isinstance(book(w, stranger(w, 1, "d"), slot(DAY)), ob.Booked)


def test_the_booking_forms_contact_counts_for_appointments_too() -> None:
    """R36: at Review and at Book."""
    w = world()
    for number in (1, 2):
        visit = stranger(w, number)
        held = review(w, visit, slot(15 * number), email="shared@example.org")
        assert isinstance(held, ob.Held)
        assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)

    visit = stranger(w, 3)
    form = ob.BookingForm("a sore throat", email="Shared@example.org")
    refused = review(w, visit, slot(60), email="shared@example.org")
    assert isinstance(refused, ob.TooManyHolds)
    held = w.hold(visit, slot(60))
    assert isinstance(w.portal.book(visit, held.hold_id, form=form), ob.TooManyHolds)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)


def test_a_source_books_three_appointments_a_day_for_visitors_without_a_file() -> None:
    """R36: the day is the clinic's own, from midnight to midnight in Toronto."""
    w = world()
    for number in range(3):
        visit = stranger(w, number, "one place")
        assert isinstance(book(w, visit, slot(DAY + 15 * number)), ob.Booked)

    midnight = START + timedelta(hours=17)
    w.clock.set(midnight - MICRO)
    assert isinstance(book(w, stranger(w, 4, "one place"), slot(DAY + 60)), ob.TooManyHolds)
    assert isinstance(book(w, stranger(w, 5, "another"), slot(DAY + 60)), ob.Booked)
    w.clock.set(midnight)
    assert isinstance(book(w, stranger(w, 4, "one place"), slot(DAY + 75)), ob.Booked)


def test_a_cap_that_is_reached_after_review_refuses_book() -> None:
    """R36, R37: appointment caps are judged at Book too; the hold stays."""
    w = world(roomy(upcoming_per_contact=1))
    visit, other = stranger(w, 1, "a"), stranger(w, 1, "b")
    held = w.hold(visit, slot())
    booked = book(w, other, slot(DAY))
    assert isinstance(booked, ob.Booked)

    assert isinstance(w.portal.book(visit, held.hold_id), ob.TooManyHolds)
    w.portal.cancel(booked.link)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)


def test_an_identified_visitor_is_not_capped_and_a_files_appointment_caps_nobody() -> None:
    """R36."""
    w = world(roomy(upcoming_per_contact=1, one_upcoming_per_service=False))
    visit = stranger(w, 2)
    held = review(w, visit, slot(120), cell_phone="514 555-0123")
    assert isinstance(held, ob.Held)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)

    for minutes in (0, 30, 60):
        assert isinstance(book(w, w.enter(), slot(minutes)), ob.Booked)
    visit = stranger(w, 1)

    held = review(w, visit, slot(90), email="marie@example.org")

    assert isinstance(held, ob.Held)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)


def test_what_the_desk_books_for_somebody_without_a_file_counts_for_the_contact() -> None:
    """R36, R15: the desk itself is never capped."""
    w = world(roomy(upcoming_per_contact=1))
    form = ob.IdentityForm(
        first_name="Someone",
        last_name="Unknown",
        birth_date="1990-05-17",
        gender="other",
        cell_phone="514 555-0101",
    )
    for number in (1, 2):
        booked = w.desk.book(
            f"request {number}", slot(30 * number), ob.BookingForm("x"), patient=form, actor=STAFF
        )
        assert isinstance(booked, ob.Booked)

    assert isinstance(book(w, stranger(w, 1), slot(90)), ob.TooManyHolds)
    assert isinstance(book(w, w.enter(JEANS_FORM), slot(90)), ob.Booked)


def test_what_a_store_loads_beyond_what_counts_is_not_counted() -> None:
    """R36: a file's, one that has begun, and one that occupies nothing; whatever else is asked."""
    key, source = ContactKey("key-1"), SourceKey("source-1")
    clinic = roomy(upcoming_per_contact=1, upcoming_per_source_and_day=1)
    counted = appointment(start=1, source=source, keys=(key,))

    def capped(*found: ob.Appointment) -> bool:
        snapshot = Snapshot(
            scope=Scope(clinic_id=CLINIC),
            now=NOW,
            appointments={each.appointment_id: each for each in found},
        )
        return appointments_capped(snapshot, None, {key}, source, clinic)

    assert capped(counted)
    assert not capped(appointment(start=1, patient="file-1", source=source, keys=(key,)))
    assert not capped(appointment(start=0, source=source, keys=(key,)))
    assert not capped(evolve(counted, status=AppointmentStatus.NOSHOW))
    assert not capped(appointment(start=1, source="elsewhere", keys=("key-2",)))
