"""The schedule source in SQL: openings come back as they were put."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.adapters.sql import SqlScheduleSource
from omnibook.clinic import Opening, Recurrence, Release
from omnibook.ids import ActivityId, ClinicId, ScheduleId
from support.quick_sql import quick_file

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


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlScheduleSource]:
    with quick_file(tmp_path_factory.mktemp("schedules")) as engine:
        yield SqlScheduleSource(engine, CLINIC)


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


def test_clinics_do_not_see_one_another_s_schedules(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'clinic.db'}"
    with SqlScheduleSource(url, CLINIC) as here, SqlScheduleSource(url, ClinicId("b")) as there:
        here.put(DR_ROY, [MORNING])

        assert there.openings([DR_ROY]) == {DR_ROY: ()}
        assert here.openings([DR_ROY]) == {DR_ROY: (MORNING,)}
