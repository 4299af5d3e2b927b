"""The criteria that ask the patient's visits: those that were, and those to come (R20).

What counts as a visit, and on which day it was, is settled by :mod:`omnibook.known_facts`.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from enum import StrEnum, unique
from types import MappingProxyType
from typing import ClassVar, Self, cast

from attrs import field, frozen

from omnibook.ages import AgeUnit, reached
from omnibook.criterion import CriterionKinds, Finding
from omnibook.criterion_words import ONE_WORD, Plain, found, word_of
from omnibook.dated_criteria import AsOf
from omnibook.errors import InvalidValue
from omnibook.facts import UNKNOWN, Day, Fact, FactName, Facts, Truth, at_least
from omnibook.reason_codes import ReasonCode
from omnibook.table_reader import TableReader

MOST_UPCOMING = 100
"""The largest limit of :class:`UpcomingLimit`."""


@unique
class PeriodUnit(StrEnum):
    """What a time between visits is counted in."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


LONGEST = MappingProxyType(
    {
        PeriodUnit.DAYS: 36500,
        PeriodUnit.WEEKS: 5200,
        PeriodUnit.MONTHS: 1200,
        PeriodUnit.YEARS: 100,
    }
)
"""The largest count of a :class:`Period` in each unit, about 100 years."""


@frozen
class Period:
    """A time between visits: so many days, weeks, months or years.

    Raises :class:`InvalidValue` for a count that is no whole number from 1 to :data:`LONGEST`, or
    another type of unit.
    """

    count: int
    unit: PeriodUnit = PeriodUnit.DAYS

    def __attrs_post_init__(self) -> None:
        count, unit = cast("object", self.count), cast("object", self.unit)
        # True is an int to isinstance.
        if not isinstance(unit, PeriodUnit) or type(count) is not int:
            raise InvalidValue("a period needs a whole number and a PeriodUnit")
        if not 1 <= count <= LONGEST[unit]:
            raise InvalidValue(f"a period's count is a whole number from 1 to {LONGEST[unit]}")

    def after(self, day: date) -> date | None:
        """The day on which the period after ``day`` is over; None past the calendar's end."""
        if self.unit is PeriodUnit.DAYS:
            ordinal = day.toordinal() + self.count
            return date.fromordinal(ordinal) if ordinal <= date.max.toordinal() else None
        return reached(day, self.count, AgeUnit(self.unit.value))

    def before(self, day: date) -> Iterator[date]:
        """The days among which is the first from which the period is not over at ``day``."""
        days = {
            PeriodUnit.DAYS: self.count,
            PeriodUnit.WEEKS: self.count * 7,
            PeriodUnit.MONTHS: self.count * 30.436875,
            PeriodUnit.YEARS: self.count * 365.2425,
        }[self.unit]
        middle = day.toordinal() - int(days)
        for ordinal in range(middle - _NEAR, middle + _NEAR + 1):
            if 1 <= ordinal <= date.max.toordinal():
                yield date.fromordinal(ordinal)

    def settings(self) -> dict[str, object]:
        """The ``count`` and the ``unit``."""
        return {"count": self.count, "unit": self.unit.value}


_NEAR = 4
"""Days by which months and years of different lengths can be off."""


def _period_schema(properties: dict[str, object], *required: str) -> dict[str, object]:
    counts = {
        unit: {"type": "integer", "minimum": 1, "maximum": most} for unit, most in LONGEST.items()
    }
    narrower: dict[str, object] = {"properties": {"count": counts.pop(PeriodUnit.DAYS)}}
    for unit, count in counts.items():
        narrower = {
            "if": {"properties": {"unit": {"const": unit.value}}, "required": ["unit"]},
            "then": {"properties": {"count": count}},
            "else": narrower,
        }
    return {
        "properties": {
            **properties,
            "count": {"type": "integer", "minimum": 1},
            "unit": {"enum": [each.value for each in PeriodUnit]},
        },
        "required": [*required, "count"],
        "allOf": [narrower],
    }


def _read_period(table: TableReader) -> Period | None:
    unit = table.word("unit", PeriodUnit, PeriodUnit.DAYS)
    # With a unit that cannot be read, the widest limit is all that can be told.
    most = LONGEST[unit if table.right("unit") else PeriodUnit.DAYS]
    count = table.whole("count", 1, most)
    return Period(count, unit) if table.right("unit", "count") else None


def _service(given: str | None) -> str | None:
    return None if given is None else word_of(given)


def _read_service(table: TableReader) -> str | None:
    return table.text("service") if table.has("service") else None


def _period_of(given: Period) -> Period:
    if not isinstance(cast("object", given), Period):
        raise InvalidValue("a criterion about visits needs a Period, such as Period(6)")
    return given


# Visits that were --------------------------------------------------------------------------------


def _visited(facts: Facts, service: str | None) -> tuple[Fact[date], FactName]:
    """The last visit, or the last for a service, and the fact that tells it."""
    if service is None:
        return facts.last_visit, FactName.LAST_VISIT
    prior = facts.prior_visits
    if prior is UNKNOWN or prior is None:
        return prior, FactName.PRIOR_VISITS
    return prior.of(service), FactName.PRIOR_VISITS


@unique
class When(StrEnum):
    """On which side of a period the last visit lies."""

    WITHIN = "within"
    BEFORE = "before"


@frozen(kw_only=True)
class LastVisit:
    """The last visit lies within the period, or before it (R20).

    Within six months holds up to the day six months after the visit, and before from the next day
    on. Neither holds for somebody known never to have come. With ``service``, the last visit for
    that service is meant.

    Raises :class:`InvalidValue` for a setting of another type.
    """

    kind: ClassVar[str] = "last-visit"
    when: When
    period: Period = field(converter=_period_of)
    service: str | None = field(default=None, converter=_service)
    as_of: AsOf = AsOf.VISIT

    def __attrs_post_init__(self) -> None:
        when, as_of = cast("object", self.when), cast("object", self.as_of)
        if not (isinstance(when, When) and isinstance(as_of, AsOf)):
            raise InvalidValue("a last visit needs a When and an AsOf")

    @property
    def asks(self) -> frozenset[FactName]:
        """The last visit, or the visits by service."""
        return frozenset({_fact_of(self.service)})

    def judge(self, facts: Facts, on: Day) -> Finding:
        """UNKNOWN only if nobody tells of a visit, nor that there was none."""
        last, name = _visited(facts, self.service)
        if last is UNKNOWN:
            return found(Truth.UNKNOWN, ReasonCode.LAST_VISIT_UNKNOWN, name)
        if last is None:
            return found(Truth.FALSE, ReasonCode.LAST_VISIT_NONE, name)
        over = self.period.after(last)
        within = over is None or self.as_of.of(on) <= over
        code = ReasonCode.LAST_VISIT_WITHIN if within else ReasonCode.LAST_VISIT_BEFORE
        return found(Truth.of(within is (self.when is When.WITHIN)), code, name)

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """The day after the period, if as of the visit."""
        visited, _ = _visited(facts, self.service)
        if self.as_of is AsOf.BOOKING or visited is UNKNOWN or visited is None:
            return
        over = self.period.after(visited)
        if over is not None and over < date.max:
            yield over + timedelta(days=1)

    def settings(self) -> dict[str, object]:
        """``when``, the ``count`` and ``unit``, the ``service`` if one is named, ``as_of``."""
        named = {} if self.service is None else {"service": self.service}
        period = self.period.settings()
        return {"when": self.when.value, **period, **named, "as_of": self.as_of.value}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        properties: dict[str, object] = {
            "when": {"enum": [each.value for each in When]},
            "service": ONE_WORD,
            "as_of": {"enum": [each.value for each in AsOf]},
        }
        return _period_schema(properties, "when")

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """Of ``{ kind = "last-visit", when = "within", count = 6, unit = "months" }``."""
        when = table.word("when", When)
        period = _read_period(table)
        service = _read_service(table)
        as_of = table.word("as_of", AsOf, AsOf.VISIT)
        if not table.finish() or period is None:
            return None
        return cls(when=when, period=period, service=service, as_of=as_of)


def _fact_of(service: str | None) -> FactName:
    return FactName.LAST_VISIT if service is None else FactName.PRIOR_VISITS


@frozen
class HadVisitFor(Plain):
    """The patient came for this service before, however long ago (R20).

    Raises :class:`InvalidValue` for a service that is no text of one line.
    """

    kind: ClassVar[str] = "prior-visit"
    asks: ClassVar[frozenset[FactName]] = frozenset({FactName.PRIOR_VISITS})
    service: str = field(converter=word_of)

    def judge(self, facts: Facts, on: Day) -> Finding:
        """UNKNOWN only if nobody tells of such a visit, nor that there was none."""
        last, name = _visited(facts, self.service)
        if last is UNKNOWN:
            return found(Truth.UNKNOWN, ReasonCode.PRIOR_VISIT_UNKNOWN, name)
        if last is None:
            return found(Truth.FALSE, ReasonCode.PRIOR_VISIT_MISSING, name)
        return found(Truth.TRUE, ReasonCode.PRIOR_VISIT_PRESENT, name)

    def settings(self) -> dict[str, object]:
        """The ``service``."""
        return {"service": self.service}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        return {"properties": {"service": ONE_WORD}, "required": ["service"]}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "prior-visit", service = "intake" }``."""
        service = table.text("service")
        return cls(service) if table.finish() else None


# Visits to come ----------------------------------------------------------------------------------


def _upcoming(facts: Facts, service: str | None) -> list[date] | None:
    """The days of the visits to come, of one service if one is named; None if unknown."""
    if facts.upcoming is UNKNOWN:
        return None
    return [each.on for each in facts.upcoming or () if service is None or each.service == service]


@frozen(kw_only=True)
class UpcomingLimit(Plain):
    """Fewer visits than ``limit`` are to come: with the one to be booked, so many at most (R20).

    With ``service``, those for that service are counted. Raises :class:`InvalidValue` for a limit
    that is no whole number from 1 to :data:`MOST_UPCOMING`.
    """

    kind: ClassVar[str] = "upcoming-limit"
    asks: ClassVar[frozenset[FactName]] = frozenset({FactName.UPCOMING})
    limit: int
    service: str | None = field(default=None, converter=_service)

    def __attrs_post_init__(self) -> None:
        limit: object = self.limit
        if not (type(limit) is int and 1 <= limit <= MOST_UPCOMING):
            raise InvalidValue(f"the limit must be a whole number from 1 to {MOST_UPCOMING}")

    def judge(self, facts: Facts, on: Day) -> Finding:
        """FALSE once so many are to come."""
        upcoming = _upcoming(facts, self.service)
        if upcoming is None:
            return found(Truth.UNKNOWN, ReasonCode.UPCOMING_UNKNOWN, FactName.UPCOMING)
        if len(upcoming) < self.limit:
            return found(Truth.TRUE, ReasonCode.UPCOMING_BELOW_LIMIT, FactName.UPCOMING)
        return found(Truth.FALSE, ReasonCode.UPCOMING_LIMIT_REACHED, FactName.UPCOMING)

    def settings(self) -> dict[str, object]:
        """The ``limit``, and the ``service`` if one is named."""
        named = {} if self.service is None else {"service": self.service}
        return {"limit": self.limit, **named}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        limit = {"type": "integer", "minimum": 1, "maximum": MOST_UPCOMING}
        return {"properties": {"limit": limit, "service": ONE_WORD}, "required": ["limit"]}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "upcoming-limit", limit = 2 }``."""
        limit = table.whole("limit", 1, MOST_UPCOMING)
        service = _read_service(table)
        return cls(limit=limit, service=service) if table.finish() else None


@frozen(kw_only=True)
class MinimumInterval:
    """No other visit lies closer to this one than the period (R20).

    Neither the last one, nor one that is to come, before or after. Seven days apart hold a week
    later. With ``service``, visits for that service are meant. Always as of the visit.

    Raises :class:`InvalidValue` for a setting of another type.
    """

    kind: ClassVar[str] = "minimum-interval"
    period: Period = field(converter=_period_of)
    service: str | None = field(default=None, converter=_service)

    @property
    def asks(self) -> frozenset[FactName]:
        """The visits to come; and the last one, or the visits by service."""
        return frozenset({FactName.UPCOMING, _fact_of(self.service)})

    def judge(self, facts: Facts, on: Day) -> Finding:
        """FALSE once one is too close; somebody who never came is far from every visit."""
        last, name = _visited(facts, self.service)
        upcoming = _upcoming(facts, self.service)
        close = [Truth.UNKNOWN] if upcoming is None else []
        close.extend(Truth.of(self._is_close(each, on.visit_on)) for each in upcoming or ())
        if last is UNKNOWN:
            close.append(Truth.UNKNOWN)
        elif last is not None:
            close.append(Truth.of(self._is_close(last, on.visit_on)))
        kept = at_least(1, close).not_()
        return found(kept, _INTERVAL_CODES[kept], FactName.UPCOMING, name)

    def _is_close(self, one: date, other: date) -> bool:
        over = self.period.after(min(one, other))
        return over is None or max(one, other) < over

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """Those on which the period before or after one of the visits begins or ends."""
        visited, _ = _visited(facts, self.service)
        days = list(_upcoming(facts, self.service) or ())
        if isinstance(visited, date):
            days.append(visited)
        for day in days:
            yield from self.period.before(day)
            over = self.period.after(day)
            if over is not None:
                yield over

    def settings(self) -> dict[str, object]:
        """The ``count`` and ``unit``, and the ``service`` if one is named."""
        named = {} if self.service is None else {"service": self.service}
        return {**self.period.settings(), **named}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        return _period_schema({"service": ONE_WORD})

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "minimum-interval", count = 7 }``."""
        period = _read_period(table)
        service = _read_service(table)
        if not table.finish() or period is None:
            return None
        return cls(period=period, service=service)


_INTERVAL_CODES = {
    Truth.TRUE: ReasonCode.INTERVAL_KEPT,
    Truth.FALSE: ReasonCode.INTERVAL_TOO_SHORT,
    Truth.UNKNOWN: ReasonCode.INTERVAL_UNKNOWN,
}
