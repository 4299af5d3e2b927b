"""Delivering what bookings queued: notices, events for the host, contact orders.

Everything was queued in the transaction that made it true, so that a crash loses nothing (R39).
The dispatcher leases each piece, does the work, and notes that it is done: at least once, and twice
only if it dies between the two; a repeat carries the same identifier (R46). What fails is left for
a later pass, and never stops the others.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from attrs import evolve, frozen

from omnibook.adapters.clocks import RandomTokens
from omnibook.audit import Operation
from omnibook.booking import is_cancellable
from omnibook.clinic import Clinic
from omnibook.contacts import ContactSystem
from omnibook.ids import EventId, NoticeId, OrderId
from omnibook.messages import render_notice
from omnibook.notices import DropCode, Postponed, resolve, unreachable_flag
from omnibook.orders import carry_out
from omnibook.ports import (
    DueEvents,
    DueNotices,
    DueOrders,
    EventSink,
    Keys,
    Message,
    Notifier,
    PatientDirectory,
    ReadScope,
    Store,
    Tokens,
)
from omnibook.records import SYSTEM, Event, Notice, NoticeState
from omnibook.transactions import (
    Decision,
    PutEvent,
    PutNotice,
    PutOrder,
    RaiseFlag,
    Scope,
    Snapshot,
    Write,
)
from omnibook.wiring import Wiring

LEASE = timedelta(minutes=2)
"""How long a piece that a dispatcher took is left alone by the others."""

_Result = Literal["sent", "dropped", "told", "contacts", "failed"]

_log = logging.getLogger("omnibook.dispatch")


@frozen(kw_only=True)
class Delivered:
    """What one pass did: counts of pieces."""

    sent: int = 0
    dropped: int = 0
    told: int = 0
    contacts: int = 0
    failed: int = 0


class Dispatcher:
    """Delivers what is due, one pass at a time; several may share the work.

    ``notifiers`` has one for each kind of address that the clinic can write to; without ``events``
    the host is told nothing, and events wait.
    """

    def __init__(
        self,
        clinic: Clinic,
        *,
        store: Store,
        directory: PatientDirectory,
        keys: Keys,
        notifiers: Mapping[ContactSystem, Notifier],
        events: EventSink | None = None,
        link_address: Callable[[str], str] | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """Serve ``clinic`` by these ports, the same as the portal's.

        ``link_address`` turns a link's opaque text into the address of the clinic's page for it;
        without it, messages ask the patient to phone.
        """
        self._clinic = clinic
        self._store = store
        self._notifiers = dict(notifiers)
        self._events = events
        self._link_address = link_address
        self._wiring = Wiring(
            clinic=clinic,
            store=store,
            directory=directory,
            keys=keys,
            schedules=None,
            tokens=tokens or RandomTokens(),
        )

    def run_once(self) -> Delivered:
        """Deliver what is due now; call it again for what comes due later.

        One piece that cannot be delivered is counted as failed and left for a later pass.
        """
        clinic_id = self._clinic.clinic_id
        _, orders = self._store.read(DueOrders(clinic_id=clinic_id))
        results = [self._attempt(each, partial(self._carry_out, each)) for each in orders]
        _, notices = self._store.read(DueNotices(clinic_id=clinic_id))
        results += [self._attempt(each, partial(self._deliver, each)) for each in notices]
        if self._events is not None:
            _, events = self._store.read(DueEvents(clinic_id=clinic_id))
            results += [
                self._attempt(each, partial(self._tell, each, self._events)) for each in events
            ]
        counts = Counter(results)
        return Delivered(
            sent=counts["sent"],
            dropped=counts["dropped"],
            told=counts["told"],
            contacts=counts["contacts"],
            failed=counts["failed"],
        )

    def _attempt(self, identifier: str, deliver: Callable[[], _Result | None]) -> _Result | None:
        try:
            return deliver()
        except Exception as fault:  # noqa: BLE001 - one piece's fault never stops the others
            # The fault's own text may quote an address, so only its type is logged.
            _log.warning("%s was not delivered: %s", identifier, type(fault).__name__)
            return "failed"

    def _carry_out(self, order_id: OrderId) -> _Result | None:
        scope = Scope(clinic_id=self._clinic.clinic_id, order=order_id)
        if not self._store.transact(scope, _lease_order):
            return None
        carry_out(self._wiring, order_id)
        return "contacts"

    def _deliver(self, notice_id: NoticeId) -> _Result | None:
        clinic = self._clinic
        scope = Scope(clinic_id=clinic.clinic_id, notice=notice_id)
        leased = self._store.transact(scope, _lease_notice)
        if leased is None:
            return None
        notice, now = leased
        _, snapshot = self._store.read(ReadScope(scope))
        appointment = snapshot.appointments[notice.appointment_id]
        recipient = resolve(
            notice,
            appointment,
            self._wiring.survivor(appointment.patient_id),
            clinic,
            systems=self._notifiers,
            now=now,
        )
        subject = self._wiring.subject_of(appointment)
        operation = self._wiring.operation(SYSTEM, subject)
        if isinstance(recipient, DropCode):
            self._store.transact(scope, partial(_note_dropped, recipient, operation))
            return "dropped"
        if isinstance(recipient, Postponed):
            self._store.transact(scope, partial(_note_postponed, recipient))
            return None
        point, link = recipient, None
        # Past the cut-off the link would only say so: the message then asks to phone (R47).
        if self._link_address is not None and is_cancellable(appointment, clinic, now):
            link = self._link_address(self._wiring.cancel_link(appointment))
        title, body = render_notice(
            notice=notice,
            appointment=appointment,
            clinic=clinic,
            language=appointment.language,
            link=link,
            system=point.system,
        )
        self._notifiers[point.system].send(
            Message(
                message_id=notice.notice_id,
                kind=notice.kind,
                system=point.system,
                address=point.value,
                language=appointment.language,
                subject=title,
                body=body,
            )
        )
        self._store.transact(scope, partial(_note_sent, operation))
        return "sent"

    def _tell(self, event_id: EventId, sink: EventSink) -> _Result | None:
        scope = Scope(clinic_id=self._clinic.clinic_id, event=event_id)
        event = self._store.transact(scope, _lease_event)
        if event is None:
            return None
        sink.tell(event)
        self._store.transact(scope, _note_told)
        return "told"


def _lease_order(snapshot: Snapshot) -> Decision[bool]:
    # An order that fails time and again steps back by its lease: it never blocks those after it.
    order, now = snapshot.order, snapshot.now
    if order is None or order.done or now < order.not_before:
        return Decision(False)
    return Decision(True, (PutOrder(evolve(order, not_before=now + LEASE)),))


def _lease_notice(snapshot: Snapshot) -> Decision[tuple[Notice, datetime] | None]:
    notice, now = snapshot.notice, snapshot.now
    if notice is None or notice.state is not NoticeState.QUEUED or now < notice.not_before:
        return Decision(None)
    leased = evolve(notice, not_before=now + LEASE)
    return Decision((leased, now), (PutNotice(leased),))


def _note_postponed(postponed: Postponed, snapshot: Snapshot) -> Decision[None]:
    notice = snapshot.notice
    if notice is None:
        return Decision(None)
    return Decision(None, (PutNotice(evolve(notice, not_before=postponed.until)),))


def _note_sent(operation: Operation, snapshot: Snapshot) -> Decision[None]:
    notice = snapshot.notice
    if notice is None:
        return Decision(None)
    sent = evolve(notice, state=NoticeState.SENT)
    audit = operation.audit(snapshot.now, f"notice {notice.notice_id}", sent.state)
    return Decision(None, (PutNotice(sent), audit))


def _note_dropped(code: DropCode, operation: Operation, snapshot: Snapshot) -> Decision[None]:
    notice = snapshot.notice
    if notice is None:
        return Decision(None)
    writes: list[Write] = [
        PutNotice(evolve(notice, state=NoticeState.DROPPED, outcome=code)),
        operation.audit(snapshot.now, f"notice {notice.notice_id}", code),
    ]
    if code is DropCode.UNREACHABLE:
        writes.append(RaiseFlag(unreachable_flag(notice, snapshot.now)))
    return Decision(None, tuple(writes))


def _lease_event(snapshot: Snapshot) -> Decision[Event | None]:
    event, now = snapshot.event, snapshot.now
    if event is None or event.done or now < event.not_before:
        return Decision(None)
    return Decision(event, (PutEvent(evolve(event, not_before=now + LEASE)),))


def _note_told(snapshot: Snapshot) -> Decision[None]:
    event = snapshot.event
    if event is None:
        return Decision(None)
    return Decision(None, (PutEvent(evolve(event, done=True)),))
