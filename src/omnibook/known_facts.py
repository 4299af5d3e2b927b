"""What is known of a visitor at one moment: the file, its visits, and who books (R13, R20, R22).

Three sources meet here. The directory tells the file. The store tells the file's appointments. The
visit tells whether somebody books for a dependant. Nothing is kept: each step puts the facts
together anew, from what it has just read.

* **Upcoming visits** are the store's appointments of the file that take place and start after now,
  and those that the directory states, each identifier once. Of an appointment that the store knows,
  the store alone is believed: a directory may not have heard yet that it was cancelled.
* **Last and prior visits** are the later of what the directory tells and of the store's fulfilled
  appointments. They are unknown only if the directory is silent and the store has none.

Where the store's appointments were not read, nothing is known of any visit: a criterion that asks
is then not met, rather than judged by half of what there is.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from attrs import evolve

from omnibook.facts import UNKNOWN, Fact, Facts, PriorVisit, PriorVisits, UpcomingVisit
from omnibook.identity import ActingFor, Patient
from omnibook.ids import AppointmentId
from omnibook.patient import PlannedVisit
from omnibook.records import Appointment, AppointmentStatus
from omnibook.times import local_date
from omnibook.transactions import Snapshot


def facts_in(
    snapshot: Snapshot,
    patient: Patient | None,
    zone: ZoneInfo,
    *,
    acting_for: ActingFor | None = None,
    ignoring: Collection[AppointmentId] = (),
) -> Facts:
    """:func:`facts_of`, by what a snapshot holds: the file's visits if its scope names the file."""
    read = patient is not None and patient.ids <= snapshot.scope.patients
    return facts_of(
        patient,
        snapshot.appointments.values() if read else None,
        now=snapshot.now,
        zone=zone,
        acting_for=acting_for,
        ignoring=ignoring,
    )


def facts_of(
    patient: Patient | None,
    appointments: Iterable[Appointment] | None,
    *,
    now: datetime,
    zone: ZoneInfo,
    acting_for: ActingFor | None = None,
    ignoring: Collection[AppointmentId] = (),
) -> Facts:
    """What eligibility may know of a visitor at ``now`` (R13, R20).

    Args:
        patient: the live file of an identified visitor, or nothing.
        appointments: all that the store has of the file, others do no harm; or nothing if they were
            not read.
        now: the moment, by the store's clock.
        zone: the clinic's, in which a visit's date is told.
        acting_for: for whom the visitor books, as the form says; nothing where there is no visit.
        ignoring: an appointment that is about to be moved is no visit that is to come (R47).

    Returns:
        The facts; none at all without a live file.
    """
    if patient is None or not patient.is_live:
        return Facts.none()
    dependant = UNKNOWN if acting_for is None else acting_for is not ActingFor.SELF
    if appointments is None:
        return patient.facts_with(for_dependant=dependant)
    mine = [each for each in appointments if each.patient_id in patient.ids]
    past = [
        PriorVisit(each.slot.service_id, local_date(each.slot.start, zone))
        for each in mine
        if each.status is AppointmentStatus.FULFILLED
    ]
    return patient.facts_with(
        for_dependant=dependant,
        upcoming=tuple(
            UpcomingVisit(local_date(each.start, zone), each.service)
            for each in upcoming_of(patient, mine, now, ignoring=ignoring)
        ),
        last_visit=_later(
            patient.last_visit, [each.on for each in (*_told(patient.prior_visits), *past)]
        ),
        prior_visits=_prior(patient.prior_visits, past),
    )


def upcoming_of(
    patient: Patient,
    appointments: Iterable[Appointment],
    now: datetime,
    *,
    ignoring: Collection[AppointmentId] = (),
) -> tuple[PlannedVisit, ...]:
    """The file's upcoming visits: the store's, then those that the directory states besides (R20).

    Of an identifier that the store knows the store alone is believed, and each counts once.
    """
    known: set[str] = set(ignoring)
    visits: list[PlannedVisit] = []
    for each in appointments:
        if each.patient_id not in patient.ids or each.appointment_id in known:
            continue
        known.add(each.appointment_id)
        slot = each.slot
        if each.status.occupies and slot.start > now:
            visits.append(
                PlannedVisit(
                    visit_id=each.appointment_id, start=slot.start, service=slot.service_id
                )
            )
    for stated in () if patient.upcoming is UNKNOWN else patient.upcoming or ():
        if stated.visit_id not in known and stated.start > now:
            known.add(stated.visit_id)
            visits.append(stated)
    return tuple(visits)


def _told(visits: Fact[PriorVisits]) -> tuple[PriorVisit, ...]:
    return () if visits is UNKNOWN or visits is None else visits.visits


def _later(told: Fact[date], found: list[date]) -> Fact[date]:
    if not found:
        return told
    return max(found if told is UNKNOWN or told is None else [told, *found])


def _prior(told: Fact[PriorVisits], found: list[PriorVisit]) -> Fact[PriorVisits]:
    if told is UNKNOWN:
        return PriorVisits(visits=found, complete=False) if found else UNKNOWN
    if told is None:
        return PriorVisits(visits=found) if found else None
    return evolve(told, visits=(*told.visits, *found))
