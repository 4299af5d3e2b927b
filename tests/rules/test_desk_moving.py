"""Staff confirm and move for a patient who phones (R38, R43, R44, R46–R48, R50)."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.audit import Operation
from omnibook.desk_moving import DeskMove, DeskPresence, decide_desk_move, decide_desk_presence
from omnibook.ids import OperationId, ScheduleId
from omnibook.records import VISITOR, Busy, EventKind, NoticeKind
from omnibook.transactions import Again, Scope, Snapshot
from support.busy import import_busy
from support.desk_walks import EVENING, QUARTER, book, booked, slot
from support.looking import actions, appointments, live_claims, on_schedules, trail
from support.worlds import (
    JEANS_FORM,
    STAFF,
    START,
    World,
    service,
    small_clinic,
    strangers_form,
    world,
)

S = ob.AppointmentStatus
COLLEAGUE = ob.Actor.staff("staff-8")
LATER = EVENING + timedelta(days=2)


def move(
    here: World, mine: ob.Appointment, start: datetime = LATER, on: str = "gagnon", **more: object
) -> object:
    wanted = {"revision": mine.revision, "actor": STAFF, **more}
    return here.desk.move(mine.appointment_id, on, start, **wanted)  # type: ignore[arg-type]


def moved(here: World, mine: ob.Appointment, *args: object, **more: object) -> ob.Appointment:
    outcome = move(here, mine, *args, **more)  # type: ignore[arg-type]
    assert isinstance(outcome, ob.Moved), outcome
    assert outcome.link.startswith(mine.appointment_id)
    return outcome.appointment


def claims(here: World) -> list[tuple[str, datetime, datetime]]:
    found = live_claims(on_schedules(here.store, ["gagnon", "nguyen"]))
    return [(each.schedule_id, each.span.start, each.span.end) for each in found]


# Move --------------------------------------------------------------------------------------------


def test_the_desk_moves_outside_openings_notice_and_eligibility() -> None:
    """R46–R48: the time is taken and the old one freed; the service is kept, presence is not."""
    here = world()
    mine = booked(here)
    here.desk.confirm_presence(mine.appointment_id, actor=STAFF)

    then = moved(here, mine, LATER, "nguyen")

    assert then.slot == ob.Slot(
        mine.slot.service_id, ScheduleId("nguyen"), LATER, LATER + timedelta(minutes=15)
    )
    assert (then.revision, then.presence, then.status) == (1, None, S.BOOKED)
    assert then.last_move is not None
    assert (then.last_move.by, then.last_move.old_slot) == (STAFF, mine.slot)
    assert appointments(here.store) == (then,)
    assert claims(here) == [("nguyen", LATER, LATER + QUARTER)]
    assert actions(here.store).count(("move", "appointment.moved")) == 1


def test_the_old_link_is_dead_and_the_new_one_leads_to_the_new_time() -> None:
    """R44: whoever moved it."""
    here = world()
    first = book(here)
    assert isinstance(first, ob.Booked)
    outcome = move(here, first.appointment)
    assert isinstance(outcome, ob.Moved)

    assert here.portal.show(first.link) == ob.LinkDead()
    shown = here.portal.show(outcome.link)
    assert isinstance(shown, ob.LinkedAppointment)
    assert shown.slot.start == LATER


def test_the_old_link_does_not_lead_to_where_the_desk_moved_it() -> None:
    """R44: only who moved by it can repeat its move, and hear the link that is good now."""
    here = world()
    first = book(here)
    assert isinstance(first, ob.Booked)
    outcome = move(here, first.appointment)
    assert isinstance(outcome, ob.Moved)

    assert here.portal.move(first.link, outcome.appointment.slot) == ob.LinkDead()


def test_a_move_that_is_repeated_is_done_once() -> None:
    """R38: by the revision that staff saw; a repeat shows the appointment as it now stands."""
    here = world()
    mine = booked(here)
    then = moved(here, mine)

    assert moved(here, mine) == then
    assert moved(here, then) == then
    assert moved(here, then, LATER) == then
    assert appointments(here.store) == (then,)
    assert actions(here.store).count(("move", "appointment.moved")) == 1
    assert actions(here.store).count(("read-appointment", "appointment.moved")) == 3
    here.dispatcher.run_once()
    assert [each.kind for each in here.events.told].count(EventKind.MOVED) == 1


def test_what_somebody_else_moved_meanwhile_is_not_moved_again() -> None:
    """R38: a late click changes nothing, and shows what became of it."""
    here = world()
    mine = booked(here)
    then = moved(here, mine)

    assert move(here, mine, LATER + QUARTER) == ob.MovedMeanwhile(appointment=then)
    final = moved(here, then, LATER + 2 * QUARTER)
    assert move(here, mine, LATER) == ob.MovedMeanwhile(appointment=final)
    assert move(here, mine, LATER + 2 * QUARTER) == ob.MovedMeanwhile(appointment=final)
    assert appointments(here.store) == (final,)
    assert actions(here.store).count(("read-appointment", "desk.moved-meanwhile")) == 3


@pytest.mark.parametrize("by", ["a booking", "a hold", "a busy time"])
def test_the_desk_never_moves_over_a_claim_or_a_busy_time(by: str) -> None:
    """R33, R40, R48: the old time stays as it is."""
    here = world()
    nine = START + timedelta(hours=2)
    mine, there = booked(here), slot(nine)
    if by == "a booking":
        booked(here, "r2", there, patient="p-jean")
    elif by == "a hold":
        here.hold(here.enter(JEANS_FORM), there)
    else:
        busy = Busy(span=there.span, schedule_id=there.schedule_id, busy_id="b")
        import_busy(here.store, here.clinic.clinic_id, (busy,))
    before = appointments(here.store), claims(here), actions(here.store)

    assert move(here, mine, nine) == ob.TimeTaken()
    assert move(here, mine, nine - QUARTER, duration=2 * QUARTER) == ob.TimeTaken()
    assert move(here, mine, nine + QUARTER, buffer_before=QUARTER) == ob.TimeTaken()
    assert (appointments(here.store), claims(here), actions(here.store)) == before
    if by == "a hold":
        here.wait(minutes=5)
        moved(here, mine, nine)


def test_an_appointment_may_overlap_where_it_stood() -> None:
    """R47: its own claim is ignored, and only its own."""
    here = world()
    mine = booked(here, where=slot(minutes=30))

    then = moved(here, mine, EVENING + QUARTER)

    assert then.slot.end == EVENING + 3 * QUARTER
    assert claims(here) == [("gagnon", EVENING + QUARTER, EVENING + 3 * QUARTER)]


def test_length_and_buffers_that_are_not_given_stay() -> None:
    """R27, R30."""
    here = world()
    mine = booked(here, where=slot(minutes=35), buffer_before=QUARTER, buffer_after=2 * QUARTER)

    same = moved(here, mine)
    other = moved(
        here, same, EVENING, duration=QUARTER, buffer_before=timedelta(), buffer_after=QUARTER
    )

    assert same.slot.end - same.slot.start == timedelta(minutes=35)
    assert same.claimed == same.slot.span.widened(QUARTER, 2 * QUARTER)
    assert (other.slot.end, other.claimed.start) == (EVENING + QUARTER, EVENING)
    assert other.claimed.end == EVENING + 2 * QUARTER


def test_who_had_arrived_is_expected_again_on_another_day_only() -> None:
    """R47: by the clinic's own calendar."""
    here = world()
    here.clock.set(EVENING)
    midnight = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
    mine = booked(here, where=slot(EVENING))
    here.desk.mark(mine.appointment_id, S.ARRIVED, actor=STAFF)

    today = moved(here, mine, midnight - QUARTER)
    tomorrow = moved(here, today, midnight)

    assert (today.status, tomorrow.status) == (S.ARRIVED, S.BOOKED)


@pytest.mark.parametrize("status", sorted(set(S) - {S.BOOKED, S.ARRIVED}))
def test_what_is_over_is_not_moved(status: S) -> None:
    """R47."""
    here = world()
    mine = booked(here)
    if status is S.CANCELLED:
        here.desk.cancel(mine.appointment_id, reason="", actor=STAFF)
    else:
        here.clock.set(EVENING)
        here.desk.mark(mine.appointment_id, status, actor=STAFF)

    assert move(here, mine) == ob.NotMovable(status=status)


def test_a_change_is_told_to_the_form_and_nothing_of_the_old_time_goes_out() -> None:
    """R42, R43, R46: one notice of the change, and the reminders of the new time alone."""
    here = world()
    mine = booked(here, where=slot(EVENING + timedelta(days=3)))
    here.dispatcher.run_once()
    before = len(here.notifier.sent)
    moved(here, mine, EVENING + timedelta(days=10))

    for _ in range(12):
        here.dispatcher.run_once()
        here.wait(days=1)

    kinds = [each.kind for each in here.notifier.sent[before:]]
    assert kinds == [NoticeKind.CHANGE, NoticeKind.CHANGE, NoticeKind.REMINDER]


def test_into_the_past_a_record_is_put_right_without_a_message() -> None:
    """R46, R48."""
    here = world()
    mine = booked(here)
    here.dispatcher.run_once()
    before = len(here.notifier.sent)
    here.wait(days=3)

    then = moved(here, mine, START + timedelta(hours=2))

    assert then.slot.start < here.clock.now()
    here.dispatcher.run_once()
    assert len(here.notifier.sent) == before


def test_a_service_that_is_silent_by_now_stays_silent() -> None:
    """R45."""
    here = world()
    mine = booked(here, messages=False)
    assert not moved(here, mine).messages
    quiet = world(small_clinic(services=(service("open", 15, messages=False),)))
    assert not moved(quiet, booked(quiet)).messages


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": LATER.replace(tzinfo=None)},
        {"start": LATER + timedelta(seconds=1)},
        {"start": datetime(9999, 1, 1, tzinfo=UTC)},
        {"start": datetime(1, 6, 1, tzinfo=UTC)},
        {"duration": timedelta()},
        {"duration": timedelta(seconds=90)},
        {"duration": timedelta.max},
        {"buffer_before": -timedelta(minutes=1)},
        {"buffer_after": timedelta(seconds=30)},
        {"buffer_after": timedelta(days=2)},
        {"actor": VISITOR},
        {"actor": None},
    ],
)
def test_what_cannot_be_a_time_is_misuse(wrong: dict[str, object]) -> None:
    """R30, R50: and nothing is moved."""
    here = world()
    mine = booked(here)

    with pytest.raises(ob.InvalidValue):
        move(here, mine, **wrong)  # type: ignore[arg-type]

    assert appointments(here.store) == (mine,)


@pytest.mark.parametrize("identifier", ["nothing", "", "\ud800", None])
def test_what_does_not_exist_is_neither_moved_nor_confirmed(identifier: str) -> None:
    here = world()
    mine = booked(here)

    assert here.desk.move(identifier, "gagnon", LATER, revision=0, actor=STAFF) == ob.NotFound()
    assert move(here, mine, on=identifier) == ob.NotFound()
    assert here.desk.confirm_presence(identifier, actor=STAFF) == ob.NotFound()
    assert appointments(here.store) == (mine,)


# Presence ----------------------------------------------------------------------------------------


def test_presence_is_confirmed_by_phone_once() -> None:
    """R43, R44, R50: the first answer is repeated, whoever asks; the host is told once."""
    here = world()
    mine = booked(here)
    first = here.desk.confirm_presence(mine.appointment_id, actor=STAFF)
    here.wait(minutes=3)
    again = here.desk.confirm_presence(mine.appointment_id, actor=COLLEAGUE)

    assert isinstance(first, ob.PresenceConfirmed)
    assert (first.presence.by, first.presence.at) == (STAFF, START)
    assert (first.slot, again) == (mine.slot, first)
    assert appointments(here.store)[0].presence == first.presence
    here.dispatcher.run_once()
    assert [each.kind for each in here.events.told].count(EventKind.PRESENCE_CONFIRMED) == 1
    assert actions(here.store).count(("confirm-presence", "presence.confirmed")) == 1
    assert actions(here.store).count(("read-appointment", "presence.confirmed")) == 1


def test_the_patient_and_the_desk_confirm_the_same_presence() -> None:
    """R44: whoever came first."""
    here = world()
    made = book(here)
    assert isinstance(made, ob.Booked)
    by_link = here.portal.confirm_presence(made.link)

    assert here.desk.confirm_presence(made.appointment.appointment_id, actor=STAFF) == by_link


def test_presence_is_confirmed_until_the_start() -> None:
    """R44."""
    here = world()
    mine = booked(here)
    refused = ob.NotConfirmable(status=S.BOOKED)

    here.clock.set(EVENING - timedelta(microseconds=1))
    assert isinstance(
        here.desk.confirm_presence(mine.appointment_id, actor=STAFF), ob.PresenceConfirmed
    )
    here.clock.set(EVENING)
    assert here.desk.confirm_presence(mine.appointment_id, actor=STAFF) == refused


def test_nobody_is_confirmed_who_is_not_expected() -> None:
    """R44: who has arrived, and who has cancelled."""
    here = world()
    arrived, gone = booked(here), booked(here, "r2", slot(EVENING + QUARTER))
    here.desk.mark(arrived.appointment_id, S.ARRIVED, actor=STAFF)
    here.desk.cancel(gone.appointment_id, reason="", actor=STAFF)

    for each, status in ((arrived, S.ARRIVED), (gone, S.CANCELLED)):
        outcome = here.desk.confirm_presence(each.appointment_id, actor=STAFF)
        assert outcome == ob.NotConfirmable(status=status)


def test_only_staff_confirm_at_the_desk() -> None:
    """R50: and the trail names whose presence it is by a keyed hash."""
    here = world()
    mine = booked(here, patient=strangers_form(3))
    with pytest.raises(ob.InvalidValue, match="staff"):
        here.desk.confirm_presence(mine.appointment_id, actor=VISITOR)
    here.desk.confirm_presence(mine.appointment_id, actor=STAFF)
    moved(here, mine)

    lines = {each.action: each for each in trail(here.store)}
    assert lines["confirm-presence"].subject == lines["desk-book"].subject is not None
    assert lines["move"].subject == lines["desk-book"].subject


# The decisions -----------------------------------------------------------------------------------


def test_decisions_ask_for_the_time_that_they_take_and_free() -> None:
    """R40: each alone and both together."""
    here = world()
    mine = booked(here)
    clinic_id = here.clinic.clinic_id
    operation = Operation(clinic_id=clinic_id, operation_id=OperationId("o"), actor=STAFF)
    request = DeskMove(
        clinic=here.clinic,
        appointment_id=mine.appointment_id,
        revision=0,
        schedule_id=ScheduleId("nguyen"),
        start=LATER,
        duration=None,
        buffer_before=None,
        buffer_after=None,
        operation=operation,
    )
    scope = Scope(clinic_id=clinic_id, appointment=mine.appointment_id)
    old = {mine.slot.schedule_id: mine.claimed}
    new = {request.schedule_id: request.slot_of(mine).span}
    presence = DeskPresence(appointment_id=mine.appointment_id, operation=operation)

    def seen(scope: Scope) -> Snapshot:
        return Snapshot(scope=scope, now=START, appointments={mine.appointment_id: mine})

    for known in ({}, old, new):
        wider = Again(scope.widened({**old, **new}))
        assert decide_desk_move(request, seen(scope.widened(known))) == wider
    assert decide_desk_presence(presence, seen(scope)) == Again(scope.widened(old))
    for decided in (
        decide_desk_move(request, evolve(seen(scope), appointments={})),
        decide_desk_presence(presence, evolve(seen(scope), appointments={})),
    ):
        assert not isinstance(decided, Again)
        assert (decided.outcome, decided.writes) == (ob.NotFound(), ())
