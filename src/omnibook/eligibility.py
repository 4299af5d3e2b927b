"""Who is shown which service, and who may book it (R13, R18–R22).

A service's eligibility is data: groups of inclusions and a list of exclusions. Somebody is eligible
when every group is true (a group is true when one of its criteria is) and every exclusion is false
(R18). What is unknown helps nobody: an unknown inclusion is not met, an unknown exclusion blocks
(R21). Availability plays no part (R19).

Two questions are asked of the same object (R22): listing asks :func:`possible_on_some_day`, whether
*the whole* can hold on some day up to the horizon; search, review and book ask
:func:`judge_eligibility` for the slot's date. Days on which nothing can change are not tried: each
criterion names its turning days, and only these and the first day are judged.

An unidentified visitor has no facts, and no criterion is asked about one: only what is configured
without any criterion is shown (R13), whatever a formula or a host's own criterion would say.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Protocol, TypeVar, cast

from attrs import field, frozen

from omnibook.ages import AgeUnit, LeapDayRule
from omnibook.criteria import (
    SHIPPED_KINDS,
    AgeRange,
    AllOf,
    AnyOf,
    AsOf,
    AtLeast,
    FamilyDoctorHere,
    FamilyDoctorIs,
    FileNumberHere,
    ForDependant,
    HadVisitFor,
    HasFile,
    HasHealthCard,
    HasTag,
    LastVisit,
    MinimumInterval,
    NoFamilyDoctor,
    Not,
    Period,
    PeriodUnit,
    ReasonCode,
    RegisteredSex,
    Residence,
    UpcomingLimit,
    When,
)
from omnibook.criterion import (
    CRITERION_REMEDY,
    Criterion,
    CriterionKinds,
    Finding,
    asked_by,
    criteria_of,
    criterion_of,
    criterion_to_data,
    read_criteria,
    read_criterion,
    refuse_nulls,
    turning_days_of,
)
from omnibook.errors import InvalidValue
from omnibook.facts import (
    FACTS_OF_VISITS,
    UNKNOWN,
    Day,
    Fact,
    FactName,
    Facts,
    FactState,
    HealthCard,
    PriorVisit,
    PriorVisits,
    Sex,
    Truth,
    Unknown,
    UpcomingVisit,
    at_least,
)
from omnibook.table_reader import TableReader

__all__ = [
    "SHIPPED_KINDS",
    "UNKNOWN",
    "AgeRange",
    "AgeUnit",
    "AllOf",
    "AnyOf",
    "AsOf",
    "AtLeast",
    "Criterion",
    "CriterionKinds",
    "Day",
    "Eligibility",
    "Fact",
    "FactName",
    "FactState",
    "FactUsed",
    "Facts",
    "FamilyDoctorHere",
    "FamilyDoctorIs",
    "FileNumberHere",
    "Finding",
    "ForDependant",
    "HadVisitFor",
    "HasFile",
    "HasHealthCard",
    "HasTag",
    "HealthCard",
    "LastVisit",
    "LeapDayRule",
    "MinimumInterval",
    "NoFamilyDoctor",
    "Not",
    "Period",
    "PeriodUnit",
    "PriorVisit",
    "PriorVisits",
    "Reason",
    "ReasonCode",
    "RegisteredSex",
    "Residence",
    "Restricted",
    "Sex",
    "Truth",
    "Unknown",
    "UpcomingLimit",
    "UpcomingVisit",
    "Verdict",
    "When",
    "criterion_to_data",
    "eligibility_to_data",
    "judge_eligibility",
    "possible_on_some_day",
    "read_criterion",
    "read_eligibility",
    "services_for",
]


def _groups(given: Iterable[Iterable[Criterion]]) -> tuple[tuple[Criterion, ...], ...]:
    if not isinstance(cast("object", given), Iterable):
        raise InvalidValue("inclusions are a tuple of groups, such as ((HasFile(),),)")
    return tuple(criteria_of(group) for group in given)


def _exclusions(given: Iterable[Criterion]) -> tuple[Criterion, ...]:
    if not isinstance(cast("object", given), Iterable):
        raise InvalidValue("exclusions are a tuple of criteria, such as (HasFile(),)")
    return tuple(criterion_of(one) for one in given)


@frozen(kw_only=True)
class Eligibility:
    """A service's criteria: every group of ``inclusions`` true, every one of ``exclusions`` false.

    Left empty, the service is open to everyone, the unidentified included (R13, R18).

    Raises :class:`InvalidValue` for an empty group, for something that is no criterion, or for one
    in which criteria nest more than 20 deep.
    """

    inclusions: tuple[tuple[Criterion, ...], ...] = field(default=(), converter=_groups)
    exclusions: tuple[Criterion, ...] = field(default=(), converter=_exclusions)

    @property
    def is_open(self) -> bool:
        """Whether nothing is configured; a formula that always holds is not "nothing" (R13)."""
        return not self.inclusions and not self.exclusions

    @property
    def asks(self) -> frozenset[FactName]:
        """The facts that its criteria may look at."""
        if self.is_open:
            return frozenset()
        return frozenset[FactName]().union(*(asked_by(one) for _, one in self.placed()))

    @property
    def asks_visits(self) -> bool:
        """Whether the file's appointments must be read before it can be judged (R20)."""
        return not self.asks.isdisjoint(FACTS_OF_VISITS)

    def placed(self) -> Iterator[tuple[str, Criterion]]:
        """Every criterion with where it stands: ``include[0][1]``, ``exclude[0]``."""
        for i, group in enumerate(self.inclusions):
            for j, criterion in enumerate(group):
                yield f"include[{i}][{j}]", criterion
        for i, criterion in enumerate(self.exclusions):
            yield f"exclude[{i}]", criterion


@frozen
class FactUsed:
    """A fact that a finding rests on, and what is known of it; never the fact itself."""

    name: FactName
    state: FactState


@frozen(kw_only=True)
class Reason:
    """What one criterion found, for staff only (R21).

    ``path`` is where the criterion stands, such as ``include[0][1].criteria[2]``. ``code`` is a
    :class:`~omnibook.reason_codes.ReasonCode`, or a host's own for its own criterion. ``facts`` are
    those that it rests on; a combination rests on those of the criteria within.
    """

    code: str
    path: str
    truth: Truth
    facts: tuple[FactUsed, ...] = ()


@frozen(kw_only=True)
class Verdict:
    """Whether somebody is eligible, and why: one reason for every criterion there is (R21).

    The reasons alone rebuild ``eligible``: those at ``include[i][j]`` and ``exclude[i]`` by R18,
    those further down explain them.
    """

    eligible: bool
    reasons: tuple[Reason, ...]


_OPEN = Verdict(eligible=True, reasons=())


def judge_eligibility(
    eligibility: Eligibility, facts: Facts, *, booked_on: date, visit_on: date
) -> Verdict:
    """The verdict for a visit on one date (R18, R21, R22: search, review and book).

    Args:
        eligibility: what the service asks.
        facts: what is known of the identified file, or :meth:`Facts.none`.
        booked_on: today, in the clinic's zone.
        visit_on: the slot's date, in the clinic's zone.

    Returns:
        An eligible verdict with no reasons for what is open to everyone; one that is not eligible
        for everything else without any known fact (R13); else what the criteria find.
    """
    on = Day(booked_on=booked_on, visit_on=visit_on)
    if eligibility.is_open:
        return _OPEN
    unasked = Finding(Truth.UNKNOWN, ReasonCode.UNIDENTIFIED) if facts.nothing_known else None
    found = {
        path: unasked or criterion.judge(facts, on) for path, criterion in eligibility.placed()
    }
    met = all(
        at_least(1, [found[f"include[{i}][{j}]"].truth for j in range(len(group))]) is Truth.TRUE
        for i, group in enumerate(eligibility.inclusions)
    )
    clear = all(
        found[f"exclude[{i}]"].truth is Truth.FALSE for i in range(len(eligibility.exclusions))
    )
    reasons = tuple(
        reason for path, finding in found.items() for reason in _told(path, finding, facts)
    )
    return Verdict(eligible=met and clear, reasons=reasons)


def _told(path: str, finding: Finding, facts: Facts) -> Iterator[Reason]:
    used = tuple(FactUsed(name, facts.state_of(name)) for name in finding.facts)
    yield Reason(code=finding.code, path=path, truth=finding.truth, facts=used)
    for place, part in finding.parts:
        yield from _told(f"{path}.{place}", part, facts)


def possible_on_some_day(
    eligibility: Eligibility, facts: Facts, *, booked_on: date, first: date, last: date
) -> Verdict:
    """Whether the whole can hold on some day from ``first`` to ``last``, both included (R22).

    Returns the verdict of the first day on which it holds, or that of ``first`` if there is none.
    The criteria are never met on different days. Raises :class:`InvalidValue` if ``last`` is before
    ``first``.
    """
    Day(booked_on=first, visit_on=last)  # both are dates, or InvalidValue
    if last < first:
        raise InvalidValue("the last day must not be before the first")
    at_first = judge_eligibility(eligibility, facts, booked_on=booked_on, visit_on=first)
    if at_first.eligible or facts.nothing_known:
        return at_first
    criteria = (criterion for _, criterion in eligibility.placed())
    turning = set(turning_days_of(criteria, facts, first, last))
    for day in sorted(day for day in turning if first < day <= last):
        verdict = judge_eligibility(eligibility, facts, booked_on=booked_on, visit_on=day)
        if verdict.eligible:
            return verdict
    return at_first


class Restricted(Protocol):
    """Anything with an eligibility, such as a clinic's service."""

    @property
    def eligibility(self) -> Eligibility:
        """Who may see and book it."""
        ...


S = TypeVar("S", bound=Restricted)


def services_for(
    services: Iterable[S], facts: Facts, *, booked_on: date, first: date, last: date
) -> tuple[S, ...]:
    """The services to show, in their order, availabilities or not (R13, R19, R22).

    For an unidentified visitor give :meth:`Facts.none`: only the open services are then shown.
    ``booked_on``, ``first`` and ``last`` are as in :func:`possible_on_some_day`.
    """
    return tuple(
        service
        for service in services
        if possible_on_some_day(
            service.eligibility, facts, booked_on=booked_on, first=first, last=last
        ).eligible
    )


def eligibility_to_data(eligibility: Eligibility) -> dict[str, object]:
    """The eligibility as JSON data; :func:`read_eligibility` takes it back."""
    return {
        "include": [[criterion_to_data(one) for one in group] for group in eligibility.inclusions],
        "exclude": [criterion_to_data(one) for one in eligibility.exclusions],
    }


def read_eligibility(
    table: TableReader, kinds: CriterionKinds = SHIPPED_KINDS
) -> Eligibility | None:
    """The eligibility that a table describes: ``{include = [[…], …], exclude = […]}``.

    Both keys can be left out; ``include`` is a list of groups, each a list of criteria. None, with
    every mistake told, for a table that describes none. A host with criteria of its own gives
    ``{**SHIPPED_KINDS, Own.kind: Own}``.
    """
    refuse_nulls(table, ("include", "exclude"))
    inclusions = table.each(
        "include",
        lambda groups, key: read_criteria(groups, key, kinds),
        'write include = [[{ kind = "has-file" }]]',
        twice=True,
    )
    exclusions = table.tables("exclude", lambda one: read_criterion(one, kinds), CRITERION_REMEDY)
    return Eligibility(inclusions=inclusions, exclusions=exclusions) if table.finish() else None
