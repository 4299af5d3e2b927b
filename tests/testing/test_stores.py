"""The library's own stores keep every law of the kit (R31, R33–R40)."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

import omnibook as ob
from omnibook.adapters.sql import AsyncSqlStore, SqlStore
from omnibook.ports import Clock, Store
from omnibook.testing import (
    ASYNC_STORE_LAWS,
    STORE_LAWS,
    BrokenPromise,
    Effort,
    StoreLaw,
    check_async_law,
    check_async_store,
    check_store,
)
from support.postgres_fixtures import ENGINES, Postgres
from support.sql_stores import database


def shared(kind: Callable[[Clock], ob.MemoryStore]) -> Callable[[str, Clock], ob.MemoryStore]:
    """``make`` of stores in memory: two handles on the same data are one object."""
    known: dict[str, ob.MemoryStore] = {}
    return lambda name, clock: known.get(name) or known.setdefault(name, kind(clock))


class Databases:
    """``make`` of stores on one engine: each name is a database of its own."""

    def __init__(self, kind: str, postgres: Postgres, folder: Path) -> None:
        self.kind, self.postgres, self.folder = kind, postgres, folder
        self.urls: dict[str, str] = {}
        self.opened = ExitStack()

    def url(self, name: str) -> str:
        if name not in self.urls:
            (self.folder / name).mkdir()
            made = database(self.kind, self.postgres, self.folder / name)
            self.urls[name] = self.opened.enter_context(made)
        return self.urls[name]

    def store(self, name: str, clock: Clock) -> SqlStore:
        return SqlStore(self.url(name), clock=clock)

    def async_store(self, name: str, clock: Clock) -> AsyncSqlStore:
        return AsyncSqlStore(self.url(name), clock=clock)


@pytest.fixture
def databases(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path
) -> Iterator[Databases]:
    made = Databases(request.param, postgres, tmp_path)
    with made.opened:
        yield made


@pytest.mark.parametrize("law", STORE_LAWS, ids=str)
def test_memory_keeps_the_law(law: StoreLaw) -> None:
    law(shared(ob.MemoryStore))


@pytest.mark.parametrize("law", STORE_LAWS, ids=str)
@pytest.mark.parametrize("databases", ENGINES, indirect=True)
def test_a_database_keeps_the_law(law: StoreLaw, databases: Databases) -> None:
    """R40: with several threads, handles and processes."""
    # The state machine commits thousands of times: on a disk a part of them will do here, since the
    # walks of tests/laws and the kit on memory go the whole way.
    effort = Effort.QUICK if law.name == "machine" else Effort.NORMAL
    by_host = databases.kind == "sqlite"
    law(databases.store, durable=True, effort=effort, host_clock=by_host)


@pytest.mark.parametrize("law", ASYNC_STORE_LAWS, ids=str)
@pytest.mark.parametrize("databases", ["sqlite async", f"{ENGINES[-1]} async"], indirect=True)
def test_a_database_awaited_keeps_the_law(law: StoreLaw, databases: Databases) -> None:
    """R39, R40."""
    by_host = databases.kind == "sqlite async"
    make = databases.async_store
    check_async_law(law, make, durable=True, effort=Effort.QUICK, host_clock=by_host)


@pytest.mark.parametrize("law", ASYNC_STORE_LAWS, ids=str)
def test_memory_awaited_keeps_the_law(law: StoreLaw) -> None:
    known: dict[str, ob.AsyncMemoryStore] = {}

    def make(name: str, clock: Clock) -> ob.AsyncMemoryStore:
        return known.get(name) or known.setdefault(name, ob.AsyncMemoryStore(clock))

    check_async_law(law, make, effort=Effort.QUICK)


def test_all_laws_are_proven_by_one_call(tmp_path: Path) -> None:
    """As the documentation shows it."""
    check_store(shared(ob.MemoryStore), effort=Effort.QUICK)


def test_all_laws_of_an_awaited_store_are_proven_by_one_call() -> None:
    known: dict[str, ob.AsyncMemoryStore] = {}

    async def make(name: str, clock: Clock) -> ob.AsyncMemoryStore:
        return known.get(name) or known.setdefault(name, ob.AsyncMemoryStore(clock))

    check_async_store(make, effort=Effort.QUICK)


def test_every_law_has_a_name_and_a_promise_of_its_own() -> None:
    assert len({law.name for law in ASYNC_STORE_LAWS}) == len(ASYNC_STORE_LAWS)
    assert len({law.promise for law in ASYNC_STORE_LAWS}) == len(ASYNC_STORE_LAWS)


def test_the_library_itself_does_not_need_the_kit() -> None:
    """Nor the extra that it comes with."""
    told = "import sys, omnibook; print([each for each in sys.modules if 'hypothesis' in each])"
    command = [sys.executable, "-c", told]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603

    assert seen.stdout.strip() == "[]"


def test_what_a_law_sees_is_told_with_its_promise() -> None:
    law = next(law for law in STORE_LAWS if law.name == "loading.now")
    late = ob.ManualClock(datetime(2030, 1, 1, tzinfo=UTC))

    with pytest.raises(AssertionError) as caught:
        law(lambda name, clock: ob.MemoryStore(late), seed=7)

    assert "the law 'loading.now' is broken" in str(caught.value)
    assert "promised: every answer and every decision" in str(caught.value)
    assert "seen: the instant of the answer: datetime.datetime(2030, 1, 1" in str(caught.value)
    assert "drawn with: seed=7" in str(caught.value)


def test_what_a_store_raises_breaks_the_law() -> None:
    def make(name: str, clock: Clock) -> Store:
        raise ConnectionError("no database")

    with pytest.raises(BrokenPromise, match="ConnectionError: no database"):
        STORE_LAWS[0](make)


def test_a_law_of_durable_stores_is_not_about_others() -> None:
    law = next(law for law in STORE_LAWS if law.durable)

    law(lambda name, clock: 1 / 0)  # type: ignore[arg-type, return-value]
