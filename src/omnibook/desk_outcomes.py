"""What the clinic's side is answered: frozen outcomes, each with a stable ``code`` (R48, R50).

The unions, one for each use case, stand in :mod:`omnibook.outcomes`, where these are public.
"""

from datetime import datetime
from typing import ClassVar

from attrs import field, frozen

from omnibook import time_rules
from omnibook.contacts import ContactPoint
from omnibook.eligibility import Verdict
from omnibook.ids import ClosureId, OpeningId, ScheduleId, ServiceId
from omnibook.records import (
    Appointment,
    AppointmentStatus,
    ContactOrder,
    Event,
    Flag,
    Notice,
)
from omnibook.times import Span


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
class Marked:
    """The appointment has the status that was asked for, now or before (R40, R47)."""

    code: ClassVar[str] = "desk.marked"
    appointment: Appointment


@frozen(kw_only=True)
class NotMarkable:
    """The appointment cannot be given that status, or not before an instant.

    ``status`` is the one that it has. Nothing changes a cancelled one.
    """

    code: ClassVar[str] = "desk.not-markable"
    status: AppointmentStatus
    not_before: datetime | None = None


@frozen(kw_only=True)
class NotConfirmable:
    """Nobody is expected any more: the appointment has begun, or is in another status (R44)."""

    code: ClassVar[str] = "desk.not-confirmable"
    status: AppointmentStatus


@frozen(kw_only=True)
class Attached:
    """The appointment is of the patient's file, now or before (R15)."""

    code: ClassVar[str] = "desk.attached"
    appointment: Appointment


@frozen
class AlreadyAttached:
    """The appointment is of another file; nothing was done (R15)."""

    code: ClassVar[str] = "desk.already-attached"


@frozen(kw_only=True)
class NotMovable:
    """An appointment in this status cannot be moved."""

    code: ClassVar[str] = "desk.not-movable"
    status: AppointmentStatus


@frozen(kw_only=True)
class MovedMeanwhile:
    """Somebody else moved the appointment since it was looked at; nothing was done (R38)."""

    code: ClassVar[str] = "desk.moved-meanwhile"
    appointment: Appointment


@frozen(kw_only=True)
class DayList:
    """The appointments that start on one day, in the order of time, and what needs a look."""

    code: ClassVar[str] = "desk.day-list"
    appointments: tuple[Appointment, ...]
    flags: tuple[Flag, ...]


@frozen(kw_only=True)
class AppointmentList:
    """The appointments that were looked up, in the order of time, and what needs a look."""

    code: ClassVar[str] = "desk.appointments"
    appointments: tuple[Appointment, ...]
    flags: tuple[Flag, ...]


@frozen(kw_only=True)
class SetAsideList:
    """What dispatchers gave up: messages, orders to add contacts, events for the host (R39).

    The oldest of each, at most 100.
    """

    code: ClassVar[str] = "desk.set-aside"
    notices: tuple[Notice, ...]
    orders: tuple[ContactOrder, ...]
    events: tuple[Event, ...]


@frozen
class QueuedAgain:
    """What was set aside is due again, and starts anew."""

    code: ClassVar[str] = "desk.queued-again"


@frozen
class NotSetAside:
    """It waits for its turn, or is done, or of no use any more: nothing was changed."""

    code: ClassVar[str] = "desk.not-set-aside"


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
