"""The list of availabilities, page by page: the pure search, fed by the store (R24–R30)."""

from datetime import date, datetime
from functools import partial

from attrs import evolve

from omnibook.availability import Own, Search
from omnibook.clinic import Clinic, Service
from omnibook.eligibility import judge_eligibility
from omnibook.identity import Patient
from omnibook.ids import PatientId, VisitId
from omnibook.outcomes import (
    FindOutcome,
    InvalidEntry,
    NoAvailability,
    Offer,
    Page,
    ServiceNotOffered,
    SlotTaken,
)
from omnibook.ports import ReadScope
from omnibook.preference import Filter, Preference
from omnibook.problems import Problem, ProblemCode
from omnibook.records import Slot
from omnibook.sealed import Cursor, make_cursor, read_cursor
from omnibook.standing import Standing
from omnibook.times import local_date
from omnibook.transactions import Scope
from omnibook.visits import facts_of, listing
from omnibook.wiring import Wiring

PAGE = 5
"""How many availabilities a page lists (R25)."""
MOST = 50
"""How many are listed in all: whole pages (R25)."""


async def find(
    wiring: Wiring,
    standing: Standing,
    service_id: str,
    preference: Preference,
    after: str | None = None,
) -> FindOutcome:
    """List the next availabilities of a service; see :meth:`omnibook.Portal.find`."""
    clinic, now = wiring.clinic, standing.snapshot.now
    chosen = preference.parse(clinic)
    if isinstance(chosen, InvalidEntry):
        return chosen
    service = clinic.service(service_id)
    listed = {each.service_id for each in listing(clinic, standing.patient, now)}
    if service is None or service.service_id not in listed:
        return ServiceNotOffered()
    bound_to = _bound_to(standing.visit.visit_id, service, chosen)
    cursor = None
    if after is not None:
        cursor = read_cursor(wiring.keys, bound_to, after)
        if cursor is None:
            return InvalidEntry((Problem(ProblemCode.CURSOR_INVALID, "after"),))
    shown = 0 if cursor is None else cursor.shown
    # One more than is shown tells whether there is a next page.
    search = Search(
        clinic,
        service,
        chosen,
        await wiring.openings(schedule.schedule_id for schedule in clinic.schedules),
        now=now,
        wanted=PAGE + 1,
        eligible=partial(_may_come, clinic, service, standing.patient, now),
        after=None if cursor is None else cursor.rank,
    )
    await _run(wiring, search, standing)
    slots = search.found[:PAGE]
    if not slots:
        return NoAvailability()
    shown += len(slots)
    following = None
    if len(search.found) > PAGE and shown < MOST:
        last = slots[-1]
        following = make_cursor(
            wiring.keys,
            bound_to,
            Cursor(start=last.start, schedule_id=last.schedule_id, end=last.end, shown=shown),
        )
    offers = tuple(_offer(clinic, service, slot) for slot in slots)
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
    found = await find(wiring, standing, service_id, preference or Preference.soonest())
    return evolve(taken, fresh=found if isinstance(found, Page | NoAvailability) else None)


async def _run(wiring: Wiring, search: Search, standing: Standing) -> None:
    visit, patient = standing.visit, standing.patient
    patient_ids = frozenset[PatientId]() if patient is None else patient.ids
    while (window := search.window) is not None:
        reach = search.reach(window)
        scope = Scope(
            clinic_id=wiring.clinic.clinic_id,
            schedules={schedule.schedule_id: reach for schedule in search.schedules},
            visit=visit.visit_id,
        )
        _, snapshot = await wiring.read(ReadScope(scope))
        search.feed(window, snapshot, Own.of(snapshot, visit.visit_id, patient_ids))


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


def _bound_to(visit_id: VisitId, service: Service, chosen: Filter) -> str:
    """What a cursor is good for: this visit, service and preference only (R25)."""
    part = None if chosen.part is None else (chosen.part.lower, chosen.part.upper)
    described = (chosen.first, chosen.last, sorted(chosen.weekdays), part, chosen.practitioner_id)
    return f"{visit_id} {service.service_id} {described}"


def _may_come(
    clinic: Clinic, service: Service, patient: Patient | None, now: datetime, day: date
) -> bool:
    """Whether the visitor is eligible for a visit on this date (R22)."""
    return judge_eligibility(
        service.eligibility,
        facts_of(patient),
        booked_on=local_date(now, clinic.zone),
        visit_on=day,
    ).eligible
