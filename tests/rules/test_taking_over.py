"""A new visit of the same file takes over what the file holds (R35, R28)."""

from datetime import timedelta

from attrs import evolve

import omnibook as ob
from omnibook.ids import PatientId
from support.variations import (
    review,
    slot,
    stranger,
    under,
)
from support.worlds import (
    JEANS_FORM,
    MARIE,
    World,
    opening,
    schedule,
    service,
    small_clinic,
    world,
)


def test_a_new_visit_of_the_same_file_takes_the_hold_over_with_the_same_expiry() -> None:
    """R35, R37."""
    w = world()
    before, after = w.enter(), w.enter()
    held = w.hold(before, slot())
    w.wait(minutes=2)

    taken = w.hold(after, slot())

    assert taken.expires_at == held.expires_at
    assert taken.remaining == timedelta(minutes=3)
    assert isinstance(w.portal.book(before, held.hold_id), ob.SlotTaken)
    assert isinstance(w.portal.book(after, taken.hold_id), ob.Booked)


def test_nobody_else_takes_a_hold_over_whatever_they_typed() -> None:
    """R35: not another file, and not somebody without one."""
    w = world()
    w.hold(w.enter(), slot())
    w.hold(stranger(w, 1), slot(30))

    assert isinstance(review(w, w.enter(JEANS_FORM), slot()), ob.SlotTaken)
    assert isinstance(review(w, stranger(w, 1), slot(30)), ob.SlotTaken)


def test_only_the_very_time_is_taken_over_and_not_one_that_overlaps_it() -> None:
    """R35."""
    w = world()
    w.hold(w.enter(), slot(0, "file", length=30))

    assert isinstance(review(w, w.enter(), slot(15)), ob.SlotTaken)
    assert isinstance(review(w, w.enter(), slot(0)), ob.SlotTaken)


def test_taking_over_ends_what_the_new_visit_held() -> None:
    """R35: one live hold for each visit."""
    w = world()
    before, after = w.enter(), w.enter()
    w.hold(before, slot())
    own = w.hold(after, slot(30))

    w.hold(after, slot())

    assert isinstance(w.portal.book(after, own.hold_id), ob.SlotTaken)
    assert isinstance(review(w, stranger(w, 1), slot(30)), ob.Held)


def test_taking_over_adds_no_hold_and_so_meets_no_cap() -> None:
    """R35, R36."""
    w = world()
    w.hold(w.enter(), slot())
    w.hold(w.enter(), slot(30))

    third = w.enter()

    assert isinstance(review(w, third, slot(60)), ob.TooManyHolds)
    assert isinstance(review(w, third, slot(30)), ob.Held)


def test_what_is_taken_over_claims_what_it_claimed_whatever_the_buffers_are_now() -> None:
    """R35, R40."""
    wide = small_clinic(
        services=(service("open", 15, buffer_after=timedelta(minutes=30)),),
        schedules=(schedule("gagnon", opening()),),
    )
    w = world(wide)
    w.hold(w.enter(), slot())
    narrow = under(w, evolve(wide, services=(service("open", 15),)))

    assert isinstance(review(narrow, w.enter(), slot()), ob.Held)
    assert isinstance(review(narrow, stranger(w, 1), slot(15)), ob.SlotTaken)
    assert isinstance(review(narrow, stranger(w, 2), slot(45)), ob.Held)


def merge(w: World) -> None:
    """Marie's file becomes part of a new one."""
    survivor = evolve(MARIE, patient_id=PatientId("p-new"))
    w.directory.put(survivor)
    w.directory.put(evolve(MARIE, merged_into=survivor.patient_id))


def test_what_a_file_booked_before_it_was_merged_counts_for_its_survivor() -> None:
    """R52, R9: in the same visit, and in a new one."""
    w = world()
    token = w.enter()
    w.book(token, slot(60, of="file", length=30))
    merge(w)

    assert review(w, token, slot(120, of="file", length=30)) == ob.AlreadyBooked()
    assert review(w, w.enter(), slot(120, of="file", length=30)) == ob.AlreadyBooked()


def test_what_a_file_holds_while_it_is_merged_is_its_survivors() -> None:
    """R28, R35, R9: seen, and taken over with the same expiry."""
    w = world()
    held = w.hold(w.enter(), slot(0, of="file", length=30))
    merge(w)
    token = w.enter()

    assert held.slot in w.slots(token, "file")
    taken = review(w, token, held.slot)
    assert isinstance(taken, ob.Held)
    assert taken.expires_at == held.expires_at


def test_a_directory_that_tells_no_merges_is_followed_all_the_same() -> None:
    """R52, R9: at least from the file that was identified."""

    class Silent(ob.MemoryDirectory):
        def get(self, patient_id: PatientId) -> ob.Patient | None:
            patient = super().get(patient_id)
            return None if patient is None else evolve(patient, replaces=frozenset())

    w = world()
    w = under(evolve(w, directory=Silent((MARIE,))))
    token = w.enter()
    w.book(token, slot(60, of="file", length=30))
    merge(w)

    assert review(w, token, slot(120, of="file", length=30)) == ob.AlreadyBooked()
