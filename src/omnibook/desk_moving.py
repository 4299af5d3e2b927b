"""What a patient does by a link, done by staff for a patient who phones (R43, R44, R46–R48).

Staff confirm that the patient will come until the appointment begins. They move it wherever no
claim and no busy time of the host is in the way: outside openings, notice and eligibility too, into
the past too, when it is a record that is put right. The service is kept.

A move says from which revision it starts, the one that staff saw. So what is repeated is told from
what comes too late (R38): the revision that the last move left, with the time that it led to, is
that move again; any other old revision was moved meanwhile by somebody else.
"""

from datetime import datetime, timedelta

from attrs import evolve, frozen

from omnibook.audit import Operation
from omnibook.clinic import Clinic
from omnibook.desk_busy import is_taken
from omnibook.ids import AppointmentId, ScheduleId
from omnibook.moving import move_writes, moved_to, presence_outcome, presence_writes
from omnibook.outcomes import (
    DeskMoveOutcome,
    DeskPresenceOutcome,
    Moved,
    MovedMeanwhile,
    NotConfirmable,
    NotFound,
    NotMovable,
    PresenceConfirmed,
    TimeTaken,
)
from omnibook.records import Appointment, AppointmentStatus, Presence, Slot
from omnibook.times import local_date
from omnibook.transactions import Again, Decision, Snapshot

MOVABLE: frozenset[AppointmentStatus] = frozenset(
    {AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED}
)
"""The statuses in which staff can move an appointment."""


@frozen(kw_only=True)
class DeskPresence:
    """Whose presence staff confirm."""

    appointment_id: AppointmentId
    operation: Operation


def decide_desk_presence(
    request: DeskPresence, snapshot: Snapshot
) -> Decision[DeskPresenceOutcome] | Again:
    """Record that the patient will come (R43, R44).

    Returns a decision with :class:`PresenceConfirmed`, the first one when it is known already, by
    whomever; :class:`NotConfirmable` once it has begun, and in any status but booked; or
    :class:`NotFound`.
    """
    appointment, now = snapshot.appointments.get(request.appointment_id), snapshot.now
    if appointment is None:
        return Decision(NotFound())
    if appointment.status is not AppointmentStatus.BOOKED or appointment.slot.start <= now:
        return Decision(NotConfirmable(status=appointment.status))
    known = appointment.presence
    if known is not None:
        seen = request.operation.audit(now, "read-appointment", PresenceConfirmed.code)
        return Decision(presence_outcome(appointment, known), (seen,))
    schedule_id, claimed = appointment.slot.schedule_id, appointment.claimed
    if not snapshot.scope.covers(schedule_id, claimed):
        return Again(snapshot.scope.widened({schedule_id: claimed}))
    presence = Presence(at=now, by=request.operation.actor)
    return Decision(
        presence_outcome(appointment, presence),
        presence_writes(appointment, presence, request.operation),
    )


@frozen(kw_only=True)
class DeskMove:
    """Where staff move what, from the revision that they saw.

    What is not given stays: the length, and how much is claimed before and after (R27).
    """

    clinic: Clinic
    appointment_id: AppointmentId
    revision: int
    schedule_id: ScheduleId
    start: datetime
    duration: timedelta | None
    buffer_before: timedelta | None
    buffer_after: timedelta | None
    operation: Operation

    def slot_of(self, appointment: Appointment) -> Slot:
        """The appointment's new time; its own service."""
        slot = appointment.slot
        length = slot.end - slot.start if self.duration is None else self.duration
        return Slot(slot.service_id, self.schedule_id, self.start, self.start + length)


def decide_desk_move(request: DeskMove, snapshot: Snapshot) -> Decision[DeskMoveOutcome] | Again:
    """Take the new time and free the old one, or say why not (R38, R47, R48).

    Returns a decision with :class:`Moved`, the appointment as it now stands when the move is
    repeated, or leads to where it is already; :class:`MovedMeanwhile`; :class:`TimeTaken` when
    another's claim or a busy time is in the way; :class:`NotMovable` in a status that cannot be; or
    :class:`NotFound`. A refusal leaves the old time as it is.
    """
    appointment, now = snapshot.appointments.get(request.appointment_id), snapshot.now
    if appointment is None:
        return Decision(NotFound())
    if appointment.status not in MOVABLE:
        return Decision(NotMovable(status=appointment.status))
    old, slot, clinic = appointment.slot, request.slot_of(appointment), request.clinic
    if appointment.revision != request.revision:
        outcome = _repeated(appointment, request, slot)
        return Decision(outcome, (request.operation.audit(now, "read-appointment", outcome.code),))
    if slot == old:
        seen = request.operation.audit(now, "read-appointment", Moved.code)
        return Decision(Moved(appointment=appointment), (seen,))
    before, after = request.buffer_before, request.buffer_after
    claimed = slot.span.widened(
        old.start - appointment.claimed.start if before is None else before,
        appointment.claimed.end - old.end if after is None else after,
    )
    wider = snapshot.scope
    for schedule_id, span in ((old.schedule_id, appointment.claimed), (slot.schedule_id, claimed)):
        if not wider.covers(schedule_id, span):
            wider = wider.widened({schedule_id: span})
    if wider is not snapshot.scope:
        return Again(wider)
    if is_taken(snapshot, slot.schedule_id, claimed, ignoring=appointment.appointment_id):
        return Decision(TimeTaken())
    moved = moved_to(
        appointment,
        slot,
        claimed=claimed,
        activity=appointment.activity,
        clinic=clinic,
        by=request.operation.actor,
        now=now,
    )
    if local_date(slot.start, clinic.zone) > local_date(now, clinic.zone):
        # Whoever had arrived is expected again on another day.
        moved = evolve(moved, status=AppointmentStatus.BOOKED)
    return Decision(Moved(appointment=moved), move_writes(moved, clinic, request.operation, now))


def _repeated(appointment: Appointment, request: DeskMove, slot: Slot) -> Moved | MovedMeanwhile:
    """What is told when the appointment is not, or no longer, at the revision that staff saw."""
    last = appointment.last_move
    is_mine = last is not None and last.old_revision == request.revision
    if is_mine and slot == appointment.slot:
        return Moved(appointment=appointment)
    return MovedMeanwhile(appointment=appointment)
