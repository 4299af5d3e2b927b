"""Every law of a store, and the two functions that prove them all."""

from omnibook.testing import (
    laws_of_asking,
    laws_of_durability,
    laws_of_histories,
    laws_of_isolation,
    laws_of_loading,
    laws_of_moving,
    laws_of_searching,
    laws_of_tasks,
    laws_of_time,
    laws_of_values,
    laws_of_versions,
    laws_of_writing,
    machine,
)
from omnibook.testing.bench import MakeStore, StoreLaw
from omnibook.testing.bridge import Bridge, MakeAsyncStore
from omnibook.testing.laws import Effort

STORE_LAWS: tuple[StoreLaw, ...] = (
    *laws_of_loading.LAWS,
    *laws_of_writing.LAWS,
    *laws_of_moving.LAWS,
    *laws_of_asking.LAWS,
    *laws_of_searching.LAWS,
    *laws_of_versions.LAWS,
    *laws_of_values.LAWS,
    *laws_of_time.LAWS,
    *machine.LAWS,
    *laws_of_isolation.LAWS,
    *laws_of_histories.LAWS,
    *laws_of_durability.LAWS,
)
"""Every law of :class:`omnibook.ports.Store`, plain ones first."""

ASYNC_STORE_LAWS: tuple[StoreLaw, ...] = (*STORE_LAWS, *laws_of_tasks.LAWS)
"""Every law of :class:`omnibook.ports.AsyncStore`: the same, and those of tasks."""


def check_store(
    make: MakeStore,
    *,
    durable: bool = False,
    effort: Effort = Effort.NORMAL,
    seed: int | None = None,
    host_clock: bool = True,
) -> None:
    """Prove every law of :class:`omnibook.ports.Store`, one after the other.

    Args:
        make: opens a handle, given a name and the clock that it is to read. A name that is new
            means an empty store; the same name again means another handle on the same data. A
            handle's ``close()``, if it has one, is called by the kit.
        durable: whether data outlives the process: then handles are closed and opened again, and
            other processes use the store and are killed. ``make`` is also called in forked
            processes; it must open there what it needs.
        effort: how much is tried.
        seed: draws the same every time; without it, each run draws something else.
        host_clock: false for a store that has one time by itself, such as a database server's, and
            is given a clock in tests only: then nothing is asked about clocks that are set back,
            or that differ.

    Raises:
        BrokenPromise: the store breaks a law; the message names it, and says what was promised and
            what was seen.
    """
    for law in STORE_LAWS:
        law(make, durable=durable, effort=effort, seed=seed, host_clock=host_clock)


def check_async_store(
    make: MakeAsyncStore,
    *,
    durable: bool = False,
    effort: Effort = Effort.NORMAL,
    seed: int | None = None,
    host_clock: bool = True,
) -> None:
    """Prove every law of :class:`omnibook.ports.AsyncStore`.

    The laws of :func:`check_store`, awaited in an event loop; and that tasks race and are cancelled
    without harm. ``make`` may be a coroutine function, and is called in the loop that uses the
    handle: all handles of a store that is not ``durable`` share one loop, the others have one each.
    ``close()`` or ``aclose()`` is awaited.

    Raises:
        BrokenPromise: the store breaks a law.
    """
    for law in ASYNC_STORE_LAWS:
        check_async_law(law, make, durable=durable, effort=effort, seed=seed, host_clock=host_clock)


def check_async_law(
    law: StoreLaw,
    make: MakeAsyncStore,
    *,
    durable: bool = False,
    effort: Effort = Effort.NORMAL,
    seed: int | None = None,
    host_clock: bool = True,
) -> None:
    """Prove one law of :data:`ASYNC_STORE_LAWS`; see :func:`check_async_store`."""
    with Bridge(make, durable=durable) as bridge:
        law(bridge, durable=durable, effort=effort, seed=seed, host_clock=host_clock)
