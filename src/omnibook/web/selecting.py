"""Page 3: select one of the next availabilities, and have it held (R24–R35).

The list is searched anew whenever it is drawn. *See more* shows five more of it, by the cursors of
the SDK. Which slot was chosen travels in the body of a POST, and is only a wish.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import assert_never

from attrs import evolve, frozen
from starlette.responses import Response
from starlette.routing import Route

import omnibook as ob
from omnibook.messages import describe_outcome, format_start
from omnibook.web.drafts import Draft, HeldTime
from omnibook.web.forms import booking_form, preference, read_slot, slot_text
from omnibook.web.site import Site, Visitor
from omnibook.web.texts import mark as _
from omnibook.web.texts import say

MOST_PAGES = 10
"""Fifty availabilities, five at a time (R25)."""

STEP = 5

LOST = _("It was %(when)s.")

_NEAR = timedelta(days=1000)
"""A time further off was never offered by a page of ours."""


@frozen
class Listed:
    """One availability as the page shows it."""

    number: int
    offer: ob.Offer
    value: str
    """What its button sends."""


@frozen
class Day:
    """The availabilities of one day."""

    date: date
    listed: tuple[Listed, ...]


def joined(shown: ob.Page, more: ob.Page) -> ob.Page:
    """The list with the next page at its end."""
    return evolve(more, offers=(*shown.offers, *more.offers))


def by_day(offers: Iterable[ob.Offer]) -> tuple[Day, ...]:
    """The availabilities, grouped by day in the clinic's zone; the order stays that of R26."""
    days: dict[date, list[Listed]] = {}
    for number, offer in enumerate(offers, start=1):
        listed = Listed(number, offer, slot_text(offer.slot))
        days.setdefault(offer.starts.date(), []).append(listed)
    return tuple(Day(day, tuple(listed)) for day, listed in days.items())


@frozen
class SelectPages:
    """Select a time."""

    site: Site

    def routes(self) -> list[Route]:
        """The addresses of these pages."""
        return [self.site.route("/times", get=self.times, post=self.chosen)]

    async def times(self, visitor: Visitor) -> Response:
        """List what is free, or say that nothing is (R19, R25, R29)."""
        draft = await self.site.draft(visitor)
        visit = visitor.visit
        if draft is None or visit is None:
            return await self.site.visit_over(visitor)
        if not draft.wish:
            return self.site.go("/choose")
        if not draft.when:
            return self.site.go("/when")
        outcome = await self._search(visit, draft)
        match outcome:
            case ob.Page() | ob.NoAvailability():
                return self._page(visitor, draft, outcome)
            case ob.ServiceNotOffered():
                await self.site.note(visit, notice=outcome.code)
                return self.site.go("/choose")
            case ob.InvalidEntry():
                # The clinic's file has changed since the preference was read.
                return self.site.go("/when")
            case ob.VisitOver():
                return await self.site.visit_over(visitor)
            case _:
                assert_never(outcome)

    async def _search(self, visit: ob.VisitToken, draft: Draft) -> ob.FindOutcome:
        """The first five, and five more for each time that more were asked for, as one page."""
        wanted = preference(draft.when)
        service_id = draft.wish["service"]
        found = await self.site.portal.find(visit, service_id, wanted)
        for _page in range(1, draft.pages):
            if not isinstance(found, ob.Page) or found.cursor is None:
                break
            more = await self.site.portal.find(visit, service_id, wanted, after=found.cursor)
            # What ended meanwhile is told instead.
            found = joined(found, more) if isinstance(more, ob.Page) else more
        return found

    def _page(
        self, visitor: Visitor, draft: Draft, outcome: ob.Page | ob.NoAvailability
    ) -> Response:
        clinic, language = self.site.clinic, visitor.language
        offers = outcome.offers if isinstance(outcome, ob.Page) else ()
        found = describe_outcome(outcome, language, clinic)
        return self.site.page(
            visitor,
            "times.html",
            service=clinic.service(draft.wish["service"]),
            filtered=draft.when.get("when") == "filter",
            days=by_day(offers),
            shown=len(offers),
            more=isinstance(outcome, ob.Page) and outcome.cursor is not None,
            found=found,
            notice=self._said(visitor, draft),
        )

    def _said(self, visitor: Visitor, draft: Draft) -> str:
        """What became of the time that was chosen before; the list below is what is free now."""
        for outcome in (ob.SlotTaken(), ob.TooManyHolds()):
            if outcome.code == draft.notice:
                # Of several lines the first: where to look is what the page below shows.
                said = describe_outcome(outcome, visitor.language, self.site.clinic).split("\n")[0]
                return said + self._lost(visitor, draft)
        return ""

    def _lost(self, visitor: Visitor, draft: Draft) -> str:
        if draft.lost is None or draft.notice != ob.SlotTaken.code:
            return ""
        when = format_start(draft.lost, self.site.clinic.zone, visitor.language)
        return "\n" + say(visitor.language, LOST) % {"when": when}

    # Review --------------------------------------------------------------------------------------

    async def chosen(self, visitor: Visitor) -> Response:
        """Show more, or have the chosen time held."""
        draft = await self.site.draft(visitor)
        visit = visitor.visit
        if draft is None or visit is None:
            return await self.site.visit_over(visitor)
        if not draft.wish or not draft.when:
            return self.site.go("/choose")
        if "more" in visitor.posted:
            pages = min(draft.pages + 1, MOST_PAGES)
            await self.site.note(visit, pages=pages, notice="")
            return self.site.go(f"/times#time-{(pages - 1) * STEP + 1}")
        slot = read_slot(visitor.posted["slot"])
        if slot is None:
            return await self._back(visit, ob.SlotTaken.code)
        return await self._review(visitor, visit, draft, slot)

    async def _review(
        self,
        visitor: Visitor,
        visit: ob.VisitToken,
        draft: Draft,
        slot: ob.Slot,
    ) -> Response:
        outcome = await self.site.portal.review(
            visit, slot, booking_form(draft.wish), preference=preference(draft.when)
        )
        match outcome:
            case ob.Held():
                held = HeldTime(
                    hold_id=outcome.hold_id,
                    slot=outcome.slot,
                    expires_at=outcome.expires_at,
                    until=self.site.settings.clock.now() + outcome.remaining,
                )
                await self.site.note(visit, held=held, notice="")
                return self.site.go("/review")
            case ob.SlotTaken() | ob.TooManyHolds():
                near = abs(slot.start - self.site.settings.clock.now()) < _NEAR
                return await self._back(visit, outcome.code, lost=slot.start if near else None)
            case ob.ServiceNotOffered() | ob.AlreadyBooked():
                await self.site.note(visit, notice=outcome.code)
                return self.site.go("/choose")
            case ob.InvalidEntry():
                # What was typed was read before; the clinic's file has changed since.
                return self.site.go("/choose")
            case ob.VisitOver():
                return await self.site.visit_over(visitor)
            case _:
                assert_never(outcome)

    async def _back(
        self, visit: ob.VisitToken, notice: str, *, lost: datetime | None = None
    ) -> Response:
        """Back to the list, which is searched anew, with what has to be said first (R31)."""
        await self.site.note(visit, notice=notice, lost=lost)
        return self.site.go("/times")
