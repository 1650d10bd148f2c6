"""The licences of one person: what they have, why, what stands in the way; copying them."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import TextAreaField
from wtforms.validators import InputRequired

from idp.changes import apply
from idp.changes.intents import CopyLicenses
from idp.directory import queries as directory
from idp.directory.actors import Actor
from idp.directory.errors import Invalid
from idp.directory.views import UserView
from idp.licensing import queries
from idp.licensing.catalogue import SkuView
from idp.licensing.decision import COUNT
from idp.licensing.held import LicenseView
from idp.licensing.waiting import ProblemView
from portal import license_words
from portal.forms import Refusals, go, status_of
from portal.frame import page
from portal.license_words import Fix, From

MOST = 200  # people copied to at once


class CopyForm(FlaskForm):
    """To whom."""

    user_names = TextAreaField(_l("User names"), [InputRequired(_l("Name at least one person."))])


@dataclass(frozen=True, slots=True)
class Line:
    """One product of a person in words; `state` is one of the product's eight words."""

    sku: SkuView
    state: str
    view: LicenseView
    sources: list[From]
    direct: bool
    problem: str
    place: str
    fix: Fix | None


def person_licenses(actor: Actor, user_id: str) -> Response:
    """What somebody has, from which sources, and why not what they should have."""
    who = directory.find_user(actor, user_id)
    lines = lines_of(actor, who)
    held = {line.sku.id for line in lines if line.direct}
    others = [one for one in queries.products(actor) if one.sku.id not in held]
    may = actor.can("licenses.write") and who.status == "active"
    return page("licenses/person.html", actor, person=who, lines=lines, others=others, may=may)


def lines_of(actor: Actor, who: UserView) -> list[Line]:
    """The licences of a person in words, by the product's name."""
    views = queries.licenses_of(actor, who.id)
    places = queries.places_in_queue(actor, who.id)
    return [_line(actor, who, one, places.get(one.sku.id)) for one in views]


def _line(actor: Actor, who: UserView, one: LicenseView, place: int | None) -> Line:
    said, queue, mend = "", "", None
    if one.problem:
        problem = ProblemView(who, one.sku, one.problem, who.created, place, one.sources)
        said = license_words.sentence(one.problem, one.sku, one.held_since is not None)
        queue = license_words.place(problem)
        mend = license_words.fix(actor, one.problem, one.sku, who.id)
    state = "Active" if one.access else "Disabled" if one.held_since else "Pending"
    if one.problem and one.problem.code != COUNT:
        state = "Error"
    direct = any(source.kind == "user" for source in one.sources)
    sources = license_words.sources(one.sources)
    return Line(one.sku, state, one, sources, direct, said, queue, mend)


def person_license_copy(actor: Actor, user_id: str) -> Response | Redirect:
    """Give to others what somebody has."""
    who, form = directory.find_user(actor, user_id), CopyForm()
    lines = [line for line in lines_of(actor, who) if line.view.held_since]
    if form.validate_on_submit():
        with Refusals(form):
            ids = _named(actor, (form.user_names.data or "").split())
            apply(CopyLicenses(user_id, ids), by=actor)
            said = ngettext("Copied to %(num)s person.", "Copied to %(num)s people.", len(ids))
            return go(url_for("portal.person_licenses", user_id=user_id), said)
    return page("licenses/copy.html", actor, status_of(form), person=who, lines=lines, form=form)


def _named(actor: Actor, names: Sequence[str]) -> list[str]:
    if len(names) > MOST:
        most = f"Name at most {MOST:,} people at once."
        raise Invalid("too_many_chosen", most, attribute="user_names")
    found = queries.people_by_names(actor, names)
    missing = [name for name in names if name not in found]
    if missing:
        said = f"Nobody here has the user name {missing[0][:100]}."
        raise Invalid("user_unknown", said, attribute="user_names")
    return list(dict.fromkeys(found[name].id for name in names))
