"""Stores that lose what became of an appointment or of what is sent about it (R40, R42-R47).

See :mod:`testing.faulty_stores`.
"""

from datetime import datetime
from typing import Any

from attrs import evolve

from omnibook.ids import AppointmentId, ClinicId
from omnibook.ports import (
    AppointmentsByReference,
    AppointmentsWithin,
    Clock,
    DueNotices,
    DueOrders,
    Query,
    ReadSetAside,
    SetAside,
)
from omnibook.records import Appointment, AppointmentStatus, NoticeState
from omnibook.times import Span
from omnibook.transactions import (
    PutAppointment,
    PutEvent,
    PutNotice,
    PutOrder,
    Snapshot,
    Write,
)
from testing.clay import ClayStore, Shelf

# Moving ------------------------------------------------------------------------------------------


class KeepsTheOldClaim(ClayStore):
    """Adds the claim of a moved appointment, and deletes no other: both times are taken."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        before = dict(self.shelf.oracle.claims)
        super().write(snapshot, writes)
        claims = self.shelf.oracle.claims
        for key, was in before.items():
            if key in claims and claims[key].span != was.span:
                claims[key[0], f"{key[1]}, before"] = was


class ClaimsNothingNew(ClayStore):
    """Updates the row of a moved appointment, and leaves its claim where it was."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        before = dict(self.shelf.oracle.claims)
        super().write(snapshot, writes)
        claims = self.shelf.oracle.claims
        for key, was in before.items():
            if key in claims and claims[key].kind is was.kind:
                claims[key] = was


class MovesWithinItsSchedule(ClayStore):
    """Updates a claim's time, and not its schedule."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        before = dict(self.shelf.oracle.claims)
        super().write(snapshot, writes)
        claims = self.shelf.oracle.claims
        for key, was in before.items():
            if key in claims and claims[key].kind is was.kind:
                claims[key] = evolve(claims[key], schedule_id=was.schedule_id)


class FreesFirst(ClayStore):
    """Deletes the claim of what is moved at once, outside the transaction that may fail."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        claims = self.shelf.oracle.claims
        for each in writes:
            if isinstance(each, PutAppointment):
                key = each.appointment.clinic_id, each.appointment.appointment_id
                claim = claims.get(key)
                if claim is not None and claim.span != each.appointment.claimed:
                    del claims[key]
        super().write(snapshot, writes)


class ListsUnderTheFormerDay(ClayStore):
    """Lists an appointment by a column of its day, which is written once, when it is booked."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        super().__init__(shelf, clock)
        self.booked: dict[tuple[ClinicId, AppointmentId], Span] = {}

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(snapshot, writes)
        for each in writes:
            if isinstance(each, PutAppointment):
                made = each.appointment
                self.booked.setdefault((made.clinic_id, made.appointment_id), made.slot.span)

    def answer(self, query: Query[Any], now: datetime) -> object:
        if not isinstance(query, AppointmentsWithin):
            return super().answer(query, now)
        kept: list[Appointment] = self.shelf.oracle.of(query.clinic_id, "appointments")
        return tuple(
            sorted(
                (
                    each
                    for each in kept
                    if self.booked[each.clinic_id, each.appointment_id].overlaps(query.span)
                    and (query.schedules is None or each.slot.schedule_id in query.schedules)
                ),
                key=lambda each: (each.slot.start, each.slot.schedule_id, each.appointment_id),
            )
        )


# What is lost ------------------------------------------------------------------------------------


class ForgetsPresence(ClayStore):
    """Has no column for the presence that was confirmed."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(snapshot, tuple(map(self.kept, writes)))

    def kept(self, write: Write) -> Write:
        if not isinstance(write, PutAppointment):
            return write
        return PutAppointment(self.appointment(write.appointment))

    def appointment(self, made: Appointment) -> Appointment:
        return evolve(made, presence=None)


class ForgetsTheMove(ForgetsPresence):
    """Keeps of a move when it was, and the former time without its service and schedule."""

    def appointment(self, made: Appointment) -> Appointment:
        if made.last_move is None:
            return made
        old = made.last_move.old_slot
        slot = evolve(made.slot, start=old.start, end=old.end)
        return evolve(made, last_move=evolve(made.last_move, old_slot=slot))


class CountsNoAttempts(ForgetsPresence):
    """Begins to count attempts anew at each write."""

    def kept(self, write: Write) -> Write:
        match write:
            case PutNotice(notice):
                return PutNotice(evolve(notice, attempts=min(notice.attempts, 1)))
            case PutOrder(order):
                return PutOrder(evolve(order, attempts=min(order.attempts, 1)))
            case PutEvent(event):
                return PutEvent(evolve(event, attempts=min(event.attempts, 1)))
            case _:
                return write


# What is due, set aside, looked up ---------------------------------------------------------------


class DueThoughSetAside(ClayStore):
    """Takes for due whatever notice is neither sent nor dropped."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        if not isinstance(query, DueNotices):
            return super().answer(query, now)
        ended = {NoticeState.SENT, NoticeState.DROPPED}
        due = sorted(
            (each.not_before, each.notice_id)
            for each in self.shelf.oracle.of(query.clinic_id, "notices")
            if each.state not in ended and each.not_before <= now
        )
        return tuple(name for _, name in due[: query.limit])


class OrdersDueThoughSetAside(ClayStore):
    """Takes for due whatever order is not done."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        if not isinstance(query, DueOrders):
            return super().answer(query, now)
        due = sorted(
            (each.not_before, each.order_id)
            for each in self.shelf.oracle.of(query.clinic_id, "orders")
            if not each.done and each.not_before <= now
        )
        return tuple(name for _, name in due[: query.limit])


class NewestSetAsideFirst(ClayStore):
    """Shows what was set aside with the newest first."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        if not isinstance(query, ReadSetAside):
            return super().answer(query, now)
        whole: Any = super().answer(evolve(query, limit=10**6), now)
        return SetAside(
            notices=whole.notices[::-1][: query.limit],
            orders=whole.orders[::-1][: query.limit],
            events=whole.events[::-1][: query.limit],
        )


class OneLimitForAll(ClayStore):
    """Shows no more than the limit of all kinds together: many notices hide every order."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        answer: Any = super().answer(query, now)
        if not isinstance(query, ReadSetAside):
            return answer
        orders = answer.orders[: max(query.limit - len(answer.notices), 0)]
        left = max(query.limit - len(answer.notices) - len(orders), 0)
        return evolve(answer, orders=orders, events=answer.events[:left])


class ReferenceOfAnyClinic(ClayStore):
    """Looks a reference number up without the clinic."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        if not isinstance(query, AppointmentsByReference):
            return super().answer(query, now)
        return self.found(
            [
                each
                for (_, kind, _), each in self.shelf.oracle.records.items()
                if kind == "appointments" and each.reference == query.reference
            ]
        )

    def found(self, rows: list[Appointment]) -> tuple[Appointment, ...]:
        rows.sort(key=lambda e: (e.slot.start, e.slot.schedule_id, e.appointment_id))
        return tuple(rows)


class ReferenceOfWhatIsToCome(ReferenceOfAnyClinic):
    """Finds no cancelled appointment by its reference number."""

    def answer(self, query: Query[Any], now: datetime) -> object:
        answer: Any = ClayStore.answer(self, query, now)
        if not isinstance(query, AppointmentsByReference):
            return answer
        gone = AppointmentStatus.CANCELLED
        return self.found([each for each in answer if each.status is not gone])
