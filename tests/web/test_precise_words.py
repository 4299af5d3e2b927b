"""Pages say what is so, precisely: where and how, what is wrong, and what is sent."""

import asyncio

import pytest

from omnibook.clinic import Mode
from support.browser import Browser, Place, place_of, tomorrow
from support.worlds import service, small_clinic, world


def test_every_time_says_where_and_how(browser: Browser) -> None:
    """R25."""
    words = browser.walk_to("/times").words_of("time-1")
    assert "room 1" in words
    assert "By phone" in words


def test_in_person_is_said_with_the_place(runner: asyncio.Runner) -> None:
    clinic = small_clinic(services=(service("open", 15, mode=Mode.IN_PERSON),))
    browser = place_of(world(clinic), runner).browser()
    for path in ("/times", "/review", "/confirmation"):
        words = browser.walk_to(path).words_of("main")
        assert "room 1" in words
        assert "In person" in words


def test_a_demonstration_promises_no_message(runner: asyncio.Runner) -> None:
    browser = place_of(world(), runner, sends_messages=False).browser()
    assert "Nothing is sent" in browser.open("/").words_of("main")
    words = browser.walk_to("/confirmation").words_of("main")
    assert "Nothing is sent" in words
    assert "A confirmation goes" not in words


@pytest.mark.parametrize("reason", ["x" * 501, "a\u0007b"])
def test_what_is_wrong_with_a_reason_to_cancel_is_said_of_that_question(
    place: Place, reason: str
) -> None:
    """R11: not of the reason for the visit."""
    browser = place.browser()
    browser.open(f"/a/{tomorrow(place.world).link}/cancel")
    page = browser.submit(reason=reason)
    assert page.status == 422
    for words in (page.words_of("reason-problem"), page.words_of("error-summary")):
        assert "Why do you cancel?" in words
        assert "visit" not in words


def test_hours_in_the_wrong_order_are_said_beside_them(place: Place) -> None:
    """R11: where an appointment is moved too."""
    browser = place.browser()
    query = "when=filter&time_of_day=range&from_time=15:00&until_time=09:00"
    page = browser.open(f"/a/{tomorrow(place.world).link}/times?{query}")
    assert page.status == 422
    assert page.problems == {"from_time"}


def test_a_page_that_is_out_of_date_can_be_opened_again(place: Place) -> None:
    browser = place.browser()
    link = tomorrow(place.world).link
    for path, again in (
        ("/choose", "/choose"),
        ("/leave", "/"),
        (f"/a/{link}/presence", f"/a/{link}"),
    ):
        page = browser.post(path, {})
        assert page.status == 403
        led = next(each["href"] for each in page.read.links if each.get("id") == "again")
        assert led == again
        assert browser.open(led).status == 200
    assert "again" not in browser.open("/nothing").read.by_id


def test_the_clinic_can_be_called_from_a_page_of_an_error(place: Place) -> None:
    for path in ("/nothing", "/terms"):
        page = place.browser().open(path)
        calls = [each for each in page.read.links if each["href"].startswith("tel:")]
        assert len(calls) == 2, "in the page and at its end"


def test_a_time_that_was_lost_is_named(place: Place) -> None:
    """R31: in the visitor's language, and only where it can be a time of ours."""
    first, second = place.browser("203.0.113.7"), place.browser("203.0.113.8", language="fr")
    first.walk_to("/times")
    other = {"last_name": "Autre", "email": "a@example.com", "cell_phone": "", "gender": "other"}
    second.walk_to("/times", **other)
    first.review()
    words = second.review().words_of("notice").replace("\u00a0", " ")
    assert "Il s’agissait du lundi 2 mars 2026" in words
    slot = "start=0001-01-01T00:00%2B00:00&end=0001-01-01T00:15%2B00:00&service=open"
    sent = {**second.fields("times"), "slot": f"{slot}&schedule=gagnon"}
    page = second.post("/times", sent)
    assert page.path == "/times"
    assert "agissait" not in page.words_of("notice")
