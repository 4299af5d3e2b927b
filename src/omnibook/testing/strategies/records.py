"""Records that a store keeps, from small pools of keys, so that they meet one another.

Instants lie within a day of :data:`BASE`, to the microsecond where the record allows it, so that
spans overlap, holds have lapsed or not, and boundaries are hit exactly. What a form left behind is
drawn in full (``rich``) where it is what a test is about, and is one of a few examples elsewhere:
drawing it is most of the work.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import combinations
from typing import TypeVar

from attrs import evolve
from hypothesis import strategies as st

from omnibook.audit import tombstone_id
from omnibook.booking_form import BookingEntries
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.health_numbers import HealthNumber
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
from omnibook.records import (
    SYSTEM,
    VISITOR,
    Actor,
    Appointment,
    AppointmentStatus,
    AuditEvent,
    Busy,
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
    Move,
    Notice,
    NoticeKind,
    NoticeRole,
    NoticeState,
    Presence,
    Slot,
    TermsAcceptance,
    Visit,
)
from omnibook.testing.strategies.people import contact_points, identities
from omnibook.times import Span

K = TypeVar("K")

BASE = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
CLINIC = ClinicId("clinic-a")
ALWAYS = Span(BASE - timedelta(days=400), BASE + timedelta(days=400))

SCHEDULES = (ScheduleId("dr-roy"), ScheduleId("room-2"), ScheduleId("dr-roy-2"))
VISITS = tuple(VisitId(f"visit-{n}") for n in range(3))
# An appointment carries the identifier of its hold, or one of its own.
HOLDS = tuple(HoldId(f"hold-{n}") for n in range(4))
APPOINTMENTS = (*(AppointmentId(each) for each in HOLDS[:2]), AppointmentId("desk-1"))
PATIENTS = (PatientId("file-1"), PatientId("file-2"))
CONTACT_KEYS = tuple(ContactKey(f"key-{n}") for n in range(3))
SOURCES = (SourceKey("source-1"), SourceKey("source-2"))
REFERENCES = ("K7TM-42QX", "B2CD-39RS")
OPENINGS = (OpeningId("opening-1"), OpeningId("opening-2"))
CLOSURES = (ClosureId("closure-1"), ClosureId("closure-2"))
NOTICES = tuple(NoticeId(f"notice-{n}") for n in range(3))
EVENTS = tuple(EventId(f"event-{n}") for n in range(3))
ORDERS = tuple(OrderId(f"order-{n}") for n in range(3))
FLAGS = tuple(FlagId(f"flag-{n}") for n in range(3))
# Two of them say that an appointment was forgotten, whose identifier may be used again.
AUDIT_IDS = (
    *(f"audit-{n}" for n in range(3)),
    tombstone_id(APPOINTMENTS[0]),
    tombstone_id(APPOINTMENTS[2]),
)
SUBJECTS = (SubjectKey("subject-1"), SubjectKey("subject-2"))

_SERVICES = (ServiceId("follow-up"), ServiceId("vaccine"))
_ACTIVITIES = (ActivityId("consultation"), ActivityId("nurse"))


def of(pool: tuple[K, ...]) -> st.SearchStrategy[K]:
    """One of a pool."""
    return st.sampled_from(pool)


_QUARTERS = tuple(BASE + timedelta(minutes=15 * n) for n in range(-40, 41))
_MINUTES = (*_QUARTERS, *(BASE + timedelta(minutes=n) for n in range(-600, 600, 37)))
_PARTS = (1, 999_999, 500_000, 123_456, 10)


@cache
def minutes() -> st.SearchStrategy[datetime]:
    """A whole minute, often a quarter of an hour."""
    return st.sampled_from(_MINUTES)


@cache
def instants() -> st.SearchStrategy[datetime]:
    """An instant to the microsecond, often a whole minute."""
    odd = (
        moment + timedelta(microseconds=_PARTS[number % len(_PARTS)])
        for number, moment in enumerate(_MINUTES)
    )
    return st.sampled_from((*_MINUTES, *odd))


@cache
def lengths() -> st.SearchStrategy[timedelta]:
    """Stretches that come up often, and a minute."""
    return st.sampled_from((15, 30, 45, 1, 240)).map(lambda n: timedelta(minutes=n))


def _span(start: datetime, length: timedelta) -> Span:
    return Span(start, start + length)


@cache
def spans() -> st.SearchStrategy[Span]:
    """A span of whole minutes."""
    return st.builds(_span, minutes(), lengths())


@cache
def texts(limit: int = 30) -> st.SearchStrategy[str]:
    """Any text that a form can leave behind, in any script; no half characters."""
    return st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=limit)


@cache
def actors() -> st.SearchStrategy[Actor]:
    """Who may act."""
    return st.sampled_from((VISITOR, SYSTEM, Actor.staff("staff-7")))


_KEY_SETS = tuple(frozenset(each) for size in range(4) for each in combinations(CONTACT_KEYS, size))


@cache
def contact_keys() -> st.SearchStrategy[frozenset[ContactKey]]:
    """None to three keys of the pool."""
    return st.sampled_from(_KEY_SETS)


_SOME_ENTRIES = (
    BookingEntries(reason="a cough", details="", contacts=()),
    BookingEntries(
        reason="",
        details="since Monday",
        contacts=(ContactPoint(system=ContactSystem.PHONE, value="+15145550123"),),
    ),
)
_SOMEBODY = Identity(
    first_name="Zoé",
    last_name="Côté",
    birth_date=date(2004, 12, 19),
    gender=Gender.FEMALE,
    contacts=(ContactPoint(system=ContactSystem.EMAIL, value="autre@example.com"),),
)
_SOME_IDENTITIES = (
    _SOMEBODY,
    evolve(_SOMEBODY, first_name="Marc", health_number=HealthNumber("CA-QC", "TREM04621918")),
)


@cache
def people(*, rich: bool) -> st.SearchStrategy[Identity]:
    """An identity as read; any at all if ``rich``."""
    return identities() if rich else st.sampled_from(_SOME_IDENTITIES)


@cache
def entries(*, rich: bool) -> st.SearchStrategy[BookingEntries]:
    """A booking form as read; any at all if ``rich``."""
    if not rich:
        return st.sampled_from(_SOME_ENTRIES)
    points: st.SearchStrategy[tuple[ContactPoint, ...]] = st.lists(
        contact_points(stored=True), max_size=3
    ).map(tuple)
    return st.builds(BookingEntries, reason=texts(), details=texts(), contacts=points)


@cache
def terms() -> st.SearchStrategy[TermsAcceptance]:
    """Terms that were accepted."""
    return st.builds(
        TermsAcceptance,
        document=st.just("terms"),
        version=st.sampled_from(("2026-01", "2026-02")),
        language=st.sampled_from(("fr", "en")),
        accepted_at=instants(),
    )


def _slot(service: ServiceId, schedule: ScheduleId, start: datetime, length: timedelta) -> Slot:
    return Slot(service, schedule, start, start + length)


@cache
def slots() -> st.SearchStrategy[Slot]:
    """A slot on one of the schedules."""
    return st.builds(
        _slot,
        of(_SERVICES),
        of(SCHEDULES),
        minutes(),
        lengths(),
    )


_BUFFERS = st.sampled_from((0, 0, 5, 10)).map(lambda n: timedelta(minutes=n))


def visits(*, rich: bool = False) -> st.SearchStrategy[Visit]:
    """A visit, identified or not."""
    return st.builds(
        Visit,
        clinic_id=st.just(CLINIC),
        visit_id=of(VISITS),
        started_at=instants(),
        active_at=instants(),
        language=st.sampled_from(("fr", "en")),
        terms=terms(),
        identity=people(rich=rich),
        patient_id=st.none() | of(PATIENTS),
        source=of(SOURCES),
        contact_keys=contact_keys(),
    )


@st.composite
def holds(draw: st.DrawFn, *, rich: bool = False) -> Hold:
    """A hold in any state, lapsed or not."""
    slot = draw(slots())
    return Hold(
        clinic_id=CLINIC,
        hold_id=draw(of(HOLDS)),
        visit_id=draw(of(VISITS)),
        patient_id=draw(st.none() | of(PATIENTS)),
        slot=slot,
        activity=draw(of(_ACTIVITIES)),
        claimed=slot.span.widened(draw(_BUFFERS), draw(_BUFFERS)),
        created_at=draw(instants()),
        expires_at=draw(instants()),
        state=draw(st.sampled_from((HoldState.HELD, HoldState.HELD, *HoldState))),
        source=draw(of(SOURCES)),
        contact_keys=draw(contact_keys()),
        entries=draw(entries(rich=rich)),
    )


@cache
def presences() -> st.SearchStrategy[Presence]:
    """That somebody said the patient will come."""
    return st.builds(Presence, at=instants(), by=actors())


@cache
def moves() -> st.SearchStrategy[Move]:
    """Where an appointment was before."""
    return st.builds(
        Move, at=instants(), by=actors(), old_revision=st.integers(0, 9), old_slot=slots()
    )


@st.composite
def appointments(draw: st.DrawFn, *, rich: bool = False) -> Appointment:
    """An appointment in any status, of a file or provisional."""
    slot = draw(slots())
    status = draw(st.sampled_from(AppointmentStatus))
    patient = draw(st.none() | of(PATIENTS))
    cancellation = None
    if status is AppointmentStatus.CANCELLED:
        why = draw(texts() if rich else of(("", "ill")))
        cancellation = Cancellation(at=draw(instants()), by=draw(actors()), reason=why)
    return Appointment(
        clinic_id=CLINIC,
        appointment_id=draw(of(APPOINTMENTS)),
        reference=draw(of(REFERENCES)),
        slot=slot,
        activity=draw(of(_ACTIVITIES)),
        claimed=slot.span.widened(draw(_BUFFERS), draw(_BUFFERS)),
        status=status,
        revision=draw(st.integers(0, 9)),
        patient_id=patient,
        provisional=draw(people(rich=rich)) if patient is None else None,
        entries=draw(entries(rich=rich)),
        language=draw(st.sampled_from(("fr", "en"))),
        terms=draw(st.none() | terms()),
        source=draw(st.none() | of(SOURCES)),
        contact_keys=draw(contact_keys()),
        messages=draw(st.booleans()),
        booked_at=draw(instants()),
        booked_by=draw(actors()),
        cancellation=cancellation,
        presence=draw(st.none() | presences()),
        last_move=draw(st.none() | moves()),
    )


def busy_times() -> st.SearchStrategy[Busy]:
    """A busy time of the host."""
    ids = st.sampled_from(("busy-1", "busy-2", "busy-3"))
    return st.builds(Busy, span=spans(), schedule_id=of(SCHEDULES), busy_id=ids)


def desk_openings() -> st.SearchStrategy[DeskOpening]:
    """Time that the desk opened."""
    activities: st.SearchStrategy[tuple[ActivityId, ...]] = st.lists(
        of(_ACTIVITIES), max_size=3
    ).map(tuple)
    return st.builds(
        DeskOpening,
        clinic_id=st.just(CLINIC),
        opening_id=of(OPENINGS),
        schedule_id=of(SCHEDULES),
        span=spans(),
        activities=activities,
        interval=(st.integers(1, 60) | st.integers(1, 1440)).map(lambda n: timedelta(minutes=n)),
        made_at=instants(),
        made_by=actors(),
    )


def desk_closures() -> st.SearchStrategy[DeskClosure]:
    """Time that the desk closed."""
    return st.builds(
        DeskClosure,
        clinic_id=st.just(CLINIC),
        closure_id=of(CLOSURES),
        schedule_id=of(SCHEDULES),
        span=spans(),
        made_at=instants(),
        made_by=actors(),
    )


def notices() -> st.SearchStrategy[Notice]:
    """A notice in any state."""
    offsets = st.integers(0, 48 * 60).map(lambda n: timedelta(minutes=n))
    return st.builds(
        Notice,
        clinic_id=st.just(CLINIC),
        notice_id=of(NOTICES),
        appointment_id=of(APPOINTMENTS),
        kind=st.sampled_from(NoticeKind),
        role=st.sampled_from(NoticeRole),
        revision=st.integers(0, 9),
        offset=st.none() | offsets,
        not_before=instants(),
        state=st.sampled_from(NoticeState),
        attempts=st.integers(0, 9),
        outcome=st.sampled_from(("", "reminder.unreachable")),
    )


def events() -> st.SearchStrategy[Event]:
    """An event, told or not, set aside or not."""
    return st.builds(
        Event,
        clinic_id=st.just(CLINIC),
        event_id=of(EVENTS),
        kind=st.sampled_from(EventKind),
        appointment_id=of(APPOINTMENTS),
        revision=st.integers(0, 9),
        at=instants(),
        not_before=instants(),
        attempts=st.integers(0, 9),
        done=st.booleans(),
        failed=st.booleans(),
    )


def contact_orders() -> st.SearchStrategy[ContactOrder]:
    """A contact order, done or not, set aside or not."""
    return st.builds(
        ContactOrder,
        clinic_id=st.just(CLINIC),
        order_id=of(ORDERS),
        appointment_id=of(APPOINTMENTS),
        patient_id=of(PATIENTS),
        not_before=instants(),
        attempts=st.integers(0, 9),
        done=st.booleans(),
        failed=st.booleans(),
    )


def flags() -> st.SearchStrategy[Flag]:
    """A flag."""
    return st.builds(
        Flag,
        clinic_id=st.just(CLINIC),
        flag_id=of(FLAGS),
        code=st.sampled_from(FlagCode),
        appointment_id=of(APPOINTMENTS),
        raised_at=instants(),
    )


def audit_events() -> st.SearchStrategy[AuditEvent]:
    """A line of the audit trail."""
    return st.builds(
        AuditEvent,
        clinic_id=st.just(CLINIC),
        audit_id=of(AUDIT_IDS),
        at=instants(),
        action=st.sampled_from(("booking.book", "identity.identify")),
        code=st.sampled_from(("booked", "slot.taken")),
        actor=actors(),
        subject=st.none() | of(SUBJECTS),
    )
