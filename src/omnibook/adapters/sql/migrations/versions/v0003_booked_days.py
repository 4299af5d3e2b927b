# ruff: noqa: E501
"""Booked days and versions for searching; live holds and long busy times by an index.

What is booked already is filled in. A migration is history: it is never edited once a version with
it was released.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.sql.columns import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_DAY = 1440
_BATCH = 1_000


def upgrade() -> None:
    """Make the tables, and fill them from what stands."""
    _tables()
    if op.get_bind().dialect.name == "postgresql":
        _busy_minutes_on_postgresql()
    else:
        _busy_minutes_on_sqlite()
    op.create_index(
        "busy_times_of_days_ix",
        "busy_times",
        ["clinic_id", "schedule_id", "ends_at"],
        unique=False,
        sqlite_where=sa.text("minutes > 1440"),
        postgresql_where=sa.text("minutes > 1440"),
    )
    op.create_index(
        "holds_held_ix",
        "holds",
        ["clinic_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    _fill_booked_days()
    _fill_versions()
    if op.get_bind().dialect.name == "sqlite":
        _tell_the_planner_of_sqlite()


def _tables() -> None:
    op.create_table(
        "booked_days",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("minutes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "schedule_id", "day", name=op.f("booked_days_pk")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "schedule_versions",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "schedule_id", name=op.f("schedule_versions_pk")),
        sqlite_with_rowid=False,
    )


# How long a busy time is -------------------------------------------------------------------------


def _busy_minutes_on_postgresql() -> None:
    op.add_column("busy_times", sa.Column("minutes", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE busy_times SET minutes = ceil(extract(epoch FROM ends_at - starts_at) / 60)::integer"
    )
    op.alter_column("busy_times", "minutes", nullable=False)
    op.create_check_constraint(op.f("busy_times_minutes_ck"), "busy_times", "minutes > 0")


def _busy_minutes_on_sqlite() -> None:
    # SQLite adds no column that is neither empty nor has a default: the table is made anew.
    index = op.f("busy_times_clinic_id_schedule_id_ends_at_ix")
    op.drop_index(index, "busy_times")
    op.rename_table("busy_times", "busy_times_0002")
    op.create_table(
        "busy_times",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("busy_id", _TEXT, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("busy_times_starts_at_ends_at_ck")),
        sa.CheckConstraint("minutes > 0", name=op.f("busy_times_minutes_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "schedule_id", "busy_id", name=op.f("busy_times_pk")),
        sqlite_with_rowid=False,
    )
    # Julian days are exact to a tenth of a millisecond: any part of a minute counts as one.
    op.execute(
        """
        INSERT INTO busy_times (clinic_id, schedule_id, busy_id, starts_at, ends_at, minutes)
        SELECT clinic_id, schedule_id, busy_id, starts_at, ends_at,
            max(1, CAST((julianday(ends_at) - julianday(starts_at)) * 1440 + 0.9999 AS INTEGER))
        FROM busy_times_0002
        """
    )
    op.drop_table("busy_times_0002")
    op.create_index(index, "busy_times", ["clinic_id", "schedule_id", "ends_at"], unique=False)


# What stands already -----------------------------------------------------------------------------

_claims = sa.table(
    "claims",
    sa.column("clinic_id", _TEXT),
    sa.column("schedule_id", _TEXT),
    sa.column("starts_at", Instant()),
    sa.column("ends_at", Instant()),
    sa.column("kind", _TEXT),
)
_booked_days = sa.table(
    "booked_days",
    sa.column("clinic_id", _TEXT),
    sa.column("schedule_id", _TEXT),
    sa.column("day", sa.Integer()),
    sa.column("minutes", sa.LargeBinary()),
)


def _fill_booked_days() -> None:
    connection, insertion = op.get_bind(), sa.insert(_booked_days)
    days = _days(connection)
    while rows := list(islice(days, _BATCH)):
        connection.execute(insertion, rows)


def _days(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """A row for each day of a schedule of which appointments claim something."""
    claims = _claims.c
    found = connection.execute(
        sa.select(claims.clinic_id, claims.schedule_id, claims.starts_at, claims.ends_at)
        .where(claims.kind == "appointment")
        .order_by(claims.clinic_id, claims.schedule_id, claims.starts_at)
        .execution_options(yield_per=_BATCH)
    )
    schedule, days = ("", ""), dict[int, int]()
    for clinic_id, schedule_id, starts_at, ends_at in found:
        if schedule != (clinic_id, schedule_id):
            yield from _rows(schedule, days)
            schedule, days = (clinic_id, schedule_id), {}
        first, last = (starts_at - _EPOCH) // _MINUTE, -((_EPOCH - ends_at) // _MINUTE)
        for day in range(first // _DAY, (last - 1) // _DAY + 1):
            midnight = day * _DAY
            start, end = max(first - midnight, 0), min(last - midnight, _DAY)
            days[day] = days.get(day, 0) | ((1 << (end - start)) - 1) << start
    yield from _rows(schedule, days)


def _rows(schedule: tuple[str, str], days: dict[int, int]) -> Iterator[dict[str, Any]]:
    for day, minutes in days.items():
        yield {
            "clinic_id": schedule[0],
            "schedule_id": schedule[1],
            "day": day,
            "minutes": minutes.to_bytes((minutes.bit_length() + 7) // 8, "little"),
        }


def _fill_versions() -> None:
    now = (SystemClock().now() - _EPOCH) // timedelta(microseconds=1)
    op.get_bind().execute(
        sa.text(
            """
            INSERT INTO schedule_versions (clinic_id, schedule_id, version)
            SELECT clinic_id, schedule_id, :now FROM (
                SELECT clinic_id, schedule_id FROM booked_days
                UNION SELECT clinic_id, schedule_id FROM busy_times
                UNION SELECT clinic_id, schedule_id FROM desk_openings
                UNION SELECT clinic_id, schedule_id FROM desk_closures
            ) AS standing
            """
        ).bindparams(sa.bindparam("now", now, sa.BigInteger()))
    )


def _tell_the_planner_of_sqlite() -> None:
    """As 0002 does: say in SQLite's statistics that a clinic has many rows of these."""
    connection = op.get_bind()
    for table, index, stat in (
        # All rows, then for each column more of the index: how many rows share these values.
        ("booked_days", "booked_days", "1000000 1000000 1000 1"),
        ("schedule_versions", "schedule_versions", "1000000 1000000 1"),
        ("busy_times", "busy_times", "1000000 1000000 10 1"),
        ("busy_times", "busy_times_clinic_id_schedule_id_ends_at_ix", "1000000 1000000 10 10"),
        ("busy_times", "busy_times_of_days_ix", "1000 1000 2 2"),
        ("holds", "holds_held_ix", "1000 1000 2"),
    ):
        given = {"tbl": table, "idx": index, "stat": stat}
        connection.execute(
            sa.text("DELETE FROM sqlite_stat1 WHERE tbl = :tbl AND idx = :idx"), given
        )
        connection.execute(
            sa.text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:tbl, :idx, :stat)"), given
        )
    connection.exec_driver_sql("ANALYZE sqlite_schema")
