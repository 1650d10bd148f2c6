"""People from the console."""

import pytest
from flask import Flask

from idp.changes import audit
from idp.directory import queries
from idp.directory.passwords import verify_password
from tests.cast import PASSWORD, Cast
from tests.cli.conftest import Run

BOB = "bob@northwind.example"
NEW = "tea with the white rabbit"


def stored_hash(people: Cast, user_name: str) -> str | None:
    (row,) = queries.sign_in_candidates(user_name, "", people.org)
    held: str | None = row.secret_hash
    return held


def test_a_person_is_created(people: Cast, run: Run) -> None:
    words = ("user", "create", "northwind", "zoë@northwind.example", "--given", "Zoë")
    data = run(*words, "--family", "Øst", "--email", "zoe@mail.example", "--json").data

    assert data["user_name"] == "zoë@northwind.example"
    who = queries.find_user(people.operator, data["id"])
    assert who.record["name"] == {"givenName": "Zoë", "familyName": "Øst"}
    assert who.email == "zoe@mail.example"


def test_a_taken_name_is_refused_with_a_sentence(run: Run) -> None:
    ran = run("user", "create", "northwind", "BOB@northwind.example", "--json")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "Error: The user name 'BOB@northwind.example' is taken.\n"


def test_a_missing_argument_is_bad_usage(run: Run) -> None:
    assert run("user", "create", "northwind").code == 2


def test_a_person_is_shown_with_roles_and_source(run: Run) -> None:
    alice = run("user", "show", "ALICE@northwind.example", "--json").data
    erin = run("user", "show", "erin@northwind.example", "--json").data

    assert alice["roles"] == ["global_administrator"]
    assert alice["org"] == "northwind"
    assert erin["source"] == "HR"


def test_a_person_is_blocked_once_and_unblocked(people: Cast, run: Run) -> None:
    assert run("user", "block", BOB, "--json").data["changed"] is True
    again = run("user", "block", BOB, "--json").data
    assert (again["changed"], again["status"]) == (False, "blocked")
    assert run("user", "unblock", BOB, "--json").data["status"] == "active"
    assert queries.find_user(people.operator, people.bob.id).status == "active"


def test_the_last_administrator_cannot_be_blocked(run: Run) -> None:
    ran = run("user", "block", "alice@northwind.example")

    assert ran.code == 1
    assert "no Global Administrator left" in ran.err


def test_nobody_of_that_name(run: Run) -> None:
    ran = run("user", "show", "nobody@northwind.example")

    assert (ran.code, ran.out) == (1, "")
    assert "There is no person with the user name 'nobody@northwind.example'." in ran.err


def test_a_name_that_two_organizations_know_needs_the_organization(run: Run) -> None:
    made = [run("user", "create", org, "twin", "--json").data for org in ("northwind", "contoso")]

    ran = run("user", "show", "twin")
    assert ran.code == 1
    assert "northwind, contoso" in ran.err
    assert "--org" in ran.err
    chosen = run("user", "show", "twin", "--org", "contoso", "--json").data
    assert chosen["id"] == made[1]["id"]


def test_a_password_comes_by_stdin(people: Cast, run: Run) -> None:
    ran = run("user", "password", BOB, "--stdin", "--json", given=f"{NEW}\r\nmore\n")

    assert ran.data["user_name"] == BOB
    assert NEW not in ran.out
    assert verify_password(stored_hash(people, BOB), NEW)
    assert not verify_password(stored_hash(people, BOB), PASSWORD)


@pytest.mark.parametrize("weak", ["short", "", "password1234", "tab\there in the middle"])
def test_a_weak_password_is_refused_and_not_repeated(people: Cast, run: Run, weak: str) -> None:
    before = stored_hash(people, BOB)

    ran = run("user", "password", BOB, "--stdin", given=f"{weak}\n")

    assert (ran.code, ran.out) == (1, "")
    assert not weak or weak not in ran.err
    assert stored_hash(people, BOB) == before


def test_without_a_terminal_a_password_needs_stdin(run: Run) -> None:
    ran = run("user", "password", BOB)

    assert ran.code == 2
    assert "--stdin" in ran.err


def test_an_admin_link_signs_in_once(app: Flask, people: Cast, run: Run) -> None:
    url = run("admin-link", "alice@northwind.example", "--json").data["url"]

    link = queries.link_by_token(url.rpartition("/")[2])
    assert link is not None
    assert (link.user_id, link.purpose) == (people.alice.id, "admin")
    plain = run("admin-link", "alice@northwind.example").out.strip()
    assert plain.startswith("http://127.0.0.1:8000/invite/")
    assert queries.link_by_token(url.rpartition("/")[2]) is None  # the newer one replaced it


def test_who_may_not_sign_in_gets_no_link(run: Run) -> None:
    run("user", "block", BOB)

    ran = run("admin-link", BOB)
    assert ran.code == 1
    assert "unblock" in ran.err


def test_the_audit_names_the_operator_and_the_door(people: Cast, run: Run) -> None:
    from_console = run("user", "block", BOB, "--json").data

    about = audit.AuditFilter(about=from_console["id"])
    entries, _more = audit.page(people.operator, about)
    assert (entries[0].door, entries[0].actor_name) == ("cli", "operator")
