"""Every statement names the clinic, and finds its rows by an index among a million (R40, R51).

What is explained is what decisions, queries and the archive really send, with what is bound to it.
At home there are fewer rows (:mod:`support.sql_volume`): the plans are the same.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import CacheStats

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import (
    SqlDirectory,
    SqlLimiter,
    SqlScheduleSource,
    SqlStore,
    metadata,
    open_engine,
    upgrade,
)
from omnibook.adapters.sql.compiled import compiled
from omnibook.adapters.sql.statements import CLAIMS
from omnibook.audit import Operation
from omnibook.daybits import day_of
from omnibook.dossier import OfAppointment, OfPatient, Ruling
from omnibook.health_numbers import HealthNumber
from omnibook.identity import IdentityKeys
from omnibook.ids import (
    AppointmentId,
    ClosureId,
    ContactKey,
    EventId,
    FlagId,
    HoldId,
    NoticeId,
    OpeningId,
    OrderId,
    PatientId,
    ScheduleId,
    SourceKey,
    SubjectKey,
    VisitId,
)
from omnibook.ports import (
    AppointmentsByReference,
    AppointmentsWithin,
    Attempt,
    AuditTrail,
    DueEvents,
    DueNotices,
    DueOrders,
    FlagsOf,
    Query,
    ReadDays,
    ReadOutlook,
    ReadScope,
    ReadSetAside,
)
from omnibook.records import (
    SYSTEM,
    AuditEvent,
    Busy,
    ContactOrder,
    DeskClosure,
    DeskOpening,
    Event,
    EventKind,
    Flag,
    FlagCode,
    HoldState,
    Notice,
    NoticeKind,
    NoticeRole,
)
from omnibook.retention import Cutoffs
from omnibook.testing.samples import CLINIC, NOW, PERSON, appointment, at, hold, hours, visit
from omnibook.testing.strategies.records import ALWAYS
from omnibook.testing.strategies.writes import scopes
from omnibook.times import to_minute
from omnibook.transactions import (
    Decision,
    DropDeskClosure,
    DropDeskOpening,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    RaiseFlag,
    RecordAudit,
    ReplaceBusy,
    Scope,
)
from support.postgres_fixtures import Postgres
from support.sql_stores import NEWEST, is_sqlite, raw, sent
from support.sql_volume import SIZE, fill

FULL = Scope(
    clinic_id=CLINIC,
    schedules={ScheduleId(f"schedule-{n}"): hours(-24, 24 * 7) for n in range(3)},
    visit=VisitId("v-7"),
    hold=HoldId("a-70"),
    contacts=frozenset({ContactKey("key-3"), ContactKey("key-4")}),
    source=SourceKey("s-1"),
    patients=frozenset({PatientId("p-1"), PatientId("p-2")}),
    appointment=AppointmentId("a-5"),
    opening=OpeningId("o7"),
    closure=ClosureId("c7"),
    notice=NoticeId("q-7"),
    event=EventId("q-7"),
    order=OrderId("q-7"),
)
ROOM = ScheduleId("room")
ACTIONS = Operation(clinic_id=CLINIC, operation_id="operation-1", actor=SYSTEM)  # type: ignore[arg-type]


def writes() -> tuple[Any, ...]:
    """Every word, about records that are there and about new ones."""
    about = AppointmentId("a-1")
    opening = DeskOpening(
        clinic_id=CLINIC,
        opening_id=OpeningId("new"),
        schedule_id=ROOM,
        span=hours(1, 2),
        activities=(),
        interval=timedelta(minutes=15),
        made_at=NOW,
        made_by=SYSTEM,
    )
    closure = DeskClosure(
        clinic_id=CLINIC,
        closure_id=ClosureId("new"),
        schedule_id=ROOM,
        span=hours(1, 2),
        made_at=NOW,
        made_by=SYSTEM,
    )
    event = Event(
        clinic_id=CLINIC,
        event_id=EventId("new"),
        kind=EventKind.BOOKED,
        appointment_id=about,
        revision=0,
        at=NOW,
        not_before=NOW,
    )
    order = ContactOrder(
        clinic_id=CLINIC,
        order_id=OrderId("new"),
        appointment_id=about,
        patient_id=PatientId("p-1"),
        not_before=NOW,
    )
    notice = Notice(
        clinic_id=CLINIC,
        notice_id=NoticeId("new"),
        appointment_id=about,
        kind=NoticeKind.BOOKING,
        role=NoticeRole.FORM_EMAIL,
        revision=0,
        not_before=NOW,
    )
    flag = Flag(
        clinic_id=CLINIC,
        flag_id=FlagId("new"),
        code=FlagCode.FIRST_CONTACT,
        appointment_id=about,
        raised_at=NOW,
    )
    audit = AuditEvent(
        clinic_id=CLINIC,
        audit_id="new",
        at=NOW,
        action="booking.book",
        code="booked",
        actor=SYSTEM,
        subject=SubjectKey("s-1"),
    )
    busy = Busy(span=hours(1, 2), schedule_id=ROOM, busy_id="b7")
    return (
        PutVisit(visit("v-7")),
        PutHold(hold("a-70", 1, patient="p-1", state=HoldState.BOOKED)),
        PutHold(hold("new", 3, patient="p-1", schedule=ROOM, keys=("key-3",))),
        PutHold(hold("new", 3, patient="p-1", schedule=ROOM, keys=("key-4",))),
        PutAppointment(appointment("newer", 5, schedule=ROOM, keys=("key-3",), source="s-1")),
        PutAppointment(appointment("newer", 5, schedule=ROOM, keys=("key-4",), source="s-1")),
        PutAppointment(appointment("newest", 7, patient="p-1", schedule=ROOM)),
        PutDeskOpening(opening),
        PutDeskClosure(closure),
        DropDeskOpening(OpeningId("new")),
        DropDeskClosure(ClosureId("new")),
        ReplaceBusy(schedule_id=ROOM, span=hours(0, 24), busy=(busy,)),
        PutEvent(event),
        PutOrder(order),
        PutNotice(notice),
        RaiseFlag(flag),
        RecordAudit(audit),
    )


TODAY = day_of(to_minute(NOW))
QUERIES: tuple[Query[Any], ...] = (
    ReadScope(FULL),
    ReadOutlook(scope=Scope(clinic_id=CLINIC)),
    ReadDays(
        clinic_id=CLINIC,
        schedules=frozenset(ScheduleId(f"schedule-{n}") for n in range(20)),
        first=TODAY,
        last=TODAY + 1,
    ),
    AppointmentsWithin(clinic_id=CLINIC, span=hours(0, 9)),
    AppointmentsWithin(clinic_id=CLINIC, span=hours(0, 9), schedules=frozenset({ROOM})),
    AppointmentsByReference(clinic_id=CLINIC, reference="R-7"),
    ReadSetAside(clinic_id=CLINIC),
    FlagsOf(clinic_id=CLINIC, appointments=frozenset({"a-1", "a-2"})),
    DueNotices(clinic_id=CLINIC),
    DueEvents(clinic_id=CLINIC),
    DueOrders(clinic_id=CLINIC),
    AuditTrail(clinic_id=CLINIC, span=hours(-9, 0)),
    AuditTrail(clinic_id=CLINIC, span=hours(-9, 9), subject=SubjectKey("s-1")),
)
_OLDEST = NOW - timedelta(minutes=SIZE // 4)
_A_FEW = _OLDEST + timedelta(minutes=400)
CUTOFFS = Cutoffs(
    now=NOW,
    idle=at(-24),
    started=at(-24),
    lapsed=at(-24),
    provisional=_A_FEW,
    notices=_A_FEW,
    audit=_A_FEW,
    attempts=_A_FEW,
)
"""Of all but visits a few have outlived their time, as where things are purged every day."""


def on_a_visitors_way(engine: Engine) -> None:
    """Every word and every query."""
    wide = Scope(clinic_id=CLINIC, schedules={ROOM: hours(-24, 24)}, hold=HoldId("a-70"))
    with SqlStore(engine, clock=ManualClock(NOW)) as store:
        store.transact(wide, lambda _: Decision(None, writes()))
        store.transact(FULL, lambda _: Decision(None, (PutVisit(visit("v-7")),)))
        for query in QUERIES:
            store.read(query)


def of_the_host(engine: Engine) -> None:
    """What the directory and the schedule source are asked."""
    with SqlDirectory(engine, CLINIC) as directory:
        keys = IdentityKeys.of(PERSON)
        directory.candidates(
            IdentityKeys(
                health_number=HealthNumber("CA-QC", "TREM04621918"),
                birth_date=keys.birth_date,
                contact_keys=keys.contact_keys,
            )
        )
        somebody = IdentityKeys(
            health_number=HealthNumber("CA-QC", "NUMBER7"),
            birth_date=date(2004, 12, 19),
            contact_keys=frozenset({"email:somebody49@example.org"}),
        )
        # One of them was merged: its survivor is found too.
        assert len(directory.candidates(somebody)) == 3
        survivor = directory.get(PatientId("p-50"))
        assert survivor is not None
        assert survivor.replaces == {"p-49"}
        directory.append_contacts(PatientId("p-1"), PERSON.contacts, order_id=OrderId("new"))
        found = directory.get(PatientId("p-1"))
        assert found is not None
        directory.put(found)
    with SqlLimiter(engine, CLINIC, clock=ManualClock(NOW)) as limiter:
        assert limiter.admit(Attempt(source="a", health_number="b", person="c")) is None
    with SqlScheduleSource(engine, CLINIC) as source:
        known = source.openings([ScheduleId("schedule-1"), ScheduleId("schedule-2")])
        source.versions([ScheduleId("schedule-1"), ScheduleId("schedule-2")])
        source.put(ScheduleId("new"), known[ScheduleId("schedule-1")])


def of_the_archive(engine: Engine) -> None:
    """What is purged every day, and exported and erased now and then."""
    with SqlStore(engine, clock=ManualClock(NOW)) as store:
        for subject in (
            OfPatient(frozenset({PatientId("p-1"), PatientId("p-2")})),
            OfAppointment(AppointmentId("a-100")),
        ):
            store.export(CLINIC, subject)
            store.erase(CLINIC, subject, lambda _: Ruling(None, forget=True))
        assert store.purge(CUTOFFS, ACTIONS, limit=50).total > 50


@frozen
class Sent:
    """What is sent to the tables: text, and what is bound to it."""

    sql: str
    values: Any
    archive: bool
    compiled: bool = True
    """Whether SQLAlchemy knew it, where it ran it itself."""


def gather(engine: Engine) -> list[Sent]:
    """What everything sends."""
    told: list[Sent] = []
    archive = False

    def remember(_1: Any, _2: Any, sql: str, values: Any, context: Any, many: bool) -> None:
        if "clinic" in sql and "omnibook_version" not in sql:
            hit = context.cache_hit is CacheStats.CACHE_HIT
            told.append(Sent(sql, values[0] if many else values, archive, hit))

    event.listen(engine, "before_cursor_execute", remember)
    for step in (on_a_visitors_way, of_the_host, of_the_archive):
        archive = step is of_the_archive
        with sent() as batches:
            step(engine)
        told += [Sent(sql, values, archive) for sql, values in batches]
    event.remove(engine, "before_cursor_execute", remember)
    return told


@pytest.fixture(scope="module", params=["sqlite", NEWEST])
def url(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database with many rows; what is done to some of them matters to no test."""
    if request.param == "sqlite":
        made = f"sqlite:///{tmp_path_factory.mktemp('volume') / 'clinic.db'}"
        upgrade(made)
        fill(made)
        yield made
        return
    databases = postgres.databases(NEWEST.partition("-")[2])
    database = databases.create(prepare=upgrade)
    fill(database.url)
    yield database.url
    databases.drop(database)


@pytest.fixture(scope="module")
def engine(url: str) -> Iterator[Engine]:
    opened = open_engine(url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def statements(url: str) -> list[Sent]:
    """Each statement once, as it was first sent."""
    opened = open_engine(url)
    try:
        told = gather(opened)
    finally:
        opened.dispose()
    first: dict[str, Sent] = {}
    for each in told:
        if re.match(r"\W*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", each.sql):
            first.setdefault(each.sql, each)
    return list(first.values())


def test_every_statement_names_the_clinic(statements: list[Sent]) -> None:
    assert len(statements) > 60
    without = [each.sql for each in statements if "clinic_id" not in each.sql]
    assert [sql for sql in without if "clock_timestamp" not in sql] == []


def test_no_statement_carries_a_value_of_its_own(statements: list[Sent]) -> None:
    texts = " ".join(each.sql for each in statements)

    for value in ("Tremblay", "Marie", "marie@example.org", "+15145550123", "sore", "clinic-a"):
        assert value not in texts


FEW = {
    "holds",
    "visits",
    "clocks",
    "locks",
    "flags",
    "appointments_of_days_ix",
    "holds_held_ix",
    # Nobody lets many lie.
    "events_set_aside_ix",
    "contact_orders_set_aside_ix",
    # As many as schedules; a search is told all of them.
    "schedule_versions",
}
"""A day's, or so few that all rows of a clinic may be looked at."""


def slow_on_sqlite(connection: Any, each: Sent) -> list[str]:
    """The steps of the plan that look at all rows, or at all rows of a clinic."""
    rows = connection.execute(f"EXPLAIN QUERY PLAN {each.sql}", each.values)
    steps = [row[-1] for row in rows]
    return [
        step
        for step in steps
        if any(
            re.match(rf"SCAN {name}\b", step)
            or re.match(rf"SEARCH {name} .*\(clinic_id=\?\)$", step)
            # It is made of all rows, and saves looking most of them up.
            or re.match(rf"BLOOM FILTER ON {name}\b", step)
            for name in metadata.tables
        )
        and not any(each in step for each in FEW)
    ]


def slow_on_postgres(connection: Any, each: Sent) -> list[str]:
    """The same, of the plan for these values and of the plan for any."""
    plans = connection.execute(f"EXPLAIN (FORMAT JSON) {each.sql}", each.values).fetchone()[0]
    # What is sent often is planned once for whatever values.
    if connection.info.server_version >= 160000 and not each.archive:
        numbers = {name: number for number, name in enumerate(each.values, 1)}
        generic = re.sub(r"%\((\w+)\)s", lambda found: f"${numbers[found[1]]}", each.sql)
        plans += connection.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {generic}").fetchone()[0]
    few = FEW
    if each.archive:
        # Where a table has fewer rows, reading all is as quick as looking up some hundreds.
        small = "SELECT relname FROM pg_class WHERE reltuples < 50000 AND relkind = 'r'"
        few = FEW | {row[0] for row in connection.execute(small)}
    return [step for plan in plans for step in _slow_nodes(plan["Plan"], few)]


def _slow_nodes(node: dict[str, Any], few: set[str]) -> Iterator[str]:
    kind, relation = node["Node Type"], node.get("Relation Name", "")
    index, condition = node.get("Index Name", ""), node.get("Index Cond", "")
    if kind == "Seq Scan" and relation not in few:
        yield f"Seq Scan on {relation}"
    elif "Index" in kind and index and index not in few:
        columns = set(re.findall(r"\b([a-z_]+)\b(?:\)::text)? [=<>]", condition))
        if columns <= {"clinic_id"}:
            yield f"{kind} on {index}: {condition}"
    for part in node.get("Plans", ()):
        yield from _slow_nodes(part, few)


def test_every_statement_finds_its_rows_by_an_index(url: str, statements: list[Sent]) -> None:
    find = slow_on_sqlite if is_sqlite(url) else slow_on_postgres
    with raw(url) as connection:
        slow = {each.sql: steps for each in statements if (steps := find(connection, each))}

    assert slow == {}


@pytest.mark.parametrize("table", ["notices", "events", "contact_orders", "audit_events"])
def test_queues_and_trails_are_read_in_the_order_of_their_index(
    url: str, statements: list[Sent], table: str
) -> None:
    simple = rf"SELECT [^(]*FROM {table}\s[^(]*ORDER BY"
    ordered = [
        each
        for each in statements
        if re.match(simple, re.sub(r"%\(\w+\)s|coalesce\(|now\(", "", each.sql))
    ]
    assert ordered
    with raw(url) as connection:
        if is_sqlite(url):
            told = {
                each.sql: [
                    row[-1]
                    for row in connection.execute(f"EXPLAIN QUERY PLAN {each.sql}", each.values)
                ]
                for each in ordered
            }
            assert not [plan for plan in told.values() if "TEMP B-TREE" in str(plan)]
        else:
            # It may sort what is little; what costs 1 is reading a page in order.
            costs = {
                each.sql: connection.execute(
                    f"EXPLAIN (FORMAT JSON) {each.sql}", each.values
                ).fetchone()[0][0]["Plan"]["Total Cost"]
                for each in ordered
            }
            assert {sql: cost for sql, cost in costs.items() if cost > 1_000} == {}


def test_a_statement_is_compiled_once_for_its_shape(engine: Engine) -> None:
    """What a decision sends is compiled once in a process; so is what SQLAlchemy runs itself."""
    gather(engine)
    before = compiled.cache_info().misses

    again = gather(engine)

    assert compiled.cache_info().misses == before
    anew = [each.sql for each in again if not each.compiled]
    # SQLAlchemy 2.0 compiled each INSERT … ON CONFLICT anew; 2.1 keeps them.
    assert [sql for sql in anew if "ON CONFLICT" not in sql] == []


@given(scopes=st.lists(scopes(), min_size=5, max_size=5))
@settings(max_examples=20)
def test_there_are_not_as_many_statements_as_scopes(engine: Engine, scopes: list[Scope]) -> None:
    store = SqlStore(engine, clock=ManualClock(NOW))
    for scope in scopes:
        store.read(ReadScope(scope))

    assert compiled.cache_info().currsize < 500


def test_a_schedule_s_claims_are_found_without_reading_its_past(tmp_path: Path) -> None:
    """Claims never overlap, so that of those before the span one row is looked at (R40)."""
    scope = Scope(clinic_id=CLINIC, schedules={ROOM: ALWAYS})
    with SqlStore(f"sqlite:///{tmp_path / 'clinic.db'}", clock=ManualClock(NOW)) as store:
        booked = tuple(
            PutAppointment(appointment(f"a-{n}", n - 50, schedule=ROOM)) for n in range(60)
        )
        store.transact(scope, lambda _: Decision(None, booked))

        def effort(start: float) -> int:
            """How many steps SQLite takes to find the claims of one hour."""
            span = hours(start, start + 1)
            values = {"clinic": CLINIC, "schedule": ROOM, "starts": span.start, "ends": span.end}
            steps, claims = count(), compiled(CLAIMS, "sqlite")
            with raw(f"sqlite:///{tmp_path / 'clinic.db'}") as connection:
                connection.set_progress_handler(lambda: next(steps) < 0, 1)
                found = connection.execute(claims.sql, claims.arguments(values)).fetchall()
            assert len(found) == 1
            return next(steps)

        first, last = effort(-50), effort(9)

    assert abs(last - first) < 60
