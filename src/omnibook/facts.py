"""What is known of a patient's file, and the three truths that can be told from it (R13, R21).

A **fact** has three states: known, known to be none, and unknown. A **truth** has three values, and
truths combine by Kleene's strong logic: what is unknown stays unknown unless the rest settles it,
so that a fact learned later can settle a truth but never overturn one.
"""

from collections.abc import Callable, Sequence
from datetime import date
from enum import Enum, StrEnum, unique
from typing import NoReturn, TypeAlias, TypeVar, cast

from attrs import field, fields, frozen

from omnibook.ages import is_date
from omnibook.errors import InvalidValue

T = TypeVar("T")


class Unknown(Enum):
    """The state of a fact that nobody has told; its one member is :data:`UNKNOWN`."""

    UNKNOWN = "unknown"

    def __bool__(self) -> NoReturn:
        raise InvalidValue("an unknown fact is neither true nor false; compare with `is UNKNOWN`")

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown.UNKNOWN
"""What a fact is that nobody has told (R21)."""

Fact: TypeAlias = T | Unknown | None
"""A fact's three states (R21): a value is known, None is known to be none, UNKNOWN is neither."""


@unique
class Sex(StrEnum):
    """The sex that a file registers and some health numbers code, in FHIR's words."""

    FEMALE = "female"
    MALE = "male"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_sex(value: object) -> bool:
    return isinstance(value, Sex)


def _is_fact(value: object, is_known: Callable[[object], bool]) -> bool:
    return value is None or value is UNKNOWN or is_known(value)


@frozen(kw_only=True)
class Facts:
    """What is known of the identified file at this moment; whatever is left out is unknown.

    ``family_doctor`` is the id of the clinic's practitioner who follows the patient; None is for a
    patient known to have none *at this clinic*. ``registered_sex`` is None for a file known to
    register neither. A ``birth_date`` of None is treated as unknown: nobody is without an age.

    An unidentified visitor has no facts at all, not even "no file" (R13): :meth:`none`.

    Raises :class:`InvalidValue` for a fact of another type; the message does not repeat it.
    """

    has_file: bool | Unknown = UNKNOWN
    file_number: Fact[str] = field(default=UNKNOWN, repr=False)
    family_doctor: Fact[str] = field(default=UNKNOWN, repr=False)
    birth_date: Fact[date] = field(default=UNKNOWN, repr=False)
    registered_sex: Fact[Sex] = field(default=UNKNOWN, repr=False)

    def __attrs_post_init__(self) -> None:
        right = {
            "has_file": isinstance(cast("object", self.has_file), bool | Unknown),
            "file_number": _is_fact(self.file_number, _is_text),
            "family_doctor": _is_fact(self.family_doctor, _is_text),
            "birth_date": _is_fact(self.birth_date, is_date),
            "registered_sex": _is_fact(self.registered_sex, _is_sex),
        }
        wrong = [name for name, is_right in right.items() if not is_right]
        if wrong:
            raise InvalidValue(
                f"cannot be facts: {', '.join(wrong)}; give a value of the declared type that is "
                "not empty, None for what is known to be none (but has_file: True or False), or "
                "UNKNOWN"
            )

    @classmethod
    def none(cls) -> "Facts":
        """The facts of an unidentified visitor: every one of them unknown (R13)."""
        return cls()

    @property
    def nothing_known(self) -> bool:
        """Whether every fact is unknown, as for an unidentified visitor."""
        return all(getattr(self, fact.name) is UNKNOWN for fact in fields(Facts))


@frozen(kw_only=True)
class Day:
    """The two calendar dates that a criterion may ask about, both in the clinic's zone (R20, R22).

    ``booked_on`` is today; ``visit_on`` is the date of the slot, or a date that listing tries.

    Raises :class:`InvalidValue` for anything but dates; a datetime is none.
    """

    booked_on: date
    visit_on: date

    def __attrs_post_init__(self) -> None:
        if not (is_date(self.booked_on) and is_date(self.visit_on)):
            raise InvalidValue("booked_on and visit_on must be dates without a time")


class Truth(Enum):
    """Kleene's three truths. A truth is no bool: compare with ``is Truth.TRUE`` (R21)."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    def __bool__(self) -> NoReturn:
        raise InvalidValue("a truth has three values; compare with `is Truth.TRUE`")

    @classmethod
    def of(cls, settled: bool) -> "Truth":
        """TRUE or FALSE."""
        return cls.TRUE if settled else cls.FALSE

    def not_(self) -> "Truth":
        """The opposite; UNKNOWN stays UNKNOWN."""
        return _OPPOSITE[self]


_OPPOSITE = {
    Truth.TRUE: Truth.FALSE,
    Truth.FALSE: Truth.TRUE,
    Truth.UNKNOWN: Truth.UNKNOWN,
}


def at_least(count: int, truths: Sequence[Truth]) -> Truth:
    """Whether ``count`` of the truths are TRUE, however the unknown ones would turn out.

    "And" is at least all of them, "or" is at least one: every combination goes through here.
    """
    sure = sum(truth is Truth.TRUE for truth in truths)
    if sure >= count:
        return Truth.TRUE
    still_open = sum(truth is Truth.UNKNOWN for truth in truths)
    return Truth.UNKNOWN if sure + still_open >= count else Truth.FALSE
