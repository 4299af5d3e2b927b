"""What staff do again and again in the tests of the front desk: book, open, close, look."""

from datetime import datetime, timedelta

import omnibook as ob
from omnibook.ids import ScheduleId, ServiceId
from support.worlds import STAFF, START, World

FORM = ob.BookingForm("a sore throat")
QUARTER = timedelta(minutes=15)
EVENING = START + timedelta(hours=12)
"""19:00: nothing is open then."""


def slot(start: datetime = EVENING, *, minutes: int = 15, on: str = "gagnon") -> ob.Slot:
    end = start + timedelta(minutes=minutes)
    return ob.Slot(ServiceId("open"), ScheduleId(on), start, end)


def book(
    here: World,
    request_id: str = "r1",
    where: ob.Slot | None = None,
    *,
    patient: str | ob.IdentityForm = "p-marie",
    **more: object,
) -> object:
    return here.desk.book(
        request_id,
        where or slot(),
        FORM,
        patient=patient,
        actor=STAFF,
        **more,  # type: ignore[arg-type]
    )


def booked(here: World, *args: object, **more: object) -> ob.Appointment:
    outcome = book(here, *args, **more)  # type: ignore[arg-type]
    assert isinstance(outcome, ob.Booked), outcome
    return outcome.appointment


def open_evening(here: World, request_id: str = "o1", **more: object) -> object:
    wanted = {
        "start": EVENING,
        "end": EVENING + timedelta(hours=1),
        "activities": ("care",),
        "interval": QUARTER,
        "actor": STAFF,
        **more,
    }
    return here.desk.open_time(request_id, "gagnon", **wanted)  # type: ignore[arg-type]


def close_morning(here: World, request_id: str = "c1") -> object:
    end = START + timedelta(hours=5)
    return here.desk.close_time(request_id, "gagnon", START, end, actor=STAFF)


def evening_slots(here: World) -> tuple[ob.Slot, ...]:
    wish = ob.Preference(time_of_day="evening")
    page = here.portal.find(here.enter(), "open", wish)
    return page.slots if isinstance(page, ob.Page) else ()
