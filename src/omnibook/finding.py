"""The list of availabilities, page by page: the pure search, fed by the store (R24–R30)."""

from datetime import date, datetime
from functools import partial

from attrs import evolve

from omnibook.clinic import Clinic, Service
from omnibook.daybits import day_of
from omnibook.eligibility import judge_eligibility
from omnibook.facts import Facts
from omnibook.outcomes import (
    FindOutcome,
    InvalidEntry,
    NoAvailability,
    Offer,
    Page,
    ServiceNotOffered,
    SlotTaken,
)
from omnibook.outlook import Outlook
from omnibook.ports import ReadDays, ReadOutlook
from omnibook.preference import Filter, Preference
from omnibook.problems import Problem, ProblemCode
from omnibook.records import Slot
from omnibook.sealed import Cursor, make_cursor, read_cursor
from omnibook.search import Search
from omnibook.standing import Standing, facts_for
from omnibook.times import local_date, to_minute
from omnibook.visits import is_listed
from omnibook.wiring import Wiring
from omnibook.wishes import Leaving, Wish

PAGE = 5
"""How many availabilities a page lists (R25)."""
MOST = 50
"""How many are listed in all: whole pages (R25)."""


async def find(
    wiring: Wiring,
    standing: Standing,
    outlook: Outlook,
    service_id: str,
    preference: Preference,
    *,
    after: str | None = None,
) -> FindOutcome:
    """List the next availabilities of a service; see :meth:`omnibook.Portal.find`."""
    clinic, now = wiring.clinic, standing.snapshot.now
    chosen = preference.parse(clinic)
    if isinstance(chosen, InvalidEntry):
        return chosen
    service = clinic.service(service_id)
    if service is None:
        return ServiceNotOffered()
    known = await facts_for(wiring, standing, (service,))
    if not is_listed(service, known, clinic, now):
        return ServiceNotOffered()
    wish = Wish(
        service=service,
        chosen=chosen,
        visit_id=standing.visit.visit_id,
        patient_ids=frozenset() if standing.patient is None else standing.patient.ids,
        eligible=partial(_may_come, clinic, service, known, now),
    )
    return await _page(wiring, outlook, wish, standing.visit.visit_id, after)


async def find_for_move(
    wiring: Wiring,
    leaving: Leaving,
    outlook: Outlook,
    known: Facts,
    preference: Preference,
    *,
    bound_to: str,
    after: str | None = None,
) -> Page | NoAvailability | ServiceNotOffered | InvalidEntry:
    """List where an appointment can be moved; see :meth:`omnibook.Portal.find_for_move`.

    ``known`` is what is known of whose it is, with the appointment itself ignored (R47).
    """
    clinic, now = wiring.clinic, outlook.snapshot.now
    chosen = preference.parse(clinic)
    if isinstance(chosen, InvalidEntry):
        return chosen
    service = clinic.service(leaving.slot.service_id)
    if service is None or not is_listed(service, known, clinic, now):
        return ServiceNotOffered()
    wish = Wish(
        service=service,
        chosen=chosen,
        eligible=partial(_may_come, clinic, service, known, now),
        leaving=leaving,
    )
    return await _page(wiring, outlook, wish, bound_to, after)


async def _page(
    wiring: Wiring, outlook: Outlook, wish: Wish, bound_to: str, after: str | None
) -> Page | NoAvailability | InvalidEntry:
    """The page after a cursor, or the first one; ``bound_to`` names the visit or the link."""
    bound_to = _bound_to(bound_to, wish.service, wish.chosen)
    shown = 0
    if after is not None:
        cursor = read_cursor(wiring.keys, bound_to, after)
        if cursor is None:
            return InvalidEntry((Problem(ProblemCode.CURSOR_INVALID, "after"),))
        wish, shown = evolve(wish, after=cursor.rank), cursor.shown
    # One more than is shown tells whether there is a next page.
    found = await _search(wiring, outlook, wish, PAGE + 1)
    slots = found[:PAGE]
    if not slots:
        return NoAvailability()
    shown += len(slots)
    following = None
    if len(found) > PAGE and shown < MOST:
        last = slots[-1]
        following = make_cursor(
            wiring.keys,
            bound_to,
            Cursor(start=last.start, schedule_id=last.schedule_id, end=last.end, shown=shown),
        )
    offers = tuple(_offer(wiring.clinic, wish.service, slot) for slot in slots)
    return Page(offers=offers, shown=shown, cursor=following)


async def with_fresh(
    wiring: Wiring,
    taken: SlotTaken,
    standing: Standing,
    service_id: str,
    preference: Preference | None,
) -> SlotTaken:
    """The refusal with what is free now, searched after the transaction (R31).

    Nothing was searched when the preference is unusable or the service is not offered any more:
    then there is no ``fresh``, rather than a word that nothing is free.
    """
    _, outlook = await wiring.read(ReadOutlook(standing.snapshot.scope))
    found = await find(wiring, standing, outlook, service_id, preference or Preference.soonest())
    return evolve(taken, fresh=found if isinstance(found, Page | NoAvailability) else None)


async def _search(wiring: Wiring, outlook: Outlook, wish: Wish, wanted: int) -> list[Slot]:
    clinic = wiring.clinic
    versions = await wiring.opening_versions(each.schedule_id for each in clinic.schedules)
    search = Search(
        wiring.keeper.kept(day_of(to_minute(outlook.snapshot.now))),
        outlook,
        wish,
        opening_versions=versions,
        wanted=wanted,
    )
    while (need := search.need) is not None:
        openings = await wiring.openings(need.openings)
        then = await wiring.opening_versions(need.openings)
        unsettled = [name for name in need.openings if then[name] != versions[name]]
        _, days = await wiring.read(
            ReadDays(
                clinic_id=clinic.clinic_id,
                schedules=need.schedules,
                first=need.first,
                last=need.last,
            )
        )
        search.feed(days, openings, unsettled=unsettled)
    return search.found


def _offer(clinic: Clinic, service: Service, slot: Slot) -> Offer:
    schedule = next(each for each in clinic.schedules if each.schedule_id == slot.schedule_id)
    return Offer(
        slot=slot,
        starts=slot.start.astimezone(clinic.zone),
        ends=slot.end.astimezone(clinic.zone),
        schedule_name=schedule.name,
        practitioner_id=schedule.practitioner_id,
        place=schedule.place,
        mode=service.mode,
    )


def _bound_to(whose: str, service: Service, chosen: Filter) -> str:
    """What a cursor is good for: this visit or link, service and preference only (R25)."""
    part = None if chosen.part is None else (chosen.part.lower, chosen.part.upper)
    described = (chosen.first, chosen.last, sorted(chosen.weekdays), part, chosen.practitioner_id)
    return f"{whose} {service.service_id} {described}"


def _may_come(clinic: Clinic, service: Service, known: Facts, now: datetime, day: date) -> bool:
    """Whether the visitor is eligible for a visit on this date (R22)."""
    return judge_eligibility(
        service.eligibility,
        known,
        booked_on=local_date(now, clinic.zone),
        visit_on=day,
    ).eligible
