"""What use cases answer on an ordinary day: frozen outcomes, one named union for each use case.

An outcome is returned, never raised. Every class has a stable ``code``; the sentences that a
patient or a clerk reads stand in :mod:`omnibook.messages`, by that code. Callers ``match`` on the
class and let the type checker prove that none is forgotten (``typing.assert_never``).

What a visitor is answered is written here. What the clinic's side is answered stands in
:mod:`omnibook.desk_outcomes`, what a custodian is answered in :mod:`omnibook.custody_outcomes`;
all of it, and every union, is taken from here.

The union of *identify* shows nothing of why a visitor was not recognised: the one trace of being
recognised is which services are listed (R10).
"""

from datetime import datetime, timedelta
from typing import ClassVar

from attrs import field, frozen

from omnibook.clinic import Mode, Text
from omnibook.custody_outcomes import Erased, Exported, Purged, StillNeeded
from omnibook.desk_outcomes import (
    AlreadyAttached,
    AppointmentList,
    Attached,
    BusyImported,
    Closed,
    ContactsEdited,
    DayList,
    Marked,
    MovedMeanwhile,
    NotCancellable,
    NotConfirmable,
    NotFound,
    NotMarkable,
    NotMovable,
    NotSetAside,
    NotSupported,
    Opened,
    QueuedAgain,
    RequestReused,
    ServiceExplanation,
    SetAsideList,
    TimeExplanation,
    TimeTaken,
    Withdrawn,
)
from omnibook.ids import AppointmentId, HoldId, PractitionerId, ServiceId, VisitToken
from omnibook.problems import InvalidEntry
from omnibook.records import Appointment, Cancellation, Presence, Slot

__all__ = [
    "AlreadyAttached",
    "AlreadyBooked",
    "AppointmentList",
    "Attached",
    "BackOutcome",
    "BookOutcome",
    "Booked",
    "BusyImported",
    "CancelOutcome",
    "Cancelled",
    "Closed",
    "ContactsEdited",
    "DayList",
    "DeskAppointmentsOutcome",
    "DeskAttachOutcome",
    "DeskBookOutcome",
    "DeskCancelOutcome",
    "DeskCloseOutcome",
    "DeskContactOutcome",
    "DeskExplainServiceOutcome",
    "DeskExplainTimeOutcome",
    "DeskImportOutcome",
    "DeskMarkOutcome",
    "DeskMoveOutcome",
    "DeskOpenOutcome",
    "DeskPresenceOutcome",
    "DeskTryAgainOutcome",
    "DeskWithdrawOutcome",
    "EraseOutcome",
    "Erased",
    "ExportOutcome",
    "Exported",
    "FindForMoveOutcome",
    "FindOutcome",
    "Held",
    "IdentifyOutcome",
    "InvalidEntry",
    "LinkDead",
    "LinkedAppointment",
    "Marked",
    "MoveOutcome",
    "Moved",
    "MovedMeanwhile",
    "NoAvailability",
    "NotCancellable",
    "NotConfirmable",
    "NotFound",
    "NotMarkable",
    "NotMovable",
    "NotOnline",
    "NotSetAside",
    "NotSupported",
    "Offer",
    "OfferedService",
    "Opened",
    "Page",
    "PresenceConfirmed",
    "PresenceOutcome",
    "PurgeOutcome",
    "Purged",
    "QueuedAgain",
    "Released",
    "RequestReused",
    "ResumeOutcome",
    "ReviewOutcome",
    "ServiceExplanation",
    "ServiceNotOffered",
    "SetAsideList",
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

    ``link`` is the opaque text by which the patient looks at the appointment again, confirms to
    come, cancels or moves it: :meth:`omnibook.Portal.show` and the methods after it take it.
    """

    code: ClassVar[str] = "appointment.booked"
    appointment: Appointment
    link: str = field(default="", repr=False)

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
class PresenceConfirmed:
    """The clinic knows that the patient will come, now or before (R44)."""

    code: ClassVar[str] = "presence.confirmed"
    appointment_id: AppointmentId
    slot: Slot
    presence: Presence


@frozen(kw_only=True)
class Moved:
    """The appointment has its new time, now or before (R44, R47).

    ``link`` is the one of the new revision: the one that was used is dead, but to repeat this.
    """

    code: ClassVar[str] = "appointment.moved"
    appointment: Appointment
    link: str = field(default="", repr=False)


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
    """Whether :meth:`omnibook.Portal.cancel` would cancel it now, or ``move`` move it (R47)."""
    service_id: ServiceId
    presence: Presence | None


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
PresenceOutcome = PresenceConfirmed | LinkDead
CancelOutcome = Cancelled | TooLate | InvalidEntry | LinkDead
FindForMoveOutcome = Page | NoAvailability | ServiceNotOffered | InvalidEntry | TooLate | LinkDead
MoveOutcome = Moved | SlotTaken | ServiceNotOffered | InvalidEntry | TooLate | LinkDead

DeskOpenOutcome = Opened | RequestReused | NotFound
DeskCloseOutcome = Closed | TimeTaken | RequestReused | NotFound
DeskWithdrawOutcome = Withdrawn
DeskImportOutcome = BusyImported | NotFound
DeskBookOutcome = Booked | TimeTaken | RequestReused | NotFound | InvalidEntry
DeskCancelOutcome = Cancelled | NotCancellable | InvalidEntry | NotFound
DeskMoveOutcome = Moved | TimeTaken | MovedMeanwhile | NotMovable | NotFound
DeskPresenceOutcome = PresenceConfirmed | NotConfirmable | NotFound
DeskMarkOutcome = Marked | NotMarkable | TimeTaken | NotFound
DeskAttachOutcome = Attached | AlreadyAttached | NotFound
DeskContactOutcome = ContactsEdited | NotFound | NotSupported
DeskAppointmentsOutcome = AppointmentList | NotFound
DeskTryAgainOutcome = QueuedAgain | NotSetAside | NotFound
DeskExplainServiceOutcome = ServiceExplanation | NotFound
DeskExplainTimeOutcome = TimeExplanation | NotFound

PurgeOutcome = Purged
ExportOutcome = Exported | NotFound
EraseOutcome = Erased | StillNeeded | NotFound
