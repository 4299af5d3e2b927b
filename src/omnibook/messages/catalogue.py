"""The sentences, by stable code, in each language.

The two catalogues are files of the package. They are read once and checked as a whole: the same
codes in both, and in each sentence exactly the placeholders that :data:`PLACEHOLDERS` declares for
its code, since a placeholder that nobody fills, or a number that a translation forgot, must never
wait for a patient to be found.

French is written in the file with ordinary spaces; the no-break spaces of its typography are set
here, before a colon and inside guillemets, so that no translator has to type what cannot be seen.
As is usual in Québec, nothing stands before a semicolon, an exclamation or a question mark (Office
québécois de la langue française, *Espacement*).
"""

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TypeAlias, cast

from omnibook.clinic import LANGUAGES
from omnibook.errors import ConfigurationError, InvalidValue

Catalogue: TypeAlias = Mapping[str, str]
"""Sentences by code, of one language."""

PLACEHOLDERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        code: frozenset(names.split())
        for code, names in {
            "not-online": "phone",
            "attempts.too-many": "wait",
            "service.not-offered": "phone",
            "availabilities.none-left": "phone",
            "availability.none": "phone",
            "slot.held": "remaining when",
            "service.already-booked": "phone",
            "holds.too-many": "phone",
            "appointment.booked": "place reference when",
            "appointment.booked.no-more": "phone reference when",
            "appointment.cancelled": "when",
            "appointment.too-late": "cutoff phone",
            "appointment.linked": "label place when",
            "appointment.linked.by-phone": "label phone place when",
            "appointment.linked.cancelled": "when",
            "link.dead": "phone",
            "desk.opened": "end start",
            "desk.closed": "count end start",
            "desk.busy-imported": "conflicts count end start",
            "desk.not-cancellable": "status",
            "desk.day-list": "count flags",
            "custodian.purged": "count",
            "desk.contacts-edited": "count",
            "custodian.erased": "count",
            "custodian.still-needed": "appointments holds",
            "entry.missing": "field",
            "entry.wrong-type": "field",
            "entry.too-long": "field",
            "entry.too-long.limit": "field limit",
            "entry.control-characters": "field",
            "name.malformed": "field",
            "acting-for.required.limit": "limit",
            "preference.malformed": "field",
            "preference.malformed.date": "field",
            "reason.line": "path reason truth",
            "reason.line.facts": "facts line",
            "reason.fact": "fact state",
            "rule.length.met": "length",
            "rule.length.not-met": "length needed",
            "rule.notice.met": "earliest notice",
            "rule.notice.not-met": "earliest notice",
            "rule.notice.not-met.none": "earliest",
            "rule.horizon.met": "latest",
            "rule.horizon.not-met": "latest",
            "rule.opening.met": "openings",
            "rule.opening.not-met": "openings",
            "rule.opening.others": "openings",
            "rule.grid.not-met": "starts",
            "rule.release.met": "released",
            "rule.release.not-met": "released",
            "rule.closure.not-met": "closures",
            "rule.closure.by-clinic": "span",
            "rule.closure.by-schedule": "span",
            "rule.closure.by-desk": "span",
            "rule.closure.labelled": "closure label",
            "rule.busy.not-met": "taken",
            "rule.busy.not-met.too-close": "taken",
            "rule.hold.not-met": "taken",
            "rule.hold.not-met.too-close": "taken",
            "rule.hold.until": "span until",
            "rule.hold.own": "until",
            "rule.appointment.not-met": "taken",
            "rule.appointment.not-met.too-close": "taken",
            "rule.needs-free.before": "length",
            "rule.needs-free.after": "length",
            "span.times": "end start",
            "span.day": "day times",
            "span.days": "end start",
            "moment": "day time",
            "moment.before-change": "time",
            "moment.after-change": "time",
            "notice.booking.subject": "clinic when",
            "notice.cancellation.subject": "clinic when",
            "notice.cancellation.by-clinic.subject": "clinic when",
            "notice.reminder.subject": "clinic when",
            "notice.booking.text": "clinic",
            "notice.cancellation.text": "clinic",
            "notice.cancellation.by-clinic.text": "clinic",
            "notice.reminder.text": "clinic",
            "notice.email.details": "day label place time",
            "notice.email.details.no-place": "day label time",
            "notice.text.details": "label place when",
            "notice.text.details.no-place": "label when",
            "notice.booking.email.link": "link",
            "notice.reminder.email.link": "link phone",
            "notice.booking.text.link": "link",
            "notice.reminder.text.link": "link",
            "notice.booking.email.no-link": "phone",
            "notice.reminder.email.no-link": "phone",
            "notice.cancellation.email.no-link": "phone",
            "notice.email.cutoff": "cutoff",
            "notice.email.closing": "clinic phone",
            "notice.text.closing": "phone",
        }.items()
    }
)
"""What each sentence must say, by code; a code that is not listed takes no placeholder."""

_NO_BREAK = "\u00a0"
_FRENCH_SPACE = re.compile(r" (?=[:»])|(?<=«) ")


def sentence(code: str, language: str, /, **details: object) -> str:
    """The sentence of a code, with its placeholders filled in.

    ``language`` is ``"fr"`` or ``"en"``; any other reads as French, like
    :class:`omnibook.clinic.Text`. Details that the sentence does not name are left out.

    Raises :class:`InvalidValue` for a code that has no sentence, and when a detail that the
    sentence needs is not given.
    """
    text = _catalogues()[language if language in LANGUAGES else "fr"].get(code)
    if text is None:
        raise InvalidValue("no sentence has this code; see the catalogues in omnibook.messages")
    absent = PLACEHOLDERS.get(code, frozenset()) - details.keys()
    if absent:
        raise InvalidValue(f"the sentence {code!r} needs the details {', '.join(sorted(absent))}")
    return text.format_map(details)


def has_sentence(code: str) -> bool:
    """Whether a sentence has this code, in every language."""
    return code in _catalogues()["fr"]


def codes() -> frozenset[str]:
    """Every code that has a sentence, in every language."""
    return frozenset(_catalogues()["fr"])


@cache
def _catalogues() -> Mapping[str, Catalogue]:
    """The catalogue of each language: the one place that knows where sentences come from."""
    folder = files("omnibook.messages")
    texts = {
        language: folder.joinpath(f"{language}.toml").read_text(encoding="utf-8")
        for language in LANGUAGES
    }
    return read_catalogues(texts)


def read_catalogues(texts: Mapping[str, str]) -> Mapping[str, Catalogue]:
    """The catalogues that the texts of the files hold, by language.

    Raises :class:`ConfigurationError`, with every mistake, for a code that stands twice or is
    missing in one language, a sentence that is none, and a placeholder too many or too few.
    """
    mistakes: list[str] = []
    found = {language: _read(language, text, mistakes) for language, text in texts.items()}
    every_code = {code for catalogue in found.values() for code in catalogue}
    for language, catalogue in found.items():
        mistakes += (
            f"{language}: {code}: no sentence; translate the other language's"
            for code in sorted(every_code - catalogue.keys())
        )
        for code, text in catalogue.items():
            mistakes += (f"{language}: {code}: {fault}" for fault in _faults(code, text))
    mistakes += (
        f"{code}: declared, but in no catalogue; write it, or drop it from PLACEHOLDERS"
        for code in sorted(PLACEHOLDERS.keys() - every_code)
    )
    if mistakes:
        raise ConfigurationError(mistakes)
    return MappingProxyType(found)


def _read(language: str, text: str, mistakes: list[str]) -> Catalogue:
    """The sentences of one file; its tables only serve its reader."""
    try:
        tables: Mapping[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        mistakes.append(f"{language}: not TOML: {error}; correct it")
        return {}
    catalogue: dict[str, str] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            mistakes.append(f"{language}: {name}: must be a table of sentences; write [{name}]")
            continue
        for code, written in cast("dict[str, object]", table).items():
            if not isinstance(written, str) or not written.strip():
                mistakes.append(f"{language}: {code}: no sentence; write one")
            elif code in catalogue:
                mistakes.append(f"{language}: {code}: stands twice; drop one")
            else:
                spaced = _FRENCH_SPACE.sub(_NO_BREAK, written) if language == "fr" else written
                catalogue[code] = spaced.strip("\n")
    return MappingProxyType(catalogue)


def _faults(code: str, text: str) -> Iterator[str]:
    """What is wrong with the placeholders of a sentence."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        yield "a brace is not closed; write placeholders such as {phone}"
        return
    fields = [(name, spec, conversion) for _, name, spec, conversion in parts if name is not None]
    if any(not name.isidentifier() or spec or conversion for name, spec, conversion in fields):
        yield "a placeholder is a plain word in braces, such as {phone}"
        return
    named = {name for name, _, _ in fields}
    declared = PLACEHOLDERS.get(code, frozenset())
    for name in sorted(named - declared):
        yield f"unknown placeholder {name}; use only those of PLACEHOLDERS"
    for name in sorted(declared - named):
        yield f"the placeholder {name} is missing; say it somewhere"
