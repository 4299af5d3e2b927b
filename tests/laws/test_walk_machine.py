"""Whatever visitors, the desk and the dispatcher do, memory and SQLite answer the same."""

from collections.abc import Iterator

import pytest

import omnibook as ob
from omnibook.adapters.sql import SqlStore
from omnibook.clinic import Clinic
from omnibook.ports import Tokens
from support.quick_sql import quick_file
from support.walk_machine import Walks, walk_in_both
from support.worlds import START, World, world


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[Walks]]:
    """The machine on one file: each example is a clinic of its own in it."""
    made = ob.ManualClock(START)
    with quick_file(tmp_path_factory.mktemp("walks")) as engine:
        store = SqlStore(engine, clock=made)

        class WalksOnOneFile(Walks):
            clock = made

            def other_world(self, clinic: Clinic, tokens: Tokens) -> World:
                return world(clinic, tokens=tokens, make_store=lambda _: store)

        yield WalksOnOneFile


def test_whatever_visitors_and_the_desk_do_memory_and_sqlite_agree(machine: type[Walks]) -> None:
    """R26, R28, R33–R35, R37, R38, R40, R46."""
    walk_in_both(machine)
