"""What each rule says of one time, with the facts it rests on: the answers to "why not?" (R27).

One class for each rule that decides whether a time is offered, in the order in which they are told.
Facts are typed, so that a screen can show what it likes of them; :mod:`omnibook.messages` makes
sentences of them for a clerk on the phone. They say of whom nothing: of a hold, until when; of an
appointment, which time it claims.
"""

from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import ClassVar, TypeAlias

from attrs import frozen

from omnibook.eligibility import Verdict
from omnibook.ids import ActivityId, ClosureId
from omnibook.times import Span


@unique
class RuleCode(StrEnum):
    """The rules that decide whether a time is offered, in the order in which they are told."""

    LENGTH = "rule.length"
    START = "rule.start"
    NOTICE = "rule.notice"
    HORIZON = "rule.horizon"
    OPENING = "rule.opening"
    GRID = "rule.grid"
    ONLINE = "rule.online"
    RELEASE = "rule.release"
    CLOSURE = "rule.closure"
    BUSY = "rule.busy"
    HOLD = "rule.hold"
    APPOINTMENT = "rule.appointment"
    ELIGIBILITY = "rule.eligibility"
    ALREADY_BOOKED = "rule.already-booked"


@frozen(kw_only=True)
class _Rule:
    met: bool
    """Whether the time is as the rule wants it."""


@frozen(kw_only=True)
class LengthRule(_Rule):
    """The time is as long as the service (R27)."""

    code: ClassVar[RuleCode] = RuleCode.LENGTH
    obstacle: ClassVar[str] = "time.wrong-length"
    length: timedelta
    needed: timedelta


@frozen(kw_only=True)
class StartRule(_Rule):
    """The start is later than now (R27)."""

    code: ClassVar[RuleCode] = RuleCode.START
    obstacle: ClassVar[str] = "time.already-started"
    now: datetime


@frozen(kw_only=True)
class NoticeRule(_Rule):
    """The start leaves the notice that the clinic wants (R27)."""

    code: ClassVar[RuleCode] = RuleCode.NOTICE
    obstacle: ClassVar[str] = "time.too-soon"
    notice: timedelta
    earliest: datetime
    """The first whole minute that leaves the notice now."""


@frozen(kw_only=True)
class HorizonRule(_Rule):
    """The start is not too far ahead (R27)."""

    code: ClassVar[RuleCode] = RuleCode.HORIZON
    obstacle: ClassVar[str] = "time.beyond-horizon"
    latest: datetime
    """The last whole minute within the horizon now."""


@frozen(kw_only=True)
class OpeningTime:
    """One occurrence of an opening, recurring or of the desk, on the time line (R30, R48)."""

    span: Span
    interval: timedelta
    """From each start on its grid to the next; the first start is the first of ``span``."""
    activities: tuple[ActivityId, ...]
    """In alphabetical order."""
    online: bool
    released: datetime | None
    """From when it is shown online; ``None`` is always."""


@frozen(kw_only=True)
class OpeningRule(_Rule):
    """The time lies within an opening for one of the service's activities (R27)."""

    code: ClassVar[RuleCode] = RuleCode.OPENING
    obstacle: ClassVar[str] = "time.no-opening"
    covering: tuple[OpeningTime, ...]
    """Those that serve the service and hold the whole time."""
    near: tuple[OpeningTime, ...]
    """The others of that day, or days, of the clinic that serve the service."""
    others: tuple[OpeningTime, ...]
    """Those that overlap the time and serve other activities only."""
    served: bool
    """Whether an opening of the schedule serves the service at all: any recurring one, or one that
    the desk made around that day."""


@frozen(kw_only=True)
class GridRule(_Rule):
    """The start is one of the opening's; judged where an opening covers the time (R27, R30)."""

    code: ClassVar[RuleCode] = RuleCode.GRID
    obstacle: ClassVar[str] = "time.off-grid"
    before: datetime | None
    """The nearest earlier start of the covering openings, that day, that is offered to whoever may
    see the service."""
    after: datetime | None
    """The nearest later one."""


@frozen(kw_only=True)
class OnlineRule(_Rule):
    """The opening is not kept for the desk; judged where an opening covers the time (R27)."""

    code: ClassVar[RuleCode] = RuleCode.ONLINE
    obstacle: ClassVar[str] = "time.not-online"


@frozen(kw_only=True)
class ReleaseRule(_Rule):
    """The opening is shown online by now; judged where an opening covers the time (R27)."""

    code: ClassVar[RuleCode] = RuleCode.RELEASE
    obstacle: ClassVar[str] = "time.not-released"
    released: datetime | None
    """From when: the earliest among the covering openings; ``None`` is always."""


@unique
class ClosedBy(StrEnum):
    """Whose closure it is."""

    CLINIC = "clinic"
    SCHEDULE = "schedule"
    DESK = "desk"


@frozen(kw_only=True)
class ClosedTime:
    """A closure that touches the time (R27, R48)."""

    by: ClosedBy
    span: Span
    label: str = ""
    """As configured; the desk's have none."""
    closure_id: ClosureId | None = None
    """Of the desk's, by which it can be withdrawn."""


@frozen(kw_only=True)
class ClosureRule(_Rule):
    """No closure touches the time (R27)."""

    code: ClassVar[RuleCode] = RuleCode.CLOSURE
    obstacle: ClassVar[str] = "time.closed"
    closures: tuple[ClosedTime, ...]
    """The clinic's, then the schedule's, then the desk's."""


@unique
class Collision(StrEnum):
    """What of the wanted time somebody else's time touches."""

    TIME = "time"
    """The time itself."""
    BEFORE = "before"
    """Only what the service needs free before it."""
    AFTER = "after"
    """Only what the service needs free after it."""


@frozen(kw_only=True)
class TakenTime:
    """Time that is taken and in the way; never by whom."""

    span: Span
    """With the buffers that it claims itself."""
    collision: Collision
    until: datetime | None = None
    """Of a hold: when it lapses, unless it is booked before (R34)."""


@frozen(kw_only=True)
class _FreeRule(_Rule):
    taken: tuple[TakenTime, ...]
    """What is in the way, by start."""
    needed_before: timedelta
    """What the service needs free before the time (R17)."""
    needed_after: timedelta
    """What the service needs free after it."""


@frozen(kw_only=True)
class BusyRule(_FreeRule):
    """No imported busy time is in the way (R27, R40)."""

    code: ClassVar[RuleCode] = RuleCode.BUSY
    obstacle: ClassVar[str] = "time.busy"


@frozen(kw_only=True)
class HoldRule(_FreeRule):
    """No live hold is in the way, but for the patient's own of this very time (R27, R28)."""

    code: ClassVar[RuleCode] = RuleCode.HOLD
    obstacle: ClassVar[str] = "time.held"
    own_until: datetime | None = None
    """Until when the patient holds this very time, in whichever visit; ``None``: does not."""


@frozen(kw_only=True)
class AppointmentRule(_FreeRule):
    """No appointment is in the way (R27, R40)."""

    code: ClassVar[RuleCode] = RuleCode.APPOINTMENT
    obstacle: ClassVar[str] = "time.booked"


@frozen(kw_only=True)
class EligibilityRule(_Rule):
    """The patient is eligible on the time's own date; judged for a named patient (R22)."""

    code: ClassVar[RuleCode] = RuleCode.ELIGIBILITY
    obstacle: ClassVar[None] = None
    verdict: Verdict


@frozen(kw_only=True)
class AlreadyBookedRule(_Rule):
    """No upcoming appointment for the service is in the way; judged for a named patient (R52)."""

    code: ClassVar[RuleCode] = RuleCode.ALREADY_BOOKED
    obstacle: ClassVar[None] = None


TimeRule: TypeAlias = (
    LengthRule
    | StartRule
    | NoticeRule
    | HorizonRule
    | OpeningRule
    | GridRule
    | OnlineRule
    | ReleaseRule
    | ClosureRule
    | BusyRule
    | HoldRule
    | AppointmentRule
    | EligibilityRule
    | AlreadyBookedRule
)
"""What one rule says of a time. ``obstacle`` is its code among the reasons against the time; the
patient's own rules have none, since they say nothing of the time."""
