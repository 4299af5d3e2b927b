"""Preferences: what is read, and what is wrong with the rest (R11, R24)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from omnibook.clinic import DayPart, Policies
from omnibook.ids import PractitionerId
from omnibook.preference import Filter, Preference
from omnibook.problems import InvalidEntry, ProblemCode
from support.worlds import TORONTO, schedule, small_clinic

CLINIC = small_clinic(schedules=(schedule("gagnon"), schedule("room", practitioner_id=None)))
MALFORMED = ProblemCode.PREFERENCE_MALFORMED
UNKNOWN = ProblemCode.PREFERENCE_PRACTITIONER_UNKNOWN
FIELDS = ("first_date", "last_date", "weekdays", "time_of_day", "practitioner")
MONDAY = date(2026, 3, 2)


class Hostile:
    """Refuses to be compared, counted or shown."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        return "Hostile()"


def read(**typed: object) -> Filter:
    chosen = Preference(**typed).parse(CLINIC)
    assert isinstance(chosen, Filter), chosen
    return chosen


def problems(**typed: object) -> list[tuple[ProblemCode, str]]:
    found = Preference(**typed).parse(CLINIC)
    assert isinstance(found, InvalidEntry), found
    return [(each.code, each.field) for each in found.problems]


anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.binary(),
        st.text(st.characters(exclude_categories=())),
        st.dates(),
        st.datetimes(),
        st.times(),
        st.timedeltas(),
        st.sampled_from(
            ("24:00", "08:00", "morning", "2026-03-02", "x" * 10_000, "\ud800", "٠٨:٠٠")
        ),
        st.just(Hostile()),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=4,
)


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, anything)))
def test_anything_is_read_or_every_problem_is_told_once(typed: dict[str, object]) -> None:
    """R11: never raised; at most one problem of a field, but for dates the wrong way round."""
    chosen = Preference(**typed).parse(CLINIC)
    if isinstance(chosen, InvalidEntry):
        fields = [each.field for each in chosen.problems]
        assert len(fields) == len(set(fields))
        assert set(fields) <= set(FIELDS)
        assert {each.code for each in chosen.problems} <= {
            MALFORMED,
            UNKNOWN,
            ProblemCode.PREFERENCE_DATES_REVERSED,
        }
        assert all(not each.details for each in chosen.problems)
    else:
        assert chosen.weekdays


@given(anything, st.sampled_from(FIELDS))
def test_a_problem_of_one_field_depends_on_that_field_alone(typed: object, name: str) -> None:
    """R11."""
    alone = Preference(**{name: typed}).parse(CLINIC)
    wrong: dict[str, Any] = dict.fromkeys(FIELDS, "nonsense")
    together = Preference(**{**wrong, name: typed}).parse(CLINIC)
    assert isinstance(together, InvalidEntry)
    mine = [each for each in together.problems if each.field == name]
    assert mine == (list(alone.problems) if isinstance(alone, InvalidEntry) else [])


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """R11."""
    assert problems(
        first_date="soon", last_date=5, weekdays=[7], time_of_day="noon", practitioner="x"
    ) == [
        (MALFORMED, "first_date"),
        (MALFORMED, "last_date"),
        (MALFORMED, "weekdays"),
        (MALFORMED, "time_of_day"),
        (UNKNOWN, "practitioner"),
    ]


@pytest.mark.parametrize("blank", [None, "", "  \t"])
def test_what_is_left_out_does_not_matter(blank: object) -> None:
    """R24."""
    typed = {name: blank for name in FIELDS if name != "weekdays"}
    assert read(**typed) == read() == Filter()
    assert Preference.soonest() == Preference()


@pytest.mark.parametrize("weekdays", [None, [], (), set(), list(range(7))])
def test_no_weekday_at_all_means_any(weekdays: object) -> None:
    """R24."""
    assert read(weekdays=weekdays).weekdays == frozenset(range(7))


# Dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [MONDAY, "2026-03-02", " 2026-03-02 "])
@pytest.mark.parametrize("name", ["first_date", "last_date"])
def test_a_date_is_a_date_or_its_text(name: str, typed: object) -> None:
    """R24."""
    chosen = read(**{name: typed})
    assert chosen == (Filter(first=MONDAY) if name == "first_date" else Filter(last=MONDAY))


@pytest.mark.parametrize(
    "typed",
    [
        "2026-3-2",
        "20260302",
        "2026-02-30",
        "0000-01-01",
        "2026-W10-1",
        "2026-03-02T09:00",
        "２０２６-03-02",
        "2026-03-02\n2026-03-03",
        "x" * 10_000,
        "\x00",
        "\ud800",
        20260302,
        0,
        False,
        datetime(2026, 3, 2, tzinfo=UTC),
        b"2026-03-02",
        ["2026-03-02"],
        Hostile(),
    ],
)
@pytest.mark.parametrize("name", ["first_date", "last_date"])
def test_no_other_value_is_a_date(name: str, typed: object) -> None:
    """R11."""
    assert problems(**{name: typed}) == [(MALFORMED, name)]


def test_the_last_date_is_not_before_the_first() -> None:
    """R11, R24: the same one is a single day."""
    reversed_dates = [(ProblemCode.PREFERENCE_DATES_REVERSED, "last_date")]
    assert problems(first_date="2026-03-03", last_date="2026-03-02") == reversed_dates
    assert read(first_date=MONDAY, last_date=MONDAY) == Filter(first=MONDAY, last=MONDAY)
    assert problems(first_date="2026-03-03", last_date="never") == [(MALFORMED, "last_date")]


# Weekdays -------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [[0, 2], (2, 0), {0, 2}, frozenset({0, 2}), [0, 0, 2]])
def test_weekdays_are_numbers_from_monday(typed: object) -> None:
    """R24."""
    assert read(weekdays=typed).weekdays == {0, 2}


@pytest.mark.parametrize(
    "typed",
    [
        [7],
        [-1],
        ["mon"],
        ["0"],
        [True],
        [0, None],
        0,
        "0",
        "",
        "mon",
        {0: 1},
        range(3),
        [0.0],
        [[0]],
    ],
)
def test_no_other_value_is_a_list_of_weekdays(typed: object) -> None:
    """R11."""
    assert problems(weekdays=typed) == [(MALFORMED, "weekdays")]


# Time of day ----------------------------------------------------------------------------------


def test_the_parts_of_the_day_are_those_of_the_clinics_policies() -> None:
    """R24: morning 00–12, afternoon 12–17, evening 17–24, unless the clinic says otherwise."""
    assert read(time_of_day="morning").part == DayPart(time(0), time(12))
    assert read(time_of_day="afternoon").part == DayPart(time(12), time(17))
    assert read(time_of_day="evening").part == DayPart(time(17), None)
    early = evolve(CLINIC, policies=evolve(Policies(), morning=DayPart(time(6), time(10))))
    chosen = Preference(time_of_day="morning").parse(early)
    assert chosen == Filter(part=DayPart(time(6), time(10)))


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        (("13:00", "15:30"), DayPart(time(13), time(15, 30))),
        (["13:00", "15:30"], DayPart(time(13), time(15, 30))),
        ((time(13), "15:30"), DayPart(time(13), time(15, 30))),
        ((time(13), time(15, 30)), DayPart(time(13), time(15, 30))),
        (("13:00", "24:00"), DayPart(time(13), None)),
        (("00:00", "24:00"), DayPart(time(0), None)),
    ],
)
def test_a_range_has_a_lower_and_an_upper_time(typed: object, part: DayPart) -> None:
    """R24."""
    assert read(time_of_day=typed).part == part


@pytest.mark.parametrize(
    "typed",
    [
        "Morning",
        "morning ",
        "13:00",
        "x" * 10_000,
        ("13:00",),
        ("13:00", "14:00", "15:00"),
        ("13:00", "13:00"),
        ("13:00", "12:00"),
        ("13:00", "00:00"),
        ("13:00", "25:00"),
        ("13:00", "13:60"),
        ("24:00", "24:00"),
        ("1:00", "2:00"),
        ("13:00", None),
        (None, "24:00"),
        (13, 15),
        (time(9, tzinfo=UTC), time(10, tzinfo=UTC)),
        ("１３:00", "15:00"),
        (time(9), Hostile()),
        {"09:00", "10:00"},
        5,
        Hostile(),
    ],
)
def test_no_other_value_is_a_time_of_day(typed: object) -> None:
    """R11."""
    assert problems(time_of_day=typed) == [(MALFORMED, "time_of_day")]


# Practitioners --------------------------------------------------------------------------------


def test_a_practitioner_is_one_of_the_clinics() -> None:
    """R24."""
    assert read(practitioner="gagnon") == Filter(practitioner_id=PractitionerId("gagnon"))
    for typed in ("room", "GAGNON", "x", 5, ["gagnon"], Hostile(), "None"):
        assert problems(practitioner=typed) == [(UNKNOWN, "practitioner")]


# Filters --------------------------------------------------------------------------------------


@given(
    st.integers(-3, 12),
    st.sampled_from((0, 569, 570, 599, 600, 719, 720, 1019, 1020, 1439)) | st.integers(0, 1439),
    st.integers(0, 5),
    st.frozensets(st.integers(0, 6)),
    st.sampled_from(("morning", "afternoon", "evening", ("09:30", "10:00"), None)),
)
def test_a_filter_admits_by_the_clock_on_the_wall(
    day: int, minute: int, length: int, weekdays: frozenset[int], part: str | tuple[str, str] | None
) -> None:
    """R24: both dates count; of the times the lower is in and the upper out."""
    last = MONDAY + timedelta(days=length)
    chosen = read(first_date=MONDAY, last_date=last, weekdays=weekdays, time_of_day=part)
    on = MONDAY + timedelta(days=day)
    wall = datetime.combine(on, time(minute // 60, minute % 60))
    bounds: dict[object, tuple[int, int]] = {
        "morning": (0, 720),
        "afternoon": (720, 1020),
        "evening": (1020, 1440),
        ("09:30", "10:00"): (570, 600),
        None: (0, 1440),
    }
    lowest, highest = bounds[part]
    same_day = 0 <= day <= length and (not weekdays or day % 7 in weekdays)
    assert chosen.admits_day(on) == same_day
    start = wall.replace(tzinfo=TORONTO)
    # What the clock skips on the 8th is shown as another time.
    if start.astimezone(UTC).astimezone(TORONTO).replace(tzinfo=None) == wall:
        expected = same_day and lowest <= minute < highest
        assert chosen.admits(start.astimezone(UTC), TORONTO) == expected
