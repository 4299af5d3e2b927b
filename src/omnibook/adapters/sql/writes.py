"""Applies a decision's writes: each word to its own tables, inside the caller's transaction.

What the writes mean for the claims is worked out by the pure
:func:`~omnibook.transactions.claims_after`, which every adapter shares.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Connection, Table, bindparam, delete, insert

from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.queue_rows import audit_row, event_row, flag_row, notice_row, order_row
from omnibook.adapters.sql.rows import (
    Values,
    appointment_row,
    claim_row,
    closure_row,
    contact_rows,
    hold_row,
    identity_columns,
    opening_row,
    visit_row,
)
from omnibook.ids import ClinicId, ContactKey
from omnibook.records import Appointment, DeskOpening, Hold, Visit
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
    Write,
)

_PUT = {
    table: s.put(table)
    for table in (
        t.clocks,
        t.visits,
        t.holds,
        t.appointments,
        t.provisional_persons,
        t.busy_times,
        t.desk_openings,
        t.desk_closures,
        t.notices,
        t.events,
        t.contact_orders,
    )
}
_ONCE = {table: s.once(table) for table in (t.flags, t.audit_events)}
_SIDE_TABLES = {
    t.visit_contacts: "visit_id",
    t.visit_contact_keys: "visit_id",
    t.hold_contacts: "hold_id",
    t.hold_contact_keys: "hold_id",
    t.appointment_contacts: "appointment_id",
    t.appointment_contact_keys: "appointment_id",
    # Its own side table, provisional_contacts, goes with it.
    t.provisional_persons: "appointment_id",
    t.provisional_contacts: "appointment_id",
    t.desk_opening_activities: "opening_id",
}
_INSERT = {table: insert(table) for table in (*_SIDE_TABLES, t.claims)}
_WITHOUT = {table: s.without(table, parent) for table, parent in _SIDE_TABLES.items()}
_WITHOUT_BUSY = delete(t.busy_times).where(t.busy_times.c.clinic_id == bindparam("clinic"))
_WITHOUT_CLAIM = s.without(t.claims, "owner_id")
_WITHOUT_OPENING = s.without(t.desk_openings, "opening_id")
_WITHOUT_CLOSURE = s.without(t.desk_closures, "closure_id")


class Writer:
    """Writes one clinic's rows in one transaction."""

    def __init__(self, connection: Connection, clinic_id: ClinicId) -> None:
        self._connection = connection
        self._clinic = clinic_id

    def clock(self, now: datetime) -> None:
        """Remember the instant of this write."""
        self._put(t.clocks, {"clinic_id": self._clinic, "last_at": now})

    def claims(self, change: ClaimsChange) -> None:
        """First remove, then add (R40)."""
        if change.removed:
            gone = [{"clinic": self._clinic, "id": owner} for owner in change.removed]
            self._connection.execute(_WITHOUT_CLAIM, gone)
        self._insert(t.claims, [claim_row(self._clinic, claim) for claim in change.added])

    def replace_busy(self, rows: Sequence[Values]) -> None:
        """Forget every busy time of the clinic, and keep these; of one given twice, the last."""
        self._connection.execute(_WITHOUT_BUSY, {"clinic": self._clinic})
        if rows:
            self._connection.execute(_PUT[t.busy_times], rows)

    def apply(self, write: Write) -> None:  # noqa: C901 - a word for each branch
        """Keep, or forget, what the word says."""
        match write:
            case PutVisit(visit):
                self._put_visit(visit)
            case PutHold(hold):
                self._put_hold(hold)
            case PutAppointment(appointment):
                self._put_appointment(appointment)
            case PutDeskOpening(opening):
                self._put_opening(opening)
            case PutDeskClosure(closure):
                self._put(t.desk_closures, closure_row(closure))
            case DropDeskOpening(opening_id):
                values = {"clinic": self._clinic, "id": opening_id}
                self._connection.execute(_WITHOUT_OPENING, values)
            case DropDeskClosure(closure_id):
                values = {"clinic": self._clinic, "id": closure_id}
                self._connection.execute(_WITHOUT_CLOSURE, values)
            case PutNotice(notice):
                self._put(t.notices, notice_row(notice))
            case PutEvent(event):
                self._put(t.events, event_row(event))
            case PutOrder(order):
                self._put(t.contact_orders, order_row(order))
            case RaiseFlag(flag):
                self._connection.execute(_ONCE[t.flags], flag_row(flag))
            case RecordAudit(event):
                self._connection.execute(_ONCE[t.audit_events], audit_row(event))
            case _:
                assert_never(write)

    def _put_visit(self, visit: Visit) -> None:
        self._put(t.visits, visit_row(visit))
        parent = {"clinic_id": visit.clinic_id, "visit_id": visit.visit_id}
        contacts = contact_rows(parent, visit.identity.contacts)
        self._replace(t.visit_contacts, visit.visit_id, contacts)
        self._replace(t.visit_contact_keys, visit.visit_id, _keys(parent, visit.contact_keys))

    def _put_hold(self, hold: Hold) -> None:
        self._put(t.holds, hold_row(hold))
        parent = {"clinic_id": hold.clinic_id, "hold_id": hold.hold_id}
        contacts = contact_rows(parent, hold.entries.contacts)
        self._replace(t.hold_contacts, hold.hold_id, contacts)
        self._replace(t.hold_contact_keys, hold.hold_id, _keys(parent, hold.contact_keys))

    def _put_appointment(self, appointment: Appointment) -> None:
        self._put(t.appointments, appointment_row(appointment))
        identifier = appointment.appointment_id
        parent = {"clinic_id": appointment.clinic_id, "appointment_id": identifier}
        contacts = contact_rows(parent, appointment.entries.contacts)
        self._replace(t.appointment_contacts, identifier, contacts)
        keys = _keys(parent, appointment.contact_keys)
        self._replace(t.appointment_contact_keys, identifier, keys)
        person = appointment.provisional
        persons = [] if person is None else [{**parent, **identity_columns(person)}]
        self._replace(t.provisional_persons, identifier, persons)
        if person is not None:
            self._insert(t.provisional_contacts, contact_rows(parent, person.contacts))

    def _put_opening(self, opening: DeskOpening) -> None:
        self._put(t.desk_openings, opening_row(opening))
        parent = {"clinic_id": opening.clinic_id, "opening_id": opening.opening_id}
        activities = [
            {**parent, "position": position, "activity_id": activity}
            for position, activity in enumerate(opening.activities)
        ]
        self._replace(t.desk_opening_activities, opening.opening_id, activities)

    def _put(self, table: Table, row: Values) -> None:
        self._connection.execute(_PUT[table], row)

    def _insert(self, table: Table, rows: Sequence[Values]) -> None:
        if rows:
            self._connection.execute(_INSERT[table], rows)

    def _replace(self, table: Table, identifier: str, rows: Sequence[Values]) -> None:
        values: dict[str, Any] = {"clinic": self._clinic, "id": identifier}
        self._connection.execute(_WITHOUT[table], values)
        self._insert(table, rows)


def _keys(parent: Mapping[str, str], keys: Iterable[ContactKey]) -> list[Values]:
    return [{**parent, "contact_key": key} for key in sorted(keys)]
