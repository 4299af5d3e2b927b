"""The laws of :class:`omnibook.ports.PatientDirectory` and its ``ContactEditor`` (R9, R41, R43)."""

import threading
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

from attrs import evolve, fields, frozen
from hypothesis import Phase, given, seed, settings

from omnibook.blind_indexes import BlindIndexer
from omnibook.contact_edits import ContactChange, ContactEdit, edited
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.errors import InvalidValue
from omnibook.facts import UNKNOWN
from omnibook.health_numbers import HealthNumber
from omnibook.identity import Identity, IdentityKeys, Patient
from omnibook.ids import OrderId, PatientId
from omnibook.ports import (
    AsyncContactEditor,
    AsyncPatientDirectory,
    ContactEditor,
    Keys,
    PatientDirectory,
)
from omnibook.testing.bridge import Loop
from omnibook.testing.interleaving import Shaker
from omnibook.testing.laws import UNJUDGED, Effort, Promise, Seen, require, same
from omnibook.testing.strategies.people import BIRTH_DATES, FACTS, NEVER_NONE, situations

T = TypeVar("T")

_UNTOLD: dict[str, object] = {"language": None}
"""What stands for something that is not told, where it is not UNKNOWN."""

AnyDirectory: TypeAlias = PatientDirectory | AsyncPatientDirectory
MakeDirectory: TypeAlias = Callable[[Sequence[Patient]], AnyDirectory]
"""Makes a directory of exactly these files, each time a new one."""

_PHONE = ContactPoint(system=ContactSystem.PHONE, value="+15145550123")
_OTHER_PHONE = ContactPoint(system=ContactSystem.PHONE, value="+15145550124")
_EMAIL = ContactPoint(system=ContactSystem.EMAIL, value="Marie@example.org", rank=2)
_SAME_EMAIL = ContactPoint(system=ContactSystem.EMAIL, value="marie@example.org")
_OTHER_EMAIL = ContactPoint(system=ContactSystem.EMAIL, value="autre@example.com")
_NUMBER = HealthNumber("CA-QC", "TREM04621918")


def _file(name: str = "file-1", into: str | None = None, *points: ContactPoint) -> Patient:
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


def _situations(
    bench: DirectoryBench, proof: Callable[[Identity, tuple[Patient, ...]], None]
) -> None:
    @settings(
        max_examples=bench.effort.times(60),
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=UNJUDGED,
    )
    @given(situations())
    def proven(situation: tuple[Identity, tuple[Patient, ...]]) -> None:
        proof(*situation)

    (proven if bench.seed is None else seed(bench.seed)(proven))()


def _gets(bench: DirectoryBench) -> None:
    def proof(_: Identity, files: tuple[Patient, ...]) -> None:
        directory = bench.make(*files)
        for each in files:
            bench.as_told(directory.get(each.patient_id), each)
        require(directory.get("file-99") is None, "a file that nobody has is there")

    _situations(bench, proof)
    directory = bench.make(_file("file-1"), _file("FILE-1", None, _PHONE))
    bench.as_told(directory.get("FILE-1"), _file("FILE-1", None, _PHONE))
    require(directory.get("File-1") is None, "an identifier is found in another spelling")


def _candidates(bench: DirectoryBench) -> None:
    def proof(identity: Identity, files: tuple[Patient, ...]) -> None:
        directory, keys = bench.make(*files), IdentityKeys.of(identity)
        kept = {each.patient_id: each for each in files}
        found = [each.patient_id for each in directory.candidates(keys)]
        same("each candidate once", sorted(found), sorted(set(found)))
        for name in sorted(_meant(kept, keys)):
            require(name in found, f"the file {kept[name]!r} is missed")
        for each in directory.candidates(keys):
            require(each.patient_id in kept, "a file that nobody has is a candidate")
            bench.as_told(each, kept[each.patient_id])

    _situations(bench, proof)
    outdated = evolve(_PHONE, current=False, verified=False)
    by_phone = IdentityKeys(
        health_number=None,
        birth_date=BIRTH_DATES[0],
        contact_keys=frozenset({_PHONE.match_key}),
    )
    merged = bench.make(_file("a", "b", outdated), _file("b", "c"), _file("c"), _file("d"))
    names = {each.patient_id for each in merged.candidates(by_phone)}
    same("by a contact of old, with the survivors", names & set("abc"), set("abc"))
    plain = evolve(_file(), health_numbers=(_NUMBER,), birth_date=BIRTH_DATES[1])
    keys = IdentityKeys(
        health_number=evolve(_NUMBER, version="AB"),
        birth_date=BIRTH_DATES[0],
        contact_keys=frozenset(),
    )
    found = bench.make(plain).candidates(keys)
    same("by number, whatever its version", [each.patient_id for each in found], ["file-1"])


def _meant(files: Mapping[PatientId, Patient], keys: IdentityKeys) -> set[PatientId]:
    """Worked out anew: by number, or by birth date with a contact; then along the merges."""
    meant: set[PatientId] = set()
    for each in files.values():
        numbers = {(number.issuer, number.value) for number in each.health_numbers}
        wanted = keys.health_number
        by_number = wanted is not None and (wanted.issuer, wanted.value) in numbers
        mine = {point.match_key for point in each.contacts}
        if by_number or (each.birth_date == keys.birth_date and mine & keys.contact_keys):
            following: PatientId | None = each.patient_id
            while following is not None and following in files and following not in meant:
                meant.add(following)
                following = files[following].merged_into
    return meant


def _facts(bench: DirectoryBench) -> None:
    keys = IdentityKeys(
        health_number=None,
        birth_date=BIRTH_DATES[0],
        contact_keys=frozenset({_PHONE.match_key}),
    )
    states: list[dict[str, Any]] = [
        {name: state}
        for name, known in FACTS.items()
        for state in (*known, *(() if name in NEVER_NONE else (None,)))
    ]
    # The last one tells nothing.
    kept = {
        f"file-{number}": evolve(_file(f"file-{number}", None, _PHONE), **told)
        for number, told in enumerate([*states, {}])
    }
    directory = bench.make(*kept.values())
    for name, each in kept.items():
        bench.as_told(directory.get(name), each)
    for each in directory.candidates(keys):
        bench.as_told(each, kept[each.patient_id])
    for name, each in kept.items():
        directory.append(name, _EMAIL, order=f"order-{name}")
        bench.as_told(evolve(directory.file(name), contacts=each.contacts), each)


def _replaces(bench: DirectoryBench) -> None:
    directory = bench.make(
        _file("a", "b"), _file("b", "c"), _file("c"), _file("d"), _file("x", "y"), _file("y", "x")
    )
    same("all identifiers of the survivor", directory.file("c").ids, frozenset("abc"))
    same("those of a file that nothing was merged into", directory.file("d").ids, frozenset("d"))
    require(directory.file("a").merged_into == "b", "a merged file is not told as it is")
    # A merge that runs in a circle must not either.
    require(directory.get("x") is not None, "a file of a circle of merges is not there")


def _appends(bench: DirectoryBench) -> None:
    old = evolve(_OTHER_EMAIL, rank=2, current=False)
    directory = bench.make(_file("file-1", None, _PHONE, old), _file("file-2", None, _PHONE))
    points = (_OTHER_EMAIL, _EMAIL, _OTHER_PHONE, _SAME_EMAIL, _PHONE)
    added = directory.append("file-1", *points)
    promised = [_EMAIL.match_key, _OTHER_PHONE.match_key]
    same("what it says it added", added, promised)
    same(
        "the contacts, in their order",
        directory.contacts("file-1"),
        [_PHONE.match_key, old.match_key, *promised],
    )
    contacts = directory.file("file-1").contacts
    same("which are verified", [each.verified for each in contacts], [True, True, False, False])
    same("which are current", [each.current for each in contacts], [True, False, True, True])
    main = directory.file("file-1").main_contact
    same("the main contact", None if main is None else main.match_key, _PHONE.match_key)
    same("another file's contacts", directory.contacts("file-2"), [_PHONE.match_key])
    empty = bench.make(_file())
    same("what an empty file is given", empty.append("file-1", _EMAIL), [_EMAIL.match_key])
    same("nothing to add", empty.append("file-1", order="order-2"), [])


def _appends_once(bench: DirectoryBench) -> None:
    directory = bench.make(_file("file-1", None, _PHONE))
    directory.append("file-1", _EMAIL)
    before = directory.contacts("file-1")
    for points in ((_EMAIL,), (_OTHER_PHONE,), ()):
        same("what the same order adds again", directory.append("file-1", *points), [])
        same("the contacts after it", directory.contacts("file-1"), before)
    added = directory.append("file-1", _OTHER_PHONE, order="order-2")
    same("what another order adds", added, [_OTHER_PHONE.match_key])


def _appends_to_survivor(bench: DirectoryBench) -> None:
    directory = bench.make(_file("a", "b"), _file("b", "c"), _file("c", None, _PHONE))
    same("what is added", directory.append("a", _PHONE, _EMAIL), [_EMAIL.match_key])
    survivors = directory.contacts("c")
    same("the survivor's contacts", survivors, [_PHONE.match_key, _EMAIL.match_key])
    same("the merged files' contacts", directory.contacts("a") + directory.contacts("b"), [])
    same("the same order by another name", directory.append("c", _OTHER_PHONE), [])


def _appends_at_once(bench: DirectoryBench) -> None:
    for number in range(bench.effort.times(5)):
        directory = bench.make(_file("file-1", None, _PHONE))
        shaker = Shaker([directory.inner], number, chance=1 / 10)
        append = partial(directory.append, "file-1", _EMAIL, _OTHER_PHONE)
        works = [partial(append, order=order) for order in ("order-1", "order-1", "order-2")]
        answers = sorted(len(each) for each in shaker.run(works))
        same("how many each of three callers added", answers, [0, 0, 2])
        same("how many contacts there are", len(directory.contacts("file-1")), 3)


def _edits(bench: DirectoryBench) -> None:
    added = evolve(_OTHER_PHONE, rank=9, verified=False)
    old = evolve(_OTHER_EMAIL, rank=4, current=False)
    directory = bench.make(_file("file-1", None, _PHONE, _EMAIL, old, added), _file("file-2"))
    if not directory.is_editor:
        return
    keys = [_PHONE.match_key, _EMAIL.match_key, old.match_key, added.match_key]
    steps = (
        (ContactEdit(change=ContactChange.VERIFY, match_key=added.match_key), keys),
        (_move(added, 1), [keys[3], *keys[:3]]),
        (_move(_PHONE, 3), [keys[3], keys[1], keys[0], keys[2]]),
        (_move(_EMAIL, 99), [keys[3], keys[0], keys[2], keys[1]]),
        (_remove(_PHONE), [keys[3], keys[2], keys[1]]),
        # By match key, whatever the case.
        (_remove(_SAME_EMAIL), [keys[3], keys[2]]),
    )
    for number, (edit, promised) in enumerate(steps):
        before = directory.file("file-1").contacts
        same(
            f"what it answers to {edit}",
            directory.edit("file-1", edit, order=f"order-{number}"),
            edited(before, edit),
        )
        same("the contacts, in their order", directory.contacts("file-1"), promised)
        same("the contacts", directory.file("file-1").contacts, edited(before, edit))
    main = directory.file("file-1").main_contact
    same("the main contact", None if main is None else main.match_key, added.match_key)
    same(
        "which are verified",
        [point.verified for point in directory.file("file-1").contacts],
        [True, True],
    )
    asked = IdentityKeys(
        health_number=None,
        birth_date=BIRTH_DATES[0],
        contact_keys=frozenset({added.match_key}),
    )
    files = {each.patient_id for each in directory.candidates(asked)}
    require("file-1" in files, "a file is not found by a contact that was verified")
    gone = _remove(_PHONE)
    same(
        "what is answered of a contact that is not there",
        directory.edit("file-1", gone, order="order-x"),
        None,
    )
    same(
        "what is answered of a file that is not there",
        directory.edit("file-99", _remove(added), order="order-y"),
        None,
    )
    same("another file's contacts", directory.contacts("file-2"), [])
    same(
        "what is added after it",
        directory.append("file-1", _PHONE, order="order-x"),
        [_PHONE.match_key],
    )
    same("its rank", [point.rank for point in directory.file("file-1").contacts], [1, 2, 3])


def _edits_once(bench: DirectoryBench) -> None:
    directory = bench.make(_file("a", "b"), _file("b", None, _PHONE, _EMAIL))
    if not directory.is_editor:
        return
    first = directory.edit("a", _move(_EMAIL, 1), order="order-1")
    same("the merged file's contacts", directory.contacts("a"), [])
    same("the survivor's contacts", directory.file("b").contacts, first)
    directory.edit("b", _move(_PHONE, 1), order="order-2")
    stands = directory.file("b").contacts
    for name in ("a", "b"):
        same("the same order again", directory.edit(name, _move(_EMAIL, 1)), stands)
    same("the contacts after it", directory.file("b").contacts, stands)
    same("removed", len(directory.edit("b", _remove(_EMAIL), order="order-3") or ()), 1)
    same("removed again", len(directory.edit("b", _remove(_EMAIL), order="order-3") or ()), 1)


def _move(point: ContactPoint, position: int) -> ContactEdit:
    return ContactEdit(change=ContactChange.MOVE, match_key=point.match_key, position=position)


def _remove(point: ContactPoint) -> ContactEdit:
    return ContactEdit(change=ContactChange.REMOVE, match_key=point.match_key)


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


DIRECTORY_LAWS: tuple[DirectoryLaw, ...] = (
    DirectoryLaw(
        "directory.get",
        "get tells the file of exactly this identifier as it stands, merged ones too, or nothing",
        _gets,
    ),
    DirectoryLaw(
        "directory.candidates",
        "candidates misses no file that carries the health number, or the birth date with one of "
        "the contacts, current or not, and no survivor of such a file; each comes once (R9)",
        _candidates,
    ),
    DirectoryLaw(
        "directory.facts",
        "get and candidates tell every fact of a file in each of its three states, known, known to "
        "be none and unknown, also after a contact was added (R20, R21)",
        _facts,
    ),
    DirectoryLaw(
        "directory.replaces",
        "a survivor tells the identifiers of all files that were merged into it, and circles of "
        "merges do no harm (R9)",
        _replaces,
    ),
    DirectoryLaw(
        "directory.appends",
        "append_contacts adds, last and unverified, those that the file lacks by match key, each "
        "once; it answers those, and changes nothing else (R41)",
        _appends,
    ),
    DirectoryLaw(
        "directory.appends-once",
        "the same order again changes nothing and answers nothing (R41)",
        _appends_once,
    ),
    DirectoryLaw(
        "directory.appends-to-survivor",
        "a merged file's survivor receives its contacts (R9, R41)",
        _appends_to_survivor,
    ),
    DirectoryLaw(
        "directory.appends-at-once",
        "however many apply orders at once, each contact is added once (R41)",
        _appends_at_once,
    ),
    DirectoryLaw(
        "directory.edits",
        "where staff edit contacts: one is verified, moved or removed by match key, ranks are 1, "
        "2, 3 … afterwards, and nothing else changes (R41, R43)",
        _edits,
    ),
    DirectoryLaw(
        "directory.edits-once",
        "where staff edit contacts: the same order again changes nothing and answers what stands; "
        "a merged file's survivor is edited (R9, R38)",
        _edits_once,
    ),
)
"""Every law of directories."""


def check_directory(
    make: MakeDirectory,
    *,
    effort: Effort = Effort.NORMAL,
    seed: int | None = None,
    keys: Keys | None = None,
    tells: Collection[str] | None = None,
) -> None:
    """Prove every law of :class:`omnibook.ports.PatientDirectory`, or of its asynchronous twin.

    Those of :class:`omnibook.ports.ContactEditor` too, where the directory is one.

    Args:
        make: makes a directory of exactly the files that it is given; called many times.
        effort: how much is tried.
        seed: draws the same every time.
        keys: the keyring, for a directory that is asked by blind indexes.
        tells: the facts that the clinic's system has, by their names in
            :class:`~omnibook.patient.Patient`, ``language`` among them; all of them if left out.
            One that it does not have must be left unknown, or told as it is (R21).

    Raises:
        BrokenPromise: the directory breaks a law.
        InvalidValue: ``tells`` names something else.
    """
    for law in DIRECTORY_LAWS:
        law(make, effort=effort, seed=seed, keys=keys, tells=tells)
