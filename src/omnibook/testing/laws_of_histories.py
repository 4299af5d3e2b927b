"""A busy quarter of an hour, recorded: some order must explain what everybody was shown (R40)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from attrs import evolve

from omnibook.errors import Contention
from omnibook.ids import AppointmentId, HoldId, ScheduleId
from omnibook.ports import ReadScope, Store
from omnibook.records import HoldState
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.histories import History, RecordingStore
from omnibook.testing.interleaving import Shaker
from omnibook.testing.laws import require
from omnibook.testing.processes import Gate, Nursery, can_fork, pause
from omnibook.testing.samples import (
    CLINIC,
    OTHER,
    SCHEDULE,
    appointment,
    audit,
    cancelled,
    hold,
    hours,
    keep,
)
from omnibook.transactions import (
    Decision,
    PutAppointment,
    PutHold,
    RecordAudit,
    Scope,
    Snapshot,
)

PLACES = 3
ROOMS = (SCHEDULE, OTHER)


def busy_caller(
    store: Store, name: str, random: Random, steps: int, step: Callable[[], None]
) -> None:
    """Look, hold, book, release and cancel at random, in two rooms of few places."""
    for number in range(steps):
        step()
        room = random.choice(ROOMS)
        place = random.randrange(PLACES)
        try:
            if random.random() < 0.2:
                day = dict.fromkeys(ROOMS, hours(0, PLACES))
                store.read(ReadScope(Scope(clinic_id=CLINIC, schedules=day)))
            else:
                _try(store, f"{name}-{number}", room, place, random.random())
        except Contention:
            continue


def _try(store: Store, name: str, room: ScheduleId, place: int, chance: float) -> str:
    """Take the place if it is free; end what is there, or lose, if it is not."""
    span = hours(place, place + 1)

    def decide(snapshot: Snapshot) -> Decision[str]:
        live = [c for c in snapshot.schedules[room].claims if c.is_live(snapshot.now)]
        if not live and chance < 0.6:
            ends = snapshot.now + timedelta(minutes=5)
            made = hold(name, place, schedule=room)
            return Decision("held", (PutHold(evolve(made, expires_at=ends)),))
        if not live:
            return Decision("booked", (PutAppointment(appointment(name, place, schedule=room)),))
        owner = live[0].owner
        if chance > 0.4:
            return Decision("lost")
        if live[0].expires_at is None:
            made_before = appointment(owner, place, schedule=room)
            return Decision("cancelled", (PutAppointment(cancelled(made_before)),))
        ended = hold(owner, place, schedule=room, state=HoldState.RELEASED)
        return Decision("released", (PutHold(ended),))

    scope = Scope(
        clinic_id=CLINIC,
        schedules={room: span},
        hold=HoldId(name),
        appointment=AppointmentId(name),
    )
    return store.transact(scope, decide)


def _threads(bench: Bench) -> None:
    history = History()
    plain = bench.handles(2)
    handles = [RecordingStore(each, history) for each in plain]
    shaker = Shaker(plain, bench.seed, chance=1 / 12)
    steps = bench.effort.times(25)

    def pass_time() -> None:
        bench.clock.advance(timedelta(seconds=20))
        shaker.hand_over()

    def work(caller: int) -> int:
        random = Random(bench.seed + caller)
        busy_caller(handles[caller % 2], f"caller-{caller}", random, steps, pass_time)
        return caller

    shaker.run([partial(work, caller) for caller in range(4)])
    history.check()


def _processes(bench: Bench) -> None:
    """Some of them are killed: what they were about to keep may be there or not."""
    if not can_fork():
        return
    keep(bench.store, RecordAudit(audit()))
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.history" for number in range(bench.effort.times(8))]
        for first in range(0, len(paths), 4):
            _four(bench, paths[first : first + 4], first)
        history = History.read(paths)
    require(history.operations, "no process did anything")
    history.check()


def _four(bench: Bench, paths: list[Path], first: int) -> None:
    bench.close()
    # Time goes on between the fours, so that holds lapse.
    bench.clock.advance(timedelta(minutes=4))

    gate = Gate()

    def work(number: int, path: Path, tell: Connection) -> None:
        with History(path) as history:
            store = RecordingStore(bench.store, history)
            random = Random(bench.seed + number)
            tell.send("ready")
            gate.wait()
            busy_caller(store, f"process-{number}", random, 12, lambda: None)
        bench.close()
        tell.send("done")

    with Nursery() as nursery:
        children = [
            nursery.fork(partial(work, number, path))
            for number, path in enumerate(paths, start=first)
        ]
        for child in children:
            ready = child.hear()
            require(ready == "ready", f"a process ended with {ready}")
        gate.open()
        pause(bench.random.uniform(0, 0.1))
        children[0].kill()
        for child in children[1:]:
            told = child.hear()
            require(told == "done", f"a process ended with {told}")
            child.wait()


LAWS = (
    StoreLaw(
        "histories.threads",
        "some order of the calls explains what every one of them was shown: the history of each "
        "schedule is linearizable (R31, R34, R40)",
        _threads,
    ),
    StoreLaw(
        "histories.processes",
        "the history that several processes made together is linearizable, whichever of them was "
        "killed (R31, R34, R40)",
        _processes,
        durable=True,
    ),
)
"""The laws of histories."""
