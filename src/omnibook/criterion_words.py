"""What the shipped criteria share: words in their settings, and findings that name their facts."""

from collections.abc import Iterable
from datetime import date
from typing import Self, cast

from omnibook.criterion import CriterionKinds, Finding
from omnibook.errors import InvalidValue
from omnibook.facts import FactName, Facts, Truth
from omnibook.problems import Problem
from omnibook.reason_codes import ReasonCode
from omnibook.table_reader import TEXT_LIMIT, TableReader
from omnibook.typed_text import read_line

ONE_WORD: dict[str, object] = {"type": "string", "pattern": r"\S"}
"""The JSON Schema of a word: not blank. Its length counts once it is trimmed and in NFC."""
WORDS: dict[str, object] = {
    "type": "array",
    "minItems": 1,
    "uniqueItems": True,
    "items": ONE_WORD,
}
"""The JSON Schema of several words."""


def word_of(given: str) -> str:
    """A text of one line, trimmed and in NFC; raises :class:`InvalidValue` for anything else."""
    line = read_line(given, field="word", limit=TEXT_LIMIT)
    if isinstance(line, Problem):
        raise InvalidValue("a criterion's word must be a text of one line, and not blank")
    return line


def words_of(given: Iterable[str]) -> tuple[str, ...]:
    """The words, each once and in order; raises :class:`InvalidValue` when there is none."""
    if isinstance(given, str) or not isinstance(cast("object", given), Iterable):
        raise InvalidValue("a criterion's words are several texts, such as ('gagnon',)")
    read = tuple(sorted({word_of(each) for each in given}))
    if not read:
        raise InvalidValue("a criterion's words are at least one")
    return read


def read_words(table: TableReader, key: str, remedy: str) -> tuple[str, ...]:
    """The words of a list, at least one."""
    words = table.each(key, lambda inner, name: inner.text(name), remedy)
    if not words and table.right(key):
        table.refuse(key, "is empty" if table.has(key) else "missing", remedy)
    return words


def found(truth: Truth, code: ReasonCode, *facts: FactName) -> Finding:
    """A finding, and the facts that it rests on."""
    return Finding(truth, code, facts=facts)


class Plain:
    """What the criteria share that have no settings and do not ask for the visit's date."""

    __slots__ = ()

    def turning_days(self, facts: Facts, first: date, last: date) -> Iterable[date]:  # noqa: ARG002
        """None: the visit's date plays no part."""
        return ()

    def settings(self) -> dict[str, object]:
        """None."""
        return {}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Nothing: there are no settings."""
        return {}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:  # noqa: ARG003
        """The criterion, unless the table holds another key than ``kind``."""
        return cls() if table.finish() else None
