# ruff: noqa: S608 - what is put together here comes from nobody
"""The second guard: what a program that writes past this package cannot do either (R40).

Everything here is sent by the driver itself, to each engine.
"""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from omnibook.adapters.sql import SqlStore, metadata
from omnibook.adapters.sql.columns import instant_text
from omnibook.ids import ScheduleId
from omnibook.ports import ReadScope
from omnibook.records import ClaimKind
from omnibook.testing.samples import CLINIC, NOW, SCHEDULE, appointment, at, hold, hours
from omnibook.transactions import PutAppointment, PutHold, Scope
from support.postgres_fixtures import ENGINES
from support.sql_stores import REFUSED, Places, keep, raw

OTHER = ScheduleId("dr-cote")
DAY = {SCHEDULE: hours(-24, 24), OTHER: hours(-24, 24)}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, places: Places) -> SqlStore:
    places.clock.set(NOW)
    made = places.store(request.param)
    assert isinstance(made, SqlStore)
    keep(made, PutAppointment(appointment("a-1", 1)), PutHold(hold("h-1", 3)))
    return made


@pytest.fixture
def url(request: pytest.FixtureRequest, places: Places, store: SqlStore) -> str:
    return places.url(request.node.callspec.params["store"])


def claims(store: SqlStore) -> list[tuple[str, ClaimKind, float, float]]:
    """Owner, kind, and the hours from and to."""
    scope = Scope(clinic_id=CLINIC, schedules=DAY)
    snapshot = store.read(ReadScope(scope))[1]
    return [
        (
            each.owner,
            each.kind,
            (each.span.start - NOW).total_seconds() / 3600,
            (each.span.end - NOW).total_seconds() / 3600,
        )
        for state in snapshot.schedules.values()
        for each in state.claims
    ]


BEFORE = [("a-1", ClaimKind.APPOINTMENT, 1, 2), ("h-1", ClaimKind.HOLD, 3, 4)]


def moment(hour: float) -> str:
    """An instant as either engine reads it."""
    return f"'{instant_text(at(hour))}'"


def claim(
    owner: str, start: float, end: float, *, schedule: str = SCHEDULE, clinic: str = CLINIC
) -> str:
    return (
        "INSERT INTO claims (clinic_id, owner_id, schedule_id, starts_at, ends_at, kind) VALUES "
        f"('{clinic}', '{owner}', '{schedule}', {moment(start)}, {moment(end)}, 'appointment')"
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [(1, 2), (1.25, 1.5), (0, 9), (0.5, 1.25), (1.75, 2.5), (1, 1.5), (1.5, 2), (0, 3.25)],
)
def test_a_claim_that_overlaps_is_refused(
    store: SqlStore, url: str, start: float, end: float
) -> None:
    with raw(url) as connection, pytest.raises(REFUSED):
        connection.execute(claim("theirs", start, end))

    assert claims(store) == BEFORE


def test_a_claim_is_not_moved_or_widened_over_another(store: SqlStore, url: str) -> None:
    for change in (
        f"starts_at = {moment(1)}, ends_at = {moment(2)}",
        f"starts_at = {moment(1.5)}",
        f"starts_at = {moment(0)}, ends_at = {moment(9)}",
    ):
        with raw(url) as connection, pytest.raises(REFUSED):
            connection.execute(f"UPDATE claims SET {change} WHERE owner_id = 'h-1'")
    everywhere = Scope(clinic_id=CLINIC, schedules=DAY)
    keep(store, PutHold(hold("h-2", 1, schedule=OTHER)), scope=everywhere)
    with raw(url) as connection, pytest.raises(REFUSED):
        connection.execute("UPDATE claims SET schedule_id = 'dr-roy' WHERE owner_id = 'h-2'")

    assert claims(store)[:2] == BEFORE


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_no_claim_is_replaced_by_one_that_overlaps(store: SqlStore, url: str) -> None:
    """SQLite's own word for it asks no constraint; the trigger and the appointment's key do."""
    for start, end in ((1, 2), (1, 2.5), (0.5, 1.5), (3, 4), (2.5, 3.5)):
        with raw(url) as connection, pytest.raises(REFUSED):
            connection.execute(claim("theirs", start, end).replace("INSERT", "INSERT OR REPLACE"))

    assert claims(store) == BEFORE


def test_claims_that_touch_or_are_elsewhere_stand_side_by_side(store: SqlStore, url: str) -> None:
    with raw(url) as connection:
        connection.execute(claim("x-1", 2, 3))
        connection.execute(claim("x-2", 0, 1))
        connection.execute(claim("x-3", 1, 2, schedule=OTHER))
        connection.execute(claim("x-4", 1, 2, clinic="clinic-b"))

    assert len(claims(store)) == 5


def test_a_claim_ends_after_it_starts_and_is_of_a_known_kind(url: str) -> None:
    for words in (
        claim("x", 9, 9),
        claim("x", 9, 8),
        claim("x", 8, 9).replace("'appointment'", "'nothing'"),
    ):
        with raw(url) as connection, pytest.raises((*REFUSED, psycopg.DataError)):
            connection.execute(words)


# Appointments and their claims -------------------------------------------------------------------


def copied(name: str, **changes: str) -> str:
    """Insert the appointment a-1 again, under another identifier."""
    columns = [column.name for column in metadata.tables["appointments"].columns]
    changes = {"appointment_id": f"'{name}'", **changes}
    chosen = ", ".join(changes.get(each, each) for each in columns)
    return (
        f"INSERT INTO appointments ({', '.join(columns)}) "
        f"SELECT {chosen} FROM appointments WHERE appointment_id = 'a-1'"
    )


def refused_at_commit(connection: Any, *statements: str) -> None:
    """Each statement passes; together they do not."""
    connection.execute("BEGIN")
    for each in statements:
        connection.execute(each)
    with pytest.raises(REFUSED):
        connection.execute("COMMIT")
    connection.execute("ROLLBACK")


TIMES = ("claimed_from", "claimed_until", "occupied_until")


def moved(start: float, end: float) -> dict[str, str]:
    return dict(zip(TIMES, (moment(start), moment(end), moment(end)), strict=True))


def test_an_appointment_without_its_claim_is_refused_at_the_commit(
    store: SqlStore, url: str
) -> None:
    with raw(url) as connection:
        # None at all; somebody else's; its own, but for another time, or on another schedule.
        refused_at_commit(connection, copied("a-2", **moved(5, 6)))
        refused_at_commit(connection, copied("a-2"))
        refused_at_commit(connection, copied("a-2", **moved(5, 6)), claim("a-2", 5, 7))
        refused_at_commit(connection, copied("a-2", **moved(5, 6)), claim("a-2", 6, 7))
        elsewhere = claim("a-2", 5, 6, schedule=OTHER)
        refused_at_commit(connection, copied("a-2", **moved(5, 6)), elsewhere)
        theirs = claim("a-2", 5, 6, clinic="clinic-b")
        refused_at_commit(connection, copied("a-2", **moved(5, 6)), theirs)
        with pytest.raises(REFUSED):
            connection.execute(copied("a-2", **moved(5, 6)))

    assert claims(store) == BEFORE


@pytest.mark.parametrize("first", [copied, claim])
def test_an_appointment_and_its_claim_come_in_whichever_order(
    store: SqlStore, url: str, first: Callable[..., str]
) -> None:
    both = [copied("a-2", **moved(5, 6)), claim("a-2", 5, 6)]
    with raw(url) as connection:
        connection.execute("BEGIN")
        for each in both if first is copied else reversed(both):
            connection.execute(each)
        connection.execute("COMMIT")

    assert claims(store) == [*BEFORE, ("a-2", ClaimKind.APPOINTMENT, 5, 6)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM claims WHERE owner_id = 'a-1'",
        f"UPDATE claims SET ends_at = {moment(2.5)} WHERE owner_id = 'a-1'",
        f"UPDATE claims SET starts_at = {moment(1.5)} WHERE owner_id = 'a-1'",
        "UPDATE claims SET schedule_id = 'dr-cote' WHERE owner_id = 'a-1'",
        "UPDATE claims SET owner_id = 'a-9' WHERE owner_id = 'a-1'",
        "UPDATE claims SET clinic_id = 'clinic-b' WHERE owner_id = 'a-1'",
        f"UPDATE appointments SET claimed_from = {moment(0.5)}",
        "UPDATE appointments SET schedule_id = 'dr-cote'",
        "UPDATE appointments SET appointment_id = 'a-9'",
        f"UPDATE appointments SET claimed_until = {moment(2.5)}, occupied_until = {moment(2.5)}",
        f"UPDATE appointments SET claimed_until = {moment(2.5)}",
        "UPDATE appointments SET occupied_until = NULL",
        "UPDATE appointments SET status = 'noshow'",
        "UPDATE appointments SET status = 'cancelled'",
        "UPDATE appointments SET patient_id = 'p-1'",
        "UPDATE appointments SET provisional = NULL",
    ],
)
def test_an_appointment_that_occupies_its_time_keeps_its_claim(
    store: SqlStore, url: str, statement: str
) -> None:
    with raw(url) as connection:
        connection.execute("BEGIN")
        with pytest.raises(REFUSED):  # noqa: PT012 - some at once, the others at the commit
            connection.execute(statement)
            connection.execute("COMMIT")
        connection.execute("ROLLBACK")

    assert claims(store) == BEFORE


def test_an_appointment_that_occupies_nothing_needs_no_claim(store: SqlStore, url: str) -> None:
    with raw(url) as connection:
        connection.execute("BEGIN")
        connection.execute("UPDATE appointments SET status = 'noshow', occupied_until = NULL")
        connection.execute("DELETE FROM claims WHERE owner_id = 'a-1'")
        connection.execute("COMMIT")

    assert claims(store) == BEFORE[1:]


def test_the_keys_of_a_record_go_with_it(store: SqlStore, url: str) -> None:
    keep(store, PutHold(hold("h-2", 7, keys=("k-1",), patient="p-1")))
    keep(store, PutAppointment(appointment("a-2", 9, keys=("k-1",), source="s-1")))

    def counted(connection: Any) -> list[int]:
        tables = ("hold_keys", "appointment_keys")
        return [connection.execute(f"SELECT count(*) FROM {each}").fetchone()[0] for each in tables]

    with raw(url) as connection:
        # Of h-1 its source; of h-2 contact, source and patient; of a-2 contact and source.
        assert counted(connection) == [4, 2]
        connection.execute("DELETE FROM holds")
        connection.execute("UPDATE appointments SET status = 'noshow', occupied_until = NULL")
        connection.execute("DELETE FROM appointments")
        assert counted(connection) == [0, 0]
        with pytest.raises(REFUSED):
            connection.execute(
                "INSERT INTO hold_keys (clinic_id, key, expires_at, hold_id) VALUES "
                f"('clinic-a', 'c/k-1', {moment(1)}, 'h-9')"
            )
