"""The gettext catalogues: whole, in good form for translators' tools, and fit to be read."""

import gettext
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.mofile import write_mo
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po

from omnibook.errors import ConfigurationError
from omnibook.messages import sentence
from omnibook.messages.catalogue import read_catalogues
from omnibook.messages.plain_text import for_text_message
from omnibook.text_codes import TEXTS
from omnibook.text_messages import SmsEncoding, sms_parts

LANGUAGES = ("fr", "en")
LOCALE = files("omnibook.messages").joinpath("locale")
TEMPLATE = LOCALE.joinpath("omnibook.pot").read_text("utf-8")
FOR_PATIENTS = {"patient", "problems", "notices", "texts"}


def texts() -> dict[str, bytes]:
    return {
        name: LOCALE.joinpath(name, "LC_MESSAGES", "omnibook.po").read_bytes() for name in LANGUAGES
    }


CATALOGUES = read_catalogues(texts())


def parsed(text: str | bytes, language: str | None = None) -> Catalog:
    content = text.encode() if isinstance(text, str) else text
    return read_po(BytesIO(content), locale=language, abort_invalid=True)


def entries(catalogue: Catalog) -> Iterator[Entry]:
    return (entry for entry in catalogue if entry.id)


def code_of(entry: Entry) -> str:
    return entry.id if isinstance(entry.id, str) else entry.id[0]


def contexts() -> Mapping[str, str | None]:
    return {code_of(entry): entry.context for entry in entries(parsed(TEMPLATE))}


CONTEXTS = contexts()


def sentences(language: str, *of: str) -> Iterator[tuple[str, str]]:
    """Every form of every sentence, by code; of these contexts, if any are named."""
    for code, forms in CATALOGUES[language].items():
        if not of or CONTEXTS[code] in of:
            yield from ((code, form) for form in forms)


# The files --------------------------------------------------------------------------------------


def without_header(catalogue: Catalog) -> str:
    written = BytesIO()
    write_po(written, catalogue, width=100, omit_header=True, sort_output=True)
    return written.getvalue().decode().strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_written_as_translators_tools_write_it(language: str) -> None:
    """Sorted by code, so that a change shows as what it is."""
    text = texts()[language].decode()
    _, _, written = text.partition("\n\n")

    assert written.strip() == without_header(parsed(text, language))


def test_the_template_is_written_as_translators_tools_write_it() -> None:
    assert TEMPLATE.partition("\n\n")[2].strip() == without_header(parsed(TEMPLATE))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_brings_nothing_that_a_catalogue_has_not(language: str) -> None:
    """What ``pybabel update`` would do: nothing."""
    catalogue, template = parsed(texts()[language], language), parsed(TEMPLATE)
    before = without_header(catalogue)

    catalogue.update(template, no_fuzzy_matching=True)

    assert without_header(catalogue) == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_nothing_fuzzy_obsolete_or_empty(language: str) -> None:
    catalogue = parsed(texts()[language], language)

    assert catalogue.charset == "utf-8"
    assert not catalogue.fuzzy
    assert not catalogue.obsolete
    assert not [code_of(entry) for entry in catalogue if entry.fuzzy]
    assert not [code for code, form in sentences(language) if form != form.strip() or not form]
    assert [error for _, error in catalogue.check()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_tells_its_translator_who_reads_it_and_what_is_filled_in(
    language: str,
) -> None:
    for entry in entries(parsed(texts()[language], language)):
        assert entry.context
        assert entry.auto_comments


def test_every_code_has_a_shape_and_every_shape_a_sentence() -> None:
    assert CATALOGUES["fr"].keys() == CATALOGUES["en"].keys() == TEXTS.keys() == CONTEXTS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_decides_as_gettext_itself_would(language: str) -> None:
    """The plural of the file's own header, as the standard library reads it."""
    catalogue = parsed(texts()[language], language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    by_gettext = gettext.GNUTranslations(compiled)

    assert catalogue.plural_forms == get_plural(language).plural_forms
    for number in (*range(25), 100, 101, 1_000, 1_000_000):
        code = "custodian.purged"
        expected = by_gettext.npgettext("custodian", code, code, number)
        assert sentence(code, language, count=number) == expected.format(count=number)


# What a patient reads ---------------------------------------------------------------------------


def test_french_typography_is_that_of_quebec() -> None:
    """A no-break space before a colon and inside guillemets, nothing before ; ! ? (OQLF)."""
    for code, text in sentences("fr"):
        assert not re.search(r"(?<!\u00a0)[:»]|«(?!\u00a0)", text), code
        assert not re.search(r"\s[;!?]", text), code


def test_a_patient_reads_one_word_for_a_time_in_french() -> None:
    for code, text in sentences("fr", *FOR_PATIENTS, "desk"):
        assert not re.search(r"\bmoment|\bplages? (?!horaires?\b)", text), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_quotes_are_curly(language: str) -> None:
    for code, text in sentences(language):
        assert not {"'", '"'} & set(text), code


def test_no_english_sentence_puts_a_full_stop_after_a_time() -> None:
    """A time ends in "p.m." already."""
    for code, text in sentences("en"):
        assert not re.search(r"\{(when|time|start|end)\}\.", text), code


def test_what_a_patient_reads_names_nobody_s_file() -> None:
    """R10: neither recognised nor not recognised."""
    for language in LANGUAGES:
        for code, text in sentences(language, *FOR_PATIENTS):
            assert not re.search(r"dossier|reconnu|\bfile\b|recogni", text), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_notice_can_say_is_what_a_notice_may_say(language: str) -> None:
    """R49: date, time, place, the label, the clinic and its phone, a link; how long before."""
    allowed = {"day", "time", "when", "place", "label", "clinic", "phone", "link", "cutoff"}
    for code, text in sentences(language, "notices", "texts"):
        assert TEXTS[code].placeholders <= allowed | {"name", "value"}, code
        assert "\n\n" not in text, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_message_is_written_in_letters_that_keep_their_accents(language: str) -> None:
    """Nothing that ships has to be written otherwise than it should to be cheap."""
    for code, text in sentences(language, "texts"):
        assert sms_parts(for_text_message(text)).encoding is SmsEncoding.GSM_7, code
        spaced = text.replace("\u00a0", " ").replace("’", "'")
        assert for_text_message(text) == spaced, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_what_may_have_several_lines_has(language: str) -> None:
    for code, text in sentences(language):
        assert "\n" not in text or TEXTS[code].several_lines, code


def test_no_subject_has_several_lines() -> None:
    """R49: it becomes a mail header."""
    assert not [code for code in TEXTS if code.endswith("subject") and TEXTS[code].several_lines]


# Mistakes ---------------------------------------------------------------------------------------


WELCOME = 'msgctxt "patient"\nmsgid "welcome"\n'
BIENVENUE = f'{WELCOME}msgstr "Choisissez le service dont vous avez besoin."\n'


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ('msgid "welcome"', 'msgid "welcom"', "fr: welcome: no sentence; translate"),
        ('msgid "welcome"', 'msgid "welcom"', "fr: welcom: unknown code"),
        ("dans {wait}.", "dans {wait} {why}.", "fr: attempts.too-many: unknown placeholder 'why'"),
        ("dans {wait}.", "bientôt.", "fr: attempts.too-many: the placeholder wait is missing"),
        ("dans {wait}.", "dans {wait!r}.", "fr: attempts.too-many: a placeholder is a plain word"),
        ("dans {wait}.", "dans {wait:>9}.", "fr: attempts.too-many: a placeholder is a plain word"),
        ("dans {wait}.", "dans {}.", "fr: attempts.too-many: a placeholder is a plain word"),
        ("dans {wait}.", "dans {wait} {{.", "fr: attempts.too-many: a placeholder is a plain word"),
        ("dans {wait}.", "dans {wait.", "fr: attempts.too-many: a brace is not closed"),
        (BIENVENUE, BIENVENUE + "\n" + BIENVENUE, "fr: welcome: stands twice"),
        (BIENVENUE, f'{WELCOME}msgstr ""\n', "fr: welcome: no sentence; write one"),
        (BIENVENUE, f"#, fuzzy\n{BIENVENUE}", "fr: welcome: fuzzy"),
        (BIENVENUE, BIENVENUE + '\n#~ msgid "gone"\n#~ msgstr "Parti."\n', "fr: gone: obsolete"),
        (
            BIENVENUE,
            f'{WELCOME}msgid_plural "welcome"\nmsgstr[0] "Un."\nmsgstr[1] "Deux."\n',
            "fr: welcome: a number decides here, or does not",
        ),
        (BIENVENUE, "nothing of the kind\n", "fr: not a catalogue"),
    ],
)
def test_a_mistake_in_a_catalogue_is_found_when_it_is_read(
    old: str, new: str, mistake: str
) -> None:
    """R11's spirit: found before a patient meets it."""
    good = texts()
    assert old in good["fr"].decode()

    with pytest.raises(ConfigurationError) as raised:
        read_catalogues({**good, "fr": good["fr"].decode().replace(old, new).encode()})

    assert any(line.startswith(mistake) for line in raised.value.mistakes)


def test_bytes_that_are_no_text_are_no_catalogue() -> None:
    with pytest.raises(ConfigurationError, match="fr: not a catalogue"):
        read_catalogues({**texts(), "fr": b"\xff\xfe" + texts()["fr"]})


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_catalogues({"fr": b"", "en": b""})

    assert len(raised.value.mistakes) == 2 * len(TEXTS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_text_can_be_said(code: str, language: str) -> None:
    """R10, R49: it says what it is given, each of it, and nothing is left to fill in."""
    details = {name: f"<{name}>" for name in TEXTS[code].placeholders}
    for number in (0, 1, 2):
        counted = TEXTS[code].counted
        given = {**details, counted: number} if counted else details
        said = sentence(code, language, **given)

        assert said
        assert not {"{", "}"} & set(said)
        assert all(str(each) in said for each in given.values())
