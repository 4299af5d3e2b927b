"""How two callers are made to meet: rivals that come in between, and threads that are shaken.

A store that checks and then acts passes every test in which it is alone. Two ways lead into the gap
between its check and its act:

* A :class:`Rival` is started from inside a decision, which a store runs between reading and
  writing, and is given the time to end. Where a lock keeps it out, it waits, and ends later.
* A :class:`Shaker` runs threads that hand over at random lines of the store's own modules.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from types import FrameType, FunctionType
from typing import Any, Generic, TypeVar

from omnibook.errors import Contention
from omnibook.testing.laws import Seen

T = TypeVar("T")

PATIENCE = 0.15
"""Seconds that a rival is given to end before it is taken to be kept out by a lock."""
ENOUGH = 60.0
"""Seconds after which a thread that has not ended never will."""
RIVALS = 3
"""How many rivals one decision starts at most; it may be run more often."""

_MUCH = 8

_HERE = str(Path(__file__).parent)


class Rival(Generic[T]):
    """Somebody else who wants the same; each :meth:`start` is another one."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._threads: list[threading.Thread] = []
        self._results: list[T] = []
        self._errors: list[Exception] = []

    def start(self) -> None:
        """Begin, and wait until it has ended or seems to wait for a lock."""
        if len(self._threads) < RIVALS:
            thread = threading.Thread(target=self._run, daemon=True)
            self._threads.append(thread)
            thread.start()
            thread.join(PATIENCE)

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except Contention:
            # It lost too many races in a row; nothing was written.
            pass
        except Exception as error:
            self._errors.append(error)

    def finish(self) -> list[T]:
        """What the rivals answered, when all have ended.

        Raises:
            Seen: one does not end, or raised something.
        """
        for thread in self._threads:
            thread.join(ENOUGH)
            if thread.is_alive():
                raise Seen("two transactions wait for one another without end")
        for error in self._errors:
            raise Seen(f"a rival's transaction raised {error!r}") from error
        return self._results


class Shaker:
    """Runs functions at once, in threads that hand over at random lines of some stores' code."""

    def __init__(self, stores: Iterable[object], seed: int, *, chance: float = 1 / 40) -> None:
        self._files, self._folders = _sources(stores)
        self._known: dict[str, bool] = {}
        self._seed = seed
        self._chance = chance
        self._never = threading.Event()
        self._local = threading.local()

    def run(self, works: Sequence[Callable[[], T]]) -> list[T]:
        """What the functions answer, in their order.

        Raises:
            Seen: one does not end.
            Exception: what the first one raised that did.
        """
        results: list[T | None] = [None] * len(works)
        errors: list[Exception] = []
        barrier = threading.Barrier(len(works))

        def run(number: int, work: Callable[[], T]) -> None:
            self._local.random = Random(self._seed + number)
            barrier.wait(ENOUGH)
            sys.settrace(self._enter)
            try:
                results[number] = work()
            except Exception as error:
                errors.append(error)
            finally:
                sys.settrace(None)

        threads = [
            threading.Thread(target=run, args=(number, work), daemon=True)
            for number, work in enumerate(works)
        ]
        usual = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(ENOUGH)
        finally:
            sys.setswitchinterval(usual)
        if any(thread.is_alive() for thread in threads):
            raise Seen("transactions wait for one another without end")
        if errors:
            raise errors[0]
        return [result for result in results if result is not None]

    def hand_over(self) -> None:
        """Let the other threads go on for a moment, sometimes."""
        random = getattr(self._local, "random", None)
        if random is not None and random.random() < self._chance:
            # Nobody sets it: to wait for it a little lets every other thread run.
            self._never.wait(random.uniform(0, 0.0008))

    def hand_over_often(self) -> None:
        """The same for somebody who does much meanwhile."""
        for _ in range(_MUCH):
            self.hand_over()

    def _enter(self, frame: FrameType, _event: str, _argument: object) -> Any:
        name = frame.f_code.co_filename
        known = self._known.get(name)
        if known is None:
            within = any(name.startswith(folder) for folder in self._folders)
            known = (name in self._files or within) and not name.startswith(_HERE)
            self._known[name] = known
        return self._line if known else None

    def _line(self, _frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line":
            self.hand_over()
        return self._line


def _sources(stores: Iterable[object]) -> tuple[set[str], set[str]]:
    """The files in which the stores' classes are written, and the folders of their packages."""
    files: set[str] = set()
    folders: set[str] = set()
    classes = {each for store in stores for each in type(store).__mro__}
    roots = {each.__module__.partition(".")[0] for each in classes} - {"builtins", "typing", "abc"}
    parts = {
        each
        for store in stores
        for value in getattr(store, "__dict__", {}).values()
        for each in type(value).__mro__
    }
    for each in classes | parts:
        module = each.__module__
        if module.partition(".")[0] not in roots:
            continue
        made = (value for value in vars(each).values() if isinstance(value, FunctionType))
        files |= {value.__code__.co_filename for value in made}
        package, _, _ = module.rpartition(".")
        file = getattr(sys.modules.get(module), "__file__", None)
        if package and file:
            folders.add(str(Path(file).parent))
    return files, folders
