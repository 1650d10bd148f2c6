"""One batch of changes in the making: what was loaded, what it will look like, what to write down.

Handlers edit `after`; consequences look at `before` and `after`; the store writes the difference.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Table, select
from sqlalchemy.orm import Session

from idp.changes.intents import Change
from idp.directory.actors import Actor
from idp.directory.attributes import CORE, Flat, Vocabulary
from idp.directory.roles import GLOBAL_ADMINISTRATOR, RoleAssignment
from idp.postgresql import PLANNED_ANEW

Row = dict[str, Any]
Keys = tuple[tuple[str, bool], ...]


@dataclass(slots=True)
class Result:
    """What became of one change: the id it was about, its version, and what it yields."""

    id: str = ""
    version: int = 0
    changed: bool = False
    created: bool = False
    secret: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Person:
    """A person in the batch. `flat` is the record; `row` the rest (version, owners…)."""

    id: str
    before: Row | None  # the row as loaded
    flat_before: Flat
    row: Row
    flat: Flat
    external_id: str | None = None  # under the acting connection
    external_id_before: str | None = None
    index: int | None = None  # the first change that names this person
    replaced: bool = False  # by a change that says all that its source knows of them (PUT)

    @property
    def is_new(self) -> bool:
        """Whether this batch makes the person."""
        return self.before is None

    @property
    def gone(self) -> bool:
        """Whether the person is, after this batch, deleted."""
        return self.row["deleted_at"] is not None

    def may_sign_in(self) -> bool:
        """Whether, after this batch, the person is active, not blocked and not deleted."""
        row = self.row
        return (
            bool(self.flat.get("active"))
            and row["blocked_at"] is None
            and row["deleted_at"] is None
        )

    def states(self) -> tuple[str, str]:
        """Where the person stood, and stands, in the census; "" is nowhere."""
        return _state(self.before, (self.before or {}).get("active")), _state(
            self.row, self.flat.get("active")
        )

    def could_sign_in(self) -> bool:
        """The same, before this batch."""
        row = self.before
        return row is not None and bool(
            row["active"] and row["blocked_at"] is None and row["deleted_at"] is None
        )


@dataclass(slots=True)
class Team:
    """A group in the batch."""

    id: str
    before: Row | None
    row: Row
    external_id: str | None = None
    external_id_before: str | None = None
    deleted: bool = False
    members_changed: bool = False
    index: int | None = None
    replaced: bool = False


@dataclass(slots=True)
class Held:
    """A row in the batch, as it was and as it will be; `row` None is gone, `before` None is new."""

    before: Row | None
    row: Row | None


@dataclass(slots=True)
class Note:
    """An audit entry and event in the making. `diff` is {path: [before, after]}, no secrets."""

    action: str  # past tense: "user.created"
    target_kind: str
    target_id: str
    target_name: str
    diff: Mapping[str, Any]
    related_kind: str = ""
    related_id: str = ""
    related_name: str = ""


@dataclass(slots=True)
class Needs:
    """What the changes of a batch name: everything is loaded once, in sets."""

    users: set[str] = field(default_factory=set)
    deleted_users: bool = False  # a restore looks at deleted people too
    groups: set[str] = field(default_factory=set)
    user_names: set[str] = field(default_factory=set)
    group_names: set[str] = field(default_factory=set)
    foreign_ids: set[str] = field(default_factory=set)
    arriving: set[str] = field(default_factory=set)  # foreign ids, and
    arriving_names: set[str] = field(default_factory=set)  # names, of people to be created
    members: set[str] = field(default_factory=set)  # ids that should be people or groups
    edges: set[tuple[str, str]] = field(default_factory=set)  # (group, member) that may be there
    all_members_of: set[str] = field(default_factory=set)
    memberships: bool = False  # memberships change
    graph: bool = False  # groups may join or leave groups
    roles_of: set[str] = field(default_factory=set)
    role_assignments: set[str] = field(default_factory=set)
    everybodys_roles: bool = False
    leaving: set[str] = field(default_factory=set)  # who may lose the ability to sign in
    links: set[str] = field(default_factory=set)  # token hashes of one-time links
    connections: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    secrets_of: set[str] = field(default_factory=set)  # all of some connections
    grants: set[str] = field(default_factory=set)  # SKUs of which grants change
    grants_of: set[str] = field(default_factory=set)  # people all of whose own grants may change
    requests: set[str] = field(default_factory=set)  # licence requests that are decided
    requests_of: set[str] = field(default_factory=set)  # people who ask for a licence
    alone: bool = False  # nobody else's change of roles, groups or grants at the same time
    subscriptions: set[str] = field(default_factory=set)
    paid_ahead: set[str] = field(default_factory=set)  # whose invoices may be credited
    offers: set[str] = field(default_factory=set)  # of which an organization has one trial
    agreements: set[str] = field(default_factory=set)
    invoices: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Batch:
    """All that one `apply` holds in memory. See `apply` for the order in which it is filled."""

    actor: Actor
    session: Session
    connection: Connection  # the session's own, for statements that were made once, at import
    now: datetime
    changes: tuple[Change, ...]
    vocabulary: Vocabulary = CORE
    index: int = 0  # the change in hand
    needs: Needs = field(default_factory=Needs)
    results: list[Result] = field(default_factory=list)

    users: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Team] = field(default_factory=dict)
    names_taken: dict[str, Row] = field(default_factory=dict)  # user_name_key -> {id, source…}
    group_names_taken: dict[str, str] = field(default_factory=dict)
    foreign: dict[tuple[str, str], str] = field(default_factory=dict)  # (kind, foreign id) -> id
    adopted: set[str] = field(default_factory=set)  # people linked, whom no POST has met yet
    meant: dict[str, str] = field(default_factory=dict)  # id given to a creation -> who it means
    brake_open: bool = False  # something that the connection took away still counts
    domains_of_others: set[str] = field(default_factory=set)  # proven, of those that names lie in
    member_kinds: dict[str, tuple[str, str]] = field(default_factory=dict)  # id -> kind, name
    edges: dict[tuple[str, str], Row] = field(default_factory=dict)  # memberships known to be there
    added: dict[tuple[str, str], Row] = field(default_factory=dict)
    removed: dict[tuple[str, str], Row] = field(default_factory=dict)
    roles: dict[str, list[Row]] = field(default_factory=dict)  # user id -> assignments in force
    assignments: dict[str, Row] = field(default_factory=dict)
    administrators: set[str] = field(default_factory=set)  # who is Global Administrator before
    roles_changed: bool = False
    role_targets: set[str] = field(default_factory=set)  # whose roles the batch changes
    parents: dict[str, set[str]] = field(
        default_factory=dict
    )  # group -> groups it is in, as will be
    passwords_changed: dict[str, str | None] = field(default_factory=dict)  # user -> session kept
    new_passwords: set[str] = field(default_factory=set)
    # (permission, user) -> whether in the scope of the actor's permission
    covered: dict[tuple[str, str], bool] = field(default_factory=dict)
    scoping_groups: set[str] = field(default_factory=set)  # groups in hand that scope a role
    sources: dict[str, str | None] = field(default_factory=dict)  # owner -> name; None: detached

    links: dict[str, Row] = field(default_factory=dict)  # token hash -> one-time link
    connections: dict[str, Row] = field(default_factory=dict)
    secrets: dict[str, Row] = field(default_factory=dict)

    catalogue_version: str = ""
    licensed: bool = False  # the organization grants something to somebody
    joined: set[tuple[str, str]] = field(default_factory=set)  # (group, user) in effect, new
    left: set[tuple[str, str]] = field(default_factory=set)
    grants: dict[str, Held] = field(default_factory=dict)
    # (SKU, kind, principal) -> its grant among these; None: taken back
    grants_by: dict[tuple[str, str, str], Held | None] = field(default_factory=dict)
    requests: dict[str, Row] = field(default_factory=dict)  # licence requests, by id
    requestable: set[str] = field(default_factory=set)  # SKUs of which there are units
    already: set[tuple[str, str]] = field(default_factory=set)  # (who asks, SKU held)
    insisted: dict[tuple[str, str], int] = field(default_factory=dict)  # (user, SKU) -> change
    # (user, or "" for many, SKU) -> the change that takes it back
    withdrawn: dict[tuple[str, str], int] = field(default_factory=dict)
    reviewed: set[str] = field(default_factory=set)  # people whose seats are looked at again
    unhurried: bool = False  # a turn of the worker: as many seats as it names, none put off
    subscriptions: dict[str, Held] = field(default_factory=dict)
    claimed: Counter[str] = field(default_factory=Counter)  # units taken, less those given back
    seated: set[str] = field(default_factory=set)  # people whose seats were decided already
    pools_due: set[str] = field(default_factory=set)  # brought up to date when a unit was asked for
    pools_moved: set[str] = field(default_factory=set)  # SKUs whose units may have changed
    ended: set[str] = field(default_factory=set)  # SKUs of which a subscription was deleted
    offers_had: set[str] = field(default_factory=set)  # of those asked for, ever subscribed to
    agreements: dict[str, Held] = field(default_factory=dict)
    invoices: dict[str, Row] = field(default_factory=dict)  # each with `left` to credit or pay
    paid_ahead: dict[str, list[Row]] = field(default_factory=dict)  # subscription -> lines
    issued: list[tuple[Row, list[Row]]] = field(default_factory=list)  # invoices and their lines

    inserts: dict[Table, list[Row]] = field(default_factory=dict)
    # Keyed by table, key columns (True where the key is NULL) and set columns: one statement each.
    updates: dict[tuple[Table, Keys, tuple[str, ...]], list[Row]] = field(default_factory=dict)
    deletes: dict[tuple[Table, Keys], list[Row]] = field(default_factory=dict)
    # Names given up before they are claimed, by table and column.
    first_updates: dict[tuple[Table, str], list[Row]] = field(default_factory=dict)
    census: Counter[str] = field(default_factory=Counter)  # by how much each count changes
    notes: list[Note] = field(default_factory=list)
    entries: tuple[int, int] | None = None  # the first and last audit entry that this batch made
    mails: list[Row] = field(default_factory=list)  # deliveries that are not for everybody to read

    @property
    def org_id(self) -> str:
        """The one organization of this batch."""
        return self.actor.org_id

    def ask(self, statement: Executable, **values: Any) -> list[Row]:
        """The rows that a statement finds; its parameter `org` is the batch's organization."""
        values["org"] = self.org_id
        found = self.connection.execute(statement, values, execution_options=PLANNED_ANEW)
        names = tuple(found.keys())
        return [dict(zip(names, row, strict=True)) for row in found]

    def insert(self, table: Any, row: Row) -> None:
        """Add a row when the batch is stored."""
        self.inserts.setdefault(_table(table), []).append(row)

    def update(self, table: Any, key: Row, values: Row) -> None:
        """Set columns of the row with this key when the batch is stored."""
        place = (_table(table), _keys(key), tuple(values))
        self.updates.setdefault(place, []).append(_bound(key) | values)

    def give_up(self, table: Any, column: str, row_id: str) -> None:
        """Put a name aside, before anything else is stored, that another row will take."""
        freed = {"key_id": row_id, "freed": f"\x7f{row_id}"}
        self.first_updates.setdefault((_table(table), column), []).append(freed)

    def delete(self, table: Any, key: Row) -> None:
        """Remove the rows with this key when the batch is stored."""
        self.deletes.setdefault((_table(table), _keys(key)), []).append(_bound(key))

    def note(
        self, action: str, target: tuple[str, str, str], diff: Mapping[str, Any], **more: str
    ) -> None:
        """Write an audit entry and an event about (kind, id, name)."""
        self.notes.append(Note(action, *target, diff, **more))

    def load_roles_of(self, user_id: str) -> None:
        """The roles of somebody whom only a handler came to know."""
        table = RoleAssignment.__table__
        statement = select(table).where(table.c.user_id == user_id, table.c.org_id == self.org_id)
        self.roles[user_id] = [dict(row) for row in self.session.execute(statement).mappings()]

    def loses(self, role: Row) -> None:
        """A role was taken or cut: was it one of those of which somebody must keep one?"""
        self.roles_changed |= (
            role["role"] == GLOBAL_ADMINISTRATOR and role["scope_group_id"] is None
        )

    def adopt_group(self, row: Row) -> None:
        """Take a group in hand that a consequence touches."""
        self.groups[row["id"]] = Team(row["id"], row, dict(row))

    def name_of(self, user_id: str) -> str:
        """A person's user name, where the person is in hand."""
        who = self.users.get(user_id)
        return str(who.flat.get("userName", "")) if who else ""

    def power_may_shrink(self) -> bool:
        """Whether a Global Administrator may be lost: only then is the rule's question asked."""
        return self.roles_changed or self.index_of_shrinking() is not None

    def index_of_shrinking(self) -> int | None:
        """The last change that takes an administrator's ability to sign in, if any."""
        return max(
            (
                who.index
                for who in self.users.values()
                if who.index is not None
                and who.could_sign_in()
                and not who.may_sign_in()
                and who.id in self.administrators
            ),
            default=None,
        )

    def living_users(self) -> Iterable[Person]:
        """The people in hand who are not deleted."""
        return (person for person in self.users.values() if not person.gone)


def _state(row: Row | None, active: Any) -> str:
    if row is None or row["deleted_at"] is not None:
        return ""
    if row["blocked_at"] is not None:
        return "blocked"
    return "active" if active else "disabled"


def _keys(key: Row) -> Keys:
    return tuple((name, value is None) for name, value in key.items())


def _bound(key: Row) -> Row:
    return {f"key_{name}": value for name, value in key.items() if value is not None}


def _table(model: Any) -> Table:
    return model if isinstance(model, Table) else model.__table__
