"""What staff do, for the front desk that waits and for the one that is awaited.

It reads forms, asks the ports, and gives the pure decisions of :mod:`omnibook.desk` what they need.
What each action answers, and when, is told where the public sees it: at
:class:`omnibook.FrontDesk`.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import cast

from attrs import evolve, frozen

from omnibook.booking import CANCEL_REASON_LIMIT
from omnibook.booking_form import BookingEntries, BookingForm, free_text
from omnibook.clinic import LANGUAGES, Schedule
from omnibook.contact_edits import ContactChange, ContactEdit
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.desk import (
    BusyImport,
    CloseRequest,
    DeskBooking,
    DeskCancellation,
    OpenRequest,
    appointment_of,
    closure_of,
    decide_close,
    decide_desk_book,
    decide_desk_cancel,
    decide_import_busy,
    decide_open,
    decide_withdraw_closure,
    decide_withdraw_opening,
    opening_of,
)
from omnibook.desk_contacts import edit_contact
from omnibook.desk_looks import day_list, explain_service, explain_time, record_look
from omnibook.errors import InvalidValue
from omnibook.identity import ActingFor, Identity, IdentityForm, Patient
from omnibook.ids import (
    ActivityId,
    AppointmentId,
    ClosureId,
    OpeningId,
    PatientId,
)
from omnibook.orders import carry_out_quietly
from omnibook.outcomes import (
    Booked,
    Closed,
    DayList,
    DeskBookOutcome,
    DeskCancelOutcome,
    DeskCloseOutcome,
    DeskContactOutcome,
    DeskExplainServiceOutcome,
    DeskExplainTimeOutcome,
    DeskImportOutcome,
    DeskOpenOutcome,
    DeskWithdrawOutcome,
    InvalidEntry,
    NotFound,
    Withdrawn,
)
from omnibook.ports import AppointmentsWithin, ReadScope
from omnibook.problems import Problem, ProblemCode
from omnibook.records import Actor, ActorKind, Busy, Slot
from omnibook.times import Span, is_interval, local_date
from omnibook.transactions import Scope
from omnibook.wiring import Wiring, storable


@frozen
class DeskWork:
    """One clinic's desk, by its ports; no state is kept between actions."""

    wiring: Wiring

    # Open and close ------------------------------------------------------------------------------

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
        by, schedule = _staff(actor), self.wiring.clinic.schedule(schedule_id)
        identifier = opening_of(self.wiring.clinic.clinic_id, _request(request_id))
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
            span=_whole_minutes(start, end),
            activities=tuple(ActivityId(each) for each in activities),
            interval=interval,
            operation=self.wiring.operation(by),
        )
        scope = self._schedule_scope(schedule, request.span)
        return await self.wiring.transact(
            evolve(scope, opening=identifier), partial(decide_open, request)
        )

    async def close_time(
        self, request_id: str, schedule_id: str, start: datetime, end: datetime, *, actor: Actor
    ) -> DeskCloseOutcome:
        """See :meth:`omnibook.FrontDesk.close_time`."""
        by, schedule = _staff(actor), self.wiring.clinic.schedule(schedule_id)
        identifier = closure_of(self.wiring.clinic.clinic_id, _request(request_id))
        if schedule is None:
            return NotFound()
        request = CloseRequest(
            closure_id=identifier,
            schedule_id=schedule.schedule_id,
            span=_whole_minutes(start, end),
            operation=self.wiring.operation(by),
        )
        scope = self._schedule_scope(schedule, request.span)
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
        operation = self.wiring.operation(_staff(actor))
        if storable(opening_id) is None:
            return Withdrawn()
        return await self.wiring.transact(
            Scope(clinic_id=self.wiring.clinic.clinic_id, opening=OpeningId(opening_id)),
            partial(decide_withdraw_opening, OpeningId(opening_id), operation),
        )

    async def withdraw_closure(self, closure_id: str, *, actor: Actor) -> DeskWithdrawOutcome:
        """See :meth:`omnibook.FrontDesk.withdraw_closure`."""
        operation = self.wiring.operation(_staff(actor))
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
        if not isinstance(cast("object", actor), Actor) or actor.kind is ActorKind.VISITOR:
            raise InvalidValue("an import is made by Actor.staff(staff_id), or by Actor.system()")
        schedule = self.wiring.clinic.schedule(schedule_id)
        if schedule is None:
            return NotFound()
        request = BusyImport.of(
            schedule.schedule_id, Span(start, end), busy, self.wiring.operation(actor)
        )
        scope = self._schedule_scope(schedule, request.span)
        return await self.wiring.transact(scope, partial(decide_import_busy, request))

    # Book and cancel -----------------------------------------------------------------------------

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
    ) -> DeskBookOutcome:
        """See :meth:`omnibook.FrontDesk.book`."""
        clinic, by = self.wiring.clinic, _staff(actor)
        identifier = appointment_of(clinic.clinic_id, _request(request_id))
        service = clinic.service(slot.service_id)
        schedule = clinic.schedule(slot.schedule_id)
        claimed = _claimed(slot, buffer_before, buffer_after)
        who = await self._who(patient)
        if service is None or schedule is None or who is None:
            return NotFound()
        entries = self._entries(form, who, language)
        if isinstance(entries, InvalidEntry):
            return entries
        file = who if isinstance(who, Patient) else None
        person = who if isinstance(who, Identity) else None
        subject = None if person is None else self.wiring.person(person)
        if file is not None:
            subject = self.wiring.subject(file.patient_id)
        request = DeskBooking(
            clinic=clinic,
            service=service,
            slot=slot,
            claimed=claimed,
            appointment_id=identifier,
            patient=file,
            provisional=person,
            entries=entries,
            contact_keys=self.wiring.contact_keys(entries.contacts),
            language=language,
            messages=messages,
            reference=self.wiring.tokens.reference(),
            operation=self.wiring.operation(by, subject),
        )
        scope = self._schedule_scope(schedule, claimed)
        outcome = await self.wiring.transact(
            evolve(scope, appointment=identifier), partial(decide_desk_book, request)
        )
        if isinstance(outcome, Booked):
            await carry_out_quietly(self.wiring, outcome.appointment)
            return evolve(outcome, cancel_link=self.wiring.cancel_link(outcome.appointment))
        return outcome

    async def cancel(
        self,
        appointment_id: str,
        *,
        reason: object,
        actor: Actor,
        close_time: bool = False,
        asked_by_patient: bool = False,
    ) -> DeskCancelOutcome:
        """See :meth:`omnibook.FrontDesk.cancel`."""
        by = _staff(actor)
        problems: list[Problem] = []
        why = free_text(reason, "reason", CANCEL_REASON_LIMIT, problems)
        if problems:
            return InvalidEntry(tuple(problems))
        if storable(appointment_id) is None:
            return NotFound()
        identifier = AppointmentId(appointment_id)
        scope = Scope(clinic_id=self.wiring.clinic.clinic_id, appointment=identifier)
        _, snapshot = await self.wiring.read(ReadScope(scope))
        appointment = snapshot.appointments.get(identifier)
        if appointment is not None:
            scope = scope.widened({appointment.slot.schedule_id: appointment.claimed})
        subject = None if appointment is None else self.wiring.subject_of(appointment)
        request = DeskCancellation(
            clinic=self.wiring.clinic,
            appointment_id=identifier,
            reason=why,
            close_time=close_time,
            asked_by_patient=asked_by_patient,
            operation=self.wiring.operation(by, subject),
        )
        return await self.wiring.transact(scope, partial(decide_desk_cancel, request))

    # Contacts ------------------------------------------------------------------------------------

    async def verify_contact(
        self, request_id: str, patient_id: str, contact: ContactPoint, *, actor: Actor
    ) -> DeskContactOutcome:
        """See :meth:`omnibook.FrontDesk.verify_contact`."""
        edit = ContactEdit(change=ContactChange.VERIFY, match_key=_key_of(contact))
        return await self._edit(request_id, patient_id, edit, actor)

    async def move_contact(
        self,
        request_id: str,
        patient_id: str,
        contact: ContactPoint,
        *,
        position: int,
        actor: Actor,
    ) -> DeskContactOutcome:
        """See :meth:`omnibook.FrontDesk.move_contact`."""
        edit = ContactEdit(change=ContactChange.MOVE, match_key=_key_of(contact), position=position)
        return await self._edit(request_id, patient_id, edit, actor)

    async def remove_contact(
        self, request_id: str, patient_id: str, contact: ContactPoint, *, actor: Actor
    ) -> DeskContactOutcome:
        """See :meth:`omnibook.FrontDesk.remove_contact`."""
        edit = ContactEdit(change=ContactChange.REMOVE, match_key=_key_of(contact))
        return await self._edit(request_id, patient_id, edit, actor)

    async def _edit(
        self, request_id: str, patient_id: str, edit: ContactEdit, actor: Actor
    ) -> DeskContactOutcome:
        by, request = _staff(actor), _request(request_id)
        patient = await self._file(patient_id)
        return await edit_contact(self.wiring, request, patient, edit, by)

    # Look and explain ----------------------------------------------------------------------------

    async def day(self, day: date, *, actor: Actor) -> DayList:
        """See :meth:`omnibook.FrontDesk.day`."""
        return await day_list(self.wiring, day, _staff(actor))

    async def explain_service(
        self, patient_id: str, service_id: str, *, actor: Actor, acting_for: ActingFor
    ) -> DeskExplainServiceOutcome:
        """See :meth:`omnibook.FrontDesk.explain_service`."""
        _check_acting(acting_for)
        by, service = _staff(actor), self.wiring.clinic.service(service_id)
        patient = await self._file(patient_id)
        if service is None or patient is None:
            return NotFound()
        return await explain_service(self.wiring, patient, service, by, acting_for=acting_for)

    async def explain_time(
        self,
        service_id: str,
        schedule_id: str,
        start: datetime,
        *,
        actor: Actor,
        patient_id: str | None,
        acting_for: ActingFor,
    ) -> DeskExplainTimeOutcome:
        """See :meth:`omnibook.FrontDesk.explain_time`."""
        _check_acting(acting_for)
        by, service = _staff(actor), self.wiring.clinic.service(service_id)
        schedule = self.wiring.clinic.schedule(schedule_id)
        patient = None if patient_id is None else await self._file(patient_id)
        if service is None or schedule is None or (patient is None and patient_id is not None):
            return NotFound()
        return await explain_time(
            self.wiring, service, schedule, start, by, patient=patient, acting_for=acting_for
        )

    # What the actions share ----------------------------------------------------------------------

    async def _who(self, patient: str | IdentityForm) -> Patient | Identity | InvalidEntry | None:
        if not isinstance(patient, IdentityForm):
            known = storable(patient)
            return None if known is None else await self.wiring.live_file(PatientId(known))
        clinic = self.wiring.clinic
        now, _ = await self.wiring.read(ReadScope(Scope(clinic_id=clinic.clinic_id)))
        return patient.parse(clinic.entry_rules, today=local_date(now, clinic.zone))

    def _entries(
        self, form: BookingForm, who: Patient | Identity | InvalidEntry, language: object
    ) -> BookingEntries | InvalidEntry:
        """Read the form, or say everything that is wrong with what the desk was given (R11).

        The person's contacts stand in for those that the form leaves out.
        """
        problems = list(who.problems) if isinstance(who, InvalidEntry) else []
        if language not in LANGUAGES:
            problems.append(Problem(ProblemCode.LANGUAGE_UNSUPPORTED, "language"))
        if isinstance(who, InvalidEntry):
            # What would stand in is not known, so that none can be said to be missing.
            read = form.parse((), region=self.wiring.clinic.region)
            others = read.problems if isinstance(read, InvalidEntry) else ()
            problems += [each for each in others if each.code is not ProblemCode.CONTACT_REQUIRED]
            return InvalidEntry(tuple(problems))
        usual = _usual_contacts(who) if isinstance(who, Patient) else who.contacts
        read = form.parse(
            usual, region=self.wiring.clinic.region, contact_required=not isinstance(who, Patient)
        )
        if isinstance(read, InvalidEntry):
            problems += read.problems
        return InvalidEntry(tuple(problems)) if problems else read

    def _schedule_scope(self, schedule: Schedule, span: Span) -> Scope:
        return Scope(clinic_id=self.wiring.clinic.clinic_id, schedules={schedule.schedule_id: span})

    async def _file(self, patient_id: str) -> Patient | None:
        """The file of this identifier, live or not; the survivor of a merged one."""
        known = storable(patient_id)
        return None if known is None else await self.wiring.survivor(PatientId(known))


def _staff(actor: Actor) -> Actor:
    if not isinstance(cast("object", actor), Actor) or actor.kind is not ActorKind.STAFF:
        raise InvalidValue("the front desk is for staff; give Actor.staff(staff_id)")
    return actor


def _check_acting(acting_for: ActingFor) -> None:
    if not isinstance(cast("object", acting_for), ActingFor):
        raise InvalidValue("acting_for must be an ActingFor, such as ActingFor.SELF")


def _key_of(contact: ContactPoint) -> str:
    if not isinstance(cast("object", contact), ContactPoint):
        raise InvalidValue("contact must be a ContactPoint, such as one of the file's")
    return contact.match_key


def _request(request_id: str) -> str:
    if storable(request_id) is None:
        raise InvalidValue("request_id must be a text of the caller's that is not empty")
    return request_id


def _claimed(slot: Slot, before: timedelta, after: timedelta) -> Span:
    """What a booking of the desk claims: its slot and more, on whole minutes (R30)."""
    if any(each < timedelta() or each % timedelta(minutes=1) for each in (before, after)):
        raise InvalidValue("a booking's buffers are whole minutes, none negative")
    return slot.span.widened(before, after)


def _whole_minutes(start: datetime, end: datetime) -> Span:
    span = Span(start, end)
    if any(bound.second or bound.microsecond for bound in (span.start, span.end)):
        raise InvalidValue("the desk opens and closes whole minutes; drop seconds and fractions")
    return span


def _usual_contacts(patient: Patient) -> tuple[ContactPoint, ...]:
    """The file's first current contact of each kind."""
    firsts: dict[ContactSystem, ContactPoint] = {}
    for point in patient.contacts:
        if point.current:
            firsts.setdefault(point.system, point)
    return tuple(firsts.values())
