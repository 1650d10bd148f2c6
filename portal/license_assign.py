"""Assigning a product: to people, groups or everyone, with what will come of it said beforehand."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect

from idp.changes import apply
from idp.changes.batch import Note
from idp.changes.each import apply_each
from idp.changes.intents import AssignLicense
from idp.directory import queries as directory
from idp.directory.actors import Actor
from idp.directory.errors import Invalid, NotFound
from idp.directory.views import GroupView, UserView
from idp.licensing import queries
from idp.licensing.catalogue import SkuView
from portal.forms import Refusals, go, status_of
from portal.frame import page
from portal.license_words import CODES
from portal.licenses import plan_lines
from portal.refusals import said as sentence_of

MOST = 200  # people and groups in one form; for more there are groups, and files
FOUND = 10


@dataclass(frozen=True, slots=True)
class Whom:
    """Somebody, a group, or everyone. `key` is how the form names them."""

    key: str
    name: str
    below: str
    kind: str
    id: str = ""

    def change(self, sku: SkuView, off: Sequence[str]) -> AssignLicense:
        """The grant."""
        user_id = self.id if self.kind == "user" else None
        group_id = self.id if self.kind == "group" else None
        return AssignLicense(sku.id, user_id, group_id, off)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would come of it: sentences in numbers, and who is refused with the reason."""

    says: list[str] = field(default_factory=list)
    refused: list[tuple[Whom, str]] = field(default_factory=list)


_KINDS = ("user", "group")


def license_assign(actor: Actor, part_number: str) -> Response | Redirect:
    """Choose whom, choose the plans, see what will happen, assign."""
    sku, form = queries.find_sku(actor, part_number), FlaskForm()
    chosen, off = _chosen(actor), _off(sku)
    seen, step = None, request.form.get("step", "")
    if form.validate_on_submit() and step in ("preview", "assign"):
        with Refusals(form):
            _check(chosen)
            if step == "assign":
                return _assign(actor, sku, chosen, off)
            seen = _foresee(actor, sku, chosen, off)
    return page(
        "licenses/assign.html",
        actor,
        status_of(form),
        sku=sku,
        form=form,
        product=queries.product(actor, sku),
        text=_text(),
        chosen=chosen,
        found=[one for one in _found(actor) if one not in chosen],
        plans=plan_lines(sku),
        off=off,
        everyone=_everyone() if not actor.scope_of("licenses.write") else None,
        seen=seen,
    )


def _text() -> str:
    return request.values.get("q", "").strip()


def _off(sku: SkuView) -> list[str]:
    """The plans that are not ticked; all are, at first."""
    if request.method == "GET":
        return []
    on = set(request.form.getlist("plan"))
    return [plan.name for plan in sku.plans if plan.name not in on]


def _everyone() -> Whom:
    return Whom("everyone", _("Everyone in the organization"), "", "everyone")


def _chosen(actor: Actor) -> list[Whom]:
    """Whom the form, or the link that led here, names; who is gone is left out."""
    keys = list(dict.fromkeys(request.values.getlist("who")))[: MOST + 1]
    ids = {kind: [k.partition(":")[2] for k in keys if k.startswith(f"{kind}:")] for kind in _KINDS}
    people = {one.id: _person(one) for one in directory.find_users(actor, ids["user"]).values()}
    found = [people[one] for one in ids["user"] if one in people] + _groups(actor, ids["group"])
    scoped = actor.scope_of("licenses.write")
    return [*found, _everyone()] if "everyone" in keys and not scoped else found


def _groups(actor: Actor, ids: Sequence[str]) -> list[Whom]:
    found = []
    for one in ids[:FOUND]:
        try:
            found.append(_group(directory.find_group(actor, one)))
        except NotFound:
            continue
    return found


def _found(actor: Actor) -> list[Whom]:
    """Whom the words typed find."""
    text = _text()
    if not text:
        return []
    people = directory.page_people(actor, text=text, state="active", limit=FOUND).items
    scoped = actor.scope_of("licenses.write")
    groups = [] if scoped else directory.page_groups(actor, text=text, limit=FOUND).items
    return [*map(_person, people), *map(_group, groups)]


def _person(one: UserView) -> Whom:
    return Whom(f"user:{one.id}", one.shown_name, one.user_name, "user", one.id)


def _group(one: GroupView) -> Whom:
    return Whom(f"group:{one.id}", one.display_name, _("Group"), "group", one.id)


def _check(chosen: Sequence[Whom]) -> None:
    if not chosen:
        raise Invalid("nobody_chosen", "Choose people, a group, or everyone first.")
    if len(chosen) > MOST:
        raise Invalid("too_many_chosen", f"Choose at most {MOST:,} at once.")


def _assign(actor: Actor, sku: SkuView, chosen: list[Whom], off: list[str]) -> Response | Redirect:
    each = apply_each([(one.change(sku, off),) for one in chosen], actor)
    back = url_for("portal.license_holders", part_number=sku.part_number)
    said = ngettext("%(num)s was assigned.", "%(num)s were assigned.", each.changed)
    if not each.refused:
        return go(back, said if each.changed else _("Nothing had to be changed."))
    refused = [
        (chosen[place], sentence_of(error.sentence)) for place, error in each.refused.items()
    ]
    return page("licenses/assigned.html", actor, sku=sku, said=said, refused=refused, back=back)


def _foresee(actor: Actor, sku: SkuView, chosen: list[Whom], off: list[str]) -> Foreseen:
    """What assigning would do: tried out by the write path itself, and taken back."""
    units = [(one.change(sku, off),) for one in chosen]
    each = apply_each(units, actor, dry_run=True)
    refused = [
        (chosen[place], sentence_of(error.sentence)) for place, error in each.refused.items()
    ]
    rest = [unit[0] for place, unit in enumerate(units) if place not in each.refused]
    notes = apply(*rest, by=actor, dry_run=True).notes if rest else ()
    return Foreseen(_said(sku, notes, bool([one for one in chosen if one.kind != "user"])), refused)


def _said(sku: SkuView, notes: Sequence[Note], many: bool) -> list[str]:
    """The notes of a rehearsal, in numbers; who is left to turns is not in them yet."""
    about = [note for note in notes if note.related_id == sku.id]
    given = sum(note.action == "license.assigned" for note in about)
    codes = Counter(note.diff["error"][1] for note in about if note.action == "license.failed")
    says = [ngettext("%(num)s person gets it at once.", "%(num)s people get it at once.", given)]
    for code, count in codes.items():
        people = ngettext("%(num)s person", "%(num)s people", count)
        says.append(f"{people}: {CODES[code]}.")
    if many and not given and not codes:
        says = [_("Nobody is concerned yet, or so many that the licences are given in turns.")]
    return says
