"""Status for everybody, jobs for who keeps connections: how the product does just now."""

from dataclasses import dataclass

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response as Redirect

from idp.changes import incidents, wellbeing
from idp.changes.intents import RetryDelivery
from idp.changes.wellbeing import Health
from idp.directory.actors import Actor
from portal.forms import act
from portal.frame import page
from portal.words import date_text, distance

CHORES = {
    "sweep": _l("Forget what has expired"),
    "event_tokens": _l("Forget events that were taken"),
    "imports": _l("Forget the files of old imports"),
    "journal": _l("Shorten journals"),
    "notices": _l("Look for what ends or fails"),
    "sign_in_days": _l("Count the sign-ins of the day"),
    "old_sign_ins": _l("Forget old sign-ins"),
    "old_notices": _l("Forget old notices"),
    "subscriptions": _l("Follow subscriptions through time"),
    "usage": _l("Note how many licences are in use"),
}
PURPOSES = {"events": _l("Events"), "outbound": _l("People and groups")}
IMPACTS = {"information": _l("Information"), "degraded": _l("Degraded"), "outage": _l("Outage")}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: its state in one of the product's words, and what it means."""

    name: str
    state: str
    said: str


def status(actor: Actor) -> Response:
    """What the operator says, and what our own checks found."""
    checks = _checks(wellbeing.health(actor))
    found = incidents.incidents(actor)
    well = all(c.state == "Active" for c in checks) and not any(not i.closed_at for i in found)
    return page("help/status.html", actor, checks=checks, incidents=found, well=well, **_WORDS)


_WORDS = {"impacts": IMPACTS}


def _checks(health: Health) -> list[Check]:
    return [
        Check(_("Portal and directory"), "Active", _("They answer: you are reading this.")),
        _work(health),
        _mail(health),
        _systems(health),
        _applications(health),
        _provisioning(health),
    ]


def _work(health: Health) -> Check:
    late = health.work_late_since
    said = _("It waits since %(day)s.", day=date_text(late)) if late else _("It is done in time.")
    return Check(_("Background work"), "Error" if late else "Active", said)


def _mail(health: Health) -> Check:
    if health.mail_late:
        return Check(_("Mail"), "Error", _("Mails wait for more than half an hour."))
    if health.mails_given_up:
        said = ngettext(
            "%(num)s mail was given up.", "%(num)s mails were given up.", health.mails_given_up
        )
        return Check(_("Mail"), "Error", said)
    return Check(_("Mail"), "Active", _("Mails leave at once."))


def _systems(health: Health) -> Check:
    said = _named(_("Stopped, and waiting for a decision"), health.stopped)
    state = "Pending" if health.stopped else "Active"
    return Check(_("Systems that send people here"), state, said or _("None is stopped."))


def _applications(health: Health) -> Check:
    said = _named(_("Cannot be reached"), health.failing)
    state = "Error" if health.failing else "Active"
    return Check(_("Applications that we keep up to date"), state, said or _("All answer."))


def _named(words: str, names: list[str]) -> str:
    """The words with the names, or how many where the reader may not know them."""
    if not names:
        return ""
    known = ", ".join(filter(None, names))
    return f"{words}: {known or len(names)}"


def _provisioning(health: Health) -> Check:
    last = health.last_provisioned
    said = (
        _("%(day)s (%(near)s)", day=date_text(last), near=distance(last))
        if last
        else _("Not yet: no system has sent anything.")
    )
    return Check(_("Last sent by a system"), "Active", said)


def jobs(actor: Actor) -> Response:
    """What works in the background, and what of it failed."""
    found = wellbeing.jobs(actor)
    troubled = found.dead or any(one.failures for one in found.followers)
    quiet = not troubled and not found.waiting and not any(one.behind for one in found.followers)
    return page("help/jobs.html", actor, jobs=found, quiet=quiet, names=CHORES, purposes=PURPOSES)


def job_retry(actor: Actor, delivery_id: str) -> Redirect:
    """Try again what was given up."""
    said, back = _("It will be tried again at once."), url_for("portal.jobs")
    return act(RetryDelivery(delivery_id), by=actor, said=said, back=back)
