"""SQLite and processes that fork.

SQLite keeps its locks per process, and a forked child inherits the belief that it holds what its
parent held. Its own connections then take no lock of the kernel's: the parent, closing its last
connection, thinks itself alone and removes the log that the child goes on writing to. So:

* before a fork the idle connections of this process are closed, behind the gate; then there is
  nothing to inherit, and parent and child open new ones;
* a file of which a connection was in use at that instant, or was open for asyncio, cannot be used
  by the child at all: it is told so, and how to go on.
"""

import os
import weakref
from pathlib import Path
from threading import Lock

from attrs import frozen
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from omnibook.adapters.sql.gate import Gate
from omnibook.errors import StoreError


@frozen
class _Watched:
    file: Path
    gate: Gate
    asynchronous: bool


_watched: "weakref.WeakKeyDictionary[Engine, _Watched]" = weakref.WeakKeyDictionary()
_watching = Lock()
_in_use: set[Path] = set()
"""Files of which this process has connections that a child must not inherit; set before a fork."""
_inherited: set[Path] = set()
"""Files that this process must not use, since its parent had them open."""


def watch(engine: Engine, file: Path, gate: Gate, *, asynchronous: bool = False) -> None:
    """Close the engine's idle connections before every fork, from now on.

    Raises :class:`StoreError` for a file that was in use when this process was forked.
    """
    if file in _inherited:
        raise StoreError(
            f"{file.name} was in use by the process that this one was forked from, and SQLite "
            "cannot share that; open the store after the fork, or start processes by spawn"
        )
    with _watching:
        _watched[engine] = _Watched(file, gate, asynchronous)


def _before_fork() -> None:
    _in_use.clear()
    with _watching:
        engines = list(_watched.items())
    for engine, watched in engines:
        pool = engine.pool
        if not isinstance(pool, QueuePool):
            continue
        if pool.checkedout() or (watched.asynchronous and pool.checkedin()):
            _in_use.add(watched.file)
        elif pool.checkedin():
            turn = watched.gate.enter()
            try:
                engine.dispose()
            finally:
                watched.gate.leave(turn)


def _in_child() -> None:
    _inherited.update(_in_use)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_in_child)
