"""Times that are held, raced for and lost, in real browsers and by a clock that a test moves."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import omnibook as ob
from omnibook.adapters.sql import upgrade
from support.browsing import EMILY, MARIE, Person, sit_down
from support.web_house import House, Server, open_house_on
from web.browser.conftest import Sit

THOMAS = ob.IdentityForm(
    first_name="Thomas",
    last_name="Testard",
    birth_date="1954-12-28",
    gender="male",
    cell_phone="450 555-0142",
)
NO_LONGER = re.compile("n’est plus libre|no longer available")


def somebody_else_takes(house: House, slot: ob.Slot) -> None:
    """Another patient has the time held."""
    entered = house.portal.identify(
        THOMAS, terms=house.clinic.terms.version, language="fr", source="203.0.113.9"
    )
    assert isinstance(entered, ob.Welcome)
    held = house.portal.review(entered.visit, slot, ob.BookingForm("a cough"))
    assert isinstance(held, ob.Held)


def first_slot(house: House, service: str = "follow-up") -> ob.Slot:
    """The first time that is free for a patient."""
    entered = house.portal.identify(
        THOMAS, terms=house.clinic.terms.version, language="fr", source="203.0.113.9"
    )
    assert isinstance(entered, ob.Welcome)
    page = house.portal.find(entered.visit, service, ob.Preference.soonest())
    assert isinstance(page, ob.Page)
    return page.slots[0]


def meet(house: House, path: str, people: int) -> None:
    """From now on, POSTs to this path wait for each other."""
    barrier = asyncio.Barrier(people)

    async def wait(scope: object) -> None:
        assert isinstance(scope, dict)
        if (scope["method"], scope["path"]) == ("POST", path):
            await barrier.wait()

    house.gate.before = wait


# Races -------------------------------------------------------------------------------------------


def test_the_first_to_review_wins_and_the_other_sees_what_is_free_now(sit: Sit) -> None:
    """R31."""
    first, second = sit(), sit(language="en")
    first.reach_list(MARIE, "urgent")
    second.reach_list(EMILY, "urgent")
    wanted = second.at("#time-1 button").get_attribute("value")
    first.review()
    assert first.path == "/review"
    second.review()
    assert second.path == "/times"
    expect(second.at("#notice")).to_contain_text(NO_LONGER)
    assert second.focused == "notice"
    assert second.offers.count() == 5
    values = second.at(".offer button").evaluate_all("all => all.map(each => each.value)")
    assert wanted not in values


def race(one: Person, other: Person, house: House) -> tuple[Person, Person]:
    """Both press *Review* beside the same time, and neither waits; who won, and who lost."""
    both = (one, other)
    one.reach_list(MARIE, "urgent")
    other.reach_list(EMILY, "urgent")
    meet(house, "/times", 2)
    for each in both:
        each.at("#time-1 button").click(no_wait_after=True)
    for each in both:
        each.page.wait_for_url(re.compile("/review$|/times$"), wait_until="load")
        expect(each.at("#hold, #notice")).to_be_visible()
    house.gate.before = None
    winners = [each for each in both if each.path == "/review"]
    [winner] = winners
    return winner, other if winner is one else one


def judge(winner: Person, loser: Person, house: House) -> None:
    """The loser was told, and takes another time; both have theirs."""
    expect(loser.at("#notice")).to_contain_text(NO_LONGER)
    loser.review()
    for each in (winner, loser):
        each.book()
        assert each.path == "/confirmation"
    times = [each.slot.start for each in house.appointments()]
    assert len(times) == len(set(times)) == 2


def test_two_who_press_at_once_do_not_both_win(sit: Sit, house: House) -> None:
    """R31, R40."""
    judge(*race(sit(), sit(language="en"), house), house)


def test_two_who_press_at_once_do_not_both_win_on_a_database(
    chromium: Browser, server: Server, tmp_path: Path
) -> None:
    """R31, R40."""
    url = f"sqlite:///{tmp_path / 'clinic.db'}"
    upgrade(url)
    with open_house_on(server, url) as house:
        one, other = (sit_down(chromium, house.address) for _ in range(2))
        judge(*race(one, other, house), house)
        for each in (one, other):
            each.context.close()
            each.watch.is_content()


# The five minutes --------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_book_after_the_five_minutes_succeeds_while_the_time_is_free(
    sit: Sit, house: House, script: bool
) -> None:
    """R34, R37."""
    person = sit(java_script_enabled=script)
    person.reach_review()
    house.wait(minutes=5)
    person.book()
    assert person.path == "/confirmation"


def test_book_after_the_five_minutes_leads_back_where_the_time_is_lost(
    person: Person, house: House
) -> None:
    """R37."""
    slot = first_slot(house)
    person.reach_review()
    house.wait(minutes=5)
    somebody_else_takes(house, slot)
    person.book()
    assert person.path == "/times"
    expect(person.at("#notice")).to_contain_text(NO_LONGER)
    assert not house.appointments()


def test_the_page_says_how_long_the_time_is_held_without_a_script(sit: Sit, house: House) -> None:
    """R34: the deadline as a time of day, and the length, by the server's clock."""
    person = sit(language="en", java_script_enabled=False)
    person.reach_review()
    expect(person.at("#hold-live")).to_contain_text("7:05")
    expect(person.at("#hold-live")).to_contain_text("5 minutes")
    expect(person.at("#clock")).to_be_hidden()
    house.wait(minutes=5)
    person.open("/review")
    expect(person.at("#hold-live")).to_be_hidden()
    expect(person.at("#hold-over")).to_be_visible()


def test_the_countdown_is_seen_each_second_and_heard_three_times(sit: Sit) -> None:
    person = sit(language="en")
    person.page.clock.install()
    person.reach_review()
    clock, live = person.at("#clock"), person.at("#hold-said")
    expect(clock).to_have_text("5:00")
    expect(clock).to_have_attribute("aria-hidden", "true")
    expect(live).to_have_attribute("role", "status")
    person.page.evaluate(
        "() => { window.heard = []; new MutationObserver(() =>"
        " window.heard.push(document.getElementById('hold-said').textContent))"
        ".observe(document.getElementById('hold-said'), {childList: true}); }"
    )
    person.page.clock.run_for(1000)
    expect(clock).to_have_text("4:59")
    person.page.clock.run_for(178_000)
    expect(clock).to_have_text("2:01")
    assert person.page.evaluate("window.heard") == []
    person.page.clock.run_for(1000)
    assert person.page.evaluate("window.heard") == ["Two minutes left to book."]
    person.page.clock.run_for(119_000)
    expect(clock).to_have_text("0:01")
    person.page.clock.run_for(1000)
    expect(clock).to_be_hidden()
    expect(person.at("#hold-over")).to_be_visible()
    heard = person.page.evaluate("window.heard")
    assert heard[1:3] == ["One minute left to book.", "Twenty seconds left to book."]
    assert heard[3:] == [person.at("#hold-over").inner_text()]


def test_a_laptop_that_slept_shows_the_truth_when_it_wakes(sit: Sit) -> None:
    """The countdown looks at the clock, and does not count its own ticks."""
    person = sit()
    person.page.clock.install()
    person.reach_review()
    person.page.clock.fast_forward("02:30")
    expect(person.at("#clock")).to_have_text("2:30")


def test_the_countdown_stays_in_sight(person: Person) -> None:
    person.reach_review()
    person.at("#book").scroll_into_view_if_needed()
    expect(person.at("#clock")).to_be_in_viewport()
    person.page.set_viewport_size({"width": 640, "height": 450})
    person.at("#book").scroll_into_view_if_needed()
    expect(person.at("#clock")).not_to_be_in_viewport()


# Pressing twice, going back, two tabs ------------------------------------------------------------


def test_a_double_click_on_book_books_once(person: Person, house: House) -> None:
    """R38."""
    person.reach_review()
    person.at("#book").dblclick()
    person.page.wait_for_url("**/confirmation")
    assert len(house.appointments()) == 1


def test_book_from_two_tabs_at_once_books_once(person: Person, house: House) -> None:
    """R38."""
    person.reach_review()
    other = Person(person.context, person.context.new_page(), person.address, person.watch)
    other.open("/review")
    meet(house, "/review", 2)
    for each in (person, other):
        each.at("#book").click(no_wait_after=True)
    for each in (person, other):
        each.page.wait_for_url("**/confirmation")
    assert person.at("#reference").inner_text() == other.at("#reference").inner_text()
    assert len(house.appointments()) == 1


def test_going_back_after_booking_leads_to_the_confirmation(person: Person, house: House) -> None:
    """R38: what is left of the form in the browser's memory cannot book again."""
    person.reach_confirmation()
    person.page.go_back()
    if person.path == "/review" and person.at("#book").count():
        person.book()
    assert person.path == "/confirmation"
    assert len(house.appointments()) == 1


def test_back_gives_the_time_to_others(sit: Sit) -> None:
    """R35."""
    first, second = sit(), sit()
    first.reach_review(MARIE, "urgent")
    second.reach_list(EMILY, "urgent")
    hers = first.at(".hold strong").inner_text()
    first.press("#back")
    assert first.path == "/times"
    second.open("/times")
    second.review()
    assert second.at(".hold strong").inner_text() == hers


def test_two_tabs_hold_one_time(person: Person, house: House) -> None:
    """R35: the second *Review* is a swap, and the first tab has nothing left to book."""
    person.reach_list()
    other = Person(person.context, person.context.new_page(), person.address, person.watch)
    other.open("/times")
    person.review(1)
    other.review(2)
    person.book()
    assert person.path == "/times"
    expect(person.at("#notice")).to_contain_text(NO_LONGER)
    other.open("/times")
    other.review(2)
    other.book()
    assert len(house.appointments()) == 1


def test_a_tab_of_an_earlier_visit_cannot_act_in_the_present_one(
    person: Person, house: House
) -> None:
    """Two people at one browser, one after the other: the old page's form is refused."""
    person.reach_review(MARIE)
    other = Person(person.context, person.context.new_page(), person.address, person.watch)
    other.reach_list(EMILY, "urgent")
    person.press("#book")
    expect(person.at("#error")).to_have_attribute("data-status", "403")
    assert not house.appointments()
