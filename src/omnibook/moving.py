"""What a patient does by the link of a message, but for cancelling: confirm to come, and move.

The decisions of R44 and R47. A link is made for one revision of an appointment, and is dead for
every other one, and from the start on; the one exception is that who moved an appointment by it,
and never heard so, may ask for the same once more.

Moving is one decision: the new time is taken and the old one freed, or nothing changes. There is no
hold in between. The time is judged anew as *Review* judges it (R27), and the visitor's eligibility
on the new date too (R22); in both, the appointment itself is ignored, buffers included: it is going
away from where it stands. Its service is kept.

R52 and R36 are not asked again. The upcoming appointment for the service is this very one, and a
move makes no appointment and no hold more than there were: whoever has too many now had them before
the limits were set, or by the desk's leave, and would keep as many by staying.
"""

from datetime import datetime

from attrs import evolve, field, frozen

from omnibook.audit import Operation
from omnibook.availability import agenda, claimed_span, is_plausible, judge
from omnibook.booking import by_link, event_of, is_cancellable
from omnibook.clinic import Clinic, Opening, Service
from omnibook.eligibility import judge_eligibility
from omnibook.facts import Facts
from omnibook.identity import Patient
from omnibook.ids import ActivityId, AppointmentId
from omnibook.known_facts import facts_in
from omnibook.notices import is_silent, on_move
from omnibook.outcomes import (
    LinkDead,
    Moved,
    MoveOutcome,
    PresenceConfirmed,
    PresenceOutcome,
    ServiceNotOffered,
    SlotTaken,
    TooLate,
)
from omnibook.records import (
    VISITOR,
    Actor,
    Appointment,
    AppointmentStatus,
    EventKind,
    Move,
    Presence,
    Slot,
)
from omnibook.times import Span, local_date
from omnibook.transactions import Again, Decision, PutAppointment, PutEvent, Snapshot, Write

# Presence ----------------------------------------------------------------------------------------


@frozen(kw_only=True)
class PresenceRequest:
    """Who confirms to come, by an authentic link made for ``revision``."""

    appointment_id: AppointmentId
    revision: int
    operation: Operation


def decide_presence(
    request: PresenceRequest, snapshot: Snapshot
) -> Decision[PresenceOutcome] | Again:
    """Record that the patient will come (R44).

    Returns a decision with :class:`PresenceConfirmed`, the first one when it is known already, by
    whomever; or :class:`LinkDead` when the appointment has started, changed, or is not booked.
    """
    known, now = snapshot.appointments.get(request.appointment_id), snapshot.now
    appointment = by_link(known, request.revision, now)
    if appointment is None:
        return Decision(LinkDead())
    if appointment.presence is not None and appointment.status.occupies:
        return Decision(presence_outcome(appointment, appointment.presence))
    if appointment.status is not AppointmentStatus.BOOKED:
        return Decision(LinkDead())
    again = _needs(snapshot, (appointment.slot, appointment.claimed))
    if again is not None:
        return again
    presence = Presence(at=now, by=VISITOR)
    return Decision(
        presence_outcome(appointment, presence),
        presence_writes(appointment, presence, request.operation),
    )


def presence_writes(
    appointment: Appointment, presence: Presence, operation: Operation
) -> tuple[Write, ...]:
    """What every confirmation keeps, the patient's and the desk's alike (R44, R50).

    The scope must cover what the appointment claims, as for every appointment that is kept.
    """
    confirmed = evolve(appointment, presence=presence)
    kind, revision = EventKind.PRESENCE_CONFIRMED, str(appointment.revision)
    return (
        PutAppointment(confirmed),
        PutEvent(event_of(confirmed, kind, presence.at, revision)),
        operation.audit(presence.at, "confirm-presence", PresenceConfirmed.code),
    )


def presence_outcome(appointment: Appointment, presence: Presence) -> PresenceConfirmed:
    """The answer to a confirmation, now or before."""
    return PresenceConfirmed(
        appointment_id=appointment.appointment_id, slot=appointment.slot, presence=presence
    )


# Move --------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class MoveRequest:
    """Where to, by an authentic link made for ``revision``.

    ``slot`` is a wish, as at *Review*. ``openings`` are the recurring ones of its schedule;
    ``patient`` is the live file of the appointment's patient as it stands now.
    """

    clinic: Clinic
    appointment_id: AppointmentId
    revision: int
    slot: Slot
    openings: tuple[Opening, ...]
    patient: Patient | None = field(repr=False)
    operation: Operation


def decide_move(request: MoveRequest, snapshot: Snapshot) -> Decision[MoveOutcome] | Again:
    """Take the new time and free the old one, or say why not (R44, R47).

    Returns a decision with :class:`Moved`, also when the last move is repeated by the link that
    made it, and, with nothing changed, for the time that the appointment has already;
    :class:`SlotTaken` for a time that is not offered; :class:`ServiceNotOffered` when the patient
    is not eligible on its date, or for a slot of another service; :class:`TooLate` when less than
    the clinic's cut-off is left before the start; :class:`LinkDead` when the appointment has
    started, changed, or is not booked any more. A refusal leaves the old time as it is.
    """
    clinic, now, slot = request.clinic, snapshot.now, request.slot
    known = snapshot.appointments.get(request.appointment_id)
    appointment = by_link(known, request.revision, now)
    if appointment is None:
        return Decision(_repeated(known, request, now))
    refusal = why_not_movable(appointment, clinic, now)
    if refusal is not None:
        return Decision(refusal)
    if slot == appointment.slot:
        return Decision(Moved(appointment=appointment))
    service, schedule = clinic.service(slot.service_id), clinic.schedule(slot.schedule_id)
    if service is None or slot.service_id != appointment.slot.service_id:
        return Decision(ServiceNotOffered())
    if schedule is None or not is_plausible(slot, service, now, clinic.policies):
        return Decision(SlotTaken())
    claimed = claimed_span(slot, service)
    again = _needs(snapshot, (appointment.slot, appointment.claimed), (slot, claimed))
    if again is not None:
        return again
    if not _is_offered(request, service, appointment, snapshot):
        return Decision(ServiceNotOffered())
    judgement = judge(
        slot,
        service,
        agenda(clinic, schedule, request.openings, snapshot.schedules[slot.schedule_id], now),
        now=now,
        policies=clinic.policies,
        ignoring={appointment.appointment_id},
    )
    if judgement.obstacles or judgement.activity is None:
        return Decision(SlotTaken())
    moved = moved_to(
        appointment,
        slot,
        claimed=claimed,
        activity=judgement.activity,
        clinic=clinic,
        by=VISITOR,
        now=now,
    )
    writes = move_writes(moved, clinic, request.operation, now)
    return Decision(Moved(appointment=moved), writes)


def moved_to(
    appointment: Appointment,
    slot: Slot,
    *,
    claimed: Span,
    activity: ActivityId,
    clinic: Clinic,
    by: Actor,
    now: datetime,
) -> Appointment:
    """The appointment at its new time: the next revision, to which nobody said to come (R46, R47).

    What was silent stays so, since it may have opted out; what comes to an activity without
    messages becomes so (R45).
    """
    silent = is_silent(clinic, clinic.service(slot.service_id), activity)
    return evolve(
        appointment,
        slot=slot,
        claimed=claimed,
        activity=activity,
        revision=appointment.revision + 1,
        messages=appointment.messages and not silent,
        presence=None,
        last_move=Move(at=now, by=by, old_revision=appointment.revision, old_slot=appointment.slot),
    )


def move_writes(
    moved: Appointment, clinic: Clinic, operation: Operation, now: datetime
) -> tuple[Write, ...]:
    """What every move keeps, the patient's and the desk's alike (R42, R43, R46, R47, R50).

    The one write of the appointment frees the old time and takes the new one; the scope must cover
    both. What was queued for the old revision is not sent any more.
    """
    return (
        PutAppointment(moved),
        *on_move(moved, clinic, now),
        PutEvent(event_of(moved, EventKind.MOVED, now, str(moved.revision))),
        operation.audit(now, "move", Moved.code),
    )


def why_not_movable(
    appointment: Appointment, clinic: Clinic, now: datetime
) -> LinkDead | TooLate | None:
    """Why the patient cannot move the appointment any more, wherever to; nothing: can (R47)."""
    if appointment.status is not AppointmentStatus.BOOKED:
        return LinkDead()
    if not is_cancellable(appointment, clinic, now):
        return TooLate(cutoff=clinic.policies.cancel_cutoff)
    return None


def facts_without(
    snapshot: Snapshot, patient: Patient | None, appointment: Appointment, clinic: Clinic
) -> Facts:
    """What eligibility may know of whose appointment it is, with that appointment ignored (R47).

    Nothing, unless ``patient`` is the file that it is of: a provisional person is judged as the
    unidentified visitor that it was (R13). Who books, the patient or somebody else, is told in a
    visit only, and is unknown here (R21).
    """
    is_theirs = patient is not None and appointment.patient_id in patient.ids
    return facts_in(
        snapshot,
        patient if is_theirs else None,
        clinic.zone,
        ignoring={appointment.appointment_id},
    )


def _is_offered(
    request: MoveRequest, service: Service, appointment: Appointment, snapshot: Snapshot
) -> bool:
    """Whether the patient is eligible on the new date (R18, R22)."""
    zone = request.clinic.zone
    return judge_eligibility(
        service.eligibility,
        facts_without(snapshot, request.patient, appointment, request.clinic),
        booked_on=local_date(snapshot.now, zone),
        visit_on=local_date(request.slot.start, zone),
    ).eligible


def _repeated(
    appointment: Appointment | None, request: MoveRequest, now: datetime
) -> Moved | LinkDead:
    """The answer to a dead link: the last one, if its own move is asked for once more (R44).

    Not for a move of the desk's: whoever has only the old link did not make it. Nor once the
    appointment has begun, or no longer stands: that it was moved is then no longer what a patient
    should read.
    """
    if (
        appointment is not None
        and appointment.last_move is not None
        and appointment.last_move.by == VISITOR
        and appointment.last_move.old_revision == request.revision
        and appointment.slot == request.slot
        and appointment.slot.start > now
        and appointment.status.occupies
    ):
        return Moved(appointment=appointment)
    return LinkDead()


def _needs(snapshot: Snapshot, *claims: tuple[Slot, Span]) -> Again | None:
    """Ask for the time that is taken or freed, if the scope lacks some of it."""
    wider = snapshot.scope
    for slot, claimed in claims:
        if not wider.covers(slot.schedule_id, claimed):
            wider = wider.widened({slot.schedule_id: claimed})
    return None if wider is snapshot.scope else Again(wider)
