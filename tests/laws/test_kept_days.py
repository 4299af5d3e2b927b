"""Laws of what a process keeps: it changes how much is read, and never what is found (R26–R28)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibook.clinic import DayPart, Opening, Policies, Recurrence, Release
from omnibook.errors import InvalidValue
from omnibook.ids import ScheduleId
from omnibook.kept_days import MOST_DAYS, DayKeeper
from omnibook.preference import Filter
from omnibook.search import Search
from omnibook.times import Span
from omnibook.wishes import Wish
from support.naive_availability import Scene, generated, minute_of, searched
from support.strategies_scenes import (
    NIGHTS,
    SCHEDULES,
    TALK,
    claim,
    desk_closure,
    desk_opening,
    filters,
    holds,
    scenes,
    services,
    spans,
)
from support.worlds import CARE, START, opening, schedule, service, small_clinic

Change = Callable[[st.DrawFn, Scene], Scene]


def _night(scene: Scene) -> date:
    zone = scene.clinic.zone.key
    return min(
        (night for name, night in NIGHTS if name == zone),
        key=lambda night: abs(scene.now - datetime.combine(night, time(), UTC)),
    )


def _changed(scene: Scene, name: ScheduleId) -> Scene:
    """The scene with another version of a schedule: something of it was written."""
    return evolve(scene, versions={**scene.versions, name: scene.versions.get(name, 0) + 1})


def _book(draw: st.DrawFn, scene: Scene) -> Scene:
    span, name = draw(spans(_night(scene))), draw(st.sampled_from(SCHEDULES))
    made = claim(span, name, len(scene.appointments) + 100)
    return _changed(evolve(scene, appointments=(*scene.appointments, made)), name)


def _cancel(draw: st.DrawFn, scene: Scene) -> Scene:
    if not scene.appointments:
        return scene
    gone = draw(st.sampled_from(scene.appointments))
    left = tuple(each for each in scene.appointments if each is not gone)
    return _changed(evolve(scene, appointments=left), gone.schedule_id)


def _open_or_close(draw: st.DrawFn, scene: Scene) -> Scene:
    span, name = draw(spans(_night(scene))), draw(st.sampled_from(SCHEDULES))
    if draw(st.booleans()):
        opened = (*scene.desk_openings, desk_opening(span, name, timedelta(minutes=15)))
        return _changed(evolve(scene, desk_openings=opened), name)
    return _changed(evolve(scene, desk_closures=(desk_closure(span, name),)), name)


def _free(draw: st.DrawFn, scene: Scene) -> Scene:
    if not scene.busy:
        return scene
    return _changed(evolve(scene, busy=scene.busy[1:]), scene.busy[0].schedule_id)


def _hold(draw: st.DrawFn, scene: Scene) -> Scene:
    """A hold changes no version."""
    made = draw(holds(len(scene.holds) + 100, scene.service, _night(scene), scene.now))
    return evolve(scene, holds=(*scene.holds, made))


def _wait(draw: st.DrawFn, scene: Scene) -> Scene:
    """Time goes on, or, when a server takes another's place, a little back."""
    minutes = st.sampled_from((0, 1, 4, 5, 30, 600, 1440, 9 * 1440, -2))
    return evolve(scene, now=scene.now + timedelta(minutes=draw(minutes)))


def _ask_for_something_else(draw: st.DrawFn, scene: Scene) -> Scene:
    made = draw(services())
    clinic = evolve(scene.clinic, services=(made,))
    return evolve(scene, clinic=clinic, service=made, chosen=draw(filters(_night(scene))))


def _another_visitor(draw: st.DrawFn, scene: Scene) -> Scene:
    off = st.integers(-1, 2).map(lambda n: frozenset({_night(scene) + timedelta(days=n)}))
    return evolve(scene, days_off=draw(st.just(frozenset[date]()) | off))


CHANGES: tuple[Change, ...] = (
    _book,
    _cancel,
    _open_or_close,
    _free,
    _hold,
    _wait,
    _ask_for_something_else,
    _another_visitor,
)


@st.composite
def _after(draw: st.DrawFn, change: Change, scene: Scene) -> Scene:
    return change(draw, scene)


@settings(max_examples=25)
@given(scenes(), st.data())
def test_a_search_finds_the_same_with_what_earlier_ones_kept(
    scene: Scene, data: st.DataObject
) -> None:
    keeper = DayKeeper(scene.clinic)
    for _ in range(data.draw(st.integers(1, 6))):
        wanted = data.draw(st.sampled_from((1, 5, 1000)))
        assert searched(scene, wanted, keeper=keeper) == generated(scene)[:wanted]
        change = CHANGES[data.draw(st.integers(0, len(CHANGES) - 1))]
        scene = data.draw(_after(change, scene))


def test_changed_openings_are_expanded_anew() -> None:
    """R27: also when nothing was written into the store."""
    morning, noon = opening(time(8), time(9)), opening(time(12), time(13))
    before = small_clinic(schedules=(schedule("a", morning),))
    scene = Scene(clinic=before, service=service("visit", 30), now=START)
    keeper = DayKeeper(before)
    first = searched(scene, 2, keeper=keeper)
    after = evolve(before, schedules=(schedule("a", noon),))
    changed = evolve(scene, clinic=after, opening_version="2")
    assert searched(changed, 2, keeper=keeper) == generated(changed)[:2] != first


def test_an_opening_is_found_from_its_release_on() -> None:
    """R27: what was kept before stands until then, and no minute longer."""
    day = START.date() + timedelta(days=3)
    shown = Opening(
        start=time(9),
        end=time(10),
        recurrence=Recurrence.once(day),
        activities=frozenset({CARE}),
        interval=timedelta(minutes=30),
        release=Release(days_before=2, at=time(7)),
    )
    clinic = small_clinic(schedules=(schedule("a", shown),))
    scene = Scene(clinic=clinic, service=service("visit", 30), now=START)
    keeper = DayKeeper(clinic)
    found = []
    for minutes in range(0, 2 * 1440, 15):
        later = evolve(scene, now=START + timedelta(minutes=minutes))
        found.append(bool(searched(later, 1, keeper=keeper)))
        assert found[-1] == bool(generated(later))
    assert sorted(found) == found
    assert set(found) == {False, True}


def _asked(scene: Scene, keeper: DayKeeper, wanted: int = 5) -> list[int]:
    """The days that a search asks for, of each schedule."""
    asked: list[int] = []

    class Listening(Scene):
        def days(self, key: ScheduleId, first: int, last: int):  # type: ignore[no-untyped-def]
            asked.extend(range(first, last + 1))
            return super().days(key, first, last)

    listening = Listening(**{name: getattr(scene, name) for name in _FIELDS})
    searched(listening, wanted, keeper=keeper)
    return asked


_FIELDS = (
    "clinic",
    "service",
    "now",
    "appointments",
    "holds",
    "busy",
    "desk_openings",
    "desk_closures",
    "chosen",
    "versions",
)


def _full_for(days: int, horizon: int) -> Scene:
    """Nothing is free for so many days."""
    clinic = small_clinic(
        schedules=(
            schedule("a", opening(time(9), time(17))),
            schedule("b", opening(time(9), time(12))),
        ),
        policies=evolve(Policies(), horizon=timedelta(days=horizon)),
    )
    taken = tuple(
        claim(Span(START + timedelta(days=n), START + timedelta(days=n + 1)), name, n)
        for n in range(days)
        for name in SCHEDULES
    )
    return Scene(clinic=clinic, service=service("visit", 30), now=START, appointments=taken)


def test_a_warm_search_reads_nothing_however_far_it_looks() -> None:
    for horizon in (30, 90):
        scene = _full_for(25, horizon)
        keeper = DayKeeper(scene.clinic)
        cold = _asked(scene, keeper)
        assert min(cold) == minute_of(scene.now) // 1440
        assert len(cold) < 2 * 70
        assert _asked(scene, keeper) == []


def test_after_a_booking_only_its_schedule_is_read_again() -> None:
    scene = _full_for(0, 30)
    keeper = DayKeeper(scene.clinic)
    assert len(_asked(scene, keeper)) == 4
    assert len(_asked(_changed(scene, SCHEDULES[1]), keeper)) == 2


def test_what_is_read_is_bounded_by_the_answer_and_not_by_the_horizon() -> None:
    for horizon in (30, 365):
        scene = _full_for(0, horizon)
        assert len(_asked(scene, DayKeeper(scene.clinic))) == 4


def _released(days: int, schedules: int = 1) -> Scene:
    """Openings that are shown two days before, at 07:00 (R27); the first days are fully booked."""
    shown = evolve(opening(time(9), time(17)), release=Release(days_before=2, at=time(7)))
    names = [ScheduleId(f"s-{n}") for n in range(schedules)]
    clinic = small_clinic(
        schedules=tuple(schedule(name, shown) for name in names),
        policies=evolve(Policies(), horizon=timedelta(days=days)),
    )
    taken = tuple(
        claim(Span(START + timedelta(days=n), START + timedelta(days=n + 1)), name, n)
        for n in range(5)
        for name in names
    )
    return Scene(clinic=clinic, service=service("visit", 30), now=START, appointments=taken)


def test_days_that_are_not_shown_yet_are_read_when_they_are() -> None:
    """R27: each of them for itself, and kept as empty until then."""
    for days in (30, 365):
        assert len(_asked(_released(days), DayKeeper(_released(days).clinic))) < 8
    scene = _released(60)
    keeper = DayKeeper(scene.clinic)
    _asked(scene, keeper)
    assert keeper.kept(minute_of(START) // 1440).days == 0
    for day in range(7):
        for hour in (6, 7, 8, 20):
            later = evolve(scene, now=START + timedelta(days=day, hours=hour))
            # One day is shown, at most, with the one beside it.
            assert len(_asked(later, keeper)) <= 4
            assert searched(later, 5, keeper=keeper) == generated(later)[:5]
    assert searched(evolve(scene, now=START + timedelta(days=6)), 5, keeper=keeper)
    # Also for a server whose clock is behind that of the one before it.
    assert searched(scene, 5, keeper=keeper) == generated(scene)[:5] == []


def test_days_that_no_opening_serves_are_not_read() -> None:
    """R19: neither for an activity that nobody offers, nor for a time at which nothing begins."""
    for days in (30, 365):
        scene = _full_for(0, days)
        talk = evolve(scene.service, activities=(TALK,))
        early = Filter(part=DayPart(time(3), time(4)))
        for rare in (evolve(scene, service=talk), evolve(scene, chosen=early)):
            keeper = DayKeeper(scene.clinic)
            assert len(_asked(rare, keeper)) == 4
            assert searched(rare, 5, keeper=keeper) == []


def test_beyond_the_last_opening_of_the_desk_the_recurring_ones_decide() -> None:
    """R48: up to it every day is read, and what the desk opened is found."""
    scene = _full_for(0, 90)
    talk = evolve(scene.service, activities=(CARE,))
    clinic = small_clinic(
        schedules=(
            schedule("a", evolve(opening(time(9), time(17)), activities=frozenset({TALK}))),
        ),
        policies=scene.clinic.policies,
    )
    start = START + timedelta(days=40)
    span = Span(start, start + timedelta(hours=1))
    opened = desk_opening(span, ScheduleId("a"), timedelta(minutes=15))
    rare = evolve(scene, clinic=clinic, service=talk, desk_openings=(opened,))
    keeper = DayKeeper(clinic)
    asked = _asked(rare, keeper, wanted=1000)
    assert 40 <= len(set(asked)) < 90
    assert searched(rare, 1000, keeper=keeper) == generated(rare) != []


def test_openings_that_change_while_they_are_read_are_kept_under_no_version() -> None:
    """They are used for this search only: who takes the change back makes the old text valid."""
    before = small_clinic(schedules=(schedule("a", opening(time(8), time(9))),))
    after = evolve(before, schedules=(schedule("a", opening(time(12), time(13))),))
    scene, keeper = Scene(clinic=before, service=service("visit", 30), now=START), DayKeeper(before)
    meanwhile = evolve(scene, clinic=after)
    found = searched(meanwhile, 20, keeper=keeper, unsettled={ScheduleId("a")})
    assert found == generated(meanwhile)[:20]
    assert searched(scene, 2, keeper=keeper) == generated(scene)[:2]


def test_single_openings_are_found_by_their_dates() -> None:
    """R30: also beside recurring ones, and with dates added or excepted."""
    day = START.date()
    single = [
        opening(time(9, n), time(10), recurrence=Recurrence.once(day + timedelta(days=n)))
        for n in (1, 2, 2, 5)
    ]
    added = Recurrence(first=day, last=day, additions=frozenset({day + timedelta(days=4)}))
    never = Recurrence(first=day, last=day, exceptions=frozenset({day}))
    clinic = small_clinic(
        schedules=(
            schedule(
                "a",
                *single,
                opening(time(11), time(12), recurrence=added),
                opening(time(13), time(14), recurrence=never),
                opening(time(15), time(16), recurrence=Recurrence(weekdays=frozenset({2}))),
            ),
        )
    )
    scene = Scene(clinic=clinic, service=service("visit", 15), now=START)
    assert searched(scene, 1000) == generated(scene)


def test_beyond_the_bound_the_far_days_are_forgotten_first() -> None:
    scene = _full_for(0, 60)
    keeper, today = DayKeeper(scene.clinic), minute_of(scene.now) // 1440
    everything = searched(scene, 10**6, keeper=keeper)
    kept = keeper.kept(today)
    assert kept.days > 2 * 40
    kept.days = MOST_DAYS + 1
    assert keeper.kept(today) is kept
    near = kept.days
    assert 2 * 14 <= near <= 2 * 22
    assert _asked(scene, keeper) == []
    # What another version takes the place of is counted no more.
    assert len(_asked(_changed(scene, SCHEDULES[1]), keeper)) == 2
    assert near // 2 < kept.days < near
    assert searched(scene, 10**6, keeper=keeper) == everything


def test_days_that_passed_are_forgotten() -> None:
    keeper = DayKeeper(small_clinic())
    kept = keeper.kept(20_000)
    assert keeper.kept(20_007) is kept
    assert keeper.kept(20_008) is not kept
    kept = keeper.kept(20_008)
    assert keeper.kept(20_007) is not kept


def test_a_search_that_needs_nothing_takes_nothing() -> None:
    scene = Scene(clinic=small_clinic(schedules=()), service=service("visit"), now=START)
    search = Search(
        DayKeeper(scene.clinic).kept(minute_of(START) // 1440),
        scene.outlook(),
        Wish(
            service=scene.service,
            chosen=scene.chosen,
            visit_id=scene.visit_id,
            eligible=lambda _: True,
        ),
        opening_versions={},
        wanted=5,
    )
    assert search.need is None
    with pytest.raises(InvalidValue, match="needs nothing more"):
        search.feed({}, {})
