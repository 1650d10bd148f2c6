"""One step of a stream: what happened since, told, and pushed or kept to be polled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from idp.changes import followers, tokens
from idp.changes.audit import AuditView
from idp.config import Settings
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.entitled import ATTRIBUTE as ENTITLEMENTS
from idp.directory.views import StreamView
from idp.licensing import queries as licensing
from idp.licensing.entitlements import joined, values_of
from scim.auth import READ
from scim.events import push
from scim.events.feed import Feed, belonging, people_concerned
from scim.events.signing import claims_of
from scim.events.telling import SEATS, WHOLE, Telling, told


@dataclass(frozen=True, slots=True)
class Step:
    """A chunk of entries, told: what has to be sent or kept before the position moves on."""

    row: followers.Row
    stream: StreamView
    feed: Feed
    claims: list[tuple[int, dict[str, Any]]]  # (audit entry, claims) in order
    position: int

    def remember(self, session: followers.Writing) -> None:
        """What is written with the position: who is in the feed now."""
        tokens.move_subjects(session, self.stream, self.feed.entered, self.feed.left)


def follow(settings: Settings, row: followers.Row) -> None:
    """Lead a stream on by one chunk of entries."""
    stream = queries.stream_of_connection(row["org_id"], row["connection_id"])
    entries = followers.entries(row)
    if stream is None or not entries:
        return
    actor, feed = _reader(row), Feed(stream)
    tellings = _tellings(actor, feed, entries, first=row["succeeded_at"] is None)
    named = queries.external_ids(actor, {t.subject for t in tellings})
    base = f"{settings.public_url}/scim/v2"
    claims = [(t.position, claims_of(t, stream, base, named.get(t.subject))) for t in tellings]
    step = Step(row, stream, feed, claims, entries[-1].seq)
    if stream.delivery == "push":
        _push(settings, step)
    else:
        _keep(step)


def _reader(row: followers.Row) -> Actor:
    """The stream reads as its connection does, which may read people and groups."""
    connection_id = row["connection_id"]
    return Actor(
        "connection",
        connection_id,
        "event stream",
        row["org_id"],
        "worker",
        permissions=READ,
        connection_id=connection_id,
    )


def _tellings(
    actor: Actor, feed: Feed, entries: Sequence[AuditView], *, first: bool
) -> list[Telling]:
    stream, concerned = feed.stream, people_concerned(entries, first)
    if stream.groups:
        feed.inside = tokens.subjects(stream.id, concerned)
    present = _present(actor, stream, entries)
    covered = (entry for entry in entries if feed.covers(entry))
    made = [told(entry, stream.detail, stream.connection_id, present) for entry in covered]
    tellings = [telling for telling in made if telling is not None]
    if stream.groups:
        tellings += feed.moved(belonging(actor, stream, concerned), entries[-1])
    return tellings


def _present(actor: Actor, stream: StreamView, entries: Sequence[AuditView]) -> dict[str, Any]:
    if stream.detail != "full":
        return {}
    concerned = {e.target_id for e in entries if e.action in WHOLE | SEATS}
    records = queries.records_of(actor, concerned)
    for one, held in licensing.entitlements_of(actor.org_id, records).items():
        stored = records[one].get(ENTITLEMENTS, ())
        records[one][ENTITLEMENTS] = joined(stored, values_of(held))
    return records


def _keep(step: Step) -> None:
    """Let the tokens wait until the receiver asks for them."""

    def keep(session: followers.Writing) -> None:
        step.remember(session)
        tokens.keep(session, step.stream, step.claims)

    followers.advance(step.row, step.position, keep)


def _push(settings: Settings, step: Step) -> None:
    """Send the tokens in their order. After trouble the whole step is sent again: its tokens
    keep their `jti`, by which the receiver knows those that it has (RFC 8935 §2.3).
    """
    claims = [made for _, made in step.claims]
    outcome = push.send(settings, step.row, step.stream, claims)
    if outcome.error:
        followers.fail(step.row, outcome.error, pause=outcome.pause)
        return

    def keep(session: followers.Writing) -> None:
        step.remember(session)
        tokens.count_refusals(session, step.stream, outcome.refusals)

    followers.advance(step.row, step.position, keep)
