"""The laws of :class:`omnibook.ports.PatientDirectory` (R9, R41)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

from attrs import evolve, frozen
from hypothesis import Phase, given, seed, settings

from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.facts import UNKNOWN
from omnibook.health_numbers import HealthNumber
from omnibook.identity import Identity, IdentityKeys, Patient
from omnibook.ids import OrderId, PatientId
from omnibook.ports import AsyncPatientDirectory, PatientDirectory
from omnibook.testing.bridge import Loop
from omnibook.testing.interleaving import Shaker
from omnibook.testing.laws import UNJUDGED, Effort, Promise, Seen, require, same
from omnibook.testing.strategies.people import BIRTH_DATES, situations

T = TypeVar("T")

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

    def __init__(self, make: MakeDirectory, *, effort: Effort, seed: int | None) -> None:
        self._make = make
        self.effort = effort
        self.seed = seed
        self._loop: Loop | None = None
        self._made: list[AnyDirectory] = []

    def make(self, *files: Patient) -> "Asked":
        """A directory of these files."""
        directory = self._make(files)
        self._made.append(directory)
        return Asked(directory, self)

    def answer(self, ask: Callable[[], T | Awaitable[T]]) -> T:
        """The answer, awaited if it has to be; always in the same loop."""
        if self._loop is None:
            self._loop = Loop()
        return self._loop.answer(ask)

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
        return self.bench.answer(lambda: self.inner.candidates(keys))

    def get(self, name: str) -> Patient | None:
        """The file of this identifier."""
        return self.bench.answer(lambda: self.inner.get(PatientId(name)))

    def append(self, name: str, *points: ContactPoint, order: str = "order-1") -> list[str]:
        """Append contacts; the match keys of those that it says it added."""
        added = self.bench.answer(
            lambda: self.inner.append_contacts(PatientId(name), points, order_id=OrderId(order))
        )
        return [point.match_key for point in added]

    def contacts(self, name: str) -> list[str]:
        """The match keys of a file's contacts, in their order."""
        return [point.match_key for point in self.file(name).contacts]

    def file(self, name: str) -> Patient:
        """The file of this identifier, which must be there."""
        found = self.get(name)
        if found is None:
            raise Seen(f"the file {name} is not there")
        return found


def _as_told(seen: Patient | None, kept: Patient) -> None:
    """Equal, but that a directory need not tell everything (R21)."""
    if seen is None:
        raise Seen(f"the file {kept.patient_id} is not there")
    untold: dict[str, Any] = {
        name: UNKNOWN
        for name in ("file_number", "family_doctor", "registered_sex")
        if getattr(seen, name) is UNKNOWN
    }
    if seen.language is None:
        untold["language"] = None
    same(f"the file {kept.patient_id}", seen, evolve(kept, **untold))


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
            _as_told(directory.get(each.patient_id), each)
        require(directory.get("file-99") is None, "a file that nobody has is there")

    _situations(bench, proof)
    directory = bench.make(_file("file-1"), _file("FILE-1", None, _PHONE))
    _as_told(directory.get("FILE-1"), _file("FILE-1", None, _PHONE))
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
            _as_told(each, kept[each.patient_id])

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


@frozen
class DirectoryLaw:
    """A promise of :class:`omnibook.ports.PatientDirectory`, and its proof."""

    name: str
    promise: str
    proof: Callable[[DirectoryBench], None]

    def __call__(
        self, make: MakeDirectory, *, effort: Effort = Effort.NORMAL, seed: int | None = None
    ) -> None:
        """Prove the law.

        Raises:
            BrokenPromise: the directory does not keep it.
        """
        bench = DirectoryBench(make, effort=effort, seed=seed)
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
)
"""Every law of directories."""


def check_directory(
    make: MakeDirectory, *, effort: Effort = Effort.NORMAL, seed: int | None = None
) -> None:
    """Prove every law of :class:`omnibook.ports.PatientDirectory`, or of its asynchronous twin.

    Args:
        make: makes a directory of exactly the files that it is given; called many times.
        effort: how much is tried.
        seed: draws the same every time.

    Raises:
        BrokenPromise: the directory breaks a law.
    """
    for law in DIRECTORY_LAWS:
        law(make, effort=effort, seed=seed)
