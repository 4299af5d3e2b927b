"""Guessing is slowed down, and nobody is shut out by others' guessing (R12)."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.limiter import MemoryLimiter
from omnibook.attempts import LimiterPolicy
from omnibook.errors import InvalidValue
from omnibook.ports import Attempt
from support.worlds import START

MICRO = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
NONE = timedelta()
HOUR = timedelta(hours=1)


class Bench:
    """A limiter, its clock, and attempts that share only what is given."""

    def __init__(self, **policy: object) -> None:
        self.clock = ManualClock(START)
        self.policy = LimiterPolicy(**policy)  # type: ignore[arg-type]
        self.limiter = MemoryLimiter(self.clock, self.policy)
        self._number = 0

    def attempt(
        self, *, source: str = "", person: str = "", number: str | None = None
    ) -> timedelta | None:
        self._number += 1
        return self.limiter.admit(
            Attempt(
                source=source or f"source {self._number}",
                person=person or f"person {self._number}",
                health_number=number,
            )
        )

    def spend(self, times: int, **shared: str) -> None:
        for _ in range(times):
            assert self.attempt(**shared) is None


def test_five_attempts_for_one_person_go_on_and_the_sixth_waits() -> None:
    """R12: name and birth date, from wherever; others are not concerned."""
    bench = Bench()
    bench.spend(5, person="marie")

    assert bench.attempt(person="marie") == 30 * SECOND
    assert bench.attempt(person="jean") is None


def test_five_attempts_with_one_health_number_go_on_and_the_sixth_waits() -> None:
    """R12."""
    bench = Bench()
    bench.spend(5, number="a number")

    assert bench.attempt(number="a number") == 30 * SECOND
    assert bench.attempt() is None


def test_twenty_attempts_from_one_source_go_on_and_the_next_waits() -> None:
    """R12."""
    bench = Bench()
    bench.spend(20, source="one place")

    assert bench.attempt(source="one place") == 30 * SECOND
    assert bench.attempt(source="another") is None


def test_waits_double_from_half_a_minute_to_an_hour() -> None:
    """R12: each after the attempt before."""
    bench = Bench()
    bench.spend(5, person="marie")
    waits: list[timedelta] = []
    while len(waits) < 10:
        # After a wait of a window's length the limit is there again, to be met again.
        wait = bench.attempt(person="marie")
        if wait is None:
            continue
        waits.append(wait)
        bench.clock.advance(wait - MICRO)
        assert bench.attempt(person="marie") == MICRO
        bench.clock.advance(MICRO)
        bench.spend(1, person="marie")

    assert [wait / SECOND for wait in waits] == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_coming_back_too_early_neither_counts_nor_lengthens_the_wait() -> None:
    """R12: nothing is looked up then, and a refused attempt spends nothing of other keys."""
    bench = Bench()
    bench.spend(5, person="marie")
    for second in range(30):
        assert bench.attempt(person="marie", source="one place") == (30 - second) * SECOND
        bench.clock.advance(SECOND)

    bench.spend(1, person="marie")
    bench.spend(20, source="one place")


def test_the_longest_of_several_waits_counts() -> None:
    """R12."""
    bench = Bench()
    bench.spend(5, person="marie")
    bench.clock.advance(10 * SECOND)
    bench.spend(5, number="a number")

    assert bench.attempt(person="marie", number="a number") == 30 * SECOND


def test_the_limit_is_for_fifteen_minutes() -> None:
    """R12: an attempt fifteen minutes old counts no more."""
    bench = Bench()
    bench.spend(1, person="marie")
    bench.clock.advance(10 * MINUTE)
    bench.spend(4, person="marie")
    bench.clock.advance(5 * MINUTE - 31 * SECOND)
    assert bench.attempt(person="jean") is None
    other = Bench()
    other.spend(5, person="marie")

    bench.clock.advance(31 * SECOND)
    assert bench.attempt(person="marie") is None
    assert bench.attempt(person="marie") == 30 * SECOND
    other.clock.advance(15 * MINUTE - MICRO)
    other.spend(1, person="marie")
    assert other.attempt(person="marie") == MINUTE


def test_a_key_left_alone_for_an_hour_after_its_wait_starts_anew() -> None:
    """R12."""
    bench = Bench()
    bench.spend(5, person="marie")
    bench.clock.advance(30 * SECOND)
    bench.spend(1, person="marie")

    bench.clock.advance(HOUR + MINUTE)
    bench.spend(5, person="marie")
    assert bench.attempt(person="marie") == 30 * SECOND
    bench.clock.advance(30 * SECOND)
    bench.spend(1, person="marie")
    bench.clock.advance(HOUR + MINUTE - MICRO)
    bench.spend(5, person="marie")
    assert bench.attempt(person="marie") == 2 * MINUTE


def test_everybody_together_is_never_told_to_wait_longer_than_five_seconds() -> None:
    """R12: the allowance refills steadily, so that a flood slows the portal and never closes it."""
    bench = Bench()
    bench.spend(600)

    wait = bench.attempt()
    assert wait is not None
    assert NONE < wait <= 5 * SECOND
    bench.clock.advance(wait)
    assert bench.attempt() is None
    assert bench.attempt() == wait
    bench.clock.advance(15 * MINUTE)
    bench.spend(600)


def test_a_small_allowance_too_answers_with_five_seconds_at_most() -> None:
    """R12."""
    bench = Bench(overall=1)
    bench.spend(1)

    assert bench.attempt() == 5 * SECOND
    bench.clock.advance(15 * MINUTE - SECOND)
    assert bench.attempt() == SECOND
    bench.clock.advance(SECOND)
    assert bench.attempt() is None


def test_an_attempt_that_the_overall_limit_refuses_spends_nothing_of_its_own_keys() -> None:
    """R12."""
    bench = Bench(overall=6)
    hers = {"person": "marie", "source": "her place", "number": "her number"}
    bench.spend(6)
    for _ in range(20):
        assert bench.attempt(**hers) == 5 * SECOND
    bench.clock.advance(15 * MINUTE)

    bench.spend(5, **hers)
    assert bench.attempt(**hers) == 30 * SECOND


def test_a_clock_that_goes_back_locks_nobody_out() -> None:
    """R12: hosts' clocks do."""
    bench = Bench(overall=50)
    bench.spend(5, person="marie")
    bench.clock.advance(30 * SECOND)
    bench.spend(1, person="marie")
    bench.spend(44)
    bench.clock.set(START - 9 * HOUR)

    assert bench.attempt(person="jean") == 5 * SECOND
    assert bench.attempt(person="marie") == MINUTE
    bench.clock.advance(18 * SECOND)
    assert bench.attempt(person="jean") is None
    assert bench.attempt(person="marie") == 42 * SECOND
    for _ in range(8):
        wait = bench.attempt(person="marie")
        if wait is None:
            continue
        assert wait <= HOUR
        bench.clock.advance(wait)
        assert bench.attempt(person="marie") is None


@pytest.mark.parametrize("back", [SECOND, 14 * MINUTE, 9 * HOUR])
def test_a_clock_that_goes_back_gives_back_nothing_that_was_spent(back: timedelta) -> None:
    """R12: neither of a key nor of all together."""
    bench = Bench(overall=60)
    bench.spend(5, person="marie")
    bench.spend(5, number="a number")
    bench.spend(20, source="one place")
    bench.spend(30)
    for times in (1, 2):
        bench.clock.set(START - times * back)
        for shared in ({"person": "marie"}, {"number": "a number"}, {"source": "one place"}):
            assert bench.attempt(**shared) == 30 * SECOND
        assert bench.attempt() == 5 * SECOND

    bench.clock.advance(30 * SECOND)
    assert bench.attempt(person="marie") is None


@pytest.mark.parametrize("hours", [0, 1, 5])
def test_nobody_is_kept_out_by_what_others_did_before(hours: int) -> None:
    """R12: after a burst, and after hours of guessing beyond the limit, from a shared source."""
    bench = Bench()
    until = START + hours * HOUR
    bench.spend(20, source="clinic")
    while bench.clock.now() < until:
        wait = bench.attempt(source="clinic")
        bench.clock.advance(wait or NONE)
    bench.attempt(source="clinic")
    answers = []
    for _ in range(100):
        bench.clock.advance(5 * MINUTE)
        answers.append(bench.attempt(source="clinic"))

    assert answers[12:] == [None] * 88
    bench.spend(17, source="clinic")
    assert bench.attempt(source="clinic") == 30 * SECOND


@given(limit=st.integers(1, 6), burst=st.integers(0, 12), early=st.integers(1, 300))
def test_a_key_used_below_its_limit_goes_on_in_the_end(limit: int, burst: int, early: int) -> None:
    """R12: also with small limits, and asked again and again before each wait is over."""
    bench = Bench(per_person=limit)
    for _ in range(burst):
        bench.attempt(person="marie")
    gap = 15 * MINUTE // max(limit - 1, 1) + SECOND
    for _ in range(burst):
        bench.clock.advance(early * SECOND)
        bench.attempt(person="marie")
    for _ in range(80):
        bench.clock.advance(gap)
        bench.attempt(person="marie")

    for _ in range(20):
        bench.clock.advance(gap)
        bench.spend(1, person="marie")


def test_keys_that_were_not_used_for_a_day_are_forgotten() -> None:
    """R12, R51: nothing of them is left in memory."""
    bench = Bench()

    def kept() -> list[bool]:
        return [f"person/{each}" in bench.limiter._buckets for each in ("marie", "jean")]

    bench.spend(5, person="marie")
    bench.attempt(person="marie")
    bench.clock.advance(timedelta(hours=24) - MICRO)
    bench.spend(1, person="jean")
    assert kept() == [True, True]
    bench.clock.advance(15 * MINUTE)
    bench.spend(1)

    assert kept() == [False, True]


def test_threads_together_admit_no_more_than_the_limit() -> None:
    """R12."""
    bench = Bench(per_person=10)
    gate = threading.Barrier(8)
    admitted: list[bool] = []

    def run(name: str) -> None:
        gate.wait()
        for number in range(5):
            attempt = Attempt(source=f"{name} {number}", person="marie", health_number=None)
            admitted.append(bench.limiter.admit(attempt) is None)

    threads = [threading.Thread(target=run, args=(f"thread {n}",)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sum(admitted) == 10


gaps = st.sampled_from((0, 1, 30, 60, 300, 900, 3600)).map(lambda n: n * SECOND)
people = st.sampled_from(("marie", "jean"))
sources = st.sampled_from(("here", "there"))
numbers = st.sampled_from((None, "a number"))


@given(
    attempts=st.lists(st.tuples(people, sources, numbers, gaps), max_size=40),
    overall=st.integers(1, 12),
)
def test_no_window_holds_more_than_the_limits_and_who_waits_as_told_goes_on(
    attempts: list[tuple[str, str, str | None, timedelta]], overall: int
) -> None:
    """R12: in any order, from any mix; waiting as long as one was told is always enough."""
    bench = Bench(per_source=4, per_health_number=2, per_person=3, overall=overall)
    limits = {"source": 4, "person": 3, "number": 2}
    admitted: dict[tuple[str, str], list[object]] = {}
    for person, source, number, gap in attempts:
        bench.clock.advance(gap)
        now = bench.clock.now()
        wait = bench.attempt(person=person, source=source, number=number)

        if wait is not None:
            assert NONE < wait <= HOUR
            bench.clock.advance(wait)
            now = bench.clock.now()
            while (more := bench.attempt(person=person, source=source, number=number)) is not None:
                # Only the common allowance sends anybody away twice.
                assert more <= 5 * SECOND
                bench.clock.advance(more)
                now = bench.clock.now()
        keys = {("person", person), ("source", source)}
        keys |= set() if number is None else {("number", number)}
        for key in keys:
            times = admitted.setdefault(key, [])
            times.append(now)
            recent = [each for each in times if now - each < 15 * MINUTE]  # type: ignore[operator]
            # Beyond the limit each waits at least 30, 60, 120, 240, 480 s: five more at most.
            assert len(recent) <= limits[key[0]] + 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"overall": 0},
        {"per_person": 0},
        {"window": timedelta()},
        {"first_wait": timedelta(hours=2)},
        {"longest_wait": 12 * HOUR + MICRO},
        {"window": 24 * HOUR + MICRO},
        {"overall_wait": 25 * HOUR},
    ],
)
def test_a_policy_that_would_let_nobody_in_cannot_be_built(wrong: dict[str, Any]) -> None:
    """R12: nor one whose limits would be forgotten while they hold (R51)."""
    with pytest.raises(InvalidValue):
        LimiterPolicy(**wrong)


def test_a_policy_may_use_all_of_the_day_that_is_kept() -> None:
    """R12, R51."""
    assert LimiterPolicy(longest_wait=12 * HOUR, window=24 * HOUR).window == 24 * HOUR
