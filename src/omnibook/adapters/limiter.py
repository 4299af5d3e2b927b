"""An attempt limiter in this process's memory (R12)."""

import threading
from collections import deque
from datetime import datetime, timedelta

from attrs import Factory, define, frozen

from omnibook.errors import InvalidValue
from omnibook.ports import Attempt, Clock

_LONGEST_MEMORY = timedelta(hours=24)


@frozen(kw_only=True)
class LimiterPolicy:
    """How many attempts go on within ``window``, by what they have in common (R12)."""

    window: timedelta = timedelta(minutes=15)
    per_source: int = 20
    per_health_number: int = 5
    per_person: int = 5
    overall: int = 600
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = timedelta(hours=1)
    overall_wait: timedelta = timedelta(seconds=5)

    def __attrs_post_init__(self) -> None:
        if min(self.per_source, self.per_health_number, self.per_person, self.overall) < 1:
            raise InvalidValue("a limiter admits at least one attempt within its window")
        if min(self.window, self.first_wait, self.overall_wait) <= timedelta():
            raise InvalidValue("a limiter's window and waits must be longer than 0")
        if self.longest_wait < self.first_wait:
            raise InvalidValue("a limiter's longest_wait cannot be shorter than its first_wait")


@define
class _Bucket:
    """The attempts that share one key: when they were admitted, how far the waits grew."""

    admitted: deque[datetime] = Factory(deque[datetime])
    latest: datetime | None = None
    level: int = 0

    def wait(self, limit: int, now: datetime, policy: LimiterPolicy) -> timedelta:
        """How long to wait before the next attempt of this key; nothing when it may go on."""
        _forget(self.admitted, now, policy.window)
        if self.latest is None:
            return timedelta()
        # A clock may be set back: what was admitted after now counts as admitted now.
        self.latest = min(self.latest, now)
        # The exponent is bounded so that the product stays a number of reasonable size.
        grown = min(policy.first_wait * (1 << min(self.level, 16)), policy.longest_wait)
        if now - self.latest >= grown + policy.longest_wait:
            self.level = 0
        if self.level == 0 and len(self.admitted) < limit:
            return timedelta()
        return max(self.latest + grown - now, timedelta())

    def count(self, limit: int, now: datetime) -> None:
        """Note an attempt that goes on; beyond the limit, the next wait is twice as long."""
        if self.level or len(self.admitted) >= limit:
            self.level += 1
        self.admitted.append(now)
        self.latest = now


class MemoryLimiter:
    """Counts attempts in memory, by source, health number and person.

    Up to the limits, attempts go on at once. Beyond them each waits 30 s after the one before, then
    60 s, and so on up to an hour; a key left alone for an hour after its wait starts anew. Coming
    back before a wait is over neither counts nor lengthens it: nothing is looked up then.

    All keys together spend an allowance of ``overall`` attempts that is refilled steadily, over one
    window. Who finds it empty is told to come back within five seconds: by then there is some, so
    that a flood makes the portal slow for others and never closes it.

    One process only: several ones behind a balancer each count for themselves. A key that was not
    used for a day is forgotten.
    """

    def __init__(self, clock: Clock, policy: LimiterPolicy | None = None) -> None:
        self._clock = clock
        self._policy = policy or LimiterPolicy()
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._refilled_at = clock.now()
        self._lock = threading.Lock()
        self._swept_at = clock.now()

    def admit(self, attempt: Attempt) -> timedelta | None:
        """Count the attempt and let it go on (``None``), or say how long to wait."""
        policy = self._policy
        limits = {
            ("source", attempt.source): policy.per_source,
            ("person", attempt.person): policy.per_person,
        }
        if attempt.health_number is not None:
            limits["health-number", attempt.health_number] = policy.per_health_number
        with self._lock:
            now = self._clock.now()
            self._sweep(now)
            buckets = [
                (self._buckets.setdefault(key, _Bucket()), limit) for key, limit in limits.items()
            ]
            longest = max(bucket.wait(limit, now, policy) for bucket, limit in buckets)
            if longest > timedelta():
                return longest
            overall = self._overall_wait(now)
            if overall is not None:
                return overall
            for bucket, limit in buckets:
                bucket.count(limit, now)
        return None

    def _overall_wait(self, now: datetime) -> timedelta | None:
        """Take one from the common allowance, or say when there is one again."""
        policy = self._policy
        share = policy.window // policy.overall
        # The allowance is full again at this instant; every attempt puts that off by its share.
        refilled_at = max(self._refilled_at, now) + share
        if refilled_at > now + policy.window + share:  # the clock was set back
            refilled_at = now + share
        missing = refilled_at - (now + policy.window)
        if missing > timedelta():
            return min(missing, policy.overall_wait)
        self._refilled_at = refilled_at
        return None

    def _sweep(self, now: datetime) -> None:
        """Forget the keys that were not used for a day, now and then."""
        if now - self._swept_at < self._policy.window:
            return
        self._swept_at = now
        oldest = now - _LONGEST_MEMORY
        stale = [
            key
            for key, bucket in self._buckets.items()
            if bucket.latest is None or bucket.latest <= oldest
        ]
        for key in stale:
            del self._buckets[key]


def _forget(moments: deque[datetime], now: datetime, window: timedelta) -> None:
    while moments and moments[0] <= now - window:
        moments.popleft()
    while moments and moments[-1] > now:
        moments.pop()
