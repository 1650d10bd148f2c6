"""Doing one thing to many people: chosen one by one, or all whom a filter means.

the list's form   an action and ids, or `all` and the filter
the confirmation  how many, the first names, what happens; a digest of exactly whom it counted
the second POST   if the same filter now means others, nothing is done and it is said again;
                  what is refused of somebody is listed, and the others go through
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import StringField

from idp.changes.each import Each, apply_each
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Conflict, DirectoryError, Invalid, not_found
from portal.bulk import ACTIONS, BulkAction
from portal.forms import Refusals, go, refused, status_of
from portal.frame import page
from portal.listing import Asked, ask
from portal.people_list import PEOPLE, whom

MOST = 5_000  # people at once: what one transaction does without keeping others waiting
TYPED = 500  # beyond this the number is typed, so that nobody confirms it unread
_NAMED = 10


class BulkForm(FlaskForm):
    """What the confirmation asks for: a target of the action, and the number of very many."""

    target = StringField()
    number = StringField(lazy_gettext("Number of people"))


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom the reader means: by ids, or by a filter."""

    asked: Asked
    by_filter: bool
    ids: Sequence[str]

    @property
    def digest(self) -> str:
        """Stands for exactly these people."""
        return hashlib.sha256("\n".join(sorted(self.ids)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody with whom it was not done, and why."""

    name: str
    url: str
    sentence: str


def people_bulk(actor: Actor) -> Response | Redirect:
    """Confirm what is to be done to many, and do it."""
    action, form = _action(actor), BulkForm()
    chosen = _chosen(actor, action)
    if not 0 < len(chosen.ids) <= MOST:
        return refused(_unfit(chosen), chosen.asked.url())
    if request.form.get("digest"):
        with Refusals(form):
            _check(action, chosen, form)
            target = action.target.find(actor, form.target.data or "") if action.target else ""
            units = [(action.change(actor, user_id, target),) for user_id in chosen.ids]
            return _done(actor, action, chosen, apply_each(units, actor))
    return _confirm(actor, action, chosen, form)


def _action(actor: Actor) -> BulkAction:
    action = ACTIONS.get(request.form.get("action", ""))
    if action is None:
        raise not_found("action")
    actor.need(action.needs)
    return action


def _chosen(actor: Actor, action: BulkAction) -> Chosen:
    """Whom the form names."""
    asked = ask(PEOPLE, actor, request.form)
    by_filter = request.form.get("all") == "1"
    if by_filter:
        ids = queries.ids_of_people(actor, **whom(asked), limit=MOST + 2)
    else:
        ids = list(dict.fromkeys(request.form.getlist("id")))
    spared = actor.id if action.spares_oneself else ""
    return Chosen(asked, by_filter, [one for one in ids if one != spared])


def _unfit(chosen: Chosen) -> DirectoryError:
    if not chosen.ids:
        return Invalid("bulk_nobody", "Choose people in the list first.")
    return Invalid("bulk_too_many", f"Choose at most {MOST} people at once.")


def _check(action: BulkAction, chosen: Chosen, form: BulkForm) -> None:
    """Refuse to go on with others than the reader saw, or with very many unread."""
    count = len(chosen.ids)
    if chosen.digest != request.form["digest"]:
        raise Conflict(
            "bulk_others",
            f"The list has changed: it means {count} people now. Look again, then confirm.",
        )
    typed = (form.number.data or "").strip()
    if action.danger and count > TYPED and typed != str(count):
        raise Invalid("number_wrong", f"Type the number {count} to go on.", attribute="number")


def _confirm(actor: Actor, action: BulkAction, chosen: Chosen, form: BulkForm) -> Response:
    """Say in numbers and names what will happen, before it does."""
    first = queries.find_users(actor, chosen.ids[:_NAMED])
    near = form.target.data or ""
    form.target.label.text = action.target.label if action.target else ""
    return page(
        "people/bulk.html",
        actor,
        status_of(form),
        action=action,
        form=form,
        chosen=chosen,
        names=[first[one].shown_name for one in chosen.ids[:_NAMED] if one in first],
        others=len(chosen.ids) - min(_NAMED, len(chosen.ids)),
        types_number=action.danger and len(chosen.ids) > TYPED,
        suggested=action.target.suggest(actor, near) if action.target else [],
    )


def _done(actor: Actor, action: BulkAction, chosen: Chosen, each: Each) -> Response | Redirect:
    """Back to the list; where something was refused, a page that says of whom and why."""
    said = action.did(len(each.results))
    if not each.refused:
        return go(chosen.asked.url(), said)
    ids = [chosen.ids[place] for place in each.refused]
    return page(
        "people/bulk_done.html",
        actor,
        action=action,
        said=said,
        refused=_named(actor, ids, list(each.refused.values())),
        back=chosen.asked.url(),
    )


def _named(actor: Actor, ids: Sequence[str], errors: Sequence[DirectoryError]) -> list[Refused]:
    known: dict[str, Any] = dict(queries.find_users(actor, ids))
    found = []
    for one, error in zip(ids, errors, strict=True):
        who = known.get(one)
        name = who.shown_name if who else str(_("Somebody who is not here"))
        url = url_for("portal.person", user_id=one) if who else ""
        found.append(Refused(name, url, error.sentence))
    return sorted(found, key=lambda one: one.name.casefold())
