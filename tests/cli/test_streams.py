"""Event streams from the console."""

from pathlib import Path

from idp.directory import queries
from tests.cast import Cast
from tests.cli.conftest import Run


def test_a_stream_is_begun_held_and_ended(people: Cast, run: Run) -> None:
    data = run("scim", "events", "begin", "northwind", "HR", "--json").data
    assert data["poll_url"].endswith(f"/scim/v2/Feeds/{data['stream']}")
    assert (data["delivery"], data["paused"]) == ("poll", False)
    assert run("scim", "events", "pause", "northwind", "HR", "--json").data["paused"]
    assert not run("scim", "events", "resume", "northwind", "HR", "--json").data["paused"]
    run("scim", "events", "end", "northwind", "HR", "--json")
    assert queries.stream_of(people.operator, people.hr.id) is None


def test_a_pushed_stream_keeps_its_secret(people: Cast, run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "header"
    secret.write_text("Bearer sesame\n")
    words = ("--push", "https://siem.example/set", "--authorization-file", str(secret))
    ran = run("scim", "events", "begin", "northwind", "HR", *words, "--json")
    assert ran.data["endpoint"] == "https://siem.example/set"
    assert "sesame" not in ran.out


def test_a_client_without_a_stream_is_told_how_to_begin_one(run: Run) -> None:
    ran = run("scim", "events", "show", "northwind", "HR")
    assert ran.code == 1
    assert "flask scim events begin" in ran.err


def test_an_unknown_group_is_named(run: Run) -> None:
    ran = run("scim", "events", "begin", "northwind", "HR", "--group", "Nobody")
    assert (ran.code, "Nobody" in ran.err) == (1, True)
