"""Reads a scope's snapshot: the numbered contract of :mod:`omnibook.transactions`, as statements.

Everything is read in the caller's transaction, so that it belongs to one instant.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select

from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.queue_rows import event_of, notice_of, order_of
from omnibook.adapters.sql.rows import (
    appointment_of,
    busy_of,
    claim_of,
    closure_of,
    contact_of,
    hold_of,
    identity_of,
    opening_of,
    visit_of,
)
from omnibook.contacts import ContactPoint
from omnibook.ids import (
    ActivityId,
    AppointmentId,
    ClinicId,
    ContactKey,
    HoldId,
    ScheduleId,
    VisitId,
)
from omnibook.records import (
    Appointment,
    Busy,
    Claim,
    ClaimKind,
    ContactOrder,
    DeskClosure,
    DeskOpening,
    Event,
    Hold,
    Notice,
    Visit,
)
from omnibook.times import Span
from omnibook.transactions import ScheduleState, Scope, Snapshot

_VISIT_CONTACTS = s.children(t.visit_contacts, "visit_id")
_VISIT_KEYS = s.children(t.visit_contact_keys, "visit_id")
_HOLD_CONTACTS = s.children(t.hold_contacts, "hold_id")
_HOLD_KEYS = s.children(t.hold_contact_keys, "hold_id")
_APPOINTMENT_CONTACTS = s.children(t.appointment_contacts, "appointment_id")
_APPOINTMENT_KEYS = s.children(t.appointment_contact_keys, "appointment_id")
_PROVISIONAL_CONTACTS = s.children(t.provisional_contacts, "appointment_id")


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """The identifiers, sorted, in lists that one statement can take."""
    listed = sorted(ids)
    for first in range(0, len(listed), s.CHUNK):
        yield listed[first : first + s.CHUNK]


class Reader:
    """Reads one clinic's rows in one transaction."""

    def __init__(self, connection: Connection, clinic_id: ClinicId) -> None:
        self._connection = connection
        self._clinic = clinic_id

    def rows(self, statement: Select[Any], **values: object) -> Sequence[Row[Any]]:
        """The rows of a statement, which is told the clinic."""
        return self._connection.execute(statement, {"clinic": self._clinic, **values}).all()

    def listed(
        self, statement: Select[Any], ids: Iterable[str], **values: object
    ) -> Iterator[Row[Any]]:
        """The rows of a statement that takes a list; nothing for none."""
        for some in chunks(ids):
            yield from self.rows(statement, ids=some, **values)

    def clock(self) -> datetime | None:
        """The instant of the clinic's last write, if there was one."""
        rows = self.rows(s.CLOCK)
        return rows[0].last_at if rows else None

    def snapshot(self, scope: Scope, now: datetime) -> Snapshot:
        """Everything that the scope loads, by the numbers of the contract."""
        schedules = self._schedules(scope)
        owners = {
            claim.owner
            for state in schedules.values()
            for claim in state.claims
            if claim.kind is ClaimKind.HOLD
        }
        notice = None if scope.notice is None else self._notice(scope.notice)
        event = None if scope.event is None else self._event(scope.event)
        order = None if scope.order is None else self._order(scope.order)
        about = {each.appointment_id for each in (notice, event, order) if each is not None}
        return Snapshot(
            scope=scope,
            now=now,
            schedules=schedules,
            visit=None if scope.visit is None else self._visit(scope.visit),
            holds=self.holds(self._hold_rows(scope, owners, now)),
            appointments={
                each.appointment_id: each
                for each in self.appointments(self._appointment_rows(scope, about, now))
            },
            opening=None if scope.opening is None else self._opening(scope.opening),
            closure=None if scope.closure is None else self._closure(scope.closure),
            notice=notice,
            event=event,
            order=order,
        )

    # 2. schedules

    def _schedules(self, scope: Scope) -> dict[ScheduleId, ScheduleState]:
        if not scope.schedules:
            return {}
        window = {
            "starts": min(span.start for span in scope.schedules.values()),
            "ends": max(span.end for span in scope.schedules.values()),
        }
        busy: defaultdict[str, list[Busy]] = defaultdict(list)
        for row in self.listed(s.BUSY, scope.schedules, **window):
            busy[row.schedule_id].append(busy_of(row))
        openings: defaultdict[str, list[DeskOpening]] = defaultdict(list)
        for opening in self._openings(list(self.listed(s.OPENINGS, scope.schedules, **window))):
            openings[opening.schedule_id].append(opening)
        closures: defaultdict[str, list[DeskClosure]] = defaultdict(list)
        for row in self.listed(s.CLOSURES, scope.schedules, **window):
            closures[row.schedule_id].append(closure_of(row))
        return {
            schedule_id: ScheduleState(
                schedule_id=schedule_id,
                span=span,
                claims=self._claims(schedule_id, span),
                busy=tuple(each for each in busy[schedule_id] if each.span.overlaps(span)),
                openings=tuple(each for each in openings[schedule_id] if each.span.overlaps(span)),
                closures=tuple(each for each in closures[schedule_id] if each.span.overlaps(span)),
            )
            for schedule_id, span in scope.schedules.items()
        }

    def _claims(self, schedule_id: ScheduleId, span: Span) -> tuple[Claim, ...]:
        rows = self.rows(s.CLAIMS, schedule=schedule_id, starts=span.start, ends=span.end)
        return tuple(claim_of(row) for row in rows)

    def _openings(self, rows: Sequence[Row[Any]]) -> Iterator[DeskOpening]:
        activities: defaultdict[str, list[ActivityId]] = defaultdict(list)
        for row in self.listed(s.OPENING_ACTIVITIES, (row.opening_id for row in rows)):
            activities[row.opening_id].append(row.activity_id)
        for row in rows:
            yield opening_of(row, tuple(activities[row.opening_id]))

    # 3. to 6.: visit, holds, appointments

    def _visit(self, visit_id: VisitId) -> Visit | None:
        for row in self.rows(s.VISIT, id=visit_id):
            contacts = self._contacts(_VISIT_CONTACTS, "visit_id", [visit_id])
            keys = self._keys(_VISIT_KEYS, "visit_id", [visit_id])
            return visit_of(row, contacts[visit_id], frozenset(keys[visit_id]))
        return None

    def _hold_rows(self, scope: Scope, owners: set[str], now: datetime) -> Iterator[Row[Any]]:
        yield from self.listed(s.HOLDS, owners if scope.hold is None else owners | {scope.hold})
        if scope.visit is not None:
            yield from self.rows(s.HOLDS_OF_VISIT, id=scope.visit)
        yield from self.listed(s.LIVE_HOLDS_OF_CONTACTS, scope.contacts, now=now)
        if scope.source is not None:
            yield from self.rows(s.LIVE_HOLDS_OF_SOURCE, id=scope.source, now=now)
        yield from self.listed(s.LIVE_HOLDS_OF_PATIENT, scope.patients, now=now)

    def holds(self, rows: Iterable[Row[Any]]) -> dict[HoldId, Hold]:
        """The holds of these rows, each once."""
        found = {row.hold_id: row for row in rows}
        contacts = self._contacts(_HOLD_CONTACTS, "hold_id", found)
        keys = self._keys(_HOLD_KEYS, "hold_id", found)
        return {
            hold_id: hold_of(row, contacts[hold_id], frozenset(keys[hold_id]))
            for hold_id, row in found.items()
        }

    def _appointment_rows(
        self, scope: Scope, about: set[AppointmentId], now: datetime
    ) -> Iterator[Row[Any]]:
        # An appointment carries the identifier of the hold that it was booked from.
        named = {each for each in (scope.hold, scope.appointment) if each is not None}
        yield from self.listed(s.APPOINTMENTS, about | named)
        yield from self.listed(s.PROVISIONAL_OF_CONTACTS, scope.contacts, now=now)
        if scope.source is not None:
            yield from self.rows(s.PROVISIONAL_OF_SOURCE, id=scope.source, now=now)
        yield from self.listed(s.APPOINTMENTS_OF_PATIENT, scope.patients)

    def appointments(self, rows: Iterable[Row[Any]]) -> tuple[Appointment, ...]:
        """The appointments of these rows, each once, in their order."""
        found = {row.appointment_id: row for row in rows}
        contacts = self._contacts(_APPOINTMENT_CONTACTS, "appointment_id", found)
        keys = self._keys(_APPOINTMENT_KEYS, "appointment_id", found)
        unfiled = [each for each, row in found.items() if row.patient_id is None]
        typed = self._contacts(_PROVISIONAL_CONTACTS, "appointment_id", unfiled)
        persons = {
            row.appointment_id: identity_of(row, typed[row.appointment_id])
            for row in self.listed(s.PROVISIONAL_PERSONS, unfiled)
        }
        return tuple(
            appointment_of(row, contacts[each], frozenset(keys[each]), persons.get(each))
            for each, row in found.items()
        )

    def _contacts(
        self, statement: Select[Any], parent: str, ids: Iterable[str]
    ) -> defaultdict[str, tuple[ContactPoint, ...]]:
        found: defaultdict[str, tuple[ContactPoint, ...]] = defaultdict(tuple)
        for row in self.listed(statement, ids):
            found[getattr(row, parent)] += (contact_of(row),)
        return found

    def _keys(
        self, statement: Select[Any], parent: str, ids: Iterable[str]
    ) -> defaultdict[str, set[ContactKey]]:
        found: defaultdict[str, set[ContactKey]] = defaultdict(set)
        for row in self.listed(statement, ids):
            found[getattr(row, parent)].add(row.contact_key)
        return found

    # 7. single records

    def _opening(self, opening_id: str) -> DeskOpening | None:
        return next(self._openings(self.rows(s.OPENING, id=opening_id)), None)

    def _closure(self, closure_id: str) -> DeskClosure | None:
        return next(map(closure_of, self.rows(s.CLOSURE, id=closure_id)), None)

    def _notice(self, notice_id: str) -> Notice | None:
        return next(map(notice_of, self.rows(s.NOTICE, id=notice_id)), None)

    def _event(self, event_id: str) -> Event | None:
        return next(map(event_of, self.rows(s.EVENT, id=event_id)), None)

    def _order(self, order_id: str) -> ContactOrder | None:
        return next(map(order_of, self.rows(s.ORDER, id=order_id)), None)
