"""The published JSON Schema of eligibility is written from the registry, and fits it (R20)."""

import copy
import json
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from omnibook import cli
from omnibook.criteria import SHIPPED_KINDS
from omnibook.criteria_schema import eligibility_schema
from omnibook.eligibility import (
    AtLeast,
    Criterion,
    Eligibility,
    HasFile,
    Residence,
    criterion_to_data,
    eligibility_to_data,
    read_eligibility,
)
from omnibook.errors import InvalidValue
from omnibook.file_criteria import ForDependant
from omnibook.mistakes import Mistake
from omnibook.table_reader import TableReader
from support.strategies_eligibility import criteria, eligibilities, json_data

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "eligibility.schema.json"
SCHEMA = eligibility_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ONE_CRITERION = jsonschema.Draft202012Validator(
    {"$defs": SCHEMA["$defs"], "$ref": "#/$defs/criterion"}
)


def _reads(data: object) -> bool:
    mistakes: list[Mistake] = []
    return (
        TableReader({"x": data}, "", mistakes).table("x", read_eligibility, "write it") is not None
    )


def test_the_published_schema_is_the_one_of_the_registry() -> None:
    """R20: `omnibook criteria-schema > docs/reference/eligibility.schema.json` writes it."""
    assert json.loads(PUBLISHED.read_text("utf-8")) == json.loads(json.dumps(SCHEMA))


def test_the_command_prints_the_published_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["criteria-schema"]) == 0
    assert capsys.readouterr().out == PUBLISHED.read_text("utf-8")


def test_it_is_a_schema_and_describes_every_kind() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    definitions = json.loads(json.dumps(SCHEMA))["$defs"]
    assert set(definitions) == {"criterion", *SHIPPED_KINDS}
    assert all(definitions[kind]["description"] for kind in SHIPPED_KINDS)
    assert not any(definitions[kind].get("additionalProperties", True) for kind in SHIPPED_KINDS)


@given(criteria)
def test_every_criterion_fits_the_schema(one: Criterion) -> None:
    """R20."""
    ONE_CRITERION.validate(json.loads(json.dumps(criterion_to_data(one))))


@given(eligibilities)
def test_every_eligibility_fits_the_schema(asked: Eligibility) -> None:
    """R20."""
    VALIDATOR.validate(json.loads(json.dumps(eligibility_to_data(asked))))


@given(criteria, json_data)
def test_a_setting_more_is_refused_by_schema_and_reader_alike(one: Criterion, junk: Any) -> None:
    data = {**criterion_to_data(one), "surplus": junk}
    assert not VALIDATOR.is_valid({"exclude": [data]})
    assert not _reads({"exclude": [data]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "has-fle"},
        {},
        {"kind": "age-range"},
        {"kind": "age-range", "minimum": 151},
        {"kind": "age-range", "minimum": 1801, "unit": "months"},
        {"kind": "age-range", "minimum": 7801, "unit": "weeks"},
        {"kind": "age-range", "minimum": -1},
        {"kind": "age-range", "minimum": 5, "leap_day": "feb-29"},
        {"kind": "age-range", "minimum": "5"},
        {"kind": "registered-sex"},
        {"kind": "family-doctor-is", "doctors": []},
        {"kind": "family-doctor-is", "doctors": ["a", "a"]},
        {"kind": "tag", "tag": ""},
        {"kind": "residence"},
        {"kind": "health-card", "issuer": "CA-QC", "unexpired": "no"},
        {"kind": "last-visit", "count": 5},
        {"kind": "last-visit", "when": "within", "count": 0},
        {"kind": "last-visit", "when": "within", "count": 36501},
        {"kind": "last-visit", "when": "within", "count": 5201, "unit": "weeks"},
        {"kind": "last-visit", "when": "within", "count": 1201, "unit": "months"},
        {"kind": "last-visit", "when": "within", "count": 101, "unit": "years"},
        {"kind": "prior-visit"},
        {"kind": "upcoming-limit", "limit": 0},
        {"kind": "minimum-interval"},
        {"kind": "at-least", "count": 0, "criteria": [{"kind": "has-file"}]},
        {"kind": "all-of", "criteria": []},
        {"kind": "any-of", "criteria": [{"kind": "not"}]},
        {"kind": "not", "criterion": {"kind": "tag"}},
    ],
)
def test_what_the_schema_refuses_the_reader_refuses_too(wrong: object) -> None:
    assert not VALIDATOR.is_valid({"include": [[wrong]]})
    assert not _reads({"include": [[wrong]]})
    assert not VALIDATOR.is_valid({"include": [wrong]})
    assert not VALIDATOR.is_valid({"include": [[]]})


REFUSED_BY_THE_READER_ALONE = (
    "is under the minimum",
    "cannot be this number",  # a count over the number of criteria
    "must be a whole number, not a decimal number",
    "is blank",  # invisible characters alone
    "holds a line end or another control character",
    "is too long",
    "repeats ",
    "holds one without a letter or a digit",
    "criteria nest more than 20 deep",
)
"""What "a little more" means in :mod:`omnibook.criteria_schema`."""
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 1000, 1001, 40_000, 2.0, 2.5),
    *("", " ", "\u200b", "a\nb", " a ", "-", "x" * 501, "x" + " " * 600, "a\u0301" * 400),
    *([], {}, ["a", " a"], ["h2x", "H2X"], ["-"], [None], [" "], {"kind": "has-file"}),
    *({"kind": " has-file "}, [{"kind": "has-file"}], "months", "female", "has-file"),
]


def _nodes(data: Any) -> list[Any]:
    if not isinstance(data, dict | list):
        return []
    inner = data.values() if isinstance(data, dict) else data
    return [data, *(node for one in inner for node in _nodes(one))]


@given(eligibilities, st.data())
def test_a_changed_eligibility_is_judged_by_schema_and_reader_alike(
    asked: Eligibility, draw: st.DataObject
) -> None:
    """R20: what the schema refuses the reader refuses; what that refuses more is named."""
    data = json.loads(json.dumps(eligibility_to_data(asked)))
    for _ in range(draw.draw(st.integers(1, 2))):
        node, odd = draw.draw(st.sampled_from(_nodes(data))), draw.draw(st.sampled_from(ODD))
        keys = ["surplus", "unit", "minimum", "count", "service", "include", *node]
        where = draw.draw(st.sampled_from(keys if isinstance(node, dict) else range(len(node) + 1)))
        if isinstance(node, list):
            node[where : where + 1] = [copy.deepcopy(odd)]
        elif draw.draw(st.booleans()):
            node.pop(where, None)
        else:
            node[where] = copy.deepcopy(odd)
    mistakes: list[Mistake] = []
    read = TableReader({"x": data}, "", mistakes).table("x", read_eligibility, "write it")
    if not VALIDATOR.is_valid(data):
        assert read is None
        assert mistakes
    elif read is None:
        assert all(
            any(why in each.message for why in REFUSED_BY_THE_READER_ALONE) for each in mistakes
        ), mistakes


@pytest.mark.parametrize("odd", ODD)
def test_a_tag_is_judged_alike_but_for_a_little_more(odd: Any) -> None:
    """R20."""
    data = {"include": [[{"kind": "tag", "tag": odd}]]}
    hidden = isinstance(odd, str) and odd in {"\u200b", "a\nb", "x" * 501}
    assert _reads(data) is (VALIDATOR.is_valid(data) and not hidden)


@pytest.mark.parametrize("odd", ODD)
def test_a_limit_is_judged_alike_but_for_a_point(odd: Any) -> None:
    """R20."""
    data = {"include": [[{"kind": "upcoming-limit", "limit": odd}]]}
    assert _reads(data) is (VALIDATOR.is_valid(data) and not isinstance(odd, float))


def test_null_is_refused_with_a_remedy_once() -> None:
    """R20: leaving a setting out is how it is not given."""
    mistakes: list[Mistake] = []
    card = {"kind": "health-card", "issuer": None, "unexpired": None}
    data = {"include": None, "exclude": [card, {"kind": " has-file "}]}
    assert TableReader({"x": data}, "", mistakes).table("x", read_eligibility, "") is None
    assert [str(each) for each in mistakes] == [
        "x.include: is null; leave it out, or give it a value",
        "x.exclude[0].issuer: is null; leave it out, or give it a value",
        "x.exclude[0].unexpired: is null; leave it out, or give it a value",
        'x.exclude[1].kind: has blanks around it; write "has-file"',
    ]


def test_a_count_has_one_bound() -> None:
    """R20: in the schema, the reader and the criterion itself."""
    files = (HasFile(),) * 1001
    widest = AtLeast(1000, files)
    ONE_CRITERION.validate(json.loads(json.dumps(criterion_to_data(widest))))
    assert _reads({"exclude": [criterion_to_data(widest)]})
    over = {**criterion_to_data(widest), "count": 1001}
    assert not ONE_CRITERION.is_valid(over)
    assert not _reads({"exclude": [over]})
    with pytest.raises(InvalidValue, match="1000 at most"):
        AtLeast(1001, files)


def test_a_prefix_that_grows_too_long_in_capitals_can_neither_be_built_nor_read() -> None:
    """R20."""
    with pytest.raises(InvalidValue):
        Residence(("\ufdfa" * 400,))
    assert not _reads({"exclude": [{"kind": "residence", "prefixes": ["\ufdfa" * 400]}]})


class Untold:
    """A host's criterion that does not describe its settings."""

    kind: ClassVar[str] = "untold"

    judge = HasFile.judge
    turning_days = HasFile.turning_days
    settings = HasFile.settings
    read = HasFile.read


@frozen
class InWard(ForDependant):
    kind: ClassVar[str] = "in-ward"

    @classmethod
    def schema(cls) -> dict[str, object]:
        return {"properties": {"ward": {"enum": ["north", "south"]}}, "required": ["ward"]}


def test_a_hosts_own_criteria_extend_it() -> None:
    """R20: by the same registry that the readers are given."""
    kinds = {**SHIPPED_KINDS, "untold": Untold, "in-ward": InWard}
    extended = jsonschema.Draft202012Validator(eligibility_schema(kinds))

    assert extended.is_valid({"exclude": [{"kind": "untold", "whatever": [1]}]})
    assert extended.is_valid({"exclude": [{"kind": "not", "criterion": {"kind": "untold"}}]})
    assert extended.is_valid({"exclude": [{"kind": "in-ward", "ward": "north"}]})
    assert not extended.is_valid({"exclude": [{"kind": "in-ward", "ward": "east"}]})
    assert not extended.is_valid({"exclude": [{"kind": "in-ward"}]})
    assert not extended.is_valid({"exclude": [{"kind": "in-ward", "ward": "north", "x": 1}]})
    assert (
        "description" not in json.loads(json.dumps(eligibility_schema(kinds)))["$defs"]["in-ward"]
    )
