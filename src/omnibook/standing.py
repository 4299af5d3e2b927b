"""What stands of a visit at one moment, read anew at each step (R16, R22)."""

from collections.abc import Iterable
from functools import partial
from typing import cast

from attrs import evolve, frozen

from omnibook.clinic import Service
from omnibook.errors import InvalidValue
from omnibook.facts import Facts
from omnibook.identity import Patient
from omnibook.ids import HoldId, PatientId, VisitId, VisitToken
from omnibook.known_facts import facts_in
from omnibook.outlook import Outlook
from omnibook.ports import ReadOutlook, ReadScope
from omnibook.records import Visit
from omnibook.transactions import Scope, Snapshot
from omnibook.visits import asks_visits, decide_touch, visit_is_over
from omnibook.wiring import Wiring


@frozen(kw_only=True)
class Standing:
    """A visit that goes on, with what the store and the patient files say of it now."""

    snapshot: Snapshot
    visit: Visit
    patient: Patient | None
    """The live file of an identified visitor."""


async def standing_of(
    wiring: Wiring, visit: VisitToken, hold_id: HoldId | None = None
) -> Standing | None:
    """Read what stands of a visit, and record that it goes on; nothing when it is over or unknown.

    Activity is written only when its last record is over five minutes old (R16), whatever the step
    then answers: whoever keeps trying is not idle.

    With ``hold_id`` the snapshot has that hold's record too. Raises :class:`InvalidValue` for a
    ``visit`` that is no token.
    """
    _, snapshot = await wiring.read(ReadScope(evolve(_scope(wiring, visit), hold=hold_id)))
    return await _standing(wiring, snapshot)


async def standing_with_outlook(
    wiring: Wiring, visit: VisitToken
) -> tuple[Standing, Outlook] | None:
    """:func:`standing_of`, and what a search begins with: read at the same moment."""
    _, outlook = await wiring.read(ReadOutlook(_scope(wiring, visit)))
    standing = await _standing(wiring, outlook.snapshot)
    return None if standing is None else (standing, outlook)


def _scope(wiring: Wiring, visit: VisitToken) -> Scope:
    if not isinstance(cast("object", visit), VisitToken):
        raise InvalidValue("visit must be a VisitToken; Portal.resume reads one from a text")
    return Scope(clinic_id=wiring.clinic.clinic_id, visit=visit.visit_id)


async def _standing(wiring: Wiring, snapshot: Snapshot) -> Standing | None:
    record, policies = snapshot.visit, wiring.clinic.policies
    if record is None or visit_is_over(record, snapshot, policies):
        return None
    if snapshot.now - record.active_at > policies.visit_activity:
        touched = Scope(clinic_id=wiring.clinic.clinic_id, visit=record.visit_id)
        await wiring.transact(touched, partial(decide_touch, policies))
    # Of a visitor without a file, that of nobody is asked for: no call tells them apart (R10).
    patient = await wiring.live_file(record.patient_id or nobodys_file(record.visit_id))
    return Standing(snapshot=snapshot, visit=record, patient=patient)


def nobodys_file(visit_id: VisitId) -> PatientId:
    """The identifier of no file: what is looked up for a visitor who was not recognised (R10)."""
    return PatientId(visit_id)


async def facts_for(wiring: Wiring, standing: Standing, services: Iterable[Service]) -> Facts:
    """What is known of the visitor, as far as these services' criteria ask (R20, R22).

    The file's appointments are read only if one of them asks for visits.
    """
    clinic, patient = wiring.clinic, standing.patient
    snapshot = standing.snapshot
    if asks_visits(services):
        nobody = frozenset({nobodys_file(standing.visit.visit_id)})
        scope = Scope(
            clinic_id=clinic.clinic_id, patients=nobody if patient is None else patient.ids
        )
        _, snapshot = await wiring.read(ReadScope(scope))
        # Of the same moment as the rest: what is to come is told by the visit's own now.
        snapshot = evolve(snapshot, now=standing.snapshot.now)
    return facts_in(snapshot, patient, clinic.zone, acting_for=standing.visit.identity.acting_for)
