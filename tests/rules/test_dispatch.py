"""The dispatcher delivers what is due: notices, events for the host, contact orders."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Clinic, Policies
from omnibook.dispatch import LEASE, Delivered, Dispatcher
from omnibook.ids import ActivityId, OrderId, PatientId
from omnibook.ports import DueEvents, DueNotices, DueOrders, EventSink, Message, Notifier, ReadScope
from omnibook.records import Event, NoticeState
from omnibook.transactions import Decision, PutAppointment, Scope
from support.looking import actions, flags, trail
from support.worlds import (
    MARIE,
    STAFF,
    START,
    World,
    email,
    phone,
    service,
    small_clinic,
    strangers_form,
    world,
)

PHONE, EMAIL = ob.ContactSystem.PHONE, ob.ContactSystem.EMAIL
THURSDAY = ob.Preference(first_date="2026-03-05")


def book(
    here: World,
    form: ob.BookingForm | None = None,
    *,
    token: ob.VisitToken | None = None,
    service_id: str = "open",
) -> ob.Booked:
    token = token or here.enter()
    page = here.portal.find(token, service_id, THURSDAY)
    assert isinstance(page, ob.Page)
    held = here.portal.review(token, page.slots[0], form or ob.BookingForm("a sore throat"))
    assert isinstance(held, ob.Held)
    booked = here.portal.book(token, held.hold_id)
    assert isinstance(booked, ob.Booked)
    return booked


def to_the_reminder(here: World, booked: ob.Booked) -> None:
    here.clock.set(booked.appointment.slot.start - timedelta(hours=24))


def sent(here: World) -> list[tuple[str, str]]:
    return [(message.kind, message.address) for message in here.notifier.sent]


def dispatcher(here: World, **more: object) -> Dispatcher:
    ports = {
        "store": here.store,
        "directory": here.directory,
        "keys": here.keys,
        "notifiers": {PHONE: here.notifier, EMAIL: here.notifier},
        **more,
    }
    return Dispatcher(here.clinic, **ports)  # type: ignore[arg-type]


# To whom -----------------------------------------------------------------------------------------


def test_the_booking_notice_goes_to_the_form_and_the_reminder_to_position_one() -> None:
    """R42, R43: position 1 as it is when the reminder is sent."""
    here = world()
    booked = book(here, ob.BookingForm("why", cell_phone="514 555-0177", email="new@example.org"))
    here.dispatcher.run_once()
    first = email("moved")
    here.directory.put(evolve(MARIE, contacts=(first, phone(23, rank=2))))
    to_the_reminder(here, booked)

    assert here.dispatcher.run_once().sent == 1
    assert sorted(sent(here)[:2]) == [("booking", "+15145550177"), ("booking", "new@example.org")]
    assert sent(here)[2:] == [("reminder", "moved@example.org")]


def test_nothing_is_due_before_its_time_and_nothing_is_sent_twice() -> None:
    """R43, R46: 24 hours before, to the microsecond."""
    here = world()
    booked = book(here)
    assert here.dispatcher.run_once() == Delivered(sent=2, told=1)
    here.clock.set(booked.appointment.slot.start - timedelta(hours=24, microseconds=1))
    early = here.dispatcher.run_once()
    here.wait(microseconds=1)

    assert early == Delivered()
    assert here.dispatcher.run_once() == Delivered(sent=1)
    here.wait(hours=1)
    assert here.dispatcher.run_once() == Delivered()


def test_a_strangers_reminder_goes_to_the_contact_on_the_form() -> None:
    """R43: a provisional person has no file."""
    here = world()
    booked = book(here, token=here.enter(strangers_form(8)))
    here.dispatcher.run_once()
    to_the_reminder(here, booked)
    here.dispatcher.run_once()

    assert sent(here) == [("booking", "+15145550108"), ("reminder", "+15145550108")]


@pytest.mark.parametrize(
    ("changes", "flagged"),
    [
        ({"deceased": True}, []),
        ({"active": False}, ["reminder.unreachable"]),
        ({"contacts": ()}, ["reminder.unreachable"]),
        ({"contacts": (email("late", current=False),)}, ["reminder.unreachable"]),
    ],
)
def test_a_reminder_without_anybody_to_remind_is_dropped(
    changes: dict[str, object], flagged: list[str]
) -> None:
    """R43: nothing for the deceased; otherwise staff see that position 1 is unreachable."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    here.directory.put(evolve(MARIE, **changes))  # type: ignore[arg-type]
    to_the_reminder(here, booked)

    assert here.dispatcher.run_once() == Delivered(dropped=1)
    assert len(here.notifier.sent) == 2
    assert [each.code for each in flags(here.store, booked.appointment.appointment_id)] == flagged
    code = "notice.unreachable" if flagged else "notice.deceased"
    assert ("notice", code) in actions(here.store)


def test_a_merged_files_reminder_goes_to_the_survivor() -> None:
    """R43, R9."""
    here = world()
    booked = book(here)
    here.directory.put(evolve(MARIE, merged_into=PatientId("p-jean")))
    to_the_reminder(here, booked)
    here.dispatcher.run_once()

    assert ("reminder", "jean@example.org") in sent(here)


def test_position_one_without_a_notifier_for_its_kind_is_unreachable() -> None:
    """R43: no other position stands in; R42: the form's other address still gets its notice."""
    here = world()
    booked = book(here)
    by_mail = dispatcher(here, notifiers={EMAIL: here.notifier})
    first = by_mail.run_once()
    to_the_reminder(here, booked)

    assert first == Delivered(sent=1, dropped=1)
    assert by_mail.run_once() == Delivered(dropped=1)
    assert sent(here) == [("booking", "marie@example.org")]
    codes = [each.code for each in flags(here.store, booked.appointment.appointment_id)]
    assert codes == ["notice.unreachable", "reminder.unreachable"]


@pytest.mark.parametrize(
    ("clinic", "count"),
    [
        (small_clinic(policies=Policies(channels=frozenset())), 0),
        (small_clinic(policies=Policies(channels=frozenset({EMAIL}))), 1),
        (small_clinic(silent_activities=frozenset({ActivityId("care")})), 0),
        (small_clinic(services=(service("open", messages=False),)), 0),
    ],
)
def test_a_clinic_chooses_what_is_sent_at_all(clinic: Clinic, count: int) -> None:
    """R42, R45: by channel, activity and service."""
    here = world(clinic)
    book(here)

    assert here.dispatcher.run_once() == Delivered(sent=count, told=1)


def test_messages_switched_off_after_the_booking_are_off() -> None:
    """R45: judged again at sending."""
    here = world()
    book(here)
    here.clinic = small_clinic(silent_activities=frozenset({ActivityId("care")}))

    assert dispatcher(here).run_once() == Delivered(dropped=2)
    assert actions(here.store).count(("notice", "notice.silent")) == 2


# What still holds --------------------------------------------------------------------------------


def test_no_reminder_of_a_cancelled_appointment_goes_out() -> None:
    """R46: the cancellation goes to the form's contacts, also over an unsent booking notice."""
    here = world()
    booked = book(here)
    here.portal.cancel(booked.link)

    assert here.dispatcher.run_once() == Delivered(sent=2, dropped=2, told=2)
    assert {kind for kind, _ in sent(here)} == {"cancellation"}
    to_the_reminder(here, booked)
    assert here.dispatcher.run_once() == Delivered(dropped=1)
    assert actions(here.store).count(("notice", "notice.status-changed")) == 3


def test_a_notice_of_another_revision_is_outdated() -> None:
    """R46: checked again at sending."""
    here = world()
    mine = book(here).appointment
    moved = evolve(mine, revision=1)
    scope = Scope(clinic_id=here.clinic.clinic_id, schedules={mine.slot.schedule_id: mine.claimed})
    here.store.transact(scope, lambda _: Decision(None, (PutAppointment(moved),)))

    assert here.dispatcher.run_once() == Delivered(dropped=2, told=1)
    assert actions(here.store).count(("notice", "notice.outdated")) == 2


def test_a_reminder_that_comes_too_late_is_dropped() -> None:
    """R43: at the start there is nothing to remind of."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    here.clock.set(booked.appointment.slot.start)

    assert here.dispatcher.run_once() == Delivered(dropped=1)
    assert ("notice", "notice.past") in actions(here.store)


# At least once -----------------------------------------------------------------------------------


class Hook(Notifier, EventSink):
    """Does something when a message is handed over or an event is told."""

    def __init__(self, then: Callable[[Message | Event], None]) -> None:
        self.then = then
        self.got: list[Message | Event] = []

    def send(self, message: Message) -> None:
        self.got.append(message)
        self.then(message)

    def tell(self, event: Event) -> None:
        self.got.append(event)
        self.then(event)


class PowerCut(BaseException):
    """The process dies here."""


def test_a_crash_between_sending_and_recording_sends_the_same_message_again() -> None:
    """R46: with the same id, once the lease is over; and not before."""
    here = world()
    book(here, token=here.enter(strangers_form(8)))

    def die(_: object) -> None:
        raise PowerCut

    dying = Hook(die)
    with pytest.raises(PowerCut):
        dispatcher(here, notifiers={PHONE: dying}).run_once()
    here.clock.advance(LEASE - timedelta(microseconds=1))
    leased = here.dispatcher.run_once()
    here.wait(microseconds=1)
    again = here.dispatcher.run_once()

    assert leased.sent == 0
    assert again.sent == 1
    (first,), (second,) = dying.got, here.notifier.sent
    assert isinstance(first, Message)
    assert first.message_id == second.message_id
    assert (first.address, first.subject) == (second.address, second.subject)
    assert here.dispatcher.run_once().sent == 0


def test_one_recipients_fault_never_stops_the_others() -> None:
    """R46: whatever the fault is; what failed comes again after its lease."""
    here = world()
    book(here)
    book(here, token=here.enter(strangers_form(8)))

    def refuse(message: Message | Event) -> None:
        if isinstance(message, Message) and message.address == "+15145550123":
            raise ob.NotifierError("refused") if len(hook.got) % 2 else ValueError(message.address)

    hook = Hook(refuse)
    chosen = dispatcher(here, notifiers={PHONE: hook, EMAIL: hook})

    assert chosen.run_once() == Delivered(sent=2, failed=1)
    assert chosen.run_once() == Delivered()
    here.clock.advance(LEASE)
    assert chosen.run_once() == Delivered(failed=1)
    here.clock.advance(LEASE)
    assert here.dispatcher.run_once().sent == 1
    ids = {each.message_id for each in hook.got if isinstance(each, Message)}
    assert here.notifier.sent[0].message_id in ids


def test_a_fault_is_logged_by_its_type_only(caplog: pytest.LogCaptureFixture) -> None:
    """R50: its own words may quote an address."""
    here = world()
    book(here, token=here.enter(strangers_form(8)))

    def fail(message: Message | Event) -> None:
        raise ValueError(f"no route to {message}: +15145550108")

    with caplog.at_level(logging.DEBUG):
        dispatcher(here, notifiers={PHONE: Hook(fail)}).run_once()

    assert "ValueError" in caplog.text
    assert "0108" not in caplog.text


def test_two_dispatchers_share_the_work() -> None:
    """R46: what one has taken, the other leaves alone."""
    here = world()
    book(here)
    other = dispatcher(here)
    passes: list[Delivered] = []

    def meanwhile(_: object) -> None:
        if not passes:
            passes.append(other.run_once())

    hook = Hook(meanwhile)
    mine = dispatcher(here, notifiers={PHONE: hook, EMAIL: hook}).run_once()

    assert passes == [Delivered(sent=1)]
    assert mine == Delivered(sent=1)
    assert len(here.notifier.sent) + len(hook.got) == 2


def test_an_event_that_one_dispatcher_tells_is_left_alone_by_the_other() -> None:
    """R39: for as long as its lease."""
    here = world()
    book(here)
    hook = Hook(lambda _: passes.append(here.dispatcher.run_once()))
    passes: list[Delivered] = []

    told = dispatcher(here, events=hook).run_once().told

    assert (told, [each.told for each in passes], here.events.told) == (1, [0], ())


class Fussy(ob.MemoryDirectory):
    """Takes no contact for some files."""

    refused: frozenset[str] = frozenset()

    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        if patient_id in self.refused:
            raise ConnectionError("away")
        return super().append_contacts(patient_id, points, order_id=order_id)


class Late(ob.MemoryStore):
    """Shows what was due, of one kind, before somebody else delivered it."""

    def __init__(self, here: World, kind: type[object], other: Dispatcher) -> None:
        self.here, self.kind, self.other = here, kind, other

    def read(self, query: object) -> tuple[datetime, object]:  # type: ignore[override]
        found: tuple[datetime, object] = self.here.store.read(query)  # type: ignore[arg-type]
        if isinstance(query, self.kind):
            self.other.run_once()
        return found

    def transact(self, scope: Scope, decide: object) -> object:  # type: ignore[override]
        return self.here.store.transact(scope, decide)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [DueOrders, DueNotices, DueEvents])
def test_a_piece_that_another_dispatcher_finished_meanwhile_is_left_alone(
    kind: type[object],
) -> None:
    """R46, R41: between the list of what is due and the lease, nothing is done twice."""
    here = world()
    fussy = Fussy([MARIE])
    fussy.refused = frozenset({"p-marie"})
    here.portal = ob.Portal(here.clinic, store=here.store, directory=fussy, keys=here.keys)
    book(here, ob.BookingForm("why", email="new@example.org"))
    fussy.refused = frozenset()
    heard = ob.RecordingEvents()
    other = dispatcher(here, directory=fussy, events=heard)

    mine = dispatcher(here, directory=fussy, events=heard, store=Late(here, kind, other)).run_once()

    told = len(heard.told)
    assert (len(here.notifier.sent), told) == (2, 2)
    assert mine.failed == 0
    assert (mine.contacts == 0) is (kind is DueOrders)
    assert (mine.sent == 0) is (kind in {DueOrders, DueNotices})
    assert mine.told == 0


# Events and orders -------------------------------------------------------------------------------


def test_the_host_is_told_what_happened_until_it_has_heard() -> None:
    """R39: booked, cancelled, contacts added."""
    here = world()
    booked = book(here, ob.BookingForm("why", email="new@example.org"))
    here.portal.cancel(booked.link)

    def deaf(_: object) -> None:
        raise ConnectionError

    assert dispatcher(here).run_once().told == 0
    assert dispatcher(here, events=Hook(deaf)).run_once().failed == 3
    here.clock.advance(LEASE)
    assert here.dispatcher.run_once().told == 3
    assert here.dispatcher.run_once().told == 0
    kinds = sorted(event.kind for event in here.events.told)
    assert kinds == ["appointment.booked", "appointment.cancelled", "contact.added"]
    assert {e.appointment_id for e in here.events.told} == {booked.appointment.appointment_id}


def test_orders_that_keep_failing_never_hold_up_the_others() -> None:
    """R41: more of them than one pass looks at."""
    files = [
        evolve(MARIE, patient_id=PatientId(f"p-{number:03}"), health_numbers=(), contacts=())
        for number in range(102)
    ]
    directory = Fussy(files)
    directory.refused = frozenset(file.patient_id for file in files)
    here = world(patients=files)
    desk = ob.FrontDesk(here.clinic, store=here.store, directory=directory, keys=here.keys)
    slot = here.slots(here.enter(strangers_form(1)))[0]
    form = ob.BookingForm("why", email="new@example.org")
    for number, file in enumerate(files):
        later = timedelta(days=number)
        wanted = evolve(slot, start=slot.start + later, end=slot.end + later)
        desk.book(f"r{number}", wanted, form, patient=file.patient_id, actor=STAFF)
        here.wait(seconds=1)
    directory.refused -= {"p-101"}
    chosen = dispatcher(here, directory=directory, notifiers={})

    first, second = chosen.run_once(), chosen.run_once()

    assert (first.contacts, first.failed) == (0, 100)
    assert (second.contacts, second.failed) == (1, 1)


def test_a_message_holds_the_link_where_the_clinic_has_a_page_for_it() -> None:
    """R44, R49: without one, it asks to phone; the link is the one that cancels."""
    here = world()
    booked = book(here, token=here.enter(strangers_form(8)))
    dispatcher(here).run_once()
    to_the_reminder(here, booked)
    here.dispatcher.run_once()

    plain, linked = here.notifier.sent
    assert "https://" not in plain.body
    assert "514 555-0100" in plain.body
    assert f"https://booking.example.org/{booked.link}" in linked.body
    assert (plain.language, plain.system) == ("fr", PHONE)


def test_every_delivery_ends_in_the_audit_trail() -> None:
    """R50: by the system, about the file's keyed hash, with the notice's identifier."""
    here = world()
    book(here)
    (_, due) = here.store.read(DueNotices(clinic_id=here.clinic.clinic_id))
    here.dispatcher.run_once()

    events = [each for each in trail(here.store) if each.action.startswith("notice ")]

    assert {each.action for each in events} == {f"notice {each}" for each in due}
    assert {(each.code, each.actor.kind) for each in events} == {("sent", "system")}
    assert {each.subject for each in events} == {trail(here.store)[0].subject}
    assert events[0].at == START
    for notice_id in due:
        scope = Scope(clinic_id=here.clinic.clinic_id, notice=notice_id)
        notice = here.store.read(ReadScope(scope))[1].notice
        assert notice is not None
        assert notice.state is NoticeState.SENT


def test_a_link_that_would_come_too_late_is_left_out() -> None:
    """R47: the message asks to phone instead."""
    here = world()
    token = here.enter()
    here.book(token, here.slots(token)[0])
    here.dispatcher.run_once()

    assert here.notifier.sent
    assert all("https://" not in message.body for message in here.notifier.sent)


def test_a_reminder_that_failed_until_the_quiet_hours_waits_for_their_end() -> None:
    """R43: and goes out once they are over."""
    here = world()
    token = here.enter()
    page = here.portal.find(token, "file", ob.Preference(first_date="2026-03-05"))
    assert isinstance(page, ob.Page)
    start = here.book(token, page.slots[0]).appointment.slot.start
    here.dispatcher.run_once()
    sent = len(here.notifier.sent)
    here.clock.set(start - timedelta(hours=6))
    quiet = here.dispatcher.run_once()
    here.clock.set(start - timedelta(microseconds=1))
    late = here.dispatcher.run_once()

    assert (quiet.sent, quiet.dropped, quiet.failed) == (0, 1, 0)
    assert (late.sent, late.dropped) == (0, 0)
    assert len(here.notifier.sent) == sent


def test_a_late_reminder_goes_out_when_the_quiet_hours_end() -> None:
    """R43."""
    here = world()
    token = here.enter()
    preference = ob.Preference(first_date="2026-03-05", time_of_day="afternoon")
    page = here.portal.find(token, "file", preference)
    assert isinstance(page, ob.Page)
    start = here.book(token, page.slots[0]).appointment.slot.start
    here.dispatcher.run_once()
    sent = len(here.notifier.sent)
    eight = start.replace(hour=13, minute=0)
    here.clock.set(eight - timedelta(hours=3))
    assert here.dispatcher.run_once().sent == 0
    here.clock.set(eight - timedelta(microseconds=1))
    assert here.dispatcher.run_once().sent == 0
    here.clock.set(eight)

    assert here.dispatcher.run_once().sent == 1
    assert len(here.notifier.sent) == sent + 1
