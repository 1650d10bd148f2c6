"""Home: counts, first steps, recent changes; search; theme and language; the mailbox."""

from flask import Response, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect

from idp import mail, sessions
from idp.changes import board
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import not_found
from portal import history, licenses, notices
from portal.first_steps import first_steps
from portal.forms import go
from portal.frame import ONE_YEAR, THEME_COOKIE, THEMES, page
from portal.languages import LANGUAGE_COOKIE, offered
from portal.setup import before_sign_in
from portal.waiting import own_path

_SHOWN = 6
_NOTICES = 4


def front() -> Response | Redirect:
    """Home for who is signed in, the sign-in page for everybody else; before that, the set-up."""
    known = sessions.current_actor()
    ahead = None if known else before_sign_in()
    if ahead is not None:
        return ahead
    return go(url_for("portal.home" if known else "portal.sign_in"))


def home(actor: Actor) -> Response:
    """The organization at a glance; whoever administers nothing has their own page."""
    if not actor.can("users.read"):
        return page("home/plain.html", actor, groups=queries.groups_of(actor, actor.id))
    return page(
        "home/home.html",
        actor,
        figures=_figures(actor),
        licenses=licenses.at_a_glance(actor) if actor.can("licenses.read") else [],
        notices=notices.say(board.now_open(actor, limit=_NOTICES)),
        steps=first_steps(actor),
        entries=history.latest(actor) if actor.can("audit.read") else None,
    )


def _figures(actor: Actor) -> list[tuple[str, int, str]]:
    counts = queries.count_people(actor)
    shown = [
        (_("People who may sign in"), counts["active"], url_for("portal.people", state="active")),
        (
            _("People disabled"),
            counts["disabled"] + counts["blocked"],
            url_for("portal.people", state="disabled"),
        ),
        (_("Groups"), queries.count_groups(actor), url_for("portal.groups")),
    ]
    if actor.can("connections.read"):
        count = len(queries.list_connections(actor))
        shown.append((_("Systems and applications"), count, url_for("portal.provisioning")))
    return shown


def search(actor: Actor) -> Response:
    """People and groups by what was typed; also what the top bar shows as one types."""
    text = request.args.get("q", "").strip()
    return page(
        "home/search.html",
        actor,
        text=text,
        people=queries.page_people(actor, text=text, limit=_SHOWN).items if text else (),
        groups=queries.page_groups(actor, text=text, limit=_SHOWN).items if text else (),
    )


def theme() -> Redirect:
    """Keep the reader's choice of light or dark for a year."""
    chosen = request.form.get("theme", "")
    return _keep(THEME_COOKIE, chosen if chosen in THEMES else "")


def language() -> Redirect:
    """Keep the reader's choice of a language for a year."""
    chosen = request.form.get("language", "")
    return _keep(LANGUAGE_COOKIE, chosen if offered(chosen) else "")


def _keep(cookie: str, chosen: str) -> Redirect:
    """Back to the page that was left, with the choice in a cookie; nothing chosen, nothing kept."""
    answer = go(own_path(request.form.get("back", "")) or url_for("portal.front"))
    if chosen:
        secure = sessions.settings().secure
        answer.set_cookie(cookie, chosen, ONE_YEAR, httponly=True, secure=secure, samesite="Lax")
    return answer


def mailbox(actor: Actor) -> Response:
    """The demo's mail: it exists only where the demo runs."""
    if not sessions.settings().demo:
        raise not_found("page")
    return page("home/mailbox.html", actor, messages=mail.mailbox(actor))
