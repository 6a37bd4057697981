"""Pages carry their evidence and what the clerk did with them: order, turn, marks, what replaced them.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("commands", sa.Column("replaces", sa.Text(), nullable=True))
    with op.batch_alter_table("pages") as pages:
        pages.add_column(sa.Column("taken_n", sa.Integer(), nullable=False, server_default="1"))
        pages.add_column(sa.Column("session", sa.Integer(), nullable=False, server_default="0"))
        pages.add_column(sa.Column("previous_sha256", sa.Text(), nullable=True))
        pages.add_column(sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
        pages.add_column(sa.Column("marks_sealed", sa.LargeBinary(), nullable=True))
        pages.add_column(sa.Column("replaced_by", sa.Text(), nullable=True))
    # Until now the order was that of taking. Which session, and after which page, was not written down.
    op.execute("UPDATE pages SET taken_n = n + 1")
    with op.batch_alter_table("pages") as pages:
        for name in ("taken_n", "session", "turn"):
            pages.alter_column(name, server_default=None)
