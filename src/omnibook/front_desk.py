"""The clinic's side: open and close times; book, move, mark, cancel; edit contacts; look; explain.

Every action names its actor, the member of staff, and ends in the audit trail; so does every look
at a person's data (R50). Actions that make something carry the caller's ``request_id``: repeated
with the same one, they answer what they answered first (R38). :class:`FrontDesk` waits for its
ports, :class:`omnibook.AsyncFrontDesk` awaits them; both act by :mod:`omnibook.desk_times`,
:mod:`omnibook.desk_work` and :mod:`omnibook.desk_looks`.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from omnibook import outcomes
from omnibook.awaiting import finish
from omnibook.booking_form import BookingForm
from omnibook.clinic import Clinic
from omnibook.contacts import ContactPoint
from omnibook.desk_looks import DeskLooks
from omnibook.desk_times import DeskTimes
from omnibook.desk_work import DeskWork
from omnibook.identity import ActingFor, IdentityForm
from omnibook.ports import Keys, PatientDirectory, ScheduleSource, Store, Tokens
from omnibook.records import Actor, AppointmentStatus, Busy, Slot
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
    ) -> outcomes.DeskOpenOutcome:
        """Open time for online booking, on a grid of ``interval`` from ``start`` (R48).

        Returns :class:`Opened`; :class:`RequestReused`; or :class:`NotFound` for an unknown
        schedule. Raises :class:`InvalidValue` for an activity that no service has, and for an
        interval that is not a whole number of minutes from 1 to 1440.
        """
        return finish(
            self._times.open_time(
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
    ) -> outcomes.DeskCloseOutcome:
        """Close time: nothing is offered in it any more (R48).

        Returns :class:`Closed` with the appointments that stand in it; :class:`TimeTaken` when a
        visitor holds some of it; :class:`RequestReused`; :class:`NotFound` for an unknown schedule.
        """
        return finish(self._times.close_time(request_id, schedule_id, start, end, actor=actor))

    def withdraw_opening(self, opening_id: str, *, actor: Actor) -> outcomes.DeskWithdrawOutcome:
        """Take back an opening of the desk: :class:`Withdrawn`, also when there is none.

        What was booked in it stands.
        """
        return finish(self._times.withdraw_opening(opening_id, actor=actor))

    def withdraw_closure(self, closure_id: str, *, actor: Actor) -> outcomes.DeskWithdrawOutcome:
        """Take back a closure of the desk: :class:`Withdrawn`, also when there is none."""
        return finish(self._times.withdraw_closure(closure_id, actor=actor))

    def import_busy(
        self,
        schedule_id: str,
        start: datetime,
        end: datetime,
        busy: Iterable[Busy],
        *,
        actor: Actor,
    ) -> outcomes.DeskImportOutcome:
        """Replace what the host's system says is taken on a schedule between two instants (R40).

        ``busy`` is all that the host has there now, each under a ``busy_id`` of its own for the
        schedule; it may reach beyond the two, may overlap, and is widened to whole minutes. What
        was imported before and is not among it is free again. Nothing is evicted. The actor is a
        member of staff, or ``Actor.system()`` for a job that runs by itself.

        Returns :class:`BusyImported` with the holds and appointments that lie under busy times; or
        :class:`NotFound` for an unknown schedule. Raises :class:`InvalidValue` for a busy time that
        is another schedule's, lies outside or ends with the calendar, or whose ``busy_id`` is given
        twice.
        """
        return finish(self._times.import_busy(schedule_id, start, end, busy, actor=actor))

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
    ) -> outcomes.DeskBookOutcome:
        """Book a time for a patient (R33, R48).

        ``patient`` is the identifier of a file, or a form for a person without one (R15). The slot
        may lie outside openings, notice and eligibility, have any length, and needs not be in the
        future; it never lies over a claim. Contacts left out of ``form`` default to the file's, or
        to the person's; a patient with a file may have none. Buffers: whole minutes, a day at most.

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
    ) -> outcomes.DeskCancelOutcome:
        """Cancel an appointment; its time is free at once, or closed with ``close_time`` (R46).

        ``asked_by_patient`` when the patient phoned: the record then says that the patient
        cancelled (R47), and the message does not apologise. The audit trail names the actor.

        Returns :class:`Cancelled`, the same one when it is repeated; :class:`NotCancellable` unless
        booked or arrived; :class:`NotFound`; :class:`InvalidEntry` for an unusable reason.
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

    # Move, confirm, mark, attach -----------------------------------------------------------------

    def move(
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
        """Move a booked or arrived appointment; its service is kept (R46–R48).

        It may go where the desk may book. ``revision`` is the appointment's as staff saw it:
        repeated with the same one, the move is done once. Length and buffers that are not given
        stay. Whoever was to come is asked again; whoever had arrived is, for another day.

        Returns :class:`Moved` with the new link, also when it is at that time already;
        :class:`TimeTaken`; :class:`MovedMeanwhile` by somebody else; :class:`NotMovable` in another
        status; :class:`NotFound` for an unknown appointment or schedule.
        """
        return finish(
            self._work.move(
                appointment_id,
                schedule_id,
                start,
                revision=revision,
                actor=actor,
                duration=duration,
                buffers=(buffer_before, buffer_after),
            )
        )

    def confirm_presence(
        self, appointment_id: str, *, actor: Actor
    ) -> outcomes.DeskPresenceOutcome:
        """Note that the patient, who phoned, will come (R43, R44).

        Returns :class:`PresenceConfirmed`, the first one when it is known already;
        :class:`NotConfirmable` once it has begun, or in another status; :class:`NotFound`.
        """
        return finish(self._work.confirm_presence(appointment_id, actor=actor))

    def mark(
        self, appointment_id: str, status: AppointmentStatus, *, actor: Actor
    ) -> outcomes.DeskMarkOutcome:
        """Mark as arrived, fulfilled, no-show or entered in error; ``BOOKED`` takes it back (R40).

        Arrived from the local day of the start on, fulfilled and no-show from the start on
        (:mod:`omnibook.desk_marks`). No-show and entered in error free the time. Nothing is sent.

        Returns :class:`Marked`, also when it is marked so already; :class:`NotMarkable`;
        :class:`TimeTaken` when it had freed its time, which is another's now; :class:`NotFound`.
        """
        return finish(self._work.mark(appointment_id, status, actor=actor))

    def attach(
        self, appointment_id: str, patient_id: str, *, actor: Actor
    ) -> outcomes.DeskAttachOutcome:
        """Give the appointment of a person without a file to the right file, for good (R15).

        Contacts of the booking form that the file lacks are added to it (R41), reminders go to the
        file's main contact (R43), and what was typed about the person is forgotten.

        Returns :class:`Attached`, also when it is that file's already; :class:`AlreadyAttached` to
        another one; :class:`NotFound` for an unknown appointment or file, or one that is not live.
        """
        return finish(self._work.attach(appointment_id, patient_id, actor=actor))

    # Contacts ------------------------------------------------------------------------------------

    def verify_contact(
        self, request_id: str, patient_id: str, contact: ContactPoint, *, actor: Actor
    ) -> outcomes.DeskContactOutcome:
        """Say that a contact of a patient's file is the patient's: it counts from now on (R8, R41).

        ``contact`` is one of the file's, compared by match key. The directory has to be a
        :class:`~omnibook.ports.ContactEditor`.

        Returns :class:`ContactsEdited` with all contacts of the file, as they stand if the call is
        repeated; :class:`NotFound` for an unknown file, or a contact that it has not;
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
    ) -> outcomes.DeskContactOutcome:
        """Give a contact of a patient's file another position; 1 is the main contact's (R43).

        The others keep their order. Reminders go to the current contact at position 1. A
        ``position``, a whole number above 0, beyond the last one is the last.

        Answers as :meth:`verify_contact`: :class:`ContactsEdited`, :class:`NotFound` or
        :class:`NotSupported`.
        """
        return finish(
            self._work.move_contact(request_id, patient_id, contact, position=position, actor=actor)
        )

    def remove_contact(
        self, request_id: str, patient_id: str, contact: ContactPoint, *, actor: Actor
    ) -> outcomes.DeskContactOutcome:
        """Take a contact out of a patient's file: it is not the patient's (R41).

        A later booking with it on the form adds it again, unverified.

        Answers as :meth:`verify_contact`: :class:`ContactsEdited`, :class:`NotFound` or
        :class:`NotSupported`.
        """
        return finish(self._work.remove_contact(request_id, patient_id, contact, actor=actor))

    # Look and explain ----------------------------------------------------------------------------

    def day(self, day: date, *, actor: Actor) -> outcomes.DayList:
        """List the appointments that start on a local date, with what needs a look (R40, R50)."""
        return finish(self._looks.day(day, actor=actor))

    def find_by_reference(self, reference: object, *, actor: Actor) -> outcomes.AppointmentList:
        """Find the appointments with the reference that a patient reads out (R42, R50).

        However it is typed: ``k7tm 42qx`` is ``K7TM-42QX``. The list is empty when there is none.
        """
        return finish(self._looks.find_by_reference(reference, actor=actor))

    def appointments_of(self, patient_id: str, *, actor: Actor) -> outcomes.DeskAppointmentsOutcome:
        """List the appointments of a file, of every status, with their flags (R50).

        Returns :class:`AppointmentList`, or :class:`NotFound` for an unknown file.
        """
        return finish(self._looks.appointments_of(patient_id, actor=actor))

    def set_aside(self, *, actor: Actor) -> outcomes.SetAsideList:
        """List what dispatchers gave up: messages, contacts to add, events for the host (R50)."""
        return finish(self._looks.set_aside(actor=actor))

    def try_again(self, identifier: str, *, actor: Actor) -> outcomes.DeskTryAgainOutcome:
        """Have the notice, order or event of this identifier, which was set aside, tried again.

        Also a notice that reached nobody or never arrived; by an appointment's identifier, all that
        its flags are about. What never arrived goes again under its own ``message_id``, which a
        gateway may take for a repeat of what it has (R46).

        Returns :class:`QueuedAgain`; :class:`NotSetAside`, it waits or is done; :class:`NotFound`.
        """
        return finish(self._work.try_again(identifier, actor=actor))

    def explain_service(
        self,
        patient_id: str,
        service_id: str,
        *,
        actor: Actor,
        acting_for: ActingFor = ActingFor.SELF,
    ) -> outcomes.DeskExplainServiceOutcome:
        """Say why a patient sees, or does not see, a service today (R19, R21, R22).

        ``acting_for`` is what the identity form would say: the patient books, or somebody for the
        patient. A service for dependants, or not for them, is listed for one and not for the other.

        Returns :class:`ServiceExplanation` with the verdict and its reasons, or
        :class:`NotFound` for an unknown file or service.
        """
        return finish(
            self._looks.explain_service(patient_id, service_id, actor=actor, acting_for=acting_for)
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
    ) -> outcomes.DeskExplainTimeOutcome:
        """Say why a time is, or is not, offered online (R22, R27, R52).

        Without ``patient_id``: to somebody who may see the service. With it: to this patient, whose
        eligibility on the time's own date, upcoming appointments and held time count too, as
        ``acting_for`` says who books (:meth:`explain_service`).

        Returns :class:`TimeExplanation`; :class:`NotFound` for an unknown service, schedule, file.
        """
        return finish(
            self._looks.explain_time(
                service_id,
                schedule_id,
                start,
                actor=actor,
                patient_id=patient_id,
                acting_for=acting_for,
            )
        )
