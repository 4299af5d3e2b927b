"""Laws of recurrence: the dates are those that trying every date finds (R30)."""

from datetime import date
from itertools import pairwise

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibook.recurrence import Recurrence
from omnibook.recurrence_rule import Rule, RuleFault, read_rule
from support.naive_recurrence import DAY, NAMES, Parts, naive_dates, parts_of, ruled, rules

FIRSTS = st.dates(date(2019, 12, 20), date(2032, 1, 12))
START = date(2026, 1, 1)


def of(text: str, first: date = START, last: date | None = None) -> Recurrence:
    return Recurrence.from_rrule(text, first=first, last=last)


def some(made: Recurrence, number: int, last: date = date(2199, 12, 31)) -> list[str]:
    """The first few dates."""
    found = made.dates(made.first or START, last)
    return [f"{day}" for day, _ in zip(found, range(number), strict=False)]


@st.composite
def recurrences(draw: st.DrawFn) -> tuple[Recurrence, Parts | None]:
    """Of any kind, with what the oracle is told of it."""
    first = draw(FIRSTS)
    near = st.integers(-30, 500).map(lambda n: first + n * DAY)
    parts = draw(st.none() | rules(first))
    made = Recurrence(
        rule=None if parts is None else parts.text,
        weekdays=draw(st.frozensets(st.integers(0, 6))) if parts is None else frozenset(range(7)),
        first=first if parts is not None else draw(st.none() | st.just(first)),
        last=draw(st.none() | near),
        additions=draw(st.frozensets(near, max_size=4)),
        exceptions=draw(st.frozensets(near, max_size=4)),
    )
    # Some exceptions that take something out.
    found = list(made.dates(first, first + 500 * DAY))
    out = draw(st.frozensets(st.sampled_from(found), max_size=3)) if found else frozenset()
    return evolve(made, exceptions=made.exceptions | out), parts


# Laws -------------------------------------------------------------------------------------------


@given(st.data())
def test_a_rule_occurs_on_the_dates_that_trying_each_finds(data: st.DataObject) -> None:
    """R30, after RFC 5545 §3.3.10."""
    first = data.draw(FIRSTS)
    parts = data.draw(rules(first))
    last = first + data.draw(st.sampled_from((0, 40, 900))) * DAY

    assert list(of(parts.text, first).dates(first - 40 * DAY, last)) == ruled(parts, first, last)
    assert parts_of(parts.text) == parts


@settings(max_examples=20)
@given(st.data())
def test_a_rule_that_began_long_ago_goes_on_as_it_began(data: st.DataObject) -> None:
    """R30."""
    first = data.draw(st.dates(date(1990, 1, 1), date(2010, 1, 1)))
    parts = data.draw(rules(first))
    lower, upper = date(2026, 2, 1), date(2027, 3, 1)

    wanted = [day for day in ruled(parts, first, upper) if lower <= day]
    assert list(of(parts.text, first).dates(lower, upper)) == wanted


@given(recurrences())
def test_additions_are_joined_and_exceptions_taken_out(
    drawn: tuple[Recurrence, Parts | None],
) -> None:
    """R30, after RFC 5545 §3.8.5.1: an exception takes an additional date out too."""
    made, parts = drawn
    lower, upper = date(2019, 11, 1), date(2033, 9, 1)
    middle = made.first or date(2026, 1, 1)
    window = max(lower, middle - 40 * DAY), min(upper, middle + 540 * DAY)

    assert list(made.dates(*window)) == list(naive_dates(made, parts, *window))


@given(recurrences(), st.lists(st.integers(-60, 600), min_size=1, max_size=6))
def test_windows_that_split_anywhere_have_the_same_dates(
    drawn: tuple[Recurrence, Parts | None], cuts: list[int]
) -> None:
    """R30: a search asks window by window."""
    made, middle = drawn[0], drawn[0].first or date(2026, 1, 1)
    bounds = [middle + n * DAY for n in sorted({-60, *cuts, 601})]

    whole = list(made.dates(bounds[0], bounds[-1] - DAY))
    parts = [list(made.dates(lower, upper - DAY)) for lower, upper in pairwise(bounds)]

    assert [day for part in parts for day in part] == whole
    assert whole == sorted(set(whole))


@given(recurrences(), st.integers(-60, 600))
def test_a_date_is_in_a_recurrence_if_it_is_one_of_its_dates(
    drawn: tuple[Recurrence, Parts | None], number: int
) -> None:
    """R30."""
    made = drawn[0]
    days = [(made.first or date(2026, 1, 1)) + (number + n) * DAY for n in range(15)]

    assert [day for day in days if day in made] == list(made.dates(days[0], days[-1]))


@given(
    st.frozensets(st.integers(0, 6), min_size=1),
    FIRSTS,
    st.none() | st.integers(0, 700),
    st.integers(0, 6),
)
def test_weekdays_are_a_weekly_rule(
    weekdays: frozenset[int], first: date, length: int | None, week_start: int
) -> None:
    """R30: what the keys of a file say, a rule says too."""
    last = None if length is None else first + length * DAY
    friendly = Recurrence(weekdays=weekdays, first=first, last=last)
    until = "" if last is None else f";UNTIL={last:%Y%m%d}"
    days = ",".join(NAMES[each] for each in weekdays)
    window = first - 20 * DAY, first + 800 * DAY

    for text in (
        f"FREQ=WEEKLY;BYDAY={days};WKST={NAMES[week_start]}{until}",
        f"FREQ=DAILY;BYDAY={days}{until}",
    ):
        assert list(of(text, first).dates(*window)) == list(friendly.dates(*window))


@given(st.data(), st.integers(1, 60))
def test_a_count_ends_where_so_many_dates_were(data: st.DataObject, count: int) -> None:
    """R30: additions and exceptions do not count, nor what another bound cuts off."""
    first = data.draw(FIRSTS)
    endless = evolve(data.draw(rules(first)), count=None, until=None)
    far = date(2034, 12, 31)
    exceptions = list(of(endless.text, first).dates(first, far))[:2]
    ended = Recurrence.from_rrule(
        evolve(endless, count=count).text,
        first=first,
        additions=[first + 9 * DAY],
        exceptions=exceptions,
    )

    wanted = set(list(of(endless.text, first).dates(first, far))[:count]) | {first + 9 * DAY}
    assert set(ended.dates(first, far)) == wanted - set(exceptions)


@given(st.text() | st.binary() | st.none() | st.integers() | st.floats(), st.data())
def test_whatever_is_no_rule_is_refused_with_a_remedy(value: object, data: st.DataObject) -> None:
    """R30: reading never raises."""
    parts = data.draw(rules(START)).text.split(";")
    spoiled = [*parts, "X=1"] if not isinstance(value, str) else [*parts, f"{value}=1"]
    for text in (value, ";".join(spoiled), f"FREQ={value}", f"FREQ=DAILY;BYDAY={value}"):
        found = read_rule(text)
        assert isinstance(found, Rule | RuleFault)
        if isinstance(found, RuleFault):
            assert found.message
            assert found.remedy
    assert isinstance(read_rule(value), RuleFault)
