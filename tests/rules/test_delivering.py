"""What cannot be delivered waits, is tried again, and in the end is set aside (R39, R43, R46)."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.delivery import PAGE
from omnibook.dispatch import LEASE, AsyncDispatcher, Delivered
from omnibook.errors import Contention, NotifierError, StoreError
from omnibook.ids import NoticeId, OrderId, PatientId
from omnibook.invitations import CalendarMethod
from omnibook.ports import Message, ReadScope, ReadSetAside
from omnibook.receipts import Receipt, ReceiptStatus
from omnibook.records import NoticeState
from omnibook.retries import FIRST_WAIT, LONGEST_WAIT, MOST_ATTEMPTS
from omnibook.transactions import Decision, PutOrder, Scope
from support.deliveries import (
    EMAIL,
    PHONE,
    REFUSED,
    THURSDAY,
    Way,
    book,
    dispatcher,
    queue,
    set_aside,
    the_notice,
)
from support.looking import actions, flags
from support.worlds import MARIE, STAFF, World, world

# Tried again, and set aside ----------------------------------------------------------------------


def test_what_fails_is_tried_ever_more_seldom_for_a_day_and_then_set_aside() -> None:
    """R46, R50: staff see it, with the reason's code."""
    here = world()
    booked = book(here, 8)
    way = Way(ValueError("no route to +15145550108"))
    chosen = dispatcher(here, notifiers={PHONE: way})
    tries: list[datetime] = []
    results = Counter[str]()
    for _ in range(30 * 60):
        asked = way.asked
        done = chosen.run_once()
        results.update(failed=done.failed, set_aside=done.set_aside)
        if way.asked > asked:
            tries.append(here.clock.now())
        here.wait(minutes=1)

    gaps = [two - one for one, two in pairwise(tries)]
    assert len(tries) == way.asked == MOST_ATTEMPTS
    assert gaps[0] <= 2 * FIRST_WAIT
    assert gaps[:6] == sorted(gaps[:6])
    assert LONGEST_WAIT * 3 / 4 <= max(gaps) <= LONGEST_WAIT + timedelta(minutes=1)
    assert timedelta(hours=17) < tries[-1] - tries[0] < timedelta(hours=25)
    assert results == {"failed": MOST_ATTEMPTS - 1, "set_aside": 1}
    ((identifier, code),) = set_aside(here)
    assert code == "notice.exhausted"
    assert the_notice(here, identifier).state is NoticeState.FAILED
    seen = flags(here.store, booked.appointment.appointment_id)
    assert [each.code for each in seen] == ["notice.failed"]
    assert actions(here.store).count(("notice", "notice.exhausted")) == 1


def test_what_is_refused_for_good_is_set_aside_at_once() -> None:
    """R46: and the other recipient's notice goes out."""
    here = world()
    booked = book(here)
    chosen = dispatcher(here, notifiers={PHONE: Way(REFUSED), EMAIL: here.notifier})

    assert chosen.run_once() == Delivered(sent=1, set_aside=1)
    assert [code for _, code in set_aside(here)] == ["notice.refused"]
    seen = flags(here.store, booked.appointment.appointment_id)
    assert [each.code for each in seen] == ["notice.failed"]
    here.wait(hours=2)
    assert chosen.run_once() == Delivered()


def test_staff_can_have_it_tried_again() -> None:
    """R46: it starts anew, and goes out once."""
    here = world()
    book(here, 8)
    dispatcher(here, notifiers={PHONE: Way(REFUSED)}).run_once()
    ((identifier, _),) = set_aside(here)

    assert isinstance(here.desk.try_again(identifier, actor=STAFF), ob.QueuedAgain)
    assert here.dispatcher.run_once().sent == 1
    assert set_aside(here) == []
    assert the_notice(here, identifier).outcome == ""


def test_a_piece_that_kills_whoever_tries_it_is_set_aside_too() -> None:
    """R46: the attempt is counted before it is made."""
    here = world()
    book(here, 8)

    class PowerCut(BaseException):
        pass

    way = Way(PowerCut())
    chosen = dispatcher(here, notifiers={PHONE: way})
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(PowerCut):
            chosen.run_once()
        here.clock.advance(LEASE)

    assert chosen.run_once() == Delivered(set_aside=1)
    assert way.asked == MOST_ATTEMPTS
    assert [code for _, code in set_aside(here)] == ["notice.exhausted"]


def test_events_and_orders_are_set_aside_without_a_flag() -> None:
    """R39, R41: nobody at the desk can mend the host's systems; both are listed for a retry."""
    here = world()

    class Refusing(ob.MemoryDirectory):
        def append_contacts(self, *given: Any, **more: Any) -> Any:
            raise NotifierError("never", permanent=True)

    directory = Refusing([MARIE])
    here.portal = ob.Portal(here.clinic, store=here.store, directory=directory, keys=here.keys)
    token = here.enter()
    page = here.portal.find(token, "open", THURSDAY)
    assert isinstance(page, ob.Page)
    form = ob.BookingForm("why", email="new@example.org")
    held = here.portal.review(token, page.slots[0], form)
    assert isinstance(held, ob.Held)
    booked = here.portal.book(token, held.hold_id)
    assert isinstance(booked, ob.Booked)
    chosen = dispatcher(here, directory=directory, events=Way(REFUSED))

    assert chosen.run_once() == Delivered(sent=2, set_aside=2)
    _, aside = here.store.read(ReadSetAside(clinic_id=here.clinic.clinic_id))
    assert (len(aside.orders), len(aside.events)) == (1, 1)
    assert flags(here.store, booked.appointment.appointment_id) == ()
    assert ("order", "order.refused") in actions(here.store)
    assert ("event", "event.refused") in actions(here.store)


def test_contacts_that_were_added_after_all_are_not_given_up() -> None:
    """R41: whoever carried the order out says so, though it was set aside meanwhile."""
    here = world()

    class Slow(ob.MemoryDirectory):
        away = True

        def append_contacts(self, patient_id: PatientId, points: Any, *, order_id: OrderId) -> Any:
            if self.away:
                raise ConnectionError
            scope = Scope(clinic_id=here.clinic.clinic_id, order=order_id)
            order = here.store.read(ReadScope(scope))[1].order
            assert order is not None
            given_up = PutOrder(evolve(order, failed=True))
            here.store.transact(scope, lambda _: Decision(None, (given_up,)))
            return super().append_contacts(patient_id, points, order_id=order_id)

    directory = Slow([MARIE])
    here.portal = ob.Portal(here.clinic, store=here.store, directory=directory, keys=here.keys)
    token = here.enter()
    held = here.portal.review(
        token, here.slots(token)[0], ob.BookingForm("why", email="new@example.org")
    )
    assert isinstance(held, ob.Held)
    here.portal.book(token, held.hold_id)
    directory.away = False

    assert dispatcher(here, directory=directory).run_once().contacts == 1
    _, aside = here.store.read(ReadSetAside(clinic_id=here.clinic.clinic_id))
    assert aside.orders == ()


def test_a_late_word_after_the_lease_changes_nothing() -> None:
    """R46: the piece is another dispatcher's by then."""
    here = world()
    book(here, 8)
    other = dispatcher(here)

    class Slow(Way):
        def _take(self, given: object) -> None:
            # Longer than its lease; another dispatcher delivers meanwhile.
            here.clock.advance(LEASE)
            assert other.run_once().sent == 1
            raise REFUSED

    done = dispatcher(here, notifiers={PHONE: Slow()}).run_once()

    assert done.set_aside == 0
    assert set_aside(here) == []
    assert actions(here.store).count(("notice", "sent")) == 1
    assert ("notice", "notice.refused") not in actions(here.store)


def test_what_was_handed_over_after_the_lease_went_out_twice_with_one_identifier(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R46: and the log says so."""
    here = world()
    book(here, 8)
    other = dispatcher(here)

    class Slow(Way):
        def _take(self, given: object) -> None:
            here.clock.advance(LEASE)
            assert other.run_once().sent == 1
            self.got.append(given)

    way = Slow()
    assert dispatcher(here, notifiers={PHONE: way}).run_once().sent == 1
    (mine,), (theirs,) = way.got, here.notifier.sent
    assert mine.message_id == theirs.message_id
    assert f"{mine.message_id} was no longer ours when it ended as sent" in caplog.text
    assert actions(here.store).count(("notice", "sent")) == 1


# The directory, the store ------------------------------------------------------------------------


class Away(ob.MemoryDirectory):
    """Does not answer."""

    def get(self, patient_id: PatientId) -> ob.Patient | None:
        raise StoreError("away")


def test_a_directory_that_is_away_holds_up_no_confirmation() -> None:
    """R42: only the reminder asks it (R43)."""
    here = world()
    booked = book(here)

    chosen = dispatcher(here, directory=Away())
    assert chosen.run_once() == Delivered(sent=2)
    here.clock.set(booked.appointment.slot.start - timedelta(hours=24))
    assert chosen.run_once() == Delivered(failed=1)
    here.wait(minutes=1)
    assert here.dispatcher.run_once().sent == 1


class Failing(ob.MemoryStore):
    """Passes on to the world's store, but for the calls of which ``fails`` says so."""

    def __init__(
        self,
        here: World,
        fails: Callable[[int], bool],
        fault: Exception = Contention("lost too often"),  # noqa: B008 - never changed
    ) -> None:
        self.here, self.fails, self.fault, self.calls = here, fails, fault, 0

    def read(self, query: Any) -> Any:
        return self.here.store.read(query)

    def transact(self, scope: Any, decide: Any) -> Any:
        self.calls += 1
        if self.fails(self.calls):
            raise self.fault
        return self.here.store.transact(scope, decide)


def test_one_piece_that_the_store_fails_does_not_stop_the_others() -> None:
    """R46."""
    here = world()
    book(here)
    done = dispatcher(here, store=Failing(here, lambda call: call == 1)).run_once()

    assert done == Delivered(sent=1, failed=1)
    assert here.dispatcher.run_once().sent == 1


def test_a_row_that_nobody_can_read_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R46: neither where it is taken nor where its end is noted, however many there are."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    queue(here, booked, 8)

    # Four cannot be taken; of the fifth the end cannot be noted.
    unreadable = ValueError("not a moment: marie@example.org")
    garbled = Failing(here, lambda call: call <= 4 or call == 6, unreadable)

    assert dispatcher(here, store=garbled).run_once() == Delivered(sent=3, failed=5)
    assert "more-0003 could not be taken: ValueError" in caplog.text
    assert "more-0004 could not be noted: ValueError" in caplog.text
    assert "marie" not in caplog.text
    assert here.dispatcher.run_once() == Delivered(sent=4)


def test_a_store_that_fails_several_pieces_in_a_row_ends_the_pass() -> None:
    """R46: each costs a wait; what was done is done."""
    here = world()
    booked = book(here)
    queue(here, booked, 10)
    broken = Failing(here, lambda call: call > 2)

    with pytest.raises(StoreError):
        dispatcher(here, store=broken).run_once()
    assert broken.calls == 2 + 3
    assert len(here.notifier.sent) == 1


def test_what_was_sent_is_noted_though_the_store_needs_to_be_asked_twice() -> None:
    """R46: what is not noted would go out again."""
    here = world()
    book(here, 8)
    done = dispatcher(here, store=Failing(here, lambda call: call in {2, 3})).run_once()

    assert done == Delivered(sent=1)
    here.clock.advance(LEASE)
    assert here.dispatcher.run_once().sent == 0


def test_what_could_not_be_noted_comes_again_with_the_same_identifier(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R46."""
    here = world()
    book(here, 8)
    with caplog.at_level(logging.WARNING):
        done = dispatcher(here, store=Failing(here, lambda call: call > 1)).run_once()
    here.clock.advance(LEASE)
    here.dispatcher.run_once()

    assert done == Delivered(failed=1)
    assert "could not be noted: Contention" in caplog.text
    one, two = here.notifier.sent
    assert one.message_id == two.message_id


def test_a_full_page_of_failures_is_no_reason_to_go_on_at_once() -> None:
    """R46: a broken notifier is not asked in a circle; a page with news in it goes on."""
    here = world()
    booked = book(here)
    queue(here, booked, 2 * PAGE)
    chosen = dispatcher(here, notifiers={EMAIL: Way(ValueError()), PHONE: here.notifier})
    done = [chosen.run_once() for _ in range(3)]

    # The phone's notice is among the first hundred; all others fail.
    assert done == [
        Delivered(sent=1, failed=PAGE - 1, more=True),
        Delivered(failed=PAGE),
        Delivered(failed=2),
    ]


def test_a_pass_that_is_told_to_stop_ends_after_the_piece_at_hand() -> None:
    """R46: and what is left is due as before."""
    here = world()
    booked = book(here)
    queue(here, booked, 10)
    chosen = dispatcher(here, events=here.events)

    done = chosen.run_once(lambda: len(here.notifier.sent) >= 3)

    assert done == Delivered(sent=3)
    assert chosen.run_once(lambda: True) == Delivered()
    assert chosen.run_once() == Delivered(sent=9, told=1)


# What a message holds ----------------------------------------------------------------------------


def test_an_e_mail_brings_the_calendar_up_to_date_and_a_text_message_does_not() -> None:
    """R46, R49: the booking asks, the cancellation takes back, a reminder changes nothing."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    here.clock.set(booked.appointment.slot.start - timedelta(hours=24))
    marie = here.directory.get(PatientId("p-marie"))
    assert marie is not None
    mail_first = tuple(evolve(p, rank=3 - p.rank) for p in reversed(marie.contacts))
    here.directory.put(evolve(marie, contacts=mail_first))
    here.dispatcher.run_once()
    here.portal.cancel(booked.link)
    here.dispatcher.run_once()

    made = [
        (each.kind, each.system, each.invitation and each.invitation.method)
        for each in sorted(here.notifier.sent, key=lambda each: (each.kind, each.system))
    ]
    assert made == [
        ("booking", EMAIL, CalendarMethod.REQUEST),
        ("booking", PHONE, None),
        ("cancellation", EMAIL, CalendarMethod.CANCEL),
        ("cancellation", PHONE, None),
        ("reminder", EMAIL, None),
    ]
    for each in here.notifier.sent:
        assert bool(each.html) is (each.system is EMAIL)
        if each.invitation is not None:
            assert each.invitation.summary == "appointment (fr)"
            assert each.invitation.sequence == (each.kind == "cancellation")
            assert each.invitation.start == booked.appointment.slot.start


# Receipts ----------------------------------------------------------------------------------------


def test_the_gateways_receipt_is_kept_and_staff_see_what_never_arrived() -> None:
    """R46: told again, or of nobody's message, it changes nothing."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    by_way = {each.system: each.message_id for each in here.notifier.sent}

    def tell(system: ob.ContactSystem, status: ReceiptStatus) -> bool:
        receipt = Receipt(notice_id=by_way[system], status=status)
        return here.dispatcher.note_receipt(receipt)

    assert tell(PHONE, ReceiptStatus.DELIVERED)
    assert not tell(PHONE, ReceiptStatus.DELIVERED)
    assert tell(EMAIL, ReceiptStatus.UNDELIVERED)
    assert not tell(EMAIL, ReceiptStatus.UNDELIVERED)

    assert the_notice(here, by_way[PHONE]).outcome == "receipt.delivered"
    assert the_notice(here, by_way[EMAIL]).outcome == "receipt.undelivered"
    seen = flags(here.store, booked.appointment.appointment_id)
    assert [each.code for each in seen] == ["notice.undelivered"]
    lines = [code for _, code in actions(here.store) if code.startswith("receipt")]
    assert lines == ["receipt.delivered", "receipt.undelivered"]


@pytest.mark.parametrize("name", ["nobody's", "", "\ud800", "x" * 10_000])
def test_a_receipt_of_an_unknown_message_changes_nothing(name: str) -> None:
    """R46."""
    here = world()
    book(here)
    receipt = Receipt(notice_id=NoticeId(name), status=ReceiptStatus.DELIVERED)
    before = actions(here.store)

    assert not here.dispatcher.note_receipt(receipt)
    assert actions(here.store) == before


def test_a_receipt_before_our_own_word_spares_a_repeat() -> None:
    """R46: whoever sent it died before it could note so."""
    here = world()
    book(here, 8)

    class PowerCut(BaseException):
        pass

    class Dying(Way):
        def _take(self, given: Any) -> None:
            self.got.append(given)
            raise PowerCut

    way = Dying()
    with pytest.raises(PowerCut):
        dispatcher(here, notifiers={PHONE: way}).run_once()
    receipt = Receipt(notice_id=way.got[0].message_id, status=ReceiptStatus.DELIVERED)
    here.dispatcher.note_receipt(receipt)
    here.clock.advance(LEASE)

    assert here.dispatcher.run_once().sent == 0
    assert the_notice(here, receipt.notice_id).state is NoticeState.SENT


def test_the_awaited_dispatcher_does_the_same() -> None:
    """R46."""
    here = world()
    assert isinstance(here.store, ob.MemoryStore)
    booked = book(here)

    class AsyncWay:
        async def send(self, message: Message) -> None:
            await asyncio.sleep(0)
            if message.system is EMAIL:
                raise REFUSED

    chosen = AsyncDispatcher(
        here.clinic,
        store=ob.AsyncMemoryStore(over=here.store),
        directory=here.directory,
        keys=here.keys,
        notifiers={PHONE: AsyncWay(), EMAIL: AsyncWay()},
    )

    async def deliver() -> tuple[Delivered, Delivered, bool]:
        stopped = await chosen.run_once(lambda: True)
        done = await chosen.run_once()
        ((name, _),) = set_aside(here)
        receipt = Receipt(notice_id=NoticeId(name), status=ReceiptStatus.DELIVERED)
        return stopped, done, await chosen.note_receipt(receipt)

    assert asyncio.run(deliver()) == (Delivered(), Delivered(sent=1, set_aside=1), True)
    seen = flags(here.store, booked.appointment.appointment_id)
    assert [each.code for each in seen] == ["notice.failed"]
