"""What staff note of an appointment once its day has come (R40, R46, R47, R50).

Arrived, fulfilled, no-show, entered in error, or booked again, which takes a mark back. The
statuses are those of FHIR R4 Appointment (release 4.0.1, 2019-10-30): *arrived*, the patient is
there and waits; *fulfilled*, the visit takes place; *noshow*, the patient did not come; and
*entered-in-error*, there should have been no such record. FHIR leaves it to each system how one
follows another. Here:

================ ================================================ ==========================
status           may become                                       not before
================ ================================================ ==========================
booked           arrived, fulfilled, noshow, entered-in-error
arrived          booked, fulfilled, noshow, entered-in-error      the local day of the start
fulfilled        booked, arrived, noshow, entered-in-error        the start
noshow           booked, arrived, fulfilled, entered-in-error     the start
entered-in-error booked
cancelled        nothing: the patient was told so
================ ================================================ ==========================

*noshow* and *entered-in-error* free the time (R40). Whatever leads back from them takes it again,
if it is still free. A mark sends no message; what is queued is not sent while the appointment is
not booked (R46). Only what is fulfilled counts as a past visit (R20).
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from attrs import evolve, frozen

from omnibook.audit import Operation
from omnibook.booking import event_of
from omnibook.clinic import Clinic
from omnibook.desk_busy import is_taken
from omnibook.ids import AppointmentId
from omnibook.outcomes import DeskMarkOutcome, Marked, NotFound, NotMarkable, TimeTaken
from omnibook.records import Appointment, AppointmentStatus, EventKind
from omnibook.times import local_date, start_of_day
from omnibook.transactions import Again, Decision, PutAppointment, PutEvent, Snapshot

MARKS: frozenset[AppointmentStatus] = frozenset(AppointmentStatus) - {AppointmentStatus.CANCELLED}
"""The statuses that a mark can give; ``BOOKED`` takes back the one before."""

FOLLOWS: Mapping[AppointmentStatus, frozenset[AppointmentStatus]] = MappingProxyType(
    {
        **{each: MARKS - {each} for each in MARKS},
        AppointmentStatus.ENTERED_IN_ERROR: frozenset({AppointmentStatus.BOOKED}),
        AppointmentStatus.CANCELLED: frozenset(),
    }
)
"""Which statuses may follow each one."""


@frozen(kw_only=True)
class MarkRequest:
    """Which status to give to which appointment; one of :data:`MARKS`."""

    clinic: Clinic
    appointment_id: AppointmentId
    status: AppointmentStatus
    operation: Operation


def decide_mark(request: MarkRequest, snapshot: Snapshot) -> Decision[DeskMarkOutcome] | Again:
    """Give the appointment this status, or say why not.

    Returns a decision with :class:`Marked`, also when it has the status already;
    :class:`NotMarkable`, with the instant from which it will be if it is too early for it;
    :class:`TimeTaken` when its time was freed and is somebody else's by now; or :class:`NotFound`.
    """
    appointment, now = snapshot.appointments.get(request.appointment_id), snapshot.now
    if appointment is None:
        return Decision(NotFound())
    status, operation = appointment.status, request.operation
    if status is request.status:
        # Nothing is changed, but a person's data are shown again (R50).
        seen = operation.audit(now, "read-appointment", Marked.code)
        return Decision(Marked(appointment=appointment), (seen,))
    if request.status not in FOLLOWS[status]:
        return Decision(NotMarkable(status=status))
    earliest = earliest_mark(appointment, request.status, request.clinic)
    if earliest is not None and now < earliest:
        return Decision(NotMarkable(status=status, not_before=earliest))
    schedule_id, claimed = appointment.slot.schedule_id, appointment.claimed
    if not snapshot.scope.covers(schedule_id, claimed):
        return Again(snapshot.scope.widened({schedule_id: claimed}))
    takes = request.status.occupies and not status.occupies
    if takes and is_taken(snapshot, schedule_id, claimed):
        return Decision(TimeTaken())
    marked = evolve(appointment, status=request.status)
    return Decision(
        Marked(appointment=marked),
        (
            PutAppointment(marked),
            # One of many that this appointment may have: the operation tells them apart.
            PutEvent(event_of(marked, EventKind.STATUS_CHANGED, now, operation.operation_id)),
            operation.audit(now, f"mark-{request.status}", Marked.code),
        ),
    )


def earliest_mark(
    appointment: Appointment, status: AppointmentStatus, clinic: Clinic
) -> datetime | None:
    """From which instant on the appointment can be given the status; nothing: at any time."""
    start = appointment.slot.start
    if status is AppointmentStatus.ARRIVED:
        return start_of_day(local_date(start, clinic.zone), clinic.zone)
    if status in {AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW}:
        return start
    return None
