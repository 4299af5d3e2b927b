"""Importing what the host's own system says is taken (R30, R40, R50)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import omnibook as ob
from omnibook.audit import Operation
from omnibook.desk_busy import BusyImport, decide_import_busy
from omnibook.ids import ClinicId, OperationId, ScheduleId
from omnibook.ports import AuditTrail, ReadScope
from omnibook.records import ActorKind, Busy, FlagCode
from omnibook.times import Span
from omnibook.transactions import Again, ReplaceBusy, Scope, Snapshot
from support.archives import EVER
from support.variations import at, slot, stranger
from support.worlds import STAFF, World, world

GAGNON = ScheduleId("gagnon")
MORNING = (at(0), at(180))


def busy(start: float, end: float, name: str = "b-1", on: str = "gagnon") -> Busy:
    return Busy(span=Span(at(start), at(end)), schedule_id=ScheduleId(on), busy_id=name)


def imported(here: World, *them: Busy, between: tuple[Any, Any] = MORNING) -> Any:
    return here.desk.import_busy("gagnon", *between, them, actor=STAFF)


def stands(here: World, on: str = "gagnon") -> tuple[Busy, ...]:
    schedules = {ScheduleId(on): Span(at(-10_000), at(10_000))}
    scope = Scope(clinic_id=here.clinic.clinic_id, schedules=schedules)
    _, snapshot = here.store.read(ReadScope(scope))
    return snapshot.schedules[ScheduleId(on)].busy


def lines(here: World) -> list[tuple[str, ob.Actor]]:
    _, found = here.store.read(AuditTrail(clinic_id=here.clinic.clinic_id, span=EVER))
    return [(each.code, each.actor) for each in found if each.action == "import-busy"]


names = st.sampled_from(("b-1", "b-2", "b-3"))
starts = st.integers(-60, 240).map(lambda n: n * 5)
lists = st.lists(
    st.builds(
        lambda start, length, name: busy(start, start + length, name),
        starts,
        st.sampled_from((5, 60, 200)),
        names,
    ),
    max_size=4,
    unique_by=lambda each: each.busy_id,
)


@given(rounds=st.lists(st.tuples(starts, st.sampled_from((30, 240)), lists), max_size=5))
def test_of_a_schedule_just_what_is_imported_stands_within_the_span(
    rounds: list[tuple[int, int, list[Busy]]],
) -> None:
    """R40: what lies outside the span stays, but for what has moved into it."""
    here = world()
    here.desk.import_busy("nguyen", *MORNING, [busy(0, 30, on="nguyen")], actor=STAFF)
    expected: dict[str, Busy] = {}
    for start, length, them in rounds:
        span = Span(at(start), at(start + length))
        given_now = [each for each in them if each.span.overlaps(span)]

        outcome = imported(here, *given_now, between=(span.start, span.end))

        assert isinstance(outcome, ob.BusyImported)
        assert (outcome.span, outcome.count) == (span, len(given_now))
        expected = {
            name: each for name, each in expected.items() if not each.span.overlaps(span)
        } | {each.busy_id: each for each in given_now}
        assert set(stands(here)) == set(expected.values())
    assert len(stands(here, "nguyen")) == 1


def test_an_import_lists_whom_it_lies_over_and_evicts_nobody() -> None:
    """R40: appointments and live holds; also one that only reaches in from outside the span."""
    here = world()
    booked = here.book(here.enter(), slot(60)).appointment
    visit = stranger(here, 4)
    held = here.hold(visit, slot(195))
    here.book(stranger(here, 2), slot(0))

    outcome = imported(here, busy(65, 70), busy(170, 200, "b-2"))

    assert [each.code for each in outcome.conflicts] == [FlagCode.BUSY_CONFLICT] * 2
    assert [each.appointment_id for each in outcome.conflicts] == [
        booked.appointment_id,
        held.hold_id,
    ]
    assert isinstance(here.portal.book(visit, held.hold_id), ob.Booked)
    assert len(imported(here, busy(65, 70), busy(170, 200, "b-2")).conflicts) == 2
    assert imported(here).conflicts == ()


def test_an_import_is_noted_once_for_each_change() -> None:
    """R50: the same again writes nothing."""
    here = world()
    robot = ob.Actor.system()
    for _ in range(2):
        here.desk.import_busy("gagnon", *MORNING, [busy(0, 30)], actor=robot)
        here.wait(seconds=1)
    imported(here)

    assert lines(here) == [("desk.busy-imported", robot), ("desk.busy-imported", STAFF)]


def test_what_is_imported_is_widened_to_whole_minutes() -> None:
    """R30."""
    here = world()
    second = timedelta(seconds=1)
    ragged = Busy(span=Span(at(0) + second, at(30) - second), schedule_id=GAGNON, busy_id="b-1")

    outcome = imported(here, ragged, between=(at(0) + second, at(180) - second))

    assert outcome.span == Span(*MORNING)
    assert [each.span for each in stands(here)] == [Span(at(0), at(30))]


@pytest.mark.parametrize(
    "them",
    [
        [busy(0, 30, on="nguyen")],
        [busy(180, 200)],
        [busy(-30, 0)],
        [busy(0, 30), busy(60, 90)],
    ],
    ids=["another schedule's", "after", "before", "two of one name"],
)
def test_what_does_not_belong_is_refused(them: list[Busy]) -> None:
    """R40."""
    here = world()

    with pytest.raises(ob.InvalidValue):
        imported(here, *them)
    assert stands(here) == ()


def test_a_busy_time_without_an_end_is_refused_and_one_to_the_last_minute_is_not() -> None:
    """R30: what is widened must still be a time."""
    here = world()
    never = datetime.max.replace(tzinfo=UTC)
    last = never.replace(second=0, microsecond=0)

    for beyond in (never, last + timedelta(microseconds=1)):
        endless = Busy(span=Span(at(0), beyond), schedule_id=GAGNON, busy_id="b-1")
        with pytest.raises(ob.InvalidValue, match="9999-12-31T23:59Z"):
            imported(here, endless)
        with pytest.raises(ob.InvalidValue, match="9999-12-31T23:59Z"):
            imported(here, between=(at(0), beyond))
    assert stands(here) == ()

    longest = Busy(span=Span(at(0), last), schedule_id=GAGNON, busy_id="b-1")
    imported(here, longest)
    assert stands(here) == (longest,)
    assert {each.schedule_id for each in here.slots(here.enter())} == {"nguyen", "nurse"}


def test_times_for_a_schedule_that_the_clinic_does_not_have_are_not_found() -> None:
    here = world()

    assert here.desk.import_busy("unknown", *MORNING, [], actor=STAFF) == ob.NotFound()


@pytest.mark.parametrize("actor", [ob.Actor(ActorKind.VISITOR), "s-1", None])
def test_no_visitor_imports(actor: Any) -> None:
    """R50."""
    here = world()

    with pytest.raises(ob.InvalidValue):
        here.desk.import_busy("gagnon", *MORNING, [], actor=actor)


def test_an_import_looks_at_all_that_it_could_lie_over() -> None:
    """R40: a scope that is too narrow is asked for again, and wider."""
    word = [busy(-60, 30), busy(170, 300, "b-2")]
    operation = Operation(clinic_id=ClinicId("clinic"), operation_id=OperationId("o"), actor=STAFF)
    request = BusyImport.of(GAGNON, Span(*MORNING), word, operation)
    narrow = Scope(clinic_id=ClinicId("clinic"), schedules={GAGNON: Span(*MORNING)})

    decided = decide_import_busy(request, Snapshot(scope=narrow, now=at(0)))

    assert isinstance(decided, Again)
    assert decided.scope.schedules == {GAGNON: Span(at(-60), at(300))}


def test_a_word_says_what_it_replaces() -> None:
    """R40."""
    word = ReplaceBusy(schedule_id=GAGNON, span=Span(at(0), at(60)), busy=(busy(0, 30),))

    assert word.replaces(busy(59, 90, "other"))
    assert word.replaces(busy(500, 510, "b-1"))
    assert not word.replaces(busy(60, 90, "other"))
    assert not word.replaces(busy(0, 30, on="nguyen"))


def test_the_awaited_desk_imports_too() -> None:
    """R40."""
    here = world()
    assert isinstance(here.store, ob.MemoryStore)
    desk = ob.AsyncFrontDesk(
        here.clinic,
        store=ob.AsyncMemoryStore(over=here.store),
        directory=here.directory,
        keys=here.keys,
    )

    outcome = asyncio.run(desk.import_busy("gagnon", *MORNING, [busy(0, 30)], actor=STAFF))

    assert isinstance(outcome, ob.BusyImported)
    assert stands(here) == (busy(0, 30),)
