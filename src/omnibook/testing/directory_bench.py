"""What every law of directories is given: a directory of some files, asked in a plain way (R9)."""

import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, TypeAlias, TypeVar

from attrs import evolve, fields, frozen

from omnibook.blind_indexes import BlindIndexer
from omnibook.contact_edits import ContactEdit
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.errors import InvalidValue
from omnibook.facts import UNKNOWN
from omnibook.identity import IdentityKeys, Patient
from omnibook.ids import OrderId, PatientId
from omnibook.ports import (
    AsyncContactEditor,
    AsyncPatientDirectory,
    ContactEditor,
    Keys,
    PatientDirectory,
)
from omnibook.testing.bridge import Loop
from omnibook.testing.laws import Effort, Promise, Seen, require
from omnibook.testing.strategies.people import BIRTH_DATES, FACTS

T = TypeVar("T")

_UNTOLD: dict[str, object] = {"language": None}
"""What stands for something that is not told, where it is not UNKNOWN."""

AnyDirectory: TypeAlias = PatientDirectory | AsyncPatientDirectory
MakeDirectory: TypeAlias = Callable[[Sequence[Patient]], AnyDirectory]
"""Makes a directory of exactly these files, each time a new one."""

PHONE = ContactPoint(system=ContactSystem.PHONE, value="+15145550123")
OTHER_PHONE = ContactPoint(system=ContactSystem.PHONE, value="+15145550124")
EMAIL = ContactPoint(system=ContactSystem.EMAIL, value="Marie@example.org", rank=2)
SAME_EMAIL = ContactPoint(system=ContactSystem.EMAIL, value="marie@example.org")
OTHER_EMAIL = ContactPoint(system=ContactSystem.EMAIL, value="autre@example.com")


def a_file(name: str = "file-1", into: str | None = None, *points: ContactPoint) -> Patient:
    """A file of this name, with these contacts; merged into another one if it is named."""
    return Patient(
        patient_id=PatientId(name),
        birth_date=BIRTH_DATES[0],
        contacts=points,
        merged_into=None if into is None else PatientId(into),
    )


class DirectoryBench:
    """What a law of directories is given: a way to make one, and plain answers."""

    def __init__(
        self,
        make: MakeDirectory,
        *,
        effort: Effort,
        seed: int | None,
        keys: Keys | None = None,
        tells: Collection[str] | None = None,
    ) -> None:
        if tells is not None and not FACTS.keys() >= set(tells):
            raise InvalidValue(f"a directory can tell: {', '.join(sorted(FACTS))}")
        self.untold = frozenset[str]() if tells is None else FACTS.keys() - set(tells)
        self._make = make
        self._indexer = None if keys is None else BlindIndexer(keys)
        self.effort = effort
        self.seed = seed
        self._loop: Loop | None = None
        self._starting = threading.Lock()
        self._made: list[AnyDirectory] = []

    def make(self, *files: Patient) -> "Asked":
        """A directory of these files."""
        directory = self._make(files)
        self._made.append(directory)
        return Asked(directory, self)

    def asking(self, keys: IdentityKeys) -> IdentityKeys:
        """The question as a portal asks it: with blind indexes, if there is a keyring."""
        return keys if self._indexer is None else self._indexer.asking(keys)

    def as_told(self, seen: Patient | None, kept: Patient) -> None:
        """Refuse a file that is not as it was kept, in each fact that the directory tells (R21)."""
        if seen is None:
            raise Seen(f"the file {kept.patient_id} is not there")
        silent = {name: _UNTOLD.get(name, UNKNOWN) for name in self.untold}
        untold: dict[str, Any] = {
            name: unknown for name, unknown in silent.items() if getattr(seen, name) is unknown
        }
        expected = evolve(kept, **untold)
        # By name: a file shows nothing of itself.
        wrong = [
            each.name
            for each in fields(Patient)
            if each.eq and getattr(seen, each.name) != getattr(expected, each.name)
        ]
        require(not wrong, f"the file {kept.patient_id} is told with another {', '.join(wrong)}")

    def answer(self, ask: Callable[[], T | Awaitable[T]]) -> T:
        """The answer, awaited if it has to be; always in the same loop."""
        with self._starting:
            # Several threads may ask first.
            loop = self._loop = self._loop or Loop()
        return loop.answer(ask)

    def close(self) -> None:
        """Close the directories that can be closed, and stop the loop."""
        for each in self._made:
            close: Callable[[], object] | None = getattr(each, "close", None)
            if close is not None:
                self.answer(close)
        if self._loop is not None:
            self._loop.close()


@frozen
class Asked:
    """A directory, plain or asynchronous, that is asked in a plain way."""

    inner: AnyDirectory
    bench: DirectoryBench

    def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        """Its candidates."""
        return self.bench.answer(lambda: self.inner.candidates(self.bench.asking(keys)))

    def get(self, name: str) -> Patient | None:
        """The file of this identifier."""
        return self.bench.answer(lambda: self.inner.get(PatientId(name)))

    def append(self, name: str, *points: ContactPoint, order: str = "order-1") -> list[str]:
        """Append contacts; the match keys of those that it says it added."""
        added = self.bench.answer(
            lambda: self.inner.append_contacts(PatientId(name), points, order_id=OrderId(order))
        )
        return [point.match_key for point in added]

    @property
    def is_editor(self) -> bool:
        """Whether staff edit contacts in it."""
        return isinstance(self.inner, ContactEditor | AsyncContactEditor)

    def edit(
        self, name: str, edit: ContactEdit, *, order: str = "order-1"
    ) -> tuple[ContactPoint, ...] | None:
        """Edit a contact; what it answers."""
        editor: Any = self.inner
        found: Sequence[ContactPoint] | None = self.bench.answer(
            lambda: editor.edit_contacts(PatientId(name), edit, order_id=OrderId(order))
        )
        return None if found is None else tuple(found)

    def contacts(self, name: str) -> list[str]:
        """The match keys of a file's contacts, in their order."""
        return [point.match_key for point in self.file(name).contacts]

    def file(self, name: str) -> Patient:
        """The file of this identifier, which must be there."""
        found = self.get(name)
        if found is None:
            raise Seen(f"the file {name} is not there")
        return found


@frozen
class DirectoryLaw:
    """A promise of :class:`omnibook.ports.PatientDirectory`, and its proof."""

    name: str
    promise: str
    proof: Callable[[DirectoryBench], None]

    def __call__(
        self,
        make: MakeDirectory,
        *,
        effort: Effort = Effort.NORMAL,
        seed: int | None = None,
        keys: Keys | None = None,
        tells: Collection[str] | None = None,
    ) -> None:
        """Prove the law; see :func:`check_directory`.

        Raises:
            BrokenPromise: the directory does not keep it.
        """
        bench = DirectoryBench(make, effort=effort, seed=seed, keys=keys, tells=tells)
        try:
            Promise(self.name, self.promise).keep(lambda: self.proof(bench))
        finally:
            bench.close()

    def __str__(self) -> str:
        return self.name
