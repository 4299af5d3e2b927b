"""The laws of :class:`omnibook.ports.AttemptLimiter` (R12)."""

import itertools
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeAlias

from attrs import frozen
from hypothesis import given, seed
from hypothesis import strategies as st

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.limiter import MemoryLimiter
from omnibook.attempts import LimiterPolicy
from omnibook.ports import AsyncAttemptLimiter, Attempt, AttemptLimiter, Clock
from omnibook.testing.bridge import Loop
from omnibook.testing.interleaving import Shaker
from omnibook.testing.laws import Effort, Promise, drawing, require, same
from omnibook.testing.samples import NOW

AnyLimiter: TypeAlias = AttemptLimiter | AsyncAttemptLimiter
MakeLimiter: TypeAlias = Callable[[str, Clock, LimiterPolicy], AnyLimiter]
"""Opens a limiter with this policy, by this clock. The same name opens another handle on the same
counts, as another process or host would; another name has counts of its own, such as a clinic's."""

_MICRO = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_WAITS = ((30, 1), (60, 1), (120, 1), (240, 1), (480, 2), (960, 5), (1920, 5), (3600, 5), (3600, 5))
"""In seconds, each with how many attempts of five go on after it until the limit is met again."""


class LimiterBench:
    """What a law of limiters is given: a way to make some, and plain answers."""

    def __init__(self, make: MakeLimiter, effort: Effort, seed: int | None) -> None:
        self._make = make
        self.effort = effort
        self.seed = seed
        self.loop = Loop()
        self._made: list[AnyLimiter] = []

    def make(self, policy: LimiterPolicy | None = None, *, handles: int = 1) -> "Asked":
        """A new limiter, open so many times."""
        clock, policy = ManualClock(NOW), policy or LimiterPolicy()
        # New even in a database that was used before.
        name = f"limiter-{secrets.token_hex(8)}"
        opened = [self._make(name, clock, policy) for _ in range(handles)]
        self._made += opened
        return Asked(opened, clock, self)

    def close(self) -> None:
        """Close the limiters that can be closed, and stop the loop."""
        for each in {id(limiter): limiter for limiter in self._made}.values():
            close: Callable[[], object] | None = getattr(each, "close", None)
            if close is not None:
                self.loop.answer(close)
        self.loop.close()


class Asked:
    """Handles of one limiter, asked in turn in a plain way; whatever is not named is new."""

    def __init__(
        self, handles: Sequence[AnyLimiter], clock: ManualClock, bench: LimiterBench
    ) -> None:
        self.handles = handles
        self.clock = clock
        self._bench = bench
        self._turns = itertools.count(1)

    def admit(
        self, *, source: str = "", person: str = "", number: str | None = None
    ) -> timedelta | None:
        """What the next handle answers."""
        turn = next(self._turns)
        attempt = Attempt(
            source=source or f"new source {turn}",
            person=person or f"new person {turn}",
            health_number=number,
        )
        handle = self.handles[turn % len(self.handles)]
        return self._bench.loop.answer(lambda: handle.admit(attempt))

    def spend(self, times: int, **shared: str) -> None:
        """So many attempts, which all go on."""
        for number in range(times):
            wait = self.admit(**shared)
            require(wait is None, f"attempt {number + 1} of {times} has to wait {wait}: {shared}")


def _limits(bench: LimiterBench) -> None:
    for kind, limit in (("source", 20), ("person", 5), ("number", 5)):
        asked = bench.make()
        asked.spend(limit, **{kind: "a text"})
        same(
            f"how long the next of its {kind} waits", asked.admit(**{kind: "a text"}), 30 * _SECOND
        )
        same("how long somebody else waits", asked.admit(), None)
        for other in ("source", "person", "number"):
            # The same text is another key where it means something else.
            text = "another text" if other == kind else "a text"
            same(f"how long another {other} waits", asked.admit(**{other: text}), None)
        asked.clock.advance(15 * _MINUTE)
        asked.spend(1, **{kind: "a text"})


def _waits(bench: LimiterBench) -> None:
    asked = bench.make()
    asked.spend(5, person="marie")
    for seconds, times in _WAITS:
        wait = asked.admit(person="marie")
        same("how long it waits", wait, seconds * _SECOND)
        asked.clock.advance(seconds * _SECOND - _MICRO)
        same("what is left of the wait", asked.admit(person="marie"), _MICRO)
        asked.clock.advance(_MICRO)
        asked.spend(times, person="marie")
    asked.clock.advance(2 * _HOUR)
    asked.spend(5, person="marie")
    same("how long it waits, begun anew", asked.admit(person="marie"), 30 * _SECOND)


def _recovers(bench: LimiterBench) -> None:
    for kind, limit, every in (("source", 20, 1), ("person", 5, 5), ("number", 5, 5)):
        shared = {kind: "a text"}
        asked = bench.make()
        asked.spend(limit, **shared)
        for _ in range(60 // every):
            asked.clock.advance(every * _MINUTE)
            asked.admit(**shared)
        for _ in range(180 // every):
            asked.clock.advance(every * _MINUTE)
            asked.spend(1, **shared)
        asked.clock.advance(15 * _MINUTE)
        asked.spend(limit, **shared)
        same(f"how long the next of its {kind} waits", asked.admit(**shared), 30 * _SECOND)


def _early(bench: LimiterBench) -> None:
    asked = bench.make()
    asked.spend(5, person="marie", number="her number")
    for _ in range(25):
        same(
            "how long it waits, however often it comes",
            asked.admit(person="marie", source="one place"),
            30 * _SECOND,
        )
    asked.clock.advance(30 * _SECOND)
    asked.spend(1, person="marie")
    asked.spend(20, source="one place")


def _overall(bench: LimiterBench) -> None:
    asked = bench.make(LimiterPolicy(overall=40))
    hers = {"person": "marie", "source": "her place", "number": "her number"}
    asked.spend(40)
    for _ in range(12):
        same("how long everybody waits at most", asked.admit(**hers), 5 * _SECOND)
    for _ in range(5):
        # An allowance of 40 in 15 minutes: one every 22.5 s.
        for _ in range(4):
            asked.clock.advance(5 * _SECOND)
            require((asked.admit() or 6 * _SECOND) <= 5 * _SECOND, "nobody is told when to come")
        asked.clock.advance(2.5 * _SECOND)
        asked.spend(1)
    asked.clock.advance(15 * _MINUTE)
    asked.spend(5, **hers)
    same("how long it waits then", asked.admit(**hers), 30 * _SECOND)


def _set_back(bench: LimiterBench) -> None:
    asked = bench.make(LimiterPolicy(overall=50))
    asked.spend(5, person="marie")
    asked.clock.advance(30 * _SECOND)
    asked.spend(1, person="marie")
    asked.spend(44)
    asked.clock.set(NOW - 9 * _HOUR)
    same("how long somebody new waits", asked.admit(), 5 * _SECOND)
    same("how long it waits", asked.admit(person="marie"), _MINUTE)
    # An allowance of 50 in 15 minutes: one every 18 s.
    asked.clock.advance(18 * _SECOND)
    asked.spend(1)
    asked.clock.advance(42 * _SECOND)
    asked.spend(1, person="marie")
    asked = bench.make()
    asked.spend(5, person="jean")
    asked.clock.set(NOW - _SECOND)
    same("how long it waits a second earlier", asked.admit(person="jean"), 30 * _SECOND)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(("marie", "jean")),
        st.sampled_from(("here", "there")),
        st.sampled_from((None, "a number")),
        st.sampled_from((0, 0, 0, 1, 30, 60, 300, 900, 3600, 90_000, -40)).map(
            lambda seconds: seconds * _SECOND
        ),
    ),
    max_size=40,
)


def _reference(bench: LimiterBench) -> None:
    @drawing(bench.effort.times(30))
    @given(steps=_STEPS, overall=st.integers(2, 12))
    def proven(steps: list[tuple[str, str, str | None, timedelta]], overall: int) -> None:
        policy = LimiterPolicy(per_source=4, per_health_number=2, per_person=3, overall=overall)
        asked = bench.make(policy, handles=2)
        reference = MemoryLimiter(asked.clock, policy)
        for number, (person, source, health_number, gap) in enumerate(steps):
            asked.clock.set(asked.clock.now() + gap)
            attempt = Attempt(source=source, person=person, health_number=health_number)
            same(
                f"how long attempt {number + 1} waits",
                asked.admit(source=source, person=person, number=health_number),
                reference.admit(attempt),
            )

    (proven if bench.seed is None else seed(bench.seed)(proven))()


def _at_once(bench: LimiterBench) -> None:
    for number in range(bench.effort.times(4)):
        asked = bench.make(handles=2)
        shaker = Shaker(asked.handles, number, chance=1 / 10)

        def several(asked: Asked = asked) -> int:
            return sum(asked.admit(person="marie") is None for _ in range(3))

        same("how many of 12 go on, of 4 callers", sum(shaker.run([several] * 4)), 5)


@frozen
class LimiterLaw:
    """A promise of :class:`omnibook.ports.AttemptLimiter`, and its proof."""

    name: str
    promise: str
    proof: Callable[[LimiterBench], None]

    def __call__(
        self, make: MakeLimiter, *, effort: Effort = Effort.NORMAL, seed: int | None = None
    ) -> None:
        """Prove the law.

        Raises:
            BrokenPromise: the limiter does not keep it.
        """
        bench = LimiterBench(make, effort, seed)
        try:
            Promise(self.name, self.promise).keep(lambda: self.proof(bench))
        finally:
            bench.close()

    def __str__(self) -> str:
        return self.name


LIMITER_LAWS: tuple[LimiterLaw, ...] = (
    LimiterLaw(
        "limiter.limits",
        "up to its limit within the window, attempts of a source, a health number or a person go "
        "on at once; the next one waits, and nobody else does (R12)",
        _limits,
    ),
    LimiterLaw(
        "limiter.waits",
        "waits double up to the longest, to the microsecond, while the limit is met again, and a "
        "key left alone for long enough starts anew (R12)",
        _waits,
    ),
    LimiterLaw(
        "limiter.recovers",
        "a key that is used less often than its limit goes on within an hour after it was spent at "
        "once, stays on, and starts anew (R12)",
        _recovers,
    ),
    LimiterLaw(
        "limiter.early",
        "an attempt that has to wait counts for none of its keys and lengthens no wait (R12)",
        _early,
    ),
    LimiterLaw(
        "limiter.overall",
        "all together are never told to wait longer than five seconds, and somebody goes on as "
        "often as the allowance is refilled (R12)",
        _overall,
    ),
    LimiterLaw(
        "limiter.set-back",
        "a clock that is set back keeps nobody out for longer than the wait was, and gives back "
        "nothing that was spent (R12)",
        _set_back,
    ),
    LimiterLaw(
        "limiter.reference",
        "two handles on the same counts answer as the limiter in memory does, attempt by attempt",
        _reference,
    ),
    LimiterLaw(
        "limiter.at-once",
        "however many ask at once, by whichever handle, no more go on than the limit (R12)",
        _at_once,
    ),
)
"""Every law of limiters."""


def check_limiter(
    make: MakeLimiter, *, effort: Effort = Effort.NORMAL, seed: int | None = None
) -> None:
    """Prove every law of :class:`omnibook.ports.AttemptLimiter`, or of its asynchronous twin.

    Args:
        make: opens a limiter by name, clock and policy; called many times.
        effort: how much is tried.
        seed: draws the same every time.

    Raises:
        BrokenPromise: the limiter breaks a law.
    """
    for law in LIMITER_LAWS:
        law(make, effort=effort, seed=seed)
