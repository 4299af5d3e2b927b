"""Texts that come from outside the catalogues, made safe to stand in a message."""

import re
import unicodedata

_SPACES = re.compile(r"[ ]{2,}")
_LINE_ENDS = frozenset({"Cc", "Zl", "Zp"})
_UNSEEN = frozenset({"Cf", "Cs"})

# What the alphabet of text messages lacks (3GPP TS 23.038): one such character makes every
# character of the message cost twice as much.
_SIMPLER = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "\u2019": "'",
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "«": '"',
        "»": '"',
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
    """The same text with plain spaces, quotes and dashes, which text messages carry cheaply."""
    return text.translate(_SIMPLER)
