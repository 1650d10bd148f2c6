"""The access review: every assignment of a role, with what tells whether it is still needed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.roles import ROLES
from idp.directory.views import Page, RoleView
from portal.frame import page
from portal.labels import role_name
from portal.listing import Asked, Column, Filter, Listing, show
from portal.lists import whole

_NEVER = datetime.min.replace(tzinfo=UTC)  # who never signed in stands before all who did
_NO_END = datetime.max.replace(tzinfo=UTC)
_ORDERS: dict[str, Callable[[RoleView], Any]] = {
    "name": lambda held: held.shown_name.casefold(),
    "role": lambda held: role_name(held.role),
    "scope": lambda held: (held.scope_name or "").casefold(),
    "last_sign_in": lambda held: held.last_sign_in or _NEVER,
    "until": lambda held: held.expires_at or _NO_END,
}


def over_whom(held: RoleView) -> str:
    """Whom a role reaches, in words."""
    if held.scope_group_id is None:
        return _("Everyone")
    return _("Members of %(group)s", group=held.scope_name)


def _read(actor: Actor, asked: Asked, cursor: str | None, limit: int) -> Page[RoleView]:
    """Administrators are few: all are read at once, and sorted here."""
    rows = queries.role_holders(actor, role=asked.get("role") or None)
    by = asked.sort or ROLE_REVIEW.sort
    rows.sort(key=_ORDERS[by.removeprefix("-")], reverse=by.startswith("-"))
    start = whole(cursor) or 0
    end = start + limit
    return Page(rows[start:end], str(end) if len(rows) > end else None)


ROLE_REVIEW = Listing(
    "role-review",
    _l("Access review"),
    "portal.roles_review",
    needs="roles.read",
    columns=(
        Column("name", _l("Name"), lambda held, _about: held.shown_name, "name"),
        Column("user_name", _l("User name"), lambda held, _about: held.user_name, inside=True),
        Column("role", _l("Role"), lambda held, _about: role_name(held.role), "role"),
        Column("scope", _l("Over whom"), lambda held, _about: over_whom(held), "scope"),
        Column(
            "last_sign_in",
            _l("Last sign-in"),
            lambda held, _about: held.last_sign_in,
            "last_sign_in",
        ),
        Column("until", _l("Until"), lambda held, _about: held.expires_at, "until"),
    ),
    filters=(
        Filter(
            "role",
            _l("Role"),
            lambda _actor: {key: role_name(key) for key in ROLES},
            _l("Any role"),
        ),
    ),
    sort="role",
    read=_read,
    counted=lambda n: ngettext("%(num)s assignment", "%(num)s assignments", n),
)


def roles_review(actor: Actor) -> Response:
    """Who holds which role over whom, since when unused, until when."""
    return page("roles/review.html", actor, found=show(ROLE_REVIEW, actor), over_whom=over_whom)
