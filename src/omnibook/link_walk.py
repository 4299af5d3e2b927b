"""What a patient does by the link of a message: look, confirm to come, cancel, move (R44, R47).

For the portal that waits and for the one that is awaited. It carries and decides nothing: the
decisions are those of :mod:`omnibook.moving`, and of :mod:`omnibook.booking` for cancelling. What
each step answers, and when, is told where the public sees it: at :class:`omnibook.Portal`.

There is no visit here: the link is all that the patient shows. One that nobody made, or that was
made by another clinic or for something else, is dead before anything is asked of the store.
"""

from datetime import datetime
from functools import partial
from typing import cast

from attrs import evolve, frozen

from omnibook.availability import claimed_span, is_plausible
from omnibook.booking import (
    CANCEL_REASON_LIMIT,
    CancelRequest,
    by_link,
    decide_cancel,
    linked,
)
from omnibook.booking_form import free_text
from omnibook.clinic import Opening
from omnibook.facts import Facts
from omnibook.finding import find_for_move
from omnibook.identity import Patient
from omnibook.ids import PatientId, SubjectKey, VisitId
from omnibook.moving import (
    MoveRequest,
    PresenceRequest,
    decide_move,
    decide_presence,
    facts_without,
    why_not_movable,
)
from omnibook.outcomes import (
    CancelOutcome,
    FindForMoveOutcome,
    InvalidEntry,
    LinkDead,
    Moved,
    MoveOutcome,
    NoAvailability,
    Page,
    PresenceOutcome,
    ShowOutcome,
    SlotTaken,
)
from omnibook.ports import ReadOutlook, ReadScope
from omnibook.preference import Preference
from omnibook.problems import Problem, ProblemCode
from omnibook.records import VISITOR, Appointment, Slot
from omnibook.sealed import Link, read_link
from omnibook.standing import nobodys_file
from omnibook.transactions import Scope, Snapshot
from omnibook.visits import asks_visits
from omnibook.wiring import APPOINTMENT, Wiring
from omnibook.wishes import Leaving


@frozen
class LinkWalk:
    """The steps by link of one clinic's patients, by its ports."""

    wiring: Wiring

    # Look, confirm, cancel -----------------------------------------------------------------------

    async def show(self, link: str) -> ShowOutcome:
        """See :meth:`omnibook.Portal.show`."""
        authentic = self._read(link)
        if authentic is None:
            return LinkDead()
        now, appointment = await self._appointment(authentic)
        return linked(appointment, authentic.revision, self.wiring.clinic, now)

    async def confirm_presence(self, link: str) -> PresenceOutcome:
        """See :meth:`omnibook.Portal.confirm_presence`."""
        authentic = self._read(link)
        if authentic is None:
            return LinkDead()
        _, appointment = await self._appointment(authentic)
        request = PresenceRequest(
            appointment_id=authentic.appointment_id,
            revision=authentic.revision,
            operation=self.wiring.operation(VISITOR, self._subject(appointment)),
        )
        return await self.wiring.transact(
            self._scope(authentic, appointment), partial(decide_presence, request)
        )

    async def cancel(self, link: str, reason: object = "") -> CancelOutcome:
        """See :meth:`omnibook.Portal.cancel`."""
        authentic = self._read(link)
        if authentic is None:
            return LinkDead()
        problems: list[Problem] = []
        why = free_text(reason, "reason", CANCEL_REASON_LIMIT, problems)
        if problems:
            return InvalidEntry(tuple(problems))
        _, appointment = await self._appointment(authentic)
        request = CancelRequest(
            clinic=self.wiring.clinic,
            appointment_id=authentic.appointment_id,
            revision=authentic.revision,
            reason=why,
            operation=self.wiring.operation(VISITOR, self._subject(appointment)),
        )
        return await self.wiring.transact(
            self._scope(authentic, appointment), partial(decide_cancel, request)
        )

    # Move ----------------------------------------------------------------------------------------

    async def find_for_move(
        self, link: str, preference: Preference, *, after: str | None = None
    ) -> FindForMoveOutcome:
        """See :meth:`omnibook.Portal.find_for_move`."""
        clinic = self.wiring.clinic
        authentic = self._read(link)
        if authentic is None:
            return LinkDead()
        scope = Scope(clinic_id=clinic.clinic_id, appointment=authentic.appointment_id)
        now, outlook = await self.wiring.read(ReadOutlook(scope))
        known = outlook.snapshot.appointments.get(authentic.appointment_id)
        appointment = by_link(known, authentic.revision, now)
        if appointment is None:
            return LinkDead()
        refusal = why_not_movable(appointment, clinic, now)
        if refusal is not None:
            return refusal
        patient = await self._patient(appointment)
        return await find_for_move(
            self.wiring,
            Leaving(slot=appointment.slot, claimed=appointment.claimed),
            outlook,
            await self._facts(appointment, patient, outlook.snapshot),
            preference,
            bound_to=f"link {appointment.appointment_id}.{appointment.revision}",
            after=after,
        )

    async def move(
        self, link: str, slot: Slot, *, preference: Preference | None = None
    ) -> MoveOutcome:
        """See :meth:`omnibook.Portal.move`."""
        clinic = self.wiring.clinic
        authentic = self._read(link)
        if authentic is None:
            return LinkDead()
        if not isinstance(cast("object", slot), Slot):
            return InvalidEntry((Problem(ProblemCode.SLOT_MALFORMED, "slot"),))
        now, appointment = await self._appointment(authentic)
        patient = None if appointment is None else await self._patient(appointment)
        patients = frozenset[PatientId]() if patient is None else patient.ids
        scope = evolve(self._scope(authentic, appointment), patients=patients)
        service, schedule = clinic.service(slot.service_id), clinic.schedule(slot.schedule_id)
        openings: tuple[Opening, ...] = ()
        # What is forged may claim a year: it is refused without being looked up.
        if service is not None and schedule is not None:
            openings = await self.wiring.openings_of(schedule.schedule_id)
            if is_plausible(slot, service, now, clinic.policies):
                scope = scope.widened({slot.schedule_id: claimed_span(slot, service)})
        request = MoveRequest(
            clinic=clinic,
            appointment_id=authentic.appointment_id,
            revision=authentic.revision,
            slot=slot,
            openings=openings,
            patient=patient,
            operation=self.wiring.operation(VISITOR, self._subject(appointment)),
        )
        outcome = await self.wiring.transact(scope, partial(decide_move, request))
        if isinstance(outcome, Moved):
            return evolve(outcome, link=self.wiring.link_to(outcome.appointment))
        if isinstance(outcome, SlotTaken):
            found = await self.find_for_move(link, preference or Preference.soonest())
            fresh = found if isinstance(found, Page | NoAvailability) else None
            return evolve(outcome, fresh=fresh)
        return outcome

    # What the steps share ------------------------------------------------------------------------

    def _read(self, link: str) -> Link | None:
        return read_link(self.wiring.keys, APPOINTMENT, self.wiring.clinic.clinic_id, link)

    async def _appointment(self, link: Link) -> tuple[datetime, Appointment | None]:
        now, snapshot = await self.wiring.read(ReadScope(self._scope(link, None)))
        return now, snapshot.appointments.get(link.appointment_id)

    def _scope(self, link: Link, appointment: Appointment | None) -> Scope:
        """The keys of a decision by this link, with the time that the appointment has."""
        scope = Scope(clinic_id=self.wiring.clinic.clinic_id, appointment=link.appointment_id)
        if appointment is None:
            return scope
        return scope.widened({appointment.slot.schedule_id: appointment.claimed})

    def _subject(self, appointment: Appointment | None) -> SubjectKey | None:
        return None if appointment is None else self.wiring.subject_of(appointment)

    async def _patient(self, appointment: Appointment) -> Patient | None:
        """The live file of whose appointment it is."""
        # Of somebody without a file, that of nobody is asked for: no call tells them apart (R10).
        nobody = nobodys_file(VisitId(appointment.appointment_id))
        return await self.wiring.live_file(appointment.patient_id or nobody)

    async def _facts(
        self, appointment: Appointment, patient: Patient | None, snapshot: Snapshot
    ) -> Facts:
        """What is known of the patient, as far as the service's criteria ask (R20, R22)."""
        clinic = self.wiring.clinic
        service = clinic.service(appointment.slot.service_id)
        if service is not None and asks_visits((service,)):
            nobody = frozenset({nobodys_file(VisitId(appointment.appointment_id))})
            scope = Scope(
                clinic_id=clinic.clinic_id, patients=nobody if patient is None else patient.ids
            )
            now = snapshot.now
            _, snapshot = await self.wiring.read(ReadScope(scope))
            # Of the same moment as the rest, as in a visit.
            snapshot = evolve(snapshot, now=now)
        return facts_without(snapshot, patient, appointment, clinic)
