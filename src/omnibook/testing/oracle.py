"""What a store ought to answer, worked out from plain dictionaries in the plainest way.

Written from the contract of :mod:`omnibook.transactions`, not from any store, and sharing no code
with one: not even :func:`~omnibook.transactions.claims_after`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from attrs import evolve

from omnibook.audit import tombstone_id
from omnibook.ids import AppointmentId, ClinicId, HoldId, ScheduleId
from omnibook.outlook import HeldTime, Outlook, ScheduleDays
from omnibook.ports import (
    AppointmentsByReference,
    AppointmentsWithin,
    AuditTrail,
    DueEvents,
    DueNotices,
    DueOrders,
    FlagsOf,
    Query,
    ReadDays,
    ReadOutlook,
    ReadScope,
    ReadSetAside,
    SetAside,
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
    HoldState,
    Notice,
    NoticeState,
)
from omnibook.times import Span
from omnibook.transactions import (
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
)

_EPOCH = date(1970, 1, 1)
_PUTS: dict[type, tuple[str, str, str]] = {
    PutVisit: ("visits", "visit", "visit_id"),
    PutHold: ("holds", "hold", "hold_id"),
    PutAppointment: ("appointments", "appointment", "appointment_id"),
    PutDeskOpening: ("openings", "opening", "opening_id"),
    PutDeskClosure: ("closures", "closure", "closure_id"),
    PutNotice: ("notices", "notice", "notice_id"),
    PutEvent: ("events", "event", "event_id"),
    PutOrder: ("orders", "order", "order_id"),
}
_ONCE: dict[type, tuple[str, str, str]] = {
    RaiseFlag: ("flags", "flag", "flag_id"),
    RecordAudit: ("audit", "event", "audit_id"),
}


class Oracle:
    """Every record under (clinic, kind, identifier), and every claim under (clinic, owner)."""

    def __init__(self) -> None:
        self.records: dict[tuple[ClinicId, str, str], Any] = {}
        self.claims: dict[tuple[ClinicId, str], Claim] = {}
        self.named: dict[tuple[ClinicId, ScheduleId], int] = {}
        """How often a schedule was written about but for holds: its version may have changed."""
        self.changed: dict[tuple[ClinicId, ScheduleId], int] = {}
        """How often something else stood there then: its version must have changed."""

    # Writing -------------------------------------------------------------------------------------

    def keep(self, scope: Scope, writes: Sequence[Write], now: datetime) -> bool:
        """Keep the writes; or nothing of them, and answer false, where a store must refuse."""
        claims = self._claims_with(scope, writes, now)
        if claims is None:
            return False
        clinic, before = scope.clinic_id, self._standing(scope.clinic_id)
        named = {each for write in writes for each in self._schedules_of(clinic, write)}
        self.claims = claims
        for write in writes:
            self._put(clinic, write)
        after = self._standing(clinic)
        for each in named:
            self.named[clinic, each] = self.named.get((clinic, each), 0) + 1
        for each in before.keys() | after.keys():
            if before.get(each) != after.get(each):
                self.changed[clinic, each] = self.changed.get((clinic, each), 0) + 1
        return True

    def _standing(self, clinic: ClinicId) -> dict[ScheduleId, set[object]]:
        """What stands on each schedule, but for holds."""
        standing: dict[ScheduleId, set[object]] = {}
        for (where, _), claim in self.claims.items():
            if where == clinic and claim.kind is ClaimKind.APPOINTMENT:
                standing.setdefault(claim.schedule_id, set()).add(claim.span)
        for kind in ("busy", "openings", "closures"):
            for each in self.of(clinic, kind):
                standing.setdefault(each.schedule_id, set()).add(each)
        return standing

    def _schedules_of(self, clinic: ClinicId, write: Write) -> Iterable[ScheduleId]:
        """The schedules that a write is about, before and after it, but for holds."""
        if isinstance(write, ReplaceBusy):
            return (write.schedule_id,)
        if isinstance(write, PutAppointment):
            claim = self.claims.get((clinic, write.appointment.appointment_id))
            made = _claim_of_appointment(write.appointment)
            if made == claim:
                return ()
            return tuple(each.schedule_id for each in (claim, made) if each is not None)
        known: DeskOpening | DeskClosure | None = None
        mine: DeskOpening | DeskClosure | None = None
        if isinstance(write, PutDeskOpening):
            mine, known = write.opening, self.get(clinic, "openings", write.opening.opening_id)
        elif isinstance(write, PutDeskClosure):
            mine, known = write.closure, self.get(clinic, "closures", write.closure.closure_id)
        elif isinstance(write, DropDeskOpening):
            known = self.get(clinic, "openings", write.opening_id)
        elif isinstance(write, DropDeskClosure):
            known = self.get(clinic, "closures", write.closure_id)
        return tuple(each.schedule_id for each in (known, mine) if each is not None)

    def _put(self, clinic: ClinicId, write: Write) -> None:
        if isinstance(write, ReplaceBusy):
            self._replace_busy(clinic, write)
        elif isinstance(write, DropDeskOpening):
            self.records.pop((clinic, "openings", write.opening_id), None)
        elif isinstance(write, DropDeskClosure):
            self.records.pop((clinic, "closures", write.closure_id), None)
        elif type(write) in _ONCE:
            kind, name, key = _ONCE[type(write)]
            record = getattr(write, name)
            self.records.setdefault((clinic, kind, getattr(record, key)), record)
        else:
            kind, name, key = _PUTS[type(write)]
            record = getattr(write, name)
            self.records[clinic, kind, getattr(record, key)] = record

    def _replace_busy(self, clinic: ClinicId, write: ReplaceBusy) -> None:
        given = {each.busy_id for each in write.busy}
        for each in cast("list[Busy]", self.of(clinic, "busy")):
            if each.schedule_id == write.schedule_id and (
                each.busy_id in given
                or (each.span.start < write.span.end and write.span.start < each.span.end)
            ):
                del self.records[clinic, "busy", f"{each.schedule_id}/{each.busy_id}"]
        for each in write.busy:
            self.records[clinic, "busy", f"{each.schedule_id}/{each.busy_id}"] = each

    def _claims_with(  # noqa: C901 - in one piece, as the rules are told
        self, scope: Scope, writes: Iterable[Write], now: datetime
    ) -> dict[tuple[ClinicId, str], Claim] | None:
        """One write after the other; then whoever was added looks for those it overlaps."""
        claims = dict(self.claims)
        added: set[tuple[ClinicId, str]] = set()
        for write in writes:
            if isinstance(write, PutHold):
                key = (scope.clinic_id, str(write.hold.hold_id))
                made = _claim_of_hold(write.hold)
                kept = claims.get(key)
                if kept is not None and kept.kind is ClaimKind.APPOINTMENT:
                    if made is not None:
                        return None
                    continue
            elif isinstance(write, PutAppointment):
                key = (scope.clinic_id, str(write.appointment.appointment_id))
                made = _claim_of_appointment(write.appointment)
            else:
                continue
            claims.pop(key, None)
            added.discard(key)
            if made is not None:
                claims[key] = made
                added.add(key)
        for key in added:
            mine = claims[key]
            if not scope.covers(mine.schedule_id, mine.span):
                return None
            for other_key, other in list(claims.items()):
                if other_key == key or other_key[0] != scope.clinic_id:
                    continue
                if other.schedule_id != mine.schedule_id or not other.span.overlaps(mine.span):
                    continue
                if other_key in added or other.expires_at is None or now < other.expires_at:
                    return None
                del claims[other_key]
        for key, was in self.claims.items():
            becomes = claims.get(key, evolve(was, schedule_id=ScheduleId("")))
            frees = (becomes.schedule_id, becomes.span) != (was.schedule_id, was.span)
            frees = frees and was.kind is ClaimKind.APPOINTMENT
            if frees and not scope.covers(was.schedule_id, was.span):
                return None
        return claims

    # Reading -------------------------------------------------------------------------------------

    def of(self, clinic: ClinicId, kind: str) -> list[Any]:
        """Every record of a kind in a clinic."""
        return [
            each
            for (where, what, _), each in self.records.items()
            if (where, what) == (clinic, kind)
        ]

    def get(self, clinic: ClinicId, kind: str, identifier: str | None) -> Any:
        """One record, or nothing."""
        return None if identifier is None else self.records.get((clinic, kind, identifier))

    def snapshot(self, scope: Scope, now: datetime) -> Snapshot:
        """The numbered contract, clause by clause."""
        clinic = scope.clinic_id
        schedules = {
            schedule_id: self._schedule(clinic, schedule_id, span)
            for schedule_id, span in scope.schedules.items()
        }
        shown = [claim for state in schedules.values() for claim in state.claims]
        notice: Notice | None = self.get(clinic, "notices", scope.notice)
        event: Event | None = self.get(clinic, "events", scope.event)
        order: ContactOrder | None = self.get(clinic, "orders", scope.order)
        hold_ids = {claim.owner for claim in shown if claim.kind is ClaimKind.HOLD}
        hold_ids |= {scope.hold} if scope.hold else set()
        about = {each.appointment_id for each in (notice, event, order) if each}
        about |= {AppointmentId(scope.hold)} if scope.hold else set()
        about |= {scope.appointment} if scope.appointment else set()
        holds: dict[HoldId, Hold] = {}
        for hold in cast("list[Hold]", self.of(clinic, "holds")):
            live = hold.state is HoldState.HELD and now < hold.expires_at
            of_visit = scope.visit is not None and hold.visit_id == scope.visit
            of_patient = hold.patient_id is not None and hold.patient_id in scope.patients
            asked = hold.hold_id in hold_ids or of_visit
            if asked or (live and (of_patient or _carries(scope, hold))):
                holds[hold.hold_id] = hold
        appointments: dict[AppointmentId, Appointment] = {}
        for each in cast("list[Appointment]", self.of(clinic, "appointments")):
            upcoming = (
                each.provisional is not None and each.status.occupies and each.slot.start > now
            )
            if (
                each.appointment_id in about
                or (each.patient_id is not None and each.patient_id in scope.patients)
                or (upcoming and _carries(scope, each))
            ):
                appointments[each.appointment_id] = each
        return Snapshot(
            scope=scope,
            now=now,
            schedules=schedules,
            visit=self.get(clinic, "visits", scope.visit),
            holds=holds,
            appointments=appointments,
            opening=self.get(clinic, "openings", scope.opening),
            closure=self.get(clinic, "closures", scope.closure),
            notice=notice,
            event=event,
            order=order,
            forgotten=self._is_forgotten(clinic, scope.appointment),
        )

    def _is_forgotten(self, clinic: ClinicId, name: AppointmentId | None) -> bool:
        if name is None or self.get(clinic, "appointments", name) is not None:
            return False
        return self.get(clinic, "audit", tombstone_id(name)) is not None

    def _schedule(self, clinic: ClinicId, schedule_id: str, span: Span) -> ScheduleState:
        def here(each: Any) -> bool:
            meets: bool = each.span.start < span.end and span.start < each.span.end
            return each.schedule_id == schedule_id and meets

        mine = [claim for (where, _), claim in self.claims.items() if where == clinic]
        return ScheduleState(
            schedule_id=cast("Any", schedule_id),
            span=span,
            claims=tuple(sorted(filter(here, mine), key=lambda c: (c.span, c.owner))),
            busy=tuple(sorted(filter(here, self.of(clinic, "busy")))),
            openings=tuple(
                sorted(
                    filter(here, self.of(clinic, "openings")), key=lambda o: (o.span, o.opening_id)
                )
            ),
            closures=tuple(
                sorted(
                    filter(here, self.of(clinic, "closures")), key=lambda c: (c.span, c.closure_id)
                )
            ),
            booked=self._booked(clinic, schedule_id, span.start.date(), _last_moment(span).date()),
        )

    def _booked(
        self, clinic: ClinicId, schedule_id: str, first: date, last: date
    ) -> dict[int, int]:
        """Minute by minute."""
        booked: dict[int, int] = {}
        for (where, _), claim in self.claims.items():
            if (where, claim.schedule_id) != (clinic, schedule_id):
                continue
            minute = claim.span.start
            while claim.kind is ClaimKind.APPOINTMENT and minute < claim.span.end:
                if first <= minute.date() <= last:
                    day = (minute.date() - _EPOCH).days
                    booked[day] = booked.get(day, 0) | 1 << (minute.hour * 60 + minute.minute)
                minute += timedelta(minutes=1)
        return booked

    def days(self, query: ReadDays) -> dict[ScheduleId, ScheduleDays]:
        """What a store tells of days, but for the versions."""
        first, last = (_EPOCH + timedelta(days=day) for day in (query.first, query.last))
        start = datetime.combine(first, time(), UTC)
        span = Span(start, datetime.combine(last, time(), UTC) + timedelta(days=1))
        told: dict[ScheduleId, ScheduleDays] = {}
        for schedule_id in query.schedules:
            state = self._schedule(query.clinic_id, schedule_id, span)
            told[schedule_id] = ScheduleDays(
                schedule_id=schedule_id,
                version=0,
                booked=state.booked,
                busy=state.busy,
                openings=state.openings,
                closures=state.closures,
                opened_until=max(
                    (
                        each.span.end
                        for each in cast("list[DeskOpening]", self.of(query.clinic_id, "openings"))
                        if each.schedule_id == schedule_id
                    ),
                    default=None,
                ),
            )
        return told

    def held(self, clinic: ClinicId, now: datetime) -> tuple[HeldTime, ...]:
        """What a store tells of live holds."""
        live = [
            each
            for each in cast("list[Hold]", self.of(clinic, "holds"))
            if each.state is HoldState.HELD and now < each.expires_at
        ]
        live.sort(key=lambda each: (each.slot.start, each.slot.schedule_id, each.hold_id))
        return tuple(
            HeldTime(
                hold_id=each.hold_id,
                visit_id=each.visit_id,
                patient_id=each.patient_id,
                slot=each.slot,
                claimed=each.claimed,
            )
            for each in live
        )

    def answer(self, query: Query[Any], now: datetime) -> object:
        """What a store answers to a query; of versions nothing."""
        if isinstance(query, ReadScope):
            return self.snapshot(query.scope, now)
        if isinstance(query, ReadOutlook):
            snapshot = self.snapshot(query.scope, now)
            held = self.held(query.scope.clinic_id, now)
            return Outlook(snapshot=snapshot, versions={}, holds=held)
        if isinstance(query, ReadDays):
            return self.days(query)
        if isinstance(query, AppointmentsWithin):
            found = [
                each
                for each in cast("list[Appointment]", self.of(query.clinic_id, "appointments"))
                if each.slot.start < query.span.end
                and query.span.start < each.slot.end
                and (query.schedules is None or each.slot.schedule_id in query.schedules)
            ]
            found.sort(key=lambda e: (e.slot.start, e.slot.schedule_id, e.appointment_id))
            return tuple(found)
        if isinstance(query, AppointmentsByReference):
            named = [
                each
                for each in cast("list[Appointment]", self.of(query.clinic_id, "appointments"))
                if each.reference == query.reference
            ]
            named.sort(key=lambda e: (e.slot.start, e.slot.schedule_id, e.appointment_id))
            return tuple(named)
        if isinstance(query, FlagsOf):
            flags = [
                each
                for each in self.of(query.clinic_id, "flags")
                if each.appointment_id in query.appointments
            ]
            return tuple(sorted(flags, key=lambda each: (each.raised_at, each.flag_id)))
        if isinstance(query, AuditTrail):
            trail = [
                each
                for each in self.of(query.clinic_id, "audit")
                if query.span.start <= each.at < query.span.end
                and (query.subject is None or each.subject == query.subject)
            ]
            return tuple(sorted(trail, key=lambda each: (each.at, each.audit_id)))
        if isinstance(query, DueNotices):
            return self._due(query, "notices", "notice_id", now)
        if isinstance(query, DueEvents):
            return self._due(query, "events", "event_id", now)
        if isinstance(query, DueOrders):
            return self._due(query, "orders", "order_id", now)
        if isinstance(query, ReadSetAside):
            return SetAside(
                notices=self._set_aside(query, "notices", "notice_id"),
                orders=self._set_aside(query, "orders", "order_id"),
                events=self._set_aside(query, "events", "event_id"),
            )
        raise TypeError(f"unknown query: {query!r}")

    def _set_aside(self, query: ReadSetAside, kind: str, key: str) -> tuple[Any, ...]:
        aside = [
            each
            for each in self.of(query.clinic_id, kind)
            if (each.state is NoticeState.FAILED if kind == "notices" else each.failed)
        ]
        aside.sort(key=lambda each: (each.not_before, getattr(each, key)))
        return tuple(aside[: query.limit])

    def _due(
        self, query: DueNotices | DueEvents | DueOrders, kind: str, key: str, now: datetime
    ) -> tuple[str, ...]:
        waits: Callable[[Any], bool] = (
            (lambda each: each.state is NoticeState.QUEUED)
            if kind == "notices"
            else (lambda each: not each.done and not each.failed)
        )
        due = sorted(
            (each.not_before, getattr(each, key))
            for each in self.of(query.clinic_id, kind)
            if waits(each) and each.not_before <= now
        )
        return tuple(identifier for _, identifier in due[: query.limit])


def _last_moment(span: Span) -> datetime:
    return span.end - timedelta(microseconds=1)


def _carries(scope: Scope, each: Hold | Appointment) -> bool:
    by_source = scope.source is not None and each.source == scope.source
    return by_source or bool(scope.contacts & each.contact_keys)


def _claim_of_hold(hold: Hold) -> Claim | None:
    if hold.state is not HoldState.HELD:
        return None
    return Claim(
        span=hold.claimed,
        schedule_id=hold.slot.schedule_id,
        kind=ClaimKind.HOLD,
        owner=hold.hold_id,
        expires_at=hold.expires_at,
    )


def _claim_of_appointment(appointment: Appointment) -> Claim | None:
    if not appointment.status.occupies:
        return None
    return Claim(
        span=appointment.claimed,
        schedule_id=appointment.slot.schedule_id,
        kind=ClaimKind.APPOINTMENT,
        owner=appointment.appointment_id,
    )
