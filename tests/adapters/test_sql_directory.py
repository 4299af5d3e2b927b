"""The patient directory in SQL: found by the same keys as in memory, and appended to once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import count

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from omnibook.adapters.memory_files import MemoryDirectory
from omnibook.adapters.sql import SqlDirectory
from omnibook.adapters.sql.directory_tables import patient_contacts
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.errors import StoreError
from omnibook.facts import UNKNOWN, Sex
from omnibook.health_numbers import HealthNumber
from omnibook.identity import Identity, IdentityKeys, candidates_among
from omnibook.ids import ClinicId, OrderId, PatientId
from omnibook.names import PersonName
from omnibook.patient import Gender, Patient
from omnibook.testing.strategies.people import contact_points, patient_id, situations
from support.postgres_fixtures import ENGINES, Postgres
from support.sql_stores import engine_of

CLINIC = ClinicId("clinic-a")
PHONE = ContactPoint(system=ContactSystem.PHONE, value="+15145550123", rank=2)
EMAIL = ContactPoint(system=ContactSystem.EMAIL, value="marie@example.org", rank=7)
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
        file_number=st.sampled_from(("A-100", None, UNKNOWN)),
        family_doctor=st.sampled_from(("dr-roy", None, UNKNOWN)),
        registered_sex=st.sampled_from((*Sex, None, UNKNOWN)),
        gender=st.sampled_from(Gender),
        active=st.booleans(),
        deceased=st.booleans(),
        language=st.sampled_from(("fr", None)),
        merged_into=st.sampled_from((PatientId("p-2"), None)),
        contacts=st.lists(contact_points(stored=True), max_size=4),
    )


@few
@given(patient=with_facts())
def test_a_file_is_read_as_it_was_put(engine: Engine, patient: Patient) -> None:
    directory = SqlDirectory(engine, CLINIC)
    directory.put(FULL)
    directory.put(patient)

    found = directory.get(FULL.patient_id)

    assert found == patient
    assert found is not None
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
    directory.put(FULL)
    directory.append_contacts(FULL.patient_id, [EMAIL], order_id=OrderId("order-1"))
    mine = select(patient_contacts).where(patient_contacts.c.clinic_id == directory._clinic)
    with engine.connect() as connection:
        rows = connection.execute(mine.order_by(patient_contacts.c.position)).all()

    assert [(row.rank, row.order_id) for row in rows] == [(2, None), (3, "order-1")]


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
        mine = SqlDirectory(engine, directory._clinic)
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
