"""Which times are offered: openings, less claims and closures, on the openings' grids (R24–R30).

:func:`judge` takes one slot and an :class:`Agenda`, one schedule's time within a window, and says
every obstacle to it, in integer minutes of UTC. *Review* asks it (R31), and so does the desk when
it explains why a time is not offered. The list of availabilities is :mod:`omnibook.search`; a slot
is listed exactly when there is no obstacle to it.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum, unique

from attrs import frozen

from omnibook.clinic import Clinic, Opening, Policies, Schedule, Service
from omnibook.ids import ActivityId, HoldId, PatientId, ScheduleId, VisitId
from omnibook.records import ClaimKind, Slot
from omnibook.times import (
    MINUTE,
    ONE_DAY,
    Line,
    Span,
    Stretch,
    line_of,
    local_date,
    minute_from,
    to_minute,
    touched,
)
from omnibook.timetable import Occurrence, occurrences, placed_closures
from omnibook.transactions import ScheduleState, Snapshot


@unique
class Obstacle(StrEnum):
    """Why a time is not offered; for staff, and for *Review* to refuse it."""

    WRONG_LENGTH = "time.wrong-length"
    ALREADY_STARTED = "time.already-started"
    TOO_SOON = "time.too-soon"
    BEYOND_HORIZON = "time.beyond-horizon"
    NO_OPENING = "time.no-opening"
    OFF_GRID = "time.off-grid"
    NOT_ONLINE = "time.not-online"
    NOT_RELEASED = "time.not-released"
    CLOSED = "time.closed"
    BUSY = "time.busy"
    HELD = "time.held"
    BOOKED = "time.booked"


@frozen
class Taken(Stretch):
    """A live claim, or a ``Busy`` (no kind and no owner)."""

    kind: ClaimKind | None = None
    owner: str = ""


@frozen(kw_only=True)
class Agenda:
    """One schedule's time within a window: what is open, closed and taken."""

    schedule_id: ScheduleId
    occurrences: Line[Occurrence]
    closed: Line[Stretch]
    taken: Line[Taken]


@frozen(kw_only=True)
class Own:
    """The holds that do not stand in a visitor's own way (R28, R35).

    Those of the visit itself never do. ``slots`` are what the visitor holds, in this visit or, as
    an identified file, in another one, from which this visit can take it over: they stay listed
    while they are held, whatever became of openings, notice and horizon since.
    """

    visit_holds: frozenset[HoldId] = frozenset()
    slots: frozenset[Slot] = frozenset()

    @classmethod
    def of(cls, snapshot: Snapshot, visit_id: VisitId, patient_ids: Collection[PatientId]) -> "Own":
        """The visitor's own holds among those of the snapshot."""
        live = snapshot.live_holds()
        mine = [hold for hold in live if hold.visit_id == visit_id]
        return cls(
            visit_holds=frozenset(hold.hold_id for hold in mine),
            slots=frozenset(hold.slot for hold in mine) | cls.of_file(snapshot, patient_ids),
        )

    @staticmethod
    def of_file(snapshot: Snapshot, patient_ids: Collection[PatientId]) -> frozenset[Slot]:
        """What an identified file holds, in whichever visit, by every identifier of the file."""
        return frozenset(
            hold.slot for hold in snapshot.live_holds() if hold.patient_id in patient_ids
        )


def agenda(
    clinic: Clinic,
    schedule: Schedule,
    openings: Iterable[Opening],
    state: ScheduleState,
    now: datetime,
) -> Agenda:
    """Put together what stands on one schedule within ``state.span`` at ``now``.

    ``openings`` are the schedule's recurring ones; those of the desk come with ``state`` (R48).
    """
    zone = schedule.zone or clinic.zone
    window = touched(state.span)
    # An opening may run into the next day, and a clock change around midnight carries a bound over
    # it: so two days before, and one after, can reach into the window.
    first = local_date(state.span.start, zone) - 2 * ONE_DAY
    last = local_date(state.span.end, zone) + ONE_DAY
    found = [
        *occurrences(openings, zone, first, last),
        *(
            Occurrence(
                first=minute_from(each.span.start),
                last=to_minute(each.span.end),
                interval=each.interval // MINUTE,
                activities=frozenset(each.activities),
            )
            for each in state.openings
        ),
    ]
    closed = [
        *placed_closures(clinic.closures, clinic.zone),
        *placed_closures(schedule.closures, zone),
        *(touched(each.span) for each in state.closures),
    ]
    taken = [
        Taken(to_minute(each.span.start), to_minute(each.span.end), each.kind, each.owner)
        for each in state.claims
        if each.is_live(now)
    ]
    for each in state.busy:
        stretch = touched(each.span)
        taken.append(Taken(stretch.first, stretch.last))
    return Agenda(
        schedule_id=schedule.schedule_id,
        occurrences=line_of(line_of(found).overlapping(window.first, window.last)),
        closed=line_of(line_of(closed).overlapping(window.first, window.last)),
        taken=line_of(taken),
    )


def claimed_span(slot: Slot, service: Service) -> Span:
    """What a slot claims: from start less the buffer before, to end plus the one after (R27)."""
    return slot.span.widened(service.buffer_before, service.buffer_after)


def is_plausible(slot: Slot, service: Service, now: datetime, policies: Policies) -> bool:
    """Whether a slot that a client sent back is worth asking the store about (R38).

    A forged one may claim a year, or the end of time: then it is refused before it is looked up.
    """
    if slot.end - slot.start != service.duration:
        return False
    return now < slot.start < now + policies.horizon


@frozen(kw_only=True)
class Judgement:
    """What was found about one slot: every obstacle, and the activity it would be booked under."""

    obstacles: tuple[Obstacle, ...]
    activity: ActivityId | None
    """Of the openings that offer it, the first of the service's activities (R45)."""


def judge(
    slot: Slot,
    service: Service,
    on: Agenda,
    *,
    now: datetime,
    policies: Policies,
    ignoring: Collection[str] = (),
) -> Judgement:
    """Say every obstacle to offering a slot to a visitor online (R27); none: it is offered.

    ``on`` must cover the slot with the service's buffers. The claims of the owners in ``ignoring``,
    such as the visitor's own hold, do not stand in the way.
    """
    found: list[Obstacle] = []
    if slot.end - slot.start != service.duration:
        found.append(Obstacle.WRONG_LENGTH)
    if slot.start <= now:
        found.append(Obstacle.ALREADY_STARTED)
    if slot.start < now + policies.minimum_notice:
        found.append(Obstacle.TOO_SOON)
    if slot.start >= now + policies.horizon:
        found.append(Obstacle.BEYOND_HORIZON)
    first, last = to_minute(slot.start), to_minute(slot.end)
    activity, missing = _opened(first, last, service, on.occurrences, to_minute(now))
    found.extend(missing)
    if any(on.closed.overlapping(first, last)):
        found.append(Obstacle.CLOSED)
    claimed = claimed_span(slot, service)
    kinds = {
        each.kind
        for each in on.taken.overlapping(to_minute(claimed.start), to_minute(claimed.end))
        if each.owner not in ignoring
    }
    found.extend(obstacle for kind, obstacle in _KINDS if kind in kinds)
    return Judgement(obstacles=tuple(found), activity=activity)


_KINDS = (
    (None, Obstacle.BUSY),
    (ClaimKind.HOLD, Obstacle.HELD),
    (ClaimKind.APPOINTMENT, Obstacle.BOOKED),
)


def _opened(
    first: int, last: int, service: Service, openings: Line[Occurrence], now: int
) -> tuple[ActivityId | None, tuple[Obstacle, ...]]:
    """The activity under which openings offer the stretch, or what is missing."""
    offered: set[ActivityId] = set()
    missing: set[Obstacle] = set()
    for each in openings.overlapping(first, last):
        if not (each.first <= first and last <= each.last and _serves(each, service)):
            continue
        lacks = _lacks(each, first, now)
        missing |= lacks
        if not lacks:
            offered |= each.activities
    for activity in service.activities:
        if activity in offered:
            return activity, ()
    return None, tuple(code for code in Obstacle if code in missing) or (Obstacle.NO_OPENING,)


def _serves(occurrence: Occurrence, service: Service) -> bool:
    return not occurrence.activities.isdisjoint(service.activities)


def _lacks(occurrence: Occurrence, start: int, now: int) -> set[Obstacle]:
    lacks = set[Obstacle]()
    if (start - occurrence.first) % occurrence.interval:
        lacks.add(Obstacle.OFF_GRID)
    if not occurrence.online:
        lacks.add(Obstacle.NOT_ONLINE)
    if occurrence.released is not None and now < occurrence.released:
        lacks.add(Obstacle.NOT_RELEASED)
    return lacks
