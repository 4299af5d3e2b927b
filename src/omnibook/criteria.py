"""The criteria that are shipped: presence, registered sex, age, and their combinations (R20).

Ages are completed years, months or weeks. A birthday on a day that the month lacks (29 February,
or the 31st where months are counted) falls on the first of the next month: somebody born on
29 February is a year older on 1 March in common years.

Every combination needs something to combine, and an age range a bound: what is always true, or
never, is no criterion (R13).
"""
# ruff: noqa: ARG002, ARG003 - every criterion takes what the protocol passes

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum, unique
from types import MappingProxyType
from typing import ClassVar, Self, cast

from attrs import field, frozen

from omnibook.criterion import (
    Criterion,
    CriterionKinds,
    Finding,
    Table,
    criteria_from_data,
    criteria_of,
    criterion_from_data,
    criterion_of,
    criterion_to_data,
    turning_days_of,
)
from omnibook.errors import InvalidValue
from omnibook.facts import UNKNOWN, Day, Facts, Sex, Truth, at_least
from omnibook.mistakes import Mistake, check_keys, shown, word_from_data

_MONTHS_IN_YEAR = 12


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
    def read(
        cls, table: Table, path: str, mistakes: list[Mistake], kinds: CriterionKinds
    ) -> Self | None:
        """The criterion, unless the table holds another key than ``kind``."""
        return cls() if check_keys(table, ("kind",), path, mistakes) else None


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
    def read(
        cls, table: Table, path: str, mistakes: list[Mistake], kinds: CriterionKinds
    ) -> Self | None:
        """The criterion of ``{ kind = "registered-sex", sex = "female" }``."""
        right = check_keys(table, ("kind", "sex"), path, mistakes)
        sex = word_from_data(Sex, table.get("sex"), f"{path}.sex", mistakes)
        return cls(sex) if sex and right else None


@unique
class AgeUnit(StrEnum):
    """What an age is counted in; only completed units count."""

    YEARS = "years"
    MONTHS = "months"
    WEEKS = "weeks"


@unique
class AsOf(StrEnum):
    """The date on which an age is taken: today, or the visit's."""

    BOOKING = "booking"
    VISIT = "visit"


OLDEST = MappingProxyType({AgeUnit.YEARS: 150, AgeUnit.MONTHS: 1800, AgeUnit.WEEKS: 7800})
"""The largest bound of an :class:`AgeRange` in each unit, about 150 years."""


def completed(birth_date: date, on: date, unit: AgeUnit) -> int:
    """How many whole units have passed from the birth date to ``on``; negative before birth."""
    if unit is AgeUnit.WEEKS:
        return (on - birth_date).days // 7
    months = (on.year - birth_date.year) * _MONTHS_IN_YEAR + on.month - birth_date.month
    months -= on.day < birth_date.day
    return months if unit is AgeUnit.MONTHS else months // _MONTHS_IN_YEAR


def reached(birth_date: date, count: int, unit: AgeUnit) -> date | None:
    """The first day on which ``count`` units are completed; None past the calendar's end."""
    if unit is AgeUnit.WEEKS:
        ordinal = birth_date.toordinal() + 7 * count
        return date.fromordinal(ordinal) if ordinal <= date.max.toordinal() else None
    months = count if unit is AgeUnit.MONTHS else count * _MONTHS_IN_YEAR
    year, month = divmod(birth_date.year * _MONTHS_IN_YEAR + birth_date.month - 1 + months, 12)
    if year > date.max.year:
        return None
    if birth_date.day > monthrange(year, month + 1)[1]:
        # A month that lacks a day is never December, so its next month is in the same year.
        return date(year, month + 2, 1)
    return date(year, month + 1, birth_date.day)


def _age_faults(minimum: object, maximum: object, unit: AgeUnit) -> Iterator[tuple[str, str, str]]:
    """The faults of an age range: the setting, what is wrong and the remedy."""
    bounds = {"minimum": minimum, "maximum": maximum}
    whole: dict[str, int] = {}
    for name, bound in bounds.items():
        # True is an int to isinstance.
        if type(bound) is int and 0 <= bound <= OLDEST[unit]:
            whole[name] = bound
        elif bound is not None:
            remedy = f"give a whole number from 0 to {OLDEST[unit]}, or leave it out"
            yield name, f"cannot be {shown(bound)}", remedy
    if minimum is None and maximum is None:
        yield "minimum", "an age range needs a bound", "give minimum, maximum or both"
    if len(whole) == len(bounds) and whole["minimum"] > whole["maximum"]:
        yield "maximum", "the maximum is under the minimum", "exchange them"


@frozen(kw_only=True)
class AgeRange:
    """The age in completed units lies from ``minimum`` to ``maximum``, both included (R20).

    "From 0 to 17 years" holds up to the day before the 18th birthday. A bound of None is none; one
    of them is needed. ``as_of`` tells the date on which the age is taken.

    Raises :class:`InvalidValue` for no bound, a minimum over the maximum, a bound that is no whole
    number from 0 to :data:`OLDEST`, or another type of unit or date.
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
        for name, message, remedy in _age_faults(self.minimum, self.maximum, unit):
            raise InvalidValue(f"{name}: {message}; {remedy}")

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
    def read(
        cls, table: Table, path: str, mistakes: list[Mistake], kinds: CriterionKinds
    ) -> Self | None:
        """The criterion of ``{ kind = "age-range", minimum = 6, unit = "months" }``."""
        before = len(mistakes)
        check_keys(table, ("kind", "minimum", "maximum", "unit", "as_of"), path, mistakes)
        unit = word_from_data(AgeUnit, table.get("unit", AgeUnit.YEARS), f"{path}.unit", mistakes)
        as_of = word_from_data(AsOf, table.get("as_of", AsOf.VISIT), f"{path}.as_of", mistakes)
        low, high = table.get("minimum"), table.get("maximum")
        # With a unit that cannot be read, the widest limits are all that can be told.
        for name, message, remedy in _age_faults(low, high, unit or AgeUnit.WEEKS):
            mistakes.append(Mistake(path=f"{path}.{name}", message=message, remedy=remedy))
        if unit is None or as_of is None or len(mistakes) > before:
            return None
        minimum, maximum = cast("int | None", low), cast("int | None", high)
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
    def read(
        cls, table: Table, path: str, mistakes: list[Mistake], kinds: CriterionKinds
    ) -> Self | None:
        """The criterion of ``{ kind = "all-of", criteria = [ … ] }``."""
        right = check_keys(table, ("kind", "criteria"), path, mistakes)
        criteria = criteria_from_data(table.get("criteria"), f"{path}.criteria", mistakes, kinds)
        return cls(criteria) if criteria and right else None


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
    def read(
        cls, table: Table, path: str, mistakes: list[Mistake], kinds: CriterionKinds
    ) -> Self | None:
        """The criterion of ``{ kind = "at-least", count = 2, criteria = [ … ] }``."""
        right = check_keys(table, ("kind", "count", "criteria"), path, mistakes)
        criteria = criteria_from_data(table.get("criteria"), f"{path}.criteria", mistakes, kinds)
        count = table.get("count")
        if type(count) is not int or count < 1 or (criteria and count > len(criteria)):
            most = len(criteria) if criteria else "the number of criteria"
            remedy = f"give a whole number from 1 to {most}"
            message = "missing" if count is None else f"cannot be {shown(count)}"
            mistakes.append(Mistake(path=f"{path}.count", message=message, remedy=remedy))
            return None
        return cls(count, criteria) if criteria and right else None


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
    def read(
        cls, table: Table, path: str, mistakes: list[Mistake], kinds: CriterionKinds
    ) -> Self | None:
        """The criterion of ``{ kind = "not", criterion = { … } }``."""
        right = check_keys(table, ("kind", "criterion"), path, mistakes)
        criterion = criterion_from_data(
            table.get("criterion"), f"{path}.criterion", mistakes, kinds
        )
        return cls(criterion) if criterion and right else None


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
