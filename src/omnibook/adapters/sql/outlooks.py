"""What a search is told (:mod:`omnibook.outlook`), as questions to a database.

These are many rows, asked for at each search: they are read bare, and a value is made for few.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from omnibook.adapters.sql import day_statements as d
from omnibook.adapters.sql.compiled import compiled
from omnibook.adapters.sql.day_rows import booked_of, standing_of
from omnibook.adapters.sql.sessions import Command, Question, Rows
from omnibook.adapters.sql.snapshots import Loading
from omnibook.booked_days import window_of
from omnibook.ids import ScheduleId
from omnibook.outlook import HeldTime, Outlook, ScheduleDays
from omnibook.ports import ReadDays
from omnibook.records import Slot
from omnibook.times import Span
from omnibook.transactions import Scope

_NEVER_WRITTEN = (0, None)


class LookingOut(Question[Outlook]):
    """What is asked for a :class:`~omnibook.ports.ReadOutlook`; asked once."""

    def __init__(self, dialect: str, scope: Scope) -> None:
        self.clinic_id = scope.clinic_id
        self._dialect = dialect
        self._loading = Loading(dialect, scope)

    def batch(self, since: datetime | None) -> list[Command]:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        values = {"clinic": self.clinic_id, "since": since}
        mine = [(compiled(each, self._dialect), values) for each in (d.VERSIONS, d.LIVE_HOLDS)]
        return [*mine, *self._loading.batch(since)]

    def more(self, answers: Sequence[Rows]) -> list[Command]:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        return self._loading.more(answers[2:])

    def answer(self, now: datetime, answers: Sequence[Rows]) -> Outlook:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        versions, holds, *others = answers
        return Outlook(
            snapshot=self._loading.answer(now, others),
            versions=dict(versions),
            holds=_held(holds, now),
        )


def _held(rows: Rows, now: datetime) -> tuple[HeldTime, ...]:
    held = [
        HeldTime(
            hold_id=row.hold_id,
            visit_id=row.visit_id,
            patient_id=row.patient_id,
            slot=Slot(row.service_id, row.schedule_id, row.starts_at, row.ends_at),
            claimed=Span(row.claimed_from, row.claimed_until),
        )
        for row in rows
        if row.expires_at > now
    ]
    return tuple(sorted(held, key=lambda e: (e.slot.start, e.slot.schedule_id, e.hold_id)))


class LookingAtDays(Question[Mapping[ScheduleId, ScheduleDays]]):
    """What is asked for a :class:`~omnibook.ports.ReadDays`; asked once."""

    def __init__(self, dialect: str, query: ReadDays) -> None:
        self.clinic_id = query.clinic_id
        self._dialect = dialect
        self._query = query

    def batch(self, since: datetime | None) -> list[Command]:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        del since
        query = self._query
        values = {
            "clinic": self.clinic_id,
            "schedules": sorted(query.schedules),
            "first": query.first,
            "last": query.last,
            **d.between(window_of(query.first, query.last)),
        }
        asked = (d.VERSIONS_OF, d.BOOKED, d.STANDING)
        return [(compiled(each, self._dialect), values) for each in asked]

    def answer(self, now: datetime, answers: Sequence[Rows]) -> Mapping[ScheduleId, ScheduleDays]:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        del now
        found, days, standing = answers
        versions = {row.schedule_id: (row.version, row.opened_until) for row in found}
        booked = booked_of(days)
        busy, openings, closures = standing_of(standing)
        # Of thousands of schedules, on most of which nothing but appointments stands.
        return {
            each: ScheduleDays(
                schedule_id=each,
                version=versions.get(each, _NEVER_WRITTEN)[0],
                opened_until=versions.get(each, _NEVER_WRITTEN)[1],
                booked=booked.get(each) or {},
                busy=tuple(busy[each]) if each in busy else (),
                openings=tuple(openings[each]) if each in openings else (),
                closures=tuple(closures[each]) if each in closures else (),
            )
            for each in self._query.schedules
        }
