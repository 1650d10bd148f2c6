"""The verbs of people: create, change, delete, restore, block."""

from collections.abc import Mapping
from typing import Any, cast

from idp.changes import returning
from idp.changes.authority import (
    check_administrator,
    check_may_add,
    check_own_password,
    check_owners,
    check_removal,
    check_target,
    foreign_name,
    is_anothers,
    own,
)
from idp.changes.batch import Batch, Needs, Person, Result
from idp.changes.intents import (
    BlockUser,
    Change,
    ChangeUser,
    CreateUser,
    DeleteUser,
    RestoreUser,
    UnblockUser,
)
from idp.clock import new_id
from idp.directory import values
from idp.directory.attributes import ENTERPRISE_SCHEMA, Flat
from idp.directory.cleaning import clean
from idp.directory.credentials import Credential
from idp.directory.entitled import ATTRIBUTE as ENTITLEMENTS
from idp.directory.errors import Conflict, Forbidden, Invalid, Stale, not_found
from idp.licensing.entitlements import own_values

MANAGER = f"{ENTERPRISE_SCHEMA}:manager.value"


def needs(change: Change, wanted: Needs) -> None:
    """What a change of a person names."""
    if isinstance(change, CreateUser):
        wanted.arriving_names |= _needs_name(change.fields, wanted)
        if change.external_id:
            wanted.foreign_ids.add(change.external_id)
            wanted.arriving.add(change.external_id)
        return
    wanted.users.add(cast(ChangeUser, change).id)  # all others name somebody by id
    if isinstance(change, DeleteUser | BlockUser):
        wanted.leaving.add(change.id)
        wanted.memberships |= isinstance(change, DeleteUser)
    if isinstance(change, ChangeUser):
        _needs_name(change.fields, wanted)
        if any(str(path).lower().endswith("active") for path in change.fields):
            wanted.leaving.add(change.id)
        if isinstance(change.external_id, str):
            wanted.foreign_ids.add(change.external_id)
    wanted.deleted_users |= isinstance(change, RestoreUser)


def _needs_name(fields: Mapping[str, Any], wanted: Needs) -> set[str]:
    named = {
        values.user_name_key(name)
        for path, name in fields.items()  # may be written in any case, with its schema's URN
        if isinstance(name, str) and name and str(path).lower().endswith("username")
    }
    wanted.user_names |= named
    return named


def create_user(batch: Batch, change: CreateUser) -> Result:
    """Add a person; active unless told otherwise (RFC 7643 §4.1.1 leaves it to us).

    Somebody who comes back, or was linked, is met in place (see `returning`).
    """
    check_may_add(batch)
    cleaned = _cleaned(batch, change.fields)
    known = returning.person(batch, change, _key_of(cleaned))
    if known is not None:
        return _meet(batch, known, change, cleaned)
    flat: Flat = {path: value for path, value in cleaned.items() if value is not None}
    flat.setdefault("active", True)
    owners = own(batch, {}, flat)
    made = Person(change.id or new_id(), None, {}, _new_row(batch, owners), flat)
    made.external_id = foreign_name(batch, change.external_id, None)
    made.index = batch.index
    batch.users[made.id] = made
    if change.password_hash:
        _set_first_password(batch, made, change.password_hash)
    return Result(made.id, 1, changed=True, created=True)


def _cleaned(batch: Batch, fields: Mapping[str, Any]) -> Flat:
    cleaned = clean(batch.vocabulary, "User", fields)
    cleaned.pop("password", None)
    if cleaned.get(ENTITLEMENTS):  # what follows from seats is nobody's to write
        cleaned[ENTITLEMENTS] = own_values(cleaned[ENTITLEMENTS], batch.catalogue_version) or None
    boss = cleaned.get(MANAGER)
    if boss in batch.meant:
        cleaned[MANAGER] = batch.meant[boss]
    return cleaned


def _key_of(fields: Flat) -> str:
    name = fields.get("userName")
    return values.user_name_key(name) if name else ""


def _meet(batch: Batch, who: Person, change: CreateUser, cleaned: Flat) -> Result:
    """Create somebody who is here: a change in place, under the id that they have."""
    fields = returning.applicable(batch, who, cleaned)
    check_target(batch, who, self_fields=fields.keys())
    _alter(batch, who, fields)
    who.external_id = foreign_name(batch, change.external_id, who.external_id)
    if who.index is None:
        who.index = batch.index
    if change.password_hash and who.row["source"] == batch.actor.source:
        _replace_password(batch, who, change.password_hash)  # others keep the one they have
    returning.met(batch, who)
    return Result(who.id, who.row["version"])


def _new_row(batch: Batch, owners: dict[str, str]) -> dict[str, Any]:
    return {
        "source": batch.actor.source,
        "version": 0,
        "created": batch.now,
        "last_modified": batch.now,
        "deleted_at": None,
        "blocked_at": None,
        "last_sign_in": None,
        "owners": owners,
    }


def _set_first_password(batch: Batch, who: Person, password_hash: str) -> None:
    row = {"id": new_id(), "org_id": batch.org_id, "user_id": who.id, "kind": "password"}
    times = {"created": batch.now, "last_modified": batch.now}
    batch.insert(Credential, row | {"secret_hash": password_hash} | times)


def change_user(batch: Batch, change: ChangeUser) -> Result:
    """Change the named attributes of a person; what another source owns stays its own."""
    who = _held(batch, change.id, change.expect)
    fields = _cleaned(batch, change.fields)
    who.replaced |= change.replace
    if change.replace:
        fields = _cleared(batch, who, fields) | fields
    check_target(batch, who, self_fields=fields.keys())
    _alter(batch, who, fields)
    who.external_id = foreign_name(batch, change.external_id, who.external_id)
    if change.password_hash:
        check_own_password(batch, who.id)
        _replace_password(batch, who, change.password_hash)
    return Result(who.id, who.row["version"])


def _alter(batch: Batch, who: Person, fields: Flat) -> None:
    altered = {path: value for path, value in fields.items() if not same(who.flat.get(path), value)}
    check_owners(batch, who, altered)
    check_administrator(batch, who, altered)
    for path, value in altered.items():
        if value is None:
            who.flat.pop(path, None)
        else:
            who.flat[path] = value
    who.row["owners"] = own(batch, who.row["owners"], altered)


def _replace_password(batch: Batch, who: Person, password_hash: str) -> None:
    if batch.roles.get(who.id):
        raise Conflict(
            "administrator_password",
            "The password of an administrator is not set from outside; a one-time link does it.",
            attribute="password",
        )
    if batch.actor.kind == "connection" and who.row["source"] != batch.actor.source:
        raise Forbidden(
            "password_of_another",
            "A connection sets passwords only for people that it brought.",
            attribute="password",
        )
    batch.delete(Credential, {"user_id": who.id, "kind": "password"})
    _set_first_password(batch, who, password_hash)
    batch.passwords_changed[who.id] = None
    batch.new_passwords.add(who.id)
    batch.note("password.changed", ("User", who.id, who.flat["userName"]), {})


def _cleared(batch: Batch, who: Person, fields: Flat) -> Flat:
    """What PUT clears: readWrite attributes that it does not name and that no other source owns."""
    owners = who.row["owners"]
    kept = {"active", "userName"}  # absent active must never disable; userName is required
    return {
        path: None
        for path in who.flat
        if path not in fields and path not in kept and not is_anothers(batch, owners.get(path))
    }


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same: the order of a multi-valued attribute does not count."""
    if one == other:
        return type(one) is type(other) or isinstance(one, dict)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        rest = list(other)
        for entry in one:
            if entry not in rest:
                return False
            rest.remove(entry)
        return True
    return False


def _held(batch: Batch, user_id: str, expect: int | None = None) -> Person:
    who = batch.users.get(batch.meant.get(user_id, user_id))
    if who is None or (who.gone and not who.is_new):
        raise not_found("user")
    if expect is not None and expect != who.row["version"]:
        raise Stale(
            "version_stale",
            "Somebody else has changed this person meanwhile. Read again, then change.",
        )
    if who.index is None:
        who.index = batch.index
    return who


def delete_user(batch: Batch, change: DeleteUser) -> Result:
    """Delete a person: consequences end memberships, roles, sessions and links."""
    who = _held(batch, change.id, change.expect)
    check_target(batch, who)
    if who.external_id is None:  # whom a connection has a name for, it may let go
        check_removal(batch, who.row["source"], "person")
    who.row["deleted_at"] = batch.now
    who.external_id = None
    return Result(who.id, who.row["version"])


def restore_user(batch: Batch, change: RestoreUser) -> Result:
    """Bring a deleted person back; memberships and roles are given anew."""
    who = batch.users.get(change.id)
    if who is None:
        raise not_found("user")
    if who.row["deleted_at"] is None:
        raise Conflict("user_not_deleted", "This person is not deleted.")
    check_target(batch, who)
    who.row["deleted_at"] = None
    who.index = batch.index
    return Result(who.id, who.row["version"])


def block_user(batch: Batch, change: BlockUser) -> Result:
    """Veto signing in; consequences end the sessions."""
    who = _held(batch, change.id)
    check_target(batch, who)
    if who.id == batch.actor.id:
        raise Conflict("self_block", "You cannot block yourself; another administrator can.")
    if who.row["blocked_at"] is None:
        who.row["blocked_at"] = batch.now
    return Result(who.id, who.row["version"])


def unblock_user(batch: Batch, change: UnblockUser) -> Result:
    """Lift the veto."""
    who = _held(batch, change.id)
    check_target(batch, who)
    who.row["blocked_at"] = None
    return Result(who.id, who.row["version"])


def require_user_name(who: Person) -> str:
    """A person's sign-in name; every person has one."""
    name = who.flat.get("userName")
    if not name:
        raise Invalid("user_name_missing", "A person needs a user name.", attribute="userName")
    return str(name)


HANDLERS = {
    CreateUser: create_user,
    ChangeUser: change_user,
    DeleteUser: delete_user,
    RestoreUser: restore_user,
    BlockUser: block_user,
    UnblockUser: unblock_user,
}
