"""How long things take, done by turns, so that whatever else the machine does touches all alike."""

import gc
import math
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from attrs import define, field

NameT = TypeVar("NameT")
ROUNDS = 10
LEAST = 3
"""How often what takes long is done at least."""


@define
class Timing:
    """What each of some calls took, in seconds."""

    times: list[float] = field(factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        """With fewer than a hundred calls, the slowest."""
        ranked = sorted(self.times)
        return ranked[min(len(ranked) - 1, math.ceil(len(ranked) * 0.99))]

    @property
    def fastest(self) -> float:
        return min(self.times)


def by_turns(ways: Mapping[NameT, Callable[[], object]], seconds: float) -> dict[NameT, Timing]:
    """Call each of the ways for about so many seconds in all, a tenth of them at a time.

    Each is called once before it counts, and three times at least.
    """
    found = {name: Timing() for name in ways}
    for each in ways.values():
        each()
    gc.collect()
    for turn in range(ROUNDS):
        for name, call in ways.items():
            times = found[name].times
            until = (turn + 1) / ROUNDS * seconds
            spent = sum(times)
            while spent < until or len(times) < min(turn + 1, LEAST):
                began = time.perf_counter()
                call()
                times.append(time.perf_counter() - began)
                spent += times[-1]
    return found


def peak_of(call: Callable[[], object]) -> int:
    """The most memory that a call takes beside what there was, in bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        call()
        _, peak = tracemalloc.get_traced_memory()
        return peak - before
    finally:
        tracemalloc.stop()


@contextmanager
def frozen_garbage() -> Iterator[None]:
    """Keep the collector from walking millions of minutes while something is measured."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
