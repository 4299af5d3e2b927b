"""What is sent, and what is not, about an appointment that was moved (R42, R43, R45, R46)."""

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Clinic, Policies, Reminders
from omnibook.contacts import ContactSystem
from omnibook.notices import DropCode, on_move, resolve
from omnibook.records import EventKind, Notice, NoticeKind
from support.moves import DAY, booked, kept, moved, tomorrow
from support.worlds import MARIE, World, service, small_clinic, strangers_form, world

BOTH = frozenset(ContactSystem)
WEDNESDAY = tomorrow(DAY)
"""08:00; its reminder is due on the Tuesday at 08:00."""
THURSDAY = tomorrow(2 * DAY)


def sent(here: World) -> list[tuple[str, str]]:
    """What is sent now: kinds and addresses, in alphabetical order."""
    before = len(here.notifier.sent)
    here.dispatcher.run_once()
    return sorted((each.kind.value, each.address) for each in here.notifier.sent[before:])


def on(*channels: ContactSystem, **more: Any) -> Clinic:
    return small_clinic(policies=Policies(channels=frozenset(channels), **more))


def test_a_change_goes_to_the_forms_contacts_and_a_new_reminder_to_the_main_one() -> None:
    """R42, R43, R46: and nothing of the old time goes out any more."""
    here = world(on(*BOTH))
    first = booked(here, WEDNESDAY)
    assert [kind for kind, _ in sent(here)] == ["booking", "booking"]

    moved(here, first.link, THURSDAY)

    assert sent(here) == [("change", "+15145550123"), ("change", "marie@example.org")]
    here.clock.set(tomorrow().start)
    assert sent(here) == []
    here.clock.set(WEDNESDAY.start)
    assert sent(here) == [("reminder", "+15145550123")]


def test_a_booking_notice_that_never_left_gives_way_to_the_change() -> None:
    """R46: of two moves too, only what is so now is told."""
    here = world(on(*BOTH))
    first = booked(here, WEDNESDAY)
    second = moved(here, first.link, THURSDAY)
    here.wait(minutes=1)
    moved(here, second.link, tomorrow(60))

    assert [kind for kind, _ in sent(here)] == ["change", "change"]
    assert {each.kind for each in here.events.told} == {EventKind.BOOKED, EventKind.MOVED}
    changes = [each for each in here.events.told if each.kind is EventKind.MOVED]
    assert [each.revision for each in changes] == [1, 2]
    assert len({each.event_id for each in changes}) == 2


def test_a_reminder_that_would_be_due_already_is_skipped() -> None:
    """R43: not after the move, as for a booking."""
    here = world(on(*BOTH, minimum_notice=timedelta()))
    first = booked(here, THURSDAY)
    sent(here)
    here.clock.set(WEDNESDAY.start - timedelta(minutes=DAY - 1))

    moved(here, first.link, WEDNESDAY)

    assert [kind for kind, _ in sent(here)] == ["change", "change"]
    here.clock.set(WEDNESDAY.start - timedelta(minutes=1))
    assert sent(here) == []


def test_a_confirmed_presence_is_reminded_of_all_the_same() -> None:
    """R43: it reminds; the appointment tells the text that nothing has to be asked."""
    here = world(on(*BOTH))
    first = booked(here, WEDNESDAY)
    sent(here)
    here.portal.confirm_presence(first.link)
    here.clock.set(tomorrow().start)

    assert sent(here) == [("reminder", "+15145550123")]


def test_a_cancellation_after_a_move_is_told_and_nothing_else() -> None:
    """R46: neither the change that never left, nor the reminder of the new time."""
    here = world(on(*BOTH))
    first = booked(here, WEDNESDAY)
    sent(here)
    new = moved(here, first.link, THURSDAY)
    here.portal.cancel(new.link)

    assert [kind for kind, _ in sent(here)] == ["cancellation", "cancellation"]
    here.clock.set(WEDNESDAY.start)
    assert sent(here) == []


@pytest.mark.parametrize(
    "clinic",
    [
        on(),
        small_clinic(services=(service("open", 15, messages=False),)),
        small_clinic(silent_activities=frozenset({"care"})),
    ],
)
def test_what_is_silent_is_moved_silently(clinic: Clinic) -> None:
    """R42, R45."""
    here = world(clinic)
    moved(here, booked(here, WEDNESDAY).link, THURSDAY)
    here.clock.set(WEDNESDAY.start)

    assert sent(here) == []


def test_a_stranger_is_reminded_by_the_form() -> None:
    """R43."""
    here = world(on(*BOTH))
    visit = here.enter(evolve(strangers_form(7), email="seven@example.org"))
    first = here.book(visit, WEDNESDAY)
    sent(here)
    moved(here, first.link, THURSDAY)
    sent(here)
    here.clock.set(WEDNESDAY.start)

    assert sent(here) == [("reminder", "+15145550107")]


def test_nothing_is_said_of_a_move_to_what_has_begun() -> None:
    """R46: then a record is put right, by the desk."""
    here = world(on(*BOTH))
    appointment = kept(here, booked(here, WEDNESDAY))

    assert on_move(appointment, here.clinic, WEDNESDAY.start) == ()
    just = on_move(appointment, here.clinic, WEDNESDAY.start - timedelta(minutes=1))
    assert {write.notice.kind for write in just} == {NoticeKind.CHANGE}


def test_two_reminders_that_quiet_hours_bring_together_are_one() -> None:
    """R43: as at a booking."""
    reminders = Reminders(offsets=(timedelta(hours=12), timedelta(hours=11)))
    here = world(on(*BOTH, reminders=reminders))
    appointment = kept(here, booked(here, tomorrow(DAY + 60)))
    queued = [write.notice for write in on_move(appointment, here.clinic, here.clock.now())]

    assert [each.kind for each in queued] == [
        NoticeKind.CHANGE,
        NoticeKind.CHANGE,
        NoticeKind.REMINDER,
    ]


def change_of(here: World, appointment: ob.Appointment) -> Notice:
    return on_move(appointment, here.clinic, here.clock.now())[-1].notice


def test_a_change_is_looked_at_again_when_it_is_sent() -> None:
    """R42, R46: status, revision and start; it goes out in the quiet hours too."""
    here = world(on(ContactSystem.EMAIL, reminders=Reminders(offsets=())))
    first = booked(here, WEDNESDAY)
    new = moved(here, first.link, THURSDAY).appointment
    notice = change_of(here, new)
    night = here.clock.now() + timedelta(hours=16)

    def told(appointment: ob.Appointment, now: Any = night) -> object:
        return resolve(notice, appointment, MARIE, here.clinic, systems=BOTH, now=now)

    found = told(new)
    assert isinstance(found, ob.ContactPoint)
    assert found.value == "marie@example.org"
    assert told(evolve(new, revision=2)) is DropCode.OUTDATED
    assert told(new, THURSDAY.start) is DropCode.PAST
    assert told(evolve(new, messages=False)) is DropCode.SILENT
    here.portal.cancel(here.portal.move(first.link, THURSDAY).link)  # type: ignore[union-attr]
    assert told(kept(here, first)) is DropCode.STATUS_CHANGED
    nobody = resolve(notice, new, None, here.clinic, systems=(), now=night)
    assert nobody is DropCode.UNREACHABLE
