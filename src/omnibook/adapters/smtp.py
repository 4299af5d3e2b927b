"""E-mails by a mail server (SMTP: RFC 5321; submission: RFC 6409 and RFC 8314).

Each message goes over a connection of its own, so that a notifier keeps no state, and several
threads may send at once. What fails is told apart for the dispatcher
(:class:`~omnibook.errors.NotifierError`):

* **unavailable**: the server is not there, or its name, certificate or answer is not what it
  should be; it refuses our credentials or our sender, or says that it closes (421). The next
  message would fare no better.
* **permanent**: it refuses this recipient or this message (5xx), or cannot write such an address.
* **later**: anything else: it puts this message off (4xx, such as greylisting), or the line drops
  or falls silent while it is handed over. Whether it was taken is not known then: it comes again
  with the same Message-ID (R46).

Once the server has taken the message nothing fails any more, whatever it does next. An error tells
a step and a number: never the server's words, which may quote the address. So does the ``reason``
that a dispatcher logs: ``smtp RCPT 550``, ``smtp connect SMTPAuthenticationError 535``.
"""

import asyncio
import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum, unique
from typing import TYPE_CHECKING

from attrs import field, frozen

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.hand_over import (
    Deadline,
    check_patience,
    is_loopback,
    is_printable,
    trusting,
)
from omnibook.adapters.letters import NO_ADDRESS, Letter, Letterhead, write_letter
from omnibook.contacts import ContactSystem
from omnibook.errors import InvalidValue, NotifierError
from omnibook.ports import Clock, Message

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_FAREWELL = 2.0
"""How long the answer to QUIT is waited for, in seconds: the message is handed over by then."""
_PIECE = 16_384
"""How much is sent at once, in octets."""
_CLOSES = 421
_WANTS_CREDENTIALS = frozenset({530, 535, 538})
_OF_THIS_MESSAGE = frozenset({552, 555})
"""What MAIL can refuse for this message alone: its size, or an internationalised address."""


@unique
class Security(StrEnum):
    """How the way to a mail server is kept private."""

    STARTTLS = "starttls"
    """TLS from the first command on; a server that does not offer it is not used (port 587)."""
    TLS = "tls"
    """TLS from the first octet on (port 465)."""
    PLAIN = "plain"
    """None: on this machine only, unless asked for by ``plain_anywhere`` (port 25)."""


_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.PLAIN: 25}


def _as_security(security: Security | str) -> Security:
    try:
        return Security(security)
    except ValueError:
        raise InvalidValue("a mail server's security is starttls, tls or plain") from None


@frozen(kw_only=True)
class MailServer:
    """A mail server that takes a clinic's e-mails.

    ``port`` is the usual one for its ``security`` unless given. ``user`` and ``password`` come
    together. ``tls`` replaces the machine's list of trusted authorities. ``timeout`` limits each
    wait, and ``patience`` handing over one message, which has to end before a dispatcher's lease.

    Raises :class:`~omnibook.errors.InvalidValue`, without the password, for what cannot be one.
    """

    host: str
    security: Security = field(default=Security.STARTTLS, converter=_as_security)
    port: int = field()
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=15)
    patience: timedelta = timedelta(seconds=60)
    plain_anywhere: bool = False

    @port.default
    def _usual_port(self) -> int:
        return _PORTS[self.security]

    def __attrs_post_init__(self) -> None:
        if not is_printable(self.host):
            raise InvalidValue("a mail server's host is a name or an address, in ASCII")
        if not 0 < self.port < 65_536:
            raise InvalidValue("a port is a number from 1 to 65535")
        if (self.user is None) is not (self.password is None):
            raise InvalidValue("a mail server's user and password come together")
        for each in (self.user, self.password):
            if each is not None and not (each and each.isascii() and each.isprintable()):
                raise InvalidValue("a mail server's user and password are printable ASCII")
        if (
            self.security is Security.PLAIN
            and not self.plain_anywhere
            and not is_loopback(self.host)
        ):
            raise InvalidValue(
                "e-mails cross a network under TLS only: use starttls or tls, or say plain_anywhere"
            )
        check_patience(self.timeout, self.patience)


class _Line(smtplib.SMTP):
    """smtplib's conversation, every wait of which ends with the whole."""

    def __init__(self, deadline: Deadline, timeout: float, own_name: str) -> None:
        super().__init__(local_hostname=own_name, timeout=timeout)
        self.deadline = deadline

    def send(self, s: "ReadableBuffer | str") -> None:
        """Piece by piece, each waited for as :meth:`settle` says."""
        octets = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for start in range(0, len(octets), _PIECE):
            self.settle()
            super().send(octets[start : start + _PIECE])

    def getreply(self) -> tuple[int, bytes]:
        """Read as smtplib does, by a reader that ends in time."""
        if self.file is None:
            self.file = _Replies(self)
        return super().getreply()

    def settle(self) -> socket.socket:
        """Limit the next wait; raises :class:`OSError` when there is none left, or no line."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("no line")
        self.sock.settimeout(self.deadline.cut(self.timeout))
        return self.sock


class _Replies:
    """What smtplib asks of the file that it reads replies from."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._read = b""

    def readline(self, limit: int) -> bytes:
        """The next line, of at most ``limit`` octets; what there is if the server closes."""
        while b"\n" not in self._read and len(self._read) < limit:
            octets = self._line.settle().recv(4_096)
            if not octets:
                break
            self._read += octets
        end = min(self._read.find(b"\n") + 1 or limit, limit)
        line, self._read = self._read[:end], self._read[end:]
        return line

    def close(self) -> None:
        """The connection is the line's to close."""


class SmtpNotifier:
    """Hands e-mails to a mail server; several threads may share it."""

    def __init__(
        self, server: MailServer, letterhead: Letterhead, *, clock: Clock | None = None
    ) -> None:
        """Write from ``letterhead``, by ``server``; ``clock`` dates the e-mails."""
        self._server = server
        self._letterhead = letterhead
        self._clock = clock or SystemClock()
        self._timeout = server.timeout.total_seconds()
        self._tls = server.tls or trusting(needed=server.security is not Security.PLAIN)

    def send(self, message: Message) -> None:
        """Hand the message over, or raise :class:`~omnibook.errors.NotifierError`.

        It takes no longer than the server's ``patience``, and looking its name up.
        """
        if message.system is not ContactSystem.EMAIL:
            raise NotifierError(
                "this notifier writes e-mails only", permanent=True, reason="no e-mail"
            )
        letter = write_letter(message, self._letterhead, at=self._clock.now())
        if letter is None:
            raise NotifierError(
                "the address is no e-mail address", permanent=True, reason=NO_ADDRESS
            )
        failure = self._deliver(letter)
        # Raised here, so that no error of the line hangs on it: its words may quote the address.
        if failure is not None:
            raise failure

    def _deliver(self, letter: Letter) -> NotifierError | None:
        line = _Line(Deadline(self._server.patience), self._timeout, self._letterhead.domain)
        try:
            try:
                self._open(line)
            except (OSError, ValueError) as error:
                # SMTPException is an OSError, and so is whatever TLS raises.
                return _unreachable(error)
            failure = self._say(line, letter)
            if failure is None:
                # It is taken: what comes of the goodbye changes nothing.
                line.timeout = min(self._timeout, _FAREWELL)
                with suppress(OSError, ValueError):
                    line.quit()
            return failure
        finally:
            line.close()

    def _open(self, line: _Line) -> None:
        """Connect, as smtplib does when it is given a host, but for the limit on the whole."""
        server = self._server
        connection = line.deadline.connect(server.host, server.port, self._timeout)
        line.sock = connection
        if server.security is Security.TLS:
            line.sock = self._encrypted(connection)
        _expect(220, line.getreply())
        line.ehlo_or_helo_if_needed()
        if server.security is Security.STARTTLS:
            _expect(220, line.docmd("STARTTLS"))
            line.sock = self._encrypted(connection)
            # What was said in the clear is forgotten (RFC 3207, section 4.2).
            line.file = None
            line.helo_resp = line.ehlo_resp = None
            line.esmtp_features = {}
            line.does_esmtp = False
            line.ehlo_or_helo_if_needed()
        if server.user is not None and server.password is not None:
            line.login(server.user, server.password)

    def _encrypted(self, connection: socket.socket) -> ssl.SSLSocket:
        return self._tls.wrap_socket(connection, server_hostname=self._server.host)

    def _say(self, line: _Line, letter: Letter) -> NotifierError | None:
        """Hand the letter over a line that is open."""
        options: list[str] = []
        if letter.internationalised:
            if not line.has_extn("smtputf8"):
                return NotifierError(
                    "the mail server takes no internationalised address (SMTPUTF8)",
                    permanent=True,
                    reason="smtp no internationalised address",
                )
            options = ["BODY=8BITMIME", "SMTPUTF8"]
        step = "MAIL"
        try:
            code, _ = line.mail(self._letterhead.sender, options)
            if code != 250:
                of_all = 500 <= code < 600 and code not in _OF_THIS_MESSAGE
                return _refused(step, code, unavailable=of_all)
            step = "RCPT"
            code, _ = line.rcpt(letter.recipient)
            if code not in {250, 251}:
                return _refused(step, code)
            step = "DATA"
            code, _ = line.data(letter.content)
        except smtplib.SMTPDataError as error:
            code = error.smtp_code
        except (OSError, ValueError) as error:
            return NotifierError(
                f"the line to the mail server dropped after {step} ({type(error).__name__})",
                unavailable=step == "MAIL",
                reason=f"smtp {step} {type(error).__name__}",
            )
        return None if code == 250 else _refused(step, code)


class AsyncSmtpNotifier:
    """:class:`SmtpNotifier`, awaited: each message is handed over in a thread.

    A task that is cancelled while it waits leaves that thread to its end: the message may still go,
    and a dispatcher that sends it again sends the same Message-ID.
    """

    def __init__(
        self, server: MailServer, letterhead: Letterhead, *, clock: Clock | None = None
    ) -> None:
        """See :class:`SmtpNotifier`."""
        self._notifier = SmtpNotifier(server, letterhead, clock=clock)

    async def send(self, message: Message) -> None:
        """:meth:`SmtpNotifier.send`, awaited."""
        await asyncio.to_thread(self._notifier.send, message)


def _expect(wanted: int, reply: tuple[int, bytes]) -> None:
    code, _ = reply
    if code != wanted:
        raise smtplib.SMTPResponseException(code, "")


def _unreachable(error: Exception) -> NotifierError:
    code = told = ""
    if isinstance(error, smtplib.SMTPResponseException):
        code, told = f" {error.smtp_code}", f" {_number(error.smtp_code)}"
    return NotifierError(
        f"the mail server cannot be used ({type(error).__name__}{code})",
        unavailable=True,
        reason=f"smtp connect {type(error).__name__}{told}",
    )


def _refused(step: str, code: int, *, unavailable: bool = False) -> NotifierError:
    """What a reply to a step of handing over means for the message."""
    unavailable = unavailable or code == _CLOSES or code in _WANTS_CREDENTIALS
    return NotifierError(
        f"the mail server answered {step} with {code}",
        unavailable=unavailable,
        permanent=not unavailable and 500 <= code < 600,
        reason=f"smtp {step} {_number(code)}",
    )


def _number(code: int) -> str:
    """An answer's number as a word; smtplib's own for what is no answer is negative."""
    return str(code) if code > 0 else "unreadable"
