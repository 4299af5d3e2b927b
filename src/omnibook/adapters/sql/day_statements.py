"""The statements of what a search is told: booked days, versions, live holds, what stands.

What is bound is said in :mod:`omnibook.adapters.sql.statements`; and ``schedules``, a list.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Insert,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.columns import Instant
from omnibook.adapters.sql.compiled import BARE
from omnibook.adapters.sql.statements import (
    SINCE,
    among,
    insert_into,
    joined,
    literally,
    of_clinic,
    overlapping,
)
from omnibook.records import HoldState
from omnibook.times import Span

# Reading -----------------------------------------------------------------------------------------


def _standing(rows: Table, identifier: str) -> Select[Any]:
    columns: dict[str, ColumnElement[Any]] = {
        name: rows.c[name] if name in rows.c else cast(null(), t.desk_openings.c[name].type)
        for name in (
            "activities",
            "interval_microseconds",
            "made_at",
            "made_by_kind",
            "made_by_staff_id",
        )
    }
    return select(
        rows.c.clinic_id,
        rows.c[identifier].label("id"),
        rows.c.schedule_id,
        rows.c.starts_at,
        rows.c.ends_at,
        *(column.label(name) for name, column in columns.items()),
    ).where(*overlapping(rows))


def between(window: Span) -> dict[str, datetime]:
    """What :data:`STANDING` is given for a window."""
    latest = datetime.max.replace(tzinfo=UTC) - _REACH
    return {
        "starts": window.start,
        "ends": window.end,
        "reach": min(window.end, latest) + _REACH,
    }


_REACH = timedelta(minutes=t.DAY)
_busy = _standing(t.busy_times, "busy_id")
STANDING = joined(
    (
        # A host imports months of them: one that takes a day at most ends within a day of the
        # window, and this turns the search into one short stretch of the index.
        (
            "busy",
            _busy.where(t.busy_times.c.ends_at < bindparam("reach", type_=Instant)).where(
                t.busy_times.c.minutes <= literal_column(str(t.DAY))
            ),
        ),
        ("busy for days", _busy.where(t.busy_times.c.minutes > literal_column(str(t.DAY)))),
        ("opening", _standing(t.desk_openings, "opening_id")),
        ("closure", _standing(t.desk_closures, "closure_id")),
    )
)
"""What stands on the ``schedules`` from ``starts`` to ``ends``, but for claims."""

BOOKED = (
    select(t.booked_days.c.schedule_id, t.booked_days.c.day, t.booked_days.c.minutes)
    .where(t.booked_days.c.clinic_id == bindparam("clinic"))
    .where(among(t.booked_days.c.schedule_id, "schedules"))
    .where(t.booked_days.c.day >= bindparam("first", type_=Integer))
    .where(t.booked_days.c.day <= bindparam("last", type_=Integer))
    .execution_options(**{BARE: True})
)
"""The booked days of the ``schedules`` from day ``first`` to ``last``, both included; bare."""

VERSIONS = (
    select(t.schedule_versions.c.schedule_id, t.schedule_versions.c.version)
    .where(t.schedule_versions.c.clinic_id == bindparam("clinic"))
    .execution_options(**{BARE: True})
)
"""The versions of all schedules of a clinic; bare."""
_opened_until = (
    select(func.max(t.desk_openings.c.ends_at, type_=Instant))
    .where(t.desk_openings.c.clinic_id == bindparam("clinic"))
    .where(t.desk_openings.c.schedule_id == t.schedule_versions.c.schedule_id)
    .scalar_subquery()
)
VERSIONS_OF = (
    select(
        t.schedule_versions.c.schedule_id,
        t.schedule_versions.c.version,
        _opened_until.label("opened_until"),
    )
    .where(t.schedule_versions.c.clinic_id == bindparam("clinic"))
    .where(among(t.schedule_versions.c.schedule_id, "schedules"))
)
"""The versions of the ``schedules``, and until when the desk opened them."""

LIVE_HOLDS = (
    of_clinic(t.holds)
    .with_only_columns(
        *(
            t.holds.c[name]
            for name in (
                "hold_id",
                "visit_id",
                "patient_id",
                "service_id",
                "schedule_id",
                "starts_at",
                "ends_at",
                "claimed_from",
                "claimed_until",
                "expires_at",
            )
        )
    )
    .where(t.holds.c.state == literally(HoldState.HELD))
    .where(t.holds.c.expires_at > SINCE)
)
"""As much of every live hold of a clinic as a search is told."""


# Writing -----------------------------------------------------------------------------------------


def change_version(dialect: str) -> Insert:
    """Give a ``schedule`` the version ``at_least``, or one more than it has."""
    insertion = insert_into(t.schedule_versions, dialect).values(
        clinic_id=bindparam("clinic"),
        schedule_id=bindparam("schedule"),
        version=bindparam("at_least", type_=BigInteger),
    )
    later = func.greatest if dialect == "postgresql" else func.max
    version = t.schedule_versions.c.version + literal_column("1", Integer)
    return insertion.on_conflict_do_update(
        index_elements=["clinic_id", "schedule_id"],
        set_={"version": later(version, insertion.excluded.version)},
    )


WITHOUT_BOOKED = (
    delete(t.booked_days)
    .where(t.booked_days.c.clinic_id == bindparam("clinic"))
    .where(t.booked_days.c.schedule_id == bindparam("schedule"))
    .where(t.booked_days.c.day == bindparam("day", type_=Integer))
)
"""Forget the ``day`` of a ``schedule``, of which nothing is booked."""


WITHOUT_BUSY = (
    delete(t.busy_times)
    .where(t.busy_times.c.clinic_id == bindparam("clinic"))
    .where(t.busy_times.c.schedule_id == bindparam("schedule"))
    .where(
        or_(
            among(t.busy_times.c.busy_id),
            and_(
                t.busy_times.c.ends_at > bindparam("starts", type_=Instant),
                t.busy_times.c.starts_at < bindparam("ends", type_=Instant),
            ),
        )
    )
)
