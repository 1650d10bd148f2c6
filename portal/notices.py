"""Notices: what is to be known and done now, what was before; and that one has seen them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask import Response, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect

from idp.changes import board
from idp.changes.board import NoticeView
from idp.directory.actors import Actor
from portal.forms import go
from portal.frame import page
from portal.words import date_text, distance


@dataclass(frozen=True, slots=True)
class Said:
    """A notice in the reader's language; `url` is the page that cures it."""

    state: str
    subject: str
    sentence: str
    todo: str
    verb: str
    url: str
    since: datetime
    resolved_at: datetime | None
    new: bool


def notices(actor: Actor) -> Response:
    """What is open now, and what was resolved lately."""
    return page(
        "notices/notices.html",
        actor,
        now=say(board.now_open(actor)),
        earlier=say(board.earlier(actor)),
        at_most=board.AT_MOST,
    )


def notices_seen(actor: Actor) -> Redirect:
    """Somebody says that they have seen them all."""
    board.see(actor)
    return go(url_for("portal.notices"))


def say(views: Iterable[NoticeView]) -> list[Said]:
    """Notices in words."""
    return [_say(view) for view in views]


def _say(view: NoticeView) -> Said:
    kind, args = view.kind, dict(view.args)
    if view.ends_at:
        args |= {"ends": date_text(view.ends_at), "near": distance(view.ends_at)}
    return Said(
        kind.state,
        _(kind.subject, **args),
        _(kind.sentence, **args),
        _(kind.todo, **args),
        _(kind.verb),
        url_for(kind.endpoint, **view.place),
        view.since,
        view.resolved_at,
        view.new,
    )
