"""Which message goes out, to whom, and when not (R17, R42, R43, R45, R46)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Clinic, Policies, Reminders
from omnibook.contacts import ContactSystem
from omnibook.ids import PatientId
from omnibook.notices import DropCode, Postponed, resolve, sends_messages
from omnibook.ports import AppointmentsWithin, DueNotices, ReadScope
from omnibook.records import AppointmentStatus, FlagCode, Notice, NoticeKind, NoticeRole
from omnibook.times import Span
from omnibook.transactions import Decision, PutAppointment, Scope
from support.variations import slot, under
from support.worlds import (
    MARIE,
    STAFF,
    World,
    dispatcher_of,
    email,
    phone,
    service,
    small_clinic,
    strangers_form,
    world,
)

DAY = 24 * 60
PHONE, EMAIL = ContactSystem.PHONE, ContactSystem.EMAIL
BOTH = (PHONE, EMAIL)
WEDNESDAY = slot(2 * DAY)
"""08:00 on the Wednesday; its reminder is due on the Tuesday at 08:00."""


def on(*channels: ContactSystem, **more: Any) -> Clinic:
    return small_clinic(policies=Policies(channels=frozenset(channels), **more))


def booked(w: World, wish: ob.Slot = WEDNESDAY, **form: Any) -> ob.Booked:
    visit = w.enter()
    held = w.portal.review(visit, wish, evolve(ob.BookingForm("a sore throat"), **form))
    assert isinstance(held, ob.Held), held
    outcome = w.portal.book(visit, held.hold_id)
    assert isinstance(outcome, ob.Booked)
    return outcome


def sent(w: World) -> list[tuple[str, str]]:
    """What was sent so far: the kind and the address."""
    w.dispatcher.run_once()
    return [(message.kind.value, message.address) for message in w.notifier.sent]


def later(w: World, **more: float) -> list[tuple[str, str]]:
    """What is sent after so long."""
    before = len(sent(w))
    w.wait(**more)
    return sent(w)[before:]


def flags(w: World) -> list[str]:
    return [flag.code.value for flag in w.desk.day(WEDNESDAY.start.date(), actor=STAFF).flags]


# The booking notice (R42) ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channels", "form", "addresses"),
    [
        (BOTH, {}, ["+15145550123", "marie@example.org"]),
        ((EMAIL,), {}, ["marie@example.org"]),
        ((PHONE,), {}, ["+15145550123"]),
        ((EMAIL,), {"email": ""}, ["+15145550123"]),
        ((PHONE,), {"cell_phone": ""}, ["marie@example.org"]),
        (BOTH, {"email": "new@example.org"}, ["+15145550123", "new@example.org"]),
        (BOTH, {"cell_phone": ""}, ["marie@example.org"]),
        ((), {}, []),
    ],
)
def test_a_booking_notice_goes_to_the_form_by_the_clinics_channels(
    channels: tuple[ContactSystem, ...], form: dict[str, Any], addresses: list[str]
) -> None:
    """R42: and by the one given if none of the channels' is; without channels nothing is sent."""
    w = world(on(*channels))
    booked(w, **form)

    assert sorted(sent(w)) == [("booking", address) for address in addresses]


def test_a_notice_without_a_notifier_is_dropped_and_flagged() -> None:
    """R42."""
    w = world(on(PHONE))
    appointment = booked(w).appointment
    notice = queued(w, appointment)[0]

    assert resolve(notice, appointment, MARIE, w.clinic, systems=(EMAIL,), now=w.clock.now()) is (
        DropCode.UNREACHABLE
    )
    w.dispatcher = dispatcher_of(w, notifiers={EMAIL: w.notifier})
    assert sent(w) == []
    assert flags(w) == ["notice.unreachable"]


def test_a_cancellation_notice_goes_to_the_same_contacts() -> None:
    """R42, R46: whoever cancels."""
    w = world(on(EMAIL))
    first = booked(w, email="new@example.org")
    sent(w)
    w.portal.cancel(first.link)
    assert sent(w)[1:] == [("cancellation", "new@example.org")]

    second = booked(w, email="other@example.org")
    w.desk.cancel(second.appointment.appointment_id, reason="ill", actor=STAFF)
    assert sent(w)[2:] == [("cancellation", "other@example.org")]


# The reminder (R43) ------------------------------------------------------------------------------


def test_a_reminder_goes_to_position_one_as_it_is_when_it_is_sent() -> None:
    """R43: not to the form's contact, and not to position 1 at the booking."""
    w = world()
    booked(w, cell_phone="514 555-0199")
    sent(w)
    w.directory.put(
        evolve(MARIE, contacts=(phone(50, current=False), email("main", rank=2), phone(51, rank=3)))
    )

    assert later(w, hours=24, minutes=59) == []
    assert later(w, minutes=1) == [("reminder", "main@example.org")]
    assert later(w, hours=23) == []


def test_a_provisional_persons_reminder_goes_to_the_form() -> None:
    """R43."""
    w = world(on(EMAIL, PHONE))
    visit = w.enter(strangers_form(1))
    w.book(visit, WEDNESDAY)
    sent(w)

    assert later(w, hours=25) == [("reminder", "+15145550101")]


def test_a_confidential_services_reminder_never_goes_to_the_file() -> None:
    """R17, R43: not even if the service became confidential after the booking."""
    secret = small_clinic(services=(service("open", 15, confidential=True),))
    for clinic in (secret, small_clinic()):
        w = world(clinic)
        booked(w, cell_phone="", email="private@example.org")
        sent(w)

        assert later(under(w, secret), hours=25) == [("reminder", "private@example.org")]


@pytest.mark.parametrize(
    "contacts",
    [(), (phone(23), email("marie", rank=2)), (email("marie", current=False),)],
    ids=["none", "a phone first", "outdated"],
)
def test_a_reminder_that_cannot_reach_position_one_is_flagged(
    contacts: tuple[ob.ContactPoint, ...],
) -> None:
    """R43: nothing is sent, not even to position 2."""
    w = world(on(EMAIL))
    booked(w)
    sent(w)
    w.directory.put(
        evolve(MARIE, contacts=(*contacts, *([email("marie", rank=2)] * len(contacts))))
    )
    if contacts and not contacts[0].current:
        w.directory.put(evolve(MARIE, contacts=contacts))

    assert later(w, hours=25) == []
    assert flags(w) == [FlagCode.REMINDER_UNREACHABLE]


def test_nothing_reminds_a_deceased_patient_and_the_survivor_of_a_merge_is_reminded() -> None:
    """R43: not even by the form of a confidential service."""
    w = world()
    booked(w)
    sent(w)
    w.directory.put(evolve(MARIE, deceased=True))
    assert later(w, hours=25) == []
    assert flags(w) == []

    secret = small_clinic(services=(service("open", 15, confidential=True),))
    w = world(secret)
    booked(w)
    sent(w)
    w.directory.put(evolve(MARIE, deceased=True))
    assert later(w, hours=25) == []

    w = world()
    booked(w)
    sent(w)
    w.directory.put(evolve(MARIE, merged_into=PatientId("p-2")))
    w.directory.put(evolve(MARIE, patient_id=PatientId("p-2"), contacts=(email("survivor"),)))
    assert later(w, hours=25) == [("reminder", "survivor@example.org")]


@pytest.mark.parametrize("change", [{"active": False}, {"merged_into": PatientId("p-marie")}])
def test_a_file_that_is_not_live_is_not_reminded_and_staff_see_it(change: dict[str, Any]) -> None:
    """R43."""
    w = world()
    booked(w)
    sent(w)
    w.directory.put(evolve(MARIE, **change))

    assert later(w, hours=25) == []
    assert flags(w) == [FlagCode.REMINDER_UNREACHABLE]


def test_a_reminder_that_would_be_due_before_the_booking_is_skipped() -> None:
    """R43: at the very instant of the booking too."""
    w = world()
    wish = slot(DAY)
    w.clock.set(wish.start - timedelta(hours=24))
    appointment = booked(w, wish).appointment

    assert [notice.kind for notice in queued(w, appointment)] == [NoticeKind.BOOKING] * 2
    earlier = world()
    earlier.clock.set(wish.start - timedelta(hours=24, microseconds=1))
    appointment = booked(earlier, wish).appointment
    assert NoticeKind.REMINDER in {notice.kind for notice in queued(earlier, appointment)}


def test_a_reminder_is_put_off_to_the_end_of_the_silence_or_sent_before_it() -> None:
    """R43: 08:00, and 20:59 for what starts before 10:00 on the day itself."""
    quiet = Reminders(offsets=(timedelta(hours=12),))
    w = world(small_clinic(policies=Policies(reminders=quiet)))
    early = booked(w, slot(DAY + 105)).appointment
    late = booked(w, slot(DAY + 120, "file", length=30)).appointment

    def due(appointment: ob.Appointment) -> list[datetime]:
        found = queued(w, appointment)
        return [each.not_before for each in found if each.kind is NoticeKind.REMINDER]

    assert due(early) == [datetime(2026, 3, 3, 1, 59, tzinfo=UTC)]
    assert due(late) == [datetime(2026, 3, 3, 13, 0, tzinfo=UTC)]


# Silence (R45), and what changed meanwhile (R46) -------------------------------------------------


@pytest.mark.parametrize(
    "silent",
    [
        small_clinic(services=(service("open", 15, messages=False),)),
        small_clinic(silent_activities=frozenset({"care"})),
        on(),
    ],
    ids=["service", "activity", "no channel"],
)
def test_what_is_switched_off_sends_nothing(silent: Clinic) -> None:
    """R45, R42: neither queued, nor sent if it was queued before."""
    w = world(silent)
    outcome = booked(w)
    w.portal.cancel(outcome.link)
    assert queued(w, outcome.appointment) == []

    w = world()
    outcome = booked(w)
    assert later(under(w, silent), hours=25) == []
    w.portal.cancel(outcome.link)
    assert later(under(w, silent), hours=1) == []
    assert flags(w) == []


def test_an_appointment_that_opted_out_sends_nothing() -> None:
    """R45."""
    w = world()
    outcome = w.desk.book(
        "r", WEDNESDAY, ob.BookingForm("x"), patient="p-marie", actor=STAFF, messages=False
    )
    assert isinstance(outcome, ob.Booked)

    assert not sends_messages(outcome.appointment, w.clinic)
    assert later(w, hours=25) == []


def test_messages_of_a_service_that_is_gone_are_still_sent() -> None:
    """R45: nothing says that it was silent."""
    w = world()
    booked(w)
    without = under(w, small_clinic(services=()))

    assert len(sent(without)) == 2


def test_a_cancelled_appointments_reminder_and_unsent_notice_do_not_go_out() -> None:
    """R46: the status is checked again at sending."""
    w = world()
    outcome = booked(w)
    w.portal.cancel(outcome.link)

    assert later(w, hours=25) == []
    assert {kind for kind, _ in sent(w)} == {"cancellation"}


def test_a_notice_of_an_older_revision_or_another_status_is_dropped() -> None:
    """R46: and each after the start."""
    w = world()
    appointment = booked(w).appointment
    booking, reminder = queued(w, appointment)[0], queued(w, appointment)[-1]
    assert reminder.kind is NoticeKind.REMINDER

    def drop(notice: Notice, of: ob.Appointment, now: datetime | None = None) -> object:
        return resolve(notice, of, MARIE, w.clinic, systems=BOTH, now=now or w.clock.now())

    moved = evolve(appointment, revision=1)
    arrived = evolve(appointment, status=AppointmentStatus.ARRIVED)
    for notice in (booking, reminder):
        assert drop(notice, moved) is DropCode.OUTDATED
        assert drop(notice, arrived) is DropCode.STATUS_CHANGED
    start = WEDNESDAY.start
    assert drop(reminder, appointment, start) is DropCode.PAST
    assert isinstance(drop(reminder, appointment, start - timedelta(hours=12)), ob.ContactPoint)
    assert drop(booking, appointment, start) is DropCode.PAST
    assert not isinstance(drop(booking, appointment, start - timedelta(seconds=1)), DropCode)


def test_whoever_is_there_already_is_told_of_a_move() -> None:
    """R42, R46: staff move somebody who arrived to a later hour."""
    w = world()
    appointment = booked(w).appointment
    sent(w)
    owner = appointment.appointment_id
    w.clock.set(WEDNESDAY.start - timedelta(minutes=30))
    w.desk.mark(owner, AppointmentStatus.ARRIVED, actor=STAFF)
    later_on = WEDNESDAY.start + timedelta(hours=2)
    moved = w.desk.move(owner, WEDNESDAY.schedule_id, later_on, revision=0, actor=STAFF)
    assert isinstance(moved, ob.Moved)
    assert moved.appointment.status is AppointmentStatus.ARRIVED

    assert sorted(sent(w)[2:]) == [("change", "+15145550123"), ("change", "marie@example.org")]


def test_a_reminder_that_is_late_waits_for_the_end_of_the_quiet_hours() -> None:
    """R43: or is dropped when the appointment starts before they end."""
    w = world()
    appointment = booked(w).appointment
    reminder = queued(w, appointment)[-1]
    eight = WEDNESDAY.start

    def at(now: datetime, start: datetime) -> object:
        end = start + timedelta(minutes=15)
        moved = evolve(appointment, slot=evolve(appointment.slot, start=start, end=end))
        return resolve(reminder, moved, MARIE, w.clinic, systems=BOTH, now=now)

    night = eight - timedelta(hours=5)
    assert at(night, eight + timedelta(minutes=1)) == Postponed(eight)
    assert at(night, eight) is DropCode.PAST
    assert at(eight - timedelta(hours=11, seconds=1), eight) == MARIE.contacts[0]
    assert at(eight - timedelta(hours=11), eight + timedelta(hours=1)) == Postponed(eight)


def test_a_moved_appointments_old_reminder_does_not_go_out() -> None:
    """R46."""
    w = world()
    appointment = booked(w).appointment
    sent(w)
    moved = evolve(appointment, revision=1)
    scope = Scope(clinic_id=w.clinic.clinic_id, schedules={WEDNESDAY.schedule_id: WEDNESDAY.span})
    w.store.transact(scope, lambda _: Decision(None, (PutAppointment(moved),)))

    assert later(w, hours=25) == []


def test_a_move_that_only_mends_a_record_sends_nothing() -> None:
    """R42, R46: to a time that has begun; nor does one of a silent appointment."""
    w = world()
    appointment = booked(w).appointment
    start, before = WEDNESDAY.start, WEDNESDAY.start - timedelta(minutes=1)

    assert ob.notices.on_move(appointment, w.clinic, start) == ()
    assert ob.notices.on_move(evolve(appointment, messages=False), w.clinic, before) == ()
    kinds = [put.notice.kind for put in ob.notices.on_move(appointment, w.clinic, before)]
    assert kinds == [NoticeKind.CHANGE] * 2


def test_a_form_with_two_phones_gets_one_notice() -> None:
    """R46: one for each role; a host's own form may carry more than ours."""
    w = world()
    appointment = booked(w).appointment
    twice = evolve(appointment.entries, contacts=(phone(1), phone(2, rank=2)))
    made = ob.notices.on_booking(evolve(appointment, entries=twice), w.clinic)

    roles = [put.notice.role for put in made]
    assert roles == [NoticeRole.FORM_PHONE, NoticeRole.MAIN_CONTACT]


def queued(w: World, appointment: ob.Appointment) -> list[Notice]:
    """The notices about an appointment, by when they are due."""
    clock = w.clock.now()
    w.clock.set(clock + timedelta(days=300))
    clinic_id = w.clinic.clinic_id
    _, identifiers = w.store.read(DueNotices(clinic_id=clinic_id))
    w.clock.set(clock)
    found = [
        w.store.read(ReadScope(Scope(clinic_id=clinic_id, notice=each)))[1].notice
        for each in identifiers
    ]
    return [
        each
        for each in found
        if each is not None and each.appointment_id == appointment.appointment_id
    ]


def test_nothing_of_the_appointment_is_lost_by_a_reminder() -> None:
    """R46: a pass of the dispatcher changes no appointment."""
    w = world()
    appointment = booked(w).appointment
    later(w, hours=25)

    _, found = w.store.read(
        AppointmentsWithin(clinic_id=w.clinic.clinic_id, span=Span(w.clock.now(), WEDNESDAY.end))
    )
    assert found == (appointment,)
