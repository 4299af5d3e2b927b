"""What drivers and disks raise, in plain words, and without any value.

A driver's exception may quote the row that it refused, and with it a patient: no word of it is put
into a message, and it is not even kept as the cause where PostgreSQL does so.
"""

import sqlite3
from collections.abc import Mapping
from types import TracebackType

from sqlalchemy.exc import SQLAlchemyError

from omnibook.errors import Contention, StoreError

_SQLITE: Mapping[str, str] = {
    "SQLITE_READONLY": "the database cannot be written; check the permissions of file and folder",
    "SQLITE_FULL": "the disk of the database is full; nothing was written",
    "SQLITE_IOERR": "the database's file cannot be read or written; check its disk",
    "SQLITE_CANTOPEN": "the database's file cannot be opened; check that its folder exists and can "
    "be written",
    "SQLITE_CORRUPT": "the database's file is damaged; restore it from a backup",
    "SQLITE_NOTADB": "the file is no SQLite database; check the URL",
    "SQLITE_CONSTRAINT": "the database refused a row that breaks its constraints",
}
_POSTGRES: Mapping[str, str] = {
    "08": "the connection to the database was lost; whether the call was carried out is not known: "
    "repeat it as it was, and it answers what it answered or would have answered",
    "22": "a value cannot be stored: a text with a NUL character, or a number out of range",
    "23": "the database refused a row that breaks its constraints",
    "25006": "the database only reads: it is a standby, or a disk is full; name the primary, or "
    "several hosts with target_session_attrs=read-write",
    "28": "the database refused the user or the password; check the URL",
    "3D": "there is no such database on the server; create it, or check the URL",
    "3F": "there is no such schema in the database; check search_path",
    "42501": "the database refused, for want of a privilege: its user must own omnibook's tables "
    "(to set them up: be allowed to create tables and the extension btree_gist)",
    "42": "the database has other tables than this omnibook expects; run: omnibook db check",
    "53100": "the disk of the database is full; nothing was written",
    "53300": "the database has no connection left; raise max_connections, or give fewer processes",
    "57": "the database is shutting down or starting; whether the call was carried out is not "
    "known: repeat it as it was in a moment",
}
# The connection is gone, or there is none yet.
_GONE = {"57P01", "57P02", "57P03", "57P05"}
# Others keep rows locked, or the server's statement_timeout was too short for them (57014).
_KEPT_WAITING = {"40001", "40P01", "55P03", "57014"}
_LOST = (
    "the connection to the database was lost; whether the call was carried out is not known: "
    "repeat it as it was, and it answers what it answered or would have answered"
)
_NEVER_MADE = ("connection failed", "connection is bad", "connection timeout", "failed to resolve")
_UNREACHABLE = (
    "the database cannot be connected to; check host, port, user, password and database in the "
    "URL, and whether the server runs"
)


class LostRace(Exception):
    """Somebody else wrote in between; decide again."""


class ConnectionLost(StoreError):
    """The connection was lost, or there was none."""


def sqlstate(problem: BaseException) -> str:
    """PostgreSQL's code for what went wrong, or nothing."""
    return getattr(problem, "sqlstate", None) or ""


def is_psycopg(problem: BaseException) -> bool:
    """Whether it is one of psycopg's exceptions; it is looked at without importing psycopg."""
    return any(each.__module__.partition(".")[0] == "psycopg" for each in type(problem).__mro__)


class storage_failures:  # noqa: N801 - reads as the verb's object: with storage_failures()
    """Turn what the driver and the disk raise into :class:`StoreError`, without any value.

    Raises :class:`Contention` when others kept the database locked for too long.
    """

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if problem is None or isinstance(problem, LostRace | StoreError):
            return
        if isinstance(problem, SQLAlchemyError):
            driver_s = getattr(problem, "orig", None) or problem
            raise explained(driver_s) from shown(driver_s, problem)
        if isinstance(problem, OSError):
            raise StoreError(
                f"the database's files cannot be used: {problem.strerror or type(problem).__name__}"
            ) from problem
        if isinstance(problem, UnicodeError | OverflowError):
            # Not "from": these exceptions hold the value.
            raise StoreError(
                "a value cannot be stored: a text with half a character (a lone surrogate), or a "
                "number beyond 64 bits"
            ) from None
        if isinstance(problem, sqlite3.Error) or is_psycopg(problem):
            raise explained(problem) from shown(problem, problem)


def shown(driver_s: BaseException, problem: BaseException) -> BaseException | None:
    """The exception as a cause, unless PostgreSQL quotes in it a value or a row that it refused."""
    return None if sqlstate(driver_s)[:2] in {"22", "23"} else problem


def explained(problem: BaseException) -> StoreError:
    """The error that says what went wrong, and what to do."""
    name = getattr(problem, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Contention(
            "another program keeps the database locked; try again, or close what has it open"
        )
    for prefix, remedy in _SQLITE.items():
        if name.startswith(prefix):
            return StoreError(f"{remedy} ({name})")
    code = sqlstate(problem)
    if code in _KEPT_WAITING:
        return Contention(f"others keep the database's rows locked; try again ({code})")
    if code == "25P03":  # a transaction that idled for too long
        return ConnectionLost(f"{_LOST} ({code})")
    for prefix in (code, code[:2]):
        if prefix in _POSTGRES:
            kind = ConnectionLost if prefix == "08" or code in _GONE else StoreError
            return kind(f"{_POSTGRES[prefix]} ({code})")
    if is_psycopg(problem) and not code:
        if type(problem).__name__ == "DataError":
            # Found by the driver itself.
            return StoreError(_POSTGRES["22"])
        return ConnectionLost(_UNREACHABLE if str(problem).startswith(_NEVER_MADE) else _LOST)
    return StoreError(f"the database failed ({name or code or type(problem).__name__})")
