"""Stores that outlive their process: nothing forgotten, nothing half-written, nobody kept out.

Children are killed at random moments, between two statements and between holding and booking. What
a store had acknowledged is there when it is opened again; of what it had not, all or nothing is.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import count
from multiprocessing.connection import Connection

from omnibook.ids import AppointmentId, HoldId, VisitId
from omnibook.ports import ReadScope, Store
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.laws import require, same
from omnibook.testing.laws_of_isolation import one_winner_each, take, whole_or_nothing
from omnibook.testing.processes import Gate, Nursery, can_fork, pause
from omnibook.testing.samples import (
    EVERYTHING,
    NOW,
    SCHEDULE,
    audit,
    booking,
    hold,
    hours,
    keep,
    look,
)
from omnibook.transactions import PutHold, RecordAudit


def _opened_again(bench: Bench) -> None:
    late = NOW + timedelta(hours=5)
    bench.clock.set(late)
    keep(bench.store, *booking("kept"), PutHold(hold("held", 9, minutes=600)))
    before = look(bench.store, schedules=EVERYTHING.schedules, visit=VisitId("kept"))
    bench.close()
    after = look(bench.store, schedules=EVERYTHING.schedules, visit=VisitId("kept"))
    same("after it was opened again", after, before)
    require(whole_or_nothing(bench.store, "kept"), "a booking is gone")
    if not bench.host_clock:
        return
    bench.close()
    bench.clock.set(late - timedelta(minutes=10))
    now = bench.store.read(ReadScope(EVERYTHING))[0]
    require(now >= late, f"opened again, it is {now}, and was {late}")


def _processes_race(bench: Bench) -> None:
    if not can_fork():
        return
    keep(bench.store, RecordAudit(audit()))
    bench.close()
    places, workers = bench.effort.times(12), 4

    gate = Gate()

    def contend(worker: int, tell: Connection) -> None:
        look(bench.store)
        tell.send("ready")
        gate.wait()
        # A pause between check and act, in which the others are awake.
        meanwhile = partial(pause, 0.002)
        won = [(take(bench.store, n, f"{worker}-{n}", meanwhile), n) for n in range(places)]
        tell.send(won)
        bench.close()

    answers: list[tuple[str, int]] = []
    with Nursery() as nursery:
        children = [nursery.fork(partial(contend, worker)) for worker in range(workers)]
        for child in children:
            ready = child.hear()
            require(ready == "ready", f"a process ended with {ready}")
        gate.open()
        for child in children:
            told = child.hear()
            require(isinstance(told, list), f"a process ended with {told}")
            answers += told
            child.wait()
    one_winner_each(bench.store, answers, places)


def _name(generation: int, number: int) -> str:
    return f"booking-{generation}-{number}"


def _start(generation: int, number: int) -> int:
    return generation * 200 + number


def _hold_and_book(store: Store, generation: int) -> Iterator[int]:
    """Hold a time and book it, one after the other; yield what was acknowledged."""
    for number in count():
        name, start = _name(generation, number), _start(generation, number)
        keep(store, PutHold(hold(name, start, minutes=600, visit_id=VisitId(name))))
        keep(store, *booking(name, start))
        yield number


def _killed(bench: Bench) -> None:
    if not can_fork():
        return
    # Whoever makes a database for a name makes it here.
    keep(bench.store, RecordAudit(audit()))
    for generation in range(bench.effort.times(10)):
        bench.close()

        def work(tell: Connection, generation: int = generation) -> None:
            for number in _hold_and_book(bench.store, generation):
                tell.send(number)

        with Nursery() as nursery:
            child = nursery.fork(work)
            told = [child.hear()]
            require(told == [0], f"a process ended with {told}")
            pause(bench.random.uniform(0, 0.06))
            told += child.kill()
        store = bench.store
        for number in told:
            name = _name(generation, number)
            require(whole_or_nothing(store, name), f"{name} was acknowledged, and is gone")
        # The one in whose midst it was killed, and one that it cannot have come to.
        for number in (len(told), len(told) + 1):
            _whole_or_held(store, _name(generation, number), _start(generation, number))
        # Nobody waits for the dead.
        keep(store, *booking(_name(generation, 150), _start(generation, 150)))
        if len(told) < 150:
            rest = _name(generation, len(told))
            keep(bench.another(), *booking(rest, _start(generation, len(told))))
            require(whole_or_nothing(store, rest), "what was begun cannot be done again")


def _whole_or_held(store: Store, name: str, start: int) -> None:
    if AppointmentId(name) in look(store, appointment=AppointmentId(name)).appointments:
        whole_or_nothing(store, name)
        return
    seen = look(store, hold=HoldId(name), schedules={SCHEDULE: hours(start, start + 1)})
    claims = [claim.owner for claim in seen.schedules[SCHEDULE].claims]
    same(f"the claims and the record of {name}", claims, list(seen.holds))
    require(
        look(store, visit=VisitId(name)).visit is None, f"a part of {name}, the visit, is there"
    )


LAWS = (
    StoreLaw(
        "durable.opened-again",
        "what was kept is there when the store is opened again, and its time goes on from its last "
        "write (R34, R39)",
        _opened_again,
        durable=True,
    ),
    StoreLaw(
        "durable.processes",
        "of all processes that ask for one time exactly one is told that it won, and has it "
        "(R31, R40)",
        _processes_race,
        durable=True,
    ),
    StoreLaw(
        "durable.killed",
        "a process that is killed, between hold and book too, leaves whole bookings or nothing, "
        "loses nothing that was acknowledged, and keeps nobody out (R39, R40)",
        _killed,
        durable=True,
    ),
)
"""The laws of stores that outlive their process."""
