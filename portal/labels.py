"""What attributes are called on pages, and a person's record as lines with the owner of each.

The attributes themselves come from `idp.directory.attributes`; here are only words for people.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.directory.actors import LOCAL
from idp.directory.attributes import ENTERPRISE_SCHEMA, flatten
from idp.directory.roles import ROLES, Role
from portal.words import HERE

_E = ENTERPRISE_SCHEMA + ":"
DEPARTMENT = _E + "department"
MANAGER = _E + "manager.value"

# In the order in which a person is read.
LABELS = {
    "userName": _l("User name"),
    "displayName": _l("Display name"),
    "name.formatted": _l("Full name"),
    "name.honorificPrefix": _l("Title before the name"),
    "name.givenName": _l("Given name"),
    "name.middleName": _l("Middle names"),
    "name.familyName": _l("Family name"),
    "name.honorificSuffix": _l("Suffix after the name"),
    "nickName": _l("Nickname"),
    "title": _l("Job title"),
    "emails": _l("E-mail"),
    "phoneNumbers": _l("Telephone"),
    DEPARTMENT: _l("Department"),
    _E + "division": _l("Division"),
    _E + "organization": _l("Legal entity"),
    _E + "costCenter": _l("Cost centre"),
    _E + "employeeNumber": _l("Employee number"),
    MANAGER: _l("Manager"),
    "userType": _l("Kind of person"),
    "active": _l("Active"),
    "addresses": _l("Address"),
    "preferredLanguage": _l("Language"),
    "locale": _l("Locale"),
    "timezone": _l("Time zone"),
}
# Shown even where nobody has given a value: the empty line says that one could.
ALWAYS = ("name.givenName", "name.familyName", "emails", DEPARTMENT, MANAGER)
_HIDDEN = frozenset({"displayName", "active", _E + "manager.displayName", _E + "manager.$ref"})


@dataclass(frozen=True, slots=True)
class Line:
    """One attribute of a person, said."""

    label: str
    values: tuple[str, ...]
    owner: str = ""
    locked: bool = False
    url: str = ""


def label(path: str) -> str:
    """The words for an attribute's path; an unknown one is its own last part, apart."""
    known = LABELS.get(path)
    if known:
        return str(known)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", re.split(r"[:.]", path)[-1])
    return words[:1].upper() + words[1:].lower()


def role_name(key: str) -> str:
    """A role's name in the reader's language."""
    return str(_(ROLES[key].name))


def spoken(role: Role) -> Role:
    """A role with its name and description in the reader's language."""
    return replace(role, name=_(role.name), description=_(role.description))


def say(value: Any) -> str:
    """A value of any shape as one line of text."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return _say_complex(value)
    if isinstance(value, list | tuple):
        return ", ".join(say(one) for one in value)
    return str(value)


def _say_complex(value: Mapping[str, Any]) -> str:
    shown = value.get("value") or value.get("formatted") or value.get("display")
    if shown is None:
        named = ("type", "primary", "$ref")
        return ", ".join(say(part) for name, part in value.items() if name not in named)
    notes = [str(value["type"])] if value.get("type") else []
    notes += [_("preferred")] if value.get("primary") else []
    return f"{shown} ({', '.join(notes)})" if notes else str(shown)


def lines(
    record: Mapping[str, Any],
    owners: Mapping[str, str],
    sources: Mapping[str, str],
    links: Mapping[str, tuple[str, str]],
) -> list[Line]:
    """A record as lines; `links` gives text and address to values that name somebody."""
    flat = flatten(dict(record))
    return [
        _line(path, flat.get(path), owners.get(path), sources, links.get(path))
        for path in _order(flat)
        if path not in _HIDDEN
    ]


def _order(flat: Iterable[str]) -> list[str]:
    found = set(flat)
    known = [path for path in LABELS if path in found or path in ALWAYS]
    return known + sorted(found - set(LABELS))


def _line(
    path: str,
    value: Any,
    owner: str | None,
    sources: Mapping[str, str],
    link: tuple[str, str] | None,
) -> Line:
    many = value if isinstance(value, list) else [value] if value is not None else []
    shown = (link[0],) if link and many else tuple(filter(None, map(say, many)))
    locked = owner is not None and owner != LOCAL and owner in sources
    name = sources[owner] if owner and locked else HERE
    return Line(label(path), shown, name if shown else "", locked, link[1] if link else "")
