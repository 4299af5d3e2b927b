"""What became of an appointment since it was booked, and of what was sent about it.

An appointment gets its presence, its last move and an index of its reference number. Notices,
contact orders and events count their attempts and can be set aside; there are more kinds of
notices, events and flags. Of what is kept already, nothing was tried or set aside yet. A migration
is history: it is never edited once a version with it was released.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from omnibook.adapters.sql.columns import Elapsed, Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_ACTORS = "'visitor', 'staff', 'system'"
_MOVE = (
    "moved_by_kind",
    "old_revision",
    "old_service_id",
    "old_schedule_id",
    "old_starts_at",
    "old_ends_at",
)


def _actor(prefix: str) -> tuple[tuple[str, Any, tuple[tuple[str, str], ...]], ...]:
    kind, staff = f"{prefix}_kind", f"{prefix}_staff_id"
    staffed = f"({kind} = 'staff') = ({staff} IS NOT NULL)"
    return (
        (kind, _TEXT, ((kind, f"{kind} IN ({_ACTORS})"),)),
        (staff, _TEXT, ((staff, staffed),)),
    )


# A column, its type, and what is checked once it is there: SQLite takes a constraint of a table
# that stands only together with a column.
_APPOINTMENTS: tuple[tuple[str, Any, tuple[tuple[str, str], ...]], ...] = (
    ("presence_at", Instant(), ()),
    *_actor("presence_by"),
    ("moved_at", Instant(), ()),
    *_actor("moved_by"),
    ("old_revision", sa.Integer(), ()),
    ("old_service_id", _TEXT, ()),
    ("old_schedule_id", _TEXT, ()),
    ("old_starts_at", Instant(), ()),
    (
        "old_ends_at",
        Instant(),
        (
            ("old_starts_at_old_ends_at", "old_starts_at < old_ends_at"),
            ("presence_at", "(presence_at IS NULL) = (presence_by_kind IS NULL)"),
            (
                "moved_at",
                " AND ".join(f"(moved_at IS NULL) = ({each} IS NULL)" for each in _MOVE),
            ),
        ),
    ),
)
_WORDS = {
    ("notices", "kind"): ("booking", "change", "cancellation", "reminder"),
    ("notices", "state"): ("queued", "sent", "dropped", "failed"),
    ("events", "kind"): (
        "appointment.booked",
        "appointment.moved",
        "appointment.cancelled",
        "appointment.presence-confirmed",
        "appointment.status-changed",
        "appointment.attached",
        "contact.added",
        "contact.edited",
    ),
    ("flags", "code"): (
        "contact.first-position",
        "reminder.unreachable",
        "notice.unreachable",
        "notice.failed",
        "notice.undelivered",
        "notice.late",
        "busy.conflict",
    ),
}
_QUEUES = {"notices": ("attempts",)} | dict.fromkeys(
    ("events", "contact_orders"), ("attempts", "failed")
)
_WORK = {"events": "event_id", "contact_orders": "order_id"}


def upgrade() -> None:
    """Add the columns, the words and the indexes."""
    lite = op.get_bind().dialect.name == "sqlite"
    told = _told() if lite else []
    for table, identifier in _WORK.items():
        op.drop_index(op.f(f"{table}_clinic_id_done_not_before_{identifier}_ix"), table)
    if lite:
        _on_sqlite()
    else:
        _on_postgresql()
    op.create_index(
        op.f("appointments_clinic_id_reference_ix"),
        "appointments",
        ["clinic_id", "reference"],
        unique=False,
    )
    for table, identifier in _WORK.items():
        for name, where, words in (
            ("waiting", "done = 0 AND failed = 0", "NOT done AND NOT failed"),
            ("over", "done = 1 OR failed = 1", "done OR failed"),
            ("set_aside", "failed = 1", "failed"),
        ):
            op.create_index(
                f"{table}_{name}_ix",
                table,
                ["clinic_id", "not_before", identifier],
                unique=False,
                sqlite_where=sa.text(where),
                postgresql_where=sa.text(words),
            )
    if lite:
        _tell_the_planner_of_sqlite(told)


def _among(table: str, column: str) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in _WORDS[table, column])})"


# PostgreSQL --------------------------------------------------------------------------------------


def _on_postgresql() -> None:
    for name, kind, checks in _APPOINTMENTS:
        op.add_column("appointments", sa.Column(name, kind, nullable=True))
        for check, condition in checks:
            op.create_check_constraint(op.f(f"appointments_{check}_ck"), "appointments", condition)
    for table, added in _QUEUES.items():
        for name in added:
            kind, zero = (sa.Integer(), "0") if name == "attempts" else (sa.Boolean(), "false")
            # With a default no row is touched; whoever writes says what it is.
            column = sa.Column(name, kind, nullable=False, server_default=sa.text(zero))
            op.add_column(table, column)
            op.alter_column(table, name, server_default=None)
    for table, word in _WORDS:
        op.drop_constraint(op.f(f"{table}_{word}_ck"), table)
        op.create_check_constraint(op.f(f"{table}_{word}_ck"), table, _among(table, word))


# SQLite ------------------------------------------------------------------------------------------


def _on_sqlite() -> None:
    dialect = op.get_bind().dialect
    for name, kind, checks in _APPOINTMENTS:
        told = "".join(
            f" CONSTRAINT appointments_{check}_ck CHECK ({condition})"
            for check, condition in checks
        )
        words = kind.compile(dialect=dialect)
        op.execute(f"ALTER TABLE appointments ADD COLUMN {name} {words}{told}")
    _remake_notices()
    _remake_events()
    _remake_orders()
    _remake_flags()


def _column(name: str, kind: Any = _TEXT) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _words_of(table: str, column: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(_among(table, column), name=op.f(f"{table}_{column}_ck"))


def _remake(table: str, *parts: Any, added: tuple[str, ...] = (), by: tuple[str, ...] = ()) -> None:
    """Make the table anew with these columns: SQLite changes no constraint.

    ``added`` is 0 in what is kept already; ``by`` are the columns of its other indexes.
    """
    for identifier in by:
        op.drop_index(op.f(f"{table}_clinic_id_{identifier}_ix"), table)
    op.rename_table(table, f"{table}_0006")
    op.create_table(table, _column("clinic_id"), *parts, sqlite_with_rowid=False)
    columns = ["clinic_id", *(each.name for each in parts if isinstance(each, sa.Column))]
    kept = ", ".join(each for each in columns if each not in added)
    names = "".join(f", {each}" for each in added)
    zeros = ", 0" * len(added)
    op.execute(
        f"INSERT INTO {table} ({kept}{names}) SELECT {kept}{zeros} FROM {table}_0006"  # noqa: S608
    )
    op.drop_table(f"{table}_0006")


def _remake_notices() -> None:
    due = "state_not_before_notice_id"
    _remake(
        "notices",
        _column("notice_id"),
        _column("appointment_id"),
        _column("kind"),
        _column("role"),
        _column("revision", sa.Integer()),
        sa.Column("offset_microseconds", Elapsed(), nullable=True),
        _column("not_before", Instant()),
        _column("state"),
        _column("attempts", sa.Integer()),
        _column("outcome"),
        _words_of("notices", "kind"),
        sa.CheckConstraint(
            "role IN ('form-phone', 'form-email', 'main-contact')", name=op.f("notices_role_ck")
        ),
        _words_of("notices", "state"),
        sa.PrimaryKeyConstraint("clinic_id", "notice_id", name=op.f("notices_pk")),
        added=_QUEUES["notices"],
        by=("appointment_id", due),
    )
    op.create_index(
        op.f(f"notices_clinic_id_{due}_ix"),
        "notices",
        ["clinic_id", "state", "not_before", "notice_id"],
        unique=False,
    )
    _index("notices", "appointment_id")


def _remake_events() -> None:
    _remake(
        "events",
        _column("event_id"),
        _column("kind"),
        _column("appointment_id"),
        _column("revision", sa.Integer()),
        _column("at", Instant()),
        _column("not_before", Instant()),
        _column("attempts", sa.Integer()),
        _column("done", sa.Boolean()),
        _column("failed", sa.Boolean()),
        _words_of("events", "kind"),
        sa.PrimaryKeyConstraint("clinic_id", "event_id", name=op.f("events_pk")),
        added=_QUEUES["events"],
        by=("appointment_id",),
    )
    _index("events", "appointment_id")


def _remake_orders() -> None:
    _remake(
        "contact_orders",
        _column("order_id"),
        _column("appointment_id"),
        _column("patient_id"),
        _column("not_before", Instant()),
        _column("attempts", sa.Integer()),
        _column("done", sa.Boolean()),
        _column("failed", sa.Boolean()),
        sa.PrimaryKeyConstraint("clinic_id", "order_id", name=op.f("contact_orders_pk")),
        added=_QUEUES["contact_orders"],
        by=("appointment_id", "patient_id"),
    )
    _index("contact_orders", "appointment_id")
    _index("contact_orders", "patient_id")


def _remake_flags() -> None:
    _remake(
        "flags",
        _column("flag_id"),
        _column("code"),
        _column("appointment_id"),
        _column("raised_at", Instant()),
        _words_of("flags", "code"),
        sa.PrimaryKeyConstraint("clinic_id", "flag_id", name=op.f("flags_pk")),
        by=("appointment_id",),
    )
    _index("flags", "appointment_id")


def _index(table: str, column: str) -> None:
    op.create_index(
        op.f(f"{table}_clinic_id_{column}_ix"), table, ["clinic_id", column], unique=False
    )


_REMADE = ("notices", "events", "contact_orders", "flags")


def _told() -> list[Any]:
    """What earlier migrations told the planner of the tables that are made anew."""
    found = op.get_bind().exec_driver_sql("SELECT tbl, idx, stat FROM sqlite_stat1").fetchall()
    gone = {f"{table}_clinic_id_done_not_before_{name}_ix" for table, name in _WORK.items()}
    return [tuple(row) for row in found if row[0] in _REMADE and row[1] not in gone]


def _tell_the_planner_of_sqlite(told: list[Any]) -> None:
    """As 0002 does: say in SQLite's statistics that a clinic has many rows of these."""
    connection = op.get_bind()
    for table in (*_REMADE, *(f"{table}_0006" for table in _REMADE)):
        connection.execute(sa.text("DELETE FROM sqlite_stat1 WHERE tbl = :tbl"), {"tbl": table})
    # All rows, then for each column more of the index: how many rows share these values.
    told = [*told, ("appointments", "appointments_clinic_id_reference_ix", "1000000 1000000 1")]
    for table in _WORK:
        told += [
            (table, f"{table}_waiting_ix", "1000 1000 2 1"),
            (table, f"{table}_over_ix", "1000000 1000000 10 1"),
            (table, f"{table}_set_aside_ix", "1000 1000 2 1"),
        ]
    for table, index, stat in told:
        connection.execute(
            sa.text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:tbl, :idx, :stat)"),
            {"tbl": table, "idx": index, "stat": stat},
        )
    connection.exec_driver_sql("ANALYZE sqlite_schema")
