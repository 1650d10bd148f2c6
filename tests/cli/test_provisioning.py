"""`flask provision …`: attach, try, preview, run, reconcile, approve, status."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import CreateUser, DeleteUser
from idp.config import Settings
from tests.cast import Cast
from tests.changes.steps import group
from tests.cli.conftest import Run
from tests.counterparts import ScimPeer, scim_peer


@pytest.fixture
def peer(app: Flask) -> Iterator[ScimPeer]:
    """An application that may be reached."""
    held: Settings = app.config["CHAMBERLAIN"]
    app.config["CHAMBERLAIN"] = held.model_copy(update={"outgoing_allow": "127.0.0.1"})
    with scim_peer() as running:
        yield running


def add(run: Run, peer: ScimPeer, *more: str) -> str:
    words = ("provision", "add", "northwind", "Wiki", "--url", peer.base_url, "--token-stdin")
    target: str = run(*words, *more, "--json", given=f"{peer.token}\n").data["target"]
    return target


def test_from_attaching_to_up_to_date(run: Run, people: Cast, peer: ScimPeer) -> None:
    group(people.operator, "Kitchen", people.bob.id, people.erin)
    target = add(run, peer, "--group", "Kitchen", "--map", 'title="Cook"')
    tried = run("provision", "try", "northwind", "Wiki", "--json").data
    assert (tried["ok"], tried["found"]["Changes by PATCH"]) == (True, "yes")
    plan = run("provision", "preview", "northwind", "Wiki", "--json").data
    assert (plan["counts"]["create"], plan["counts"]["member_add"]) == (3, 2)
    done = run("provision", "run", "northwind", "Wiki", "--json").data
    assert (done["target"], done["status"], done["waiting"]) == (target, "up to date", 0)
    assert (done["people"], done["groups"], done["errors"]) == (2, 1, [])
    assert {user["title"] for user in peer.state()["users"]} == {"Cook"}


def test_a_reconcile_tells_the_drift(run: Run, people: Cast, peer: ScimPeer) -> None:
    add(run, peer)
    run("provision", "run", "northwind", "Wiki")
    peer.ask("DELETE", f"/Users/{peer.state()['users'][0]['id']}")
    told = run("provision", "reconcile", "northwind", "Wiki", "--json").data
    assert (told["drift"]["missing"], told["status"]) == (1, "up to date")
    assert len(peer.state()["users"]) == 5


def test_what_stopped_is_approved_by_its_number(run: Run, people: Cast, peer: ScimPeer) -> None:
    crowd = [CreateUser({"userName": f"p{n}@northwind.example"}) for n in range(30)]
    ids = [made.id for made in apply(*crowd, by=people.operator).results]
    add(run, peer)
    run("provision", "run", "northwind", "Wiki")
    apply(*map(DeleteUser, ids), by=people.operator)
    stopped = run("provision", "run", "northwind", "Wiki")
    assert stopped.code == 1
    assert "Stopped: 30 of 35" in stopped.err
    assert run("provision", "approve", "northwind", "Wiki", "--count", "29").code == 1
    assert run("provision", "approve", "northwind", "Wiki", "--count", "30").code == 0
    done = run("provision", "run", "northwind", "Wiki", "--json").data
    assert (done["people"], done["deactivated"]) == (5, 30)


def test_failures_end_in_a_sentence(run: Run, people: Cast, peer: ScimPeer) -> None:
    add(run, peer)
    peer.fail(status=503)
    failed = run("provision", "run", "northwind", "Wiki")
    assert failed.code == 1
    assert "asks to be left alone" in failed.err
    assert run("provision", "status", "northwind", "--json").data["targets"][0]["status"] == (
        "failing"
    )


def test_a_secret_comes_from_a_file_and_no_other_way(
    run: Run, people: Cast, peer: ScimPeer, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{peer.token}\n")
    words = ("provision", "add", "northwind", "Wiki", "--url", peer.base_url)
    assert run(*words).code == 2
    assert run(*words, "--token-file", str(tmp_path / "token")).code == 0
    assert run("provision", "try", "northwind", "Wiki").code == 0


def test_an_application_that_may_not_be_reached_says_so(run: Run, people: Cast) -> None:
    words = ("provision", "add", "northwind", "Wiki", "--url", "https://localhost/scim")
    run(*words, "--token-stdin", given="secret")
    tried = run("provision", "try", "northwind", "Wiki")
    assert tried.code == 1
    assert "private network" in tried.err


@pytest.mark.parametrize(
    "option, given",
    [
        ("--url", "--url https://169.254.169.254/scim --token-stdin"),
        ("--token-url", "--url https://a.example --client-id c --token-url https://[::1]/token"),
    ],
)
def test_a_private_address_is_not_kept(run: Run, people: Cast, option: str, given: str) -> None:
    refused = run("provision", "add", "northwind", "Wiki", *given.split(), given="secret")
    assert refused.code == 1
    assert option in refused.err
    assert "CHAMBERLAIN_OUTGOING_ALLOW" in refused.err
    assert run("provision", "status", "northwind", "--json").data["targets"] == []
