"""How the tests of mail servers send, and how they look at what fails."""

import traceback
from datetime import timedelta
from typing import Any

import pytest

from omnibook.adapters.letters import Letterhead
from omnibook.adapters.smtp import MailServer, Security, SmtpNotifier
from omnibook.errors import NotifierError
from omnibook.ports import Message
from support.messages_to_send import message

HEAD = Letterhead(sender="rdv@clinic.example.org", name="Clinique des Érables")
SHORT = timedelta(milliseconds=800)
"""Long enough for every step before the one that is about silence."""
BRIEF = timedelta(milliseconds=100)
LONG = timedelta(seconds=30)


def server(port: int, **other: Any) -> MailServer:
    made: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": Security.PLAIN,
        "timeout": LONG,
    }
    return MailServer(**made | other)


def notifier(port: int, **other: Any) -> SmtpNotifier:
    return SmtpNotifier(server(port, **other), HEAD)


def failure(sender: SmtpNotifier, made: Message | None = None) -> tuple[str, bool, bool]:
    """The error's text, and whether it is permanent, and of all."""
    made = made or message()
    with pytest.raises(NotifierError) as caught:
        sender.send(made)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    for private in (made.address, made.subject, made.body.strip(), "marie", "secret"):
        assert private not in told
    # Nothing hangs on it, in which somebody could find what it does not say.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert caught.value.reason
    return str(caught.value), caught.value.permanent, caught.value.unavailable


LATER = (False, False)
PERMANENT = (True, False)
UNAVAILABLE = (False, True)
