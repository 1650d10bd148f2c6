"""The settings of a provisioning system: its name and product, its limits, and whether it is on."""

from typing import Any

from flask import Response, url_for
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
from portal.forms import Refusals, go, status_of
from portal.frame import page
from portal.lists import whole
from portal.systems import TABS

_STATES: Any = {"on": "Active", "off": "Disabled"}


class SettingsForm(FlaskForm):
    """What may be set of a system."""

    name = StringField("Name", [InputRequired("Give the system a name.")])
    profile = SelectField("Product", [InputRequired()], choices=PROFILES)
    state = RadioField("State", choices=_STATES)
    rate = IntegerField(
        "Requests a second",
        [
            InputRequired("Say how many."),
            NumberRange(
                limits.LOWEST_RATE,
                limits.HIGHEST_RATE,
                f"{limits.LOWEST_RATE} to {limits.HIGHEST_RATE:,} requests a second.",
            ),
        ],
    )
    journal_days = IntegerField(
        "Days in the journal",
        [
            InputRequired("Say how many; 0 keeps no journal."),
            NumberRange(0, limits.MOST_DAYS, f"0 to {limits.MOST_DAYS} days."),
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
            said = "The changes are saved." if changed else "Nothing was different."
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
