"""What a number says of its holder is a warning for staff, and decides nothing else (R6, R11)."""

from datetime import date, datetime
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from omnibook.errors import InvalidValue
from omnibook.facts import UNKNOWN, Fact, Sex
from omnibook.health_numbers import QUEBEC, SHIPPED_ISSUERS, HealthNumber, Issuers
from omnibook.identity import EntryRules, Identity, IdentityForm
from omnibook.ids import PatientId
from omnibook.names import PersonName
from omnibook.number_warnings import NumberWarning, NumberWarningCode, number_warnings
from omnibook.patient import Gender, Patient
from omnibook.quebec_numbers import quebec_letters

TODAY = date(2026, 11, 23)
BORN = date(2004, 12, 19)
HERS = HealthNumber("CA-QC", "TREM04621918")
HIS = HealthNumber("CA-QC", "TREM04121925")

NAME, BIRTH_DATE, SEX = (
    NumberWarning(code, "CA-QC")
    for code in (
        NumberWarningCode.NAME_DIFFERS,
        NumberWarningCode.BIRTH_DATE_DIFFERS,
        NumberWarningCode.SEX_DIFFERS,
    )
)

any_name = st.text(st.characters(exclude_categories=()), max_size=20)
letters = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzéèç"), min_size=1, max_size=9)
saints = st.sampled_from(["Saint", "Sainte", "Saints", "Saintes", "Ste", "St", "SAINT", "sainte"])


def a_file(**more: Any) -> Patient:
    whole = Patient(
        patient_id=PatientId("7"),
        names=(PersonName("Marie", "Tremblay"),),
        birth_date=BORN,
        gender=Gender.FEMALE,
        health_numbers=(HERS,),
    )
    return evolve(whole, **more)


def warnings(**more: Any) -> tuple[NumberWarning, ...]:
    return number_warnings(a_file(**more), today=TODAY)


# -------------------------------------------------------------------------- letters from names --


@pytest.mark.parametrize(
    ("given_name", "family", "expected"),
    [
        ("Marie", "Tremblay", "TREM"),
        ("Émile", "Ng", "NGXE"),
        ("Li", "O", "OXXL"),
        ("Élise", "Çelik", "CELE"),
        ("Marie", "Sainte-Foy", "STFM"),
        ("Marie", "Sainte Foy", "STFM"),
        ("Marie", "Saint-Pierre", "STPM"),
        ("Marie", "Saints-Anges", "STAM"),
        ("Marie", "Saintes-Maries", "STMM"),
        ("Marie", "Ste-Marie", "STMM"),
        ("Marie", "St Onge", "STOM"),
        ("Marie", "St. Onge", "STOM"),
        ("Marie", "ST\u2011ONGE", "STOM"),
        ("Marie", "St - Onge", "STOM"),
        ("Marie", "Saintdoux", "SAIM"),
        ("Marie", "Stellard", "STEM"),
        ("Marie", "Saint", "SAIM"),
        ("Marie", "St", "STXM"),
        ("Marie", "Saint-O", "STOM"),
        ("Marie", "Tremblay-Sainte-Foy", "TREM"),
        ("Saint-Ange", "Roy", "ROYS"),
        ("Marie", "D’Arcy", "DARM"),
        ("Marie", "O'Neil", "ONEM"),
        ("Marie", "De La Tour", "DELM"),
        ("Marie", "Lebœuf", "LEBM"),
        ("Marie", "Œillet", "OEIM"),
        (" -Marie", "  tremblay", "TREM"),
    ],
)
def test_letters_are_made_from_names_as_the_issuer_makes_them(
    given_name: str, family: str, expected: str
) -> None:
    """R6: a leading Saint is ST, a short surname is filled up with X, accents are left out."""
    assert quebec_letters(given_name, family) == expected


@pytest.mark.parametrize(
    ("given_name", "family"),
    [("", "Tremblay"), ("Marie", ""), ("Иван", "Roy"), ("Li", "李"), ("-", "1"), ("", "")],
)
def test_a_name_without_latin_letters_makes_no_letters(given_name: str, family: str) -> None:
    assert quebec_letters(given_name, family) is None


@given(any_name, any_name)
def test_any_name_makes_four_capitals_or_none(given_name: str, family: str) -> None:
    made = quebec_letters(given_name, family)
    assert made is None or (len(made) == 4 and made.isascii() and made.isalpha() and made.isupper())


@given(saints, st.sampled_from([" ", "-", "\u2010", "\u00a0", " - "]), letters)
def test_every_saint_of_a_name_is_the_same_saint(saint: str, between: str, rest: str) -> None:
    written = f"{saint}{between}{rest}"
    assert quebec_letters("Marie", written) == quebec_letters("Marie", f"St-{rest}")


# ------------------------------------------------------------------------------------ warnings --


def test_a_file_that_its_number_was_made_from_has_no_warning() -> None:
    assert warnings() == ()
    assert warnings(health_numbers=()) == ()


def test_a_number_made_from_no_name_of_the_file_is_a_warning() -> None:
    """R6: names change, and one of them is enough."""
    married = PersonName("Marie", "Gagnon")
    assert warnings(names=(married,)) == (NAME,)
    assert warnings(names=(married, PersonName("Marie", "Tremblay"))) == ()
    assert warnings(names=()) == ()


def test_a_name_in_another_script_says_nothing() -> None:
    other = PersonName("Мария", "Трамбле")
    assert warnings(names=(other,)) == ()
    assert warnings(names=(other, PersonName("Marie", "Gagnon"))) == (NAME,)


def test_given_and_family_name_are_of_one_recorded_name() -> None:
    """R5."""
    apart = (PersonName("Marie", "Gagnon"), PersonName("Zoé", "Tremblay"))
    assert warnings(names=apart) == (NAME,)


def test_another_birth_date_is_a_warning_as_with_a_parents_card() -> None:
    """R6."""
    assert warnings(birth_date=date(2026, 5, 1)) == (BIRTH_DATE,)
    assert warnings(birth_date=date(1904, 12, 19)) == (BIRTH_DATE,)
    assert warnings(birth_date=None) == ()


@pytest.mark.parametrize("registered", [UNKNOWN, None, *Sex])
@pytest.mark.parametrize("gender", [Gender.OTHER, Gender.UNKNOWN])
@pytest.mark.parametrize("number", [HERS, HIS])
def test_sex_is_never_compared_when_the_gender_is_other_or_unknown(
    number: HealthNumber, gender: Gender, registered: Fact[Sex]
) -> None:
    """R6: cards marked X exist, and their numbers are still coded M or F."""
    assert warnings(gender=gender, registered_sex=registered, health_numbers=(number,)) == ()


@pytest.mark.parametrize(
    ("gender", "registered", "expected"),
    [
        (Gender.FEMALE, UNKNOWN, ()),
        (Gender.MALE, UNKNOWN, (SEX,)),
        (Gender.MALE, Sex.FEMALE, ()),
        (Gender.FEMALE, Sex.MALE, (SEX,)),
        (Gender.MALE, None, ()),
    ],
)
def test_the_registered_sex_is_compared_or_else_the_gender(
    gender: Gender, registered: Fact[Sex], expected: tuple[NumberWarning, ...]
) -> None:
    assert warnings(gender=gender, registered_sex=registered) == expected


def test_every_number_of_a_file_is_looked_at_in_its_order() -> None:
    numbers = (HealthNumber("CA-ON", "1234567020"), HIS, HERS)
    assert warnings(health_numbers=numbers, birth_date=date(2004, 12, 20)) == (
        BIRTH_DATE,
        SEX,
        BIRTH_DATE,
    )


@pytest.mark.parametrize("issuers", [Issuers(), Issuers([SHIPPED_ISSUERS["CA-AB"]])])
def test_a_number_of_an_issuer_that_is_not_registered_says_nothing(issuers: Issuers) -> None:
    wrong = a_file(names=(PersonName("Zoé", "Roy"),), birth_date=TODAY)
    assert number_warnings(wrong, today=TODAY, issuers=issuers) == ()
    assert len(number_warnings(wrong, today=TODAY, issuers=Issuers([QUEBEC]))) == 2


def test_a_number_that_codes_no_day_up_to_today_says_its_letters_only() -> None:
    assert number_warnings(a_file(birth_date=TODAY), today=date(2004, 12, 18)) == ()
    with pytest.raises(InvalidValue):
        number_warnings(a_file(), today=datetime(2026, 11, 23))  # noqa: DTZ001


def test_a_warning_holds_no_value() -> None:
    (warning, _) = warnings(names=(PersonName("Zoé", "Roy"),), birth_date=TODAY)
    assert repr(warning).count("TREM") == 0
    assert {"code", "issuer"} == set(NumberWarning.__slots__) - {"__weakref__"}  # type: ignore[attr-defined]


# ------------------------------------------------------------------------- and nothing else --


@given(letters, letters, st.sampled_from(Gender), st.dates(date(1900, 1, 1), TODAY))
def test_a_number_that_differs_from_the_rest_of_the_form_is_no_problem(
    first: str, last: str, gender: Gender, born: date
) -> None:
    """R11."""
    form = IdentityForm(
        first_name=first,
        last_name=last,
        birth_date=born,
        gender=gender.value,
        email="marie@example.org",
        health_number="TREM 0462 1918",
        acting_for="parent",
    )
    rules = EntryRules(region="CA", issuer="CA-QC", self_minimum_age=14)
    read = form.parse(rules, today=TODAY)
    assert isinstance(read, Identity)
    assert read.health_number == HERS
