"""Anything, in any order: a store beside an oracle of plain dictionaries, under Hypothesis.

Each example is two clinics of their own in one store, with small pools of identifiers, so that they
are used again and again, in other roles too. Whatever is written to the store is written to the
:class:`~omnibook.testing.oracle.Oracle`; whatever is read from it, lapsed claims included, is
compared. Decisions go through two handles in turn, which are closed and opened anew where the
store is durable.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from attrs import evolve
from hypothesis import Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from omnibook.errors import Contention, StoreError
from omnibook.ids import ClinicId
from omnibook.ports import Query, ReadOutlook, ReadScope, Store
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.laws import Effort, Seen, drawing, same
from omnibook.testing.oracle import Oracle
from omnibook.testing.samples import audit, in_clinic, keep
from omnibook.testing.strategies.records import BASE
from omnibook.testing.strategies.writes import EVERYTHING, queries, scopes, writes
from omnibook.testing.versions import Versions
from omnibook.transactions import Again, Decision, RecordAudit, Scope, Snapshot, Write

# Composites, because Hypothesis shows a rule's strategies, and these have short names.


@st.composite
def _batches(draw: st.DrawFn) -> list[Write]:
    return draw(st.lists(writes(), min_size=1, max_size=4))


@st.composite
def _questions(draw: st.DrawFn) -> list[Query[Any]]:
    return draw(st.lists(queries(), min_size=1, max_size=3))


@st.composite
def _scopes(draw: st.DrawFn) -> Scope:
    return draw(scopes())


_STEPS = st.sampled_from(
    (
        timedelta(microseconds=1),
        timedelta(seconds=30),
        timedelta(minutes=5),
        timedelta(minutes=47, microseconds=999_999),
        timedelta(hours=3),
    )
)
_HANDLE = st.integers(0, 1)
_CLINIC = st.integers(0, 1)


class StoreMachine(RuleBasedStateMachine):
    """A store and the oracle; a subclass says on which ``bench``."""

    bench: Bench
    numbers = count()

    @initialize()
    def begin(self) -> None:
        """Two clinics that nobody has used, at the time about which the pools are."""
        number = next(self.numbers)
        self.clinics = (ClinicId(f"clinic-{number}-a"), ClinicId(f"clinic-{number}-b"))
        self.oracle = Oracle()
        self.versions = Versions(self.oracle)
        # Examples follow one another in one store, whose time must begin anew: a clock that was
        # months ahead is corrected (time.corrected), wherever the last example has left it.
        for moment in (BASE + timedelta(days=90), BASE - timedelta(hours=10)):
            self.bench.clock.set(moment)
            # A clinic for each, for stores in which every clinic has a time of its own.
            clinic = ClinicId(f"clock-{number}-{moment.month}")
            keep(self.handle(0), RecordAudit(audit(str(moment))), clinic_id=clinic)

    @property
    def now(self) -> datetime:
        """What the clock shows; it never goes back here."""
        return self.bench.clock.now()

    def handle(self, number: int) -> Store:
        """One of two handles."""
        return self.bench.handles(2)[number]

    @rule(which=_HANDLE, clinic=_CLINIC, batch=_batches())
    def decide(self, which: int, clinic: int, batch: Sequence[Write]) -> None:
        """Write a few words at once, which the store may have to refuse."""
        self._write(which, clinic, batch, lambda scope: scope)

    @rule(which=_HANDLE, clinic=_CLINIC, narrow=_scopes(), batch=_batches())
    def ask_for_more(self, which: int, clinic: int, narrow: Scope, batch: Sequence[Write]) -> None:
        """Ask for a wider scope first."""
        self._write(which, clinic, batch, lambda _: evolve(narrow, clinic_id=self.clinics[clinic]))

    def _write(
        self, which: int, clinic: int, batch: Sequence[Write], first: Callable[[Scope], Scope]
    ) -> None:
        name = self.clinics[clinic]
        scope = evolve(EVERYTHING, clinic_id=name)
        mine = tuple(in_clinic(name, write) for write in batch)
        narrow = first(scope)
        shown: list[Snapshot] = []

        def decide(snapshot: Snapshot) -> Decision[str] | Again:
            shown.append(snapshot)
            return Decision("kept", mine) if snapshot.scope == scope else Again(scope)

        promised = [self.oracle.snapshot(each, self.now) for each in (narrow, scope)]
        try:
            answer = self.handle(which).transact(narrow, decide)
        except Contention:
            raise
        except StoreError:
            answer = "refused"
        for snapshot in shown:
            same("the snapshot", snapshot, promised[snapshot.scope == scope])
        kept = self.oracle.keep(scope, mine, self.now)
        same(f"what became of {mine!r}", answer, "kept" if kept else "refused")

    @rule(which=_HANDLE, clinic=_CLINIC, asked=_questions())
    def ask(self, which: int, clinic: int, asked: list[Query[Any]]) -> None:
        """Ask anything."""
        for each in asked:
            query = in_clinic(self.clinics[clinic], each)
            now, answer = self.handle(which).read(query)
            same("the answer's instant", now, self.now)
            told = self.versions.without(self.clinics[clinic], answer)
            same(f"the answer to {query!r}", told, self.oracle.answer(query, self.now))

    @rule(which=_HANDLE, clinic=_CLINIC, asked=_scopes())
    def decide_nothing(self, which: int, clinic: int, asked: Scope) -> None:
        """Look from within a decision, and leave everything as it is."""
        scope = evolve(asked, clinic_id=self.clinics[clinic])
        seen = self.handle(which).transact(scope, Decision)
        same("the snapshot", seen, self.oracle.snapshot(scope, self.now))

    @rule(step=_STEPS)
    def pass_time(self, step: timedelta) -> None:
        """Let time pass."""
        self.bench.clock.advance(step)

    @precondition(lambda self: any(self.lapsing()))
    @rule(early=st.booleans())
    def pass_time_until_a_hold_lapses(self, early: bool) -> None:
        """To the very instant, or to the last one before it."""
        lapses = min(self.lapsing()) - timedelta(microseconds=early)
        self.bench.clock.set(max(lapses, self.now))

    def lapsing(self) -> list[datetime]:
        """When the claims that are live will lapse."""
        ends = (claim.expires_at for claim in self.oracle.claims.values())
        return [end for end in ends if end is not None and end > self.now]

    @precondition(lambda self: self.bench.durable)
    @rule()
    def open_anew(self) -> None:
        """Close every handle; what was kept is there when the store is opened again."""
        self.bench.close()

    def teardown(self) -> None:
        """Both clinics, in full, through both handles."""
        for number, name in enumerate(getattr(self, "clinics", ())):
            scope = evolve(EVERYTHING, clinic_id=name)
            seen = self.handle(number).read(ReadScope(scope))[1]
            same("at the end, the snapshot", seen, self.oracle.snapshot(scope, self.now))
            told = self.versions.without(
                name, self.handle(number).read(ReadOutlook(scope=scope))[1]
            )
            promised = self.oracle.answer(ReadOutlook(scope=scope), self.now)
            same("at the end, the outlook", told, promised)


def _agrees(bench: Bench) -> None:
    machine = type("StoreMachine", (StoreMachine,), {"bench": bench})
    chosen = settings(
        drawing(bench.effort.times(25)),
        stateful_step_count=25,
        # The shortest steps that show a fault take a minute to find.
        phases=(Phase.generate, Phase.shrink)[: 1 + (bench.effort is not Effort.QUICK)],
    )
    seeded = seed(bench.seed)(machine)
    try:
        run_state_machine_as_test(seeded, settings=chosen)
    except Seen:
        raise
    except AssertionError as error:
        # Hypothesis speaks of a test that fails; a law has seen something.
        raise Seen(str(error)) from error


LAWS = (
    StoreLaw(
        "machine",
        "whatever is written, in whatever order and through whichever handle, the store shows what "
        "plain dictionaries show (the whole loading contract; R34, R40)",
        _agrees,
    ),
)
"""The machine, as a law."""
