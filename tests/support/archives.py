"""Everything that a store keeps of the pools' clinic, and a plain judge of what outlives its time.

Records come from the kit's strategies, whose identifiers are few: so that all that a store keeps
can be asked for, by its own port.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve

from omnibook.clinic import Policies, Retention
from omnibook.daybits import by_day
from omnibook.ids import ClinicId, ScheduleId
from omnibook.ports import AuditTrail, FlagsOf, ReadOutlook, ReadScope, Store
from omnibook.records import Claim, ClaimKind, HoldState
from omnibook.testing.strategies.records import (
    APPOINTMENTS,
    EVENTS,
    HOLDS,
    NOTICES,
    ORDERS,
    SCHEDULES,
    VISITS,
)
from omnibook.testing.strategies.writes import EVERYTHING
from omnibook.times import Span, to_minute
from omnibook.transactions import Scope, Write

Contents = dict[str, dict[str, Any]]
"""Records by identifier, by kind."""

EVER = Span(datetime(1970, 1, 1, tzinfo=UTC), datetime(2970, 1, 1, tzinfo=UTC))
SHORT = Policies(
    visit_idle=timedelta(minutes=60),
    visit_total=timedelta(minutes=90),
    retention=Retention(
        visits=timedelta(hours=1),
        provisional=timedelta(hours=2),
        notices=timedelta(hours=3),
        audit=timedelta(hours=4),
    ),
)
"""So short that the pools' instants lie on both sides of each cut-off."""


def contents(store: Store, clinic_id: ClinicId) -> Contents:
    """Everything that is kept, asked for by identifier."""
    everything = evolve(EVERYTHING, clinic_id=clinic_id)
    _, wide = store.read(ReadScope(everything))
    for state in wide.schedules.values():
        # Booked days say nothing that claims do not say (R27, R40).
        assert state.booked == booked_by(state.claims)
    scopes = [
        *(Scope(clinic_id=clinic_id, visit=each) for each in VISITS),
        *(Scope(clinic_id=clinic_id, hold=each) for each in HOLDS),
        *(Scope(clinic_id=clinic_id, appointment=each) for each in APPOINTMENTS),
        *(Scope(clinic_id=clinic_id, notice=each) for each in NOTICES),
        *(Scope(clinic_id=clinic_id, event=each) for each in EVENTS),
        *(Scope(clinic_id=clinic_id, order=each) for each in ORDERS),
    ]
    found: Contents = {
        "claims": {each.owner: each for state in wide.schedules.values() for each in state.claims},
        **{kind: {} for kind in ("visits", "holds", "appointments", "notices", "events", "orders")},
    }
    for scope in scopes:
        _, snapshot = store.read(ReadScope(scope))
        found["holds"].update(snapshot.holds.items())
        found["appointments"].update(snapshot.appointments.items())
        for kind, record, name in (
            ("visits", snapshot.visit, "visit_id"),
            ("notices", snapshot.notice, "notice_id"),
            ("events", snapshot.event, "event_id"),
            ("orders", snapshot.order, "order_id"),
        ):
            if record is not None:
                found[kind][getattr(record, name)] = record
    identifiers = frozenset((*APPOINTMENTS, *HOLDS))
    _, flags = store.read(FlagsOf(clinic_id=clinic_id, appointments=identifiers))
    _, audit = store.read(AuditTrail(clinic_id=clinic_id, span=EVER))
    found["flags"] = {each.flag_id: each for each in flags}
    found["audit"] = {each.audit_id: each for each in audit}
    return found


def booked_by(claims: Iterable[Claim]) -> dict[int, int]:
    """The minutes that the appointments among these claims claim, by UTC day."""
    booked: dict[int, int] = {}
    for each in claims:
        if each.kind is ClaimKind.APPOINTMENT:
            for day, minutes in by_day(to_minute(each.span.start), to_minute(each.span.end)):
                booked[day] = booked.get(day, 0) | minutes
    return booked


def versions(store: Store, clinic_id: ClinicId) -> dict[ScheduleId, int]:
    """The version of each schedule."""
    outlook = store.read(ReadOutlook(scope=Scope(clinic_id=clinic_id)))[1]
    return {each: outlook.versions.get(each, 0) for each in SCHEDULES}


def freed(before: Contents, gone: dict[str, set[str]]) -> set[ScheduleId]:
    """The schedules on which an appointment's claim goes."""
    claims = (before["claims"].get(name) for name in gone["claims"])
    return {
        each.schedule_id
        for each in claims
        if each is not None and each.kind is ClaimKind.APPOINTMENT
    }


def outlived(before: Contents, now: datetime, policies: Policies) -> dict[str, set[str]]:
    """R51, in the plainest words: the identifiers of what a purge takes, by kind."""
    kept = policies.retention
    gone: dict[str, set[str]] = {kind: set() for kind in before}
    for name, visit in before["visits"].items():
        mine = [each for each in before["holds"].values() if each.visit_id == name]
        end = min(visit.active_at + policies.visit_idle, visit.started_at + policies.visit_total)
        end = max(end, visit.active_at)
        held = [each.expires_at for each in mine if each.state is HoldState.HELD]
        if max([end, *held]) + kept.visits <= now:
            gone["visits"].add(name)
            gone["holds"] |= {each.hold_id for each in mine}
    for name, appointment in before["appointments"].items():
        if appointment.patient_id is None and appointment.slot.end + kept.provisional <= now:
            gone["appointments"].add(name)
    for kind in ("notices", "orders", "events", "flags"):
        for name, each in before[kind].items():
            if each.appointment_id in gone["appointments"]:
                gone[kind].add(name)
    gone["notices"] |= {
        name for name, each in before["notices"].items() if each.not_before + kept.notices <= now
    }
    for kind in ("orders", "events"):
        gone[kind] |= {
            name
            for name, each in before[kind].items()
            if (each.done or each.failed) and each.not_before + kept.notices <= now
        }
    gone["audit"] = {name for name, each in before["audit"].items() if each.at + kept.audit <= now}
    gone["claims"] = {
        name
        for name, each in before["claims"].items()
        if name in gone["appointments"] or (each.kind is ClaimKind.HOLD and name in gone["holds"])
    }
    return gone


def without(before: Contents, gone: dict[str, set[str]]) -> Contents:
    return {
        kind: {name: each for name, each in records.items() if name not in gone[kind]}
        for kind, records in before.items()
    }


def moved(clinic_id: ClinicId, writes: Iterable[Write]) -> tuple[Write, ...]:
    """The writes, of another clinic."""
    return tuple(_moved(clinic_id, write) for write in writes)


def _moved(clinic_id: ClinicId, write: Any) -> Any:
    (name, *_) = write.__attrs_attrs__
    record = getattr(write, name.name)
    if hasattr(record, "clinic_id"):
        return evolve(write, **{name.name: evolve(record, clinic_id=clinic_id)})
    return write
