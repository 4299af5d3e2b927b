"""Laws of claims: two live ones of a schedule never overlap (R34, R40)."""

from datetime import datetime, timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.memory import MemoryStore
from omnibook.errors import StoreError
from omnibook.ids import ScheduleId
from omnibook.ports import ReadScope
from omnibook.records import (
    SYSTEM,
    Appointment,
    AppointmentStatus,
    Cancellation,
    HoldState,
)
from omnibook.testing.samples import CLINIC, NOW, appointment, hold, hours
from omnibook.times import Span
from omnibook.transactions import Decision, PutAppointment, PutHold, Scope

Occupied = dict[str, tuple[ScheduleId, Span, datetime | None]]
"""By owner: where, when and until which expiry."""

NAMES = ("hold-1", "hold-2", "hold-3")
"""An appointment carries the identifier of its hold."""
starts = st.integers(0, 5).map(lambda n: n / 2)
SCHEDULES = (ScheduleId("dr-roy"), ScheduleId("dr-cote"))
schedules = st.sampled_from(SCHEDULES)
EVERYTHING = Scope(clinic_id=CLINIC, schedules=dict.fromkeys(SCHEDULES, hours(-24, 24)))


def with_status(booked: Appointment, status: AppointmentStatus) -> Appointment:
    why = Cancellation(at=NOW, by=SYSTEM, reason="")
    cancellation = why if status is AppointmentStatus.CANCELLED else None
    return evolve(booked, status=status, cancellation=cancellation)


claimants = st.one_of(
    st.builds(
        hold,
        st.sampled_from(NAMES),
        starts,
        schedule=schedules,
        minutes=st.sampled_from((0, 5, 30, 60)),
        state=st.sampled_from((HoldState.HELD, HoldState.HELD, *HoldState)),
    ).map(PutHold),
    st.builds(
        with_status,
        st.builds(appointment, st.sampled_from(NAMES), starts, schedule=schedules),
        st.sampled_from((AppointmentStatus.BOOKED, *AppointmentStatus)),
    ).map(PutAppointment),
)
steps = st.sampled_from((0, 0, 5 * 60_000_000 - 1, 1, 60_000_000 * 30)).map(
    lambda n: timedelta(microseconds=n)
)


def occupied_after(before: Occupied, writes: list[PutHold | PutAppointment]) -> Occupied | None:
    """The plainest reading: the writes one by one, each in place of what its owner had.

    Nothing, when a hold would take over what an appointment of its identifier claims.
    """
    after = dict(before)
    for write in writes:
        match write:
            case PutHold(held):
                if held.state is HoldState.HELD:
                    if after.get(held.hold_id, (None, None, NOW))[2] is None:
                        return None
                    after[held.hold_id] = (held.slot.schedule_id, held.claimed, held.expires_at)
                elif after.get(held.hold_id, (None, None, None))[2] is not None:
                    del after[held.hold_id]
            case PutAppointment(booked):
                if booked.status.occupies:
                    after[booked.appointment_id] = (booked.slot.schedule_id, booked.claimed, None)
                else:
                    after.pop(booked.appointment_id, None)
    return after


def collides(occupied: Occupied, now: datetime, new: set[str]) -> bool:
    """Whether a new one overlaps another new one, or one that is live now."""
    return any(
        one in new
        and one != other
        and here == there
        and (other in new or expiry is None or now < expiry)
        and span.start < taken.end
        and taken.start < span.end
        for one, (here, span, _) in occupied.items()
        for other, (there, taken, expiry) in occupied.items()
    )


@given(batches=st.lists(st.tuples(st.lists(claimants, min_size=1, max_size=3), steps), max_size=10))
def test_a_store_refuses_exactly_what_would_overlap_a_live_claim(
    batches: list[tuple[list[PutHold | PutAppointment], timedelta]],
) -> None:
    """R40, R34: whatever is asked, in whatever order, and nothing of it is kept when refused."""
    clock = ManualClock(NOW)
    store = MemoryStore(clock=clock)
    occupied: Occupied = {}
    for batch, step in batches:
        writes = tuple(batch)
        possible = occupied_after(occupied, batch)
        after = occupied if possible is None else possible
        new = {owner for owner in after if occupied.get(owner) != after[owner]}
        # Written again as it was is a claim anew too: its place may have been taken since.
        new |= after.keys() & {
            write.hold.hold_id if isinstance(write, PutHold) else write.appointment.appointment_id
            for write in writes
        }
        refused = possible is None or collides(after, clock.now(), new)

        try:
            store.transact(EVERYTHING, lambda _, writes=writes: Decision(None, writes))  # type: ignore[misc]
        except StoreError:
            assert refused
        else:
            assert not refused
            occupied = after

        _, snapshot = store.read(ReadScope(EVERYTHING))
        kept = {
            each.owner: (each.schedule_id, each.span, each.expires_at)
            for state in snapshot.schedules.values()
            for each in state.claims
        }
        now = clock.now()
        live = {owner for owner, each in occupied.items() if each[2] is None or now < each[2]}
        assert kept.items() <= occupied.items()
        assert live <= kept.keys()
        assert not collides({owner: kept[owner] for owner in live}, now, live)
        clock.advance(step)
