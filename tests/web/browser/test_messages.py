"""Page 5: what the link of a message leads to, opened by people and by programs."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

import omnibook as ob
from support.browsing import MARIE, Person
from support.web_house import START, House
from web.browser.conftest import Sit

THANKS = {"fr": "vous viendrez", "en": "you will come"}


@pytest.fixture
def link(house: House) -> str:
    """The address in a message about Marie's appointment, of the evening before."""
    house.clock.set(START - timedelta(hours=12))
    form = ob.IdentityForm(
        first_name=MARIE.first_name,
        last_name=MARIE.last_name,
        birth_date=MARIE.born.isoformat(),
        gender=MARIE.gender,
        cell_phone=MARIE.cell_phone,
    )
    entered = house.portal.identify(
        form, terms=house.clinic.terms.version, language="fr", source="203.0.113.7"
    )
    assert isinstance(entered, ob.Welcome)
    page = house.portal.find(entered.visit, "follow-up", ob.Preference.soonest())
    assert isinstance(page, ob.Page)
    held = house.portal.review(entered.visit, page.slots[0], ob.BookingForm("Un mal de gorge"))
    assert isinstance(held, ob.Held)
    booked = house.portal.book(entered.visit, held.hold_id)
    assert isinstance(booked, ob.Booked)
    return f"/a/{booked.link}"


def test_opening_every_page_changes_nothing(person: Person, house: House, link: str) -> None:
    """R44: whatever opens a link, and whatever it follows from there without pressing."""
    before = house.appointments()
    for path in ("", "/cancel", "/move", "/times", "/times?when=soonest&pages=3", "/presence"):
        person.open(link + path)
        person.page.request.head(house.address + link + path)
    assert house.appointments() == before


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_confirm_move_and_cancel(
    sit: Sit, house: House, link: str, language: str, script: bool
) -> None:
    """R44, R47: each by a button, and a move resets what was confirmed."""
    person = sit(language=language, java_script_enabled=script)
    person.open(link)
    person.press("#confirm")
    expect(person.at("#notice")).to_contain_text(THANKS[language])
    assert house.appointments()[0].presence is not None

    person.press("#go-move")
    person.page.check("#when-filter")
    person.page.check("#weekdays-2")
    person.press("#find")
    person.press(person.at("#time-3 button"))
    moved = person.path
    [appointment] = house.appointments()
    assert appointment.revision == 1
    assert appointment.presence is None
    assert appointment.slot.start.astimezone(house.clinic.zone).weekday() == 2

    assert person.open(link) == 410
    person.open(moved)
    person.press("#go-cancel")
    person.page.fill("#reason", "Je vais mieux")
    assert house.appointments()[0].cancellation is None
    person.press("#cancel")
    [cancelled] = house.appointments()
    assert cancelled.cancellation is not None
    expect(person.at("#go-move")).to_have_count(0)


def test_what_was_done_can_be_repeated(person: Person, house: House, link: str) -> None:
    """R44: pressed again from a page that is still open in another tab."""
    pages = [
        Person(person.context, person.context.new_page(), person.address, person.watch)
        for _ in "ab"
    ]
    for each in pages:
        each.open(f"{link}/cancel")
    for each in pages:
        each.press("#cancel")
        expect(each.at("#notice")).to_be_visible()
    assert len(house.appointments()) == 1


def test_the_page_of_a_link_knows_nothing_of_the_person(person: Person, link: str) -> None:
    """R49: whoever has the link sees what the message said."""
    person.open(link)
    text = person.page.content()
    for each in ("Tremblay", "Marie", "gorge", "0123", "2004", "Suivi"):
        assert each not in text


def test_the_confirmation_leads_to_the_same_page(person: Person, house: House) -> None:
    person.reach_confirmation()
    person.press("#manage")
    assert person.path.startswith("/a/")
    expect(person.at("#confirm")).to_be_visible()
