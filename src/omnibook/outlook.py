"""What a store tells a search: whether anything changed, who holds what, and which days are taken.

A search is advisory (R27): *Review* decides on a :class:`~omnibook.transactions.Snapshot`. So it is
told less, and nothing of a person: of appointments, only which minutes of a day they claim.

What is told of a schedule's days stands for as long as the schedule's **version** does: an integer
that is another one, and one that was never seen before, after any change of its appointments'
claims, busy times, desk openings and desk closures. 0: nothing was ever kept. Holds, which come and
go by the minute, change no version: those that are live are told anew each time.
"""

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from omnibook.ids import HoldId, PatientId, ScheduleId, VisitId
from omnibook.records import Busy, DeskClosure, DeskOpening, Slot
from omnibook.times import Span
from omnibook.transactions import Snapshot


@frozen(kw_only=True)
class HeldTime:
    """A live hold, as far as a search needs it."""

    hold_id: HoldId
    visit_id: VisitId
    patient_id: PatientId | None = field(repr=False)
    slot: Slot
    claimed: Span


@frozen(kw_only=True)
class Outlook:
    """What a search begins with; all of it as of ``snapshot.now``."""

    snapshot: Snapshot
    versions: Mapping[ScheduleId, int]
    """Of each of the clinic's schedules that has one; 0 for every other."""
    holds: tuple[HeldTime, ...]
    """Every live hold of the clinic (R34), by start, schedule and identifier."""


@frozen(kw_only=True)
class ScheduleDays:
    """What stands on some UTC days of one schedule, but for holds."""

    schedule_id: ScheduleId
    version: int
    booked: Mapping[int, int] = field(factory=dict[int, int])
    """By UTC day: the minutes that appointments claim (:mod:`omnibook.daybits`); no day is 0."""
    busy: tuple[Busy, ...] = ()
    openings: tuple[DeskOpening, ...] = ()
    closures: tuple[DeskClosure, ...] = ()
    opened_until: datetime | None = None
    """The end of the last of all the schedule's desk openings, on these days or not; nothing
    without any. Beyond it a search need not read the days that no recurring opening serves."""

    def booked_on(self, day: int) -> int:
        """The minutes of a UTC day that appointments claim."""
        return self.booked.get(day, 0)
