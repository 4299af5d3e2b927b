"""Every law of limiters catches who breaks it (R12)."""

import threading
from datetime import timedelta

import pytest
from attrs import evolve

from omnibook.adapters.limiter import MemoryLimiter
from omnibook.attempts import OVERALL, LimiterPolicy
from omnibook.ports import AsyncAttemptLimiter, Attempt, AttemptLimiter, Clock
from omnibook.testing import LIMITER_LAWS, BrokenPromise, Effort, check_limiter

LAWS = {law.name: law for law in LIMITER_LAWS}


class Shared:
    """Limiters in memory by name."""

    def __init__(self, kind: type[MemoryLimiter] = MemoryLimiter) -> None:
        self._kind = kind
        self._known: dict[str, MemoryLimiter] = {}

    def __call__(self, name: str, clock: Clock, policy: LimiterPolicy) -> AttemptLimiter:
        return self._known.setdefault(name, self._kind(clock, policy))


def test_the_limiter_in_memory_keeps_its_laws() -> None:
    """R12."""
    check_limiter(Shared())


def test_a_limiter_that_is_awaited_is_asked_in_a_loop() -> None:
    class Awaited:
        def __init__(self, inner: AttemptLimiter) -> None:
            self.inner = inner
            self.closed = 0

        async def admit(self, attempt: Attempt) -> timedelta | None:
            return self.inner.admit(attempt)

        async def close(self) -> None:
            self.closed += 1

    made: list[Awaited] = []
    shared = Shared()

    def make(name: str, clock: Clock, policy: LimiterPolicy) -> AsyncAttemptLimiter:
        made.append(Awaited(shared(name, clock, policy)))
        return made[-1]

    check_limiter(make, effort=Effort.QUICK, seed=1)

    assert {each.closed for each in made} == {1}


class Lenient(MemoryLimiter):
    """One attempt more."""

    def __init__(self, clock: Clock, policy: LimiterPolicy) -> None:
        super().__init__(clock, evolve(policy, per_person=policy.per_person + 1))


class Steady(MemoryLimiter):
    """Waits that do not grow."""

    def __init__(self, clock: Clock, policy: LimiterPolicy) -> None:
        super().__init__(clock, evolve(policy, longest_wait=policy.first_wait))


class Spiteful(MemoryLimiter):
    """Who comes too early spends an attempt of the source."""

    def admit(self, attempt: Attempt) -> timedelta | None:
        wait = super().admit(attempt)
        if wait is not None:
            super().admit(
                Attempt(source=attempt.source, person=f"nobody {id(attempt)}", health_number=None)
            )
        return wait


class Closing(MemoryLimiter):
    """A flood closes the portal for a window."""

    def __init__(self, clock: Clock, policy: LimiterPolicy) -> None:
        super().__init__(clock, evolve(policy, overall_wait=policy.window))


class Trusting(MemoryLimiter):
    """Takes the clock for one that never goes back."""

    def __init__(self, clock: Clock, policy: LimiterPolicy) -> None:
        super().__init__(clock, policy)
        self._latest: dict[str, object] = {}
        self._since = clock.now()

    def admit(self, attempt: Attempt) -> timedelta | None:
        back = self._since - self._clock.now()
        self._since = max(self._since, self._clock.now())
        wait = super().admit(attempt)
        return wait if wait is None or back <= timedelta() else wait + back


class Forgiving(MemoryLimiter):
    """What was admitted after now never was."""

    def admit(self, attempt: Attempt) -> timedelta | None:
        now = self._clock.now()
        self._buckets = {
            key: evolve(each, admitted=[at for at in each.admitted if at <= now])
            for key, each in self._buckets.items()
        }
        return super().admit(attempt)


class Refunding(MemoryLimiter):
    """A clock that goes back fills the allowance of all."""

    def __init__(self, clock: Clock, policy: LimiterPolicy) -> None:
        super().__init__(clock, policy)
        self._since = clock.now()

    def admit(self, attempt: Attempt) -> timedelta | None:
        if self._clock.now() < self._since:
            self._buckets.pop(OVERALL, None)
        self._since = self._clock.now()
        return super().admit(attempt)


class Grudging(MemoryLimiter):
    """Whoever met the limit once waits longer each time, for ever."""

    def __init__(self, clock: Clock, policy: LimiterPolicy) -> None:
        super().__init__(clock, policy)
        self._times: dict[str, int] = {}

    def admit(self, attempt: Attempt) -> timedelta | None:
        key = f"source/{attempt.source}"
        known = self._buckets.get(key)
        times = self._times.get(key, 0)
        if known is not None and times > 20:
            grown = min(timedelta(seconds=30 << (times - 21)), self._policy.longest_wait)
            left = known.latest + grown - self._clock.now()
            if left > timedelta():
                return left
        wait = super().admit(attempt)
        self._times[key] = times + (wait is None)
        return wait


class Mixing(MemoryLimiter):
    """The same text is the same key, whatever it means."""

    def admit(self, attempt: Attempt) -> timedelta | None:
        return super().admit(evolve(attempt, source="", person=attempt.source))


class Racing:
    """Looks, and counts later."""

    def __init__(self, clock: Clock, policy: LimiterPolicy) -> None:
        self._inner = MemoryLimiter(clock, policy)
        self._policy = policy
        self._count: dict[str, int] = {}

    def admit(self, attempt: Attempt) -> timedelta | None:
        known = self._count.get(attempt.person, 0)
        if known >= self._policy.per_person:
            return self._policy.first_wait
        threading.Event().wait(0.002)
        self._count[attempt.person] = known + 1
        return None


@pytest.mark.parametrize(
    ("law", "kind"),
    [
        ("limiter.limits", Lenient),
        ("limiter.limits", Mixing),
        ("limiter.waits", Steady),
        ("limiter.early", Spiteful),
        ("limiter.overall", Closing),
        ("limiter.recovers", Grudging),
        ("limiter.set-back", Trusting),
        ("limiter.set-back", Forgiving),
        ("limiter.set-back", Refunding),
        ("limiter.reference", Lenient),
        ("limiter.at-once", Racing),
    ],
)
def test_a_limiter_that_breaks_a_law_is_caught_by_it(law: str, kind: type[MemoryLimiter]) -> None:
    """R12."""
    with pytest.raises(BrokenPromise) as caught:
        LAWS[law](Shared(kind), effort=Effort.QUICK, seed=1)

    assert caught.value.law == law


def test_limiters_that_count_apart_are_not_shared() -> None:
    """R12: as several processes do, each with a limiter in memory."""
    with pytest.raises(BrokenPromise, match=r"limiter\.(reference|at-once)"):
        check_limiter(lambda _, clock, policy: MemoryLimiter(clock, policy), effort=Effort.QUICK)


def test_a_law_is_called_by_its_name() -> None:
    assert str(LIMITER_LAWS[0]) == "limiter.limits"
