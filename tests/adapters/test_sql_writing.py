"""What is written, what queries answer, and how `transact` runs a decision.

Each example runs on every engine, plain and awaited, and on memory, which is the reference.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.memory import MemoryStore
from omnibook.errors import Contention, StoreError
from omnibook.ids import (
    AppointmentId,
    ContactKey,
    EventId,
    FlagId,
    HoldId,
    NoticeId,
    OrderId,
    PatientId,
    ScheduleId,
    SourceKey,
    SubjectKey,
    VisitId,
)
from omnibook.ports import (
    AppointmentsWithin,
    AuditTrail,
    DueEvents,
    DueNotices,
    DueOrders,
    FlagsOf,
    Query,
    ReadScope,
    Store,
)
from omnibook.records import (
    SYSTEM,
    AppointmentStatus,
    AuditEvent,
    Busy,
    Cancellation,
    ClaimKind,
    ContactOrder,
    Event,
    EventKind,
    Flag,
    FlagCode,
    HoldState,
    Notice,
    NoticeKind,
    NoticeRole,
)
from omnibook.testing.samples import (
    CLINIC,
    NOW,
    SCHEDULE,
    appointment,
    at,
    hold,
    hours,
    visit,
)
from omnibook.transactions import (
    Again,
    Decision,
    PutAppointment,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    RaiseFlag,
    RecordAudit,
    ReplaceBusy,
    Scope,
    Snapshot,
    Write,
)
from support import sql_stores
from support.busy import import_busy
from support.sql_stores import KINDS, Places

OTHER = ScheduleId("dr-cote")
EVERYWHERE = Scope(clinic_id=CLINIC, schedules=dict.fromkeys((SCHEDULE, OTHER), hours(-24, 24)))
ELSEWHERE = Scope(clinic_id=CLINIC, schedules={OTHER: hours(-24, 24)})
DAY = EVERYWHERE.schedules


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


# Writes and queries ------------------------------------------------------------------------------


def test_a_flag_and_an_audit_event_are_kept_as_they_were_first(store: Store) -> None:
    """R50."""
    flag = Flag(
        clinic_id=CLINIC,
        flag_id=FlagId("f-1"),
        code=FlagCode.FIRST_CONTACT,
        appointment_id=AppointmentId("a-1"),
        raised_at=NOW,
    )
    event = AuditEvent(
        clinic_id=CLINIC,
        audit_id="x-1",
        at=NOW,
        action="booking.book",
        code="booked",
        actor=SYSTEM,
        subject=SubjectKey("s-1"),
    )
    keep(store, RaiseFlag(flag), RecordAudit(event))
    keep(store, RaiseFlag(evolve(flag, raised_at=at(1))), RecordAudit(evolve(event, code="other")))

    flags = store.read(FlagsOf(clinic_id=CLINIC, appointments=frozenset({"a-1", "a-2"})))
    trail = store.read(AuditTrail(clinic_id=CLINIC, span=hours(0, 1)))

    assert flags == (NOW, (flag,))
    assert trail == (NOW, (event,))
    assert store.read(AuditTrail(clinic_id=CLINIC, span=hours(-1, 0)))[1] == ()


def test_a_day_shows_what_reaches_into_it(store: Store) -> None:
    names = {"before": -2, "into": -1.5, "in": 0, "last": 1, "after": 2}
    for name, start in names.items():
        keep(store, PutAppointment(appointment(name, start, length=0.5)))
    touching = appointment("touching", -1.75, length=0.5)
    keep(store, PutAppointment(evolve(touching, status=AppointmentStatus.NOSHOW)))
    keep(store, PutAppointment(appointment("long", -20, schedule=OTHER, length=20.25)))

    _, found = store.read(AppointmentsWithin(clinic_id=CLINIC, span=hours(-1.25, 2)))
    _, one = store.read(
        AppointmentsWithin(clinic_id=CLINIC, span=hours(-1.25, 2), schedules=frozenset({SCHEDULE}))
    )

    assert [each.appointment_id for each in found] == ["long", "into", "in", "last"]
    assert [each.appointment_id for each in one] == ["into", "in", "last"]


def test_what_is_due_at_this_very_instant_is_due_the_longest_due_first(
    store: Store, clock: ManualClock
) -> None:
    for name, hour in {"n-b": 0, "n-a": 0, "n-c": -1, "n-d": 1}.items():
        notice = Notice(
            clinic_id=CLINIC,
            notice_id=NoticeId(name),
            appointment_id=AppointmentId("a-1"),
            kind=NoticeKind.BOOKING,
            role=NoticeRole.FORM_EMAIL,
            revision=0,
            not_before=at(hour),
        )
        event = Event(
            clinic_id=CLINIC,
            event_id=EventId(name),
            kind=EventKind.BOOKED,
            appointment_id=AppointmentId("a-1"),
            revision=0,
            at=NOW,
            not_before=at(hour),
        )
        order = ContactOrder(
            clinic_id=CLINIC,
            order_id=OrderId(name),
            appointment_id=AppointmentId("a-1"),
            patient_id=PatientId("p-1"),
            not_before=at(hour),
        )
        keep(store, PutNotice(notice), PutEvent(event), PutOrder(order))

    for kind in (DueNotices, DueEvents, DueOrders):
        query: Query[Any] = kind(clinic_id=CLINIC)
        two: Query[Any] = kind(clinic_id=CLINIC, limit=2)

        assert store.read(query) == (NOW, ("n-c", "n-a", "n-b"))
        assert store.read(two)[1] == ("n-c", "n-a")


# What is found by its keys -----------------------------------------------------------------------


def with_key(store: Store, key: str) -> tuple[set[str], set[str]]:
    """The live holds, and the provisional appointments, that a contact comes with."""
    snapshot = loaded(store, contacts=frozenset({ContactKey(key)}))
    return set(snapshot.holds), set(snapshot.appointments)


def test_a_hold_that_is_swapped_or_taken_over_is_found_by_its_keys_no_more(store: Store) -> None:
    """R36, R52."""
    for number, state in enumerate((HoldState.SWAPPED, HoldState.TAKEN_OVER, HoldState.RELEASED)):
        mine = hold(f"h-{number}", number, keys=("k-1",), patient="p-1")
        keep(store, PutHold(mine))
        keep(store, PutHold(hold("next", number + 5, keys=("k-1",), patient="p-1")))
        keep(store, PutHold(evolve(mine, state=state)))

        assert with_key(store, "k-1") == ({"next"}, set())
        assert set(loaded(store, patients=frozenset({PatientId("p-1")})).holds) == {"next"}
        # Live again: found again.
        keep(store, PutHold(mine), PutHold(hold("next", number + 5, state=HoldState.SWAPPED)))
        assert with_key(store, "k-1") == ({mine.hold_id}, set())
        keep(store, PutHold(evolve(mine, state=state)))


def test_a_hold_that_was_never_live_before_is_found_by_its_keys(store: Store) -> None:
    mine = hold("h-1", keys=("k-1",))
    keep(store, PutHold(evolve(mine, state=HoldState.RELEASED)))
    scope = evolve(EVERYWHERE, hold=mine.hold_id)
    store.transact(scope, lambda _: Decision(None, (PutHold(mine),)))

    assert with_key(store, "k-1") == ({"h-1"}, set())


def test_a_hold_s_identifier_that_another_visit_uses_is_the_other_visit_s(store: Store) -> None:
    mine = hold("h-1", keys=("k-1",), source="s-1", patient="p-1")
    theirs = hold("h-1", 3, keys=("k-2",), source="s-2", patient="p-2", visit_id="visit-2")
    # Whether the one before is seen by the decision, or is not.
    for scope in (EVERYWHERE, evolve(EVERYWHERE, hold=mine.hold_id), ELSEWHERE):
        keep(store, PutHold(mine))
        moved = evolve(theirs, slot=evolve(theirs.slot, schedule_id=next(iter(scope.schedules))))
        store.transact(scope, lambda _, moved=moved: Decision(None, (PutHold(moved),)))  # type: ignore[misc]

        assert with_key(store, "k-1")[0] == set()
        assert with_key(store, "k-2")[0] == {"h-1"}
        assert loaded(store, source=SourceKey("s-1")).holds == {}
        assert loaded(store, patients=frozenset({PatientId("p-1")})).holds == {}
        assert loaded(store, visit=VisitId("visit-1")).holds == {}
        assert loaded(store, visit=VisitId("visit-2")).holds == {HoldId("h-1"): moved}
        claims = loaded(store, schedules=DAY).schedules
        assert [c.owner for state in claims.values() for c in state.claims] == ["h-1"]


def test_a_hold_that_is_written_twice_at_once_is_found_by_its_last_keys(store: Store) -> None:
    first, second = hold("h-1", keys=("k-1",)), hold("h-1", keys=("k-2",))
    released = evolve(first, state=HoldState.RELEASED)
    for writes in ((first, second), (first, second, first), (first, released, second)):
        scope = evolve(EVERYWHERE, hold=first.hold_id)
        puts = tuple(map(PutHold, writes))
        store.transact(scope, lambda _, puts=puts: Decision(None, puts))  # type: ignore[misc]
        (last,) = writes[-1].contact_keys
        other = {"k-1": "k-2", "k-2": "k-1"}[last]

        assert (with_key(store, last)[0], with_key(store, other)[0]) == ({"h-1"}, set())


def test_a_provisional_appointment_is_found_by_its_keys_while_it_occupies(
    store: Store, clock: ManualClock
) -> None:
    """R36."""
    mine = appointment("a-1", 3, keys=("k-1",), source="s-1")
    ended = evolve(
        mine,
        status=AppointmentStatus.CANCELLED,
        cancellation=Cancellation(at=NOW, by=SYSTEM, reason=""),
    )
    moved = evolve(appointment("a-1", 5, keys=("k-2",)), revision=1)
    keep(store, PutAppointment(mine))
    assert with_key(store, "k-1")[1] == {"a-1"}

    keep(store, PutAppointment(ended))
    assert with_key(store, "k-1")[1] == set()
    assert loaded(store, source=SourceKey("s-1")).appointments == {}

    keep(store, PutAppointment(mine))
    keep(store, PutAppointment(mine), PutAppointment(moved), PutAppointment(mine))
    assert (with_key(store, "k-1")[1], with_key(store, "k-2")[1]) == ({"a-1"}, set())

    keep(store, PutAppointment(moved))
    clock.set(at(4))
    assert (with_key(store, "k-1")[1], with_key(store, "k-2")[1]) == (set(), {"a-1"})
    keep(store, PutAppointment(mine))
    assert (with_key(store, "k-1")[1], with_key(store, "k-2")[1]) == (set(), set())


def test_a_hold_and_an_appointment_of_one_identifier_are_both_found(store: Store) -> None:
    both = ("k-1",)
    keep(store, PutHold(hold("h-1", keys=both)), PutHold(hold("h-2", 4, keys=both)))
    keep(
        store,
        PutHold(hold("h-1", state=HoldState.BOOKED, keys=both)),
        PutAppointment(appointment("h-1", keys=both)),
    )

    assert with_key(store, "k-1") == ({"h-2"}, {"h-1"})


# Busy times --------------------------------------------------------------------------------------


def test_an_import_replaces_what_overlaps_and_what_has_the_same_name(store: Store) -> None:
    """R40."""

    def busy(name: str, start: float, end: float, schedule: ScheduleId = SCHEDULE) -> Busy:
        return Busy(span=hours(start, end), schedule_id=schedule, busy_id=name)

    there = [busy("into", 0, 2), busy("before", 0, 1), busy("moved", 9, 10), busy("left", 3, 4)]
    import_busy(store, CLINIC, [*there, busy("moved", 1, 2, OTHER)])
    new = (busy("moved", 2, 4), busy("new", 1.5, 2.5))
    word = ReplaceBusy(schedule_id=SCHEDULE, span=hours(1, 3), busy=new)
    keep(store, word, word)

    state = loaded(store, schedules=DAY).schedules
    assert state[SCHEDULE].busy == (busy("before", 0, 1), new[1], new[0], busy("left", 3, 4))
    assert state[OTHER].busy == (busy("moved", 1, 2, OTHER),)


# transact ----------------------------------------------------------------------------------------


def test_claims_that_would_overlap_are_refused_and_nothing_is_written(store: Store) -> None:
    """R40."""
    keep(store, PutHold(hold("first", 1)))

    with pytest.raises(StoreError, match="overlap"):
        keep(store, PutVisit(visit()), PutHold(hold("second", 1.5)))

    snapshot = loaded(store, schedules=DAY, visit=VisitId("visit-1"))
    assert snapshot.visit is None
    assert set(snapshot.holds) == {"first"}


def test_claims_may_change_places(store: Store) -> None:
    """R40: what the decision ends in does not overlap."""
    keep(store, PutHold(hold("a", 1)), PutHold(hold("b", 2)), PutAppointment(appointment("c", 3)))
    keep(store, PutHold(hold("a", 2)), PutAppointment(appointment("c", 1)), PutHold(hold("b", 3)))

    claims = loaded(store, schedules=DAY).schedules[SCHEDULE].claims

    assert [(claim.owner, claim.span) for claim in claims] == [
        ("c", hours(1, 2)),
        ("a", hours(2, 3)),
        ("b", hours(3, 4)),
    ]


def test_a_hold_cannot_take_over_the_claim_of_an_appointment(store: Store) -> None:
    """R40: an appointment that occupies its time has its claim."""
    keep(store, PutAppointment(appointment("h-1")))

    with pytest.raises(StoreError, match="R40"):
        keep(store, PutVisit(visit()), PutHold(hold("h-1", 5)))

    snapshot = loaded(store, schedules=DAY, visit=VisitId("visit-1"))
    assert [claim.kind for claim in snapshot.schedules[SCHEDULE].claims] == [ClaimKind.APPOINTMENT]
    assert (snapshot.visit, snapshot.holds) == (None, {})


def test_who_takes_the_place_of_a_lapsed_hold_sweeps_its_claim(
    store: Store, clock: ManualClock
) -> None:
    keep(store, PutHold(hold("first", 1)))
    clock.advance(timedelta(minutes=5))
    keep(store, PutHold(hold("second", 1.5, minutes=9)))

    snapshot = loaded(store, schedules=DAY, hold=HoldId("first"))

    assert [claim.owner for claim in snapshot.schedules[SCHEDULE].claims] == ["second"]
    assert HoldId("first") in snapshot.holds


def test_a_decision_starts_over_with_the_scope_it_asked_for(store: Store) -> None:
    keep(store, PutHold(hold("h-1")))
    wide = Scope(clinic_id=CLINIC, schedules=DAY, hold=HoldId("h-1"))

    def decide(snapshot: Snapshot) -> Decision[Scope] | Again:
        return Decision(snapshot.scope) if snapshot.holds else Again(wide)

    assert store.transact(Scope(clinic_id=CLINIC), decide) == wide


def test_a_decision_that_is_never_content_ends_in_contention(store: Store) -> None:
    asked: list[Snapshot] = []

    def decide(snapshot: Snapshot) -> Decision[None] | Again:
        asked.append(snapshot)
        return Again(snapshot.scope)

    with pytest.raises(Contention):
        store.transact(Scope(clinic_id=CLINIC), decide)

    assert len(asked) == 4


def test_what_a_decision_raises_goes_through_and_nothing_is_written(store: Store) -> None:
    def decide(snapshot: Snapshot) -> Decision[None]:
        raise LookupError("a bug")

    with pytest.raises(LookupError, match="a bug"):
        store.transact(Scope(clinic_id=CLINIC), decide)

    keep(store, PutVisit(visit()))
    assert loaded(store, visit=VisitId("visit-1")).visit == visit()


def test_a_query_of_another_kind_is_refused(store: Store) -> None:
    ask: Callable[[Any], object] = store.read

    with pytest.raises((StoreError, ValueError), match="query"):
        ask(object())
