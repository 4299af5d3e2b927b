"""What the store, the directory and the schedule source share: an open database and its end."""

from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from omnibook.adapters.sql.engine import Database
from omnibook.adapters.sql.schema import ensure_schema


class SqlAdapter:
    """Opens a database, sets an empty one up, and closes it; a context manager."""

    def __init__(self, url: str | Engine) -> None:
        self._database = Database.open(url)
        try:
            ensure_schema(self._database)
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the connections; an engine that was handed over stays open.

        Raises :class:`~omnibook.errors.StoreError` when the gate cannot be used.
        """
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._database.name}>"
