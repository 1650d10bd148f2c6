"""Steps that many of these tests take: somebody new, a group, a crowd, a count of rows."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event, func, select

from idp.changes import apply
from idp.changes.audit import AuditEntry
from idp.changes.intents import CreateGroup, CreateUser
from idp.changes.outbox import Delivery
from idp.directory.actors import Actor
from idp.directory.connections import Connection
from idp.directory.errors import DirectoryError
from idp.directory.groups import EffectiveMembership, Group, Membership
from idp.directory.orgs import Organization
from idp.directory.users import User
from idp.extensions import db


def somebody(by: Actor, user_name: str, **fields: Any) -> str:
    """A new person's id."""
    return apply(CreateUser({"userName": user_name} | fields), by=by).first.id


def group(by: Actor, name: str, *members: str) -> str:
    """A new group's id."""
    return apply(CreateGroup({"displayName": name}, members), by=by).first.id


def written() -> dict[str, int]:
    """What any change would leave: entries, events, deliveries, versions, memberships."""
    db.session.rollback()
    counted = {
        model.__tablename__: db.session.scalar(select(func.count()).select_from(model))
        for model in (AuditEntry, Delivery, User, Group, Membership, EffectiveMembership)
    }
    versions = {
        f"versions of {model.__tablename__}": db.session.scalar(select(func.sum(model.version)))
        for model in (User, Group, Connection, Organization)
    }
    return counted | versions


def together(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Each act in a thread of its own, let go at one moment; what each returned or was refused."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        with app.app_context():
            gate.wait()
            try:
                return act()
            except DirectoryError as refused:
                return refused

    with ThreadPoolExecutor(len(acts)) as pool:
        outcomes = list(pool.map(run, acts))
    db.session.rollback()  # look at what is there now
    return outcomes


def refusals(outcomes: list[Any]) -> list[str]:
    """The codes of those that were refused."""
    return [outcome.code for outcome in outcomes if isinstance(outcome, DirectoryError)]


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
