"""An e-mail as a page of HTML: readable on a phone, in the dark, aloud, and without pictures.

It asks for nothing from anywhere: no picture, no font, no script, no tracking; whoever opens it
tells nobody. There is one heading and one button, whose address stands beside it in text. Nothing
is laid out with tables. Letters are 16 pixels or more, in the reader's own font, and every pair of
colours has a contrast of 4.5 or more, by day and by night (WCAG 2.2, criterion 1.4.3, 2023-10).

Colours stand in each element, since some readers drop style sheets; the sheet turns them over
where the reader prefers the dark. Whatever comes from outside is escaped, and an address becomes a
link only if it opens a page.
"""

import html
from collections.abc import Iterator
from typing import assert_never

from omnibook.messages.blocks import Block, Letter, LinkTo, Paragraph, Rows

_FONT = "font:400 16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_PAGE = f"margin:0;padding:0;background-color:#f3f4f6;color:#1b2128;{_FONT}"
_SHEET = (
    "max-width:36rem;margin:0 auto;padding:24px 20px;background-color:#ffffff;color:#1b2128;"
    f"overflow-wrap:anywhere;{_FONT}"
)
_HEADING = "margin:0 0 16px;font-size:24px;line-height:1.25;font-weight:700"
_TEXT = "margin:0 0 16px"
_QUIET = f"{_TEXT};color:#4b5563"
_ROWS = f"{_TEXT};padding:0 0 0 16px;border-left:4px solid #0b5cad"
_BUTTON = (
    "display:inline-block;padding:14px 24px;border-radius:6px;background-color:#0b5cad;"
    "color:#ffffff;font-weight:700;text-decoration:none"
)
_ADDRESS = "color:#0b5cad;word-break:break-all"

# The classes that turn by night, each with the colours it then has.
_BY_NIGHT = {
    "page": "background-color:#111417!important;color:#eef1f4!important",
    "sheet": "background-color:#1c2126!important;color:#eef1f4!important",
    "quiet": "color:#b6c0ca!important",
    "button": "background-color:#8cc2ff!important;color:#0b1a2b!important",
    "address": "color:#9ccaff!important",
    "rows": "border-color:#8cc2ff!important",
}
_STYLE = (
    ":root{color-scheme:light dark;supported-color-schemes:light dark}"
    "@media (prefers-color-scheme:dark){"
    + "".join(f".{name}{{{colours}}}" for name, colours in _BY_NIGHT.items())
    + "}"
)

_OPENS_A_PAGE = ("https://", "http://")


def as_html(letter: Letter, address_words: str) -> str:
    """The letter as a page; ``address_words`` lead to the address that stands beside the button."""
    language = html.escape(letter.language)
    body = "\n".join(line for block in letter.blocks for line in _block(block, address_words))
    # Readers that show a mail inside a page of their own drop <html>: the language stands twice.
    return f"""\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{html.escape(letter.subject)}</title>
<style>{_STYLE}</style>
</head>
<body class="page" style="{html.escape(_PAGE)}">
<div lang="{language}" dir="ltr" class="sheet" style="{html.escape(_SHEET)}">
<h1 style="{_HEADING}">{html.escape(letter.title)}</h1>
{body}
</div>
</body>
</html>
"""


def _block(block: Block, address_words: str) -> Iterator[str]:
    match block:
        case Paragraph(text=text):
            yield from _paragraphs(text)
        case Rows(lines=lines):
            written = "<br>\n".join(map(html.escape, lines))
            yield f'<p class="rows" style="{_ROWS}">{written}</p>'
        case LinkTo():
            yield from _link(block, address_words)
        case _:
            assert_never(block)


def _paragraphs(text: str) -> Iterator[str]:
    for part in text.split("\n\n"):
        written = html.escape(part).replace("\n", "<br>\n")
        yield f'<p style="{_TEXT}">{written}</p>'


def _link(link: LinkTo, address_words: str) -> Iterator[str]:
    yield from _paragraphs(link.intro)
    address, words = html.escape(link.address), html.escape(address_words)
    if not link.address.startswith(_OPENS_A_PAGE):
        yield f'<p style="{_TEXT}">{address}</p>'
        return
    button = html.escape(link.button)
    opened = f'<a class="button" href="{address}" style="{_BUTTON}">{button}</a>'
    yield f'<p style="{_TEXT}">{opened}</p>'
    shown = f'<a class="address" href="{address}" style="{_ADDRESS}">{address}</a>'
    yield f'<p class="quiet" style="{_QUIET}">{words}<br>\n{shown}</p>'
