"""Page 2: choose the appointment, in two parts: what and why, then when (R17–R24)."""

from datetime import date
from typing import Any, assert_never

from attrs import evolve, frozen
from starlette.responses import Response
from starlette.routing import Route

import omnibook as ob
from omnibook.messages import describe_outcome
from omnibook.times import local_date
from omnibook.web.drafts import Draft, Typed
from omnibook.web.forms import (
    CONTACT_FIELDS,
    SOONEST,
    WHEN_FIELDS,
    WISH_FIELDS,
    booking_form,
    merged,
    preference,
)
from omnibook.web.site import Site, Visitor, Wrong
from omnibook.web.texts import mark as _
from omnibook.web.texts import say

WEEKDAYS = (
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
)

BETWEEN = _("Give two times of day, the first one before the second one.")

NOTICES = (ob.ServiceNotOffered(), ob.AlreadyBooked())
"""What a later page may send back here with."""


@frozen
class ChoosePages:
    """Choose a service and say why; then say when."""

    site: Site

    def routes(self) -> list[Route]:
        """The addresses of these pages."""
        return [
            self.site.route("/choose", get=self.services, post=self.choose, redraw=self.redraw),
            self.site.route("/when", get=self.when, post=self.search, redraw=self.when_again),
        ]

    # What and why --------------------------------------------------------------------------------

    async def services(self, visitor: Visitor) -> Response:
        """Show the services that the visitor may choose from, and the two text fields."""
        draft = await self.site.draft(visitor)
        if draft is None:
            return await self.site.visit_over(visitor)
        typed = merged(_no_wish(), draft.wish)
        return await self._services_page(visitor, typed, notice=draft.notice)

    async def redraw(self, visitor: Visitor) -> Response:
        """Show what was typed again, in the other language."""
        return await self._services_page(visitor, visitor.posted.typed(WISH_FIELDS))

    async def choose(self, visitor: Visitor) -> Response:
        """Keep the service and the texts, when they can be used."""
        draft = await self.site.draft(visitor)
        visit = visitor.visit
        if draft is None or visit is None:
            return await self.site.visit_over(visitor)
        typed = visitor.posted.typed(WISH_FIELDS)
        problems = self._problems(typed)
        if problems:
            return await self._services_page(visitor, typed, problems)

        def chosen(draft: Draft) -> Draft:
            contacts = {name: draft.wish[name] for name in CONTACT_FIELDS if name in draft.wish}
            return evolve(draft, wish=merged(contacts, typed), pages=1, notice="")

        await self.site.change(visit, chosen)
        return self.site.go("/when")

    def _problems(self, typed: Typed) -> tuple[ob.Problem, ...]:
        """What is wrong so far; the contacts are asked at *Review*."""
        problems: list[ob.Problem] = []
        if not typed["service"]:
            problems.append(ob.Problem(ob.ProblemCode.MISSING, "service"))
        read = booking_form(typed).parse((), region=self.site.clinic.region, contact_required=False)
        if isinstance(read, ob.InvalidEntry):
            problems += read.problems
        return tuple(problems)

    async def _services_page(
        self,
        visitor: Visitor,
        typed: Typed,
        problems: tuple[ob.Problem, ...] = (),
        *,
        notice: str = "",
    ) -> Response:
        outcome = await self.site.portal.resume(visitor.token)
        match outcome:
            case ob.Welcome(services=services):
                return self.site.page(
                    visitor,
                    "choose.html",
                    status=422 if problems else 200,
                    problems=problems,
                    services=services,
                    typed=typed,
                    notice=_said(self.site, visitor, notice),
                )
            case ob.NotOnline():
                return self.site.go("/not-online")
            case ob.VisitOver():
                return await self.site.visit_over(visitor)
            case _:
                assert_never(outcome)

    # When ----------------------------------------------------------------------------------------

    async def when(self, visitor: Visitor) -> Response:
        """Ask when the visitor would like to come."""
        draft = await self.site.draft(visitor)
        if draft is None:
            return await self.site.visit_over(visitor)
        if not draft.wish:
            return self.site.go("/choose")
        return self._when_page(visitor, draft, draft.when)

    async def when_again(self, visitor: Visitor) -> Response:
        """Show what was chosen again, in the other language."""
        draft = await self.site.draft(visitor)
        if draft is None:
            return await self.site.visit_over(visitor)
        return self._when_page(visitor, draft, visitor.posted.typed(WHEN_FIELDS))

    async def search(self, visitor: Visitor) -> Response:
        """Keep the preference, when it can be used, and lead to what is free."""
        draft = await self.site.draft(visitor)
        visit = visitor.visit
        if draft is None or visit is None:
            return await self.site.visit_over(visitor)
        if not draft.wish:
            return self.site.go("/choose")
        typed = visitor.posted.typed(WHEN_FIELDS)
        read = preference(typed).parse(self.site.clinic)
        if isinstance(read, ob.InvalidEntry):
            return self._when_page(visitor, draft, typed, when_problems(visitor, typed, read))
        # As soon as possible looks at nothing else, and so nothing else is kept.
        when = typed if typed["when"] == "filter" else SOONEST
        await self.site.note(visit, when=when, pages=1, notice="")
        return self.site.go("/times")

    def _when_page(
        self,
        visitor: Visitor,
        draft: Draft,
        typed: Typed,
        problems: tuple[ob.Problem | Wrong, ...] = (),
    ) -> Response:
        service = self.site.clinic.service(draft.wish.get("service"))
        return self.site.page(
            visitor,
            "when.html",
            status=422 if problems else 200,
            problems=problems,
            service=service,
            **when_choices(self.site, visitor, typed, draft.wish.get("service", "")),
        )


def when_problems(
    visitor: Visitor, typed: Typed, read: ob.InvalidEntry
) -> tuple[ob.Problem | Wrong, ...]:
    """What is wrong with a preference; with a range of hours, beside the hours (R11)."""
    if typed["time_of_day"] != "range":
        return read.problems
    between = Wrong("from_time", say(visitor.language, BETWEEN))
    return tuple(
        between if problem.field == "time_of_day" else problem for problem in read.problems
    )


def when_choices(site: Site, visitor: Visitor, typed: Typed, service_id: str) -> dict[str, Any]:
    """What the form of a preference shows: here, and to move an appointment."""
    clinic, language = site.clinic, visitor.language
    service = clinic.service(service_id)
    activities = frozenset(() if service is None else service.activities)
    practitioners = {
        schedule.practitioner_id: schedule.name[language]
        for schedule in clinic.schedules
        if schedule.practitioner_id is not None
        and any(opening.activities & activities for opening in schedule.openings)
    }
    return {
        "typed": merged(dict.fromkeys(WHEN_FIELDS, ""), SOONEST, typed),
        "chosen_days": typed.get("weekdays", "").split(),
        "weekdays": [say(language, day) for day in WEEKDAYS],
        "practitioners": sorted(practitioners.items(), key=lambda each: each[1]),
        "today": _today(site),
    }


def _today(site: Site) -> date:
    return local_date(site.settings.clock.now(), site.clinic.zone)


def _no_wish() -> Typed:
    return dict.fromkeys(WISH_FIELDS, "")


def _said(site: Site, visitor: Visitor, notice: str) -> str:
    """What led back here, if anything did."""
    for outcome in NOTICES:
        if outcome.code == notice:
            return describe_outcome(outcome, visitor.language, site.clinic)
    return ""
