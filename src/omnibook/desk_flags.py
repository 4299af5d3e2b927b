"""Which flags of messages still want a look, and which messages they are about (R43, R46, R50).

A flag names an appointment, and not the message: its identifier follows from the message's, and
that one from the appointment, so that the message is found by making the identifiers of all that
there can be. A flag is kept for ever, as a fact; it is shown until its message is settled: sent
after all, or delivered. What cannot be found, because it was purged or a host raised the flag, is
shown.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from omnibook.clinic import Clinic
from omnibook.ids import FlagId, NoticeId, derived_id
from omnibook.leases import ReceiptCode
from omnibook.notices import DropCode
from omnibook.outcomes import QueuedAgain
from omnibook.records import (
    Appointment,
    Flag,
    FlagCode,
    Notice,
    NoticeKind,
    NoticeRole,
    NoticeState,
)

MESSAGE_FLAGS = frozenset(
    {
        FlagCode.NOTICE_FAILED,
        FlagCode.NOTICE_UNDELIVERED,
        FlagCode.NOTICE_UNREACHABLE,
        FlagCode.REMINDER_UNREACHABLE,
    }
)
_MINUTE = timedelta(minutes=1)


def can_be_tried_again(notice: Notice) -> bool:
    """Whether a dispatcher will not touch it again, and another try may end otherwise.

    It was set aside; nobody could be written to, which the file or the deployment may have mended
    since; or the gateway told that it never arrived. What else was dropped is of no use any more.
    """
    if notice.state is NoticeState.DROPPED:
        return notice.outcome == DropCode.UNREACHABLE
    if notice.state is NoticeState.SENT:
        return notice.outcome == ReceiptCode.UNDELIVERED
    return notice.state is NoticeState.FAILED


def is_settled(flag: Flag, notice: Notice | None) -> bool:
    """Whether what a flag is about was sent after all, or delivered.

    That a message never arrived may be told before it is noted as sent: sent is not settled, then,
    unless staff had it sent again since.
    """
    if notice is None or notice.state is not NoticeState.SENT:
        return False
    if flag.code is FlagCode.NOTICE_UNDELIVERED:
        return notice.outcome in {ReceiptCode.DELIVERED, QueuedAgain.code}
    return True


def notices_by_flag(
    flags: Iterable[Flag], appointment: Appointment, clinic: Clinic
) -> dict[FlagId, NoticeId]:
    """Which notice each flag of an appointment was raised for, as far as it can be told."""
    wanted = {flag.flag_id: flag.code for flag in flags if flag.code in MESSAGE_FLAGS}
    if not wanted:
        return {}
    found: dict[FlagId, NoticeId] = {}
    codes = set(wanted.values())
    for notice_id in _possible(appointment, clinic):
        for code in codes:
            flag_id = FlagId(derived_id("flag", code, notice_id))
            if flag_id in wanted:
                found[flag_id] = notice_id
    return found


def _possible(appointment: Appointment, clinic: Clinic) -> Iterator[NoticeId]:
    """The identifiers of every notice that there can be (:mod:`omnibook.notices`)."""
    offsets = [str(each // _MINUTE) for each in clinic.policies.reminders.offsets]
    for revision in range(appointment.revision + 1):
        for kind in NoticeKind:
            for offset in offsets if kind is NoticeKind.REMINDER else [""]:
                for role in NoticeRole:
                    identity = (
                        appointment.clinic_id,
                        appointment.appointment_id,
                        kind,
                        offset,
                        str(revision),
                        role,
                    )
                    yield NoticeId(derived_id("notice", *identity))
