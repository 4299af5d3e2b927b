"""The sentences, by stable code, in each language: gettext catalogues, read as they are written.

A catalogue is a ``.po`` file of the package: the code is the message's identifier, its context
tells who reads it. Both are read once, by Babel, and checked as a whole: the codes of
:data:`omnibook.text_codes.TEXTS` and no others, nothing fuzzy, obsolete or said twice, and in each
sentence exactly the placeholders of its code, since a placeholder that nobody fills, or a number
that a translation forgot, must never wait for a patient to be found. Nothing is compiled, so a
fresh clone needs no build step.

French is written in the file with ordinary spaces; the no-break spaces of its typography are set
here, before a colon and inside guillemets, so that no translator has to type what cannot be seen.
As is usual in Québec, nothing stands before a semicolon, an exclamation or a question mark (Office
québécois de la langue française, *Espacement*).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from io import StringIO
from types import MappingProxyType
from typing import TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import PoFileError, read_po

from omnibook.clinic import LANGUAGES
from omnibook.errors import ConfigurationError, InvalidValue
from omnibook.own_texts import OwnTexts, placeholder_faults
from omnibook.text_codes import TEXTS

Catalogue: TypeAlias = Mapping[str, tuple[str, ...]]
"""Sentences by code, of one language: one form each, or two where a number decides."""

_NO_BREAK = "\u00a0"
_FRENCH_SPACE = re.compile(r" (?=[:»])|(?<=«) ")
_ENTRY = re.compile(r'^msgid "(.+)"$', re.MULTILINE)

# As the header "Plural-Forms" of each file has it; a test holds one against the other.
_IS_SEVERAL: Mapping[str, Callable[[int], bool]] = {
    "fr": lambda count: count > 1,
    "en": lambda count: count != 1,
}


def sentence(
    code: str, language: str, /, *, overrides: OwnTexts | None = None, **details: object
) -> str:
    """The sentence of a code, with its placeholders filled in.

    ``language`` is ``"fr"`` or ``"en"``; any other reads as French, like
    :class:`omnibook.clinic.Text`. ``overrides`` are the clinic's own words, which come before the
    catalogue's. Details that the sentence does not name are left out.

    Raises :class:`InvalidValue` for a code that has no sentence, and when a detail that the
    sentence needs is not given.
    """
    spoken = language if language in LANGUAGES else "fr"
    shape = TEXTS.get(code)
    if shape is None:
        raise InvalidValue("no sentence has this code; see the catalogues in omnibook.messages")
    absent = shape.placeholders - details.keys()
    if absent:
        raise InvalidValue(f"the sentence {code!r} needs the details {', '.join(sorted(absent))}")
    own = None if overrides is None else overrides.forms(code, spoken)
    forms = _catalogues()[spoken][code] if own is None else own
    number = details[shape.counted] if shape.counted else None
    several = not isinstance(number, int) or _IS_SEVERAL[spoken](number)
    text = forms[-1] if several else forms[0]
    if own is not None:
        text = _spaced(text, spoken)
    return text.format_map(details)


def has_sentence(code: str) -> bool:
    """Whether a sentence has this code, in every language."""
    return code in TEXTS


@cache
def _catalogues() -> Mapping[str, Catalogue]:
    """The catalogue of each language: the one place that knows where sentences come from."""
    folder = files("omnibook.messages").joinpath("locale")
    texts = {
        language: folder.joinpath(language, "LC_MESSAGES", "omnibook.po").read_bytes()
        for language in LANGUAGES
    }
    return read_catalogues(texts)


def read_catalogues(texts: Mapping[str, bytes]) -> Mapping[str, Catalogue]:
    """The catalogues that the contents of the files hold, by language.

    Raises :class:`ConfigurationError`, with every mistake, for a code that is missing, unknown or
    stands twice, a sentence that is empty, fuzzy or obsolete, one without its plural, and a
    placeholder too many or too few.
    """
    mistakes: list[str] = []
    found = {language: _read(language, text, mistakes) for language, text in texts.items()}
    for language, catalogue in found.items():
        mistakes += (
            f"{language}: {fault}"
            for code in sorted(TEXTS.keys() | catalogue.keys())
            for fault in _faults(code, catalogue.get(code))
        )
    if mistakes:
        raise ConfigurationError(mistakes)
    return MappingProxyType(found)


def _read(language: str, text: bytes, mistakes: list[str]) -> Catalogue:
    try:
        written = text.decode("utf-8")
        entries = read_po(StringIO(written), locale=language, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        mistakes.append(f"{language}: not a catalogue: {error}; correct it")
        return {}
    mistakes += (
        f"{language}: {code}: stands twice; drop one"
        for code, times in Counter(_ENTRY.findall(written)).items()
        # Of an entry that stands twice Babel keeps one, without a word.
        if times > 1
    )
    mistakes += (
        f"{language}: {_code(entry)}: obsolete; drop it" for entry in entries.obsolete.values()
    )
    mistakes += (
        f"{language}: {_code(entry)}: fuzzy; check it, and drop the mark"
        for entry in _translated(entries)
        if entry.fuzzy
    )
    return MappingProxyType(
        {
            _code(entry): tuple(_spaced(form, language) for form in _forms(entry))
            for entry in _translated(entries)
        }
    )


def _translated(entries: Catalog) -> Iterator[Entry]:
    """Every entry but the header, which has no identifier."""
    return (entry for entry in entries if entry.id)


def _code(entry: Entry) -> str:
    """An entry's code; one with a plural repeats it."""
    return entry.id if isinstance(entry.id, str) else entry.id[0]


def _forms(entry: Entry) -> tuple[str, ...]:
    found = entry.string or ""
    return (found,) if isinstance(found, str) else tuple(found)


def _spaced(text: str, language: str) -> str:
    return _FRENCH_SPACE.sub(_NO_BREAK, text) if language == "fr" else text


def _faults(code: str, forms: tuple[str, ...] | None) -> Iterator[str]:
    """What is wrong with the sentence of a code, if there is one."""
    shape = TEXTS.get(code)
    if shape is None:
        yield f"{code}: unknown code; list it in omnibook.text_codes"
    elif forms is None:
        yield f"{code}: no sentence; translate the other language's"
    elif len(forms) != (2 if shape.counted else 1):
        yield f"{code}: a number decides here, or does not; compare omnibook.text_codes"
    elif not all(form.strip() for form in forms):
        yield f"{code}: no sentence; write one"
    else:
        for form in forms:
            for message, remedy in placeholder_faults(form, shape):
                yield f"{code}: {message}; {remedy}"
