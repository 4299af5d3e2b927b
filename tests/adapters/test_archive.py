"""What every store does when it purges, exports and erases (R51): memory, SQLite, PostgreSQL."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.memory import MemoryStore
from omnibook.adapters.sql import AsyncSqlStore, SqlStore
from omnibook.audit import Operation
from omnibook.dossier import (
    Dossier,
    OfAppointment,
    OfPatient,
    Ruling,
    Subject,
    decide_erase,
)
from omnibook.errors import Contention, StoreError
from omnibook.ids import ClinicId, OperationId, SubjectKey
from omnibook.outcomes import Erased, NotFound, Purged, StillNeeded
from omnibook.ports import Archive, ReadScope
from omnibook.records import SYSTEM
from omnibook.retention import cutoffs_at
from omnibook.testing.samples import NOW, appointment, at, hold, visit
from omnibook.testing.strategies.records import (
    ALWAYS,
    APPOINTMENTS,
    BASE,
    PATIENTS,
    appointments,
    contact_orders,
    events,
    flags,
    holds,
    notices,
    of,
    visits,
)
from omnibook.testing.strategies.writes import EVERYTHING, writes
from omnibook.transactions import (
    Decision,
    PutAppointment,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    RaiseFlag,
    Scope,
    Snapshot,
    Write,
)
from support.archives import SHORT, contents, freed, moved, outlived, versions, without
from support.postgres_fixtures import MAJORS, Postgres
from support.quick_sql import quick_file

KINDS = ("memory", "sqlite", "postgresql")
numbers = count()


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(BASE)


@pytest.fixture(scope="module", params=KINDS)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: ManualClock
) -> Iterator[Archive]:
    if request.param == "memory":
        yield MemoryStore(clock)
    elif request.param == "sqlite":
        with quick_file(tmp_path_factory.mktemp("archive")) as engine:
            yield SqlStore(engine, clock=clock)
    else:
        databases = request.getfixturevalue("postgres").databases(MAJORS[-1])
        made = databases.create()
        with SqlStore(made.url, clock=clock) as opened:
            yield opened
        databases.drop(made)


def about_people() -> st.SearchStrategy[Write]:
    """Records that hang together, more often than those of all words do."""
    return st.one_of(
        st.builds(PutVisit, visits()),
        st.builds(PutHold, holds()),
        st.builds(PutAppointment, appointments()),
        st.builds(PutNotice, notices()),
        st.builds(PutEvent, events()),
        st.builds(PutOrder, contact_orders()),
        st.builds(RaiseFlag, flags()),
        writes(),
    )


def keep(store: Archive, clinic_id: ClinicId, batches: list[list[Write]]) -> None:
    """Write each batch, but those that would let claims overlap (R40)."""
    scope = evolve(EVERYTHING, clinic_id=clinic_id)
    for batch in batches:
        decision = Decision(None, moved(clinic_id, batch))
        with suppress(StoreError):
            store.transact(scope, partial(_decided, decision))


def filled(
    store: Archive, clock: ManualClock, batches: list[list[Write]], now: datetime
) -> ClinicId:
    """A new clinic with what was written ten hours before the base; the clock then says now."""
    clinic_id = fresh_clinic()
    clock.set(BASE - timedelta(hours=10))
    keep(store, clinic_id, batches)
    clock.set(now)
    return clinic_id


def _decided(decision: Decision[None], _: Snapshot) -> Decision[None]:
    return decision


def operation(clinic_id: ClinicId) -> Operation:
    return Operation(
        clinic_id=clinic_id,
        operation_id=OperationId(f"operation-{next(numbers)}"),
        actor=SYSTEM,
        subject=SubjectKey("a-hash"),
    )


def fresh_clinic() -> ClinicId:
    return ClinicId(f"clinic-{next(numbers)}")


batches = st.lists(st.lists(about_people(), max_size=3), min_size=4, max_size=14)
instants = st.integers(-12, 24).map(lambda n: BASE + timedelta(minutes=30 * n))
subjects = st.one_of(
    st.builds(OfPatient, st.frozensets(of(PATIENTS), min_size=1)),
    st.builds(OfAppointment, of(APPOINTMENTS)),
)
law = settings(
    max_examples=max(settings().max_examples // 2, 1),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


# Purge -------------------------------------------------------------------------------------------


@law
@given(batches=batches, now=instants, limit=st.sampled_from((1, 2, 200)))
def test_a_purge_takes_what_has_outlived_its_time_and_nothing_younger(
    store: Archive, clock: ManualClock, batches: list[list[Write]], now: datetime, limit: int
) -> None:
    """R51: by instants alone, batch by batch, to the same end; run again, it takes nothing."""
    clinic_id = filled(store, clock, batches, now)
    before, told = contents(store, clinic_id), versions(store, clinic_id)
    by = operation(clinic_id)
    total = dict.fromkeys((each.name for each in fields(Purged)), 0)

    cutoffs = cutoffs_at(now, SHORT)
    while (batch := store.purge(cutoffs, by, limit=limit)).total:
        assert batch.visits <= limit
        assert batch.appointments <= limit
        assert batch.audit <= limit
        for name in total:
            total[name] += getattr(batch, name)

    after = contents(store, clinic_id)
    gone = outlived(before, now, SHORT)
    left = without(before, gone)
    # What the purge itself notes: one line, and one for each appointment (R50).
    noted = {
        each.audit_id: each for each in after["audit"].values() if each.action.startswith("purge")
    }
    tombstones = {f"forgotten/{each}" for each in gone["appointments"]}
    once = {f"{by.operation_id}/purge"} if any(total.values()) else set[str]()
    assert noted.keys() == (tombstones - left["audit"].keys()) | once
    assert after == {**left, "audit": left["audit"] | noted}
    # A store of its own has no limiter: what one keeps there is purged in its own tests.
    assert total == {name: len(gone.get(name, ())) for name in total}
    changed = {name for name, each in versions(store, clinic_id).items() if each != told[name]}
    assert changed == freed(before, gone)
    assert store.purge(cutoffs, operation(clinic_id), limit=limit) == Purged()


def test_one_clinics_purge_leaves_the_others_alone(store: Archive, clock: ManualClock) -> None:
    """R51."""
    mine, other = fresh_clinic(), fresh_clinic()
    clock.set(NOW)
    for clinic_id in (mine, other):
        keep(store, clinic_id, [[PutVisit(visit("visit-1")), PutHold(hold("hold-1"))]])
    clock.set(at(1000))

    purged = store.purge(cutoffs_at(at(1000), SHORT), operation(mine))

    assert purged == Purged(visits=1, holds=1)
    assert contents(store, mine)["visits"] == {}
    assert contents(store, other)["visits"].keys() == {"visit-1"}


# Export and erase --------------------------------------------------------------------------------


def concerns(before: dict[str, dict[str, Any]], subject: Subject) -> dict[str, set[str]]:
    """Whose records are whose, clause by clause of the dossier's contract."""
    ids = subject.patient_ids if isinstance(subject, OfPatient) else frozenset()
    named = subject.appointment_id if isinstance(subject, OfAppointment) else None
    mine = {
        name
        for name, each in before["appointments"].items()
        if each.patient_id in ids or (name == named and each.provisional is not None)
    }
    first = {
        name for name, each in before["holds"].items() if each.patient_id in ids or name in mine
    }
    went = {name for name, each in before["visits"].items() if each.patient_id in ids}
    went |= {before["holds"][name].visit_id for name in first}
    held = first | {name for name, each in before["holds"].items() if each.visit_id in went}
    found = {"appointments": mine, "holds": held, "visits": went & before["visits"].keys()}
    for kind in ("notices", "orders", "events", "flags"):
        found[kind] = {
            name
            for name, each in before[kind].items()
            if each.appointment_id in mine or (kind == "orders" and each.patient_id in ids)
        }
    found["audit"] = set()
    found["claims"] = {
        name
        for name, each in before["claims"].items()
        if name in mine or (each.kind == "hold" and name in held)
    }
    return found


@law
@given(batches=batches, now=instants, subject=subjects)
def test_an_export_holds_everything_of_the_person_and_nothing_of_another(
    store: Archive,
    clock: ManualClock,
    batches: list[list[Write]],
    now: datetime,
    subject: Subject,
) -> None:
    """R51."""
    clinic_id = filled(store, clock, batches, now)
    before = contents(store, clinic_id)

    dossier = store.export(clinic_id, subject)

    assert (dossier.clinic_id, dossier.subject, dossier.now) == (clinic_id, subject, now)
    for kind, names in concerns(before, subject).items():
        if kind not in {"audit", "claims"}:
            assert getattr(dossier, kind) == tuple(before[kind][name] for name in sorted(names))


@law
@given(batches=batches, now=instants, subject=subjects)
def test_what_is_erased_is_gone_everywhere_and_nothing_else_is(
    store: Archive,
    clock: ManualClock,
    batches: list[list[Write]],
    now: datetime,
    subject: Subject,
) -> None:
    """R51, R50: refused while needed; the trail stays; erased twice, nothing is found."""
    clinic_id = filled(store, clock, batches, now)
    before, told = contents(store, clinic_id), versions(store, clinic_id)
    by = operation(clinic_id)

    outcome = store.erase(clinic_id, subject, partial(decide_erase, by))

    after = contents(store, clinic_id)
    gone = concerns(before, subject)
    noted = {name: each for name, each in after["audit"].items() if name not in before["audit"]}
    assert all(each.action in {"erase", "erase-appointment"} for each in noted.values())
    assert noted[f"{by.operation_id}/erase"].code == outcome.code
    changed = {name for name, each in versions(store, clinic_id).items() if each != told[name]}
    assert changed == (freed(before, gone) if isinstance(outcome, Erased) else set())
    match outcome:
        case Erased():
            assert after == {**without(before, gone), "audit": before["audit"] | noted}
            assert outcome.total == sum(
                len(names) for kind, names in gone.items() if kind not in {"claims", "audit"}
            )
            assert {f"forgotten/{each}" for each in gone["appointments"]} <= after["audit"].keys()
            again = store.erase(clinic_id, subject, partial(decide_erase, operation(clinic_id)))
            assert again == NotFound()
        case StillNeeded() | NotFound():
            assert after == {**before, "audit": before["audit"] | noted}
            assert isinstance(outcome, NotFound) == (
                not any(names for kind, names in gone.items() if kind not in {"claims", "audit"})
            )


def test_an_appointment_was_forgotten_if_the_trail_says_so_and_there_is_none(
    store: Archive, clock: ManualClock
) -> None:
    """R51: the loading contract's last clause."""
    clinic_id = fresh_clinic()
    clock.set(NOW)
    booked = appointment(APPOINTMENTS[0], start=5)
    by = operation(clinic_id)
    scope = Scope(clinic_id=clinic_id, appointment=booked.appointment_id)

    def forgotten() -> bool:
        return store.read(ReadScope(scope))[1].forgotten

    assert not forgotten()
    keep(store, clinic_id, [[by.tombstone(NOW, "purge-appointment", "x", booked.appointment_id)]])
    assert forgotten()
    assert not store.read(ReadScope(evolve(scope, appointment=None)))[1].forgotten
    assert not store.read(ReadScope(evolve(scope, clinic_id=fresh_clinic())))[1].forgotten
    keep(store, clinic_id, [[PutAppointment(booked)]])
    assert not forgotten()


def test_a_ruling_that_forgets_nothing_leaves_everything(
    store: Archive, clock: ManualClock
) -> None:
    """R51: also one without a line for the audit trail."""
    clinic_id = fresh_clinic()
    clock.set(BASE)
    subject = OfPatient(frozenset({PATIENTS[0]}))

    def look(dossier: Dossier) -> Ruling[str]:
        assert dossier.is_empty
        return Ruling("seen")

    before = contents(store, clinic_id)
    assert store.erase(clinic_id, subject, look) == "seen"
    assert contents(store, clinic_id) == before


def test_what_happens_while_somebody_is_erased_comes_before_or_after(
    postgres: Postgres, clock: ManualClock
) -> None:
    """R51: on PostgreSQL, where others may write meanwhile; elsewhere they wait."""
    clinic_id = fresh_clinic()
    clock.set(NOW)
    subject = OfPatient([PATIENTS[0]])
    booked = evolve(appointment("one", start=-5, patient=PATIENTS[0]), clinic_id=clinic_id)
    meanwhile = evolve(appointment("two", start=5, patient=PATIENTS[0]), clinic_id=clinic_id)
    scope = Scope(
        clinic_id=clinic_id,
        patients=frozenset({PATIENTS[0]}),
        schedules={booked.slot.schedule_id: ALWAYS},
    )
    seen: list[int] = []
    databases = postgres.databases(MAJORS[-1])
    made = databases.create()

    def rule(dossier: Dossier) -> Ruling[Any]:
        seen.append(len(dossier.appointments))
        if len(seen) == 1:
            with SqlStore(made.url, clock=clock) as other:
                other.transact(scope, lambda _: Decision(None, (PutAppointment(meanwhile),)))
        return decide_erase(operation(clinic_id), dossier)

    with SqlStore(made.url, clock=clock) as store:
        store.transact(scope, lambda _: Decision(None, (PutAppointment(booked),)))

        outcome = store.erase(clinic_id, subject, rule)

        assert outcome == StillNeeded(appointments=1, holds=0)
        assert seen == [1, 2]
        assert len(store.export(clinic_id, subject).appointments) == 2
    databases.drop(made)


def test_who_is_never_the_fastest_is_told_so(postgres: Postgres, clock: ManualClock) -> None:
    """R51."""
    clinic_id = fresh_clinic()
    clock.set(NOW)
    booked = evolve(appointment("one", start=-5, patient=PATIENTS[0]), clinic_id=clinic_id)
    scope = Scope(
        clinic_id=clinic_id,
        patients=frozenset({PATIENTS[0]}),
        schedules={booked.slot.schedule_id: ALWAYS},
    )
    databases = postgres.databases(MAJORS[-1])
    made = databases.create()
    with SqlStore(made.url, clock=clock) as store, SqlStore(made.url, clock=clock) as other:

        def rule(dossier: Dossier) -> Ruling[Any]:
            other.transact(scope, lambda _: Decision(None, (PutAppointment(booked),)))
            return decide_erase(operation(clinic_id), dossier)

        other.transact(scope, lambda _: Decision(None, (PutAppointment(booked),)))

        with pytest.raises(Contention):
            store.erase(clinic_id, OfPatient([PATIENTS[0]]), rule)
    databases.drop(made)


def test_the_awaited_stores_do_the_same(database_url: str, clock: ManualClock) -> None:
    """R51."""
    clinic_id = fresh_clinic()
    clock.set(NOW)
    with SqlStore(database_url, clock=clock) as store:
        keep(store, clinic_id, [[PutVisit(visit("visit-1")), PutHold(hold("hold-1"))]])
    clock.set(at(1000))

    async def walk() -> None:
        async with AsyncSqlStore(database_url, clock=clock) as awaited:
            by = operation(clinic_id)
            assert (await awaited.purge(cutoffs_at(at(1000), SHORT), by)).visits == 1
            subject = OfAppointment(APPOINTMENTS[0])
            assert (await awaited.export(clinic_id, subject)).is_empty
            erased = await awaited.erase(clinic_id, subject, partial(decide_erase, by))
            assert erased == NotFound()

    asyncio.run(walk())
