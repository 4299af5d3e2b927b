"""The edges of a search, one at a time: what the laws of availability draw only by chance."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from omnibook.booking_form import BookingEntries
from omnibook.clinic import DayPart, Opening, Policies, Recurrence, Release
from omnibook.ids import ScheduleId, ServiceId, SourceKey
from omnibook.kept_days import DayKeeper
from omnibook.preference import Filter
from omnibook.records import Busy, Hold, HoldState, Slot
from omnibook.times import Span
from support.naive_availability import Scene, generated, hold_id, searched
from support.strategies_scenes import (
    CARE,
    FILES,
    SHOT,
    TALK,
    VISITS,
    claim,
    desk_closure,
    desk_opening,
)
from support.worlds import opening, schedule, service, small_clinic

ALL = 10**6
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)
NINE = MIDNIGHT + 9 * 60 * MINUTE
A, B = ScheduleId("a"), ScheduleId("b")


def minutely(last: time = time(11), **more: object) -> Opening:
    """From 09:00 on, with a start at every minute."""
    return evolve(opening(time(9), last, interval=MINUTE), **more)  # type: ignore[arg-type]


def scene_of(*openings: Opening, horizon: timedelta = DAY, zone: str = "UTC") -> Scene:
    """A visit of 30 minutes, with 5 needed before it and 10 after."""
    clinic = small_clinic(
        zone=ZoneInfo(zone),
        schedules=(schedule("a", *openings),),
        policies=evolve(Policies(), horizon=horizon),
    )
    buffered = service("visit", 30, buffer_before=5 * MINUTE, buffer_after=10 * MINUTE)
    return Scene(clinic=clinic, service=buffered, now=MIDNIGHT)


def held(slot: Slot, claimed: Span, **more: object) -> Hold:
    made = Hold(
        clinic_id=small_clinic().clinic_id,
        hold_id=hold_id(1),
        visit_id=VISITS[1],
        patient_id=None,
        slot=slot,
        activity=CARE,
        claimed=claimed,
        created_at=MIDNIGHT,
        expires_at=MIDNIGHT + 4 * DAY,
        state=HoldState.HELD,
        source=SourceKey("source"),
        contact_keys=frozenset(),
        entries=BookingEntries(reason="a cough", details="", contacts=()),
    )
    return evolve(made, **more)  # type: ignore[arg-type]


def slot_at(scene: Scene, start: datetime, length: timedelta | None = None) -> Slot:
    end = start + (length or scene.service.duration)
    return Slot(scene.service.service_id, A, start, end)


def starts(scene: Scene, wanted: int = ALL, keeper: DayKeeper | None = None) -> list[datetime]:
    found = [each.start for each in searched(scene, wanted, keeper=keeper)]
    assert found == [each.start for each in generated(scene)[:wanted]]
    return found


def minutes(scene: Scene) -> list[int]:
    """The starts, in minutes after 09:00 on the first day."""
    return [(each - NINE) // MINUTE for each in starts(scene)]


@pytest.mark.parametrize("what", ["hold", "appointment", "busy", "busy and appointment"])
def test_what_stands_there_takes_every_start_whose_claim_meets_it_and_no_other(what: str) -> None:
    """R27, R28: to the minute, by the buffers of the service that is looked for."""
    scene = scene_of(minutely())
    span = Span(NINE + 50 * MINUTE, NINE + 60 * MINUTE)
    busy = Busy(span=span, schedule_id=A, busy_id="busy")
    if what == "hold":
        scene = evolve(scene, holds=(held(slot_at(scene, span.start, 10 * MINUTE), span),))
    elif what == "appointment":
        scene = evolve(scene, appointments=(claim(span, A, 1),))
    elif what == "busy":
        scene = evolve(scene, busy=(busy,))
    else:
        parts = Span(span.start, NINE + 55 * MINUTE), Span(NINE + 55 * MINUTE, span.end)
        scene = evolve(
            scene, busy=(evolve(busy, span=parts[0]),), appointments=(claim(parts[1], A, 1),)
        )
    # A claim ends 40 minutes after its start, and begins 5 before it.
    assert minutes(scene) == [*range(11), *range(65, 91)]


@pytest.mark.parametrize(
    ("length", "shown"), [(29, True), (30, False), (31, False)], ids=["earlier", "same", "later"]
)
def test_a_page_goes_on_after_the_end_of_the_last_one_too(length: int, shown: bool) -> None:
    """R26: the end counts, after start and schedule: a clinic may change how long a visit is."""
    scene = scene_of(minutely(time(9, 31)))
    last = slot_at(scene, NINE, length * MINUTE)
    offered = [slot_at(scene, NINE), slot_at(scene, NINE + MINUTE)]
    assert searched(scene, ALL, after=last.rank) == offered[0 if shown else 1 :]


@pytest.mark.parametrize("file", [True, False])
def test_what_is_ones_own_is_listed_once_it_is_later_than_the_last_one(file: bool) -> None:
    """R26, R28: and it is not listed twice, though it is no more of any opening."""
    scene = scene_of(minutely(time(9, 32)))
    slot = slot_at(scene, NINE + 60 * MINUTE)
    mine = held(slot, slot.span, visit_id=VISITS[1 if file else 0], patient_id=FILES[0])
    scene = evolve(scene, holds=(mine,), visit_id=VISITS[0], patient_id=FILES[0] if file else None)
    assert searched(scene, ALL)[-1] == slot
    assert searched(scene, ALL, after=slot.rank) == []
    before = slot_at(scene, slot.start, 29 * MINUTE)
    assert searched(scene, ALL, after=before.rank) == [slot]


def test_what_is_ones_own_is_listed_until_it_starts() -> None:
    """R28."""
    scene = scene_of(minutely(time(9, 1)))
    slot = slot_at(scene, NINE)
    scene = evolve(scene, holds=(held(slot, slot.span, visit_id=scene.visit_id),))
    assert searched(evolve(scene, now=NINE - timedelta(seconds=1)), ALL) == [slot]
    assert searched(evolve(scene, now=NINE), ALL) == []
    assert searched(evolve(scene, now=NINE + MINUTE), ALL) == []


def test_what_is_ones_own_for_another_service_is_not_listed() -> None:
    """R28."""
    scene = scene_of(minutely(time(9, 31)))
    slot = evolve(slot_at(scene, NINE + 60 * MINUTE), service_id=ServiceId("other"))
    scene = evolve(scene, holds=(held(slot, slot.span, visit_id=scene.visit_id),))
    assert minutes(scene) == [0, 1]


def test_what_is_ones_own_is_listed_beyond_the_horizon_and_where_it_is_wanted_only() -> None:
    """R24, R28: a clinic may shorten its horizon meanwhile."""
    scene = scene_of(minutely(time(9, 31)))
    slot = slot_at(scene, NINE + 3 * DAY)
    scene = evolve(scene, holds=(held(slot, slot.span, visit_id=scene.visit_id),))
    assert starts(scene)[-1] == slot.start
    morning = Filter(part=DayPart(time(9), time(9, 1)))
    assert starts(evolve(scene, chosen=morning)) == [NINE, slot.start]
    assert starts(evolve(scene, chosen=Filter(part=DayPart(time(9, 1), None)))) == [NINE + MINUTE]


@pytest.mark.parametrize(
    ("day", "part", "walls"),
    [
        (
            date(2026, 11, 1),
            DayPart(time(1, 30), time(2, 30)),
            ["01:30 -0400", "01:30 -0500", "02:00 -0500"],
        ),
        (date(2026, 3, 8), DayPart(time(1, 30), time(3, 30)), ["01:30 -0500", "03:00 -0400"]),
    ],
)
def test_a_time_of_day_is_read_off_the_clock_of_that_hour(
    day: date, part: DayPart, walls: list[str]
) -> None:
    """R24, R30: neither clock is asked beyond the change."""
    scene = scene_of(
        opening(time(0, 30), time(5), interval=30 * MINUTE, recurrence=Recurrence.once(day)),
        horizon=3 * DAY,
        zone="America/Toronto",
    )
    noon = datetime.combine(day - DAY, time(17), UTC)
    wanted = evolve(scene, now=noon, service=service("visit", 30), chosen=Filter(part=part))
    zone = scene.clinic.zone
    assert [f"{each.astimezone(zone):%H:%M %z}" for each in starts(wanted)] == walls


def test_a_day_that_is_full_on_one_schedule_is_listed_for_the_other() -> None:
    """R24, R26: also by a search that knows of both already."""
    both = (schedule("a", minutely(time(9, 31))), schedule("b", minutely(time(9, 30))))
    scene = scene_of(horizon=3 * DAY)
    scene = evolve(scene, clinic=evolve(scene.clinic, schedules=both))
    full = [claim(Span(MIDNIGHT + n * DAY, MIDNIGHT + (n + 1) * DAY), A, n) for n in (0, 2)]
    scene = evolve(scene, appointments=tuple(full))
    keeper, promised = DayKeeper(scene.clinic), [NINE, NINE + DAY, NINE + DAY, NINE + DAY + MINUTE]
    for _ in range(2):
        assert starts(scene, keeper=keeper) == [*promised, NINE + 2 * DAY]


@pytest.mark.parametrize(
    ("change", "listed"),
    [
        ({}, True),
        ({"online": False}, False),
        ({"activities": frozenset({TALK})}, False),
        ({"activities": frozenset({TALK, CARE})}, True),
        ({"activities": frozenset({SHOT})}, False),
    ],
)
def test_an_opening_is_listed_that_is_online_and_serves_the_service(
    change: dict[str, object], listed: bool
) -> None:
    """R27."""
    assert minutes(scene_of(minutely(time(9, 30), **change))) == [0] * listed


def shown_from(day: int, at: time) -> Opening:
    """An opening of the fifth day, shown so many days before."""
    once = Recurrence.once((MIDNIGHT + 4 * DAY).date())
    return minutely(
        time(9, 30), recurrence=once, release=Release(days_before=4 - day, at=at), start=at
    )


def test_each_release_of_a_day_is_waited_for_and_a_clock_set_back_hides_it_again() -> None:
    """R27: of three on one day, whatever was kept in between, forth and back."""
    clocks = (time(7), time(8), time(9))
    # The first one is listed in the middle: neither the first nor the last release is enough.
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)):
        openings = [
            evolve(shown_from(1, clocks[n]), start=time(10 + n), end=time(10 + n, 30))
            for n in order
        ]
        scene = scene_of(*openings, horizon=10 * DAY)
        keeper = DayKeeper(scene.clinic)
        first = MIDNIGHT + DAY + 7 * 60 * MINUTE
        moments = [first + n * 60 * MINUTE + m * MINUTE for n in (0, 1, 2) for m in (-1, 0, 1)]
        for now in (MIDNIGHT, *moments, *moments[::-1], MIDNIGHT, *moments):
            shown = sum(now >= first + n * 60 * MINUTE for n in range(3))
            assert len(starts(evolve(scene, now=now), keeper=keeper)) == shown


def test_days_that_are_shown_at_different_times_are_waited_for_each() -> None:
    """R27: also when two of them are shown at once, and one search read both."""
    days = [
        minutely(
            time(9, 30),
            recurrence=Recurrence.once((MIDNIGHT + n * DAY).date()),
            release=Release(days_before=before, at=time(7)),
        )
        # Shown on the first day, on the second, on the second, on the third.
        for n, before in ((4, 4), (5, 4), (6, 5), (7, 5))
    ]
    for order in (days, days[::-1]):
        scene = scene_of(*order, horizon=20 * DAY)
        keeper = DayKeeper(scene.clinic)
        seven = 7 * 60 * MINUTE
        for now, count in (
            (seven - MINUTE, 0),
            (seven, 1),
            (DAY + seven - MINUTE, 1),
            (DAY + seven, 3),
            (2 * DAY + seven - MINUTE, 3),
            (2 * DAY + seven, 4),
            (DAY, 1),
            (timedelta(), 0),
            (2 * DAY + seven, 4),
        ):
            found = starts(evolve(scene, now=MIDNIGHT + now), keeper=keeper)
            assert len(found) == count


def test_a_desk_opening_is_closed_by_every_closure_and_taken_by_what_stands_there() -> None:
    """R27, R48."""
    made = desk_opening(Span(NINE, NINE + 120 * MINUTE), A, MINUTE)
    scene = evolve(scene_of(), desk_openings=(made,))
    assert minutes(scene) == list(range(91))
    shut = desk_closure(Span(NINE + 60 * MINUTE, NINE + 70 * MINUTE), A)
    left = [*range(31), *range(70, 91)]
    assert minutes(evolve(scene, desk_closures=(shut,))) == left
    closure = {"start": shut.span.start.replace(tzinfo=None), "end": shut.span.end}
    assert closure
