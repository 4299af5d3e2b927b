"""The tables, their migrations, and whether every statement finds its rows by an index."""

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import CacheStats

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import (
    REVISIONS,
    SqlDirectory,
    SqlScheduleSource,
    SqlStore,
    metadata,
    open_engine,
    schema,
    upgrade,
)
from omnibook.adapters.sql.statements import CLAIMS
from omnibook.errors import StoreError
from omnibook.health_numbers import HealthNumber
from omnibook.identity import IdentityKeys
from omnibook.ids import (
    AppointmentId,
    ClosureId,
    ContactKey,
    EventId,
    HoldId,
    NoticeId,
    OpeningId,
    OrderId,
    PatientId,
    ScheduleId,
    SourceKey,
    SubjectKey,
    VisitId,
)
from omnibook.ports import (
    AppointmentsWithin,
    AuditTrail,
    DueEvents,
    DueNotices,
    DueOrders,
    FlagsOf,
    Query,
    ReadScope,
)
from omnibook.transactions import Decision, PutAppointment, PutHold, PutVisit, Scope
from support.samples_records import CLINIC, NOW, PERSON, SCHEDULE, appointment, hold, hours, visit
from support.strategies_records import ALWAYS

FULL = Scope(
    clinic_id=CLINIC,
    schedules={SCHEDULE: hours(0, 9), ScheduleId("dr-cote"): hours(0, 9)},
    visit=VisitId("visit-1"),
    hold=HoldId("hold-1"),
    contacts=frozenset({ContactKey("k-1"), ContactKey("k-2")}),
    source=SourceKey("s-1"),
    patients=frozenset({PatientId("p-1")}),
    appointment=AppointmentId("a-1"),
    opening=OpeningId("o-1"),
    closure=ClosureId("c-1"),
    notice=NoticeId("n-1"),
    event=EventId("e-1"),
    order=OrderId("o-1"),
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'clinic.db'}"


def definitions(engine: Engine) -> dict[str, str]:
    """What SQLite remembers of each table and index, but for Alembic's own table."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql <> ''"))
        return {
            row.name: " ".join(row.sql.split()) for row in rows if row.name != "omnibook_version"
        }


# Migrations --------------------------------------------------------------------------------------


def test_migrations_lead_to_the_tables_that_the_package_uses(url: str) -> None:
    upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE}
        )
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_migrations_make_every_constraint_that_the_tables_declare(url: str, tmp_path: Path) -> None:
    """Alembic's own comparison does not look at CHECK constraints."""
    upgrade(url)
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    metadata.create_all(declared)
    migrated = create_engine(url)

    def parts(definition: str) -> list[str]:
        # Constraints of one table stand in any order.
        return sorted(re.split(r", (?=CONSTRAINT |[a-z_]+ [A-Z])|\(clinic_id TEXT", definition))

    expected = {name: parts(each) for name, each in definitions(declared).items()}
    found = {name: parts(each.rstrip(" )")) for name, each in definitions(migrated).items()}
    declared.dispose()
    migrated.dispose()

    assert found.keys() == expected.keys()
    assert {name: [p.rstrip(" )") for p in each] for name, each in found.items()} == {
        name: [p.rstrip(" )") for p in each] for name, each in expected.items()
    }


def test_the_versions_listed_are_those_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)

    assert tuple(each.revision for each in reversed(list(scripts.walk_revisions()))) == REVISIONS
    assert scripts.get_heads() == [REVISIONS[-1]]


def test_upgrading_twice_changes_nothing(url: str) -> None:
    upgrade(url)
    engine = create_engine(url)
    before = definitions(engine)
    engine.dispose()
    upgrade(url)
    engine = create_engine(url)

    assert definitions(engine) == before
    engine.dispose()


def test_an_empty_database_is_set_up_when_it_is_first_used(url: str) -> None:
    with SqlStore(url) as store:
        store.transact(Scope(clinic_id=CLINIC), lambda _: Decision(None, (PutVisit(visit()),)))
    with SqlDirectory(url, CLINIC) as directory:
        assert directory.get(PatientId("p-1")) is None


def test_a_database_of_an_older_version_is_refused_with_the_remedy(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(url)
    monkeypatch.setattr(schema, "REVISIONS", (*REVISIONS, "0002"))

    with pytest.raises(StoreError, match=r"version 0001 .* needs 0002.*omnibook db upgrade URL"):
        SqlStore(url)


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    upgrade(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE omnibook_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(StoreError, match=r"version 9999 .* newer than this omnibook"):
        SqlStore(url)
    with pytest.raises(StoreError, match="newer"):
        upgrade(url)


def test_a_database_of_somebody_else_is_refused_until_the_tables_are_asked_for(
    url: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "clinic.db")) as connection:
        connection.execute("CREATE TABLE theirs (id TEXT)")

    with pytest.raises(StoreError, match="none of omnibook's"):
        SqlStore(url)

    upgrade(url)
    with SqlStore(url) as store:
        assert store.read(DueNotices(clinic_id=CLINIC))[1] == ()


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
    with closing(sqlite3.connect(tmp_path / "clinic.db")) as connection:
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


# Statements --------------------------------------------------------------------------------------


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_engine(url)
    yield opened
    opened.dispose()


def everything(engine: Engine) -> None:
    """Every query and every write of the public API, on rows that are there."""
    records = (
        PutVisit(visit()),
        PutHold(hold("hold-1", 1, keys=("k-1",), source="s-1", patient="p-1")),
        PutAppointment(appointment("a-1", 3, keys=("k-1",), source="s-1")),
        PutAppointment(appointment("a-2", 5, patient="p-1")),
    )
    with SqlStore(engine, clock=ManualClock(NOW)) as store:
        store.transact(FULL, lambda _: Decision(None, records))
        queries: tuple[Query[Any], ...] = (
            ReadScope(FULL),
            AppointmentsWithin(clinic_id=CLINIC, span=hours(0, 9)),
            AppointmentsWithin(
                clinic_id=CLINIC, span=hours(0, 9), schedules=frozenset({SCHEDULE, ScheduleId("x")})
            ),
            FlagsOf(clinic_id=CLINIC, appointments=frozenset({"a-1", "a-2"})),
            DueNotices(clinic_id=CLINIC),
            DueEvents(clinic_id=CLINIC),
            DueOrders(clinic_id=CLINIC),
            AuditTrail(clinic_id=CLINIC, span=hours(0, 9)),
            AuditTrail(clinic_id=CLINIC, span=hours(0, 9), subject=SubjectKey("s-1")),
        )
        for query in queries:
            store.read(query)
    with SqlDirectory(engine, CLINIC) as directory:
        number = HealthNumber("CA-QC", "TREM04621918")
        keys = IdentityKeys.of(PERSON)
        directory.candidates(
            IdentityKeys(
                health_number=number, birth_date=keys.birth_date, contact_keys=keys.contact_keys
            )
        )
        directory.append_contacts(PatientId("p-1"), PERSON.contacts, order_id=OrderId("o-1"))
    with SqlScheduleSource(engine, CLINIC) as source:
        source.openings([SCHEDULE])


def statements(engine: Engine, run: Callable[[Engine], None]) -> list[tuple[str, Any, CacheStats]]:
    """What is sent to the tables meanwhile: text, values, and whether it was compiled before."""
    sent: list[tuple[str, Any, CacheStats]] = []

    def remember(
        _connection: Any, _cursor: Any, statement: str, values: Any, context: Any, many: bool
    ) -> None:
        if "clinic" in statement and "omnibook_version" not in statement:
            sent.append((statement, values[0] if many else values, context.cache_hit))

    event.listen(engine, "before_cursor_execute", remember)
    run(engine)
    event.remove(engine, "before_cursor_execute", remember)
    return sent


def test_every_statement_names_the_clinic(engine: Engine) -> None:
    upgrade(engine)
    sent: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    everything(engine)

    about_tables = [each for each in sent if re.match("SELECT|INSERT|UPDATE|DELETE", each)]
    ours = [each for each in about_tables if not re.search("omnibook_version|sqlite_master", each)]
    assert len(ours) > 40
    assert [each for each in ours if "clinic_id" not in each] == []


def test_every_statement_finds_its_rows_by_an_index(engine: Engine) -> None:
    upgrade(engine)
    plans: dict[str, list[str]] = {}
    sent = statements(engine, everything)
    with engine.connect() as connection:
        for statement, values, _ in sent:
            if not statement.startswith("INSERT"):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                plans[statement] = [row[-1] for row in rows]

    # The clinic alone is no search, but where one value, or all rows, of the clinic are meant.
    of_the_clinic = ("max(appointments.minutes)", "FROM clocks")
    slow = {
        statement: step
        for statement, plan in plans.items()
        for step in plan
        if re.match("SCAN", step)
        or (
            re.search(r"\(clinic_id=\?\)$", step)
            and not any(each in statement for each in of_the_clinic)
        )
    }
    assert len(plans) > 30
    assert slow == {}


@pytest.mark.parametrize("table", ["notices", "events", "contact_orders", "audit_events"])
def test_queues_and_trails_are_read_in_the_order_of_their_index(engine: Engine, table: str) -> None:
    upgrade(engine)
    sent = [each for each in statements(engine, everything) if f"FROM {table}" in each[0]]
    ordered = [each for each in sent if "ORDER BY" in each[0]]
    with engine.connect() as connection:
        plans = [
            [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
            for sql, values, _ in ordered
        ]

    assert plans
    assert not [plan for plan in plans if any("TEMP B-TREE" in step for step in plan)]


def test_a_statement_is_compiled_once_for_its_shape(engine: Engine) -> None:
    """SQLAlchemy 2.0 compiled each INSERT … ON CONFLICT anew; 2.1 keeps them."""
    upgrade(engine)
    everything(engine)

    again = statements(engine, everything)

    compiled = [sql for sql, _, hit in again if hit is not CacheStats.CACHE_HIT]
    assert [sql for sql in compiled if "ON CONFLICT" not in sql] == []


def test_no_statement_carries_a_value_of_its_own(engine: Engine) -> None:
    upgrade(engine)
    texts = " ".join(sql for sql, _, _ in statements(engine, everything))

    for value in ("Tremblay", "Marie", "marie@example.org", "+15145550123", "sore", "clinic-a"):
        assert value not in texts


def test_a_schedule_s_claims_are_found_without_reading_its_past(engine: Engine) -> None:
    """Claims never overlap, so that of those before the span one row is looked at (R40)."""
    scope = Scope(clinic_id=CLINIC, schedules={SCHEDULE: ALWAYS})
    with SqlStore(engine, clock=ManualClock(NOW)) as store:
        for number in range(60):
            booked = PutAppointment(appointment(f"a-{number}", number - 50))
            store.transact(scope, lambda _, booked=booked: Decision(None, (booked,)))  # type: ignore[misc]

    def effort(start: float) -> int:
        """How many steps SQLite takes to find the claims of one hour."""
        steps = count()
        with engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.set_progress_handler(lambda: next(steps) < 0, 1)
            span = hours(start, start + 1)
            values = {
                "clinic": CLINIC,
                "schedule": SCHEDULE,
                "starts": span.start,
                "ends": span.end,
            }
            found = connection.execute(CLAIMS, values).all()
            driver.set_progress_handler(None, 0)
        assert len(found) == 1
        return next(steps)

    first, last = effort(-50), effort(9)

    assert abs(last - first) < 60
