"""Which organization, person or group a word on the command line means."""

import click

from idp.directory import queries
from idp.directory.actors import Actor, system_actor
from idp.directory.errors import NotFound
from idp.directory.filtering import Compare
from idp.directory.values import user_name_key
from idp.directory.views import GroupView, ListQuery, OrganizationView, UserView


def operator(org_id: str) -> Actor:
    """Who acts: the operator at the console, in one organization."""
    return system_actor(org_id, door="cli")


def organizations() -> list[OrganizationView]:
    """Every organization, the oldest first."""
    return [queries.organization(operator(org_id)) for org_id in queries.organization_ids()]


def organization(word: str) -> OrganizationView:
    """An organization by slug, by id, or by name where only one has it."""
    found = queries.organization_by_slug(word)
    if found is not None:
        return found
    named = [o for o in organizations() if word == o.id or o.name.casefold() == word.casefold()]
    if len(named) > 1:
        slugs = ", ".join(o.slug for o in named)
        raise click.ClickException(f"Several organizations are named {word!r}; say which: {slugs}.")
    if not named:
        raise click.ClickException(f"There is no organization {word!r}. See: flask org list")
    return named[0]


def chosen(word: str | None) -> list[OrganizationView]:
    """The organization that a word names, or all of them."""
    return organizations() if word is None else [organization(word)]


def person(user_name: str, org: str | None = None) -> tuple[Actor, UserView]:
    """The one person of a sign-in name, with the operator in their organization."""
    org_id = organization(org).id if org else None
    # Without a domain the question is not narrowed to the domain's owner: all organizations answer.
    rows = queries.sign_in_candidates(user_name_key(user_name), "", org_id)
    if not rows:
        raise click.ClickException(f"There is no person with the user name {user_name!r}.")
    if len(rows) > 1:
        slugs = ", ".join(queries.organization(operator(row.org_id)).slug for row in rows)
        raise click.ClickException(
            f"Several organizations have a {user_name!r} (such as {slugs}); add --org."
        )
    by = operator(rows[0].org_id)
    return by, queries.find_user(by, rows[0].id)


def group(by: Actor, word: str) -> GroupView:
    """A group by its name, or by its id."""
    named = queries.list_groups(by, ListQuery(Compare("displayName", "eq", word), count=1)).items
    if named:
        return named[0]
    try:
        return queries.find_group(by, word)
    except NotFound:
        raise click.ClickException(f"There is no group {word!r}.") from None
