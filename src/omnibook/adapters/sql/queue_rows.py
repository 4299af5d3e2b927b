"""Values as rows and rows as values: what is to be done, what happened, what staff should see."""

from typing import Any

from omnibook.adapters.sql.rows import Values, actor_columns, actor_of
from omnibook.records import (
    AuditEvent,
    ContactOrder,
    Event,
    EventKind,
    Flag,
    FlagCode,
    Notice,
    NoticeKind,
    NoticeRole,
    NoticeState,
)


def notice_row(notice: Notice) -> Values:
    """A row of ``notices``."""
    return {
        "clinic_id": notice.clinic_id,
        "notice_id": notice.notice_id,
        "appointment_id": notice.appointment_id,
        "kind": notice.kind.value,
        "role": notice.role.value,
        "revision": notice.revision,
        "offset_microseconds": notice.offset,
        "not_before": notice.not_before,
        "state": notice.state.value,
        "attempts": notice.attempts,
        "outcome": notice.outcome,
    }


def notice_of(row: Any) -> Notice:
    """The notice of a row."""
    return Notice(
        clinic_id=row.clinic_id,
        notice_id=row.notice_id,
        appointment_id=row.appointment_id,
        kind=NoticeKind(row.kind),
        role=NoticeRole(row.role),
        revision=row.revision,
        offset=row.offset_microseconds,
        not_before=row.not_before,
        state=NoticeState(row.state),
        attempts=row.attempts,
        outcome=row.outcome,
    )


def event_row(event: Event) -> Values:
    """A row of ``events``."""
    return {
        "clinic_id": event.clinic_id,
        "event_id": event.event_id,
        "kind": event.kind.value,
        "appointment_id": event.appointment_id,
        "revision": event.revision,
        "at": event.at,
        "not_before": event.not_before,
        "attempts": event.attempts,
        "done": event.done,
        "failed": event.failed,
    }


def event_of(row: Any) -> Event:
    """The event of a row."""
    return Event(
        clinic_id=row.clinic_id,
        event_id=row.event_id,
        kind=EventKind(row.kind),
        appointment_id=row.appointment_id,
        revision=row.revision,
        at=row.at,
        not_before=row.not_before,
        attempts=row.attempts,
        done=row.done,
        failed=row.failed,
    )


def order_row(order: ContactOrder) -> Values:
    """A row of ``contact_orders``."""
    return {
        "clinic_id": order.clinic_id,
        "order_id": order.order_id,
        "appointment_id": order.appointment_id,
        "patient_id": order.patient_id,
        "not_before": order.not_before,
        "attempts": order.attempts,
        "done": order.done,
        "failed": order.failed,
    }


def order_of(row: Any) -> ContactOrder:
    """The contact order of a row."""
    return ContactOrder(
        clinic_id=row.clinic_id,
        order_id=row.order_id,
        appointment_id=row.appointment_id,
        patient_id=row.patient_id,
        not_before=row.not_before,
        attempts=row.attempts,
        done=row.done,
        failed=row.failed,
    )


def flag_row(flag: Flag) -> Values:
    """A row of ``flags``."""
    return {
        "clinic_id": flag.clinic_id,
        "flag_id": flag.flag_id,
        "code": flag.code.value,
        "appointment_id": flag.appointment_id,
        "raised_at": flag.raised_at,
    }


def flag_of(row: Any) -> Flag:
    """The flag of a row."""
    return Flag(
        clinic_id=row.clinic_id,
        flag_id=row.flag_id,
        code=FlagCode(row.code),
        appointment_id=row.appointment_id,
        raised_at=row.raised_at,
    )


def audit_row(event: AuditEvent) -> Values:
    """A row of ``audit_events``."""
    return {
        "clinic_id": event.clinic_id,
        "audit_id": event.audit_id,
        "at": event.at,
        "action": event.action,
        "code": event.code,
        **actor_columns("actor", event.actor),
        "subject": event.subject,
    }


def audit_of(row: Any) -> AuditEvent:
    """The audit event of a row."""
    return AuditEvent(
        clinic_id=row.clinic_id,
        audit_id=row.audit_id,
        at=row.at,
        action=row.action,
        code=row.code,
        actor=actor_of(row.actor_kind, row.actor_staff_id),
        subject=row.subject,
    )
