"""The clinic's side: open and close times, book, cancel, look at a day, explain.

Every action names its actor, the member of staff, and ends in the audit trail; so does every look
at a person's data (R50). Actions that make something carry the caller's ``request_id``: repeated
with the same one, they answer what they answered first (R38).
"""

from datetime import date, datetime, timedelta
from functools import partial
from typing import cast

from attrs import evolve

from omnibook.adapters.clocks import RandomTokens
from omnibook.booking import CANCEL_REASON_LIMIT
from omnibook.booking_form import BookingEntries, BookingForm, free_text
from omnibook.clinic import LANGUAGES, Clinic, Schedule
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.desk import (
    CloseRequest,
    DeskBooking,
    DeskCancellation,
    OpenRequest,
    appointment_of,
    closure_of,
    decide_close,
    decide_desk_book,
    decide_desk_cancel,
    decide_open,
    decide_withdraw_closure,
    decide_withdraw_opening,
    opening_of,
)
from omnibook.desk_looks import day_list, explain_service, explain_time, record_look
from omnibook.errors import InvalidValue
from omnibook.identity import Identity, IdentityForm, Patient
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
    DeskExplainServiceOutcome,
    DeskExplainTimeOutcome,
    DeskOpenOutcome,
    DeskWithdrawOutcome,
    InvalidEntry,
    NotFound,
    Withdrawn,
)
from omnibook.ports import (
    AppointmentsWithin,
    Keys,
    PatientDirectory,
    ReadScope,
    ScheduleSource,
    Store,
    Tokens,
)
from omnibook.problems import Problem, ProblemCode
from omnibook.records import Actor, ActorKind, Slot
from omnibook.times import Span, local_date
from omnibook.transactions import Scope
from omnibook.wiring import Wiring, storable


class FrontDesk:
    """What a clinic's staff do: one method for each action, with the actor who does it.

    Times are aware datetimes. Each method returns one of the outcomes of its union
    (:mod:`omnibook.outcomes`) and raises :class:`omnibook.InvalidValue` for what staff's software
    got wrong, such as a naive time, an empty ``request_id`` or an actor who is no member of staff.
    """

    def __init__(
        self,
        clinic: Clinic,
        *,
        store: Store,
        directory: PatientDirectory,
        keys: Keys,
        schedules: ScheduleSource | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """Serve ``clinic`` by these ports, the same as the portal's."""
        self._clinic = clinic
        self._store = store
        self._tokens = tokens or RandomTokens()
        self._wiring = Wiring(
            clinic=clinic,
            store=store,
            directory=directory,
            keys=keys,
            schedules=schedules,
            tokens=self._tokens,
        )

    # Open and close ------------------------------------------------------------------------------

    def open_time(
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
        """Open time for online booking, on a grid of ``interval`` from ``start`` (R48).

        Returns :class:`Opened`; :class:`RequestReused`; or :class:`NotFound` for an unknown
        schedule. Raises :class:`InvalidValue` for an activity that no service has.
        """
        by, schedule = _staff(actor), self._clinic.schedule(schedule_id)
        identifier = opening_of(self._clinic.clinic_id, _request(request_id))
        if schedule is None:
            return NotFound()
        if isinstance(cast("object", activities), str):
            raise InvalidValue("activities must be a tuple of identifiers, not one text")
        if not activities or interval < timedelta(minutes=1) or interval % timedelta(minutes=1):
            raise InvalidValue("an opening needs an activity and an interval of whole minutes")
        if not self._clinic.activities.issuperset(activities):
            raise InvalidValue("no service has one of these activities: nothing would be offered")
        request = OpenRequest(
            opening_id=identifier,
            schedule_id=schedule.schedule_id,
            span=_whole_minutes(start, end),
            activities=tuple(ActivityId(each) for each in activities),
            interval=interval,
            operation=self._wiring.operation(by),
        )
        scope = self._schedule_scope(schedule, request.span)
        return self._store.transact(
            evolve(scope, opening=identifier), partial(decide_open, request)
        )

    def close_time(
        self, request_id: str, schedule_id: str, start: datetime, end: datetime, *, actor: Actor
    ) -> DeskCloseOutcome:
        """Close time: nothing is offered in it any more (R48).

        Returns :class:`Closed` with the appointments that stand in it; :class:`TimeTaken` when a
        visitor holds some of it; :class:`RequestReused`; :class:`NotFound` for an unknown schedule.
        """
        by, schedule = _staff(actor), self._clinic.schedule(schedule_id)
        identifier = closure_of(self._clinic.clinic_id, _request(request_id))
        if schedule is None:
            return NotFound()
        request = CloseRequest(
            closure_id=identifier,
            schedule_id=schedule.schedule_id,
            span=_whole_minutes(start, end),
            operation=self._wiring.operation(by),
        )
        scope = self._schedule_scope(schedule, request.span)
        outcome = self._store.transact(
            evolve(scope, closure=identifier), partial(decide_close, request)
        )
        if not isinstance(outcome, Closed):
            return outcome
        _, found = self._store.read(
            AppointmentsWithin(
                clinic_id=self._clinic.clinic_id,
                span=outcome.span,
                schedules=frozenset({schedule.schedule_id}),
            )
        )
        standing = tuple(each for each in found if each.status.occupies)
        if standing:
            # A repeated call closes nothing, and shows them again.
            subjects = map(self._wiring.subject_of, standing)
            record_look(self._wiring, by, "read-closed", Closed.code, subjects)
        return evolve(outcome, appointments=standing)

    def withdraw_opening(self, opening_id: str, *, actor: Actor) -> DeskWithdrawOutcome:
        """Take back an opening of the desk; what was booked in it stands.

        Returns :class:`Withdrawn`, also when there is none of this identifier.
        """
        operation = self._wiring.operation(_staff(actor))
        if storable(opening_id) is None:
            return Withdrawn()
        return self._store.transact(
            Scope(clinic_id=self._clinic.clinic_id, opening=OpeningId(opening_id)),
            partial(decide_withdraw_opening, OpeningId(opening_id), operation),
        )

    def withdraw_closure(self, closure_id: str, *, actor: Actor) -> DeskWithdrawOutcome:
        """Take back a closure of the desk.

        Returns :class:`Withdrawn`, also when there is none of this identifier.
        """
        operation = self._wiring.operation(_staff(actor))
        if storable(closure_id) is None:
            return Withdrawn()
        return self._store.transact(
            Scope(clinic_id=self._clinic.clinic_id, closure=ClosureId(closure_id)),
            partial(decide_withdraw_closure, ClosureId(closure_id), operation),
        )

    # Book and cancel -----------------------------------------------------------------------------

    def book(
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
        """Book a time for a patient (R33, R48).

        ``patient`` is the identifier of a file, or a form for a person without one (R15). The slot
        may lie outside openings, notice and eligibility, have any length, and needs not be in the
        future; it never lies over a claim. Contacts left out of ``form`` default to the file's, or
        to the person's; a patient with a file may have none at all. Buffers are whole minutes, none
        negative.

        Returns :class:`Booked`; :class:`TimeTaken`; :class:`RequestReused` when the ``request_id``
        was used for another slot or patient; :class:`NotFound` for an unknown service,
        schedule or file; :class:`InvalidEntry` with every problem of both forms and the language.
        """
        clinic, by = self._clinic, _staff(actor)
        identifier = appointment_of(clinic.clinic_id, _request(request_id))
        service = clinic.service(slot.service_id)
        schedule = clinic.schedule(slot.schedule_id)
        claimed = _claimed(slot, buffer_before, buffer_after)
        who = self._who(patient)
        if service is None or schedule is None or who is None:
            return NotFound()
        entries = self._entries(form, who, language)
        if isinstance(entries, InvalidEntry):
            return entries
        file = who if isinstance(who, Patient) else None
        person = who if isinstance(who, Identity) else None
        subject = None if person is None else self._wiring.person(person)
        if file is not None:
            subject = self._wiring.subject(file.patient_id)
        request = DeskBooking(
            clinic=clinic,
            service=service,
            slot=slot,
            claimed=claimed,
            appointment_id=identifier,
            patient=file,
            provisional=person,
            entries=entries,
            contact_keys=self._wiring.contact_keys(entries.contacts),
            language=language,
            messages=messages,
            reference=self._tokens.reference(),
            operation=self._wiring.operation(by, subject),
        )
        scope = self._schedule_scope(schedule, claimed)
        outcome = self._store.transact(
            evolve(scope, appointment=identifier), partial(decide_desk_book, request)
        )
        if isinstance(outcome, Booked):
            carry_out_quietly(self._wiring, outcome.appointment)
            return evolve(outcome, cancel_link=self._wiring.cancel_link(outcome.appointment))
        return outcome

    def cancel(
        self,
        appointment_id: str,
        *,
        reason: object,
        actor: Actor,
        close_time: bool = False,
        asked_by_patient: bool = False,
    ) -> DeskCancelOutcome:
        """Cancel an appointment; its time is free at once, or closed with ``close_time`` (R46).

        ``asked_by_patient`` when the patient phoned: the record then says that the patient
        cancelled (R47), and the message does not apologise. The audit trail names the actor.

        Returns :class:`Cancelled`, the same one when it is repeated; :class:`NotCancellable` in a
        status that cannot be; :class:`NotFound`; :class:`InvalidEntry` for an unusable reason.
        """
        by = _staff(actor)
        problems: list[Problem] = []
        why = free_text(reason, "reason", CANCEL_REASON_LIMIT, problems)
        if problems:
            return InvalidEntry(tuple(problems))
        if storable(appointment_id) is None:
            return NotFound()
        identifier = AppointmentId(appointment_id)
        scope = Scope(clinic_id=self._clinic.clinic_id, appointment=identifier)
        _, snapshot = self._store.read(ReadScope(scope))
        appointment = snapshot.appointments.get(identifier)
        if appointment is not None:
            scope = scope.widened({appointment.slot.schedule_id: appointment.claimed})
        subject = None if appointment is None else self._wiring.subject_of(appointment)
        request = DeskCancellation(
            clinic=self._clinic,
            appointment_id=identifier,
            reason=why,
            close_time=close_time,
            asked_by_patient=asked_by_patient,
            operation=self._wiring.operation(by, subject),
        )
        return self._store.transact(scope, partial(decide_desk_cancel, request))

    # Look and explain ----------------------------------------------------------------------------

    def day(self, day: date, *, actor: Actor) -> DayList:
        """List the appointments that start on a local date, with what needs a look (R40, R50)."""
        return day_list(self._wiring, day, _staff(actor))

    def explain_service(
        self, patient_id: str, service_id: str, *, actor: Actor
    ) -> DeskExplainServiceOutcome:
        """Say why a patient sees, or does not see, a service today (R19, R21, R22).

        Returns :class:`ServiceExplanation` with the verdict and its reasons, or
        :class:`NotFound` for an unknown file or service.
        """
        by, service = _staff(actor), self._clinic.service(service_id)
        patient = self._file(patient_id)
        if service is None or patient is None:
            return NotFound()
        return explain_service(self._wiring, patient, service, by)

    def explain_time(
        self,
        service_id: str,
        schedule_id: str,
        start: datetime,
        *,
        actor: Actor,
        patient_id: str | None = None,
    ) -> DeskExplainTimeOutcome:
        """Say why a time is, or is not, offered online (R22, R27, R52).

        Without ``patient_id``: to somebody who may see the service. With it: to this patient, whose
        eligibility on the time's own date, upcoming appointments and held time count too.

        Returns :class:`TimeExplanation`, or :class:`NotFound` for an unknown service, schedule or
        file.
        """
        by, service = _staff(actor), self._clinic.service(service_id)
        schedule = self._clinic.schedule(schedule_id)
        patient = None if patient_id is None else self._file(patient_id)
        if service is None or schedule is None or (patient is None and patient_id is not None):
            return NotFound()
        return explain_time(self._wiring, service, schedule, start, by, patient=patient)

    # What the actions share ----------------------------------------------------------------------

    def _who(self, patient: str | IdentityForm) -> Patient | Identity | InvalidEntry | None:
        if not isinstance(patient, IdentityForm):
            known = storable(patient)
            return None if known is None else self._wiring.live_file(PatientId(known))
        clinic = self._clinic
        now, _ = self._store.read(ReadScope(Scope(clinic_id=clinic.clinic_id)))
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
            read = form.parse((), region=self._clinic.region)
            others = read.problems if isinstance(read, InvalidEntry) else ()
            problems += [each for each in others if each.code is not ProblemCode.CONTACT_REQUIRED]
            return InvalidEntry(tuple(problems))
        usual = _usual_contacts(who) if isinstance(who, Patient) else who.contacts
        read = form.parse(
            usual, region=self._clinic.region, contact_required=not isinstance(who, Patient)
        )
        if isinstance(read, InvalidEntry):
            problems += read.problems
        return InvalidEntry(tuple(problems)) if problems else read

    def _schedule_scope(self, schedule: Schedule, span: Span) -> Scope:
        return Scope(clinic_id=self._clinic.clinic_id, schedules={schedule.schedule_id: span})

    def _file(self, patient_id: str) -> Patient | None:
        """The file of this identifier, live or not; the survivor of a merged one."""
        known = storable(patient_id)
        return None if known is None else self._wiring.survivor(PatientId(known))


def _staff(actor: Actor) -> Actor:
    if not isinstance(cast("object", actor), Actor) or actor.kind is not ActorKind.STAFF:
        raise InvalidValue("the front desk is for staff; give Actor.staff(staff_id)")
    return actor


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
