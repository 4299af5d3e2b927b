"""The ASGI application: the pages, the static files, and the pages of errors."""

import mimetypes
from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import omnibook as ob
from omnibook.web.choosing import ChoosePages
from omnibook.web.identifying import IdentifyPages
from omnibook.web.linked import LinkedPages
from omnibook.web.reviewing import ReviewPages
from omnibook.web.security import Hardened
from omnibook.web.selecting import SelectPages
from omnibook.web.settings import WebSettings
from omnibook.web.site import Site

STATIC = ("style.css", "portal.js", "icon.svg")

_KEPT = "public, max-age=31536000, immutable"


def create_app(portal: ob.AsyncPortal, clinic: ob.Clinic, settings: WebSettings) -> ASGIApp:
    """The patient's portal of one clinic, as an ASGI application.

    ``portal`` and ``clinic`` are the SDK's: the pages carry what they answer, and decide nothing.
    The application keeps drafts only, see :mod:`omnibook.web.drafts`; any ASGI server runs it.
    """
    site = Site(portal, clinic, settings)
    pages = (
        IdentifyPages(site),
        ChoosePages(site),
        SelectPages(site),
        ReviewPages(site),
        LinkedPages(site),
    )

    async def refused(request: Request, fault: Exception) -> Response:
        status = fault.status_code if isinstance(fault, HTTPException) else 500
        response = site.error(site.visitor_of_nowhere(request), status)
        if isinstance(fault, HTTPException) and fault.headers:
            response.headers.update(fault.headers)
        return response

    routes = [route for each in pages for route in each.routes()]
    app = Starlette(
        routes=[*routes, Route("/static/{name}", _static, methods=["GET"])],
        exception_handlers={HTTPException: refused},
    )
    # It would lead to plain HTTP behind a proxy, and repeat the link of a message.
    app.router.redirect_slashes = False
    return Hardened(OnlyOurHosts(app, site), settings.secure)


class OnlyOurHosts:
    """Refuses what is not for one of the portal's names, before anything else looks at it."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or refuse it."""
        answer: Callable[[Scope, Receive, Send], Awaitable[None]] = self._app
        if scope["type"] == "http":
            request = Request(scope)
            if not self._site.is_known_host(request):
                answer = self._site.error(self._site.visitor_of_nowhere(request), 400)
        await answer(scope, receive, send)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        raise HTTPException(404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {"Cache-Control": _KEPT if "v" in request.query_params else "no-cache"}
    return Response(_content(name), media_type=kind, headers=headers)


@cache
def _content(name: str) -> bytes:
    return files("omnibook.web").joinpath("static", name).read_bytes()
