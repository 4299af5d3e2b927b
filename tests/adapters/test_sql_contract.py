"""What a scope loads, clause by clause.

Each example runs on every engine, plain and awaited, and on memory, which is the reference.
"""

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.memory import MemoryStore
from omnibook.ids import (
    ActivityId,
    AppointmentId,
    ClinicId,
    ClosureId,
    ContactKey,
    EventId,
    HoldId,
    NoticeId,
    OpeningId,
    OrderId,
    PatientId,
    ScheduleId,
    SourceKey,
    VisitId,
)
from omnibook.ports import (
    ReadScope,
    Store,
)
from omnibook.records import (
    SYSTEM,
    Actor,
    AppointmentStatus,
    Busy,
    Cancellation,
    ClaimKind,
    ContactOrder,
    DeskClosure,
    DeskOpening,
    Event,
    EventKind,
    HoldState,
    Notice,
    NoticeKind,
    NoticeRole,
)
from omnibook.testing.samples import (
    CLINIC,
    NOW,
    PERSON,
    SCHEDULE,
    appointment,
    at,
    hold,
    hours,
    visit,
)
from omnibook.transactions import (
    DropDeskClosure,
    DropDeskOpening,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    Scope,
    Snapshot,
    Write,
)
from support import sql_stores
from support.busy import import_busy
from support.sql_stores import KINDS, Places

OTHER = ScheduleId("dr-cote")
DAY = {SCHEDULE: hours(-24, 24), OTHER: hours(-24, 24)}


@pytest.fixture
def clock(places: Places) -> ManualClock:
    places.clock.set(NOW)
    return places.clock


@pytest.fixture(params=["memory", *KINDS])
def store(request: pytest.FixtureRequest, places: Places, clock: ManualClock) -> Store:
    if request.param == "memory":
        return MemoryStore(clock=clock)
    return places.store(request.param)


def keep(store: Store, *writes: Write) -> None:
    sql_stores.keep(store, *writes, scope=Scope(clinic_id=CLINIC, schedules=DAY))


def loaded(store: Store, **keys: Any) -> Snapshot:
    return store.read(ReadScope(Scope(clinic_id=CLINIC, **keys)))[1]


# 1. now ------------------------------------------------------------------------------------------


def test_a_snapshot_says_when_it_was_taken(store: Store, clock: ManualClock) -> None:
    clock.advance(timedelta(microseconds=1))

    assert loaded(store).now == NOW + timedelta(microseconds=1)


# 2. schedules ------------------------------------------------------------------------------------


def test_a_schedule_shows_the_claims_that_overlap_the_span(store: Store) -> None:
    for number, start in enumerate((0, 1, 2, 3, 4)):
        keep(store, PutAppointment(appointment(f"a-{number}", start)))

    reaching = loaded(store, schedules={SCHEDULE: hours(1.5, 3)}).schedules[SCHEDULE]
    touching = loaded(store, schedules={SCHEDULE: hours(2, 3)}).schedules[SCHEDULE]

    assert [claim.owner for claim in reaching.claims] == ["a-1", "a-2"]
    assert [claim.owner for claim in touching.claims] == ["a-2"]
    assert touching.span == hours(2, 3)


def test_a_claim_that_ends_where_the_span_starts_is_not_shown(store: Store) -> None:
    keep(store, PutAppointment(appointment("before", 0)))

    assert loaded(store, schedules={SCHEDULE: hours(1, 3)}).schedules[SCHEDULE].claims == ()


def test_a_long_claim_that_began_before_the_span_is_shown(store: Store) -> None:
    touching = appointment("touching", -1.75, length=0.5)
    keep(store, PutAppointment(evolve(touching, status=AppointmentStatus.NOSHOW)))
    keep(store, PutAppointment(appointment("long", -20, length=30)))

    state = loaded(store, schedules={SCHEDULE: hours(2, 3)}).schedules[SCHEDULE]

    assert [claim.owner for claim in state.claims] == ["long"]


def test_a_lapsed_claim_is_shown_with_the_hold_behind_it(store: Store, clock: ManualClock) -> None:
    keep(store, PutHold(hold("lapsed")))
    clock.advance(timedelta(hours=1))

    snapshot = loaded(store, schedules={SCHEDULE: hours(1, 2)})

    (claim,) = snapshot.schedules[SCHEDULE].claims
    assert (claim.kind, claim.is_live(snapshot.now)) == (ClaimKind.HOLD, False)
    assert snapshot.holds == {HoldId("lapsed"): hold("lapsed")}


def test_other_schedules_are_not_shown(store: Store) -> None:
    keep(store, PutHold(hold("elsewhere", schedule=OTHER)))

    snapshot = loaded(store, schedules={SCHEDULE: hours(0, 24)})

    assert snapshot.schedules[SCHEDULE].claims == ()
    assert snapshot.holds == {}


def test_a_schedule_shows_busy_times_openings_and_closures_that_overlap(store: Store) -> None:
    """R40, R48."""
    inside, touching = hours(1, 2), hours(3, 4)
    opening = DeskOpening(
        clinic_id=CLINIC,
        opening_id=OpeningId("o-1"),
        schedule_id=SCHEDULE,
        span=inside,
        activities=(ActivityId("nurse"), ActivityId("consultation"), ActivityId("nurse")),
        interval=timedelta(minutes=15),
        made_at=NOW,
        made_by=Actor.staff("staff-7"),
    )
    closure = DeskClosure(
        clinic_id=CLINIC,
        closure_id=ClosureId("c-1"),
        schedule_id=SCHEDULE,
        span=inside,
        made_at=NOW,
        made_by=SYSTEM,
    )
    keep(
        store,
        PutDeskOpening(opening),
        PutDeskOpening(evolve(opening, opening_id=OpeningId("o-2"), span=touching)),
        PutDeskClosure(closure),
        PutDeskClosure(evolve(closure, closure_id=ClosureId("c-2"), span=touching)),
    )
    busy = Busy(span=inside, schedule_id=SCHEDULE, busy_id="b-1")
    import_busy(store, CLINIC, [busy, evolve(busy, busy_id="b-2", span=touching)])

    state = loaded(store, schedules={SCHEDULE: hours(0, 3)}).schedules[SCHEDULE]

    assert (state.busy, state.openings, state.closures) == ((busy,), (opening,), (closure,))
    assert loaded(store, opening=OpeningId("o-1")).opening == opening
    assert loaded(store, closure=ClosureId("c-1")).closure == closure

    keep(store, DropDeskOpening(OpeningId("o-1")), DropDeskClosure(ClosureId("c-1")))
    import_busy(store, CLINIC, [], schedules=[SCHEDULE])
    state = loaded(store, schedules={SCHEDULE: hours(0, 3)}).schedules[SCHEDULE]

    assert (state.busy, state.openings, state.closures) == ((), (), ())
    assert loaded(store, opening=OpeningId("o-1")).opening is None


def test_each_schedule_has_a_span_of_its_own(store: Store) -> None:
    for schedule in (SCHEDULE, OTHER):
        closure = DeskClosure(
            clinic_id=CLINIC,
            closure_id=ClosureId(schedule),
            schedule_id=schedule,
            span=hours(1, 2),
            made_at=NOW,
            made_by=SYSTEM,
        )
        keep(store, PutDeskClosure(closure))

    snapshot = loaded(store, schedules={SCHEDULE: hours(0, 1), OTHER: hours(1, 2)})

    assert snapshot.schedules[SCHEDULE].closures == ()
    assert [each.schedule_id for each in snapshot.schedules[OTHER].closures] == [OTHER]


# 3. to 6. visits, holds, appointments ------------------------------------------------------------


def test_a_visit_comes_with_all_its_holds(store: Store) -> None:
    """R38: their records outlive their claims."""
    mine = [
        hold("h-1", 1, state=HoldState.SWAPPED),
        hold("h-2", 2, minutes=-5),
        hold("h-3", 3),
    ]
    keep(store, PutVisit(visit()), *map(PutHold, mine), PutHold(hold("h-4", 4, visit_id="visit-2")))

    snapshot = loaded(store, visit=VisitId("visit-1"))

    assert snapshot.visit == visit()
    assert snapshot.holds == {each.hold_id: each for each in mine}


def test_a_hold_comes_with_the_appointment_booked_from_it(store: Store) -> None:
    booked = hold("same", state=HoldState.BOOKED)
    keep(store, PutHold(booked), PutAppointment(appointment("same")))

    snapshot = loaded(store, hold=HoldId("same"))

    assert snapshot.holds == {HoldId("same"): booked}
    assert snapshot.appointments == {AppointmentId("same"): appointment("same")}


@pytest.mark.parametrize(
    ("asked", "carried"),
    [
        ({"contacts": frozenset({ContactKey("k-1"), ContactKey("k-9")})}, {"keys": ("k-1", "k-2")}),
        ({"source": SourceKey("s-9")}, {"source": "s-9"}),
        ({"patients": frozenset({PatientId("p-9")})}, {"patient": "p-9"}),
    ],
)
def test_a_contact_a_source_and_a_patient_come_with_their_live_holds(
    store: Store, clock: ManualClock, asked: dict[str, Any], carried: dict[str, Any]
) -> None:
    """R34, R36."""
    keep(
        store,
        PutHold(hold("live", 1, **carried)),
        PutHold(hold("lapsing", 2, minutes=4, **carried)),
        PutHold(hold("released", 3, state=HoldState.RELEASED, **carried)),
        PutHold(hold("another's", 4)),
    )
    clock.advance(timedelta(minutes=4))

    assert set(loaded(store, **asked).holds) == {"live"}


@pytest.mark.parametrize(
    ("asked", "carried"),
    [
        ({"contacts": frozenset({ContactKey("k-1"), ContactKey("k-2")})}, {"keys": ("k-1", "k-2")}),
        ({"source": SourceKey("s-9")}, {"source": "s-9"}),
    ],
)
def test_a_contact_and_a_source_come_with_upcoming_provisional_appointments(
    store: Store, clock: ManualClock, asked: dict[str, Any], carried: dict[str, Any]
) -> None:
    """R36: of those without a file, that occupy a time and start after now."""
    cancelled = evolve(
        appointment("cancelled", 4, **carried),
        status=AppointmentStatus.CANCELLED,
        cancellation=Cancellation(at=NOW, by=SYSTEM, reason="ill"),
    )
    upcoming = appointment("upcoming", 3, **carried)
    keep(
        store,
        PutAppointment(appointment("starting", 1, **carried)),
        PutAppointment(appointment("filed", 2, patient="p-1", **carried)),
        PutAppointment(upcoming),
        PutAppointment(cancelled),
        PutAppointment(appointment("another's", 5)),
    )
    clock.set(at(1))

    assert loaded(store, **asked).appointments == {AppointmentId("upcoming"): upcoming}


def test_a_patient_comes_with_all_appointments_of_the_file(store: Store) -> None:
    past = evolve(
        appointment("past", -3, patient="p-1"), status=AppointmentStatus.FULFILLED, revision=2
    )
    gone = evolve(appointment("gone", 2, patient="p-1"), status=AppointmentStatus.NOSHOW)
    keep(store, PutAppointment(past), PutAppointment(gone), PutAppointment(appointment("other", 4)))

    assert set(loaded(store, patients=frozenset({PatientId("p-1")})).appointments) == {
        "past",
        "gone",
    }


# 7. single records -------------------------------------------------------------------------------


def test_a_notice_an_event_and_an_order_come_with_their_appointment(store: Store) -> None:
    about = appointment("about")
    notice = Notice(
        clinic_id=CLINIC,
        notice_id=NoticeId("n-1"),
        appointment_id=about.appointment_id,
        kind=NoticeKind.REMINDER,
        role=NoticeRole.MAIN_CONTACT,
        revision=0,
        offset=timedelta(hours=24),
        not_before=at(-1),
    )
    event = Event(
        clinic_id=CLINIC,
        event_id=EventId("e-1"),
        kind=EventKind.BOOKED,
        appointment_id=about.appointment_id,
        revision=0,
        at=NOW,
        not_before=NOW,
    )
    order = ContactOrder(
        clinic_id=CLINIC,
        order_id=OrderId("o-1"),
        appointment_id=about.appointment_id,
        patient_id=PatientId("p-1"),
        not_before=NOW,
    )
    keep(store, PutAppointment(about), PutNotice(notice), PutEvent(event), PutOrder(order))
    mine = {about.appointment_id: about}

    by_notice = loaded(store, notice=notice.notice_id)
    by_event = loaded(store, event=event.event_id)
    by_order = loaded(store, order=order.order_id)

    assert (by_notice.notice, by_notice.appointments) == (notice, mine)
    assert (by_event.event, by_event.appointments) == (event, mine)
    assert (by_order.order, by_order.appointments) == (order, mine)
    assert loaded(store, appointment=about.appointment_id).appointments == mine
    assert loaded(store, appointment=AppointmentId("unknown")).appointments == {}


def test_an_unknown_record_is_none(store: Store) -> None:
    snapshot = loaded(
        store,
        visit=VisitId("?"),
        hold=HoldId("?"),
        opening=OpeningId("?"),
        closure=ClosureId("?"),
        notice=NoticeId("?"),
        event=EventId("?"),
        order=OrderId("?"),
    )

    assert snapshot == Snapshot(scope=snapshot.scope, now=NOW)


def test_what_is_loaded_for_several_reasons_appears_once(store: Store) -> None:
    mine = hold("h-1", keys=("k-1", "k-2"), source="s-1", patient="p-1")
    keep(store, PutHold(mine))

    snapshot = loaded(
        store,
        schedules={SCHEDULE: hours(0, 9)},
        visit=VisitId("visit-1"),
        hold=HoldId("h-1"),
        contacts=frozenset({ContactKey("k-1"), ContactKey("k-2")}),
        source=SourceKey("s-1"),
        patients=frozenset({PatientId("p-1")}),
    )

    assert snapshot.holds == {HoldId("h-1"): mine}


def test_an_appointment_that_gets_its_file_is_provisional_no_more(store: Store) -> None:
    """R15."""
    keep(store, PutAppointment(appointment("a-1", keys=("k-1",))))
    attached = evolve(appointment("a-1"), provisional=None, patient_id=PatientId("p-1"))
    keep(store, PutAppointment(attached))

    found = loaded(store, appointment=AppointmentId("a-1")).appointments
    assert found == {AppointmentId("a-1"): attached}
    assert loaded(store, contacts=frozenset({ContactKey("k-1")})).appointments == {}

    again = evolve(attached, patient_id=None, provisional=evolve(PERSON, first_name="Anne"))
    keep(store, PutAppointment(again))

    found = loaded(store, appointment=AppointmentId("a-1")).appointments
    assert found == {AppointmentId("a-1"): again}


def test_clinics_do_not_meet(store: Store) -> None:
    keep(store, PutHold(hold("h-1")))
    elsewhere = Scope(clinic_id=ClinicId("clinic-b"), schedules=DAY, hold=HoldId("h-1"))

    snapshot = store.read(ReadScope(elsewhere))[1]

    assert (snapshot.schedules[SCHEDULE].claims, snapshot.holds) == ((), {})
