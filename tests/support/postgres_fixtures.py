"""Fixtures for tests that need PostgreSQL, or any of the databases.

=====================  ============================================================================
``pg_database``        a fresh, empty database, once for each major version
``pg_url``             its URL for SQLAlchemy
``database_url``       the URL of a fresh, empty database: SQLite, then each PostgreSQL
``isolated_url``       the same, each PostgreSQL with each default isolation level
``own_pg_server``      a server of the test's own that waits for the disk and may be killed
``postgres``           for everything else: :class:`Postgres`, for the whole session
=====================  ============================================================================

A version that is not found skips its tests at home, and fails them where the environment says CI.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from attrs import define, field

from support.postgres import (
    DSN,
    FAST,
    ISOLATION,
    WANTED,
    Database,
    Databases,
    Server,
    programs,
    why_not,
)

NAMED = "named"
MAJORS = (NAMED,) if os.environ.get(DSN) else tuple(map(str, WANTED))


def unavailable(reason: str) -> NoReturn:
    """Skip at home, fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@define(eq=False)
class Postgres:
    """The servers that all tests of a process share, begun when first asked for.

    They do not wait for the disk. With ``-n`` each process has its own: that takes half a second,
    and needs neither locks nor somebody who leaves last.
    """

    _servers: dict[str, Server] = field(factory=dict)
    _named: Databases | None = None

    def databases(self, major: str) -> Databases:
        """Where to make databases: of a major version such as ``"15"``, or ``"named"``."""
        if major == NAMED:
            self._named = self._named or Databases(os.environ[DSN])
            return self._named
        return self.server(major).databases

    def server(self, major: str) -> Server:
        """The server of a major version, such as for the folder that it listens in."""
        if major not in self._servers:
            if int(major) not in programs():
                unavailable(why_not(int(major)))
            self._servers[major] = Server(programs()[int(major)], FAST)
        return self._servers[major]

    def close(self) -> None:
        if self._named is not None:
            self._named.drop_templates()
        for server in self._servers.values():
            server.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    servers = Postgres()
    yield servers
    servers.close()


@pytest.fixture(params=MAJORS)
def pg_database(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[Database]:
    databases = postgres.databases(request.param)
    made = databases.create()
    yield made
    databases.drop(made)


@pytest.fixture
def pg_url(pg_database: Database) -> str:
    return pg_database.url


def _fresh(engine: str, isolation: str, postgres: Postgres, folder: Path) -> Iterator[str]:
    kind, _, major = engine.partition("-")
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'clinic.db'}"
        return
    databases = postgres.databases(major)
    made = databases.create(isolation=isolation or None)
    yield made.url
    databases.drop(made)


ENGINES = ("sqlite", *(f"postgres-{major}" for major in MAJORS))


@pytest.fixture(params=ENGINES)
def database_url(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path
) -> Iterator[str]:
    yield from _fresh(request.param, "", postgres, tmp_path)


@pytest.fixture(
    params=[
        pytest.param((engine, level), id=f"{engine} {level}".strip())
        for engine in ENGINES
        for level in (ISOLATION if engine != "sqlite" else ("",))
    ]
)
def isolated_url(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path
) -> Iterator[str]:
    engine, level = request.param
    yield from _fresh(engine, level, postgres, tmp_path)


@pytest.fixture(params=WANTED)
def own_pg_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param not in programs():
        unavailable(why_not(request.param))
    with Server(programs()[request.param]) as server:
        yield server
