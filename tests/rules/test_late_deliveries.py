"""A dispatcher that was held up looks again before it sends anything (R43, R46)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import omnibook as ob
from omnibook.dispatch import LEASE, Delivered
from omnibook.errors import StoreError
from omnibook.ids import PatientId
from omnibook.leases import PATIENCE
from omnibook.ports import ReadScope
from support.deliveries import EMAIL, PHONE, Way, book, dispatcher, the_notice
from support.looking import flags
from support.worlds import MARIE, STAFF, World, world


class Stalling(ob.MemoryDirectory):
    """Takes so long to answer, and does something else meanwhile."""

    def __init__(
        self, here: World, stall: timedelta, then: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__([MARIE])
        self.here, self.stall, self.then = here, stall, then

    def get(self, patient_id: PatientId) -> ob.Patient | None:
        self.here.clock.advance(self.stall)
        self.then()
        return super().get(patient_id)


class Away(ob.MemoryDirectory):
    """Does not answer."""

    def get(self, patient_id: PatientId) -> ob.Patient | None:
        raise StoreError("away")


def to_the_reminder(here: World, number: int | None = None) -> ob.Booked:
    booked = book(here, number)
    dispatcher(here, notifiers={PHONE: Way(), EMAIL: Way()}, events=here.events).run_once()
    here.clock.set(booked.appointment.slot.start - timedelta(hours=24))
    return booked


def test_what_another_dispatcher_sent_meanwhile_is_not_sent_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R46: the directory stalled for longer than the lease."""
    here = world()
    to_the_reminder(here)
    other = dispatcher(here)
    passes: list[Delivered] = []
    directory = Stalling(here, LEASE, lambda: passes.append(other.run_once()))

    assert dispatcher(here, directory=directory).run_once() == Delivered()
    assert passes == [Delivered(sent=1)]
    assert len(here.notifier.sent) == 1
    assert (
        f"{here.notifier.sent[0].message_id} was no longer ours before it was sent" in caplog.text
    )


def test_a_dispatcher_that_was_suspended_after_it_took_a_notice_looks_again() -> None:
    """R46: a confirmation asks no directory; it is looked at before it is sent all the same."""
    here = world()
    book(here, 8)
    other = dispatcher(here)

    class Suspended(ob.MemoryStore):
        def __init__(self) -> None:
            self.slept = False

        def read(self, query: Any) -> Any:
            if isinstance(query, ReadScope) and not self.slept:
                self.slept = True
                here.clock.advance(LEASE)
                other.run_once()
            return here.store.read(query)

        def transact(self, scope: Any, decide: Any) -> Any:
            return here.store.transact(scope, decide)

    assert dispatcher(here, store=Suspended()).run_once().sent == 0
    assert len(here.notifier.sent) == 1


def test_a_directory_and_a_notifier_that_take_all_their_time_fit_in_one_lease() -> None:
    """R46: each has its share."""
    here = world()
    to_the_reminder(here)
    plain = Way()
    other = dispatcher(here, notifiers={PHONE: plain, EMAIL: plain})

    class Slow(Way):
        def _take(self, given: object) -> None:
            here.clock.advance(PATIENCE)
            assert other.run_once() == Delivered()
            self.got.append(given)

    slow = Slow()
    directory = Stalling(here, PATIENCE)
    chosen = dispatcher(here, directory=directory, notifiers={PHONE: slow, EMAIL: slow})

    assert chosen.run_once() == Delivered(sent=1)
    assert (len(slow.got), len(plain.got)) == (1, 0)


@pytest.mark.parametrize(("spare", "sent"), [(0, 1), (-1, 0)])
def test_nothing_is_handed_over_that_could_end_after_the_lease(spare: int, sent: int) -> None:
    """R46: it is tried again later, and counted."""
    here = world()
    to_the_reminder(here)
    stall = LEASE - PATIENCE - timedelta(microseconds=spare)
    done = dispatcher(here, directory=Stalling(here, stall)).run_once()

    assert done == Delivered(sent=sent, failed=1 - sent)
    assert len(here.notifier.sent) == sent
    here.wait(minutes=1)
    assert here.dispatcher.run_once() == Delivered(sent=1 - sent)
    assert the_notice(here, here.notifier.sent[0].message_id).attempts == 2 - sent


def test_a_reminder_that_was_taken_before_the_quiet_hours_does_not_go_out_in_them() -> None:
    """R43: it is judged by the instant at which it goes out."""
    here = world()
    booked = to_the_reminder(here)
    away = dispatcher(here, directory=Away())
    assert away.run_once() == Delivered(failed=1)
    start = booked.appointment.slot.start.astimezone(here.clinic.zone)
    evening = (start - timedelta(days=1)).replace(hour=20, minute=59, second=50)
    here.clock.set(evening)

    done = dispatcher(here, directory=Stalling(here, timedelta(seconds=90))).run_once()

    # It begins when they end, so that it is too late for any reminder: staff see it.
    assert done == Delivered(dropped=1)
    assert here.notifier.sent == ()
    seen = flags(here.store, booked.appointment.appointment_id)
    assert [each.code for each in seen] == ["notice.late"]


def test_a_person_who_is_attached_to_a_file_meanwhile_is_reminded_by_that_file() -> None:
    """R15, R43: nobody is taken for unreachable, and staff see no flag."""
    here = world()
    booked = to_the_reminder(here, 3)

    class Meanwhile(ob.MemoryStore):
        def __init__(self) -> None:
            self.looks = 0

        def read(self, query: Any) -> Any:
            self.looks += isinstance(query, ReadScope)
            if self.looks == 2:
                self.looks += 1
                appointment_id = booked.appointment.appointment_id
                done = here.desk.attach(appointment_id, "p-marie", actor=STAFF)
                assert isinstance(done, ob.Attached)
            return here.store.read(query)

        def transact(self, scope: Any, decide: Any) -> Any:
            return here.store.transact(scope, decide)

    assert dispatcher(here, store=Meanwhile()).run_once() == Delivered()
    assert dispatcher(here).run_once() == Delivered(sent=1)
    assert [each.address for each in here.notifier.sent] == ["+15145550123"]
    seen = flags(here.store, booked.appointment.appointment_id)
    assert not [each for each in seen if each.code == "reminder.unreachable"]
