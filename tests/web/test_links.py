"""Page 5, behind a message's link: look, confirm to come, cancel, move (R44, R47)."""

import asyncio

import pytest

import omnibook as ob
from omnibook.deployment_file import PortalPlace
from support.browser import ADDRESS, Browser, Place, place_of, tomorrow
from support.worlds import STAFF, World, world


def stands(here: World) -> ob.Appointment:
    for ahead in range(9):
        day = here.desk.day(here.clock.now().date().replace(day=2 + ahead), actor=STAFF)
        for appointment in day.appointments:
            return appointment
    raise AssertionError("there is no appointment")


@pytest.fixture
def link(place: Place) -> str:
    return tomorrow(place.world).link


@pytest.mark.parametrize(
    ("language", "title", "when"),
    [
        ("en", "Your appointment", "Tuesday, March 3, 2026 at 8:00 a.m."),
        ("fr", "Votre rendez-vous", "mardi 3 mars 2026 à 8 h"),
    ],
)
def test_a_link_shows_what_the_message_said(
    place: Place, link: str, language: str, title: str, when: str
) -> None:
    """R44, R49: day, time, place and the discreet label; neither the service nor the reason."""
    page = place.browser(language=language).open(f"/a/{link}")
    assert page.status == 200
    assert page.read.title == f"{title} – Clinic ({language})"
    text = page.text.replace("\u00a0", " ")
    assert when in text
    assert f"appointment ({language})" in text
    for hidden in ("open (", "Tremblay", "throat", "514 555-0123"):
        assert hidden not in text


def test_the_page_is_where_messages_lead(browser: Browser, link: str) -> None:
    """What a deployment's file makes of a link is an address of these pages."""
    place = PortalPlace(address=ADDRESS)
    assert browser.open(place.link_address(link)).status == 200


def test_opening_pages_changes_nothing(place: Place, browser: Browser, link: str) -> None:
    """R44: programs open links before patients do."""
    before = stands(place.world)
    for page in ("", "/cancel", "/move", "/times?when=soonest", "/presence"):
        for method in ("GET", "HEAD"):
            browser.send(method, f"/a/{link}{page}")
    assert stands(place.world) == before


def test_presence_is_confirmed_by_a_button(place: Place, browser: Browser, link: str) -> None:
    """R44: once and again, to the same effect."""
    browser.open(f"/a/{link}")
    sent = browser.fields(f"/a/{link}/presence")
    page = browser.submit(f"/a/{link}/presence")
    assert "knows that you will come" in page.words_of("notice")
    presence = stands(place.world).presence
    assert presence is not None
    browser.post(f"/a/{link}/presence", sent)
    assert stands(place.world).presence == presence
    page = browser.open(f"/a/{link}")
    assert "You have confirmed" in page.words_of("presence")
    assert f"/a/{link}/presence" not in page.read.forms


def test_the_appointment_is_cancelled_with_a_reason(
    place: Place, browser: Browser, link: str
) -> None:
    """R47: asked once more first, and done once only."""
    browser.open(f"/a/{link}")
    page = browser.open(f"/a/{link}/cancel")
    assert stands(place.world).cancellation is None
    page = browser.submit(reason="feeling better")
    assert page.path == f"/a/{link}"
    assert page.words_of("notice")
    cancellation = stands(place.world).cancellation
    assert cancellation is not None
    assert cancellation.reason == "feeling better"
    assert "go-move" not in page.read.by_id
    assert browser.open(f"/a/{link}/cancel").path == f"/a/{link}"
    assert browser.open(f"/a/{link}/move").path == f"/a/{link}"


def test_a_reason_that_is_too_long_is_a_problem(place: Place, browser: Browser, link: str) -> None:
    browser.open(f"/a/{link}/cancel")
    page = browser.submit(reason="x" * 501)
    assert page.status == 422
    assert page.problems == {"reason"}
    assert stands(place.world).cancellation is None
    assert browser.submit(reason="shorter").path == f"/a/{link}"


def test_the_other_language_keeps_the_reason(browser: Browser, link: str) -> None:
    browser.open(f"/a/{link}/cancel")
    sent = browser.fields(reason="kept")
    page = browser.post(f"/a/{link}/cancel", {**sent, "lang": "fr"})
    assert page.read.forms["main-form"].fields["reason"] == ["kept"]
    assert '<html lang="fr">' in page.html


def test_the_appointment_is_moved_in_one_step(place: Place, browser: Browser, link: str) -> None:
    """R47: the new time is taken, the old one freed, and the link renewed."""
    browser.open(f"/a/{link}/move")
    page = browser.submit(
        f"/a/{link}/times", when="filter", first_date="2026-03-04", weekdays=["2", "3"]
    )
    assert page.path == f"/a/{link}/times"
    assert len(page.times) == 5
    assert page.words_of("day-1") == "Wednesday, March 4, 2026"
    more = next(each["href"] for each in page.read.links if each.get("id") == "more")
    page = browser.open(more)
    assert len(page.times) == 10
    page = browser.submit("times", page.times[7])
    assert page.path != f"/a/{link}"
    assert "moved" in page.words_of("notice")
    moved = stands(place.world)
    assert moved.revision == 1
    assert moved.slot.start.date().isoformat() == "2026-03-04"
    assert browser.open(f"/a/{link}").status in {200, 410}


def test_a_time_that_was_taken_meanwhile_leads_back_to_the_list(
    place: Place, browser: Browser, link: str
) -> None:
    """R31, R47: nothing has changed."""
    browser.open(f"/a/{link}/times?when=filter&first_date=2026-03-05&weekdays=3")
    wanted = browser.shown.times[0]
    other = place.world.enter(source="203.0.113.99")
    page = place.world.portal.find(other, "file", ob.Preference(first_date="2026-03-05"))
    assert isinstance(page, ob.Page)
    place.world.book(other, page.slots[0])
    shown = browser.submit("times", wanted)
    assert shown.path == f"/a/{link}/times"
    assert shown.words_of("notice")
    assert wanted not in shown.times
    assert "first_date=2026-03-05" in str(shown.response.url)
    assert shown.words_of("day-1").startswith("Thursday")
    assert stands(place.world).revision == 0


@pytest.mark.parametrize("slot", ["", "start=soon", "start=2026-03-05&end=x&service=&schedule="])
def test_a_forged_time_leads_back_to_the_list(browser: Browser, link: str, slot: str) -> None:
    """R38."""
    browser.open(f"/a/{link}/times")
    sent = {**browser.fields("times"), "slot": slot}
    page = browser.post(f"/a/{link}/times", sent)
    assert page.path == f"/a/{link}/times"
    assert page.words_of("notice")


def test_a_preference_that_cannot_be_read_is_a_problem(browser: Browser, link: str) -> None:
    page = browser.open(f"/a/{link}/times?when=filter&first_date=soon&weekdays=9&pages=x")
    assert page.status == 422
    assert page.problems == {"first_date", "weekdays"}
    assert page.read.forms[f"/a/{link}/times"].fields["first_date"] == ["soon"]


def test_nothing_free_says_so(browser: Browser, link: str) -> None:
    """R29."""
    page = browser.open(f"/a/{link}/times?when=filter&time_of_day=evening")
    assert page.times == []
    assert "514 555-0100" in page.words_of("found")


def test_after_the_cut_off_the_clinic_is_to_be_called(
    place: Place, browser: Browser, link: str
) -> None:
    """R47: also from a page that was opened before."""
    for path, form in ((f"/a/{link}/cancel", "main-form"), (f"/a/{link}/times", "times")):
        page = browser.open(path)
        assert form in page.read.forms
    times = browser.fields("times", browser.shown.times[0])
    browser.open(f"/a/{link}/cancel")
    cancelling = browser.fields(reason="late")
    place.world.wait(hours=23, minutes=30)
    assert "514 555-0100" in browser.open(f"/a/{link}").words_of("by-phone")
    for path, sent in ((f"/a/{link}/cancel", cancelling), (f"/a/{link}/times", times)):
        page = browser.post(path, sent)
        assert page.status == 409
        assert "514 555-0100" in page.words_of("said")
    assert browser.open(f"/a/{link}/times").status == 409
    assert stands(place.world).cancellation is None


def test_a_dead_link_says_one_thing_whatever_is_asked(place: Place, browser: Browser) -> None:
    """R44: forged, or of another time."""
    browser.open("/")
    token = browser.fields()["form_token"]
    for link in ("forged", "a.0.b", "x" * 600, "%3Cscript%3E", "é.1.z"):
        for path in ("", "/cancel", "/move", "/times"):
            page = browser.open(f"/a/{link}{path}")
            assert page.status == 410
            assert "514 555-0100" in page.words_of("said")
            assert "<script>" not in page.html
        for path in ("/presence", "/cancel", "/times"):
            page = browser.post(f"/a/{link}{path}", {"form_token": token, "slot": slot_text()})
            assert page.status == 410


def slot_text() -> str:
    return "start=2026-03-05T13:00Z&end=2026-03-05T13:15Z&service=open&schedule=gagnon"


def test_a_link_is_dead_from_the_start_on(place: Place, browser: Browser, link: str) -> None:
    """R44."""
    place.world.wait(hours=25)
    assert browser.open(f"/a/{link}").status == 410


def test_a_service_that_is_gone_is_said(runner: asyncio.Runner) -> None:
    """R47: the service is kept, and so must still be offered."""
    here = world()
    link = tomorrow(here).link
    services = tuple(each for each in here.clinic.services if each.service_id != "open")
    later = world(
        ob.Clinic(
            **{
                name: getattr(here.clinic, name)
                for name in ("clinic_id", "name", "phone", "zone", "terms", "schedules")
            },
            services=services,
        ),
        make_store=lambda clock: here.store,
    )
    browser = place_of(later, runner).browser()
    page = browser.open(f"/a/{link}")
    assert page.status == 200
    page = browser.open(f"/a/{link}/times")
    assert page.status == 409
    assert browser.open(f"/a/{link}/move").status == 200
