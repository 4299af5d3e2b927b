"""What is kept: visits, holds, appointments and what hangs on them.

Plain values, the same for every store. A **claim** occupies time now; a **hold**'s record outlives
its claim until the visit ends (R37, R38), and an appointment keeps the identifier of the hold that
it was booked from.
"""

from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import TypeAlias

from attrs import field, frozen

from omnibook.booking_form import BookingEntries
from omnibook.contacts import ContactSystem
from omnibook.errors import InvalidValue
from omnibook.identity import Identity
from omnibook.ids import (
    ActivityId,
    AppointmentId,
    ClinicId,
    ClosureId,
    ContactKey,
    EventId,
    FlagId,
    HoldId,
    NoticeId,
    OpeningId,
    OrderId,
    PatientId,
    ScheduleId,
    ServiceId,
    SourceKey,
    SubjectKey,
    VisitId,
)
from omnibook.times import Span, as_instant, as_whole_minute, is_interval

SlotRank: TypeAlias = tuple[datetime, ScheduleId, datetime]
"""Start, schedule, end: the total order in which slots of a service are listed (R26)."""


@frozen
class Slot:
    """A stretch of time on a schedule, for a service: what is offered, wished, held and booked.

    A slot that a client sends back is only a wish; *Review* judges it anew (R31). Raises
    :class:`InvalidValue` when a bound is naive or off the whole minute, or the end is not after
    the start.
    """

    service_id: ServiceId
    schedule_id: ScheduleId
    start: datetime = field(converter=as_whole_minute)
    end: datetime = field(converter=as_whole_minute)

    def __attrs_post_init__(self) -> None:
        if self.end <= self.start:
            raise InvalidValue("a slot must end after it starts")

    @property
    def span(self) -> Span:
        """From start to end, without the service's buffers."""
        return Span(self.start, self.end)

    @property
    def rank(self) -> SlotRank:
        """The total order in which slots of a service are listed (R26)."""
        return (self.start, self.schedule_id, self.end)


@frozen(kw_only=True)
class TermsAcceptance:
    """Which terms a visitor accepted, in which language, when (R2)."""

    document: str
    version: str
    language: str
    accepted_at: datetime = field(converter=as_instant)


@frozen(kw_only=True)
class Visit:
    """One visitor's walk through the portal, identified (``patient_id``) or not (R16)."""

    clinic_id: ClinicId
    visit_id: VisitId
    started_at: datetime = field(converter=as_instant)
    active_at: datetime = field(converter=as_instant)
    language: str
    terms: TermsAcceptance
    identity: Identity = field(repr=False)
    patient_id: PatientId | None = field(repr=False)
    source: SourceKey
    contact_keys: frozenset[ContactKey]
    """Of the identity form's contacts."""

    def is_over(self, now: datetime, *, idle: timedelta, total: timedelta) -> bool:
        """Whether the visit ran out by itself; a live hold prolongs it, see the caller (R16)."""
        return now >= self.active_at + idle or now >= self.started_at + total


@unique
class HoldState(StrEnum):
    """What became of a hold. ``HELD`` says nothing of the clock: it may have lapsed (R34)."""

    HELD = "held"
    BOOKED = "booked"
    RELEASED = "released"
    SWAPPED = "swapped"
    TAKEN_OVER = "taken-over"


@frozen(kw_only=True)
class Hold:
    """A slot claimed for a few minutes by *Review* (IHE ``$hold``, FHIR busy-tentative)."""

    clinic_id: ClinicId
    hold_id: HoldId
    visit_id: VisitId
    patient_id: PatientId | None = field(repr=False)
    slot: Slot
    activity: ActivityId
    claimed: Span
    """The slot with the service's buffers (R27)."""
    created_at: datetime = field(converter=as_instant)
    expires_at: datetime = field(converter=as_instant)
    state: HoldState
    source: SourceKey
    contact_keys: frozenset[ContactKey]
    """Of the identity form's and the booking form's contacts (R36)."""
    entries: BookingEntries = field(repr=False)

    def is_live(self, now: datetime) -> bool:
        """Whether it claims its time at ``now``: over at ``expires_at`` itself (R34)."""
        return self.state is HoldState.HELD and now < self.expires_at


@unique
class ActorKind(StrEnum):
    """Who acts."""

    VISITOR = "visitor"
    STAFF = "staff"
    SYSTEM = "system"


@frozen
class Actor:
    """Who acted: a visitor, the system itself, or a named member of staff (R50).

    ``staff_id`` is the clinic's own identifier of the person, never a name.
    """

    kind: ActorKind
    staff_id: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.kind is ActorKind.STAFF) != bool(self.staff_id):
            raise InvalidValue("a member of staff acts under a staff_id, and nobody else has one")
        if any("\ud800" <= character <= "\udfff" for character in self.staff_id or ""):
            raise InvalidValue("a staff_id is a text that can be stored: no half characters")

    @classmethod
    def staff(cls, staff_id: str) -> "Actor":
        """The member of staff with this identifier."""
        return cls(ActorKind.STAFF, staff_id)

    @classmethod
    def system(cls) -> "Actor":
        """The clinic's own software, such as a job that runs by night."""
        return cls(ActorKind.SYSTEM)


VISITOR = Actor(ActorKind.VISITOR)
SYSTEM = Actor(ActorKind.SYSTEM)


@unique
class AppointmentStatus(StrEnum):
    """The statuses of FHIR R4 Appointment that this library uses (2019-11-01)."""

    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"

    @property
    def occupies(self) -> bool:
        """Whether an appointment in this status claims its time (R40)."""
        return self not in {
            AppointmentStatus.CANCELLED,
            AppointmentStatus.NOSHOW,
            AppointmentStatus.ENTERED_IN_ERROR,
        }


@frozen(kw_only=True)
class Cancellation:
    """When, by whom and why an appointment was cancelled (R47)."""

    at: datetime = field(converter=as_instant)
    by: Actor
    reason: str = field(repr=False)


@frozen(kw_only=True)
class Presence:
    """When, and by whom, it was confirmed that the patient will come (R43, R44)."""

    at: datetime = field(converter=as_instant)
    by: Actor


@frozen(kw_only=True)
class Move:
    """The last change of an appointment's time or place (R44, R46, R47).

    It led from ``old_slot``, at the revision ``old_revision``, to what the appointment has now: its
    slot changes by a move only. So a move that is repeated by the old link is told from another.
    """

    at: datetime = field(converter=as_instant)
    by: Actor
    old_revision: int
    old_slot: Slot


@frozen(kw_only=True)
class Appointment:
    """A booked time, of a patient's file or of a provisional person (R15); exactly one of the two.

    ``revision`` counts changes of time, place or service only (R46). ``presence`` is of the time as
    it stands: a move takes it back (R47).
    """

    clinic_id: ClinicId
    appointment_id: AppointmentId
    reference: str
    slot: Slot
    activity: ActivityId
    claimed: Span
    status: AppointmentStatus = AppointmentStatus.BOOKED
    revision: int = 0
    patient_id: PatientId | None = field(default=None, repr=False)
    provisional: Identity | None = field(default=None, repr=False)
    entries: BookingEntries = field(repr=False)
    language: str
    terms: TermsAcceptance | None = None
    source: SourceKey | None = None
    contact_keys: frozenset[ContactKey] = frozenset()
    messages: bool = True
    """False when it opted out of messages, or was silent by its service or activity (R45)."""
    booked_at: datetime = field(converter=as_instant)
    booked_by: Actor
    cancellation: Cancellation | None = None
    presence: Presence | None = None
    last_move: Move | None = None

    def __attrs_post_init__(self) -> None:
        if (self.patient_id is None) == (self.provisional is None):
            raise InvalidValue("an appointment is of a patient's file or of a provisional person")
        if (self.status is AppointmentStatus.CANCELLED) != (self.cancellation is not None):
            raise InvalidValue("a cancelled appointment says when, by whom and why; no other does")

    @property
    def is_provisional(self) -> bool:
        """Whether it waits to be attached to a file (R15)."""
        return self.provisional is not None


@unique
class ClaimKind(StrEnum):
    """What a claim comes from."""

    HOLD = "hold"
    APPOINTMENT = "appointment"


@frozen(kw_only=True, order=True)
class Claim:
    """What occupies a schedule: two claims of one schedule never overlap (R40).

    ``owner`` is the hold's or the appointment's identifier. A hold's claim carries its expiry; a
    lapsed one occupies nothing and is swept by whoever takes its place.
    """

    span: Span
    schedule_id: ScheduleId
    kind: ClaimKind
    owner: str
    expires_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether it occupies its time at ``now`` (R34)."""
        return self.expires_at is None or now < self.expires_at


@frozen(kw_only=True, order=True)
class Busy:
    """A stretch that the host's own system says is taken; blocks claims and is none (R40)."""

    span: Span
    schedule_id: ScheduleId
    busy_id: str


@frozen(kw_only=True)
class DeskOpening:
    """Time that the desk opened for online booking at run time (R48)."""

    clinic_id: ClinicId
    opening_id: OpeningId
    schedule_id: ScheduleId
    span: Span
    activities: tuple[ActivityId, ...]
    interval: timedelta
    """Between two starts: whole minutes, a day at most."""
    made_at: datetime = field(converter=as_instant)
    made_by: Actor

    def __attrs_post_init__(self) -> None:
        if not is_interval(self.interval):
            raise InvalidValue("an opening's interval is a whole number of minutes from 1 to 1440")


@frozen(kw_only=True)
class DeskClosure:
    """Time that the desk closed at run time (R48)."""

    clinic_id: ClinicId
    closure_id: ClosureId
    schedule_id: ScheduleId
    span: Span
    made_at: datetime = field(converter=as_instant)
    made_by: Actor


@unique
class NoticeKind(StrEnum):
    """Why a message is sent."""

    BOOKING = "booking"
    CHANGE = "change"
    CANCELLATION = "cancellation"
    REMINDER = "reminder"


@unique
class NoticeRole(StrEnum):
    """To whom, resolved to an address only when the message is sent (R42, R43)."""

    FORM_PHONE = "form-phone"
    FORM_EMAIL = "form-email"
    MAIN_CONTACT = "main-contact"

    @property
    def system(self) -> ContactSystem | None:
        """The kind of address that the role names; of the main contact, whichever it is."""
        return _ROLE_SYSTEMS[self]


_ROLE_SYSTEMS = {
    NoticeRole.FORM_PHONE: ContactSystem.PHONE,
    NoticeRole.FORM_EMAIL: ContactSystem.EMAIL,
    NoticeRole.MAIN_CONTACT: None,
}


@unique
class NoticeState(StrEnum):
    """What became of a notice."""

    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped"
    FAILED = "failed"
    """Set aside: refused for good, or tried too often. Staff see it, and can retry it."""


@frozen(kw_only=True)
class Notice:
    """A message to send, without address or text: both are resolved at sending (R43, R46).

    ``offset`` is how long before the start a reminder is due. A queued notice is left alone until
    ``not_before``, which is when it is due, when the lease of a dispatcher that took it ends, or
    when it is tried again. ``attempts`` counts how often a dispatcher took it.
    """

    clinic_id: ClinicId
    notice_id: NoticeId
    appointment_id: AppointmentId
    kind: NoticeKind
    role: NoticeRole
    revision: int
    offset: timedelta | None = None
    not_before: datetime = field(converter=as_instant)
    state: NoticeState = NoticeState.QUEUED
    attempts: int = 0
    outcome: str = ""
    """Why it was dropped or set aside, or what the gateway's receipt says: a stable code."""


@frozen(kw_only=True)
class ContactOrder:
    """The durable order to add a form's contact details to the file (R41)."""

    clinic_id: ClinicId
    order_id: OrderId
    appointment_id: AppointmentId
    patient_id: PatientId = field(repr=False)
    not_before: datetime = field(converter=as_instant)
    attempts: int = 0
    done: bool = False
    failed: bool = False
    """Set aside after too many attempts; staff see it, and can have it tried again."""


@unique
class EventKind(StrEnum):
    """What a host is told of."""

    BOOKED = "appointment.booked"
    MOVED = "appointment.moved"
    CANCELLED = "appointment.cancelled"
    PRESENCE_CONFIRMED = "appointment.presence-confirmed"
    STATUS_CHANGED = "appointment.status-changed"
    """Arrived, fulfilled, no-show or entered in error, or taken back: look at its status."""
    ATTACHED = "appointment.attached"
    CONTACT_ADDED = "contact.added"
    CONTACT_EDITED = "contact.edited"


@frozen(kw_only=True)
class Event:
    """Something that happened, for the host's own systems.

    Told at least once. One that could not be told waits, and later ones are told before it: ``at``
    gives the order.
    """

    clinic_id: ClinicId
    event_id: EventId
    kind: EventKind
    appointment_id: AppointmentId
    revision: int
    at: datetime = field(converter=as_instant)
    not_before: datetime = field(converter=as_instant)
    attempts: int = 0
    done: bool = False
    failed: bool = False
    """Set aside after too many attempts; staff see it, and can have it tried again."""


@unique
class FlagCode(StrEnum):
    """What staff should look at."""

    FIRST_CONTACT = "contact.first-position"
    REMINDER_UNREACHABLE = "reminder.unreachable"
    NOTICE_UNREACHABLE = "notice.unreachable"
    NOTICE_FAILED = "notice.failed"
    """A message was set aside: refused for good, or tried too often."""
    NOTICE_UNDELIVERED = "notice.undelivered"
    """The gateway took the message, and told later that it never arrived."""
    NOTICE_LATE = "notice.late"
    """A message was never sent: it waited or failed until it was too late."""
    BUSY_CONFLICT = "busy.conflict"


@frozen(kw_only=True)
class Flag:
    """Something about an appointment that staff should look at."""

    clinic_id: ClinicId
    flag_id: FlagId
    code: FlagCode
    appointment_id: AppointmentId
    raised_at: datetime = field(converter=as_instant)


@frozen(kw_only=True)
class AuditEvent:
    """One line of the audit trail, without any personal value (R50)."""

    clinic_id: ClinicId
    audit_id: str
    at: datetime = field(converter=as_instant)
    action: str
    code: str
    actor: Actor
    subject: SubjectKey | None
