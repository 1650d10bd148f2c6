"""Versions as weak ETags, and the conditions clients put on them (RFC 7644 §3.14, RFC 9110 §13)."""

import re

from scim.errors import ScimError

_LONGEST_VERSION = 10  # digits: versions are counted one by one
_TAG = re.compile(r'(?:W/)?"([^"]*)"|\*')


def etag(version: int) -> str:
    """The ETag of a version, also shown as meta.version."""
    return f'W/"{version}"'


def version_of(tag: str) -> int | None:
    """The version that an ETag names; None for one that was never ours."""
    match = _TAG.fullmatch(tag)
    text = (match[1] or "") if match else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST_VERSION else None


def _listed(header: str) -> set[str]:
    """The opaque tags of a header, "*" for any."""
    return {match[1] if match[1] is not None else "*" for match in _TAG.finditer(header)}


def matches(header: str, version: int) -> bool:
    """Whether a version is among the tags of an If-Match or If-None-Match header."""
    tags = _listed(header)
    return "*" in tags or str(version) in tags


def expected(if_match: str | None) -> int | None:
    """The one version that If-Match names, for the write path to compare under its lock.

    None where there is no condition or it names several versions: see `check`.
    """
    tags = _listed(if_match) if if_match else set()
    if len(tags) != 1 or "*" in tags:
        return None
    (tag,) = tags
    if not (tag.isascii() and tag.isdigit() and len(tag) < 19):
        raise stale()
    return int(tag)


def check(if_match: str | None, if_none_match: str | None, version: int) -> None:
    """Refuse a write whose conditions the current version does not meet.

    Raises ScimError 412.
    """
    if if_match is not None and not matches(if_match, version):
        raise stale()
    if if_none_match is not None and matches(if_none_match, version):
        raise ScimError(412, "The resource is at a version that If-None-Match excludes.")


def stale() -> ScimError:
    """The resource is not at the version that the client wants to change."""
    return ScimError(412, "The resource was changed since it was read; read it again.")
