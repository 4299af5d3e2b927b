"""Laws of availability: the engine finds what trying every minute finds (R24, R26–R28, R30)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from omnibook.availability import (
    Judgement,
    Obstacle,
    Own,
    agenda,
    claimed_span,
    is_plausible,
    judge,
)
from omnibook.clinic import Closure, Opening, Policies, Recurrence, Release
from omnibook.ids import ActivityId, PatientId, PractitionerId, ScheduleId
from omnibook.preference import Filter
from omnibook.records import Busy, ClaimKind, Slot
from omnibook.times import Span
from support.naive_availability import (
    Scene,
    closed_at,
    generated,
    held,
    in_the_way,
    instant_of,
    minute_of,
    offering,
    placed,
    searched,
    shown,
)
from support.strategies_scenes import (
    FILES,
    NIGHTS,
    SCHEDULES,
    SHOT,
    VISITS,
    claim,
    desk_opening,
    holds,
    scenes,
)
from support.worlds import CARE, START, TORONTO, opening, schedule, service, small_clinic

ALL = 10**6
MINUTE = timedelta(minutes=1)


def wall(month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """A wall time of 2026."""
    return datetime.combine(date(2026, month, day), time(hour, minute, second))


def judged(scene: Scene, slot: Slot) -> Judgement:
    """What the engine says of one slot, as *Review* asks it."""
    wanted = scene.clinic.schedule(slot.schedule_id)
    assert wanted is not None
    snapshot = scene.snapshot({slot.schedule_id: claimed_span(slot, scene.service)})
    openings = scene.openings[slot.schedule_id]
    state = snapshot.schedules[slot.schedule_id]
    return judge(
        slot,
        scene.service,
        agenda(scene.clinic, wanted, openings, state, scene.now),
        now=scene.now,
        policies=scene.clinic.policies,
        ignoring=Own.of(snapshot, scene.visit_id, ()).visit_holds,
    )


# Searching ------------------------------------------------------------------------------------


@given(scenes())
def test_a_search_finds_what_trying_every_minute_finds(scene: Scene) -> None:
    """R24, R27, R28, R30."""
    assert searched(scene, ALL) == generated(scene)


@settings(max_examples=50)
@given(scenes(), st.integers(1, 12), st.data())
def test_a_page_is_the_next_of_all_that_is_offered(
    scene: Scene, wanted: int, data: st.DataObject
) -> None:
    """R25, R26: strictly after the last one shown, offered still or not, in the total order."""
    offered = generated(scene)
    whenever = scene.now + data.draw(st.integers(-90, 60 * 24)) * timedelta(minutes=1)
    taken = Slot(scene.service.service_id, SCHEDULES[1], *_whole(whenever, scene))
    after = data.draw(st.sampled_from([*offered, taken])).rank
    assert (
        searched(scene, wanted, after) == [each for each in offered if each.rank > after][:wanted]
    )


def _whole(moment: datetime, scene: Scene) -> tuple[datetime, datetime]:
    start = moment.replace(second=0, microsecond=0)
    return start, start + scene.service.duration


@settings(max_examples=25)
@given(
    st.sets(st.integers(0, 250), min_size=1, max_size=8),
    st.integers(1, 251),
    st.sampled_from((None, 3, 40, 120)),
    st.sampled_from((1, 5, ALL)),
)
def test_far_times_are_found_whatever_lies_between(
    days: set[int], horizon: int, since: int | None, wanted: int
) -> None:
    """R27: windows grow, over both changes of the clock, and none is stepped over."""
    first = date(2026, 3, 2)
    once = [Recurrence.once(first + timedelta(days=day)) for day in days]
    clinic = small_clinic(
        schedules=(
            schedule("a", *(opening(time(1), time(3, 15), recurrence=each) for each in once)),
            schedule(
                "b",
                *(
                    opening(time(23), time(0), ends_next_day=True, recurrence=each)
                    for each in once[:3]
                ),
            ),
        ),
        closures=(Closure(start=wall(4, 1), end=wall(6, 30)),),
        policies=evolve(Policies(), horizon=timedelta(days=horizon)),
    )
    chosen = Filter(first=None if since is None else first + timedelta(days=since))
    scene = Scene(clinic=clinic, service=service("visit", 45), now=START, chosen=chosen)
    assert searched(scene, wanted) == generated(scene)[:wanted]


def test_nothing_is_asked_where_no_schedule_fits() -> None:
    """R24: a practitioner without a schedule of this clinic; R29: an answer, no error."""
    scene = Scene(clinic=small_clinic(), service=service("visit"), now=START)
    assert searched(evolve(scene, chosen=Filter(practitioner_id=PractitionerId("x"))), 5) == []
    assert searched(evolve(scene, chosen=Filter(first=date.max)), 5) == []
    assert searched(evolve(scene, chosen=Filter(last=date.min)), 5) == []


# Judging --------------------------------------------------------------------------------------


@given(scenes(), st.data())
def test_a_slot_is_listed_exactly_when_nothing_stands_against_it(
    scene: Scene, data: st.DataObject
) -> None:
    """R27, R28, R38, R45: and each obstacle is the one that is there."""
    scene = evolve(scene, chosen=Filter(), days_off=frozenset())
    offered = searched(scene, ALL)
    for slot in data.draw(_near(scene, offered)):
        wanted = scene.clinic.schedule(slot.schedule_id)
        assert wanted is not None
        judgement = judged(scene, slot)
        assert (not judgement.obstacles or slot in held(scene)) == (slot in offered), slot

        first, last = minute_of(slot.start), minute_of(slot.end)
        found = set(judgement.obstacles)
        kinds = set(in_the_way(scene, slot))
        policies = scene.clinic.policies
        assert (Obstacle.BUSY in found) == (None in kinds)
        assert (Obstacle.HELD in found) == (ClaimKind.HOLD in kinds)
        assert (Obstacle.BOOKED in found) == (ClaimKind.APPOINTMENT in kinds)
        assert (Obstacle.CLOSED in found) == closed_at(scene, wanted, first, last)
        assert (Obstacle.ALREADY_STARTED in found) == (slot.start <= scene.now)
        assert (Obstacle.TOO_SOON in found) == (slot.start - scene.now < policies.minimum_notice)
        assert (Obstacle.BEYOND_HORIZON in found) == (slot.start - scene.now >= policies.horizon)
        assert Obstacle.WRONG_LENGTH not in found

        here = {each for one in offering(scene, wanted, first) for each in one.activities}
        ordered = [each for each in scene.service.activities if each in here]
        assert judgement.activity == (ordered[0] if ordered else None)
        assert bool(found & MISSING) == (not ordered)
        assert not judgement.obstacles or list(judgement.obstacles) == sorted(
            found, key=list(Obstacle).index
        )


MISSING = {Obstacle.NO_OPENING, Obstacle.OFF_GRID, Obstacle.NOT_ONLINE, Obstacle.NOT_RELEASED}


@st.composite
def _near(draw: st.DrawFn, scene: Scene, offered: list[Slot]) -> list[Slot]:
    """Slots that are offered, slots a little beside them, and any others."""
    horizon = scene.clinic.policies.horizon // timedelta(minutes=1)
    anywhere = st.integers(-60, horizon + 60).map(lambda n: minute_of(scene.now) + n)
    starts = anywhere | anywhere.map(lambda n: n - n % 15)
    if offered:
        beside = st.sampled_from((0, 0, -1, 1, -15, 15))
        listed = st.sampled_from(offered).map(lambda slot: minute_of(slot.start))
        starts |= st.builds(int.__add__, listed, beside)
    picked = draw(st.lists(st.tuples(st.sampled_from(SCHEDULES), starts), max_size=15))
    service_id, duration = scene.service.service_id, scene.service.duration
    return [
        Slot(service_id, name, instant_of(start), instant_of(start) + duration)
        for name, start in picked
    ]


@settings(max_examples=50)
@given(scenes(), st.sampled_from((-5, -1, 1, 60)))
def test_a_slot_of_another_length_is_never_offered(scene: Scene, more: int) -> None:
    """R38: it is forged."""
    scene = evolve(scene, holds=())
    longer = scene.service.duration + timedelta(minutes=more)
    for slot in searched(scene, 3):
        if longer > timedelta():
            forged = evolve(slot, end=slot.start + longer)
            assert Obstacle.WRONG_LENGTH in judged(scene, forged).obstacles
            assert not is_plausible(forged, scene.service, scene.now, scene.clinic.policies)


@settings(max_examples=50)
@given(scenes())
def test_whatever_is_offered_is_plausible(scene: Scene) -> None:
    """R38: what is refused before it is looked up could not have been offered, but for a hold."""
    scene = evolve(scene, holds=())
    policies = scene.clinic.policies
    for slot in searched(scene, ALL):
        assert is_plausible(slot, scene.service, scene.now, policies)
        for start in (scene.now.replace(second=0), scene.now + policies.horizon + MINUTE):
            whole = start.replace(second=0)
            other = evolve(slot, start=whole, end=whole + scene.service.duration)
            assert not is_plausible(other, scene.service, scene.now, policies)


@settings(max_examples=50)
@given(scenes())
def test_own_holds_hide_nothing_that_would_be_there_without_them(scene: Scene) -> None:
    """R28: a visit sees what it would see if it held nothing, and what it holds."""
    others = tuple(each for each in scene.holds if each.visit_id != scene.visit_id)
    anonymous = evolve(scene, patient_id=None)
    without = searched(evolve(anonymous, holds=others), ALL)
    assert set(searched(anonymous, ALL)) == set(without) | held(anonymous)


@settings(max_examples=60)
@given(scenes(), st.data())
def test_a_file_sees_its_held_slot_in_another_visit_and_nothing_more(
    scene: Scene, data: st.DataObject
) -> None:
    """R28, R34: of a live hold of the same file, exactly the slot that it holds."""
    long = evolve(scene.service, duration=45 * MINUTE)
    scene = evolve(scene, service=long, holds=(), chosen=Filter(), visit_id=VISITS[0])
    free = searched(scene, ALL)
    assume(free)
    slot = data.draw(st.sampled_from(free))
    visitor, holder = data.draw(
        st.sampled_from(
            ((None, None), (FILES[0], FILES[0]), (FILES[0], FILES[1]), (FILES[0], None))
        )
    )
    hold = evolve(
        data.draw(holds(0, long, scene.now.date(), scene.now)),
        slot=slot,
        claimed=claimed_span(slot, long),
        visit_id=VISITS[1],
        patient_id=holder,
        expires_at=scene.now + timedelta(seconds=1),
    )
    hidden = set(free) - set(searched(evolve(scene, holds=(hold,), patient_id=visitor), ALL))
    touched = {
        each
        for each in free
        if each.schedule_id == slot.schedule_id and claimed_span(each, long).overlaps(hold.claimed)
    }
    same_file = visitor is not None and visitor == holder
    assert hidden == touched - ({slot} if same_file else set())


# Examples -------------------------------------------------------------------------------------


def scene_of(*openings: Opening, now: datetime = START, zone: str = "America/Toronto") -> Scene:
    clinic = small_clinic(zone=ZoneInfo(zone), schedules=(schedule("a", *openings),))
    return Scene(clinic=clinic, service=service("visit"), now=now)


def walls(scene: Scene, wanted: int = ALL, zone: ZoneInfo | None = None) -> list[str]:
    zone = zone or scene.clinic.zone
    return [f"{slot.start.astimezone(zone):%d %H:%M %z}" for slot in searched(scene, wanted)]


def on(day: date, start: time, end: time, minutes: int = 30, **more: Any) -> Opening:
    made = opening(start, end, recurrence=Recurrence.once(day), interval=minutes * MINUTE)
    return evolve(made, **more)


SPRING = date(2026, 3, 8)
AUTUMN = date(2026, 11, 1)
OCTOBER = datetime(2026, 10, 30, 12, tzinfo=UTC)


def test_an_opening_that_starts_in_the_skipped_hour_opens_an_hour_later() -> None:
    """R30: 02:30 is read with the offset before the gap (RFC 5545 §3.3.5): 03:30 on the clock."""
    scene = scene_of(on(SPRING, time(2, 30), time(4, 30)))
    assert walls(scene) == ["08 03:30 -0400", "08 04:00 -0400"]


def test_an_opening_that_ends_before_it_starts_because_of_the_gap_is_empty() -> None:
    """R30: from 02:30, which is 03:30, to 03:15; and one from 22:00 to 21:00."""
    assert walls(scene_of(on(SPRING, time(2, 30), time(3, 15)))) == []
    assert walls(scene_of(on(SPRING, time(22), time(21)))) == []


def test_a_grid_counts_elapsed_minutes_through_the_repeated_hour() -> None:
    """R30: an opening from 00:30 to 02:30 on the night of autumn lasts three hours."""
    scene = scene_of(on(AUTUMN, time(0, 30), time(2, 30)), now=OCTOBER)
    assert walls(scene) == [
        "01 00:30 -0400",
        "01 01:00 -0400",
        "01 01:30 -0400",
        "01 01:00 -0500",
        "01 01:30 -0500",
        "01 02:00 -0500",
    ]


def test_an_opening_within_the_repeated_hour_is_its_first_occurrence() -> None:
    """R30."""
    scene = scene_of(on(AUTUMN, time(1), time(1, 30)), now=OCTOBER)
    assert walls(scene) == ["01 01:00 -0400"]


@pytest.mark.parametrize(("zone", "night"), NIGHTS)
def test_a_day_offers_as_many_starts_as_it_has_time(zone: str, night: date) -> None:
    """R30: 23, 25, 23½, 24½ or 24 hours, from midnight to midnight."""
    whole_day = on(night, time(0), time(0), ends_next_day=True)
    now = datetime.combine(night - timedelta(days=2), time(12), UTC)
    scene = scene_of(whole_day, now=now, zone=zone)
    tomorrow = datetime.combine(night + timedelta(days=1), time())
    hours = placed(tomorrow, scene.clinic.zone) - placed(
        datetime.combine(night, time()), scene.clinic.zone
    )
    found = searched(scene, ALL)
    assert len(found) == hours // 30
    assert {shown(minute_of(slot.start), scene.clinic.zone).date() for slot in found} == {night}


def test_a_night_that_a_clock_change_carries_past_midnight_is_offered_to_its_end() -> None:
    """R30: in Nuuk 23:30 does not exist that Saturday, and means half past midnight on Sunday."""
    friday = date(2026, 3, 27)
    late = on(friday, time(20), time(23, 30), ends_next_day=True)
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    scene = scene_of(late, now=now, zone="America/Nuuk")
    sunday = evolve(scene, chosen=Filter(first=date(2026, 3, 29)))
    assert walls(sunday) == ["29 00:00 -0100"]


def test_what_is_taken_around_midnight_counts_on_both_sides_of_it() -> None:
    """R27: a search that begins or ends at midnight sees the claims that reach over it."""
    day = date(2026, 3, 3)
    night = on(day, time(21), time(3), 30, ends_next_day=True)
    buffered = evolve(service("visit", 60), buffer_before=10 * MINUTE)
    midnight = instant_of(placed(wall(3, 4), TORONTO))
    before = claim(Span(midnight - 20 * MINUTE, midnight - 5 * MINUTE), ScheduleId("a"), 1)
    after = claim(Span(midnight + 5 * MINUTE, midnight + 20 * MINUTE), ScheduleId("a"), 2)
    scene = evolve(scene_of(night), service=buffered)
    ends, begins = Filter(last=day), Filter(first=day + timedelta(days=1))
    shown_first = walls(evolve(scene, chosen=begins, appointments=(before,)), 1)
    assert shown_first == ["04 00:30 -0500"]
    shown_last = walls(evolve(scene, chosen=ends, appointments=(after,)))[-1]
    assert shown_last == "03 23:00 -0500"


def test_a_schedule_keeps_its_own_zone_and_the_clinic_its_preferences() -> None:
    """R24, R30: openings by the schedule's clock, the filter by the clinic's."""
    nine = schedule("a", on(date(2026, 3, 3), time(9), time(11)), zone=ZoneInfo("Europe/Paris"))
    clinic = small_clinic(schedules=(nine,))
    scene = Scene(clinic=clinic, service=service("visit"), now=START)
    assert walls(scene, 1) == ["03 03:00 -0500"]
    chosen = Filter(first=date(2026, 3, 3), last=date(2026, 3, 3), part=Policies().morning)
    assert len(searched(evolve(scene, chosen=chosen), ALL)) == 4
    assert searched(evolve(scene, chosen=Filter(part=Policies().afternoon)), ALL) == []


def test_a_closure_that_begins_and_ends_around_the_skipped_hour_is_empty() -> None:
    """R30: a closure's bounds are placed as an opening's are."""
    scene = scene_of(on(SPRING, time(3), time(4)))
    gap = Closure(start=wall(3, 8, 2, 30), end=wall(3, 8, 3, 15))
    assert len(walls(evolve(scene, clinic=evolve(scene.clinic, closures=(gap,))))) == 2


def test_busy_time_is_widened_to_whole_minutes() -> None:
    """R30, R40: one second of a minute is enough to lose it."""
    scene = scene_of(on(date(2026, 3, 3), time(9), time(11)))
    nine = datetime(2026, 3, 3, 14, tzinfo=UTC)
    second = timedelta(seconds=1)
    busy = Busy(
        span=Span(nine + 30 * MINUTE - second, nine + 60 * MINUTE + second),
        schedule_id=ScheduleId("a"),
        busy_id="import-1",
    )
    assert walls(evolve(scene, busy=(busy,))) == ["03 10:30 -0500"]


def test_openings_and_closures_to_the_second_offer_whole_minutes_only() -> None:
    """R30: an opening is narrowed to its whole minutes, and a closure widened."""
    scene = scene_of(on(date(2026, 3, 3), time(9, 0, 30), time(10, 1, 30)))
    assert walls(scene) == ["03 09:01 -0500", "03 09:31 -0500"]
    shut = Closure(start=wall(3, 3, 9, 30, 59), end=wall(3, 3, 9, 31))
    assert walls(evolve(scene, clinic=evolve(scene.clinic, closures=(shut,)))) == ["03 09:31 -0500"]


def test_notice_and_horizon_are_judged_to_the_second() -> None:
    """R27: a start at the end of the notice is offered, and one at the horizon is not."""
    scene = scene_of(on(date(2026, 3, 2), time(9), time(12)))
    hours = timedelta(hours=1)
    policies = evolve(Policies(), minimum_notice=2 * hours, horizon=4 * hours)
    scene = evolve(scene, clinic=evolve(scene.clinic, policies=policies))
    assert walls(scene) == [f"02 {clock} -0500" for clock in ("09:00", "09:30", "10:00", "10:30")]
    later = evolve(scene, now=scene.now + timedelta(seconds=1))
    assert walls(later) == [f"02 {clock} -0500" for clock in ("09:30", "10:00", "10:30", "11:00")]
    soonest = evolve(
        scene,
        clinic=evolve(scene.clinic, policies=Policies()),
        now=instant_of(minute_of(START) + 120),
    )
    assert walls(soonest, 1) == ["02 09:30 -0500"]


def test_adjacent_buffers_add_up() -> None:
    """R27: the claim of a 30-minute visit with 5 minutes before and 10 after takes 45."""
    scene = scene_of(on(date(2026, 3, 3), time(9), time(12), 5))
    nine = datetime(2026, 3, 3, 14, tzinfo=UTC)
    buffered = evolve(scene.service, buffer_before=5 * MINUTE, buffer_after=10 * MINUTE)
    booked = claim(Span(nine + 55 * MINUTE, nine + 100 * MINUTE), ScheduleId("a"), 1)
    scene = evolve(scene, service=buffered, appointments=(booked,))
    assert walls(scene) == [
        *("03 09:00 -0500", "03 09:05 -0500", "03 09:10 -0500", "03 09:15 -0500"),
        *("03 10:45 -0500", "03 10:50 -0500", "03 10:55 -0500"),
        *(f"03 11:{minute:02} -0500" for minute in range(0, 31, 5)),
    ]


def test_an_openings_times_appear_at_their_release() -> None:
    """R27: two calendar days before the date, at 07:00 on the wall clock, to the second."""
    released = on(SPRING, time(9), time(10), release=Release(days_before=2, at=time(7)))
    at = datetime(2026, 3, 6, 12, tzinfo=UTC)
    assert len(walls(scene_of(released, now=at))) == 2
    assert walls(scene_of(released, now=at - timedelta(seconds=1))) == []


@pytest.mark.parametrize(
    ("change", "start", "obstacles"),
    [
        ({}, time(9), []),
        ({}, time(9, 10), [Obstacle.OFF_GRID]),
        ({}, time(8, 30), [Obstacle.NO_OPENING]),
        ({}, time(9, 45), [Obstacle.NO_OPENING]),
        ({"online": False}, time(9), [Obstacle.NOT_ONLINE]),
        ({"online": False}, time(9, 5), [Obstacle.OFF_GRID, Obstacle.NOT_ONLINE]),
        ({"release": Release(days_before=0, at=time(7, 1))}, time(9), [Obstacle.NOT_RELEASED]),
        ({"activities": frozenset({SHOT})}, time(9), [Obstacle.NO_OPENING]),
    ],
)
def test_an_obstacle_says_what_the_opening_lacks(
    change: dict[str, Any], start: time, obstacles: list[Obstacle]
) -> None:
    """R27, for the desk that explains a time."""
    today = date(2026, 3, 2)
    scene = scene_of(on(today, time(9), time(10), 15, **change))
    begin = instant_of(placed(datetime.combine(today, start), TORONTO))
    slot = Slot(scene.service.service_id, ScheduleId("a"), begin, begin + 30 * MINUTE)
    assert list(judged(scene, slot).obstacles) == obstacles


def test_the_activity_is_the_first_of_the_services_that_an_opening_has() -> None:
    """R45: by the service's order, over all openings that offer the slot."""
    today = date(2026, 3, 2)
    one = on(today, time(9), time(10), activities=frozenset({ActivityId("x"), SHOT}))
    two = on(today, time(9), time(10), activities=frozenset({CARE}))
    scene = scene_of(one, two)
    for activities in ((CARE, SHOT), (SHOT, CARE), (ActivityId("none"), CARE)):
        scene = evolve(scene, service=evolve(scene.service, activities=activities))
        (slot, *_) = searched(scene, 1)
        first = next(each for each in activities if each in {CARE, SHOT})
        assert judged(scene, slot).activity == first


def test_a_desk_opening_has_its_own_grid() -> None:
    """R27, R48: from its first minute on, beside the recurring ones, each time listed once."""
    nine = datetime(2026, 3, 3, 14, tzinfo=UTC)
    made = desk_opening(Span(nine + 10 * MINUTE, nine + 60 * MINUTE), ScheduleId("a"), 10 * MINUTE)
    scene = scene_of(on(date(2026, 3, 3), time(9), time(10)))
    assert walls(evolve(scene, desk_openings=(made,))) == [
        f"03 09:{minute:02} -0500" for minute in (0, 10, 20, 30)
    ]


def test_a_visit_without_holds_owns_none() -> None:
    """R28."""
    snapshot = scene_of(on(date(2026, 3, 3), time(9), time(10))).snapshot({})
    assert Own.of(snapshot, VISITS[0], {PatientId("file-1")}) == Own()
