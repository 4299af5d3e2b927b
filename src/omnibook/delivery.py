"""One pass of the dispatcher, for the one that waits and for the one that is awaited (R39, R46).

Each piece is leased, delivered and noted as done, in this order: what dies in between is left for a
later pass.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from attrs import evolve, frozen

from omnibook.audit import Operation
from omnibook.awaiting import settled
from omnibook.booking import is_cancellable
from omnibook.contacts import ContactSystem
from omnibook.ids import EventId, NoticeId, OrderId
from omnibook.messages import render_notice
from omnibook.notices import DropCode, Postponed, resolve, unreachable_flag
from omnibook.orders import carry_out
from omnibook.ports import (
    AsyncEventSink,
    AsyncNotifier,
    DueEvents,
    DueNotices,
    DueOrders,
    EventSink,
    Message,
    Notifier,
    ReadScope,
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


@frozen(kw_only=True)
class Delivery:
    """How one clinic's pieces are delivered; no state is kept between passes."""

    wiring: Wiring
    notifiers: Mapping[ContactSystem, Notifier | AsyncNotifier]
    events: EventSink | AsyncEventSink | None
    link_address: Callable[[str], str] | None

    async def run_once(self) -> Delivered:
        """See :meth:`omnibook.dispatch.Dispatcher.run_once`."""
        clinic_id = self.wiring.clinic.clinic_id
        _, orders = await self.wiring.read(DueOrders(clinic_id=clinic_id))
        results = [await self._attempt(each, self._carry_out(each)) for each in orders]
        _, notices = await self.wiring.read(DueNotices(clinic_id=clinic_id))
        results += [await self._attempt(each, self._deliver(each)) for each in notices]
        if self.events is not None:
            _, events = await self.wiring.read(DueEvents(clinic_id=clinic_id))
            results += [await self._attempt(each, self._tell(each, self.events)) for each in events]
        counts = Counter(results)
        return Delivered(
            sent=counts["sent"],
            dropped=counts["dropped"],
            told=counts["told"],
            contacts=counts["contacts"],
            failed=counts["failed"],
        )

    async def _attempt(
        self, identifier: str, delivery: Awaitable[_Result | None]
    ) -> _Result | None:
        try:
            return await delivery
        except Exception as fault:  # noqa: BLE001 - one piece's fault never stops the others
            # The fault's own text may quote an address, so only its type is logged.
            _log.warning("%s was not delivered: %s", identifier, type(fault).__name__)
            return "failed"

    async def _carry_out(self, order_id: OrderId) -> _Result | None:
        scope = Scope(clinic_id=self.wiring.clinic.clinic_id, order=order_id)
        if not await self.wiring.transact(scope, _lease_order):
            return None
        await carry_out(self.wiring, order_id)
        return "contacts"

    async def _deliver(self, notice_id: NoticeId) -> _Result | None:
        clinic = self.wiring.clinic
        scope = Scope(clinic_id=clinic.clinic_id, notice=notice_id)
        leased = await self.wiring.transact(scope, _lease_notice)
        if leased is None:
            return None
        notice, now = leased
        _, snapshot = await self.wiring.read(ReadScope(scope))
        appointment = snapshot.appointments[notice.appointment_id]
        recipient = resolve(
            notice,
            appointment,
            await self.wiring.survivor(appointment.patient_id),
            clinic,
            systems=self.notifiers,
            now=now,
        )
        subject = self.wiring.subject_of(appointment)
        operation = self.wiring.operation(SYSTEM, subject)
        if isinstance(recipient, DropCode):
            await self.wiring.transact(scope, partial(_note_dropped, recipient, operation))
            return "dropped"
        if isinstance(recipient, Postponed):
            await self.wiring.transact(scope, partial(_note_postponed, recipient))
            return None
        point, link = recipient, None
        # Past the cut-off the link would only say so: the message then asks to phone (R47).
        if self.link_address is not None and is_cancellable(appointment, clinic, now):
            link = self.link_address(self.wiring.cancel_link(appointment))
        title, body = render_notice(
            notice=notice,
            appointment=appointment,
            clinic=clinic,
            language=appointment.language,
            link=link,
            system=point.system,
        )
        message = Message(
            message_id=notice.notice_id,
            kind=notice.kind,
            system=point.system,
            address=point.value,
            language=appointment.language,
            subject=title,
            body=body,
        )
        await settled(self.notifiers[point.system].send(message))
        await self.wiring.transact(scope, partial(_note_sent, operation))
        return "sent"

    async def _tell(self, event_id: EventId, sink: EventSink | AsyncEventSink) -> _Result | None:
        scope = Scope(clinic_id=self.wiring.clinic.clinic_id, event=event_id)
        event = await self.wiring.transact(scope, _lease_event)
        if event is None:
            return None
        await settled(sink.tell(event))
        await self.wiring.transact(scope, _note_told)
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
