"""The words of the pages: every one in both languages, none forgotten and none left over."""

import re
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from omnibook.web.texts import preferred_language, say, translations

WEB = Path(str(files("omnibook.web")))
CATALOGUE = WEB / "locale/fr/LC_MESSAGES/web.po"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


def extracted() -> set[str | tuple[str, ...]]:
    """Every message of the code and of the templates."""
    found = extract_from_dir(
        WEB,
        [("**.py", "python"), ("templates/**.html", "jinja2")],
        options_map={"templates/**.html": {"trim_blocks": "true"}},
        keywords=KEYWORDS,
        comment_tags=(),
    )
    return {message for _, _, message, _, _ in found}


def strings_of(message: Message) -> list[str]:
    said = message.string
    return [said] if isinstance(said, str) else list(said or [""])


def test_every_message_is_translated_and_none_is_stale() -> None:
    catalogue = read_po(BytesIO(CATALOGUE.read_bytes()), locale="fr", abort_invalid=True)
    written = {message.id for message in catalogue if message.id}
    assert written == extracted()
    for message in catalogue:
        assert not message.fuzzy
        assert all(strings_of(message)) or not message.id
    assert not catalogue.obsolete


def test_translations_keep_their_placeholders() -> None:
    catalogue = read_po(BytesIO(CATALOGUE.read_bytes()), locale="fr")
    named = re.compile(r"%\((\w+)\)s|<(/?\w+)>")
    for message in catalogue:
        if isinstance(message.id, str) and isinstance(message.string, str):
            assert sorted(named.findall(message.id)) == sorted(named.findall(message.string))


def test_french_is_spaced_as_in_quebec() -> None:
    """A no-break space before a colon and inside guillemets, none before ; ! ?"""
    catalogue = read_po(BytesIO(CATALOGUE.read_bytes()), locale="fr")
    for message in catalogue:
        for written in strings_of(message):
            if message.id:
                assert not re.search(r" [;!?]|[^\s\d]:(?!//)|'|«\S|\S»", written), written
                assert "\u00a0" not in written, "ordinary spaces are written in the file"
    assert say("fr", "Error:") == "Erreur\u00a0:"
    assert say("en", "Error:") == "Error:"


def test_numbers_have_their_plural() -> None:
    one, many = "Please correct one thing", "Please correct %(num)s things"
    words = translations("fr").ngettext
    assert words(one, many, 0) == words(one, many, 1) == "Veuillez corriger un point"
    assert words(one, many, 2) == "Veuillez corriger %(num)s points"


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "fr"),
        ("en", "en"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("en-CA,en;q=0.9,fr;q=0.8", "en"),
        ("de,en;q=0.5,fr;q=0.6", "fr"),
        ("de", "fr"),
        ("en;q=0", "fr"),
        ("en;q=x, fr;q=0.1", "fr"),
        ("*", "fr"),
        ("EN-us ; q=0.4", "en"),
    ],
)
def test_the_better_language_is_chosen(accept: str, language: str) -> None:
    assert preferred_language(accept) == language


@given(st.text())
def test_any_header_names_one_of_the_two_languages(accept: str) -> None:
    assert preferred_language(accept) in {"fr", "en"}
