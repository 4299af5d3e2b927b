"""Statements as an engine's driver takes them: text, and what makes values of it and for it.

SQLAlchemy compiles a statement for an engine once in a process; from then on the driver is given
the text itself. (Its own execution is made for every case, and takes several times as long as
SQLite takes to answer.)
"""

import collections
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, cast

from attrs import frozen
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import TypeEngine

from omnibook.adapters.sql.columns import Convert, Plain

Values = Mapping[str, Any]

DIALECTS: Mapping[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": cast("Any", postgresql.psycopg).dialect(),
}


BARE = "omnibook_bare"
"""The execution option of a SELECT whose rows are wanted as the driver gives them: there are many,
and naming their columns and turning their values back costs more than reading them."""


@frozen(eq=False)
class Statement:
    """A statement, ready for a driver."""

    sql: str
    binds: tuple[tuple[str, Convert | None], ...]
    """The names that it takes, each with what turns a value into the driver's."""
    row: Convert | None
    """What makes a row with named columns of the driver's; nothing when none comes back."""
    converts: tuple[tuple[int, Convert], ...]
    """The columns whose values need turning back."""
    prepared: bool = True
    """Whether PostgreSQL keeps its plan for the next time; not of transactions' own words."""

    def arguments(self, values: Values) -> dict[str, Any]:
        """The values that it takes, as the driver takes them."""
        return {
            name: values[name] if convert is None else convert(values[name])
            for name, convert in self.binds
        }

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """The driver's rows, with named columns and values as they were bound."""
        make, converts = cast("Convert", self.row), self.converts
        if make is _bare:
            return list(found)
        if not converts:
            return [make(each) for each in found]
        made: list[Any] = []
        for each in found:
            values = list(each)
            for index, convert in converts:
                values[index] = convert(values[index])
            made.append(make(values))
        return made


@cache
def compiled(clause: Executable, dialect_name: str) -> Statement:
    """The statement for one kind of engine; compiled when it is first asked for."""
    dialect = DIALECTS[dialect_name]
    result = cast("Any", clause).compile(dialect=dialect)
    row: Convert | None = None
    converts: list[tuple[int, Convert]] = []
    if clause.get_execution_options().get(BARE):
        row = _bare
    elif isinstance(clause, SelectBase):
        columns = list(clause.selected_columns)
        row = _row_maker([str(each.key) for each in columns])
        for index, each in enumerate(columns):
            convert = _from_driver(each.type, dialect)
            if convert is not None:
                converts.append((index, convert))
    return Statement(
        sql=result.string,
        binds=tuple(
            (name, _to_driver(parameter.type, dialect)) for name, parameter in result.binds.items()
        ),
        row=row,
        converts=tuple(converts),
    )


def _bare(row: Any) -> Any:
    """What makes a row of the driver's, where that is it."""
    return row


def _row_maker(names: list[str]) -> Convert:
    """What makes a row with these names: a class for each statement, known when it is compiled."""
    make_class = cast("Callable[[str, list[str]], Any]", collections.namedtuple)  # noqa: PYI024
    return cast("Convert", make_class("Row", names)._make)


def _to_driver(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(kind, Plain):
        return kind.to_driver(dialect.name)
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _from_driver(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(kind, Plain):
        return kind.from_driver(dialect.name)
    return kind.dialect_impl(dialect).result_processor(dialect, None)
