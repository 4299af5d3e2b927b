"""The gate: whoever writes to one SQLite file goes through it, one at a time, first come first.

SQLite itself waits by sleeping and asking again, so that several writers starve one another. A lock
on a side file is a queue kept by the kernel, released when a process dies, however it dies. It is
also what keeps the WAL-reset bug away (SQLite 3.7.0 to 3.51.2: two connections that write,
checkpoint or close at the same instant can damage a database): every write, checkpoint and close
of this package happens behind the gate.

One host only: such locks mean nothing on a network file system.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol

from attrs import frozen

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        while True:
            try:
                # Waits for ten seconds, then gives up: asked again until it is our turn.
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError as problem:
                if problem.errno != 36:  # EDEADLOCK, the ten seconds are over
                    raise
            else:
                return

    def _lock_if_free(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def _share(descriptor: int) -> None:
        # There are no shared locks here: nobody learns of anybody.
        _unlock(descriptor)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _lock_if_free(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _share(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_SH)


class Entrance(Protocol):
    """What a turn needs of a gate."""

    def enter(self) -> int | Awaitable[int]:
        """Wait for one's turn."""
        ...

    def enter_if_free(self) -> int | None:
        """Enter at once, or nothing."""
        ...

    def leave(self, turn: int) -> None:
        """Let the next one in."""
        ...


@frozen
class Gate:
    """The gate of one database file: a lock on ``path``, a side file that stays empty.

    It is not re-entrant: who is inside and enters again waits forever.
    """

    path: Path

    @classmethod
    def of(cls, database: Path) -> "Gate":
        """The gate of this database file; every process that names the same file shares it."""
        return cls(database.with_name(f"{database.name}-gate"))

    def enter(self) -> int:
        """Wait for one's turn, and keep everybody else out until :meth:`leave` is given the answer.

        Raises :class:`OSError` when the side file cannot be opened.
        """
        # A descriptor for each turn: the lock belongs to it, so that threads exclude one another
        # like processes do.
        turn = self._open()
        try:
            _lock(turn)
        except BaseException:
            os.close(turn)
            raise
        return turn

    def enter_if_free(self) -> int | None:
        """Enter, if nobody is inside or waits to be; like :meth:`enter` otherwise."""
        turn = self._open()
        if _lock_if_free(turn):
            return turn
        os.close(turn)
        return None

    def _open(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)

    def leave(self, turn: int) -> None:
        """Let the next one in."""
        try:
            # Said aloud: a process that was forked meanwhile has a copy of the descriptor open.
            _unlock(turn)
        finally:
            os.close(turn)


_PRESENT: dict[Path, int] = {}
_presence = threading.Lock()


def others_use(database: Path) -> bool:
    """Whether another process uses this file; from now on, others know of this one.

    Said once in a process: to the second and later process, when it opens the file first. Each
    keeps a shared lock on a side file until it ends.
    """
    path = database.with_name(f"{database.name}-users")
    with _presence:
        if path in _PRESENT:
            return False
        present = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        _PRESENT[path] = present
        alone = _lock_if_free(present)
        _share(present)
        return not alone


class AsyncGate:
    """The same gate for coroutines: whoever has to wait does so in a thread, one at a time."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._queue = asyncio.Lock()

    async def enter(self) -> int:
        """See :meth:`Gate.enter`. Who is cancelled while waiting leaves as soon as it got in."""
        async with self._queue:
            wait = _Wait(self._gate)
            try:
                return await asyncio.to_thread(wait.run)
            except asyncio.CancelledError:
                wait.give_up()
                raise

    def enter_if_free(self) -> int | None:
        """See :meth:`Gate.enter_if_free`."""
        return self._gate.enter_if_free()

    def leave(self, turn: int) -> None:
        """Let the next one in."""
        self._gate.leave(turn)


class _Wait:
    """One wait at a gate, in a thread that nobody can interrupt.

    Whether who waits is still interested is settled between the two of them: the event loop may
    have ended when the thread gets in.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._settling = threading.Lock()
        self._turn: int | None = None
        self._given_up = False

    def run(self) -> int:
        """Wait for the turn; leave at once if nobody is interested any more."""
        turn = self._gate.enter()
        with self._settling:
            if self._given_up:
                self._gate.leave(turn)
            else:
                self._turn = turn
        return turn

    def give_up(self) -> None:
        """Not interested any more: leave, now or when the turn comes."""
        with self._settling:
            self._given_up = True
            if self._turn is not None:
                self._gate.leave(self._turn)
