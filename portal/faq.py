"""What people ask, and what to do about what they see: the content of the help page, and a search.

An answer is one or two sentences and the page where it is done, if there is one. Whoever adds a
page that raises a question adds it here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

LONGEST = 100  # characters of a search that are looked at


@dataclass(frozen=True, slots=True)
class Answer:
    """A question or symptom, what to say to it, and where to go on: words and endpoint."""

    id: str
    asked: LazyString
    said: LazyString
    way: LazyString | None = None
    endpoint: str = ""


QUESTIONS = (
    Answer(
        "licences-left",
        _("How many licences are left, and who has them?"),
        _(
            "The Services page shows for each service how many units there are, are in use and "
            "remain. Its name opens who holds them."
        ),
    ),
    Answer(
        "role",
        _("How do I give somebody an administrative role?"),
        _(
            "Open Identity, Roles, choose the role and assign it: over everybody or over the "
            "members of one group, for good or until a day. Only a Global Administrator can."
        ),
        _("Roles"),
        "portal.roles",
    ),
    Answer(
        "add-people",
        _("How do people get in here?"),
        _(
            "Best by your HR system, which sends everybody by SCIM and keeps them up to date; or "
            "by hand, one at a time."
        ),
        _("Connect a system"),
        "portal.provisioning",
    ),
    Answer(
        "leaver",
        _("Somebody leaves. What do I have to do?"),
        _(
            "Where your HR system sends people, nothing: who is disabled there loses sessions, "
            "memberships and licences here at once. By hand: open the person and block them."
        ),
        _("People"),
        "portal.people",
    ),
    Answer(
        "own-data",
        _("How do I change my own data?"),
        _(
            "Choose your name at the top. What your organization’s HR system owns is changed "
            "there; its name stands beside each value."
        ),
        _("Your account"),
        "portal.me",
    ),
    Answer(
        "password",
        _("How do I change my password?"),
        _("On your account’s page. Your other sessions end with it."),
        _("Change your password"),
        "portal.me_password",
    ),
    Answer(
        "application",
        _("How do people sign in to another application with this account?"),
        _(
            "Exchange SAML metadata with the application: paste its metadata here, give it ours. "
            "Then people sign in there without another password."
        ),
        _("Applications"),
        "portal.applications",
    ),
    Answer(
        "who-changed",
        _("Who changed this, and what was it before?"),
        _("The audit keeps every change by every door, with the value before and after."),
        _("The audit"),
        "portal.audit_page",
    ),
    Answer(
        "notices",
        _("Who is told when something ends or fails?"),
        _(
            "Whoever holds a role that can cure it: by the bell at the top, and by mail 60, 30, 7 "
            "and 1 days before an end."
        ),
        _("Notices"),
        "portal.notices",
    ),
)

SYMPTOMS = (
    Answer(
        "cannot-sign-in",
        _("I cannot sign in"),
        _(
            "Check the name: it is often your e-mail address. Check Caps Lock. If it still fails, "
            "ask an administrator for a one-time link; it lets you choose a new password."
        ),
    ),
    Answer(
        "throttled",
        _("It says: too many attempts"),
        _(
            "After some failures each further attempt has to wait, a quarter of an hour at most. "
            "Nothing is locked. A one-time link works at once."
        ),
    ),
    Answer(
        "page-missing",
        _("A page or a button is missing"),
        _("What your roles do not allow is not shown. Ask which role gives it:"),
        _("Why can’t I see this?"),
        "portal.help_access",
    ),
    Answer(
        "signed-out",
        _("I am signed out all the time"),
        _(
            "A session ends when it is idle: after half an hour for administrators. It also ends "
            "when your password changes or somebody ends it. Your browser must keep cookies."
        ),
        _("Where you are signed in"),
        "portal.me",
    ),
    Answer(
        "person-missing",
        _("Somebody from HR does not appear"),
        _(
            "Open the system under Provisioning: its journal shows each request, with the reason "
            "where it was refused. A stopped system waits for a decision."
        ),
        _("Provisioning"),
        "portal.provisioning",
    ),
    Answer(
        "stopped",
        _("A system was stopped"),
        _(
            "It asked to remove more people at once than its brake allows, so nothing was applied. "
            "See what it asked for, then approve or reject it."
        ),
        _("Provisioning"),
        "portal.provisioning",
    ),
    Answer(
        "locked-value",
        _("A value cannot be changed; a lock stands beside it"),
        _("It belongs to a connected system, named beside the lock. Change it there."),
    ),
    Answer(
        "application-refuses",
        _("An application refuses the sign-in"),
        _(
            "The sign-ins say whether we let the person through and why not. If we did, "
            "compare the application’s certificate and addresses with our metadata."
        ),
        _("Sign-ins"),
        "portal.sign_ins_page",
    ),
    Answer(
        "no-licence",
        _("Somebody is in the group, but has no licence"),
        _(
            "The seats may be used up: then the person waits, and gets the next one that is free. "
            "The person’s page says why."
        ),
    ),
    Answer(
        "no-mail",
        _("A mail did not arrive"),
        _(
            "Look into the spam folder. Administrators see in the notices what could not be "
            "delivered."
        ),
    ),
    Answer(
        "too-old",
        _("It says: this form is too old"),
        _("Reload the page and send the form again. Your browser must keep cookies of this site."),
    ),
    Answer(
        "somebody-quicker",
        _("It says: somebody else was quicker"),
        _("Somebody changed the same thing meanwhile. Look at it again, then make your change."),
    ),
)


def matching(answers: Iterable[Answer], text: str) -> list[Answer]:
    """The answers in which every word of a search occurs, in the reader's language."""
    words = text[:LONGEST].casefold().split()
    return [one for one in answers if all(word in _text(one) for word in words)]


def _text(answer: Answer) -> str:
    return f"{answer.asked} {answer.said}".casefold()
