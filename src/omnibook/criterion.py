"""What a criterion is, and how one is read from data (R20, R21).

A criterion asks about :class:`~omnibook.facts.Facts` on a day and finds one of three truths, with a
reason code for staff. Criteria are data: comparable, hashable, printable, and JSON both ways. They
are a protocol and not a closed union, so that a host can add its own: a frozen class with a
``kind`` and four methods, and an entry in the :data:`CriterionKinds` handed to the readers.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import ClassVar, Protocol, Self, TypeAlias, cast, runtime_checkable

from attrs import frozen

from omnibook.errors import InvalidValue
from omnibook.facts import Day, Facts, Truth
from omnibook.mistakes import Mistake, as_list, as_table, did_you_mean, shown

_DEEPEST = 20


Table: TypeAlias = Mapping[str, object]
"""A criterion's plain data, its ``kind`` included."""

CriterionKinds: TypeAlias = "Mapping[str, type[Criterion]]"
"""The kinds a reader knows: :data:`omnibook.criteria.SHIPPED_KINDS`, or those and a host's own."""


@frozen
class Finding:
    """What a criterion found, and why.

    ``code`` is a :class:`~omnibook.criteria.ReasonCode`, or a host's own stable code for its own
    criterion. ``parts`` are the findings of the criteria within, each with where it stands, such as
    ``criteria[0]``.
    """

    truth: Truth
    code: str
    parts: tuple[tuple[str, "Finding"], ...] = ()


@runtime_checkable
class Criterion(Protocol):
    """One question about a patient's file. Implementations are frozen and compare by value."""

    kind: ClassVar[str]
    """The stable name in configuration files, such as ``has-file``."""

    def judge(self, facts: Facts, on: Day) -> Finding:
        """What is found on that day: pure, and UNKNOWN whenever a fact it needs is unknown.

        Learning a fact may settle an UNKNOWN but never change a TRUE or a FALSE.
        """
        ...

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """Every visit date after ``first`` up to ``last`` that may be judged unlike the day before.

        More days than needed do no harm, nor do days outside. A criterion that does not ask for
        the visit's date has none.
        """
        ...

    def settings(self) -> dict[str, object]:
        """Its settings as JSON data, without the kind; :meth:`read` takes them back."""
        ...

    @classmethod
    def read(
        cls, table: Table, path: str, mistakes: list[Mistake], kinds: CriterionKinds
    ) -> Self | None:
        """The criterion that a table (its ``kind`` included) describes.

        None, with every mistake added to ``mistakes``, if there is any.
        """
        ...


def criteria_of(given: Iterable[Criterion]) -> tuple[Criterion, ...]:
    """The same criteria as a tuple of at least one.

    Raises :class:`InvalidValue` when there is none (nothing asked would always hold, or never) or
    something is not a criterion.
    """
    found: tuple[object, ...] = tuple(given) if isinstance(cast("object", given), Iterable) else ()
    if not found:
        raise InvalidValue("at least one criterion is needed, in a tuple such as (HasFile(),)")
    return tuple(criterion_of(one) for one in found)


def criterion_of(given: object) -> Criterion:
    """The same object, known to be a criterion; raises :class:`InvalidValue` if it is none."""
    if isinstance(given, Criterion) and not isinstance(given, type):
        return given
    raise InvalidValue("a criterion is needed, built with its settings, such as HasFile()")


def turning_days_of(
    criteria: Iterable[Criterion], facts: Facts, first: date, last: date
) -> Iterator[date]:
    """The turning days of all the criteria, in no order."""
    for one in criteria:
        yield from one.turning_days(facts, first, last)


def criterion_to_data(criterion: Criterion) -> dict[str, object]:
    """The criterion as JSON data; :func:`criterion_from_data` takes it back."""
    return {"kind": criterion.kind, **criterion.settings()}


def criterion_from_data(
    data: object, path: str, mistakes: list[Mistake], kinds: CriterionKinds
) -> Criterion | None:
    """The criterion that plain data describes, such as ``{"kind": "has-file"}``.

    Returns None, with every mistake added to ``mistakes`` under its path, for data of any type that
    describes none. ``path`` says where the data stands; criteria nest at most 20 deep.
    """
    if _too_deep(data):
        message = f"criteria nest more than {_DEEPEST} deep"
        mistakes.append(Mistake(path=path, message=message, remedy="say it with fewer"))
        return None
    table = as_table(data, path, mistakes, remedy='write { kind = "has-file" }, or another kind')
    if table is None:
        return None
    kind = table.get("kind")
    if isinstance(kind, str) and kind in kinds:
        return kinds[kind].read(table, path, mistakes, kinds)
    message = "missing" if kind is None else f"unknown kind {shown(kind)}"
    remedy = did_you_mean(kind, kinds)
    mistakes.append(Mistake(path=f"{path}.kind", message=message, remedy=remedy))
    return None


def criteria_from_data(
    data: object, path: str, mistakes: list[Mistake], kinds: CriterionKinds
) -> tuple[Criterion, ...] | None:
    """The criteria that a list of plain data describes, at least one.

    Returns None, with every mistake added to ``mistakes``, if there is any.
    """
    items = as_list(data, path, mistakes)
    if items is None:
        return None
    if not items:
        remedy = 'name a criterion, such as { kind = "has-file" }'
        mistakes.append(Mistake(path=path, message="the list is empty", remedy=remedy))
        return None
    found = [
        criterion_from_data(item, f"{path}[{i}]", mistakes, kinds) for i, item in enumerate(items)
    ]
    criteria = tuple(one for one in found if one is not None)
    return criteria if len(criteria) == len(found) else None


def _too_deep(data: object) -> bool:
    """Whether criteria nest too deep to be read; ends on data that contains itself, too."""
    stack: list[tuple[object, int]] = [(data, 0)]
    while stack:
        node, depth = stack.pop()
        if not isinstance(node, Mapping):
            continue
        if depth >= _DEEPEST:
            return True
        table = cast("Mapping[object, object]", node)
        several = table.get("criteria")
        inner = cast("Iterable[object]", several) if isinstance(several, list | tuple) else ()
        stack.extend((one, depth + 1) for one in (table.get("criterion"), *inner))
    return False
