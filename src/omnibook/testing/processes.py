"""Other processes, forked, for the laws of stores that outlive their process.

A child is forked rather than spawned: it starts in a moment, and a store may be made by any
function, also by one that cannot be sent to another process. Every handle is closed before, and a
child opens its own.
"""

import os
import signal
import threading
import warnings
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from attrs import define

from omnibook.testing.interleaving import ENOUGH
from omnibook.testing.laws import Seen


def can_fork() -> bool:
    """Whether this operating system forks; where none does, laws of processes say nothing."""
    return hasattr(os, "fork")


@define(eq=False)
class Child:
    """A forked process, and what it tells."""

    pid: int
    told: Connection
    ended: bool = False

    def hear(self, patience: float = ENOUGH) -> Any:
        """The next thing that it tells, or ``None`` when it has ended.

        Raises:
            Seen: it is silent for too long.
        """
        if not self.told.poll(patience):
            raise Seen(f"a process has not answered for {patience:.0f} seconds")
        try:
            return self.told.recv()
        except (EOFError, OSError):
            return None

    def kill(self) -> list[Any]:
        """End it at once, wherever it is; what it had told and nobody had heard."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()
        left: list[Any] = []
        while self.told.poll(0):
            try:
                left.append(self.told.recv())
            except (EOFError, OSError):
                break
        return left

    def wait(self) -> None:
        """Wait for its end."""
        os.waitpid(self.pid, 0)
        self.ended = True


class Gate:
    """Lets children go at one moment; made before they are forked."""

    def __init__(self) -> None:
        self._inside, self._outside = os.pipe()

    def wait(self) -> None:
        """In a child: wait until it opens."""
        os.close(self._outside)
        os.read(self._inside, 1)

    def open(self) -> None:
        """In the parent: when nobody holds the other end, whoever reads is answered."""
        os.close(self._outside)
        os.close(self._inside)


class Nursery:
    """Forks children, and ends those that are left; a context manager."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    def fork(self, work: Callable[[Connection], None]) -> Child:
        """Run ``work`` in a forked process; what it raises is told as a :class:`RuntimeError`."""
        here, there = Pipe(duplex=False)
        with warnings.catch_warnings():
            # Python 3.12 warns that other threads may hold a lock. None of ours runs now.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            try:
                here.close()
                work(there)
            except BaseException as error:
                there.send(RuntimeError(f"{type(error).__name__}: {error}"))
            finally:
                os._exit(0)
        there.close()
        child = Child(pid, here)
        self._children.append(child)
        return child

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._children:
            if not child.ended:
                child.kill()
            child.told.close()


def pause(seconds: float) -> None:
    """Let so much time pass while another process works."""
    threading.Event().wait(seconds)
