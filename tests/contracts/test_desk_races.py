"""Staff, visitors and each other: threads that want the same appointments and times (R38–R40, R15).

In memory and on one SQLite file. Whatever the order was, what everybody was told agrees with what
is kept.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.adapters.sql import SqlStore
from omnibook.ids import PatientId
from omnibook.ports import DueEvents, ReadScope, Store
from omnibook.records import EventKind
from omnibook.transactions import Scope
from support.aftermath import assert_claims_match, assert_no_overlap
from support.desk_walks import QUARTER, book, booked, slot
from support.looking import actions, appointments, trail
from support.worlds import STAFF, START, World, strangers_form, world

T = TypeVar("T")

S = ob.AppointmentStatus
THREADS = 8
ROUNDS = 12
PATIENCE = 120
"""So many seconds are waited for a thread; then something is wrong."""

NINE = START + timedelta(hours=2)
SCHEDULES = ("gagnon", "nguyen")
FILES = ("p-marie", "p-jean")


@pytest.fixture(params=["memory", "sqlite"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        yield world()
        return
    stores: list[SqlStore] = []

    def make(clock: ob.ManualClock) -> Store:
        stores.append(SqlStore(f"sqlite:///{tmp_path / 'clinic.db'}", clock=clock))
        return stores[0]

    yield world(make_store=make)  # type: ignore[arg-type]
    for each in stores:
        each.close()


def at_once(*deeds: Callable[[], T]) -> list[T]:
    """What each deed is answered, when all of them begin together."""
    barrier = threading.Barrier(len(deeds), timeout=PATIENCE)

    def run(deed: Callable[[], T]) -> T:
        barrier.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        running = [pool.submit(run, deed) for deed in deeds]
        return [each.result(PATIENCE) for each in running]


def kept(here: World, which: ob.Appointment) -> ob.Appointment:
    (found,) = (
        each for each in appointments(here.store) if each.appointment_id == which.appointment_id
    )
    return found


def sound(here: World) -> None:
    made = appointments(here.store)
    assert_no_overlap(made)
    assert_claims_match(here.store, made, SCHEDULES)


def told(here: World) -> Counter[EventKind]:
    """The events that are queued for the host, by kind."""
    clinic_id = here.clinic.clinic_id
    _, queued = here.store.read(DueEvents(clinic_id=clinic_id, limit=10**6))
    scopes = (Scope(clinic_id=clinic_id, event=each) for each in queued)
    events = (here.store.read(ReadScope(scope))[1].event for scope in scopes)
    return Counter(each.kind for each in events if each is not None)


def test_a_person_is_attached_to_one_file_whoever_asks(here: World) -> None:
    """R15, R39, R41: the winner's file, and its alone, gets the contact, once."""
    for number in range(ROUNDS):
        where = slot(NINE + number * QUARTER)
        mine = booked(here, f"r{number}", where, patient=strangers_form(40 + number))
        attach = partial(here.desk.attach, mine.appointment_id, actor=STAFF)

        outcomes = at_once(*(partial(attach, each) for each in FILES * (THREADS // 2)))

        now = kept(here, mine)
        assert outcomes == outcomes[:2] * (THREADS // 2)
        codes = {file: each.code for file, each in zip(FILES, outcomes, strict=False)}
        assert now.patient_id is not None
        assert codes.pop(now.patient_id) == "desk.attached"
        assert [*codes.values()] == ["desk.already-attached"]
        (contact,) = now.entries.contacts
        for file in FILES:
            found = here.directory.get(PatientId(file))
            assert found is not None
            values = [each.value for each in found.contacts]
            assert values.count(contact.value) == (file == now.patient_id)
    sound(here)
    assert actions(here.store).count(("attach", "desk.attached")) == ROUNDS
    assert told(here)[EventKind.ATTACHED] == ROUNDS


def test_a_mark_and_a_cancellation_leave_one_last_word(here: World) -> None:
    """R40, R47: cancelled is final; what was marked first cannot be cancelled any more."""
    for number in range(ROUNDS):
        mine = booked(here, f"r{number}", slot(START - QUARTER * (number + 1)))
        mark = partial(here.desk.mark, mine.appointment_id, S.NOSHOW, actor=STAFF)
        cancel = partial(here.desk.cancel, mine.appointment_id, reason="", actor=STAFF)

        outcomes: list[object] = at_once(mark, cancel, mark)

        now = kept(here, mine)
        if now.status is S.CANCELLED:
            assert isinstance(outcomes.pop(1), ob.Cancelled)
            assert outcomes == [ob.NotMarkable(status=S.CANCELLED)] * 2
        else:
            assert outcomes.pop(1) == ob.NotCancellable(status=S.NOSHOW)
            assert outcomes == [ob.Marked(appointment=now)] * 2
    sound(here)
    events = told(here)
    assert events[EventKind.STATUS_CHANGED] + events[EventKind.CANCELLED] == ROUNDS
    marks = actions(here.store).count(("mark-noshow", "desk.marked"))
    assert marks == events[EventKind.STATUS_CHANGED]


def test_a_freed_time_is_taken_back_or_booked_and_never_both(here: World) -> None:
    """R40: a no-show who comes after all, and a booking of the time that was free meanwhile."""
    for number in range(ROUNDS):
        where = slot(START - QUARTER * (number + 1))
        mine = booked(here, f"a{number}", where)
        here.desk.mark(mine.appointment_id, S.NOSHOW, actor=STAFF)
        mark = partial(here.desk.mark, mine.appointment_id, S.ARRIVED, actor=STAFF)
        bookings = (
            partial(book, here, f"b{number}-{n}", where, patient="p-jean") for n in range(3)
        )

        outcomes: list[Any] = at_once(*bookings, mark, mark, mark)

        codes = [each.code for each in outcomes]
        if kept(here, mine).status is S.ARRIVED:
            assert codes == ["desk.time-taken"] * 3 + ["desk.marked"] * 3
        else:
            assert sorted(codes) == ["appointment.booked", *["desk.time-taken"] * 5]
            assert "appointment.booked" in codes[:3]
    sound(here)


def test_of_many_moves_to_one_time_one_arrives(here: World) -> None:
    """R40, R47: the others stay where they are; a visitor who reviews it may win, too."""
    for number in range(ROUNDS):
        there = slot(NINE + number * QUARTER)
        away = START + timedelta(days=30 + number)
        mine = [
            booked(here, f"r{number}-{n}", slot(away + n * QUARTER), patient=strangers_form(n))
            for n in range(THREADS)
        ]
        visit = here.enter(strangers_form(90), source=f"source-{number}")
        moves = (
            partial(
                here.desk.move, each.appointment_id, "gagnon", there.start, revision=0, actor=STAFF
            )
            for each in mine
        )

        outcomes: list[Any] = at_once(
            *moves, partial(here.portal.review, visit, there, ob.BookingForm("x"))
        )

        codes = [each.code for each in outcomes]
        now = [kept(here, each) for each in mine]
        arrived = [each for each in now if each.slot == there]
        assert len(arrived) == codes.count("appointment.moved")
        assert len(arrived) + codes.count("slot.held") == 1
        assert sum(each in mine for each in now) == THREADS - len(arrived)
        here.portal.go_back(visit)
    sound(here)


def test_of_many_moves_of_one_appointment_one_is_done(here: World) -> None:
    """R38: each from the same revision to a time of its own; twice the same one is one."""
    mine = booked(here)
    for number in range(ROUNDS):
        starts = [START + timedelta(days=2 + number) + n * QUARTER for n in range(THREADS // 2)]
        move = partial(here.desk.move, mine.appointment_id, "gagnon", actor=STAFF)

        outcomes: list[object] = at_once(
            *(partial(move, start, revision=mine.revision) for start in starts * 2)
        )

        now = kept(here, mine)
        assert now.revision == mine.revision + 1
        assert outcomes.count(ob.MovedMeanwhile(appointment=now)) == THREADS - 2
        won = [each for each in outcomes if isinstance(each, ob.Moved)]
        assert [each.appointment for each in won] == [now, now]
        mine = now
    sound(here)
    assert actions(here.store).count(("move", "appointment.moved")) == ROUNDS
    assert told(here)[EventKind.MOVED] == ROUNDS


def test_the_patient_and_the_desk_move_the_same_appointment_once(here: World) -> None:
    """R44, R47: whoever comes first; the other is told, and no time is kept twice."""
    for number in range(ROUNDS):
        visit = here.enter(strangers_form(40 + number), source=f"source-{number}")
        page = here.portal.find(visit, "open", ob.Preference(first_date="2026-03-04"))
        assert isinstance(page, ob.Page)
        first, second, *_ = page.slots
        made = here.book(visit, first)
        there = slot(START + timedelta(days=20, hours=number))
        move = partial(here.desk.move, made.appointment.appointment_id, "gagnon", actor=STAFF)

        outcomes: list[Any] = at_once(
            partial(move, there.start, revision=0),
            partial(here.portal.move, made.link, second),
            partial(here.portal.confirm_presence, made.link),
        )

        by_desk, by_link, confirmed = (each.code for each in outcomes)
        now = kept(here, made.appointment)
        assert confirmed in {"presence.confirmed", "link.dead"}
        assert (now.revision, now.presence) == (1, None)
        if now.slot == second:
            assert (by_link, by_desk) == ("appointment.moved", "desk.moved-meanwhile")
        else:
            assert (by_link, by_desk) == ("link.dead", "appointment.moved")
        here.desk.cancel(now.appointment_id, reason="", actor=STAFF)
    sound(here)


def test_marks_to_and_fro_are_told_as_often_as_they_changed(here: World) -> None:
    """R39, R50: a line and an event for each change, whoever made it."""
    mine = booked(here, where=slot(START - QUARTER))
    to_and_fro = [S.NOSHOW, S.BOOKED, S.FULFILLED, S.ARRIVED] * (THREADS // 4)
    mark = partial(here.desk.mark, mine.appointment_id, actor=STAFF)

    for _ in range(ROUNDS):
        outcomes = at_once(*(partial(mark, status) for status in to_and_fro))
        assert outcomes == [ob.Marked(appointment=evolve(mine, status=each)) for each in to_and_fro]
    sound(here)
    marks = [each for each in trail(here.store) if each.action.startswith("mark-")]
    looks = [each for each in trail(here.store) if each.action == "read-appointment"]
    assert len(marks) == told(here)[EventKind.STATUS_CHANGED]
    assert len(marks) + len(looks) == ROUNDS * THREADS
