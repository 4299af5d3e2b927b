"""Criteria that are hardly meant, in `omnibook check-config` (R18, R20)."""

from collections.abc import Sequence
from datetime import date

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibook.ages import AgeUnit, LeapDayRule
from omnibook.criteria import (
    AgeRange,
    AllOf,
    AnyOf,
    AsOf,
    FamilyDoctorHere,
    FamilyDoctorIs,
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
    RegisteredSex,
    Residence,
    UpcomingLimit,
    When,
)
from omnibook.criterion import Criterion
from omnibook.eligibility import Eligibility, Facts, possible_on_some_day
from omnibook.eligibility_checks import warn_about_eligibility, warn_about_sample
from omnibook.facts import UNKNOWN, Sex
from support.strategies_eligibility import criteria, identified
from support.worlds import JEAN, MARIE, service, small_clinic

TODAY, LAST = date(2026, 11, 23), date(2027, 1, 22)
FEMALE, MALE = RegisteredSex(Sex.FEMALE), RegisteredSex(Sex.MALE)
CLINIC = small_clinic()


def warned(
    *groups: Sequence[Criterion], exclude: Sequence[Criterion] = ()
) -> list[tuple[str, str]]:
    asked = service("x", eligibility=Eligibility(inclusions=groups, exclusions=exclude))
    found = warn_about_eligibility(asked, "x", CLINIC, TODAY, LAST)
    return [(each.path.removeprefix("x.eligibility"), each.message) for each in found]


NEVER, ALWAYS = "never holds", "always holds, but where a fact is unknown"
NOT_TOGETHER = ("", "so many criteria were not tried together")
CONTRADICT = [("", "nobody can meet its criteria")]


@pytest.mark.parametrize(
    "criterion",
    [
        FamilyDoctorIs(("gagnon",)),
        FamilyDoctorHere(),
        NoFamilyDoctor(),
        HasTag("diabetes"),
        AllOf((HasTag("a"), HasTag("b"), Not(HasTag("c")))),
        Residence(("H2X",)),
        AllOf((Residence(("H2X",)), Not(Residence(("H2X1",))))),
        HasHealthCard(issuer="CA-QC"),
        AllOf((HasHealthCard(issuer="CA-QC", unexpired=False), Not(HasHealthCard(issuer="CA-QC")))),
        LastVisit(when=When.WITHIN, period=Period(6, PeriodUnit.MONTHS)),
        LastVisit(when=When.BEFORE, period=Period(3, PeriodUnit.YEARS)),
        HadVisitFor("file"),
        UpcomingLimit(limit=2),
        AllOf((Not(UpcomingLimit(limit=2, service="file")), UpcomingLimit(limit=4))),
        MinimumInterval(period=Period(7)),
        MinimumInterval(period=Period(1, PeriodUnit.YEARS), service="file"),
        ForDependant(),
        AllOf((ForDependant(), AgeRange(maximum=13))),
    ],
)
def test_what_some_meet_and_some_do_not_is_fine(criterion: Criterion) -> None:
    """R20: as an inclusion, negated, and as an exclusion."""
    assert warned((criterion,)) == []
    assert warned((Not(criterion),)) == []
    assert warned(exclude=(criterion,)) == []


@pytest.mark.parametrize(
    "criterion",
    [
        AllOf((HasTag("a"), Not(HasTag("a")))),
        AllOf((Residence(("H2",)), Residence(("J8",)))),
        AllOf((FamilyDoctorHere(), NoFamilyDoctor())),
        AllOf((FamilyDoctorIs(("gagnon",)), FamilyDoctorIs(("nguyen",)))),
        AllOf((UpcomingLimit(limit=1), Not(UpcomingLimit(limit=2)))),
        AllOf(
            (
                LastVisit(when=When.WITHIN, period=Period(1, PeriodUnit.MONTHS)),
                LastVisit(when=When.BEFORE, period=Period(1, PeriodUnit.YEARS)),
            )
        ),
    ],
)
def test_what_nobody_meets_never_holds_and_its_opposite_always(criterion: Criterion) -> None:
    """R18."""
    assert warned((criterion,)) == [(".include[0][0]", NEVER)]
    assert warned((HasFile(),), (FEMALE, criterion)) == [(".include[1][1]", NEVER)]
    assert warned(exclude=(criterion,)) == [(".exclude[0]", NEVER)]
    assert warned((Not(criterion),)) == [(".include[0][0]", ALWAYS)]
    assert warned(exclude=(Not(criterion),)) == CONTRADICT


def test_a_group_that_everybody_meets_by_one_or_the_other_always_holds() -> None:
    """R18: but to ask for a file is to ask to be recognised."""
    assert warned((FEMALE, Not(FEMALE))) == [(".include[0]", ALWAYS)]
    assert warned((AgeRange(minimum=0),)) == [(".include[0][0]", ALWAYS)]
    assert warned((HasFile(),)) == []


def test_an_exclusion_that_shadows_an_inclusion_is_told_where_it_stands() -> None:
    """R18."""
    group = (AgeRange(maximum=5), AgeRange(minimum=65))
    assert warned(group, exclude=(FEMALE, AgeRange(minimum=60))) == [
        (".exclude[1]", "shuts out everybody whom include[0][1] lets in")
    ]
    assert warned(group, exclude=(AgeRange(minimum=70),)) == []
    assert warned(group, exclude=(Not(HasFile()), FEMALE)) == [(".exclude[0]", NEVER)]
    assert warned((FEMALE,), exclude=(HasFile(),)) == CONTRADICT


def test_days_are_tried_too() -> None:
    """R22: ten weeks today and fourteen at the visit is possible; in two months, not twenty."""

    def weeks(count: int, as_of: AsOf) -> AgeRange:
        return AgeRange(minimum=count, maximum=count, unit=AgeUnit.WEEKS, as_of=as_of)

    now = weeks(10, AsOf.BOOKING)
    assert warned((now,), (weeks(14, AsOf.VISIT),)) == []
    assert warned((now,), (weeks(20, AsOf.VISIT),)) == CONTRADICT


def test_a_doctor_or_a_service_that_the_clinic_does_not_have_is_told() -> None:
    asked = (
        AnyOf((FamilyDoctorIs(("gagnon", "who")), HadVisitFor("intake"))),
        UpcomingLimit(limit=1, service="nothing"),
        LastVisit(when=When.WITHIN, period=Period(5), service="file"),
        MinimumInterval(period=Period(5)),
    )
    assert warned(asked) == [
        (".include[0][0]", "'who' is the practitioner of no schedule"),
        (".include[0][0]", "'intake' is no service of the clinic"),
        (".include[0][1]", "'nothing' is no service of the clinic"),
    ]


def test_an_issuer_of_cards_that_the_clinic_does_not_know_is_told() -> None:
    assert warned((HasHealthCard(issuer="CA-QB"),)) == [
        (".include[0][0]", "'CA-QB' is no issuer that the clinic knows")
    ]


def test_very_many_criteria_are_tried_one_by_one_and_that_is_said() -> None:
    """R18."""
    tags = [HasTag(f"tag-{i}") for i in range(15)]
    wrong = AllOf((FEMALE, MALE))
    assert warned((AllOf((*tags, Not(tags[0]))),)) == [NOT_TOGETHER]
    assert warned((wrong, *tags), (AgeRange(minimum=0),), exclude=(wrong,)) == [
        (".include[0][0]", NEVER),
        (".exclude[0]", NEVER),
        (".include[1][0]", ALWAYS),
        NOT_TOGETHER,
    ]


def test_one_visit_soon_and_others_far_away_go_together() -> None:
    """R20."""
    close = Not(MinimumInterval(period=Period(7)))
    file_close = Not(MinimumInterval(period=Period(7), service="file"))
    open_close = Not(MinimumInterval(period=Period(7), service="open"))
    never_came = Not(HadVisitFor("file"))
    assert warned((Not(UpcomingLimit(limit=2)),), (close,), (never_came,)) == []
    assert warned((file_close,), (open_close,), (UpcomingLimit(limit=3),)) == []
    assert warned((close,), (Not(UpcomingLimit(limit=2, service="file")),)) == []


@pytest.mark.parametrize(
    ("count", "unit"), [(19, AgeUnit.YEARS), (6, AgeUnit.MONTHS), (228, AgeUnit.MONTHS)]
)
def test_births_on_a_day_that_a_month_lacks_are_tried(count: int, unit: AgeUnit) -> None:
    """R20: who was born on 29 February 2008 is 19 on 28 February 2027 by one rule, not by both."""
    old = AgeRange(minimum=count, unit=unit, leap_day=LeapDayRule.FEB_28)
    young = AgeRange(maximum=count - 1, unit=unit)
    last = date(2027, 3, 22)
    asked = service("x", eligibility=Eligibility(inclusions=((old,), (young,))))
    assert list(warn_about_eligibility(asked, "x", CLINIC, TODAY, last)) == []
    today = evolve(old, as_of=AsOf.BOOKING), evolve(young, as_of=AsOf.BOOKING)
    assert warned(*((one,) for one in today)) == CONTRADICT


def test_criteria_may_nest_as_deep_as_they_can_be_built() -> None:
    """R18: to try the opposite builds no deeper one."""
    deep: Criterion = AgeRange(minimum=0)
    for _ in range(19):
        deep = AllOf((deep,))
    assert warned((deep,)) == [(".include[0][0]", ALWAYS)]


@settings(max_examples=25, deadline=None)
@given(criteria, st.lists(identified(), min_size=1, max_size=5))
def test_what_somebody_meets_is_never_called_impossible(
    one: Criterion, people: list[Facts]
) -> None:
    """R18: a warning of never is true for everybody whose facts are known."""
    if (".include[0][0]", NEVER) in warned((one,)):
        for facts in people:
            born = facts.birth_date
            if born in (None, UNKNOWN) or born <= TODAY:
                listed = possible_on_some_day(
                    Eligibility(inclusions=((one,),)),
                    facts,
                    booked_on=TODAY,
                    first=TODAY,
                    last=LAST,
                )
                assert not listed.eligible, one


# A sample of files -------------------------------------------------------------------------------


def seen_by_nobody(*patients: object) -> list[str]:
    found = warn_about_sample(CLINIC, patients, today=TODAY)  # type: ignore[arg-type]
    return [each.path for each in found]


def test_a_service_that_nobody_in_a_sample_could_see_is_told() -> None:
    """R19."""
    assert seen_by_nobody(MARIE, JEAN) == ["services[3] (child).eligibility"]
    assert seen_by_nobody(JEAN) == [
        "services[2] (doctor).eligibility",
        "services[3] (child).eligibility",
    ]
    child = evolve(MARIE, birth_date=date(2024, 1, 1))
    assert seen_by_nobody(child) == []


def test_a_sample_without_a_live_file_tells_nothing() -> None:
    assert seen_by_nobody() == seen_by_nobody(evolve(MARIE, deceased=True)) == []


def test_who_books_is_no_reason_to_miss_a_service() -> None:
    """R3, R20."""
    for asked in (ForDependant(), Not(ForDependant())):
        only = service("x", eligibility=Eligibility(inclusions=((asked,),)))
        clinic = small_clinic(services=(only,))
        assert list(warn_about_sample(clinic, (MARIE,), today=TODAY)) == []
