"""What tables are made of: two types that SQLite lacks, and a word for each kind of column.

SQLite has no type for instants and none for elapsed time. An instant is kept as text of a fixed
width in UTC, ``2026-11-23T14:05:00.000000Z``: it sorts like the instant, its microseconds are
exact, SQLite's own date functions read it, and so does a person. Elapsed time is kept as whole
microseconds.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from omnibook.contacts import ContactSystem
from omnibook.times import as_instant

_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC to the microsecond."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """The text to keep."""
        del dialect
        return None if value is None else instant_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """The instant that the text means."""
        del dialect
        # The standard library reads the Z from 3.11 on, and gives datetime.UTC for it.
        return None if value is None else datetime.fromisoformat(value)


class Elapsed(TypeDecorator[timedelta]):
    """A timedelta, kept as whole microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """The number to keep."""
        del dialect
        return None if value is None else value // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """The stretch of time that the number means."""
        del dialect
        return None if value is None else timedelta(microseconds=value)


def instant_text(moment: datetime) -> str:
    """The text under which an instant is kept: fixed width, sortable, in UTC."""
    utc = as_instant(moment).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"


def key(name: str) -> Column[str]:
    """A text that is part of the primary key."""
    return Column(name, Text, primary_key=True)


def text(name: str, *, nullable: bool = False) -> Column[str]:
    """A text."""
    return Column(name, Text, nullable=nullable)


def number(name: str, *, nullable: bool = False) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=nullable)


def flag(name: str) -> Column[bool]:
    """A yes or no."""
    return Column(name, Boolean, nullable=False)


def instant(name: str, *, nullable: bool = False) -> Column[datetime]:
    """An instant."""
    return Column(name, Instant, nullable=nullable)


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


def contact_columns() -> tuple[Any, ...]:
    """What a contact point consists of, wherever it is kept."""
    return (
        text("system"),
        text("value"),
        number("rank"),
        flag("verified"),
        flag("current"),
        one_of("system", ContactSystem),
        CheckConstraint("rank >= 1", name="rank"),
    )
