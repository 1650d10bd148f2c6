"""What can be done to many people at once: one table of actions.

A room that has another one to offer adds it to `ACTIONS`; the list shows whoever may what they
may, and `people_bulk` confirms and carries out.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from idp.changes.intents import (
    AddMember,
    AssignLicense,
    BlockUser,
    Change,
    DeleteUser,
    EndSessions,
    ReclaimLicenses,
    UnblockUser,
)
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Invalid
from idp.directory.values import key as name_key
from idp.licensing.queries import products
from portal.listing import Words

_SUGGESTED = 8


@dataclass(frozen=True, slots=True)
class Target:
    """What an action needs beside the people: typed by name, and found."""

    label: Words
    find: Callable[[Actor, str], str]  # raises Invalid with the attribute "target"
    suggest: Callable[[Actor, str], list[str]]


@dataclass(frozen=True, slots=True)
class BulkAction:
    """One thing to do to many people. `change` gets the actor, a person's id and what the
    target found. With `spares_oneself` it is not done to the actor.

    `asks` says before, in the number of people, what will happen; `did` says it afterwards.
    """

    key: str
    verb: Words
    needs: str
    change: Callable[[Actor, str, str], Change]
    asks: Callable[[int], str]
    did: Callable[[int], str]
    target: Target | None = None
    danger: bool = False
    spares_oneself: bool = False


def _groups_near(actor: Actor, text: str) -> list[str]:
    found = queries.page_groups(actor, text=text, limit=_SUGGESTED).items
    return [group.display_name for group in found]


def _group(actor: Actor, name: str) -> str:
    wanted = name.strip()
    found = queries.page_groups(actor, text=wanted, limit=_SUGGESTED).items if wanted else ()
    same = [one.id for one in found if name_key(one.display_name) == name_key(wanted)]
    if len(same) != 1:
        raise Invalid("group_unknown", "There is no one group of this name.", attribute="target")
    return same[0]


def _end_sessions(actor: Actor, user_id: str, _target: str) -> Change:
    """Of oneself, the session at this browser goes on."""
    return EndSessions(user_id, actor.session_id if user_id == actor.id else None)


GROUP = Target(_l("Name of the group"), _group, _groups_near)


def _products_near(actor: Actor, text: str) -> list[str]:
    names = [one.sku.name for one in products(actor)]
    return [name for name in names if text.casefold() in name.casefold()]


def _product(actor: Actor, name: str) -> str:
    wanted = name.strip().casefold()
    for one in products(actor):
        if wanted in (one.sku.name.casefold(), one.sku.part_number.casefold()):
            return one.sku.id
    raise Invalid("product_unknown", "Your organization has no such product.", attribute="target")


PRODUCT = Target(_l("Name of the product"), _product, _products_near)

ACTIONS: dict[str, BulkAction] = {
    one.key: one
    for one in (
        BulkAction(
            "block",
            _l("Block"),
            "users.write",
            lambda _actor, user_id, _target: BlockUser(user_id),
            lambda n: ngettext(
                "%(num)s person can no longer sign in, and their sessions end.",
                "%(num)s people can no longer sign in, and their sessions end.",
                n,
            ),
            lambda n: ngettext("%(num)s person is blocked.", "%(num)s people are blocked.", n),
        ),
        BulkAction(
            "unblock",
            _l("Unblock"),
            "users.write",
            lambda _actor, user_id, _target: UnblockUser(user_id),
            lambda n: ngettext(
                "%(num)s person can sign in again, unless their source says otherwise.",
                "%(num)s people can sign in again, unless their source says otherwise.",
                n,
            ),
            lambda n: ngettext(
                "%(num)s person is not blocked.", "%(num)s people are not blocked.", n
            ),
        ),
        BulkAction(
            "end-sessions",
            _l("End sessions"),
            "users.reset",
            _end_sessions,
            lambda n: ngettext(
                "%(num)s person is signed out everywhere.",
                "%(num)s people are signed out everywhere.",
                n,
            ),
            lambda n: ngettext(
                "The sessions of %(num)s person have ended.",
                "The sessions of %(num)s people have ended.",
                n,
            ),
        ),
        BulkAction(
            "add-to-group",
            _l("Add to a group"),
            "groups.write",
            lambda _actor, user_id, group_id: AddMember(group_id, user_id),
            lambda n: ngettext(
                "%(num)s person becomes a member of the group, with all that it gives.",
                "%(num)s people become members of the group, with all that it gives.",
                n,
            ),
            lambda n: ngettext(
                "%(num)s person is in the group.",
                "%(num)s people are in the group.",
                n,
            ),
            target=GROUP,
        ),
        BulkAction(
            "assign-licence",
            _l("Assign a licence"),
            "licenses.write",
            lambda _actor, user_id, sku_id: AssignLicense(sku_id, user_id),
            lambda n: ngettext(
                "%(num)s person gets the licence directly, if there is one for them.",
                "%(num)s people get the licence directly, as far as there are licences.",
                n,
            ),
            lambda n: ngettext(
                "%(num)s person was given the licence.", "%(num)s people were given the licence.", n
            ),
            target=PRODUCT,
        ),
        BulkAction(
            "remove-licence",
            _l("Remove a licence"),
            "licenses.write",
            lambda _actor, user_id, sku_id: ReclaimLicenses([(user_id, sku_id)]),
            lambda n: ngettext(
                "The direct assignment of %(num)s person ends; what groups give stays.",
                "The direct assignments of %(num)s people end; what groups give stays.",
                n,
            ),
            lambda n: ngettext(
                "The direct assignment of %(num)s person has ended.",
                "The direct assignments of %(num)s people have ended.",
                n,
            ),
            target=PRODUCT,
        ),
        BulkAction(
            "delete",
            _l("Delete"),
            "users.write",
            lambda _actor, user_id, _target: DeleteUser(user_id),
            lambda n: ngettext(
                "%(num)s person is deleted: memberships, roles and sessions end, "
                "the user name becomes free.",
                "%(num)s people are deleted: memberships, roles and sessions end, "
                "the user names become free.",
                n,
            ),
            lambda n: ngettext("%(num)s person was deleted.", "%(num)s people were deleted.", n),
            danger=True,
            spares_oneself=True,
        ),
    )
}


def offered(actor: Actor) -> list[BulkAction]:
    """What an actor may do to many."""
    return [one for one in ACTIONS.values() if actor.can(one.needs)]
