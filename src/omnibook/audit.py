"""The audit trail: what was done, by whom, about whom, without a personal value (R50)."""

from datetime import datetime

from attrs import frozen

from omnibook.ids import ClinicId, OperationId, SubjectKey
from omnibook.records import Actor, AuditEvent
from omnibook.transactions import RecordAudit


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
