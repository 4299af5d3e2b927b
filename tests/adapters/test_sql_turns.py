"""How a decision gets its turn: lost races, waiting, and what is left behind by what goes wrong."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from omnibook.adapters.sql import SqlStore
from omnibook.adapters.sql.core import RACES, Core
from omnibook.adapters.sql.failures import LostRace
from omnibook.adapters.sql.gate import Gate
from omnibook.awaiting import finish
from omnibook.errors import Contention, StoreError
from omnibook.ids import HoldId, VisitId
from omnibook.ports import ReadScope, Store
from omnibook.testing.samples import CLINIC, NOW, SCHEDULE, hold, visit
from omnibook.transactions import (
    Again,
    Decision,
    PutHold,
    PutVisit,
    Scope,
    Snapshot,
)
from support.postgres import ISOLATION
from support.postgres_fixtures import Postgres
from support.sql_stores import (
    EVERYWHERE,
    KINDS,
    NEWEST,
    Outrun,
    Places,
    assert_nobody_is_inside,
    file_of,
    is_sqlite,
    keep,
    raw,
    sent,
)

SEEING = evolve(EVERYWHERE, visit=VisitId("visit-1"), hold=HoldId("hold-1"))
MINE = Decision("mine", (PutVisit(visit()), PutHold(hold())))
SQLITE = ("sqlite", "sqlite async")
POSTGRES = tuple(kind for kind in KINDS if kind not in SQLITE)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, places: Places) -> str:
    places.clock.set(NOW)
    return str(request.param)


@pytest.fixture
def store(kind: str, places: Places) -> Store:
    return places.store(kind)


@pytest.fixture
def url(kind: str, places: Places, store: Store) -> str:
    return places.url(kind)


@pytest.fixture
def other(url: str, places: Places) -> Iterator[SqlStore]:
    """Somebody else's store on the same database."""
    with SqlStore(url, clock=places.clock) as opened:
        yield opened


def take(snapshot: Snapshot) -> Decision[str]:
    """Hold the first hour unless it is taken."""
    if snapshot.schedules[SCHEDULE].claims:
        return Decision("taken")
    return Decision("held", (PutHold(hold()),))


def kept(store: Store) -> Snapshot:
    return store.read(ReadScope(SEEING))[1]


# Quickly -----------------------------------------------------------------------------------------


def test_a_decision_that_nobody_is_faster_than_is_made_once(store: Store, url: str) -> None:
    seen = Outrun(lambda _: MINE, lambda: None)

    assert store.transact(SEEING, seen) == "mine"

    assert len(seen.seen) == 1
    assert (kept(store).visit, set(kept(store).holds)) == (visit(), {"hold-1"})
    assert_nobody_is_inside(url)


def test_who_only_looks_waits_for_nobody(
    store: Store, other: SqlStore, kind: str, url: str
) -> None:
    """Neither for who is behind the gate nor for who writes; and takes no lock."""
    keep(other, PutHold(hold("theirs", 1)))

    def inside(_: Snapshot) -> Decision[None]:
        with sent() as statements:
            assert store.transact(EVERYWHERE, take) == "taken"
            assert kept(store).visit is None
        words = {sql.split()[0] for sql, _ in statements}
        assert words <= {"BEGIN", "SELECT", "COMMIT", "ROLLBACK"}
        assert not [sql for sql, _ in statements if "IMMEDIATE" in sql]
        return Decision(None)

    with raw(url) as connection:
        connection.execute("BEGIN IMMEDIATE" if is_sqlite(url) else "BEGIN")
        connection.execute("UPDATE claims SET kind = kind")
        if is_sqlite(url):
            gate = Gate.of(file_of(url))
            turn = gate.enter()
            inside(Snapshot(scope=EVERYWHERE, now=NOW))
            gate.leave(turn)
        else:
            connection.execute("UPDATE locks SET version = version")
            inside(Snapshot(scope=EVERYWHERE, now=NOW))
        connection.execute("ROLLBACK")


# Lost races --------------------------------------------------------------------------------------


def test_a_lost_race_is_decided_again_with_what_stands_then(
    store: Store, other: SqlStore, url: str
) -> None:
    """R40: the other one's claim is seen the second time."""
    outrun = Outrun(take, lambda: keep(other, PutHold(hold("theirs", 1.5))))

    assert store.transact(EVERYWHERE, outrun) == "taken"

    assert [len(each.schedules[SCHEDULE].claims) for each in outrun.seen] == [0, 1]
    assert set(kept(store).holds) == {"theirs"}
    assert_nobody_is_inside(url)


def test_what_was_decided_in_vain_leaves_nothing_behind(
    store: Store, other: SqlStore, url: str
) -> None:
    answers = iter([Decision("first", (PutVisit(visit()),)), Decision("second")])
    outrun = Outrun(lambda _: next(answers), lambda: keep(other, PutHold(hold("theirs"))))

    assert store.transact(SEEING, outrun) == "second"
    assert kept(store).visit is None
    assert_nobody_is_inside(url)


def test_after_a_lost_race_a_decision_writes_in_its_turn(
    store: Store, other: SqlStore, url: str
) -> None:
    outrun = Outrun(lambda _: MINE, lambda: keep(other, PutHold(hold("theirs", 5))))

    assert store.transact(SEEING, outrun) == "mine"

    assert len(outrun.seen) == 2
    owners = [claim.owner for claim in kept(store).schedules[SCHEDULE].claims]
    assert owners == ["hold-1", "theirs"]
    assert_nobody_is_inside(url)


def test_a_decision_may_ask_for_a_wider_scope_after_it_lost_a_race(
    store: Store, other: SqlStore, url: str
) -> None:
    """What it wanted was free when it looked, and is gone when it is its turn."""
    narrow = Scope(clinic_id=CLINIC, visit=VisitId("visit-1"))
    answers: list[Decision[str] | Again] = [MINE_VISIT, Again(SEEING), Decision("gone")]
    seen: list[Scope] = []

    def decide(snapshot: Snapshot) -> Decision[str] | Again:
        seen.append(snapshot.scope)
        if len(seen) == 1:
            other.transact(narrow, lambda _: Decision(None, (PutVisit(visit()),)))
        return answers.pop(0)

    assert store.transact(narrow, decide) == "gone"
    assert seen == [narrow, narrow, SEEING]
    assert kept(store).visit == visit()
    assert_nobody_is_inside(url)


MINE_VISIT = Decision("mine", (PutVisit(evolve(visit(), language="en")),))


@pytest.mark.parametrize(("kind", "times"), [("sqlite", 2), (NEWEST, 1)], indirect=["kind"])
def test_others_at_other_keys_are_no_race_on_postgresql(
    store: Store, other: SqlStore, times: int
) -> None:
    """On SQLite whoever writes in between is one: there is one writer at a time."""
    elsewhere = Scope(clinic_id=CLINIC, visit=VisitId("visit-2"))
    theirs = Decision(None, (PutVisit(visit("visit-2")),))
    outrun = Outrun(lambda _: MINE, lambda: other.transact(elsewhere, lambda _: theirs))

    assert store.transact(SEEING, outrun) == "mine"
    assert len(outrun.seen) == times


@pytest.mark.parametrize("kind", SQLITE, indirect=True)
def test_a_gate_that_is_not_free_is_a_race_and_then_waited_for(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate.of(file_of(url))
    enter, turns = Gate.enter, list[int]()

    def waited(self: Gate) -> int:
        # Who is inside leaves, now that somebody waits.
        while turns:
            gate.leave(turns.pop())
        return enter(self)

    outrun = Outrun(lambda _: MINE, lambda: turns.append(enter(gate)))
    monkeypatch.setattr(Gate, "enter", waited)

    assert store.transact(SEEING, outrun) == "mine"

    assert len(outrun.seen) == 2
    assert_nobody_is_inside(url)


@pytest.mark.parametrize("level", ISOLATION)
def test_the_server_s_default_isolation_does_not_matter(
    postgres: Postgres, level: str, places: Places
) -> None:
    databases = postgres.databases(NEWEST.partition("-")[2])
    made = databases.create(isolation=level)
    with (
        SqlStore(made.url, clock=places.clock) as store,
        SqlStore(made.url, clock=places.clock) as other,
    ):
        with made.connect() as connection:
            found = connection.execute("SHOW transaction_isolation").fetchone()
            assert found == (level,)
        test_a_lost_race_is_decided_again_with_what_stands_then(store, other, made.url)
        keep(store, PutHold(hold("theirs", 5)))
        test_after_a_lost_race_a_decision_writes_in_its_turn(store, other, made.url)
    databases.drop(made)


class _Losing:
    """A pool on which every race is lost."""

    dialect = "sqlite"

    def __init__(self, store: SqlStore) -> None:
        self._pool = store._core.pool

    async def lease(self) -> Any:
        lease = await self._pool.lease()

        async def lose(*_: object, **__: object) -> None:
            raise LostRace

        lease.turn.write = lose  # type: ignore[method-assign]
        return lease


def test_who_loses_every_race_is_told_to_call_again(places: Places) -> None:
    places.store("sqlite")
    with SqlStore(places.url("sqlite"), clock=places.clock) as store:
        seen: list[Snapshot] = []

        def decide(snapshot: Snapshot) -> Decision[str]:
            seen.append(snapshot)
            return MINE

        losing: Any = Core(_Losing(store))  # type: ignore[arg-type]
        with pytest.raises(Contention, match=f"faster {RACES} times"):
            finish(losing.transact(SEEING, decide))
        assert len(seen) == RACES
        assert kept(store).visit is None
    assert_nobody_is_inside(places.url("sqlite"))


@pytest.mark.parametrize("kind", POSTGRES, indirect=True)
def test_who_is_always_outrun_past_this_package_is_told_by_what(store: Store, url: str) -> None:
    """The second guard refuses each try (R40); each is decided anew, and in the end it is told."""
    seen: list[int] = []

    def decide(snapshot: Snapshot) -> Decision[None]:
        # It takes whatever hour is free, and each time somebody takes that one.
        start = len(snapshot.schedules[SCHEDULE].claims)
        seen.append(start)
        mine = hold("hold-1", start)
        with raw(url) as connection:
            values = (f"x-{start}", mine.slot.start, mine.slot.end)
            connection.execute(
                "INSERT INTO claims VALUES ('clinic-a', %s, 'dr-roy', %s, %s, 'appointment')",
                values,
            )
        return Decision(None, (PutHold(mine),))

    with pytest.raises(StoreError, match="breaks its constraints"):
        store.transact(EVERYWHERE, decide)

    assert seen == list(range(RACES))
    assert_nobody_is_inside(url)


@pytest.mark.parametrize("kind", POSTGRES, indirect=True)
def test_a_deadlock_with_another_program_is_a_lost_race(store: Store, url: str) -> None:
    keep(store, PutVisit(visit()), scope=SEEING)
    done = threading.Event()
    with raw(url) as theirs, raw(url) as setting:
        # Whoever waits that long looks for a deadlock, and is its victim: not them.
        setting.execute("ALTER ROLE CURRENT_USER SET deadlock_timeout = '50ms'")
        theirs.execute("SET deadlock_timeout = '60s'")
        theirs.execute("BEGIN")
        theirs.execute("UPDATE visits SET language = language")

        def want_the_keys() -> None:
            theirs.execute("UPDATE locks SET version = version")
            theirs.execute("COMMIT")
            done.set()

        thread = threading.Thread(target=want_the_keys)
        outrun = Outrun(lambda _: MINE, lambda: None)

        def decide(snapshot: Snapshot) -> Decision[str]:
            if len(outrun.seen) == 1:
                # Its turn: the keys are locked.
                thread.start()
            return outrun(snapshot)

        try:
            assert store.transact(SEEING, decide) == "mine"
        finally:
            setting.execute("ALTER ROLE CURRENT_USER RESET deadlock_timeout")
            thread.join(30)
    assert done.wait(30)
    # Quickly: the row was locked. In its turn: the deadlock. Then there was nobody left, or only
    # until they had committed.
    assert len(outrun.seen) in {3, 4}
    assert_nobody_is_inside(url)


# What a decision raises --------------------------------------------------------------------------


@pytest.mark.parametrize("waiting", [False, True])
@pytest.mark.parametrize("raised", [LookupError, KeyboardInterrupt])
def test_what_a_decision_raises_leaves_nothing_and_no_lock(
    raised: type[BaseException],
    waiting: bool,
    kind: str,
    store: Store,
    other: SqlStore,
    url: str,
) -> None:
    if raised is KeyboardInterrupt and "async" in kind:
        pytest.skip("it would end the event loop")

    def decide(_: Snapshot) -> Decision[str]:
        if waiting and len(outrun.seen) == 1:
            return MINE
        raise raised("a bug")

    outrun = Outrun(decide, lambda: keep(other, PutHold(hold("theirs", 5))))

    with pytest.raises(raised, match="a bug"):
        store.transact(SEEING, outrun)

    assert len(outrun.seen) == 1 + waiting
    assert_nobody_is_inside(url)
    assert kept(store).visit is None
    keep(store, PutVisit(visit()), scope=SEEING)
    assert kept(store).visit == visit()
