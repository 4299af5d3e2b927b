"""One way to write a use case for callers that wait and for callers that await."""

import asyncio
from collections.abc import Awaitable, Generator
from inspect import CORO_CLOSED, getcoroutinestate

import pytest

import omnibook as ob
from omnibook.awaiting import finish, settled, twin_of
from support.awaited import suspending
from support.worlds import MARIES_FORM, world


class Later:
    """Something that can be awaited and is no coroutine; it waits as often as it is told."""

    def __init__(self, waits: int) -> None:
        self._waits = waits

    def __await__(self) -> Generator[None, None, str]:
        for _ in range(self._waits):
            yield
        return "later"


async def at_once() -> str:
    return "at once"


async def asked(answer: str | Awaitable[str]) -> str:
    return await settled(answer)


def test_an_answer_that_is_there_is_used_as_it_is() -> None:
    assert finish(asked("there")) == "there"


def test_an_answer_that_can_be_awaited_is_awaited() -> None:
    async def three() -> tuple[str, str, str]:
        return await asked("there"), await asked(at_once()), await asked(Later(2))

    assert asyncio.run(three()) == ("there", "at once", "later")


def test_what_never_waits_is_finished_without_an_event_loop() -> None:
    assert finish(asked(at_once())) == "at once"
    assert finish(asked(Later(0))) == "later"


def test_what_waits_is_refused_and_closed_in_order() -> None:
    """No warning is left behind: nothing stays half run."""
    closed: list[str] = []

    async def waits() -> str:
        try:
            return await asked(Later(1))
        except Exception:  # noqa: BLE001 - nothing may take the closing for a fault of its own
            return "swallowed"
        finally:
            closed.append("closed")

    work = waits()
    with pytest.raises(ob.InvalidValue, match="begins with Async"):
        finish(work)

    # While it is still referred to: closing is not left to the garbage collector.
    assert closed == ["closed"]
    assert getcoroutinestate(work) == CORO_CLOSED


def test_what_is_raised_inside_comes_out_as_it_is() -> None:
    async def fails() -> str:
        await asked("there")
        raise ob.StoreError("no")

    with pytest.raises(ob.StoreError, match="no"):
        finish(fails())


def test_a_twin_takes_over_the_docstring() -> None:
    class Plain:
        def step(self, name: str, *, times: int = 1) -> str:
            """Take a step."""
            return name * times

    class Twin:
        @twin_of(Plain.step)
        async def step(self, name: str, *, times: int = 1) -> str:
            return Plain().step(name, times=times)

    assert Twin.step.__doc__ == "Take a step."
    assert asyncio.run(Twin().step("ab", times=2)) == "abab"


def test_a_plain_facade_over_a_port_that_has_to_be_awaited_says_what_to_do() -> None:
    here = world()
    portal = ob.Portal(
        here.clinic, store=suspending(here.store), directory=here.directory, keys=here.keys
    )

    with pytest.raises(ob.InvalidValue, match="begins with Async"):
        portal.identify(MARIES_FORM, terms="2026-01", language="fr", source="203.0.113.7")


def test_a_plain_facade_works_inside_an_event_loop_too() -> None:
    async def serve() -> ob.VisitToken:
        return world().enter()

    assert isinstance(asyncio.run(serve()), ob.VisitToken)
