"""Québec's health number (RAMQ, NAM): its check digit, and what it says of its holder (R4, R6).

Twelve characters: three letters of the surname at birth, one of the given name, year, month (50
more for a registered woman), day, a sequence character, a check digit. It identifies, but it is no
secret: whoever knows name, birth date and sex can work it out. The check digit is weak too, since
letters of one group (``ANZ``, ``BO``, ``CP``, ``DQS``, ``ERT``, ``FU``, ``GJV``, ``HKW``, ``ILX``,
``MY``) can be exchanged unnoticed.

What can be read out of a number serves to refuse one whose date cannot be. It is held against
neither the form nor a file: R6 and R7 compare whole numbers, since names and cards change. That
its letters differ from a name is at most a warning for staff, see
:func:`omnibook.number_warnings.number_warnings`. Cards marked X exist since 2024-10-10; their
numbers are still coded M or F.

Source: INSPQ (Institut national de santé publique du Québec), "utilitaire-nam", in Java and in C#,
which agree; read in 2026.
"""

import re
from datetime import date

from omnibook.ages import is_too_old
from omnibook.facts import Sex
from omnibook.health_issuers import CheckLevel, DecodedNumber, Issuer
from omnibook.names import Folding, fold

_SHAPE = re.compile(
    r"(?P<letters>[A-Z]{4})(?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?P<sequence>[1-9A-HJ-NP-Z])(?P<check>[0-9])"
)
_WEIGHTS = (1, 3, 7, 9, 1, 7, 1, 3, 4, 5, 7, 6, 9, 1)
_CENTURIES = (2000, 1900, 1800)
_FEMALE = 50
_SURNAME_LETTERS = 3
_PADDING = "X"

# Blanks and what Unicode calls a dash, as far as it is found in names.
_BREAK = re.compile(r"[\s\-\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+")
_SAINTS = frozenset({"saint", "sainte", "saints", "saintes", "st", "ste"})


def quebec_letters(given: str, family: str) -> str | None:
    """The four letters that a number made from this name begins with.

    Accents, blanks, hyphens and apostrophes are left out. A short surname is padded with X. A
    leading Saint, Sainte, Saints, Saintes, Ste or St that is followed by a hyphen or a blank
    counts as ST.

    Returns:
        The letters, or ``None`` when either name holds no letter from A to Z, as one in another
        script: the number was then made from a spelling that is not known here.

    >>> quebec_letters("Émile", "Ng")
    'NGXE'
    >>> quebec_letters("Marie", "Sainte-Foy"), quebec_letters("Marie", "Saintdoux")
    ('STFM', 'SAIM')
    """
    surname, first = _letters(family), _letters(given)
    if not surname or not first:
        return None
    return surname[:_SURNAME_LETTERS].ljust(_SURNAME_LETTERS, _PADDING) + first[0]


def _letters(name: str) -> str:
    first, *others = _BREAK.split(name.strip(), maxsplit=1)
    if others and fold(first, Folding.FOLDED) in _SAINTS:
        name = f"ST{others[0]}"
    folded = fold(name, Folding.FOLDED).upper()
    return "".join(letter for letter in folded if "A" <= letter <= "Z")


def _agrees(number: str, given: str, family: str) -> bool | None:
    letters = quebec_letters(given, family)
    return None if letters is None else number.startswith(letters)


def _read(number: str) -> DecodedNumber | None:
    """Birth date and sex, or ``None``: the check digit is right for one century at most.

    The three centuries' terms of the weighted sum differ modulo 10 (2, 4 and 7), so that the check
    digit fixes the century. A date must exist in its century: 1900-02-29 never did.
    """
    match = _SHAPE.fullmatch(number)
    if match is None:
        return None
    month = int(match["month"])
    sex = Sex.MALE
    if month > _FEMALE:
        month -= _FEMALE
        sex = Sex.FEMALE
    for century in _CENTURIES:
        try:
            born = date(century + int(match["year"]), month, int(match["day"]))
        except ValueError:
            continue
        if _check_digit(match["letters"], born, sex, match["sequence"]) == match["check"]:
            return DecodedNumber(born, sex)
    return None


def _check_digit(letters: str, born: date, sex: Sex, sequence: str) -> str:
    coded = "M" if sex is Sex.MALE else "F"
    line = f"{letters}{born.year:04}{coded}{born.month:02}{born.day:02}{sequence}"
    # The rule was written for machines that spoke EBCDIC: characters count by their code there.
    values = line.encode("cp037")
    return str(sum(w * value for w, value in zip(_WEIGHTS, values, strict=True)) % 10)


def _validate(number: str) -> bool:
    return _read(number) is not None


def _decode(number: str, today: date) -> DecodedNumber | None:
    decoded = _read(number)
    if decoded is None or decoded.birth_date > today:
        return None
    return None if is_too_old(decoded.birth_date, today) else decoded


def _format(number: str) -> str:
    return f"{number[:4]} {number[4:8]} {number[8:]}"


QUEBEC = Issuer(
    code="CA-QC",
    name="Régie de l'assurance maladie du Québec (RAMQ)",
    system="https://fhir.infoway-inforoute.ca/NamingSystem/ca-qc-patient-healthcare-id",
    level=CheckLevel.CHECK_DIGIT,
    validate=_validate,
    format=_format,
    decode=_decode,
    agrees=_agrees,
)
"""Québec: twelve characters, shown ``TREM 0462 1918``."""
