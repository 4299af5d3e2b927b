"""The clinic's times, for the front desk that waits and for the one that is awaited (R40, R48).

It gives the pure decisions of :mod:`omnibook.desk` and :mod:`omnibook.desk_busy` what they need.
What each action answers, and when, is told where the public sees it: at
:class:`omnibook.FrontDesk`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from attrs import evolve, frozen

from omnibook.clinic import Schedule
from omnibook.desk import (
    CloseRequest,
    OpenRequest,
    closure_of,
    decide_close,
    decide_open,
    decide_withdraw_closure,
    decide_withdraw_opening,
    opening_of,
)
from omnibook.desk_busy import BusyImport, decide_import_busy
from omnibook.desk_input import checked_request, staff, staff_or_system, whole_minutes
from omnibook.desk_looks import record_look
from omnibook.errors import InvalidValue
from omnibook.ids import ActivityId, ClosureId, OpeningId
from omnibook.outcomes import (
    Closed,
    DeskCloseOutcome,
    DeskImportOutcome,
    DeskOpenOutcome,
    DeskWithdrawOutcome,
    NotFound,
    Withdrawn,
)
from omnibook.ports import AppointmentsWithin
from omnibook.records import Actor, Busy
from omnibook.times import Span, is_interval
from omnibook.transactions import Scope
from omnibook.wiring import Wiring, storable


@frozen
class DeskTimes:
    """One clinic's times as staff change them, by its ports; no state is kept between actions."""

    wiring: Wiring

    async def open_time(
        self,
        request_id: str,
        schedule_id: str,
        start: datetime,
        end: datetime,
        *,
        activities: tuple[str, ...],
        interval: timedelta,
        actor: Actor,
    ) -> DeskOpenOutcome:
        """See :meth:`omnibook.FrontDesk.open_time`."""
        by, schedule = staff(actor), self.wiring.clinic.schedule(schedule_id)
        identifier = opening_of(self.wiring.clinic.clinic_id, checked_request(request_id))
        if schedule is None:
            return NotFound()
        if isinstance(cast("object", activities), str):
            raise InvalidValue("activities must be a tuple of identifiers, not one text")
        if not activities or not is_interval(interval):
            raise InvalidValue("an opening needs an activity, and an interval of 1 to 1440 minutes")
        if not self.wiring.clinic.activities.issuperset(activities):
            raise InvalidValue("no service has one of these activities: nothing would be offered")
        request = OpenRequest(
            opening_id=identifier,
            schedule_id=schedule.schedule_id,
            span=whole_minutes(start, end),
            activities=tuple(ActivityId(each) for each in activities),
            interval=interval,
            operation=self.wiring.operation(by),
        )
        scope = self._scope(schedule, request.span)
        return await self.wiring.transact(
            evolve(scope, opening=identifier), partial(decide_open, request)
        )

    async def close_time(
        self, request_id: str, schedule_id: str, start: datetime, end: datetime, *, actor: Actor
    ) -> DeskCloseOutcome:
        """See :meth:`omnibook.FrontDesk.close_time`."""
        by, schedule = staff(actor), self.wiring.clinic.schedule(schedule_id)
        identifier = closure_of(self.wiring.clinic.clinic_id, checked_request(request_id))
        if schedule is None:
            return NotFound()
        request = CloseRequest(
            closure_id=identifier,
            schedule_id=schedule.schedule_id,
            span=whole_minutes(start, end),
            operation=self.wiring.operation(by),
        )
        scope = self._scope(schedule, request.span)
        outcome = await self.wiring.transact(
            evolve(scope, closure=identifier), partial(decide_close, request)
        )
        if not isinstance(outcome, Closed):
            return outcome
        _, found = await self.wiring.read(
            AppointmentsWithin(
                clinic_id=self.wiring.clinic.clinic_id,
                span=outcome.span,
                schedules=frozenset({schedule.schedule_id}),
            )
        )
        standing = tuple(each for each in found if each.status.occupies)
        if standing:
            # A repeated call closes nothing, and shows them again.
            subjects = map(self.wiring.subject_of, standing)
            await record_look(self.wiring, by, "read-closed", Closed.code, subjects)
        return evolve(outcome, appointments=standing)

    async def withdraw_opening(self, opening_id: str, *, actor: Actor) -> DeskWithdrawOutcome:
        """See :meth:`omnibook.FrontDesk.withdraw_opening`."""
        operation = self.wiring.operation(staff(actor))
        if storable(opening_id) is None:
            return Withdrawn()
        return await self.wiring.transact(
            Scope(clinic_id=self.wiring.clinic.clinic_id, opening=OpeningId(opening_id)),
            partial(decide_withdraw_opening, OpeningId(opening_id), operation),
        )

    async def withdraw_closure(self, closure_id: str, *, actor: Actor) -> DeskWithdrawOutcome:
        """See :meth:`omnibook.FrontDesk.withdraw_closure`."""
        operation = self.wiring.operation(staff(actor))
        if storable(closure_id) is None:
            return Withdrawn()
        return await self.wiring.transact(
            Scope(clinic_id=self.wiring.clinic.clinic_id, closure=ClosureId(closure_id)),
            partial(decide_withdraw_closure, ClosureId(closure_id), operation),
        )

    async def import_busy(
        self,
        schedule_id: str,
        start: datetime,
        end: datetime,
        busy: Iterable[Busy],
        *,
        actor: Actor,
    ) -> DeskImportOutcome:
        """See :meth:`omnibook.FrontDesk.import_busy`."""
        by, schedule = staff_or_system(actor), self.wiring.clinic.schedule(schedule_id)
        if schedule is None:
            return NotFound()
        request = BusyImport.of(
            schedule.schedule_id, Span(start, end), busy, self.wiring.operation(by)
        )
        scope = self._scope(schedule, request.span)
        return await self.wiring.transact(scope, partial(decide_import_busy, request))

    def _scope(self, schedule: Schedule, span: Span) -> Scope:
        return Scope(clinic_id=self.wiring.clinic.clinic_id, schedules={schedule.schedule_id: span})
