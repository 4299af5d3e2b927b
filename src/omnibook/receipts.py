"""What a text-message gateway tells afterwards: whether a message reached the phone.

A receipt comes over the open network, so it proves where it comes from: it carries the seconds
since 1970 when it was made, and an HMAC (RFC 2104) with SHA-256 over that text, a full stop and the
body, under a secret that the clinic shares with its gateway. Whoever cannot make one can neither
invent a receipt nor change one; and one that was overheard is of no use after five minutes. Within
them it may come again: noting a receipt twice has to be harmless.

The body is JSON: ``{"id": "<the message's id>", "status": "delivered"}``, or ``undelivered``. What
a gateway adds is left alone. :func:`read_receipt` answers on any input, and names no part of it.
"""

import hashlib
import hmac
import json
import re
from datetime import datetime
from enum import StrEnum, unique
from typing import ClassVar, cast

from attrs import frozen

from omnibook.errors import InvalidValue
from omnibook.ids import NoticeId
from omnibook.times import as_instant

TOLERANCE = 300
"""How far from now a receipt may have been made, in seconds, either way."""
BODY_LIMIT = 10_000
"""The greatest length of a receipt's body, in bytes."""

_SHORTEST_SECRET = 16
_ID_LIMIT = 200
_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)


@unique
class ReceiptStatus(StrEnum):
    """What became of a message at the other end."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


@frozen(kw_only=True)
class Receipt:
    """A gateway's word on one message, proven to be its own."""

    notice_id: NoticeId
    """The message's ``message_id``."""
    status: ReceiptStatus


@unique
class ReceiptFault(StrEnum):
    """Why a receipt is not taken."""

    SIGNATURE = "receipt.signature"
    """It was not signed with this secret, or what was signed is another text."""
    TIME = "receipt.time"
    """It was made too long ago, or is from the future."""
    BODY = "receipt.body"
    """It is signed and of now, and says nothing that is understood."""


@frozen
class ReceiptRefused:
    """Nothing is to be believed of it; the answer to whoever sent it is an error."""

    code: ClassVar[str] = "receipt.refused"

    fault: ReceiptFault


def sign_receipt(body: bytes, *, timestamp: str, secret: bytes) -> str:
    """The signature of a receipt, as 64 hexadecimal digits in lower case: what a gateway sends.

    Raises :class:`~omnibook.errors.InvalidValue` for a secret that is no bytes, or fewer than 16.
    """
    if not isinstance(secret, bytes):
        raise InvalidValue(f"a gateway's secret is bytes, not {type(secret).__name__}")
    if len(secret) < _SHORTEST_SECRET:
        raise InvalidValue(f"a gateway's secret has at least {_SHORTEST_SECRET} bytes")
    signed = timestamp.encode("utf-8", "surrogatepass") + b"." + body
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()


def read_receipt(
    body: object, *, timestamp: object, signature: object, secret: bytes, now: datetime
) -> Receipt | ReceiptRefused:
    """Read what a gateway reports, once it has proven that it is the gateway.

    Never raises for what came in, whatever its type.

    Args:
        body: the request's body, as it came.
        timestamp: when it was made: seconds since 1970, as the digits that were signed.
        signature: 64 hexadecimal digits in lower case; compared in constant time.
        secret: what the clinic shares with its gateway, at least 16 bytes.
        now: the current instant.

    Returns:
        The :class:`Receipt`; or :class:`ReceiptRefused`, the signature judged before the time, and
        both before the body is looked into.

    Raises :class:`~omnibook.errors.InvalidValue` for a secret that is too short, or a naive
    ``now``.
    """
    current = as_instant(now).timestamp()
    if not isinstance(body, bytes) or len(body) > BODY_LIMIT or not isinstance(timestamp, str):
        # Not looked at, and refused as what nobody signed; a secret is judged all the same.
        body, timestamp, signature = b"", "", ""
    expected = sign_receipt(body, timestamp=timestamp, secret=secret)
    if (
        not isinstance(signature, str)
        or _SIGNATURE.fullmatch(signature) is None
        or not hmac.compare_digest(expected, signature)
    ):
        return ReceiptRefused(ReceiptFault.SIGNATURE)
    if (
        _SECONDS.fullmatch(timestamp) is None
        or not -TOLERANCE <= current - int(timestamp) <= TOLERANCE
    ):
        return ReceiptRefused(ReceiptFault.TIME)
    return _read_body(body) or ReceiptRefused(ReceiptFault.BODY)


def _read_body(body: bytes) -> Receipt | None:
    try:
        told: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    said = cast("dict[str, object]", told)
    notice_id, status = said.get("id"), said.get("status")
    if not isinstance(notice_id, str) or not 0 < len(notice_id) <= _ID_LIMIT:
        return None
    if not isinstance(status, str) or status not in set(ReceiptStatus):
        return None
    return Receipt(notice_id=NoticeId(notice_id), status=ReceiptStatus(status))
