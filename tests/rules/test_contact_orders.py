"""A contact on the form that the file lacks is added to the file (R41, R32)."""

from typing import Any

from attrs import evolve

import omnibook as ob
from omnibook.awaiting import finish
from omnibook.booking import order_id
from omnibook.ids import PatientId
from omnibook.orders import carry_out
from omnibook.ports import ReadScope
from omnibook.records import EventKind, FlagCode
from omnibook.transactions import Scope
from omnibook.wiring import Wiring
from support.variations import InterruptedStore, review, slot, under
from support.worlds import (
    MARIE,
    STAFF,
    START,
    World,
    email,
    phone,
    world,
)

DAY = 24 * 60


def contacts(w: World, patient_id: str = "p-marie") -> list[tuple[str, int, bool]]:
    file = w.directory.get(PatientId(patient_id))
    assert file is not None
    return [(point.value, point.rank, point.verified) for point in file.contacts]


def booked_with(w: World, **form: object) -> ob.Appointment:
    visit = w.enter()
    held = review(w, visit, slot(), **form)
    assert isinstance(held, ob.Held)
    booked = w.portal.book(visit, held.hold_id)
    assert isinstance(booked, ob.Booked)
    return booked.appointment


def test_a_contact_that_the_file_lacks_is_added_last_and_unverified() -> None:
    """R41: nothing that was there moves or changes."""
    w = world()
    before = contacts(w)

    booked_with(w, email="new@example.org")

    assert contacts(w) == [*before, ("new@example.org", 3, False)]
    assert w.desk.day(START.date(), actor=STAFF).flags == ()


def test_a_contact_that_the_file_has_gives_no_order() -> None:
    """R41: compared as R5 compares, whatever the case."""
    w = world()
    before = contacts(w)
    appointment = booked_with(w, email="MARIE@EXAMPLE.ORG")

    assert contacts(w) == before
    scope = Scope(clinic_id=w.clinic.clinic_id, order=order_id(appointment))
    assert w.store.read(ReadScope(scope))[1].order is None


def test_a_files_first_contact_is_flagged_for_the_desk() -> None:
    """R41: also when those that the file has reach nobody any more."""
    w = world()
    visit = w.enter()
    w.directory.put(evolve(MARIE, contacts=(phone(77, current=False),)))

    held = w.hold(visit, slot())
    booked = w.portal.book(visit, held.hold_id)
    assert isinstance(booked, ob.Booked)

    flags = w.desk.day(START.date(), actor=STAFF).flags
    assert [flag.code for flag in flags] == [FlagCode.FIRST_CONTACT]
    assert contacts(w)[0] == ("+15145550177", 1, True)
    assert contacts(w)[1:] == [("+15145550123", 2, False), ("marie@example.org", 3, False)]


def wired(w: World) -> Wiring:
    return Wiring(
        clinic=w.clinic,
        store=w.store,
        directory=w.directory,
        keys=w.keys,
        schedules=None,
        tokens=ob.RandomTokens(),
    )


class BrokenDirectory(ob.MemoryDirectory):
    """A directory that is away until it is mended."""

    broken = True

    def append_contacts(self, *args: Any, **more: Any) -> Any:
        if self.broken:
            raise ConnectionError("the records system is away")
        return super().append_contacts(*args, **more)


def test_an_order_that_cannot_be_carried_out_now_waits_and_is_carried_out_once() -> None:
    """R41, R39: the booking stands."""
    w = world()
    directory = BrokenDirectory((MARIE,))
    w = under(evolve(w, directory=directory))
    appointment = booked_with(w, email="new@example.org")
    assert len(contacts(w)) == 2
    directory.broken = False

    assert w.dispatcher.run_once().contacts == 1
    assert contacts(w)[2:] == [("new@example.org", 3, False)]
    assert w.dispatcher.run_once().contacts == 0
    told = [event.kind for event in w.events.told]
    assert sorted(told) == [EventKind.BOOKED, EventKind.CONTACT_ADDED]
    finish(carry_out(wired(w), order_id(appointment)))
    assert len(contacts(w)) == 3


def test_an_order_that_two_carry_out_at_once_is_told_once() -> None:
    """R41: each may have looked before the other was done."""
    w = world()
    directory = BrokenDirectory((MARIE,))
    w = under(evolve(w, directory=directory))
    appointment = booked_with(w, email="new@example.org")
    directory.broken = False
    interrupted = InterruptedStore(w.store)
    interrupted.before_the_next_transaction(w.dispatcher.run_once)

    finish(carry_out(wired(under(w, store=interrupted)), order_id(appointment)))

    assert interrupted.runs == 1
    w.dispatcher.run_once()
    assert sorted(event.kind for event in w.events.told) == [
        EventKind.BOOKED,
        EventKind.CONTACT_ADDED,
    ]
    assert len(contacts(w)) == 3


def test_the_contacts_on_the_form_change_nothing_of_who_was_identified() -> None:
    """R32."""
    w = world()

    appointment = booked_with(w, email="jean@example.org", cell_phone="")

    assert appointment.patient_id == "p-marie"
    assert appointment.entries.contacts == (email("jean"),)


def test_an_order_for_a_file_that_is_gone_tells_nothing() -> None:
    """R41: nothing was added, and it is not tried for ever."""
    w = world()
    directory = BrokenDirectory((MARIE,))
    w = under(evolve(w, directory=directory))
    booked_with(w, email="new@example.org")
    w = under(evolve(w, directory=ob.MemoryDirectory()))
    w.dispatcher.run_once()

    assert [event.kind for event in w.events.told] == [EventKind.BOOKED]
    assert w.dispatcher.run_once().contacts == 0
