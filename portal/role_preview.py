"""Looking at the portal as a role: the page that begins it, and the button that ends it."""

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import StringField

from idp.directory import queries
from idp.directory.actors import Actor
from portal import preview
from portal.forms import Refusals, go, status_of
from portal.frame import page
from portal.roles import SUGGESTED, group_named, role_of


class PreviewForm(FlaskForm):
    """Over whom the role is looked at."""

    scope = StringField(_l("Only over the members of this group"))


def role_preview(actor: Actor, key: str) -> Response | Redirect:
    """Begin to see the portal as somebody who holds the role."""
    one, form = role_of(key), PreviewForm()
    if form.validate_on_submit():
        with Refusals(form):
            group = group_named(actor, form.scope.data or "")
            over = (group.id, group.display_name) if group else None
            return preview.begin(go(url_for("portal.home")), actor, one.key, over)
    near = request.values.get("scope", "").strip()
    groups = queries.page_groups(actor, text=near, limit=SUGGESTED).items if near else ()
    return page("roles/preview.html", actor, status_of(form), role=one, form=form, groups=groups)


def preview_end(_actor: Actor) -> Redirect:
    """Back to one's own roles, on the page where the preview began."""
    seen = preview.current()
    back = url_for("portal.role", key=seen.role) if seen else url_for("portal.home")
    return preview.end(go(back, _("The preview has ended. You have your own roles again.")))
