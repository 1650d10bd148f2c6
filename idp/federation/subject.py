"""Whom a partner is told about: the one read from which every protocol releases."""

from collections.abc import Iterable

from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.views import UserView
from idp.licensing import queries as licensing

from . import release


def subject_of(
    actor: Actor, person: UserView, scope: str, mapping: Iterable[release.Rule]
) -> release.Person:
    """A person as release may look at them now, with no more than a mapping asks for.

    `scope` is the organization's first verified domain, or empty. Nothing is kept between two
    sign-ons: a plan that was switched off, or a seat that is gone, is not in the next claim.
    """
    groups = queries.groups_of(actor, person.id)
    held = {}
    if release.looks_at_seats(mapping):
        held = dict(licensing.entitlements_of(actor.org_id, [person.id]))
    return release.Person(
        person.id,
        person.record,
        [group.display_name for group in groups],
        scope,
        held.get(person.id, ()),
    )
