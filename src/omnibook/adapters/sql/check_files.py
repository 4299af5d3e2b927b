"""Looking patient files over: a part of :mod:`omnibook.adapters.sql.check`."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Table, select

from omnibook.adapters.sql import directory_tables as d
from omnibook.adapters.sql.directory_rows import contact_key_rows, number_rows, patient_of

_File = tuple[str, str]
"""A clinic, and a file's identifier in it."""
_Key = tuple[str, ...]


def files_with_other_keys(connection: Connection) -> Iterator[tuple[str, int, int]]:
    """The clinics, how many files each has, and of how many the keys differ (R5, R6).

    These are not found by what is in them, or are found by something else; a file that cannot be
    read is one of them. Only clinics with such files come. Which ones they are is not told: an
    identifier of a file is personal, and a report is read by whoever looks after the database.
    """
    there: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    for (clinic_id, _), is_there, differs in _files(connection):
        there[clinic_id] += is_there
        differing[clinic_id] += differs
    for clinic_id in sorted(differing):
        if differing[clinic_id]:
            yield clinic_id, there[clinic_id], differing[clinic_id]


def _files(connection: Connection) -> Iterator[tuple[_File, bool, bool]]:
    """Each file, whether it is there, and whether its keys are others."""
    sides = (
        _told(connection, d.patients, 0, _wanted),
        _told(connection, d.patient_number_keys, 1, _number),
        _told(connection, d.patient_contact_keys, 1, _contact),
    )
    for file, rows in groupby(heapq.merge(*sides), key=lambda each: each[0]):
        keys: tuple[set[_Key], set[_Key]] = set(), set()
        is_there = False
        for _, side, some in rows:
            keys[side].update(some)
            is_there = is_there or side == 0
        yield file, is_there, keys[0] != keys[1]


def _told(
    connection: Connection, table: Table, side: int, keys_of: Callable[[Any], tuple[_Key, ...]]
) -> Iterator[tuple[_File, int, tuple[_Key, ...]]]:
    """What each row tells, file by file."""
    rows: Iterable[Any] = connection.execution_options(stream_results=True).execute(
        select(table).order_by(table.c.clinic_id, table.c.patient_id)
    )
    for row in rows:
        yield (row.clinic_id, row.patient_id), side, keys_of(row)


def _wanted(row: Any) -> tuple[_Key, ...]:
    try:
        patient = patient_of(row)
    except (LookupError, TypeError, ValueError, AttributeError):
        # Of a document that was changed by hand; InvalidValue is a ValueError.
        return (("unreadable",),)
    numbers = number_rows(row.clinic_id, patient)
    contacts = contact_key_rows(row.clinic_id, patient, patient.contacts)
    return (
        *(("number", each["issuer"], each["value"]) for each in numbers),
        *(("contact", each["match_key"], str(each["birth_date"])) for each in contacts),
    )


def _number(row: Any) -> tuple[_Key, ...]:
    return (("number", row.issuer, row.value),)


def _contact(row: Any) -> tuple[_Key, ...]:
    return (("contact", row.match_key, str(row.birth_date)),)
