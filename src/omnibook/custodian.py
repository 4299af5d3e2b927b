"""The custodian of a clinic's records: purge, export, erase (R50, R51).

Health-privacy law calls a custodian whoever holds patients' records and answers for them: how long
they are kept, that a person can have them, and that they can be forgotten. Every action names its
actor and ends in the audit trail, which names nobody. :class:`Custodian` waits for its store,
:class:`AsyncCustodian` awaits it; both act by :mod:`omnibook.custody`.

What is kept is what the store keeps. The patients' files are the directory's own, and stay there.
"""

from omnibook.awaiting import finish, twin_of
from omnibook.clinic import Clinic
from omnibook.custody import Custody
from omnibook.outcomes import EraseOutcome, ExportOutcome, PurgeOutcome
from omnibook.ports import (
    Archive,
    AsyncArchive,
    AsyncPatientDirectory,
    Keys,
    PatientDirectory,
    Tokens,
)
from omnibook.records import Actor
from omnibook.wiring import Wiring


class Custodian:
    """What is done with the records of a clinic, whoever they are about.

    Each method returns one of the outcomes of its union (:mod:`omnibook.outcomes`) and raises
    :class:`omnibook.InvalidValue` for an actor who may not act.
    """

    def __init__(
        self,
        clinic: Clinic,
        *,
        store: Archive,
        directory: PatientDirectory,
        keys: Keys,
        tokens: Tokens | None = None,
    ) -> None:
        """Look after the records of ``clinic`` in ``store``, by the same ports as the portal's."""
        self._work = Custody(
            Wiring(
                clinic=clinic,
                store=store,
                directory=directory,
                keys=keys,
                tokens=tokens,
            ),
            store,
        )

    def purge(self, *, actor: Actor) -> PurgeOutcome:
        """Forget what has outlived the time that the clinic's policies give it (R51).

        In small batches, so that nobody's booking waits for it; let it run each night. The actor is
        a member of staff, or ``Actor.system()`` for a job that runs by itself.

        Returns :class:`Purged`, with how many records of each kind are gone; run again, none.
        """
        return finish(self._work.purge(actor=actor))

    def export(
        self, *, patient_id: str | None = None, appointment_id: str | None = None, actor: Actor
    ) -> ExportOutcome:
        """Give out everything that is kept of one person (R51).

        ``patient_id`` names a file, and means all of the identifiers that were merged into it too;
        ``appointment_id`` names the appointment of a person without a file.

        Returns :class:`Exported`, with the document; or :class:`NotFound` when nothing is kept,
        which is also said of a file's appointment: name the patient. Raises
        :class:`InvalidValue` unless one of the two is given.
        """
        return finish(
            self._work.export(patient_id=patient_id, appointment_id=appointment_id, actor=actor)
        )

    def erase(
        self, *, patient_id: str | None = None, appointment_id: str | None = None, actor: Actor
    ) -> EraseOutcome:
        """Forget everything that is kept of one person, for good (R51).

        Who is meant is said as to :meth:`export`. Past appointments of a file go too. The lines of
        the audit trail stay: they hold keyed hashes, and nothing personal.

        Returns :class:`Erased`; :class:`StillNeeded` while an appointment is not over or a time is
        held: then nothing is erased; or :class:`NotFound` when nothing is kept. Raises
        :class:`InvalidValue` as :meth:`export` does.
        """
        return finish(
            self._work.erase(patient_id=patient_id, appointment_id=appointment_id, actor=actor)
        )


class AsyncCustodian:
    """:class:`Custodian`, awaited."""

    def __init__(
        self,
        clinic: Clinic,
        *,
        store: AsyncArchive,
        directory: AsyncPatientDirectory | PatientDirectory,
        keys: Keys,
        tokens: Tokens | None = None,
    ) -> None:
        """Look after the records of ``clinic`` in ``store``, by the same ports as the portal's."""
        self._work = Custody(
            Wiring(
                clinic=clinic,
                store=store,
                directory=directory,
                keys=keys,
                tokens=tokens,
            ),
            store,
        )

    @twin_of(Custodian.purge)
    async def purge(self, *, actor: Actor) -> PurgeOutcome:
        return await self._work.purge(actor=actor)

    @twin_of(Custodian.export)
    async def export(
        self, *, patient_id: str | None = None, appointment_id: str | None = None, actor: Actor
    ) -> ExportOutcome:
        return await self._work.export(
            patient_id=patient_id, appointment_id=appointment_id, actor=actor
        )

    @twin_of(Custodian.erase)
    async def erase(
        self, *, patient_id: str | None = None, appointment_id: str | None = None, actor: Actor
    ) -> EraseOutcome:
        return await self._work.erase(
            patient_id=patient_id, appointment_id=appointment_id, actor=actor
        )
