"""What keeps others out, and what is personal in."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from attrs import evolve
from starlette.datastructures import Headers

import omnibook as ob
from omnibook.clinic import Text
from omnibook.web.security import is_known_host
from support.awaited import async_portal, async_store
from support.browser import ADDRESS, HOST, MARIE, Browser, Page, Place, place_of
from support.worlds import STAFF, schedule, service, small_clinic, world
from support.worlds import opening as an_opening

XSS = "\"'><script>alert(1)</script>{{7*7}}"
PAGES = ("/", "/terms", "/not-online", "/choose", "/when", "/times", "/review", "/confirmation")


# Cookies and forged requests ---------------------------------------------------------------------


def cookies_of(response: httpx.Response) -> dict[str, str]:
    found = response.headers.get_list("set-cookie")
    return {each.split("=", 1)[0]: each for each in found}


def test_the_cookie_holds_the_visit_s_token_and_nothing_else(
    place: Place, browser: Browser
) -> None:
    """R16: host-only, for HTTPS, unseen by scripts, not sent by other sites' forms."""
    browser.open("/")
    response = browser.post_only("/", browser.fields(**MARIE))
    given = cookies_of(response)["__Host-omnibook"]
    attributes = {part.strip().lower() for part in given.split(";")[1:]}
    assert attributes == {"httponly", "path=/", "samesite=lax", "secure"}
    token = browser.cookies.get("__Host-omnibook") or ""
    assert isinstance(place.world.portal.resume(token), ob.Welcome)


def test_every_cookie_is_for_this_host_and_for_https(browser: Browser) -> None:
    seen: dict[str, str] = {}
    seen |= cookies_of(browser.send("GET", "/"))
    seen |= cookies_of(browser.send("GET", "/?lang=fr"))
    assert seen.keys() == {"__Host-omnibook-form", "__Host-omnibook-language"}
    for given in seen.values():
        assert "; HttpOnly; Path=/; SameSite=lax; Secure" in given
        assert "domain" not in given.lower()
        assert "expires" not in given.lower(), "it ends with the browser"


def test_on_plain_http_the_cookies_do_without_the_prefix(runner: asyncio.Runner) -> None:
    browser = place_of(world(), runner, secure=False).browser()
    response = browser.send("GET", "/")
    assert cookies_of(response).keys() == {"omnibook-form"}
    assert "Secure" not in response.headers["set-cookie"]
    assert "strict-transport-security" not in response.headers
    assert browser.identify().path == "/choose"


def test_each_identification_has_a_token_of_its_own(browser: Browser) -> None:
    """Whatever token a browser was made to keep before, it is not the new visit's."""
    browser.identify()
    first = browser.cookies.get("__Host-omnibook")
    browser.identify()
    assert browser.cookies.get("__Host-omnibook") not in {first, None}
    second = browser.cookies
    browser.cookies = httpx.Cookies()
    browser.cookies.set("__Host-omnibook", first or "", domain=HOST)
    assert browser.open("/choose").path == "/", "what was typed before is forgotten"
    browser.cookies = second
    fixed = "a-token-that-somebody-else-knows-already"
    browser.cookies.set("__Host-omnibook", fixed, domain="booking.example.org")
    browser.identify()
    assert browser.cookies.get("__Host-omnibook") != fixed


@pytest.mark.parametrize("token", ["", "wrong", "é", None])
def test_a_form_without_its_token_does_nothing(
    place: Place, browser: Browser, token: str | None
) -> None:
    browser.walk_to("/review")
    sent = browser.fields(button="book")
    if token is None:
        del sent["form_token"]
    else:
        sent["form_token"] = [token]
    assert browser.post("/review", sent).status == 403
    assert day_of(place).appointments == ()


def test_a_form_s_token_is_of_one_browser_and_of_one_visit(place: Place) -> None:
    browser, other = place.browser(), place.browser("203.0.113.9")
    browser.open("/")
    token = browser.fields()["form_token"]
    other.open("/")
    assert other.post("/", {**other.fields(**MARIE), "form_token": token}).status == 403
    browser.walk_to("/review")
    stale = browser.fields(button="book")
    browser.identify()
    assert browser.post("/review", stale).status == 403, "of an earlier visit"


def test_without_cookies_the_page_says_so(place: Place) -> None:
    browser = place.browser()
    browser.open("/")
    sent = browser.fields(**MARIE)
    browser.cookies = httpx.Cookies()
    page = browser.post("/", sent)
    assert page.status == 403
    assert "cookies" in page.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": ADDRESS}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ADDRESS}, 403),
        ({"Origin": f"http://{HOST}"}, 403),
        ({"Origin": ADDRESS}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({}, 303),
    ],
)
def test_a_form_comes_from_our_own_pages(
    browser: Browser, headers: dict[str, str], status: int
) -> None:
    browser.open("/")
    response = browser.post_only("/", browser.fields(**MARIE), **headers)
    assert response.status_code == status


# Headers, hosts, bodies --------------------------------------------------------------------------


def test_every_answer_is_hardened(browser: Browser) -> None:
    browser.walk_to("/confirmation")
    answers = [browser.send("GET", path) for path in (*PAGES, "/nothing", "/appointment.ics")]
    answers.append(browser.send("DELETE", "/"))
    answers.append(browser.send("GET", "/", headers={"Host": "evil.example"}))
    for answer in answers:
        headers = answer.headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "strict-origin", "no path of ours is told"
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_no_page_asks_for_anything_elsewhere_or_holds_script_or_style(browser: Browser) -> None:
    for path in ("/choose", "/when", "/times", "/review", "/confirmation"):
        page = browser.walk_to(path)
        for tag, given in page.read.tags:
            assert tag != "style"
            assert "style" not in given
            assert not any(name.startswith("on") for name in given)
            assert tag != "script" or given["src"].startswith("/static/")
            for name in ("href", "src", "action"):
                assert not given.get(name, "/").startswith(("http", "//", "javascript"))
        for source in [given["src"] for tag, given in page.read.tags if tag == "script"]:
            answer = browser.send("GET", source)
            assert answer.status_code == 200
            assert answer.headers["cache-control"].startswith("public")
    assert browser.send("GET", "/static/style.css").headers["cache-control"] == "no-cache"
    assert browser.send("GET", "/static/../site.py").status_code == 404
    assert browser.send("GET", "/static/site.py").status_code == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("booking.example.org", 200),
        ("BOOKING.example.org:8443", 200),
        ("evil.example", 400),
        ("booking.example.org.evil.example", 400),
        ("booking.example.org:x@evil.example", 400),
        ("booking.example.org:", 400),
        ("booking.example.org:123456", 400),
        ("", 400),
        ("[::1]", 400),
    ],
)
def test_only_our_own_hosts_are_served(browser: Browser, host: str, status: int) -> None:
    response = browser.send("GET", "/", headers={"Host": host})
    assert response.status_code == status
    assert "evil" not in response.text


def test_a_request_names_one_host() -> None:
    name = (b"host", b"booking.example.org")
    assert is_known_host(Headers(raw=[name]), ("booking.example.org",))
    assert not is_known_host(Headers(raw=[name, name]), ("booking.example.org",))
    assert not is_known_host(Headers(raw=[]), ("booking.example.org",))


def test_too_much_is_refused(runner: asyncio.Runner) -> None:
    browser = place_of(world(), runner, body_limit=2000, field_limit=20).browser()
    browser.open("/")
    sent = browser.fields(**MARIE)
    assert browser.post("/", {**sent, "first_name": "x" * 3000}).status == 413
    assert browser.post("/", {**sent, "more": ["x"] * 30}).status == 413
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    announced = {**kind, "Content-Length": "9" * 30}
    assert browser.send("POST", "/", body=b"", headers=announced).status_code == 413
    understated = {**kind, "Content-Length": "10"}
    endless = b"first_name=" + b"x" * 3000
    assert browser.send("POST", "/", body=endless, headers=understated).status_code == 413
    assert browser.post("/", sent).path == "/choose"


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", ""])
def test_only_forms_are_read(browser: Browser, kind: str) -> None:
    browser.open("/")
    assert browser.send("POST", "/", body=b"{}", headers={"Content-Type": kind}).status_code == 415


@pytest.mark.parametrize("language", ["en", "fr"])
def test_errors_are_pages_too(place: Place, language: str) -> None:
    browser = place.browser(language=language)
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("GET", f"/{'x' * 3000}", 404),
        ("PUT", "/", 405),
        ("POST", "/terms", 405),
        ("POST", "/appointment.ics", 405),
        ("GET", "/leave", 405),
    ):
        response = browser.send(method, path)
        assert response.status_code == status
        assert f'<html lang="{language}">' in response.text
        assert "514 555-0100" in response.text
        assert status != 405 or response.headers["allow"]


class Broken:
    """A portal that fails, with a personal value in its words."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        async def fail(*args: object, **more: object) -> object:
            raise self._fault

        return fail


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (RuntimeError("Marie Tremblay"), 500),
        (ob.StoreError("Marie Tremblay"), 503),
        (ob.Contention("Marie Tremblay"), 503),
    ],
)
def test_a_fault_is_a_page_and_a_line_without_its_words(
    runner: asyncio.Runner, caplog: pytest.LogCaptureFixture, fault: Exception, status: int
) -> None:
    portal: Any = Broken(fault)
    browser = place_of(world(), runner, portal=portal).browser()
    browser.open("/")
    page = browser.post("/", browser.fields(**MARIE))
    assert page.status == status
    assert "Marie" not in page.html
    assert type(fault).__name__ in caplog.text
    assert "Marie" not in caplog.text
    assert ("retry-after" in page.response.headers) == (status == 503)


# What is personal --------------------------------------------------------------------------------


def test_nothing_personal_is_in_addresses_titles_and_logs(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """R23, R50."""
    caplog.set_level(logging.DEBUG, logger="omnibook")
    typed = {"health_number": "TREM 0462 1918", "health_number_issuer": "CA-QC"}
    titles = []
    browser.open("/")
    browser.submit(**{**MARIE, "email": "bad"})
    titles.append(browser.shown.read.title)
    steps: tuple[Callable[[], Page], ...] = (
        lambda: browser.submit(**{**MARIE, **typed}),
        lambda: browser.choose(details="with a fever"),
        browser.find,
        browser.review,
        lambda: browser.submit(button="book", email="bad"),
        lambda: browser.submit(button="book", email="new@example.com"),
    )
    titles += [step().read.title for step in steps]
    told = " ".join([*titles, *browser.trail, caplog.text]).lower()
    for value in ("marie", "tremblay", "2004", "0123", "trem", "throat", "fever", "new@", "gagnon"):
        assert value not in told, value


def test_what_was_typed_is_text_and_nothing_else(browser: Browser) -> None:
    page = browser.identify(first_name=XSS, email=XSS, cell_phone=XSS, health_number=XSS)
    assert page.status == 422
    assert "<script>alert" not in page.html
    assert page.read.forms["main-form"].fields["email"] == [XSS]
    browser.identify()
    page = browser.choose(reason=XSS, details=f"</textarea>{XSS}")
    browser.find()
    page = browser.review()
    assert "<script>alert" not in page.html
    assert page.read.forms["main-form"].fields["reason"] == [XSS]
    assert page.read.forms["main-form"].fields["details"] == [f"</textarea>{XSS}"]
    for path in (f"/?notice={XSS}", f"/choose?notice={XSS}", f"/times?{XSS}", f"/?lang={XSS}"):
        assert "<script>alert" not in browser.open(path).html


def test_what_a_clinic_configured_is_text_and_nothing_else(runner: asyncio.Runner) -> None:
    bad = Text(XSS, XSS)
    clinic = small_clinic(
        name=bad,
        phone=f"514 555-0100{XSS}",
        services=(evolve(service("open", 15), name=bad, description=bad, label=bad),),
        schedules=(evolve(schedule("gagnon", an_opening()), name=bad, place=bad),),
    )
    browser = place_of(world(clinic), runner, terms=bad).browser()
    for path in ("/terms", "/not-online", "/nothing"):
        assert "<script>alert" not in browser.open(path).html
    for path in ("/choose", "/when", "/times", "/review", "/confirmation"):
        page = browser.walk_to(path)
        assert "<script>alert" not in page.html
        assert "7*7" in page.html
    links = browser.shown.read.links
    link = next(each["href"] for each in links if each.get("id") == "manage")
    for path in (link, f"{link}/times"):
        assert "<script>alert" not in browser.open(path).html


# Back, two tabs, twice ---------------------------------------------------------------------------


def day_of(place: Place) -> ob.DayList:
    return place.world.desk.day(place.world.clock.now().date(), actor=STAFF)


def test_going_back_after_booking_leads_to_the_confirmation(browser: Browser) -> None:
    """Nothing is kept by the browser, so that its button Back asks anew."""
    browser.walk_to("/review")
    assert browser.shown.response.headers["cache-control"] == "no-store"
    browser.submit(button="book")
    assert browser.open("/review").path == "/confirmation"


def test_a_form_that_is_posted_twice_books_once(place: Place, browser: Browser) -> None:
    """R38: one after the other, such as from a page that was kept."""
    browser.walk_to("/review")
    sent = browser.fields(button="book")
    references = {browser.post("/review", sent).words_of("reference") for _ in range(3)}
    assert len(references) == 1
    assert len(day_of(place).appointments) == 1


def test_a_double_click_on_book_books_once(runner: asyncio.Runner) -> None:
    """R38: at the same time."""
    here = world()
    store = async_store(here)
    place = place_of(here, runner, portal=async_portal(here, store))
    browser = place.browser()
    browser.walk_to("/review")
    body = str(
        httpx.QueryParams(
            [
                (name, value)
                for name, values in browser.fields(button="book").items()
                for value in values
            ]
        )
    ).encode()

    async def click() -> httpx.Response:
        transport = httpx.ASGITransport(place.app, client=("203.0.113.7", 1))
        async with httpx.AsyncClient(transport=transport, cookies=browser.cookies) as client:
            return await client.post(
                f"{ADDRESS}/review",
                content=body,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )

    async def clicks() -> list[httpx.Response]:
        return list(await asyncio.gather(*(click() for _ in range(4))))

    for response in runner.run(clicks()):
        assert response.status_code == 303
        assert response.headers["location"] == "/confirmation"
    assert len(day_of(place).appointments) == 1


def test_two_tabs_share_one_visit(place: Place, browser: Browser) -> None:
    """R35: the time of the second tab counts; the first one's is given back."""
    browser.walk_to("/review")
    first = browser.fields(button="book")
    browser.open("/times")
    browser.review(2)
    second = browser.fields(button="book")
    page = browser.post("/review", first)
    assert page.path == "/times"
    assert page.words_of("notice")
    assert browser.open("/review").path == "/review", "the other one is still held"
    assert browser.post("/review", second).path == "/confirmation"
    assert len(day_of(place).appointments) == 1


def test_limits_are_counted_by_address(runner: asyncio.Runner) -> None:
    """R12: what a visitor writes into a header makes no new address."""
    here = world()
    portal = ob.AsyncPortal(
        here.clinic,
        store=ob.AsyncMemoryStore(here.clock),
        directory=here.directory,
        keys=here.keys,
        limiter=ob.MemoryLimiter(here.clock, ob.LimiterPolicy(per_source=2, per_person=99)),
    )
    place = place_of(here, runner, portal=portal)
    statuses = []
    for number in range(3):
        browser = place.browser(**{"X-Forwarded-For": f"198.51.100.{number}"})
        statuses.append(browser.identify().status)
    assert statuses == [200, 200, 429]
    assert place.browser("203.0.113.8").identify().status == 200


def test_a_trusted_proxy_says_whose_request_it_is(runner: asyncio.Runner) -> None:
    here = world()
    portal = ob.AsyncPortal(
        here.clinic,
        store=ob.AsyncMemoryStore(here.clock),
        directory=here.directory,
        keys=here.keys,
        limiter=ob.MemoryLimiter(here.clock, ob.LimiterPolicy(per_source=1, per_person=99)),
    )
    place = place_of(here, runner, portal=portal, trusted_proxies=("10.0.0.0/8",))
    statuses = []
    for number in (1, 1, 2):
        browser = place.browser("10.0.0.2", **{"X-Forwarded-For": f"1.1.1.9, 198.51.100.{number}"})
        statuses.append(browser.identify().status)
    assert statuses == [200, 429, 200]
