"""Laws of moving: what is listed under a link is what can be had by it (R26, R27, R40, R47)."""

from datetime import timedelta

from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from omnibook.audit import Operation
from omnibook.availability import claimed_span
from omnibook.booked_days import days_after
from omnibook.booking_form import BookingEntries
from omnibook.clinic import Reminders
from omnibook.ids import AppointmentId, OperationId, PatientId, ScheduleId, VisitId
from omnibook.kept_days import DayKeeper
from omnibook.moving import MoveRequest, decide_move, moved_to
from omnibook.notices import on_booking, on_move
from omnibook.outcomes import Moved, SlotTaken
from omnibook.preference import Filter
from omnibook.records import VISITOR, Appointment, NoticeKind, Slot
from omnibook.times import Span
from omnibook.transactions import Again, Decision, claims_after
from omnibook.wishes import Leaving
from support.naive_availability import Scene, generated, instant_of, minute_of, searched
from support.strategies_scenes import CARE, SCHEDULES, claim, lengths, rare, scenes, spans

ALL = 10**6
MINUTE = timedelta(minutes=1)
NOBODY = VisitId("nobody")
OWN = 99
Own = tuple[Scene, Appointment]


def leaving(own: Appointment) -> Leaving:
    return Leaving(slot=own.slot, claimed=own.claimed)


@st.composite
def appointments(draw: st.DrawFn, *, upcoming: bool = False) -> Own:
    """A scene, and an appointment in it: where a slot is offered mostly, or anywhere.

    Its buffers may be those of an older configuration, or the desk's.
    """
    scene = draw(scenes())
    if upcoming:
        # Whatever can be chosen, and by whomever: what decides is asked for all of it.
        scene = evolve(scene, chosen=Filter(), days_off=frozenset())
    free = searched(evolve(scene, holds=(), appointments=()), 40)
    if free and not rare(draw, 3):
        slot, buffers = draw(st.sampled_from(free)), lengths(0, 0, 10, 45)
        claimed = claimed_span(slot, scene.service)
        if draw(st.booleans()):
            claimed = slot.span.widened(draw(buffers), draw(buffers))
    else:
        claimed = draw(spans(scene.now.date()))
        name = draw(st.sampled_from(SCHEDULES))
        slot = Slot(scene.service.service_id, name, claimed.start, claimed.end)
    if upcoming:
        assume(slot.start > scene.now)
    others = tuple(
        each
        for each in scene.appointments
        if each.schedule_id != slot.schedule_id or not each.span.overlaps(claimed)
    )
    own = Appointment(
        clinic_id=scene.clinic.clinic_id,
        appointment_id=AppointmentId(f"appointment-{OWN}"),
        reference="K7TM-42QX",
        slot=slot,
        activity=CARE,
        claimed=claimed,
        patient_id=PatientId("file-1"),
        entries=BookingEntries(reason="a cough", details="", contacts=()),
        language="fr",
        booked_at=scene.now,
        booked_by=VISITOR,
    )
    return evolve(scene, appointments=others), own


def with_own(scene: Scene, own: Appointment) -> Scene:
    mine = claim(own.claimed, own.slot.schedule_id, OWN)
    return evolve(scene, appointments=(*scene.appointments, mine))


def free_without(scene: Scene, own: Appointment) -> list[Slot]:
    """What trying every minute finds where the appointment is not, but for the time it has."""
    found = generated(evolve(scene, visit_id=NOBODY, patient_id=None))
    return [each for each in found if each != own.slot]


@settings(max_examples=70)
@given(appointments())
def test_a_search_by_link_finds_what_would_be_free_without_the_appointment(drawn: Own) -> None:
    """R27, R47: its buffers included, and the slot that it has left out."""
    scene, own = drawn
    found = searched(with_own(scene, own), ALL, leaving=leaving(own))
    assert found == free_without(scene, own)


@settings(max_examples=35)
@given(appointments(), st.booleans())
def test_a_search_by_link_leaves_the_ordinary_list_as_it_is(drawn: Own, first: bool) -> None:
    """R28, R47: neither sees what the other worked out, in whichever order; nor is more found."""
    scene, own = drawn
    booked, keeper = with_own(scene, own), DayKeeper(scene.clinic)
    ordinary, free = generated(booked), free_without(scene, own)
    if first:
        assert searched(booked, ALL, keeper=keeper) == ordinary
    for _ in range(2):
        assert searched(booked, ALL, keeper=keeper, leaving=leaving(own)) == free
        assert searched(booked, ALL, keeper=keeper) == ordinary
    assert searched(booked, ALL, unsettled=SCHEDULES, leaving=leaving(own)) == free


@settings(max_examples=30)
@given(appointments(), st.integers(1, 12), st.data())
def test_a_page_by_link_is_the_next_of_all_that_is_free(
    drawn: Own, wanted: int, data: st.DataObject
) -> None:
    """R25, R26."""
    scene, own = drawn
    offered = free_without(scene, own)
    after = data.draw(st.sampled_from([*offered, own.slot])).rank
    found = searched(with_own(scene, own), wanted, after, leaving=leaving(own))
    assert found == [each for each in offered if each.rank > after][:wanted]


def decided(scene: Scene, own: Appointment, slot: Slot) -> Decision[object]:
    """What the decision says of a wish, with what a store would load for it."""
    operation = Operation(
        clinic_id=scene.clinic.clinic_id, operation_id=OperationId("o"), actor=VISITOR
    )
    request = MoveRequest(
        clinic=evolve(
            scene.clinic, policies=evolve(scene.clinic.policies, cancel_cutoff=timedelta())
        ),
        appointment_id=own.appointment_id,
        revision=0,
        slot=slot,
        openings=scene.openings[slot.schedule_id],
        patient=None,
        operation=operation,
    )
    booked, schedules = with_own(scene, own), dict[ScheduleId, Span]()
    while True:
        snapshot = evolve(booked.snapshot(schedules), appointments={own.appointment_id: own})
        answer = decide_move(request, snapshot)
        if isinstance(answer, Decision):
            # Nothing overlaps, whatever is written (R40), and the days of bits follow it.
            changed = claims_after(snapshot, answer.writes)
            days_after(snapshot, answer.writes, changed)
            return answer
        assert isinstance(answer, Again)
        schedules = dict(answer.scope.schedules)


@given(appointments(upcoming=True), st.data())
def test_a_move_is_accepted_exactly_where_the_list_offers_it(
    drawn: Own, data: st.DataObject
) -> None:
    """R27, R31, R47: but for the time that it has, where nothing changes."""
    scene, own = drawn
    listed = searched(with_own(scene, own), ALL, leaving=leaving(own))
    for slot in data.draw(wishes(scene, own, listed)):
        outcome = decided(scene, own, slot).outcome
        if slot == own.slot:
            assert outcome == Moved(appointment=own)
            continue
        assert isinstance(outcome, Moved | SlotTaken)
        assert isinstance(outcome, Moved) == (slot in listed), slot
        if isinstance(outcome, Moved):
            assert outcome.appointment.slot == slot
            assert outcome.appointment.claimed == claimed_span(slot, scene.service)


@st.composite
def wishes(draw: st.DrawFn, scene: Scene, own: Appointment, listed: list[Slot]) -> list[Slot]:
    """Slots that are listed, some beside them, some about the time it has, and any others."""
    horizon = scene.clinic.policies.horizon // MINUTE
    anywhere = st.integers(-60, horizon + 60).map(lambda n: minute_of(scene.now) + n)
    about = st.integers(-90, 90).map(lambda n: minute_of(own.slot.start) + n)
    starts = anywhere | about | anywhere.map(lambda n: n - n % 15)
    if listed:
        beside = st.sampled_from((0, 0, -1, 1, -15, 15))
        free = st.sampled_from(listed).map(lambda slot: minute_of(slot.start))
        starts |= st.builds(int.__add__, free, beside)
    picked = draw(st.lists(st.tuples(st.sampled_from(SCHEDULES), starts), max_size=12))
    service_id, duration = scene.service.service_id, scene.service.duration
    made = [
        Slot(service_id, name, instant_of(start), instant_of(start) + duration)
        for name, start in picked
    ]
    return [*made, own.slot]


@settings(max_examples=30)
@given(appointments(upcoming=True), st.data())
def test_after_a_move_the_old_time_is_free_and_the_new_one_taken(
    drawn: Own, data: st.DataObject
) -> None:
    """R46, R47: for everybody else, at once."""
    scene, own = drawn
    listed = searched(with_own(scene, own), ALL, leaving=leaving(own))
    assume(listed)
    outcome = decided(scene, own, data.draw(st.sampled_from(listed))).outcome
    assert isinstance(outcome, Moved)
    moved = outcome.appointment
    stranger = evolve(scene, visit_id=NOBODY, patient_id=None)
    assert searched(with_own(stranger, moved), ALL) == generated(with_own(stranger, moved))
    back = searched(with_own(scene, moved), ALL, leaving=leaving(moved))
    assert (own.slot in back) == (own.slot in generated(stranger))


OFFSETS = st.frozensets(
    st.sampled_from((30, 60, 180, 1440, 2880)).map(lambda n: n * MINUTE), max_size=3
)


@given(appointments(upcoming=True), OFFSETS, st.integers(0, 4000))
def test_a_move_queues_one_change_and_new_reminders_only(
    drawn: Own, offsets: frozenset[timedelta], later: int
) -> None:
    """R42, R43, R46: under identifiers of their own, none due before it was made."""
    scene, own = drawn
    policies = evolve(scene.clinic.policies, reminders=Reminders(offsets=tuple(offsets)))
    clinic = evolve(scene.clinic, policies=policies)
    slot = evolve(
        own.slot, start=own.slot.start + later * MINUTE, end=own.slot.end + later * MINUTE
    )
    moved = moved_to(
        own,
        slot,
        claimed=slot.span,
        activity=CARE,
        clinic=clinic,
        by=VISITOR,
        now=scene.now,
    )
    before = {write.notice.notice_id for write in on_booking(own, clinic)}
    notices = [write.notice for write in on_move(moved, clinic, scene.now)]

    assert len({each.notice_id for each in notices}) == len(notices)
    assert not before & {each.notice_id for each in notices}
    assert {each.revision for each in notices} <= {own.revision + 1}
    assert {each.kind for each in notices} <= {NoticeKind.CHANGE, NoticeKind.REMINDER}
    for each in notices:
        if each.kind is NoticeKind.REMINDER:
            assert scene.now < each.not_before < slot.start
        else:
            assert each.not_before == scene.now
