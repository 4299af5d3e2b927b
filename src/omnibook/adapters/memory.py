"""Everything in this process's memory: the reference that other stores are measured against.

:class:`MemoryStore` keeps plain dictionaries under one lock and does what
:mod:`omnibook.transactions` says, in the plainest way. It forgets when the process ends.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, assert_never, cast

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.memory_tables import Tables
from omnibook.audit import Operation
from omnibook.booked_days import days_after, days_of, window_of
from omnibook.dossier import Dossier, Ruling, Subject, gather
from omnibook.errors import Contention, StoreError
from omnibook.ids import ClinicId, EventId, NoticeId, OrderId, ScheduleId
from omnibook.outcomes import Purged
from omnibook.outlook import HeldTime, Outlook, ScheduleDays
from omnibook.ports import (
    AppointmentsByReference,
    AppointmentsWithin,
    AuditTrail,
    Clock,
    DueEvents,
    DueNotices,
    DueOrders,
    FlagsOf,
    Query,
    ReadDays,
    ReadOutlook,
    ReadScope,
    ReadSetAside,
)
from omnibook.records import (
    Appointment,
    Busy,
    Claim,
    ClaimKind,
    ContactOrder,
    DeskClosure,
    DeskOpening,
    Event,
    Hold,
    Notice,
    NoticeState,
)
from omnibook.retention import BATCH, Cutoffs, purge_writes
from omnibook.times import Span
from omnibook.transactions import (
    CORRECTION,
    ROUNDS,
    Again,
    Decision,
    DropDeskClosure,
    DropDeskOpening,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    RaiseFlag,
    RecordAudit,
    ReplaceBusy,
    ScheduleState,
    Scope,
    Snapshot,
    Write,
    claims_after,
)

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")
RowT = TypeVar("RowT", Busy, DeskOpening, DeskClosure)
IdT = TypeVar("IdT", NoticeId, EventId, OrderId)
WorkT = TypeVar("WorkT", Notice, Event, ContactOrder)


class MemoryStore:
    """A :class:`omnibook.ports.Archive` in memory, safe between threads."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._clinics: dict[ClinicId, Tables] = {}
        self._lock = threading.RLock()
        self._latest: datetime | None = None

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """Run ``decide`` on a snapshot of ``scope`` and apply its writes, all or nothing."""
        with self._lock:
            tables = self._tables(scope.clinic_id)
            for _ in range(ROUNDS):
                snapshot = _snapshot(tables, scope, self._now())
                decision = decide(snapshot)
                if isinstance(decision, Again):
                    scope = decision.scope
                    continue
                _apply(tables, snapshot, decision.writes)
                return decision.outcome
        raise Contention(f"a decision asked for a wider scope {ROUNDS} times")

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """Answer one of the queries of :mod:`omnibook.ports`."""
        with self._lock:
            now = self._now()
            return now, cast(AnswerT, self._answer(query, now))

    def purge(self, cutoffs: Cutoffs, operation: Operation, *, limit: int = BATCH) -> Purged:
        """Forget some of what has outlived its time; see :meth:`omnibook.ports.Archive.purge`."""
        with self._lock:
            tables = self._tables(operation.clinic_id)
            purged, appointments = tables.purge(cutoffs, limit)
            if purged.total:
                tables.record(purge_writes(operation, cutoffs, sorted(appointments)))
            return purged

    def export(self, clinic_id: ClinicId, subject: Subject) -> Dossier:
        """Gather what is kept of one person; see :meth:`omnibook.ports.Archive.export`."""
        with self._lock:
            return gather(self._tables(clinic_id).kept(), clinic_id, subject, self._now())

    def erase(
        self,
        clinic_id: ClinicId,
        subject: Subject,
        decide: Callable[[Dossier], Ruling[OutcomeT]],
    ) -> OutcomeT:
        """Erase one person's records if ``decide`` says so; see :class:`omnibook.ports.Archive`."""
        with self._lock:
            dossier = self.export(clinic_id, subject)
            ruling = decide(dossier)
            tables = self._tables(clinic_id)
            if ruling.forget:
                tables.forget(dossier)
            tables.record(ruling.writes)
            return ruling.outcome

    def _now(self) -> datetime:
        """The clock's instant, which never goes back by up to an hour; by more is a correction."""
        now = self._clock.now()
        if self._latest is not None and self._latest - CORRECTION <= now:
            now = max(now, self._latest)
        self._latest = now
        return now

    def _tables(self, clinic_id: ClinicId) -> Tables:
        return self._clinics.setdefault(clinic_id, Tables())

    def _answer(self, query: Query[AnswerT], now: datetime) -> object:
        match query:
            case ReadScope():
                scope = query.scope
                return _snapshot(self._tables(scope.clinic_id), scope, now)
            case ReadOutlook():
                return _outlook(self._tables(query.scope.clinic_id), query.scope, now)
            case ReadDays():
                return _days(self._tables(query.clinic_id), query)
            case AppointmentsWithin():
                return _appointments_within(self._tables(query.clinic_id), query)
            case AppointmentsByReference():
                kept = self._tables(query.clinic_id).appointments.values()
                return _in_order(each for each in kept if each.reference == query.reference)
            case FlagsOf():
                flags = self._tables(query.clinic_id).flags.values()
                return tuple(
                    sorted(
                        (flag for flag in flags if flag.appointment_id in query.appointments),
                        key=lambda flag: (flag.raised_at, flag.flag_id),
                    )
                )
            case DueNotices():
                notices = self._tables(query.clinic_id).notices
                return _due(notices, lambda each: each.state is NoticeState.QUEUED, query, now)
            case DueEvents():
                events = self._tables(query.clinic_id).events
                return _due(events, lambda each: not (each.done or each.failed), query, now)
            case DueOrders():
                orders = self._tables(query.clinic_id).orders
                return _due(orders, lambda each: not (each.done or each.failed), query, now)
            case ReadSetAside():
                return self._tables(query.clinic_id).set_aside(query.limit)
            case AuditTrail():
                found = (
                    event
                    for event in self._tables(query.clinic_id).audit.values()
                    if event.at in query.span
                    and (query.subject is None or event.subject == query.subject)
                )
                return tuple(sorted(found, key=lambda event: (event.at, event.audit_id)))
            case _:
                raise StoreError(f"unknown query: {type(query).__name__}")


def _due(
    kept: Mapping[IdT, WorkT],
    waits: Callable[[WorkT], bool],
    query: DueNotices | DueEvents | DueOrders,
    now: datetime,
) -> tuple[IdT, ...]:
    due = sorted(
        (each.not_before, identifier)
        for identifier, each in kept.items()
        if waits(each) and each.not_before <= now
    )
    return tuple(identifier for _, identifier in due[: query.limit])


def _appointments_within(tables: Tables, query: AppointmentsWithin) -> tuple[Appointment, ...]:
    return _in_order(
        each
        for each in tables.appointments.values()
        if each.slot.span.overlaps(query.span)
        and (query.schedules is None or each.slot.schedule_id in query.schedules)
    )


def _in_order(found: Iterable[Appointment]) -> tuple[Appointment, ...]:
    return tuple(sorted(found, key=lambda e: (e.slot.start, e.slot.schedule_id, e.appointment_id)))


def _snapshot(tables: Tables, scope: Scope, now: datetime) -> Snapshot:
    """Load what the contract of :mod:`omnibook.transactions` says, clause by clause."""
    schedules = {
        schedule_id: _schedule_state(tables, schedule_id, span)
        for schedule_id, span in scope.schedules.items()
    }
    behind = {
        claim.owner
        for state in schedules.values()
        for claim in state.claims
        if claim.kind is ClaimKind.HOLD
    }
    notice = tables.notices.get(scope.notice) if scope.notice else None
    event = tables.events.get(scope.event) if scope.event else None
    order = tables.orders.get(scope.order) if scope.order else None
    wanted = {scope.appointment, scope.hold}
    wanted |= {each.appointment_id for each in (notice, event, order) if each is not None}
    holds = {
        hold_id: hold
        for hold_id, hold in tables.holds.items()
        if hold_id in behind
        or hold_id == scope.hold
        or hold.visit_id == scope.visit
        or (hold.is_live(now) and _concerns_hold(scope, hold))
    }
    appointments = {
        identifier: each
        for identifier, each in tables.appointments.items()
        if identifier in wanted or _concerns_appointment(scope, each, now)
    }
    return Snapshot(
        scope=scope,
        now=now,
        schedules=schedules,
        visit=tables.visits.get(scope.visit) if scope.visit else None,
        holds=holds,
        appointments=appointments,
        opening=tables.openings.get(scope.opening) if scope.opening else None,
        closure=tables.closures.get(scope.closure) if scope.closure else None,
        notice=notice,
        event=event,
        order=order,
        forgotten=tables.has_forgotten(scope.appointment),
    )


def _concerns_hold(scope: Scope, hold: Hold) -> bool:
    return (
        not scope.contacts.isdisjoint(hold.contact_keys)
        or hold.source == scope.source
        or hold.patient_id in scope.patients
    )


def _concerns_appointment(scope: Scope, each: Appointment, now: datetime) -> bool:
    if each.patient_id in scope.patients:
        return True
    return (
        each.is_provisional
        and each.status.occupies
        and each.slot.start > now
        and (
            not scope.contacts.isdisjoint(each.contact_keys)
            or (scope.source is not None and each.source == scope.source)
        )
    )


def _outlook(tables: Tables, scope: Scope, now: datetime) -> Outlook:
    live = [each for each in tables.holds.values() if each.is_live(now)]
    live.sort(key=lambda each: (each.slot.start, each.slot.schedule_id, each.hold_id))
    return Outlook(
        snapshot=_snapshot(tables, scope, now),
        versions=dict(tables.versions),
        holds=tuple(
            HeldTime(
                hold_id=each.hold_id,
                visit_id=each.visit_id,
                patient_id=each.patient_id,
                slot=each.slot,
                claimed=each.claimed,
            )
            for each in live
        ),
    )


def _days(tables: Tables, query: ReadDays) -> dict[ScheduleId, ScheduleDays]:
    window = window_of(query.first, query.last)
    booked = tables.booked(query.schedules, query.first, query.last)
    busy = _by_schedule(sorted(tables.busy.values()), window)
    openings = _by_schedule(_openings(tables), window)
    closures = _by_schedule(_closures(tables), window)
    return {
        each: ScheduleDays(
            schedule_id=each,
            version=tables.versions.get(each, 0),
            booked=booked.get(each, {}),
            busy=tuple(busy.get(each, ())),
            openings=tuple(openings.get(each, ())),
            closures=tuple(closures.get(each, ())),
            opened_until=max(
                (opening.span.end for opening in _openings(tables) if opening.schedule_id == each),
                default=None,
            ),
        )
        for each in query.schedules
    }


def _by_schedule(rows: Iterable[RowT], window: Span) -> dict[ScheduleId, list[RowT]]:
    found = defaultdict[ScheduleId, list[RowT]](list)
    for row in rows:
        if row.span.overlaps(window):
            found[row.schedule_id].append(row)
    return found


def _openings(tables: Tables) -> list[DeskOpening]:
    return sorted(tables.openings.values(), key=lambda each: (each.span, each.opening_id))


def _closures(tables: Tables) -> list[DeskClosure]:
    return sorted(tables.closures.values(), key=lambda each: (each.span, each.closure_id))


def _schedule_state(tables: Tables, schedule_id: ScheduleId, span: Span) -> ScheduleState:
    def here(each: Claim | Busy | DeskOpening | DeskClosure) -> bool:
        return each.schedule_id == schedule_id and each.span.overlaps(span)

    return ScheduleState(
        schedule_id=schedule_id,
        span=span,
        claims=tuple(sorted(filter(here, tables.claims.values()), key=lambda c: (c.span, c.owner))),
        busy=tuple(sorted(filter(here, tables.busy.values()))),
        openings=tuple(filter(here, _openings(tables))),
        closures=tuple(filter(here, _closures(tables))),
        booked=tables.booked({schedule_id}, *days_of(span)).get(schedule_id, {}),
    )


def _apply(  # noqa: C901, PLR0912 - one arm for each word of the vocabulary
    tables: Tables, snapshot: Snapshot, writes: Sequence[Write]
) -> None:
    """Apply the writes; what could fail is worked out before anything is kept."""
    change = claims_after(snapshot, writes)
    days = days_after(snapshot, writes, change)
    for owner in change.removed:
        tables.claims.pop(owner, None)
    for claim in change.added:
        tables.claims[claim.owner] = claim
    tables.change(days.schedules)
    for write in writes:
        match write:
            case PutVisit(visit):
                tables.visits[visit.visit_id] = visit
            case PutHold(hold):
                tables.holds[hold.hold_id] = hold
            case PutAppointment(appointment):
                tables.appointments[appointment.appointment_id] = appointment
            case PutDeskOpening(opening):
                tables.openings[opening.opening_id] = opening
            case PutDeskClosure(closure):
                tables.closures[closure.closure_id] = closure
            case DropDeskOpening(opening_id):
                tables.openings.pop(opening_id, None)
            case DropDeskClosure(closure_id):
                tables.closures.pop(closure_id, None)
            case ReplaceBusy():
                _replace_busy(tables, write)
            case PutNotice(notice):
                tables.notices[notice.notice_id] = notice
            case PutEvent(event):
                tables.events[event.event_id] = event
            case PutOrder(order):
                tables.orders[order.order_id] = order
            case RaiseFlag(flag):
                tables.flags.setdefault(flag.flag_id, flag)
            case RecordAudit():
                tables.record((write,))
            case _:
                assert_never(write)


def _replace_busy(tables: Tables, write: ReplaceBusy) -> None:
    """What the host's own system says is taken; it blocks, and evicts nothing (R40)."""
    kept = {key: each for key, each in tables.busy.items() if not write.replaces(each)}
    tables.busy = kept | {(each.schedule_id, each.busy_id): each for each in write.busy}
