"""The custodian: what is kept for how long, given out, and forgotten (R16, R38, R50, R51)."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from attrs import evolve

import omnibook as ob
from omnibook.adapters.sql import SqlStore
from omnibook.audit import Operation
from omnibook.clinic import Retention
from omnibook.ids import PatientId
from omnibook.ports import AuditTrail, Clock, ReadScope, Store
from omnibook.records import ActorKind
from omnibook.retention import BATCH, Cutoffs
from omnibook.transactions import Scope
from support.archives import EVER
from support.postgres_fixtures import MAJORS
from support.quick_sql import quick_file
from support.worlds import (
    JEAN,
    JEANS_FORM,
    MARIE,
    MARIES_FORM,
    STAFF,
    START,
    World,
    small_clinic,
    strangers_form,
    world,
)

MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)
SECRETS = ("Marie", "Tremblay", "2004-12-19", "5550123", "marie@example", "TREM04621918", "p-marie")
"""What a record of Marie's could show, however it is written."""


def custodian(here: World, **more: Any) -> ob.Custodian:
    assert isinstance(here.store, ob.MemoryStore | SqlStore)
    ports: dict[str, Any] = {
        "store": here.store,
        "directory": here.directory,
        "keys": here.keys,
        **more,
    }
    return ob.Custodian(here.clinic, **ports)


def purge(here: World) -> ob.Purged:
    return custodian(here).purge(actor=ob.Actor.system())


def trail(here: World) -> list[tuple[str, str]]:
    _, found = here.store.read(AuditTrail(clinic_id=here.clinic.clinic_id, span=EVER))
    return [(each.action, each.code) for each in found]


def of_kind(here: World, *actions: str) -> list[tuple[str, str]]:
    return [each for each in trail(here) if each[0] in actions]


def booked_by_marie(here: World) -> ob.Appointment:
    visit = here.enter(evolve_form(health_number="TREM 0462 1918"))
    slot = here.slots(visit)[0]
    held = here.portal.review(
        visit, slot, ob.BookingForm("SECRET reason", details="SECRET details")
    )
    assert isinstance(held, ob.Held)
    booked = here.portal.book(visit, held.hold_id)
    assert isinstance(booked, ob.Booked)
    return booked.appointment


def evolve_form(**more: object) -> ob.IdentityForm:
    return evolve(MARIES_FORM, **more)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def make_store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[Clock], Store]]:
    if request.param == "memory":
        yield ob.MemoryStore
    elif request.param == "sqlite":
        with quick_file(tmp_path) as engine:
            yield lambda clock: SqlStore(engine, clock=clock)
    else:
        databases = request.getfixturevalue("postgres").databases(MAJORS[-1])
        made = databases.create()
        opened: list[SqlStore] = []

        def make(clock: Clock) -> Store:
            opened.append(SqlStore(made.url, clock=clock))
            return opened[-1]

        yield make
        for store in opened:
            store.close()
        databases.drop(made)


# Purge -------------------------------------------------------------------------------------------


def test_a_visit_goes_a_day_after_it_ended_and_its_holds_go_with_it(
    make_store: Callable[[Clock], Store],
) -> None:
    """R16, R51: idle for half an hour, then 24 hours; to the microsecond."""
    here = world(make_store=make_store)
    visit = here.enter()
    held = here.hold(visit, here.slots(visit)[0])
    here.wait(minutes=30, hours=24)
    here.clock.set(here.clock.now() - MICRO)

    assert purge(here).total == 0
    here.clock.set(here.clock.now() + MICRO)
    assert purge(here) == ob.Purged(visits=1, holds=1)
    assert purge(here).total == 0
    assert here.portal.book(visit, held.hold_id) == ob.VisitOver()
    assert of_kind(here, "purge") == [("purge", "custodian.purged")]


def test_a_visit_that_lasted_for_two_hours_goes_a_day_after_them(
    make_store: Callable[[Clock], Store],
) -> None:
    """R16, R51: however busy it was to its end."""
    here = world(make_store=make_store)
    visit = here.enter()
    for _ in range(11):
        here.wait(minutes=10)
        here.slots(visit)
    here.clock.set(START + timedelta(hours=26) - MICRO)

    assert purge(here).total == 0
    here.clock.set(START + timedelta(hours=26))
    assert purge(here) == ob.Purged(visits=1)


def test_a_visit_is_kept_while_it_holds_a_time_and_a_day_longer(
    make_store: Callable[[Clock], Store],
) -> None:
    """R16, R51: whatever its age."""
    long = evolve(small_clinic().policies, hold=timedelta(hours=12))
    here = world(small_clinic(policies=long), make_store=make_store)
    visit = here.enter()
    here.hold(visit, here.slots(visit)[0])
    here.clock.set(START + timedelta(hours=36) - MICRO)

    assert purge(here).total == 0
    here.clock.set(START + timedelta(hours=36))
    assert purge(here) == ob.Purged(visits=1, holds=1)


def test_a_visit_that_goes_leaves_the_appointment_that_was_booked_in_it(
    make_store: Callable[[Clock], Store],
) -> None:
    """R51: and the time stays taken (R40)."""
    here = world(make_store=make_store)
    appointment = booked_by_marie(here)
    here.wait(days=3000)

    purged = purge(here)

    assert (purged.visits, purged.holds, purged.appointments) == (1, 1, 0)
    scope = Scope(
        clinic_id=here.clinic.clinic_id,
        appointment=appointment.appointment_id,
        schedules={appointment.slot.schedule_id: appointment.claimed},
    )
    _, snapshot = here.store.read(ReadScope(scope))
    assert list(snapshot.appointments.values()) == [appointment]
    assert [each.owner for each in snapshot.schedules[appointment.slot.schedule_id].claims] == [
        appointment.appointment_id
    ]


def test_a_person_without_a_file_is_forgotten_ninety_days_after_the_visit(
    make_store: Callable[[Clock], Store],
) -> None:
    """R51, R15: with all that hangs on the appointment; what is left says nothing of the person."""
    here = world(make_store=make_store)
    visit = here.enter(strangers_form(1))
    appointment = here.book(visit, here.slots(visit)[0]).appointment
    here.dispatcher.run_once()
    here.clock.set(appointment.slot.end + 90 * DAY - MICRO)
    first = purge(here)
    assert (first.appointments, first.visits, first.flags) == (0, 1, 0)

    here.clock.set(appointment.slot.end + 90 * DAY)
    purged = purge(here)

    assert purged.appointments == 1
    assert here.desk.cancel(appointment.appointment_id, reason="", actor=STAFF) == ob.NotFound()
    assert of_kind(here, "purge-appointment") == [("purge-appointment", "custodian.purged")]
    assert "Visitora" not in everything(here.store)


def test_lines_of_the_trail_go_after_two_years_and_a_purge_says_so(
    make_store: Callable[[Clock], Store],
) -> None:
    """R50, R51."""
    here = world(make_store=make_store)
    here.enter()
    here.clock.set(START + 730 * DAY - MICRO)
    assert purge(here).audit == 0

    here.clock.set(START + 730 * DAY)
    assert purge(here).audit == 1
    assert ("identify", "match.by-details") not in trail(here)


def test_a_clinic_keeps_things_for_as_long_as_it_says() -> None:
    """R51."""
    kept = Retention(visits=timedelta(0), notices=timedelta(hours=1))
    here = world(small_clinic(policies=evolve(small_clinic().policies, retention=kept)))
    booked_by_marie(here)
    here.dispatcher.run_once()
    here.wait(minutes=30)
    assert purge(here) == ob.Purged(visits=1, holds=1)
    # What was sent ages from the end of its lease.
    here.wait(minutes=30)
    assert purge(here).notices == 0
    here.wait(minutes=5)

    assert purge(here).notices > 0


@pytest.mark.parametrize("actor", [ob.Actor(ActorKind.VISITOR), "s-1", None])
def test_no_visitor_looks_after_records(actor: Any) -> None:
    """R50."""
    keeper = custodian(world())

    with pytest.raises(ob.InvalidValue):
        keeper.purge(actor=actor)
    for act in (keeper.export, keeper.erase):
        with pytest.raises(ob.InvalidValue):
            act(patient_id="p-marie", actor=actor)
        with pytest.raises(ob.InvalidValue):
            act(patient_id="p-marie", actor=ob.Actor.system())


# Export ------------------------------------------------------------------------------------------


def exported(here: World, **who: str) -> dict[str, Any]:
    outcome = custodian(here).export(**who, actor=STAFF)
    assert isinstance(outcome, ob.Exported), outcome
    return json.loads(json.dumps(outcome.document))  # type: ignore[no-any-return]


def test_an_export_is_plain_json_that_tells_all_of_the_person() -> None:
    """R51: under every identifier of the file, with the lines of the trail about it."""
    old = ob.Patient(patient_id=PatientId("p-old"), merged_into=PatientId("p-marie"))
    here = world(patients=(MARIE, JEAN, old))
    appointment = booked_by_marie(here)
    here.enter(JEANS_FORM)

    for name in ("p-marie", "p-old"):
        document = exported(here, patient_id=name)
        assert document["subject"] == {"kind": "patient", "ids": ["p-marie", "p-old"]}
        (told,) = document["appointments"]
        assert told["appointment_id"] == appointment.appointment_id
        assert told["entries"]["reason"] == "SECRET reason"
        assert told["slot"]["start"] == appointment.slot.start.isoformat().replace("+00:00", "Z")
        assert document["visits"][0]["identity"]["health_number"]["value"] == "TREM04621918"
        assert len(document["holds"]) == len(document["visits"]) == 1
        assert {each["action"] for each in document["audit"]} >= {"identify", "review", "book"}
        assert "jean" not in json.dumps(document)
    assert of_kind(here, "export") == [("export", "custodian.exported")] * 2


def test_an_export_of_a_person_without_a_file_is_asked_for_by_the_appointment() -> None:
    """R15, R51: and by no appointment of a file."""
    here = world()
    visit = here.enter(strangers_form(1))
    stranger = here.book(visit, here.slots(visit)[0]).appointment
    maries = booked_by_marie(here)

    document = exported(here, appointment_id=stranger.appointment_id)

    assert document["subject"] == {"kind": "appointment", "ids": [stranger.appointment_id]}
    assert document["appointments"][0]["provisional"]["first_name"] == "Visitorab"
    assert "Marie" not in json.dumps(document)
    for nothing in (maries.appointment_id, "unknown", "", "\ud800"):
        outcome = custodian(here).export(appointment_id=nothing, actor=STAFF)
        assert outcome == ob.NotFound()


def test_an_exports_representation_shows_nothing() -> None:
    """R50: nor do an outcome and a dossier that stand in a log by mistake."""
    here = world()
    booked_by_marie(here)

    outcome = custodian(here).export(patient_id="p-marie", actor=STAFF)

    assert not any(secret in repr(outcome) for secret in SECRETS)


@pytest.mark.parametrize("who", [{}, {"patient_id": "p-marie", "appointment_id": "a"}])
def test_a_person_is_named_in_one_way(who: dict[str, str]) -> None:
    """R51."""
    keeper = custodian(world())

    with pytest.raises(ob.InvalidValue):
        keeper.export(**who, actor=STAFF)
    with pytest.raises(ob.InvalidValue):
        keeper.erase(**who, actor=STAFF)


# Erase -------------------------------------------------------------------------------------------


def everything(store: Store) -> str:
    """Every value that is stored, in whatever table, as one text."""
    if isinstance(store, ob.MemoryStore):
        return "\n".join(map(written, store._clinics.values()))
    assert isinstance(store, SqlStore)
    from sqlalchemy import MetaData

    with store._database.engine.connect() as connection:
        tables = MetaData()
        tables.reflect(connection)
        return "\n".join(
            written(tuple(row))
            for table in tables.sorted_tables
            for row in connection.execute(table.select())
        )


def written(value: object) -> str:
    """A value with all that is in it, also what its representation hides."""
    if attrs.has(type(value)):
        return " ".join(written(getattr(value, each.name)) for each in attrs.fields(type(value)))  # type: ignore[arg-type]
    if isinstance(value, dict):
        return " ".join(f"{written(key)} {written(each)}" for key, each in value.items())
    if isinstance(value, tuple | list | frozenset | set):
        return " ".join(map(written, value))
    return value.isoformat() if isinstance(value, date) else str(value)


def test_nothing_personal_of_an_erased_patient_is_left_in_any_table(
    make_store: Callable[[Clock], Store],
) -> None:
    """R51: the other patients' records stand."""
    here = world(make_store=make_store)
    jeans = here.book(visit := here.enter(JEANS_FORM), here.slots(visit)[0]).appointment
    before = everything(here.store)
    appointment = booked_by_marie(here)
    here.dispatcher.run_once()
    shown = everything(here.store)
    assert [secret for secret in SECRETS if secret not in shown] == []
    refused = custodian(here).erase(patient_id="p-marie", actor=STAFF)
    assert refused == ob.StillNeeded(appointments=1, holds=0)
    assert everything(here.store).count("SECRET") == shown.count("SECRET")
    here.desk.cancel(appointment.appointment_id, reason="SECRET why", actor=STAFF)
    here.wait(seconds=1)

    erased = custodian(here).erase(patient_id="p-marie", actor=STAFF)

    assert isinstance(erased, ob.Erased)
    assert (erased.visits, erased.holds, erased.appointments) == (1, 1, 1)
    assert erased.notices > 0
    left = everything(here.store)
    assert [secret for secret in (*SECRETS, "SECRET") if secret in left] == []
    assert "Testard" in left
    assert "Testard" in before
    _, snapshot = here.store.read(
        ReadScope(Scope(clinic_id=here.clinic.clinic_id, appointment=jeans.appointment_id))
    )
    assert list(snapshot.appointments.values()) == [jeans]
    here.wait(seconds=1)
    assert custodian(here).erase(patient_id="p-marie", actor=STAFF) == ob.NotFound()
    assert custodian(here).export(patient_id="p-marie", actor=STAFF) == ob.NotFound()
    assert of_kind(here, "erase")[:2] == [
        ("erase", "custodian.still-needed"),
        ("erase", "custodian.erased"),
    ]


def test_no_repeated_call_brings_back_what_was_erased(
    make_store: Callable[[Clock], Store],
) -> None:
    """R38, R51: neither the visitor's nor the desk's."""
    here = world(make_store=make_store)
    visit = here.enter()
    slots = here.slots(visit)
    held = here.hold(visit, slots[0])
    assert isinstance(here.portal.book(visit, held.hold_id), ob.Booked)

    def desk_books() -> object:
        form = ob.BookingForm("a sore throat")
        return here.desk.book("r-1", slots[1], form, patient="p-marie", actor=STAFF)

    booked = desk_books()
    assert isinstance(booked, ob.Booked)
    for appointment_id in (held.hold_id, booked.appointment.appointment_id):
        here.desk.cancel(appointment_id, reason="", actor=STAFF)
    assert isinstance(custodian(here).erase(patient_id="p-marie", actor=STAFF), ob.Erased)
    before = everything(here.store)

    assert here.portal.book(visit, held.hold_id) == ob.VisitOver()
    assert desk_books() == ob.RequestReused()
    here.dispatcher.run_once()
    assert everything(here.store) == before


def test_a_time_that_is_held_is_not_erased() -> None:
    """R33, R51."""
    here = world()
    visit = here.enter()
    here.hold(visit, here.slots(visit)[0])
    erase = custodian(here).erase

    assert erase(patient_id="p-marie", actor=STAFF) == ob.StillNeeded(appointments=0, holds=1)
    here.wait(minutes=5)
    assert erase(patient_id="p-marie", actor=STAFF) == ob.Erased(visits=1, holds=1)
    assert here.portal.resume(visit.value) == ob.VisitOver()


def test_an_appointment_is_needed_until_it_is_over() -> None:
    """R51."""
    here = world()
    appointment = booked_by_marie(here)
    here.clock.set(appointment.slot.end - MICRO)
    erase = custodian(here).erase
    assert isinstance(erase(patient_id="p-marie", actor=STAFF), ob.StillNeeded)

    here.clock.set(appointment.slot.end)
    assert isinstance(erase(patient_id="p-marie", actor=STAFF), ob.Erased)


def test_a_file_that_the_directory_does_not_know_any_more_can_be_erased_here() -> None:
    """R51."""
    here = world()
    appointment = booked_by_marie(here)
    here.clock.set(appointment.slot.end)
    elsewhere = custodian(here, directory=ob.MemoryDirectory())

    assert isinstance(elsewhere.erase(patient_id="p-marie", actor=STAFF), ob.Erased)
    for nobody in ("", "\ud800", 7):
        assert elsewhere.erase(patient_id=nobody, actor=STAFF) == ob.NotFound()  # type: ignore[arg-type]


def test_the_person_of_one_appointment_is_erased_with_the_form_that_was_typed() -> None:
    """R15, R51."""
    here = world()
    visit = here.enter(strangers_form(1))
    appointment = here.book(visit, here.slots(visit)[0]).appointment
    here.clock.set(appointment.slot.end)

    erased = custodian(here).erase(appointment_id=appointment.appointment_id, actor=STAFF)

    assert isinstance(erased, ob.Erased)
    assert (erased.visits, erased.holds, erased.appointments) == (1, 1, 1)
    assert "Visitorab" not in everything(here.store)


# Awaited -----------------------------------------------------------------------------------------


def test_the_awaited_custodian_does_the_same() -> None:
    """R51."""
    here = world()
    booked_by_marie(here)
    assert isinstance(here.store, ob.MemoryStore)
    awaited = ob.AsyncCustodian(
        here.clinic,
        store=ob.AsyncMemoryStore(over=here.store),
        directory=here.directory,
        keys=here.keys,
    )

    async def walk() -> None:
        out = await awaited.export(patient_id="p-marie", actor=STAFF)
        assert isinstance(out, ob.Exported)
        refused = await awaited.erase(patient_id="p-marie", actor=STAFF)
        assert refused == ob.StillNeeded(appointments=1, holds=0)
        here.wait(days=2)
        assert (await awaited.purge(actor=ob.Actor.system())).visits == 1
        assert isinstance(await awaited.erase(patient_id="p-marie", actor=STAFF), ob.Erased)

    asyncio.run(walk())


def test_many_records_are_purged_batch_by_batch() -> None:
    """R51: no batch is longer than the store is asked for."""
    asked: list[int] = []

    class Watched(ob.MemoryStore):
        def purge(self, cutoffs: Cutoffs, operation: Operation, *, limit: int = BATCH) -> ob.Purged:
            purged = super().purge(cutoffs, operation, limit=min(limit, 2))
            asked.append(purged.visits)
            return purged

    here = world(make_store=Watched)
    for number in range(5):
        here.enter(strangers_form(number))
    here.clock.set(START + 3 * DAY)

    assert purge(here).visits == 5
    assert asked == [2, 2, 1, 0]
