"""What is kept of one person, and whether it may be erased (R50, R51).

A :class:`Subject` says who is meant: a file, by every identifier that it has or had, or one
appointment of a person without a file. A store gathers the records (:func:`gather` is the reference
for which ones), and :func:`decide_erase` judges them: a pure function, like every other decision.

**What a dossier holds**, the same for every store:

1. The appointments: those of the file, of any status; or the one that is named, if its person has
   no file.
2. The holds that are the file's or from which one of these appointments was booked, and every hold
   of the visits below.
3. The visits that are the file's, and those of the holds above: the forms that were typed.
4. The notices, orders, events and flags about these appointments, and the file's orders.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

from attrs import field, frozen

from omnibook.audit import Operation
from omnibook.errors import InvalidValue
from omnibook.ids import AppointmentId, ClinicId, PatientId
from omnibook.outcomes import Erased, EraseOutcome, NotFound, StillNeeded
from omnibook.records import Appointment, ContactOrder, Event, Flag, Hold, Notice, Visit
from omnibook.transactions import RecordAudit

O_co = TypeVar("O_co", covariant=True)


def _as_set(patient_ids: Iterable[PatientId]) -> frozenset[PatientId]:
    return frozenset(patient_ids)


@frozen
class OfPatient:
    """A patient, by every identifier of the file (R9). Raises :class:`InvalidValue` for none."""

    patient_ids: frozenset[PatientId] = field(repr=False, converter=_as_set)

    def __attrs_post_init__(self) -> None:
        if not self.patient_ids:
            raise InvalidValue("a patient is named by at least one identifier of the file")


@frozen
class OfAppointment:
    """The person of one appointment, who has no file (R15)."""

    appointment_id: AppointmentId


Subject: TypeAlias = OfPatient | OfAppointment
"""Whose data are meant."""


@frozen(kw_only=True)
class Dossier:
    """Everything that a store keeps of one person (see the module), each kind by identifier."""

    clinic_id: ClinicId
    subject: Subject
    now: datetime
    visits: tuple[Visit, ...] = field(default=(), repr=False)
    holds: tuple[Hold, ...] = field(default=(), repr=False)
    appointments: tuple[Appointment, ...] = field(default=(), repr=False)
    notices: tuple[Notice, ...] = field(default=(), repr=False)
    orders: tuple[ContactOrder, ...] = field(default=(), repr=False)
    events: tuple[Event, ...] = field(default=(), repr=False)
    flags: tuple[Flag, ...] = field(default=(), repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept of the person."""
        return not any(
            (
                self.visits,
                self.holds,
                self.appointments,
                self.notices,
                self.orders,
                self.events,
                self.flags,
            )
        )


@frozen(kw_only=True)
class Kept:
    """Records to gather a dossier from: all of a clinic's, or those that a store looked up."""

    visits: Iterable[Visit]
    holds: Iterable[Hold]
    appointments: Iterable[Appointment]
    notices: Iterable[Notice]
    orders: Iterable[ContactOrder]
    events: Iterable[Event]
    flags: Iterable[Flag]


def gather(kept: Kept, clinic_id: ClinicId, subject: Subject, now: datetime) -> Dossier:
    """The subject's records among those that are kept, clause by clause (see the module)."""
    ids = subject.patient_ids if isinstance(subject, OfPatient) else frozenset[PatientId]()
    named = subject.appointment_id if isinstance(subject, OfAppointment) else None
    appointments: dict[str, Appointment] = {
        each.appointment_id: each
        for each in kept.appointments
        if each.patient_id in ids or (each.appointment_id == named and each.is_provisional)
    }
    holds = tuple(kept.holds)
    first = [each for each in holds if each.patient_id in ids or each.hold_id in appointments]
    visited = {each.visit_id for each in first}
    visits = [each for each in kept.visits if each.patient_id in ids or each.visit_id in visited]
    visited |= {each.visit_id for each in visits}

    def is_about(each: Notice | ContactOrder | Event | Flag) -> bool:
        return each.appointment_id in appointments

    return Dossier(
        clinic_id=clinic_id,
        subject=subject,
        now=now,
        visits=tuple(sorted(visits, key=lambda each: each.visit_id)),
        holds=tuple(
            sorted(
                (each for each in holds if each in first or each.visit_id in visited),
                key=lambda each: each.hold_id,
            )
        ),
        appointments=tuple(appointments[each] for each in sorted(appointments)),
        notices=tuple(sorted(filter(is_about, kept.notices), key=lambda each: each.notice_id)),
        orders=tuple(
            sorted(
                (each for each in kept.orders if is_about(each) or each.patient_id in ids),
                key=lambda each: each.order_id,
            )
        ),
        events=tuple(sorted(filter(is_about, kept.events), key=lambda each: each.event_id)),
        flags=tuple(sorted(filter(is_about, kept.flags), key=lambda each: each.flag_id)),
    )


@frozen
class Ruling(Generic[O_co]):
    """An outcome; whether the dossier is to be forgotten; and what the audit trail notes of it."""

    outcome: O_co
    forget: bool = False
    writes: tuple[RecordAudit, ...] = ()


def decide_erase(operation: Operation, dossier: Dossier) -> Ruling[EraseOutcome]:
    """Erase the dossier, unless the clinic still needs it (R51).

    Returns a ruling with :class:`Erased`; :class:`StillNeeded` while an appointment is not over or
    a hold is live; or :class:`NotFound` when nothing is kept.
    """
    now = dossier.now
    if dossier.is_empty:
        return Ruling(NotFound(), writes=(operation.audit(now, "erase", NotFound.code),))
    upcoming = sum(each.status.occupies and now < each.slot.end for each in dossier.appointments)
    live = sum(each.is_live(now) for each in dossier.holds)
    if upcoming or live:
        refusal = StillNeeded(appointments=upcoming, holds=live)
        return Ruling(refusal, writes=(operation.audit(now, "erase", refusal.code),))
    outcome = Erased(
        visits=len(dossier.visits),
        holds=len(dossier.holds),
        appointments=len(dossier.appointments),
        notices=len(dossier.notices),
        orders=len(dossier.orders),
        events=len(dossier.events),
        flags=len(dossier.flags),
    )
    tombstones = (
        operation.tombstone(now, "erase-appointment", outcome.code, each.appointment_id)
        for each in dossier.appointments
    )
    audit = operation.audit(now, "erase", outcome.code)
    return Ruling(outcome, forget=True, writes=(audit, *tombstones))
