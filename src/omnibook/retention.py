"""For how long things are kept: what each kind of record's time is counted from (R51).

Nothing here deletes. :func:`cutoffs_at` turns a clinic's policies and *now* into instants, and a
record whose own instant is at or before its cut-off has outlived its time; a store's
:meth:`~omnibook.ports.Archive.purge` forgets such records, and never one that is younger.

==================== =========================================== ========================
record               counted from                                kept for (default)
==================== =========================================== ========================
visit, with its      the visit's end: idle for 30 minutes or     24 hours
holds and their      2 hours old in all, and never before its
lapsed claims        last hold lapsed (R16)
appointment of a     the appointment's end                       90 days, or until it is
provisional person                                               attached to a file
notice               when it was due                             90 days
contact order, done  when it was due                             90 days
or set aside
event, told or set   when it was due                             90 days
aside
line of the audit    its instant                                 2 years
trail
attempt to identify  the last one that shares its key (R12)      24 hours
==================== =========================================== ========================

The appointment of a provisional person goes whole: contacts, reason and details, its claim, and
the notices, orders, events and flags about it. Appointments of files are the clinic's record, and
no time ends them. What is not done yet, an order or an event that still has to be told, is work and
waits; a notice does not: nobody is helped by a message that is late by months. What was set aside
is no work any more: staff have as long to look at it, and to have it tried again, as it would be
kept if it were done.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from attrs import frozen

from omnibook.audit import Operation
from omnibook.clinic import Policies
from omnibook.ids import AppointmentId
from omnibook.outcomes import Purged
from omnibook.records import (
    Appointment,
    AuditEvent,
    ContactOrder,
    Event,
    Hold,
    HoldState,
    Notice,
    Visit,
)
from omnibook.transactions import RecordAudit

BATCH = 200
"""How many records of each kind one call of a store's ``purge`` forgets at most."""

ATTEMPTS_KEPT = timedelta(hours=24)
"""For how long a limiter keeps what it knows of a key that nobody uses."""


@frozen(kw_only=True)
class Cutoffs:
    """Instants at or before which things have outlived their time; made by :func:`cutoffs_at`."""

    now: datetime
    """For which the others hold; what is purged is noted with it."""
    idle: datetime
    """Of a visit's last activity."""
    started: datetime
    """Of a visit's beginning."""
    lapsed: datetime
    """Of the expiry of a visit's last hold, and of what was done in a visit in time."""
    provisional: datetime
    """Of the end of an appointment without a file."""
    notices: datetime
    """Of when a notice was due, or an order or an event that is done or was set aside."""
    audit: datetime
    """Of a line of the audit trail."""
    attempts: datetime
    """Of the last attempt of a limiter's key, in a store that keeps them."""

    def end_visit(self, visit: Visit, holds: Iterable[Hold]) -> bool:
        """Whether a visit has outlived its time; ``holds`` are the visit's (R16, R51)."""
        over = visit.active_at <= self.idle or (
            # Old enough, and nothing was done in it since.
            visit.started_at <= self.started and visit.active_at <= self.lapsed
        )
        return over and all(
            hold.state is not HoldState.HELD or hold.expires_at <= self.lapsed for hold in holds
        )

    def end_appointment(self, appointment: Appointment) -> bool:
        """Whether an appointment has outlived its time: never that of a file."""
        return appointment.is_provisional and appointment.slot.end <= self.provisional

    def end_notice(self, notice: Notice) -> bool:
        """Whether a notice has outlived its time, whatever became of it."""
        return notice.not_before <= self.notices

    def end_order(self, order: ContactOrder) -> bool:
        """Whether a contact order is done, or was set aside, and has outlived its time."""
        return (order.done or order.failed) and order.not_before <= self.notices

    def end_event(self, event: Event) -> bool:
        """Whether an event was told, or was set aside, and has outlived its time."""
        return (event.done or event.failed) and event.not_before <= self.notices

    def end_audit(self, event: AuditEvent) -> bool:
        """Whether a line of the audit trail has outlived its time."""
        return event.at <= self.audit


def cutoffs_at(now: datetime, policies: Policies) -> Cutoffs:
    """The cut-offs of a clinic with these policies, at this instant of its store (R51)."""
    kept = policies.retention
    return Cutoffs(
        now=now,
        idle=now - kept.visits - policies.visit_idle,
        started=now - kept.visits - policies.visit_total,
        lapsed=now - kept.visits,
        provisional=now - kept.provisional,
        notices=now - kept.notices,
        audit=now - kept.audit,
        # No policy: a shorter time would admit more, and a longer one is of no use.
        attempts=now - ATTEMPTS_KEPT,
    )


def purge_writes(
    operation: Operation, cutoffs: Cutoffs, appointments: Iterable[AppointmentId]
) -> tuple[RecordAudit, ...]:
    """What a store notes with a batch of which something was purged (R50, R51).

    One line for the operation, however many batches it has, and one for each appointment.
    """
    tombstones = (
        operation.tombstone(cutoffs.now, "purge-appointment", Purged.code, each)
        for each in appointments
    )
    return (operation.audit(cutoffs.now, "purge", Purged.code), *tombstones)
