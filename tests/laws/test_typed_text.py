"""Laws of the one reading that all typed fields share."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.problems import Problem, ProblemCode
from omnibook.typed_text import read_line, without_format_characters

any_text = st.text(st.characters(exclude_categories=()), max_size=60)
any_object = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(),
    any_text,
    st.lists(any_text, max_size=3),
    st.builds(object),
)


def code(text: object, limit: int = 10) -> ProblemCode | None:
    read = read_line(text, field="given", limit=limit)
    return read.code if isinstance(read, Problem) else None


@given(any_object)
def test_anything_is_read_or_is_one_problem_of_the_field(typed: object) -> None:
    """R11."""
    read = read_line(typed, field="reason", limit=20)
    if isinstance(read, Problem):
        assert read.field == "reason"
    else:
        assert 1 <= len(read) <= 20
        assert unicodedata.is_normalized("NFC", read)
        read.encode()


@given(any_text)
def test_reading_what_was_read_changes_nothing(typed: str) -> None:
    read = read_line(typed, field="reason", limit=200)
    if isinstance(read, str):
        assert read_line(read, field="reason", limit=200) == read


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9))
def test_blanks_and_invisible_characters_around_a_text_are_not_part_of_it(core: str) -> None:
    expected = unicodedata.normalize("NFC", core)
    padded = f"\ufeff \t\u00a0\u202d{core}\u202c\u200b\r\n"
    assert read_line(padded, field="reason", limit=40) == expected


@pytest.mark.parametrize("typed", [None, "", "   ", "\u200b", "\r\n\t\u2028\ufeff"])
def test_an_empty_text_is_missing(typed: object) -> None:
    """R11."""
    assert code(typed) is ProblemCode.MISSING


@pytest.mark.parametrize("typed", [0, 5145550123, b"Marie", ["Marie"], object(), 1.5, True])
def test_what_is_no_text_has_the_wrong_type(typed: object) -> None:
    """R11."""
    assert code(typed) is ProblemCode.WRONG_TYPE


def test_the_limit_counts_code_points_after_trimming_and_nfc() -> None:
    assert read_line(" " + "e\u0301" * 10 + " ", field="given", limit=10) == "\u00e9" * 10
    assert read_line("\u1f82" * 10, field="given", limit=10) == "\u1f82" * 10
    decomposed = unicodedata.normalize("NFD", "\u1f82" * 10)
    assert len(decomposed) == 40
    assert read_line(decomposed, field="given", limit=10) == "\u1f82" * 10


@pytest.mark.parametrize("typed", ["a" * 11, "a" * 10_000, "\u0301" * 10_000, "\x00" * 10_000])
def test_a_text_beyond_the_limit_is_refused_and_says_the_limit(typed: str) -> None:
    """R11."""
    read = read_line(typed, field="given", limit=10)
    assert read == Problem(ProblemCode.TOO_LONG, "given", {"limit": 10})


@pytest.mark.parametrize(
    "character",
    ["\x00", "\n", "\t", "\x1c", "\x7f", "\x85", "\ud800", "\u2028", "\u2029", "\u202e", "\u2066"],
)
def test_a_character_that_nobody_types_is_refused_inside_a_text(character: str) -> None:
    """R11."""
    assert code(f"a{character}b") is ProblemCode.CONTROL_CHARACTERS


@pytest.mark.parametrize("character", ["\x00", "\x1c", "\x1f", "\ud800"])
def test_a_separator_or_surrogate_is_no_blank_at_the_end(character: str) -> None:
    assert code(f"ab{character}") is ProblemCode.CONTROL_CHARACTERS
    assert code(f"{character}ab") is ProblemCode.CONTROL_CHARACTERS


def test_a_joiner_inside_a_text_is_kept() -> None:
    assert read_line("\u0645\u200c\u06cc", field="given", limit=10) == "\u0645\u200c\u06cc"


def test_format_characters_are_left_out_on_demand() -> None:
    assert without_format_characters("Ma\u200brie\u00ad\ufeff") == "Marie"
