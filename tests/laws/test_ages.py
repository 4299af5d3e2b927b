"""Laws and examples of ages (R3, R11, R20)."""

from datetime import date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from omnibook.ages import AgeUnit, completed, is_date, is_too_old, reached
from omnibook.criteria import LARGEST_BOUND
from omnibook.health_numbers import QUEBEC, parse_health_number
from omnibook.identity_form import EntryRules, IdentityForm
from omnibook.problems import InvalidEntry, Problem, ProblemCode

RULES = EntryRules(region="CA", issuer="CA-QC", self_minimum_age=14)


def quebec_number(born: date) -> str:
    """A number that codes this birth date and a man."""
    stem = f"TREM{born.year % 100:02}{born.month:02}{born.day:02}"
    for sequence, check in product("123456789", "0123456789"):
        found = QUEBEC.decode and QUEBEC.decode(f"{stem}{sequence}{check}", born)
        if found and found.birth_date == born:
            return f"{stem}{sequence}{check}"
    raise AssertionError(born)


@given(
    st.dates(date(1800, 1, 1), date(2028, 12, 31)), st.integers(0, 150), st.sampled_from(AgeUnit)
)
@example(date(2008, 2, 29), 18, AgeUnit.YEARS)
@example(date(2026, 10, 31), 1, AgeUnit.MONTHS)
def test_an_age_is_reached_on_the_first_day_it_is_completed(
    birth_date: date, count: int, unit: AgeUnit
) -> None:
    """R20."""
    day = reached(birth_date, count, unit)
    assert day is not None
    assert completed(birth_date, day, unit) == count
    assert completed(birth_date, day - timedelta(days=1), unit) == count - 1


@given(st.dates(), st.sampled_from(AgeUnit))
def test_an_age_past_the_end_of_the_calendar_is_never_reached(
    birth_date: date, unit: AgeUnit
) -> None:
    day = reached(birth_date, LARGEST_BOUND[unit], unit)
    assert day is None or day > birth_date
    assert (day is not None) or completed(birth_date, date.max, unit) < LARGEST_BOUND[unit]


@pytest.mark.parametrize("unit", AgeUnit)
def test_the_end_of_the_calendar_reaches_no_age(unit: AgeUnit) -> None:
    assert reached(date(9999, 6, 1), 150, unit) is None
    assert not is_too_old(date(9999, 6, 1), date.max)


@pytest.mark.parametrize(
    ("birth_date", "on", "unit", "age"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), AgeUnit.YEARS, 17),
        (date(2008, 2, 29), date(2026, 3, 1), AgeUnit.YEARS, 18),
        (date(2008, 2, 29), date(2028, 2, 28), AgeUnit.YEARS, 19),
        (date(2008, 2, 29), date(2028, 2, 29), AgeUnit.YEARS, 20),
        (date(2026, 1, 31), date(2026, 2, 28), AgeUnit.MONTHS, 0),
        (date(2026, 1, 31), date(2026, 3, 1), AgeUnit.MONTHS, 1),
        (date(2026, 1, 31), date(2026, 3, 31), AgeUnit.MONTHS, 2),
        (date(2026, 11, 9), date(2026, 11, 22), AgeUnit.WEEKS, 1),
        (date(2026, 11, 9), date(2026, 11, 23), AgeUnit.WEEKS, 2),
    ],
)
def test_birthdays_on_days_that_a_month_lacks(
    birth_date: date, on: date, unit: AgeUnit, age: int
) -> None:
    """R20: 29 February is a birthday on 1 March in common years."""
    assert completed(birth_date, on, unit) == age


@given(st.dates(date(1880, 1, 1), date(1910, 12, 31)), st.integers(-2, 2))
@example(date(1896, 2, 29), 0)
@example(date(1896, 2, 29), 1)
def test_a_form_and_a_health_number_agree_to_the_day_who_is_too_old(born: date, days: int) -> None:
    """R11: on the 130th birthday nobody is, on the day after everybody."""
    birthday = reached(born, 130)
    assert birthday is not None
    today = birthday + timedelta(days=days)
    form = IdentityForm(
        first_name="Marie",
        last_name="Tremblay",
        birth_date=born,
        gender="male",
        cell_phone="514 555-0123",
    )
    read = form.parse(RULES, today=today)
    codes = {each.code for each in read.problems} if isinstance(read, InvalidEntry) else set()
    number = parse_health_number(quebec_number(born), issuer="CA-QC", today=today)
    assert is_too_old(born, today) is (days > 0)
    assert codes == ({ProblemCode.BIRTH_DATE_TOO_OLD} if days > 0 else set())
    assert isinstance(number, Problem) is (days > 0)


def test_a_date_is_one_without_a_time() -> None:
    assert is_date(date(2026, 11, 23))
    assert not is_date(datetime(2026, 11, 23))  # noqa: DTZ001 - a datetime is what is refused
    assert not is_date("2026-11-23")
