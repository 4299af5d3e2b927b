"""Page 5: what a message's link leads to: look, confirm to come, cancel, move (R44, R47).

Programs open links before patients do: a GET shows, and only a POST changes. Whoever has the link
sees what the message said, and nothing else.

There is no visit here, and so no draft. When the patient would like to come instead stands in the
query of the address, which says nothing of the person; the chosen slot travels in a POST.
"""

from typing import Any, assert_never
from urllib.parse import urlencode

from attrs import evolve, frozen
from starlette.responses import Response
from starlette.routing import Route

import omnibook as ob
from omnibook.messages import describe_outcome, describe_problem
from omnibook.web.choosing import when_choices, when_problems
from omnibook.web.drafts import Typed
from omnibook.web.forms import WHEN_FIELDS, Posted, preference, read_slot
from omnibook.web.selecting import MOST_PAGES, STEP, by_day, joined
from omnibook.web.site import Site, Visitor, Wrong
from omnibook.web.texts import mark as _
from omnibook.web.texts import say

WHY = _("Why do you cancel?")

_Said = ob.LinkDead | ob.TooLate | ob.ServiceNotOffered


@frozen
class LinkedPages:
    """One appointment, by its link."""

    site: Site

    def routes(self) -> list[Route]:
        """The addresses of these pages."""
        route = self.site.route
        return [
            route("/a/{link}", get=self.show),
            route("/a/{link}/presence", post=self.confirm),
            route("/a/{link}/cancel", get=self.cancel_form, post=self.cancel, redraw=self.redraw),
            route("/a/{link}/move", get=self.move_form),
            route("/a/{link}/times", get=self.times, post=self.move),
        ]

    # Look, confirm -------------------------------------------------------------------------------

    async def show(self, visitor: Visitor) -> Response:
        """Show the appointment, and what can be done with it; nothing changes."""
        link = _link(visitor)
        outcome = await self.site.portal.show(link)
        match outcome:
            case ob.LinkedAppointment():
                done = visitor.request.query_params.get("done", "")
                return self._page(visitor, "linked.html", link, outcome, done=done)
            case ob.LinkDead():
                return self._said(visitor, link, outcome)
            case _:
                assert_never(outcome)

    async def confirm(self, visitor: Visitor) -> Response:
        """Tell the clinic that the patient will come."""
        link = _link(visitor)
        outcome = await self.site.portal.confirm_presence(link)
        match outcome:
            case ob.PresenceConfirmed():
                return self.site.go(f"/a/{link}?done=presence")
            case ob.LinkDead():
                return self._said(visitor, link, outcome)
            case _:
                assert_never(outcome)

    # Cancel --------------------------------------------------------------------------------------

    async def cancel_form(self, visitor: Visitor) -> Response:
        """Ask for the reason, and once more whether to cancel."""
        return await self._cancel_form(visitor, "")

    async def redraw(self, visitor: Visitor) -> Response:
        """Show what was typed again, in the other language."""
        return await self._cancel_form(visitor, visitor.posted["reason"])

    async def cancel(self, visitor: Visitor) -> Response:
        """Cancel the appointment."""
        link, reason = _link(visitor), visitor.posted["reason"]
        outcome = await self.site.portal.cancel(link, reason)
        match outcome:
            case ob.Cancelled():
                return self.site.go(f"/a/{link}?done=cancelled")
            case ob.InvalidEntry(problems=problems):
                return await self._cancel_form(visitor, reason, _about_why(visitor, problems))
            case ob.TooLate() | ob.LinkDead():
                return self._said(visitor, link, outcome)
            case _:
                assert_never(outcome)

    async def _cancel_form(
        self, visitor: Visitor, reason: str, problems: tuple[Wrong, ...] = ()
    ) -> Response:
        link = _link(visitor)
        outcome = await self.site.portal.show(link)
        match outcome:
            case ob.LinkedAppointment() if outcome.cancellable:
                return self._page(
                    visitor,
                    "cancel.html",
                    link,
                    outcome,
                    status=422 if problems else 200,
                    problems=problems,
                    why=say(visitor.language, WHY),
                    typed={"reason": reason},
                )
            case ob.LinkedAppointment():
                return self.site.go(f"/a/{link}")
            case ob.LinkDead():
                return self._said(visitor, link, outcome)
            case _:
                assert_never(outcome)

    # Move ----------------------------------------------------------------------------------------

    async def move_form(self, visitor: Visitor) -> Response:
        """Ask when the patient would like to come instead."""
        return await self._move_form(visitor)

    async def _move_form(
        self, visitor: Visitor, problems: tuple[ob.Problem | Wrong, ...] = ()
    ) -> Response:
        link = _link(visitor)
        outcome = await self.site.portal.show(link)
        match outcome:
            case ob.LinkedAppointment() if outcome.cancellable:
                typed, service_id = _asked(visitor), outcome.slot.service_id
                return self._page(
                    visitor,
                    "move.html",
                    link,
                    outcome,
                    status=422 if problems else 200,
                    problems=problems,
                    here=f"/a/{link}/move",
                    **when_choices(self.site, visitor, typed, service_id),
                )
            case ob.LinkedAppointment():
                return self.site.go(f"/a/{link}")
            case ob.LinkDead():
                return self._said(visitor, link, outcome)
            case _:
                assert_never(outcome)

    async def times(self, visitor: Visitor) -> Response:
        """List when the appointment could be instead; its own time does not stand in the way."""
        link, typed, pages = _link(visitor), _asked(visitor), _pages(visitor)
        outcome = await self._search(link, typed, pages)
        match outcome:
            case ob.Page() | ob.NoAvailability():
                pass
            case ob.InvalidEntry():
                return await self._move_form(visitor, when_problems(visitor, typed, outcome))
            case ob.TooLate() | ob.ServiceNotOffered() | ob.LinkDead():
                return self._said(visitor, link, outcome)
            case _:
                assert_never(outcome)
        shown = await self.site.portal.show(link)
        if isinstance(shown, ob.LinkDead):
            return self._said(visitor, link, shown)
        clinic, language = self.site.clinic, visitor.language
        offers = outcome.offers if isinstance(outcome, ob.Page) else ()
        taken = visitor.request.query_params.get("notice") == ob.SlotTaken.code
        said = describe_outcome(ob.SlotTaken(), language, clinic).split("\n")[0] if taken else ""
        return self._page(
            visitor,
            "move_times.html",
            link,
            shown,
            days=by_day(offers),
            more=isinstance(outcome, ob.Page) and outcome.cursor is not None,
            found=describe_outcome(outcome, language, clinic),
            notice=said,
            again=f"/a/{link}/move?{_query(typed, 1)}",
            next_page=f"/a/{link}/times?{_query(typed, pages + 1)}#time-{pages * STEP + 1}",
            action_address=f"/a/{link}/times?{_query(typed, pages)}",
            here=f"/a/{link}/times?{_query(typed, pages)}",
        )

    async def _search(self, link: str, typed: Typed, pages: int) -> ob.FindForMoveOutcome:
        wanted = preference(typed)
        found = await self.site.portal.find_for_move(link, wanted)
        for _page in range(1, pages):
            if not isinstance(found, ob.Page) or found.cursor is None:
                break
            more = await self.site.portal.find_for_move(link, wanted, after=found.cursor)
            # What ended meanwhile is told instead.
            found = joined(found, more) if isinstance(more, ob.Page) else more
        return found

    async def move(self, visitor: Visitor) -> Response:
        """Move the appointment to the chosen time: the new one is taken and the old one freed."""
        link = _link(visitor)
        lost = f"/a/{link}/times?{_query(_asked(visitor), _pages(visitor))}&notice=slot.taken"
        slot = read_slot(visitor.posted["slot"])
        if slot is None:
            return self.site.go(lost)
        outcome = await self.site.portal.move(link, slot)
        match outcome:
            case ob.Moved(link=renewed):
                return self.site.go(f"/a/{renewed}?done=moved")
            case ob.SlotTaken() | ob.InvalidEntry():
                return self.site.go(lost)
            case ob.TooLate() | ob.ServiceNotOffered() | ob.LinkDead():
                return self._said(visitor, link, outcome)
            case _:
                assert_never(outcome)

    # What they share -----------------------------------------------------------------------------

    def _page(
        self,
        visitor: Visitor,
        template: str,
        link: str,
        linked: ob.LinkedAppointment,
        *,
        status: int = 200,
        problems: tuple[ob.Problem | Wrong, ...] = (),
        here: str = "",
        **context: Any,
    ) -> Response:
        clinic, language = self.site.clinic, visitor.language
        return self.site.page(
            visitor,
            template,
            status=status,
            problems=problems,
            here=here,
            link=link,
            linked=linked,
            schedule=clinic.schedule(linked.slot.schedule_id),
            said=describe_outcome(linked, language, clinic).split("\n")[0],
            **context,
        )

    def _said(self, visitor: Visitor, link: str, outcome: _Said) -> Response:
        """A page that says why not, and nothing more."""
        dead = isinstance(outcome, ob.LinkDead)
        return self.site.page(
            visitor,
            "linked_said.html",
            status=410 if dead else 409,
            here=f"/a/{link}",
            said=describe_outcome(outcome, visitor.language, self.site.clinic),
            link="" if dead else link,
        )


def _about_why(visitor: Visitor, problems: tuple[ob.Problem, ...]) -> tuple[Wrong, ...]:
    """The SDK calls the field by its name; here it is a question, and not a visit's reason."""
    language = visitor.language
    label = say(language, WHY)
    return tuple(
        Wrong(each.field, describe_problem(evolve(each, field=label), language))
        for each in problems
    )


def _link(visitor: Visitor) -> str:
    return str(visitor.request.path_params["link"])


def _asked(visitor: Visitor) -> Typed:
    return Posted(tuple(visitor.request.query_params.multi_items())).typed(WHEN_FIELDS)


def _pages(visitor: Visitor) -> int:
    text = visitor.request.query_params.get("pages", "")
    return min(int(text), MOST_PAGES) if text.isdecimal() and len(text) < 3 and int(text) else 1


def _query(typed: Typed, pages: int) -> str:
    pairs = [(name, value) for name, value in typed.items() if value and name != "weekdays"]
    pairs += [("weekdays", day) for day in typed["weekdays"].split()]
    return urlencode([*pairs, ("pages", str(pages))])
