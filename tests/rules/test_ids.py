"""Identifiers: derived ones, and the visit's token (R16, R38, R46)."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.errors import InvalidValue
from omnibook.ids import VisitToken, derived_id

texts = st.text(st.characters(exclude_categories=()), max_size=6) | st.sampled_from(
    ("", "\x1f", '"', '", "', "a\x1fb", "\\", ",")
)
parts = st.lists(texts, min_size=1, max_size=3)


@given(parts)
def test_the_same_parts_always_give_the_same_identifier(given_: list[str]) -> None:
    """R38: it is found again without being looked up."""
    made = derived_id(*given_)
    assert made == derived_id(*given_)
    assert uuid.UUID(made).version == 5


@given(parts, parts)
def test_other_parts_give_another_identifier(one: list[str], two: list[str]) -> None:
    """R38: whatever characters a caller's ``request_id`` holds, it is one part and stays one."""
    same = [part.encode("utf-16", "surrogatepass") for part in one] == [
        part.encode("utf-16", "surrogatepass") for part in two
    ]
    assert (derived_id(*one) == derived_id(*two)) == same


def test_parts_do_not_run_into_one_another() -> None:
    """R38."""
    assert derived_id("opening", "clinic", "x") != derived_id("opening", "clinicx", "")
    assert derived_id("opening", "a\x1fb", "c") != derived_id("opening", "a", "b\x1fc")


@given(st.text(st.characters(exclude_categories=()), min_size=22, max_size=128))
def test_a_visit_token_is_kept_under_a_hash_and_never_shown(value: str) -> None:
    """R16."""
    token = VisitToken(value)
    assert len(token.visit_id) == 64
    assert token.visit_id == VisitToken(value).visit_id
    assert value not in token.visit_id
    assert repr(token) == "VisitToken()"
    assert token.visit_id != VisitToken("~" + value[1:]).visit_id or value[0] == "~"


@pytest.mark.parametrize("value", ["", "x" * 21, "x" * 129, None, 5, b"x" * 30, ["x"] * 30])
def test_what_cannot_be_a_token_is_refused_without_being_shown(value: object) -> None:
    """R16."""
    with pytest.raises(InvalidValue, match="22 to 128") as raised:
        VisitToken(value)  # type: ignore[arg-type]
    assert "xxx" not in str(raised.value)
