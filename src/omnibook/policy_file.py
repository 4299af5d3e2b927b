"""The table ``[policies]`` of a clinic's file: what a clinic may decide otherwise.

Every field of :class:`~omnibook.clinic.Policies` has a key here. Whatever is left out keeps the
default that the rules state; a value outside the bounds is refused, since it is a typing error
rather than a policy.
"""

from datetime import timedelta

from omnibook.clinic import DayPart, Policies, Reminders, Retention
from omnibook.contacts import ContactSystem
from omnibook.identity import MatchPolicy, NumberPolicy
from omnibook.names import Folding
from omnibook.table_reader import DAY_MINUTES, TableReader

_HOUR = 60
_MONTH = 31 * DAY_MINUTES
_YEAR = 366 * DAY_MINUTES
_MANY = 1000
_DECADE = 3660
"""Days."""


def read_policies(table: TableReader) -> Policies | None:
    """The policies of a table; ``None``, with every mistake added, if there is any.

    Keys and bounds: ``match`` (R5, R6, R8), ``blind_indexes``, ``self_minimum_age`` 0–30 years
    (R3), ``hold_minutes`` 1–60 (R33), ``visit_idle_minutes`` and ``visit_total_minutes`` 1–1440,
    ``visit_activity_minutes`` 0–60 and under the idle ones (R16), ``horizon_days`` 1–1096 and
    ``minimum_notice_minutes`` up to a year (R27), ``cancel_cutoff_minutes`` up to 31 days (R47),
    ``holds_per_contact``, ``holds_per_source``, ``upcoming_per_contact`` and
    ``upcoming_per_source_and_day`` 1–1000 (R36), ``one_upcoming_per_service`` (R52), ``morning``,
    ``afternoon`` and ``evening`` (R24), ``reminders`` (R43), ``channels`` (R42),
    ``retention`` (R51).
    """
    usual = Policies()
    match = table.table("match", _match, "write [policies.match]", default=usual.match)
    blind = table.flag("blind_indexes", default=usual.blind_indexes)
    minimum_age = table.whole("self_minimum_age", 0, 30, usual.self_minimum_age)
    hold = table.minutes("hold_minutes", 1, _HOUR, usual.hold)
    idle = table.minutes("visit_idle_minutes", 1, DAY_MINUTES, usual.visit_idle)
    total = table.minutes("visit_total_minutes", 1, DAY_MINUTES, usual.visit_total)
    activity = table.minutes("visit_activity_minutes", 0, _HOUR, usual.visit_activity)
    if table.right("visit_idle_minutes", "visit_activity_minutes") and activity >= idle:
        remedy = (
            f"give more than visit_activity_minutes, which is {activity // timedelta(minutes=1)}"
        )
        table.refuse("visit_idle_minutes", "is too short", remedy)
    horizon = timedelta(days=table.whole("horizon_days", 1, 1096, usual.horizon.days))
    notice = table.minutes("minimum_notice_minutes", 0, _YEAR, usual.minimum_notice)
    cutoff = table.minutes("cancel_cutoff_minutes", 0, _MONTH, usual.cancel_cutoff)
    holds_per_contact = table.whole("holds_per_contact", 1, _MANY, usual.holds_per_contact)
    holds_per_source = table.whole("holds_per_source", 1, _MANY, usual.holds_per_source)
    per_contact = table.whole("upcoming_per_contact", 1, _MANY, usual.upcoming_per_contact)
    per_source = table.whole(
        "upcoming_per_source_and_day", 1, _MANY, usual.upcoming_per_source_and_day
    )
    one_per_service = table.flag("one_upcoming_per_service", default=usual.one_upcoming_per_service)
    morning = _day_part(table, "morning", usual.morning)
    afternoon = _day_part(table, "afternoon", usual.afternoon)
    evening = _day_part(table, "evening", usual.evening)
    reminders = table.table(
        "reminders", _reminders, "write [policies.reminders]", default=usual.reminders
    )
    channels = usual.channels
    if table.has("channels"):
        remedy = 'write channels = ["email", "phone"]'
        channels = frozenset(table.each("channels", _channel, remedy))
    retention = table.table(
        "retention", _retention, "write [policies.retention]", default=usual.retention
    )
    if not table.finish() or match is None or reminders is None or retention is None:
        return None
    return Policies(
        match=match,
        blind_indexes=blind,
        self_minimum_age=minimum_age,
        hold=hold,
        visit_idle=idle,
        visit_total=total,
        visit_activity=activity,
        horizon=horizon,
        minimum_notice=notice,
        cancel_cutoff=cutoff,
        holds_per_contact=holds_per_contact,
        holds_per_source=holds_per_source,
        upcoming_per_contact=per_contact,
        upcoming_per_source_and_day=per_source,
        one_upcoming_per_service=one_per_service,
        morning=morning,
        afternoon=afternoon,
        evening=evening,
        reminders=reminders,
        channels=channels,
        retention=retention,
    )


def _match(table: TableReader) -> MatchPolicy:
    usual = MatchPolicy()
    policy = MatchPolicy(
        folding=table.word("folding", Folding, usual.folding),
        number=table.word("number", NumberPolicy, usual.number),
        unverified_contacts_count=table.flag(
            "unverified_contacts_count", default=usual.unverified_contacts_count
        ),
        every_contact=table.flag("every_contact", default=usual.every_contact),
    )
    table.finish()
    return policy


def _day_part(table: TableReader, key: str, usual: DayPart) -> DayPart:
    remedy = 'write { from = "08:00", to = "12:00" }'
    return table.table(key, _read_day_part, remedy, default=usual) or usual


def _read_day_part(table: TableReader) -> DayPart:
    lower, upper = table.clock("from"), table.clock_or_midnight("to")
    if table.right("from", "to") and upper is not None and upper <= lower:
        table.refuse("to", "is not after from", 'exchange them; midnight is "24:00"')
    table.finish()
    return DayPart(lower, upper)


def _reminders(table: TableReader) -> Reminders:
    usual = Reminders()
    offsets = usual.offsets
    if table.has("hours_before"):
        offsets = table.each("hours_before", _hours, "write hours_before = [24]")
    reminders = Reminders(
        offsets=offsets,
        quiet_from=table.clock("quiet_from", usual.quiet_from),
        quiet_until=table.clock("quiet_until", usual.quiet_until),
        shortest=table.minutes("shortest_minutes", 0, DAY_MINUTES, usual.shortest),
    )
    table.finish()
    return reminders


def _retention(table: TableReader) -> Retention:
    usual = Retention()
    hours = table.whole("visit_hours", 0, 31 * 24, usual.visits // timedelta(hours=1))
    days = [
        table.whole(key, low, _DECADE, period.days)
        for key, low, period in (
            ("provisional_days", 0, usual.provisional),
            ("notice_days", 1, usual.notices),
            ("audit_days", 30, usual.audit),
        )
    ]
    provisional, notices, audit = (timedelta(days=each) for each in days)
    table.finish()
    return Retention(
        visits=timedelta(hours=hours), provisional=provisional, notices=notices, audit=audit
    )


def _hours(items: TableReader, key: str) -> timedelta:
    return timedelta(hours=items.whole(key, 1, 31 * 24))


def _channel(items: TableReader, key: str) -> ContactSystem:
    return items.word(key, ContactSystem)
