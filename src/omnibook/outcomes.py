"""What use cases answer on an ordinary day: frozen outcomes, one named union for each use case.

An outcome is returned, never raised. Every class has a stable ``code``; the sentences that a
patient or a clerk reads stand in :mod:`omnibook.messages`, by that code. Callers ``match`` on the
class and let the type checker prove that none is forgotten (``typing.assert_never``).

The union of *identify* shows nothing of why a visitor was not recognised: the one trace of being
recognised is which services are listed (R10).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from attrs import astuple, field, frozen

from omnibook import time_rules
from omnibook.clinic import Mode, Text
from omnibook.contacts import ContactPoint
from omnibook.eligibility import Verdict
from omnibook.ids import (
    AppointmentId,
    ClosureId,
    HoldId,
    OpeningId,
    PractitionerId,
    ScheduleId,
    ServiceId,
    VisitToken,
)
from omnibook.problems import InvalidEntry
from omnibook.records import Appointment, AppointmentStatus, Cancellation, Flag, Slot
from omnibook.times import Span

__all__ = [
    "AlreadyBooked",
    "BackOutcome",
    "BookOutcome",
    "Booked",
    "BusyImported",
    "CancelOutcome",
    "Cancelled",
    "Closed",
    "ContactsEdited",
    "DayList",
    "DeskBookOutcome",
    "DeskCancelOutcome",
    "DeskCloseOutcome",
    "DeskContactOutcome",
    "DeskExplainServiceOutcome",
    "DeskExplainTimeOutcome",
    "DeskImportOutcome",
    "DeskOpenOutcome",
    "DeskWithdrawOutcome",
    "EraseOutcome",
    "Erased",
    "ExportOutcome",
    "Exported",
    "FindOutcome",
    "Held",
    "IdentifyOutcome",
    "InvalidEntry",
    "LinkDead",
    "LinkedAppointment",
    "NoAvailability",
    "NotCancellable",
    "NotFound",
    "NotOnline",
    "NotSupported",
    "Offer",
    "OfferedService",
    "Opened",
    "Page",
    "PurgeOutcome",
    "Purged",
    "Released",
    "RequestReused",
    "ResumeOutcome",
    "ReviewOutcome",
    "ServiceExplanation",
    "ServiceNotOffered",
    "ShowOutcome",
    "SlotTaken",
    "StillNeeded",
    "TimeExplanation",
    "TimeTaken",
    "TooLate",
    "TooManyAttempts",
    "TooManyHolds",
    "VisitOver",
    "Welcome",
    "Withdrawn",
]


@frozen(kw_only=True)
class OfferedService:
    """What a visitor sees of a service (R17): nothing internal."""

    service_id: ServiceId
    name: Text
    description: Text
    duration: timedelta
    mode: Mode


@frozen(kw_only=True)
class Offer:
    """One availability as it is shown: day, time, practitioner, place and mode (R25).

    ``starts`` and ``ends`` are aware datetimes in the clinic's zone. ``slot`` is what *Review*
    takes.
    """

    slot: Slot
    starts: datetime
    ends: datetime
    schedule_name: Text
    practitioner_id: PractitionerId | None
    place: Text
    mode: Mode


@frozen(kw_only=True)
class Welcome:
    """The visit goes on: its token, and the services to choose from, at least one (R13, R19)."""

    code: ClassVar[str] = "welcome"
    visit: VisitToken
    services: tuple[OfferedService, ...]


@frozen
class NotOnline:
    """Online booking is not available to this visitor; one message for every cause (R14)."""

    code: ClassVar[str] = "not-online"


@frozen(kw_only=True)
class TooManyAttempts:
    """Identification must wait; ``retry_after`` says how long (R12)."""

    code: ClassVar[str] = "attempts.too-many"
    retry_after: timedelta


@frozen
class VisitOver:
    """The visit has ended, or is unknown: identify again (R16)."""

    code: ClassVar[str] = "visit.over"


@frozen
class ServiceNotOffered:
    """This service is not offered to this visitor, at least not for that day (R22)."""

    code: ClassVar[str] = "service.not-offered"


@frozen(kw_only=True)
class Page:
    """Up to five availabilities, in the order of R26.

    ``shown`` counts those of the pages before too. ``cursor`` asks for the next ones; there is none
    when fifty have been shown or nothing more is free (R25).
    """

    code: ClassVar[str] = "availabilities"
    offers: tuple[Offer, ...]
    shown: int
    cursor: str | None = field(default=None, repr=False)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots of the offers, in the same order."""
        return tuple(offer.slot for offer in self.offers)


@frozen
class NoAvailability:
    """No appointment meets the criteria; it may change, and the clinic can be phoned (R29)."""

    code: ClassVar[str] = "availability.none"


@frozen(kw_only=True)
class Held:
    """The time is held for this visit until ``expires_at`` (R33).

    ``remaining`` is from the store's clock, so that a page can count down whatever its own says
    (R34).
    """

    code: ClassVar[str] = "slot.held"
    hold_id: HoldId
    slot: Slot
    expires_at: datetime
    remaining: timedelta


@frozen(kw_only=True)
class SlotTaken:
    """The time is no longer available; ``fresh`` lists what is now (R31, R37)."""

    code: ClassVar[str] = "slot.taken"
    fresh: Page | NoAvailability | None = None


@frozen
class AlreadyBooked:
    """The file has an upcoming appointment for this service already (R52)."""

    code: ClassVar[str] = "service.already-booked"


@frozen
class TooManyHolds:
    """A cap of R36 is reached: too many times held or booked at once from the same place."""

    code: ClassVar[str] = "holds.too-many"


@frozen
class Released:
    """The visit holds nothing any more (R35)."""

    code: ClassVar[str] = "hold.released"


@frozen(kw_only=True)
class Booked:
    """The appointment as it now stands, cancelled included when *Book* is repeated (R38, R42).

    ``cancel_link`` is the opaque text that :meth:`omnibook.Portal.cancel` takes.
    """

    code: ClassVar[str] = "appointment.booked"
    appointment: Appointment
    cancel_link: str = field(default="", repr=False)

    @property
    def reference(self) -> str:
        """The number that the patient can quote (R42)."""
        return self.appointment.reference


@frozen(kw_only=True)
class Cancelled:
    """The appointment is cancelled, now or before (R44, R47)."""

    code: ClassVar[str] = "appointment.cancelled"
    appointment_id: AppointmentId
    slot: Slot
    cancellation: Cancellation


@frozen(kw_only=True)
class TooLate:
    """The clinic's cut-off has passed: the clinic must be phoned (R47)."""

    code: ClassVar[str] = "appointment.too-late"
    cutoff: timedelta


@frozen
class LinkDead:
    """The link is not, or no longer, good: forged, outdated, or past the start (R44)."""

    code: ClassVar[str] = "link.dead"


@frozen(kw_only=True)
class LinkedAppointment:
    """What a link is about, to look at before anything is changed (R44).

    ``starts`` and ``ends`` are aware datetimes in the clinic's zone; ``label`` is the service's
    discreet one (R49). What the clinic no longer configures is ``None``.
    """

    code: ClassVar[str] = "appointment.linked"
    slot: Slot
    starts: datetime
    ends: datetime
    label: Text | None
    place: Text | None
    mode: Mode | None
    cancelled: bool
    cancellable: bool
    """Whether :meth:`omnibook.Portal.cancel` would cancel it now (R47)."""


IdentifyOutcome = Welcome | NotOnline | InvalidEntry | TooManyAttempts
ResumeOutcome = Welcome | NotOnline | VisitOver
FindOutcome = Page | NoAvailability | ServiceNotOffered | InvalidEntry | VisitOver
ReviewOutcome = (
    Held | SlotTaken | ServiceNotOffered | AlreadyBooked | TooManyHolds | InvalidEntry | VisitOver
)
BackOutcome = Released | VisitOver
BookOutcome = (
    Booked | SlotTaken | ServiceNotOffered | AlreadyBooked | TooManyHolds | InvalidEntry | VisitOver
)
ShowOutcome = LinkedAppointment | LinkDead
CancelOutcome = Cancelled | TooLate | InvalidEntry | LinkDead


@frozen(kw_only=True)
class TimeTaken:
    """The desk asked for a time that somebody's claim occupies (R33, R48)."""

    code: ClassVar[str] = "desk.time-taken"


@frozen
class NotFound:
    """No such record."""

    code: ClassVar[str] = "desk.not-found"


@frozen
class RequestReused:
    """A ``request_id`` was used before, for something else; nothing was done (R38)."""

    code: ClassVar[str] = "desk.request-reused"


@frozen(kw_only=True)
class Opened:
    """The time is open (R48)."""

    code: ClassVar[str] = "desk.opened"
    opening_id: OpeningId
    span: Span


@frozen(kw_only=True)
class Closed:
    """The time is closed; the appointments in it stand and are listed (R48)."""

    code: ClassVar[str] = "desk.closed"
    closure_id: ClosureId
    span: Span
    appointments: tuple[Appointment, ...] = ()


@frozen
class Withdrawn:
    """The desk's opening or closure is gone, now or before."""

    code: ClassVar[str] = "desk.withdrawn"


@frozen(kw_only=True)
class BusyImported:
    """The host's busy times within the span are those given, and no others (R40).

    ``count`` says how many. ``conflicts`` has a flag for each held time and each appointment that
    one of them lies over: it stands, and staff settle it.
    """

    code: ClassVar[str] = "desk.busy-imported"
    schedule_id: ScheduleId
    span: Span
    count: int
    conflicts: tuple[Flag, ...] = ()


@frozen(kw_only=True)
class NotCancellable:
    """An appointment in this status cannot be cancelled."""

    code: ClassVar[str] = "desk.not-cancellable"
    status: AppointmentStatus


@frozen(kw_only=True)
class DayList:
    """The appointments that start on one day, in the order of time, and what needs a look."""

    code: ClassVar[str] = "desk.day-list"
    appointments: tuple[Appointment, ...]
    flags: tuple[Flag, ...]


@frozen(kw_only=True)
class ServiceExplanation:
    """Why a patient sees, or does not see, a service: the verdict with its reasons (R21)."""

    code: ClassVar[str] = "desk.service-explained"
    service_id: ServiceId
    listed: bool
    verdict: Verdict


@frozen(kw_only=True)
class TimeExplanation:
    """Why a time is, or is not, offered: what each rule says of it, with its facts (R27).

    ``rules`` stand in the order of :class:`~omnibook.time_rules.RuleCode`: those that were judged,
    met or not. Grid, online and release are judged only where an opening covers the time;
    eligibility and upcoming appointments only for a named patient (R22, R52).
    """

    code: ClassVar[str] = "desk.time-explained"
    service_id: ServiceId
    schedule_id: ScheduleId
    start: datetime
    rules: tuple[time_rules.TimeRule, ...]

    @property
    def offered(self) -> bool:
        """Whether it is offered: to the patient, or to a visitor who may see the service."""
        eligible = self.verdict is None or self.verdict.eligible
        return eligible and not self.reasons and not self.already_booked

    @property
    def reasons(self) -> tuple[str, ...]:
        """The codes of what stands against the time itself; none for what the patient holds."""
        if self.own_hold:
            return ()
        return tuple(each.obstacle for each in self.rules if each.obstacle and not each.met)

    @property
    def own_hold(self) -> bool:
        """Whether the patient holds this very time: it stays in the patient's list (R28)."""
        return any(isinstance(each, time_rules.HoldRule) and each.own_until for each in self.rules)

    @property
    def verdict(self) -> Verdict | None:
        """Of a named patient: eligibility on the time's own date (R22)."""
        found = (
            each.verdict for each in self.rules if isinstance(each, time_rules.EligibilityRule)
        )
        return next(found, None)

    @property
    def already_booked(self) -> bool:
        """Whether an upcoming appointment of the patient for the service is in the way (R52)."""
        return any(
            isinstance(each, time_rules.AlreadyBookedRule) and not each.met for each in self.rules
        )


@frozen
class NotSupported:
    """The clinic's directory lets nobody edit contacts here: use the system that keeps them."""

    code: ClassVar[str] = "desk.not-supported"


@frozen(kw_only=True)
class ContactsEdited:
    """The contacts of the file as they now stand, in the order of their positions (R41, R43)."""

    code: ClassVar[str] = "desk.contacts-edited"
    contacts: tuple[ContactPoint, ...] = field(converter=tuple[ContactPoint, ...])


DeskOpenOutcome = Opened | RequestReused | NotFound
DeskCloseOutcome = Closed | TimeTaken | RequestReused | NotFound
DeskWithdrawOutcome = Withdrawn
DeskImportOutcome = BusyImported | NotFound
DeskBookOutcome = Booked | TimeTaken | RequestReused | NotFound | InvalidEntry
DeskCancelOutcome = Cancelled | NotCancellable | InvalidEntry | NotFound
DeskContactOutcome = ContactsEdited | NotFound | NotSupported
DeskExplainServiceOutcome = ServiceExplanation | NotFound
DeskExplainTimeOutcome = TimeExplanation | NotFound


@frozen(kw_only=True)
class Purged:
    """How many records of each kind had outlived their time, and are gone (R51).

    ``appointments`` are those of persons without a file, ``attempts`` the rows of a limiter in the
    store's database (R12).
    """

    code: ClassVar[str] = "custodian.purged"
    visits: int = 0
    holds: int = 0
    appointments: int = 0
    notices: int = 0
    orders: int = 0
    events: int = 0
    flags: int = 0
    audit: int = 0
    attempts: int = 0

    @property
    def total(self) -> int:
        """How many records in all."""
        return sum(astuple(self))


@frozen(kw_only=True)
class Exported:
    """Everything that is kept of one person, as plain values for JSON (R51).

    ``document`` is described in the reference, "What an export holds"; it is the one outcome that
    is made of personal values, so that it belongs in no log.
    """

    code: ClassVar[str] = "custodian.exported"
    document: Mapping[str, object] = field(repr=False, hash=False)


@frozen(kw_only=True)
class Erased:
    """How many records of each kind were kept of the person, and are gone (R51)."""

    code: ClassVar[str] = "custodian.erased"
    visits: int = 0
    holds: int = 0
    appointments: int = 0
    notices: int = 0
    orders: int = 0
    events: int = 0
    flags: int = 0

    @property
    def total(self) -> int:
        """How many records in all."""
        return sum(astuple(self))


@frozen(kw_only=True)
class StillNeeded:
    """Nothing was erased: the person has appointments that are not over, or holds times (R51).

    Cancel the appointments first; a hold lapses by itself within minutes.
    """

    code: ClassVar[str] = "custodian.still-needed"
    appointments: int
    holds: int


PurgeOutcome = Purged
ExportOutcome = Exported | NotFound
EraseOutcome = Erased | StillNeeded | NotFound
