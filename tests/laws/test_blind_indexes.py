"""A directory that is shown keyed hashes finds what one finds that is shown everything (R5, R6)."""

from collections.abc import Sequence
from datetime import date

import pytest
from attrs import evolve
from hypothesis import given

import omnibook as ob
from omnibook.blind_indexes import BlindIndexer
from omnibook.identity import BlindKeys, IdentityKeys, candidates_among
from omnibook.ids import OrderId, PatientId
from omnibook.ports import Keys
from omnibook.testing import BrokenPromise, Effort, check_directory
from omnibook.testing.strategies.people import situations
from support.worlds import JEAN, MARIE, MARIES_FORM, small_clinic, world

OLD, NEW = (bytes([each]) * 32 for each in (1, 2))
KEYS = ob.Keyring((NEW,))
NUMBER = ob.HealthNumber("CA-QC", "TREM04621918")


class BlindDirectory:
    """Keeps indexes beside its files, and compares nothing else."""

    def __init__(self, files: Sequence[ob.Patient], keys: Keys = KEYS) -> None:
        self._files = ob.MemoryDirectory(files)
        self._indexer = BlindIndexer(keys)
        self._rows: dict[str, set[PatientId]] = {}
        self._ids = [each.patient_id for each in files]
        for each in self._ids:
            self._note(each)

    def _note(self, patient_id: PatientId) -> None:
        file = self._files.get(patient_id)
        assert file is not None
        indexes = self._indexer.of_file(file)
        for index in indexes.numbers | indexes.contacts:
            self._rows.setdefault(index, set()).add(patient_id)

    def candidates(self, keys: IdentityKeys) -> Sequence[ob.Patient]:
        assert keys.blind is not None
        found: dict[PatientId, ob.Patient] = {}
        waiting = {
            each
            for index in keys.blind.numbers | keys.blind.contacts
            for each in self._rows.get(index, ())
        }
        while waiting:
            file = self._files.get(waiting.pop())
            if file is not None and file.patient_id not in found:
                found[file.patient_id] = file
                waiting |= {file.merged_into} if file.merged_into else set()
        return tuple(found.values())

    def get(self, patient_id: PatientId) -> ob.Patient | None:
        return self._files.get(patient_id)

    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        added = self._files.append_contacts(patient_id, points, order_id=order_id)
        for each in self._ids:
            self._note(each)
        return added


@given(situation=situations())
def test_blind_and_clear_questions_find_the_same_files(
    situation: tuple[ob.Identity, tuple[ob.Patient, ...]],
) -> None:
    """R5, R6, R9: exactly the same, over random people."""
    identity, files = situation
    keys = IdentityKeys.of(identity)
    clear = candidates_among({each.patient_id: each for each in files}, keys)
    blind = BlindDirectory(files).candidates(BlindIndexer(KEYS).asking(keys))

    assert {each.patient_id for each in blind} == {each.patient_id for each in clear}


@given(situation=situations())
def test_what_was_kept_before_a_rotation_is_found_after_it(
    situation: tuple[ob.Identity, tuple[ob.Patient, ...]],
) -> None:
    """R6: as long as the old key is in the keyring."""
    identity, files = situation
    keys = IdentityKeys.of(identity)
    kept = BlindDirectory(files, ob.Keyring((OLD,)))
    clear = candidates_among({each.patient_id: each for each in files}, keys)
    both, only_new = ob.Keyring((NEW, OLD)), ob.Keyring((NEW,))
    found = kept.candidates(BlindIndexer(both).asking(keys))

    assert {each.patient_id for each in found} == {each.patient_id for each in clear}
    assert kept.candidates(BlindIndexer(only_new).asking(keys)) == ()
    # A row that is written after the rotation is found by both, and by the new key alone.
    fresh = BlindDirectory(files, both)
    for each in (both, only_new):
        again = fresh.candidates(BlindIndexer(each).asking(keys))
        assert {file.patient_id for file in again} == {file.patient_id for file in clear}


def test_a_blind_directory_keeps_the_laws() -> None:
    """R9, R41: the kit asks by blind indexes when it is given the keyring."""
    check_directory(BlindDirectory, effort=Effort.QUICK, keys=KEYS)


def test_a_directory_that_forgets_the_indexes_of_old_contacts_is_caught() -> None:
    class Forgetful(BlindDirectory):
        def _note(self, patient_id: PatientId) -> None:
            file = self._files.get(patient_id)
            assert file is not None
            for number in file.health_numbers:
                self._rows.setdefault(self._indexer.number(number), set()).add(patient_id)

    with pytest.raises(BrokenPromise, match=r"directory\.candidates"):
        check_directory(Forgetful, effort=Effort.QUICK, seed=1, keys=KEYS)


def test_an_index_names_its_keys_version_and_shows_nothing_of_the_value() -> None:
    """R50: a keyed hash; another keyring makes another one, a repeated call the same."""
    index = BlindIndexer(KEYS).number(NUMBER)
    version, _, digest = index.partition(":")

    assert (len(version), len(digest)) == (8, 32)
    assert NUMBER.value not in index
    assert index == BlindIndexer(ob.Keyring((NEW,))).number(NUMBER)
    assert not set(index.split(":")) & set(
        BlindIndexer(ob.Keyring((OLD,))).number(NUMBER).split(":")
    )
    assert BlindIndexer(ob.Keyring((NEW, OLD))).number(NUMBER) == index


def test_purposes_dates_issuers_and_contacts_have_indexes_of_their_own() -> None:
    """R5, R6."""
    indexer = BlindIndexer(KEYS)
    born = date(2004, 12, 19)
    same_text = "CA-QC TREM04621918"
    indexes = {
        indexer.number(NUMBER),
        indexer.number(ob.HealthNumber("CA-ON", "1234567020")),
        indexer.contact(born, "phone:+15145550123"),
        indexer.contact(born, same_text),
        indexer.contact(date(2004, 12, 20), "phone:+15145550123"),
        indexer.contact(born, "email:marie@example.org"),
        KEYS.digest("contact", "phone:+15145550123"),
    }

    assert len(indexes) == 7
    assert indexer.number(NUMBER) == indexer.number(evolve(NUMBER, version="AB"))


def test_a_file_without_a_birth_date_is_found_by_its_number_only() -> None:
    """R5."""
    found = BlindIndexer(KEYS).of_file(evolve(MARIE, birth_date=None))

    assert found == BlindKeys(
        numbers=frozenset({BlindIndexer(KEYS).number(NUMBER)}), contacts=frozenset()
    )


@pytest.mark.parametrize("numbered", [True, False])
def test_the_portal_asks_by_blind_indexes_where_the_clinic_wants_them(numbered: bool) -> None:
    """R5, R6: and not otherwise."""
    form = evolve(MARIES_FORM, health_number="TREM04621918") if numbered else MARIES_FORM
    clinic = small_clinic()
    blind = evolve(clinic, policies=evolve(clinic.policies, blind_indexes=True))
    asked: list[IdentityKeys] = []

    class Noting(BlindDirectory):
        def candidates(self, keys: IdentityKeys) -> Sequence[ob.Patient]:
            asked.append(keys)
            return super().candidates(keys) if keys.blind else ()

    found: list[int] = []
    for each in (blind, clinic):
        here = world(each)
        portal = ob.Portal(
            each, store=here.store, directory=Noting([MARIE, JEAN], here.keys), keys=here.keys
        )
        outcome = portal.identify(form, terms="2026-01", language="fr", source="203.0.113.7")
        assert isinstance(outcome, ob.Welcome)
        found.append(len(outcome.services))

    assert found == [3, 1]
    assert asked[0].blind is not None
    assert len(asked[0].blind.numbers) == numbered
    assert len(asked[0].blind.contacts) == 2
    assert asked[1].blind is None
    assert evolve(asked[0], blind=None) == asked[1]
