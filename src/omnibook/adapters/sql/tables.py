"""The tables of a store: visits, holds, appointments and what hangs on them.

Every table leads with ``clinic_id``, every primary key does, and every statement names it: a
database can be spread by clinic, and one clinic's rows never meet another's. No identifier is
counted up; all come from the caller. ``starts_at``/``ends_at`` is the slot, ``claimed_from``/
``claimed_until`` the slot with its buffers (R27). Spans are half-open.

**The second guard** (R40): what the pure code promises is refused once more by the database, so
that a program that writes past this package cannot book a time twice either.

* Two claims of one schedule cannot overlap: an exclusion constraint on PostgreSQL, triggers on
  SQLite (both stand in the migrations; SQLAlchemy has no word for them on both engines).
* An appointment that occupies its time (``occupied_until`` says until when) refers to its own
  claim, and a foreign key wants that claim to be there, on the same schedule, for the same time.

The patient directory's and the schedule source's tables stand in
:mod:`omnibook.adapters.sql.directory_tables`, in the same :data:`metadata` once that is imported.
On SQLite, tables whose rows are short or soon forgotten are kept in the order of their key
(``WITHOUT ROWID``): a row then costs one place less to write.

How a table changes is a migration (:mod:`omnibook.adapters.sql.schema`); a test holds the two
together.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)

from omnibook.adapters.sql.columns import (
    Elapsed,
    Instant,
    Minutes,
    child_of,
    document,
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

DAY = 24 * 60
"""In minutes: an appointment that takes longer is one of few."""

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


MOVE = (
    "moved_by_kind",
    "old_revision",
    "old_service_id",
    "old_schedule_id",
    "old_starts_at",
    "old_ends_at",
)
"""What is there of an appointment's last move if, and only if, ``moved_at`` is."""


def _all_or_none(first: str, *others: str) -> str:
    return " AND ".join(f"({first} IS NULL) = ({each} IS NULL)" for each in others)


def _work(rows: str, identifier: str) -> tuple[Index, ...]:
    """Of what is to be done: what is waited for, what is over, and what was set aside.

    Most is over, and is never looked at again until it is forgotten.
    """

    def some(name: str, lite: str, postgres: str) -> Index:
        return Index(
            f"{rows}_{name}_ix",
            "clinic_id",
            "not_before",
            identifier,
            sqlite_where=sql(lite),
            postgresql_where=sql(postgres),
        )

    return (
        some("waiting", "done = 0 AND failed = 0", "NOT done AND NOT failed"),
        some("over", "done = 1 OR failed = 1", "done OR failed"),
        some("set_aside", "failed = 1", "failed"),
    )


locks = Table(
    "locks",
    metadata,
    key("clinic_id"),
    Column("stripe", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)
"""What a scope locks on PostgreSQL (:mod:`omnibook.adapters.sql.locking`); empty on SQLite."""

clocks = Table("clocks", metadata, key("clinic_id"), instant("last_at"), sqlite_with_rowid=False)
"""On SQLite the instant of each clinic's last write, so that time never runs backwards across a
restart; empty on PostgreSQL, whose own clock counts."""

identify_attempts = Table(
    "identify_attempts",
    metadata,
    key("clinic_id"),
    key("attempt_key"),
    instant("latest_at"),
    document("admitted"),
    number("level"),
    Index(None, "clinic_id", "latest_at", "attempt_key"),
    sqlite_with_rowid=False,
)
"""What a shared limiter knows (:class:`omnibook.attempts.Bucket`), by keyed hashes (R12)."""

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
    text("first_name"),
    text("last_name"),
    Column("birth_date", Date, nullable=False),
    text("gender"),
    text("health_number_issuer", nullable=True),
    text("health_number", nullable=True),
    text("health_number_version", nullable=True),
    text("acting_for"),
    document("contacts"),
    document("contact_keys"),
    one_of("gender", Gender),
    one_of("acting_for", ActingFor),
    CheckConstraint(
        "(health_number_issuer IS NULL) = (health_number IS NULL)", name="health_number"
    ),
    Index(None, "clinic_id", "active_at"),
    Index(None, "clinic_id", "patient_id"),
    sqlite_with_rowid=False,
)

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
    document("contacts"),
    document("contact_keys"),
    one_of("state", HoldState),
    Index(None, "clinic_id", "visit_id"),
    # Those of which some are live: a search is told all of them.
    Index(
        "holds_held_ix",
        "clinic_id",
        "expires_at",
        sqlite_where=sql(f"state = '{HoldState.HELD.value}'"),
        postgresql_where=sql(f"state = '{HoldState.HELD.value}'"),
    ),
    sqlite_with_rowid=False,
)
hold_keys = Table(
    "hold_keys",
    metadata,
    key("clinic_id"),
    key("key"),
    Column("expires_at", Instant, primary_key=True),
    key("hold_id"),
    child_of("holds", "hold_id"),
    Index(None, "clinic_id", "hold_id"),
    sqlite_with_rowid=False,
)
"""By what a live hold is found: contact ``c/…``, source ``s/…``, patient ``p/…`` (R36, R52)."""

claims = Table(
    "claims",
    metadata,
    key("clinic_id"),
    key("owner_id"),
    key("schedule_id"),
    Column("starts_at", Instant, primary_key=True),
    Column("ends_at", Instant, primary_key=True),
    text("kind"),
    instant("expires_at", nullable=True),
    one_of("kind", ClaimKind),
    ordered("starts_at", "ends_at"),
    UniqueConstraint("clinic_id", "schedule_id", "starts_at"),
    sqlite_with_rowid=False,
)
"""What occupies a schedule. ``owner_id`` is a hold's or an appointment's identifier: each has one
claim at most. The key names the time too, for appointments to refer to it."""

booked_days = Table(
    "booked_days",
    metadata,
    key("clinic_id"),
    key("schedule_id"),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("minutes", Minutes, nullable=False),
    sqlite_with_rowid=False,
)
"""The minutes of a UTC day that appointments claim (:mod:`omnibook.booked_days`); days are counted
from 1970-01-01. They say nothing that ``claims`` does not say, and are read a hundred times as
fast."""

schedule_versions = Table(
    "schedule_versions",
    metadata,
    key("clinic_id"),
    key("schedule_id"),
    Column("version", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Another number after each change of a schedule (:mod:`omnibook.outlook`): one more, or the
microseconds since 1970 if they are more, so that none comes again after a backup was restored."""

appointments = Table(
    "appointments",
    metadata,
    key("clinic_id"),
    key("appointment_id"),
    text("reference"),
    *_slot(),
    instant("occupied_until", nullable=True),
    number("minutes"),
    text("status"),
    number("revision"),
    text("patient_id", nullable=True),
    document("provisional", nullable=True),
    text("reason"),
    text("details"),
    document("contacts"),
    document("contact_keys"),
    text("language"),
    *_terms(nullable=True),
    text("source", nullable=True),
    flag("messages"),
    instant("booked_at"),
    *_actor("booked_by"),
    instant("cancelled_at", nullable=True),
    *_actor("cancelled_by", nullable=True),
    text("cancellation_reason", nullable=True),
    instant("presence_at", nullable=True),
    *_actor("presence_by", nullable=True),
    instant("moved_at", nullable=True),
    *_actor("moved_by", nullable=True),
    number("old_revision", nullable=True),
    text("old_service_id", nullable=True),
    text("old_schedule_id", nullable=True),
    instant("old_starts_at", nullable=True),
    instant("old_ends_at", nullable=True),
    one_of("status", AppointmentStatus),
    CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_at"),
    CheckConstraint("(patient_id IS NULL) = (provisional IS NOT NULL)", name="patient_id"),
    CheckConstraint("minutes > 0", name="minutes"),
    CheckConstraint(
        "(status IN ('cancelled', 'noshow', 'entered-in-error')) = (occupied_until IS NULL)",
        name="status_occupies",
    ),
    CheckConstraint("occupied_until = claimed_until", name="occupied_until"),
    CheckConstraint("(presence_at IS NULL) = (presence_by_kind IS NULL)", name="presence_at"),
    CheckConstraint(_all_or_none("moved_at", *MOVE), name="moved_at"),
    ordered("old_starts_at", "old_ends_at"),
    # Wants nothing of an appointment that occupies nothing, whose last column is empty.
    ForeignKeyConstraint(
        ["clinic_id", "appointment_id", "schedule_id", "claimed_from", "occupied_until"],
        [
            "claims.clinic_id",
            "claims.owner_id",
            "claims.schedule_id",
            "claims.starts_at",
            "claims.ends_at",
        ],
        # Judged at the commit: claims and appointments change together, in whatever order.
        deferrable=True,
        initially="DEFERRED",
    ),
    Index(None, "clinic_id", "starts_at"),
    # So few that a day's list looks at all of them: whichever may reach into it from before.
    Index(
        "appointments_of_days_ix",
        "clinic_id",
        "starts_at",
        sqlite_where=sql(f"minutes > {DAY}"),
        postgresql_where=sql(f"minutes > {DAY}"),
    ),
    Index(None, "clinic_id", "patient_id", "starts_at"),
    Index(None, "clinic_id", "reference"),
)
appointment_keys = Table(
    "appointment_keys",
    metadata,
    key("clinic_id"),
    key("key"),
    Column("starts_at", Instant, primary_key=True),
    key("appointment_id"),
    child_of("appointments", "appointment_id"),
    Index(None, "clinic_id", "appointment_id"),
    sqlite_with_rowid=False,
)
"""By what a provisional appointment is found: contact ``c/…``, source ``s/…`` (R36)."""

busy_times = Table(
    "busy_times",
    metadata,
    key("clinic_id"),
    key("schedule_id"),
    key("busy_id"),
    instant("starts_at"),
    instant("ends_at"),
    number("minutes"),
    ordered("starts_at", "ends_at"),
    CheckConstraint("minutes > 0", name="minutes"),
    Index(None, "clinic_id", "schedule_id", "ends_at"),
    # So few that a search looks at all of them: whichever may reach into its days from before.
    Index(
        "busy_times_of_days_ix",
        "clinic_id",
        "schedule_id",
        "ends_at",
        sqlite_where=sql(f"minutes > {DAY}"),
        postgresql_where=sql(f"minutes > {DAY}"),
    ),
    sqlite_with_rowid=False,
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
    document("activities"),
    Column("interval_microseconds", Elapsed, nullable=False),
    instant("made_at"),
    *_actor("made_by"),
    ordered("starts_at", "ends_at"),
    Index(None, "clinic_id", "schedule_id", "ends_at"),
    sqlite_with_rowid=False,
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
    sqlite_with_rowid=False,
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
    number("attempts"),
    text("outcome"),
    one_of("kind", NoticeKind),
    one_of("role", NoticeRole),
    one_of("state", NoticeState),
    Index(None, "clinic_id", "state", "not_before", "notice_id"),
    Index(None, "clinic_id", "appointment_id"),
    sqlite_with_rowid=False,
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
    number("attempts"),
    flag("done"),
    flag("failed"),
    one_of("kind", EventKind),
    *_work("events", "event_id"),
    Index(None, "clinic_id", "appointment_id"),
    sqlite_with_rowid=False,
)

contact_orders = Table(
    "contact_orders",
    metadata,
    key("clinic_id"),
    key("order_id"),
    text("appointment_id"),
    text("patient_id"),
    instant("not_before"),
    number("attempts"),
    flag("done"),
    flag("failed"),
    *_work("contact_orders", "order_id"),
    Index(None, "clinic_id", "appointment_id"),
    Index(None, "clinic_id", "patient_id"),
    sqlite_with_rowid=False,
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
    sqlite_with_rowid=False,
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
    sqlite_with_rowid=False,
)
