"""Every statement of a store, in SQLAlchemy's words; each is compiled once for an engine.

No statement holds a value of a person: values are bound when it runs, and none appears in a log.

What is bound: ``clinic`` always; ``since``, an instant that is not after ``now`` (where nothing is
given for it, the server's own); ``ids``, a list of texts, which may be empty; and the names given
here.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Delete,
    Insert,
    Integer,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import CompoundSelect

from omnibook.adapters.sql import tables as t
from omnibook.adapters.sql.columns import Instant, Names
from omnibook.records import HoldState


class _Each(FunctionElement[Any]):
    """A list of texts as a table of one column."""

    inherit_cache = True
    name = "each"


@compiles(_Each, "sqlite")
def _each_of_json(element: _Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Each, "postgresql")
def _each_of_array(element: _Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"unnest({compiler.process(element.clauses, **options)})"


class _Among(FunctionElement[Any]):
    """Whether a text is in a list of texts.

    It has no type: of a Boolean one SQLAlchemy makes ``… = 1`` for SQLite, and no index is used.
    """

    inherit_cache = True
    name = "among"


@compiles(_Among, "sqlite")
def _among_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    of, names = (compiler.process(each, **options) for each in element.clauses)
    return f"{of} IN (SELECT value FROM json_each({names}))"  # noqa: S608 - names of columns


@compiles(_Among, "postgresql")
def _among_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    of, names = (compiler.process(each, **options) for each in element.clauses)
    return f"{of} = ANY ({names})"


class _Is(FunctionElement[Any]):
    """Whether a yes or no is the one that is asked for, in the words of partial indexes.

    SQLite uses such an index only for a condition that is written like the index's own.
    """

    inherit_cache = True
    name = "is"


@compiles(_Is, "sqlite")
def _is_number(element: _Is, compiler: SQLCompiler, **options: Any) -> str:
    of, wanted = (compiler.process(each, **options) for each in element.clauses)
    return f"{of} = {wanted}"


@compiles(_Is, "postgresql")
def _is_truth(element: _Is, compiler: SQLCompiler, **options: Any) -> str:
    of, wanted = (compiler.process(each, **options) for each in element.clauses)
    return of if wanted == "1" else f"NOT {of}"


class _Since(ColumnElement[Any]):
    """The bound ``since``, or the server's clock at the begin of the transaction."""

    inherit_cache = True
    type = Instant()


@compiles(_Since, "sqlite")
def _since_bound(element: _Since, compiler: SQLCompiler, **options: Any) -> str:
    del element
    return str(compiler.process(_BOUND_SINCE, **options))


@compiles(_Since, "postgresql")
def _since_or_now(element: _Since, compiler: SQLCompiler, **options: Any) -> str:
    del element
    return f"coalesce({compiler.process(_BOUND_SINCE, **options)}, now())"


_BOUND_SINCE = bindparam("since", type_=Instant)
_SINCE = _Since()


def _each(name: str) -> Any:
    # The alias is the column's name: so PostgreSQL calls the one column of such a table.
    return _Each(bindparam(name, type_=Names)).table_valued(column("value", Text), name="value")


def _among(of: Column[str], name: str = "ids") -> ColumnElement[bool]:
    return _Among(of, bindparam(name, type_=Names))


def _literally(word: str) -> ColumnElement[str]:
    """A word of a closed vocabulary, written into the statement."""
    return literal_column(f"'{word}'", Text)


def _is(of: Column[bool], *, yes: bool) -> ColumnElement[bool]:
    return _Is(of, literal_column("1" if yes else "0", Integer))


def _clinic(rows: Table) -> Select[Any]:
    return select(rows).where(rows.c.clinic_id == bindparam("clinic"))


def _listed(of: Column[str]) -> Select[Any]:
    return _clinic(of.table).where(_among(of))


def _one(of: Column[str]) -> Select[Any]:
    return _clinic(of.table).where(of == bindparam("id"))


def _overlapping(rows: Table) -> tuple[ColumnElement[bool], ...]:
    """Rows of the ``schedules`` that overlap from ``starts`` to ``ends``."""
    return (
        rows.c.clinic_id == bindparam("clinic"),
        _among(rows.c.schedule_id, "schedules"),
        rows.c.ends_at > bindparam("starts", type_=Instant),
        rows.c.starts_at < bindparam("ends", type_=Instant),
    )


def _carrying(rows: Table, keys: Table, identifier: str) -> Select[Any]:
    """Rows that carry one of the ``keys``; once for each that they carry."""
    return (
        select(rows)
        .join(
            keys,
            and_(keys.c.clinic_id == rows.c.clinic_id, keys.c[identifier] == rows.c[identifier]),
        )
        .where(keys.c.clinic_id == bindparam("clinic"))
        .where(_among(keys.c.key, "keys"))
    )


def _joined(parts: Iterable[tuple[str, Select[Any]]]) -> Select[Any] | CompoundSelect[Any]:
    """The rows of all parts in one answer; each row says by ``part`` of which it is."""
    told = [part.add_columns(_literally(name).label("part")) for name, part in parts]
    return told[0] if len(told) == 1 else union_all(*told)


# For the statements that stand elsewhere.
among, joined, listed, literally, of_clinic, one, overlapping, truth = (
    _among,
    _joined,
    _listed,
    _literally,
    _clinic,
    _one,
    _overlapping,
    _is,
)
SINCE = _SINCE


# Time --------------------------------------------------------------------------------------------

LAST_WRITE = select(t.clocks.c.last_at).where(t.clocks.c.clinic_id == bindparam("clinic"))
"""On SQLite: the instant of the clinic's last write."""

SERVER_TIME = select(func.clock_timestamp(type_=Instant).label("now"))
"""On PostgreSQL: the instant at which it is read, and not, as ``now()``, the transaction's begin.
"""

# What a scope loads ------------------------------------------------------------------------------

_before = t.claims.alias("before")
CLAIMS = (
    _clinic(t.claims)
    .where(t.claims.c.schedule_id == bindparam("schedule"))
    .where(t.claims.c.starts_at < bindparam("ends", type_=Instant))
    .where(t.claims.c.ends_at > bindparam("starts", type_=Instant))
    # Claims of one schedule never overlap: of all that start before, only the last can reach in.
    # This bound turns the search into one short stretch of the index.
    .where(
        t.claims.c.starts_at
        >= func.coalesce(
            select(func.max(_before.c.starts_at))
            .where(_before.c.clinic_id == bindparam("clinic"))
            .where(_before.c.schedule_id == bindparam("schedule"))
            .where(_before.c.starts_at <= bindparam("starts", type_=Instant))
            .scalar_subquery(),
            bindparam("starts", type_=Instant),
        )
    )
    .order_by(t.claims.c.starts_at)
)


_HOLDS: dict[str, Select[Any]] = {
    "named": _clinic(t.holds).where(t.holds.c.hold_id == bindparam("hold")),
    "visit": _clinic(t.holds).where(t.holds.c.visit_id == bindparam("visit")),
    "keys": _carrying(t.holds, t.hold_keys, "hold_id")
    .where(t.hold_keys.c.expires_at > _SINCE)
    .where(t.holds.c.state == _literally(HoldState.HELD)),
}


HOLDS_LISTED = _listed(t.holds.c.hold_id)


@cache
def holds(*parts: str) -> Select[Any] | CompoundSelect[Any]:
    """The holds that are named, of a visit, or found by keys."""
    return _joined((part, _HOLDS[part]) for part in parts)


def _about(queue: Table, identifier: str, name: str) -> Select[Any]:
    """The appointment that a notice, an event or an order is about."""
    return _clinic(t.appointments).where(
        t.appointments.c.appointment_id.in_(
            select(queue.c.appointment_id)
            .where(queue.c.clinic_id == bindparam("clinic"))
            .where(queue.c[identifier] == bindparam(name))
        )
    )


_APPOINTMENTS: dict[str, Select[Any]] = {
    "named": _clinic(t.appointments).where(_among(t.appointments.c.appointment_id, "named")),
    "patients": _clinic(t.appointments).where(_among(t.appointments.c.patient_id, "patients")),
    "keys": _carrying(t.appointments, t.appointment_keys, "appointment_id").where(
        t.appointment_keys.c.starts_at > _SINCE
    ),
    "notice": _about(t.notices, "notice_id", "notice"),
    "event": _about(t.events, "event_id", "event"),
    "order": _about(t.contact_orders, "order_id", "order"),
}


@cache
def appointments(*parts: str) -> Select[Any] | CompoundSelect[Any]:
    """The appointments that are named, of patients, found by keys, or what a piece is about."""
    return _joined((part, _APPOINTMENTS[part]) for part in parts)


VISIT = _clinic(t.visits).where(t.visits.c.visit_id == bindparam("visit"))
OPENING = _one(t.desk_openings.c.opening_id).add_columns(t.desk_openings.c.opening_id.label("id"))
CLOSURE = _one(t.desk_closures.c.closure_id).add_columns(t.desk_closures.c.closure_id.label("id"))
NOTICE = _one(t.notices.c.notice_id)
EVENT = _one(t.events.c.event_id)
ORDER = _one(t.contact_orders.c.order_id)

TOMBSTONE = _one(t.audit_events.c.audit_id)


# Writes ------------------------------------------------------------------------------------------


def put(rows: Table, dialect: str) -> Insert:
    """Insert a row, or overwrite the one with the same primary key."""
    insertion = insert_into(rows, dialect)
    return insertion.on_conflict_do_update(
        index_elements=[each.name for each in rows.primary_key.columns],
        set_={c.name: insertion.excluded[c.name] for c in rows.columns if not c.primary_key},
    )


def once(rows: Table, dialect: str) -> Insert:
    """Insert a row, unless there is one with the same primary key."""
    return insert_into(rows, dialect).on_conflict_do_nothing(
        index_elements=[each.name for each in rows.primary_key.columns]
    )


def insert_into(rows: Table, dialect: str) -> PostgresInsert:
    """Insert a row."""
    # The two say the same words; SQLAlchemy has no type for what they share.
    return postgresql_insert(rows) if dialect == "postgresql" else sqlite_insert(rows)  # type: ignore[return-value]


def without(rows: Table, identifier: str) -> Delete:
    """Forget what belongs to ``id``."""
    return (
        delete(rows)
        .where(rows.c.clinic_id == bindparam("clinic"))
        .where(rows.c[identifier] == bindparam("id"))
    )


def without_any(of: Column[str]) -> Delete:
    """Forget what belongs to any of ``ids``."""
    rows = of.table
    return delete(rows).where(rows.c.clinic_id == bindparam("clinic")).where(_among(of))


def keys_of(rows: Table, identifier: str, instant: str, dialect: str) -> Insert:
    """Insert a row for each key of ``ids``, unless there is one."""
    each = _each("ids")
    chosen: Any = select(
        bindparam("clinic", type_=Text),
        each.c.value,
        bindparam("at", type_=Instant),
        bindparam("id", type_=Text),
    )
    # SQLite takes an "ON" that follows a table for a join's, unless there is a WHERE.
    return (
        insert_into(rows, dialect)
        .from_select(
            ["clinic_id", "key", instant, identifier],
            chosen.where(each.c.value.is_not(None)),
            include_defaults=False,
        )
        .on_conflict_do_nothing()
    )


def _lock() -> Insert:
    stripes: Any = _each("stripes")
    number: ColumnElement[int] = cast(stripes.c.value, Integer)
    chosen: Any = select(
        bindparam("clinic", type_=Text),
        number.label("stripe"),
        literal_column("1", Integer),
    )
    return (
        postgresql_insert(t.locks)
        .from_select(
            ["clinic_id", "stripe", "version"], chosen.order_by("stripe"), include_defaults=False
        )
        .on_conflict_do_update(
            index_elements=["clinic_id", "stripe"],
            set_={"version": t.locks.c.version + literal_column("1", Integer)},
        )
    )


LOCK = _lock()
"""On PostgreSQL: lock the stripes, in their order, and change them."""


def _make_locks() -> Insert:
    stripes: Any = _each("stripes")
    number: ColumnElement[int] = cast(stripes.c.value, Integer)
    chosen: Any = select(
        bindparam("clinic", type_=Text), number.label("stripe"), literal_column("1", Integer)
    )
    return (
        postgresql_insert(t.locks)
        .from_select(
            ["clinic_id", "stripe", "version"], chosen.order_by("stripe"), include_defaults=False
        )
        .on_conflict_do_nothing()
    )


def _hold_locks() -> Select[Any]:
    stripes: Any = _each("stripes")
    number: ColumnElement[int] = cast(stripes.c.value, Integer)
    return (
        select(t.locks.c.stripe)
        .where(t.locks.c.clinic_id == bindparam("clinic"))
        .where(t.locks.c.stripe.in_(select(number)))
        .order_by(t.locks.c.stripe)
        .with_for_update(of=t.locks)
    )


MAKE_LOCKS = _make_locks()
"""On PostgreSQL: make the stripes that nobody used yet."""

HOLD_LOCKS = _hold_locks()
"""On PostgreSQL: lock the stripes, in their order, and leave them as they are."""


# The schedule source, by SQLAlchemy's own execution ----------------------------------------------


def children(rows: Table, parent: str) -> Select[Any]:
    """The rows of a side table that belong to the parents ``ids``, in their order."""
    return (
        _clinic(rows)
        .where(rows.c[parent].in_(bindparam("ids", expanding=True)))
        .order_by(*rows.primary_key.columns)
    )


CHUNK = 400
"""How many identifiers one statement lists at most."""


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """The identifiers, sorted, in lists that one statement can take."""
    listed = sorted(ids)
    for first in range(0, len(listed), CHUNK):
        yield listed[first : first + CHUNK]
