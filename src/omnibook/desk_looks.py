"""What staff look at: appointments, what was set aside, why something is offered (R22, R27, R50).

Each look is noted in the audit trail before anything is shown. What each method answers is told
where the public sees it: at :class:`omnibook.FrontDesk`.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import cast

from attrs import frozen

from omnibook.desk_busy import busy_conflicts
from omnibook.desk_flags import is_settled, notices_by_flag
from omnibook.desk_input import checked_acting, in_calendar, staff
from omnibook.eligibility import judge_eligibility, possible_on_some_day
from omnibook.errors import InvalidValue
from omnibook.explaining import AboutPatient, explain_slot, surroundings
from omnibook.holds import has_upcoming
from omnibook.identity import ActingFor, Patient
from omnibook.ids import FlagId, PatientId, SubjectKey
from omnibook.known_facts import facts_in
from omnibook.outcomes import (
    AppointmentList,
    DayList,
    DeskAppointmentsOutcome,
    DeskExplainServiceOutcome,
    DeskExplainTimeOutcome,
    NotFound,
    ServiceExplanation,
    SetAsideList,
    TimeExplanation,
)
from omnibook.ports import (
    AppointmentsByReference,
    AppointmentsWithin,
    FlagsOf,
    ReadScope,
    ReadSetAside,
)
from omnibook.records import Actor, Appointment, Flag, Slot
from omnibook.times import Span, as_instant, local_date, start_of_day
from omnibook.transactions import Decision, Scope
from omnibook.wiring import Wiring, storable

_LONGEST_REFERENCE = 100


async def record_look(
    wiring: Wiring, actor: Actor, action: str, code: str, subjects: Iterable[SubjectKey] = ()
) -> datetime:
    """Note in the audit trail at whose data staff look; the instant at which they do.

    One event for each subject; one without any when nobody's data are shown.
    """
    looks = [wiring.operation(actor, each) for each in sorted(set(subjects))] or [
        wiring.operation(actor)
    ]
    return await wiring.transact(
        Scope(clinic_id=wiring.clinic.clinic_id),
        lambda snapshot: Decision(
            snapshot.now, tuple(look.audit(snapshot.now, action, code) for look in looks)
        ),
    )


async def file_of(wiring: Wiring, patient_id: object) -> Patient | None:
    """The file of this identifier, live or not; the survivor of a merged one."""
    known = storable(patient_id)
    return None if known is None else await wiring.survivor(PatientId(known))


def spellings(typed: object) -> tuple[str, ...]:
    """Under which references to look for what somebody typed: as it is, and as omnibook writes it.

    omnibook's own are eight capital letters and digits, in two groups; whoever reads one out does
    not care (R42).
    """
    given = storable(typed.strip()) if isinstance(typed, str) else None
    if given is None or len(given) > _LONGEST_REFERENCE:
        return ()
    letters = "".join(filter(str.isalnum, given)).upper()
    return tuple(dict.fromkeys((given, f"{letters[:4]}-{letters[4:]}")))


async def settled_flags(
    wiring: Wiring, flags: Iterable[Flag], appointment: Appointment
) -> set[FlagId]:
    """Those flags of an appointment whose message was sent after all, or delivered (R46, R50)."""
    about = {
        flag.flag_id: flag for flag in flags if flag.appointment_id == appointment.appointment_id
    }
    found = set[FlagId]()
    for flag_id, notice_id in notices_by_flag(about.values(), appointment, wiring.clinic).items():
        scope = Scope(clinic_id=wiring.clinic.clinic_id, notice=notice_id)
        _, snapshot = await wiring.read(ReadScope(scope))
        if is_settled(about[flag_id], snapshot.notice):
            found.add(flag_id)
    return found


@frozen
class DeskLooks:
    """One clinic's records as staff see them, by its ports; no state is kept between looks."""

    wiring: Wiring

    async def day(self, day: date, *, actor: Actor) -> DayList:
        """See :meth:`omnibook.FrontDesk.day`."""
        wiring, by = self.wiring, staff(actor)
        if not isinstance(cast("object", day), date):
            raise InvalidValue("day must be a date")
        in_calendar(day.year, "day")
        clinic = wiring.clinic
        midnight = start_of_day(day, clinic.zone)
        span = Span(midnight, start_of_day(day + timedelta(days=1), clinic.zone))
        _, found = await wiring.read(AppointmentsWithin(clinic_id=clinic.clinic_id, span=span))
        starting = tuple(each for each in found if each.slot.start in span)
        flags = await self._flags("read-day", DayList.code, starting, by)
        schedules = {schedule.schedule_id: span for schedule in clinic.schedules}
        scope = Scope(clinic_id=clinic.clinic_id, schedules=schedules)
        _, snapshot = await wiring.read(ReadScope(scope))
        return DayList(appointments=starting, flags=(*flags, *busy_conflicts(snapshot)))

    async def find_by_reference(self, reference: object, *, actor: Actor) -> AppointmentList:
        """See :meth:`omnibook.FrontDesk.find_by_reference`."""
        by, found = staff(actor), tuple[Appointment, ...]()
        for spelling in spellings(reference):
            query = AppointmentsByReference(
                clinic_id=self.wiring.clinic.clinic_id, reference=spelling
            )
            found = found or (await self.wiring.read(query))[1]
        return await self._listed("find-by-reference", found, by)

    async def appointments_of(self, patient_id: str, *, actor: Actor) -> DeskAppointmentsOutcome:
        """See :meth:`omnibook.FrontDesk.appointments_of`."""
        by, patient = staff(actor), await file_of(self.wiring, patient_id)
        if patient is None:
            return NotFound()
        scope = Scope(clinic_id=self.wiring.clinic.clinic_id, patients=patient.ids)
        _, snapshot = await self.wiring.read(ReadScope(scope))
        found = sorted(
            snapshot.appointments.values(), key=lambda each: (each.slot.rank, each.appointment_id)
        )
        subject = self.wiring.subject(patient.patient_id)
        return await self._listed("read-appointments", found, by, subject)

    async def _listed(
        self, action: str, found: Iterable[Appointment], by: Actor, *subjects: SubjectKey
    ) -> AppointmentList:
        listed = tuple(found)
        flags = await self._flags(action, AppointmentList.code, listed, by, *subjects)
        return AppointmentList(appointments=listed, flags=flags)

    async def _flags(
        self,
        action: str,
        code: str,
        listed: tuple[Appointment, ...],
        by: Actor,
        *subjects: SubjectKey,
    ) -> tuple[Flag, ...]:
        """The flags of appointments that are about to be shown: noted first, then read."""
        about = (*subjects, *map(self.wiring.subject_of, listed))
        await record_look(self.wiring, by, action, code, about)
        known = {each.appointment_id: each for each in listed}
        clinic_id = self.wiring.clinic.clinic_id
        query = FlagsOf(clinic_id=clinic_id, appointments=frozenset(known))
        flags = (await self.wiring.read(query))[1]
        settled = set[FlagId]()
        for appointment in known.values():
            settled |= await settled_flags(self.wiring, flags, appointment)
        return tuple(flag for flag in flags if flag.flag_id not in settled)

    async def set_aside(self, *, actor: Actor) -> SetAsideList:
        """See :meth:`omnibook.FrontDesk.set_aside`."""
        by, wiring = staff(actor), self.wiring
        _, found = await wiring.read(ReadSetAside(clinic_id=wiring.clinic.clinic_id))
        # An order names a file; a notice and an event name an appointment, and nobody.
        subjects = (wiring.subject(each.patient_id) for each in found.orders)
        await record_look(wiring, by, "read-set-aside", SetAsideList.code, subjects)
        return SetAsideList(notices=found.notices, orders=found.orders, events=found.events)

    async def explain_service(
        self, patient_id: str, service_id: str, *, actor: Actor, acting_for: ActingFor
    ) -> DeskExplainServiceOutcome:
        """See :meth:`omnibook.FrontDesk.explain_service`.

        Judged as a visit of whoever books so: who that is is a fact, too (R20).
        """
        checked_acting(acting_for)
        wiring, by, clinic = self.wiring, staff(actor), self.wiring.clinic
        patient, service = await file_of(wiring, patient_id), clinic.service(service_id)
        if service is None or patient is None:
            return NotFound()
        subject = wiring.subject(patient.patient_id)
        await record_look(wiring, by, "explain-service", ServiceExplanation.code, (subject,))
        scope = Scope(clinic_id=clinic.clinic_id, patients=patient.ids)
        now, snapshot = await wiring.read(ReadScope(scope))
        today = local_date(now, clinic.zone)
        verdict = possible_on_some_day(
            service.eligibility,
            facts_in(snapshot, patient, clinic.zone, acting_for=acting_for),
            booked_on=today,
            first=today,
            last=local_date(now + clinic.policies.horizon, clinic.zone),
        )
        return ServiceExplanation(
            service_id=service.service_id, listed=verdict.eligible, verdict=verdict
        )

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
        checked_acting(acting_for)
        wiring, by, clinic = self.wiring, staff(actor), self.wiring.clinic
        service, schedule = clinic.service(service_id), clinic.schedule(schedule_id)
        patient = None if patient_id is None else await file_of(wiring, patient_id)
        if service is None or schedule is None or (patient is None and patient_id is not None):
            return NotFound()
        in_calendar(as_instant(start).year, "start")
        slot = Slot(
            service.service_id, schedule.schedule_id, start, as_instant(start) + service.duration
        )
        subjects = () if patient is None else (wiring.subject(patient.patient_id),)
        await record_look(wiring, by, "explain-time", TimeExplanation.code, subjects)
        scope = Scope(
            clinic_id=clinic.clinic_id,
            schedules={schedule.schedule_id: surroundings(slot, service, clinic.zone)},
            patients=frozenset() if patient is None else patient.ids,
        )
        now, snapshot = await wiring.read(ReadScope(scope))
        about = None
        if patient is not None:
            verdict = judge_eligibility(
                service.eligibility,
                facts_in(snapshot, patient, clinic.zone, acting_for=acting_for),
                booked_on=local_date(now, clinic.zone),
                visit_on=local_date(slot.start, clinic.zone),
            )
            about = AboutPatient(
                verdict=verdict,
                already_booked=has_upcoming(snapshot, patient, service.service_id, clinic.policies),
                holds=tuple(
                    each for each in snapshot.live_holds() if each.patient_id in patient.ids
                ),
            )
        return explain_slot(
            slot,
            service,
            schedule,
            clinic=clinic,
            openings=await wiring.openings_of(schedule.schedule_id),
            state=snapshot.schedules[schedule.schedule_id],
            now=now,
            about=about,
        )
