# ruff: noqa: E501
"""The first tables: store, patient directory, schedule source.

A migration is history: it is never edited once a version with it was released.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from omnibook.adapters.sql.columns import Document, Elapsed, Instant

revision = "0002"
down_revision = None
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create every table, and the guard against claims that overlap (R40)."""
    _tables()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()
        _tell_the_planner_of_sqlite()


def _guard_on_postgresql() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute(
        """
        ALTER TABLE claims ADD CONSTRAINT claims_never_overlap EXCLUDE USING gist (
            clinic_id WITH =, schedule_id WITH =, tstzrange(starts_at, ends_at) WITH &&
        )
        """
    )


def _guard_on_sqlite() -> None:
    # Claims of one schedule never overlap: of those that start before the new one ends, only the
    # last can reach into it.
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER claims_never_overlap_on_{event.lower()} BEFORE {event} ON claims "  # noqa: S608
            """
            WHEN (
                SELECT ends_at FROM claims
                WHERE clinic_id = NEW.clinic_id AND schedule_id = NEW.schedule_id
                AND starts_at < NEW.ends_at AND owner_id <> NEW.owner_id
                ORDER BY starts_at DESC LIMIT 1
            ) > NEW.starts_at
            BEGIN SELECT RAISE(ABORT, 'two claims of one schedule overlap'); END
            """
        )


def _tell_the_planner_of_sqlite() -> None:
    """Say in SQLite's statistics that a clinic has many rows.

    Every index leads with the clinic. Without statistics SQLite takes that for selective, and would
    rather read all rows of a clinic than look up a few keys; nobody runs ANALYZE on a young file.
    """
    connection = op.get_bind()
    connection.exec_driver_sql("ANALYZE")
    keyed = {row[1] for row in _pragma("table_list") if row[4]}
    for table in sa.inspect(connection).get_table_names():
        for _, index, unique, origin, partial in _pragma(f"index_list('{table}')"):
            columns = [row[2] for row in _pragma(f"index_info('{index}')")]
            if not columns or columns[0] != "clinic_id":
                continue
            rows = 1_000 if partial else 1_000_000
            # For all rows, then for each column more: how many rows share these values.
            few = 2 if partial else 10
            shared = [rows if column in _ALIKE else few for column in columns[1:]]
            if unique and shared:
                shared[-1] = 1
            told = " ".join(str(each) for each in (rows, rows, *shared))
            # The primary key of a table without rowid goes by the table's name.
            plain = origin == "pk" and table in keyed
            connection.execute(
                sa.text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:tbl, :idx, :stat)"),
                {"tbl": table, "idx": table if plain else index, "stat": told},
            )
    connection.exec_driver_sql("ANALYZE sqlite_schema")


_ALIKE = {"state", "done"}


def _pragma(question: str) -> list[Any]:
    return list(op.get_bind().exec_driver_sql(f"PRAGMA {question}"))


def _tables() -> None:
    op.create_table(
        "applied_contact_orders",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("order_id", _TEXT, nullable=False),
        sa.Column("patient_id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "order_id", name=op.f("applied_contact_orders_pk")),
    )
    op.create_table(
        "audit_events",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("audit_id", _TEXT, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", _TEXT, nullable=False),
        sa.Column("code", _TEXT, nullable=False),
        sa.Column("actor_kind", _TEXT, nullable=False),
        sa.Column("actor_staff_id", _TEXT, nullable=True),
        sa.Column("subject", _TEXT, nullable=True),
        sa.CheckConstraint(
            "(actor_kind = 'staff') = (actor_staff_id IS NOT NULL)",
            name=op.f("audit_events_actor_staff_id_ck"),
        ),
        sa.CheckConstraint(
            "actor_kind IN ('visitor', 'staff', 'system')", name=op.f("audit_events_actor_kind_ck")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "audit_id", name=op.f("audit_events_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("audit_events_clinic_id_at_audit_id_ix"),
        "audit_events",
        ["clinic_id", "at", "audit_id"],
        unique=False,
    )
    op.create_index(
        op.f("audit_events_clinic_id_subject_at_audit_id_ix"),
        "audit_events",
        ["clinic_id", "subject", "at", "audit_id"],
        unique=False,
    )
    op.create_table(
        "busy_times",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("busy_id", _TEXT, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("busy_times_starts_at_ends_at_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "schedule_id", "busy_id", name=op.f("busy_times_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("busy_times_clinic_id_schedule_id_ends_at_ix"),
        "busy_times",
        ["clinic_id", "schedule_id", "ends_at"],
        unique=False,
    )
    op.create_table(
        "claims",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("owner_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('hold', 'appointment')", name=op.f("claims_kind_ck")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("claims_starts_at_ends_at_ck")),
        sa.PrimaryKeyConstraint(
            "clinic_id", "owner_id", "schedule_id", "starts_at", "ends_at", name=op.f("claims_pk")
        ),
        sa.UniqueConstraint(
            "clinic_id",
            "schedule_id",
            "starts_at",
            name=op.f("claims_clinic_id_schedule_id_starts_at_uq"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "clocks",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", name=op.f("clocks_pk")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contact_orders",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("order_id", _TEXT, nullable=False),
        sa.Column("appointment_id", _TEXT, nullable=False),
        sa.Column("patient_id", _TEXT, nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "order_id", name=op.f("contact_orders_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("contact_orders_clinic_id_appointment_id_ix"),
        "contact_orders",
        ["clinic_id", "appointment_id"],
        unique=False,
    )
    op.create_index(
        op.f("contact_orders_clinic_id_patient_id_ix"),
        "contact_orders",
        ["clinic_id", "patient_id"],
        unique=False,
    )
    op.create_index(
        op.f("contact_orders_clinic_id_done_not_before_order_id_ix"),
        "contact_orders",
        ["clinic_id", "done", "not_before", "order_id"],
        unique=False,
    )
    op.create_table(
        "desk_closures",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("closure_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by_kind", _TEXT, nullable=False),
        sa.Column("made_by_staff_id", _TEXT, nullable=True),
        sa.CheckConstraint(
            "(made_by_kind = 'staff') = (made_by_staff_id IS NOT NULL)",
            name=op.f("desk_closures_made_by_staff_id_ck"),
        ),
        sa.CheckConstraint(
            "made_by_kind IN ('visitor', 'staff', 'system')",
            name=op.f("desk_closures_made_by_kind_ck"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("desk_closures_starts_at_ends_at_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "closure_id", name=op.f("desk_closures_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("desk_closures_clinic_id_schedule_id_ends_at_ix"),
        "desk_closures",
        ["clinic_id", "schedule_id", "ends_at"],
        unique=False,
    )
    op.create_table(
        "desk_openings",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("opening_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("activities", Document(), nullable=False),
        sa.Column("interval_microseconds", Elapsed(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by_kind", _TEXT, nullable=False),
        sa.Column("made_by_staff_id", _TEXT, nullable=True),
        sa.CheckConstraint(
            "(made_by_kind = 'staff') = (made_by_staff_id IS NOT NULL)",
            name=op.f("desk_openings_made_by_staff_id_ck"),
        ),
        sa.CheckConstraint(
            "made_by_kind IN ('visitor', 'staff', 'system')",
            name=op.f("desk_openings_made_by_kind_ck"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("desk_openings_starts_at_ends_at_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "opening_id", name=op.f("desk_openings_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("desk_openings_clinic_id_schedule_id_ends_at_ix"),
        "desk_openings",
        ["clinic_id", "schedule_id", "ends_at"],
        unique=False,
    )
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
        sa.CheckConstraint(
            "kind IN ('appointment.booked', 'appointment.cancelled', 'contact.added')",
            name=op.f("events_kind_ck"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "event_id", name=op.f("events_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("events_clinic_id_appointment_id_ix"),
        "events",
        ["clinic_id", "appointment_id"],
        unique=False,
    )
    op.create_index(
        op.f("events_clinic_id_done_not_before_event_id_ix"),
        "events",
        ["clinic_id", "done", "not_before", "event_id"],
        unique=False,
    )
    op.create_table(
        "flags",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("flag_id", _TEXT, nullable=False),
        sa.Column("code", _TEXT, nullable=False),
        sa.Column("appointment_id", _TEXT, nullable=False),
        sa.Column("raised_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "code IN ('contact.first-position', 'reminder.unreachable', 'notice.unreachable', 'busy.conflict')",
            name=op.f("flags_code_ck"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "flag_id", name=op.f("flags_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("flags_clinic_id_appointment_id_ix"),
        "flags",
        ["clinic_id", "appointment_id"],
        unique=False,
    )
    op.create_table(
        "holds",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("hold_id", _TEXT, nullable=False),
        sa.Column("visit_id", _TEXT, nullable=False),
        sa.Column("patient_id", _TEXT, nullable=True),
        sa.Column("service_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("activity_id", _TEXT, nullable=False),
        sa.Column("claimed_from", Instant(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("details", _TEXT, nullable=False),
        sa.Column("contacts", Document(), nullable=False),
        sa.Column("contact_keys", Document(), nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'booked', 'released', 'swapped', 'taken-over')",
            name=op.f("holds_state_ck"),
        ),
        sa.CheckConstraint(
            "claimed_from < claimed_until", name=op.f("holds_claimed_from_claimed_until_ck")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("holds_starts_at_ends_at_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "hold_id", name=op.f("holds_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("holds_clinic_id_visit_id_ix"), "holds", ["clinic_id", "visit_id"], unique=False
    )
    op.create_table(
        "locks",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("stripe", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "stripe", name=op.f("locks_pk")),
    )
    op.create_table(
        "notices",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("notice_id", _TEXT, nullable=False),
        sa.Column("appointment_id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("role", _TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("offset_microseconds", Elapsed(), nullable=True),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("outcome", _TEXT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('booking', 'cancellation', 'reminder')", name=op.f("notices_kind_ck")
        ),
        sa.CheckConstraint(
            "role IN ('form-phone', 'form-email', 'main-contact')", name=op.f("notices_role_ck")
        ),
        sa.CheckConstraint("state IN ('queued', 'sent', 'dropped')", name=op.f("notices_state_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "notice_id", name=op.f("notices_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("notices_clinic_id_appointment_id_ix"),
        "notices",
        ["clinic_id", "appointment_id"],
        unique=False,
    )
    op.create_index(
        op.f("notices_clinic_id_state_not_before_notice_id_ix"),
        "notices",
        ["clinic_id", "state", "not_before", "notice_id"],
        unique=False,
    )
    op.create_table(
        "patients",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("patient_id", _TEXT, nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("gender", _TEXT, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("deceased", sa.Boolean(), nullable=False),
        sa.Column("merged_into", _TEXT, nullable=True),
        sa.Column("language", _TEXT, nullable=True),
        sa.Column("file_number", _TEXT, nullable=True),
        sa.Column("file_number_known", sa.Boolean(), nullable=False),
        sa.Column("family_doctor", _TEXT, nullable=True),
        sa.Column("family_doctor_known", sa.Boolean(), nullable=False),
        sa.Column("registered_sex", _TEXT, nullable=True),
        sa.Column("registered_sex_known", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "gender IN ('male', 'female', 'other', 'unknown')", name=op.f("patients_gender_ck")
        ),
        sa.CheckConstraint(
            "registered_sex IN ('female', 'male')", name=op.f("patients_registered_sex_ck")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "patient_id", name=op.f("patients_pk")),
    )
    op.create_index(
        op.f("patients_clinic_id_merged_into_ix"),
        "patients",
        ["clinic_id", "merged_into"],
        unique=False,
    )
    op.create_table(
        "schedule_opening_activities",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("activity_id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint(
            "clinic_id",
            "schedule_id",
            "position",
            "activity_id",
            name=op.f("schedule_opening_activities_pk"),
        ),
    )
    op.create_table(
        "schedule_opening_exceptions",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint(
            "clinic_id",
            "schedule_id",
            "position",
            "on_date",
            name=op.f("schedule_opening_exceptions_pk"),
        ),
    )
    op.create_table(
        "schedule_openings",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("ends_next_day", sa.Boolean(), nullable=False),
        sa.Column("on_monday", sa.Boolean(), nullable=False),
        sa.Column("on_tuesday", sa.Boolean(), nullable=False),
        sa.Column("on_wednesday", sa.Boolean(), nullable=False),
        sa.Column("on_thursday", sa.Boolean(), nullable=False),
        sa.Column("on_friday", sa.Boolean(), nullable=False),
        sa.Column("on_saturday", sa.Boolean(), nullable=False),
        sa.Column("on_sunday", sa.Boolean(), nullable=False),
        sa.Column("first_date", sa.Date(), nullable=True),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.Column("interval_microseconds", Elapsed(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("release_days_before", sa.Integer(), nullable=True),
        sa.Column("release_at", sa.Time(), nullable=True),
        sa.CheckConstraint(
            "(release_days_before IS NULL) = (release_at IS NULL)",
            name=op.f("schedule_openings_release_ck"),
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "schedule_id", "position", name=op.f("schedule_openings_pk")
        ),
    )
    op.create_table(
        "visits",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("visit_id", _TEXT, nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("active_at", Instant(), nullable=False),
        sa.Column("language", _TEXT, nullable=False),
        sa.Column("terms_document", _TEXT, nullable=False),
        sa.Column("terms_version", _TEXT, nullable=False),
        sa.Column("terms_language", _TEXT, nullable=False),
        sa.Column("terms_accepted_at", Instant(), nullable=False),
        sa.Column("patient_id", _TEXT, nullable=True),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("first_name", _TEXT, nullable=False),
        sa.Column("last_name", _TEXT, nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("gender", _TEXT, nullable=False),
        sa.Column("health_number_issuer", _TEXT, nullable=True),
        sa.Column("health_number", _TEXT, nullable=True),
        sa.Column("health_number_version", _TEXT, nullable=True),
        sa.Column("acting_for", _TEXT, nullable=False),
        sa.Column("contacts", Document(), nullable=False),
        sa.Column("contact_keys", Document(), nullable=False),
        sa.CheckConstraint(
            "acting_for IN ('self', 'parent', 'tutor')", name=op.f("visits_acting_for_ck")
        ),
        sa.CheckConstraint(
            "gender IN ('male', 'female', 'other', 'unknown')", name=op.f("visits_gender_ck")
        ),
        sa.CheckConstraint(
            "(health_number_issuer IS NULL) = (health_number IS NULL)",
            name=op.f("visits_health_number_ck"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "visit_id", name=op.f("visits_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("visits_clinic_id_active_at_ix"), "visits", ["clinic_id", "active_at"], unique=False
    )
    op.create_index(
        op.f("visits_clinic_id_patient_id_ix"), "visits", ["clinic_id", "patient_id"], unique=False
    )
    op.create_table(
        "appointments",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("appointment_id", _TEXT, nullable=False),
        sa.Column("reference", _TEXT, nullable=False),
        sa.Column("service_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("activity_id", _TEXT, nullable=False),
        sa.Column("claimed_from", Instant(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=False),
        sa.Column("occupied_until", Instant(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("patient_id", _TEXT, nullable=True),
        sa.Column("provisional", Document(), nullable=True),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("details", _TEXT, nullable=False),
        sa.Column("contacts", Document(), nullable=False),
        sa.Column("contact_keys", Document(), nullable=False),
        sa.Column("language", _TEXT, nullable=False),
        sa.Column("terms_document", _TEXT, nullable=True),
        sa.Column("terms_version", _TEXT, nullable=True),
        sa.Column("terms_language", _TEXT, nullable=True),
        sa.Column("terms_accepted_at", Instant(), nullable=True),
        sa.Column("source", _TEXT, nullable=True),
        sa.Column("messages", sa.Boolean(), nullable=False),
        sa.Column("booked_at", Instant(), nullable=False),
        sa.Column("booked_by_kind", _TEXT, nullable=False),
        sa.Column("booked_by_staff_id", _TEXT, nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("cancelled_by_kind", _TEXT, nullable=True),
        sa.Column("cancelled_by_staff_id", _TEXT, nullable=True),
        sa.Column("cancellation_reason", _TEXT, nullable=True),
        sa.CheckConstraint(
            "(booked_by_kind = 'staff') = (booked_by_staff_id IS NOT NULL)",
            name=op.f("appointments_booked_by_staff_id_ck"),
        ),
        sa.CheckConstraint(
            "(cancelled_by_kind = 'staff') = (cancelled_by_staff_id IS NOT NULL)",
            name=op.f("appointments_cancelled_by_staff_id_ck"),
        ),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)",
            name=op.f("appointments_cancelled_at_ck"),
        ),
        sa.CheckConstraint(
            "(status IN ('cancelled', 'noshow', 'entered-in-error')) = (occupied_until IS NULL)",
            name=op.f("appointments_status_occupies_ck"),
        ),
        sa.CheckConstraint(
            "booked_by_kind IN ('visitor', 'staff', 'system')",
            name=op.f("appointments_booked_by_kind_ck"),
        ),
        sa.CheckConstraint(
            "cancelled_by_kind IN ('visitor', 'staff', 'system')",
            name=op.f("appointments_cancelled_by_kind_ck"),
        ),
        sa.CheckConstraint(
            "status IN ('booked', 'arrived', 'fulfilled', 'cancelled', 'noshow', 'entered-in-error')",
            name=op.f("appointments_status_ck"),
        ),
        sa.CheckConstraint(
            "(patient_id IS NULL) = (provisional IS NOT NULL)",
            name=op.f("appointments_patient_id_ck"),
        ),
        sa.CheckConstraint(
            "claimed_from < claimed_until", name=op.f("appointments_claimed_from_claimed_until_ck")
        ),
        sa.CheckConstraint("minutes > 0", name=op.f("appointments_minutes_ck")),
        sa.CheckConstraint(
            "occupied_until = claimed_until", name=op.f("appointments_occupied_until_ck")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("appointments_starts_at_ends_at_ck")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "appointment_id", "schedule_id", "claimed_from", "occupied_until"],
            [
                "claims.clinic_id",
                "claims.owner_id",
                "claims.schedule_id",
                "claims.starts_at",
                "claims.ends_at",
            ],
            name=op.f("appointments_claims_fk"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("clinic_id", "appointment_id", name=op.f("appointments_pk")),
    )
    op.create_index(
        op.f("appointments_clinic_id_patient_id_starts_at_ix"),
        "appointments",
        ["clinic_id", "patient_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        op.f("appointments_clinic_id_starts_at_ix"),
        "appointments",
        ["clinic_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "appointments_of_days_ix",
        "appointments",
        ["clinic_id", "starts_at"],
        unique=False,
        sqlite_where=sa.text("minutes > 1440"),
        postgresql_where=sa.text("minutes > 1440"),
    )
    op.create_table(
        "hold_keys",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("hold_id", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "hold_id"],
            ["holds.clinic_id", "holds.hold_id"],
            name=op.f("hold_keys_holds_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "key", "expires_at", "hold_id", name=op.f("hold_keys_pk")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("hold_keys_clinic_id_hold_id_ix"), "hold_keys", ["clinic_id", "hold_id"], unique=False
    )
    op.create_table(
        "patient_contacts",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("patient_id", _TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("match_key", _TEXT, nullable=False),
        sa.Column("order_id", _TEXT, nullable=True),
        sa.CheckConstraint("system IN ('phone', 'email')", name=op.f("patient_contacts_system_ck")),
        sa.CheckConstraint("rank >= 1", name=op.f("patient_contacts_rank_ck")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.patient_id"],
            name=op.f("patient_contacts_patients_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "patient_id", "position", name=op.f("patient_contacts_pk")
        ),
    )
    op.create_index(
        op.f("patient_contacts_clinic_id_match_key_ix"),
        "patient_contacts",
        ["clinic_id", "match_key"],
        unique=False,
    )
    op.create_table(
        "patient_health_numbers",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("patient_id", _TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issuer", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.patient_id"],
            name=op.f("patient_health_numbers_patients_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "patient_id", "position", name=op.f("patient_health_numbers_pk")
        ),
    )
    op.create_index(
        op.f("patient_health_numbers_clinic_id_issuer_value_ix"),
        "patient_health_numbers",
        ["clinic_id", "issuer", "value"],
        unique=False,
    )
    op.create_table(
        "patient_names",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("patient_id", _TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("given", _TEXT, nullable=False),
        sa.Column("family", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.patient_id"],
            name=op.f("patient_names_patients_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "patient_id", "position", name=op.f("patient_names_pk")
        ),
    )
    op.create_table(
        "appointment_keys",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("appointment_id", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "appointment_id"],
            ["appointments.clinic_id", "appointments.appointment_id"],
            name=op.f("appointment_keys_appointments_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "key", "starts_at", "appointment_id", name=op.f("appointment_keys_pk")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("appointment_keys_clinic_id_appointment_id_ix"),
        "appointment_keys",
        ["clinic_id", "appointment_id"],
        unique=False,
    )
