"""What an e-mail looks like, read by a reader that did not write it."""

import base64
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import omnibook as ob
from omnibook.adapters.letters import Letterhead, write_letter
from omnibook.errors import InvalidValue
from omnibook.ids import NoticeId
from omnibook.invitations import CalendarMethod
from omnibook.ports import Message
from support.calendar_reader import instants, read_calendar
from support.messages_to_send import NASTY, invitation, message

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
HEAD = Letterhead(sender="rdv@clinic.example.org", name="Clinique des Érables")
NAMES = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language"}


def written(made: Message, letterhead: Letterhead = HEAD) -> bytes:
    letter = write_letter(made, letterhead, at=NOW)
    assert letter is not None
    return letter.content


def read(content: bytes) -> EmailMessage:
    found = message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def raw_header(content: bytes) -> dict[str, str]:
    """The header, unfolded, read without the mail package."""
    lines = content.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    assert len({name for name, _, _ in pairs}) == len(pairs)
    return {name: value.removeprefix(" ") for name, _, value in pairs}


def text_of(mail: EmailMessage, kind: str) -> str | None:
    """The first part of this kind, with line ends as Python has them."""
    part = mail.get_body((kind,))
    if part is None:
        return None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def decoded(value: str) -> str:
    """What RFC 2047 makes of a header's value, by the old reader."""
    return str(make_header(decode_header(value)))


def squeezed(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return re.sub("[\\s\x00-\x1f\x7f-\x9f\u2028\u2029]", "", text)


def check_lines(content: bytes) -> None:
    """7 bits, and no line that a server has to refuse (RFC 5321, RFC 2047)."""
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert b"\n" not in content.replace(b"\r\n", b"")
    content.decode("ascii")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    head = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(len(line) <= 76 for line in head if b"=?" in line)
    # Each word is read alone (RFC 2047, section 5): none ends within a character.
    for word in re.findall(rb"=\?utf-8\?b\?([^?]*)\?=", b" ".join(head)):
        base64.b64decode(word, validate=True).decode("utf-8")


# Laws -------------------------------------------------------------------------------------------


@given(NASTY, NASTY, NASTY, NASTY, st.booleans())
def test_no_text_adds_a_line_to_the_header(
    subject: str, body: str, html: str, name: str, invites: bool
) -> None:
    """R49: whatever stands in a text, the header has the same names."""
    head = Letterhead(sender="rdv@clinic.example.org", name=name)
    made = message(
        subject=subject, body=body, html=html, invitation=invitation() if invites else None
    )
    content = written(made, head)

    check_lines(content)
    header = raw_header(content)
    assert set(header) >= NAMES
    assert set(header) - NAMES <= {"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    assert squeezed(decoded(header["Subject"])) == squeezed(subject)
    assert parseaddr(str(read(content)["From"]))[1] == "rdv@clinic.example.org"
    assert header["From"].endswith("<rdv@clinic.example.org>")
    assert squeezed(decoded(header["From"].removesuffix("<rdv@clinic.example.org>"))) == (
        squeezed(name)
    )


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])))
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    """To the last blank, which Python's own writer may drop."""
    content = written(message(subject=subject))

    assert decoded(raw_header(content)["Subject"]) == subject.strip()
    assert str(read(content)["Subject"]) == subject.strip()


@given(*[st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n"))] * 2)
def test_texts_are_read_as_they_were_written(body: str, html: str) -> None:
    """Line for line: an e-mail's text ends with a line end."""
    mail = read(written(message(body=body, html=html)))

    assert text_of(mail, "plain") == body.removesuffix("\n") + "\n"
    assert text_of(mail, "html") == (html.removesuffix("\n") + "\n" if html else None)


@given(st.emails(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_address_stands_in_the_header_as_it_is(address: str, subject: str) -> None:
    letter = write_letter(message(address=address, subject=subject), HEAD, at=NOW)
    # email-validator refuses what Hypothesis takes for an address in reserved domains.
    if letter is None:
        return

    assert raw_header(letter.content)["To"] == letter.recipient
    assert letter.recipient.lower() == address.lower()
    assert not letter.internationalised


@given(NASTY)
def test_whatever_is_no_address_makes_no_letter(address: str) -> None:
    made = write_letter(message(address=address), HEAD, at=NOW)

    assert made is None or "@" in address


@given(NASTY, NASTY)
def test_a_message_id_is_the_notice_s_and_fits(one: str, other: str) -> None:
    """R46: another notice has another one, and a repeat the same."""
    first, second = (HEAD.message_id(NoticeId(each)) for each in (one, other))

    assert (first == second) is (one == other)
    assert HEAD.message_id(NoticeId(one)) == first
    assert re.fullmatch(r"<[A-Za-z0-9._-]{1,64}@clinic\.example\.org>", first)
    assert ".." not in first


@given(NASTY)
def test_no_language_adds_a_line_to_the_header(language: str) -> None:
    header = raw_header(written(message(language=language)))

    assert header.get("Content-Language") in {None, language}
    assert set(header) <= NAMES | {"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}


# The parts --------------------------------------------------------------------------------------


def types(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


@pytest.mark.parametrize(
    ("html", "invites", "expected"),
    [
        ("", False, ["text/plain"]),
        ("<p>", False, ["multipart/alternative", "text/plain", "text/html"]),
        (
            "",
            True,
            [
                *("multipart/mixed", "multipart/alternative", "text/plain", "text/calendar"),
                "application/ics",
            ],
        ),
        (
            "<p>",
            True,
            [
                *("multipart/mixed", "multipart/alternative", "text/plain", "text/html"),
                *("text/calendar", "application/ics"),
            ],
        ),
    ],
)
def test_the_parts_go_from_the_plainest_to_the_richest(
    html: str, invites: bool, expected: list[str]
) -> None:
    made = message(html=html, invitation=invitation() if invites else None)

    assert types(read(written(made))) == expected


@pytest.mark.parametrize("method", [CalendarMethod.REQUEST, CalendarMethod.CANCEL])
def test_the_calendar_is_announced_by_its_method_and_attached(method: CalendarMethod) -> None:
    """RFC 6047, section 2.4; the organizer is the address in From, the attendee the one in To."""
    made = invitation(method=method)
    mail = read(written(message(invitation=made)))
    shown, attached = (
        part
        for part in mail.walk()
        if part.get_content_type() in {"text/calendar", "application/ics"}
    )

    assert shown["Content-Type"].params == {"charset": "utf-8", "method": method.value}
    assert attached["Content-Disposition"].params["filename"] == "appointment.ics"
    data = attached.get_content()
    assert shown.get_content().encode() == data
    calendar = read_calendar(data)
    assert calendar.one("METHOD").value == method
    (event,) = calendar.all("VEVENT")
    assert event.one("ORGANIZER").value == "mailto:rdv@clinic.example.org"
    assert event.one("ATTENDEE").value == "mailto:marie@example.org"
    assert instants(data) == (made.start, made.end)


def test_a_letter_says_that_nobody_wrote_it_and_where_to_ask_for_no_more() -> None:
    head = Letterhead(
        sender="rdv@clinic.example.org",
        unsubscribe="https://booking.example.org/stop/" + "a" * 200,
        domain="booking.example.org",
    )
    header = raw_header(written(message(language="fr-CA"), head))

    assert header["From"] == "<rdv@clinic.example.org>"
    assert header["To"] == "marie@example.org"
    assert header["Auto-Submitted"] == "auto-generated"
    assert header["Content-Language"] == "fr-CA"
    assert header["Message-ID"] == "<notice-1@booking.example.org>"
    assert parsedate_to_datetime(header["Date"]) == NOW
    # In one piece, however long: Python's own writer would encode it.
    assert header["List-Unsubscribe"] == f"<https://booking.example.org/stop/{'a' * 200}>"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "<rdv@clinic.example.org>"),
        ("Clinic 5", "Clinic 5 <rdv@clinic.example.org>"),
        ("Érables", "=?utf-8?b?w4lyYWJsZXM=?= <rdv@clinic.example.org>"),
        ('a"b, <c>', "=?utf-8?b?YSJiLCA8Yz4=?= <rdv@clinic.example.org>"),
        (" a\r\nBcc: x@example.org ", "=?utf-8?b?YSAgQmNjOiB4QGV4YW1wbGUub3Jn?="),
    ],
)
def test_a_sender_s_name_is_written_so_that_it_is_no_address(name: str, expected: str) -> None:
    head = Letterhead(sender="rdv@clinic.example.org", name=name)

    assert raw_header(written(message(), head))["From"].startswith(expected)


@pytest.mark.parametrize("size", [1_000, 10_000])
@pytest.mark.parametrize("letter", ["a", "é", "👩🏽\u200d⚕️", "א", "\u202e"])
def test_texts_of_ten_thousand_characters_go_through(letter: str, size: int) -> None:
    long = letter * (size // len(letter))
    head = Letterhead(sender="rdv@clinic.example.org", name=long)
    content = written(message(subject=long, body=long, html=long, invitation=invitation()), head)

    check_lines(content)
    assert text_of(read(content), "plain") == long + "\n"
    assert decoded(raw_header(content)["Subject"]) == long


@pytest.mark.parametrize("subject", ["=?utf-8?b?w4k=?=", "a =? b", "=?us-ascii?q?a?="])
def test_what_looks_encoded_is_read_as_it_was_written(subject: str) -> None:
    assert decoded(raw_header(written(message(subject=subject)))["Subject"]) == subject


# Addresses --------------------------------------------------------------------------------------


def test_a_domain_that_is_not_ascii_is_written_as_idna_has_it() -> None:
    letter = write_letter(message(address="marie@érables.example.org"), HEAD, at=NOW)

    assert letter is not None
    assert letter.recipient == "marie@xn--rables-9ua.example.org"
    assert not letter.internationalised
    assert raw_header(letter.content)["To"] == letter.recipient


def test_a_local_part_that_is_not_ascii_needs_an_internationalised_server() -> None:
    letter = write_letter(
        message(address="δοκιμή@example.org", invitation=invitation()), HEAD, at=NOW
    )

    assert letter is not None
    assert letter.recipient == "δοκιμή@example.org"
    assert letter.internationalised
    assert "\r\nTo: δοκιμή@example.org\r\n".encode() in letter.content


@pytest.mark.parametrize(
    "address",
    [
        "",
        "marie",
        "a@b@c",
        "marie@example.org\r\nBcc: b@example.org",
        "marie@example.org, b@example.org",
        "<marie@example.org>",
        "a" * 300 + "@example.org",
        "\ud800@example.org",
    ],
)
def test_what_is_no_address_makes_no_letter(address: str) -> None:
    assert write_letter(message(address=address), HEAD, at=NOW) is None


def test_the_longest_address_stands_on_one_line() -> None:
    address = f"{'a' * 64}@{'.'.join(['d' * 59] * 3)}.org"

    assert raw_header(written(message(address=address)))["To"] == address


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "clinic"},
        {"sender": "Clinic <rdv@clinic.example.org>"},
        {"sender": "rdv@clinic.example.org\r\n"},
        {"sender": "érables@clinic.example.org"},
        {"unsubscribe": "http://booking.example.org"},
        {"unsubscribe": "https://booking.example.org/>\r\nBcc: x"},
        {"unsubscribe": "https://booking.example.org/a b"},
        {"unsubscribe": "mailto:"},
        {"unsubscribe": "https://é.example.org"},
        {"domain": "a b"},
        {"domain": "a>.example.org"},
        {"domain": "érables.example.org"},
        {"domain": ""},
    ],
)
def test_a_letterhead_that_cannot_be_one_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        Letterhead(**{"sender": "rdv@clinic.example.org"} | wrong)


def test_a_sender_in_a_domain_that_is_not_ascii_is_written_in_ascii() -> None:
    assert Letterhead(sender="rdv@érables.example.org").sender == "rdv@xn--rables-9ua.example.org"


def test_nothing_personal_shows_in_a_letter_s_repr() -> None:
    letter = write_letter(message(), HEAD, at=NOW)

    assert "marie" not in repr(letter)
    assert ob.ContactSystem.EMAIL is message().system
