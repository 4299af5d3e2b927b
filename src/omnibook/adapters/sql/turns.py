"""How a decision gets its turn: reads what it is about, and writes what it decided, alone.

A decision is tried *quickly* first: what it is about is read without any lock. Most visitors who
ask for a time that is gone learn so here, and cost nobody else anything. A decision that wants to
write is then written, in the same transaction, if nobody else wrote in between and nobody has to be
waited for; else it has lost a race and is tried again, *waiting*: it takes its place in the queue,
and only then is the clock read, the state read, and the decision made. There is no race to lose.

* **SQLite, quickly**: a deferred transaction, which becomes a writing one only if nothing was
  written since it began (else SQLite says ``SQLITE_BUSY_SNAPSHOT``), and if the gate is free.
* **SQLite, waiting**: behind the gate, an immediate transaction.
* **PostgreSQL, quickly**: REPEATABLE READ; at the end the rows of the scope's keys are changed
  (:mod:`omnibook.adapters.sql.locking`), which is refused if anybody changed one of them since
  (``40001``), or is about to (``55P03``).
* **PostgreSQL, waiting**: READ COMMITTED; at the begin the rows of the scope's keys are locked,
  which waits for whoever is about to change one.

The isolation level is said each time: the server's default does not matter.

What is no decision (the patient directory) has two ways of its own, and no clock. A **glance** is
one statement, which sees one state by itself. Who **enters** is alone with others of its kind until
it leaves: behind the gate, or holding one stripe.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy.sql.base import Executable

from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql.compiled import Statement, compiled
from omnibook.adapters.sql.failures import LostRace, sqlstate
from omnibook.adapters.sql.gate import Entrance
from omnibook.adapters.sql.locking import stripes_of
from omnibook.adapters.sql.sessions import Command, Question, Rows, Session
from omnibook.adapters.sql.writes import put_clock
from omnibook.awaiting import settled
from omnibook.ids import ClinicId
from omnibook.ports import Clock
from omnibook.times import as_instant
from omnibook.transactions import CORRECTION, Scope, Snapshot

AnswerT = TypeVar("AnswerT")

_log = logging.getLogger("omnibook.sql")


class Turn(Protocol):
    """One try of one decision, on one connection. Whatever happens, :meth:`leave` ends it."""

    async def look(self, question: Question[AnswerT]) -> tuple[datetime, AnswerT]:
        """Read in one state of the database, without a lock."""
        ...

    async def wait(self, scope: Scope, question: Question[AnswerT]) -> tuple[datetime, AnswerT]:
        """Wait for one's turn, then read."""
        ...

    async def write(
        self, snapshot: Snapshot, batch: list[Command], *, patiently: bool = False
    ) -> None:
        """Write and commit; ``patiently`` waits for whoever is about to write the same.

        Raises :class:`LostRace` when the snapshot is not, or may not be, what stands now.
        """
        ...

    async def glance(self, command: Command) -> Rows:
        """What one statement reads."""
        ...

    async def enter(self, clinic_id: ClinicId, stripe: int, batch: list[Command]) -> list[Rows]:
        """Wait until nobody else is in who names this stripe, then read."""
        ...

    async def go_on(self, batch: list[Command]) -> None:
        """Write, after entering, and commit later."""
        ...

    async def keep(self, batch: list[Command]) -> None:
        """Write, after entering, and commit."""
        ...

    async def leave(self) -> None:
        """Undo what was not committed, and let the next one in."""
        ...


def _words(sql: str) -> Command:
    return Statement(sql=sql, binds=(), row=None, converts=(), prepared=False), {}


async def _ask(session: Session, question: Question[AnswerT], now: datetime) -> AnswerT:
    found = await session.run(question.batch(now))
    if more := question.more(found):
        found += await session.run(more)
    return question.answer(now, found)


_BEGIN = _words("BEGIN")
_BEGIN_IMMEDIATE = _words("BEGIN IMMEDIATE")
_COMMIT = _words("COMMIT")
_ROLLBACK = _words("ROLLBACK")


class SqliteTurn:
    """See the module's table."""

    def __init__(self, session: Session, gate: Entrance, clock: Clock) -> None:
        self._session = session
        self._gate = gate
        self._clock = clock
        self._ticket: int | None = None
        self._open = False
        self._set_back: datetime | None = None
        """The last write, when the clock has been set back by so much that it is believed."""

    async def look(self, question: Question[AnswerT]) -> tuple[datetime, AnswerT]:
        """See :meth:`Turn.look`."""
        return await self._read(_BEGIN, question)

    async def wait(self, scope: Scope, question: Question[AnswerT]) -> tuple[datetime, AnswerT]:
        """See :meth:`Turn.wait`."""
        del scope
        self._ticket = await settled(self._gate.enter())
        return await self._read(_BEGIN_IMMEDIATE, question)

    async def write(
        self, snapshot: Snapshot, batch: list[Command], *, patiently: bool = False
    ) -> None:
        """See :meth:`Turn.write`; who is patient waits before reading."""
        del patiently
        if self._ticket is None:
            self._ticket = self._gate.enter_if_free()
            if self._ticket is None:
                raise LostRace
        try:
            remember = put_clock(snapshot.scope.clinic_id, snapshot.now)
            await self._session.run([remember, *batch, _COMMIT])
        except Exception as problem:
            if getattr(problem, "sqlite_errorname", "") == "SQLITE_BUSY_SNAPSHOT":
                raise LostRace from problem
            raise
        self._open = False
        if self._set_back is not None:
            _log.warning(
                "the clock was set back: the last write was at %s, and it is %s",
                self._set_back.isoformat(),
                snapshot.now.isoformat(),
            )

    async def glance(self, command: Command) -> Rows:
        """See :meth:`Turn.glance`."""
        [rows] = await self._session.run([command])
        return rows

    async def enter(self, clinic_id: ClinicId, stripe: int, batch: list[Command]) -> list[Rows]:
        """See :meth:`Turn.enter`; the gate is one for all."""
        del clinic_id, stripe
        self._ticket = await settled(self._gate.enter())
        self._open = True
        _, *answers = await self._session.run([_BEGIN_IMMEDIATE, *batch])
        return answers

    async def go_on(self, batch: list[Command]) -> None:
        """See :meth:`Turn.go_on`."""
        await self._session.run(batch)

    async def keep(self, batch: list[Command]) -> None:
        """See :meth:`Turn.keep`."""
        await self._session.run([*batch, _COMMIT])
        self._open = False

    async def leave(self) -> None:
        """See :meth:`Turn.leave`."""
        try:
            if self._open:
                self._open = False
                await self._session.run([_ROLLBACK])
        finally:
            if self._ticket is not None:
                ticket, self._ticket = self._ticket, None
                self._gate.leave(ticket)

    async def _read(self, begin: Command, question: Question[AnswerT]) -> tuple[datetime, AnswerT]:
        last_write = compiled(s.LAST_WRITE, "sqlite"), {"clinic": question.clinic_id}
        self._open = True
        # The first read fixes the state that is seen; the host's clock is read after it, so that
        # nothing seen is later than now.
        _, rows = await self._session.run([begin, last_write])
        now, stored = as_instant(self._clock.now()), rows[0].last_at if rows else None
        self._set_back = None
        if stored is not None and now < stored:
            if now < stored - CORRECTION:
                self._set_back = stored
            else:
                now = stored
        return now, await _ask(self._session, question, now)


_QUICKLY = _words("BEGIN ISOLATION LEVEL REPEATABLE READ")
_WAITING = _words("BEGIN ISOLATION LEVEL READ COMMITTED")
_GLANCING = _words("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
# Who is quick waits for nobody: whatever the clock said before a wait is out of date after it.
_NO_WAIT = _words("SET LOCAL lock_timeout = '1ms'")
_LONGEST_WAIT = _words("SET LOCAL lock_timeout = '10s'")

_LOST_RACES = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "23505",  # unique_violation: somebody writes past this package
    "23P01",  # exclusion_violation: the same
}
_LOCK_NOT_AVAILABLE = "55P03"


class PostgresTurn:
    """See the module's table. ``clock`` is for tests: without it the server's own counts."""

    def __init__(self, session: Session, clock: Clock | None) -> None:
        self._session = session
        self._clock = clock
        self._waited = False
        self._open = False
        self._spoiled = False
        """Whether something failed, or was written and not committed."""

    async def look(self, question: Question[AnswerT]) -> tuple[datetime, AnswerT]:
        """See :meth:`Turn.look`."""
        return await self._read([_QUICKLY], question)

    async def wait(self, scope: Scope, question: Question[AnswerT]) -> tuple[datetime, AnswerT]:
        """See :meth:`Turn.wait`."""
        self._waited = True
        with _lost_races():
            return await self._read([_WAITING, _LONGEST_WAIT, *_hold(scope)], question)

    async def write(
        self, snapshot: Snapshot, batch: list[Command], *, patiently: bool = False
    ) -> None:
        """See :meth:`Turn.write`."""
        wait = _LONGEST_WAIT if patiently else _NO_WAIT
        first = [] if self._waited else [wait]
        # Who keeps a row locked for longer than the longest wait is another program, not a faster
        # one.
        faster = () if self._waited or patiently else (_LOCK_NOT_AVAILABLE,)
        self._spoiled = True
        with _lost_races(*faster):
            await self._session.run([*first, *_lock(snapshot.scope), *batch, _COMMIT])
        self._open = False

    async def glance(self, command: Command) -> Rows:
        """See :meth:`Turn.glance`; one round trip."""
        self._open = self._spoiled = True
        _, rows, _ = await self._session.run([_GLANCING, command, _COMMIT])
        self._open = False
        return rows

    async def enter(self, clinic_id: ClinicId, stripe: int, batch: list[Command]) -> list[Rows]:
        """See :meth:`Turn.enter`."""
        self._open = self._spoiled = True
        lock = compiled(s.LOCK, "postgresql"), {"clinic": clinic_id, "stripes": [str(stripe)]}
        answers = await self._session.run([_WAITING, _LONGEST_WAIT, lock, *batch])
        return answers[3:]

    async def go_on(self, batch: list[Command]) -> None:
        """See :meth:`Turn.go_on`."""
        await self._session.run(batch)

    async def keep(self, batch: list[Command]) -> None:
        """See :meth:`Turn.keep`."""
        await self._session.run([*batch, _COMMIT])
        self._open = False

    async def leave(self) -> None:
        """See :meth:`Turn.leave`."""
        if not self._open:
            return
        self._open = False
        # Where nothing was written, a COMMIT is as good as a ROLLBACK; after one of these psycopg
        # drops every plan that the server had kept.
        await self._session.run([_ROLLBACK if self._spoiled else _COMMIT])

    async def _read(
        self, begin: list[Command], question: Question[AnswerT]
    ) -> tuple[datetime, AnswerT]:
        self._open = self._spoiled = True
        now, answer = await self._ask(begin, question)
        self._spoiled = False
        return now, answer

    async def _ask(
        self, begin: list[Command], question: Question[AnswerT]
    ) -> tuple[datetime, AnswerT]:
        if self._clock is None:
            # All in one round trip. The clock is read last: nothing seen is later than now.
            batch = [*begin, *question.batch(None), _SERVER_TIME]
            answers = await self._session.run(batch)
            now: datetime = answers[-1][0].now
            found = answers[len(begin) : -1]
            if more := question.more(found):
                found += await self._session.run(more)
            return now, question.answer(now, found)
        # The first read fixes the state that is seen; the clock is read after it.
        await self._session.run([*begin, _SERVER_TIME])
        now = as_instant(self._clock.now())
        return now, await _ask(self._session, question, now)


_SERVER_TIME: Command = compiled(s.SERVER_TIME, "postgresql"), {}


def _lock(scope: Scope) -> list[Command]:
    """Change the rows of the scope's keys: who read before that and writes after it has lost."""
    return _on_stripes(scope, s.LOCK)


def _hold(scope: Scope) -> list[Command]:
    """Keep others from changing them; who then decides to write nothing makes nobody lose."""
    return _on_stripes(scope, s.MAKE_LOCKS, s.HOLD_LOCKS)


def _on_stripes(scope: Scope, *statements: Executable) -> list[Command]:
    values = {"clinic": scope.clinic_id, "stripes": stripes_of(scope)}
    if not values["stripes"]:
        return []
    return [(compiled(each, "postgresql"), values) for each in statements]


@contextmanager
def _lost_races(*more: str) -> Generator[None]:
    try:
        yield
    except Exception as problem:
        if sqlstate(problem) in {*_LOST_RACES, *more}:
            raise LostRace from problem
        raise
