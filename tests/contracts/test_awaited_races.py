"""Twenty tasks for one time, eight event loops, and tasks that are cancelled (R40, R39)."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

import omnibook as ob
from omnibook.booking import order_id
from omnibook.dispatch import LEASE, Delivered
from omnibook.ids import EventId, derived_id
from omnibook.notices import on_booking
from omnibook.ports import ReadScope
from omnibook.records import ClaimKind, EventKind, HoldState
from omnibook.transactions import Scope
from support.awaited import async_desk, async_dispatcher, async_portal, async_store
from support.desk_walks import slot as desk_slot
from support.looking import appointments, live_claims, on_schedules, trail
from support.worlds import MARIES_FORM, STAFF, World, strangers_form, world

ReadyT = TypeVar("ReadyT")

TASKS = 20
THREADS = 8
FORM = ob.BookingForm("why", email="new@example.org")
"""With a contact that the file lacks: so that the order to add it is part of the booking."""


async def contend(portal: ob.AsyncPortal, number: int, slot: ob.Slot) -> tuple[str, str]:
    """A visitor of their own comes in, reviews the time and books it: the two outcomes' codes."""
    welcome = await portal.identify(
        strangers_form(number), terms="2026-01", language="en", source=f"198.51.100.{number}"
    )
    assert isinstance(welcome, ob.Welcome)
    reviewed = await portal.review(welcome.visit, slot, ob.BookingForm("why"))
    if not isinstance(reviewed, ob.Held):
        return reviewed.code, ""
    booked = await portal.book(welcome.visit, reviewed.hold_id)
    return reviewed.code, booked.code


def assert_one_winner(here: World, codes: list[tuple[str, str]]) -> None:
    won = ("slot.held", "appointment.booked")
    assert sorted(codes) == [won, *[("slot.taken", "")] * (len(codes) - 1)]
    assert len(appointments(here.store)) == 1
    assert len(live_claims(on_schedules(here.store, ["gagnon", "nguyen", "nurse"]))) == 1


def test_twenty_tasks_race_for_one_time() -> None:
    """R31, R40: one winner, and every other one is told that the time is taken."""
    here = world()
    first = here.slots(here.enter())[0]
    portal = async_portal(here)

    async def everybody() -> list[tuple[str, str]]:
        return list(
            await asyncio.gather(*(contend(portal, number, first) for number in range(TASKS)))
        )

    assert_one_winner(here, asyncio.run(everybody()))


def test_eight_event_loops_race_for_one_time_in_one_store() -> None:
    """R31, R40: a store in memory is shared by threads, each with a loop of its own."""
    here = world()
    first = here.slots(here.enter())[0]
    store = async_store(here)
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> tuple[str, str]:
        portal = async_portal(here, store)
        barrier.wait()
        return asyncio.run(contend(portal, number, first))

    with ThreadPoolExecutor(THREADS) as pool:
        codes = list(pool.map(run, range(THREADS)))

    assert_one_winner(here, codes)


# Cancelled ---------------------------------------------------------------------------------------


async def cancelled_after(waits: int, step: Coroutine[Any, Any, object]) -> bool:
    """Cancel the step once it has waited so often; whether there was anything left to cancel."""
    task = asyncio.create_task(step)
    for _ in range(waits + 1):
        await asyncio.sleep(0)
    if task.done():
        await task
        return False
    task.cancel()
    # A cancellation is never taken for a fault of a port.
    with pytest.raises(asyncio.CancelledError):
        await task
    return True


def at_every_wait(
    prepare: Callable[[World], ReadyT],
    step: Callable[[World, ReadyT], Coroutine[Any, Any, object]],
    check: Callable[[World, ReadyT], None],
) -> int:
    """Cancel the step at each of its waits, in a world of its own each time; how many there are.

    The last world is that of a step that was not cancelled.
    """
    for waits in range(200):
        here = world()
        ready = prepare(here)
        was_cancelled = asyncio.run(cancelled_after(waits, step(here, ready)))
        check(here, ready)
        if not was_cancelled:
            return waits
    raise AssertionError("the step never ends")


def assert_nothing_is_half_written(here: World) -> None:
    """Appointment, claim, notices, event, order and audit: all of them or none (R39)."""
    made = appointments(here.store)
    claims = live_claims(on_schedules(here.store, ["gagnon"]))
    claimed = [each.owner for each in claims if each.kind is ClaimKind.APPOINTMENT]
    assert claimed == [each.appointment_id for each in made]
    assert [each.code for each in trail(here.store)].count("appointment.booked") == len(made)
    clinic_id = here.clinic.clinic_id
    for each in made:
        for planned in on_booking(each, here.clinic):
            scope = Scope(clinic_id=clinic_id, notice=planned.notice.notice_id)
            assert here.store.read(ReadScope(scope))[1].notice == planned.notice
        event = EventId(derived_id("event", clinic_id, EventKind.BOOKED, each.appointment_id))
        scope = Scope(clinic_id=clinic_id, event=event, order=order_id(each))
        seen = here.store.read(ReadScope(scope))[1]
        assert seen.event is not None
        assert seen.order is not None


def held_by_marie(here: World) -> tuple[ob.VisitToken, ob.Held]:
    visit = here.enter()
    held = here.portal.review(visit, here.slots(visit)[0], FORM)
    assert isinstance(held, ob.Held)
    return visit, held


def test_a_booking_that_is_cancelled_anywhere_is_all_or_nothing() -> None:
    """R39, R37, R38: and the same call again books it, or finds what was booked."""
    made: list[int] = []

    async def book(here: World, ready: tuple[ob.VisitToken, ob.Held]) -> None:
        visit, held = ready
        await async_portal(here).book(visit, held.hold_id)

    def check(here: World, ready: tuple[ob.VisitToken, ob.Held]) -> None:
        visit, held = ready
        assert_nothing_is_half_written(here)
        made.append(len(appointments(here.store)))
        again = here.portal.book(visit, held.hold_id)
        assert isinstance(again, ob.Booked)
        assert_nothing_is_half_written(here)
        assert len(appointments(here.store)) == 1
        scope = Scope(clinic_id=here.clinic.clinic_id, hold=held.hold_id)
        holds = here.store.read(ReadScope(scope))[1].holds
        assert [each.state for each in holds.values()] == [HoldState.BOOKED]

    waits = at_every_wait(held_by_marie, book, check)

    assert waits > 5
    # Until the transaction nothing is there, after it everything.
    assert made == sorted(made)
    assert {*made} == {0, 1}


def test_an_identification_that_is_cancelled_is_no_refusal() -> None:
    """R12, R39: a limiter that is cancelled is not one that fails."""
    trails: list[list[str]] = []

    async def identify(here: World, _: None) -> None:
        outcome = await async_portal(here).identify(
            MARIES_FORM, terms="2026-01", language="fr", source="203.0.113.7"
        )
        assert isinstance(outcome, ob.Welcome)

    waits = at_every_wait(
        lambda _: None,
        identify,
        lambda here, _: trails.append([each.action for each in trail(here.store)]),
    )

    assert waits > 5
    # Only the last wait, after the transaction, finds anything written.
    assert trails == [*[[]] * (waits - 1), ["identify"], ["identify"]]


def test_a_desk_booking_that_is_cancelled_is_repeated_with_its_request() -> None:
    """R38."""

    async def book(here: World, _: None) -> None:
        await async_desk(here).book("r1", desk_slot(), FORM, patient="p-marie", actor=STAFF)

    def check(here: World, _: None) -> None:
        assert_nothing_is_half_written(here)
        again = here.desk.book("r1", desk_slot(), FORM, patient="p-marie", actor=STAFF)
        assert isinstance(again, ob.Booked)
        assert len(appointments(here.store)) == 1

    assert at_every_wait(lambda _: None, book, check) > 5


def test_a_pass_that_is_cancelled_leaves_its_pieces_to_a_later_one() -> None:
    """R39, R46: nothing is lost; what was sent and not noted comes again as the same message."""

    def book(here: World) -> set[str]:
        visit = here.enter()
        booked = here.book(visit, here.slots(visit)[0])
        planned = on_booking(booked.appointment, here.clinic)
        now = here.clock.now()
        return {each.notice.notice_id for each in planned if each.notice.not_before <= now}

    async def deliver(here: World, _: set[str]) -> None:
        await async_dispatcher(here).run_once()

    def check(here: World, due: set[str]) -> None:
        here.clock.advance(LEASE)
        assert here.dispatcher.run_once().failed == 0
        assert {each.message_id for each in here.notifier.sent} == due
        assert {each.kind for each in here.events.told} == {EventKind.BOOKED}
        assert here.dispatcher.run_once() == Delivered()

    assert at_every_wait(book, deliver, check) > 10
