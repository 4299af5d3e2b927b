"""Which message goes out, to whom and when: pure decisions (R42, R43, R45, R46).

A notice is queued in the transaction that makes it true, as a *role* to write to; the address and
the text are resolved when it is sent, by what is known then.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum, unique
from zoneinfo import ZoneInfo

from attrs import frozen

from omnibook.clinic import Clinic, Reminders, Service
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.identity import Patient
from omnibook.ids import ActivityId, FlagId, NoticeId, derived_id
from omnibook.records import (
    Appointment,
    AppointmentStatus,
    Flag,
    FlagCode,
    Notice,
    NoticeKind,
    NoticeRole,
)
from omnibook.times import MINUTE, wall_clock
from omnibook.transactions import PutNotice

_FORM_ROLES = {
    ContactSystem.PHONE: NoticeRole.FORM_PHONE,
    ContactSystem.EMAIL: NoticeRole.FORM_EMAIL,
}


def is_silent(clinic: Clinic, service: Service | None, activity: ActivityId) -> bool:
    """Whether a service or an activity has its messages switched off (R45)."""
    return (service is not None and not service.messages) or activity in clinic.silent_activities


def sends_messages(appointment: Appointment, clinic: Clinic) -> bool:
    """Whether anything is sent about an appointment (R42: no channel, no message; R45)."""
    service = clinic.service(appointment.slot.service_id)
    return (
        appointment.messages
        and bool(clinic.policies.channels)
        and not is_silent(clinic, service, appointment.activity)
    )


def on_booking(appointment: Appointment, clinic: Clinic) -> tuple[PutNotice, ...]:
    """The booking notice, due at once, and the reminders that are due after the booking."""
    if not sends_messages(appointment, clinic):
        return ()
    booked_at = appointment.booked_at
    queued = [
        _notice(appointment, NoticeKind.BOOKING, role, booked_at)
        for role in _form_roles(appointment, clinic)
    ]
    queued.extend(_reminders(appointment, clinic, booked_at))
    return tuple(PutNotice(notice) for notice in queued)


def on_move(appointment: Appointment, clinic: Clinic, now: datetime) -> tuple[PutNotice, ...]:
    """The notice of a change, to the same contacts as the booking notice, and new reminders.

    Those of the old time, still queued, are of an older revision: they are not sent (R42, R43,
    R46). None for an appointment that is moved to a time that has begun.
    """
    if appointment.slot.start <= now or not sends_messages(appointment, clinic):
        return ()
    queued = [
        _notice(appointment, NoticeKind.CHANGE, role, now)
        for role in _form_roles(appointment, clinic)
    ]
    queued.extend(_reminders(appointment, clinic, now))
    return tuple(PutNotice(notice) for notice in queued)


def on_cancellation(
    appointment: Appointment, clinic: Clinic, now: datetime
) -> tuple[PutNotice, ...]:
    """The cancellation notice, to the same contacts as the booking notice (R42, R46).

    None for an appointment that has started: whoever cancels it then corrects a record.
    """
    if appointment.slot.start <= now or not sends_messages(appointment, clinic):
        return ()
    return tuple(
        PutNotice(_notice(appointment, NoticeKind.CANCELLATION, role, now))
        for role in _form_roles(appointment, clinic)
    )


def _reminders(appointment: Appointment, clinic: Clinic, since: datetime) -> Iterator[Notice]:
    """The reminders that are due after ``since``, when the time was booked (R43)."""
    reminders = clinic.policies.reminders
    # Two that the quiet hours bring to the same instant would be one message, sent twice.
    dues = {
        reminder_due(appointment.slot.start, offset, reminders, clinic.zone): offset
        for offset in sorted(reminders.offsets)
    }
    for due, offset in dues.items():
        if due > since:
            for role in _reminder_roles(appointment, clinic):
                yield _notice(appointment, NoticeKind.REMINDER, role, due, offset)


def _form_roles(appointment: Appointment, clinic: Clinic) -> tuple[NoticeRole, ...]:
    """The form's contacts of the configured channels; if there is none, the one given (R42)."""
    given = list(dict.fromkeys(point.system for point in appointment.entries.contacts))
    chosen = [system for system in given if system in clinic.policies.channels] or given[:1]
    return tuple(_FORM_ROLES[system] for system in chosen)


def _reminder_roles(appointment: Appointment, clinic: Clinic) -> tuple[NoticeRole, ...]:
    """The file's main contact; the form's for a provisional person or a confidential service."""
    if _reminds_the_file(appointment, clinic):
        return (NoticeRole.MAIN_CONTACT,)
    return _form_roles(appointment, clinic)[:1]


def _reminds_the_file(appointment: Appointment, clinic: Clinic) -> bool:
    """Whether a reminder goes to the file's main contact, and not to one of the form (R17, R43)."""
    service = clinic.service(appointment.slot.service_id)
    is_confidential = service is not None and service.confidential
    return not appointment.is_provisional and not is_confidential


def _notice(
    appointment: Appointment,
    kind: NoticeKind,
    role: NoticeRole,
    due: datetime,
    offset: timedelta | None = None,
) -> Notice:
    identity = (
        appointment.clinic_id,
        appointment.appointment_id,
        kind,
        str(offset // MINUTE) if offset is not None else "",
        str(appointment.revision),
        role,
    )
    return Notice(
        clinic_id=appointment.clinic_id,
        notice_id=NoticeId(derived_id("notice", *identity)),
        appointment_id=appointment.appointment_id,
        kind=kind,
        role=role,
        revision=appointment.revision,
        offset=offset,
        not_before=due,
    )


def reminder_due(
    start: datetime, offset: timedelta, reminders: Reminders, zone: ZoneInfo
) -> datetime:
    """When a reminder goes out: ``offset`` (elapsed) before ``start``, but for the quiet hours.

    An instant in the quiet hours is put off to their end; if that leaves less than
    ``reminders.shortest`` before the start, it is brought forward to the last minute before them
    (R43).
    """
    due = start - offset
    if not _is_quiet(due, reminders, zone):
        return due
    after = quiet_end(due, reminders, zone)
    if start - after >= reminders.shortest:
        return after
    before = due.replace(second=0, microsecond=0)
    while _is_quiet(before, reminders, zone):
        before -= MINUTE
    return before


def quiet_end(moment: datetime, reminders: Reminders, zone: ZoneInfo) -> datetime:
    """The first instant after ``moment``, which is quiet, that is not (R43)."""
    # Minute by minute, because on the nights of the change a wall time may come twice or never.
    after = moment.replace(second=0, microsecond=0) + MINUTE
    while _is_quiet(after, reminders, zone):
        after += MINUTE
    return after


def _is_quiet(moment: datetime, reminders: Reminders, zone: ZoneInfo) -> bool:
    """Whether the clinic's wall clock shows a minute of silence; none, if both ends are equal."""
    clock, since, until = (
        each.replace(second=0, microsecond=0)
        for each in (wall_clock(moment, zone).time(), reminders.quiet_from, reminders.quiet_until)
    )
    if since <= until:
        return since <= clock < until
    return since <= clock or clock < until


@unique
class DropCode(StrEnum):
    """Why a queued notice was not sent after all."""

    OUTDATED = "notice.outdated"
    STATUS_CHANGED = "notice.status-changed"
    PAST = "notice.past"
    SILENT = "notice.silent"
    DECEASED = "notice.deceased"
    UNREACHABLE = "notice.unreachable"


_STATUS_NEEDED = {
    NoticeKind.BOOKING: frozenset({AppointmentStatus.BOOKED}),
    # Staff may move somebody who is there already, to a later hour or another place.
    NoticeKind.CHANGE: frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED}),
    NoticeKind.REMINDER: frozenset({AppointmentStatus.BOOKED}),
    NoticeKind.CANCELLATION: frozenset({AppointmentStatus.CANCELLED}),
}


@frozen
class Postponed:
    """A reminder that came due, or is tried again, in the quiet hours: not before their end."""

    until: datetime


def resolve(
    notice: Notice,
    appointment: Appointment,
    patient: Patient | None,
    clinic: Clinic,
    *,
    systems: Iterable[ContactSystem],
    now: datetime,
) -> ContactPoint | Postponed | DropCode:
    """Say who receives a notice now, or why nobody does (R43, R46).

    Nothing is sent about an appointment that has started. A reminder never goes out in the quiet
    hours, however late the dispatcher is. ``patient`` is the file as it stands, the survivor of a
    merged one; ``systems`` are those for
    which there is a notifier.
    """
    if notice.revision != appointment.revision:
        return DropCode.OUTDATED
    if appointment.status not in _STATUS_NEEDED[notice.kind]:
        return DropCode.STATUS_CHANGED
    if now >= appointment.slot.start:
        return DropCode.PAST
    if not sends_messages(appointment, clinic):
        return DropCode.SILENT
    if notice.kind is NoticeKind.REMINDER and patient is not None and patient.deceased:
        return DropCode.DECEASED
    if notice.kind is NoticeKind.REMINDER and _is_quiet(
        now, clinic.policies.reminders, clinic.zone
    ):
        until = quiet_end(now, clinic.policies.reminders, clinic.zone)
        return Postponed(until) if until < appointment.slot.start else DropCode.PAST
    role = notice.role
    wanted = clinic.policies.channels if role.system is None else {role.system}
    points = appointment.entries.contacts
    is_reminder = notice.kind is NoticeKind.REMINDER
    # Whatever role it was queued for: a person may have got a file since (R15), and a service that
    # became confidential after the booking never writes to the file's contact (R17).
    if is_reminder and _reminds_the_file(appointment, clinic):
        wanted = clinic.policies.channels
        main = patient.main_contact if patient is not None and patient.is_live else None
        points = () if main is None else (main,)
    elif is_reminder and role.system is not None:
        # One reminder for the form: by the contact chosen at the booking, or else by another.
        wanted = wanted | clinic.policies.channels
        points = tuple(sorted(points, key=lambda point: point.system is not role.system))
    usable = wanted & set(systems)
    found = next((point for point in points if point.system in usable), None)
    return DropCode.UNREACHABLE if found is None else found


def unreachable_flag(notice: Notice, now: datetime) -> Flag:
    """What staff see of a notice that reaches nobody (R43)."""
    code = (
        FlagCode.REMINDER_UNREACHABLE
        if notice.kind is NoticeKind.REMINDER
        else FlagCode.NOTICE_UNREACHABLE
    )
    return Flag(
        clinic_id=notice.clinic_id,
        flag_id=FlagId(derived_id("flag", code, notice.notice_id)),
        code=code,
        appointment_id=notice.appointment_id,
        raised_at=now,
    )
