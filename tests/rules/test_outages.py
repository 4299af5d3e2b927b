"""A service that is down costs those that go another way nothing (R39, R46)."""

from datetime import timedelta
from typing import Any

import pytest

import omnibook as ob
from omnibook.clinic import Policies, Reminders
from omnibook.delivery import PAGE, SHARE
from omnibook.dispatch import Delivered
from omnibook.errors import NotifierError, StoreError
from omnibook.outages import LONGEST_REST, REFUSED_IN_A_ROW, SLOW, Outages, Rest
from omnibook.ports import DueNotices, Message, ReadScope
from omnibook.records import NoticeState
from omnibook.retries import FIRST_WAIT
from support.deliveries import (
    DOWN,
    EMAIL,
    PHONE,
    REFUSED,
    Way,
    book,
    dispatcher,
    queue,
    set_aside,
    the_notice,
)
from support.looking import flags
from support.worlds import World, small_clinic, world


def test_one_message_asks_after_a_service_that_is_down_and_the_others_wait() -> None:
    """R46: what waits is not tried, and what goes another way goes out at once."""
    here = world()
    booked = book(here)
    queue(here, booked, 3 * PAGE)
    mail = Way(DOWN)
    chosen = dispatcher(here, notifiers={PHONE: here.notifier, EMAIL: mail}, events=here.events)
    passes = 0
    while (done := chosen.run_once()).more:
        passes += 1
        assert done.sent + done.failed + done.waiting == PAGE

    assert mail.asked == 1
    assert [message.system for message in here.notifier.sent] == [PHONE]
    assert len(here.events.told) == 1
    assert passes == 3
    _, due = here.store.read(DueNotices(clinic_id=here.clinic.clinic_id))
    assert due == ()
    assert sum(the_notice(here, f"more-{n:04}").attempts for n in range(3 * PAGE)) <= 1


def test_after_an_hour_without_a_mail_server_everything_arrives_and_little_was_tried() -> None:
    """R46: bookings go on, each piece is tried a few times at most."""
    here = world()
    booked = book(here)
    queue(here, booked, 150)
    mail = Way(DOWN)
    chosen = dispatcher(here, notifiers={PHONE: here.notifier, EMAIL: mail})
    for minute in range(60):
        if minute % 6 == 0:
            book(here, minute // 6 + 1)
        while chosen.run_once().more:
            pass
        here.wait(minutes=1)
    phones = len(here.notifier.sent)
    tries = mail.asked
    mail.fault = None
    here.clock.advance(LONGEST_REST)
    while chosen.run_once().more:
        pass

    assert phones == 11
    assert 5 <= tries <= 12
    assert len(mail.got) == 151
    assert len({message.message_id for message in mail.got}) == 151
    assert set_aside(here) == []


def test_a_host_that_cannot_be_reached_is_asked_once() -> None:
    """R39."""
    here = world()
    for number in range(5):
        book(here, number + 1)
    host = Way(DOWN)
    chosen = dispatcher(here, events=host)

    assert chosen.run_once() == Delivered(sent=5, failed=1, waiting=4)
    host.fault = None
    here.clock.advance(FIRST_WAIT)
    # The one that asked is a little behind those that waited.
    assert chosen.run_once().told == 4
    here.wait(seconds=1)
    assert chosen.run_once().told == 1
    assert host.asked == 6


def test_an_outage_rests_longer_each_time_and_is_over_when_something_goes_through() -> None:
    """R46."""
    now = world().clock.now()
    outages = Outages()
    assert outages.rest("email", now) is None
    rests = []
    for _ in range(8):
        outages.begin("email", now)
        until = outages.rest("email", now)
        assert until is not None
        rests.append((until - now) // timedelta(minutes=1))
        assert outages.rest("phone", now) is None
        assert outages.rest("email", until) is None
        now = until

    assert rests == [1, 2, 4, 8, 10, 10, 10, 10]
    # A clock that is set back does not make it wait for the old time.
    assert outages.rest("email", now - timedelta(hours=3)) is None
    assert outages.end("email")
    assert not outages.end("email")
    assert outages.begin("email", now) == Rest(now + FIRST_WAIT, is_news=True)
    assert not outages.begin("email", now).is_news


def test_the_next_outage_begins_with_a_short_rest_again() -> None:
    """R46: what was before it was over counts no more."""
    here = world()
    booked = book(here)
    mail = Way(DOWN)
    chosen = dispatcher(here, notifiers={PHONE: here.notifier, EMAIL: mail})
    for _ in range(4):
        chosen.run_once()
        here.clock.advance(LONGEST_REST)
    mail.fault = None
    assert chosen.run_once().sent == 1
    mail.fault = DOWN
    queue(here, booked, 3)
    assert chosen.run_once() == Delivered(failed=1, waiting=2)
    mail.fault = None
    here.clock.advance(FIRST_WAIT + timedelta(seconds=1))

    assert chosen.run_once().sent == 3


def test_new_pieces_never_wait_behind_old_ones_that_keep_failing() -> None:
    """R46: however many there are."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    queue(here, booked, 2 * PAGE + 50, name="old")

    class Fussy(Way):
        def _take(self, given: Any) -> None:
            if given.message_id.startswith("old"):
                raise NotifierError("not now")
            self.got.append(given)

    mail = Fussy()
    chosen = dispatcher(here, notifiers={EMAIL: mail})
    for hour in range(12):
        queue(here, booked, 1, name=f"new-{hour}")
        # The old ones of one page come first once; then they wait, and it is the new one's turn.
        for _ in range(4):
            chosen.run_once()
        assert mail.got[-1].message_id == f"new-{hour}-0000"
        here.wait(minutes=61)

    assert len(mail.got) == 12


# Ways that say nothing of an outage --------------------------------------------------------------


class Hanging(Way):
    """Takes its time, and then fails, or not."""

    def __init__(self, here: World, fault: Exception | None, seconds: int = 60) -> None:
        super().__init__(fault)
        self.here, self.seconds = here, seconds

    def _take(self, given: object) -> None:
        self.here.wait(seconds=self.seconds)
        super()._take(given)


def test_a_server_that_hangs_holds_up_those_that_go_another_way_for_minutes_only() -> None:
    """R46: though it never says that it cannot be reached; a hundred of its messages come first."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    queue(here, booked, PAGE)
    here.wait(seconds=1)
    book(here, 7)
    began, arrived = here.clock.now(), []

    class Phone(Way):
        def _take(self, given: object) -> None:
            arrived.append(here.clock.now() - began)

    mail = Hanging(here, TimeoutError())
    chosen = dispatcher(here, notifiers={PHONE: Phone(), EMAIL: mail})
    for _ in range(10):
        chosen.run_once()
        here.wait(seconds=2)

    assert len(arrived) == 1
    assert arrived[0] < timedelta(minutes=5)
    # Once it is known, each rest costs one hang.
    assert mail.asked <= 5


def test_two_slow_failures_in_a_row_are_an_outage_and_quick_ones_are_not() -> None:
    """R46: an answer that refuses comes soon, and says that somebody is there."""
    now, plain = world().clock.now(), NotifierError("later")
    outages, quick = Outages(), SLOW - timedelta(microseconds=1)

    assert [outages.fail("email", plain, quick, now) for _ in range(9)] == [None] * 9
    assert outages.fail("email", plain, SLOW, now) is None
    assert outages.fail("phone", plain, SLOW, now) is None
    assert outages.fail("email", plain, quick, now) is None
    assert outages.fail("email", plain, SLOW, now) is None
    assert not outages.end("email")
    assert outages.fail("email", plain, SLOW, now) is None
    assert outages.fail("email", plain, SLOW, now) == Rest(now + FIRST_WAIT, is_news=True)
    # After the rest one is enough.
    later = now + FIRST_WAIT
    assert outages.fail("email", plain, SLOW, later) == Rest(later + 2 * FIRST_WAIT, is_news=False)
    assert outages.end("email")
    assert outages.fail("email", plain, SLOW, later) is None


def test_a_server_that_refuses_everybody_is_down_and_what_it_refused_then_is_kept() -> None:
    """R46: five in a row are set aside, the others arrive when it knows us again."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    queue(here, booked, 40)
    mail = Way(REFUSED)
    chosen = dispatcher(here, notifiers={EMAIL: mail})
    for _ in range(240):
        chosen.run_once()
        here.wait(minutes=1)

    believed = REFUSED_IN_A_ROW - 1
    assert len(set_aside(here)) == believed
    assert mail.asked < 40
    mail.fault = None
    here.wait(hours=2)
    assert chosen.run_once().sent == 40 - believed
    # One that goes through between them shows that the server is well.
    outages = Outages()
    for _ in range(3 * REFUSED_IN_A_ROW):
        assert outages.fail("email", REFUSED, timedelta(), here.clock.now()) is None
        outages.end("email")


def test_a_pass_is_over_after_its_share_and_the_next_one_goes_on() -> None:
    """R46: each sort has one; a server that is slow but takes everything holds up no event."""
    here = world()
    booked = book(here)
    queue(here, booked, 20)
    mail = Hanging(here, None, seconds=25)
    chosen = dispatcher(here, notifiers={EMAIL: mail, PHONE: here.notifier}, events=here.events)
    began = here.clock.now()
    first = chosen.run_once()

    assert SHARE <= here.clock.now() - began < SHARE + timedelta(seconds=25)
    assert first.more
    assert first.told == 1
    while chosen.run_once().more:
        pass
    assert len(mail.got) == 21


def test_a_rest_begins_when_the_way_was_found_down() -> None:
    """R46: not when the piece was taken."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    queue(here, booked, 2)
    mail = Hanging(here, DOWN, seconds=90)
    chosen = dispatcher(here, notifiers={EMAIL: mail})

    assert chosen.run_once() == Delivered(failed=1)
    assert chosen.run_once() == Delivered(waiting=1)
    here.wait(seconds=59)
    assert chosen.run_once() == Delivered()
    assert mail.asked == 1


def test_what_waits_for_a_way_costs_one_write_a_rest() -> None:
    """R46: it is neither taken nor looked at; only a reminder has to be asked whom it is for."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    queue(here, booked, 50)
    calls: list[str] = []

    class Counting(ob.MemoryStore):
        def __init__(self) -> None:
            pass

        def read(self, query: Any) -> Any:
            calls.append(type(query).__name__)
            return here.store.read(query)

        def transact(self, scope: Any, decide: Any) -> Any:
            calls.append("transact")
            return here.store.transact(scope, decide)

    chosen = dispatcher(here, notifiers={EMAIL: Way(DOWN)}, store=Counting())
    assert chosen.run_once() == Delivered(failed=1, waiting=49)

    # One was tried: taken, looked at before and after, and noted.
    assert calls.count("transact") == 49 + 2
    assert calls.count("ReadScope") == 2


def test_reminders_wait_for_a_way_too() -> None:
    """R43, R46: though whom they are for has to be asked first."""
    here = world()
    first, _ = book(here, 7), book(here, 8)
    here.dispatcher.run_once()
    here.clock.set(first.appointment.slot.start - timedelta(hours=23))
    text = Way(DOWN)
    chosen = dispatcher(here, notifiers={PHONE: text})

    assert chosen.run_once() == Delivered(failed=1, waiting=1)
    text.fault = None
    here.clock.advance(FIRST_WAIT + timedelta(seconds=1))
    assert chosen.run_once() == Delivered(sent=2)


# What staff and the log see ----------------------------------------------------------------------


def test_an_outage_gives_nothing_up_and_what_came_too_late_is_flagged() -> None:
    """R46: a wrong password for days; staff see each message that was never sent."""
    here = world()
    booked = book(here)
    queue(here, booked, 40)
    chosen = dispatcher(here, notifiers={PHONE: here.notifier, EMAIL: Way(DOWN)})
    for _ in range(4 * 24 * 6):
        while chosen.run_once().more:
            pass
        here.wait(minutes=10)

    assert set_aside(here) == []
    seen = flags(here.store, booked.appointment.appointment_id)
    assert [each.code for each in seen] == ["notice.late"] * 41
    late = the_notice(here, "more-0007")
    assert (late.state, late.outcome) == (NoticeState.DROPPED, "notice.past")


def test_a_reminder_that_fails_in_the_last_minute_before_the_quiet_hours_is_flagged() -> None:
    """R43: the appointment begins soon after they end, so that it is not sent at all."""
    reminders = Reminders(offsets=(timedelta(hours=12),))
    here = world(small_clinic(policies=Policies(reminders=reminders)))
    token = here.enter()
    page = here.portal.find(token, "open", ob.Preference(first_date="2026-03-05"))
    assert isinstance(page, ob.Page)
    booked = here.book(token, page.slots[0])
    here.dispatcher.run_once()
    due = booked.appointment.slot.start - timedelta(hours=11, minutes=1)
    assert here.dispatcher.run_once() == Delivered()
    here.clock.set(due)
    way = Way(NotifierError("later"))
    chosen = dispatcher(here, notifiers={PHONE: way, EMAIL: way})

    assert chosen.run_once() == Delivered(failed=1)
    here.wait(minutes=1)
    assert chosen.run_once() == Delivered(dropped=1)
    seen = flags(here.store, booked.appointment.appointment_id)
    assert [each.code for each in seen] == ["notice.late"]


def test_the_log_says_why_and_when_an_outage_begins_and_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R50: in words of the notifier's own; once each."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    queue(here, booked, 3)
    mail = Way(NotifierError("to marie@example.org", unavailable=True, reason="smtp AUTH 535"))
    chosen = dispatcher(here, notifiers={EMAIL: mail})
    for _ in range(5):
        chosen.run_once()
        here.clock.advance(LONGEST_REST)
    mail.fault = None
    chosen.run_once()

    lines = [record.getMessage() for record in caplog.records]
    assert "more-0000 was not delivered (attempt 1): smtp AUTH 535" in lines
    assert lines.count("email is down: what goes that way waits") == 1
    assert lines.count("email works again") == 1
    assert "marie" not in caplog.text


def test_an_outage_of_the_store_meanwhile_hides_no_outage_of_the_way() -> None:
    """R46: the rest then counts from when the piece was taken."""
    here = world()
    booked = book(here)
    here.dispatcher.run_once()
    queue(here, booked, 3)

    class Flaky(ob.MemoryStore):
        def __init__(self) -> None:
            self.away = False

        def read(self, query: Any) -> Any:
            if self.away and isinstance(query, ReadScope):
                self.away = False
                raise StoreError("away")
            return here.store.read(query)

        def transact(self, scope: Any, decide: Any) -> Any:
            return here.store.transact(scope, decide)

    store = Flaky()

    class Down(Way):
        def send(self, message: Message) -> None:
            store.away = True
            raise DOWN

    chosen = dispatcher(here, notifiers={EMAIL: Down()}, store=store)
    assert chosen.run_once() == Delivered(failed=1, waiting=2)
