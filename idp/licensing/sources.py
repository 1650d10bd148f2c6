"""Where seats come from: the grants behind them, and the groups to which something is granted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Select, func, literal, null, select, union_all

from idp.directory import keyset
from idp.directory.actors import Actor
from idp.directory.groups import EffectiveMembership, Group, Membership
from idp.directory.sets import any_of
from idp.directory.teams import find_group
from idp.directory.views import Page
from idp.extensions import db
from idp.licensing.catalogue import SkuView, catalogue
from idp.licensing.seats import EVERYONE, GROUP, Grant

_BY_NAME = keyset.Sort("name", (keyset.Part(None, (Group.display_name_key, Group.id)),))


@dataclass(frozen=True, slots=True)
class Source:
    """A grant from which a seat comes: `kind` is "user", "group" or "everyone"."""

    grant_id: str
    kind: str
    group_id: str
    name: str  # of the group
    plans_off: frozenset[str]


Seat = tuple[str, str]  # a person, a SKU


def sources_of(
    org_id: str, user_ids: Collection[str], sku_ids: Collection[str] | None = None
) -> dict[Seat, list[Source]]:
    """{(person, SKU): the grants that reach this person}, the oldest first, in one statement."""
    found: dict[Seat, list[Source]] = {}
    people = list(dict.fromkeys(user_ids))
    if not people:
        return found
    for row in db.session.execute(_reaching(org_id, people, sku_ids)):
        off = frozenset(row.plans_off)
        made = Source(row.id, row.kind, row.group_id or "", row.display_name or "", off)
        for one in (row.reached,) if row.reached else people:
            found.setdefault((one, row.sku_id), []).append(made)
    return found


def _reaching(
    org_id: str, people: list[str], sku_ids: Collection[str] | None
) -> CompoundSelect[Any]:
    """Grants with whom each reaches: a person named, a member of the group, or "" for everyone.

    Each is found by whom it concerns, so that it does not matter how many grants there are.
    """
    session = db.session()
    here = [Grant.org_id == org_id]
    if sku_ids is not None:
        here.append(any_of(session, Grant.sku_id, sku_ids))
    columns = Grant.id, Grant.kind, Grant.sku_id, Grant.plans_off, Grant.created
    own = select(
        *columns,
        null().label("group_id"),
        null().label("display_name"),
        Grant.principal.label("reached"),
    ).where(*here, any_of(session, Grant.principal, [*people, ""]))
    shared = (
        select(*columns, Group.id, Group.display_name, EffectiveMembership.user_id)
        .join_from(EffectiveMembership, Grant, Grant.group_id == EffectiveMembership.group_id)
        .join(Group, Group.id == Grant.group_id)
        .where(*here, any_of(session, EffectiveMembership.user_id, people))
    )
    both = union_all(own, shared)
    return both.order_by("created", "id")


@dataclass(frozen=True, slots=True)
class GroupGrant:
    """A SKU that a group's effective members get. `people` is how many these are."""

    sku: SkuView
    group_id: str
    name: str
    plans_off: frozenset[str]
    since: datetime
    people: int


def page_group_grants(
    actor: Actor, sku: SkuView, *, cursor: str | None = None, limit: int = 50
) -> Page[GroupGrant]:
    """The groups that are granted a SKU, by name; for whom a role binds, only groups of its scope.

    Raises Forbidden.
    """
    actor.need("licenses.read")
    found, scope = _granted(actor).where(Grant.sku_id == sku.id), actor.scope_of("licenses.read")
    if scope:
        found = found.where(Group.id.in_(scope))
    rows, following = keyset.page(found, _BY_NAME, cursor, limit)
    return Page([_group_grant(row) for row in rows], following)


def grants_of_group(actor: Actor, group_id: str) -> list[GroupGrant]:
    """What the members of a group get, by it or by a group that it is in, by the product's name.

    Also for who changes members: that gives and takes licences. Raises NotFound, Forbidden.
    """
    if not actor.can("groups.write"):
        actor.need("licenses.read")
    find_group(actor, group_id)
    found = _granted(actor).where(Grant.group_id.in_(_it_and_around(group_id)))
    rows = db.session.execute(found.order_by(Group.display_name_key)).all()
    return sorted(map(_group_grant, rows), key=lambda one: one.sku.name)


def _it_and_around(group_id: str) -> Select[Any]:
    """The ids of a group and of all groups that it is in, through others too."""
    around = select(literal(group_id, Group.id.type).label("id")).cte("around", recursive=True)
    outer = select(Membership.group_id).where(Membership.member_id == around.c.id)
    around = around.union(outer)
    return select(around.c.id)


def _granted(actor: Actor) -> Select[Any]:
    members = (
        select(func.count())
        .where(EffectiveMembership.group_id == Grant.group_id)
        .correlate(Grant)
        .scalar_subquery()
    )
    columns = Grant.sku_id, Grant.group_id, Grant.plans_off, Grant.created, Group.display_name
    return (
        select(*columns, members.label("people"))
        .join_from(Grant, Group, Group.id == Grant.group_id)
        .where(Grant.org_id == actor.org_id, Grant.kind == GROUP)
    )


def _group_grant(row: Any) -> GroupGrant:
    sku, off = catalogue().skus[row.sku_id], frozenset(row.plans_off)
    return GroupGrant(sku, row.group_id, row.display_name, off, row.created, row.people)


@dataclass(frozen=True, slots=True)
class EveryoneGrant:
    """A SKU that everybody in the organization gets."""

    plans_off: frozenset[str]
    since: datetime


def grant_to_everyone(actor: Actor, sku: SkuView) -> EveryoneGrant | None:
    """The grant of a SKU to everyone, if there is one. Raises Forbidden."""
    actor.need("licenses.read")
    here = select(Grant.plans_off, Grant.created).where(
        Grant.org_id == actor.org_id, Grant.sku_id == sku.id, Grant.kind == EVERYONE
    )
    row = db.session.execute(here).first()
    return EveryoneGrant(frozenset(row.plans_off), row.created) if row else None
