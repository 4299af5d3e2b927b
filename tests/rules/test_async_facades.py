"""A story that calls every method of the facades: told plainly, and awaited.

What is drawn at random in any order is drawn by the state machine of ``test_awaited_walks.py``.
"""

from collections.abc import Callable
from datetime import timedelta
from inspect import getmembers, isfunction

import omnibook as ob
from omnibook.dispatch import Dispatcher
from omnibook.ids import ScheduleId
from omnibook.receipts import Receipt, ReceiptStatus
from support.awaited import awaited
from support.desk_walks import EVENING, slot
from support.looking import trail
from support.moves import tomorrow
from support.tokens import SeededTokens
from support.worlds import JEANS_FORM, MARIE, MARIES_FORM, STAFF, START, World, world

HOUR = timedelta(hours=1)
FORM = ob.BookingForm("why", email="new@example.org")


class Told:
    """Passes the calls of a facade on, and keeps what they answered by the method's name."""

    def __init__(self, facade: object, answers: list[tuple[str, object]]) -> None:
        self._facade, self._answers = facade, answers

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._facade, name)

        def call(*args: object, **more: object) -> object:
            answer = method(*args, **more)
            self._answers.append((name, answer))
            return answer

        return call


def story(here: World) -> list[tuple[str, object]]:
    """What everybody was answered, from the first visitor to the last message."""
    answers: list[tuple[str, object]] = []
    portal, desk, dispatcher = (
        Told(each, answers) for each in (here.portal, here.desk, here.dispatcher)
    )
    welcome = portal.identify(MARIES_FORM, terms="2026-01", language="en", source="203.0.113.7")
    assert isinstance(welcome, ob.Welcome)
    visit = welcome.visit
    portal.resume(visit.value)
    portal.resume("made up")
    here.wait(minutes=6)  # long enough that going on is written down (R16)
    portal.services(visit)
    page = portal.find(visit, "open", ob.Preference.soonest())
    assert isinstance(page, ob.Page)
    portal.find(visit, "open", ob.Preference.soonest(), after=page.cursor)
    portal.review(visit, page.slots[0], FORM)
    portal.go_back(visit)
    held = portal.review(visit, page.slots[1], FORM)
    assert isinstance(held, ob.Held)
    other = portal.identify(JEANS_FORM, terms="2026-01", language="fr", source="203.0.113.8")
    assert isinstance(other, ob.Welcome)
    portal.review(other.visit, page.slots[1], FORM, preference=ob.Preference.soonest())
    booked = portal.book(visit, held.hold_id)
    assert isinstance(booked, ob.Booked)
    portal.book(visit, held.hold_id, form=FORM)
    portal.show(booked.link)
    portal.confirm_presence(booked.link)
    held = portal.review(other.visit, tomorrow(), FORM)
    assert isinstance(held, ob.Held)
    later = portal.book(other.visit, held.hold_id)
    assert isinstance(later, ob.Booked)
    portal.find_for_move(later.link, ob.Preference.soonest())
    portal.move(later.link, slot())
    moved = portal.move(later.link, tomorrow(60))
    assert isinstance(moved, ob.Moved)
    portal.confirm_presence(moved.link)
    portal.confirm_presence(later.link)

    opened = desk.open_time(
        "o1", "gagnon", EVENING, EVENING + HOUR, activities=("care",), interval=HOUR, actor=STAFF
    )
    assert isinstance(opened, ob.Opened)
    closed = desk.close_time("c1", "nurse", START, START + 3 * HOUR, actor=STAFF)
    assert isinstance(closed, ob.Closed)
    busy = ob.Busy(
        span=ob.Span(EVENING, EVENING + HOUR), schedule_id=ScheduleId("nguyen"), busy_id="b1"
    )
    desk.import_busy("nguyen", EVENING, EVENING + 2 * HOUR, (busy,), actor=STAFF)
    made = desk.book("r1", slot(), FORM, patient="p-marie", actor=STAFF, language="en")
    assert isinstance(made, ob.Booked)
    person = desk.book("r2", slot(on="nurse"), FORM, patient=JEANS_FORM, actor=STAFF)
    assert isinstance(person, ob.Booked)
    desk.book("r3", slot(), FORM, patient="nobody", actor=STAFF)
    desk.cancel(made.appointment.appointment_id, reason="ill", actor=STAFF, close_time=True)
    persons = person.appointment.appointment_id
    desk.confirm_presence(persons, actor=STAFF)
    there = EVENING + 3 * HOUR
    desk.move(persons, "nurse", there, revision=0, duration=HOUR, actor=STAFF)
    desk.move(persons, "nurse", EVENING, revision=0, actor=STAFF)
    desk.mark(persons, ob.AppointmentStatus.ARRIVED, actor=STAFF)
    desk.mark(persons, ob.AppointmentStatus.NOSHOW, actor=STAFF)
    desk.attach(persons, "p-jean", actor=STAFF)
    desk.attach(persons, "p-marie", actor=STAFF)
    desk.find_by_reference(person.reference, actor=STAFF)
    desk.appointments_of("p-jean", actor=STAFF)
    desk.try_again("nothing", actor=STAFF)
    desk.set_aside(actor=STAFF)
    desk.explain_service("p-marie", "doctor", actor=STAFF)
    desk.explain_time("open", "gagnon", EVENING, actor=STAFF, patient_id="p-marie")
    desk.day(START.date(), actor=STAFF)
    main, other_contact = MARIE.contacts[0], MARIE.contacts[-1]
    desk.verify_contact("v1", "p-marie", main, actor=STAFF)
    desk.move_contact("m1", "p-marie", other_contact, position=1, actor=STAFF)
    desk.remove_contact("d1", "p-marie", other_contact, actor=STAFF)
    desk.withdraw_opening(opened.opening_id, actor=STAFF)
    desk.withdraw_closure(closed.closure_id, actor=STAFF)

    here.notifier.failing = True
    dispatcher.run_once()
    here.notifier.failing = False
    here.wait(minutes=2)
    dispatcher.run_once()
    sent = here.notifier.sent[0].message_id
    dispatcher.note_receipt(Receipt(notice_id=sent, status=ReceiptStatus.UNDELIVERED))
    portal.cancel(booked.link, "better")
    portal.cancel(booked.link)
    dispatcher.run_once()
    return answers


def public(facade: type[object]) -> set[str]:
    return {name for name, _ in getmembers(facade, isfunction) if not name.startswith("_")}


def test_everybody_is_answered_the_same_by_facades_that_wait_and_that_are_awaited() -> None:
    """R10, R38, R39, R50: and the trail, the messages and the events are the same."""
    plain = world(tokens=SeededTokens())
    other = awaited(world(tokens=SeededTokens()), tokens=SeededTokens())

    answers = story(plain)

    assert story(other) == answers
    assert {name for name, _ in answers} == public(ob.Portal) | public(ob.FrontDesk) | public(
        Dispatcher
    )
    assert trail(other.store) == trail(plain.store)
    assert other.notifier.sent == plain.notifier.sent
    assert other.events.told == plain.events.told
    assert len(plain.notifier.sent) > 3
