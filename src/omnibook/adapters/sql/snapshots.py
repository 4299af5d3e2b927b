"""Loads a scope's snapshot: the numbered contract of :mod:`omnibook.transactions`, as statements.

Almost all that a scope loads is known before anything is read, and asked for in one batch; only the
holds behind claims are asked for when there are some. Everything is read in the caller's
transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.sql.base import Executable

from omnibook.adapters.sql import day_statements as d
from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql.compiled import compiled
from omnibook.adapters.sql.day_rows import booked_of, standing_of
from omnibook.adapters.sql.queue_rows import event_of, notice_of, order_of
from omnibook.adapters.sql.rows import (
    appointment_of,
    claim_of,
    closure_of,
    hold_of,
    opening_of,
    visit_of,
)
from omnibook.adapters.sql.sessions import Command, Question, Rows
from omnibook.audit import tombstone_id
from omnibook.booked_days import days_of
from omnibook.ids import ContactKey, HoldId, PatientId, ScheduleId, SourceKey
from omnibook.records import ClaimKind
from omnibook.times import Span
from omnibook.transactions import ScheduleState, Scope, Snapshot


def contact_key(key: ContactKey) -> str:
    """By what a contact's holds and appointments are found."""
    return f"c/{key}"


def source_key(key: SourceKey) -> str:
    """By what a source's holds and appointments are found."""
    return f"s/{key}"


def patient_key(patient_id: PatientId) -> str:
    """By what a patient's holds are found."""
    return f"p/{patient_id}"


class Loading(Question[Snapshot]):
    """What is asked for a scope, and what is made of the answers; asked once.

    Of the rows that count by time, those are read that count at ``since``, which is not after the
    snapshot's ``now``; those that count at ``now`` are kept.
    """

    def __init__(self, dialect: str, scope: Scope) -> None:
        self.clinic_id = scope.clinic_id
        self._dialect = dialect
        self._scope = scope
        self._since: datetime | None = None
        self._asked: list[tuple[str, Command]] = []

    def batch(self, since: datetime | None) -> list[Command]:
        """The statements. ``since`` is an instant not after ``now``; nothing: the server's."""
        self._since = since
        self._ask_for_schedules()
        self._ask_for_visit()
        self._ask_for_holds()
        self._ask_for_appointments()
        self._ask_for_records()
        return [command for _, command in self._asked]

    def more(self, answers: Sequence[Rows]) -> list[Command]:
        """What the answers to :meth:`batch` make it ask: the holds behind claims."""
        behind = {
            row.owner_id
            for (name, _), rows in zip(self._asked, answers, strict=True)
            if name.startswith("claims ")
            for row in rows
            if row.kind == ClaimKind.HOLD
        }
        if not behind:
            return []
        self._ask("holds behind", s.HOLDS_LISTED, ids=sorted(behind))
        return [self._asked[-1][1]]

    def answer(self, now: datetime, answers: Sequence[Rows]) -> Snapshot:
        """What the rows mean at ``now``."""
        found = self._found(answers)
        scope = self._scope
        holds = {
            HoldId(row.hold_id): hold_of(row)
            for row in found.get("holds", ())
            if row.part != "keys"
            or (row.expires_at > now and (self._carries(row) or row.patient_id in scope.patients))
        }
        holds |= {row.hold_id: hold_of(row) for row in found.get("holds behind", ())}
        appointments = {
            row.appointment_id: appointment_of(row)
            for row in found.get("appointments", ())
            if row.part != "keys"
            or (
                row.starts_at > now
                and row.patient_id is None
                and row.occupied_until is not None
                and self._carries(row)
            )
        }
        return Snapshot(
            scope=scope,
            now=now,
            schedules=self._schedules(found),
            visit=next(map(visit_of, found.get("visit", ())), None),
            holds=holds,
            appointments=appointments,
            opening=next(map(opening_of, found.get("opening", ())), None),
            closure=next(map(closure_of, found.get("closure", ())), None),
            notice=next(map(notice_of, found.get("notice", ())), None),
            event=next(map(event_of, found.get("event", ())), None),
            order=next(map(order_of, found.get("order", ())), None),
            forgotten=bool(found.get("tombstone")) and scope.appointment not in appointments,
        )

    def _found(self, answers: Sequence[Rows]) -> dict[str, Rows]:
        named = zip(self._asked, answers, strict=True)
        return {name: rows for (name, _), rows in named}

    def _ask(self, name: str, statement: Executable, **values: object) -> None:
        values = {"clinic": self._scope.clinic_id, **values}
        self._asked.append((name, (compiled(statement, self._dialect), values)))

    # 2. schedules

    def _ask_for_schedules(self) -> None:
        spans = self._scope.schedules
        if not spans:
            return
        for schedule_id, span in spans.items():
            self._ask(
                f"claims {schedule_id}",
                s.CLAIMS,
                schedule=schedule_id,
                starts=span.start,
                ends=span.end,
            )
        window = Span(
            min(span.start for span in spans.values()), max(span.end for span in spans.values())
        )
        self._ask("standing", d.STANDING, schedules=list(spans), **d.between(window))
        first, last = days_of(window)
        self._ask("booked", d.BOOKED, schedules=list(spans), first=first, last=last)

    def _schedules(self, found: Mapping[str, Rows]) -> dict[ScheduleId, ScheduleState]:
        if not self._scope.schedules:
            return {}
        busy, openings, closures = standing_of(found["standing"])
        booked = booked_of(found["booked"])

        def state(schedule_id: ScheduleId, span: Span) -> ScheduleState:
            first, last = days_of(span)
            days = booked.get(schedule_id, {}).items()
            return ScheduleState(
                schedule_id=schedule_id,
                span=span,
                claims=tuple(claim_of(row) for row in found[f"claims {schedule_id}"]),
                busy=tuple(e for e in busy.get(schedule_id, ()) if e.span.overlaps(span)),
                openings=tuple(e for e in openings.get(schedule_id, ()) if e.span.overlaps(span)),
                closures=tuple(e for e in closures.get(schedule_id, ()) if e.span.overlaps(span)),
                booked={day: minutes for day, minutes in days if first <= day <= last},
            )

        return {each: state(each, span) for each, span in self._scope.schedules.items()}

    # 3. to 6.: visit, holds, appointments

    def _ask_for_visit(self) -> None:
        if self._scope.visit is not None:
            self._ask("visit", s.VISIT, visit=self._scope.visit)

    def _ask_for_holds(self) -> None:
        scope = self._scope
        keys = [*self._shared_keys(), *map(patient_key, sorted(scope.patients))]
        parts: dict[str, dict[str, object]] = {}
        if scope.hold is not None:
            parts["named"] = {"hold": scope.hold}
        if scope.visit is not None:
            parts["visit"] = {"visit": scope.visit}
        if keys:
            parts["keys"] = {"keys": keys, "since": self._since}
        self._ask_for("holds", s.holds, parts)

    def _ask_for_appointments(self) -> None:
        scope = self._scope
        # An appointment carries the identifier of the hold that it was booked from.
        named = [each for each in (scope.hold, scope.appointment) if each is not None]
        keys = self._shared_keys()
        parts: dict[str, dict[str, object]] = {}
        if named:
            parts["named"] = {"named": named}
        if scope.patients:
            parts["patients"] = {"patients": sorted(scope.patients)}
        if keys:
            parts["keys"] = {"keys": keys, "since": self._since}
        for name in ("notice", "event", "order"):
            if getattr(scope, name) is not None:
                parts[name] = {name: getattr(scope, name)}
        self._ask_for("appointments", s.appointments, parts)

    def _ask_for(
        self,
        name: str,
        statement: Callable[..., Executable],
        parts: Mapping[str, Mapping[str, object]],
    ) -> None:
        if parts:
            values = {key: value for part in parts.values() for key, value in part.items()}
            self._ask(name, statement(*parts), **values)

    def _carries(self, row: Any) -> bool:
        """Whether the row still has one of the keys: one put unseen may be found by former ones."""
        scope = self._scope
        return not scope.contacts.isdisjoint(row.contact_keys) or (
            scope.source is not None and row.source == scope.source
        )

    def _shared_keys(self) -> list[str]:
        scope = self._scope
        keys = [contact_key(each) for each in sorted(scope.contacts)]
        return keys if scope.source is None else [*keys, source_key(scope.source)]

    # 7. and 8.: single records

    def _ask_for_records(self) -> None:
        scope = self._scope
        if scope.opening is not None:
            self._ask("opening", s.OPENING, id=scope.opening)
        if scope.closure is not None:
            self._ask("closure", s.CLOSURE, id=scope.closure)
        if scope.appointment is not None:
            self._ask("tombstone", s.TOMBSTONE, id=tombstone_id(scope.appointment))
        if scope.notice is not None:
            self._ask("notice", s.NOTICE, id=scope.notice)
        if scope.event is not None:
            self._ask("event", s.EVENT, id=scope.event)
        if scope.order is not None:
            self._ask("order", s.ORDER, id=scope.order)
