"""Cohorts and the labels given by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables of the cohort room."""
    op.create_table(
        "labels",
        sa.Column("series", sa.Text, sa.ForeignKey("series.key", ondelete="CASCADE"), primary_key=True),
        sa.Column("index", sa.Integer, primary_key=True),
        sa.Column("label", sa.Text, nullable=False),
    )
    op.create_table(
        "cohorts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("recipe", sa.JSON, nullable=False),
        sa.Column("patients_known", sa.Boolean, nullable=False),
        sa.Column("notices", sa.JSON, nullable=False),
    )
    op.create_table(
        "cohort_items",
        sa.Column("cohort", sa.Text, sa.ForeignKey("cohorts.name", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("series", sa.Text, nullable=False),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("split", sa.Text, nullable=False),
        sa.Column("patient", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
    )
