"""Names of things: a type for each kind of identifier.

Identifiers are made before a transaction and are its idempotency keys: a call that is repeated
because its answer was lost finds what the first one wrote. Where one thing follows from another,
its identifier is *derived*, so that nothing has to be looked up to find it again:

* an appointment booked from a hold carries the hold's identifier;
* what the desk makes is derived from the caller's ``request_id`` (R38);
* a notice is derived from appointment, kind, offset, revision and role (R46).
"""

import hashlib
import json
import uuid
from typing import NewType

from attrs import field, frozen

from omnibook.errors import InvalidValue

ClinicId = NewType("ClinicId", str)
ServiceId = NewType("ServiceId", str)
ScheduleId = NewType("ScheduleId", str)
ActivityId = NewType("ActivityId", str)
PractitionerId = NewType("PractitionerId", str)
PatientId = NewType("PatientId", str)

VisitId = NewType("VisitId", str)
HoldId = NewType("HoldId", str)
AppointmentId = NewType("AppointmentId", str)
OpeningId = NewType("OpeningId", str)
ClosureId = NewType("ClosureId", str)
NoticeId = NewType("NoticeId", str)
EventId = NewType("EventId", str)
OrderId = NewType("OrderId", str)
FlagId = NewType("FlagId", str)
OperationId = NewType("OperationId", str)

ContactKey = NewType("ContactKey", str)
"""A keyed hash of a contact detail: comparable, and not the detail itself."""

SourceKey = NewType("SourceKey", str)
"""A keyed hash of where a visitor came from (a network address), for caps only (R36)."""

SubjectKey = NewType("SubjectKey", str)
"""A keyed hash of whom an audit event is about (R50)."""

_NAMESPACE = uuid.UUID("6f1d3c0e-6a57-5d3b-9a52-0b6f5a3c7e11")


def derived_id(kind: str, *parts: str) -> str:
    """An identifier that the same parts always give, as a UUID (version 5, RFC 9562, May 2024).

    Other parts give another one, whatever characters a caller's own identifiers hold.
    """
    # JSON keeps the parts apart, and makes ASCII of what cannot be encoded.
    return str(uuid.uuid5(_NAMESPACE, json.dumps((kind, *parts))))


@frozen
class VisitToken:
    """What a visitor's browser keeps: the unguessable key of one visit (R16).

    ``value`` goes into a cookie, never into a URL or a log; its representation hides it. Stores
    keep :attr:`visit_id`, a SHA-256 of it, so that reading a database opens nobody's visit.
    Raises :class:`InvalidValue` for anything but a text of 22 to 128 characters.
    """

    value: str = field(repr=False)

    @value.validator
    def _plausible(self, _attribute: object, value: object) -> None:
        if not isinstance(value, str) or not 22 <= len(value) <= 128:
            raise InvalidValue("a visit token is a text of 22 to 128 characters; see Portal.resume")

    @property
    def visit_id(self) -> VisitId:
        """The identifier under which stores know this visit."""
        data = self.value.encode("utf-8", "surrogatepass")
        return VisitId(hashlib.sha256(data).hexdigest())
