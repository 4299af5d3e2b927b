"""Whatever visitors, the desk and the dispatcher do, awaited or not, the answers are the same.

The ports of the awaited world let other tasks run before and after each answer.
"""

import asyncio

import omnibook as ob
from omnibook.clinic import Clinic
from omnibook.ports import Tokens
from support.awaited import awaited
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
