"""The day that a bag was roasted; what was there before counts as old."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("bags") as bags:
        bags.add_column(sa.Column("roasted", sa.Date, nullable=False, server_default="2020-01-01"))


def downgrade() -> None:
    with op.batch_alter_table("bags") as bags:
        bags.drop_column("roasted")
