"""What the store, the directory and the schedule source share: an open database and its end."""

from types import TracebackType
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.sql.engine import (
    POSTGRES,
    Database,
    configure,
    engine_options,
    missing_driver,
    parse_url,
)
from omnibook.adapters.sql.failures import storage_failures
from omnibook.adapters.sql.forks import watch
from omnibook.adapters.sql.pools import AsyncPool, PlainPool
from omnibook.adapters.sql.schema import ensure_schema
from omnibook.ports import Clock


class SqlAdapter:
    """Opens a database, sets an empty one up, and closes it; a context manager."""

    def __init__(self, url: str | Engine) -> None:
        self._database = Database.open(url)
        try:
            ensure_schema(self._database)
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the connections; an engine that was handed over stays open.

        Raises :class:`~omnibook.errors.StoreError` when the gate cannot be used.
        """
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._database.name}>"


class AsyncSqlAdapter:
    """:class:`SqlAdapter` for asyncio: by psycopg on PostgreSQL, by aiosqlite on SQLite."""

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        # Set up and looked at by the plain driver.
        parsed = parse_url(url, asynchronous=True)
        database = Database.open(url)
        try:
            ensure_schema(database)
        finally:
            database.close()
        with missing_driver():
            self._engine: AsyncEngine = create_async_engine(
                parsed, poolclass=AsyncAdaptedQueuePool, **engine_options(parsed)
            )
        configure(self._engine.sync_engine)
        if database.file is not None and database.gate is not None:
            watch(self._engine.sync_engine, database.file, database.gate, asynchronous=True)
        self._name = database.name
        self._pool = AsyncPool(self._engine, database.gate, _clock(database, clock))

    async def close(self) -> None:
        """Close the connections.

        Raises :class:`~omnibook.errors.StoreError` when the gate cannot be used.
        """
        with storage_failures():
            await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._name}>"


def pool_of(database: Database, clock: Clock | None = None) -> PlainPool:
    """The connections of an open database; ``clock`` is for tests."""
    return PlainPool(database.engine, database.gate, _clock(database, clock))


def _clock(database: Database, clock: Clock | None) -> Clock | None:
    """On PostgreSQL nothing, unless a test gives one: the server's."""
    return clock if clock is not None or database.dialect == POSTGRES else SystemClock()
