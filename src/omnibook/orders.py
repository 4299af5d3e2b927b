"""Carrying out the order to add a form's contact details to a file (R41).

The directory may be another system, so the order is durable: it is queued with the booking,
carried out at once where that works, and by the dispatcher otherwise. Carried out twice, it adds
nothing twice.
"""

import logging
from functools import partial

from attrs import evolve

from omnibook.audit import Operation
from omnibook.awaiting import settled
from omnibook.booking import order_id
from omnibook.ids import EventId, OrderId, derived_id
from omnibook.ports import ReadScope
from omnibook.records import SYSTEM, Appointment, Event, EventKind
from omnibook.transactions import (
    Decision,
    PutEvent,
    PutOrder,
    Scope,
    Snapshot,
    Write,
)
from omnibook.wiring import Wiring

_log = logging.getLogger("omnibook.orders")


async def carry_out(wiring: Wiring, identifier: OrderId) -> None:
    """Add the contacts and note that it is done; an unknown or a done order changes nothing.

    Raises what the directory raises: the order then stays queued.
    """
    scope = Scope(clinic_id=wiring.clinic.clinic_id, order=identifier)
    _, snapshot = await wiring.read(ReadScope(scope))
    order = snapshot.order
    if order is None or order.done:
        return
    points = snapshot.appointments[order.appointment_id].entries.contacts
    await settled(wiring.directory.append_contacts(order.patient_id, points, order_id=identifier))
    # What was added cannot tell: an earlier try may have added it and died before noting so.
    is_known = await wiring.survivor(order.patient_id) is not None
    operation = wiring.operation(SYSTEM, wiring.subject(order.patient_id))
    await wiring.transact(scope, partial(_decide_done, operation, is_known))


async def carry_out_quietly(wiring: Wiring, appointment: Appointment) -> None:
    """Carry out an appointment's order at once, if that works.

    Whatever is raised is logged by its type, and left for the dispatcher to meet again: the booking
    stands.
    """
    try:
        await carry_out(wiring, order_id(appointment))
    except Exception as fault:  # noqa: BLE001 - a booking never fails for the directory
        # The fault's own text may quote a contact, so only its type is logged.
        _log.warning("contacts were not added yet: %s", type(fault).__name__)


def _decide_done(operation: Operation, is_known: bool, snapshot: Snapshot) -> Decision[None]:
    order = snapshot.order
    if order is None or order.done:
        return Decision(None)
    appointment = snapshot.appointments[order.appointment_id]
    event = Event(
        clinic_id=order.clinic_id,
        event_id=EventId(derived_id("event", EventKind.CONTACT_ADDED, order.order_id)),
        kind=EventKind.CONTACT_ADDED,
        appointment_id=order.appointment_id,
        revision=appointment.revision,
        at=snapshot.now,
        not_before=snapshot.now,
    )
    done: tuple[Write, ...] = (PutOrder(evolve(order, done=True, failed=False)),)
    if not is_known:
        # The file is gone: nothing was added, and there is nothing to tell.
        return Decision(None, done)
    audit = operation.audit(snapshot.now, "add-contacts", EventKind.CONTACT_ADDED)
    return Decision(None, (*done, PutEvent(event), audit))
