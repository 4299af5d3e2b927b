"""Processes that fork with a SQLite database open: nothing is lost, nothing given twice (R40)."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import AsyncSqlStore, SqlStore
from omnibook.adapters.sql.gate import AsyncGate, Gate
from omnibook.errors import StoreError
from omnibook.ids import HoldId
from omnibook.ports import ReadScope
from omnibook.testing.samples import CLINIC, NOW, SCHEDULE, hold, hours
from omnibook.transactions import Decision, PutHold, Scope
from support.sql_workers import take

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
WHOLE = {SCHEDULE: hours(0, 12)}


def forked(work: Callable[[], str]) -> tuple[int, int]:
    """A child that does the work when it is told to; its process id, and where to tell it."""
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - in another process
        os.close(told)
        os.read(heard, 1)
        try:
            said = work()
        except BaseException as problem:  # noqa: BLE001 - told by the exit status
            said = type(problem).__name__
        os._exit({"True": 0, "False": 1, "StoreError": 2}.get(said, 9))
    os.close(heard)
    return child, told


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kept(url: str) -> set[HoldId]:
    with SqlStore(url, clock=ManualClock(NOW)) as store:
        return set(store.read(ReadScope(Scope(clinic_id=CLINIC, schedules=WHOLE)))[1].holds)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'clinic.db'}"


def test_what_a_forked_child_books_stands_though_its_parent_closes_first(url: str) -> None:
    """SQLite's locks are a process's own: a child that inherited some would take none itself."""
    parent = SqlStore(url, clock=ManualClock(NOW))
    assert take(parent, 0, "of-the-parent")
    child, told = forked(lambda: str(take(parent, 1, "of-the-child")))
    parent.close()
    os.write(told, b"!")

    assert ended(child) == 0
    os.close(told)
    assert kept(url) == {"of-the-parent", "of-the-child"}
    with SqlStore(url, clock=ManualClock(NOW)) as another:
        assert not take(another, 1, "too-late")


def test_a_file_in_use_at_the_fork_is_refused_to_the_child(url: str) -> None:
    forks: list[tuple[int, int]] = []
    with SqlStore(url, clock=ManualClock(NOW)) as parent:
        mine = evolve(hold("mine", 0), hold_id=HoldId("mine"))

        def decide(_: object) -> Decision[None]:
            if not forks:
                forks.append(forked(lambda: str(take(SqlStore(url), 1, "of-the-child"))))
            return Decision(None, (PutHold(mine),))

        parent.transact(Scope(clinic_id=CLINIC, schedules=WHOLE), decide)
    child, told = forks[0]
    os.write(told, b"!")

    assert ended(child) == 2, "a StoreError"
    os.close(told)
    assert kept(url) == {"mine"}


def test_a_file_open_for_asyncio_is_refused_to_the_child(url: str) -> None:
    async def fork_while_open() -> int:
        async with AsyncSqlStore(url) as store:
            await store.read(ReadScope(Scope(clinic_id=CLINIC)))
            child, told = forked(lambda: str(take(SqlStore(url), 1, "of-the-child")))
            os.write(told, b"!")
            os.close(told)
            return ended(child)

    assert asyncio.run(fork_while_open()) == 2, "a StoreError"


def test_the_refusal_says_what_to_do(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnibook.adapters.sql import forks

    file = Path(url.removeprefix("sqlite:///")).resolve()
    monkeypatch.setattr(forks, "_inherited", {file})

    with pytest.raises(StoreError, match="open the store after the fork"):
        SqlStore(url)


def test_a_second_process_is_warned_where_sqlite_has_the_fault(
    url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate keeps the WAL-reset bug away from us, and not from other programs."""
    monkeypatch.setattr("omnibook.adapters.sql.engine.has_wal_reset_bug", lambda: True)
    script = """
import sys
from omnibook.adapters.sql import SqlStore
with SqlStore(sys.argv[1]):
    print(flush=True)
    input()
"""
    command = [sys.executable, "-c", script, url]
    with subprocess.Popen(  # noqa: S603 - our own script
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with caplog.at_level(logging.WARNING, "omnibook.sql"), SqlStore(url), SqlStore(url):
            pass
        first.communicate(b"\n")

    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "clinic.db" in caplog.text


def test_a_wait_at_the_gate_that_outlives_its_event_loop_leaves_the_gate_free(
    tmp_path: Path,
) -> None:
    gate = Gate.of(tmp_path / "clinic.db")
    inside = gate.enter()

    async def give_up() -> None:
        asyncio.get_running_loop().call_later(0.05, gate.leave, inside)
        waiting = asyncio.ensure_future(AsyncGate(gate).enter())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.wait([waiting])

    asyncio.run(give_up())

    # The thread that waited has ended with the loop's executor.
    again = gate.enter_if_free()
    assert again is not None
    gate.leave(again)
