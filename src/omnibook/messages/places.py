"""How an appointment is called, and where a patient goes or does not have to go (R49)."""

from omnibook.clinic import Clinic, Mode
from omnibook.messages.catalogue import sentence
from omnibook.messages.plain_text import one_line
from omnibook.records import Slot


def label_of(slot: Slot, clinic: Clinic, language: str) -> str:
    """The service's discreet label on one line; "appointment" for one that is no longer there."""
    service = clinic.service(slot.service_id)
    label = "" if service is None else one_line(service.label[language])
    return label or sentence("notice.label", language, overrides=clinic.texts)


def place_of(slot: Slot, clinic: Clinic, language: str) -> str:
    """The schedule's place on one line; "by phone" or "by video" for what is not in person.

    Empty when the clinic's configuration no longer has the schedule.
    """
    service = clinic.service(slot.service_id)
    if service is not None and service.mode is not Mode.IN_PERSON:
        return sentence(f"mode.{service.mode}", language, overrides=clinic.texts)
    schedule = clinic.schedule(slot.schedule_id)
    return "" if schedule is None else one_line(schedule.place[language])
