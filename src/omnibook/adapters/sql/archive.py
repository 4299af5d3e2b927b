"""Purging, exporting and erasing on SQL databases (R51): written once, waited for or awaited.

**Purging.** What has outlived its time is looked up by index, a batch at a time, and deleted by
identifier in the same transaction.

**Erasing** is the same for what is kept of one person.

The time of what is forgotten is free: the booked days of its schedules are worked out anew.

All keys of the records, and of these schedules, are locked (on PostgreSQL, in a snapshot that a
change of any of them since refuses; on SQLite nobody else writes meanwhile): a call that books,
confirms or sends for the same person comes before or after, and never in between.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from attrs import frozen
from sqlalchemy.sql.base import Executable

from omnibook.adapters.sql import archive_statements as a
from omnibook.adapters.sql import day_statements as d
from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql.compiled import compiled
from omnibook.adapters.sql.core import RACES, Core
from omnibook.adapters.sql.day_rows import booked_of, days_commands
from omnibook.adapters.sql.failures import LostRace, storage_failures
from omnibook.adapters.sql.locking import stripes_of
from omnibook.adapters.sql.queue_rows import event_of, flag_of, notice_of, order_of
from omnibook.adapters.sql.rows import appointment_of, hold_of, visit_of
from omnibook.adapters.sql.sessions import Command, Question, Rows
from omnibook.adapters.sql.writes import Writing
from omnibook.audit import Operation
from omnibook.booked_days import Claimed, DaysChange, days_of, days_without
from omnibook.dossier import Dossier, Kept, OfPatient, Ruling, Subject, gather
from omnibook.errors import Contention
from omnibook.ids import (
    AppointmentId,
    ClinicId,
    EventId,
    HoldId,
    NoticeId,
    OrderId,
    ScheduleId,
    VisitId,
)
from omnibook.outcomes import Purged
from omnibook.records import Appointment, ContactOrder
from omnibook.retention import BATCH, Cutoffs, purge_writes
from omnibook.times import Span
from omnibook.transactions import RecordAudit, Scope, Snapshot

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")


@frozen
class ArchiveCore(Core):
    """A :class:`Core` that can also forget."""

    async def purge(self, cutoffs: Cutoffs, operation: Operation, limit: int = BATCH) -> Purged:
        """See :meth:`omnibook.ports.Archive.purge`."""
        dialect = self.pool.dialect

        def decide(outlived: _Found, now: datetime) -> tuple[Purged, list[Command]]:
            found = outlived.ids
            purged = Purged(
                **{
                    kind: len(found.get(kind, ())) + len(found.get(f"{kind} about", ()))
                    for kind in a.KINDS
                }
            )
            if not purged.total:
                return purged, []
            gone = list(map(AppointmentId, found["appointments"]))
            scopes = _scopes_of(operation.clinic_id, found)
            batch = _locks(dialect, operation.clinic_id, (*scopes, outlived.freed.scope))
            batch += _deletions(dialect, operation.clinic_id, found)
            batch += days_commands(dialect, operation.clinic_id, now, outlived.freed.change)
            batch += _notes(
                dialect, operation.clinic_id, cutoffs.now, purge_writes(operation, cutoffs, gone)
            )
            return purged, batch

        question = _Outlived(dialect, operation.clinic_id, cutoffs, limit)
        return await self._settle(operation.clinic_id, lambda: question, decide)

    async def export(self, clinic_id: ClinicId, subject: Subject) -> Dossier:
        """See :meth:`omnibook.ports.Archive.export`."""
        lease, _, (dossier, _) = await self._begin(
            lambda: _Gathering(self.pool.dialect, clinic_id, subject)
        )
        await self._end(lease)
        return dossier

    async def erase(
        self,
        clinic_id: ClinicId,
        subject: Subject,
        decide: Callable[[Dossier], Ruling[OutcomeT]],
    ) -> OutcomeT:
        """See :meth:`omnibook.ports.Archive.erase`."""
        dialect = self.pool.dialect

        def rule(found: tuple[Dossier, _Freed], now: datetime) -> tuple[OutcomeT, list[Command]]:
            dossier, freed = found
            ruling = decide(dossier)
            batch: list[Command] = []
            if ruling.forget:
                scopes = (*_scopes_of_dossier(dossier), freed.scope)
                batch += _locks(dialect, clinic_id, scopes)
                batch += _deletions(dialect, clinic_id, _ids_of(dossier))
                batch += days_commands(dialect, clinic_id, now, freed.change)
            batch += _notes(dialect, clinic_id, now, ruling.writes)
            return ruling.outcome, batch

        return await self._settle(clinic_id, lambda: _Gathering(dialect, clinic_id, subject), rule)

    async def _settle(
        self,
        clinic_id: ClinicId,
        ask: Callable[[], Any],
        decide: Callable[[Any, datetime], tuple[OutcomeT, list[Command]]],
    ) -> OutcomeT:
        """Look, decide, write what the decision says; again when others were faster."""
        # On SQLite in turn from the start: nobody is faster then. On PostgreSQL what is looked at
        # is not locked, and a change of it since is found out when it is.
        scope = Scope(clinic_id=clinic_id)
        waiting_for = scope if self.pool.dialect == "sqlite" else None
        for lost in range(RACES):
            lease, now, found = await self._begin(ask, waiting_for)
            try:
                outcome, batch = decide(found, now)
                if batch:
                    with storage_failures():
                        known = Snapshot(scope=scope, now=now)
                        await lease.turn.write(known, batch, patiently=lost > 0)
            except LostRace:
                continue
            finally:
                await self._end(lease)
            return outcome
        raise Contention(f"others were faster {RACES} times; repeat the call as it was")


# What is freed -----------------------------------------------------------------------------------


@frozen
class _Freed:
    """What it means for the booked days that appointments are forgotten."""

    scope: Scope
    change: DaysChange


def _ask_for_days(dialect: str, clinic_id: ClinicId, claimed: Sequence[Claimed]) -> list[Command]:
    """What is booked on the days of these claims."""
    days: dict[ScheduleId, tuple[int, int]] = {}
    for schedule_id, span in claimed:
        first, last = days_of(span)
        known = days.get(schedule_id, (first, last))
        days[schedule_id] = min(first, known[0]), max(last, known[1])
    return [
        (
            compiled(d.BOOKED, dialect),
            {"clinic": clinic_id, "schedules": [schedule_id], "first": first, "last": last},
        )
        for schedule_id, (first, last) in days.items()
    ]


def _freed(clinic_id: ClinicId, claimed: Sequence[Claimed], answers: Sequence[Rows]) -> _Freed:
    booked = {
        (schedule_id, day): minutes
        for rows in answers
        for schedule_id, days in booked_of(rows).items()
        for day, minutes in days.items()
    }
    # Whoever books there meanwhile has read the same days.
    scope = Scope(clinic_id=clinic_id, schedules=dict(claimed))
    return _Freed(scope, days_without(booked, claimed))


# What has outlived its time ----------------------------------------------------------------------


@frozen
class _Found:
    """The identifiers of what is to be purged, by kind, and what that frees."""

    ids: dict[str, list[str]]
    freed: _Freed


class _Outlived(Question[_Found]):
    """Asks for what is to be purged."""

    def __init__(self, dialect: str, clinic_id: ClinicId, cutoffs: Cutoffs, limit: int) -> None:
        self.clinic_id = clinic_id
        self._dialect = dialect
        self._values = {
            "clinic": clinic_id,
            "limit": limit,
            "idle": cutoffs.idle,
            "started": cutoffs.started,
            "lapsed": cutoffs.lapsed,
            "provisional": cutoffs.provisional,
            "notices": cutoffs.notices,
            "audit": cutoffs.audit,
            "attempts": cutoffs.attempts,
        }

    def batch(self, since: datetime | None) -> list[Command]:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        del since
        return [(compiled(each, self._dialect), self._values) for each in a.OUTLIVED.values()]

    def more(self, answers: Sequence[Rows]) -> list[Command]:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        return _ask_for_days(self._dialect, self.clinic_id, self._claimed(answers))

    def answer(self, now: datetime, answers: Sequence[Rows]) -> _Found:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        del now
        ids = {
            name: [str(row[0]) for row in rows]
            for name, rows in zip(a.OUTLIVED, answers, strict=False)
        }
        booked = answers[len(a.OUTLIVED) :]
        return _Found(ids, _freed(self.clinic_id, self._claimed(answers), booked))

    def _claimed(self, answers: Sequence[Rows]) -> list[Claimed]:
        return [
            (row.schedule_id, Span(row.claimed_from, row.occupied_until))
            for row in answers[list(a.OUTLIVED).index("appointments")]
            if row.occupied_until is not None
        ]


# What is kept of one person ----------------------------------------------------------------------


class _Gathering(Question[tuple[Dossier, _Freed]]):
    """Asks for what is kept of one person, and for what is freed if it is forgotten.

    :func:`omnibook.dossier.gather` has the last word.
    """

    def __init__(self, dialect: str, clinic_id: ClinicId, subject: Subject) -> None:
        self.clinic_id = clinic_id
        self._dialect = dialect
        self._subject = subject

    def batch(self, since: datetime | None) -> list[Command]:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        del since
        subject = self._subject
        values = {
            "clinic": self.clinic_id,
            "patients": sorted(subject.patient_ids) if isinstance(subject, OfPatient) else [],
            "named": [] if isinstance(subject, OfPatient) else [subject.appointment_id],
        }
        return [(compiled(each, self._dialect), values) for each in a.GATHERED]

    def more(self, answers: Sequence[Rows]) -> list[Command]:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        claimed = _claimed_by(map(appointment_of, answers[0]))
        return _ask_for_days(self._dialect, self.clinic_id, claimed)

    def answer(self, now: datetime, answers: Sequence[Rows]) -> tuple[Dossier, _Freed]:
        """See :class:`~omnibook.adapters.sql.sessions.Question`."""
        gathered, booked = answers[: len(a.GATHERED)], answers[len(a.GATHERED) :]
        appointments, visits, holds, notices, events, flags, orders, orders_of_file = gathered
        every_order: dict[str, ContactOrder] = {
            row.order_id: order_of(row) for row in (*orders, *orders_of_file)
        }
        kept = Kept(
            visits=map(visit_of, visits),
            holds=map(hold_of, holds),
            appointments=map(appointment_of, appointments),
            notices=map(notice_of, notices),
            orders=every_order.values(),
            events=map(event_of, events),
            flags=map(flag_of, flags),
        )
        dossier = gather(kept, self.clinic_id, self._subject, now)
        return dossier, _freed(self.clinic_id, _claimed_by(dossier.appointments), booked)


def _claimed_by(appointments: Iterable[Appointment]) -> list[Claimed]:
    return [(each.slot.schedule_id, each.claimed) for each in appointments if each.status.occupies]


def _ids_of(dossier: Dossier) -> dict[str, list[str]]:
    return {
        "visits": [each.visit_id for each in dossier.visits],
        "holds": [each.hold_id for each in dossier.holds],
        "appointments": [each.appointment_id for each in dossier.appointments],
        "orders": [each.order_id for each in dossier.orders],
    }


def _scopes_of_dossier(dossier: Dossier) -> Iterator[Scope]:
    """Every key by which another call could reach one of the records."""
    clinic_id, subject = dossier.clinic_id, dossier.subject
    if isinstance(subject, OfPatient):
        yield Scope(clinic_id=clinic_id, patients=subject.patient_ids)
    found = _ids_of(dossier) | {
        "notices": [each.notice_id for each in dossier.notices],
        "events": [each.event_id for each in dossier.events],
    }
    yield from _scopes_of(clinic_id, found)


def _scopes_of(clinic_id: ClinicId, found: Mapping[str, Sequence[str]]) -> Iterator[Scope]:
    """The keys of these records."""
    for name, identifiers in found.items():
        for each in identifiers:
            match name.removesuffix(" about"):
                case "visits":
                    yield Scope(clinic_id=clinic_id, visit=VisitId(each))
                case "holds":
                    yield Scope(clinic_id=clinic_id, hold=HoldId(each))
                case "appointments":
                    yield Scope(clinic_id=clinic_id, appointment=AppointmentId(each))
                case "notices":
                    yield Scope(clinic_id=clinic_id, notice=NoticeId(each))
                case "orders":
                    yield Scope(clinic_id=clinic_id, order=OrderId(each))
                case "events":
                    yield Scope(clinic_id=clinic_id, event=EventId(each))
                case _:
                    # Audit events, flags and attempts are no key of anything.
                    pass


def _locks(dialect: str, clinic_id: ClinicId, scopes: Iterable[Scope]) -> list[Command]:
    """On PostgreSQL: lock these keys, and lose to whoever changed one since they were read."""
    if dialect == "sqlite":
        return []
    stripes = sorted({stripe for scope in scopes for stripe in stripes_of(scope)}, key=int)
    if not stripes:
        return []
    values = {"clinic": clinic_id, "stripes": stripes}
    return [(compiled(s.LOCK, dialect), values)]


# Writes ------------------------------------------------------------------------------------------


def _deletions(dialect: str, clinic_id: ClinicId, found: dict[str, list[str]]) -> list[Command]:
    """Forget these records, with what hangs on the appointments."""
    batch: list[Command] = []

    def forget(ids: list[str] | None, *statements: Executable) -> None:
        if ids:
            values = {"clinic": clinic_id, "ids": ids}
            batch.extend((compiled(each, dialect), values) for each in statements)

    forget(found["visits"], a.WITHOUT_VISITS)
    forget(found["holds"], a.WITHOUT_CLAIMS_OF_HOLDS, a.WITHOUT_HOLDS)
    forget(found["appointments"], *a.WITHOUT_APPOINTMENTS)
    for name, statement in a.WITHOUT.items():
        forget(found.get(name), statement)
    return batch


def _notes(
    dialect: str, clinic_id: ClinicId, now: datetime, writes: Iterable[RecordAudit]
) -> list[Command]:
    snapshot = Snapshot(scope=Scope(clinic_id=clinic_id), now=now)
    return Writing(dialect, snapshot, tuple(writes)).batch
