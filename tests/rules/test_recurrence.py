"""Recurrences by example: what RFC 5545 says, what is refused, and what each costs (R30)."""

import copy
import pickle
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from dateutil import rrule

from omnibook.errors import InvalidValue
from omnibook.recurrence import Recurrence
from omnibook.recurrence_rule import days_of_year

START = date(2026, 1, 1)


def of(text: str, first: date = START) -> Recurrence:
    return Recurrence.from_rrule(text, first=first)


def some(made: Recurrence, number: int, last: date = date(2199, 12, 31)) -> list[str]:
    """The first few dates."""
    found = made.dates(made.first or START, last)
    return [f"{day}" for day, _ in zip(found, range(number), strict=False)]


@pytest.mark.parametrize(
    ("text", "first", "wanted"),
    [
        # Of RFC 5545 §3.8.5.3, and of its errata none.
        ("FREQ=DAILY;COUNT=3", date(1997, 9, 2), "1997-09-02 1997-09-03 1997-09-04"),
        ("FREQ=DAILY;INTERVAL=10;COUNT=3", date(1997, 9, 2), "1997-09-02 1997-09-12 1997-09-22"),
        (
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH;COUNT=7",
            date(1997, 9, 2),
            "1997-09-02 1997-09-04 1997-09-16 1997-09-18 1997-09-30 1997-10-02 1997-10-14",
        ),
        (
            "FREQ=MONTHLY;COUNT=4;BYDAY=1FR",
            date(1997, 9, 5),
            "1997-09-05 1997-10-03 1997-11-07 1997-12-05",
        ),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", date(1997, 9, 22), "1997-09-22 1997-10-20 1997-11-17"),
        ("FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=2", date(1997, 9, 28), "1997-09-28 1997-10-29"),
        ("FREQ=YEARLY;BYDAY=20MO;COUNT=3", date(1997, 5, 19), "1997-05-19 1998-05-18 1999-05-17"),
        (
            "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3",
            date(1997, 5, 12),
            "1997-05-12 1998-05-11 1999-05-17",
        ),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=2", date(1997, 9, 2), "1998-02-13 1998-03-13"),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3",
            date(1996, 11, 5),
            "1996-11-05 2000-11-07 2004-11-02",
        ),
        (
            "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3",
            date(1997, 9, 4),
            "1997-09-04 1997-10-07 1997-11-06",
        ),
        # The week start matters.
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
            date(1997, 8, 5),
            "1997-08-05 1997-08-10 1997-08-19 1997-08-24",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            date(1997, 8, 5),
            "1997-08-05 1997-08-17 1997-08-19 1997-08-31",
        ),
        # An invalid date, such as the 30th of February, is ignored.
        (
            "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
            date(2007, 1, 15),
            "2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30",
        ),
        # Not of the RFC: a first date on which the rule does not fall is none, and is not counted.
        ("FREQ=MONTHLY;BYDAY=2TU;COUNT=2", date(2026, 11, 23), "2026-12-08 2027-01-12"),
        # What is left out comes from the first date.
        ("freq=weekly;count=2", date(2026, 11, 23), "2026-11-23 2026-11-30"),
        ("FREQ=MONTHLY;COUNT=3", date(2026, 1, 31), "2026-01-31 2026-03-31 2026-05-31"),
        ("FREQ=YEARLY;COUNT=2", date(2024, 2, 29), "2024-02-29 2028-02-29"),
        ("FREQ=YEARLY;BYMONTH=3,6;COUNT=3", date(2026, 3, 9), "2026-03-09 2026-06-09 2027-03-09"),
        # A week has its positions from its first day on, whenever the rule began in it.
        ("FREQ=WEEKLY;BYDAY=MO,WE;BYSETPOS=1;COUNT=1", date(2026, 11, 24), "2026-11-30"),
        ("FREQ=WEEKLY;BYDAY=MO,WE;BYSETPOS=3,-5", date(2026, 11, 24), ""),
        ("FREQ=DAILY;BYDAY=MO;BYSETPOS=-1;COUNT=1", date(2026, 11, 24), "2026-11-30"),
        ("FREQ=DAILY;BYDAY=MO;BYSETPOS=2", date(2026, 11, 24), ""),
        ("FREQ=WEEKLY;WKST=SU;BYDAY=SU,MO;BYSETPOS=1;COUNT=1", date(2026, 11, 24), "2026-11-29"),
        # Weeks around the new year: 2026 has 53 of them, and dateutil miscounts some.
        ("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO;COUNT=2", date(2026, 1, 1), "2026-12-28 2027-12-27"),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR;COUNT=1", date(2026, 1, 1), "2027-01-01"),
        ("FREQ=YEARLY;BYWEEKNO=-53;BYDAY=WE;COUNT=1", date(2025, 12, 1), "2025-12-31"),
        # dateutil takes the two for one another's condition.
        (
            "FREQ=MONTHLY;BYDAY=MO,1TU;COUNT=3",
            date(2026, 12, 1),
            "2026-12-01 2026-12-07 2026-12-14",
        ),
        # It never occurs, or comes too late.
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", date(2026, 1, 1), ""),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", date(2026, 11, 24), ""),
        ("FREQ=WEEKLY;INTERVAL=9999;BYDAY=MO;BYSETPOS=1", date(2026, 11, 24), ""),
        ("FREQ=DAILY;UNTIL=20261123", date(2026, 11, 24), ""),
        ("RRULE:FREQ=DAILY;UNTIL=20261124", date(2026, 11, 24), "2026-11-24"),
    ],
)
def test_a_rule_is_read_as_the_rfc_has_it(text: str, first: date, wanted: str) -> None:
    """R30."""
    assert some(of(text, first), 9) == wanted.split()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (7, "must be a text; write it as"),
        ("", "something else than parts; use FREQ, "),
        ("FREQ", "has no value at FREQ"),
        ("FREQ=DAILY;", "something else than parts"),
        ("INTERVAL=2", "has no FREQ; use FREQ=DAILY or WEEKLY or"),
        ("FREQ=HOURLY", "a FREQ that dates do not have; use FREQ=DAILY"),
        ("FREQ=DAILY;FREQ=DAILY", "has FREQ twice"),
        ("FREQ=DAILY;BYHOUR=9", "cannot have BYHOUR; leave it out"),
        ("FREQ=DAILY;BYMINUTE=9", "cannot have BYMINUTE; leave it out"),
        ("FREQ=DAILY;BYSECOND=9", "cannot have BYSECOND; leave it out"),
        ("FREQ=DAILY;BYEASTER=1", "cannot have the part BYEASTER; use FREQ, INTERVAL"),
        ("FREQ=DAILY;SKIP=FORWARD", "cannot have the part SKIP"),
        ("DTSTART:20260101", "cannot have DTSTART; give the first date beside"),
        ("EXDATE:20260101", "cannot have EXDATE; give the exceptions beside"),
        ("RDATE;VALUE=DATE:20260101", "cannot have RDATE; give the additional dates beside"),
        ("DTSTART:20260101\nRRULE:FREQ=DAILY", "printable ASCII"),
        ("FREQ=DA\u0130LY", "printable ASCII"),
        ("FREQ=DAILY;COUNT=\u0663", "printable ASCII"),
        ("FREQ=DAILY;BYDAY=" + "MO," * 200, "too long; use at most 500"),
        ("FREQ=DAILY;COUNT=0", "wrong number at COUNT; use 1 to 99999"),
        ("FREQ=DAILY;COUNT=100000", "wrong number at COUNT"),
        ("FREQ=DAILY;INTERVAL=-1", "wrong number at INTERVAL; use 1 to 9999"),
        ("FREQ=DAILY;INTERVAL=10000", "wrong number at INTERVAL"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "both COUNT and UNTIL"),
        ("FREQ=DAILY;UNTIL=20270230", "UNTIL that is no date; write the last date"),
        ("FREQ=DAILY;UNTIL=20270101T000000Z", "UNTIL that is no date"),
        ("FREQ=WEEKLY;WKST=1", "WKST that is no day"),
        ("FREQ=YEARLY;BYMONTH=13", "wrong number at BYMONTH; use 1 to 12"),
        ("FREQ=YEARLY;BYMONTH=-1", "wrong number at BYMONTH; use 1 to 12"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "wrong number at BYMONTHDAY; use 1 to 31, or from the end"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,,2", "wrong number at BYMONTHDAY"),
        ("FREQ=YEARLY;BYYEARDAY=367", "wrong number at BYYEARDAY"),
        ("FREQ=YEARLY;BYWEEKNO=54;BYDAY=MO", "wrong number at BYWEEKNO"),
        ("FREQ=MONTHLY;BYDAY=XX", "something else than days at BYDAY; use days such as"),
        ("FREQ=MONTHLY;BYDAY=0MO", "something else than days at BYDAY"),
        ("FREQ=YEARLY;BYDAY=54MO", "something else than days at BYDAY"),
        ("FREQ=MONTHLY;BYDAY=6MO", "a BYDAY beyond its month"),
        ("FREQ=YEARLY;BYMONTH=2;BYDAY=-6MO", "a BYDAY beyond its month"),
        ("FREQ=WEEKLY;BYDAY=2MO", "a BYDAY that is not counted in months or years"),
        ("FREQ=DAILY;BYDAY=-1MO", "a BYDAY that is not counted in months or years"),
        ("FREQ=YEARLY;BYWEEKNO=2;BYDAY=2MO", "a BYDAY that is not counted in months or years"),
        ("FREQ=WEEKLY;BYMONTHDAY=2", "BYMONTHDAY when it is weekly"),
        ("FREQ=MONTHLY;BYYEARDAY=2", "BYYEARDAY unless it is yearly"),
        ("FREQ=MONTHLY;BYWEEKNO=2;BYDAY=MO", "BYWEEKNO unless it is yearly"),
        ("FREQ=YEARLY;BYWEEKNO=2", "calendars understand differently; add BYDAY"),
        ("FREQ=YEARLY;BYWEEKNO=2;BYDAY=MO;BYSETPOS=1", "calendars understand differently"),
        ("FREQ=YEARLY;BYWEEKNO=2;BYDAY=MO;INTERVAL=2", "calendars understand differently"),
        ("FREQ=MONTHLY;BYSETPOS=1", "has a BYSETPOS alone; add what it chooses from"),
    ],
)
def test_what_dates_do_not_have_is_refused(text: str, message: str) -> None:
    """R30: a clear mistake that says what to write instead."""
    with pytest.raises(InvalidValue) as caught:
        of(text)
    assert message in str(caught.value)


MOMENT = datetime.combine(START, datetime.min.time())


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": MOMENT},
        {"last": MOMENT},
        {"additions": frozenset({MOMENT})},
        {"exceptions": frozenset({MOMENT})},
    ],
    ids=str,
)
def test_a_recurrence_is_of_dates(wrong: dict[str, Any]) -> None:
    """R30: a moment would never be equal to a date, and so be no exception."""
    with pytest.raises(InvalidValue, match="is of dates"):
        Recurrence(**wrong)


def test_a_rule_has_a_first_date_and_no_weekdays_beside() -> None:
    """R30."""
    with pytest.raises(InvalidValue, match="needs the first date"):
        Recurrence(rule="FREQ=DAILY")
    with pytest.raises(InvalidValue, match="leave weekdays out"):
        Recurrence(rule="FREQ=DAILY", first=START, weekdays=frozenset({0}))
    for year in (1, 9999):
        with pytest.raises(InvalidValue, match="in the years 2 to 9998"):
            of("FREQ=DAILY", date(year, 6, 1))
    with pytest.raises(InvalidValue, match="0, Monday, to 6"):
        Recurrence(weekdays=frozenset({7}))


def test_a_rule_ends_before_the_last_year_that_there_is() -> None:
    """R30: whatever window is asked for."""
    weekly = of("FREQ=WEEKLY;BYDAY=SA,SU;BYSETPOS=-1", date(9998, 12, 1))
    assert some(weekly, 9, date.max) == ["9998-12-06", "9998-12-13", "9998-12-20", "9998-12-27"]
    assert list(of("FREQ=WEEKLY", date(2, 1, 1)).dates(date.min, date(2, 1, 9))) == [
        date(2, 1, 1),
        date(2, 1, 8),
    ]
    assert list(weekly.dates(date.min, date(1, 6, 1))) == []


def test_a_recurrence_is_a_value() -> None:
    """R30: frozen, comparable, hashable, printable; equal however its letters were written."""
    made = of("RRULE:freq=monthly;byday=2TU")
    assert made == of("FREQ=MONTHLY;BYDAY=2TU")
    assert made != of("FREQ=MONTHLY;BYDAY=3TU")
    assert len({made, of("FREQ=MONTHLY;BYDAY=2TU"), copy.copy(made)}) == 1
    assert list(made.dates(START, date(2026, 2, 1))) == [date(2026, 1, 13)]
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - its own
    assert "FREQ=MONTHLY;BYDAY=2TU" in repr(made)
    assert made.rule == "FREQ=MONTHLY;BYDAY=2TU"
    with pytest.raises(AttributeError):
        made.rule = None  # type: ignore[misc]


def test_an_additional_date_comes_outside_of_the_bounds_too_and_once() -> None:
    """R30."""
    made = Recurrence.from_rrule(
        "FREQ=WEEKLY;BYDAY=MO",
        first=date(2026, 11, 23),
        last=date(2026, 11, 30),
        additions=[date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 24), date(2026, 12, 25)],
        exceptions=[date(2026, 12, 25)],
    )
    assert some(evolve(made, first=date(2026, 11, 23)), 9) == [
        "2026-11-23",
        "2026-11-30",
        "2026-12-24",
    ]
    assert date(2026, 11, 1) in made
    listed = Recurrence(weekdays=frozenset(), additions=frozenset({date(2026, 5, 5), START}))
    assert list(listed.dates(date.min, date.max)) == [START, date(2026, 5, 5)]


def test_a_window_far_from_the_first_date_costs_what_lies_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R30: only the years that are asked for are worked out, each once for all equal rules."""
    built: list[object] = []
    real = rrule.rrule

    def counting(*given: object, **more: object) -> object:
        built.append(more["dtstart"])
        return real(*given, **more)  # type: ignore[arg-type]

    days_of_year.cache_clear()
    monkeypatch.setattr(rrule, "rrule", counting)
    texts = ("FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;BYDAY=2TU", "FREQ=DAILY;INTERVAL=3")
    first, asked = date(1971, 5, 4), date(2026, 11, 23)
    rounds = [
        [list(of(text, first).dates(asked, asked + 9 * timedelta(days=1))) for text in texts]
        for _ in range(50)
    ]

    assert built == [date(2026, 1, 1)] * 3
    assert all(each == rounds[0] for each in rounds)
    assert rounds[0][0] == [date(2026, 11, 23), date(2026, 11, 30)]


def test_a_rule_that_never_occurs_ends() -> None:
    """R30: dateutil alone would go through every day until the year 9999."""
    for text in (
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31",
        "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31;COUNT=3",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
    ):
        made = of(text, date(2026, 2, 1))
        assert list(made.dates(date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=36_525))) == []
