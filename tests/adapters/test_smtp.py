"""E-mails handed to a real mail server, which also refuses, puts off, hangs and drops the line."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings

from omnibook.adapters.smtp import AsyncSmtpNotifier
from omnibook.errors import NotifierError
from omnibook.ids import NoticeId
from omnibook.ports import Message
from omnibook.testing import check_notifier
from omnibook.testing.notifiers import AnyNotifier
from support.mail_sending import (
    BRIEF,
    HEAD,
    LATER,
    LONG,
    PERMANENT,
    SHORT,
    UNAVAILABLE,
    failure,
    notifier,
    server,
)
from support.mail_servers import DROP, HANG, MailHost, Taken, unused_port
from support.messages_to_send import EMAIL, NASTY, invitation, message

MAIL_ONLY = (message().system,)

# What arrives -----------------------------------------------------------------------------------


def test_a_message_arrives_as_it_was_written(host: MailHost) -> None:
    made = message(html="<p>Bonjour</p>", invitation=invitation())

    notifier(host.port).send(made)

    (taken,) = host.taken
    assert (taken.sender, taken.recipients) == ("rdv@clinic.example.org", (EMAIL,))
    assert taken.greeted_by == "clinic.example.org"
    assert taken.mail["Subject"] == made.subject
    assert taken.mail["To"] == EMAIL
    body = taken.mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == made.body
    assert [part.get_content_type() for part in taken.mail.walk()][-2:] == [
        "text/calendar",
        "application/ics",
    ]


@given(NASTY, NASTY, NASTY)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_becomes_a_command(host: MailHost, subject: str, body: str, html: str) -> None:
    """R49: one message to one recipient, whatever its texts hold."""
    host.taken.clear()

    notifier(host.port).send(message(subject=subject, body=body, html=html))

    (taken,) = host.taken
    assert taken.recipients == (EMAIL,)
    assert taken.mail.get_all("Bcc") is None


@pytest.mark.parametrize(
    "body", ["a\n.\nMAIL FROM:<x@example.org>\n", ".\n", "..a\n", "\r\n.\r\nQUIT\r\n"]
)
def test_a_full_stop_alone_on_a_line_ends_nothing(host: MailHost, body: str) -> None:
    notifier(host.port).send(message(body=body))

    (taken,) = host.taken
    plain = taken.mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == body.replace("\r\n", "\n")


def test_a_repeat_carries_the_same_message_id(host: MailHost) -> None:
    """R46."""
    sender = notifier(host.port)

    sender.send(message())
    sender.send(message())
    sender.send(message(message_id="notice-2"))

    ids = [taken.mail["Message-ID"] for taken in host.taken]
    assert ids[0] == ids[1] == "<notice-1@clinic.example.org>"
    assert ids[2] == "<notice-2@clinic.example.org>"


def test_several_threads_may_send_at_once(host: MailHost) -> None:
    sender = notifier(host.port)
    made = [message(message_id=f"notice-{number}") for number in range(20)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sender.send, made))

    assert {taken.mail["Message-ID"] for taken in host.taken} == {
        HEAD.message_id(each.message_id) for each in made
    }


# The conformance kit ----------------------------------------------------------------------------


def as_sent(taken: Taken) -> Message:
    plain = taken.mail.get_body(("plain",))
    assert plain is not None
    name = str(taken.mail["Message-ID"]).strip("<>").rpartition("@")[0]
    return message(message_id=NoticeId(name), body=plain.get_content())


def test_it_keeps_the_laws_of_a_notifier(host: MailHost) -> None:
    """R46."""
    dead = unused_port()

    def make(working: bool) -> AnyNotifier:
        return notifier(host.port if working else dead)

    def make_async(working: bool) -> AnyNotifier:
        return AsyncSmtpNotifier(server(host.port if working else dead), HEAD)

    check_notifier(make, systems=MAIL_ONLY)
    check_notifier(make_async, systems=MAIL_ONLY)
    assert {as_sent(taken).message_id for taken in host.taken} > {"notice-0", "notice-1", "x"}


# What the server refuses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        # This recipient, or this message.
        ("RCPT", "550 5.1.1 marie@example.org: no such user", PERMANENT),
        ("RCPT", "553 5.1.3 bad address syntax", PERMANENT),
        ("DATA", "554 5.7.1 no", PERMANENT),
        ("END", "550 5.7.1 marie@example.org does not want it", PERMANENT),
        ("END", "552 5.3.4 too big", PERMANENT),
        ("MAIL", "552 5.3.4 too big", PERMANENT),
        ("MAIL", "555 5.5.4 parameter not known", PERMANENT),
        # Not now.
        ("RCPT", "450 4.2.0 greylisted, marie@example.org", LATER),
        ("RCPT", "452 4.5.3 too many", LATER),
        ("MAIL", "451 4.3.0 try again", LATER),
        ("DATA", "451 4.3.0 try again", LATER),
        ("END", "451 4.3.0 try again", LATER),
        ("END", "no number at all", LATER),
        # Nobody's message.
        ("EHLO", "421 4.3.2 closing", UNAVAILABLE),
        ("MAIL", "550 5.7.1 sender refused", UNAVAILABLE),
        ("MAIL", "530 5.7.0 authentication required", UNAVAILABLE),
        ("RCPT", "530 5.7.0 authentication required", UNAVAILABLE),
        ("MAIL", "421 4.3.2 closing", UNAVAILABLE),
        ("RCPT", "421 4.3.2 closing", UNAVAILABLE),
        ("DATA", "421 4.3.2 closing", UNAVAILABLE),
        ("END", "421 4.3.2 closing", UNAVAILABLE),
    ],
)
def test_what_a_refusal_means(
    host: MailHost, step: str, answer: str, expected: tuple[bool, bool]
) -> None:
    host.answers[step] = answer
    if step == "EHLO":
        host.answers["HELO"] = answer

    told, *found = failure(notifier(host.port))

    assert tuple(found) == expected
    code = answer[:3] if answer[:3].isdigit() else "-1"
    assert code in told
    assert not host.taken or step == "END"


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        ("RCPT", "550 5.1.1 marie@example.org: no such user", "smtp RCPT 550"),
        ("END", "451 4.3.0 try again", "smtp DATA 451"),
        ("END", "no number at all", "smtp DATA unreadable"),
        ("MAIL", "421 4.3.2 closing", "smtp MAIL 421"),
        ("RCPT", DROP, "smtp RCPT SMTPServerDisconnected"),
        ("EHLO", "421 4.3.2 closing", "smtp connect SMTPHeloError 421"),
    ],
)
def test_the_reason_is_a_step_and_a_number(
    host: MailHost, step: str, answer: str, expected: str
) -> None:
    """R50: it is logged, so that it holds nothing from outside."""
    host.answers[step] = answer
    if step == "EHLO":
        host.answers["HELO"] = answer
    with pytest.raises(NotifierError) as caught:
        notifier(host.port).send(message())

    assert caught.value.reason == expected


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("smtp RCPT 550", True),
        ("sms connect ConnectError", True),
        ("oauth-token.expired 401", True),
        ("", True),
        ("marie@example.org", False),
        ("+15145550123", False),
        ("5145550123", False),
        ("a\nb", False),
        ("Hélène", False),
        ("a" * 81, False),
        ("a\n", False),
    ],
)
def test_a_reason_is_short_words_and_numbers(reason: str, kept: bool) -> None:
    """R50: what looks like an address or a number of a person is not kept."""
    assert NotifierError("x", reason=reason).reason == (reason if kept else "")


def test_one_recipient_refused_stops_no_other(host: MailHost) -> None:
    host.answers[f"RCPT {EMAIL}"] = "550 no such user"
    sender = notifier(host.port)

    assert failure(sender)[1:] == PERMANENT
    sender.send(message(address="jean@example.org"))

    assert [taken.recipients for taken in host.taken] == [("jean@example.org",)]


def test_a_server_that_forwards_has_taken_the_message(host: MailHost) -> None:
    host.answers["RCPT"] = "251 will forward"

    # aiosmtpd then knows of no recipient, and says so.
    assert "answered DATA with 503" in failure(notifier(host.port))[0]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("EHLO", UNAVAILABLE),
        ("MAIL", UNAVAILABLE),
        ("RCPT", LATER),
        ("DATA", LATER),
        ("MID-DATA", LATER),
        ("END", LATER),
    ],
)
@pytest.mark.parametrize("how", [DROP, HANG])
def test_what_a_line_that_drops_or_falls_silent_means(
    host: MailHost, step: str, how: str, expected: tuple[bool, bool]
) -> None:
    """After RCPT the message may have been taken: it comes again, with the same id (R46)."""
    host.answers[step] = how
    timeout = SHORT if how == HANG else LONG

    assert failure(notifier(host.port, timeout=timeout))[1:] == expected
    assert len(host.taken) == (step == "END")


@pytest.mark.parametrize("answer", [DROP, HANG, "500 what?", "421 closing"])
def test_once_the_message_is_taken_nothing_fails(
    host: MailHost, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R46: a repeat for a goodbye that went wrong would be a second message."""
    host.answers["QUIT"] = answer
    monkeypatch.setattr("omnibook.adapters.smtp._FAREWELL", BRIEF.total_seconds())
    began = time.monotonic()

    notifier(host.port, timeout=LONG).send(message())

    assert time.monotonic() - began < 10
    assert len(host.taken) == 1


# Awaited ----------------------------------------------------------------------------------------


def test_awaiting_blocks_no_other_task(host: MailHost) -> None:
    host.answers["END"] = HANG
    slow = AsyncSmtpNotifier(server(host.port, timeout=SHORT), HEAD)

    async def both() -> int:
        sending = asyncio.create_task(slow.send(message()))
        turns = 0
        while not sending.done():
            await asyncio.sleep(0)
            turns += 1
        with pytest.raises(NotifierError):
            await sending
        return turns

    assert asyncio.run(both()) > 1


def test_a_task_that_is_cancelled_leaves_the_message_to_its_thread(host: MailHost) -> None:
    """It arrives all the same; a dispatcher sends it again, with the same Message-ID."""
    sender = AsyncSmtpNotifier(server(host.port), HEAD)

    async def cancelled() -> None:
        sending = asyncio.create_task(sender.send(message()))
        await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending

    # The loop waits for its threads before it closes.
    asyncio.run(cancelled())
    asyncio.run(sender.send(message()))

    assert {taken.mail["Message-ID"] for taken in host.taken} == {"<notice-1@clinic.example.org>"}
