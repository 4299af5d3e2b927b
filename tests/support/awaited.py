"""Worlds whose facades are awaited, to be walked through like any other."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from attrs import evolve

import omnibook as ob
from omnibook.awaiting import settled
from omnibook.dispatch import AsyncDispatcher, Dispatcher
from omnibook.ports import AsyncStore, Tokens
from support.worlds import World, link_address

PortT = TypeVar("PortT")
Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine to its end, as ``asyncio.run`` does."""


class Suspending:
    """Passes everything on to a port of either kind, and lets others run before and after it."""

    def __init__(self, port: object) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        method = getattr(self._port, name)

        async def passed_on(*args: object, **more: object) -> object:
            await asyncio.sleep(0)
            answer = await settled(method(*args, **more))
            await asyncio.sleep(0)
            return answer

        return passed_on


def suspending(port: PortT) -> Any:
    """The port, awaited: any of the asynchronous ports, for the type checker."""
    return Suspending(port)


class Waiting:
    """Looks like a plain facade, and runs the methods of an awaited one."""

    def __init__(self, awaited: object, run: Run) -> None:
        self._awaited, self._run = awaited, run

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._awaited, name)
        return lambda *args, **more: self._run(method(*args, **more))


def async_store(here: World) -> ob.AsyncMemoryStore:
    """The world's store, awaited."""
    return ob.AsyncMemoryStore(over=cast("ob.MemoryStore", here.store))


def async_portal(
    here: World, store: AsyncStore | None = None, *, tokens: Tokens | None = None
) -> ob.AsyncPortal:
    """A portal on what the world has; each port lets others run."""
    generous = ob.LimiterPolicy(per_source=10**6, per_person=10**6, overall=10**6)
    return ob.AsyncPortal(
        here.clinic,
        store=store or suspending(async_store(here)),
        directory=suspending(here.directory),
        keys=here.keys,
        schedules=suspending(ob.ClinicSchedules(here.clinic)),
        limiter=suspending(ob.MemoryLimiter(here.clock, generous)),
        tokens=tokens,
    )


def async_desk(
    here: World, store: AsyncStore | None = None, *, tokens: Tokens | None = None
) -> ob.AsyncFrontDesk:
    """A front desk on what the world has."""
    return ob.AsyncFrontDesk(
        here.clinic,
        store=store or suspending(async_store(here)),
        directory=suspending(here.directory),
        keys=here.keys,
        schedules=suspending(ob.ClinicSchedules(here.clinic)),
        tokens=tokens,
    )


def async_dispatcher(
    here: World, store: AsyncStore | None = None, *, tokens: Tokens | None = None
) -> AsyncDispatcher:
    """A dispatcher on what the world has."""
    return AsyncDispatcher(
        here.clinic,
        store=store or suspending(async_store(here)),
        directory=suspending(here.directory),
        keys=here.keys,
        notifiers=dict.fromkeys(
            (ob.ContactSystem.PHONE, ob.ContactSystem.EMAIL), suspending(here.notifier)
        ),
        events=suspending(here.events),
        link_address=link_address,
        tokens=tokens,
    )


def awaited(
    here: World,
    run: Run = asyncio.run,
    *,
    store: AsyncStore | None = None,
    tokens: Tokens | None = None,
) -> World:
    """The same place, whose facades are awaited over ports that let others run.

    ``store`` is another one on what the world's own keeps; without it, the world's is in memory.
    """
    return evolve(
        here,
        portal=cast("ob.Portal", Waiting(async_portal(here, store, tokens=tokens), run)),
        desk=cast("ob.FrontDesk", Waiting(async_desk(here, store, tokens=tokens), run)),
        dispatcher=cast("Dispatcher", Waiting(async_dispatcher(here, store, tokens=tokens), run)),
    )
