"""The made-up calendars as rows of a store's tables, and the raw driver that reads some of them.

Rows are written by the driver itself, in one transaction and without triggers; the patient and the
visit by omnibook. A search reads neither claims nor appointments (the rows that it reads are
counted), so of more than half a million appointments only the compact rows are written, unless all
is asked for: three million make a file of 2.6 GB.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import psycopg
from attrs import define, field, frozen
from availability_clinic import CLINIC_ID, PATIENT, SERVICE, TOKEN, schedule_id, visit
from availability_engine import Booked
from availability_workloads import DAY, NOW, Agenda, Workload
from sqlalchemy import make_url

import omnibook as ob
from omnibook.adapters.sql import SqlDirectory, SqlStore
from omnibook.daybits import packed
from omnibook.times import from_minute
from omnibook.transactions import Decision, PutVisit, Scope

MOST = 500_000
"""How many appointments are written as such."""
VERSION = 1_770_000_000_000_000
_CLAIMS = "clinic_id, owner_id, schedule_id, starts_at, ends_at, kind"
_BOOKED = "clinic_id, schedule_id, day, minutes"
_VERSIONS = "clinic_id, schedule_id, version"
_APPOINTMENTS = """
    INSERT INTO appointments (
        clinic_id, appointment_id, reference, service_id, schedule_id, starts_at, ends_at,
        activity_id, claimed_from, claimed_until, occupied_until, minutes, status, revision,
        patient_id, reason, details, contacts, contact_keys, language, messages, booked_at,
        booked_by_kind
    )
    SELECT
        clinic_id, owner_id, 'REFERENCE', '{service}', schedule_id, starts_at, ends_at,
        'care', starts_at, ends_at, ends_at, 30, 'booked', 1,
        'p-other', 'a sore throat', '', '[]', '[]', 'fr', {true}, '{now}',
        'system'
    FROM claims
"""


def fill(url: str, calendar: Workload, *, whole: bool = False) -> None:
    """Write the calendar, a patient and the patient's visit into an empty database."""
    whole = whole or calendar.bookings <= MOST
    with SqlStore(url, clock=ob.ManualClock(NOW)) as store, SqlDirectory(url, CLINIC_ID) as files:
        files.put(PATIENT)
        store.transact(Scope(clinic_id=CLINIC_ID), lambda _: Decision(None, (PutVisit(visit()),)))
    if make_url(url).get_backend_name() == "sqlite":
        _fill_sqlite(Path(str(make_url(url).database)), calendar, whole)
    else:
        _fill_postgres(dsn_of(url), calendar, whole)


def dsn_of(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _fill_sqlite(file: Path, calendar: Workload, whole: bool) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -1000000")
    connection.execute("BEGIN IMMEDIATE")
    later = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        " AND (type, tbl_name) IN (VALUES ('trigger', 'claims'), ('index', 'appointments'))"
    ).fetchall()
    for kind, name, _ in later:
        connection.execute(f"DROP {kind} {name}")
    for table, columns, rows in _tables(calendar, whole):
        marks = ", ".join("?" * len(columns.split(",")))
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608
    connection.execute(_APPOINTMENTS.format(service=SERVICE.service_id, true=1, now=_text_of_now()))
    for _, _, statement in later:
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _fill_postgres(dsn: str, calendar: Workload, whole: bool) -> None:
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        # Whoever writes by COPY knows what it does: foreign keys are not looked up.
        cursor.execute("SET session_replication_role = replica")
        for table, columns, rows in _tables(calendar, whole):
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                for row in rows:
                    copy.write_row(row)
        statement = _APPOINTMENTS.format(
            service=SERVICE.service_id, true="true", now=_text_of_now()
        )
        cursor.execute(statement.encode())
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _tables(calendar: Workload, whole: bool) -> Iterator[tuple[str, str, Iterator[Sequence[Any]]]]:
    """Each table with its columns and its rows, in the order of its key."""
    agendas = calendar.agendas
    versions = ((CLINIC_ID, schedule_id(each.number), VERSION) for each in agendas)
    yield "schedule_versions", _VERSIONS, iter(versions)
    yield "booked_days", _BOOKED, chain.from_iterable(map(_booked_rows, agendas))
    if whole:
        yield "claims", _CLAIMS, chain.from_iterable(map(_claim_rows, agendas))


def _claim_rows(agenda: Agenda) -> Iterator[Sequence[Any]]:
    name = schedule_id(agenda.number)
    for start, end in zip(agenda.starts, agenda.ends, strict=True):
        owner = f"00000000-0000-0000-{agenda.number:04x}-{start:012x}"
        yield CLINIC_ID, owner, name, _text(start), _text(end), "appointment"


def _booked_rows(agenda: Agenda) -> Iterator[Sequence[Any]]:
    name = schedule_id(agenda.number)
    for day, minutes in Booked(agenda).items():
        yield CLINIC_ID, name, day, packed(minutes)


@cache
def _text(minute: int) -> str:
    return f"{from_minute(minute):%Y-%m-%dT%H:%M}:00.000000Z"


def _text_of_now() -> str:
    return f"{NOW:%Y-%m-%dT%H:%M}:00.000000Z"


# The raw driver ----------------------------------------------------------------------------------

_KEYED = "SELECT * FROM {table} WHERE clinic_id = {mark} AND {key} = {mark}"
_VISIT = _KEYED.format(table="visits", key="visit_id", mark="{mark}")
_PATIENT = tuple(
    _KEYED.format(table="patients", key=key, mark="{mark}") for key in ("patient_id", "merged_into")
)
_READ_VERSIONS = "SELECT schedule_id, version FROM schedule_versions WHERE clinic_id = {mark}"
_READ_DAYS = (
    "SELECT schedule_id, day, minutes FROM booked_days WHERE clinic_id = {mark}"
    " AND schedule_id {among} AND day BETWEEN {mark} AND {mark}"
)


class Executes(Protocol):
    """A driver's connection."""

    def execute(self, statement: Any, parameters: Any = ..., /) -> Any: ...
    def close(self) -> None: ...


@frozen
class _Read:
    statement: Any
    values: Sequence[object]


@define(eq=False)
class RawReads:
    """What a search of two days needs, read by the driver and nothing else.

    The visit, the patient's file and what was merged into it, the versions of all schedules, and
    two compact rows of each schedule. Every row is fetched; nothing is made of them.
    """

    connection: Executes
    _reads: list[_Read] = field(factory=list)

    @classmethod
    def open(cls, url: str, calendar: Workload) -> "RawReads":
        names = [schedule_id(each.number) for each in calendar.agendas]
        today = calendar.now // DAY
        connection: Executes
        if make_url(url).get_backend_name() == "sqlite":
            connection = sqlite3.connect(str(make_url(url).database), isolation_level=None)
            marks = {"mark": "?", "among": "IN (SELECT value FROM json_each(?))"}
            listed: object = json.dumps(names)
        else:
            connection = psycopg.connect(dsn_of(url), autocommit=True)
            marks, listed = {"mark": "%s", "among": "= ANY(%s)"}, names
        made = cls(connection)
        made._add(_VISIT, marks, CLINIC_ID, TOKEN.visit_id)
        for each in _PATIENT:
            made._add(each, marks, CLINIC_ID, PATIENT.patient_id)
        made._add(_READ_VERSIONS, marks, CLINIC_ID)
        made._add(_READ_DAYS, marks, CLINIC_ID, listed, today, today + 1)
        return made

    def _add(self, statement: str, marks: dict[str, str], *values: object) -> None:
        self._reads.append(_Read(statement.format(**marks), values))

    def read(self) -> int:
        """Read everything; how many rows there were."""
        execute, rows = self.connection.execute, 0
        for each in self._reads:
            rows += len(execute(each.statement, each.values).fetchall())
        return rows

    def close(self) -> None:
        self.connection.close()
