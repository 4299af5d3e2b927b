"""A browser without a window: it reads pages, fills in their forms, keeps cookies, follows on.

It speaks ASGI to the portal itself, so that nothing listens anywhere. What it fills in are the
fields that a page has: a test that names another one fails.
"""

import asyncio
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from attrs import define, field, frozen

import omnibook as ob
from omnibook.web import MemoryDrafts, WebSettings, create_app
from support.awaited import async_portal
from support.worlds import World

HOST = "booking.example.org"
ADDRESS = f"https://{HOST}"


@define
class Form:
    """One form of a page, with what its fields hold."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(factory=dict)
    buttons: list[dict[str, str]] = field(factory=list)
    names: set[str] = field(factory=set)


class _Reader(HTMLParser):
    """Reads what the tests look at: forms, the title, ids, links, and every text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: dict[str, Form] = {}
        self.form: Form | None = None
        self.title = ""
        self.by_id: dict[str, str] = {}
        self.links: list[dict[str, str]] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._select = ""
        self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag not in {"input", "meta", "link", "br", "path", "rect", "circle", "img"}:
            self._open.append((tag, given.get("id", "")))
        if "id" in given:
            assert given["id"] not in self.by_id, f"two elements are called {given['id']}"
            self.by_id[given["id"]] = ""
        if tag == "form":
            self.form = Form(given.get("action", ""), given.get("method", "get"))
            self.forms[given.get("id", given.get("action", ""))] = self.form
        elif tag == "a":
            self.links.append(given)
        if self.form is not None:
            self._handle_field(self.form, tag, given)

    def _handle_field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if name:
            form.names.add(name)
        if tag == "input":
            kind = given.get("type", "text")
            if kind not in {"radio", "checkbox"} or "checked" in given:
                form.fields.setdefault(name, []).append(given.get("value", "on"))
        elif tag == "select":
            self._select = name
        elif tag == "option":
            if "selected" in given or self._select not in form.fields:
                form.fields[self._select] = [given.get("value", "")]
        elif tag == "textarea":
            self._textarea = name
            form.fields[name] = [""]
        elif tag == "button":
            form.buttons.append(given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Parts of drawings, which hold nothing.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "form":
            self.form = None
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "title":
            self.title += data
        if self._textarea and self.form is not None:
            # A browser drops the first line end of what is in a textarea.
            self.form.fields[self._textarea] = [data.removeprefix("\n")]
        for _, name in self._open:
            if name:
                self.by_id[name] += data
        self.words.append(data)


@frozen
class Page:
    """What the browser shows."""

    response: httpx.Response
    read: _Reader

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def path(self) -> str:
        return self.response.url.path

    @property
    def html(self) -> str:
        return self.response.text

    @property
    def text(self) -> str:
        """Every word of the page, one blank between two of them."""
        return " ".join(" ".join(self.read.words).split())

    def words_of(self, element: str) -> str:
        return " ".join(self.read.by_id[element].split())

    @property
    def times(self) -> list[str]:
        """What the buttons of the list send."""
        form = self.read.forms.get("times")
        if form is None:
            return []
        return [each["value"] for each in form.buttons if each.get("name") == "slot"]

    @property
    def problems(self) -> set[str]:
        """The fields that have a problem beside them."""
        return {name.removesuffix("-problem") for name in self.read.by_id if "-problem" in name}


@define
class Browser:
    """One browser, with its own cookies and address."""

    app: Any
    runner: asyncio.Runner
    address: str = "203.0.113.7"
    headers: dict[str, str] = field(factory=dict)
    trail: list[str] = field(factory=list)
    """Every address that was asked for."""
    page: Page | None = None
    cookies: httpx.Cookies = field(factory=httpx.Cookies)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request and its answer; nothing is followed."""
        return self.runner.run(self._send(method, path, body, headers or {}))

    async def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=(self.address, 50000))
        url = urljoin(ADDRESS, path)
        self.trail.append(url)
        async with httpx.AsyncClient(transport=transport, cookies=self.cookies) as client:
            response = await client.request(
                method, url, content=body, headers={**self.headers, **headers}
            )
            self.cookies = httpx.Cookies(client.cookies)
        return response

    def open(self, path: str) -> Page:
        """Go to an address, and on to wherever it leads."""
        return self._follow(self.send("GET", path))

    def _follow(self, response: httpx.Response) -> Page:
        for _ in range(5):
            if not response.has_redirect_location:
                break
            assert response.status_code == 303
            path = response.headers["location"]
            response = self.send("GET", path)
        read = _Reader()
        read.feed(response.text)
        self.page = Page(response, read)
        return self.page

    @property
    def shown(self) -> Page:
        assert self.page is not None
        return self.page

    def fields(self, form: str = "main-form", button: str = "", **typed: Any) -> dict[str, Any]:
        """What the form would send, with these fields filled in otherwise."""
        found = self.shown.read.forms[form]
        unknown = typed.keys() - found.names
        assert not unknown, f"the form has no {unknown}"
        sent: dict[str, Any] = {name: list(values) for name, values in found.fields.items() if name}
        for name, value in typed.items():
            sent[name] = value if isinstance(value, list) else [value]
        for each in found.buttons:
            if button and button in {each.get("id"), each.get("value")} and each.get("name"):
                sent[each["name"]] = [each.get("value", "")]
        return sent

    def submit(self, form: str = "main-form", button: str = "", **typed: Any) -> Page:
        """Press a button of the form, by its id or value."""
        sent = self.fields(form, button, **typed)
        found = self.shown.read.forms[form]
        address = urljoin(str(self.shown.response.url), found.action)
        if found.method == "get":
            flat = [(name, value) for name, values in sent.items() for value in values]
            return self.open(f"{urlsplit(address).path}?{httpx.QueryParams(flat)}")
        return self.post(address, sent)

    def post(self, path: str, sent: dict[str, Any], **headers: str) -> Page:
        return self._follow(self.post_only(path, sent, **headers))

    def post_only(self, path: str, sent: dict[str, Any], **headers: str) -> httpx.Response:
        """Post a form, and follow nothing."""
        flat = [
            (name, value)
            for name, values in sent.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        body = str(httpx.QueryParams(flat)).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", path, body=body, headers={**kind, **headers})

    def language(self, language: str) -> Page:
        return self.open(f"{self.shown.path}?lang={language}")

    # The steps of the walk -----------------------------------------------------------------------

    def identify(self, **typed: Any) -> Page:
        self.open("/")
        return self.submit(**{**MARIE, **typed})

    def choose(self, service: str = "open", reason: str = "a sore throat", **typed: Any) -> Page:
        return self.submit(service=service, reason=reason, **typed)

    def find(self, **typed: Any) -> Page:
        return self.submit(**typed)

    def review(self, number: int = 0) -> Page:
        return self.submit("times", self.shown.times[number])

    def walk_to(self, path: str, **typed: Any) -> Page:
        """As far as this page, the quickest way."""
        steps: dict[str, Callable[[], Page]] = {
            "/choose": lambda: self.identify(**typed),
            "/when": self.choose,
            "/times": self.find,
            "/review": self.review,
            "/confirmation": lambda: self.submit(button="book"),
        }
        for reached, step in steps.items():
            page = step()
            assert page.path == reached, page.text
            if reached == path:
                return page
        raise AssertionError(path)


MARIE = {
    "first_name": "Marie",
    "last_name": "Tremblay",
    "birth_day": "19",
    "birth_month": "12",
    "birth_year": "2004",
    "gender": "female",
    "cell_phone": "514 555-0123",
    "email": "marie@example.org",
    "terms": "2026-01",
}


@define
class Place:
    """A world with its portal, and browsers in front of it."""

    world: World
    app: Any
    runner: asyncio.Runner
    settings: WebSettings

    def browser(
        self, address: str = "203.0.113.7", language: str = "en", **headers: str
    ) -> Browser:
        return Browser(self.app, self.runner, address, {"Accept-Language": language, **headers})


def web_settings(here: World, **more: Any) -> WebSettings:
    given: dict[str, Any] = {
        "keys": here.keys,
        "hosts": (HOST,),
        "clock": here.clock,
        "drafts": MemoryDrafts(here.clock),
        **more,
    }
    return WebSettings(**given)


def place_of(
    here: World, runner: asyncio.Runner, *, portal: ob.AsyncPortal | None = None, **more: Any
) -> Place:
    settings = web_settings(here, **more)
    app = create_app(portal or async_portal(here), here.clinic, settings)
    return Place(here, app, runner, settings)


def tomorrow(here: World) -> ob.Booked:
    """An appointment of tomorrow at 08:00, of Marie."""
    visit = here.enter()
    page = here.portal.find(visit, "open", ob.Preference(first_date="2026-03-03"))
    assert isinstance(page, ob.Page)
    return here.book(visit, page.slots[0])
