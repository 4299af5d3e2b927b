"""What other processes do in the tests of a shared database; importable where they are spawned."""

import threading
from multiprocessing.connection import Connection
from typing import Any

from attrs import evolve

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import SqlStore
from omnibook.ids import HoldId
from omnibook.records import SYSTEM, AuditEvent
from omnibook.testing.samples import CLINIC, NOW, SCHEDULE, hold, hours
from omnibook.transactions import Decision, PutHold, RecordAudit, Scope, Snapshot

PLACES = 12


def take(store: SqlStore, place: int, name: str) -> bool:
    """Hold an hour of the schedule, unless somebody else does (R40)."""
    mine = evolve(hold(name, place), hold_id=HoldId(name))
    scope = Scope(clinic_id=CLINIC, schedules={SCHEDULE: mine.claimed}, hold=mine.hold_id)

    def decide(snapshot: Snapshot) -> Decision[bool]:
        if any(claim.is_live(snapshot.now) for claim in snapshot.schedules[SCHEDULE].claims):
            return Decision(outcome=False)
        return Decision(True, (PutHold(mine),))

    return store.transact(scope, decide)


def race(url: str, worker: int, barrier: Any, answers: Any, threads: int = 2) -> None:
    """Race for every place with several threads; answer which ones were won, and what leaked."""
    won: list[int] = []
    leaked: list[str] = []
    barrier.wait()
    # All at once, on a database that is not set up yet.
    with SqlStore(url, clock=ManualClock(NOW)) as store:

        def run(thread: int) -> None:
            try:
                for place in range(PLACES):
                    if take(store, place, f"hold-{worker}-{thread}-{place}"):
                        won.append(place)  # noqa: PERF401 - one list for all threads
            except Exception as problem:  # noqa: BLE001 - told to the test
                leaked.append(repr(problem))

        running = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    answers.put((won, leaked))


def record_without_end(url: str, worker: int, acknowledged: Connection) -> None:
    """Append audit events one by one, and tell each number once it was acknowledged."""
    with SqlStore(url, clock=ManualClock(NOW)) as store:
        number = 0
        while True:
            event = AuditEvent(
                clinic_id=CLINIC,
                audit_id=f"{worker}-{number:06}",
                at=NOW,
                action="test",
                code="test",
                actor=SYSTEM,
                subject=None,
            )
            both = (RecordAudit(event), RecordAudit(evolve(event, audit_id=f"{event.audit_id}+")))
            store.transact(Scope(clinic_id=CLINIC), lambda _, both=both: Decision(None, both))  # type: ignore[misc]
            acknowledged.send(number)
            number += 1


def stop_behind_the_gate(url: str, reached: Connection) -> None:
    """Lose a race, go through the gate, say so, and never come back."""
    seen: list[Snapshot] = []

    def decide(snapshot: Snapshot) -> Decision[None]:
        seen.append(snapshot)
        if len(seen) == 1:
            # Somebody else is faster: the second time it is behind the gate.
            take(other, PLACES + 1, "faster")
        else:
            reached.send("behind the gate")
            threading.Event().wait()
        return Decision(None, (PutHold(hold()),))

    clock = ManualClock(NOW)
    with SqlStore(url, clock=clock) as store, SqlStore(url, clock=clock) as other:
        store.transact(Scope(clinic_id=CLINIC, schedules={SCHEDULE: hours(0, 9)}), decide)
