"""Taking licences back, and looking at them again."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as Redirect

from idp.changes import apply
from idp.changes.intents import Change, ReclaimLicenses, RemoveLicense, ReprocessLicenses
from idp.directory import queries as directory
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError, Invalid
from idp.licensing import queries
from idp.licensing.catalogue import SkuView
from portal import license_words
from portal.forms import go, refused
from portal.frame import page
from portal.license_lists import HOLDERS
from portal.license_words import From
from portal.listing import ask, everything

MOST = 10_000  # people at once
AT_ONCE = 1_000  # people looked at again at once
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Removal:
    """What is asked to be taken back, and what that means."""

    change: Change
    ids: Sequence[str]
    who: str
    says: list[str]
    names: list[str]
    stays: list[From]


def license_remove(actor: Actor, part_number: str) -> Response | Redirect:
    """Say what would be taken from whom; then take it."""
    sku = queries.find_sku(actor, part_number)
    back = url_for("portal.license_holders", part_number=sku.part_number)
    try:
        removal = _removal(actor, sku)
        if request.form.get("confirmed"):
            changed = apply(removal.change, by=actor).changed
            return go(back, _("Removed.") if changed else _("Nothing had to be changed."))
    except DirectoryError as error:
        return refused(error, back)
    return page("licenses/remove.html", actor, sku=sku, removal=removal, back=back)


def _removal(actor: Actor, sku: SkuView) -> Removal:
    who = request.form.get("who", "")
    kind, _colon, group_id = who.partition(":")
    if kind == "group":
        return _from_group(actor, sku, who, group_id)
    if kind == "everyone":
        says = [_("Who has it neither directly nor through a group loses it.")]
        return Removal(RemoveLicense(sku.id), (), who, says, [], [])
    return _from_people(actor, sku)


def _from_group(actor: Actor, sku: SkuView, who: str, group_id: str) -> Removal:
    name = directory.find_group(actor, group_id).display_name
    count = directory.effective_count(actor, group_id)
    says = [
        ngettext(
            "%(num)s person in %(group)s no longer gets it.",
            "%(num)s people in %(group)s no longer get it.",
            count,
            group=name,
        ),
        _("Who has it directly or through another group keeps it."),
    ]
    return Removal(RemoveLicense(sku.id, group_id=group_id), (), who, says, [], [])


def _from_people(actor: Actor, sku: SkuView) -> Removal:
    """Of whom a grant of their own is taken; and through which groups others keep theirs."""
    found = queries.holders_among(actor, sku, _ids(actor))
    own = [one for one in found if one.direct]
    shared = {s for one in found for s in license_words.sources(one.sources) if _stays(s)}
    keep = sum(any(source.kind != "user" for source in one.sources) for one in found)
    if not found:
        raise Invalid("bulk_nobody", "Choose people in the list first.")
    says = [
        ngettext("%(num)s direct assignment ends.", "%(num)s direct assignments end.", len(own))
    ]
    if keep:
        says.append(
            ngettext(
                "%(num)s person keeps it through what is listed below.",
                "%(num)s people keep it through what is listed below.",
                keep,
            )
        )
    ids, names = [one.user.id for one in found], [one.user.shown_name for one in own[:_NAMED]]
    change = ReclaimLicenses([(one, sku.id) for one in ids])
    return Removal(change, ids, "", says, names, sorted(shared, key=lambda one: one.text))


def _stays(one: From) -> bool:
    return bool(one.url) or one.text == _("Everyone in the organization")


def _ids(actor: Actor) -> list[str]:
    """Whom the form names: one by one, or all that the list's filter means."""
    if request.form.get("all") != "1":
        return list(dict.fromkeys(request.form.getlist("id")))[:MOST]
    asked = ask(HOLDERS, actor, request.form.to_dict() | dict(request.view_args or {}))
    return [one.user.id for one in everything(HOLDERS, actor, asked)][:MOST]


def license_reprocess(actor: Actor, part_number: str) -> Redirect:
    """Look again at the seats of one person, or of everybody who misses this product."""
    sku = queries.find_sku(actor, part_number)
    one = request.form.get("id", "")
    ids = [one] if one else queries.people_with_problems(actor, sku, AT_ONCE)
    back = url_for("portal.license_problems", part_number=sku.part_number)
    if request.form.get("back") == "errors":
        back = url_for("portal.license_errors")
    try:
        notes = apply(ReprocessLicenses(ids), by=actor).notes
    except DirectoryError as error:
        return refused(error, back)
    given = sum(note.action == "license.assigned" for note in notes)
    looked = ngettext("%(num)s person was looked at.", "%(num)s people were looked at.", len(ids))
    got = ngettext("%(num)s licence was given.", "%(num)s licences were given.", given)
    return go(back, f"{looked} {got}")
