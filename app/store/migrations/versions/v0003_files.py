"""Files apart from slices, so that a study can be put together again; the person's own tags; what is set apart.

Every slice of an older project was decoded when it was imported, so its file counts as checked. What its header said
was not kept: ``facts`` is empty and ``size`` -1, which tells the next import that touches the study to look again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Move what was said of files from the slices into a table of its own."""
    _files()
    _instances()
    op.create_table("stale", sa.Column("study", sa.Text, primary_key=True))
    op.create_table(
        "series_tags",
        sa.Column("series", sa.Text, sa.ForeignKey("series.key", ondelete="CASCADE"), primary_key=True),
        sa.Column("tag", sa.Text, primary_key=True),
    )
    for name in ("frame_of_reference", "apart"):
        op.add_column("series", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.create_index("ix_cohort_items_series", "cohort_items", ["series"])


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", sa.Text, nullable=False, unique=True),
        sa.Column("study", sa.Text, nullable=False),
        sa.Column("patient", sa.Text, nullable=False),
        sa.Column("patient_known", sa.Boolean, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("sop_instance_uid", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("modified_ns", sa.Integer, nullable=False),
        sa.Column("facts", sa.LargeBinary),
    )
    op.execute(
        "INSERT INTO files (path, study, patient, patient_known, sha256, sop_instance_uid, size, modified_ns)"
        " SELECT i.path, st.key, st.patient, st.patient_known, max(i.sha256), max(i.sop_instance_uid), -1, 0"
        " FROM instances i JOIN series se ON se.key = i.series JOIN studies st ON st.key = se.study GROUP BY i.path"
    )
    op.create_index("ix_files_study", "files", ["study"])
    op.create_index("ix_files_patient", "files", ["patient"])
    op.create_index("ix_files_unchecked", "files", ["id"], sqlite_where=sa.text("sha256 = ''"))


def _instances() -> None:
    op.rename_table("instances", "instances_0002")
    op.create_table(
        "instances",
        sa.Column("series", sa.Text, sa.ForeignKey("series.key", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("file", sa.Integer, sa.ForeignKey("files.id", ondelete="CASCADE"), nullable=False),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("position_mm", sa.Float),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("columns", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        'INSERT INTO instances SELECT i.series, i.number, f.id, i."index", i.position_mm, i."rows", i."columns"'
        " FROM instances_0002 i JOIN files f ON f.path = i.path ORDER BY i.series, i.number"
    )
    op.drop_table("instances_0002")
    op.create_index("ix_instances_file", "instances", ["file"])
