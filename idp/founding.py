"""What an organization is founded with, as one batch: itself, its first administrator, its key."""

from collections.abc import Mapping
from typing import Any

from idp.changes.intents import (
    AddSigningKey,
    AssignRole,
    Change,
    CreateOrganization,
    CreateUser,
)
from idp.directory.roles import GLOBAL_ADMINISTRATOR
from idp.federation import keys


def founding(
    org_id: str,
    name: str,
    domain: str,
    admin: Mapping[str, Any],
    *,
    admin_id: str,
    password_hash: str | None = None,
) -> tuple[Change, ...]:
    """The changes that found an organization; `admin` is the fields of its first administrator."""
    return (
        CreateOrganization(name, domain, id=org_id),
        CreateUser(admin, id=admin_id, password_hash=password_hash),
        AssignRole(admin_id, GLOBAL_ADMINISTRATOR),
        signing_key(name),
    )


def signing_key(org_name: str) -> AddSigningKey:
    """A new key for an organization to sign SAML with. RSA: not every partner knows others."""
    key = keys.generate(keys.RSA_2048, org_name)
    return AddSigningKey("saml", keys.RSA_2048, key.cert_pem, key.private_pem, key.not_after)
