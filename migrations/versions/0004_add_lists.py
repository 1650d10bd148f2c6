"""Add what lists keep: saved views; and the indexes along which they are sorted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
FEW = {
    "blocked": "blocked_at IS NOT NULL",
    "disabled": "active IS {}",
    "deleted": "deleted_at IS NOT NULL",
}


def upgrade() -> None:
    """Both, beginning with the indexes."""
    _orders()
    _saved_views()


def downgrade() -> None:
    """Neither."""
    op.drop_table("saved_views")
    op.drop_index("ix_groups_source", table_name="groups")
    for name in (*FEW, "last_sign_in", "source"):
        op.drop_index(f"ix_users_{name}", table_name="users")


def _orders() -> None:
    by_name = ["org_id", "sort_key", "id"]
    op.create_index("ix_users_source", "users", ["org_id", "source", "sort_key", "id"])
    op.create_index("ix_users_last_sign_in", "users", ["org_id", "last_sign_in", "id"])
    for name, few in FEW.items():
        op.create_index(
            f"ix_users_{name}",
            "users",
            by_name,
            sqlite_where=sa.text(few.format("0")),
            postgresql_where=sa.text(few.format("false")),
        )
    op.create_index("ix_groups_source", "groups", ["org_id", "source", "display_name_key", "id"])


def _saved_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("list", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("last_modified", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["users.org_id", "users.id"],
            name=op.f("fk_saved_views_org_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index("ix_saved_views_user", "saved_views", ["org_id", "user_id", "list"])
    op.create_index("ix_saved_views_shared", "saved_views", ["org_id", "list", "shared"])
