"""Patient files and schedules in this process's memory.

:class:`MemoryDirectory` is what a host's own patient directory is measured against;
:class:`ClinicSchedules` reads the openings of the clinic's file. The store in memory is
:mod:`omnibook.adapters.memory`.
"""

import threading
from collections.abc import Iterable, Sequence

from attrs import evolve

from omnibook.clinic import Clinic, Opening
from omnibook.contact_edits import ContactEdit, edited
from omnibook.contacts import ContactPoint
from omnibook.identity import IdentityKeys, Patient, candidates_among
from omnibook.ids import OrderId, PatientId, ScheduleId


class MemoryDirectory:
    """A :class:`omnibook.ports.PatientDirectory` and ``ContactEditor`` over files in memory."""

    def __init__(self, patients: Iterable[Patient] = ()) -> None:
        self._patients = {patient.patient_id: patient for patient in patients}
        self._orders: set[OrderId] = set()
        self._lock = threading.RLock()

    def put(self, patient: Patient) -> None:
        """Keep a file, in place of what was kept under its identifier."""
        with self._lock:
            self._patients[patient.patient_id] = patient

    def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        """Every file that the keys could mean, and the survivors of merged ones."""
        with self._lock:
            return candidates_among(self._patients, keys)

    def get(self, patient_id: PatientId) -> Patient | None:
        """The file as it stands, with the identifiers of those that were merged into it."""
        with self._lock:
            patient = self._patients.get(patient_id)
            return None if patient is None else evolve(patient, replaces=self._merged(patient_id))

    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ContactPoint], *, order_id: OrderId
    ) -> Sequence[ContactPoint]:
        """Add the contacts that the file lacks, last and unverified, once for each order (R41)."""
        with self._lock:
            patient = self._patients.get(patient_id)
            if patient is None or order_id in self._orders:
                return ()
            patient = self._survivor(patient)
            added = patient.lacking(points)
            self._orders.add(order_id)
            self._patients[patient.patient_id] = evolve(
                patient, contacts=(*patient.contacts, *added)
            )
            return added

    def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Sequence[ContactPoint] | None:
        """Verify, move or remove a contact, once for each order (R41)."""
        with self._lock:
            patient = self._patients.get(patient_id)
            if patient is None:
                return None
            patient = self._survivor(patient)
            if order_id in self._orders:
                return patient.contacts
            contacts = edited(patient.contacts, edit)
            if contacts is None:
                return None
            self._orders.add(order_id)
            self._patients[patient.patient_id] = evolve(patient, contacts=contacts)
            return contacts

    def _merged(self, patient_id: PatientId) -> frozenset[PatientId]:
        return frozenset(
            each.patient_id
            for each in self._patients.values()
            if each.merged_into is not None and self._survivor(each).patient_id == patient_id
        )

    def _survivor(self, patient: Patient) -> Patient:
        seen = {patient.patient_id}
        while patient.merged_into is not None and patient.merged_into not in seen:
            seen.add(patient.merged_into)
            following = self._patients.get(patient.merged_into)
            if following is None:
                break
            patient = following
        return patient


class ClinicSchedules:
    """A :class:`omnibook.ports.ScheduleSource` that reads the openings of a clinic's file."""

    def __init__(self, clinic: Clinic) -> None:
        self._openings = {each.schedule_id: each.openings for each in clinic.schedules}

    def openings(self, schedule_ids: Sequence[ScheduleId]) -> dict[ScheduleId, tuple[Opening, ...]]:
        """The openings that the clinic configured."""
        return {each: self._openings.get(each, ()) for each in schedule_ids}

    def versions(self, schedule_ids: Sequence[ScheduleId]) -> dict[ScheduleId, str]:
        """The same for every schedule: a clinic does not change while it is served."""
        return dict.fromkeys(schedule_ids, "")
