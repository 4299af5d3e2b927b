"""Plain records for examples: one person, one schedule, whole hours."""

from datetime import UTC, date, datetime, timedelta

from omnibook.booking_form import BookingEntries
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.identity import Gender, Identity
from omnibook.ids import (
    ActivityId,
    AppointmentId,
    ClinicId,
    ContactKey,
    HoldId,
    PatientId,
    ScheduleId,
    ServiceId,
    SourceKey,
    VisitId,
)
from omnibook.records import VISITOR, Appointment, Hold, HoldState, Slot, TermsAcceptance, Visit
from omnibook.times import Span

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
CLINIC = ClinicId("clinic-a")
SCHEDULE = ScheduleId("dr-roy")
ENTRIES = BookingEntries(
    reason="sore throat",
    details="",
    contacts=(
        ContactPoint(system=ContactSystem.PHONE, value="+15145550123"),
        ContactPoint(system=ContactSystem.EMAIL, value="marie@example.org", rank=2),
    ),
)
PERSON = Identity(
    first_name="Marie",
    last_name="Tremblay",
    birth_date=date(2004, 12, 19),
    gender=Gender.FEMALE,
    contacts=ENTRIES.contacts,
)
TERMS = TermsAcceptance(document="terms", version="2026-01", language="fr", accepted_at=NOW)


def at(hours: float) -> datetime:
    """So many hours from now."""
    return NOW + timedelta(hours=hours)


def hours(start: float, end: float) -> Span:
    """From so many hours from now to so many."""
    return Span(at(start), at(end))


def slot(start: float, schedule: ScheduleId = SCHEDULE, *, length: float = 1) -> Slot:
    """A slot of an hour, or so many, on a schedule."""
    return Slot(ServiceId("follow-up"), schedule, at(start), at(start + length))


def visit(name: str = "visit-1") -> Visit:
    return Visit(
        clinic_id=CLINIC,
        visit_id=VisitId(name),
        started_at=NOW,
        active_at=NOW,
        language="fr",
        terms=TERMS,
        identity=PERSON,
        patient_id=None,
        source=SourceKey("source-1"),
        contact_keys=frozenset({ContactKey("key-1")}),
    )


def hold(
    name: str = "hold-1",
    start: float = 1,
    *,
    schedule: ScheduleId = SCHEDULE,
    length: float = 1,
    minutes: float = 5,
    state: HoldState = HoldState.HELD,
    visit_id: str = "visit-1",
    patient: str | None = None,
    source: str = "source-1",
    keys: tuple[str, ...] = (),
) -> Hold:
    """A hold that lapses so many minutes from now."""
    held = slot(start, schedule, length=length)
    return Hold(
        clinic_id=CLINIC,
        hold_id=HoldId(name),
        visit_id=VisitId(visit_id),
        patient_id=None if patient is None else PatientId(patient),
        slot=held,
        activity=ActivityId("consultation"),
        claimed=held.span,
        created_at=NOW,
        expires_at=at(minutes / 60),
        state=state,
        source=SourceKey(source),
        contact_keys=frozenset(map(ContactKey, keys)),
        entries=ENTRIES,
    )


def appointment(
    name: str = "appointment-1",
    start: float = 1,
    *,
    schedule: ScheduleId = SCHEDULE,
    length: float = 1,
    patient: str | None = None,
    source: str | None = None,
    keys: tuple[str, ...] = (),
) -> Appointment:
    """An appointment of a file, or of :data:`PERSON` if it has none."""
    booked = slot(start, schedule, length=length)
    return Appointment(
        clinic_id=CLINIC,
        appointment_id=AppointmentId(name),
        reference="K7TM-42QX",
        slot=booked,
        activity=ActivityId("consultation"),
        claimed=booked.span,
        patient_id=None if patient is None else PatientId(patient),
        provisional=PERSON if patient is None else None,
        entries=ENTRIES,
        language="fr",
        terms=TERMS,
        source=None if source is None else SourceKey(source),
        contact_keys=frozenset(map(ContactKey, keys)),
        booked_at=NOW,
        booked_by=VISITOR,
    )
