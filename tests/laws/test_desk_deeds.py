"""Whatever staff do to appointments, in whatever order: what always holds (R38–R40, R47, R50).

Random deeds on a few appointments that compete for a few times, in memory and on SQLite. After
each: the claims are those of the appointments whose status occupies, and do not overlap; what is
refused leaves no trace; what is done leaves one line and one event; and done once more at once, it
is answered the same and changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import combinations, count
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

import omnibook as ob
from omnibook.adapters.sql import SqlStore
from omnibook.ids import ClinicId, EventId, ScheduleId, ServiceId
from omnibook.ports import Clock, DueEvents, ReadScope
from omnibook.records import EventKind
from omnibook.transactions import Scope
from support.looking import appointments, live_claims, on_schedules, trail
from support.quick_sql import quick_file
from support.worlds import STAFF, START, World, small_clinic, strangers_form, world

S = ob.AppointmentStatus
QUARTER = timedelta(minutes=15)
TIMES = [START + timedelta(hours=hours) for hours in (2, 14, 17, 26)]
"""This morning, this evening, after local midnight, tomorrow."""
SCHEDULES = ("gagnon", "nguyen")
COLLEAGUE = ob.Actor.staff("staff-8")
numbers = count()

MAY_FOLLOW = {
    S.BOOKED: {S.ARRIVED, S.FULFILLED, S.NOSHOW, S.ENTERED_IN_ERROR},
    S.ARRIVED: {S.BOOKED, S.FULFILLED, S.NOSHOW, S.ENTERED_IN_ERROR},
    S.FULFILLED: {S.BOOKED, S.ARRIVED, S.NOSHOW, S.ENTERED_IN_ERROR},
    S.NOSHOW: {S.BOOKED, S.ARRIVED, S.FULFILLED, S.ENTERED_IN_ERROR},
    S.ENTERED_IN_ERROR: {S.BOOKED},
    S.CANCELLED: set[S](),
}
FREE = {S.NOSHOW, S.ENTERED_IN_ERROR, S.CANCELLED}
LINES: dict[type[object], Callable[[Any], list[str]]] = {
    ob.Booked: lambda _: ["desk-book"],
    ob.Cancelled: lambda _: ["cancel"],
    ob.Moved: lambda _: ["move"],
    ob.PresenceConfirmed: lambda _: ["confirm-presence"],
    ob.Marked: lambda outcome: [f"mark-{outcome.appointment.status}"],
    ob.Attached: lambda _: ["attach", "attach-person"],
}
"""What a deed that was done leaves in the trail."""
EVENTS = {
    ob.Booked: EventKind.BOOKED,
    ob.Cancelled: EventKind.CANCELLED,
    ob.Moved: EventKind.MOVED,
    ob.PresenceConfirmed: EventKind.PRESENCE_CONFIRMED,
    ob.Marked: EventKind.STATUS_CHANGED,
    ob.Attached: EventKind.ATTACHED,
}


@frozen
class Deed:
    """What is done to which appointment; the rest as the deed needs it."""

    name: str
    which: int
    status: S
    start: datetime
    schedule: str
    quarters: int
    file: str
    stale: bool


deeds = st.builds(
    Deed,
    name=st.sampled_from(
        [*["book"] * 2, *["mark"] * 4, *["move"] * 2, "cancel", "confirm", "attach", "wait"]
    ),
    which=st.integers(0, 7),
    status=st.sampled_from(sorted(set(S) - {S.CANCELLED})),
    start=st.builds(
        lambda time, quarters: time + quarters * QUARTER,
        st.sampled_from(TIMES),
        st.integers(0, 2),
    ),
    schedule=st.sampled_from(SCHEDULES),
    quarters=st.integers(1, 3),
    file=st.sampled_from(["p-marie", "p-jean", "nobody"]),
    stale=st.sampled_from([False, False, False, True]),
)


class Walk:
    """One clinic, and every deed done in it."""

    def __init__(self, make_store: Callable[[Clock], Any]) -> None:
        clinic = small_clinic(clinic_id=ClinicId(f"clinic-{next(numbers)}"))
        self.here: World = world(clinic, make_store=make_store)
        self.known: list[str] = []

    @property
    def clinic_id(self) -> ClinicId:
        return self.here.clinic.clinic_id

    def kept(self) -> dict[str, ob.Appointment]:
        found = appointments(self.here.store, self.clinic_id)
        return {each.appointment_id: each for each in found}

    def events(self) -> tuple[EventId, ...]:
        query = DueEvents(clinic_id=self.clinic_id, limit=10**6)
        return tuple(self.here.store.read(query)[1])

    def lines(self) -> Counter[str]:
        return Counter(each.action for each in trail(self.here.store, self.clinic_id))

    def do(self, deed: Deed, by: ob.Actor) -> object:
        """Do it once, in the name of somebody."""
        desk, which = self.here.desk, self.known[deed.which % len(self.known)]
        match deed.name:
            case "mark":
                return desk.mark(which, deed.status, actor=by)
            case "cancel":
                return desk.cancel(which, reason="ill", actor=by)
            case "move":
                revision = self.kept()[which].revision - deed.stale
                return self.move(deed, which, revision, by)
            case "confirm":
                return desk.confirm_presence(which, actor=by)
            case _:
                return desk.attach(which, deed.file, actor=by)

    def move(self, deed: Deed, which: str, revision: int, by: ob.Actor) -> object:
        return self.here.desk.move(
            which,
            deed.schedule,
            deed.start,
            revision=revision,
            duration=deed.quarters * QUARTER,
            actor=by,
        )

    def book(self, deed: Deed) -> object:
        length = deed.quarters * QUARTER
        slot = ob.Slot(
            ServiceId("open"), ScheduleId(deed.schedule), deed.start, deed.start + length
        )
        patient = "p-jean" if deed.file == "nobody" else strangers_form(deed.which)
        outcome = self.here.desk.book(
            f"r{len(self.known)}", slot, ob.BookingForm("why"), patient=patient, actor=STAFF
        )
        if isinstance(outcome, ob.Booked):
            self.known.append(outcome.appointment.appointment_id)
        return outcome

    def claims_are_those_of_the_statuses(self) -> None:
        """R40."""
        claims = live_claims(on_schedules(self.here.store, SCHEDULES, self.clinic_id))
        assert {(each.owner, each.schedule_id, each.span) for each in claims} == {
            (each.appointment_id, each.slot.schedule_id, each.claimed)
            for each in self.kept().values()
            if each.status not in FREE
        }
        for one, other in combinations(claims, 2):
            assert one.schedule_id != other.schedule_id or not one.span.overlaps(other.span)

    def expected(self, deed: Deed, before: ob.Appointment) -> type[object]:
        """What the documentation's table says of a mark."""
        if deed.status is before.status:
            return ob.Marked
        if deed.status not in MAY_FOLLOW[before.status]:
            return ob.NotMarkable
        now, start, zone = self.here.clock.now(), before.slot.start, self.here.clinic.zone
        if deed.status is S.ARRIVED and now.astimezone(zone).date() < start.astimezone(zone).date():
            return ob.NotMarkable
        if deed.status in {S.FULFILLED, S.NOSHOW} and now < start:
            return ob.NotMarkable
        others = (
            each
            for each in self.kept().values()
            if each.appointment_id != before.appointment_id
            and each.status not in FREE
            and each.slot.schedule_id == before.slot.schedule_id
        )
        takes = before.status in FREE and deed.status not in FREE
        if takes and any(each.claimed.overlaps(before.claimed) for each in others):
            return ob.TimeTaken
        return ob.Marked


def step(walk: Walk, deed: Deed) -> None:
    if deed.name == "wait":
        walk.here.wait(hours=5)
        return
    kept, events, lines = walk.kept(), walk.events(), walk.lines()
    is_new = deed.name == "book" or not walk.known
    if is_new:
        outcome = walk.book(deed)
        assert isinstance(outcome, ob.Booked | ob.TimeTaken), outcome
        which = walk.known[-1] if walk.known else ""
    else:
        which = walk.known[deed.which % len(walk.known)]
        expected = walk.expected(deed, kept[which]) if deed.name == "mark" else object
        outcome = walk.do(deed, STAFF)
        assert isinstance(outcome, expected), (outcome, expected)
    walk.claims_are_those_of_the_statuses()
    after, told, said = walk.kept(), walk.events(), walk.lines() - lines
    changed = after != kept
    assert kept.keys() <= after.keys()
    assert all(after[each] == kept[each] for each in kept if each != which)
    if not changed:
        assert told == events
        assert set(said) <= {"read-appointment", "cancel"}  # a person's data, shown again (R50)
        assert said.total() == isinstance(outcome, (*LINES, ob.MovedMeanwhile))
        return
    # What is told later of the file's contacts is the order's, not the deed's (R41).
    quiet = {"add-contacts"}
    assert said - Counter(quiet) == Counter(LINES[type(outcome)](outcome))
    kinds = Counter(_kind(walk, each) for each in set(told) - set(events))
    assert len(set(told)) == len(told)
    assert kinds - Counter({EventKind.CONTACT_ADDED: 1}) == Counter({EVENTS[type(outcome)]: 1})
    if is_new:
        return
    lines = walk.lines()
    again = (
        walk.move(deed, which, kept[which].revision - deed.stale, COLLEAGUE)
        if deed.name == "move"
        else walk.do(deed, COLLEAGUE)
    )
    assert again == outcome
    assert (walk.kept(), walk.events()) == (after, told)
    assert (walk.lines() - lines).total() == 1


def _kind(walk: Walk, identifier: EventId) -> EventKind:
    scope = Scope(clinic_id=walk.clinic_id, event=identifier)
    event = walk.here.store.read(ReadScope(scope))[1].event
    assert event is not None
    return event.kind


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def make_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Clock], Any]]:
    if request.param == "memory":
        yield ob.MemoryStore
        return
    with quick_file(tmp_path_factory.mktemp("deeds")) as engine:
        yield lambda clock: SqlStore(engine, clock=clock)


@settings(deadline=None, max_examples=60)
@given(st.lists(deeds, min_size=4, max_size=25))
def test_whatever_staff_do_claims_trail_and_events_tell_the_same(
    make_store: Callable[[Clock], Any], walked: list[Deed]
) -> None:
    """R38–R40, R47, R50."""
    walk = Walk(make_store)
    for deed in walked:
        step(walk, deed)

    everybodys = sorted(walk.kept().values(), key=lambda each: each.slot.rank)
    for file in ("p-marie", "p-jean"):
        listed = walk.here.desk.appointments_of(file, actor=STAFF)
        assert isinstance(listed, ob.AppointmentList)
        by_rank = sorted(listed.appointments, key=lambda each: (*each.slot.rank, each.reference))
        mine = (each for each in everybodys if each.patient_id == file)
        assert by_rank == sorted(mine, key=lambda each: (*each.slot.rank, each.reference))
    for appointment in everybodys:
        found = walk.here.desk.find_by_reference(appointment.reference, actor=STAFF)
        assert found.appointments == (appointment,)


@given(deeds, deeds)
def test_a_mark_and_its_taking_back_leave_the_appointment_as_it_was(one: Deed, two: Deed) -> None:
    """R40: from booked to any status and back, whatever the patient had confirmed."""
    walk = Walk(ob.MemoryStore)
    walk.book(evolve(one, start=TIMES[1], schedule="gagnon"))
    if two.stale:
        walk.here.desk.confirm_presence(walk.known[0], actor=STAFF)
    (before,) = walk.kept().values()
    walk.here.clock.set(TIMES[1])

    for deed in (one, two):
        walk.here.desk.mark(walk.known[0], deed.status, actor=STAFF)
    walk.here.desk.mark(walk.known[0], S.BOOKED, actor=STAFF)

    assert (before,) == tuple(walk.kept().values())
    walk.claims_are_those_of_the_statuses()
