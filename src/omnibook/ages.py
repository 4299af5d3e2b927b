"""Ages: completed years, months and weeks of a birth date (R3, R11, R20).

A birthday on a day that the month lacks (29 February, or the 31st where months are counted) falls
on the first of the next month: somebody born on 29 February is a year older on 1 March in common
years. A criterion can choose the last day of the month instead (:class:`LeapDayRule`). All who ask
for an age ask here, so that a form, a health number and a criterion agree to the day.
"""

from calendar import monthrange
from datetime import date, datetime
from enum import StrEnum, unique

OLDEST_YEARS = 130
"""A birth date lies at most this many years back (R11)."""

_MONTHS_IN_YEAR = 12


@unique
class AgeUnit(StrEnum):
    """What an age is counted in; only completed units count."""

    YEARS = "years"
    MONTHS = "months"
    WEEKS = "weeks"


@unique
class LeapDayRule(StrEnum):
    """When somebody born on 29 February is a year older in a common year (R20)."""

    MAR_1 = "mar-1"
    """On 1 March, and so for every day that a month lacks: on the first of the next month."""
    FEB_28 = "feb-28"
    """On 28 February, and so for every day that a month lacks: on the last day of that month."""


def is_date(value: object) -> bool:
    """Whether this is a date without a time."""
    # A datetime is a date to isinstance, yet the two never compare equal.
    return isinstance(value, date) and not isinstance(value, datetime)


def completed(
    birth_date: date,
    on: date,
    unit: AgeUnit = AgeUnit.YEARS,
    leap_day: LeapDayRule = LeapDayRule.MAR_1,
) -> int:
    """How many whole units have passed from the birth date to ``on``; negative before birth."""
    if unit is AgeUnit.WEEKS:
        return (on - birth_date).days // 7
    months = (on.year - birth_date.year) * _MONTHS_IN_YEAR + on.month - birth_date.month
    day = birth_date.day
    if leap_day is LeapDayRule.FEB_28:
        day = min(day, monthrange(on.year, on.month)[1])
    months -= on.day < day
    return months if unit is AgeUnit.MONTHS else months // _MONTHS_IN_YEAR


def reached(
    birth_date: date,
    count: int,
    unit: AgeUnit = AgeUnit.YEARS,
    leap_day: LeapDayRule = LeapDayRule.MAR_1,
) -> date | None:
    """The first day on which ``count`` units are completed; None past the calendar's end."""
    if unit is AgeUnit.WEEKS:
        ordinal = birth_date.toordinal() + 7 * count
        return date.fromordinal(ordinal) if ordinal <= date.max.toordinal() else None
    months = count if unit is AgeUnit.MONTHS else count * _MONTHS_IN_YEAR
    year, month = divmod(birth_date.year * _MONTHS_IN_YEAR + birth_date.month - 1 + months, 12)
    if year > date.max.year:
        return None
    longest = monthrange(year, month + 1)[1]
    if birth_date.day <= longest:
        return date(year, month + 1, birth_date.day)
    if leap_day is LeapDayRule.FEB_28:
        return date(year, month + 1, longest)
    # A month that lacks a day is never December, so its next month is in the same year.
    return date(year, month + 2, 1)


def is_too_old(birth_date: date, today: date) -> bool:
    """Whether the birth date lies over 130 years before ``today``; on the day itself it does not.

    R11 refuses such a birth date on a form, and a health number that codes one.
    """
    oldest = reached(birth_date, OLDEST_YEARS)
    return oldest is not None and oldest < today
