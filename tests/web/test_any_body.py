"""Whatever is posted or asked for: never an error of the server."""

import asyncio
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibook.ids import VisitId, VisitToken
from omnibook.web import Draft
from omnibook.web.forms import CONTACT_FIELDS, IDENTITY_FIELDS, WHEN_FIELDS, WISH_FIELDS
from support.browser import Browser, place_of, tomorrow
from support.worlds import world

NAMES = (
    *IDENTITY_FIELDS,
    *WISH_FIELDS,
    *CONTACT_FIELDS,
    *WHEN_FIELDS,
    "slot",
    "hold",
    "more",
    "back",
    "book",
    "lang",
    "notice",
    "pages",
    "done",
)
LIKELY = (
    "open",
    "file",
    "filter",
    "range",
    "fr",
    "female",
    "self",
    "2026-01",
    "2026-03-03",
    "0",
    "6",
    "7",
    "24:00",
    "12:30",
    "9" * 30,
    "start=2026-03-02T13:00Z&end=2026-03-02T13:15Z&service=open&schedule=gagnon",
    "start=0001-01-01T00:00%2B23:59&end=9999-12-31T23:59-23:59&service=open&schedule=gagnon",
    "start=2026-03-02T13:00:30&end=2026-03-02T13:15Z&service=&schedule=",
    "Ⅷ",
    "\x00",
    "%",
)
values = st.one_of(st.sampled_from(LIKELY), st.text(max_size=40))
pairs = st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=12)
raw = st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode))


class Walks:
    """A browser at every page, with what its form would send; made once, since they cost most."""

    def __init__(self, runner: asyncio.Runner) -> None:
        place = place_of(world(), runner)
        self.link = tomorrow(place.world).link
        self.cookies: dict[str, httpx.Cookies] = {}
        self.browsers: dict[str, Browser] = {}
        self.sent: dict[str, dict[str, list[str]]] = {}
        self.place = place
        self.drafts: dict[str, tuple[VisitId, Draft]] = {}
        for path, given_form in (
            ("/", "main-form"),
            ("/choose", "main-form"),
            ("/when", "main-form"),
            ("/times", "times"),
            ("/review", "main-form"),
            ("/leave", "/leave"),
            (f"/a/{self.link}/presence", ""),
            (f"/a/{self.link}/cancel", "main-form"),
            (f"/a/{self.link}/times", "times"),
        ):
            form = given_form
            browser = place.browser(f"203.0.113.{len(self.browsers)}")
            if path in {"/", f"/a/{self.link}/cancel", f"/a/{self.link}/times"}:
                browser.open(path)
            elif path.endswith("/presence"):
                browser.open(f"/a/{self.link}")
                form = path
            else:
                browser.walk_to("/choose" if path == "/leave" else path, **someone(path))
            self.browsers[path] = browser
            self.sent[path] = browser.fields(form)
            self.cookies[path] = browser.cookies
            self._keep_draft(path, browser)

    def _keep_draft(self, path: str, browser: Browser) -> None:
        token = browser.cookies.get("__Host-omnibook")
        if token is not None:
            visit_id = VisitToken(token).visit_id
            draft = self.place.runner.run(self.place.settings.drafts.get(visit_id))
            assert draft is not None
            self.drafts[path] = (visit_id, draft)

    def again(self, path: str) -> Browser:
        """The browser as it was at first, whatever it was made to do since."""
        browser = self.browsers[path]
        browser.cookies = httpx.Cookies(self.cookies[path])
        if path in self.drafts:
            self.place.runner.run(self.place.settings.drafts.put(*self.drafts[path]))
        return browser


def someone(path: str) -> dict[str, str]:
    name = "".join(each for each in path if each.isalpha())
    return {"last_name": name, "email": f"{name}@example.com", "cell_phone": ""}


@pytest.fixture(scope="module")
def walks(runner: asyncio.Runner) -> Walks:
    return Walks(runner)


PLACES = ("/", "/choose", "/when", "/times", "/review", "/presence", "/cancel", "/move-times")


def found(walks: Walks, place: str) -> str:
    return {
        "/presence": f"/a/{walks.link}/presence",
        "/cancel": f"/a/{walks.link}/cancel",
        "/move-times": f"/a/{walks.link}/times",
    }.get(place, place)


def is_right(status: int) -> bool:
    return status < 500


@settings(max_examples=200)
@given(st.sampled_from(PLACES), pairs)
def test_any_fields_are_answered(walks: Walks, place: str, changed: list[tuple[str, str]]) -> None:
    path = found(walks, place)
    browser = walks.again(path)
    sent: dict[str, list[str]] = {**walks.sent[path]}
    for name, value in changed:
        sent[name] = [value, *sent.get(name, [])][:3]
    response = browser.post_only(path, sent)
    assert is_right(response.status_code), response.text
    assert response.headers["cache-control"] == "no-store"
    if response.status_code == 303:
        assert response.headers["location"].startswith("/")
        assert is_right(browser.send("GET", response.headers["location"]).status_code)


@settings(max_examples=100)
@given(st.sampled_from(PLACES), raw)
def test_any_bytes_are_answered(walks: Walks, place: str, body: bytes) -> None:
    path = found(walks, place)
    browser = walks.again(path)
    token = walks.sent[path]["form_token"][0].encode()
    for prefix in (b"", b"form_token=" + token + b"&"):
        response = browser.send(
            "POST",
            path,
            body=prefix + body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert is_right(response.status_code)


@settings(max_examples=100)
@given(st.sampled_from(("/", "/choose", "/when", "/times", "/review", "/a/x", "")), pairs)
def test_any_query_is_answered(walks: Walks, path: str, query: list[tuple[str, str]]) -> None:
    path = path or f"/a/{walks.link}/times"
    browser = walks.browsers["/times"]
    assert is_right(browser.send("GET", f"{path}?{urlencode(query)}").status_code)


headers = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


@settings(max_examples=100)
@given(headers, headers, headers, headers)
def test_any_headers_are_answered(
    walks: Walks, cookie: str, accept: str, forwarded: str, origin: str
) -> None:
    browser = walks.browsers["/"]
    for method in ("GET", "POST"):
        response = browser.send(
            method,
            "/",
            headers={
                "Cookie": f"__Host-omnibook={cookie}; {cookie}; __Host-omnibook-form={accept}",
                "Accept-Language": accept,
                "X-Forwarded-For": forwarded,
                "Origin": origin,
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        assert is_right(response.status_code)
