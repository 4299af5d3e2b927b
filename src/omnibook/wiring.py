"""A clinic and its ports, and the few questions that every facade asks of them.

A port may answer at once or have to be awaited: see :mod:`omnibook.awaiting`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from attrs import evolve, field, frozen

from omnibook.adapters.clocks import RandomTokens
from omnibook.audit import Operation
from omnibook.awaiting import settled
from omnibook.blind_indexes import BlindIndexer
from omnibook.clinic import Clinic, Opening
from omnibook.contacts import ContactPoint
from omnibook.identity import Identity, IdentityKeys, Patient
from omnibook.ids import ContactKey, OperationId, PatientId, ScheduleId, SubjectKey
from omnibook.kept_days import DayKeeper
from omnibook.names import Folding, fold
from omnibook.ports import (
    AsyncPatientDirectory,
    AsyncScheduleSource,
    AsyncStore,
    Keys,
    PatientDirectory,
    Query,
    ScheduleSource,
    Store,
    Tokens,
)
from omnibook.records import Actor, Appointment
from omnibook.sealed import make_link
from omnibook.transactions import Again, Decision, Scope, Snapshot

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")

APPOINTMENT = "appointment"
"""The purpose of a link to an appointment: to look at it, confirm, cancel or move it (R44)."""


def storable(identifier: object) -> str | None:
    """The identifier as it came, if anything can be kept under it; nothing for any other value.

    What a client or a caller sends back can be of any type, empty, or hold half a character (a lone
    surrogate), which no database stores: no record has such an identifier.
    """
    if not isinstance(identifier, str) or not identifier:
        return None
    try:
        identifier.encode()
    except UnicodeEncodeError:
        return None
    return identifier


def _or_random(tokens: Tokens | None) -> Tokens:
    return tokens or RandomTokens()


@frozen(kw_only=True)
class Wiring:
    """What a facade is built on.

    ``schedules`` may be left to the clinic's own file, ``tokens`` to the operating system's
    randomness.
    """

    clinic: Clinic
    store: Store | AsyncStore
    directory: PatientDirectory | AsyncPatientDirectory
    keys: Keys
    schedules: ScheduleSource | AsyncScheduleSource | None = None
    tokens: Tokens = field(default=None, converter=_or_random)
    keeper: DayKeeper = field(init=False, eq=False, repr=False)
    """What searches of this process keep for the next ones."""

    @keeper.default
    def _new_keeper(self) -> DayKeeper:
        return DayKeeper(self.clinic)

    async def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        """Run a decision; see :meth:`omnibook.ports.Store.transact`."""
        return await settled(self.store.transact(scope, decide))

    async def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        """Ask the store; see :meth:`omnibook.ports.Store.read`."""
        return await settled(self.store.read(query))

    async def live_file(self, patient_id: PatientId | None) -> Patient | None:
        """The file as it stands, the survivor of a merged one; nothing unless it is live (R9)."""
        patient = await self.survivor(patient_id)
        return patient if patient is not None and patient.is_live else None

    async def survivor(self, patient_id: PatientId | None) -> Patient | None:
        """The file, or what it was merged into in the end; nothing where merges run in a circle."""
        seen = set[PatientId]()
        while patient_id is not None and patient_id not in seen:
            patient = await settled(self.directory.get(patient_id))
            if patient is None:
                return None
            if patient.merged_into is None:
                # Also for a directory that does not tell what a file replaces.
                told = seen <= patient.replaces
                return patient if told else evolve(patient, replaces=patient.replaces | seen)
            seen.add(patient_id)
            patient_id = patient.merged_into
        return None

    async def openings(
        self, schedule_ids: Iterable[ScheduleId]
    ) -> dict[ScheduleId, tuple[Opening, ...]]:
        """The recurring openings of these schedules, by the source that the clinic uses."""
        wanted = frozenset(schedule_ids)
        if self.schedules is not None:
            return await settled(self.schedules.openings(tuple(sorted(wanted)))) if wanted else {}
        return {
            schedule.schedule_id: schedule.openings
            for schedule in self.clinic.schedules
            if schedule.schedule_id in wanted
        }

    async def opening_versions(
        self, schedule_ids: Iterable[ScheduleId]
    ) -> Mapping[ScheduleId, str]:
        """What changes with the openings of each of these schedules; the clinic's file never does.

        Ask it before :meth:`openings` and again after: only what did not change meanwhile is known
        to be of that version.
        """
        wanted = tuple(sorted(frozenset(schedule_ids)))
        if self.schedules is not None and wanted:
            return await settled(self.schedules.versions(wanted))
        return dict.fromkeys(wanted, "")

    async def openings_of(self, schedule_id: ScheduleId) -> tuple[Opening, ...]:
        """The recurring openings of one schedule."""
        return (await self.openings((schedule_id,))).get(schedule_id, ())

    def identity_keys(self, identity: Identity) -> IdentityKeys:
        """What the directory is asked; with blind indexes where the clinic's policies want them."""
        keys = IdentityKeys.of(identity)
        if self.clinic.policies.blind_indexes:
            return BlindIndexer(self.keys).asking(keys)
        return keys

    def contact_keys(self, points: Iterable[ContactPoint]) -> frozenset[ContactKey]:
        """Keyed hashes of contact details, for caps (R36)."""
        return frozenset(
            ContactKey(self.keys.digest("contact", point.match_key)) for point in points
        )

    def subject(self, patient_id: PatientId) -> SubjectKey:
        """Whom an audit event is about: a keyed hash of the file's identifier (R50)."""
        return SubjectKey(self.keys.digest("patient", patient_id))

    def person(self, identity: Identity) -> SubjectKey:
        """Somebody without a file, by name and birth date: what their attempts share (R12, R50)."""
        names = (fold(part, Folding.FOLDED) for part in (identity.first_name, identity.last_name))
        told = "\x1f".join((*names, identity.birth_date.isoformat()))
        return SubjectKey(self.keys.digest("person", told))

    def subject_of(self, appointment: Appointment) -> SubjectKey:
        """Whom an appointment is of: the file, or the person who waits to be attached to one."""
        if appointment.provisional is not None:
            return self.person(appointment.provisional)
        return self.subject(PatientId(str(appointment.patient_id)))

    def operation(self, actor: Actor, subject: SubjectKey | None = None) -> Operation:
        """A new operation of this actor, about this subject."""
        return Operation(
            clinic_id=self.clinic.clinic_id,
            operation_id=OperationId(self.tokens.new_id()),
            actor=actor,
            subject=subject,
        )

    def link_to(self, appointment: Appointment) -> str:
        """The link to this appointment, good while it stays at its revision (R44)."""
        return make_link(
            self.keys,
            APPOINTMENT,
            self.clinic.clinic_id,
            appointment.appointment_id,
            appointment.revision,
        )
