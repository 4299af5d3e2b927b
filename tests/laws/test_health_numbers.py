"""Laws, published vectors and examples of health numbers."""

from datetime import date, datetime

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from omnibook.errors import InvalidValue
from omnibook.facts import Sex
from omnibook.health_numbers import (
    ONTARIO,
    QUEBEC,
    SHIPPED_ISSUERS,
    CheckLevel,
    DecodedNumber,
    HealthNumber,
    Issuer,
    Issuers,
    compact,
    decode_health_number,
    format_health_number,
    parse_health_number,
)
from omnibook.problems import Problem, ProblemCode

TODAY = date(2026, 11, 23)
# RAMQ's published numbers, and what they code.
VECTORS = [
    ("TREM04121925", date(2004, 12, 19), Sex.MALE),
    ("TREM04621918", date(2004, 12, 19), Sex.FEMALE),
    ("TEST54122816", date(1954, 12, 28), Sex.MALE),
]
# Letters that the check digit cannot tell apart.
GROUPS = ["ANZ", "BO", "CP", "DQS", "ERT", "FU", "GJV", "HKW", "ILX", "MY"]

any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=50),
    st.text(st.sampled_from("TREM0123456789 -.–\u2212\u00a0\u200btremſıＴ"), max_size=20),
    st.from_regex(r"[A-Z]{4}[0-9]{2}[0-16][0-9]{3}[1-9A-Z][0-9]", fullmatch=True),
)
any_object = st.one_of(
    st.none(), st.booleans(), st.integers(), st.binary(), st.lists(any_text), any_text
)
letters = st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), min_size=4, max_size=4)
sequences = st.sampled_from("123456789ABCDEFGHJKLMNPQRSTUVWXYZ")


def decoded(value: str, today: date = TODAY) -> DecodedNumber | None:
    return decode_health_number(HealthNumber("CA-QC", value), today)


def is_valid(typed: object, issuer: str = "CA-QC") -> bool:
    return isinstance(parse_health_number(typed, issuer=issuer), HealthNumber)


def quebec_numbers(stem: str, born: date, sex: Sex, sequence: str) -> list[str]:
    """The ten numbers that differ in their check digit only."""
    month = born.month + (50 if sex is Sex.FEMALE else 0)
    body = f"{stem}{born.year % 100:02}{month:02}{born.day:02}{sequence}"
    return [f"{body}{digit}" for digit in range(10)]


# ------------------------------------------------------------------------------------- laws --


@given(any_object, st.one_of(any_object, st.sampled_from(list(SHIPPED_ISSUERS))))
def test_any_typed_number_is_read_or_is_one_problem(typed: object, issuer: object) -> None:
    """R11."""
    read = parse_health_number(typed, issuer=issuer, today=TODAY)
    assert isinstance(read, HealthNumber | Problem)


@given(any_text)
@example("e-\u0301")
def test_compacting_what_is_compact_changes_nothing(typed: str) -> None:
    assert compact(compact(typed)) == compact(typed)


@given(st.one_of(any_text, st.sampled_from([number for number, _, _ in VECTORS])))
def test_a_number_read_and_formatted_is_read_as_the_same(typed: str) -> None:
    """R4."""
    for issuer in SHIPPED_ISSUERS:
        read = parse_health_number(typed, issuer=issuer)
        if isinstance(read, HealthNumber):
            again = parse_health_number(format_health_number(read), issuer=issuer)
            assert again == read
            assert isinstance(again, HealthNumber)
            assert again.version == read.version


@given(st.sampled_from([number for number, _, _ in VECTORS]), st.data())
def test_blanks_hyphens_case_and_width_do_not_matter(number: str, data: st.DataObject) -> None:
    """R5."""
    written = number
    for _ in range(3):
        at = data.draw(st.integers(0, len(written)))
        written = (
            written[:at] + data.draw(st.sampled_from(" -.–\u2011\u2212\u00a0\u200b")) + written[at:]
        )
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number)
    for typed in (written, written.lower(), wide, wide.lower()):
        assert parse_health_number(typed, issuer="CA-QC") == HealthNumber("CA-QC", number)


@given(letters, st.dates(date(1897, 1, 1), TODAY), st.sampled_from(Sex), sequences)
@example("TREM", date(2000, 2, 29), Sex.FEMALE, "Z")
@example("TREM", date(1904, 2, 29), Sex.FEMALE, "1")
def test_a_birth_date_and_sex_are_decoded_from_one_check_digit_only(
    stem: str, born: date, sex: Sex, sequence: str
) -> None:
    expected = DecodedNumber(born, sex)
    hits = [
        number
        for number in quebec_numbers(stem, born, sex, sequence)
        if decoded(number) == expected
    ]
    assert len(hits) == 1
    assert is_valid(hits[0])


@given(letters, st.dates(date(1897, 1, 1), TODAY), st.sampled_from(Sex), sequences)
def test_a_check_digit_is_right_for_one_century_at_most(
    stem: str, born: date, sex: Sex, sequence: str
) -> None:
    numbers = quebec_numbers(stem, born, sex, sequence)
    births = [read.birth_date for number in numbers if (read := QUEBEC.decode(number, TODAY))]  # type: ignore[misc]
    assert len(births) == len({birth.year for birth in births}) <= 3
    assert sum(map(is_valid, numbers)) in {1, 2, 3}


@given(st.sampled_from(VECTORS), st.integers(0, 3), st.data())
def test_the_check_digit_cannot_tell_letters_of_one_group_apart(
    vector: tuple[str, date, Sex], position: int, data: st.DataObject
) -> None:
    # The number is weak: a documented limit, and a check on the weights.
    number, born, sex = vector
    group = next(group for group in GROUPS if number[position] in group)
    swapped = number[:position] + data.draw(st.sampled_from(group)) + number[position + 1 :]
    assert decoded(swapped) == DecodedNumber(born, sex)


@given(st.sampled_from([number for number, _, _ in VECTORS]), st.data())
def test_another_check_digit_never_codes_the_same_date(number: str, data: st.DataObject) -> None:
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[-1]]))
    assert decoded(number[:-1] + wrong) != decoded(number)


@given(st.integers(10**8, 10**9 - 1))
def test_one_check_digit_in_ten_is_ontarios(body: int) -> None:
    assert sum(is_valid(f"{body}{digit}", "CA-ON") for digit in range(10)) == 1


@given(st.integers(10**8, 10**9 - 1), st.integers(0, 8), st.integers(1, 9))
def test_a_wrong_digit_in_an_ontario_number_is_always_noticed(
    body: int, at: int, step: int
) -> None:
    number = next(n for digit in range(10) if is_valid(n := f"{body}{digit}", "CA-ON"))
    wrong = number[:at] + str((int(number[at]) + step) % 10) + number[at + 1 :]
    assert not is_valid(wrong, "CA-ON")


@given(
    st.sampled_from(["1234567020", "9876543217"]),
    st.sampled_from([None, "A", "AB"]),
    st.sampled_from([None, "C", "YZ"]),
)
def test_the_version_code_is_no_part_of_the_identity(
    value: str, version: str | None, other: str | None
) -> None:
    """R6."""
    one = HealthNumber("CA-ON", value, version=version)
    another = HealthNumber("CA-ON", value, version=other)
    assert one == another
    assert hash(one) == hash(another)


@given(st.text(st.sampled_from("ABCDEFGHJ0123456789"), min_size=6, max_size=12))
def test_no_number_shows_in_a_repr(value: str) -> None:
    number = HealthNumber("CA-QC", value, version="ZZ")
    assert repr(number) == str(number) == "HealthNumber(issuer='CA-QC')"
    assert repr(DecodedNumber(TODAY, Sex.MALE)) == "DecodedNumber()"


def test_letters_outside_ascii_never_become_letters_of_a_number() -> None:
    assert compact("tremßı") == "TREMßı"


# ----------------------------------------------------------------------------------- Québec --


@pytest.mark.parametrize(("number", "born", "sex"), VECTORS)
def test_a_published_number_is_valid_and_codes_what_was_published(
    number: str, born: date, sex: Sex
) -> None:
    """R4."""
    assert parse_health_number(number, issuer="CA-QC") == HealthNumber("CA-QC", number)
    read = decoded(number)
    assert read == DecodedNumber(born, sex)
    assert isinstance(read, DecodedNumber)
    assert (read.birth_date, read.sex) == (born, sex)


@pytest.mark.parametrize(
    "typed", ["TREM 0462 1918", "trem-0462-1918", " Trem04621918\n", "TREM.0462.1918"]
)
def test_a_typed_number_is_kept_compact_and_shown_in_groups(typed: str) -> None:
    """R4."""
    read = parse_health_number(typed, issuer="CA-QC")
    assert isinstance(read, HealthNumber)
    assert (read.issuer, read.value, read.version) == ("CA-QC", "TREM04621918", None)
    assert format_health_number(read) == "TREM 0462 1918"


@pytest.mark.parametrize(
    "typed",
    [
        "TREM04621919",
        "TREM04621917",
        "TREM0462191",
        "TREM046219188",
        "TRE004621918",
        "TREM04131925",
        "TREM04001925",
        "TREM04501925",
        "TREM04631925",
        "TREM04121900",
        "TREM04123225",
        "TREM041219O5",
        "TREM041219I5",
        "TREM0412190\u0665",
        "TREM\u0660\u0664121925",
        "TREM０４12192５5",
        "ŤREM04121925",
        "ſREM04121925",
        "TREM04121925AB",
        "1234567020",
        "🙂",
        "--- ---",
        ".",
    ],
)
def test_a_number_that_quebec_cannot_have_issued_is_malformed(typed: str) -> None:
    """R11."""
    problem = Problem(ProblemCode.HEALTH_NUMBER_MALFORMED, "health_number", {"issuer": "CA-QC"})
    assert parse_health_number(typed, issuer="CA-QC") == problem


def test_a_day_that_never_was_is_not_coded() -> None:
    # 1900-02-29 never was; 2000-02-29 was. Of ten check digits only 20xx's is right.
    numbers = [f"TREM0002291{digit}" for digit in range(10)]
    assert [number for number in numbers if is_valid(number)] == [
        number
        for number in numbers
        if decoded(number) == DecodedNumber(date(2000, 2, 29), Sex.MALE)
    ]
    assert sum(map(is_valid, numbers)) == 1
    assert not any(is_valid(f"TREM0102291{digit}") for digit in range(10))


def test_a_month_code_is_a_month_or_fifty_more() -> None:
    months = {
        month
        for month in range(100)
        if any(is_valid(f"TREM04{month:02}191{digit}") for digit in range(10))
    }
    assert months == {*range(1, 13), *range(51, 63)}


def test_the_sequence_is_a_digit_but_zero_or_a_letter_but_i_and_o() -> None:
    used = {
        character
        for character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        if any(is_valid(f"TREM041219{character}{digit}") for digit in range(10))
    }
    assert used == set("123456789ABCDEFGHJKLMNPQRSTUVWXYZ")


def test_a_number_dated_after_today_is_malformed_and_codes_nothing() -> None:
    """R11."""
    eve, birthday = date(2004, 12, 18), date(2004, 12, 19)
    assert decoded("TREM04121925", birthday) is not None
    assert decoded("TREM04121925", eve) is None
    assert isinstance(
        parse_health_number("TREM04121925", issuer="CA-QC", today=birthday), HealthNumber
    )
    refused = parse_health_number("TREM04121925", issuer="CA-QC", today=eve)
    assert isinstance(refused, Problem)
    assert refused.code is ProblemCode.HEALTH_NUMBER_MALFORMED


def test_a_number_dated_over_a_hundred_and_thirty_years_ago_codes_nothing() -> None:
    """R11."""
    born = next(
        born
        for number in quebec_numbers("TREM", date(1896, 11, 23), Sex.MALE, "1")
        if (born := decoded(number)) and born.birth_date == date(1896, 11, 23)
    )
    number = next(
        number
        for number in quebec_numbers("TREM", date(1896, 11, 23), Sex.MALE, "1")
        if decoded(number) == born
    )
    assert decoded(number, date(2026, 11, 24)) is None
    assert isinstance(parse_health_number(number, issuer="CA-QC"), HealthNumber)
    assert isinstance(
        parse_health_number(number, issuer="CA-QC", today=date(2026, 11, 24)), Problem
    )


def test_a_number_of_another_form_codes_nothing() -> None:
    assert decoded("TREM04621919") is None
    assert decoded("1234567020") is None
    assert decode_health_number(HealthNumber("CA-ON", "1234567020"), TODAY) is None
    assert decode_health_number(HealthNumber("XX-YY", "TREM04621918"), TODAY) is None


def test_today_is_a_date_and_no_datetime() -> None:
    now = datetime(2026, 11, 23)  # noqa: DTZ001 (the wrong type is what is tested)
    with pytest.raises(InvalidValue):
        decoded("TREM04121925", now)
    with pytest.raises(InvalidValue):
        parse_health_number("TREM04121925", issuer="CA-QC", today=now)


# ---------------------------------------------------------------------------------- Ontario --


@pytest.mark.parametrize("typed", ["1234567020", "9876543217", "9401141925", "6317048459"])
def test_a_published_ontario_number_is_valid(typed: str) -> None:
    """R4."""
    read = parse_health_number(typed, issuer="CA-ON", today=TODAY)
    assert read == HealthNumber("CA-ON", typed)


@pytest.mark.parametrize(
    ("typed", "version"),
    [
        ("1234 567 020", None),
        ("1234-567-020 A", "A"),
        ("1234 567 020 - ab", "AB"),
        ("1234567020ＡＢ", "AB"),
    ],
)
def test_an_ontario_version_code_is_kept_apart(typed: str, version: str | None) -> None:
    """R4."""
    read = parse_health_number(typed, issuer="CA-ON")
    assert isinstance(read, HealthNumber)
    assert (read.value, read.version) == ("1234567020", version)
    expected = "1234 567 020" if version is None else f"1234 567 020 {version}"
    assert format_health_number(read) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "9876543210",
        "0234567029",
        "0000000000",
        "123456702",
        "12345670201",
        "1234567020ABC",
        "1234567020A1",
        "A1234567020",
        "١234567020",
        "TREM04621918",
    ],
)
def test_a_number_that_ontario_cannot_have_issued_is_malformed(typed: str) -> None:
    """R11."""
    problem = Problem(ProblemCode.HEALTH_NUMBER_MALFORMED, "health_number", {"issuer": "CA-ON"})
    assert parse_health_number(typed, issuer="CA-ON") == problem


# --------------------------------------------------------------------------------- problems --


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (None, ProblemCode.MISSING),
        (" ", ProblemCode.MISSING),
        (4621918, ProblemCode.WRONG_TYPE),
        ("T" * 41, ProblemCode.TOO_LONG),
        ("T" * 10_000, ProblemCode.TOO_LONG),
        ("TREM\x0004621918", ProblemCode.CONTROL_CHARACTERS),
        ("TREM\ud80004621918", ProblemCode.CONTROL_CHARACTERS),
    ],
)
@pytest.mark.parametrize("issuer", ["CA-QC", "XX-YY"])
def test_a_typed_number_has_the_problems_of_any_text(
    typed: object, code: ProblemCode, issuer: str
) -> None:
    """R11."""
    read = parse_health_number(typed, issuer=issuer)
    assert isinstance(read, Problem)
    assert (read.code, read.field) == (code, "health_number")


@pytest.mark.parametrize("issuer", ["XX-YY", "ca-qc", "", None, 7, [], "CA-QC "])
def test_an_issuer_that_is_not_registered_is_unknown(issuer: object) -> None:
    """R11."""
    read = parse_health_number("TREM04621918", issuer=issuer)
    assert read == Problem(ProblemCode.HEALTH_NUMBER_ISSUER_UNKNOWN, "health_number_issuer")


# --------------------------------------------------------------------------------- registry --

HOUSE = Issuer(
    code="XX-HOUSE",
    name="A clinic's own",
    system="https://example.org/numbers",
    level=CheckLevel.FORMAT,
    validate=lambda number: len(number) == 9 and number.isdecimal(),
    format=lambda number: f"{number[:5]}-{number[5:]}",
)


def test_a_host_adds_an_issuer_without_touching_the_shipped_registry() -> None:
    """R4."""
    wider = SHIPPED_ISSUERS.adding(HOUSE)
    assert list(wider) == [*SHIPPED_ISSUERS, "XX-HOUSE"]
    assert "XX-HOUSE" not in SHIPPED_ISSUERS
    read = parse_health_number("12345 6789", issuer="XX-HOUSE", issuers=wider, today=TODAY)
    assert read == HealthNumber("XX-HOUSE", "123456789")
    assert isinstance(read, HealthNumber)
    assert format_health_number(read, wider) == "12345-6789"
    assert decode_health_number(read, TODAY, wider) is None
    assert format_health_number(read) == "123456789"


def test_an_issuer_that_validates_anything_still_gets_capitals_and_digits_only() -> None:
    """R11: so that a number of ours need not think of other scripts."""
    lax = Issuers((evolve(HOUSE, validate=lambda number: True, format=str),))
    for typed in ("٤٦٢١٩١٨", "12/34", "é", "—"):
        read = parse_health_number(typed, issuer="XX-HOUSE", issuers=lax)
        assert isinstance(read, Problem)
        assert read.code is ProblemCode.HEALTH_NUMBER_MALFORMED


def test_adding_an_issuer_again_replaces_it() -> None:
    other = Issuers((HOUSE, QUEBEC)).adding(HOUSE)
    assert list(other.values()) == [QUEBEC, HOUSE]
    assert other == Issuers([QUEBEC, HOUSE])
    assert len(other) == 2


def test_a_registry_is_a_mapping_that_shows_its_codes() -> None:
    assert SHIPPED_ISSUERS["CA-QC"] is QUEBEC
    assert SHIPPED_ISSUERS["CA-ON"] is ONTARIO
    assert "XX-HOUSE" not in SHIPPED_ISSUERS
    assert hash(SHIPPED_ISSUERS) == hash(Issuers(SHIPPED_ISSUERS.values()))
    assert repr(Issuers((QUEBEC, ONTARIO))) == "Issuers(CA-QC, CA-ON)"
    assert repr(Issuers()) == "Issuers()"


def test_two_issuers_with_one_code_make_no_registry() -> None:
    with pytest.raises(InvalidValue):
        Issuers((QUEBEC, QUEBEC))


@pytest.mark.parametrize("code", ["", "ca-ab", "CA AB", None, "A" * 33])
def test_an_issuer_needs_a_code(code: object) -> None:
    with pytest.raises(InvalidValue):
        Issuer(
            code=code,  # type: ignore[arg-type]
            name="Alberta Health",
            system="https://example.org",
            level=CheckLevel.FORMAT,
            validate=str.isdecimal,
            format=str,
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "ca-qc"},
        {"issuer": None},
        {"value": "TREM 0462 1918"},
        {"value": "trem04621918"},
        {"value": "٤٦٢١٩١٨"},
        {"value": ""},
        {"value": "TREM04621918\n"},
        {"value": 4621918},
        {"value": "4621918" * 6},
        {"version": ""},
        {"version": "zz"},
        {"version": 77},
    ],
)
def test_a_number_that_is_not_compact_cannot_be_built_and_is_not_repeated(
    wrong: dict[str, object],
) -> None:
    parts: dict[str, object] = {"issuer": "CA-QC", "value": "TREM04621918", **wrong}
    with pytest.raises(InvalidValue) as raised:
        HealthNumber(**parts)  # type: ignore[arg-type]
    assert "4621918" not in str(raised.value)
    assert "77" not in str(raised.value)
