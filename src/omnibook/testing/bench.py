"""The bench on which a store is tried: it opens handles, keeps their time, and closes them."""

from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from types import TracebackType
from typing import Self, TypeAlias

from attrs import frozen

from omnibook.adapters.clocks import ManualClock
from omnibook.ports import Clock, Store
from omnibook.testing.laws import Effort, Promise
from omnibook.testing.samples import NOW

MakeStore: TypeAlias = Callable[[str, Clock], Store]
"""Opens a handle: the same name again opens another handle on the same data."""


class Bench:
    """One law's handles on one store that was empty, the clock they share, and chance."""

    def __init__(
        self,
        make: MakeStore,
        name: str,
        *,
        durable: bool,
        effort: Effort,
        seed: int,
        host_clock: bool = True,
    ) -> None:
        self.clock = ManualClock(NOW)
        self.durable = durable
        self.host_clock = host_clock
        self.effort = effort
        self.random = Random(seed)
        self.seed = seed
        self._make = make
        self._name = name
        self._handles: list[Store] = []

    @property
    def store(self) -> Store:
        """The first handle."""
        return self._handles[0] if self._handles else self.another()

    def another(self, clock: Clock | None = None) -> Store:
        """Another handle on the same data, with a clock of its own if one is given."""
        handle = self._make(self._name, clock or self.clock)
        self._handles.append(handle)
        return handle

    def handles(self, number: int) -> list[Store]:
        """So many handles, the same ones each time until they are closed."""
        while len(self._handles) < number:
            self.another()
        return self._handles[:number]

    def close(self) -> None:
        """Close every handle that can be closed; the data stays."""
        handles, self._handles = self._handles, []
        with ExitStack() as stack:
            for handle in handles:
                close = getattr(handle, "close", None)
                if close is not None:
                    stack.callback(close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@frozen
class StoreLaw:
    """A promise of :class:`omnibook.ports.Store`, and its proof; call it with ``make``."""

    name: str
    promise: str
    proof: Callable[[Bench], None]
    durable: bool = False
    """Whether it is about stores that outlive their process only."""
    host_clock: bool = False
    """Whether it is about stores that count by their hosts' clocks only."""

    def __call__(
        self,
        make: MakeStore,
        *,
        durable: bool = False,
        effort: Effort = Effort.NORMAL,
        seed: int | None = None,
        host_clock: bool = True,
    ) -> None:
        """Prove the law on a store of its own, if it is about such a store.

        The arguments are those of :func:`~omnibook.testing.stores.check_store`.

        Raises:
            BrokenPromise: the store does not keep it.
        """
        if (self.durable and not durable) or (self.host_clock and not host_clock):
            return
        drawn = Random().getrandbits(32) if seed is None else seed
        # A name of its own for each run: whoever keeps data by name starts with nothing.
        words = self.name.replace(".", "_").replace("-", "_")
        name = f"{words}_{Random().getrandbits(40):010x}"

        def proof() -> None:
            with Bench(
                make, name, durable=durable, effort=effort, seed=drawn, host_clock=host_clock
            ) as bench:
                self.proof(bench)

        Promise(self.name, self.promise).keep(proof, drawn)

    def __str__(self) -> str:
        return self.name
