"""On which dates a rule occurs, worked out in the most naive way: every date is tried (R30).

The oracle of the laws of recurrence, written from RFC 5545 §3.3.10 (September 2009) and sharing
no code with what it judges: neither dateutil, nor a word of how a rule is read. A rule is a set of
parts here, and its text is made of them.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from typing import Any

from attrs import frozen
from hypothesis import strategies as st

from omnibook.recurrence import Recurrence

DAY = timedelta(days=1)
NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@frozen(kw_only=True)
class Parts:
    """The parts of a rule, beside its first date."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    wkst: int = 0
    bymonth: tuple[int, ...] = ()
    byweekno: tuple[int, ...] = ()
    byyearday: tuple[int, ...] = ()
    bymonthday: tuple[int, ...] = ()
    byday: tuple[tuple[int | None, int], ...] = ()
    bysetpos: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """The parts as an RRULE has them."""
        said = [f"FREQ={self.freq}"]
        if self.interval != 1:
            said.append(f"INTERVAL={self.interval}")
        if self.count is not None:
            said.append(f"COUNT={self.count}")
        if self.until is not None:
            said.append(f"UNTIL={self.until:%Y%m%d}")
        if self.wkst:
            said.append(f"WKST={NAMES[self.wkst]}")
        for name in ("bymonth", "byweekno", "byyearday", "bymonthday", "bysetpos"):
            numbers = ",".join(map(str, getattr(self, name)))
            said.extend([f"{name.upper()}={numbers}"] if numbers else [])
        if self.byday:
            days = (f"{'' if n is None else n}{NAMES[day]}" for n, day in self.byday)
            said.append(f"BYDAY={','.join(days)}")
        return ";".join(said)


def parts_of(text: str) -> Parts:
    """The parts that :attr:`Parts.text` was made of."""
    found: dict[str, Any] = {}
    for part in text.lower().split(";"):
        name, value = part.split("=")
        if name == "byday":
            pairs = ((each[:-2], each[-2:].upper()) for each in value.split(","))
            found[name] = tuple((int(n) if n else None, NAMES.index(day)) for n, day in pairs)
        elif name == "freq":
            found[name] = value.upper()
        elif name == "wkst":
            found[name] = NAMES.index(value.upper())
        elif name == "until":
            found[name] = date.fromisoformat(value)
        elif name in {"interval", "count"}:
            found[name] = int(value)
        else:
            found[name] = tuple(map(int, value.split(",")))
    return Parts(**found)


# The oracle -------------------------------------------------------------------------------------


def ruled(parts: Parts, first: date, last: date) -> list[date]:
    """Every date of the rule from its first date to ``last``."""
    found: list[date] = []
    # A period begins before its first date, perhaps.
    near = (first - 366 * DAY + n * DAY for n in range((last - first).days + 2 * 366))
    for number, days in groupby(near, lambda day: _period(parts, day)):
        if (number - _period(parts, first)) % parts.interval:
            continue
        chosen = [day for day in days if _fits(parts, first, day)]
        if parts.bysetpos:
            size = len(chosen)
            places = {p - 1 if p > 0 else size + p for p in parts.bysetpos}
            chosen = [day for place, day in enumerate(chosen) if place in places]
        found.extend(day for day in chosen if day >= first)
    if parts.count is not None:
        found = found[: parts.count]
    return [day for day in found if day <= min(last, parts.until or last)]


def _period(parts: Parts, day: date) -> int:
    if parts.freq == "YEARLY":
        return day.year
    if parts.freq == "MONTHLY":
        return day.year * 12 + day.month
    if parts.freq == "WEEKLY":
        # Ordinal 1 is a Monday.
        return (day.toordinal() - 1 - parts.wkst) // 7
    return day.toordinal()


def _fits(parts: Parts, first: date, day: date) -> bool:
    """Whether a date passes each of the parts that a rule has, or takes from its first date."""
    if parts.bymonth and day.month not in parts.bymonth:
        return False
    if not (parts.byweekno or parts.byyearday or parts.bymonthday or parts.byday):
        if parts.freq == "WEEKLY":
            return day.weekday() == first.weekday()
        if parts.freq == "MONTHLY":
            return day.day == first.day
        if parts.freq == "YEARLY":
            return day.day == first.day and (bool(parts.bymonth) or day.month == first.month)
        return True
    return (
        (not parts.byweekno or not set(_week(day, parts.wkst)).isdisjoint(parts.byweekno))
        and (not parts.byyearday or not {*_within(day, "year")}.isdisjoint(parts.byyearday))
        and (not parts.bymonthday or not {*_within(day, "month")}.isdisjoint(parts.bymonthday))
        and (not parts.byday or any(_on(parts, day, n, weekday) for n, weekday in parts.byday))
    )


@cache
def _within(day: date, stretch: str) -> tuple[int, int]:
    """The number of a date in its month or year, from the start and from the end."""
    if stretch == "month":
        return day.day, day.day - 1 - monthrange(day.year, day.month)[1]
    return (day - date(day.year, 1, 1)).days + 1, (day - date(day.year, 12, 31)).days - 1


def _on(parts: Parts, day: date, n: int | None, weekday: int) -> bool:
    if day.weekday() != weekday or n is None:
        return day.weekday() == weekday
    stretch = "month" if parts.freq == "MONTHLY" or parts.bymonth else "year"
    before, after = _within(day, stretch)
    # Of the days of one name, the first lies in the first seven days, and so on.
    return n in {(before - 1) // 7 + 1, -((-after - 1) // 7) - 1}


@cache
def _first_week(year: int, wkst: int) -> date:
    """The start of the first week that has four of its days in the year."""
    start = date(year - 1, 12, 20)
    while start.weekday() != wkst or (start + 3 * DAY).year < year:
        start += DAY
    return start


@cache
def _week(day: date, wkst: int) -> tuple[int, int]:
    """The number of a date's week, from the start and from the end of that week's year."""
    year = day.year + 1
    while _first_week(year, wkst) > day:
        year -= 1
    number = (day - _first_week(year, wkst)).days // 7 + 1
    return number, number - 1 - (_first_week(year + 1, wkst) - _first_week(year, wkst)).days // 7


def naive_dates(made: Recurrence, parts: Parts | None, first: date, last: date) -> Iterator[date]:
    """The dates of a recurrence in a window; of a rule, ``parts`` says what it is."""
    by_rule = set[date]()
    if parts is not None and made.first is not None and made.first <= last:
        by_rule = {*ruled(parts, made.first, last)}
    day = first
    while day <= last:
        on = day in by_rule if parts is not None else day.weekday() in made.weekdays
        on = on and not (made.first and day < made.first) and not (made.last and day > made.last)
        if (on or day in made.additions) and day not in made.exceptions:
            yield day
        day += DAY


# Rules at random --------------------------------------------------------------------------------

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


def _some(numbers: st.SearchStrategy[int], most: int = 3) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(numbers, min_size=1, max_size=most, unique=True).map(tuple)


def _signed(most: int) -> st.SearchStrategy[int]:
    return st.integers(1, most) | st.integers(-most, -1)


@st.composite
def rules(draw: st.DrawFn, first: date) -> Parts:
    """A rule that can be read, mostly one of few parts."""

    def sometimes(one_in: int) -> bool:
        return draw(st.integers(1, one_in)) == one_in

    freq = draw(st.sampled_from(FREQUENCIES))
    yearly = freq == "YEARLY"
    bymonth = draw(_some(st.integers(1, 12), 4)) if sometimes(3) else ()
    byweekno = (
        draw(_some(st.sampled_from((1, 2, 20, 52, 53, -1, -2, -52, -53))))
        if (yearly and sometimes(4))
        else ()
    )
    near = (first - date(first.year, 1, 1)).days + 1
    yeardays = st.sampled_from((1, 59, 60, 365, 366, -1, -306, -366, near)) | _signed(366)
    byyearday = draw(_some(yeardays, 6)) if yearly and sometimes(4) else ()
    monthdays = st.sampled_from((1, 15, 28, 29, 30, 31, -1, -31)) | _signed(31)
    bymonthday = draw(_some(monthdays, 6)) if freq != "WEEKLY" and sometimes(3) else ()
    ordinals: st.SearchStrategy[int | None] = st.none()
    if freq == "MONTHLY" or (yearly and bymonth):
        ordinals = st.none() | _signed(5)
    elif yearly:
        ordinals = st.none() | _signed(53) | st.sampled_from((1, 53, -53))
    if byweekno:
        ordinals = st.none()
    byday: tuple[tuple[int | None, int], ...] = ()
    if byweekno or sometimes(2):
        pairs = st.tuples(ordinals, st.integers(0, 6))
        byday = tuple(draw(st.lists(pairs, min_size=1, max_size=4, unique=True)))
    chosen = bymonth or byyearday or bymonthday or byday
    bysetpos: tuple[int, ...] = ()
    if chosen and not byweekno and sometimes(3):
        bysetpos = draw(_some(st.sampled_from((1, 2, -1, -2)) | _signed(366)))
    limit = draw(st.sampled_from(("", "", "count", "until")))
    return Parts(
        freq=freq,
        interval=1 if byweekno else draw(st.sampled_from((1, 1, 2, 3, 7, 14))),
        count=draw(st.integers(1, 40)) if limit == "count" else None,
        until=draw(st.dates(first - 9 * DAY, first + 900 * DAY)) if limit == "until" else None,
        wkst=draw(st.sampled_from((0, 0, 6, 3))),
        bymonth=bymonth,
        byweekno=byweekno,
        byyearday=byyearday,
        bymonthday=bymonthday,
        byday=byday,
        bysetpos=bysetpos,
    )
