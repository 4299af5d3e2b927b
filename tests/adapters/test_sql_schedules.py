"""The schedule source in SQL: openings come back as they were put."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from omnibook.adapters.sql import SqlScheduleSource
from omnibook.clinic import Opening, Recurrence, Release
from omnibook.ids import ActivityId, ClinicId, ScheduleId
from omnibook.testing import check_schedule_source
from support.postgres_fixtures import ENGINES, Postgres
from support.sql_stores import engine_of

CLINIC = ClinicId("clinic-a")
DR_ROY, ROOM = ScheduleId("dr-roy"), ScheduleId("room-2")
MORNING = Opening(
    start=time(8, 30),
    end=time(12),
    recurrence=Recurrence(
        weekdays=frozenset({0, 2}),
        first=date(2026, 11, 1),
        exceptions=frozenset({date(2026, 12, 25), date(2027, 1, 1)}),
    ),
    activities=frozenset({ActivityId("nurse"), ActivityId("consultation")}),
    interval=timedelta(minutes=15),
    release=Release(days_before=14, at=time(7)),
)

activities = st.sampled_from((ActivityId("nurse"), ActivityId("consultation")))
dates = st.dates(date(2026, 1, 1), date(2028, 1, 1))


def openings() -> st.SearchStrategy[Opening]:
    weekly = st.builds(
        Recurrence,
        weekdays=st.frozensets(st.integers(0, 6)),
        first=st.none() | dates,
        last=st.none() | dates,
        additions=st.frozensets(dates, max_size=3),
        exceptions=st.frozensets(dates, max_size=3),
    )
    ruled = st.builds(
        Recurrence.from_rrule,
        st.sampled_from(("FREQ=MONTHLY;BYDAY=2TU", "freq=weekly;byday=mo,we", "FREQ=DAILY")),
        first=dates,
        last=st.none() | dates,
        additions=st.frozensets(dates, max_size=3),
        exceptions=st.frozensets(dates, max_size=3),
    )
    releases = st.builds(Release, days_before=st.integers(0, 90), at=st.times())
    return st.builds(
        Opening,
        start=st.times(),
        end=st.times(),
        ends_next_day=st.booleans(),
        recurrence=weekly | ruled,
        activities=st.frozensets(activities, min_size=1),
        interval=st.integers(1, 1440).map(lambda n: timedelta(minutes=n)),
        online=st.booleans(),
        release=st.none() | releases,
    )


# Each engine does the same.
few = settings(max_examples=max(settings().max_examples // 3, 5))


@pytest.fixture(scope="module", params=ENGINES)
def engine(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    with engine_of(request.param, postgres, tmp_path_factory.mktemp("schedules")) as opened:
        yield opened


@pytest.fixture(scope="module")
def source(engine: Engine) -> SqlScheduleSource:
    return SqlScheduleSource(engine, CLINIC)


@few
@given(mine=st.lists(openings(), max_size=4), others=st.lists(openings(), max_size=2))
def test_openings_come_back_as_they_were_put_in_their_order(
    source: SqlScheduleSource, mine: list[Opening], others: list[Opening]
) -> None:
    source.put(DR_ROY, mine)
    source.put(ROOM, iter(others))

    assert source.openings([ROOM, DR_ROY]) == {DR_ROY: tuple(mine), ROOM: tuple(others)}


def test_a_schedule_that_is_unknown_has_no_openings(source: SqlScheduleSource) -> None:
    assert source.openings([ScheduleId("unknown")]) == {ScheduleId("unknown"): ()}
    assert source.openings([]) == {}


def test_clinics_do_not_see_one_another_s_schedules(
    source: SqlScheduleSource, engine: Engine
) -> None:
    there = SqlScheduleSource(engine, ClinicId("b"))
    source.put(DR_ROY, [MORNING])

    assert there.openings([DR_ROY]) == {DR_ROY: ()}
    assert source.openings([DR_ROY]) == {DR_ROY: (MORNING,)}


# Versions ----------------------------------------------------------------------------------------

LATER = evolve(MORNING, start=time(9))


def test_the_schedules_in_a_database_keep_the_laws(source: SqlScheduleSource) -> None:
    """R30."""
    source.put(DR_ROY, [MORNING])
    source.put(ROOM, [])

    def change() -> Mapping[ScheduleId, list[Opening]]:
        source.put(DR_ROY, [MORNING, LATER])
        source.put(ROOM, [LATER])
        return {DR_ROY: [MORNING, LATER], ROOM: [LATER]}

    check_schedule_source(source, {DR_ROY: [MORNING], ROOM: []}, change=change)


def version_after(source: SqlScheduleSource, *openings: Opening) -> str:
    source.put(DR_ROY, openings)
    return source.versions([DR_ROY])[DR_ROY]


def test_a_version_never_comes_again_but_for_the_same_openings_put_again(
    source: SqlScheduleSource, engine: Engine
) -> None:
    """Somebody who was told of both in between may keep what was between."""
    source.put(ROOM, [MORNING])
    room = source.versions([ROOM])
    first = version_after(source, MORNING)
    other = version_after(source, LATER)
    back = version_after(source, MORNING)
    recurring = evolve(
        MORNING, recurrence=evolve(MORNING.recurrence, additions=frozenset({date(2027, 1, 1)}))
    )
    more = [
        version_after(source, MORNING, LATER),
        version_after(source, LATER, MORNING),
        version_after(source, recurring),
        version_after(source),
    ]

    assert len({first, other, back, *more, ""}) == 8
    assert version_after(source, MORNING) == version_after(source, MORNING)
    assert source.versions([ROOM]) == room
    with SqlScheduleSource(engine, ClinicId("b")) as there:
        assert there.versions([DR_ROY, ROOM]) == {DR_ROY: "", ROOM: ""}


def test_a_version_of_a_restored_database_stands_for_other_openings_once_they_differ(
    tmp_path: Path,
) -> None:
    """What is put after the backup and what is put after it was restored have two versions."""
    versions = []
    for number, opening in enumerate((MORNING, LATER)):
        with SqlScheduleSource(f"sqlite:///{tmp_path / f'{number}.db'}", CLINIC) as source:
            version_after(source, evolve(MORNING, start=time(7)))
            versions.append(version_after(source, opening))

    assert versions[0] != versions[1]


def test_several_may_put_the_same_schedule_at_once(engine: Engine) -> None:
    """The version tells of the openings that stand."""
    wanted = [evolve(MORNING, start=time(hour)) for hour in range(7, 11)]

    def put(opening: Opening) -> None:
        with SqlScheduleSource(engine, CLINIC) as source:
            source.put(ScheduleId("new"), [opening])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(put, wanted)) == [None] * 4
    with SqlScheduleSource(engine, CLINIC) as source:
        (standing,) = source.openings([ScheduleId("new")])[ScheduleId("new")]
        before = source.versions([ScheduleId("new")])
        source.put(ScheduleId("new"), [standing])
        assert source.versions([ScheduleId("new")]) == before
