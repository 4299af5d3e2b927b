"""Notifiers that send nothing to anybody: for tests and demonstrations."""

import threading

from omnibook.errors import NotifierError
from omnibook.ports import Message
from omnibook.records import Event


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
            raise NotifierError("this notifier was told to fail")
        with self._lock:
            self._sent.append(message)


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
