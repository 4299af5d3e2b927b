"""Reminders of a person who gets a file: each goes out once, to whom the moment says (R15, R43).

A reminder is queued for a role, and is asked for whom it is only when it is sent: so it does not
matter what the role was, and nothing has to be queued anew when an appointment is attached.
"""

from datetime import timedelta

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import omnibook as ob
from omnibook.booking_form import BookingEntries
from omnibook.clinic import Policies, Reminders
from omnibook.notices import DropCode, on_booking, resolve
from omnibook.records import NoticeKind
from support.desk_walks import booked, slot
from support.worlds import MARIE, STAFF, START, World, email, phone, service, small_clinic, world

HOUR = timedelta(hours=1)
OFFSETS = (timedelta(hours=2), timedelta(hours=24), timedelta(hours=48), timedelta(days=5))
BOTH = frozenset(ob.ContactSystem)
PERSON = ob.IdentityForm(
    first_name="Nobody",
    last_name="Known",
    birth_date="1990-05-17",
    gender="other",
    cell_phone="514 555-0166",
    email="typed@example.org",
)
FILE = evolve(MARIE, contacts=(email("main"), phone(23, rank=2)))
TYPED = {"+15145550166", "typed@example.org"}


@settings(deadline=None, max_examples=60)
@given(
    offsets=st.sets(st.sampled_from(OFFSETS), min_size=1),
    channels=st.sampled_from([{ob.ContactSystem.EMAIL}, BOTH]),
    confidential=st.booleans(),
    attached_after=st.none() | st.integers(0, 24 * 8),
    passes=st.sets(st.integers(0, 24 * 8), max_size=12),
)
def test_each_reminder_goes_out_once_to_the_file_once_there_is_one(
    offsets: set[timedelta],
    channels: set[ob.ContactSystem],
    confidential: bool,
    attached_after: int | None,
    passes: set[int],
) -> None:
    """R15, R17, R43, R46: whenever it is attached, and whenever dispatchers run."""
    reminders = Reminders(offsets=tuple(sorted(offsets)))
    clinic = small_clinic(
        services=(service("open", 15, confidential=confidential),),
        policies=Policies(channels=frozenset(channels), reminders=reminders),
    )
    here = world(clinic, patients=[FILE])
    mine = booked(here, where=slot(START + timedelta(days=7)), patient=PERSON)
    asked = [each.notice for each in on_booking(mine, clinic)]
    dues = {each.not_before for each in asked if each.kind is NoticeKind.REMINDER}
    attached_at = None if attached_after is None else START + attached_after * HOUR
    moments = {*dues, *(START + hours * HOUR for hours in passes)} | {attached_at or START}

    for moment in sorted(moments):
        here.clock.set(moment)
        if moment == attached_at:
            here.desk.attach(mine.appointment_id, "p-marie", actor=STAFF)
        before = len(reminded(here))
        here.dispatcher.run_once()
        to_file = attached_at is not None and moment >= attached_at and not confidential
        for each in reminded(here)[before:]:
            assert each.address == "main@example.org" if to_file else each.address in TYPED

    assert len(dues) == len(reminded(here)) == len({each.message_id for each in reminded(here)})


def reminded(here: World) -> list[ob.Message]:
    return [each for each in here.notifier.sent if each.kind is NoticeKind.REMINDER]


@given(
    quiet_at_booking=st.booleans(),
    quiet_now=st.booleans(),
    given=st.sampled_from([(phone(66),), (email("typed"),), (phone(66), email("typed"))]),
    channels=st.sampled_from([{ob.ContactSystem.EMAIL}, {ob.ContactSystem.PHONE}, BOTH]),
)
def test_whom_a_reminder_is_for_does_not_depend_on_what_it_was_queued_for(
    quiet_at_booking: bool,
    quiet_now: bool,
    given: tuple[ob.ContactPoint, ...],
    channels: set[ob.ContactSystem],
) -> None:
    """R17, R43: the appointment's person and service of the moment decide, when there is a file."""
    policies = Policies(channels=frozenset(channels))

    def clinic_where(confidential: bool) -> ob.Clinic:
        asked = service("open", 15, confidential=confidential)
        return small_clinic(services=(asked,), policies=policies)

    here = world(clinic_where(quiet_at_booking), patients=[FILE])
    mine = booked(here, where=slot(START + timedelta(days=7)), patient=PERSON)
    entries = BookingEntries(reason="why", details="", contacts=given)
    person = evolve(mine, entries=entries)
    attached = evolve(person, provisional=None, patient_id=FILE.patient_id)
    now = mine.slot.start - 20 * HOUR
    clinic = clinic_where(quiet_now)

    def found(queued: ob.Appointment) -> set[object]:
        return {
            resolve(each.notice, attached, FILE, clinic, systems=BOTH, now=now)
            for each in on_booking(queued, clinic_where(quiet_at_booking))
            if each.notice.kind is NoticeKind.REMINDER
        }

    if quiet_now:
        assert found(person) <= {*given, DropCode.UNREACHABLE}
        assert found(attached) <= {*given, DropCode.UNREACHABLE}
    else:
        main = FILE.contacts[0] if ob.ContactSystem.EMAIL in channels else DropCode.UNREACHABLE
        assert found(person) == found(attached) == {main}
