"""Everything in one SQL database: store, patient directory, schedule source and attempt limiter.

The extra ``sql``. Real tables (:data:`metadata`), reached through SQLAlchemy Core, with Alembic's
migrations inside the package. SQLite for one host, whose processes may share a file; PostgreSQL
(extra ``postgres``) for several. Where to begin reading: :mod:`omnibook.adapters.sql.turns`.
"""

from omnibook.adapters.sql.directory import AsyncSqlDirectory, SqlDirectory
from omnibook.adapters.sql.engine import has_wal_reset_bug, open_engine
from omnibook.adapters.sql.limiter import AsyncSqlLimiter, SqlLimiter
from omnibook.adapters.sql.schedules import SqlScheduleSource
from omnibook.adapters.sql.schema import REVISIONS, check_version, upgrade
from omnibook.adapters.sql.store import AsyncSqlStore, SqlStore
from omnibook.adapters.sql.tables import metadata

__all__ = [
    "REVISIONS",
    "AsyncSqlDirectory",
    "AsyncSqlLimiter",
    "AsyncSqlStore",
    "SqlDirectory",
    "SqlLimiter",
    "SqlScheduleSource",
    "SqlStore",
    "check_version",
    "has_wal_reset_bug",
    "metadata",
    "open_engine",
    "upgrade",
]
