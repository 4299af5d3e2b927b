"""The clinic's own decisions: open, close, book, cancel (R33, R40, R46–R48).

The desk may book outside openings, notice and eligibility, but never over a claim: a time that a
visitor holds is as safe from the clinic as from other visitors (R33). What the desk makes carries
an identifier derived from the caller's ``request_id``, so that a repeated call finds it (R38).
"""

from datetime import timedelta

from attrs import field, frozen

from omnibook.audit import Operation
from omnibook.booking import booking_writes, cancel_writes, cancelled_outcome
from omnibook.booking_form import BookingEntries
from omnibook.clinic import Clinic, Service
from omnibook.desk_busy import is_taken
from omnibook.identity import Identity, Patient
from omnibook.ids import (
    ActivityId,
    AppointmentId,
    ClinicId,
    ClosureId,
    ContactKey,
    OpeningId,
    ScheduleId,
    derived_id,
)
from omnibook.notices import is_silent
from omnibook.outcomes import (
    Booked,
    Cancelled,
    Closed,
    DeskBookOutcome,
    DeskCancelOutcome,
    DeskCloseOutcome,
    DeskOpenOutcome,
    DeskWithdrawOutcome,
    NotCancellable,
    NotFound,
    Opened,
    RequestReused,
    TimeTaken,
    Withdrawn,
)
from omnibook.records import (
    VISITOR,
    Appointment,
    AppointmentStatus,
    Cancellation,
    DeskClosure,
    DeskOpening,
    Slot,
)
from omnibook.times import Span
from omnibook.transactions import (
    Again,
    Decision,
    DropDeskClosure,
    DropDeskOpening,
    PutDeskClosure,
    PutDeskOpening,
    Snapshot,
    Write,
)

_CANCELLABLE = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED})


def opening_of(clinic_id: ClinicId, request_id: str) -> OpeningId:
    """The identifier of the opening that this request makes."""
    return OpeningId(derived_id("opening", clinic_id, request_id))


def closure_of(clinic_id: ClinicId, request_id: str) -> ClosureId:
    """The identifier of the closure that this request makes."""
    return ClosureId(derived_id("closure", clinic_id, request_id))


def appointment_of(clinic_id: ClinicId, request_id: str) -> AppointmentId:
    """The identifier of the appointment that this request makes."""
    return AppointmentId(derived_id("appointment", clinic_id, request_id))


@frozen(kw_only=True)
class OpenRequest:
    """Time to open for online booking."""

    opening_id: OpeningId
    schedule_id: ScheduleId
    span: Span
    activities: tuple[ActivityId, ...]
    interval: timedelta
    operation: Operation


def decide_open(request: OpenRequest, snapshot: Snapshot) -> Decision[DeskOpenOutcome]:
    """Open the time (R48).

    Returns a decision with :class:`Opened`, the first answer when the request is repeated (R38), or
    :class:`RequestReused` when its identifier was used for something else.
    """
    known = snapshot.opening
    if known is not None:
        asked = (request.schedule_id, request.span, request.activities, request.interval)
        if asked != (known.schedule_id, known.span, known.activities, known.interval):
            return Decision(RequestReused())
        return Decision(Opened(opening_id=known.opening_id, span=known.span))
    opening = DeskOpening(
        clinic_id=request.operation.clinic_id,
        opening_id=request.opening_id,
        schedule_id=request.schedule_id,
        span=request.span,
        activities=request.activities,
        interval=request.interval,
        made_at=snapshot.now,
        made_by=request.operation.actor,
    )
    outcome = Opened(opening_id=opening.opening_id, span=opening.span)
    return Decision(
        outcome,
        (
            PutDeskOpening(opening),
            request.operation.audit(snapshot.now, "open", outcome.code),
        ),
    )


@frozen(kw_only=True)
class CloseRequest:
    """Time to close."""

    closure_id: ClosureId
    schedule_id: ScheduleId
    span: Span
    operation: Operation


def decide_close(request: CloseRequest, snapshot: Snapshot) -> Decision[DeskCloseOutcome]:
    """Close the time (R48).

    Returns a decision with :class:`TimeTaken` when a visitor holds some of it,
    :class:`RequestReused` when the request's identifier was used for something else, or
    :class:`Closed`; appointments in it stand, and the caller lists them with the answer.
    """
    known = snapshot.closure
    if known is not None:
        if (request.schedule_id, request.span) != (known.schedule_id, known.span):
            return Decision(RequestReused())
        return Decision(Closed(closure_id=known.closure_id, span=known.span))
    if any(
        hold.slot.schedule_id == request.schedule_id and hold.slot.span.overlaps(request.span)
        for hold in snapshot.live_holds()
    ):
        return Decision(TimeTaken())
    outcome = Closed(closure_id=request.closure_id, span=request.span)
    return Decision(
        outcome,
        (
            _put_closure(
                request.closure_id,
                request.schedule_id,
                request.span,
                request.operation,
                snapshot,
            ),
            request.operation.audit(snapshot.now, "close", outcome.code),
        ),
    )


def _put_closure(
    identifier: ClosureId,
    schedule_id: ScheduleId,
    span: Span,
    operation: Operation,
    snapshot: Snapshot,
) -> PutDeskClosure:
    return PutDeskClosure(
        DeskClosure(
            clinic_id=operation.clinic_id,
            closure_id=identifier,
            schedule_id=schedule_id,
            span=span,
            made_at=snapshot.now,
            made_by=operation.actor,
        )
    )


def decide_withdraw_opening(
    identifier: OpeningId, operation: Operation, snapshot: Snapshot
) -> Decision[DeskWithdrawOutcome]:
    """Take back an opening of the desk; what was held or booked in it stands (R37, R48)."""
    writes: tuple[Write, ...] = ()
    if snapshot.opening is not None:
        audit = operation.audit(snapshot.now, "withdraw-opening", Withdrawn.code)
        writes = (DropDeskOpening(identifier), audit)
    return Decision(Withdrawn(), writes)


def decide_withdraw_closure(
    identifier: ClosureId, operation: Operation, snapshot: Snapshot
) -> Decision[DeskWithdrawOutcome]:
    """Take back a closure of the desk: its time is as it would be without (R48)."""
    writes: tuple[Write, ...] = ()
    if snapshot.closure is not None:
        audit = operation.audit(snapshot.now, "withdraw-closure", Withdrawn.code)
        writes = (DropDeskClosure(identifier), audit)
    return Decision(Withdrawn(), writes)


@frozen(kw_only=True)
class DeskBooking:
    """What the desk books: for a patient's file, or for a person without one.

    ``claimed`` is the slot with such buffers as the desk gives; none by itself (R27).
    """

    clinic: Clinic
    service: Service
    slot: Slot
    claimed: Span
    appointment_id: AppointmentId
    patient: Patient | None
    provisional: Identity | None
    entries: BookingEntries
    contact_keys: frozenset[ContactKey]
    language: str
    messages: bool
    reference: str
    operation: Operation


def decide_desk_book(request: DeskBooking, snapshot: Snapshot) -> Decision[DeskBookOutcome]:
    """Book a time from the desk (R33, R38, R48).

    Returns a decision with :class:`Booked`, the appointment as it now stands when the request is
    repeated; :class:`RequestReused` when its identifier was used for another slot or patient, or
    for an appointment that was purged or erased since (R51); or :class:`TimeTaken` when a live
    claim or the host's busy time is in the way.
    """
    known = snapshot.appointments.get(request.appointment_id)
    if known is not None:
        asked = (request.slot, request.provisional, request.patient and request.patient.patient_id)
        if asked != (known.slot, known.provisional, known.patient_id):
            return Decision(RequestReused())
        # Shown to staff again, which the audit trail knows too (R50).
        seen = request.operation.audit(snapshot.now, "desk-book", Booked.code)
        return Decision(Booked(appointment=known), (seen,))
    if snapshot.forgotten:
        # A late repetition must not bring back what was erased since (R51).
        return Decision(RequestReused())
    if is_taken(snapshot, request.slot.schedule_id, request.claimed):
        return Decision(TimeTaken())
    patient = request.patient
    appointment = Appointment(
        clinic_id=request.clinic.clinic_id,
        appointment_id=request.appointment_id,
        reference=request.reference,
        slot=request.slot,
        activity=request.service.activities[0],
        claimed=request.claimed,
        patient_id=None if patient is None else patient.patient_id,
        provisional=request.provisional,
        entries=request.entries,
        language=request.language,
        contact_keys=request.contact_keys,
        messages=request.messages
        and not is_silent(request.clinic, request.service, request.service.activities[0]),
        booked_at=snapshot.now,
        booked_by=request.operation.actor,
    )
    outcome = Booked(appointment=appointment)
    return Decision(
        outcome,
        (
            *booking_writes(appointment, request.clinic, patient),
            request.operation.audit(snapshot.now, "desk-book", outcome.code),
        ),
    )


@frozen(kw_only=True)
class DeskCancellation:
    """What the desk cancels; ``close_time`` also closes the time that is freed (R46).

    ``asked_by_patient``: the patient phoned, so that the record and the message name no clinic.
    """

    clinic: Clinic
    appointment_id: AppointmentId
    reason: str = field(repr=False)
    close_time: bool
    asked_by_patient: bool
    operation: Operation


def decide_desk_cancel(
    request: DeskCancellation, snapshot: Snapshot
) -> Decision[DeskCancelOutcome] | Again:
    """Cancel from the desk, at any time (R46, R47).

    Returns a decision with :class:`Cancelled`, the first answer when it is repeated,
    :class:`NotCancellable` in a status that cannot be, or :class:`NotFound`.
    """
    appointment = snapshot.appointments.get(request.appointment_id)
    if appointment is None:
        return Decision(NotFound())
    if appointment.cancellation is not None:
        # The reason, perhaps the patient's own words, is shown to staff (R50).
        seen = request.operation.audit(snapshot.now, "cancel", Cancelled.code)
        return Decision(cancelled_outcome(appointment, appointment.cancellation), (seen,))
    if appointment.status not in _CANCELLABLE:
        return Decision(NotCancellable(status=appointment.status))
    slot = appointment.slot
    if not snapshot.scope.covers(slot.schedule_id, appointment.claimed):
        return Again(snapshot.scope.widened({slot.schedule_id: appointment.claimed}))
    operation = request.operation
    cancellation = Cancellation(
        at=snapshot.now,
        by=VISITOR if request.asked_by_patient else operation.actor,
        reason=request.reason,
    )
    writes = cancel_writes(appointment, cancellation, request.clinic, operation)
    if request.close_time:
        identifier = closure_of(operation.clinic_id, f"cancel {appointment.appointment_id}")
        closure = _put_closure(identifier, slot.schedule_id, slot.span, operation, snapshot)
        writes = (*writes, closure, operation.audit(snapshot.now, "close", Closed.code))
    return Decision(cancelled_outcome(appointment, cancellation), writes)
