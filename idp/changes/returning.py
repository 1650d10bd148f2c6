"""Whom a connection creates and who is here already: people who come back, and linked people.

A POST with the externalId of somebody inactive whom the connection knows brings that person back,
with the same id: identity providers do so when somebody is assigned again. A POST for a person
whom an administrator linked to the connection meets that person, once. Anybody else is new.
"""

from sqlalchemy import select

from idp.changes.authority import check_owners, is_anothers
from idp.changes.batch import Batch, Person
from idp.changes.intents import CreateUser
from idp.directory.adoptions import LINKED, Adoption
from idp.directory.attributes import Flat
from idp.directory.sets import any_of
from idp.directory.values import user_name_key


def find(batch: Batch) -> None:
    """Name the people behind a batch's creations, before anybody is locked.

    For people who are new, which is the usual case, this asks the database nothing.
    """
    connection_id, needs = batch.actor.connection_id, batch.needs
    if connection_id is None:
        return
    known = {batch.foreign.get(("User", name)) for name in needs.arriving}
    named = {
        batch.names_taken[name]["id"] for name in needs.arriving_names & batch.names_taken.keys()
    }
    found = {str(one) for one in known | named if one}
    if not found:
        return
    linked = select(Adoption.user_id).where(
        Adoption.connection_id == connection_id,
        Adoption.state == LINKED,
        any_of(batch.session, Adoption.user_id, found),
    )
    batch.adopted = set(batch.session.scalars(linked))
    here = {str(one) for one in known if one} | batch.adopted
    needs.users |= here
    needs.leaving |= batch.adopted  # they may be active, and the POST may say that they are not
    if needs.memberships:  # who comes back may be a member already
        needs.members |= here
    _name_by_given_id(batch, here)


def _name_by_given_id(batch: Batch, here: set[str]) -> None:
    """A batch may speak of a creation by the id that it gave it (as Bulk does, RFC 7644 §3.7.2)."""
    for change in batch.changes:
        if isinstance(change, CreateUser) and change.id:
            one = batch.foreign.get(("User", change.external_id or "")) or _holder(batch, change)
            if one in here:
                batch.meant[change.id] = one
    edges = batch.needs.edges
    edges |= {(group, batch.meant[one]) for group, one in edges if one in batch.meant}


def _holder(batch: Batch, change: CreateUser) -> str:
    """Who has the user name that a creation asks for."""
    names = [n for path, n in change.fields.items() if path.lower().endswith("username")]
    key = user_name_key(names[0]) if names and isinstance(names[0], str) and names[0] else ""
    return str(batch.names_taken.get(key, {}).get("id", ""))


def person(batch: Batch, change: CreateUser, name_key: str) -> Person | None:
    """Who it is that a creation means, if they are here already."""
    who = batch.users.get(batch.foreign.get(("User", change.external_id or ""), ""))
    if who is None:
        who = batch.users.get(str(batch.names_taken.get(name_key, {}).get("id")))
        if who is None or who.id not in batch.adopted or _named_otherwise(who, change):
            return None
    if who.gone or (who.flat.get("active") and who.id not in batch.adopted):
        return None
    return who


def _named_otherwise(who: Person, change: CreateUser) -> bool:
    return bool(change.external_id and who.external_id)


def applicable(batch: Batch, who: Person, fields: Flat) -> Flat:
    """What of a creation applies to somebody who is here: what no other source owns.

    Whether they are active is the point of coming back: where another source owns that, it is
    refused. Of somebody who was linked it is only what the client itself says of it.
    """
    owners = who.row["owners"]
    given: Flat = {path: v for path, v in fields.items() if v is not None}
    if who.id not in batch.adopted or not is_anothers(batch, owners.get("active")):
        given = {"active": True} | given
    if bool(given.get("active", who.flat.get("active"))) != bool(who.flat.get("active")):
        check_owners(batch, who, ("active",))
    return {path: v for path, v in given.items() if not is_anothers(batch, owners.get(path))}


def met(batch: Batch, who: Person) -> None:
    """An administrator's link has done its work: the next POST finds the person taken."""
    if who.id in batch.adopted:
        batch.adopted.discard(who.id)
        key = {"connection_id": batch.actor.connection_id, "user_id": who.id}
        batch.delete(Adoption, key)
