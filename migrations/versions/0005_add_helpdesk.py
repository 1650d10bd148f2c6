"""Add the help desk: notices, incidents, feedback, support cases, sign-ins."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _notices()
    _helpdesk()
    _logos()
    _incidents()
    _sign_ins()
    op.add_column("chores", sa.Column("ran_at", MOMENT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("chores") as chores:
        chores.drop_column("ran_at")
    op.drop_table("sign_in_days")
    op.drop_table("sign_ins")
    op.drop_table("incident_entries")
    op.drop_table("incidents")
    op.drop_table("logos")
    _no_helpdesk()
    _no_notices()


# --- notices ------------------------------------------------------------------------------------


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("args", DOCUMENT, nullable=False),
        sa.Column("place", DOCUMENT, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("threshold", sa.Integer(), nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_notices_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    still_open = sa.text("resolved_at IS NULL")
    op.create_index(
        "uq_notices_open",
        "notices",
        ["org_id", "kind", "key"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index("ix_notices_org", "notices", ["org_id", "resolved_at", "told_at"])
    op.create_table(
        "notices_seen",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["users.org_id", "users.id"],
            name=op.f("fk_notices_seen_org_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notices_seen")),
    )
    op.create_index("ix_notices_seen_org", "notices_seen", ["org_id"])


def _no_notices() -> None:
    op.drop_table("notices_seen")
    op.drop_table("notices")


# --- feedback and cases -------------------------------------------------------------------------


def _helpdesk() -> None:
    op.create_table(
        "feedback",
        *_from_somebody("feedback"),
        sa.Column("mood", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("page", sa.String(length=256), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
    )
    op.create_index("ix_feedback_org", "feedback", ["org_id", "created"])
    op.create_table(
        "support_cases",
        *_from_somebody("support_cases"),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("diagnostics", sa.Text(), nullable=False),
        sa.Column("sent_to", sa.String(length=320), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
    )
    op.create_index("ix_support_cases_org", "support_cases", ["org_id", "created"])
    op.create_index("ix_support_cases_user", "support_cases", ["user_id", "created"])


def _from_somebody(table: str) -> list[sa.schema.SchemaItem]:
    """An id, the organization and the person, and what holds them."""
    return [
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["users.org_id", "users.id"],
            name=op.f(f"fk_{table}_org_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _no_helpdesk() -> None:
    op.drop_table("support_cases")
    op.drop_table("feedback")


# --- the organization's picture -----------------------------------------------------------------


def _logos() -> None:
    op.create_table(
        "logos",
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("media_type", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_logos_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_logos")),
    )


# --- incidents ----------------------------------------------------------------------------------


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("impact", sa.String(length=16), nullable=False),
        sa.Column("opened", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_incidents_org_id_id")),
    )
    op.create_index("ix_incidents_opened", "incidents", ["org_id", "opened"])
    op.create_table(
        "incident_entries",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "incident_id"],
            ["incidents.org_id", "incidents.id"],
            name=op.f("fk_incident_entries_org_id_incident_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_entries")),
    )
    op.create_index("ix_incident_entries_incident", "incident_entries", ["incident_id", "at"])


# --- sign-ins -----------------------------------------------------------------------------------


def _sign_ins() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("result", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_sign_ins_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
    )
    op.create_index("ix_sign_ins_org", "sign_ins", ["org_id", "id"])
    op.create_index("ix_sign_ins_user", "sign_ins", ["user_id", "id"])
    op.create_index("ix_sign_ins_day", "sign_ins", ["org_id", "day", "result"])
    op.create_index("ix_sign_ins_at", "sign_ins", ["at"])
    op.create_table(
        "sign_in_days",
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("result", sa.String(length=8), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_sign_in_days_org_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "day", "result", name=op.f("pk_sign_in_days")),
    )
