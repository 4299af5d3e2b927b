"""The page that adds a country's health number keeps its promise: a short, law-abiding issuer."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from omnibook.health_issuers import Issuer, Issuers
from omnibook.health_numbers import HealthNumber, format_health_number, parse_health_number

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-a-health-number.md"
LIMIT = 30


def first_block() -> str:
    found = re.search(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def issuer_of_the_page() -> Issuer:
    names: dict[str, object] = {}
    exec(first_block(), names)  # noqa: S102 (the page's own code, as a reader would run it)
    made = names["NHS"]
    assert isinstance(made, Issuer)
    return made


NHS = issuer_of_the_page()
ISSUERS = Issuers([NHS])


def test_an_issuer_is_added_in_thirty_lines_at_most() -> None:
    assert len(first_block().splitlines()) <= LIMIT


@given(st.integers(10**8, 10**9 - 1))
def test_at_most_one_check_digit_fits(body: int) -> None:
    # NHS Data Dictionary: weights 10 to 2, 11 less the remainder; 11 is written 0, 10 is invalid.
    total = sum(
        weight * int(digit) for weight, digit in zip(range(10, 1, -1), str(body), strict=True)
    )
    check = 11 - total % 11
    fits = [digit for digit in range(10) if NHS.validate(f"{body}{digit}")]
    assert fits == {11: [0], 10: []}.get(check, [check])


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_no_text_makes_it_raise(text: str) -> None:
    """R11."""
    parse_health_number(text, issuer="GB-NHS", issuers=ISSUERS)
    NHS.validate(text)
    NHS.format(text)


def test_what_is_shown_is_read_back() -> None:
    number = HealthNumber("GB-NHS", "9990000018")
    shown = format_health_number(number, ISSUERS)
    assert shown == "999 000 0018"
    assert parse_health_number(shown, issuer="GB-NHS", issuers=ISSUERS) == number
