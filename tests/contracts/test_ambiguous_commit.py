"""The line is cut after the server has done what it was asked, and before anybody heard (R38, R39).

A caller cannot tell a commit that was lost from one whose answer was lost. So whatever is repeated
as it was answers what was, or would have been, answered the first time.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache, partial
from typing import TypeVar

import psycopg
import pytest
from attrs import evolve

import omnibook as ob
from omnibook.adapters.sql import AsyncSqlStore, SqlStore
from omnibook.clinic import Policies
from omnibook.errors import StoreError
from omnibook.records import Appointment
from support.aftermath import assert_claims_match, assert_no_overlap, assert_whole
from support.cut_line import CutLine
from support.looking import appointments, holds_of
from support.postgres import Database, Databases
from support.postgres_fixtures import MAJORS, NAMED, Postgres
from support.races import (
    FORM,
    KEYS,
    TIMES,
    let_them_in,
    open_store,
    portal_on,
    racing_clinic,
    times,
    token,
)
from support.storm import SOMEBODY
from support.worlds import STAFF, START

OutcomeT = TypeVar("OutcomeT")

pytestmark = pytest.mark.skipif(MAJORS == (NAMED,), reason="the line is to a server of our own")


@pytest.fixture(params=MAJORS)
def major(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def databases(postgres: Postgres, major: str) -> Databases:
    return postgres.databases(major)


@pytest.fixture
def line(postgres: Postgres, major: str) -> Iterator[CutLine]:
    with CutLine(postgres.server(major).folder) as made:
        yield made


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = databases.create()
    yield made
    databases.drop(made)


def assert_all_is_whole(store: SqlStore, count: int) -> None:
    made = appointments(store)
    assert len(made) == count
    assert_no_overlap(made)
    assert_claims_match(store, made)
    assert_whole(store, made, racing_clinic())


def sweep(
    line: CutLine, act: Callable[[int], OutcomeT], is_done: Callable[[int], bool]
) -> Iterator[OutcomeT]:
    """Act once for each request that acting takes, the line cut at that one; then act again.

    Yields what was answered in the end. Both must have happened: the line was cut before anything
    was done, and after it was.
    """
    done: list[bool] = []
    for number in range(TIMES):
        line.cut_at(number + 1)
        try:
            answer = act(number)
        except StoreError:
            line.cut_at(None)
            done.append(is_done(number))
            answer = act(number)
        else:
            finished = not line.was_cut
            line.cut_at(None)
            if finished:
                break
        yield answer
    else:
        pytest.fail(f"it took {TIMES} requests and more")
    assert True in done
    yield answer


def test_the_line_itself_hands_on_and_cuts(database: Database, line: CutLine) -> None:
    through = line.url(database.url).replace("+psycopg", "")
    with psycopg.connect(through, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number int)")
        line.cut_at(2)
        connection.execute("INSERT INTO kept VALUES (1)")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("INSERT INTO kept VALUES (2)")
        assert (line.requests, line.was_cut) == (2, True)

    line.cut_at(None)
    with psycopg.connect(through, autocommit=True) as connection:
        assert connection.execute("SELECT number FROM kept ORDER BY 1").fetchall() == [(1,), (2,)]


def test_a_review_that_is_repeated_returns_the_hold_that_was_made(
    database: Database, line: CutLine
) -> None:
    """R35, R38."""
    with open_store(database.url) as beside, open_store(line.url(database.url)) as store:
        let_them_in(beside, 1)
        portal, slots = portal_on(store), times()

        def is_held(number: int) -> bool:
            return holds_of(beside, token(0, number).visit_id) != ()

        answers = sweep(line, lambda n: portal.review(token(0, n), slots[n], FORM), is_held)
        for number, held in enumerate(answers):
            assert isinstance(held, ob.Held)
            assert [each.hold_id for each in holds_of(beside, token(0, number).visit_id)] == [
                held.hold_id
            ]
        assert_all_is_whole(beside, 0)


def booked_beside(store: SqlStore) -> Callable[[int], bool]:
    """Whether a time is booked by now."""
    return lambda number: times()[number] in {each.slot for each in appointments(store)}


def test_a_booking_that_is_repeated_returns_the_appointment_that_was_made(
    database: Database, line: CutLine
) -> None:
    """R38, R39."""
    with open_store(database.url) as beside, open_store(line.url(database.url)) as store:
        let_them_in(beside, 1)
        portal, held = portal_on(store), cache(partial(hold, beside))
        first: dict[int, Appointment] = {}

        def is_booked(number: int) -> bool:
            found = [each for each in appointments(beside) if each.slot == times()[number]]
            if found:
                # What the repeated call has to answer, reference number and all.
                first[number] = found[0]
            return found != []

        answers = list(sweep(line, lambda n: portal.book(token(0, n), held(n).hold_id), is_booked))
        for number, booked in enumerate(answers):
            assert isinstance(booked, ob.Booked)
            if number in first:
                assert booked.appointment == first[number]
        assert_all_is_whole(beside, len(answers))


def test_an_awaited_booking_that_is_repeated_returns_the_appointment_that_was_made(
    database: Database, line: CutLine
) -> None:
    """R38, R39."""
    with open_store(database.url) as beside, asyncio.Runner() as runner:
        let_them_in(beside, 1)
        held = cache(partial(hold, beside))
        store = AsyncSqlStore(line.url(database.url), clock=ob.ManualClock(START))
        portal = ob.AsyncPortal(
            racing_clinic(), store=store, directory=ob.MemoryDirectory(), keys=KEYS
        )

        def book(number: int) -> ob.BookOutcome:
            return runner.run(portal.book(token(0, number), held(number).hold_id))

        answers = list(sweep(line, book, booked_beside(beside)))
        runner.run(store.close())
        assert {type(each) for each in answers} == {ob.Booked}
        assert_all_is_whole(beside, len(answers))


def test_a_cancellation_that_is_repeated_returns_the_first_one(
    database: Database, line: CutLine
) -> None:
    """R44, R47."""
    with open_store(database.url) as beside, open_store(line.url(database.url)) as store:
        let_them_in(beside, 1)
        portal = portal_on(beside)
        # These times are an hour ahead.
        lenient = evolve(racing_clinic(), policies=Policies(cancel_cutoff=timedelta()))
        through = ob.Portal(lenient, store=store, directory=ob.MemoryDirectory(), keys=KEYS)

        @cache
        def link(number: int) -> str:
            booked = portal.book(token(0, number), hold(beside, number).hold_id)
            assert isinstance(booked, ob.Booked)
            return booked.link

        def is_cancelled(number: int) -> bool:
            kept = {each.slot: each.status for each in appointments(beside)}
            return not kept[times()[number]].occupies

        answers = list(sweep(line, lambda n: through.cancel(link(n)), is_cancelled))
        assert {type(each) for each in answers} == {ob.Cancelled}
        assert_all_is_whole(beside, len(answers))
        kept = [each for each in appointments(beside) if not each.status.occupies]
        assert len(kept) == len(answers)


def test_the_desk_s_request_that_is_repeated_returns_the_appointment_that_was_made(
    database: Database, line: CutLine
) -> None:
    """R38, R48."""
    with open_store(database.url) as beside, open_store(line.url(database.url)) as store:
        desk = ob.FrontDesk(racing_clinic(), store=store, directory=ob.MemoryDirectory(), keys=KEYS)

        def book(number: int) -> ob.DeskBookOutcome:
            return desk.book(
                f"request-{number}", times()[number], FORM, patient=SOMEBODY, actor=STAFF
            )

        answers = list(sweep(line, book, booked_beside(beside)))
        assert {type(each) for each in answers} == {ob.Booked}
        assert_all_is_whole(beside, len(answers))


def hold(store: SqlStore, number: int) -> ob.Held:
    held = portal_on(store).review(token(0, number), times()[number], FORM)
    assert isinstance(held, ob.Held)
    return held
