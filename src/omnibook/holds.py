"""*Review* and *Back*: a slot is claimed for a few minutes, or given back (R31–R36).

A visit has one live hold at most. Reviewing the same slot again changes nothing but the form;
reviewing another one is a swap: the new time is taken and the old one freed in one decision, or
neither. What the store says is judged anew each time: a slot that a client sends is only a wish.

Which records are loaded is the contract of :mod:`omnibook.transactions`; when a hold to be ended
stands on a schedule outside the scope, the decision asks for it with
:class:`~omnibook.transactions.Again`.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from attrs import evolve, frozen

from omnibook.audit import Operation
from omnibook.availability import agenda, claimed_span, judge
from omnibook.booking_form import BookingEntries
from omnibook.clinic import Clinic, Opening, Policies, Schedule, Service
from omnibook.identity import Patient
from omnibook.ids import ActivityId, ContactKey, HoldId, ServiceId, SourceKey, VisitId
from omnibook.known_facts import upcoming_of
from omnibook.outcomes import (
    AlreadyBooked,
    BackOutcome,
    Held,
    Released,
    ReviewOutcome,
    ServiceNotOffered,
    SlotTaken,
    TooManyHolds,
    VisitOver,
)
from omnibook.records import Hold, HoldState, Slot, Visit
from omnibook.times import local_date
from omnibook.transactions import Again, Decision, PutHold, Snapshot, Write
from omnibook.visits import is_offered, visit_is_over


@frozen(kw_only=True)
class ReviewRequest:
    """What *Review* asks for: the wish, the form as read, and who asks.

    ``patient`` is the live file of an identified visitor as it stands now; ``openings`` are the
    recurring ones of ``schedule``. ``hold_id`` is new.
    """

    clinic: Clinic
    service: Service
    schedule: Schedule
    openings: tuple[Opening, ...]
    visit_id: VisitId
    hold_id: HoldId
    slot: Slot
    entries: BookingEntries
    contact_keys: frozenset[ContactKey]
    """Of the identity form's and the booking form's contacts."""
    patient: Patient | None
    operation: Operation


def decide_review(request: ReviewRequest, snapshot: Snapshot) -> Decision[ReviewOutcome] | Again:
    """Claim the slot for the visit, or say why not (R31, R33–R36, R52).

    Returns a decision with :class:`Held`, :class:`SlotTaken`, :class:`ServiceNotOffered`,
    :class:`AlreadyBooked`, :class:`TooManyHolds` or :class:`VisitOver`. A refusal writes nothing:
    the hold that the visit had stays as it was.
    """
    now, policies = snapshot.now, request.clinic.policies
    visit = snapshot.visit
    if visit is None or visit_is_over(visit, snapshot, policies):
        return Decision(VisitOver())
    pending = pending_holds(snapshot, request.visit_id)
    again = _needs(snapshot, pending)
    if again is not None:
        return again
    if not is_offered(request.service, request.patient, request.slot, request.clinic, snapshot):
        return Decision(ServiceNotOffered())
    if has_upcoming(snapshot, request.patient, request.slot.service_id, policies):
        return Decision(AlreadyBooked())
    elsewhere = _held_elsewhere(request, snapshot)
    if holds_capped(
        snapshot,
        request.visit_id,
        request.contact_keys,
        visit.source,
        policies,
        taken_over=elsewhere,
    ) or appointments_capped(
        snapshot, request.patient, request.contact_keys, visit.source, request.clinic
    ):
        return Decision(TooManyHolds())

    mine = next((hold for hold in pending if hold.is_live(now)), None)
    if mine is not None and mine.slot == request.slot:
        kept = evolve(mine, entries=request.entries, contact_keys=request.contact_keys)
        return _held(request, snapshot, kept, ended=())
    if elsewhere is not None:
        again = _needs(snapshot, (elsewhere,))
        if again is not None:
            return again
        taken_over = evolve(elsewhere, state=HoldState.TAKEN_OVER)
        fresh = _new_hold(request, visit, elsewhere.activity, now, elsewhere.expires_at)
        # What it claims stays as it was, even if the service's buffers were changed meanwhile.
        hold = evolve(fresh, claimed=elsewhere.claimed)
        return _held(request, snapshot, hold, ended=(taken_over, *_swapped(pending)))
    judgement = judge(
        request.slot,
        request.service,
        agenda(
            request.clinic,
            request.schedule,
            request.openings,
            snapshot.schedules[request.schedule.schedule_id],
            now,
        ),
        now=now,
        policies=policies,
        ignoring={hold.hold_id for hold in pending},
    )
    if judgement.obstacles or judgement.activity is None:
        return Decision(SlotTaken())
    hold = _new_hold(request, visit, judgement.activity, now, now + policies.hold)
    return _held(request, snapshot, hold, ended=_swapped(pending))


def decide_back(
    visit_id: VisitId, policies: Policies, operation: Operation, snapshot: Snapshot
) -> Decision[BackOutcome] | Again:
    """Release what the visit holds (R35): :class:`Released`, also when it held nothing.

    A released hold cannot be booked any more, not even one that had lapsed (R38).
    """
    visit = snapshot.visit
    if visit is None or visit_is_over(visit, snapshot, policies):
        return Decision(VisitOver())
    pending = pending_holds(snapshot, visit_id)
    again = _needs(snapshot, pending)
    if again is not None:
        return again
    writes: list[Write] = [PutHold(evolve(hold, state=HoldState.RELEASED)) for hold in pending]
    if writes:
        writes.append(operation.audit(snapshot.now, "back", Released.code))
    return Decision(Released(), tuple(writes))


def pending_holds(snapshot: Snapshot, visit_id: VisitId) -> tuple[Hold, ...]:
    """The visit's holds that were neither booked nor ended, lapsed ones included."""
    return tuple(hold for hold in snapshot.holds_of(visit_id) if hold.state is HoldState.HELD)


def has_upcoming(
    snapshot: Snapshot, patient: Patient | None, service_id: ServiceId, policies: Policies
) -> bool:
    """Whether the file has an upcoming appointment for the service, and that is refused (R52).

    What is upcoming is what R20 says: the store's appointments, and those that the directory states
    besides.
    """
    return (
        policies.one_upcoming_per_service
        and patient is not None
        and any(
            each.service == service_id
            for each in upcoming_of(patient, snapshot.appointments.values(), snapshot.now)
        )
    )


def holds_capped(
    snapshot: Snapshot,
    visit_id: VisitId,
    contact_keys: Iterable[ContactKey],
    source: SourceKey,
    policies: Policies,
    *,
    taken_over: Hold | None = None,
) -> bool:
    """Whether others' live holds reach a cap (R36).

    The visit's own is not counted, nor is the one that it is about to take over: there will not be
    more of them.
    """
    others = [
        hold for hold in snapshot.live_holds() if hold.visit_id != visit_id and hold != taken_over
    ]
    per_contact = Counter(key for hold in others for key in hold.contact_keys)
    return (
        any(per_contact[key] >= policies.holds_per_contact for key in contact_keys)
        or sum(hold.source == source for hold in others) >= policies.holds_per_source
    )


def appointments_capped(
    snapshot: Snapshot,
    patient: Patient | None,
    contact_keys: Iterable[ContactKey],
    source: SourceKey,
    clinic: Clinic,
) -> bool:
    """Whether an unidentified visitor has booked enough already (R36).

    Per contact every upcoming appointment counts; per source those booked on this local date.
    """
    if patient is not None:
        return False
    policies, now = clinic.policies, snapshot.now
    upcoming = [
        appointment
        for appointment in snapshot.appointments.values()
        if appointment.is_provisional
        and appointment.status.occupies
        and appointment.slot.start > now
    ]
    per_contact = Counter(key for each in upcoming for key in each.contact_keys)
    today = local_date(now, clinic.zone)
    from_here = sum(
        each.source == source and local_date(each.booked_at, clinic.zone) == today
        for each in upcoming
    )
    return (
        any(per_contact[key] >= policies.upcoming_per_contact for key in contact_keys)
        or from_here >= policies.upcoming_per_source_and_day
    )


def _needs(snapshot: Snapshot, holds: Iterable[Hold]) -> Again | None:
    """Ask for the schedules of holds that are to be ended, if the scope lacks them."""
    scope = snapshot.scope
    missing = {
        hold.slot.schedule_id: hold.claimed
        for hold in holds
        if not scope.covers(hold.slot.schedule_id, hold.claimed)
    }
    return Again(scope.widened(missing)) if missing else None


def _held_elsewhere(request: ReviewRequest, snapshot: Snapshot) -> Hold | None:
    """The live hold of the same slot that the same file made in another visit (R35)."""
    if request.patient is None:
        return None
    patient_ids = request.patient.ids
    return next(
        (
            hold
            for hold in snapshot.live_holds()
            if hold.slot == request.slot
            and hold.patient_id in patient_ids
            and hold.visit_id != request.visit_id
        ),
        None,
    )


def _swapped(pending: Iterable[Hold]) -> tuple[Hold, ...]:
    return tuple(evolve(hold, state=HoldState.SWAPPED) for hold in pending)


def _new_hold(
    request: ReviewRequest, visit: Visit, activity: ActivityId, now: datetime, expires_at: datetime
) -> Hold:
    return Hold(
        clinic_id=request.clinic.clinic_id,
        hold_id=request.hold_id,
        visit_id=request.visit_id,
        patient_id=None if request.patient is None else request.patient.patient_id,
        slot=request.slot,
        activity=activity,
        claimed=claimed_span(request.slot, request.service),
        created_at=now,
        expires_at=expires_at,
        state=HoldState.HELD,
        source=visit.source,
        contact_keys=request.contact_keys,
        entries=request.entries,
    )


def _held(
    request: ReviewRequest, snapshot: Snapshot, hold: Hold, ended: tuple[Hold, ...]
) -> Decision[ReviewOutcome]:
    now = snapshot.now
    outcome = Held(
        hold_id=hold.hold_id,
        slot=hold.slot,
        expires_at=hold.expires_at,
        remaining=hold.expires_at - now,
    )
    return Decision(
        outcome,
        (
            *(PutHold(each) for each in ended),
            PutHold(hold),
            request.operation.audit(now, "review", outcome.code),
        ),
    )
