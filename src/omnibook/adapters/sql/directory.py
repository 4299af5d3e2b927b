"""A patient directory in tables of its own, beside a store's or alone; plain and asynchronous.

For a clinic without another system, for demonstrations and for tests; a clinic that keeps its files
elsewhere gives the portal its own :class:`~omnibook.ports.PatientDirectory`.

Both directories are the same code (:mod:`omnibook.adapters.sql.directory_core`) on another driver's
connections. A file is one row, with its names, contacts, health numbers and facts as documents, and
everything that a :class:`~omnibook.patient.Patient` can tell is kept; what it is found by has rows
of its own, which are written with it.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Engine

from omnibook.adapters.sql.adapter import AsyncSqlAdapter, SqlAdapter, pool_of
from omnibook.adapters.sql.directory_core import DirectoryCore
from omnibook.awaiting import finish
from omnibook.contact_edits import ContactEdit
from omnibook.contacts import ContactPoint
from omnibook.identity import IdentityKeys
from omnibook.ids import ClinicId, OrderId, PatientId
from omnibook.patient import Patient


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
        self._core = DirectoryCore(pool_of(self._database), clinic_id)

    def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        """Every file that the keys could mean, and what merged ones lead to (R9)."""
        return finish(self._core.candidates(keys))

    def get(self, patient_id: PatientId) -> Patient | None:
        """The file as it stands, with the identifiers of those that were merged into it.

        A merged one is returned as it is.
        """
        return finish(self._core.get(patient_id))

    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ContactPoint], *, order_id: OrderId
    ) -> Sequence[ContactPoint]:
        """Add the contacts that the file lacks, last and unverified, once for each order (R41).

        A merged file's survivor receives them; of a merge that leads nowhere, the last file that is
        there. Nothing is added to a file that is unknown.
        """
        return finish(self._core.append_contacts(patient_id, points, order_id))

    def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Sequence[ContactPoint] | None:
        """Verify, move or remove a contact, once for each order (R41)."""
        return finish(self._core.edit_contacts(patient_id, edit, order_id))

    def put(self, patient: Patient) -> None:
        """Keep a file, in place of what was kept under its identifier."""
        self.import_patients([patient])

    def import_patients(self, patients: Iterable[Patient]) -> int:
        """Keep these files, all or none, in place of what was kept under their identifiers.

        Returns how many there were.
        """
        # Whatever brings them forth runs before the gate, where others would wait for it.
        return finish(self._core.import_patients(tuple(patients)))


class AsyncSqlDirectory(AsyncSqlAdapter):
    """:class:`SqlDirectory` for asyncio: by psycopg on PostgreSQL, by aiosqlite on SQLite.

    Use it as an asynchronous context manager, or await :meth:`close`. One belongs to one event
    loop.
    """

    def __init__(self, url: str, clinic_id: ClinicId) -> None:
        """Open the database; an empty one is set up. See :class:`SqlDirectory`.

        This is done at once, by the plain driver: do it before the loop is busy. What it raises,
        too, is what :class:`SqlDirectory` raises.
        """
        super().__init__(url)
        self._core = DirectoryCore(self._pool, clinic_id)

    async def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        """See :meth:`SqlDirectory.candidates`."""
        return await self._core.candidates(keys)

    async def get(self, patient_id: PatientId) -> Patient | None:
        """See :meth:`SqlDirectory.get`."""
        return await self._core.get(patient_id)

    async def append_contacts(
        self, patient_id: PatientId, points: Sequence[ContactPoint], *, order_id: OrderId
    ) -> Sequence[ContactPoint]:
        """See :meth:`SqlDirectory.append_contacts`."""
        return await self._core.append_contacts(patient_id, points, order_id)

    async def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Sequence[ContactPoint] | None:
        """See :meth:`SqlDirectory.edit_contacts`."""
        return await self._core.edit_contacts(patient_id, edit, order_id)

    async def put(self, patient: Patient) -> None:
        """See :meth:`SqlDirectory.put`."""
        await self.import_patients([patient])

    async def import_patients(self, patients: Iterable[Patient]) -> int:
        """See :meth:`SqlDirectory.import_patients`."""
        return await self._core.import_patients(tuple(patients))
