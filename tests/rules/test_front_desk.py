"""What the clinic's staff do: open, close, book, cancel, look, explain."""

from datetime import timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.ids import AppointmentId, ClosureId, OpeningId, PatientId, ScheduleId, ServiceId
from omnibook.records import VISITOR
from support.desk_walks import (
    EVENING,
    FORM,
    QUARTER,
    book,
    booked,
    close_morning,
    evening_slots,
    open_evening,
    slot,
)
from support.looking import actions, appointments, live_claims, on_schedules, trail
from support.worlds import (
    JEAN,
    MARIE,
    STAFF,
    START,
    email,
    small_clinic,
    strangers_form,
    world,
)

# Open and close ----------------------------------------------------------------------------------


def test_opened_time_is_offered_online_until_it_is_withdrawn() -> None:
    """R48: store data, at run time; withdrawn twice is withdrawn."""
    here = world()
    opened = open_evening(here)

    assert isinstance(opened, ob.Opened)
    assert [each.start for each in evening_slots(here)] == [EVENING + n * QUARTER for n in range(4)]
    for _ in range(2):
        assert here.desk.withdraw_opening(opened.opening_id, actor=STAFF) == ob.Withdrawn()
    assert evening_slots(here) == ()
    assert actions(here.store).count(("withdraw-opening", "desk.withdrawn")) == 1


def test_a_request_that_is_repeated_gets_its_first_answer() -> None:
    """R38: and one that is used for something else does nothing."""
    here = world()
    first = open_evening(here)
    closed = close_morning(here)

    assert open_evening(here) == first
    assert open_evening(here, end=EVENING + timedelta(hours=3)) == ob.RequestReused()
    assert close_morning(here) == closed
    assert (
        here.desk.close_time("c1", "nguyen", EVENING, EVENING + QUARTER, actor=STAFF)
        == ob.RequestReused()
    )
    assert open_evening(here, "o2") != first
    assert [each for each in actions(here.store) if each[0] in {"open", "close"}] == [
        ("close", "desk.closed"),
        ("open", "desk.opened"),
        ("open", "desk.opened"),
    ]


def test_closed_time_is_not_offered_and_lists_the_appointments_that_stand() -> None:
    """R48, R50: whoever is shown them, each time, is in the audit trail."""
    here = world()
    token = here.enter()
    mine = here.book(token, here.slots(token)[0]).appointment
    here.desk.cancel(booked(here, where=slot(START)).appointment_id, reason="", actor=STAFF)

    closed = close_morning(here)
    again = close_morning(here)

    assert isinstance(closed, ob.Closed)
    assert closed.appointments == (mine,)
    assert again == closed
    assert actions(here.store).count(("read-closed", "desk.closed")) == 2
    page = here.portal.find(here.enter(), "open", ob.Preference(practitioner="gagnon"))
    assert isinstance(page, ob.Page)
    assert page.slots[0].start == START + timedelta(hours=6)
    withdrawn = here.desk.withdraw_closure(closed.closure_id, actor=STAFF)
    assert withdrawn == here.desk.withdraw_closure(closed.closure_id, actor=STAFF)
    page = here.portal.find(here.enter(), "open", ob.Preference(practitioner="gagnon"))
    assert isinstance(page, ob.Page)
    assert page.slots[0].start == mine.slot.end


def test_an_unknown_schedule_is_not_found() -> None:
    here = world()
    span = (START, START + QUARTER)

    def opened() -> object:
        return here.desk.open_time(
            "o", "nobody", *span, activities=("care",), interval=QUARTER, actor=STAFF
        )

    assert opened() == ob.NotFound()
    assert here.desk.close_time("c", "nobody", *span, actor=STAFF) == ob.NotFound()
    assert book(here, where=slot(on="nobody")) == ob.NotFound()
    assert here.desk.explain_time("open", "nobody", START, actor=STAFF) == ob.NotFound()
    assert trail(here.store) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"activities": ()},
        {"activities": "care"},
        {"interval": timedelta()},
        {"interval": timedelta(seconds=90)},
        {"interval": timedelta(minutes=1441)},
        {"interval": timedelta.max},
        {"start": EVENING.replace(tzinfo=None)},
        {"start": EVENING + timedelta(seconds=1)},
        {"end": EVENING},
        {"request_id": ""},
        {"request_id": None},
        {"actor": VISITOR},
    ],
)
def test_what_cannot_be_opened_is_misuse(wrong: dict[str, object]) -> None:
    """R30, R48: InvalidValue, and nothing is written."""
    here = world()

    with pytest.raises(ob.InvalidValue):
        open_evening(here, **wrong)  # type: ignore[arg-type]

    assert trail(here.store) == ()


# Book --------------------------------------------------------------------------------------------


def test_the_desk_books_outside_openings_notice_and_eligibility() -> None:
    """R48, R27: any length, in the past too, without the service's buffers."""
    clinic = small_clinic()
    wide = evolve(clinic.services[3], buffer_before=QUARTER, buffer_after=QUARTER)
    here = world(evolve(clinic, services=(wide,)))
    past = evolve(slot(START - timedelta(days=3), minutes=7), service_id=ServiceId("child"))

    outcome = booked(here, "r1", past)

    assert (outcome.claimed, outcome.slot) == (past.span, past)
    assert outcome.patient_id == "p-marie"
    assert outcome.booked_by == STAFF
    assert (outcome.terms, outcome.source, outcome.language) == (None, None, "fr")


def test_buffers_that_the_desk_gives_are_claimed_too() -> None:
    """R27: and keep others away."""
    here = world()
    mine = booked(here, buffer_before=QUARTER, buffer_after=2 * QUARTER)

    assert mine.claimed == mine.slot.span.widened(QUARTER, 2 * QUARTER)
    assert book(here, "r2", slot(EVENING - QUARTER)) == ob.TimeTaken()
    assert book(here, "r3", slot(EVENING + 2 * QUARTER)) == ob.TimeTaken()
    assert isinstance(book(here, "r4", slot(EVENING - 2 * QUARTER)), ob.Booked)
    assert isinstance(book(here, "r5", slot(EVENING + 3 * QUARTER)), ob.Booked)


@pytest.mark.parametrize(
    "wrong",
    [
        {"buffer_before": -timedelta(minutes=1)},
        {"buffer_after": -timedelta(minutes=1)},
        {"buffer_after": timedelta(seconds=30)},
        {"request_id": ""},
    ],
)
def test_a_claim_covers_its_slot_on_whole_minutes(wrong: dict[str, object]) -> None:
    """R30: or it is misuse."""
    here = world()

    with pytest.raises(ob.InvalidValue):
        book(here, **wrong)  # type: ignore[arg-type]

    assert appointments(here.store) == ()


def test_the_desk_never_books_over_a_claim() -> None:
    """R40, R48."""
    here = world()
    booked(here, "r1", slot(minutes=30))

    assert book(here, "r2", slot(EVENING + QUARTER)) == ob.TimeTaken()
    assert isinstance(book(here, "r3", slot(EVENING + 2 * QUARTER)), ob.Booked)
    assert len(live_claims(on_schedules(here.store, ["gagnon"]))) == 2


def test_a_booking_that_is_repeated_is_the_appointment_as_it_now_stands() -> None:
    """R38: once in the store and among the notices."""
    here = world()
    first = booked(here)
    repeated = booked(here)
    other_time = book(here, "r1", slot(EVENING + QUARTER))
    other_patient = here.desk.book("r1", slot(), FORM, patient="p-jean", actor=STAFF)
    here.desk.cancel(first.appointment_id, reason="", actor=STAFF)

    assert repeated == first
    assert other_time == other_patient == ob.RequestReused()
    assert booked(here).status is ob.AppointmentStatus.CANCELLED
    assert len(appointments(here.store)) == 1


def test_contacts_left_out_are_the_files_first_current_ones() -> None:
    """R42: and what the form gives beside them is added to the file (R41)."""
    gone = email("old", current=False)
    file = evolve(MARIE, contacts=(gone, *(evolve(p, rank=p.rank + 1) for p in MARIE.contacts)))
    here = world(patients=[file])
    form = ob.BookingForm("why", cell_phone="514 555-0166")

    outcome = here.desk.book("r1", slot(), form, patient="p-marie", actor=STAFF)

    assert isinstance(outcome, ob.Booked)
    contacts = outcome.appointment.entries.contacts
    assert [point.value for point in contacts] == ["+15145550166", "marie@example.org"]
    assert outcome.link.startswith(outcome.appointment.appointment_id)
    now = here.directory.get(PatientId("p-marie"))
    assert now is not None
    assert [point.value for point in now.contacts[3:]] == ["+15145550166"]


def test_the_desk_books_for_a_person_without_a_file() -> None:
    """R15: a provisional person, whose contacts stand in for those left out."""
    here = world()

    outcome = booked(here, patient=strangers_form(8), language="en", messages=False)

    assert outcome.provisional is not None
    assert outcome.provisional.last_name == "Unknown"
    assert [point.value for point in outcome.entries.contacts] == ["+15145550108"]
    assert (outcome.language, outcome.messages) == ("en", False)
    assert here.dispatcher.run_once().sent == 0


def test_everything_wrong_with_what_the_desk_was_given_is_told_at_once() -> None:
    """R11: the person's form, the language and the booking form."""
    here = world()
    person = evolve(strangers_form(8), first_name="", cell_phone="12")

    def fields(patient: str | ob.IdentityForm, form: ob.BookingForm, language: str) -> list[str]:
        outcome = here.desk.book(
            "r1", slot(), form, patient=patient, actor=STAFF, language=language
        )
        assert isinstance(outcome, ob.InvalidEntry)
        return [each.field for each in outcome.problems]

    assert fields(person, ob.BookingForm(""), "de") == [
        "first_name",
        "cell_phone",
        "language",
        "reason",
    ]
    assert fields(person, FORM, "fr") == ["first_name", "cell_phone"]
    assert fields("p-marie", FORM, "de") == ["language"]
    assert fields("p-marie", ob.BookingForm("x" * 101), "fr") == ["reason"]
    here.directory.put(evolve(MARIE, contacts=()))
    assert isinstance(book(here, "r9", slot()), ob.Booked)


@pytest.mark.parametrize("patient", ["nobody", "", None, 7, "\ud800"])
def test_an_unknown_file_is_not_found(patient: str) -> None:
    here = world()

    assert book(here, patient=patient) == ob.NotFound()
    assert here.desk.explain_service(patient, "open", actor=STAFF) == ob.NotFound()


def test_a_file_that_is_not_live_cannot_be_booked_and_a_merged_one_is_its_survivor() -> None:
    """R9."""
    here = world(patients=[evolve(MARIE, merged_into=PatientId("p-jean")), JEAN])

    assert booked(here).patient_id == "p-jean"
    here.directory.put(evolve(JEAN, deceased=True))
    assert book(here, "r2") == ob.NotFound()


# Cancel ------------------------------------------------------------------------------------------


def test_the_desk_cancels_at_any_time_and_the_same_answer_is_repeated() -> None:
    """R46, R47: recorded with the member of staff; the time is free at once."""
    here = world()
    mine = booked(here)
    here.clock.set(EVENING + timedelta(days=1))

    first = here.desk.cancel(mine.appointment_id, reason="the doctor is ill", actor=STAFF)
    again = here.desk.cancel(
        mine.appointment_id, reason="other", actor=ob.Actor.staff("staff-8"), close_time=True
    )

    assert isinstance(first, ob.Cancelled)
    assert (first.cancellation.by, first.cancellation.reason) == (STAFF, "the doctor is ill")
    assert again == first
    assert live_claims(on_schedules(here.store, ["gagnon"])) == []
    assert on_schedules(here.store, ["gagnon"]).schedules[ScheduleId("gagnon")].closures == ()


def test_cancelling_can_close_the_time() -> None:
    """R46: the clinic drops the opening too."""
    here = world()
    token = here.enter()
    first = here.slots(token)[0]
    mine = here.book(token, first).appointment

    here.desk.cancel(mine.appointment_id, reason="", actor=STAFF, close_time=True)

    explained = here.desk.explain_time("open", "gagnon", first.start, actor=STAFF)
    assert isinstance(explained, ob.TimeExplanation)
    assert explained.reasons == ("time.closed",)


@pytest.mark.parametrize("identifier", ["nothing", "", "\ud800", None])
def test_what_does_not_exist_cannot_be_cancelled_or_withdrawn(identifier: str) -> None:
    here = world()
    desk = here.desk

    assert desk.cancel(AppointmentId(identifier), reason="", actor=STAFF) == ob.NotFound()
    assert desk.withdraw_opening(OpeningId(identifier), actor=STAFF) == ob.Withdrawn()
    assert desk.withdraw_closure(ClosureId(identifier), actor=STAFF) == ob.Withdrawn()
    assert trail(here.store) == ()


def test_an_unusable_reason_cancels_nothing() -> None:
    """R11."""
    here = world()
    mine = booked(here)

    outcome = here.desk.cancel(mine.appointment_id, reason=["x"], actor=STAFF)

    assert outcome == ob.InvalidEntry((ob.Problem(ob.ProblemCode.WRONG_TYPE, "reason"),))
    assert appointments(here.store) == (mine,)


def test_a_kept_appointment_cannot_be_cancelled() -> None:
    """R47."""
    from omnibook.transactions import Decision, PutAppointment, Scope

    here = world()
    mine = booked(here)
    done = evolve(mine, status=ob.AppointmentStatus.FULFILLED)
    scope = Scope(clinic_id=here.clinic.clinic_id, schedules={mine.slot.schedule_id: mine.claimed})
    here.store.transact(scope, lambda _: Decision(None, (PutAppointment(done),)))

    outcome = here.desk.cancel(mine.appointment_id, reason="", actor=STAFF)

    assert outcome == ob.NotCancellable(status=ob.AppointmentStatus.FULFILLED)


def test_a_cancellation_that_the_patient_asked_for_names_the_patient() -> None:
    """R47, R50: and the audit trail the member of staff."""
    here = world()
    asked, not_asked = booked(here), booked(here, "r2", slot(EVENING + 2 * QUARTER))
    first = here.desk.cancel(asked.appointment_id, reason="ill", actor=STAFF, asked_by_patient=True)
    second = here.desk.cancel(not_asked.appointment_id, reason="ill", actor=STAFF)

    assert isinstance(first, ob.Cancelled)
    assert isinstance(second, ob.Cancelled)
    assert first.cancellation.by == VISITOR
    assert second.cancellation.by == STAFF


def test_an_opening_for_an_activity_that_no_service_has_is_misuse() -> None:
    """R48: nothing would ever be offered in it."""
    here = world()
    with pytest.raises(ob.InvalidValue):
        here.desk.open_time(
            "o1",
            "gagnon",
            EVENING,
            EVENING + QUARTER,
            activities=("caer",),
            interval=QUARTER,
            actor=STAFF,
        )
