"""What every page shares: who asks, in which language, with what form, and how a page is drawn.

A request becomes a :class:`Visitor`; a page's handler takes it and answers with a response. All
that is checked of a request is checked here, before any handler: host, body, form token, language.
"""

import logging
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from attrs import define, evolve, field, frozen
from jinja2 import Environment
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

import omnibook as ob
from omnibook.messages import describe_problem
from omnibook.web.drafts import Draft
from omnibook.web.forms import Posted
from omnibook.web.rendering import environment, problem_anchor
from omnibook.web.security import (
    CSRF_FIELD,
    Cookies,
    FormTokens,
    Refused,
    is_from_here,
    is_known_host,
    read_form,
)
from omnibook.web.settings import WebSettings
from omnibook.web.source import source_of
from omnibook.web.texts import as_language, preferred_language

_log = logging.getLogger("omnibook.web")

_OTHER = {"fr": "en", "en": "fr"}


@define
class Visitor:
    """One request: who asks, and what was posted."""

    request: Request
    language: str
    browser: str
    """The cookie that forms are tied to; made when there was none."""
    token: str = field(repr=False)
    """The visit's cookie, as it came."""
    posted: Posted = Posted()
    is_new_browser: bool = False

    @property
    def visit(self) -> ob.VisitToken | None:
        """The visit that the cookie names, if it can be one."""
        try:
            return ob.VisitToken(self.token)
        except ob.InvalidValue:
            return None

    @property
    def here(self) -> str:
        """The path of the page."""
        return self.request.url.path


@frozen
class Wrong:
    """A problem that the page says in its own words, beside one of its fields."""

    field: str
    said: str


Handler = Callable[[Visitor], Awaitable[Response]]


@frozen
class Site:
    """The portal of one clinic, as pages see it."""

    portal: ob.AsyncPortal
    clinic: ob.Clinic
    settings: WebSettings

    # Requests ------------------------------------------------------------------------------------

    def route(
        self,
        path: str,
        *,
        get: Handler | None = None,
        post: Handler | None = None,
        redraw: Handler | None = None,
    ) -> Route:
        """A page: what answers its GET, what its POST; whatever is raised becomes a page too.

        ``redraw`` shows what was typed again, unjudged: it answers a POST that only asks for the
        other language.
        """
        given = (("GET", get), ("POST", post))
        handlers = {method: each for method, each in given if each is not None}

        async def answer(request: Request) -> Response:
            visitor = self._visitor(request)
            try:
                if request.method != "POST":
                    response = self._choice(visitor) or await handlers["GET"](visitor)
                else:
                    visitor.posted = await self._posted(visitor)
                    language = as_language(visitor.posted["lang"])
                    if redraw is not None and language is not None:
                        visitor.language = language
                        response = await redraw(visitor)
                        self.cookies.put(response, "language", language)
                    else:
                        response = await handlers["POST"](visitor)
            except Refused as refused:
                return self.error(visitor, refused.status)
            except ClientDisconnect:
                # Nobody reads the answer, and nothing failed.
                return Response(status_code=HTTPStatus.BAD_REQUEST)
            except ob.StoreError as fault:
                return self._broken(visitor, fault, HTTPStatus.SERVICE_UNAVAILABLE)
            except Exception as fault:  # noqa: BLE001 - a visitor must never see how we fail
                return self._broken(visitor, fault, HTTPStatus.INTERNAL_SERVER_ERROR)
            return self._with_cookies(visitor, response)

        return Route(path, answer, methods=list(handlers))

    def _visitor(self, request: Request) -> Visitor:
        cookies = self.cookies
        browser = cookies.read(request, "form")
        language = as_language(cookies.read(request, "language")) or preferred_language(
            request.headers.get("accept-language", "")
        )
        return Visitor(
            request,
            language,
            browser or self.settings.tokens.visit_token(),
            cookies.read(request, "visit"),
            is_new_browser=not browser,
        )

    def visitor_of_nowhere(self, request: Request) -> Visitor:
        """The visitor of a page that does not exist: only to be shown an error."""
        return self._visitor(request)

    async def _posted(self, visitor: Visitor) -> Posted:
        request = visitor.request
        if not is_from_here(request.headers, secure=self.settings.secure):
            raise Refused(403)
        posted = await read_form(
            request,
            body_limit=self.settings.body_limit,
            field_limit=self.settings.field_limit,
            seconds=self.settings.body_seconds,
        )
        browser = "" if visitor.is_new_browser else visitor.browser
        if not self.form_tokens.is_good(posted[CSRF_FIELD], browser, visitor.token):
            raise Refused(403)
        return posted

    def _choice(self, visitor: Visitor) -> Response | None:
        """The same page in the language that ``?lang=`` asks for; the choice is kept."""
        query = visitor.request.query_params
        language = as_language(query.get("lang"))
        if language is None:
            return None
        others = [(name, value) for name, value in query.multi_items() if name != "lang"]
        to = visitor.here + (f"?{urlencode(others)}" if others else "")
        response = RedirectResponse(to, status_code=303)
        self.cookies.put(response, "language", language)
        return response

    def _with_cookies(self, visitor: Visitor, response: Response) -> Response:
        if visitor.is_new_browser:
            self.cookies.put(response, "form", visitor.browser)
        return response

    def source(self, request: Request) -> str:
        """Where the visitor comes from, for the limits of R12 and R36."""
        header = self.settings.proxy_header
        peer = None if request.client is None else request.client.host
        values = request.headers.getlist(header)
        return source_of(peer, header, values, self.settings.trusted_proxies)

    def is_known_host(self, request: Request) -> bool:
        """Whether the request is for one of the portal's own names."""
        return is_known_host(request.headers, self.settings.hosts)

    # Drafts --------------------------------------------------------------------------------------

    async def draft(self, visitor: Visitor) -> Draft | None:
        """What the visitor has filled in so far, while the visit lasts; else nothing (R16).

        Whoever comes to this browser later sees nothing of it: each page asks the portal first.
        """
        visit = visitor.visit
        if visit is None:
            return None
        found = await self.settings.drafts.get(visit.visit_id)
        if found is None or isinstance(await self.portal.services(visit), ob.VisitOver):
            return None
        # The portal was waited for: another page of the same visit may have changed it meanwhile.
        return await self.settings.drafts.get(visit.visit_id)

    async def begin(self, visit: ob.VisitToken, draft: Draft) -> None:
        """Keep what was filled in so far, of a visit that begins."""
        await self.settings.drafts.put(visit.visit_id, draft)

    async def change(self, visit: ob.VisitToken, change: Callable[[Draft], Draft]) -> Draft | None:
        """Change what was filled in, as it stands now; a page changes only what it is about."""
        return await self.settings.drafts.change(visit.visit_id, change)

    async def note(self, visit: ob.VisitToken, **changes: Any) -> None:
        """Change these parts of what was filled in, whatever they were."""
        await self.change(visit, lambda draft: evolve(draft, **changes))

    async def end(self, visitor: Visitor) -> None:
        """Release what the cookie's visit holds, and forget what was typed in it (R35)."""
        visit = visitor.visit
        if visit is not None:
            await self.portal.go_back(visit)
            await self.settings.drafts.drop(visit.visit_id)

    # Responses -----------------------------------------------------------------------------------

    @property
    def cookies(self) -> Cookies:
        """The cookies, by the settings."""
        return Cookies(self.settings.secure)

    @property
    def form_tokens(self) -> FormTokens:
        """What ties forms to browsers."""
        return FormTokens(self.settings)

    def page(
        self,
        visitor: Visitor,
        template: str,
        *,
        status: int = 200,
        problems: tuple[ob.Problem | Wrong, ...] = (),
        here: str = "",
        **context: Any,
    ) -> Response:
        """Draw a page. ``here`` is the address that the language switch leads back to."""
        language = visitor.language
        shown = [
            (problem.field, problem_anchor(problem.field), _in_words(problem, language))
            for problem in problems
        ]
        by_field: dict[str, str] = {}
        for name, _, said in shown:
            by_field[name] = f"{by_field[name]} {said}" if name in by_field else said
        text = (
            self._environment(language)
            .get_template(template)
            .render(
                clinic=self.clinic,
                language=language,
                other_language=_OTHER[language],
                here=here or visitor.here,
                in_visit=bool(visitor.token),
                sends=self.settings.sends_messages,
                problems=shown,
                problem_of=by_field,
                csrf_field=CSRF_FIELD,
                csrf=self.form_tokens.make(visitor.browser, visitor.token),
                **context,
            )
        )
        return HTMLResponse(text, status_code=status, headers={"Content-Language": language})

    def go(self, path: str) -> Response:
        """Lead the browser to another page with a GET."""
        return RedirectResponse(path, status_code=303)

    async def visit_over(self, visitor: Visitor) -> Response:
        """The visit is over, or unknown: back to the first page, without draft and cookie (R16)."""
        if visitor.visit is not None:
            await self.settings.drafts.drop(visitor.visit.visit_id)
        response = self.go("/?notice=visit.over" if visitor.token else "/")
        self.cookies.drop(response, "visit")
        return response

    def error(self, visitor: Visitor, status: int) -> Response:
        """The page of an error; nothing that was typed is repeated on it."""
        known = status if status in _ERRORS else HTTPStatus.BAD_REQUEST
        # Two addresses have no page of their own; each is on one that has.
        again = "/" if visitor.here == "/leave" else visitor.here.removesuffix("/presence")
        response = self.page(
            visitor, "error.html", status=status, reason=int(known), here="/", again=again
        )
        if known == HTTPStatus.REQUEST_TIMEOUT:
            # What is left of the request is not waited for.
            response.headers["Connection"] = "close"
        return self._with_cookies(visitor, response)

    def _broken(self, visitor: Visitor, fault: Exception, status: HTTPStatus) -> Response:
        # Not the message: whoever raised it may have put a personal value into it.
        place = traceback.extract_tb(fault.__traceback__)[-1]
        _log.error(
            "a page failed: %s at %s line %s", type(fault).__name__, place.filename, place.lineno
        )
        response = self.error(visitor, int(status))
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = "5"
        return response

    def _environment(self, language: str) -> Environment:
        return environment(language)


def _in_words(problem: ob.Problem | Wrong, language: str) -> str:
    return problem.said if isinstance(problem, Wrong) else describe_problem(problem, language)


_ERRORS = frozenset({400, 403, 404, 405, 408, 413, 415, 500, 503})
