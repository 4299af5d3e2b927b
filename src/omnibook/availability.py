"""Which times are offered: openings, less claims and closures, on the openings' grids (R24–R30).

Openings are wall-clock rules. Each occurrence is placed on the time line once, and from then on
everything is integer minutes of UTC; datetimes come back only with the slots returned. So a night
on which clocks change is no special case: an opening simply has an hour more, or less.

Two questions are asked of an :class:`Agenda`, one schedule's time within a window:

* :func:`judge` takes one slot and says every obstacle to it. *Review* asks it (R31), and so does
  the desk when it explains why a time is not offered.
* :class:`Search` lists the next slots in the total order of R26. It does no I/O: it says which
  window it needs next and is fed. A slot is listed exactly when :func:`judge` finds no obstacle.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum, unique
from functools import cache
from zoneinfo import ZoneInfo

from attrs import frozen

from omnibook.clinic import Clinic, Closure, Opening, Policies, Schedule, Service
from omnibook.ids import ActivityId, HoldId, PatientId, ScheduleId, VisitId
from omnibook.preference import Filter
from omnibook.records import ClaimKind, Slot, SlotRank
from omnibook.times import (
    MINUTE,
    Line,
    Span,
    Stretch,
    days,
    from_minute,
    line_of,
    local_date,
    minute_from,
    place,
    start_of_day,
    to_minute,
    touched,
)
from omnibook.transactions import ScheduleState, Snapshot

ONE_DAY = timedelta(days=1)
_FIRST_WINDOW_DAYS = 7
_WIDEST_WINDOW_DAYS = 112


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
class Occurrence(Stretch):
    """One stretch of an opening on the time line."""

    interval: int
    activities: frozenset[ActivityId]
    online: bool = True
    released: int | None = None
    """The minute from which it is shown online; ``None`` is always (R27)."""


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


def occurrences(
    openings: Iterable[Opening], zone: ZoneInfo, first: date, last: date
) -> Iterator[Occurrence]:
    """The occurrences of openings on the local dates ``first`` to ``last``, both included (R30).

    One whose end is not after its start, as a short opening on the night of the change can be, is
    left out. Of a minute that begins or ends within it, nothing is open.
    """
    for opening in openings:
        for day in days(first, last):
            if day not in opening.recurrence:
                continue
            last_day = day + ONE_DAY if opening.ends_next_day else day
            start = minute_from(place(datetime.combine(day, opening.start), zone))
            end = to_minute(place(datetime.combine(last_day, opening.end), zone))
            if end <= start:
                continue
            released = None
            if opening.release is not None:
                shown = datetime.combine(
                    day - timedelta(days=opening.release.days_before), opening.release.at
                )
                released = minute_from(place(shown, zone))
            yield Occurrence(
                first=start,
                last=end,
                interval=opening.interval // MINUTE,
                activities=opening.activities,
                online=opening.online,
                released=released,
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


def placed_closures(closures: Iterable[Closure], zone: ZoneInfo) -> Iterator[Stretch]:
    """Every minute that closures touch, in a zone (R27, R30)."""
    for closure in closures:
        start, end = place(closure.start, zone), place(closure.end, zone)
        # Like an occurrence: one that begins in the hour that the clock skips can be empty.
        if start < end:
            yield touched(Span(start, end))


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


class Search:
    """The next slots of a service, window by window, without I/O (R24–R28).

    Feed it what the store says of each :attr:`window` until there is none; :attr:`found` then
    holds at most ``wanted`` slots in the order of R26. ``after`` is the rank of the last slot that
    was shown (paging); ``eligible`` says of a local date whether the visitor may come on it (R22).
    """

    def __init__(
        self,
        clinic: Clinic,
        service: Service,
        chosen: Filter,
        openings: Mapping[ScheduleId, Sequence[Opening]],
        *,
        now: datetime,
        wanted: int,
        eligible: Callable[[date], bool],
        after: SlotRank | None = None,
    ) -> None:
        self._clinic = clinic
        self._service = service
        self._filter = chosen
        self._openings = openings
        self._wanted = wanted
        self._eligible = cache(eligible)
        self._after = after
        self.schedules = tuple(
            schedule
            for schedule in clinic.schedules
            if chosen.practitioner_id in (None, schedule.practitioner_id)
        )
        self.found: list[Slot] = []
        self._earliest = max(now, after[0]) if after else now
        self._day = local_date(self._earliest, clinic.zone)
        self._end = local_date(now + clinic.policies.horizon, clinic.zone)
        if chosen.first is not None:
            self._day = max(self._day, chosen.first)
        if chosen.last is not None:
            self._end = min(self._end, chosen.last)
        self._days = _FIRST_WINDOW_DAYS

    @property
    def window(self) -> Span | None:
        """The stretch of starts to look at next; nothing when the search is over."""
        if len(self.found) >= self._wanted or self._day > self._end or not self.schedules:
            return None
        last = min(self._end, self._day + timedelta(days=self._days - 1))
        zone = self._clinic.zone
        return Span(start_of_day(self._day, zone), start_of_day(last + ONE_DAY, zone))

    def reach(self, window: Span) -> Span:
        """The stretch whose claims matter for the starts of ``window``."""
        service = self._service
        return window.widened(service.buffer_before, service.duration + service.buffer_after)

    def feed(self, window: Span, snapshot: Snapshot, own: Own) -> None:
        """Take what the store says of ``window`` and go on to the next one.

        ``snapshot`` holds every schedule of :attr:`schedules` with the span of :meth:`reach`.
        """
        streams: list[Iterator[SlotRank]] = []
        agendas: dict[ScheduleId, Agenda] = {}
        for schedule in self.schedules:
            schedule_id = schedule.schedule_id
            on = agenda(
                self._clinic,
                schedule,
                self._openings.get(schedule_id, ()),
                snapshot.schedules[schedule_id],
                snapshot.now,
            )
            agendas[schedule_id] = on
            streams.extend(
                self._starts(each, schedule_id, window)
                for each in on.occurrences.stretches
                if _serves(each, self._service)
            )
        streams.append(iter(sorted(self._held(own, agendas, window, snapshot.now))))
        latest = None
        for rank in heapq.merge(*streams):
            if len(self.found) >= self._wanted:
                break
            if rank == latest:
                continue
            latest = rank
            start, schedule_id, end = rank
            slot = Slot(self._service.service_id, schedule_id, start, end)
            judgement = judge(
                slot,
                self._service,
                agendas[schedule_id],
                now=snapshot.now,
                policies=self._clinic.policies,
                ignoring=own.visit_holds,
            )
            if slot in own.slots or not judgement.obstacles:
                self.found.append(slot)
        self._day = local_date(window.end, self._clinic.zone)
        self._days = min(self._days * 2, _WIDEST_WINDOW_DAYS)

    def _held(
        self, own: Own, agendas: Collection[ScheduleId], window: Span, now: datetime
    ) -> Iterator[SlotRank]:
        """The ranks of what the visitor holds for this service, where it is wanted (R28)."""
        for slot in own.slots:
            if (
                slot.service_id == self._service.service_id
                and slot.schedule_id in agendas
                and slot.start in window
                and slot.start > now
                and self._is_wanted(slot.rank)
            ):
                yield slot.rank

    def _is_wanted(self, rank: SlotRank) -> bool:
        """Whether it comes after what was shown, and suits the preference and the visitor."""
        start, zone = rank[0], self._clinic.zone
        return (
            (self._after is None or rank > self._after)
            and self._filter.admits(start, zone)
            and self._eligible(local_date(start, zone))
        )

    def _starts(
        self, occurrence: Occurrence, schedule_id: ScheduleId, window: Span
    ) -> Iterator[SlotRank]:
        """The ranks of the starts on an occurrence's grid that the preference admits."""
        duration = self._service.duration
        from_here = to_minute(max(window.start, self._earliest))
        skipped = max(0, -((occurrence.first - from_here) // occurrence.interval))
        first = occurrence.first + skipped * occurrence.interval
        until = min(occurrence.last - duration // MINUTE + 1, to_minute(window.end))
        for minute in range(first, until, occurrence.interval):
            start = from_minute(minute)
            rank = (start, schedule_id, start + duration)
            if self._is_wanted(rank):
                yield rank
