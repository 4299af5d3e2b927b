"""When what could not be delivered is tried again, and when no more: arithmetic (R39, R46).

A piece that fails waits, longer each time, up to an hour. Pieces that failed together do not come
back together: each waits a little less than the full time, by a fraction that follows from its
identifier. Nothing is drawn, so that the same history always gives the same instants.

After :data:`MOST_ATTEMPTS` a piece is set aside, for staff to see. So is, at once, what was refused
for good (:class:`~omnibook.errors.NotifierError` that is ``permanent``).
"""

import hashlib
from datetime import timedelta

from omnibook.errors import NotifierError

FIRST_WAIT = timedelta(minutes=1)
"""After the first failure; it doubles with each."""

LONGEST_WAIT = timedelta(hours=1)
"""Greylisting lets in after minutes, and an outage that lasts is asked after once an hour."""

MOST_ATTEMPTS = 30
"""With these waits about a day: longer than a night without anybody, and than most outages, and not
so long that staff hear of it when the appointment is over."""

_SPREAD = 4
_RANGE = 2**32


def full_wait(attempts: int) -> timedelta:
    """How long a piece that failed ``attempts`` times waits at most: doubling, up to an hour."""
    doublings = min(max(attempts, 1) - 1, 16)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def wait_after(identifier: str, attempts: int) -> timedelta:
    """How long this piece waits after its failure number ``attempts``, counted from 1.

    At most :func:`full_wait`, and more than three quarters of it.
    """
    seed = hashlib.sha256(f"{attempts}/{identifier}".encode("utf-8", "surrogatepass")).digest()
    share = int.from_bytes(seed[:4]) / _RANGE
    return full_wait(attempts) * (1 - share / _SPREAD)


def is_exhausted(attempts: int) -> bool:
    """Whether a piece that was tried so often is tried no more."""
    return attempts >= MOST_ATTEMPTS


def is_permanent(fault: BaseException) -> bool:
    """Whether no other try would end otherwise, by what the notifier says."""
    return isinstance(fault, NotifierError) and fault.permanent


def is_outage(fault: BaseException) -> bool:
    """Whether nobody can be written to that way now, by what the notifier says."""
    return isinstance(fault, NotifierError) and fault.unavailable
