"""Hosts whose clocks disagree, and a clock that is set back (R34).

PostgreSQL: the server's clock alone counts, so two hosts three minutes apart agree on every hold.
SQLite: one host, whose clock may be set. Time there never goes back by up to an hour, and one wild
jump does not poison the file.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import omnibook as ob
from omnibook.adapters.clocks import ManualClock, RandomTokens, SystemClock
from omnibook.adapters.sql import SqlStore
from omnibook.clinic import Clinic, Policies
from omnibook.ids import ClinicId
from omnibook.ports import DueNotices
from omnibook.records import SYSTEM, AuditEvent
from omnibook.transactions import CORRECTION, Decision, RecordAudit, Scope, Snapshot
from support.postgres import Database
from support.quick_sql import quick_file
from support.races import FORM, KEYS, let_them_in, portal_on, times, token
from support.storm import let_in, stormy_clinic, time_number
from support.worlds import START, small_clinic

APART = timedelta(seconds=180)
CLINIC_ID = small_clinic().clinic_id


@contextmanager
def host_clock(ahead: timedelta) -> Iterator[None]:
    """What happens on a host whose clock is ahead of the true time, or behind."""
    true = SystemClock.now
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SystemClock, "now", lambda self: true(self) + ahead)
        yield


def shared_clinic() -> Clinic:
    """A hold is shorter than the hosts are apart: who trusts a host's clock is wrong at once."""
    return evolve(stormy_clinic(), policies=Policies(hold=APART - timedelta(seconds=10)))


def a_time(number: int) -> ob.Slot:
    return time_number(number, SystemClock().now().date() + timedelta(days=2))


def review(store: SqlStore, who: str, slot: ob.Slot) -> ob.ReviewOutcome:
    portal = ob.Portal(shared_clinic(), store=store, directory=ob.MemoryDirectory(), keys=KEYS)
    return portal.review(let_in(store, [who])[0], slot, FORM)


@pytest.mark.parametrize("ahead", [APART, -APART], ids=["ahead", "behind"])
def test_no_host_steals_what_another_one_holds(pg_database: Database, ahead: timedelta) -> None:
    """R33, R34, R40."""
    with SqlStore(pg_database.url) as here, SqlStore(pg_database.url) as there:
        for number, (first, second) in enumerate([(timedelta(), ahead), (ahead, timedelta())]):
            slot = a_time(number)
            with host_clock(first):
                held = review(here, f"first-{number}", slot)
            with host_clock(second):
                refused = review(there, f"second-{number}", slot)

            assert isinstance(held, ob.Held)
            assert isinstance(refused, ob.SlotTaken)
            # And what a page counts down from is right on either host.
            assert timedelta(seconds=160) < held.remaining <= timedelta(seconds=170)


def test_stores_that_trust_their_hosts_would_steal_it(pg_database: Database) -> None:
    """What the test above guards against does happen with the hosts' own clocks."""
    clock = SystemClock()
    with (
        SqlStore(pg_database.url, clock=clock) as here,
        SqlStore(pg_database.url, clock=clock) as there,
    ):
        held = review(here, "first", a_time(0))
        with host_clock(APART):
            stolen = review(there, "second", a_time(0))

    assert isinstance(held, ob.Held)
    assert isinstance(stolen, ob.Held)


@pytest.mark.parametrize("ahead", [timedelta(days=1), -timedelta(days=1)], ids=["ahead", "behind"])
def test_now_is_the_server_s(pg_database: Database, ahead: timedelta) -> None:
    """R34."""
    with SqlStore(pg_database.url) as store:
        before = server_time(pg_database)
        with host_clock(ahead):
            now, _ = store.read(DueNotices(clinic_id=CLINIC_ID))
        after = server_time(pg_database)

    assert before <= now <= after


def server_time(database: Database) -> datetime:
    with database.connect() as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    found = row[0]
    assert isinstance(found, datetime)
    return found.astimezone(UTC)


# One host's clock, set back ----------------------------------------------------------------------

STEPS = st.lists(st.integers(-int(CORRECTION.total_seconds()), 3600), min_size=1, max_size=12)


def now_of(store: SqlStore, clinic_id: ClinicId = CLINIC_ID) -> datetime:
    return store.read(DueNotices(clinic_id=clinic_id))[0]


def write(store: SqlStore, clinic_id: ClinicId = CLINIC_ID) -> datetime:
    """Change something, and answer what time it was then."""

    def decide(snapshot: Snapshot) -> Decision[datetime]:
        mark = AuditEvent(
            clinic_id=clinic_id,
            audit_id=RandomTokens().new_id(),
            at=snapshot.now,
            action="test",
            code="test",
            actor=SYSTEM,
            subject=None,
        )
        return Decision(snapshot.now, (RecordAudit(mark),))

    return store.transact(Scope(clinic_id=clinic_id), decide)


def test_a_file_s_time_never_goes_back_by_up_to_an_hour(tmp_path: Path) -> None:
    """R34, whichever handle asks. Each clinic of a file has a time of its own."""
    numbers = count()
    clock = ManualClock(START)

    @given(STEPS)
    def law(steps: Sequence[int]) -> None:
        clinic_id = ClinicId(f"clinic-{next(numbers)}")
        clock.set(START)
        latest = write(one, clinic_id)
        for step in steps:
            # Set to anything from an hour before the last write on.
            clock.set(latest + timedelta(seconds=step))
            assert now_of(one, clinic_id) == max(latest, clock.now())
            before, latest = latest, write(other, clinic_id)
            assert latest == max(before, clock.now())
            assert now_of(one, clinic_id) == latest

    with quick_file(tmp_path) as engine:
        one, other = SqlStore(engine, clock=clock), SqlStore(engine, clock=clock)
        law()


def test_a_hold_is_as_long_as_it_was_told_though_the_clock_is_set_back(tmp_path: Path) -> None:
    """R34: it does not begin anew, and nobody takes it before its time."""
    clock = ManualClock(START)
    with SqlStore(f"sqlite:///{tmp_path / 'clinic.db'}", clock=clock) as store:
        let_them_in(store, 2)
        mine, other = token(0, 0), token(1, 0)
        slot = times()[0]
        held = portal_on(store).review(mine, slot, FORM)
        assert isinstance(held, ob.Held)

        clock.set(START - timedelta(minutes=50))
        again = portal_on(store).review(mine, slot, FORM)
        assert again == held
        assert isinstance(portal_on(store).review(other, slot, FORM), ob.SlotTaken)

        clock.set(held.expires_at - timedelta(microseconds=1))
        assert isinstance(portal_on(store).review(other, slot, FORM), ob.SlotTaken)
        clock.set(held.expires_at)
        assert isinstance(portal_on(store).review(other, slot, FORM), ob.Held)


def test_one_wild_jump_does_not_poison_a_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A clock that is more than an hour behind was wrong before: it is believed, with a warning."""
    clock = ManualClock(START)
    url = f"sqlite:///{tmp_path / 'clinic.db'}"
    with SqlStore(url, clock=clock) as one, SqlStore(url, clock=clock) as other:
        let_them_in(one, 1)
        clock.set(START + timedelta(days=3650))
        write(one)
        clock.set(START)

        with caplog.at_level(logging.WARNING, logger="omnibook.sql"):
            assert now_of(other) == START
            assert write(other) == START

        assert "set back" in caplog.text
        assert now_of(one) == START
        # The clinic goes on as if nothing had been: a hold is made, and lapses in time.
        held = portal_on(one).review(token(0, 0), times()[0], FORM)
        assert isinstance(held, ob.Held)
        assert held.expires_at == START + Policies().hold
