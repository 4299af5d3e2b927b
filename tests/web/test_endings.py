"""What is left of a visit on a computer that others use too; and what two tabs leave each other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

import httpx
import pytest

import omnibook as ob
from omnibook.web import create_app
from support.awaited import async_portal
from support.browser import ADDRESS, Browser, Place, place_of, web_settings
from support.portal_walks import stranger
from support.worlds import STAFF, world

PERSONAL = ("marie", "tremblay", "2004", "0123", "marie@example.org", "sore throat")
COOKIE = "__Host-omnibook"
GETS = ("/choose", "/when", "/times", "/review", "/confirmation", "/appointment.ics")
POSTS = ("/choose", "/when", "/times", "/review")


def draft_of(place: Place, token: str) -> Any:
    visit_id = ob.VisitToken(token).visit_id
    return place.runner.run(place.settings.drafts.get(visit_id))


def token_of(browser: Browser) -> str:
    token = browser.cookies.get(COOKIE)
    assert token is not None
    return token


# A visit that is over ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("reached", ["/review", "/confirmation"])
def test_a_page_shows_nothing_of_a_visit_that_is_over(
    place: Place, browser: Browser, reached: str, path: str
) -> None:
    """R16: after 31 minutes of nobody, on a computer that others use too."""
    browser.walk_to(reached)
    token = token_of(browser)
    place.world.wait(minutes=31)
    page = browser.open(path)
    assert page.path == "/"
    assert not [each for each in PERSONAL if each in page.html.lower()]
    assert browser.cookies.get(COOKIE) is None
    assert draft_of(place, token) is None


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("more", [{}, {"lang": "fr"}], ids=["post", "redraw"])
def test_a_form_of_a_visit_that_is_over_keeps_and_shows_nothing(
    place: Place, browser: Browser, path: str, more: dict[str, str]
) -> None:
    """R16."""
    browser.walk_to(path)
    sent = browser.fields("times" if path == "/times" else "main-form")
    token = token_of(browser)
    place.world.wait(minutes=31)
    assert browser.post(path, {**sent, **more}).path == "/"
    assert browser.cookies.get(COOKIE) is None
    assert draft_of(place, token) is None


def test_a_visit_that_goes_on_is_shown(place: Place, browser: Browser) -> None:
    browser.walk_to("/confirmation")
    for _ in range(3):
        place.world.wait(minutes=29)
        assert browser.open("/confirmation").path == "/confirmation"


# Somebody else at the same browser ---------------------------------------------------------------


def first_offer(place: Place) -> ob.Slot:
    """What is free for somebody else."""
    visit = stranger(place.world, 3)
    found = place.world.portal.find(visit, "open", ob.Preference.soonest())
    assert isinstance(found, ob.Page)
    return found.slots[0]


@pytest.fixture
def answering(runner: asyncio.Runner) -> tuple[Place, dict[str, Any]]:
    """A place where one step answers what the test says."""
    here = world()
    portal, answers = async_portal(here), dict[str, Any]()

    class Answering:
        def __getattr__(self, name: str) -> Any:
            async def answer(*args: object, **more: object) -> Any:
                return answers[name]

            return answer if name in answers else getattr(portal, name)

    stand_in: Any = Answering()
    return place_of(here, runner, portal=stand_in), answers


def test_who_cannot_book_online_finds_nothing_of_who_was_here_before(
    answering: tuple[Place, dict[str, Any]],
) -> None:
    """R14, R35: the earlier visit ends, with its time, its draft and its cookie."""
    place, answers = answering
    free = first_offer(place)
    browser = place.browser()
    browser.walk_to("/review")
    token = token_of(browser)
    assert first_offer(place) != free
    answers["identify"] = ob.NotOnline()
    assert browser.identify(first_name="Camille").path == "/not-online"
    assert browser.cookies.get(COOKIE) is None
    assert draft_of(place, token) is None
    assert first_offer(place) == free
    for path in GETS:
        assert browser.open(path).path == "/"


def test_a_new_visit_releases_what_the_earlier_one_held(place: Place, browser: Browser) -> None:
    """R35."""
    free = first_offer(place)
    browser.walk_to("/review")
    assert first_offer(place) != free
    browser.identify()
    assert first_offer(place) == free


def test_whoever_has_a_visit_can_leave_from_every_page(browser: Browser) -> None:
    for path in ("/", "/terms", "/not-online", "/nothing"):
        assert "leave" not in browser.open(path).read.by_id
    browser.identify()
    for path in ("/", "/terms", "/not-online", "/nothing", "/choose"):
        assert "leave" in browser.open(path).read.by_id, path
    assert browser.submit("/leave").path == "/"
    assert "leave" not in browser.shown.read.by_id


# Two tabs ----------------------------------------------------------------------------------------


class Meanwhile:
    """The portal, but that something else happens just before one step of it."""

    def __init__(self, portal: ob.AsyncPortal) -> None:
        self._portal = portal
        self.step = ""
        self.act: Callable[[], Awaitable[object]] | None = None

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._portal, name)

        async def answer(*args: object, **more: object) -> Any:
            act, self.act = (self.act, None) if name == self.step else (None, self.act)
            if act is not None:
                await act()
            return await real(*args, **more)

        return answer


@pytest.mark.parametrize("step", ["go_back", "book", "review"])
def test_a_confirmation_is_not_lost_to_another_tab(runner: asyncio.Runner, step: str) -> None:
    """R38: booked while this tab waits to go back, to book, or for another time."""
    here = world()
    portal: Any = Meanwhile(async_portal(here))
    place = place_of(here, runner, portal=portal)
    browser = place.browser()
    browser.walk_to("/times")
    other = browser.fields("times", browser.shown.times[3])
    browser.review()
    booking = browser.fields(button="book")

    async def book() -> None:
        transport = httpx.ASGITransport(place.app, client=("203.0.113.7", 1))
        async with httpx.AsyncClient(transport=transport, cookies=browser.cookies) as client:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode(booking, doseq=True).encode()
            answer = await client.post(f"{ADDRESS}/review", content=body, headers=kind)
        assert answer.headers["location"] == "/confirmation"

    portal.step, portal.act = step, book
    if step == "review":
        assert browser.post("/times", other).path == "/choose"
    else:
        button = {"go_back": "back", "book": "book"}[step]
        page = browser.submit(button=button)
        assert page.path == "/confirmation"
    assert portal.act is None
    assert browser.open("/confirmation").path == "/confirmation"
    assert browser.open("/review").path == "/confirmation"


def test_what_was_left_meanwhile_is_not_kept_again(runner: asyncio.Runner) -> None:
    here = world()
    portal: Any = Meanwhile(async_portal(here))
    place = place_of(here, runner, portal=portal)
    browser = place.browser()
    browser.walk_to("/review")
    token = token_of(browser)

    async def leave() -> None:
        await place.settings.drafts.drop(ob.VisitToken(token).visit_id)

    portal.step, portal.act = "go_back", leave
    assert browser.submit(button="back").path == "/"
    assert draft_of(place, token) is None


# What a draft keeps ------------------------------------------------------------------------------


def test_a_draft_keeps_no_more_than_a_field_may_hold(place: Place, browser: Browser) -> None:
    browser.walk_to("/choose")
    browser.choose(service="x" * 3000)
    draft = draft_of(place, token_of(browser))
    assert len(draft.wish["service"]) == 1000


def test_as_soon_as_possible_keeps_nothing_else(place: Place, browser: Browser) -> None:
    browser.walk_to("/when")
    browser.find(when="soonest", first_date="2026-03-09", practitioner="gagnon")
    assert dict(draft_of(place, token_of(browser)).when) == {"when": "soonest"}


def test_a_field_that_comes_twice_counts_once(place: Place, browser: Browser) -> None:
    browser.walk_to("/choose")
    browser.submit(service="open", reason=["a cough", "and more"])
    assert draft_of(place, token_of(browser)).wish["reason"] == "a cough"


def test_no_address_makes_the_portal_say_something(place: Place, browser: Browser) -> None:
    """What led back here is known to the visit; whoever sends a link cannot put it there."""
    browser.walk_to("/choose")
    assert "notice" not in browser.open("/choose?notice=already-booked").read.by_id
    for outcome in (ob.AlreadyBooked(), ob.ServiceNotOffered()):
        assert "notice" not in browser.open(f"/choose?notice={outcome.code}").read.by_id
    browser.walk_to("/confirmation")
    browser.open("/choose")
    browser.choose()
    browser.find()
    page = browser.review()
    assert page.response.url.query == b""
    assert "notice" in browser.open("/choose").read.by_id, "a GET changes nothing"
    assert "notice" in browser.language("fr").read.by_id
    browser.choose()
    assert "notice" not in browser.open("/choose").read.by_id


# Messages ----------------------------------------------------------------------------------------


def test_messages_are_in_the_language_of_the_page_that_booked(
    place: Place, browser: Browser
) -> None:
    """R42."""
    browser.walk_to("/review")
    browser.language("fr")
    browser.submit(button="book")
    now = place.world.clock.now()
    [booked] = place.world.desk.day(now.date(), actor=STAFF).appointments
    assert booked.language == "fr"


# Several processes -------------------------------------------------------------------------------


def test_a_balancer_that_goes_by_the_form_s_cookie_leads_a_visitor_to_one_process(
    runner: asyncio.Runner,
) -> None:
    """Two processes over one store, each with drafts of its own."""
    here = world()
    portal = async_portal(here)
    apps = [create_app(portal, here.clinic, web_settings(here)) for _ in "ab"]
    led = set[int]()

    async def balanced(scope: Any, receive: Any, send: Any) -> None:
        headers = httpx.Headers(scope["headers"])
        cookies = dict(
            each.strip().split("=", 1) for each in headers.get("cookie", "").split(";") if each
        )
        one = crc32(cookies.get("__Host-omnibook-form", "").encode()) % 2
        led.add(one)
        await apps[one](scope, receive, send)

    for number in range(6):
        who = {"last_name": f"Z{'abcdef'[number]}", "email": f"z{number}@example.com"}
        browser = Browser(balanced, runner, f"203.0.113.{number}", {"Accept-Language": "en"})
        browser.walk_to("/confirmation", **{**who, "cell_phone": "", "gender": "other"})
    assert led == {0, 1}
