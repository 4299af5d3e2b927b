"""What stands of a visit at one moment, read anew at each step (R16, R22)."""

from functools import partial
from typing import cast

from attrs import frozen

from omnibook.errors import InvalidValue
from omnibook.identity import Patient
from omnibook.ids import HoldId, VisitToken
from omnibook.ports import ReadScope
from omnibook.records import Visit
from omnibook.transactions import Scope, Snapshot
from omnibook.visits import decide_touch, visit_is_over
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
    if not isinstance(cast("object", visit), VisitToken):
        raise InvalidValue("visit must be a VisitToken; Portal.resume reads one from a text")
    clinic = wiring.clinic
    scope = Scope(clinic_id=clinic.clinic_id, visit=visit.visit_id, hold=hold_id)
    _, snapshot = await wiring.read(ReadScope(scope))
    record, policies = snapshot.visit, clinic.policies
    if record is None or visit_is_over(record, snapshot, policies):
        return None
    if snapshot.now - record.active_at > policies.visit_activity:
        touched = Scope(clinic_id=clinic.clinic_id, visit=record.visit_id)
        await wiring.transact(touched, partial(decide_touch, policies))
    patient = await wiring.live_file(record.patient_id)
    return Standing(snapshot=snapshot, visit=record, patient=patient)
