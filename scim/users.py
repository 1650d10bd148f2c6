"""People as SCIM Users: how requests become intents, and views become text."""

from collections.abc import Collection, Sequence
from typing import Any

from idp.changes.intents import KEEP, Change, ChangeUser, CreateUser, DeleteUser, MaybeText
from idp.directory import queries
from idp.directory.attributes import Flat, Record, flatten
from idp.directory.errors import not_found
from idp.directory.passwords import hash_password
from idp.directory.views import ShownUser, Stretch
from idp.licensing import queries as licensing
from idp.licensing.entitlements import shown
from scim import tables
from scim.call import Call
from scim.cursors import Cursor
from scim.errors import invalid_value
from scim.externals import external_id
from scim.listing import Query
from scim.operations import read_operations
from scim.patch import patched
from scim.projection import Projection
from scim.reading import read_resource


class Users:
    """The resource type User."""

    name = "User"
    place = "Users"

    def view(self, call: Call, resource_id: str) -> ShownUser:
        """One person. Raises NotFound."""
        if call.held is None:
            derived = call.projection(self.name).derived()
            return queries.show_user(call.actor, resource_id, derived)
        found: ShownUser | None = call.held.get(resource_id)
        if found is None:
            raise not_found("user")
        return found

    def views(self, call: Call, ids: Collection[str]) -> dict[str, Any]:
        """Those of these people who are there, at once: a PATCH starts from how they are."""
        return dict(queries.show_users(call.actor, ids, frozenset()))

    def page(self, call: Call, query: Query) -> tuple[Sequence[ShownUser], int]:
        """A page of people and how many there are in all."""
        found = queries.list_users(call.actor, query.below())
        return found.items, found.total or 0

    def walk(self, call: Call, query: Query, cursor: Cursor) -> Stretch[ShownUser]:
        """A page of people from a place on."""
        below = query.below()
        return queries.walk_users(call.actor, below, cursor.start, backwards=cursor.backwards)

    def texts(self, call: Call, views: Sequence[ShownUser], projection: Projection) -> list[str]:
        """People as JSON."""
        sheet = tables.Sheet(call.language(self.name).names, projection, call.base)
        held = [view.entitlements if projection.shows("entitlements") else () for view in views]
        known = licensing.catalogue() if any(held) else None
        return [
            tables.user_text(view, sheet, shown(has, known) if known else ())
            for view, has in zip(views, held, strict=True)
        ]

    def creation(self, call: Call) -> Change:
        """POST."""
        record = read_resource(call.body, call.language(self.name))
        foreign = external_id(record)
        password_hash = _password_hash(record, call)
        return CreateUser(
            flatten(record),
            external_id=foreign if isinstance(foreign, str) else None,
            password_hash=password_hash,
        )

    def replacement(self, call: Call, resource_id: str, expect: int | None) -> Change:
        """PUT: what is not there is cleared; but the client's own name for the person stays."""
        record = read_resource(call.body, call.language(self.name))
        if "userName" not in record:
            raise invalid_value("userName is required.")
        foreign = external_id(record)
        password_hash = _password_hash(record, call)
        return ChangeUser(
            resource_id,
            flatten(record),
            expect=expect,
            external_id=foreign,
            replace=True,
            password_hash=password_hash,
        )

    def modification(self, call: Call, resource_id: str, expect: int | None) -> Change | None:
        """PATCH: the difference that its operations make to the person as read."""
        operations = read_operations(call.body, call.language(self.name))
        view = self.view(call, resource_id)
        before: Record = dict(view.record)
        if view.external_id:
            before["externalId"] = view.external_id
        after = patched(before, operations, strict=call.tolerance.strict)
        foreign = _changed_external_id(before, after)
        password_hash = _password_hash(after, call)
        fields = _difference(flatten(before), flatten(after))
        if not fields and foreign is KEEP and not password_hash and expect in (None, view.version):
            call.actor.need("users.write")
            return None  # nothing to change, nothing to lock
        return ChangeUser(
            resource_id,
            fields,
            expect=view.version if expect is None else expect,
            external_id=foreign,
            password_hash=password_hash,
        )

    def deletion(self, resource_id: str, expect: int | None) -> Change:
        """DELETE."""
        return DeleteUser(resource_id, expect=expect)

    def silent(self, _call: Call) -> bool:
        """Whether a PATCH is answered without a body; clients want to see the person."""
        return False


def _difference(before: Flat, after: Flat) -> Flat:
    """What a change has to name; None clears."""
    paths = before.keys() | after.keys()
    return {p: after.get(p) for p in paths if p != "externalId" and before.get(p) != after.get(p)}


def _changed_external_id(before: Record, after: Record) -> MaybeText:
    if before.get("externalId") == after.get("externalId"):
        after.pop("externalId", None)
        return KEEP
    changed = external_id(after)
    return None if changed is KEEP else changed


# Okta and its like send a password of their own making that nobody knows: not for us.
_SENDS_PASSWORDS = frozenset({"entra", "okta", "onelogin", "google"})


def _password_hash(record: dict[str, Any], call: Call) -> str | None:
    """The hash of a password in the record, which is taken out of it."""
    password = record.pop("password", None)
    if password is None:
        return None
    if call.tolerance.strict or call.tolerance.profile in _SENDS_PASSWORDS:
        call.tolerance.forgive("an unasked-for password", "invalidValue")
        return None
    call.actor.need("users.write")  # before the work that makes a hash slow
    return hash_password(password, str(record.get("userName", "")))


USERS = Users()
