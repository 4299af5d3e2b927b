"""What the custodian of a clinic's records does, written once for who waits and who awaits (R51).

What each action answers, and when, is told where the public sees it: at
:class:`omnibook.Custodian`.
"""

from datetime import UTC, datetime
from functools import partial
from typing import cast

from attrs import evolve, fields, frozen

from omnibook.audit import Operation
from omnibook.awaiting import settled
from omnibook.dossier import Dossier, OfAppointment, OfPatient, Subject, decide_erase
from omnibook.errors import InvalidValue
from omnibook.export import export_of
from omnibook.ids import AppointmentId, PatientId, SubjectKey
from omnibook.outcomes import EraseOutcome, Exported, ExportOutcome, NotFound, Purged
from omnibook.ports import Archive, AsyncArchive, AuditTrail, ReadScope
from omnibook.records import Actor, ActorKind, AuditEvent
from omnibook.retention import BATCH, cutoffs_at
from omnibook.times import Span
from omnibook.transactions import Decision, Scope, Snapshot
from omnibook.wiring import Wiring, storable

_EVER = Span(datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))


@frozen
class Custody:
    """One clinic's records, by its ports; no state is kept between actions."""

    wiring: Wiring
    archive: Archive | AsyncArchive
    """The wiring's store, which can also forget."""

    async def purge(self, *, actor: Actor) -> Purged:
        """See :meth:`omnibook.Custodian.purge`."""
        if not isinstance(cast("object", actor), Actor) or actor.kind is ActorKind.VISITOR:
            raise InvalidValue("a purge is made by Actor.staff(staff_id), or by Actor.system()")
        clinic = self.wiring.clinic
        now, _ = await self.wiring.read(ReadScope(Scope(clinic_id=clinic.clinic_id)))
        cutoffs = cutoffs_at(now, clinic.policies)
        operation = self.wiring.operation(actor)
        purged = Purged()
        while True:
            batch = await settled(self.archive.purge(cutoffs, operation, limit=BATCH))
            if not batch.total:
                return purged
            purged = _sum(purged, batch)

    async def export(
        self, *, patient_id: str | None, appointment_id: str | None, actor: Actor
    ) -> ExportOutcome:
        """See :meth:`omnibook.Custodian.export`."""
        by = _staff(actor)
        subject = await self._subject(patient_id, appointment_id)
        if subject is None:
            return NotFound()
        dossier = await self._dossier(subject)
        code = NotFound.code if dossier.is_empty else Exported.code
        operation = self.wiring.operation(by, self._person(dossier, patient_id))
        # Noted before anything is handed over (R50).
        await self.wiring.transact(
            Scope(clinic_id=dossier.clinic_id), partial(_note, operation, code)
        )
        if dossier.is_empty:
            return NotFound()
        return Exported(document=export_of(dossier, await self._trail(dossier)))

    async def erase(
        self, *, patient_id: str | None, appointment_id: str | None, actor: Actor
    ) -> EraseOutcome:
        """See :meth:`omnibook.Custodian.erase`."""
        by = _staff(actor)
        subject = await self._subject(patient_id, appointment_id)
        if subject is None:
            return NotFound()
        # The ruling is about what is kept when it is made; this look only says who it is about.
        dossier = await self._dossier(subject)
        operation = self.wiring.operation(by, self._person(dossier, patient_id))
        return await settled(
            self.archive.erase(dossier.clinic_id, subject, partial(decide_erase, operation))
        )

    async def _subject(self, patient_id: object, appointment_id: object) -> Subject | None:
        """Whose data are meant; nothing for an identifier under which nothing can be kept."""
        if (patient_id is None) == (appointment_id is None):
            raise InvalidValue("give either a patient_id or an appointment_id")
        known = storable(appointment_id if patient_id is None else patient_id)
        if known is None:
            return None
        if patient_id is None:
            return OfAppointment(AppointmentId(known))
        file = await self.wiring.survivor(PatientId(known))
        # A file that the directory no longer has may have left records here all the same.
        return OfPatient({PatientId(known)} | (frozenset() if file is None else file.ids))

    async def _dossier(self, subject: Subject) -> Dossier:
        return await settled(self.archive.export(self.wiring.clinic.clinic_id, subject))

    async def _trail(self, dossier: Dossier) -> list[AuditEvent]:
        """The lines of the audit trail about the person, oldest first."""
        subject = dossier.subject
        persons = (
            map(self.wiring.subject, subject.patient_ids)
            if isinstance(subject, OfPatient)
            else map(self.wiring.subject_of, dossier.appointments)
        )
        found: list[AuditEvent] = []
        for person in set(persons):
            trail = AuditTrail(clinic_id=dossier.clinic_id, span=_EVER, subject=person)
            found += (await self.wiring.read(trail))[1]
        return sorted(found, key=lambda event: (event.at, event.audit_id))

    def _person(self, dossier: Dossier, patient_id: str | None) -> SubjectKey | None:
        """How the audit trail names the person: by file, or by what was typed (R50)."""
        if patient_id is not None:
            return self.wiring.subject(PatientId(patient_id))
        return next(map(self.wiring.subject_of, dossier.appointments), None)


def _note(operation: Operation, code: str, snapshot: Snapshot) -> Decision[None]:
    return Decision(None, (operation.audit(snapshot.now, "export", code),))


def _sum(one: Purged, other: Purged) -> Purged:
    names = [each.name for each in fields(Purged)]
    return evolve(one, **{name: getattr(one, name) + getattr(other, name) for name in names})


def _staff(actor: Actor) -> Actor:
    if not isinstance(cast("object", actor), Actor) or actor.kind is not ActorKind.STAFF:
        raise InvalidValue("a person's data are handled by staff; give Actor.staff(staff_id)")
    return actor
