"""A person without a file gets one: an appointment is attached to it (R15, R41, R43, R51).

From then on the appointment is the file's: it counts among its visits (R20), what the form has and
the file lacks is added to the file (R41), reminders go to the file's main contact (R43), and no
time ends its record (R51). What was typed about the person is forgotten; the booking form is kept.

An appointment is attached once. Attaching it again to the same file, or to what that file was
merged into, changes nothing; to another file it is refused.
"""

from attrs import evolve, field, frozen

from omnibook.audit import Operation
from omnibook.booking import contact_writes, event_of
from omnibook.identity import Patient
from omnibook.ids import AppointmentId, SubjectKey
from omnibook.outcomes import AlreadyAttached, Attached, DeskAttachOutcome, NotFound
from omnibook.records import EventKind
from omnibook.transactions import Again, Decision, PutAppointment, PutEvent, Snapshot


@frozen(kw_only=True)
class AttachRequest:
    """Which appointment is whose: ``patient`` is a live file as it stands.

    ``operation`` is about the file; ``person`` is how the audit trail named the person before.
    """

    appointment_id: AppointmentId
    patient: Patient = field(repr=False)
    person: SubjectKey | None
    operation: Operation


def decide_attach(
    request: AttachRequest, snapshot: Snapshot
) -> Decision[DeskAttachOutcome] | Again:
    """Attach the appointment to the file, whatever its status (R15).

    Returns a decision with :class:`Attached`, also when it is the file's already;
    :class:`AlreadyAttached` when it is another's; or :class:`NotFound`.
    """
    appointment, now = snapshot.appointments.get(request.appointment_id), snapshot.now
    patient, operation = request.patient, request.operation
    if appointment is None:
        return Decision(NotFound())
    if appointment.patient_id in patient.ids:
        seen = operation.audit(now, "read-appointment", Attached.code)
        return Decision(Attached(appointment=appointment), (seen,))
    if not appointment.is_provisional:
        return Decision(AlreadyAttached())
    schedule_id, claimed = appointment.slot.schedule_id, appointment.claimed
    if not snapshot.scope.covers(schedule_id, claimed):
        return Again(snapshot.scope.widened({schedule_id: claimed}))
    attached = evolve(appointment, patient_id=patient.patient_id, provisional=None)
    # The trail of the person who was typed ends with a line that says so.
    person = evolve(operation, subject=request.person)
    return Decision(
        Attached(appointment=attached),
        (
            PutAppointment(attached),
            *contact_writes(attached, patient, now),
            PutEvent(event_of(attached, EventKind.ATTACHED, now)),
            operation.audit(now, "attach", Attached.code),
            person.audit(now, "attach-person", Attached.code),
        ),
    )
