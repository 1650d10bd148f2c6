"""What a change reads grows with what it names, never with the organization around it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    ChangeGroup,
    ChangeUser,
    CreateGroup,
    CreateUser,
    DeleteGroup,
    DeleteUser,
    RemoveMember,
)
from idp.directory.actors import Actor
from idp.extensions import db
from tests import cast
from tests.changes.steps import group

Sent = list[tuple[str, Any]]
# These tables grow with an organization. A role is held by few, and all of them may be looked at.
LARGE = ("users", "groups", "memberships", "effective_memberships", "links", "user_values")


@contextmanager
def sent() -> Iterator[Sent]:
    """The statements that reach the database meanwhile, with their parameters."""
    seen: Sent = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        seen.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def walks(statements: Sent) -> list[str]:
    """What SQLite says of reads that would walk through a whole large table or organization."""
    found = []
    with db.engine.connect() as held:
        for statement, parameters in statements:
            if not statement.startswith(("SELECT", "WITH", "UPDATE")):
                continue
            one = parameters[0] if isinstance(parameters, list) else parameters
            for step in held.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one):
                verb, _, rest = str(step.detail).partition(" ")
                table = rest.partition(" ")[0]
                whole = verb == "SCAN" or rest.endswith(("(org_id=?)", "(connection_id=?)"))
                if verb in ("SCAN", "SEARCH") and table in LARGE and whole:
                    found.append(f"{step.detail}: {statement}")
    return found


def asked_by(by: Actor, *changes: Any) -> list[str]:
    with sent() as statements:
        for change in changes:
            apply(change, by=by)
    db.session.rollback()
    return walks(statements)


def test_changes_of_people_walk_through_nothing(sqlite_app: Flask) -> None:
    people = cast.assemble()
    made = apply(CreateUser({"userName": "new"}, external_id="N1"), by=people.hr).first.id
    assert (
        asked_by(
            people.hr,
            CreateUser({"userName": "newer", "emails": [{"value": "a@b.c"}]}, external_id="N2"),
            ChangeUser(made, {"userName": "renamed", "emails": None}, external_id="N3"),
            ChangeUser(made, {"active": False}),
            DeleteUser(made),
        )
        == []
    )


def test_changes_of_groups_walk_through_nothing(sqlite_app: Flask) -> None:
    people = cast.assemble()
    cooks, kitchen = group(people.hr, "Cooks", people.bob.id), group(people.hr, "Kitchen")
    assert (
        asked_by(
            people.hr,
            CreateGroup({"displayName": "Bar"}, (people.bob.id,), external_id="G1"),
            ChangeGroup(kitchen, {"displayName": "Galley"}, add=(people.erin, cooks)),
            AddMember(cooks, people.erin),
            RemoveMember(cooks, people.bob.id),
            ChangeGroup(kitchen, members=()),
            DeleteGroup(cooks),
        )
        == []
    )


def test_a_member_more_reads_no_other_member(sqlite_app: Flask) -> None:
    people = cast.assemble()
    crowd = [
        made.id
        for made in apply(
            *(CreateUser({"userName": f"p{n}"}) for n in range(300)), by=people.hr
        ).results
    ]
    few, many = group(people.hr, "Few", *crowd[:3]), group(people.hr, "Many", *crowd[:-1])
    read = []

    def count(_c: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            rows = cursor.connection.execute(f"SELECT count(*) FROM ({statement})", _rest[0])  # noqa: S608
            read.append(rows.fetchone()[0])

    rows = []
    event.listen(db.engine, "after_cursor_execute", count)
    try:
        for kitchen in (few, many):
            read.clear()
            apply(AddMember(kitchen, crowd[-1]), by=people.hr)
            rows.append(sum(read))
    finally:
        event.remove(db.engine, "after_cursor_execute", count)
    assert rows[1] <= rows[0] + 2  # the one membership more that the person has by now
