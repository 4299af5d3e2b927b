"""Looking a database over: is it whole, and does it keep what the rules promise (R40)?

:func:`check_database` only reads, in one consistent state. It asks the engine whether the file is
sound, and then for what no store would write and a restored, damaged or edited database may hold:
claims of one schedule that overlap, holds and appointments without their claim, booked days that
say something else than the claims, and patient files with keys of another. What it finds is told by
codes and identifiers, never by a personal value.
"""

import heapq
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path

from attrs import field, frozen
from sqlalchemy import Connection, Table, and_, func, inspect, select, union
from sqlalchemy.exc import DatabaseError

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.check_files import files_with_other_keys
from omnibook.adapters.sql.engine import SQLITE, Database, parse_url
from omnibook.adapters.sql.failures import storage_failures
from omnibook.adapters.sql.schema import ensure_schema
from omnibook.booked_days import minutes_of, window_of
from omnibook.errors import StoreError
from omnibook.records import AppointmentStatus, ClaimKind, HoldState
from omnibook.times import Span

_MOST = 20
"""How many problems of one kind are told one by one."""

_NOT_THERE = (
    "there is no such database, or nothing is in it; check the URL, or make one with: omnibook db "
    "upgrade URL"
)

_FATAL = {"file.damaged", "table.missing"}
_COUNTED = (
    t.visits,
    t.holds,
    t.appointments,
    t.claims,
    t.busy_times,
    t.notices,
    t.events,
    t.contact_orders,
    t.flags,
    t.audit_events,
)


@frozen(kw_only=True)
class Fault:
    """Something that should not be: a stable code, the clinic, and the identifiers it is about."""

    code: str
    clinic_id: str = ""
    about: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"clinic {self.clinic_id}: " if self.clinic_id else ""
        return f"{self.code}: {where}{', '.join(self.about)}"


@frozen(kw_only=True)
class CheckReport:
    """What was found: how many rows there are of each kind, and every fault, up to 20 of a kind."""

    engine: str
    counts: dict[str, int] = field(factory=dict[str, int], hash=False)
    faults: tuple[Fault, ...] = ()


def check_database(target: str) -> CheckReport:
    """Look over the database of a URL.

    Raises :class:`~omnibook.errors.InvalidValue` for no such URL, and
    :class:`~omnibook.errors.StoreError` when it cannot be opened or has another version of the
    schema.
    """
    ensure_there(target)
    database = Database.open(target)
    try:
        ensure_schema(database)
        with database.reading() as connection, storage_failures():
            faults = list(_engine_faults(database, connection))
            if any(fault.code in _FATAL for fault in faults):
                # Nothing that is read from it means anything.
                return CheckReport(engine=database.dialect, faults=tuple(_few(faults)))
            faults += _rule_faults(connection)
            counts = {
                table.name: connection.scalar(select(func.count()).select_from(table)) or 0
                for table in _COUNTED
            }
            return CheckReport(engine=database.dialect, counts=counts, faults=tuple(_few(faults)))
    finally:
        database.close()


def ensure_there(target: str) -> None:
    """Refuse a database that is not there, or is empty: opening would make a new one.

    Raises :class:`~omnibook.errors.StoreError` with the remedy.
    """
    file = parse_url(target).database
    if parse_url(target).get_backend_name() == SQLITE and not Path(str(file)).is_file():
        raise StoreError(_NOT_THERE)
    database = Database.open(target)
    try:
        with database.reading() as connection, storage_failures():
            if not inspect(connection).get_table_names():
                raise StoreError(_NOT_THERE)
    finally:
        database.close()


def _few(faults: list[Fault]) -> Iterator[Fault]:
    """At most so many of a kind; the last one says how many more there are."""
    seen = Counter[str]()
    for fault in faults:
        seen[fault.code] += 1
        if seen[fault.code] <= _MOST:
            yield fault
    for code, count in seen.items():
        if count > _MOST:
            yield Fault(code=code, about=(f"and {count - _MOST} more",))


# The engine --------------------------------------------------------------------------------------


def _engine_faults(database: Database, connection: Connection) -> Iterator[Fault]:
    if database.dialect == SQLITE:
        damage = list(_damage(connection))
        yield from damage
        if damage:
            return
        for table_name, rowid, *_ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            yield Fault(code="reference.broken", about=(f"{table_name} row {rowid}",))
    present = set(inspect(connection).get_table_names())
    for table in t.metadata.sorted_tables:
        if table.name not in present:
            yield Fault(code="table.missing", about=(table.name,))
        else:
            yield from _constraint_faults(database.dialect, connection, table)


def _damage(connection: Connection) -> Iterator[Fault]:
    """What SQLite finds wrong with its file: it names pages, tables and indexes, and no value."""
    try:
        for (told,) in connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST})"):
            if told != "ok":
                yield Fault(code="file.damaged", about=(str(told),))
    except DatabaseError:
        yield Fault(code="file.damaged", about=("too much to be looked over",))


def _constraint_faults(dialect: str, connection: Connection, table: Table) -> Iterator[Fault]:
    """What was taken away from a table: restored without its indexes, or altered by hand."""
    look = inspect(connection)
    indexes = {each["name"] for each in look.get_indexes(table.name)}
    for index in table.indexes:
        if index.name not in indexes:
            yield Fault(code="index.missing", about=(str(index.name),))
    if not look.get_pk_constraint(table.name)["constrained_columns"]:
        yield Fault(code="constraint.missing", about=(f"{table.name}: primary key",))
    wanted = len(table.foreign_key_constraints)
    if len(look.get_foreign_keys(table.name)) < wanted:
        yield Fault(code="constraint.missing", about=(f"{table.name}: foreign key",))
    if table is t.claims:
        yield from _guard_faults(dialect, connection)


def _guard_faults(dialect: str, connection: Connection) -> Iterator[Fault]:
    """The database's own guard against two claims at once, which the schema's version makes."""
    if dialect == SQLITE:
        wanted = 2
        asked = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'claims'"
    else:
        wanted = 1
        asked = (
            "SELECT count(*) FROM pg_constraint "
            "WHERE conrelid = 'claims'::regclass AND contype = 'x' AND convalidated"
        )
    if (connection.exec_driver_sql(asked).scalar() or 0) < wanted:
        yield Fault(code="constraint.missing", about=("claims: no two overlap",))


# The rules ---------------------------------------------------------------------------------------


def _rule_faults(connection: Connection) -> Iterator[Fault]:
    now = _now(connection)
    yield from _overlaps(connection, now)
    yield from _holds_without_claim(connection, now)
    yield from _appointments_without_claim(connection)
    yield from _claims_of_nobody(connection, now)
    yield from _booked_days_that_differ(connection)
    yield from _schedules_without_version(connection)
    for clinic_id, there, differing in files_with_other_keys(connection):
        told = f"{differing} of {there} files; put each again with SqlDirectory.put"
        yield Fault(code="file.keys-differ", clinic_id=clinic_id, about=(told,))


def _now(connection: Connection) -> datetime:
    if connection.dialect.name == SQLITE:
        stored = connection.scalar(select(func.max(t.clocks.c.last_at)))
        return max(SystemClock().now(), stored) if stored else SystemClock().now()
    now: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return now


def _overlaps(connection: Connection, now: datetime) -> Iterator[Fault]:
    """Two claims of one schedule that overlap (R40); a lapsed one counts for nothing."""
    claims = t.claims.c
    rows = connection.execution_options(stream_results=True).execute(
        select(
            claims.clinic_id,
            claims.schedule_id,
            claims.owner_id,
            claims.starts_at,
            claims.ends_at,
            claims.expires_at,
        ).order_by(claims.clinic_id, claims.schedule_id, claims.starts_at, claims.ends_at)
    )
    schedule: tuple[str, str] | None = None
    owner, ends_at = "", now
    for row in rows:
        if row.expires_at is not None and row.expires_at <= now:
            continue
        same = schedule == (row.clinic_id, row.schedule_id)
        if same and row.starts_at < ends_at:
            yield Fault(
                code="claims.overlap",
                clinic_id=row.clinic_id,
                about=(f"schedule {row.schedule_id}", owner, row.owner_id),
            )
        if not same or row.ends_at > ends_at:
            schedule = (row.clinic_id, row.schedule_id)
            owner, ends_at = row.owner_id, row.ends_at


def _holds_without_claim(connection: Connection, now: datetime) -> Iterator[Fault]:
    """A live hold claims its time (R33, R40)."""
    holds, claims = t.holds.c, t.claims.c
    found = connection.execute(
        select(holds.clinic_id, holds.hold_id)
        .select_from(
            t.holds.outerjoin(
                t.claims,
                and_(
                    claims.clinic_id == holds.clinic_id,
                    claims.owner_id == holds.hold_id,
                    claims.kind == ClaimKind.HOLD.value,
                    claims.schedule_id == holds.schedule_id,
                    claims.starts_at == holds.claimed_from,
                    claims.ends_at == holds.claimed_until,
                    claims.expires_at == holds.expires_at,
                ),
            )
        )
        .where(holds.state == HoldState.HELD.value)
        .where(holds.expires_at > now)
        .where(claims.owner_id.is_(None))
        .order_by(holds.clinic_id, holds.hold_id)
    )
    for clinic_id, hold_id in found:
        yield Fault(code="hold.without-claim", clinic_id=clinic_id, about=(hold_id,))


_OCCUPYING = [status.value for status in AppointmentStatus if status.occupies]


def _appointments_without_claim(connection: Connection) -> Iterator[Fault]:
    """An appointment that is not cancelled claims its time (R40)."""
    booked, claims = t.appointments.c, t.claims.c
    found = connection.execute(
        select(booked.clinic_id, booked.appointment_id)
        .select_from(
            t.appointments.outerjoin(
                t.claims,
                and_(
                    claims.clinic_id == booked.clinic_id,
                    claims.owner_id == booked.appointment_id,
                    claims.kind == ClaimKind.APPOINTMENT.value,
                    claims.schedule_id == booked.schedule_id,
                    claims.starts_at == booked.claimed_from,
                    claims.ends_at == booked.claimed_until,
                ),
            )
        )
        .where(booked.status.in_(_OCCUPYING))
        .where(claims.owner_id.is_(None))
        .order_by(booked.clinic_id, booked.appointment_id)
    )
    for clinic_id, appointment_id in found:
        yield Fault(code="appointment.without-claim", clinic_id=clinic_id, about=(appointment_id,))


def _claims_of_nobody(connection: Connection, now: datetime) -> Iterator[Fault]:
    """A claim that counts is a live hold's, or an appointment's that occupies its time (R40)."""
    claims, holds, booked = t.claims.c, t.holds.c, t.appointments.c
    of_hold = and_(
        holds.clinic_id == claims.clinic_id,
        holds.hold_id == claims.owner_id,
        holds.state == HoldState.HELD.value,
        claims.kind == ClaimKind.HOLD.value,
    )
    of_appointment = and_(
        booked.clinic_id == claims.clinic_id,
        booked.appointment_id == claims.owner_id,
        booked.status.in_(_OCCUPYING),
        claims.kind == ClaimKind.APPOINTMENT.value,
    )
    found = connection.execute(
        select(claims.clinic_id, claims.owner_id)
        .select_from(t.claims.outerjoin(t.holds, of_hold).outerjoin(t.appointments, of_appointment))
        .where(holds.hold_id.is_(None))
        .where(booked.appointment_id.is_(None))
        .where((claims.expires_at.is_(None)) | (claims.expires_at > now))
        .order_by(claims.clinic_id, claims.owner_id)
    )
    for clinic_id, owner_id in found:
        yield Fault(code="claim.without-owner", clinic_id=clinic_id, about=(owner_id,))


_Day = tuple[str, str, int]
"""A clinic, a schedule and a UTC day."""


def _booked_days_that_differ(connection: Connection) -> Iterator[Fault]:
    """A search is told of appointments what they claim, and nothing else (R27, R40)."""
    days = t.booked_days.c
    found = connection.execution_options(stream_results=True).execute(
        select(days.clinic_id, days.schedule_id, days.day, days.minutes).order_by(
            days.clinic_id, days.schedule_id, days.day
        )
    )
    kept = (((row.clinic_id, row.schedule_id, row.day), row.minutes) for row in found)
    for (clinic_id, schedule_id, day), told, claimed in _side_by_side(kept, _claimed(connection)):
        if told != claimed:
            date = window_of(day, day).start.date().isoformat()
            yield Fault(
                code="booked-day.differs",
                clinic_id=clinic_id,
                about=(f"schedule {schedule_id}", date),
            )


def _claimed(connection: Connection) -> Iterator[tuple[_Day, int]]:
    """The minutes of each day that appointments claim, in order."""
    claims = t.claims.c
    rows = connection.execution_options(stream_results=True).execute(
        select(claims.clinic_id, claims.schedule_id, claims.starts_at, claims.ends_at)
        .where(claims.kind == ClaimKind.APPOINTMENT.value)
        .order_by(claims.clinic_id, claims.schedule_id, claims.starts_at)
    )
    for (clinic_id, schedule_id), mine in groupby(rows, key=lambda row: row[:2]):
        claimed: dict[int, int] = {}
        for row in mine:
            for day, minutes in minutes_of(Span(row.starts_at, row.ends_at)):
                claimed[day] = claimed.get(day, 0) | minutes
        for day, minutes in sorted(claimed.items()):
            yield (clinic_id, schedule_id, day), minutes


def _side_by_side(
    kept: Iterator[tuple[_Day, int]], claimed: Iterator[tuple[_Day, int]]
) -> Iterator[tuple[_Day, int, int]]:
    """Both as they stand, each in order; 0 where one has nothing."""
    sides = heapq.merge(((day, 0, bits) for day, bits in kept), ((d, 1, b) for d, b in claimed))
    for day, rows in groupby(sides, key=lambda each: each[0]):
        told = {side: bits for _, side, bits in rows}
        yield day, told.get(0, 0), told.get(1, 0)


def _schedules_without_version(connection: Connection) -> Iterator[Fault]:
    """What stands on a schedule is told under a version, or is never read again."""
    versions = t.schedule_versions.c
    standing = union(
        *(
            select(each.c.clinic_id, each.c.schedule_id)
            for each in (t.booked_days, t.busy_times, t.desk_openings, t.desk_closures)
        )
    ).subquery("standing")
    found = connection.execute(
        select(standing.c.clinic_id, standing.c.schedule_id)
        .select_from(
            standing.outerjoin(
                t.schedule_versions,
                and_(
                    versions.clinic_id == standing.c.clinic_id,
                    versions.schedule_id == standing.c.schedule_id,
                ),
            )
        )
        .where(versions.version.is_(None))
        .order_by(standing.c.clinic_id, standing.c.schedule_id)
    )
    for clinic_id, schedule_id in found:
        yield Fault(code="schedule.without-version", clinic_id=clinic_id, about=(schedule_id,))
