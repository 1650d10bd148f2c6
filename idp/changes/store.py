"""From the batch in memory to multi-row statements: deletes, then updates, then inserts.

Names are given up before they are claimed, so people can swap them in one batch. Each statement
stands for all rows of its shape; their number does not grow with the number of changes.
"""

from functools import cache
from typing import Any

from sqlalchemy import Delete, Insert, Table, Update, bindparam, delete, insert, update

from idp.changes import projection
from idp.changes.batch import Batch, Keys, Person, Row, Team
from idp.directory.adoptions import Adoption
from idp.directory.connections import Link
from idp.directory.groups import Group, Membership
from idp.directory.orgs import Census
from idp.directory.users import User, UserValue, UserWord
from idp.directory.values import group_name_key
from idp.extensions import db
from idp.postgresql import AT_ONCE

_SET_ONCE = {"id", "org_id", "source", "created", "last_sign_in"}
_INDEXED = {
    "user_name",
    "user_name_key",
    "sort_key",
    "display_name",
    "display_name_key",
    "employee_number",
    "manager_id",
    "deleted_at",
}


def plan(batch: Batch) -> None:
    """Compare before and after; note what changed in the audit's words; queue the rows.

    Nothing changed, nothing is queued: no version, no audit row, no event.
    """
    _plan_people(batch)
    _plan_groups(batch)
    _plan_memberships(batch)


def _plan_people(batch: Batch) -> None:
    changed: list[Person] = []
    for who in batch.users.values():
        diff = _difference(who)
        if diff:
            who.row["version"] += 1
            who.row["last_modified"] = batch.now
            changed.append(who)
            target = ("User", who.id, str(who.flat.get("userName") or ""))
            batch.note(_action(who), target, diff)
            was, is_now = who.states()
            batch.census[was] -= 1
            batch.census[is_now] += 1
    _write_people(batch, changed)
    for who in changed:
        _plan_link(batch, "User", who)


def _difference(who: Person) -> dict[str, list[Any]]:
    """What is different, as {path: [before, after]}."""
    if who.is_new:
        diff = {path: [None, value] for path, value in who.flat.items()}
    elif who.flat is who.flat_before or who.flat == who.flat_before:
        diff = {}
    else:
        paths = who.flat_before.keys() | who.flat.keys()
        pairs = {path: [who.flat_before.get(path), who.flat.get(path)] for path in sorted(paths)}
        diff = {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}
    if who.external_id != who.external_id_before:
        diff["externalId"] = [who.external_id_before, who.external_id]
    for column in ("blocked_at", "deleted_at"):
        before = who.before[column] if who.before else None
        if before != who.row[column]:
            diff[column.removesuffix("_at")] = [before is not None, who.row[column] is not None]
    return diff


def _action(who: Person) -> str:
    if who.before is None:
        return "user.created"
    was, is_now = who.before, who.row
    if (was["deleted_at"] is None) != (is_now["deleted_at"] is None):
        return "user.restored" if is_now["deleted_at"] is None else "user.deleted"
    if (was["blocked_at"] is None) != (is_now["blocked_at"] is None):
        return "user.unblocked" if is_now["blocked_at"] is None else "user.blocked"
    if bool(was["active"]) != bool(who.flat.get("active")):
        return "user.activated" if who.flat.get("active") else "user.deactivated"
    return "user.replaced" if who.replaced else "user.changed"


def _write_people(batch: Batch, changed: list[Person]) -> None:
    claimed = {p.id: projection.columns(p, batch.org_id) for p in changed}
    _free_swapped_names(batch, changed, claimed)
    for who in sorted(changed, key=lambda person: not person.gone):  # who goes leaves the name
        row = claimed[who.id]
        if who.is_new:
            batch.insert(User, row)
        else:
            batch.update(User, {"id": who.id}, _altered(who, row))
        _plan_values(batch, who)
    _plan_words(batch, changed)


def _altered(thing: Person | Team, row: Row) -> Row:
    """What an update sets: two shapes of statement, with and without the indexed columns.

    A database rewrites every index whose column is named, whether or not its value differs.
    """
    before = thing.before or {}
    renamed = any(before.get(name) != row[name] for name in _INDEXED & row.keys())
    left_out = _SET_ONCE if renamed else _SET_ONCE | _INDEXED
    return {name: value for name, value in row.items() if name not in left_out}


def _free_swapped_names(batch: Batch, changed: list[Person], claimed: dict[str, Row]) -> None:
    """Where one person takes a name that another in the batch gives up, the giving comes first."""
    taken = {row["user_name_key"] for row in claimed.values()}
    for who in changed:
        before = who.before
        freed = before["user_name_key"] if before else None
        if freed in taken and freed != claimed[who.id]["user_name_key"]:
            batch.give_up(User, "user_name_key", who.id)


def _plan_values(batch: Batch, who: Person) -> None:
    old: dict[tuple[str, int], Row] = {}
    if who.before and who.before["deleted_at"] is None:
        old = projection.value_rows(batch, who, who.flat_before, who.before["owners"])
    new = {} if who.gone else projection.value_rows(batch, who, who.flat, who.row["owners"])
    for place in old.keys() - new.keys():
        attribute, ordinal = place
        batch.delete(UserValue, {"user_id": who.id, "attribute": attribute, "ordinal": ordinal})
    for place, row in new.items():
        if place not in old:
            batch.insert(UserValue, row)
        elif row != old[place]:
            where = {name: row[name] for name in ("user_id", "attribute", "ordinal")}
            batch.update(UserValue, where, {n: v for n, v in row.items() if n not in where})


def _plan_words(batch: Batch, changed: list[Person]) -> None:
    for who in changed:
        there = who.before is not None and who.before["deleted_at"] is None
        old = projection.search_words(who.flat_before) if there else set()
        new = set() if who.gone else projection.search_words(who.flat)
        for word in old - new:
            batch.delete(UserWord, {"org_id": batch.org_id, "word": word, "user_id": who.id})
        for word in new - old:
            batch.insert(UserWord, {"org_id": batch.org_id, "word": word, "user_id": who.id})


def _plan_link(batch: Batch, kind: str, thing: Person | Team) -> None:
    """Keep the acting connection's name for somebody; a deleted one has none, for anybody."""
    gone = thing.gone if isinstance(thing, Person) else thing.deleted
    if gone:
        batch.delete(Link, {"subject_id": thing.id})
        if kind == "User":
            batch.delete(Adoption, {"user_id": thing.id})
        return
    if thing.external_id == thing.external_id_before:
        return
    connection_id = batch.actor.connection_id
    if connection_id is None:
        return
    if thing.external_id_before is not None:
        batch.delete(Link, {"connection_id": connection_id, "subject_id": thing.id})
    if thing.external_id is not None:
        link = {"connection_id": connection_id, "subject_id": thing.id, "kind": kind}
        batch.insert(Link, link | {"org_id": batch.org_id, "foreign_id": thing.external_id})


def _plan_groups(batch: Batch) -> None:
    taken = {group_name_key(t.row["display_name"]) for t in batch.groups.values() if not t.deleted}
    for team in batch.groups.values():
        diff = _group_difference(team)
        if not diff and not team.members_changed:
            continue
        team.row["version"] += 1
        team.row["last_modified"] = batch.now
        if diff:
            batch.note(_group_action(team), ("Group", team.id, team.row["display_name"]), diff)
        batch.census["groups"] += (team.before is None) - team.deleted
        _write_group(batch, team, taken)
        _plan_link(batch, "Group", team)


def _group_difference(team: Team) -> dict[str, list[Any]]:
    diff: dict[str, list[Any]] = {}
    before = team.before["display_name"] if team.before else None
    after = None if team.deleted else team.row["display_name"]
    if before != after:
        diff["displayName"] = [before, after]
    if team.external_id != team.external_id_before:
        diff["externalId"] = [team.external_id_before, team.external_id]
    return diff


def _group_action(team: Team) -> str:
    if team.deleted:
        return "group.deleted"
    if team.before is None:
        return "group.created"
    return "group.replaced" if team.replaced else "group.changed"


def _write_group(batch: Batch, team: Team, taken: set[str]) -> None:
    name = group_name_key(team.row["display_name"])
    row = team.row | {"id": team.id, "display_name_key": name}
    if team.deleted:
        batch.delete(Group, {"id": team.id})
    elif team.before:
        freed = team.before["display_name_key"]
        if freed != name and freed in taken:
            batch.give_up(Group, "display_name_key", team.id)
        batch.update(Group, {"id": team.id}, _altered(team, row))
    else:
        batch.insert(Group, row)


def _plan_memberships(batch: Batch) -> None:
    for (group, member), row in batch.removed.items():
        batch.delete(Membership, {"group_id": group, "member_id": member})
        _note_member(batch, "member.removed", row)
    for row in batch.added.values():
        batch.insert(Membership, row)
        _note_member(batch, "member.added", row)


def _note_member(batch: Batch, action: str, row: Row) -> None:
    group, member, kind = row["group_id"], row["member_id"], row["member_kind"]
    made = batch.groups.get(member)
    known = made.row["display_name"] if made else batch.name_of(member)
    name = batch.member_kinds.get(member, ("", known))[1]
    pair = [None, member] if action == "member.added" else [member, None]
    batch.note(
        action,
        ("Group", group, batch.groups[group].row["display_name"]),
        {"members": pair},
        related_kind=kind,
        related_id=member,
        related_name=name,
    )


def write(batch: Batch) -> None:
    """Send everything to the database, in an order that its constraints accept."""
    send, order = batch.connection.execute, _order()
    for (table, column), rows in batch.first_updates.items():
        send(_putting_aside(table, column), rows)
    for (table, keys), rows in sorted(batch.deletes.items(), key=lambda item: -order[item[0][0]]):
        send(_deletion(table, keys), rows)
    for (table, keys, columns), rows in batch.updates.items():
        send(_change(table, keys, columns), rows)
    for table in sorted(batch.inserts, key=order.__getitem__):
        send(_insertion(table), batch.inserts[table], execution_options=AT_ONCE)
    _count(batch)


def _count(batch: Batch) -> None:
    """Bring the census up to date; its row's lock comes after the audit's head, and is brief."""
    moved = {name: n for name, n in batch.census.items() if name and n}
    if moved:
        batch.connection.execute(_counting(tuple(moved)), moved | {"key_org_id": batch.org_id})


# --- statements, each made once: their shapes are few, and making one costs more than running it


@cache
def _order() -> dict[Table, int]:
    """A table stands after those it refers to."""
    return {table: place for place, table in enumerate(db.metadata.sorted_tables)}


@cache
def _insertion(table: Table) -> Insert:
    return insert(table)


@cache
def _deletion(table: Table, keys: Keys) -> Delete:
    return delete(table).where(*_where(table, keys))


@cache
def _change(table: Table, keys: Keys, columns: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in columns}
    return update(table).where(*_where(table, keys)).values(values)


@cache
def _putting_aside(table: Table, column: str) -> Update:
    aside = update(table).where(table.c.id == bindparam("key_id"))
    return aside.values({column: bindparam("freed")})


@cache
def _counting(columns: tuple[str, ...]) -> Update:
    table: Table = Census.__table__  # type: ignore[assignment]
    here = update(table).where(table.c.org_id == bindparam("key_org_id"))
    return here.values({name: table.c[name] + bindparam(name) for name in columns})


def _where(table: Table, keys: Keys) -> list[Any]:
    return [
        table.c[name].is_(None) if null else table.c[name] == bindparam(f"key_{name}")
        for name, null in keys
    ]
