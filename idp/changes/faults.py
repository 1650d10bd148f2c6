"""What the database says when it refuses, as the errors that rules would have raised.

A rule looks before; between its look and the commit another transaction may have come. Then a
constraint holds, and its refusal must read the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from idp.directory.errors import Conflict, DirectoryError, Invalid, Unavailable

# Constraint name (PostgreSQL) and "table.column" (SQLite) -> code, sentence, attribute.
_TAKEN = {
    ("uq_users_user_name", "users.user_name_key"): (
        "user_name_taken",
        "This user name is taken.",
        "userName",
    ),
    ("uq_groups_org_id_display_name_key", "groups.display_name_key"): (
        "group_name_taken",
        "There is a group of this name already.",
        "displayName",
    ),
    ("uq_links_foreign_id", "links.foreign_id"): (
        "external_id_taken",
        "This externalId names somebody else.",
        "externalId",
    ),
    ("uq_domains_verified", "domains.name"): (
        "domain_taken",
        "This domain belongs to an organization already.",
        "domain",
    ),
    ("uq_connections_org_id_kind_name", "connections.name"): (
        "connection_name_taken",
        "There is a connection of this name already.",
        "name",
    ),
    ("uq_connections_org_id_entity_id", "connections.entity_id"): (
        "entity_id_taken",
        "This entity id is registered already.",
        "entityId",
    ),
    ("uq_agreements_org_id_number", "agreements.number"): (
        "agreement_number_taken",
        "There is an agreement of this number already.",
        "number",
    ),
    ("uq_organizations_slug", "organizations.slug"): (
        "organization_taken",
        "There is an organization of this name already.",
        "name",
    ),
}
RETRY_STATES = {"40001", "40P01"}  # serialization failure, deadlock: the whole batch may try again


class TryAgain(Exception):
    """Two transactions stood in each other's way; nothing was written, the same may succeed now."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's refusals into DirectoryErrors; raise TryAgain where that may help."""
    try:
        yield
    except IntegrityError as refused:
        raise _taken(refused) from refused
    except (DataError, UnicodeEncodeError) as refused:
        raise Invalid(
            "value_not_storable",
            "A value is too long, or holds signs that cannot be kept.",
            cause=str(refused),
        ) from refused
    except DBAPIError as failed:
        state = getattr(failed.orig, "sqlstate", None)
        if state in RETRY_STATES:
            raise TryAgain from failed
        raise unavailable(failed) from failed


def _taken(refused: IntegrityError) -> DirectoryError:
    diagnosis = getattr(refused.orig, "diag", None)
    name = getattr(diagnosis, "constraint_name", "") or ""
    text = str(refused.orig)
    for (constraint, column), (code, sentence, attribute) in _TAKEN.items():
        if name == constraint or (not name and (column in text or constraint in text)):
            return Conflict(code, sentence, attribute=attribute, cause=text)
    return Conflict(
        "changed_meanwhile",
        "Something this refers to has just changed. Read again, then change.",
        cause=text,
    )


def unavailable(failed: DBAPIError) -> DirectoryError:
    """The database cannot answer: locked, full, gone. Anything else is our own fault."""
    text = str(failed.orig)
    passing = isinstance(failed, OperationalError) or failed.connection_invalidated
    if not passing:
        raise failed
    full = "full" in text or "No space" in text
    return Unavailable(
        "storage_full" if full else "storage_unavailable",
        "The directory cannot be written just now; nothing was changed. Try again shortly.",
        cause=text,
    )
