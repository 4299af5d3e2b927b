"""The clinic's side: open and close times, book, cancel, edit contacts, look at a day, explain.

Every action names its actor, the member of staff, and ends in the audit trail; so does every look
at a person's data (R50). Actions that make something carry the caller's ``request_id``: repeated
with the same one, they answer what they answered first (R38). :class:`FrontDesk` waits for its
ports, :class:`omnibook.AsyncFrontDesk` awaits them; both act by :mod:`omnibook.desk_work`.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from omnibook.awaiting import finish
from omnibook.booking_form import BookingForm
from omnibook.clinic import Clinic
from omnibook.contacts import ContactPoint
from omnibook.desk_work import DeskWork
from omnibook.identity import ActingFor, IdentityForm
from omnibook.outcomes import (
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
)
from omnibook.ports import (
    Keys,
    PatientDirectory,
    ScheduleSource,
    Store,
    Tokens,
)
from omnibook.records import Actor, Busy, Slot
from omnibook.wiring import Wiring


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
        self._work = DeskWork(
            Wiring(
                clinic=clinic,
                store=store,
                directory=directory,
                keys=keys,
                schedules=schedules,
                tokens=tokens,
            )
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
        schedule. Raises :class:`InvalidValue` for an activity that no service has, and for an
        interval that is not a whole number of minutes from 1 to 1440.
        """
        return finish(
            self._work.open_time(
                request_id,
                schedule_id,
                start,
                end,
                activities=activities,
                interval=interval,
                actor=actor,
            )
        )

    def close_time(
        self, request_id: str, schedule_id: str, start: datetime, end: datetime, *, actor: Actor
    ) -> DeskCloseOutcome:
        """Close time: nothing is offered in it any more (R48).

        Returns :class:`Closed` with the appointments that stand in it; :class:`TimeTaken` when a
        visitor holds some of it; :class:`RequestReused`; :class:`NotFound` for an unknown schedule.
        """
        return finish(self._work.close_time(request_id, schedule_id, start, end, actor=actor))

    def withdraw_opening(self, opening_id: str, *, actor: Actor) -> DeskWithdrawOutcome:
        """Take back an opening of the desk; what was booked in it stands.

        Returns :class:`Withdrawn`, also when there is none of this identifier.
        """
        return finish(self._work.withdraw_opening(opening_id, actor=actor))

    def withdraw_closure(self, closure_id: str, *, actor: Actor) -> DeskWithdrawOutcome:
        """Take back a closure of the desk.

        Returns :class:`Withdrawn`, also when there is none of this identifier.
        """
        return finish(self._work.withdraw_closure(closure_id, actor=actor))

    def import_busy(
        self,
        schedule_id: str,
        start: datetime,
        end: datetime,
        busy: Iterable[Busy],
        *,
        actor: Actor,
    ) -> DeskImportOutcome:
        """Replace what the host's system says is taken on a schedule between two instants (R40).

        ``busy`` is all that the host has there now, each under a ``busy_id`` of its own for the
        schedule; it may reach beyond ``start`` and ``end``, may overlap one another, and is widened
        to whole minutes. What was imported before and is not among it is free again. Nothing is
        evicted: a hold or an appointment that lies under a busy time stands, and is listed. The
        actor is a member of staff, or ``Actor.system()`` for a job that runs by itself.

        Returns :class:`BusyImported` with the conflicts, the same one when it is repeated; or
        :class:`NotFound` for an unknown schedule. Raises :class:`InvalidValue` for a busy time that
        is another schedule's or lies outside, for one that ends after 9999-12-31T23:59 UTC, and for
        a ``busy_id`` that is given twice.
        """
        return finish(self._work.import_busy(schedule_id, start, end, busy, actor=actor))

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
        return finish(
            self._work.book(
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
        )

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
        return finish(
            self._work.cancel(
                appointment_id,
                reason=reason,
                actor=actor,
                close_time=close_time,
                asked_by_patient=asked_by_patient,
            )
        )

    # Contacts ------------------------------------------------------------------------------------

    def verify_contact(
        self, request_id: str, patient_id: str, contact: ContactPoint, *, actor: Actor
    ) -> DeskContactOutcome:
        """Say that a contact of a patient's file is the patient's: it counts from now on (R8, R41).

        ``patient_id`` is the file's identifier, ``contact`` one of the file's, compared by match
        key. The directory has to be a :class:`~omnibook.ports.ContactEditor`.

        Returns :class:`ContactsEdited` with all contacts of the file, those that stand when the
        call is repeated; :class:`NotFound` for an unknown file, or a contact that it has not;
        :class:`NotSupported` when the clinic's directory cannot be edited here.
        """
        return finish(self._work.verify_contact(request_id, patient_id, contact, actor=actor))

    def move_contact(
        self,
        request_id: str,
        patient_id: str,
        contact: ContactPoint,
        *,
        position: int,
        actor: Actor,
    ) -> DeskContactOutcome:
        """Give a contact of a patient's file another position; 1 is the main contact's (R43).

        The others keep their order. Reminders go to the current contact at position 1. A
        ``position`` beyond the last one is the last. See :meth:`verify_contact`.

        Returns :class:`ContactsEdited`, :class:`NotFound` or :class:`NotSupported`. Raises
        :class:`InvalidValue` for a position that is no whole number above 0.
        """
        return finish(
            self._work.move_contact(request_id, patient_id, contact, position=position, actor=actor)
        )

    def remove_contact(
        self, request_id: str, patient_id: str, contact: ContactPoint, *, actor: Actor
    ) -> DeskContactOutcome:
        """Take a contact out of a patient's file: it is not the patient's (R41).

        See :meth:`verify_contact`. A later booking with it on the form adds it again, unverified.

        Returns :class:`ContactsEdited`, :class:`NotFound` or :class:`NotSupported`.
        """
        return finish(self._work.remove_contact(request_id, patient_id, contact, actor=actor))

    # Look and explain ----------------------------------------------------------------------------

    def day(self, day: date, *, actor: Actor) -> DayList:
        """List the appointments that start on a local date, with what needs a look (R40, R50)."""
        return finish(self._work.day(day, actor=actor))

    def explain_service(
        self,
        patient_id: str,
        service_id: str,
        *,
        actor: Actor,
        acting_for: ActingFor = ActingFor.SELF,
    ) -> DeskExplainServiceOutcome:
        """Say why a patient sees, or does not see, a service today (R19, R21, R22).

        ``acting_for`` is what the identity form would say: the patient books, or somebody for the
        patient. A service for dependants, or not for them, is listed for one and not for the other.

        Returns :class:`ServiceExplanation` with the verdict and its reasons, or
        :class:`NotFound` for an unknown file or service. Raises :class:`InvalidValue` for another
        type of ``acting_for``.
        """
        return finish(
            self._work.explain_service(patient_id, service_id, actor=actor, acting_for=acting_for)
        )

    def explain_time(
        self,
        service_id: str,
        schedule_id: str,
        start: datetime,
        *,
        actor: Actor,
        patient_id: str | None = None,
        acting_for: ActingFor = ActingFor.SELF,
    ) -> DeskExplainTimeOutcome:
        """Say why a time is, or is not, offered online (R22, R27, R52).

        Without ``patient_id``: to somebody who may see the service. With it: to this patient, whose
        eligibility on the time's own date, upcoming appointments and held time count too, as
        ``acting_for`` says who books (:meth:`explain_service`).

        Returns :class:`TimeExplanation`, or :class:`NotFound` for an unknown service, schedule or
        file.
        """
        return finish(
            self._work.explain_time(
                service_id,
                schedule_id,
                start,
                actor=actor,
                patient_id=patient_id,
                acting_for=acting_for,
            )
        )
