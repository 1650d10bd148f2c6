"""What reads return: frozen, free of the database, safe to keep and to hand to a template."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from idp.directory.attributes import Record, Vocabulary
from idp.directory.filtering import Filter

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of a list: `next_cursor` leads on, None ends it; `total` where it was asked for."""

    items: Sequence[Item]
    next_cursor: str | None = None
    total: int | None = None


@dataclass(frozen=True)
class UserView:
    """A person. `document` is the record as JSON text, ready to be sent; `record` is it parsed."""

    id: str
    user_name: str
    shown_name: str
    active: bool
    blocked: bool
    deleted: bool
    source_id: str
    version: int
    created: datetime
    last_modified: datetime
    last_sign_in: datetime | None
    title: str | None
    department: str | None
    manager_id: str | None
    document: str
    owners: dict[str, str] = field(default_factory=dict)
    external_id: str | None = None

    @cached_property
    def record(self) -> Record:
        """The person's attributes in SCIM's names."""
        made: Record = json.loads(self.document)
        return made

    @property
    def status(self) -> str:
        """One word for where the person stands: deleted, blocked, disabled or active."""
        if self.deleted:
            return "deleted"
        if self.blocked:
            return "blocked"
        return "active" if self.active else "disabled"

    @property
    def email(self) -> str | None:
        """The primary e-mail address, or the first."""
        emails = self.record.get("emails") or []
        chosen = next((e for e in emails if e.get("primary")), emails[0] if emails else None)
        return chosen.get("value") if chosen else None


# What is shown of people that no record holds, and that is loaded only where it is shown.
DERIVED = frozenset({"entitlements", "groups"})


class ShownUser(NamedTuple):
    """A person as answers show them, in the order of the columns that are read.

    `document` is the record as JSON text, ready to be sent, and `group_rows` a JSON list of what
    `groups` says: a page of a hundred people parses neither. `entitlement_rows` is a JSON list of
    what `entitlements` says.
    """

    id: str
    user_name: str
    version: int
    created: str  # RFC 3339
    last_modified: str
    document: str
    external_id: str | None
    manager_id: str | None
    manager_name: str | None  # where the manager exists
    entitlement_rows: str | None  # where they were asked for; then by their names in order
    group_rows: str | None

    @property
    def record(self) -> Record:
        """The person's attributes in SCIM's names."""
        made: Record = json.loads(self.document)
        return made

    @property
    def groups(self) -> "list[GroupRef]":
        """The groups the person belongs to, by name."""
        if not self.group_rows or self.group_rows == "[]":
            return []
        rows = sorted(json.loads(self.group_rows), key=itemgetter(0))
        return [GroupRef(id_, name, direct is not None) for _, id_, name, direct in rows]

    @property
    def entitlements(self) -> list[tuple[str, list[str]]]:
        """(SKU, names of its plans that are off) of what the person may use now."""
        if not self.entitlement_rows or self.entitlement_rows == "[]":
            return []
        return [(sku_id, json.loads(off)) for sku_id, off in json.loads(self.entitlement_rows)]


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group without its members."""

    id: str
    display_name: str
    source_id: str
    version: int
    created: datetime
    last_modified: datetime
    owners: dict[str, str]
    external_id: str | None = None
    member_count: int | None = None


@dataclass(frozen=True, slots=True)
class GroupRef:
    """A group that somebody belongs to; directly, or through others."""

    id: str
    display_name: str
    direct: bool


@dataclass(frozen=True, slots=True)
class MemberView:
    """A direct member: a person or a group."""

    id: str
    kind: str
    display: str
    user_name: str | None
    source_id: str


@dataclass(frozen=True, slots=True)
class RoleView:
    """Somebody holds a role."""

    id: str
    role: str
    user_id: str
    user_name: str
    shown_name: str
    scope_group_id: str | None
    scope_name: str | None
    expires_at: datetime | None
    last_sign_in: datetime | None


@dataclass(frozen=True, slots=True)
class SessionView:
    """Somebody is signed in at a browser."""

    id: str
    created: datetime
    last_seen: datetime
    expires_at: datetime
    strength: str
    ip: str
    user_agent: str
    current: bool


def _state(revoked_at: datetime | None, expires_at: datetime | None, moment: datetime) -> str:
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= moment else "active"


@dataclass(frozen=True, slots=True)
class TokenView:
    """A bearer token, without its secret."""

    id: str
    hint: str
    scope: str
    created: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def state(self, moment: datetime) -> str:
        """One word: active, expired or revoked."""
        return _state(self.revoked_at, self.expires_at, moment)


@dataclass(frozen=True, slots=True)
class SecretView:
    """A client secret without the secret, or a key; `kind` is "secret" or "key"."""

    id: str
    kind: str
    hint: str
    thumbprint: str | None
    jwk: dict[str, Any] | None
    scope: str
    created: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def state(self, moment: datetime) -> str:
        """One word: active, expired or revoked."""
        return _state(self.revoked_at, self.expires_at, moment)


@dataclass(frozen=True, slots=True)
class ClientView:
    """A connection at the token endpoint, by one of its secrets or keys; `id` is its client_id."""

    id: str
    org_id: str
    name: str
    secret_id: str
    scope: str
    jwk: dict[str, Any] | None
    api_scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A partner system."""

    id: str
    org_id: str
    kind: str
    name: str
    profile: str
    entity_id: str | None
    settings: dict[str, Any]
    enabled: bool
    version: int
    created: datetime
    last_modified: datetime
    last_used_at: datetime | None
    quarantined_at: datetime | None
    waiting: int = 0  # people who wait to be linked; known where one connection is asked for


@dataclass(frozen=True, slots=True)
class Caller:
    """Who stands behind a bearer token: a connection of one organization."""

    token_id: str
    token_last_used: datetime | None
    scope: str
    connection_id: str
    connection_name: str
    profile: str
    settings: dict[str, Any]
    org_id: str
    org_slug: str
    vocabulary: Vocabulary
    quarantined_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrganizationView:
    """An organization with its domains."""

    id: str
    slug: str
    name: str
    created: datetime
    version: int
    settings: dict[str, Any]
    domains: tuple["DomainView", ...]


@dataclass(frozen=True, slots=True)
class DomainView:
    """A domain of an organization."""

    id: str
    name: str
    built_in: bool
    is_default: bool
    verified: bool


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list of people or groups: by filter, in an order, a page by index (1-based) and count.

    `want` names the top-level attributes that will be shown, None for all: what is not wanted is
    not loaded. `count` 0 asks for the total alone. `sort_kind` tells of an organization's own
    attribute that its values are sorted as "number" or by case ("exact").
    """

    filter: Filter | None = None
    sort_by: str | None = None
    descending: bool = False
    start: int = 1
    count: int = 100
    want: frozenset[str] | None = None
    sort_kind: str = ""

    @property
    def derived(self) -> frozenset[str]:
        """What of `DERIVED` will be shown, and so has to be loaded."""
        return DERIVED if self.want is None else DERIVED & self.want


@dataclass(frozen=True, slots=True)
class StreamView:
    """An event stream of a connection; `authorization` is sealed."""

    id: str
    org_id: str
    connection_id: str
    delivery: str
    endpoint: str
    authorization: str = field(repr=False)
    audience: str
    detail: str
    groups: list[Any]
    refused: int
    last_refusal: str
    created: datetime


Scalar = str | bool | int | float | Decimal | datetime | None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an order, right at one item: the value sorted by (None: unassigned) and the id."""

    value: Scalar
    id: str


@dataclass(frozen=True, slots=True)
class Stretch(Generic[Item]):
    """Some of a list from a position on: where it begins and ends, and whether more follows.

    `more` looks in the direction of the walk: after the last item, or before the first.
    """

    items: Sequence[Item]
    first: Position | None = None
    last: Position | None = None
    more: bool = False
