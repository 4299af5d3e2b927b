"""Asynchronous adapters under the laws of plain ones: every law is written once.

A :class:`BridgedStore` awaits an :class:`~omnibook.ports.AsyncStore` in an event loop that runs in
a thread of its own; callers in several threads are so many tasks of that loop. Handles of a durable
store have a loop each, as on several hosts; the others share one.
"""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from inspect import isawaitable
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

from omnibook.ports import AsyncStore, Clock, Query, Store
from omnibook.testing.interleaving import ENOUGH
from omnibook.transactions import Again, Decision, Scope, Snapshot

T = TypeVar("T")
OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")

MakeAsyncStore: TypeAlias = Callable[[str, Clock], AsyncStore | Awaitable[AsyncStore]]
"""Opens a handle; called, and awaited if it has to be, in the event loop that uses it."""


class Loop:
    """An event loop in a thread; a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.pid = os.getpid()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine in the loop, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ENOUGH)

    def answer(self, ask: Callable[[], T | Awaitable[T]]) -> T:
        """Call in the caller's thread, and await in the loop what has to be awaited."""
        answer = ask()
        return self.run(_awaited(answer)) if isawaitable(answer) else answer

    def close(self) -> None:
        """Stop the loop; one that was inherited by a forked process has no thread to stop."""
        if self.pid == os.getpid() and not self._loop.is_closed():
            self.run(self._loop.shutdown_asyncgens())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(ENOUGH)
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class BridgedStore:
    """An :class:`~omnibook.ports.AsyncStore` as a :class:`~omnibook.ports.Store`."""

    def __init__(self, inner: AsyncStore, loop: Loop, *, owner: bool) -> None:
        self.inner = inner
        self.loop = loop
        self._owner = owner

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """Await ``transact``."""
        return self.loop.run(_awaited(self.inner.transact(scope, decide)))

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """Await ``read``."""
        return self.loop.run(_awaited(self.inner.read(query)))

    def close(self) -> None:
        """Await ``close`` or ``aclose``, if the store has one."""
        close = getattr(self.inner, "close", None) or getattr(self.inner, "aclose", None)
        if close is not None:
            self.loop.answer(close)
        if self._owner:
            self.loop.close()


async def _awaited(answer: Awaitable[T]) -> T:
    return await answer


class Bridge:
    """Makes bridged handles, and stops their loops; a context manager."""

    def __init__(self, make: MakeAsyncStore, *, durable: bool) -> None:
        self._make = make
        self._durable = durable
        self._loops: list[Loop] = []

    def __call__(self, name: str, clock: Clock) -> Store:
        """Open a handle."""
        loop = self._loop()

        async def made() -> AsyncStore:
            handle = self._make(name, clock)
            return await handle if isawaitable(handle) else handle

        return BridgedStore(loop.run(made()), loop, owner=self._durable)

    def _loop(self) -> Loop:
        mine = [loop for loop in self._loops if loop.pid == os.getpid()]
        if self._durable or not mine:
            mine.append(Loop())
            self._loops.append(mine[-1])
        return mine[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for loop in self._loops:
            loop.close()
