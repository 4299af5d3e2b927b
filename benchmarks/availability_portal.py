"""`Portal.find` for an identified visitor, on a store's file or server, beside the raw driver.

The clock stands still at the first minute of all searches, so that the visit's activity is recorded
already and nothing is written (R16). Warm is the same portal again and again; cold is a new one for
each call, which has kept nothing, on connections that are open.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from attrs import define, field
from availability_clinic import (
    CLINIC_ID,
    KEYS,
    SERVICE,
    TOKEN,
    clinic_of,
    preference_of,
)
from availability_rows import RawReads
from availability_workloads import NOW, Query, Workload
from sqlalchemy import event

import omnibook as ob
from omnibook.adapters.sql import SqlDirectory, SqlStore, open_engine
from omnibook.records import Slot
from support.counted_rows import RowCounter

PAGE = 5


@define
class Counter(RowCounter):
    """How many rows a driver has handed over, and of how many statements on SQLite."""

    statements: int = 0

    def watch(self, connection: Any, _: object) -> None:
        """Count what comes by this connection of a driver."""
        super().watch(connection, _)
        if not isinstance(connection, psycopg.Connection):
            connection.set_trace_callback(self._statement)

    def _statement(self, _: str) -> None:
        self.statements += 1

    def of(self, call: Callable[[], object]) -> tuple[int, int]:
        """The rows and the statements of one call."""
        rows, statements = self.rows, self.statements
        call()
        return self.rows - rows, self.statements - statements


@define(eq=False)
class Finding:
    """Searches by portals of one clinic, on one engine."""

    calendar: Workload
    store: SqlStore
    directory: SqlDirectory
    clinic: ob.Clinic = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.clinic = clinic_of(self.calendar)

    def portal(self) -> ob.Portal:
        """A portal that has kept nothing."""
        return ob.Portal(self.clinic, store=self.store, directory=self.directory, keys=KEYS)

    def finder(self, query: Query, portal: ob.Portal | None = None) -> Callable[[], list[Slot]]:
        """The call that answers a query: one page, or one page after another.

        With a portal it is warm; each call has one of its own otherwise.
        """
        preference = preference_of(query)
        after = self._cursor_before(query)

        def find() -> list[Slot]:
            found: list[Slot] = []
            asked, cursor = portal or self.portal(), after
            while len(found) < query.wanted:
                page = asked.find(TOKEN, SERVICE.service_id, preference, after=cursor)
                if isinstance(page, ob.NoAvailability):
                    break
                assert isinstance(page, ob.Page), page
                found += page.slots
                cursor = page.cursor
                if cursor is None:
                    break
            return found

        return find

    def _cursor_before(self, query: Query) -> str | None:
        portal, cursor = self.portal(), None
        for _ in range(query.skipped // PAGE):
            page = portal.find(TOKEN, SERVICE.service_id, preference_of(query), after=cursor)
            assert isinstance(page, ob.Page), page
            cursor = page.cursor
            assert cursor is not None
        return cursor


@contextmanager
def finding(url: str, calendar: Workload, counter: Counter | None = None) -> Iterator[Finding]:
    """A clinic's store and patient files on the database of this URL, which is filled."""
    with ExitStack() as stack:
        engine = open_engine(url)
        stack.callback(engine.dispose)
        if counter is not None:
            event.listen(engine, "connect", counter.watch)
        store = stack.enter_context(SqlStore(engine, clock=ob.ManualClock(NOW)))
        directory = stack.enter_context(SqlDirectory(engine, CLINIC_ID))
        yield Finding(calendar, store, directory)


@contextmanager
def raw_reads(url: str, calendar: Workload) -> Iterator[RawReads]:
    """The raw driver on the same database."""
    raw = RawReads.open(url, calendar)
    try:
        yield raw
    finally:
        raw.close()
