"""Everything that omnibook asks of the outside: the one page that an adapter's author reads.

Protocols, not base classes: an adapter imports nothing from here to fit. Adapters wrap the
exceptions of what they drive in :class:`omnibook.errors.OmnibookError`'s children, with ``from``.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from attrs import field, frozen

from omnibook.clinic import Opening
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.identity import IdentityKeys, Patient
from omnibook.ids import (
    ClinicId,
    EventId,
    NoticeId,
    OrderId,
    PatientId,
    ScheduleId,
    SubjectKey,
)
from omnibook.records import Appointment, AuditEvent, Event, Flag, NoticeKind
from omnibook.times import Span
from omnibook.transactions import Again, Decision, Scope, Snapshot

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")


class Query(Generic[AnswerT]):
    """A question to a store that changes nothing; ``AnswerT`` is the type of its answer.

    The queries are the subclasses in this module, and no others.
    """

    __slots__ = ()


@frozen
class ReadScope(Query[Snapshot]):
    """What :meth:`Store.transact` would show a decision; see :mod:`omnibook.transactions`."""

    scope: Scope


@frozen(kw_only=True)
class AppointmentsWithin(Query[tuple[Appointment, ...]]):
    """The appointments, of any status, whose slot overlaps ``span``; by start, schedule, id."""

    clinic_id: ClinicId
    span: Span
    schedules: frozenset[ScheduleId] | None = None
    """Only these schedules; ``None`` is all."""


@frozen(kw_only=True)
class FlagsOf(Query[tuple[Flag, ...]]):
    """Every flag raised for these appointments, by instant and id."""

    clinic_id: ClinicId
    appointments: frozenset[str]


@frozen(kw_only=True)
class DueNotices(Query[tuple[NoticeId, ...]]):
    """The queued notices whose ``not_before`` has come, oldest first, at most ``limit``."""

    clinic_id: ClinicId
    limit: int = 100


@frozen(kw_only=True)
class DueEvents(Query[tuple[EventId, ...]]):
    """The events not told yet whose ``not_before`` has come, oldest first, at most ``limit``."""

    clinic_id: ClinicId
    limit: int = 100


@frozen(kw_only=True)
class DueOrders(Query[tuple[OrderId, ...]]):
    """The contact orders not done whose ``not_before`` has come, oldest first."""

    clinic_id: ClinicId
    limit: int = 100


@frozen(kw_only=True)
class AuditTrail(Query[tuple[AuditEvent, ...]]):
    """The audit events within ``span``, by instant and id; of one subject if one is given."""

    clinic_id: ClinicId
    span: Span
    subject: SubjectKey | None = None


class Store(Protocol):
    """Where visits, holds and appointments are kept; one transactional verb, and reads."""

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """Run a pure decision on a consistent snapshot of ``scope``; apply its writes, all or none.

        Nothing else that shares a key of the scope happens between the snapshot and the writes.
        ``decide`` may run several times, so it must be pure. ``snapshot.now`` is read after any
        wait, from the one clock that all users of the store share. A decision without writes costs
        no lock and no commit. An :class:`~omnibook.transactions.Again` starts over with its scope,
        a few rounds at most.

        Raises :class:`~omnibook.errors.Contention` after too many lost races or rounds, and
        :class:`~omnibook.errors.StoreError` when the machinery fails; in both cases nothing was
        written, but for a commit whose answer was lost: repeating the call finds what it wrote.
        """
        ...

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """Answer a question, with the store's ``now`` for which the answer holds."""
        ...


class PatientDirectory(Protocol):
    """The clinic's patient files, wherever they are kept."""

    def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        """Every file that the keys could mean, live or not, and the survivors of merged ones.

        See :class:`~omnibook.identity.IdentityKeys` for what the keys ask.
        """
        ...

    def get(self, patient_id: PatientId) -> Patient | None:
        """The file of this identifier as it stands; a merged one is returned as it is."""
        ...

    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ContactPoint], *, order_id: OrderId
    ) -> Sequence[ContactPoint]:
        """Add those contacts that the file lacks, last and unverified; return those added (R41).

        Compared by match key. The same ``order_id`` again changes nothing and returns nothing. A
        merged file's survivor receives them.
        """
        ...


class ScheduleSource(Protocol):
    """The recurring openings of schedules: the clinic's file, or an EMR's own schedules."""

    def openings(self, schedule_ids: Sequence[ScheduleId]) -> dict[ScheduleId, tuple[Opening, ...]]:
        """The openings of each of these schedules; none for a schedule that it does not know."""
        ...


class Clock(Protocol):
    """What a store without a clock of its own is given."""

    def now(self) -> datetime:
        """The current instant, aware and in UTC."""
        ...


class Tokens(Protocol):
    """Where unguessable texts and identifiers come from."""

    def visit_token(self) -> str:
        """A URL-safe text with at least 128 bits from a cryptographic source (R16)."""
        ...

    def new_id(self) -> str:
        """An identifier that nobody else was given, sorted by time where it can be (a UUIDv7)."""
        ...

    def reference(self) -> str:
        """A short number that a patient can read out on the phone (R42)."""
        ...


class Keys(Protocol):
    """The clinic's secret keys, rotated by version: the newest signs, all of them verify."""

    def digest(self, purpose: str, value: str) -> str:
        """A keyed hash of ``value`` for ``purpose``, by the newest key: it changes on rotation."""
        ...

    def sign(self, purpose: str, payload: str) -> str:
        """A URL-safe signature of ``payload`` for ``purpose``."""
        ...

    def verify(self, purpose: str, payload: str, signature: str) -> bool:
        """Whether the signature was made by :meth:`sign` with one of the keys; constant time."""
        ...


@frozen(kw_only=True)
class Attempt:
    """One identification attempt, as keyed hashes (R12): no personal value reaches a limiter."""

    source: str
    health_number: str | None
    person: str


class AttemptLimiter(Protocol):
    """Slows down guessing (R12)."""

    def admit(self, attempt: Attempt) -> timedelta | None:
        """Count the attempt; return nothing when it may go on, else how long to wait."""
        ...


@frozen(kw_only=True)
class Message:
    """A message ready to hand over. ``message_id`` is the notice's: a repeat carries the same."""

    message_id: NoticeId
    kind: NoticeKind
    system: ContactSystem
    address: str = field(repr=False)
    language: str
    subject: str = field(repr=False)
    body: str = field(repr=False)


class Notifier(Protocol):
    """Hands messages over to a mail server or a text-message gateway."""

    def send(self, message: Message) -> None:
        """Hand the message over, or raise :class:`~omnibook.errors.NotifierError`."""
        ...


class EventSink(Protocol):
    """Tells the host's own systems what happened; the same event may come twice."""

    def tell(self, event: Event) -> None:
        """Accept the event, or raise: it will come again."""
        ...
