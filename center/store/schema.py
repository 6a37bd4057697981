"""The tables. `center/store/migrations` makes them; a test holds the two together.

Columns that end in `sealed` hold personal data, encrypted with `center.store.keys.Seal` and bound to table and id.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

journal = Table(
    "journal",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index(None, "subject", "position"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

booths = Table(
    "booths",
    metadata,
    Column("booth_id", Text, primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("address_zh", Text, nullable=False),
    Column("address_en", Text, nullable=False),
    Column("public_key", LargeBinary),
    Column("devices", Text, nullable=False),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("code_sha256", Text, primary_key=True),
    Column("booth_id", Text, ForeignKey("booths.booth_id"), nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("booth_id", Text, ForeignKey("booths.booth_id"), primary_key=True),
    Column("epoch", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("down_since_ms", BigInteger),
    Column("overflowed", Boolean(create_constraint=False), nullable=False),
    Column("catalogue_sha256", Text, nullable=False),
)

link_out = Table(
    "link_out",
    metadata,
    Column("booth_id", Text, ForeignKey("links.booth_id"), nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("body_sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("booth_id", "n"),
)

clerks = Table(
    "clerks",
    metadata,
    Column("clerk_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("counter", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    UniqueConstraint("name"),
    CheckConstraint("role IN ('clerk', 'supervisor')", name="role"),
)

log_ins = Table(
    "log_ins",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("clerk_id", Text, ForeignKey("clerks.clerk_id"), nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("failure_id", Integer, primary_key=True),
    # Hashed, since people type passwords into the wrong box.
    Column("name_sha256", Text, nullable=False),
    Column("remote", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "at_ms"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("affair_id", Text, primary_key=True),
    Column("ticket_no", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("booth_id", Text, ForeignKey("booths.booth_id"), nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_since_ms", BigInteger, nullable=False),
    Column("requested_at_ms", BigInteger, nullable=False),
    Column("called_at_ms", BigInteger),
    Column("clerk_id", Text, ForeignKey("clerks.clerk_id")),
    Column("clerk", Text),
    Column("visit_open", Boolean(create_constraint=False), nullable=False),
    Column("due_at_ms", BigInteger),
    Column("recording_consent", Text, nullable=False, server_default="none"),
    UniqueConstraint("booth_id", "request_id"),
    UniqueConstraint("place"),
    Index(None, "state", "place"),
    Index(None, "due_at_ms"),
    Index(None, "clerk_id", "state_since_ms"),
    # What no bug of the program may bring about: two visits at one booth, two residents at one counter.
    Index("one_visit_per_booth", "booth_id", unique=True, sqlite_where=Column("visit_open", Boolean) == True),  # noqa: E712
    Index(
        "one_affair_per_clerk",
        "clerk_id",
        unique=True,
        sqlite_where=Column("state", Text).in_(["called", "connecting", "serving"]),
    ),
)

sessions = Table(
    "sessions",
    metadata,
    Column("affair_id", Text, ForeignKey("tickets.affair_id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("answered_at_ms", BigInteger, nullable=False),
    Column("booth_saw_after_ms", BigInteger),
    Column("clerk_saw_after_ms", BigInteger),
    Column("down", Text, nullable=False),
    PrimaryKeyConstraint("affair_id", "n"),
)

cases = Table(
    "cases",
    metadata,
    Column("affair_id", Text, ForeignKey("tickets.affair_id"), primary_key=True),
    Column("item_id", Text, nullable=False),
    Column("item_version", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("case_no", Text),
    Column("revision", Integer, nullable=False),
    Column("outcome", Text),
    Column("grade", Integer),
    Column("content_sealed", LargeBinary, nullable=False),
    UniqueConstraint("case_no"),
)

commands = Table(
    "commands",
    metadata,
    Column("command_id", Text, primary_key=True),
    Column("affair_id", Text, ForeignKey("tickets.affair_id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("issued_at_ms", BigInteger, nullable=False),
    Column("material_id", Text),
    Column("code", Text),
    Column("replaces", Text),
    Column("more", Boolean(create_constraint=False), nullable=False, server_default=false()),
    Index(None, "affair_id", "n"),
)

pages = Table(
    "pages",
    metadata,
    Column("page_id", Text, primary_key=True),
    Column("affair_id", Text, ForeignKey("tickets.affair_id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("has_light", Boolean(create_constraint=False), nullable=False),
    Column("has_frame", Boolean(create_constraint=False), nullable=False, server_default=false()),
    Column("material_id", Text),
    Column("announced", Text, nullable=False),
    Column("taken_n", Integer, nullable=False),
    Column("session", Integer, nullable=False),
    Column("previous_sha256", Text),
    Column("turn", Integer, nullable=False),
    Column("marks_sealed", LargeBinary),
    Column("replaced_by", Text),
    Index(None, "affair_id", "n"),
)

identities = Table(
    "identities",
    metadata,
    Column("affair_id", Text, ForeignKey("tickets.affair_id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("card_sealed", LargeBinary),
    Column("booth_id", Text),
    Column("device", Text),
    Column("insertion", BigInteger),
    PrimaryKeyConstraint("affair_id", "source"),
)

media_heartbeats = Table(
    "media_heartbeats",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("affair_id", Text, ForeignKey("tickets.affair_id"), nullable=False),
    Column("participant", Text, nullable=False),
    Column("reports", Integer, nullable=False),
    Column("lost_in_permille", Integer, nullable=False),
    Column("lost_out_permille", Integer, nullable=False),
    Column("round_trip_ms", Integer),
    Column("received_kbps", Integer, nullable=False),
    Column("sent_kbps", Integer, nullable=False),
    Column("freezes", Integer, nullable=False),
    Column("grade", Text, nullable=False),
    Index(None, "affair_id", "at_ms"),
    Index(None, "at_ms"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("recording_id", Text, primary_key=True),
    Column("affair_id", Text, ForeignKey("tickets.affair_id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("requested_at_ms", BigInteger, nullable=False),
    Column("began_at_ms", BigInteger),
    Column("ended_at_ms", BigInteger),
    Column("fault", Text),
    # What its segments are encrypted with; gone with them when their time is over.
    Column("key_sealed", LargeBinary),
    UniqueConstraint("affair_id", "n"),
    Index(None, "ended_at_ms"),
)

segments = Table(
    "segments",
    metadata,
    Column("recording_id", Text, ForeignKey("recordings.recording_id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("begins_at_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("recording_id", "n"),
)

readings = Table(
    "readings",
    metadata,
    Column("page_id", Text, ForeignKey("pages.page_id", ondelete="CASCADE"), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("failure", Text),
    Column("answers", Text, nullable=False),
    Column("read_sealed", LargeBinary),
    Column("text_sealed", LargeBinary),
)
