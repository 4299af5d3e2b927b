"""How guessing is slowed down: which attempt goes on, and how long the others wait (R12).

What is known of earlier attempts is a :class:`Bucket` for each **key**: a source, a health number,
a person, and one for all together. :func:`judge` reads the buckets of an attempt's keys and says
what becomes of them. A limiter only keeps buckets, in memory
(:class:`omnibook.adapters.limiter.MemoryLimiter`) or in a database that several hosts share
(:class:`omnibook.adapters.sql.SqlLimiter`), and lets nobody in between.

Up to its limit within the window, attempts of a key go on at once. At the limit the next one waits
30 s after the one before, the next beyond it 60 s, and so on up to an hour. Once a wait is over and
fewer than the limit went on within the last window, they go on at once again, up to the limit. Who
then fills it waits longer than before; who stays below it for a window, or leaves it alone for an
hour after its wait, starts anew: one burst keeps nobody out who comes after it. Coming back before
a wait is over neither counts nor lengthens it: nothing is looked up then. An attempt counts for all
of its keys or for none.

All keys together spend an allowance of ``overall`` attempts that is refilled steadily, over one
window. Who finds it empty is told to come back within five seconds, also where the next attempt
takes longer to come, with an ``overall`` of fewer than one each five seconds: told so again, nobody
waits for longer than that refill takes. A flood makes the portal slow for others and never closes
it.

A clock may be set back: what was admitted after *now* counts as admitted now, and no more than the
whole allowance is missing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import field, frozen

from omnibook.errors import InvalidValue
from omnibook.ports import Attempt
from omnibook.retention import ATTEMPTS_KEPT

OVERALL = "overall"
"""The key of all attempts together."""

_DOUBLINGS = 16
"""Beyond so many, waits are at their longest with any policy of reasonable size."""


@frozen(kw_only=True)
class LimiterPolicy:
    """How many attempts go on within ``window``, by what they have in common (R12).

    What is known of a key is kept for 24 hours (R51): the window, and the longest wait with the
    rest after it (``longest_wait`` once more), have to end within that time.
    """

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
        # Else a limit would be forgotten while it still holds.
        if max(self.window, 2 * self.longest_wait, self.overall_wait) > ATTEMPTS_KEPT:
            raise InvalidValue("a limiter's window and waits must end within the 24 hours kept")


@frozen(kw_only=True)
class Bucket:
    """What is known of the attempts that share a key.

    ``latest`` is when one went on last; ``admitted`` when they did, oldest first, as far back as
    the window then; ``level`` how often the wait was doubled. Of all attempts together, ``latest``
    is when the allowance is full again, and the others are not used.
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
    full = _full(known.get(OVERALL), now, policy)
    if OVERALL in known and full < known[OVERALL].latest:
        set_back[OVERALL] = Bucket(latest=full)
    longest = max(
        (_wait(bucket, limits[key], now, policy) for key, bucket in buckets.items()),
        default=timedelta(),
    )
    if longest > timedelta():
        return Judgement(wait=longest, buckets=set_back)
    full += policy.window // policy.overall
    missing = full - (now + policy.window)
    if missing > timedelta():
        return Judgement(wait=min(missing, policy.overall_wait), buckets=set_back)
    counted = {key: _counted(buckets.get(key), limit, now, policy) for key, limit in limits.items()}
    return Judgement(wait=None, buckets={**counted, OVERALL: Bucket(latest=full)})


def _at(bucket: Bucket, now: datetime, policy: LimiterPolicy) -> Bucket:
    """The bucket as it counts at ``now``: nothing is later, and who rested starts anew."""
    latest = min(bucket.latest, now)
    rested = now - latest >= _grown(bucket.level, policy) + policy.longest_wait
    return Bucket(
        latest=latest,
        admitted=tuple(min(each, now) for each in bucket.admitted),
        level=0 if rested else bucket.level,
    )


def _recent(bucket: Bucket, now: datetime, policy: LimiterPolicy) -> tuple[datetime, ...]:
    return tuple(each for each in bucket.admitted if each > now - policy.window)


def _grown(level: int, policy: LimiterPolicy) -> timedelta:
    return min(policy.first_wait * (1 << min(level, _DOUBLINGS)), policy.longest_wait)


def _wait(bucket: Bucket, limit: int, now: datetime, policy: LimiterPolicy) -> timedelta:
    """How long until the next attempt of this key may go on; not positive: at once."""
    recent = bucket.admitted if bucket.level else _recent(bucket, now, policy)
    if len(recent) < limit:
        # Doubled waits are waited for to their end, also after the window; who was below the
        # limit the last time has none.
        return timedelta()
    return bucket.latest + _grown(bucket.level, policy) - now


def _counted(bucket: Bucket | None, limit: int, now: datetime, policy: LimiterPolicy) -> Bucket:
    """The bucket after one more."""
    if bucket is None:
        return Bucket(latest=now, admitted=(now,))
    recent, level = _recent(bucket, now, policy), bucket.level
    again_at_it = level > 0 and 0 < len(recent) == limit - 1
    if len(recent) >= limit or again_at_it:
        level += 1
    elif len(recent) < len(bucket.admitted) <= max(limit - 1, 1):
        # Below the limit the last time, and so it is now that older ones have left the window.
        level = 0
    return Bucket(latest=now, admitted=(*recent, now), level=level)


def _full(overall: Bucket | None, now: datetime, policy: LimiterPolicy) -> datetime:
    """When the allowance is full again if nobody takes of it."""
    full = now if overall is None else max(overall.latest, now)
    # No more can be missing than all of it, unless the clock was set back.
    return min(full, now + policy.window)
