"""Hosts that share a database count attempts together (R12), and forget them in time (R51)."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import omnibook as ob
from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import AsyncSqlLimiter, SqlLimiter, SqlStore, open_engine
from omnibook.attempts import LimiterPolicy
from omnibook.audit import Operation
from omnibook.clinic import Policies
from omnibook.errors import StoreError
from omnibook.ids import ClinicId, OperationId
from omnibook.ports import Attempt, Clock
from omnibook.records import SYSTEM
from omnibook.retention import cutoffs_at
from omnibook.testing import Effort, MakeLimiter, check_limiter
from omnibook.testing.samples import NOW
from support.awaited import async_store
from support.postgres_fixtures import ENGINES, Postgres
from support.quick_sql import quick_engine
from support.sql_stores import KINDS, assert_nobody_is_inside, database, raw, sent
from support.worlds import MARIES_FORM, small_clinic, world

CLINIC = ClinicId("clinic-a")
SECOND = timedelta(seconds=1)
DAY = timedelta(hours=24)
PURGE = Operation(clinic_id=CLINIC, operation_id=OperationId("op-1"), actor=SYSTEM)


def attempt(number: int, person: str = "marie", health_number: str | None = None) -> Attempt:
    return Attempt(source=f"place {number}", person=person, health_number=health_number)


@pytest.fixture(params=KINDS)
def make(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path
) -> Iterator[MakeLimiter]:
    """One database; a clinic for each name."""
    kind: str = request.param
    with ExitStack() as undo:
        url = undo.enter_context(database(kind, postgres, tmp_path))
        shared = quick_engine(url) if kind == "sqlite" else None
        shared = open_engine(url) if shared is None and not kind.endswith("async") else shared
        if shared is not None:
            undo.callback(shared.dispose)

        def opened(name: str, clock: Clock, policy: LimiterPolicy) -> SqlLimiter | AsyncSqlLimiter:
            if shared is None:
                return AsyncSqlLimiter(url, ClinicId(name), policy, clock=clock)
            return SqlLimiter(shared, ClinicId(name), policy, clock=clock)

        yield opened


def test_limiters_of_every_kind_keep_the_laws(make: MakeLimiter) -> None:
    """R12."""
    check_limiter(make, effort=Effort.QUICK)


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> Iterator[str]:
    with database(request.param, postgres, tmp_path) as found:
        yield found


def test_the_databases_own_clock_counts_where_none_is_given(url: str) -> None:
    """R12: PostgreSQL's is the server's."""
    with SqlLimiter(url, CLINIC) as here, SqlLimiter(url, CLINIC) as there:
        for number in range(5):
            assert (here if number % 2 else there).admit(attempt(number)) is None
        wait = here.admit(attempt(5))

    assert wait is not None
    assert 20 * SECOND < wait <= 30 * SECOND


def test_clinics_count_apart(url: str) -> None:
    """R12."""
    with SqlLimiter(url, CLINIC) as one, SqlLimiter(url, ClinicId("clinic-b")) as other:
        for number in range(5):
            one.admit(attempt(number))

        assert one.admit(attempt(9)) is not None
        assert other.admit(attempt(9)) is None


def test_who_has_to_wait_is_told_without_a_lock(url: str) -> None:
    """R12: a flood of refused attempts keeps nobody from booking."""
    with SqlLimiter(url, CLINIC) as limiter:
        for number in range(5):
            limiter.admit(attempt(number))
        with sent() as statements:
            assert limiter.admit(attempt(5)) is not None

    words = " ".join(sql for sql, _ in statements)
    assert "identify_attempts" in words
    assert not {"INSERT", "UPDATE", "IMMEDIATE"} & set(words.split())
    assert_nobody_is_inside(url)


def test_two_who_read_at_once_are_counted_one_after_the_other(url: str) -> None:
    """R12: what a look said is judged anew once nobody else is in."""
    with SqlLimiter(url, CLINIC) as slow, SqlLimiter(url, CLINIC) as quick:
        for number in range(4):
            quick.admit(attempt(number))
        core = slow._core

        class Outrun(type(core)):  # type: ignore[misc]
            async def _count(self, *asked: object) -> timedelta | None:
                quick.admit(attempt(4))
                answer: timedelta | None = await super()._count(*asked)
                return answer

        slow._core = Outrun(core.pool, core.clinic_id, core.policy, core.clock)
        wait = slow.admit(attempt(5))

    assert wait is not None
    assert 20 * SECOND < wait <= 30 * SECOND
    assert_nobody_is_inside(url)


def test_nothing_of_a_person_is_kept_and_all_goes_after_a_day(url: str) -> None:
    """R12, R51: keyed hashes, forgotten 24 hours after the last attempt."""
    clock = ManualClock(NOW)
    with SqlLimiter(url, CLINIC, clock=clock) as limiter, SqlStore(url, clock=clock) as store:
        limiter.admit(attempt(1, health_number="a hash"))
        clock.advance(SECOND)
        limiter.admit(attempt(2))

        def purged(after: timedelta) -> int:
            cutoffs = cutoffs_at(NOW + after, Policies())
            return store.purge(cutoffs, PURGE).attempts

        assert purged(DAY - SECOND) == 0
        # The first one's source and health number; the person came back, and the allowance is
        # full again a moment after the last attempt.
        assert purged(DAY) == 2
        assert purged(DAY + SECOND) == 2
        assert purged(DAY + 10 * SECOND) == 1
        assert purged(2 * DAY) == 0
    with raw(url) as connection:
        assert connection.execute("SELECT count(*) FROM identify_attempts").fetchone()[0] == 0


def test_a_purge_forgets_no_more_rows_at_a_time_than_it_may(url: str) -> None:
    """R51."""
    clock = ManualClock(NOW)
    with SqlLimiter(url, CLINIC, clock=clock) as limiter, SqlStore(url, clock=clock) as store:
        for number in range(5):
            limiter.admit(attempt(number))
        cutoffs = cutoffs_at(NOW + 2 * DAY, Policies())
        found = [store.purge(cutoffs, PURGE, limit=3).attempts for _ in range(4)]

    assert found == [3, 3, 1, 0]


def test_a_database_of_its_own_forgets_by_itself(url: str) -> None:
    """R51: a few rows with each attempt that goes on, and never one of the last 24 hours."""
    clock = ManualClock(NOW)
    with SqlLimiter(url, CLINIC, clock=clock) as limiter:
        with SqlLimiter(url, ClinicId("clinic-b"), clock=clock) as other:
            other.admit(attempt(1))
        for number in range(12):
            limiter.admit(attempt(number, person=f"person {number}"))

        def rows(clinic: str = CLINIC) -> int:
            sql = f"SELECT count(*) FROM identify_attempts WHERE clinic_id = '{clinic}'"  # noqa: S608
            with raw(url) as connection:
                return int(connection.execute(sql).fetchone()[0])

        assert rows() == 25
        # The allowance of all is full again some seconds later, and counts from then.
        clock.advance(DAY - timedelta(microseconds=1))
        limiter.admit(attempt(20, person="new 20"))
        assert rows() == 27
        clock.advance(timedelta(microseconds=1))
        left = []
        for number in range(21, 25):
            limiter.admit(attempt(number, person=f"new {number}"))
            left.append(rows())

    assert left == [19, 11, 9, 11]
    assert rows("clinic-b") == 3
    assert_nobody_is_inside(url)


def test_an_attempt_that_waits_forgets_nothing(url: str) -> None:
    """R12: it only reads, but for a clock that was set back."""
    clock = ManualClock(NOW)
    with SqlLimiter(url, CLINIC, clock=clock) as limiter:
        limiter.admit(attempt(0, person="old"))
        clock.advance(DAY)
        for number in range(5):
            limiter.admit(attempt(number))
        clock.set(NOW + DAY - SECOND)
        with sent() as statements:
            assert limiter.admit(attempt(9)) == 30 * SECOND

    words = " ".join(sql for sql, _ in statements)
    assert "INSERT" in words
    assert "DELETE" not in words


def test_a_limiter_that_cannot_reach_its_database_lets_nobody_in(tmp_path: Path) -> None:
    """R12: its failure is TooManyAttempts."""
    place = f"sqlite:///{tmp_path / 'attempts.db'}"
    here = world()
    with SqlLimiter(place, here.clinic.clinic_id) as limiter:
        portal = ob.Portal(
            here.clinic,
            store=here.store,
            directory=here.directory,
            keys=here.keys,
            limiter=limiter,
        )

        def identify() -> object:
            return portal.identify(
                MARIES_FORM, terms="2026-01", language="fr", source="203.0.113.7"
            )

        assert isinstance(identify(), ob.Welcome)
        with raw(place) as connection:
            connection.execute("DROP TABLE identify_attempts")

        assert identify() == ob.TooManyAttempts(retry_after=5 * SECOND)
        with pytest.raises(StoreError):
            limiter.admit(attempt(1))
    assert_nobody_is_inside(place)


def test_portals_on_several_hosts_count_together(url: str) -> None:
    """R12: plain and awaited."""
    clinic = small_clinic()
    here = world(clinic)
    ports: dict[str, Any] = {"directory": here.directory, "keys": here.keys}

    def said(portal: ob.Portal, source: str) -> object:
        return portal.identify(MARIES_FORM, terms="2026-01", language="fr", source=source)

    async def awaited(source: str) -> object:
        async with AsyncSqlLimiter(url, clinic.clinic_id) as limiter:
            portal = ob.AsyncPortal(clinic, store=async_store(here), limiter=limiter, **ports)
            return await portal.identify(MARIES_FORM, terms="2026-01", language="fr", source=source)

    with SqlLimiter(url, clinic.clinic_id) as one, SqlLimiter(url, clinic.clinic_id) as two:
        portals = [
            ob.Portal(clinic, store=here.store, limiter=each, **ports) for each in (one, two)
        ]
        for number in range(4):
            assert isinstance(said(portals[number % 2], f"place {number}"), ob.Welcome)
        assert isinstance(asyncio.run(awaited("place 4")), ob.Welcome)
        found = [said(portals[0], "place 5"), said(portals[1], "place 6")]
        found.append(asyncio.run(awaited("place 7")))

    assert [type(each) for each in found] == [ob.TooManyAttempts] * 3
