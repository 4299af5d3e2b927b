"""Answers the queries of :mod:`omnibook.ports`, each in one batch."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.sql.base import Executable

from omnibook.adapters.sql import query_statements as s
from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.compiled import compiled
from omnibook.adapters.sql.outlooks import LookingAtDays, LookingOut
from omnibook.adapters.sql.queue_rows import audit_of, event_of, flag_of, notice_of, order_of
from omnibook.adapters.sql.rows import appointment_of
from omnibook.adapters.sql.sessions import Command, Question, Rows
from omnibook.adapters.sql.snapshots import Loading
from omnibook.errors import StoreError
from omnibook.ids import ClinicId, ScheduleId
from omnibook.ports import (
    AppointmentsByReference,
    AppointmentsWithin,
    AuditTrail,
    DueEvents,
    DueNotices,
    DueOrders,
    FlagsOf,
    ReadDays,
    ReadOutlook,
    ReadScope,
    ReadSetAside,
    SetAside,
)
from omnibook.records import Appointment

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LONGEST = timedelta(minutes=t.DAY)
_DUE = {DueNotices: s.DUE_NOTICES, DueEvents: s.DUE_EVENTS, DueOrders: s.DUE_ORDERS}


class Asking(Question[Any]):
    """What is asked for a query, and what is made of the answers: the rows of each statement."""

    def __init__(
        self,
        dialect: str,
        clinic_id: ClinicId,
        statements: Sequence[tuple[Executable, dict[str, Any]]],
        conclude: Callable[..., Any],
    ) -> None:
        self.clinic_id = clinic_id
        self._dialect = dialect
        self._statements = statements
        self._conclude = conclude

    def batch(self, since: datetime | None) -> list[Command]:
        """See :meth:`~omnibook.adapters.sql.sessions.Question.batch`."""
        fixed = {"clinic": self.clinic_id, "since": since}
        return [
            (compiled(statement, self._dialect), {**fixed, **values})
            for statement, values in self._statements
        ]

    def answer(self, now: datetime, answers: Sequence[Rows]) -> Any:
        """See :meth:`~omnibook.adapters.sql.sessions.Question.answer`."""
        del now
        return self._conclude(*answers)


def question_of(dialect: str, query: object) -> Question[Any]:
    """The question that a query asks.

    Raises :class:`StoreError` for what is no query of :mod:`omnibook.ports`.
    """
    match query:
        case ReadScope(scope):
            return Loading(dialect, scope)
        case ReadOutlook(scope=scope):
            return LookingOut(dialect, scope)
        case ReadDays():
            return LookingAtDays(dialect, query)
        case AppointmentsWithin(clinic_id=clinic_id, span=span):
            window: dict[str, Any] = {"starts": span.start, "ends": span.end}
            earliest = max(span.start, _EARLIEST + _LONGEST) - _LONGEST
            within = [
                (s.APPOINTMENTS_WITHIN, {**window, "earliest": earliest}),
                (s.LONG_APPOINTMENTS_WITHIN, window),
            ]

            def overlapping(short: Rows, long: Rows) -> tuple[Appointment, ...]:
                return _in_order((*short, *long), query.schedules)

            return Asking(dialect, clinic_id, within, overlapping)
        case AppointmentsByReference(clinic_id=clinic_id, reference=reference):
            named = [(s.BY_REFERENCE, {"reference": reference})]
            return Asking(dialect, clinic_id, named, _in_order)
        case FlagsOf(clinic_id=clinic_id, appointments=appointments):
            listed = [(s.FLAGS, {"ids": sorted(appointments)})]
            return Asking(dialect, clinic_id, listed, _flags)
        case DueNotices() | DueEvents() | DueOrders():
            due = [(_DUE[type(query)], {"limit": query.limit})]
            return Asking(dialect, query.clinic_id, due, _first)
        case ReadSetAside(clinic_id=clinic_id, limit=limit):
            statements = (s.NOTICES_SET_ASIDE, s.ORDERS_SET_ASIDE, s.EVENTS_SET_ASIDE)
            aside = [(statement, {"limit": limit}) for statement in statements]
            return Asking(dialect, clinic_id, aside, _set_aside)
        case AuditTrail(clinic_id=clinic_id, span=span, subject=subject):
            values = {"starts": span.start, "ends": span.end, "id": subject}
            statement = s.AUDIT if subject is None else s.AUDIT_OF_SUBJECT
            return Asking(dialect, clinic_id, [(statement, values)], _audit)
        case _:
            raise StoreError(f"{type(query).__name__} is no query of omnibook.ports")


def _in_order(
    rows: Iterable[Any], schedules: frozenset[ScheduleId] | None = None
) -> tuple[Appointment, ...]:
    found = (
        appointment_of(row) for row in rows if schedules is None or row.schedule_id in schedules
    )
    return tuple(sorted(found, key=lambda e: (e.slot.start, e.slot.schedule_id, e.appointment_id)))


def _flags(rows: Rows) -> Any:
    return tuple(sorted(map(flag_of, rows), key=lambda flag: (flag.raised_at, flag.flag_id)))


def _set_aside(notices: Rows, orders: Rows, events: Rows) -> SetAside:
    return SetAside(
        notices=tuple(map(notice_of, notices)),
        orders=tuple(map(order_of, orders)),
        events=tuple(map(event_of, events)),
    )


def _audit(rows: Rows) -> Any:
    return tuple(map(audit_of, rows))


def _first(rows: Rows) -> Any:
    return tuple(row[0] for row in rows)
