"""A million made-up patient files, what visitors type who have one or none, and the raw driver.

The last digit of a file's number says what is special about it (:data:`CASES`); names, dates and
the rest follow from the number too. Rows are written by the driver itself, in the order of their
keys, with the row functions of the package.
"""

import json
import sqlite3
from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from attrs import define, field, frozen
from sqlalchemy import make_url

import omnibook as ob
from omnibook.adapters.sql import directory_rows as rows
from omnibook.adapters.sql import metadata
from omnibook.clinic import Clinic, Opening, Recurrence, Schedule, Service, Terms, Text
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.health_numbers import SHIPPED_ISSUERS, CheckLevel, HealthNumber, Issuer
from omnibook.identity import MatchCause
from omnibook.ids import ActivityId, ClinicId, PatientId, PractitionerId, ScheduleId, ServiceId
from omnibook.names import PersonName
from omnibook.patient import Gender, Patient

CLINIC_ID = ClinicId("clinic")
ISSUER = Issuer(
    code="X-BENCH",
    name="Nobody's insurance",
    system="https://example.org/numbers",
    level=CheckLevel.FORMAT,
    validate=lambda number: number.isdecimal() and len(number) == 10,
    format=str,
)
_GIVEN = ("Marie", "Émile", "Noah", "Zoé", "Liam", "François", "Alice")
_FAMILY = ("Tremblay", "Gagnon", "Roy", "Côté", "Bouchard", "Gauthier", "Morin", "Lavoie", "Ng")
_DAY = timedelta(days=1)


@frozen
class Case:
    """What is typed about which files, and what is made of it."""

    name: str
    digit: int
    """The last digit of the numbers of the files that it is about."""
    cause: MatchCause
    number: str = ""
    """``own``, or one that is ``nobody's``, or none."""
    born_later: bool = False
    stranger: bool = False


CASES = (
    Case("by number", 0, MatchCause.BY_NUMBER, number="own"),
    Case("by details", 1, MatchCause.BY_DETAILS),
    Case("of a merged file", 7, MatchCause.BY_DETAILS),
    Case("no file", 1, MatchCause.NO_FILE, stranger=True),
    Case("number conflict", 2, MatchCause.NUMBER_CONFLICT, number="own", born_later=True),
    Case("other number", 0, MatchCause.OTHER_NUMBER, number="nobody's"),
    Case("several files", 3, MatchCause.SEVERAL_FILES),
    Case("unverified", 5, MatchCause.CONTACT_UNVERIFIED),
    Case("deceased", 6, MatchCause.DECEASED),
)


def patient_id(number: int) -> PatientId:
    """In the order of the numbers, too, when sorted as text."""
    return PatientId(f"p-{number:08}")


def patient(number: int) -> Patient:
    """The file of this number."""
    digit = number % 10
    # Three and four are two files of one person.
    person = number - 1 if digit == 4 else number
    point = ContactPoint(system=ContactSystem.EMAIL, value=_address(person), verified=digit != 5)
    other = ContactPoint(
        system=ContactSystem.EMAIL, value=f"family{person // 4:08}@example.com", rank=2
    )
    return Patient(
        patient_id=patient_id(number),
        names=(PersonName(*_name(person)),),
        birth_date=_born(person),
        gender=Gender.FEMALE if person % 2 else Gender.MALE,
        contacts=(point, other),
        health_numbers=() if digit == 4 else (HealthNumber(ISSUER.code, f"{number:010}"),),
        deceased=digit == 6,
        merged_into=patient_id(number + 1) if digit == 7 else None,
        language="fr",
        file_number=f"{number:08}",
        family_doctor=None,
    )


def form(case: Case, number: int) -> ob.IdentityForm:
    """What somebody types about the file of this number."""
    given, family = _name(number)
    born = _born(number) + case.born_later * _DAY
    numbers = {"own": f"{number:010}", "nobody's": f"{number + 5_000_000_000:010}", "": None}
    return ob.IdentityForm(
        first_name=given.upper(),
        last_name=family,
        birth_date=born.isoformat(),
        gender="female" if number % 2 else "male",
        email=f"nobody{number:08}@example.org" if case.stranger else _address(number),
        health_number=numbers[case.number],
    )


def _address(number: int) -> str:
    return f"person{number:08}@example.org"


def _name(number: int) -> tuple[str, str]:
    return _GIVEN[number % len(_GIVEN)], _FAMILY[number % len(_FAMILY)]


def _born(number: int) -> date:
    return date(1940, 1, 1) + number * 7_919 % 24_000 * _DAY


def clinic() -> Clinic:
    """With one service for everybody."""
    care = ActivityId("care")
    words = Text("visite", "visit")
    hours = Opening(
        start=time(8),
        end=time(17),
        recurrence=Recurrence(weekdays=frozenset(range(5))),
        activities=frozenset({care}),
        interval=timedelta(minutes=15),
    )
    return Clinic(
        clinic_id=CLINIC_ID,
        name=Text("Clinique", "Clinic"),
        phone="514 555-0100",
        zone=ZoneInfo("America/Toronto"),
        terms=Terms(document="terms", version="2026-01"),
        services=(
            Service(
                service_id=ServiceId("visit"),
                internal_name="visit",
                activities=(care,),
                name=words,
                description=words,
                label=words,
                duration=timedelta(minutes=15),
            ),
        ),
        schedules=(
            Schedule(
                schedule_id=ScheduleId("room"),
                name=words,
                practitioner_id=PractitionerId("doctor"),
                place=words,
                openings=(hours,),
            ),
        ),
        issuers=SHIPPED_ISSUERS.adding(ISSUER),
        health_number_issuer=ISSUER.code,
    )


# Rows --------------------------------------------------------------------------------------------


def fill(url: str, files: int) -> None:
    """Write so many files into a SQLite database that has its tables."""
    connection = sqlite3.connect(str(make_url(url).database), isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -1000000")
    connection.execute("BEGIN IMMEDIATE")
    for name in ("patients", "patient_number_keys", "patient_contact_keys"):
        columns = [each.name for each in metadata.tables[name].columns]
        marks = ", ".join(f":{each}" for each in columns)
        connection.executemany(
            f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608
            _rows(name, files),
        )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _rows(table: str, files: int) -> Iterator[dict[str, Any]]:
    for number in range(files):
        each = patient(number)
        if table == "patients":
            yield _as_kept(rows.file_row(CLINIC_ID, each))
        elif table == "patient_number_keys":
            yield from rows.number_rows(CLINIC_ID, each)
        else:
            yield from map(_as_kept, rows.contact_key_rows(CLINIC_ID, each, each.contacts))


def _as_kept(row: dict[str, Any]) -> dict[str, Any]:
    """As the driver takes it."""
    return {
        name: json.dumps(value, ensure_ascii=False)
        if isinstance(value, list | dict)
        else value.isoformat()
        if isinstance(value, date)
        else value
        for name, value in row.items()
    }


@define(eq=False)
class Raw:
    """The raw driver on the same file, with the same promises about power cuts."""

    connection: sqlite3.Connection
    _visit: tuple[object, ...] = ()
    _insertion: str = ""
    _made: int = field(default=0, init=False)

    @classmethod
    def open(cls, url: str) -> "Raw":
        connection = sqlite3.connect(str(make_url(url).database), isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        return cls(connection)

    def select(self, number: int) -> tuple[object, ...]:
        """One row, by its primary key."""
        found: tuple[object, ...] = self.connection.execute(
            "SELECT * FROM patients WHERE clinic_id = ? AND patient_id = ?",
            (CLINIC_ID, patient_id(number)),
        ).fetchone()
        return found

    def learn(self) -> None:
        """What a visit looks like: any that is there."""
        cursor = self.connection.execute("SELECT * FROM visits LIMIT 1")
        names = [each[0] for each in cursor.description]
        row = dict(zip(names, cursor.fetchone(), strict=True))
        self._visit = tuple(value for name, value in row.items() if name != "visit_id")
        others = [name for name in names if name != "visit_id"]
        self._insertion = (
            f"INSERT INTO visits (visit_id, {', '.join(others)})"  # noqa: S608
            f" VALUES ({', '.join('?' * len(names))})"
        )

    def select_and_insert(self, number: int) -> None:
        """One row read, a visit written and committed."""
        self._made += 1
        self.connection.execute("BEGIN IMMEDIATE")
        self.select(number)
        self.connection.execute(self._insertion, (f"raw-{self._made}", *self._visit))
        self.connection.execute("COMMIT")
