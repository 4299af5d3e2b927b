"""When a visitor would like to come: as soon as possible, or by date and time of day (R24).

A :class:`Preference` carries whatever was chosen; :meth:`Preference.parse` judges it and gives a
:class:`Filter`. Everything is judged on the start, in the clinic's local time.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import cast
from zoneinfo import ZoneInfo

from attrs import frozen

from omnibook.clinic import Clinic, DayPart
from omnibook.ids import PractitionerId
from omnibook.problems import InvalidEntry, Problem, ProblemCode

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}")
_EVERY_DAY = frozenset(range(7))


@frozen(kw_only=True)
class Filter:
    """A preference that was read; both dates count, of times the lower is in and the upper out."""

    first: date | None = None
    last: date | None = None
    weekdays: frozenset[int] = _EVERY_DAY
    part: DayPart | None = None
    practitioner_id: PractitionerId | None = None

    def admits(self, start: datetime, zone: ZoneInfo) -> bool:
        """Whether a time that starts at this instant is wanted, but for the practitioner."""
        local = start.astimezone(zone)
        return self.admits_day(local.date()) and (self.part is None or local.time() in self.part)

    def admits_day(self, day: date) -> bool:
        """Whether any time of this local date can be wanted."""
        return (
            (self.first is None or self.first <= day)
            and (self.last is None or day <= self.last)
            and day.weekday() in self.weekdays
        )


@frozen(kw_only=True)
class Preference:
    """What a visitor chose, as it came: any value is accepted here.

    Dates are ``date`` values or texts such as ``"2026-03-03"``; ``weekdays`` are numbers, Monday
    0; ``time_of_day`` is ``"morning"``, ``"afternoon"``, ``"evening"`` or a pair of times or
    texts such as ``("13:00", "15:30")``, midnight at the end of the day being ``"24:00"``;
    ``practitioner`` is the public identifier of one. ``None``, a blank text and no weekday at all
    mean that it does not matter.
    """

    first_date: object = None
    last_date: object = None
    weekdays: object = None
    time_of_day: object = None
    practitioner: object = None

    @classmethod
    def soonest(cls) -> "Preference":
        """As soon as possible."""
        return cls()

    def parse(self, clinic: Clinic) -> Filter | InvalidEntry:
        """Read the preference, or say everything that is wrong with it (R11, R24)."""
        problems: list[Problem] = []
        first = _read_date(self.first_date, "first_date", problems)
        last = _read_date(self.last_date, "last_date", problems)
        if first is not None and last is not None and last < first:
            problems.append(Problem(ProblemCode.PREFERENCE_DATES_REVERSED, "last_date"))
        weekdays = _read_weekdays(self.weekdays, problems)
        part = _read_part(self.time_of_day, clinic, problems)
        practitioner_id = _read_practitioner(self.practitioner, clinic, problems)
        if problems:
            return InvalidEntry(tuple(problems))
        return Filter(
            first=first,
            last=last,
            weekdays=weekdays,
            part=part,
            practitioner_id=practitioner_id,
        )


def _malformed(name: str) -> Problem:
    return Problem(ProblemCode.PREFERENCE_MALFORMED, name)


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _read_date(value: object, name: str, problems: list[Problem]) -> date | None:
    if _is_blank(value):
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    problems.append(_malformed(name))
    return None


def _read_weekdays(value: object, problems: list[Problem]) -> frozenset[int]:
    if value is None:
        return _EVERY_DAY
    if isinstance(value, list | tuple | set | frozenset):
        given = tuple(cast(Iterable[object], value))
        chosen = [day for day in given if isinstance(day, int) and not isinstance(day, bool)]
        if len(chosen) == len(given) and set(chosen) <= _EVERY_DAY:
            return frozenset(chosen) or _EVERY_DAY
    problems.append(_malformed("weekdays"))
    return _EVERY_DAY


def _read_part(value: object, clinic: Clinic, problems: list[Problem]) -> DayPart | None:
    if _is_blank(value):
        return None
    policies = clinic.policies
    named = {
        "morning": policies.morning,
        "afternoon": policies.afternoon,
        "evening": policies.evening,
    }
    if isinstance(value, str) and value in named:
        return named[value]
    bounds = tuple(cast(Iterable[object], value)) if isinstance(value, tuple | list) else ()
    if len(bounds) == 2:
        lower, upper = (_read_time(bound) for bound in bounds)
        if lower is not None and upper is not None and lower < upper:
            return DayPart(lower, upper)
        if lower is not None and isinstance(bounds[1], str) and bounds[1] == "24:00":
            return DayPart(lower, None)
    problems.append(_malformed("time_of_day"))
    return None


def _read_time(value: object) -> time | None:
    if isinstance(value, time):
        return value if value.tzinfo is None else None
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            return time.fromisoformat(value)
        except ValueError:
            return None
    return None


def _read_practitioner(
    value: object, clinic: Clinic, problems: list[Problem]
) -> PractitionerId | None:
    if _is_blank(value):
        return None
    known = (schedule.practitioner_id for schedule in clinic.schedules)
    if isinstance(value, str):
        for practitioner_id in known:
            if practitioner_id == value:
                return practitioner_id
    problems.append(Problem(ProblemCode.PREFERENCE_PRACTITIONER_UNKNOWN, "practitioner"))
    return None
