"""Page 4: review and book, under a hold of five minutes; then the confirmation (R32–R42).

Book travels with the hold's identifier, so that a page that is posted twice, by a double click or
from two tabs, books one appointment (R38). What the page shows of the remaining time is drawn once,
as a time of day and a length; a script may count it down, and decides nothing.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import assert_never

from attrs import evolve, frozen
from starlette.responses import Response
from starlette.routing import Route

import omnibook as ob
from omnibook.adapters.ical import calendar_file
from omnibook.invitations import CalendarMethod, invitation_to
from omnibook.web.drafts import BookedTime, Draft, HeldTime, Typed
from omnibook.web.forms import (
    CONTACT_FIELDS,
    birth_date,
    booking_form,
    merged,
    preference,
    with_contacts,
)
from omnibook.web.identifying import ACTING_FOR, GENDERS
from omnibook.web.rendering import format_date
from omnibook.web.site import Site, Visitor
from omnibook.web.texts import say

_CORRECTED = ("reason", "details", *CONTACT_FIELDS)


@frozen
class ReviewPages:
    """Review, book, and the confirmation."""

    site: Site

    def routes(self) -> list[Route]:
        """The addresses of these pages."""
        route = self.site.route
        return [
            route("/review", get=self.review, post=self.answer, redraw=self.redraw),
            route("/confirmation", get=self.confirmation),
            route("/appointment.ics", get=self.calendar),
            route("/leave", post=self.leave),
        ]

    async def review(self, visitor: Visitor) -> Response:
        """Show the whole form, and until when the time is held."""
        draft = await self.site.draft(visitor)
        if draft is None:
            return await self.site.visit_over(visitor)
        if draft.held is None:
            # The button Back of the browser, after booking: there is nothing to book again.
            return self.site.go("/confirmation" if draft.booked else "/times")
        return self._page(visitor, draft, draft.held, with_contacts(draft.wish, draft.identity))

    async def redraw(self, visitor: Visitor) -> Response:
        """Show what was typed again, in the other language."""
        draft = await self.site.draft(visitor)
        if draft is None or draft.held is None:
            return await self.review(visitor)
        return self._page(visitor, draft, draft.held, visitor.posted.typed(_CORRECTED))

    async def answer(self, visitor: Visitor) -> Response:
        """Book, or go back and release the time (R35)."""
        draft = await self.site.draft(visitor)
        visit = visitor.visit
        if draft is None or visit is None:
            return await self.site.visit_over(visitor)
        if not draft.wish:
            return self.site.go("/choose")
        if "back" in visitor.posted:
            return await self._release(visitor, visit, draft)
        return await self._book(visitor, visit, draft)

    async def _release(self, visitor: Visitor, visit: ob.VisitToken, draft: Draft) -> Response:
        outcome = await self.site.portal.go_back(visit)
        match outcome:
            case ob.Released():

                def released(now: Draft) -> Draft:
                    return evolve(_without(now, draft.held), notice="")

                left = await self.site.change(visit, released)
                # It may have been booked meanwhile, from another tab.
                booked = left is not None and left.booked != draft.booked
                return self.site.go("/confirmation" if booked else "/times")
            case ob.VisitOver():
                return await self.site.visit_over(visitor)
            case _:
                assert_never(outcome)

    async def _book(self, visitor: Visitor, visit: ob.VisitToken, draft: Draft) -> Response:
        typed = visitor.posted.typed(_CORRECTED)
        hold_id = visitor.posted["hold"]
        outcome = await self.site.portal.book(
            visit,
            hold_id,
            form=booking_form(merged(draft.wish, typed)),
            preference=preference(draft.when),
            language=visitor.language,
        )

        def done(now: Draft) -> Draft:
            # A page of another tab may have asked for a time that this visit let go before.
            known = now.held is not None and now.held.hold_id == hold_id
            return evolve(now, wish=merged(now.wish, typed), held=None if known else now.held)

        match outcome:
            case ob.Booked(appointment=appointment, link=link):
                booked = BookedTime(appointment=appointment, link=link)
                await self.site.change(
                    visit, lambda now: evolve(done(now), booked=booked, notice="")
                )
                return self.site.go("/confirmation")
            case ob.InvalidEntry(problems=problems) if draft.held is not None:
                return self._page(visitor, draft, draft.held, typed, problems)
            case ob.SlotTaken() | ob.TooManyHolds() | ob.InvalidEntry():
                notice = outcome.code
                held = draft.held
                lost = held.slot.start if held is not None and held.hold_id == hold_id else None
                await self.site.change(
                    visit, lambda now: evolve(done(now), notice=notice, lost=lost)
                )
                return self.site.go("/times")
            case ob.ServiceNotOffered() | ob.AlreadyBooked():
                await self.site.note(visit, notice=outcome.code)
                return self.site.go("/choose")
            case ob.VisitOver():
                return await self.site.visit_over(visitor)
            case _:
                assert_never(outcome)

    def _page(
        self,
        visitor: Visitor,
        draft: Draft,
        held: HeldTime,
        typed: Typed,
        problems: tuple[ob.Problem, ...] = (),
    ) -> Response:
        clinic, language = self.site.clinic, visitor.language
        left = max(held.until - self.site.settings.clock.now(), timedelta())
        return self.site.page(
            visitor,
            "review.html",
            status=422 if problems else 200,
            problems=problems,
            held=held,
            left=left,
            seconds=int(left.total_seconds()),
            service=clinic.service(held.slot.service_id),
            schedule=clinic.schedule(held.slot.schedule_id),
            typed=typed,
            identity=_identity(draft.identity, language),
        )

    # Booked --------------------------------------------------------------------------------------

    async def confirmation(self, visitor: Visitor) -> Response:
        """Show the appointment with its reference number, as it now stands (R42)."""
        draft = await self.site.draft(visitor)
        if draft is None:
            return await self.site.visit_over(visitor)
        if draft.booked is None:
            return self.site.go("/choose")
        clinic, booked = self.site.clinic, draft.booked
        appointment = booked.appointment
        shown = await self.site.portal.show(booked.link)
        stands = isinstance(shown, ob.LinkedAppointment) and not shown.cancelled
        return self.site.page(
            visitor,
            "confirmation.html",
            appointment=appointment,
            stands=stands,
            link=booked.link,
            service=clinic.service(appointment.slot.service_id),
            schedule=clinic.schedule(appointment.slot.schedule_id),
            tells=self.site.settings.sends_messages
            and appointment.messages
            and bool(clinic.policies.channels),
        )

    async def calendar(self, visitor: Visitor) -> Response:
        """The appointment as a file for the patient's calendar (RFC 5545), of no clinical word."""
        draft = await self.site.draft(visitor)
        if draft is None or draft.booked is None:
            return await self.site.visit_over(visitor)
        clinic, language = self.site.clinic, visitor.language
        appointment = draft.booked.appointment
        service = clinic.service(appointment.slot.service_id)
        schedule = clinic.schedule(appointment.slot.schedule_id)
        label = clinic.name[language] if service is None else service.label[language]
        in_person = service is not None and service.mode is ob.Mode.IN_PERSON
        place = schedule.place[language] if schedule is not None and in_person else ""
        invitation = invitation_to(
            appointment,
            clinic,
            method=CalendarMethod.PUBLISH,
            summary=f"{label}, {clinic.name[language]}" if service else label,
            location=place,
        )
        return Response(
            calendar_file(invitation, organizer=None, attendee=None),
            media_type="text/calendar; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="appointment.ics"'},
        )

    async def leave(self, visitor: Visitor) -> Response:
        """Release what is held, forget what was typed, and take the cookie back."""
        await self.site.end(visitor)
        response = self.site.go("/?notice=left")
        self.site.cookies.drop(response, "visit")
        return response


def _without(draft: Draft, held: HeldTime | None) -> Draft:
    """The draft without this held time, unless another one is held by now."""
    return evolve(draft, held=None) if draft.held == held else draft


def _identity(typed: Typed, language: str) -> dict[str, str]:
    """What identified the visitor, in words: it is shown, and not changed here (R32)."""
    return {
        "acting_for": _named(ACTING_FOR, typed["acting_for"], language),
        "first_name": typed["first_name"],
        "last_name": typed["last_name"],
        "born": _date_in_words(birth_date(typed), language),
        "gender": _named(GENDERS, typed["gender"], language),
        "health_number": typed["health_number"],
    }


def _named(choices: Mapping[str, str], code: str, language: str) -> str:
    return say(language, choices[code]) if code in choices else code


def _date_in_words(text: str, language: str) -> str:
    try:
        return format_date(date.fromisoformat(text), language)
    except ValueError:
        return text
