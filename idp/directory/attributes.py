"""The one attribute vocabulary, in SCIM's names (RFC 7643 §2, §4, §8.7).

SCIM's tables and discovery, portal forms, SAML release, directory mappings, ownership and audit
all read it; nothing repeats it. An organization may add extension schemas of its own: its
`Vocabulary` then holds them, and they exist everywhere.

Two shapes of the same values:

    record   nested, as SCIM shows it; extension attributes under their URN; absent = unassigned
    flat     {path: value}; "name.familyName", "urn:…:User:department", "emails" (whole list)

The file is long because most of it is one table, which is better read whole than in parts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
LICENSE_SCHEMA = "urn:chamberlain:params:scim:schemas:core:1.0:License"
ENTERPRISE_SCHEMA = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

Record = dict[str, Any]
Flat = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute with its characteristics (RFC 7643 §2.2, §7).

    `column` names the column of its table for attributes that have one of their own; the others
    live as rows of `user_values`. `max_length` is in characters.
    """

    name: str
    type: str = "string"
    description: str = ""
    multi: bool = False
    required: bool = False
    case_exact: bool = False
    uniqueness: str = "none"
    mutability: str = "readWrite"
    returned: str = "default"
    canonical: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sub: tuple["Attribute", ...] = ()
    max_length: int = 1024
    multiline: bool = False
    column: str | None = None
    sources: tuple[str, ...] = ("connection", "local")  # who may own its value

    def child(self, name: str) -> "Attribute | None":
        """The sub-attribute of this name, in any case."""
        wanted = name.lower()
        return next((s for s in self.sub if s.name.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: its URN, name, description and attributes (RFC 7643 §7)."""

    urn: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]


def _plural(
    name: str,
    description: str,
    types: tuple[str, ...] = (),
    *,
    value_type: str = "string",
    max_length: int = 1024,
    case_exact: bool = False,
    references: tuple[str, ...] = (),
) -> Attribute:
    """A multi-valued attribute with the standard sub-attributes (RFC 7643 §2.4)."""
    value = Attribute(
        "value",
        value_type,
        "The value itself.",
        max_length=max_length,
        case_exact=case_exact,
        references=references,
    )
    return Attribute(name, "complex", description, multi=True, sub=(value, *_labels(types)))


def _labels(types: tuple[str, ...]) -> tuple[Attribute, ...]:
    return (
        Attribute("display", "string", "A name for people to read.", max_length=256),
        Attribute("type", "string", "What the value is for.", canonical=types, max_length=64),
        Attribute("primary", "boolean", "Whether this is the preferred value; at most one is."),
    )


_NAME = Attribute(
    "name",
    "complex",
    "The parts of the person's name.",
    sub=(
        Attribute("formatted", description="The full name as shown.", column="name_formatted"),
        Attribute("familyName", description="The family name.", column="family_name"),
        Attribute("givenName", description="The given name.", column="given_name"),
        Attribute("middleName", description="Middle names.", column="middle_name"),
        Attribute(
            "honorificPrefix", description="Title before the name.", column="honorific_prefix"
        ),
        Attribute(
            "honorificSuffix", description="Suffix after the name.", column="honorific_suffix"
        ),
    ),
)

_ADDRESSES = Attribute(
    "addresses",
    "complex",
    "Postal addresses.",
    multi=True,
    sub=(
        Attribute("formatted", description="The whole address.", multiline=True),
        Attribute("streetAddress", description="Street, house, box.", multiline=True),
        Attribute("locality", description="City."),
        Attribute("region", description="State or region."),
        Attribute("postalCode", description="Postal code."),
        Attribute("country", description="ISO 3166-1 alpha-2 country code."),
        Attribute(
            "type",
            description="What the address is for.",
            canonical=("work", "home", "other"),
            max_length=64,
        ),
        Attribute("primary", "boolean", "Whether this is the preferred address."),
    ),
)

_GROUPS = Attribute(
    "groups",
    "complex",
    "The groups the person belongs to, directly or through others.",
    multi=True,
    mutability="readOnly",
    sub=(
        Attribute("value", description="The group's id.", mutability="readOnly", case_exact=True),
        Attribute(
            "$ref",
            "reference",
            "The group's address.",
            mutability="readOnly",
            references=("Group",),
        ),
        Attribute("display", description="The group's name.", mutability="readOnly"),
        Attribute(
            "type",
            description="How the person belongs.",
            mutability="readOnly",
            canonical=("direct", "indirect"),
        ),
    ),
)

_PHONES = ("work", "home", "mobile", "fax", "pager", "other")
_IMS = ("aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo")

USER = Schema(
    USER_SCHEMA,
    "User",
    "A person of the organization.",
    (
        Attribute(
            "userName",
            description="The name the person signs in with, unique in the organization.",
            required=True,
            uniqueness="server",
            max_length=256,
            column="user_name",
        ),
        _NAME,
        Attribute("displayName", description="The name shown to others.", column="display_name"),
        Attribute("nickName", description="The casual name.", column="nick_name"),
        Attribute(
            "profileUrl",
            "reference",
            "The person's page.",
            references=("external",),
            column="profile_url",
            max_length=2048,
            case_exact=True,
        ),
        Attribute("title", description="The job title.", column="title"),
        Attribute("userType", description="Employee, contractor, guest…", column="user_type"),
        Attribute(
            "preferredLanguage",
            description="Language for reading (RFC 9110 §12.5.4).",
            column="preferred_language",
        ),
        Attribute(
            "locale", description="Locale for dates and numbers (RFC 5646).", column="locale"
        ),
        Attribute("timezone", description="Time zone (IANA database).", column="timezone"),
        Attribute("active", "boolean", "Whether the person may sign in.", column="active"),
        Attribute(
            "password",
            description="A first password; never returned.",
            mutability="writeOnly",
            returned="never",
            case_exact=True,
        ),
        _plural("emails", "E-mail addresses.", ("work", "home", "other"), max_length=320),
        _plural("phoneNumbers", "Telephone numbers.", _PHONES),
        _plural("ims", "Instant-messaging addresses.", _IMS),
        _plural(
            "photos",
            "Pictures of the person.",
            ("photo", "thumbnail"),
            value_type="reference",
            max_length=4096,
            case_exact=True,
            references=("external",),
        ),
        _ADDRESSES,
        _GROUPS,
        _plural("entitlements", "Entitlements of the person."),
        _plural("roles", "Roles the person has in other systems."),
        _plural(
            "x509Certificates",
            "Certificates (DER, base64).",
            value_type="binary",
            max_length=16384,
            case_exact=True,
        ),
    ),
)

ENTERPRISE = Schema(
    ENTERPRISE_SCHEMA,
    "EnterpriseUser",
    "What an employer knows of the person.",
    (
        Attribute("employeeNumber", description="The number HR gave.", column="employee_number"),
        Attribute("costCenter", description="The cost centre.", column="cost_center"),
        Attribute("organization", description="The legal entity.", column="organization"),
        Attribute("division", description="The division.", column="division"),
        Attribute("department", description="The department.", column="department"),
        Attribute(
            "manager",
            "complex",
            "The person's manager.",
            sub=(
                Attribute(
                    "value",
                    description="The manager's id.",
                    column="manager_id",
                    case_exact=True,
                    max_length=64,
                ),
                Attribute(
                    "$ref",
                    "reference",
                    "The manager's address.",
                    mutability="readOnly",
                    references=("User",),
                ),
                Attribute("displayName", description="The manager's name.", mutability="readOnly"),
            ),
        ),
    ),
)

GROUP = Schema(
    GROUP_SCHEMA,
    "Group",
    "People, and groups of them.",
    (
        Attribute(
            "displayName",
            description="The group's name.",
            required=True,
            max_length=256,
            column="display_name",
        ),
        Attribute(
            "members",
            "complex",
            "Who belongs to the group directly.",
            multi=True,
            sub=(
                Attribute(
                    "value", description="The member's id.", mutability="immutable", case_exact=True
                ),
                Attribute(
                    "$ref",
                    "reference",
                    "The member's address.",
                    mutability="immutable",
                    references=("User", "Group"),
                ),
                Attribute(
                    "type",
                    description="User or Group.",
                    mutability="immutable",
                    canonical=("User", "Group"),
                ),
                Attribute(
                    "display",
                    description="The member's name.",
                    mutability="readOnly",
                    returned="request",
                ),
            ),
        ),
    ),
)


def _told(name: str, description: str, type_: str = "string", **more: Any) -> Attribute:
    """An attribute that nobody writes."""
    return Attribute(name, type_, description, mutability="readOnly", **more)


_PLANS = _told(
    "plans",
    "The parts of the product that can be switched off.",
    "complex",
    multi=True,
    sub=(
        _told("value", "The value of entitlements by which people have the plan."),
        _told("display", "The plan's name."),
    ),
)
_PREPAID = _told(
    "prepaidUnits",
    "The units that there are, by state.",
    "complex",
    sub=(
        _told("enabled", "Units that can be used.", "integer"),
        _told("warning", "Units in grace: they can be used until it ends.", "integer"),
        _told("suspended", "Units that nobody can use.", "integer"),
    ),
)
LICENSE = Schema(
    LICENSE_SCHEMA,
    "License",
    "A product that people of the organization can hold; those who do have it as an entitlement.",
    (
        _told("displayName", "The product's name."),
        _told("partNumber", "The part number, which is the value of entitlements."),
        _told("type", "The type of entitlements by it.", canonical=("license",)),
        _told("skuId", "The product's identifier in the catalogue.", case_exact=True),
        _PLANS,
        _PREPAID,
        _told("consumedUnits", "How many people hold it.", "integer"),
    ),
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A flat path resolved: the attribute it names, and the one it is part of (itself if whole)."""

    path: str
    attribute: Attribute
    top: Attribute
    schema: str


def _leaves(schema: Schema, prefix: str) -> Iterator[Leaf]:
    for attribute in schema.attributes:
        path = prefix + attribute.name
        yield Leaf(path, attribute, attribute, schema.urn)
        for sub in attribute.sub:
            yield Leaf(f"{path}.{sub.name}", sub, attribute, schema.urn)


@dataclass(frozen=True)
class Vocabulary:
    """Every attribute that exists in one organization: the core, Enterprise User and its own."""

    extensions: tuple[Schema, ...] = ()  # the organization's own, on User
    user: Schema = field(default=USER)
    group: Schema = field(default=GROUP)
    license: Schema = field(default=LICENSE)

    @cached_property
    def user_extensions(self) -> tuple[Schema, ...]:
        """The extension schemas of User, Enterprise User first."""
        return (ENTERPRISE, *self.extensions)

    @cached_property
    def user_leaves(self) -> dict[str, Leaf]:
        """Every path of User by its canonical name."""
        found = {leaf.path: leaf for leaf in _leaves(self.user, "")}
        for schema in self.user_extensions:
            found.update({leaf.path: leaf for leaf in _leaves(schema, schema.urn + ":")})
        return found

    @cached_property
    def group_leaves(self) -> dict[str, Leaf]:
        """Every path of Group by its canonical name."""
        return {leaf.path: leaf for leaf in _leaves(self.group, "")}

    @cached_property
    def license_paths(self) -> frozenset[str]:
        """Every path of License: nobody writes them, but they can be searched by."""
        return frozenset(leaf.path for leaf in _leaves(self.license, ""))

    @cached_property
    def row_paths(self) -> frozenset[str]:
        """The flat paths of User without a column: their values are rows of their own."""
        return frozenset(p for p, leaf in self.user_leaves.items() if not leaf.attribute.column)

    @cached_property
    def moments(self) -> dict[str, frozenset[str]]:
        """{path of `row_paths`: the parts of its values that are moments}, where there are any."""
        found = {}
        for path in self.row_paths:
            attribute = self.user_leaves[path].attribute
            timed = {part.name for part in attribute.sub if part.type == "dateTime"}
            if attribute.type == "dateTime":
                timed = {"value"}
            if timed:
                found[path] = frozenset(timed)
        return found

    @cached_property
    def _lowered(self) -> dict[str, dict[str, Leaf]]:
        names: dict[str, dict[str, Leaf]] = {}
        for kind, urn, leaves in (
            ("User", USER_SCHEMA, self.user_leaves),
            ("Group", GROUP_SCHEMA, self.group_leaves),
        ):
            table = {path.lower(): leaf for path, leaf in leaves.items()}
            core = {f"{urn}:{p}".lower(): leaf for p, leaf in leaves.items() if leaf.schema == urn}
            names[kind] = table | core
        return names

    def leaves(self, kind: str) -> dict[str, Leaf]:
        """Every path of a resource kind ("User" or "Group") by its canonical name."""
        return self.user_leaves if kind == "User" else self.group_leaves

    def find(self, path: str, kind: str = "User") -> Leaf | None:
        """The attribute that a path names, in any case, with or without its schema's URN."""
        return self._lowered[kind].get(path.lower())


CORE = Vocabulary()


def flatten(record: Mapping[str, Any]) -> Flat:
    """A record as {path: value}; lists stay whole."""
    flat: Flat = {}
    for name, value in record.items():
        if not isinstance(value, dict):
            flat[name] = value
            continue
        joint = ":" if name.startswith("urn:") else "."
        for part, inner in value.items():
            path = f"{name}{joint}{part}"
            if isinstance(inner, dict):
                for sub, leaf in inner.items():
                    flat[f"{path}.{sub}"] = leaf
            else:
                flat[path] = inner
    return flat


def split(path: str) -> tuple[str, ...]:
    """The keys that lead to a flat path's value in a record."""
    if path.startswith("urn:"):
        urn, _, rest = path.rpartition(":")
        return (urn, *rest.split("."))
    return tuple(path.split("."))


_split_cache: dict[str, tuple[str, ...]] = {}


def nest(flat: Mapping[str, Any]) -> Record:
    """The record of a flat; None values are left out."""
    record: Record = {}
    for path, value in flat.items():
        if value is None:
            continue
        keys = _split_cache.get(path)
        if keys is None:
            keys = split(path)
            if len(_split_cache) < 10_000:
                _split_cache[path] = keys
        here = record
        for step in keys[:-1]:
            here = here.setdefault(step, {})
        here[keys[-1]] = value
    return record
