"""The tables of a store: visits, holds, appointments and what hangs on them.

Every table leads with ``clinic_id``, every primary key does, and every statement names it: a
database can be spread by clinic, and one clinic's rows never meet another's. No identifier is
counted up; all come from the caller. ``starts_at``/``ends_at`` is the slot, ``claimed_from``/
``claimed_until`` the slot with its buffers (R27). Spans are half-open.

The patient directory's and the schedule source's tables stand in
:mod:`omnibook.adapters.sql.directory_tables`, in the same :data:`metadata` once that is imported.
How a table changes is a migration (:mod:`omnibook.adapters.sql.schema`); a test holds the two
together.
"""

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
)

from omnibook.adapters.sql.columns import (
    Elapsed,
    child_of,
    contact_columns,
    flag,
    instant,
    key,
    number,
    one_of,
    ordered,
    text,
)
from omnibook.identity_form import ActingFor
from omnibook.patient import Gender
from omnibook.records import (
    ActorKind,
    AppointmentStatus,
    ClaimKind,
    EventKind,
    FlagCode,
    HoldState,
    NoticeKind,
    NoticeRole,
    NoticeState,
)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(referred_table_name)s_fk",
        "uq": "%(table_name)s_%(column_0_N_name)s_uq",
        "ck": "%(table_name)s_%(constraint_name)s_ck",
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
    }
)


def _actor(prefix: str, *, nullable: bool = False) -> tuple[Any, ...]:
    kind, staff = f"{prefix}_kind", f"{prefix}_staff_id"
    return (
        text(kind, nullable=nullable),
        text(staff, nullable=True),
        one_of(kind, ActorKind),
        CheckConstraint(f"({kind} = 'staff') = ({staff} IS NOT NULL)", name=staff),
    )


def _identity() -> tuple[Any, ...]:
    return (
        text("first_name"),
        text("last_name"),
        Column("birth_date", Date, nullable=False),
        text("gender"),
        text("health_number_issuer", nullable=True),
        text("health_number", nullable=True),
        text("health_number_version", nullable=True),
        text("acting_for"),
        one_of("gender", Gender),
        one_of("acting_for", ActingFor),
        CheckConstraint(
            "(health_number_issuer IS NULL) = (health_number IS NULL)", name="health_number"
        ),
    )


def _terms(*, nullable: bool = False) -> tuple[Any, ...]:
    return (
        text("terms_document", nullable=nullable),
        text("terms_version", nullable=nullable),
        text("terms_language", nullable=nullable),
        instant("terms_accepted_at", nullable=nullable),
    )


def _slot() -> tuple[Any, ...]:
    return (
        text("service_id"),
        text("schedule_id"),
        instant("starts_at"),
        instant("ends_at"),
        text("activity_id"),
        instant("claimed_from"),
        instant("claimed_until"),
        ordered("starts_at", "ends_at"),
        ordered("claimed_from", "claimed_until"),
    )


def _contacts_of(name: str, parent: str, identifier: str) -> Table:
    """The contact points of a parent, in their order."""
    return Table(
        name,
        metadata,
        key("clinic_id"),
        key(identifier),
        Column("position", Integer, primary_key=True, autoincrement=False),
        *contact_columns(),
        child_of(parent, identifier),
    )


def _contact_keys_of(name: str, parent: str, identifier: str) -> Table:
    """The keyed hashes of a parent's contacts; found by hash where caps are judged (R36)."""
    return Table(
        name,
        metadata,
        key("clinic_id"),
        key(identifier),
        key("contact_key"),
        child_of(parent, identifier),
    )


clocks = Table("clocks", metadata, key("clinic_id"), instant("last_at"))
"""The instant of each clinic's last write: time never runs backwards across a restart."""

visits = Table(
    "visits",
    metadata,
    key("clinic_id"),
    key("visit_id"),
    instant("started_at"),
    instant("active_at"),
    text("language"),
    *_terms(),
    text("patient_id", nullable=True),
    text("source"),
    *_identity(),
)
visit_contacts = _contacts_of("visit_contacts", "visits", "visit_id")
visit_contact_keys = _contact_keys_of("visit_contact_keys", "visits", "visit_id")

holds = Table(
    "holds",
    metadata,
    key("clinic_id"),
    key("hold_id"),
    text("visit_id"),
    text("patient_id", nullable=True),
    *_slot(),
    instant("created_at"),
    instant("expires_at"),
    text("state"),
    text("source"),
    text("reason"),
    text("details"),
    one_of("state", HoldState),
    Index(None, "clinic_id", "visit_id"),
    # Live holds are few: one index finds those of a contact, a source and a patient.
    Index(None, "clinic_id", "state", "expires_at"),
)
hold_contacts = _contacts_of("hold_contacts", "holds", "hold_id")
hold_contact_keys = _contact_keys_of("hold_contact_keys", "holds", "hold_id")
Index(None, hold_contact_keys.c.clinic_id, hold_contact_keys.c.contact_key)

appointments = Table(
    "appointments",
    metadata,
    key("clinic_id"),
    key("appointment_id"),
    text("reference"),
    *_slot(),
    number("minutes"),
    text("status"),
    number("revision"),
    text("patient_id", nullable=True),
    text("reason"),
    text("details"),
    text("language"),
    *_terms(nullable=True),
    text("source", nullable=True),
    flag("messages"),
    instant("booked_at"),
    *_actor("booked_by"),
    instant("cancelled_at", nullable=True),
    *_actor("cancelled_by", nullable=True),
    text("cancellation_reason", nullable=True),
    one_of("status", AppointmentStatus),
    CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_at"),
    CheckConstraint("minutes > 0", name="minutes"),
    # The longest appointment says how far before a day one can start that reaches into it.
    Index(None, "clinic_id", "minutes"),
    Index(None, "clinic_id", "starts_at"),
    Index(None, "clinic_id", "schedule_id", "starts_at"),
    Index(None, "clinic_id", "patient_id", "starts_at"),
    Index(None, "clinic_id", "source", "starts_at"),
)
appointment_contacts = _contacts_of("appointment_contacts", "appointments", "appointment_id")
appointment_contact_keys = _contact_keys_of(
    "appointment_contact_keys", "appointments", "appointment_id"
)
Index(None, appointment_contact_keys.c.clinic_id, appointment_contact_keys.c.contact_key)

provisional_persons = Table(
    "provisional_persons",
    metadata,
    key("clinic_id"),
    key("appointment_id"),
    *_identity(),
    child_of("appointments", "appointment_id"),
)
"""Who an appointment without a file is of: what was typed (R15)."""
provisional_contacts = _contacts_of("provisional_contacts", "provisional_persons", "appointment_id")

claims = Table(
    "claims",
    metadata,
    key("clinic_id"),
    key("owner_id"),
    text("schedule_id"),
    instant("starts_at"),
    instant("ends_at"),
    text("kind"),
    instant("expires_at", nullable=True),
    one_of("kind", ClaimKind),
    ordered("starts_at", "ends_at"),
    # Claims of a schedule never overlap (R40), so that no two start at once. The last word of the
    # database, not the first: omnibook.transactions.claims_after judges them all.
    UniqueConstraint("clinic_id", "schedule_id", "starts_at"),
)
"""What occupies a schedule. ``owner_id`` is a hold's or an appointment's identifier."""

busy_times = Table(
    "busy_times",
    metadata,
    key("clinic_id"),
    key("busy_id"),
    text("schedule_id"),
    instant("starts_at"),
    instant("ends_at"),
    ordered("starts_at", "ends_at"),
    Index(None, "clinic_id", "schedule_id", "ends_at"),
)
"""What the host's own system says is taken."""

desk_openings = Table(
    "desk_openings",
    metadata,
    key("clinic_id"),
    key("opening_id"),
    text("schedule_id"),
    instant("starts_at"),
    instant("ends_at"),
    Column("interval_microseconds", Elapsed, nullable=False),
    instant("made_at"),
    *_actor("made_by"),
    ordered("starts_at", "ends_at"),
    Index(None, "clinic_id", "schedule_id", "ends_at"),
)
desk_opening_activities = Table(
    "desk_opening_activities",
    metadata,
    key("clinic_id"),
    key("opening_id"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    text("activity_id"),
    child_of("desk_openings", "opening_id"),
)

desk_closures = Table(
    "desk_closures",
    metadata,
    key("clinic_id"),
    key("closure_id"),
    text("schedule_id"),
    instant("starts_at"),
    instant("ends_at"),
    instant("made_at"),
    *_actor("made_by"),
    ordered("starts_at", "ends_at"),
    Index(None, "clinic_id", "schedule_id", "ends_at"),
)

notices = Table(
    "notices",
    metadata,
    key("clinic_id"),
    key("notice_id"),
    text("appointment_id"),
    text("kind"),
    text("role"),
    number("revision"),
    Column("offset_microseconds", Elapsed, nullable=True),
    instant("not_before"),
    text("state"),
    text("outcome"),
    one_of("kind", NoticeKind),
    one_of("role", NoticeRole),
    one_of("state", NoticeState),
    Index(None, "clinic_id", "state", "not_before", "notice_id"),
)

events = Table(
    "events",
    metadata,
    key("clinic_id"),
    key("event_id"),
    text("kind"),
    text("appointment_id"),
    number("revision"),
    instant("at"),
    instant("not_before"),
    flag("done"),
    one_of("kind", EventKind),
    Index(None, "clinic_id", "done", "not_before", "event_id"),
)

contact_orders = Table(
    "contact_orders",
    metadata,
    key("clinic_id"),
    key("order_id"),
    text("appointment_id"),
    text("patient_id"),
    instant("not_before"),
    flag("done"),
    Index(None, "clinic_id", "done", "not_before", "order_id"),
)

flags = Table(
    "flags",
    metadata,
    key("clinic_id"),
    key("flag_id"),
    text("code"),
    text("appointment_id"),
    instant("raised_at"),
    one_of("code", FlagCode),
    Index(None, "clinic_id", "appointment_id"),
)

audit_events = Table(
    "audit_events",
    metadata,
    key("clinic_id"),
    key("audit_id"),
    instant("at"),
    text("action"),
    text("code"),
    *_actor("actor"),
    text("subject", nullable=True),
    Index(None, "clinic_id", "at", "audit_id"),
    Index(None, "clinic_id", "subject", "at", "audit_id"),
)
