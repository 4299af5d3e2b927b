"""Stores that are wrong in one way each, and the law that finds it.

Each is a small change of an honest store, such as somebody might make. The table in
``docs/reference/conformance.md`` lists them; ``test_faults.py`` holds the two together and proves
that each is caught.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve, frozen

from omnibook.adapters.memory import MemoryStore
from omnibook.errors import Contention, StoreError
from omnibook.ports import AppointmentsWithin, Clock, DueNotices, FlagsOf, Query, ReadScope, Store
from omnibook.records import Hold, HoldState
from omnibook.testing import Effort
from omnibook.testing.oracle import Oracle
from omnibook.transactions import (
    CORRECTION,
    ROUNDS,
    Again,
    Decision,
    PutAppointment,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    RaiseFlag,
    RecordAudit,
    Scope,
    Snapshot,
    Write,
)
from testing.clay import ClayStore, FileStore, Shelf, files, nobody, shelves
from testing.faulty_messages import (
    ClaimsNothingNew,
    CountsNoAttempts,
    DueThoughSetAside,
    ForgetsPresence,
    ForgetsTheMove,
    FreesFirst,
    KeepsTheOldClaim,
    ListsUnderTheFormerDay,
    MovesWithinItsSchedule,
    NewestSetAsideFirst,
    OneLimitForAll,
    OrdersDueThoughSetAside,
    ReferenceOfAnyClinic,
    ReferenceOfWhatIsToCome,
)
from testing.faulty_outlooks import (
    BooksHolds,
    CountsByLocalDay,
    DaysWithEdges,
    ForgetsToFree,
    FreesAnywhere,
    HoldsOfEverybody,
    OpenedWithinTheDays,
    SameVersionWhenBusy,
    SameVersionWhenCancelled,
    SameVersionWhenClosed,
    TellsHoldsTooLong,
    TellsLapsedHolds,
    VersionComesBack,
    VersionFirst,
    VersionOfHolds,
    VersionOfOneRoom,
)

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")
MICRO = timedelta(microseconds=1)
OUTBOX = (PutNotice, PutEvent, PutOrder)


def split(writes: Sequence[Write], *kinds: type) -> tuple[tuple[Write, ...], tuple[Write, ...]]:
    """Those of some kinds, and the others."""
    mine = tuple(each for each in writes if isinstance(each, kinds))
    return mine, tuple(each for each in writes if not isinstance(each, kinds))


# Callers that meet -------------------------------------------------------------------------------


class ChecksThenActs(ClayStore):
    """Locks nothing, and writes what was decided on a state that may be gone."""

    def alone(self, scope: Scope) -> AbstractContextManager[None]:
        return nobody()

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        oracle = self.shelf.oracle
        # What stands now is not looked at: the decision has looked.
        mine = Oracle()
        mine.claims = {
            (snapshot.scope.clinic_id, claim.owner): claim
            for state in snapshot.schedules.values()
            for claim in state.claims
        }
        if not mine.keep(snapshot.scope, writes, snapshot.now):
            raise StoreError("two claims overlap")
        before = {
            (snapshot.scope.clinic_id, c.owner)
            for s in snapshot.schedules.values()
            for c in s.claims
        }
        oracle.claims = {k: v for k, v in oracle.claims.items() if k not in before} | mine.claims
        for each in writes:
            oracle._put(snapshot.scope.clinic_id, each)


class UnlocksTooSoon(ChecksThenActs):
    """Decides under its lock, and takes it anew to write."""

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        for _ in range(ROUNDS):
            with self.shelf.lock:
                snapshot = self.snapshot(scope, self.now())
                decision = decide(snapshot)
            if isinstance(decision, Again):
                scope = decision.scope
                continue
            with self.shelf.lock:
                self.write(snapshot, decision.writes)
            return decision.outcome
        raise StoreError("too many rounds")


class KeyWithVisitor(ChecksThenActs):
    """Keeps a unique key of (schedule, start, visit): another visit's is no conflict."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        for each in writes:
            if isinstance(each, PutHold):
                self._unique(each.hold)
        super().write(snapshot, writes)

    def _unique(self, mine: Hold) -> None:
        for each in self.shelf.oracle.of(mine.clinic_id, "holds"):
            key = (each.slot.schedule_id, each.slot.start, each.visit_id, each.state)
            if key == (mine.slot.schedule_id, mine.slot.start, mine.visit_id, HoldState.HELD) and (
                each.hold_id != mine.hold_id and mine.state is HoldState.HELD
            ):
                raise StoreError("unique key")


class Unguarded(ClayStore):
    """Does not lock one kind of key."""

    kind = ""

    def keys(self, scope: Scope) -> list[str]:
        return [key for key in super().keys(scope) if f"/{self.kind}/" not in key]


class LocksExistingRows(ClayStore):
    """Locks the rows that are there (SELECT … FOR UPDATE): a first one meets nobody."""

    def keys(self, scope: Scope) -> list[str]:
        oracle, clinic = self.shelf.oracle, scope.clinic_id
        with self.shelf.lock:
            held = {f"{each.slot.schedule_id}" for each in oracle.of(clinic, "holds")}
            rows = {name for where, _, name in oracle.records if where == clinic}
            known = held | rows | {each.source for each in oracle.of(clinic, "holds")}
        return [key for key in super().keys(scope) if key.rpartition("/")[2] in known]


class TearsSnapshots(ClayStore):
    """Reads one schedule after the other, and lets others write in between."""

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        if not isinstance(query, ReadScope):
            return super().read(query)
        now, whole = super().read(query)
        schedules = {
            name: super(TearsSnapshots, self)
            .read(ReadScope(Scope(clinic_id=query.scope.clinic_id, schedules={name: span})))[1]
            .schedules[name]
            for name, span in query.scope.schedules.items()
        }
        snapshot: Any = whole
        answer: Any = evolve(snapshot, schedules=schedules)
        return now, answer


class StaleReads(ClayStore):
    """Answers from a cache that is only now and then refreshed."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        super().__init__(shelf, clock)
        self.cached: dict[str, tuple[int, Any]] = {}

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        age, kept = self.cached.get(repr(query), (9, None))
        if age > 2:
            now, kept = super().read(query)
            self.cached[repr(query)] = (0, kept)
            return now, kept
        self.cached[repr(query)] = (age + 1, kept)
        return self.clock.now(), kept


class OutboxAfterwards(ClayStore):
    """Queues notices, events and orders in a transaction of their own, after the first."""

    def keep(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        outbox, others = split(writes, *OUTBOX)
        super().keep(snapshot, others)
        super().keep(snapshot, outbox)


# Time --------------------------------------------------------------------------------------------


class Rounds(ClayStore):
    """Keeps the ends of holds in a column of whole seconds."""

    unit = timedelta(seconds=1)

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(snapshot, tuple(map(self.rounded, writes)))

    def rounded(self, write: Write) -> Write:
        if not isinstance(write, PutHold):
            return write
        rest = timedelta(microseconds=write.hold.expires_at.microsecond) % self.unit
        return PutHold(evolve(write.hold, expires_at=write.hold.expires_at - rest))


class RoundsToMilliseconds(Rounds):
    """Keeps them in a column of whole milliseconds."""

    unit = timedelta(milliseconds=1)


class RestartsTimers(ClayStore):
    """Any write gives the clinic's live holds their whole time again (ON UPDATE)."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(snapshot, writes)
        claims = self.shelf.oracle.claims
        for key, claim in claims.items():
            if claim.expires_at is not None and snapshot.now < claim.expires_at:
                longer = max(claim.expires_at, snapshot.now + timedelta(minutes=5))
                claims[key] = evolve(claim, expires_at=longer)


class LapsedBlocks(ClayStore):
    """Refuses whatever overlaps a row that is there, lapsed or not."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(evolve(snapshot, now=snapshot.now - timedelta(days=1)), writes)


class LapsesLate(ClayStore):
    """Takes a hold for live at its very end: ``now <= expires_at``."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(evolve(snapshot, now=snapshot.now - MICRO), writes)


class HidesLapsed(ClayStore):
    """Shows live claims only."""

    def snapshot(self, scope: Scope, now: datetime) -> Snapshot:
        seen = super().snapshot(scope, now)
        schedules = {
            name: evolve(state, claims=tuple(c for c in state.claims if c.is_live(now)))
            for name, state in seen.schedules.items()
        }
        return evolve(seen, schedules=schedules)

    def answer(self, query: Query[Any], now: datetime) -> object:
        if isinstance(query, ReadScope):
            return self.snapshot(query.scope, now)
        return super().answer(query, now)


class SweepsRecords(ClayStore):
    """Whoever takes a lapsed hold's place deletes the hold, record and all."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        oracle = self.shelf.oracle
        before = dict(oracle.claims)
        super().write(snapshot, writes)
        for key, claim in before.items():
            if key not in oracle.claims and claim.expires_at and claim.expires_at <= snapshot.now:
                oracle.records.pop((key[0], "holds", key[1]), None)


class TimeBeforeTheWait(ClayStore):
    """Reads the clock when it is called, and not when it is its turn."""

    local = threading.local()

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        self.local.early = self.clock.now()
        try:
            return super().transact(scope, decide)
        finally:
            del self.local.early

    def now(self) -> datetime:
        early: datetime = getattr(self.local, "early", None) or super().now()
        return early


class TimeGoesBack(ClayStore):
    """Believes the host's clock, whatever it shows."""

    def now(self) -> datetime:
        return self.clock.now()


class NeverCorrected(ClayStore):
    """Never goes back: one wild jump, and every hold has lapsed for ever."""

    def now(self) -> datetime:
        self.shelf.latest = max(self.clock.now(), self.shelf.latest or self.clock.now())
        return self.shelf.latest


class TimeOfItsOwn(ClayStore):
    """Each handle remembers the latest instant for itself alone."""

    latest: datetime | None = None

    def now(self) -> datetime:
        now = self.clock.now()
        if self.latest is not None and self.latest - CORRECTION <= now:
            now = max(now, self.latest)
        self.latest = now
        return now


# Writing -----------------------------------------------------------------------------------------


class OutboxFirst(ClayStore):
    """Queues notices, events and orders at once, outside the transaction that may fail."""

    def keep(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        outbox, others = split(writes, *OUTBOX)
        super().keep(snapshot, outbox)
        super().keep(snapshot, others)


class HalfWritten(ClayStore):
    """Writes one word after the other, and stops at the one that fails."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        for each in writes:
            super().write(snapshot, (each,))


class SwallowsErrors(ClayStore):
    """Does not write what overlaps, and does not say so either."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        try:
            super().write(snapshot, writes)
        except StoreError:
            return


class LosesAudit(ClayStore):
    """Records nothing in its trail when there is also something else to write."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        lines, others = split(writes, RecordAudit)
        super().write(snapshot, others or lines)


class RaisesFlagsTwice(ClayStore):
    """Keeps the flag that was raised last."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(snapshot, writes)
        for each in writes:
            if isinstance(each, RaiseFlag):
                key = (snapshot.scope.clinic_id, "flags", each.flag.flag_id)
                self.shelf.oracle.records[key] = each.flag


class AuditTwice(RaisesFlagsTwice):
    """Appends a line again that was recorded before."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        again = [
            RecordAudit(evolve(each.event, audit_id=f"{each.event.audit_id}+"))
            for each in writes
            if isinstance(each, RecordAudit)
            and self.shelf.oracle.get(snapshot.scope.clinic_id, "audit", each.event.audit_id)
        ]
        ClayStore.write(self, snapshot, (*writes, *again))


class IgnoresAgain(ClayStore):
    """Takes the scope that a decision asks for, and shows it what it had loaded before."""

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        with self.alone(scope):
            snapshot = self.load(scope)
            for _ in range(ROUNDS):
                decision = decide(snapshot)
                if not isinstance(decision, Again):
                    self.keep(snapshot, decision.writes)
                    return decision.outcome
                snapshot = evolve(snapshot, scope=decision.scope)
        raise StoreError("too many rounds")


class AsksForEver(ClayStore):
    """Widens the scope as often as it is asked to."""

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        with self.shelf.lock:
            while True:
                decision = decide(self.load(scope))
                if not isinstance(decision, Again):
                    self.keep(self.load(scope), decision.writes)
                    return decision.outcome
                scope = decision.scope


class Optimistic(ClayStore):
    """Honest: decides without a lock, and again under it. Its children get that wrong."""

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        for _ in range(ROUNDS):
            first = decide(self.load(scope))
            if isinstance(first, Again):
                scope = first.scope
                continue
            with self.alone(scope):
                snapshot = self.load(scope)
                second = decide(snapshot)
                if not isinstance(second, Again):
                    return self.commit(snapshot, first, second)
            scope = second.scope
        raise Contention("too many rounds")

    def commit(
        self, snapshot: Snapshot, first: Decision[OutcomeT], second: Decision[OutcomeT]
    ) -> OutcomeT:
        self.keep(snapshot, second.writes)
        return second.outcome


class WonThoughLost(Optimistic):
    """Tells the outcome of the first run, and writes what the second one wants."""

    def commit(
        self, snapshot: Snapshot, first: Decision[OutcomeT], second: Decision[OutcomeT]
    ) -> OutcomeT:
        super().commit(snapshot, first, second)
        return first.outcome


class WritesEveryRun(Optimistic):
    """Writes what any of its runs wanted."""

    def commit(
        self, snapshot: Snapshot, first: Decision[OutcomeT], second: Decision[OutcomeT]
    ) -> OutcomeT:
        kept = tuple(each for each in first.writes if isinstance(each, RecordAudit))
        self.keep(snapshot, (*kept, *second.writes))
        return second.outcome


class FreesOnNotice(ClayStore):
    """Writes the whole appointment anew when a reminder changes, and forgets its claim."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(snapshot, writes)
        for each in writes:
            if isinstance(each, PutNotice) and len(writes) == 1:
                owner = (snapshot.scope.clinic_id, each.notice.appointment_id)
                self.shelf.oracle.claims.pop(owner, None)


class EndedHoldFrees(ClayStore):
    """Deletes the claim of a hold that ended: by then it is the appointment's."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        super().write(snapshot, writes)
        for each in writes:
            if isinstance(each, PutHold) and each.hold.state is not HoldState.HELD:
                key = (snapshot.scope.clinic_id, each.hold.hold_id)
                if not any(isinstance(other, PutAppointment) for other in writes):
                    self.shelf.oracle.claims.pop(key, None)


class ClaimsTheSlot(ClayStore):
    """Claims the slot, and not the buffers around it."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        plain: list[Write] = []
        for each in writes:
            if isinstance(each, PutHold):
                plain.append(PutHold(evolve(each.hold, claimed=each.hold.slot.span)))
            else:
                plain.append(each)
        super().write(snapshot, tuple(plain))


class InsertsOnly(ClayStore):
    """Keeps a visit as it was first (ON CONFLICT DO NOTHING)."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        clinic = snapshot.scope.clinic_id
        fresh = tuple(
            each
            for each in writes
            if not isinstance(each, PutVisit)
            or self.shelf.oracle.get(clinic, "visits", each.visit.visit_id) is None
        )
        super().write(snapshot, fresh)


# Reading and values ------------------------------------------------------------------------------


class FoldsKeys(ClayStore):
    """Compares the identifiers of visits without regard to case."""

    def snapshot(self, scope: Scope, now: datetime) -> Snapshot:
        seen = super().snapshot(scope, now)
        wanted = str(scope.visit).casefold()
        folded = (
            each
            for each in self.shelf.oracle.of(scope.clinic_id, "visits")
            if each.visit_id.casefold() == wanted
        )
        return evolve(seen, visit=next(folded, None))

    def answer(self, query: Query[Any], now: datetime) -> object:
        if isinstance(query, ReadScope):
            return self.snapshot(query.scope, now)
        return super().answer(query, now)


class TrimsKeys(FoldsKeys):
    """Compares contact keys without the blanks at their ends (CHAR columns)."""

    def snapshot(self, scope: Scope, now: datetime) -> Snapshot:
        keys = {
            key
            for each in self.shelf.oracle.of(scope.clinic_id, "holds")
            for key in each.contact_keys
            if key.strip() in {wanted.strip() for wanted in scope.contacts}
        }
        seen = ClayStore.snapshot(self, evolve(scope, contacts=scope.contacts | keys), now)
        return evolve(seen, scope=scope)


class CutsTexts(ClayStore):
    """Keeps reasons in a column of fifty characters."""

    def write(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        cut: list[Write] = []
        for each in writes:
            if isinstance(each, PutHold):
                entries = evolve(each.hold.entries, reason=each.hold.entries.reason[:50])
                cut.append(PutHold(evolve(each.hold, entries=entries)))
            else:
                cut.append(each)
        super().write(snapshot, tuple(cut))


class HandsOutItsOwn(ClayStore):
    """Shows a scope's holds in the dictionary in which it keeps them."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        super().__init__(shelf, clock)
        self.live: dict[Any, Any] = {}

    def snapshot(self, scope: Scope, now: datetime) -> Snapshot:
        seen = super().snapshot(scope, now)
        self.live.clear()
        self.live.update(seen.holds)
        return evolve(seen, holds=self.live)

    def answer(self, query: Query[Any], now: datetime) -> object:
        if isinstance(query, ReadScope):
            return self.snapshot(query.scope, now)
        return super().answer(query, now)


class OtherClinicsRows(ClayStore):
    """Finds a notice by its identifier alone."""

    def snapshot(self, scope: Scope, now: datetime) -> Snapshot:
        seen = super().snapshot(scope, now)
        rows = self.shelf.oracle.records.items()
        found = (row for (_, kind, name), row in rows if (kind, name) == ("notices", scope.notice))
        return evolve(seen, notice=seen.notice or next(found, None))

    def answer(self, query: Query[Any], now: datetime) -> object:
        if isinstance(query, ReadScope):
            return self.snapshot(query.scope, now)
        return super().answer(query, now)


class MissesLongClaims(HidesLapsed):
    """Looks for claims that start in the span: what began before is not seen."""

    def snapshot(self, scope: Scope, now: datetime) -> Snapshot:
        seen = ClayStore.snapshot(self, scope, now)
        schedules = {
            name: evolve(state, claims=tuple(c for c in state.claims if c.span.start in state.span))
            for name, state in seen.schedules.items()
        }
        return evolve(seen, schedules=schedules)


class ForgetsLapsedHolds(HidesLapsed):
    """Shows a visit its live holds only."""

    def snapshot(self, scope: Scope, now: datetime) -> Snapshot:
        seen = ClayStore.snapshot(self, scope, now)
        if scope.visit is None:
            return seen
        return evolve(seen, holds={k: v for k, v in seen.holds.items() if v.is_live(now)})


# On the adapters of the library itself ------------------------------------------------------------


class Wrapped:
    """A store that passes everything on; its children change a question or an answer."""

    def __init__(self, clock: Clock) -> None:
        self.inner = MemoryStore(clock=clock)

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        return self.inner.transact(scope, decide)

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        return self.inner.read(query)


class IgnoresLimits(Wrapped):
    """Lists whatever is due."""

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        if isinstance(query, DueNotices):
            more: Any = evolve(query, limit=10**6)
            return self.inner.read(more)
        return self.inner.read(query)


class DueByName(Wrapped):
    """Lists what is due by identifier: the oldest waits for ever."""

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        if isinstance(query, DueNotices):
            everything: Any = evolve(query, limit=10**6)
            now, due = self.inner.read(everything)
            answer: Any = tuple(sorted(due))[: query.limit]
            return now, answer
        return self.inner.read(query)


class DaysWithoutReach(Wrapped):
    """Lists the appointments that start in the span."""

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        now, answer = self.inner.read(query)
        if isinstance(query, AppointmentsWithin):
            rows: Any = answer
            kept: Any = tuple(each for each in rows if each.slot.start in query.span)
            return now, kept
        return now, answer


class FlagsOfEverybody(Wrapped):
    """Lists flags in the order in which they were raised, newest first."""

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        now, answer = self.inner.read(query)
        if isinstance(query, FlagsOf):
            rows: Any = answer
            newest: Any = tuple(reversed(rows))
            return now, newest
        return now, answer


def wrapping(kind: Callable[[Clock], Store]) -> Callable[[str, Clock], Store]:
    """``make`` of wrapped stores: the same name is the same store."""
    known: dict[str, Store] = {}

    def make(name: str, clock: Clock) -> Store:
        if name not in known:
            known[name] = kind(clock)
        return known[name]

    return make


# Files -------------------------------------------------------------------------------------------


class Forgets(FileStore):
    """Writes its file when it is closed, if ever."""

    def save(self) -> None:
        return

    def fetch(self) -> None:
        return


class ForgetsItsTime(FileStore):
    """Keeps everything but the instant of its last write."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path, clock)
        self.fresh = True

    def fetch(self) -> None:
        super().fetch()
        if self.fresh:
            self.shelf.latest, self.fresh = None, False


class AloneInTheWorld(FileStore):
    """Locks its own threads out, and no other process."""

    def locked(self) -> AbstractContextManager[Any]:
        return self.threads


class WritesBehind(FileStore):
    """Acknowledges first, and writes with every fourth decision."""

    written = 0

    def save(self) -> None:
        self.written += 1
        if self.written % 4 == 0:
            super().save()

    def fetch(self) -> None:
        if not self.written:
            super().fetch()


class TwoFiles(FileStore):
    """Writes a booking, and then its outbox: it may die in between."""

    def keep(self, snapshot: Snapshot, writes: tuple[Write, ...]) -> None:
        outbox, others = split(writes, *OUTBOX)
        super().keep(snapshot, others)
        if outbox:
            threading.Event().wait(0.02)
        super().keep(snapshot, outbox)


# The list ----------------------------------------------------------------------------------------


@frozen
class Fault:
    """A faulty store: its name in the documentation's table, and the law that catches it."""

    name: str
    caught_by: str
    make: Callable[[Path], Callable[[str, Clock], Store]]
    what: str
    """The docstring of the store."""
    durable: bool = False

    @property
    def effort(self) -> Effort:
        """Normal; but to find the shortest steps to a fault is no part of catching it."""
        return Effort.QUICK if self.caught_by == "machine" else Effort.NORMAL

    def __str__(self) -> str:
        return self.name


def what_is_wrong(kind: Callable[..., object]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def clay(name: str, caught_by: str, kind: Callable[[Shelf, Clock], ClayStore]) -> Fault:
    return Fault(name, caught_by, lambda _: shelves(kind), what_is_wrong(kind))


def unguarded(kind: str) -> type[ClayStore]:
    what = f"Does not lock {kind}s: two who share one decide at once."
    return type(f"Unguarded{kind}", (Unguarded,), {"kind": kind, "__doc__": what})


def wrapped(name: str, caught_by: str, kind: Callable[[Clock], Store]) -> Fault:
    return Fault(name, caught_by, lambda _: wrapping(kind), what_is_wrong(kind))


def in_file(name: str, caught_by: str, kind: Callable[[Path, Clock], FileStore]) -> Fault:
    return Fault(
        name, caught_by, lambda folder: files(folder, kind), what_is_wrong(kind), durable=True
    )


FAULTS = (
    clay("checks, then acts", "isolation.rivals", ChecksThenActs),
    clay("unlocks between deciding and writing", "isolation.shaken", UnlocksTooSoon),
    clay("a unique key that contains the visitor", "isolation.one-winner", KeyWithVisitor),
    clay("locks only rows that exist", "isolation.rivals", LocksExistingRows),
    clay("no guard for contacts", "isolation.rivals", unguarded("contact")),
    clay("no guard for sources", "isolation.rivals", unguarded("source")),
    clay("no guard for patients", "isolation.rivals", unguarded("patient")),
    clay("no guard for visits", "isolation.rivals", unguarded("visit")),
    clay("no guard for notices", "isolation.rivals", unguarded("notice")),
    clay("torn snapshots", "isolation.torn", TearsSnapshots),
    clay("stale reads from a cache", "histories.threads", StaleReads),
    clay("a history that no order explains", "histories.threads", UnlocksTooSoon),
    clay("the outbox in a transaction of its own", "isolation.whole-bookings", OutboxAfterwards),
    clay("whole seconds", "time.expiry", Rounds),
    clay("whole milliseconds", "time.expiry", RoundsToMilliseconds),
    clay("a timer that a write restarts", "time.timer", RestartsTimers),
    clay("an expired hold still blocks", "time.expiry", LapsedBlocks),
    clay("a hold that ends a microsecond late", "time.expiry", LapsesLate),
    clay("lapsed claims are hidden", "loading.claims", HidesLapsed),
    clay("a lapsed claim goes with its record", "time.lapsed", SweepsRecords),
    clay("the time from before the wait", "time.after-the-wait", TimeBeforeTheWait),
    clay("time goes back", "time.never-back", TimeGoesBack),
    clay("a wrong clock is believed for ever", "time.corrected", NeverCorrected),
    clay("each host has its own time", "time.skewed", TimeOfItsOwn),
    clay("the outbox outside the transaction", "writing.refused", OutboxFirst),
    clay("half-written on an error", "writing.refused", HalfWritten),
    clay("an error is swallowed", "writing.refused", SwallowsErrors),
    clay("audit is lost", "writing.together", LosesAudit),
    clay("a flag is kept twice", "writing.once", RaisesFlagsTwice),
    clay("a line of the trail is kept twice", "writing.once", AuditTwice),
    clay("Again is ignored", "writing.again", IgnoresAgain),
    clay("Again without end", "writing.rounds", AsksForEver),
    clay("says won, and has lost", "writing.last-run", WonThoughLost),
    clay("writes of every run are applied", "writing.last-run", WritesEveryRun),
    clay("a reminder frees the appointment", "writing.claims", FreesOnNotice),
    clay("an ended hold frees the appointment", "writing.claims", EndedHoldFrees),
    clay("records are never replaced", "writing.replaces", InsertsOnly),
    clay("a move keeps the old time too", "moving.claims", KeepsTheOldClaim),
    clay("a move claims nothing", "moving.claims", ClaimsNothingNew),
    clay("a move stays on its schedule", "moving.claims", MovesWithinItsSchedule),
    clay("a move that fails frees the old time", "moving.refused", FreesFirst),
    clay("listed under its former day", "moving.found", ListsUnderTheFormerDay),
    clay("presence is lost", "values.since-booked", ForgetsPresence),
    clay("the place before a move is lost", "values.since-booked", ForgetsTheMove),
    clay("attempts are lost", "values.since-booked", CountsNoAttempts),
    clay("a notice that was set aside is due", "asking.due", DueThoughSetAside),
    clay("an order that was set aside is due", "asking.due", OrdersDueThoughSetAside),
    clay("what was set aside last comes first", "asking.set-aside", NewestSetAsideFirst),
    clay("one limit for all that was set aside", "asking.set-aside", OneLimitForAll),
    clay("another clinic's reference", "asking.reference", ReferenceOfAnyClinic),
    clay("no reference to what was cancelled", "asking.reference", ReferenceOfWhatIsToCome),
    clay("buffers are not claimed", "machine", ClaimsTheSlot),
    clay("keys are folded", "values.keys", FoldsKeys),
    clay("keys are trimmed", "values.keys", TrimsKeys),
    clay("texts are cut", "values.texts", CutsTexts),
    clay("a live object is handed out", "values.detached", HandsOutItsOwn),
    clay("another clinic's rows", "loading.clinics", OtherClinicsRows),
    clay("claims that began before are missed", "loading.claims", MissesLongClaims),
    clay("a visit's lapsed holds are missing", "loading.visit", ForgetsLapsedHolds),
    clay("what is freed stays booked", "searching.freed", ForgetsToFree),
    clay("days of the clinic's own clock", "searching.booked", CountsByLocalDay),
    clay("holds among what is booked", "searching.booked", BooksHolds),
    clay("time is freed outside the scope", "searching.outside", FreesAnywhere),
    clay("what reaches into the days is missing", "searching.windows", DaysWithEdges),
    clay("opened far ahead, and not told", "searching.opened", OpenedWithinTheDays),
    clay("a cancellation without a version", "searching.versions", SameVersionWhenCancelled),
    clay("an import without a version", "searching.versions", SameVersionWhenBusy),
    clay("a closure without a version", "searching.versions", SameVersionWhenClosed),
    clay("a move with one version", "searching.versions", VersionOfOneRoom),
    clay("a version for each hold", "searching.versions", VersionOfHolds),
    clay("a version that comes back", "searching.versions", VersionComesBack),
    clay("lapsed holds are told", "searching.holds", TellsLapsedHolds),
    clay("a hold is told too long", "searching.holds", TellsHoldsTooLong),
    clay("everybody's holds", "searching.clinics", HoldsOfEverybody),
    clay("versions first, days later", "searching.together", VersionFirst),
    wrapped("the limit is ignored", "asking.due", IgnoresLimits),
    wrapped("what is due comes by name", "asking.due", DueByName),
    wrapped("a day without what reaches into it", "asking.appointments", DaysWithoutReach),
    wrapped("flags in another order", "asking.flags", FlagsOfEverybody),
    in_file("forgets when it is opened again", "durable.opened-again", Forgets),
    in_file("forgets its time when it is opened again", "durable.opened-again", ForgetsItsTime),
    in_file("locks no other process out", "durable.processes", AloneInTheWorld),
    in_file("acknowledges before it writes", "durable.killed", WritesBehind),
    in_file("two files, one after the other", "durable.killed", TwoFiles),
)
