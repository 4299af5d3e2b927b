"""How the directories in SQL read and write patient files: written once, waited for or awaited.

A question is one statement (:mod:`omnibook.adapters.sql.directory_statements`), and another one in
its place where files were merged. What is written
follows from what is read (a survivor, the last rank), and files are written rarely: one writer at a
time for a clinic's files.
"""

from collections.abc import Awaitable, Iterator, Sequence
from itertools import islice
from typing import Any

from attrs import evolve, frozen
from sqlalchemy.sql.base import Executable

from omnibook.adapters.sql import directory_statements as q
from omnibook.adapters.sql.compiled import Values, compiled
from omnibook.adapters.sql.core import Leasing
from omnibook.adapters.sql.directory_rows import (
    append_commands,
    edit_commands,
    file_commands,
    patient_of,
)
from omnibook.adapters.sql.failures import storage_failures
from omnibook.adapters.sql.locking import DIRECTORY_STRIPE
from omnibook.adapters.sql.pools import Lease
from omnibook.adapters.sql.sessions import Command, Rows
from omnibook.adapters.sql.turns import Turn
from omnibook.contact_edits import ContactEdit, edited
from omnibook.contacts import ContactPoint
from omnibook.identity import IdentityKeys
from omnibook.ids import ClinicId, OrderId, PatientId
from omnibook.patient import Patient

Row = Any
"""A row of ``patients``, or nothing."""

AT_A_TIME = 1_000
"""So many files are handed to the driver at once: what a batch holds is kept until it is sent."""


@frozen
class DirectoryCore(Leasing):
    """A clinic's patient files on the connections of a pool."""

    clinic_id: ClinicId

    async def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        """See :meth:`omnibook.ports.PatientDirectory.candidates`."""
        number = keys.health_number
        values = {
            "issuer": None if number is None else number.issuer,
            "value": None if number is None else number.value,
            "birth_date": keys.birth_date,
            "contact_keys": sorted(keys.contact_keys),
        }
        rows = await self._read(q.CANDIDATES, values)
        if not _is_whole(rows):
            rows = await self._read(q.CANDIDATES_AND_SURVIVORS, values)
        return tuple(map(patient_of, rows))

    async def get(self, patient_id: PatientId) -> Patient | None:
        """See :meth:`omnibook.ports.PatientDirectory.get`."""
        rows = await self._read(q.FILE, {"id": patient_id})
        if rows and rows[0].replaced is not None:
            # What was merged into it may have replaced others.
            rows = await self._read(q.FILE_AND_MERGED, {"id": patient_id})
        if not rows:
            return None
        patient = patient_of(rows[0])
        replaced = frozenset(row.replaced for row in rows) - {patient_id, None}
        return evolve(patient, replaces=replaced) if replaced else patient

    async def append_contacts(
        self, patient_id: PatientId, points: Sequence[ContactPoint], order_id: OrderId
    ) -> Sequence[ContactPoint]:
        """See :meth:`omnibook.ports.PatientDirectory.append_contacts`."""
        lease, applied, files = await self._enter_file(patient_id, order_id)
        try:
            row = _survivor(files, patient_id)
            if applied or row is None:
                return ()
            added = patient_of(row).lacking(points)
            batch = append_commands(self.pool.dialect, self.clinic_id, row, added, order_id)
            with storage_failures():
                await lease.turn.keep(batch)
            return added
        finally:
            await self._end(lease)

    async def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, order_id: OrderId
    ) -> Sequence[ContactPoint] | None:
        """See :meth:`omnibook.ports.ContactEditor.edit_contacts`."""
        lease, applied, files = await self._enter_file(patient_id, order_id)
        try:
            row = _survivor(files, patient_id)
            if row is None:
                return None
            before = patient_of(row).contacts
            if applied:
                return before
            after = edited(before, edit)
            if after is not None:
                batch = edit_commands(self.pool.dialect, self.clinic_id, row, after, order_id)
                with storage_failures():
                    await lease.turn.keep(batch)
            return after
        finally:
            await self._end(lease)

    async def import_patients(self, patients: Sequence[Patient]) -> int:
        """Keep these files, all or none, in place of what was kept under their identifiers."""
        lease, _ = await self._enter([])
        try:
            with storage_failures():
                coming = iter(patients)
                while batch := self._batch(coming):
                    await lease.turn.go_on(batch)
                await lease.turn.keep([])
            return len(patients)
        finally:
            await self._end(lease)

    def _batch(self, patients: Iterator[Patient]) -> list[Command]:
        return [
            command
            for each in islice(patients, AT_A_TIME)
            for command in file_commands(self.pool.dialect, self.clinic_id, each)
        ]

    def _command(self, statement: Executable, values: Values) -> Command:
        return compiled(statement, self.pool.dialect), {"clinic": self.clinic_id, **values}

    async def _read(self, statement: Executable, values: Values) -> Rows:
        command = self._command(statement, values)

        def use(turn: Turn) -> Awaitable[Rows]:
            return turn.glance(command)

        lease, rows = await self._leased(use)
        await self._end(lease)
        return rows

    async def _enter_file(
        self, patient_id: PatientId, order_id: OrderId
    ) -> tuple[Lease, Rows, Rows]:
        """A turn, whether the order was applied, and the file with those it was merged into."""
        questions = [
            self._command(q.APPLIED, {"order": order_id}),
            self._command(q.FILE_AND_SURVIVORS, {"id": patient_id}),
        ]
        lease, (applied, files) = await self._enter(questions)
        return lease, applied, files

    async def _enter(self, questions: list[Command]) -> tuple[Lease, list[Rows]]:
        def use(turn: Turn) -> Awaitable[list[Rows]]:
            return turn.enter(self.clinic_id, DIRECTORY_STRIPE, questions)

        return await self._leased(use)


def _is_whole(files: Sequence[Row]) -> bool:
    """Whether each of these files leads to another one of them, or nowhere."""
    known = {row.patient_id for row in files}
    return all(row.merged_into is None or row.merged_into in known for row in files)


def _survivor(rows: Rows, patient_id: PatientId) -> Row:
    """The row of the file that the named one was merged into in the end.

    Of a merge that leads nowhere, or runs in a circle, the last file that is there.
    """
    files = {each.patient_id: each for each in rows}
    last: Row = None
    following: PatientId | None = patient_id
    while following is not None and following in files:
        last = files.pop(following)
        following = last.merged_into
    return last
