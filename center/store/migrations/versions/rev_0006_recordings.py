"""Recordings and their segments, and what the resident said to being recorded.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nobody was asked before.
    op.add_column("tickets", sa.Column("recording_consent", sa.Text(), server_default="none", nullable=False))
    op.create_table(
        "recordings",
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("affair_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("began_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["affair_id"], ["tickets.affair_id"], name=op.f("fk_recordings_affair_id")),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("affair_id", "n", name=op.f("uq_recordings_affair_id_n")),
    )
    op.create_index(op.f("ix_recordings_ended_at_ms"), "recordings", ["ended_at_ms"], unique=False)
    op.create_table(
        "segments",
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("begins_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.recording_id"], name=op.f("fk_segments_recording_id")),
        sa.PrimaryKeyConstraint("recording_id", "n", name=op.f("pk_segments")),
    )
