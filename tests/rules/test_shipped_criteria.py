"""The criteria of a file, its cards and its visits, by example (R20, R21)."""

from datetime import date
from typing import Any

import pytest

from omnibook.ages import AgeUnit, LeapDayRule, completed, reached
from omnibook.eligibility import (
    SHIPPED_KINDS,
    UNKNOWN,
    AgeRange,
    AsOf,
    Criterion,
    Day,
    Facts,
    FamilyDoctorIs,
    ForDependant,
    HadVisitFor,
    HasHealthCard,
    HasTag,
    HealthCard,
    LastVisit,
    MinimumInterval,
    NoFamilyDoctor,
    Period,
    PeriodUnit,
    PriorVisit,
    PriorVisits,
    Residence,
    Truth,
    UpcomingLimit,
    UpcomingVisit,
    When,
    read_criterion,
)
from omnibook.errors import InvalidValue
from omnibook.facts import FactName
from omnibook.mistakes import Mistake
from omnibook.table_reader import TableReader
from omnibook.visit_criteria import LONGEST

TODAY = date(2026, 11, 23)
TRUE, FALSE, OPEN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def find(criterion: Criterion, visit_on: date = TODAY, **known: Any) -> tuple[Truth, str]:
    found = criterion.judge(Facts(**known), Day(booked_on=TODAY, visit_on=visit_on))
    return found.truth, found.code


# The file ----------------------------------------------------------------------------------------


def test_a_family_doctor_is_one_of_those_named() -> None:
    asked = FamilyDoctorIs(("roy", "cote"))
    assert find(asked, family_doctor="roy") == (TRUE, "family-doctor.listed")
    assert find(asked, family_doctor="gagnon") == (FALSE, "family-doctor.not-listed")
    assert find(asked, family_doctor=None) == (FALSE, "family-doctor.not-listed")
    assert find(asked) == (OPEN, "family-doctor.unknown")


@pytest.mark.parametrize(
    ("here", "elsewhere", "expected"),
    [
        ("roy", UNKNOWN, (FALSE, "family-doctor.somewhere")),
        ("roy", False, (FALSE, "family-doctor.somewhere")),
        (None, True, (FALSE, "family-doctor.somewhere")),
        (UNKNOWN, True, (FALSE, "family-doctor.somewhere")),
        (UNKNOWN, False, (OPEN, "family-doctor.unknown")),
        (None, UNKNOWN, (OPEN, "family-doctor.elsewhere-unknown")),
        (None, False, (TRUE, "family-doctor.nowhere")),
    ],
)
def test_no_family_doctor_means_neither_here_nor_elsewhere(
    here: object, elsewhere: object, expected: tuple[Truth, str]
) -> None:
    asked = NoFamilyDoctor()
    assert find(asked, family_doctor=here, family_doctor_elsewhere=elsewhere) == expected


def test_a_tag_is_compared_as_it_is_spelt() -> None:
    asked = HasTag("diabetes")
    assert find(asked, tags=frozenset({"diabetes", "x"})) == (TRUE, "tag.present")
    assert find(asked, tags=frozenset({"Diabetes"})) == (FALSE, "tag.missing")
    assert find(asked, tags=None) == (FALSE, "tag.missing")
    assert find(asked) == (OPEN, "tag.unknown")


@pytest.mark.parametrize("code", ["H2X 1Y4", "h2x1y4", "h2x-1y4", "Ｈ２Ｘ 1Y4", "H2X"])
def test_a_residence_is_compared_by_letters_and_digits(code: str) -> None:
    asked = Residence(("h2x", "J8"))
    assert find(asked, postal_code=code) == (TRUE, "residence.inside")
    assert find(asked, postal_code="H2Y 1A1") == (FALSE, "residence.outside")
    assert find(asked, postal_code=None) == (FALSE, "residence.outside")
    assert find(asked) == (OPEN, "residence.unknown")
    assert Residence(("h2x", "H2X ")) == Residence(("H2X",))


def test_a_dependant_is_booked_for_by_somebody_else() -> None:
    assert find(ForDependant(), for_dependant=True) == (TRUE, "for-dependant.yes")
    assert find(ForDependant(), for_dependant=False) == (FALSE, "for-dependant.no")
    assert find(ForDependant()) == (OPEN, "for-dependant.unknown")


# Dates -------------------------------------------------------------------------------------------


def test_a_card_is_good_on_its_last_day() -> None:
    asked = HasHealthCard(issuer="CA-QC")
    cards = (HealthCard("CA-QC", date(2026, 12, 31)), HealthCard("CA-ON", None))
    assert find(asked, date(2026, 12, 31), health_cards=cards) == (TRUE, "health-card.good")
    assert find(asked, date(2027, 1, 1), health_cards=cards) == (FALSE, "health-card.expired")
    assert find(HasHealthCard(issuer="CA-ON"), health_cards=cards)[0] is TRUE
    assert find(HasHealthCard(issuer="CA-BC"), health_cards=cards) == (
        FALSE,
        "health-card.missing",
    )
    by_today = HasHealthCard(issuer="CA-QC", as_of=AsOf.BOOKING)
    assert find(by_today, date(2027, 1, 1), health_cards=cards)[0] is TRUE
    any_card = HasHealthCard(issuer="CA-QC", unexpired=False)
    assert find(any_card, date(2027, 1, 1), health_cards=cards)[0] is TRUE


def test_a_card_of_which_nobody_tells_the_expiry_is_unknown_unless_another_is_good() -> None:
    """R21."""
    asked = HasHealthCard(issuer="CA-QC")
    untold, good = HealthCard("CA-QC"), HealthCard("CA-QC", None)
    gone = HealthCard("CA-QC", date(2020, 1, 1))
    assert find(asked, health_cards=(untold,)) == (OPEN, "health-card.unknown")
    assert find(asked, health_cards=(untold, gone))[0] is OPEN
    assert find(asked, health_cards=(untold, good))[0] is TRUE
    assert find(asked) == (OPEN, "health-card.unknown")
    assert find(asked, health_cards=None) == (FALSE, "health-card.missing")
    last_day = (HealthCard("CA-QC", date.max),)
    known = Facts(health_cards=last_day)
    assert list(asked.turning_days(known, TODAY, date.max)) == []


@pytest.mark.parametrize(
    ("rule", "turns"),
    [(LeapDayRule.MAR_1, date(2027, 3, 1)), (LeapDayRule.FEB_28, date(2027, 2, 28))],
)
def test_somebody_of_29_february_is_a_year_older_by_the_rule_that_is_chosen(
    rule: LeapDayRule, turns: date
) -> None:
    """R20: 1 March by default, 28 February as an option; the same day in leap years."""
    born = date(2008, 2, 29)
    asked = AgeRange(minimum=19, leap_day=rule)
    before = date.fromordinal(turns.toordinal() - 1)
    assert find(asked, before, birth_date=born) == (FALSE, "age.out-of-range")
    assert find(asked, turns, birth_date=born) == (TRUE, "age.in-range")
    leap = date(2028, 2, 29)
    assert reached(born, 20, AgeUnit.YEARS, rule) == leap
    assert completed(born, leap, AgeUnit.YEARS, rule) == 20
    assert AgeRange(minimum=19) == AgeRange(minimum=19, leap_day=LeapDayRule.MAR_1)


# Visits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visit_on", "within"),
    [(date(2027, 4, 15), True), (date(2027, 4, 16), False)],
)
def test_within_six_months_holds_to_the_day_six_months_later(visit_on: date, within: bool) -> None:
    known = {"last_visit": date(2026, 10, 15)}
    six = Period(6, PeriodUnit.MONTHS)
    code = "last-visit.within" if within else "last-visit.before"
    assert find(LastVisit(when=When.WITHIN, period=six), visit_on, **known) == (
        Truth.of(within),
        code,
    )
    assert find(LastVisit(when=When.BEFORE, period=six), visit_on, **known) == (
        Truth.of(not within),
        code,
    )
    today = LastVisit(when=When.WITHIN, period=six, as_of=AsOf.BOOKING)
    assert find(today, visit_on, **known)[0] is TRUE


@pytest.mark.parametrize("when", When)
def test_somebody_who_never_came_is_neither_within_nor_before(when: When) -> None:
    asked = LastVisit(when=when, period=Period(6))
    assert find(asked, last_visit=None) == (FALSE, "last-visit.none")
    assert find(asked) == (OPEN, "last-visit.unknown")


def test_the_last_visit_for_a_service_is_told_by_the_visits_for_it() -> None:
    asked = LastVisit(when=When.WITHIN, period=Period(30), service="intake")
    prior = PriorVisits(visits=[PriorVisit("intake", date(2026, 11, 1))])
    assert find(asked, prior_visits=prior, last_visit=None)[0] is TRUE
    assert find(asked, prior_visits=None) == (FALSE, "last-visit.none")
    assert asked.asks == {FactName.PRIOR_VISITS}
    assert LastVisit(when=When.WITHIN, period=Period(30)).asks == {FactName.LAST_VISIT}


def test_a_prior_visit_for_a_service_counts_however_long_ago() -> None:
    asked = HadVisitFor("intake")
    prior = PriorVisits(visits=[PriorVisit("intake", date(1999, 1, 1))], complete=False)
    assert find(asked, prior_visits=prior) == (TRUE, "prior-visit.present")
    assert find(HadVisitFor("other"), prior_visits=prior) == (OPEN, "prior-visit.unknown")
    assert find(asked, prior_visits=None) == (FALSE, "prior-visit.missing")
    assert find(asked) == (OPEN, "prior-visit.unknown")


def test_a_limit_of_two_lets_a_second_be_booked_and_no_third() -> None:
    asked = UpcomingLimit(limit=2)
    one = UpcomingVisit(TODAY, "intake")
    assert find(asked, upcoming=None)[0] is TRUE
    assert find(asked, upcoming=(one,)) == (TRUE, "upcoming.below-limit")
    assert find(asked, upcoming=(one, UpcomingVisit(TODAY))) == (FALSE, "upcoming.limit-reached")
    assert find(asked) == (OPEN, "upcoming.unknown")
    for_intake = UpcomingLimit(limit=1, service="intake")
    assert find(for_intake, upcoming=(UpcomingVisit(TODAY, "other"), UpcomingVisit(TODAY)))[0] is (
        TRUE
    )
    assert find(for_intake, upcoming=(one,))[0] is FALSE


@pytest.mark.parametrize(
    ("days", "kept"), [(-8, True), (-7, True), (-6, False), (0, False), (6, False), (7, True)]
)
def test_seven_days_apart_hold_a_week_before_and_a_week_later(days: int, kept: bool) -> None:
    asked = MinimumInterval(period=Period(7))
    other = date(2027, 1, 15)
    on = date.fromordinal(other.toordinal() + days)
    code = "interval.kept" if kept else "interval.too-short"
    assert find(asked, on, last_visit=None, upcoming=(UpcomingVisit(other),)) == (
        Truth.of(kept),
        code,
    )
    assert find(asked, on, last_visit=other, upcoming=None)[0] is Truth.of(kept)


def test_an_interval_is_too_short_once_one_visit_is_too_close_whatever_else_is_unknown() -> None:
    """R21."""
    asked = MinimumInterval(period=Period(7))
    assert find(asked, upcoming=(UpcomingVisit(TODAY),))[0] is FALSE
    assert find(asked, last_visit=TODAY)[0] is FALSE
    assert find(asked, upcoming=None) == (OPEN, "interval.unknown")
    assert find(asked, last_visit=None)[0] is OPEN
    of_service = MinimumInterval(period=Period(7), service="intake")
    assert find(of_service, upcoming=(UpcomingVisit(TODAY),), prior_visits=None)[0] is TRUE
    assert of_service.asks == {FactName.UPCOMING, FactName.PRIOR_VISITS}
    assert asked.asks == {FactName.UPCOMING, FactName.LAST_VISIT}


@pytest.mark.parametrize("unit", PeriodUnit)
def test_the_calendars_end_is_no_end_of_a_period(unit: PeriodUnit) -> None:
    longest = Period(LONGEST[unit], unit)
    assert longest.after(date(9998, 1, 1)) is None
    late = {"last_visit": date(9998, 1, 1), "upcoming": None}
    on = date(9999, 12, 31)
    assert find(LastVisit(when=When.WITHIN, period=longest), on, **late)[0] is TRUE
    assert find(MinimumInterval(period=longest), on, **late)[0] is FALSE
    for asked in (LastVisit(when=When.WITHIN, period=longest), MinimumInterval(period=longest)):
        assert all(day < on for day in asked.turning_days(Facts(**late), TODAY, on))  # type: ignore[arg-type]
    edge = LastVisit(when=When.WITHIN, period=Period(1))
    known = Facts(last_visit=date.fromordinal(date.max.toordinal() - 1))
    assert list(edge.turning_days(known, TODAY, date.max)) == []


def test_a_period_before_the_calendars_first_days_has_no_day_before_it() -> None:
    assert next(Period(2).before(date(1, 1, 4))) == date(1, 1, 1)
    assert list(Period(50).before(date(1, 1, 4))) == []


def test_a_prefix_without_a_letter_or_a_digit_is_refused_where_it_stands() -> None:
    mistakes: list[Mistake] = []
    table = TableReader({"kind": "residence", "prefixes": ["H2X", "-"]}, "x", mistakes)
    assert read_criterion(table, SHIPPED_KINDS) is None
    (told,) = mistakes
    assert (told.path, told.message) == ("x.prefixes", "holds one without a letter or a digit")


# Settings that make no criterion -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "settings"),
    [
        (FamilyDoctorIs, {"doctors": ()}),
        (FamilyDoctorIs, {"doctors": "roy"}),
        (FamilyDoctorIs, {"doctors": 5}),
        (FamilyDoctorIs, {"doctors": ("",)}),
        (HasTag, {"tag": " "}),
        (HasTag, {"tag": None}),
        (HasTag, {"tag": "a\nb"}),
        (Residence, {"prefixes": ("- ",)}),
        (HasHealthCard, {"issuer": 5}),
        (HasHealthCard, {"issuer": "CA-QC", "unexpired": 1}),
        (HasHealthCard, {"issuer": "CA-QC", "as_of": "visit"}),
        (Period, {"count": 0}),
        (Period, {"count": True}),
        (Period, {"count": 5, "unit": "days"}),
        (Period, {"count": 101, "unit": PeriodUnit.YEARS}),
        (LastVisit, {"when": "within", "period": Period(5)}),
        (LastVisit, {"when": When.WITHIN, "period": 5}),
        (LastVisit, {"when": When.WITHIN, "period": Period(5), "as_of": 1}),
        (LastVisit, {"when": When.WITHIN, "period": Period(5), "service": ""}),
        (HadVisitFor, {"service": None}),
        (UpcomingLimit, {"limit": 0}),
        (UpcomingLimit, {"limit": True}),
        (UpcomingLimit, {"limit": 101}),
        (MinimumInterval, {"period": None}),
        (AgeRange, {"minimum": 5, "leap_day": "mar-1"}),
        (HealthCard, {"issuer": ""}),
        (HealthCard, {"issuer": "CA-QC", "expires_on": "soon"}),
        (UpcomingVisit, {"on": "soon"}),
        (UpcomingVisit, {"on": TODAY, "service": ""}),
        (PriorVisit, {"service": "", "on": TODAY}),
        (Facts, {"tags": frozenset({""})}),
        (Facts, {"tags": "diabetes"}),
        (Facts, {"health_cards": ("CA-QC",)}),
        (Facts, {"upcoming": [UpcomingVisit(TODAY)]}),
        (Facts, {"prior_visits": ()}),
        (Facts, {"for_dependant": None}),
    ],
)
def test_what_says_nothing_is_refused(build: Any, settings: dict[str, object]) -> None:
    """R13: what would always hold, or never, is no criterion."""
    with pytest.raises(InvalidValue):
        build(**settings)
