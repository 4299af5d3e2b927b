"""What tables are made of: types that mean the same on every engine, and a word for each column.

* An **instant** is ``timestamp with time zone`` on PostgreSQL. SQLite has no such type: there it is
  text of a fixed width in UTC, ``2026-11-23T14:05:00.000000Z``, which sorts like the instant, keeps
  its microseconds, and is read by SQLite's own date functions and by people.
* **Elapsed** time is whole microseconds.
* A **document** is JSON, as text: a list that always comes and goes with its row, such as the
  contact details of a form.
* The **minutes** of a day are bytes (:func:`omnibook.daybits.packed`).
* **Names** is a list of texts that a statement is given (``ids``); it is no column.

Text is compared byte by byte on both engines (collation ``C`` on PostgreSQL): identifiers that
differ in case or accent are different, and rows sort alike.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from omnibook.daybits import packed, unpacked
from omnibook.times import as_instant

Convert = Callable[[Any], Any]

_to_json = json.JSONEncoder(ensure_ascii=False).encode
_from_json = json.JSONDecoder().decode
_MICROSECOND = timedelta(microseconds=1)


class Plain(TypeDecorator[Any]):
    """A type that says plainly, for each engine, what turns a value into the driver's and back.

    SQLAlchemy's own execution asks it, and so does :mod:`omnibook.adapters.sql.compiled`, which
    thereby saves the layers between: they cost more than the turning.
    """

    impl: Any = Text
    cache_ok = True

    def to_driver(self, dialect: str) -> Convert | None:
        """What turns a value into the driver's; nothing where it is taken as it is."""
        del dialect
        return None

    def from_driver(self, dialect: str) -> Convert | None:
        """What turns the driver's value back; nothing where it is right as it is."""
        del dialect
        return None

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """What to keep."""
        convert = self.to_driver(dialect.name)
        return value if convert is None else convert(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """What was kept."""
        convert = self.from_driver(dialect.name)
        return value if convert is None else convert(value)


class Instant(Plain):
    """An aware datetime, kept in UTC to the microsecond."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The engine's own type, where it has one."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Text())

    def to_driver(self, dialect: str) -> Convert | None:
        """See :meth:`Plain.to_driver`."""
        return None if dialect == "postgresql" else _or_nothing(instant_text)

    def from_driver(self, dialect: str) -> Convert | None:
        """See :meth:`Plain.from_driver`."""
        # The standard library reads the Z from 3.11 on, and gives datetime.UTC for it.
        return None if dialect == "postgresql" else _or_nothing(datetime.fromisoformat)


class Elapsed(Plain):
    """A timedelta, kept as whole microseconds."""

    impl = BigInteger
    cache_ok = True

    def to_driver(self, dialect: str) -> Convert | None:
        """See :meth:`Plain.to_driver`."""
        del dialect
        return _or_nothing(lambda value: value // _MICROSECOND)

    def from_driver(self, dialect: str) -> Convert | None:
        """See :meth:`Plain.from_driver`."""
        del dialect
        return _or_nothing(lambda value: timedelta(microseconds=value))


class Document(Plain):
    """A JSON value, kept as text."""

    cache_ok = True

    def to_driver(self, dialect: str) -> Convert | None:
        """See :meth:`Plain.to_driver`."""
        del dialect
        return _or_nothing(_to_json)

    def from_driver(self, dialect: str) -> Convert | None:
        """See :meth:`Plain.from_driver`."""
        del dialect
        return _or_nothing(_from_json)


class Minutes(Plain):
    """The minutes of a day, as an integer of bits; kept as bytes."""

    impl = LargeBinary
    cache_ok = True

    def to_driver(self, dialect: str) -> Convert | None:
        """See :meth:`Plain.to_driver`."""
        del dialect
        return packed

    def from_driver(self, dialect: str) -> Convert | None:
        """See :meth:`Plain.from_driver`."""
        del dialect
        return unpacked


class Names(Plain):
    """A list of texts, as a statement takes it: an array, or JSON where there are none."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The engine's own type, where it has one."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(ARRAY(Text()))
        return dialect.type_descriptor(Text())

    def to_driver(self, dialect: str) -> Convert | None:
        """See :meth:`Plain.to_driver`."""
        return None if dialect == "postgresql" else _to_json


def _or_nothing(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def instant_text(moment: datetime) -> str:
    """The text under which SQLite keeps an instant: fixed width, sortable, in UTC."""
    # Without the offset, which is +00:00.
    return f"{as_instant(moment).isoformat(timespec='microseconds')[:-6]}Z"


# Byte by byte, as SQLite compares: a locale's collation may take two identifiers for one.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def key(name: str) -> Column[str]:
    """A text that is part of the primary key."""
    return Column(name, _TEXT, primary_key=True)


def text(name: str, *, nullable: bool = False) -> Column[str]:
    """A text."""
    return Column(name, _TEXT, nullable=nullable)


def number(name: str, *, nullable: bool = False) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=nullable)


def flag(name: str) -> Column[bool]:
    """A yes or no."""
    return Column(name, Boolean, nullable=False)


def instant(name: str, *, nullable: bool = False) -> Column[datetime]:
    """An instant."""
    return Column(name, Instant, nullable=nullable)


def document(name: str, *, nullable: bool = False) -> Column[Any]:
    """A JSON value."""
    return Column(name, Document, nullable=nullable)


def one_of(column: str, words: Iterable[StrEnum]) -> CheckConstraint:
    """The column holds one of these words; for one that may be empty, NULL passes too."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def ordered(first: str, last: str) -> CheckConstraint:
    """A span ends after it starts."""
    return CheckConstraint(f"{first} < {last}", name=f"{first}_{last}")


def child_of(parent: str, identifier: str) -> ForeignKeyConstraint:
    """The row goes with its parent."""
    return ForeignKeyConstraint(
        ["clinic_id", identifier],
        [f"{parent}.clinic_id", f"{parent}.{identifier}"],
        ondelete="CASCADE",
    )
