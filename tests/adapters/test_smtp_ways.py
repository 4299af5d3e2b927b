"""The way to a mail server: connecting, TLS, credentials, the limit on the whole, and misuse."""

import smtplib
import socket
import time
from datetime import timedelta
from typing import Any

import pytest

from omnibook.adapters.hand_over import Deadline
from omnibook.adapters.smtp import MailServer, Security, SmtpNotifier, _Line
from omnibook.errors import InvalidValue, NotifierError
from omnibook.leases import PATIENCE
from omnibook.ports import Message
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
from support.mail_servers import Authority, BareHost, MailHost, unused_port
from support.messages_to_send import message, text_message

# The way there ----------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_unavailable() -> None:
    told, *found = failure(notifier(unused_port()))

    assert tuple(found) == UNAVAILABLE
    assert told == "the mail server cannot be used (ConnectionRefusedError)"


def test_a_name_that_nobody_has_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_address(*_: object, **__: object) -> list[Any]:
        return []

    monkeypatch.setattr("socket.getaddrinfo", no_address)
    named = server(25, host="mail.example.org", plain_anywhere=True)

    assert failure(SmtpNotifier(named, HEAD))[1:] == UNAVAILABLE


def test_every_address_of_a_name_is_tried(host: MailHost, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = socket.getaddrinfo("127.0.0.1", host.port, type=socket.SOCK_STREAM)
    dead = socket.getaddrinfo("127.0.0.1", unused_port(), type=socket.SOCK_STREAM)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [*dead, *looked_up])
    named = server(25, host="mail.example.org", plain_anywhere=True)

    SmtpNotifier(named, HEAD).send(message())

    assert len(host.taken) == 1


@pytest.mark.parametrize(
    ("first", "closes"),
    [
        (b"", True),
        (b"", False),
        (b"220 ", False),
        (b"554 5.7.1 go away\r\n", False),
        (b"\x00\xff\r\n", False),
        (b"a" * 20_000 + b"\r\n", False),
    ],
)
def test_a_server_that_does_not_greet_is_unavailable(first: bytes, closes: bool) -> None:
    with BareHost(first, closes=closes) as bare:
        assert failure(notifier(bare.port, timeout=BRIEF))[1:] == UNAVAILABLE


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("said", [b"220-welcome\r\n", b"a"])
def test_a_server_that_talks_without_end_is_cut(
    authority: Authority, secure: bool, said: bytes
) -> None:
    """Each wait is short, and the whole would never end."""
    began = time.monotonic()
    with BareHost(b"", said, tls=authority.serving("localhost") if secure else None) as bare:
        found = failure(
            notifier(
                bare.port,
                host="localhost" if secure else "127.0.0.1",
                security=Security.TLS if secure else Security.PLAIN,
                tls=authority.trusting(),
                timeout=SHORT,
                patience=SHORT,
            )
        )

    assert found[1:] == UNAVAILABLE
    assert time.monotonic() - began < 10


def test_a_server_that_talks_without_end_when_it_should_answer_is_cut() -> None:
    greeting = b"220 a\r\n250 a\r\n250 a\r\n250 a\r\n354 a\r\n"
    with BareHost(greeting, b"250-and\r\n") as bare:
        found = failure(notifier(bare.port, timeout=SHORT, patience=SHORT))

    assert found[1:] == LATER


def test_a_server_that_takes_its_data_slowly_is_cut() -> None:
    """It takes nothing after the invitation to send, and the machine holds only so much of it."""
    with BareHost(b"220 a\r\n250 a\r\n250 a\r\n250 a\r\n354 a\r\n", deaf=True) as bare:
        began = time.monotonic()
        found = failure(
            notifier(bare.port, timeout=SHORT, patience=SHORT), message(html="a" * 20_000_000)
        )

    assert found[1:] == LATER
    assert time.monotonic() - began < 10


def test_nothing_is_sent_without_a_line() -> None:
    with pytest.raises(smtplib.SMTPServerDisconnected):
        _Line(Deadline(LONG), 30, "clinic.example.org").send(b"QUIT\r\n")


def test_nothing_is_sent_after_the_end() -> None:
    here, there = socket.socketpair()
    with here, there:
        line = _Line(Deadline(timedelta()), 30, "clinic.example.org")
        line.sock = here
        with pytest.raises(TimeoutError):
            line.send(b"QUIT\r\n")
        there.setblocking(False)
        with pytest.raises(BlockingIOError):
            there.recv(1)


# TLS and credentials ----------------------------------------------------------------------------


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_under_tls_it_arrives_encrypted(
    authority: Authority, security: Security, name: str
) -> None:
    context = authority.serving(name)
    kind = "starttls" if security is Security.STARTTLS else "tls"
    with MailHost(**{kind: context}) as host:  # type: ignore[arg-type]
        notifier(host.port, host=name, security=security, tls=authority.trusting()).send(message())

        (taken,) = host.taken
    assert taken.encrypted


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize("wrong", ["name", "authority"])
def test_a_certificate_that_does_not_fit_is_not_trusted(
    authority: Authority, security: Security, wrong: str
) -> None:
    context = authority.serving("localhost" if wrong == "authority" else "other.example.org")
    trusting = authority.trusting() if wrong == "name" else None
    kind = "starttls" if security is Security.STARTTLS else "tls"
    with MailHost(**{kind: context}) as host:  # type: ignore[arg-type]
        told, *found = failure(
            notifier(host.port, host="localhost", security=security, tls=trusting)
        )

        assert host.taken == []
    assert tuple(found) == UNAVAILABLE
    assert "SSLCertVerificationError" in told


def test_a_server_without_starttls_gets_nothing(host: MailHost) -> None:
    """Somebody in between could take the offer out of the server's greeting."""
    assert failure(notifier(host.port, security=Security.STARTTLS))[1:] == UNAVAILABLE
    assert host.taken == []


def test_what_was_said_before_tls_is_forgotten(authority: Authority) -> None:
    """RFC 3207, section 4.2: an answer that was slipped in is no answer to what comes after."""
    with MailHost(starttls=authority.serving("localhost")) as host:
        host.answers["SLIPPED"] = "250 slipped in"
        notifier(
            host.port, host="localhost", security=Security.STARTTLS, tls=authority.trusting()
        ).send(message())

        assert [taken.encrypted for taken in host.taken] == [True]


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS, Security.PLAIN])
def test_credentials_are_given_where_they_are_wanted(
    authority: Authority, security: Security
) -> None:
    context = authority.serving("localhost")
    contexts = {Security.STARTTLS: {"starttls": context}, Security.TLS: {"tls": context}}
    with MailHost(credentials={"clinic": "secret"}, **contexts.get(security, {})) as host:  # type: ignore[arg-type]
        known = {"host": "localhost", "security": security, "tls": authority.trusting()}
        notifier(host.port, user="clinic", password="secret", **known).send(message())
        wrong = failure(notifier(host.port, user="clinic", password="other", **known))
        missing = failure(notifier(host.port, **known))

        assert [taken.user for taken in host.taken] == ["clinic"]
    assert wrong[1:] == UNAVAILABLE
    assert "535" in wrong[0]
    assert missing[1:] == UNAVAILABLE


def test_a_server_that_takes_no_credentials_gets_none(host: MailHost) -> None:
    host.answers["AUTH"] = "504 not supported"
    found = failure(notifier(host.port, user="clinic", password="secret"))

    assert found[1:] == UNAVAILABLE


# Internationalised addresses --------------------------------------------------------------------


def test_an_internationalised_address_goes_to_a_server_that_takes_it(host: MailHost) -> None:
    notifier(host.port).send(message(address="δοκιμή@example.org"))

    (taken,) = host.taken
    assert taken.recipients == ("δοκιμή@example.org",)
    assert "To: δοκιμή@example.org".encode() in taken.content


def test_an_internationalised_address_is_refused_for_good_elsewhere() -> None:
    with MailHost(internationalised=False) as host:
        told, *found = failure(notifier(host.port), message(address="δοκιμή@example.org"))

        notifier(host.port).send(message(address="marie@érables.example.org"))
        assert [taken.recipients for taken in host.taken] == [("marie@xn--rables-9ua.example.org",)]
    assert tuple(found) == PERMANENT
    assert "SMTPUTF8" in told


# Misuse -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        message(address="nobody"),
        message(address="a@example.org\r\nRCPT TO:<b@example.org>"),
        text_message(),
    ],
)
def test_what_is_no_e_mail_is_refused_for_good(host: MailHost, made: Message) -> None:
    with pytest.raises(NotifierError) as caught:
        notifier(host.port).send(made)

    assert caught.value.permanent
    assert caught.value.reason in {"no e-mail", "no e-mail address"}
    assert made.address not in str(caught.value)
    assert host.taken == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"host": "a b"},
        {"host": "mail.example.org\r\n"},
        {"host": "mail.example.org", "security": "plain"},
        {"host": "10.0.0.1", "security": "plain"},
        {"security": "ssl"},
        {"port": 0},
        {"port": 65_536},
        {"user": "clinic"},
        {"password": "secret"},
        {"user": "", "password": "secret"},
        {"user": "clinic", "password": "sécret"},
        {"user": "clinic", "password": "secret\r\n"},
        {"timeout": timedelta()},
        {"timeout": timedelta(seconds=-1)},
        {"timeout": timedelta(seconds=61)},
        {"patience": PATIENCE + timedelta(seconds=1)},
    ],
)
def test_a_server_that_cannot_be_one_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as caught:
        MailServer(**{"host": "mail.example.org"} | wrong)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("security", "port"), [(Security.STARTTLS, 587), (Security.TLS, 465), (Security.PLAIN, 25)]
)
def test_a_port_is_the_usual_one(security: Security, port: int) -> None:
    assert MailServer(host="::1", security=security).port == port
    assert MailServer(host="localhost", security=security).security is security


def test_e_mails_cross_a_network_in_the_clear_only_when_asked() -> None:
    made = MailServer(host="mail.example.org", security=Security.PLAIN, plain_anywhere=True)

    assert made.host == "mail.example.org"


def test_a_server_s_repr_tells_no_secret() -> None:
    made = repr(MailServer(host="mail.example.org", user="clinic", password="secret"))

    assert "secret" not in made
    assert "clinic" not in made
