"""What a clinic's configuration says that is hardly meant: warnings, for ``omnibook check-config``.

Nothing here is refused: a clinic that has not yet planned its spring is no broken clinic. Every
warning names where it stands in the clinic's file.

What is said of criteria is told by :mod:`omnibook.eligibility_checks`.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from attrs import frozen

from omnibook.clinic import Clinic, Schedule, Service
from omnibook.contacts import ContactSystem, read_stored_contact
from omnibook.eligibility_checks import warn_about_eligibility
from omnibook.mistakes import Mistake, shown
from omnibook.table_reader import named
from omnibook.times import MINUTE, Line, Stretch, from_minute, line_of, local_date
from omnibook.timetable import Occurrence, occurrences, placed_closures


def warn_about(clinic: Clinic, *, today: date) -> tuple[Mistake, ...]:
    """Warnings about a clinic, as of ``today`` in its zone, up to its horizon.

    Warns of a phone number that nobody could dial, of a service that no online opening can offer
    (R27), of openings of one schedule that overlap (R30), and of criteria that never hold or always
    do, contradict or shadow one another (R18).
    """
    last = today + timedelta(days=clinic.policies.horizon.days)
    plans = [_plan(clinic, schedule, today, last) for schedule in clinic.schedules]
    warnings = list(_undialled(clinic))
    for i, service in enumerate(clinic.services):
        path = named(f"services[{i}]", service.service_id)
        warnings.extend(_without_opening(service, path, plans, last))
        warnings.extend(warn_about_eligibility(service, path, clinic, today, last))
    for i, plan in enumerate(plans):
        path = named(f"schedules[{i}]", plan.schedule.schedule_id)
        warnings.extend(_overlapping(plan, path))
    return tuple(warnings)


def _undialled(clinic: Clinic) -> Iterator[Mistake]:
    phone = clinic.phone
    if read_stored_contact(ContactSystem.PHONE, phone, region=clinic.region, rank=1) is None:
        message = f"{shown(phone)} is no phone number that can be dialled in {clinic.region}"
        yield Mistake(path="phone", message=message, remedy='write it as "514 555-0100"')


# Openings ---------------------------------------------------------------------------------------


@frozen
class _Plan:
    """One schedule's openings and closures up to the horizon, in minutes."""

    schedule: Schedule
    openings: tuple[tuple[int, Occurrence, date], ...]
    """Each occurrence with its opening's position and its date, by start."""
    closed: Line[Stretch]


def _plan(clinic: Clinic, schedule: Schedule, first: date, last: date) -> _Plan:
    zone = schedule.zone or clinic.zone
    closed = [
        *placed_closures(schedule.closures, zone),
        *placed_closures(clinic.closures, clinic.zone),
    ]
    found = [
        (i, one, local_date(from_minute(one.first), zone))
        for i, opening in enumerate(schedule.openings)
        for one in occurrences([opening], zone, first, last)
    ]
    return _Plan(
        schedule,
        tuple(sorted(found, key=lambda each: (each[1].first, each[0]))),
        line_of(closed),
    )


def _without_opening(
    service: Service, path: str, plans: Sequence[_Plan], last: date
) -> Iterator[Mistake]:
    serving = [
        (occurrence, plan.closed)
        for plan in plans
        for _, occurrence, _ in plan.openings
        if occurrence.online and not occurrence.activities.isdisjoint(service.activities)
    ]
    wanted = f"an online opening with the activity {' or '.join(service.activities)}"
    if not serving:
        message = f"no online opening up to {last} has one of its activities"
        yield Mistake(path=path, message=message, remedy=f"add {wanted}")
    elif not any(_offers(occurrence, closed, service) for occurrence, closed in serving):
        minutes = service.duration // MINUTE
        message = f"no online opening up to {last} has {minutes} minutes outside closures"
        yield Mistake(path=path, message=message, remedy=f"add {wanted} that is long enough")


def _offers(occurrence: Occurrence, closed: Line[Stretch], service: Service) -> bool:
    length = service.duration // MINUTE
    starts = range(occurrence.first, occurrence.last - length + 1, occurrence.interval)
    return any(not any(closed.overlapping(start, start + length)) for start in starts)


def _overlapping(plan: _Plan, path: str) -> Iterator[Mistake]:
    told: set[tuple[int, int]] = set()
    running: tuple[int, Occurrence, date] | None = None
    for each in plan.openings:
        if running is not None and each[1].first < running[1].last:
            pair = (min(running[0], each[0]), max(running[0], each[0]))
            if pair not in told:
                told.add(pair)
                message = f"overlaps openings[{pair[0]}] on {each[2]}"
                remedy = "end one before the other starts, or take the date out with except"
                yield Mistake(path=f"{path}.openings[{pair[1]}]", message=message, remedy=remedy)
        if running is None or running[1].last < each[1].last:
            running = each
