"""Groups: the list, a group's members, adding and removing them, renaming, deleting."""

from dataclasses import dataclass

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Redirect
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired

from idp.changes import apply
from idp.changes.intents import AddMember, ChangeGroup, CreateGroup, DeleteGroup, RemoveMember
from idp.directory import queries
from idp.directory.actors import LOCAL, Actor
from idp.directory.views import GroupView
from idp.licensing.queries import grants_of_group
from idp.licensing.sources import GroupGrant
from portal import history
from portal.forms import Refusals, act, go, status_of
from portal.frame import page
from portal.listing import Column, Filter, Listing, show
from portal.lists import shown, whole
from portal.person_form import FormRow
from portal.words import day, plural, source

CANDIDATES = 10


class GroupForm(FlaskForm):
    """A group's own attributes."""

    name = StringField(_l("Name"), [InputRequired(_l("Give the group a name."))])
    version = HiddenField()


_FIELDS = {"displayName": "name"}
_ROWS = [FormRow("name", help=_l("As people know it, for example “Sales, Lyon”."))]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody, or a group, that could become a member."""

    id: str
    kind: str
    display: str
    below: str


GROUPS = Listing(
    "groups",
    _l("Groups"),
    "portal.groups",
    needs="groups.read",
    columns=(
        Column("name", _l("Name"), lambda one, _about: one.display_name, "name"),
        Column("source", _l("Source"), source, "source"),
        Column("members", _l("Members"), lambda one, _about: one.member_count, kind="number"),
        Column(
            "changed",
            _l("Last change"),
            lambda one, _about: one.last_modified,
            "changed",
            down=True,
        ),
    ),
    filters=(Filter("q", _l("Name of the group")),),
    read=lambda actor, asked, cursor, limit: queries.page_groups(
        actor, text=asked.get("q"), sort=asked.sort, cursor=cursor, limit=limit
    ),
    total=lambda actor, asked: None if asked.get("q") else queries.count_groups(actor),
    counted=lambda n: ngettext("%(num)s group", "%(num)s groups", n),
    about=queries.sources,
)


def groups(actor: Actor) -> Response:
    """All groups, by name."""
    return page("groups/list.html", actor, found=show(GROUPS, actor))


def group(actor: Actor, group_id: str) -> Response:
    """A group and its members."""
    one = queries.find_group(actor, group_id)
    members = queries.members_of(actor, group_id, cursor=request.args.get("cursor"), limit=50)
    owner = queries.sources(actor).get(one.source_id, "") if one.source_id != LOCAL else ""
    return page(
        "groups/group.html",
        actor,
        group=one,
        source_sentence=_("Made by %(owner)s.", owner=owner)
        if owner
        else _("Made in this portal."),
        may_write=actor.can("groups.write"),
        figures=_figures(actor, one),
        licenses=_licenses(actor, group_id),
        members=shown(
            list(members.items), members.next_cursor, None, "direct member", "direct members"
        ),
        entries=history.about(actor, group_id) if actor.can("audit.read") else [],
    )


def _licenses(actor: Actor, group_id: str) -> list[GroupGrant]:
    """What its members get; told also to who changes them, for that gives and takes licences."""
    if not (actor.can("licenses.read") or actor.can("groups.write")):
        return []
    return grants_of_group(actor, group_id)


def _figures(actor: Actor, one: GroupView) -> list[tuple[str, object, str]]:
    return [
        (_("People, through groups inside too"), queries.effective_count(actor, one.id), ""),
        (_("Last change"), day(one.last_modified), ""),
    ]


def group_new(actor: Actor) -> Response | Redirect:
    """Add a group."""
    form = GroupForm()
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            made = apply(CreateGroup({"displayName": form.name.data}), by=actor).first
            return go(url_for("portal.group", group_id=made.id), _("The group was added."))
    return page("groups/new.html", actor, status_of(form), form=form, rows=_ROWS)


def group_edit(actor: Actor, group_id: str) -> Response | Redirect:
    """Rename a group."""
    one = queries.find_group(actor, group_id)
    form = GroupForm(data={"name": one.display_name, "version": str(one.version)})
    if form.validate_on_submit():
        with Refusals(form, _FIELDS):
            expect = whole(form.version.data)
            apply(ChangeGroup(group_id, {"displayName": form.name.data}, expect=expect), by=actor)
            return go(_at(group_id), _("The group has its new name."))
    return page("groups/edit.html", actor, status_of(form), group=one, form=form, rows=_ROWS)


def group_add(actor: Actor, group_id: str) -> Response | Redirect:
    """Find somebody, or a group, and add it."""
    one = queries.find_group(actor, group_id)
    text = request.values.get("q", "").strip()
    if request.method == "POST":
        here = url_for("portal.group_add", group_id=group_id, q=text or None)
        member = request.form.get("member", "")
        return act(AddMember(group_id, member), by=actor, said=_("Added."), back=here)
    candidates = _candidates(actor, one, text) if text else []
    return page(
        "groups/add.html",
        actor,
        group=one,
        text=text,
        candidates=candidates,
        licenses=_licenses(actor, group_id),
    )


def _candidates(actor: Actor, one: GroupView, text: str) -> list[Candidate]:
    people = queries.page_people(actor, text=text, limit=CANDIDATES).items
    inner = queries.page_groups(actor, text=text, limit=CANDIDATES).items
    return [Candidate(p.id, "User", p.shown_name, p.user_name) for p in people] + [
        Candidate(g.id, "Group", g.display_name, plural(g.member_count or 0, "person", "people"))
        for g in inner
        if g.id != one.id
    ]


def group_remove(actor: Actor, group_id: str, member_id: str) -> Redirect:
    """Take a member out."""
    return act(RemoveMember(group_id, member_id), by=actor, said=_("Removed."), back=_at(group_id))


def group_delete(actor: Actor, group_id: str) -> Response | Redirect:
    """Delete a group, after saying what goes with it."""
    one = queries.find_group(actor, group_id)
    if request.method == "POST":
        said, back = _("%(name)s was deleted.", name=one.display_name), url_for("portal.groups")
        return act(DeleteGroup(group_id), by=actor, said=said, back=back, here=_at(group_id))
    count = queries.effective_count(actor, group_id)
    own = [grant for grant in _licenses(actor, group_id) if grant.group_id == group_id]
    return page("groups/delete.html", actor, group=one, count=count, licenses=own)


def _at(group_id: str) -> str:
    return url_for("portal.group", group_id=group_id)
