"""What staff may want to look at in a file's health numbers: warnings, never problems (R6, R11).

In Québec a number is made from the holder's name at birth, birth date and registered sex. People
marry, cards are corrected, and a child is seen with a parent's card, so that a difference says
nothing for certain. It is for staff who keep the files: a number is never refused for it, and
identification never asks (R6 and R7 compare whole numbers).

Sex is compared only where the file's gender is male or female. Cards marked X exist since
2024-10-10 and their numbers are still coded M or F: gender *other* or *unknown* differs from
nothing. Where the file tells the registered sex, that is compared instead of the gender.

A warning names what differs and which number (its issuer), and holds no value.
"""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum, unique

from attrs import frozen

from omnibook.facts import UNKNOWN, Sex
from omnibook.health_numbers import (
    SHIPPED_ISSUERS,
    HealthNumber,
    Issuer,
    Issuers,
    decode_health_number,
)
from omnibook.patient import Gender, Patient

_SEX_OF_GENDER = {Gender.MALE: Sex.MALE, Gender.FEMALE: Sex.FEMALE}


@unique
class NumberWarningCode(StrEnum):
    """What a health number and its file disagree on; a code's meaning never changes."""

    NAME_DIFFERS = "number.name-differs"
    """The number was made from none of the names on file."""
    BIRTH_DATE_DIFFERS = "number.birth-date-differs"
    SEX_DIFFERS = "number.sex-differs"


@frozen
class NumberWarning:
    """One thing to look at, for staff only: what differs, and which issuer's number (R6)."""

    code: NumberWarningCode
    issuer: str


def number_warnings(
    patient: Patient, *, today: date, issuers: Issuers = SHIPPED_ISSUERS
) -> tuple[NumberWarning, ...]:
    """What the health numbers of a file say that the rest of the file does not (R6).

    Args:
        patient: the file, live or not.
        today: the clinic's local date; a number that codes no day up to it says nothing.
        issuers: the registry; numbers of other issuers say nothing.

    Returns:
        The warnings, in the order of the file's numbers. None for what the file does not tell.

    Raises:
        InvalidValue: ``today`` is a datetime.

    >>> from omnibook.ids import PatientId
    >>> from omnibook.names import PersonName
    >>> number = HealthNumber("CA-QC", "TREM04621918")
    >>> married = Patient(
    ...     patient_id=PatientId("7"),
    ...     names=(PersonName("Marie", "Gagnon"),),
    ...     birth_date=date(2004, 12, 19),
    ...     gender=Gender.OTHER,
    ...     health_numbers=(number,),
    ... )
    >>> [warning.code.value for warning in number_warnings(married, today=date(2026, 11, 23))]
    ['number.name-differs']
    """
    return tuple(
        NumberWarning(code, number.issuer)
        for number in patient.health_numbers
        if number.issuer in issuers
        for code in _differences(patient, number, today, issuers)
    )


def _differences(
    patient: Patient, number: HealthNumber, today: date, issuers: Issuers
) -> Iterator[NumberWarningCode]:
    if _names_differ(patient, number, issuers[number.issuer]):
        yield NumberWarningCode.NAME_DIFFERS
    decoded = decode_health_number(number, today, issuers)
    if decoded is None:
        return
    if patient.birth_date is not None and patient.birth_date != decoded.birth_date:
        yield NumberWarningCode.BIRTH_DATE_DIFFERS
    sex = _comparable_sex(patient)
    if sex is not None and sex is not decoded.sex:
        yield NumberWarningCode.SEX_DIFFERS


def _comparable_sex(patient: Patient) -> Sex | None:
    sex = _SEX_OF_GENDER.get(patient.gender)
    if sex is None or patient.registered_sex is UNKNOWN:
        return sex
    return patient.registered_sex


def _names_differ(patient: Patient, number: HealthNumber, issuer: Issuer) -> bool:
    """Whether some name of the file could have made the number, and none did."""
    if issuer.agrees is None:
        return False
    read = [issuer.agrees(number.value, name.given, name.family) for name in patient.names]
    return False in read and True not in read
