"""Reading tables of plain data, parsed TOML or JSON, without stopping at the first mistake.

A :class:`TableReader` stands in front of one table. Each of its methods takes one key, and says so
when what stands there cannot be interpreted: the key's path, what is wrong and a remedy. It then
returns a harmless value of the right type, so that the caller goes on with the next key and one
run tells everything. Only :meth:`TableReader.finish` tells whether the table can be used; whatever
was read from one that cannot must be thrown away.

True is a whole number to Python and a datetime is a date; here neither is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar, cast

from omnibook.mistakes import Mistake, as_table, did_you_mean, shown
from omnibook.problems import Problem, ProblemCode
from omnibook.typed_text import read_line

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

TEXT_LIMIT = 500
"""The greatest length of a text in a configuration, in characters."""
FIRST_DAY = date(1800, 1, 1)
LAST_DAY = date(2199, 12, 31)
"""Dates outside are typing errors, and further out no zone can place them."""
MIDNIGHT = time()
DAY_MINUTES = 24 * 60

_IDENTIFIER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_IDENTIFIER_RULE = "use letters without accents, digits and hyphens, at most 64 of them"
_TEXT_FAULTS = {
    ProblemCode.MISSING: "is blank",
    ProblemCode.TOO_LONG: "is too long",
    ProblemCode.CONTROL_CHARACTERS: "holds a line end or another control character",
}


class TableReader:
    """Reads one table key by key, adding every mistake to the list that all readers share.

    With ``private`` the data is about people: no message repeats a value.
    """

    def __init__(
        self,
        table: Mapping[str, object],
        path: str,
        mistakes: list[Mistake],
        *,
        private: bool = False,
    ) -> None:
        self._table = table
        self._path = path
        self._mistakes = mistakes
        self._private = private
        self._before = len(mistakes)
        self._known: set[str] = set()
        self._wrong: set[str] = set()

    @property
    def data(self) -> Mapping[str, object]:
        """The table itself, unread: asking it makes no key a known one."""
        return self._table

    # What is there --------------------------------------------------------------------------

    def path(self, key: str = "") -> str:
        """The path of a key, or of the table itself."""
        if not key:
            return self._path or "the file"
        return f"{self._path}.{key}" if self._path else key

    def has(self, key: str) -> bool:
        """Whether the key is given; from now on it is a known key."""
        self._known.add(key)
        return self._table.get(key) is not None

    def right(self, *keys: str) -> bool:
        """Whether no mistake was found at any of these keys so far."""
        return self._wrong.isdisjoint(keys)

    def refuse(self, key: str, message: str, remedy: str) -> None:
        """Add a mistake at the key."""
        self._known.add(key)
        self._wrong.add(key)
        self._mistakes.append(Mistake(path=self.path(key), message=message, remedy=remedy))

    def finish(self) -> bool:
        """Refuse the keys nobody asked for; whether nothing was wrong in the table, or below it."""
        for key in self._table:
            if key not in self._known:
                written = "unknown key" if self._private else f"unknown key {shown(key)}"
                self._mistakes.append(
                    Mistake(
                        path=self.path(),
                        message=written,
                        remedy=did_you_mean(key, self._known),
                    )
                )
        return len(self._mistakes) == self._before

    def raw(self, key: str) -> object:
        """What stands at the key, unread; it is a known key, and ``None`` if it is not there."""
        self._known.add(key)
        return self._table.get(key)

    def _missing(self, key: str, remedy: str) -> None:
        self.refuse(key, "missing", remedy)

    def _unlike(self, key: str, wanted: str, value: object, remedy: str) -> None:
        said = "something else" if self._private else shown(value)
        self.refuse(key, f"must be {wanted}, not {said}", remedy)

    # Single values --------------------------------------------------------------------------

    def text(
        self,
        key: str,
        default: str | None = None,
        *,
        limit: int = TEXT_LIMIT,
        remedy: str = "",
    ) -> str:
        """A text of one line, trimmed and in NFC; ``remedy`` says what more is wanted of it."""
        value = self.raw(key)
        if value is None and default is not None:
            return default
        line = read_line(value, field=key, limit=limit)
        if not isinstance(line, Problem):
            return line
        remedy = remedy or f"give a text of one line, at most {limit} characters"
        if value is None:
            self._missing(key, remedy)
        elif line.code is ProblemCode.WRONG_TYPE:
            self._unlike(key, "a text", value, remedy)
        else:
            self.refuse(key, _TEXT_FAULTS[line.code], remedy)
        return ""

    def identifier(self, key: str) -> str:
        """An identifier: ASCII letters, digits, hyphens, dots and underscores, at most 64."""
        text = self.text(key, remedy=_IDENTIFIER_RULE)
        if self.right(key):
            self.check_identifier(key, text)
        return text

    def identifiers(self, key: str) -> tuple[str, ...]:
        """A list of identifiers, or the keys of a table that describes each; empty if not given."""
        if not isinstance(self.raw(key), Mapping):
            return self.each(key, TableReader.identifier, f'write {key} = ["one", "another"]')
        return self.table(key, _described, "", default=()) or ()

    def check_identifier(self, key: str, text: str) -> None:
        """Refuse a text at the key that is no :meth:`identifier`."""
        if not _IDENTIFIER.fullmatch(text):
            said = "this" if self._private else shown(text)
            self.refuse(key, f"{said} is no identifier", _IDENTIFIER_RULE)

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self._unlike(key, "true or false", value, "write it without quotes")
            return default
        return value

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        value = self.raw(key)
        remedy = f"give a whole number from {low} to {high}"
        if value is None:
            if default is None:
                self._missing(key, remedy)
            return low if default is None else default
        if type(value) is not int:
            self._unlike(key, "a whole number", value, remedy)
            return low
        if not low <= value <= high:
            self.refuse(key, "cannot be this number", remedy)
            return low
        return value

    def minutes(self, key: str, low: int, high: int, default: timedelta | None = None) -> timedelta:
        """A number of whole minutes from ``low`` to ``high``, both included."""
        if default is not None and not self.has(key):
            return default
        return timedelta(minutes=self.whole(key, low, high))

    def word(self, key: str, words: type[E], default: E | None = None) -> E:
        """A word of a closed vocabulary."""
        value = self.raw(key)
        for word in words:
            if value == word.value:
                return word
        known = [word.value for word in words]
        if value is None:
            if default is None:
                self._missing(key, f"use one of {', '.join(known)}")
            return next(iter(words)) if default is None else default
        self._unknown(key, value, known)
        return next(iter(words))

    def known(self, key: str, known: Iterable[str], default: str | None = None) -> str:
        """A text that is one of those known."""
        if default is not None and not self.has(key):
            return default
        words = tuple(known)
        text = self.text(key, remedy=f"use one of {', '.join(sorted(words))}")
        if self.right(key) and text not in words:
            self._unknown(key, text, words)
        return text

    def _unknown(self, key: str, value: object, known: Iterable[str]) -> None:
        said = "unknown word" if self._private else f"unknown word {shown(value)}"
        self.refuse(key, said, did_you_mean(value, known))

    # Times and dates ------------------------------------------------------------------------

    def clock(self, key: str, default: time | None = None) -> time:
        """A wall time of whole minutes, ``"08:30"`` or TOML's own ``08:30:00``."""
        value = self.raw(key)
        remedy = 'write it as "08:30", hours and minutes'
        if value is None:
            if default is None:
                self._missing(key, remedy)
            return MIDNIGHT if default is None else default
        if isinstance(value, time) and value.tzinfo is None:
            if value.second or value.microsecond:
                self.refuse(key, "must be a whole minute", remedy)
            return value
        found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            self._unlike(key, "a time from 00:00 to 23:59", value, remedy)
            return MIDNIGHT
        return time(int(found[1]), int(found[2]))

    def clock_or_midnight(self, key: str) -> time | None:
        """A wall time; ``None`` for ``"24:00"``, the midnight at the end of the day."""
        return None if self.raw(key) == "24:00" else self.clock(key)

    def day(self, key: str) -> date | None:
        """A date, TOML's own or a text such as ``"2026-12-25"``; ``None`` if not given."""
        return self._read_day(key, self.raw(key))

    def _read_day(self, key: str, value: object) -> date | None:
        if value is None:
            return None
        remedy = f"write it as 2026-12-25, from {FIRST_DAY} to {LAST_DAY}"
        day = _parsed(date.fromisoformat, _DATE, value)
        if isinstance(value, date) and not isinstance(value, datetime):
            day = value
        if day is None:
            self._unlike(key, "a date", value, remedy)
        elif not FIRST_DAY <= day <= LAST_DAY:
            self.refuse(key, "is too far away", remedy)
            return None
        return day

    def day_or_moment(self, key: str) -> date | datetime | None:
        """A date, or a date with a wall time of whole minutes; ``None`` if not given or wrong."""
        value = self.raw(key)
        moment = _parsed(datetime.fromisoformat, _MOMENT, value)
        if isinstance(value, datetime):
            moment = value
        if moment is None:
            return self._read_day(key, value)
        remedy = "write it as 2026-12-24T12:00:00, a wall time"
        if moment.tzinfo is not None:
            self.refuse(key, "must not have a zone", remedy)
        elif moment.second or moment.microsecond:
            self.refuse(key, "must be a whole minute", remedy)
        elif self._read_day(key, moment.date()) is not None:
            return moment
        return None

    # Lists and tables -----------------------------------------------------------------------

    def _list(self, key: str, remedy: str) -> list[object]:
        value = self.raw(key)
        if isinstance(value, list | tuple):
            return list(cast("Iterable[object]", value))
        if value is not None:
            self._unlike(key, "a list", value, remedy)
        return []

    def each(
        self,
        key: str,
        read: Callable[["TableReader", str], T],
        remedy: str,
        *,
        twice: bool = False,
    ) -> tuple[T, ...]:
        """Every item of a list, read one by one; empty if not given.

        ``read`` is handed a reader and the key ``key[i]`` under which the item stands in it. None
        may be there a second time unless ``twice`` allows it.
        """
        items = self._list(key, remedy)
        names = [f"{key}[{i}]" for i in range(len(items))]
        inner = TableReader(
            dict(zip(names, items, strict=True)), self._path, self._mistakes, private=self._private
        )
        found: list[T] = []
        first: dict[T, str] = {}
        for name in names:
            if inner.raw(name) is None:
                inner.refuse(name, "is nothing", remedy)
                continue
            one = read(inner, name)
            if not inner.right(name):
                continue
            if twice or first.setdefault(one, name) == name:
                found.append(one)
            else:
                inner.refuse(name, f"repeats {first[one]}", "leave it out")
        if not inner.right(*names):
            self._wrong.add(key)
        return tuple(found)

    def table(
        self,
        key: str,
        read: Callable[["TableReader"], T | None],
        remedy: str,
        *,
        default: T | None = None,
    ) -> T | None:
        """A table, read by ``read``; ``None``, with a mistake, where there is none."""
        value = self.raw(key)
        if value is None and default is not None:
            return default
        before = len(self._mistakes)
        table = as_table(value, self.path(key), self._mistakes, remedy=remedy)
        found = None
        if table is not None:
            found = read(TableReader(table, self.path(key), self._mistakes, private=self._private))
        if len(self._mistakes) > before:
            self._wrong.add(key)
        return found

    def tables(
        self, key: str, read: Callable[["TableReader"], T | None], remedy: str
    ) -> tuple[T, ...]:
        """Every table of a list, read by ``read``; those that cannot be read are left out.

        A table with an ``id`` is named by it in every mistake, beside its place in the list.
        """
        before = len(self._mistakes)
        found: list[T] = []
        for i, item in enumerate(self._list(key, "write [ … ]")):
            path = f"{self.path(key)}[{i}]"
            table = as_table(item, path, self._mistakes, remedy=remedy)
            if table is not None:
                place = path if self._private else named(path, table.get("id"))
                one = read(TableReader(table, place, self._mistakes, private=self._private))
                found.extend(() if one is None else (one,))
        if len(self._mistakes) > before:
            self._wrong.add(key)
        return tuple(found)


def named(path: str, identifier: object) -> str:
    """The path with the identifier of what stands there, such as ``services[1] (vaccination)``."""
    if isinstance(identifier, str) and _IDENTIFIER.fullmatch(identifier):
        return f"{path} ({identifier})"
    return path


def _described(table: TableReader) -> tuple[str, ...]:
    for key in table.data:
        table.check_identifier(key, key)
        table.text(key)
    return tuple(table.data)


def _parsed(read: Callable[[str], T], pattern: re.Pattern[str], value: object) -> T | None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        return None
    try:
        return read(value)
    except ValueError:
        return None
