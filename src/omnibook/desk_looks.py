"""What staff look at: the day's list, and why a service or a time is, or is not, offered (R50).

Each look is noted in the audit trail before anything is shown.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import cast

from omnibook.clinic import Schedule, Service
from omnibook.desk import busy_conflicts
from omnibook.eligibility import judge_eligibility, possible_on_some_day
from omnibook.errors import InvalidValue
from omnibook.explaining import AboutPatient, explain_slot, surroundings
from omnibook.holds import has_upcoming
from omnibook.identity import ActingFor, Patient
from omnibook.ids import SubjectKey
from omnibook.known_facts import facts_in
from omnibook.outcomes import DayList, ServiceExplanation, TimeExplanation
from omnibook.ports import AppointmentsWithin, FlagsOf, ReadScope
from omnibook.records import Actor, Slot
from omnibook.times import Span, as_instant, local_date, start_of_day
from omnibook.transactions import Decision, Scope
from omnibook.wiring import Wiring

_FIRST_YEAR, _LAST_YEAR = 2, 9998
"""Of the calendar, beyond which a zone's offset or a service's length may not be added."""


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


async def day_list(wiring: Wiring, day: date, actor: Actor) -> DayList:
    """The appointments that start on a local date, with the flags that they and busy times raise.

    Raises :class:`InvalidValue` for anything but a date of the years 2 to 9998.
    """
    if not isinstance(cast("object", day), date) or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidValue(f"day must be a date of the years {_FIRST_YEAR} to {_LAST_YEAR}")
    clinic = wiring.clinic
    span = Span(start_of_day(day, clinic.zone), start_of_day(day + timedelta(days=1), clinic.zone))
    _, found = await wiring.read(AppointmentsWithin(clinic_id=clinic.clinic_id, span=span))
    starting = tuple(each for each in found if each.slot.start in span)
    await record_look(wiring, actor, "read-day", DayList.code, map(wiring.subject_of, starting))
    identifiers = frozenset(each.appointment_id for each in starting)
    _, flags = await wiring.read(FlagsOf(clinic_id=clinic.clinic_id, appointments=identifiers))
    schedules = {schedule.schedule_id: span for schedule in clinic.schedules}
    scope = Scope(clinic_id=clinic.clinic_id, schedules=schedules)
    _, snapshot = await wiring.read(ReadScope(scope))
    return DayList(appointments=starting, flags=(*flags, *busy_conflicts(snapshot)))


async def explain_service(
    wiring: Wiring, patient: Patient, service: Service, actor: Actor, *, acting_for: ActingFor
) -> ServiceExplanation:
    """Why the patient sees, or does not see, the service today (R19, R21, R22).

    Judged as a visit of whoever books so: who that is is a fact, too (R20).
    """
    clinic = wiring.clinic
    subject = wiring.subject(patient.patient_id)
    await record_look(wiring, actor, "explain-service", ServiceExplanation.code, (subject,))
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
    wiring: Wiring,
    service: Service,
    schedule: Schedule,
    start: datetime,
    actor: Actor,
    *,
    patient: Patient | None,
    acting_for: ActingFor,
) -> TimeExplanation:
    """Why the time is, or is not, offered online, to this patient if one is given (R22, R27, R52).

    Raises :class:`InvalidValue` for a naive time, one off the whole minute, or of a year that is
    not from 2 to 9998.
    """
    if not _FIRST_YEAR <= as_instant(start).year <= _LAST_YEAR:
        raise InvalidValue(f"start must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    clinic = wiring.clinic
    slot = Slot(
        service.service_id, schedule.schedule_id, start, as_instant(start) + service.duration
    )
    subjects = () if patient is None else (wiring.subject(patient.patient_id),)
    await record_look(wiring, actor, "explain-time", TimeExplanation.code, subjects)
    scope = Scope(
        clinic_id=clinic.clinic_id,
        schedules={schedule.schedule_id: surroundings(slot, service, clinic.zone)},
        patients=frozenset() if patient is None else patient.ids,
    )
    now, snapshot = await wiring.read(ReadScope(scope))
    about = None
    if patient is not None:
        about = AboutPatient(
            verdict=judge_eligibility(
                service.eligibility,
                facts_in(snapshot, patient, clinic.zone, acting_for=acting_for),
                booked_on=local_date(now, clinic.zone),
                visit_on=local_date(slot.start, clinic.zone),
            ),
            already_booked=has_upcoming(snapshot, patient, service.service_id, clinic.policies),
            holds=tuple(each for each in snapshot.live_holds() if each.patient_id in patient.ids),
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
