"""What a clinic's criteria say that is hardly meant: warnings, for ``omnibook check-config``.

Whether criteria can hold is tried rather than derived: on files that differ in what the criteria
ask, and in nothing else. Of each fact the values are taken on both sides of every bound that is
configured: birth dates around each age, a card that has expired and one that has not, as many
visits to come as a limit allows and one less. Everything is known of these files: what is unknown
helps nobody (R21).

A host's own criterion could ask for anything: criteria with one are left alone. Very many criteria
would take very long to try together: each is then tried alone, and a warning says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, product
from typing import Any, TypeVar

from attrs import frozen

from omnibook.ages import AgeUnit, LeapDayRule, reached
from omnibook.clinic import Clinic, Service
from omnibook.criteria import (
    SHIPPED_KINDS,
    AgeRange,
    AsOf,
    FamilyDoctorIs,
    HadVisitFor,
    HasFile,
    HasHealthCard,
    HasTag,
    LastVisit,
    MinimumInterval,
    Period,
    PeriodUnit,
    Residence,
    UpcomingLimit,
)
from omnibook.criterion import Criterion, asked_by, criteria_within
from omnibook.eligibility import Eligibility, possible_on_some_day
from omnibook.facts import (
    FactName,
    Facts,
    HealthCard,
    PriorVisit,
    PriorVisits,
    Sex,
    UpcomingVisit,
)
from omnibook.identity import ActingFor, Patient
from omnibook.known_facts import facts_of
from omnibook.mistakes import Mistake, shown
from omnibook.table_reader import named

T = TypeVar("T")

MOST_TRIED = 20_000
"""How many files are tried for a service at most; if it takes more, each criterion alone."""

_MONTHS = {AgeUnit.YEARS: 12, AgeUnit.MONTHS: 1}
_NEAR = 4
"""Days around a date that months and years of different lengths can lead to."""
_OTHER = "some other value"
_FAR = timedelta(days=200 * 366)
"""Further than any period between visits reaches."""


def warn_about_eligibility(
    service: Service, path: str, clinic: Clinic, today: date, last: date
) -> Iterator[Mistake]:
    """Warnings about one service's criteria, for listings from ``today`` to ``last`` (R18, R20).

    Warns of a criterion that never holds, or always does; of criteria that nobody can meet
    together; of an exclusion that leaves nobody of those whom an inclusion lets in; of a doctor, a
    service or an issuer of health cards that the clinic does not have; and of criteria that are too
    many to be tried together.
    """
    asked = service.eligibility
    criteria = dict(asked.placed())
    within = [one for criterion in criteria.values() for one in criteria_within(criterion)]
    at = f"{path}.eligibility"
    yield from _unknown_words(criteria.items(), at, clinic)
    if any(type(one) not in SHIPPED_KINDS.values() for one in within):
        return
    files = _files(asked.asks, within, today, last)
    if files is not None:
        yield from _Trial(files, today, last).warnings(asked, at)
        return
    for where, criterion in criteria.items():
        alone = _files(asked_by(criterion), list(criteria_within(criterion)), today, last)
        if alone is not None and not _Trial(alone, today, last).holds((criterion,)):
            yield _never(f"{at}.{where}")
    for i, group in enumerate(asked.inclusions):
        asks = frozenset[FactName]().union(*map(asked_by, group))
        alone = _files(asks, [in_ for one in group for in_ in criteria_within(one)], today, last)
        if alone is not None:
            yield from _Trial(alone, today, last).always(i, group, at)
    yield Mistake(
        path=at,
        message="so many criteria were not tried together",
        remedy="see for yourself whether anybody can meet them all",
    )


def _never(path: str) -> Mistake:
    remedy = "nobody with a file can meet it; correct it, or leave it out"
    return Mistake(path=path, message="never holds", remedy=remedy)


def _unknown_words(
    placed: Iterable[tuple[str, Criterion]], at: str, clinic: Clinic
) -> Iterator[Mistake]:
    doctors = {each.practitioner_id for each in clinic.schedules}
    services = {each.service_id for each in clinic.services}
    for where, criterion in placed:
        for one in criteria_within(criterion):
            if isinstance(one, FamilyDoctorIs):
                missing, what = set(one.doctors) - doctors, "the practitioner of no schedule"
            elif isinstance(one, HadVisitFor | LastVisit | MinimumInterval | UpcomingLimit):
                asked = set[str]() if one.service is None else {one.service}
                missing, what = asked - services, "no service of the clinic"
            elif isinstance(one, HasHealthCard):
                missing, what = (
                    {one.issuer} - set(clinic.issuers),
                    "no issuer that the clinic knows",
                )
            else:
                continue
            for word in sorted(missing):
                remedy = "correct it, unless the patient files tell of it"
                yield Mistake(
                    path=f"{at}.{where}", message=f"{shown(word)} is {what}", remedy=remedy
                )


@frozen
class _Trial:
    """Files on which criteria are tried."""

    files: Sequence[Facts]
    today: date
    last: date

    def holds(self, *groups: Sequence[Criterion], exclude: Sequence[Criterion] = ()) -> bool:
        """Whether somebody meets all that on some day."""
        asked = Eligibility(inclusions=groups, exclusions=exclude)
        return any(
            possible_on_some_day(
                asked, facts, booked_on=self.today, first=self.today, last=self.last
            ).eligible
            for facts in self.files
        )

    def warnings(self, asked: Eligibility, at: str) -> Iterator[Mistake]:
        """What is hardly meant."""
        never = [where for where, one in asked.placed() if not self.holds((one,))]
        for where in never:
            yield _never(f"{at}.{where}")
        if not asked.is_open and not self.holds(*asked.inclusions, exclude=asked.exclusions):
            if not never:
                remedy = "they contradict one another; correct one of them"
                yield Mistake(path=at, message="nobody can meet its criteria", remedy=remedy)
            return
        for i, group in enumerate(asked.inclusions):
            yield from self.always(i, group, at)
        yield from self._shadows(asked, at, never)

    def always(self, i: int, group: Sequence[Criterion], at: str) -> Iterator[Mistake]:
        """Whether all meet a group of whom it is known whether they do (R21).

        An exclusion that is always true leaves nobody at all.
        """
        # Whoever is recognised has a file: to ask for one means to ask for that.
        if any(type(one) is HasFile for one in group) or self.holds(exclude=group):
            return
        where = f"include[{i}][0]" if len(group) == 1 else f"include[{i}]"
        yield Mistake(
            path=f"{at}.{where}",
            message="always holds, but where a fact is unknown",
            remedy='correct it, or write { kind = "has-file" } to let in everybody with a file',
        )

    def _shadows(self, asked: Eligibility, at: str, never: Sequence[str]) -> Iterator[Mistake]:
        """Exclusions that shut out all whom an inclusion lets in."""
        for i, exclusion in enumerate(asked.exclusions):
            for j, group in enumerate(asked.inclusions):
                for k, inclusion in enumerate(group):
                    where = f"include[{j}][{k}]"
                    if where not in never and not self.holds((inclusion,), exclude=(exclusion,)):
                        yield Mistake(
                            path=f"{at}.exclude[{i}]",
                            message=f"shuts out everybody whom {where} lets in",
                            remedy="correct one of them, or leave the inclusion out",
                        )


def warn_about_sample(
    clinic: Clinic, patients: Iterable[Patient], *, today: date
) -> Iterator[Mistake]:
    """Warnings of each service with criteria that none of these files could see (R19, R22).

    By what the files themselves tell, as of ``today`` and up to the horizon; without a live file
    there is nothing to tell.
    """
    now = datetime.combine(today, time(12), UTC)
    known = [
        facts_of(patient, (), now=now, zone=clinic.zone, acting_for=acting_for)
        for patient in patients
        if patient.is_live
        for acting_for in (ActingFor.SELF, ActingFor.PARENT)
    ]
    last = today + timedelta(days=clinic.policies.horizon.days)
    for i, service in enumerate(clinic.services):
        if not known or any(
            possible_on_some_day(
                service.eligibility, facts, booked_on=today, first=today, last=last
            ).eligible
            for facts in known
        ):
            continue
        yield Mistake(
            path=f"{named(f'services[{i}]', service.service_id)}.eligibility",
            message="none of these patient files meets its criteria",
            remedy="correct them, or add what the files do not tell",
        )


# Files to try ------------------------------------------------------------------------------------


def _files(
    asks: frozenset[FactName], within: Sequence[Criterion], today: date, last: date
) -> Sequence[Facts] | None:
    """Files that differ in what is asked only; nothing if they are too many."""
    values: dict[FactName, list[Any]] = {
        FactName.HAS_FILE: [True],
        FactName.FILE_NUMBER: [_OTHER, None],
        FactName.FAMILY_DOCTOR: [*_words(within, FamilyDoctorIs, "doctors"), _OTHER, None],
        FactName.FAMILY_DOCTOR_ELSEWHERE: [True, False],
        FactName.BIRTH_DATE: _births(_of(within, AgeRange), today, last),
        FactName.REGISTERED_SEX: [*Sex, None],
        FactName.TAGS: _subsets(_words(within, HasTag, "tag")),
        FactName.POSTAL_CODE: [*_words(within, Residence, "prefixes"), "0", None],
        FactName.HEALTH_CARDS: _cards(_words(within, HasHealthCard, "issuer"), today, last),
        FactName.UPCOMING: _upcoming(within, today, last),
        FactName.LAST_VISIT: [None, *_visits(within, None, today, last)],
        FactName.PRIOR_VISITS: _prior_visits(within, today, last),
        FactName.FOR_DEPENDANT: [True, False],
    }
    varied = [FactName.HAS_FILE, *sorted(asks - {FactName.HAS_FILE})]
    count = 1
    for name in varied:
        count *= len(values[name])
    if count > MOST_TRIED:
        return None
    usual = {name: some[-1] for name, some in values.items() if name is not FactName.HAS_FILE}
    return [
        Facts(**{**usual, **dict(zip(varied, some, strict=True))})
        for some in product(*(values[name] for name in varied))
    ]


def _of(within: Sequence[Criterion], kind: type[T]) -> list[T]:
    return [one for one in within if isinstance(one, kind)]


def _words(within: Sequence[Criterion], kind: type[Any], setting: str) -> list[str]:
    words: set[str] = set()
    for one in _of(within, kind):
        said: str | tuple[str, ...] = getattr(one, setting)
        words.update([said] if isinstance(said, str) else said)
    return sorted(words)


def _subsets(tags: Sequence[str]) -> list[frozenset[str]]:
    return [
        frozenset(some) for size in range(len(tags), -1, -1) for some in combinations(tags, size)
    ]


def _cards(issuers: Sequence[str], today: date, last: date) -> list[tuple[HealthCard, ...]]:
    expiries = (None, today - timedelta(days=1), today, last)
    each = [[*(HealthCard(issuer, day) for day in expiries), None] for issuer in issuers]
    return [tuple(card for card in cards if card is not None) for cards in product(*each)]


def _births(ages: Sequence[AgeRange], today: date, last: date) -> list[date]:
    births = {today, today - timedelta(days=40 * 365)}
    for age in ages:
        counts = (age.minimum, None if age.maximum is None else age.maximum + 1)
        for base in {today} if age.as_of is AsOf.BOOKING else {today, last}:
            for count in counts:
                births.update(_near(base, count, age.unit))
    if len({age.leap_day for age in ages}) > 1:
        for age in ages:
            births.update(_leap_births(age, today, last))
    return sorted(day for day in births if day <= today)


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


def _leap_births(age: AgeRange, today: date, last: date) -> Iterator[date]:
    """Births on which the rules for a day that the month lacks differ in a listing's days."""
    for bound in (age.minimum, age.maximum):
        counts = () if bound is None or age.as_of is AsOf.BOOKING else (bound, bound + 1)
        for count in counts:
            born, end = (
                edge(_near(base, count, age.unit)) for edge, base in ((min, today), (max, last))
            )
            while born <= end:
                if len({reached(born, count, age.unit, rule) for rule in LeapDayRule}) > 1:
                    yield born
                born += timedelta(days=1)


def _services(within: Sequence[Criterion]) -> list[str]:
    return sorted(
        {
            one.service
            for one in within
            if isinstance(one, HadVisitFor | LastVisit | MinimumInterval | UpcomingLimit)
            and one.service is not None
        }
    )


def _visits(
    within: Sequence[Criterion], service: str | None, today: date, last: date
) -> list[date]:
    """Days of a last visit: today, long ago, and on both sides of each period that is asked."""
    days = {today, today - _FAR}
    for one in within:
        if isinstance(one, LastVisit | MinimumInterval) and one.service == service:
            for base in (today, last):
                days.update(_ends(one.period, base))
    return sorted(day for day in days if day <= today)


def _ends(period: Period, base: date) -> Iterator[date]:
    """The first and the last of the days among which the period before ``base`` begins."""
    days = list(period.before(base))
    yield from (days[0], days[-1])
    if period.unit in {PeriodUnit.DAYS, PeriodUnit.WEEKS}:
        # These have one length, and so one such day.
        yield days[len(days) // 2]


def _prior_visits(within: Sequence[Criterion], today: date, last: date) -> list[PriorVisits | None]:
    services = _services(within)
    each = [[None, *_visits(within, service, today, last)] for service in services]
    return [
        PriorVisits(
            visits=[
                PriorVisit(service, day)
                for service, day in zip(services, days, strict=True)
                if day is not None
            ]
        )
        for days in product(*each)
    ]


def _upcoming(
    within: Sequence[Criterion], today: date, last: date
) -> list[tuple[UpcomingVisit, ...]]:
    """None; for each service as many as a limit allows, one less, and one if an interval asks.

    All are far away but as many as there are intervals, each the only one of its service so soon.
    """
    services: list[str | None] = [*_services(within), None]
    counts: list[set[int]] = [set() for _ in services]
    for one in _of(within, UpcomingLimit):
        counts[services.index(one.service)] |= {one.limit - 1, one.limit}
    intervals = _of(within, MinimumInterval)
    for interval in intervals:
        counts[services.index(interval.service)].add(1)
    ways = [
        [*((count, soon) for count in sorted(some - {0}) for soon in (True, False)), (0, False)]
        for some in counts
    ]
    soon, far = today + (last - today) / 2, last + _FAR
    return [
        tuple(
            UpcomingVisit(soon if is_soon and nth == 0 else far, service)
            for service, (count, is_soon) in zip(services, one, strict=True)
            for nth in range(count)
        )
        for one in product(*ways)
        if sum(is_soon for _, is_soon in one) <= len(intervals)
    ]
