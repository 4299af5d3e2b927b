"""Walks through the portal: what visitors do, in any order, and somebody who does it.

A walk is a list of steps, each a plain value, so that a test shows the shortest one that fails. A
:class:`Walker` takes it through a :class:`~omnibook.portal.Portal`, and keeps what came of it; what
a step cannot do yet, such as booking before anything was held, is left out.
"""

from datetime import timedelta
from functools import cache
from typing import TypeAlias

from attrs import define, field, frozen
from hypothesis import strategies as st

from omnibook.adapters.clocks import ManualClock
from omnibook.booking_form import BookingForm
from omnibook.identity import IdentityForm
from omnibook.ids import VisitToken
from omnibook.outcomes import Booked, Held, Page, Welcome
from omnibook.portal import Portal
from omnibook.preference import Preference

VISITORS = 3
"""How many visitors there are in a walk, at most."""


@frozen
class Identify:
    """A visitor identifies, and starts anew if there was a visit already."""

    visitor: int
    form: IdentityForm


@frozen
class Look:
    """A visitor looks for a service's times."""

    visitor: int
    service: int


@frozen
class Review:
    """A visitor reviews one of the times that were shown last: others may have it by now."""

    visitor: int
    slot: int


@frozen
class GoBack:
    """A visitor gives back what is held."""

    visitor: int


@frozen
class Book:
    """A visitor books what is held, or was held last."""

    visitor: int


@frozen
class Cancel:
    """One of the links that were given is used."""

    link: int


@frozen
class Wait:
    """Time passes."""

    duration: timedelta


Step: TypeAlias = Identify | Look | Review | GoBack | Book | Cancel | Wait

FORMS = (
    IdentityForm(
        first_name="Marie",
        last_name="Tremblay",
        birth_date="2004-12-19",
        gender="female",
        cell_phone="514 555-0123",
        email="marie@example.org",
    ),
    IdentityForm(
        first_name="Jean",
        last_name="Testard",
        birth_date="1954-12-28",
        gender="male",
        email="jean@example.org",
    ),
    IdentityForm(
        first_name="Zoé",
        last_name="Côté",
        birth_date="1990-05-17",
        gender="other",
        cell_phone="514 555-0124",
    ),
)
"""Forms without a problem, of three people."""


@cache
def steps() -> st.SearchStrategy[Step]:
    """A step."""
    visitor = st.integers(0, VISITORS - 1)
    number = st.integers(0, 4)
    waits = (timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))
    review = st.builds(Review, visitor, st.integers(0, 1))
    book = st.builds(Book, visitor)
    return st.one_of(
        st.builds(Identify, visitor, st.sampled_from(FORMS)),
        st.builds(Look, visitor, st.integers(0, 2)),
        review,
        review,
        book,
        book,
        st.builds(GoBack, visitor),
        st.builds(Cancel, number),
        st.builds(Cancel, number),
        st.builds(Wait, st.sampled_from(waits)),
    )


@st.composite
def walks(draw: st.DrawFn, longest: int = 25) -> list[Step]:
    """Steps, in the first of which every visitor identifies and looks."""
    first: list[Step] = [Identify(each, FORMS[each]) for each in range(VISITORS)]
    looks: list[Step] = [Look(each, 0) for each in range(VISITORS)]
    return [*first, *looks, *draw(st.lists(steps(), max_size=longest))]


@define
class Walker:
    """Takes walks; ``outcomes`` are the portal's, in order, beside the steps that they are of."""

    portal: Portal
    clock: ManualClock
    terms: str = "2026-01"
    outcomes: list[tuple[Step, object]] = field(factory=list[tuple[Step, object]])
    visits: dict[int, Welcome] = field(factory=dict[int, Welcome])
    pages: dict[int, Page] = field(factory=dict[int, Page])
    held: dict[int, Held] = field(factory=dict[int, Held])
    booked: list[Booked] = field(factory=list[Booked])

    def take(self, walk: list[Step]) -> None:
        """Take every step that can be taken."""
        for step in walk:
            outcome = self._step(step)
            if outcome is not None:
                self.outcomes.append((step, outcome))

    def _step(self, step: Step) -> object:
        match step:
            case Wait(duration):
                self.clock.advance(duration)
                return None
            case Cancel(link):
                if not self.booked:
                    return None
                return self.portal.cancel(self.booked[link % len(self.booked)].link)
            case Identify(visitor, form):
                source = f"203.0.113.{visitor}"
                met = self.portal.identify(form, terms=self.terms, language="fr", source=source)
                if isinstance(met, Welcome):
                    self.visits[visitor] = met
                return met
            case _:
                welcome = self.visits.get(step.visitor)
                return None if welcome is None else self._visit_step(step, welcome)

    def _visit_step(self, step: Look | Review | GoBack | Book, welcome: Welcome) -> object:
        visit = welcome.visit
        match step:
            case Look(visitor, service):
                offered = welcome.services[service % len(welcome.services)]
                found = self.portal.find(visit, offered.service_id, Preference.soonest())
                if isinstance(found, Page):
                    self.pages[visitor] = found
                return found
            case Review(visitor, slot):
                page = self.pages.get(visitor)
                if page is None:
                    return None
                wish = page.slots[slot % len(page.slots)]
                reviewed = self.portal.review(visit, wish, BookingForm("a sore throat"))
                if isinstance(reviewed, Held):
                    self.held[visitor] = reviewed
                return reviewed
            case GoBack():
                return self.portal.go_back(visit)
            case Book():
                return self._book(step, visit)

    def _book(self, step: Book, visit: VisitToken) -> object:
        held = self.held.get(step.visitor)
        if held is None:
            return None
        outcome = self.portal.book(visit, held.hold_id)
        if isinstance(outcome, Booked):
            self.booked.append(outcome)
        return outcome
