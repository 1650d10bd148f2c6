"""What this server can do: generated from the vocabulary (RFC 7644 §4, RFC 7643 §5 to §7).

Only the three schemas that describe discovery itself are written down (schemas/*.json): they
belong to no organization's vocabulary.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from idp.directory import queries
from idp.directory.attributes import Attribute, Schema, Vocabulary
from idp.licensing import queries as licensing
from scim.answers import Answer
from scim.bulk import MAX_OPERATIONS, MAX_PAYLOAD
from scim.call import Call
from scim.cursors import TIMEOUT
from scim.dialects import license_schema
from scim.errors import ScimError
from scim.events.telling import EVENT_URIS
from scim.listing import DEFAULT_PAGE, MAX_PAGE, dump, list_of

SCHEMA_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
RESOURCE_TYPE_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
CONFIG_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_ABOUT_DISCOVERY = ("service_provider_config", "resource_type", "schema")

Json = dict[str, Any]

_SCHEMES: list[Json] = [
    {
        "type": "oauthbearertoken",
        "name": "Bearer token",
        "description": "A connection's token, made in the portal or by flask scim connect.",
        "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
        "primary": True,
    },
    {
        "type": "oauth2",
        "name": "OAuth 2.0 client credentials",
        "description": (
            "A short-lived access token for a connection's client secret or key, with the "
            "scopes scim.read and scim.write. The organization's metadata (RFC 8414) "
            "tells where: flask org show."
        ),
        "specUri": "https://www.rfc-editor.org/rfc/rfc6749",
        "documentationUri": "https://www.rfc-editor.org/rfc/rfc8414",
        "primary": False,
    },
]


def service_provider_config(base: str, *, strict: bool = False) -> Json:
    """What is supported. Every member is there: authentik gives up PATCH when one is missing."""
    # draft-zollner-scim-interop-profile: only who refuses all it tells to refuse may declare it.
    declared = {"interopProfileConformant": True} if strict else {}
    return {
        "schemas": [CONFIG_SCHEMA],
        "documentationUri": "https://www.rfc-editor.org/rfc/rfc7644",
        "patch": {"supported": True},
        "bulk": {
            "supported": True,
            "maxOperations": MAX_OPERATIONS,
            "maxPayloadSize": MAX_PAYLOAD,
        },
        "filter": {"supported": True, "maxResults": MAX_PAGE},
        "changePassword": {"supported": not strict},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_PAGE,
            "maxPageSize": MAX_PAGE,
            "cursorTimeout": TIMEOUT,
        },
        "authenticationSchemes": _SCHEMES,
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base}/ServiceProviderConfig",
        },
    } | declared


def resource_types(vocabulary: Vocabulary, base: str, licenses: Schema | None) -> list[Json]:
    """User with the organization's extensions, Group, and License where there are any."""
    extensions = [{"schema": s.urn, "required": False} for s in vocabulary.user_extensions]
    made = [
        _resource_type("User", "/Users", vocabulary.user, extensions, base),
        _resource_type("Group", "/Groups", vocabulary.group, [], base),
    ]
    if licenses is not None:
        made.append(_resource_type("License", "/Licenses", licenses, [], base))
    return made


def _resource_type(
    name: str, endpoint: str, schema: Schema, extensions: list[Json], base: str
) -> Json:
    made: Json = {
        "schemas": [RESOURCE_TYPE_SCHEMA],
        "id": name,
        "name": name,
        "endpoint": endpoint,
        "description": schema.description,
        "schema": schema.urn,
    }
    if extensions:
        made["schemaExtensions"] = extensions
    location = f"{base}/ResourceTypes/{name}"
    return made | {"meta": {"resourceType": "ResourceType", "location": location}}


def schemas(
    vocabulary: Vocabulary, base: str, licenses: Schema | None, *, strict: bool = False
) -> list[Json]:
    """Every schema of the organization, and the three that describe discovery.

    For the strict profile without `password`, which it does not take (IPSIE).
    """
    own = [vocabulary.user, vocabulary.group, *vocabulary.user_extensions]
    if licenses is not None:
        own.append(licenses)
    described = [_schema(schema) for schema in own] + list(_written())
    if strict:
        described[0]["attributes"] = [
            each for each in described[0]["attributes"] if each["name"] != "password"
        ]
    return [_located(schema, base) for schema in described]


def _located(schema: Json, base: str) -> Json:
    meta = {"resourceType": "Schema", "location": f"{base}/Schemas/{schema['id']}"}
    return {"schemas": [SCHEMA_SCHEMA], **schema, "meta": meta}


def _schema(schema: Schema) -> Json:
    return {
        "id": schema.urn,
        "name": schema.name,
        "description": schema.description,
        "attributes": [_attribute(attribute) for attribute in schema.attributes],
    }


def _attribute(attribute: Attribute) -> Json:
    """An attribute's definition (RFC 7643 §7), with every characteristic spelled out."""
    made: Json = {
        "name": attribute.name,
        "type": attribute.type,
        "multiValued": attribute.multi,
        "description": attribute.description,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": attribute.mutability,
        "returned": attribute.returned,
        "uniqueness": attribute.uniqueness,
    }
    if attribute.canonical:
        made["canonicalValues"] = list(attribute.canonical)
    if attribute.type == "reference":
        made["referenceTypes"] = list(attribute.references or ("external",))
    if attribute.sub:
        made["subAttributes"] = [_attribute(sub) for sub in attribute.sub]
    return made


@cache
def _written() -> tuple[Json, ...]:
    folder = files("scim") / "schemas"
    return tuple(json.loads((folder / f"{n}.json").read_text("utf-8")) for n in _ABOUT_DISCOVERY)


# --- answers ----------------------------------------------------------------------------------


def public_config(base: str) -> Answer:
    """The configuration for somebody who has no token yet."""
    return Answer(200, dump(service_provider_config(base)))


def config(call: Call) -> Answer:
    """GET /ServiceProviderConfig."""
    shown = service_provider_config(call.base, strict=call.tolerance.strict)
    if queries.stream_of_connection(call.actor.org_id, call.actor.id) is not None:
        # RFC 9967 §4: absent where events are not configured; older clients do not know it.
        # Whoever asks for an answer later gets it now, as §2.5.1.1 allows.
        shown["securityEvents"] = {"asyncRequest": "none", "eventUris": list(EVENT_URIS)}
    return Answer(200, dump(shown))


def list_resource_types(call: Call) -> Answer:
    """GET /ResourceTypes."""
    return _listed(call, _resource_types(call))


def one_resource_type(call: Call, name: str) -> Answer:
    """GET /ResourceTypes/{name}."""
    return _one(_resource_types(call), name)


def list_schemas(call: Call) -> Answer:
    """GET /Schemas."""
    return _listed(call, _schemas(call))


def one_schema(call: Call, urn: str) -> Answer:
    """GET /Schemas/{urn}."""
    return _one(_schemas(call), urn)


def _schemas(call: Call) -> list[Json]:
    licenses, strict = _licenses(call), call.tolerance.strict
    return schemas(call.caller.vocabulary, call.base, licenses, strict=strict)


def _resource_types(call: Call) -> list[Json]:
    return resource_types(call.caller.vocabulary, call.base, _licenses(call))


def _licenses(call: Call) -> Schema | None:
    """Told of only where people can hold any: whoever finds a type expects to work with it."""
    if not licensing.assignable_skus(call.actor):
        return None
    return license_schema(call.caller.vocabulary.license, call.tolerance.profile)


def _listed(call: Call, found: list[Json]) -> Answer:
    """RFC 7644 §4: filters are refused here, so that nobody takes an answer for a selection."""
    if "filter" in call.args:
        raise ScimError(403, "Discovery cannot be filtered.")
    return Answer(200, list_of(found))


def _one(found: list[Json], wanted: str) -> Answer:
    for each in found:
        if each["id"].lower() == wanted.lower():
            return Answer(200, dump(each))
    raise ScimError(404, f"There is no {wanted[:200]!r} here.")
