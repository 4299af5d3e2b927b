"""The store on SQLAlchemy Core and SQLite.

A decision is run twice. First on a snapshot that is read without any lock: most visitors who ask
for a time that is gone learn so here, and cost nobody else anything. Only a decision that wants to
write goes through the gate, reads the clock and the snapshot anew, and decides again: what it then
asks for is done. In between nobody else writes, so that no race is left to lose.

**The clock** is the host's, read behind the gate and never earlier than the last write's (R34). A
host clock that is more than an hour behind the last write means that the clock was wrong then and
has been corrected: it is believed, with a warning in the log.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Row

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql.adapter import SqlAdapter
from omnibook.adapters.sql.engine import commit, storage_failures
from omnibook.adapters.sql.queue_rows import audit_of, flag_of
from omnibook.adapters.sql.rows import busy_row
from omnibook.adapters.sql.snapshots import Reader
from omnibook.adapters.sql.writes import Writer
from omnibook.errors import Contention, StoreError
from omnibook.ids import ClinicId
from omnibook.ports import (
    AppointmentsWithin,
    AuditTrail,
    Clock,
    DueEvents,
    DueNotices,
    DueOrders,
    FlagsOf,
    Query,
    ReadScope,
)
from omnibook.records import Busy
from omnibook.times import as_instant
from omnibook.transactions import CORRECTION, ROUNDS, Again, Decision, Scope, Snapshot, claims_after

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")

EARLIEST = datetime.min.replace(tzinfo=UTC)

_log = logging.getLogger("omnibook.sql")


class SqlStore(SqlAdapter):
    """Visits, holds and appointments in a SQLite file; safe with several threads and processes.

    Use it as a context manager, or call :meth:`close`.
    """

    def __init__(self, url: str | Engine, *, clock: Clock | None = None) -> None:
        """Open the database; an empty one is set up.

        Args:
            url: such as ``sqlite:////var/lib/clinic/clinic.db``; or an engine that is shared with
                a directory and a schedule source, and is closed by its owner.
            clock: the host's clock; only tests need another one.

        Raises:
            InvalidValue: the URL is none of a SQLite file.
            StoreError: the database cannot be opened, or has another version of the schema; the
                message gives the remedy.
        """
        super().__init__(url)
        self._clock: Clock = SystemClock() if clock is None else clock

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """Run a pure decision; see :meth:`omnibook.ports.Store.transact`."""
        for _ in range(ROUNDS):
            with self._database.reading() as connection:
                snapshot = self._snapshot(connection, scope)
            looked = decide(snapshot)
            if isinstance(looked, Again):
                scope = looked.scope
                continue
            if not looked.writes:
                return looked.outcome
            decided = self._decide_alone(scope, decide)
            if not isinstance(decided, Again):
                return decided.outcome
            scope = decided.scope
        raise Contention(
            f"the decision asked for a wider scope {ROUNDS} times; repeat the call as it was"
        )

    def _decide_alone(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> Decision[OutcomeT] | Again:
        with self._database.writing() as connection:
            snapshot = self._snapshot(connection, scope, adopting=True)
            decided = decide(snapshot)
            if isinstance(decided, Again) or not decided.writes:
                return decided
            change = claims_after(snapshot, decided.writes)
            with storage_failures():
                writer = Writer(connection, scope.clinic_id)
                writer.clock(snapshot.now)
                writer.claims(change)
                for write in decided.writes:
                    writer.apply(write)
            commit(connection)
            return decided

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """Answer a question; see :meth:`omnibook.ports.Store.read`."""
        clinic_id = query.scope.clinic_id if isinstance(query, ReadScope) else _clinic_of(query)
        with self._database.reading() as connection, storage_failures():
            reader = Reader(connection, clinic_id)
            now = self._now(reader.clock())
            # The answer's type is the query's own parameter, which the branches of a match
            # cannot tell to a type checker.
            return now, cast("AnswerT", _answer(reader, query, now))

    def import_busy(self, clinic_id: ClinicId, busy: Iterable[Busy]) -> None:
        """Replace what the host's own system says is taken (R40); it evicts nothing."""
        rows = [busy_row(clinic_id, each) for each in busy]
        with self._database.writing() as connection:
            with storage_failures():
                Writer(connection, clinic_id).replace_busy(rows)
            commit(connection)

    def _snapshot(
        self, connection: Connection, scope: Scope, *, adopting: bool = False
    ) -> Snapshot:
        with storage_failures():
            reader = Reader(connection, scope.clinic_id)
            # The first read fixes the state that is seen; the host's clock is read after it, so
            # that nothing seen is later than now.
            stored = reader.clock()
            now = self._now(stored)
            if adopting and stored is not None and now < stored:
                _log.warning(
                    "the clock was set back: the last write was at %s, and it is %s",
                    stored.isoformat(),
                    now.isoformat(),
                )
            return reader.snapshot(scope, now)

    def _now(self, stored: datetime | None) -> datetime:
        host = as_instant(self._clock.now())
        if stored is None or host < stored - CORRECTION:
            return host
        return max(host, stored)


def _clinic_of(query: object) -> ClinicId:
    if isinstance(
        query, AppointmentsWithin | FlagsOf | DueNotices | DueEvents | DueOrders | AuditTrail
    ):
        return query.clinic_id
    raise StoreError(f"{type(query).__name__} is no query of omnibook.ports")


def _answer(reader: Reader, query: object, now: datetime) -> object:
    match query:
        case ReadScope(scope):
            return reader.snapshot(scope, now)
        case AppointmentsWithin():
            return reader.appointments(_appointments_within(reader, query))
        case FlagsOf():
            flags = map(flag_of, reader.listed(s.FLAGS, query.appointments))
            return tuple(sorted(flags, key=lambda flag: (flag.raised_at, flag.flag_id)))
        case DueNotices():
            return _first(reader.rows(s.DUE_NOTICES, now=now, limit=query.limit))
        case DueEvents():
            return _first(reader.rows(s.DUE_EVENTS, now=now, limit=query.limit, done=False))
        case DueOrders():
            return _first(reader.rows(s.DUE_ORDERS, now=now, limit=query.limit, done=False))
        case AuditTrail(span=span, subject=None):
            return tuple(map(audit_of, reader.rows(s.AUDIT, starts=span.start, ends=span.end)))
        case AuditTrail(span=span, subject=subject):
            rows = reader.rows(s.AUDIT_OF_SUBJECT, starts=span.start, ends=span.end, id=subject)
            return tuple(map(audit_of, rows))
        case _:  # pragma: no cover - _clinic_of let nothing else pass
            raise StoreError(f"{type(query).__name__} is no query of omnibook.ports")


def _appointments_within(reader: Reader, query: AppointmentsWithin) -> Sequence[Row[Any]]:
    longest = timedelta(minutes=reader.rows(s.LONGEST)[0][0] or 0)
    earliest = max(query.span.start, EARLIEST + longest) - longest
    window = {"starts": query.span.start, "ends": query.span.end, "earliest": earliest}
    if query.schedules is None:
        return reader.rows(s.APPOINTMENTS_WITHIN, **window)
    rows = reader.listed(s.APPOINTMENTS_WITHIN_SCHEDULES, query.schedules, **window)
    return sorted(rows, key=lambda row: (row.starts_at, row.schedule_id, row.appointment_id))


def _first(rows: Sequence[Row[Any]]) -> tuple[Any, ...]:
    return tuple(row[0] for row in rows)
