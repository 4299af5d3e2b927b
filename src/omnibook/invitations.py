"""What a patient's calendar should show of an appointment: values, before any file format.

The notifier that knows from which address it writes makes a calendar file of it (RFC 5545, RFC
5546): a calendar takes a change only from whoever sent the invitation.
"""

from datetime import datetime
from enum import StrEnum, unique
from zoneinfo import ZoneInfo

from attrs import field, frozen

from omnibook.clinic import Clinic
from omnibook.records import Appointment
from omnibook.times import as_instant


@unique
class CalendarMethod(StrEnum):
    """What a calendar file asks for (RFC 5546, sections 1.4 and 3.2, 2009-12)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    PUBLISH = "PUBLISH"


@frozen(kw_only=True)
class Invitation:
    """One appointment for a calendar, without any clinical word (R49).

    ``uid`` stays the same for the life of the appointment; ``sequence`` grows with each change, and
    once more when it is cancelled (RFC 5546, section 2.1.4).
    """

    method: CalendarMethod
    uid: str
    sequence: int
    changed_at: datetime = field(converter=as_instant)
    start: datetime = field(converter=as_instant)
    end: datetime = field(converter=as_instant)
    zone: ZoneInfo
    summary: str = field(repr=False)
    location: str = field(repr=False)


def invitation_to(
    appointment: Appointment,
    clinic: Clinic,
    *,
    method: CalendarMethod,
    summary: str,
    location: str,
) -> Invitation:
    """The calendar's side of an appointment as it now stands.

    ``summary`` and ``location`` are what may be shown of it, such as the discreet label and the
    place (R49). The times are instants; ``zone`` is the clinic's, in which a calendar shows them.
    """
    changed_at, sequence = appointment.booked_at, appointment.revision
    if appointment.last_move is not None:
        changed_at = appointment.last_move.at
    if appointment.cancellation is not None:
        changed_at, sequence = appointment.cancellation.at, appointment.revision + 1
    return Invitation(
        method=method,
        uid=f"{appointment.appointment_id}@{appointment.clinic_id}.omnibook",
        sequence=sequence,
        changed_at=changed_at,
        start=appointment.slot.start,
        end=appointment.slot.end,
        zone=clinic.zone,
        summary=summary,
        location=location,
    )
