"""The settings of a provisioning system: its name and product, its limits, and whether it is on."""

from typing import Any

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import HiddenField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, NumberRange

from idp.changes import apply
from idp.changes.intents import ChangeConnection
from idp.directory import limits
from idp.directory.actors import Actor
from idp.directory.views import ConnectionView
from portal.connections import PROFILES, system
from portal.forms import Refusals, go, options, status_of
from portal.frame import page
from portal.languages import lazy_number
from portal.lists import whole
from portal.systems import TABS

_STATES: Any = {"on": _l("Active"), "off": _l("Disabled")}


class SettingsForm(FlaskForm):
    """What may be set of a system."""

    name = StringField(_l("Name"), [InputRequired(_l("Give the system a name."))])
    profile = SelectField(_l("Product"), [InputRequired()], choices=options(PROFILES))
    state = RadioField(_l("State"), choices=options(_STATES))
    rate = IntegerField(
        _l("Requests a second"),
        [
            InputRequired(_l("Say how many.")),
            NumberRange(
                limits.LOWEST_RATE,
                limits.HIGHEST_RATE,
                _l(
                    "%(least)s to %(most)s requests a second.",
                    least=limits.LOWEST_RATE,
                    most=lazy_number(limits.HIGHEST_RATE),
                ),
            ),
        ],
    )
    journal_days = IntegerField(
        _l("Days in the journal"),
        [
            InputRequired(_l("Say how many; 0 keeps no journal.")),
            NumberRange(0, limits.MOST_DAYS, _l("0 to %(most)s days.", most=limits.MOST_DAYS)),
        ],
    )
    version = HiddenField()


def connection_settings(actor: Actor, connection_id: str) -> Response | Redirect:
    """Change a system's settings; what other pages keep among them stays."""
    one = system(actor, connection_id)
    form = SettingsForm(data=_given(one))
    if form.validate_on_submit():
        with Refusals(form):
            changed = apply(_change(one, form), by=actor).changed
            said = _("The changes are saved.") if changed else _("Nothing was different.")
            return go(url_for("portal.connection_settings", connection_id=one.id), said)
    return page(
        "connections/settings.html",
        actor,
        status_of(form),
        connection=one,
        tabs=TABS,
        form=form,
        burst_seconds=limits.BURST_SECONDS,
    )


def _given(one: ConnectionView) -> dict[str, object]:
    return {
        "name": one.name,
        "profile": one.profile,
        "state": "on" if one.enabled else "off",
        "rate": limits.rate_of(one.settings),
        "journal_days": limits.journal_days_of(one.settings),
        "version": str(one.version),
    }


def _change(one: ConnectionView, form: SettingsForm) -> ChangeConnection:
    """Against the version that the reader saw. A default that nobody changed is not written."""
    held = {
        "rate": limits.rate_of(one.settings),
        "journal_days": limits.journal_days_of(one.settings),
    }
    altered = {name: form[name].data for name, value in held.items() if form[name].data != value}
    return ChangeConnection(
        one.id,
        name=form.name.data,
        profile=form.profile.data,
        settings=one.settings | altered,
        enabled=form.state.data == "on",
        expect=whole(form.version.data),
    )
