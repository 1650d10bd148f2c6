"""What real clients send instead of the standard: straightened here, and noted.

Each function takes one foreign shape and gives the standard one. The strict engine calls them
only where a body does not fit, so that a client which speaks the standard pays nothing.
`Tolerance` holds the decision: every profile forgives what has only one possible meaning, the
`strict` profile (draft-zollner-scim-interop-profile, IPSIE) forgives nothing.
"""

import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from idp.directory.attributes import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA, Attribute, Schema
from scim.errors import ScimError
from scim.paths import Names, Target

PROFILES = ("rfc", "entra", "okta", "onelogin", "ping", "google", "strict")

# Whose pushes of groups may name people who are gone.
SKIPPING = frozenset({"entra", "okta", "onelogin"})
_NOTED = 10  # how many of them are named

# OneLogin still speaks SCIM 1.x names around 2.0 bodies; Entra adds its own for groups.
_URNS = {
    "urn:scim:schemas:core:1.0": "",
    "urn:scim:schemas:core:2.0": "",
    "urn:scim:schemas:core:2.0:user": USER_SCHEMA,
    "urn:scim:schemas:core:2.0:group": GROUP_SCHEMA,
    "urn:scim:schemas:extension:enterprise:1.0": ENTERPRISE_SCHEMA,
    "urn:scim:schemas:extension:enterprise:2.0": ENTERPRISE_SCHEMA,
    "urn:ietf:params:scim:schemas:extension:enterprise:1.0:user": ENTERPRISE_SCHEMA,
}
_ADSCIM = "http://schemas.microsoft.com/2006/11/resourcemanagement/adscim/"
# Okta takes a resource type for entitlements by its schema alone ("SCIM with entitlements").
_LICENSE_URNS = {"okta": "urn:okta:scim:schemas:core:1.0:Entitlement"}
# Parts of a value under the name that another schema version gave them.
_PARTS = {"managerid": "value"}


class Tolerance:
    """What one request is forgiven by its connection's profile, as a list of notes."""

    def __init__(self, profile: str = "rfc") -> None:
        self.profile = profile
        self.strict = profile == "strict"
        self.notes: list[str] = []

    def forgive(self, shape: str, scim_type: str = "invalidSyntax") -> None:
        """Note a foreign shape; the strict profile refuses it instead."""
        if self.strict:
            raise ScimError(400, f"The strict profile does not accept this: {shape}.", scim_type)
        if shape not in self.notes:
            self.notes.append(shape)

    def demand_path(self) -> None:
        """PATCH without a path is RFC 7644, but not the interop profile."""
        if self.strict:
            raise ScimError(400, "Each PATCH operation must have a path.", "invalidSyntax")

    def demand_part(self, path: str) -> None:
        """A whole value selected by a filter is RFC 7644, but not the interop profile.

        Members are the exception: there is no other way to remove one that IPSIE knows.
        """
        if self.strict:
            detail = f"The path must name a part of the selected value, such as {path}[…].value."
            raise ScimError(400, detail, "invalidPath")

    def refuse_unknown(self, path: str) -> None:
        """RFC 7644 calls an unknown path invalidPath, the interop profile invalidSyntax."""
        if self.strict:
            raise ScimError(400, f"There is no attribute {path[:100]!r}.", "invalidSyntax")

    def known(self, ids: Sequence[str], exist: Callable[[Sequence[str]], Set[str]]) -> list[str]:
        """Those of a group's new members that are there; the others are skipped and noted.

        A refusal would lose the whole push of these clients: they never send it again.
        """
        if not ids or self.profile not in SKIPPING:
            return list(ids)
        here = exist(ids)
        missing = [one for one in ids if one not in here]
        for one in missing[:_NOTED]:
            self.forgive(f"unknown member {one[:64]}")
        if len(missing) > _NOTED:
            self.forgive(f"{len(missing) - _NOTED} more unknown members")
        return [one for one in ids if one in here]


@dataclass(frozen=True, slots=True)
class Language:
    """What a request is written in: the names of its resource type, and what it is forgiven."""

    names: Names
    tolerance: Tolerance
    base: str = ""  # where this door is for clients
    others: tuple[Names, ...] = ()  # of the types that the same question is put to

    def elsewhere(self, text: str) -> bool:
        """Whether another type that the question is put to has what this one lacks."""
        return any(names.find(text) or names.bare(text) for names in self.others)


def urn_alias(urn: str, tolerance: Tolerance) -> str | None:
    """The standard URN of an alias, "" for one that adds nothing, None if it is unknown."""
    lowered = urn.lower()
    if lowered.startswith(_ADSCIM):
        tolerance.forgive("ADSCIM schema URN")
        return ""
    if lowered in _URNS:
        tolerance.forgive("SCIM 1.x schema URN")
        return _URNS[lowered]
    return None


def license_schema(standard: Schema, profile: str) -> Schema:
    """The schema of licences under the name by which a connection's product knows it."""
    return replace(standard, urn=_LICENSE_URNS.get(profile, standard.urn))


def find_name(language: Language, text: str) -> Target | None:
    """A name that is not standard: an aliased URN, or an extension's attribute without its URN."""
    names, tolerance = language.names, language.tolerance
    head, _, tail = text.rpartition(":")
    standard = urn_alias(head, tolerance) if head else None
    if standard:
        return names.find(f"{standard}:{tail}")
    whole = urn_alias(text, tolerance)
    if whole:
        return names.find(whole)
    bare = names.bare(text)
    if bare is not None:
        tolerance.forgive("extension attribute without its URN", "invalidPath")
    return bare


def part_alias(name: str, tolerance: Tolerance) -> str | None:
    """The standard name of a part of a complex value, where a client uses another."""
    standard = _PARTS.get(name.lower())
    if standard:
        tolerance.forgive(f"{name} for {standard}")
    return standard


def boolean(value: Any, tolerance: Tolerance) -> bool | None:
    """Entra sends "True" and "False", the SCIM Validator "true"."""
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        tolerance.forgive('"True" or "False" for a boolean', "invalidValue")
        return value.strip().lower() == "true"
    return None


def number(value: Any, tolerance: Tolerance) -> int | float | None:
    """Templates quote numbers."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        made = json.loads(value)
    except ValueError:
        return None
    if isinstance(made, bool) or not isinstance(made, int | float):
        return None
    tolerance.forgive("text for a number", "invalidValue")
    return made


def text(value: Any, tolerance: Tolerance) -> str | None:
    """HR systems send employee numbers and postal codes as numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    tolerance.forgive("a number for text", "invalidValue")
    return json.dumps(value)


def complex_value(
    attribute: Attribute, value: Any, tolerance: Tolerance
) -> Mapping[str, Any] | None:
    """An object for what came as a plain string: a bare manager, a role as JSON in a string.

    Or in a list of its own, as Microsoft's tutorial shows Entra sending a manager.
    """
    if isinstance(value, list) and len(value) == 1 and not attribute.multi:
        tolerance.forgive(f"a list of one for {attribute.name}", "invalidValue")
        (value,) = value
        if isinstance(value, dict):
            return value
    if not isinstance(value, str) or attribute.child("value") is None:
        return None
    inner = _json_object(value)
    if inner is not None:
        tolerance.forgive("JSON inside a string", "invalidValue")
        return inner
    tolerance.forgive(f"a bare string for {attribute.name}", "invalidValue")
    return {"value": value}


def unpacked(
    attribute: Attribute, value: Mapping[str, Any], tolerance: Tolerance
) -> Mapping[str, Any]:
    """Entra packs a whole role, as JSON text, into the `value` of one."""
    packed = value.get("value")
    if not isinstance(packed, str) or not packed.startswith("{"):
        return value
    inner = _json_object(packed)
    if inner is None or "value" not in inner:
        return value
    tolerance.forgive(f"JSON inside the value of {attribute.name}", "invalidValue")
    renamed = {"display" if k == "displayName" else k: v for k, v in inner.items() if k != "id"}
    return {**renamed, **{k: v for k, v in value.items() if k != "value"}}


def _json_object(text_: str) -> dict[str, Any] | None:
    if not text_.lstrip().startswith("{"):
        return None
    try:
        made = json.loads(text_)
    except (ValueError, RecursionError):
        return None
    return made if isinstance(made, dict) else None


def one_primary(entries: list[Any], tolerance: Tolerance) -> list[Any]:
    """PingFederate marks two e-mail addresses primary; the last one is meant."""
    marked = [i for i, e in enumerate(entries) if isinstance(e, dict) and e.get("primary") is True]
    if len(marked) < 2 or tolerance.profile != "ping":
        return entries
    tolerance.forgive("two primary values")
    older = marked[:-1]
    return [{**e, "primary": False} if i in older else e for i, e in enumerate(entries)]
