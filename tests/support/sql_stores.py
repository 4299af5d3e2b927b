"""Stores of every kind on every engine, plain and awaited, for one test or for a whole module.

A *kind* is an engine, such as ``sqlite`` or ``postgres-18``, perhaps followed by ``async``.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Engine, make_url

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import AsyncSqlStore, SqlStore, metadata, open_engine, schema, upgrade
from omnibook.adapters.sql.engine import Database
from omnibook.adapters.sql.gate import Gate
from omnibook.adapters.sql.sessions import (
    AsyncPostgresSession,
    AsyncSqliteSession,
    Command,
    PostgresSession,
    Rows,
    SqliteSession,
)
from omnibook.ports import Clock, Store
from omnibook.testing.bridge import BridgedStore, Loop
from omnibook.testing.samples import CLINIC, NOW, SCHEDULE, hours
from omnibook.transactions import Decision, Scope, Snapshot, Write
from support.postgres_fixtures import ENGINES, Postgres
from support.quick_sql import quick_engine

NEWEST = ENGINES[-1]
KINDS = (*ENGINES, "sqlite async", f"{NEWEST} async")
EVERYWHERE = Scope(clinic_id=CLINIC, schedules={SCHEDULE: hours(-24, 24)})


@contextmanager
def database(kind: str, postgres: Postgres, folder: Path) -> Iterator[str]:
    """The URL of a fresh database with omnibook's tables."""
    engine = kind.removesuffix(" async")
    if engine == "sqlite":
        url = f"sqlite:///{folder / 'clinic.db'}"
        upgrade(url)
        yield url
        return
    databases = postgres.databases(engine.partition("-")[2])
    made = databases.create(prepare=upgrade)
    try:
        yield made.url
    finally:
        databases.drop(made)


@contextmanager
def opened(kind: str, url: str, clock: Clock | None, *, quick: bool = False) -> Iterator[Store]:
    """A store on the database; ``quick`` does not wait for the disk."""
    if kind.endswith("async"):
        with Loop() as loop:
            inner = loop.answer(lambda: AsyncSqlStore(url, clock=clock))
            store = BridgedStore(inner, loop, owner=False)
            try:
                yield store
            finally:
                store.close()
    elif quick and kind == "sqlite":
        engine = quick_engine(url)
        try:
            yield SqlStore(engine, clock=clock)
        finally:
            engine.dispose()
    else:
        with SqlStore(url, clock=clock) as plain:
            yield plain


@contextmanager
def engine_of(kind: str, postgres: Postgres, folder: Path) -> Iterator[Engine]:
    """An engine on a fresh database, for adapters that share it."""
    with database(kind, postgres, folder) as url:
        engine = quick_engine(url) if kind == "sqlite" else open_engine(url)
        try:
            yield engine
        finally:
            engine.dispose()


class Places:
    """A store of each kind, opened when it is first asked for, and emptied before each use."""

    def __init__(self, postgres: Postgres, folder: Path) -> None:
        self.clock = ManualClock(NOW)
        self._postgres = postgres
        self._folder = folder
        self._open = ExitStack()
        self._known: dict[str, tuple[str, Store]] = {}

    def store(self, kind: str) -> Store:
        if kind not in self._known:
            folder = self._folder / kind.replace(" ", "-")
            folder.mkdir()
            url = self._open.enter_context(database(kind, self._postgres, folder))
            made = opened(kind, url, self.clock, quick=True)
            self._known[kind] = url, self._open.enter_context(made)
        url, store = self._known[kind]
        empty(url)
        return store

    def url(self, kind: str) -> str:
        """Of the store that was asked for."""
        return self._known[kind][0]

    def close(self) -> None:
        self._open.close()


def empty(url: str) -> None:
    """Delete every row."""
    names = [table.name for table in reversed(metadata.sorted_tables)]
    with raw(url) as connection:
        connection.execute("BEGIN")
        for name in names:
            connection.execute(f"DELETE FROM {name}")  # noqa: S608
        connection.execute("COMMIT")


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def dsn_of(url: str | URL) -> str:
    """The same place for psycopg."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def raw(url: str) -> Iterator[Any]:
    """A connection of the driver's own, past this package; every statement commits by itself."""
    if is_sqlite(url):
        with closing(sqlite3.connect(file_of(url), isolation_level=None, timeout=5)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
    else:
        with closing(psycopg.connect(dsn_of(url), autocommit=True)) as pg_connection:
            pg_connection.execute("SET statement_timeout = '20s'")
            yield pg_connection


def migrate(url: str, revision: str) -> None:
    """Bring a database to an older version than today's."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    database = Database.open(url)
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    database.close()


REFUSED = (sqlite3.IntegrityError, psycopg.IntegrityError)
"""What the drivers raise when a constraint is broken."""


def keep(store: Store, *writes: Write, scope: Scope = EVERYWHERE) -> None:
    store.transact(scope, lambda _: Decision(None, writes))


class Outrun:
    """Decides as told; the first times, somebody else is faster: between the look and the write."""

    def __init__(
        self,
        decide: Callable[[Snapshot], Decision[Any]],
        meanwhile: Callable[[], object],
        times: int = 1,
    ) -> None:
        self._decide = decide
        self._meanwhile = meanwhile
        self._times = times
        self.seen: list[Snapshot] = []
        """What it was asked about."""

    def __call__(self, snapshot: Snapshot) -> Decision[Any]:
        self.seen.append(snapshot)
        if len(self.seen) <= self._times:
            self._meanwhile()
        return self._decide(snapshot)


def file_of(url: str) -> Path:
    """The file of a SQLite database."""
    name = make_url(url).database
    assert name is not None
    return Path(name)


def assert_nobody_is_inside(url: str) -> None:
    """Nobody has a transaction open, nor the gate closed."""
    if is_sqlite(url):
        gate = Gate.of(file_of(url))
        turn = gate.enter_if_free()
        assert turn is not None
        gate.leave(turn)
        with raw(url) as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        return
    with raw(url) as connection:
        inside = (
            "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
            " AND backend_type = 'client backend'"
        )
        assert connection.execute(inside).fetchall() == []


SESSIONS = (SqliteSession, AsyncSqliteSession, PostgresSession, AsyncPostgresSession)


@contextmanager
def sent() -> Iterator[list[tuple[str, Any]]]:
    """The statements that decisions and queries send meanwhile, with what is bound to them."""
    found: list[tuple[str, Any]] = []
    with ExitStack() as undo:
        for kind in SESSIONS:
            undo.enter_context(_recording(kind, found))
        yield found


@contextmanager
def _recording(kind: type[Any], found: list[tuple[str, Any]]) -> Iterator[None]:
    original = kind.run

    async def run(session: Any, batch: Sequence[Command]) -> list[Rows]:
        found.extend((statement.sql, statement.arguments(values)) for statement, values in batch)
        answers: list[Rows] = await original(session, batch)
        return answers

    kind.run = run
    try:
        yield
    finally:
        kind.run = original
