"""Patient files of a database of version 0004 are moved into one row each (R5, R9, R41)."""

from datetime import date
from typing import Any

import pytest
from attrs import evolve

from omnibook.adapters.sql import SqlDirectory, upgrade
from omnibook.adapters.sql.check import check_database
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.facts import UNKNOWN, Sex
from omnibook.health_numbers import HealthNumber
from omnibook.identity import IdentityKeys
from omnibook.ids import ClinicId, OrderId, PatientId
from omnibook.names import PersonName
from omnibook.patient import Gender, Patient
from support.sql_stores import is_sqlite, migrate, raw

CLINIC = ClinicId("clinic-a")
PHONE = ContactPoint(system=ContactSystem.PHONE, value="+15145550123", rank=2)
OLD = ContactPoint(system=ContactSystem.EMAIL, value='Élise"\\@example.org', rank=3, current=False)
ADDED = ContactPoint(system=ContactSystem.EMAIL, value="e@example.org", rank=4, verified=False)
NUMBERS = (HealthNumber("CA-QC", "TREM04621918"), HealthNumber("CA-ON", "1234567020", version="AB"))
FULL = Patient(
    patient_id=PatientId("p-1"),
    names=(PersonName('Élise "Li"', "Tremblay"), PersonName("", "か\\Roy\n")),
    birth_date=date(2004, 12, 19),
    gender=Gender.FEMALE,
    contacts=(PHONE, OLD, ADDED),
    health_numbers=NUMBERS,
    language="fr",
    file_number="A-100",
    family_doctor=None,
    registered_sex=Sex.FEMALE,
)
EMPTY = Patient(patient_id=PatientId("p-2"), active=False, deceased=True)
MERGED = Patient(
    patient_id=PatientId("p-3"),
    # Without a birth date nobody is found by a contact.
    contacts=(PHONE,),
    merged_into=PatientId("p-1"),
)
TWICE = Patient(
    patient_id=PatientId("p-4"),
    birth_date=date(2001, 2, 3),
    contacts=(PHONE, PHONE),
    health_numbers=(NUMBERS[0], NUMBERS[0]),
)
FILES = (FULL, EMPTY, MERGED, TWICE)


def insert(connection: Any, table: str, row: dict[str, Any], *, lite: bool) -> None:
    mark = "?" if lite else "%s"
    connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join([mark] * len(row))})",  # noqa: S608
        [str(value) if lite and isinstance(value, date) else value for value in row.values()],
    )


@pytest.fixture
def old(database_url: str) -> str:
    """A database of version 0004 with these files; what belongs to one is in no order."""
    migrate(database_url, "0004")
    lite = is_sqlite(database_url)
    with raw(database_url) as connection:
        for clinic_id in (CLINIC, "clinic-b"):
            for patient in FILES:
                _fill(connection, clinic_id, patient, lite=lite)
        order = {"clinic_id": CLINIC, "order_id": "order-1", "patient_id": "p-1"}
        insert(connection, "applied_contact_orders", order, lite=lite)
    return database_url


def _fill(connection: Any, clinic_id: str, patient: Patient, *, lite: bool) -> None:
    parent = {"clinic_id": clinic_id, "patient_id": patient.patient_id}
    facts: dict[str, Any] = {}
    for fact in ("file_number", "family_doctor", "registered_sex"):
        value = getattr(patient, fact)
        facts[f"{fact}_known"] = value is not UNKNOWN
        facts[fact] = value if isinstance(value, str) else None
    columns = ("birth_date", "active", "deceased", "merged_into", "language")
    own = {name: getattr(patient, name) for name in columns}
    row = {**parent, "gender": patient.gender.value, **own, **facts}
    insert(connection, "patients", row, lite=lite)
    for position, name in reversed(list(enumerate(patient.names))):
        row = {**parent, "position": position, "given": name.given, "family": name.family}
        insert(connection, "patient_names", row, lite=lite)
    for position, point in reversed(list(enumerate(patient.contacts))):
        row = {
            **parent,
            "position": position,
            "system": point.system.value,
            "value": point.value,
            "rank": point.rank,
            "verified": point.verified,
            "current": point.current,
            "match_key": point.match_key,
            "order_id": "order-1" if point is ADDED else None,
        }
        insert(connection, "patient_contacts", row, lite=lite)
    for position, number in reversed(list(enumerate(patient.health_numbers))):
        row = {
            **parent,
            "position": position,
            "issuer": number.issuer,
            "value": number.value,
            "version": number.version,
        }
        insert(connection, "patient_health_numbers", row, lite=lite)


def test_every_file_is_read_as_it_was(old: str) -> None:
    """R5, R9, R41."""
    upgrade(old)

    with SqlDirectory(old, CLINIC) as directory:
        found = [directory.get(each.patient_id) for each in FILES]
    assert found == list(FILES)
    assert found[0] is not None
    assert [each.version for each in found[0].health_numbers] == [None, "AB"]
    assert found[0].replaces == {"p-3"}


def test_of_a_file_of_before_the_new_facts_are_unknown_until_it_is_put_again(old: str) -> None:
    """R20, R21."""
    upgrade(old)
    told = evolve(FULL, tags=frozenset({"prenatal"}), last_visit=None)

    with SqlDirectory(old, CLINIC) as directory:
        before = directory.get(FULL.patient_id)
        directory.put(told)
        after = directory.get(FULL.patient_id)

    assert before is not None
    assert (before.tags, before.last_visit, before.prior_visits) == (UNKNOWN, UNKNOWN, UNKNOWN)
    assert after == told


def test_every_file_is_found_as_before_and_the_check_has_nothing_to_say(old: str) -> None:
    """R5, R6, R9."""
    upgrade(old)

    assert check_database(old).faults == ()
    with SqlDirectory(old, CLINIC) as directory:
        for number in NUMBERS:
            found = directory.candidates(keys(number, date(1999, 1, 1)))
            expected = {each.patient_id for each in FILES if number in each.health_numbers}
            assert {each.patient_id for each in found} == expected
        for point in FULL.contacts:
            [found_one] = directory.candidates(keys(None, date(2004, 12, 19), point))
            assert found_one == FULL
        assert directory.candidates(keys(None, date(2001, 1, 1), PHONE)) == ()


def keys(number: HealthNumber | None, born: date, *points: ContactPoint) -> IdentityKeys:
    contacts = frozenset(point.match_key for point in points)
    return IdentityKeys(health_number=number, birth_date=born, contact_keys=contacts)


def test_orders_that_were_carried_out_stay_so_and_others_follow(old: str) -> None:
    """R41: the same order once, and which order added a contact."""
    upgrade(old)
    another = ContactPoint(system=ContactSystem.PHONE, value="+15145550124")

    with SqlDirectory(old, CLINIC) as directory:
        again = directory.append_contacts(FULL.patient_id, [another], order_id=OrderId("order-1"))
        assert again == ()
        [added] = directory.append_contacts(MERGED.patient_id, [another], order_id=OrderId("o-2"))
        assert added.rank == 5
        [found] = directory.candidates(keys(None, date(2004, 12, 19), another))
        assert found.contacts == (*FULL.contacts, added)
    with raw(old) as connection:
        [(told,)] = connection.execute(
            "SELECT contacts FROM patients WHERE clinic_id = 'clinic-a' AND patient_id = 'p-1'"
        ).fetchall()
    assert told.count("order_id") == 2
