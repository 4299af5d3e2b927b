"""The gate: whoever writes to one SQLite file goes through it, one at a time, first come first.

SQLite itself waits by sleeping and asking again, so that several writers starve one another. A lock
on a side file is a queue kept by the kernel, released when a process dies, however it dies. It is
also what keeps the WAL-reset bug away (SQLite 3.7.0 to 3.51.2: two connections that write,
checkpoint or close at the same instant can damage a database): every write, checkpoint and close
of this package happens behind the gate.

One host only: such locks mean nothing on a network file system.
"""

import os
import sys
from pathlib import Path

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

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


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
        turn = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            _lock(turn)
        except BaseException:
            os.close(turn)
            raise
        return turn

    def leave(self, turn: int) -> None:
        """Let the next one in."""
        try:
            # Said aloud: a process that was forked meanwhile has a copy of the descriptor open.
            _unlock(turn)
        finally:
            os.close(turn)
