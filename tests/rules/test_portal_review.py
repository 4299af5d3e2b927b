"""A chosen time is held, swapped, released: review and go back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.records import HoldState
from support.portal_walks import FORM, TAKEN, states, stranger, taken
from support.worlds import (
    MARIE,
    STAFF,
    strangers_form,
    world,
)

# Review ------------------------------------------------------------------------------------------


def test_review_holds_the_time_for_five_minutes() -> None:
    """R33, R34: the remaining time is told by the store's clock."""
    here = world()
    token = here.enter()
    slot = here.slots(token)[0]

    held = here.hold(token, slot)

    assert held.slot == slot
    assert held.remaining == timedelta(minutes=5)
    assert held.expires_at == here.clock.now() + timedelta(minutes=5)


def test_the_first_to_review_wins_and_the_others_get_fresh_times() -> None:
    """R31: which do not list the time that is held; the winner still sees it (R28)."""
    here = world()
    first, second = stranger(here, 1), stranger(here, 2)
    slot = here.slots(first)[0]
    here.hold(first, slot)

    fresh = taken(here.portal.review(second, slot, FORM))

    assert len(fresh.slots) == 5
    assert slot not in fresh.slots
    assert slot in here.slots(first)


def test_fresh_times_follow_the_preference() -> None:
    """R31, R24; with an unusable preference nothing was searched, and nothing is said."""
    here = world()
    first, second = stranger(here, 1), stranger(here, 2)
    slot = here.slots(first)[0]
    here.hold(first, slot)
    nurse = ob.Preference(practitioner="nurse")

    fresh = taken(here.portal.review(second, slot, FORM, preference=nurse))
    unusable = here.portal.review(second, slot, FORM, preference=ob.Preference(weekdays="x"))
    never = ob.Preference(first_date="2030-01-01")

    assert {each.schedule_id for each in fresh.slots} == {"nurse"}
    assert unusable == TAKEN
    assert here.portal.review(second, slot, FORM, preference=never) == ob.SlotTaken(
        fresh=ob.NoAvailability()
    )


FORGERIES: dict[str, Callable[[ob.Slot], tuple[datetime, datetime, Any]]] = {
    "off the grid": lambda slot: (slot.start + timedelta(minutes=1), slot.end, "gagnon"),
    "too long": lambda slot: (slot.start, slot.end + timedelta(minutes=15), "gagnon"),
    "outside openings": lambda slot: (slot.start - timedelta(minutes=15), slot.start, "gagnon"),
    "in the past": lambda slot: (
        slot.start - timedelta(days=7),
        slot.end - timedelta(days=7),
        "gagnon",
    ),
    "beyond the horizon": lambda slot: (
        slot.start + timedelta(days=371),
        slot.end + timedelta(days=371),
        "gagnon",
    ),
    "on no schedule": lambda slot: (slot.start, slot.end, "nobody"),
    "of a schedule's other type": lambda slot: (slot.start, slot.end, None),
    "the end of time": lambda slot: (
        slot.start.replace(year=9999, month=12, day=31, hour=23, minute=0),
        slot.start.replace(year=9999, month=12, day=31, hour=23, minute=15),
        "gagnon",
    ),
}


@pytest.mark.parametrize("forged", FORGERIES)
def test_a_slot_that_was_never_offered_is_as_good_as_taken(forged: str) -> None:
    """R31, R38: whatever a client sends back is only a wish."""
    here = world()
    token = here.enter()
    slot = here.slots(token)[0]
    start, end, schedule_id = FORGERIES[forged](slot)

    outcome = here.portal.review(token, ob.Slot(slot.service_id, schedule_id, start, end), FORM)

    assert taken(outcome).slots == here.slots(token)
    assert states(here, token) == []


@pytest.mark.parametrize("garbage", [None, "", "slot", {"start": "2026-03-02"}, 7, ("a", "b")])
def test_what_is_no_slot_at_all_is_a_problem_beside_those_of_the_form(garbage: ob.Slot) -> None:
    """R11: all at once."""
    here = world()
    token = here.enter()

    with_form = here.portal.review(token, garbage, FORM)
    without = here.portal.review(token, garbage, ob.BookingForm("x" * 101))

    problem = ob.Problem(ob.ProblemCode.SLOT_MALFORMED, "slot")
    assert with_form == ob.InvalidEntry((problem,))
    assert isinstance(without, ob.InvalidEntry)
    assert [each.field for each in without.problems] == ["reason", "slot"]


@pytest.mark.parametrize("service_id", ["child", "nothing", None, 7])
def test_a_service_that_is_not_offered_cannot_be_reviewed(service_id: Any) -> None:
    """R22: a service that the visitor is not eligible for, or none at all."""
    here = world()
    token = here.enter()
    half_an_hour = here.slots(token, "file")[0]
    slot = evolve(half_an_hour, service_id=service_id)

    assert here.portal.review(token, slot, FORM) == ob.ServiceNotOffered()


def test_eligibility_is_judged_for_the_slots_day_and_anew_at_every_step() -> None:
    """R22: the file changes between list, review and book."""
    here = world()
    token = here.enter()
    slot = here.slots(token, "doctor")[0]
    held = here.hold(token, slot)
    here.directory.put(evolve(MARIE, family_doctor=None))

    assert here.portal.book(token, held.hold_id) == ob.ServiceNotOffered()
    assert here.portal.review(token, slot, FORM) == ob.ServiceNotOffered()
    here.directory.put(MARIE)
    assert isinstance(here.portal.book(token, held.hold_id), ob.Booked)


def test_the_same_slot_reviewed_again_is_the_same_hold_until_the_same_instant() -> None:
    """R35; the form of the last review is the one that counts (R32)."""
    here = world()
    token = here.enter()
    slot = here.slots(token)[0]
    first = here.hold(token, slot)
    here.wait(minutes=2)

    again = here.portal.review(token, slot, ob.BookingForm("a cough"))

    assert again == evolve(first, remaining=timedelta(minutes=3))
    booked = here.portal.book(token, first.hold_id)
    assert isinstance(booked, ob.Booked)
    assert booked.appointment.entries.reason == "a cough"


def test_reviewing_another_slot_swaps_and_frees_the_first_one() -> None:
    """R35, R37: the swapped hold cannot be booked any more."""
    here = world()
    token, other = stranger(here, 1), stranger(here, 2)
    first, second = here.slots(token)[0], here.slots(token)[3]
    swapped = here.hold(token, first)
    held = here.hold(token, second)

    assert taken(here.portal.book(token, swapped.hold_id)).slots[0] == first
    assert states(here, token) == [HoldState.HELD, HoldState.SWAPPED]
    here.hold(other, first)
    assert isinstance(here.portal.book(token, held.hold_id), ob.Booked)


def test_an_unusable_form_holds_nothing_and_keeps_what_was_held() -> None:
    """R11, R23, R35."""
    here = world()
    token = here.enter()
    held = here.hold(token, here.slots(token)[0])
    form = ob.BookingForm("", details="x" * 501, cell_phone="", email=" ")

    outcome = here.portal.review(token, here.slots(token)[1], form)

    assert isinstance(outcome, ob.InvalidEntry)
    assert [each.field for each in outcome.problems] == ["reason", "details", "cell_phone"]
    assert states(here, token) == [HoldState.HELD]
    assert isinstance(here.portal.book(token, held.hold_id), ob.Booked)


def test_a_lost_swap_keeps_what_was_held() -> None:
    """R35."""
    here = world()
    token, other = stranger(here, 1), stranger(here, 2)
    mine, theirs = here.slots(token)[0], here.slots(token)[1]
    held = here.hold(token, mine)
    here.hold(other, theirs)

    taken(here.portal.review(token, theirs, FORM))

    assert isinstance(here.portal.book(token, held.hold_id), ob.Booked)


def test_ones_own_hold_never_blocks_its_swap() -> None:
    """R35: half an hour that overlaps the quarter already held."""
    here = world()
    token = here.enter()
    quarter = here.slots(token, "open")[0]
    here.hold(token, quarter)
    half = next(s for s in here.slots(token, "file") if s.schedule_id == quarter.schedule_id)

    assert half.span.overlaps(quarter.span)
    here.hold(token, half)


def test_going_back_releases_at_once_and_for_good() -> None:
    """R35, R38: a released hold cannot be booked; going back twice changes nothing."""
    here = world()
    token, other = stranger(here, 1), stranger(here, 2)
    slot = here.slots(token)[0]
    held = here.hold(token, slot)

    assert here.portal.go_back(token) == ob.Released()
    assert here.portal.go_back(token) == ob.Released()
    assert slot in taken(here.portal.book(token, held.hold_id)).slots
    here.hold(other, slot)


def test_a_new_visit_of_the_same_file_takes_its_hold_over() -> None:
    """R28, R35: it sees the time, takes it with the same expiry, and the old visit has lost it."""
    here = world()
    first = here.enter()
    slot = here.slots(first)[0]
    held = here.hold(first, slot)
    here.wait(minutes=1)
    second = here.enter()

    over = here.hold(second, here.slots(second)[0])

    assert over.slot == slot
    assert (over.expires_at, over.hold_id != held.hold_id) == (held.expires_at, True)
    assert isinstance(here.portal.book(first, held.hold_id), ob.SlotTaken)
    assert isinstance(here.portal.book(second, over.hold_id), ob.Booked)


def test_holds_are_capped_by_contact_detail_and_by_source() -> None:
    """R36: two of one contact, three of one source; the visit's own is not counted."""
    here = world()
    by_contact = [here.enter(strangers_form(1), source=f"198.51.100.{n}") for n in range(3)]
    by_source = [here.enter(strangers_form(n), source="203.0.113.9") for n in range(10, 14)]
    slots = here.slots(by_contact[0])
    for token, slot in zip(by_contact, slots[:2], strict=False):
        here.hold(token, slot)
    capped = here.portal.review(by_contact[2], slots[2], FORM)
    form = ob.BookingForm("why", cell_phone="514 555-0101")
    by_booking_form = here.portal.review(stranger(here, 30), slots[2], form)
    for token, slot in zip(by_source, slots[2:], strict=False):
        here.hold(token, slot)
    later = here.slots(by_source[3])[-1]

    assert capped == by_booking_form == ob.TooManyHolds()
    assert here.portal.review(by_source[3], later, FORM) == ob.TooManyHolds()
    here.hold(by_source[0], later)


def test_appointments_without_a_file_are_capped_by_contact_and_by_source_and_day() -> None:
    """R36: at Review and at Book; an identified visitor is not concerned."""
    here = world()
    for number in (1, 1):
        token = stranger(here, number)
        here.book(token, here.slots(token)[0])
    token = stranger(here, 1)
    assert here.portal.review(token, here.slots(token)[0], FORM) == ob.TooManyHolds()

    for number in range(10, 12):
        token = here.enter(strangers_form(number), source="203.0.113.9")
        here.book(token, here.slots(token)[0])
    late = [here.enter(strangers_form(n), source="203.0.113.9") for n in (12, 13)]
    holds = [here.hold(token, here.slots(token)[0]) for token in late]
    assert isinstance(here.portal.book(late[0], holds[0].hold_id), ob.Booked)
    assert here.portal.book(late[1], holds[1].hold_id) == ob.TooManyHolds()
    here.book(here.enter(source="203.0.113.9"), here.slots(late[1])[-1])


def test_the_desk_cannot_take_what_a_visitor_holds() -> None:
    """R33: neither book it nor close it, until the hold is over (R34)."""
    here = world()
    token = here.enter()
    held = here.hold(token, here.slots(token)[0])

    def book(number: int) -> object:
        return here.desk.book(f"r{number}", held.slot, FORM, patient="p-jean", actor=STAFF)

    slot = held.slot
    assert book(1) == ob.TimeTaken()
    assert here.desk.close_time("c1", "gagnon", slot.start, slot.end, actor=STAFF) == ob.TimeTaken()
    here.wait(minutes=5)
    assert isinstance(book(2), ob.Booked)
    taken(here.portal.book(token, held.hold_id))
