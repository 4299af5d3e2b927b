"""How many rows a database hands over, counted where a driver makes them."""

from collections.abc import Callable
from typing import Any

import psycopg
from attrs import define
from psycopg.rows import tuple_row


@define
class RowCounter:
    """How many rows a driver has handed over; listens to an engine's ``connect``."""

    rows: int = 0

    def watch(self, connection: Any, _: object) -> None:
        """Count what comes by this connection of a driver."""
        if isinstance(connection, psycopg.Connection):
            connection.row_factory = self._of_postgres
        else:
            connection.row_factory = self._of_sqlite

    def _of_sqlite(self, _: object, row: tuple[object, ...]) -> tuple[object, ...]:
        self.rows += 1
        return row

    def _of_postgres(self, cursor: Any) -> Callable[[Any], Any]:
        make = tuple_row(cursor)

        def counted(values: Any) -> Any:
            self.rows += 1
            return make(values)

        return counted
