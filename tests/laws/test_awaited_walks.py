"""Whatever visitors, the desk and the dispatcher do, awaited or not, the answers are the same.

The ports of the awaited world let other tasks run before and after each answer.
"""

import asyncio
from pathlib import Path

import omnibook as ob
from omnibook.adapters.sql import AsyncSqlStore, SqlStore
from omnibook.clinic import Clinic
from omnibook.ports import Tokens
from support.awaited import awaited, suspending
from support.quick_sql import quick_file
from support.walk_machine import Walks, walk_in_both
from support.worlds import START, World, world


def test_whatever_visitors_and_the_desk_do_awaited_or_not_the_answers_agree() -> None:
    """R26, R28, R33–R35, R37, R38, R40, R46."""
    store = ob.MemoryStore(made := ob.ManualClock(START))
    with asyncio.Runner() as runner:

        class AwaitedWalks(Walks):
            clock = made

            def other_world(self, clinic: Clinic, tokens: Tokens) -> World:
                plain = world(clinic, make_store=lambda _: store)
                return awaited(plain, runner.run, tokens=tokens)

        walk_in_both(AwaitedWalks)


def test_whatever_visitors_and_the_desk_do_awaited_on_sqlite_the_answers_agree(
    tmp_path: Path,
) -> None:
    """R26, R28, R33–R35, R37, R38, R40, R46."""
    made = ob.ManualClock(START)
    with quick_file(tmp_path) as engine, asyncio.Runner() as runner:
        plain = SqlStore(engine, clock=made)

        async def opened() -> AsyncSqlStore:
            return AsyncSqlStore(str(engine.url), clock=made)

        store = runner.run(opened())

        class AwaitedWalksOnSqlite(Walks):
            clock = made

            def other_world(self, clinic: Clinic, tokens: Tokens) -> World:
                here = world(clinic, make_store=lambda _: plain)
                return awaited(here, runner.run, store=suspending(store), tokens=tokens)

        try:
            walk_in_both(AwaitedWalksOnSqlite)
        finally:
            runner.run(store.close())
