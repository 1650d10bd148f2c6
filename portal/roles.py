"""Administrative roles: what each permits, who holds it, over whom, until when."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import DateField, StringField
from wtforms.validators import InputRequired, Optional

from idp.changes import apply
from idp.changes.intents import AssignRole, RemoveRole
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Invalid, not_found
from idp.directory.roles import GLOBAL_ADMINISTRATOR, ROLES, Role
from idp.directory.values import key as name_key
from idp.directory.values import user_name_key
from idp.directory.views import GroupView, Page, RoleView
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.labels import spoken
from portal.listing import Asked, Column, Listing, show

MANY = 4  # more Global Administrators than this are worth a warning
SUGGESTED = 8
PERMISSIONS = {
    "users.read": _l("See people"),
    "users.write": _l("Add, change, block and delete people"),
    "users.reset": _l("Issue one-time links and end sessions"),
    "groups.read": _l("See groups and their members"),
    "groups.write": _l("Add, change and delete groups and their members"),
    "roles.read": _l("See who holds which role"),
    "roles.write": _l("Assign and remove roles"),
    "organization.read": _l("See the organization’s own data"),
    "organization.write": _l("Change the organization’s own data"),
    "connections.read": _l("See provisioning and applications"),
    "connections.write": _l("Connect systems and applications, make and revoke tokens"),
    "domains.read": _l("See domains"),
    "domains.write": _l("Add and verify domains"),
    "licenses.read": _l("See licences: how many, who has them, who waits"),
    "licenses.write": _l("Assign and remove licences, decide requests"),
    "services.read": _l("See services and subscriptions, without prices"),
    "billing.read": _l("See prices, invoices and agreements"),
    "billing.write": _l("Buy, renew and cancel subscriptions"),
    "cases.read": _l("See everybody’s support cases"),
    "audit.read": _l("See the audit"),
    "signins.read": _l("See sign-ins and sessions"),
    "schema.write": _l("Define attributes of the organization’s own"),
}
_FIELDS = {"role": "user_name", "expires": "expires", "userName": "user_name"}


class AssignForm(FlaskForm):
    """To whom, over whom, until when."""

    user_name = StringField(_l("User name"), [InputRequired(_l("Say who gets the role."))])
    scope = StringField(_l("Only over the members of this group"))
    expires = DateField(_l("Last day"), [Optional()])


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role in the list, with how many hold it."""

    key: str
    name: str
    description: str
    holders: int


def _rows(actor: Actor, asked: Asked, _cursor: str | None, _limit: int) -> Page[RoleRow]:
    """Nine at most: sorted here."""
    pairs = {(held.role, held.user_id) for held in queries.role_holders(actor)}
    counts = Counter(role for role, _user_id in pairs)
    known = [spoken(role) for role in ROLES.values()]
    rows = [RoleRow(role.key, role.name, role.description, counts[role.key]) for role in known]
    by = asked.sort.removeprefix("-")
    if by:
        rows.sort(key=lambda row: getattr(row, by), reverse=asked.sort.startswith("-"))
    return Page(rows)


ROLE_LIST = Listing(
    "roles",
    _l("Roles"),
    "portal.roles",
    needs="roles.read",
    columns=(
        Column("name", _l("Role"), lambda row, _about: row.name, "name"),
        Column("description", _l("What it is for"), lambda row, _about: row.description),
        Column(
            "holders",
            _l("Holders"),
            lambda row, _about: row.holders,
            "holders",
            down=True,
            kind="number",
        ),
    ),
    sort="",
    read=_rows,
    counted=lambda n: ngettext("%(num)s role", "%(num)s roles", n),
)


def roles(actor: Actor) -> Response:
    """The roles, with how many hold each."""
    found = show(ROLE_LIST, actor)
    held = queries.role_holders(actor, role=GLOBAL_ADMINISTRATOR)
    chiefs = {one.user_id for one in held if one.scope_group_id is None}
    return page("roles/list.html", actor, found=found, too_many=len(chiefs) > MANY)


def _permits(role: Role) -> list[tuple[str, str]]:
    return [(words, name) for name, words in PERMISSIONS.items() if name in role.permissions]


def role_of(key: str) -> Role:
    """A role by its key, in the reader's language."""
    if key not in ROLES:
        raise not_found("role")
    return spoken(ROLES[key])


def role(actor: Actor, key: str) -> Response:
    """One role: its holders and what it permits."""
    one = role_of(key)
    holders = queries.role_holders(actor, role=key)
    return page("roles/role.html", actor, role=one, holders=holders, permits=_permits(one))


def role_assign(actor: Actor, key: str) -> Response | Redirect:
    """Give the role to somebody."""
    one, form = role_of(key), AssignForm()
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            apply(_wanted(actor, one, form), by=actor)
            return go(
                url_for("portal.role", key=key), _("The role %(name)s is assigned.", name=one.name)
            )
    typed = request.values.get("user_name", "").strip()
    near = request.values.get("scope", "").strip()
    return page(
        "roles/assign.html",
        actor,
        status_of(form),
        role=one,
        form=form,
        people=queries.page_people(actor, text=typed, limit=SUGGESTED).items if typed else (),
        groups=queries.page_groups(actor, text=near, limit=SUGGESTED).items if near else (),
    )


def _wanted(actor: Actor, one: Role, form: AssignForm) -> AssignRole:
    user_name = (form.user_name.data or "").strip()
    who = queries.find_user_by_name(actor, user_name_key(user_name))
    if who is None:
        raise Invalid(
            "user_unknown", f"Nobody here has the user name {user_name}.", attribute="user_name"
        )
    group = group_named(actor, form.scope.data or "")
    return AssignRole(who.id, one.key, group.id if group else None, _end(form.expires.data))


def group_named(actor: Actor, name: str) -> GroupView | None:
    """The one group of a name, for a role's reach; None for no name: everybody."""
    if not name.strip():
        return None
    found = queries.page_groups(actor, text=name, limit=SUGGESTED).items
    same = [group for group in found if name_key(group.display_name) == name_key(name.strip())]
    if len(same) != 1:
        raise Invalid(
            "group_unknown", f"There is no one group named {name.strip()}.", attribute="scope"
        )
    return same[0]


def _end(last_day: date | None) -> datetime | None:
    """The moment at which the last day is over."""
    if last_day is None:
        return None
    if last_day.year >= date.max.year:
        raise Invalid(
            "expiry_too_far", "A role ends within ten years, or not.", attribute="expires"
        )
    return datetime.combine(last_day + timedelta(days=1), time.min, UTC)


def role_remove(actor: Actor, key: str, assignment_id: str) -> Response | Redirect:
    """Take the role from somebody, after saying what that means."""
    one, back = role_of(key), url_for("portal.role", key=key)
    held = _held(actor, key, assignment_id)
    if request.method == "POST":
        return act(RemoveRole(assignment_id), by=actor, said=_("The role was removed."), back=back)
    return page("roles/remove.html", actor, role=one, held=held, permits=_permits(one))


def _held(actor: Actor, key: str, assignment_id: str) -> RoleView:
    for held in queries.role_holders(actor, role=key):
        if held.id == assignment_id:
            return held
    raise not_found("role_assignment")
