"""The store in memory, awaited: for tests, and for trying a walk in an event loop."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from omnibook.adapters.memory import MemoryStore
from omnibook.audit import Operation
from omnibook.dossier import Dossier, Ruling, Subject
from omnibook.errors import InvalidValue
from omnibook.ids import ClinicId
from omnibook.outcomes import Purged
from omnibook.ports import Clock, Query
from omnibook.retention import BATCH, Cutoffs
from omnibook.transactions import Again, Decision, Scope, Snapshot

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")


class AsyncMemoryStore:
    """A :class:`omnibook.ports.AsyncArchive` over a :class:`MemoryStore`, safe between tasks.

    Its coroutines answer at once, in one go: no task can be cancelled, or another one served, in
    the middle of a transaction. Threads may share it, each with its own event loop, and so may the
    plain facades that use the same :class:`MemoryStore`.
    """

    def __init__(self, clock: Clock | None = None, *, over: MemoryStore | None = None) -> None:
        """Make a store of its own, by ``clock``; or stand ``over`` one that has a clock already."""
        if clock is not None and over is not None:
            raise InvalidValue("the store that this one is over has its clock; give one of the two")
        self._store = over or MemoryStore(clock)

    async def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """Run ``decide`` on a snapshot of ``scope`` and apply its writes, all or nothing."""
        return self._store.transact(scope, decide)

    async def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """Answer one of the queries of :mod:`omnibook.ports`."""
        return self._store.read(query)

    async def purge(self, cutoffs: Cutoffs, operation: Operation, *, limit: int = BATCH) -> Purged:
        """Forget some of what has outlived its time."""
        return self._store.purge(cutoffs, operation, limit=limit)

    async def export(self, clinic_id: ClinicId, subject: Subject) -> Dossier:
        """Gather what is kept of one person."""
        return self._store.export(clinic_id, subject)

    async def erase(
        self,
        clinic_id: ClinicId,
        subject: Subject,
        decide: Callable[[Dossier], Ruling[OutcomeT]],
    ) -> OutcomeT:
        """Erase one person's records if ``decide`` says so."""
        return self._store.erase(clinic_id, subject, decide)
