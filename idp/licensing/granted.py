"""What was granted to a group: the intention, for whom it concerns see `held`."""

from sqlalchemy import select

from idp.directory.actors import Actor
from idp.directory.sets import same
from idp.extensions import db
from idp.licensing.catalogue import SkuView, catalogue
from idp.licensing.seats import GROUP, Grant


def granted_to_group(actor: Actor, group_id: str) -> list[tuple[SkuView, frozenset[str]]]:
    """(SKU, names of plans that are off) of what a group's members are granted, by part number."""
    actor.need("licenses.read")
    here = select(Grant.sku_id, Grant.plans_off).where(
        Grant.org_id == actor.org_id, Grant.kind == GROUP, same(Grant.group_id, group_id)
    )
    skus = catalogue().skus
    found = [(skus[row.sku_id], frozenset(row.plans_off)) for row in db.session.execute(here)]
    return sorted(found, key=lambda one: one[0].part_number)
