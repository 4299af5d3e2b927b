"""A file at the clinic, as its directory knows it (FHIR Patient).

Files live in the clinic's own system; this is what the library is told of one. A file that is not
live (inactive, deceased, or merged into another) identifies nobody by itself and has no facts (R9,
R13).
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum, unique
from typing import cast

from attrs import evolve, field, frozen

from omnibook.ages import is_date
from omnibook.contacts import ContactPoint
from omnibook.errors import InvalidValue
from omnibook.facts import (
    UNKNOWN,
    Fact,
    FactName,
    Facts,
    HealthCard,
    PriorVisits,
    Sex,
    Unknown,
    UpcomingVisit,
    refuse_wrong_facts,
)
from omnibook.health_numbers import HealthNumber
from omnibook.ids import PatientId
from omnibook.names import PersonName
from omnibook.times import as_instant


@unique
class Gender(StrEnum):
    """The gender that a visitor states and a file records (FHIR R4 ``AdministrativeGender``)."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class PlannedVisit:
    """An appointment that a directory states: when it begins, and for which of the services.

    ``visit_id`` is its identifier; one that omnibook booked keeps its ``appointment_id``, so that
    it counts once (R20). ``service`` is None where the directory does not tell.

    Raises :class:`~omnibook.errors.InvalidValue` for an empty identifier or a naive ``start``.
    """

    visit_id: str
    start: datetime = field(converter=as_instant, repr=False)
    service: str | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        visit_id, service = cast("object", self.visit_id), cast("object", self.service)
        named = isinstance(visit_id, str) and visit_id
        if not named or not (service is None or isinstance(service, str)):
            raise InvalidValue("a planned visit needs an identifier, and may name a service")


def _by_rank(points: Iterable[ContactPoint]) -> tuple[ContactPoint, ...]:
    return tuple(sorted(points, key=lambda point: point.rank))


@frozen(kw_only=True)
class Patient:
    """A file at the clinic, as its directory knows it (FHIR Patient).

    ``names`` are all names that were recorded, each a pair (R5). ``contacts`` are kept in the order
    of their ranks. ``merged_into`` names the file that this one was merged into: then that one is
    the person's. ``replaces`` are the identifiers of all files that were merged into this one,
    under which it may have appointments (FHIR Patient.link); they follow from the other files, so
    that they play no part in comparing. What a directory does not tell is left at
    :data:`~omnibook.facts.UNKNOWN` (R21): see :class:`~omnibook.facts.Facts` for each. Of
    ``health_cards`` left out, there is one for each health number, of which nobody tells when it
    expires. ``upcoming``, ``last_visit`` and ``prior_visits`` are what the directory knows besides
    the store's appointments (:func:`omnibook.known_facts.facts_of`).

    Raises :class:`~omnibook.errors.InvalidValue`, without the value, for an empty ``patient_id``, a
    birth date that is not a date without a time, a gender that is no :class:`Gender`, or a fact
    that :class:`~omnibook.facts.Facts` refuses.
    """

    patient_id: PatientId = field(repr=False)
    names: tuple[PersonName, ...] = field(default=(), repr=False, converter=tuple[PersonName, ...])
    birth_date: date | None = field(default=None, repr=False)
    gender: Gender = field(default=Gender.UNKNOWN, repr=False)
    contacts: tuple[ContactPoint, ...] = field(default=(), repr=False, converter=_by_rank)
    health_numbers: tuple[HealthNumber, ...] = field(
        default=(), repr=False, converter=tuple[HealthNumber, ...]
    )
    active: bool = True
    deceased: bool = False
    merged_into: PatientId | None = field(default=None, repr=False)
    replaces: frozenset[PatientId] = field(default=frozenset(), repr=False, eq=False)
    language: str | None = None
    file_number: Fact[str] = field(default=UNKNOWN, repr=False)
    family_doctor: Fact[str] = field(default=UNKNOWN, repr=False)
    registered_sex: Fact[Sex] = field(default=UNKNOWN, repr=False)
    family_doctor_elsewhere: bool | Unknown = field(default=UNKNOWN, repr=False)
    tags: Fact[frozenset[str]] = field(default=UNKNOWN, repr=False)
    postal_code: Fact[str] = field(default=UNKNOWN, repr=False)
    health_cards: Fact[tuple[HealthCard, ...]] = field(default=UNKNOWN, repr=False)
    upcoming: Fact[tuple[PlannedVisit, ...]] = field(default=UNKNOWN, repr=False)
    last_visit: Fact[date] = field(default=UNKNOWN, repr=False)
    prior_visits: Fact[PriorVisits] = field(default=UNKNOWN, repr=False)

    def __attrs_post_init__(self) -> None:
        patient_id = cast("object", self.patient_id)
        if not (isinstance(patient_id, str) and patient_id):
            raise InvalidValue("a patient_id must be a text that is not empty")
        if not (self.birth_date is None or is_date(self.birth_date)):
            raise InvalidValue("a patient's birth_date must be a date without a time, or None")
        if not isinstance(self.gender, Gender):
            raise InvalidValue("a patient's gender must be a Gender")
        planned: object = self.upcoming
        if not (
            planned is None
            or planned is UNKNOWN
            or (
                isinstance(planned, tuple)
                and all(
                    isinstance(each, PlannedVisit) for each in cast("tuple[object, ...]", planned)
                )
            )
        ):
            raise InvalidValue("a patient's upcoming visits are a tuple of PlannedVisit")
        refuse_wrong_facts(self, _OWN_FACTS)

    @property
    def ids(self) -> frozenset[PatientId]:
        """Every identifier under which records of this patient may be kept."""
        return self.replaces | {self.patient_id}

    @property
    def is_live(self) -> bool:
        """Whether the file can be somebody's who books: active, not deceased, not merged (R9)."""
        return self.active and not self.deceased and self.merged_into is None

    @property
    def main_contact(self) -> ContactPoint | None:
        """The current contact at position 1 in one order over phones and e-mails (R43)."""
        return next((point for point in self.contacts if point.current), None)

    def lacking(self, points: Iterable[ContactPoint]) -> tuple[ContactPoint, ...]:
        """Those of the points that the file lacks, as they are added to it (R41).

        Compared by match key with every contact of the file, current or not; each once, unverified,
        ranked after all that the file has.
        """
        known = {point.match_key for point in self.contacts}
        rank = max((point.rank for point in self.contacts), default=0)
        added: list[ContactPoint] = []
        for point in points:
            if point.match_key not in known:
                known.add(point.match_key)
                rank += 1
                added.append(evolve(point, rank=rank, verified=False, current=True))
        return tuple(added)

    @property
    def facts(self) -> Facts:
        """What the file itself tells; nothing unless it is live (R13, R20, R21).

        Nothing of visits to come: which those are depends on the moment.
        """
        return self.facts_with(last_visit=self.last_visit, prior_visits=self.prior_visits)

    def facts_with(
        self,
        *,
        upcoming: Fact[tuple[UpcomingVisit, ...]] = UNKNOWN,
        last_visit: Fact[date] = UNKNOWN,
        prior_visits: Fact[PriorVisits] = UNKNOWN,
        for_dependant: bool | Unknown = UNKNOWN,
    ) -> Facts:
        """What the file tells, with these facts of its visits in place of its own (R20).

        Nothing unless it is live (R13).
        """
        if not self.is_live:
            return Facts.none()
        return Facts(
            has_file=True,
            file_number=self.file_number,
            family_doctor=self.family_doctor,
            family_doctor_elsewhere=self.family_doctor_elsewhere,
            birth_date=UNKNOWN if self.birth_date is None else self.birth_date,
            registered_sex=self.registered_sex,
            tags=self.tags,
            postal_code=self.postal_code,
            health_cards=self._cards(),
            upcoming=upcoming,
            last_visit=last_visit,
            prior_visits=prior_visits,
            for_dependant=for_dependant,
        )

    def _cards(self) -> Fact[tuple[HealthCard, ...]]:
        if self.health_cards is not UNKNOWN or not self.health_numbers:
            return self.health_cards
        return tuple(HealthCard(number.issuer) for number in self.health_numbers)


_OWN_FACTS = tuple(
    name.value
    for name in FactName
    if name not in {FactName.HAS_FILE, FactName.UPCOMING, FactName.FOR_DEPENDANT}
)
"""The facts that a file holds in the same form as :class:`~omnibook.facts.Facts`."""
