"""The desk's question: why does this patient see, or not see, this time (R21, R22, R27, R52)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.ids import PatientId
from omnibook.records import Busy, FlagCode
from omnibook.times import Span
from support.busy import import_busy
from support.looking import actions
from support.worlds import JEAN, MARIE, STAFF, START, World, world

CHILD = evolve(JEAN, patient_id=PatientId("p-child"), birth_date=date(2020, 3, 5))
"""Six years old on 5 March 2026."""
WEDNESDAY = START + timedelta(days=2, hours=1)
THURSDAY = START + timedelta(days=3, hours=1)


def explained(
    here: World, service_id: str, start: datetime, patient_id: str | None = None
) -> ob.TimeExplanation:
    outcome = here.desk.explain_time(
        service_id, "gagnon", start, actor=STAFF, patient_id=patient_id
    )
    assert isinstance(outcome, ob.TimeExplanation), outcome
    return outcome


def test_a_patient_is_judged_on_the_times_own_date() -> None:
    """R22: five on Wednesday, six on Thursday."""
    here = world(patients=[CHILD])
    wednesday = explained(here, "child", WEDNESDAY, "p-child")
    thursday = explained(here, "child", THURSDAY, "p-child")

    assert wednesday.offered
    assert not thursday.offered
    assert thursday.reasons == ()
    assert thursday.verdict is not None
    assert not thursday.verdict.eligible
    assert explained(here, "child", THURSDAY).offered


def test_an_upcoming_appointment_is_in_the_way() -> None:
    """R52."""
    here = world()
    token = here.enter()
    here.book(token, here.slots(token, "file")[0])
    explanation = explained(here, "file", THURSDAY, "p-marie")

    assert explanation.already_booked
    assert not explanation.offered
    assert explained(here, "file", THURSDAY, "p-jean").offered


def test_a_patients_own_held_time_is_offered_to_that_patient_only() -> None:
    """R28."""
    here = world()
    token = here.enter()
    slot = next(each for each in here.slots(token, "file") if each.schedule_id == "gagnon")
    here.hold(token, slot)

    assert explained(here, "file", slot.start, "p-marie").offered
    assert explained(here, "file", slot.start, "p-jean").reasons == ("time.held",)
    assert explained(here, "file", slot.start).reasons == ("time.held",)


def test_a_file_that_is_no_longer_live_has_no_facts() -> None:
    """R9, R13."""
    here = world(patients=[evolve(MARIE, deceased=True)])

    assert not explained(here, "file", THURSDAY, "p-marie").offered
    assert explained(here, "open", THURSDAY, "p-marie").offered


def test_whose_data_were_looked_at_is_in_the_audit_trail() -> None:
    """R50."""
    here = world()
    explained(here, "file", THURSDAY, "p-marie")
    explained(here, "file", THURSDAY)

    assert actions(here.store) == [("explain-time", "desk.time-explained")] * 2


def test_an_unknown_file_is_not_found() -> None:
    here = world()
    outcome = here.desk.explain_time("file", "gagnon", THURSDAY, actor=STAFF, patient_id="nobody")

    assert outcome == ob.NotFound()


def test_a_time_beyond_the_calendar_is_misuse() -> None:
    here = world()
    for year in (1, 9999):
        with pytest.raises(ob.InvalidValue):
            explained(here, "file", datetime(year, 6, 1, tzinfo=UTC))
    for day in (date.max, date.min, "2026-03-02", None):
        with pytest.raises(ob.InvalidValue):
            here.desk.day(day, actor=STAFF)  # type: ignore[arg-type]
    with pytest.raises(ob.InvalidValue):
        here.desk.day(date(2026, 3, 2), actor="s-1")  # type: ignore[arg-type]


def test_a_busy_time_over_an_appointment_shows_in_the_days_list() -> None:
    """R40: it evicts nothing."""
    here = world()
    token = here.enter()
    booked = here.book(token, here.slots(token)[0]).appointment
    span = Span(booked.slot.start, booked.slot.end)
    busy = Busy(span=span, schedule_id=booked.slot.schedule_id, busy_id="b")
    import_busy(here.store, here.clinic.clinic_id, [busy])
    listed = here.desk.day(booked.slot.start.date(), actor=STAFF)

    assert listed.appointments == (booked,)
    assert [(flag.code, flag.appointment_id) for flag in listed.flags] == [
        (FlagCode.BUSY_CONFLICT, booked.appointment_id)
    ]


@pytest.mark.parametrize("staff_id", ["", None, "\ud800"])
def test_staff_act_under_an_identifier_that_can_be_kept(staff_id: str) -> None:
    """R50."""
    with pytest.raises(ob.InvalidValue):
        ob.Actor.staff(staff_id)
