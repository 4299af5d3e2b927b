"""Where a patient goes, or does not have to go."""

from omnibook.clinic import Clinic, Mode
from omnibook.messages.catalogue import sentence
from omnibook.messages.plain_text import one_line
from omnibook.records import Appointment


def place_of(appointment: Appointment, clinic: Clinic, language: str) -> str:
    """The schedule's place on one line; "by phone" or "by video" for what is not in person.

    Empty when the clinic's configuration no longer has the schedule.
    """
    service = clinic.service(appointment.slot.service_id)
    if service is not None and service.mode is not Mode.IN_PERSON:
        return sentence(f"mode.{service.mode}", language)
    schedule = clinic.schedule(appointment.slot.schedule_id)
    return "" if schedule is None else one_line(schedule.place[language])
