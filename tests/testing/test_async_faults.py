"""Asynchronous stores that are wrong in one way each, and the laws of tasks that find it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import pytest

from omnibook.errors import Contention
from omnibook.ports import Clock, Query
from omnibook.testing import ASYNC_STORE_LAWS, BrokenPromise, check_async_law, laws_of_tasks
from omnibook.transactions import ROUNDS, Again, Decision, Scope, Snapshot
from testing.clay import ClayStore, Shelf
from testing.faulty_stores import OUTBOX, ChecksThenActs, split

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")
LAWS = {law.name: law for law in ASYNC_STORE_LAWS}


class Awaited:
    """Honest: one task at a time, from the snapshot to the last write."""

    inner_kind: type[ClayStore] = ClayStore

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self.inner = self.inner_kind(shelf, clock)
        self.lock = asyncio.Lock()

    async def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        return self.inner.read(query)

    async def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        for _ in range(ROUNDS):
            async with self.lock:
                snapshot = self.inner.load(scope)
                await asyncio.sleep(0)
                decision = decide(snapshot)
                if not isinstance(decision, Again):
                    await self.keep(snapshot, decision)
                    return decision.outcome
            scope = decision.scope
        raise Contention("too many rounds")

    async def keep(self, snapshot: Snapshot, decision: Decision[OutcomeT]) -> None:
        self.inner.keep(snapshot, decision.writes)


class NoLockAcrossAwaits(Awaited):
    """Lets other tasks in between its check and its act."""

    inner_kind = ChecksThenActs

    async def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        snapshot = self.inner.load(scope)
        decision = decide(snapshot)
        await asyncio.sleep(0)
        if isinstance(decision, Again):
            return await self.transact(decision.scope, decide)
        self.inner.keep(snapshot, decision.writes)
        return decision.outcome


class HalfWrittenWhenCancelled(Awaited):
    """Awaits between two halves of a booking."""

    async def keep(self, snapshot: Snapshot, decision: Decision[OutcomeT]) -> None:
        outbox, others = split(decision.writes, *OUTBOX)
        self.inner.keep(snapshot, others)
        for _ in range(4):
            await asyncio.sleep(0)
        self.inner.keep(snapshot, outbox)


class LeavesItsLock(Awaited):
    """Gives its lock back at the end, and not when it is cancelled."""

    async def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        await self.lock.acquire()
        await asyncio.sleep(0)
        outcome = self.inner.transact(scope, decide)
        await asyncio.sleep(0)
        self.lock.release()
        return outcome


class NeverToldOfItsEnd(Awaited):
    """Swallows the cancellation, writes nothing, and says that it did."""

    async def keep(self, snapshot: Snapshot, decision: Decision[OutcomeT]) -> None:
        try:
            for _ in range(4):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            return
        self.inner.keep(snapshot, decision.writes)


def make(kind: type[Awaited]) -> Callable[[str, Clock], Awaited]:
    known: dict[str, Awaited] = {}
    return lambda name, clock: known.get(name) or known.setdefault(name, kind(Shelf(), clock))


@pytest.mark.parametrize("name", ["tasks.one-winner", "tasks.cancelled", "isolation.shaken"])
def test_the_store_that_the_faults_are_made_of_is_honest(name: str) -> None:
    check_async_law(LAWS[name], make(Awaited), seed=1)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (NoLockAcrossAwaits, "tasks.one-winner"),
        (HalfWrittenWhenCancelled, "tasks.cancelled"),
        (LeavesItsLock, "tasks.cancelled"),
        (NeverToldOfItsEnd, "tasks.cancelled"),
    ],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_faulty_asynchronous_store_is_caught(
    kind: type[Awaited], name: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R39, R40."""
    monkeypatch.setattr(laws_of_tasks, "_PATIENCE", 0.5)
    with pytest.raises(BrokenPromise) as caught:
        check_async_law(LAWS[name], make(kind), seed=seed)

    assert caught.value.law == name
