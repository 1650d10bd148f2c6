"""The journal: what each connection asked and what came of it, without secrets, in bounds."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from idp.changes import apply, audit, journal
from idp.changes.intents import ChangeConnection, DeleteConnection
from idp.changes.journal import JournalEntry, JournalView
from idp.changes.journal_pages import JournalFilter, journal_entry
from idp.changes.journal_pages import journal as read_journal
from idp.clock import now
from idp.directory.errors import Forbidden, NotFound
from idp.extensions import db
from scim import recorder as recording
from scim.journal import recorder
from tests.cast import Cast
from tests.scim.conftest import PATCH, USER, Scim

Entries = Callable[..., list[JournalView]]


@pytest.fixture
def entries(app: Flask, people: Cast) -> Entries:
    """The entries of HR that are written by now, newest first."""

    def read(**wanted: Any) -> list[JournalView]:
        recorder().flush(last=True)
        db.session.rollback()
        return read_journal(people.alice, people.hr.id, JournalFilter(**wanted), limit=500)[0]

    return read


def count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(JournalEntry)) or 0


def test_a_change_is_kept_with_what_it_changed(scim: Scim, people: Cast, entries: Entries) -> None:
    answer = scim.patch(
        f"/Users/{people.erin}", {"op": "Replace", "path": "title", "value": "Cook"}
    )
    (entry,) = entries()
    assert (entry.method, entry.path, entry.status) == ("PATCH", f"/Users/{people.erin}", 200)
    assert (entry.kind, entry.resource_id, entry.exists) == ("User", people.erin, True)
    assert entry.name == "erin@northwind.example"
    assert entry.request_id == answer.headers["X-Request-Id"]
    assert entry.duration > 0
    assert json.loads(entry.body)["Operations"][0]["value"] == "Cook"
    assert entry.first_entry is not None
    assert entry.last_entry is not None
    numbers = (entry.first_entry, entry.last_entry)
    (made,) = audit.of_request(people.alice, people.hr.id, entry.request_id, numbers)
    assert made.diff == {"title": ["Clerk", "Cook"]}


def test_what_only_reads_is_kept_without_a_change(scim: Scim, entries: Entries) -> None:
    scim("GET", "/Users?filter=userName%20eq%20%22erin%40northwind.example%22&count=1")
    (entry,) = entries()
    assert (entry.method, entry.path, entry.changed, entry.body) == ("GET", "/Users", 0, "")
    assert entry.query.startswith("filter=userName%20eq")


def test_a_person_who_is_made_is_named(scim: Scim, entries: Entries) -> None:
    made = scim.user("joe@northwind.example")
    (entry,) = entries()
    assert (entry.status, entry.resource_id, entry.name) == (201, made["id"], made["userName"])


@pytest.mark.parametrize(
    "method, path, body, answer",
    [
        ("GET", "/Users/nobody", None, (404, "")),
        ("GET", "/nowhere", None, (404, "")),
        ("GET", "/Users?filter=colour eq 1", None, (400, "invalidFilter")),
        ("PUT", "/Users", {}, (405, "")),
        ("POST", "/Users", {"schemas": [USER]}, (400, "invalidValue")),
        ("POST", "/Users", [], (400, "invalidSyntax")),
        ("GET", "/Users/%00", None, (404, "")),
    ],
)
def test_refusals_are_kept_with_their_reason(
    scim: Scim, entries: Entries, *, method: str, path: str, body: Any, answer: tuple[int, str]
) -> None:
    told = scim(method, path, body)
    (entry,) = entries(result="refused")
    assert (entry.status, entry.scim_type) == answer
    assert (entry.status, entry.detail) == (told.status_code, told.json["detail"])


def test_a_refusal_of_the_directory_is_kept_with_its_code(scim: Scim, entries: Entries) -> None:
    scim("POST", "/Users", {"schemas": [USER], "userName": "bob@northwind.example"})
    (entry,) = entries()
    assert (entry.status, entry.code, entry.name) == (
        409,
        "user_name_taken",
        "bob@northwind.example",
    )


def test_our_own_failure_is_kept_without_its_cause(
    scim: Scim, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scim.resources.read_query", lambda *_: 1 / 0)
    assert scim("GET", "/Users").status_code == 500
    (entry,) = entries()
    assert entry.status == 500
    assert "division" not in entry.detail


def test_what_was_tolerated_is_kept(scim: Scim, people: Cast, entries: Entries) -> None:
    scim.patch(f"/Users/{people.erin}", {"op": "replace", "path": "active", "value": "True"})
    scim("GET", "/Users")
    (entry,) = entries(result="tolerated")
    assert entry.tolerated == ('"True" or "False" for a boolean',)


def test_a_bulk_request_is_one_entry_with_all_that_it_changed(
    scim: Scim, people: Cast, entries: Entries
) -> None:
    urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    made = [
        {"method": "POST", "path": "/Users", "bulkId": str(n), "data": {"userName": f"p{n}"}}
        for n in range(3)
    ]
    scim("POST", "/Bulk", {"schemas": [urn], "Operations": made})
    (entry,) = entries()
    assert (entry.path, entry.status, entry.kind) == ("/Bulk", 200, "")
    numbers = (entry.first_entry or 0, entry.last_entry or 0)
    found = audit.of_request(people.alice, people.hr.id, entry.request_id, numbers)
    assert sorted(one.target_name for one in found) == ["p0", "p1", "p2"]


def test_who_is_not_known_is_not_kept(scim: Scim, entries: Entries) -> None:
    Scim(scim.client, "chb_wrong")("GET", "/Users")
    Scim(scim.client, "")("GET", "/ServiceProviderConfig")
    assert entries() == []


SECRET = "correct-horse-battery-staple"


@pytest.mark.parametrize(
    "body",
    [
        {"schemas": [USER], "userName": "x@northwind.example", "password": SECRET},
        {"schemas": [USER], "userName": "x@northwind.example", "PassWord": SECRET},
        {"schemas": [USER], "userName": "x@northwind.example", f"{USER}:password": SECRET},
        {"schemas": [USER], "userName": "x@northwind.example", USER: {"password": SECRET}},
        {"schemas": [PATCH], "Operations": [{"op": "add", "path": "password", "value": SECRET}]},
        {"schemas": [PATCH], "Operations": [{"op": "add", "PATH": "Password", "VALUE": SECRET}]},
        {"schemas": [PATCH], "Operations": [{"op": "add", "value": {"password": [SECRET]}}]},
        {"userName": "x", "roles": [{"value": json.dumps({"password": SECRET})}]},
        {"userName": "x", "title": '{"p\\u0061ssword": "' + SECRET + '"}'},
        {"filter": f'password eq "{SECRET}"'},
        {"filter": f'{USER}:password sw "{SECRET}"'},
        {"Operations": [{"method": "POST", "path": "/Users", "data": {"password": SECRET}}]},
        {"access_token": SECRET, "nested": {"a": [{"client_secret": {"v": SECRET}}]}},
    ],
)
def test_no_secret_of_a_body_is_kept(scim: Scim, entries: Entries, body: dict[str, Any]) -> None:
    scim("POST", "/Users", body)
    (entry,) = entries()
    assert SECRET not in repr(entry)
    assert entry.kept == "redacted"


@pytest.mark.parametrize(
    "query",
    [
        f"access_token={SECRET}",
        f"Password={SECRET}&count=1",
        f'filter=password eq "{SECRET}"',
        f"filter=%70assword%20eq%20%22{SECRET}%22",
    ],
)
def test_no_secret_of_an_address_is_kept(scim: Scim, entries: Entries, query: str) -> None:
    scim("GET", f"/Users?{query}")
    (entry,) = entries()
    assert SECRET not in repr(entry)
    assert entry.kept == "redacted"


def test_a_token_of_ours_is_kept_nowhere(scim: Scim, entries: Entries) -> None:
    scim("GET", f'/Users?filter=userName eq "Bearer {scim.token}"')
    scim("POST", "/Users", {"userName": "x", "title": scim.token})
    assert scim.token not in repr(entries())


def test_what_is_no_secret_stays(scim: Scim, people: Cast, entries: Entries) -> None:
    scim.patch(f"/Users/{people.erin}", {"op": "add", "path": "title", "value": "Password clerk"})
    (entry,) = entries()
    assert entry.kept == "whole"
    assert "Password clerk" in entry.body


def test_a_long_body_is_cut_and_says_so(scim: Scim, entries: Entries) -> None:
    scim("POST", "/Users", {"schemas": [USER], "userName": "x", "title": "é" * 70_000})
    (entry,) = entries()
    assert entry.kept == "cut"
    assert len(entry.body.encode()) <= 64 * 1024


def test_a_connection_may_want_no_journal(scim: Scim, people: Cast, entries: Entries) -> None:
    apply(ChangeConnection(people.hr.id, settings={"journal_days": 0}), by=people.operator)
    scim("GET", "/Users")
    assert entries() == []


def test_nothing_is_written_while_a_request_is_answered(
    scim: Scim, statements: Callable[..., Any]
) -> None:
    scim("GET", "/Users")
    with statements() as seen:
        scim("GET", "/Users")
    assert [s for s in seen if "journal_entries" in s] == []
    with statements() as seen:
        recorder().flush()
    assert len([s for s in seen if s.startswith("INSERT INTO journal_entries")]) == 1


def test_a_full_set_is_written_without_waiting(scim: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "SET", 3)
    for _ in range(3):
        scim("GET", "/Users?count=0")
    assert count() == 3


def test_the_thread_writes_by_itself(
    scim: Scim, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = recording.threading.Event()
    real = journal.write

    def write(rows: Any) -> None:
        real(rows)
        waiting.set()

    monkeypatch.setattr(journal, "write", write)
    held = recorder()
    held._every = 0.01
    scim("GET", "/Users")
    assert waiting.wait(30)
    held._every = 3600
    assert count() == 1


def test_while_the_database_is_away_entries_wait_and_the_rest_is_counted(
    scim: Scim, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_rows: object) -> None:
        raise OperationalError("insert", {}, Exception("gone"))

    monkeypatch.setattr(recording, "MOST_ENTRIES", 2)
    with monkeypatch.context() as broken:
        broken.setattr(journal, "write", away)
        for _ in range(3):
            scim("GET", "/Users?count=0")
            recorder().flush()
        assert count() == 0
    found = entries()
    assert sorted(entry.code for entry in found) == ["", "", "not_journalled"]
    (lost,) = [entry for entry in found if entry.code]
    assert lost.repeated == 1


def test_a_forked_child_writes_nothing_of_its_parents(
    scim: Scim, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    scim("GET", "/Users?count=0")
    parent = os.getpid()
    monkeypatch.setattr(recording.os, "getpid", lambda: parent + 1)
    scim("GET", "/Groups?count=0")
    assert [entry.path for entry in entries()] == ["/Groups"]


def test_a_flood_over_the_limit_is_one_entry_a_minute(
    scim: Scim, people: Cast, entries: Entries, frozen: list[Any]
) -> None:
    apply(ChangeConnection(people.hr.id, settings={"rate": 25}), by=people.operator)
    for _ in range(25 * 30 + 10):
        scim("GET", "/ServiceProviderConfig")
    found = [entry for entry in entries() if entry.status == 429]
    assert sorted(entry.repeated for entry in found) == [1, 9]
    assert {entry.code for entry in found} == {"rate_limited"}


# --- retention ----------------------------------------------------------------------------------


def kept(people: Cast, age: timedelta, org: str = "", connection: str = "") -> None:
    """An entry of so long ago."""
    mine = {"org_id": org or people.org, "connection_id": connection or people.hr.id}
    journal.write([journal.BLANK | mine | {"id": journal_id(), "at": now() - age}])


def journal_id() -> str:
    return recording.new_id()


def test_what_is_older_than_the_connection_wants_is_forgotten(people: Cast) -> None:
    for days in (0, 29, 31):
        kept(people, timedelta(days=days))
    assert journal.sweep() == 1
    apply(ChangeConnection(people.hr.id, settings={"journal_days": 7}), by=people.operator)
    assert journal.sweep() == 1
    assert count() == 1


def test_what_exceeds_the_cap_is_forgotten_oldest_first(
    people: Cast, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MOST_ENTRIES", 2)
    monkeypatch.setattr(journal, "CHUNK", 2)
    for hours in range(7):
        kept(people, timedelta(hours=hours))
    assert journal.sweep() == 5
    assert [round((now() - entry.at).total_seconds() / 3600) for entry in entries()] == [0, 1]


def test_the_journal_of_a_detached_connection_is_forgotten(people: Cast) -> None:
    kept(people, timedelta(0))
    kept(people, timedelta(0), people.other_org, people.other_hr.id)
    apply(DeleteConnection(people.hr.id), by=people.operator)
    assert journal.sweep() == 1
    assert count() == 1


# --- reading ------------------------------------------------------------------------------------


def test_pages_follow_each_other_without_gap(people: Cast) -> None:
    for minutes in range(5):
        kept(people, timedelta(minutes=minutes))
    kept(people, timedelta(minutes=2))
    seen: list[JournalView] = []
    cursor: str | None = None
    while True:
        found, cursor = read_journal(people.alice, people.hr.id, before=cursor, limit=2)
        seen += found
        if cursor is None:
            break
    assert len({entry.id for entry in seen}) == 6
    assert [entry.at for entry in seen] == sorted((e.at for e in seen), reverse=True)


@pytest.mark.parametrize("about", ["id", "joe@", "JOE@northwind.example"])
def test_entries_are_found_by_whom_they_speak_of(scim: Scim, entries: Entries, about: str) -> None:
    joe = scim.user("joe@northwind.example")
    scim.user("ann@northwind.example")
    found = entries(about=joe["id"] if about == "id" else about)
    assert [entry.resource_id for entry in found] == [joe["id"]]


def test_entries_are_found_by_method_result_and_time(scim: Scim, entries: Entries) -> None:
    scim.user("joe@northwind.example")
    scim("GET", "/Users/nobody")
    assert [entry.method for entry in entries(method="POST")] == ["POST"]
    assert [entry.status for entry in entries(result="refused")] == [404]
    assert [entry.status for entry in entries(result="changed")] == [201]
    assert entries(until=now() - timedelta(minutes=1)) == []
    assert len(entries(since=now() - timedelta(minutes=1))) == 2


def test_the_journal_stays_at_home(scim: Scim, people: Cast, entries: Entries) -> None:
    scim.user("joe@northwind.example")
    (entry,) = entries()
    assert read_journal(people.mallory, people.hr.id)[0] == []
    with pytest.raises(NotFound):
        journal_entry(people.mallory, people.hr.id, entry.id)
    with pytest.raises(Forbidden):
        read_journal(people.bob, people.hr.id)
    numbers = (entry.first_entry or 0, entry.last_entry or 0)
    found = audit.of_request(people.mallory, people.hr.id, entry.request_id, numbers)
    assert found == []
