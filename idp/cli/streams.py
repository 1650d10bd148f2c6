"""Event streams of SCIM clients: begin, look at, hold, end."""

from typing import Any

import click

from idp import sessions
from idp.changes import apply, followers, tokens
from idp.changes.intents import CreateStream, DeleteStream, PauseStream
from idp.changes.streams import PURPOSE
from idp.cli.answers import Answer, command
from idp.cli.connections import scim_client
from idp.cli.finding import operator, organization
from idp.clock import rfc3339
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.filtering import Compare
from idp.directory.streams import DETAILS
from idp.directory.views import ListQuery

events = click.Group(
    "events", help="Tell a SCIM client what happens: begin, show, pause, resume, end."
)


@command("begin", events)
@click.argument("org")
@click.argument("name")
@click.option("--push", metavar="URL", default="", help="Send tokens there; without it, they wait.")
@click.option(
    "--authorization-file",
    type=click.File(),
    help="Holds the value of the Authorization header that the receiver wants.",
)
@click.option("--detail", type=click.Choice(DETAILS), default="notice", show_default=True)
@click.option("--group", "groups", multiple=True, help="Only about its members; may be repeated.")
def begin(org: str, name: str, groups: tuple[str, ...], **given: Any) -> Answer:
    """Tell a SCIM client what happens from now on (RFC 9967)."""
    by = operator(organization(org).id)
    client = scim_client(by, name)
    secret = given["authorization_file"]
    wanted = CreateStream(
        client.id,
        "push" if given["push"] else "poll",
        endpoint=given["push"],
        authorization=secret.read().strip() if secret else "",
        detail=given["detail"],
        groups=tuple(_group(by, group) for group in groups),
    )
    apply(wanted, by=by)
    return Answer(_shown(by, client.id))


def _group(by: Actor, name: str) -> str:
    found = queries.list_groups(by, ListQuery(Compare("displayName", "eq", name))).items
    if not found:
        raise click.ClickException(f"There is no group {name!r}.")
    return found[0].id


@command("show", events)
@click.argument("org")
@click.argument("name")
def show(org: str, name: str) -> Answer:
    """Say how far a SCIM client's stream is, and what keeps it."""
    by = operator(organization(org).id)
    return Answer(_shown(by, scim_client(by, name).id))


def _shown(by: Actor, connection_id: str) -> dict[str, Any]:
    stream = queries.stream_of(by, connection_id)
    state = followers.state_of(by, connection_id, PURPOSE)
    if stream is None or state is None:
        raise click.ClickException("This client has no event stream. See: flask scim events begin")
    feed = f"{sessions.settings().public_url}/scim/v2/Feeds/{stream.id}"
    return {
        "stream": stream.id,
        "delivery": stream.delivery,
        "detail": stream.detail,
        "poll_url": feed if stream.delivery == "poll" else None,
        "endpoint": stream.endpoint or None,
        "jwks_url": f"{feed}/jwks.json",
        "audience": stream.audience or feed,
        "paused": not state.enabled,
        "behind": state.behind,
        "waiting": tokens.count_waiting(stream.id),
        "refused": stream.refused,
        "last_error": state.last_error or None,
        "succeeded": rfc3339(state.succeeded_at) if state.succeeded_at else None,
    }


@command("pause", events)
@click.argument("org")
@click.argument("name")
def pause(org: str, name: str) -> Answer:
    """Hold a stream; what happens meanwhile is told later."""
    return _pause(org, name, paused=True)


@command("resume", events)
@click.argument("org")
@click.argument("name")
def resume(org: str, name: str) -> Answer:
    """Let a stream go on."""
    return _pause(org, name, paused=False)


def _pause(org: str, name: str, *, paused: bool) -> Answer:
    by = operator(organization(org).id)
    client = scim_client(by, name)
    apply(PauseStream(client.id, paused), by=by)
    return Answer(_shown(by, client.id))


@command("end", events)
@click.argument("org")
@click.argument("name")
def end(org: str, name: str) -> Answer:
    """End a stream with all that waits in it."""
    by = operator(organization(org).id)
    client = scim_client(by, name)
    apply(DeleteStream(client.id), by=by)
    return Answer({"connection": client.id, "stream": None})
