"""By the keyboard alone, in an order that makes sense, with the focus always in sight."""

import re

import pytest
from playwright.sync_api import ViewportSize, expect

from support.browsing import DESKTOP, MARIE, PHONE, Person
from support.web_house import House
from web.browser.conftest import Sit

NOTHING = "body[=]"

_RING = """
() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}
"""
_COVERED = """
() => {
  const box = document.activeElement.getBoundingClientRect();
  const strip = document.getElementById("hold").getBoundingClientRect();
  return document.activeElement.tagName !== "BODY" && box.top < strip.bottom
      && box.bottom > strip.top && !document.getElementById("hold").contains(document.activeElement)
      && document.activeElement.closest("main") !== null;
}
"""


def tab(person: Person, key: str = "Tab") -> str:
    """Go on to the next control, which shows that it has the focus; after the last comes none."""
    person.page.keyboard.press(key)
    focused = person.focused
    assert focused == NOTHING or person.page.evaluate(_RING), focused
    return focused


def tab_to(person: Person, wanted: str, key: str = "Tab") -> None:
    """Go on to a control; it is not further away than a page is long."""
    passed = []
    for _ in range(60):
        passed.append(tab(person, key))
        if re.fullmatch(wanted, passed[-1]):
            return
    raise AssertionError(f"{wanted} is not among {passed}")


def enter(person: Person) -> None:
    """Press Enter, and wait for the next page."""
    with person.page.expect_navigation():
        person.page.keyboard.press("Enter")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_walk_by_the_keyboard_alone(sit: Sit, house: House, script: bool) -> None:
    """WCAG 2.1.1, 2.1.2, 2.4.7: Tab, arrows, Space, Enter, and what is typed."""
    person = sit(java_script_enabled=script)
    keyboard = person.page.keyboard
    person.open("/")
    tab(person)
    assert person.at(":focus").get_attribute("href") == "#main"
    keyboard.press("Enter")
    tab_to(person, "acting_for")
    keyboard.press("ArrowDown")
    expect(person.at('[name="acting_for"][value="parent"]')).to_be_checked()
    keyboard.press("ArrowUp")
    expect(person.at("#acting_for")).to_be_checked()
    for field, typed in (
        ("first_name", "Marie"),
        ("last_name", "Tremblay"),
        ("birth_day", "19"),
        ("birth_year", "2004"),
    ):
        tab_to(person, field)
        keyboard.type(typed)
    tab_to(person, "birth_month", "Shift+Tab")
    for _ in range(12):
        keyboard.press("ArrowDown")
    expect(person.at("#birth_month")).to_have_value("12")
    tab_to(person, "gender")
    keyboard.press("Space")
    for field, typed in (("cell_phone", "514 555-0123"), ("email", "marie@example.org")):
        tab_to(person, field)
        keyboard.type(typed)
    tab_to(person, "terms")
    keyboard.press("Space")
    tab_to(person, "continue")
    enter(person)

    tab_to(person, "service")
    keyboard.type("Suivi")
    tab_to(person, "reason")
    keyboard.type("Un mal de gorge")
    # Enter in a field sends the form, as everywhere.
    enter(person)

    tab_to(person, "when")
    keyboard.press("ArrowDown")
    expect(person.at("#when-filter")).to_be_checked()
    tab_to(person, "weekdays-1")
    keyboard.press("Space")
    tab_to(person, "find")
    keyboard.press("Space")
    person.page.wait_for_url("**/times")

    tab_to(person, r"button\[slot=.*\]")
    tab_to(person, r"button\[slot=.*\]")
    enter(person)

    tab_to(person, "reason")
    tab_to(person, "book")
    enter(person)
    assert person.path == "/confirmation"
    [booked] = house.appointments()
    assert booked.slot.start.astimezone(house.clinic.zone).strftime("%a %H:%M") == "Tue 08:45"


def test_the_focus_goes_through_the_page_as_it_is_read(person: Person) -> None:
    """WCAG 2.4.3."""
    person.open("/")
    passed = [tab(person) for _ in range(18)]
    assert passed == [
        "a[=]",
        "switch-language",
        "acting_for",
        "first_name",
        "last_name",
        "birth_day",
        "birth_month",
        "birth_year",
        "gender",
        "cell_phone",
        "email",
        "health_number",
        "health_number_issuer",
        "terms",
        "a[=]",
        "continue",
        "a[=]",
        "terms-link",
    ]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_what_is_wrong_is_read_first_and_leads_to_its_fields(sit: Sit, script: bool) -> None:
    """R11; WCAG 3.3.1: each line of the summary leads to the field that it is about."""
    person = sit(java_script_enabled=script)
    person.open("/")
    person.press("#continue")
    expect(person.at("#error-summary")).to_be_focused()
    links = person.at("#error-summary a")
    fields = [str(link.get_attribute("href")) for link in links.all()]
    assert fields == ["#first_name", "#last_name", "#birth_day", "#gender", "#cell_phone", "#terms"]
    for number, field in enumerate(fields):
        links.nth(number).focus()
        person.page.keyboard.press("Enter")
        if script:
            expect(person.at(field)).to_be_focused()
        else:
            # The browser begins from there: the next key goes to the field, or into it.
            assert person.page.url.endswith(field)
        expect(person.at(field)).to_be_in_viewport()


def test_a_notice_is_read_first(person: Person, house: House) -> None:
    person.identify(MARIE)
    house.wait(hours=3)
    person.open("/choose")
    expect(person.at("#notice")).to_be_focused()
    expect(person.at("#notice")).to_have_attribute("role", "status")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_countdown_never_covers_what_has_the_focus(sit: Sit, size: ViewportSize) -> None:
    """WCAG 2.4.11: forwards and backwards through the page."""
    person = sit(size=size)
    person.reach_review()
    for key in ["Tab"] * 12 + ["Shift+Tab"] * 12:
        tab(person, key)
        assert not person.page.evaluate(_COVERED), (key, person.focused)
