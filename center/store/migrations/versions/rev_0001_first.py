"""The first schema.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Evidence is only ever added to.
_APPEND_ONLY = """
CREATE TRIGGER journal_no_{verb} BEFORE {event} ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END
"""


def upgrade() -> None:
    op.create_table(
        "booths",
        sa.Column("booth_id", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("address_zh", sa.Text(), nullable=False),
        sa.Column("address_en", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("devices", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("booth_id", name=op.f("pk_booths")),
    )
    op.create_table(
        "clerks",
        sa.Column("clerk_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('clerk', 'supervisor')", name=op.f("ck_clerks_role")),
        sa.PrimaryKeyConstraint("clerk_id", name=op.f("pk_clerks")),
        sa.UniqueConstraint("name", name=op.f("uq_clerks_name")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "journal",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_subject_position"), "journal", ["subject", "position"], unique=False)
    op.create_table(
        "login_failures",
        sa.Column("failure_id", sa.Integer(), nullable=False),
        sa.Column("name_sha256", sa.Text(), nullable=False),
        sa.Column("remote", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("failure_id", name=op.f("pk_login_failures")),
    )
    op.create_index(op.f("ix_login_failures_at_ms"), "login_failures", ["at_ms"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("code_sha256", sa.Text(), nullable=False),
        sa.Column("booth_id", sa.Text(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["booth_id"], ["booths.booth_id"], name=op.f("fk_enrolments_booth_id")),
        sa.PrimaryKeyConstraint("code_sha256", name=op.f("pk_enrolments")),
    )
    op.create_table(
        "links",
        sa.Column("booth_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("down_since_ms", sa.BigInteger(), nullable=True),
        sa.Column("overflowed", sa.Boolean(), nullable=False),
        sa.Column("catalogue_sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["booth_id"], ["booths.booth_id"], name=op.f("fk_links_booth_id")),
        sa.PrimaryKeyConstraint("booth_id", name=op.f("pk_links")),
    )
    op.create_table(
        "log_ins",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("clerk_id", sa.Text(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clerk_id"], ["clerks.clerk_id"], name=op.f("fk_log_ins_clerk_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_log_ins")),
    )
    op.create_table(
        "tickets",
        sa.Column("affair_id", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("booth_id", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_since_ms", sa.BigInteger(), nullable=False),
        sa.Column("requested_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("called_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("clerk_id", sa.Text(), nullable=True),
        sa.Column("clerk", sa.Text(), nullable=True),
        sa.Column("visit_open", sa.Boolean(), nullable=False),
        sa.Column("due_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["booth_id"], ["booths.booth_id"], name=op.f("fk_tickets_booth_id")),
        sa.ForeignKeyConstraint(["clerk_id"], ["clerks.clerk_id"], name=op.f("fk_tickets_clerk_id")),
        sa.PrimaryKeyConstraint("affair_id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("booth_id", "request_id", name=op.f("uq_tickets_booth_id_request_id")),
        sa.UniqueConstraint("place", name=op.f("uq_tickets_place")),
    )
    op.create_index(op.f("ix_tickets_clerk_id_state_since_ms"), "tickets", ["clerk_id", "state_since_ms"], unique=False)
    op.create_index(op.f("ix_tickets_due_at_ms"), "tickets", ["due_at_ms"], unique=False)
    op.create_index(op.f("ix_tickets_state_place"), "tickets", ["state", "place"], unique=False)
    op.create_index(
        "one_affair_per_clerk",
        "tickets",
        ["clerk_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('called', 'connecting', 'serving')"),
    )
    op.create_index("one_visit_per_booth", "tickets", ["booth_id"], unique=True, sqlite_where=sa.text("visit_open = 1"))
    op.create_table(
        "cases",
        sa.Column("affair_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("item_version", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["affair_id"], ["tickets.affair_id"], name=op.f("fk_cases_affair_id")),
        sa.PrimaryKeyConstraint("affair_id", name=op.f("pk_cases")),
        sa.UniqueConstraint("case_no", name=op.f("uq_cases_case_no")),
    )
    op.create_table(
        "commands",
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("affair_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issued_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("material_id", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["affair_id"], ["tickets.affair_id"], name=op.f("fk_commands_affair_id")),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_commands")),
    )
    op.create_index(op.f("ix_commands_affair_id_n"), "commands", ["affair_id", "n"], unique=False)
    op.create_table(
        "identities",
        sa.Column("affair_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("card_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["affair_id"], ["tickets.affair_id"], name=op.f("fk_identities_affair_id")),
        sa.PrimaryKeyConstraint("affair_id", "source", name=op.f("pk_identities")),
    )
    op.create_table(
        "link_out",
        sa.Column("booth_id", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["booth_id"], ["links.booth_id"], name=op.f("fk_link_out_booth_id")),
        sa.PrimaryKeyConstraint("booth_id", "n", name=op.f("pk_link_out")),
    )
    op.create_table(
        "pages",
        sa.Column("page_id", sa.Text(), nullable=False),
        sa.Column("affair_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("has_light", sa.Boolean(), nullable=False),
        sa.Column("material_id", sa.Text(), nullable=True),
        sa.Column("announced", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["affair_id"], ["tickets.affair_id"], name=op.f("fk_pages_affair_id")),
        sa.PrimaryKeyConstraint("page_id", name=op.f("pk_pages")),
    )
    op.create_index(op.f("ix_pages_affair_id_n"), "pages", ["affair_id", "n"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("affair_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answered_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("booth_saw_after_ms", sa.BigInteger(), nullable=True),
        sa.Column("clerk_saw_after_ms", sa.BigInteger(), nullable=True),
        sa.Column("down", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["affair_id"], ["tickets.affair_id"], name=op.f("fk_sessions_affair_id")),
        sa.PrimaryKeyConstraint("affair_id", "n", name=op.f("pk_sessions")),
    )

    op.execute(_APPEND_ONLY.format(verb="update", event="UPDATE"))
    op.execute(_APPEND_ONLY.format(verb="delete", event="DELETE"))
