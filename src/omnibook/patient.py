"""A file at the clinic, as its directory knows it (FHIR Patient).

Files live in the clinic's own system; this is what the library is told of one. A file that is not
live (inactive, deceased, or merged into another) identifies nobody by itself and has no facts (R9,
R13).
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum, unique
from typing import cast

from attrs import evolve, field, frozen

from omnibook.ages import is_date
from omnibook.contacts import ContactPoint
from omnibook.errors import InvalidValue
from omnibook.facts import UNKNOWN, Fact, Facts, Sex
from omnibook.health_numbers import HealthNumber
from omnibook.ids import PatientId
from omnibook.names import PersonName


@unique
class Gender(StrEnum):
    """The gender that a visitor states and a file records (FHIR R4 ``AdministrativeGender``)."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


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
    :data:`~omnibook.facts.UNKNOWN` (R21).

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

    def __attrs_post_init__(self) -> None:
        patient_id = cast("object", self.patient_id)
        if not (isinstance(patient_id, str) and patient_id):
            raise InvalidValue("a patient_id must be a text that is not empty")
        if not (self.birth_date is None or is_date(self.birth_date)):
            raise InvalidValue("a patient's birth_date must be a date without a time, or None")
        if not isinstance(self.gender, Gender):
            raise InvalidValue("a patient's gender must be a Gender")
        self._known()  # refuses a fact of another type

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
        """What eligibility may know of the file; nothing unless it is live (R13, R20, R21)."""
        return self._known() if self.is_live else Facts.none()

    def _known(self) -> Facts:
        return Facts(
            has_file=True,
            file_number=self.file_number,
            family_doctor=self.family_doctor,
            birth_date=UNKNOWN if self.birth_date is None else self.birth_date,
            registered_sex=self.registered_sex,
        )
