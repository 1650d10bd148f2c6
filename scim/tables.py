"""Records -> SCIM JSON (RFC 7643 §3, §4).

A person's record is stored as the JSON that clients see. What only the server knows (id, meta,
groups, the manager's name) is put around and into that text, so a page of a hundred people is a
hundred joins of strings. Only a projection makes us parse it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from idp.clock import rfc3339
from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.directory.views import GroupRef, GroupView, MemberView, UserView
from scim.listing import dump
from scim.paths import Names
from scim.projection import Projection

_ENTERPRISE = f'"{ENTERPRISE_SCHEMA}":{{'
_MANAGER = '"manager":{"value":'


@dataclass(frozen=True, slots=True)
class Sheet:
    """How the resources of one answer are shown: names, projection, and where they are."""

    names: Names
    projection: Projection
    base: str

    def shows(self, path: str) -> bool:
        """Whether a sub-attribute that only the server knows is to be shown."""
        target = self.names.find(path)
        return (
            target is not None
            and target.sub is not None
            and self.projection.shows_part(path, target.sub)
        )


def user_text(view: UserView, groups: Sequence[GroupRef], manager: str | None, sheet: Sheet) -> str:
    """A person as SCIM JSON. `manager` is the manager's name, where they are known."""
    text = _around(view, _document(view, manager, sheet.base), sheet)
    if groups and sheet.projection.shows("groups"):
        text = f'{text[:-1]},"groups":{dump([_group_ref(g, sheet.base) for g in groups])}}}'
    return _projected(text, sheet)


def group_text(view: GroupView, members: Iterable[MemberView] | None, sheet: Sheet) -> str:
    """A group as SCIM JSON; `members` is None where they are not shown, and so were not loaded."""
    text = _around(view, dump({"displayName": view.display_name}), sheet)
    if members is not None:
        named = sheet.shows("members.display")
        listed = ",".join(_member(member, sheet.base, named) for member in members)
        if listed:  # [] and absent are the same (RFC 7643 §2.5)
            text = f'{text[:-1]},"members":[{listed}]}}'
    return _projected(text, sheet)


def _around(view: UserView | GroupView, document: str, sheet: Sheet) -> str:
    """A record's text with what every resource has (RFC 7643 §3.1)."""
    kind = sheet.names.kind
    external = f',"externalId":{dump(view.external_id)}' if view.external_id else ""
    meta = (
        f'{{"resourceType":"{kind}","created":"{rfc3339(view.created)}",'
        f'"lastModified":"{rfc3339(view.last_modified)}",'
        f'"location":"{sheet.base}/{kind}s/{view.id}","version":"W/\\"{view.version}\\""}}'
    )
    schemas = dump(_schemas(document, sheet.names))
    return f'{{"schemas":{schemas},"id":"{view.id}"{external},{document[1:-1]},"meta":{meta}}}'


def _schemas(document: str, names: Names) -> list[str]:
    """The core schema, and the extensions that the resource has attributes of (RFC 7643 §3)."""
    # Inside a value each quotation mark is escaped, so this finds keys alone.
    present = (s.urn for s in names.extensions if f'"{s.urn}":{{' in document)
    return [names.core.urn, *present]


def _document(view: UserView, manager: str | None, base: str) -> str:
    """The stored record, with what the server knows of the manager put into it."""
    text = view.document
    if manager is None:  # nobody, or somebody who has not arrived yet
        return text
    extension = text.find(_ENTERPRISE)
    start = text.find(_MANAGER, extension)
    end = text.find("}", start) if start >= 0 else -1
    if extension < 0 or end < 0:
        return text
    known = {"$ref": f"{base}/Users/{view.manager_id}", "displayName": manager}
    return f"{text[:end]},{dump(known)[1:-1]}{text[end:]}"


def _group_ref(group: GroupRef, base: str) -> dict[str, str]:
    return {
        "value": group.id,
        "$ref": f"{base}/Groups/{group.id}",
        "display": group.display_name,
        "type": "direct" if group.direct else "indirect",
    }


def _member(member: MemberView, base: str, named: bool) -> str:
    display = f'"display":{dump(member.display)},' if named else ""
    return (
        f'{{"value":"{member.id}","$ref":"{base}/{member.kind}s/{member.id}",'
        f'{display}"type":"{member.kind}"}}'
    )


def _projected(text: str, sheet: Sheet) -> str:
    if sheet.projection.everything:
        return text
    shown = sheet.projection.apply(json.loads(text))
    extensions = {schema.urn for schema in sheet.names.extensions}
    shown["schemas"] = [u for u in shown["schemas"] if u in shown or u not in extensions]
    return dump(shown)
