"""Let an access token carry scopes by name, where it could only read or write."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _resize(sa.String(16), sa.String(512))


def downgrade() -> None:
    # What carries scopes means nothing to the release before; its client asks for another.
    op.execute("DELETE FROM connection_tokens WHERE scope NOT IN ('read', 'write')")
    _resize(sa.String(512), sa.String(16))


def _resize(before: sa.String, after: sa.String) -> None:
    with op.batch_alter_table("connection_tokens", schema=None) as batch_op:
        batch_op.alter_column("scope", existing_type=before, type_=after, existing_nullable=False)
