"""After the first run: is all well, does mail leave, and what comes next."""

from urllib.parse import urlsplit

from flask import Response, current_app, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as Redirect

from idp import sessions
from idp.changes import first_run
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError
from portal.first_steps import first_steps
from portal.forms import go, refused
from portal.frame import page
from portal.here import is_this_machine
from portal.status import Check

BACK_UP = "flask backup chamberlain.backup"
_NAMES = {
    "database": _l("Database"),
    "migrations": _l("Tables of the database"),
    "master key": _l("Master key"),
    "data directory": _l("Data directory"),
    "clock": _l("Clock"),
}


def setup_done(actor: Actor) -> Response:
    """Checks of the installation, and the next steps."""
    return page(
        "setup/done.html",
        actor,
        checks=_checks(),
        mail=_can_mail(),
        address=_address(actor),
        steps=first_steps(actor),
        back_up=BACK_UP,
    )


def _checks() -> list[Check]:
    examined: dict[str, bool] = current_app.extensions["chamberlain_examine"]()
    return [*(_looked_at(name, well=well) for name, well in examined.items()), _mail(), _https()]


def _looked_at(name: str, *, well: bool) -> Check:
    advice = _("Run “flask doctor” on the server: it says what to do.")
    said = _("It is well.") if well else advice
    return Check(str(_NAMES[name]), "Active" if well else "Error", said)


def _mail() -> Check:
    if _can_mail():
        return Check(_("Mail"), "Active", _("Send a test mail to see whether it arrives."))
    said = _("No mail server is set: one-time links are shown, to be handed on by hand.")
    return Check(_("Mail"), "Pending", said)


def _can_mail() -> bool:
    return bool(sessions.settings().smtp_url) or sessions.settings().demo


def _https() -> Check:
    url = sessions.settings().public_url
    if sessions.settings().secure or is_this_machine(urlsplit(url).hostname or ""):
        return Check(_("Public address"), "Active", url)
    said = _("%(url)s carries passwords in the clear: put HTTPS in front of it.", url=url)
    return Check(_("Public address"), "Pending", said)


def _address(actor: Actor) -> str:
    """The reader's own address: a test mail goes nowhere else."""
    mails = queries.find_user(actor, actor.id).record.get("emails") or [{}]
    return str(next((m for m in mails if m.get("primary")), mails[0]).get("value", ""))


def setup_test_mail(actor: Actor) -> Redirect:
    """Send the reader a mail."""
    back, address = url_for("portal.setup_done"), _address(actor)
    if not address or not _can_mail():
        return go(back)
    try:
        first_run.owe_test_mail(actor, address)
    except DirectoryError as error:
        return refused(error, back)
    return go(back, _("A test mail is on its way to %(address)s.", address=address))
