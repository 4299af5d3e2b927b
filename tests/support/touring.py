"""Every page of the portal, in every state: for the accessibility checks, and to be looked at.

A part of the tour is a generator: it leads a person from state to state, and yields the name of
each one while the browser shows it.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

import omnibook as ob
from support.browsing import MARIE, STRANGER, Person
from support.web_house import START, House

Tour = Callable[[Person, House], Iterator[str]]

_LONG = "x" * 101


def identify(person: Person, house: House) -> Iterator[str]:
    """Page 1, and what needs no visit."""
    person.open("/")
    yield "identify"
    person.press("#continue")
    yield "identify-errors"
    person.open("/")
    person.fill_identity(MARIE)
    person.page.fill("#cell_phone", "12")
    person.page.fill("#email", "marie@")
    person.press("#continue")
    yield "identify-two-errors"
    person.open("/terms")
    yield "terms"
    person.open("/not-online")
    yield "not-online"


def choose(person: Person, house: House) -> Iterator[str]:
    """Page 2, both parts."""
    person.identify()
    yield "choose"
    person.page.select_option("#service", "follow-up")
    yield "choose-described"
    person.page.select_option("#service", "")
    person.page.fill("#reason", _LONG)
    person.press("#continue")
    yield "choose-errors"
    person.choose()
    yield "when"
    person.page.check("#when-filter")
    yield "when-filter"
    person.page.check('[value="range"]')
    person.page.fill("#first_date", "2026-12-31")
    person.page.fill("#last_date", "2026-12-01")
    person.page.fill("#from_time", "15:00")
    person.page.fill("#until_time", "09:00")
    person.press("#find")
    yield "when-errors"


def select(person: Person, house: House) -> Iterator[str]:
    """Page 3."""
    person.reach_list()
    yield "times"
    person.press("#more")
    person.press("#more")
    yield "times-more"
    other = house.portal.identify(
        ob.IdentityForm(
            first_name="Thomas",
            last_name="Testard",
            birth_date="1954-12-28",
            gender="male",
            cell_phone="450 555-0142",
        ),
        terms=house.clinic.terms.version,
        language="fr",
        source="203.0.113.9",
    )
    assert isinstance(other, ob.Welcome)
    page = house.portal.find(other.visit, "follow-up", ob.Preference.soonest())
    assert isinstance(page, ob.Page)
    held = house.portal.review(other.visit, page.slots[0], ob.BookingForm("a cough"))
    assert isinstance(held, ob.Held)
    person.review()
    yield "times-lost"
    person.open("/when")
    person.page.check("#when-filter")
    person.page.fill("#first_date", "2026-12-25")
    person.page.fill("#last_date", "2026-12-26")
    person.press("#find")
    yield "times-none"


def review(person: Person, house: House) -> Iterator[str]:
    """Page 4, the confirmation, and what a second walk meets."""
    person.reach_review()
    yield "review"
    person.page.fill("#cell_phone", "12")
    person.page.fill("#reason", "")
    person.press("#book")
    yield "review-errors"
    house.wait(minutes=6)
    person.open("/review")
    yield "review-over"
    person.book()
    yield "confirmation"
    person.press("main a[href='/choose']")
    person.choose()
    person.find()
    person.review()
    yield "choose-already-booked"
    person.press("#leave")
    yield "identify-left"
    person.identify(STRANGER)
    house.wait(hours=2)
    person.open("/choose")
    yield "identify-over"


def message(person: Person, house: House) -> Iterator[str]:
    """Page 5: what a message's link leads to."""
    # The evening before: early enough to move and to cancel.
    house.clock.set(START - timedelta(hours=12))
    person.reach_confirmation()
    person.press("#manage")
    yield "linked"
    person.press("#confirm")
    yield "linked-confirmed"
    person.press("#go-move")
    yield "move"
    person.press("#find")
    yield "move-times"
    link = person.path.split("?", maxsplit=1)[0].removesuffix("/times")
    person.press(person.at("#time-2 button"))
    yield "linked-moved"
    moved = person.path.split("?", maxsplit=1)[0]
    person.open(link)
    yield "linked-dead"
    before = house.clock.now()
    house.clock.set(house.appointments()[0].slot.start - timedelta(minutes=30))
    person.open(moved)
    yield "linked-late"
    person.open(f"{moved}/times")
    yield "linked-too-late"
    house.clock.set(before)
    person.open(f"{moved}/cancel")
    yield "cancel"
    person.page.fill("#reason", _LONG * 5)
    person.press("#cancel")
    yield "cancel-errors"
    person.page.fill("#reason", "")
    person.press("#cancel")
    yield "linked-cancelled"
    person.open("/confirmation")
    yield "confirmation-cancelled"


def errors(person: Person, house: House) -> Iterator[str]:
    """What goes wrong."""
    person.open("/nowhere")
    yield "error-404"
    person.open("/")
    person.page.evaluate("document.querySelector('[name=form_token]').value = 'x'")
    person.press("#continue")
    yield "error-403"


PARTS: Mapping[str, Tour] = MappingProxyType(
    {each.__name__: each for each in (identify, choose, select, review, message, errors)}
)
