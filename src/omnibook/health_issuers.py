"""Who issues health numbers: an open registry, and what an issuer says of its numbers (R4, R11).

An :class:`Issuer` is a value made of small functions: ``compact``, ``split``, ``validate``,
``format``, ``decode``, ``agrees``. :class:`Issuers` is an immutable registry of them, handed around
as a parameter, so that two clinics of one process may know different ones. Nothing is checked that
an issuer has not published: without a known check digit, its level is ``FORMAT``.

The issuers that come along are in :mod:`omnibook.quebec_numbers` and
:mod:`omnibook.canadian_numbers`; what reads a form with them is :mod:`omnibook.health_numbers`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum, unique
from typing import cast

from attrs import field, frozen

from omnibook.errors import InvalidValue
from omnibook.facts import Sex
from omnibook.typed_text import without_format_characters

ISSUER_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,31}")
"""What an issuer's code looks like: ISO 3166-2 where there is one."""

_ASCII_CAPITALS = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_MINUS_SIGN = "\u2212"  # the one dash that Unicode does not call one


@unique
class CheckLevel(StrEnum):
    """How far an issuer's numbers can be checked."""

    FORMAT = "format"
    """Length, letters and digits: no check digit is published."""
    CHECK_DIGIT = "check-digit"
    """A check digit too, so that most typing errors show."""


@frozen
class DecodedNumber:
    """What a number says about its holder: the full birth date, and the sex it was made from."""

    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)


def compact(text: str) -> str:
    """The text without blanks, dots, dashes and invisible characters, in capitals and NFKC.

    Compacting what is compact changes nothing. Letters outside ASCII stay as they are, so that no
    look-alike becomes a letter of a number.

    >>> compact(" trem-0462.1918 ")
    'TREM04621918'
    """
    kept = "".join(
        character
        for character in unicodedata.normalize("NFKC", without_format_characters(text))
        if not _is_separator(character)
    )
    return unicodedata.normalize("NFKC", kept).translate(_ASCII_CAPITALS)


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
    Identifier system; ``level`` says how far its numbers can be checked. The rest are functions,
    which never raise over any text:

    * ``compact`` brings a typed text into capitals without blanks;
    * ``split`` takes that apart into number and version code;
    * ``validate`` says whether the issuer could have issued the number;
    * ``format`` groups a valid number for reading; compacting the result gives the number back;
    * ``decode`` reads birth date and sex out of a number, as of a given day; ``None`` where an
      issuer's numbers say nothing;
    * ``agrees`` says whether a number was made from a given and a family name, in this order:
      ``None`` when that cannot be told of this name. It is left out where numbers hold no name.
    """

    code: str
    name: str
    system: str
    level: CheckLevel
    validate: Callable[[str], bool] = field(repr=False)
    format: Callable[[str], str] = field(default=str, repr=False)
    compact: Callable[[str], str] = field(default=compact, repr=False)
    split: Callable[[str], tuple[str, str | None]] = field(default=_without_version, repr=False)
    decode: Callable[[str, date], DecodedNumber | None] | None = field(default=None, repr=False)
    agrees: Callable[[str, str, str], bool | None] | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        code = cast("object", self.code)
        if not isinstance(code, str) or ISSUER_CODE.fullmatch(code) is None:
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
