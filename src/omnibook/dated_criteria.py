"""The criteria that depend on a date: the age, and a health insurance card that expires (R20).

Ages are completed years, months or weeks, as :mod:`omnibook.ages` counts them. A date is today's or
the visit's (:class:`AsOf`); an age range needs a bound, or it would hold for everybody (R13).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum, unique
from types import MappingProxyType
from typing import ClassVar, Self, cast

from attrs import field, frozen

from omnibook.ages import AgeUnit, LeapDayRule, completed, reached
from omnibook.criterion import CriterionKinds, Finding
from omnibook.criterion_words import ONE_WORD, found, word_of
from omnibook.errors import InvalidValue
from omnibook.facts import UNKNOWN, Day, FactName, Facts, HealthCard, Truth, at_least
from omnibook.reason_codes import ReasonCode
from omnibook.table_reader import TableReader


@unique
class AsOf(StrEnum):
    """The date on which something is judged: today, or the visit's."""

    BOOKING = "booking"
    VISIT = "visit"

    def of(self, on: Day) -> date:
        """That date."""
        return on.booked_on if self is AsOf.BOOKING else on.visit_on


LARGEST_BOUND = MappingProxyType({AgeUnit.YEARS: 150, AgeUnit.MONTHS: 1800, AgeUnit.WEEKS: 7800})
"""The largest bound of an :class:`AgeRange` in each unit, about 150 years."""


@frozen(kw_only=True)
class AgeRange:
    """The age in completed units lies from ``minimum`` to ``maximum``, both included (R20).

    "From 0 to 17 years" holds up to the day before the 18th birthday. A bound of None is none; one
    of them is needed. ``as_of`` tells the date on which the age is taken, ``leap_day`` when
    somebody born on 29 February is a year older.

    Raises :class:`InvalidValue` for no bound, a minimum over the maximum, a bound that is no whole
    number from 0 to :data:`LARGEST_BOUND`, or another type of unit, date or rule.
    """

    kind: ClassVar[str] = "age-range"
    asks: ClassVar[frozenset[FactName]] = frozenset({FactName.BIRTH_DATE})
    minimum: int | None = None
    maximum: int | None = None
    unit: AgeUnit = AgeUnit.YEARS
    as_of: AsOf = AsOf.VISIT
    leap_day: LeapDayRule = LeapDayRule.MAR_1

    def __attrs_post_init__(self) -> None:
        unit, as_of = cast("object", self.unit), cast("object", self.as_of)
        leap_day = cast("object", self.leap_day)
        if not (
            isinstance(unit, AgeUnit)
            and isinstance(as_of, AsOf)
            and isinstance(leap_day, LeapDayRule)
        ):
            raise InvalidValue("an age range needs an AgeUnit, an AsOf and a LeapDayRule")
        largest = LARGEST_BOUND[unit]
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        # True is an int to isinstance.
        if any(type(bound) is not int or not 0 <= bound <= largest for bound in bounds):
            raise InvalidValue(f"an age range's bounds are whole numbers from 0 to {largest}")
        if not bounds:
            raise InvalidValue("an age range needs a bound; give minimum, maximum or both")
        if bounds[0] > bounds[-1]:
            raise InvalidValue("an age range's maximum is under its minimum; exchange them")

    def judge(self, facts: Facts, on: Day) -> Finding:
        """UNKNOWN without a birth date, and before it: the file is then not to be trusted."""
        birth_date = facts.birth_date
        at = self.as_of.of(on)
        if birth_date is UNKNOWN or birth_date is None or birth_date > at:
            return found(Truth.UNKNOWN, ReasonCode.AGE_UNKNOWN, FactName.BIRTH_DATE)
        age = completed(birth_date, at, self.unit, self.leap_day)
        over = self.minimum is None or age >= self.minimum
        under = self.maximum is None or age <= self.maximum
        if over and under:
            return found(Truth.TRUE, ReasonCode.AGE_IN_RANGE, FactName.BIRTH_DATE)
        return found(Truth.FALSE, ReasonCode.AGE_OUT_OF_RANGE, FactName.BIRTH_DATE)

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """The birth date and the birthdays that enter and leave the range, if as of the visit."""
        birth_date = facts.birth_date
        if self.as_of is AsOf.BOOKING or birth_date is UNKNOWN or birth_date is None:
            return
        yield birth_date
        enters = self.minimum
        leaves = None if self.maximum is None else self.maximum + 1
        for count in (enters, leaves):
            day = None if count is None else reached(birth_date, count, self.unit, self.leap_day)
            if day is not None:
                yield day

    def settings(self) -> dict[str, object]:
        """The bounds that are given, the ``unit``, ``as_of`` and ``leap_day``."""
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        given = {name: bound for name, bound in bounds.items() if bound is not None}
        words = {"unit": self.unit, "as_of": self.as_of, "leap_day": self.leap_day}
        return {**given, **{name: word.value for name, word in words.items()}}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings, but that the bounds are in order."""
        bounds = {
            unit: {"type": "integer", "minimum": 0, "maximum": largest}
            for unit, largest in LARGEST_BOUND.items()
        }
        years = bounds.pop(AgeUnit.YEARS)
        narrower: dict[str, object] = {"properties": {"minimum": years, "maximum": years}}
        for unit, bound in bounds.items():
            narrower = {
                "if": {"properties": {"unit": {"const": unit.value}}, "required": ["unit"]},
                "then": {"properties": {"minimum": bound, "maximum": bound}},
                "else": narrower,
            }
        return {
            "properties": {
                "minimum": {"type": "integer"},
                "maximum": {"type": "integer"},
                "unit": {"enum": [each.value for each in AgeUnit]},
                "as_of": {"enum": [each.value for each in AsOf]},
                "leap_day": {"enum": [each.value for each in LeapDayRule]},
            },
            "anyOf": [{"required": ["minimum"]}, {"required": ["maximum"]}],
            "allOf": [narrower],
        }

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "age-range", minimum = 6, unit = "months" }``."""
        unit = table.word("unit", AgeUnit, AgeUnit.YEARS)
        as_of = table.word("as_of", AsOf, AsOf.VISIT)
        leap_day = table.word("leap_day", LeapDayRule, LeapDayRule.MAR_1)
        # With a unit that cannot be read, the widest limits are all that can be told.
        largest = LARGEST_BOUND[unit if table.right("unit") else AgeUnit.WEEKS]
        minimum = table.whole("minimum", 0, largest) if table.has("minimum") else None
        maximum = table.whole("maximum", 0, largest) if table.has("maximum") else None
        if minimum is None and maximum is None:
            table.refuse("minimum", "missing", "give minimum, maximum or both")
        elif (
            minimum is not None
            and maximum is not None
            and table.right("minimum", "maximum")
            and maximum < minimum
        ):
            table.refuse("maximum", "is under the minimum", "exchange them")
        if not table.finish():
            return None
        return cls(minimum=minimum, maximum=maximum, unit=unit, as_of=as_of, leap_day=leap_day)


@frozen(kw_only=True)
class HasHealthCard:
    """The file has a health insurance card of this issuer, and it has not expired (R20).

    A card is good on its last day. With ``unexpired`` false, an expired one will do. Raises
    :class:`InvalidValue` for another type, or an issuer that is no text of one line.
    """

    kind: ClassVar[str] = "health-card"
    asks: ClassVar[frozenset[FactName]] = frozenset({FactName.HEALTH_CARDS})
    issuer: str = field(converter=word_of)
    unexpired: bool = True
    as_of: AsOf = AsOf.VISIT

    def __attrs_post_init__(self) -> None:
        unexpired, as_of = cast("object", self.unexpired), cast("object", self.as_of)
        if not (isinstance(unexpired, bool) and isinstance(as_of, AsOf)):
            raise InvalidValue("a health card's unexpired is true or false, its as_of an AsOf")

    def judge(self, facts: Facts, on: Day) -> Finding:
        """UNKNOWN also for a card of which nobody has told when it expires."""
        cards = facts.health_cards
        if cards is UNKNOWN:
            return self._found(Truth.UNKNOWN, ReasonCode.HEALTH_CARD_UNKNOWN)
        mine = [card for card in cards or () if card.issuer == self.issuer]
        if not mine:
            return self._found(Truth.FALSE, ReasonCode.HEALTH_CARD_MISSING)
        good = at_least(1, [self._is_good(card, self.as_of.of(on)) for card in mine])
        return self._found(good, _CARD_CODES[good])

    def _found(self, truth: Truth, code: ReasonCode) -> Finding:
        return found(truth, code, FactName.HEALTH_CARDS)

    def _is_good(self, card: HealthCard, at: date) -> Truth:
        if not self.unexpired or card.expires_on is None:
            return Truth.TRUE
        if card.expires_on is UNKNOWN:
            return Truth.UNKNOWN
        return Truth.of(at <= card.expires_on)

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """The day after a card's last one, if as of the visit."""
        if self.as_of is AsOf.BOOKING or facts.health_cards is UNKNOWN:
            return
        for card in facts.health_cards or ():
            if isinstance(card.expires_on, date) and card.expires_on < date.max:
                yield card.expires_on + timedelta(days=1)

    def settings(self) -> dict[str, object]:
        """The ``issuer``, ``unexpired`` and ``as_of``."""
        return {"issuer": self.issuer, "unexpired": self.unexpired, "as_of": self.as_of.value}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        return {
            "properties": {
                "issuer": ONE_WORD,
                "unexpired": {"type": "boolean"},
                "as_of": {"enum": [each.value for each in AsOf]},
            },
            "required": ["issuer"],
        }

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "health-card", issuer = "CA-QC" }``."""
        issuer = table.text("issuer")
        unexpired = table.flag("unexpired", default=True)
        as_of = table.word("as_of", AsOf, AsOf.VISIT)
        return cls(issuer=issuer, unexpired=unexpired, as_of=as_of) if table.finish() else None


_CARD_CODES = {
    Truth.TRUE: ReasonCode.HEALTH_CARD_GOOD,
    Truth.FALSE: ReasonCode.HEALTH_CARD_EXPIRED,
    Truth.UNKNOWN: ReasonCode.HEALTH_CARD_UNKNOWN,
}
