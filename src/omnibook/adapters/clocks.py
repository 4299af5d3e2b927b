"""Clocks, tokens and identifiers: the one module that asks the machine for time and chance."""

import secrets
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

from omnibook.errors import InvalidValue
from omnibook.times import as_instant

_REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0 and O, 1, I and L, and U: what is misread, misheard or spells words."""


class SystemClock:
    """The host's clock."""

    def now(self) -> datetime:
        """The current instant, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when it is told to, for tests and demonstrations."""

    def __init__(self, start: datetime) -> None:
        self._now = as_instant(start)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The instant that it was last set to."""
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> None:
        """Move forward; raises :class:`InvalidValue` for a negative step."""
        if by < timedelta():
            raise InvalidValue("a clock advances by a positive duration; to go back, use set")
        with self._lock:
            self._now += by

    def set(self, instant: datetime) -> None:
        """Move to an instant, even back: hosts' clocks do."""
        with self._lock:
            self._now = as_instant(instant)


class RandomTokens:
    """Tokens and identifiers from the operating system's cryptographic source."""

    def visit_token(self) -> str:
        """A URL-safe text with 256 random bits (OWASP ASVS 5.0, 11.5.1, asks for 128)."""
        return secrets.token_urlsafe(32)

    def new_id(self) -> str:
        """A UUID of version 7 (RFC 9562, May 2024): sorted by time, 74 random bits."""
        milliseconds = time.time_ns() // 1_000_000
        number = (milliseconds & (2**48 - 1)) << 80 | secrets.randbits(80)
        number = number & ~(0xF << 76) | 7 << 76
        number = number & ~(0x3 << 62) | 2 << 62
        return str(uuid.UUID(int=number))

    def reference(self) -> str:
        """Eight characters in two groups, such as ``K7TM-42QX``: 39 random bits."""
        letters = "".join(secrets.choice(_REFERENCE_ALPHABET) for _ in range(8))
        return f"{letters[:4]}-{letters[4:]}"
