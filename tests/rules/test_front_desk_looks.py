"""What the clinic's staff look at, what they are told, and the trail that it leaves."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.ids import AppointmentId, ClosureId, OpeningId
from omnibook.records import VISITOR
from support.desk_walks import FORM, QUARTER, booked, slot
from support.looking import actions, trail
from support.tokens import SeededTokens
from support.worlds import (
    JEAN,
    MARIE,
    STAFF,
    START,
    text,
    world,
)

# Look and explain --------------------------------------------------------------------------------


def test_the_day_lists_what_starts_on_it_with_its_flags() -> None:
    """R50: the read is in the audit trail; the day is the clinic's."""
    here = world(patients=[evolve(MARIE, contacts=()), JEAN])
    midnight = START + timedelta(hours=17)
    form = ob.BookingForm("why", email="marie@example.org")
    spans = [slot(midnight - QUARTER, minutes=30), slot(midnight + QUARTER), slot(START)]
    made = [
        here.desk.book(f"r{n}", each, form, patient="p-marie", actor=STAFF)
        for n, each in enumerate(spans)
    ]

    today = here.desk.day(date(2026, 3, 2), actor=STAFF)
    tomorrow = here.desk.day(date(2026, 3, 3), actor=STAFF)
    empty = here.desk.day(date(2026, 3, 4), actor=STAFF)

    appointments_made = [each.appointment for each in made if isinstance(each, ob.Booked)]
    assert today.appointments == (appointments_made[2], appointments_made[0])
    assert tomorrow.appointments == (appointments_made[1],)
    assert (empty.appointments, empty.flags) == ((), ())
    assert {each.code for each in today.flags} == {"contact.first-position"}
    assert actions(here.store).count(("read-day", "desk.day-list")) == 3


def test_staff_are_told_why_a_patient_sees_a_service_or_does_not() -> None:
    """R19, R21, R22, R50."""
    here = world()
    yes = here.desk.explain_service("p-marie", "doctor", actor=STAFF)
    no = here.desk.explain_service("p-jean", "doctor", actor=STAFF)
    here.directory.put(evolve(JEAN, active=False))
    gone = here.desk.explain_service("p-jean", "file", actor=STAFF)

    assert isinstance(yes, ob.ServiceExplanation)
    assert isinstance(no, ob.ServiceExplanation)
    assert isinstance(gone, ob.ServiceExplanation)
    assert (yes.listed, no.listed, gone.listed) == (True, False, False)
    assert no.verdict.reasons
    assert here.desk.explain_service("p-marie", "none", actor=STAFF) == ob.NotFound()
    assert actions(here.store).count(("explain-service", "desk.service-explained")) == 3


def test_staff_are_told_why_a_time_is_offered_or_is_not() -> None:
    """R27, R50: what a visitor holds included."""
    here = world()
    token = here.enter()
    first, second = here.slots(token)[0], START + timedelta(hours=1, minutes=7)
    here.hold(token, first)

    def reasons(start: datetime, service: str = "open") -> tuple[str, ...]:
        outcome = here.desk.explain_time(service, "gagnon", start, actor=STAFF)
        assert isinstance(outcome, ob.TimeExplanation)
        assert outcome.offered is (not outcome.reasons)
        return outcome.reasons

    assert reasons(first.start) == ("time.held",)
    assert reasons(second) == ("time.off-grid", "time.held")
    assert reasons(first.start + QUARTER) == ()
    assert reasons(START, "open") == ("time.already-started", "time.no-opening")
    assert here.desk.explain_time("none", "gagnon", START, actor=STAFF) == ob.NotFound()
    assert actions(here.store).count(("explain-time", "desk.time-explained")) == 4


LOOKS_AND_DEEDS: dict[str, Callable[[ob.FrontDesk, ob.Actor], object]] = {
    "close": lambda d, a: d.close_time("c", "gagnon", START, START + QUARTER, actor=a),
    "withdraw opening": lambda d, a: d.withdraw_opening(OpeningId("o"), actor=a),
    "withdraw closure": lambda d, a: d.withdraw_closure(ClosureId("c"), actor=a),
    "book": lambda d, a: d.book("r", slot(), FORM, patient="p-marie", actor=a),
    "cancel": lambda d, a: d.cancel(AppointmentId("a"), reason="", actor=a),
    "move": lambda d, a: d.move(AppointmentId("a"), "gagnon", START, revision=0, actor=a),
    "confirm": lambda d, a: d.confirm_presence(AppointmentId("a"), actor=a),
    "mark": lambda d, a: d.mark(AppointmentId("a"), ob.AppointmentStatus.ARRIVED, actor=a),
    "attach": lambda d, a: d.attach(AppointmentId("a"), "p-marie", actor=a),
    "find": lambda d, a: d.find_by_reference("K7TM-42QX", actor=a),
    "list": lambda d, a: d.appointments_of("p-marie", actor=a),
    "set aside": lambda d, a: d.set_aside(actor=a),
    "try again": lambda d, a: d.try_again("n", actor=a),
    "day": lambda d, a: d.day(date(2026, 3, 2), actor=a),
    "explain service": lambda d, a: d.explain_service("p-marie", "open", actor=a),
    "explain time": lambda d, a: d.explain_time("open", "gagnon", START, actor=a),
}


@pytest.mark.parametrize("deed", LOOKS_AND_DEEDS)
def test_only_a_member_of_staff_acts_at_the_desk(deed: str) -> None:
    """R50: nobody else can be named as the actor."""
    here = world()

    with pytest.raises(ob.InvalidValue, match="staff"):
        LOOKS_AND_DEEDS[deed](here.desk, VISITOR)

    assert trail(here.store) == ()


def test_every_deed_names_its_member_of_staff_and_its_subject() -> None:
    """R50: a keyed hash of the file, the same at the desk and in the portal."""
    here = world(tokens=SeededTokens())
    mine = booked(here)
    here.desk.cancel(mine.appointment_id, reason="", actor=ob.Actor.staff("staff-8"))
    here.enter()

    by_event = {each.action: each for each in trail(here.store)}

    assert by_event["desk-book"].actor == STAFF
    assert by_event["cancel"].actor == ob.Actor.staff("staff-8")
    assert by_event["desk-book"].subject == by_event["cancel"].subject is not None
    assert by_event["identify"].subject == by_event["cancel"].subject
    assert "p-marie" not in repr(by_event)


def test_the_desk_reads_openings_from_the_same_source_as_the_portal() -> None:
    """R30."""
    here = world()
    clinic = evolve(here.clinic, name=text("other"), schedules=())
    desk = ob.FrontDesk(
        here.clinic,
        store=here.store,
        directory=here.directory,
        keys=here.keys,
        schedules=ob.ClinicSchedules(clinic),
    )

    outcome = desk.explain_time("open", "gagnon", START + timedelta(hours=1), actor=STAFF)

    assert isinstance(outcome, ob.TimeExplanation)
    assert outcome.reasons == ("time.no-opening",)
