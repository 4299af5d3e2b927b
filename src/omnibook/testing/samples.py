"""Plain invented records for the laws: one clinic, one schedule, whole hours from :data:`NOW`."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from attrs import evolve, fields_dict

from omnibook.booking_form import BookingEntries
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.identity import Gender, Identity
from omnibook.ids import (
    ActivityId,
    AppointmentId,
    ClinicId,
    ClosureId,
    ContactKey,
    EventId,
    FlagId,
    HoldId,
    NoticeId,
    OpeningId,
    OrderId,
    PatientId,
    ScheduleId,
    ServiceId,
    SourceKey,
    SubjectKey,
    VisitId,
)
from omnibook.ports import ReadScope, Store
from omnibook.records import (
    SYSTEM,
    VISITOR,
    Actor,
    Appointment,
    AppointmentStatus,
    AuditEvent,
    Cancellation,
    ContactOrder,
    DeskClosure,
    DeskOpening,
    Event,
    EventKind,
    Flag,
    FlagCode,
    Hold,
    HoldState,
    Notice,
    NoticeKind,
    NoticeRole,
    Slot,
    TermsAcceptance,
    Visit,
)
from omnibook.times import Span
from omnibook.transactions import (
    Decision,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    RaiseFlag,
    RecordAudit,
    Scope,
    Snapshot,
    Write,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
"""When every law begins."""
CLINIC = ClinicId("clinic-a")
ELSEWHERE = ClinicId("clinic-b")
SCHEDULE = ScheduleId("dr-roy")
OTHER = ScheduleId("dr-chan")
ALL_DAY = {
    schedule: Span(NOW - timedelta(days=400), NOW + timedelta(days=400))
    for schedule in (SCHEDULE, OTHER)
}
EVERYTHING = Scope(clinic_id=CLINIC, schedules=ALL_DAY)

MICRO = timedelta(microseconds=1)
PHONE = ContactPoint(system=ContactSystem.PHONE, value="+15145550123")
EMAIL = ContactPoint(system=ContactSystem.EMAIL, value="marie@example.org", rank=2)
ENTRIES = BookingEntries(reason="a sore throat", details="", contacts=(PHONE, EMAIL))
PERSON = Identity(
    first_name="Marie",
    last_name="Tremblay",
    birth_date=date(2004, 12, 19),
    gender=Gender.FEMALE,
    contacts=(PHONE, EMAIL),
)
TERMS = TermsAcceptance(document="terms", version="2026-01", language="fr", accepted_at=NOW)


def at(hours: float) -> datetime:
    """So many hours after the law began."""
    return NOW + timedelta(hours=hours)


def hours(start: float, end: float) -> Span:
    """From so many hours after the law began to so many."""
    return Span(at(start), at(end))


def slot(start: float, schedule: ScheduleId = SCHEDULE, *, length: float = 1) -> Slot:
    """A slot that begins so many hours after the law did."""
    return Slot(ServiceId("follow-up"), schedule, at(start), at(start + length))


def visit(name: str = "visit-1", **more: Any) -> Visit:
    """A visit of somebody without a file."""
    made = Visit(
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
    return evolve(made, **more)


def hold(
    name: str = "hold-1",
    start: float = 1,
    *,
    schedule: ScheduleId = SCHEDULE,
    length: float = 1,
    minutes: float = 5,
    patient: str | None = None,
    keys: tuple[str, ...] = (),
    **more: Any,
) -> Hold:
    """A hold that lapses so many minutes after the law began."""
    held = slot(start, schedule, length=length)
    made = Hold(
        clinic_id=CLINIC,
        hold_id=HoldId(name),
        visit_id=VisitId("visit-1"),
        patient_id=None if patient is None else PatientId(patient),
        slot=held,
        activity=ActivityId("consultation"),
        claimed=held.span,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=minutes),
        state=HoldState.HELD,
        source=SourceKey("source-1"),
        contact_keys=frozenset(map(ContactKey, keys)),
        entries=ENTRIES,
    )
    return evolve(made, **more)


def appointment(
    name: str = "appointment-1",
    start: float = 1,
    *,
    schedule: ScheduleId = SCHEDULE,
    length: float = 1,
    patient: str | None = None,
    keys: tuple[str, ...] = (),
    **more: Any,
) -> Appointment:
    """An appointment of a file, or of :data:`PERSON` if none is given."""
    booked = slot(start, schedule, length=length)
    made = Appointment(
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
        contact_keys=frozenset(map(ContactKey, keys)),
        booked_at=NOW,
        booked_by=VISITOR,
    )
    return evolve(made, **more)


def cancelled(made: Appointment) -> Appointment:
    """The appointment, cancelled."""
    why = Cancellation(at=NOW, by=SYSTEM, reason="ill")
    return evolve(made, status=AppointmentStatus.CANCELLED, cancellation=why)


def opening(name: str = "opening-1", span: Span | None = None, **more: Any) -> DeskOpening:
    """Time that the desk opened."""
    made = DeskOpening(
        clinic_id=CLINIC,
        opening_id=OpeningId(name),
        schedule_id=SCHEDULE,
        span=span or hours(1, 2),
        activities=(ActivityId("nurse"), ActivityId("consultation"), ActivityId("nurse")),
        interval=timedelta(minutes=15),
        made_at=NOW,
        made_by=Actor.staff("staff-7"),
    )
    return evolve(made, **more)


def closure(name: str = "closure-1", span: Span | None = None, **more: Any) -> DeskClosure:
    """Time that the desk closed."""
    made = DeskClosure(
        clinic_id=CLINIC,
        closure_id=ClosureId(name),
        schedule_id=SCHEDULE,
        span=span or hours(1, 2),
        made_at=NOW,
        made_by=SYSTEM,
    )
    return evolve(made, **more)


def notice(name: str = "notice-1", about: str = "appointment-1", **more: Any) -> Notice:
    """A reminder that is due."""
    made = Notice(
        clinic_id=CLINIC,
        notice_id=NoticeId(name),
        appointment_id=AppointmentId(about),
        kind=NoticeKind.REMINDER,
        role=NoticeRole.MAIN_CONTACT,
        revision=0,
        offset=timedelta(hours=24),
        not_before=NOW,
    )
    return evolve(made, **more)


def event(name: str = "event-1", about: str = "appointment-1", **more: Any) -> Event:
    """An event that is due."""
    made = Event(
        clinic_id=CLINIC,
        event_id=EventId(name),
        kind=EventKind.BOOKED,
        appointment_id=AppointmentId(about),
        revision=0,
        at=NOW,
        not_before=NOW,
    )
    return evolve(made, **more)


def order(name: str = "order-1", about: str = "appointment-1", **more: Any) -> ContactOrder:
    """A contact order that is due."""
    made = ContactOrder(
        clinic_id=CLINIC,
        order_id=OrderId(name),
        appointment_id=AppointmentId(about),
        patient_id=PatientId("file-1"),
        not_before=NOW,
    )
    return evolve(made, **more)


def flag(name: str = "flag-1", about: str = "appointment-1", **more: Any) -> Flag:
    """Something for staff to look at."""
    made = Flag(
        clinic_id=CLINIC,
        flag_id=FlagId(name),
        code=FlagCode.FIRST_CONTACT,
        appointment_id=AppointmentId(about),
        raised_at=NOW,
    )
    return evolve(made, **more)


def audit(name: str = "audit-1", **more: Any) -> AuditEvent:
    """A line of the audit trail."""
    made = AuditEvent(
        clinic_id=CLINIC,
        audit_id=name,
        at=NOW,
        action="booking.book",
        code="booked",
        actor=VISITOR,
        subject=SubjectKey("subject-1"),
    )
    return evolve(made, **more)


def booking(name: str, start: float = 1, **more: Any) -> tuple[Write, ...]:
    """Everything that booking writes at once, under one name (R39)."""
    return (
        PutVisit(visit(name)),
        PutHold(hold(name, start, state=HoldState.BOOKED, visit_id=VisitId(name))),
        PutAppointment(appointment(name, start, **more)),
        PutNotice(notice(name, name)),
        PutEvent(event(name, name)),
        PutOrder(order(name, name)),
        RaiseFlag(flag(name, name)),
        RecordAudit(audit(name)),
        PutDeskOpening(opening(name, hours(start, start + 1))),
        PutDeskClosure(closure(name, hours(start, start + 1))),
    )


def in_clinic(clinic_id: ClinicId, value: Any) -> Any:
    """The same write, query, record or scope, of another clinic."""
    names = fields_dict(type(value))  # pyright: ignore[reportUnknownArgumentType]
    for name in names:
        if name == "clinic_id":
            return evolve(value, clinic_id=clinic_id)
        part = getattr(value, name)
        if hasattr(part, "clinic_id"):
            return evolve(value, **{name: evolve(part, clinic_id=clinic_id)})
    return value


def keep(store: Store, *writes: Write, **keys: Any) -> None:
    """Have the store keep these writes, all in one decision; ``keys`` change its scope."""
    scope = evolve(EVERYTHING, **keys)
    store.transact(scope, lambda _: Decision(None, writes))


def look(store: Store, **keys: Any) -> Snapshot:
    """What the store loads for these keys of a scope of :data:`CLINIC`."""
    whole: dict[str, Any] = {"clinic_id": CLINIC, **keys}
    return store.read(ReadScope(Scope(**whole)))[1]
