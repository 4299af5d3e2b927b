"""The whole walk in a real browser: both languages, with and without scripts, known or not."""

import re

import pytest
from attrs import evolve
from playwright.sync_api import expect

from omnibook.clinic import Clinic
from support.browsing import EMILY, MARIE, PHONE, STRANGER, Person
from support.web_house import House, Server, example_clinic, open_house
from web.browser.conftest import Sit

BOOKED = {"fr": "Votre rendez-vous est confirmé", "en": "Your appointment is booked"}
TAKEN = {"fr": "n’est plus libre", "en": "no longer available"}
FOR_ALL = ["vaccination"]
_FORM_TOKEN = re.compile(r'name="form_token" value="[^"]+"')


def services(person: Person) -> list[str]:
    """The ids of the services that can be chosen."""
    shown = person.at("#service option").evaluate_all("all => all.map(each => each.value)")
    return [each for each in shown if each]


def source(person: Person) -> str:
    """The page as it was sent, but for the form's token."""
    return _FORM_TOKEN.sub("", person.page.request.get(person.page.url).text())


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_patient_books_in_four_steps(sit: Sit, house: House, language: str, script: bool) -> None:
    """R1, R31, R42: the walk is complete without JavaScript."""
    person = sit(language=language, size=PHONE, java_script_enabled=script)
    person.identify(MARIE)
    assert services(person) == [
        "follow-up",
        "urgent",
        "vaccination",
        "womens-health",
        "prescription-phone",
    ]
    person.choose("follow-up", "Un mal de gorge", "Depuis trois jours")
    person.page.check("#when-filter")
    person.page.fill("#first_date", "2026-11-24")
    person.page.check('[name="time_of_day"][value="afternoon"]')
    person.find()
    assert person.offers.count() == 5
    person.press("#more")
    assert person.offers.count() == 10
    person.review(7)
    shown = person.words
    for each in ("Marie Tremblay", "2004"):
        assert each in shown
    person.page.fill("#cell_phone", "514 555-0188")
    person.book()
    assert BOOKED[language] in person.words
    booked, *others = house.appointments()
    assert not others
    assert person.at("#reference").inner_text() == booked.reference
    assert booked.patient_id == "p-001"
    assert booked.entries.details == "Depuis trois jours"
    assert booked.slot.start.astimezone(house.clinic.zone).hour >= 12


def test_who_is_not_recognised_books_what_is_open_to_everyone(person: Person, house: House) -> None:
    """R13, R15."""
    person.identify(STRANGER)
    assert services(person) == FOR_ALL
    person.choose("vaccination")
    person.find()
    person.review()
    person.book()
    [booked] = house.appointments()
    assert booked.patient_id is None


WRONG = (
    STRANGER,
    evolve(MARIE, gender="male"),
    evolve(MARIE, cell_phone="514 555-0199", email=""),
    evolve(MARIE, health_number="TEST54122816"),
)
"""No file; another gender, another contact; the number of somebody else's file."""


def test_every_cause_of_not_being_recognised_looks_the_same(sit: Sit) -> None:
    """R10: the page, its address and what it is made of, to the last byte."""
    seen = set()
    for who in WRONG:
        person = sit()
        person.identify(who)
        cookies = frozenset(each["name"] for each in person.context.cookies())
        seen.add((person.path, source(person), cookies))
    assert len(seen) == 1


def not_for_her(clinic: Clinic) -> Clinic:
    """The clinic with nothing but the service that is for older people."""
    return evolve(clinic, services=clinic.services[1:])


@pytest.mark.parametrize("language", ["fr", "en"])
def test_not_online_is_one_page_for_every_cause(sit: Sit, server: Server, language: str) -> None:
    """R14: not recognised where everything has criteria, or recognised and eligible for nothing."""
    seen = set()
    for who, clinic in (
        (STRANGER, example_clinic("closed-clinic.toml")),
        (MARIE, not_for_her(example_clinic("closed-clinic.toml"))),
    ):
        open_house(server, clinic)
        person = sit(language=language)
        person.identify(who)
        assert clinic.phone in person.words
        seen.add((person.path, source(person)))
    assert len(seen) == 1


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_language_is_changed_at_every_step_and_what_was_typed_stays(
    sit: Sit, language: str
) -> None:
    person, other = sit(language=language), {"fr": "en", "en": "fr"}[language]
    page = person.page

    def switch(*kept: tuple[str, str]) -> None:
        for into in (other, language):
            person.press("#switch-language")
            expect(person.at("html")).to_have_attribute("lang", into)
            for field, value in kept:
                expect(person.at(field)).to_have_value(value)

    person.open("/")
    person.fill_identity(EMILY)
    switch(("#first_name", "Emily"), ("#birth_month", "5"), ("#cell_phone", "613 555-0151"))
    expect(person.at('[name="gender"][value="female"]')).to_be_checked()
    expect(person.at("#terms")).to_be_checked()
    person.press("#continue")
    page.select_option("#service", "urgent")
    page.fill("#reason", "Une entorse")
    switch(("#service", "urgent"), ("#reason", "Une entorse"))
    person.press("#continue")
    page.check("#when-filter")
    page.fill("#first_date", "2026-11-24")
    page.check("#weekdays-1")
    switch(("#first_date", "2026-11-24"))
    expect(person.at("#weekdays-1")).to_be_checked()
    expect(person.at("#when-filter")).to_be_checked()
    person.find()
    switch()
    assert person.offers.count() == 5
    person.review()
    page.fill("#email", "emily@example.org")
    switch(("#email", "emily@example.org"), ("#reason", "Une entorse"))
    person.book()
    assert BOOKED[language] in person.words
    switch()


def test_the_chosen_service_says_what_it_is(person: Person) -> None:
    person.identify(MARIE)
    about = person.at("#about")
    expect(about).to_be_hidden()
    person.page.select_option("#service", "prescription-phone")
    expect(about).to_contain_text("vous appelle à l'heure choisie")
    expect(about).to_contain_text("15 minutes")
    expect(person.at("#about-all dl")).to_be_hidden()


def test_without_a_script_every_service_says_what_it_is(sit: Sit) -> None:
    person = sit(java_script_enabled=False)
    person.identify(MARIE)
    expect(person.at("#about-all")).to_contain_text("vous appelle à l'heure choisie")


def test_what_does_not_matter_to_the_choice_is_not_shown(person: Person) -> None:
    person.identify(MARIE)
    person.choose()
    expect(person.at("#first_date")).to_be_hidden()
    person.page.check("#when-filter")
    expect(person.at("#first_date")).to_be_visible()
    expect(person.at("#from_time")).to_be_hidden()
    person.page.check('[name="time_of_day"][value="range"]')
    expect(person.at("#from_time")).to_be_visible()


def test_see_more_goes_up_to_fifty_and_the_first_new_one_has_the_focus(person: Person) -> None:
    """R25."""
    person.reach_list()
    for pages in range(2, 11):
        person.press("#more")
        assert person.offers.count() == 5 * pages
        assert person.focused == f"time-{5 * pages - 4}"
    expect(person.at("#more")).to_have_count(0)


def test_a_family_shares_a_tablet(person: Person, house: House) -> None:
    """Who leaves leaves nothing behind, and releases the time (R35)."""
    person.reach_review(MARIE)
    held = person.at(".hold strong").inner_text()
    person.press("#leave")
    for path in ("/choose", "/review", "/confirmation", "/"):
        person.open(path)
        assert "Tremblay" not in person.page.content()
    person.page.go_back()
    assert "Tremblay" not in person.page.content()
    person.reach_review(evolve(MARIE, first_name="Mathieu", gender="male", cell_phone="5145550124"))
    assert person.at(".hold strong").inner_text() == held


def test_the_appointment_is_saved_as_a_calendar_file(person: Person, house: House) -> None:
    person.reach_confirmation()
    with person.page.expect_download() as saved:
        person.at("#calendar").click()
    assert saved.value.suggested_filename == "appointment.ics"
    text = saved.value.path().read_text(encoding="utf-8")
    assert text.startswith("BEGIN:VCALENDAR")
    assert "gorge" not in text


def test_the_confirmation_is_printed_without_what_is_only_for_a_screen(person: Person) -> None:
    person.reach_confirmation()
    person.page.emulate_media(media="print")
    expect(person.at("#reference")).to_be_visible()
    for each in ("#calendar", "#switch-language", ".bottom", "#manage"):
        expect(person.at(each)).to_be_hidden()


def test_nothing_moves_for_who_wants_no_motion(sit: Sit) -> None:
    person = sit(reduced_motion="reduce")
    person.open("/")
    moving = person.page.evaluate(
        "() => [...document.querySelectorAll('*')].filter((each) => {"
        " const style = getComputedStyle(each);"
        " return style.transitionDuration !== '0s' || style.animationName !== 'none'; }).length"
    )
    assert moving == 0


def test_dark_is_dark(sit: Sit) -> None:
    ground = "() => getComputedStyle(document.body).backgroundColor"
    seen = {}
    for scheme in ("light", "dark"):
        person = sit(color_scheme=scheme)
        person.open("/")
        red, green, blue = map(int, re.findall(r"\d+", person.page.evaluate(ground)))
        seen[scheme] = red + green + blue
    assert seen["dark"] < 150
    assert seen["light"] > 600
