"""What an organization is founded with, as one batch: itself, its first administrator, its key."""

from collections.abc import Mapping
from typing import Any

from idp.changes import apply, ledger
from idp.changes.first_run import FirstRun
from idp.changes.intents import (
    AddSigningKey,
    AssignRole,
    Change,
    CreateOrganization,
    CreateUser,
)
from idp.directory.actors import system_actor
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
    country: str = "",
    first: bool = False,
) -> tuple[Change, ...]:
    """The changes that found an organization; `admin` is the fields of its first administrator."""
    return (
        CreateOrganization(name, domain, org_id, {"country": country} if country else {}, first),
        CreateUser(admin, id=admin_id, password_hash=password_hash),
        AssignRole(admin_id, GLOBAL_ADMINISTRATOR),
        signing_key(name),
    )


def found_first(first: FirstRun, door: str, *, dry_run: bool = False) -> None:
    """Found the first organization of this installation, all or nothing.

    With `dry_run` it is only checked. Raises DirectoryError (installation_founded where somebody
    was quicker), WrongMasterKey.
    """
    ledger.check_master_key()  # before anything is sealed with a key that opens nothing else
    changes = founding(
        first.org_id,
        first.organization,
        first.domain,
        first.person,
        admin_id=first.admin_id,
        password_hash=first.password_hash,
        country=first.country,
        first=True,
    )
    apply(*changes, by=system_actor("", door, "Set-up"), dry_run=dry_run)


def signing_key(org_name: str) -> AddSigningKey:
    """A new key for an organization to sign SAML with. RSA: not every partner knows others."""
    key = keys.generate(keys.RSA_2048, org_name)
    return AddSigningKey("saml", keys.RSA_2048, key.cert_pem, key.private_pem, key.not_after)
