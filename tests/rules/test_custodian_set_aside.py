"""What dispatchers gave up is kept for staff as long as what is done, and goes with its person."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.adapters.sql import SqlStore
from omnibook.booking import order_id
from omnibook.ids import PatientId
from omnibook.ports import AuditTrail, Clock, DueOrders, ReadScope, ReadSetAside, SetAside, Store
from omnibook.records import (
    SYSTEM,
    Appointment,
    AppointmentStatus,
    Cancellation,
    NoticeState,
    Presence,
)
from omnibook.testing.samples import CLINIC, NOW, appointment, at, event, keep, notice, order
from omnibook.transactions import PutAppointment, PutEvent, PutNotice, PutOrder, Scope
from support.archives import EVER
from support.quick_sql import quick_file
from support.variations import review, slot, under
from support.worlds import MARIE, STAFF, World, small_clinic, world

MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)
GIVEN_UP: dict[str, Any] = {"failed": True, "attempts": 9}


@pytest.fixture(params=["memory", "sqlite"])
def make_store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[Clock], Store]]:
    if request.param == "memory":
        yield ob.MemoryStore
    else:
        with quick_file(tmp_path) as engine:
            yield lambda clock: SqlStore(engine, clock=clock)


def custodian_of(store: Store) -> ob.Custodian:
    """Of the clinic of the kit's samples, whose directory knows nobody."""
    clinic = evolve(small_clinic(), clinic_id=CLINIC)
    keys = ob.Keyring.generate()
    directory = ob.MemoryDirectory()
    return ob.Custodian(clinic, store=store, directory=directory, keys=keys)  # type: ignore[arg-type]


def given_up(about: Appointment) -> tuple[PutAppointment | PutNotice | PutOrder | PutEvent, ...]:
    """The appointment, and each of what can be set aside about it."""
    name = about.appointment_id
    failed = notice("n", name, state=NoticeState.FAILED, attempts=9, outcome="notice.refused")
    return (
        PutAppointment(about),
        PutNotice(failed),
        PutOrder(order("o", name, **GIVEN_UP)),
        PutEvent(event("e", name, **GIVEN_UP)),
    )


def test_what_was_set_aside_goes_when_what_is_done_goes(
    make_store: Callable[[Clock], Store],
) -> None:
    """R51: 90 days after it was due, by default; what still waits is work, and stays."""
    clock = ob.ManualClock(NOW)
    store = make_store(clock)
    keep(store, *given_up(appointment("a", 1, patient="file-1")))
    keep(store, PutOrder(order("waits", "a", attempts=9)), PutEvent(event("waits", "a")))
    purge = custodian_of(store).purge

    clock.set(NOW + 90 * DAY - MICRO)
    assert purge(actor=SYSTEM) == ob.Purged()
    aside = store.read(ReadSetAside(clinic_id=CLINIC))[1]
    assert [len(each) for each in (aside.notices, aside.orders, aside.events)] == [1, 1, 1]

    clock.set(NOW + 90 * DAY)
    assert purge(actor=SYSTEM) == ob.Purged(notices=1, orders=1, events=1)
    assert store.read(ReadSetAside(clinic_id=CLINIC))[1] == SetAside()
    assert store.read(DueOrders(clinic_id=CLINIC))[1] == ("waits",)


def test_what_was_set_aside_about_a_person_is_given_out_and_erased_with_them(
    make_store: Callable[[Clock], Store],
) -> None:
    """R43, R44, R51: presence, too."""
    store = make_store(ob.ManualClock(at(3)))
    over = evolve(
        appointment("a", 1, patient="file-1"),
        status=AppointmentStatus.CANCELLED,
        cancellation=Cancellation(at=NOW, by=SYSTEM, reason=""),
        presence=Presence(at=NOW, by=SYSTEM),
    )
    other = evolve(appointment("b", 5, patient="file-2"), presence=Presence(at=NOW, by=SYSTEM))
    kept = notice("other", "b", state=NoticeState.FAILED)
    keep(store, *given_up(over), PutAppointment(other), PutNotice(kept))
    custodian = custodian_of(store)

    given = custodian.export(patient_id="file-1", actor=STAFF)
    assert isinstance(given, ob.Exported)
    document: Any = given.document
    (shown,), (noted,) = document["appointments"], document["notices"]
    assert shown["presence"]["at"] == "2026-11-23T14:00:00Z"
    assert (noted["state"], noted["attempts"]) == ("failed", 9)

    erased = custodian.erase(patient_id="file-1", actor=STAFF)
    assert erased == ob.Erased(appointments=1, notices=1, orders=1, events=1)
    assert store.read(ReadSetAside(clinic_id=CLINIC))[1] == SetAside(notices=(kept,))


class SlowDirectory(ob.MemoryDirectory):
    """A directory that is away, and then so slow that something else happens first."""

    meanwhile: Callable[[], object] | None = None

    def append_contacts(self, *args: Any, **more: Any) -> Any:
        if self.meanwhile is None:
            raise ConnectionError("the records system is away")
        self.meanwhile()
        return super().append_contacts(*args, **more)


def booked_with_new_contact(here: World) -> ob.Appointment:
    visit = here.enter()
    held = review(here, visit, slot(), email="new@example.org")
    assert isinstance(held, ob.Held)
    booked = here.portal.book(visit, held.hold_id)
    assert isinstance(booked, ob.Booked)
    return booked.appointment


def test_an_order_that_comes_late_brings_back_nothing_of_whom_was_erased(
    make_store: Callable[[Clock], Store],
) -> None:
    """R41, R51: the person was erased while the directory was asked."""
    here = world(make_store=make_store)
    directory = SlowDirectory((MARIE,))
    here = under(evolve(here, directory=directory))
    booked = booked_with_new_contact(here)
    scope = Scope(
        clinic_id=here.clinic.clinic_id,
        order=order_id(booked),
        appointment=booked.appointment_id,
        patients=frozenset({PatientId("p-marie")}),
    )
    assert here.store.read(ReadScope(scope))[1].order is not None
    here.desk.cancel(booked.appointment_id, reason="", actor=STAFF)
    here.wait(hours=1)
    custodian = ob.Custodian(
        here.clinic,
        store=here.store,  # type: ignore[arg-type]
        directory=directory,
        keys=here.keys,
    )
    outcomes: list[ob.EraseOutcome] = []

    def erase() -> None:
        outcomes.append(custodian.erase(patient_id="p-marie", actor=STAFF))

    directory.meanwhile = erase
    here.dispatcher.run_once()

    assert [type(each) for each in outcomes] == [ob.Erased]
    left = here.store.read(ReadScope(scope))[1]
    assert (left.order, dict(left.appointments), left.forgotten) == (None, {}, True)
    assert here.store.read(ReadSetAside(clinic_id=here.clinic.clinic_id))[1] == SetAside()
    trail = here.store.read(AuditTrail(clinic_id=here.clinic.clinic_id, span=EVER))[1]
    assert "add-contacts" not in {each.action for each in trail}
    assert custodian.export(patient_id="p-marie", actor=STAFF) == ob.NotFound()
