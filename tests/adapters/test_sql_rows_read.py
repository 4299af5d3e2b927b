"""How many rows a search reads: what changed bounds it, and the answer, and no horizon (R27)."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from attrs import define, evolve
from sqlalchemy import Engine, event, insert

import omnibook as ob
from omnibook.adapters.sql import SqlStore, tables
from omnibook.clinic import Clinic
from omnibook.daybits import bits_of
from omnibook.ids import ClinicId, ScheduleId, ServiceId
from omnibook.times import to_minute
from support.counted_rows import RowCounter
from support.postgres_fixtures import ENGINES, Postgres
from support.sql_stores import engine_of
from support.worlds import (
    CARE,
    MARIE,
    START,
    World,
    opening,
    schedule,
    service,
    small_clinic,
    world,
)

HORIZONS = (30, 90, 365)
SIZES = (1, 20)
DAYS = 400
"""On so many days something is booked, further than any horizon."""
FEW = 5
"""The rows of a visit and what belongs to it."""
TODAY = to_minute(START) // 1440
STAFF = ob.Actor.staff("staff-7")


@define
class Counter(RowCounter):
    """How many rows a call reads."""

    def of(self, call: Callable[[], object]) -> int:
        """The rows of one call."""
        before = self.rows
        call()
        return self.rows - before


@define
class Place:
    """A database on which the rows that are read are counted."""

    engine: Engine
    counter: Counter

    def world(self, clinic: Clinic) -> World:
        return world(clinic, make_store=lambda clock: SqlStore(self.engine, clock=clock))

    def fill(self, clinic: Clinic, minutes: int) -> None:
        """Write which minutes are booked on every day of every schedule: what a search reads."""
        with self.engine.begin() as connection:
            for each in clinic.schedules:
                key = {"clinic_id": clinic.clinic_id, "schedule_id": each.schedule_id}
                connection.execute(insert(tables.schedule_versions), {**key, "version": 1})
                days = [{**key, "day": TODAY + n, "minutes": minutes} for n in range(-DAYS, DAYS)]
                connection.execute(insert(tables.booked_days), days)


@pytest.fixture(scope="module", params=ENGINES)
def place(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    with engine_of(request.param, postgres, tmp_path_factory.mktemp("rows")) as engine:
        counter = Counter()
        event.listen(engine, "connect", counter.watch)
        made = Place(engine, counter)
        for size in SIZES:
            made.fill(clinic_of("some", size), bits_of(14 * 60, 14 * 60 + 30))
            made.fill(clinic_of("full", size), bits_of(0, 1440))
        yield made


def clinic_of(name: str, size: int, horizon: int = 30) -> Clinic:
    """So many schedules that are open every day from 08:00 to 12:00 in Toronto."""
    made = small_clinic()
    daily = evolve(opening(), recurrence=ob.Recurrence(), activities=frozenset({CARE}))
    return evolve(
        made,
        clinic_id=ClinicId(f"{name}-{size}"),
        services=(service("open", 15),),
        schedules=tuple(schedule(f"s-{n:02}", daily) for n in range(size)),
        policies=evolve(made.policies, horizon=timedelta(days=horizon)),
    )


def finder(here: World, clinic: Clinic, visit: ob.VisitToken) -> Callable[[], object]:
    """A process's searches: what it kept of one, the next one knows."""
    portal = ob.Portal(clinic, store=here.store, directory=here.directory, keys=here.keys)
    return lambda: portal.find(visit, "open", ob.Preference.soonest())


def book(here: World, name: str, hour: float) -> None:
    """The desk books, on the first schedule."""
    start = START + timedelta(hours=hour)
    slot = ob.Slot(ServiceId("open"), ScheduleId("s-00"), start, start + timedelta(minutes=15))
    form = ob.BookingForm("a sore throat")
    done = here.desk.book(name, slot, form, patient=MARIE.patient_id, actor=STAFF)
    assert isinstance(done, ob.Booked), done


def close(here: World, name: str) -> None:
    """The desk closes a quarter of an hour, on the first schedule."""
    span = START, START + timedelta(minutes=15)
    done = here.desk.close_time(name, "s-00", *span, actor=STAFF)
    assert isinstance(done, ob.Closed), done


@pytest.mark.parametrize("size", SIZES)
def test_what_is_read_depends_on_the_answer_and_on_what_changed(place: Place, size: int) -> None:
    """R27: cold, two days of each schedule; warm, none; after a booking, two of its schedule."""
    here = place.world(clinic_of("some", size))
    visit = here.enter()
    cold, warm, booked, again = [], [], [], []
    for horizon in HORIZONS:
        find = finder(here, clinic_of("some", size, horizon), visit)
        cold.append(place.counter.of(find))
        assert isinstance(find(), ob.Page)
        warm.append(place.counter.of(find))
        book(here, f"booking-{horizon}", 48 + horizon / 30)
        booked.append(place.counter.of(find))
        again.append(place.counter.of(find))

    assert len(set(cold)) == len(set(warm)) == len(set(booked)) == 1
    assert again == warm
    assert size < warm[0] <= size + FEW
    assert warm[0] < booked[0] <= warm[0] + 4
    assert warm[0] + size <= cold[0] <= warm[0] + 4 * size


@pytest.mark.parametrize("size", SIZES)
def test_days_that_are_full_are_read_once(place: Place, size: int) -> None:
    """R27, R29: however many there are; after a change, those of its schedule."""
    here = place.world(clinic_of("full", size))
    visit = here.enter()
    warm = []
    for horizon in HORIZONS:
        find = finder(here, clinic_of("full", size, horizon), visit)
        cold = place.counter.of(find)
        assert find() == ob.NoAvailability()
        warm.append(place.counter.of(find))
        assert cold >= warm[-1] + horizon * size

        close(here, f"closure-{horizon}")
        changed = place.counter.of(find)
        # One window of days after another: each looks a day further than it needs.
        assert warm[-1] < changed <= warm[-1] + 1.1 * horizon + 2 * FEW
        assert place.counter.of(find) == warm[-1]

    assert len(set(warm)) == 1
    assert size < warm[0] <= size + FEW
