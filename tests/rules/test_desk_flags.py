"""What the desk sees of messages that did not arrive, and what it can do about them (R43, R46)."""

from datetime import timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.desk_flags import can_be_tried_again, is_settled, notices_by_flag
from omnibook.dispatch import Delivered, Dispatcher
from omnibook.ids import AppointmentId, ClinicId, FlagId, NoticeId, derived_id
from omnibook.leases import flag_of
from omnibook.ports import DueNotices, FlagsOf
from omnibook.receipts import Receipt, ReceiptStatus
from omnibook.records import Flag, FlagCode, Notice, NoticeKind, NoticeRole, NoticeState
from support.deliveries import EMAIL, PHONE, REFUSED, Way, book, dispatcher, the_notice
from support.looking import actions
from support.moves import booked, moved, tomorrow
from support.worlds import MARIE, STAFF, START, World, world

FAILED, UNDELIVERED = FlagCode.NOTICE_FAILED, FlagCode.NOTICE_UNDELIVERED


def shown(here: World, made: ob.Booked) -> list[FlagCode]:
    """The flags of the day's list; the list of the appointment's reference has the same."""
    start = made.appointment.slot.start.astimezone(here.clinic.zone)
    listed = here.desk.day(start.date(), actor=STAFF).flags
    found = here.desk.find_by_reference(made.appointment.reference, actor=STAFF)
    assert found.flags == listed
    return [each.code for each in listed]


def again(here: World, made: ob.Booked) -> object:
    return here.desk.try_again(made.appointment.appointment_id, actor=STAFF)


def never_arrived(here: World, chosen: Dispatcher, place: int = -1) -> NoticeId:
    identifier = here.notifier.sent[place].message_id
    assert chosen.note_receipt(Receipt(notice_id=identifier, status=ReceiptStatus.UNDELIVERED))
    return identifier


def test_a_message_that_went_out_after_all_is_flagged_no_more() -> None:
    """R46, R50: and staff need no more than the flag to have it tried again."""
    here = world()
    made = book(here)
    mail = Way(REFUSED)
    chosen = dispatcher(here, notifiers={PHONE: here.notifier, EMAIL: mail})
    assert chosen.run_once() == Delivered(sent=1, set_aside=1)
    assert shown(here, made) == [FAILED]

    assert again(here, made) == ob.QueuedAgain()
    assert shown(here, made) == [FAILED]
    assert chosen.run_once() == Delivered(set_aside=1)
    assert shown(here, made) == [FAILED]

    mail.fault = None
    assert again(here, made) == ob.QueuedAgain()
    assert again(here, made) == ob.NotSetAside()
    assert chosen.run_once() == Delivered(sent=1)
    assert shown(here, made) == []
    assert len(mail.got) == len(here.notifier.sent) == 1
    assert actions(here.store).count(("try-again", "desk.queued-again")) == 2


def test_what_never_arrived_can_be_sent_again() -> None:
    """R46: under the same identifier; until it is sent, and when it fails again, it is flagged."""
    here = world()
    made = book(here, 3)
    here.dispatcher.run_once()
    assert again(here, made) == ob.NotSetAside()
    identifier = never_arrived(here, here.dispatcher)
    assert shown(here, made) == [UNDELIVERED]

    assert here.desk.try_again(identifier, actor=STAFF) == ob.QueuedAgain()
    assert here.desk.try_again(identifier, actor=STAFF) == ob.NotSetAside()
    assert shown(here, made) == [UNDELIVERED]
    assert here.dispatcher.run_once().sent == 1
    assert [each.message_id for each in here.notifier.sent] == [identifier] * 2
    assert shown(here, made) == []

    never_arrived(here, here.dispatcher)
    assert shown(here, made) == [UNDELIVERED]
    assert again(here, made) == ob.QueuedAgain()
    here.dispatcher.run_once()
    delivered = Receipt(notice_id=identifier, status=ReceiptStatus.DELIVERED)
    assert here.dispatcher.note_receipt(delivered)
    assert shown(here, made) == []
    assert again(here, made) == ob.NotSetAside()


def test_a_word_that_comes_before_the_message_is_noted_as_sent_is_not_lost() -> None:
    """R46: the gateway was faster than the dispatcher."""
    here = world()
    made = book(here, 3)

    class Fast(Way):
        def send(self, message: ob.Message) -> None:
            receipt = Receipt(notice_id=message.message_id, status=ReceiptStatus.UNDELIVERED)
            assert here.dispatcher.note_receipt(receipt)

    assert dispatcher(here, notifiers={PHONE: Fast()}).run_once().sent == 1
    assert shown(here, made) == [UNDELIVERED]


def test_whom_nobody_could_write_to_is_written_to_once_somebody_can() -> None:
    """R42, R43: the confirmation, once there is a way; the reminder, once there is a contact."""
    here = world()
    made = book(here)
    assert dispatcher(here, notifiers={}).run_once() == Delivered(dropped=2)
    assert shown(here, made) == [FlagCode.NOTICE_UNREACHABLE] * 2

    assert again(here, made) == ob.QueuedAgain()
    assert here.dispatcher.run_once().sent == 2
    assert shown(here, made) == []

    here.directory.put(evolve(MARIE, contacts=()))
    here.clock.set(made.appointment.slot.start - timedelta(hours=24))
    assert here.dispatcher.run_once().dropped == 1
    assert shown(here, made) == [FlagCode.REMINDER_UNREACHABLE]
    here.directory.put(MARIE)
    assert again(here, made) == ob.QueuedAgain()
    assert here.dispatcher.run_once().sent == 1
    assert here.notifier.sent[-1].kind is NoticeKind.REMINDER
    assert shown(here, made) == []


def test_an_appointment_without_such_a_flag_has_nothing_to_try_again() -> None:
    """R46: nor has one of another identifier."""
    here = world()
    made = book(here)
    assert again(here, made) == ob.NotSetAside()
    here.dispatcher.run_once()
    assert again(here, made) == ob.NotSetAside()
    assert here.desk.try_again("nobody", actor=STAFF) == ob.NotFound()
    assert ("try-again", "desk.queued-again") not in actions(here.store)


def test_every_message_is_found_by_its_flag() -> None:
    """R42, R43, R46: of every kind, and of revisions that were."""
    here = world()
    first = booked(here)
    second = moved(here, first.link, tomorrow(60))
    last = moved(here, second.link, tomorrow(90))
    here.portal.cancel(last.link)
    here.clock.set(last.appointment.slot.start)
    _, queued = here.store.read(DueNotices(clinic_id=here.clinic.clinic_id))
    notices = [the_notice(here, each) for each in queued]
    assert {each.kind for each in notices} == set(NoticeKind)
    assert {each.revision for each in notices} >= {0, 1, 2}

    for code in (FAILED, UNDELIVERED):
        flags = {flag_of(each, code, START).flag_id: each.notice_id for each in notices}
        given = [flag_of(each, code, START) for each in notices]
        assert notices_by_flag(given, last.appointment, here.clinic) == flags
    raised = [flag_of(each, FAILED, START) for each in notices]
    others = [evolve(each, code=FlagCode.FIRST_CONTACT) for each in raised]
    assert notices_by_flag(others, last.appointment, here.clinic) == {}
    unknown = [evolve(each, flag_id=FlagId("a host's own")) for each in raised]
    assert notices_by_flag(unknown, last.appointment, here.clinic) == {}


def test_a_flag_whose_message_is_gone_is_shown() -> None:
    """R51: what is purged cannot say that it was sent."""
    here = world()
    made = book(here)
    dispatcher(here, notifiers={PHONE: here.notifier, EMAIL: Way(REFUSED)}).run_once()
    about = frozenset({made.appointment.appointment_id})
    _, (flag,) = here.store.read(FlagsOf(clinic_id=here.clinic.clinic_id, appointments=about))

    assert not is_settled(flag, None)
    assert shown(here, made) == [FAILED]


NOTICE = Notice(
    clinic_id=ClinicId("c"),
    notice_id=NoticeId("n"),
    appointment_id=AppointmentId("a"),
    kind=NoticeKind.BOOKING,
    role=NoticeRole.FORM_PHONE,
    revision=0,
    not_before=START,
)


@pytest.mark.parametrize(
    ("state", "outcome", "possible", "failed", "undelivered"),
    [
        (NoticeState.QUEUED, "", False, False, False),
        (NoticeState.QUEUED, "desk.queued-again", False, False, False),
        (NoticeState.FAILED, "notice.refused", True, False, False),
        (NoticeState.DROPPED, "notice.unreachable", True, False, False),
        (NoticeState.DROPPED, "notice.past", False, False, False),
        (NoticeState.SENT, "", False, True, False),
        (NoticeState.SENT, "receipt.undelivered", True, True, False),
        (NoticeState.SENT, "receipt.delivered", False, True, True),
        (NoticeState.SENT, "desk.queued-again", False, True, True),
    ],
)
def test_what_can_be_tried_again_and_what_is_settled(
    state: NoticeState, outcome: str, possible: bool, failed: bool, undelivered: bool
) -> None:
    """R46, R50."""
    notice = evolve(NOTICE, state=state, outcome=outcome)
    assert can_be_tried_again(notice) is possible
    for code, settled in ((FAILED, failed), (UNDELIVERED, undelivered)):
        flag = Flag(
            clinic_id=notice.clinic_id,
            flag_id=FlagId(derived_id("flag", code, notice.notice_id)),
            code=code,
            appointment_id=notice.appointment_id,
            raised_at=START,
        )
        assert is_settled(flag, notice) is settled
