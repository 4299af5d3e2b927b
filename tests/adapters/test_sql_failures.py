"""What goes wrong with a database file is told in plain words, and nothing is half-written."""

import logging
import multiprocessing
import os
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import create_engine, event

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import (
    AsyncSqlStore,
    SqlDirectory,
    SqlStore,
    engine,
    has_wal_reset_bug,
    open_engine,
)
from omnibook.errors import Contention, InvalidValue, StoreError
from omnibook.ids import ClinicId, HoldId, PatientId, VisitId
from omnibook.patient import Patient
from omnibook.ports import DueNotices, ReadScope, Store
from omnibook.testing.samples import CLINIC, NOW, PERSON, SCHEDULE, at, hold, hours, visit
from omnibook.transactions import Decision, PutHold, PutVisit, Scope, Snapshot
from support.sql_stores import EVERYWHERE, Outrun, assert_nobody_is_inside, keep, opened

DAY = {SCHEDULE: hours(-24, 24)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clinic.db"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture(params=["sqlite", "sqlite async"])
def store(
    request: pytest.FixtureRequest,
    file: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Store]:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", 1)
    with opened(request.param, f"sqlite:///{file}", clock) as made:
        yield made


def kept(store: Store) -> Snapshot:
    scope = Scope(clinic_id=CLINIC, schedules=DAY, visit=VisitId("visit-1"), hold=HoldId("hold-1"))
    return store.read(ReadScope(scope))[1]


# URLs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "clinic.db",
        "",
        "mysql://clinic:hunter2@db.example.org/clinic",
        "postgresql+psycopg2://clinic:hunter2@db.example.org/clinic",
        "sqlite+pysqlcipher:///clinic.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite:///clinic.db:hunter2:port\ud800",
    ],
)
def test_what_is_no_url_of_a_file_or_of_postgresql_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((InvalidValue, StoreError)) as refused:
        SqlStore(url)
    with pytest.raises((InvalidValue, StoreError)):
        AsyncSqlStore(url)

    assert list(tmp_path.iterdir()) == []
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


def test_an_engine_of_another_database_is_refused() -> None:
    other = create_engine("sqlite://")
    other.dialect.name = "mysql"

    with pytest.raises(InvalidValue, match="only SQLite"):
        SqlStore(other)


def test_an_engine_in_memory_is_refused() -> None:
    made = create_engine("sqlite://")

    with pytest.raises(InvalidValue, match="MemoryStore"):
        SqlStore(made)

    made.dispose()


def test_a_folder_that_is_not_there_is_named_as_the_cause(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be opened.*folder"):
        SqlStore(f"sqlite:///{tmp_path / 'missing' / 'clinic.db'}")


def test_a_file_of_another_kind_is_refused(file: Path) -> None:
    file.write_text("Dear diary, " * 1000, encoding="utf-8")

    with pytest.raises(StoreError, match="no SQLite database"):
        SqlStore(f"sqlite:///{file}")


# Engines -----------------------------------------------------------------------------------------


def test_adapters_share_an_engine_and_leave_it_open(file: Path) -> None:
    shared = open_engine(f"sqlite:///{file}")
    with SqlStore(shared) as store, SqlDirectory(shared, CLINIC) as directory:
        directory.put(Patient(patient_id=PatientId("p-1")))
        assert "clinic.db" in repr(store)
        assert "/" not in repr(directory)

    with shared.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM patients").scalar() == 1
    shared.dispose()


def test_an_engine_of_the_host_gets_the_settings(file: Path) -> None:
    theirs = create_engine(f"sqlite:///{file}", hide_parameters=False)
    # A connection that is in its pool already gets them too.
    theirs.connect().close()
    with SqlStore(theirs) as store:
        keep(store, PutVisit(visit()))
        with theirs.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    theirs.dispose()

    assert theirs.hide_parameters


def test_a_store_that_was_closed_can_be_closed_again(file: Path) -> None:
    store = SqlStore(f"sqlite:///{file}")
    keep(store, PutVisit(visit()))
    log = file.with_name(f"{file.name}-wal")
    assert log.exists()

    for _ in range(2):
        store.close()
        # SQLite folds the log into the file when the last connection is gone.
        assert not log.exists()

    with SqlStore(f"sqlite:///{file}") as again:
        assert kept(again).visit == visit()


@pytest.mark.parametrize("url", ["sqlite:///{}", "sqlite+pysqlite:///{}", "sqlite+aiosqlite:///{}"])
def test_a_url_may_name_either_driver(url: str, file: Path) -> None:
    with SqlStore(url.format(file)) as plain:
        keep(plain, PutVisit(visit()))
        with opened("sqlite async", url.format(file), None) as awaited:
            assert kept(awaited).visit == visit()


def _read_in_child(store: Store, answers: Any) -> None:
    keep(store, PutHold(hold("hold-1")))
    answers.send(set(kept(store).holds))
    answers.close()
    # Neither tests' nor SQLite's ends belong into the copy of a process.
    os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_opens_connections_of_its_own(file: Path, clock: ManualClock) -> None:
    store = SqlStore(f"sqlite:///{file}", clock=clock)
    keep(store, PutVisit(visit()))
    mine, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_read_in_child, args=(store, theirs))
    child.start()
    theirs.close()

    assert mine.poll(60)
    assert mine.recv() == {"hold-1"}
    child.join(60)
    assert set(kept(store).holds) == {"hold-1"}
    store.close()


# Failures ----------------------------------------------------------------------------------------


def test_a_read_only_database_answers_and_refuses_writes(file: Path, store: Store) -> None:
    keep(store, PutVisit(visit()))

    with SqlStore(f"sqlite:///file:{file}?mode=ro&uri=true") as reader:
        assert kept(reader).visit == visit()
        with pytest.raises(StoreError, match="cannot be written") as refused:
            keep(reader, PutHold(hold()))

    assert not isinstance(refused.value, Contention)
    assert kept(store).holds == {}


def test_a_database_that_another_program_keeps_locked_is_contention(
    file: Path, store: Store
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Contention, match="another program"):
            keep(store, PutVisit(visit()))
        assert kept(store).visit is None
        other.execute("ROLLBACK")

    keep(store, PutVisit(visit()))
    assert kept(store).visit == visit()


def test_a_full_disk_is_named_and_nothing_is_half_written(file: Path, clock: ManualClock) -> None:
    made = open_engine(f"sqlite:///{file}")
    store = SqlStore(made, clock=clock)
    made.dispose()

    @event.listens_for(made, "connect")
    def no_room(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # as many as there are

    large = evolve(hold(), entries=evolve(hold().entries, details="x" * 100_000))
    with pytest.raises(StoreError, match=r"disk .* is full"):
        keep(store, PutVisit(visit()), PutHold(large))

    snapshot = kept(store)
    assert (snapshot.visit, snapshot.holds, snapshot.schedules[SCHEDULE].claims) == (None, {}, ())
    made.dispose()


def test_a_missing_table_is_a_failure_of_the_store_without_personal_values(
    file: Path, store: Store
) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("DROP TABLE hold_keys")

    with pytest.raises(StoreError, match="the database failed") as refused:
        keep(store, PutVisit(visit()), PutHold(hold(patient="p-1", keys=("k-1",))))

    assert kept(store).visit is None
    told = "".join(traceback.format_exception(refused.value))
    for value in (PERSON.first_name, PERSON.last_name, "2004-12-19", "5550123", "marie@"):
        assert value not in told
    with closing(sqlite3.connect(file)) as other:
        other.execute("DROP TABLE visits")
    with pytest.raises(StoreError, match="the database failed"):
        kept(store)


def test_a_broken_constraint_is_a_failure_of_the_store_without_personal_values(
    file: Path, store: Store
) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON visits BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

    with pytest.raises(StoreError, match="breaks its constraints") as refused:
        keep(store, PutVisit(visit()))

    assert PERSON.last_name not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("reason", ["half \ud800 a character"])
def test_a_text_that_cannot_be_stored_is_refused_without_repeating_it(
    store: Store, reason: str
) -> None:
    entries = evolve(hold().entries, reason=reason)

    with pytest.raises(StoreError, match="lone surrogate") as refused:
        keep(store, PutVisit(visit()), PutHold(evolve(hold(), entries=entries)))

    assert "half \\ud800" not in "".join(traceback.format_exception(refused.value))
    assert refused.value.__cause__ is None
    assert kept(store).visit is None


def test_a_gate_that_cannot_be_opened_is_a_failure_of_the_store(file: Path, store: Store) -> None:
    gate = file.with_name("clinic.db-gate")
    gate.unlink()
    gate.mkdir()

    with pytest.raises(StoreError, match="files cannot be used"):
        keep(store, PutVisit(visit()))

    gate.rmdir()
    keep(store, PutVisit(visit()))


@pytest.mark.skipif(sys.platform == "win32", reason="another kind of lock")
def test_only_a_decision_that_lost_a_race_is_made_behind_the_gate(
    file: Path, store: Store, clock: ManualClock
) -> None:
    import fcntl

    closed: list[bool] = []

    def decide(_: Snapshot) -> Decision[None]:
        with file.with_name("clinic.db-gate").open("rb") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                closed.append(True)
            else:
                closed.append(False)
        return Decision(None, (PutVisit(visit()),))

    keep(store, PutHold(hold()))
    with SqlStore(f"sqlite:///{file}", clock=clock) as faster:
        store.transact(EVERYWHERE, Outrun(decide, lambda: keep(faster, PutHold(hold()))))

    assert closed == [False, True]


def test_a_damaged_file_is_named_and_what_is_whole_of_it_is_kept(file: Path) -> None:
    with SqlStore(f"sqlite:///{file}") as store:
        for number in range(40):
            keep(store, PutVisit(visit(f"visit-{number}")))
    with sqlite3.connect(file) as connection:
        root = "SELECT rootpage FROM sqlite_master WHERE name = 'visits'"
        page = connection.execute(root).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with file.open("r+b") as damaged:
        damaged.seek((page - 1) * size)
        damaged.write(b"\xff" * size)

    with SqlStore(f"sqlite:///{file}") as store:
        with pytest.raises(StoreError, match=r"damaged.*backup"):
            kept(store)
        with pytest.raises(StoreError, match="damaged"):
            keep(store, PutVisit(visit()))
        assert store.read(DueNotices(clinic_id=CLINIC))[1] == ()
        assert_nobody_is_inside(f"sqlite:///{file}")


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((4, 0, 0), False),
    ],
)
def test_the_versions_with_the_wal_reset_bug_are_known(
    version: tuple[int, int, int], *, affected: bool
) -> None:
    assert has_wal_reset_bug(version) is affected


# The clock ---------------------------------------------------------------------------------------


def now_of(store: Store, clinic: ClinicId = CLINIC) -> datetime:
    return store.read(DueNotices(clinic_id=clinic))[0]


def test_time_never_runs_backwards_even_across_a_restart(
    file: Path, store: Store, clock: ManualClock
) -> None:
    """R34."""
    keep(store, PutVisit(visit()))
    clock.set(NOW - timedelta(minutes=59))

    assert now_of(store) == NOW
    with SqlStore(f"sqlite:///{file}", clock=clock) as again:
        assert now_of(again) == NOW
        seen: list[datetime] = []

        def decide(snapshot: Snapshot) -> Decision[None]:
            seen.append(snapshot.now)
            return Decision(None, (PutVisit(visit()),))

        again.transact(Scope(clinic_id=CLINIC), decide)

    assert seen == [NOW]
    assert now_of(store, ClinicId("clinic-b")) == NOW - timedelta(minutes=59)


def test_a_clock_set_back_by_more_than_an_hour_is_believed_with_a_warning(
    store: Store, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.set(at(24 * 365))
    keep(store, PutVisit(visit()))
    clock.set(NOW)

    with caplog.at_level(logging.WARNING, logger="omnibook.sql"):
        assert now_of(store) == NOW
        assert caplog.records == []
        keep(store, PutHold(hold()))
        keep(store, PutHold(hold()))

    assert [record.name for record in caplog.records] == ["omnibook.sql"]
    assert "set back" in caplog.text
    assert now_of(store) == NOW


def test_instants_are_kept_to_the_microsecond(store: Store) -> None:
    """A hold that lapses in half a second is live until then, and not after (R34)."""
    precise = evolve(hold(), expires_at=NOW + timedelta(microseconds=500_001))
    keep(store, PutHold(precise))

    assert kept(store).holds[HoldId("hold-1")] == precise
