"""The schedule source in SQL: openings come back as they were put."""

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from omnibook.adapters.sql import SqlScheduleSource
from omnibook.clinic import Opening, Recurrence, Release
from omnibook.ids import ActivityId, ClinicId, ScheduleId
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
    recurrences = st.builds(
        Recurrence,
        weekdays=st.frozensets(st.integers(0, 6)),
        first=st.none() | dates,
        last=st.none() | dates,
        exceptions=st.frozensets(dates, max_size=3),
    )
    releases = st.builds(Release, days_before=st.integers(0, 90), at=st.times())
    return st.builds(
        Opening,
        start=st.times(),
        end=st.times(),
        ends_next_day=st.booleans(),
        recurrence=recurrences,
        activities=st.frozensets(activities, min_size=1),
        interval=st.integers(1, 240).map(lambda n: timedelta(minutes=n)),
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
