"""The whole walk by its pages, in both languages; every outcome of every step has its page."""

import asyncio
from datetime import datetime, timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Mode, Policies
from omnibook.criteria import HasFile
from omnibook.eligibility import Eligibility
from omnibook.messages import describe_outcome
from support.browser import ADDRESS, MARIE, Browser, Place, place_of
from support.worlds import JEAN, STAFF, service, small_clinic, world
from support.worlds import MARIE as MARIES_FILE

STRANGER = {
    "first_name": "Zoé",
    "last_name": "Inconnue",
    "email": "zoe@example.com",
    "cell_phone": "",
}


def booked_by(place: Place) -> list[ob.Appointment]:
    day = place.world.desk.day(place.world.clock.now().date(), actor=STAFF)
    return list(day.appointments)


@pytest.mark.parametrize(
    ("language", "booked"),
    [("en", "Your appointment is booked"), ("fr", "Votre rendez-vous est confirmé")],
)
def test_a_patient_books_in_four_steps(place: Place, language: str, booked: str) -> None:
    """R1, R19, R25, R31, R32, R42."""
    browser = place.browser(language=language)
    page = browser.open("/")
    assert page.response.headers["content-language"] == language
    assert f'<html lang="{language}">' in page.html

    page = browser.submit(**MARIE)
    assert page.path == "/choose"
    assert f"file ({language})" in page.text
    assert f"about file ({language})" in page.text, "described without JavaScript too"

    page = browser.choose("file", details="since Monday\nwith a fever")
    assert page.path == "/when"
    assert f"about file ({language})" in page.text

    page = browser.find()
    assert page.path == "/times"
    assert len(page.times) == 5

    page = browser.review(1)
    assert page.path == "/review"
    for shown in ("Marie Tremblay", "514 555-0123", "marie@example.org", "a sore throat"):
        assert shown in page.html
    assert page.read.forms["main-form"].fields["details"] == ["since Monday\nwith a fever"]

    page = browser.submit(button="book")
    assert page.path == "/confirmation"
    assert booked in page.text
    [appointment] = booked_by(place)
    assert appointment.reference in page.words_of("reference")
    assert appointment.language == language
    assert appointment.entries.details == "since Monday\nwith a fever"


def test_a_birth_date_is_shown_as_it_was_typed_where_it_is_read_otherwise(
    place: Place, browser: Browser
) -> None:
    """R11, R32: what cannot be seen, such as a mark of direction, is no mistake."""
    browser.open("/")
    browser.submit(**{**MARIE, "birth_year": "\u200e2004"})
    browser.choose("file")
    browser.find()
    assert "\u200e2004-12-19" in browser.review(1).html


def test_the_contacts_may_be_corrected_at_review(place: Place, browser: Browser) -> None:
    """R32: what is on the form when Book is pressed counts, and nobody is identified anew."""
    browser.walk_to("/review")
    browser.submit(button="book", cell_phone="", email="other@example.com")

    [appointment] = booked_by(place)
    assert [point.value for point in appointment.entries.contacts] == ["other@example.com"]
    assert appointment.patient_id == "p-marie"


def test_problems_stand_in_a_summary_and_beside_their_fields(browser: Browser) -> None:
    """R11: all at once, and what was typed is still there."""
    browser.open("/")
    page = browser.submit(first_name="Marie", email="no address", birth_day="31", birth_month="2")
    assert page.status == 422
    assert page.problems == {"last_name", "birth_date", "gender", "email", "terms"}
    assert page.read.title.startswith("Error:")
    summary = [link["href"] for link in page.read.links if link.get("href", "").startswith("#")]
    targets = {href[1:] for href in summary} - {"main"}
    assert targets == {"last_name", "birth_day", "gender", "email", "terms"}
    assert targets <= page.read.by_id.keys()
    assert page.read.forms["main-form"].fields["first_name"] == ["Marie"]
    described = {
        given["id"]: given.get("aria-describedby", "")
        for tag, given in page.read.tags
        if tag == "input" and given.get("aria-invalid") == "true" and "id" in given
    }
    assert "email-problem" in described["email"].split()
    assert "terms-problem" in described["terms"].split()


def test_the_summary_counts_in_the_language(place: Place) -> None:
    browser = place.browser(language="fr")
    browser.open("/")
    page = browser.submit(**{**MARIE, "email": "x"})
    assert page.words_of("error-summary-title") == "Veuillez corriger un point"
    page = browser.submit(first_name="", last_name="")
    assert page.words_of("error-summary-title") == "Veuillez corriger 3 points"


def test_who_is_not_recognised_sees_what_is_open_to_everyone(browser: Browser) -> None:
    """R13."""
    page = browser.identify(**STRANGER)
    assert page.path == "/choose"
    assert "open (en)" in page.text
    assert "file (en)" not in page.text


def test_every_cause_of_not_online_leads_to_one_page(runner: asyncio.Runner) -> None:
    """R10, R14: nothing on it, and no address on the way, tells one cause from another."""
    closed = small_clinic(
        services=(service("file", eligibility=Eligibility(inclusions=((HasFile(),),))),)
    )
    gone = evolve(MARIES_FILE, deceased=True)
    pages = []
    for patients in ((MARIES_FILE, JEAN), (gone,), ()):
        place = place_of(world(closed, patients=patients), runner)
        browser = place.browser()
        typed = STRANGER if MARIES_FILE in patients else {}
        page = browser.identify(**typed)
        assert page.path == "/not-online"
        pages.append(page.words_of("main"))
        assert browser.cookies.get("__Host-omnibook") is None
    assert len(set(pages)) == 1
    assert describe_outcome(ob.NotOnline(), "en", closed) in pages[0]


def test_too_many_attempts_say_when_to_come_back(runner: asyncio.Runner) -> None:
    """R12."""
    here = world(limiter=ob.LimiterPolicy(per_person=1))
    portal = ob.AsyncPortal(
        here.clinic,
        store=ob.AsyncMemoryStore(here.clock),
        directory=here.directory,
        keys=here.keys,
        limiter=ob.MemoryLimiter(here.clock, ob.LimiterPolicy(per_person=1)),
    )
    browser = place_of(here, runner, portal=portal).browser()
    assert browser.identify(email="other@example.com", cell_phone="").path == "/choose"
    page = browser.identify()
    assert page.status == 429
    assert int(page.response.headers["retry-after"]) == 30
    assert "30" in page.words_of("notice")
    assert page.read.forms["main-form"].fields["first_name"] == ["Marie"]


def test_the_service_and_the_reason_are_asked_at_once(browser: Browser) -> None:
    """R23."""
    browser.identify()
    page = browser.choose("", "", details="x" * 501)
    assert page.status == 422
    assert page.problems == {"service", "reason", "details"}
    assert page.read.forms["main-form"].fields["details"] == ["x" * 501]


def test_a_service_that_is_not_offered_leads_back_to_the_choice(browser: Browser) -> None:
    """R22."""
    browser.identify()
    sent = browser.fields(reason="a cough")
    sent["service"] = ["child"]
    browser.post("/choose", sent)
    page = browser.find()
    assert page.path == "/choose"
    assert "notice" in page.read.by_id


def test_a_preference_that_cannot_be_read_is_a_problem(browser: Browser) -> None:
    """R24."""
    browser.walk_to("/when")
    page = browser.find(
        when="filter",
        first_date="2026-03-10",
        last_date="2026-03-03",
        time_of_day="range",
        from_time="15:00",
        until_time="13:00",
    )
    assert page.status == 422
    assert page.problems == {"last_date", "from_time"}
    assert "the first one before the second" in page.words_of("from_time-problem")
    for name in ("from_time", "until_time"):
        [given] = [given for _, given in page.read.tags if given.get("id") == name]
        assert given["aria-invalid"] == "true"
        assert given["aria-describedby"].split() == ["from_time-problem"]
    assert page.read.forms["main-form"].fields["first_date"] == ["2026-03-10"]


def test_dates_days_and_times_of_day_are_filters(browser: Browser) -> None:
    """R24."""
    browser.walk_to("/when")
    page = browser.find(
        when="filter",
        first_date="2026-03-03",
        weekdays=["3", "4"],
        time_of_day="afternoon",
        practitioner="gagnon",
    )
    assert page.path == "/times"
    assert page.words_of("day-1") == "Thursday, March 5, 2026"
    assert all("2026-03-05T18" in time or "2026-03-05T19" in time for time in page.times)
    page = browser.open("/when")
    assert page.read.forms["main-form"].fields["weekdays"] == ["3", "4"]


def test_as_soon_as_possible_looks_at_nothing_else(browser: Browser) -> None:
    browser.walk_to("/when")
    page = browser.find(when="soonest", first_date="never", time_of_day="evening")
    assert page.path == "/times"
    assert page.times


def test_see_more_adds_five_at_a_time_up_to_fifty(browser: Browser) -> None:
    """R25: grouped by day, none twice, the next five after the others."""
    page = browser.walk_to("/times")
    for shown in range(10, 55, 5):
        assert "more" in page.read.by_id
        before = page.times
        page = browser.submit("times", "more")
        assert len(page.times) == shown
        assert page.times[: len(before)] == before
        assert browser.trail[-1].endswith("/times#time-" + str(shown - 4))
    assert "more" not in page.read.by_id
    assert len(set(page.times)) == 50
    assert "no-more" in page.read.by_id


def test_nothing_found_says_so_and_offers_another_way(browser: Browser) -> None:
    """R29."""
    browser.walk_to("/when")
    page = browser.find(when="filter", time_of_day="evening")
    assert page.path == "/times"
    assert page.times == []
    assert "514 555-0100" in page.words_of("found")
    assert any(link["href"] == "/when" for link in page.read.links)


def test_the_first_to_review_wins_and_the_other_gets_a_fresh_list(place: Place) -> None:
    """R31."""
    first = place.browser("203.0.113.7")
    second = place.browser("203.0.113.8")
    first.walk_to("/times")
    second.walk_to("/times", **{**STRANGER, "gender": "other"})
    wanted = first.shown.times[0]
    assert second.shown.times[0] == wanted
    assert first.review(0).path == "/review"

    page = second.review(0)
    assert page.path == "/times"
    assert "no longer" in page.words_of("notice") or "taken" in page.words_of("notice")
    assert "Monday, March 2, 2026 at 8:00 a.m." in page.text.replace("\u00a0", " ")
    assert wanted not in page.times
    assert "notice" in second.open("/times").read.by_id, "a GET changes nothing"
    assert second.submit("times", "more").path == "/times"
    assert "notice" not in second.shown.read.by_id


@pytest.mark.parametrize("slot", ["", "soon", "start=x&end=y&service=open&schedule=gagnon"])
def test_a_slot_that_cannot_be_read_is_as_good_as_taken(browser: Browser, slot: str) -> None:
    """R38."""
    browser.walk_to("/times")
    sent = browser.fields("times")
    page = browser.post("/times", {**sent, "slot": slot})
    assert page.path == "/times"
    assert "notice" in page.read.by_id


def test_back_releases_the_time(place: Place, browser: Browser) -> None:
    """R35."""
    browser.walk_to("/review")
    held = place.browser("203.0.113.9")
    held.walk_to("/times", **{**STRANGER, "gender": "other"})
    before = held.shown.times[0]
    assert browser.submit(button="back").path == "/times"
    assert held.open("/times").times[0] < before


def test_the_held_time_is_told_without_a_script(place: Place, browser: Browser) -> None:
    """R33, R34."""
    page = browser.walk_to("/review")
    words = page.words_of("hold-live").replace("\u00a0", " ")
    assert "Kept for you until 7:05 a.m." in words
    assert "5 minutes left when this page was opened" in words
    place.world.wait(minutes=3, seconds=30)
    page = browser.open("/review")
    assert "1 minute left" in page.words_of("hold-live").replace("\u00a0", " ")
    hold = next(given for _, given in page.read.tags if given.get("id") == "hold")
    assert hold["data-seconds"] == "90"


def test_book_after_expiry_succeeds_while_the_time_is_free(place: Place, browser: Browser) -> None:
    """R37."""
    browser.walk_to("/review")
    place.world.wait(minutes=5)
    page = browser.open("/review")
    hold = next(given for _, given in page.read.tags if given.get("id") == "hold")
    assert "over" in hold["class"]
    assert browser.submit(button="book").path == "/confirmation"


def test_book_after_somebody_else_took_the_time_leads_back_to_the_list(place: Place) -> None:
    """R37."""
    browser, other = place.browser("203.0.113.7"), place.browser("203.0.113.8")
    browser.walk_to("/review")
    place.world.wait(minutes=5)
    other.walk_to("/review", **{**STRANGER, "gender": "other"})
    page = browser.submit(button="book", cell_phone="514 555-0199")
    assert page.path == "/times"
    assert "notice" in page.read.by_id
    assert browser.review(0).read.forms["main-form"].fields["cell_phone"] == ["514 555-0199"]


def test_a_wrong_contact_at_book_keeps_the_time(browser: Browser) -> None:
    """R37: an invalid entry leaves the hold untouched."""
    browser.walk_to("/review")
    page = browser.submit(button="book", cell_phone="", email="", reason="")
    assert page.status == 422
    assert page.problems == {"cell_phone", "reason"}
    assert browser.submit(button="book", email="a@example.com", reason="x").path == "/confirmation"


def test_an_appointment_for_the_same_service_is_said_at_review(browser: Browser) -> None:
    """R52."""
    browser.walk_to("/confirmation")
    browser.open("/choose")
    browser.choose()
    browser.find()
    page = browser.review()
    assert page.path == "/choose"
    assert "514 555-0100" in page.words_of("notice")


def test_too_many_holds_are_said_at_review(place: Place) -> None:
    """R36."""
    for number in range(3):
        other = place.browser()
        other.walk_to("/review", **{**STRANGER, "email": f"z{number}@example.com"})
    last = place.browser()
    last.walk_to("/times", **{**STRANGER, "email": "z9@example.com"})
    page = last.review()
    assert page.path == "/times"
    assert "notice" in page.read.by_id


def test_a_visit_that_is_over_leads_to_the_first_page(place: Place, browser: Browser) -> None:
    """R16: whatever is asked for, and the cookie goes."""
    for path in ("/choose", "/when", "/times", "/review", "/confirmation", "/appointment.ics"):
        assert browser.open(path).path == "/"
    browser.walk_to("/times")
    place.world.wait(minutes=31)
    page = browser.review()
    assert page.path == "/"
    assert page.words_of("notice")
    assert browser.cookies.get("__Host-omnibook") is None
    browser.walk_to("/times")
    place.world.wait(minutes=31)
    assert browser.open("/times").path == "/"


def test_steps_that_were_left_out_lead_to_the_one_that_is_next(browser: Browser) -> None:
    browser.identify()
    for path in ("/when", "/times", "/review", "/confirmation"):
        assert browser.open(path).path == "/choose"
    browser.choose()
    assert browser.open("/times").path == "/when"
    assert browser.open("/review").path == "/when"


def test_the_language_may_be_changed_at_every_step(browser: Browser) -> None:
    for path in ("/choose", "/when", "/times", "/review", "/confirmation"):
        browser.walk_to(path)
        page = browser.language("fr")
        assert page.path == path
        assert '<html lang="fr">' in page.html
        assert browser.language("en").response.headers["content-language"] == "en"


@pytest.mark.parametrize("path", ["/", "/choose", "/when", "/review"])
def test_the_other_language_keeps_what_was_typed(browser: Browser, path: str) -> None:
    """With a script, the form goes along; nothing of it is judged, and nothing is done."""
    browser.open("/") if path == "/" else browser.walk_to(path)
    form = browser.shown.read.forms["main-form"]
    name = {"/": "last_name", "/when": "first_date"}.get(path, "reason")
    sent = browser.fields(**{name: "kept"})
    page = browser.post(form.action, {**sent, "lang": "fr"})
    assert page.status == 200
    assert page.path == path
    assert '<html lang="fr">' in page.html
    assert page.read.forms["main-form"].fields[name] == ["kept"]
    assert not page.problems
    assert browser.open(path).response.headers["content-language"] == "fr"


def test_the_confirmation_says_how_the_appointment_stands(place: Place, browser: Browser) -> None:
    browser.walk_to("/when")
    browser.find(when="filter", first_date="2026-03-03")
    browser.review()
    page = browser.submit(button="book")
    link = next(each["href"] for each in page.read.links if each.get("id") == "manage")
    assert "calendar" in page.read.by_id
    place.world.portal.cancel(link.removeprefix("/a/"), "")
    page = browser.open("/confirmation")
    assert "no longer stands" in page.text
    assert "manage" not in page.read.by_id


def test_the_appointment_goes_into_a_calendar(browser: Browser) -> None:
    """R49: date, time, place and the discreet label; no reason."""
    browser.walk_to("/confirmation")
    response = browser.send("GET", "/appointment.ics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/calendar")
    assert "METHOD:PUBLISH" in response.text
    assert "appointment (en)" in response.text
    assert "throat" not in response.text
    assert "ATTENDEE" not in response.text


def test_a_service_by_phone_says_so_instead_of_a_place(runner: asyncio.Runner) -> None:
    clinic = small_clinic(services=(service("open", 15, mode=Mode.VIDEO),))
    browser = place_of(world(clinic), runner).browser()
    page = browser.walk_to("/review")
    assert "By video" in page.words_of("main")
    assert "room 1" not in page.text


def test_leaving_releases_forgets_and_takes_the_cookie_back(place: Place, browser: Browser) -> None:
    browser.walk_to("/review")
    cookie = browser.cookies.get("__Host-omnibook")
    page = browser.submit("/leave")
    assert page.path == "/"
    assert "erased" in page.words_of("notice")
    assert browser.cookies.get("__Host-omnibook") is None
    browser.cookies.set("__Host-omnibook", cookie or "", domain="booking.example.org")
    assert browser.open("/choose").path == "/"
    other = place.browser("203.0.113.8")
    other.walk_to("/times", **{**STRANGER, "gender": "other"})
    first = datetime.fromisoformat("2026-03-02T13:00:00+00:00")
    assert first.isoformat() in other.shown.times[0].replace("%3A", ":").replace("%2B", "+")


def test_the_terms_name_their_version_and_show_their_text(runner: asyncio.Runner) -> None:
    """R2."""
    here = world()
    bare = place_of(here, runner).browser().open("/terms")
    assert "version 2026-01" in bare.text
    assert "514 555-0100" in bare.text
    terms = ob.Text("Un.\n\nDeux.", "One.\n\nTwo <b>.")
    told = place_of(here, runner, terms=terms).browser().open("/terms")
    assert "<p>One.</p>" in told.html
    assert "<p>Two &lt;b&gt;.</p>" in told.html


def test_another_hold_time_is_counted_as_it_is(runner: asyncio.Runner) -> None:
    """R33: five minutes are a policy."""
    clinic = small_clinic(policies=Policies(hold=timedelta(minutes=9)))
    browser = place_of(world(clinic), runner).browser()
    page = browser.walk_to("/review")
    assert "9 minutes left" in page.words_of("hold-live").replace("\u00a0", " ")


def test_a_birth_date_that_was_read_is_shown_however_it_was_typed(browser: Browser) -> None:
    """R11 reads digits of any width; what cannot be put in words is shown as it was typed."""
    page = browser.identify(birth_year="２００４", cell_phone="", email="marie@example.org")
    if page.path == "/choose":
        browser.choose()
        browser.find()
        assert "２００４-12-19" in browser.review().text
    else:
        assert page.problems == {"birth_date"}


def test_an_address_with_a_slash_at_its_end_leads_nowhere(browser: Browser) -> None:
    """Behind a proxy it would lead to plain HTTP, and repeat the link of a message (R44)."""
    for path in ("/terms/", "/choose/", "/a/a-link/", "/a/a-link/cancel/"):
        response = browser.send("GET", path)
        assert response.status_code == 404
        assert "location" not in response.headers
        assert "a-link" not in response.text
    for path in (
        "//evil.example/?lang=fr",
        "/%2F/evil.example/?lang=fr",
        "/\\evil.example?lang=en",
    ):
        response = browser.send("GET", f"{ADDRESS}{path}")
        assert "evil" not in response.headers.get("location", "")
