"""Client secrets and keys: two live at once, what is kept of them, and what ends with them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from idp.changes import apply, audit, ledger
from idp.changes.client_secrets import thumbprint
from idp.changes.intents import (
    ChangeConnection,
    CreateConnection,
    DeleteConnection,
    IssueSecret,
    RegisterKey,
    RevokeSecret,
    RevokeToken,
)
from idp.directory import queries
from idp.directory.connections import ConnectionSecret, ConnectionToken
from idp.directory.errors import Conflict, DirectoryError, Forbidden, Invalid, NotFound
from idp.directory.values import digest
from idp.extensions import db
from tests.cast import NOON, Cast
from tests.changes.steps import together

# RFC 8037, appendices A.1 to A.3: a private key, and its thumbprint.
ED25519 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
HOUR = timedelta(hours=1)


def secret(people: Cast, **more: object) -> tuple[str, str]:
    """(id, secret) of a new client secret of HR."""
    made = apply(IssueSecret(people.hr.id, **more), by=people.alice).first  # type: ignore[arg-type]
    return made.id, made.secret or ""


def access(people: Cast, given: str, scope: str = "write") -> str:
    """An access token for a client secret of HR."""
    client = queries.client_by_secret(people.org, people.hr.id, given)
    assert client is not None
    made = ledger.grant_access(client, scope, HOUR)
    assert made is not None
    return made.token


def key(number: int) -> dict[str, str]:
    """A well-formed Ed25519 key that nobody holds."""
    return {"kty": "OKP", "crv": "Ed25519", "x": f"{number:043d}"}


def test_a_secret_is_shown_once_and_kept_as_a_hash(people: Cast) -> None:
    made, shown = secret(people)
    row = db.session.get(ConnectionSecret, made)
    assert row is not None
    assert shown.startswith("chs_")
    assert row.secret_hash == digest(shown)
    assert shown not in repr(vars(row))
    entries, _ = audit.page(people.alice, audit.AuditFilter(action="secret."))
    assert [(e.action, e.target_name) for e in entries] == [("secret.issued", "HR")]
    assert shown not in repr(entries)


def test_two_secrets_live_at_once_and_a_third_is_refused_by_name(people: Cast) -> None:
    old, old_secret = secret(people)
    access(people, old_secret)
    _, idle_secret = secret(people)
    with pytest.raises(Conflict) as refused:
        secret(people)
    assert refused.value.code == "too_many_secrets"
    assert "HR has 2 live secrets already" in refused.value.sentence
    assert refused.value.sentence.count("…") == 1
    assert (f"…{old_secret[-4:]}" in refused.value.sentence) or (
        f"…{idle_secret[-4:]} was never used" in refused.value.sentence
    )
    apply(RevokeSecret(old), by=people.alice)
    assert secret(people)


def test_the_one_to_end_is_the_one_used_longest_ago(people: Cast, frozen: list[datetime]) -> None:
    _, first = secret(people)
    _, second = secret(people)
    for days, used in ((1, second), (2, first)):
        frozen[0] = NOON + timedelta(days=days)
        access(people, used)
    with pytest.raises(Conflict) as refused:
        secret(people)
    said = f"Revoke one first: …{second[-4:]} was last used on 4 December 2026."
    assert refused.value.sentence.endswith(said)


def test_three_at_once_are_refused_together(people: Cast) -> None:
    with pytest.raises(Conflict) as refused:
        apply(*[IssueSecret(people.hr.id)] * 3, by=people.alice)
    assert refused.value.index == 2
    assert queries.secrets_of(people.alice, people.hr.id) == []


def test_an_expired_secret_makes_room(people: Cast, frozen: list[datetime]) -> None:
    secret(people, expires_days=1)
    secret(people)
    frozen[0] = NOON + timedelta(days=1)
    assert secret(people)


def test_of_a_key_the_public_half_alone_is_kept(people: Cast) -> None:
    made = apply(RegisterKey(people.hr.id, ED25519 | {"kid": "k", "x5c": ["a"]}), by=people.alice)
    (view,) = queries.secrets_of(people.alice, people.hr.id)
    assert (view.id, view.kind, view.thumbprint) == (made.first.id, "key", THUMBPRINT)
    assert view.jwk == {name: ED25519[name] for name in ("kty", "crv", "x")}
    assert thumbprint(view.jwk) == THUMBPRINT
    assert made.first.secret is None


def test_a_key_is_registered_once_and_again_when_it_was_revoked(people: Cast) -> None:
    made = apply(RegisterKey(people.hr.id, ED25519), by=people.alice).first
    with pytest.raises(Conflict) as refused:
        apply(RegisterKey(people.hr.id, ED25519), by=people.alice)
    assert refused.value.code == "key_known"
    apply(RevokeSecret(made.id), by=people.alice)
    assert apply(RegisterKey(people.hr.id, ED25519), by=people.alice).changed


def test_four_keys_live_at_once(people: Cast) -> None:
    apply(*(RegisterKey(people.hr.id, key(n)) for n in range(4)), by=people.alice)
    with pytest.raises(Conflict) as refused:
        apply(RegisterKey(people.hr.id, key(4)), by=people.alice)
    assert refused.value.code == "too_many_keys"


@pytest.mark.parametrize(
    "unfit",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": ["RSA"]},
        {"kty": "RSA", "e": "AQAB", "n": "A" * 341},
        {"kty": "RSA", "e": "AQAB", "n": "A" * 2000},
        {"kty": "RSA", "n": "A" * 400},
        {"kty": "EC", "crv": "P-384", "x": "a", "y": "b"},
        {"kty": "EC", "crv": "P-256", "x": "a"},
        {"kty": "OKP", "crv": "X25519", "x": ED25519["x"]},
        {"kty": "OKP", "crv": "Ed25519", "x": "a\x00"},
        {"kty": "OKP", "crv": "Ed25519", "x": {"y": 1}},
    ],
)
def test_an_unfit_key_is_refused(people: Cast, unfit: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        apply(RegisterKey(people.hr.id, unfit), by=people.alice)
    assert refused.value.code == "key_unfit"


def test_who_cannot_write_gives_no_secret_that_can(people: Cast) -> None:
    able = frozenset({"connections.read", "connections.write", "users.read", "groups.read"})
    keeper = replace(people.alice, permissions=able)
    for change in (IssueSecret(people.hr.id), RegisterKey(people.hr.id, ED25519)):
        with pytest.raises(Forbidden):
            apply(change, by=keeper)
        assert apply(replace(change, scope="read"), by=keeper).changed


def test_nobody_but_keepers_of_connections_has_a_say(people: Cast) -> None:
    made, _ = secret(people)
    for change in (
        IssueSecret(people.hr.id, "read"),
        RegisterKey(people.hr.id, ED25519, "read"),
        RevokeSecret(made),
    ):
        for who in (people.carol, people.bob, people.hr):
            with pytest.raises(Forbidden):
                apply(change, by=who)


@pytest.mark.parametrize("wrong", [{"scope": "all"}, {"expires_days": 0}, {"expires_days": 3651}])
def test_a_scope_and_a_life_that_do_not_exist_are_refused(
    people: Cast, wrong: dict[str, object]
) -> None:
    with pytest.raises(Invalid):
        secret(people, **wrong)


def test_an_application_has_no_secret(people: Cast) -> None:
    wiki = apply(CreateConnection("saml", "Wiki", entity_id="urn:wiki"), by=people.alice).first.id
    with pytest.raises(Invalid) as refused:
        apply(IssueSecret(wiki), by=people.alice)
    assert refused.value.code == "not_a_client"


def test_a_revoked_secret_ends_its_access_tokens_and_no_others(people: Cast) -> None:
    old, old_secret = secret(people)
    _, new_secret = secret(people)
    dead, alive = access(people, old_secret), access(people, new_secret)
    apply(RevokeSecret(old), by=people.alice)
    assert queries.caller_by_token(dead) is None
    assert queries.client_by_secret(people.org, people.hr.id, old_secret) is None
    assert queries.caller_by_token(alive) is not None
    assert queries.caller_by_token(people.token) is not None


def test_revoking_twice_changes_nothing(people: Cast) -> None:
    made, _ = secret(people)
    assert apply(RevokeSecret(made), by=people.alice).changed
    assert not apply(RevokeSecret(made), by=people.alice).changed


def test_a_disabled_system_ends_its_access_tokens_for_good(people: Cast) -> None:
    _, given = secret(people)
    token = access(people, given)
    apply(ChangeConnection(people.hr.id, enabled=False), by=people.alice)
    assert queries.caller_by_token(token) is None
    assert queries.client_by_secret(people.org, people.hr.id, given) is None
    apply(ChangeConnection(people.hr.id, enabled=True), by=people.alice)
    assert queries.caller_by_token(token) is None
    assert queries.caller_by_token(people.token) is not None


def test_a_secret_that_ends_while_it_is_used_gives_no_token(people: Cast) -> None:
    made, given = secret(people)
    client = queries.client_by_secret(people.org, people.hr.id, given)
    assert client is not None
    apply(RevokeSecret(made), by=people.alice)
    assert ledger.grant_access(client, "write", HOUR) is None


def test_revoking_beside_asking_leaves_no_token_alive(app: Flask, people: Cast) -> None:
    for _ in range(8):
        made, given = secret(people)
        client = queries.client_by_secret(people.org, people.hr.id, given)
        assert client is not None
        asks = [lambda c=client: ledger.grant_access(c, "write", HOUR)] * 3
        together(app, *asks, lambda m=made: apply(RevokeSecret(m), by=people.alice))
        assert db.session.scalars(select(ConnectionToken).filter_by(kind="access")).all() == []


def test_of_many_that_make_a_secret_at_once_two_succeed(app: Flask, people: Cast) -> None:
    outcomes = together(app, *[lambda: secret(people)] * 4)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 2
    assert len(queries.secrets_of(people.alice, people.hr.id)) == 2


def test_a_disconnected_system_leaves_nothing_behind(people: Cast) -> None:
    _, given = secret(people)
    token = access(people, given)
    apply(RegisterKey(people.hr.id, ED25519), by=people.alice)
    apply(DeleteConnection(people.hr.id), by=people.alice)
    assert queries.caller_by_token(token) is None
    assert db.session.scalars(select(ConnectionSecret.id)).all() == []


def test_no_access_token_outlives_its_secret(people: Cast, frozen: list[datetime]) -> None:
    _, given = secret(people, expires_days=1)
    frozen[0] = NOON + timedelta(hours=23, minutes=30)
    token = access(people, given)
    assert queries.caller_by_token(token) is not None
    frozen[0] = NOON + timedelta(days=1)
    assert queries.caller_by_token(token) is None


def test_access_tokens_are_swept_when_they_have_expired(
    people: Cast, frozen: list[datetime]
) -> None:
    _, given = secret(people)
    access(people, given)
    frozen[0] = NOON + HOUR
    kept = access(people, given)
    frozen[0] = NOON + HOUR + timedelta(seconds=1)
    assert ledger.sweep() == 1
    kinds = db.session.scalars(select(ConnectionToken.token_hash).filter_by(kind="access")).all()
    assert kinds == [digest(kept)]


def test_access_tokens_are_no_tokens_of_administrators(people: Cast) -> None:
    _, given = secret(people)
    before = queries.tokens_of(people.alice, people.hr.id)
    access(people, given)
    assert queries.tokens_of(people.alice, people.hr.id) == before
    row = db.session.scalars(select(ConnectionToken.id).filter_by(kind="access")).one()
    with pytest.raises(NotFound):
        apply(RevokeToken(row), by=people.alice)


def test_a_client_gives_back_its_own_access_tokens_alone(people: Cast) -> None:
    _, given = secret(people)
    token = access(people, given)
    mine = queries.client_by_secret(people.org, people.hr.id, given)
    assert mine is not None
    ledger.end_access(replace(mine, id=people.other_hr.id), token)
    ledger.end_access(mine, people.token)
    assert queries.caller_by_token(token) is not None
    assert queries.caller_by_token(people.token) is not None
    ledger.end_access(mine, token)
    assert queries.caller_by_token(token) is None


def test_what_is_not_there_is_not_found(people: Cast) -> None:
    for change in (IssueSecret("nothing"), RegisterKey("x\x00", ED25519), RevokeSecret("nothing")):
        with pytest.raises(DirectoryError) as refused:
            apply(change, by=people.alice)
        assert refused.value.kind == "not_found"
