"""What staff's software may give the front desk, and what it must not (R30, R50).

Whatever is wrong here is a mistake of the calling program, and is raised; what a person typed wrong
is an outcome.
"""

from datetime import datetime, timedelta
from typing import TypeVar, cast

from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.errors import InvalidValue
from omnibook.identity import ActingFor, Patient
from omnibook.records import Actor, ActorKind, Slot
from omnibook.times import MINUTE, ONE_DAY, Span, as_whole_minute
from omnibook.wiring import storable

_FIRST_YEAR, _LAST_YEAR = 2, 9998
"""Of the calendar, beyond which a zone's offset or a service's length may not be added."""

MomentT = TypeVar("MomentT", bound=object)


def staff(actor: Actor) -> Actor:
    """The actor, who must be a member of staff."""
    if not isinstance(cast("object", actor), Actor) or actor.kind is not ActorKind.STAFF:
        raise InvalidValue("the front desk is for staff; give Actor.staff(staff_id)")
    return actor


def staff_or_system(actor: Actor) -> Actor:
    """The actor, who must be a member of staff or the clinic's own software."""
    if not isinstance(cast("object", actor), Actor) or actor.kind is ActorKind.VISITOR:
        raise InvalidValue("an import is made by Actor.staff(staff_id), or by Actor.system()")
    return actor


def checked_acting(acting_for: ActingFor) -> ActingFor:
    """For whom somebody books, as a word of the form."""
    if not isinstance(cast("object", acting_for), ActingFor):
        raise InvalidValue("acting_for must be an ActingFor, such as ActingFor.SELF")
    return acting_for


def key_of(contact: ContactPoint) -> str:
    """The match key of a contact."""
    if not isinstance(cast("object", contact), ContactPoint):
        raise InvalidValue("contact must be a ContactPoint, such as one of the file's")
    return contact.match_key


def checked_request(request_id: str) -> str:
    """The caller's own identifier of the request."""
    if storable(request_id) is None:
        raise InvalidValue("request_id must be a text of the caller's that is not empty")
    return request_id


def in_calendar(year: int, what: str) -> None:
    """Raise unless a date of this year can be counted with."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise InvalidValue(f"{what} must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")


def new_start(start: datetime) -> datetime:
    """When something is to start: a whole minute."""
    instant = as_whole_minute(start)
    in_calendar(instant.year, "start")
    return instant


def checked_buffer(stretch: timedelta) -> timedelta:
    """What is claimed before or after a slot: whole minutes, none to a day (R30)."""
    if not timedelta() <= stretch <= ONE_DAY or stretch % MINUTE:
        raise InvalidValue("a booking's buffers are whole minutes, from none to a day")
    return stretch


def claimed_by(slot: Slot, before: timedelta, after: timedelta) -> Span:
    """What a booking of the desk claims: its slot and more, on whole minutes (R30)."""
    return slot.span.widened(checked_buffer(before), checked_buffer(after))


def whole_minutes(start: datetime, end: datetime) -> Span:
    """The span between two whole minutes."""
    span = Span(start, end)
    if any(bound.second or bound.microsecond for bound in (span.start, span.end)):
        raise InvalidValue("the desk opens and closes whole minutes; drop seconds and fractions")
    return span


def usual_contacts(patient: Patient) -> tuple[ContactPoint, ...]:
    """The file's first current contact of each kind."""
    firsts: dict[ContactSystem, ContactPoint] = {}
    for point in patient.contacts:
        if point.current:
            firsts.setdefault(point.system, point)
    return tuple(firsts.values())
