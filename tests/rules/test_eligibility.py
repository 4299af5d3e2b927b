"""Eligibility by example: criteria, ages, verdicts, listing, reading (R13, R18-R22)."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

import pytest
from attrs import frozen

from omnibook.ages import AgeUnit
from omnibook.eligibility import (
    SHIPPED_KINDS,
    UNKNOWN,
    AgeRange,
    AllOf,
    AnyOf,
    AsOf,
    AtLeast,
    Criterion,
    CriterionKinds,
    Day,
    Eligibility,
    FactName,
    Facts,
    FactState,
    FactUsed,
    FamilyDoctorHere,
    FileNumberHere,
    Finding,
    HasFile,
    Not,
    Reason,
    ReasonCode,
    RegisteredSex,
    Sex,
    Truth,
    Verdict,
    criterion_to_data,
    judge_eligibility,
    possible_on_some_day,
    read_criterion,
    read_eligibility,
    services_for,
)
from omnibook.errors import InvalidValue
from omnibook.mistakes import Mistake
from omnibook.table_reader import TableReader

TODAY = date(2026, 11, 23)
HORIZON = TODAY + timedelta(days=365)
NOW_AND_HERE = Day(booked_on=TODAY, visit_on=TODAY)


def _find(criterion: Criterion, **known: Any) -> tuple[Truth, str]:
    found = criterion.judge(Facts(**known), NOW_AND_HERE)
    return found.truth, found.code


# Facts and truths --------------------------------------------------------------------------------


def test_whatever_is_left_out_is_unknown() -> None:
    """R13, R21."""
    assert Facts() == Facts.none()
    assert Facts.none().nothing_known
    assert not Facts(has_file=True).nothing_known
    assert not Facts(file_number=None).nothing_known


def test_the_repr_of_facts_shows_no_personal_value() -> None:
    known = Facts(
        has_file=True,
        file_number="A-100",
        family_doctor="dr-roy",
        birth_date=date(2004, 12, 19),
        registered_sex=Sex.FEMALE,
    )
    assert repr(known) == str(known) == "Facts(has_file=True)"
    assert repr(Facts.none()) == "Facts(has_file=UNKNOWN)"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("has_file", None),
        ("has_file", "A-100"),
        ("file_number", ""),
        ("file_number", " "),
        ("file_number", 100),
        ("family_doctor", ["dr-roy"]),
        ("birth_date", "2004-12-19"),
        ("birth_date", datetime(2004, 12, 19)),  # noqa: DTZ001 - a datetime is what is refused
        ("registered_sex", "female"),
    ],
)
def test_a_fact_of_another_type_is_refused_without_repeating_it(name: str, value: Any) -> None:
    with pytest.raises(InvalidValue, match=f"cannot be facts: {name};") as refused:
        Facts(**{name: value})
    for shown in ("A-100", "dr-roy", "2004", "female"):
        assert shown not in str(refused.value)


def test_neither_an_unknown_fact_nor_a_truth_is_a_condition() -> None:
    """R21: three values do not fit into an ``if``."""
    with pytest.raises(InvalidValue, match="is UNKNOWN"):
        bool(UNKNOWN)
    with pytest.raises(InvalidValue, match=r"is Truth\.TRUE"):
        bool(Truth.FALSE)


@pytest.mark.parametrize("wrong", [datetime(2026, 11, 23), "2026-11-23", None])  # noqa: DTZ001
def test_a_day_is_made_of_dates(wrong: Any) -> None:
    with pytest.raises(InvalidValue, match="dates without a time"):
        Day(booked_on=wrong, visit_on=TODAY)
    with pytest.raises(InvalidValue, match="dates without a time"):
        Day(booked_on=TODAY, visit_on=wrong)


# The shipped criteria ----------------------------------------------------------------------------


def test_the_three_states_of_presence() -> None:
    """R20, R21."""
    assert _find(HasFile(), has_file=True) == (Truth.TRUE, "file.present")
    assert _find(HasFile(), has_file=False) == (Truth.FALSE, "file.missing")
    assert _find(HasFile()) == (Truth.UNKNOWN, "file.unknown")
    assert _find(FileNumberHere(), file_number="A-100") == (Truth.TRUE, "file-number.present")
    assert _find(FileNumberHere(), file_number=None) == (Truth.FALSE, "file-number.missing")
    assert _find(FileNumberHere()) == (Truth.UNKNOWN, "file-number.unknown")
    assert _find(FamilyDoctorHere(), family_doctor="dr-roy") == (
        Truth.TRUE,
        "family-doctor.present",
    )
    assert _find(FamilyDoctorHere(), family_doctor=None) == (Truth.FALSE, "family-doctor.missing")
    assert _find(FamilyDoctorHere()) == (Truth.UNKNOWN, "family-doctor.unknown")


def test_the_states_of_the_registered_sex() -> None:
    """R20: a file known to register neither is neither's."""
    female = RegisteredSex(Sex.FEMALE)
    assert _find(female, registered_sex=Sex.FEMALE) == (Truth.TRUE, "registered-sex.matches")
    assert _find(female, registered_sex=Sex.MALE) == (Truth.FALSE, "registered-sex.differs")
    assert _find(female, registered_sex=None) == (Truth.FALSE, "registered-sex.differs")
    assert _find(female) == (Truth.UNKNOWN, "registered-sex.unknown")


@pytest.mark.parametrize(
    ("birth_date", "truth"),
    [
        (date(2026, 11, 23), Truth.TRUE),  # born today
        (date(2008, 11, 24), Truth.TRUE),  # 18 tomorrow
        (date(2008, 11, 23), Truth.FALSE),  # 18 today
    ],
)
def test_from_0_to_17_years_holds_up_to_the_day_before_the_18th_birthday(
    birth_date: date, truth: Truth
) -> None:
    """R20: both bounds are in the range, in completed years."""
    assert _find(AgeRange(minimum=0, maximum=17), birth_date=birth_date)[0] is truth


def test_the_reason_codes_of_an_age() -> None:
    adults = AgeRange(minimum=18)
    assert _find(adults, birth_date=date(2000, 1, 1)) == (Truth.TRUE, "age.in-range")
    assert _find(adults, birth_date=date(2020, 1, 1)) == (Truth.FALSE, "age.out-of-range")
    assert _find(adults) == (Truth.UNKNOWN, "age.unknown")


@pytest.mark.parametrize("birth_date", [None, date(2026, 11, 24)])
def test_an_age_without_a_usable_birth_date_is_unknown(birth_date: date | None) -> None:
    """R21: nobody is without an age, and a file born after the visit is not to be trusted."""
    assert _find(AgeRange(maximum=17), birth_date=birth_date) == (Truth.UNKNOWN, "age.unknown")


def test_an_age_as_of_booking_does_not_change_with_the_visit() -> None:
    """R20: as-of-booking criteria use today's date at listing too."""
    known = Facts(has_file=True, birth_date=date(2008, 12, 1))  # 18 in a week
    later = Day(booked_on=TODAY, visit_on=date(2026, 12, 2))
    assert AgeRange(minimum=18).judge(known, later).truth is Truth.TRUE
    of_booking = AgeRange(minimum=18, as_of=AsOf.BOOKING)
    assert of_booking.judge(known, later).truth is Truth.FALSE
    listed = possible_on_some_day(
        Eligibility(inclusions=((of_booking,),)),
        known,
        booked_on=TODAY,
        first=TODAY,
        last=HORIZON,
    )
    assert not listed.eligible


def test_combinations_tell_what_their_parts_found() -> None:
    both = AllOf((HasFile(), Not(FileNumberHere())))
    found = both.judge(Facts(has_file=True), NOW_AND_HERE)
    assert found == Finding(
        Truth.UNKNOWN,
        "combined.all-of",
        (
            ("criteria[0]", Finding(Truth.TRUE, "file.present", facts=(FactName.HAS_FILE,))),
            (
                "criteria[1]",
                Finding(
                    Truth.UNKNOWN,
                    "combined.not",
                    (
                        (
                            "criterion",
                            Finding(
                                Truth.UNKNOWN,
                                "file-number.unknown",
                                facts=(FactName.FILE_NUMBER,),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )
    assert _find(AnyOf(both.criteria), has_file=True) == (Truth.TRUE, "combined.any-of")
    assert _find(AtLeast(2, both.criteria), has_file=False) == (Truth.FALSE, "combined.at-least")


@pytest.mark.parametrize(
    ("build", "positional", "named"),
    [
        (AllOf, [()], {}),
        (AnyOf, [()], {}),
        (AtLeast, [0, (HasFile(),)], {}),
        (AtLeast, [2, (HasFile(),)], {}),
        (AtLeast, [True, (HasFile(),)], {}),
        (AtLeast, [1, ()], {}),
        (AllOf, [(HasFile,)], {}),
        (AllOf, [HasFile()], {}),
        (AnyOf, ["has-file"], {}),
        (Not, [None], {}),
        (Not, [HasFile], {}),
        (RegisteredSex, ["female"], {}),
        (AgeRange, [], {}),
        (AgeRange, [], {"minimum": 5, "maximum": 4}),
        (AgeRange, [], {"minimum": -1}),
        (AgeRange, [], {"maximum": 151}),
        (AgeRange, [], {"minimum": True}),
        (AgeRange, [], {"minimum": "18"}),
        (AgeRange, [], {"minimum": 18, "unit": "years"}),
        (AgeRange, [], {"minimum": 18, "as_of": "visit"}),
        (Eligibility, [], {"inclusions": ((),)}),
        (Eligibility, [], {"inclusions": (HasFile(),)}),
        (Eligibility, [], {"inclusions": HasFile()}),
        (Eligibility, [], {"exclusions": HasFile()}),
        (Eligibility, [], {"exclusions": ((HasFile(),),)}),
    ],
)
def test_a_criterion_that_cannot_be_is_refused_when_built(
    build: Callable[..., object], positional: list[Any], named: dict[str, Any]
) -> None:
    """R13: what would always hold, or never, is no criterion."""
    with pytest.raises(InvalidValue):
        build(*positional, **named)


def test_lists_become_tuples_so_that_criteria_hash() -> None:
    assert len({AllOf([HasFile()]), AllOf((HasFile(),)), AnyOf((HasFile(),))}) == 2
    asked = Eligibility(inclusions=[[HasFile()]], exclusions=[FileNumberHere()])
    assert asked == Eligibility(inclusions=((HasFile(),),), exclusions=(FileNumberHere(),))


# Verdicts ----------------------------------------------------------------------------------------

ADULT_PATIENTS = Eligibility(
    inclusions=((HasFile(),), (AgeRange(minimum=18), FamilyDoctorHere())),
    exclusions=(RegisteredSex(Sex.MALE),),
)


def _judge(asked: Eligibility, known: Facts) -> Verdict:
    return judge_eligibility(asked, known, booked_on=TODAY, visit_on=TODAY)


def test_a_group_is_met_by_one_of_its_criteria() -> None:
    """R18."""
    child = Facts(
        has_file=True,
        birth_date=date(2020, 1, 1),
        family_doctor="dr-roy",
        registered_sex=Sex.FEMALE,
    )
    assert _judge(ADULT_PATIENTS, child) == Verdict(
        eligible=True,
        reasons=(
            Reason(
                code="file.present",
                path="include[0][0]",
                truth=Truth.TRUE,
                facts=(FactUsed(FactName.HAS_FILE, FactState.KNOWN),),
            ),
            Reason(
                code="age.out-of-range",
                path="include[1][0]",
                truth=Truth.FALSE,
                facts=(FactUsed(FactName.BIRTH_DATE, FactState.KNOWN),),
            ),
            Reason(
                code="family-doctor.present",
                path="include[1][1]",
                truth=Truth.TRUE,
                facts=(FactUsed(FactName.FAMILY_DOCTOR, FactState.KNOWN),),
            ),
            Reason(
                code="registered-sex.differs",
                path="exclude[0]",
                truth=Truth.FALSE,
                facts=(FactUsed(FactName.REGISTERED_SEX, FactState.KNOWN),),
            ),
        ),
    )


def test_an_unknown_inclusion_is_not_met_and_an_unknown_exclusion_blocks() -> None:
    """R21."""
    woman = {"has_file": True, "registered_sex": Sex.FEMALE}
    assert not _judge(ADULT_PATIENTS, Facts(**woman)).eligible  # type: ignore[arg-type]
    unregistered = Facts(has_file=True, family_doctor="dr-roy")
    assert not _judge(ADULT_PATIENTS, unregistered).eligible


def test_the_reasons_reach_into_combinations() -> None:
    """R21."""
    asked = Eligibility(exclusions=(Not(AnyOf((HasFile(), FileNumberHere()))),))
    reasons = _judge(asked, Facts(has_file=True)).reasons
    assert [reason.path for reason in reasons] == [
        "exclude[0]",
        "exclude[0].criterion",
        "exclude[0].criterion.criteria[0]",
        "exclude[0].criterion.criteria[1]",
    ]


def test_no_criteria_is_everyone() -> None:
    """R18."""
    assert Eligibility().is_open
    for known in (Facts.none(), Facts(has_file=True)):
        assert _judge(Eligibility(), known) == Verdict(eligible=True, reasons=())


@pytest.mark.parametrize(
    "asked",
    [
        Eligibility(inclusions=((AnyOf((HasFile(), Not(HasFile()))),),)),
        Eligibility(inclusions=((HasFile(), Not(HasFile())),)),
        Eligibility(exclusions=(HasFile(),)),
        Eligibility(exclusions=(AllOf((HasFile(), Not(HasFile()))),)),
        Eligibility(inclusions=((AgeRange(minimum=0),),)),
    ],
)
def test_a_formula_that_always_holds_is_not_shown_to_the_unidentified(asked: Eligibility) -> None:
    """R13: "no criteria" means an empty configuration."""
    assert not asked.is_open
    verdict = _judge(asked, Facts.none())
    assert not verdict.eligible
    assert {reason.code for reason in verdict.reasons} == {"visitor.unidentified"}


# A host's own criterion --------------------------------------------------------------------------


@frozen
class OnWeekday:
    """A host's own: the visit falls on this day of the week (Monday is 0), whoever comes."""

    kind: ClassVar[str] = "on-weekday"
    weekday: int

    def judge(self, facts: Facts, on: Day) -> Finding:
        settled = on.visit_on.weekday() == self.weekday
        return Finding(Truth.of(settled=settled), "weekday.same" if settled else "weekday.other")

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        return (first + timedelta(days=i) for i in range((last - first).days + 1))

    def settings(self) -> dict[str, object]:
        return {"weekday": self.weekday}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> "OnWeekday | None":
        weekday = table.whole("weekday", 0, 6)
        return cls(weekday) if table.finish() else None


KINDS: CriterionKinds = {**SHIPPED_KINDS, OnWeekday.kind: OnWeekday}


def test_a_host_registers_a_criterion_of_its_own() -> None:
    """R20."""
    mistakes: list[Mistake] = []
    asked = Not(AllOf((OnWeekday(5), HasFile())))
    table = TableReader(criterion_to_data(asked), "x", mistakes)
    assert read_criterion(table, KINDS) == asked
    assert not mistakes
    data = {"include": [[{"kind": "not", "criterion": {"kind": "on-weekday"}}]]}
    assert read_eligibility(TableReader(data, "x", mistakes), KINDS) is None
    assert [m.path for m in mistakes] == ["x.include[0][0].criterion.weekday"]


def test_a_criterion_of_the_hosts_own_is_not_asked_about_the_unidentified() -> None:
    """R13: true for whoever comes is still a criterion."""
    monday = Eligibility(inclusions=((OnWeekday(0),),))
    assert _judge(monday, Facts(has_file=True)).eligible
    assert not _judge(monday, Facts.none()).eligible


# Listing -----------------------------------------------------------------------------------------


def test_listing_wants_the_whole_on_one_day() -> None:
    """R22: 17 on some days and 18 on others is never both."""
    known = Facts(has_file=True, birth_date=date(2008, 12, 1))
    minor, adult = AgeRange(maximum=17), AgeRange(minimum=18)
    dates = {"booked_on": TODAY, "first": TODAY, "last": HORIZON}
    for one in (minor, adult):
        assert possible_on_some_day(Eligibility(inclusions=((one,),)), known, **dates).eligible
    both = Eligibility(inclusions=((minor,), (adult,)))
    found = possible_on_some_day(both, known, **dates)
    assert not found.eligible
    assert found == _judge(both, known)


def test_listing_gives_the_verdict_of_the_first_day_it_holds() -> None:
    """R22."""
    known = Facts(has_file=True, birth_date=date(2008, 12, 1))
    asked = Eligibility(inclusions=((AgeRange(minimum=18),),))

    def listed(last: date) -> Verdict:
        return possible_on_some_day(asked, known, booked_on=TODAY, first=TODAY, last=last)

    assert not listed(date(2026, 11, 30)).eligible
    assert listed(date(2026, 12, 1)).eligible
    assert listed(date(2026, 12, 1)) == judge_eligibility(
        asked, known, booked_on=TODAY, visit_on=date(2026, 12, 1)
    )


def test_listing_tries_the_day_of_birth() -> None:
    """R21, R22: before it the age is unknown."""
    known = Facts(has_file=True, birth_date=date(2026, 12, 1))
    asked = Eligibility(inclusions=((AgeRange(maximum=17),),))
    dates = {"booked_on": TODAY, "first": TODAY}
    assert not possible_on_some_day(asked, known, **dates, last=date(2026, 11, 30)).eligible
    assert possible_on_some_day(asked, known, **dates, last=date(2026, 12, 1)).eligible


def test_listing_refuses_days_that_are_reversed_or_no_dates() -> None:
    yesterday = TODAY - timedelta(days=1)
    with pytest.raises(InvalidValue, match="must not be before"):
        possible_on_some_day(
            Eligibility(), Facts.none(), booked_on=TODAY, first=TODAY, last=yesterday
        )
    late: Any = datetime(2027, 1, 1)  # noqa: DTZ001 - a datetime is what is refused
    with pytest.raises(InvalidValue, match="dates without a time"):
        possible_on_some_day(Eligibility(), Facts.none(), booked_on=TODAY, first=TODAY, last=late)


@frozen
class Service:
    name: str
    eligibility: Eligibility


def test_the_services_shown_are_those_of_the_visitor_in_order() -> None:
    """R13, R19."""
    services = [
        Service("adults", Eligibility(inclusions=((AgeRange(minimum=18),),))),
        Service("walk-in", Eligibility()),
        Service("patients", Eligibility(inclusions=((HasFile(),),))),
        Service("newcomers", Eligibility(exclusions=(HasFile(),))),
    ]

    def shown(known: Facts) -> list[str]:
        found = services_for(services, known, booked_on=TODAY, first=TODAY, last=HORIZON)
        return [service.name for service in found]

    assert shown(Facts.none()) == ["walk-in"]
    assert shown(Facts(has_file=True)) == ["walk-in", "patients"]
    grown = Facts(has_file=True, birth_date=date(1954, 12, 28))
    assert shown(grown) == ["adults", "walk-in", "patients"]


# Reading -----------------------------------------------------------------------------------------


def _mistakes(data: object) -> list[str]:
    mistakes: list[Mistake] = []
    table = TableReader({"criteria": data}, "services[2]", mistakes)
    assert table.table("criteria", read_eligibility, "write {} for everyone") is None
    return [str(mistake) for mistake in mistakes]


def test_an_eligibility_reads_as_it_is_written() -> None:
    """R20."""
    data = {
        "include": [
            [{"kind": "has-file"}],
            [
                {"kind": "age-range", "maximum": 24, "unit": "months", "as_of": "booking"},
                {"kind": "age-range", "minimum": 65},
                {
                    "kind": "at-least",
                    "count": 2,
                    "criteria": [
                        {"kind": "file-number-here"},
                        {"kind": "family-doctor-here"},
                        {"kind": "any-of", "criteria": [{"kind": "has-file"}]},
                    ],
                },
            ],
        ],
        "exclude": [{"kind": "not", "criterion": {"kind": "registered-sex", "sex": "female"}}],
    }
    mistakes: list[Mistake] = []
    assert read_eligibility(TableReader(data, "x", mistakes)) == Eligibility(
        inclusions=(
            (HasFile(),),
            (
                AgeRange(maximum=24, unit=AgeUnit.MONTHS, as_of=AsOf.BOOKING),
                AgeRange(minimum=65),
                AtLeast(2, (FileNumberHere(), FamilyDoctorHere(), AnyOf((HasFile(),)))),
            ),
        ),
        exclusions=(Not(RegisteredSex(Sex.FEMALE)),),
    )
    assert not mistakes
    assert read_eligibility(TableReader({}, "x", mistakes)) == Eligibility()


def test_every_mistake_is_told_at_once_with_its_path_and_remedy() -> None:
    assert _mistakes(
        {
            "inclued": [],
            "include": [
                [{"kind": "has-fle"}, {"kind": "has-file", "since": 2020}],
                [],
                {"kind": "has-file"},
                [{"kind": "age-range", "unit": "year", "as_of": 3, "minimum": "18"}],
                [{"kind": "age-range", "minimum": 10**5000, "maximum": False}],
                [{"kind": "age-range", "minimum": 18, "maximum": 17}, {"kind": "age-range"}],
            ],
            "exclude": [
                {"kind": "at-least", "count": 3, "criteria": [{"kind": "has-file"}]},
                {"kind": "at-least", "criteria": [5]},
                {"kind": "at-least", "count": 1, "criteria": []},
                {"kind": "not"},
                {"kind": "all-of", "criteria": {"kind": "has-file"}},
                {"kind": "registered-sex", "sex": "femal", "as-of": "visit"},
                {"kind": "registered-sex"},
                {"kind": ["has-file"]},
                {},
            ],
        }
    ) == [
        (
            "services[2].criteria.include[0][0].kind: unknown word 'has-fle'; "
            "did you mean 'has-file'?"
        ),
        "services[2].criteria.include[0][1]: unknown key 'since'; use one of kind",
        (
            "services[2].criteria.include[1]: is empty; "
            'name a criterion, such as { kind = "has-file" }'
        ),
        "services[2].criteria.include[2]: must be a list, not a table; write [ … ]",
        "services[2].criteria.include[3][0].unit: unknown word 'year'; did you mean 'years'?",
        "services[2].criteria.include[3][0].as_of: unknown word 3; use one of booking, visit",
        (
            "services[2].criteria.include[3][0].minimum: must be a whole number, not '18'; "
            "give a whole number from 0 to 7800"
        ),
        (
            "services[2].criteria.include[4][0].minimum: cannot be this number; "
            "give a whole number from 0 to 150"
        ),
        (
            "services[2].criteria.include[4][0].maximum: must be a whole number, "
            "not true or false; give a whole number from 0 to 150"
        ),
        "services[2].criteria.include[5][0].maximum: is under the minimum; exchange them",
        "services[2].criteria.include[5][1].minimum: missing; give minimum, maximum or both",
        (
            "services[2].criteria.exclude[0].count: cannot be this number; "
            "give a whole number from 1 to 1"
        ),
        (
            "services[2].criteria.exclude[1].criteria[0]: must be a table, not a whole number; "
            'write { kind = "has-file" }, or another kind'
        ),
        "services[2].criteria.exclude[1].count: missing; give a whole number from 1 to 1000",
        (
            "services[2].criteria.exclude[2].criteria: is empty; "
            'name a criterion, such as { kind = "has-file" }'
        ),
        (
            "services[2].criteria.exclude[3].criterion: missing; "
            'write { kind = "has-file" }, or another kind'
        ),
        "services[2].criteria.exclude[4].criteria: must be a list, not a table; write [ … ]",
        "services[2].criteria.exclude[5].sex: unknown word 'femal'; did you mean 'female'?",
        "services[2].criteria.exclude[5]: unknown key 'as-of'; use one of kind, sex",
        "services[2].criteria.exclude[6].sex: missing; use one of female, male",
        (
            "services[2].criteria.exclude[7].kind: must be a text, not a list; "
            f"use one of {', '.join(sorted(SHIPPED_KINDS))}"
        ),
        (
            "services[2].criteria.exclude[8].kind: missing; "
            f"use one of {', '.join(sorted(SHIPPED_KINDS))}"
        ),
        "services[2].criteria: unknown key 'inclued'; did you mean 'include'?",
    ]


@pytest.mark.parametrize("extra", ["any-of", "all-of", "not"])
def test_a_combination_with_an_unknown_key_is_a_mistake(extra: str) -> None:
    data = {"kind": extra, "criteria": [{"kind": "has-file"}], "criterion": {"kind": "has-file"}}
    assert len(_mistakes({"exclude": [data]})) == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "missing"),
        ([], "must be a table, not a list"),
        ("has-file", "must be a table, not a text"),
        (1.5, "must be a table, not a decimal number"),
        (date(2026, 11, 23), "must be a table, not a date"),
        ({1: []}, "a key is not a text"),
    ],
)
def test_an_eligibility_that_is_no_table_is_a_mistake(data: object, told: str) -> None:
    assert _mistakes(data) == [f"services[2].criteria: {told}; write {{}} for everyone"]


def test_criteria_that_nest_too_deep_are_a_mistake_even_without_an_end() -> None:
    endless: dict[str, object] = {"kind": "all-of"}
    endless["criteria"] = [endless, endless]
    deep: dict[str, object] = {"kind": "has-file"}
    for _ in range(5000):
        deep = {"kind": "not", "criterion": deep}
    for data in (endless, deep):
        (told,) = _mistakes({"exclude": [data]})
        assert told == (
            "services[2].criteria.exclude[0]: criteria nest more than 20 deep; say it with fewer"
        )


def test_a_word_of_any_length_and_alphabet_is_shown_shortened_and_escaped() -> None:
    for word in ("x" * 10_000, "has\x00file", "\ud800", "һas-file"):
        (told,) = _mistakes({"exclude": [{"kind": word}]})
        assert len(told) < 500
        assert told.encode().isascii() or "һ" in told or "…" in told


def test_every_shipped_kind_and_code_is_stable() -> None:
    """R20, R21: configuration files and audit trails hold these words."""
    assert set(SHIPPED_KINDS) == {
        "has-file",
        "file-number-here",
        "family-doctor-here",
        "family-doctor-is",
        "no-family-doctor",
        "tag",
        "registered-sex",
        "age-range",
        "residence",
        "health-card",
        "last-visit",
        "prior-visit",
        "upcoming-limit",
        "minimum-interval",
        "for-dependant",
        "all-of",
        "any-of",
        "at-least",
        "not",
    }
    assert {code.value for code in ReasonCode} == {
        "file.present",
        "file.missing",
        "file.unknown",
        "file-number.present",
        "file-number.missing",
        "file-number.unknown",
        "family-doctor.present",
        "family-doctor.missing",
        "family-doctor.unknown",
        "family-doctor.listed",
        "family-doctor.not-listed",
        "family-doctor.nowhere",
        "family-doctor.somewhere",
        "family-doctor.elsewhere-unknown",
        "tag.present",
        "tag.missing",
        "tag.unknown",
        "residence.inside",
        "residence.outside",
        "residence.unknown",
        "health-card.good",
        "health-card.missing",
        "health-card.expired",
        "health-card.unknown",
        "last-visit.within",
        "last-visit.before",
        "last-visit.none",
        "last-visit.unknown",
        "prior-visit.present",
        "prior-visit.missing",
        "prior-visit.unknown",
        "upcoming.below-limit",
        "upcoming.limit-reached",
        "upcoming.unknown",
        "interval.kept",
        "interval.too-short",
        "interval.unknown",
        "for-dependant.yes",
        "for-dependant.no",
        "for-dependant.unknown",
        "age.in-range",
        "age.out-of-range",
        "age.unknown",
        "registered-sex.matches",
        "registered-sex.differs",
        "registered-sex.unknown",
        "combined.all-of",
        "combined.any-of",
        "combined.not",
        "combined.at-least",
        "visitor.unidentified",
    }
