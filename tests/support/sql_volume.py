"""A clinic with as many appointments as asked for, and what hangs on them, in a few seconds.

Twenty schedules, a quarter of an hour for each appointment, one after the other; a tenth of them is
to come. Every table of the store and of the directory has rows in proportion.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Date, Integer, Table

from omnibook.adapters.sql import metadata
from omnibook.adapters.sql.columns import Document, Elapsed, Instant
from omnibook.adapters.sql.rows import _person_document, contact_documents
from omnibook.daybits import day_of
from omnibook.testing.samples import CLINIC, NOW, PERSON
from omnibook.times import to_minute
from support.sql_stores import is_sqlite, raw

SIZE = 1_000_000 if os.environ.get("CI") else 100_000
SCHEDULES = 20
_DAY = day_of(to_minute(NOW))
_BASE = NOW.strftime("%Y-%m-%d %H:%M:%S")

_CONTACTS = json.dumps(contact_documents(PERSON.contacts))
_SOMEBODY = json.dumps(_person_document(PERSON))

Words = Mapping[str, str]


def fill(url: str, size: int = SIZE) -> None:
    """Fill a database that has its tables."""
    lite = is_sqlite(url)
    triggers: list[tuple[str, str]] = []
    with raw(url) as connection:
        if lite:
            # The next one who opens it gives it its log again.
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        if lite:
            # They look at every row; what is written here keeps to them.
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
        else:
            connection.execute("SET LOCAL session_replication_role = replica")
            # Its index serves no query, and takes a minute for a million.
            connection.execute("ALTER TABLE claims DROP CONSTRAINT claims_never_overlap")
        for name, (rows, words) in _tables(size, lite=lite).items():
            connection.execute(_insertion(metadata.tables[name], rows, words, lite=lite))
        if lite:
            for _, sql in triggers:
                connection.execute(sql)
        connection.execute("COMMIT")
        if not lite:
            # As the server does by itself. Nobody does so on SQLite, whose tables come with what
            # is to be known of them.
            connection.execute("ANALYZE")


def _tables(size: int, *, lite: bool) -> dict[str, tuple[int, Words]]:
    def at(minutes: str) -> str:
        if lite:
            return (
                f"strftime('%Y-%m-%dT%H:%M:%S.000000Z', '{_BASE}', "
                f"printf('%+d minutes', {minutes}))"
            )
        return f"timestamptz '{_BASE}+00' + ({minutes}) * interval '1 minute'"

    # The n-th appointment's start: twenty at once, a tenth of all is to come.
    past = size * 9 // 10 // SCHEDULES
    starts, ends = (
        at(f"(n / {SCHEDULES} - {past}) * 15"),
        at(f"(n / {SCHEDULES} - {past} + 1) * 15"),
    )
    schedule, claim = f"'schedule-' || (n % {SCHEDULES})", "'a-' || n"
    slot = {
        "schedule_id": schedule,
        "starts_at": starts,
        "ends_at": ends,
        "claimed_from": starts,
        "claimed_until": ends,
    }
    one_in_fifty, files = "n % 50 = 0", size // 20
    some, day = size // 20, 2_000
    return {
        "claims": (
            size,
            {
                "owner_id": claim,
                "schedule_id": schedule,
                "starts_at": starts,
                "ends_at": ends,
                "kind": f"CASE WHEN n > {size} - {some} AND n % 100 = 0 THEN 'hold' ELSE"
                " 'appointment' END",
            },
        ),
        "appointments": (
            size,
            {
                "appointment_id": claim,
                "reference": "'R-' || n",
                "occupied_until": ends,
                **slot,
                "minutes": "CASE WHEN n % 10000 = 7 THEN 2000 ELSE 15 END",
                "status": "'booked'",
                "booked_by_kind": "'visitor'",
                "patient_id": f"CASE WHEN {one_in_fifty} THEN NULL ELSE 'p-' || (n % {files}) END",
                "provisional": f"CASE WHEN {one_in_fifty} THEN '{_SOMEBODY}' END",
            },
        ),
        # Three months of days around today; and many more schedules than the claims are of.
        "booked_days": (
            some,
            {
                "schedule_id": "'schedule-' || (n / 90)",
                "day": f"n % 90 + {_DAY - 45}",
                "minutes": "x'ff00ff'" if lite else r"'\xff00ff'::bytea",
            },
        ),
        "schedule_versions": (
            some // 90,
            {"schedule_id": "'schedule-' || n", "version": "n"},
        ),
        "appointment_keys": (
            size // 50,
            {
                "key": "'c/key-' || (n / 2)",
                "starts_at": starts.replace("n /", "n * 50 /"),
                "appointment_id": "'a-' || (n * 50)",
            },
        ),
        "visits": (
            day,
            {
                "visit_id": "'v-' || n",
                "started_at": at(f"n - {day}"),
                "active_at": at(f"n - {day}"),
                "patient_id": f"'p-' || (n % {files})",
                "gender": "'female'",
                "acting_for": "'self'",
                "contacts": f"'{_CONTACTS}'",
            },
        ),
        "holds": (
            day,
            {
                "hold_id": "'a-' || (n * 10)",
                "visit_id": "'v-' || n",
                **{each: words.replace("n ", "n * 10 ") for each, words in slot.items()},
                "expires_at": at(f"n - {day} + 5"),
                "state": f"CASE WHEN n > {day} - 20 THEN 'held' ELSE 'booked' END",
            },
        ),
        "hold_keys": (
            day,
            {
                "key": "'c/key-' || (n / 2)",
                "expires_at": at(f"n - {day} + 5"),
                "hold_id": "'a-' || (n * 10)",
            },
        ),
        **{
            name: (
                size // 4,
                {
                    identifier: "'q-' || n",
                    "appointment_id": claim,
                    "not_before": at(f"n - {size // 4}"),
                    **words,
                },
            )
            for name, identifier, words in (
                (
                    "notices",
                    "notice_id",
                    {
                        "kind": "'reminder'",
                        "role": "'main-contact'",
                        "state": "CASE WHEN n % 1000 = 0 THEN 'failed' WHEN n % 100 = 0 THEN"
                        " 'queued' ELSE 'sent' END",
                    },
                ),
                (
                    "events",
                    "event_id",
                    {
                        "kind": "'appointment.booked'",
                        "done": "n % 100 <> 0",
                        "failed": "n % 1000 = 0",
                    },
                ),
            )
        },
        "contact_orders": (
            some,
            {
                "order_id": "'q-' || n",
                "appointment_id": claim,
                "patient_id": f"'p-' || (n % {files})",
                "not_before": at(f"n - {some}"),
                "done": "n % 100 <> 0",
                "failed": "n % 1000 = 0",
            },
        ),
        "flags": (
            size // 100,
            {"flag_id": "'f-' || n", "appointment_id": claim, "code": "'notice.unreachable'"},
        ),
        "audit_events": (
            size // 4,
            {
                "audit_id": "'x-' || n",
                "at": at(f"n - {size // 4}"),
                "actor_kind": "'visitor'",
                "subject": "'s-' || (n / 5)",
            },
        ),
        **{
            name: (
                some,
                {identifier: f"{identifier[0]!r} || n", **words},
            )
            for name, identifier, words in (
                ("busy_times", "busy_id", _lone(slot)),
                ("desk_openings", "opening_id", {**_lone(slot), "made_by_kind": "'visitor'"}),
                ("desk_closures", "closure_id", {**_lone(slot), "made_by_kind": "'visitor'"}),
            )
        },
        "patients": (
            files,
            {
                "patient_id": "'p-' || n",
                "gender": "'female'",
                "merged_into": "CASE WHEN n % 50 = 49 THEN 'p-' || (n + 1) END",
                "facts": "'{}'",
            },
        ),
        "patient_contact_keys": (
            files,
            {
                "patient_id": "'p-' || n",
                "match_key": "'email:somebody' || n || '@example.org'",
            },
        ),
        "patient_number_keys": (
            files,
            {"patient_id": "'p-' || n", "issuer": "'CA-QC'", "value": "'NUMBER' || n"},
        ),
        "identify_attempts": (
            some,
            {"attempt_key": "'source/' || n", "latest_at": at(f"n - {some}"), "admitted": "'[]'"},
        ),
        "applied_contact_orders": (files, {"order_id": "'q-' || n"}),
        **{
            name: (files, {"schedule_id": "'schedule-' || (n / 20)", "position": "n % 20"})
            for name in (
                "schedule_openings",
                "schedule_opening_activities",
                "schedule_opening_additions",
                "schedule_opening_exceptions",
            )
        },
        "opening_versions": (files, {"schedule_id": "'schedule-' || n", "version": "'1-' || n"}),
    }


def _lone(slot: Words) -> Words:
    return {name: words for name, words in slot.items() if not name.startswith("claimed")}


def _insertion(table: Table, rows: int, words: Words, *, lite: bool) -> str:
    names = [column.name for column in table.columns]
    chosen = [words.get(column.name, _usual(column, lite=lite)) for column in table.columns]
    unknown = words.keys() - set(names)
    assert not unknown, f"{table.name} has no {unknown}"
    numbers = (
        "WITH RECURSIVE numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers"  # noqa: S608
        f" WHERE n < {rows}) "
        if lite
        else f"WITH numbers (n) AS (SELECT generate_series(1, {rows})) "
    )
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) {numbers}"  # noqa: S608
        f"SELECT {', '.join(chosen)} FROM numbers"
    )


def _usual(column: Column[Any], *, lite: bool) -> str:
    if column.name == "clinic_id":
        return f"'{CLINIC}'"
    if column.nullable:
        return "NULL"
    if isinstance(column.type, Instant):
        return f"'{_BASE.replace(' ', 'T')}.000000Z'" if lite else f"timestamptz '{_BASE}+00'"
    if isinstance(column.type, Date):
        return "'2004-12-19'" if lite else "date '2004-12-19'"
    if isinstance(column.type, Boolean):
        return "true"
    if isinstance(column.type, Elapsed):
        return "900000000"
    if isinstance(column.type, Integer):
        return "1"
    if isinstance(column.type, Document):
        return "'[]'"
    return "'08:00:00.000000'" if column.name in {"starts", "ends"} else "'x'"
