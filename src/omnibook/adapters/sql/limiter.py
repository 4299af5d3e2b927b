"""An attempt limiter that several processes and hosts share (R12); plain and asynchronous.

It answers as the one in memory does: both ask :mod:`omnibook.attempts`. A key is one row, and one
more row is of all attempts together. Whoever counts an attempt waits for a lock, and reads after
it: the same lock for a whole clinic, since all share the row of all. Who has to wait anyway is told
so after one read, without a lock and without a write. (The portal notes each refusal in the store's
audit trail: a flood costs one line there for each attempt, a short write like any other.)

The clock is the one that a store in the same database goes by: on PostgreSQL the server's, read
after the lock was got; on SQLite the host's.

Rows hold keyed hashes and instants, no personal value. Each has outlived its time 24 hours after
its last attempt (R51): every attempt that goes on forgets a few such rows, more than it makes, and
the store's purge forgets those of its database. Without an attempt and without a purge they stay.
"""

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, Delete, Engine, Select, bindparam, delete, func, select
from sqlalchemy import text as sql

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.adapter import AsyncSqlAdapter, SqlAdapter, pool_of
from omnibook.adapters.sql.columns import Instant
from omnibook.adapters.sql.compiled import DIALECTS, compiled
from omnibook.adapters.sql.core import Leasing
from omnibook.adapters.sql.engine import POSTGRES
from omnibook.adapters.sql.failures import storage_failures
from omnibook.adapters.sql.locking import LIMITER_STRIPE
from omnibook.adapters.sql.pools import Pool
from omnibook.adapters.sql.sessions import Command, Rows
from omnibook.adapters.sql.turns import Turn
from omnibook.attempts import OVERALL, Bucket, Judgement, LimiterPolicy, judge, limits_of
from omnibook.awaiting import finish
from omnibook.ids import ClinicId
from omnibook.ports import Attempt, Clock
from omnibook.retention import ATTEMPTS_KEPT
from omnibook.times import as_instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_known: Select[Any] = (
    select(t.identify_attempts)
    .where(t.identify_attempts.c.clinic_id == bindparam("clinic"))
    .where(s.among(t.identify_attempts.c.attempt_key, "ids"))
)
KNOWN = {
    "sqlite": _known,
    # Read with the rows: what is not locked is judged in one round trip.
    POSTGRES: _known.add_columns(s.SERVER_TIME.selected_columns.now),
}
"""The buckets of some keys."""

KEEP = {dialect: s.put(t.identify_attempts, dialect) for dialect in DIALECTS}

SWEPT = 10
"""How many rows an attempt forgets at most; it makes three."""


def _sweep(dialect: str) -> Delete:
    stale = (
        select(t.identify_attempts.c.attempt_key)
        .where(t.identify_attempts.c.clinic_id == bindparam("clinic"))
        .where(t.identify_attempts.c.latest_at <= bindparam("oldest", type_=Instant))
        .order_by(t.identify_attempts.c.latest_at, t.identify_attempts.c.attempt_key)
        .suffix_with(sql("LIMIT :swept"))
    )
    key = t.identify_attempts.c.attempt_key
    among: ColumnElement[bool] = key.in_(stale)
    if dialect == POSTGRES:
        # What a purge is about to forget is left to it: nobody waits for the other. As an array
        # they are looked up by their key; of IN the server expects a tenth of the table.
        stale = stale.suffix_with(sql("FOR UPDATE SKIP LOCKED"))
        among = key == func.any(func.array(stale.scalar_subquery()))
    ours = t.identify_attempts.c.clinic_id == bindparam("clinic")
    return delete(t.identify_attempts).where(ours).where(among)


SWEEP = {dialect: _sweep(dialect) for dialect in DIALECTS}
"""Forget some rows that have outlived their time, the oldest first."""


@frozen
class LimiterCore(Leasing):
    """Counts a clinic's attempts on the connections of a pool."""

    clinic_id: ClinicId
    policy: LimiterPolicy
    clock: Clock | None
    """Nothing on PostgreSQL, unless a test gives one: the server's."""

    async def admit(self, attempt: Attempt) -> timedelta | None:
        """See :meth:`omnibook.ports.AttemptLimiter.admit`."""
        keys = (*limits_of(attempt, self.policy), OVERALL)
        dialect = self.pool.dialect
        asked: Command = (
            compiled(KNOWN[dialect], dialect),
            {"clinic": self.clinic_id, "ids": list(keys)},
        )
        seen = await self._glance(asked)
        if seen:
            judgement = self._judge(attempt, seen, None)
            if judgement.wait is not None and not judgement.buckets:
                return judgement.wait
        return await self._count(attempt, asked)

    async def _glance(self, asked: Command) -> Rows:
        def use(turn: Turn) -> Awaitable[Rows]:
            return turn.glance(asked)

        lease, seen = await self._leased(use)
        await self._end(lease)
        return seen

    async def _count(self, attempt: Attempt, asked: Command) -> timedelta | None:
        dialect = self.pool.dialect
        server_time: list[Command] = (
            [] if self.clock is not None else [(compiled(s.SERVER_TIME, dialect), {})]
        )

        def use(turn: Turn) -> Awaitable[list[Rows]]:
            return turn.enter(self.clinic_id, LIMITER_STRIPE, [*server_time, asked])

        lease, answers = await self._leased(use)
        try:
            # The clock is read after the lock was got.
            now = answers[0][0].now if self.clock is None else as_instant(self.clock.now())
            judgement = self._judge(attempt, answers[-1], now)
            keep = compiled(KEEP[dialect], dialect)
            batch: list[Command] = [
                (keep, self._row(key, judgement.buckets[key])) for key in sorted(judgement.buckets)
            ]
            if judgement.wait is None:
                batch.append(self._swept(now))
            if batch:
                with storage_failures():
                    await lease.turn.keep(batch)
            return judgement.wait
        finally:
            await self._end(lease)

    def _judge(self, attempt: Attempt, rows: Sequence[Any], now: datetime | None) -> Judgement:
        if self.clock is not None:
            now = as_instant(self.clock.now())
        known = {row.attempt_key: _bucket_of(row) for row in rows}
        return judge(attempt, known, now or rows[0].now, self.policy)

    def _swept(self, now: datetime) -> Command:
        values = {"clinic": self.clinic_id, "oldest": now - ATTEMPTS_KEPT, "swept": SWEPT}
        return compiled(SWEEP[self.pool.dialect], self.pool.dialect), values

    def _row(self, key: str, bucket: Bucket) -> dict[str, object]:
        return {
            "clinic_id": self.clinic_id,
            "attempt_key": key,
            "latest_at": bucket.latest,
            "admitted": [(each - _EPOCH) // _MICROSECOND for each in bucket.admitted],
            "level": bucket.level,
        }


def _bucket_of(row: Any) -> Bucket:
    return Bucket(
        latest=row.latest_at,
        admitted=(_EPOCH + each * _MICROSECOND for each in row.admitted),
        level=row.level,
    )


def _core(
    pool: Pool, clinic_id: ClinicId, policy: LimiterPolicy | None, clock: Clock | None
) -> LimiterCore:
    if clock is None and pool.dialect != POSTGRES:
        clock = SystemClock()
    return LimiterCore(pool, clinic_id, policy or LimiterPolicy(), clock)


class SqlLimiter(SqlAdapter):
    """Counts attempts in a SQL database, for every process and host that uses it (R12).

    :mod:`omnibook.attempts` says who waits, and for how long. Rows older than 24 hours go by
    themselves with the attempts that go on (R51), also in a database without a store. Who has to
    wait costs the database one read here, and the store one line of the audit trail by the portal.
    Use it as a context manager, or call :meth:`close`.
    """

    def __init__(
        self,
        url: str | Engine,
        clinic_id: ClinicId,
        policy: LimiterPolicy | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        """Open the database; an empty one is set up.

        Args:
            url: such as ``sqlite:////var/lib/clinic/clinic.db``, or one of PostgreSQL; or an
                engine, see :func:`~omnibook.adapters.sql.open_engine`.
            clinic_id: whose visitors.
            policy: the limits; the same for all who share the database.
            clock: for tests. On PostgreSQL the server's clock counts.

        Raises:
            InvalidValue: the URL is none of a SQLite file or of PostgreSQL.
            StoreError: the database cannot be opened, or has another version of the schema.
        """
        super().__init__(url)
        self._core = _core(pool_of(self._database), clinic_id, policy, clock)

    def admit(self, attempt: Attempt) -> timedelta | None:
        """Count the attempt and let it go on (``None``), or say how long to wait.

        Raises :class:`~omnibook.errors.StoreError` when the database cannot be used: the portal
        then lets nobody in.
        """
        return finish(self._core.admit(attempt))


class AsyncSqlLimiter(AsyncSqlAdapter):
    """:class:`SqlLimiter` for asyncio: by psycopg on PostgreSQL, by aiosqlite on SQLite.

    Use it as an asynchronous context manager, or await :meth:`close`. One belongs to one event
    loop.
    """

    def __init__(
        self,
        url: str,
        clinic_id: ClinicId,
        policy: LimiterPolicy | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        """Open the database; an empty one is set up. See :class:`SqlLimiter`.

        This is done at once, by the plain driver: do it before the loop is busy.
        """
        super().__init__(url)
        self._core = _core(self._pool, clinic_id, policy, clock)

    async def admit(self, attempt: Attempt) -> timedelta | None:
        """See :meth:`SqlLimiter.admit`."""
        return await self._core.admit(attempt)
