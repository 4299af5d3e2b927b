"""One pass of the dispatcher, for the one that waits and for the one that is awaited (R39, R46).

Each piece is taken, delivered, and noted as done, in this order: what dies in between is left for a
later pass. To whom a notice goes, and whether at all, is decided then (R43). What becomes of a
piece is in :mod:`omnibook.leases`, when it is tried again in :mod:`omnibook.retries`.

A notifier may say that its service cannot be reached by anybody. Nobody is then written to that way
for a while (:mod:`omnibook.outages`): one message asks after it now and then, the others wait
without being tried, and whatever goes another way goes on. Bookings never wait for any of it: they
queue. Each sort of piece has its share of a pass, so that none waits long for a slow one.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple, TypeVar, cast

from attrs import define, evolve, field, frozen

from omnibook.audit import Operation
from omnibook.awaiting import settled
from omnibook.booking import is_cancellable
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.errors import NotifierError, StoreError
from omnibook.ids import NoticeId, OperationId
from omnibook.invitations import CalendarMethod, invitation_to
from omnibook.leases import (
    PATIENCE,
    Piece,
    ReceiptCode,
    SetAsideCode,
    Taken,
    Waiting,
    identifier_of,
    note_dropped,
    note_failed,
    note_put_off,
    note_receipt,
    note_sent,
    note_told,
    take,
)
from omnibook.messages import render_notice
from omnibook.messages.places import label_of, place_of
from omnibook.notices import DropCode, Postponed, resolve
from omnibook.orders import carry_out
from omnibook.outages import Outages, Way
from omnibook.ports import (
    AsyncEventSink,
    AsyncNotifier,
    DueEvents,
    DueNotices,
    DueOrders,
    EventSink,
    Message,
    Notifier,
    Query,
    ReadScope,
)
from omnibook.receipts import Receipt, ReceiptStatus
from omnibook.records import SYSTEM, Appointment, Event, Notice, NoticeKind
from omnibook.retries import is_outage, is_permanent
from omnibook.transactions import Again, Decision, Scope, Snapshot
from omnibook.wiring import Wiring, storable

PAGE = 100
"""How many pieces of each sort one pass looks at."""

SHARE = timedelta(minutes=1)
"""After so long no other piece of a sort is begun in the same pass: the other sorts have their
turn, and what fell due meanwhile."""

_EVENTS = "events"
_INSISTING = 3
"""How often the store is asked to note what was done, and how many pieces in a row it may fail."""

_BEHIND = timedelta(seconds=1)
"""A piece that asked after a way waits so much longer than those that only waited for it."""

_Result = Literal["sent", "dropped", "told", "contacts", "failed", "set_aside", "waiting"]
OutcomeT = TypeVar("OutcomeT")
IdT = TypeVar("IdT")

_log = logging.getLogger("omnibook.dispatch")


@frozen(kw_only=True)
class Delivered:
    """What one pass did: counts of pieces."""

    sent: int = 0
    dropped: int = 0
    told: int = 0
    contacts: int = 0
    failed: int = 0
    """Could not be delivered, and will be tried again."""
    set_aside: int = 0
    """Will not be tried again, unless staff say so."""
    waiting: int = 0
    """Were not tried: the service that they go by cannot be reached."""
    more: bool = False
    """Whether another pass would find more at once."""


def never() -> bool:
    """Goes on to the end."""
    return False


class _Job(NamedTuple):
    """A piece that was taken, when, and in whose name its end is noted."""

    scope: Scope
    piece: Piece
    now: datetime
    operation: Operation


class _Ending(NamedTuple):
    """How an attempt ended, and what there is to note of it."""

    result: _Result | None
    note: Callable[[Snapshot], Decision[object]] | None


@define
class _Pass:
    """What was done so far; ``broken`` counts the pieces in a row that the store failed.

    ``now`` is the last instant that the store told.
    """

    stop: Callable[[], bool]
    counts: Counter[_Result | None] = field(factory=Counter["_Result | None"])
    full: bool = False
    cut: bool = False
    broken: int = 0
    now: datetime | None = None

    def timed(self, decide: Callable[[Snapshot], OutcomeT]) -> Callable[[Snapshot], OutcomeT]:
        """The same decision; the instant that it is made at is kept."""

        def decided(snapshot: Snapshot) -> OutcomeT:
            self.now = snapshot.now
            return decide(snapshot)

        return decided

    def is_over(self, began: datetime) -> bool:
        """Whether the share of a sort that began then is used up."""
        return self.now is not None and self.now - began >= SHARE

    def delivered(self) -> Delivered:
        known = {key: count for key, count in self.counts.items() if key is not None}
        advanced = any(key != "failed" for key in known)
        return Delivered(**known, more=(self.full or self.cut) and advanced)


@frozen(kw_only=True)
class Delivery:
    """How one clinic's pieces are delivered; of passes that were, only outages are remembered."""

    wiring: Wiring
    notifiers: Mapping[ContactSystem, Notifier | AsyncNotifier]
    events: EventSink | AsyncEventSink | None
    link_address: Callable[[str], str] | None
    outages: Outages = field(factory=Outages, eq=False)

    async def run_once(self, stop: Callable[[], bool] = never) -> Delivered:
        """See :meth:`omnibook.dispatch.Dispatcher.run_once`."""
        clinic_id = self.wiring.clinic.clinic_id
        done = _Pass(stop)
        scope = Scope(clinic_id=clinic_id)
        orders = DueOrders(clinic_id=clinic_id, limit=PAGE)
        await self._each(orders, lambda each: evolve(scope, order=each), done)
        notices = DueNotices(clinic_id=clinic_id, limit=PAGE)
        await self._each(notices, lambda each: evolve(scope, notice=each), done)
        if self.events is not None:
            events = DueEvents(clinic_id=clinic_id, limit=PAGE)
            await self._each(events, lambda each: evolve(scope, event=each), done)
        return done.delivered()

    async def note_receipt(self, receipt: Receipt) -> bool:
        """See :meth:`omnibook.dispatch.Dispatcher.note_receipt`."""
        clinic_id, identifier = self.wiring.clinic.clinic_id, storable(receipt.notice_id)
        if identifier is None:
            return False
        scope = Scope(clinic_id=clinic_id, notice=NoticeId(identifier))
        _, snapshot = await self.wiring.read(ReadScope(scope))
        if snapshot.notice is None:
            return False
        appointment = snapshot.appointments.get(snapshot.notice.appointment_id)
        code = _RECEIPTS[receipt.status]
        # The trail's line follows from the receipt: told twice, it is kept once.
        operation = evolve(self._operation(appointment), operation_id=OperationId(code))
        return await self.wiring.transact(scope, partial(note_receipt, code, operation))

    # One piece after the other ------------------------------------------------------------------

    async def _each(
        self, due: Query[tuple[IdT, ...]], scope_of: Callable[[IdT], Scope], done: _Pass
    ) -> None:
        if done.stop():
            return
        began, found = await self.wiring.read(due)
        done.full |= len(found) >= PAGE
        done.now = began
        for identifier in found:
            if done.stop():
                return
            if done.is_over(began):
                done.cut = True
                return
            scope = scope_of(identifier)
            try:
                taken = await self.wiring.transact(
                    scope, done.timed(partial(take, rests=self._rest_of))
                )
            except Exception as fault:
                # One piece may be at fault, such as a row that nobody can read; several in a row
                # that the store fails are not, and each costs a wait.
                done.broken += isinstance(fault, StoreError)
                if done.broken >= _INSISTING:
                    raise
                _log.warning("%s could not be taken: %s", identifier, type(fault).__name__)
                done.counts["failed"] += 1
                continue
            done.broken = 0
            if isinstance(taken, Waiting):
                done.counts["waiting"] += 1
            elif taken is not None:
                done.counts[await self._attempt(scope, taken, done)] += 1

    def _rest_of(self, piece: Piece, now: datetime) -> datetime | None:
        """Until when a piece's way rests, where that is known before anything is asked."""
        if isinstance(piece, Event):
            return self.outages.rest(_EVENTS, now)
        if not isinstance(piece, Notice) or piece.kind is NoticeKind.REMINDER:
            return None
        return None if piece.role.system is None else self.outages.rest(piece.role.system, now)

    async def _attempt(self, scope: Scope, taken: Taken, done: _Pass) -> _Result | None:
        name = identifier_of(taken.piece)
        ending = await self._ending(scope, taken)
        if ending.note is None:
            return ending.result
        try:
            noted = await self._insist(scope, done.timed(ending.note))
        except Exception as fault:  # noqa: BLE001 - nor does one that cannot be noted
            # What was delivered comes again when its lease is over.
            _log.warning("%s could not be noted: %s", name, type(fault).__name__)
            return "failed"
        if isinstance(noted, SetAsideCode):
            _log.warning("%s was set aside: %s", name, noted)
            return "set_aside"
        if noted is False:
            _log.warning("%s was no longer ours when it ended as %s", name, ending.result)
        return ending.result

    async def _insist(
        self, scope: Scope, note: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """Note what was done; what is not noted is done again, so that it is worth some tries."""
        for _ in range(_INSISTING - 1):
            with suppress(StoreError):
                return await self.wiring.transact(scope, note)
        return await self.wiring.transact(scope, note)

    async def _ending(self, scope: Scope, taken: Taken) -> _Ending:
        piece = taken.piece
        job = _Job(scope, piece, taken.now, self._operation(taken.appointment))
        if taken.spent:
            return _Ending("failed", partial(note_failed, piece, False, job.operation))
        try:
            if isinstance(piece, Notice):
                return await self._deliver(job, piece)
            if isinstance(piece, Event):
                return await self._tell(job, piece)
            await carry_out(self.wiring, piece.order_id)
            return _Ending("contacts", None)
        except Exception as fault:  # noqa: BLE001 - one piece's fault never stops the others
            return self._failed(job, fault, permanent=is_permanent(fault))

    def _failed(self, job: _Job, fault: Exception, *, permanent: bool) -> _Ending:
        name, attempts = identifier_of(job.piece), job.piece.attempts
        _log.warning("%s was not delivered (attempt %d): %s", name, attempts, _told(fault))
        return _Ending("failed", partial(note_failed, job.piece, permanent, job.operation))

    def _operation(self, appointment: Appointment | None) -> Operation:
        subject = None if appointment is None else self.wiring.subject_of(appointment)
        return self.wiring.operation(SYSTEM, subject)

    # Notices ------------------------------------------------------------------------------------

    async def _deliver(self, job: _Job, notice: Notice) -> _Ending:
        clinic = self.wiring.clinic
        patient, asked = None, None
        if notice.kind is NoticeKind.REMINDER:
            # Nothing else is written to whoever the file names: a directory that is away holds up
            # no confirmation.
            _, snapshot = await self.wiring.read(ReadScope(job.scope))
            asked = snapshot.appointments[notice.appointment_id].patient_id
            patient = await self.wiring.survivor(asked)
        # Looked at last, and judged by the instant of that look, so that nothing of an old time
        # leaves, and nothing in the quiet hours (R43, R46).
        now, snapshot = await self.wiring.read(ReadScope(job.scope))
        if snapshot.notice != notice:
            _log.warning("%s was no longer ours before it was sent", notice.notice_id)
            return _Ending(None, None)
        appointment = snapshot.appointments[notice.appointment_id]
        if notice.kind is NoticeKind.REMINDER and appointment.patient_id != asked:
            # Staff attached it to a file meanwhile: the next pass asks for that one.
            return _Ending(None, partial(note_put_off, notice, now))
        point = resolve(notice, appointment, patient, clinic, systems=self.notifiers, now=now)
        if isinstance(point, DropCode):
            return _Ending("dropped", partial(note_dropped, notice, point, job.operation))
        if isinstance(point, Postponed):
            return _Ending(None, partial(note_put_off, notice, point.until))
        if rest := self.outages.rest(point.system, now):
            return _Ending("waiting", partial(note_put_off, notice, rest))
        if notice.not_before - now < PATIENCE:
            # Handed over now, it could be in another dispatcher's hands before it is noted.
            return self._failed(job, _LeaseTooShort(), permanent=False)
        message = self._message(notice, appointment, point, now)
        notifier = self.notifiers[point.system]
        sent = _Ending("sent", partial(note_sent, notice, job.operation))
        return await self._by(
            point.system, job._replace(now=now), lambda: notifier.send(message), sent
        )

    async def _by(
        self,
        way: Way,
        job: _Job,
        hand_over: Callable[[], Awaitable[None] | None],
        delivered: _Ending,
    ) -> _Ending:
        try:
            await settled(hand_over())
        except Exception as fault:  # noqa: BLE001 - whatever it is, it may tell of the way
            now = await self._now(job)
            rest = self.outages.fail(way, fault, now - job.now, now)
            failed = self._failed(job, fault, permanent=is_permanent(fault) and rest is None)
            if rest is not None and rest.is_news:
                _log.warning("%s is down: what goes that way waits", way)
            if rest is None or not is_outage(fault):
                return failed
            # It only asked whether the way works; whoever waits by then asks next, not it again.
            return _Ending("failed", partial(note_put_off, job.piece, rest.until + _BEHIND))
        if self.outages.end(way):
            _log.warning("%s works again", way)
        return delivered

    async def _now(self, job: _Job) -> datetime:
        with suppress(StoreError):
            now, _ = await self.wiring.read(ReadScope(job.scope))
            return now
        return job.now

    def _message(
        self, notice: Notice, appointment: Appointment, point: ContactPoint, now: datetime
    ) -> Message:
        clinic, language = self.wiring.clinic, appointment.language
        link = None
        if self.link_address is not None:
            link = self.link_address(self.wiring.link_to(appointment))
        text = render_notice(
            notice=notice,
            appointment=appointment,
            clinic=clinic,
            language=language,
            link=link,
            changeable=is_cancellable(appointment, clinic, now),
            system=point.system,
        )
        invitation, method = None, _METHODS.get(notice.kind)
        if method is not None and point.system is ContactSystem.EMAIL:
            invitation = invitation_to(
                appointment,
                clinic,
                method=method,
                summary=label_of(appointment.slot, clinic, language),
                location=place_of(appointment.slot, clinic, language),
            )
        return Message(
            message_id=notice.notice_id,
            kind=notice.kind,
            system=point.system,
            address=point.value,
            language=language,
            subject=text.subject,
            body=text.plain,
            html=text.html,
            invitation=invitation,
        )

    # Events -------------------------------------------------------------------------------------

    async def _tell(self, job: _Job, event: Event) -> _Ending:
        # Without one, no event is taken.
        sink = cast("EventSink | AsyncEventSink", self.events)
        told = _Ending("told", partial(note_told, event))
        return await self._by(_EVENTS, job, lambda: sink.tell(event), told)


class _LeaseTooShort(Exception):
    """Too little is left of a lease to hand anything over."""


def _told(fault: Exception) -> str:
    """What is logged of a fault: its own text may quote an address."""
    reason = fault.reason if isinstance(fault, NotifierError) else ""
    return reason or type(fault).__name__


_METHODS = {
    NoticeKind.BOOKING: CalendarMethod.REQUEST,
    NoticeKind.CHANGE: CalendarMethod.REQUEST,
    NoticeKind.CANCELLATION: CalendarMethod.CANCEL,
}
"""What goes with a message into a calendar; a reminder changes nothing there."""

_RECEIPTS = {
    ReceiptStatus.DELIVERED: ReceiptCode.DELIVERED,
    ReceiptStatus.UNDELIVERED: ReceiptCode.UNDELIVERED,
}
