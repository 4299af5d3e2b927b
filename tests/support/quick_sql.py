"""SQLite without waiting for the disk, for laws that write to it a thousand times.

Everything else is as in service: the same tables, locks and transactions, and what a process wrote
survives its death. Only what a power cut leaves is no question there; ``test_sql_schema.py`` proves
that the package itself waits (``synchronous=FULL``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, event

from omnibook.adapters.sql import open_engine


def quick_engine(url: str) -> Engine:
    """An engine like the package's own, whose commits do not wait for the disk."""
    engine = open_engine(url)
    # After the package's own listener, whose setting it takes back.
    event.listen(engine, "connect", lambda made, _: made.execute("PRAGMA synchronous = OFF"))
    return engine


@contextmanager
def quick_file(folder: Path) -> Iterator[Engine]:
    """A new database in a folder, for as many adapters as want to share it."""
    engine = quick_engine(f"sqlite:///{folder / 'clinic.db'}")
    try:
        yield engine
    finally:
        engine.dispose()
