"""Calendar files, read to the letter of RFC 5545, without the library that writes them.

Three readers, none of which shares a line with icalendar: one of lines and components below, which
takes nothing that the standard does not; python-dateutil's, for the table of a zone's changes; and
the package ical, for the file as a whole.
"""

import io
import re
from datetime import UTC, datetime, tzinfo
from typing import Any

from attrs import field, frozen
from dateutil.tz import tzical
from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream

_LINE = re.compile(
    r"(?P<name>[A-Z-]+)"
    r'(?P<parameters>(?:;[A-Z-]+=(?:"[^"]*"|[^";:,]*))*)'
    r":(?P<value>.*)",
    re.DOTALL,
)
_PARAMETER = re.compile(r';([A-Z-]+)=("[^"]*"|[^";:,]*)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_FORBIDDEN = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


@frozen
class Line:
    """A property."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value, if it is a text (section 3.3.11)."""
        assert not re.search(r"(?<!\\)(?:\\\\)*[,;]", self.value), "a comma stands unescaped"
        for escaped in _ESCAPE.findall(self.value):
            assert escaped in "\\;,nN", f"nothing is escaped as {escaped!r}"
        return _ESCAPE.sub(
            lambda found: "\n" if found[1] in "nN" else found[1],
            self.value,
        )


@frozen
class Component:
    """A component, with what stands in it."""

    name: str
    lines: list[Line] = field(factory=list)
    components: list["Component"] = field(factory=list)

    def one(self, name: str) -> Line:
        """The only property of this name."""
        (found,) = [line for line in self.lines if line.name == name]
        return found

    def values(self, name: str) -> list[str]:
        """The values of the properties of this name."""
        return [line.value for line in self.lines if line.name == name]

    def all(self, name: str) -> list["Component"]:
        """The components of this name."""
        return [each for each in self.components if each.name == name]


def read_lines(data: bytes) -> list[str]:
    """The content lines, unfolded (section 3.1)."""
    assert data.endswith(b"\r\n")
    physical = data.removesuffix(b"\r\n").split(b"\r\n")
    for line in physical:
        assert 0 < len(line) <= 75, f"a line has {len(line)} octets"
        assert b"\r" not in line
        assert b"\n" not in line
        # No character is divided, though the standard would let it be.
        line.decode("utf-8")
    unfolded = data.removesuffix(b"\r\n").replace(b"\r\n ", b"").replace(b"\r\n\t", b"")
    lines = unfolded.decode("utf-8").split("\r\n")
    assert not any(_FORBIDDEN.search(line) for line in lines)
    return lines


def read_calendar(data: bytes) -> Component:
    """The calendar of a file that holds one."""
    root = Component("")
    open_ones = [root]
    for text in read_lines(data):
        found = _LINE.fullmatch(text)
        assert found is not None, f"no content line: {text!r}"
        parameters = {
            name: value.strip('"') for name, value in _PARAMETER.findall(found["parameters"])
        }
        line = Line(found["name"], parameters, found["value"])
        if line.name == "BEGIN":
            made = Component(line.value)
            open_ones[-1].components.append(made)
            open_ones.append(made)
        elif line.name == "END":
            assert open_ones.pop().name == line.value
        else:
            assert open_ones[-1] is not root
            open_ones[-1].lines.append(line)
    assert open_ones == [root]
    (calendar,) = root.components
    assert calendar.name == "VCALENDAR"
    return calendar


def instants(data: bytes) -> tuple[datetime, datetime]:
    """Start and end of the one event, by nothing but what the file says."""
    calendar = read_calendar(data)
    (event,) = calendar.all("VEVENT")
    zones = tzical(io.StringIO("\n".join(read_lines(data)))) if calendar.all("VTIMEZONE") else None
    moments = []
    for name in ("DTSTART", "DTEND"):
        line = event.one(name)
        zone: tzinfo | None = UTC
        if "TZID" in line.parameters:
            assert zones is not None, "the zone's table is missing"
            zone = zones.get(line.parameters["TZID"])
            assert zone is not None, "the zone's table has another name"
            assert not line.value.endswith("Z")
        else:
            assert line.value.endswith("Z")
        read = datetime.strptime(line.value.removesuffix("Z") + "+0000", "%Y%m%dT%H%M%S%z")
        moments.append(read.replace(tzinfo=zone).astimezone(UTC))
    return moments[0], moments[1]


def read_strictly(data: bytes) -> Calendar:
    """The file as the package ical understands it."""
    return IcsCalendarStream.calendar_from_ics(data.decode("utf-8"))


def utc(moment: Any) -> datetime:
    """An instant that the package ical read."""
    assert isinstance(moment, datetime)
    return moment.astimezone(UTC)
