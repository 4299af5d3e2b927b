"""What is known of a patient's file, and the three truths that can be told from it (R13, R21).

A **fact** has three states: known, known to be none, and unknown. A **truth** has three values, and
truths combine by Kleene's strong logic: what is unknown stays unknown unless the rest settles it,
so that a fact learned later can settle a truth but never overturn one.
"""

from collections.abc import Callable, Iterable, Sequence, Sized
from datetime import date
from enum import Enum, StrEnum, unique
from typing import NoReturn, TypeAlias, TypeVar, cast

from attrs import field, frozen

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


@frozen
class HealthCard:
    """A health insurance card of the file: who issued it, and the last day on which it is good.

    ``expires_on`` is None for a card known never to expire. Raises :class:`InvalidValue` for
    another type.
    """

    issuer: str
    expires_on: Fact[date] = field(default=UNKNOWN, repr=False)

    def __attrs_post_init__(self) -> None:
        if not (_is_text(self.issuer) and _is_fact(self.expires_on, is_date)):
            raise InvalidValue("a health card needs an issuer and a date, None or UNKNOWN")


@frozen
class UpcomingVisit:
    """An appointment that is still to come: its date in the clinic's zone, and what it is for.

    ``service`` is None when that is not told; it then counts for no service by name.
    """

    on: date = field(repr=False)
    service: str | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if not (is_date(self.on) and (self.service is None or _is_text(self.service))):
            raise InvalidValue("an upcoming visit needs a date without a time, and may have a text")


@frozen
class PriorVisit:
    """The date of the last visit for a service."""

    service: str = field(repr=False)
    on: date = field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not (is_date(self.on) and _is_text(self.service)):
            raise InvalidValue("a prior visit needs a service, and a date without a time")


def _latest(visits: Iterable[PriorVisit]) -> tuple[PriorVisit, ...]:
    latest: dict[str, PriorVisit] = {}
    for each in visits:
        known = latest.get(each.service)
        if known is None or known.on < each.on:
            latest[each.service] = each
    return tuple(latest[service] for service in sorted(latest))


@frozen(kw_only=True)
class PriorVisits:
    """The last visit for each service, as far as known; of several for a service the latest.

    ``complete`` tells whether a service that is not there was never the reason of a visit; else
    that is unknown.
    """

    visits: tuple[PriorVisit, ...] = field(converter=_latest, repr=False)
    complete: bool = True

    def of(self, service: str) -> Fact[date]:
        """The date of the last visit for a service, in three states."""
        found = next((each.on for each in self.visits if each.service == service), None)
        return UNKNOWN if found is None and not self.complete else found


@unique
class FactName(StrEnum):
    """The names of the facts that a criterion can ask about: the fields of :class:`Facts`."""

    HAS_FILE = "has_file"
    FILE_NUMBER = "file_number"
    FAMILY_DOCTOR = "family_doctor"
    FAMILY_DOCTOR_ELSEWHERE = "family_doctor_elsewhere"
    BIRTH_DATE = "birth_date"
    REGISTERED_SEX = "registered_sex"
    TAGS = "tags"
    POSTAL_CODE = "postal_code"
    HEALTH_CARDS = "health_cards"
    UPCOMING = "upcoming"
    LAST_VISIT = "last_visit"
    PRIOR_VISITS = "prior_visits"
    FOR_DEPENDANT = "for_dependant"


FACTS_OF_VISITS = frozenset({FactName.UPCOMING, FactName.LAST_VISIT, FactName.PRIOR_VISITS})
"""The facts that follow from the file's appointments in the store, too (R20)."""


@unique
class FactState(StrEnum):
    """What is known of a fact (R21); a fact that is false, or an empty list, is none."""

    KNOWN = "known"
    NONE = "none"
    UNKNOWN = "unknown"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_sex(value: object) -> bool:
    return isinstance(value, Sex)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _are(kind: type, collection: type) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return isinstance(value, collection) and all(
            isinstance(each, kind) and each != "" for each in cast("Iterable[object]", value)
        )

    return check


def _is_fact(value: object, is_known: Callable[[object], bool]) -> bool:
    return value is None or value is UNKNOWN or is_known(value)


@frozen(kw_only=True)
class Facts:
    """What is known of the identified file at this moment; whatever is left out is unknown.

    * ``family_doctor`` is the id of the clinic's practitioner who follows the patient; None is for
      a patient known to have none *at this clinic*. ``family_doctor_elsewhere`` tells whether a
      doctor of another clinic does.
    * ``registered_sex`` is None for a file known to register neither. A ``birth_date`` of None is
      treated as unknown: nobody is without an age.
    * ``tags`` are the programmes and tags that the file carries.
    * ``postal_code`` is of the residence, in any spelling.
    * ``upcoming``, ``last_visit`` and ``prior_visits`` are of the file's visits, as
      :func:`omnibook.known_facts.facts_of` puts them together (R20).
    * ``for_dependant`` is of the visit: whether somebody else books for the patient.

    An unidentified visitor has no facts at all, not even "no file" (R13): :meth:`none`.

    Raises :class:`InvalidValue` for a fact of another type; the message does not repeat it.
    """

    has_file: bool | Unknown = UNKNOWN
    file_number: Fact[str] = field(default=UNKNOWN, repr=False)
    family_doctor: Fact[str] = field(default=UNKNOWN, repr=False)
    family_doctor_elsewhere: bool | Unknown = field(default=UNKNOWN, repr=False)
    birth_date: Fact[date] = field(default=UNKNOWN, repr=False)
    registered_sex: Fact[Sex] = field(default=UNKNOWN, repr=False)
    tags: Fact[frozenset[str]] = field(default=UNKNOWN, repr=False)
    postal_code: Fact[str] = field(default=UNKNOWN, repr=False)
    health_cards: Fact[tuple[HealthCard, ...]] = field(default=UNKNOWN, repr=False)
    upcoming: Fact[tuple[UpcomingVisit, ...]] = field(default=UNKNOWN, repr=False)
    last_visit: Fact[date] = field(default=UNKNOWN, repr=False)
    prior_visits: Fact[PriorVisits] = field(default=UNKNOWN, repr=False)
    for_dependant: bool | Unknown = field(default=UNKNOWN, repr=False)

    def __attrs_post_init__(self) -> None:
        refuse_wrong_facts(self, _NAMES)

    @classmethod
    def none(cls) -> "Facts":
        """The facts of an unidentified visitor: every one of them unknown (R13)."""
        return cls()

    @property
    def nothing_known(self) -> bool:
        """Whether every fact is unknown, as for an unidentified visitor."""
        # The first is known of every file.
        return self.has_file is UNKNOWN and all(getattr(self, name) is UNKNOWN for name in _NAMES)

    def state_of(self, name: FactName) -> FactState:
        """What is known of a fact, without telling it."""
        fact: object = getattr(self, name)
        if fact is UNKNOWN:
            return FactState.UNKNOWN
        if isinstance(fact, PriorVisits):
            fact = fact.visits
        empty = fact is None or fact is False or (isinstance(fact, Sized) and not len(fact))
        return FactState.NONE if empty else FactState.KNOWN


def _or_none(is_known: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: _is_fact(value, is_known)


_IS_RIGHT: dict[str, Callable[[object], bool]] = {
    FactName.HAS_FILE: _is_flag,
    FactName.FILE_NUMBER: _or_none(_is_text),
    FactName.FAMILY_DOCTOR: _or_none(_is_text),
    FactName.FAMILY_DOCTOR_ELSEWHERE: _is_flag,
    FactName.BIRTH_DATE: _or_none(is_date),
    FactName.REGISTERED_SEX: _or_none(_is_sex),
    FactName.TAGS: _or_none(_are(str, frozenset)),
    FactName.POSTAL_CODE: _or_none(_is_text),
    FactName.HEALTH_CARDS: _or_none(_are(HealthCard, tuple)),
    FactName.UPCOMING: _or_none(_are(UpcomingVisit, tuple)),
    FactName.LAST_VISIT: _or_none(is_date),
    FactName.PRIOR_VISITS: _or_none(lambda value: isinstance(value, PriorVisits)),
    FactName.FOR_DEPENDANT: _is_flag,
}
_NAMES = tuple(name.value for name in FactName)


def refuse_wrong_facts(holder: object, names: Iterable[str]) -> None:
    """Raise :class:`InvalidValue` if one of these attributes can be no fact of its name.

    The message names them, and repeats no value.
    """
    # UNKNOWN is right everywhere, and most facts are: it is asked about first.
    wrong = [
        name
        for name in names
        if (value := getattr(holder, name)) is not UNKNOWN and not _IS_RIGHT[name](value)
    ]
    if wrong:
        raise InvalidValue(
            f"cannot be facts: {', '.join(wrong)}; give a value of the declared type that is "
            "not empty, None for what is known to be none (but has_file, "
            "family_doctor_elsewhere and for_dependant: True or False), or UNKNOWN"
        )


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
