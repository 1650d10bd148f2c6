"""Who may send people's data out of the organization, and what becomes of the secrets."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from idp.changes import apply, audit
from idp.changes.intents import (
    ChangeTarget,
    CreateTarget,
    DeleteConnection,
    ReconcileTarget,
)
from idp.directory import queries
from idp.directory.errors import Forbidden, Invalid, NotFound
from idp.directory.targets import Target, TargetLink, TargetMember, TargetSettings
from idp.extensions import db
from tests import cast
from tests.cast import Cast
from tests.changes.steps import group
from tests.outbound.conftest import Provisioned

SETTINGS = TargetSettings("https://app.example/scim/v2")
TOKEN = {"token": "a very secret token"}


def test_who_may_not_write_connections_attaches_nothing(people: Cast) -> None:
    for actor in (people.bob, people.carol, people.heidi, people.hr):
        with pytest.raises(Forbidden):
            apply(CreateTarget("CRM", SETTINGS, TOKEN), by=actor)


def test_a_federation_administrator_attaches_for_everybody(people: Cast) -> None:
    grace = cast.person(
        people.operator, "grace@northwind.example", "Grace", "federation_administrator"
    )
    assert apply(CreateTarget("CRM", SETTINGS, TOKEN), by=grace).changed


def test_who_reads_some_sends_none(people: Cast) -> None:
    kitchen = group(people.operator, "Kitchen")
    some = replace(people.alice, scopes={"users.read": (kitchen,)})
    with pytest.raises(Forbidden) as refused:
        apply(CreateTarget("CRM", SETTINGS, TOKEN), by=some)
    assert refused.value.code == "outside_scope"


def test_secrets_are_sealed_and_told_to_nobody(app: Flask, people: Cast) -> None:
    made = apply(CreateTarget("CRM", SETTINGS, TOKEN), by=people.alice).first.id
    apply(ChangeTarget(made, secrets={"token": "another secret"}), by=people.alice)
    stored = db.session.scalar(select(Target.secrets))
    entries, _ = audit.page(people.alice, audit.AuditFilter(about=made))
    told = repr((stored, entries, queries.find_target(people.alice, made)))
    assert "secret token" not in told
    assert "another secret" not in told
    assert queries.target_secrets(people.org, made) == {"token": "another secret"}
    actions = [entry.action for entry in entries]
    assert actions == ["target.secret_changed", "target.set", "connection.created"]
    assert entries[1].diff["base_url"] == [None, "https://app.example/scim/v2"]


BY_CLIENT = replace(SETTINGS, auth="client_credentials", token_url="https://login.example/token")
CLIENT = {"client_id": "us", "client_secret": "a very secret secret"}


@pytest.mark.parametrize(
    "settings, secrets, altered",
    [
        (SETTINGS, TOKEN, {"base_url": "https://thief.example/scim/v2"}),
        (SETTINGS, TOKEN, {"base_url": "http://app.example/scim/v2"}),
        (SETTINGS, TOKEN, {"base_url": "https://app.example:8443/scim/v2"}),
        (BY_CLIENT, CLIENT, {"base_url": "https://thief.example/scim/v2"}),
        (BY_CLIENT, CLIENT, {"token_url": "https://thief.example/token"}),
    ],
)
def test_a_stored_secret_does_not_go_to_another_server(
    people: Cast, settings: TargetSettings, secrets: dict[str, str], altered: dict[str, str]
) -> None:
    made = apply(CreateTarget("CRM", settings, secrets), by=people.alice).first.id
    moved = replace(settings, **altered)  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        apply(ChangeTarget(made, settings=moved), by=people.alice)
    assert (refused.value.code, refused.value.attribute) == ("secret_again", list(secrets)[-1])
    assert queries.find_target(people.alice, made).settings == settings
    assert apply(ChangeTarget(made, settings=moved, secrets=secrets), by=people.alice).changed


def test_another_path_at_the_same_server_keeps_the_secret(people: Cast) -> None:
    made = apply(CreateTarget("CRM", SETTINGS, TOKEN), by=people.alice).first.id
    moved = replace(SETTINGS, base_url="https://APP.example:443/scim")
    assert apply(ChangeTarget(made, settings=moved), by=people.alice).changed
    assert queries.target_secrets(people.org, made) == TOKEN


@pytest.mark.parametrize("secret", ["", "with\r\nnewline", "ü", "x" * 9000])
def test_a_secret_that_no_header_can_carry_is_refused(people: Cast, secret: str) -> None:
    with pytest.raises(Invalid) as refused:
        apply(CreateTarget("CRM", SETTINGS, {"token": secret}), by=people.alice)
    assert refused.value.attribute == "token"


def test_a_scope_of_somebody_elses_group_is_refused(people: Cast) -> None:
    theirs = group(people.other_operator, "Theirs")
    wanted = replace(SETTINGS, groups=(theirs,))
    with pytest.raises(Invalid) as refused:
        apply(CreateTarget("CRM", wanted, TOKEN), by=people.alice)
    assert refused.value.code == "scope_unknown"


def test_what_is_no_target_cannot_be_reconciled(people: Cast) -> None:
    with pytest.raises(NotFound):
        apply(ReconcileTarget(people.hr.id), by=people.alice)


def test_detaching_forgets_all_and_leaves_the_accounts(wiki: Provisioned) -> None:
    group(wiki.people.operator, "Kitchen", wiki.people.bob.id)
    wiki.work()
    apply(DeleteConnection(wiki.id), by=wiki.people.alice)
    for table in (Target, TargetLink, TargetMember):
        assert db.session.scalars(select(table.org_id)).all() == []
    assert len(wiki.users()) == 5
    assert "Kitchen" in wiki.groups()
