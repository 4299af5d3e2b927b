"""The laws of :class:`omnibook.ports.PatientDirectory` and its ``ContactEditor`` (R9, R41, R43)."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from attrs import evolve
from hypothesis import given, seed

from omnibook.health_numbers import HealthNumber
from omnibook.identity import Identity, IdentityKeys, Patient
from omnibook.ids import PatientId
from omnibook.ports import Keys
from omnibook.testing import laws_of_contacts
from omnibook.testing.directory_bench import (
    EMAIL,
    PHONE,
    AnyDirectory,
    DirectoryBench,
    DirectoryLaw,
    MakeDirectory,
    a_file,
)
from omnibook.testing.laws import Effort, drawing, require, same
from omnibook.testing.strategies.people import BIRTH_DATES, FACTS, NEVER_NONE, situations

__all__ = [
    "DIRECTORY_LAWS",
    "AnyDirectory",
    "DirectoryBench",
    "DirectoryLaw",
    "MakeDirectory",
    "check_directory",
]

_NUMBER = HealthNumber("CA-QC", "TREM04621918")


def _situations(
    bench: DirectoryBench, proof: Callable[[Identity, tuple[Patient, ...]], None]
) -> None:
    @drawing(bench.effort.times(60))
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
    directory = bench.make(a_file("file-1"), a_file("FILE-1", None, PHONE))
    bench.as_told(directory.get("FILE-1"), a_file("FILE-1", None, PHONE))
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
    outdated = evolve(PHONE, current=False, verified=False)
    by_phone = IdentityKeys(
        health_number=None,
        birth_date=BIRTH_DATES[0],
        contact_keys=frozenset({PHONE.match_key}),
    )
    merged = bench.make(a_file("a", "b", outdated), a_file("b", "c"), a_file("c"), a_file("d"))
    names = {each.patient_id for each in merged.candidates(by_phone)}
    same("by a contact of old, with the survivors", names & set("abc"), set("abc"))
    plain = evolve(a_file(), health_numbers=(_NUMBER,), birth_date=BIRTH_DATES[1])
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
        contact_keys=frozenset({PHONE.match_key}),
    )
    states: list[dict[str, Any]] = [
        {name: state}
        for name, known in FACTS.items()
        for state in (*known, *(() if name in NEVER_NONE else (None,)))
    ]
    # The last one tells nothing.
    kept = {
        f"file-{number}": evolve(a_file(f"file-{number}", None, PHONE), **told)
        for number, told in enumerate([*states, {}])
    }
    directory = bench.make(*kept.values())
    for name, each in kept.items():
        bench.as_told(directory.get(name), each)
    for each in directory.candidates(keys):
        bench.as_told(each, kept[each.patient_id])
    for name, each in kept.items():
        directory.append(name, EMAIL, order=f"order-{name}")
        bench.as_told(evolve(directory.file(name), contacts=each.contacts), each)


def _replaces(bench: DirectoryBench) -> None:
    directory = bench.make(
        a_file("a", "b"),
        a_file("b", "c"),
        a_file("c"),
        a_file("d"),
        a_file("x", "y"),
        a_file("y", "x"),
    )
    same("all identifiers of the survivor", directory.file("c").ids, frozenset("abc"))
    same("those of a file that nothing was merged into", directory.file("d").ids, frozenset("d"))
    require(directory.file("a").merged_into == "b", "a merged file is not told as it is")
    # A merge that runs in a circle must not either.
    require(directory.get("x") is not None, "a file of a circle of merges is not there")


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
    *laws_of_contacts.LAWS,
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
