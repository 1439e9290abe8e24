"""The library: studies, series, instances, quarantine."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table("meta", sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))
    op.create_table(
        "studies",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("patient", sa.Text, nullable=False),
        sa.Column("patient_known", sa.Boolean, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
    )
    op.create_table(
        "series",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("study", sa.Text, sa.ForeignKey("studies.key", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("modality", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("spacing_mm", sa.JSON, nullable=False),
        sa.Column("orientation", sa.JSON, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("bits", sa.Integer, nullable=False),
        sa.Column("warnings", sa.JSON, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
    )
    op.create_index("ix_series_study", "series", ["study"])
    _instances()
    op.create_table(
        "quarantine",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _instances() -> None:
    op.create_table(
        "instances",
        sa.Column("series", sa.Text, sa.ForeignKey("series.key", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("position_mm", sa.Float),
        sa.Column("sop_instance_uid", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("columns", sa.Integer, nullable=False),
    )
    op.create_index("ix_instances_sha256", "instances", ["sha256"])
    op.create_index("ix_instances_sop_instance_uid", "instances", ["sop_instance_uid"])
