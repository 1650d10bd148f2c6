"""The verbs of links: an administrator says that a connection's person is one who is here.

refused POST -> wish (`ledger.wish`) -> LinkPerson -> the next POST meets the person in place
"""

from sqlalchemy import or_, select

from idp.changes.authority import check_target
from idp.changes.batch import Batch, Needs, Person, Result, Row
from idp.changes.intents import Change, DismissLink, LinkPerson
from idp.directory.adoptions import DISMISSED, LINKED, Adoption
from idp.directory.connections import Link
from idp.directory.errors import Conflict, not_found
from idp.directory.values import foreign_name


def needs(change: Change, wanted: Needs) -> None:
    """Each names a connection and a person."""
    wanted.connections.add(change.connection_id)  # type: ignore[attr-defined]
    wanted.users.add(change.user_id)  # type: ignore[attr-defined]


def _both(batch: Batch, connection_id: str, user_id: str) -> tuple[Row, Person]:
    connection, who = batch.connections.get(connection_id), batch.users.get(user_id)
    if connection is None or connection["kind"] != "scim":
        raise not_found("connection")
    if who is None or who.gone:
        raise not_found("user")
    return connection, who


def link_person(batch: Batch, change: LinkPerson) -> Result:
    """Give a person a connection's name; that connection's next POST for them succeeds in place."""
    connection, who = _both(batch, change.connection_id, change.user_id)
    batch.actor.need("users.write")
    check_target(batch, who)  # who holds a role is a Global Administrator's business
    foreign = foreign_name(change.external_id) if change.external_id else None
    if _known(batch, connection["id"], who.id, foreign):
        raise Conflict(
            "external_id_taken",
            f"{connection['name']} has a link to this person, or to somebody of this externalId.",
            attribute="externalId",
        )
    if foreign:
        link = {"connection_id": connection["id"], "subject_id": who.id, "kind": "User"}
        batch.insert(Link, link | {"org_id": batch.org_id, "foreign_id": foreign})
    _remember(batch, connection, who, {"state": LINKED, "external_id": foreign})
    _note(batch, "user.linked", connection, who, {"externalId": [None, foreign or ""]})
    return Result(who.id, who.row["version"], changed=True)


def _known(batch: Batch, connection_id: str, user_id: str, foreign: str | None) -> bool:
    taken = select(Link.subject_id).where(
        Link.connection_id == connection_id,
        Link.kind == "User",
        or_(Link.subject_id == user_id, Link.foreign_id == foreign),
    )
    return batch.session.scalar(taken.limit(1)) is not None


def dismiss_link(batch: Batch, change: DismissLink) -> Result:
    """Do not show a wish again, however often the connection asks."""
    connection, who = _both(batch, change.connection_id, change.user_id)
    asked = select(Adoption.state).where(
        Adoption.connection_id == connection["id"], Adoption.user_id == who.id
    )
    if batch.session.scalar(asked.with_for_update()) != "asked":
        raise not_found("wish")
    key = {"connection_id": connection["id"], "user_id": who.id}
    batch.update(Adoption, key, {"state": DISMISSED})
    _note(batch, "link.dismissed", connection, who, {})
    return Result(who.id, changed=True)


def _remember(batch: Batch, connection: Row, who: Person, values: Row) -> None:
    key = {"connection_id": connection["id"], "user_id": who.id}
    batch.delete(Adoption, key)
    name = who.row["user_name_key"]
    batch.insert(
        Adoption,
        key | {"org_id": batch.org_id, "user_name_key": name, "asked_at": batch.now} | values,
    )


def _note(
    batch: Batch, action: str, connection: Row, who: Person, diff: dict[str, list[str | None]]
) -> None:
    about = {"related_kind": "Connection", "related_id": connection["id"]}
    target = ("User", who.id, batch.name_of(who.id))
    batch.note(action, target, diff, **about, related_name=connection["name"])


HANDLERS = {LinkPerson: link_person, DismissLink: dismiss_link}
