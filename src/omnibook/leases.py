"""What becomes of a piece that a dispatcher takes: pure decisions (R39, R41, R46).

A *piece* is a notice, a contact order or an event. A dispatcher **takes** it: for the length of
:data:`LEASE` it is left alone by the others, and the attempt is counted before it is made, so that
a piece that kills whoever tries it is set aside like any other. Then it **notes** what came of it:
done, put off, to be tried again, or set aside.

Whoever notes something does so only of the very piece that it took. If the lease ended meanwhile
and another dispatcher took the piece, or staff had it tried again, then what was kept is another
value than what was taken, and the late word changes nothing. Only "the contacts were added" and a
gateway's receipt need no lease: they are true whoever says them.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import TypeAlias

from attrs import evolve, frozen

from omnibook.audit import Operation
from omnibook.ids import FlagId, derived_id
from omnibook.notices import DropCode, unreachable_flag
from omnibook.records import (
    Appointment,
    ContactOrder,
    Event,
    Flag,
    FlagCode,
    Notice,
    NoticeState,
)
from omnibook.retries import is_exhausted, wait_after
from omnibook.transactions import (
    Decision,
    PutEvent,
    PutNotice,
    PutOrder,
    RaiseFlag,
    Snapshot,
    Write,
)

PATIENCE = timedelta(seconds=100)
"""The longest that a port may keep a dispatcher waiting for one piece. Ten steps of a conversation
with a mail server, each given up after ten seconds, fit in. What is accepted after the lease is
over may have been sent by another dispatcher too, under the same identifier."""

LEASE = 2 * PATIENCE + timedelta(seconds=40)
"""How long a piece that a dispatcher took is left alone by the others: four minutes.

A reminder waits for two ports, one after the other: the directory, and the notifier. Each has its
share of the lease, and something is left for the store. Whoever finds that less than the notifier's
share is left sends nothing. Whoever dies delays a piece by no more than this."""

Piece: TypeAlias = Notice | ContactOrder | Event


@unique
class SetAsideCode(StrEnum):
    """Why a piece is tried no more; staff can have it tried again."""

    NOTICE_REFUSED = "notice.refused"
    NOTICE_EXHAUSTED = "notice.exhausted"
    ORDER_REFUSED = "order.refused"
    ORDER_EXHAUSTED = "order.exhausted"
    EVENT_REFUSED = "event.refused"
    EVENT_EXHAUSTED = "event.exhausted"


@unique
class ReceiptCode(StrEnum):
    """What a gateway told later of a message that it took."""

    DELIVERED = "receipt.delivered"
    UNDELIVERED = "receipt.undelivered"


@frozen
class Taken:
    """A piece as it was taken, when, and the appointment that it is about.

    A piece that is ``spent`` was tried too often to be tried again.
    """

    piece: Piece
    now: datetime
    appointment: Appointment | None
    spent: bool = False


@frozen
class Waiting:
    """A piece that was not taken: the way that it goes by rests until then."""

    until: datetime


Rests: TypeAlias = Callable[[Piece, datetime], datetime | None]
"""Until when the way rests that a piece goes by, if it does."""


def no_rest(_: Piece, __: datetime) -> None:
    """Every way may be tried."""


def piece_of(snapshot: Snapshot) -> Piece | None:
    """The one piece that a scope is about, if it is still there."""
    return snapshot.notice or snapshot.order or snapshot.event


def identifier_of(piece: Piece) -> str:
    """Its identifier, which says nothing of anybody."""
    if isinstance(piece, Notice):
        return piece.notice_id
    return piece.order_id if isinstance(piece, ContactOrder) else piece.event_id


def take(snapshot: Snapshot, rests: Rests = no_rest) -> Decision[Taken | Waiting | None]:
    """Lease the scope's piece, if it is due; nothing for one that is done, away or not due yet.

    One whose way rests is put off at once: an outage costs each piece that waits one write a rest.
    """
    piece, now = piece_of(snapshot), snapshot.now
    if piece is None or not _waits(piece) or now < piece.not_before:
        return Decision(None)
    appointment = snapshot.appointments.get(piece.appointment_id)
    if is_exhausted(piece.attempts):
        # Whoever tried it last never said how it ended: it died of it, perhaps.
        return Decision(Taken(piece, now, appointment, spent=True))
    if until := rests(piece, now):
        return Decision(Waiting(until), (_put(evolve(piece, not_before=until)),))
    leased = evolve(piece, not_before=now + LEASE, attempts=piece.attempts + 1)
    return Decision(Taken(leased, now, appointment), (_put(leased),))


def note_put_off(taken: Piece, until: datetime, snapshot: Snapshot) -> Decision[bool]:
    """It cannot be tried now, through no fault of its own: the attempt is not counted."""
    if piece_of(snapshot) != taken:
        return Decision(False)
    waiting = evolve(taken, not_before=until, attempts=taken.attempts - 1)
    return Decision(True, (_put(waiting),))


def note_failed(
    taken: Piece, permanent: bool, operation: Operation, snapshot: Snapshot
) -> Decision[SetAsideCode | None]:
    """It failed: it is tried again later, or set aside; the outcome is why, if it is.

    Of a notice that is set aside staff see ``notice.failed``. An order and an event raise no flag:
    nobody at the desk can mend a directory or the host's own systems, and what was set aside is
    listed by :class:`omnibook.ports.ReadSetAside`.
    """
    if piece_of(snapshot) != taken:
        return Decision(None)
    if not permanent and not is_exhausted(taken.attempts):
        again = snapshot.now + wait_after(identifier_of(taken), taken.attempts)
        return Decision(None, (_put(evolve(taken, not_before=again)),))
    refused, exhausted = _CODES[type(taken)]
    code = refused if permanent else exhausted
    audit = operation.audit(snapshot.now, _action(taken), code)
    if isinstance(taken, Notice):
        failed = PutNotice(evolve(taken, state=NoticeState.FAILED, outcome=code))
        flag = RaiseFlag(flag_of(taken, FlagCode.NOTICE_FAILED, snapshot.now))
        return Decision(code, (failed, audit, flag))
    return Decision(code, (_put(evolve(taken, failed=True)), audit))


def note_sent(taken: Notice, operation: Operation, snapshot: Snapshot) -> Decision[bool]:
    """The notifier accepted the message."""
    if snapshot.notice != taken:
        return Decision(False)
    sent = evolve(taken, state=NoticeState.SENT)
    audit = operation.audit(snapshot.now, _action(taken), sent.state)
    return Decision(True, (PutNotice(sent), audit))


def note_dropped(
    taken: Notice, code: DropCode, operation: Operation, snapshot: Snapshot
) -> Decision[bool]:
    """Nobody is to be written to, or nobody can be (R43).

    Of one that comes too late staff see ``notice.late``: it failed, or waited for a service, until
    the appointment began, or until the quiet hours before it. Not where the appointment was booked
    after its start, to keep a record: nothing could have been in time.
    """
    if snapshot.notice != taken:
        return Decision(False)
    writes: list[Write] = [
        PutNotice(evolve(taken, state=NoticeState.DROPPED, outcome=code)),
        operation.audit(snapshot.now, _action(taken), code),
    ]
    if code is DropCode.UNREACHABLE:
        writes.append(RaiseFlag(unreachable_flag(taken, snapshot.now)))
    appointment = snapshot.appointments[taken.appointment_id]
    if code is DropCode.PAST and appointment.booked_at < appointment.slot.start:
        writes.append(RaiseFlag(flag_of(taken, FlagCode.NOTICE_LATE, snapshot.now)))
    return Decision(True, tuple(writes))


def note_told(taken: Event, snapshot: Snapshot) -> Decision[bool]:
    """The host heard the event."""
    if snapshot.event != taken:
        return Decision(False)
    return Decision(True, (PutEvent(evolve(taken, done=True)),))


def note_receipt(code: ReceiptCode, operation: Operation, snapshot: Snapshot) -> Decision[bool]:
    """What the gateway told of a message; whether it was news.

    That it was delivered is believed of any notice but a dropped one, also of one that is still
    queued: whoever sent it has not noted so yet, or died before it could. That it was not delivered
    is believed of one that was sent. Of one that is queued it may be an old word about an earlier
    attempt: staff see it, and the notice goes its way. ``operation`` has an identifier that
    follows from the receipt, so that its repeats are recorded once.
    """
    notice, now = snapshot.notice, snapshot.now
    if notice is None or notice.state is NoticeState.DROPPED:
        return Decision(False)
    if notice.outcome in {code, ReceiptCode.DELIVERED}:
        return Decision(False)
    audit = operation.audit(now, _action(notice), code)
    told = PutNotice(evolve(notice, state=NoticeState.SENT, outcome=code))
    if code is ReceiptCode.DELIVERED:
        return Decision(True, (told, audit))
    flag = RaiseFlag(flag_of(notice, FlagCode.NOTICE_UNDELIVERED, now))
    if notice.state is not NoticeState.SENT:
        return Decision(True, (audit, flag))
    return Decision(True, (told, audit, flag))


def flag_of(notice: Notice, code: FlagCode, now: datetime) -> Flag:
    """What staff see of a notice: one flag for each notice and code, however often raised."""
    return Flag(
        clinic_id=notice.clinic_id,
        flag_id=FlagId(derived_id("flag", code, notice.notice_id)),
        code=code,
        appointment_id=notice.appointment_id,
        raised_at=now,
    )


_KINDS: dict[type[Piece], str] = {Notice: "notice", ContactOrder: "order", Event: "event"}
_CODES: dict[type[Piece], tuple[SetAsideCode, SetAsideCode]] = {
    Notice: (SetAsideCode.NOTICE_REFUSED, SetAsideCode.NOTICE_EXHAUSTED),
    ContactOrder: (SetAsideCode.ORDER_REFUSED, SetAsideCode.ORDER_EXHAUSTED),
    Event: (SetAsideCode.EVENT_REFUSED, SetAsideCode.EVENT_EXHAUSTED),
}


def _waits(piece: Piece) -> bool:
    if isinstance(piece, Notice):
        return piece.state is NoticeState.QUEUED
    return not piece.done and not piece.failed


def _put(piece: Piece) -> Write:
    if isinstance(piece, Notice):
        return PutNotice(piece)
    return PutOrder(piece) if isinstance(piece, ContactOrder) else PutEvent(piece)


def _action(piece: Piece) -> str:
    return f"{_KINDS[type(piece)]} {identifier_of(piece)}"
