"""Records -> SCIM JSON (RFC 7643 §3, §4).

A person's record is stored as the JSON that clients see. What only the server knows (id, meta,
groups, the manager's name) is put around and into that text, so a page of a hundred people is a
hundred joins of strings. Only a projection makes us parse it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from idp.clock import rfc3339
from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.directory.views import GroupRef, GroupView, MemberView, ShownUser
from idp.licensing.entitlements import Value, joined
from scim.listing import dump
from scim.paths import Names
from scim.projection import Projection

_ENTERPRISE = f'"{ENTERPRISE_SCHEMA}":{{'
_MANAGER = '"manager":{"value":'
_ENTITLEMENTS = '"entitlements":'


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


def user_text(view: ShownUser, sheet: Sheet, entitlements: Sequence[Value] = ()) -> str:
    """A person as SCIM JSON, with the values of `entitlements` that follow from their seats."""
    document = _document(view, sheet.base) if view.manager_name is not None else view.document
    if entitlements:
        document = _entitled(document, entitlements)
    text = _around(view, document, view.created, view.last_modified, sheet)
    groups = view.groups if view.group_rows and sheet.projection.shows("groups") else None
    if groups:
        text = f'{text[:-1]},"groups":{dump([_group_ref(g, sheet.base) for g in groups])}}}'
    return _projected(text, sheet)


def group_text(view: GroupView, members: Iterable[MemberView] | None, sheet: Sheet) -> str:
    """A group as SCIM JSON; `members` is None where they are not shown, and so were not loaded."""
    document = dump({"displayName": view.display_name})
    created, last_modified = rfc3339(view.created), rfc3339(view.last_modified)
    text = _around(view, document, created, last_modified, sheet)
    if members is not None:
        named = sheet.shows("members.display")
        listed = ",".join(_member(member, sheet.base, named) for member in members)
        if listed:  # [] and absent are the same (RFC 7643 §2.5)
            text = f'{text[:-1]},"members":[{listed}]}}'
    return _projected(text, sheet)


def _around(
    view: ShownUser | GroupView, document: str, created: str, last_modified: str, sheet: Sheet
) -> str:
    """A record's text with what every resource has (RFC 7643 §3.1)."""
    frame = _frame(sheet.names, sheet.base)
    external = f',"externalId":{dump(view.external_id)}' if view.external_id else ""
    return (
        f'{frame.schemas(document)},"id":"{view.id}"{external},{document[1:-1]},'
        f'{frame.meta},"created":"{created}","lastModified":"{last_modified}",'
        f'"location":"{frame.place}{view.id}","version":"W/\\"{view.version}\\""}}}}'
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """What is the same around all resources of a type."""

    core: str
    extensions: tuple[tuple[str, str], ...]  # how an extension begins, and its name
    meta: str
    place: str

    def schemas(self, document: str) -> str:
        """The core schema, and the extensions that the resource has attributes of (§3)."""
        # Inside a value each quotation mark is escaped, so this finds keys alone.
        present = [name for begin, name in self.extensions if begin in document]
        return f'{{"schemas":[{",".join((self.core, *present))}]'


@lru_cache(maxsize=1024)
def _frame(names: Names, base: str) -> _Frame:
    return _Frame(
        core=dump(names.core.urn),
        extensions=tuple((f"{dump(s.urn)}:{{", dump(s.urn)) for s in names.extensions),
        meta=f'"meta":{{"resourceType":{dump(names.kind)}',
        place=f"{base}/{names.kind}s/",
    )


def _document(view: ShownUser, base: str) -> str:
    """The stored record, with what the server knows of the manager put into it."""
    text = view.document
    extension = text.find(_ENTERPRISE)
    start = text.find(_MANAGER, extension)
    end = text.find("}", start) if start >= 0 else -1
    if extension < 0 or end < 0:
        return text
    known = {"$ref": f"{base}/Users/{view.manager_id}", "displayName": view.manager_name}
    return f"{text[:end]},{dump(known)[1:-1]}{text[end:]}"


def _entitled(document: str, derived: Sequence[Value]) -> str:
    """A record with what follows from seats, beside what is kept of the same attribute."""
    if _ENTITLEMENTS in document:  # rare: sources seldom send any
        record = json.loads(document)
        return dump(record | {"entitlements": joined(record.get("entitlements", ()), derived)})
    return f"{document[:-1]},{_ENTITLEMENTS}{dump(derived)}}}"


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
