"""A decision's writes as statements: each word goes to its own table.

What the writes mean for the claims and the booked days is worked out by the pure
:func:`~omnibook.transactions.claims_after` and :func:`~omnibook.booked_days.days_after`, which
every adapter shares.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from sqlalchemy import Table
from sqlalchemy.sql.base import Executable

from omnibook.adapters.sql import day_statements as d
from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.compiled import DIALECTS, Statement, Values, compiled
from omnibook.adapters.sql.day_rows import days_commands
from omnibook.adapters.sql.queue_rows import audit_row, event_row, flag_row, notice_row, order_row
from omnibook.adapters.sql.rows import (
    appointment_row,
    busy_row,
    claim_row,
    closure_row,
    hold_row,
    opening_row,
    visit_row,
)
from omnibook.adapters.sql.sessions import Command
from omnibook.adapters.sql.snapshots import contact_key, patient_key, source_key
from omnibook.booked_days import days_after
from omnibook.records import Appointment, Hold, HoldState
from omnibook.transactions import (
    ClaimsChange,
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
    Snapshot,
    Write,
    claims_after,
)

_TABLES = (
    t.clocks,
    t.visits,
    t.holds,
    t.claims,
    t.appointments,
    t.busy_times,
    t.desk_openings,
    t.desk_closures,
    t.notices,
    t.events,
    t.contact_orders,
)
_PUT = {dialect: {table: s.put(table, dialect) for table in _TABLES} for dialect in DIALECTS}
_ONCE = {
    dialect: {table: s.once(table, dialect) for table in (t.flags, t.audit_events)}
    for dialect in DIALECTS
}
_WITHOUT_CLAIMS = s.without_any(t.claims.c.owner_id)
_WITHOUT_OPENING = s.without(t.desk_openings, "opening_id")
_WITHOUT_CLOSURE = s.without(t.desk_closures, "closure_id")
_WITHOUT_HOLD_KEYS = s.without(t.hold_keys, "hold_id")
_WITHOUT_APPOINTMENT_KEYS = s.without(t.appointment_keys, "appointment_id")
_KEYS = {
    dialect: (
        s.keys_of(t.hold_keys, "hold_id", "expires_at", dialect),
        s.keys_of(t.appointment_keys, "appointment_id", "starts_at", dialect),
    )
    for dialect in DIALECTS
}


class Writing:
    """The statements of one decision; made for the snapshot that it was decided on."""

    def __init__(self, dialect: str, snapshot: Snapshot, writes: Iterable[Write]) -> None:
        self._dialect = dialect
        self._clinic = snapshot.scope.clinic_id
        self._holds = dict(snapshot.holds)
        self._appointments = dict(snapshot.appointments)
        self.batch: list[Command] = []
        writes = tuple(writes)
        claims = claims_after(snapshot, writes)
        self._claims(snapshot, claims)
        days = days_after(snapshot, writes, claims)
        self.batch += days_commands(dialect, self._clinic, snapshot.now, days)
        for write in writes:
            self._write(write)

    def _do(self, statement: Executable, **values: object) -> None:
        self.batch.append((compiled(statement, self._dialect), values))

    def _put(self, table: Table, row: Values) -> None:
        self.batch.append((compiled(_PUT[self._dialect][table], self._dialect), row))

    def _once(self, table: Table, row: Values) -> None:
        self.batch.append((compiled(_ONCE[self._dialect][table], self._dialect), row))

    def _claims(self, snapshot: Snapshot, change: ClaimsChange) -> None:
        """First remove, then add (R40); one that stays where it is is changed in its place."""
        stay = {
            claim.owner
            for claim in change.added
            if any(
                (each.owner, each.span) == (claim.owner, claim.span)
                for each in snapshot.schedules[claim.schedule_id].claims
            )
        }
        gone = [owner for owner in change.removed if owner not in stay]
        if gone:
            self._do(_WITHOUT_CLAIMS, clinic=self._clinic, ids=gone)
        for claim in change.added:
            self._put(t.claims, claim_row(self._clinic, claim))

    def _write(self, write: Write) -> None:  # noqa: C901 - a word for each branch
        match write:
            case PutVisit(visit):
                self._put(t.visits, visit_row(visit))
            case PutHold(hold):
                self._put_hold(hold)
            case PutAppointment(appointment):
                self._put_appointment(appointment)
            case PutDeskOpening(opening):
                self._put(t.desk_openings, opening_row(opening))
            case PutDeskClosure(closure):
                self._put(t.desk_closures, closure_row(closure))
            case DropDeskOpening(opening_id):
                self._do(_WITHOUT_OPENING, clinic=self._clinic, id=opening_id)
            case DropDeskClosure(closure_id):
                self._do(_WITHOUT_CLOSURE, clinic=self._clinic, id=closure_id)
            case PutNotice(notice):
                self._put(t.notices, notice_row(notice))
            case PutEvent(event):
                self._put(t.events, event_row(event))
            case PutOrder(order):
                self._put(t.contact_orders, order_row(order))
            case RaiseFlag(flag):
                self._once(t.flags, flag_row(flag))
            case RecordAudit(event):
                self._once(t.audit_events, audit_row(event))
            case ReplaceBusy():
                self._replace_busy(write)
            case _:
                assert_never(write)

    def _put_hold(self, hold: Hold) -> None:
        self._put(t.holds, hold_row(hold))
        before = self._holds.get(hold.hold_id)
        self._holds[hold.hold_id] = hold
        if hold.state is not HoldState.HELD:
            # It is never found again by its keys; they go when it goes.
            return
        keys, at = _hold_keys(hold), hold.expires_at
        if before is not None:
            was = _hold_keys(before), before.expires_at
            # One that was not live may have been put without its keys.
            if before.state is HoldState.HELD and (keys, at) == was:
                return
            self._do(_WITHOUT_HOLD_KEYS, clinic=hold.clinic_id, id=hold.hold_id)
        self._do(_KEYS[self._dialect][0], clinic=hold.clinic_id, id=hold.hold_id, at=at, ids=keys)

    def _put_appointment(self, appointment: Appointment) -> None:
        identifier = appointment.appointment_id
        self._put(t.appointments, appointment_row(appointment))
        before = self._appointments.get(identifier)
        self._appointments[identifier] = appointment
        keys, at = _appointment_keys(appointment), appointment.slot.start
        if before is not None:
            if (keys, at) == (_appointment_keys(before), before.slot.start):
                return
            self._do(_WITHOUT_APPOINTMENT_KEYS, clinic=appointment.clinic_id, id=identifier)
        if keys:
            insertion = _KEYS[self._dialect][1]
            self._do(insertion, clinic=appointment.clinic_id, id=identifier, at=at, ids=keys)

    def _replace_busy(self, write: ReplaceBusy) -> None:
        self._do(
            d.WITHOUT_BUSY,
            clinic=self._clinic,
            schedule=write.schedule_id,
            starts=write.span.start,
            ends=write.span.end,
            ids=[each.busy_id for each in write.busy],
        )
        for busy in write.busy:
            self._put(t.busy_times, busy_row(self._clinic, busy))


def put_clock(clinic_id: str, now: datetime) -> Command:
    """On SQLite: remember the instant of this write."""
    statement: Statement = compiled(_PUT["sqlite"][t.clocks], "sqlite")
    return statement, {"clinic_id": clinic_id, "last_at": now}


def _hold_keys(hold: Hold) -> list[str]:
    """By what the hold is found."""
    keys = [*map(contact_key, sorted(hold.contact_keys)), source_key(hold.source)]
    return keys if hold.patient_id is None else [*keys, patient_key(hold.patient_id)]


def _appointment_keys(appointment: Appointment) -> list[str]:
    """By what the appointment is found; of a file it is found by the file."""
    if not appointment.is_provisional:
        return []
    keys = [contact_key(each) for each in sorted(appointment.contact_keys)]
    return keys if appointment.source is None else [*keys, source_key(appointment.source)]
