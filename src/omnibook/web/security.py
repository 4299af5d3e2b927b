"""What keeps others out: forged requests, foreign frames, wrong hosts, and bodies without end.

* **Cookies.** The visit's holds the visit's token and nothing else. With the prefix ``__Host-`` no
  other host, neighbour or plain-text connection can set one (RFC 6265bis). Another, of chance only,
  ties a form to the browser that it was made for, before and during a visit.
* **Forged requests.** Every POST carries a keyed hash of both cookies, and says where it comes from
  wherever the browser tells (``Sec-Fetch-Site`` and ``Origin``). A page that was made for an
  earlier visit cannot act in the present one.
* **Headers.** No script or style but our own files, no frame, no type guessed, nothing cached,
  and no path of ours told to anybody: a link of a message is one, and a proxy's log may keep
  what our own style sheet is asked for with. ``Referrer-Policy`` is ``strict-origin``: with
  ``no-referrer`` browsers send ``Origin: null``, which cannot be told from a forger's.
"""

import asyncio
import re
from urllib.parse import parse_qsl, urlsplit

from attrs import field, frozen
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from omnibook.web.forms import Posted
from omnibook.web.settings import WebSettings

CSRF_FIELD = "form_token"

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "strict-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
_PORT = re.compile(r":[0-9]{1,5}\Z")
_YEAR = "max-age=31536000"


@frozen
class Refused(Exception):
    """A request that is answered with an error page."""

    status: int


# Cookies -----------------------------------------------------------------------------------------


@frozen
class Cookies:
    """The portal's cookies, by the deployment's settings; each ends with the browser."""

    secure: bool

    def name(self, what: str) -> str:
        """The full name of the cookie ``visit``, ``form`` or ``language``."""
        short = {"visit": "omnibook", "form": "omnibook-form", "language": "omnibook-language"}
        return f"__Host-{short[what]}" if self.secure else short[what]

    def read(self, request: Request, what: str) -> str:
        """What the browser sent, at most 200 characters; else nothing."""
        value = request.cookies.get(self.name(what), "")
        return value if len(value) <= 200 and value.isascii() else ""

    def put(self, response: Response, what: str, value: str) -> None:
        """Give the browser a cookie that no script reads and no other site's form sends."""
        response.set_cookie(
            self.name(what), value, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response, what: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(
            self.name(what), path="/", secure=self.secure, httponly=True, samesite="lax"
        )


# Forged requests ---------------------------------------------------------------------------------


@frozen
class FormTokens:
    """Keyed hashes that tie a form to a browser, and to the visit that it was made for."""

    settings: WebSettings

    def make(self, browser: str, visit: str) -> str:
        """The token for a form; ``browser`` and ``visit`` are the values of the two cookies."""
        return self.settings.keys.sign("web form", f"{browser}\n{visit}")

    def is_good(self, token: str, browser: str, visit: str) -> bool:
        """Whether the token was made for this browser and visit."""
        return bool(browser) and self.settings.keys.verify("web form", f"{browser}\n{visit}", token)


def is_from_here(headers: Headers, *, secure: bool) -> bool:
    """Whether a POST comes from one of our own pages, as far as the browser tells.

    Whatever it tells has to be right; ``secure`` is whether our pages are under HTTPS only.
    """
    if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    same = parts.netloc.lower() == headers.get("host", "").lower()
    return same and (parts.scheme == "https" or not secure)


# Hosts and bodies --------------------------------------------------------------------------------


def is_known_host(headers: Headers, hosts: tuple[str, ...]) -> bool:
    """Whether the request is for one of the portal's names, whatever the port."""
    given = headers.getlist("host")
    if len(given) != 1:
        return False
    return _PORT.sub("", given[0].lower()) in hosts


async def read_form(
    request: Request, *, body_limit: int, field_limit: int, seconds: float
) -> Posted:
    """Read a posted form, as far as the limits go.

    Raises :class:`Refused` with 415 for any other kind of content, 413 for too much of it, 408
    where it has not all come within ``seconds``.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(415)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 12 or int(announced) > body_limit):
        raise Refused(413)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                body += part
                if len(body) > body_limit:
                    raise Refused(413)
    except TimeoutError:
        raise Refused(408) from None
    try:
        # What is not ASCII was escaped by the browser; anything else is no text of a form.
        pairs = parse_qsl(
            body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=field_limit
        )
    except ValueError:
        raise Refused(413) from None
    return Posted(tuple(pairs))


# Headers -----------------------------------------------------------------------------------------


@frozen
class Hardened:
    """An ASGI application whose every response carries the headers above."""

    app: ASGIApp
    secure: bool
    fixed: dict[str, str] = field(factory=lambda: dict(_HEADERS))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.fixed.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
                if self.secure:
                    headers["Strict-Transport-Security"] = _YEAR
            await send(message)

        await self.app(scope, receive, send_hardened)
