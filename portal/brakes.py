"""The brake of a provisioning system: its limits, what counts now, approving and rejecting."""

from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import Field, HiddenField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from idp.changes import apply
from idp.changes.intents import ApproveBrake, RejectBrake, SetBrake
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.brakes import KINDS, LONGEST_HOURS, MOST, Limits, Stop
from portal.connections import system
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.languages import lazy_number, number
from portal.lists import whole
from portal.systems import TABS

NAMES = {
    "deactivations": _l("People deactivated"),
    "deletions": _l("People deleted"),
    "groups": _l("Groups deleted"),
    "removals": _l("Members removed from one group"),
}


def _count_field(label: str, most: int) -> Field:
    wanted = [
        InputRequired(_l("Say a number; 0 lets nothing go.")),
        NumberRange(0, most, _l("From 0 to %(most)s.", most=lazy_number(most))),
    ]
    return IntegerField(label, wanted)


class LimitsForm(FlaskForm):
    """What may go within the window: for each kind a number, and a share of all."""

    version = HiddenField()
    hours = IntegerField(
        _l("The window, in hours"),
        [
            InputRequired(_l("Say how many hours.")),
            NumberRange(
                1,
                LONGEST_HOURS,
                _l("From 1 to %(most)s hours.", most=lazy_number(LONGEST_HOURS)),
            ),
        ],
    )
    deactivations_count = _count_field(_l("People deactivated"), MOST)
    deactivations_share = _count_field(_l("Or this percentage of active people"), 100)
    deletions_count = _count_field(_l("People deleted"), MOST)
    deletions_share = _count_field(_l("Or this percentage of all people"), 100)
    groups_count = _count_field(_l("Groups deleted"), MOST)
    groups_share = _count_field(_l("Or this percentage of groups"), 100)
    removals_count = _count_field(_l("Members removed from one group"), MOST)
    removals_share = _count_field(_l("Or this percentage of its members"), 100)


class ApproveForm(FlaskForm):
    """How many may go from now on."""

    allow = _count_field(_l("May go from now on"), MOST)


def brake(actor: Actor, connection_id: str) -> Response:
    """The limits, what has gone within the window, and what was stopped."""
    one = system(actor, connection_id)
    held = queries.brake_of(actor, connection_id)
    return page(
        "systems/brake.html",
        actor,
        connection=one,
        tabs=TABS,
        held=held,
        told=told,
        names=NAMES,
        limits=[(NAMES[kind], held.limits.kinds[kind]) for kind in KINDS],
    )


def told(stop: Stop) -> str:
    """What would have happened, in one sentence without an end."""
    values = {
        "loss": number(stop.loss),
        "total": number(stop.total),
        "hours": stop.hours,
        "allowed": number(stop.allowed),
        "group": stop.group_name,
    }
    return {
        "deactivations": _(
            "this would deactivate %(loss)s of %(total)s people within %(hours)s hours; "
            "the limit is %(allowed)s",
            **values,
        ),
        "deletions": _(
            "this would delete %(loss)s of %(total)s people within %(hours)s hours; "
            "the limit is %(allowed)s",
            **values,
        ),
        "groups": _(
            "this would delete %(loss)s of %(total)s groups within %(hours)s hours; "
            "the limit is %(allowed)s",
            **values,
        ),
        "removals": _(
            "this would remove %(loss)s of %(total)s members from the group “%(group)s” within "
            "%(hours)s hours; the limit is %(allowed)s",
            **values,
        ),
    }[stop.kind]


def brake_edit(actor: Actor, connection_id: str) -> Response | Redirect:
    """Change the limits."""
    one = system(actor, connection_id)
    form = LimitsForm(data=_texts(queries.brake_of(actor, connection_id).limits, one.version))
    if form.validate_on_submit():
        with Refusals(form):
            wanted = SetBrake(connection_id, _limits(form), expect=whole(form.version.data))
            changed = apply(wanted, by=actor).changed
            return go(_at(connection_id), _("Saved.") if changed else _("Nothing was different."))
    return page("systems/brake_edit.html", actor, status_of(form), connection=one, form=form)


def _texts(limits: Limits, version: int) -> dict[str, int]:
    texts = {"hours": limits.hours, "version": version}
    for kind, limit in limits.kinds.items():
        texts |= {f"{kind}_count": limit.count, f"{kind}_share": limit.share}
    return texts


def _limits(form: LimitsForm) -> dict[str, Any]:
    kinds = {
        kind: {part: form[f"{kind}_{part}"].data for part in ("count", "share")} for kind in KINDS
    }
    return {"hours": form.hours.data, **kinds}


def brake_approve(actor: Actor, connection_id: str) -> Response | Redirect:
    """Let a stopped system go on, after saying what may go then."""
    one = system(actor, connection_id)
    held = queries.brake_of(actor, connection_id)
    if held.quarantine is None:
        return page("systems/not_stopped.html", actor, connection=one)
    form = ApproveForm(data={"allow": held.quarantine.suggestion})
    if form.validate_on_submit():
        with Refusals(form):
            allow = form.allow.data or 0
            apply(ApproveBrake(connection_id, _seen(held.quarantine.id), allow), by=actor)
            return go(_at(connection_id), _("Approved. %(name)s may go on.", name=one.name))
    return page(
        "systems/brake_approve.html",
        actor,
        status_of(form),
        connection=one,
        held=held,
        stop=held.quarantine.stop,
        told=told,
        form=form,
    )


def brake_reject(actor: Actor, connection_id: str) -> Response | Redirect:
    """Let a stopped system go on with everything else, after saying what that means."""
    one = system(actor, connection_id)
    held = queries.brake_of(actor, connection_id)
    if held.quarantine is None:
        return page("systems/not_stopped.html", actor, connection=one)
    if request.method == "POST":
        rejected = RejectBrake(connection_id, _seen(held.quarantine.id))
        said = _("Rejected. %(name)s may go on with everything else.", name=one.name)
        return act(rejected, by=actor, said=said, back=_at(connection_id))
    shown = {"connection": one, "held": held, "stop": held.quarantine.stop, "told": told}
    return page("systems/brake_reject.html", actor, **shown)


def _seen(current: str) -> str:
    """The quarantine that the reader decided about; another one meanwhile is refused below."""
    return request.form.get("quarantine_id", current)


def _at(connection_id: str) -> str:
    return url_for("portal.brake", connection_id=connection_id)
