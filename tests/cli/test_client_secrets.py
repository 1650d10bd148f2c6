"""Client secrets and keys from the console."""

import json
from pathlib import Path

import pytest
from flask import Flask
from joserfc.jwk import ECKey, OKPKey

from idp.directory import queries
from tests.cast import Cast
from tests.cli.conftest import Run

ISSUER = "http://127.0.0.1:8000/oidc/northwind"


def test_a_secret_gets_an_access_token(app: Flask, people: Cast, run: Run) -> None:
    words = ("scim", "secret", "northwind", "HR", "--expires", "30", "--scope", "read", "--json")
    data = run(*words).data

    assert (data["client_id"], data["token_endpoint"]) == (people.hr.id, f"{ISSUER}/token")
    form = {n: data[n] for n in ("client_id", "client_secret")}
    answer = app.test_client().post(
        "/oidc/northwind/token", data=form | {"grant_type": "client_credentials"}
    )
    assert answer.json is not None
    assert answer.json["scope"] == "scim.read"


def test_a_third_secret_is_refused_and_a_revoked_one_makes_room(run: Run) -> None:
    first = run("scim", "secret", "northwind", "HR", "--json").data["secret_id"]
    run("scim", "secret", "northwind", "HR")
    third = run("scim", "secret", "northwind", "HR")
    assert (third.code, third.out) == (1, "")
    assert "Revoke one first" in third.err

    assert run("scim", "revoke-secret", "northwind", first, "--json").data["changed"]
    assert run("scim", "secret", "northwind", "HR").code == 0
    listed = run("scim", "secrets", "northwind", "--json").data["secrets"]
    assert sorted(one["state"] for one in listed) == ["active", "active", "revoked"]


def test_a_set_of_keys_is_registered_by_file(people: Cast, run: Run, tmp_path: Path) -> None:
    keys = (ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519"))
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))

    data = run("scim", "key", "northwind", "HR", "--jwk", str(file), "--json").data
    assert data["issuer"] == ISSUER
    assert {one["thumbprint"] for one in data["keys"]} == {key.thumbprint() for key in keys}
    assert len(queries.client_keys(people.org, people.hr.id)) == 2


@pytest.mark.parametrize(
    "text,said", [("hello", "not a public key"), ("-----BEGIN PRIVATE KEY-----", "a private key")]
)
def test_what_is_no_public_key_is_refused(run: Run, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "key"
    file.write_text(text)

    ran = run("scim", "key", "northwind", "HR", "--jwk", str(file))
    assert ran.code == 1
    assert said in ran.err


def test_secrets_are_never_listed(run: Run) -> None:
    shown = run("scim", "secret", "northwind", "HR", "--json").data["client_secret"]

    listed = run("scim", "secrets", "--json").out + run("scim", "secrets").out
    assert shown not in listed
    assert shown[-4:] in listed


def test_a_secret_of_another_organization_is_not_found(run: Run) -> None:
    made = run("scim", "secret", "contoso", "HR", "--json").data["secret_id"]

    ran = run("scim", "revoke-secret", "northwind", made)
    assert (ran.code, ran.err) == (1, "Error: There is no such secret.\n")


def test_where_tokens_are_asked_for_is_shown(app: Flask, run: Run) -> None:
    data = run("org", "show", "northwind", "--json").data

    assert data["oauth_token_url"] == f"{ISSUER}/token"
    answer = app.test_client().get(data["oauth_metadata_url"])
    assert answer.json is not None
    assert answer.json["issuer"] == ISSUER
    assert data["oidc_issuer"] is None  # nobody signs in there yet
