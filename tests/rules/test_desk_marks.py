"""Staff mark an appointment, and take a mark back (R20, R40, R46, R47, R50)."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.audit import Operation
from omnibook.criteria import HadVisitFor, LastVisit, MinimumInterval, Period, When
from omnibook.desk_marks import FOLLOWS, MARKS, MarkRequest, decide_mark
from omnibook.eligibility import Eligibility
from omnibook.ids import AppointmentId, OperationId
from omnibook.records import VISITOR, Busy, EventKind
from omnibook.transactions import Again, Scope, Snapshot
from support.busy import import_busy
from support.desk_walks import EVENING, book, booked, slot
from support.looking import actions, appointments, live_claims, on_schedules, trail
from support.worlds import MARIE, STAFF, START, World, service, small_clinic, world

S = ob.AppointmentStatus
MICRO = timedelta(microseconds=1)
MIDNIGHT = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
"""The beginning of the local day of :data:`EVENING`, in Toronto."""


def mark(here: World, status: S, which: str | None = None) -> object:
    identifier = which or appointments(here.store)[0].appointment_id
    return here.desk.mark(identifier, status, actor=STAFF)


def marked(here: World, status: S) -> ob.Appointment:
    outcome = mark(here, status)
    assert isinstance(outcome, ob.Marked), outcome
    return outcome.appointment


def claims(here: World) -> list[str]:
    return [each.owner for each in live_claims(on_schedules(here.store, ["gagnon", "nguyen"]))]


# The table ---------------------------------------------------------------------------------------


def test_the_table_is_the_one_of_the_documentation() -> None:
    """R40: FHIR leaves to each system what follows what."""
    free = {S.BOOKED, S.ARRIVED, S.FULFILLED, S.NOSHOW}

    assert free | {S.ENTERED_IN_ERROR} == MARKS
    assert set(FOLLOWS) == set(S)
    for each in free:
        assert FOLLOWS[each] == MARKS - {each}
    assert FOLLOWS[S.ENTERED_IN_ERROR] == {S.BOOKED}
    assert FOLLOWS[S.CANCELLED] == frozenset()


@pytest.mark.parametrize(("first", "then"), [*product(sorted(MARKS), repeat=2)])
def test_what_follows_what(first: S, then: S) -> None:
    """R40, R50: the status, its claim, one line and one event for each change, and no message."""
    here = world()
    mine = booked(here)
    here.clock.set(EVENING)
    marked(here, first)
    before = actions(here.store)

    outcome = mark(here, then)

    if then is first:
        assert outcome == ob.Marked(appointment=evolve(mine, status=first))
        added = [("read-appointment", "desk.marked")]
    elif then in FOLLOWS[first]:
        assert outcome == ob.Marked(appointment=evolve(mine, status=then))
        added = [(f"mark-{then}", "desk.marked")]
    else:
        assert outcome == ob.NotMarkable(status=first)
        added = []
    (kept,) = appointments(here.store)
    assert kept.status is (then if then in FOLLOWS[first] else first)
    assert claims(here) == ([mine.appointment_id] if kept.status.occupies else [])
    assert sorted([*before, *added]) == actions(here.store)
    here.dispatcher.run_once()
    told = [each.kind for each in here.events.told]
    changes = (first is not S.BOOKED) + (kept.status is not first)
    assert told.count(EventKind.STATUS_CHANGED) == changes
    assert here.notifier.sent == ()


def test_a_cancelled_appointment_is_final() -> None:
    """R47: the patient was told so."""
    here = world()
    mine = booked(here)
    here.desk.cancel(mine.appointment_id, reason="", actor=STAFF)
    here.clock.set(EVENING)

    for status in MARKS:
        assert mark(here, status) == ob.NotMarkable(status=S.CANCELLED)
    assert appointments(here.store)[0].status is S.CANCELLED
    assert claims(here) == []


# When --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "earliest"),
    [
        (S.ARRIVED, MIDNIGHT + timedelta(days=1)),
        (S.FULFILLED, EVENING + timedelta(days=1)),
        (S.NOSHOW, EVENING + timedelta(days=1)),
    ],
)
def test_no_mark_comes_before_its_time(status: S, earliest: datetime) -> None:
    """R30: arrived on the clinic's own day of the start, the others once it has come."""
    here = world()
    booked(here, where=slot(EVENING + timedelta(days=1)))

    here.clock.set(earliest - MICRO)
    assert mark(here, status) == ob.NotMarkable(status=S.BOOKED, not_before=earliest)
    here.clock.set(earliest)
    assert marked(here, status).status is status


def test_an_entry_in_error_is_marked_at_any_time_and_no_reminder_goes_out() -> None:
    """R46: what was queued is dropped when it is due; taken back before, it goes out."""
    here = world()
    week = timedelta(days=7)
    wrong, right = (booked(here, f"r{n}", slot(EVENING + n * week)) for n in (1, 2))
    here.dispatcher.run_once()
    before = len(here.notifier.sent)

    for each in (wrong, right):
        outcome = mark(here, S.ENTERED_IN_ERROR, each.appointment_id)
        assert isinstance(outcome, ob.Marked)
    assert claims(here) == []
    assert isinstance(mark(here, S.BOOKED, right.appointment_id), ob.Marked)
    for _ in range(15):
        here.wait(days=1)
        here.dispatcher.run_once()

    assert [each.kind for each in here.notifier.sent[before:]] == [ob.NoticeKind.REMINDER]
    assert ("notice", "notice.status-changed") in actions(here.store)


# The time that it frees --------------------------------------------------------------------------


@pytest.mark.parametrize("freed", [S.NOSHOW, S.ENTERED_IN_ERROR])
@pytest.mark.parametrize("by", ["a booking", "a hold", "a busy time", "itself elsewhere"])
def test_a_mark_is_taken_back_only_if_the_time_is_still_free(freed: S, by: str) -> None:
    """R40, R48: over no claim and no busy time; over its own there is none."""
    here = world()
    early = slot(START + timedelta(hours=1))
    mine = booked(here, where=early)
    if freed is S.NOSHOW:
        here.clock.set(early.start)
    marked(here, freed)
    if by == "a booking":
        booked(here, "r2", early, patient="p-jean")
    elif by == "a hold" and freed is S.ENTERED_IN_ERROR:
        here.hold(here.enter(), early)
    elif by == "a busy time":
        busy = Busy(span=early.span, schedule_id=early.schedule_id, busy_id="b")
        import_busy(here.store, here.clinic.clinic_id, (busy,))
    else:
        booked(here, "r3", slot(early.start, on="nguyen"))
        assert marked(here, S.BOOKED) == mine
        return
    before = appointments(here.store), actions(here.store)

    assert mark(here, S.BOOKED, mine.appointment_id) == ob.TimeTaken()

    assert (appointments(here.store), actions(here.store)) == before
    if freed is S.NOSHOW:
        # From one status without a claim to another nothing is taken.
        assert isinstance(mark(here, S.ENTERED_IN_ERROR, mine.appointment_id), ob.Marked)


def test_a_late_patient_is_marked_as_arrived_after_all() -> None:
    """R40: the claim is taken again, and holds."""
    here = world()
    mine = booked(here)
    here.clock.set(EVENING)
    marked(here, S.NOSHOW)
    assert marked(here, S.ARRIVED) == evolve(mine, status=S.ARRIVED)
    assert book(here, "r2") == ob.TimeTaken()


def test_a_freed_time_is_offered_online_again() -> None:
    """R40, R46: at once."""
    here = world()
    token = here.enter()
    first = here.slots(token)[0]
    mine = here.book(token, first).appointment
    assert first not in here.slots(here.enter())

    assert isinstance(mark(here, S.ENTERED_IN_ERROR, mine.appointment_id), ob.Marked)

    assert first in here.slots(here.enter())


def test_a_decision_asks_for_the_time_that_it_takes_or_frees() -> None:
    """R40: what the store loaded must cover the claim."""
    here = world()
    mine = evolve(booked(here), status=S.NOSHOW)
    clinic_id = here.clinic.clinic_id
    request = MarkRequest(
        clinic=here.clinic,
        appointment_id=mine.appointment_id,
        status=S.BOOKED,
        operation=Operation(clinic_id=clinic_id, operation_id=OperationId("o"), actor=STAFF),
    )
    scope = Scope(clinic_id=clinic_id, appointment=mine.appointment_id)
    snapshot = Snapshot(scope=scope, now=START, appointments={mine.appointment_id: mine})

    asked = decide_mark(request, snapshot)

    assert asked == Again(scope.widened({mine.slot.schedule_id: mine.claimed}))


# What is no mark ---------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", ["nothing", "", "\ud800", None, 7])
def test_what_does_not_exist_is_not_found(identifier: str) -> None:
    here = world()

    assert here.desk.mark(identifier, S.ARRIVED, actor=STAFF) == ob.NotFound()
    assert trail(here.store) == ()


@pytest.mark.parametrize("status", [S.CANCELLED, "arrived", None])
def test_only_a_status_that_a_mark_gives_is_one(status: S) -> None:
    """R47: cancelling has a reason and tells the patient; a text is not a status."""
    here = world()
    mine = booked(here)

    with pytest.raises(ob.InvalidValue, match="mark"):
        here.desk.mark(mine.appointment_id, status, actor=STAFF)


def test_only_staff_mark() -> None:
    """R50."""
    here = world()
    mine = booked(here)

    with pytest.raises(ob.InvalidValue, match="staff"):
        here.desk.mark(mine.appointment_id, S.ARRIVED, actor=VISITOR)


def test_a_mark_names_its_actor_and_its_subject_and_no_person() -> None:
    """R50: the subject is the same one as of every other action about the patient."""
    here = world()
    booked(here)
    here.clock.set(EVENING)
    marked(here, S.FULFILLED)

    by_action = {each.action: each for each in trail(here.store)}

    assert by_action["mark-fulfilled"].actor == STAFF
    assert by_action["mark-fulfilled"].subject == by_action["desk-book"].subject
    assert "p-marie" not in repr(by_action)


def test_every_change_is_told_to_the_host_once_however_often_it_goes_to_and_fro() -> None:
    """R39: as an event of its own."""
    here = world()
    booked(here)
    here.clock.set(EVENING)
    for _ in range(3):
        marked(here, S.NOSHOW)
        marked(here, S.NOSHOW)
        marked(here, S.BOOKED)
    here.dispatcher.run_once()

    told = [each for each in here.events.told if each.kind is EventKind.STATUS_CHANGED]
    assert len({each.event_id for each in told}) == len(told) == 6


# What counts as a visit (R20) --------------------------------------------------------------------


@pytest.mark.parametrize("status", sorted(MARKS))
def test_only_what_is_fulfilled_counts_as_a_past_visit(status: S) -> None:
    """R20, R22: at listing, at Review and at Book, until the mark is taken back."""
    asked = (
        service("again", 15, eligibility=Eligibility(inclusions=((HadVisitFor("open"),),))),
        service("rested", 15, eligibility=Eligibility(inclusions=((_rested(),),))),
        service("lately", 15, eligibility=Eligibility(inclusions=((_lately(),),))),
        service("open", 15),
    )
    file = evolve(MARIE, last_visit=None, prior_visits=None)
    here = world(small_clinic(services=asked), patients=[file])
    mine = booked(here, where=slot(START + timedelta(hours=1)))
    here.clock.set(mine.slot.start)
    seen_before = names(here)
    visit = here.enter()

    marked(here, status)
    here.wait(days=2)

    assert seen_before == ["open", "rested"]
    expected = ["again", "lately", "open", "rested"] if status is S.FULFILLED else seen_before
    assert names(here) == expected
    told = here.desk.explain_service("p-marie", "again", actor=STAFF)
    assert isinstance(told, ob.ServiceExplanation)
    assert told.listed is (status is S.FULFILLED)

    # A week has to lie between; without a visit that took place there is nothing to wait for.
    visit = here.enter()
    soon = evolve(here.slots(visit, "open")[0], service_id=asked[1].service_id)
    reviewed = here.portal.review(visit, soon, ob.BookingForm("x"))
    assert isinstance(reviewed, ob.ServiceNotOffered) is (status is S.FULFILLED)
    if status is not S.FULFILLED:
        return
    late = evolve(soon, start=soon.start + timedelta(days=5), end=soon.end + timedelta(days=5))
    held = here.hold(visit, late)
    # Taken back, it is a visit no more: what asked for one is refused when it is booked, too.
    again = here.enter()
    wish = evolve(soon, service_id=asked[0].service_id)
    other = here.hold(again, wish)
    marked(here, S.NOSHOW)
    assert here.portal.book(again, other.hold_id) == ob.ServiceNotOffered()
    assert isinstance(here.portal.book(visit, held.hold_id), ob.Booked)
    assert names(here) == ["open", "rested"]


def _rested() -> MinimumInterval:
    return MinimumInterval(period=Period(7))


def _lately() -> LastVisit:
    return LastVisit(when=When.WITHIN, period=Period(30))


def names(here: World) -> list[str]:
    """The services that Marie is shown."""
    outcome = here.portal.services(here.enter())
    assert isinstance(outcome, ob.Welcome)
    return sorted(each.service_id for each in outcome.services)


def test_an_unknown_appointment_is_not_found_when_it_is_gone_in_between() -> None:
    """R51: purged after the desk looked."""
    here = world()
    operation = Operation(
        clinic_id=here.clinic.clinic_id, operation_id=OperationId("o"), actor=STAFF
    )
    request = MarkRequest(
        clinic=here.clinic,
        appointment_id=AppointmentId("gone"),
        status=S.ARRIVED,
        operation=operation,
    )
    snapshot = Snapshot(scope=Scope(clinic_id=here.clinic.clinic_id), now=START)

    decision = decide_mark(request, snapshot)

    assert not isinstance(decision, Again)
    assert (decision.outcome, decision.writes) == (ob.NotFound(), ())
