"""Every record comes back as it was put, and overwrites the one before it."""

from itertools import count

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibook.ids import ClinicId
from omnibook.ports import AuditTrail, FlagsOf, ReadScope, Store
from omnibook.records import (
    Appointment,
    AuditEvent,
    Busy,
    ContactOrder,
    DeskClosure,
    DeskOpening,
    Event,
    Flag,
    Hold,
    Notice,
    Visit,
)
from omnibook.testing.strategies.records import (
    ALWAYS,
    BASE,
    appointments,
    audit_events,
    busy_times,
    contact_orders,
    desk_closures,
    desk_openings,
    events,
    flags,
    holds,
    notices,
    visits,
)
from omnibook.testing.strategies.writes import EVERYTHING
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
from support.busy import import_busy
from support.sql_stores import KINDS, Places

numbers = count()


# Each kind does the same with its own driver.
few = settings(max_examples=max(settings().max_examples // 4, 5))


@pytest.fixture(scope="module", params=KINDS)
def store(request: pytest.FixtureRequest, places: Places) -> Store:
    places.clock.set(BASE)
    return places.store(request.param)


def fresh() -> ClinicId:
    """A clinic in which nothing is kept yet."""
    return ClinicId(f"clinic-{next(numbers)}")


def keep(store: Store, clinic: ClinicId, *writes: Write) -> None:
    scope = evolve(EVERYTHING, clinic_id=clinic)
    # One after the other: each overwrites the one before.
    for write in writes:
        store.transact(scope, lambda _, write=write: Decision(None, (write,)))  # type: ignore[misc]


def loaded(store: Store, scope: Scope) -> Snapshot:
    return store.read(ReadScope(scope))[1]


@few
@given(visit=visits(rich=True), before=visits())
def test_a_visit(store: Store, visit: Visit, before: Visit) -> None:
    clinic = fresh()
    visit = evolve(visit, clinic_id=clinic)
    before = evolve(before, clinic_id=clinic, visit_id=visit.visit_id)
    keep(store, clinic, PutVisit(before), PutVisit(visit))

    found = loaded(store, Scope(clinic_id=clinic, visit=visit.visit_id)).visit

    assert found == visit
    assert found is not None
    number, kept = visit.identity.health_number, found.identity.health_number
    assert (kept and kept.version) == (number and number.version)


@few
@given(hold=holds(rich=True), before=holds())
def test_a_hold(store: Store, hold: Hold, before: Hold) -> None:
    clinic = fresh()
    hold = evolve(hold, clinic_id=clinic)
    before = evolve(before, clinic_id=clinic, hold_id=hold.hold_id)
    keep(store, clinic, PutHold(before), PutHold(hold))

    snapshot = loaded(store, Scope(clinic_id=clinic, hold=hold.hold_id))

    assert snapshot.holds == {hold.hold_id: hold}


@few
@given(appointment=appointments(rich=True), before=appointments())
def test_an_appointment(store: Store, appointment: Appointment, before: Appointment) -> None:
    clinic = fresh()
    appointment = evolve(appointment, clinic_id=clinic)
    identifier = appointment.appointment_id
    before = evolve(before, clinic_id=clinic, appointment_id=identifier)
    keep(store, clinic, PutAppointment(before), PutAppointment(appointment))

    snapshot = loaded(store, Scope(clinic_id=clinic, appointment=identifier))

    assert snapshot.appointments == {identifier: appointment}


@few
@given(opening=desk_openings(), before=desk_openings(), closure=desk_closures(), busy=busy_times())
def test_what_the_desk_and_the_host_set(
    store: Store, opening: DeskOpening, before: DeskOpening, closure: DeskClosure, busy: Busy
) -> None:
    """R40, R48."""
    clinic = fresh()
    opening = evolve(opening, clinic_id=clinic)
    before = evolve(before, clinic_id=clinic, opening_id=opening.opening_id)
    closure = evolve(closure, clinic_id=clinic)
    keep(store, clinic, *map(PutDeskOpening, (before, opening)), PutDeskClosure(closure))
    import_busy(store, clinic, [busy])

    snapshot = loaded(store, evolve(EVERYTHING, clinic_id=clinic))

    assert snapshot.schedules[opening.schedule_id].openings == (opening,)
    assert snapshot.schedules[closure.schedule_id].closures == (closure,)
    assert snapshot.schedules[busy.schedule_id].busy == (busy,)


@few
@given(pair=st.tuples(notices(), notices()))
def test_a_notice(store: Store, pair: tuple[Notice, Notice]) -> None:
    clinic = fresh()
    notice = evolve(pair[0], clinic_id=clinic)
    before = evolve(pair[1], clinic_id=clinic, notice_id=notice.notice_id)
    keep(store, clinic, PutNotice(before), PutNotice(notice))

    assert loaded(store, Scope(clinic_id=clinic, notice=notice.notice_id)).notice == notice


@few
@given(event=events(), before=events(), order=contact_orders(), earlier=contact_orders())
def test_an_event_and_a_contact_order(
    store: Store, event: Event, before: Event, order: ContactOrder, earlier: ContactOrder
) -> None:
    """R41."""
    clinic = fresh()
    event, order = evolve(event, clinic_id=clinic), evolve(order, clinic_id=clinic)
    before = evolve(before, clinic_id=clinic, event_id=event.event_id)
    earlier = evolve(earlier, clinic_id=clinic, order_id=order.order_id)
    keep(store, clinic, *map(PutEvent, (before, event)), *map(PutOrder, (earlier, order)))

    found = loaded(store, Scope(clinic_id=clinic, event=event.event_id, order=order.order_id))

    assert (found.event, found.order) == (event, order)


@few
@given(flag=flags(), later=flags(), event=audit_events(), again=audit_events())
def test_a_flag_and_an_audit_event_stay_as_they_were(
    store: Store, flag: Flag, later: Flag, event: AuditEvent, again: AuditEvent
) -> None:
    """R50."""
    clinic = fresh()
    flag, event = evolve(flag, clinic_id=clinic), evolve(event, clinic_id=clinic)
    later = evolve(later, clinic_id=clinic, flag_id=flag.flag_id)
    again = evolve(again, clinic_id=clinic, audit_id=event.audit_id)
    keep(store, clinic, *map(RaiseFlag, (flag, later)), *map(RecordAudit, (event, again)))

    about = frozenset({flag.appointment_id, later.appointment_id})
    assert store.read(FlagsOf(clinic_id=clinic, appointments=about))[1] == (flag,)
    assert store.read(AuditTrail(clinic_id=clinic, span=ALWAYS))[1] == (event,)
