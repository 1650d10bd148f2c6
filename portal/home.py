"""Home: counts, first steps, recent changes; search; theme and language; the mailbox."""

from dataclasses import dataclass

from flask import Response, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect

from idp import mail, sessions
from idp.changes import board
from idp.directory import queries
from idp.directory.actors import LOCAL, Actor
from idp.directory.errors import not_found
from idp.directory.roles import GLOBAL_ADMINISTRATOR
from portal import history, licenses, notices
from portal.forms import go
from portal.frame import ONE_YEAR, THEME_COOKIE, THEMES, page
from portal.languages import LANGUAGE_COOKIE, offered
from portal.waiting import own_path

_SHOWN = 6
_NOTICES = 4


@dataclass(frozen=True, slots=True)
class Step:
    """A first step: it ticks itself when the directory shows that it was taken."""

    title: str
    why: str
    done: bool
    url: str


def front() -> Redirect:
    """Home for who is signed in, the sign-in page for everybody else."""
    known = sessions.current_actor()
    return go(url_for("portal.home" if known else "portal.sign_in"))


def home(actor: Actor) -> Response:
    """The organization at a glance; whoever administers nothing has their own page."""
    if not actor.can("users.read"):
        return page("home/plain.html", actor, groups=queries.groups_of(actor, actor.id))
    steps = _steps(actor) if actor.can("connections.read") and actor.can("roles.read") else []
    return page(
        "home/home.html",
        actor,
        figures=_figures(actor),
        licenses=licenses.at_a_glance(actor) if actor.can("licenses.read") else [],
        notices=notices.say(board.now_open(actor, limit=_NOTICES)),
        steps=steps if not all(step.done for step in steps) else [],
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


def _steps(actor: Actor) -> list[Step]:
    """What a new organization does first."""
    connections = queries.list_connections(actor)
    systems = [one for one in connections if one.kind == "scim"]
    first = queries.page_people(actor, limit=20).items
    arrived = any(one.last_used_at for one in systems) or any(p.source_id != LOCAL for p in first)
    chiefs = len({h.user_id for h in queries.role_holders(actor, role=GLOBAL_ADMINISTRATOR)})
    return [
        Step(
            _("Connect your HR system"),
            _("It pushes people and groups by SCIM; it needs an address and a token from here."),
            bool(systems),
            url_for("portal.provisioning"),
        ),
        Step(
            _("See people arrive"),
            _("Everybody whom the system sends appears here, with the owner of each value."),
            arrived,
            url_for("portal.people"),
        ),
        Step(
            _("Add an application"),
            _("Exchange metadata, and people sign in there with their account here."),
            any(one.kind == "saml" for one in connections),
            url_for("portal.applications"),
        ),
        Step(
            _("Make a second Global Administrator"),
            _("So that somebody can help when the first is away."),
            chiefs > 1,
            url_for("portal.role", key=GLOBAL_ADMINISTRATOR),
        ),
    ]


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
