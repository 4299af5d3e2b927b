"""An honest store that is easily spoiled: the clay of which :mod:`testing.faulty_stores` is made.

It keeps what the kit's own oracle keeps, and locks the keys of a scope one by one, as a store with
rows does. Handles of one name share a :class:`Shelf`. :class:`FileStore` keeps the same in a file.
"""

import fcntl
import pickle
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve

from omnibook.errors import Contention, StoreError
from omnibook.ids import ClinicId, ScheduleId
from omnibook.outlook import Outlook
from omnibook.ports import Clock, Query, ReadDays
from omnibook.testing.oracle import Oracle
from omnibook.transactions import CORRECTION, ROUNDS, Again, Decision, Scope, Snapshot, Write

T = TypeVar("T")
OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")


class Shelf:
    """What the handles of one name share."""

    def __init__(self) -> None:
        self.oracle = Oracle()
        self.lock = threading.RLock()
        self.keys: dict[str, threading.RLock] = defaultdict(threading.RLock)
        self.latest: datetime | None = None


class ClayStore:
    """A store over a shelf; its faulty children change one of the steps."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self.shelf = shelf
        self.clock = clock

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        for _ in range(ROUNDS):
            with self.alone(scope):
                snapshot = self.load(scope)
                decision = decide(snapshot)
                if not isinstance(decision, Again):
                    self.keep(snapshot, decision.writes)
                    return decision.outcome
            scope = decision.scope
        raise Contention("too many rounds")

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        with self.shelf.lock:
            now = self.now()
            answer: Any = self.answer(query, now)
            return now, answer

    # The steps ----------------------------------------------------------------------------------

    def alone(self, scope: Scope) -> AbstractContextManager[None]:
        """Have the scope's keys to oneself, in one order for everybody."""
        return self._locking(scope)

    @contextmanager
    def _locking(self, scope: Scope) -> Iterator[None]:
        with ExitStack() as stack:
            for key in sorted(self.keys(scope)):
                with self.shelf.lock:
                    lock = self.shelf.keys[key]
                stack.enter_context(lock)
            yield

    def keys(self, scope: Scope) -> list[str]:
        many = {
            "schedule": scope.schedules,
            "contact": scope.contacts,
            "patient": scope.patients,
        }
        names = ("visit", "hold", "source", "appointment", "opening", "closure", "notice", "event")
        found = [f"{scope.clinic_id}/{kind}/{each}" for kind, some in many.items() for each in some]
        for name in (*names, "order"):
            value = getattr(scope, name)
            if value is not None:
                found.append(f"{scope.clinic_id}/{name}/{value}")
        return found

    def now(self) -> datetime:
        now, latest = self.clock.now(), self.shelf.latest
        if latest is not None and latest - CORRECTION <= now:
            now = max(now, latest)
        self.shelf.latest = now
        return now

    def load(self, scope: Scope) -> Snapshot:
        with self.shelf.lock:
            return self.snapshot(scope, self.now())

    def snapshot(self, scope: Scope, now: datetime) -> Snapshot:
        return self.shelf.oracle.snapshot(scope, now)

    def answer(self, query: Query[Any], now: datetime) -> object:
        answer = self.shelf.oracle.answer(query, now)
        if isinstance(answer, Outlook):
            return evolve(answer, versions=self.versions(answer.snapshot.scope.clinic_id))
        if isinstance(query, ReadDays):
            versions, days = self.versions(query.clinic_id), self.shelf.oracle.days(query)
            return {
                name: evolve(each, version=versions.get(name, 0)) for name, each in days.items()
            }
        return answer

    def versions(self, clinic: ClinicId) -> dict[ScheduleId, int]:
        """How often somebody wrote about each schedule."""
        named = self.shelf.oracle.named
        return {name: number for (where, name), number in named.items() if where == clinic}

    def keep(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        with self.shelf.lock:
            self.write(snapshot, writes)

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        if writes and not self.shelf.oracle.keep(snapshot.scope, writes, snapshot.now):
            raise StoreError("two claims overlap")


def shelves(kind: Callable[[Shelf, Clock], T]) -> Callable[[str, Clock], T]:
    """``make`` of stores over shelves: the same name is the same shelf."""
    known: dict[str, Shelf] = {}
    return lambda name, clock: kind(known.setdefault(name, Shelf()), clock)


class FileStore(ClayStore):
    """The same in a file, under a lock that other processes respect."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(Shelf(), clock)
        self.path = path
        self.threads = threading.RLock()

    @contextmanager
    def _locking(self, scope: Scope) -> Iterator[None]:
        with self.locked():
            self.fetch()
            yield

    def locked(self) -> AbstractContextManager[Any]:
        return _locked(self.threads, self.path.with_suffix(".lock"))

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        with self.locked():
            self.fetch()
            return super().read(query)

    def keep(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        self.write(snapshot, writes)
        if writes:
            self.save()

    def fetch(self) -> None:
        if self.path.exists():
            state = pickle.loads(self.path.read_bytes())  # noqa: S301 - our own file
            oracle = self.shelf.oracle
            oracle.records, oracle.claims, oracle.named, self.shelf.latest = state

    def save(self) -> None:
        oracle = self.shelf.oracle
        state = (oracle.records, oracle.claims, oracle.named, self.shelf.latest)
        spare = self.path.with_suffix(".new")
        spare.write_bytes(pickle.dumps(state))
        spare.replace(self.path)


@contextmanager
def _locked(threads: threading.RLock, path: Path) -> Iterator[None]:
    with threads, path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def nobody() -> AbstractContextManager[None]:
    """In place of a lock."""
    return nullcontext()


def files(folder: Path, kind: Callable[[Path, Clock], T]) -> Callable[[str, Clock], T]:
    """``make`` of stores in files: the same name is the same file."""
    return lambda name, clock: kind(folder / f"{name}.pickle", clock)
