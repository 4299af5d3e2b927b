"""The schema's version: setting up, checking and upgrading a database.

Migrations are Alembic's and are shipped inside the package. An empty database is set up when it is
first used; one of an older version is refused until :func:`upgrade` was asked for, because an
upgrade is a decision: other programs may still run the older version.

Alembic is imported only where migrations run, since importing it takes longer than booking.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from omnibook.adapters.sql.engine import (
    POSTGRES,
    SQLITE,
    Database,
    commit,
    parse_url,
    set_write_ahead_log,
)
from omnibook.adapters.sql.failures import storage_failures
from omnibook.errors import StoreError

REVISIONS = ("0002", "0003", "0004", "0005", "0006", "0007")
"""Every version of the schema, oldest first; the last is this package's own.

There was a 0001 while the first release was being made; no release has it.
"""

VERSION_TABLE = "omnibook_version"
"""Where Alembic keeps the version: a name of its own, beside whatever else the host migrates."""

_LOCK = 0x6F6D6E69626F6F6B
"""Whoever changes the schema holds this advisory lock: "omnibook" in ASCII."""

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(target: str | Engine) -> None:
    """Bring a database to this package's version of the schema; an empty one is set up.

    Either all steps are taken or none. Other processes wait meanwhile; stop older versions first.

    Args:
        target: a URL such as ``sqlite:////var/lib/clinic/clinic.db`` or
            ``postgresql://clinic@db.example.org/clinic``, or an engine.

    Raises:
        InvalidValue: the URL is none of a SQLite file or of PostgreSQL.
        StoreError: the database is of a newer version, or cannot be written.
    """
    database = Database.open(target)
    try:
        _upgrade(database, only_if_empty=False)
    finally:
        database.close()


def check_version(url: str) -> None:
    """Look whether a database can be read, and is empty or of this package's version.

    Nothing is changed. A SQLite file that is not there yet counts as empty, if its folder is.

    Raises:
        InvalidValue: the URL is none of a SQLite file or of PostgreSQL.
        StoreError: it cannot be read, or is of another version; the message gives the remedy.
    """
    parsed = parse_url(url)
    file = Path(parsed.database or "") if parsed.get_backend_name() == SQLITE else None
    if file is not None and not file.exists() and file.parent.is_dir():
        # Opening would make it.
        return
    database = Database.open(url)
    try:
        with database.reading() as connection, storage_failures():
            empty = _is_empty(connection)
            version = _version(connection)
        if not empty:
            _refuse_other(version)
    finally:
        database.close()


def ensure_schema(database: Database) -> None:
    """Set an empty database up; let one of this version pass; refuse every other.

    Raises :class:`StoreError` with the remedy.
    """
    with database.reading() as connection, storage_failures():
        empty = _is_empty(connection)
        version = _version(connection)
        log = "wal"
        if database.dialect == SQLITE:
            log = connection.exec_driver_sql("PRAGMA journal_mode").scalar() or ""
    if empty:
        _upgrade(database, only_if_empty=True)
        return
    _refuse_other(version)
    if log != "wal":
        with database.alone() as driver, storage_failures():
            set_write_ahead_log(driver)


def _upgrade(database: Database, *, only_if_empty: bool) -> None:
    if database.dialect == SQLITE:
        with database.alone() as driver, storage_failures():
            set_write_ahead_log(driver)
    with database.writing() as connection:
        with storage_failures():
            if database.dialect == POSTGRES:
                # Whoever else sets it up waits here, and then finds it done.
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            empty = _is_empty(connection)
            version = _version(connection)
        if only_if_empty and not empty:
            # Somebody else was faster.
            _refuse_other(version)
            return
        if version is not None and version not in REVISIONS:
            _refuse_other(version)
        with storage_failures():
            _migrate(connection)
        commit(connection)


def _migrate(connection: Connection) -> None:
    # Here and not above: see the module's docstring.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _is_empty(connection: Connection) -> bool:
    return not inspect(connection).get_table_names()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608


def _refuse_other(version: str | None) -> None:
    current = REVISIONS[-1]
    if version == current:
        return
    if version is None:
        raise StoreError(
            "the database has tables, but none of omnibook's; check the URL, or add omnibook's "
            "tables to it with: omnibook db upgrade URL"
        )
    if version < REVISIONS[0]:
        raise StoreError(
            f"the database has version {version} of the schema, of a preview that no release can "
            "upgrade; keep it as it is, and begin with an empty database"
        )
    if version in REVISIONS:
        raise StoreError(
            f"the database has version {version} of the schema and this omnibook needs {current}; "
            "stop what uses it, make a copy, and run: omnibook db upgrade URL"
        )
    raise StoreError(
        f"the database has version {version} of the schema, which is newer than this omnibook's "
        f"{current}; install the omnibook that it was upgraded with, or a later one"
    )
