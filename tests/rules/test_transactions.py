"""What a decision's writes mean for the claims, and what a scope and a snapshot are (R34, R40)."""

from datetime import datetime, timedelta

import pytest
from attrs import evolve

from omnibook.errors import InvalidValue, StoreError
from omnibook.ids import HoldId, ScheduleId, ServiceId, VisitId
from omnibook.records import (
    Actor,
    ActorKind,
    Appointment,
    AppointmentStatus,
    Cancellation,
    Claim,
    ClaimKind,
    Hold,
    HoldState,
    NoticeRole,
    Slot,
)
from omnibook.testing.samples import (
    CLINIC,
    NOW,
    SCHEDULE,
    appointment,
    at,
    hold,
    hours,
    slot,
    visit,
)
from omnibook.times import Span
from omnibook.transactions import (
    PutAppointment,
    PutHold,
    PutVisit,
    ScheduleState,
    Scope,
    Snapshot,
    Write,
    claims_after,
)

OTHER = ScheduleId("dr-cote")
SCOPE = Scope(clinic_id=CLINIC, schedules={SCHEDULE: hours(-24, 24), OTHER: hours(-24, 24)})


def claim(of: Hold | Appointment) -> Claim:
    """The claim that a store keeps for it."""
    if isinstance(of, Hold):
        return Claim(
            span=of.claimed,
            schedule_id=of.slot.schedule_id,
            kind=ClaimKind.HOLD,
            owner=of.hold_id,
            expires_at=of.expires_at,
        )
    return Claim(
        span=of.claimed,
        schedule_id=of.slot.schedule_id,
        kind=ClaimKind.APPOINTMENT,
        owner=of.appointment_id,
    )


def knows(*things: Hold | Appointment, scope: Scope = SCOPE, now: datetime = NOW) -> Snapshot:
    """A snapshot in which these claim their time."""
    claims = tuple(sorted(map(claim, things)))
    return Snapshot(
        scope=scope,
        now=now,
        schedules={
            schedule_id: ScheduleState(
                schedule_id=schedule_id,
                span=span,
                claims=tuple(each for each in claims if each.schedule_id == schedule_id),
            )
            for schedule_id, span in scope.schedules.items()
        },
    )


def cancelled(of: Appointment) -> Appointment:
    cancellation = Cancellation(at=NOW, by=Actor.staff("staff-1"), reason="")
    return evolve(of, status=AppointmentStatus.CANCELLED, cancellation=cancellation)


# claims_after ------------------------------------------------------------------------------------


def test_a_hold_claims_its_time_with_its_buffers_until_it_expires() -> None:
    """R40, R27."""
    held = evolve(hold(), claimed=hours(0.5, 2.5))

    change = claims_after(knows(), [PutHold(held)])

    assert change.added == (claim(held),)
    assert change.added[0].span == hours(0.5, 2.5)
    assert change.added[0].expires_at == held.expires_at


@pytest.mark.parametrize("state", [state for state in HoldState if state is not HoldState.HELD])
def test_an_ended_hold_gives_its_time_back(state: HoldState) -> None:
    """R40."""
    change = claims_after(knows(hold()), [PutHold(hold(state=state))])

    assert change.removed == ("hold-1",)
    assert change.added == ()


@pytest.mark.parametrize("status", list(AppointmentStatus))
def test_an_appointment_claims_its_time_unless_its_status_says_otherwise(
    status: AppointmentStatus,
) -> None:
    """R40: in any status but cancelled, noshow, entered-in-error."""
    became = (
        cancelled(appointment())
        if status is AppointmentStatus.CANCELLED
        else evolve(appointment(), status=status)
    )

    change = claims_after(knows(appointment()), [PutAppointment(became)])

    assert change.removed == ("appointment-1",)
    assert bool(change.added) == (status.value not in {"cancelled", "noshow", "entered-in-error"})


@pytest.mark.parametrize("there", [hold("other", 1.5), appointment("other", 1.5)])
@pytest.mark.parametrize("wanted", [PutHold(hold()), PutAppointment(appointment())])
def test_a_live_claim_is_not_overlapped(
    there: Hold | Appointment, wanted: PutHold | PutAppointment
) -> None:
    """R40."""
    with pytest.raises(StoreError, match="R40"):
        claims_after(knows(there), [wanted])


@pytest.mark.parametrize("start", [0, 2])
def test_claims_that_touch_do_not_overlap(start: float) -> None:
    """R40: spans are half open."""
    change = claims_after(knows(appointment("other", start)), [PutHold(hold(start=1))])

    assert change.removed == ("hold-1",)


def test_the_same_time_on_another_schedule_is_free() -> None:
    """R40."""
    there = appointment("other", schedule=OTHER)

    assert claims_after(knows(there), [PutHold(hold())]).removed == ("hold-1",)


def test_a_lapsed_hold_in_the_way_is_swept() -> None:
    """R34, R40: from its expiry on, to the microsecond."""
    lapsed = hold("lapsed", 1.5, minutes=5)
    write = PutAppointment(appointment())
    expiry = at(5 / 60)

    with pytest.raises(StoreError, match="R40"):
        claims_after(knows(lapsed, now=expiry - timedelta(microseconds=1)), [write])
    change = claims_after(knows(lapsed, now=expiry), [write])
    assert set(change.removed) == {"lapsed", "appointment-1"}


def test_a_lapsed_hold_that_is_not_in_the_way_is_left_alone() -> None:
    """R34."""
    lapsed = hold("lapsed", 5, minutes=-1)

    assert claims_after(knows(lapsed), [PutHold(hold())]).removed == ("hold-1",)


def test_what_the_same_decision_ends_makes_room() -> None:
    """R35: a swap is one decision, in whichever order it is written."""
    old, new = hold("old", 1), hold("new", 1.5)
    swap = [PutHold(evolve(old, state=HoldState.SWAPPED)), PutHold(new)]

    for writes in (swap, swap[::-1]):
        change = claims_after(knows(old), writes)

        assert set(change.removed) == {"old", "new"}
        assert change.added == (claim(new),)


def test_a_claim_may_move_over_where_it_was() -> None:
    """R40: its own former time is no obstacle."""
    moved = evolve(appointment(), slot=slot(1.5), claimed=slot(1.5).span)

    assert claims_after(knows(appointment()), [PutAppointment(moved)]).added == (claim(moved),)


@pytest.mark.parametrize(
    "second", [hold("second", 1.5), appointment("second", 1.5)], ids=["hold", "appointment"]
)
def test_two_claims_of_one_decision_do_not_overlap_each_other(second: Hold | Appointment) -> None:
    """R40."""
    write = PutHold(second) if isinstance(second, Hold) else PutAppointment(second)

    with pytest.raises(StoreError, match="R40"):
        claims_after(knows(), [PutHold(hold()), write])


def test_two_claims_of_one_decision_stand_side_by_side() -> None:
    """R40."""
    writes = [
        PutHold(hold("a", 1)),
        PutHold(hold("b", 2)),
        PutHold(hold("c", 1, schedule=OTHER)),
    ]

    assert len(claims_after(knows(), writes).added) == 3


def test_a_booked_hold_becomes_its_appointments_claim_in_whichever_order() -> None:
    """R37: the appointment has the hold's identifier."""
    booked = appointment("hold-1")
    writes: list[Write] = [PutHold(hold(state=HoldState.BOOKED)), PutAppointment(booked)]

    for each in (writes, writes[::-1]):
        change = claims_after(knows(hold()), each)

        assert change.removed == ("hold-1",)
        assert change.added == (claim(booked),)


def test_a_hold_that_is_written_after_it_was_booked_does_not_free_the_appointment() -> None:
    """R40."""
    change = claims_after(knows(appointment("hold-1")), [PutHold(hold(state=HoldState.BOOKED))])

    assert (change.removed, change.added) == ((), ())


def test_a_hold_does_not_take_over_the_claim_of_an_appointment() -> None:
    """R40: whether its schedule, or only its record, was loaded."""
    booked = appointment("hold-1")
    for known in (knows(booked), evolve(knows(), appointments={booked.appointment_id: booked})):
        with pytest.raises(StoreError, match="R40"):
            claims_after(known, [PutHold(hold())])
    with pytest.raises(StoreError, match="R40"):
        claims_after(knows(), [PutAppointment(booked), PutHold(hold())])
    elsewhere = evolve(knows(), appointments={booked.appointment_id: booked})
    assert claims_after(elsewhere, [PutHold(hold(state=HoldState.BOOKED))]).removed == ()


def test_the_last_write_of_a_record_counts() -> None:
    writes = [PutHold(hold()), PutHold(hold(state=HoldState.RELEASED))]
    booked = [PutAppointment(appointment()), PutAppointment(cancelled(appointment()))]

    assert claims_after(knows(), writes).added == ()
    assert claims_after(knows(), booked).added == ()


def test_time_outside_the_scope_cannot_be_claimed() -> None:
    """R40: nobody looked at what stands there."""
    narrow = Scope(clinic_id=CLINIC, schedules={SCHEDULE: hours(1, 2)})

    with pytest.raises(StoreError, match="scope"):
        claims_after(knows(scope=narrow), [PutHold(hold(schedule=OTHER))])
    with pytest.raises(StoreError, match="scope"):
        claims_after(knows(scope=narrow), [PutHold(evolve(hold(), claimed=hours(1, 2.25)))])
    assert claims_after(knows(scope=narrow), [PutHold(hold())]).added


def test_other_writes_claim_nothing() -> None:
    change = claims_after(knows(hold()), [PutVisit(visit())])

    assert (change.removed, change.added) == ((), ())


# Scope and snapshot ------------------------------------------------------------------------------


def test_a_scope_is_widened_by_schedules_and_joined_spans() -> None:
    scope = Scope(clinic_id=CLINIC, schedules={SCHEDULE: hours(1, 2)}, visit=VisitId("v"))

    wider = scope.widened({SCHEDULE: hours(5, 6), OTHER: hours(0, 1)})

    assert wider.schedules == {SCHEDULE: hours(1, 6), OTHER: hours(0, 1)}
    assert wider.visit == "v"
    assert wider.widened({SCHEDULE: hours(2, 3)}).schedules == wider.schedules
    assert wider.widened({SCHEDULE: hours(0, 2)}).schedules[SCHEDULE] == hours(0, 6)
    assert scope.schedules == {SCHEDULE: hours(1, 2)}


def test_a_scope_keeps_its_own_schedules() -> None:
    spans = {SCHEDULE: hours(1, 2)}
    scope = Scope(clinic_id=CLINIC, schedules=spans)
    spans.clear()

    assert scope.schedules == {SCHEDULE: hours(1, 2)}
    assert hash(scope) == hash(Scope(clinic_id=CLINIC))


def test_a_snapshot_knows_the_live_hold_of_a_visit_and_the_order_of_all() -> None:
    """R34, R35."""
    holds = [
        evolve(hold("swapped", state=HoldState.SWAPPED), created_at=at(-2)),
        evolve(hold("lapsed", minutes=0), created_at=at(-1)),
        hold("live"),
        hold("another's", visit_id="visit-2"),
    ]
    snapshot = Snapshot(
        scope=SCOPE, now=NOW, holds={each.hold_id: each for each in reversed(holds)}
    )

    mine = snapshot.holds_of(VisitId("visit-1"))
    assert [each.hold_id for each in mine] == ["swapped", "lapsed", "live"]
    assert snapshot.live_hold_of(VisitId("visit-1")) == holds[2]
    assert snapshot.live_hold_of(VisitId("visit-3")) is None
    assert {each.hold_id for each in snapshot.live_holds()} == {"live", "another's"}


# Records -----------------------------------------------------------------------------------------


def test_a_hold_and_a_claim_are_live_until_their_expiry() -> None:
    """R34."""
    held = hold()

    for live in (held.is_live, claim(held).is_live):
        assert live(held.expires_at - timedelta(microseconds=1))
        assert not live(held.expires_at)
    assert not hold(state=HoldState.RELEASED).is_live(NOW)
    assert claim(appointment()).is_live(NOW.replace(year=9999))


def test_a_slot_is_a_stretch_of_whole_minutes() -> None:
    """R30."""
    made = slot(1)

    assert made.span == Span(at(1), at(2))
    assert made.rank == (at(1), SCHEDULE, at(2))
    with pytest.raises(InvalidValue, match="after"):
        Slot(ServiceId("s"), SCHEDULE, at(1), at(1))
    with pytest.raises(InvalidValue, match="whole"):
        Slot(ServiceId("s"), SCHEDULE, at(1) + timedelta(seconds=1), at(2))
    with pytest.raises(InvalidValue, match="zone"):
        Slot(ServiceId("s"), SCHEDULE, at(1).replace(tzinfo=None), at(2))


def test_an_appointment_is_of_a_file_or_of_a_provisional_person() -> None:
    """R15."""
    assert appointment().is_provisional
    assert not appointment(patient="file-1").is_provisional
    with pytest.raises(InvalidValue, match="provisional"):
        evolve(appointment(), provisional=None)
    with pytest.raises(InvalidValue, match="provisional"):
        evolve(appointment(patient="file-1"), provisional=appointment().provisional)


def test_a_cancelled_appointment_and_no_other_says_when_by_whom_and_why() -> None:
    """R47."""
    with pytest.raises(InvalidValue, match="why"):
        evolve(appointment(), status=AppointmentStatus.CANCELLED)
    with pytest.raises(InvalidValue, match="why"):
        evolve(cancelled(appointment()), status=AppointmentStatus.BOOKED)


def test_a_member_of_staff_has_an_identifier_and_nobody_else() -> None:
    """R50."""
    assert Actor.staff("staff-1") == Actor(ActorKind.STAFF, "staff-1")
    for kind, staff_id in (
        (ActorKind.STAFF, None),
        (ActorKind.STAFF, ""),
        (ActorKind.VISITOR, "x"),
    ):
        with pytest.raises(InvalidValue, match="staff_id"):
            Actor(kind, staff_id)


def test_a_role_names_a_kind_of_address_except_the_main_contact() -> None:
    """R42, R43."""
    assert [role.system for role in NoticeRole] == ["phone", "email", None]


def test_records_show_no_personal_value() -> None:
    """R50: in what is printed or logged by accident."""
    shown = repr([visit(), hold(patient="file-9"), cancelled(appointment()), knows(hold())])

    for personal in ("Tremblay", "2004", "555", "example.org", "sore throat", "file-9"):
        assert personal not in shown
    assert HoldId("hold-1") in shown
