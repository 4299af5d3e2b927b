"""Openings and closures in a clinic's file (R27, R30).

Weekly on some days, by a rule of RFC 5545, or on a single date; between two wall times; on a grid
of whole minutes.
"""

from datetime import date, datetime, time, timedelta

from attrs import evolve

from omnibook.clinic import Closure, Opening, Release
from omnibook.ids import ActivityId
from omnibook.mistakes import shown
from omnibook.recurrence import Recurrence
from omnibook.recurrence_rule import RuleFault, read_rule
from omnibook.table_reader import DAY_MINUTES, FIRST_DAY, LAST_DAY, MIDNIGHT, TableReader

_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_REMEDY = f"use one of {', '.join(full[:3] for full in _DAY_NAMES)}"
_WEEKDAYS = {name: number for number, full in enumerate(_DAY_NAMES) for name in (full[:3], full)}


def read_activities(
    table: TableReader, key: str, declared: tuple[str, ...]
) -> tuple[ActivityId, ...]:
    """The activities that a list at the key names, each of them declared."""

    def activity(items: TableReader, key: str) -> ActivityId:
        # Without any declared, which is a mistake of its own, none is unknown.
        text = items.known(key, declared) if declared else items.identifier(key)
        return ActivityId(text)

    return table.each(key, activity, f'write {key} = ["follow-up"]')


def read_some_activities(table: TableReader, declared: tuple[str, ...]) -> tuple[ActivityId, ...]:
    """The activities at the key ``activities``, at least one."""
    found = read_activities(table, "activities", declared)
    if not found and table.right("activities"):
        remedy = "name at least one of those declared in [activities]"
        table.refuse("activities", "missing", remedy)
    return found


def read_opening(table: TableReader, declared: tuple[str, ...]) -> Opening | None:
    """An opening: ``days``, ``rule`` or ``date``; ``from``, ``to``, ``every`` and more (R30).

    ``to = "24:00"`` is the midnight at the end of the day; any other end that is not after the
    start needs ``next_day = true``, so that a typing error does not open a night.
    """
    start, end = table.clock("from"), table.clock_or_midnight("to")
    next_day = table.flag("next_day", default=False)
    if table.right("from", "to", "next_day"):
        if end is None and next_day:
            table.refuse("next_day", 'does not go with to = "24:00"', "leave one of them out")
        elif end is not None and end <= start and not next_day:
            remedy = "give a later time, or add next_day = true if it ends on the day after"
            table.refuse("to", "is not after from", remedy)
    recurrence = _recurrence(table)
    activities = read_some_activities(table, declared)
    interval = table.minutes("every", 1, DAY_MINUTES)
    online = table.flag("online", default=True)
    release = None
    if table.has("release"):
        release = table.table("release", _release, 'write { days_before = 2, at = "07:00" }')
    if not table.finish():
        return None
    return Opening(
        start=start,
        end=MIDNIGHT if end is None else end,
        ends_next_day=next_day or end is None,
        recurrence=recurrence,
        activities=frozenset(activities),
        interval=interval,
        online=online,
        release=release,
    )


def _release(table: TableReader) -> Release | None:
    days_before, at = table.whole("days_before", 0, 365), table.clock("at")
    return Release(days_before=days_before, at=at) if table.finish() else None


def _recurrence(table: TableReader) -> Recurrence:
    day = table.day("date")
    keys = ("days", "rule", "since", "until", "except", "also")
    given = [key for key in keys if table.has(key)]
    if table.has("date"):
        for key in given:
            table.refuse(key, "does not go with date", "leave one of them out")
        return Recurrence() if day is None else Recurrence.once(day)
    first, last = table.day("since"), table.day("until")
    exceptions = table.each("except", _day, "write except = [2026-12-25]")
    additions = table.each("also", _day, "write also = [2026-12-24]")
    pattern = _ruled(table, first) if "rule" in given else _weekly(table)
    recurrence = evolve(
        pattern,
        first=first,
        last=last,
        additions=frozenset(additions),
        exceptions=frozenset(exceptions),
    )
    if not recurrence.additions.isdisjoint(exceptions):
        table.refuse("also", "names a date that except takes out", "leave it out of one of them")
    if table.right(*keys):
        _refuse_emptiness(table, evolve(recurrence, additions=frozenset()))
    return recurrence


def _weekly(table: TableReader) -> Recurrence:
    weekdays = table.each("days", _weekday, 'write days = ["mon", "wed"]')
    if not weekdays and table.right("days"):
        remedy = 'write days = ["mon", "wed"], or date = 2026-12-25 for a single one'
        table.refuse("days", "is empty" if table.has("days") else "missing", remedy)
    return Recurrence(weekdays=frozenset(weekdays))


def _ruled(table: TableReader, first: date | None) -> Recurrence:
    if table.has("days"):
        table.refuse("days", "does not go with rule", "leave one of them out; BYDAY has days too")
    if not table.has("since"):
        table.refuse("since", "missing", "give the first date; the rule is counted from it")
    rule = read_rule(table.raw("rule"))
    if isinstance(rule, RuleFault):
        table.refuse("rule", rule.message, rule.remedy)
    if isinstance(rule, RuleFault) or first is None:
        return Recurrence()
    return Recurrence(rule=rule.text, first=first)


def _refuse_emptiness(table: TableReader, pattern: Recurrence) -> None:
    """Refuse days or a rule that fall on no date, where that can be told."""
    first, last = pattern.first, pattern.last
    if first and last and last < first:
        table.refuse("until", "is before since", "exchange them")
    elif first and (last or pattern.rule):
        # A rule without end need not fall on any date either: there is no 30th of February.
        until = "until" if last else str(LAST_DAY)
        if next(pattern.dates(first, last or LAST_DAY), None) is not None:
            return
        if pattern.rule:
            remedy = "check the dates and the rule"
            table.refuse("rule", f"falls on no date from since to {until}", remedy)
        else:
            table.refuse("days", "fall on no date from since to until", "check the dates and days")


def _weekday(items: TableReader, key: str) -> int:
    name = items.text(key).lower()
    if items.right(key) and name not in _WEEKDAYS:
        items.refuse(key, f"unknown day {shown(name)}", _DAY_REMEDY)
    return _WEEKDAYS.get(name, 0)


def _day(items: TableReader, key: str) -> date:
    return items.day(key) or FIRST_DAY


def read_closure(table: TableReader) -> Closure | None:
    """A closure: ``date``, or ``from`` and ``to``, each a whole day or a wall time (R27, R30)."""
    label = table.text("label", "")
    single = table.day("date")
    if table.has("date"):
        for key in ("from", "to"):
            if table.has(key):
                table.refuse(key, "does not go with date", "leave one of them out")
        start, end = single, single
    else:
        start, end = table.day_or_moment("from"), table.day_or_moment("to")
        for key in ("from", "to"):
            if not table.has(key):
                remedy = f"write {key} = 2026-12-24, or {key} = 2026-12-24T12:00:00"
                table.refuse(key, "missing", f"{remedy}; or date = 2026-12-24 for one day")
    first, last = _wall(start, later=0), _wall(end, later=1)
    if start and end and last <= first:
        table.refuse("to", "is not after from", "exchange them; a date counts as a whole day")
    return Closure(start=first, end=last, label=label) if table.finish() else None


def _wall(bound: date | None, *, later: int) -> datetime:
    if isinstance(bound, datetime):
        return bound
    return datetime.combine(bound or FIRST_DAY, time()) + timedelta(days=later)
