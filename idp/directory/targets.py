"""Applications that we provision: how each is set, who is there, and what was sent.

A target is a connection of the kind "scim-target". What an administrator decides is in its
settings; its secrets are sealed in `targets`, beside what the work itself keeps (technical, not
audited). `target_links` holds a row for each person and group that is, or is about to be, at the
target, with the very record that was sent: the next plan is a comparison with it.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlsplit

from sqlalchemy import ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from idp.directory.attributes import Vocabulary
from idp.directory.errors import Invalid
from idp.extensions import Model, key_text

KIND = "scim-target"
AUTHS = {"bearer": ("token",), "client_credentials": ("client_id", "client_secret")}
DEPROVISIONS = ("deactivate", "delete")
WRITES = ("auto", "patch", "put")
MEMBERS_MAX = 1000
# What we say of a person ourselves, and nobody maps.
OURS = frozenset({"active", "externalid", "id", "meta", "schemas", "groups", "password"})
_FOREIGN = re.compile(r"urn:[\w.:-]{3,200}:[A-Za-z][\w-]*(\.[A-Za-z$][\w-]*)?")
_HOLE = re.compile(r"\{([^{}]*)\}")


class Target(Model):
    """What the work keeps of a target: sealed secrets, what it can do, how far a walk has come."""

    __tablename__ = "targets"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
    )

    connection_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    secrets: Mapped[str] = mapped_column(Text)  # sealed JSON
    abilities: Mapped[dict[str, Any]]  # what it says that it can do; {} before it was asked
    walk: Mapped[dict[str, Any]]  # {} unless everybody is being looked at
    brake: Mapped[dict[str, Any]]  # {} unless a mass removal waits for approval
    drift: Mapped[dict[str, Any]]  # what the last reconcile found


class TargetLink(Model):
    """A person or group at a target. `sent` is the record as the target last got it."""

    __tablename__ = "target_links"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
        Index("ix_target_links_subject", "subject_id"),
        Index("ix_target_links_remote", "connection_id", "kind", "remote_id"),
    )

    connection_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    subject_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(5))  # "User" or "Group"
    name: Mapped[str] = mapped_column(Text)  # what people know the subject by
    state: Mapped[str] = mapped_column(String(16))  # absent, sending, present, deactivated
    remote_id: Mapped[str | None] = mapped_column(key_text(512))
    active: Mapped[bool]  # whether the target lets the person in
    approved: Mapped[bool]  # an administrator agreed to shut out or remove this one
    sent: Mapped[str] = mapped_column(Text)  # JSON; "" where nothing is known
    error_code: Mapped[str] = mapped_column(String(32))  # "" when the last attempt succeeded
    error: Mapped[str] = mapped_column(Text)
    tries: Mapped[int]  # how often in a row the target failed at this one
    changed_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]  # when a reconcile last met it there


class TargetMember(Model):
    """A membership that a target has from us."""

    __tablename__ = "target_members"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "connection_id"], ["connections.org_id", "connections.id"]),
        Index("ix_target_members_member", "connection_id", "member_id"),
        {"sqlite_with_rowid": False},
    )

    connection_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    group_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """What an administrator decides about a target.

    No `groups` means everybody; else who belongs to one of them in effect. No `licenses` means
    whatever people hold; else only who may use one of these SKUs (part numbers). `mapping` is
    {the target's attribute: where its value comes from} for what differs from the default.
    """

    base_url: str
    auth: str = "bearer"
    token_url: str = ""
    oauth_scope: str = ""
    groups: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    push_groups: bool = True
    deprovision: str = "deactivate"
    writes: str = "auto"  # by PATCH where it can, or by the one named
    members_at_once: int = 100
    mapping: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Self:
        """From a connection's settings, as `stored` wrote them."""
        known = {name: settings[name] for name in cls.__slots__ if name in settings}
        listed = {name: tuple(known.get(name, ())) for name in ("groups", "licenses")}
        return cls(**known | listed)

    def stored(self) -> dict[str, Any]:
        """As a connection's settings."""
        listed = {"groups": list(self.groups), "licenses": list(self.licenses)}
        return asdict(self) | listed | {"mapping": dict(self.mapping)}


def check_settings(settings: TargetSettings, vocabulary: Vocabulary) -> None:
    """Refuse settings that cannot work, naming the field. Raises Invalid."""
    _check_url(settings.base_url, "base_url")
    if settings.auth not in AUTHS:
        raise Invalid(
            "auth_unknown", "Sign in by a token or by client credentials.", attribute="auth"
        )
    if settings.auth == "client_credentials":
        _check_url(settings.token_url, "token_url")
    if settings.deprovision not in DEPROVISIONS:
        raise Invalid(
            "deprovision_unknown", "Leavers are deactivated or deleted.", attribute="deprovision"
        )
    if settings.writes not in WRITES:
        raise Invalid("writes_unknown", "Writes are auto, patch or put.", attribute="writes")
    if not 1 <= settings.members_at_once <= MEMBERS_MAX:
        sentence = f"Send 1 to {MEMBERS_MAX} members at once."
        raise Invalid("members_out_of_range", sentence, attribute="members_at_once")
    check_mapping(settings.mapping, vocabulary)


def _check_url(url: str, attribute: str) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.query or parts.fragment or parts.username or len(url) > 1024:
        sentence = "Give an address such as https://app.example/scim/v2."
        raise Invalid("target_url", sentence, attribute=attribute)


def check_mapping(mapping: Mapping[str, str], vocabulary: Vocabulary) -> None:
    """Refuse a mapping that names what there is not, or what we alone set."""
    for wanted, source in mapping.items():
        leaf = vocabulary.find(wanted)
        top = (leaf.top.name if leaf else wanted).lower()
        if top in OURS or (leaf and leaf.top.multi and leaf.attribute is not leaf.top):
            raise _mapping("mapping_target", f"{wanted} cannot be mapped.", wanted)
        if leaf is None and not _FOREIGN.fullmatch(wanted):
            raise _mapping("mapping_target", f"There is no attribute {wanted[:80]!r}.", wanted)
        for path in source_paths(source):
            if vocabulary.find(path) is None or path.lower().startswith("password"):
                sentence = f"{wanted}: there is no attribute {path[:80]!r} to take it from."
                raise _mapping("mapping_source", sentence, wanted)


def _mapping(code: str, sentence: str, wanted: str) -> Invalid:
    return Invalid(code, sentence, attribute=f"mapping.{wanted[:80]}")


def source_paths(source: str) -> list[str]:
    """The paths that a source reads: `path`; `"text"`; `"{path} and {path}"`; `-` for nothing."""
    text = source.strip()
    if text == "-":
        return []
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _HOLE.findall(text)
    return [text]


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with its holes filled; what nobody has leaves nothing."""
    return _HOLE.sub(lambda hole: values.get(hole.group(1), ""), template)
