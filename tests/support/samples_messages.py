"""A clinic, an appointment and a notice to write sentences about."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from omnibook.booking_form import BookingEntries
from omnibook.clinic import Clinic, Mode, Policies, Schedule, Service, Terms, Text
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.health_numbers import HealthNumber
from omnibook.identity import Gender, Identity
from omnibook.ids import (
    ActivityId,
    AppointmentId,
    ClinicId,
    NoticeId,
    ScheduleId,
    ServiceId,
)
from omnibook.own_texts import OwnTexts
from omnibook.records import (
    VISITOR,
    Actor,
    Appointment,
    Move,
    Notice,
    NoticeKind,
    NoticeRole,
    Presence,
    Slot,
)

MONTREAL = ZoneInfo("America/Montreal")
CLINIC_ID = ClinicId("des-erables")
SERVICE_ID = ServiceId("follow-up")
SCHEDULE_ID = ScheduleId("dr-roy")
START = datetime(2026, 3, 3, 18, 30, tzinfo=UTC)
PHONE = "514 555-0100"
LINK = "https://clinic.example.org/a/kq3v9"


def spaced(text: str) -> str:
    """With every no-break space made plain."""
    return text.replace("\u00a0", " ")


def a_service(*, mode: Mode = Mode.IN_PERSON, label: Text | None = None) -> Service:
    return Service(
        service_id=SERVICE_ID,
        internal_name="INTERNAL suivi ITSS",
        activities=(ActivityId("follow-up"),),
        name=Text("Suivi d’une infection", "Follow-up of an infection"),
        description=Text("Description", "Description"),
        label=label or Text("Suivi", "Follow-up"),
        duration=timedelta(minutes=20),
        mode=mode,
    )


def a_clinic(
    *,
    name: Text | None = None,
    phone: str = PHONE,
    place: Text | None = None,
    service: Service | None = None,
    cancel_cutoff: timedelta = timedelta(hours=2),
    emptied: bool = False,
    texts: OwnTexts | None = None,
) -> Clinic:
    """A clinic in Montréal; ``emptied`` of every service and schedule."""
    schedule = Schedule(
        schedule_id=SCHEDULE_ID,
        name=Text("Dre Roy", "Dr. Roy"),
        place=place or Text("12, rue des Érables, bureau 3", "12 Des Érables Street, room 3"),
    )
    return Clinic(
        clinic_id=CLINIC_ID,
        name=name or Text("Clinique des Érables", "Maples Clinic"),
        phone=phone,
        zone=MONTREAL,
        terms=Terms(document="terms", version="2026-01"),
        services=() if emptied else (service or a_service(),),
        schedules=() if emptied else (schedule,),
        policies=Policies(cancel_cutoff=cancel_cutoff),
        texts=texts or OwnTexts(),
    )


def a_slot(start: datetime = START) -> Slot:
    return Slot(SERVICE_ID, SCHEDULE_ID, start, start + timedelta(minutes=20))


def an_identity(first_name: str = "Marie", last_name: str = "Tremblay") -> Identity:
    return Identity(
        first_name=first_name,
        last_name=last_name,
        birth_date=date(2004, 12, 19),
        gender=Gender.FEMALE,
        contacts=(ContactPoint(system=ContactSystem.EMAIL, value="marie@example.org"),),
        health_number=HealthNumber("CA-QC", "TREM04621918"),
    )


def an_appointment(
    *,
    slot: Slot | None = None,
    reason: str = "mal de gorge",
    details: str = "depuis trois jours",
    identity: Identity | None = None,
    reference: str = "K7PM-4QD2",
) -> Appointment:
    booked = slot or a_slot()
    return Appointment(
        clinic_id=CLINIC_ID,
        appointment_id=AppointmentId("appointment-1"),
        reference=reference,
        slot=booked,
        activity=ActivityId("follow-up"),
        claimed=booked.span,
        provisional=identity or an_identity(),
        entries=BookingEntries(
            reason=reason,
            details=details,
            contacts=(ContactPoint(system=ContactSystem.PHONE, value="+15145550123"),),
        ),
        language="fr",
        booked_at=datetime(2026, 2, 20, 15, tzinfo=UTC),
        booked_by=Actor.staff("staff-1"),
    )


def the_presence() -> Presence:
    """That a patient will come, as the patient said."""
    return Presence(at=datetime(2026, 2, 21, 15, tzinfo=UTC), by=VISITOR)


def a_move(by: Actor = VISITOR) -> Move:
    """From a Monday at 9:45 in a room nobody else has."""
    start = datetime(2026, 2, 23, 14, 45, tzinfo=UTC)
    old = Slot(SERVICE_ID, ScheduleId("old-room"), start, start + timedelta(minutes=20))
    return Move(at=datetime(2026, 2, 21, 15, tzinfo=UTC), by=by, old_revision=0, old_slot=old)


def a_notice(kind: NoticeKind, appointment_id: str = "appointment-1") -> Notice:
    return Notice(
        clinic_id=CLINIC_ID,
        notice_id=NoticeId("notice-1"),
        appointment_id=AppointmentId(appointment_id),
        kind=kind,
        role=NoticeRole.FORM_EMAIL,
        revision=0,
        not_before=datetime(2026, 2, 20, 15, tzinfo=UTC),
    )
