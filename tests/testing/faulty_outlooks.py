"""Stores that tell a search something wrong, in one way each (see :mod:`testing.faulty_stores`)."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

from attrs import evolve

from omnibook.booked_days import minutes_of, window_of
from omnibook.ids import ClinicId, ScheduleId
from omnibook.outlook import ScheduleDays
from omnibook.ports import Clock, Query, ReadDays, ReadOutlook
from omnibook.records import ClaimKind
from omnibook.transactions import (
    DropDeskClosure,
    PutAppointment,
    PutDeskClosure,
    PutHold,
    ReplaceBusy,
    Snapshot,
    Write,
)
from testing.clay import ClayStore, Shelf

AnswerT = TypeVar("AnswerT")
MICRO = timedelta(microseconds=1)


class ForgetsToFree(ClayStore):
    """Adds to the booked days what an appointment takes, and clears nothing."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        super().__init__(shelf, clock)
        self.left: dict[tuple[ClinicId, ScheduleId, int], int] = {}

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(snapshot, writes)
        for (clinic, _), claim in self.shelf.oracle.claims.items():
            if claim.kind is ClaimKind.APPOINTMENT:
                for day, minutes in minutes_of(claim.span):
                    key = clinic, claim.schedule_id, day
                    self.left[key] = self.left.get(key, 0) | minutes

    def answer(self, query: Query[Any], now: datetime) -> object:
        answer = super().answer(query, now)
        if not isinstance(query, ReadDays):
            return answer
        days: Any = answer
        return {name: self.full(query, each) for name, each in days.items()}

    def full(self, query: ReadDays, days: ScheduleDays) -> ScheduleDays:
        mine = {
            day: minutes
            for (clinic, name, day), minutes in self.left.items()
            if (clinic, name) == (query.clinic_id, days.schedule_id)
            and query.first <= day <= query.last
        }
        return evolve(days, booked=mine)


class CountsByLocalDay(ClayStore):
    """Keeps the booked minutes by the clinic's own days, five hours behind."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        answer = super().answer(query, now)
        if not isinstance(query, ReadDays):
            return answer
        days: Any = answer
        return {name: self.shifted(query, each) for name, each in days.items()}

    def shifted(self, query: ReadDays, days: ScheduleDays) -> ScheduleDays:
        booked: dict[int, int] = {}
        for (clinic, _), claim in self.shelf.oracle.claims.items():
            here = (clinic, claim.schedule_id) == (query.clinic_id, days.schedule_id)
            if here and claim.kind is ClaimKind.APPOINTMENT:
                local = timedelta(hours=-5)
                for day, minutes in minutes_of(claim.span.widened(-local, local)):
                    if query.first <= day <= query.last:
                        booked[day] = booked.get(day, 0) | minutes
        return evolve(days, booked=booked)


class BooksHolds(ForgetsToFree):
    """Keeps what is held with what is booked."""

    def full(self, query: ReadDays, days: ScheduleDays) -> ScheduleDays:
        booked = dict(days.booked)
        for (clinic, _), claim in self.shelf.oracle.claims.items():
            if (clinic, claim.schedule_id) == (query.clinic_id, days.schedule_id):
                for day, minutes in minutes_of(claim.span):
                    booked[day] = booked.get(day, 0) | minutes
        return evolve(days, booked=booked)


class DaysWithEdges(ClayStore):
    """Tells the busy times that begin within the days."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        answer: Any = super().answer(query, now)
        if not isinstance(query, ReadDays):
            return answer
        window = window_of(query.first, query.last)
        return {
            name: evolve(each, busy=tuple(b for b in each.busy if b.span.start in window))
            for name, each in answer.items()
        }


class OpenedWithinTheDays(ClayStore):
    """Tells until when the desk opened a schedule by the days that are asked for."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        answer: Any = super().answer(query, now)
        if not isinstance(query, ReadDays):
            return answer
        return {
            name: evolve(each, opened_until=max((o.span.end for o in each.openings), default=None))
            for name, each in answer.items()
        }


class SameVersion(ClayStore):
    """Changes no version for some kinds of writes."""

    kinds: tuple[type, ...] = ()

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        before = dict(self.shelf.oracle.named)
        super().write(snapshot, writes)
        if any(self.overlooks(each) for each in writes):
            self.shelf.oracle.named = before

    def overlooks(self, write: Write) -> bool:
        return isinstance(write, self.kinds)


class SameVersionWhenCancelled(SameVersion):
    """Changes a schedule's version when something is booked, and not when it is cancelled."""

    def overlooks(self, write: Write) -> bool:
        return isinstance(write, PutAppointment) and not write.appointment.status.occupies


class SameVersionWhenBusy(SameVersion):
    """Changes no version when busy times are imported."""

    kinds = (ReplaceBusy,)


class SameVersionWhenClosed(SameVersion):
    """Changes no version when the desk closes."""

    kinds = (PutDeskClosure, DropDeskClosure)


class VersionOfOneRoom(ClayStore):
    """Changes the version of the schedule to which an appointment is moved, not of the other."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        before = dict(self.shelf.oracle.named)
        super().write(snapshot, writes)
        oracle, clinic = self.shelf.oracle, snapshot.scope.clinic_id
        for each in writes:
            if isinstance(each, PutAppointment) and each.appointment.status.occupies:
                mine = clinic, each.appointment.slot.schedule_id
                changed = {**before, mine: oracle.named.get(mine, 0)}
                oracle.named = {key: number for key, number in changed.items() if number}


class VersionOfHolds(ClayStore):
    """Changes the version when a time is held: nothing that is kept of a search lives long."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(snapshot, writes)
        for each in writes:
            if isinstance(each, PutHold):
                key = snapshot.scope.clinic_id, each.hold.slot.schedule_id
                self.shelf.oracle.named[key] = self.shelf.oracle.named.get(key, 0) + 1


class VersionComesBack(ClayStore):
    """Takes for a version how much stands on a schedule."""

    def versions(self, clinic: ClinicId) -> dict[ScheduleId, int]:
        return {name: len(each) for name, each in self.shelf.oracle._standing(clinic).items()}


class TellsLapsedHolds(ClayStore):
    """Tells every hold that was not ended, lapsed or not."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        answer: Any = super().answer(query, now)
        if isinstance(query, ReadOutlook):
            early = now - timedelta(days=9)
            return evolve(answer, holds=self.shelf.oracle.held(query.scope.clinic_id, early))
        return answer


class TellsHoldsTooLong(TellsLapsedHolds):
    """Tells a hold at its very end: ``now <= expires_at``."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        answer: Any = ClayStore.answer(self, query, now)
        if isinstance(query, ReadOutlook):
            early = now - MICRO
            return evolve(answer, holds=self.shelf.oracle.held(query.scope.clinic_id, early))
        return answer


class HoldsOfEverybody(ClayStore):
    """Tells the live holds of all clinics."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        answer: Any = super().answer(query, now)
        if not isinstance(query, ReadOutlook):
            return answer
        clinics = sorted({where for where, _, _ in self.shelf.oracle.records})
        held = (each for clinic in clinics for each in self.shelf.oracle.held(clinic, now))
        return evolve(answer, holds=tuple(held))


class VersionFirst(ClayStore):
    """Reads the versions, and then, when others may have written, the days."""

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        if not isinstance(query, ReadDays):
            return super().read(query)
        with self.shelf.lock:
            versions = self.versions(query.clinic_id)
        # Days that are far away, which takes a while.
        for far in range(9):
            super().read(evolve(query, first=far, last=far))
        now, told = super().read(query)
        days: Any = told
        late: Any = {
            name: evolve(each, version=versions.get(name, 0)) for name, each in days.items()
        }
        return now, late


class FreesAnywhere(ClayStore):
    """Frees an appointment's time wherever it is, in the scope or not."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        schedules = {
            claim.schedule_id: claim.span
            for claim in self.shelf.oracle.claims.values()
            if claim.kind is ClaimKind.APPOINTMENT
        }
        scope = snapshot.scope.widened(schedules)
        super().write(evolve(snapshot, scope=scope), writes)
