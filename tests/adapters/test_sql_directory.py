"""The patient directory in SQL: found by the same keys as in memory, and appended to once."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from omnibook.adapters.memory_files import MemoryDirectory
from omnibook.adapters.sql import AsyncSqlDirectory, SqlDirectory, open_engine
from omnibook.adapters.sql.directory_core import AT_A_TIME
from omnibook.adapters.sql.directory_tables import patients
from omnibook.adapters.sql.fact_documents import facts_document, facts_told
from omnibook.contact_edits import ContactChange, ContactEdit
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.errors import StoreError
from omnibook.facts import UNKNOWN, Sex
from omnibook.health_numbers import HealthNumber
from omnibook.identity import Identity, IdentityKeys, candidates_among
from omnibook.ids import ClinicId, OrderId, PatientId
from omnibook.names import PersonName
from omnibook.patient import Gender, Patient
from omnibook.testing import Effort, check_directory
from omnibook.testing.directories import AnyDirectory, MakeDirectory
from omnibook.testing.strategies.people import (
    FACTS,
    NEVER_NONE,
    contact_points,
    patient_id,
    situations,
)
from support.postgres_fixtures import ENGINES, Postgres
from support.sql_stores import NEWEST, assert_nobody_is_inside, database, engine_of

CLINIC = ClinicId("clinic-a")
PHONE = ContactPoint(system=ContactSystem.PHONE, value="+15145550123", rank=2)
EMAIL = ContactPoint(system=ContactSystem.EMAIL, value="marie@example.org", rank=7)
OTHER = ContactPoint(system=ContactSystem.PHONE, value="+15145550124")
FULL = Patient(
    patient_id=PatientId("p-1"),
    names=(PersonName("Marie", "Tremblay"), PersonName("Marie", "Roy")),
    birth_date=date(2004, 12, 19),
    gender=Gender.FEMALE,
    contacts=(PHONE,),
    health_numbers=(
        HealthNumber("CA-QC", "TREM04621918"),
        HealthNumber("CA-ON", "1234567020", version="AB"),
    ),
    language="fr",
    file_number="A-100",
    family_doctor=None,
    registered_sex=Sex.FEMALE,
)
numbers = count()


# Each engine does the same.
few = settings(max_examples=max(settings().max_examples // 3, 5))


@pytest.fixture(scope="module", params=ENGINES)
def engine(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """One database for all examples of the laws."""
    with engine_of(request.param, postgres, tmp_path_factory.mktemp("directory")) as opened:
        yield opened


@pytest.fixture
def directory(engine: Engine) -> SqlDirectory:
    """Of a clinic in which nothing is kept yet."""
    return SqlDirectory(engine, ClinicId(f"clinic-{next(numbers)}"))


def with_facts() -> st.SearchStrategy[Patient]:
    """Files whose facts are in every state (R21)."""
    return st.builds(
        evolve,
        st.just(FULL),
        gender=st.sampled_from(Gender),
        active=st.booleans(),
        deceased=st.booleans(),
        merged_into=st.sampled_from((PatientId("p-2"), None)),
        contacts=st.lists(contact_points(stored=True), max_size=4),
        **{name: states(name) for name in FACTS},
    )


def states(name: str) -> st.SearchStrategy[Any]:
    """Known, known to be none, and unknown, where there are all three."""
    unknown = None if name == "language" else UNKNOWN
    return st.sampled_from((*FACTS[name], unknown, *(() if name in NEVER_NONE else (None,))))


@few
@given(patient=with_facts())
def test_a_file_is_read_as_it_was_put(engine: Engine, patient: Patient) -> None:
    directory = SqlDirectory(engine, CLINIC)
    directory.put(FULL)
    directory.put(patient)

    found = directory.get(FULL.patient_id)

    assert found == patient
    assert found is not None
    assert found.facts == patient.facts
    versions = [number.version for number in found.health_numbers]
    assert versions == [number.version for number in patient.health_numbers]


@few
@given(situation=situations())
def test_the_keys_of_a_form_find_the_files_that_the_reference_finds(
    engine: Engine, situation: tuple[Identity, tuple[Patient, ...]]
) -> None:
    """R9: with every file that merged ones lead to, in chains and circles too."""
    identity, files = situation
    keys = IdentityKeys.of(identity)
    # Each example is a clinic of its own, among the files of all others.
    directory = SqlDirectory(engine, ClinicId(f"clinic-{next(numbers)}"))
    assert directory.import_patients(iter(files)) == len(files)

    found = directory.candidates(keys)

    expected = candidates_among({each.patient_id: each for each in files}, keys)
    assert len(found) == len(expected)
    assert {each.patient_id: each for each in found} == {e.patient_id: e for e in expected}


@few
@given(
    situation=situations(),
    orders=st.lists(
        st.tuples(
            st.integers(0, 5),
            st.lists(contact_points(stored=False), max_size=3),
            st.sampled_from(("order-1", "order-2", "order-3")),
        ),
        max_size=5,
    ),
)
def test_contacts_are_appended_as_memory_does(
    engine: Engine,
    situation: tuple[Identity, tuple[Patient, ...]],
    orders: list[tuple[int, list[ContactPoint], str]],
) -> None:
    """R41."""
    _, files = situation
    memory = MemoryDirectory(files)
    directory = SqlDirectory(engine, ClinicId(f"clinic-{next(numbers)}"))
    directory.import_patients(files)
    for number, points, order in orders:
        added = directory.append_contacts(patient_id(number), points, order_id=OrderId(order))
        same = memory.append_contacts(patient_id(number), points, order_id=OrderId(order))
        assert tuple(added) == tuple(same)
    for each in files:
        assert directory.get(each.patient_id) == memory.get(each.patient_id)


def test_a_new_contact_comes_last_and_unverified_once_for_each_order(
    directory: SqlDirectory,
) -> None:
    """R41."""
    directory.put(FULL)
    order = OrderId("order-1")

    added = directory.append_contacts(FULL.patient_id, [PHONE, EMAIL, EMAIL], order_id=order)
    again = directory.append_contacts(FULL.patient_id, [EMAIL], order_id=order)

    expected = evolve(EMAIL, rank=3, verified=False)
    assert (tuple(added), tuple(again)) == ((expected,), ())
    found = directory.get(FULL.patient_id)
    assert found == evolve(FULL, contacts=(PHONE, expected))


def test_the_survivor_of_a_merged_file_receives_the_contacts(directory: SqlDirectory) -> None:
    merged = evolve(FULL, patient_id=PatientId("old"), merged_into=FULL.patient_id)
    directory.import_patients([FULL, merged])

    directory.append_contacts(merged.patient_id, [EMAIL], order_id=OrderId("order-1"))

    survivor = directory.get(FULL.patient_id)
    assert survivor is not None
    assert [point.value for point in survivor.contacts] == [PHONE.value, EMAIL.value]
    assert directory.get(merged.patient_id) == merged


def test_an_unknown_file_receives_nothing_and_the_order_stays_open(
    directory: SqlDirectory,
) -> None:
    order = OrderId("order-1")

    assert directory.append_contacts(FULL.patient_id, [EMAIL], order_id=order) == ()

    directory.put(FULL)
    assert len(directory.append_contacts(FULL.patient_id, [EMAIL], order_id=order)) == 1


def test_the_table_tells_which_order_added_a_contact(
    directory: SqlDirectory, engine: Engine
) -> None:
    """R41: also after another order added another one."""
    directory.put(FULL)
    directory.append_contacts(FULL.patient_id, [EMAIL], order_id=OrderId("order-1"))
    directory.append_contacts(FULL.patient_id, [OTHER], order_id=OrderId("order-2"))
    mine = select(patients.c.contacts).where(patients.c.clinic_id == directory._core.clinic_id)
    with engine.connect() as connection:
        documents = connection.execute(mine).scalar_one()

    assert [(each["rank"], each.get("order_id")) for each in documents] == [
        (2, None),
        (3, "order-1"),
        (4, "order-2"),
    ]


def test_what_a_file_tells_stays_when_a_contact_is_added_or_edited(
    directory: SqlDirectory,
) -> None:
    """R20, R41."""
    facts: dict[str, Any] = {name: known[-1] for name, known in FACTS.items()}
    told = evolve(FULL, **facts)
    directory.put(told)

    directory.append_contacts(told.patient_id, [EMAIL], order_id=OrderId("order-1"))
    remove = ContactEdit(change=ContactChange.REMOVE, match_key=EMAIL.match_key)
    directory.edit_contacts(told.patient_id, remove, order_id=OrderId("order-2"))

    found = directory.get(told.patient_id)
    assert found is not None
    assert evolve(found, contacts=told.contacts) == told
    directory.put(FULL)
    assert directory.get(FULL.patient_id) == FULL


def test_the_three_states_of_a_fact_are_those_of_json() -> None:
    """R21; and what a later version tells besides is nothing to this one."""
    patient = evolve(FULL, tags=None, postal_code="H2X 1Y4", family_doctor_elsewhere=False)

    document = facts_document(patient)

    assert document == {
        "family_doctor_elsewhere": False,
        "tags": None,
        "postal_code": "H2X 1Y4",
    }
    assert facts_told({**document, "blood": "O"}) == document
    assert facts_document(FULL) == {}


def test_an_import_is_all_or_nothing(directory: SqlDirectory) -> None:
    bad = evolve(FULL, patient_id=PatientId("p-2"), names=(PersonName("\ud800", "Roy"),))

    with pytest.raises(StoreError):
        directory.import_patients([FULL, bad])

    assert directory.get(FULL.patient_id) is None


def test_clinics_do_not_see_one_another_s_files(engine: Engine, directory: SqlDirectory) -> None:
    there = SqlDirectory(engine, ClinicId(f"clinic-{next(numbers)}"))
    directory.put(FULL)

    assert there.get(FULL.patient_id) is None
    assert there.append_contacts(FULL.patient_id, [EMAIL], order_id=OrderId("o")) == ()


def test_several_who_append_at_once_take_their_turns(
    engine: Engine, directory: SqlDirectory
) -> None:
    """R41: each contact once, each at a position of its own, and each order once."""
    directory.put(FULL)
    points = [evolve(EMAIL, value=f"marie{number}@example.org") for number in range(6)]
    together = threading.Barrier(4)

    def append(_: int) -> list[int]:
        mine = SqlDirectory(engine, directory._core.clinic_id)
        together.wait(30)
        return [
            len(mine.append_contacts(FULL.patient_id, points[: n + 1], order_id=OrderId(f"o-{n}")))
            for n in range(6)
        ]

    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(append, range(4), timeout=60))

    assert sum(map(sum, added)) == 6
    found = directory.get(FULL.patient_id)
    assert found is not None
    assert [point.value for point in found.contacts] == [PHONE.value, *(p.value for p in points)]


# Waited for or awaited ---------------------------------------------------------------------------


@pytest.fixture(params=["sqlite async", NEWEST, f"{NEWEST} async"])
def make(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path
) -> Iterator[MakeDirectory]:
    """Makes a directory of each kind; each of a clinic of its own in one database."""
    kind: str = request.param
    with database(kind, postgres, tmp_path) as url:
        shared = open_engine(url)

        def made(files: Sequence[Patient]) -> AnyDirectory:
            clinic_id = ClinicId(f"clinic-{next(numbers)}")
            plain = SqlDirectory(shared, clinic_id)
            plain.import_patients(files)
            return AsyncSqlDirectory(url, clinic_id) if kind.endswith("async") else plain

        yield made
        shared.dispose()


def test_a_directory_of_every_kind_keeps_the_laws(make: MakeDirectory) -> None:
    """R9, R41."""
    check_directory(make, effort=Effort.QUICK)


@pytest.mark.parametrize("kind", ["sqlite async", f"{NEWEST} async"])
def test_files_are_put_and_imported_by_asyncio_too(
    kind: str, postgres: Postgres, tmp_path: Path
) -> None:
    bad = evolve(FULL, names=(PersonName("\ud800", "Roy"),))

    async def use(url: str) -> None:
        async with AsyncSqlDirectory(url, CLINIC) as directory:
            await directory.put(FULL)
            assert await directory.import_patients(iter([evolve(FULL, language="en")])) == 1
            with pytest.raises(StoreError, match="half a character"):
                await directory.import_patients([evolve(FULL, language="fr"), bad])
            found = await directory.get(FULL.patient_id)
            assert found == evolve(FULL, language="en")
            assert "AsyncSqlDirectory on" in repr(directory)

    with database(kind, postgres, tmp_path) as url:
        asyncio.run(use(url))
        assert_nobody_is_inside(url)


def test_many_files_are_imported_in_one_go(directory: SqlDirectory) -> None:
    """More than are handed to the driver at once."""
    many = [evolve(FULL, patient_id=PatientId(f"p-{number}")) for number in range(AT_A_TIME + 2)]

    assert directory.import_patients(many) == len(many)

    keys = IdentityKeys(
        health_number=FULL.health_numbers[0],
        birth_date=date(2004, 12, 19),
        contact_keys=frozenset(),
    )
    assert len(directory.candidates(keys)) == len(many)


def test_a_file_that_is_put_again_is_found_by_what_is_in_it_now(directory: SqlDirectory) -> None:
    """R5, R6: its keys go with what they were made of."""

    def found(patient: Patient) -> int:
        assert patient.birth_date is not None
        by_number = IdentityKeys(
            health_number=patient.health_numbers[0],
            birth_date=patient.birth_date,
            contact_keys=frozenset(),
        )
        by_contact = evolve(
            by_number,
            health_number=None,
            contact_keys=frozenset(point.match_key for point in patient.contacts),
        )
        return 10 * len(directory.candidates(by_number)) + len(directory.candidates(by_contact))

    before = FULL
    directory.put(before)
    assert found(before) == 11
    for change in (
        {"contacts": (EMAIL,)},
        {"birth_date": date(2004, 12, 20)},
        {"health_numbers": (HealthNumber("CA-ON", "9876543217"),)},
    ):
        after = evolve(before, **change)
        directory.put(after)
        assert found(after) == 11
        assert found(before) == (1 if "health_numbers" in change else 10)
        before = after
    directory.put(evolve(before, birth_date=None))
    assert found(before) == 10
