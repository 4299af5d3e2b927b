"""What a measured process does: stretches of work, each begun at an instant that all share.

In a stretch with several kinds of work these take turns, each for a fiftieth of a second.

=================  ================================================================================
``raw``            insert one row and commit, by the driver alone: what everything is compared with
``raw-autocommit`` on PostgreSQL the same in one round trip instead of three
``review``         hold a free time for a visitor who holds nothing
``review+book``    that, and book it: two commits
``refusal``        ask for a time that is booked, with a preference that matches nothing else
``refusal+page``   ask for a time that is booked, and be shown five that are free
``contention``     review the same fifty times as every other process
=================  ================================================================================
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

import psycopg
from attrs import define, field, frozen
from sqlalchemy import make_url
from storage_clinic import FORM, instead_of, let_in, portal, slots

import omnibook as ob
from omnibook.adapters.sql import SqlStore

TURN = 0.02
"""For how long one kind of work goes on before the next, in seconds."""
AT_ONCE = 50
"""How many times are raced for."""
_NOBODY = ob.Preference(practitioner="nobody of this clinic")
_RAW = "CREATE TABLE IF NOT EXISTS raw (id text PRIMARY KEY, words text NOT NULL, number bigint)"
_WORDS = "x" * 100


@define
class Stretch:
    """What one process did of one kind of work; instants are of the system's monotonic clock."""

    began: float = 0
    ended: float = 0
    took: float = 0
    """How long it worked, its turns together."""
    own: float = 0
    """The processor's time that the process itself took, in seconds."""
    worst: float = 0
    """The longest that one operation took, in seconds."""
    done: int = 0
    won: int = 0
    """How many of the times that were raced for it held."""


@frozen
class Order:
    """One stretch; ``begin`` is an instant of the monotonic clock."""

    works: tuple[str, ...]
    begin: float
    seconds: float
    """For each kind of work."""


@frozen
class Preparation:
    """Let in so many visitors for the next stretch."""

    visitors: int


class Raw(Protocol):
    """One row and its commit, by the driver alone."""

    def insert(self, key: str) -> None: ...


@frozen
class SqliteRaw:
    """In a file of its own beside the store's, with the same promise of durability."""

    connection: sqlite3.Connection

    @classmethod
    def open(cls, file: Path) -> "SqliteRaw":
        connection = sqlite3.connect(file, isolation_level=None, timeout=60)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(_RAW)
        return cls(connection)

    def insert(self, key: str) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("INSERT INTO raw VALUES (?, ?, ?)", (key, _WORDS, 7))
        self.connection.execute("COMMIT")


@frozen
class PostgresRaw:
    """In a database of its own on the store's server."""

    connection: psycopg.Connection

    @classmethod
    def open(cls, dsn: str, *, autocommit: bool) -> "PostgresRaw":
        return cls(psycopg.connect(dsn, autocommit=autocommit))

    def insert(self, key: str) -> None:
        self.connection.execute("INSERT INTO raw VALUES (%s, %s, %s)", (key, _WORDS, 7))
        if not self.connection.autocommit:
            self.connection.commit()


def prepare_raw(dsn: str) -> None:
    """The table that is inserted into, on PostgreSQL."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_RAW)


@define(eq=False)
class Worker:
    """One process's share of the work."""

    url: str
    dsn: str
    """Where the raw rows go; on SQLite a file."""
    number: int
    processes: int
    store: SqlStore = field(init=False)
    portal: ob.Portal = field(init=False)
    raws: dict[str, Raw] = field(init=False)
    visitors: list[ob.VisitToken] = field(factory=list)
    booked: list[ob.Slot] = field(factory=list)
    free: Iterator[ob.Slot] = field(init=False)
    contended: Iterator[ob.Slot] = field(init=False)
    _lots: Iterator[int] = field(factory=count)
    _rows: Iterator[int] = field(factory=count)

    def __attrs_post_init__(self) -> None:
        self.store = SqlStore(self.url)
        self.portal = portal(self.store)
        # One share more, which is raced for.
        self.free = slots(self.number, self.processes + 1)
        self.contended = slots(self.processes, self.processes + 1)
        if make_url(self.url).get_backend_name() == "sqlite":
            self.raws = {"raw": SqliteRaw.open(Path(self.dsn))}
        else:
            self.raws = {
                "raw": PostgresRaw.open(self.dsn, autocommit=False),
                "raw-autocommit": PostgresRaw.open(self.dsn, autocommit=True),
            }

    def prepare(self, visitors: int) -> None:
        missing = visitors - len(self.visitors)
        if missing > 0:
            lot = f"{self.number}-{next(self._lots)}"
            self.visitors += let_in(self.store, lot, missing)

    def measure(self, order: Order) -> list[Stretch]:
        """Work from the instant that all processes share; a stretch for each kind of work."""
        _wait_until(order.begin)
        begin = time.monotonic()
        if order.works == ("contention",):
            return [self._race(begin)]
        found = [Stretch(began=begin) for _ in order.works]
        longest = TURN if len(order.works) > 1 else order.seconds
        while any(each.took < order.seconds for each in found):
            for work, stretch in zip(order.works, found, strict=True):
                if work.startswith("review") and not self.visitors:
                    return found
                self._go_on(work, stretch, min(longest, order.seconds - stretch.took))
        return found

    def _go_on(self, work: str, stretch: Stretch, seconds: float) -> None:
        """Do this kind of work for so long, and at least once."""
        once, needy = self._once(work), work.startswith("review")
        own, began = time.process_time(), time.monotonic()
        now, until = began, began + seconds
        while True:
            once()
            before, now = now, time.monotonic()
            stretch.worst = max(stretch.worst, now - before)
            stretch.done += 1
            if now >= until or (needy and not self.visitors):
                break
        stretch.ended = now
        stretch.took += now - began
        stretch.own += time.process_time() - own

    def _once(self, work: str) -> Callable[[], None]:
        match work:
            case "raw" | "raw-autocommit":
                raw, number = self.raws[work], self.number
                return lambda: raw.insert(f"{number}-{next(self._rows):08}")
            case "review":
                return self._hold
            case "review+book":
                return self._book
            case "refusal":
                return lambda: self._be_refused(shown=False)
            case "refusal+page":
                return lambda: self._be_refused(shown=True)
            case _:
                raise ValueError(work)

    def _review(self) -> tuple[ob.VisitToken, ob.Slot, ob.Held]:
        visitor, slot = self.visitors.pop(), next(self.free)
        held = self.portal.review(visitor, slot, FORM)
        assert isinstance(held, ob.Held), held
        return visitor, slot, held

    def _hold(self) -> None:
        self._review()

    def _book(self) -> None:
        visitor, slot, held = self._review()
        booked = self.portal.book(visitor, held.hold_id)
        assert isinstance(booked, ob.Booked), booked
        self.booked.append(slot)

    def _be_refused(self, *, shown: bool) -> None:
        # Nothing is written: the same visitor can be refused again and again.
        slot = self.booked[next(self._rows) % len(self.booked)]
        preference = instead_of(slot) if shown else _NOBODY
        refused = self.portal.review(self.visitors[-1], slot, FORM, preference=preference)
        assert isinstance(refused, ob.SlotTaken), refused
        assert isinstance(refused.fresh, ob.Page) is shown

    def _race(self, begin: float) -> Stretch:
        times = [next(self.contended) for _ in range(AT_ONCE)]
        found, own, now = Stretch(began=begin), time.process_time(), begin
        for slot in times:
            # Nobody gives up what they won: a visitor for each time.
            outcome = self.portal.review(self.visitors.pop(), slot, FORM, preference=_NOBODY)
            assert isinstance(outcome, ob.Held | ob.SlotTaken), outcome
            found.won += isinstance(outcome, ob.Held)
            found.done += 1
            before, now = now, time.monotonic()
            found.worst = max(found.worst, now - before)
        found.ended, found.took = now, now - begin
        found.own = time.process_time() - own
        return found

    def close(self) -> None:
        self.store.close()
        for raw in self.raws.values():
            if isinstance(raw, SqliteRaw | PostgresRaw):
                raw.connection.close()


def serve(url: str, dsn: str, number: int, processes: int, line: Connection) -> None:
    """What a measured process runs: it follows what comes down the line until nothing does."""
    worker = Worker(url, dsn, number, processes)
    line.send(None)
    while True:
        told = line.recv()
        match told:
            case Preparation(visitors):
                worker.prepare(visitors)
                line.send(None)
            case Order():
                line.send(worker.measure(told))
            case _:
                worker.close()
                return


def _wait_until(instant: float) -> None:
    time.sleep(max(0.0, instant - time.monotonic()))
