"""The JSON Schema of a service's eligibility, written from the registry of criteria (R20).

It is published as ``docs/reference/eligibility.schema.json``, for editors and for whoever writes
criteria with a program of their own; a host with criteria of its own asks for one that knows them.

What it refuses, the readers refuse too. They refuse a little more, which a schema cannot say well:

* a minimum over the maximum, a count over the number of criteria, criteria that nest too deep;
* a whole number written with a point, such as ``2.0``;
* a word over the limit, one that holds a line end or another control character or nothing but
  invisible ones, one that repeats another once both are trimmed and in NFC;
* a postal prefix without a letter or a digit, or a text too long once written in capitals.
"""

from collections.abc import Callable, Mapping
from typing import cast

from omnibook.criteria import SHIPPED_KINDS
from omnibook.criterion import Criterion, CriterionKinds

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_CRITERION = {"$ref": "#/$defs/criterion"}


def eligibility_schema(kinds: CriterionKinds = SHIPPED_KINDS) -> dict[str, object]:
    """The JSON Schema (2020-12) of what :func:`~omnibook.eligibility.eligibility_to_data` gives.

    A criterion alone is described by its ``#/$defs/criterion``. A kind without a ``schema()`` of
    its own may have any settings.
    """
    criteria = {"type": "array", "items": _CRITERION}
    return {
        "$schema": _DIALECT,
        "title": "Who may see and book a service",
        "description": "Every group of include holds, by one of its criteria; none of exclude.",
        "type": "object",
        "properties": {
            "include": {"type": "array", "items": {**criteria, "minItems": 1}},
            "exclude": criteria,
        },
        "additionalProperties": False,
        "$defs": {
            "criterion": {
                "type": "object",
                "properties": {"kind": {"enum": list(kinds)}},
                "required": ["kind"],
                "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds],
            },
            **{kind: _schema_of(kind, criterion) for kind, criterion in kinds.items()},
        },
    }


def _schema_of(kind: str, criterion: type[Criterion]) -> dict[str, object]:
    told = cast("Callable[[], dict[str, object]] | None", getattr(criterion, "schema", None))
    first_line = (criterion.__doc__ or "").strip().partition("\n")[0]
    described: dict[str, object] = {"description": first_line} if first_line else {}
    if told is None:
        return {**described, "properties": {"kind": {"const": kind}}, "required": ["kind"]}
    settings = dict(told())
    properties = cast("Mapping[str, object]", settings.pop("properties", {}))
    required = cast("list[str]", settings.pop("required", []))
    return {
        **described,
        "type": "object",
        "properties": {"kind": {"const": kind}, **properties},
        "required": ["kind", *required],
        "additionalProperties": False,
        **settings,
    }
