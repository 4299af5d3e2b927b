"""An e-mail as a page: accessible, quiet, readable on a phone, and the same as its plain text."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from omnibook.clinic import Text
from omnibook.messages import NoticeText, render_notice
from omnibook.messages.html_mail import _BY_NIGHT, _STYLE
from omnibook.own_texts import OwnTexts
from omnibook.records import NoticeKind
from support.samples_messages import LINK, a_clinic, a_notice, a_service, an_appointment

LANGUAGES = ("fr", "en")
EMPTY = {"meta", "br", "hr"}
KNOWN = EMPTY | {"html", "head", "title", "style", "body", "div", "h1", "p", "a"}


class Page(HTMLParser):
    """What a page holds: its elements, and the text that is read; unclosed elements fail."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.read: list[str] = []
        self.title = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "title" in self._open:
            self.title += data
        elif "style" not in self._open:
            self.read.append(data)

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def a_text(
    kind: NoticeKind = NoticeKind.REMINDER,
    language: str = "fr",
    *,
    link: str | None = LINK,
) -> NoticeText:
    return render_notice(
        notice=a_notice(kind),
        appointment=an_appointment(),
        clinic=a_clinic(),
        language=language,
        link=link,
    )


def a_page(kind: NoticeKind = NoticeKind.REMINDER, language: str = "fr") -> Page:
    return Page(a_text(kind, language).html)


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_has_what_a_screen_reader_asks_for(kind: NoticeKind, language: str) -> None:
    """Its language twice, a title, one heading, and nothing but plain elements in their order."""
    text = a_text(kind, language)
    page = Page(text.html)

    assert text.html.startswith("<!DOCTYPE html>\n")
    assert page.named("html") == [{"lang": language}]
    assert page.named("div")[0]["lang"] == language
    assert page.title == text.subject
    assert len(page.named("h1")) == 1
    assert {tag for tag, _ in page.elements} <= KNOWN


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_page_asks_for_nothing_from_anywhere(kind: NoticeKind) -> None:
    """No picture, no font, no script, no tracking; the only address is the link."""
    text = a_text(kind)
    page = Page(text.html)
    addresses = [value for _, had in page.elements for value in had.values() if "//" in value]

    assert set(addresses) <= {LINK}
    assert not re.search(r"url\(|@import|@font-face|<img|<script|<link|\bon\w+=", text.html)
    assert text.html.replace(LINK, "").count("://") == 0


def test_a_page_has_one_button_and_its_address_in_text() -> None:
    """R44: what a button opens can be seen, and copied."""
    page = a_page()
    button, address = page.named("a")

    assert button["href"] == address["href"] == LINK
    assert "padding" in button["style"]
    assert page.read.count("Confirmer ma présence") == 1
    assert page.read.count(LINK) == 1
    assert not Page(a_text(link=None).html).named("a")
    assert not a_page(NoticeKind.CANCELLATION).named("a")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//x.example", "x"])
def test_an_address_that_opens_no_page_is_no_link(address: str) -> None:
    page = Page(a_text(link=address).html)

    assert not page.named("a")
    assert address in page.read


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_the_plain_text_says(kind: NoticeKind, language: str) -> None:
    """Line by line; the page adds its heading, and words for the button."""
    text = a_text(kind, language)
    said = [line for part in Page(text.html).read for line in part.split("\n") if line.strip()]
    plain = [line for line in text.plain.split("\n") if line]

    assert [line for line in said if line in plain] == plain
    assert len(said) - len(plain) == (1 if LINK not in text.plain else 3)


def test_what_comes_from_outside_is_text_and_nothing_else() -> None:
    hostile = '</p><script>alert("1")</script>&amp;\'x<!--'
    name = Text(hostile, hostile)
    text = render_notice(
        notice=a_notice(NoticeKind.REMINDER),
        appointment=an_appointment(),
        clinic=a_clinic(
            name=name,
            place=name,
            phone=hostile,
            service=a_service(label=name),
            texts=OwnTexts(fr={"notice.greeting": hostile, "notice.button.confirm": hostile}),
        ),
        language="fr",
        link=f'{LINK}?x=1&y="><b>',
    )
    page = Page(text.html)

    assert {tag for tag, _ in page.elements} <= KNOWN
    assert hostile in page.title
    assert "".join(page.read).count(hostile) == 6
    assert page.named("a")[0]["href"] == f'{LINK}?x=1&y="><b>'


# Colours and sizes ------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of "#rrggbb"."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def declared(style: str) -> dict[str, str]:
    pairs = (each.partition(":") for each in style.split(";") if each)
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def painted(*, by_night: bool) -> Iterator[tuple[str, str, str]]:
    """Every element with words, its colour and what lies behind it."""
    behind, colour = "", ""
    for tag, had in a_page().elements:
        own = declared(had.get("style", ""))
        if by_night:
            own |= declared(_BY_NIGHT.get(had.get("class", ""), ""))
        if tag in {"body", "div"}:
            behind, colour = own["background-color"], own["color"]
        elif tag in {"h1", "p", "a"}:
            yield tag, own.get("color", colour), own.get("background-color", behind)


def test_the_measure_of_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("by_night", [False, True])
def test_every_word_stands_out_by_day_and_by_night(by_night: bool) -> None:
    """WCAG 2.2, criterion 1.4.3: 4.5 or more."""
    found = list(painted(by_night=by_night))

    assert len(found) > 8
    for tag, colour, behind in found:
        assert contrast(colour, behind) >= 4.5, (tag, colour, behind)


def test_the_sheet_turns_every_colour_over_by_night() -> None:
    """An element with a colour of its own has a class that turns it."""
    assert "prefers-color-scheme:dark" in _STYLE
    for tag, had in a_page().elements:
        own = declared(had.get("style", ""))
        if "color" in own or "background-color" in own:
            turned = declared(_BY_NIGHT[had["class"]])
            assert {"color", "background-color"} & set(own) == {
                "color",
                "background-color",
            } & set(turned), tag


def test_letters_are_sixteen_pixels_or_more_in_the_reader_s_own_font() -> None:
    html = a_text().html

    assert set(re.findall(r"(?:font:400 |font-size:)(\d+)px", html)) == {"16", "24"}
    assert html.count("system-ui") == 2


def test_nothing_is_wider_than_a_small_phone() -> None:
    """320 pixels: no width in pixels but of padding; a long address breaks."""
    html = a_text(link=LINK + "x" * 300).html

    assert not re.search(r"(?<!max-)width:\d+px|nowrap|min-width", html)
    assert "max-width:36rem" in html
    assert "word-break:break-all" in html
    assert "overflow-wrap:anywhere" in html
    assert 'content="width=device-width, initial-scale=1"' in html
