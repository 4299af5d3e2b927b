"""What a calendar is told of an appointment follows from the appointment alone (R46, R49)."""

from datetime import timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from omnibook.booking_form import BookingEntries
from omnibook.invitations import CalendarMethod, Invitation, invitation_to
from omnibook.records import (
    Actor,
    Appointment,
    AppointmentStatus,
    Cancellation,
    Move,
)
from omnibook.testing.samples import NOW, appointment
from omnibook.testing.strategies.records import appointments
from support.worlds import small_clinic

CLINIC = small_clinic()
BY = Actor.staff("staff-7")


def shown(of: Appointment, method: CalendarMethod = CalendarMethod.REQUEST) -> Invitation:
    return invitation_to(of, CLINIC, method=method, summary="Appointment", location="12, rue A")


def moved(was: Appointment, hours: float) -> Appointment:
    """A move, as it changes what a calendar shows."""
    by = timedelta(hours=hours)
    slot = evolve(was.slot, start=was.slot.start + by, end=was.slot.end + by)
    return evolve(
        was,
        slot=slot,
        revision=was.revision + 1,
        last_move=Move(at=NOW + by, by=BY, old_revision=was.revision, old_slot=was.slot),
    )


def cancelled(was: Appointment) -> Appointment:
    return evolve(
        was,
        status=AppointmentStatus.CANCELLED,
        cancellation=Cancellation(at=NOW + timedelta(hours=9), by=BY, reason="ill"),
    )


booked = st.builds(lambda start: appointment(start=start), st.integers(1, 1_000))
hours = st.lists(st.integers(1, 100), max_size=4)


@given(booked, hours, st.booleans())
def test_over_the_life_of_an_appointment_the_sequence_only_grows(
    made: Appointment, moves: list[int], ends: bool
) -> None:
    """R46: the same UID, and a greater SEQUENCE after each change (RFC 5546, section 2.1.4)."""
    story = [made]
    for by in moves:
        story.append(moved(story[-1], by))
    if ends:
        story.append(cancelled(story[-1]))

    told = [shown(each) for each in story]

    assert [each.sequence for each in told] == list(range(len(story)))
    assert len({each.uid for each in told}) == 1


@given(appointments())
def test_it_shows_the_time_as_it_stands(made: Appointment) -> None:
    told = shown(made)

    assert (told.start, told.end) == (made.slot.start, made.slot.end)
    assert told.zone is CLINIC.zone
    assert told.sequence == made.revision + (made.cancellation is not None)


@given(appointments(), appointments())
def test_no_two_appointments_share_a_uid(one: Appointment, other: Appointment) -> None:
    same = (one.appointment_id, one.clinic_id) == (other.appointment_id, other.clinic_id)

    assert (shown(one).uid == shown(other).uid) is same


def test_a_change_is_dated_when_it_was_made() -> None:
    made = appointment()
    later = moved(made, 3)

    assert shown(made).changed_at == made.booked_at
    assert later.last_move is not None
    assert shown(later).changed_at == later.last_move.at
    assert shown(cancelled(later)).changed_at == NOW + timedelta(hours=9)
    assert shown(cancelled(made)).changed_at == NOW + timedelta(hours=9)


@given(appointments(rich=True), st.sampled_from(CalendarMethod))
def test_nothing_of_the_visit_s_reason_gets_into_it(
    made: Appointment, method: CalendarMethod
) -> None:
    """R49: another reason, another patient, another reference, and the invitation is the same."""
    entries = BookingEntries(reason="something else", details="more", contacts=())
    other = evolve(made, entries=entries, reference="ZZZZZZ", contact_keys=frozenset())

    assert shown(made, method) == shown(other, method)
    assert shown(made, method).method is method
    assert "rue A" not in repr(shown(made, method))
