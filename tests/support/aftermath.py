"""What must hold after a storm, or after any other race: nothing twice, nothing lost, nothing half.

Each ``assert`` names what is wrong. What was acknowledged is what the processes told of
(:class:`support.storm.Told`); what is kept is read by the public queries only.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise

from attrs import frozen

from omnibook.clinic import Clinic
from omnibook.ids import EventId, HoldId, NoticeId, derived_id
from omnibook.notices import on_booking, on_cancellation, on_move
from omnibook.ports import ReadScope, Store
from omnibook.records import (
    ActorKind,
    Appointment,
    AppointmentStatus,
    Claim,
    ClaimKind,
    EventKind,
    HoldState,
)
from omnibook.times import Span
from omnibook.transactions import Scope, Snapshot
from support.looking import appointments, live_claims, on_schedules, trail
from support.storm import HOLD, SCHEDULES, Told, of, stormy_clinic


@frozen
class Found:
    """What there was to check, so that a test can demand that it was something."""

    appointments: int
    cancelled: int
    reviews: int
    retaken: int
    """Holds of a time that somebody else had held and let lapse."""
    failures: Mapping[str, int]
    """What the store raised meanwhile, and how often."""


def check(store: Store, told: Sequence[Told], *, at_most: int = 2000) -> Found:
    """Check everything; what takes a read for each appointment, for ``at_most`` of them.

    R31, R33, R34, R38, R39, R40.
    """
    leaked = [each.owner for each in of(told, "leaked")]
    assert not leaked, leaked
    made = appointments(store)
    assert_no_overlap(made)
    assert_claims_match(store, made)
    _assert_acknowledged(made, told)
    _assert_holds_exclude(made, told)
    assert_whole(store, made, stormy_clinic(), at_most=at_most)
    return Found(
        appointments=len(made),
        cancelled=sum(not each.status.occupies for each in made),
        reviews=len(of(told, "held")) + len(of(told, "refused")),
        retaken=_retaken(told),
        failures=Counter(each.owner for each in of(told, "failed")),
    )


def assert_sound(store: Store, clinic: Clinic) -> int:
    """Nothing overlaps, and nothing is half-written (R39, R40). How many appointments there are."""
    made = appointments(store)
    assert_no_overlap(made)
    assert_claims_match(store, made)
    assert_whole(store, made, clinic)
    return len(made)


def assert_no_overlap(made: Iterable[Appointment]) -> None:
    """R40."""
    taken: dict[str, list[tuple[Span, str]]] = defaultdict(list)
    for each in made:
        if each.status.occupies:
            taken[each.slot.schedule_id].append((each.claimed, each.appointment_id))
    for spans in taken.values():
        for (one, first), (other, second) in pairwise(sorted(spans)):
            assert not one.overlaps(other), (first, second)


def assert_claims_match(
    store: Store, made: Iterable[Appointment], schedules: Iterable[str] = SCHEDULES
) -> None:
    """What occupies time is exactly the appointments, and the holds that say so (R39, R40)."""
    seen = on_schedules(store, schedules)
    claims = live_claims(seen)
    by_schedule: dict[str, list[Claim]] = defaultdict(list)
    for each in claims:
        by_schedule[each.schedule_id].append(each)
    for listed in by_schedule.values():
        for one, other in pairwise(sorted(listed, key=lambda claim: claim.span)):
            assert not one.span.overlaps(other.span), (one, other)
    claimed = {each.owner: each.span for each in claims if each.kind is ClaimKind.APPOINTMENT}
    booked = {each.appointment_id: each.claimed for each in made if each.status.occupies}
    assert claimed == booked, ("claims and appointments differ", claimed.keys() ^ booked.keys())
    for each in claims:
        if each.kind is ClaimKind.HOLD:
            hold = seen.holds.get(HoldId(each.owner))
            assert hold is not None, ("no such hold", each)
            kept = (hold.state, hold.claimed, hold.expires_at)
            assert kept == (HoldState.HELD, each.span, each.expires_at), ("no such hold", each)


def assert_whole(
    store: Store, made: Sequence[Appointment], clinic: Clinic, *, at_most: int = 2000
) -> None:
    """Each appointment with its notices, event, audit and hold: all of them (R39)."""
    cancellations = [each.cancellation for each in made if each.cancellation is not None]
    _assert_audited(store, "appointment.booked", [each.booked_at for each in made])
    _assert_audited(store, "appointment.cancelled", [each.at for each in cancellations])
    _assert_moves_audited(store, made)
    step = max(1, len(made) // at_most)
    for each in made[::step]:
        _assert_one_whole(store, each, clinic)


def _assert_audited(store: Store, code: str, instants: Sequence[datetime]) -> None:
    """R50. Staff who ask again are shown the appointment again, which is one line more."""
    lines = [each for each in trail(store) if each.code == code]
    assert not Counter(instants) - Counter(each.at for each in lines), ("not audited", code)
    more = len(lines) - len(instants)
    by_staff = sum(each.actor.kind is ActorKind.STAFF for each in lines)
    assert 0 <= more <= by_staff, ("audited twice", code)


def _assert_moves_audited(store: Store, made: Sequence[Appointment]) -> None:
    """R46, R50: a line for each revision, by whomever."""
    lines = Counter(each.code for each in trail(store))
    assert lines["appointment.moved"] == sum(each.revision for each in made), "moves not audited"


def _assert_one_whole(store: Store, made: Appointment, clinic: Clinic) -> None:
    owner = made.appointment_id
    queued = list(on_booking(made, clinic))
    events: list[tuple[EventKind, tuple[str, ...]]] = [(EventKind.BOOKED, ())]
    if made.last_move is not None:
        # What was queued for earlier revisions is told by nothing any more.
        queued = list(on_move(made, clinic, made.last_move.at))
        events += [(EventKind.MOVED, (str(n + 1),)) for n in range(made.revision)]
    if made.cancellation is not None:
        queued += on_cancellation(made, clinic, made.cancellation.at)
        events.append((EventKind.CANCELLED, ()))
    for write in queued:
        notice_id: NoticeId = write.notice.notice_id
        seen = _look(store, Scope(clinic_id=clinic.clinic_id, notice=notice_id))
        assert seen.notice is not None, ("no notice", write.notice.kind, owner)
    for kind, which in events:
        event_id = EventId(derived_id("event", clinic.clinic_id, kind, owner, *which))
        event = _look(store, Scope(clinic_id=clinic.clinic_id, event=event_id)).event
        assert event is not None, ("no event", kind, owner)
        assert event.appointment_id == owner, ("another's event", kind, owner)
    hold = _look(store, Scope(clinic_id=clinic.clinic_id, hold=HoldId(owner))).holds.get(
        HoldId(owner)
    )
    # The desk books without a hold.
    assert (hold is None) == (made.source is None), ("no hold", owner)
    assert hold is None or hold.state is HoldState.BOOKED, ("the hold is not booked", owner)


def _look(store: Store, scope: Scope) -> Snapshot:
    return store.read(ReadScope(scope))[1]


def _assert_acknowledged(made: Iterable[Appointment], told: Sequence[Told]) -> None:
    """Whatever anybody was told is kept (R38, R40)."""
    kept: dict[str, Appointment] = {each.appointment_id: each for each in made}
    may_be_cancelled = {each.owner for each in of(told, "cancelling")}
    for each in of(told, "booked"):
        assert each.owner in kept, ("lost", each)
        found = kept[each.owner]
        assert found.claimed == each.span, ("moved", each)
        assert found.status.occupies or each.owner in may_be_cancelled, ("gone", each)
    for each in of(told, "cancelled"):
        assert kept[each.owner].status is AppointmentStatus.CANCELLED, ("not cancelled", each)
    # Nor is anything kept that nobody asked for.
    nobodys = kept.keys() - {each.owner for each in of(told, "booking")}
    assert not nobodys, ("nobody asked for", nobodys)


def _assert_holds_exclude(made: Iterable[Appointment], told: Sequence[Told]) -> None:
    """While somebody holds a time, nobody else holds or books any of it (R31, R33, R34)."""
    given_up = {each.owner for what in ("releasing", "cancelling") for each in of(told, what)}
    by_day: dict[tuple[str, date], list[Appointment]] = defaultdict(list)
    for appointment in made:
        days = {appointment.claimed.start.date(), appointment.claimed.end.date()}
        for day in days:
            by_day[appointment.slot.schedule_id, day].append(appointment)
    for held in of(told, "held"):
        if held.owner in given_up:
            continue
        span, until = _span(held), held.until
        assert until is not None
        for other in by_day[held.schedule_id, span.start.date()]:
            if other.appointment_id != held.owner and other.claimed.overlaps(span):
                at_once = until - HOLD <= other.booked_at < until
                assert not at_once, ("booked over a live hold", held, other.appointment_id)
    for one, following in _one_after_the_other(told):
        if one.owner not in given_up:
            assert one.until is not None
            assert following.until is not None
            assert following.until - one.until >= HOLD, ("held twice", one, following)


def _retaken(told: Sequence[Told]) -> int:
    given_up = {each.owner for what in ("releasing", "cancelling") for each in of(told, what)}
    return sum(one.owner not in given_up for one, _ in _one_after_the_other(told))


def _one_after_the_other(told: Sequence[Told]) -> list[tuple[Told, Told]]:
    """The holds of each time, each with the next one of the same time."""
    by_time: dict[tuple[str, Span], list[Told]] = defaultdict(list)
    for each in of(told, "held"):
        by_time[each.schedule_id, _span(each)].append(each)
    return [
        pair
        for holds in by_time.values()
        for pair in pairwise(sorted(holds, key=lambda each: str(each.until)))
    ]


def _span(told: Told) -> Span:
    assert told.span is not None
    return told.span
