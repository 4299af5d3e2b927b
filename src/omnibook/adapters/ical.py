"""Calendar files: an :class:`~omnibook.invitations.Invitation` as iCalendar (RFC 5545, RFC 5546).

By mail an invitation is a ``REQUEST``, or a ``CANCEL``, from the address that the mail comes from
to the patient's own. What a page offers for download is ``PUBLISH``: it names no attendee.

Times are the clinic's wall clock (``TZID``) with a short table of that clock's changes: Outlook
shows an event without one an hour off. The table is made here: the one that icalendar 7.3 makes
lets summer time begin an hour late, because it gives the clock's reading after the change where RFC
5545 (section 3.6.5) wants the one before. Outlook takes the latest ``STANDARD`` and the latest
``DAYLIGHT`` for what happens every year ([MS-OXCICAL], 2.1.3.1.1.19), so a table with changes holds
two that undo each other. A clock that did not change and change back within the year, or will not
change again, as British Columbia's after March 2026, gets a table without any.

In the hour that the clock shows twice, a local time means the first one (RFC 5545, section 3.3.5).
What starts or ends in the second one is written in UTC.

Extra ``omnibook[messages]`` (icalendar 7.3 or later, which lets no line break through).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import quote
from zoneinfo import ZoneInfo

from attrs import frozen
from icalendar import (
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vCalAddress,
)

from omnibook.adapters.hand_over import on_one_line
from omnibook.errors import InvalidValue
from omnibook.invitations import CalendarMethod, Invitation
from omnibook.times import ONE_DAY

_PRODUCT = "-//omnibook//appointments//EN"
_UTC = "UTC"
_SECOND = timedelta(seconds=1)
_A_YEAR = 400 * ONE_DAY
"""Where clocks change, they change and change back within it: on the same Sundays, not dates."""
# What an address may hold and a mailto address may not is written as %xx (RFC 6068, section 2).
_PLAIN_IN_MAILTO = "@!$'*+"


def calendar_file(invitation: Invitation, *, organizer: str | None, attendee: str | None) -> bytes:
    """The invitation as a file with one event, in UTF-8 with lines of at most 75 octets.

    The same invitation always makes the same file. It is private (``CLASS``), and says nothing but
    what the invitation holds (R49).

    Args:
        invitation: the appointment as it now stands.
        organizer: the bare address that the mail comes from; a page that offers a download may have
            none.
        attendee: the patient's bare address; none in what is published.

    Raises :class:`~omnibook.errors.InvalidValue` when a ``REQUEST`` or a ``CANCEL`` lacks either of
    them, and when a ``PUBLISH`` names an attendee (RFC 5546, sections 3.2.1, 3.2.2 and 3.2.5).
    """
    published = invitation.method is CalendarMethod.PUBLISH
    if published and attendee is not None:
        raise InvalidValue("a published calendar file names no attendee; leave the attendee out")
    if not published and (organizer is None or attendee is None):
        raise InvalidValue(
            "an invitation by mail names organizer and attendee: give the addresses that it goes "
            "from and to"
        )
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", _PRODUCT)
    calendar.add("method", invitation.method.value)
    start, end = _in_zone(invitation)
    in_zone = start.tzinfo is not UTC
    if in_zone:
        calendar.add_component(_table(invitation.zone, start, end))
    event = Event()
    event.add("uid", on_one_line(invitation.uid))
    event.add("sequence", invitation.sequence)
    event.add("dtstamp", invitation.changed_at.replace(microsecond=0))
    for name, moment in (("dtstart", start), ("dtend", end)):
        if in_zone:
            # Written so, because a zone that equals UTC would be taken for it.
            local = moment.replace(tzinfo=None)
            event.add(name, local, parameters={"TZID": invitation.zone.key})
        else:
            event.add(name, moment)
    event.add("summary", on_one_line(invitation.summary))
    if location := on_one_line(invitation.location):
        event.add("location", location)
    cancelled = invitation.method is CalendarMethod.CANCEL
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    if organizer is not None:
        event.add("organizer", _mailto(organizer))
    if attendee is not None:
        # Who booked has accepted, and nobody reads a calendar's answers.
        guest = _mailto(attendee)
        guest.params["ROLE"] = "REQ-PARTICIPANT"
        guest.params["PARTSTAT"] = "ACCEPTED"
        guest.params["RSVP"] = "FALSE"
        event.add("attendee", guest)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _mailto(address: str) -> vCalAddress:
    return vCalAddress("mailto:" + quote(address, safe=_PLAIN_IN_MAILTO, errors="replace"))


def _in_zone(invitation: Invitation) -> tuple[datetime, datetime]:
    """Start and end as the clinic's clock shows them, or both in UTC where it shows them twice.

    The zone called UTC needs no table (RFC 5545, section 3.2.19).
    """
    start, end = (
        each.replace(microsecond=0).astimezone(invitation.zone)
        for each in (invitation.start, invitation.end)
    )
    if start.fold or end.fold or invitation.zone.key == _UTC:
        return start.astimezone(UTC), end.astimezone(UTC)
    return start, end


@frozen
class _Change:
    """A clock's change, or the beginning of a table."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str


def _table(zone: ZoneInfo, start: datetime, end: datetime) -> Timezone:
    """What ``zone``'s clock does around an event, and for a year before it."""
    last = end.astimezone(UTC) + ONE_DAY
    near = start.astimezone(UTC) - ONE_DAY
    first = near - _A_YEAR
    changes = list(_changes(zone, first, last))
    yearly = _undone(changes) and any(_changes(zone, last, last + _A_YEAR))
    if not yearly and not any(change.at > near for change in changes):
        first, changes = near, []
    offset = _offset(zone, first)
    table = Timezone()
    table.add("tzid", zone.key)
    observances = [_Change(first, offset, offset, _name(zone, first)), *changes]
    lowest = min(change.after for change in observances)
    for change in observances:
        made = TimezoneStandard() if change.after == lowest else TimezoneDaylight()
        made.add("dtstart", (change.at + change.before).replace(tzinfo=None))
        made.add("tzoffsetfrom", change.before)
        made.add("tzoffsetto", change.after)
        made.add("tzname", change.name)
        table.add_component(made)
    return table


def _undone(changes: list[_Change]) -> bool:
    """Whether the last change undoes the one before it."""
    return len(changes) > 1 and changes[-1].after == changes[-2].before


def _changes(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[_Change]:
    """The clock's changes after ``first``, until ``last``, to the second."""
    days = [first + number * ONE_DAY for number in range((last - first) // ONE_DAY + 1)]
    for early, late in pairwise([*days, last]):
        before, after = _offset(zone, early), _offset(zone, late)
        if before == after:
            continue
        # So many seconds after ``early`` the old offset holds, and so many after it the new one.
        old, new = 0, (late - early) // _SECOND
        while new - old > 1:
            middle = (old + new) // 2
            if _offset(zone, early + middle * _SECOND) == before:
                old = middle
            else:
                new = middle
        at = early + new * _SECOND
        yield _Change(at, before, after, _name(zone, at))


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _name(zone: ZoneInfo, at: datetime) -> str:
    return at.astimezone(zone).tzname() or ""
