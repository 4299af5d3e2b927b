"""A clinic's own words for what the catalogues say: values, and how they are checked.

A clinic can give any text words of its own, by its code (:mod:`omnibook.text_codes`). They are
checked when the configuration is read, all of them at once: the code exists, each placeholder
stands in the text and no other does, and nothing in it steers a terminal, a mail header or the
direction of reading. So the words can say things otherwise, and never more (R10, R23, R49).

This module needs no catalogue: a clinic is read, and a visitor served, without the extra
``omnibook[messages]``.
"""

import string
from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast

from attrs import field, frozen

from omnibook.errors import InvalidValue
from omnibook.mistakes import did_you_mean, shown
from omnibook.problems import Problem, ProblemCode
from omnibook.table_reader import TableReader
from omnibook.text_codes import TEXTS, TextShape
from omnibook.typed_text import read_line, without_format_characters

LONGEST_TEXT = 1000
"""The greatest length of one text, in characters."""

OwnForms: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Words by code: one text, or two where a number decides between one and several."""

_REMEDY = f"give a text of at most {LONGEST_TEXT} characters"
_FORMS = {"one", "several"}
_RETYPE = "type it again instead of pasting it"


def _as_forms(given: "Mapping[str, str | tuple[str, str]] | OwnForms") -> OwnForms:
    """Each text trimmed, by code; pairs rather than a mapping, which could be changed."""
    texts = dict(given)
    return tuple((code, _trimmed_forms(texts[code])) for code in sorted(texts))


def _trimmed_forms(text: object) -> tuple[str, ...]:
    forms = cast("tuple[object, ...]", text if isinstance(text, tuple) else (text,))
    return cast("tuple[str, ...]", tuple(map(_trimmed, forms)))


def _trimmed(form: object) -> object:
    """A text without blanks around it, its line ends as Unix has them; anything else as it is."""
    return form.replace("\r\n", "\n").strip() if isinstance(form, str) else form


@frozen(kw_only=True)
class OwnTexts:
    """A clinic's own words, by language and code; whatever is not there keeps the shipped ones.

    Built from mappings of codes to texts. Where a number decides (:attr:`TextShape.counted`), it is
    one text for every number, or a pair: for one and for several. French counts zero as one,
    English as several.

    Raises :class:`InvalidValue`, with the first fault, for a code that no text has, and a text that
    :func:`forms_faults` finds fault with.
    """

    fr: OwnForms = field(default=(), converter=_as_forms)
    en: OwnForms = field(default=(), converter=_as_forms)

    def __attrs_post_init__(self) -> None:
        for code, forms in (*self.fr, *self.en):
            for message, remedy in forms_faults(code, forms):
                raise InvalidValue(f"{shown(code)}: {message}; {remedy}")

    def forms(self, code: str, language: str) -> tuple[str, ...] | None:
        """The clinic's words for a code, if it has any; any language but ``"en"`` is French."""
        own = self.en if language == "en" else self.fr
        return next((forms for known, forms in own if known == code), None)


Fault: TypeAlias = tuple[str, str]
"""What is wrong, and what to write instead."""


def forms_faults(code: str, forms: tuple[object, ...]) -> Iterator[Fault]:
    """What is wrong with the words for a code: all of it, of every form."""
    shape = TEXTS.get(code)
    if shape is None:
        yield "no text has this code", _nearest(code)
    elif len(forms) != 1 and (shape.counted is None or len(forms) != 2):
        counts = "one text, or two: for one and for several" if shape.counted else "one text"
        yield "has the wrong number of texts", f"give {counts}"
    else:
        for form in forms:
            yield from text_faults(form, shape)


def _nearest(code: str) -> str:
    remedy = did_you_mean(code, TEXTS)
    return remedy if remedy.startswith("did") else "use a code of omnibook.text_codes"


def text_faults(text: object, shape: TextShape) -> Iterator[Fault]:
    """What is wrong with one text: no text, blank, too long, characters, lines, placeholders."""
    if not isinstance(text, str):
        yield f"must be a text, not {shown(text)}", _REMEDY
        return
    if not text.strip():
        yield "is blank", _REMEDY
        return
    if len(text) > LONGEST_TEXT:
        yield "is too long", _REMEDY
        return
    lines = text.split("\n")
    if len(lines) > 1 and not shape.several_lines:
        yield "has a line end", "write it on one line"
    if any(_is_unfit(line) for line in lines):
        yield "holds a control character, or one that is not seen", _RETYPE
    yield from placeholder_faults(text, shape)


def _is_unfit(line: str) -> bool:
    if line != without_format_characters(line):
        return True
    read = read_line(f"|{line}|", field="text", limit=LONGEST_TEXT + 2)
    return isinstance(read, Problem) and read.code is ProblemCode.CONTROL_CHARACTERS


def placeholder_faults(text: str, shape: TextShape) -> Iterator[Fault]:
    """What is wrong with the placeholders of a text: it says what is declared, and no more."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        yield "a brace is not closed", "write placeholders such as {phone}"
        return
    fields = [(name, spec, conversion) for _, name, spec, conversion in parts if name is not None]
    plain = all(
        name.isidentifier() and not spec and not conversion for name, spec, conversion in fields
    )
    if not plain or any(set("{}") & set(literal) for literal, *_ in parts):
        yield "a placeholder is a plain word in braces", "write it as {phone}, and no other brace"
        return
    named = {name for name, _, _ in fields}
    known = ", ".join(sorted(shape.placeholders)) or "none"
    for name in sorted(named - shape.placeholders):
        yield f"unknown placeholder {shown(name)}", f"use only these: {known}"
    for name in sorted(shape.placeholders - named):
        yield f"the placeholder {name} is missing", f"say {{{name}}} somewhere"


# The tables of a clinic's file ------------------------------------------------------------------


def read_own_texts(table: TableReader) -> OwnTexts | None:
    """The tables ``fr`` and ``en`` of ``[texts]``; ``None``, with every mistake added, if any.

    Each key is a code, in quotes for its dots; its value is a text, or a table with the texts
    ``one`` and ``several``.
    """
    remedy = 'write [texts.fr], then "notice.greeting" = "Bonjour,"'
    none: OwnForms = ()
    french = table.table("fr", _read_forms, remedy, default=none)
    english = table.table("en", _read_forms, remedy, default=none)
    return OwnTexts(fr=french or none, en=english or none) if table.finish() else None


def _read_forms(table: TableReader) -> OwnForms:
    found: dict[str, tuple[str, ...]] = {}
    for code in table.data:
        value = table.raw(code)
        if code not in TEXTS:
            # Without its quotes, TOML reads a code with dots as a table in a table.
            quoted = 'write the whole code in quotes: "notice.booking.text" = "…"'
            remedy = quoted if isinstance(value, Mapping) else _nearest(code)
            table.refuse("", f"no text has the code {shown(code)}", remedy)
            continue
        found[code] = _written(value)
        for message, remedy in forms_faults(code, found[code]):
            table.refuse(code, message, remedy)
    return tuple(found.items()) if table.right("", *found) else ()


def _written(value: object) -> tuple[str, ...]:
    """What a file gives for a code: one text, or the two of a table."""
    if not isinstance(value, Mapping):
        return _trimmed_forms(value)
    forms = cast("Mapping[str, object]", value)
    # A key too many or too few is no form: the wrong number of texts.
    return _trimmed_forms((forms["one"], forms["several"])) if forms.keys() == _FORMS else ()
