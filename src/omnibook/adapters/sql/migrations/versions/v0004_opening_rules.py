"""Openings by a rule and on additional dates, and what changes with a schedule's openings.

A migration is history: it is never edited once a version with it was released.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables; openings that stand have the empty version, and no rule."""
    op.add_column("schedule_openings", sa.Column("rule", _TEXT, nullable=True))
    op.create_table(
        "schedule_opening_additions",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint(
            "clinic_id",
            "schedule_id",
            "position",
            "on_date",
            name=op.f("schedule_opening_additions_pk"),
        ),
    )
    op.create_table(
        "opening_versions",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("schedule_id", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "schedule_id", name=op.f("opening_versions_pk")),
        sqlite_with_rowid=False,
    )
