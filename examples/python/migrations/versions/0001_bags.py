"""Bags of coffee."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "bags",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("coffee", sa.String(80), nullable=False),
        sa.Column("grams", sa.Integer, nullable=False),
    )
    op.create_index("ix_bags_coffee", "bags", ["coffee"])


def downgrade() -> None:
    op.drop_table("bags")
