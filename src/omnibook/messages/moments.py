"""Days, times and durations as people read them, in the clinic's zone.

French as in Québec ("mardi 3 mars 2026 à 13 h 30"), English as in Canada ("Tuesday, March 3, 2026
at 1:30 p.m."), with the names of Unicode's CLDR through Babel. A number is never parted from its
unit at the end of a line: the space between them does not break.

On the night when clocks go back, an hour comes twice; a time in it says which of the two it is, for
nobody can tell from "1:30 a.m." (R30).
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date as _cldr_date
from babel.dates import format_time as _cldr_time
from babel.units import format_unit

from omnibook.messages.catalogue import sentence
from omnibook.own_texts import OwnTexts
from omnibook.times import wall_clock

_LOCALES = {"fr": Locale("fr", "CA"), "en": Locale("en", "CA")}
_NO_BREAK = "\u00a0"

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_LONGEST_IN_HOURS = 2 * _DAY


def _locale(language: str) -> Locale:
    return _LOCALES.get(language, _LOCALES["fr"])


def format_start(
    instant: datetime, zone: ZoneInfo, language: str, *, overrides: OwnTexts | None = None
) -> str:
    """Day and time: "mardi 3 mars 2026 à 13 h 30", "Tuesday, March 3, 2026 at 1:30 p.m.".

    ``instant`` is aware, of any zone; it is shown in ``zone``. Any language but ``"en"`` reads as
    French. ``overrides`` are a clinic's own words. Raises
    :class:`~omnibook.errors.InvalidValue` for a naive instant.
    """
    return sentence(
        "moment",
        language,
        overrides=overrides,
        day=format_day(instant, zone, language),
        time=format_time(instant, zone, language, overrides=overrides),
    )


def format_day(instant: datetime, zone: ZoneInfo, language: str) -> str:
    """The day alone, such as "dimanche 1er mars 2026" or "Sunday, March 1, 2026"."""
    local = wall_clock(instant, zone)
    if language == "en":
        pattern = "EEEE, MMMM d, y"
    else:
        # CLDR has no ordinal for the first of the month; French does.
        pattern = "EEEE '1er' MMMM y" if local.day == 1 else "EEEE d MMMM y"
    return _cldr_date(local.date(), format=pattern, locale=_locale(language))


def format_time(
    instant: datetime, zone: ZoneInfo, language: str, *, overrides: OwnTexts | None = None
) -> str:
    """The time alone, such as "13 h 30", "9 h" or "1:30 p.m."; of a repeated hour, which one."""
    local = wall_clock(instant, zone)
    french = "H 'h' mm" if local.minute else "H 'h'"
    pattern = "h:mm a" if language == "en" else french
    wall = local.replace(tzinfo=None).time()
    shown = _cldr_time(wall, format=pattern, locale=_locale(language)).replace(" ", _NO_BREAK)
    if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
        return shown
    code = "moment.after-change" if local.fold else "moment.before-change"
    return sentence(code, language, overrides=overrides, time=shown)


def format_duration(duration: timedelta, language: str) -> str:
    """A length of time, such as "45 secondes", "5 minutes", "1 heure 30 minutes" or "7 jours".

    Smaller units are dropped, never rounded up: seconds from a minute on, minutes from two days on,
    so that no more time is promised than there is. Negative lengths read as nothing.
    """
    left = max(duration, timedelta())
    if left < _MINUTE:
        return _unit(left // timedelta(seconds=1), "second", language)
    if left > _LONGEST_IN_HOURS:
        parts = [(left // _DAY, "day"), (left % _DAY // _HOUR, "hour")]
    else:
        parts = [(left // _HOUR, "hour"), (left % _HOUR // _MINUTE, "minute")]
    return " ".join(_unit(count, unit, language) for count, unit in parts if count)


def _unit(count: int, unit: str, language: str) -> str:
    return format_unit(count, unit, "long", locale=_locale(language)).replace(" ", _NO_BREAK)


def round_up(duration: timedelta) -> timedelta:
    """The same length up to the next whole minute, or second under a minute, for a wait.

    Who comes back after as long as :func:`format_duration` says of this is never too early.
    """
    step = timedelta(seconds=1) if duration <= _MINUTE else _MINUTE
    return -(-duration // step) * step
