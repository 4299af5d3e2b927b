"""The published JSON Schema of eligibility is written from the registry, and fits it (R20)."""

import json
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from attrs import frozen
from hypothesis import given

from omnibook import cli
from omnibook.criteria import SHIPPED_KINDS
from omnibook.criteria_schema import eligibility_schema
from omnibook.eligibility import (
    Criterion,
    Eligibility,
    HasFile,
    criterion_to_data,
    eligibility_to_data,
    read_eligibility,
)
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
