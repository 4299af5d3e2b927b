"""One SQLite database: its engine and settings, its gate, and its failures in plain words.

Settings: write-ahead log, ``synchronous=FULL`` (what was acknowledged survives a power cut),
foreign keys on, and transactions begun by SQLAlchemy's events and not by the driver, which would
begin them too late: a reader begins a deferred transaction, and so sees one consistent state; a
writer goes through the gate (:mod:`omnibook.adapters.sql.gate`) and begins an immediate one.

Parameters are hidden in every exception, since they are the patients' data.
"""

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from attrs import frozen
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from omnibook.adapters.sql.gate import Gate
from omnibook.errors import Contention, InvalidValue, StoreError

BUSY_TIMEOUT = 10_000
"""For how many milliseconds a program that ignores the gate is waited for."""

_BEGIN = "omnibook_begin"
_HELP_URL = "give a database URL such as sqlite:////var/lib/clinic/clinic.db"
_IN_MEMORY = (
    f"a SQLite database in memory has no second connection; {_HELP_URL}, or use MemoryStore"
)

_REMEDIES = {
    "SQLITE_READONLY": "the database cannot be written; check the permissions of file and folder",
    "SQLITE_FULL": "the disk of the database is full; nothing was written",
    "SQLITE_IOERR": "the database's file cannot be read or written; check its disk",
    "SQLITE_CANTOPEN": "the database's file cannot be opened; check that its folder exists and can "
    "be written",
    "SQLITE_CORRUPT": "the database's file is damaged; restore it from a backup",
    "SQLITE_NOTADB": "the file is no SQLite database; check the URL",
    "SQLITE_CONSTRAINT": "the database refused a row that breaks its constraints",
}


class _Cursor(Protocol):
    def execute(self, statement: str, /) -> object: ...
    def close(self) -> None: ...


class _DriverConnection(Protocol):
    isolation_level: str | None

    def cursor(self) -> _Cursor: ...


_ORPHANS: list[object] = []
_PID = "omnibook_pid"


def _on_connect(connection: _DriverConnection, record: ConnectionPoolEntry) -> None:
    record.info[_PID] = os.getpid()
    # The driver begins no transaction by itself: _on_begin does.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")
    finally:
        cursor.close()


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
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


@contextmanager
def storage_failures() -> Generator[None]:
    """Turn what the driver and the disk raise into :class:`StoreError`, without any value.

    Raises :class:`Contention` when another program kept the database locked.
    """
    try:
        yield
    except SQLAlchemyError as problem:
        raise _explained(getattr(problem, "orig", None) or problem) from problem
    except sqlite3.Error as problem:
        # From a connection that SQLAlchemy did not wrap.
        raise _explained(problem) from problem
    except OSError as problem:
        raise StoreError(
            f"the database's files cannot be used: {problem.strerror or type(problem).__name__}"
        ) from problem
    except (UnicodeError, OverflowError):
        # Not "from": these exceptions hold the value.
        raise StoreError(
            "a value cannot be stored: a text with half a character (a lone surrogate), or a "
            "number beyond 64 bits"
        ) from None


def _explained(problem: BaseException) -> StoreError:
    name = getattr(problem, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Contention(
            "another program keeps the database locked; try again, or close what has it open"
        )
    for prefix, remedy in _REMEDIES.items():
        if name.startswith(prefix):
            return StoreError(f"{remedy} ({name})")
    return StoreError(f"the database failed ({name or type(problem).__name__})")


@frozen
class Database:
    """An open SQLite database; make it with :meth:`open`."""

    engine: Engine
    file: Path
    gate: Gate
    owned: bool

    @classmethod
    def open(cls, target: str | URL | Engine) -> "Database":
        """The database of a URL, or of an engine that its owner goes on owning.

        An engine that is handed over is given this package's settings; it should be fresh, such as
        one of :func:`open_engine`, or another adapter's.

        Raises :class:`InvalidValue` for anything but a URL of a SQLite file, and
        :class:`StoreError` when it cannot be opened.
        """
        owned = not isinstance(target, Engine)
        engine = target if isinstance(target, Engine) else open_engine(target)
        try:
            _configure(engine)
            file = _file_of(engine)
            return cls(engine, file, Gate.of(file), owned)
        except BaseException:
            if owned:
                engine.dispose()
            raise

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A deferred transaction: everything read in it belongs to one instant."""
        with self._connection("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """Behind the gate, an immediate transaction; whoever is in it commits, or nothing was done.

        What the block raises goes through; a failure of the machinery becomes a
        :class:`StoreError`.
        """
        with self._turn(), self._connection("BEGIN IMMEDIATE") as connection:
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

        The last connection to close writes the log into the database: behind the gate.
        """
        if self.owned:
            with self._turn(), storage_failures():
                self.engine.dispose()

    @contextmanager
    def _turn(self) -> Generator[None]:
        with storage_failures():
            turn = self.gate.enter()
        try:
            yield
        finally:
            with storage_failures():
                self.gate.leave(turn)

    @contextmanager
    def _connection(self, begin: str) -> Generator[Connection]:
        with storage_failures():
            connection = self.engine.connect().execution_options(**{_BEGIN: begin})
        try:
            with storage_failures():
                connection.begin()
            yield connection
        finally:
            # Rolls back what was not committed. Should even that fail, the connection is thrown
            # away, and what the block raised matters more.
            with suppress(SQLAlchemyError):
                connection.close()


def commit(connection: Connection) -> None:
    """Commit, or raise :class:`StoreError`: then nothing was written."""
    with storage_failures():
        connection.commit()


def open_engine(url: str | URL) -> Engine:
    """A SQLAlchemy engine for a SQLite file, with this package's settings.

    Share it among a store, a directory and a schedule source, and call its ``dispose()`` last.

    Raises :class:`InvalidValue` for anything but a URL of a SQLite file.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not "from": the exception repeats the URL, and with it perhaps a password.
        raise InvalidValue(f"this is no database URL; {_HELP_URL}") from None
    if parsed.get_backend_name() != "sqlite" or parsed.get_driver_name() != "pysqlite":
        raise InvalidValue(f"only SQLite, by Python's own driver, is supported so far; {_HELP_URL}")
    if not parsed.database or parsed.database == ":memory:":
        raise InvalidValue(_IN_MEMORY)
    # No limit (0): a pool that closes surplus connections would do so outside the gate.
    engine = create_engine(parsed, poolclass=QueuePool, pool_size=0, hide_parameters=True)
    _configure(engine)
    return engine


def _configure(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        raise InvalidValue(f"only SQLite is supported so far; {_HELP_URL}")
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
