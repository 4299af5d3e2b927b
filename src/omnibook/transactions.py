"""What a decision is given and what it gives back: scope, snapshot, writes.

A rule that changes something is a pure function ``decide(snapshot) -> Decision``. A store runs it
on a consistent :class:`Snapshot` of a :class:`Scope` and applies the writes, all or nothing
(:class:`omnibook.ports.Store`). It may run a decision again after a lost race; so nothing here
knows a clock, a database or a thread.

**What a scope loads** is a contract, the same for every store:

1. ``now``, read after any wait.
2. For each schedule, with the span given: every claim that overlaps it, lapsed ones included, and
   the hold record behind each hold's claim; every ``Busy``, desk opening and desk closure that
   overlaps it; and, of each UTC day that it touches, the minutes that appointments claim
   (:mod:`omnibook.booked_days`).
3. For the visit: its record and all its holds.
4. For a hold: its record, and the appointment booked from it (the same identifier).
5. For each contact key and for the source: the live holds that carry it, and the provisional
   appointments that carry it, occupy a time and start after ``now``.
6. For the patient: the live holds and all appointments under any of the file's identifiers.
7. For an appointment, a desk opening, a desk closure, a notice, an event or an order: the record;
   with a notice, an event or an order also the appointment that it is about.
8. For an appointment of which there is no record: whether the audit trail says that it was purged
   or erased (:func:`omnibook.audit.tombstone_id`), so that no repeated call makes it anew (R51).

What is loaded for several reasons appears once.

**What a decision changes it has loaded.** An appointment, an opening or a closure that it keeps
or drops, and that was not loaded, is taken for one that is not there. The scope covers all time
that an appointment takes or frees.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import combinations
from types import MappingProxyType
from typing import Generic, TypeVar

from attrs import evolve, field, frozen

from omnibook.errors import InvalidValue, StoreError
from omnibook.ids import (
    AppointmentId,
    ClinicId,
    ClosureId,
    ContactKey,
    EventId,
    HoldId,
    NoticeId,
    OpeningId,
    OrderId,
    PatientId,
    ScheduleId,
    SourceKey,
    VisitId,
)
from omnibook.records import (
    Appointment,
    AuditEvent,
    Busy,
    Claim,
    ClaimKind,
    ContactOrder,
    DeskClosure,
    DeskOpening,
    Event,
    Flag,
    Hold,
    HoldState,
    Notice,
    Visit,
)
from omnibook.times import Span

CORRECTION = timedelta(hours=1)
"""A store's clock never goes back, but for a host's clock that is set back by more than this: it
was wrong before and has been corrected, and is believed."""

O_co = TypeVar("O_co", covariant=True)

ROUNDS = 4
"""How many scopes a decision may ask for, the first included, before a store gives up."""


def _kept(schedules: Mapping[ScheduleId, Span]) -> Mapping[ScheduleId, Span]:
    return MappingProxyType(dict(schedules))


@frozen(kw_only=True)
class Scope:
    """The keys that a decision is about; nothing else that shares one happens in between."""

    clinic_id: ClinicId
    schedules: Mapping[ScheduleId, Span] = field(
        factory=dict[ScheduleId, Span], converter=_kept, hash=False
    )
    visit: VisitId | None = None
    hold: HoldId | None = None
    contacts: frozenset[ContactKey] = frozenset()
    source: SourceKey | None = None
    patients: frozenset[PatientId] = field(default=frozenset(), repr=False)
    """One patient, by every identifier of the file (R9)."""
    appointment: AppointmentId | None = None
    opening: OpeningId | None = None
    closure: ClosureId | None = None
    notice: NoticeId | None = None
    event: EventId | None = None
    order: OrderId | None = None

    def covers(self, schedule_id: ScheduleId, span: Span) -> bool:
        """Whether a decision about this stretch of the schedule may be made in this scope."""
        known = self.schedules.get(schedule_id)
        return known is not None and known.covers(span)

    def widened(self, schedules: Mapping[ScheduleId, Span]) -> "Scope":
        """The scope with these schedules added; the spans of one given twice are joined."""
        joined = dict(self.schedules)
        for schedule_id, span in schedules.items():
            known = joined.get(schedule_id, span)
            joined[schedule_id] = Span(min(known.start, span.start), max(known.end, span.end))
        return evolve(self, schedules=joined)


@frozen(kw_only=True)
class ScheduleState:
    """What stands on one schedule within ``span``; claims sorted by start, lapsed ones included."""

    schedule_id: ScheduleId
    span: Span
    claims: tuple[Claim, ...] = ()
    busy: tuple[Busy, ...] = ()
    openings: tuple[DeskOpening, ...] = ()
    closures: tuple[DeskClosure, ...] = ()
    booked: Mapping[int, int] = field(factory=dict[int, int], hash=False)
    """By UTC day, of those that the span touches: the minutes that appointments claim
    (:mod:`omnibook.daybits`); no day is 0."""


@frozen(kw_only=True)
class Snapshot:
    """What a store knows of a scope at one instant (the module's numbered contract)."""

    scope: Scope
    now: datetime
    schedules: Mapping[ScheduleId, ScheduleState] = field(factory=dict[ScheduleId, ScheduleState])
    visit: Visit | None = None
    holds: Mapping[HoldId, Hold] = field(factory=dict[HoldId, Hold], repr=False)
    appointments: Mapping[AppointmentId, Appointment] = field(
        factory=dict[AppointmentId, Appointment], repr=False
    )
    opening: DeskOpening | None = None
    closure: DeskClosure | None = None
    notice: Notice | None = None
    event: Event | None = None
    order: ContactOrder | None = None
    forgotten: bool = False
    """Whether the scope's appointment was kept once, and was purged or erased since (R51)."""

    def holds_of(self, visit_id: VisitId) -> tuple[Hold, ...]:
        """Every hold record of a visit that was loaded, oldest first."""
        mine = (hold for hold in self.holds.values() if hold.visit_id == visit_id)
        return tuple(sorted(mine, key=lambda hold: (hold.created_at, hold.hold_id)))

    def live_hold_of(self, visit_id: VisitId) -> Hold | None:
        """The one live hold of a visit, if it has one (R35)."""
        return next((hold for hold in self.holds_of(visit_id) if hold.is_live(self.now)), None)

    def live_holds(self) -> tuple[Hold, ...]:
        """Every live hold that was loaded."""
        return tuple(hold for hold in self.holds.values() if hold.is_live(self.now))


@frozen
class PutVisit:
    """Keep this visit, in place of what was kept under its identifier."""

    visit: Visit


@frozen
class PutHold:
    """Keep this hold; it claims its time exactly while its state is ``HELD``."""

    hold: Hold


@frozen
class PutAppointment:
    """Keep this appointment; it claims its time exactly while its status occupies.

    Under another slot it is moved: it frees the time that it claimed, and claims the new one.
    """

    appointment: Appointment


@frozen
class PutDeskOpening:
    """Keep this opening of the desk."""

    opening: DeskOpening


@frozen
class PutDeskClosure:
    """Keep this closure of the desk."""

    closure: DeskClosure


@frozen
class DropDeskOpening:
    """Forget an opening of the desk."""

    opening_id: OpeningId


@frozen
class DropDeskClosure:
    """Forget a closure of the desk."""

    closure_id: ClosureId


@frozen
class ReplaceBusy:
    """Keep these busy times of a schedule, in place of every one that overlaps ``span`` (R40).

    A ``busy_id`` is the host's own name for a stretch of that schedule: one that is kept under the
    same name outside ``span`` is replaced too, since it was moved. Other schedules' are left alone,
    whatever their names. Nothing is evicted: a ``Busy`` is no claim.

    Raises :class:`~omnibook.errors.InvalidValue` for a ``Busy`` that is of another schedule or does
    not overlap ``span``, and for a name that is given twice.
    """

    schedule_id: ScheduleId
    span: Span
    busy: tuple[Busy, ...] = field(converter=tuple[Busy, ...])

    def __attrs_post_init__(self) -> None:
        if any(each.schedule_id != self.schedule_id for each in self.busy):
            raise InvalidValue("a busy time is of another schedule; replace each schedule's apart")
        if not all(each.span.overlaps(self.span) for each in self.busy):
            raise InvalidValue("a busy time lies outside the span that is replaced; widen the span")
        if len({each.busy_id for each in self.busy}) < len(self.busy):
            raise InvalidValue("two busy times of a schedule share a busy_id")

    def replaces(self, known: Busy) -> bool:
        """Whether a busy time that is kept gives way to those of this word."""
        return known.schedule_id == self.schedule_id and (
            known.span.overlaps(self.span)
            or any(each.busy_id == known.busy_id for each in self.busy)
        )


@frozen
class PutNotice:
    """Queue this notice, or keep what became of it."""

    notice: Notice


@frozen
class PutEvent:
    """Queue this event for the host, or keep what became of it."""

    event: Event


@frozen
class PutOrder:
    """Queue this order to add contacts, or keep what became of it (R41)."""

    order: ContactOrder


@frozen
class RaiseFlag:
    """Show this to staff; raised twice, it is kept once."""

    flag: Flag


@frozen
class RecordAudit:
    """Append this to the audit trail; recorded twice, it is kept once (R50)."""

    event: AuditEvent


Write = (
    PutVisit
    | PutHold
    | PutAppointment
    | PutDeskOpening
    | PutDeskClosure
    | DropDeskOpening
    | DropDeskClosure
    | ReplaceBusy
    | PutNotice
    | PutEvent
    | PutOrder
    | RaiseFlag
    | RecordAudit
)
"""The words in which a decision says what to keep: an adapter sends each to its own table."""


@frozen
class Decision(Generic[O_co]):
    """An outcome, and the writes that make it true; without writes nothing changes."""

    outcome: O_co
    writes: tuple[Write, ...] = ()


@frozen
class Again:
    """Not an outcome yet: the decision needs a wider scope. The store starts over with it."""

    scope: Scope


@frozen(kw_only=True)
class ClaimsChange:
    """What a decision's writes mean for the claims: first remove, then add."""

    removed: tuple[str, ...] = ()
    """Owners whose claim goes: ended ones, and lapsed holds whose time is taken."""
    added: tuple[Claim, ...] = ()


def claims_after(snapshot: Snapshot, writes: Iterable[Write]) -> ClaimsChange:
    """Work out what the writes mean for the claims; every adapter uses this and nothing else.

    Raises :class:`StoreError` when the writes would let two claims of one schedule overlap, or a
    hold take over the claim of an appointment (R40): a decision that asks for it is wrong, and
    nothing is written.
    """
    removed: dict[str, None] = {}
    added: dict[str, Claim] = {}
    booked: set[str] = {
        claim.owner
        for state in snapshot.schedules.values()
        for claim in state.claims
        if claim.kind is ClaimKind.APPOINTMENT
    }
    booked.update(
        each.appointment_id for each in snapshot.appointments.values() if each.status.occupies
    )
    for write in writes:
        if isinstance(write, PutHold):
            _put_hold(write.hold, booked, removed, added)
        elif isinstance(write, PutAppointment):
            _put_appointment(write.appointment, booked, removed, added)
    for claim in added.values():
        state = snapshot.schedules.get(claim.schedule_id)
        if state is None or not state.span.covers(claim.span):
            raise StoreError("a decision claims time outside its scope; widen the scope")
        for other in state.claims:
            if other.owner in removed or not other.span.overlaps(claim.span):
                continue
            if other.is_live(snapshot.now):
                raise StoreError(_OVERLAP)
            removed[other.owner] = None
    for one, other in combinations(added.values(), 2):
        if one.schedule_id == other.schedule_id and one.span.overlaps(other.span):
            raise StoreError(_OVERLAP)
    return ClaimsChange(removed=tuple(removed), added=tuple(added.values()))


_OVERLAP = "a decision would let two claims of one schedule overlap (R40)"


def _put_hold(
    hold: Hold, booked: set[str], removed: dict[str, None], added: dict[str, Claim]
) -> None:
    if hold.state is HoldState.HELD:
        if hold.hold_id in booked:
            raise StoreError("a decision would give an appointment's time to a hold (R40)")
        removed[hold.hold_id] = None
        added[hold.hold_id] = Claim(
            span=hold.claimed,
            schedule_id=hold.slot.schedule_id,
            kind=ClaimKind.HOLD,
            owner=hold.hold_id,
            expires_at=hold.expires_at,
        )
    elif hold.hold_id not in booked:
        # An appointment has its hold's identifier: a hold that ends, now or long after, must not
        # take along the claim of what was booked from it.
        removed[hold.hold_id] = None
        added.pop(hold.hold_id, None)


def _put_appointment(
    appointment: Appointment, booked: set[str], removed: dict[str, None], added: dict[str, Claim]
) -> None:
    owner = appointment.appointment_id
    removed[owner] = None
    added.pop(owner, None)
    booked.discard(owner)
    if appointment.status.occupies:
        booked.add(owner)
        added[owner] = Claim(
            span=appointment.claimed,
            schedule_id=appointment.slot.schedule_id,
            kind=ClaimKind.APPOINTMENT,
            owner=owner,
        )
