"""The form at *Review*: reason, details and contacts (R11, R23, R32, R42)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.booking_form import (
    DETAILS_LIMIT,
    REASON_LIMIT,
    BookingEntries,
    BookingForm,
    free_text,
)
from omnibook.contacts import ContactSystem
from omnibook.problems import InvalidEntry, Problem, ProblemCode
from support.worlds import email, phone

P = ProblemCode
BOTH = (phone(23), email("marie", rank=2))
VALID = {"reason": "a cough", "details": "since Monday", "cell_phone": "514 555-0145"}
FIELDS = ("reason", "details", "cell_phone", "email")
LIMITS = {"reason": REASON_LIMIT, "details": DETAILS_LIMIT}


def entries(**typed: object) -> BookingEntries:
    read = BookingForm(typed.pop("reason", "a cough"), **typed).parse(BOTH, region="CA")
    assert isinstance(read, BookingEntries), read
    return read


def problems(**typed: object) -> list[tuple[ProblemCode, str]]:
    read = BookingForm(typed.pop("reason", "a cough"), **typed).parse(BOTH, region="CA")
    assert isinstance(read, InvalidEntry), read
    return [(each.code, each.field) for each in read.problems]


any_text = st.text(st.characters(exclude_categories=()), max_size=120)
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(),
    any_text,
    any_text.map(lambda some: some * 100),
    st.lists(any_text, max_size=2),
    st.builds(object),
    st.sampled_from(
        (
            "",
            " \r\n ",
            "\u200b",
            "x" * 10_000,
            "\u0301" * 10_000,
            "\ud800",
            "a\x00b",
            "ａｂ",
            "a\r\nb",
            "a\rb",
        )
    ),
)


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, anything)))
def test_anything_is_read_or_every_problem_is_told_at_once(typed: dict[str, object]) -> None:
    """R11, R23: never raised; one problem of a field, the same whatever the others hold."""
    found = BookingForm(**typed).parse(BOTH, region="CA")
    told = found.problems if isinstance(found, InvalidEntry) else ()
    expected: list[Problem] = []
    for name in FIELDS:
        alone = BookingForm(**{**VALID, "email": None, name: typed[name]}).parse(BOTH, region="CA")
        if isinstance(alone, InvalidEntry):
            expected.extend(alone.problems)
    without_contact = [each for each in told if each.code is P.CONTACT_REQUIRED]
    assert [each for each in told if each not in without_contact] == expected
    assert len({each.field for each in told}) == len(told)
    if isinstance(found, BookingEntries):
        assert found.reason
        assert found.contacts


@given(any_text, st.sampled_from(("reason", "details")))
def test_a_free_text_is_kept_whole_in_nfc_or_refused(typed: str, name: str) -> None:
    """R23: trimmed and composed; nothing within is cut, folded or joined."""
    told: list[Problem] = []
    text = free_text(typed, name, LIMITS[name], told)
    if told:
        assert text == ""
        assert len(told) == 1
        return
    assert unicodedata.is_normalized("NFC", text)
    assert len(text) <= LIMITS[name]
    whole = unicodedata.normalize("NFC", typed.replace("\r\n", "\n"))
    begin = whole.index(text)
    around = whole[:begin] + whole[begin + len(text) :]
    assert all(
        each in "\t\r\n" or unicodedata.category(each) in {"Zs", "Zl", "Zp", "Cf"}
        for each in around
    )
    assert free_text(text, name, LIMITS[name], told) == text
    assert told == []


@pytest.mark.parametrize("name", ["reason", "details"])
@pytest.mark.parametrize("character", ["x", "\u00e9", "e\u0301", "\U0001d4b3", "\u8a9e"])
def test_limits_count_code_points_after_nfc_and_trimming(name: str, character: str) -> None:
    """R23: at most 100 and 500 characters, refused and never cut."""
    limit = LIMITS[name]
    assert limit == {"reason": 100, "details": 500}[name]
    full = character * limit
    read = entries(**{name: f"  {full}\r\n"})
    assert getattr(read, name) == unicodedata.normalize("NFC", full)
    found = BookingForm(**{**VALID, name: full + character}).parse(BOTH, region="CA")
    assert found == InvalidEntry((Problem(P.TOO_LONG, name, {"limit": limit}),))


@pytest.mark.parametrize("blank", [None, "", "   ", "\r\n\t", "\u200b\ufeff", "\u00a0"])
def test_the_reason_is_required_and_details_are_not(blank: object) -> None:
    """R11, R23: what cannot be seen is nothing."""
    assert problems(reason=blank) == [(P.MISSING, "reason")]
    assert entries(details=blank).details == ""


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("typed", [5, 0, False, b"text", ["text"], {"a": 1}, object(), 1.5])
def test_a_value_that_is_no_text_is_of_the_wrong_type(name: str, typed: object) -> None:
    """R11."""
    assert problems(**{name: typed}) == [(P.WRONG_TYPE, name)]


@pytest.mark.parametrize("name", ["reason", "details"])
@pytest.mark.parametrize(
    "typed", ["a\x00b", "a\x07b", "a\x1bb", "\x1ca", "a\ud800", "a\u202eb", "a\rb"]
)
def test_characters_that_nobody_types_are_refused(name: str, typed: str) -> None:
    """R11: a carriage return alone ends no line."""
    assert problems(**{name: typed}) == [(P.CONTROL_CHARACTERS, name)]


def test_a_free_text_may_have_several_lines() -> None:
    """R23: the ends of lines of every browser are one and the same."""
    read = entries(reason="a cough\r\n\r\nat night\n", details="\nsince Monday\nor so")
    assert read.reason == "a cough\n\nat night"
    assert read.details == "since Monday\nor so"


def test_a_very_long_text_of_combining_marks_is_refused_at_once() -> None:
    """R11: before it is normalised, which takes quadratic time."""
    assert problems(reason="a" + "\u0301\u0316" * 500_000) == [(P.TOO_LONG, "reason")]


# Contacts -------------------------------------------------------------------------------------


def test_contacts_left_out_are_those_of_the_identity_form() -> None:
    """R32, R42: each kind by itself; phone first."""
    assert entries().contacts == (phone(23), email("marie", rank=2))
    assert entries(email="m@example.com").contacts == (
        phone(23),
        type(BOTH[1])(system=ContactSystem.EMAIL, value="m@example.com", rank=2),
    )
    assert entries(cell_phone="514 555-0145").contacts == (phone(45), email("marie", rank=2))
    assert [each.rank for each in entries(cell_phone="").contacts] == [1]


@pytest.mark.parametrize("blank", ["", "   ", "\u200b", "\r\n"])
def test_an_emptied_contact_is_removed(blank: str) -> None:
    """R32."""
    assert entries(cell_phone=blank).contacts == (email("marie"),)
    assert entries(email=blank).contacts == (phone(23),)


def test_one_contact_must_be_left() -> None:
    """R3, R32: told together with whatever else is wrong (R11)."""
    assert problems(cell_phone="", email=" ") == [(P.CONTACT_REQUIRED, "cell_phone")]
    assert problems(reason="", cell_phone="", email="") == [
        (P.MISSING, "reason"),
        (P.CONTACT_REQUIRED, "cell_phone"),
    ]
    nothing = BookingForm("a cough").parse((), region="CA")
    assert nothing == InvalidEntry((Problem(P.CONTACT_REQUIRED, "cell_phone"),))


def test_every_problem_is_told_in_the_order_of_the_form() -> None:
    """R11."""
    assert problems(
        reason="x" * 101, details="a\x00", cell_phone="514 555-0145 poste 3", email="marie"
    ) == [
        (P.TOO_LONG, "reason"),
        (P.CONTROL_CHARACTERS, "details"),
        (P.PHONE_EXTENSION, "cell_phone"),
        (P.EMAIL_MALFORMED, "email"),
    ]
    assert problems(cell_phone="1 800 555-0199", email="") == [(P.PHONE_TOLL_FREE, "cell_phone")]


def test_neither_the_form_nor_its_entries_show_what_they_hold() -> None:
    """R23."""
    form = BookingForm("secret", details="secret", cell_phone="514 555-0145", email="s@example.org")
    read = form.parse((), region="CA")
    assert repr(form) == "BookingForm()"
    assert repr(read) == "BookingEntries()"
