"""The clinic's side for ``asyncio``: :class:`omnibook.FrontDesk`, awaited."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from omnibook import outcomes
from omnibook.awaiting import twin_of
from omnibook.booking_form import BookingForm
from omnibook.clinic import Clinic
from omnibook.contacts import ContactPoint
from omnibook.desk_looks import DeskLooks
from omnibook.desk_times import DeskTimes
from omnibook.desk_work import DeskWork
from omnibook.front_desk import FrontDesk
from omnibook.identity import ActingFor, IdentityForm
from omnibook.ports import (
    AsyncPatientDirectory,
    AsyncScheduleSource,
    AsyncStore,
    Keys,
    PatientDirectory,
    ScheduleSource,
    Tokens,
)
from omnibook.records import Actor, AppointmentStatus, Busy, Slot
from omnibook.wiring import Wiring


class AsyncFrontDesk:
    """:class:`FrontDesk` for ``asyncio``: the same actions with the same outcomes, each awaited.

    The store is asynchronous. Any other port may be of either kind; give a plain one only where it
    answers at once. Repeat an action whose task was cancelled with the same ``request_id``.
    """

    def __init__(
        self,
        clinic: Clinic,
        *,
        store: AsyncStore,
        directory: PatientDirectory | AsyncPatientDirectory,
        keys: Keys,
        schedules: ScheduleSource | AsyncScheduleSource | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """Serve ``clinic`` by these ports, the same as the portal's."""
        wiring = Wiring(
            clinic=clinic,
            store=store,
            directory=directory,
            keys=keys,
            schedules=schedules,
            tokens=tokens,
        )
        self._times, self._work = DeskTimes(wiring), DeskWork(wiring)
        self._looks = DeskLooks(wiring)

    @twin_of(FrontDesk.open_time)
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
    ) -> outcomes.DeskOpenOutcome:
        return await self._times.open_time(
            request_id,
            schedule_id,
            start,
            end,
            activities=activities,
            interval=interval,
            actor=actor,
        )

    @twin_of(FrontDesk.close_time)
    async def close_time(
        self, request_id: str, schedule_id: str, start: datetime, end: datetime, *, actor: Actor
    ) -> outcomes.DeskCloseOutcome:
        return await self._times.close_time(request_id, schedule_id, start, end, actor=actor)

    @twin_of(FrontDesk.withdraw_opening)
    async def withdraw_opening(
        self, opening_id: str, *, actor: Actor
    ) -> outcomes.DeskWithdrawOutcome:
        return await self._times.withdraw_opening(opening_id, actor=actor)

    @twin_of(FrontDesk.withdraw_closure)
    async def withdraw_closure(
        self, closure_id: str, *, actor: Actor
    ) -> outcomes.DeskWithdrawOutcome:
        return await self._times.withdraw_closure(closure_id, actor=actor)

    @twin_of(FrontDesk.import_busy)
    async def import_busy(
        self,
        schedule_id: str,
        start: datetime,
        end: datetime,
        busy: Iterable[Busy],
        *,
        actor: Actor,
    ) -> outcomes.DeskImportOutcome:
        return await self._times.import_busy(schedule_id, start, end, busy, actor=actor)

    @twin_of(FrontDesk.book)
    async def book(
        self,
        request_id: str,
        slot: Slot,
        form: BookingForm,
        *,
        patient: str | IdentityForm,
        actor: Actor,
        language: str = "fr",
        messages: bool = True,
        buffer_before: timedelta = timedelta(),
        buffer_after: timedelta = timedelta(),
    ) -> outcomes.DeskBookOutcome:
        return await self._work.book(
            request_id,
            slot,
            form,
            patient=patient,
            actor=actor,
            language=language,
            messages=messages,
            buffer_before=buffer_before,
            buffer_after=buffer_after,
        )

    @twin_of(FrontDesk.cancel)
    async def cancel(
        self,
        appointment_id: str,
        *,
        reason: object,
        actor: Actor,
        close_time: bool = False,
        asked_by_patient: bool = False,
    ) -> outcomes.DeskCancelOutcome:
        return await self._work.cancel(
            appointment_id,
            reason=reason,
            actor=actor,
            close_time=close_time,
            asked_by_patient=asked_by_patient,
        )

    @twin_of(FrontDesk.move)
    async def move(
        self,
        appointment_id: str,
        schedule_id: str,
        start: datetime,
        *,
        revision: int,
        actor: Actor,
        duration: timedelta | None = None,
        buffer_before: timedelta | None = None,
        buffer_after: timedelta | None = None,
    ) -> outcomes.DeskMoveOutcome:
        return await self._work.move(
            appointment_id,
            schedule_id,
            start,
            revision=revision,
            actor=actor,
            duration=duration,
            buffers=(buffer_before, buffer_after),
        )

    @twin_of(FrontDesk.confirm_presence)
    async def confirm_presence(
        self, appointment_id: str, *, actor: Actor
    ) -> outcomes.DeskPresenceOutcome:
        return await self._work.confirm_presence(appointment_id, actor=actor)

    @twin_of(FrontDesk.mark)
    async def mark(
        self, appointment_id: str, status: AppointmentStatus, *, actor: Actor
    ) -> outcomes.DeskMarkOutcome:
        return await self._work.mark(appointment_id, status, actor=actor)

    @twin_of(FrontDesk.attach)
    async def attach(
        self, appointment_id: str, patient_id: str, *, actor: Actor
    ) -> outcomes.DeskAttachOutcome:
        return await self._work.attach(appointment_id, patient_id, actor=actor)

    @twin_of(FrontDesk.verify_contact)
    async def verify_contact(
        self, request_id: str, patient_id: str, contact: ContactPoint, *, actor: Actor
    ) -> outcomes.DeskContactOutcome:
        return await self._work.verify_contact(request_id, patient_id, contact, actor=actor)

    @twin_of(FrontDesk.move_contact)
    async def move_contact(
        self,
        request_id: str,
        patient_id: str,
        contact: ContactPoint,
        *,
        position: int,
        actor: Actor,
    ) -> outcomes.DeskContactOutcome:
        return await self._work.move_contact(
            request_id, patient_id, contact, position=position, actor=actor
        )

    @twin_of(FrontDesk.remove_contact)
    async def remove_contact(
        self, request_id: str, patient_id: str, contact: ContactPoint, *, actor: Actor
    ) -> outcomes.DeskContactOutcome:
        return await self._work.remove_contact(request_id, patient_id, contact, actor=actor)

    @twin_of(FrontDesk.day)
    async def day(self, day: date, *, actor: Actor) -> outcomes.DayList:
        return await self._looks.day(day, actor=actor)

    @twin_of(FrontDesk.find_by_reference)
    async def find_by_reference(
        self, reference: object, *, actor: Actor
    ) -> outcomes.AppointmentList:
        return await self._looks.find_by_reference(reference, actor=actor)

    @twin_of(FrontDesk.appointments_of)
    async def appointments_of(
        self, patient_id: str, *, actor: Actor
    ) -> outcomes.DeskAppointmentsOutcome:
        return await self._looks.appointments_of(patient_id, actor=actor)

    @twin_of(FrontDesk.set_aside)
    async def set_aside(self, *, actor: Actor) -> outcomes.SetAsideList:
        return await self._looks.set_aside(actor=actor)

    @twin_of(FrontDesk.try_again)
    async def try_again(self, identifier: str, *, actor: Actor) -> outcomes.DeskTryAgainOutcome:
        return await self._work.try_again(identifier, actor=actor)

    @twin_of(FrontDesk.explain_service)
    async def explain_service(
        self,
        patient_id: str,
        service_id: str,
        *,
        actor: Actor,
        acting_for: ActingFor = ActingFor.SELF,
    ) -> outcomes.DeskExplainServiceOutcome:
        return await self._looks.explain_service(
            patient_id, service_id, actor=actor, acting_for=acting_for
        )

    @twin_of(FrontDesk.explain_time)
    async def explain_time(
        self,
        service_id: str,
        schedule_id: str,
        start: datetime,
        *,
        actor: Actor,
        patient_id: str | None = None,
        acting_for: ActingFor = ActingFor.SELF,
    ) -> outcomes.DeskExplainTimeOutcome:
        return await self._looks.explain_time(
            service_id,
            schedule_id,
            start,
            actor=actor,
            patient_id=patient_id,
            acting_for=acting_for,
        )
