"""Mail servers on loopback: a real one that misbehaves when it is told to, and a bare socket.

:class:`MailHost` is aiosmtpd, in a thread of its own. ``answers`` says what it does at a step
instead of what it would do: an answer to give, or :data:`DROP` and :data:`HANG`. The steps are the
commands, and ``END`` for the end of the data. Whatever it took is in ``taken``, also when it then
drops the line instead of saying so.
"""

import asyncio
import socket
import ssl
import threading
import warnings
from collections.abc import Mapping
from contextlib import closing, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, AnyStr, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from attrs import frozen

DROP = "drop"
"""Close the line."""
HANG = "hang"
"""Say nothing more."""


@frozen
class Taken:
    """A message that a server took."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    encrypted: bool
    user: str | None
    greeted_by: str

    @property
    def mail(self) -> EmailMessage:
        """The message, read by Python's own reader."""
        read = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(read, EmailMessage)
        return read


class Authority:
    """Certificates that are trusted where its ``trusting`` context is used."""

    def __init__(self) -> None:
        self._made = trustme.CA()

    def serving(self, name: str) -> ssl.SSLContext:
        """What a server called ``name`` uses."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._made.issue_cert(name).configure_cert(context)
        return context

    def trusting(self) -> ssl.SSLContext:
        """What a client uses that trusts this authority."""
        context = ssl.create_default_context()
        self._made.configure_trust(context)
        return context


class _Conversation(SMTP):
    """One connection."""

    def __init__(self, host: "MailHost", **settings: Any) -> None:
        self._host = host
        super().__init__(
            _Taking(host), hostname="mail.example.org", loop=asyncio.get_running_loop(), **settings
        )

    async def misbehaves(self, step: str) -> bool:
        """Whether the step is dealt with."""
        answer = self._host.answers.get(step)
        if answer is None:
            return False
        if answer == DROP:
            assert isinstance(self.transport, asyncio.WriteTransport)
            self.transport.abort()
        if answer in {DROP, HANG}:
            await asyncio.Event().wait()
        await self.push(answer)
        return True

    async def push(self, status: AnyStr) -> None:
        """``SLIPPED``: somebody in between adds an answer before TLS begins."""
        slipped = self._host.answers.get("SLIPPED")
        if slipped is not None and str(status).startswith("220 Ready"):
            await super().push(f"{status!s}\r\n{slipped}")
        else:
            await super().push(status)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        if not await self.misbehaves("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802
        if not await self.misbehaves("HELO"):
            await super().smtp_HELO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if not await self.misbehaves("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        if not await self.misbehaves("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self.misbehaves("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        step = "RCPT"
        if arg is not None and f"RCPT {arg[3:].strip('<>')}" in self._host.answers:
            step = f"RCPT {arg[3:].strip('<>')}"
        if not await self.misbehaves(step):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if "MID-DATA" in self._host.answers:
            await self.push("354 go on")
            await self._reader.readline()
            await self.misbehaves("MID-DATA")
        elif not await self.misbehaves("DATA"):
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        if not await self.misbehaves("QUIT"):
            await super().smtp_QUIT(arg)


class _Taking:
    """aiosmtpd's handler."""

    def __init__(self, host: "MailHost") -> None:
        self._host = host

    async def handle_DATA(  # noqa: N802
        self, server: _Conversation, session: Session, envelope: Envelope
    ) -> str:
        assert envelope.original_content is not None
        login: Any = session.auth_data
        self._host.taken.append(
            Taken(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                content=envelope.original_content,
                encrypted=session.ssl is not None or self._host.tls is not None,
                user=None if login is None else login.login.decode(),
                greeted_by=session.host_name or "",
            )
        )
        answer = self._host.answers.get("END", "250 taken")
        if answer in {DROP, HANG}:
            await server.misbehaves("END")
        return answer


class MailHost:
    """A mail server on a port of its own; a context, that starts and stops it."""

    def __init__(
        self,
        *,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        credentials: Mapping[str, str] | None = None,
        internationalised: bool = True,
    ) -> None:
        self.answers: dict[str, str] = {}
        self.taken: list[Taken] = []
        self.tls = tls
        self.port = 0
        self._settings: dict[str, Any] = {
            "tls_context": starttls,
            "require_starttls": starttls is not None,
            "enable_SMTPUTF8": internationalised,
            "auth_require_tls": False,
        }
        if credentials is not None:
            known = {user.encode(): word.encode() for user, word in credentials.items()}

            def knows(
                server: Any, session: Any, envelope: Any, mechanism: Any, data: Any
            ) -> AuthResult:
                right = known.get(data.login) == data.password
                return AuthResult(success=right, handled=False, auth_data=data)

            self._settings |= {"auth_required": True, "authenticator": knows}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._ready = threading.Event()

    def _conversation(self) -> _Conversation:
        with warnings.catch_warnings():
            # It asks for a password without TLS, and says that it should not.
            warnings.simplefilter("ignore")
            return _Conversation(self, **self._settings)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(self._conversation, "127.0.0.1", 0, ssl=self.tls)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        waiting = asyncio.all_tasks(self._loop)
        for task in waiting:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


class BareHost:
    """A socket that says the same to everybody: ``first``, then ``then`` until it is cut."""

    def __init__(
        self,
        first: bytes = b"",
        then: bytes = b"",
        *,
        closes: bool = False,
        deaf: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._first, self._then, self._closes, self._tls = first, then, closes, tls
        self._deaf = deaf
        self._stopping = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with closing(connection), suppress(OSError):
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        with closing(connection):
            connection.sendall(self._first)
            while self._then:
                connection.sendall(self._then)
            if self._deaf:
                self._stopping.wait()
            while not self._closes and connection.recv(4_096):
                pass

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


def unused_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
