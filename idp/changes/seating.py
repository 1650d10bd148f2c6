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
from idp.licensing.seats import EVERYONE, GROUP, PERSON, Grant, Holding, SeatProblem

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
    _GRANTS.org_id == _HERE, _GRANTS.kind == PERSON, among(_GRANTS.user_id, "people")
)
_OF_MANY = select(Grant.__table__).where(_GRANTS.org_id == _HERE, _GRANTS.kind != PERSON)
_MEMBERS = select(_BELONGS.user_id, _BELONGS.group_id).where(
    among(_BELONGS.user_id, "people"),
    _BELONGS.group_id.in_(
        select(_GRANTS.group_id).where(_GRANTS.org_id == _HERE, _GRANTS.kind == GROUP)
    ),
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
    for grant in _grants_of_people(batch, old):
        if grant["user_id"] in sitters:
            _want(sitters[grant["user_id"]], grant)
    shared = _shared(batch)
    groups = {g["group_id"]: [] for g in shared if g["kind"] == GROUP}  # type: dict[str, list[Row]]
    for grant in shared:
        if grant["kind"] == GROUP:
            groups[grant["group_id"]].append(grant)
    for group, user in _memberships(batch, groups, old):
        for grant in groups[group]:
            if user in sitters:
                _want(sitters[user], grant)
    for grant in shared:
        if grant["kind"] == EVERYONE:
            for sitter in sitters.values():
                _want(sitter, grant)


def _want(sitter: Sitter, grant: Row) -> None:
    if sitter.may_hold:
        off = frozenset(grant["plans_off"])
        sitter.wanted[grant["sku_id"]] = sitter.wanted.get(grant["sku_id"], off) & off


def _grants_of_people(batch: Batch, old: set[str]) -> list[Row]:
    """Grants to single people; who goes for good loses them."""
    stored = batch.ask(_OF_PEOPLE, people=old) if old else []
    for row in stored:
        who = batch.users.get(row["user_id"])
        if who is not None and who.gone:
            batch.grants[row["id"]] = Held(row, None)
    return _as_they_will_be(batch, stored, {PERSON})


def _shared(batch: Batch) -> list[Row]:
    return _as_they_will_be(batch, batch.ask(_OF_MANY), {GROUP, EVERYONE})


def _as_they_will_be(batch: Batch, stored: list[Row], kinds: set[str]) -> list[Row]:
    rows = {row["id"]: row for row in stored}
    for key, held in batch.grants.items():
        rows.pop(key, None)
        if held.row is not None and held.row["kind"] in kinds:
            rows[key] = held.row
    return list(rows.values())


def _memberships(batch: Batch, groups: dict[str, list[Row]], old: set[str]) -> set[tuple[str, str]]:
    """(group, person) in effect, of groups to which something is granted."""
    if not groups:
        return set()
    stored = batch.ask(_MEMBERS, people=old) if old else []
    found = {(row["group_id"], row["user_id"]) for row in stored}
    found |= _of_new_grants(batch, groups, found, old)
    found = (found - batch.left) | batch.joined
    return {edge for edge in found if edge[0] in groups}


_MEMBERS_NOW = select(_BELONGS.user_id, _BELONGS.group_id).where(
    among(_BELONGS.user_id, "people"), among(_BELONGS.group_id, "groups")
)


def _of_new_grants(
    batch: Batch, groups: dict[str, list[Row]], found: set[tuple[str, str]], old: set[str]
) -> set[tuple[str, str]]:
    """Memberships of groups that are granted something only by this batch."""
    fresh = {
        held.row["group_id"]
        for held in batch.grants.values()
        if held.before is None and held.row is not None and held.row["kind"] == GROUP
    }
    if not fresh or not old:
        return set()
    rows = batch.ask(_MEMBERS_NOW, people=old, groups=fresh & groups.keys())
    return {(row["group_id"], row["user_id"]) for row in rows} - found
