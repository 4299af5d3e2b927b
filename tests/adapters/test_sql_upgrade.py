"""A database of an older version is upgraded, and a search is told what stands in it (R27, R40)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import SqlStore, upgrade
from omnibook.adapters.sql.check import check_database
from omnibook.adapters.sql.columns import instant_text
from omnibook.daybits import day_of
from omnibook.ids import ScheduleId
from omnibook.ports import Query, ReadDays, ReadOutlook
from omnibook.records import Busy
from omnibook.testing.oracle import Oracle
from omnibook.testing.samples import (
    CLINIC,
    EVERYTHING,
    NOW,
    OTHER,
    SCHEDULE,
    appointment,
    at,
    cancelled,
    closure,
    hold,
    hours,
    keep,
    opening,
    visit,
)
from omnibook.times import Span, to_minute
from omnibook.transactions import (
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutHold,
    PutVisit,
    ReplaceBusy,
    Scope,
    Write,
)
from support.sql_stores import is_sqlite, migrate, raw

TODAY = day_of(to_minute(NOW))
TABLES = ("visits", "holds", "claims", "appointments", "desk_openings", "desk_closures")
LATER = {
    "presence_at",
    "presence_by_kind",
    "presence_by_staff_id",
    "moved_at",
    "moved_by_kind",
    "moved_by_staff_id",
    "old_revision",
    "old_service_id",
    "old_schedule_id",
    "old_starts_at",
    "old_ends_at",
}
"""The columns that these tables did not have then."""
ROOMS = frozenset({SCHEDULE, OTHER, ScheduleId("nobody")})
BUSY = (
    Busy(span=hours(1, 2), schedule_id=SCHEDULE, busy_id="hour"),
    Busy(span=hours(-50, 50), schedule_id=SCHEDULE, busy_id="days"),
    Busy(span=Span(at(3), at(27) + timedelta(seconds=1)), schedule_id=SCHEDULE, busy_id="longer"),
    Busy(span=Span(at(4), at(28)), schedule_id=SCHEDULE, busy_id="day"),
)
BOOKED: tuple[Write, ...] = (
    PutVisit(visit()),
    PutHold(hold("held", 5)),
    PutHold(hold("lapsed", 7, minutes=-5)),
    PutAppointment(appointment("night", 9.5)),
    PutAppointment(appointment("wide", 12, length=60, claimed=hours(11, 72.5))),
    PutAppointment(appointment("there", 1, schedule=OTHER)),
    PutAppointment(cancelled(appointment("gone", 3))),
    PutDeskOpening(opening()),
    PutDeskClosure(closure()),
)
QUERIES: tuple[Query[Any], ...] = (
    ReadOutlook(scope=EVERYTHING),
    ReadDays(clinic_id=CLINIC, schedules=ROOMS, first=TODAY - 3, last=TODAY + 4),
    ReadDays(clinic_id=CLINIC, schedules=ROOMS, first=TODAY + 1, last=TODAY + 1),
)


@pytest.fixture
def old(database_url: str, tmp_path: Path, clock: ManualClock) -> str:
    """A database of version 0002 in which something stands, as the store of 0002 kept it.

    The rows are those of a store of today, in the tables of 0002.
    """
    migrate(database_url, "0002")
    today = f"sqlite:///{tmp_path / 'today.db'}"
    with SqlStore(today, clock=clock) as store:
        keep(store, *BOOKED, PutAppointment(appointment("held", 5, schedule=OTHER)))
    lite = is_sqlite(database_url)
    mark = "?" if lite else "%s"
    with raw(today) as source, raw(database_url) as target:
        target.execute("BEGIN")
        for table in (
            "visits",
            "holds",
            "claims",
            "appointments",
            "desk_openings",
            "desk_closures",
        ):
            found = source.execute(f"PRAGMA table_info({table})").fetchall()
            columns = [row[1] for row in found if row[1] not in LATER]
            flags = [n for n, name in enumerate(columns) if name in {"messages", "done"}]
            for row in source.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall():  # noqa: S608
                values = list(row)
                for n in () if lite else flags:
                    values[n] = bool(values[n])
                target.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608
                    f"VALUES ({', '.join([mark] * len(columns))})",
                    values,
                )
        for busy in BUSY:
            bounds = [
                instant_text(each) if lite else each for each in (busy.span.start, busy.span.end)
            ]
            target.execute(
                "INSERT INTO busy_times (clinic_id, schedule_id, busy_id, starts_at, ends_at) "  # noqa: S608
                f"VALUES ({', '.join([mark] * 5)})",
                [CLINIC, SCHEDULE, busy.busy_id, *bounds],
            )
        target.execute("COMMIT")
    return database_url


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def test_a_search_is_told_what_stood_before_the_upgrade(old: str, clock: ManualClock) -> None:
    """R27, R34, R40: on every engine."""
    oracle = Oracle()
    whole = Span(at(-9_000), at(9_000))
    words = (
        *BOOKED,
        PutAppointment(appointment("held", 5, schedule=OTHER)),
        ReplaceBusy(schedule_id=SCHEDULE, span=whole, busy=BUSY),
    )
    assert oracle.keep(EVERYTHING, words, NOW)

    upgrade(old)

    assert check_database(old).faults == ()
    with SqlStore(old, clock=clock) as store:
        outlook = store.read(ReadOutlook(scope=Scope(clinic_id=CLINIC)))[1]
        assert outlook.versions.keys() == {SCHEDULE, OTHER}
        assert all(outlook.versions.values())
        for query in QUERIES:
            answer: Any = store.read(query)[1]
            promised: Any = oracle.answer(query, NOW)
            if isinstance(query, ReadOutlook):
                assert (answer.snapshot, answer.holds) == (promised.snapshot, promised.holds)
                continue
            for room, days in answer.items():
                assert days.version == outlook.versions.get(room, 0)
                assert (days.booked, days.busy) == (promised[room].booked, promised[room].busy)
                assert days.openings == promised[room].openings
                assert days.closures == promised[room].closures
        keep(store, PutAppointment(cancelled(appointment("night", 9.5))))
        after = store.read(ReadOutlook(scope=Scope(clinic_id=CLINIC)))[1].versions
        assert after[SCHEDULE] > outlook.versions[SCHEDULE]
        assert after[OTHER] == outlook.versions[OTHER]
    assert check_database(old).faults == ()


def test_an_upgraded_database_knows_as_much_of_its_tables_as_a_new_one(
    old: str, tmp_path: Path
) -> None:
    """SQLite plans by what it is told of the tables when they are made."""
    if not is_sqlite(old):
        pytest.skip("PostgreSQL looks for itself")
    made = f"sqlite:///{tmp_path / 'new.db'}"
    for url in (old, made):
        upgrade(url)

    def known(url: str) -> set[tuple[str, str]]:
        with raw(url) as connection:
            return set(connection.execute("SELECT tbl, idx FROM sqlite_stat1").fetchall())

    assert known(old) == known(made)
    assert {table for table, _ in known(made)} >= {"booked_days", "busy_times", "holds"}
