"""The corpus: each example of the RFCs, and each shape that a real client sends, one file each.

A file holds what is `given` (resources by name; "$name" stands for the id), a `request`, the
`answer` that must come, and what is `noted` as forgiven. In an answer "*" means anything and null
means absent; other members may be there as well. `profiles` take the request; the `strict`
profile takes it too, unless `strict` tells with what it refuses it (null: it does not matter).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import CreateConnection, CreateOrganization, IssueToken
from idp.clock import new_id
from idp.directory.actors import system_actor
from scim.call import Call
from tests import counterparts
from tests.conftest import DATABASES, migrate_to_head, serve
from tests.scim.conftest import GROUP, USER, Scim, detail

FOLDER = Path(__file__).with_name("corpus")
CASES = {
    f"{file.parent.name}/{file.stem}": json.loads(file.read_text("utf-8"))
    for file in sorted(FOLDER.glob("*/*.json"))
}
PAIRS = [
    (name, profile)
    for name, case in CASES.items()
    for profile in [
        *case.get("profiles", ["rfc"]),
        *(["strict"] if case.get("strict", {}) is not None else []),
    ]
]
_SCHEMAS = {"/Users": USER, "/Groups": GROUP}


@pytest.fixture(scope="module", params=DATABASES)
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """One database of each kind for all of the corpus: each case has an organization to itself."""
    place = tmp_path_factory.mktemp("corpus")
    if request.param == "sqlite":
        url = f"sqlite:///{place / 'corpus.db'}"
        migrate_to_head(url, place)
        yield from serve(url, place)
        return
    server = counterparts.postgres()
    counterparts.template_database(server, "migrated", lambda url: migrate_to_head(url, place))
    with counterparts.fresh_database(server, template="migrated") as url:
        yield from serve(url, place)


def newcomer(house: Flask, profile: str) -> Scim:
    """A connection of an organization that nobody else knows."""
    name = new_id()
    org = apply(CreateOrganization(name, f"{name}.example"), by=system_actor("")).first.id
    operator = system_actor(org)
    connection = apply(CreateConnection("scim", profile, profile), by=operator).first.id
    return Scim(house.test_client(), apply(IssueToken(connection), by=operator).first.secret or "")


def filled(value: Any, names: dict[str, str]) -> Any:
    """A value with ids for their names."""
    if isinstance(value, dict):
        return {filled(key, names): filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, names) for inner in value]
    if isinstance(value, str):
        for name in sorted(names, key=len, reverse=True):
            value = value.replace(f"${name}", names[name])
    return value


def misfit(wanted: Any, told: Any, path: str = "") -> str:
    """Where an answer differs from what was expected; "" where it does not."""
    if wanted == "*":
        return "" if told not in (None, "", [], {}) else f"{path} is missing"
    if isinstance(wanted, dict) and isinstance(told, dict):
        parts = (misfit(part, told.get(name), f"{path}/{name}") for name, part in wanted.items())
        return next(filter(None, parts), "")
    if isinstance(wanted, list) and isinstance(told, list) and len(wanted) == len(told):
        parts = (
            misfit(w, t, f"{path}/{n}") for n, (w, t) in enumerate(zip(wanted, told, strict=True))
        )
        return next(filter(None, parts), "")
    return "" if wanted == told else f"{path}: {told!r}, not {wanted!r}"


def given(scim: Scim, case: dict[str, Any]) -> dict[str, str]:
    """{name: id} of what a case begins with."""
    names: dict[str, str] = dict(case.get("names", {}))
    for name, made in case.get("given", {}).items():
        ((place, body),) = made.items()
        answer = scim("POST", place, filled({"schemas": [_SCHEMAS[place]], **body}, names))
        assert answer.status_code == 201, answer.text
        names[name] = answer.json["id"]
        names[f"{name}.version"] = answer.json["meta"]["version"]
    return names


@pytest.mark.parametrize("name, profile", PAIRS, ids=[f"{n}-{p}" for n, p in PAIRS])
def test_corpus(house: Flask, monkeypatch: pytest.MonkeyPatch, name: str, profile: str) -> None:
    case, noted = CASES[name], []
    scim = newcomer(house, profile)
    names = given(scim, case)
    monkeypatch.setattr(Call, "log_notes", lambda call: noted.extend(call.tolerance.notes))
    asked = filled(case["request"], names)

    answer = scim(asked["method"], asked["path"], asked.get("body"), **asked.get("headers", {}))

    refused = case.get("strict") if profile == "strict" else None
    wanted = filled(refused or case["answer"], names)
    assert answer.status_code == wanted["status"], answer.text
    if wanted["status"] >= 400:
        assert detail(answer) == (wanted["status"], wanted.get("scimType", ""))
    else:
        assert misfit(wanted.get("body", {}), answer.json if answer.data else {}) == ""
        assert misfit(wanted.get("headers", {}), dict(answer.headers)) == ""
    if not refused:
        assert noted == case.get("noted", [])
    if "then" in case and not refused:
        after = filled(case["then"], names)
        shown = scim("GET", after["path"])
        assert shown.status_code == after.get("status", 200)
        assert misfit(after.get("body", {}), shown.json) == ""
