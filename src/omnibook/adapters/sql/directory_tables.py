"""The tables of the patient directory and of the schedule source, beside the store's."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, Table, Time

from omnibook.adapters.sql.columns import (
    Elapsed,
    child_of,
    contact_columns,
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
    one_of("gender", Gender),
    one_of("registered_sex", Sex),
    Index(None, "clinic_id", "merged_into"),
)

patient_names = Table(
    "patient_names",
    metadata,
    key("clinic_id"),
    key("patient_id"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    text("given"),
    text("family"),
    child_of("patients", "patient_id"),
)

patient_contacts = Table(
    "patient_contacts",
    metadata,
    key("clinic_id"),
    key("patient_id"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *contact_columns(),
    text("match_key"),
    text("order_id", nullable=True),
    child_of("patients", "patient_id"),
    Index(None, "clinic_id", "match_key"),
)
"""``order_id`` names the order by which a booking added the contact (R41)."""

patient_health_numbers = Table(
    "patient_health_numbers",
    metadata,
    key("clinic_id"),
    key("patient_id"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    text("issuer"),
    text("value"),
    text("version", nullable=True),
    child_of("patients", "patient_id"),
    Index(None, "clinic_id", "issuer", "value"),
)

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
    CheckConstraint("(release_days_before IS NULL) = (release_at IS NULL)", name="release"),
)
"""Recurring openings, in wall-clock time, but for ``schedule_opening_exceptions``."""

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
