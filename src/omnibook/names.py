"""Names of people, and when two of them are the same (R5).

A name is kept as it was written. Two names are compared through :func:`fold`, which forgets what
people write differently on different days, and nothing more: case, width, blanks, apostrophes,
hyphens, and the diacritics of the Latin script. There is nothing phonetic in it, no nickname and
no edit distance: Saint and St stay two names.

R5 reads the article's "100 %" in one of two ways, which a clinic chooses: :attr:`Folding.FOLDED`
(default) or :attr:`Folding.STRICT`, which leaves diacritics and punctuation as they are.

Outside the Latin script a combining mark is part of the letter (か and が are two syllables), so
marks are dropped after Latin letters only.
"""

import unicodedata
from enum import StrEnum, unique

from attrs import field, frozen

from omnibook.errors import InvalidValue
from omnibook.problems import Problem, ProblemCode
from omnibook.typed_text import read_line, without_format_characters

NAME_LIMIT = 100
"""The greatest length of a typed name, in code points after NFC and trimming."""

# What keyboards and transliterations put where an apostrophe is meant, and Unicode calls letters.
# The others (U+0027, U+2019, U+00B4, ...) are punctuation, which is left out anyway.
_APOSTROPHES: dict[int, str] = dict.fromkeys(
    (
        *(0x02B9, 0x02BB, 0x02BC, 0x02BD, 0x02BE, 0x02BF, 0x02C8, 0x02CA, 0x02CB, 0x02EE),
        *(0x07F4, 0x07F5, 0xA78B, 0xA78C),
    ),
    "'",
)

# Latin letters that Unicode does not take apart, though a keyboard without them writes the others.
_LATIN_LETTERS = {
    "œ": "oe",
    "æ": "ae",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "\u0131": "i",
    "ħ": "h",
}


@unique
class Folding(StrEnum):
    """How much two writings of one name may differ (R5)."""

    FOLDED = "folded"
    """Case, width, blanks, apostrophes, hyphens, other punctuation, Latin diacritics."""
    STRICT = "strict"
    """Case, width and blanks only."""


@frozen
class PersonName:
    """A given and a family name that were recorded together (R5).

    Either may be empty in a file: an empty name equals nothing. Raises
    :class:`~omnibook.errors.InvalidValue` when one is not a text.
    """

    given: str = field(repr=False)
    family: str = field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not all(isinstance(part, str) for part in (self.given, self.family)):
            raise InvalidValue("a PersonName is made of two texts; leave an unknown one empty")


def fold(text: str, folding: Folding) -> str:
    """The form under which a name is compared (R5).

    Folding what was folded changes nothing.

    Returns:
        The folded name, in NFC. Empty when the text holds no letter and no digit.

    >>> fold("D’Arcy-Lebœuf", Folding.FOLDED), fold("D’Arcy  Lebœuf", Folding.STRICT)
    ('darcyleboeuf', 'd’arcy lebœuf')
    >>> fold("ガ", Folding.FOLDED) == fold("カ", Folding.FOLDED)
    False
    """
    if folding is Folding.STRICT:
        return _fold_strictly(text)
    folded: list[str] = []
    keeps_marks = False
    # After NFKC, which takes U+0149 apart into such an apostrophe and a letter.
    caseless = _caseless(text).translate(_APOSTROPHES)
    for character in unicodedata.normalize("NFD", caseless):
        category = unicodedata.category(character)
        if category[0] == "M":
            if keeps_marks:
                folded.append(character)
        elif category[0] in "LN":
            keeps_marks = not _is_latin(character)
            folded.append(_LATIN_LETTERS.get(character, character))
        elif category != "Cf":
            # A mark after a blank or a hyphen belongs to no letter: NFKC takes U+00B4 apart into a
            # blank and an accent.
            keeps_marks = False
    return unicodedata.normalize("NFC", "".join(folded))


def names_equal(a: str, b: str, folding: Folding) -> bool:
    """Whether two writings are of one name (R5).

    A name without letters or digits, such as a file's ``"-"``, equals nothing, not even itself.

    >>> names_equal("Hélène", "HELENE", Folding.FOLDED)
    True
    >>> names_equal("Hélène", "HELENE", Folding.STRICT)
    False
    >>> names_equal("Saint-Pierre", "St-Pierre", Folding.FOLDED)
    False
    """
    folded = fold(a, folding)
    return bool(folded) and folded == fold(b, folding)


def parse_name(text: object, *, field: str) -> str | Problem:
    """A typed given or family name, trimmed and in NFC (R3, R11).

    Never raises, whatever ``text`` is.

    Returns:
        The name as it was written, 1 to 100 code points. Or a problem: one of
        :func:`~omnibook.typed_text.read_line`, or ``NAME_MALFORMED`` when the text holds no letter
        and no digit.
    """
    line = read_line(text, field=field, limit=NAME_LIMIT)
    if isinstance(line, str) and not fold(line, Folding.FOLDED):
        return Problem(ProblemCode.NAME_MALFORMED, field)
    return line


def _fold_strictly(text: str) -> str:
    folded = " ".join(_caseless(without_format_characters(text)).split())
    # An apostrophe by itself is no name, be it one that Unicode calls a letter.
    has_letter_or_digit = any(
        unicodedata.category(character)[0] in "LN" and ord(character) not in _APOSTROPHES
        for character in folded
    )
    return folded if has_letter_or_digit else ""


def _caseless(text: str) -> str:
    # Case folding can undo NFKC, hence once more (Unicode 15.0, section 3.13, D146).
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


def _is_latin(character: str) -> bool:
    return character.isascii() or unicodedata.name(character, "").startswith("LATIN ")
