"""Review and Back: who may hold which time, until when, and how many (R16, R22, R31–R38, R52)."""

from datetime import date, timedelta
from typing import Any

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.criteria import AgeRange
from omnibook.eligibility import Eligibility
from omnibook.ids import ScheduleId, ServiceId
from omnibook.ports import AuditTrail, ReadScope
from omnibook.records import HoldState
from omnibook.times import Span
from omnibook.transactions import Scope
from support.variations import (
    MICRO,
    InterruptedStore,
    at,
    review,
    roomy,
    slot,
    stranger,
    under,
)
from support.worlds import (
    JEANS_FORM,
    MARIE,
    START,
    opening,
    schedule,
    service,
    small_clinic,
    world,
)

# The first to review wins (R31) ------------------------------------------------------------------


def test_the_first_to_review_wins_and_the_other_sees_what_is_free_now() -> None:
    """R31."""
    w = world()
    first, second = w.enter(), stranger(w, 1)
    wish = w.slots(second)[0]
    w.hold(first, wish)

    lost = review(w, second, wish)

    assert isinstance(lost, ob.SlotTaken)
    assert isinstance(lost.fresh, ob.Page)
    assert wish not in lost.fresh.slots
    assert lost.fresh.slots == w.slots(second)


def test_a_time_that_overlaps_a_held_one_is_taken_too_and_one_that_touches_it_is_free() -> None:
    """R31, R40."""
    w = world()
    w.hold(w.enter(), slot(15, "file", length=30))
    visit = stranger(w, 1)

    assert isinstance(review(w, visit, slot(15)), ob.SlotTaken)
    assert isinstance(review(w, visit, slot(30)), ob.SlotTaken)
    assert isinstance(review(w, visit, slot(0)), ob.Held)
    assert isinstance(review(w, visit, slot(45)), ob.Held)


def test_the_store_decides_and_not_what_was_read_before() -> None:
    """R31: somebody takes the time between the look and the transaction."""
    w = world()
    interrupted = InterruptedStore(w.store)
    seen = under(w, store=interrupted)
    late, quick = stranger(w, 1), stranger(w, 2)
    interrupted.before_the_next_transaction(lambda: w.hold(quick, slot()))

    assert isinstance(review(seen, late, slot()), ob.SlotTaken)


# Five minutes, by the store's clock (R33, R34) ---------------------------------------------------


def test_a_hold_lasts_five_minutes_and_says_how_long_is_left() -> None:
    """R33, R34."""
    w = world()
    visit = w.enter()

    held = w.hold(visit, slot())

    assert held.expires_at == START + timedelta(minutes=5)
    assert held.remaining == timedelta(minutes=5)
    w.wait(minutes=2)
    assert w.hold(visit, slot()).remaining == timedelta(minutes=3)


def test_a_clinic_chooses_how_long_a_hold_lasts() -> None:
    """R33."""
    w = world(roomy(hold=timedelta(minutes=12)))

    assert w.hold(w.enter(), slot()).remaining == timedelta(minutes=12)


def test_a_hold_is_over_at_its_expiry_and_not_a_microsecond_before() -> None:
    """R34."""
    w = world()
    w.hold(w.enter(), slot())
    other = stranger(w, 1)

    w.clock.set(START + timedelta(minutes=5) - MICRO)
    assert isinstance(review(w, other, slot()), ob.SlotTaken)
    w.clock.set(START + timedelta(minutes=5))
    assert isinstance(review(w, other, slot()), ob.Held)


# One live hold for each visit (R35) --------------------------------------------------------------


def test_reviewing_the_same_slot_again_keeps_the_hold_and_takes_the_new_form() -> None:
    """R35, R32."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot())
    w.wait(minutes=1)

    again = review(w, visit, slot(), reason="an earache", email="new@example.org")

    assert isinstance(again, ob.Held)
    assert (again.hold_id, again.expires_at) == (held.hold_id, held.expires_at)
    booked = w.portal.book(visit, held.hold_id)
    assert isinstance(booked, ob.Booked)
    assert booked.appointment.entries.reason == "an earache"
    assert [point.value for point in booked.appointment.entries.contacts] == [
        "+15145550123",
        "new@example.org",
    ]


def test_reviewing_another_slot_frees_the_first() -> None:
    """R35."""
    w = world()
    visit, other = w.enter(), stranger(w, 1)
    first = w.hold(visit, slot())

    second = w.hold(visit, slot(30))

    assert second.hold_id != first.hold_id
    assert isinstance(review(w, other, slot()), ob.Held)
    assert isinstance(w.portal.book(visit, first.hold_id), ob.SlotTaken)
    assert isinstance(w.portal.book(visit, second.hold_id), ob.Booked)


def test_a_lost_swap_keeps_the_hold_that_was() -> None:
    """R35."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot())
    w.hold(stranger(w, 1), slot(30))

    assert isinstance(review(w, visit, slot(30)), ob.SlotTaken)
    assert w.hold(visit, slot()) == held
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)


def test_a_visits_own_hold_does_not_block_its_swap() -> None:
    """R35: to an overlapping time, and to another service at the same time."""
    w = world()
    visit = w.enter()
    w.hold(visit, slot(0, "file", length=30))

    w.hold(visit, slot(15, "file", length=30))
    swapped = w.hold(visit, slot(15))

    assert isinstance(w.portal.book(visit, swapped.hold_id), ob.Booked)


def test_a_swap_to_another_schedule_frees_the_first_one() -> None:
    """R35: also when the hold to be ended was made after the visit was looked at."""
    w = world()
    interrupted = InterruptedStore(w.store)
    visit = w.enter()
    interrupted.before_the_next_transaction(lambda: w.hold(visit, slot(on="nguyen")))

    held = review(under(w, store=interrupted), visit, slot(on="nurse"))

    assert isinstance(held, ob.Held)
    assert interrupted.runs == 2
    assert isinstance(review(w, stranger(w, 1), slot(on="nguyen")), ob.Held)


def test_going_back_releases_the_time_at_once() -> None:
    """R35, R38."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot())

    assert w.portal.go_back(visit) == ob.Released()
    assert w.portal.go_back(visit) == ob.Released()
    assert isinstance(w.portal.book(visit, held.hold_id), ob.SlotTaken)
    assert isinstance(review(w, stranger(w, 1), slot()), ob.Held)


def test_going_back_ends_a_hold_that_had_lapsed_too() -> None:
    """R38: it cannot be booked late any more."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot())
    w.wait(minutes=6)

    assert w.portal.go_back(visit) == ob.Released()
    assert isinstance(w.portal.book(visit, held.hold_id), ob.SlotTaken)


def test_going_back_releases_what_was_held_after_the_visit_was_looked_at() -> None:
    """R35."""
    w = world()
    interrupted = InterruptedStore(w.store)
    visit = w.enter()
    interrupted.before_the_next_transaction(lambda: w.hold(visit, slot()))

    assert under(w, store=interrupted).portal.go_back(visit) == ob.Released()
    assert isinstance(review(w, stranger(w, 1), slot()), ob.Held)


def test_a_lapsed_hold_counts_as_swapped_once_something_else_is_held() -> None:
    """R38."""
    w = world()
    visit = w.enter()
    lapsed = w.hold(visit, slot())
    w.wait(minutes=6)
    w.hold(visit, slot(30))

    assert isinstance(w.portal.book(visit, lapsed.hold_id), ob.SlotTaken)


def test_the_same_slot_after_the_expiry_is_a_new_hold() -> None:
    """R34, R35."""
    w = world()
    visit = w.enter()
    lapsed = w.hold(visit, slot())
    w.wait(minutes=5)

    held = w.hold(visit, slot())

    assert held.hold_id != lapsed.hold_id
    assert held.remaining == timedelta(minutes=5)


# A slot is a wish (R22, R31, R38, R52) -----------------------------------------------------------


@pytest.mark.parametrize(
    "wish",
    [
        slot(5),
        slot(0, length=30),
        slot(-15),
        slot(-60 - 15),
        slot(240),
        slot(15 + 24 * 60 * 5),
        slot(24 * 60 * 363),
        slot(24 * 60 * 366),
        slot(0, on="nobody"),
        ob.Slot(
            ServiceId("open"),
            ScheduleId("gagnon"),
            START.replace(year=2027, month=1, day=1),
            START.replace(year=9999, month=12, day=31),
        ),
    ],
    ids=[
        "off the grid",
        "too long",
        "before the opening",
        "in the past",
        "at the opening's end",
        "on a Saturday",
        "on a Sunday",
        "beyond the horizon",
        "on no schedule",
        "for ever",
    ],
)
def test_a_forged_slot_is_a_taken_one(wish: ob.Slot) -> None:
    """R38, R27."""
    w = world()

    outcome = review(w, w.enter(), wish)

    assert isinstance(outcome, ob.SlotTaken)
    assert isinstance(outcome.fresh, ob.Page)


def test_a_service_is_judged_for_the_slots_date() -> None:
    """R22: a child who turns six is offered the days before the birthday only."""
    child = evolve(MARIE, birth_date=date(2020, 3, 4))
    form = ob.IdentityForm(
        first_name="Marie",
        last_name="Tremblay",
        birth_date="2020-03-04",
        gender="female",
        cell_phone="514 555-0123",
        acting_for="parent",
    )
    w = world(patients=(child,))
    visit = w.enter(form)

    assert isinstance(review(w, visit, slot(24 * 60 * 2, "child", length=30)), ob.ServiceNotOffered)
    assert isinstance(review(w, visit, slot(24 * 60, "child", length=30)), ob.Held)


def test_an_unknown_service_is_not_offered() -> None:
    """R22."""
    w = world()

    assert isinstance(review(w, w.enter(), slot(of="nothing")), ob.ServiceNotOffered)


@pytest.mark.parametrize("change", [{"active": False}, {"deceased": True}, {"merged_into": "none"}])
def test_a_file_that_is_live_no_more_opens_no_service(change: dict[str, Any]) -> None:
    """R22, R9: the facts are those of the moment."""
    w = world()
    visit = w.enter()
    w.hold(visit, slot(0, "file", length=30))
    w.directory.put(evolve(MARIE, **change))

    refused = review(w, visit, slot(0, "file", length=30))
    assert isinstance(refused, ob.ServiceNotOffered)
    assert isinstance(review(w, visit, slot(60)), ob.Held)


def test_a_file_has_one_upcoming_appointment_for_a_service() -> None:
    """R52: by whichever visit; another service, and another file, are free to book."""
    w = world()
    w.book(w.enter(), slot())
    visit = w.enter()

    assert isinstance(review(w, visit, slot(30)), ob.AlreadyBooked)
    assert isinstance(review(w, visit, slot(30, "file", length=30)), ob.Held)
    assert isinstance(review(w, w.enter(JEANS_FORM), slot(60)), ob.Held)
    w.clock.set(at(0))
    assert isinstance(review(w, w.enter(), slot(90)), ob.Held)


def test_a_cancelled_appointment_and_another_policy_let_a_file_book_again() -> None:
    """R52."""
    w = world()
    booked = w.book(w.enter(), slot(120))
    lenient = under(w, roomy(one_upcoming_per_service=False))

    assert isinstance(review(lenient, w.enter(), slot(30)), ob.Held)
    assert isinstance(w.portal.cancel(booked.link), ob.Cancelled)
    assert isinstance(review(w, w.enter(), slot(60)), ob.Held)


# The visit (R16), the trail (R50) ----------------------------------------------------------------


def test_a_visit_that_is_over_holds_nothing_and_releases_nothing() -> None:
    """R16."""
    w = world()
    visit = w.enter()
    w.wait(minutes=30)

    assert review(w, visit, slot()) == ob.VisitOver()
    assert w.portal.go_back(visit) == ob.VisitOver()


def test_a_visit_that_ends_after_it_was_looked_at_is_over() -> None:
    """R16: judged in the transaction."""
    w = world()
    interrupted = InterruptedStore(w.store)
    seen = under(w, store=interrupted)
    visit = w.enter()

    interrupted.before_the_next_transaction(lambda: w.wait(minutes=30))
    assert review(seen, visit, slot()) == ob.VisitOver()
    visit = w.enter()
    interrupted.before_the_next_transaction(lambda: w.wait(minutes=30))
    assert seen.portal.go_back(visit) == ob.VisitOver()


def test_review_and_back_leave_one_line_each_in_the_audit_trail() -> None:
    """R50: with whom it is about as a keyed hash; a refusal changes nothing."""
    w = world()
    visit = w.enter()
    w.portal.go_back(visit)
    w.hold(visit, slot())
    review(w, visit, slot(5))
    w.portal.go_back(visit)

    _, trail = w.store.read(
        AuditTrail(clinic_id=w.clinic.clinic_id, span=Span(START, START + timedelta(days=1)))
    )

    assert sorted((event.action, event.code) for event in trail) == [
        ("back", "hold.released"),
        ("identify", "match.by-details"),
        ("review", "slot.held"),
    ]
    assert len({event.subject for event in trail}) == 1
    assert {event.actor for event in trail} == {ob.records.VISITOR}
    assert "Marie" not in repr(trail)
    assert "p-marie" not in repr(trail)


def test_the_hold_carries_the_activity_of_the_opening() -> None:
    """R45: the first of the service's activities, in configured order, that the opening has."""
    services = (service("open", 15, activities=("shot", "care", "other")),)
    clinic = small_clinic(
        services=services,
        schedules=(
            schedule("gagnon", opening(activities=frozenset({"other", "care"}))),
            schedule("nurse", opening(activities=frozenset({"care", "shot"}))),
        ),
    )
    w = world(clinic)

    assert w.book(w.enter(), slot()).appointment.activity == "care"
    assert w.book(w.enter(JEANS_FORM), slot(on="nurse")).appointment.activity == "shot"


def test_an_ended_hold_keeps_its_record_until_the_visit_ends() -> None:
    """R38."""
    w = world()
    visit = w.enter()
    for minutes in (0, 30):
        w.hold(visit, slot(minutes))
        w.wait(minutes=1)
    w.portal.go_back(visit)

    scope = Scope(clinic_id=w.clinic.clinic_id, visit=visit.visit_id)
    _, snapshot = w.store.read(ReadScope(scope))

    states = [hold.state for hold in snapshot.holds_of(visit.visit_id)]
    assert states == [HoldState.SWAPPED, HoldState.RELEASED]
    assert snapshot.live_hold_of(visit.visit_id) is None


def test_a_criterion_that_the_visitor_cannot_meet_hides_no_hold() -> None:
    """R22: a service that the visitor may not have is refused before anything else is told."""
    nobody = Eligibility(inclusions=((AgeRange(minimum=120),),))
    clinic = small_clinic(services=(service("open", 15), service("rare", eligibility=nobody)))
    w = world(clinic)
    w.hold(w.enter(), slot())

    assert isinstance(
        review(w, w.enter(JEANS_FORM), slot(0, "rare", length=30)), ob.ServiceNotOffered
    )
