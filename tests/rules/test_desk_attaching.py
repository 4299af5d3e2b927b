"""A person without a file gets one (R9, R15, R20, R41, R43, R50–R52)."""

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.audit import Operation
from omnibook.criteria import HadVisitFor
from omnibook.desk_attaching import AttachRequest, decide_attach
from omnibook.eligibility import Eligibility
from omnibook.ids import AppointmentId, OperationId, PatientId
from omnibook.records import VISITOR, EventKind
from omnibook.transactions import Again, Scope, Snapshot
from support.desk_walks import EVENING, booked, slot
from support.looking import actions, appointments, flags, live_claims, on_schedules, trail
from support.worlds import (
    JEAN,
    MARIE,
    STAFF,
    START,
    World,
    dispatcher_of,
    email,
    phone,
    service,
    small_clinic,
    strangers_form,
    world,
)

S = ob.AppointmentStatus
STRANGER = strangers_form(66)
FAR = slot(EVENING + timedelta(days=7))


def a_person(here: World, where: ob.Slot = FAR) -> ob.Appointment:
    mine = booked(here, where=where, patient=STRANGER)
    assert mine.is_provisional
    return mine


def attach(here: World, mine: ob.Appointment, patient_id: str = "p-marie") -> object:
    return here.desk.attach(mine.appointment_id, patient_id, actor=STAFF)


def attached(here: World, mine: ob.Appointment, patient_id: str = "p-marie") -> ob.Appointment:
    outcome = attach(here, mine, patient_id)
    assert isinstance(outcome, ob.Attached), outcome
    return outcome.appointment


def contacts(here: World, patient_id: str = "p-marie") -> list[tuple[str, bool]]:
    file = here.directory.get(PatientId(patient_id))
    assert file is not None
    return [(each.value, each.verified) for each in file.contacts]


def test_the_appointment_is_the_files_and_what_was_typed_is_forgotten() -> None:
    """R15, R51: names, birth date and all; its time, form and reference stay."""
    here = world()
    mine = a_person(here)

    then = attached(here, mine)

    assert then == evolve(mine, provisional=None, patient_id=PatientId("p-marie"))
    assert appointments(here.store) == (then,)
    (claim,) = live_claims(on_schedules(here.store, ["gagnon"]))
    assert (claim.owner, claim.span) == (mine.appointment_id, mine.claimed)
    here.dispatcher.run_once()
    assert [each.kind for each in here.events.told].count(EventKind.ATTACHED) == 1


def test_attached_again_nothing_changes_and_to_another_file_it_is_refused() -> None:
    """R38, R50: for good."""
    here = world()
    mine = a_person(here)
    then = attached(here, mine)

    assert attached(here, mine) == then
    assert attach(here, mine, "p-jean") == ob.AlreadyAttached()
    assert attach(here, booked(here, "r2", slot()), "p-jean") == ob.AlreadyAttached()
    assert here.directory.get(PatientId("p-jean")) == JEAN
    assert actions(here.store).count(("attach", "desk.attached")) == 1
    assert actions(here.store).count(("read-appointment", "desk.attached")) == 1
    here.dispatcher.run_once()
    assert [each.kind for each in here.events.told].count(EventKind.ATTACHED) == 1


def test_what_the_form_has_and_the_file_lacks_is_added_at_once() -> None:
    """R41: last and unverified."""
    here = world()
    before = contacts(here)

    attached(here, a_person(here))

    assert contacts(here) == [*before, ("+15145550166", False)]
    here.dispatcher.run_once()
    assert contacts(here) == [*before, ("+15145550166", False)]
    assert [each.kind for each in here.events.told].count(EventKind.CONTACT_ADDED) == 1


def test_a_directory_that_is_away_gets_them_later() -> None:
    """R39, R41: the order is durable, and the attachment stands."""

    class Away:
        """A directory that tells, and takes nothing for now."""

        away = True

        def __getattr__(self, name: str) -> object:
            if name == "append_contacts" and self.away:
                raise OSError
            return getattr(here.directory, name)

    here = world()
    mine, before, directory = a_person(here), contacts(here), Away()
    desk = ob.FrontDesk(here.clinic, store=here.store, directory=directory, keys=here.keys)  # type: ignore[arg-type]

    outcome = desk.attach(mine.appointment_id, "p-marie", actor=STAFF)

    assert isinstance(outcome, ob.Attached)
    assert contacts(here) == before
    directory.away = False
    dispatcher_of(here).run_once()
    assert contacts(here) == [*before, ("+15145550166", False)]


def test_the_first_contact_of_a_file_is_shown_to_staff() -> None:
    """R41: nothing was there to compare it with; and none is added that the file has."""
    here = world(patients=[evolve(MARIE, contacts=()), evolve(JEAN, contacts=(phone(66),))])
    first, known = a_person(here), booked(here, "r2", slot(), patient=STRANGER)

    attached(here, first)
    attached(here, known, "p-jean")

    codes = [each.code for each in flags(here.store, first.appointment_id)]
    assert codes == ["contact.first-position"]
    assert flags(here.store, known.appointment_id) == ()
    assert contacts(here, "p-jean") == [("+15145550166", True)]


def test_a_merged_file_is_its_survivor_and_a_dead_one_is_not_found() -> None:
    """R9: nobody's appointment goes to a file that nobody looks at."""
    merged = evolve(MARIE, merged_into=PatientId("p-jean"))
    gone = evolve(MARIE, patient_id=PatientId("p-gone"), deceased=True)
    here = world(patients=[merged, JEAN, gone])
    mine = a_person(here)

    assert attach(here, mine, "p-gone") == ob.NotFound()
    here.directory.put(evolve(gone, deceased=False, active=False))
    assert attach(here, mine, "p-gone") == ob.NotFound()
    assert appointments(here.store) == (mine,)
    assert attached(here, mine).patient_id == "p-jean"
    assert attached(here, mine, "p-jean").patient_id == "p-jean"


class Silent:
    """A directory that does not tell what a file replaces."""

    def __init__(self, directory: ob.MemoryDirectory) -> None:
        self._directory = directory

    def get(self, patient_id: PatientId) -> ob.Patient | None:
        found = self._directory.get(patient_id)
        return None if found is None else evolve(found, replaces=frozenset())

    def __getattr__(self, name: str) -> object:
        return getattr(self._directory, name)


@pytest.mark.parametrize("silent", [False, True])
def test_a_file_that_was_merged_since_is_the_same_one(silent: bool) -> None:
    """R9: also where the directory does not tell what a file replaces."""
    here = world()
    directory: Any = Silent(here.directory) if silent else here.directory
    desk = ob.FrontDesk(here.clinic, store=here.store, directory=directory, keys=here.keys)
    then = attached(here, a_person(here))
    here.directory.put(evolve(MARIE, merged_into=JEAN.patient_id))

    again = desk.attach(then.appointment_id, "p-jean", actor=STAFF)

    assert again == ob.Attached(appointment=then)
    here.directory.put(evolve(MARIE, merged_into=PatientId("p-lost")))
    assert desk.attach(then.appointment_id, "p-jean", actor=STAFF) == ob.AlreadyAttached()


@pytest.mark.parametrize("status", sorted(S))
def test_a_record_of_any_status_is_attached(status: S) -> None:
    """R15: the history of the right patient."""
    here = world()
    mine = a_person(here, slot(START - timedelta(hours=1)))
    if status is S.CANCELLED:
        here.desk.cancel(mine.appointment_id, reason="", actor=STAFF)
    else:
        here.desk.mark(mine.appointment_id, status, actor=STAFF)

    assert attached(here, mine).status is status


def test_the_files_appointment_counts_among_its_visits() -> None:
    """R20, R52: an upcoming one for the service is one; fulfilled, it is a past visit."""
    asked = service("again", 15, eligibility=Eligibility(inclusions=((HadVisitFor("open"),),)))
    here = world(small_clinic(services=(service("open", 15), asked)))
    mine = a_person(here, slot(START + timedelta(hours=2)))
    token = here.enter()
    wish = here.slots(token)[-1]
    attached(here, mine)

    assert here.portal.review(token, wish, ob.BookingForm("x")) == ob.AlreadyBooked()
    here.clock.set(mine.slot.start)
    here.desk.mark(mine.appointment_id, S.FULFILLED, actor=STAFF)
    shown = here.portal.services(here.enter())
    assert isinstance(shown, ob.Welcome)
    assert [each.service_id for each in shown.services] == ["open", "again"]


def test_a_person_has_fewer_appointments_once_one_is_a_files() -> None:
    """R36: the caps count persons without a file only."""
    here = world()
    for number in range(2):
        token = here.enter(STRANGER, source=f"source-{number}")
        here.book(token, here.slots(token)[0])
    token = here.enter(STRANGER, source="source-3")
    wish = here.slots(token)[0]
    assert here.portal.review(token, wish, ob.BookingForm("x")) == ob.TooManyHolds()

    attached(here, appointments(here.store)[0])

    assert isinstance(here.portal.review(token, wish, ob.BookingForm("x")), ob.Held)


def test_it_is_kept_as_long_as_the_file_is() -> None:
    """R51: no longer 90 days after the visit."""
    here = world()
    one, other = a_person(here), booked(here, "r2", slot(), patient=strangers_form(5))
    then = attached(here, one)
    here.wait(days=200)

    custodian = ob.Custodian(
        here.clinic,
        store=here.store,  # type: ignore[arg-type]
        directory=here.directory,
        keys=here.keys,
    )
    custodian.purge(actor=STAFF)

    assert appointments(here.store) == (then,)
    assert attach(here, other) == ob.NotFound()


def test_the_trail_leads_from_the_person_to_the_file() -> None:
    """R50: a line for each, by keyed hashes, in the name of the member of staff."""
    here = world()
    mine = a_person(here)
    attached(here, mine)
    lines = {each.action: each for each in trail(here.store)}

    assert lines["attach-person"].subject == lines["desk-book"].subject
    assert lines["attach"].subject not in {None, lines["desk-book"].subject}
    assert {lines["attach"].actor, lines["attach-person"].actor} == {STAFF}
    assert "Unknown" not in repr(trail(here.store))
    here.enter()
    identified = {each.action: each for each in trail(here.store)}["identify"]
    assert lines["attach"].subject == identified.subject


@pytest.mark.parametrize("identifier", ["nothing", "", "\ud800", None])
def test_what_does_not_exist_is_not_attached(identifier: str) -> None:
    here = world()
    mine = a_person(here)

    assert here.desk.attach(identifier, "p-marie", actor=STAFF) == ob.NotFound()
    assert attach(here, mine, identifier) == ob.NotFound()
    assert appointments(here.store) == (mine,)


def test_only_staff_attach() -> None:
    """R50."""
    here = world()
    mine = a_person(here)

    with pytest.raises(ob.InvalidValue, match="staff"):
        here.desk.attach(mine.appointment_id, "p-marie", actor=VISITOR)


def test_a_decision_asks_for_the_claim_that_it_keeps() -> None:
    """R40."""
    here = world()
    mine = a_person(here)
    clinic_id = here.clinic.clinic_id
    request = AttachRequest(
        appointment_id=mine.appointment_id,
        patient=MARIE,
        person=None,
        operation=Operation(clinic_id=clinic_id, operation_id=OperationId("o"), actor=STAFF),
    )
    scope = Scope(clinic_id=clinic_id, appointment=mine.appointment_id)
    snapshot = Snapshot(scope=scope, now=START, appointments={mine.appointment_id: mine})

    assert decide_attach(request, snapshot) == Again(
        scope.widened({mine.slot.schedule_id: mine.claimed})
    )
    gone = decide_attach(evolve(request, appointment_id=AppointmentId("gone")), snapshot)
    assert not isinstance(gone, Again)
    assert (gone.outcome, gone.writes) == (ob.NotFound(), ())
    assert "Tremblay" not in repr(request)


def test_the_booking_notice_still_goes_to_the_form() -> None:
    """R42: whoever it turned out to be; to what was typed at the booking."""
    here = world(patients=[evolve(MARIE, contacts=(email("main"),))])
    mine = a_person(here)
    attached(here, mine)
    here.dispatcher.run_once()

    assert [each.address for each in here.notifier.sent] == ["+15145550166"]
