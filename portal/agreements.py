"""Volume licence agreements: the list, one with its subscriptions, entering, changing, ending."""

from datetime import UTC, datetime, time

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import DateField, HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from idp.changes import apply
from idp.changes.intents import AddAgreement, ChangeAgreement, TerminateAgreement
from idp.directory.actors import Actor
from idp.licensing import queries
from portal import history
from portal.billing_lists import AGREEMENTS
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.listing import show
from portal.lists import shown, whole
from portal.services import tabs


class AgreementForm(FlaskForm):
    """An agreement; days are days in UTC, and the last one is covered wholly."""

    number = StringField(
        _l("Licence id"), [InputRequired(_l("Enter the licence id.")), Length(max=64)]
    )
    programme = StringField(
        _l("Programme"), [InputRequired(_l("Enter the programme.")), Length(max=128)]
    )
    starts = DateField(_l("Covered from"), [InputRequired(_l("Enter a day."))])
    ends = DateField(_l("Covered until"), [InputRequired(_l("Enter a day."))])
    parent = SelectField(_l("Under the agreement"))
    version = HiddenField()


def agreements(actor: Actor) -> Response:
    """All agreements."""
    found = show(AGREEMENTS, actor)
    return page("services/agreements.html", actor, tabs=tabs(), found=found)


def agreement(actor: Actor, agreement_id: str) -> Response:
    """One agreement and what is subscribed under it."""
    one = queries.find_agreement(actor, agreement_id)
    found = queries.page_subscriptions(
        actor, agreement_id=agreement_id, cursor=request.args.get("cursor")
    )
    return page(
        "services/agreement.html",
        actor,
        agreement=one,
        parent=queries.find_agreement(actor, one.parent_id) if one.parent_id else None,
        found=shown(list(found.items), found.next_cursor, None, "subscription", "subscriptions"),
        entries=history.about(actor, agreement_id) if actor.can("audit.read") else [],
    )


def agreement_new(actor: Actor) -> Response | Redirect:
    """Enter an agreement."""
    form = AgreementForm()
    form.parent.choices = _parents(actor)
    if form.validate_on_submit():
        with Refusals(form):
            made = apply(AddAgreement(*_entered(form)), by=actor).first
            at = url_for("portal.agreement", agreement_id=made.id)
            return go(at, _("The agreement was entered."))
    return page("services/agreement_form.html", actor, status_of(form), agreement=None, form=form)


def agreement_edit(actor: Actor, agreement_id: str) -> Response | Redirect:
    """Change an agreement."""
    one = queries.find_agreement(actor, agreement_id)
    given = {
        "number": one.number,
        "programme": one.programme,
        "starts": one.starts.date(),
        "ends": one.ends.date(),
        "parent": one.parent_id or "",
        "version": str(one.version),
    }
    form = AgreementForm(data=given)
    form.parent.choices = _parents(actor, agreement_id)
    if form.validate_on_submit():
        with Refusals(form):
            expect = whole(form.version.data)
            apply(ChangeAgreement(agreement_id, *_entered(form), expect=expect), by=actor)
            return go(_at(agreement_id), _("The agreement was changed."))
    return page("services/agreement_form.html", actor, status_of(form), agreement=one, form=form)


def _parents(actor: Actor, but: str = "") -> list[tuple[str, str]]:
    found = queries.page_agreements(actor, limit=200).items
    return [("", _("None")), *((one.id, one.number) for one in found if one.id != but)]


def _entered(form: AgreementForm) -> tuple[str, str, datetime, datetime, str | None]:
    first, last = form.starts.data, form.ends.data
    assert first and last  # noqa: S101, PT018  the form's validators say so
    return (
        form.number.data or "",
        form.programme.data or "",
        datetime.combine(first, time.min, UTC),
        datetime.combine(last, time(23, 59, 59), UTC),
        form.parent.data or None,
    )


def agreement_terminate(actor: Actor, agreement_id: str) -> Response | Redirect:
    """End an agreement now, after saying what that means."""
    one = queries.find_agreement(actor, agreement_id)
    if request.method == "POST":
        change = TerminateAgreement(agreement_id, expect=whole(request.form.get("version")))
        return act(change, by=actor, said=_("The agreement ended."), back=_at(agreement_id))
    count = len(queries.page_subscriptions(actor, agreement_id=agreement_id, limit=200).items)
    return page("services/agreement_terminate.html", actor, agreement=one, count=count)


def _at(agreement_id: str) -> str:
    return url_for("portal.agreement", agreement_id=agreement_id)
