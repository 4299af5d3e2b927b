"""The tables of the patient directory and of the schedule source, beside the store's."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, Table, Time
from sqlalchemy import text as sql

from omnibook.adapters.sql.columns import (
    Elapsed,
    child_of,
    document,
    flag,
    key,
    number,
    one_of,
    text,
)
from omnibook.adapters.sql.tables import metadata
from omnibook.facts import Sex
from omnibook.patient import Gender

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

patients = Table(
    "patients",
    metadata,
    key("clinic_id"),
    key("patient_id"),
    Column("birth_date", Date, nullable=True),
    text("gender"),
    flag("active"),
    flag("deceased"),
    text("merged_into", nullable=True),
    text("language", nullable=True),
    # A fact has three states (R21): NULL with "known" is known to be none.
    text("file_number", nullable=True),
    flag("file_number_known"),
    text("family_doctor", nullable=True),
    flag("family_doctor_known"),
    text("registered_sex", nullable=True),
    flag("registered_sex_known"),
    document("names"),
    document("contacts"),
    document("health_numbers"),
    # The other facts, by name; in JSON the three states are: not there, null, and anything else.
    document("facts"),
    one_of("gender", Gender),
    one_of("registered_sex", Sex),
    # What has several parts is asked for by one of the keys below; of merges there are few.
    Index(
        "patients_merged_ix",
        "clinic_id",
        "merged_into",
        sqlite_where=sql("merged_into IS NOT NULL"),
        postgresql_where=sql("merged_into IS NOT NULL"),
    ),
)
"""The files. A contact that a booking added names its order in its document (R41)."""

patient_number_keys = Table(
    "patient_number_keys",
    metadata,
    key("clinic_id"),
    key("issuer"),
    key("value"),
    key("patient_id"),
    child_of("patients", "patient_id"),
    Index(None, "clinic_id", "patient_id"),
    sqlite_with_rowid=False,
)
"""By which health numbers a file is found: those of its document, whatever their version."""

patient_contact_keys = Table(
    "patient_contact_keys",
    metadata,
    key("clinic_id"),
    key("match_key"),
    Column("birth_date", Date, primary_key=True),
    key("patient_id"),
    child_of("patients", "patient_id"),
    Index(None, "clinic_id", "patient_id"),
    sqlite_with_rowid=False,
)
"""By which contacts a file is found, each together with the birth date (R5): those of its document,
current or not. A file without a birth date is found by no contact, and has no row."""

applied_contact_orders = Table(
    "applied_contact_orders",
    metadata,
    key("clinic_id"),
    key("order_id"),
    text("patient_id"),
)
"""The orders that the directory has carried out: the same one again changes nothing (R41)."""

schedule_openings = Table(
    "schedule_openings",
    metadata,
    key("clinic_id"),
    key("schedule_id"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("starts", Time, nullable=False),
    Column("ends", Time, nullable=False),
    flag("ends_next_day"),
    *(Column(f"on_{weekday}", Boolean, nullable=False) for weekday in WEEKDAYS),
    Column("first_date", Date, nullable=True),
    Column("last_date", Date, nullable=True),
    Column("interval_microseconds", Elapsed, nullable=False),
    flag("online"),
    number("release_days_before", nullable=True),
    Column("release_at", Time, nullable=True),
    text("rule", nullable=True),
    CheckConstraint("(release_days_before IS NULL) = (release_at IS NULL)", name="release"),
)
"""Recurring openings, in wall-clock time; beside ``schedule_opening_additions``, but for
``schedule_opening_exceptions``."""

schedule_opening_activities = Table(
    "schedule_opening_activities",
    metadata,
    key("clinic_id"),
    key("schedule_id"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    key("activity_id"),
)

schedule_opening_exceptions = Table(
    "schedule_opening_exceptions",
    metadata,
    key("clinic_id"),
    key("schedule_id"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("on_date", Date, primary_key=True),
)

schedule_opening_additions = Table(
    "schedule_opening_additions",
    metadata,
    key("clinic_id"),
    key("schedule_id"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("on_date", Date, primary_key=True),
)

opening_versions = Table(
    "opening_versions",
    metadata,
    key("clinic_id"),
    key("schedule_id"),
    text("version"),
    sqlite_with_rowid=False,
)
"""Another text after each change of a schedule's openings: how many there were, and a digest of
what came of them, so that none comes again for other openings after a backup was restored."""
