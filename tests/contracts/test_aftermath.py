"""What is checked after a storm is caught when it does not hold."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar, cast

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.ports import AuditTrail, Query, ReadScope, Store
from omnibook.records import AppointmentStatus
from omnibook.times import Span
from omnibook.transactions import Again, Decision, Scope, Snapshot
from support.aftermath import assert_no_overlap, check
from support.looking import appointments
from support.storm import FORM, HOLD, KEYS, Told, let_in, stormy_clinic, time_number
from support.worlds import STAFF

AnswerT = TypeVar("AnswerT")
OutcomeT = TypeVar("OutcomeT")

Change = Callable[[list[Told]], object]
NOW = datetime.fromisoformat("2026-11-20T10:00:00+00:00")


@pytest.fixture
def store() -> ob.MemoryStore:
    return ob.MemoryStore(ob.ManualClock(NOW))


@pytest.fixture
def told(store: ob.MemoryStore) -> list[Told]:
    """A calm hour: one visitor booked, one booked and was cancelled, one only holds."""
    clinic, directory = stormy_clinic(), ob.MemoryDirectory()
    portal = ob.Portal(clinic, store=store, directory=directory, keys=KEYS)
    desk = ob.FrontDesk(clinic, store=store, directory=directory, keys=KEYS)
    said: list[Told] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("omnibook.adapters.clocks.SystemClock.now", lambda _: NOW)
        visitors = let_in(store, ["one", "two", "three"])
    for number, visitor in enumerate(visitors):
        slot = time_number(4 * number, NOW.date() + timedelta(days=1))
        held = portal.review(visitor, slot, FORM)
        assert isinstance(held, ob.Held)
        span = Span(slot.start, slot.end)
        about = Told(number, "held", held.hold_id, slot.schedule_id, span, held.expires_at)
        said.append(about)
        if number < 2:
            booked = portal.book(visitor, held.hold_id)
            assert isinstance(booked, ob.Booked)
            said += [evolve(about, what="booking"), evolve(about, what="booked")]
    said += [evolve(said[1], what="cancelling"), evolve(said[1], what="cancelled")]
    desk.cancel(appointments(store)[0].appointment_id, reason="", actor=STAFF)
    return said


def test_a_calm_hour_passes(store: ob.MemoryStore, told: list[Told]) -> None:
    found = check(store, told)

    assert (found.appointments, found.cancelled, found.reviews) == (2, 1, 3)
    assert (found.retaken, found.failures) == (0, {})


def of_the_second(told: list[Told], what: str) -> Told:
    return next(each for each in told if each.what == what and each.process == 1)


def somebody_elses(told: list[Told], later: timedelta) -> Told:
    """A hold of the third visitor's time by a fourth."""
    held = next(each for each in told if each.what == "held" and each.process == 2)
    assert held.until is not None
    return evolve(held, process=3, owner="another", until=held.until + later)


def over_the_second(told: list[Told]) -> Told:
    """A hold of the time that the second visitor booked, at the instant of that booking."""
    return evolve(of_the_second(told, "held"), process=3, owner="another")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda t: t.append(Told(9, "leaked", "ValueError()")), "ValueError"),
        (lambda t: t.append(evolve(of_the_second(t, "booked"), owner="unheard of")), "lost"),
        (lambda t: t.append(evolve(of_the_second(t, "booked"), span=t[0].span)), "moved"),
        (lambda t: t.__delitem__(slice(-2, None)), "gone"),
        (lambda t: t.append(evolve(of_the_second(t, "booked"), what="cancelled")), "not cancelled"),
        (lambda t: t.remove(of_the_second(t, "booking")), "nobody asked"),
        (lambda t: t.append(somebody_elses(t, HOLD / 2)), "held twice"),
        (lambda t: t.append(over_the_second(t)), "booked over a live hold"),
    ],
)
def test_what_was_told_and_is_not_kept_is_caught(
    store: ob.MemoryStore, told: list[Told], change: Change, complaint: str
) -> None:
    change(told)

    with pytest.raises(AssertionError, match=complaint):
        check(store, told)


def test_a_hold_that_lapsed_may_be_taken(store: ob.MemoryStore, told: list[Told]) -> None:
    told.append(somebody_elses(told, HOLD))

    assert check(store, told).retaken == 1


class Forgetful:
    """A store that has lost something of what it was given."""

    def __init__(self, store: Store, lose: Callable[[Snapshot], Snapshot]) -> None:
        self._store = store
        self._lose = lose

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        return self._store.transact(scope, decide)

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        now, answer = self._store.read(query)
        if isinstance(query, ReadScope):
            return now, cast("AnswerT", self._lose(cast("Snapshot", answer)))
        if isinstance(query, AuditTrail) and self._lose is no_audit:
            return now, cast("AnswerT", ())
        return now, answer


def no_audit(snapshot: Snapshot) -> Snapshot:
    return snapshot


def no_claims(snapshot: Snapshot) -> Snapshot:
    emptied = {name: evolve(state, claims=()) for name, state in snapshot.schedules.items()}
    return evolve(snapshot, schedules=emptied)


@pytest.mark.parametrize(
    ("lose", "complaint"),
    [
        (lambda snapshot: evolve(snapshot, notice=None), "no notice"),
        (lambda snapshot: evolve(snapshot, event=None), "no event"),
        (lambda snapshot: evolve(snapshot, holds={}), "no such hold"),
        (no_claims, "claims and appointments differ"),
        (no_audit, "not audited"),
    ],
)
def test_half_an_appointment_is_caught(
    store: ob.MemoryStore,
    told: list[Told],
    lose: Callable[[Snapshot], Snapshot],
    complaint: str,
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check(Forgetful(store, lose), told)


def test_overlapping_appointments_are_caught(store: ob.MemoryStore, told: list[Told]) -> None:
    """R40."""
    one, other = (
        evolve(each, status=AppointmentStatus.BOOKED, cancellation=None)
        for each in appointments(store)
    )
    later = Span(one.claimed.start + timedelta(minutes=14), one.claimed.end + timedelta(hours=1))

    with pytest.raises(AssertionError):
        assert_no_overlap([one, evolve(other, slot=one.slot, claimed=later)])
    assert_no_overlap([one, other])
