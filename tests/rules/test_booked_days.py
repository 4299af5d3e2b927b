"""Which minutes of a day are booked after a decision, and whose version changes (R27, R40)."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from omnibook.booked_days import DaysChange, days_after, days_of, days_without, window_of
from omnibook.daybits import DAY_MINUTES, bits_of, by_day, day_of, packed, unpacked
from omnibook.errors import InvalidValue, StoreError
from omnibook.ids import AppointmentId, ClosureId, OpeningId, PatientId, ScheduleId
from omnibook.ports import ReadDays
from omnibook.records import Appointment, AppointmentStatus, Busy, Hold, HoldState
from omnibook.testing.oracle import Oracle
from omnibook.testing.samples import (
    ALL_DAY,
    CLINIC,
    EVERYTHING,
    NOW,
    OTHER,
    SCHEDULE,
    appointment,
    at,
    cancelled,
    closure,
    flag,
    hold,
    hours,
    notice,
    opening,
    visit,
)
from omnibook.testing.strategies import writes as any_writes
from omnibook.testing.strategies.records import BASE
from omnibook.times import Span, to_minute, touched
from omnibook.transactions import (
    DropDeskClosure,
    DropDeskOpening,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutHold,
    PutNotice,
    PutVisit,
    RaiseFlag,
    ReplaceBusy,
    Scope,
    Snapshot,
    Write,
    claims_after,
)

TODAY = day_of(to_minute(NOW))


def knows(*kept: Appointment | Hold, scope: Scope = EVERYTHING) -> Snapshot:
    """What a store shows that keeps these."""
    oracle = Oracle()
    words = [PutHold(e) if isinstance(e, Hold) else PutAppointment(e) for e in kept]
    assert oracle.keep(EVERYTHING, words, NOW)
    return oracle.snapshot(scope, NOW)


def after(snapshot: Snapshot, *writes: Write) -> DaysChange:
    return days_after(snapshot, writes, claims_after(snapshot, writes))


def booked(*spans: Span, schedule: ScheduleId = SCHEDULE) -> dict[tuple[ScheduleId, int], int]:
    days: dict[tuple[ScheduleId, int], int] = {}
    for span in spans:
        stretch = touched(span)
        for day, minutes in by_day(stretch.first, stretch.last):
            days[schedule, day] = days.get((schedule, day), 0) | minutes
    return days


@given(
    batches=st.lists(st.lists(any_writes.writes(), min_size=1, max_size=3), max_size=12),
)
def test_rows_that_are_changed_as_told_are_always_what_the_claims_say(
    batches: list[list[Write]],
) -> None:
    """R27, R40: whatever is written, in whatever order."""
    oracle, rows, scope = Oracle(), dict[tuple[ScheduleId, int], int](), any_writes.EVERYTHING
    for batch in batches:
        snapshot = oracle.snapshot(scope, BASE)
        before = dict(oracle.changed)
        try:
            change = after(snapshot, *batch)
        except StoreError:
            assert not oracle.keep(scope, batch, BASE)
            continue
        assert oracle.keep(scope, batch, BASE)
        rows.update(change.booked)
        told = {
            (schedule_id, day): minutes
            for schedule_id, state in oracle.snapshot(scope, BASE).schedules.items()
            for day, minutes in state.booked.items()
        }
        assert {day: minutes for day, minutes in rows.items() if minutes} == told
        must = {name for (_, name), n in oracle.changed.items() if n > before.get((_, name), 0)}
        assert must <= change.schedules


def test_what_is_booked_is_booked_with_its_buffers_on_every_day_that_it_touches() -> None:
    """R27."""
    made = appointment(start=9.5, claimed=Span(at(9.25), at(36)))

    change = after(knows(appointment("other", 1)), PutAppointment(made))

    promised = booked(made.claimed)
    promised[SCHEDULE, TODAY] |= booked(hours(1, 2))[SCHEDULE, TODAY]
    assert change == DaysChange(booked=promised, schedules=frozenset({SCHEDULE}))
    assert [day for _, day in change.booked] == [TODAY, TODAY + 1, TODAY + 2]


@pytest.mark.parametrize(
    "gone",
    [
        cancelled(appointment()),
        evolve(appointment(), status=AppointmentStatus.NOSHOW),
        evolve(appointment(), status=AppointmentStatus.ENTERED_IN_ERROR),
    ],
)
def test_what_ends_frees_its_minutes_and_no_others(gone: Appointment) -> None:
    """R40."""
    snapshot = knows(appointment(), appointment("next", 2))

    change = after(snapshot, PutAppointment(gone))

    assert change.booked == booked(hours(2, 3))
    assert change.schedules == {SCHEDULE}


def test_a_day_of_which_nothing_is_left_is_0() -> None:
    change = after(knows(appointment()), PutAppointment(cancelled(appointment())))

    assert change.booked == {(SCHEDULE, TODAY): 0}


def test_a_move_frees_and_takes_on_both_schedules() -> None:
    """R40."""
    moved = appointment(start=1.5, schedule=OTHER)

    change = after(knows(appointment()), PutAppointment(moved))

    assert change.booked == {(SCHEDULE, TODAY): 0} | booked(hours(1.5, 2.5), schedule=OTHER)
    assert change.schedules == {SCHEDULE, OTHER}


def test_two_that_change_places_free_before_they_take() -> None:
    """R40: in whichever order they are written."""
    snapshot = knows(appointment("a", 1), appointment("b", 2, length=2))
    swap = (PutAppointment(appointment("a", 3)), PutAppointment(appointment("b", 1, length=2)))

    for writes in (swap, swap[::-1]):
        assert after(snapshot, *writes).booked == booked(hours(1, 4))


def test_a_hold_changes_nothing_until_it_is_booked() -> None:
    """R27: holds are told anew each time."""
    held = hold("one")
    for write in (PutHold(held), PutHold(hold("one", state=HoldState.RELEASED))):
        assert after(knows(held), write) == DaysChange()
    lapsed = knows(hold("lapsed", 1.5, minutes=-1))

    assert after(lapsed, PutHold(held)) == DaysChange()
    ends = (PutHold(hold("one", state=HoldState.BOOKED)), PutAppointment(appointment("one")))
    assert after(knows(held), *ends).booked == booked(hours(1, 2))


@pytest.mark.parametrize(
    "write",
    [
        PutAppointment(evolve(appointment(), status=AppointmentStatus.ARRIVED)),
        PutAppointment(evolve(appointment(), patient_id=PatientId("file-1"), provisional=None)),
        PutAppointment(cancelled(appointment("other"))),
        PutVisit(visit()),
        PutNotice(notice()),
        RaiseFlag(flag()),
        DropDeskOpening(OpeningId("unknown")),
        DropDeskClosure(ClosureId("unknown")),
    ],
)
def test_what_leaves_all_time_where_it_was_changes_no_version(write: Write) -> None:
    assert after(knows(appointment()), write) == DaysChange()


@pytest.mark.parametrize("status", list(AppointmentStatus))
def test_time_is_freed_within_the_scope_only(status: AppointmentStatus) -> None:
    """R40: what else stands on those days is not known."""
    became = (
        evolve(appointment(), status=status) if status != "cancelled" else cancelled(appointment())
    )
    narrow = Scope(clinic_id=CLINIC, appointment=AppointmentId("appointment-1"))
    part = Scope(clinic_id=CLINIC, schedules={SCHEDULE: hours(1.5, 9)})
    if not status.occupies:
        for scope in (narrow, part):
            with pytest.raises(StoreError, match="widen the scope"):
                after(knows(appointment(), scope=scope), PutAppointment(became))
    exactly = Scope(clinic_id=CLINIC, schedules={SCHEDULE: hours(1, 2)})
    assert bool(after(knows(appointment(), scope=exactly), PutAppointment(became)).schedules) == (
        not status.occupies
    )


def test_busy_times_openings_and_closures_change_their_schedule_s_version() -> None:
    busy = Busy(span=hours(1, 2), schedule_id=SCHEDULE, busy_id="busy")
    for write in (
        ReplaceBusy(schedule_id=SCHEDULE, span=hours(0, 9), busy=(busy,)),
        PutDeskOpening(opening()),
        PutDeskClosure(closure()),
    ):
        assert after(knows(), write) == DaysChange(schedules=frozenset({SCHEDULE}))


@pytest.mark.parametrize("by_name", [True, False])
def test_what_is_dropped_or_moved_changes_the_schedule_that_it_leaves(by_name: bool) -> None:
    """Whether it was loaded by its name, or with its schedule."""
    oracle = Oracle()
    assert oracle.keep(EVERYTHING, (PutDeskOpening(opening()), PutDeskClosure(closure())), NOW)
    scope = Scope(clinic_id=CLINIC, opening=opening().opening_id, closure=closure().closure_id)
    snapshot = oracle.snapshot(scope if by_name else EVERYTHING, NOW)

    for drop, there, back in (
        (
            DropDeskOpening(opening().opening_id),
            PutDeskOpening(opening(schedule_id=OTHER)),
            PutDeskOpening(opening()),
        ),
        (
            DropDeskClosure(closure().closure_id),
            PutDeskClosure(closure(schedule_id=OTHER)),
            PutDeskClosure(closure()),
        ),
    ):
        writes: tuple[Write, ...] = (drop, there, back)
        assert after(snapshot, writes[0]).schedules == {SCHEDULE}
        assert after(snapshot, writes[1]).schedules == {SCHEDULE, OTHER}
        assert after(snapshot, *writes).schedules == {SCHEDULE, OTHER}
        assert after(snapshot, writes[0], writes[0]).schedules == {SCHEDULE}


def test_what_is_forgotten_is_free() -> None:
    """R51."""
    before = booked(hours(1, 2), hours(3, 4), hours(9, 12))

    change = days_without(before, [(SCHEDULE, hours(1, 2)), (SCHEDULE, hours(9, 12))])

    assert change == DaysChange(
        booked={**booked(hours(3, 4)), (SCHEDULE, TODAY + 1): 0}, schedules=frozenset({SCHEDULE})
    )
    assert days_without(before, []) == DaysChange()


# Days --------------------------------------------------------------------------------------------


def test_a_span_touches_the_days_in_which_it_has_a_minute() -> None:
    assert days_of(hours(9, 10)) == (TODAY, TODAY)
    assert days_of(Span(at(10) - timedelta(minutes=1), at(10) + timedelta(minutes=1))) == (
        TODAY,
        TODAY + 1,
    )
    assert days_of(Span(at(10), at(34))) == (TODAY + 1, TODAY + 1)


def test_the_window_of_days_ends_where_there_are_no_more_instants() -> None:
    assert window_of(TODAY, TODAY) == Span(at(-14), at(10))
    assert window_of(TODAY, TODAY + 1) == Span(at(-14), at(34))
    ever = window_of(-10_000_000, 10_000_000)
    assert ever.start == datetime.min.replace(tzinfo=UTC)
    assert ever.end == datetime.max.replace(tzinfo=UTC)


def test_no_days_are_asked_for_that_end_before_they_begin() -> None:
    with pytest.raises(InvalidValue, match="before the first"):
        ReadDays(clinic_id=CLINIC, schedules=frozenset(ALL_DAY), first=TODAY, last=TODAY - 1)


@given(first=st.integers(-5_000, 5_000), length=st.integers(0, 5_000))
def test_the_bits_of_days_are_the_minutes(first: int, length: int) -> None:
    minutes = {
        day * DAY_MINUTES + bit
        for day, bits in by_day(first, first + length)
        for bit in range(DAY_MINUTES)
        if bits >> bit & 1
    }
    assert minutes == set(range(first, first + length))


@given(bits=st.integers(0, 2**DAY_MINUTES - 1), filled=st.integers(0, 5))
def test_a_day_comes_back_as_it_was_packed(bits: int, filled: int) -> None:
    data = packed(bits)

    assert unpacked(data + bytes(filled)) == bits
    assert len(data) <= DAY_MINUTES // 8
    assert packed(0) == b""
    assert bits_of(3, 3) == bits_of(5, 3) == 0
