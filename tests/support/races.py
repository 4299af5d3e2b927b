"""What racing threads and processes share: a clinic on one SQLite file, and many visitors in it.

Each contender for each time is a visitor of their own, with a contact and a source of their own:
the caps of R36 are not what is raced for.
"""

import os
import re
import signal
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from attrs import evolve
from sqlalchemy import event

import omnibook as ob
from omnibook.adapters.sql import SqlStore, open_engine
from omnibook.clinic import Clinic
from omnibook.identity import Identity
from omnibook.ids import ContactKey, ScheduleId, ServiceId, SourceKey
from omnibook.records import TermsAcceptance, Visit
from omnibook.transactions import Decision, PutVisit, Scope
from support.worlds import (
    CARE,
    START,
    email,
    opening,
    schedule,
    service,
    small_clinic,
)

KEYS = ob.Keyring((b"a secret for tests, of 32 bytes..",))
TIMES = 50
FORM = ob.BookingForm("why")


def racing_clinic() -> Clinic:
    """Four schedules with sixteen quarters of an hour each in the morning."""
    clinic = small_clinic()
    names = ("a", "b", "c", "d")
    return evolve(
        clinic,
        services=(service("open", 15, activities=(CARE,)),),
        schedules=tuple(schedule(name, opening()) for name in names),
    )


def times() -> list[ob.Slot]:
    """The fifty times that are raced for."""
    quarter = timedelta(minutes=15)
    first = START + timedelta(hours=1)
    starts = [first + number * quarter for number in range(16)]
    slots = [
        ob.Slot(ServiceId("open"), ScheduleId(name), start, start + quarter)
        for start in starts
        for name in "abcd"
    ]
    return slots[:TIMES]


def token(contender: int, number: int) -> ob.VisitToken:
    """The visit in which this contender races for this time."""
    return ob.VisitToken(f"the-visit-of-contender-{contender}-for-time-{number}")


def let_them_in(store: SqlStore, contenders: int) -> None:
    """Begin everybody's visit at once, as identifying each of them would."""

    def visit(contender: int, number: int) -> PutVisit:
        name = f"visitor-{contender}-{number}"
        point = email(name)
        return PutVisit(
            Visit(
                clinic_id=small_clinic().clinic_id,
                visit_id=token(contender, number).visit_id,
                started_at=START,
                active_at=START,
                language="fr",
                terms=TermsAcceptance(
                    document="terms", version="2026-01", language="fr", accepted_at=START
                ),
                identity=Identity(
                    first_name="Visitor",
                    last_name=f"Number {contender} {number}",
                    birth_date=date(1990, 5, 17),
                    gender=ob.Gender.OTHER,
                    contacts=(point,),
                ),
                patient_id=None,
                source=SourceKey(KEYS.digest("source", name)),
                contact_keys=frozenset({ContactKey(KEYS.digest("contact", point.match_key))}),
            )
        )

    writes = tuple(visit(one, n) for one in range(contenders) for n in range(TIMES))
    scope = Scope(clinic_id=small_clinic().clinic_id)
    store.transact(scope, lambda _: Decision(None, writes))


def open_store(url: str) -> SqlStore:
    return SqlStore(url, clock=ob.ManualClock(START))


def portal_on(store: SqlStore) -> ob.Portal:
    clinic = racing_clinic()
    return ob.Portal(clinic, store=store, directory=ob.MemoryDirectory(), keys=KEYS)


def race(
    store: SqlStore, contender: int, slots: Sequence[ob.Slot], wait: Callable[[], object]
) -> list[tuple[str, str]]:
    """Review every time as it comes, and book what was won: the two outcomes' codes for each."""
    portal = portal_on(store)
    codes: list[tuple[str, str]] = []
    wait()
    for number, slot in enumerate(slots):
        visit = token(contender, number)
        # What a loser is shown instead is found on one schedule: the race is not about searching.
        alike = ob.Preference(practitioner=slot.schedule_id, last_date=slot.start.date())
        reviewed = portal.review(visit, slot, FORM, preference=alike)
        booked = ""
        if isinstance(reviewed, ob.Held):
            booked = portal.book(visit, reviewed.hold_id).code
        codes.append((reviewed.code, booked))
    return codes


def race_in_a_process(url: str, contender: int, barrier: Barrier, answers: Connection) -> None:
    """What a racing process runs: it answers the codes, or the error that leaked."""
    try:
        with open_store(url) as store:
            answers.send(race(store, contender, times(), barrier.wait))
    except BaseException as leaked:  # noqa: BLE001 - whatever leaks is the finding
        answers.send(repr(leaked))
    finally:
        answers.close()


def book_until_killed(url: str, progress: Connection) -> None:
    """Book one time after the other and tell of each, until the process is killed."""
    with open_store(url) as store:
        portal = portal_on(store)
        for number, slot in enumerate(times()):
            reviewed = portal.review(token(0, number), slot, FORM)
            assert isinstance(reviewed, ob.Held)
            portal.book(token(0, number), reviewed.hold_id)
            progress.send(number)


def die_at_each_statement(urls: Sequence[str], hold_id: str, progress: Connection) -> None:
    """For each file, fork a process that books what is held, and is killed at the n-th statement.

    Statements count from the first one that may write. Tells for each process whether it died; the
    first one that did not is the last: booking is done in fewer statements.
    """
    for number, url in enumerate(urls, start=1):
        child = os.fork()
        if child == 0:
            try:
                _book_and_die(url, hold_id, number)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        died = os.WIFSIGNALED(status)
        progress.send(died)
        if not died:
            break
    progress.close()


def _book_and_die(url: str, hold_id: str, at: int) -> None:
    engine = open_engine(url)
    left, writes = at, False

    def count_down(statement: str) -> None:
        nonlocal left, writes
        # What is only read, before the first write, can leave nothing behind.
        writes = writes or bool(re.match("INSERT|UPDATE|DELETE|BEGIN IMMEDIATE", statement))
        left -= writes
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    # SQLite calls it before each statement, whoever sends it.
    event.listen(engine, "connect", lambda made, _: made.set_trace_callback(count_down))
    portal = portal_on(SqlStore(engine, clock=ob.ManualClock(START)))
    portal.book(token(0, 0), hold_id)
