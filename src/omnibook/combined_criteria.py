"""The criteria that combine others: and, or, at least so many, and not (R20, R21).

They follow Kleene's strong logic. Every combination needs something to combine: what is always
true, or never, is no criterion (R13). One that nests criteria more than 20 deep cannot be built: it
could not be read back.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import date
from typing import ClassVar, Self

from attrs import field, frozen

from omnibook.criterion import (
    CRITERION_REMEDY,
    Criterion,
    CriterionKinds,
    Finding,
    asked_by,
    criteria_of,
    criterion_of,
    criterion_to_data,
    read_criteria,
    read_criterion,
    turning_days_of,
)
from omnibook.errors import InvalidValue
from omnibook.facts import Day, FactName, Facts, at_least
from omnibook.reason_codes import ReasonCode
from omnibook.table_reader import TableReader

_MANY = 1000
"""The largest count of :class:`AtLeast`."""
_CRITERION = {"$ref": "#/$defs/criterion"}
_CRITERIA = {"type": "array", "minItems": 1, "items": _CRITERION}


def _judge_all(
    criteria: tuple[Criterion, ...], facts: Facts, on: Day, count: int, code: ReasonCode
) -> Finding:
    parts = tuple((f"criteria[{i}]", one.judge(facts, on)) for i, one in enumerate(criteria))
    return Finding(at_least(count, [finding.truth for _, finding in parts]), code, parts)


class _Combined(ABC):
    """What the criteria share that hold others, and ask nothing themselves."""

    __slots__ = ()

    @property
    @abstractmethod
    def within(self) -> tuple[Criterion, ...]:
        """The criteria that it holds."""
        ...

    @property
    def asks(self) -> frozenset[FactName]:
        """What they ask."""
        return frozenset[FactName]().union(*map(asked_by, self.within))

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """Those of the criteria within."""
        return turning_days_of(self.within, facts, first, last)


@frozen
class _Several(_Combined):
    """What the criteria share that have no other settings."""

    kind: ClassVar[str]
    criteria: tuple[Criterion, ...] = field(converter=criteria_of)

    def __attrs_post_init__(self) -> None:
        criterion_of(self)

    @property
    def within(self) -> tuple[Criterion, ...]:
        """The criteria that it holds."""
        return self.criteria

    def settings(self) -> dict[str, object]:
        """The ``criteria`` within."""
        return {"criteria": [criterion_to_data(one) for one in self.criteria]}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        return {"properties": {"criteria": _CRITERIA}, "required": ["criteria"]}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "all-of", criteria = [ … ] }``."""
        criteria = read_criteria(table, "criteria", kinds)
        return cls(criteria) if table.finish() else None


@frozen
class AllOf(_Several):
    """Every one of the criteria holds; at least one is needed (R20)."""

    kind: ClassVar[str] = "all-of"

    def judge(self, facts: Facts, on: Day) -> Finding:
        """Kleene's "and"."""
        return _judge_all(self.criteria, facts, on, len(self.criteria), ReasonCode.ALL_OF)


@frozen
class AnyOf(_Several):
    """One of the criteria holds, or several; at least one is needed (R20)."""

    kind: ClassVar[str] = "any-of"

    def judge(self, facts: Facts, on: Day) -> Finding:
        """Kleene's "or"."""
        return _judge_all(self.criteria, facts, on, 1, ReasonCode.ANY_OF)


@frozen
class AtLeast(_Combined):
    """``count`` of the criteria hold, or more (R20).

    Raises :class:`InvalidValue` for a count that is no whole number from 1 to the number of
    criteria (it would always hold, or never), or one over 1000.
    """

    kind: ClassVar[str] = "at-least"
    count: int
    criteria: tuple[Criterion, ...] = field(converter=criteria_of)

    def __attrs_post_init__(self) -> None:
        count: object = self.count
        if not (type(count) is int and 1 <= count <= len(self.criteria)):
            raise InvalidValue("the count must be a whole number from 1 to the number of criteria")
        if count > _MANY:
            raise InvalidValue(f"the count must be {_MANY} at most")
        criterion_of(self)

    @property
    def within(self) -> tuple[Criterion, ...]:
        """The criteria that it holds."""
        return self.criteria

    def judge(self, facts: Facts, on: Day) -> Finding:
        """TRUE or FALSE once the unknown ones cannot change it any more."""
        return _judge_all(self.criteria, facts, on, self.count, ReasonCode.AT_LEAST)

    def settings(self) -> dict[str, object]:
        """The ``count`` and the ``criteria`` within."""
        return {
            "count": self.count,
            "criteria": [criterion_to_data(one) for one in self.criteria],
        }

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings; that the count is small enough cannot be said in it."""
        return {
            "properties": {
                "count": {"type": "integer", "minimum": 1, "maximum": _MANY},
                "criteria": _CRITERIA,
            },
            "required": ["count", "criteria"],
        }

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "at-least", count = 2, criteria = [ … ] }``."""
        criteria = read_criteria(table, "criteria", kinds)
        most = min(len(criteria), _MANY) if table.right("criteria") else _MANY
        count = table.whole("count", 1, most)
        return cls(count, criteria) if table.finish() else None


@frozen
class Not(_Combined):
    """The criterion does not hold (R20); unknown stays unknown (R21)."""

    kind: ClassVar[str] = "not"
    criterion: Criterion = field(converter=criterion_of)

    def __attrs_post_init__(self) -> None:
        criterion_of(self)

    @property
    def within(self) -> tuple[Criterion, ...]:
        """The criterion that it holds."""
        return (self.criterion,)

    def judge(self, facts: Facts, on: Day) -> Finding:
        """The opposite of what the criterion within finds."""
        found = self.criterion.judge(facts, on)
        return Finding(found.truth.not_(), ReasonCode.NOT, (("criterion", found),))

    def settings(self) -> dict[str, object]:
        """The ``criterion`` within."""
        return {"criterion": criterion_to_data(self.criterion)}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        return {"properties": {"criterion": _CRITERION}, "required": ["criterion"]}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "not", criterion = { … } }``."""
        criterion = table.table(
            "criterion", lambda one: read_criterion(one, kinds), CRITERION_REMEDY
        )
        return cls(criterion) if table.finish() and criterion is not None else None
