"""Calendar files, re-read by readers that share nothing with what wrote them."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from omnibook.adapters.ical import calendar_file
from omnibook.errors import InvalidValue
from omnibook.invitations import CalendarMethod, Invitation
from support.calendar_reader import Component, instants, read_calendar, read_strictly, utc

FROM, TO = "rdv@clinic.example.org", "marie@example.org"
CANADIAN = (
    "America/Halifax",
    "America/Regina",
    "America/St_Johns",
    "America/Toronto",
    "America/Vancouver",
    "America/Winnipeg",
)
# Half an hour, summer time at midnight, a zone that goes back in summer, a month without it.
ODD = (
    *("Africa/Cairo", "Africa/Casablanca", "America/Havana", "Asia/Kathmandu", "Asia/Kolkata"),
    *("Australia/Lord_Howe", "Europe/Dublin", "Pacific/Chatham", "America/Nuuk", "UTC"),
)
TEXT = st.one_of(
    st.text(st.characters(), max_size=200),
    st.text(st.sampled_from('aé\r\n\t\0:;,\\"=\u2028\u202e\u200dא👩\ud800 BEGIN')),
)
TORONTO = ZoneInfo("America/Toronto")


def minute(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def invitation(**other: Any) -> Invitation:
    start = other.pop("start", minute("2026-11-26T13:30"))
    made: dict[str, Any] = {
        "method": CalendarMethod.REQUEST,
        "uid": "0192f0c0@erables.omnibook",
        "sequence": 0,
        "changed_at": minute("2026-11-23T12:30"),
        "start": start,
        "end": start + other.pop("lasting", timedelta(minutes=20)),
        "zone": TORONTO,
        "summary": "Rendez-vous, Clinique des Érables",
        "location": "12, rue Principale",
    }
    return Invitation(**made | other)


def written(made: Invitation) -> bytes:
    if made.method is CalendarMethod.PUBLISH:
        return calendar_file(made, organizer=FROM, attendee=None)
    return calendar_file(made, organizer=FROM, attendee=TO)


def event_of(data: bytes) -> Component:
    (event,) = read_calendar(data).all("VEVENT")
    return event


minutes = st.integers(
    int(minute("2000-01-01T00:00").timestamp()) // 60,
    int(minute("2090-01-01T00:00").timestamp()) // 60,
).map(lambda number: datetime.fromtimestamp(number * 60, UTC))
lately = minutes.filter(lambda start: start.year >= 2010)
"""Since when the zones below change their clocks on the same Sundays every year."""
lengths = st.integers(1, 24 * 60).map(lambda number: timedelta(minutes=number))
zones = st.one_of(st.sampled_from(CANADIAN), st.sampled_from(ODD)).map(ZoneInfo)


@cache
def changes_of(name: str, year: int) -> list[datetime]:
    """The full hours at which a zone's clock shows something else than an hour later."""
    day = minute(f"{year}-01-01T00:00")
    hours = [day + timedelta(hours=number) for number in range(366 * 24)]
    offsets = [hour.astimezone(ZoneInfo(name)).utcoffset() for hour in hours]
    return [
        hour
        for hour, before, after in zip(hours[1:], offsets, offsets[1:], strict=False)
        if before != after
    ] or [day]


@st.composite
def near_changes(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A minute within two hours of one at which a zone's clock changes."""
    zone = draw(zones)
    chosen = draw(st.sampled_from(changes_of(zone.key, draw(st.integers(2005, 2060)))))
    return zone, chosen + timedelta(minutes=draw(st.integers(-120, 120)))


def check_times(made: Invitation) -> None:
    data = written(made)

    assert instants(data) == (made.start, made.end)
    (read,) = read_strictly(data).events
    assert (utc(read.dtstart), utc(read.dtend)) == (made.start, made.end)


@given(zones, minutes, lengths)
def test_a_time_is_read_as_it_was_meant(
    zone: ZoneInfo, start: datetime, lasting: timedelta
) -> None:
    check_times(invitation(zone=zone, start=start, lasting=lasting))


@given(near_changes(), lengths)
@example((TORONTO, minute("2026-03-08T06:50")), timedelta(minutes=20))  # over the gap
@example((TORONTO, minute("2026-03-08T07:00")), timedelta(minutes=20))  # its first minute after
@example((TORONTO, minute("2026-11-01T05:30")), timedelta(minutes=20))  # the first half past one
@example((TORONTO, minute("2026-11-01T06:30")), timedelta(minutes=20))  # the second one
@example((TORONTO, minute("2026-11-01T05:50")), timedelta(minutes=30))  # from the first to the 2nd
@example((TORONTO, minute("2026-11-01T06:50")), timedelta(minutes=20))  # from the second on
def test_a_time_on_a_night_when_clocks_change_is_read_as_it_was_meant(
    chosen: tuple[ZoneInfo, datetime], lasting: timedelta
) -> None:
    """R30."""
    zone, start = chosen

    check_times(invitation(zone=zone, start=start, lasting=lasting))


@given(st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})), minutes)
def test_every_zone_can_be_written(name: str, start: datetime) -> None:
    check_times(invitation(zone=ZoneInfo(name), start=start))


@given(zones, minutes)
def test_the_table_of_a_zone_is_short_and_of_exactly_its_id(
    zone: ZoneInfo, start: datetime
) -> None:
    """And it holds what Outlook needs: a STANDARD, and of each kind one that ends it."""
    calendar = read_calendar(written(invitation(zone=zone, start=start)))
    ids = [each.one("DTSTART").parameters.get("TZID") for each in calendar.all("VEVENT")]
    tables = calendar.all("VTIMEZONE")

    assert [each.one("TZID").value for each in tables] == [each for each in ids if each]
    for table in tables:
        assert table.one("TZID").value == zone.key
        assert 1 <= len(table.components) <= 6
        lowest = min(seconds_of(each) for each in table.components)
        for each in table.components:
            assert (each.name == "STANDARD") is (seconds_of(each) == lowest)
            assert each.name in {"STANDARD", "DAYLIGHT"}
            assert not each.values("RRULE")


def seconds_of(observance: Component) -> int:
    """The offset that it leads to."""
    sign, hours, minutes, seconds = re.fullmatch(
        r"([+-])(..)(..)(..)?", observance.one("TZOFFSETTO").value
    ).groups()  # type: ignore[union-attr]
    return int(f"{sign}1") * (int(hours) * 3_600 + int(minutes) * 60 + int(seconds or 0))


@given(st.sampled_from(("America/Toronto", "Europe/Paris", "Australia/Sydney")), lately)
def test_a_clock_that_changes_twice_a_year_is_told_as_such(name: str, start: datetime) -> None:
    """On any day of the year: what keeps the table for later events is right about them too."""
    data = written(invitation(zone=ZoneInfo(name), start=start))
    for table in read_calendar(data).all("VTIMEZONE"):
        assert table.all("STANDARD")
        assert table.all("DAYLIGHT")


def outlook_offset(table: Component, local: str) -> str:
    """The offset that Outlook takes: the latest of each kind, taken to come back every year.

    By [MS-OXCICAL] 2.1.3.1.1.19.2 and 19.3, for a time whose month is none of the two.
    """
    latest = {
        name: max(table.all(name), key=lambda each: each.one("DTSTART").value)
        for name in ("STANDARD", "DAYLIGHT")
        if table.all(name)
    }
    if "DAYLIGHT" not in latest:
        return latest["STANDARD"].one("TZOFFSETTO").value
    began = {name: each.one("DTSTART").value[4:] for name, each in latest.items()}
    before = {name: start for name, start in began.items() if start <= local[4:]}
    last = max(before or began, key=lambda name: began[name])
    return latest[last].one("TZOFFSETTO").value


@given(st.sampled_from((*CANADIAN, "Europe/Paris", "Australia/Sydney")), lately)
@example("America/Sao_Paulo", minute("2019-12-15T20:30"))  # the year that it did not come
def test_outlook_s_reading_is_right_too(name: str, start: datetime) -> None:
    check_outlook(ZoneInfo(name), start)


@pytest.mark.parametrize("month", range(1, 25))
@pytest.mark.parametrize("day", [4, 20])
def test_outlook_s_reading_is_right_when_summer_time_stays(month: int, day: int) -> None:
    """British Columbia's clocks of 2026, from the package: the machine's own may be older."""
    path = resources.files("tzdata").joinpath("zoneinfo", "America", "Vancouver")
    with path.open("rb") as data:
        zone = ZoneInfo.from_file(data, key="America/Vancouver")
    year, number = divmod(month - 1, 12)

    check_outlook(zone, minute(f"{2026 + year}-{number + 1:02}-{day:02}T20:30"))


def check_outlook(zone: ZoneInfo, start: datetime) -> None:
    """Unless the clock changes within days, for which "every year" is too coarse."""
    local = start.astimezone(zone)
    calendar = read_calendar(written(invitation(zone=zone, start=start)))
    moment = event_of(written(invitation(zone=zone, start=start))).one("DTSTART").value
    near = {
        (start + timedelta(days=days)).astimezone(zone).utcoffset() for days in range(-10, 11, 2)
    }
    if len(near) > 1 or moment.endswith("Z"):
        return
    (table,) = calendar.all("VTIMEZONE")

    assert outlook_offset(table, moment) == local.strftime("%z")


@given(TEXT, TEXT, st.sampled_from(CalendarMethod))
def test_no_text_breaks_out_of_its_line(
    summary: str, location: str, method: CalendarMethod
) -> None:
    """What is read is what was written, with a blank for what would end a line."""
    data = written(invitation(summary=summary, location=location, method=method))
    plain = written(invitation(summary="x", location="y", method=method))
    event = event_of(data)

    def names(component: Component) -> list[str]:
        inner = [name for each in component.components for name in names(each)]
        return [line.name for line in component.lines if line.name != "LOCATION"] + inner

    assert names(read_calendar(data)) == names(read_calendar(plain))
    assert squeezed(event.one("SUMMARY").text) == squeezed(summary)
    assert squeezed("".join(line.text for line in event.lines if line.name == "LOCATION")) == (
        squeezed(location)
    )
    (read,) = read_strictly(data).events
    assert read.status is not None


def squeezed(text: str) -> str:
    """Without blanks, line ends and control characters; surrogates as question marks.

    And without a backslash before an N, which icalendar takes for the line end that it can mean.
    """
    text = text.encode("utf-8", "replace").decode().replace("\\N", "")
    return re.sub("[\\s\x00-\x1f\x7f-\x9f\u2028\u2029]", "", text)


@pytest.mark.parametrize(
    "text", ["é" * 10_000, "a" * 10_000, "👩🏽\u200d⚕️ " * 2_000, "א\u202e,;\\" * 2_000]
)
def test_a_text_of_ten_thousand_characters_is_folded(text: str) -> None:
    data = written(invitation(summary=text))

    assert event_of(data).one("SUMMARY").text == text.strip()


@given(TEXT)
def test_no_identifier_breaks_out_of_its_line(uid: str) -> None:
    assert squeezed(event_of(written(invitation(uid=uid))).one("UID").text) == squeezed(uid)


@given(st.sampled_from(CalendarMethod), st.integers(0, 1000), minutes)
def test_what_a_calendar_goes_by_is_what_the_invitation_says(
    method: CalendarMethod, sequence: int, changed_at: datetime
) -> None:
    """UID, SEQUENCE, DTSTAMP in UTC, STATUS, METHOD (RFC 5546)."""
    made = invitation(method=method, sequence=sequence, changed_at=changed_at)
    data = written(made)
    calendar, event = read_calendar(data), event_of(data)

    assert calendar.one("METHOD").value == method
    assert calendar.one("VERSION").value == "2.0"
    assert event.one("UID").value == made.uid
    assert event.one("SEQUENCE").value == str(sequence)
    assert event.one("DTSTAMP").value == changed_at.strftime("%Y%m%dT%H%M%SZ")
    cancelled = method is CalendarMethod.CANCEL
    assert event.one("STATUS").value == ("CANCELLED" if cancelled else "CONFIRMED")
    assert event.one("CLASS").value == "PRIVATE"
    assert written(made) == data


def test_a_change_made_between_two_seconds_is_stamped_with_the_first() -> None:
    changed_at = minute("2026-11-23T12:30").replace(second=7, microsecond=999_999)

    assert event_of(written(invitation(changed_at=changed_at))).one("DTSTAMP").value == (
        "20261123T123007Z"
    )


@pytest.mark.parametrize("method", [CalendarMethod.REQUEST, CalendarMethod.CANCEL])
def test_an_invitation_by_mail_names_both_sides(method: CalendarMethod) -> None:
    """ORGANIZER is the bare address that the mail comes from."""
    event = event_of(written(invitation(method=method)))
    (attendee,) = [line for line in event.lines if line.name == "ATTENDEE"]

    assert event.one("ORGANIZER").value == f"mailto:{FROM}"
    assert event.one("ORGANIZER").parameters == {}
    assert attendee.value == f"mailto:{TO}"
    assert attendee.parameters == {
        "PARTSTAT": "ACCEPTED",
        "ROLE": "REQ-PARTICIPANT",
        "RSVP": "FALSE",
    }


def test_what_is_published_names_no_attendee() -> None:
    made = invitation(method=CalendarMethod.PUBLISH)

    assert event_of(written(made)).values("ATTENDEE") == []
    assert event_of(written(made)).values("ORGANIZER") == [f"mailto:{FROM}"]
    bare = calendar_file(made, organizer=None, attendee=None)
    assert event_of(bare).values("ORGANIZER") == []


@pytest.mark.parametrize(
    ("method", "organizer", "attendee"),
    [
        (CalendarMethod.REQUEST, None, TO),
        (CalendarMethod.REQUEST, FROM, None),
        (CalendarMethod.CANCEL, None, TO),
        (CalendarMethod.CANCEL, FROM, None),
        (CalendarMethod.PUBLISH, FROM, TO),
        (CalendarMethod.PUBLISH, None, TO),
    ],
)
def test_another_set_of_sides_is_misuse(
    method: CalendarMethod, organizer: str | None, attendee: str | None
) -> None:
    with pytest.raises(InvalidValue) as caught:
        calendar_file(invitation(method=method), organizer=organizer, attendee=attendee)

    assert TO not in str(caught.value)


@given(st.emails())
def test_an_address_keeps_its_letters(address: str) -> None:
    """RFC 6068: what a mailto address may not hold is written as %xx."""
    data = calendar_file(invitation(), organizer=FROM, attendee=address)
    value = event_of(data).one("ATTENDEE").value.removeprefix("mailto:")

    assert unquote(value) == address
    assert re.fullmatch(r"(?:[A-Za-z0-9._~!$'*+@-]|%[0-9A-F]{2})*", value)


def test_an_address_cannot_add_a_line() -> None:
    data = calendar_file(
        invitation(),
        organizer=FROM,
        attendee="a@example.org\r\nATTENDEE:mailto:b@example.org\ud800",
    )

    assert len(event_of(data).values("ATTENDEE")) == 1


def test_a_place_that_is_empty_is_left_out() -> None:
    assert event_of(written(invitation(location=" \r\n"))).values("LOCATION") == []


def test_the_file_says_what_the_invitation_holds_and_no_more() -> None:
    """R49: no clinical word has a way in."""
    data = written(invitation())

    assert {line.name for line in event_of(data).lines} == {
        *("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION"),
        *("STATUS", "CLASS", "ORGANIZER", "ATTENDEE"),
    }


def test_an_example_is_read_in_full() -> None:
    made = evolve(invitation(), sequence=2)
    calendar = read_strictly(written(made))
    (event,) = calendar.events

    assert calendar.method == "REQUEST"
    assert (event.uid, event.sequence) == (made.uid, 2)
    assert (event.summary, event.location) == (made.summary, made.location)
    assert str(event.dtstart.astimezone(TORONTO)) == "2026-11-26 08:30:00-05:00"  # type: ignore[union-attr]
