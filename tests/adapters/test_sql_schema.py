"""The tables, and the migrations that lead to them, on every engine."""

import logging
import re
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event

from omnibook.adapters.sql import (
    REVISIONS,
    AsyncSqlStore,
    SqlDirectory,
    SqlStore,
    metadata,
    open_engine,
    schema,
    upgrade,
)
from omnibook.errors import StoreError
from omnibook.ids import PatientId
from omnibook.ports import DueNotices
from omnibook.testing.samples import CLINIC, visit
from omnibook.transactions import Decision, PutVisit, Scope
from support.postgres_fixtures import Postgres
from support.sql_stores import file_of, is_sqlite, raw

ON_POSTGRES = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conname <> 'claims_never_overlap'
    UNION ALL
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND indexname <> 'claims_never_overlap'
    UNION ALL
    SELECT table_name || '.' || column_name,
        concat_ws(' ', data_type, collation_name, is_nullable, column_default)
    FROM information_schema.columns WHERE table_schema = 'public'
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'clinic.db'}"


@pytest.fixture
def declared_url(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, postgres: Postgres
) -> Iterator[str]:
    """Another empty database of the same engine."""
    if is_sqlite(database_url):
        yield f"sqlite:///{tmp_path / 'declared.db'}"
        return
    databases = postgres.databases(request.node.callspec.params["database_url"][9:])
    made = databases.create()
    yield made.url
    databases.drop(made)


def definitions(url: str) -> dict[str, Any]:
    """What the engine remembers of each table, constraint and index, but for Alembic's table."""
    with raw(url) as connection:
        if not is_sqlite(url):
            rows = connection.execute(ON_POSTGRES).fetchall()
            return {name: words for name, words in rows if "omnibook_version" not in name}
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql <> '' AND type <> 'trigger'"
            " AND name NOT LIKE 'sqlite_stat%' AND name <> 'omnibook_version'"
        ).fetchall()

    def parts(definition: str) -> list[str]:
        # Constraints of one table stand in any order.
        words = " ".join(definition.split())
        # A column that was added later has its constraint beside it.
        split = re.split(r",? (?=CONSTRAINT )|, (?=[a-z_]+ [A-Z])|\(clinic_id TEXT", words)
        return sorted(part.removesuffix(" WITHOUT ROWID").rstrip(" )") for part in split)

    return {name: parts(words) for name, words in rows}


# Migrations --------------------------------------------------------------------------------------


def test_migrations_lead_to_the_tables_that_the_package_uses(database_url: str) -> None:
    upgrade(database_url)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
        )
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_migrations_make_every_constraint_that_the_tables_declare(
    database_url: str, declared_url: str
) -> None:
    """Alembic's own comparison does not look at CHECK constraints."""
    upgrade(database_url)
    declared = create_engine(declared_url)
    metadata.create_all(declared)
    declared.dispose()

    assert definitions(database_url) == definitions(declared_url)


def test_a_table_without_rowid_is_one_in_the_migration_too(url: str) -> None:
    upgrade(url)
    with raw(url) as connection:
        rows = connection.execute("PRAGMA table_list").fetchall()

    found = {row[1] for row in rows if row[4]}
    assert found == {
        table.name
        for table in metadata.tables.values()
        if table.dialect_options["sqlite"]["with_rowid"] is False
    }


def test_the_versions_listed_are_those_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)

    assert tuple(each.revision for each in reversed(list(scripts.walk_revisions()))) == REVISIONS
    assert scripts.get_heads() == [REVISIONS[-1]]


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    before = definitions(database_url)
    upgrade(database_url)

    assert definitions(database_url) == before
    assert len(before) > 40


def test_an_empty_database_is_set_up_when_it_is_first_used(database_url: str) -> None:
    with SqlStore(database_url) as store:
        store.transact(Scope(clinic_id=CLINIC), lambda _: Decision(None, (PutVisit(visit()),)))
    with SqlDirectory(database_url, CLINIC) as directory:
        assert directory.get(PatientId("p-1")) is None


def test_an_asynchronous_store_sets_an_empty_database_up_and_refuses_others(
    database_url: str,
) -> None:
    assert database_url.rpartition("/")[2].partition("?")[0] in repr(AsyncSqlStore(database_url))
    set_version(database_url, "9999")

    with pytest.raises(StoreError, match="newer than this omnibook"):
        AsyncSqlStore(database_url)


def test_several_may_set_a_database_up_at_once(database_url: str) -> None:
    together = threading.Barrier(4)

    def set_up(_: int) -> bool:
        together.wait(30)
        with SqlStore(database_url) as store:
            return store.read(DueNotices(clinic_id=CLINIC))[1] == ()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(set_up, range(4))) == [True] * 4


def set_version(url: str, version: str) -> None:
    with raw(url) as connection:
        connection.execute(f"UPDATE omnibook_version SET version_num = '{version}'")  # noqa: S608


def test_a_database_of_an_older_version_is_refused_with_the_remedy(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(database_url)
    monkeypatch.setattr(schema, "REVISIONS", (*REVISIONS, "0999"))

    remedy = rf"version {REVISIONS[-1]} .* needs 0999.*omnibook db upgrade URL"
    with pytest.raises(StoreError, match=remedy):
        SqlStore(database_url)


def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    upgrade(database_url)
    set_version(database_url, "9999")

    with pytest.raises(StoreError, match=r"version 9999 .* newer than this omnibook"):
        SqlStore(database_url)
    with pytest.raises(StoreError, match="newer"):
        upgrade(database_url)


def test_a_database_of_a_preview_is_refused_and_kept_as_it_is(database_url: str) -> None:
    upgrade(database_url)
    set_version(database_url, "0001")
    before = definitions(database_url)

    for use in (SqlStore, upgrade):
        with pytest.raises(StoreError, match=r"version 0001 .* preview"):
            use(database_url)
    assert definitions(database_url) == before


def test_a_database_of_somebody_else_is_refused_until_the_tables_are_asked_for(
    database_url: str,
) -> None:
    with raw(database_url) as connection:
        connection.execute("CREATE TABLE theirs (id TEXT)")

    with pytest.raises(StoreError, match="none of omnibook's"):
        SqlStore(database_url)

    upgrade(database_url)
    with SqlStore(database_url) as store:
        assert store.read(DueNotices(clinic_id=CLINIC))[1] == ()


def test_an_upgrade_that_fails_leaves_nothing(database_url: str) -> None:
    """All steps are taken, or none."""
    with raw(database_url) as connection:
        # One of the last tables that are made is there already.
        connection.execute("CREATE TABLE appointments (id TEXT)")
    before = definitions(database_url)

    with pytest.raises(StoreError):
        upgrade(database_url)

    assert definitions(database_url) == before


def test_who_finds_the_database_set_up_by_another_meanwhile_uses_it(
    url: str,
) -> None:
    engine, looked, faster = open_engine(url), list[bool](), list[bool]()

    def look(*given: object) -> None:
        looked.extend("sqlite_master" in each for each in given if isinstance(each, str))

    def overtake(*_: object) -> None:
        # Between the look at what is there and the setting up.
        if any(looked) and not faster:
            faster.append(True)
            upgrade(url)

    event.listen(engine, "after_cursor_execute", look)
    event.listen(engine, "checkin", overtake)
    with SqlStore(engine) as store:
        assert store.read(DueNotices(clinic_id=CLINIC))[1] == ()
    engine.dispose()

    assert faster


def test_setting_up_leaves_the_host_s_logging_alone(url: str) -> None:
    before = logging.getLogger().handlers[:]
    upgrade(url)

    assert logging.getLogger().handlers == before


def test_a_file_without_a_write_ahead_log_gets_one(url: str, tmp_path: Path) -> None:
    upgrade(url)
    with closing(sqlite3.connect(file_of(url))) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")

    with SqlStore(url):
        pass

    with closing(sqlite3.connect(tmp_path / "clinic.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_connections_have_the_settings_that_the_package_promises(url: str) -> None:
    engine = open_engine(url)
    with SqlStore(engine), engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert engine.hide_parameters


# Tables ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_table_key_and_index_leads_with_the_clinic(table: Any) -> None:
    indexes = [next(iter(index.columns)).name for index in table.indexes]

    assert next(iter(table.columns)).name == "clinic_id"
    assert next(iter(table.primary_key.columns)).name == "clinic_id"
    assert indexes == ["clinic_id"] * len(indexes)
    assert not any(column.autoincrement is True for column in table.columns)
