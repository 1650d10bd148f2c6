"""Complete SCIM: one function for each room's tables.

`events` goes: whoever follows what happens reads the audit from its own position (`followers`).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KEY = sa.String(length=256).with_variant(sa.String(length=256, collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _followers()
    _events()
    _journal()
    _targets()
    _client_secrets()
    _brakes()
    _fewer_words()
    _people_in_order()


def downgrade() -> None:
    _no_people_in_order()
    _no_brakes()
    _no_client_secrets()
    _no_targets()
    _no_journal()
    _no_events()
    _no_followers()


# --- followers ----------------------------------------------------------------------------------


def _followers() -> None:
    op.create_table(
        "followers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("connection_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("succeeded_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "connection_id"],
            ["connections.org_id", "connections.id"],
            name=op.f("fk_followers_org_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followers")),
        sa.UniqueConstraint(
            "connection_id", "purpose", name=op.f("uq_followers_connection_id_purpose")
        ),
    )
    op.create_index("ix_followers_due", "followers", ["enabled", "due_at"])
    op.drop_index("ix_events_org", table_name="events")
    op.drop_table("events")


def _no_followers() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("related_id", sa.String(length=36), nullable=False),
        sa.Column("source", sa.String(length=36), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_events_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_org", "events", ["org_id", "id"])
    op.drop_index("ix_followers_due", table_name="followers")
    op.drop_table("followers")


# --- event streams ------------------------------------------------------------------------------


def _events() -> None:
    op.create_table(
        "event_streams",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("connection_id", sa.String(length=36), nullable=False),
        sa.Column("delivery", sa.String(length=8), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("authorization", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("detail", sa.String(length=8), nullable=False),
        sa.Column("groups", DOCUMENT, nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("last_refusal", sa.Text(), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "connection_id"],
            ["connections.org_id", "connections.id"],
            name=op.f("fk_event_streams_org_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_streams")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_event_streams_org_id_id")),
        sa.UniqueConstraint("connection_id", name=op.f("uq_event_streams_connection_id")),
    )
    op.create_table(
        "stream_subjects",
        sa.Column("stream_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "stream_id"],
            ["event_streams.org_id", "event_streams.id"],
            name=op.f("fk_stream_subjects_org_id_stream_id"),
        ),
        sa.PrimaryKeyConstraint("stream_id", "user_id", name=op.f("pk_stream_subjects")),
    )
    op.create_table(
        "event_tokens",
        sa.Column("jti", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("stream_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("claims", sa.Text(), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "stream_id"],
            ["event_streams.org_id", "event_streams.id"],
            name=op.f("fk_event_tokens_org_id_stream_id"),
        ),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_event_tokens")),
    )
    op.create_index("ix_event_tokens_order", "event_tokens", ["stream_id", "position", "ordinal"])
    op.create_index("ix_event_tokens_created", "event_tokens", ["created"])


def _no_events() -> None:
    op.drop_index("ix_event_tokens_created", table_name="event_tokens")
    op.drop_index("ix_event_tokens_order", table_name="event_tokens")
    for table in ("event_tokens", "stream_subjects", "event_streams"):
        op.drop_table(table)


# --- the journal of SCIM requests ---------------------------------------------------------------


def _journal() -> None:
    op.create_table(
        "journal_entries",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("connection_id", sa.String(length=36), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("kept", sa.String(length=8), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("scim_type", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("resource_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("tolerated", sa.Text(), nullable=False),
        sa.Column("first_entry", sa.Integer(), nullable=True),
        sa.Column("last_entry", sa.Integer(), nullable=True),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entries")),
    )
    for name, column in (("time", "at"), ("resource", "resource_id"), ("name", "name_key")):
        columns = ["connection_id", column] + (["id"] if column == "at" else [])
        op.create_index(f"ix_journal_entries_{name}", "journal_entries", columns)


def _no_journal() -> None:
    for name in ("name", "resource", "time"):
        op.drop_index(f"ix_journal_entries_{name}", table_name="journal_entries")
    op.drop_table("journal_entries")


# --- applications that we provision -------------------------------------------------------------


def _targets() -> None:
    op.create_table(
        "targets",
        *_of_connection("targets"),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("abilities", DOCUMENT, nullable=False),
        sa.Column("walk", DOCUMENT, nullable=False),
        sa.Column("brake", DOCUMENT, nullable=False),
        sa.Column("drift", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_targets")),
    )
    remote = sa.String(length=512).with_variant(sa.String(length=512, collation="C"), "postgresql")
    op.create_table(
        "target_links",
        *_of_connection("target_links"),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("remote_id", remote, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.Column("error_code", sa.String(length=32), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "subject_id", name=op.f("pk_target_links")),
    )
    op.create_index("ix_target_links_subject", "target_links", ["subject_id"])
    op.create_index(
        "ix_target_links_remote", "target_links", ["connection_id", "kind", "remote_id"]
    )
    op.create_table(
        "target_members",
        *_of_connection("target_members"),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "group_id", "member_id", name=op.f("pk_target_members")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_target_members_member", "target_members", ["connection_id", "member_id"])


def _of_connection(table: str) -> tuple[sa.Column[str] | sa.ForeignKeyConstraint, ...]:
    return (
        sa.Column("connection_id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "connection_id"],
            ["connections.org_id", "connections.id"],
            name=op.f(f"fk_{table}_org_id_connection_id"),
        ),
    )


def _no_targets() -> None:
    for table in ("target_members", "target_links", "targets"):
        op.drop_table(table)


# --- client secrets -----------------------------------------------------------------------------


def _client_secrets() -> None:
    op.create_table(
        "connection_secrets",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("connection_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=True),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("jwk", DOCUMENT, nullable=True),
        sa.Column("thumbprint", sa.String(length=43), nullable=True),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("warned_days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "connection_id"],
            ["connections.org_id", "connections.id"],
            name=op.f("fk_connection_secrets_org_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_secrets")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_connection_secrets_org_id_id")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_connection_secrets_secret_hash")),
    )
    op.create_index("ix_connection_secrets_connection", "connection_secrets", ["connection_id"])
    with op.batch_alter_table("connection_tokens") as table:
        # Every token that is there was made by an administrator.
        table.add_column(
            sa.Column("kind", sa.String(length=8), nullable=False, server_default="bearer")
        )
        table.add_column(sa.Column("secret_id", sa.String(length=36), nullable=True))
        table.add_column(sa.Column("warned_days", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_connection_tokens_org_id_secret_id"),
            "connection_secrets",
            ["org_id", "secret_id"],
            ["org_id", "id"],
        )


def _no_client_secrets() -> None:
    # What was given for a secret goes with it: as bearer tokens they would never have been made.
    op.execute("DELETE FROM connection_tokens WHERE kind = 'access'")
    with op.batch_alter_table("connection_tokens") as table:
        table.drop_constraint(op.f("fk_connection_tokens_org_id_secret_id"), type_="foreignkey")
        table.drop_column("warned_days")
        table.drop_column("secret_id")
        table.drop_column("kind")
    op.drop_index("ix_connection_secrets_connection", table_name="connection_secrets")
    op.drop_table("connection_secrets")


# --- the brake, and people who wait to be linked -------------------------------------------------


def _brakes() -> None:
    op.add_column("connections", sa.Column("quarantined_at", MOMENT, nullable=True))
    op.create_table(
        "brakes",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("began", MOMENT, nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("allowance", sa.Integer(), nullable=False),
        *_of_connection("brakes"),
        sa.PrimaryKeyConstraint("connection_id", "kind", "group_id", name=op.f("pk_brakes")),
    )
    op.create_index("ix_brakes_began", "brakes", ["began"])
    op.create_table(
        "quarantines",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Integer(), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(length=256), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        *_of_connection("quarantines"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantines")),
    )
    op.create_index("ix_quarantines_connection", "quarantines", ["connection_id", "since"])
    _adoptions()


def _adoptions() -> None:
    def key_text(length: int) -> sa.String:
        return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")

    op.create_table(
        "adoptions",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("user_name_key", key_text(256), nullable=False),
        sa.Column("external_id", key_text(512), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        *_of_connection("adoptions"),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["users.org_id", "users.id"],
            name=op.f("fk_adoptions_org_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "user_id", name=op.f("pk_adoptions")),
    )
    op.create_index("ix_adoptions_user", "adoptions", ["user_id"])


def _no_brakes() -> None:
    op.drop_index("ix_adoptions_user", table_name="adoptions")
    op.drop_table("adoptions")
    op.drop_index("ix_quarantines_connection", table_name="quarantines")
    op.drop_table("quarantines")
    op.drop_index("ix_brakes_began", table_name="brakes")
    op.drop_table("brakes")
    op.drop_column("connections", "quarantined_at")


# --- search words ---------------------------------------------------------------------------------


def _fewer_words() -> None:
    """A word that begins another of the same person finds nothing that the other does not.

    There is no way back for them, and none is needed: what is left finds the same people.
    """
    op.execute(
        "DELETE FROM user_words WHERE EXISTS (SELECT 1 FROM user_words AS longer"
        " WHERE longer.user_id = user_words.user_id AND longer.word <> user_words.word"
        " AND substr(longer.word, 1, length(user_words.word)) = user_words.word)"
    )


# --- reads ----------------------------------------------------------------------------------------


def _people_in_order() -> None:
    """Pages of people are walked in an index that tells who is deleted, or by name and id."""
    op.create_index("ix_users_present", "users", ["org_id", "id", "deleted_at"])
    op.drop_index("ix_users_display_name", table_name="users")
    op.create_index("ix_users_display_name", "users", ["org_id", "display_name_key", "id"])


def _no_people_in_order() -> None:
    op.drop_index("ix_users_display_name", table_name="users")
    op.create_index("ix_users_display_name", "users", ["org_id", "display_name_key"])
    op.drop_index("ix_users_present", table_name="users")
