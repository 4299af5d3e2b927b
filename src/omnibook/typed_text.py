"""One line of typed text, read the same way for every field of every form (R11).

Whoever types into a form, or posts to it, can send anything. Before a field asks what a text
means, this module settles what all fields have in common: is it a text, is there anything in it,
is it too long, does it hold characters that nobody types. The order of these questions is fixed,
so that a problem depends on the input alone.
"""

import unicodedata

from omnibook.problems import Problem, ProblemCode

# No text under NFC is shorter than a quarter of what it was: a longer one is too long whatever it
# holds. Judged before normalising, which takes quadratic time on runs of combining marks.
_NFC_SHRINKS_AT_MOST = 4

# Embeddings, overrides and isolates make a line read in another order than it is stored.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_ENDS = frozenset("\t\n\r")


def read_line(text: object, *, field: str, limit: int) -> str | Problem:
    """The text trimmed and in NFC, or the first of its problems (R11).

    Blanks, line ends and invisible format characters at either end are left out: they come from
    copying, not from typing. Never raises, whatever ``text`` is.

    Args:
        text: what was typed.
        field: the form's attribute name, for the problem.
        limit: the greatest length allowed, in code points after trimming and NFC.

    Returns:
        The text, at least one character. Or a :class:`~omnibook.problems.Problem`: ``MISSING``
        (``None`` or blank), ``WRONG_TYPE`` (not a text), ``TOO_LONG`` (details: ``limit``; refused,
        never cut), ``CONTROL_CHARACTERS`` (control characters, line ends, lone surrogates, or
        characters that reorder a line).
    """
    if text is None:
        return Problem(ProblemCode.MISSING, field)
    if not isinstance(text, str):
        return Problem(ProblemCode.WRONG_TYPE, field)
    trimmed = _trimmed(text)
    if not trimmed:
        return Problem(ProblemCode.MISSING, field)
    if len(trimmed) > limit * _NFC_SHRINKS_AT_MOST:
        return Problem(ProblemCode.TOO_LONG, field, {"limit": limit})
    line = unicodedata.normalize("NFC", trimmed)
    if len(line) > limit:
        return Problem(ProblemCode.TOO_LONG, field, {"limit": limit})
    if any(_is_never_typed(character) for character in line):
        return Problem(ProblemCode.CONTROL_CHARACTERS, field)
    return line


def without_format_characters(text: str) -> str:
    """The text without zero-width and other invisible format characters (category Cf)."""
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def _trimmed(text: str) -> str:
    first, last = 0, len(text)
    while first < last and _is_blank(text[first]):
        first += 1
    while first < last and _is_blank(text[last - 1]):
        last -= 1
    return text[first:last]


def _is_blank(character: str) -> bool:
    # Not str.isspace, which also takes the separators U+001C to U+001F for blanks.
    return character in _LINE_ENDS or unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cf"}


def _is_never_typed(character: str) -> bool:
    return character in _REORDERING or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
