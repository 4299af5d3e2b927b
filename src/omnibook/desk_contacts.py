"""Contacts that a booking added are verified, moved or removed by staff (R8, R41, R43).

The directory edits its file, since it keeps it; the store then notes who did, and queues an event
for the host about the booking that brought the contact. The directory remembers the order's
identifier, which follows from the caller's ``request_id`` and from all that is asked: repeated,
even after the directory's answer was lost, nothing is done twice (R38).

Directory and store are not written in one transaction. The audit trail therefore says first that
the edit is asked for (``ask-verify-contact``), before the directory is called, and then what became
of it (``verify-contact``), also when there was nothing to edit (R50). A line that says asked and
none after it with the same actor and subject: the directory or the store failed in between, and the
file may have been edited. Repeating the request settles it.
"""

from functools import partial
from typing import TypeVar

from omnibook.audit import Operation
from omnibook.awaiting import settled
from omnibook.contact_edits import ContactEdit
from omnibook.identity import Patient
from omnibook.ids import EventId, OrderId, derived_id
from omnibook.outcomes import ContactsEdited, DeskContactOutcome, NotFound, NotSupported
from omnibook.ports import AsyncContactEditor, ContactEditor
from omnibook.records import Actor, Appointment, Event, EventKind
from omnibook.transactions import Decision, PutEvent, Scope, Snapshot, Write
from omnibook.wiring import Wiring

AnswerT = TypeVar("AnswerT")

ASKED = "desk.contact-edit-asked"
"""The code of the line that is written before the directory is called."""


async def edit_contact(
    wiring: Wiring, request_id: str, patient: Patient | None, edit: ContactEdit, actor: Actor
) -> DeskContactOutcome:
    """Edit a contact of a file, if the directory lets staff do so."""
    editor: object = wiring.directory
    if not isinstance(editor, ContactEditor | AsyncContactEditor):
        return NotSupported()
    clinic_id = wiring.clinic.clinic_id
    action = f"{edit.change}-contact"
    if patient is None:
        operation = wiring.operation(actor)
        return await _noted(wiring, operation, action, NotFound.code, NotFound())
    operation = wiring.operation(actor, wiring.subject(patient.patient_id))
    await _noted(wiring, operation, f"ask-{action}", ASKED, None)
    asked = (request_id, patient.patient_id, edit.change, edit.match_key, str(edit.position))
    # A keyed hash: a plain one of a phone number is as good as the number.
    digest = wiring.keys.digest("contact edit", derived_id("contact edit", *asked))
    order_id = OrderId(derived_id("contact-edit", clinic_id, digest))
    contacts = await settled(editor.edit_contacts(patient.patient_id, edit, order_id=order_id))
    if contacts is None:
        return await _noted(wiring, operation, action, NotFound.code, NotFound())
    outcome = ContactsEdited(contacts=contacts)
    event_id = EventId(derived_id("event", EventKind.CONTACT_EDITED, order_id))
    scope = Scope(clinic_id=clinic_id, patients=patient.ids, event=event_id)
    return await wiring.transact(scope, partial(_decide_edited, outcome, edit, event_id, operation))


async def _noted(
    wiring: Wiring, operation: Operation, action: str, code: str, answer: AnswerT
) -> AnswerT:
    """Write a line of the audit trail, and nothing else; then give the answer."""
    return await wiring.transact(
        Scope(clinic_id=operation.clinic_id),
        lambda snapshot: Decision(answer, (operation.audit(snapshot.now, action, code),)),
    )


def _decide_edited(
    outcome: ContactsEdited,
    edit: ContactEdit,
    event_id: EventId,
    operation: Operation,
    snapshot: Snapshot,
) -> Decision[DeskContactOutcome]:
    """Note the edit, shown to staff again when it is repeated (R50), and tell the host once."""
    writes: list[Write] = [operation.audit(snapshot.now, f"{edit.change}-contact", outcome.code)]
    about = _brought_by(snapshot, edit.match_key)
    if about is not None and snapshot.event is None:
        event = Event(
            clinic_id=operation.clinic_id,
            event_id=event_id,
            kind=EventKind.CONTACT_EDITED,
            appointment_id=about.appointment_id,
            revision=about.revision,
            at=snapshot.now,
            not_before=snapshot.now,
        )
        writes.append(PutEvent(event))
    return Decision(outcome, tuple(writes))


def _brought_by(snapshot: Snapshot, match_key: str) -> Appointment | None:
    """The file's latest booking with this contact on its form; without one, the latest of all."""
    booked = sorted(
        snapshot.appointments.values(),
        key=lambda each: (
            any(point.match_key == match_key for point in each.entries.contacts),
            each.booked_at,
            each.appointment_id,
        ),
    )
    return booked[-1] if booked else None
