"""MemoryStore is the reference: the loading contract as a law, rounds, races; and the directory.

Examples of each clause, for memory and SQLite alike, are in ``test_sql_contract.py``.
"""

import threading
from datetime import datetime, time, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.memory import MemoryStore
from omnibook.adapters.memory_files import ClinicSchedules, MemoryDirectory
from omnibook.errors import Contention, StoreError
from omnibook.ids import ClinicId, HoldId, OrderId, PatientId, ScheduleId
from omnibook.ports import Query, ReadScope
from omnibook.records import (
    Appointment,
    Busy,
    ClaimKind,
    ContactOrder,
    DeskClosure,
    DeskOpening,
    Event,
    Hold,
    HoldState,
    Notice,
    Visit,
)
from omnibook.testing.samples import CLINIC, NOW, SCHEDULE, appointment, at, hold, hours, visit
from omnibook.testing.strategies.records import BASE, PATIENTS, appointments, holds
from omnibook.testing.strategies.writes import EVERYTHING, scopes, writes
from omnibook.times import Span
from omnibook.transactions import (
    ROUNDS,
    Again,
    Decision,
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
    RecordAudit,
    ReplaceBusy,
    Scope,
    Snapshot,
    Write,
)
from support.busy import import_busy
from support.worlds import MARIE, email, opening, phone, schedule, small_clinic

# What a scope loads ------------------------------------------------------------------------------


class Kept:
    """Everything that was written, latest last, in the plainest form."""

    def __init__(self) -> None:
        self.visits: dict[str, Visit] = {}
        self.holds: dict[str, Hold] = {}
        self.appointments: dict[str, Appointment] = {}
        self.openings: dict[str, DeskOpening] = {}
        self.closures: dict[str, DeskClosure] = {}
        self.notices: dict[str, Notice] = {}
        self.events: dict[str, Event] = {}
        self.orders: dict[str, ContactOrder] = {}
        self.busy: dict[tuple[str, str], Busy] = {}
        self.audit: set[str] = set()

    def add(self, write: Write) -> None:  # noqa: C901 - an arm for each word
        match write:
            case PutVisit(kept):
                self.visits[kept.visit_id] = kept
            case PutHold(kept):
                self.holds[kept.hold_id] = kept
            case PutAppointment(kept):
                self.appointments[kept.appointment_id] = kept
            case PutDeskOpening(kept):
                self.openings[kept.opening_id] = kept
            case PutDeskClosure(kept):
                self.closures[kept.closure_id] = kept
            case DropDeskOpening(gone):
                self.openings.pop(gone, None)
            case DropDeskClosure(gone):
                self.closures.pop(gone, None)
            case PutNotice(kept):
                self.notices[kept.notice_id] = kept
            case PutEvent(kept):
                self.events[kept.event_id] = kept
            case PutOrder(kept):
                self.orders[kept.order_id] = kept
            case ReplaceBusy():
                self.import_busy(write)
            case RecordAudit(kept):
                self.audit.add(kept.audit_id)
            case _:
                pass

    def import_busy(self, write: ReplaceBusy) -> None:
        """R40: of this schedule, what overlaps the span goes, and what is imported stays."""
        for key, each in list(self.busy.items()):
            if key[0] == write.schedule_id and overlaps(each.span, write.span):
                del self.busy[key]
        self.busy |= {(each.schedule_id, each.busy_id): each for each in write.busy}


def loads_hold(scope: Scope, each: Hold, behind: set[str], now: datetime) -> bool:
    """Clauses 2 to 6, one line for each."""
    live = each.state is HoldState.HELD and now < each.expires_at
    return (
        each.hold_id in behind
        or each.visit_id == scope.visit
        or each.hold_id == scope.hold
        or (live and bool(each.contact_keys & scope.contacts))
        or (live and each.source == scope.source)
        or (live and each.patient_id in scope.patients)
    )


def loads_appointment(scope: Scope, each: Appointment, about: set[str], now: datetime) -> bool:
    """Clauses 4 to 7."""
    upcoming = (
        each.provisional is not None
        and each.status.value not in {"cancelled", "noshow", "entered-in-error"}
        and each.slot.start > now
    )
    return (
        each.appointment_id in {scope.hold, scope.appointment, *about}
        or (upcoming and bool(each.contact_keys & scope.contacts))
        or (upcoming and each.source is not None and each.source == scope.source)
        or (each.patient_id in scope.patients)
    )


def overlaps(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


# Mostly what the caps count, so that a scope finds some of it.
claimants = st.builds(PutHold, holds()) | st.builds(PutAppointment, appointments())


@given(
    batches=st.lists(
        st.lists(claimants, max_size=2) | st.lists(writes(), max_size=3), min_size=3, max_size=8
    ),
    scope=scopes(),
    now=st.integers(-20, 20).map(lambda n: BASE + timedelta(minutes=30 * n)),
)
def test_a_scope_loads_what_the_contract_says_and_nothing_else(
    batches: list[list[Write]], scope: Scope, now: datetime
) -> None:
    """The numbered contract of transactions.py, clause by clause."""
    clock = ManualClock(BASE - timedelta(hours=10))
    store, kept = MemoryStore(clock), Kept()
    for batch in batches:
        try:
            store.transact(EVERYTHING, lambda _, batch=batch: Decision(None, tuple(batch)))  # type: ignore[misc]
        except StoreError:
            continue
        for write in batch:
            kept.add(write)
    clock.set(now)

    when, snapshot = store.read(ReadScope(scope))

    assert when == snapshot.now == now
    assert snapshot.scope == scope
    assert snapshot.schedules.keys() == scope.schedules.keys()
    behind = set[str]()
    for schedule_id, span in scope.schedules.items():
        state = snapshot.schedules[schedule_id]
        assert (state.schedule_id, state.span) == (schedule_id, span)
        for found, all_of in (
            (state.busy, kept.busy.values()),
            (state.openings, kept.openings.values()),
            (state.closures, kept.closures.values()),
        ):
            there = [e for e in all_of if e.schedule_id == schedule_id and overlaps(e.span, span)]
            assert sorted(map(repr, found)) == sorted(map(repr, there))
        claims = state.claims
        assert [each.span.start for each in claims] == sorted(each.span.start for each in claims)
        assert all(each.schedule_id == schedule_id for each in claims)
        assert all(overlaps(each.span, span) for each in claims)
        behind |= {each.owner for each in claims if each.kind is ClaimKind.HOLD}
    assert dict(snapshot.holds) == {
        name: each for name, each in kept.holds.items() if loads_hold(scope, each, behind, now)
    }
    assert snapshot.visit == kept.visits.get(scope.visit or "")
    assert snapshot.opening == kept.openings.get(scope.opening or "")
    assert snapshot.closure == kept.closures.get(scope.closure or "")
    assert snapshot.notice == kept.notices.get(scope.notice or "")
    assert snapshot.event == kept.events.get(scope.event or "")
    assert snapshot.order == kept.orders.get(scope.order or "")
    about = {
        str(each.appointment_id)
        for each in (snapshot.notice, snapshot.event, snapshot.order)
        if each is not None
    }
    assert dict(snapshot.appointments) == {
        name: each
        for name, each in kept.appointments.items()
        if loads_appointment(scope, each, about, now)
    }
    named = scope.appointment
    assert snapshot.forgotten is (
        named is not None and named not in kept.appointments and f"forgotten/{named}" in kept.audit
    )


# Transactions ------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def store(clock: ManualClock) -> MemoryStore:
    return MemoryStore(clock)


DAY = {SCHEDULE: hours(-24, 24)}


def test_a_refused_decision_leaves_nothing_of_it(store: MemoryStore) -> None:
    """R39: what could fail is worked out before anything is kept."""
    scope = Scope(clinic_id=CLINIC, schedules=DAY, visit=visit().visit_id)
    both = (PutVisit(visit()), PutHold(hold("a")), PutHold(hold("b")))

    with pytest.raises(StoreError, match="R40"):
        store.transact(scope, lambda _: Decision(None, both))

    _, snapshot = store.read(ReadScope(scope))
    assert snapshot.visit is None
    assert snapshot.schedules[SCHEDULE].claims == ()
    assert snapshot.holds == {}


def test_a_decision_starts_over_until_it_has_what_it_needs(
    store: MemoryStore, clock: ManualClock
) -> None:
    """A few rounds, each with a snapshot of its own moment."""
    seen: list[Snapshot] = []

    def decide(snapshot: Snapshot) -> Decision[str] | Again:
        seen.append(snapshot)
        clock.advance(timedelta(seconds=1))
        if len(seen) < ROUNDS:
            return Again(snapshot.scope.widened({ScheduleId(f"s-{len(seen)}"): hours(0, 1)}))
        return Decision("done", (PutVisit(visit()),))

    assert store.transact(Scope(clinic_id=CLINIC), decide) == "done"
    assert [len(each.schedules) for each in seen] == list(range(ROUNDS))
    assert [each.now for each in seen] == [at(0) + timedelta(seconds=n) for n in range(ROUNDS)]


def test_a_decision_that_always_wants_more_ends_in_contention(store: MemoryStore) -> None:
    runs = 0

    def decide(snapshot: Snapshot) -> Decision[None] | Again:
        nonlocal runs
        runs += 1
        return Again(snapshot.scope)

    with pytest.raises(Contention, match=str(ROUNDS)):
        store.transact(Scope(clinic_id=CLINIC), decide)
    assert runs == ROUNDS


def test_a_query_of_another_kind_is_refused(store: MemoryStore) -> None:
    with pytest.raises(StoreError, match="Query"):
        store.read(Query[None]())


def test_clinics_do_not_meet(store: MemoryStore) -> None:
    store.transact(
        Scope(clinic_id=CLINIC, schedules=DAY), lambda _: Decision(None, (PutHold(hold()),))
    )

    other = Scope(clinic_id=ClinicId("other"), schedules=DAY, hold=HoldId("hold-1"))
    _, snapshot = store.read(ReadScope(other))
    assert snapshot.holds == {}
    assert snapshot.schedules[SCHEDULE].claims == ()


def test_busy_times_replace_the_ones_imported_before(store: MemoryStore) -> None:
    """R40: they block, evict nothing, and may overlap one another."""
    store.transact(
        Scope(clinic_id=CLINIC, schedules=DAY),
        lambda _: Decision(None, (PutAppointment(appointment()),)),
    )
    first = [Busy(span=hours(n, n + 2), schedule_id=SCHEDULE, busy_id=str(n)) for n in range(3)]
    other = Busy(span=hours(0, 9), schedule_id=ScheduleId("room-2"), busy_id="0")
    import_busy(store, CLINIC, [*first, other])
    import_busy(store, CLINIC, first[1:])

    _, snapshot = store.read(ReadScope(Scope(clinic_id=CLINIC, schedules=DAY)))
    assert snapshot.schedules[SCHEDULE].busy == tuple(first[1:])
    assert len(snapshot.schedules[SCHEDULE].claims) == 1


def test_of_many_threads_that_want_one_time_one_has_it(store: MemoryStore) -> None:
    """R40."""
    scope = Scope(clinic_id=CLINIC, schedules=DAY)
    gate = threading.Barrier(12)
    won: list[str] = []

    def run(name: str) -> None:
        gate.wait()

        def decide(snapshot: Snapshot) -> Decision[bool] | Again:
            if snapshot.schedules[SCHEDULE].claims:
                return Decision(False)
            return Decision(True, (PutHold(hold(name)),))

        if store.transact(scope, decide):
            won.append(name)

    threads = [threading.Thread(target=run, args=(f"hold-{n}",)) for n in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    _, snapshot = store.read(ReadScope(scope))
    assert won == [claim.owner for claim in snapshot.schedules[SCHEDULE].claims]
    assert len(won) == 1


def test_the_systems_clock_is_used_unless_another_is_given() -> None:
    before = MemoryStore().read(ReadScope(Scope(clinic_id=CLINIC)))[0]

    assert before <= MemoryStore().read(ReadScope(Scope(clinic_id=CLINIC)))[0]


# The directory (R41) -----------------------------------------------------------------------------

ORDER = OrderId("order-1")


def test_contacts_are_appended_once_for_each_order_last_and_unverified() -> None:
    """R41: compared by match key; nothing that is there changes."""
    directory = MemoryDirectory((MARIE,))
    points = (email("new"), email("NEW"), phone(23, verified=False), phone(99))

    added = directory.append_contacts(MARIE.patient_id, points, order_id=ORDER)

    expected = (
        email("new", rank=3, verified=False),
        phone(99, rank=4, verified=False),
    )
    assert added == expected
    file = directory.get(MARIE.patient_id)
    assert file is not None
    assert file.contacts == (*MARIE.contacts, *expected)
    assert directory.append_contacts(MARIE.patient_id, (phone(1),), order_id=ORDER) == ()
    assert directory.get(MARIE.patient_id) == file


def test_the_first_contact_of_a_file_takes_position_one() -> None:
    """R41: and one that was outdated before is current when a form adds it elsewhere."""
    directory = MemoryDirectory((evolve(MARIE, contacts=()),))

    directory.append_contacts(MARIE.patient_id, (email("new", rank=7),), order_id=ORDER)

    file = directory.get(MARIE.patient_id)
    assert file is not None
    assert file.main_contact == email("new", rank=1, verified=False)


def test_a_merged_files_survivor_receives_the_contacts() -> None:
    """R41, R9: to the end of the chain, through circles, and past what does not exist."""
    files = [
        evolve(MARIE, patient_id=PatientId("a"), merged_into=PatientId("b")),
        evolve(MARIE, patient_id=PatientId("b"), merged_into=PatientId("c")),
        evolve(MARIE, patient_id=PatientId("c")),
        evolve(MARIE, patient_id=PatientId("d"), merged_into=PatientId("gone")),
        evolve(MARIE, patient_id=PatientId("e"), merged_into=PatientId("e")),
    ]
    directory = MemoryDirectory(files)

    for number, (start, receives) in enumerate((("a", "c"), ("d", "d"), ("e", "e"))):
        order = OrderId(f"order-{number}")
        assert directory.append_contacts(PatientId(start), (phone(50),), order_id=order)
        file = directory.get(PatientId(receives))
        assert file is not None
        assert file.contacts[-1].value == "+15145550150"


def test_an_unknown_file_receives_nothing() -> None:
    """R41."""
    directory = MemoryDirectory()

    assert directory.append_contacts(PATIENTS[0], (phone(1),), order_id=ORDER) == ()
    assert directory.get(PATIENTS[0]) is None
    directory.put(MARIE)
    assert directory.get(MARIE.patient_id) == MARIE


# Schedules ---------------------------------------------------------------------------------------


def test_openings_are_the_clinics_and_none_for_an_unknown_schedule() -> None:
    clinic = small_clinic(schedules=(schedule("gagnon", opening(), opening(time(13), time(16))),))
    source = ClinicSchedules(clinic)

    found = source.openings((ScheduleId("gagnon"), ScheduleId("nobody")))

    assert found == {"gagnon": clinic.schedules[0].openings, "nobody": ()}
    assert source.openings(()) == {}
