"""A patient directory in tables of its own, beside a store's or alone.

For a clinic without another system, for demonstrations and for tests; a clinic that keeps its files
elsewhere gives the portal its own :class:`~omnibook.ports.PatientDirectory`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from attrs import evolve
from sqlalchemy import (
    Connection,
    Engine,
    Insert,
    Row,
    Select,
    Table,
    bindparam,
    func,
    insert,
    select,
)

from omnibook.adapters.sql import directory_tables as d
from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql.adapter import SqlAdapter
from omnibook.adapters.sql.compiled import DIALECTS
from omnibook.adapters.sql.engine import POSTGRES, commit
from omnibook.adapters.sql.failures import storage_failures
from omnibook.adapters.sql.locking import DIRECTORY_STRIPE
from omnibook.adapters.sql.rows import Values, contact_of, contact_rows
from omnibook.contacts import ContactPoint
from omnibook.facts import UNKNOWN, Fact, Sex
from omnibook.health_numbers import HealthNumber
from omnibook.identity import IdentityKeys
from omnibook.ids import ClinicId, OrderId, PatientId
from omnibook.names import PersonName
from omnibook.patient import Gender, Patient

T = TypeVar("T")

_PATIENTS = s.children(d.patients, "patient_id")
_NAMES = s.children(d.patient_names, "patient_id")
_CONTACTS = s.children(d.patient_contacts, "patient_id")
_NUMBERS = s.children(d.patient_health_numbers, "patient_id")

_BY_NUMBER = (
    select(d.patient_health_numbers.c.patient_id)
    .where(d.patient_health_numbers.c.clinic_id == bindparam("clinic"))
    .where(d.patient_health_numbers.c.issuer == bindparam("issuer"))
    .where(d.patient_health_numbers.c.value == bindparam("value"))
)
_BY_CONTACT = (
    select(d.patients.c.patient_id)
    .where(d.patients.c.clinic_id == bindparam("clinic"))
    .where(d.patients.c.birth_date == bindparam("birth_date"))
    .where(
        d.patients.c.patient_id.in_(
            select(d.patient_contacts.c.patient_id)
            .where(d.patient_contacts.c.clinic_id == bindparam("clinic"))
            .where(d.patient_contacts.c.match_key.in_(bindparam("ids", expanding=True)))
        )
    )
)
_MERGED = (
    select(d.patients.c.patient_id)
    .where(d.patients.c.clinic_id == bindparam("clinic"))
    .where(d.patients.c.merged_into.in_(bindparam("ids", expanding=True)))
)
_ORDER = (
    select(d.applied_contact_orders.c.order_id)
    .where(d.applied_contact_orders.c.clinic_id == bindparam("clinic"))
    .where(d.applied_contact_orders.c.order_id == bindparam("id"))
)
_LAST_POSITION = (
    select(func.max(d.patient_contacts.c.position))
    .where(d.patient_contacts.c.clinic_id == bindparam("clinic"))
    .where(d.patient_contacts.c.patient_id == bindparam("id"))
)

_SIDE_TABLES = (d.patient_names, d.patient_contacts, d.patient_health_numbers)
_PUT_PATIENT: dict[str, Insert] = {each: s.put(d.patients, each) for each in DIALECTS}
_WITHOUT = {table: s.without(table, "patient_id") for table in _SIDE_TABLES}
_INSERT = {table: insert(table) for table in (*_SIDE_TABLES, d.applied_contact_orders)}


class SqlDirectory(SqlAdapter):
    """A clinic's patient files in a SQL database; safe with several threads and processes.

    Use it as a context manager, or call :meth:`close`.
    """

    def __init__(self, url: str | Engine, clinic_id: ClinicId) -> None:
        """Open the database; an empty one is set up.

        Args:
            url: such as ``sqlite:////var/lib/clinic/clinic.db``, or one of PostgreSQL; or an
                engine, see :func:`~omnibook.adapters.sql.open_engine`.
            clinic_id: whose files.

        Raises:
            InvalidValue: the URL is none of a SQLite file or of PostgreSQL.
            StoreError: the database cannot be opened, or has another version of the schema.
        """
        super().__init__(url)
        self._clinic = clinic_id

    def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        """Every file that the keys could mean, and what merged ones lead to (R9)."""
        with self._database.reading() as connection, storage_failures():
            found = dict.fromkeys(self._answering(connection, keys))
            patients: dict[PatientId, Patient] = {}
            while found:
                read = self._patients(connection, found)
                patients |= read
                following = (patient.merged_into for patient in read.values())
                found = dict.fromkeys(
                    each for each in following if each is not None and each not in patients
                )
            return tuple(patients.values())

    def get(self, patient_id: PatientId) -> Patient | None:
        """The file as it stands, with the identifiers of those that were merged into it.

        A merged one is returned as it is.
        """
        with self._database.reading() as connection, storage_failures():
            patient = self._patients(connection, [patient_id]).get(patient_id)
            if patient is None:
                return None
            return evolve(patient, replaces=self._merged(connection, patient_id))

    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ContactPoint], *, order_id: OrderId
    ) -> Sequence[ContactPoint]:
        """Add the contacts that the file lacks, last and unverified, once for each order (R41).

        A merged file's survivor receives them; of a merge that leads nowhere, the last file that is
        there. Nothing is added to a file that is unknown.
        """
        with self._database.writing() as connection:
            with storage_failures():
                self._wait_for_my_turn(connection)
                if self._rows(connection, _ORDER, id=order_id):
                    return ()
                patient = self._survivor(connection, patient_id)
                if patient is None:
                    return ()
                added = patient.lacking(points)
                self._append(connection, patient.patient_id, added, order_id)
            commit(connection)
            return added

    def put(self, patient: Patient) -> None:
        """Keep a file, in place of what was kept under its identifier."""
        self.import_patients([patient])

    def import_patients(self, patients: Iterable[Patient]) -> int:
        """Keep these files, all or none, in place of what was kept under their identifiers.

        Returns how many there were.
        """
        # Whatever brings them forth runs before the gate, where others would wait for it.
        listed = tuple(patients)
        with self._database.writing() as connection:
            with storage_failures():
                self._wait_for_my_turn(connection)
                for patient in listed:
                    self._put(connection, patient)
            commit(connection)
        return len(listed)

    def _wait_for_my_turn(self, connection: Connection) -> None:
        """On PostgreSQL: one writer at a time for a clinic's files. On SQLite the gate sees to it.

        What is written follows from what is read (a position, a survivor), and files are written
        rarely.
        """
        if self._database.dialect == POSTGRES:
            values = {"clinic": self._clinic, "stripes": [str(DIRECTORY_STRIPE)]}
            connection.execute(s.LOCK, values)

    def _rows(
        self, connection: Connection, statement: Select[Any], **values: object
    ) -> Sequence[Row[Any]]:
        return connection.execute(statement, {"clinic": self._clinic, **values}).all()

    def _answering(self, connection: Connection, keys: IdentityKeys) -> list[PatientId]:
        number = keys.health_number
        rows: list[Row[Any]] = []
        if number is not None:
            values = {"issuer": number.issuer, "value": number.value}
            rows += self._rows(connection, _BY_NUMBER, **values)
        for some in s.chunks(keys.contact_keys):
            rows += self._rows(connection, _BY_CONTACT, birth_date=keys.birth_date, ids=some)
        return [row.patient_id for row in rows]

    def _patients(
        self, connection: Connection, ids: Iterable[PatientId]
    ) -> dict[PatientId, Patient]:
        found: dict[PatientId, Patient] = {}
        for some in s.chunks(ids):
            names = _grouped(self._rows(connection, _NAMES, ids=some))
            contacts = _grouped(self._rows(connection, _CONTACTS, ids=some))
            numbers = _grouped(self._rows(connection, _NUMBERS, ids=some))
            for row in self._rows(connection, _PATIENTS, ids=some):
                each = row.patient_id
                found[each] = _patient_of(row, names[each], contacts[each], numbers[each])
        return found

    def _merged(self, connection: Connection, patient_id: PatientId) -> frozenset[PatientId]:
        """The files that lead to this one, at once or by others."""
        found: set[PatientId] = set()
        following = {patient_id}
        while following:
            rows = [
                row
                for some in s.chunks(following)
                for row in self._rows(connection, _MERGED, ids=some)
            ]
            following = {row.patient_id for row in rows} - found - {patient_id}
            found |= following
        return frozenset(found)

    def _survivor(self, connection: Connection, patient_id: PatientId) -> Patient | None:
        last: Patient | None = None
        seen: set[PatientId] = set()
        following: PatientId | None = patient_id
        while following is not None and following not in seen:
            seen.add(following)
            patient = self._patients(connection, [following]).get(following)
            if patient is None:
                break
            last, following = patient, patient.merged_into
        return last

    def _append(
        self,
        connection: Connection,
        patient_id: PatientId,
        added: Sequence[ContactPoint],
        order_id: OrderId,
    ) -> None:
        parent = {"clinic_id": self._clinic, "patient_id": patient_id}
        connection.execute(_INSERT[d.applied_contact_orders], {**parent, "order_id": order_id})
        if added:
            last = self._rows(connection, _LAST_POSITION, id=patient_id)[0][0]
            rows = _contact_rows(parent, added, order_id)
            for row in rows:
                row["position"] += 0 if last is None else last + 1
            connection.execute(_INSERT[d.patient_contacts], rows)

    def _put(self, connection: Connection, patient: Patient) -> None:
        parent = {"clinic_id": self._clinic, "patient_id": patient.patient_id}
        connection.execute(
            _PUT_PATIENT[connection.dialect.name], {**parent, **_patient_columns(patient)}
        )
        rows: dict[Table, list[Values]] = {
            d.patient_names: [
                {**parent, "position": position, "given": name.given, "family": name.family}
                for position, name in enumerate(patient.names)
            ],
            d.patient_contacts: _contact_rows(parent, patient.contacts, None),
            d.patient_health_numbers: [
                {
                    **parent,
                    "position": position,
                    "issuer": each.issuer,
                    "value": each.value,
                    "version": each.version,
                }
                for position, each in enumerate(patient.health_numbers)
            ],
        }
        for table, its_rows in rows.items():
            values = {"clinic": self._clinic, "id": patient.patient_id}
            connection.execute(_WITHOUT[table], values)
            if its_rows:
                connection.execute(_INSERT[table], its_rows)


def _grouped(rows: Iterable[Row[Any]]) -> defaultdict[PatientId, list[Row[Any]]]:
    found: defaultdict[PatientId, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(row)
    return found


def _contact_rows(
    parent: Mapping[str, str], points: Iterable[ContactPoint], order_id: OrderId | None
) -> list[Values]:
    listed = tuple(points)
    return [
        {**row, "match_key": point.match_key, "order_id": order_id}
        for row, point in zip(contact_rows(parent, listed), listed, strict=True)
    ]


def _patient_columns(patient: Patient) -> Values:
    sex = patient.registered_sex
    return {
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
    }


def _known(fact: Fact[str]) -> str | None:
    return fact if isinstance(fact, str) else None


def _fact(value: T | None, *, known: bool) -> Fact[T]:
    return value if known else UNKNOWN


def _patient_of(
    row: Row[Any], names: list[Row[Any]], contacts: list[Row[Any]], numbers: list[Row[Any]]
) -> Patient:
    sex = None if row.registered_sex is None else Sex(row.registered_sex)
    return Patient(
        patient_id=row.patient_id,
        names=tuple(PersonName(each.given, each.family) for each in names),
        birth_date=row.birth_date,
        gender=Gender(row.gender),
        contacts=tuple(map(contact_of, contacts)),
        health_numbers=tuple(
            HealthNumber(each.issuer, each.value, version=each.version) for each in numbers
        ),
        active=row.active,
        deceased=row.deceased,
        merged_into=row.merged_into,
        language=row.language,
        file_number=_fact(row.file_number, known=row.file_number_known),
        family_doctor=_fact(row.family_doctor, known=row.family_doctor_known),
        registered_sex=_fact(sex, known=row.registered_sex_known),
    )
