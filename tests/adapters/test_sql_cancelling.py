"""Tasks that are cancelled in the middle of a decision: all or nothing, and nobody is kept out."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import suppress
from functools import partial, partialmethod
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy.ext.asyncio import AsyncConnection

from omnibook.adapters.sql import AsyncSqlStore, SqlStore
from omnibook.adapters.sql.gate import Gate
from omnibook.adapters.sql.sessions import (
    AsyncPostgresSession,
    AsyncSqliteSession,
    Command,
    Rows,
)
from omnibook.ids import HoldId, VisitId
from omnibook.ports import ReadScope
from omnibook.testing.samples import NOW, hold, visit
from omnibook.transactions import Decision, PutHold, PutVisit, Snapshot
from support.sql_stores import (
    EVERYWHERE,
    NEWEST,
    Outrun,
    Places,
    assert_nobody_is_inside,
    file_of,
    keep,
)

SEEING = evolve(EVERYWHERE, visit=VisitId("visit-1"), hold=HoldId("hold-1"))
MINE = Decision("mine", (PutVisit(visit()), PutHold(hold())))
PATIENCE = 30
SESSIONS = {"sqlite": AsyncSqliteSession, NEWEST: AsyncPostgresSession}


@pytest.fixture(params=list(SESSIONS))
def kind(request: pytest.FixtureRequest, places: Places) -> str:
    places.clock.set(NOW)
    return str(request.param)


@pytest.fixture
def other(kind: str, places: Places) -> SqlStore:
    """Somebody else's store on the same database."""
    store = places.store(kind)
    assert isinstance(store, SqlStore)
    return store


@pytest.fixture
def url(kind: str, places: Places, other: SqlStore) -> str:
    return places.url(kind)


def mine_in(store: SqlStore) -> tuple[bool, bool]:
    """Whether the visit is there, and the hold with its claim."""
    snapshot: Snapshot = store.read(ReadScope(SEEING))[1]
    (state,) = snapshot.schedules.values()
    claimed = "hold-1" in {claim.owner for claim in state.claims}
    assert claimed == ("hold-1" in snapshot.holds)
    return snapshot.visit is not None, claimed


class Cut:
    """Cancels the task at the n-th batch of statements, before it is sent or once it was run."""

    def __init__(self, kind: type[Any], at: int, *, sent: bool) -> None:
        self._run = kind.run
        self._left = at
        self._sent = sent

    async def run(self, session: Any, batch: Sequence[Command]) -> list[Rows]:
        self._left -= 1
        task = asyncio.current_task()
        assert task is not None
        if self._left == 0 and not self._sent:
            task.cancel()
        last = self._left == 0 and self._sent
        try:
            answers: list[Rows] = await self._run(session, batch)
        finally:
            # Also where a race was lost.
            if last:
                task.cancel()
                await asyncio.sleep(0)
        return answers

    @property
    def happened(self) -> bool:
        return self._left <= 0


async def _cut_run(session: Any, cut: Cut, batch: Sequence[Command]) -> list[Rows]:
    return await cut.run(session, batch)


@pytest.mark.parametrize("waiting", [False, True], ids=["quickly", "in its turn"])
@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
def test_a_decision_cancelled_at_any_statement_is_all_or_nothing(
    kind: str,
    url: str,
    other: SqlStore,
    places: Places,
    monkeypatch: pytest.MonkeyPatch,
    sent: bool,
    waiting: bool,
) -> None:
    """R39."""
    written: list[bool] = []

    async def cut_short(at: int) -> bool:
        store = AsyncSqlStore(url, clock=places.clock)
        theirs = hold(f"theirs-{at}", 5 + at)
        outrun = Outrun(lambda _: MINE, lambda: keep(other, PutHold(theirs)), times=waiting)
        with monkeypatch.context() as patch:
            cut = Cut(SESSIONS[kind], at, sent=sent)
            patch.setattr(SESSIONS[kind], "run", partialmethod(_cut_run, cut))
            if not waiting:
                keep(other, PutHold(theirs))
            task = asyncio.create_task(store.transact(SEEING, outrun))
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(task, PATIENCE)
        visited, claimed = mine_in(other)
        assert visited == claimed
        written.append(visited)
        assert_nobody_is_inside(url)
        # The store goes on, with as many connections as before.
        again = await asyncio.wait_for(store.transact(SEEING, lambda _: MINE), PATIENCE)
        assert (again, mine_in(other)) == ("mine", (True, True))
        assert store._engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        await store.close()
        return cut.happened

    at = 1
    while asyncio.run(cut_short(at)):
        places.store(kind)
        at += 1

    assert at > 2 + waiting
    # In between, a commit that was on its way is done or not, and a race more may be lost.
    assert (written[0], written[-1]) == (False, True)


class Cancelling:
    """Awaits something, and cancels the task when it waits for the n-th time."""

    def __init__(self, work: Awaitable[Any], at: int) -> None:
        self._work = work
        self._at = at
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        step: Callable[[], Any] = partial(next, steps)
        while True:
            try:
                waiting = step()
            except StopIteration as end:
                return end.value
            self.waits += 1
            task = asyncio.current_task()
            if self.waits == self._at and task is not None:
                task.cancel()
            try:
                step = partial(steps.send, (yield waiting))
            except BaseException as fault:  # noqa: BLE001 - whatever it is, the work is told
                step = partial(steps.throw, fault)


def test_who_is_cancelled_while_a_connection_is_opened_leaves_none_behind(
    kind: str, url: str, other: SqlStore, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    del other
    original = AsyncConnection.get_raw_connection

    async def slowly(connection: AsyncConnection) -> Any:
        await asyncio.sleep(0)
        return await original(connection)

    # It never waits on the engines of today; nothing says that it may not.
    monkeypatch.setattr(AsyncConnection, "get_raw_connection", slowly)

    async def cut_short(at: int) -> bool:
        store = AsyncSqlStore(url, clock=places.clock)
        opening = Cancelling(store._pool.lease(), at)

        async def lease() -> Any:
            return await opening

        task = asyncio.create_task(lease())
        try:
            leased = await asyncio.wait_for(task, PATIENCE)
        except asyncio.CancelledError:
            assert store._engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        else:
            await leased.give_back()
        again = await asyncio.wait_for(store.transact(SEEING, lambda _: MINE), PATIENCE)
        assert again == "mine"
        await store.close()
        return opening.waits >= at

    at = 1
    while asyncio.run(cut_short(at)):
        at += 1
    gc.collect()

    # To connect, to set the connection up, and the one of above.
    assert at > 4
    assert_nobody_is_inside(url)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_who_is_cancelled_while_it_waits_at_the_gate_leaves_it_free(
    url: str, other: SqlStore, places: Places
) -> None:
    gate = Gate.of(file_of(url))

    async def several() -> None:
        store = AsyncSqlStore(url, clock=places.clock)
        turn = gate.enter()
        # The gate is not free: lost, and waited for.
        tasks = [asyncio.create_task(store.transact(SEEING, lambda _: MINE)) for _ in range(3)]
        entering = store._pool._gate
        assert entering is not None
        while not entering._queue.locked():  # noqa: ASYNC110 - until the first one waits
            await asyncio.sleep(0)
        for task in tasks[:2]:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, PATIENCE)
        assert mine_in(other) == (False, False)
        gate.leave(turn)
        assert await asyncio.wait_for(tasks[2], PATIENCE) == "mine"
        assert await asyncio.wait_for(store.transact(SEEING, lambda _: MINE), PATIENCE) == "mine"
        await store.close()

    asyncio.run(several())

    assert mine_in(other) == (True, True)
    assert_nobody_is_inside(url)
