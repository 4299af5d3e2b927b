"""Book: what a hold becomes, early, late and twice (R2, R15, R16, R37–R39, R42, R52)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.errors import StoreError
from omnibook.ids import PatientId
from omnibook.ports import DueEvents, DueNotices, DueOrders, Query, Store
from omnibook.records import AppointmentStatus, Busy
from omnibook.times import MINUTE
from omnibook.transactions import Again, Decision, PutAppointment, Scope, Snapshot
from support.busy import import_busy
from support.variations import InterruptedStore, at, review, roomy, slot, stranger, under
from support.worlds import (
    JEANS_FORM,
    MARIE,
    START,
    World,
    opening,
    schedule,
    service,
    small_clinic,
    world,
)

DAY = 24 * 60

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")


def late(w: World, visit: ob.VisitToken, wish: ob.Slot) -> ob.Held:
    """A hold that has lapsed."""
    held = w.hold(visit, wish)
    w.wait(minutes=6)
    return held


def queued(w: World) -> tuple[Any, ...]:
    """Everything that waits to be delivered."""
    clinic_id = w.clinic.clinic_id
    return (
        w.store.read(DueNotices(clinic_id=clinic_id))[1],
        w.store.read(DueEvents(clinic_id=clinic_id))[1],
        w.store.read(DueOrders(clinic_id=clinic_id))[1],
    )


# Under a live hold (R37) -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "gone",
    [
        {"schedules": ()},
        {"schedules": (schedule("gagnon"),)},
        {"services": (service("open", 45, buffer_before=timedelta(hours=2)),)},
        {"policies": roomy(minimum_notice=timedelta(days=300)).policies},
        {"policies": roomy(horizon=timedelta(minutes=1)).policies},
    ],
    ids=["schedule", "openings", "duration and buffers", "notice", "horizon"],
)
def test_a_live_hold_is_booked_whatever_the_clinic_changed(gone: dict[str, Any]) -> None:
    """R37: notice, horizon, release and closures were judged at Review."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot())
    busy = Busy(span=slot().span, schedule_id=slot().schedule_id, busy_id="b")
    import_busy(w.store, w.clinic.clinic_id, (busy,))

    booked = under(w, evolve(w.clinic, **gone)).portal.book(visit, held.hold_id)

    assert isinstance(booked, ob.Booked)
    assert booked.appointment.slot == slot()


def test_a_live_hold_is_not_booked_for_a_service_that_is_gone_or_not_the_visitors() -> None:
    """R37, R22."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot(0, "file", length=30))
    without = under(w, evolve(w.clinic, services=(service("open", 15),)))

    assert without.portal.book(visit, held.hold_id) == ob.ServiceNotOffered()
    w.directory.put(evolve(MARIE, active=False))
    assert w.portal.book(visit, held.hold_id) == ob.ServiceNotOffered()
    w.directory.put(MARIE)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)


def test_an_invalid_entry_leaves_the_hold_untouched() -> None:
    """R37, R32: and a good one replaces the form given at Review."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot())

    refused = w.portal.book(visit, held.hold_id, form=ob.BookingForm("", email="nonsense"))
    assert isinstance(refused, ob.InvalidEntry)
    assert {problem.field for problem in refused.problems} == {"reason", "email"}
    booked = w.portal.book(visit, held.hold_id, form=ob.BookingForm("a cough", details="dry"))
    assert isinstance(booked, ob.Booked)
    assert booked.appointment.entries.reason == "a cough"
    assert booked.appointment.entries.details == "dry"


def test_a_hold_whose_start_has_passed_is_not_booked() -> None:
    """R37."""
    w = world(roomy(hold=timedelta(hours=2)))
    visit = w.enter()
    held = w.hold(visit, slot())

    w.clock.set(at(0))
    assert isinstance(w.portal.book(visit, held.hold_id), ob.SlotTaken)


def test_only_a_hold_of_this_visit_is_booked() -> None:
    """R37: an unknown one, and another visit's, are taken times."""
    w = world()
    held = w.hold(w.enter(), slot())

    for visit in (w.enter(), stranger(w, 1)):
        assert isinstance(w.portal.book(visit, held.hold_id), ob.SlotTaken)
        assert isinstance(w.portal.book(visit, "no such hold"), ob.SlotTaken)


def test_a_file_that_got_an_appointment_meanwhile_is_refused() -> None:
    """R52, R37."""
    w = world()
    first, second = w.enter(), w.enter()
    held, other = w.hold(first, slot()), w.hold(second, slot(30))

    assert isinstance(w.portal.book(first, held.hold_id), ob.Booked)
    assert w.portal.book(second, other.hold_id) == ob.AlreadyBooked()


def test_a_file_that_was_merged_meanwhile_books_for_its_survivor() -> None:
    """R9, R37."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot(0, "file", length=30))
    w.directory.put(evolve(MARIE, patient_id=PatientId("p-survivor")))
    w.directory.put(evolve(MARIE, merged_into=PatientId("p-survivor")))

    booked = w.portal.book(visit, held.hold_id)

    assert isinstance(booked, ob.Booked)
    assert booked.appointment.patient_id == "p-survivor"


def test_a_file_that_is_live_no_more_leaves_what_was_typed() -> None:
    """R15, R9: nobody is booked under a dead file."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot())
    w.directory.put(evolve(MARIE, deceased=True))

    booked = w.portal.book(visit, held.hold_id)

    assert isinstance(booked, ob.Booked)
    assert booked.appointment.patient_id is None
    assert booked.appointment.provisional is not None


# After the expiry (R37) --------------------------------------------------------------------------


def test_a_late_book_on_a_free_time_succeeds() -> None:
    """R37: and takes it, in the same transaction."""
    w = world()
    visit = w.enter()
    held = late(w, visit, slot())

    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)
    assert isinstance(review(w, stranger(w, 1), slot()), ob.SlotTaken)


def test_a_late_book_on_a_taken_time_fails_and_shows_what_is_free() -> None:
    """R37: whether somebody holds it, or has booked it."""
    w = world()
    visit, other = w.enter(), stranger(w, 1)
    held = late(w, visit, slot())
    taken = w.hold(other, slot())

    lost = w.portal.book(visit, held.hold_id)
    assert isinstance(lost, ob.SlotTaken)
    assert isinstance(lost.fresh, ob.Page)
    assert slot() not in lost.fresh.slots
    assert isinstance(w.portal.book(other, taken.hold_id), ob.Booked)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.SlotTaken)


class SteppedBack:
    """A store whose clock is three minutes behind what it was, as after a fail-over (R34)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        return self._store.transact(
            scope, lambda snapshot: decide(evolve(snapshot, now=snapshot.now - 3 * MINUTE))
        )

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        now, answer = self._store.read(query)
        return now - 3 * MINUTE, answer


def test_a_hold_that_seems_live_again_is_booked_only_while_its_claim_stands() -> None:
    """R37, R40: its time was taken after it had lapsed; then the clock stepped back."""
    w = world()
    visit, other = w.enter(), stranger(w, 1)
    held = late(w, visit, slot())
    taken = w.hold(other, slot())

    lost = under(w, store=SteppedBack(w.store)).portal.book(visit, held.hold_id)

    assert isinstance(lost, ob.SlotTaken)
    assert isinstance(w.portal.book(other, taken.hold_id), ob.Booked)


@pytest.mark.parametrize(
    "gone",
    [
        {"schedules": ()},
        {"schedules": (schedule("gagnon"),)},
        {"services": (service("open", 45),)},
        {"policies": roomy(minimum_notice=timedelta(hours=2)).policies},
        {"policies": roomy(horizon=timedelta(minutes=1)).policies},
    ],
    ids=["schedule", "openings", "duration", "notice", "horizon"],
)
def test_a_late_book_is_judged_anew(gone: dict[str, Any]) -> None:
    """R37."""
    w = world()
    visit = w.enter()
    held = late(w, visit, slot())

    changed = under(w, evolve(w.clinic, **gone))
    assert isinstance(changed.portal.book(visit, held.hold_id), ob.SlotTaken)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)


def test_a_late_book_claims_the_buffers_of_now() -> None:
    """R37, R27, R40: wider ones must be free, and narrower ones are enough."""
    narrow = small_clinic(
        services=(service("open", 15),), schedules=(schedule("gagnon", opening()),)
    )
    buffered = service("open", 15, buffer_after=timedelta(minutes=30))
    wide = evolve(narrow, services=(buffered,))
    w = world(narrow)
    visit = w.enter()
    held = late(w, visit, slot())
    w.book(w.enter(JEANS_FORM), slot(15))

    assert isinstance(under(w, wide).portal.book(visit, held.hold_id), ob.SlotTaken)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)

    w = world(wide)
    visit = w.enter()
    held = late(w, visit, slot())
    after = under(w, narrow)
    after.book(after.enter(JEANS_FORM), slot(15))
    booked = after.portal.book(visit, held.hold_id)
    assert isinstance(booked, ob.Booked)
    assert booked.appointment.claimed == slot().span

    w = world(narrow)
    visit = w.enter()
    held = late(w, visit, slot())
    booked = under(w, wide).portal.book(visit, held.hold_id)
    assert isinstance(booked, ob.Booked)
    assert booked.appointment.claimed.end == at(45)


def test_a_late_book_takes_the_activity_that_the_opening_has_now() -> None:
    """R45, R37."""
    both = (service("open", 15, activities=("shot", "care")),)
    first = small_clinic(
        services=both,
        schedules=(schedule("gagnon", opening(activities=frozenset({"shot", "care"}))),),
    )
    w = world(first)
    visit = w.enter()
    held = late(w, visit, slot())

    changed = under(w, evolve(first, schedules=(schedule("gagnon", opening()),)))
    booked = changed.portal.book(visit, held.hold_id)

    assert isinstance(booked, ob.Booked)
    assert booked.appointment.activity == "care"


# Once (R38), and whole (R39) ---------------------------------------------------------------------


def test_the_same_hold_booked_again_is_the_appointment_as_it_stands() -> None:
    """R38: nothing is queued twice, a form is ignored, and so is whatever changed since."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot(DAY))
    booked = w.portal.book(visit, held.hold_id)
    assert isinstance(booked, ob.Booked)
    before = queued(w)

    again = w.portal.book(visit, held.hold_id, form=ob.BookingForm(""))

    assert again == booked
    assert queued(w) == before
    w.portal.cancel(booked.link)
    third = w.portal.book(visit, held.hold_id)
    assert isinstance(third, ob.Booked)
    assert third.reference == booked.reference
    assert third.appointment.status is AppointmentStatus.CANCELLED
    assert isinstance(review(w, stranger(w, 1), slot(DAY)), ob.Held)


def test_a_visit_that_is_over_books_nothing() -> None:
    """R16: judged in the transaction; a live hold keeps its visit going past both limits."""
    w = world(roomy(hold=timedelta(hours=3)))
    interrupted = InterruptedStore(w.store)
    visit = w.enter()
    held = w.hold(visit, slot(DAY))
    w.wait(minutes=179)

    assert isinstance(review(w, visit, slot(DAY)), ob.Held)
    interrupted.before_the_next_transaction(lambda: w.wait(minutes=1))
    seen = under(w, store=interrupted)
    assert seen.portal.book(visit, held.hold_id) == ob.VisitOver()
    assert w.portal.book(visit, held.hold_id) == ob.VisitOver()


def test_booking_is_activity() -> None:
    """R16."""
    w = world(roomy(hold=timedelta(minutes=20)))
    visit = w.enter()
    held = w.hold(visit, slot(DAY))
    w.wait(minutes=15)
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)

    w.wait(minutes=29)
    assert isinstance(w.portal.services(visit), ob.Welcome)


def test_a_form_that_came_in_between_is_counted_with_its_contacts() -> None:
    """R36: the hold is reviewed again, with another contact, while it is being booked."""
    w = world(roomy(upcoming_per_contact=1))
    other = stranger(w, 2)
    held = review(w, other, slot(60), email="shared@example.org")
    assert isinstance(held, ob.Held)
    assert isinstance(w.portal.book(other, held.hold_id), ob.Booked)
    visit = stranger(w, 1)
    mine = w.hold(visit, slot())
    lenient = under(w, roomy())
    interrupted = InterruptedStore(w.store)
    interrupted.before_the_next_transaction(
        lambda: review(lenient, visit, slot(), email="shared@example.org")
    )

    assert isinstance(under(w, store=interrupted).portal.book(visit, mine.hold_id), ob.TooManyHolds)


class FailingStore(InterruptedStore):
    """Fails when it is asked to keep an appointment."""

    def transact(self, scope: Scope, decide: Any) -> Any:
        def failing(snapshot: Snapshot) -> Any:
            decision = decide(snapshot)
            if any(isinstance(write, PutAppointment) for write in decision.writes):
                raise StoreError("the disk is full")
            return decision

        return super().transact(scope, failing)


def test_a_booking_that_fails_leaves_nothing_behind() -> None:
    """R39."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot(DAY))

    with pytest.raises(StoreError):
        under(w, store=FailingStore(w.store)).portal.book(visit, held.hold_id)

    assert queued(w) == ((), (), ())
    assert w.hold(visit, slot(DAY)).hold_id == held.hold_id
    assert isinstance(w.portal.book(visit, held.hold_id), ob.Booked)


def test_a_booking_keeps_terms_language_person_and_reference() -> None:
    """R2, R15, R42."""
    w = world()
    identified = w.book(w.enter(), slot()).appointment
    unknown = w.book(stranger(w, 1), slot(30)).appointment

    assert identified.terms is not None
    assert (identified.terms.version, identified.terms.accepted_at) == ("2026-01", START)
    assert identified.language == "fr"
    assert (identified.patient_id, identified.provisional) == ("p-marie", None)
    assert unknown.patient_id is None
    assert unknown.provisional is not None
    assert unknown.provisional.last_name == "Unknown"
    assert identified.reference != unknown.reference


def test_a_booking_may_have_a_language_of_its_own() -> None:
    """R42: the page that booked may not be in the language of the page that identified."""
    w = world()
    visit = w.enter()
    held = w.hold(visit, slot())
    form = ob.BookingForm(reason="")
    for wrong in ("de", 7, ""):
        refused = w.portal.book(visit, held.hold_id, language=wrong)
        assert isinstance(refused, ob.InvalidEntry)
        assert [each.code for each in refused.problems] == ["language.unsupported"]
        refused = w.portal.book(visit, held.hold_id, form=form, language=wrong)
        assert isinstance(refused, ob.InvalidEntry)
        assert {each.field for each in refused.problems} == {"reason", "language"}
    booked = w.portal.book(visit, held.hold_id, language="en")
    assert isinstance(booked, ob.Booked)
    assert booked.appointment.language == "en"
    again = w.portal.book(visit, held.hold_id, language="fr")
    assert isinstance(again, ob.Booked)
    assert again.appointment.language == "en"
