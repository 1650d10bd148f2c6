"""Administrative roles from the console."""

from idp.changes import apply
from idp.changes.intents import CreateGroup
from idp.directory import queries
from tests.cast import Cast
from tests.cli.conftest import Run

BOB = "bob@northwind.example"


def test_a_role_is_given_and_taken(people: Cast, run: Run) -> None:
    given = run("role", "assign", "security_reader", BOB, "--json").data
    again = run("role", "assign", "security_reader", BOB, "--json").data
    assert (given["changed"], again["changed"]) == (True, False)
    assert [r.role for r in queries.role_holders(people.operator, user_id=people.bob.id)] == [
        "security_reader"
    ]

    assert run("role", "remove", "security_reader", BOB, "--json").data["id"] == given["id"]
    assert queries.role_holders(people.operator, user_id=people.bob.id) == []


def test_a_role_has_a_scope_and_an_end(people: Cast, run: Run) -> None:
    group = apply(CreateGroup({"displayName": "Sales, Köln"}), by=people.operator).first.id

    words = ("role", "assign", "helpdesk_administrator", BOB, "--expires", "3")
    data = run(*words, "--scope", "sales, köln", "--json").data

    (held,) = queries.role_holders(people.operator, user_id=people.bob.id)
    assert held.scope_group_id == group
    assert held.expires_at is not None
    assert data["expires"].endswith("Z")
    everywhere = run("role", "remove", "helpdesk_administrator", BOB)
    assert everywhere.code == 1
    assert "is not Helpdesk Administrator" in everywhere.err
    assert run("role", "remove", "helpdesk_administrator", BOB, "--scope", group).code == 0


def test_an_unknown_role_is_bad_usage(run: Run) -> None:
    ran = run("role", "assign", "emperor", BOB)

    assert ran.code == 2
    assert "global_administrator" in ran.err


def test_an_unknown_group_is_a_sentence(run: Run) -> None:
    ran = run("role", "assign", "helpdesk_administrator", BOB, "--scope", "Nowhere")

    assert ran.code == 1
    assert "There is no group 'Nowhere'." in ran.err


def test_the_last_global_administrator_stays(run: Run) -> None:
    ran = run("role", "remove", "global_administrator", "alice@northwind.example")

    assert ran.code == 1
    assert "no Global Administrator left" in ran.err


def test_roles_are_listed_of_one_organization_or_all(run: Run) -> None:
    one = run("role", "list", "northwind", "--json").data["assignments"]
    everywhere = run("role", "list", "--json").data["assignments"]

    assert {row["user_name"] for row in one if row["role"] == "global_administrator"} == {
        "alice@northwind.example"
    }
    assert {row["org"] for row in everywhere} == {"northwind", "contoso"}
    assert "helpdesk_administrator" in run("role", "list").out
