"""How the SQL stores run a decision and answer a query: written once, waited for or awaited.

See :mod:`omnibook.adapters.sql.turns` for how a turn is got, and :mod:`omnibook.awaiting` for how
one coroutine serves both kinds of caller.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from attrs import frozen

from omnibook.adapters.sql.failures import (
    ConnectionLost,
    LostRace,
    explained,
    storage_failures,
)
from omnibook.adapters.sql.pools import Lease, Pool
from omnibook.adapters.sql.queries import question_of
from omnibook.adapters.sql.sessions import Question
from omnibook.adapters.sql.snapshots import Loading
from omnibook.adapters.sql.turns import Turn
from omnibook.adapters.sql.writes import Writing
from omnibook.errors import Contention, StoreError
from omnibook.ports import Query
from omnibook.transactions import ROUNDS, Again, Decision, Scope, Snapshot

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")

_log = logging.getLogger("omnibook.sql")

RACES = 8
"""How many times a decision is tried that others were faster than: but the first time it waits for
its turn, and then there is nobody to lose against but programs that write past this package."""

_Decide = Callable[[Snapshot], Decision[OutcomeT] | Again]


@frozen
class Leasing:
    """Uses the connections of a pool, and gives each back as it was, or throws it away."""

    pool: Pool

    async def _leased(self, use: Callable[[Turn], Awaitable[AnswerT]]) -> tuple[Lease, AnswerT]:
        """Lease a connection and read by it; whoever called this ends the lease."""
        again = True
        while True:
            with storage_failures():
                lease = await self.pool.lease()
            try:
                with storage_failures():
                    return lease, await use(lease.turn)
            except ConnectionLost:
                # Nothing was written. The server may have been restarted since the connection was
                # last used: one with a new connection tells whether it is back.
                await self._end(lease)
                if not again:
                    raise
                again = False
                await self.pool.refresh()
            except BaseException:
                await self._end(lease)
                raise

    async def _end(self, lease: Lease) -> None:
        try:
            await lease.turn.leave()
        except Exception as problem:  # noqa: BLE001 - what was done stands, whatever this says
            _log.warning("a connection was thrown away: %s", type(problem).__name__)
            await lease.throw_away()
        except BaseException:
            await lease.throw_away()
            raise
        else:
            await lease.give_back()


@frozen
class Core(Leasing):
    """Runs decisions and answers queries on the connections of a pool."""

    async def transact(self, scope: Scope, decide: _Decide[OutcomeT]) -> OutcomeT:
        """See :meth:`omnibook.ports.Store.transact`."""
        rounds = lost = 0
        while rounds < ROUNDS:
            try:
                decided = await self._try(scope, decide, waiting=lost > 0)
            except LostRace as race:
                lost += 1
                if lost == RACES:
                    # Not "from": what the driver says may quote a row.
                    raise _gave_up(race) from None
                continue
            if not isinstance(decided, Again):
                return decided.outcome
            scope = decided.scope
            rounds += 1
        raise Contention(
            f"the decision asked for a wider scope {ROUNDS} times; repeat the call as it was"
        )

    async def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """See :meth:`omnibook.ports.Store.read`."""
        lease, now, answer = await self._begin(lambda: question_of(self.pool.dialect, query))
        await self._end(lease)
        return now, answer

    async def _try(
        self, scope: Scope, decide: _Decide[OutcomeT], *, waiting: bool
    ) -> Decision[OutcomeT] | Again:
        dialect = self.pool.dialect
        lease, _, snapshot = await self._begin(
            lambda: Loading(dialect, scope), waiting_for=scope if waiting else None
        )
        try:
            decided = decide(snapshot)
            if isinstance(decided, Decision) and decided.writes:
                batch = Writing(dialect, snapshot, decided.writes).batch
                with storage_failures():
                    await lease.turn.write(snapshot, batch)
        finally:
            await self._end(lease)
        return decided

    async def _begin(
        self, ask: Callable[[], Question[AnswerT]], waiting_for: Scope | None = None
    ) -> tuple[Lease, datetime, AnswerT]:
        """Lease a connection and read; whoever called this ends the lease."""

        def use(turn: Turn) -> Awaitable[tuple[datetime, AnswerT]]:
            return turn.look(ask()) if waiting_for is None else turn.wait(waiting_for, ask())

        lease, (now, answer) = await self._leased(use)
        return lease, now, answer


def _gave_up(race: LostRace) -> StoreError:
    if race.__cause__ is None:
        return Contention(f"others were faster {RACES} times; repeat the call as it was")
    return explained(race.__cause__)
