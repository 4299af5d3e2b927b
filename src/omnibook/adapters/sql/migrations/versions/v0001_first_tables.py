# ruff: noqa: E501
"""The first tables: store, patient directory, schedule source.

A migration is history: it is never edited once a version with it was released.
"""

import sqlalchemy as sa
from alembic import op

from omnibook.adapters.sql.columns import Elapsed, Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 - a statement for each table and index
    """Create every table."""
    op.create_table(
        "applied_contact_orders",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "order_id", name=op.f("applied_contact_orders_pk")),
    )
    op.create_table(
        "appointments",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("claimed_from", Instant(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("terms_document", sa.Text(), nullable=True),
        sa.Column("terms_version", sa.Text(), nullable=True),
        sa.Column("terms_language", sa.Text(), nullable=True),
        sa.Column("terms_accepted_at", Instant(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("messages", sa.Boolean(), nullable=False),
        sa.Column("booked_at", Instant(), nullable=False),
        sa.Column("booked_by_kind", sa.Text(), nullable=False),
        sa.Column("booked_by_staff_id", sa.Text(), nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("cancelled_by_kind", sa.Text(), nullable=True),
        sa.Column("cancelled_by_staff_id", sa.Text(), nullable=True),
        sa.Column("cancellation_reason", sa.Text(), nullable=True),
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
            "claimed_from < claimed_until", name=op.f("appointments_claimed_from_claimed_until_ck")
        ),
        sa.CheckConstraint("minutes > 0", name=op.f("appointments_minutes_ck")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("appointments_starts_at_ends_at_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "appointment_id", name=op.f("appointments_pk")),
    )
    op.create_index(
        op.f("appointments_clinic_id_minutes_ix"),
        "appointments",
        ["clinic_id", "minutes"],
        unique=False,
    )
    op.create_index(
        op.f("appointments_clinic_id_patient_id_starts_at_ix"),
        "appointments",
        ["clinic_id", "patient_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        op.f("appointments_clinic_id_schedule_id_starts_at_ix"),
        "appointments",
        ["clinic_id", "schedule_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        op.f("appointments_clinic_id_source_starts_at_ix"),
        "appointments",
        ["clinic_id", "source", "starts_at"],
        unique=False,
    )
    op.create_index(
        op.f("appointments_clinic_id_starts_at_ix"),
        "appointments",
        ["clinic_id", "starts_at"],
        unique=False,
    )
    op.create_table(
        "audit_events",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("audit_id", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_staff_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(actor_kind = 'staff') = (actor_staff_id IS NOT NULL)",
            name=op.f("audit_events_actor_staff_id_ck"),
        ),
        sa.CheckConstraint(
            "actor_kind IN ('visitor', 'staff', 'system')", name=op.f("audit_events_actor_kind_ck")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "audit_id", name=op.f("audit_events_pk")),
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
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("busy_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("busy_times_starts_at_ends_at_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "busy_id", name=op.f("busy_times_pk")),
    )
    op.create_index(
        op.f("busy_times_clinic_id_schedule_id_ends_at_ix"),
        "busy_times",
        ["clinic_id", "schedule_id", "ends_at"],
        unique=False,
    )
    op.create_table(
        "claims",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('hold', 'appointment')", name=op.f("claims_kind_ck")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("claims_starts_at_ends_at_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "owner_id", name=op.f("claims_pk")),
        sa.UniqueConstraint(
            "clinic_id",
            "schedule_id",
            "starts_at",
            name=op.f("claims_clinic_id_schedule_id_starts_at_uq"),
        ),
    )
    op.create_table(
        "clocks",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", name=op.f("clocks_pk")),
    )
    op.create_table(
        "contact_orders",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "order_id", name=op.f("contact_orders_pk")),
    )
    op.create_index(
        op.f("contact_orders_clinic_id_done_not_before_order_id_ix"),
        "contact_orders",
        ["clinic_id", "done", "not_before", "order_id"],
        unique=False,
    )
    op.create_table(
        "desk_closures",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("closure_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by_kind", sa.Text(), nullable=False),
        sa.Column("made_by_staff_id", sa.Text(), nullable=True),
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
    )
    op.create_index(
        op.f("desk_closures_clinic_id_schedule_id_ends_at_ix"),
        "desk_closures",
        ["clinic_id", "schedule_id", "ends_at"],
        unique=False,
    )
    op.create_table(
        "desk_openings",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("opening_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("interval_microseconds", Elapsed(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by_kind", sa.Text(), nullable=False),
        sa.Column("made_by_staff_id", sa.Text(), nullable=True),
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
    )
    op.create_index(
        op.f("desk_openings_clinic_id_schedule_id_ends_at_ix"),
        "desk_openings",
        ["clinic_id", "schedule_id", "ends_at"],
        unique=False,
    )
    op.create_table(
        "events",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('appointment.booked', 'appointment.cancelled', 'contact.added')",
            name=op.f("events_kind_ck"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "event_id", name=op.f("events_pk")),
    )
    op.create_index(
        op.f("events_clinic_id_done_not_before_event_id_ix"),
        "events",
        ["clinic_id", "done", "not_before", "event_id"],
        unique=False,
    )
    op.create_table(
        "flags",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("flag_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("raised_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "code IN ('contact.first-position', 'reminder.unreachable', 'notice.unreachable', 'busy.conflict')",
            name=op.f("flags_code_ck"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "flag_id", name=op.f("flags_pk")),
    )
    op.create_index(
        op.f("flags_clinic_id_appointment_id_ix"),
        "flags",
        ["clinic_id", "appointment_id"],
        unique=False,
    )
    op.create_table(
        "holds",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=True),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("claimed_from", Instant(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'booked', 'released', 'swapped', 'taken-over')",
            name=op.f("holds_state_ck"),
        ),
        sa.CheckConstraint(
            "claimed_from < claimed_until", name=op.f("holds_claimed_from_claimed_until_ck")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("holds_starts_at_ends_at_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "hold_id", name=op.f("holds_pk")),
    )
    op.create_index(
        op.f("holds_clinic_id_state_expires_at_ix"),
        "holds",
        ["clinic_id", "state", "expires_at"],
        unique=False,
    )
    op.create_index(
        op.f("holds_clinic_id_visit_id_ix"), "holds", ["clinic_id", "visit_id"], unique=False
    )
    op.create_table(
        "notices",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("offset_microseconds", Elapsed(), nullable=True),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('booking', 'cancellation', 'reminder')", name=op.f("notices_kind_ck")
        ),
        sa.CheckConstraint(
            "role IN ('form-phone', 'form-email', 'main-contact')", name=op.f("notices_role_ck")
        ),
        sa.CheckConstraint("state IN ('queued', 'sent', 'dropped')", name=op.f("notices_state_ck")),
        sa.PrimaryKeyConstraint("clinic_id", "notice_id", name=op.f("notices_pk")),
    )
    op.create_index(
        op.f("notices_clinic_id_state_not_before_notice_id_ix"),
        "notices",
        ["clinic_id", "state", "not_before", "notice_id"],
        unique=False,
    )
    op.create_table(
        "patients",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("deceased", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("file_number", sa.Text(), nullable=True),
        sa.Column("file_number_known", sa.Boolean(), nullable=False),
        sa.Column("family_doctor", sa.Text(), nullable=True),
        sa.Column("family_doctor_known", sa.Boolean(), nullable=False),
        sa.Column("registered_sex", sa.Text(), nullable=True),
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
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
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
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
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
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
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
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("active_at", Instant(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("terms_document", sa.Text(), nullable=False),
        sa.Column("terms_version", sa.Text(), nullable=False),
        sa.Column("terms_language", sa.Text(), nullable=False),
        sa.Column("terms_accepted_at", Instant(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("health_number_issuer", sa.Text(), nullable=True),
        sa.Column("health_number", sa.Text(), nullable=True),
        sa.Column("health_number_version", sa.Text(), nullable=True),
        sa.Column("acting_for", sa.Text(), nullable=False),
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
    )
    op.create_table(
        "appointment_contact_keys",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "appointment_id"],
            ["appointments.clinic_id", "appointments.appointment_id"],
            name=op.f("appointment_contact_keys_appointments_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "appointment_id", "contact_key", name=op.f("appointment_contact_keys_pk")
        ),
    )
    op.create_index(
        op.f("appointment_contact_keys_clinic_id_contact_key_ix"),
        "appointment_contact_keys",
        ["clinic_id", "contact_key"],
        unique=False,
    )
    op.create_table(
        "appointment_contacts",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "system IN ('phone', 'email')", name=op.f("appointment_contacts_system_ck")
        ),
        sa.CheckConstraint("rank >= 1", name=op.f("appointment_contacts_rank_ck")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "appointment_id"],
            ["appointments.clinic_id", "appointments.appointment_id"],
            name=op.f("appointment_contacts_appointments_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "appointment_id", "position", name=op.f("appointment_contacts_pk")
        ),
    )
    op.create_table(
        "desk_opening_activities",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("opening_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "opening_id"],
            ["desk_openings.clinic_id", "desk_openings.opening_id"],
            name=op.f("desk_opening_activities_desk_openings_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "opening_id", "position", name=op.f("desk_opening_activities_pk")
        ),
    )
    op.create_table(
        "hold_contact_keys",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "hold_id"],
            ["holds.clinic_id", "holds.hold_id"],
            name=op.f("hold_contact_keys_holds_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "hold_id", "contact_key", name=op.f("hold_contact_keys_pk")
        ),
    )
    op.create_index(
        op.f("hold_contact_keys_clinic_id_contact_key_ix"),
        "hold_contact_keys",
        ["clinic_id", "contact_key"],
        unique=False,
    )
    op.create_table(
        "hold_contacts",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.CheckConstraint("system IN ('phone', 'email')", name=op.f("hold_contacts_system_ck")),
        sa.CheckConstraint("rank >= 1", name=op.f("hold_contacts_rank_ck")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "hold_id"],
            ["holds.clinic_id", "holds.hold_id"],
            name=op.f("hold_contacts_holds_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("clinic_id", "hold_id", "position", name=op.f("hold_contacts_pk")),
    )
    op.create_table(
        "patient_contacts",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("match_key", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
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
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
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
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
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
        "provisional_persons",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("health_number_issuer", sa.Text(), nullable=True),
        sa.Column("health_number", sa.Text(), nullable=True),
        sa.Column("health_number_version", sa.Text(), nullable=True),
        sa.Column("acting_for", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "acting_for IN ('self', 'parent', 'tutor')",
            name=op.f("provisional_persons_acting_for_ck"),
        ),
        sa.CheckConstraint(
            "gender IN ('male', 'female', 'other', 'unknown')",
            name=op.f("provisional_persons_gender_ck"),
        ),
        sa.CheckConstraint(
            "(health_number_issuer IS NULL) = (health_number IS NULL)",
            name=op.f("provisional_persons_health_number_ck"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "appointment_id"],
            ["appointments.clinic_id", "appointments.appointment_id"],
            name=op.f("provisional_persons_appointments_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("clinic_id", "appointment_id", name=op.f("provisional_persons_pk")),
    )
    op.create_table(
        "visit_contact_keys",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("contact_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "visit_id"],
            ["visits.clinic_id", "visits.visit_id"],
            name=op.f("visit_contact_keys_visits_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "visit_id", "contact_key", name=op.f("visit_contact_keys_pk")
        ),
    )
    op.create_table(
        "visit_contacts",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.CheckConstraint("system IN ('phone', 'email')", name=op.f("visit_contacts_system_ck")),
        sa.CheckConstraint("rank >= 1", name=op.f("visit_contacts_rank_ck")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "visit_id"],
            ["visits.clinic_id", "visits.visit_id"],
            name=op.f("visit_contacts_visits_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "visit_id", "position", name=op.f("visit_contacts_pk")
        ),
    )
    op.create_table(
        "provisional_contacts",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "system IN ('phone', 'email')", name=op.f("provisional_contacts_system_ck")
        ),
        sa.CheckConstraint("rank >= 1", name=op.f("provisional_contacts_rank_ck")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "appointment_id"],
            ["provisional_persons.clinic_id", "provisional_persons.appointment_id"],
            name=op.f("provisional_contacts_provisional_persons_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "appointment_id", "position", name=op.f("provisional_contacts_pk")
        ),
    )
