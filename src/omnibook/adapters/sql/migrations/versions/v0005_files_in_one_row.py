# ruff: noqa: S608
"""A patient's file in one row, found by keys beside it.

Names, contacts and health numbers become documents of their file, and what is looked for gets rows
of its own: health numbers, and contacts together with the birth date. What is kept already is
moved. Facts that were not kept before get a document too, in which nothing is known yet. A
migration is history: it is never edited once a version with it was released.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_DOCUMENTS = ("names", "contacts", "health_numbers")
_SIDE_TABLES = ("patient_names", "patient_contacts", "patient_health_numbers")
_KEPT = (
    "clinic_id, patient_id, birth_date, gender, active, deceased, merged_into, language, "
    "file_number, file_number_known, family_doctor, family_doctor_known, registered_sex, "
    "registered_sex_known"
)


def upgrade() -> None:
    """Make the documents and the keys, and drop the tables that they come from."""
    lite = op.get_bind().dialect.name == "sqlite"
    op.drop_index(op.f("patients_clinic_id_merged_into_ix"), "patients")
    if lite:
        _documents_on_sqlite()
    else:
        _documents_on_postgresql()
    _keys()
    for table in _SIDE_TABLES:
        op.drop_table(table)
    if lite:
        # Only now: the side tables point at it.
        op.drop_table("patients_0004")
    op.create_index(
        "patients_merged_ix",
        "patients",
        ["clinic_id", "merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    if lite:
        _tell_the_planner_of_sqlite()


# Documents ---------------------------------------------------------------------------------------


def _documents_on_postgresql() -> None:
    for name in _DOCUMENTS:
        op.add_column("patients", sa.Column(name, sa.Text(), nullable=True))
    objects = {
        "names": "json_build_object('given', each.given, 'family', each.family)",
        "contacts": (
            "json_strip_nulls(json_build_object('system', each.system, 'value', each.value, "
            "'rank', each.rank, 'verified', each.verified, 'current', each.current, "
            "'order_id', each.order_id))"
        ),
        "health_numbers": (
            "json_build_object('issuer', each.issuer, 'value', each.value, 'version', each.version)"
        ),
    }
    for name, each in objects.items():
        op.execute(
            f"""
            UPDATE patients SET {name} = coalesce(
                (
                    SELECT json_agg({each} ORDER BY each.position)::text
                    FROM patient_{name} AS each
                    WHERE each.clinic_id = patients.clinic_id
                    AND each.patient_id = patients.patient_id
                ),
                '[]'
            )
            """
        )
        op.alter_column("patients", name, nullable=False)
    facts = sa.Column("facts", sa.Text(), nullable=False, server_default="{}")
    op.add_column("patients", facts)
    op.alter_column("patients", "facts", server_default=None)


def _documents_on_sqlite() -> None:
    # SQLite adds no column that is neither empty nor has a default: the table is made anew.
    op.rename_table("patients", "patients_0004")
    op.create_table(
        "patients",
        sa.Column("clinic_id", _TEXT, nullable=False),
        sa.Column("patient_id", _TEXT, nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("gender", _TEXT, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("deceased", sa.Boolean(), nullable=False),
        sa.Column("merged_into", _TEXT, nullable=True),
        sa.Column("language", _TEXT, nullable=True),
        sa.Column("file_number", _TEXT, nullable=True),
        sa.Column("file_number_known", sa.Boolean(), nullable=False),
        sa.Column("family_doctor", _TEXT, nullable=True),
        sa.Column("family_doctor_known", sa.Boolean(), nullable=False),
        sa.Column("registered_sex", _TEXT, nullable=True),
        sa.Column("registered_sex_known", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*_DOCUMENTS, "facts")),
        sa.CheckConstraint(
            "gender IN ('male', 'female', 'other', 'unknown')", name=op.f("patients_gender_ck")
        ),
        sa.CheckConstraint(
            "registered_sex IN ('female', 'male')", name=op.f("patients_registered_sex_ck")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "patient_id", name=op.f("patients_pk")),
    )
    # SQLite has no Boolean of its own, and JSON has.
    flags = "".join(
        f", '{name}', json(CASE WHEN each.{name} THEN 'true' ELSE 'false' END)"
        for name in ("verified", "current")
    )
    contact = f"'system', each.system, 'value', each.value, 'rank', each.rank{flags}"
    objects = {
        "names": "json_object('given', each.given, 'family', each.family)",
        "contacts": (
            f"CASE WHEN each.order_id IS NULL THEN json_object({contact}) "
            f"ELSE json_object({contact}, 'order_id', each.order_id) END"
        ),
        "health_numbers": (
            "json_object('issuer', each.issuer, 'value', each.value, 'version', each.version)"
        ),
    }
    documents = ", ".join(
        f"""
        (
            SELECT json_group_array(json(one)) FROM (
                SELECT {each} AS one FROM patient_{name} AS each
                WHERE each.clinic_id = file.clinic_id AND each.patient_id = file.patient_id
                ORDER BY each.position
            )
        )
        """
        for name, each in objects.items()
    )
    op.execute(
        f"INSERT INTO patients ({_KEPT}, {', '.join(_DOCUMENTS)}, facts) "
        f"SELECT {_KEPT}, {documents}, '{{}}' FROM patients_0004 AS file"
    )


# Keys --------------------------------------------------------------------------------------------


def _keys() -> None:
    _key_table(
        "patient_number_keys",
        sa.Column("issuer", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
    )
    _key_table(
        "patient_contact_keys",
        sa.Column("match_key", _TEXT, nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
    )
    # The order is that of the keys, so that they are written one after the other.
    op.execute(
        """
        INSERT INTO patient_number_keys (clinic_id, issuer, value, patient_id)
        SELECT DISTINCT clinic_id, issuer, value, patient_id FROM patient_health_numbers
        ORDER BY clinic_id, issuer, value, patient_id
        """
    )
    op.execute(
        """
        INSERT INTO patient_contact_keys (clinic_id, match_key, birth_date, patient_id)
        SELECT DISTINCT patients.clinic_id, match_key, birth_date, patients.patient_id
        FROM patients JOIN patient_contacts ON patient_contacts.clinic_id = patients.clinic_id
        AND patient_contacts.patient_id = patients.patient_id
        WHERE birth_date IS NOT NULL
        ORDER BY patients.clinic_id, match_key, birth_date, patients.patient_id
        """
    )
    for table in ("patient_number_keys", "patient_contact_keys"):
        op.create_index(
            op.f(f"{table}_clinic_id_patient_id_ix"),
            table,
            ["clinic_id", "patient_id"],
            unique=False,
        )


def _key_table(name: str, *keys: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("clinic_id", _TEXT, nullable=False),
        *keys,
        sa.Column("patient_id", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.patient_id"],
            name=op.f(f"{name}_patients_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", *(each.name for each in keys), "patient_id", name=op.f(f"{name}_pk")
        ),
        sqlite_with_rowid=False,
    )


def _tell_the_planner_of_sqlite() -> None:
    """As 0002 does: say in SQLite's statistics that a clinic has many rows of these."""
    connection = op.get_bind()
    connection.exec_driver_sql(
        "DELETE FROM sqlite_stat1 WHERE tbl IN ('patients', 'patients_0004')"
    )
    for table, index, stat in (
        # All rows, then for each column more of the index: how many rows share these values.
        ("patients", "sqlite_autoindex_patients_1", "1000000 1000000 1"),
        ("patients", "patients_merged_ix", "1000 1000 2"),
        ("patient_number_keys", "patient_number_keys", "1000000 1000000 1000000 2 1"),
        (
            "patient_number_keys",
            "patient_number_keys_clinic_id_patient_id_ix",
            "1000000 1000000 2",
        ),
        ("patient_contact_keys", "patient_contact_keys", "1000000 1000000 10 2 1"),
        (
            "patient_contact_keys",
            "patient_contact_keys_clinic_id_patient_id_ix",
            "1000000 1000000 10",
        ),
    ):
        connection.execute(
            sa.text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:tbl, :idx, :stat)"),
            {"tbl": table, "idx": index, "stat": stat},
        )
    connection.exec_driver_sql("ANALYZE sqlite_schema")
