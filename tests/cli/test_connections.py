"""Partner systems from the console."""

from pathlib import Path

import pytest
from flask import Flask

from idp.directory import queries
from idp.federation.partner import Terms
from scim.journal import recorder
from tests.cast import Cast
from tests.cli.conftest import Run
from tests.federation.partners import ACS, ENTITY, sp_metadata


@pytest.fixture
def metadata(tmp_path: Path) -> str:
    """A service provider's metadata as a file."""
    file = tmp_path / "sp.xml"
    file.write_bytes(sp_metadata())
    return str(file)


def test_a_scim_client_is_attached_and_its_token_works(app: Flask, run: Run) -> None:
    words = ("scim", "connect", "northwind", "Workday", "--profile", "entra", "--expires", "30")
    data = run(*words, "--json").data

    assert data["base_url"] == "http://127.0.0.1:8000/scim/v2"
    caller = queries.caller_by_token(data["token"])
    assert caller is not None
    assert (caller.connection_id, caller.profile) == (data["connection"], "entra")
    bearer = {"Authorization": f"Bearer {data['token']}"}
    assert app.test_client().get("/scim/v2/Users", headers=bearer).status_code == 200


def test_a_token_may_be_for_reading_alone(app: Flask, run: Run) -> None:
    data = run("scim", "connect", "northwind", "BI", "--scope", "read", "--json").data

    bearer = {"Authorization": f"Bearer {data['token']}"}
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "x"}
    assert app.test_client().post("/scim/v2/Users", json=body, headers=bearer).status_code == 403


def test_the_journal_is_read(app: Flask, people: Cast, run: Run) -> None:
    bearer = {"Authorization": f"Bearer {people.token}"}
    for path in ("/Users?count=0", "/Users/nobody"):
        app.test_client().get(f"/scim/v2{path}", headers=bearer)
    recorder().flush()

    told = run("scim", "journal", "northwind", "HR", "--json").data["requests"]
    assert [(one["path"], one["status"]) for one in told] == [
        ("/Users/nobody", 404),
        ("/Users?count=0", 200),
    ]
    assert "/Users/nobody" in run("scim", "journal", "northwind", "HR", "--refused").out
    assert (
        len(run("scim", "journal", "northwind", "HR", "--limit", "1", "--json").data["requests"])
        == 1
    )


def test_a_connection_name_is_used_once(run: Run) -> None:
    ran = run("scim", "connect", "northwind", "HR")

    assert (ran.code, ran.out) == (1, "")
    assert "There is a connection of this name already." in ran.err


def test_tokens_are_changed_without_a_gap(people: Cast, run: Run) -> None:
    new = run("scim", "token", "northwind", "HR", "--json").data
    old = run("scim", "tokens", "northwind", "--json").data["tokens"]
    assert len(old) == 2
    assert queries.caller_by_token(people.token) is not None

    former = next(t["id"] for t in old if t["id"] != new["token_id"])
    assert run("scim", "revoke", "northwind", former, "--json").data["state"] == "revoked"
    assert queries.caller_by_token(people.token) is None
    assert queries.caller_by_token(new["token"]) is not None


def test_secrets_are_shown_once_and_never_listed(people: Cast, run: Run) -> None:
    listed = run("scim", "tokens", "--json").out + run("scim", "tokens").out

    assert people.token not in listed
    assert people.token[-4:] in listed


def test_a_token_of_another_organization_is_not_found(run: Run) -> None:
    rows = run("scim", "tokens", "contoso", "--json").data["tokens"]

    ran = run("scim", "revoke", "northwind", rows[0]["id"])
    assert (ran.code, ran.err) == (1, "Error: There is no such token.\n")


@pytest.mark.parametrize("wrong", [("--profile", "nobody"), ("--scope", "all"), ("--expires", "0")])
def test_wrong_options_are_bad_usage(run: Run, wrong: tuple[str, str]) -> None:
    assert run("scim", "connect", "northwind", "New", *wrong).code == 2
    assert "New" not in run("scim", "tokens").out


def test_an_application_is_registered_by_its_metadata(
    people: Cast, run: Run, metadata: str
) -> None:
    data = run("app", "saml", "northwind", "Wiki", "--metadata", metadata, "--json").data

    assert (data["entity_id"], data["acs_url"]) == (ENTITY, ACS)
    held = queries.find_connection(people.operator, data["app"])
    assert Terms.from_settings(held.settings).partner.acs_default().location == ACS
    (row,) = run("app", "list", "northwind", "--json").data["apps"]
    assert (row["app"], row["name"], row["kind"]) == (data["app"], "Wiki", "saml")


def test_an_application_is_registered_once(run: Run, metadata: str) -> None:
    run("app", "saml", "northwind", "Wiki", "--metadata", metadata)

    ran = run("app", "saml", "northwind", "Wiki again", "--metadata", metadata)
    assert ran.code == 1
    assert "registered already" in ran.err


def test_what_is_no_metadata_is_refused_with_a_sentence(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "sp.xml"
    file.write_text("<html/>")

    ran = run("app", "saml", "northwind", "Wiki", "--metadata", str(file))
    assert (ran.code, ran.err) == (1, "Error: This is not SAML 2.0 metadata.\n")
