"""A storm over each engine: processes die ten times a second, and PostgreSQL three times.

A few seconds each; ``make soak`` lets it storm for as long as a hundred thousand reviews take.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from omnibook.adapters.sql import SqlStore
from support.aftermath import check
from support.postgres import ISOLATION, Server
from support.storm import Plan, let_it_storm

A_WHILE = Plan(seconds=3, reviews=150, pace=8)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'clinic.db'}"


def test_sqlite_loses_nothing_in_a_storm(sqlite_url: str) -> None:
    """R31, R34, R38, R39, R40."""
    SqlStore(sqlite_url).close()

    told = let_it_storm(sqlite_url, A_WHILE)

    with SqlStore(sqlite_url) as store:
        found = check(store, told)
    assert found.failures == {}
    assert found.retaken > 0
    assert found.appointments > found.cancelled > 0
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("level", ISOLATION)
def test_postgres_loses_nothing_though_it_is_killed_too(own_pg_server: Server, level: str) -> None:
    """R31, R34, R38, R39, R40."""
    database = own_pg_server.databases.create(isolation=level)
    SqlStore(database.url).close()

    told = let_it_storm(database.url, evolve(A_WHILE, server_kills=3), own_pg_server)

    with SqlStore(database.url) as store:
        found = check(store, told)
    assert own_pg_server.log().count("database system is ready to accept connections") == 4
    assert found.retaken > 0
    assert found.appointments > found.cancelled > 0
    # While the server is away the store says so, and nothing else.
    assert found.failures.keys() == {"ConnectionLost"}
    assert "deadlock detected" not in own_pg_server.log()
