"""One connection of a driver, waited for or awaited: it runs statements, several at a time.

What is built on sessions is written once, as coroutines (:mod:`omnibook.awaiting`). A plain
driver's session never waits in that sense: its coroutines end at once.

PostgreSQL is bound by round trips: a batch goes out in one (a pipeline), and stops at the first
statement that fails. On SQLite there is no network to save.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, LiteralString, Protocol, Self, TypeVar, cast

from omnibook.adapters.sql.compiled import Statement, Values
from omnibook.ids import ClinicId

if TYPE_CHECKING:
    import aiosqlite
    import psycopg

AnswerT_co = TypeVar("AnswerT_co", covariant=True)

Command = tuple[Statement, Values]
Rows = list[Any]


class Session(Protocol):
    """A connection that nobody else uses meanwhile."""

    async def run(self, batch: Sequence[Command]) -> list[Rows]:
        """Run the statements in their order; the rows of each, none for one that returns none.

        Raises what the driver raises, at the first statement that fails: none after it was run.
        """
        ...


class Question(Protocol[AnswerT_co]):
    """What is read in one batch, or in two: a scope, or a query. Asked once."""

    clinic_id: ClinicId
    """Whose rows."""

    def batch(self, since: datetime | None) -> list[Command]:
        """The statements. ``since`` is an instant not after ``now``; nothing: the server's."""
        ...

    def more(self, answers: Sequence[Rows]) -> list[Command]:
        """What the answers make it ask besides: nothing, unless it says otherwise."""
        del answers
        return []

    def answer(self, now: datetime, answers: Sequence[Rows]) -> AnswerT_co:
        """What the rows mean at ``now``; with the answers to :meth:`more`, if it asked any."""
        ...


class SqliteSession:
    """On Python's own driver."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._cursor = driver.cursor()

    async def run(self, batch: Sequence[Command]) -> list[Rows]:
        """See :meth:`Session.run`."""
        cursor, answers = self._cursor, list[Rows]()
        for statement, values in batch:
            cursor.execute(statement.sql, statement.arguments(values))
            answers.append(statement.rows(cursor.fetchall()) if statement.row else [])
        return answers


class AsyncSqliteSession:
    """On aiosqlite: each statement is run by the connection's own thread."""

    def __init__(self, driver: "aiosqlite.Connection") -> None:
        self._driver = driver

    async def run(self, batch: Sequence[Command]) -> list[Rows]:
        """See :meth:`Session.run`."""
        answers = list[Rows]()
        for statement, values in batch:
            found = await self._driver.execute_fetchall(statement.sql, statement.arguments(values))
            answers.append(statement.rows(list(found)) if statement.row else [])
        return answers


class PostgresSession:
    """On psycopg's connection, which commits by itself unless told otherwise.

    A statement is prepared when it is first used, and not, as psycopg would by itself, after some
    uses: in a pipeline that fails, psycopg then takes for prepared what was not.
    """

    def __init__(self, driver: "psycopg.Connection[Any]") -> None:
        self._driver = driver

    async def run(self, batch: Sequence[Command]) -> list[Rows]:
        """See :meth:`Session.run`."""
        driver, cursors = self._driver, list["psycopg.Cursor[Any]"]()
        with _FirstFailure() as noted, driver.pipeline(), noted:
            for statement, values in batch:
                arguments = statement.arguments(values)
                cursors.append(
                    driver.execute(_query(statement), arguments, prepare=statement.prepared)
                )
        noted.tell()
        return [
            statement.rows(cursor.fetchall()) if statement.row else []
            for (statement, _), cursor in zip(batch, cursors, strict=True)
        ]


class AsyncPostgresSession:
    """On psycopg's asynchronous connection; see :class:`PostgresSession`."""

    def __init__(self, driver: "psycopg.AsyncConnection[Any]") -> None:
        self._driver = driver

    async def run(self, batch: Sequence[Command]) -> list[Rows]:
        """See :meth:`Session.run`."""
        driver, cursors = self._driver, list["psycopg.AsyncCursor[Any]"]()
        with _FirstFailure() as noted:
            async with driver.pipeline():
                with noted:
                    for statement, values in batch:
                        arguments = statement.arguments(values)
                        cursors.append(
                            await driver.execute(
                                _query(statement), arguments, prepare=statement.prepared
                            )
                        )
        noted.tell()
        return [
            statement.rows(await cursor.fetchall()) if statement.row else []
            for (statement, _), cursor in zip(batch, cursors, strict=True)
        ]


def _query(statement: Statement) -> LiteralString:
    # psycopg wants a literal, so that nobody builds a statement of values; nobody did.
    query: Any = statement.sql
    return cast("LiteralString", query)


class _FirstFailure:
    """Keeps what fails first until the pipeline has ended, and then raises it.

    A pipeline that is left by an exception logs whatever its own end raises, and that says less.
    """

    def __init__(self) -> None:
        self._first: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(problem, Exception):
            return False
        if self._first is None:
            self._first = problem
        return True

    def tell(self) -> None:
        """Raise what failed, if something did."""
        if self._first is not None:
            raise self._first
