"""Every statement of a store, built once; values are bound when it runs.

SQLAlchemy keeps what it compiled for a statement's shape, so that a shape is compiled once in a
process. No statement holds a value: none appears in a log, and the database can keep its plans.

Statements take ``clinic`` and the names given here; lists (``ids``) are expanded when run, so that
an empty one is never asked with.
"""

from typing import Any

from sqlalchemy import (
    Column,
    Delete,
    Insert,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.columns import Instant
from omnibook.records import AppointmentStatus, HoldState, NoticeState

CHUNK = 400
"""How many identifiers one statement lists at most."""

_OCCUPYING = [status.value for status in AppointmentStatus if status.occupies]


def _clinic(table: Table) -> Select[Any]:
    return select(table).where(table.c.clinic_id == bindparam("clinic"))


def _listed(column: Column[str]) -> Select[Any]:
    return _clinic(column.table).where(column.in_(bindparam("ids", expanding=True)))


def _one(column: Column[str]) -> Select[Any]:
    return _clinic(column.table).where(column == bindparam("id"))


def _overlapping(table: Table) -> Select[Any]:
    """Rows of schedules that overlap from ``starts`` to ``ends``."""
    return (
        _clinic(table)
        .where(table.c.schedule_id.in_(bindparam("ids", expanding=True)))
        .where(table.c.ends_at > bindparam("starts", type_=Instant))
        .where(table.c.starts_at < bindparam("ends", type_=Instant))
    )


def _carrying(table: Table, keys: Table, identifier: str) -> Select[Any]:
    """Rows that carry one of the contact keys ``ids``; once for each key that they carry."""
    return (
        select(table)
        .join(
            keys,
            and_(keys.c.clinic_id == table.c.clinic_id, keys.c[identifier] == table.c[identifier]),
        )
        .where(keys.c.clinic_id == bindparam("clinic"))
        .where(keys.c.contact_key.in_(bindparam("ids", expanding=True)))
    )


# What a scope loads ------------------------------------------------------------------------------

CLOCK = select(t.clocks.c.last_at).where(t.clocks.c.clinic_id == bindparam("clinic"))

_before = t.claims.alias("before")
CLAIMS = (
    _clinic(t.claims)
    .where(t.claims.c.schedule_id == bindparam("schedule"))
    .where(t.claims.c.starts_at < bindparam("ends", type_=Instant))
    .where(t.claims.c.ends_at > bindparam("starts", type_=Instant))
    # Claims of one schedule never overlap: of all that start before, only the last can reach in.
    # This bound turns the search into one short stretch of the index.
    .where(
        t.claims.c.starts_at
        >= func.coalesce(
            select(func.max(_before.c.starts_at))
            .where(_before.c.clinic_id == bindparam("clinic"))
            .where(_before.c.schedule_id == bindparam("schedule"))
            .where(_before.c.starts_at <= bindparam("starts", type_=Instant))
            .scalar_subquery(),
            bindparam("starts", type_=Instant),
        )
    )
    .order_by(t.claims.c.starts_at)
)
BUSY = _overlapping(t.busy_times).order_by(
    t.busy_times.c.starts_at, t.busy_times.c.ends_at, t.busy_times.c.busy_id
)
OPENINGS = _overlapping(t.desk_openings).order_by(
    t.desk_openings.c.starts_at, t.desk_openings.c.ends_at, t.desk_openings.c.opening_id
)
CLOSURES = _overlapping(t.desk_closures).order_by(
    t.desk_closures.c.starts_at, t.desk_closures.c.ends_at, t.desk_closures.c.closure_id
)
OPENING = _one(t.desk_openings.c.opening_id)
CLOSURE = _one(t.desk_closures.c.closure_id)
OPENING_ACTIVITIES = _listed(t.desk_opening_activities.c.opening_id).order_by(
    t.desk_opening_activities.c.opening_id, t.desk_opening_activities.c.position
)

VISIT = _one(t.visits.c.visit_id)

_LIVE = (
    t.holds.c.state == HoldState.HELD.value,
    t.holds.c.expires_at > bindparam("now", type_=Instant),
)
HOLDS = _listed(t.holds.c.hold_id)
HOLDS_OF_VISIT = _one(t.holds.c.visit_id)
LIVE_HOLDS_OF_SOURCE = _one(t.holds.c.source).where(*_LIVE)
LIVE_HOLDS_OF_PATIENT = _listed(t.holds.c.patient_id).where(*_LIVE)
LIVE_HOLDS_OF_CONTACTS = _carrying(t.holds, t.hold_contact_keys, "hold_id").where(*_LIVE)

_UPCOMING_PROVISIONAL = (
    t.appointments.c.patient_id.is_(None),
    t.appointments.c.status.in_(_OCCUPYING),
    t.appointments.c.starts_at > bindparam("now", type_=Instant),
)
APPOINTMENTS = _listed(t.appointments.c.appointment_id)
APPOINTMENTS_OF_PATIENT = _listed(t.appointments.c.patient_id)
PROVISIONAL_OF_SOURCE = _one(t.appointments.c.source).where(*_UPCOMING_PROVISIONAL)
PROVISIONAL_OF_CONTACTS = _carrying(
    t.appointments, t.appointment_contact_keys, "appointment_id"
).where(*_UPCOMING_PROVISIONAL)
PROVISIONAL_PERSONS = _listed(t.provisional_persons.c.appointment_id)

NOTICE = _one(t.notices.c.notice_id)
EVENT = _one(t.events.c.event_id)
ORDER = _one(t.contact_orders.c.order_id)


# What queries read -------------------------------------------------------------------------------

LONGEST = select(func.max(t.appointments.c.minutes)).where(
    t.appointments.c.clinic_id == bindparam("clinic")
)
_DAY = (
    t.appointments.c.ends_at > bindparam("starts", type_=Instant),
    t.appointments.c.starts_at < bindparam("ends", type_=Instant),
    # No appointment that reaches in starts earlier: the longest one before "starts".
    t.appointments.c.starts_at > bindparam("earliest", type_=Instant),
)
_BY_START = (
    t.appointments.c.starts_at,
    t.appointments.c.schedule_id,
    t.appointments.c.appointment_id,
)
APPOINTMENTS_WITHIN = _clinic(t.appointments).where(*_DAY).order_by(*_BY_START)
APPOINTMENTS_WITHIN_SCHEDULES = (
    _listed(t.appointments.c.schedule_id).where(*_DAY).order_by(*_BY_START)
)
FLAGS = _listed(t.flags.c.appointment_id)


def _due(table: Table, identifier: str) -> Select[Any]:
    return (
        select(table.c[identifier])
        .where(table.c.clinic_id == bindparam("clinic"))
        .where(table.c.not_before <= bindparam("now", type_=Instant))
        .order_by(table.c.not_before, table.c[identifier])
        .limit(bindparam("limit"))
    )


DUE_NOTICES = _due(t.notices, "notice_id").where(t.notices.c.state == NoticeState.QUEUED.value)
DUE_EVENTS = _due(t.events, "event_id").where(t.events.c.done == bindparam("done"))
DUE_ORDERS = _due(t.contact_orders, "order_id").where(t.contact_orders.c.done == bindparam("done"))

_WITHIN = (
    t.audit_events.c.at >= bindparam("starts", type_=Instant),
    t.audit_events.c.at < bindparam("ends", type_=Instant),
)
_BY_INSTANT = (t.audit_events.c.at, t.audit_events.c.audit_id)
AUDIT = _clinic(t.audit_events).where(*_WITHIN).order_by(*_BY_INSTANT)
AUDIT_OF_SUBJECT = _one(t.audit_events.c.subject).where(*_WITHIN).order_by(*_BY_INSTANT)


# Side tables and writes --------------------------------------------------------------------------


def children(table: Table, parent: str) -> Select[Any]:
    """The rows of a side table that belong to the parents ``ids``, in their order."""
    return _listed(table.c[parent]).order_by(*table.primary_key.columns)


def without(table: Table, identifier: str) -> Delete:
    """Forget what belongs to ``id``."""
    return (
        delete(table)
        .where(table.c.clinic_id == bindparam("clinic"))
        .where(table.c[identifier] == bindparam("id"))
    )


def put(table: Table) -> Insert:
    """Insert a row, or overwrite the one with the same primary key."""
    statement = sqlite_insert(table)
    return statement.on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key.columns],
        set_={c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key},
    )


def once(table: Table) -> Insert:
    """Insert a row, unless there is one with the same primary key."""
    return sqlite_insert(table).on_conflict_do_nothing(
        index_elements=[column.name for column in table.primary_key.columns]
    )
