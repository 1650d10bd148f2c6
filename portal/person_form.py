"""The form of a person: which attributes it shows, and how they become a change and come back.

Only what the reader altered is sent, and what another source owns is text with the owner's name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired

from idp.directory import queries
from idp.directory.actors import LOCAL, Actor
from idp.directory.attributes import ENTERPRISE_SCHEMA, flatten
from idp.directory.errors import Invalid, NotFound
from idp.directory.values import user_name_key
from idp.directory.views import UserView
from portal.labels import DEPARTMENT, MANAGER, say

Value = dict[str, Any]

PATHS = {
    "user_name": "userName",
    "given_name": "name.givenName",
    "family_name": "name.familyName",
    "display_name": "displayName",
    "nick_name": "nickName",
    "title": "title",
    "department": DEPARTMENT,
    "cost_center": f"{ENTERPRISE_SCHEMA}:costCenter",
    "employee_number": f"{ENTERPRISE_SCHEMA}:employeeNumber",
    "manager": MANAGER,
    "emails": "emails",
    "phones": "phoneNumbers",
    "preferred_language": "preferredLanguage",
    "timezone": "timezone",
}
FIELDS_OF = {path: name for name, path in PATHS.items()}
_LISTS = ("emails", "phones")
_HELP = {
    "user_name": _l("They sign in with it."),
    "display_name": _l("How others see the name; without it, given and family name."),
    "manager": _l("The manager’s user name."),
    "emails": _l("One a line; the first is the preferred one."),
    "phones": _l("One a line; the first is the preferred one."),
    "preferred_language": _l("For example “de” or “fr-CA”."),
    "timezone": _l("For example “Europe/Paris”."),
}
_SECTIONS = {
    "title": _l("At work"),
    "emails": _l("To reach them"),
    "preferred_language": _l("Preferences"),
}
_COMPLETION = {"autocomplete": "off"}


class PersonForm(FlaskForm):
    """What an administrator may say of a person here."""

    user_name = StringField(_l("User name"), [InputRequired(_l("Give the person a user name."))])
    given_name = StringField(_l("Given name"))
    family_name = StringField(_l("Family name"))
    display_name = StringField(_l("Display name"))
    title = StringField(_l("Job title"))
    department = StringField(_l("Department"))
    cost_center = StringField(_l("Cost centre"))
    employee_number = StringField(_l("Employee number"))
    manager = StringField(_l("Manager"))
    emails = TextAreaField(_l("E-mail addresses"))
    phones = TextAreaField(_l("Telephone numbers"))
    preferred_language = StringField(_l("Language"))
    timezone = StringField(_l("Time zone"))
    version = HiddenField()


class MyForm(FlaskForm):
    """What people may say of themselves."""

    nick_name = StringField(_l("Nickname"))
    phones = TextAreaField(_l("Telephone numbers"))
    preferred_language = StringField(_l("Language"))
    timezone = StringField(_l("Time zone"))
    version = HiddenField()


@dataclass(frozen=True, slots=True)
class FormRow:
    """A line of the form: a heading, an input, or text that another source owns."""

    name: str = ""
    label: str = ""
    text: str = ""
    owner: str = ""
    heading: str = ""
    help: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


def owned_elsewhere(person: UserView, sources: Mapping[str, str], path: str) -> str:
    """The name of the other source that owns a value, or "" where it can be changed here."""
    owner = person.owners.get(path, LOCAL)
    return "" if owner == LOCAL else sources.get(owner, "")


def texts(actor: Actor, person: UserView) -> dict[str, str]:
    """A person's values as the form shows them."""
    flat = flatten(person.record)
    shown = {name: _text(name, flat.get(path)) for name, path in PATHS.items()}
    if person.manager_id:
        shown["manager"] = _name_of_manager(actor, person.manager_id)
    return shown | {"version": str(person.version)}


def _text(name: str, value: Any) -> str:
    return (
        "\n".join(str(v.get("value", "")) for v in _sorted(value)) if name in _LISTS else say(value)
    )


def _sorted(values: Sequence[Value] | None) -> list[Value]:
    return sorted(values or [], key=lambda value: not value.get("primary"))


def _name_of_manager(actor: Actor, manager_id: str) -> str:
    """A manager out of reach is left as the id, which the form gives back unaltered."""
    try:
        return queries.find_user(actor, manager_id).user_name
    except NotFound:
        return manager_id


def rows(form: FlaskForm, person: UserView | None, sources: Mapping[str, str]) -> list[FormRow]:
    """The form's lines; inputs for values that another source owns are taken out of the form."""
    return list(_rows(form, person, sources))


def _rows(
    form: FlaskForm, person: UserView | None, sources: Mapping[str, str]
) -> Iterator[FormRow]:
    for name in [name for name in form._fields if name in PATHS]:
        if name in _SECTIONS:
            yield FormRow(heading=_SECTIONS[name])
        owner = owned_elsewhere(person, sources, PATHS[name]) if person else ""
        if owner:
            yield FormRow(name, form[name].label.text, form[name].object_data or "", owner)
            del form[name]
        else:
            yield FormRow(name, help=_HELP.get(name, ""), attributes=_COMPLETION)


def altered(actor: Actor, form: FlaskForm, person: UserView | None) -> dict[str, Any]:
    """What the form says otherwise than the record, in the directory's flat paths."""
    before = texts(actor, person) if person else {}
    flat = flatten(person.record) if person else {}
    said = {name: form[name].data or "" for name in PATHS if name in form}
    return {
        PATHS[name]: _value(actor, name, text, flat.get(PATHS[name]))
        for name, text in said.items()
        if _lines(text) != _lines(before.get(name, ""))
    }


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _value(actor: Actor, name: str, text: str, before: Any) -> Any:
    if name in _LISTS:
        return _entries(_lines(text), before or []) or None
    if name == "manager" and text.strip():
        return _manager(actor, text.strip())
    return text.strip() or None


def _entries(lines: Sequence[str], before: Sequence[Value]) -> list[Value]:
    """Lines as values; one that was there keeps its type, the first is the preferred one."""
    held = {str(value.get("value")): value for value in before}
    kept = [{**held.get(line, {"type": "work"}), "value": line} for line in lines]
    return [
        {k: v for k, v in value.items() if k != "primary"} | ({} if place else {"primary": True})
        for place, value in enumerate(kept)
    ]


def _manager(actor: Actor, user_name: str) -> str:
    try:
        found = queries.find_user_by_name(actor, user_name_key(user_name))
    except Invalid:
        found = None
    if found is None:
        raise Invalid(
            "manager_unknown", f"Nobody here has the user name {user_name}.", attribute=MANAGER
        )
    return found.id
