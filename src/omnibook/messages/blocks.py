"""What an e-mail is made of, before it is plain text or HTML: both say the same, block by block."""

from typing import TypeAlias, assert_never

from attrs import field, frozen


@frozen
class Paragraph:
    """Words; a line end stays one, and an empty line opens another paragraph."""

    text: str = field(repr=False)


@frozen
class Rows:
    """What is planned, line by line."""

    lines: tuple[str, ...] = field(repr=False)


@frozen(kw_only=True)
class LinkTo:
    """The one thing to do: words that lead to it, the words of a button, and an address."""

    intro: str = field(repr=False)
    button: str = field(repr=False)
    address: str = field(repr=False)


Block: TypeAlias = Paragraph | Rows | LinkTo


@frozen(kw_only=True)
class Letter:
    """An e-mail, before its form."""

    language: str
    subject: str = field(repr=False)
    title: str = field(repr=False)
    """Its heading, where it is shown as a page."""
    blocks: tuple[Block, ...] = field(repr=False)


def as_plain(letter: Letter) -> str:
    """The letter as plain text: without its heading, which the subject says too."""
    return "\n\n".join(_plain(block) for block in letter.blocks) + "\n"


def _plain(block: Block) -> str:
    match block:
        case Paragraph(text=text):
            return text
        case Rows(lines=lines):
            return "\n".join(lines)
        case LinkTo(intro=intro, address=address):
            return f"{intro}\n{address}"
        case _:
            assert_never(block)
