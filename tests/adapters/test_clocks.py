"""Time and chance, the recording notifier and event sink (R16, R34, R42)."""

import re
import threading
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest

from omnibook.adapters.clocks import ManualClock, RandomTokens, SystemClock
from omnibook.adapters.notifiers import RecordingEvents, RecordingNotifier
from omnibook.contacts import ContactSystem
from omnibook.errors import InvalidValue, NotifierError
from omnibook.ids import AppointmentId, EventId, NoticeId, VisitToken
from omnibook.ports import Message
from omnibook.records import Event, EventKind, NoticeKind
from omnibook.testing.samples import CLINIC, NOW


def test_the_systems_clock_is_in_utc_and_goes_on() -> None:
    first, second = SystemClock().now(), SystemClock().now()

    assert first.utcoffset() == timedelta()
    assert first <= second


def test_a_manual_clock_stands_still_until_it_is_told_to_move() -> None:
    clock = ManualClock(NOW)
    assert clock.now() == clock.now() == NOW

    clock.advance(timedelta(microseconds=1))
    assert clock.now() == NOW + timedelta(microseconds=1)
    clock.advance(timedelta())
    clock.set(NOW - timedelta(days=1))
    assert clock.now() == NOW - timedelta(days=1)


def test_a_manual_clock_is_kept_in_utc() -> None:
    clock = ManualClock(NOW.astimezone(timezone(timedelta(hours=-5))))
    assert clock.now().tzinfo is UTC

    clock.set(NOW.astimezone(timezone(timedelta(hours=9))))
    assert clock.now().tzinfo is UTC
    assert clock.now() == NOW


def test_a_manual_clock_refuses_what_is_no_instant_and_no_way_forward() -> None:
    naive = datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None)
    clock = ManualClock(NOW)

    with pytest.raises(InvalidValue, match="zone"):
        ManualClock(naive)
    with pytest.raises(InvalidValue, match="zone"):
        clock.set(naive)
    with pytest.raises(InvalidValue, match="positive"):
        clock.advance(-timedelta(microseconds=1))
    assert clock.now() == NOW


def test_visit_tokens_are_long_and_never_the_same() -> None:
    """R16: 256 random bits, in a form that a browser keeps."""
    made = {RandomTokens().visit_token() for _ in range(200)}

    assert len(made) == 200
    assert all(re.fullmatch("[A-Za-z0-9_-]{43}", each) for each in made)
    assert all(VisitToken(each).visit_id for each in made)


def test_identifiers_are_uuids_of_version_7_of_this_moment() -> None:
    made = [uuid.UUID(RandomTokens().new_id()) for _ in range(200)]

    assert len(set(made)) == 200
    assert {each.version for each in made} == {7}
    assert {each.variant for each in made} == {uuid.RFC_4122}
    assert {str(uuid.UUID(str(each))) for each in made} == {str(each) for each in made}
    instants = [(each.int >> 80) / 1000 for each in made]
    assert instants == sorted(instants)
    assert abs(SystemClock().now().timestamp() - instants[-1]) < 3600


def test_a_reference_can_be_read_out() -> None:
    """R42: no letter or digit that is taken for another."""
    made = {RandomTokens().reference() for _ in range(200)}

    assert len(made) == 200
    assert all(re.fullmatch("[2-9A-HJ-KM-NP-TV-Z]{4}-[2-9A-HJ-KM-NP-TV-Z]{4}", m) for m in made)
    assert not set("".join(made)) & set("01ILOU")


MESSAGE = Message(
    message_id=NoticeId("n"),
    kind=NoticeKind.BOOKING,
    system=ContactSystem.EMAIL,
    address="marie@example.org",
    language="fr",
    subject="a subject",
    body="a body",
)


def test_a_recording_notifier_keeps_messages_in_order_or_refuses_them() -> None:
    notifier = RecordingNotifier()
    notifier.send(MESSAGE)
    notifier.failing = True

    with pytest.raises(NotifierError):
        notifier.send(MESSAGE)
    assert list(notifier.sent) == [MESSAGE]
    notifier.failing = False
    notifier.send(MESSAGE)
    assert list(notifier.sent) == [MESSAGE, MESSAGE]


def test_recording_events_keep_what_they_are_told_from_every_thread() -> None:
    sink = RecordingEvents()
    event = Event(
        clinic_id=CLINIC,
        event_id=EventId("e"),
        kind=EventKind.BOOKED,
        appointment_id=AppointmentId("a"),
        revision=0,
        at=NOW,
        not_before=NOW,
    )
    threads = [threading.Thread(target=sink.tell, args=(event,)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sink.told == (event,) * 4
