"""Days, times and durations read as people say them."""

from datetime import UTC, datetime, timedelta

import pytest

from omnibook.errors import InvalidValue
from omnibook.messages import format_day, format_duration, format_start, format_time
from support.samples_messages import MONTREAL, a_slot, spaced

SLOT = a_slot()


@pytest.mark.parametrize(
    ("instant", "french", "english"),
    [
        (
            datetime(2026, 3, 3, 18, 30, tzinfo=UTC),
            "mardi 3 mars 2026 à 13 h 30",
            "Tuesday, March 3, 2026 at 1:30 p.m.",
        ),
        (
            datetime(2026, 5, 1, 13, 0, tzinfo=UTC),
            "vendredi 1er mai 2026 à 9 h",
            "Friday, May 1, 2026 at 9:00 a.m.",
        ),
        (
            datetime(2026, 8, 12, 4, 5, tzinfo=UTC),
            "mercredi 12 août 2026 à 0 h 05",
            "Wednesday, August 12, 2026 at 12:05 a.m.",
        ),
        # Clocks go forward: 01:59 is followed by 03:00.
        (
            datetime(2026, 3, 8, 7, 0, tzinfo=UTC),
            "dimanche 8 mars 2026 à 3 h",
            "Sunday, March 8, 2026 at 3:00 a.m.",
        ),
        # Clocks go back: 01:30 comes twice.
        (
            datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
            "dimanche 1er novembre 2026 à 1 h 30 (avant le changement d’heure)",
            "Sunday, November 1, 2026 at 1:30 a.m. (before the clocks change)",
        ),
        (
            datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
            "dimanche 1er novembre 2026 à 1 h 30 (après le changement d’heure)",
            "Sunday, November 1, 2026 at 1:30 a.m. (after the clocks change)",
        ),
    ],
)
def test_a_start_reads_as_people_say_it(instant: datetime, french: str, english: str) -> None:
    """R30."""
    assert spaced(format_start(instant, MONTREAL, "fr")) == french
    assert spaced(format_start(instant, MONTREAL, "en")) == english


def test_a_number_stays_with_its_unit_at_the_end_of_a_line() -> None:
    assert format_time(SLOT.start, MONTREAL, "fr") == "13\u00a0h\u00a030"
    assert format_time(SLOT.start, MONTREAL, "en") == "1:30\u00a0p.m."
    assert format_duration(timedelta(minutes=5), "fr") == "5\u00a0minutes"


def test_a_day_stands_alone() -> None:
    assert format_day(SLOT.start, MONTREAL, "fr") == "mardi 3 mars 2026"
    assert format_day(SLOT.start, MONTREAL, "en") == "Tuesday, March 3, 2026"


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(InvalidValue):
        format_start(datetime(2026, 3, 3, 13, 30), MONTREAL, "fr")  # noqa: DTZ001 - on purpose


@pytest.mark.parametrize(
    ("duration", "french", "english"),
    [
        (timedelta(seconds=-1), "0 seconde", "0 seconds"),
        (timedelta(seconds=45), "45 secondes", "45 seconds"),
        (timedelta(minutes=1, seconds=59), "1 minute", "1 minute"),
        (timedelta(minutes=90), "1 heure 30 minutes", "1 hour 30 minutes"),
        (timedelta(hours=24), "24 heures", "24 hours"),
        (timedelta(hours=48), "48 heures", "48 hours"),
        (timedelta(days=7), "7 jours", "7 days"),
        (timedelta(days=3, hours=1, minutes=5), "3 jours 1 heure", "3 days 1 hour"),
    ],
)
def test_a_duration_reads_as_people_say_it(duration: timedelta, french: str, english: str) -> None:
    assert spaced(format_duration(duration, "fr")) == french
    assert spaced(format_duration(duration, "en")) == english
