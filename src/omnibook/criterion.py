"""What a criterion is, and how one is read from data (R20, R21).

A criterion asks about :class:`~omnibook.facts.Facts` on a day and finds one of three truths, with a
reason code for staff. Criteria are data: comparable, hashable, printable, and JSON both ways. They
are a protocol and not a closed union, so that a host can add its own: a frozen class with a
``kind`` and four methods, and an entry in the :data:`CriterionKinds` handed to the readers.

Three more things can be told of a criterion, and need not be:

* ``asks``, a set of :class:`~omnibook.facts.FactName`: the facts that it may look at. One that does
  not say may look at all of them, so that the file's visits are read for it each time.
* ``within``, a tuple: the criteria that it holds, for one that combines others.
* ``schema()``, a class method: the JSON Schema of its settings, see
  :mod:`omnibook.criteria_schema`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import ClassVar, Protocol, Self, TypeAlias, cast, runtime_checkable

from attrs import frozen

from omnibook.errors import InvalidValue
from omnibook.facts import Day, FactName, Facts, Truth
from omnibook.table_reader import TableReader

_DEEPEST = 20
CRITERION_REMEDY = 'write { kind = "has-file" }, or another kind'

CriterionKinds: TypeAlias = "Mapping[str, type[Criterion]]"
"""The kinds a reader knows: :data:`omnibook.criteria.SHIPPED_KINDS`, or those and a host's own."""


@frozen
class Finding:
    """What a criterion found, and why.

    ``code`` is a :class:`~omnibook.reason_codes.ReasonCode`, or a host's own stable code for its
    own criterion. ``parts`` are the findings of the criteria within, each with where it stands,
    such as ``criteria[0]``. ``facts`` are those that it rests on, by name.
    """

    truth: Truth
    code: str
    parts: tuple[tuple[str, "Finding"], ...] = ()
    facts: tuple[FactName, ...] = ()


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
        """Its settings as JSON data, without the kind; :meth:`read` takes them back.

        One that is None is left out: readers refuse null.
        """
        ...

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion that a table describes; its ``kind`` has been read.

        Reads the settings, then asks ``table.finish()``: None unless that is true. ``kinds`` are
        for criteria within, see :func:`read_criterion` and :func:`read_criteria`.
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
    """The same object, known to be a criterion that can be written and read back.

    Raises :class:`InvalidValue` if it is none, or if criteria nest in it more than 20 deep.
    """
    if not isinstance(given, Criterion) or isinstance(given, type):
        raise InvalidValue("a criterion is needed, built with its settings, such as HasFile()")
    layer: list[Criterion] = [given]
    for _ in range(_DEEPEST):
        # Each object once: criteria that are built of one another many times over stay few.
        layer = list({id(one): one for outer in layer for one in _inner(outer)}.values())
    if layer:
        raise InvalidValue(f"criteria nest more than {_DEEPEST} deep; say it with fewer")
    return given


def criteria_within(criterion: Criterion) -> Iterator[Criterion]:
    """The criterion itself, and all that it holds, however deep."""
    yield criterion
    for one in _inner(criterion):
        yield from criteria_within(one)


def asked_by(criterion: Criterion) -> frozenset[FactName]:
    """The facts that a criterion may look at; all of them for one that does not say."""
    asked: Iterable[FactName] = getattr(criterion, "asks", FactName)
    return frozenset(asked)


def _inner(criterion: Criterion) -> tuple[Criterion, ...]:
    return cast("tuple[Criterion, ...]", getattr(criterion, "within", ()))


def turning_days_of(
    criteria: Iterable[Criterion], facts: Facts, first: date, last: date
) -> Iterator[date]:
    """The turning days of all the criteria, in no order."""
    for one in criteria:
        yield from one.turning_days(facts, first, last)


def criterion_to_data(criterion: Criterion) -> dict[str, object]:
    """The criterion as JSON data; :func:`read_criterion` takes it back."""
    given = {key: value for key, value in criterion.settings().items() if value is not None}
    return {"kind": criterion.kind, **given}


def read_criterion(table: TableReader, kinds: CriterionKinds) -> Criterion | None:
    """The criterion that a table describes, such as ``{"kind": "has-file"}``.

    None, with every mistake told, for a table that describes none. Criteria nest at most 20 deep;
    the kind is spelt as it is registered, and no setting is null.
    """
    if _too_deep(table.data):
        table.refuse("", f"criteria nest more than {_DEEPEST} deep", "say it with fewer")
        return None
    kind = table.known("kind", kinds)
    if table.right("kind") and table.data["kind"] != kind:
        table.refuse("kind", "has blanks around it", f'write "{kind}"')
    nulls_are_right = refuse_nulls(table, table.data)
    return kinds[kind].read(table, kinds) if table.right("kind") and nulls_are_right else None


def refuse_nulls(table: TableReader, keys: Iterable[str]) -> bool:
    """Refuse each key at which null stands; whether there is none. A missing key is none."""
    nulls = [key for key in keys if table.data.get(key, ()) is None and table.right(key)]
    for key in nulls:
        table.refuse(key, "is null", "leave it out, or give it a value")
    return not nulls


def read_criteria(table: TableReader, key: str, kinds: CriterionKinds) -> tuple[Criterion, ...]:
    """The criteria that a list of tables at the key describes, at least one."""
    found = table.tables(key, lambda one: read_criterion(one, kinds), CRITERION_REMEDY)
    if not found and table.right(key):
        said = "is empty" if table.has(key) else "missing"
        table.refuse(key, said, 'name a criterion, such as { kind = "has-file" }')
    return found


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
