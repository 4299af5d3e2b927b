"""What is wrong with a configuration: every mistake at once, each with its remedy.

Readers of plain data (parsed TOML or JSON) are handed a list and add a :class:`Mistake` to it for
each thing that cannot be interpreted; they go on, so that one run tells a clinic everything. The
list ends up in :class:`~omnibook.errors.ConfigurationError`. What is read here is configuration,
never anything about a person, so a message may repeat what was written, shortened.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import cast

from attrs import frozen

_SHOWN = 40
_LARGEST = 10**12
_WORDS: dict[type[object], str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a decimal number",
    str: "a text",
    type(None): "nothing",
}


@frozen(kw_only=True)
class Mistake:
    """One thing that cannot be interpreted, where it stands, and what to write instead."""

    path: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}; {self.remedy}"


def shown(value: object) -> str:
    """A value as a message repeats it.

    A text is quoted, escaped where unprintable, and shortened; a whole number is written unless it
    is huge; anything else is named by what it is, such as ``a list``.
    """
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")
    if type(value) is int and abs(value) < _LARGEST:
        return str(value)
    return _kind(value)


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    return _WORDS.get(type(value), f"a {type(value).__name__}")


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The remedy for a word that is not among ``known``: the nearest one, or else all of them."""
    words = sorted(known)
    # A word of thousands of characters is near to nothing, and slow to compare.
    near = isinstance(word, str) and difflib.get_close_matches(word[: 2 * _SHOWN], words, n=1)
    return f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(words)}"


def as_table(
    data: object, path: str, mistakes: list[Mistake], *, remedy: str = 'write { key = "value" }'
) -> Mapping[str, object] | None:
    """The same data as a table whose keys are texts; None, with a mistake added, if it is none."""
    if not isinstance(data, Mapping):
        message = "missing" if data is None else f"must be a table, not {_kind(data)}"
        mistakes.append(Mistake(path=path, message=message, remedy=remedy))
        return None
    table = cast("Mapping[object, object]", data)
    if not all(isinstance(key, str) for key in table):
        mistakes.append(Mistake(path=path, message="a key is not a text", remedy=remedy))
        return None
    return cast("Mapping[str, object]", table)
