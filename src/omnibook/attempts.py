"""How guessing is slowed down: which attempt goes on, and how long the others wait (R12).

What is known of earlier attempts is a :class:`Bucket` for each **key**: a source, a health number,
a person, and one for all together. :func:`judge` reads the buckets of an attempt's keys and says
what becomes of them. A limiter only keeps buckets, in memory
(:class:`omnibook.adapters.limiter.MemoryLimiter`) or in a database that several hosts share
(:class:`omnibook.adapters.sql.SqlLimiter`), and lets nobody in between.

Up to the limits, attempts go on at once. Beyond them each waits 30 s after the one before, then
60 s, and so on up to an hour; a key left alone for an hour after its wait starts anew. Coming back
before a wait is over neither counts nor lengthens it: nothing is looked up then. An attempt counts
for all of its keys or for none.

All keys together spend an allowance of ``overall`` attempts that is refilled steadily, over one
window. Who finds it empty is told to come back within five seconds: by then there is some, so that
a flood makes the portal slow for others and never closes it.

A clock may be set back: what was admitted after *now* counts as admitted now.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from omnibook.errors import InvalidValue
from omnibook.ports import Attempt

OVERALL = "overall"
"""The key of all attempts together."""

_DOUBLINGS = 16
"""Beyond so many, waits are at their longest with any policy of reasonable size."""


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


@frozen(kw_only=True)
class Bucket:
    """What is known of the attempts that share a key.

    ``admitted`` is when they went on, oldest first, as far back as the window; ``latest`` the last
    time; ``level`` how often the wait was doubled. Of all attempts together, ``latest`` is when the
    allowance is full again, and the others are not used.
    """

    latest: datetime
    admitted: tuple[datetime, ...] = field(default=(), converter=tuple[datetime, ...])
    level: int = 0


@frozen(kw_only=True)
class Judgement:
    """How long the attempt waits, or nothing when it goes on; and the buckets to keep.

    There may be some to keep even when it waits, when the clock was set back.
    """

    wait: timedelta | None
    buckets: Mapping[str, Bucket]


def limits_of(attempt: Attempt, policy: LimiterPolicy) -> Mapping[str, int]:
    """The keys of an attempt, each with its limit; not the one of all together."""
    limits = {
        f"source/{attempt.source}": policy.per_source,
        f"person/{attempt.person}": policy.per_person,
    }
    if attempt.health_number is not None:
        limits[f"health-number/{attempt.health_number}"] = policy.per_health_number
    return limits


def judge(
    attempt: Attempt, known: Mapping[str, Bucket], now: datetime, policy: LimiterPolicy
) -> Judgement:
    """Count the attempt, or say how long it has to wait (R12).

    Args:
        attempt: what it has in common with others.
        known: the buckets of :func:`limits_of` and of :data:`OVERALL`, as far as there are any.
        now: when it is made.
        policy: the limits.
    """
    limits = limits_of(attempt, policy)
    buckets = {key: _at(known[key], now, policy) for key in limits if key in known}
    set_back = {key: each for key, each in buckets.items() if each.latest < known[key].latest}
    longest = max(
        (_wait(bucket, limits[key], now, policy) for key, bucket in buckets.items()),
        default=timedelta(),
    )
    if longest > timedelta():
        return Judgement(wait=longest, buckets=set_back)
    full_again = _full_again(known.get(OVERALL), now, policy)
    missing = full_again - (now + policy.window)
    if missing > timedelta():
        return Judgement(wait=min(missing, policy.overall_wait), buckets=set_back)
    counted = {key: _counted(buckets.get(key), limit, now) for key, limit in limits.items()}
    return Judgement(wait=None, buckets={**counted, OVERALL: Bucket(latest=full_again)})


def _at(bucket: Bucket, now: datetime, policy: LimiterPolicy) -> Bucket:
    """The bucket as it counts at ``now``."""
    latest = min(bucket.latest, now)
    rested = now - latest >= _grown(bucket.level, policy) + policy.longest_wait
    return Bucket(
        latest=latest,
        admitted=tuple(each for each in bucket.admitted if now - policy.window < each <= now),
        level=0 if rested else bucket.level,
    )


def _grown(level: int, policy: LimiterPolicy) -> timedelta:
    return min(policy.first_wait * (1 << min(level, _DOUBLINGS)), policy.longest_wait)


def _wait(bucket: Bucket, limit: int, now: datetime, policy: LimiterPolicy) -> timedelta:
    """How long until the next attempt of this key may go on; not positive: at once."""
    if bucket.level == 0 and len(bucket.admitted) < limit:
        return timedelta()
    return bucket.latest + _grown(bucket.level, policy) - now


def _counted(bucket: Bucket | None, limit: int, now: datetime) -> Bucket:
    """The bucket after one more; beyond the limit, the next wait is twice as long."""
    if bucket is None:
        return Bucket(latest=now, admitted=(now,))
    beyond = bucket.level > 0 or len(bucket.admitted) >= limit
    return evolve(
        bucket,
        latest=now,
        admitted=(*bucket.admitted, now),
        level=bucket.level + 1 if beyond else 0,
    )


def _full_again(overall: Bucket | None, now: datetime, policy: LimiterPolicy) -> datetime:
    """When the allowance would be full again, one attempt more taken from it."""
    share = policy.window // policy.overall
    full = (now if overall is None else max(overall.latest, now)) + share
    # No more can be missing than all of it, unless the clock was set back.
    return full if full <= now + policy.window + share else now + share
