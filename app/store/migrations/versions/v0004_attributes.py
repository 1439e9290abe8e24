"""What is known of a cohort's images besides their class."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Images of earlier cohorts have no attributes."""
    op.add_column("cohort_items", sa.Column("attributes", sa.JSON, nullable=False, server_default="{}"))
