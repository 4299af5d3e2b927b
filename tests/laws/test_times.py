"""Laws of instants, spans, wall clocks and lines of stretches (R30)."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from omnibook.errors import InvalidValue
from omnibook.times import (
    MINUTE,
    Span,
    Stretch,
    as_instant,
    as_whole_minute,
    days,
    from_minute,
    is_interval,
    line_of,
    local_date,
    minute_from,
    outward,
    place,
    start_of_day,
    to_minute,
    touched,
    wall_clock,
)
from support import naive_availability as naive
from support.strategies_scenes import NIGHTS, clocks

MICROSECOND = timedelta(microseconds=1)
ZONES = st.sampled_from(sorted({zone for zone, _ in NIGHTS})).map(ZoneInfo)

naive_moments = st.builds(
    datetime.combine, st.dates(date(1970, 1, 1), date(2199, 12, 31)), st.times()
)
offsets = st.integers(-23 * 60, 23 * 60).map(lambda n: timezone(timedelta(minutes=n)))
instants = st.builds(lambda moment: moment.replace(tzinfo=UTC), naive_moments)
minutes = st.integers(-(10**6), 10**8)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Spans of a few minutes that often meet, to the microsecond."""
    parts = st.integers(0, 600) | st.integers(0, 10).map(lambda n: n * 60)
    start = draw(parts)
    length = draw(st.integers(1, 300))
    base = datetime(2026, 3, 8, 6, tzinfo=UTC) + draw(st.sampled_from((0, 1))) * MICROSECOND
    return Span(base + timedelta(seconds=start), base + timedelta(seconds=start + length))


# Instants -------------------------------------------------------------------------------------


@given(naive_moments, offsets)
def test_an_instant_is_the_same_one_in_utc(moment: datetime, offset: timezone) -> None:
    aware = moment.replace(tzinfo=offset)
    assert as_instant(aware) == aware
    assert as_instant(aware).tzinfo is UTC


@pytest.mark.parametrize("given_", [None, 5, "2026-03-02T12:00Z", date(2026, 3, 2), time(9)])
def test_only_a_datetime_is_an_instant(given_: object) -> None:
    with pytest.raises(InvalidValue, match=type(given_).__name__):
        as_instant(given_)  # type: ignore[arg-type]


@given(naive_moments)
def test_a_naive_datetime_is_no_instant(moment: datetime) -> None:
    for wrong in (as_instant, as_whole_minute, to_minute):
        with pytest.raises(InvalidValue, match="time zone"):
            wrong(moment)
    with pytest.raises(InvalidValue):
        Span(moment, moment.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "edge",
    [
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    ],
)
def test_an_instant_beyond_the_calendar_is_no_instant(edge: datetime) -> None:
    with pytest.raises(InvalidValue, match="9999"):
        as_instant(edge)


@given(instants)
@example(datetime(2026, 3, 2, 12, tzinfo=UTC))
def test_a_claim_is_on_the_whole_minute(moment: datetime) -> None:
    """R30."""
    floor = moment.replace(second=0, microsecond=0)
    assert as_whole_minute(floor) == floor
    if moment != floor:
        with pytest.raises(InvalidValue, match="whole UTC minutes"):
            as_whole_minute(moment)


@given(minutes)
def test_minutes_count_from_1970(minute: int) -> None:
    assert to_minute(from_minute(minute)) == minute
    assert from_minute(minute + 1) - from_minute(minute) == MINUTE
    assert minute_from(from_minute(minute)) == minute
    assert (
        to_minute(from_minute(minute) - MICROSECOND),
        minute_from(from_minute(minute) - MICROSECOND),
    ) == (minute - 1, minute)
    assert from_minute(0) == datetime(1970, 1, 1, tzinfo=UTC)


# Spans ----------------------------------------------------------------------------------------


@given(instants, st.timedeltas(timedelta(days=-9), timedelta()))
def test_a_span_ends_after_it_starts(start: datetime, back: timedelta) -> None:
    assume(start.year > 1970)
    with pytest.raises(InvalidValue, match="end after"):
        Span(start, start + back)


@given(spans(), spans())
def test_two_spans_overlap_when_an_instant_lies_in_both(one: Span, two: Span) -> None:
    """R40: spans that only touch do not."""
    later = max(one.start, two.start)
    assert one.overlaps(two) == two.overlaps(one) == (later in one and later in two)
    beside = Span(one.end, one.end + MINUTE)
    assert not one.overlaps(beside)
    assert not beside.overlaps(one)


@given(spans(), spans())
def test_a_span_covers_another_when_both_ends_lie_in_it(one: Span, two: Span) -> None:
    assert one.covers(two) == (two.start in one and two.end - MICROSECOND in one)
    assert one.covers(one)
    assert one.start in one
    assert one.end not in one


@given(spans(), st.integers(0, 90), st.integers(0, 90))
def test_a_widened_span_covers_the_span(one: Span, before: int, after: int) -> None:
    wide = one.widened(before * MINUTE, after * MINUTE)
    assert wide.covers(one)
    assert (one.start - wide.start, wide.end - one.end) == (before * MINUTE, after * MINUTE)


@given(spans())
def test_busy_time_is_widened_to_the_whole_minutes_that_it_touches(one: Span) -> None:
    """R30: no further; a whole minute that is not touched stays free."""
    wide = outward(one.start, one.end)
    assert wide.covers(one)
    assert one.start - wide.start < MINUTE
    assert wide.end - one.end < MINUTE
    assert outward(wide.start, wide.end) == wide
    stretch = touched(one)
    assert Span(from_minute(stretch.first), from_minute(stretch.last)) == wide


def test_what_ends_after_the_last_minute_of_the_calendar_is_refused() -> None:
    last = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    begin = last - timedelta(seconds=90)
    assert outward(begin, last) == Span(last - 2 * MINUTE, last)
    for beyond in (last + MICROSECOND, datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(InvalidValue, match="9999-12-31T23:59Z"):
            outward(begin, beyond)


@given(st.integers(-2000, 2000), st.integers(0, 59))
def test_an_interval_is_of_1_to_1440_whole_minutes(minutes: int, seconds: int) -> None:
    """R30."""
    stretch = timedelta(minutes=minutes, seconds=seconds)
    assert is_interval(stretch) == (seconds == 0 and minutes in range(1, 1441))


# Wall clocks ----------------------------------------------------------------------------------


@given(st.sampled_from(NIGHTS), st.integers(-1, 1), clocks())
def test_a_wall_time_is_placed_where_a_clock_that_is_watched_first_shows_it(
    night: tuple[str, date], later: int, clock: time
) -> None:
    """R30: and one that it never shows, by the offset before the gap."""
    zone, day = ZoneInfo(night[0]), night[1] + timedelta(days=later)
    wall = datetime.combine(day, clock)
    instant = place(wall, zone)
    assert to_minute(instant) == naive.placed(wall, zone)
    if naive.shown(to_minute(instant), zone) != wall:
        skipped = instant.astimezone(zone).utcoffset()
        before = (instant - timedelta(hours=3)).astimezone(zone).utcoffset()
        assert skipped != before
    else:
        earlier = instant - timedelta(hours=1)
        assert wall_clock(earlier, zone).replace(tzinfo=None) != wall


@example(datetime(1994, 10, 1, tzinfo=UTC), ZoneInfo("Africa/Cairo"))
@given(instants, ZONES)
def test_what_a_wall_clock_shows_leads_back_to_the_instant(
    moment: datetime, zone: ZoneInfo
) -> None:
    """R30: or to the hour before, when it is shown a second time."""
    shown = wall_clock(moment, zone)
    # Not "shown == moment": in an hour that is shown twice no two zones are ever equal (PEP 495).
    assert shown.astimezone(UTC) == moment
    assert shown.tzinfo is zone
    assert local_date(moment, zone) == shown.date()
    back = place(shown.replace(tzinfo=None), zone)
    assert back == moment or (shown.fold and timedelta() < moment - back <= timedelta(hours=1))


def test_a_wall_time_is_naive() -> None:
    with pytest.raises(InvalidValue, match="naive"):
        place(datetime(2026, 3, 2, tzinfo=UTC), ZoneInfo("UTC"))
    with pytest.raises(InvalidValue, match="zone"):
        wall_clock(datetime.combine(date(2026, 3, 2), time()), ZoneInfo("UTC"))


@given(st.dates(date(2024, 1, 1), date(2026, 12, 30)), ZONES)
def test_a_day_begins_with_its_first_instant_and_ends_with_the_next_ones(
    day: date, zone: ZoneInfo
) -> None:
    """R24: also where midnight does not exist, as in Cairo in April."""
    start, end = start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone)
    assert local_date(start, zone) == day
    assert local_date(start - MICROSECOND, zone) == day - timedelta(days=1)
    assert local_date(end - MICROSECOND, zone) == day
    assert timedelta(hours=22) < end - start < timedelta(hours=26)


@given(st.dates(), st.integers(-3, 400))
def test_days_are_counted_from_first_to_last_both_included(first: date, more: int) -> None:
    assume(0 < first.toordinal() + more <= date.max.toordinal())
    last = date.fromordinal(first.toordinal() + more)
    found = list(days(first, last))
    assert len(found) == max(0, more + 1)
    assert all(first <= each <= last for each in found)
    assert found == sorted(set(found))


# Lines ----------------------------------------------------------------------------------------

stretches = st.builds(
    lambda first, length: Stretch(first, first + length), st.integers(0, 60), st.integers(1, 40)
)


@given(st.lists(stretches, max_size=12), stretches)
def test_a_line_finds_each_stretch_that_overlaps_and_no_other(
    given_: list[Stretch], asked: Stretch
) -> None:
    """R27, R40: whatever lies within or over another; those that only touch are no matter."""
    line = line_of(given_)
    found = list(line.overlapping(asked.first, asked.last))
    expected = [
        each
        for each in given_
        if set(range(each.first, each.last)) & set(range(asked.first, asked.last))
    ]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert [each.first for each in found] == sorted(each.first for each in found)
    assert sorted(map(repr, line.stretches)) == sorted(map(repr, given_))
