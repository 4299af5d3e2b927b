"""Everything that omnibook asks of the outside: the one page that an adapter's author reads.

Protocols, not base classes: an adapter imports nothing from here to fit. Adapters wrap the
exceptions of what they drive in :class:`omnibook.errors.OmnibookError`'s children, with ``from``.

What may have to wait for somebody has a twin of the same methods, awaited: ``AsyncStore`` for
``Store``, and so on. A twin answers what its protocol says; a task that is cancelled while it waits
leaves what was asked done or undone, never half done.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar, runtime_checkable

from attrs import field, frozen

from omnibook.audit import Operation
from omnibook.clinic import Opening
from omnibook.contact_edits import ContactEdit
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.dossier import Dossier, Ruling, Subject
from omnibook.errors import InvalidValue
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
from omnibook.invitations import Invitation
from omnibook.outcomes import Purged
from omnibook.outlook import Outlook, ScheduleDays
from omnibook.records import (
    Appointment,
    AuditEvent,
    ContactOrder,
    Event,
    Flag,
    Notice,
    NoticeKind,
)
from omnibook.retention import BATCH, Cutoffs
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


@frozen
class ReadOutlook(Query[Outlook]):
    """What a search begins with: ``scope``, and what changes by the minute."""

    scope: Scope


@frozen(kw_only=True)
class ReadDays(Query[Mapping[ScheduleId, ScheduleDays]]):
    """What stands on the UTC days ``first`` to ``last``, both included, of each of the schedules.

    Days are counted as in :mod:`omnibook.daybits`. The answer names exactly the schedules asked
    for; busy times, desk openings and desk closures are those that overlap the days, in the order
    of :class:`~omnibook.transactions.ScheduleState`.

    Raises :class:`~omnibook.errors.InvalidValue` when the last day is before the first.
    """

    clinic_id: ClinicId
    schedules: frozenset[ScheduleId]
    first: int
    last: int

    def __attrs_post_init__(self) -> None:
        if self.last < self.first:
            raise InvalidValue("the last day is before the first")


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
    """The events not told yet, nor set aside, whose ``not_before`` has come.

    Oldest first, at most ``limit``.
    """

    clinic_id: ClinicId
    limit: int = 100


@frozen(kw_only=True)
class DueOrders(Query[tuple[OrderId, ...]]):
    """The contact orders not done, nor set aside, whose ``not_before`` has come, oldest first."""

    clinic_id: ClinicId
    limit: int = 100


@frozen(kw_only=True)
class AppointmentsByReference(Query[tuple[Appointment, ...]]):
    """The appointments with this reference number, of any status; by start, schedule, id (R42)."""

    clinic_id: ClinicId
    reference: str = field(repr=False)
    """As somebody typed it: it may be anything, a name as well."""


@frozen(kw_only=True)
class SetAside:
    """What dispatchers gave up: each sorted by ``not_before`` and identifier."""

    notices: tuple[Notice, ...] = ()
    orders: tuple[ContactOrder, ...] = ()
    events: tuple[Event, ...] = ()


@frozen(kw_only=True)
class ReadSetAside(Query[SetAside]):
    """The notices, contact orders and events that were set aside, at most ``limit`` of each."""

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


class AsyncStore(Protocol):
    """:class:`Store`, awaited."""

    async def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """:meth:`Store.transact`, awaited; ``decide`` itself is plain, and never waits."""
        ...

    async def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """:meth:`Store.read`, awaited."""
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


class AsyncPatientDirectory(Protocol):
    """:class:`PatientDirectory`, awaited."""

    async def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        """:meth:`PatientDirectory.candidates`, awaited."""
        ...

    async def get(self, patient_id: PatientId) -> Patient | None:
        """:meth:`PatientDirectory.get`, awaited."""
        ...

    async def append_contacts(
        self, patient_id: PatientId, points: Sequence[ContactPoint], *, order_id: OrderId
    ) -> Sequence[ContactPoint]:
        """:meth:`PatientDirectory.append_contacts`, awaited."""
        ...


@runtime_checkable
class ContactEditor(Protocol):
    """A directory in which staff edit contacts too (R41); optional: it is recognised by its method.

    A directory without it leaves that to the clinic's own system.
    """

    def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Sequence[ContactPoint] | None:
        """Do what :func:`omnibook.contact_edits.edited` says; return the contacts as they then are.

        Nothing is returned, or changed, when there is no such file, or it has no such contact. The
        same ``order_id`` again changes nothing, and returns the contacts as they stand. A merged
        file's survivor is edited. Orders are told apart from those of
        :meth:`PatientDirectory.append_contacts` by their identifiers.
        """
        ...


@runtime_checkable
class AsyncContactEditor(Protocol):
    """:class:`ContactEditor`, awaited."""

    async def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Sequence[ContactPoint] | None:
        """:meth:`ContactEditor.edit_contacts`, awaited."""
        ...


class ScheduleSource(Protocol):
    """The recurring openings of schedules: the clinic's file, or an EMR's own schedules."""

    def openings(self, schedule_ids: Sequence[ScheduleId]) -> dict[ScheduleId, tuple[Opening, ...]]:
        """The openings of each of these schedules; none for a schedule that it does not know."""
        ...

    def versions(self, schedule_ids: Sequence[ScheduleId]) -> Mapping[ScheduleId, str]:
        """A text for each of these schedules that is another one once its openings have changed.

        It stays the same while they do, and never comes back for other openings: an ETag, FHIR's
        ``meta.versionId``, a hash. A search asks this each time, so it should be cheap, and then
        asks :meth:`openings` of those schedules only whose text is new to it. A schedule that is
        not known has a text like any other, such as an empty one.
        """
        ...


class AsyncScheduleSource(Protocol):
    """:class:`ScheduleSource`, awaited."""

    async def openings(
        self, schedule_ids: Sequence[ScheduleId]
    ) -> dict[ScheduleId, tuple[Opening, ...]]:
        """:meth:`ScheduleSource.openings`, awaited."""
        ...

    async def versions(self, schedule_ids: Sequence[ScheduleId]) -> Mapping[ScheduleId, str]:
        """:meth:`ScheduleSource.versions`, awaited."""
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

    def digests(self, purpose: str, value: str) -> Mapping[str, str]:
        """The keyed hash of ``value`` by each key, under the key's version; the newest first.

        A version is a short text without a colon that tells nothing of the key, and stays the same
        wherever and for as long as the key is used.
        """
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


class AsyncAttemptLimiter(Protocol):
    """:class:`AttemptLimiter`, awaited."""

    async def admit(self, attempt: Attempt) -> timedelta | None:
        """:meth:`AttemptLimiter.admit`, awaited."""
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
    """Plain text."""
    html: str = field(default="", repr=False)
    """The same as a page of HTML, for an e-mail; empty for a text message."""
    invitation: Invitation | None = field(default=None, repr=False)
    """What the patient's calendar should show, for an e-mail; a reminder has none."""


class Notifier(Protocol):
    """Hands messages over to a mail server or a text-message gateway."""

    def send(self, message: Message) -> None:
        """Hand the message over, or raise :class:`~omnibook.errors.NotifierError`."""
        ...


class AsyncNotifier(Protocol):
    """:class:`Notifier`, awaited."""

    async def send(self, message: Message) -> None:
        """:meth:`Notifier.send`, awaited."""
        ...


class EventSink(Protocol):
    """Tells the host's own systems what happened; the same event may come twice."""

    def tell(self, event: Event) -> None:
        """Accept the event, or raise: it will come again."""
        ...


class AsyncEventSink(Protocol):
    """:class:`EventSink`, awaited."""

    async def tell(self, event: Event) -> None:
        """:meth:`EventSink.tell`, awaited."""
        ...


class Archive(Store, Protocol):
    """A store that can also forget: what :class:`omnibook.Custodian` asks of it (R51).

    Each method is all or nothing, and nothing that shares a key with what it forgets happens in
    between, as in :meth:`Store.transact`.
    """

    def purge(self, cutoffs: Cutoffs, operation: Operation, *, limit: int = BATCH) -> Purged:
        """Forget some of what has outlived its time, and say how much (:mod:`omnibook.retention`).

        One short transaction, so that nobody's booking waits long: at most ``limit`` visits, with
        all of their holds and lapsed claims; at most ``limit`` appointments, with all that hangs on
        them; and at most ``limit`` notices, orders, events and lines of the audit trail each. The
        caller calls again while something was purged. With it goes what
        :func:`omnibook.retention.purge_writes` says.
        """
        ...

    def export(self, clinic_id: ClinicId, subject: Subject) -> Dossier:
        """Everything that is kept of one person, as of one instant (:mod:`omnibook.dossier`)."""
        ...

    def erase(
        self,
        clinic_id: ClinicId,
        subject: Subject,
        decide: Callable[[Dossier], Ruling[OutcomeT]],
    ) -> OutcomeT:
        """Run a pure decision on a person's dossier; forget all of it if the ruling says so.

        The claims of its holds and appointments go too. The ruling's writes are kept with it, or
        alone if nothing is forgotten.
        """
        ...


class AsyncArchive(AsyncStore, Protocol):
    """:class:`Archive`, awaited."""

    async def purge(self, cutoffs: Cutoffs, operation: Operation, *, limit: int = BATCH) -> Purged:
        """:meth:`Archive.purge`, awaited."""
        ...

    async def export(self, clinic_id: ClinicId, subject: Subject) -> Dossier:
        """:meth:`Archive.export`, awaited."""
        ...

    async def erase(
        self,
        clinic_id: ClinicId,
        subject: Subject,
        decide: Callable[[Dossier], Ruling[OutcomeT]],
    ) -> OutcomeT:
        """:meth:`Archive.erase`, awaited; ``decide`` itself is plain, and never waits."""
        ...
