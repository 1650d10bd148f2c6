"""Northwind provisions an application on scimmy; the worker's turns are taken by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from idp import jobs
from idp.changes import apply, followers
from idp.changes.followers import Follower, State
from idp.changes.intents import CreateTarget
from idp.clock import now
from idp.config import Settings
from idp.directory import queries
from idp.directory.provisioning import LinkView, TargetView
from idp.directory.targets import TargetSettings
from idp.extensions import db
from tests.cast import Cast
from tests.conftest import settings_for
from tests.counterparts import ScimPeer, scim_peer

LOOPBACK = "127.0.0.0/8"


@pytest.fixture(scope="module")
def running_peer() -> Iterator[ScimPeer]:
    """One scimmy for the file."""
    with scim_peer() as peer:
        yield peer


@pytest.fixture
def peer(running_peer: ScimPeer) -> ScimPeer:
    """It, empty."""
    running_peer._ask("DELETE", "/state")
    return running_peer


@dataclass
class Provisioned:
    """A target of Northwind and the worker that serves it."""

    id: str
    people: Cast
    peer: ScimPeer
    settings: Settings

    def work(self) -> None:
        """Take turns until nothing is due."""
        while jobs.follow(self.settings):
            pass
        db.session.rollback()

    def again(self) -> None:
        """Take the same turns once more, as after a worker that died before its last word."""
        db.session.rollback()
        db.session.execute(update(Follower).values(position=0))
        db.session.commit()
        self.work()

    def due(self) -> None:
        """Let the pause after a failure be over."""
        db.session.rollback()
        db.session.execute(update(Follower).values(due_at=now() - timedelta(seconds=1)))
        db.session.commit()

    def view(self) -> TargetView:
        """The target as it stands."""
        db.session.rollback()
        return queries.find_target(self.people.operator, self.id)

    def follower(self) -> State:
        """How far it is."""
        db.session.rollback()
        found = followers.state_of(self.people.operator, self.id, "outbound")
        assert found is not None
        return found

    def link(self, subject_id: str) -> LinkView | None:
        """What is known of a subject there."""
        db.session.rollback()
        return queries.target_links(self.people.operator, self.id, [subject_id]).get(subject_id)

    def users(self) -> dict[str, Any]:
        """{user name: what the application has}."""
        return {user["userName"]: user for user in self.peer.state()["users"]}

    def groups(self) -> dict[str, set[str]]:
        """{group: the user names of its members}, as the application has them."""
        state = self.peer.state()
        names = {user["id"]: user["userName"] for user in state["users"]}
        return {
            group["displayName"]: {names[m["value"]] for m in group.get("members") or ()}
            for group in state["groups"]
        }

    def writes(self) -> list[str]:
        """What was asked of the application that changes something."""
        log = self.peer.state()["log"]
        return [entry["method"] for entry in log if entry["method"] != "GET"]


def attach(people: Cast, peer: ScimPeer, app: Flask, **more: Any) -> Provisioned:
    """Provision the peer, from the next turn on."""
    held: Settings = app.config["CHAMBERLAIN"]
    settings = settings_for(held.database_url, held.data_dir, outgoing_allow=LOOPBACK)
    secrets = more.pop("secrets", {"token": peer.token})
    wanted = TargetSettings(peer.base_url, **more)
    made = apply(CreateTarget("Wiki", wanted, secrets), by=people.operator).first
    return Provisioned(made.id, people, peer, settings)


@pytest.fixture
def wiki(app: Flask, people: Cast, peer: ScimPeer) -> Provisioned:
    """The application, everybody and every group in scope, after the first walk."""
    provisioned = attach(people, peer, app)
    provisioned.work()
    return provisioned
