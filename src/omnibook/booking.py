"""*Book* and the patient's *Cancel* (R36–R39, R41, R42, R46, R47, R52).

Under a live hold, booking never fails for the time: what a clinic may refuse was judged at
*Review*. After the hold's expiry everything is judged anew, and booking succeeds if the time is
still free. It is all or nothing: appointment, the order to add contact details, notices, events
and audit are one decision's writes (R39).

The appointment carries the hold's identifier, so that the same hold booked again finds it.
"""

from datetime import datetime

from attrs import evolve, field, frozen

from omnibook.audit import Operation
from omnibook.availability import agenda, claimed_span, judge
from omnibook.booking_form import BookingEntries
from omnibook.clinic import Clinic, Opening
from omnibook.holds import appointments_capped, has_upcoming, holds_capped
from omnibook.identity import Patient
from omnibook.ids import (
    AppointmentId,
    ContactKey,
    EventId,
    FlagId,
    HoldId,
    OrderId,
    VisitId,
    derived_id,
)
from omnibook.notices import is_silent, on_booking, on_cancellation
from omnibook.outcomes import (
    AlreadyBooked,
    Booked,
    BookOutcome,
    Cancelled,
    CancelOutcome,
    InvalidEntry,
    LinkDead,
    LinkedAppointment,
    ServiceNotOffered,
    ShowOutcome,
    SlotTaken,
    TooLate,
    TooManyHolds,
    VisitOver,
)
from omnibook.records import (
    VISITOR,
    Appointment,
    AppointmentStatus,
    Cancellation,
    ContactOrder,
    Event,
    EventKind,
    Flag,
    FlagCode,
    Hold,
    HoldState,
    Visit,
)
from omnibook.times import Span
from omnibook.transactions import (
    Again,
    Decision,
    PutAppointment,
    PutEvent,
    PutHold,
    PutOrder,
    RaiseFlag,
    Snapshot,
    Write,
)
from omnibook.visits import is_offered, visit_is_over


@frozen(kw_only=True)
class BookRequest:
    """What *Book* asks for.

    ``form`` replaces the one given at *Review*: what was read of it with the contact keys of both
    forms, or what is wrong with it. ``openings`` are the recurring ones of the hold's schedule.
    """

    clinic: Clinic
    visit_id: VisitId
    hold_id: HoldId
    form: tuple[BookingEntries, frozenset[ContactKey]] | InvalidEntry | None
    openings: tuple[Opening, ...]
    patient: Patient | None
    reference: str
    operation: Operation
    language: str | None = None
    """Of the messages; the visit's where none is given."""


def decide_book(request: BookRequest, snapshot: Snapshot) -> Decision[BookOutcome] | Again:
    """Turn the hold into an appointment, or say why not (R37, R38).

    Returns a decision with :class:`Booked`, :class:`SlotTaken` (the start has passed, the time was
    lost, or the hold was released, swapped, taken over, is unknown or another visit's),
    :class:`ServiceNotOffered`, :class:`AlreadyBooked`, :class:`TooManyHolds`,
    :class:`InvalidEntry` or :class:`VisitOver`. A refusal leaves the hold untouched.
    """
    clinic, now = request.clinic, snapshot.now
    visit = snapshot.visit
    if visit is None or visit_is_over(visit, snapshot, clinic.policies):
        return Decision(VisitOver())
    hold = snapshot.holds.get(request.hold_id)
    if hold is None or hold.visit_id != request.visit_id:
        return Decision(SlotTaken())
    if hold.state is HoldState.BOOKED:
        return Decision(Booked(appointment=snapshot.appointments[AppointmentId(hold.hold_id)]))
    if hold.state is not HoldState.HELD or hold.slot.start <= now:
        return Decision(SlotTaken())
    if isinstance(request.form, InvalidEntry):
        return Decision(request.form)
    if request.form is not None:
        entries, contact_keys = request.form
        hold = evolve(hold, entries=entries, contact_keys=contact_keys)
    again = _needs(snapshot, hold, hold.claimed)
    if again is not None:
        return again
    refusal = _refusal(request, snapshot, visit, hold)
    if refusal is not None:
        return Decision(refusal)
    if not _still_claims(snapshot, hold):
        judged = _judged_anew(request, snapshot, hold)
        if judged is None:
            return Decision(SlotTaken())
        if isinstance(judged, Again):
            return judged
        hold = judged
    appointment = _appointment(request, snapshot, visit, hold)
    outcome = Booked(appointment=appointment)
    return Decision(
        outcome,
        (
            PutHold(evolve(hold, state=HoldState.BOOKED)),
            *booking_writes(appointment, clinic, request.patient),
            request.operation.audit(now, "book", outcome.code),
        ),
    )


def _still_claims(snapshot: Snapshot, hold: Hold) -> bool:
    """Whether the hold is live, and its claim stands (R37).

    A lapsed claim goes when its time is taken. Should the store's clock then go back, as after a
    fail-over to another host, the hold would seem live again, and its time is another's.
    """
    claims = snapshot.schedules[hold.slot.schedule_id].claims
    return hold.is_live(snapshot.now) and any(claim.owner == hold.hold_id for claim in claims)


def _needs(snapshot: Snapshot, hold: Hold, claimed: Span) -> Again | None:
    """Ask for what the scope lacks: the time to be claimed, and the contacts that caps count.

    The same visit may have reviewed its hold with another form since the scope was made.
    """
    scope = snapshot.scope
    if scope.covers(hold.slot.schedule_id, claimed) and hold.contact_keys <= scope.contacts:
        return None
    wider = scope.widened({hold.slot.schedule_id: claimed})
    return Again(evolve(wider, contacts=scope.contacts | hold.contact_keys))


def _refusal(
    request: BookRequest, snapshot: Snapshot, visit: Visit, hold: Hold
) -> ServiceNotOffered | AlreadyBooked | TooManyHolds | None:
    """Why the visitor may not book this at all, whatever became of the time (R36, R37, R52)."""
    clinic, patient = request.clinic, request.patient
    service = clinic.service(hold.slot.service_id)
    if service is None or not is_offered(service, patient, hold.slot, clinic, snapshot):
        return ServiceNotOffered()
    if has_upcoming(snapshot, patient, hold.slot.service_id, clinic.policies):
        return AlreadyBooked()
    late = not _still_claims(snapshot, hold)
    if appointments_capped(snapshot, patient, hold.contact_keys, visit.source, clinic) or (
        late
        and holds_capped(snapshot, visit.visit_id, hold.contact_keys, visit.source, clinic.policies)
    ):
        return TooManyHolds()
    return None


def _judged_anew(request: BookRequest, snapshot: Snapshot, hold: Hold) -> Hold | Again | None:
    """The lapsed hold with the activity and buffers of now, if its time is still offered (R37)."""
    clinic = request.clinic
    service = clinic.service(hold.slot.service_id)
    schedule = clinic.schedule(hold.slot.schedule_id)
    if service is None or schedule is None:
        return None
    claimed = claimed_span(hold.slot, service)
    again = _needs(snapshot, hold, claimed)
    if again is not None:
        return again
    state = snapshot.schedules[hold.slot.schedule_id]
    judgement = judge(
        hold.slot,
        service,
        agenda(clinic, schedule, request.openings, state, snapshot.now),
        now=snapshot.now,
        policies=clinic.policies,
    )
    if judgement.obstacles or judgement.activity is None:
        return None
    return evolve(hold, activity=judgement.activity, claimed=claimed)


def _appointment(request: BookRequest, snapshot: Snapshot, visit: Visit, hold: Hold) -> Appointment:
    patient = request.patient
    return Appointment(
        clinic_id=request.clinic.clinic_id,
        appointment_id=AppointmentId(hold.hold_id),
        reference=request.reference,
        slot=hold.slot,
        activity=hold.activity,
        claimed=hold.claimed,
        patient_id=None if patient is None else patient.patient_id,
        provisional=visit.identity if patient is None else None,
        entries=hold.entries,
        language=request.language or visit.language,
        terms=visit.terms,
        source=visit.source,
        contact_keys=hold.contact_keys,
        messages=not is_silent(
            request.clinic, request.clinic.service(hold.slot.service_id), hold.activity
        ),
        booked_at=snapshot.now,
        booked_by=VISITOR,
    )


def booking_writes(
    appointment: Appointment, clinic: Clinic, patient: Patient | None
) -> tuple[Write, ...]:
    """What every booking keeps, the patient's and the desk's alike (R39, R41, R42)."""
    at = appointment.booked_at
    return (
        PutAppointment(appointment),
        *on_booking(appointment, clinic),
        PutEvent(event_of(appointment, EventKind.BOOKED, at)),
        *(() if patient is None else contact_writes(appointment, patient, at)),
    )


def contact_writes(appointment: Appointment, patient: Patient, at: datetime) -> tuple[Write, ...]:
    """The order to add the form's contacts to the file that the appointment is of (R41).

    Given when the form has one that the file lacks; staff are told when it will be the file's
    first.
    """
    if not patient.lacking(appointment.entries.contacts):
        return ()
    appointment_id = appointment.appointment_id
    order = ContactOrder(
        clinic_id=appointment.clinic_id,
        order_id=order_id(appointment),
        appointment_id=appointment_id,
        patient_id=patient.patient_id,
        not_before=at,
    )
    if any(point.current for point in patient.contacts):
        return (PutOrder(order),)
    flag = Flag(
        clinic_id=appointment.clinic_id,
        flag_id=FlagId(derived_id("flag", FlagCode.FIRST_CONTACT, appointment_id)),
        code=FlagCode.FIRST_CONTACT,
        appointment_id=appointment_id,
        raised_at=at,
    )
    return (PutOrder(order), RaiseFlag(flag))


def order_id(appointment: Appointment) -> OrderId:
    """The identifier of the order to add an appointment's contacts (R41)."""
    return OrderId(derived_id("order", appointment.clinic_id, appointment.appointment_id))


def event_of(appointment: Appointment, kind: EventKind, at: datetime, *which: str) -> Event:
    """What the host is told of an appointment; ``which`` tells what can happen more than once."""
    identity = (appointment.clinic_id, kind, appointment.appointment_id, *which)
    return Event(
        clinic_id=appointment.clinic_id,
        event_id=EventId(derived_id("event", *identity)),
        kind=kind,
        appointment_id=appointment.appointment_id,
        revision=appointment.revision,
        at=at,
        not_before=at,
    )


CANCEL_REASON_LIMIT = 500
"""The longest reason for a cancellation, in code points."""


def linked(
    appointment: Appointment | None, revision: int, clinic: Clinic, now: datetime
) -> ShowOutcome:
    """What an authentic link of ``revision`` is about; it changes nothing (R44).

    Returns :class:`LinkedAppointment`, or :class:`LinkDead` when the appointment has started, has
    changed since, or is gone.
    """
    appointment = by_link(appointment, revision, now)
    if appointment is None:
        return LinkDead()
    slot = appointment.slot
    service, schedule = clinic.service(slot.service_id), clinic.schedule(slot.schedule_id)
    return LinkedAppointment(
        slot=slot,
        starts=slot.start.astimezone(clinic.zone),
        ends=slot.end.astimezone(clinic.zone),
        label=None if service is None else service.label,
        place=None if schedule is None else schedule.place,
        mode=None if service is None else service.mode,
        cancelled=appointment.status is AppointmentStatus.CANCELLED,
        cancellable=is_cancellable(appointment, clinic, now),
        service_id=slot.service_id,
        presence=appointment.presence,
    )


def by_link(appointment: Appointment | None, revision: int, now: datetime) -> Appointment | None:
    """The appointment, if an authentic link of ``revision`` leads to it yet (R44)."""
    if appointment is None or appointment.revision != revision or appointment.slot.start <= now:
        return None
    return appointment


def is_cancellable(appointment: Appointment, clinic: Clinic, now: datetime) -> bool:
    """Whether the patient can still cancel or move: booked, before the clinic's cut-off (R47)."""
    return (
        appointment.status is AppointmentStatus.BOOKED
        and now <= appointment.slot.start - clinic.policies.cancel_cutoff
    )


@frozen(kw_only=True)
class CancelRequest:
    """What *Cancel* asks for, by an authentic link made for ``revision``."""

    clinic: Clinic
    appointment_id: AppointmentId
    revision: int
    reason: str = field(repr=False)
    operation: Operation


def decide_cancel(request: CancelRequest, snapshot: Snapshot) -> Decision[CancelOutcome] | Again:
    """Cancel for the patient (R44, R47).

    Returns a decision with :class:`Cancelled`, the same one when it is done already;
    :class:`TooLate` when less than the clinic's cut-off is left before the start;
    :class:`LinkDead` when the appointment has started, changed, or cannot be cancelled.
    """
    known, now = snapshot.appointments.get(request.appointment_id), snapshot.now
    appointment = by_link(known, request.revision, now)
    if appointment is None:
        return Decision(LinkDead())
    if appointment.cancellation is not None:
        return Decision(cancelled_outcome(appointment, appointment.cancellation))
    if appointment.status is not AppointmentStatus.BOOKED:
        return Decision(LinkDead())
    if not is_cancellable(appointment, request.clinic, now):
        return Decision(TooLate(cutoff=request.clinic.policies.cancel_cutoff))
    if not snapshot.scope.covers(appointment.slot.schedule_id, appointment.claimed):
        claimed = {appointment.slot.schedule_id: appointment.claimed}
        return Again(snapshot.scope.widened(claimed))
    cancellation = Cancellation(at=now, by=VISITOR, reason=request.reason)
    return Decision(
        cancelled_outcome(appointment, cancellation),
        cancel_writes(appointment, cancellation, request.clinic, request.operation),
    )


def cancel_writes(
    appointment: Appointment, cancellation: Cancellation, clinic: Clinic, operation: Operation
) -> tuple[Write, ...]:
    """What every cancellation keeps: the time is free at once, the record stays (R46, R47)."""
    cancelled = evolve(appointment, status=AppointmentStatus.CANCELLED, cancellation=cancellation)
    return (
        PutAppointment(cancelled),
        *on_cancellation(cancelled, clinic, cancellation.at),
        PutEvent(event_of(cancelled, EventKind.CANCELLED, cancellation.at)),
        operation.audit(cancellation.at, "cancel", Cancelled.code),
    )


def cancelled_outcome(appointment: Appointment, cancellation: Cancellation) -> Cancelled:
    """The answer to a cancellation, now or before."""
    return Cancelled(
        appointment_id=appointment.appointment_id,
        slot=appointment.slot,
        cancellation=cancellation,
    )
