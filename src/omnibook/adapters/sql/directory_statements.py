"""What the patient directory asks and writes, in SQLAlchemy's words.

Each question is one statement, which sees one state of the database by itself: neither a
transaction nor a second round trip is needed. Hardly any file was merged: what is asked first looks
one step far, and tells whether there is more to it. Only then merges are followed to their end
(R9); a circle of them ends, since a UNION takes no file twice.

Whatever is followed is looked up row by row, by a subquery: of a join both engines may think that
it has many rows, and read the whole table first.
"""

from typing import Any

from sqlalchemy import (
    Select,
    Text,
    bindparam,
    column,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from omnibook.adapters.sql import directory_tables as d
from omnibook.adapters.sql import statements as s
from omnibook.adapters.sql.compiled import DIALECTS

_file = d.patients.c
_number = d.patient_number_keys.c
_contact = d.patient_contact_keys.c
_CLINIC = bindparam("clinic", type_=Text)
_ID = bindparam("id", type_=Text)

_files = select(d.patients).where(_file.clinic_id == _CLINIC)
_named = select(_file.patient_id).where(_file.clinic_id == _CLINIC).where(_file.patient_id == _ID)


class _In(FunctionElement[Any]):
    """Whether a text is one of a subquery's. It has no type, for the reason of ``_Among``'s."""

    inherit_cache = True
    name = "in_these"


@compiles(_In, "sqlite")
def _in_query(element: _In, compiler: SQLCompiler, **options: Any) -> str:
    of, words = (compiler.process(each, **options) for each in element.clauses)
    return f"{of} IN {words}"


@compiles(_In, "postgresql")
def _in_array(element: _In, compiler: SQLCompiler, **options: Any) -> str:
    of, words = (compiler.process(each, **options) for each in element.clauses)
    return f"{of} = ANY (ARRAY{words})"


class _EachOf(FunctionElement[Any]):
    """The one column of a subquery as a table, worked out for each row of what stands before it."""

    inherit_cache = True
    name = "each_of"


@compiles(_EachOf, "sqlite")
def _each_of_json(element: _EachOf, compiler: SQLCompiler, **options: Any) -> str:
    words = compiler.process(element.clauses, **options)
    return f"json_each((SELECT json_group_array(one) FROM {words}))"  # noqa: S608 - no value in it


@compiles(_EachOf, "postgresql")
def _each_of_array(element: _EachOf, compiler: SQLCompiler, **options: Any) -> str:
    return f"unnest(ARRAY{compiler.process(element.clauses, **options)})"


# By keys -----------------------------------------------------------------------------------------

_by_number = (
    select(_number.patient_id)
    .where(_number.clinic_id == _CLINIC)
    .where(_number.issuer == bindparam("issuer"))
    .where(_number.value == bindparam("value"))
)
_by_contact = (
    select(_contact.patient_id)
    .where(_contact.clinic_id == _CLINIC)
    .where(s.among(_contact.match_key, "contact_keys"))
    .where(_contact.birth_date == bindparam("birth_date"))
)

CANDIDATES = _files.where(_file.patient_id.in_(union_all(_by_number, _by_contact)))
"""Every file that carries a key; without a number, ``issuer`` and ``value`` are nothing."""


def _with_survivors(first: Any, *more: Any) -> Select[Any]:
    """The files that are found, and all that they lead to."""
    found = first.cte("found", recursive=True)
    following = (
        select(_file.merged_into)
        .where(_file.clinic_id == _CLINIC)
        .where(_file.patient_id == found.c.patient_id)
        .scalar_subquery()
    )
    onwards = select(following).select_from(found).where(found.c.patient_id.is_not(None))
    all_found = select(found.union(*more, onwards).c.patient_id)
    return _files.where(_In(_file.patient_id, all_found.scalar_subquery()))


CANDIDATES_AND_SURVIVORS = _with_survivors(_by_number, _by_contact)
"""The same, with all that merged ones lead to."""


# By identifier -----------------------------------------------------------------------------------

FILE_AND_SURVIVORS = _with_survivors(_named)
"""The file ``id``, and all that it leads to."""

_merged = d.patients.alias("merged")
FILE = (
    _files.add_columns(_merged.c.patient_id.label("replaced"))
    .select_from(
        d.patients.outerjoin(
            _merged,
            (_merged.c.clinic_id == _CLINIC) & (_merged.c.merged_into == _file.patient_id),
        )
    )
    .where(_file.patient_id == _ID)
)
"""The file ``id``, once for each that was merged into it at once (``replaced``)."""


def _leading() -> Select[Any]:
    found = _named.cte("leading", recursive=True)
    back = (
        select(_file.patient_id.label("one"))
        .where(_file.clinic_id == _CLINIC)
        .where(_file.merged_into == found.c.patient_id)
        .correlate(found)
        .scalar_subquery()
    )
    each = _EachOf(back).table_valued(column("value", Text), name="value")
    onwards: Any = select(each.c.value).select_from(found).join(each, true())
    leading = found.union(onwards)
    return _files.add_columns(leading.c.patient_id.label("replaced")).select_from(
        leading.join(d.patients, _file.patient_id == _ID)
    )


FILE_AND_MERGED = _leading()
"""The file ``id``, once for each that leads to it, itself among them."""

APPLIED = (
    select(d.applied_contact_orders.c.order_id)
    .where(d.applied_contact_orders.c.clinic_id == _CLINIC)
    .where(d.applied_contact_orders.c.order_id == bindparam("order"))
)
"""Whether the order was carried out."""

PUT_FILE = {dialect: s.put(d.patients, dialect) for dialect in DIALECTS}
PUT_KEY = {
    dialect: {
        table: s.once(table, dialect) for table in (d.patient_number_keys, d.patient_contact_keys)
    }
    for dialect in DIALECTS
}
PUT_ORDER = {dialect: s.insert_into(d.applied_contact_orders, dialect) for dialect in DIALECTS}
WITHOUT_CONTACT_KEYS = s.without(d.patient_contact_keys, "patient_id")
WITHOUT_KEYS = (s.without(d.patient_number_keys, "patient_id"), WITHOUT_CONTACT_KEYS)
PUT_CONTACTS = (
    update(d.patients)
    .where(_file.clinic_id == _CLINIC)
    .where(_file.patient_id == _ID)
    .values(contacts=bindparam("documents", type_=_file.contacts.type))
)
