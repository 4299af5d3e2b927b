"""Laws of holding and booking, against a model that is a plain list (R31–R38, R40, R48)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st

import omnibook as ob
from omnibook.clinic import Clinic, Policies
from omnibook.records import Busy
from omnibook.times import Span
from support.busy import import_busy
from support.variations import at, roomy, slot, under
from support.worlds import (
    JEANS_FORM,
    STAFF,
    World,
    opening,
    schedule,
    service,
    strangers_form,
    world,
)

FORM = ob.BookingForm("a sore throat")
FIVE = timedelta(minutes=5)
SLOTS = (
    slot(0, length=30),
    slot(15, length=30),
    slot(30, length=30),
    slot(15, on="nguyen", length=30),
    slot(60, "other", length=30),
    slot(7, length=30),
)
"""Some overlap, two stand elsewhere, the last is off the grid."""
FORGED = SLOTS[-1]


def open_clinic() -> Clinic:
    """Without caps, without R52, and with visits that last: what the model leaves out."""
    return evolve(
        roomy(
            one_upcoming_per_service=False,
            visit_idle=timedelta(days=9),
            visit_total=timedelta(days=9),
        ),
        services=(service("open"), service("other")),
        schedules=(schedule("gagnon", opening()), schedule("nguyen", opening())),
    )


@define
class Row:
    """One hold, or what became of it; the model never forgets one."""

    visitor: int
    slot: ob.Slot
    expires: datetime
    hold_id: str
    state: str = "held"
    appointment: ob.Appointment | None = None


@define
class Model:
    """What the rules say, in the plainest way."""

    world: World
    visits: tuple[ob.VisitToken, ...]
    rows: list[Row] = field(factory=list)
    desk: dict[str, ob.Slot] = field(factory=dict)
    closed: list[ob.Slot] = field(factory=list)
    numbers: Iterator[int] = field(factory=count)

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def live(self, row: Row) -> bool:
        return row.state == "held" and self.now < row.expires

    def same_file(self, one: int, other: int) -> bool:
        """The first two visits are of one file."""
        return {one, other} <= {0, 1}

    def free(self, wish: ob.Slot, but: int | None = None) -> bool:
        """Whether no claim of somebody but this visitor overlaps the wish."""
        taken = [row.slot for row in self.rows if self.live(row) and row.visitor != but]
        taken += [row.slot for row in self.rows if row.state == "booked"]
        taken += self.desk.values()
        return not any(overlap(wish, each) for each in taken)

    def offered(self, wish: ob.Slot) -> bool:
        if wish == FORGED or wish.start <= self.now:
            return False
        return not any(overlap(wish, each) for each in self.closed)

    # One method for each verb: do it, and compare ------------------------------------------------

    def review(self, visitor: int, wish: ob.Slot) -> None:
        mine = next((row for row in self.rows if self.live(row) and row.visitor == visitor), None)
        elsewhere = next(
            (
                row
                for row in self.rows
                if self.live(row)
                and row.slot == wish
                and row.visitor != visitor
                and self.same_file(row.visitor, visitor)
            ),
            None,
        )
        outcome = self.world.portal.review(self.visits[visitor], wish, FORM)

        if mine is not None and mine.slot == wish and wish.start > self.now:
            assert isinstance(outcome, ob.Held)
            assert (outcome.hold_id, outcome.expires_at) == (mine.hold_id, mine.expires)
            return
        if wish.start > self.now and elsewhere is not None:
            expires, elsewhere.state = elsewhere.expires, "taken over"
        elif self.offered(wish) and self.free(wish, but=visitor):
            expires = self.now + FIVE
        else:
            assert isinstance(outcome, ob.SlotTaken)
            assert outcome.fresh is not None
            return
        assert isinstance(outcome, ob.Held)
        assert outcome.expires_at == expires
        assert outcome.remaining == expires - self.now > timedelta()
        for row in self.rows:
            if row.visitor == visitor and row.state == "held":
                row.state = "swapped"
        self.rows.append(Row(visitor, wish, expires, outcome.hold_id))

    def back(self, visitor: int) -> None:
        assert self.world.portal.go_back(self.visits[visitor]) == ob.Released()
        for row in self.rows:
            if row.visitor == visitor and row.state == "held":
                row.state = "released"

    def book(self, visitor: int, number: int) -> None:
        if not self.rows:
            return
        row = self.rows[number % len(self.rows)]
        outcome = self.world.portal.book(self.visits[visitor], row.hold_id)

        if row.visitor == visitor and row.appointment is not None:
            assert isinstance(outcome, ob.Booked)
            assert outcome.appointment == row.appointment
            return
        good = (
            row.visitor == visitor
            and row.state == "held"
            and row.slot.start > self.now
            and (self.live(row) or (self.offered(row.slot) and self.free(row.slot)))
        )
        assert isinstance(outcome, ob.Booked if good else ob.SlotTaken)
        if isinstance(outcome, ob.Booked):
            assert outcome.appointment.slot == row.slot
            row.state, row.appointment = "booked", outcome.appointment

    def cancel(self, number: int) -> None:
        booked = [row for row in self.rows if row.state == "booked"]
        if not booked:
            return
        row = booked[number % len(booked)]
        assert row.appointment is not None
        identifier = row.appointment.appointment_id
        outcome = self.world.desk.cancel(identifier, reason="", actor=STAFF)
        assert isinstance(outcome, ob.Cancelled)
        day = self.world.desk.day(row.slot.start.date(), actor=STAFF)
        row.state = "cancelled"
        row.appointment = next(
            each for each in day.appointments if each.appointment_id == identifier
        )

    def desk_books(self, wish: ob.Slot) -> None:
        request = f"request {next(self.numbers)}"
        outcome = self.world.desk.book(request, wish, FORM, patient="p-marie", actor=STAFF)
        assert isinstance(outcome, ob.Booked if self.free(wish) else ob.TimeTaken)
        if isinstance(outcome, ob.Booked):
            self.desk[request] = wish

    def desk_closes(self, wish: ob.Slot) -> None:
        held = any(self.live(row) and overlap(row.slot, wish) for row in self.rows)
        outcome = self.world.desk.close_time(
            f"request {next(self.numbers)}", wish.schedule_id, wish.start, wish.end, actor=STAFF
        )
        assert isinstance(outcome, ob.TimeTaken if held else ob.Closed)
        if not held:
            self.closed.append(wish)


def overlap(one: ob.Slot, other: ob.Slot) -> bool:
    return one.schedule_id == other.schedule_id and one.start < other.end and other.start < one.end


visitors = st.integers(0, 3)
wishes = st.sampled_from(SLOTS)
numbers = st.integers(0, 20)
steps = st.one_of(
    st.tuples(st.just("review"), visitors, wishes),
    st.tuples(st.just("review"), visitors, wishes),
    st.tuples(st.just("book"), visitors, numbers),
    st.tuples(st.just("book"), visitors, numbers),
    st.tuples(st.just("back"), visitors),
    st.tuples(st.just("cancel"), numbers),
    st.tuples(st.just("desk_books"), wishes),
    st.tuples(st.just("desk_closes"), wishes),
    st.tuples(
        st.just("wait"),
        st.sampled_from((1, 60_000_000, 5 * 60_000_000 - 1, 5 * 60_000_000, 50 * 60_000_000)),
    ),
)


@given(walk=st.lists(steps, min_size=5, max_size=25))
def test_every_outcome_is_what_a_plain_list_of_claims_says(
    walk: list[tuple[object, ...]],
) -> None:
    """R31, R33–R35, R37, R38, R40, R48: by many visitors and the desk, to the microsecond."""
    w = world(open_clinic())
    model = Model(w, (w.enter(), w.enter(), w.enter(JEANS_FORM), w.enter(strangers_form(1))))
    for verb, *arguments in walk:
        if verb == "wait":
            w.wait(microseconds=arguments[0])  # type: ignore[arg-type]
        else:
            getattr(model, str(verb))(*arguments)


# Under a live hold nothing of the clinic's matters (R37) -----------------------------------------

policies = st.builds(
    Policies,
    minimum_notice=st.sampled_from((timedelta(), timedelta(hours=3), timedelta(days=400))),
    horizon=st.sampled_from((timedelta(minutes=1), timedelta(days=365))),
    hold=st.sampled_from((timedelta(minutes=1), timedelta(minutes=9))),
    holds_per_contact=st.integers(0, 1),
    holds_per_source=st.integers(0, 1),
)
durations = st.sampled_from((15, 30, 60))
buffers = st.sampled_from((0, 10, 45)).map(lambda n: timedelta(minutes=n))
changed = st.builds(
    evolve,
    st.just(open_clinic()),
    policies=policies,
    services=st.builds(
        lambda minutes, before, after: (
            service("open", minutes, buffer_before=before, buffer_after=after),
        ),
        durations,
        buffers,
        buffers,
    ),
    schedules=st.sampled_from(
        (
            (),
            (schedule("gagnon"),),
            (schedule("gagnon", opening(interval=timedelta(minutes=7))),),
            (schedule("gagnon", opening(online=False)),),
            (schedule("gagnon", opening(activities=frozenset({"shot"}))),),
            (schedule("gagnon", opening()),),
        )
    ),
)


@given(
    clinic=changed,
    busy=st.booleans(),
    waited=st.integers(0, 5 * 60_000_000 - 1).map(lambda n: timedelta(microseconds=n)),
)
def test_a_live_hold_is_booked_whatever_the_clinic_changed(
    clinic: Clinic, busy: bool, waited: timedelta
) -> None:
    """R37: nothing of the time can be in its way, to the last microsecond."""
    w = world(open_clinic())
    visit = w.enter()
    wish = slot(0, length=30)
    held = w.hold(visit, wish)
    if busy:
        blocked = Busy(span=Span(at(-60), at(60)), schedule_id=wish.schedule_id, busy_id="b")
        import_busy(w.store, clinic.clinic_id, (blocked,))
    w.clock.advance(waited)

    booked = under(w, clinic).portal.book(visit, held.hold_id)

    assert isinstance(booked, ob.Booked)
    assert booked.appointment.slot == wish


# Caps (R36) --------------------------------------------------------------------------------------

people = st.tuples(st.integers(1, 2), st.sampled_from((None, "a@example.org", "b@example.org")))
places = st.sampled_from(("here", "there"))
attempts = st.lists(
    st.tuples(people, places, st.booleans(), st.sampled_from((0, 2, 5))), min_size=3, max_size=12
)


@given(attempts=attempts, caps=st.tuples(*[st.integers(1, 3)] * 4))
def test_strangers_hold_and_book_up_to_the_caps_and_not_beyond(
    attempts: list[tuple[tuple[int, str | None], str, bool, int]],
    caps: tuple[int, int, int, int],
) -> None:
    """R36: over both forms' contacts, and the source; each visitor wishes another time."""
    per_contact, per_source, upcoming, per_day = caps
    w = world(
        roomy(
            holds_per_contact=per_contact,
            holds_per_source=per_source,
            upcoming_per_contact=upcoming,
            upcoming_per_source_and_day=per_day,
        )
    )
    held: list[tuple[datetime, set[object], str]] = []
    booked: list[tuple[set[object], str]] = []
    for number, ((who, typed), place, books, minutes) in enumerate(attempts):
        visit = w.enter(strangers_form(who), source=place)
        contacts: set[object] = {who} if typed is None else {who, typed}
        now = w.clock.now()
        live = [each for each in held if now < each[0]]
        refused = (
            any(sum(key in each[1] for each in live) >= per_contact for key in contacts)
            or sum(each[2] == place for each in live) >= per_source
            or any(sum(key in each[0] for each in booked) >= upcoming for key in contacts)
            or sum(each[1] == place for each in booked) >= per_day
        )

        outcome = w.portal.review(visit, slot(24 * 60 + 15 * number), evolve(FORM, email=typed))

        assert isinstance(outcome, ob.TooManyHolds if refused else ob.Held)
        if isinstance(outcome, ob.Held):
            if books:
                assert isinstance(w.portal.book(visit, outcome.hold_id), ob.Booked)
                booked.append((contacts, place))
            else:
                held.append((outcome.expires_at, contacts, place))
        w.wait(minutes=minutes)
