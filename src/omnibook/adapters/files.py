"""What is read from files: a clinic from TOML, and patient files from JSON.

A clinic's file is opened here, and read by :mod:`omnibook.clinic_file`.

Patient files in JSON are for demonstrations, tests and small clinics. A file holds
``{"patients": [...]}``. Everything in it is personal, so that no message repeats a value: a mistake
tells the path, what is wanted there, and nothing of what stands there. What a file leaves out is
unknown; ``null`` for a fact, such as a file number, a family doctor or a last visit, says that the
patient is known to have none (R21).
"""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path, PurePath
from typing import TypeVar

from omnibook.clinic import Clinic
from omnibook.clinic_file import parse_clinic
from omnibook.contacts import ContactPoint, ContactSystem, read_stored_contact
from omnibook.criteria import SHIPPED_KINDS
from omnibook.criterion import CriterionKinds
from omnibook.errors import ConfigurationError, InvalidValue
from omnibook.facts import UNKNOWN, Fact, HealthCard, PriorVisit, PriorVisits, Sex, Unknown
from omnibook.health_numbers import (
    SHIPPED_ISSUERS,
    HealthNumber,
    Issuers,
    parse_health_number,
)
from omnibook.ids import PatientId
from omnibook.mistakes import Mistake, as_table
from omnibook.names import PersonName
from omnibook.patient import Gender, Patient, PlannedVisit
from omnibook.problems import Problem
from omnibook.table_reader import TableReader
from omnibook.times import as_instant

FILE_LIMIT = 4_000_000
"""The greatest size of a file that is read, in bytes."""

_LANGUAGES = ("fr", "en")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)

T = TypeVar("T")


# The clinic -------------------------------------------------------------------------------------


def clinic_from_toml(
    path: str | PurePath,
    *,
    kinds: CriterionKinds = SHIPPED_KINDS,
    issuers: Issuers = SHIPPED_ISSUERS,
) -> Clinic:
    """The clinic that a TOML file in UTF-8 describes; ``Clinic.from_toml`` calls this.

    Raises :class:`~omnibook.errors.ConfigurationError` with every mistake found, also when the
    file cannot be read. A host with criteria or health number issuers of its own gives ``kinds``
    and ``issuers``, as to :func:`~omnibook.clinic_file.read_clinic`.
    """
    return parse_clinic(text_of_file(path), kinds=kinds, issuers=issuers)


def text_of_file(path: str | PurePath) -> str:
    """The text of a file in UTF-8, of at most :data:`FILE_LIMIT` bytes."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
        if len(data) > FILE_LIMIT:
            raise _unreadable(path, f"is larger than {FILE_LIMIT} bytes")
        # Some editors put a byte order mark first.
        return data.decode("utf-8-sig")
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _unreadable(path, "is not text in UTF-8") from None
    except ValueError:
        raise _unreadable(path, "is no possible file name") from None


def _unreadable(path: str | PurePath, message: str) -> ConfigurationError:
    remedy = "give a text file in UTF-8 that this user may read"
    return ConfigurationError([str(Mistake(path=str(path), message=message, remedy=remedy))])


# Patient files ----------------------------------------------------------------------------------


def load_patients(
    path: str | PurePath, *, region: str = "CA", issuers: Issuers = SHIPPED_ISSUERS
) -> tuple[Patient, ...]:
    """The patient files of a JSON file in UTF-8; see :func:`patients_from_json`.

    Raises :class:`~omnibook.errors.ConfigurationError` also when the file cannot be read.
    """
    return patients_from_json(text_of_file(path), region=region, issuers=issuers)


def patients_from_json(
    text: str, *, region: str = "CA", issuers: Issuers = SHIPPED_ISSUERS
) -> tuple[Patient, ...]:
    """The patient files that a JSON text describes, in its order.

    Contacts stand in the order of their positions, the main one first (R43). ``region`` is where a
    phone number without a country code is dialled.

    Raises :class:`~omnibook.errors.ConfigurationError` with every mistake found, none of which
    repeats a value.
    """
    mistakes: list[Mistake] = []
    patients: tuple[Patient, ...] = ()
    table = as_table(_parsed(text), "the file", mistakes, remedy='write { "patients": [ … ] }')
    if table is not None:
        patients = _read(TableReader(table, "", mistakes, private=True), region, issuers)
    if mistakes:
        raise ConfigurationError([str(mistake) for mistake in mistakes])
    return patients


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        said = f"is not JSON (line {error.lineno}, column {error.colno}): {error.msg}"
    except (ValueError, TypeError, RecursionError):
        said = "is not JSON that can be read"
    mistake = Mistake(path="the file", message=said, remedy="see https://www.json.org")
    raise ConfigurationError([str(mistake)]) from None


def _read(table: TableReader, region: str, issuers: Issuers) -> tuple[Patient, ...]:
    first: dict[str, str] = {}
    links: list[tuple[TableReader, PatientId]] = []

    def read(one: TableReader) -> Patient | None:
        name = one.identifier("id")
        if one.right("id") and first.setdefault(name, one.path("id")) != one.path("id"):
            one.refuse("id", f"repeats {first[name]}", "give each file an id of its own")
        patient = _patient(one, name, region, issuers)
        if patient is not None and patient.merged_into is not None:
            links.append((one, patient.merged_into))
        return patient

    if not table.has("patients"):
        table.refuse("patients", "missing", 'write "patients": [ … ]')
    patients = table.tables("patients", read, 'write { "id": "…", "names": [ … ] }')
    for one, survivor in links:
        if survivor not in first:
            one.refuse("merged_into", "is the id of no file here", "give the survivor's id")
    table.finish()
    return patients


def _patient(table: TableReader, name: str, region: str, issuers: Issuers) -> Patient | None:
    names = table.tables("names", _name, 'write { "given": "…", "family": "…" }')
    birth_date: date | None = table.day("birth_date")
    gender = table.word("gender", Gender, Gender.UNKNOWN)
    contacts = _contacts(table, region)
    numbers = table.tables(
        "health_numbers",
        lambda one: _health_number(one, issuers),
        'write { "issuer": "CA-QC", "value": "…" }',
    )
    active = table.flag("active", default=True)
    deceased = table.flag("deceased", default=False)
    merged_into = table.identifier("merged_into") if table.has("merged_into") else None
    language = table.known("language", _LANGUAGES) if table.has("language") else None
    file_number = _fact(table, "file_number")
    family_doctor = _fact(table, "family_doctor")
    sex: Fact[Sex] = UNKNOWN
    if "registered_sex" in table.data:
        sex = table.word("registered_sex", Sex) if table.has("registered_sex") else None
    elsewhere: bool | Unknown = UNKNOWN
    if table.has("family_doctor_elsewhere"):
        elsewhere = table.flag("family_doctor_elsewhere", default=False)
    tags = _fact_list(table, "tags", lambda: table.each("tags", _tag, 'write [ "…" ]'))
    postal_code = _fact(table, "postal_code")
    cards = _fact_list(
        table,
        "health_cards",
        lambda: table.tables("health_cards", _health_card, 'write { "issuer": "CA-QC" }'),
    )
    upcoming = _fact_list(
        table,
        "upcoming",
        lambda: table.tables("upcoming", _planned, 'write { "id": "…", "start": "…" }'),
    )
    last_visit = _fact_day(table, "last_visit")
    prior = _fact_list(
        table,
        "prior_visits",
        lambda: table.tables("prior_visits", _prior_visit, 'write { "service": "…", "on": "…" }'),
    )
    if not table.finish():
        return None
    return Patient(
        patient_id=PatientId(name),
        names=names,
        birth_date=birth_date,
        gender=gender,
        contacts=contacts,
        health_numbers=numbers,
        active=active,
        deceased=deceased,
        merged_into=None if merged_into is None else PatientId(merged_into),
        language=language,
        file_number=file_number,
        family_doctor=family_doctor,
        registered_sex=sex,
        family_doctor_elsewhere=elsewhere,
        tags=frozenset(tags) if isinstance(tags, tuple) else tags,
        postal_code=postal_code,
        health_cards=cards,
        upcoming=upcoming,
        last_visit=last_visit,
        prior_visits=PriorVisits(visits=prior) if isinstance(prior, tuple) else prior,
    )


def _fact_list(
    table: TableReader, key: str, read: Callable[[], tuple[T, ...]]
) -> Fact[tuple[T, ...]]:
    if table.has(key):
        return read()
    return None if key in table.data else UNKNOWN


def _fact_day(table: TableReader, key: str) -> Fact[date]:
    if table.has(key):
        return table.day(key)
    return None if key in table.data else UNKNOWN


def _tag(tags: TableReader, name: str) -> str:
    return tags.text(name)


def _health_card(table: TableReader) -> HealthCard | None:
    issuer, expires_on = table.text("issuer"), _fact_day(table, "expires_on")
    return HealthCard(issuer, expires_on) if table.finish() else None


def _planned(table: TableReader) -> PlannedVisit | None:
    visit_id = table.identifier("id")
    start = table.raw("start")
    service = table.text("service") if table.has("service") else None
    moment = _moment(start)
    if moment is None:
        table.refuse("start", "is no moment", "write it as 2026-12-24T12:00:00-05:00")
    if not table.finish() or moment is None:
        return None
    return PlannedVisit(visit_id=visit_id, start=moment, service=service)


def _moment(value: object) -> datetime | None:
    """A moment with its offset to UTC; nothing for anything else."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        return as_instant(datetime.fromisoformat(value))
    except (ValueError, InvalidValue):
        return None


def _prior_visit(table: TableReader) -> PriorVisit | None:
    service, on = table.text("service"), table.day("on")
    if on is None and table.right("on"):
        table.refuse("on", "missing", "write it as 2026-11-23")
    return PriorVisit(service, on) if table.finish() and on is not None else None


def _fact(table: TableReader, key: str) -> Fact[str]:
    if table.has(key):
        return table.text(key)
    return None if key in table.data else UNKNOWN


def _name(table: TableReader) -> PersonName | None:
    given, family = table.text("given", ""), table.text("family", "")
    if not table.has("given") and not table.has("family"):
        table.refuse("family", "missing", "give the family name, the given name or both")
    return PersonName(given, family) if table.finish() else None


def _contacts(table: TableReader, region: str) -> tuple[ContactPoint, ...]:
    rank = 0

    def read(one: TableReader) -> ContactPoint | None:
        nonlocal rank
        rank += 1
        system = one.word("system", ContactSystem)
        value = one.text("value")
        verified, current = one.flag("verified", default=True), one.flag("current", default=True)
        if not one.finish():
            return None
        point = read_stored_contact(
            system, value, region=region, rank=rank, verified=verified, current=current
        )
        if point is None:
            one.refuse("value", f"is no {system.value} contact", "write it as a patient would")
        return point

    return table.tables("contacts", read, 'write { "system": "phone", "value": "…" }')


def _health_number(table: TableReader, issuers: Issuers) -> HealthNumber | None:
    issuer = table.known("issuer", issuers)
    value = table.text("value")
    if not table.finish():
        return None
    number = parse_health_number(value, issuer=issuer, issuers=issuers)
    if isinstance(number, Problem):
        table.refuse("value", f"is no health number of {issuer}", "copy it from the card")
        return None
    return number
