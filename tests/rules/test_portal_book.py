"""The end of the walk: a held time is booked."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Policies
from omnibook.ids import OrderId, PatientId
from omnibook.outcomes import AlreadyBooked
from omnibook.records import HoldState
from support.looking import actions, appointments, flags, holds_of, live_claims, on_schedules
from support.portal_walks import FORM, TAKEN, states, stranger, taken
from support.worlds import (
    JEANS_FORM,
    MARIE,
    MARIES_FORM,
    STAFF,
    dispatcher_of,
    email,
    phone,
    small_clinic,
    world,
)

# Book --------------------------------------------------------------------------------------------


def test_a_booking_is_confirmed_with_a_reference_and_a_link() -> None:
    """R42, R15: of the file, or of a provisional person when there is none."""
    here = world()
    marie, nobody = here.enter(), stranger(here, 3)
    mine = here.book(marie, here.slots(marie)[0])
    theirs = here.book(nobody, here.slots(nobody)[0])

    assert mine.appointment.patient_id == "p-marie"
    assert mine.appointment.provisional is None
    assert theirs.appointment.patient_id is None
    assert theirs.appointment.provisional is not None
    assert theirs.appointment.provisional.last_name == "Unknown"
    assert mine.reference == mine.appointment.reference
    assert len(mine.reference) == 9
    assert mine.link.startswith(mine.appointment.appointment_id)
    assert [each.owner for each in live_claims(on_schedules(here.store, ["gagnon"]))] == [
        mine.appointment.appointment_id
    ]


def test_under_a_live_hold_booking_never_fails_for_the_time() -> None:
    """R37: the opening is gone since, and the notice too short."""
    here = world()
    token = here.enter()
    held = here.hold(token, here.slots(token)[0])
    strict = Policies(minimum_notice=timedelta(days=9), horizon=timedelta(minutes=1))
    clinic = small_clinic(policies=strict)
    bare = evolve(clinic, schedules=tuple(evolve(s, openings=()) for s in clinic.schedules))
    portal = ob.Portal(bare, store=here.store, directory=here.directory, keys=here.keys)
    here.wait(minutes=5, microseconds=-1)

    assert isinstance(portal.book(token, held.hold_id), ob.Booked)


def test_a_late_book_succeeds_while_the_time_is_free() -> None:
    """R34, R37: at the very instant of the expiry it is late."""
    here = world()
    token = here.enter()
    held = here.hold(token, here.slots(token)[0])
    here.wait(minutes=5)
    assert live_claims(on_schedules(here.store, ["gagnon"])) == []

    booked = here.portal.book(token, held.hold_id)

    assert isinstance(booked, ob.Booked)
    assert booked.appointment.slot == held.slot


def test_a_late_book_of_a_time_that_is_taken_goes_back_to_the_list() -> None:
    """R37."""
    here = world()
    late, quick = stranger(here, 1), stranger(here, 2)
    held = here.hold(late, here.slots(late)[0])
    here.wait(minutes=5)
    here.hold(quick, held.slot)

    fresh = taken(here.portal.book(late, held.hold_id))

    assert held.slot not in fresh.slots
    assert states(here, late) == [HoldState.HELD]


def test_a_time_that_has_begun_cannot_be_booked() -> None:
    """R37: not even under a live hold."""
    here = world()
    token = here.enter()
    here.wait(minutes=28)
    here.portal.services(token)
    here.wait(minutes=28)
    held = here.hold(token, here.slots(token)[0])
    here.wait(minutes=4)

    assert held.expires_at > here.clock.now() == held.slot.start
    taken(here.portal.book(token, held.hold_id))


@pytest.mark.parametrize("hold_id", ["unknown", "", "\ud800", "x" * 10_000, None, 7, "\x00"])
def test_a_hold_that_is_unknown_cannot_be_booked(hold_id: str) -> None:
    """R37: nobody knows what to search for then, so that nothing is said of other times."""
    here = world()

    assert here.portal.book(here.enter(), hold_id) == TAKEN


def test_a_hold_of_another_visit_cannot_be_booked_and_shows_nothing_of_it() -> None:
    """R37: neither of another file's, nor of another visit of the same file."""
    here = world()
    marie, again, jean = here.enter(), here.enter(), here.enter(JEANS_FORM)
    held = here.hold(marie, here.slots(marie, "doctor")[0])

    assert here.portal.book(jean, held.hold_id) == TAKEN
    assert here.portal.book(again, held.hold_id) == TAKEN


def test_an_unusable_form_leaves_the_hold_as_it_was() -> None:
    """R37, R23: refused and never cut."""
    here = world()
    token = here.enter()
    held = here.hold(token, here.slots(token)[0])

    outcome = here.portal.book(token, held.hold_id, form=ob.BookingForm("x" * 101, email="@"))

    assert isinstance(outcome, ob.InvalidEntry)
    assert [each.field for each in outcome.problems] == ["reason", "email"]
    (hold,) = holds_of(here.store, token.visit_id)
    assert (hold.state, hold.entries.reason) == (HoldState.HELD, "a sore throat")
    assert isinstance(here.portal.book(token, held.hold_id), ob.Booked)


def test_a_form_given_to_book_replaces_the_one_of_the_review() -> None:
    """R32: and its contacts, too, are under the caps (R36)."""
    here = world()
    token = here.enter()
    held = here.hold(token, here.slots(token)[0])
    form = ob.BookingForm("a cough", details="since\nMonday", email="new@example.org")

    booked = here.portal.book(token, held.hold_id, form=form)

    assert isinstance(booked, ob.Booked)
    entries = booked.appointment.entries
    assert (entries.reason, entries.details) == ("a cough", "since\nMonday")
    assert [point.value for point in entries.contacts] == ["+15145550123", "new@example.org"]
    assert len(booked.appointment.contact_keys) == 3


def test_booking_twice_is_booking_once() -> None:
    """R38, R39: the same appointment, notices and orders; a form that comes later is ignored."""
    here = world()
    token = here.enter()
    held = here.hold(token, here.slots(token)[0])
    booked = here.portal.book(token, held.hold_id)
    unusable = ob.BookingForm(None)

    assert here.portal.book(token, held.hold_id) == booked
    assert here.portal.book(token, held.hold_id, form=unusable) == booked
    assert len(appointments(here.store)) == 1
    assert actions(here.store).count(("book", "appointment.booked")) == 1
    assert here.dispatcher.run_once().sent == 2


def test_booking_again_what_was_cancelled_shows_the_cancellation() -> None:
    """R38."""
    here = world()
    token = here.enter()
    held = here.hold(token, here.slots(token)[0])
    booked = here.portal.book(token, held.hold_id)
    assert isinstance(booked, ob.Booked)
    here.desk.cancel(booked.appointment.appointment_id, reason="ill", actor=STAFF)

    again = here.portal.book(token, held.hold_id)

    assert isinstance(again, ob.Booked)
    assert again.appointment.status is ob.AppointmentStatus.CANCELLED
    assert again.reference == booked.reference


def test_a_second_upcoming_appointment_for_a_service_is_refused_at_review_and_at_book() -> None:
    """R52: unless the clinic allows it."""
    here = world()
    token, other = here.enter(), here.enter()
    held = here.hold(other, here.slots(other)[3])
    here.book(token, here.slots(token)[0])

    assert here.portal.review(token, here.slots(token)[0], FORM) == AlreadyBooked()
    assert here.portal.book(other, held.hold_id) == AlreadyBooked()
    here.hold(token, here.slots(token, "file")[0])
    relaxed = small_clinic(policies=Policies(one_upcoming_per_service=False))
    portal = ob.Portal(relaxed, store=here.store, directory=here.directory, keys=here.keys)
    assert isinstance(portal.book(other, held.hold_id), ob.Booked)


# Contact details ---------------------------------------------------------------------------------


def test_a_contact_typed_at_review_is_added_to_the_file_at_once_last_and_unverified() -> None:
    """R41, R32: nothing that was there moves."""
    here = world()
    token = here.enter()
    form = ob.BookingForm("why", cell_phone="514 555-0177", email="MARIE@example.org")
    held = here.portal.review(token, here.slots(token)[0], form)
    assert isinstance(held, ob.Held)

    here.portal.book(token, held.hold_id)

    file = here.directory.get(PatientId("p-marie"))
    assert file is not None
    assert file.contacts == (*MARIE.contacts, phone(77, rank=3, verified=False))
    assert ("add-contacts", "contact.added") in actions(here.store)


def test_the_first_contact_of_a_file_is_flagged_for_the_desk() -> None:
    """R41: identified by the number, and the file has no contact at all."""
    here = world(patients=[evolve(MARIE, contacts=())])
    token = here.enter(evolve(MARIES_FORM, health_number="TREM04621918"))

    booked = here.book(token, here.slots(token, "file")[0])

    file = here.directory.get(PatientId("p-marie"))
    assert file is not None
    assert [(p.value, p.rank, p.verified) for p in file.contacts] == [
        ("+15145550123", 1, False),
        ("marie@example.org", 2, False),
    ]
    (flag,) = flags(here.store, booked.appointment.appointment_id)
    assert flag.code == "contact.first-position"


class Moody(ob.MemoryDirectory):
    """A directory in another system, which is away now and then."""

    away = True

    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        if self.away:
            raise ConnectionError("the patients' system does not answer")
        return super().append_contacts(patient_id, points, order_id=order_id)


def test_a_directory_that_fails_at_booking_is_told_later_by_the_dispatcher() -> None:
    """R41, R39: the booking stands; the order is durable and carried out once."""
    here = world()
    moody = Moody([MARIE])
    here.portal = ob.Portal(here.clinic, store=here.store, directory=moody, keys=here.keys)
    here.dispatcher = dispatcher_of(here, directory=moody)
    token = here.enter()
    form = ob.BookingForm("why", email="new@example.org")
    held = here.portal.review(token, here.slots(token)[0], form)
    assert isinstance(held, ob.Held)

    booked = here.portal.book(token, held.hold_id)
    assert isinstance(booked, ob.Booked)
    first = here.dispatcher.run_once()
    moody.away = False
    too_soon = here.dispatcher.run_once()
    here.wait(minutes=2)
    then = here.dispatcher.run_once()

    assert (first.failed, first.contacts) == (1, 0)
    assert (too_soon.failed, too_soon.contacts) == (0, 0)
    assert (then.failed, then.contacts) == (0, 1)
    assert here.dispatcher.run_once().contacts == 0
    file = moody.get(PatientId("p-marie"))
    assert file is not None
    assert file.contacts[2:] == (email("new", rank=3, verified=False),)


def test_a_strangers_contacts_change_no_file() -> None:
    """R15, R41: nobody's contacts are added before staff attach the person."""
    here = world()
    token = stranger(here, 5)
    here.book(token, here.slots(token)[0])

    assert here.dispatcher.run_once().contacts == 0
    assert here.directory.get(PatientId("p-marie")) == MARIE
