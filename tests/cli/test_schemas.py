"""An organization's own attributes, from the console to every door."""

import json
from pathlib import Path

import pytest
from flask import Flask

from tests.cast import Cast
from tests.cli.conftest import Run

URN = "urn:northwind:hr:2.0:User"
DEFINITION = {
    "id": URN,
    "name": "HR",
    "attributes": [
        {"name": "badge", "type": "string", "description": "The door badge."},
        {"name": "skills", "type": "string", "multiValued": True},
    ],
}


@pytest.fixture
def definition(tmp_path: Path) -> str:
    """The definition as a file."""
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(DEFINITION))
    return str(file)


def test_an_own_attribute_exists_in_scim_at_once(
    app: Flask, run: Run, people: Cast, definition: str
) -> None:
    assert run("schema", "define", "northwind", definition, "--json").data["changed"]
    client, bearer = app.test_client(), {"Authorization": f"Bearer {people.token}"}
    own = {"badge": "B-17", "skills": ["welding", "Greek"]}
    body = {"userName": "zoe@northwind.example", URN: own}

    made = client.post("/scim/v2/Users", json=body, headers=bearer)
    found = client.get(f'/scim/v2/Users?filter={URN}:badge eq "b-17"', headers=bearer)
    schemas = client.get("/scim/v2/Schemas", headers=bearer).json

    assert made.status_code == 201
    assert made.json is not None
    assert found.json is not None
    assert schemas is not None
    assert made.json[URN] == own
    assert [user["id"] for user in found.json["Resources"]] == [made.json["id"]]
    assert URN in {schema["id"] for schema in schemas["Resources"]}


def test_defining_the_same_again_changes_nothing(run: Run, definition: str) -> None:
    run("schema", "define", "northwind", definition, "--json")
    assert run("schema", "define", "northwind", definition, "--json").data["changed"] is False


def test_another_organization_does_not_know_it(
    app: Flask, run: Run, people: Cast, definition: str
) -> None:
    run("schema", "define", "northwind", definition)
    bearer = {"Authorization": f"Bearer {people.other_token}"}
    found = app.test_client().get(f'/scim/v2/Users?filter={URN}:badge eq "b"', headers=bearer)
    assert found.status_code == 400
    assert run("schema", "list", "contoso", "--json").data == {"schemas": []}


def test_what_is_no_definition_is_refused_with_a_sentence(run: Run) -> None:
    refused = run("schema", "define", "northwind", "-", given="no JSON")
    assert refused.code == 1
    assert "not JSON" in refused.err
