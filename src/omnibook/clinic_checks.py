"""What a clinic's configuration says that is hardly meant: warnings, for ``omnibook check-config``.

Nothing here is refused: a clinic that has not yet planned its spring is no broken clinic. Every
warning names where it stands in the clinic's file.

Whether criteria can ever hold is tried rather than derived: on files of each sex, with and without
a file number and a family doctor, born on every date on which a configured age begins or ends. Any
combination of the shipped criteria, however nested, is settled by one of these. A host's own
criterion could ask for anything, so whatever holds one is left alone.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import product

from attrs import frozen

from omnibook.ages import AgeUnit
from omnibook.availability import Occurrence, occurrences, placed_closures
from omnibook.clinic import Clinic, Schedule, Service
from omnibook.contacts import ContactSystem, read_stored_contact
from omnibook.criteria import (
    SHIPPED_KINDS,
    AgeRange,
    AllOf,
    AnyOf,
    AsOf,
    AtLeast,
    Not,
)
from omnibook.criterion import Criterion
from omnibook.eligibility import Eligibility, possible_on_some_day
from omnibook.facts import Facts, Sex
from omnibook.mistakes import Mistake, shown
from omnibook.table_reader import named
from omnibook.times import MINUTE, Line, Stretch, from_minute, line_of, local_date

_MONTHS = {AgeUnit.YEARS: 12, AgeUnit.MONTHS: 1}
_NEAR = 4
"""Days around a birth date that months and years of different lengths can lead to."""


def warn_about(clinic: Clinic, *, today: date) -> tuple[Mistake, ...]:
    """Warnings about a clinic, as of ``today`` in its zone, up to its horizon.

    Warns of a phone number that nobody could dial, of a service that no online opening can offer
    (R27), of openings of one schedule that overlap (R30), and of criteria that nobody can ever meet
    (R18).
    """
    last = today + timedelta(days=clinic.policies.horizon.days)
    plans = [_plan(clinic, schedule, today, last) for schedule in clinic.schedules]
    warnings = list(_undialled(clinic))
    for i, service in enumerate(clinic.services):
        path = named(f"services[{i}]", service.service_id)
        warnings.extend(_without_opening(service, path, plans, last))
        warnings.extend(_never_met(service.eligibility, path, today, last))
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


# Criteria ---------------------------------------------------------------------------------------


def _never_met(eligibility: Eligibility, path: str, today: date, last: date) -> Iterator[Mistake]:
    criteria = dict(eligibility.placed())
    within = [inner for criterion in criteria.values() for inner in _all_within(criterion)]
    if any(type(one) not in SHIPPED_KINDS.values() for one in within):
        return
    files = list(_files([one for one in within if isinstance(one, AgeRange)], today, last))

    def holds(asked: Eligibility) -> bool:
        return any(
            possible_on_some_day(asked, facts, booked_on=today, first=today, last=last).eligible
            for facts in files
        )

    never = [
        where
        for where, criterion in criteria.items()
        if not holds(Eligibility(inclusions=((criterion,),)))
    ]
    remedy = "nobody with a file can meet it; correct it, or leave it out"
    for where in never:
        yield Mistake(path=f"{path}.eligibility.{where}", message="never holds", remedy=remedy)
    if not never and not eligibility.is_open and not holds(eligibility):
        remedy = "they contradict one another; correct one of them"
        yield Mistake(
            path=f"{path}.eligibility", message="nobody can meet its criteria", remedy=remedy
        )


def _all_within(criterion: Criterion) -> Iterator[Criterion]:
    yield criterion
    if isinstance(criterion, AllOf | AnyOf | AtLeast):
        for one in criterion.criteria:
            yield from _all_within(one)
    elif isinstance(criterion, Not):
        yield from _all_within(criterion.criterion)


def _files(ages: Sequence[AgeRange], today: date, last: date) -> Iterator[Facts]:
    births = {today, today - timedelta(days=40 * 365)}
    for age in ages:
        counts = (age.minimum, None if age.maximum is None else age.maximum + 1)
        for base in {today} if age.as_of is AsOf.BOOKING else {today, last}:
            for count in counts:
                births.update(_near(base, count, age.unit))
    born = sorted(day for day in births if day <= today)
    for birth_date, sex, number, doctor in product(
        born, (Sex.FEMALE, Sex.MALE, None), ("1", None), ("1", None)
    ):
        yield Facts(
            has_file=True,
            file_number=number,
            family_doctor=doctor,
            birth_date=birth_date,
            registered_sex=sex,
        )


def _near(base: date, count: int | None, unit: AgeUnit) -> Iterator[date]:
    """The birth dates around the last one on which so many units are completed at ``base``."""
    if count is None:
        return
    if unit is AgeUnit.WEEKS:
        middle = base - timedelta(weeks=count)
    else:
        months = base.year * 12 + base.month - 1 - count * _MONTHS[unit]
        middle = date(months // 12, months % 12 + 1, 1) + timedelta(days=base.day - 1)
    for days in range(-_NEAR, _NEAR + 1):
        yield middle + timedelta(days=days)
