"""Who has the names, foreign names and domains that a batch brings: one question about all."""

from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    literal_column,
    select,
    union_all,
)

from idp.changes.batch import Batch, Row
from idp.directory.connections import Link
from idp.directory.domains import Domain
from idp.directory.groups import Group
from idp.directory.sets import among
from idp.directory.users import User
from idp.directory.values import domain_and_parents, domain_of

_USERS = User.__table__.c
_GROUPS = Group.__table__.c
_LINKS = Link.__table__.c
_HERE: BindParameter[str] = bindparam("org")
_CONNECTION: BindParameter[str] = bindparam("connection")
_USER: ColumnElement[str] = literal_column("'User'")
_GROUP: ColumnElement[str] = literal_column("'Group'")
_NOTHING: ColumnElement[str] = literal_column("''")


def _claim(what: str, kind: Any, name: Any, holder: Any, source: Any) -> Select[Any]:
    columns: tuple[Any, ...] = (literal_column(f"'{what}'"), kind, name, holder, source)
    labels = ("what", "kind", "name", "id", "source")
    return select(*(c.label(label) for c, label in zip(columns, labels, strict=True)))


def _named_by(kind: Any) -> ColumnElement[bool]:
    within = ((_LINKS.connection_id, _CONNECTION), (_LINKS.kind, kind))
    return among(_LINKS.foreign_id, "foreign_ids", *within)


_CLAIMS = union_all(
    _claim("name", _USER, _USERS.user_name_key, _USERS.id, _USERS.source).where(
        among(_USERS.user_name_key, "user_names", (_USERS.org_id, _HERE)),
        _USERS.deleted_at.is_(None),
    ),
    _claim("name", _GROUP, _GROUPS.display_name_key, _GROUPS.id, _GROUPS.source).where(
        among(_GROUPS.display_name_key, "group_names", (_GROUPS.org_id, _HERE))
    ),
    _claim("link", _LINKS.kind, _LINKS.foreign_id, _LINKS.subject_id, _NOTHING).where(
        _named_by(_USER) | _named_by(_GROUP)
    ),
    _claim("domain", _NOTHING, Domain.name, _NOTHING, _NOTHING).where(
        Domain.org_id != _HERE, Domain.verified_at.is_not(None), among(Domain.name, "domains")
    ),
)


def load(batch: Batch) -> None:
    """Fill the batch with those who have what it brings."""
    needs, connection_id = batch.needs, batch.actor.connection_id
    foreign_ids = needs.foreign_ids if connection_id else set()
    if not (needs.user_names or needs.group_names or foreign_ids):
        return
    domains = {d for name in needs.user_names for d in domain_and_parents(domain_of(name))}
    for row in batch.ask(
        _CLAIMS,
        user_names=needs.user_names,
        group_names=needs.group_names,
        connection=connection_id or "",
        foreign_ids=foreign_ids,
        domains=domains,
    ):
        _take_claim(batch, row)


def _take_claim(batch: Batch, row: Row) -> None:
    if row["what"] == "link":
        batch.foreign[row["kind"], row["name"]] = row["id"]
    elif row["what"] == "domain":
        batch.domains_of_others.add(row["name"])
    elif row["kind"] == "User":
        batch.names_taken[row["name"]] = {"id": row["id"], "source": row["source"]}
    else:
        batch.group_names_taken[row["name"]] = row["id"]
