"""What dispatchers set aside is tried again, when staff say so (R39, R41, R46, R50).

A notice, an order to add contacts or an event that was refused for good, or tried too often, waits
for staff: it starts anew, due at once. So does a notice that reached nobody, or that never arrived,
as its gateway told: staff see a flag of the appointment, and have all that is flagged tried again
by the appointment's identifier. Whatever is still waiting for its turn, or done, is left alone, so
that nothing is sent twice.

What never arrived is sent under the same identifier: a gateway that remembers it, by
``Idempotency-Key``, may answer as it did before and send nothing.
"""

from functools import partial

from attrs import evolve

from omnibook.audit import Operation
from omnibook.desk_flags import can_be_tried_again, notices_by_flag
from omnibook.ids import AppointmentId, EventId, NoticeId, OrderId
from omnibook.outcomes import DeskTryAgainOutcome, NotFound, NotSetAside, QueuedAgain
from omnibook.ports import FlagsOf, ReadScope
from omnibook.records import Actor, NoticeState
from omnibook.transactions import Decision, PutEvent, PutNotice, PutOrder, Scope, Snapshot, Write
from omnibook.wiring import Wiring, storable


async def try_again(wiring: Wiring, identifier: object, actor: Actor) -> DeskTryAgainOutcome:
    """Queue a notice, an order or an event anew, whichever has this identifier.

    By an appointment's, each notice that a flag of it is about.
    """
    known = storable(identifier)
    if known is None:
        return NotFound()
    clinic_id, appointment_id = wiring.clinic.clinic_id, AppointmentId(known)
    _, snapshot = await wiring.read(
        ReadScope(Scope(clinic_id=clinic_id, appointment=appointment_id))
    )
    appointment = snapshot.appointments.get(appointment_id)
    if appointment is None:
        return await _piece_again(wiring, known, actor)
    flags = FlagsOf(clinic_id=clinic_id, appointments=frozenset({appointment_id}))
    _, raised = await wiring.read(flags)
    about = notices_by_flag(raised, appointment, wiring.clinic)
    # Each is decided alone: those that wait or are done answer that they do.
    done = [await _piece_again(wiring, each, actor) for each in sorted(set(about.values()))]
    return QueuedAgain() if QueuedAgain() in done else NotSetAside()


async def _piece_again(wiring: Wiring, known: str, actor: Actor) -> DeskTryAgainOutcome:
    scope = Scope(
        clinic_id=wiring.clinic.clinic_id,
        notice=NoticeId(known),
        order=OrderId(known),
        event=EventId(known),
    )
    _, snapshot = await wiring.read(ReadScope(scope))
    about = next(map(wiring.subject_of, snapshot.appointments.values()), None)
    return await wiring.transact(scope, partial(decide_try_again, wiring.operation(actor, about)))


def decide_try_again(operation: Operation, snapshot: Snapshot) -> Decision[DeskTryAgainOutcome]:
    """Queue what the scope names anew, if it was set aside, reached nobody or never arrived.

    Returns a decision with :class:`QueuedAgain`; :class:`NotSetAside`; or :class:`NotFound`.
    """
    now = snapshot.now
    notice, order, event = snapshot.notice, snapshot.order, snapshot.event
    if notice is None and order is None and event is None:
        return Decision(NotFound())
    writes: list[Write] = []
    if notice is not None and can_be_tried_again(notice):
        # Kept, so that the word of its first sending is not taken for one of the second.
        outcome = QueuedAgain.code if notice.state is NoticeState.SENT else ""
        anew = evolve(notice, state=NoticeState.QUEUED, not_before=now, attempts=0, outcome=outcome)
        writes.append(PutNotice(anew))
    if order is not None and order.failed:
        writes.append(PutOrder(evolve(order, failed=False, not_before=now, attempts=0)))
    if event is not None and event.failed:
        writes.append(PutEvent(evolve(event, failed=False, not_before=now, attempts=0)))
    if not writes:
        return Decision(NotSetAside())
    writes.append(operation.audit(now, "try-again", QueuedAgain.code))
    return Decision(QueuedAgain(), tuple(writes))
