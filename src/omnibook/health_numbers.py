"""Health insurance numbers: what they are, and how typed ones are read (R4, R6, R11).

A health number is a pair: who issued it, and its value without blanks or hyphens. How each issuer
writes its own stands in a registry, :class:`~omnibook.health_issuers.Issuers`, handed to the
functions below as a parameter. All of Canada comes along (:data:`SHIPPED_ISSUERS`); a host adds an
issuer by making a new registry: ``SHIPPED_ISSUERS.adding(Issuer(...))``.

What the card carries beside the number, as Ontario's version code, is kept apart and is no part of
the identity. What a number says of its holder (:func:`decode_health_number`) serves to refuse one
whose date cannot be, and is held against neither the form nor a file: R6 and R7 compare whole
numbers, since names and cards change.
"""

import re
from datetime import date, datetime

from attrs import field, frozen

from omnibook.canadian_numbers import BESIDES_QUEBEC, ONTARIO
from omnibook.errors import InvalidValue
from omnibook.health_issuers import (
    ISSUER_CODE,
    CheckLevel,
    DecodedNumber,
    Issuer,
    Issuers,
    compact,
)
from omnibook.problems import Problem, ProblemCode
from omnibook.quebec_numbers import QUEBEC
from omnibook.typed_text import read_line

__all__ = [
    "HEALTH_NUMBER_LIMIT",
    "ONTARIO",
    "QUEBEC",
    "SHIPPED_ISSUERS",
    "CheckLevel",
    "DecodedNumber",
    "HealthNumber",
    "Issuer",
    "Issuers",
    "compact",
    "decode_health_number",
    "format_health_number",
    "parse_health_number",
]

HEALTH_NUMBER_LIMIT = 40
"""The greatest length of a typed health number, in characters."""

SHIPPED_ISSUERS = Issuers((QUEBEC, *BESIDES_QUEBEC))
"""The issuers that come with this library: Canada's provinces and territories."""

_COMPACT = re.compile(r"[A-Z0-9]{1,40}")
_VERSION = re.compile(r"[A-Z0-9]{1,10}")


@frozen
class HealthNumber:
    """A number and its issuer (FHIR Identifier): equal when both are, whatever the version code.

    ``value`` is compact, as :func:`~omnibook.health_issuers.compact` leaves it. ``version`` is what
    the card carries beside the number, if anything. Raises
    :class:`~omnibook.errors.InvalidValue`, without the value, when one of them is malformed;
    whether the issuer could have issued it is not asked.
    """

    issuer: str
    value: str = field(repr=False)
    version: str | None = field(default=None, repr=False, eq=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not _fits(ISSUER_CODE, self.issuer):
            raise InvalidValue("a health number's issuer must be a code such as 'CA-QC'")
        if not _fits(_COMPACT, self.value):
            raise InvalidValue(
                "a health number must be compact: capital letters and digits only; see compact()"
            )
        if self.version is not None and not _fits(_VERSION, self.version):
            raise InvalidValue(
                "a health number's version must be capital letters and digits, or None"
            )


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


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

    >>> number = parse_health_number("1234-567-020 ab", issuer="CA-ON")
    >>> number.value, number.version
    ('1234567020', 'AB')
    >>> parse_health_number("1234 567 021", issuer="CA-ON").code
    <ProblemCode.HEALTH_NUMBER_MALFORMED: 'health-number.malformed'>
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
    if not _fits(_COMPACT, value) or not known.validate(value):
        return malformed
    if today is not None and known.decode is not None and known.decode(value, today) is None:
        return malformed
    return HealthNumber(known.code, value, version=version)


def format_health_number(number: HealthNumber, issuers: Issuers = SHIPPED_ISSUERS) -> str:
    """The number in groups, as it is read from a card, with its version code if it has one.

    A number of an unknown issuer is shown as it is kept.

    >>> format_health_number(HealthNumber("CA-QC", "TREM04621918"))
    'TREM 0462 1918'
    >>> format_health_number(HealthNumber("CA-ON", "1234567020", version="AB"))
    '1234 567 020 AB'
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

    >>> number = HealthNumber("CA-QC", "TREM04621918")
    >>> decoded = decode_health_number(number, date(2026, 11, 23))
    >>> decoded.birth_date, decoded.sex
    (datetime.date(2004, 12, 19), <Sex.FEMALE: 'female'>)
    >>> decode_health_number(number, date(2004, 12, 18)) is None
    True
    """
    _check_day(today)
    known = issuers.get(number.issuer)
    if known is None or known.decode is None:
        return None
    return known.decode(number.value, today)


def _check_day(today: date | None) -> None:
    if isinstance(today, datetime):
        raise InvalidValue("today must be a date, not a datetime: the clinic's local date")
