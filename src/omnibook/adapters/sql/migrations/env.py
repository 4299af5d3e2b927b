"""Run by Alembic, on the connection of :func:`omnibook.adapters.sql.schema.upgrade`.

The connection is in a transaction that its owner commits: all steps are taken, or none.
"""

from alembic import context

from omnibook.adapters.sql import metadata
from omnibook.adapters.sql.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite changes a table by copying it.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
