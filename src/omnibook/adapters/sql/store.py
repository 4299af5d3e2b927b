"""The stores on SQL databases: SQLite for one host, PostgreSQL for many; plain and asynchronous.

Both stores are the same code (:mod:`omnibook.adapters.sql.core`) on another driver's connections.

**The clock.** On PostgreSQL the server's own counts, so that hosts whose clocks differ agree on
every hold (R34). On SQLite it is the host's, read behind the gate and never earlier than the last
write's. A host clock that is more than an hour behind the last write means that the clock was wrong
then and has been corrected: it is believed, with a warning in the log.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Engine

from omnibook.adapters.sql.adapter import AsyncSqlAdapter, SqlAdapter, pool_of
from omnibook.adapters.sql.archive import ArchiveCore
from omnibook.audit import Operation
from omnibook.awaiting import finish
from omnibook.dossier import Dossier, Ruling, Subject
from omnibook.ids import ClinicId
from omnibook.outcomes import Purged
from omnibook.ports import Clock, Query
from omnibook.retention import BATCH, Cutoffs
from omnibook.transactions import Again, Decision, Scope, Snapshot

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")


class SqlStore(SqlAdapter):
    """Visits, holds and appointments in a SQL database; safe with several threads and processes.

    On PostgreSQL, also with several hosts. Use it as a context manager, or call :meth:`close`.
    """

    def __init__(self, url: str | Engine, *, clock: Clock | None = None) -> None:
        """Open the database; an empty one is set up.

        Args:
            url: such as ``sqlite:////var/lib/clinic/clinic.db`` or
                ``postgresql://clinic@db.example.org/clinic``; or an engine that is shared with a
                directory and a schedule source, and is closed by its owner.
            clock: another clock than the one of the module's docstring, for tests.

        Raises:
            InvalidValue: the URL is none of a SQLite file or of PostgreSQL.
            StoreError: the database cannot be opened, or has another version of the schema; the
                message gives the remedy.
        """
        super().__init__(url)
        self._core = ArchiveCore(pool_of(self._database, clock))

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """Run a pure decision; see :meth:`omnibook.ports.Store.transact`."""
        return finish(self._core.transact(scope, decide))

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """Answer a question; see :meth:`omnibook.ports.Store.read`."""
        return finish(self._core.read(query))

    def purge(self, cutoffs: Cutoffs, operation: Operation, *, limit: int = BATCH) -> Purged:
        """Forget some of what has outlived its time; see :meth:`omnibook.ports.Archive.purge`."""
        return finish(self._core.purge(cutoffs, operation, limit))

    def export(self, clinic_id: ClinicId, subject: Subject) -> Dossier:
        """Gather what is kept of one person; see :meth:`omnibook.ports.Archive.export`."""
        return finish(self._core.export(clinic_id, subject))

    def erase(
        self,
        clinic_id: ClinicId,
        subject: Subject,
        decide: Callable[[Dossier], Ruling[OutcomeT]],
    ) -> OutcomeT:
        """Erase one person's records if ``decide`` says so; see :class:`omnibook.ports.Archive`."""
        return finish(self._core.erase(clinic_id, subject, decide))


class AsyncSqlStore(AsyncSqlAdapter):
    """:class:`SqlStore` for asyncio: by psycopg on PostgreSQL, by aiosqlite on SQLite.

    Use it as an asynchronous context manager, or await :meth:`close`. One belongs to one event
    loop.
    """

    def __init__(self, url: str, *, clock: Clock | None = None) -> None:
        """Open the database; an empty one is set up. See :class:`SqlStore`.

        This is done at once, by the plain driver: do it before the loop is busy. What it raises,
        too, is what :class:`SqlStore` raises.
        """
        super().__init__(url, clock)
        self._core = ArchiveCore(self._pool)

    async def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """Run a pure decision; see :meth:`omnibook.ports.AsyncStore.transact`."""
        return await self._core.transact(scope, decide)

    async def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """Answer a question; see :meth:`omnibook.ports.AsyncStore.read`."""
        return await self._core.read(query)

    async def purge(self, cutoffs: Cutoffs, operation: Operation, *, limit: int = BATCH) -> Purged:
        """Forget some of what has outlived its time; see :meth:`SqlStore.purge`."""
        return await self._core.purge(cutoffs, operation, limit)

    async def export(self, clinic_id: ClinicId, subject: Subject) -> Dossier:
        """Gather what is kept of one person; see :meth:`SqlStore.export`."""
        return await self._core.export(clinic_id, subject)

    async def erase(
        self,
        clinic_id: ClinicId,
        subject: Subject,
        decide: Callable[[Dossier], Ruling[OutcomeT]],
    ) -> OutcomeT:
        """Erase one person's records if ``decide`` says so; see :meth:`SqlStore.erase`."""
        return await self._core.erase(clinic_id, subject, decide)
