"""What :class:`~omnibook.adapters.memory.MemoryStore` keeps, and how it forgets (R51).

Plain dictionaries by identifier. Purging, exporting and erasing stand here, in the plainest way:
the reference that other stores are measured against.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable
from itertools import islice
from typing import TypeVar

from attrs import Factory, define

from omnibook.audit import tombstone_id
from omnibook.booked_days import minutes_of
from omnibook.dossier import Dossier, Kept
from omnibook.ids import (
    AppointmentId,
    ClosureId,
    EventId,
    FlagId,
    HoldId,
    NoticeId,
    OpeningId,
    OrderId,
    ScheduleId,
    VisitId,
)
from omnibook.outcomes import Purged
from omnibook.ports import SetAside
from omnibook.records import (
    Appointment,
    AuditEvent,
    Busy,
    Claim,
    ClaimKind,
    ContactOrder,
    DeskClosure,
    DeskOpening,
    Event,
    Flag,
    Hold,
    Notice,
    NoticeState,
    Visit,
)
from omnibook.retention import Cutoffs
from omnibook.transactions import RecordAudit

KeyT = TypeVar("KeyT")
RecordT = TypeVar("RecordT")


@define
class Tables:
    """What is kept of one clinic."""

    visits: dict[VisitId, Visit] = Factory(dict[VisitId, Visit])
    holds: dict[HoldId, Hold] = Factory(dict[HoldId, Hold])
    appointments: dict[AppointmentId, Appointment] = Factory(dict[AppointmentId, Appointment])
    claims: dict[str, Claim] = Factory(dict[str, Claim])
    busy: dict[tuple[ScheduleId, str], Busy] = Factory(dict[tuple[ScheduleId, str], Busy])
    openings: dict[OpeningId, DeskOpening] = Factory(dict[OpeningId, DeskOpening])
    closures: dict[ClosureId, DeskClosure] = Factory(dict[ClosureId, DeskClosure])
    notices: dict[NoticeId, Notice] = Factory(dict[NoticeId, Notice])
    events: dict[EventId, Event] = Factory(dict[EventId, Event])
    orders: dict[OrderId, ContactOrder] = Factory(dict[OrderId, ContactOrder])
    flags: dict[FlagId, Flag] = Factory(dict[FlagId, Flag])
    audit: dict[str, AuditEvent] = Factory(dict[str, AuditEvent])
    versions: dict[ScheduleId, int] = Factory(dict[ScheduleId, int])

    def change(self, schedules: Iterable[ScheduleId]) -> None:
        """Give these schedules a version that they never had."""
        for schedule_id in schedules:
            self.versions[schedule_id] = self.versions.get(schedule_id, 0) + 1

    def booked(
        self, schedules: Container[ScheduleId], first: int, last: int
    ) -> dict[ScheduleId, dict[int, int]]:
        """The minutes of each of these UTC days that appointments claim, by schedule and day."""
        booked = defaultdict[ScheduleId, dict[int, int]](dict)
        for claim in self.claims.values():
            if claim.kind is ClaimKind.APPOINTMENT and claim.schedule_id in schedules:
                days = booked[claim.schedule_id]
                for day, minutes in minutes_of(claim.span):
                    if first <= day <= last:
                        days[day] = days.get(day, 0) | minutes
        return booked

    def has_forgotten(self, appointment_id: AppointmentId | None) -> bool:
        """Whether an appointment of which there is no record was kept once."""
        if appointment_id is None or appointment_id in self.appointments:
            return False
        return tombstone_id(appointment_id) in self.audit

    def set_aside(self, limit: int) -> SetAside:
        """What dispatchers gave up."""
        notices = (each for each in self.notices.values() if each.state is NoticeState.FAILED)
        orders = (each for each in self.orders.values() if each.failed)
        events = (each for each in self.events.values() if each.failed)
        return SetAside(
            notices=tuple(sorted(notices, key=lambda e: (e.not_before, e.notice_id))[:limit]),
            orders=tuple(sorted(orders, key=lambda e: (e.not_before, e.order_id))[:limit]),
            events=tuple(sorted(events, key=lambda e: (e.not_before, e.event_id))[:limit]),
        )

    def record(self, writes: Iterable[RecordAudit]) -> None:
        """Append to the audit trail; a line that is there already stays as it is."""
        for write in writes:
            self.audit.setdefault(write.event.audit_id, write.event)

    def kept(self) -> Kept:
        """Every record that can be about a person."""
        return Kept(
            visits=self.visits.values(),
            holds=self.holds.values(),
            appointments=self.appointments.values(),
            notices=self.notices.values(),
            orders=self.orders.values(),
            events=self.events.values(),
            flags=self.flags.values(),
        )

    def forget(self, dossier: Dossier) -> None:
        """Forget every record of the dossier, and the claims of its holds and appointments."""
        self._forget_visits({each.visit_id for each in dossier.visits})
        self._forget_holds({each.hold_id for each in dossier.holds})
        self._forget_appointments({each.appointment_id for each in dossier.appointments})
        for order in dossier.orders:
            self.orders.pop(order.order_id, None)

    def purge(self, cutoffs: Cutoffs, limit: int) -> tuple[Purged, frozenset[AppointmentId]]:
        """Forget what has outlived its time; how much, and which appointments."""
        visits = _first(
            self.visits,
            limit,
            lambda visit: cutoffs.end_visit(
                visit, [hold for hold in self.holds.values() if hold.visit_id == visit.visit_id]
            ),
        )
        holds = {each.hold_id for each in self.holds.values() if each.visit_id in visits}
        self._forget_visits(visits)
        self._forget_holds(holds)
        appointments = _first(self.appointments, limit, cutoffs.end_appointment)
        notices, orders, events, flags = self._forget_appointments(appointments)
        return Purged(
            visits=len(visits),
            holds=len(holds),
            appointments=len(appointments),
            notices=notices + _drop(self.notices, limit, cutoffs.end_notice),
            orders=orders + _drop(self.orders, limit, cutoffs.end_order),
            events=events + _drop(self.events, limit, cutoffs.end_event),
            flags=flags,
            audit=_drop(self.audit, limit, cutoffs.end_audit),
        ), frozenset(appointments)

    def _forget_visits(self, visits: Iterable[VisitId]) -> None:
        for visit_id in visits:
            self.visits.pop(visit_id, None)

    def _forget_holds(self, holds: Iterable[HoldId]) -> None:
        for hold_id in holds:
            self.holds.pop(hold_id, None)
            claim = self.claims.get(hold_id)
            # An appointment has its hold's identifier, and its claim outlives the hold.
            if claim is not None and claim.kind is ClaimKind.HOLD:
                del self.claims[hold_id]

    def _forget_appointments(self, appointments: set[AppointmentId]) -> tuple[int, int, int, int]:
        """With all that hangs on them: how many notices, orders, events and flags that was."""
        freed: set[ScheduleId] = set()
        for appointment_id in appointments:
            self.appointments.pop(appointment_id, None)
            claim = self.claims.pop(appointment_id, None)
            if claim is not None and claim.kind is ClaimKind.APPOINTMENT:
                freed.add(claim.schedule_id)
        self.change(freed)

        def is_about(each: Notice | ContactOrder | Event | Flag) -> bool:
            return each.appointment_id in appointments

        return (
            _drop(self.notices, None, is_about),
            _drop(self.orders, None, is_about),
            _drop(self.events, None, is_about),
            _drop(self.flags, None, is_about),
        )


def _first(
    kept: dict[KeyT, RecordT], limit: int | None, ends: Callable[[RecordT], bool]
) -> set[KeyT]:
    """The identifiers of the first records that end, at most so many."""
    return set(islice((key for key, each in kept.items() if ends(each)), limit))


def _drop(kept: dict[KeyT, RecordT], limit: int | None, ends: Callable[[RecordT], bool]) -> int:
    gone = _first(kept, limit, ends)
    for key in gone:
        del kept[key]
    return len(gone)
