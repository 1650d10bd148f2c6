"""Applications that we provision: how they stand, the plan, and what can be done about them."""

from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response as Redirect

from idp import sessions
from idp.changes import apply
from idp.changes.intents import (
    ApproveRemovals,
    ChangeConnection,
    ChangeTarget,
    CreateTarget,
    DeleteConnection,
    ReconcileTarget,
)
from idp.changes.standing import Standing, standing
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError, Unavailable
from idp.directory.provisioning import Place, TargetView
from portal import target_form
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.labels import label, say
from portal.languages import number
from portal.words import moment

# The doors are blind to each other: the SCIM door lends the portal its plan and its trial.
OUTBOUND = "chamberlain.outbound"
WORDS = {
    "up to date": "Active",
    "working": "Pending",
    "failing": "Error",
    "stopped": "Error",
    "paused": "Disabled",
}
PLAN = (
    ("create", _l("New accounts and groups")),
    ("update", _l("Changes")),
    ("deactivate", _l("Shut out")),
    ("remove", _l("Removed")),
)
KNOWN_BY = (("patch", "PATCH"), ("filter", "search"), ("bulk", "bulk"), ("etag", "ETags"))


def _outbound() -> Any:
    lent = current_app.extensions.get(OUTBOUND)
    if lent is None:
        raise Unavailable("scim_missing", "This server runs without SCIM.")
    return lent


def listed(actor: Actor) -> list[tuple[TargetView, Standing, str, str]]:
    """The applications with how each stands: the status word, and a sentence."""
    found = [(one, standing(actor, one)) for one in queries.list_targets(actor)]
    return [(one, stands, WORDS[stands.word], _sentence(stands)) for one, stands in found]


def _sentence(stands: Standing) -> str:
    held = stands.follower
    if stands.word == "working":
        return (
            _("%(number)s waiting", number=number(held.behind))
            if held.behind
            else _("Looking at everybody")
        )
    if stands.word == "failing":
        return held.last_error
    said = {
        "paused": _("Paused"),
        "stopped": _("Stopped until you approve"),
        "up to date": _("Up to date"),
    }
    return said[stands.word]


def places(actor: Actor, user_id: str) -> list[tuple[Place, str]]:
    """Where somebody is provisioned, each with a status word."""
    return [(place, _word(place)) for place in queries.places_of(actor, user_id)]


def _word(place: Place) -> str:
    if place.link.error_code:
        return "Error"
    if place.link.remote_id is None:
        return "Pending"
    return "Active" if place.link.active else "Disabled"


def target(actor: Actor, target_id: str) -> Response:
    """One application: how it stands, and what went wrong."""
    return _page(actor, queries.find_target(actor, target_id))


def _page(actor: Actor, one: TargetView, trial: Any = None) -> Response:
    stands = standing(actor, one)
    names = [queries.find_group(actor, g).display_name for g in _known_groups(actor, one)]
    return page(
        "targets/target.html",
        actor,
        target=one,
        stands=stands,
        word=WORDS[stands.word],
        sentence=_sentence(stands),
        figures=_figures(stands),
        failed=_by_class(actor, one),
        scope=names,
        trial=trial,
        abilities=[word for name, word in KNOWN_BY if one.abilities.get(name)],
    )


def _known_groups(actor: Actor, one: TargetView) -> list[str]:
    """The groups of the scope that still exist."""
    inside = queries.groups_in_scope(actor, one.settings, one.settings.groups)
    return sorted(inside, key=inside.__getitem__)


def _figures(stands: Standing) -> list[tuple[str, object, str]]:
    counts, done = stands.counts, stands.follower.succeeded_at
    return [
        (_("People there"), counts["people"], ""),
        (_("Groups there"), counts["groups"], ""),
        (_("Changes waiting"), stands.follower.behind, ""),
        (_("Last success"), moment(done) if done else _("never"), ""),
    ]


def _by_class(actor: Actor, one: TargetView) -> dict[str, list[Any]]:
    """What went wrong, by its class, each with its subject."""
    found: dict[str, list[Any]] = {}
    for link in queries.failed_links(actor, one.id):
        found.setdefault(CLASSES.get(link.error_code, link.error_code), []).append(link)
    return found


CLASSES = {
    "refused": _l("Refused by the application"),
    "taken": _l("Taken there by somebody else"),
    "gone": _l("No longer there"),
    "too_large": _l("Too large for the application"),
    "failing": _l("The application failed"),
}


def target_new(actor: Actor) -> Response | Redirect:
    """Attach an application."""
    form = target_form.form_for(actor)
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            wanted = CreateTarget(form.name.data or "", form.settings(), form.secrets())
            made = _applied(wanted, actor)
            said = _("The application is attached. People are on their way there.")
            return go(url_for("portal.target", target_id=made), said)
    return page("targets/form.html", actor, status_of(form), form=form, target=None)


def target_edit(actor: Actor, target_id: str) -> Response | Redirect:
    """Change how an application is provisioned; everybody is looked at again."""
    one = queries.find_target(actor, target_id)
    form = target_form.form_for(actor, one)
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            change = ChangeTarget(one.id, form.name.data, form.settings(), form.secrets() or None)
            _applied(change, actor)
            return go(_at(one.id), _("The application is changed; everybody is looked at again."))
    return page("targets/form.html", actor, status_of(form), form=form, target=one)


_FIELDS = {
    name: name for name in ("name", "base_url", "token_url", "groups", "licenses", "mapping")
}


def _applied(change: CreateTarget | ChangeTarget, actor: Actor) -> str:
    try:
        return apply(change, by=actor).first.id
    except DirectoryError as refused:
        refused.attribute = target_form.field_of(refused.attribute)
        raise


def _at(target_id: str) -> str:
    return url_for("portal.target", target_id=target_id)


def target_preview(actor: Actor, target_id: str) -> Response:
    """What would be done now; nothing is sent."""
    one = queries.find_target(actor, target_id)
    plan = _outbound().preview(actor, one.id)
    counts = plan.counts
    figures = [
        (_("New"), counts["create"], ""),
        (_("Changed"), counts["update"], ""),
        (_("Shut out or removed"), counts["deactivate"] + counts["remove"], ""),
        (_("Memberships"), _memberships(counts), ""),
    ]
    parts = [(words, counts[name], _said(plan.first[name])) for name, words in PLAN]
    return page(
        "targets/preview.html",
        actor,
        target=one,
        figures=figures,
        parts=[part for part in parts if part[1]],
        unchanged=counts["unchanged"],
        brake=plan.brake,
    )


def _memberships(counts: Mapping[str, int]) -> str:
    new, less = number(counts["member_add"]), number(counts["member_remove"])
    return str(_("%(new)s new, %(less)s less", new=new, less=less))


def _said(planned: list[Any]) -> list[tuple[Any, list[tuple[str, str, str]]]]:
    """Steps with their changes in words."""
    return [
        (one, [(label(path), say(before), say(after)) for path, before, after in one.changes])
        for one in planned
    ]


def target_try(actor: Actor, target_id: str) -> Response:
    """Ask the application whether it lets us in; nothing is written there."""
    one = queries.find_target(actor, target_id)
    secrets = queries.target_secrets(actor.org_id, one.id)
    trial = _outbound().try_target(one.settings, secrets, sessions.settings().outgoing)
    return _page(actor, one, trial)


def target_reconcile(actor: Actor, target_id: str) -> Redirect:
    """Compare everything there with what should be there."""
    said = _("Everything there is being compared; what differs is repaired.")
    return act(ReconcileTarget(target_id), by=actor, said=said, back=_at(target_id))


def target_pause(actor: Actor, target_id: str) -> Redirect:
    """Send nothing more until it is resumed."""
    change = ChangeConnection(queries.find_target(actor, target_id).id, enabled=False)
    return act(change, by=actor, said=_("Nothing is sent until you resume."), back=_at(target_id))


def target_resume(actor: Actor, target_id: str) -> Redirect:
    """Go on with what has happened meanwhile."""
    change = ChangeConnection(queries.find_target(actor, target_id).id, enabled=True)
    said = _("It goes on with what has happened meanwhile.")
    return act(change, by=actor, said=said, back=_at(target_id))


def target_approve(actor: Actor, target_id: str) -> Redirect:
    """Let exactly those go whom the page showed."""
    change = ApproveRemovals(target_id, request.form.get("digest", ""))
    return act(change, by=actor, said=_("Approved; it goes on."), back=_at(target_id))


def target_delete(actor: Actor, target_id: str) -> Response | Redirect:
    """Detach an application, after saying what that means."""
    one = queries.find_target(actor, target_id)
    if request.method == "POST":
        back = url_for("portal.provisioning")
        return act(
            DeleteConnection(one.id),
            by=actor,
            said=_("%(name)s is detached.", name=one.name),
            back=back,
        )
    counts = queries.count_links(actor, one.id)
    people = ngettext(
        "%(num)s person keeps an account there.",
        "%(num)s people keep their accounts there.",
        counts["people"],
    )
    return page("targets/delete.html", actor, target=one, people=people)
