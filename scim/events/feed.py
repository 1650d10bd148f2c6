"""Whom a stream over some groups tells about: who is in its feed, who entered, who left.

A stream over everybody has no feed to keep. What enters and leaves is found by looking at who
belongs in effect now, so it does not matter by which of many changes somebody came to belong.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from idp.changes.audit import AuditView
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.views import StreamView
from scim.events.telling import FEED_ADD, FEED_REMOVE, Telling, about


@dataclass(slots=True)
class Feed:
    """Who is in a stream's feed, as far as the entries in hand are concerned."""

    stream: StreamView
    inside: set[str] = field(default_factory=set)
    entered: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def covers(self, entry: AuditView) -> bool:
        """Whether an entry is about somebody whom the stream tells of."""
        if not self.stream.groups:
            return True
        if entry.target_kind == "Group":
            return entry.target_id in self.stream.groups
        if entry.target_id not in self.inside:
            return False
        if entry.action == "user.deleted":  # which says by itself that they left (RFC 9967 §2.4.4)
            self._drop(entry.target_id)
        return True

    def _drop(self, user_id: str) -> None:
        self.inside.discard(user_id)
        self.left.append(user_id)

    def moved(self, belonging: set[str], last: AuditView) -> Iterable[Telling]:
        """Who entered and who left, as the last entry in hand leaves it."""
        for user_id in sorted(belonging - self.inside):
            self.entered.append(user_id)
            yield about(last, "User", user_id, {FEED_ADD: {}})
        for user_id in sorted(self.inside - belonging):
            self.left.append(user_id)
            yield about(last, "User", user_id, {FEED_REMOVE: {}})


def people_concerned(entries: Iterable[AuditView], first: bool) -> set[str] | None:
    """The people whose belonging the entries may have changed; None for everybody."""
    people: set[str] = set()
    for entry in entries:
        if entry.target_kind == "User":
            people.add(entry.target_id)
        elif entry.action == "group.deleted" or entry.related_kind == "Group":
            return None
        elif entry.related_kind == "User":
            people.add(entry.related_id)
    return None if first else people


def belonging(actor: Actor, stream: StreamView, people: set[str] | None) -> set[str]:
    """Who of these people, or of all, belongs to the stream's groups now."""
    return queries.people_in_groups(actor, stream.groups, people)
