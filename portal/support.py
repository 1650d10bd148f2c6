"""Feedback and support: whom to ask; a case, with facts that its sender sees before they go."""

import platform
import re
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from idp import sessions
from idp.changes import helpdesk, outbox
from idp.changes.helpdesk import MOODS
from idp.directory import queries
from idp.directory.actors import Actor
from portal.forms import go, status_of
from portal.frame import page
from portal.languages import current
from portal.words import browser

_LONGEST = 5_000
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PATH = re.compile(r"/[\w./-]{0,200}")
CONTACTS = ("technical", "security", "billing")


def _moods() -> Any:
    return {"good": _("Good"), "mixed": _("So so"), "bad": _("Bad")}


def _text(label: Any) -> TextAreaField:
    wanted = [
        InputRequired(_l("Write a few words.")),
        Length(max=_LONGEST, message=_l("At most 5,000 characters.")),
    ]
    return TextAreaField(label, wanted)


class FeedbackForm(FlaskForm):
    """What somebody thinks of a page or of all of it."""

    mood = RadioField(_l("How is it?"), [InputRequired(_l("Choose one."))], choices=_moods)
    text = _text(_l("What is good, what is in the way?"))
    page = StringField(_l("Page"), [Length(max=256, message=_l("At most 256 characters."))])
    request_id = HiddenField()
    attach = BooleanField(_l("Send the number of my last request along"))


class CaseForm(FlaskForm):
    """A question to support."""

    subject = StringField(
        _l("In a few words"),
        [
            InputRequired(_l("Say in a few words what it is about.")),
            Length(max=200, message=_l("At most 200 characters.")),
        ],
    )
    text = _text(_l("What did you do, what did you expect, what happened?"))
    code = HiddenField()
    request_id = HiddenField()
    attach = BooleanField(_l("Send these facts along"), default=True)


def feedback(actor: Actor) -> Response | Redirect:
    """Say what one thinks."""
    asked = {"page": _kept(_PATH, "page"), "request_id": _kept(_SAFE, "request")}
    form = FeedbackForm(data=asked)
    if form.validate_on_submit():
        agreed = _SAFE.fullmatch(form.request_id.data or "") if form.attach.data else None
        said = {
            "mood": form.mood.data if form.mood.data in MOODS else MOODS[1],
            "text": form.text.data or "",
            "page": form.page.data or "",
            "request_id": agreed[0] if agreed else "",
        }
        settings = sessions.settings()
        address = settings.feedback_address if _mail_works() else ""
        helpdesk.give_feedback(actor, said, address=address)
        return go(url_for("portal.feedback_thanks"))
    return page("help/feedback.html", actor, status_of(form), form=form)


def feedback_thanks(actor: Actor) -> Response:
    """It has arrived."""
    return page("help/thanks.html", actor)


def support(actor: Actor) -> Response:
    """Whom to ask, how, and what one asked before."""
    return page(
        "help/support.html",
        actor,
        address=sessions.settings().support_address,
        contacts=_contacts(actor),
        cases=helpdesk.cases(actor),
    )


def case_new(actor: Actor) -> Response | Redirect:
    """Ask, and see before what is sent along."""
    asked = {"code": _kept(_SAFE, "code"), "request_id": _kept(_SAFE, "request")}
    form = CaseForm(data=asked)
    facts = _facts(actor, form)
    if form.validate_on_submit():
        said = {
            "subject": " ".join((form.subject.data or "").split()),
            "text": form.text.data or "",
            "diagnostics": facts if form.attach.data else "",
        }
        made = helpdesk.open_case(actor, said, address=_recipient(actor))
        return go(url_for("portal.case", case_id=made))
    return page("help/case_new.html", actor, status_of(form), form=form, facts=facts)


def case(actor: Actor, case_id: str) -> Response:
    """One case, and its text to be sent by another way."""
    return page("help/case.html", actor, case=helpdesk.find_case(actor, case_id))


def case_close(actor: Actor, case_id: str) -> Redirect:
    """It is answered."""
    helpdesk.close_case(actor, case_id)
    return go(url_for("portal.support"), _("The case is closed."))


def _kept(shape: re.Pattern[str], name: str) -> str:
    """What the address says, where it has the shape that it should."""
    value = request.args.get(name, "")
    return value if shape.fullmatch(value) else ""


def _mail_works() -> bool:
    settings = sessions.settings()
    return bool(settings.smtp_url or settings.demo) and not outbox.late()


def _recipient(actor: Actor) -> str:
    """Whom a case goes to: the operator's address, or the organization's own technical contact."""
    address = sessions.settings().support_address or _contacts(actor).get("technical", "")
    return address if _mail_works() else ""


def _contacts(actor: Actor) -> dict[str, str]:
    held = queries.organization(actor).settings.get("contacts") or {}
    return {name: held[name] for name in CONTACTS if held.get(name)}


def _facts(actor: Actor, form: CaseForm) -> str:
    """What helps to find a fault: no name, no address, no value of the directory."""
    safe = {name: _SAFE.fullmatch(form[name].data or "") for name in ("code", "request_id")}
    roles = sorted({one.role for one in queries.role_holders(actor, user_id=actor.id)})
    facts = {
        "Error code": safe["code"][0] if safe["code"] else "",
        "Request": safe["request_id"][0] if safe["request_id"] else "",
        "Organization": actor.org_id,
        "Roles": ", ".join(roles) or "none",
        "Browser": browser(request.user_agent.string),
        "Language": current().tag,
        "Python": platform.python_version(),
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if value)
