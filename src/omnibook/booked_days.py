"""Which minutes of a UTC day a schedule's appointments claim, and when its version changes (R27).

A search looks at many days of many schedules, and wants of appointments only which minutes they
claim. So a store keeps that beside the claims: a row for each schedule and UTC day
(:mod:`omnibook.daybits`), changed in the transaction that changes the claims. What the rows become
is worked out here, and nowhere else.

Appointments of one schedule never overlap (R40), so that a minute is freed by whoever claimed it.
Holds are never in the rows: they lapse by themselves, and no row would change.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from attrs import field, frozen

from omnibook.daybits import DAY_MINUTES, by_day
from omnibook.errors import StoreError
from omnibook.ids import ScheduleId
from omnibook.records import ClaimKind
from omnibook.times import Span, from_minute, touched
from omnibook.transactions import (
    ClaimsChange,
    DropDeskClosure,
    DropDeskOpening,
    PutDeskClosure,
    PutDeskOpening,
    ReplaceBusy,
    Snapshot,
    Write,
)

Claimed = tuple[ScheduleId, Span]
"""What an appointment claims, buffers included."""


@frozen(kw_only=True)
class DaysChange:
    """What a decision's writes mean for the booked days and for the schedules' versions."""

    booked: Mapping[tuple[ScheduleId, int], int] = field(factory=dict[tuple[ScheduleId, int], int])
    """By schedule and UTC day: the minutes that appointments claim from now on; 0 is no row."""
    schedules: frozenset[ScheduleId] = frozenset()
    """Whose version changes (:mod:`omnibook.outlook`)."""


def days_after(snapshot: Snapshot, writes: Iterable[Write], claims: ClaimsChange) -> DaysChange:
    """Work out what the writes mean for booked days and versions; every adapter uses this.

    ``claims`` is what :func:`~omnibook.transactions.claims_after` made of the same writes. What an
    appointment's new status, form or file leaves where it was changes nothing.

    Raises :class:`StoreError` when an appointment's time is freed outside of the scope: what stands
    there is not known, and nothing is written.
    """
    before = _claimed_before(snapshot, claims.removed)
    after: dict[str, Claimed] = {
        each.owner: (each.schedule_id, each.span)
        for each in claims.added
        if each.kind is ClaimKind.APPOINTMENT
    }
    freed = [before[owner] for owner in before if before[owner] != after.get(owner)]
    taken = [after[owner] for owner in after if after[owner] != before.get(owner)]
    for schedule_id, span in freed:
        if not snapshot.scope.covers(schedule_id, span):
            raise StoreError("a decision frees time outside its scope; widen the scope")
    booked = {
        (schedule_id, day): minutes
        for schedule_id, state in snapshot.schedules.items()
        for day, minutes in state.booked.items()
    }
    return DaysChange(
        booked=_changed(booked, freed, taken),
        schedules=frozenset(
            (*(each for each, _ in (*freed, *taken)), *_otherwise_changed(snapshot, writes))
        ),
    )


def days_without(
    booked: Mapping[tuple[ScheduleId, int], int], claimed: Iterable[Claimed]
) -> DaysChange:
    """What it means that appointments are forgotten, which claimed this; ``booked`` is before."""
    freed = list(claimed)
    return DaysChange(
        booked=_changed(booked, freed, ()), schedules=frozenset(each for each, _ in freed)
    )


def days_of(span: Span) -> tuple[int, int]:
    """The first and the last UTC day that a span touches."""
    stretch = touched(span)
    return stretch.first // DAY_MINUTES, (stretch.last - 1) // DAY_MINUTES


def window_of(first: int, last: int) -> Span:
    """The span of these UTC days, both included, as far as there are instants."""
    try:
        start = from_minute(first * DAY_MINUTES)
    except OverflowError:
        start = _EARLIEST
    try:
        end = from_minute((last + 1) * DAY_MINUTES)
    except OverflowError:
        end = _LATEST
    return Span(start, end)


_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


def minutes_of(span: Span) -> Iterator[tuple[int, int]]:
    """Each UTC day that a claimed span touches, with the minutes of it that it claims."""
    stretch = touched(span)
    return by_day(stretch.first, stretch.last)


def _claimed_before(snapshot: Snapshot, owners: Iterable[str]) -> dict[str, Claimed]:
    """What those of the owners that are appointments claim now."""
    known: dict[str, Claimed] = {
        each.appointment_id: (each.slot.schedule_id, each.claimed)
        for each in snapshot.appointments.values()
        if each.status.occupies
    }
    known.update(
        (claim.owner, (claim.schedule_id, claim.span))
        for state in snapshot.schedules.values()
        for claim in state.claims
        if claim.kind is ClaimKind.APPOINTMENT
    )
    return {owner: known[owner] for owner in owners if owner in known}


def _changed(
    booked: Mapping[tuple[ScheduleId, int], int], freed: Iterable[Claimed], taken: Iterable[Claimed]
) -> dict[tuple[ScheduleId, int], int]:
    """The days that are touched: first all that is freed, then all that is taken."""
    changed: dict[tuple[ScheduleId, int], int] = {}
    for schedule_id, span in freed:
        for day, minutes in minutes_of(span):
            key = schedule_id, day
            changed[key] = changed.get(key, booked.get(key, 0)) & ~minutes
    for schedule_id, span in taken:
        for day, minutes in minutes_of(span):
            key = schedule_id, day
            changed[key] = changed.get(key, booked.get(key, 0)) | minutes
    return changed


def _otherwise_changed(snapshot: Snapshot, writes: Iterable[Write]) -> Iterator[ScheduleId]:
    """The schedules of busy times, desk openings and desk closures; also those that they leave."""
    openings = {
        each.opening_id: each.schedule_id
        for state in snapshot.schedules.values()
        for each in state.openings
    }
    closures = {
        each.closure_id: each.schedule_id
        for state in snapshot.schedules.values()
        for each in state.closures
    }
    if snapshot.opening is not None:
        openings[snapshot.opening.opening_id] = snapshot.opening.schedule_id
    if snapshot.closure is not None:
        closures[snapshot.closure.closure_id] = snapshot.closure.schedule_id
    left: ScheduleId | None
    for write in writes:
        match write:
            case ReplaceBusy():
                yield write.schedule_id
                continue
            case PutDeskOpening(opening):
                yield opening.schedule_id
                left = openings.get(opening.opening_id)
                openings[opening.opening_id] = opening.schedule_id
            case PutDeskClosure(closure):
                yield closure.schedule_id
                left = closures.get(closure.closure_id)
                closures[closure.closure_id] = closure.schedule_id
            case DropDeskOpening(opening_id):
                left = openings.pop(opening_id, None)
            case DropDeskClosure(closure_id):
                left = closures.pop(closure_id, None)
            case _:
                continue
        if left is not None:
            yield left
