"""Laws of availability where a visit, a buffer or what stands in the way lasts for days (R27, R30).

Bounds that lie within a minute are here too: what a host's own openings may have, and no file.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibook.clinic import Closure, DayPart, Opening, Policies, Release
from omnibook.ids import ScheduleId
from omnibook.kept_days import DayKeeper
from omnibook.preference import Filter
from omnibook.times import Span
from support.naive_availability import Scene, generated, searched
from support.strategies_scenes import claim, scenes
from support.worlds import CARE, opening, schedule, service, small_clinic

ALL = 10**6
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
A = ScheduleId("a")
MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)


@settings(max_examples=120)
@given(scenes(long=True), st.sampled_from((0, 1, 700, 1500, -1, -1600)), st.integers(0, 40))
def test_a_search_over_days_finds_what_trying_every_minute_finds(
    scene: Scene, minutes: int, shown: int
) -> None:
    """R24, R26, R27, R28, R30: all, a page of it, and later with what was kept."""
    keeper = DayKeeper(scene.clinic)
    offered = generated(scene)
    for wanted in (1, 3, ALL):
        assert searched(scene, wanted, keeper=keeper) == offered[:wanted]
    if offered:
        last = offered[shown % len(offered)].rank
        following = [each for each in offered if each.rank > last][:5]
        assert searched(scene, 5, after=last, keeper=keeper) == following
    later = evolve(scene, now=scene.now + minutes * MINUTE)
    assert searched(later, ALL, keeper=keeper) == generated(later)


def _open_around_the_clock(minutes: int = 30, before: int = 0, after: int = 0) -> Scene:
    """On each day of a fortnight, from midnight to the next midnight but one."""
    whole = Opening(
        start=time(),
        end=time(23, 59),
        ends_next_day=True,
        activities=frozenset({CARE}),
        interval=60 * MINUTE,
    )
    clinic = small_clinic(
        zone=ZoneInfo("UTC"),
        schedules=(schedule("a", whole),),
        policies=evolve(Policies(), horizon=14 * DAY),
    )
    made = service("visit", minutes, buffer_before=before * MINUTE, buffer_after=after * MINUTE)
    return Scene(clinic=clinic, service=made, now=MIDNIGHT)


@pytest.mark.parametrize("day", range(-3, 10))
@pytest.mark.parametrize("buffer", [1439, 1440, 1441, 2880, 2881, 4000])
def test_a_buffer_of_days_keeps_its_distance_from_what_is_booked(buffer: int, day: int) -> None:
    """R27: to the minute, also over whole days, whichever are asked for at once."""
    booked = Span(MIDNIGHT + day * DAY, MIDNIGHT + day * DAY + 5 * MINUTE)
    hours = [MIDNIGHT + n * 60 * MINUTE for n in range(1, 14 * 24)]
    for before, after in ((buffer, 0), (0, buffer), (buffer, buffer)):
        scene = _open_around_the_clock(30, before, after)
        scene = evolve(scene, appointments=(claim(booked, A, 1),))
        first, last = booked.start - (30 + after) * MINUTE, booked.end + before * MINUTE
        starts = [each.start for each in searched(scene, ALL)]
        assert starts == [each for each in hours if not first < each < last]


@pytest.mark.parametrize("day", range(10))
@pytest.mark.parametrize("minutes", [1439, 1440, 1441, 2700])
def test_a_visit_of_days_fits_between_what_is_booked(minutes: int, day: int) -> None:
    """R27: what is booked days after its start is still in its way."""
    first = MIDNIGHT + day * DAY
    then = first + (minutes + 5 + 120) * MINUTE
    booked = (Span(first, first + 5 * MINUTE), Span(then, then + 5 * MINUTE))
    scene = _open_around_the_clock(minutes)
    scene = evolve(scene, appointments=tuple(claim(each, A, n) for n, each in enumerate(booked)))
    found = searched(scene, ALL)
    assert found == generated(scene)
    between = [each.start for each in found if first < each.start < then]
    assert between
    assert all(booked[0].end <= each <= then - minutes * MINUTE for each in between)


def _walls(scene: Scene) -> list[str]:
    return [f"{each.start:%d %H:%M:%S}" for each in searched(scene, ALL)]


def test_bounds_within_a_minute_open_and_close_whole_minutes() -> None:
    """R30: of a minute that begins or ends within it, nothing is open; closed is all of it."""
    ragged = opening(time(9, 0, 30), time(10, 0, 59), interval=10 * MINUTE)
    clinic = small_clinic(
        zone=ZoneInfo("UTC"),
        schedules=(schedule("a", ragged),),
        policies=evolve(Policies(), horizon=DAY),
    )
    scene = Scene(clinic=clinic, service=service("visit", 10), now=MIDNIGHT)
    offered = ["01 09:01:00", "01 09:11:00", "01 09:21:00", "01 09:31:00", "01 09:41:00"]
    assert _walls(scene) == offered

    noon = datetime.combine(date(2026, 6, 1), time())
    for start, end, left in (
        (time(9, 21, 59), time(9, 31), [*offered[:2], *offered[3:]]),
        (time(9, 21), time(9, 31, 0, 1), [*offered[:2], offered[4]]),
    ):
        closure = Closure(start=datetime.combine(noon, start), end=datetime.combine(noon, end))
        assert _walls(evolve(scene, clinic=evolve(clinic, closures=(closure,)))) == left

    for lower, upper, left in (
        (time(9, 1), time(9, 11), offered[:1]),
        (time(9, 1, 0, 1), time(9, 11), []),
        (time(9, 0, 30), time(9, 11, 1), offered[:2]),
        (time(9, 1, 59), None, offered[1:]),
    ):
        assert _walls(evolve(scene, chosen=Filter(part=DayPart(lower, upper)))) == left


def test_a_release_within_a_minute_shows_from_the_next_one_on() -> None:
    """R27."""
    shown = opening(time(9), time(10), release=Release(days_before=0, at=time(7, 0, 30)))
    clinic = small_clinic(
        zone=ZoneInfo("UTC"),
        schedules=(schedule("a", shown),),
        policies=evolve(Policies(), horizon=DAY),
    )
    scene = Scene(clinic=clinic, service=service("visit", 30), now=MIDNIGHT + 7 * 60 * MINUTE)
    keeper = DayKeeper(clinic)
    found = []
    for seconds in (0, 59, 60, 61):
        later = evolve(scene, now=scene.now + timedelta(seconds=seconds))
        found.append(bool(searched(later, 1, keeper=keeper)))
        assert found[-1] == bool(generated(later))
    assert found == [False, False, True, True]
