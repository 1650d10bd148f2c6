"""Add what lists keep: saved views, imports; and the indexes along which they are sorted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
FEW = {
    "blocked": "blocked_at IS NOT NULL",
    "disabled": "active IS {}",
    "deleted": "deleted_at IS NOT NULL",
}


def upgrade() -> None:
    """All of it, beginning with the indexes."""
    _orders()
    _saved_views()
    _imports()


def downgrade() -> None:
    """None of it."""
    op.drop_table("import_rows")
    op.drop_table("imports")
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


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("header", DOCUMENT, nullable=False),
        sa.Column("mapping", DOCUMENT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_count", sa.Integer(), nullable=False),
        sa.Column("updated_count", sa.Integer(), nullable=False),
        sa.Column("unchanged_count", sa.Integer(), nullable=False),
        sa.Column("refused_count", sa.Integer(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["users.org_id", "users.id"],
            name=op.f("fk_imports_org_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_imports_org_id_id")),
    )
    op.create_index("ix_imports_due", "imports", ["state", "due_at"])
    op.create_index("ix_imports_user", "imports", ["org_id", "user_id"])
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "import_id"],
            ["imports.org_id", "imports.id"],
            name=op.f("fk_import_rows_org_id_import_id"),
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_rows")),
    )
