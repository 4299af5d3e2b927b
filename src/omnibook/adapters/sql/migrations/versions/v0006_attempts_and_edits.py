"""The attempts of identification that hosts count together, and events of edited contacts.

A migration is history: it is never edited once a version with it was released.
"""

import sqlalchemy as sa
from alembic import op

from omnibook.adapters.sql.columns import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KINDS = (
    "kind IN ('appointment.booked', 'appointment.cancelled', 'contact.added', 'contact.edited')"
)
_EVENTS = "clinic_id, event_id, kind, appointment_id, revision, at, not_before, done"


def upgrade() -> None:
    """Make the table, and let events be of one more kind."""
    op.create_table(
        "identify_attempts",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("attempt_key", _TEXT, nullable=False),
        sa.Column("latest_at", Instant, nullable=False),
        sa.Column("admitted", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "attempt_key", name=op.f("identify_attempts_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("identify_attempts_clinic_id_latest_at_attempt_key_ix"),
        "identify_attempts",
        ["clinic_id", "latest_at", "attempt_key"],
        unique=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        _events_on_sqlite()
    else:
        op.drop_constraint(op.f("events_kind_ck"), "events")
        op.create_check_constraint(op.f("events_kind_ck"), "events", _KINDS)


def _events_on_sqlite() -> None:
    # SQLite changes no constraint: the table is made anew. What 0002 told the planner is kept.
    connection = op.get_bind()
    told = connection.exec_driver_sql(
        "SELECT tbl, idx, stat FROM sqlite_stat1 WHERE tbl = 'events'"
    ).fetchall()
    indexes = {
        "events_clinic_id_appointment_id_ix": ["clinic_id", "appointment_id"],
        "events_clinic_id_done_not_before_event_id_ix": [
            "clinic_id",
            "done",
            "not_before",
            "event_id",
        ],
    }
    for name in indexes:
        op.drop_index(op.f(name), "events")
    op.rename_table("events", "events_0005")
    op.create_table(
        "events",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("event_id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("appointment_id", _TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.CheckConstraint(_KINDS, name=op.f("events_kind_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "event_id", name=op.f("events_pk")),
        sqlite_with_rowid=False,
    )
    op.execute(f"INSERT INTO events ({_EVENTS}) SELECT {_EVENTS} FROM events_0005")  # noqa: S608
    op.drop_table("events_0005")
    for name, columns in indexes.items():
        op.create_index(op.f(name), "events", columns, unique=False)
    connection.exec_driver_sql("DELETE FROM sqlite_stat1 WHERE tbl IN ('events', 'events_0005')")
    for row in told:
        connection.exec_driver_sql(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", tuple(row)
        )
