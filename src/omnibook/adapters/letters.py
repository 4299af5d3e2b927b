"""A message as an e-mail (RFC 5322, RFC 2045 to 2047), for whichever notifier carries it.

The text comes first; then the same as HTML; last the calendar file, whose ``METHOD`` its
``Content-Type`` repeats (RFC 6047, section 2.4): a mail program shows the last form that it knows.
The calendar file is attached too, for those that know none.

The header is written here, line by line. Every value is brought on one line first, so that nothing
can add a line to it; and Python's own writer encodes long addresses that must stand as they are,
and drops a blank where an encoded word ends (3.11). The body is Python's.

Everything is in 7 bits, except for an address whose local part is not ASCII (RFC 6532).
"""

import base64
import re
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from attrs import field, frozen
from email_validator import ValidatedEmail, validate_email

from omnibook.adapters.hand_over import encodable, on_one_line, wire_id
from omnibook.contacts import EMAIL_LIMIT
from omnibook.errors import InvalidValue
from omnibook.ids import NoticeId
from omnibook.ports import Message

NO_ADDRESS = "no e-mail address"
"""The ``reason`` of whoever cannot write a letter for want of an address."""

_POLICY = policy.SMTP.clone(cte_type="7bit")
_ENCODED_BYTES = 36
"""What one encoded word holds, so that a line has at most 76 characters (RFC 2047, section 2)."""
_SHORT = re.compile(r"[ -~]{0,60}")
_PHRASE = re.compile(r"[A-Za-z0-9 ]{1,60}")
_UNSUBSCRIBE = re.compile(r"(?:mailto:|https://)[!-;=?-~]{1,900}")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,35}")


def _as_sender(address: str) -> str:
    found = _validated(address)
    if found is None or found.ascii_email is None:
        raise InvalidValue("a sender is an e-mail address whose part before the @ is in ASCII")
    return found.ascii_email


@frozen(kw_only=True)
class Letterhead:
    """Whom e-mails come from.

    ``sender`` is the bare address of From, of the envelope and of the calendar's organizer;
    ``name`` stands before it, such as the clinic's. ``unsubscribe`` is where to ask for no more of
    them, a ``mailto:`` or ``https://`` address (List-Unsubscribe, RFC 2369). ``domain`` ends every
    Message-ID, by default the sender's.

    Raises :class:`~omnibook.errors.InvalidValue` for what cannot be one.
    """

    sender: str = field(converter=_as_sender)
    name: str = field(default="", converter=on_one_line)
    unsubscribe: str | None = None
    domain: str = field()

    @domain.default
    def _sender_s_domain(self) -> str:
        return self.sender.rpartition("@")[2]

    def __attrs_post_init__(self) -> None:
        if _validated(f"x@{self.domain}") is None or not self.domain.isascii():
            raise InvalidValue("a Message-ID ends in a domain name, in ASCII")
        if self.unsubscribe is not None and _UNSUBSCRIBE.fullmatch(self.unsubscribe) is None:
            raise InvalidValue(
                "List-Unsubscribe is one mailto: or https:// address, of visible ASCII characters "
                "without < and >"
            )

    def message_id(self, notice_id: NoticeId) -> str:
        """The Message-ID of a notice; a repeat carries the same (R46)."""
        return f"<{wire_id(notice_id)}@{self.domain}>"


@frozen(kw_only=True)
class Letter:
    """An e-mail as it goes over the line."""

    recipient: str = field(repr=False)
    """The bare address; in ASCII unless ``internationalised``."""
    internationalised: bool
    """Whether only a server with SMTPUTF8 can take it (RFC 6531)."""
    content: bytes = field(repr=False)


def write_letter(message: Message, letterhead: Letterhead, *, at: datetime) -> Letter | None:
    """The message as an e-mail, dated ``at``; none when its address is no e-mail address.

    A domain that is not in ASCII is written as IDNA has it (RFC 5891).
    """
    found = _validated(message.address)
    if found is None:
        return None
    recipient = found.ascii_email or found.normalized
    lines = [
        *_from(letterhead),
        f"To: {recipient}",
        *_unstructured("Subject", message.subject),
        f"Date: {format_datetime(at)}",
        f"Message-ID: {letterhead.message_id(message.message_id)}",
        "Auto-Submitted: auto-generated",
    ]
    if _LANGUAGE.fullmatch(message.language):
        lines.append(f"Content-Language: {message.language}")
    if letterhead.unsubscribe is not None:
        lines.append(f"List-Unsubscribe: <{letterhead.unsubscribe}>")
    head = "".join(f"{line}\r\n" for line in lines).encode("utf-8")
    return Letter(
        recipient=recipient,
        internationalised=found.ascii_email is None,
        content=head + _body(message, letterhead.sender, recipient).as_bytes(),
    )


def _body(message: Message, sender: str, recipient: str) -> EmailMessage:
    made = EmailMessage(policy=_POLICY)
    made.set_content(encodable(message.body))
    if message.html:
        made.add_alternative(encodable(message.html), subtype="html")
    if message.invitation is not None:
        # It needs the extra [messages], as whatever makes an invitation does.
        from omnibook.adapters.ical import calendar_file  # noqa: PLC0415

        method = message.invitation.method.value
        calendar = calendar_file(message.invitation, organizer=sender, attendee=recipient)
        made.add_alternative(
            calendar.decode("utf-8"),
            subtype="calendar",
            cte="base64",
            params={"method": method},
        )
        made.add_attachment(
            calendar, maintype="application", subtype="ics", filename="appointment.ics"
        )
    return made


def _validated(address: str) -> ValidatedEmail | None:
    if len(address) > EMAIL_LIMIT:
        return None
    try:
        return validate_email(address, check_deliverability=False)
    except ValueError:
        # EmailNotValidError is one; the codecs below it raise others.
        return None


# The header -------------------------------------------------------------------------------------


def _from(letterhead: Letterhead) -> list[str]:
    address, name = f"<{letterhead.sender}>", letterhead.name
    if not name:
        return [f"From: {address}"]
    if _PHRASE.fullmatch(name):
        return [f"From: {name} {address}"]
    first, *others = _encoded(name)
    return [f"From: {first}", *others, f" {address}"]


def _unstructured(name: str, text: str) -> list[str]:
    line = on_one_line(text)
    # What looks like an encoded word would be read as one.
    if _SHORT.fullmatch(line) and "=?" not in line:
        return [f"{name}: {line}"]
    first, *others = _encoded(line)
    return [f"{name}: {first}", *others]


def _encoded(line: str) -> list[str]:
    """The text as encoded words, a folded line for each; none divides a character."""
    words: list[str] = []
    rest = line.encode("utf-8")
    while rest:
        end = min(len(rest), _ENCODED_BYTES)
        while end < len(rest) and rest[end] & 0xC0 == 0x80:
            end -= 1
        words.append(f" =?utf-8?b?{base64.b64encode(rest[:end]).decode('ascii')}?=")
        rest = rest[end:]
    return [words[0].lstrip(), *words[1:]]
