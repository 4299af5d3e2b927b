"""Messages for notifiers: plain ones, and texts that try to break out of their place."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from omnibook.contacts import ContactSystem
from omnibook.invitations import CalendarMethod, Invitation
from omnibook.ports import Message
from omnibook.records import NoticeKind

EMAIL = "marie@example.org"
PHONE = "+15145550123"

NASTY = st.one_of(
    st.text(st.characters(), max_size=100),
    st.text(st.sampled_from('aé \r\n\t\0:;,<>@"\\=?.\u2028\u202e\u200dא👩\ud800-_')),
    st.sampled_from(
        [
            "x\r\nBcc: other@example.org",
            "x\n\n<p>",
            "x\r\n.\r\nMAIL FROM:<other@example.org>",
            "=?utf-8?b?DQpCY2M6IG90aGVy?=",
            "\r\n\r\n",
        ]
    ),
)


def invitation(**other: Any) -> Invitation:
    """Twenty minutes on a Thursday morning in Montréal."""
    start = datetime(2026, 11, 26, 13, 30, tzinfo=UTC)
    made: dict[str, Any] = {
        "method": CalendarMethod.REQUEST,
        "uid": "0192f0c0@erables.omnibook",
        "sequence": 0,
        "changed_at": datetime(2026, 11, 23, 12, 30, tzinfo=UTC),
        "start": start,
        "end": start + timedelta(minutes=20),
        "zone": ZoneInfo("America/Toronto"),
        "summary": "Rendez-vous, Clinique des Érables",
        "location": "12, rue Principale",
    }
    return Invitation(**made | other)


def message(**other: Any) -> Message:
    """An e-mail."""
    made: dict[str, Any] = {
        "message_id": "notice-1",
        "kind": NoticeKind.BOOKING,
        "system": ContactSystem.EMAIL,
        "address": EMAIL,
        "language": "fr",
        "subject": "Rendez-vous confirmé, jeudi 26 novembre",
        "body": "Bonjour,\n\nvotre rendez-vous est confirmé.\n",
    }
    return Message(**made | other)


def text_message(**other: Any) -> Message:
    """A text message."""
    made = {"system": ContactSystem.PHONE, "address": PHONE, "body": "Rendez-vous jeudi, 8 h 30"}
    return message(**made | other)
