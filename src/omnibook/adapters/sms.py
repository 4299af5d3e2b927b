"""Text messages by a gateway over HTTPS.

Gateways differ in what they want to be told, and little else: a POST of JSON with a bearer token.
:class:`SmsGateway` says which, and ``payload`` fits the JSON to it. The notice's identifier goes
along as ``Idempotency-Key``: a gateway that knows the header sends a repeat once (R46). An answer
of 2xx takes the message. What fails is told apart for the dispatcher
(:class:`~omnibook.errors.NotifierError`):

* **unavailable**: no connection, or an answer that any message would get: a token or an address
  that is wrong (401 to 405, 407, any 3xx), too many requests (429), a gateway that is down (502 to
  504).
* **permanent**: any other 4xx: this message or this number is refused.
* **later**: 408, 409 (the same key is being dealt with), 425, any other 5xx; or the line drops or
  falls silent after the request: whether it was taken is not known, and it comes again with the
  same key.

An error tells the status: never the number, the text, or what the gateway says of them. So does
the ``reason`` that a dispatcher logs: ``sms 429``, ``sms connect ConnectError``.

Some gateways answer 200 and say in the body that they did not take the message. ``accepted`` reads
that: it is asked of every answer, with the first :data:`ANSWER_LIMIT` bytes of its body.

Extra ``omnibook[sms]`` (httpx).
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeAlias

import httpx
from attrs import field, frozen

from omnibook.adapters.hand_over import (
    check_patience,
    is_loopback,
    is_printable,
    trusting,
    wire_id,
)
from omnibook.contacts import ContactSystem
from omnibook.errors import InvalidValue, NotifierError
from omnibook.ports import Message

Payload: TypeAlias = Callable[[Message], Mapping[str, object]]
"""What a gateway is told of a message, as a JSON object."""

Accepted: TypeAlias = Callable[[int, bytes], bool]
"""Whether an answer's status and body say that the gateway took the message."""

ANSWER_LIMIT = 10_000
"""How much of an answer's body is read, in bytes; nothing unless ``accepted`` asks for it."""

_LATER = frozenset({408, 409, 425})
_OF_ALL = frozenset({401, 402, 403, 404, 405, 407, 429, 502, 503, 504})


def plain_payload(message: Message) -> dict[str, object]:
    """``to`` (E.164), ``text``, and ``id``, the notice's identifier."""
    return {"to": message.address, "text": message.body, "id": message.message_id}


@frozen(kw_only=True)
class SmsGateway:
    """A text-message gateway that a clinic has an account with.

    ``url`` takes a POST of what ``payload`` makes of a message, with ``token`` as bearer. It is
    ``https``; ``http`` only on this machine. ``tls`` replaces the machine's list of trusted
    authorities. ``timeout`` limits each wait, and ``patience`` handing over one message, which has
    to end before a dispatcher's lease.

    ``accepted``, where given, says whether an answer takes the message. What it does not accept
    fails as its status says; an answer of 2xx, later. It may raise a
    :class:`~omnibook.errors.NotifierError` that says more, such as ``permanent``.

    Raises :class:`~omnibook.errors.InvalidValue`, without the token, for what cannot be one.
    """

    url: str
    token: str = field(repr=False)
    payload: Payload = plain_payload
    accepted: Accepted | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=10)
    patience: timedelta = timedelta(seconds=45)

    def __attrs_post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except (httpx.InvalidURL, TypeError):
            raise InvalidValue("a gateway's url cannot be read") from None
        local = url.scheme == "http" and is_loopback(url.host)
        if not url.host or url.userinfo or not (url.scheme == "https" or local):
            raise InvalidValue(
                "a gateway's url is https://, without a password; http:// on this machine only"
            )
        if not is_printable(self.token):
            raise InvalidValue("a gateway's token is visible ASCII characters")
        check_patience(self.timeout, self.patience)


class AsyncSmsNotifier:
    """:class:`SmsNotifier`, awaited.

    A task that is cancelled while it waits drops the line: the message may have been taken, and a
    dispatcher that sends it again sends the same key.
    """

    def __init__(self, gateway: SmsGateway) -> None:
        """Send by ``gateway``."""
        self._gateway = gateway
        local = httpx.URL(gateway.url).scheme == "http"
        self._settings: dict[str, Any] = {
            # One for all of them: the machine's authorities take long to read.
            "verify": gateway.tls or trusting(needed=not local),
            "timeout": gateway.timeout.total_seconds(),
            # Never through a proxy in the clear.
            "trust_env": not local,
        }

    async def send(self, message: Message) -> None:
        """:meth:`SmsNotifier.send`, awaited."""
        if message.system is not ContactSystem.PHONE:
            raise NotifierError(
                "this notifier sends text messages only", permanent=True, reason="no phone"
            )
        content = json.dumps(self._gateway.payload(message)).encode("ascii")
        failure = await self._deliver(content, wire_id(message.message_id))
        # Raised here, so that no error of the line hangs on it: it holds the request.
        if failure is not None:
            raise failure

    async def _deliver(self, content: bytes, key: str) -> NotifierError | None:
        headers = {
            "Authorization": f"Bearer {self._gateway.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            # What is read is limited; what it would unpack to is not.
            "Accept-Encoding": "identity",
        }
        try:
            # A connection of its own for each message: nothing is shared between event loops.
            async with (
                asyncio.timeout(self._gateway.patience.total_seconds()),
                httpx.AsyncClient(**self._settings) as client,
                client.stream(
                    "POST", self._gateway.url, content=content, headers=headers
                ) as response,
            ):
                accepted = self._gateway.accepted
                if accepted is None:
                    return _understood(response.status_code)
                body = await _beginning(response)
                return _judged(accepted, response.status_code, body)
        except (httpx.HTTPError, TimeoutError) as error:
            return _dropped(error)


class SmsNotifier:
    """Hands text messages to a gateway; several threads may share it.

    It is :class:`AsyncSmsNotifier` in an event loop of its own, in a thread that lives as long as
    the message takes: only so the limit on the whole holds for a gateway that answers without end,
    and it can be used where an event loop runs.
    """

    def __init__(self, gateway: SmsGateway) -> None:
        """Send by ``gateway``."""
        self._notifier = AsyncSmsNotifier(gateway)

    def send(self, message: Message) -> None:
        """Hand the message over, or raise :class:`~omnibook.errors.NotifierError`.

        It takes no longer than the gateway's ``patience``, and looking its name up. What
        ``payload`` raises goes through as it is.
        """
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._notifier.send(message)).result()


async def _beginning(response: httpx.Response) -> bytes:
    """No more of the body than the limit, whatever else comes."""
    read = bytearray()
    async for octets in response.aiter_raw():
        read += octets[: ANSWER_LIMIT - len(read)]
        if len(read) >= ANSWER_LIMIT:
            break
    return bytes(read)


def _judged(accepted: Accepted, status: int, body: bytes) -> NotifierError | None:
    """What an answer means for the message, by what the gateway says in it."""
    try:
        if accepted(status, body):
            return None
    except NotifierError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever it stumbles over, a body may quote
        return NotifierError(
            f"the text-message gateway's answer cannot be read ({type(error).__name__})",
            reason=f"sms {status} {type(error).__name__}",
        )
    return _understood(status) or NotifierError(
        f"the text-message gateway answered with {status}, and did not take the message",
        reason=f"sms {status} not accepted",
    )


def _understood(status: int) -> NotifierError | None:
    """What an answer means for the message."""
    if 200 <= status < 300:
        return None
    unavailable = status in _OF_ALL or status < 400
    return NotifierError(
        f"the text-message gateway answered with {status}",
        unavailable=unavailable,
        permanent=not unavailable and status < 500 and status not in _LATER,
        reason=f"sms {status}",
    )


def _dropped(error: Exception) -> NotifierError:
    """What a line that fails means; before it is connected nobody has seen the message."""
    unconnected = isinstance(
        error,
        (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol),
    )
    return NotifierError(
        f"the text-message gateway cannot be reached ({type(error).__name__})",
        unavailable=unconnected,
        reason=f"sms {'connect' if unconnected else 'answer'} {type(error).__name__}",
    )
