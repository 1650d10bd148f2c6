"""Groups as SCIM Groups. Members are rows: no change of one loads or rewrites the others."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from idp.changes.intents import KEEP, Change, ChangeGroup, CreateGroup, DeleteGroup, MaybeText
from idp.directory import queries
from idp.directory.attributes import GROUP, Attribute, Record
from idp.directory.filtering import Filter
from idp.directory.views import GroupView, Stretch
from scim import tables
from scim.call import Call
from scim.cursors import Cursor
from scim.errors import invalid_value
from scim.externals import external_id
from scim.listing import Query
from scim.matching import matches
from scim.operations import Operation, read_operations
from scim.patch import member_change, member_ids, patched
from scim.projection import Projection
from scim.reading import read_resource


class Groups:
    """The resource type Group."""

    name = "Group"
    place = "Groups"

    def view(self, call: Call, resource_id: str) -> GroupView:
        """One group, without its members. Raises NotFound."""
        return queries.find_group(call.actor, resource_id)

    def views(self, _call: Call, _ids: Collection[str]) -> dict[str, Any]:
        """Nothing: no change of a group needs the group as it is."""
        return {}

    def page(self, call: Call, query: Query) -> tuple[Sequence[GroupView], int]:
        """A page of groups and how many there are in all."""
        found = queries.list_groups(call.actor, query.below())
        return found.items, found.total or 0

    def walk(self, call: Call, query: Query, cursor: Cursor) -> Stretch[GroupView]:
        """A page of groups from a place on."""
        below = query.below()
        return queries.walk_groups(call.actor, below, cursor.start, backwards=cursor.backwards)

    def texts(self, call: Call, views: Sequence[GroupView], projection: Projection) -> list[str]:
        """Groups as JSON; members are loaded only where they are shown."""
        sheet = tables.Sheet(call.language(self.name).names, projection, call.base)
        if not projection.shows("members"):
            return [tables.group_text(view, None, sheet) for view in views]
        members = queries.members_of_many(call.actor, [view.id for view in views])
        return [tables.group_text(view, members.get(view.id, ()), sheet) for view in views]

    def creation(self, call: Call) -> Change:
        """POST."""
        record = read_resource(call.body, call.language(self.name))
        members = _known(call, member_ids(record.pop("members", ())))
        foreign = external_id(record)
        return CreateGroup(
            record, members=members, external_id=foreign if isinstance(foreign, str) else None
        )

    def replacement(self, call: Call, resource_id: str, expect: int | None) -> Change:
        """PUT: exactly these members."""
        record = read_resource(call.body, call.language(self.name))
        if "displayName" not in record:
            raise invalid_value("displayName is required.")
        members = _known(call, member_ids(record.pop("members", ())))
        foreign = external_id(record)
        return ChangeGroup(
            resource_id,
            record,
            expect=expect,
            external_id=foreign,
            replace=True,
            members=members,
        )

    def modification(self, call: Call, resource_id: str, expect: int | None) -> Change | None:
        """PATCH: members as deltas, so that parallel requests lose none of each other's."""
        operations = read_operations(call.body, call.language(self.name))
        own = [o for o in operations if o.attribute.name != "members"]
        about_members = [o for o in operations if o.attribute.name == "members"]
        members = member_change(about_members, lambda term: _selected(call, resource_id, term))
        fields = patched({}, own, strict=call.tolerance.strict)
        foreign = _external_id(fields, own)
        return ChangeGroup(
            resource_id,
            fields,
            expect=expect,
            external_id=foreign,
            members=KEEP if members.exactly is None else _known(call, members.exactly),
            add=_known(call, members.add),
            remove=tuple(members.remove),
        )

    def deletion(self, resource_id: str, expect: int | None) -> Change:
        """DELETE."""
        return DeleteGroup(resource_id, expect=expect)

    def silent(self, call: Call) -> bool:
        """Entra wants 204 for a changed group, unless it asks for attributes (§3.5.2)."""
        return call.tolerance.profile == "entra" and "attributes" not in call.args


def _known(call: Call, ids: Iterable[str]) -> tuple[str, ...]:
    """Each member once; where the profile says so, only those who are there.

    In a Bulk request members may be about to be made, and one operation's refusal loses no other.
    """
    wanted = list(dict.fromkeys(ids))
    if call.held is not None:
        return tuple(wanted)
    return tuple(call.tolerance.known(wanted, lambda some: queries.existing(call.actor, some)))


def _external_id(fields: Record, operations: Iterable[Operation]) -> MaybeText:
    """The client's name for the group, where the operations speak of it."""
    if not any(o.attribute.name == "externalId" for o in operations):
        return KEEP
    changed = external_id(fields)
    return None if changed is KEEP else changed


def _selected(call: Call, group_id: str, term: Filter) -> list[str]:
    """The members that a filter selects by something else than their id."""
    call.settled(group_id)
    attribute = _members_attribute()
    found = []
    for member in queries.members_of(call.actor, group_id, limit=None).items:
        entry: dict[str, Any] = {
            "value": member.id,
            "type": member.kind,
            "display": member.display,
        }
        if matches(term, entry, attribute):
            found.append(member.id)
    return found


def _members_attribute() -> Attribute:
    return next(a for a in GROUP.attributes if a.name == "members")


GROUPS = Groups()
