"""Histories are recorded as they happen, and an order is found for them, or none (R40)."""

import pickle
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.memory import MemoryStore
from omnibook.errors import StoreError
from omnibook.ids import ClinicId
from omnibook.ports import DueNotices, ReadScope
from omnibook.records import Claim, ClaimKind
from omnibook.testing.histories import (
    History,
    NotLinearizable,
    Operation,
    RecordingStore,
    check_history,
)
from omnibook.testing.samples import (
    CLINIC,
    EVERYTHING,
    NOW,
    SCHEDULE,
    appointment,
    booking,
    closure,
    hold,
    hours,
    keep,
    opening,
)
from omnibook.transactions import (
    Again,
    Decision,
    DropDeskClosure,
    DropDeskOpening,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutHold,
    ScheduleState,
    Scope,
    Snapshot,
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def store(clock: ManualClock, history: History) -> Iterator[RecordingStore]:
    with RecordingStore(MemoryStore(clock), history) as opened:
        yield opened


# Recording ---------------------------------------------------------------------------------------


def test_what_is_recorded_of_a_store_in_order_is_linearizable(
    store: RecordingStore, history: History, clock: ManualClock
) -> None:
    keep(store, *booking("first", 1))
    keep(store, PutHold(hold("held", 5)), PutDeskClosure(closure("shut", hours(9, 10))))
    store.read(ReadScope(EVERYTHING))
    clock.advance(timedelta(minutes=5))
    keep(store, PutHold(hold("next", 5, minutes=60)))
    keep(store, PutDeskOpening(opening("open", hours(9, 10))))
    first, shut = opening("first", hours(1, 2)), closure("shut")
    keep(store, DropDeskOpening(first.opening_id), DropDeskClosure(shut.closure_id))
    store.read(ReadScope(EVERYTHING))
    store.read(DueNotices(clinic_id=CLINIC))

    history.check()

    assert len(history.operations) == 7
    assert all(each.returned is not None for each in history.operations)
    assert [each.changes for each in history.operations] == [True, True, False, *[True] * 3, False]


def test_a_decision_that_is_refused_was_perhaps_done_and_was_not(
    store: RecordingStore, history: History
) -> None:
    keep(store, PutHold(hold("first", 1, minutes=60)))
    with pytest.raises(StoreError):
        keep(store, PutAppointment(appointment("second", 1)))

    history.check()

    assert [each.refused for each in history.operations] == [False, True]
    assert history.operations[1].returned is None


def test_the_last_run_of_a_decision_counts(store: RecordingStore, history: History) -> None:
    def decide(snapshot: Snapshot) -> Decision[str] | Again:
        return Decision("seen") if snapshot.scope.schedules else Again(EVERYTHING)

    store.transact(Scope(clinic_id=CLINIC), decide)

    (operation,) = history.operations
    assert operation.outcome == "'seen'"
    assert {state.schedule_id for state in operation.shown} == set(EVERYTHING.schedules)


def test_histories_of_files_are_read_together(clock: ManualClock, tmp_path: Path) -> None:
    """What a killed process was about to note is cut off, and left out."""
    inner, paths = MemoryStore(clock), [tmp_path / "a", tmp_path / "b"]
    for number, path in enumerate(paths):
        with History(path) as history:
            keep(RecordingStore(inner, history), PutHold(hold(f"hold-{number}", number)))
    with paths[1].open("ab") as file:
        file.write(pickle.dumps(looked("lost", called=1, returned=2))[:-9])

    whole = History.read(paths)

    assert len(whole.operations) == 2
    whole.check()


# Checking ----------------------------------------------------------------------------------------


def claim(name: str, start: float = 1) -> Claim:
    span = hours(start, start + 1)
    return Claim(span=span, schedule_id=SCHEDULE, kind=ClaimKind.APPOINTMENT, owner=name)


def state(*claims: Claim) -> tuple[ScheduleState, ...]:
    return (ScheduleState(schedule_id=SCHEDULE, span=hours(0, 9), claims=claims),)


def took(number: int, name: str, *shown: Claim, called: int, returned: int | None) -> Operation:
    """Somebody who was shown some claims, and added one."""
    mine = claim(name, number)
    return Operation(
        caller=name,
        called=called,
        returned=returned,
        clinic_id=CLINIC,
        now=NOW,
        shown=state(*shown),
        removed=frozenset({("claim", name)}),
        added=(mine,),
        outcome="won",
    )


def looked(name: str, *shown: Claim, called: int, returned: int) -> Operation:
    return Operation(
        caller=name,
        called=called,
        returned=returned,
        clinic_id=CLINIC,
        now=NOW,
        shown=state(*shown),
    )


def test_two_who_were_called_at_once_may_come_in_either_order() -> None:
    second = took(2, "b", claim("a"), called=1, returned=9)
    first = took(1, "a", called=2, returned=8)

    check_history([second, first])


def test_two_winners_of_one_place_have_no_order() -> None:
    """R40."""
    both = [took(1, name, called=1, returned=9) for name in ("a", "b")]

    with pytest.raises(NotLinearizable, match="explains 1 of 2 operations"):
        check_history(both)


def test_who_looks_later_must_see_what_was_answered_before() -> None:
    first = took(1, "a", called=1, returned=2)

    check_history([first, looked("c", claim("a"), called=3, returned=4)])
    with pytest.raises(NotLinearizable) as caught:
        check_history([first, looked("c", called=3, returned=4)])

    assert "claim a: 23 15:00–23 16:00" in str(caught.value)
    assert "nothing" in str(caught.value)


def test_who_looks_meanwhile_may_see_it_or_not() -> None:
    first = took(1, "a", called=1, returned=5)

    check_history([first, looked("c", called=2, returned=6)])
    check_history([first, looked("c", claim("a"), called=2, returned=6)])


def test_nobody_sees_something_come_and_go() -> None:
    first = took(1, "a", called=1, returned=9)
    one = looked("b", claim("a"), called=2, returned=3)
    two = looked("c", called=4, returned=5)

    with pytest.raises(NotLinearizable):
        check_history([first, one, two])


def test_what_was_never_answered_was_done_or_not() -> None:
    """A process that was killed."""
    lost = took(1, "a", called=1, returned=None)

    check_history([lost, looked("c", called=2, returned=3)])
    check_history([lost, looked("c", claim("a"), called=2, returned=3)])
    with pytest.raises(NotLinearizable):
        check_history(
            [
                lost,
                looked("c", claim("a"), called=2, returned=3),
                looked("d", called=4, returned=5),
            ]
        )


def test_nobody_decides_earlier_than_what_it_was_shown() -> None:
    """The time from before the wait."""
    first = evolve(took(1, "a", called=1, returned=2), now=NOW + timedelta(minutes=1))
    later = looked("c", claim("a"), called=3, returned=4)

    with pytest.raises(NotLinearizable):
        check_history([first, later])
    corrected = evolve(first, now=NOW + timedelta(hours=1, microseconds=1))
    check_history([corrected, later])


def test_what_the_rules_refuse_must_not_be_answered() -> None:
    """R40."""
    kept = evolve(took(1, "a", called=1, returned=2), refused=True)

    with pytest.raises(NotLinearizable, match="refuse"):
        check_history([kept])
    check_history([evolve(kept, returned=None)])


def test_schedules_and_clinics_are_apart() -> None:
    one = took(1, "a", called=1, returned=2)
    other = evolve(took(1, "b", called=3, returned=4), clinic_id=ClinicId("another"))

    check_history([one, other])
