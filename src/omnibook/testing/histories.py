"""Histories: what callers asked and were shown, and whether one order explains it all.

A :class:`RecordingStore` writes down every operation on a store: when it was called, what its
decision was shown and wanted kept, and when it was answered. A history is **linearizable** when
each operation can be given one instant between its call and its answer, so that one after the
other, in the order of these instants, each was shown exactly what the ones before it had left
behind, by the pure rules of :func:`~omnibook.transactions.claims_after` (Herlihy and Wing, 1990).
That is what a store promises in a few words, however many threads, processes and hosts it has
(R40).

Schedules are independent, so each one's history is searched by itself and the search stays small:
Wing and Gong's, with a memo of what was tried (Lowe, 2017). Time is judged too: nobody decides at
an earlier instant than what it was shown was written at, but for a correction of the clock.
"""

import os
import pickle
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeAlias, TypeVar

from attrs import evolve, field, frozen

from omnibook.errors import StoreError
from omnibook.ids import ClinicId, ScheduleId
from omnibook.ports import Query, ReadScope, Store
from omnibook.records import Claim, DeskClosure, DeskOpening
from omnibook.testing.laws import Seen
from omnibook.times import Span
from omnibook.transactions import (
    CORRECTION,
    Again,
    ClaimsChange,
    Decision,
    DropDeskClosure,
    DropDeskOpening,
    PutDeskClosure,
    PutDeskOpening,
    ScheduleState,
    Scope,
    Snapshot,
    Write,
    claims_after,
)

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")

Place: TypeAlias = tuple[ClinicId, ScheduleId]
Piece: TypeAlias = Claim | DeskOpening | DeskClosure
"""What can stand on a schedule."""
PieceKey: TypeAlias = tuple[str, str]
"""What a piece is, and its identifier."""
Standing: TypeAlias = Mapping[PieceKey, Piece]


@frozen(kw_only=True)
class Operation:
    """One call of a store, as far as it came."""

    caller: str
    """The process and the thread, and the number of the call."""
    called: int
    """When, in nanoseconds of the clock that all processes of a host share."""
    returned: int | None = None
    """When it was answered; nothing when it never was, or not with an outcome."""
    clinic_id: ClinicId
    now: datetime | None = None
    """The instant that the last run of its decision was shown."""
    shown: tuple[ScheduleState, ...] = ()
    """What the last run of its decision was shown of each schedule."""
    removed: frozenset[PieceKey] = frozenset()
    added: tuple[Piece, ...] = ()
    refused: bool = False
    """Whether the rules refuse what it wanted kept."""
    outcome: str = ""

    @property
    def changes(self) -> bool:
        """Whether it wanted something kept that stands on a schedule."""
        return bool(self.removed or self.added)


_numbers = count()


class History:
    """The operations that were recorded, by all threads of a process, in memory or in a file.

    With a ``path`` every step is in the file at once, and so outlives a process that is killed;
    give each process a file of its own, and read them together with :meth:`read`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._operations: dict[str, Operation] = {}
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None if path is None else path.open("ab")

    def begin(self, clinic_id: ClinicId) -> Operation:
        """Note a call."""
        # One row of numbers for all histories of a process, which may be read together.
        caller = f"{os.getpid()}/{threading.get_ident()}/{next(_numbers)}"
        operation = Operation(caller=caller, called=time.monotonic_ns(), clinic_id=clinic_id)
        self.note(operation)
        return operation

    def note(self, operation: Operation) -> None:
        """Note how far an operation has come."""
        with self._lock:
            self._operations[operation.caller] = operation
            if self._file is not None:
                pickle.dump(operation, self._file)
                self._file.flush()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All of them, by call."""
        with self._lock:
            return tuple(sorted(self._operations.values(), key=lambda each: each.called))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @classmethod
    def read(cls, paths: Iterable[Path]) -> "History":
        """The histories in these files as one; a last line that was cut off is left out."""
        whole = cls()
        for path in paths:
            with path.open("rb") as file:
                while True:
                    try:
                        whole.note(pickle.load(file))
                    except (EOFError, pickle.UnpicklingError, AttributeError, IndexError):
                        break
        return whole

    def check(self) -> None:
        """Prove that the history is linearizable; see :func:`check_history`."""
        check_history(self.operations)


class RecordingStore:
    """A :class:`~omnibook.ports.Store` that passes everything on, and notes it in a history."""

    def __init__(self, store: Store, history: History) -> None:
        self._store = store
        self._history = history

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """Pass a decision on; note what its last run was shown and wanted."""
        operation = self._history.begin(scope.clinic_id)

        def noted(snapshot: Snapshot) -> Decision[OutcomeT] | Again:
            nonlocal operation
            decision = decide(snapshot)
            if not isinstance(decision, Again):
                # Before it is kept: whoever is killed now may have had it kept.
                operation = _decided(operation, snapshot, decision.writes)
                self._history.note(operation)
            return decision

        outcome = self._store.transact(scope, noted)
        returned = time.monotonic_ns()
        self._history.note(evolve(operation, returned=returned, outcome=repr(outcome)))
        return outcome

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """Pass a question on; note what it was shown of schedules."""
        if not isinstance(query, ReadScope):
            return self._store.read(query)
        operation = self._history.begin(query.scope.clinic_id)
        now, answer = self._store.read(query)
        returned = time.monotonic_ns()
        # The answer's type is the query's own parameter; the two type checkers disagree on it.
        snapshot: Any = answer
        shown = tuple(snapshot.schedules.values())
        self._history.note(evolve(operation, now=now, shown=shown, returned=returned))
        return now, snapshot

    def close(self) -> None:
        """Close the store, if it can be closed; the history stays open."""
        close = getattr(self._store, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _decided(operation: Operation, snapshot: Snapshot, writes: Sequence[Write]) -> Operation:
    try:
        change, refused = claims_after(snapshot, writes), False
    except StoreError:
        change, refused = ClaimsChange(), True
    removed: set[PieceKey] = {("claim", owner) for owner in change.removed}
    added: dict[PieceKey, Piece] = {("claim", claim.owner): claim for claim in change.added}
    for write in writes:
        if isinstance(write, PutDeskOpening):
            added["opening", write.opening.opening_id] = write.opening
        elif isinstance(write, PutDeskClosure):
            added["closure", write.closure.closure_id] = write.closure
        elif isinstance(write, DropDeskOpening):
            removed.add(("opening", write.opening_id))
            added.pop(("opening", write.opening_id), None)
        elif isinstance(write, DropDeskClosure):
            removed.add(("closure", write.closure_id))
            added.pop(("closure", write.closure_id), None)
    return evolve(
        operation,
        now=snapshot.now,
        shown=tuple(snapshot.schedules.values()),
        removed=frozenset(removed | added.keys()),
        added=tuple(added.values()),
        refused=refused,
    )


# Checking ----------------------------------------------------------------------------------------


class NotLinearizable(Seen):
    """No order explains a schedule's history; the message tells how far the best one came."""


def check_history(operations: Iterable[Operation]) -> None:
    """Prove that each schedule's history is linearizable.

    The store was empty before the first operation. One that was not answered, or with an error, may
    have been done or not, at any time after it was called.

    Raises:
        NotLinearizable: it is not; the message holds the operations that cannot be explained, and
            what stood when they would have had to happen.
    """
    by_place: dict[Place, list[Operation]] = defaultdict(list)
    for each in operations:
        if each.refused and each.returned is not None:
            raise NotLinearizable(f"what the rules refuse was kept (R40): {_line(each)}")
        if not each.refused:
            for state in each.shown:
                by_place[each.clinic_id, state.schedule_id].append(each)
    for place, mine in by_place.items():
        _Search(place, mine).run()


@frozen
class _Step:
    """An operation as one schedule knows it."""

    operation: Operation
    span: Span
    shown: frozenset[Piece]
    now: datetime
    removed: frozenset[PieceKey]
    added: tuple[tuple[PieceKey, Piece], ...]
    changes: bool = field(eq=False)


class _Search:
    """Wing and Gong's search over one schedule's operations."""

    def __init__(self, place: Place, operations: Sequence[Operation]) -> None:
        self.place = place
        self.steps = [_step(place, each) for each in operations if each.now is not None]
        # What was never answered and changes nothing explains nothing.
        self.steps = [
            each for each in self.steps if each.operation.returned is not None or each.changes
        ]
        self.steps.sort(key=lambda each: each.operation.called)
        self.furthest: tuple[int, frozenset[int], dict[PieceKey, Piece]] = (-1, frozenset(), {})

    def run(self) -> None:
        """Find an order, or raise."""
        tried: set[tuple[frozenset[int], frozenset[Piece]]] = set()
        waiting: list[tuple[frozenset[int], dict[PieceKey, Piece], datetime | None]] = [
            (frozenset(range(len(self.steps))), {}, None)
        ]
        while waiting:
            left, standing, latest = waiting.pop()
            left = self._without_looks(left, standing, latest)
            answered = [n for n in left if self.steps[n].operation.returned is not None]
            if not answered:
                return
            memo = (left, frozenset(standing.values()))
            if memo in tried:
                continue
            tried.add(memo)
            done = len(self.steps) - len(left)
            if done > self.furthest[0]:
                self.furthest = (done, left, standing)
            for number in self._next(left):
                step = self.steps[number]
                if step.changes and self._fits(step, standing, latest):
                    after = {k: v for k, v in standing.items() if k not in step.removed}
                    after.update(step.added)
                    last = step.now if latest is None else max(latest, step.now)
                    if latest is not None and step.now < latest - CORRECTION:
                        last = step.now
                    waiting.append((left - {number}, after, last))
        raise NotLinearizable(self._counter_example())

    def _without_looks(
        self, left: frozenset[int], standing: Standing, latest: datetime | None
    ) -> frozenset[int]:
        """Whoever only looked and was shown this can have looked now: it is in nobody's way."""
        while True:
            looked = {
                number
                for number in self._next(left)
                if not self.steps[number].changes
                and self._fits(self.steps[number], standing, latest)
            }
            if not looked:
                return left
            left -= looked

    def _next(self, left: frozenset[int]) -> list[int]:
        """Those that may come next: called before any of the rest was answered."""
        answers = [self.steps[number].operation.returned for number in left]
        first = min((each for each in answers if each is not None), default=None)
        return [
            number
            for number in left
            if first is None or self.steps[number].operation.called <= first
        ]

    def _fits(self, step: _Step, standing: Standing, latest: datetime | None) -> bool:
        if latest is not None and latest - CORRECTION <= step.now < latest:
            return False
        return step.shown == _within(standing, step.span)

    def _counter_example(self) -> str:
        done, left, standing = self.furthest
        stands = sorted(map(_piece, standing.values())) or ["nothing"]
        lines = [
            f"no order explains the history of {self.place[1]} in {self.place[0]}",
            f"  the best one explains {done} of {len(self.steps)} operations; then there stands",
            *(f"    {each}" for each in stands),
            "  and none of these can come next:",
        ]
        for number in self._next(left):
            step = self.steps[number]
            lines.append(f"    {_line(step.operation)} was shown at {step.now}")
            lines += [f"        {each}" for each in sorted(map(_piece, step.shown)) or ["nothing"]]
            lines += [f"      and kept {_piece(each)}" for _, each in step.added]
        return "\n".join(lines)


def _step(place: Place, operation: Operation) -> _Step:
    state = next(each for each in operation.shown if each.schedule_id == place[1])
    pieces: tuple[Piece, ...] = (*state.claims, *state.openings, *state.closures)
    added = tuple((_key(each), each) for each in operation.added if each.schedule_id == place[1])
    if operation.now is None:
        raise Seen("an operation was shown something without an instant")
    return _Step(
        operation=operation,
        span=state.span,
        shown=frozenset(pieces),
        now=operation.now,
        removed=operation.removed,
        added=added,
        changes=operation.changes,
    )


def _key(piece: Piece) -> PieceKey:
    if isinstance(piece, Claim):
        return "claim", piece.owner
    if isinstance(piece, DeskOpening):
        return "opening", piece.opening_id
    return "closure", piece.closure_id


def _within(standing: Standing, span: Span) -> frozenset[Piece]:
    return frozenset(each for each in standing.values() if each.span.overlaps(span))


def _piece(piece: Piece) -> str:
    kind, name = _key(piece)
    ends = f", until {piece.expires_at}" if isinstance(piece, Claim) and piece.expires_at else ""
    return f"{kind} {name}: {piece.span.start:%d %H:%M}–{piece.span.end:%d %H:%M}{ends}"


def _line(operation: Operation) -> str:
    what = operation.outcome or ("a look" if operation.returned is not None else "never answered")
    return f"call {operation.caller} ({what})"
