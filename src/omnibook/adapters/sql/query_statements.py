"""The statements that answer the queries of :mod:`omnibook.ports`.

See :mod:`omnibook.adapters.sql.statements` for what is bound; those of what a search is told stand
in :mod:`omnibook.adapters.sql.day_statements`.
"""

from typing import Any

from sqlalchemy import Select, Table, bindparam, literal_column, or_, select
from sqlalchemy import text as sql
from sqlalchemy.sql.elements import ColumnElement

from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.columns import Instant
from omnibook.adapters.sql.statements import SINCE, listed, literally, of_clinic, one, truth
from omnibook.records import NoticeState

_OVERLAPPING = (
    t.appointments.c.ends_at > bindparam("starts", type_=Instant),
    t.appointments.c.starts_at < bindparam("ends", type_=Instant),
)
APPOINTMENTS_WITHIN = (
    of_clinic(t.appointments)
    .where(*_OVERLAPPING)
    # A day before: none of those of a day at most that start earlier reaches in.
    .where(t.appointments.c.starts_at > bindparam("earliest", type_=Instant))
    .where(t.appointments.c.minutes <= literal_column(str(t.DAY)))
)
LONG_APPOINTMENTS_WITHIN = (
    of_clinic(t.appointments)
    .where(*_OVERLAPPING)
    .where(t.appointments.c.minutes > literal_column(str(t.DAY)))
)
FLAGS = listed(t.flags.c.appointment_id)


def is_over(work: Table) -> ColumnElement[bool]:
    """What is done, or was set aside; in the words of the index of such rows."""
    return or_(truth(work.c.done, yes=True), truth(work.c.failed, yes=True))


BY_REFERENCE = of_clinic(t.appointments).where(t.appointments.c.reference == bindparam("reference"))

# "limit()" adds an offset of its own on SQLite.
_LIMIT = sql("LIMIT :limit")


def _waiting(work: Table) -> tuple[ColumnElement[bool], ...]:
    """What is neither done nor set aside, in the words of the index of such rows."""
    return truth(work.c.done, yes=False), truth(work.c.failed, yes=False)


def _due(queue: Table, identifier: str) -> Select[Any]:
    return (
        select(queue.c[identifier])
        .where(queue.c.clinic_id == bindparam("clinic"))
        .where(queue.c.not_before <= SINCE)
        .order_by(queue.c.not_before, queue.c[identifier])
        .suffix_with(_LIMIT)
    )


DUE_NOTICES = _due(t.notices, "notice_id").where(t.notices.c.state == literally(NoticeState.QUEUED))
DUE_EVENTS = _due(t.events, "event_id").where(*_waiting(t.events))
DUE_ORDERS = _due(t.contact_orders, "order_id").where(*_waiting(t.contact_orders))


def _set_aside(queue: Table, identifier: str, condition: ColumnElement[bool]) -> Select[Any]:
    return (
        of_clinic(queue)
        .where(condition)
        .order_by(queue.c.not_before, queue.c[identifier])
        .suffix_with(_LIMIT)
    )


NOTICES_SET_ASIDE = _set_aside(
    t.notices, "notice_id", t.notices.c.state == literally(NoticeState.FAILED)
)
ORDERS_SET_ASIDE = _set_aside(
    t.contact_orders, "order_id", truth(t.contact_orders.c.failed, yes=True)
)
EVENTS_SET_ASIDE = _set_aside(t.events, "event_id", truth(t.events.c.failed, yes=True))

_WITHIN = (
    t.audit_events.c.at >= bindparam("starts", type_=Instant),
    t.audit_events.c.at < bindparam("ends", type_=Instant),
)
_BY_INSTANT = (t.audit_events.c.at, t.audit_events.c.audit_id)
AUDIT = of_clinic(t.audit_events).where(*_WITHIN).order_by(*_BY_INSTANT)
AUDIT_OF_SUBJECT = one(t.audit_events.c.subject).where(*_WITHIN).order_by(*_BY_INSTANT)
