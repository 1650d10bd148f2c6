"""What was granted, given and taken of a product, read from the audit.

Whoever reads licences reads this part of the audit; audit.read is not needed.
"""

from sqlalchemy import or_, select

from idp.changes.audit import AuditEntry, AuditView, as_view
from idp.directory.actors import Actor
from idp.extensions import db
from idp.licensing.catalogue import SkuView
from idp.licensing.reach import covered

_ABOUT = ("grant.", "license.")


def history_of(
    actor: Actor, sku: SkuView, *, before: int | None = None, limit: int = 50
) -> tuple[list[AuditView], int | None]:
    """Entries about a product, newest first, and the cursor of the next page.

    For whom a role binds, only those about people whom it covers. Raises Forbidden.
    """
    table = AuditEntry.__table__
    actions = or_(*(table.c.action.startswith(one) for one in _ABOUT))
    statement = select(table).where(
        table.c.org_id == actor.org_id,
        table.c.related_id == sku.id,
        actions,
        covered(actor, table.c.target_id),
    )
    if before is not None:
        statement = statement.where(table.c.seq < before)
    newest = statement.order_by(table.c.seq.desc()).limit(limit + 1)
    rows = db.session.execute(newest).mappings().all()
    views = [as_view(dict(row)) for row in rows[:limit]]
    return views, views[-1].seq if len(rows) > limit else None
