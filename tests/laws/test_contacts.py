"""Laws and examples of phone numbers and e-mail addresses."""

import unicodedata

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from omnibook.contacts import (
    ContactPoint,
    ContactSystem,
    is_phone_region,
    parse_cell_phone,
    parse_email,
    read_stored_contact,
)
from omnibook.errors import InvalidValue
from omnibook.problems import Problem, ProblemCode

any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.text(
        st.sampled_from("+()-./ 0123456789x#,;@poste.org\u202d\u2011\uff11\u0661"), max_size=50
    ),
    st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=20)),
    st.builds("{}@example.{}".format, st.text(max_size=20), st.sampled_from(["org", "com"])),
)
any_object = st.one_of(
    st.none(), st.booleans(), st.integers(), st.binary(), st.lists(any_text), any_text
)
cell_phones = st.integers(0, 99).map(lambda last: f"514 555-01{last:02}")
local_parts = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEÉéß0123456789+_-"), min_size=1
)
addresses = st.builds("{}@{}".format, local_parts, st.sampled_from(["example.org", "Example.COM"]))


def phone(text: object, region: str = "CA") -> str:
    read = parse_cell_phone(text, region=region)
    assert isinstance(read, ContactPoint), read.code
    assert (read.system, read.rank, read.verified, read.current) == (
        ContactSystem.PHONE,
        1,
        True,
        True,
    )
    return read.value


def email(text: object) -> ContactPoint:
    read = parse_email(text)
    assert isinstance(read, ContactPoint), read.code
    assert (read.system, read.rank, read.verified, read.current) == (
        ContactSystem.EMAIL,
        1,
        True,
        True,
    )
    return read


def phone_problem(text: object, region: str = "CA") -> ProblemCode:
    read = parse_cell_phone(text, region=region)
    assert isinstance(read, Problem)
    assert read.field == "cell_phone"
    return read.code


def email_problem(text: object) -> ProblemCode:
    read = parse_email(text)
    assert isinstance(read, Problem)
    assert read.field == "email"
    return read.code


def stored(system: ContactSystem, text: object, region: str = "CA") -> str | None:
    point = read_stored_contact(system, text, region=region, rank=2, verified=False, current=False)
    if point is None:
        return None
    assert (point.system, point.rank, point.verified, point.current) == (system, 2, False, False)
    return point.value


# ------------------------------------------------------------------------------------- laws --


@given(any_object)
def test_any_typed_contact_is_read_or_is_one_problem(typed: object) -> None:
    """R11."""
    for read in (parse_cell_phone(typed, region="CA"), parse_email(typed)):
        assert isinstance(read, ContactPoint | Problem)
    for system in ContactSystem:
        point = read_stored_contact(system, typed, region="CA", rank=1)
        assert point is None or point.system is system


@given(st.one_of(cell_phones, any_text))
@example("+(1) 514/555.0123")
def test_reading_a_canonical_phone_changes_nothing(typed: str) -> None:
    read = parse_cell_phone(typed, region="CA")
    if isinstance(read, ContactPoint):
        assert parse_cell_phone(read.value, region="FR") == read
        assert read_stored_contact(read.system, typed, region="CA", rank=1) == read
        assert read_stored_contact(read.system, read.value, region="FR", rank=1) == read


@given(st.one_of(addresses, any_text))
@example("ß@bücher.example.com")
@example("a@faß.example.org")
@example("a@Ⅷ.example.org")
def test_reading_a_normalised_address_changes_nothing(typed: str) -> None:
    read = parse_email(typed)
    if isinstance(read, ContactPoint):
        assert parse_email(read.value) == read
        assert read_stored_contact(read.system, typed, region="CA", rank=1) == read


@given(local_parts)
def test_the_key_of_an_address_does_not_depend_on_case_or_composition(local: str) -> None:
    """R5."""
    keys = {
        email(f"{written}@{domain}").match_key
        for written in (local, local.swapcase(), unicodedata.normalize("NFD", local))
        for domain in ("example.org", "EXAMPLE.ORG")
    }
    assert len(keys) == 1


@given(addresses, addresses)
def test_two_addresses_with_one_key_differ_in_case_only(a: str, b: str) -> None:
    """R5: no plus or dot folding."""
    same = unicodedata.normalize("NFC", a).casefold() == unicodedata.normalize("NFC", b).casefold()
    assert (email(a).match_key == email(b).match_key) == same


@given(cell_phones, st.integers(1, 9), st.booleans(), st.booleans())
def test_a_key_knows_the_system_and_value_only(
    typed: str, rank: int, verified: bool, current: bool
) -> None:
    point = ContactPoint(system=ContactSystem.PHONE, value=phone(typed))
    other = evolve(point, rank=rank, verified=verified, current=current)
    assert other.match_key == point.match_key


@given(st.one_of(cell_phones, addresses))
def test_no_contact_shows_in_a_repr(typed: str) -> None:
    point = (
        email(typed)
        if "@" in typed
        else ContactPoint(system=ContactSystem.PHONE, value=phone(typed))
    )
    for shown in (repr(point), str(point), f"{point}"):
        assert point.value not in shown
        assert point.match_key not in shown
        assert shown.startswith("ContactPoint(system=")


@given(any_object, st.sampled_from(ContactSystem))
def test_a_contact_point_is_canonical_or_cannot_be_built(
    value: object, system: ContactSystem
) -> None:
    try:
        point = ContactPoint(system=system, value=value)  # type: ignore[arg-type]
    except InvalidValue:
        return
    assert unicodedata.is_normalized("NFC", point.value)
    assert not any(character.isspace() for character in point.value)


# ----------------------------------------------------------------------------------- phones --


@pytest.mark.parametrize(
    "typed",
    [
        "514 555-0123",
        "5145550123",
        "(514) 555-0123",
        "514.555.0123",
        "514/555-0123",
        "1 514 555 0123",
        "1-514-555-0123",
        "+1 514 555-0123",
        "(+1) 514 555-0123",
        "+1 (514) 555-0123",
        " 514 555-0123\n",
        "514\u00a0555\u20110123",
        "514 555\u22120123",
        "\u202d514 555-0123\u202c",
        "514\u2060555\u200b0123",
        "５１４ ５５５ ０１２３",
        "011 1 514 555 0123",
    ],
)
def test_a_cell_phone_is_read_however_it_is_written(typed: str) -> None:
    """R3, R11."""
    assert phone(typed) == "+15145550123"
    point = ContactPoint(system=ContactSystem.PHONE, value="+15145550123")
    assert point.match_key == "phone:+15145550123"


def test_a_cell_phone_of_another_country_is_read() -> None:
    assert phone("+33 6 12 34 56 78") == "+33612345678"
    assert phone("+33 (0)6 12 34 56 78") == "+33612345678"
    assert phone("06 12 34 56 78", region="FR") == "+33612345678"
    assert phone_problem("06 12 34 56 78") is ProblemCode.PHONE_MALFORMED


@pytest.mark.parametrize(
    "typed",
    [
        "514 555-0123 poste 45",
        "514 555-0123, POSTE 45",
        "514-555-0123 x45",
        "514-555-0123x45",
        "514 555-0123 ext. 45",
        "514 555-0123 Extension: 4567",
        "514 555-0123 extn 45",
        "514 555-0123 p. 45",
        "514 555-0123 local 45",
        "514 555-0123 int. 45",
        "514 555-0123 (poste 45)",
        "514 555-0123 #45",
        "514 555-0123 # 45",
        "514 555-0123,45",
        "514 555-0123;ext=45",
        "514 555-0123 ｘ４５",
        "+1 (514) 555-0123 X 45",
    ],
)
def test_a_phone_with_an_extension_is_refused(typed: str) -> None:
    """R11."""
    assert phone_problem(typed) is ProblemCode.PHONE_EXTENSION


@pytest.mark.parametrize(
    "typed",
    [
        "911",
        "555-0123",
        "514 555-012",
        "514 555 0123 4",
        "111 111 1111",
        "710 555 0123",
        "514 555-0123 / 514 555-0124",
        "++15145550123",
        "5145550123+",
        "+",
        "()",
        "poste 45",
        "x45",
        "514_555_0123",
        "tel:+15145550123",
        "٥١٤٥٥٥٠١٢٣",
        "marie@example.org",
        "514 555-0123 🙂",
        "+999 514 555 0123",
    ],
)
def test_what_is_no_phone_number_is_malformed(typed: str) -> None:
    """R11."""
    assert phone_problem(typed) is ProblemCode.PHONE_MALFORMED


@pytest.mark.parametrize(
    "typed",
    [
        "514 555-MILK",
        "(514) 555-MILK",
        "1 800 555 MILK",
        "+1 514 CLINIC1",
        "514 555-0123 x",
        "514 555-0123 poste",
        "514 555-0123 maman",
        "514 555-0123 Hélène",
        "514 555-O123",
        "514 555-ＭＩＬＫ",
        "514 кот-0123",
    ],
)
def test_a_phone_with_letters_is_refused_though_they_could_be_dialled(typed: str) -> None:
    """R11."""
    assert phone_problem(typed) is ProblemCode.PHONE_LETTERS


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("800 555-0123", ProblemCode.PHONE_TOLL_FREE),
        ("1 888 555 0123", ProblemCode.PHONE_TOLL_FREE),
        ("+1 833 555-0123", ProblemCode.PHONE_TOLL_FREE),
        ("+44 808 157 0123", ProblemCode.PHONE_TOLL_FREE),
        ("900 555-0123", ProblemCode.PHONE_PREMIUM_RATE),
        ("+44 909 879 0123", ProblemCode.PHONE_PREMIUM_RATE),
        ("+33 1 42 68 53 00", ProblemCode.PHONE_FIXED_LINE),
        ("+44 20 7946 0123", ProblemCode.PHONE_FIXED_LINE),
        ("+1 600 555 0123", ProblemCode.PHONE_INTERNET),
        ("+1 500 555 0123", ProblemCode.PHONE_NOT_A_CELL_PHONE),
        ("+44 3069 990123", ProblemCode.PHONE_NOT_A_CELL_PHONE),
    ],
)
def test_a_number_that_the_plan_keeps_for_something_else_says_for_what(
    typed: str, code: ProblemCode
) -> None:
    """R11."""
    assert phone_problem(typed) is code


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (None, ProblemCode.MISSING),
        ("  ", ProblemCode.MISSING),
        (5145550123, ProblemCode.WRONG_TYPE),
        ("5" * 41, ProblemCode.TOO_LONG),
        ("5" * 10_000, ProblemCode.TOO_LONG),
        ("\ufdfa" * 3, ProblemCode.TOO_LONG),
        ("514\x00555-0123", ProblemCode.CONTROL_CHARACTERS),
        ("514\t555-0123", ProblemCode.CONTROL_CHARACTERS),
        ("514\ud800555-0123", ProblemCode.CONTROL_CHARACTERS),
    ],
)
def test_a_typed_phone_has_the_problems_of_any_text(typed: object, code: ProblemCode) -> None:
    """R11."""
    assert phone_problem(typed) is code


def test_the_longest_typed_phone_has_forty_characters() -> None:
    assert phone("514" + " " * 30 + "5550123") == "+15145550123"
    too_long = parse_cell_phone("514" + " " * 31 + "5550123", region="CA")
    assert too_long == Problem(ProblemCode.TOO_LONG, "cell_phone", {"limit": 40})
    folded = parse_cell_phone("\ufdfa" * 40, region="CA")
    assert folded == Problem(ProblemCode.TOO_LONG, "cell_phone", {"limit": 40})


@pytest.mark.parametrize("region", ["", "ca", "ZZ", "Canada", "001"])
def test_an_unknown_region_is_misuse(region: str) -> None:
    assert not is_phone_region(region)
    with pytest.raises(InvalidValue):
        parse_cell_phone("514 555-0123", region=region)
    with pytest.raises(InvalidValue):
        read_stored_contact(ContactSystem.PHONE, "514 555-0123", region=region, rank=1)


def test_a_country_is_a_region() -> None:
    assert is_phone_region("CA")
    assert is_phone_region("FR")


# ---------------------------------------------------------------------------------- e-mails --


@pytest.mark.parametrize(
    ("typed", "value", "key"),
    [
        ("marie@example.org", "marie@example.org", "email:marie@example.org"),
        (" Marie@EXAMPLE.org\n", "Marie@example.org", "email:marie@example.org"),
        (
            "Marie.T+clinic@example.com",
            "Marie.T+clinic@example.com",
            "email:marie.t+clinic@example.com",
        ),
        ("E\u0301mile@example.org", "\u00c9mile@example.org", "email:\u00e9mile@example.org"),
        ("STRASSE@example.org", "STRASSE@example.org", "email:strasse@example.org"),
        ("\u01f0@example.org", "\u01f0@example.org", "email:\u01f0@example.org"),
        ("straße@example.org", "straße@example.org", "email:strasse@example.org"),
        ("a@bücher.example.com", "a@bücher.example.com", "email:a@bücher.example.com"),
        ("a@ＥＸＡＭＰＬＥ．org", "a@example.org", "email:a@example.org"),
        ("\u200ba@example.org\u200e", "a@example.org", "email:a@example.org"),
    ],
)
def test_an_address_is_kept_normalised_and_compared_without_case(
    typed: str, value: str, key: str
) -> None:
    """R5."""
    point = email(typed)
    assert point.value == value
    assert point.match_key == key


@pytest.mark.parametrize(
    "typed",
    [
        "marie",
        "@",
        "@example.org",
        "marie@",
        "marie@example",
        "marie@@example.org",
        "marie@example..org",
        "marie@localhost",
        "marie@clinic.test",
        "marie@clinic.local",
        "marie@clinic.invalid",
        "marie@[127.0.0.1]",
        '"marie t"@example.org',
        "Marie <marie@example.org>",
        "marie@example.org, paul@example.org",
        "marie t@example.org",
        "marie\u200b@example.org",
        "mailto:marie@example.org",
        ".marie@example.org",
        "marie@xn--a.org",
    ],
)
def test_what_is_no_address_is_malformed(typed: str) -> None:
    """R11."""
    assert email_problem(typed) is ProblemCode.EMAIL_MALFORMED


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (None, ProblemCode.MISSING),
        ("", ProblemCode.MISSING),
        (b"marie@example.org", ProblemCode.WRONG_TYPE),
        ("x" * 10_000 + "@example.org", ProblemCode.TOO_LONG),
        ("x" * 243 + "@example.org", ProblemCode.TOO_LONG),
        ("marie\r\nBcc: paul@example.org", ProblemCode.CONTROL_CHARACTERS),
        ("marie\x00@example.org", ProblemCode.CONTROL_CHARACTERS),
        ("marie\ud800@example.org", ProblemCode.CONTROL_CHARACTERS),
    ],
)
def test_a_typed_address_has_the_problems_of_any_text(typed: object, code: ProblemCode) -> None:
    """R11."""
    assert email_problem(typed) is code


def test_the_field_is_the_forms_own_when_none_is_given() -> None:
    assert parse_email("marie") == Problem(ProblemCode.EMAIL_MALFORMED, "email")
    assert parse_cell_phone("911", region="CA") == Problem(
        ProblemCode.PHONE_MALFORMED, "cell_phone"
    )


# ----------------------------------------------------------------------------------- stored --


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("514 555-0123", "+15145550123"),
        ("514 555-0123 poste 45", "+15145550123"),
        ("514 555-0123 #45", "+15145550123"),
        ("514 555-0123 (cell.)", "+15145550123"),
        ("514 555-0123 maman, soir", "+15145550123"),
        ("514 555-0123 ou 514 555-0199", "+15145550123"),
        ("Tél. : 514 555-0123", "+15145550123"),
        ("Tél. : 514 555-0123 poste 45", "+15145550123"),
        ("cell. 2 (maman) : (514) 555-0123, le soir", "+15145550123"),
        ("tel:+1-514-555-0123", "+15145550123"),
        ("CLINIQUE 1 800 555-MILK", "+18005556455"),
        ("(514) 555 0123", "+15145550123"),
        ("1 800 555-MILK", "+18005556455"),
        ("514-555-MILK", "+15145556455"),
        ("800 555-0123", "+18005550123"),
        ("+33 1 42 68 53 00", "+33142685300"),
        ("911", None),
        ("514 555-0123 / 514 555-0199", "+15145550123"),
        ("514/555-0123 / 514 555-0199", None),
        ("aucun", None),
        ("", None),
        (None, None),
        (5145550123, None),
        ("marie@example.org", None),
        ("5" * 10_000, None),
        ("514\x00555-0123", None),
    ],
)
def test_a_stored_phone_is_read_leniently(text: object, value: str | None) -> None:
    assert stored(ContactSystem.PHONE, text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Marie@Example.ORG ", "Marie@example.org"),
        ("Marie T <marie@example.org>", "marie@example.org"),
        ("marie", None),
        ("514 555-0123", None),
        (None, None),
        (b"marie@example.org", None),
        ("x" * 400 + " <marie@example.org>", None),
    ],
)
def test_a_stored_address_is_read_leniently(text: object, value: str | None) -> None:
    assert stored(ContactSystem.EMAIL, text) == value


def test_a_number_too_long_to_be_dialled_from_abroad_is_not_read() -> None:
    # Valid in its own plan, with seventeen digits; E.164 ends at fifteen.
    assert stored(ContactSystem.PHONE, "+49 807049996228303") is None
    assert phone_problem("+49 807049996228303") is ProblemCode.PHONE_MALFORMED


def test_a_stored_contact_is_verified_and_current_unless_said_otherwise() -> None:
    """R8."""
    point = read_stored_contact(ContactSystem.PHONE, "514 555-0123", region="CA", rank=3)
    assert point == ContactPoint(system=ContactSystem.PHONE, value="+15145550123", rank=3)
    assert point.verified
    assert point.current


# ---------------------------------------------------------------------------------- misuse --


@pytest.mark.parametrize(
    "wrong",
    [
        {"system": "phone"},
        {"value": "514 555-0123"},
        {"value": "+0145550123"},
        {"value": "+15145550123 "},
        {"value": "+1514555012345678"},
        {"value": "+١٥١٤٥٥٥٠١٢٣"},
        {"value": "marie@example.org"},
        {"value": None},
        {"system": ContactSystem.EMAIL},
        {"system": ContactSystem.EMAIL, "value": "marie@Example.org"},
        {"system": ContactSystem.EMAIL, "value": "marie t@example.org"},
        {"system": ContactSystem.EMAIL, "value": "marie@example.org\n"},
        {"system": ContactSystem.EMAIL, "value": "e\u0301mile@example.org"},
        {"system": ContactSystem.EMAIL, "value": "marie\u200b@example.org"},
        {"system": ContactSystem.EMAIL, "value": "x" * 243 + "@example.org"},
        {"rank": 0},
        {"rank": -1},
        {"rank": True},
        {"rank": 1.5},
        {"verified": "yes"},
        {"current": 1},
    ],
)
def test_a_contact_point_that_cannot_be_is_refused_without_its_value(
    wrong: dict[str, object],
) -> None:
    parts: dict[str, object] = {"system": ContactSystem.PHONE, "value": "+15145550123", **wrong}
    with pytest.raises(InvalidValue) as raised:
        ContactPoint(**parts)  # type: ignore[arg-type]
    assert "0123" not in str(raised.value)
    assert "example" not in str(raised.value)


def test_the_longest_and_shortest_numbers_of_e164_are_canonical() -> None:
    for value in ("+15145550", "+6834000", "+491234567890123"):
        assert ContactPoint(system=ContactSystem.PHONE, value=value).value == value
