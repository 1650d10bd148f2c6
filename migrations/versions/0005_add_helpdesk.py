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


def downgrade() -> None:
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
