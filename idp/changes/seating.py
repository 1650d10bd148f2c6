"""What must be known of people to seat them: what is granted, held, missing; in few statements."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, bindparam, select

from idp.changes.batch import Batch, Held, Person, Row
from idp.directory.groups import EffectiveMembership
from idp.directory.orgs import Organization
from idp.directory.sets import among
from idp.directory.users import User
from idp.licensing.catalogue import Catalogue
from idp.licensing.seats import EVERYONE, GROUP, Grant, Holding, SeatProblem

Off = frozenset[str]
_HERE: BindParameter[str] = bindparam("org")
_USERS = User.__table__.c
_GRANTS = Grant.__table__.c
_BELONGS = EffectiveMembership.__table__.c

_PEOPLE: Any = (
    select(
        _USERS.id,
        _USERS.user_name,
        _USERS.active,
        _USERS.blocked_at,
        _USERS.deleted_at,
        _USERS.document,
    )
    .where(among(_USERS.id, "people", (_USERS.org_id, _HERE)))
    .order_by(_USERS.id)
    .with_for_update(key_share=True)  # two batches must not both give them the same seat
)
_OF_PEOPLE = select(Grant.__table__).where(
    among(_GRANTS.principal, "people", (_GRANTS.org_id, _HERE))
)
_OF_THEIR_GROUPS = (
    select(Grant.__table__, _BELONGS.user_id.label("member"))
    .join(EffectiveMembership.__table__, _BELONGS.group_id == _GRANTS.group_id)
    .where(_GRANTS.org_id == _HERE, among(_BELONGS.user_id, "people"))
)
_OF_GROUPS = select(Grant.__table__).where(
    _GRANTS.org_id == _HERE, among(_GRANTS.group_id, "groups")
)
_MEMBERS = select(_BELONGS.user_id, _BELONGS.group_id).where(
    among(_BELONGS.user_id, "people"), among(_BELONGS.group_id, "groups")
)
_HELD = select(Holding.user_id, Holding.sku_id, Holding.plans_off).where(
    among(Holding.user_id, "people")
)
_PROBLEMS = select(SeatProblem.__table__).where(among(SeatProblem.user_id, "people"))
_COUNTRY = select(Organization.settings).where(Organization.id == _HERE)


@dataclass(slots=True)
class Sitter:
    """A person whose seats are looked at."""

    id: str
    name: str
    may_hold: bool
    country: str
    wanted: dict[str, Off] = field(default_factory=dict)  # SKU -> plans off
    held: dict[str, Off] = field(default_factory=dict)
    problems: dict[str, Row] = field(default_factory=dict)


def load(batch: Batch, people: set[str], known: Catalogue) -> dict[str, Sitter]:
    """These people with what is granted to them, as it will be, and what they hold, as it is."""
    old = {one for one in people if not (one in batch.users and batch.users[one].is_new)}
    sitters = _sitters(batch, people, old, known)
    _wanted(batch, sitters, old)
    if old:
        for row in batch.ask(_HELD, people=old):
            if row["user_id"] in sitters:
                sitters[row["user_id"]].held[row["sku_id"]] = frozenset(row["plans_off"])
        for row in batch.ask(_PROBLEMS, people=old):
            if row["user_id"] in sitters:
                sitters[row["user_id"]].problems[row["sku_id"]] = row
    return sitters


def _sitters(batch: Batch, people: set[str], old: set[str], known: Catalogue) -> dict[str, Sitter]:
    bound = any(plan.countries for sku in known.skus.values() for plan in sku.plans)
    home = _home(batch) if bound else ""
    found = {one: _in_hand(batch.users[one], home) for one in people & batch.users.keys()}
    others = old - batch.users.keys()
    if others:
        for row in batch.ask(_PEOPLE, people=others):
            may = row["active"] and row["blocked_at"] is None and row["deleted_at"] is None
            where = country_of(json.loads(row["document"]), home) if bound else ""
            found[row["id"]] = Sitter(row["id"], row["user_name"], bool(may), where)
    return found


def _in_hand(who: Person, home: str) -> Sitter:
    name = str(who.flat.get("userName", ""))
    return Sitter(who.id, name, who.may_sign_in(), country_of(who.flat, home))


def country_of(record: Any, home: str) -> str:
    """Where somebody uses services: in the country of their primary address, else in `home`."""
    addresses = record.get("addresses") or []
    ordered = sorted(addresses, key=lambda one: (not one.get("primary"), one.get("type") != "work"))
    return next((str(a["country"]).upper() for a in ordered if a.get("country")), home)


def _home(batch: Batch) -> str:
    settings = batch.connection.execute(_COUNTRY, {"org": batch.org_id}).scalar() or {}
    return str(settings.get("country") or "").upper()


def _wanted(batch: Batch, sitters: dict[str, Sitter], old: set[str]) -> None:
    """What is granted to each; a plan is on if any grant has it on."""
    for grant in _to_people(batch, old):
        if grant["kind"] == EVERYONE:
            for sitter in sitters.values():
                _want(sitter, grant)
        elif grant["user_id"] in sitters:
            _want(sitters[grant["user_id"]], grant)
    for member, grant in _to_groups(batch, old):
        if member in sitters:
            _want(sitters[member], grant)


def _want(sitter: Sitter, grant: Row) -> None:
    if sitter.may_hold:
        off = frozenset(grant["plans_off"])
        sitter.wanted[grant["sku_id"]] = sitter.wanted.get(grant["sku_id"], off) & off


def _to_people(batch: Batch, old: set[str]) -> list[Row]:
    """Grants to single people and to everyone; who goes for good loses theirs."""
    rows = {row["id"]: row for row in batch.ask(_OF_PEOPLE, people={*old, ""})}
    for row in rows.values():
        who = batch.users.get(row["user_id"] or "")
        if who is not None and who.gone:
            batch.grants[row["id"]] = Held(row, None)
    for key, held in batch.grants.items():
        rows.pop(key, None)
        if held.row is not None and held.row["kind"] != GROUP:
            rows[key] = held.row
    return list(rows.values())


def _to_groups(batch: Batch, old: set[str]) -> list[tuple[str, Row]]:
    """(person, grant) for the groups in which people are in effect, as they will be."""
    stored = batch.ask(_OF_THEIR_GROUPS, people=old) if old else []
    found = [
        (row["member"], row)
        for row in stored
        if row["id"] not in batch.grants and (row["group_id"], row["member"]) not in batch.left
    ]
    if batch.joined:
        grants = batch.ask(_OF_GROUPS, groups={group for group, _ in batch.joined})
        found += _joined(batch, [row for row in grants if row["id"] not in batch.grants])
    return found + _granted_here(batch, old)


def _joined(batch: Batch, grants: list[Row]) -> list[tuple[str, Row]]:
    of_group: dict[str, list[Row]] = {}
    for row in grants:
        of_group.setdefault(row["group_id"], []).append(row)
    return [(user, row) for group, user in batch.joined for row in of_group.get(group, ())]


def _granted_here(batch: Batch, old: set[str]) -> list[tuple[str, Row]]:
    """The same for grants to groups that this batch makes or changes."""
    rows = [h.row for h in batch.grants.values() if h.row is not None and h.row["kind"] == GROUP]
    if not rows:
        return []
    groups = {row["group_id"] for row in rows}
    stored = batch.ask(_MEMBERS, people=old, groups=groups) if old else []
    members = {(row["group_id"], row["user_id"]) for row in stored} - batch.left
    members |= {edge for edge in batch.joined if edge[0] in groups}
    return [(user, row) for row in rows for group, user in members if group == row["group_id"]]
