"""What goes wrong with a PostgreSQL server is told in plain words, and nothing is half-written.

Afterwards the same store works again, without anything being done to it.
"""

import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import make_url

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import AsyncSqlStore, SqlDirectory, SqlStore, turns, upgrade
from omnibook.adapters.sql.turns import _words
from omnibook.errors import Contention, StoreError
from omnibook.ids import HoldId, PatientId, VisitId
from omnibook.patient import Patient
from omnibook.ports import ReadScope, Store
from omnibook.testing.samples import CLINIC, NOW, PERSON, hold, visit
from omnibook.transactions import Decision, PutHold, PutVisit, Snapshot
from support.postgres import Database, Server
from support.postgres_fixtures import Postgres
from support.sql_stores import (
    EVERYWHERE,
    NEWEST,
    Outrun,
    assert_nobody_is_inside,
    database,
    keep,
    opened,
    raw,
)

SEEING = evolve(EVERYWHERE, visit=VisitId("visit-1"), hold=HoldId("hold-1"))
BOTH = (PutVisit(visit()), PutHold(hold(patient="p-1", keys=("k-1",))))
SECRETS = (PERSON.first_name, PERSON.last_name, "2004-12-19", "5550123", "marie@", "hunter2")


def whole(store: Store) -> tuple[bool, bool]:
    """Whether visit and hold are there; nothing but both or neither would do."""
    snapshot = store.read(ReadScope(SEEING))[1]
    found = snapshot.visit is not None, "hold-1" in snapshot.holds
    assert found in {(True, True), (False, False)}
    return found


def told(problem: BaseException) -> str:
    """Whatever a log would show of it: nothing about anybody."""
    text = "".join(traceback.format_exception(problem))
    assert [secret for secret in SECRETS if secret in text] == []
    return str(problem)


# No way in ---------------------------------------------------------------------------------------


def changed(url: str, **parts: Any) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)


@pytest.mark.parametrize("kind", [SqlStore, AsyncSqlStore, upgrade])
@pytest.mark.parametrize(
    "parts",
    [
        {"database": "nothing", "password": "hunter2"},
        {"username": "nobody-9", "password": "hunter2"},
        {"query": {"host": "/nowhere"}, "password": "hunter2"},
        {"query": {"host": "127.0.0.1", "port": "1"}, "password": "hunter2"},
    ],
    ids=["database", "user", "socket", "port"],
)
def test_what_is_wrong_with_a_url_is_told_without_the_password(
    places_url: str, kind: Any, parts: dict[str, Any]
) -> None:
    with pytest.raises(StoreError, match=r"cannot be connected to; check .* in the URL") as refused:
        kind(changed(places_url, **parts))

    told(refused.value)


@pytest.fixture(scope="module")
def places_url(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with database(NEWEST, postgres, tmp_path_factory.mktemp("places")) as url:
        yield url


def test_a_wrong_password_is_refused_without_repeating_it(own_pg_server: Server) -> None:
    made = own_pg_server.databases.create(prepare=upgrade)
    rules = own_pg_server.folder / "data" / "pg_hba.conf"
    with made.connect() as connection:
        connection.execute("CREATE ROLE clinic LOGIN SUPERUSER PASSWORD 'a secret of the tests'")
        rules.write_text(f"local all clinic scram-sha-256\n{rules.read_text()}", encoding="utf-8")
        connection.execute("SELECT pg_reload_conf()")
        right = changed(made.url, username="clinic", password="a secret of the tests")
        wrong = changed(made.url, username="clinic", password="hunter2")

        for kind in (SqlStore, AsyncSqlStore):
            with pytest.raises(StoreError, match=r"check .*password") as refused:
                kind(wrong)
            told(refused.value)
        with SqlStore(right) as store:
            keep(store, *BOTH)


# Too few rights ----------------------------------------------------------------------------------


@pytest.fixture
def weak_url(pg_database: Database) -> Iterator[str]:
    """Of a role that may not create anything."""
    name = f"weak_{pg_database.name}"
    with pg_database.connect() as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        yield changed(pg_database.url, username=name)
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")


def test_who_may_not_create_tables_is_told_what_is_wanting(
    weak_url: str, pg_database: Database
) -> None:
    with pytest.raises(StoreError, match=r"want of a privilege.*42501"):
        SqlStore(weak_url)

    # Tables, but not the extension.
    role = make_url(weak_url).username
    with pg_database.connect() as connection:
        connection.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
    with pytest.raises(StoreError, match=r"btree_gist.*42501"):
        SqlStore(weak_url)
    with pg_database.connect() as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(tables).fetchone() == (0,)
        # Somebody else adds the extension.
        connection.execute("CREATE EXTENSION btree_gist")
    with SqlStore(weak_url) as store:
        keep(store, *BOTH)


def test_who_may_not_write_is_told_so(weak_url: str, pg_database: Database) -> None:
    upgrade(pg_database.url)
    with pg_database.connect() as connection:
        role = make_url(weak_url).username
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    with SqlStore(weak_url) as store:
        assert whole(store) == (False, False)
        with pytest.raises(StoreError, match=r"want of a privilege.*42501") as refused:
            keep(store, *BOTH, scope=SEEING)
        told(refused.value)
        assert whole(store) == (False, False)
    assert_nobody_is_inside(pg_database.url)


@pytest.mark.parametrize("kind", ["plain", "plain async"])
def test_a_database_that_only_reads_answers_and_refuses_writes(
    pg_database: Database, kind: str
) -> None:
    """As a standby does."""
    upgrade(pg_database.url)
    with SqlStore(pg_database.url) as before:
        keep(before, *BOTH)
    with pg_database.connect() as connection:
        connection.execute(
            f"ALTER DATABASE {pg_database.name} SET default_transaction_read_only = on"
        )
    with opened(kind, pg_database.url, None) as store:
        assert whole(store) == (True, True)
        with pytest.raises(StoreError, match=r"only reads: .* standby.*25006") as refused:
            keep(store, PutVisit(evolve(visit(), language="en")), scope=SEEING)
        told(refused.value)
    with SqlDirectory(pg_database.url, CLINIC) as directory:
        assert directory.get(PatientId("p-1")) is None
        with pytest.raises(StoreError, match="only reads"):
            directory.put(Patient(patient_id=PatientId("p-1")))


# Tables that are not as they should be -----------------------------------------------------------


def test_a_missing_table_is_told_without_personal_values(pg_database: Database) -> None:
    upgrade(pg_database.url)
    with SqlStore(pg_database.url) as store:
        with raw(pg_database.url) as connection:
            connection.execute("DROP TABLE hold_keys")
        with pytest.raises(StoreError, match=r"other tables than .* expects.*42P01") as refused:
            keep(store, *BOTH)
        told(refused.value)
    assert_nobody_is_inside(pg_database.url)


@pytest.mark.parametrize("kind", ["plain", "plain async"])
def test_what_cannot_be_stored_is_refused_without_repeating_it(
    pg_database: Database, kind: str
) -> None:
    upgrade(pg_database.url)
    with opened(kind, pg_database.url, None) as store:
        for text in ("half \ud800 a character", "a NUL \0 character"):
            entries = evolve(hold().entries, reason=text)
            with pytest.raises(StoreError, match="a value cannot be stored") as refused:
                keep(store, PutVisit(visit()), PutHold(evolve(hold(), entries=entries)))
            assert "character" not in told(refused.value).partition("a text with")[0]
            assert whole(store) == (False, False)
        keep(store, *BOTH)
    assert_nobody_is_inside(pg_database.url)


def test_a_constraint_that_is_broken_is_told_without_personal_values(
    pg_database: Database,
) -> None:
    upgrade(pg_database.url)
    with SqlStore(pg_database.url) as store:
        with raw(pg_database.url) as connection:
            connection.execute("ALTER TABLE holds ADD CHECK (patient_id <> 'p-1')")
        with pytest.raises(StoreError, match=r"breaks its constraints \(23514\)") as refused:
            keep(store, *BOTH)
        assert not isinstance(refused.value, Contention)
        told(refused.value)
        assert whole(store) == (False, False)
    assert_nobody_is_inside(pg_database.url)


# Others in the way -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "plain async"])
@pytest.mark.parametrize("locked", ["locks SET version = version", "visits SET source = source"])
def test_what_another_program_keeps_locked_is_contention(
    pg_database: Database, kind: str, locked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_LONGEST_WAIT", _words("SET LOCAL lock_timeout = '30ms'"))
    upgrade(pg_database.url)
    asked: list[Snapshot] = []

    def decide(snapshot: Snapshot) -> Decision[None]:
        asked.append(snapshot)
        return Decision(None, (PutVisit(evolve(visit(), language="en")),))

    with opened(kind, pg_database.url, ManualClock(NOW)) as store:
        keep(store, *BOTH, scope=SEEING)
        with raw(pg_database.url) as theirs:
            theirs.execute("BEGIN")
            theirs.execute(f"UPDATE {locked}")
            with pytest.raises(Contention, match=r"rows locked.*55P03"):
                store.transact(SEEING, decide)
            # It looked, and waited once.
            assert len(asked) == (1 if "locks" in locked else 2)
            assert whole(store) == (True, True)
            theirs.execute("ROLLBACK")
        assert_nobody_is_inside(pg_database.url)
        store.transact(SEEING, decide)
        found = store.read(ReadScope(SEEING))[1].visit
        assert found is not None
        assert found.language == "en"


# The server goes away ----------------------------------------------------------------------------


def test_the_next_call_after_a_restart_just_works(own_pg_server: Server) -> None:
    made = own_pg_server.databases.create(prepare=upgrade)
    for kind in ("plain", "plain async"):
        with opened(kind, made.url, None) as store:
            keep(store, *BOTH)
            for end in (own_pg_server.kill, own_pg_server.stop):
                # Several connections lie in the pool, and all of them are dead then.
                store.transact(SEEING, Outrun(lambda _: Decision(None), lambda: None))
                end()
                own_pg_server.start()
                assert whole(store) == (True, True)
                end()
                own_pg_server.start()
                keep(store, *BOTH, scope=SEEING)
                end()
                with pytest.raises(StoreError, match="cannot be connected to") as refused:
                    whole(store)
                told(refused.value)
                with pytest.raises(StoreError, match="cannot be connected to"):
                    keep(store, *BOTH, scope=SEEING)
                own_pg_server.start()
                assert whole(store) == (True, True)
    with SqlDirectory(made.url, CLINIC) as directory:
        directory.put(Patient(patient_id=PatientId("p-1")))
        own_pg_server.kill()
        own_pg_server.start()
        # The one call that finds out is told; the next one works.
        try:
            found = directory.get(PatientId("p-1"))
        except StoreError as problem:
            told(problem)
            found = directory.get(PatientId("p-1"))
        assert found is not None


def test_a_server_that_is_killed_within_a_call_leaves_nothing(own_pg_server: Server) -> None:
    """R39: what was not committed is not there; what a call is told is to repeat it."""
    made = own_pg_server.databases.create(prepare=upgrade)
    for kind in ("plain", "plain async"):
        with opened(kind, made.url, None) as store:
            for waiting in (False, True):
                with SqlStore(made.url) as other:
                    outrun = Outrun(
                        lambda _: Decision(None, BOTH),
                        lambda other=other: keep(other, PutHold(hold("theirs", 5))),  # type: ignore[misc]
                        times=waiting,
                    )

                    def decide(
                        snapshot: Snapshot, outrun: Outrun = outrun, last: int = 1 + waiting
                    ) -> Decision[None]:
                        decided: Decision[None] = outrun(snapshot)
                        if len(outrun.seen) == last:
                            own_pg_server.kill()
                        return decided

                    with pytest.raises(StoreError, match="repeat it as it was") as refused:
                        store.transact(SEEING, decide)
                told(refused.value)
                own_pg_server.start()
                assert whole(store) == (False, False)
                assert_nobody_is_inside(made.url)
            keep(store, *BOTH, scope=SEEING)
            assert whole(store) == (True, True)
        with raw(made.url) as connection:
            connection.execute("TRUNCATE visits, holds, hold_keys, claims, appointments CASCADE")


def test_a_connection_that_somebody_ends_is_replaced(pg_database: Database) -> None:
    """As an administrator does, or a balancer with an idle connection."""
    upgrade(pg_database.url)
    end = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for kind in ("plain", "plain async"):
        with opened(kind, pg_database.url, None) as store, raw(pg_database.url) as administrator:
            keep(store, *BOTH)
            administrator.execute(end)
            assert whole(store) == (True, True)
            administrator.execute(end)
            keep(store, *BOTH, scope=SEEING)

            def decide(_: Snapshot, administrator: Any = administrator) -> Decision[None]:
                administrator.execute(end)
                return Decision(None, (PutVisit(evolve(visit(), language="en")),))

            with pytest.raises(StoreError, match="repeat it as it was"):
                store.transact(SEEING, decide)
            found = store.read(ReadScope(SEEING))[1].visit
            assert found == visit()
        assert_nobody_is_inside(pg_database.url)
