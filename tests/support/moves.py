"""What the tests of links share: an appointment of tomorrow, where it can go, and what is kept."""

from collections.abc import Callable

import omnibook as ob
from omnibook.ports import ReadScope
from omnibook.transactions import Decision, PutAppointment, Scope
from support.looking import ALWAYS, live_claims, on_schedules
from support.variations import InterruptedStore, slot, under
from support.worlds import MARIES_FORM, World, strangers_form

DAY = 24 * 60
SCHEDULES = ("gagnon", "nguyen", "nurse")
TOMORROW = ob.Preference(first_date="2026-03-03", last_date="2026-03-03")


def tomorrow(
    minutes: float = 0, of: str = "open", on: str = "gagnon", *, length: int = 15
) -> ob.Slot:
    """A time of tomorrow, so many minutes after 08:00."""
    return slot(DAY + minutes, of, on, length=length)


def booked(here: World, wish: ob.Slot | None = None, *, number: int | None = None) -> ob.Booked:
    """An appointment of Marie's, or of somebody without a file."""
    form = MARIES_FORM if number is None else strangers_form(number)
    visit = here.enter(form, source=f"198.51.100.{number}")
    return here.book(visit, wish or tomorrow())


def moved(here: World, link: str, wish: ob.Slot) -> ob.Moved:
    """The appointment is moved, which must succeed."""
    outcome = here.portal.move(link, wish)
    assert isinstance(outcome, ob.Moved), outcome
    return outcome


def listed(here: World, link: str, preference: ob.Preference = TOMORROW) -> list[ob.Slot]:
    """Every time that is listed to move to: all pages."""
    found: list[ob.Slot] = []
    after: str | None = None
    while True:
        page = here.portal.find_for_move(link, preference, after=after)
        if not isinstance(page, ob.Page):
            assert page == ob.NoAvailability()
            return found
        found += page.slots
        after = page.cursor
        if after is None:
            return found


def kept(here: World, booked: ob.Booked) -> ob.Appointment:
    """The appointment as the store has it."""
    identifier = booked.appointment.appointment_id
    scope = Scope(clinic_id=here.clinic.clinic_id, appointment=identifier)
    return here.store.read(ReadScope(scope))[1].appointments[identifier]


def claims(here: World) -> list[tuple[str, str, ob.Span]]:
    """Who claims what, by schedule and time."""
    found = live_claims(on_schedules(here.store, SCHEDULES))
    return sorted((each.schedule_id, each.owner, each.span) for each in found)


def put(here: World, appointment: ob.Appointment) -> None:
    """Keep an appointment as it is given."""
    schedules = {appointment.slot.schedule_id: ALWAYS}
    scope = Scope(
        clinic_id=here.clinic.clinic_id,
        appointment=appointment.appointment_id,
        schedules=schedules,
    )
    here.store.transact(scope, lambda _: Decision(None, (PutAppointment(appointment),)))


def meanwhile(here: World, happens: Callable[[], object]) -> World:
    """The same place, where something happens before the next decision."""
    interrupted = InterruptedStore(here.store)
    interrupted.before_the_next_transaction(happens)
    return under(here, store=interrupted)
