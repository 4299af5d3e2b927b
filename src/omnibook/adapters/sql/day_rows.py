"""Booked days, versions and what stands on schedules, as rows.

Booked days and versions are many rows, read at each search: they are read bare, without a name for
each column.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from omnibook.adapters.sql import day_statements as d
from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.compiled import DIALECTS, compiled
from omnibook.adapters.sql.rows import busy_of, closure_of, opening_of
from omnibook.adapters.sql.sessions import Command, Rows
from omnibook.booked_days import DaysChange
from omnibook.daybits import unpacked
from omnibook.ids import ClinicId, ScheduleId
from omnibook.records import Busy, DeskClosure, DeskOpening

StandingT = TypeVar("StandingT", Busy, DeskOpening, DeskClosure)

_CHANGE_VERSION = {dialect: d.change_version(dialect) for dialect in DIALECTS}
_PUT_BOOKED = {dialect: s.put(t.booked_days, dialect) for dialect in DIALECTS}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


# Writing -----------------------------------------------------------------------------------------


def days_commands(
    dialect: str, clinic_id: ClinicId, now: datetime, change: DaysChange
) -> list[Command]:
    """What makes the change true; in one order for everybody, so that nobody waits crosswise."""
    batch: list[Command] = []
    for (schedule_id, day), minutes in sorted(change.booked.items()):
        if minutes:
            row = {
                "clinic_id": clinic_id,
                "schedule_id": schedule_id,
                "day": day,
                "minutes": minutes,
            }
            batch.append((compiled(_PUT_BOOKED[dialect], dialect), row))
        else:
            values = {"clinic": clinic_id, "schedule": schedule_id, "day": day}
            batch.append((compiled(d.WITHOUT_BOOKED, dialect), values))
    at_least = (now - _EPOCH) // _MICROSECOND
    for schedule_id in sorted(change.schedules):
        values = {"clinic": clinic_id, "schedule": schedule_id, "at_least": at_least}
        batch.append((compiled(_CHANGE_VERSION[dialect], dialect), values))
    return batch


# Reading -----------------------------------------------------------------------------------------


def booked_of(rows: Rows) -> dict[ScheduleId, dict[int, int]]:
    """By schedule and UTC day: the minutes of these bare rows."""
    booked: dict[ScheduleId, dict[int, int]] = {}
    for schedule_id, day, minutes in rows:
        days = booked.get(schedule_id)
        if days is None:
            booked[schedule_id] = {day: unpacked(minutes)}
        else:
            days[day] = unpacked(minutes)
    return booked


def standing_of(
    rows: Rows,
) -> tuple[
    dict[ScheduleId, list[Busy]],
    dict[ScheduleId, list[DeskOpening]],
    dict[ScheduleId, list[DeskClosure]],
]:
    """Busy times, desk openings and desk closures, by schedule and in their order."""
    # By the columns, and not by the values made of them: there can be thousands.
    rows = sorted(rows, key=lambda row: (row.starts_at, row.ends_at, row.schedule_id, row.id))
    return (
        _by_schedule(busy_of(row) for row in rows if row.part.startswith("busy")),
        _by_schedule(opening_of(row) for row in rows if row.part == "opening"),
        _by_schedule(closure_of(row) for row in rows if row.part == "closure"),
    )


def _by_schedule(values: Iterable[StandingT]) -> dict[ScheduleId, list[StandingT]]:
    found = defaultdict[ScheduleId, list[StandingT]](list)
    for each in values:
        found[each.schedule_id].append(each)
    return found
