"""The statements by which a store forgets (R51); see :mod:`omnibook.adapters.sql.archive`.

Each finds its rows by an index, also among a million: by when a visit was last active, by when a
person without a file was to come, by when a notice was due, by a file's identifier. What hangs on
the rows that are found is found by a subquery on the same rows: they are sorted, and cut off at
``limit``, alike.
"""

from typing import Any

from sqlalchemy import Column, Select, Table, bindparam, exists, or_, select, union
from sqlalchemy import text as sql

from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.columns import Instant
from omnibook.adapters.sql.query_statements import is_over
from omnibook.adapters.sql.statements import among, literally, without_any
from omnibook.records import ClaimKind, HoldState, NoticeState


def _instant(name: str) -> Any:
    return bindparam(name, type_=Instant)


def _clinic(rows: Table, *columns: Column[Any]) -> Select[Any]:
    chosen = select(*columns) if columns else select(rows)
    return chosen.where(rows.c.clinic_id == bindparam("clinic"))


_LIMIT = sql("LIMIT :limit")


# What has outlived its time ----------------------------------------------------------------------

_blocking = t.holds.alias("blocking")
_VISITS = (
    _clinic(t.visits, t.visits.c.visit_id)
    # Both ways of ending imply it: one short stretch of the index.
    .where(t.visits.c.active_at <= _instant("lapsed"))
    .where(
        or_(
            t.visits.c.active_at <= _instant("idle"),
            t.visits.c.started_at <= _instant("started"),
        )
    )
    .where(
        ~exists()
        .where(_blocking.c.clinic_id == bindparam("clinic"))
        .where(_blocking.c.visit_id == t.visits.c.visit_id)
        .where(_blocking.c.state == literally(HoldState.HELD))
        .where(_blocking.c.expires_at > _instant("lapsed"))
    )
    .order_by(t.visits.c.active_at, t.visits.c.visit_id)
    .suffix_with(_LIMIT)
)
_ENDED = (
    _clinic(t.appointments)
    .where(t.appointments.c.patient_id.is_(None))
    .where(t.appointments.c.starts_at <= _instant("provisional"))
    .where(t.appointments.c.ends_at <= _instant("provisional"))
    .order_by(t.appointments.c.starts_at, t.appointments.c.appointment_id)
    .suffix_with(_LIMIT)
)
_APPOINTMENTS = _ENDED.with_only_columns(t.appointments.c.appointment_id)


def _hanging(identifier: Column[Any]) -> Select[Any]:
    """What is about the appointments to be purged."""
    rows = identifier.table
    return _clinic(rows, identifier).where(
        rows.c.appointment_id.in_(_APPOINTMENTS.scalar_subquery())
    )


def _due(identifier: Column[Any], *conditions: Any) -> Select[Any]:
    """What is old enough, the oldest first; but for what is purged with its appointment."""
    rows = identifier.table
    return (
        _clinic(rows, identifier)
        .where(*conditions)
        .where(rows.c.not_before <= _instant("notices"))
        .where(rows.c.appointment_id.not_in(_APPOINTMENTS.scalar_subquery()))
        .order_by(rows.c.not_before, identifier)
        .suffix_with(_LIMIT)
    )


_STATES = [literally(each) for each in NoticeState]

KINDS = (
    "visits",
    "holds",
    "appointments",
    "notices",
    "orders",
    "events",
    "flags",
    "audit",
    "attempts",
)
OUTLIVED = {
    "visits": _VISITS,
    "holds": _clinic(t.holds, t.holds.c.hold_id).where(
        t.holds.c.visit_id.in_(_VISITS.scalar_subquery())
    ),
    "appointments": _ENDED.with_only_columns(
        t.appointments.c.appointment_id,
        t.appointments.c.schedule_id,
        t.appointments.c.claimed_from,
        t.appointments.c.occupied_until,
    ),
    "notices about": _hanging(t.notices.c.notice_id),
    "orders about": _hanging(t.contact_orders.c.order_id),
    "events about": _hanging(t.events.c.event_id),
    "flags about": _hanging(t.flags.c.flag_id),
    "notices": _due(t.notices.c.notice_id, t.notices.c.state.in_(_STATES)),
    "orders": _due(t.contact_orders.c.order_id, is_over(t.contact_orders)),
    "events": _due(t.events.c.event_id, is_over(t.events)),
    "audit": _clinic(t.audit_events, t.audit_events.c.audit_id)
    .where(t.audit_events.c.at <= _instant("audit"))
    .order_by(t.audit_events.c.at, t.audit_events.c.audit_id)
    .suffix_with(_LIMIT),
    "attempts": _clinic(t.identify_attempts, t.identify_attempts.c.attempt_key)
    .where(t.identify_attempts.c.latest_at <= _instant("attempts"))
    .order_by(t.identify_attempts.c.latest_at, t.identify_attempts.c.attempt_key)
    .suffix_with(_LIMIT),
}
"""The identifiers of what is to be purged, by kind; of appointments also what they claim."""


# What is kept of one person ----------------------------------------------------------------------

_named = union(
    _clinic(t.appointments, t.appointments.c.appointment_id).where(
        among(t.appointments.c.patient_id, "patients")
    ),
    # Of a file's, named by mistake, :func:`omnibook.dossier.gather` keeps nothing.
    _clinic(t.appointments, t.appointments.c.appointment_id).where(
        among(t.appointments.c.appointment_id, "named")
    ),
).subquery("named_appointments")
_OF_PERSON = select(_named.c.appointment_id)

_visited = union(
    _clinic(t.visits, t.visits.c.visit_id).where(among(t.visits.c.patient_id, "patients")),
    # Holds are few: they go a day after their visit.
    _clinic(t.holds, t.holds.c.visit_id).where(among(t.holds.c.patient_id, "patients")),
    _clinic(t.holds, t.holds.c.visit_id).where(t.holds.c.hold_id.in_(_OF_PERSON)),
).subquery("visited")
_VISITED = select(_visited.c.visit_id)

GATHERED = (
    _clinic(t.appointments).where(t.appointments.c.appointment_id.in_(_OF_PERSON)),
    _clinic(t.visits).where(t.visits.c.visit_id.in_(_VISITED)),
    _clinic(t.holds).where(t.holds.c.visit_id.in_(_VISITED)),
    _clinic(t.notices).where(t.notices.c.appointment_id.in_(_OF_PERSON)),
    _clinic(t.events).where(t.events.c.appointment_id.in_(_OF_PERSON)),
    _clinic(t.flags).where(t.flags.c.appointment_id.in_(_OF_PERSON)),
    _clinic(t.contact_orders).where(t.contact_orders.c.appointment_id.in_(_OF_PERSON)),
    _clinic(t.contact_orders).where(among(t.contact_orders.c.patient_id, "patients")),
)
"""Appointments, visits, holds, notices, events, flags, orders of the appointments, of the file."""


# Forgetting --------------------------------------------------------------------------------------

WITHOUT_VISITS = without_any(t.visits.c.visit_id)
WITHOUT_HOLDS = without_any(t.holds.c.hold_id)
WITHOUT_CLAIMS_OF_HOLDS = without_any(t.claims.c.owner_id).where(
    # An appointment has its hold's identifier, and its claim outlives the hold.
    t.claims.c.kind == literally(ClaimKind.HOLD)
)
WITHOUT_APPOINTMENTS = (
    without_any(t.notices.c.appointment_id),
    without_any(t.contact_orders.c.appointment_id),
    without_any(t.events.c.appointment_id),
    without_any(t.flags.c.appointment_id),
    without_any(t.appointments.c.appointment_id),
    without_any(t.claims.c.owner_id),
)
"""With all that hangs on them."""
WITHOUT = {
    "notices": without_any(t.notices.c.notice_id),
    "orders": without_any(t.contact_orders.c.order_id),
    "events": without_any(t.events.c.event_id),
    "audit": without_any(t.audit_events.c.audit_id),
    "attempts": without_any(t.identify_attempts.c.attempt_key),
}
