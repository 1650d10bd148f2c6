"""What a target can do and which attributes it has: ServiceProviderConfig and Schemas."""

from typing import Any

from idp.clock import now, rfc3339
from idp.directory.attributes import USER_SCHEMA
from scim.outbound.client import Client, Resource


def discover(client: Client) -> dict[str, Any]:
    """As it is kept: patch, filter, page, attributes, asked_at; what is not said is absent.

    Raises Halted where the target cannot be reached or does not let us in.
    """
    client.page("Users", 1, 1)  # discovery may answer anybody; this tells whether we are let in
    config = client.discover("ServiceProviderConfig") or {}
    found: dict[str, Any] = {"asked_at": rfc3339(now())}
    for name in ("patch", "filter", "bulk", "sort", "etag"):
        supported = _part(config, name).get("supported")
        if isinstance(supported, bool):
            found[name] = supported
    most = _part(config, "filter").get("maxResults")
    if isinstance(most, int) and most > 0:
        found["page"] = most
    attributes = _attributes(client.discover("Schemas") or {})
    if attributes:
        found["attributes"] = attributes
    return found


def _part(config: Resource, name: str) -> Resource:
    part = config.get(name)
    return part if isinstance(part, dict) else {}


def _attributes(listed: Resource) -> list[str]:
    """What a person may have there, in lower case, extensions with their URN."""
    found: set[str] = set()
    for schema in listed.get("Resources") or []:
        urn = str(schema.get("id") or "") if isinstance(schema, dict) else ""
        if not urn.lower().endswith(":user"):
            continue
        prefix = "" if urn.lower() == USER_SCHEMA.lower() else f"{urn}:"
        for attribute in schema.get("attributes") or []:
            if isinstance(attribute, dict) and attribute.get("mutability") != "readOnly":
                found.add(f"{prefix}{attribute.get('name')}".lower())
    return sorted(found) if "username" in found else []
