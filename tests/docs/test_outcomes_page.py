"""The page of outcomes and form fields says what the code says, whoever changes either."""

import re
from pathlib import Path
from typing import get_args

import attrs
import pytest

from omnibook import outcomes
from omnibook.booking_form import BookingForm
from omnibook.identity import IdentityForm
from omnibook.preference import Preference
from omnibook.time_rules import RuleCode, TimeRule

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "outcomes.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]
CLASSES = {
    each.__name__: each
    for each in vars(outcomes).values()
    if isinstance(each, type) and isinstance(each.__dict__.get("code"), str)
}
# A union of one outcome is that outcome.
UNIONS = {
    name: {each.__name__ for each in get_args(union) or (union,)}
    for name, union in vars(outcomes).items()
    if name.endswith("Outcome")
}


def quoted(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


@pytest.mark.parametrize("name", UNIONS)
def test_a_method_answers_what_its_union_has(name: str) -> None:
    (row,) = (row for row in ROWS if row[-1] == f"`{name}`")

    assert quoted(row[1]) == UNIONS[name]


@pytest.mark.parametrize("name", CLASSES)
def test_an_outcome_has_its_code_and_its_fields(name: str) -> None:
    (row,) = (row for row in ROWS if row[0] == f"`{name}`")
    properties = {
        each for each, value in vars(CLASSES[name]).items() if isinstance(value, property)
    }

    assert quoted(row[1]) == {CLASSES[name].__dict__["code"]}
    assert quoted(row[2]) == {each.name for each in attrs.fields(CLASSES[name])} | properties


@pytest.mark.parametrize("rule", get_args(TimeRule))
def test_every_rule_of_a_time_is_there_with_its_facts(rule: type[attrs.AttrsInstance]) -> None:
    (row,) = (row for row in ROWS if row[0] == f"`{rule.__name__}`")
    code, obstacle = (str(vars(rule)[name] or "") for name in ("code", "obstacle"))

    assert quoted(row[1]) == {code}
    assert quoted(row[2]) == set(attrs.fields_dict(rule)) - {"met"}
    assert row[3].strip("`") == obstacle


def test_the_rules_of_a_time_stand_in_the_order_in_which_they_are_told() -> None:
    """R27."""
    codes = [row[1].strip("`") for row in ROWS if row[1].startswith("`rule.")]

    assert codes == list(RuleCode) == [vars(rule)["code"] for rule in get_args(TimeRule)]


@pytest.mark.parametrize("form", [IdentityForm, BookingForm, Preference])
def test_every_field_of_a_form_is_there(form: type[attrs.AttrsInstance]) -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"\n### `{form.__name__}`\n")[2]
    rows = re.findall(r"^\| (`.+?) \|", section.partition("\n#")[0], re.MULTILINE)

    assert {name for row in rows for name in quoted(row)} == set(attrs.fields_dict(form))
