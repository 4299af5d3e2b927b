"""What the notifiers of this package share: fitting lines, loopback, a limit on the whole.

A dispatcher leaves a message to one notifier for two minutes (its lease); then another one may take
it. So handing over has to end before, whatever the other side does: a limit on each wait is not
enough for a server that talks without end, or sends an octet now and then. Nor is shutting the
connection down from another thread: Linux goes on to hand over what still comes. So every wait is
cut to what is left of the whole: :class:`Deadline`.
"""

import hashlib
import ipaddress
import re
import socket
import ssl
import time
import unicodedata
from datetime import timedelta

from omnibook.errors import InvalidValue
from omnibook.leases import PATIENCE

_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_WIRE_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|[.](?![.])){0,62}[A-Za-z0-9]|[A-Za-z0-9]")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def on_one_line(text: str) -> str:
    """The text with a blank for each control character and line break, and without surrogates.

    Everything else stays as it is: a notifier hands over what it was given. What comes from outside
    a clinic's texts was made safe before (:mod:`omnibook.messages`); this is the second lock.
    """
    return "".join(
        " " if unicodedata.category(character) in _BREAKS else character
        for character in encodable(text)
    ).strip()


def encodable(text: str) -> str:
    """The text with a question mark for each lone surrogate, which UTF-8 does not have."""
    return text.encode("utf-8", "replace").decode("utf-8")


def wire_id(identifier: str) -> str:
    """The identifier as it may stand in any header and file name; the same one every time.

    Letters, digits, hyphens, underlines and single full stops stay as they are, up to 64 of them,
    as in a UUID. Of anything else it is a hash.
    """
    if _WIRE_ID.fullmatch(identifier) is not None:
        return identifier
    return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()


def is_printable(text: str) -> bool:
    """Whether a text is of visible ASCII characters, and so may stand in a header or a command."""
    return _PRINTABLE.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Whether what is sent to ``host`` cannot leave the machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def trusting(*, needed: bool) -> ssl.SSLContext:
    """What a client trusts: the machine's authorities; nobody where no TLS is spoken."""
    return ssl.create_default_context() if needed else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def check_patience(timeout: timedelta, patience: timedelta) -> None:
    """Raise :class:`InvalidValue` unless ``0 < timeout <= patience <= PATIENCE``."""
    if not timedelta() < timeout <= patience <= PATIENCE:
        raise InvalidValue(
            "a wait is longer than nothing and no longer than the whole hand-over, and that is at "
            f"most {PATIENCE // timedelta(seconds=1)} s, shorter than a dispatcher's lease"
        )


class Deadline:
    """The end of a hand-over, from when it is made."""

    def __init__(self, patience: timedelta) -> None:
        self._ends = time.monotonic() + patience.total_seconds()

    def cut(self, wait: float) -> float:
        """``wait``, or what is left if that is less; raises :class:`TimeoutError` after the end."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the hand-over took too long")
        return min(wait, left)

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection to the first address of ``host`` that takes one.

        Each address is waited for ``timeout`` seconds, and all of them until the end. Looking
        ``host`` up takes as long as the machine's resolver lets it.

        Raises :class:`OSError` when none does.
        """
        refused = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        ):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self.cut(timeout))
                connection.connect(address)
            except OSError as error:
                connection.close()
                refused = error
                continue
            return connection
        raise refused
