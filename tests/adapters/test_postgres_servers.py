"""The servers that the tests borrow do what the tests of the store lean on."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from support.postgres import DURABLE, FAST, Database, Server, programs, server, why_not
from support.postgres_fixtures import MAJORS, NAMED, Postgres, unavailable

TESTS = Path(__file__).resolve().parents[1]


def make_a_table(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE kept (number int)")


def keep(database: Database, number: int) -> None:
    with database.connect() as connection:
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def kept(database: Database) -> list[int]:
    with database.connect() as connection:
        return [number for (number,) in connection.execute("SELECT number FROM kept ORDER BY 1")]


def prepared(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 7 AS number"))
    engine.dispose()


@pytest.fixture(params=MAJORS)
def major(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pair(postgres: Postgres, major: str) -> Iterator[tuple[Database, Database]]:
    databases = postgres.databases(major)
    one, other = databases.create(prepare=prepared), databases.create(prepare=prepared)
    yield one, other
    databases.drop(one)
    databases.drop(other)


def test_a_database_is_fresh_and_of_the_version_that_was_asked_for(
    pg_database: Database, pg_url: str
) -> None:
    engine = create_engine(pg_url)
    with engine.connect() as connection:
        version = str(connection.execute(text("SHOW server_version_num")).scalar_one())
        tables = connection.execute(text("SELECT count(*) FROM pg_stat_user_tables")).scalar_one()
    engine.dispose()

    assert tables == 0
    assert version[:2] in MAJORS or MAJORS == (NAMED,)
    assert pg_database.name in pg_url


def test_two_databases_know_nothing_of_each_other(pair: tuple[Database, Database]) -> None:
    one, other = pair

    keep(one, 8)

    assert (kept(one), kept(other)) == ([7, 8], [7])


def test_a_database_is_dropped_under_whoever_is_connected(postgres: Postgres, major: str) -> None:
    databases = postgres.databases(major)
    made = databases.create()

    connection = made.connect()

    databases.drop(made)

    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        made.connect()


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_a_database_has_the_isolation_that_was_asked_for(
    postgres: Postgres, major: str, level: str
) -> None:
    databases = postgres.databases(major)
    made = databases.create(isolation=level)

    with made.connect() as connection:
        found = connection.execute("SHOW transaction_isolation").fetchone()
    databases.drop(made)

    assert found == (level,)


def test_the_extension_that_exclusion_constraints_need_is_there(pg_database: Database) -> None:
    with pg_database.connect() as connection:
        connection.execute("CREATE EXTENSION btree_gist")


def test_a_killed_server_keeps_what_was_committed_and_nothing_else(own_pg_server: Server) -> None:
    database = own_pg_server.databases.create()
    make_a_table(database)
    keep(database, 1)
    open_one = database.connect(autocommit=False)
    open_one.execute("INSERT INTO kept VALUES (2)")

    own_pg_server.kill()

    with pytest.raises(psycopg.OperationalError):
        open_one.commit()
    open_one.close()
    with pytest.raises(psycopg.OperationalError):
        database.connect()
    own_pg_server.start()
    assert kept(database) == [1]
    assert "database system was interrupted" in own_pg_server.log()


def test_a_server_of_ones_own_waits_for_the_disk_and_hears_no_network(
    own_pg_server: Server,
) -> None:
    with own_pg_server.databases.create().connect() as connection:
        names = (*DURABLE, "listen_addresses")
        found = [connection.execute(f"SHOW {name}").fetchone() for name in names]

    assert found == [("on",), ("on",), ("on",), ("",)]


def test_a_stopped_server_starts_again(own_pg_server: Server) -> None:
    database = own_pg_server.databases.create()
    make_a_table(database)

    own_pg_server.stop()
    assert not own_pg_server.is_running
    own_pg_server.start()

    assert kept(database) == []


def test_a_server_leaves_nothing_behind() -> None:
    if not programs():
        unavailable(why_not(18))
    with server(max(programs()), FAST) as running:
        folder = running.folder
        running.databases.create()

    assert not folder.exists()


def test_a_server_ends_with_whoever_began_it() -> None:
    """However that one ends: killed, it can put nothing away itself."""
    if not programs():
        unavailable(why_not(18))
    starter = subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-m", "support.postgres", str(max(programs())), "--fast"],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    _, dsn, log = (starter.stdout.readline().strip() for _ in range(3))
    with psycopg.connect(dsn, autocommit=True) as connection:
        process_id = connection.info.backend_pid
        starter.send_signal(signal.SIGKILL)
        starter.communicate()

        # The connection is what notices: it is cut when the server goes.
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT pg_sleep(60)")

    assert process_id != os.getpid()
    assert log.startswith("log: /")


def test_a_program_that_fails_says_what_it_said() -> None:
    if not programs():
        unavailable(why_not(18))

    with pytest.raises(RuntimeError, match="no_such_setting") as failed:
        Server(programs()[max(programs())], {"no_such_setting": "on"})

    folder = re.search(r"/\S*omnibook-pg-\w+", str(failed.value))
    assert folder is not None
    assert not Path(folder.group()).exists()


def test_a_version_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(LookupError, match="OMNIBOOK_PG_BIN"), server(9):
        pass


def test_what_is_not_there_is_skipped_at_home_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="gone"):
        unavailable("gone")

    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="gone"):
        unavailable("gone")
