"""What only asynchronous stores can break: tasks that race in a loop, and that end early."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from omnibook.errors import Contention
from omnibook.ids import VisitId
from omnibook.ports import AsyncStore
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.bridge import BridgedStore
from omnibook.testing.laws import Seen, require
from omnibook.testing.laws_of_isolation import one_winner_each, whole_or_nothing
from omnibook.testing.samples import CLINIC, EVERYTHING, SCHEDULE, booking, hold
from omnibook.transactions import Decision, PutHold, Scope, Snapshot

_PATIENCE = 30.0
"""Seconds after which a lock is taken to be held by a task that is gone."""


def _bridged(bench: Bench) -> BridgedStore:
    store = bench.store
    if not isinstance(store, BridgedStore):
        raise Seen("this law is about an AsyncStore; prove it with check_async_store")
    return store


async def _take(store: AsyncStore, place: int, name: str) -> tuple[str, int]:
    mine = hold(name, place, minutes=600, visit_id=VisitId(name))
    scope = Scope(clinic_id=CLINIC, schedules={SCHEDULE: mine.claimed}, hold=mine.hold_id)

    def decide(snapshot: Snapshot) -> Decision[str]:
        if any(claim.is_live(snapshot.now) for claim in snapshot.schedules[SCHEDULE].claims):
            return Decision("lost")
        return Decision("won", (PutHold(mine),))

    try:
        return await store.transact(scope, decide), place
    except Contention:
        return "busy", place


def _race(bench: Bench) -> None:
    bridged = _bridged(bench)
    places, tasks = bench.effort.times(10), 6

    async def race() -> list[tuple[str, int]]:
        contenders = (
            _take(bridged.inner, place, f"hold-{task}-{place}")
            for place in range(places)
            for task in range(tasks)
        )
        return await asyncio.gather(*contenders)

    one_winner_each(bridged, bridged.loop.run(race()), places)


def _cancelled(bench: Bench) -> None:
    bridged = _bridged(bench)
    for number in range(bench.effort.times(30)):
        name, start = f"booking-{number}", 2 * number + 1
        writes = booking(name, start)
        turns = bench.random.randrange(12)
        moment = bench.random.uniform(0, 0.004) if number % 2 else None

        async def book(writes: Any = writes) -> str:
            return await bridged.inner.transact(EVERYTHING, lambda _: Decision("booked", writes))

        ended = bridged.loop.run(_cut_short(book(), turns, moment))
        there = whole_or_nothing(bridged, name)
        require(there or not ended, f"{name} was acknowledged, and is not there")
        _goes_on(bridged, book())
        require(whole_or_nothing(bridged, name), f"{name} cannot be booked after it was cut short")


async def _cut_short(work: Coroutine[Any, Any, str], turns: int, moment: float | None) -> bool:
    """Cancel a task after so many turns of the loop, or at a moment; whether it ended before."""
    task = asyncio.ensure_future(work)
    if moment is None:
        for _ in range(turns):
            await asyncio.sleep(0)
    else:
        await asyncio.wait({task}, timeout=moment)
    task.cancel()
    with suppress(asyncio.CancelledError):
        return await task == "booked"
    return False


def _goes_on(bridged: BridgedStore, work: Coroutine[Any, Any, str]) -> None:
    try:
        bridged.loop.run(asyncio.wait_for(work, _PATIENCE))
    except TimeoutError:
        raise Seen("a task that was cancelled has left a lock behind") from None


LAWS = (
    StoreLaw(
        "tasks.one-winner",
        "of all tasks that ask for one time exactly one is told that it won, and has it (R31, R40)",
        _race,
    ),
    StoreLaw(
        "tasks.cancelled",
        "a task that is cancelled leaves whole bookings or nothing, and no lock (R39)",
        _cancelled,
    ),
)
"""The laws of tasks."""
