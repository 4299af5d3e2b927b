"""The clinic's secret keys (:class:`omnibook.ports.Keys`)."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Self

from attrs import field, frozen

from omnibook.errors import ConfigurationError, InvalidValue

_SHORTEST = 32


def _as_tuple(secrets_given: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(secrets_given)


@frozen
class Keyring:
    """HMAC-SHA-256 under secrets of at least 32 bytes, the newest first.

    The newest one makes digests and signatures; each of them verifies, so that links sent before a
    rotation live on while their secret is kept. A digest changes when the newest secret does: the
    caps of R36 then start anew, and older lines of the audit trail name the same person otherwise.
    """

    _secrets: tuple[bytes, ...] = field(converter=_as_tuple, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self._secrets:
            raise InvalidValue("a keyring needs at least one secret; see Keyring.generate")
        for each in self._secrets:
            if len(each) < _SHORTEST:
                raise InvalidValue(f"a keyring's secrets are bytes, at least {_SHORTEST} of them")

    @classmethod
    def generate(cls) -> Self:
        """A keyring with a fresh secret, for tests and demonstrations: it dies with the process."""
        return cls((os.urandom(_SHORTEST),))

    @classmethod
    def from_env(cls, name: str = "OMNIBOOK_KEYS") -> Self:
        """Read the environment variable ``name``: secrets in base64, newest first, by commas.

        Raises :class:`ConfigurationError`, without the value, when it is missing or malformed.
        """
        text = os.environ.get(name, "").strip()
        if not text:
            raise ConfigurationError(
                [f"environment {name}: missing; give it base64 secrets of {_SHORTEST} random bytes"]
            )
        try:
            found = [base64.b64decode(part.strip(), validate=True) for part in text.split(",")]
            return cls(tuple(found))
        except (binascii.Error, ValueError):
            raise ConfigurationError(
                [f"environment {name}: not a list of base64 secrets of {_SHORTEST} bytes or more"]
            ) from None

    def digest(self, purpose: str, value: str) -> str:
        """A keyed hash of ``value`` for ``purpose``, 32 hexadecimal digits (128 bits)."""
        return _digest(self._secrets[0], purpose, value)

    def digests(self, purpose: str, value: str) -> dict[str, str]:
        """The keyed hash by each secret, the newest first, under 8 hexadecimal digits of its own.

        These are a keyed hash of nothing, so that they stay with the secret and tell nothing of it.
        """
        return {
            _mac(secret, "version").hex()[:8]: _digest(secret, purpose, value)
            for secret in self._secrets
        }

    def sign(self, purpose: str, payload: str) -> str:
        """A URL-safe signature (128 bits) by the newest secret."""
        return _encoded(_mac(self._secrets[0], "sign", purpose, payload))

    def verify(self, purpose: str, payload: str, signature: str) -> bool:
        """Whether one of the secrets made this signature; each of them is tried, always."""
        given = signature.encode("utf-8", "surrogatepass")
        good = False
        for secret in self._secrets:
            expected = _encoded(_mac(secret, "sign", purpose, payload)).encode("ascii")
            good |= hmac.compare_digest(expected, given)
        return good


def _digest(secret: bytes, purpose: str, value: str) -> str:
    return _mac(secret, "digest", purpose, value).hex()[:32]


def _mac(secret: bytes, *parts: str) -> bytes:
    # Each part's length goes before it, so that no two lists of parts give the same message.
    message = b"".join(
        len(data).to_bytes(8) + data
        for data in (part.encode("utf-8", "surrogatepass") for part in parts)
    )
    return hmac.new(secret, message, hashlib.sha256).digest()


def _encoded(mac: bytes) -> str:
    return base64.urlsafe_b64encode(mac[:16]).decode("ascii").rstrip("=")
