"""Patient files as rows and rows as patient files: see :mod:`omnibook.adapters.sql.rows`."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from omnibook.adapters.sql import directory_statements as q
from omnibook.adapters.sql import directory_tables as d
from omnibook.adapters.sql.compiled import compiled
from omnibook.adapters.sql.fact_documents import facts_document, facts_told
from omnibook.adapters.sql.rows import Values, contact_documents, contacts_of
from omnibook.adapters.sql.sessions import Command
from omnibook.contacts import ContactPoint
from omnibook.facts import UNKNOWN, Fact, Sex
from omnibook.health_numbers import HealthNumber
from omnibook.ids import ClinicId, OrderId
from omnibook.names import PersonName
from omnibook.patient import Gender, Patient

T = TypeVar("T")


# Reading -----------------------------------------------------------------------------------------


def patient_of(row: Any) -> Patient:
    """The file of a row of ``patients``."""
    sex = None if row.registered_sex is None else Sex(row.registered_sex)
    return Patient(
        patient_id=row.patient_id,
        names=tuple(PersonName(each["given"], each["family"]) for each in row.names),
        birth_date=row.birth_date,
        gender=Gender(row.gender),
        contacts=contacts_of(row.contacts),
        health_numbers=tuple(
            HealthNumber(each["issuer"], each["value"], version=each["version"])
            for each in row.health_numbers
        ),
        active=row.active,
        deceased=row.deceased,
        merged_into=row.merged_into,
        language=row.language,
        file_number=_fact(row.file_number, known=row.file_number_known),
        family_doctor=_fact(row.family_doctor, known=row.family_doctor_known),
        registered_sex=_fact(sex, known=row.registered_sex_known),
        **facts_told(row.facts),
    )


def _fact(value: T | None, *, known: bool) -> Fact[T]:
    return value if known else UNKNOWN


# Writing -----------------------------------------------------------------------------------------


def file_commands(dialect: str, clinic_id: ClinicId, patient: Patient) -> list[Command]:
    """What keeps a file in place of what was kept under its identifier."""
    named = {"clinic": clinic_id, "id": patient.patient_id}
    batch: list[Command] = [
        (compiled(q.PUT_FILE[dialect], dialect), file_row(clinic_id, patient)),
        *((compiled(each, dialect), named) for each in q.WITHOUT_KEYS),
    ]
    insertion = compiled(q.PUT_KEY[dialect][d.patient_number_keys], dialect)
    batch += [(insertion, row) for row in number_rows(clinic_id, patient)]
    return batch + _contact_key_commands(dialect, clinic_id, patient, patient.contacts)


def append_commands(
    dialect: str,
    clinic_id: ClinicId,
    row: Any,
    added: Sequence[ContactPoint],
    order_id: OrderId,
) -> list[Command]:
    """What adds contacts to the file of a row, and says that the order was carried out (R41)."""
    order = {"clinic_id": clinic_id, "order_id": order_id, "patient_id": row.patient_id}
    batch: list[Command] = [(compiled(q.PUT_ORDER[dialect], dialect), order)]
    if added:
        named = {"clinic": clinic_id, "id": row.patient_id}
        new = [{**each, "order_id": order_id} for each in contact_documents(added)]
        documents = {"documents": [*row.contacts, *new]}
        batch.append((compiled(q.PUT_CONTACTS, dialect), named | documents))
        batch += _contact_key_commands(dialect, clinic_id, row, added)
    return batch


def edit_commands(
    dialect: str,
    clinic_id: ClinicId,
    row: Any,
    contacts: Sequence[ContactPoint],
    order_id: OrderId,
) -> list[Command]:
    """What gives the file of a row these contacts, and says that the order was carried out (R41).

    Which order once added a contact stays with it.
    """
    order = {"clinic_id": clinic_id, "order_id": order_id, "patient_id": row.patient_id}
    named = {"clinic": clinic_id, "id": row.patient_id}
    known = {(each["system"], each["value"]): each for each in row.contacts}
    documents = [
        {**known[each["system"], each["value"]], **each} for each in contact_documents(contacts)
    ]
    return [
        (compiled(q.PUT_ORDER[dialect], dialect), order),
        (compiled(q.PUT_CONTACTS, dialect), named | {"documents": documents}),
        (compiled(q.WITHOUT_CONTACT_KEYS, dialect), named),
        *_contact_key_commands(dialect, clinic_id, row, contacts),
    ]


def _contact_key_commands(
    dialect: str, clinic_id: ClinicId, file: Any, points: Iterable[ContactPoint]
) -> list[Command]:
    insertion = compiled(q.PUT_KEY[dialect][d.patient_contact_keys], dialect)
    return [(insertion, row) for row in contact_key_rows(clinic_id, file, points)]


def number_rows(clinic_id: str, patient: Patient) -> list[Values]:
    """Rows of ``patient_number_keys``, sorted."""
    numbers = {(each.issuer, each.value) for each in patient.health_numbers}
    parent = {"clinic_id": clinic_id, "patient_id": patient.patient_id}
    return [{**parent, "issuer": issuer, "value": value} for issuer, value in sorted(numbers)]


def contact_key_rows(clinic_id: str, file: Any, points: Iterable[ContactPoint]) -> list[Values]:
    """Rows of ``patient_contact_keys``, sorted, for contacts of a file (a patient, or its row)."""
    if file.birth_date is None:
        return []
    parent = {
        "clinic_id": clinic_id,
        "patient_id": file.patient_id,
        "birth_date": file.birth_date,
    }
    return [{**parent, "match_key": each} for each in sorted({point.match_key for point in points})]


def file_row(clinic_id: str, patient: Patient) -> Values:
    """A row of ``patients``."""
    sex = patient.registered_sex
    return {
        "clinic_id": clinic_id,
        "patient_id": patient.patient_id,
        "birth_date": patient.birth_date,
        "gender": patient.gender.value,
        "active": patient.active,
        "deceased": patient.deceased,
        "merged_into": patient.merged_into,
        "language": patient.language,
        "file_number": _known(patient.file_number),
        "file_number_known": patient.file_number is not UNKNOWN,
        "family_doctor": _known(patient.family_doctor),
        "family_doctor_known": patient.family_doctor is not UNKNOWN,
        "registered_sex": sex.value if isinstance(sex, Sex) else None,
        "registered_sex_known": sex is not UNKNOWN,
        "names": [{"given": name.given, "family": name.family} for name in patient.names],
        "contacts": contact_documents(patient.contacts),
        "health_numbers": [
            {"issuer": each.issuer, "value": each.value, "version": each.version}
            for each in patient.health_numbers
        ],
        "facts": facts_document(patient),
    }


def _known(fact: Fact[str]) -> str | None:
    return fact if isinstance(fact, str) else None
