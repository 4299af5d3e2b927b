"""Texts that leave the clinic and come back: links and cursors, opaque and authentic.

Nothing secret is stored for them. A link is an identifier, a purpose and a revision under the
clinic's keyring; it dies with the revision (R44). A cursor carries the place in the list and the
count, and is bound to its visit, service and preference (R25): they are signed, not carried. What
was tampered with reads as ``None``.
"""

import base64
from datetime import datetime

from attrs import frozen

from omnibook.ids import AppointmentId, ClinicId, ScheduleId
from omnibook.ports import Keys
from omnibook.records import SlotRank
from omnibook.times import from_minute, to_minute

_LONGEST = 512


@frozen
class Link:
    """An authentic link: the appointment and the revision that it was made for."""

    appointment_id: AppointmentId
    revision: int


@frozen(kw_only=True)
class Cursor:
    """A place in a list of slots: the rank of the last one shown (R26), and how many were."""

    start: datetime
    schedule_id: ScheduleId
    end: datetime
    shown: int

    @property
    def rank(self) -> SlotRank:
        """Where the list goes on: after this."""
        return (self.start, self.schedule_id, self.end)


def make_link(
    keys: Keys, purpose: str, clinic_id: ClinicId, appointment_id: AppointmentId, revision: int
) -> str:
    """The URL-safe text of a link."""
    payload = f"{appointment_id}.{revision}"
    return f"{payload}.{keys.sign(f'link {purpose}', f'{clinic_id} {payload}')}"


def read_link(keys: Keys, purpose: str, clinic_id: ClinicId, text: object) -> Link | None:
    """The link, if the text is one of this purpose and clinic."""
    if not isinstance(text, str) or len(text) > _LONGEST or text.count(".") < 2:
        return None
    payload, signature = text.rsplit(".", 1)
    if not keys.verify(f"link {purpose}", f"{clinic_id} {payload}", signature):
        return None
    appointment_id, revision = payload.rsplit(".", 1)
    return Link(AppointmentId(appointment_id), int(revision))


def make_cursor(keys: Keys, bound_to: str, cursor: Cursor) -> str:
    """The URL-safe text of a cursor; ``bound_to`` names visit, service and preference."""
    fields = (to_minute(cursor.start), to_minute(cursor.end), cursor.shown, cursor.schedule_id)
    payload = ",".join(str(each) for each in fields)
    encoded = base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")
    return f"{encoded}.{keys.sign('cursor', f'{bound_to} {encoded}')}"


def read_cursor(keys: Keys, bound_to: str, text: object) -> Cursor | None:
    """The cursor, if the text is one that :func:`make_cursor` made for the same things."""
    if not isinstance(text, str) or len(text) > _LONGEST or text.count(".") != 1:
        return None
    encoded, signature = text.split(".")
    if not keys.verify("cursor", f"{bound_to} {encoded}", signature):
        return None
    # What is authentic was made above, so that it can be read.
    payload = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    start, end, shown, schedule_id = payload.split(",", 3)
    return Cursor(
        start=from_minute(int(start)),
        end=from_minute(int(end)),
        shown=int(shown),
        schedule_id=ScheduleId(schedule_id),
    )
