"""Laws of every shipped issuer, and the published numbers of those besides Québec and Ontario."""

import string
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from omnibook.canadian_numbers import BESIDES_QUEBEC, BRITISH_COLUMBIA
from omnibook.health_issuers import CheckLevel, Issuer
from omnibook.health_numbers import (
    SHIPPED_ISSUERS,
    HealthNumber,
    decode_health_number,
    format_health_number,
    parse_health_number,
)
from omnibook.problems import Problem, ProblemCode

TODAY = date(2026, 11, 23)
ROOT = "https://fhir.infoway-inforoute.ca/NamingSystem/"

# Numbers that are valid, one for each way of writing them; invented where no check digit is known.
VALID = {
    "CA-QC": ["TREM04121925", "TREM04621918", "TEST54122816"],
    "CA-ON": ["1234567020", "9876543217", "9401141925", "6317048459"],
    "CA-BC": ["9735353315", "9698658215", "9291417779"],
    "CA-AB": ["123456789", "900000000"],
    "CA-SK": ["012345678"],
    "CA-MB": ["012345678"],
    "CA-NB": ["012345678"],
    "CA-NS": ["0123456789"],
    "CA-PE": ["01234567", "012345678"],
    "CA-NL": ["012345678901"],
    "CA-YT": ["012345678"],
    "CA-NT": ["H1234567", "N0000000", "Z9999999"],
    "CA-NU": ["100000000", "123456789"],
}
PAIRS = [(code, number) for code, numbers in VALID.items() for number in numbers]

issuers = st.sampled_from(list(SHIPPED_ISSUERS.values()))
any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=50),
    st.text(st.sampled_from(string.ascii_uppercase + string.digits), max_size=14),
    st.text(st.sampled_from(string.digits), min_size=8, max_size=12),
    st.text(st.sampled_from("0123456789 -.–\u2212\u00a0\u200bHhＨ０٠²"), max_size=16),
)


def is_valid(issuer: str, typed: str) -> bool:
    return isinstance(parse_health_number(typed, issuer=issuer), HealthNumber)


# ------------------------------------------------------------------------------------- laws --


@given(issuers, any_text)
@example(BRITISH_COLUMBIA, "9²34567890")
def test_no_function_of_an_issuer_raises_over_any_text(issuer: Issuer, text: str) -> None:
    """R11."""
    compacted = issuer.compact(text)
    value, version = issuer.split(compacted)
    assert value + (version or "") == compacted
    assert issuer.validate(text) in {True, False}
    assert isinstance(issuer.format(text), str)
    if issuer.decode is not None:
        issuer.decode(text, TODAY)
    if issuer.agrees is not None:
        assert issuer.agrees(text, text, text) in {True, False, None}


@given(issuers, any_text)
def test_compacting_is_idempotent_for_every_issuer(issuer: Issuer, text: str) -> None:
    assert issuer.compact(issuer.compact(text)) == issuer.compact(text)


@given(issuers, st.one_of(any_text, st.sampled_from([number for _, number in PAIRS])))
def test_a_valid_number_is_read_back_from_how_it_is_shown(issuer: Issuer, text: str) -> None:
    read = parse_health_number(text, issuer=issuer.code)
    if isinstance(read, HealthNumber):
        again = parse_health_number(format_health_number(read), issuer=issuer.code)
        assert again == read
        assert isinstance(again, HealthNumber)
        assert again.version == read.version
        assert issuer.validate(read.value)


@given(st.sampled_from(PAIRS), st.sampled_from(PAIRS), st.sampled_from(PAIRS))
def test_equality_of_numbers_is_an_equivalence_on_issuer_and_value(
    a: tuple[str, str], b: tuple[str, str], c: tuple[str, str]
) -> None:
    """R6: a number of another issuer is another number, however alike."""
    one, two, three = (HealthNumber(*pair, version=None) for pair in (a, b, c))
    assert one == HealthNumber(*a, version="AB")
    assert (one == two) == (two == one) == (a == b)
    if one == two and two == three:
        assert one == three
        assert hash(one) == hash(three)


@given(st.sampled_from(PAIRS))
def test_two_issuers_with_the_same_digits_make_two_numbers(pair: tuple[str, str]) -> None:
    """R6."""
    for issuer in SHIPPED_ISSUERS:
        assert (HealthNumber(issuer, pair[1]) == HealthNumber(*pair)) == (issuer == pair[0])


# -------------------------------------------------------------------------- published numbers --


@pytest.mark.parametrize(("issuer", "number"), PAIRS)
def test_a_number_of_an_issuers_form_is_read(issuer: str, number: str) -> None:
    """R4."""
    read = parse_health_number(f" {number[:3]}-{number[3:].lower()}", issuer=issuer, today=TODAY)
    assert read == HealthNumber(issuer, number)


@pytest.mark.parametrize(
    ("issuer", "typed"),
    [
        ("CA-BC", "9100000030"),
        ("CA-BC", "9735353316"),
        ("CA-BC", "8735353315"),
        ("CA-BC", "973535331"),
        ("CA-BC", "97353533150"),
        ("CA-AB", "012345678"),
        ("CA-AB", "12345678"),
        ("CA-AB", "1234567890"),
        ("CA-SK", "12345678"),
        ("CA-MB", "1234567890"),
        ("CA-NB", "12345678A"),
        ("CA-NS", "123456789"),
        ("CA-PE", "1234567"),
        ("CA-PE", "1234567890"),
        ("CA-NL", "12345678901"),
        ("CA-YT", "١٢٣٤٥٦٧٨٩"),
        ("CA-NT", "12345678"),
        ("CA-NT", "HH123456"),
        ("CA-NT", "É1234567"),
        ("CA-NT", "H12345678"),
        ("CA-NU", "223456789"),
        ("CA-NU", "1234567890"),
    ],
)
def test_a_number_that_the_issuer_cannot_have_issued_is_malformed(issuer: str, typed: str) -> None:
    """R11."""
    problem = Problem(ProblemCode.HEALTH_NUMBER_MALFORMED, "health_number", {"issuer": issuer})
    assert parse_health_number(typed, issuer=issuer) == problem


@given(st.integers(10_000_000, 99_999_999))
@example(10_000_003)
def test_at_most_one_check_digit_in_ten_is_british_columbias(body: int) -> None:
    # None, where the remainder calls for 10 or 11: such numbers are never issued.
    total = sum(w * int(d) for w, d in zip((2, 4, 8, 5, 10, 9, 7, 3), str(body), strict=True))
    fits = [digit for digit in range(10) if is_valid("CA-BC", f"9{body}{digit}")]
    assert fits == ([] if total % 11 in {0, 1} else [11 - total % 11])


@given(st.sampled_from(VALID["CA-BC"]), st.integers(1, 9), st.integers(1, 9))
def test_a_wrong_digit_in_a_british_columbian_number_is_always_noticed(
    number: str, at: int, step: int
) -> None:
    wrong = number[:at] + str((int(number[at]) + step) % 10) + number[at + 1 :]
    assert not is_valid("CA-BC", wrong)


# ----------------------------------------------------------------------------------- registry --


def test_every_province_and_territory_of_canada_comes_along() -> None:
    """R4."""
    assert set(SHIPPED_ISSUERS) == set(VALID)
    assert next(iter(SHIPPED_ISSUERS)) == "CA-QC"
    assert tuple(SHIPPED_ISSUERS.values())[1:] == BESIDES_QUEBEC
    assert all(issuer.name for issuer in SHIPPED_ISSUERS.values())


def test_a_check_digit_is_enforced_only_where_one_is_published() -> None:
    checked = {
        code for code, issuer in SHIPPED_ISSUERS.items() if issuer.level is CheckLevel.CHECK_DIGIT
    }
    assert checked == {"CA-QC", "CA-ON", "CA-BC"}
    # Any last digit will do for the others.
    for code in set(VALID) - checked:
        assert all(is_valid(code, VALID[code][0][:-1] + digit) for digit in string.digits)


def test_every_issuer_has_its_system_of_the_canadian_baseline() -> None:
    for code, issuer in SHIPPED_ISSUERS.items():
        end = "ca-on-patient-hcn" if code == "CA-ON" else f"{code.lower()}-patient-healthcare-id"
        assert issuer.system == ROOT + end


@pytest.mark.parametrize(
    ("issuer", "number", "shown"),
    [
        ("CA-BC", "9735353315", "9735 353 315"),
        ("CA-AB", "123456789", "12345-6789"),
        ("CA-SK", "123456789", "123 456 789"),
        ("CA-NS", "1234567890", "1234 567 890"),
        ("CA-PE", "12345678", "1234 5678"),
        ("CA-PE", "123456789", "1234 56789"),
        ("CA-NL", "123456789012", "123 456 789 012"),
        ("CA-NT", "H1234567", "H 1234567"),
        ("CA-NU", "123456789", "123 456 789"),
    ],
)
def test_a_number_is_shown_in_groups(issuer: str, number: str, shown: str) -> None:
    assert format_health_number(HealthNumber(issuer, number)) == shown


@pytest.mark.parametrize(("issuer", "number"), PAIRS)
def test_only_quebecs_numbers_say_something_of_their_holder(issuer: str, number: str) -> None:
    decoded = decode_health_number(HealthNumber(issuer, number), TODAY)
    assert (decoded is not None) == (issuer == "CA-QC")
    assert (SHIPPED_ISSUERS[issuer].agrees is not None) == (issuer == "CA-QC")
