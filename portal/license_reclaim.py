"""Seats that somebody else could use: who is idle, what is held twice; taking them back."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response as Redirect

from idp.changes.intents import ReclaimLicenses
from idp.directory.actors import Actor
from idp.directory.views import Page
from idp.licensing import queries
from idp.licensing.reclaim import CandidateView
from portal.forms import act
from portal.frame import page
from portal.listing import Words
from portal.lists import shown

MOST = 1_000  # seats at once


@dataclass(frozen=True, slots=True)
class Reason:
    """Why seats are listed: one tab of the report."""

    word: Words
    lede: Words
    nothing: Words
    read: Callable[..., Page[CandidateView]]


REASONS = {
    "idle": Reason(
        _l("Not used"),
        _l(
            "People who have not signed in for 90 days, or never although they were added longer "
            "ago than that."
        ),
        _l("Everybody with a licence has signed in during the last 90 days."),
        queries.page_idle,
    ),
    "doubled": Reason(
        _l("Assigned twice"),
        _l(
            "A direct assignment beside one by a group. It takes no second licence now, but keeps "
            "the licence when the person leaves the group."
        ),
        _l("Nobody has a direct assignment beside one by a group."),
        queries.page_doubled,
    ),
    "contained": Reason(
        _l("Contained in another"),
        _l("All parts of the product are in another one that the person has as well."),
        _l("Nobody holds a product that another of theirs contains."),
        queries.page_contained,
    ),
}


def license_reclaim(actor: Actor) -> Response:
    """The report, one reason at a time."""
    key = request.args.get("reason", "")
    key = key if key in REASONS else "idle"
    found = REASONS[key].read(actor, cursor=request.args.get("cursor") or None)
    return page(
        "licenses/reclaim.html",
        actor,
        reasons=REASONS,
        key=key,
        known=key != "idle" or queries.knows_sign_ins(actor),
        found=shown(list(found.items), found.next_cursor, None, "licence", "licences"),
    )


def license_free(actor: Actor) -> Redirect:
    """Take back the direct assignments that were chosen."""
    chosen = [tuple(one.split(" ", 1)) for one in request.form.getlist("seat") if " " in one][:MOST]
    key = request.form.get("reason", "")
    said = ngettext("%(num)s licence was chosen.", "%(num)s licences were chosen.", len(chosen))
    return act(
        ReclaimLicenses([(one[0], one[1]) for one in chosen]),
        by=actor,
        said=f"{said} {_('Their direct assignments have ended.')}",
        back=url_for("portal.license_reclaim", reason=key if key in REASONS else None),
    )
