"""Health insurance numbers: an open registry of issuers, and how each writes its own (R4, R6, R11).

A health number is a pair: who issued it, and its value without blanks or hyphens. An
:class:`Issuer` says how its numbers are written, checked and shown; :class:`Issuers` is an
immutable registry, handed to the functions below as a parameter. A host adds an issuer by making a
new registry: ``SHIPPED_ISSUERS.adding(Issuer(...))``. Nothing is checked that the issuer has not
published: without a known check digit, an issuer's level is ``FORMAT``.

Québec's number (RAMQ, NAM) is made from the holder's name, birth date and registered sex. It
identifies, but it is no secret, and its check digit is weak: letters of one group (``ANZ``,
``BO``, ``CP``, …) can be exchanged unnoticed. What can be read out of it
(:func:`decode_health_number`) serves to refuse a number whose date cannot be, and is held against
neither the form nor a file: R6 and R7 compare whole numbers, since names and cards change. Cards
marked X exist since 2024-10-10, and their numbers are still coded M or F.

Ontario's card carries a version code of up to two letters, which changes with every card and is
no part of the identity: it is kept apart, and two numbers that differ in it are equal.

Sources: Québec, INSPQ "utilitaire-nam"; Ontario, Luhn's check over ten digits, as open validators
agree; FHIR systems, HL7 Canada baseline (read in 2026).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum, unique

from attrs import field, frozen

from omnibook.ages import is_too_old
from omnibook.errors import InvalidValue
from omnibook.facts import Sex
from omnibook.problems import Problem, ProblemCode
from omnibook.typed_text import read_line, without_format_characters

HEALTH_NUMBER_LIMIT = 40
"""The greatest length of a typed health number, in characters."""

_ISSUER_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,31}")
_COMPACT = re.compile(r"[A-Z0-9]{1,40}")
_VERSION = re.compile(r"[A-Z0-9]{1,10}")

_ASCII_CAPITALS = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_MINUS_SIGN = "\u2212"  # the one dash that Unicode does not call one


@unique
class CheckLevel(StrEnum):
    """How far an issuer's numbers can be checked."""

    FORMAT = "format"
    CHECK_DIGIT = "check-digit"


@frozen
class HealthNumber:
    """A number and its issuer (FHIR Identifier): equal when both are, whatever the version code.

    ``value`` is compact, as :func:`compact` leaves it. ``version`` is what the card carries beside
    the number, if anything. Raises :class:`~omnibook.errors.InvalidValue`, without the value, when
    one of them is malformed; whether the issuer could have issued it is not asked.
    """

    issuer: str
    value: str = field(repr=False)
    version: str | None = field(default=None, repr=False, eq=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not _fits(_ISSUER_CODE, self.issuer):
            raise InvalidValue("a health number's issuer must be a code such as 'CA-QC'")
        if not _fits(_COMPACT, self.value):
            raise InvalidValue(
                "a health number must be compact: capital letters and digits only; see compact()"
            )
        if self.version is not None and not _fits(_VERSION, self.version):
            raise InvalidValue(
                "a health number's version must be capital letters and digits, or None"
            )


@frozen
class DecodedNumber:
    """What a number says about its holder."""

    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)


def compact(text: str) -> str:
    """The text without blanks, dots, dashes and invisible characters, in capitals and NFKC.

    Compacting what is compact changes nothing. Letters outside ASCII stay as they are, so that no
    look-alike becomes a letter of a number.
    """
    kept = "".join(
        character
        for character in unicodedata.normalize("NFKC", without_format_characters(text))
        if not _is_separator(character)
    )
    return unicodedata.normalize("NFKC", kept).translate(_ASCII_CAPITALS)


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_separator(character: str) -> bool:
    return (
        character in {".", _MINUS_SIGN}
        or character.isspace()
        or unicodedata.category(character) == "Pd"
    )


def _without_version(text: str) -> tuple[str, str | None]:
    return text, None


@frozen(kw_only=True)
class Issuer:
    """Who issues health numbers, and how they are written.

    ``code`` names it in a file and a form (ISO 3166-2 where there is one); ``system`` is its FHIR
    Identifier system; ``level`` says how far its numbers can be checked. The rest are functions:
    ``compact`` brings a typed text into capitals without blanks; ``split`` takes that apart into
    number and version code; ``valid`` judges the number; ``format`` groups a valid one as on the
    card; ``decode`` reads birth date and sex out of it, as of a given day, and is ``None`` where
    an issuer's numbers say nothing.
    """

    code: str
    name: str
    system: str
    level: CheckLevel
    valid: Callable[[str], bool] = field(repr=False)
    format: Callable[[str], str] = field(repr=False)
    compact: Callable[[str], str] = field(default=compact, repr=False)
    split: Callable[[str], tuple[str, str | None]] = field(default=_without_version, repr=False)
    decode: Callable[[str, date], DecodedNumber | None] | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if not _fits(_ISSUER_CODE, self.code):
            raise InvalidValue("an issuer's code must be capital letters, digits and hyphens")


def _listed(issuers: Iterable[Issuer]) -> tuple[Issuer, ...]:
    return tuple(issuers)


@frozen(repr=False)
class Issuers(Mapping[str, Issuer]):
    """An immutable registry of issuers, by code.

    Raises :class:`~omnibook.errors.InvalidValue` when two of them have one code.
    """

    listed: tuple[Issuer, ...] = field(default=(), converter=_listed)

    def __attrs_post_init__(self) -> None:
        codes = [issuer.code for issuer in self.listed]
        if len(set(codes)) < len(codes):
            raise InvalidValue("two issuers of one registry have the same code")

    def adding(self, issuer: Issuer) -> "Issuers":
        """A registry with this issuer too, in place of one with the same code."""
        others = (other for other in self.listed if other.code != issuer.code)
        return Issuers((*others, issuer))

    def __getitem__(self, code: str) -> Issuer:
        for issuer in self.listed:
            if issuer.code == code:
                return issuer
        raise KeyError(code)

    def __iter__(self) -> Iterator[str]:
        return (issuer.code for issuer in self.listed)

    def __len__(self) -> int:
        return len(self.listed)

    def __repr__(self) -> str:
        return f"Issuers({', '.join(self)})"


# ----------------------------------------------------------------------------------------------
# Québec: four letters, year, month (+50 for a woman), day, sequence, check digit.

_QUEBEC = re.compile(
    r"(?P<letters>[A-Z]{4})(?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?P<sequence>[1-9A-HJ-NP-Z])(?P<check>[0-9])"
)
_QUEBEC_WEIGHTS = (1, 3, 7, 9, 1, 7, 1, 3, 4, 5, 7, 6, 9, 1)
_QUEBEC_CENTURIES = (2000, 1900, 1800)
_QUEBEC_FEMALE = 50


def _read_quebec(number: str) -> DecodedNumber | None:
    """Birth date and sex, or ``None``: the check digit is right for one century at most.

    The three centuries' terms of the weighted sum differ modulo 10 (2, 4 and 7), so that the check
    digit fixes the century. A date must exist in its century: 1900-02-29 never did.
    """
    match = _QUEBEC.fullmatch(number)
    if match is None:
        return None
    month = int(match["month"])
    sex = Sex.MALE
    if month > _QUEBEC_FEMALE:
        month -= _QUEBEC_FEMALE
        sex = Sex.FEMALE
    for century in _QUEBEC_CENTURIES:
        try:
            born = date(century + int(match["year"]), month, int(match["day"]))
        except ValueError:
            continue
        if _quebec_check_digit(match["letters"], born, sex, match["sequence"]) == match["check"]:
            return DecodedNumber(born, sex)
    return None


def _quebec_check_digit(letters: str, born: date, sex: Sex, sequence: str) -> str:
    coded = "M" if sex is Sex.MALE else "F"
    line = f"{letters}{born.year:04}{coded}{born.month:02}{born.day:02}{sequence}"
    # The rule was written for machines that spoke EBCDIC: characters count by their code there.
    values = line.encode("cp037")
    return str(sum(w * value for w, value in zip(_QUEBEC_WEIGHTS, values, strict=True)) % 10)


def _quebec_valid(number: str) -> bool:
    return _read_quebec(number) is not None


def _quebec_decode(number: str, today: date) -> DecodedNumber | None:
    decoded = _read_quebec(number)
    if decoded is None or decoded.birth_date > today:
        return None
    return None if is_too_old(decoded.birth_date, today) else decoded


def _quebec_format(number: str) -> str:
    return f"{number[:4]} {number[4:8]} {number[8:]}"


# ----------------------------------------------------------------------------------------------
# Ontario: ten digits under Luhn's check, then a version code of up to two letters.

_ONTARIO = re.compile(r"[1-9][0-9]{9}")
_ONTARIO_WITH_VERSION = re.compile(r"([0-9]{10})([A-Z]{1,2})")


def _ontario_split(text: str) -> tuple[str, str | None]:
    match = _ONTARIO_WITH_VERSION.fullmatch(text)
    return (text, None) if match is None else (match[1], match[2])


def _ontario_valid(number: str) -> bool:
    return _ONTARIO.fullmatch(number) is not None and _luhn_holds(number)


def _luhn_holds(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def _ontario_format(number: str) -> str:
    return f"{number[:4]} {number[4:7]} {number[7:]}"


QUEBEC = Issuer(
    code="CA-QC",
    name="Régie de l'assurance maladie du Québec (RAMQ)",
    system="https://fhir.infoway-inforoute.ca/NamingSystem/ca-qc-patient-healthcare-id",
    level=CheckLevel.CHECK_DIGIT,
    valid=_quebec_valid,
    format=_quebec_format,
    decode=_quebec_decode,
)
ONTARIO = Issuer(
    code="CA-ON",
    name="Ontario Health Insurance Plan (OHIP)",
    system="https://fhir.infoway-inforoute.ca/NamingSystem/ca-on-patient-hcn",
    level=CheckLevel.CHECK_DIGIT,
    valid=_ontario_valid,
    format=_ontario_format,
    split=_ontario_split,
)
SHIPPED_ISSUERS = Issuers((QUEBEC, ONTARIO))
"""The issuers that come with this library."""


# ----------------------------------------------------------------------------------------------


def parse_health_number(
    text: object,
    *,
    issuer: object,
    issuers: Issuers = SHIPPED_ISSUERS,
    today: date | None = None,
) -> HealthNumber | Problem:
    """A typed health number (R4, R11). Blanks, dots, dashes and small letters are allowed.

    Never raises over ``text`` or ``issuer``, whatever they are. Whether the number agrees with the
    rest of the form is not judged here (R6, R7, R11).

    Args:
        text: what was typed, at most 40 characters.
        issuer: the code of who issued it, such as ``"CA-QC"``.
        issuers: the registry to look it up in.
        today: when given, a number whose coded birth date lies after this day, or over 130 years
            before it, is malformed.

    Returns:
        The number. Or a problem: on ``health_number``, one of
        :func:`~omnibook.typed_text.read_line` or ``HEALTH_NUMBER_MALFORMED`` (details: ``issuer``);
        on ``health_number_issuer``, ``HEALTH_NUMBER_ISSUER_UNKNOWN``.

    Raises:
        InvalidValue: ``today`` is a datetime.
    """
    _check_day(today)
    name = "health_number"
    line = read_line(text, field=name, limit=HEALTH_NUMBER_LIMIT)
    if isinstance(line, Problem):
        return line
    known = issuers.get(issuer) if isinstance(issuer, str) else None
    if known is None:
        return Problem(ProblemCode.HEALTH_NUMBER_ISSUER_UNKNOWN, "health_number_issuer")
    value, version = known.split(known.compact(line))
    malformed = Problem(ProblemCode.HEALTH_NUMBER_MALFORMED, name, {"issuer": known.code})
    if not known.valid(value):
        return malformed
    if today is not None and known.decode is not None and known.decode(value, today) is None:
        return malformed
    return HealthNumber(known.code, value, version=version)


def format_health_number(number: HealthNumber, issuers: Issuers = SHIPPED_ISSUERS) -> str:
    """The number as it is written on the card: ``"TREM 0462 1918"``, ``"1234 567 020 AB"``.

    A number of an unknown issuer is shown as it is kept.
    """
    known = issuers.get(number.issuer)
    shown = number.value if known is None else known.format(number.value)
    return shown if number.version is None else f"{shown} {number.version}"


def decode_health_number(
    number: HealthNumber, today: date, issuers: Issuers = SHIPPED_ISSUERS
) -> DecodedNumber | None:
    """The birth date and registered sex that the number codes, as of ``today``.

    Returns:
        What it says; ``None`` when its issuer is unknown or codes nothing, or when the number is
        malformed, or codes a day after ``today`` or over 130 years before it.

    Raises:
        InvalidValue: ``today`` is a datetime.
    """
    _check_day(today)
    known = issuers.get(number.issuer)
    if known is None or known.decode is None:
        return None
    return known.decode(number.value, today)


def _check_day(today: date | None) -> None:
    if isinstance(today, datetime):
        raise InvalidValue("today must be a date, not a datetime: the clinic's local date")
