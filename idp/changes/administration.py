"""The verbs of the organization itself: founding, settings, domains, roles, schemas, keys."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from idp import sealing
from idp.changes.batch import Batch, Needs, Result, Row
from idp.changes.intents import (
    AddDomain,
    AddSigningKey,
    AssignRole,
    Change,
    CreateOrganization,
    DefineSchema,
    RemoveRole,
)
from idp.changes.ledger import Installation
from idp.clock import new_id, new_secret
from idp.directory import details
from idp.directory.attributes import CORE
from idp.directory.credentials import SigningKey
from idp.directory.domains import Domain
from idp.directory.errors import Conflict, Invalid, not_found
from idp.directory.orgs import Census, Organization, SchemaExtension
from idp.directory.roles import ROLES, RoleAssignment
from idp.directory.values import FORBIDDEN, domain_name, slug
from idp.directory.vocabularies import attribute_of

_URN = re.compile(r"urn:[a-zA-Z0-9][a-zA-Z0-9-]{1,31}:[\w.:-]{1,150}")
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z][\w-]{0,63}")
_TYPES = ("string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex")
NAME_MAX = 256
LONGEST_ROLE = timedelta(days=3653)
PATH_MAX = 256  # the column of an attribute's path


def needs(change: Change, wanted: Needs) -> None:
    """What a change of the organization names."""
    if isinstance(change, AssignRole):
        wanted.users.add(change.user_id)
        wanted.everybodys_roles = True
        if change.scope_group_id:
            wanted.groups.add(change.scope_group_id)
    elif isinstance(change, RemoveRole | DefineSchema):
        wanted.everybodys_roles = True  # locks the organization


def create_organization(batch: Batch, change: CreateOrganization) -> Result:
    """Found an organization; everything else in this batch happens in it."""
    if change.first:
        _be_the_first(batch)
    org_id = change.id or new_id()
    batch.actor = replace(batch.actor, org_id=org_id)
    name = organization_name(change.name)
    row: Row = {
        "id": org_id,
        "slug": _free_slug(batch, name),
        "name": name,
        "created": batch.now,
        "last_modified": batch.now,
        "version": 1,
        "settings": details.check(change.settings),
        "pairwise_salt": sealing.seal(new_secret().encode()),
        "vocabulary_version": 0,
    }
    # Now, not at the end: pools that this batch makes for it refer to it.
    batch.connection.execute(insert(Organization.__table__), row)  # type: ignore[arg-type]
    nobody = {"active": 0, "disabled": 0, "blocked": 0, "groups": 0}
    batch.insert(Census, {"org_id": org_id} | nobody)
    batch.note("organization.created", ("Organization", org_id, name), {"name": [None, name]})
    _insert_domain(batch, domain_name(change.domain), built_in=True)
    return Result(org_id, 1, changed=True, created=True)


def _be_the_first(batch: Batch) -> None:
    """Two who set up at once take turns at the installation's row: the second finds the first."""
    batch.session.execute(select(Installation.id).with_for_update())
    if batch.session.scalar(select(Organization.id).limit(1)) is not None:
        raise Conflict(
            "installation_founded",
            "This installation has an organization already. Add another with: flask org create",
        )


def organization_name(text: str) -> str:
    """A name as it is kept. Raises Invalid."""
    name = text.strip()
    if not name or len(name) > NAME_MAX or FORBIDDEN.search(name):
        raise Invalid(
            "organization_name",
            "An organization needs a name of 1 to 256 characters.",
            attribute="name",
        )
    return name


def _free_slug(batch: Batch, name: str) -> str:
    wanted = slug(name)
    similar = select(Organization.slug).where(Organization.slug.startswith(wanted, autoescape=True))
    taken = set(batch.session.scalars(similar))
    return next(
        s for s in (wanted, *(f"{wanted}-{n}" for n in range(2, len(taken) + 3))) if s not in taken
    )


def _insert_domain(batch: Batch, name: str, *, built_in: bool) -> str:
    if built_in:  # the operator vouches for it; nobody else may have proven it
        proven = select(Domain.id).where(Domain.name == name, Domain.verified_at.is_not(None))
        if batch.session.scalar(proven) is not None:
            raise Conflict(
                "domain_taken", f"{name} belongs to an organization already.", attribute="domain"
            )
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "name": name,
        "built_in": built_in,
        "is_default": built_in,
        "verified_at": batch.now if built_in else None,
        "created": batch.now,
    }
    batch.insert(Domain, row)
    batch.note("domain.added", ("Domain", row["id"], name), {"name": [None, name]})
    return str(row["id"])


def add_domain(batch: Batch, change: AddDomain) -> Result:
    """Claim a domain, unproven."""
    name = domain_name(change.name)
    here = select(Domain.id).where(Domain.org_id == batch.org_id, Domain.name == name)
    if batch.session.scalar(here) is not None:
        raise Conflict("domain_present", f"{name} is in the list already.", attribute="domain")
    return Result(_insert_domain(batch, name, built_in=False), 1, changed=True, created=True)


def assign_role(batch: Batch, change: AssignRole) -> Result:
    """Give a role, unless the person has just this one already."""
    who = batch.users.get(change.user_id)
    if who is None:
        raise not_found("user")
    if change.role not in ROLES:
        raise Invalid("role_unknown", f"There is no role {change.role[:64]!r}.", attribute="role")
    scope = change.scope_group_id
    if scope is not None and scope not in batch.groups:
        raise not_found("group")
    if change.expires_at is not None and change.expires_at > batch.now + LONGEST_ROLE:
        raise Invalid(
            "expiry_too_far", "A role ends within ten years, or not.", attribute="expires"
        )
    if change.expires_at is not None and change.expires_at <= batch.now:
        raise Invalid("expiry_past", "The role would have expired already.", attribute="expires")
    for row in batch.assignments.values():
        if (row["user_id"], row["role"], row["scope_group_id"]) == (who.id, change.role, scope):
            return _extend(batch, row, change)
    return _insert_role(batch, change, str(who.flat["userName"]))


def _insert_role(batch: Batch, change: AssignRole, name: str) -> Result:
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "user_id": change.user_id,
        "role": change.role,
        "scope_group_id": change.scope_group_id,
        "scope_key": change.scope_group_id or "",
        "expires_at": change.expires_at,
        "created": batch.now,
    }
    batch.insert(RoleAssignment, row)
    batch.assignments[row["id"]] = row
    batch.roles.setdefault(change.user_id, []).append(row)
    batch.role_targets.add(change.user_id)
    shown: dict[str, list[Any]] = {
        "role": [None, change.role],
        "scope": [None, change.scope_group_id],
        "expires": [None, change.expires_at],
    }
    batch.note(
        "role.assigned", ("User", change.user_id, name), {k: v for k, v in shown.items() if v[1]}
    )
    return Result(str(row["id"]), 1, changed=True, created=True)


def _extend(batch: Batch, row: dict[str, Any], change: AssignRole) -> Result:
    if row["expires_at"] != change.expires_at:
        batch.update(RoleAssignment, {"id": row["id"]}, {"expires_at": change.expires_at})
        batch.role_targets.add(change.user_id)
        batch.loses(row)
        held = batch.roles.setdefault(change.user_id, [])
        held[:] = [r for r in held if r["id"] != row["id"]] + [
            row | {"expires_at": change.expires_at}
        ]
        diff = {
            "role": [change.role, change.role],
            "expires": [row["expires_at"], change.expires_at],
        }
        batch.note("role.changed", ("User", change.user_id, batch.name_of(change.user_id)), diff)
    return Result(row["id"], 1, changed=row["expires_at"] != change.expires_at)


def remove_role(batch: Batch, change: RemoveRole) -> Result:
    """Take an assignment away."""
    row = batch.assignments.pop(change.assignment_id, None)
    if row is None:
        raise not_found("role_assignment")
    held = batch.roles.get(row["user_id"], [])
    held[:] = [r for r in held if r["id"] != row["id"]]
    batch.loses(row)
    batch.role_targets.add(row["user_id"])
    batch.delete(RoleAssignment, {"id": row["id"]})
    batch.note(
        "role.removed",
        ("User", row["user_id"], batch.name_of(row["user_id"])),
        {"role": [row["role"], None]},
    )
    return Result(row["id"], changed=True)


def define_schema(batch: Batch, change: DefineSchema) -> Result:
    """Define or replace an extension schema; it exists everywhere with the next request."""
    _check_schema(change)
    table = SchemaExtension.__table__
    here = select(table).where(table.c.org_id == batch.org_id, table.c.urn == change.urn)
    row = batch.session.execute(here).mappings().first()
    values: Row = {
        "name": change.name,
        "description": change.description,
        "attributes": [dict(a) for a in change.attributes],
    }
    if row and all(row[name] == value for name, value in values.items()):
        return Result(row["id"], 1)
    schema_id = row["id"] if row else new_id()
    if row:
        batch.update(SchemaExtension, {"id": schema_id}, values)
    else:
        key = {"id": schema_id, "org_id": batch.org_id, "urn": change.urn, "created": batch.now}
        batch.insert(SchemaExtension, key | values)
    _count_vocabulary(batch)
    diff = {"attributes": [row["attributes"] if row else None, values["attributes"]]}
    batch.note("schema.defined", ("Schema", schema_id, change.urn), diff)
    return Result(schema_id, 1, changed=True, created=row is None)


def _count_vocabulary(batch: Batch) -> None:
    """Let every process notice that the vocabulary changed (the organization's row is locked)."""
    version = select(Organization.vocabulary_version).where(Organization.id == batch.org_id)
    now = batch.session.execute(version).scalar_one()
    batch.update(Organization, {"id": batch.org_id}, {"vocabulary_version": now + 1})


def _check_schema(change: DefineSchema) -> None:
    standard = {s.urn.lower() for s in (CORE.user, CORE.group, *CORE.user_extensions)}
    if not _URN.fullmatch(change.urn) or change.urn.lower() in standard:
        raise Invalid(
            "schema_urn",
            "An extension schema needs a URN of its own, such as urn:example:hr:2.0:User.",
            attribute="urn",
        )
    if not change.attributes or len(change.attributes) > 100:
        raise Invalid(
            "schema_empty", "An extension schema has 1 to 100 attributes.", attribute="attributes"
        )
    _check_attributes(change.urn, change.attributes)


def _check_attributes(
    prefix: str, definitions: Iterable[Mapping[str, Any]], depth: int = 0
) -> None:
    names = [_checked_name(prefix, dict(definition), depth) for definition in definitions]
    if len(set(names)) != len(names):
        raise Invalid(
            "schema_duplicate", "Two attributes of the schema share a name.", attribute="attributes"
        )


def _checked_name(prefix: str, definition: dict[str, Any], depth: int) -> str:
    name = definition.get("name")
    parts = definition.get("subAttributes") or ()
    kind = definition.get("type", "string")
    valid = (
        isinstance(name, str)
        and _ATTRIBUTE_NAME.fullmatch(name)
        and len(f"{prefix}:{name}") <= PATH_MAX
        and kind in _TYPES
        and bool(parts) == (kind == "complex")
        and not (parts and depth)
    )
    if not valid:
        raise Invalid(
            "schema_attribute",
            f"This attribute definition is not valid: {name!r}.",
            attribute="attributes",
        )
    if definition.get("mutability") == "writeOnly" or definition.get("returned") == "never":
        raise Invalid(
            "schema_secret",
            f"{name} would hold a secret, and an attribute of a person is shown and audited.",
            attribute="attributes",
        )
    attribute_of(definition)
    _check_attributes(f"{prefix}:{name}", parts, depth + 1)
    return str(name).lower()


def add_signing_key(batch: Batch, change: AddSigningKey) -> Result:
    """Give the organization a key; its private part is sealed here and never shown."""
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "purpose": change.purpose,
        "state": change.state,
        "algorithm": change.algorithm,
        "certificate": change.certificate,
        "private_key": sealing.seal(change.private_key.encode()),
        "not_after": change.not_after,
        "created": batch.now,
    }
    batch.insert(SigningKey, row)
    shown = {
        "purpose": [None, change.purpose],
        "algorithm": [None, change.algorithm],
        "state": [None, change.state],
    }
    batch.note("key.added", ("SigningKey", row["id"], change.purpose), shown)
    return Result(str(row["id"]), 1, changed=True, created=True)


HANDLERS = {
    CreateOrganization: create_organization,
    AddDomain: add_domain,
    AssignRole: assign_role,
    RemoveRole: remove_role,
    DefineSchema: define_schema,
    AddSigningKey: add_signing_key,
}
