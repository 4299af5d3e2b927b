"""An attempt limiter in this process's memory (R12)."""

import threading
from datetime import datetime, timedelta

from omnibook.attempts import OVERALL, Bucket, LimiterPolicy, judge, limits_of
from omnibook.ports import Attempt, Clock
from omnibook.retention import ATTEMPTS_KEPT

__all__ = ["LimiterPolicy", "MemoryLimiter"]


class MemoryLimiter:
    """Counts attempts in memory, by source, health number and person; safe with several threads.

    :mod:`omnibook.attempts` says who waits, and for how long.

    One process only: several ones behind a balancer each count for themselves, and need a limiter
    that they share, such as :class:`omnibook.adapters.sql.SqlLimiter`. A key that was not used for
    a day is forgotten.
    """

    def __init__(self, clock: Clock, policy: LimiterPolicy | None = None) -> None:
        self._clock = clock
        self._policy = policy or LimiterPolicy()
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()
        self._swept_at = clock.now()

    def admit(self, attempt: Attempt) -> timedelta | None:
        """Count the attempt and let it go on (``None``), or say how long to wait."""
        with self._lock:
            now = self._clock.now()
            self._sweep(now)
            keys = (*limits_of(attempt, self._policy), OVERALL)
            known = {key: self._buckets[key] for key in keys if key in self._buckets}
            judgement = judge(attempt, known, now, self._policy)
            self._buckets.update(judgement.buckets)
            return judgement.wait

    def _sweep(self, now: datetime) -> None:
        """Forget the keys that were not used for a day, now and then."""
        if now - self._swept_at < self._policy.window:
            return
        self._swept_at = now
        oldest = now - ATTEMPTS_KEPT
        stale = [key for key, bucket in self._buckets.items() if bucket.latest <= oldest]
        for key in stale:
            del self._buckets[key]
