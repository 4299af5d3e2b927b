"""The made-up calendars as omnibook's own values: the clinic, who looks for a time, for what."""

from datetime import date, datetime, time, timedelta
from hashlib import sha256

from availability_workloads import (
    DURATION,
    FIRST_DAY,
    HOLIDAYS,
    NOW,
    STEP,
    ZONE,
    Agenda,
    Answer,
    Query,
    Window,
    Workload,
)

import omnibook as ob
from omnibook.clinic import (
    Clinic,
    Closure,
    Opening,
    Policies,
    Recurrence,
    Schedule,
    Service,
    Terms,
    Text,
)
from omnibook.identity import Identity
from omnibook.ids import (
    ActivityId,
    ClinicId,
    ContactKey,
    PatientId,
    PractitionerId,
    ScheduleId,
    ServiceId,
    SourceKey,
)
from omnibook.records import Slot, TermsAcceptance, Visit
from omnibook.times import from_minute

KEYS = ob.Keyring((b"a secret for a benchmark, 32 bytes",))
CLINIC_ID = ClinicId("clinic")
CARE = ActivityId("care")
TOKEN = ob.VisitToken(sha256(b"availability").hexdigest())
_ONE_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_POINT = ob.ContactPoint(system=ob.ContactSystem.EMAIL, value="marie@example.org")

PATIENT = ob.Patient(
    patient_id=PatientId("p-marie"),
    names=(ob.PersonName("Marie", "Tremblay"),),
    birth_date=date(2004, 12, 19),
    gender=ob.Gender.FEMALE,
    contacts=(_POINT,),
    health_numbers=(ob.HealthNumber("CA-QC", "TREM04621918"),),
    file_number="1001",
)
SERVICE = Service(
    service_id=ServiceId("visit"),
    internal_name="visit",
    activities=(CARE,),
    name=Text("visite", "visit"),
    description=Text("visite", "visit"),
    label=Text("rendez-vous", "appointment"),
    duration=DURATION * _MINUTE,
)


def schedule_id(number: int) -> ScheduleId:
    """In the order of the numbers, too, when sorted as text."""
    return ScheduleId(f"schedule-{number:04}")


def clinic_of(calendar: Workload) -> Clinic:
    return Clinic(
        clinic_id=CLINIC_ID,
        name=Text("Clinique", "Clinic"),
        phone="514 555-0100",
        zone=ZONE,
        terms=Terms(document="terms", version="2026-01"),
        services=(SERVICE,),
        schedules=tuple(_schedule(each) for each in calendar.agendas),
        closures=tuple(_closure(day, day + _ONE_DAY) for day in HOLIDAYS),
        policies=Policies(horizon=timedelta(days=calendar.size.days)),
    )


def _schedule(agenda: Agenda) -> Schedule:
    return Schedule(
        schedule_id=schedule_id(agenda.number),
        name=Text(f"Médecin {agenda.number}", f"Doctor {agenda.number}"),
        practitioner_id=PractitionerId(f"practitioner-{agenda.number:04}"),
        place=Text("salle 1", "room 1"),
        openings=tuple(_opening(each) for each in agenda.plan),
        closures=tuple(_closure(first, back) for first, back in agenda.vacations),
    )


def _opening(window: Window) -> Opening:
    return Opening(
        start=window.start,
        end=window.end,
        ends_next_day=window.ends_next_day,
        recurrence=Recurrence(weekdays=window.weekdays, first=FIRST_DAY),
        activities=frozenset({CARE}),
        interval=STEP * _MINUTE,
    )


def _closure(first: date, back: date) -> Closure:
    return Closure(start=datetime.combine(first, time()), end=datetime.combine(back, time()))


def preference_of(query: Query) -> ob.Preference:
    """The query as a visitor makes it; its pages are told apart by cursors."""
    return ob.Preference(
        time_of_day="afternoon" if query.afternoon else None,
        practitioner=None if query.only is None else f"practitioner-{query.only:04}",
    )


def slots_of(answer: Answer) -> list[Slot]:
    """An answer as the public API returns it."""
    return [
        Slot(
            SERVICE.service_id,
            schedule_id(number),
            from_minute(start),
            from_minute(start + DURATION),
        )
        for start, number in answer
    ]


def visit() -> Visit:
    """The visit of an identified patient, whose activity was recorded just now."""
    return Visit(
        clinic_id=CLINIC_ID,
        visit_id=TOKEN.visit_id,
        started_at=NOW,
        active_at=NOW,
        language="fr",
        terms=TermsAcceptance(document="terms", version="2026-01", language="fr", accepted_at=NOW),
        identity=Identity(
            first_name="Marie",
            last_name="Tremblay",
            birth_date=PATIENT.birth_date or NOW.date(),
            gender=ob.Gender.FEMALE,
            contacts=(_POINT,),
        ),
        patient_id=PATIENT.patient_id,
        source=SourceKey(KEYS.digest("source", "here")),
        contact_keys=frozenset({ContactKey(KEYS.digest("contact", _POINT.match_key))}),
    )
