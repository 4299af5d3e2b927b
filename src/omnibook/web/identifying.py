"""Page 1: identify yourself (R1–R14). And the pages that need no visit: the terms, not online."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from attrs import frozen
from starlette.responses import Response
from starlette.routing import Route

import omnibook as ob
from omnibook.messages import describe_outcome
from omnibook.web.drafts import Draft, Typed
from omnibook.web.forms import IDENTITY_FIELDS, identity_form
from omnibook.web.site import Site, Visitor
from omnibook.web.texts import mark as _
from omnibook.web.texts import say

ACTING_FOR: Mapping[str, str] = MappingProxyType(
    {
        ob.ActingFor.SELF: _("Myself"),
        ob.ActingFor.PARENT: _("My child"),
        ob.ActingFor.TUTOR: _("A person of whom I am the tutor"),
    }
)
GENDERS: Mapping[str, str] = MappingProxyType(
    {
        ob.Gender.FEMALE: _("Female"),
        ob.Gender.MALE: _("Male"),
        ob.Gender.OTHER: _("Other"),
    }
)
"""Not ``unknown``, which agrees with no file (R5)."""

ISSUERS: Mapping[str, str] = MappingProxyType(
    {
        "CA-AB": _("Alberta"),
        "CA-BC": _("British Columbia"),
        "CA-MB": _("Manitoba"),
        "CA-NB": _("New Brunswick"),
        "CA-NL": _("Newfoundland and Labrador"),
        "CA-NS": _("Nova Scotia"),
        "CA-NT": _("Northwest Territories"),
        "CA-NU": _("Nunavut"),
        "CA-ON": _("Ontario"),
        "CA-PE": _("Prince Edward Island"),
        "CA-QC": _("Quebec"),
        "CA-SK": _("Saskatchewan"),
        "CA-YT": _("Yukon"),
    }
)
MONTHS = (
    _("January"),
    _("February"),
    _("March"),
    _("April"),
    _("May"),
    _("June"),
    _("July"),
    _("August"),
    _("September"),
    _("October"),
    _("November"),
    _("December"),
)
"""Their place is their number, less one."""

LEFT = _("You have left. What you typed is erased from these pages.")


@frozen
class IdentifyPages:
    """Identify yourself; the terms; online booking is not available."""

    site: Site

    def routes(self) -> list[Route]:
        """The addresses of these pages."""
        route = self.site.route
        return [
            route("/", get=self.form, post=self.identify, redraw=self.redraw),
            route("/not-online", get=self.not_online),
            route("/terms", get=self.terms),
        ]

    async def form(self, visitor: Visitor) -> Response:
        """Show the empty form."""
        said, asked = "", visitor.request.query_params.get("notice", "")
        if asked == ob.VisitOver.code:
            said = describe_outcome(ob.VisitOver(), visitor.language, self.site.clinic)
        elif asked == "left":
            said = say(visitor.language, LEFT)
        empty: dict[str, str] = dict.fromkeys(IDENTITY_FIELDS, "")
        empty["health_number_issuer"] = self.site.clinic.health_number_issuer
        return self._page(visitor, empty, notice=said)

    async def redraw(self, visitor: Visitor) -> Response:
        """Show what was typed again, in the other language."""
        return self._page(visitor, visitor.posted.typed(IDENTITY_FIELDS))

    async def identify(self, visitor: Visitor) -> Response:
        """Identify the visitor; a new visit begins under a new token, whatever the cookie said."""
        site, posted = self.site, visitor.posted
        typed = posted.typed(IDENTITY_FIELDS)
        outcome = await site.portal.identify(
            identity_form(typed),
            terms=posted["terms"],
            language=visitor.language,
            source=site.source(visitor.request),
        )
        match outcome:
            case ob.Welcome(visit=visit):
                return await self._welcome(visitor, visit, typed)
            case ob.NotOnline():
                # Somebody else may have been here before: nothing of theirs stays.
                await site.end(visitor)
                response = site.go("/not-online")
                site.cookies.drop(response, "visit")
                return response
            case ob.InvalidEntry(problems=problems):
                return self._page(visitor, typed, status=422, problems=problems)
            case ob.TooManyAttempts(retry_after=wait):
                said = describe_outcome(outcome, visitor.language, site.clinic)
                response = self._page(visitor, typed, status=429, notice=said)
                response.headers["Retry-After"] = str(-int(-wait.total_seconds() // 1))
                return response
            case _:
                assert_never(outcome)

    async def _welcome(self, visitor: Visitor, visit: ob.VisitToken, typed: Typed) -> Response:
        await self.site.end(visitor)
        await self.site.begin(visit, Draft(identity=typed))
        response = self.site.go("/choose")
        self.site.cookies.put(response, "visit", visit.value)
        return response

    async def not_online(self, visitor: Visitor) -> Response:
        """Say that online booking is not available: one page for every cause (R10, R14)."""
        said = describe_outcome(ob.NotOnline(), visitor.language, self.site.clinic)
        return self.site.page(visitor, "not_online.html", said=said)

    async def terms(self, visitor: Visitor) -> Response:
        """Show the terms of use, as far as the deployment gives their text."""
        text = self.site.settings.terms
        paragraphs = [] if text is None else text[visitor.language].splitlines()
        return self.site.page(
            visitor, "terms.html", paragraphs=[each for each in paragraphs if each]
        )

    def _page(
        self,
        visitor: Visitor,
        typed: Mapping[str, str],
        *,
        status: int = 200,
        problems: tuple[ob.Problem, ...] = (),
        notice: str = "",
    ) -> Response:
        language = visitor.language

        def named(choices: Mapping[str, str]) -> list[tuple[str, str]]:
            return [(code, say(language, name)) for code, name in choices.items()]

        issuers = {
            code: say(language, ISSUERS[code]) if code in ISSUERS else issuer.name
            for code, issuer in self.site.clinic.issuers.items()
        }
        return self.site.page(
            visitor,
            "identify.html",
            status=status,
            problems=problems,
            typed=typed,
            notice=notice,
            acting_for=named(ACTING_FOR),
            genders=named(GENDERS),
            months=[say(language, month) for month in MONTHS],
            issuers=sorted(issuers.items(), key=lambda each: each[1]),
        )
