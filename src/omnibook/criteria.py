"""The criteria that are shipped: presence, registered sex, age, and their combinations (R20).

Ages are completed years, months or weeks, as :mod:`omnibook.ages` counts them.

Every combination needs something to combine, and an age range a bound: what is always true, or
never, is no criterion (R13).
"""
# ruff: noqa: ARG002, ARG003 - every criterion takes what the protocol passes

from collections.abc import Iterable
from datetime import date
from enum import StrEnum, unique
from types import MappingProxyType
from typing import ClassVar, Self, cast

from attrs import field, frozen

from omnibook.ages import AgeUnit, completed, reached
from omnibook.criterion import (
    CRITERION_REMEDY,
    Criterion,
    CriterionKinds,
    Finding,
    criteria_of,
    criterion_of,
    criterion_to_data,
    read_criteria,
    read_criterion,
    turning_days_of,
)
from omnibook.errors import InvalidValue
from omnibook.facts import UNKNOWN, Day, Facts, Sex, Truth, at_least
from omnibook.table_reader import TableReader

_MANY = 1000


@unique
class ReasonCode(StrEnum):
    """Why a shipped criterion found what it found; a code's meaning never changes.

    For staff only. The codes ``combined.*`` and ``visitor.unidentified`` say nothing by themselves
    about the truth, which stands beside them.
    """

    FILE_PRESENT = "file.present"
    FILE_MISSING = "file.missing"
    FILE_UNKNOWN = "file.unknown"
    FILE_NUMBER_PRESENT = "file-number.present"
    FILE_NUMBER_MISSING = "file-number.missing"
    FILE_NUMBER_UNKNOWN = "file-number.unknown"
    FAMILY_DOCTOR_PRESENT = "family-doctor.present"
    FAMILY_DOCTOR_MISSING = "family-doctor.missing"
    FAMILY_DOCTOR_UNKNOWN = "family-doctor.unknown"
    AGE_IN_RANGE = "age.in-range"
    AGE_OUT_OF_RANGE = "age.out-of-range"
    AGE_UNKNOWN = "age.unknown"
    SEX_MATCHES = "registered-sex.matches"
    SEX_DIFFERS = "registered-sex.differs"
    SEX_UNKNOWN = "registered-sex.unknown"
    ALL_OF = "combined.all-of"
    ANY_OF = "combined.any-of"
    NOT = "combined.not"
    AT_LEAST = "combined.at-least"
    UNIDENTIFIED = "visitor.unidentified"


# Without settings --------------------------------------------------------------------------------


class _Plain:
    """What the criteria share that have no settings and do not ask for the visit's date."""

    __slots__ = ()

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """None: the visit's date plays no part."""
        return ()

    def settings(self) -> dict[str, object]:
        """None."""
        return {}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion, unless the table holds another key than ``kind``."""
        return cls() if table.finish() else None


def _presence(fact: object, present: ReasonCode, missing: ReasonCode, open_: ReasonCode) -> Finding:
    if fact is UNKNOWN:
        return Finding(Truth.UNKNOWN, open_)
    if fact is None or fact is False:
        return Finding(Truth.FALSE, missing)
    return Finding(Truth.TRUE, present)


@frozen
class HasFile(_Plain):
    """The patient has a file at the clinic (R20)."""

    kind: ClassVar[str] = "has-file"

    def judge(self, facts: Facts, on: Day) -> Finding:
        """TRUE with a file, FALSE without."""
        return _presence(
            facts.has_file,
            ReasonCode.FILE_PRESENT,
            ReasonCode.FILE_MISSING,
            ReasonCode.FILE_UNKNOWN,
        )


@frozen
class FileNumberHere(_Plain):
    """The patient's file carries a file number of this clinic (R20)."""

    kind: ClassVar[str] = "file-number-here"

    def judge(self, facts: Facts, on: Day) -> Finding:
        """TRUE with a file number, FALSE if known to have none."""
        return _presence(
            facts.file_number,
            ReasonCode.FILE_NUMBER_PRESENT,
            ReasonCode.FILE_NUMBER_MISSING,
            ReasonCode.FILE_NUMBER_UNKNOWN,
        )


@frozen
class FamilyDoctorHere(_Plain):
    """A doctor of this clinic follows the patient (R20)."""

    kind: ClassVar[str] = "family-doctor-here"

    def judge(self, facts: Facts, on: Day) -> Finding:
        """TRUE with a family doctor here, FALSE if known to have none here."""
        return _presence(
            facts.family_doctor,
            ReasonCode.FAMILY_DOCTOR_PRESENT,
            ReasonCode.FAMILY_DOCTOR_MISSING,
            ReasonCode.FAMILY_DOCTOR_UNKNOWN,
        )


# Registered sex and age --------------------------------------------------------------------------


@frozen
class RegisteredSex:
    """The sex registered in the file is this one (R20)."""

    kind: ClassVar[str] = "registered-sex"
    sex: Sex = field()

    @sex.validator
    def _is_a_sex(self, _attribute: object, value: object) -> None:
        if not isinstance(value, Sex):
            raise InvalidValue("RegisteredSex needs a Sex: Sex.FEMALE or Sex.MALE")

    def judge(self, facts: Facts, on: Day) -> Finding:
        """TRUE if it is, FALSE if it is the other or the file is known to register neither."""
        if facts.registered_sex is UNKNOWN:
            return Finding(Truth.UNKNOWN, ReasonCode.SEX_UNKNOWN)
        if facts.registered_sex is self.sex:
            return Finding(Truth.TRUE, ReasonCode.SEX_MATCHES)
        return Finding(Truth.FALSE, ReasonCode.SEX_DIFFERS)

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """None: the visit's date plays no part."""
        return ()

    def settings(self) -> dict[str, object]:
        """The ``sex``."""
        return {"sex": self.sex.value}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "registered-sex", sex = "female" }``."""
        sex = table.word("sex", Sex)
        return cls(sex) if table.finish() else None


@unique
class AsOf(StrEnum):
    """The date on which an age is taken: today, or the visit's."""

    BOOKING = "booking"
    VISIT = "visit"


LARGEST_BOUND = MappingProxyType({AgeUnit.YEARS: 150, AgeUnit.MONTHS: 1800, AgeUnit.WEEKS: 7800})
"""The largest bound of an :class:`AgeRange` in each unit, about 150 years."""


@frozen(kw_only=True)
class AgeRange:
    """The age in completed units lies from ``minimum`` to ``maximum``, both included (R20).

    "From 0 to 17 years" holds up to the day before the 18th birthday. A bound of None is none; one
    of them is needed. ``as_of`` tells the date on which the age is taken.

    Raises :class:`InvalidValue` for no bound, a minimum over the maximum, a bound that is no whole
    number from 0 to :data:`LARGEST_BOUND`, or another type of unit or date.
    """

    kind: ClassVar[str] = "age-range"
    minimum: int | None = None
    maximum: int | None = None
    unit: AgeUnit = AgeUnit.YEARS
    as_of: AsOf = AsOf.VISIT

    def __attrs_post_init__(self) -> None:
        unit, as_of = cast("object", self.unit), cast("object", self.as_of)
        if not (isinstance(unit, AgeUnit) and isinstance(as_of, AsOf)):
            raise InvalidValue("an age range needs an AgeUnit and an AsOf")
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
        at = on.booked_on if self.as_of is AsOf.BOOKING else on.visit_on
        if birth_date is UNKNOWN or birth_date is None or birth_date > at:
            return Finding(Truth.UNKNOWN, ReasonCode.AGE_UNKNOWN)
        age = completed(birth_date, at, self.unit)
        over = self.minimum is None or age >= self.minimum
        under = self.maximum is None or age <= self.maximum
        if over and under:
            return Finding(Truth.TRUE, ReasonCode.AGE_IN_RANGE)
        return Finding(Truth.FALSE, ReasonCode.AGE_OUT_OF_RANGE)

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """The birth date and the birthdays that enter and leave the range, if as of the visit."""
        birth_date = facts.birth_date
        if self.as_of is AsOf.BOOKING or birth_date is UNKNOWN or birth_date is None:
            return
        yield birth_date
        enters = self.minimum
        leaves = None if self.maximum is None else self.maximum + 1
        for count in (enters, leaves):
            day = None if count is None else reached(birth_date, count, self.unit)
            if day is not None:
                yield day

    def settings(self) -> dict[str, object]:
        """The bounds that are given, the ``unit`` and ``as_of``."""
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        given = {name: bound for name, bound in bounds.items() if bound is not None}
        return {**given, "unit": self.unit.value, "as_of": self.as_of.value}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "age-range", minimum = 6, unit = "months" }``."""
        unit = table.word("unit", AgeUnit, AgeUnit.YEARS)
        as_of = table.word("as_of", AsOf, AsOf.VISIT)
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
        return cls(minimum=minimum, maximum=maximum, unit=unit, as_of=as_of)


# Combinations ------------------------------------------------------------------------------------


def _judge_all(
    criteria: tuple[Criterion, ...], facts: Facts, on: Day, count: int, code: ReasonCode
) -> Finding:
    parts = tuple((f"criteria[{i}]", one.judge(facts, on)) for i, one in enumerate(criteria))
    return Finding(at_least(count, [finding.truth for _, finding in parts]), code, parts)


@frozen
class _Several:
    """What the criteria share that only hold other criteria."""

    kind: ClassVar[str]
    criteria: tuple[Criterion, ...] = field(converter=criteria_of)

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """Those of the criteria within."""
        return turning_days_of(self.criteria, facts, first, last)

    def settings(self) -> dict[str, object]:
        """The ``criteria`` within."""
        return {"criteria": [criterion_to_data(one) for one in self.criteria]}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "all-of", criteria = [ … ] }``."""
        criteria = read_criteria(table, "criteria", kinds)
        return cls(criteria) if table.finish() else None


@frozen
class AllOf(_Several):
    """Every one of the criteria holds; at least one is needed (R20)."""

    kind: ClassVar[str] = "all-of"

    def judge(self, facts: Facts, on: Day) -> Finding:
        """Kleene's "and"."""
        return _judge_all(self.criteria, facts, on, len(self.criteria), ReasonCode.ALL_OF)


@frozen
class AnyOf(_Several):
    """One of the criteria holds, or several; at least one is needed (R20)."""

    kind: ClassVar[str] = "any-of"

    def judge(self, facts: Facts, on: Day) -> Finding:
        """Kleene's "or"."""
        return _judge_all(self.criteria, facts, on, 1, ReasonCode.ANY_OF)


@frozen
class AtLeast:
    """``count`` of the criteria hold, or more (R20).

    Raises :class:`InvalidValue` for a count that is no whole number from 1 to the number of
    criteria: it would always hold, or never.
    """

    kind: ClassVar[str] = "at-least"
    count: int
    criteria: tuple[Criterion, ...] = field(converter=criteria_of)

    def __attrs_post_init__(self) -> None:
        count: object = self.count
        if not (type(count) is int and 1 <= count <= len(self.criteria)):
            raise InvalidValue("the count must be a whole number from 1 to the number of criteria")

    def judge(self, facts: Facts, on: Day) -> Finding:
        """TRUE or FALSE once the unknown ones cannot change it any more."""
        return _judge_all(self.criteria, facts, on, self.count, ReasonCode.AT_LEAST)

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """Those of the criteria within."""
        return turning_days_of(self.criteria, facts, first, last)

    def settings(self) -> dict[str, object]:
        """The ``count`` and the ``criteria`` within."""
        return {
            "count": self.count,
            "criteria": [criterion_to_data(one) for one in self.criteria],
        }

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "at-least", count = 2, criteria = [ … ] }``."""
        criteria = read_criteria(table, "criteria", kinds)
        most = len(criteria) if table.right("criteria") else _MANY
        count = table.whole("count", 1, most)
        return cls(count, criteria) if table.finish() else None


@frozen
class Not:
    """The criterion does not hold (R20); unknown stays unknown (R21)."""

    kind: ClassVar[str] = "not"
    criterion: Criterion = field(converter=criterion_of)

    def judge(self, facts: Facts, on: Day) -> Finding:
        """The opposite of what the criterion within finds."""
        found = self.criterion.judge(facts, on)
        return Finding(found.truth.not_(), ReasonCode.NOT, (("criterion", found),))

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:
        """Those of the criterion within."""
        return self.criterion.turning_days(facts, first, last)

    def settings(self) -> dict[str, object]:
        """The ``criterion`` within."""
        return {"criterion": criterion_to_data(self.criterion)}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "not", criterion = { … } }``."""
        criterion = table.table(
            "criterion", lambda one: read_criterion(one, kinds), CRITERION_REMEDY
        )
        return cls(criterion) if table.finish() and criterion is not None else None


# All of them ------------------------------------------------------------------------------------

_SHIPPED: tuple[type[Criterion], ...] = (
    HasFile,
    FileNumberHere,
    FamilyDoctorHere,
    RegisteredSex,
    AgeRange,
    AllOf,
    AnyOf,
    AtLeast,
    Not,
)

SHIPPED_KINDS: CriterionKinds = MappingProxyType({one.kind: one for one in _SHIPPED})
"""The criteria of this module by kind. A host adds its own: ``{**SHIPPED_KINDS, "own": Own}``."""
