"""Databases and their engines: settings, the pool, and connections for what is not booking.

**SQLite**: write-ahead log, ``synchronous=FULL`` (what was acknowledged survives a power cut),
foreign keys on. The driver begins no transaction by itself, which it would do too late.

**PostgreSQL**: psycopg 3. Connections commit by themselves; transactions are begun aloud, with
their isolation level, so that the server's default does not matter. Sessions keep UTC.

Parameters are hidden in every exception, since they are the patients' data.
"""

import logging
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from omnibook.adapters.sql.failures import ConnectionLost, storage_failures
from omnibook.adapters.sql.forks import watch
from omnibook.adapters.sql.gate import Gate, others_use
from omnibook.errors import InvalidValue

BUSY_TIMEOUT = 10_000
"""For how many milliseconds a program that ignores the gate is waited for."""

SQLITE, POSTGRES = "sqlite", "postgresql"

_BEGIN = "omnibook_begin"
_HELP_URL = (
    "give a database URL such as sqlite:////var/lib/clinic/clinic.db or "
    "postgresql://clinic@db.example.org/clinic"
)
_IN_MEMORY = (
    f"a SQLite database in memory has no second connection; {_HELP_URL}, or use MemoryStore"
)
_DRIVERS = {
    # What may be written in a URL: the plain driver, and the asynchronous one.
    "sqlite": ("sqlite+pysqlite", "sqlite+aiosqlite"),
    "sqlite+pysqlite": ("sqlite+pysqlite", "sqlite+aiosqlite"),
    "sqlite+aiosqlite": ("sqlite+pysqlite", "sqlite+aiosqlite"),
    "postgresql": ("postgresql+psycopg", "postgresql+psycopg"),
    "postgresql+psycopg": ("postgresql+psycopg", "postgresql+psycopg"),
}


_log = logging.getLogger("omnibook.sql")


class _Cursor(Protocol):
    def execute(self, statement: str, /) -> object: ...
    def close(self) -> None: ...


class _DriverConnection(Protocol):
    isolation_level: str | None

    def cursor(self) -> _Cursor: ...


_ORPHANS: list[object] = []
_PID = "omnibook_pid"


def _set_sqlite(connection: _DriverConnection) -> None:
    # The driver begins no transaction by itself: _on_begin does, and turns do.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")
    finally:
        cursor.close()


def _set_postgres(connection: Any) -> None:
    connection.autocommit = True
    cursor = connection.cursor()
    try:
        cursor.execute("SET TIME ZONE 'UTC'")
    finally:
        cursor.close()


def _on_connect(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[_PID] = os.getpid()
    driver = type(connection).__module__
    if "sqlite" in driver:
        _set_sqlite(connection)
    else:
        _set_postgres(connection)


def _on_checkout(
    connection: _DriverConnection, record: ConnectionPoolEntry, proxy: PoolProxiedConnection
) -> None:
    if _PID not in record.info:
        # The host's engine had opened it before it was handed over.
        _on_connect(connection, record)
    if record.info[_PID] != os.getpid():
        # A forked process must not use, nor even close, what its parent opened: kept, and left.
        _ORPHANS.append(connection)
        # As in SQLAlchemy's recipe for forks; its types do not know these two attributes.
        record.dbapi_connection = None  # type: ignore[misc]
        proxy.dbapi_connection = None  # type: ignore[misc]
        raise DisconnectionError("opened by the process that this one was forked from")


def _on_begin(connection: Connection) -> None:
    begin = connection.get_execution_options().get(_BEGIN)
    if begin is not None:
        connection.exec_driver_sql(begin)


@frozen
class Database:
    """An open database, for what is not booking: set-up, patient files, recurring openings."""

    engine: Engine
    dialect: str
    file: Path | None
    """Of SQLite."""
    gate: Gate | None
    """Of a SQLite file."""
    owned: bool

    @classmethod
    def open(cls, target: str | URL | Engine) -> "Database":
        """The database of a URL, or of an engine that its owner goes on owning.

        An engine that is handed over is given this package's settings; it should be fresh, such as
        one of :func:`open_engine`, or another adapter's.

        Raises :class:`InvalidValue` for anything but a URL of a SQLite file or of PostgreSQL, and
        :class:`StoreError` when it cannot be opened.
        """
        owned = not isinstance(target, Engine)
        engine = target if isinstance(target, Engine) else open_engine(target)
        try:
            configure(engine)
            dialect = engine.dialect.name
            if dialect == POSTGRES:
                return cls(engine, dialect, None, None, owned)
            file = _file_of(engine)
            _warn_of_damage(file)
            gate = Gate.of(file)
            watch(engine, file, gate)
            return cls(engine, dialect, file, gate, owned)
        except BaseException:
            if owned:
                engine.dispose()
            raise

    @property
    def name(self) -> str:
        """For people: the file's name, or the database's."""
        return self.engine.url.database or "" if self.file is None else self.file.name

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A transaction in which everything that is read belongs to one instant."""
        with self._connection("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN") as it:
            yield it
            if self.dialect == POSTGRES:
                # As good as a ROLLBACK; after one psycopg drops the plans that the server kept.
                commit(it)

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """A transaction for writing; whoever is in it commits, or nothing was done.

        On SQLite behind the gate. On PostgreSQL several may be in one at a time: who depends on
        what it read locks it first. What the block raises goes through; a failure of the machinery
        becomes a :class:`StoreError`.
        """
        with (
            self._turn(),
            self._connection(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '10s'",
                "BEGIN IMMEDIATE",
            ) as connection,
        ):
            yield connection

    @contextmanager
    def alone(self) -> Generator[PoolProxiedConnection]:
        """Behind the gate, a connection without a transaction, for what cannot be done in one."""
        with self._turn():
            with storage_failures():
                connection = self.engine.raw_connection()
            try:
                yield connection
            finally:
                connection.close()

    def close(self) -> None:
        """Close the connections of an engine that this database opened itself.

        On SQLite the last connection to close writes the log into the database: behind the gate.
        """
        if self.owned:
            with self._turn(), storage_failures():
                self.engine.dispose()

    @contextmanager
    def _turn(self) -> Generator[None]:
        if self.gate is None:
            yield
            return
        with storage_failures():
            turn = self.gate.enter()
        try:
            yield
        finally:
            with storage_failures():
                self.gate.leave(turn)

    @contextmanager
    def _connection(self, on_postgres: str, on_sqlite: str) -> Generator[Connection]:
        connection = self._begun(on_postgres if self.dialect == POSTGRES else on_sqlite)
        try:
            yield connection
        finally:
            # Rolls back what was not committed. Should even that fail, the connection is thrown
            # away, and what the block raised matters more.
            with suppress(SQLAlchemyError):
                connection.close()

    def _begun(self, begin: str) -> Connection:
        """A connection in a transaction.

        One that an idle connection cannot begin is begun on a new one: the server may have been
        restarted since it was last used.
        """
        for last in (False, True):
            with storage_failures():
                connection = self.engine.connect().execution_options(**{_BEGIN: begin})
            try:
                with storage_failures():
                    connection.begin()
            except ConnectionLost:
                connection.close()
                if last:
                    raise
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise AssertionError("the last try returns or raises")


def commit(connection: Connection) -> None:
    """Commit, or raise :class:`StoreError`."""
    with storage_failures():
        connection.commit()


def parse_url(url: str | URL, *, asynchronous: bool = False) -> URL:
    """The URL with the driver that is used.

    Raises :class:`InvalidValue` for anything but a URL of a SQLite file or of PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not "from": the exception repeats the URL, and with it perhaps a password.
        raise InvalidValue(f"this is no database URL; {_HELP_URL}") from None
    drivers = _DRIVERS.get(parsed.drivername)
    if drivers is None:
        raise InvalidValue(
            "only SQLite, and PostgreSQL by psycopg 3 (postgresql+psycopg://), are supported; "
            f"{_HELP_URL}"
        )
    if parsed.get_backend_name() == SQLITE and (
        not parsed.database or parsed.database == ":memory:"
    ):
        raise InvalidValue(_IN_MEMORY)
    return parsed.set(drivername=drivers[1] if asynchronous else drivers[0])


def open_engine(url: str | URL) -> Engine:
    """A SQLAlchemy engine with this package's settings.

    Share it among a store, a directory and a schedule source, and call its ``dispose()`` last.

    Raises :class:`InvalidValue` for anything but a URL of a SQLite file or of PostgreSQL.
    """
    parsed = parse_url(url)
    with missing_driver():
        engine = create_engine(parsed, poolclass=QueuePool, **engine_options(parsed))
    configure(engine)
    return engine


@contextmanager
def missing_driver() -> Generator[None]:
    """Say which extra to install when a driver is not there."""
    try:
        yield
    except (ImportError, NoSuchModuleError) as problem:
        raise InvalidValue(
            "the database's driver is not installed: pip install 'omnibook[postgres]' for "
            "PostgreSQL, 'omnibook[async]' for asyncio"
        ) from problem


def engine_options(url: URL) -> dict[str, Any]:
    """How many connections are kept, and that no exception shows a parameter."""
    if url.get_backend_name() == SQLITE:
        # No limit (0): a pool that closes surplus connections would do so outside the gate.
        return {"pool_size": 0, "hide_parameters": True}
    return {"hide_parameters": True, "pool_size": 10, "max_overflow": 20}


def configure(engine: Engine) -> None:
    """Give an engine this package's settings, once.

    Raises :class:`InvalidValue` for one of another kind.
    """
    name = f"{engine.dialect.name}+{engine.dialect.driver}"
    if name not in _DRIVERS:
        raise InvalidValue(f"only SQLite and PostgreSQL by psycopg 3 are supported; {_HELP_URL}")
    engine.hide_parameters = True
    if not event.contains(engine, "connect", _on_connect):
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "checkout", _on_checkout)
        event.listen(engine, "begin", _on_begin)


def _file_of(engine: Engine) -> Path:
    with storage_failures(), closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA database_list")
        files = {row[1]: row[2] for row in cursor.fetchall()}
        cursor.close()
    if not files.get("main"):
        raise InvalidValue(_IN_MEMORY)
    # One name for the file, whichever link it was reached by: all must find the same gate.
    return Path(files["main"]).resolve()


def _warn_of_damage(file: Path) -> None:
    with storage_failures():
        if others_use(file) and has_wal_reset_bug():
            _log.warning(
                "SQLite %s can damage a database that several processes write to at the same "
                "instant. Omnibook's take turns, and are safe; no other program may write to %s "
                "meanwhile. SQLite 3.51.3, 3.50.7 and 3.44.6 are mended.",
                sqlite3.sqlite_version,
                file.name,
            )


def set_write_ahead_log(connection: PoolProxiedConnection) -> None:
    """Give the file a write-ahead log, for good; nothing happens if it has one."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def has_wal_reset_bug(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite can damage a database that two connections write at once.

    SQLite 3.7.0 to 3.51.2; mended in 3.51.3, 3.50.7 and 3.44.6. The gate keeps it away from all
    that use it; what writes to the file without the gate is not kept away.
    """
    mended = (
        version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    )
    return version >= (3, 7, 0) and not mended
