"""The words of the pages: English where they stand, French from a catalogue beside them.

The idiom is gettext's: templates and code hold the English sentence, which is its own key, and
``locale/fr/LC_MESSAGES/web.po`` holds the French one. The catalogue is read as it is written, once,
so that a fresh clone needs no build step. A test compares it with what can be extracted.

Sentences about outcomes and problems are none of these: they come from :mod:`omnibook.messages`.
French is written with ordinary spaces; the no-break ones of its typography are set here, as in the
messages (Office québécois de la langue française, *Espacement*).
"""

import gettext
import re
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from omnibook.clinic import LANGUAGES

_SPACE = re.compile(r" (?=[:»])|(?<=«) ")
_NO_BREAK = "\u00a0"


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The words of a language, for Jinja's ``i18n`` and for :func:`say`; English is its own."""
    if language != "fr":
        return gettext.NullTranslations()
    file = files("omnibook.web").joinpath("locale/fr/LC_MESSAGES/web.po")
    catalogue = read_po(BytesIO(file.read_bytes()), locale="fr", abort_invalid=True)
    for message in catalogue:
        said = message.string
        if isinstance(said, str):
            message.string = _SPACE.sub(_NO_BREAK, said)
        else:
            message.string = tuple(_SPACE.sub(_NO_BREAK, each) for each in said or ())
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def say(language: str, sentence: str) -> str:
    """An English sentence of the code, in ``language``."""
    return translations(language).gettext(sentence)


def _(sentence: str) -> str:
    """Mark an English sentence for extraction; it is translated where it is shown."""
    return sentence


mark = _
"""What modules import as ``_``: see :func:`_`."""


def preferred_language(accept: str) -> str:
    """The better one of French and English for an ``Accept-Language`` header; French by default.

    Qualities are compared (RFC 9110, section 12.5.4, 2022-06); what cannot be read counts as not
    sent.
    """
    found: list[tuple[float, int, str]] = []
    for order, entry in enumerate(accept[:400].split(",")):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        language = name.split("-")[0]
        quality = _quality(parameters)
        if language in LANGUAGES and quality > 0:
            found.append((-quality, order, language))
    return min(found)[2] if found else LANGUAGES[0]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            digits = parameter[2:]
            return float(digits) if re.fullmatch(r"[01](\.[0-9]{0,3})?", digits) else 0.0
    return 1.0


def as_language(value: object) -> str | None:
    """One of the two languages, if the value names one."""
    return next((language for language in LANGUAGES if language == value), None)
