"""What staff do for patients, for the front desk that waits and for the one that is awaited.

It reads forms, asks the ports, and gives the pure decisions of :mod:`omnibook.desk`,
:mod:`omnibook.desk_moving`, :mod:`omnibook.desk_marks` and :mod:`omnibook.desk_attaching` what they
need. What each action answers, and when, is told where the public sees it: at
:class:`omnibook.FrontDesk`.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import cast

from attrs import evolve, frozen

from omnibook.booking import CANCEL_REASON_LIMIT
from omnibook.booking_form import BookingEntries, BookingForm, free_text
from omnibook.clinic import LANGUAGES
from omnibook.contact_edits import ContactChange, ContactEdit
from omnibook.contacts import ContactPoint
from omnibook.desk import (
    DeskBooking,
    DeskCancellation,
    appointment_of,
    decide_desk_book,
    decide_desk_cancel,
)
from omnibook.desk_attaching import AttachRequest, decide_attach
from omnibook.desk_contacts import edit_contact
from omnibook.desk_input import (
    checked_buffer,
    checked_request,
    claimed_by,
    key_of,
    new_start,
    staff,
    usual_contacts,
)
from omnibook.desk_looks import file_of
from omnibook.desk_marks import MARKS, MarkRequest, decide_mark
from omnibook.desk_moving import DeskMove, DeskPresence, decide_desk_move, decide_desk_presence
from omnibook.desk_retries import try_again
from omnibook.errors import InvalidValue
from omnibook.identity import Identity, IdentityForm, Patient
from omnibook.ids import AppointmentId, PatientId, SubjectKey
from omnibook.orders import carry_out_quietly
from omnibook.outcomes import (
    Attached,
    Booked,
    DeskAttachOutcome,
    DeskBookOutcome,
    DeskCancelOutcome,
    DeskContactOutcome,
    DeskMarkOutcome,
    DeskMoveOutcome,
    DeskPresenceOutcome,
    DeskTryAgainOutcome,
    InvalidEntry,
    Moved,
    NotFound,
)
from omnibook.ports import ReadScope
from omnibook.problems import Problem, ProblemCode
from omnibook.records import Actor, Appointment, AppointmentStatus, Slot
from omnibook.times import is_interval, local_date
from omnibook.transactions import Scope
from omnibook.wiring import Wiring, storable


@frozen
class DeskWork:
    """One clinic's desk, by its ports; no state is kept between actions."""

    wiring: Wiring

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
        clinic, by = self.wiring.clinic, staff(actor)
        identifier = appointment_of(clinic.clinic_id, checked_request(request_id))
        service = clinic.service(slot.service_id)
        schedule = clinic.schedule(slot.schedule_id)
        claimed = claimed_by(slot, buffer_before, buffer_after)
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
        scope = Scope(
            clinic_id=clinic.clinic_id,
            schedules={schedule.schedule_id: claimed},
            appointment=identifier,
        )
        outcome = await self.wiring.transact(scope, partial(decide_desk_book, request))
        if isinstance(outcome, Booked):
            await carry_out_quietly(self.wiring, outcome.appointment)
            return evolve(outcome, link=self.wiring.link_to(outcome.appointment))
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
        by = staff(actor)
        problems: list[Problem] = []
        why = free_text(reason, "reason", CANCEL_REASON_LIMIT, problems)
        if problems:
            return InvalidEntry(tuple(problems))
        about = await self._about(appointment_id)
        if about is None:
            return NotFound()
        request = DeskCancellation(
            clinic=self.wiring.clinic,
            appointment_id=about.appointment_id,
            reason=why,
            close_time=close_time,
            asked_by_patient=asked_by_patient,
            operation=self.wiring.operation(by, about.subject),
        )
        return await self.wiring.transact(about.scope, partial(decide_desk_cancel, request))

    # Move, confirm, mark, attach -----------------------------------------------------------------

    async def move(
        self,
        appointment_id: str,
        schedule_id: str,
        start: datetime,
        *,
        revision: int,
        actor: Actor,
        duration: timedelta | None,
        buffers: tuple[timedelta | None, timedelta | None],
    ) -> DeskMoveOutcome:
        """See :meth:`omnibook.FrontDesk.move`."""
        by, schedule = staff(actor), self.wiring.clinic.schedule(schedule_id)
        if duration is not None and not is_interval(duration):
            raise InvalidValue("an appointment's new length is whole minutes, from 1 to 1440")
        begins = new_start(start)
        before, after = (None if each is None else checked_buffer(each) for each in buffers)
        about = await self._about(appointment_id)
        if about is None or schedule is None:
            return NotFound()
        request = DeskMove(
            clinic=self.wiring.clinic,
            appointment_id=about.appointment_id,
            revision=revision,
            schedule_id=schedule.schedule_id,
            start=begins,
            duration=duration,
            buffer_before=before,
            buffer_after=after,
            operation=self.wiring.operation(by, about.subject),
        )
        outcome = await self.wiring.transact(about.scope, partial(decide_desk_move, request))
        if isinstance(outcome, Moved):
            return evolve(outcome, link=self.wiring.link_to(outcome.appointment))
        return outcome

    async def confirm_presence(self, appointment_id: str, *, actor: Actor) -> DeskPresenceOutcome:
        """See :meth:`omnibook.FrontDesk.confirm_presence`."""
        by, about = staff(actor), await self._about(appointment_id)
        if about is None:
            return NotFound()
        request = DeskPresence(
            appointment_id=about.appointment_id,
            operation=self.wiring.operation(by, about.subject),
        )
        return await self.wiring.transact(about.scope, partial(decide_desk_presence, request))

    async def mark(
        self, appointment_id: str, status: AppointmentStatus, *, actor: Actor
    ) -> DeskMarkOutcome:
        """See :meth:`omnibook.FrontDesk.mark`."""
        by = staff(actor)
        if not isinstance(cast("object", status), AppointmentStatus) or status not in MARKS:
            raise InvalidValue("a mark is an AppointmentStatus, but for CANCELLED: use cancel")
        about = await self._about(appointment_id)
        if about is None:
            return NotFound()
        request = MarkRequest(
            clinic=self.wiring.clinic,
            appointment_id=about.appointment_id,
            status=status,
            operation=self.wiring.operation(by, about.subject),
        )
        return await self.wiring.transact(about.scope, partial(decide_mark, request))

    async def attach(
        self, appointment_id: str, patient_id: str, *, actor: Actor
    ) -> DeskAttachOutcome:
        """See :meth:`omnibook.FrontDesk.attach`."""
        by, wiring = staff(actor), self.wiring
        patient = await file_of(wiring, patient_id)
        about = await self._about(appointment_id)
        if patient is None or not patient.is_live or about is None:
            return NotFound()
        if about.appointment is not None and about.appointment.patient_id is not None:
            # Perhaps of a file that was merged into this one, in a directory that does not tell.
            holder = await wiring.survivor(about.appointment.patient_id)
            if holder is not None and holder.patient_id == patient.patient_id:
                patient = evolve(patient, replaces=patient.replaces | holder.replaces)
        request = AttachRequest(
            appointment_id=about.appointment_id,
            patient=patient,
            person=about.subject,
            operation=wiring.operation(by, wiring.subject(patient.patient_id)),
        )
        outcome = await wiring.transact(about.scope, partial(decide_attach, request))
        if isinstance(outcome, Attached):
            await carry_out_quietly(wiring, outcome.appointment)
        return outcome

    async def try_again(self, identifier: str, *, actor: Actor) -> DeskTryAgainOutcome:
        """See :meth:`omnibook.FrontDesk.try_again`."""
        return await try_again(self.wiring, identifier, staff(actor))

    # Contacts ------------------------------------------------------------------------------------

    async def verify_contact(
        self, request_id: str, patient_id: str, contact: ContactPoint, *, actor: Actor
    ) -> DeskContactOutcome:
        """See :meth:`omnibook.FrontDesk.verify_contact`."""
        edit = ContactEdit(change=ContactChange.VERIFY, match_key=key_of(contact))
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
        edit = ContactEdit(change=ContactChange.MOVE, match_key=key_of(contact), position=position)
        return await self._edit(request_id, patient_id, edit, actor)

    async def remove_contact(
        self, request_id: str, patient_id: str, contact: ContactPoint, *, actor: Actor
    ) -> DeskContactOutcome:
        """See :meth:`omnibook.FrontDesk.remove_contact`."""
        edit = ContactEdit(change=ContactChange.REMOVE, match_key=key_of(contact))
        return await self._edit(request_id, patient_id, edit, actor)

    async def _edit(
        self, request_id: str, patient_id: str, edit: ContactEdit, actor: Actor
    ) -> DeskContactOutcome:
        by, request = staff(actor), checked_request(request_id)
        patient = await file_of(self.wiring, patient_id)
        return await edit_contact(self.wiring, request, patient, edit, by)

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
        usual = usual_contacts(who) if isinstance(who, Patient) else who.contacts
        read = form.parse(
            usual, region=self.wiring.clinic.region, contact_required=not isinstance(who, Patient)
        )
        if isinstance(read, InvalidEntry):
            problems += read.problems
        return InvalidEntry(tuple(problems)) if problems else read

    async def _about(self, appointment_id: object) -> "_About | None":
        """What is known of an appointment; nothing if there can be none of this identifier."""
        known = storable(appointment_id)
        if known is None:
            return None
        identifier = AppointmentId(known)
        scope = Scope(clinic_id=self.wiring.clinic.clinic_id, appointment=identifier)
        _, snapshot = await self.wiring.read(ReadScope(scope))
        appointment = snapshot.appointments.get(identifier)
        if appointment is None:
            return _About(appointment_id=identifier, scope=scope)
        return _About(
            appointment_id=identifier,
            scope=scope.widened({appointment.slot.schedule_id: appointment.claimed}),
            appointment=appointment,
            subject=self.wiring.subject_of(appointment),
        )


@frozen(kw_only=True)
class _About:
    """An appointment before the decision about it: whose it is, and what the decision may need."""

    appointment_id: AppointmentId
    scope: Scope
    appointment: Appointment | None = None
    subject: SubjectKey | None = None
