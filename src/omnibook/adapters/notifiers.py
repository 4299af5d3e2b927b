"""Notifiers that send nothing to anybody: for tests and demonstrations."""

import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.hand_over import encodable, on_one_line, wire_id
from omnibook.adapters.letters import NO_ADDRESS, Letterhead, write_letter
from omnibook.contacts import ContactSystem
from omnibook.errors import NotifierError
from omnibook.ports import Clock, Message
from omnibook.records import Event
from omnibook.text_messages import sms_parts


class RecordingNotifier:
    """Keeps the messages in :attr:`sent`; with ``failing`` set it refuses them instead."""

    def __init__(self) -> None:
        self.failing = False
        self._sent: list[Message] = []
        self._lock = threading.Lock()

    @property
    def sent(self) -> tuple[Message, ...]:
        """What was handed over, in order."""
        with self._lock:
            return tuple(self._sent)

    def send(self, message: Message) -> None:
        """Keep the message, or raise :class:`NotifierError` while ``failing``."""
        if self.failing:
            raise NotifierError("this notifier was told to fail", reason="told to fail")
        with self._lock:
            self._sent.append(message)


class FileNotifier:
    """Writes each message into a file of its own, as it would be sent.

    An e-mail becomes ``<id>.eml``, which a mail program opens; a text message becomes ``<id>.txt``,
    after lines that tell the number and what it costs (:mod:`omnibook.text_messages`). The name is
    the notice's identifier, so that a repeat replaces its file. A file is there whole or not at
    all, and only its owner reads it. Serves both kinds of address.
    """

    def __init__(
        self, folder: str | Path, letterhead: Letterhead, *, clock: Clock | None = None
    ) -> None:
        """Write into ``folder``, which is made if need be, from ``letterhead``."""
        self._folder = Path(folder)
        self._letterhead = letterhead
        self._clock = clock or SystemClock()

    def send(self, message: Message) -> None:
        """Write the message, or raise :class:`~omnibook.errors.NotifierError`."""
        if message.system is ContactSystem.PHONE:
            ending, content = "txt", _text_message(message)
        else:
            letter = write_letter(message, self._letterhead, at=self._clock.now())
            if letter is None:
                raise NotifierError(
                    "the address is no e-mail address", permanent=True, reason=NO_ADDRESS
                )
            ending, content = "eml", letter.content
        try:
            self._write(f"{wire_id(message.message_id)}.{ending}", content)
        except OSError as error:
            raise NotifierError(
                f"the message's file cannot be written ({type(error).__name__})",
                unavailable=True,
                reason=f"file {type(error).__name__}",
            ) from error

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as made:
            unnamed = Path(made.name)
            try:
                made.write(content)
                made.close()
                unnamed.replace(self._folder / name)
            except OSError:
                made.close()
                with suppress(OSError):
                    unnamed.unlink()
                raise


def _text_message(message: Message) -> bytes:
    length = sms_parts(message.body)
    lines = (
        f"To: {on_one_line(message.address)}",
        f"Id: {on_one_line(message.message_id)}",
        f"Parts: {length.parts} ({length.encoding}, {length.units} units)",
        "",
        message.body,
    )
    return encodable("\n".join(lines)).encode("utf-8")


class RecordingEvents:
    """An event sink that keeps what it is told in :attr:`told`."""

    def __init__(self) -> None:
        self._told: list[Event] = []
        self._lock = threading.Lock()

    @property
    def told(self) -> tuple[Event, ...]:
        """What was told, in order."""
        with self._lock:
            return tuple(self._told)

    def tell(self, event: Event) -> None:
        """Keep the event."""
        with self._lock:
            self._told.append(event)
