"""Every page in every state, in both languages: readable by everybody, and silent about persons."""

import pytest

from support.accessibility import violations, what_does_not_fit
from support.browsing import MARIE, Person
from support.touring import PARTS
from support.web_house import House
from web.browser.conftest import Sit

ABOUT_HER = (
    MARIE.first_name,
    MARIE.last_name,
    MARIE.cell_phone,
    "5550123",
    MARIE.email,
    "2004",
    "gorge",
)

LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])
EVERY_PART = pytest.mark.parametrize("part", PARTS)


def about_the_person(person: Person) -> list[str]:
    """What of the person stands where others may see it: in the title, or in the address."""
    shown = f"{person.page.title()} {person.page.url}".lower()
    return [each for each in ABOUT_HER if each.lower() in shown]


@LANGUAGES
@EVERY_PART
def test_axe_finds_nothing(sit: Sit, house: House, part: str, language: str) -> None:
    """WCAG 2.2 AA, as far as a program can tell: light and dark, on a phone and on a desk."""
    person = sit(language=language, reduced_motion="reduce")
    found = {state: violations(person.page) for state in PARTS[part](person, house)}
    assert not {state: each for state, each in found.items() if each}


@LANGUAGES
@EVERY_PART
def test_everything_fits_and_says_what_it_is(
    sit: Sit, house: House, part: str, language: str
) -> None:
    """WCAG 1.4.4 and 1.4.10; and titles and addresses hold nothing personal (R23)."""
    person = sit(language=language)
    titles: dict[str, str] = {}
    for state in PARTS[part](person, house):
        assert not list(what_does_not_fit(person.page)), state
        assert not about_the_person(person), state
        assert person.at("html").get_attribute("lang") == language, state
        assert person.at("h1").count() == 1, state
        titles[state] = person.page.title()
    assert all(title.endswith(" – Clinique des Érables") for title in titles.values()), titles
