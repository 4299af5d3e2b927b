"""One outcome of every class, and of every state that reads otherwise."""

from datetime import UTC, datetime, timedelta

import attrs

from omnibook import outcomes
from omnibook.clinic import Mode, Text
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.eligibility import (
    Reason,
    ReasonCode,
    Truth,
    Verdict,
)
from omnibook.ids import (
    AppointmentId,
    ClinicId,
    ClosureId,
    FlagId,
    HoldId,
    OpeningId,
    VisitToken,
)
from omnibook.messages import (
    Outcome,
)
from omnibook.problems import InvalidEntry, Problem, ProblemCode
from omnibook.records import (
    VISITOR,
    AppointmentStatus,
    Cancellation,
    Flag,
    FlagCode,
    NoticeKind,
    Presence,
)
from omnibook.time_rules import (
    AlreadyBookedRule,
    EligibilityRule,
    StartRule,
    TimeRule,
)
from support.samples_messages import (
    MONTREAL,
    a_notice,
    a_slot,
    an_appointment,
)

LANGUAGES = ("fr", "en")
SLOT = a_slot()
CANCELLATION = Cancellation(at=datetime(2026, 2, 21, tzinfo=UTC), by=VISITOR, reason="voyage")
APPOINTMENT = an_appointment()
CANCELLED = attrs.evolve(APPOINTMENT, status=AppointmentStatus.CANCELLED, cancellation=CANCELLATION)
PRESENCE = Presence(at=SLOT.start - timedelta(days=1), by=VISITOR)
OFFER = outcomes.Offer(
    slot=SLOT,
    starts=SLOT.start.astimezone(MONTREAL),
    ends=SLOT.end.astimezone(MONTREAL),
    schedule_name=Text("Dre Roy", "Dr. Roy"),
    practitioner_id=None,
    place=Text("Bureau 3", "Room 3"),
    mode=Mode.IN_PERSON,
)
PAGE = outcomes.Page(offers=(OFFER,), shown=1)
VERDICT = Verdict(
    eligible=False,
    reasons=(
        Reason(code=ReasonCode.FILE_PRESENT, path="include[0][0]", truth=Truth.TRUE),
        Reason(code="own.ward-full", path="exclude[0]", truth=Truth.UNKNOWN),
    ),
)


def an_explained_time(*rules: TimeRule) -> outcomes.TimeExplanation:
    return outcomes.TimeExplanation(
        service_id=SLOT.service_id,
        schedule_id=SLOT.schedule_id,
        start=SLOT.start,
        rules=rules,
    )


ELIGIBLE = EligibilityRule(met=True, verdict=Verdict(eligible=True, reasons=VERDICT.reasons))
NOT_ELIGIBLE = EligibilityRule(met=False, verdict=VERDICT)
STARTED = StartRule(met=False, now=SLOT.end)


def an_explained_service(*, listed: bool) -> outcomes.ServiceExplanation:
    return outcomes.ServiceExplanation(service_id=SLOT.service_id, listed=listed, verdict=VERDICT)


def a_linked_appointment(
    *, cancelled: bool = False, cancellable: bool = True, presence: Presence | None = None
) -> outcomes.LinkedAppointment:
    return outcomes.LinkedAppointment(
        slot=SLOT,
        starts=SLOT.start.astimezone(MONTREAL),
        ends=SLOT.end.astimezone(MONTREAL),
        label=Text("Suivi", "Follow-up"),
        place=Text("Bureau 3", "Room 3"),
        mode=Mode.IN_PERSON,
        cancelled=cancelled,
        cancellable=cancellable,
        service_id=SLOT.service_id,
        presence=presence,
    )


SAMPLES: tuple[Outcome, ...] = (
    outcomes.Welcome(visit=VisitToken("x" * 22), services=()),
    outcomes.NotOnline(),
    outcomes.TooManyAttempts(retry_after=timedelta(seconds=30)),
    outcomes.VisitOver(),
    outcomes.ServiceNotOffered(),
    PAGE,
    outcomes.Page(offers=(), shown=5),
    outcomes.NoAvailability(),
    outcomes.Held(
        hold_id=HoldId("hold-1"),
        slot=SLOT,
        expires_at=SLOT.start,
        remaining=timedelta(minutes=4, seconds=59),
    ),
    outcomes.SlotTaken(),
    outcomes.SlotTaken(fresh=PAGE),
    outcomes.SlotTaken(fresh=outcomes.NoAvailability()),
    outcomes.AlreadyBooked(),
    outcomes.TooManyHolds(),
    outcomes.Released(),
    outcomes.Booked(appointment=APPOINTMENT),
    outcomes.Booked(appointment=CANCELLED),
    outcomes.Cancelled(
        appointment_id=AppointmentId("appointment-1"), slot=SLOT, cancellation=CANCELLATION
    ),
    outcomes.PresenceConfirmed(
        appointment_id=AppointmentId("appointment-1"),
        slot=SLOT,
        presence=PRESENCE,
    ),
    outcomes.Moved(appointment=APPOINTMENT),
    outcomes.Moved(appointment=CANCELLED),
    outcomes.TooLate(cutoff=timedelta(hours=2)),
    outcomes.LinkDead(),
    a_linked_appointment(),
    a_linked_appointment(cancellable=False),
    a_linked_appointment(cancelled=True, cancellable=False),
    a_linked_appointment(presence=PRESENCE),
    InvalidEntry((Problem(ProblemCode.MISSING, "first_name"),)),
    outcomes.TimeTaken(),
    outcomes.NotFound(),
    outcomes.RequestReused(),
    outcomes.Opened(opening_id=OpeningId("opening-1"), span=SLOT.span),
    outcomes.Closed(closure_id=ClosureId("closure-1"), span=SLOT.span, appointments=(APPOINTMENT,)),
    outcomes.Withdrawn(),
    outcomes.BusyImported(schedule_id=SLOT.schedule_id, span=SLOT.span, count=7),
    outcomes.Purged(visits=3, holds=4),
    outcomes.Exported(document={"version": 1, "visits": ["Marie Tremblay"]}),
    outcomes.Erased(visits=1, notices=1),
    outcomes.StillNeeded(appointments=2, holds=1),
    outcomes.NotCancellable(status=AppointmentStatus.FULFILLED),
    outcomes.Marked(appointment=APPOINTMENT),
    outcomes.NotMarkable(status=AppointmentStatus.CANCELLED),
    outcomes.NotMarkable(status=AppointmentStatus.BOOKED, not_before=SLOT.start),
    outcomes.NotConfirmable(status=AppointmentStatus.NOSHOW),
    outcomes.NotMovable(status=AppointmentStatus.FULFILLED),
    outcomes.MovedMeanwhile(appointment=APPOINTMENT),
    outcomes.Attached(appointment=APPOINTMENT),
    outcomes.AlreadyAttached(),
    outcomes.AppointmentList(appointments=(APPOINTMENT, CANCELLED), flags=()),
    outcomes.SetAsideList(notices=(a_notice(NoticeKind.BOOKING),), orders=(), events=()),
    outcomes.QueuedAgain(),
    outcomes.NotSetAside(),
    outcomes.ContactsEdited(
        contacts=(ContactPoint(system=ContactSystem.PHONE, value="+15145550123"),)
    ),
    outcomes.NotSupported(),
    outcomes.DayList(
        appointments=(APPOINTMENT,),
        flags=(
            Flag(
                clinic_id=ClinicId("des-erables"),
                flag_id=FlagId("flag-1"),
                code=FlagCode.BUSY_CONFLICT,
                appointment_id=AppointmentId("appointment-1"),
                raised_at=SLOT.start,
            ),
        ),
    ),
    an_explained_service(listed=True),
    an_explained_service(listed=False),
    an_explained_time(),
    an_explained_time(STARTED),
    an_explained_time(ELIGIBLE),
    an_explained_time(NOT_ELIGIBLE, AlreadyBookedRule(met=False)),
)
