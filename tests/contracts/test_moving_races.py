"""Patients who move into one time at once, while others book and cancel it (R40, R44, R47)."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

import omnibook as ob
from omnibook.adapters.sql import SqlStore
from omnibook.ports import Store
from omnibook.sealed import make_link
from omnibook.wiring import APPOINTMENT
from support.aftermath import assert_sound
from support.looking import appointments
from support.moves import kept, moved, tomorrow
from support.quick_sql import quick_file
from support.races import racing_clinic
from support.worlds import STAFF, START, World, strangers_form, world

AnswerT = TypeVar("AnswerT")

PATIENCE = 60
"""So many seconds a thread is waited for; then something is wrong."""
ROUNDS = 12
RIVALS = 6


@pytest.fixture(params=["memory", "sqlite"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The clinic of the races, on a store that threads share."""
    clinic = racing_clinic()
    if request.param == "memory":
        yield world(clinic)
        return
    with quick_file(tmp_path) as engine:

        def make_store(_: object) -> Store:
            return SqlStore(engine, clock=ob.ManualClock(START))

        yield world(clinic, make_store=make_store)


def at_once(acts: Sequence[Callable[[], AnswerT]]) -> list[AnswerT]:
    """What each act answers; all begin at the same moment."""
    barrier = threading.Barrier(len(acts), timeout=PATIENCE)

    def begin(act: Callable[[], AnswerT]) -> AnswerT:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        running = [pool.submit(begin, act) for act in acts]
        return [each.result(PATIENCE) for each in running]


def booked(here: World, name: str, slot: ob.Slot) -> ob.Booked:
    number = sum(map(ord, name)) % 90
    outcome = here.desk.book(
        name,
        slot,
        ob.BookingForm("why"),
        patient=strangers_form(number),
        actor=STAFF,
        language="en",
    )
    assert isinstance(outcome, ob.Booked), outcome
    return outcome


def place(number: int) -> ob.Slot:
    """One of the sixty-four times of tomorrow."""
    return tomorrow(15 * (number // 4), on="abcd"[number % 4])


def test_of_patients_who_move_into_one_time_one_has_it(here: World) -> None:
    """R40, R47: every other one is told so, and keeps the old time."""
    mine = [booked(here, f"rival {each}", place(each)) for each in range(RIVALS)]
    for number in range(ROUNDS):
        wish = place(RIVALS + number)
        before = {each.appointment_id: each for each in appointments(here.store)}

        outcomes = at_once([partial(here.portal.move, each.link, wish) for each in mine])

        won = [each for each in outcomes if isinstance(each, ob.Moved)]
        assert len(won) == 1
        lost = [each for each in outcomes if each not in won]
        assert all(isinstance(each, ob.SlotTaken) and each.fresh for each in lost), lost
        after = {each.appointment_id: each for each in appointments(here.store)}
        moved = won[0].appointment
        assert after == {**before, moved.appointment_id: moved}
        mine = [
            ob.Booked(appointment=each.appointment, link=each.link) if each in won else old
            for each, old in zip(outcomes, mine, strict=True)
            if isinstance(each, ob.Moved | ob.SlotTaken)
        ]
    assert assert_sound(here.store, here.clinic) == RIVALS


def test_patients_who_change_places_do_not_collide(here: World) -> None:
    """R40, R47: a time is free when whoever had it has gone, and not before."""
    one, other = booked(here, "one", place(0)), booked(here, "other", place(4))
    for _ in range(ROUNDS):
        links = [link_of(here, each) for each in (one, other)]
        places = [each.slot for each in (kept(here, one), kept(here, other))]
        outcomes = at_once(
            [
                partial(here.portal.move, links[0], places[1]),
                partial(here.portal.move, links[1], places[0]),
            ]
        )
        # Neither gives way before it has the other's place, so that both stay.
        assert all(isinstance(each, ob.SlotTaken) for each in outcomes)
        outcomes = at_once(
            [
                partial(here.portal.move, links[0], place(8)),
                partial(here.portal.move, links[1], places[0]),
            ]
        )
        assert isinstance(outcomes[0], ob.Moved)
        assert isinstance(outcomes[1], ob.Moved | ob.SlotTaken)
        for each, back in ((one, 16), (other, 4), (one, 0)):
            moved(here, link_of(here, each), place(back))
        assert_sound(here.store, here.clinic)


def link_of(here: World, booked: ob.Booked) -> str:
    """The link of the appointment as it is now."""
    return make_link(
        here.keys,
        APPOINTMENT,
        here.clinic.clinic_id,
        booked.appointment.appointment_id,
        kept(here, booked).revision,
    )


def test_a_move_a_booking_and_a_cancellation_leave_one_owner(here: World) -> None:
    """R40, R44, R47: whoever comes first; the link is good for one of the two acts only."""
    for number in range(ROUNDS):
        first = booked(here, f"patient {number}", place(number))
        wish = place(20 + number)
        visit = here.enter(strangers_form(number), source=f"198.51.100.{number}")

        def book(visit: ob.VisitToken = visit, wish: ob.Slot = wish) -> object:
            held = here.portal.review(visit, wish, ob.BookingForm("why"))
            if not isinstance(held, ob.Held):
                return held
            return here.portal.book(visit, held.hold_id)

        acts: list[Callable[[], object]] = [
            partial(here.portal.move, first.link, wish),
            partial(here.portal.cancel, first.link),
            book,
        ]

        mine, cancelled, others = at_once(acts)

        if isinstance(mine, ob.Moved):
            assert isinstance(cancelled, ob.LinkDead)
            assert isinstance(others, ob.SlotTaken)
        else:
            assert isinstance(mine, ob.LinkDead | ob.SlotTaken)
            assert isinstance(cancelled, ob.Cancelled)
            assert isinstance(others, ob.Booked)
        owners = [
            each for each in appointments(here.store) if each.status.occupies and each.slot == wish
        ]
        assert len(owners) == 1
    assert_sound(here.store, here.clinic)


def test_one_link_pressed_by_two_fingers_is_one_move(here: World) -> None:
    """R44: the same time twice is one move, told twice; two times are one move and a dead link."""
    first = booked(here, "one", place(0))
    same = at_once([partial(here.portal.move, first.link, place(4))] * RIVALS)
    assert same == [same[0]] * RIVALS
    won = same[0]
    assert isinstance(won, ob.Moved)
    assert won.appointment.revision == 1

    wishes = [place(8), place(8), place(12), place(12)]
    two = at_once([partial(here.portal.move, won.link, each) for each in wishes])
    assert sorted(each.code for each in two) == ["appointment.moved"] * 2 + ["link.dead"] * 2
    assert kept(here, first).revision == 2

    link = link_of(here, first)
    confirmed = at_once([partial(here.portal.confirm_presence, link)] * RIVALS)
    assert confirmed == [confirmed[0]] * RIVALS
    assert isinstance(confirmed[0], ob.PresenceConfirmed)
    assert_sound(here.store, here.clinic)
