"""Identities say at which booth's device they were presented, and of which insertion a card's record is.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (("booth_id", sa.Text()), ("device", sa.Text()), ("insertion", sa.BigInteger())):
        op.add_column("identities", sa.Column(name, kind, nullable=True))
    # The booth of an older identity is its ticket's; of its device and insertion nothing was written down.
    op.execute(
        "UPDATE identities SET booth_id ="
        " (SELECT tickets.booth_id FROM tickets WHERE tickets.affair_id = identities.affair_id)"
    )
