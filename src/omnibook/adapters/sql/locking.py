"""What a scope locks on PostgreSQL: one row for each of its keys, which every writer changes.

A visit, a contact or a source may have no row of its own yet, and what is locked must be there
before it is locked: two visitors who reach the same cap at the same instant lock nothing otherwise.
So each key stands for one of many stripes, a row that anybody may make. Keys that meet in a stripe
by chance wait for one another now and then; nothing worse happens, and the table stays small.

On SQLite there is one writer at a time (:mod:`omnibook.adapters.sql.gate`), and nothing to lock.
"""

import zlib
from collections.abc import Iterator

from omnibook.transactions import Scope

STRIPES = 65_536
DIRECTORY_STRIPE = -1
"""Of whoever writes patient files; no scope has it."""
LIMITER_STRIPE = -2
"""Of whoever counts an attempt to identify (R12)."""


def stripes_of(scope: Scope) -> list[str]:
    """The stripes of a scope's keys, as a statement takes them."""
    return [str(each) for each in sorted({zlib.crc32(key) % STRIPES for key in _keys(scope)})]


def _keys(scope: Scope) -> Iterator[bytes]:
    named: tuple[tuple[str, str | None], ...] = (
        *(("schedule", each) for each in scope.schedules),
        *(("contact", each) for each in scope.contacts),
        *(("patient", each) for each in scope.patients),
        ("visit", scope.visit),
        ("source", scope.source),
        # An appointment has the identifier of the hold that it was booked from.
        ("hold", scope.hold),
        ("hold", scope.appointment),
        ("opening", scope.opening),
        ("closure", scope.closure),
        ("notice", scope.notice),
        ("event", scope.event),
        ("order", scope.order),
    )
    for kind, identifier in named:
        if identifier is not None:
            yield f"{kind}/{identifier}".encode("utf-8", "surrogatepass")
