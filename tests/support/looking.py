"""Looking from outside: what a store keeps, by public queries only, and which ports are called."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from omnibook.ids import ClinicId, ScheduleId, VisitId
from omnibook.ports import AppointmentsWithin, AuditTrail, FlagsOf, ReadScope, Store
from omnibook.records import Appointment, AuditEvent, Claim, Flag, Hold
from omnibook.times import Span
from omnibook.transactions import Scope, Snapshot

ALWAYS = Span(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def trail(store: Store, clinic_id: str = "clinic") -> tuple[AuditEvent, ...]:
    """The whole audit trail, oldest first."""
    return store.read(AuditTrail(clinic_id=ClinicId(clinic_id), span=ALWAYS))[1]


def actions(store: Store) -> list[tuple[str, str]]:
    """The trail's actions with their codes, notices without their identifiers."""
    return sorted((each.action.split()[0], each.code) for each in trail(store))


def appointments(store: Store, clinic_id: str = "clinic") -> tuple[Appointment, ...]:
    """Every appointment, of any status."""
    return store.read(AppointmentsWithin(clinic_id=ClinicId(clinic_id), span=ALWAYS))[1]


def flags(store: Store, appointment_id: str) -> tuple[Flag, ...]:
    """What staff see flagged about one appointment."""
    query = FlagsOf(clinic_id=ClinicId("clinic"), appointments=frozenset({appointment_id}))
    return store.read(query)[1]


def on_schedules(store: Store, names: Iterable[str], clinic_id: str = "clinic") -> Snapshot:
    """Everything that stands on these schedules, lapsed claims included."""
    span = Span(ALWAYS.start + timedelta(days=9000), ALWAYS.start + timedelta(days=11000))
    scope = Scope(
        clinic_id=ClinicId(clinic_id), schedules={ScheduleId(name): span for name in names}
    )
    return store.read(ReadScope(scope))[1]


def live_claims(snapshot: Snapshot) -> list[Claim]:
    """The claims that occupy time now."""
    claims = (claim for state in snapshot.schedules.values() for claim in state.claims)
    return [claim for claim in claims if claim.is_live(snapshot.now)]


def holds_of(store: Store, visit_id: VisitId, clinic_id: str = "clinic") -> tuple[Hold, ...]:
    """Every hold record of a visit."""
    scope = Scope(clinic_id=ClinicId(clinic_id), visit=visit_id)
    return store.read(ReadScope(scope))[1].holds_of(visit_id)


class Noting:
    """Passes every call on, and notes whose method it was and what kinds of things it got."""

    def __init__(self, name: str, port: object, calls: list[tuple[str, ...]]) -> None:
        self._name, self._port, self._calls = name, port, calls

    def __getattr__(self, method: str) -> Callable[..., object]:
        called = getattr(self._port, method)

        def passed_on(*args: object, **more: object) -> object:
            kinds = (type(each).__name__ for each in (*args, *more.values()))
            self._calls.append((self._name, method, *kinds))
            return called(*args, **more)

        return passed_on
