"""Cell phones and e-mail addresses: reading, canonical form, comparison (R3, R5, R8, R11).

A contact point is kept under one canonical form, E.164 for a phone and the normalised address for
an e-mail, so that equality means "reaches the same place" and needs no guessing: no plus
addressing is cut off, no dot is dropped.

There are two readings. What a visitor types is read strictly, because a wrong guess would send a
message about a visit to a stranger; what a clinic's files hold is read leniently, because nobody
is there to correct it. An extension is the best example: E.164 drops it silently, so a typed one
is refused, and a stored one is ignored.

In +1 nearly every number can be either a fixed line or a cell phone; only what the numbering plan
rules out (toll-free, premium rate, a fixed line elsewhere) is refused, each with its code (R11).
Formats follow ITU-T E.164 (11/2010), RFC 5322 and RFC 6531, as read by phonenumbers 9 and
email-validator 2.
"""

import re
import unicodedata
from enum import StrEnum, unique

import phonenumbers
from attrs import field, frozen
from email_validator import validate_email
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from omnibook.errors import InvalidValue
from omnibook.problems import Problem, ProblemCode
from omnibook.typed_text import read_line, without_format_characters

PHONE_LIMIT = 40
"""The greatest length of a typed phone number, in characters."""
EMAIL_LIMIT = 254
"""The greatest length of an e-mail address, in characters (RFC 5321 with erratum 1690)."""
STORED_LIMIT = 320
"""The greatest length of a stored contact that is looked at, in characters."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@A-Z]+")

_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
_TYPED_PHONE = re.compile(r"[( ]*\+?[0-9 ()./-]*[0-9][ ).]*")
_PHONE_WITH_EXTENSION = re.compile(
    r"""
    [( ]* \+? [( ]* (?:[0-9][ ()./-]*){7,}               # a whole number
    (?:[,;: ]* (?:poste|pste|ext(?:ension|n)?|local|int|[px]) | [,;: ]*[#,;])
    [ .:=#]* [0-9]{1,9} [ .)]*                              # and what to dial after it
    """,
    re.VERBOSE,
)
# Three digits first: what is looked for is a number with letters in it, not a text with digits.
_PHONE_WITH_LETTERS = re.compile(r"[( ]*\+?[( ]*(?:[0-9][ ()./-]*){3}(?:[0-9 ()./-]|[^\W\d_])*")
_STORED_PHONE = re.compile(r"\+?\(?[0-9][0-9 ()./-]*")
_CELL_PHONE_TYPES = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_OTHER_TYPES = {
    PhoneNumberType.TOLL_FREE: ProblemCode.PHONE_TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: ProblemCode.PHONE_PREMIUM_RATE,
    PhoneNumberType.FIXED_LINE: ProblemCode.PHONE_FIXED_LINE,
    PhoneNumberType.VOIP: ProblemCode.PHONE_INTERNET,
}


@unique
class ContactSystem(StrEnum):
    """The kind of a contact point (FHIR R4 ``ContactPoint.system``)."""

    PHONE = "phone"
    EMAIL = "email"


@frozen(kw_only=True)
class ContactPoint:
    """A phone number or an e-mail address, with its position in a file (FHIR ``ContactPoint``).

    ``value`` is canonical: E.164, or a normalised address, as the functions below return it.
    ``rank`` is the position in one order over phones and e-mails: 1 is the main one (R43).
    ``verified`` is false for what a booking added and staff have not confirmed (R8, R41).
    ``current`` is false for what no longer reaches the patient.

    Raises :class:`~omnibook.errors.InvalidValue`, without the value, for anything else.
    """

    system: ContactSystem
    value: str = field(repr=False)
    rank: int = 1
    verified: bool = True
    current: bool = True

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.system, ContactSystem):
            raise InvalidValue("a contact point's system must be a ContactSystem")
        if not _is_canonical(self.system, self.value):
            raise InvalidValue(
                f"a contact point of system {self.system.value!r} needs a canonical value (E.164, "
                "or a normalised address); read it with parse_cell_phone, parse_email or "
                "read_stored_contact"
            )
        if type(self.rank) is not int or self.rank < 1:
            raise InvalidValue("a contact point's rank must be a whole number; 1 is the main one")
        if not all(isinstance(flag, bool) for flag in (self.verified, self.current)):
            raise InvalidValue("a contact point's verified and current must each be a bool")

    @property
    def match_key(self) -> str:
        """The text under which two contact points are compared: equal keys reach the same place.

        The local part of an address is compared without regard to case, in NFC. A key is as
        personal as the value: never log it, never put it in a URL.
        """
        if self.system is ContactSystem.PHONE:
            return f"phone:{self.value}"
        local, _, domain = self.value.partition("@")
        return f"email:{unicodedata.normalize('NFC', local.casefold())}@{domain}"


def is_phone_region(region: str) -> bool:
    """Whether ``region`` can be a clinic's: two capital letters (ISO 3166-1), such as ``"CA"``."""
    return region in phonenumbers.SUPPORTED_REGIONS


def parse_cell_phone(text: object, *, region: str) -> ContactPoint | Problem:
    """A typed cell phone number, read strictly (R3, R11).

    Never raises over ``text``, whatever it is.

    Args:
        text: what was typed: at most 40 characters, digits, ``+ ( ) - . /`` and blanks.
        region: where a number without a country code is dialled, such as ``"CA"``.

    Returns:
        A contact point of rank 1. Or a problem on ``cell_phone``: one of
        :func:`~omnibook.typed_text.read_line`; ``PHONE_EXTENSION`` (a number with an extension,
        which a message could not reach); ``PHONE_LETTERS`` (letters for digits, or a word after
        the number); ``PHONE_MALFORMED``. Or, of a valid number that the numbering plan keeps for
        something else than cell phones: ``PHONE_TOLL_FREE``, ``PHONE_PREMIUM_RATE``,
        ``PHONE_FIXED_LINE``, ``PHONE_INTERNET``, ``PHONE_NOT_A_CELL_PHONE`` (anything else, such
        as a pager or a personal number).

    Raises:
        InvalidValue: ``region`` is unknown, see :func:`is_phone_region`.

    >>> parse_cell_phone("(514) 555-0123", region="CA").value
    '+15145550123'
    >>> parse_cell_phone("514 555-0123 poste 45", region="CA").code.value
    'phone.extension'
    >>> parse_cell_phone("1 800 555-0123", region="CA").code.value
    'phone.toll-free'
    """
    _check_region(region)
    name = "cell_phone"
    line = read_line(text, field=name, limit=PHONE_LIMIT)
    if isinstance(line, Problem):
        return line
    plain = _plain(line)
    if len(plain) > PHONE_LIMIT:
        return Problem(ProblemCode.TOO_LONG, name, {"limit": PHONE_LIMIT})
    if _PHONE_WITH_EXTENSION.fullmatch(plain.casefold()):
        return Problem(ProblemCode.PHONE_EXTENSION, name)
    if not _TYPED_PHONE.fullmatch(plain):
        has_letters = _PHONE_WITH_LETTERS.fullmatch(plain) is not None
        code = ProblemCode.PHONE_LETTERS if has_letters else ProblemCode.PHONE_MALFORMED
        return Problem(code, name)
    number = _valid_number(plain, region)
    if number is None:
        return Problem(ProblemCode.PHONE_MALFORMED, name)
    kind = phonenumbers.number_type(number)
    if kind not in _CELL_PHONE_TYPES:
        return Problem(_OTHER_TYPES.get(kind, ProblemCode.PHONE_NOT_A_CELL_PHONE), name)
    return ContactPoint(system=ContactSystem.PHONE, value=_e164(number))


def parse_email(text: object) -> ContactPoint | Problem:
    """A typed e-mail address (R3, R11). Whether the domain exists is not asked.

    Never raises, whatever ``text`` is. Domains that no mail can reach (``localhost``, ``.test``,
    ``.invalid``, ``.local``, RFC 6761) are malformed; ``example.com`` and ``example.org`` are
    accepted.

    Returns:
        A contact point of rank 1. Or a problem on ``email``: one of
        :func:`~omnibook.typed_text.read_line`, or ``EMAIL_MALFORMED``.

    >>> point = parse_email(" Marie.T+clinic@EXAMPLE.org ")
    >>> point.value
    'Marie.T+clinic@example.org'
    >>> point.match_key
    'email:marie.t+clinic@example.org'
    """
    line = read_line(text, field="email", limit=EMAIL_LIMIT)
    if isinstance(line, Problem):
        return line
    address = _normalised_address(line, allow_display_name=False)
    if address is None:
        return Problem(ProblemCode.EMAIL_MALFORMED, "email")
    return ContactPoint(system=ContactSystem.EMAIL, value=address)


def read_stored_contact(
    system: ContactSystem,
    text: object,
    *,
    region: str,
    rank: int,
    verified: bool = True,
    current: bool = True,
) -> ContactPoint | None:
    """A contact as a clinic's file holds it, read leniently.

    A phone may be of any kind. What stands around a whole number (an extension, a note, a second
    number) is left out; letters that stand for digits are dialled (``1 800 555-MILK``). An address
    may have a display name.

    Returns:
        The contact point, or ``None`` when the text holds nothing usable, whatever its type.

    Raises:
        InvalidValue: ``region`` is unknown, or a usable text meets a rank below 1, or another value
            that a :class:`ContactPoint` refuses.

    >>> read_stored_contact(
    ...     ContactSystem.PHONE, "Tél. : 514 555-0123 poste 45", region="CA", rank=1
    ... ).value
    '+15145550123'
    """
    _check_region(region)
    line = read_line(text, field="stored", limit=STORED_LIMIT)
    if isinstance(line, Problem):
        return None
    if system is ContactSystem.PHONE:
        number = _stored_number(_plain(line), region)
        value = None if number is None else _e164(number)
    else:
        value = _normalised_address(line, allow_display_name=True)
    if value is None:
        return None
    return ContactPoint(system=system, value=value, rank=rank, verified=verified, current=current)


def _is_canonical(system: ContactSystem, value: object) -> bool:
    if not isinstance(value, str):
        return False
    if system is ContactSystem.PHONE:
        return _E164.fullmatch(value) is not None
    return (
        len(value) <= EMAIL_LIMIT
        and _ADDRESS.fullmatch(value) is not None
        and unicodedata.is_normalized("NFC", value)
        # Of a plain ASCII address, quicker, and the same.
        and (
            value.isprintable()
            if value.isascii()
            else not any(unicodedata.category(character)[0] == "C" for character in value)
        )
    )


def _check_region(region: str) -> None:
    if not is_phone_region(region):
        raise InvalidValue(
            "a phone region must be a country's two capital letters (ISO 3166-1), such as 'CA'"
        )


def _plain(line: str) -> str:
    return unicodedata.normalize("NFKC", without_format_characters(line)).translate(_DASHES)


def _valid_number(text: str, region: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    # Some plans have numbers of more than E.164's fifteen digits: nobody abroad can dial them.
    if not phonenumbers.is_valid_number(number) or not _is_canonical(
        ContactSystem.PHONE, _e164(number)
    ):
        return None
    return number


def _stored_number(text: str, region: str) -> PhoneNumber | None:
    # The library would turn the letters of "poste 45" into digits of the number: each stretch that
    # looks like a number comes first. A slash can stand inside a number, and between two.
    stretches = [found.group() for found in _STORED_PHONE.finditer(text)]
    whole = (part for stretch in stretches for part in (stretch, stretch.partition("/")[0]))
    for candidate in (*whole, text):
        number = _valid_number(candidate, region)
        if number is not None:
            return number
    return None


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _normalised_address(text: str, *, allow_display_name: bool) -> str | None:
    try:
        address = validate_email(
            text,
            check_deliverability=False,
            allow_display_name=allow_display_name,
            allow_smtputf8=True,
            allow_quoted_local=False,
            allow_domain_literal=False,
            test_environment=False,
        ).normalized
    except ValueError:
        # EmailNotValidError is one; the codecs below it raise others.
        return None
    return address if _is_canonical(ContactSystem.EMAIL, address) else None
