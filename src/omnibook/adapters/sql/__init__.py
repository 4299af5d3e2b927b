"""Everything in one SQLite file: store, patient directory and schedule source (extra ``sql``).

Real tables (:data:`metadata`), reached through SQLAlchemy Core, with Alembic's migrations inside
the package. Several processes of one host may share a file. Settings, locks and failures are those
of :mod:`omnibook.adapters.sql.engine`.
"""

from omnibook.adapters.sql.directory import SqlDirectory
from omnibook.adapters.sql.engine import has_wal_reset_bug, open_engine
from omnibook.adapters.sql.schedules import SqlScheduleSource
from omnibook.adapters.sql.schema import REVISIONS, upgrade
from omnibook.adapters.sql.store import SqlStore
from omnibook.adapters.sql.tables import metadata

__all__ = [
    "REVISIONS",
    "SqlDirectory",
    "SqlScheduleSource",
    "SqlStore",
    "has_wal_reset_bug",
    "metadata",
    "open_engine",
    "upgrade",
]
