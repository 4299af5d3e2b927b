"""Texts that come from outside the catalogues, made safe to stand in a message."""

import re
import unicodedata

from omnibook.text_messages import SmsEncoding, sms_parts

_SPACES = re.compile(r"[ ]{2,}")
_LINE_ENDS = frozenset({"Cc", "Zl", "Zp"})
_UNSEEN = frozenset({"Cf", "Cs"})

# What the alphabet of text messages lacks, in the nearest that it has.
_SIMPLER = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "\u2019": "'",
        "\u2018": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "«": '"',
        "»": '"',
        "œ": "oe",
        "Œ": "OE",
        "ç": "c",
    }
)


def one_line(text: str) -> str:
    """The text on one line, without anything that steers a terminal, a mail header or a direction.

    Control characters and line breaks become a space; format characters (which can turn the reading
    direction) and lone surrogates go.
    """
    kept: list[str] = []
    for character in text:
        category = unicodedata.category(character)
        if category in _LINE_ENDS:
            kept.append(" ")
        elif category not in _UNSEEN:
            kept.append(character)
    return _SPACES.sub(" ", "".join(kept)).strip()


def for_text_message(text: str) -> str:
    """The same text in letters that text messages carry cheaply.

    Spaces, quotes and dashes become plain ones, and a letter that the alphabet of text messages
    lacks loses its accent: "août" is written "aout", while "é", "è" and "à" stay. One such
    character would make every character of the message cost twice as much (3GPP TS 23.038). What
    has no nearest letter, such as an emoji or another script, stays.
    """
    return "".join(map(_cheaper, text.translate(_SIMPLER)))


def _cheaper(character: str) -> str:
    if sms_parts(character).encoding is SmsEncoding.GSM_7:
        return character
    bare = unicodedata.normalize("NFD", character)[0]
    return bare if bare.isascii() else character
