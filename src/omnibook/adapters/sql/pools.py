"""Connections for decisions: where a turn gets its session, plain and asynchronous."""

from contextlib import suppress
from typing import Any, Protocol

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from omnibook.adapters.sql.engine import POSTGRES
from omnibook.adapters.sql.gate import AsyncGate, Gate
from omnibook.adapters.sql.sessions import (
    AsyncPostgresSession,
    AsyncSqliteSession,
    PostgresSession,
    SqliteSession,
)
from omnibook.adapters.sql.turns import PostgresTurn, SqliteTurn, Turn
from omnibook.ports import Clock


class Lease(Protocol):
    """A connection of the pool, for one try of one decision."""

    turn: Turn

    async def give_back(self) -> None:
        """The connection is as it was: the next one may have it."""
        ...

    async def throw_away(self) -> None:
        """Nobody knows what state the connection is in."""
        ...


class Pool(Protocol):
    """Where connections come from."""

    dialect: str

    async def lease(self) -> Lease:
        """A connection that nobody else uses meanwhile."""
        ...

    async def refresh(self) -> None:
        """Forget the idle connections: the server was restarted, and they are of no use."""
        ...


class PlainPool:
    """On an engine of SQLAlchemy. ``clock`` is the host's; on PostgreSQL it is for tests only."""

    def __init__(self, engine: Engine, gate: Gate | None, clock: Clock | None) -> None:
        self.dialect = engine.dialect.name
        self._engine = engine
        self._gate = gate
        self._clock = clock

    async def lease(self) -> "PlainLease":
        """See :meth:`Pool.lease`."""
        connection = self._engine.raw_connection()
        driver: Any = connection.driver_connection
        if self._gate is None or self._clock is None:
            return PlainLease(connection, PostgresTurn(PostgresSession(driver), self._clock))
        return PlainLease(connection, SqliteTurn(SqliteSession(driver), self._gate, self._clock))

    async def refresh(self) -> None:
        """See :meth:`Pool.refresh`."""
        self._engine.dispose()


class PlainLease:
    """See :class:`Lease`."""

    def __init__(self, connection: PoolProxiedConnection, turn: Turn) -> None:
        self.turn = turn
        self._connection = connection

    async def give_back(self) -> None:
        """See :meth:`Lease.give_back`."""
        self._connection.close()

    async def throw_away(self) -> None:
        """See :meth:`Lease.throw_away`."""
        with suppress(Exception):
            self._connection.invalidate()
        self._connection.close()


class AsyncPool:
    """On an asynchronous engine of SQLAlchemy."""

    def __init__(self, engine: AsyncEngine, gate: Gate | None, clock: Clock | None) -> None:
        self.dialect = engine.dialect.name
        self._engine = engine
        self._gate = None if gate is None else AsyncGate(gate)
        self._clock = clock

    async def lease(self) -> "AsyncLease":
        """See :meth:`Pool.lease`."""
        connection = await self._engine.connect()
        try:
            raw = await connection.get_raw_connection()
        except BaseException:
            # Nobody else knows of it: whoever is cancelled here gives it back.
            await connection.close()
            raise
        driver: Any = raw.driver_connection
        if self.dialect == POSTGRES or self._gate is None or self._clock is None:
            return AsyncLease(connection, PostgresTurn(AsyncPostgresSession(driver), self._clock))
        session = AsyncSqliteSession(driver)
        return AsyncLease(connection, SqliteTurn(session, self._gate, self._clock))

    async def refresh(self) -> None:
        """See :meth:`Pool.refresh`."""
        await self._engine.dispose()

    async def close(self) -> None:
        """Close the connections; on SQLite behind the gate, as the last one writes the log."""
        if self._gate is None:
            await self._engine.dispose()
            return
        turn = await self._gate.enter()
        try:
            await self._engine.dispose()
        finally:
            self._gate.leave(turn)


class AsyncLease:
    """See :class:`Lease`."""

    def __init__(self, connection: AsyncConnection, turn: Turn) -> None:
        self.turn = turn
        self._connection = connection

    async def give_back(self) -> None:
        """See :meth:`Lease.give_back`."""
        await self._connection.close()

    async def throw_away(self) -> None:
        """See :meth:`Lease.throw_away`."""
        with suppress(Exception):
            await self._connection.invalidate()
        await self._connection.close()
