"""A schedule source in tables of its own: the recurring openings of each schedule (R30)."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, bindparam, insert, select, update

from omnibook.adapters.sql import directory_tables as d
from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql.adapter import SqlAdapter
from omnibook.adapters.sql.engine import commit
from omnibook.adapters.sql.failures import storage_failures
from omnibook.adapters.sql.rows import Values
from omnibook.clinic import Opening, Release
from omnibook.ids import ActivityId, ClinicId, ScheduleId
from omnibook.recurrence import Recurrence

_OPENINGS = s.children(d.schedule_openings, "schedule_id")
_ACTIVITIES = s.children(d.schedule_opening_activities, "schedule_id")
_EXCEPTIONS = s.children(d.schedule_opening_exceptions, "schedule_id")

_ADDITIONS = s.children(d.schedule_opening_additions, "schedule_id")
_VERSIONS = s.children(d.opening_versions, "schedule_id")
_VERSION = (
    select(d.opening_versions.c.version)
    .where(d.opening_versions.c.clinic_id == bindparam("clinic"))
    .where(d.opening_versions.c.schedule_id == bindparam("id"))
    .with_for_update()
)
_CHANGED = (
    update(d.opening_versions)
    .where(d.opening_versions.c.clinic_id == bindparam("clinic"))
    .where(d.opening_versions.c.schedule_id == bindparam("id"))
    .values(version=bindparam("changed"))
)

_TABLES = (
    d.schedule_openings,
    d.schedule_opening_activities,
    d.schedule_opening_additions,
    d.schedule_opening_exceptions,
)
_WITHOUT = {table: s.without(table, "schedule_id") for table in _TABLES}
_INSERT = {table: insert(table) for table in _TABLES}


class SqlScheduleSource(SqlAdapter):
    """A clinic's recurring openings in a SQL database.

    Use it as a context manager, or call :meth:`close`.
    """

    def __init__(self, url: str | Engine, clinic_id: ClinicId) -> None:
        """Open the database; an empty one is set up.

        Args:
            url: such as ``sqlite:////var/lib/clinic/clinic.db``; or an engine, see
                :func:`~omnibook.adapters.sql.open_engine`.
            clinic_id: whose schedules.

        Raises:
            InvalidValue: the URL is none of a SQLite file or of PostgreSQL.
            StoreError: the database cannot be opened, or has another version of the schema.
        """
        super().__init__(url)
        self._clinic = clinic_id

    def openings(self, schedule_ids: Sequence[ScheduleId]) -> dict[ScheduleId, tuple[Opening, ...]]:
        """The openings of each of these schedules, in their order; none for an unknown one."""
        activities: defaultdict[tuple[str, int], set[ActivityId]] = defaultdict(set)
        additions: defaultdict[tuple[str, int], set[date]] = defaultdict(set)
        exceptions: defaultdict[tuple[str, int], set[date]] = defaultdict(set)
        found: defaultdict[str, list[Opening]] = defaultdict(list)
        with self._database.reading() as connection, storage_failures():
            for row in self._rows(connection, _ACTIVITIES, schedule_ids):
                activities[row.schedule_id, row.position].add(row.activity_id)
            for row in self._rows(connection, _ADDITIONS, schedule_ids):
                additions[row.schedule_id, row.position].add(row.on_date)
            for row in self._rows(connection, _EXCEPTIONS, schedule_ids):
                exceptions[row.schedule_id, row.position].add(row.on_date)
            for row in self._rows(connection, _OPENINGS, schedule_ids):
                place = (row.schedule_id, row.position)
                found[row.schedule_id].append(
                    _opening_of(
                        row,
                        frozenset(activities[place]),
                        frozenset(additions[place]),
                        frozenset(exceptions[place]),
                    )
                )
        return {each: tuple(found[each]) for each in schedule_ids}

    def versions(self, schedule_ids: Sequence[ScheduleId]) -> dict[ScheduleId, str]:
        """A text of each of these schedules that is another one after its openings changed.

        It is empty where none were ever put.
        """
        with self._database.reading() as connection, storage_failures():
            rows = self._rows(connection, _VERSIONS, schedule_ids)
            found = {row.schedule_id: row.version for row in rows}
        return {each: found.get(each, "") for each in schedule_ids}

    def _rows(
        self, connection: Connection, statement: Select[Any], schedule_ids: Iterable[ScheduleId]
    ) -> Iterator[Row[Any]]:
        for some in s.chunks(set(schedule_ids)):
            yield from connection.execute(statement, {"clinic": self._clinic, "ids": some})

    def put(self, schedule_id: ScheduleId, openings: Iterable[Opening]) -> None:
        """Keep these openings of a schedule, in place of all that it had.

        The same openings again, in the same order, change nothing.
        """
        rows: dict[Any, list[Values]] = {table: [] for table in _TABLES}
        for position, opening in enumerate(openings):
            parent = {"clinic_id": self._clinic, "schedule_id": schedule_id, "position": position}
            recurrence = opening.recurrence
            rows[d.schedule_openings].append({**parent, **_opening_columns(opening)})
            rows[d.schedule_opening_activities] += [
                {**parent, "activity_id": each} for each in sorted(opening.activities)
            ]
            for table, dates in (
                (d.schedule_opening_additions, recurrence.additions),
                (d.schedule_opening_exceptions, recurrence.exceptions),
            ):
                rows[table] += [{**parent, "on_date": each} for each in sorted(dates)]
        digest = hashlib.sha256(repr([rows[table] for table in _TABLES]).encode()).hexdigest()
        with self._database.writing() as connection:
            with storage_failures():
                self._put(connection, schedule_id, rows, digest)
            commit(connection)

    def _put(
        self,
        connection: Connection,
        schedule_id: ScheduleId,
        rows: dict[Any, list[Values]],
        digest: str,
    ) -> None:
        named = {"clinic": self._clinic, "id": schedule_id}
        # Who puts the same schedule at once waits here.
        unchanged = {"clinic_id": self._clinic, "schedule_id": schedule_id, "version": ""}
        connection.execute(s.once(d.opening_versions, self._database.dialect), unchanged)
        changes, _, before = connection.execute(_VERSION, named).scalar_one().partition("-")
        if before == digest:
            return
        for table in _TABLES:
            connection.execute(_WITHOUT[table], named)
            if rows[table]:
                connection.execute(_INSERT[table], rows[table])
        connection.execute(_CHANGED, {**named, "changed": f"{int(changes or 0) + 1}-{digest}"})


def _opening_columns(opening: Opening) -> Values:
    recurrence, release = opening.recurrence, opening.release
    return {
        "starts": opening.start,
        "ends": opening.end,
        "ends_next_day": opening.ends_next_day,
        **{f"on_{name}": day in recurrence.weekdays for day, name in enumerate(d.WEEKDAYS)},
        "rule": recurrence.rule,
        "first_date": recurrence.first,
        "last_date": recurrence.last,
        "interval_microseconds": opening.interval,
        "online": opening.online,
        "release_days_before": None if release is None else release.days_before,
        "release_at": None if release is None else release.at,
    }


def _opening_of(
    row: Row[Any],
    activities: frozenset[ActivityId],
    additions: frozenset[date],
    exceptions: frozenset[date],
) -> Opening:
    release = None
    if row.release_at is not None:
        release = Release(days_before=row.release_days_before, at=row.release_at)
    return Opening(
        start=row.starts,
        end=row.ends,
        ends_next_day=row.ends_next_day,
        recurrence=Recurrence(
            weekdays=frozenset(
                day for day, name in enumerate(d.WEEKDAYS) if getattr(row, f"on_{name}")
            ),
            rule=row.rule,
            first=row.first_date,
            last=row.last_date,
            additions=additions,
            exceptions=exceptions,
        ),
        activities=activities,
        interval=row.interval_microseconds,
        online=row.online,
        release=release,
    )
