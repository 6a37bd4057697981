"""How the media participants of each affair fared.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media_heartbeats",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("affair_id", sa.Text(), nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("reports", "lost_in_permille")),
        sa.Column("lost_out_permille", sa.Integer(), nullable=False),
        sa.Column("round_trip_ms", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("received_kbps", "sent_kbps", "freezes")),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["affair_id"], ["tickets.affair_id"], name="fk_media_heartbeats_affair_id"),
        sa.PrimaryKeyConstraint("id", name="pk_media_heartbeats"),
    )
    op.create_index("ix_media_heartbeats_affair_id_at_ms", "media_heartbeats", ["affair_id", "at_ms"])
    op.create_index("ix_media_heartbeats_at_ms", "media_heartbeats", ["at_ms"])
