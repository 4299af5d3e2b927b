"""The audit trail: what was done, by whom, about whom, without a personal value (R50)."""

from datetime import datetime

from attrs import frozen

from omnibook.ids import AppointmentId, ClinicId, OperationId, SubjectKey
from omnibook.records import Actor, AuditEvent
from omnibook.transactions import RecordAudit


def tombstone_id(appointment_id: AppointmentId) -> str:
    """Under which identifier the trail says that an appointment was purged or erased (R51).

    The line is all that is left of the record, and holds nothing of the person. The desk's requests
    give their appointments identifiers of their own (R38): as long as the line is kept, repeating
    one does not bring back what was forgotten.
    """
    return f"forgotten/{appointment_id}"


@frozen(kw_only=True)
class Operation:
    """One call of a use case: who makes it, and about whom.

    ``operation_id`` is made before the transaction, so that a decision that runs twice, or a call
    that is repeated by the store, is recorded once. ``subject`` is a keyed hash of the file's
    identifier, or of the visit for somebody without a file.
    """

    clinic_id: ClinicId
    operation_id: OperationId
    actor: Actor
    subject: SubjectKey | None = None

    def audit(self, now: datetime, action: str, code: str) -> RecordAudit:
        """The write that records ``action`` with its outcome's ``code``."""
        return RecordAudit(
            AuditEvent(
                clinic_id=self.clinic_id,
                audit_id=f"{self.operation_id}/{action}",
                at=now,
                action=action,
                code=code,
                actor=self.actor,
                subject=self.subject,
            )
        )

    def tombstone(
        self, now: datetime, action: str, code: str, appointment_id: AppointmentId
    ) -> RecordAudit:
        """The write that records that ``action`` forgot an appointment (:func:`tombstone_id`)."""
        return RecordAudit(
            AuditEvent(
                clinic_id=self.clinic_id,
                audit_id=tombstone_id(appointment_id),
                at=now,
                action=action,
                code=code,
                actor=self.actor,
                subject=self.subject,
            )
        )
