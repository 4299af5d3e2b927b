"""Recurrence rules: RFC 5545's RRULE (§3.3.10, September 2009), for whole dates (R30).

A rule is the value of an RRULE property, such as ``FREQ=MONTHLY;BYDAY=2TU;COUNT=12``. The dates are
worked out by python-dateutil, one calendar year at a time and as if a rule began with that year: a
rule that began long ago costs no more than one that begins today.

Times are the opening's own. So the frequencies are DAILY, WEEKLY, MONTHLY and YEARLY, UNTIL is a
date, and the parts are INTERVAL, COUNT, UNTIL, WKST, BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY,
BYDAY and BYSETPOS. What the RFC forbids is refused, and so is what it leaves open: calendars differ
on what a week number means without BYDAY, with BYSETPOS, or in every other year.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, date
from enum import StrEnum, unique
from functools import lru_cache

from attrs import evolve, frozen
from dateutil import rrule

from omnibook.errors import InvalidValue

TEXT_LIMIT = 500
"""The greatest length of a rule, in characters."""
FIRST_YEAR, LAST_YEAR = 2, 9998
"""In these years every date has a week around it, and a place in every zone."""

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MONTHS = range(1, 13)
_EACH_DAY = tuple((day, None) for day in range(7))
_ALONE = frozenset({1, -1})
_KEPT = 16_384
"""How many years of rules are remembered, some 300 bytes each."""


@unique
class Frequency(StrEnum):
    """The period that a rule's parts are about."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@frozen
class RuleFault:
    """Why a text is no rule, as in "the rule …", and what to write instead."""

    message: str
    remedy: str


@frozen(kw_only=True)
class Rule:
    """A rule, taken apart; made by :func:`read_rule`. A part that is not there is empty."""

    text: str
    """In capital letters, without ``RRULE:``."""
    frequency: Frequency = Frequency.DAILY
    interval: int = 1
    count: int | None = None
    until: date | None = None
    week_start: int = 0
    months: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int | None], ...] = ()
    """Monday is 0; with the ordinal within the month or year, where one is given."""
    positions: tuple[int, ...] = ()


# Reading ----------------------------------------------------------------------------------------


class _Refused(Exception):
    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.fault = RuleFault(message, remedy)


_BYDAY = re.compile(rf"([+-]?[0-9]{{1,2}})?({'|'.join(_DAYS)})")
_SIGNED, _UNSIGNED = re.compile(r"[+-]?[0-9]{1,3}"), re.compile(r"[0-9]{1,3}")
_LISTS = ("BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYSETPOS")
_KNOWN = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", *_LISTS)
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_BESIDE = {
    "DTSTART": "give the first date beside the rule",
    "EXDATE": "give the exceptions beside the rule",
    "RDATE": "give the additional dates beside the rule",
}
_EXAMPLE = 'write it as "FREQ=MONTHLY;BYDAY=2TU"'


def read_rule(text: object) -> Rule | RuleFault:
    """The rule that a text states, in letters of either case; or what is wrong with it."""
    if not isinstance(text, str):
        return RuleFault("must be a text", _EXAMPLE)
    if len(text) > TEXT_LIMIT:
        return RuleFault("is too long", f"use at most {TEXT_LIMIT} characters")
    return _read(text)


def rule_of(text: object) -> Rule:
    """The rule that a text states.

    Raises :class:`~omnibook.errors.InvalidValue` where :func:`read_rule` finds a fault.
    """
    rule = read_rule(text)
    if isinstance(rule, RuleFault):
        raise InvalidValue(f"a recurrence rule {rule.message}; {rule.remedy}")
    return rule


@lru_cache(maxsize=1_024)
def _read(text: str) -> Rule | RuleFault:
    try:
        return _checked(_taken_apart(text))
    except _Refused as refused:
        return refused.fault


def _taken_apart(text: str) -> Rule:
    if not text.isascii() or not text.isprintable():
        raise _Refused("holds something else than printable ASCII", _EXAMPLE)
    written = text.upper().strip().removeprefix("RRULE:")
    parts: dict[str, str] = {}
    for part in written.split(";"):
        name, _, value = part.partition("=")
        if name not in _KNOWN:
            raise _unknown(name)
        if not value:
            raise _Refused(f"has no value at {name}", _EXAMPLE)
        if name in parts:
            raise _Refused(f"has {name} twice", "put all its values into one list")
        parts[name] = value
    return Rule(
        text=written,
        frequency=_frequency(parts.get("FREQ")),
        interval=_count(parts, "INTERVAL", 9_999) or 1,
        count=_count(parts, "COUNT", 99_999),
        until=_until(parts.get("UNTIL")),
        week_start=_week_start(parts.get("WKST", _DAYS[0])),
        months=_numbers(parts, "BYMONTH", _UNSIGNED, 12),
        weeks=_numbers(parts, "BYWEEKNO", _SIGNED, 53),
        year_days=_numbers(parts, "BYYEARDAY", _SIGNED, 366),
        month_days=_numbers(parts, "BYMONTHDAY", _SIGNED, 31),
        weekdays=tuple(_weekday(each) for each in _listed(parts, "BYDAY")),
        positions=_numbers(parts, "BYSETPOS", _SIGNED, 366),
    )


def _unknown(name: str) -> _Refused:
    if name in _TIMES:
        return _Refused(f"cannot have {name}", "leave it out; the opening has the times")
    for word, remedy in _BESIDE.items():
        if name.startswith(word):
            return _Refused(f"cannot have {word}", remedy)
    said = f"the part {name}" if name.isalpha() and len(name) <= 20 else "something else than parts"
    return _Refused(f"cannot have {said}", f"use {', '.join(_KNOWN)}")


def _frequency(value: str | None) -> Frequency:
    for each in Frequency:
        if value == each.value:
            return each
    wrong = "has no FREQ" if value is None else "has a FREQ that dates do not have"
    raise _Refused(wrong, f"use FREQ={' or '.join(Frequency)}")


def _listed(parts: dict[str, str], name: str) -> list[str]:
    return parts[name].split(",") if name in parts else []


def _numbers(
    parts: dict[str, str], name: str, pattern: re.Pattern[str], most: int
) -> tuple[int, ...]:
    texts = _listed(parts, name)
    found = tuple(int(each) for each in texts if pattern.fullmatch(each))
    if len(found) == len(texts) and all(1 <= abs(each) <= most for each in found):
        return found
    counted = ", or from the end as -1 and so on" if pattern is _SIGNED else ""
    raise _Refused(f"has a wrong number at {name}", f"use 1 to {most}{counted}")


def _count(parts: dict[str, str], name: str, most: int) -> int | None:
    value = parts.get(name, "1")
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= most:
        raise _Refused(f"has a wrong number at {name}", f"use 1 to {most}")
    return int(value) if name in parts else None


def _until(value: str | None) -> date | None:
    if value is None:
        return None
    try:
        if re.fullmatch(r"[0-9]{8}", value):
            return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        pass
    raise _Refused("has an UNTIL that is no date", "write the last date, such as UNTIL=20271231")


def _week_start(value: str) -> int:
    if value not in _DAYS:
        raise _Refused("has a WKST that is no day", f"use one of {', '.join(_DAYS)}")
    return _DAYS.index(value)


def _weekday(text: str) -> tuple[int, int | None]:
    found = _BYDAY.fullmatch(text)
    ordinal = int(found[1]) if found and found[1] else None
    if found is None or (ordinal is not None and not 1 <= abs(ordinal) <= 53):
        raise _Refused("has something else than days at BYDAY", "use days such as MO, 2TU or -1FR")
    return _DAYS.index(found[2]), ordinal


def _checked(rule: Rule) -> Rule:
    """The same rule, if its parts go together (RFC 5545 §3.3.10, and the module's docstring)."""
    yearly, monthly = rule.frequency is Frequency.YEARLY, rule.frequency is Frequency.MONTHLY
    ordinals = [ordinal for _, ordinal in rule.weekdays if ordinal is not None]
    if rule.count is not None and rule.until is not None:
        raise _Refused("cannot have both COUNT and UNTIL", "leave one of them out")
    for name, numbers in (("BYWEEKNO", rule.weeks), ("BYYEARDAY", rule.year_days)):
        if numbers and not yearly:
            raise _Refused(f"cannot have {name} unless it is yearly", "use BYDAY or BYMONTHDAY")
    if rule.month_days and rule.frequency is Frequency.WEEKLY:
        raise _Refused("cannot have BYMONTHDAY when it is weekly", "use FREQ=MONTHLY or DAILY")
    if ordinals and (rule.weeks or not (yearly or monthly)):
        remedy = "leave the number out, or use FREQ=MONTHLY"
        raise _Refused("numbers a BYDAY that is not counted in months or years", remedy)
    if ordinals and (monthly or rule.months) and max(map(abs, ordinals)) > 5:
        raise _Refused("numbers a BYDAY beyond its month", "use 1 to 5, or -5 to -1")
    if rule.weeks and (not rule.weekdays or rule.positions or rule.interval != 1):
        remedy = "add BYDAY, and leave BYSETPOS and INTERVAL out"
        raise _Refused("has a BYWEEKNO that calendars understand differently", remedy)
    narrowed = (rule.months, rule.year_days, rule.month_days, rule.weekdays)
    if rule.positions and not any(narrowed):
        remedy = "add what it chooses from: BYDAY, BYMONTHDAY, BYYEARDAY or BYMONTH"
        raise _Refused("has a BYSETPOS alone", remedy)
    return rule


# Dates ------------------------------------------------------------------------------------------


@lru_cache(maxsize=_KEPT)
def days_of_year(text: str, first: date, year: int) -> int:
    """The dates of a year on which a rule occurs that begins with ``first`` (DTSTART).

    Bit 0 is the first of January. None outside the years 2 to 9998, nor before ``first``.

    ``text`` must be a :attr:`Rule.text`. Equal rules of any number of openings are worked out once.
    """
    rule = rule_of(text)
    found = _unlimited(text, first, year)
    if rule.count is None or not found:
        return found
    left = rule.count
    for before in range(first.year, year):
        left -= _unlimited(text, first, before).bit_count()
        if left <= 0:
            return 0
    while found.bit_count() > left:
        found ^= 1 << (found.bit_length() - 1)
    return found


@lru_cache(maxsize=_KEPT)
def _unlimited(text: str, first: date, year: int) -> int:
    """As :func:`days_of_year`, without regard to COUNT."""
    rule = rule_of(text)
    if not max(FIRST_YEAR, first.year) <= year <= LAST_YEAR:
        return 0
    january, december = date(year, 1, 1), date(year, 12, 31)
    lower, upper = max(january, first), min(december, rule.until or december)
    offset, bits = january.toordinal(), 0
    for day in _of_year(_with_defaults(rule, first), first, year):
        if lower <= day <= upper:
            bits |= 1 << (day.toordinal() - offset)
    return bits


def _with_defaults(rule: Rule, first: date) -> Rule:
    """The rule with what it leaves out, which is taken from its first date."""
    if rule.weeks or rule.year_days or rule.month_days or rule.weekdays:
        return rule
    if rule.frequency is Frequency.WEEKLY:
        return evolve(rule, weekdays=((first.weekday(), None),))
    if rule.frequency is Frequency.MONTHLY:
        return evolve(rule, month_days=(first.day,))
    if rule.frequency is Frequency.YEARLY:
        return evolve(rule, months=rule.months or (first.month,), month_days=(first.day,))
    return rule


def _of_year(rule: Rule, first: date, year: int) -> Iterator[date]:
    """The dates of a year, and perhaps some around it, in those periods that the interval takes."""
    if rule.frequency is Frequency.YEARLY:
        if (year - first.year) % rule.interval == 0:
            yield from (day for day in _chosen(rule, year, rule.months) if _in_weeks(rule, day))
    elif rule.frequency is Frequency.MONTHLY:
        since = first.year * 12 + first.month
        months = [m for m in rule.months or _MONTHS if (year * 12 + m - since) % rule.interval == 0]
        for some in [(m,) for m in months] if rule.positions else [tuple(months)][: len(months)]:
            yield from _chosen(rule, year, some)
    elif rule.frequency is Frequency.DAILY:
        # In a period of one day, that day is the first and the last.
        if not rule.positions or not _ALONE.isdisjoint(rule.positions):
            one = evolve(rule, weekdays=rule.weekdays or _EACH_DAY, positions=())
            since = first.toordinal()
            days = _chosen(one, year, rule.months)
            yield from (day for day in days if (day.toordinal() - since) % rule.interval == 0)
    elif rule.positions:
        yield from _chosen_in_weeks(rule, first, year)
    else:
        since = _week(rule, first)
        days = _chosen(rule, year, rule.months)
        yield from (day for day in days if (_week(rule, day) - since) % rule.interval == 0)


def _week(rule: Rule, day: date) -> int:
    """The week that a date lies in, counted from an early one. Ordinal 1 is a Monday."""
    return (day.toordinal() - 1 - rule.week_start) // 7


def _chosen(rule: Rule, year: int, months: tuple[int, ...]) -> Iterator[date]:
    """What dateutil makes of one year, taken as one period."""
    made = rrule.rrule(
        rrule.YEARLY,
        dtstart=date(year, 1, 1),
        # The next period would come after the last year that there is. Without, dateutil would go
        # on looking when nothing was found: "until" ends it only at a date that is found.
        interval=MAXYEAR,
        wkst=rule.week_start,
        bysetpos=rule.positions or None,
        bymonth=months or None,
        bymonthday=rule.month_days or None,
        byyearday=rule.year_days or None,
        byweekday=_for_dateutil(rule.weekdays, 5 if months else 53) or None,
    )
    return (moment.date() for moment in made)


def _chosen_in_weeks(rule: Rule, first: date, year: int) -> Iterator[date]:
    """BYSETPOS in weeks, each counted from its first day on, also the one that ``first`` is in."""
    # Others are in no week; and dateutil would look for them until the end of time.
    most = len({day for day, _ in rule.weekdays} or _DAYS)
    positions = [each for each in rule.positions if abs(each) <= most]
    december = date(year, 12, 31)
    since = _week(rule, first)
    passed = max(_week(rule, date(year, 1, 1)) - since, 0)
    week = since + -(-passed // rule.interval) * rule.interval
    if positions and week <= _week(rule, december):
        made = rrule.rrule(
            rrule.WEEKLY,
            dtstart=date.fromordinal(week * 7 + rule.week_start + 1),
            until=december,
            interval=rule.interval,
            wkst=rule.week_start,
            bysetpos=positions,
            bymonth=rule.months or None,
            byweekday=_for_dateutil(rule.weekdays or _EACH_DAY, 0),
        )
        yield from (moment.date() for moment in made)


def _for_dateutil(weekdays: Sequence[tuple[int, int | None]], most: int) -> list[rrule.weekday]:
    # Of "MO,1TU" dateutil takes the days that are both. So, beside a numbered one, every Monday is
    # said as the first, the second, and so on, up to ``most``.
    mixed = any(ordinal is not None for _, ordinal in weekdays)
    found: list[rrule.weekday] = []
    for day, ordinal in weekdays:
        if mixed and ordinal is None:
            found.extend(rrule.weekday(day, each) for each in range(1, most + 1))
        else:
            found.append(rrule.weekday(day, ordinal))
    return found


def _in_weeks(rule: Rule, day: date) -> bool:
    """Whether the date's week is one of BYWEEKNO; dateutil miscounts those around the new year."""
    if not rule.weeks:
        return True
    # The middle of a week lies in the year that the week is counted in (RFC 5545, ISO 8601).
    middle = day.toordinal() - (day.weekday() - rule.week_start) % 7 + 3
    year = date.fromordinal(middle).year
    number = (middle - date(year, 1, 1).toordinal()) // 7 + 1
    after = (date(year, 12, 31).toordinal() - middle) // 7 + 1
    return number in rule.weeks or -after in rule.weeks
