"""What must hold after every batch, by any door. Names are truths; the order is fixed.

A rule gives the sentence; a database constraint gives the certainty (see `faults`). It names every
change that breaks it, and of changes that break it only together the latest, so that what is left
without the refused ones can be asked for again at once.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import select

from idp.changes import license_rules
from idp.changes.authority import source_name
from idp.changes.batch import Batch, Person, Row, Team
from idp.directory.adoptions import NameOfAnother
from idp.directory.connections import Link
from idp.directory.errors import Conflict, DirectoryError, Forbidden, Invalid, raise_all
from idp.directory.groups import Group
from idp.directory.roles import GLOBAL_ADMINISTRATOR
from idp.directory.sets import any_of
from idp.directory.users import User
from idp.directory.values import domain_and_parents, domain_of, key, user_name_key
from idp.licensing.billing import Invoice, InvoiceLine


def check(batch: Batch) -> None:
    """Raise the first broken rule."""
    for rule in ORDER:
        rule(batch)


def names_are_given(batch: Batch) -> None:
    """Every person has a user name, every group a display name."""
    nameless = [
        Invalid("user_name_missing", "A person needs a user name.", attribute="userName").at(
            who.index
        )
        for who in batch.living_users()
        if not who.flat.get("userName")
    ]
    raise_all(nameless)
    for team in batch.groups.values():
        if not team.deleted and not team.row["display_name"]:
            raise Invalid(
                "group_name_missing", "A group needs a display name.", attribute="displayName"
            ).at(team.index)


def names_stay_in_our_domains(batch: Batch) -> None:
    """A user name does not lie in a domain that another organization has proven."""
    new: dict[str, list[Person]] = {}
    for who in batch.living_users():
        name = who.flat["userName"]
        if who.flat_before.get("userName") != name:
            domain = domain_of(name)
            if domain:
                new.setdefault(domain, []).append(who)
    foreign = [d for d in new if batch.domains_of_others.intersection(domain_and_parents(d))]
    raise_all([_not_ours(domain, who) for domain in foreign for who in new[domain]])


def _not_ours(domain: str, who: Person) -> DirectoryError:
    return Forbidden(
        "domain_of_another",
        f"User names in {domain} belong to another organization.",
        attribute="userName",
    ).at(who.index)


def groups_hold_no_circle(batch: Batch) -> None:
    """No group contains itself, directly or through others."""
    new = [edge for edge, row in batch.added.items() if row["member_kind"] == "Group"]
    if not new:
        return
    circles = []
    for group, member in reversed(new):
        path = _path(group, member, batch.parents)
        if path:
            circles.append([group, *reversed(path)])
            batch.parents[member].discard(group)  # are there others without it?
    names = _group_names(batch, {group for circle in circles for group in circle})
    raise_all([_circle(batch, [names[group] for group in c], c[0]) for c in circles])


def _circle(batch: Batch, names: list[str], group: str) -> DirectoryError:
    way = " → ".join(names)
    refused = Conflict("group_circle", f"That would close a circle: {way}.", attribute="members")
    return refused.at(batch.groups[group].index)


def _path(start: str, goal: str, parents: dict[str, set[str]]) -> list[str]:
    """The way up from start to goal, or nothing."""
    trail: dict[str, str | None] = {start: None}
    rest = [start]
    while rest:
        here = rest.pop()
        if here == goal:
            way = [here]
            while (before := trail[way[0]]) is not None:
                way.insert(0, before)
            return way
        for parent in parents.get(here, ()):
            if parent not in trail:
                trail[parent] = here
                rest.append(parent)
    return []


def _group_names(batch: Batch, group_ids: set[str]) -> dict[str, str]:
    if not group_ids:
        return {}
    stored = select(Group.id, Group.display_name).where(any_of(batch.session, Group.id, group_ids))
    names = {row.id: row.display_name for row in batch.session.execute(stored)}
    return names | {team.id: team.row["display_name"] for team in batch.groups.values()}


def nobody_raises_themselves(batch: Batch) -> None:
    """Roles are given and taken by somebody else."""
    if batch.actor.kind == "user" and batch.actor.id in batch.role_targets:
        raise Forbidden(
            "own_role",
            "You cannot change your own roles; another Global Administrator can.",
            attribute="userName",
        )


def a_global_administrator_remains(batch: Batch) -> None:
    """The last one who can still sign in cannot be removed, blocked, deleted or descoped."""
    if not batch.power_may_shrink():
        return
    holders = {
        row["user_id"]
        for rows in batch.roles.values()
        for row in rows
        if row["role"] == GLOBAL_ADMINISTRATOR
        and row["scope_group_id"] is None
        and row["expires_at"] is None
    }
    if not any(_can_sign_in(batch, user_id) for user_id in holders):
        raise Conflict(
            "last_global_administrator",
            "The organization would have no Global Administrator left. Assign another one first.",
        ).at(batch.index_of_shrinking())


def _can_sign_in(batch: Batch, user_id: str) -> bool:
    who = batch.users.get(user_id)
    if who is not None:
        return who.may_sign_in()
    alive = select(User.id).where(
        User.id == user_id,
        User.active.is_(True),
        User.blocked_at.is_(None),
        User.deleted_at.is_(None),
    )
    # Shared lock: whoever is just leaving in another transaction must not be counted on.
    return batch.session.scalar(alive.with_for_update(read=True)) is not None


def foreign_ids_are_unique(batch: Batch) -> None:
    """A connection's name for somebody names nobody else."""
    claimed: dict[tuple[str, str], str] = {}
    refused: list[DirectoryError] = []
    held: list[tuple[str, str, Person | Team]] = [
        ("User", who.id, who) for who in _as_named(batch.users.values()) if not who.gone
    ]
    held += [("Group", t.id, t) for t in _as_named(batch.groups.values()) if not t.deleted]
    for kind, subject, thing in held:
        name = thing.external_id
        if not name or name == thing.external_id_before:
            continue
        other = batch.foreign.get((kind, name))
        holder = batch.users.get(other or "") or batch.groups.get(other or "")
        freed = holder is not None and holder.external_id != name
        if (other not in (None, subject) and not freed) or (kind, name) in claimed:
            taken = "This externalId names somebody else."
            refused.append(
                Conflict("external_id_taken", taken, attribute="externalId").at(thing.index)
            )
        else:
            claimed[kind, name] = subject
    raise_all(refused)


Held = TypeVar("Held", Person, Team)


def _as_named(held: Iterable[Held]) -> list[Held]:
    """In the order of the changes that name them: of two that claim one name, the first has it."""
    return sorted(held, key=lambda thing: -1 if thing.index is None else thing.index)


def names_are_unique(batch: Batch) -> None:
    """No two people of an organization share a user name, no two groups a name, in any case."""
    claimed: dict[str, str] = {}
    blocked: list[tuple[Person, Row | None]] = []
    for who in _as_named(batch.living_users()):
        name = _name_key(who.flat["userName"], who.index)
        here = who.before and not who.before["deleted_at"] and who.before["user_name_key"]
        if name == here:
            continue
        taken = batch.names_taken.get(name)
        freed = taken is not None and _freed(batch, str(taken["id"]), name)
        if (taken and taken["id"] != who.id and not freed) or name in claimed:
            blocked.append((who, taken))
        else:
            claimed[name] = who.id
    raise_all(_names_taken(batch, blocked))
    _group_names_are_unique(batch)


def _names_taken(batch: Batch, blocked: list[tuple[Person, Row | None]]) -> list[DirectoryError]:
    """What is said of taken names; to a connection also, whether another's person has one."""
    connection_id = batch.actor.connection_id
    anothers = {
        taken["id"]: taken["source"]
        for who, taken in blocked
        if taken and who.is_new and connection_id and taken["source"] != connection_id
    }
    if anothers:
        known = select(Link.subject_id).where(
            Link.connection_id == connection_id, any_of(batch.session, Link.subject_id, anothers)
        )
        for user_id in batch.session.scalars(known):
            del anothers[user_id]
    return [_name_taken(batch, who, taken, anothers).at(who.index) for who, taken in blocked]


def _name_taken(
    batch: Batch, who: Person, taken: Row | None, anothers: dict[str, str]
) -> DirectoryError:
    name, connection_id = str(who.flat["userName"]), batch.actor.connection_id
    if taken and connection_id and taken["id"] in anothers:
        source = source_name(batch, taken["source"])
        return NameOfAnother(name, source, taken["id"], connection_id, who.external_id)
    return Conflict("user_name_taken", f"The user name {name!r} is taken.", attribute="userName")


def _name_key(name: str, index: int | None) -> str:
    try:
        return user_name_key(name)
    except DirectoryError as refused:
        raise refused.at(index) from None


def _freed(batch: Batch, user_id: str, name: str) -> bool:
    """Whether the one who has the name gives it up in this very batch."""
    who = batch.users.get(user_id)
    return who is not None and (who.gone or user_name_key(who.flat["userName"]) != name)


def _group_names_are_unique(batch: Batch) -> None:
    claimed: set[str] = set()
    refused: list[DirectoryError] = []
    for team in _as_named(batch.groups.values()):
        if team.deleted or (
            team.before and team.before["display_name"] == team.row["display_name"]
        ):
            continue
        name = key(team.row["display_name"])
        other = batch.group_names_taken.get(name)
        holder = batch.groups.get(other) if other else None
        freed = holder is not None and (holder.deleted or key(holder.row["display_name"]) != name)
        if (other not in (None, team.id) and not freed) or name in claimed:
            there_is = f"There is a group named {team.row['display_name']!r} already."
            refused.append(
                Conflict("group_name_taken", there_is, attribute="displayName").at(team.index)
            )
        else:
            claimed.add(name)
    raise_all(refused)


_SETTLING = frozenset({"status", "settled_at"})


def issued_invoices_stay(batch: Batch) -> None:
    """An invoice that was issued is paid, voided or credited; nothing that it says changes."""
    lines: Any = InvoiceLine.__table__
    documents: Any = Invoice.__table__
    written = [(table, set(columns)) for table, _keys, columns in batch.updates]
    written += [(table, {"*"}) for table, _keys in batch.deletes]
    for table, columns in written:
        if table is lines or (table is documents and not columns <= _SETTLING):
            raise Conflict(
                "invoice_issued", "An invoice that was issued never changes. Credit it instead."
            )


ORDER: tuple[Callable[[Batch], None], ...] = (
    names_are_given,
    names_stay_in_our_domains,
    groups_hold_no_circle,
    nobody_raises_themselves,
    a_global_administrator_remains,
    issued_invoices_stay,
    foreign_ids_are_unique,
    names_are_unique,
    *license_rules.RULES,
)
