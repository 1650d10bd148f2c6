"""Founding organizations, and telling their addresses."""

import pytest
from flask import Flask

from idp import sealing
from idp.directory import queries
from idp.directory.actors import system_actor
from idp.extensions import db
from tests.cli.conftest import Run

PROMISED = {
    "org",
    "portal_url",
    "scim_base_url",
    "saml_metadata_url",
    "saml_sso_url",
    "saml_acs_url",
    "saml_sp_metadata_url",
    "wsfed_url",
    "wsfed_metadata_url",
    "oidc_issuer",
}
FABRIKAM = ("org", "create", "Fabrikam Möbel", "--domain", "Fabrikam.example")


def test_an_organization_is_founded_with_all_it_needs(app: Flask, run_empty: Run) -> None:
    data = run_empty(*FABRIKAM, "--admin", "root@fabrikam.example", "--json").data

    assert data["org"] == "fabrikam-mobel"
    assert data["domain"] == "fabrikam.example"
    assert data["admin"] == "root@fabrikam.example"
    by = system_actor(data["id"])
    (holder,) = queries.role_holders(by)
    assert (holder.role, holder.user_name) == ("global_administrator", data["admin"])
    (key,) = queries.signing_keys(data["id"])
    assert sealing.unseal(key.private_key).startswith(b"-----BEGIN PRIVATE KEY-----")


def test_its_link_signs_the_administrator_in(app: Flask, run_empty: Run) -> None:
    link = run_empty(*FABRIKAM, "--admin", "root", "--json").data["admin_link"]

    assert link.startswith("http://127.0.0.1:8000/invite/")
    answer = app.test_client().get(link)
    assert answer.status_code in (200, 303)


def test_an_administrator_of_another_domain_is_bad_usage(run_empty: Run) -> None:
    ran = run_empty(*FABRIKAM, "--admin", "root@contoso.example")

    assert ran.code == 2
    assert "root@contoso.example is not in fabrikam.example" in ran.err
    assert run_empty("org", "list", "--json").data == {"organizations": []}


@pytest.mark.parametrize("domain", ["nodots", "-.example", "a b.example"])
def test_what_is_no_domain_is_refused_with_a_sentence(run_empty: Run, domain: str) -> None:
    ran = run_empty("org", "create", "X", "--domain", domain, "--admin", "root")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "Error: This is not a domain name such as example.com.\n"


def test_a_domain_is_founded_on_once(run: Run) -> None:
    ran = run("org", "create", "Other", "--domain", "northwind.example", "--admin", "root")

    assert ran.code == 1
    assert "belongs to an organization already" in ran.err


def test_nothing_is_sealed_under_a_wrong_master_key(app: Flask, run: Run) -> None:
    assert run("doctor").code in (0, 1)  # makes the probe
    app.extensions["chamberlain_ring"] = sealing.ring(sealing.make_key())

    ran = run(*FABRIKAM, "--admin", "root")

    assert ran.code == 1
    assert "The master key is not the one that sealed this database" in ran.err
    assert len(queries.organization_ids()) == 2


@pytest.mark.parametrize("word", ["northwind", "Northwind", "NORTHWIND"])
def test_addresses_are_told_by_slug_or_name(run: Run, word: str) -> None:
    data = run("org", "show", word, "--json").data

    assert data.keys() >= PROMISED
    assert data["org"] == "northwind"
    assert data["portal_url"] == "http://127.0.0.1:8000"
    assert data["scim_base_url"] == "http://127.0.0.1:8000/scim/v2"
    assert data["saml_metadata_url"] == "http://127.0.0.1:8000/saml/northwind/metadata"
    assert data["saml_sso_url"] == "http://127.0.0.1:8000/saml/northwind/sso"


def test_an_address_is_told_only_where_it_is_served(app: Flask, run: Run) -> None:
    data = run("org", "show", "northwind", "--json").data

    metadata = app.test_client().get(data["saml_metadata_url"])
    assert metadata.status_code in (200, 404)  # the cast has no signing key: told by the room
    for name in PROMISED - {"org", "portal_url", "scim_base_url", "oidc_issuer"}:
        if data[name] is not None:
            path = data[name].removeprefix("http://127.0.0.1:8000")
            assert app.url_map.bind("localhost").allowed_methods(path), name


def test_organizations_of_one_name_are_told_apart(run: Run) -> None:
    for number in "12":
        run("org", "create", "Twin", "--domain", f"twin{number}.example", "--admin", "root")

    assert run("org", "show", "twin", "--json").data["domains"] == ["twin1.example"]
    ran = run("org", "show", "TWIN")
    assert ran.code == 1
    assert "twin, twin-2" in ran.err


def test_an_unknown_organization_is_a_sentence(run: Run) -> None:
    ran = run("org", "show", "nowhere", "--json")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "Error: There is no organization 'nowhere'. See: flask org list\n"


def test_organizations_are_listed(run: Run) -> None:
    rows = run("org", "list", "--json").data["organizations"]

    assert [row["org"] for row in rows] == ["northwind", "contoso"]
    assert rows[0]["people"] == 5
    assert "northwind.example" in run("org", "list").out


def test_init_sets_up_once(run_empty: Run) -> None:
    words = ("init", "--name", "Fabrikam", "--domain", "fabrikam.example", "--admin", "root")

    assert run_empty(*words, "--json").data["admin"] == "root@fabrikam.example"
    again = run_empty(*words)
    assert again.code == 1
    assert "flask org create" in again.err


def test_init_asks_nobody_where_nobody_is(run_empty: Run) -> None:
    ran = run_empty("init", "--name", "Fabrikam")

    assert ran.code == 2
    assert "--domain is missing" in ran.err


def test_a_database_without_tables_is_told_the_command(app: Flask) -> None:
    db.session.remove()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
        connection.exec_driver_sql("ALTER TABLE organizations RENAME TO gone")
    from_nothing = app.test_cli_runner().invoke(args=["org", "list"])

    assert from_nothing.exit_code == 1
    assert "Run: flask db upgrade" in from_nothing.stderr
    assert "Traceback" not in from_nothing.stderr
