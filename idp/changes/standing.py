"""How an application that we provision stands, for pages and commands: one word, and figures."""

from dataclasses import dataclass

from idp.changes import followers
from idp.changes.followers import State
from idp.changes.targets import PURPOSE
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.directory.provisioning import TargetView


@dataclass(frozen=True, slots=True)
class Standing:
    """`word` is one of: up to date, working, failing, stopped, paused."""

    word: str
    follower: State
    counts: dict[str, int]  # people, deactivated, groups, failed


def standing(actor: Actor, target: TargetView) -> Standing:
    """How a target stands now. Raises Forbidden without connections.read."""
    held = followers.state_of(actor, target.id, PURPOSE)
    if held is None:
        raise not_found("target")
    return Standing(_word(target, held), held, queries.count_links(actor, target.id))


def _word(target: TargetView, held: State) -> str:
    if not target.enabled:
        return "paused"
    if target.brake:
        return "stopped"
    if held.failures:
        return "failing"
    return "working" if held.behind or target.walk else "up to date"
