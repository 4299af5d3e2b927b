"""Every outcome that a step can answer has its page, in both languages, whenever it comes."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest

import omnibook as ob
from omnibook import outcomes
from omnibook.ids import HoldId, ScheduleId, ServiceId
from support.awaited import async_portal
from support.browser import MARIE, Browser, Page, Place, place_of, tomorrow
from support.worlds import START, world

PROBLEM = ob.Problem(ob.ProblemCode.PREFERENCE_MALFORMED, "first_date")
SLOT = ob.Slot(
    ServiceId("open"),
    ScheduleId("gagnon"),
    START + timedelta(days=1, hours=1),
    START + timedelta(days=1, hours=1, minutes=15),
)


class Answering:
    """The portal, but that some of its methods answer what a test says."""

    def __init__(self, portal: ob.AsyncPortal) -> None:
        self._portal = portal
        self.answers: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self.answers:
            return getattr(self._portal, name)

        async def answer(*args: object, **more: object) -> Any:
            return self.answers[name]

        return answer


@pytest.fixture
def answering(runner: asyncio.Runner) -> tuple[Place, Answering]:
    here = world()
    portal: Any = Answering(async_portal(here))
    return place_of(here, runner, portal=portal), portal


def sample(kind: type) -> Any:
    """One outcome of the class; those that hold an appointment come from the walk itself."""
    made: dict[type, Any] = {
        ob.InvalidEntry: ob.InvalidEntry((PROBLEM,)),
        ob.TooManyAttempts: ob.TooManyAttempts(retry_after=timedelta(seconds=30)),
        ob.TooLate: ob.TooLate(cutoff=timedelta(hours=2)),
        ob.Page: ob.Page(offers=(), shown=0),
        ob.Held: ob.Held(
            hold_id=HoldId("h"),
            slot=SLOT,
            expires_at=START + timedelta(minutes=5),
            remaining=timedelta(minutes=5),
        ),
    }
    return made[kind] if kind in made else kind()


UNIONS = {
    "identify": outcomes.IdentifyOutcome,
    "resume": outcomes.ResumeOutcome,
    "find": outcomes.FindOutcome,
    "review": outcomes.ReviewOutcome,
    "go_back": outcomes.BackOutcome,
    "book": outcomes.BookOutcome,
    "show": outcomes.ShowOutcome,
    "confirm_presence": outcomes.PresenceOutcome,
    "cancel": outcomes.CancelOutcome,
    "find_for_move": outcomes.FindForMoveOutcome,
    "move": outcomes.MoveOutcome,
}
FROM_THE_WALK = (
    ob.Welcome,
    ob.Booked,
    ob.Cancelled,
    ob.LinkedAppointment,
    ob.PresenceConfirmed,
    ob.Moved,
)
EVERY = [
    (verb, kind)
    for verb, union in UNIONS.items()
    for kind in get_args(union)
    if kind not in FROM_THE_WALK
]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("verb", "kind"), EVERY)
def test_an_outcome_has_its_page(
    answering: tuple[Place, Answering], verb: str, kind: type, language: str
) -> None:
    place, portal = answering
    browser = place.browser(language=language)
    act = reach(browser, place, verb)
    portal.answers[verb] = sample(kind)
    page = act()
    assert page.status < 500
    assert page.words_of("main")
    assert f'<html lang="{language}">' in page.html


def reach(browser: Browser, place: Place, verb: str) -> Callable[[], Page]:
    """Go to the page before this step; return what takes the step."""
    walked: dict[str, tuple[str, Callable[[], Page]]] = {
        "resume": ("/choose", lambda: browser.open("/choose")),
        "find": ("/when", browser.find),
        "review": ("/times", browser.review),
        "go_back": ("/review", lambda: browser.submit(button="back")),
        "book": ("/review", lambda: browser.submit(button="book")),
    }
    if verb == "identify":
        browser.open("/")
        return lambda: browser.submit(**MARIE)
    if verb in walked:
        path, act = walked[verb]
        browser.walk_to(path)
        return act
    link = tomorrow(place.world).link
    linked: dict[str, tuple[str, Callable[[], Page]]] = {
        "show": ("", lambda: browser.open(f"/a/{link}")),
        "confirm_presence": ("", lambda: browser.submit(f"/a/{link}/presence")),
        "cancel": ("/cancel", lambda: browser.submit(reason="x")),
        "find_for_move": ("/move", lambda: browser.open(f"/a/{link}/times")),
        "move": ("/times", lambda: browser.submit("times", browser.shown.times[0])),
    }
    path, act = linked[verb]
    browser.open(f"/a/{link}{path}")
    return act


@pytest.mark.parametrize("verb", ["show", "find_for_move"])
@pytest.mark.parametrize("path", ["", "/cancel", "/move", "/times"])
def test_a_link_may_die_at_any_moment(
    answering: tuple[Place, Answering], verb: str, path: str
) -> None:
    """R44."""
    place, portal = answering
    link = tomorrow(place.world).link
    portal.answers[verb] = ob.LinkDead()
    page = place.browser().open(f"/a/{link}{path}")
    assert page.status in {200, 410}


def test_more_that_is_no_list_any_more_is_left_out(answering: tuple[Place, Answering]) -> None:
    place, portal = answering
    browser = place.browser()
    page = browser.walk_to("/times")
    portal.answers["find"] = ob.Page(
        offers=(), shown=5, cursor="a cursor that leads to nothing but itself"
    )
    assert browser.submit("times", "more").times == []
    del portal.answers["find"]
    assert len(browser.open("/times").times) == 10
    assert browser.shown.times[:5] == page.times


def test_more_ends_where_nothing_more_is_found(place: Place, browser: Browser) -> None:
    browser.walk_to("/when")
    browser.find(
        when="filter",
        last_date="2026-03-02",
        time_of_day="range",
        from_time="15:00",
        until_time="16:00",
        practitioner="gagnon",
    )
    assert "more" not in browser.shown.read.by_id
    page = browser.post("/times", {**browser.fields("times"), "more": "1"})
    assert page.path == "/times"
    assert len(page.times) == 4


@pytest.mark.parametrize("path", ["/choose", "/when", "/times", "/review"])
def test_a_form_of_a_visit_that_is_over_leads_to_the_first_page(
    place: Place, browser: Browser, path: str
) -> None:
    """R16: also when what was typed was lost, as when the process was started anew."""
    browser.walk_to(path)
    form = "times" if path == "/times" else "main-form"
    sent = browser.fields(form)
    token = ob.VisitToken(browser.cookies.get("__Host-omnibook") or "")
    place.runner.run(place.settings.drafts.drop(token.visit_id))
    cookies = browser.cookies
    for more in ({}, {"lang": "fr"}, {"back": "1"}, {"more": "1"}):
        browser.cookies = cookies
        assert browser.post(path, {**sent, **more}).path in {"/", path}


def test_forms_that_came_out_of_order_lead_to_the_step_that_is_next(browser: Browser) -> None:
    browser.identify()
    token = browser.fields()["form_token"]
    for path in ("/when", "/times"):
        assert browser.post(path, {"form_token": token, "slot": "x"}).path == "/choose"
    assert browser.post("/review", {"form_token": token, "lang": "en"}).path == "/choose"
    page = browser.post("/review", {"form_token": token, "hold": "none", "reason": "x"})
    assert page.path == "/choose"


def test_leaving_without_a_visit_is_leaving(browser: Browser) -> None:
    browser.open("/")
    token = browser.fields()["form_token"]
    assert browser.post("/leave", {"form_token": token}).path == "/"


def test_a_move_s_list_is_drawn_from_what_stands(answering: tuple[Place, Answering]) -> None:
    """More that is no list any more is left out; an appointment that went meanwhile is said."""
    place, portal = answering
    link = tomorrow(place.world).link
    browser = place.browser()
    portal.answers["find_for_move"] = ob.Page(offers=(), shown=5)
    assert browser.open(f"/a/{link}/times?pages=3").status == 200
    portal.answers["show"] = ob.LinkDead()
    assert browser.open(f"/a/{link}/times?pages=3").status == 410
