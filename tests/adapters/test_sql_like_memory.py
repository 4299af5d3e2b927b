"""Whatever is written, and however it is asked for, SQL stores answer as memory does.

MemoryStore is the reference: what it shows of a scope is the loading contract in its plainest form.
"""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from attrs import evolve, fields_dict
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibook.adapters.memory import MemoryStore
from omnibook.adapters.sql import SqlStore
from omnibook.errors import StoreError
from omnibook.ids import ClinicId
from omnibook.ports import Query, ReadScope, Store
from omnibook.records import Busy
from omnibook.testing.strategies.records import BASE, busy_times
from omnibook.testing.strategies.writes import EVERYTHING, queries_of_records, writes
from omnibook.transactions import Decision, Write
from support.busy import import_busy
from support.postgres_fixtures import ENGINES
from support.sql_stores import KINDS, Places

numbers = count()


def moved(clinic: ClinicId, value: Any) -> Any:
    """The same write or query, about another clinic."""
    for name in fields_dict(type(value)):
        if name == "clinic_id":
            return evolve(value, clinic_id=clinic)
        part = getattr(value, name)
        if hasattr(part, "clinic_id"):
            return evolve(value, **{name: evolve(part, clinic_id=clinic)})
    return value


def kept(store: Store, clinic: ClinicId, writes: tuple[Write, ...]) -> str:
    """What a decision with these writes ends with."""
    try:
        return store.transact(
            evolve(EVERYTHING, clinic_id=clinic), lambda _: Decision("kept", writes)
        )
    except StoreError as problem:
        return str(problem)


steps = st.integers(0, 200 * 60_000_000).map(lambda n: timedelta(microseconds=n))


def few(kind: str) -> settings:
    """How much is tried; all kinds run the same code, on drivers of different speed."""
    share = 1 if kind == "sqlite" else 4
    return settings(max_examples=max(settings().max_examples // share, 5))


@pytest.mark.parametrize("kind", KINDS)
def test_memory_and_sql_keep_the_same_and_answer_the_same(kind: str, places: Places) -> None:
    """R40 among others: what one refuses, the other refuses, with the same words."""
    sql, clock = places.store(kind), places.clock

    @few(kind)
    @given(
        batches=st.lists(st.tuples(st.lists(writes(), max_size=4), steps), max_size=8),
        busy=st.lists(busy_times(), max_size=3),
        asked=st.lists(st.tuples(queries_of_records(), steps), min_size=3, max_size=8),
    )
    def law(
        batches: list[tuple[list[Write], timedelta]],
        busy: list[Busy],
        asked: list[tuple[Query[Any], timedelta]],
    ) -> None:
        # Each example is a clinic of its own: the rows of the others are there, and are not seen.
        clinic = ClinicId(f"clinic-{next(numbers)}")
        memory = MemoryStore(clock=clock)
        clock.set(BASE - timedelta(hours=10))
        for batch, step in batches:
            mine = tuple(moved(clinic, write) for write in batch)

            assert kept(sql, clinic, mine) == kept(memory, clinic, mine)

            clock.advance(step)
        import_busy(sql, clinic, busy)
        import_busy(memory, clinic, busy)
        for query, step in asked:
            question = moved(clinic, query)

            assert sql.read(question) == memory.read(question)

            clock.advance(step)

    law()


# Opening the file is what takes its time, and the rows are those of the law above.
@pytest.mark.parametrize("kind", ENGINES)
def test_what_was_kept_is_there_when_the_database_is_opened_again(
    kind: str, places: Places
) -> None:
    sql, clock = places.store(kind), places.clock

    @settings(max_examples=max(settings().max_examples // 5, 1))
    @given(batch=st.lists(writes(), min_size=1, max_size=6))
    def law(batch: list[Write]) -> None:
        clinic = ClinicId(f"clinic-{next(numbers)}")
        kept(sql, clinic, tuple(moved(clinic, write) for write in batch))
        scope = evolve(EVERYTHING, clinic_id=clinic)

        with SqlStore(places.url(kind), clock=clock) as again:
            assert again.read(ReadScope(scope)) == sql.read(ReadScope(scope))

    law()
