"""Sign-ins: who came in, how, from where, and who was refused; a month of them as a chart."""

from babel import dates
from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from idp.changes import sign_ins
from idp.changes.sign_ins import REFUSED, SUCCESS, SignInView
from idp.directory.actors import Actor
from idp.directory.views import Page
from portal.charts import Chart, Series, bars
from portal.frame import page
from portal.languages import current
from portal.listing import Asked, Column, Filter, Listing, show

METHODS = {
    "password": _l("Password"),
    "link": _l("One-time link"),
    "application": _l("At an application"),
}
RESULTS = {SUCCESS: _l("Signed in"), REFUSED: _l("Refused")}
REASONS = {
    "password_wrong": _l("Wrong password"),
    "name_unknown": _l("Nobody has this name"),
}


def _read(actor: Actor, asked: Asked, cursor: str | None, limit: int) -> Page[SignInView]:
    given = {name: asked.get(name) for name in ("user", "result", "method")}
    return sign_ins.page(
        actor, **given, cursor=cursor, oldest_first=asked.sort == "when", limit=limit
    )


def _how(one: SignInView) -> str:
    method = str(METHODS.get(one.method, one.method))
    return f"{method}: {one.partner}" if one.partner else method


def _whose_chip(actor: Actor, user: str) -> str:
    first = sign_ins.page(actor, user=user, limit=1).items
    return str(_("Who: %(name)s", name=first[0].user_name if first else user))


SIGN_INS = Listing(
    "sign-ins",
    _l("Sign-ins"),
    "portal.sign_ins_page",
    columns=(
        Column("when", _l("When"), lambda one, _about: one.at, "when", down=True),
        Column("who", _l("Who"), lambda one, _about: one.user_name),
        Column("how", _l("How"), lambda one, _about: _how(one)),
        Column("result", _l("Result"), lambda one, _about: RESULTS.get(one.result, one.result)),
        Column(
            "reason",
            _l("Reason"),
            lambda one, _about: REASONS.get(one.reason, one.reason),
            inside=True,
        ),
        Column("ip", _l("Address"), lambda one, _about: one.ip),
    ),
    filters=(
        Filter("result", _l("Result"), lambda _actor: RESULTS, _l("Any result")),
        Filter("method", _l("How"), lambda _actor: METHODS, _l("Any way")),
        Filter("user", _l("Who"), chip=_whose_chip, hidden=True),
    ),
    sort="-when",
    read=_read,
    counted=lambda n: ngettext("%(num)s sign-in", "%(num)s sign-ins", n),
)


def sign_ins_page(actor: Actor) -> Response:
    """Every sign-in that the reader may see, newest first; for who may see all, a month of them."""
    return page(
        "history/sign_ins.html",
        actor,
        found=show(SIGN_INS, actor),
        chart=_chart(actor) if actor.can("signins.read") else None,
        methods=METHODS,
        results=RESULTS,
        reasons=REASONS,
    )


def _chart(actor: Actor) -> Chart:
    days = sign_ins.per_day(actor)
    labels = [dates.format_skeleton("MMMd", day, locale=current().locale) for day, *_rest in days]
    came, refused = [one for _day, one, _no in days], [no for _day, _yes, no in days]
    described = _(
        "In %(days)s days. Signed in: %(came)s. Refused: %(refused)s.",
        came=sum(came),
        refused=sum(refused),
        days=len(days),
    )
    series = (
        Series(str(RESULTS[SUCCESS]), came),
        Series(str(RESULTS[REFUSED]), refused, "bad"),
    )
    return bars("per-day", _("Sign-ins per day"), described, labels, series)
