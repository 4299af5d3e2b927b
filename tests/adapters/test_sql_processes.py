"""Several processes and threads on one file: no place is given twice, no death matters."""

import multiprocessing
import queue
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import SqlStore
from omnibook.ports import AuditTrail, ReadScope
from omnibook.testing.samples import CLINIC, NOW, SCHEDULE, hold, hours
from omnibook.transactions import Decision, PutHold, Scope
from support.sql_workers import PLACES, race, record_without_end, stop_behind_the_gate, take

spawn = multiprocessing.get_context("spawn")
WHOLE = {SCHEDULE: hours(0, PLACES + 1)}
PATIENCE = 60
"""So many seconds are waited for another process; then something is wrong."""


def told_by(pipe: Connection) -> Any:
    """What another process tells; :class:`EOFError` if it is gone."""
    assert pipe.poll(PATIENCE), "the other process is silent"
    return pipe.recv()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'clinic.db'}"


def check(url: str) -> str:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def test_eight_processes_give_every_place_to_exactly_one(url: str) -> None:
    """R40. They also meet at a database that is not set up yet."""
    barrier, answers = spawn.Barrier(8), spawn.Queue()
    workers = [spawn.Process(target=race, args=(url, n, barrier, answers)) for n in range(8)]
    for worker in workers:
        worker.start()
    told = [answers.get(timeout=PATIENCE) for _ in workers]
    for worker in workers:
        worker.join(PATIENCE)

    assert [leaked for _, leaked in told if leaked] == []
    assert Counter(place for won, _ in told for place in won) == dict.fromkeys(range(PLACES), 1)
    with SqlStore(url, clock=ManualClock(NOW)) as store:
        _, snapshot = store.read(ReadScope(Scope(clinic_id=CLINIC, schedules=WHOLE)))
    assert len(snapshot.schedules[SCHEDULE].claims) == len(snapshot.holds) == PLACES
    assert check(url) == "ok"


def test_threads_of_one_store_give_every_place_to_exactly_one(url: str) -> None:
    """R40."""
    answers: queue.SimpleQueue[tuple[list[int], list[str]]] = queue.SimpleQueue()

    race(url, 0, threading.Barrier(1), answers, threads=20)

    won, leaked = answers.get(timeout=PATIENCE)
    assert leaked == []
    assert sorted(won) == list(range(PLACES))


def test_what_was_acknowledged_survives_kills_in_the_middle(url: str) -> None:
    """R39, R40: each transaction is there in full, or not at all."""
    with SqlStore(url, clock=ManualClock(NOW)) as store:
        acknowledged: set[str] = set()
        for worker in range(3):
            mine, theirs = spawn.Pipe(duplex=False)
            process = spawn.Process(target=record_without_end, args=(url, worker, theirs))
            process.start()
            theirs.close()
            while told_by(mine) < 20 + 7 * worker:
                pass
            process.kill()
            process.join(PATIENCE)
            last = _last(mine)
            acknowledged |= {f"{worker}-{n:06}" for n in range(max(last, 20 + 7 * worker) + 1)}
            # Whoever comes next is not kept waiting by the dead.
            assert take(store, worker, f"after-{worker}")

        _, trail = store.read(AuditTrail(clinic_id=CLINIC, span=hours(0, 1)))

    kept = {event.audit_id for event in trail}
    assert acknowledged <= kept
    assert {f"{each}+" for each in kept if "+" not in each} == {k for k in kept if "+" in k}
    assert check(url) == "ok"


def _last(pipe: Connection) -> int:
    """The last number that came through before the end."""
    last = -1
    try:
        while True:
            last = told_by(pipe)
    except EOFError:
        return last


def test_a_process_killed_behind_the_gate_leaves_nothing_and_opens_it(url: str) -> None:
    with SqlStore(url, clock=ManualClock(NOW)) as store:
        mine, theirs = spawn.Pipe(duplex=False)
        process = spawn.Process(target=stop_behind_the_gate, args=(url, theirs))
        process.start()
        theirs.close()
        assert told_by(mine) == "behind the gate"
        process.kill()
        process.join(PATIENCE)
        scope = Scope(clinic_id=CLINIC, schedules=WHOLE)

        assert set(store.read(ReadScope(scope))[1].holds) == set()
        store.transact(scope, lambda _: Decision(None, (PutHold(hold()),)))

        assert set(store.read(ReadScope(scope))[1].holds) == {"hold-1"}
