"""The first run from the console, on either database."""

import click
import pytest
from flask import Flask
from flask.cli import FlaskGroup
from flask.testing import FlaskClient

from idp import announcing, sealing
from idp.changes import apply, first_run
from idp.changes.first_run import FirstRun
from idp.changes.intents import CreateOrganization
from idp.cli import init
from idp.directory import queries
from idp.directory.actors import system_actor
from idp.directory.errors import Conflict
from idp.founding import found_first
from tests.cast import PASSWORD
from tests.cli.conftest import Run
from tests.portal.browsing import Visitor

FABRIKAM = ("init", "--organization", "Fabrikam", "--domain", "Fabrikam.example", "--admin", "root")
REST = ("--email", "root@fabrikam.example", "--country", "fr", "--password-stdin")


def test_an_installation_is_set_up_in_one_line(client: FlaskClient, run_empty: Run) -> None:
    data = run_empty(*FABRIKAM, *REST, "--json", given=f"{PASSWORD}\n").data

    assert data["org"] == "fabrikam"
    assert data["admin"] == "root@fabrikam.example"
    assert data["portal_url"] == "http://127.0.0.1:8000"
    assert data["admin_link"] is None
    by = system_actor(data["id"])
    assert queries.organization(by).settings["country"] == "FR"
    (holder,) = queries.role_holders(by)
    assert (holder.role, holder.user_name) == ("global_administrator", data["admin"])
    assert len(queries.signing_keys(data["id"])) == 1
    assert Visitor(client).sign_in(data["admin"]).path == "/home"


def test_people_are_told_the_portal_and_never_the_password(run_empty: Run) -> None:
    ran = run_empty(*FABRIKAM, *REST, given=f"{PASSWORD}\n")

    assert "http://127.0.0.1:8000" in ran.out
    assert "master_key" in ran.out
    assert PASSWORD not in ran.out + ran.err


def test_without_a_password_a_one_time_link_is_printed(run_empty: Run) -> None:
    data = run_empty(*FABRIKAM, "--json").data

    assert data["admin_link"].startswith("http://127.0.0.1:8000/invite/")


def test_it_asks_for_what_is_not_given(
    run_empty: Run, monkeypatch: pytest.MonkeyPatch, client: FlaskClient
) -> None:
    monkeypatch.setattr(init, "_somebody", lambda: True)
    typed = f"Fabrikam\nfabrikam.example\n\n\n{PASSWORD}\n{PASSWORD}\n"

    ran = run_empty("init", given=typed)

    assert ran.code == 0
    assert "admin@fabrikam.example signs in at" in ran.out
    assert PASSWORD not in ran.out + ran.err
    assert Visitor(client).sign_in("admin@fabrikam.example").path == "/home"


@pytest.mark.parametrize(
    "words, given, said",
    [
        (("--password-stdin",), "", "at least 15 characters"),
        (("--password-stdin",), "short\n", "at least 15 characters"),
        (("--password-stdin",), "passwordpassword\n", "first that attackers try"),
        (("--country", "Q1"), "", "Choose a country"),
    ],
)
def test_what_is_refused_founds_nothing(
    run_empty: Run, words: tuple[str, ...], given: str, said: str
) -> None:
    ran = run_empty(*FABRIKAM, *words, given=given)

    assert ran.code == 1
    assert said in ran.err
    assert first_run.is_open()


def test_an_administrator_of_another_domain_is_bad_usage(run_empty: Run) -> None:
    ran = run_empty(*FABRIKAM[:-1], "root@contoso.example")

    assert ran.code == 2
    assert "root@contoso.example is not in fabrikam.example" in ran.err


def test_where_an_organization_is_here_it_says_what_to_do(run: Run) -> None:
    for words in (FABRIKAM, ("init", "--link")):
        ran = run(*words)
        assert ran.code == 1
        assert "flask org create" in ran.err


def test_the_address_of_the_page_is_printed_on_demand(app: Flask, run_empty: Run) -> None:
    url = run_empty("init", "--link", "--json").data["setup_url"]

    assert url.startswith("http://127.0.0.1:8000/setup/")
    assert first_run.may_found(url.rpartition("/")[2], "x")
    assert first_run.is_open()


def test_who_is_second_founds_nothing(run_empty: Run) -> None:
    run_empty(*FABRIKAM)
    for domain in ("fabrikam.example", "contoso.example"):
        with pytest.raises(Conflict) as refused:
            found_first(FirstRun("Contoso", domain, f"root@{domain}"), "cli")
        assert refused.value.code == "installation_founded"
    assert len(queries.organization_ids()) == 1


def test_a_trial_of_the_founding_stores_nothing(app: Flask) -> None:
    first = FirstRun("Fabrikam", "fabrikam.example", "root@fabrikam.example", "FR")
    found_first(first, "cli", dry_run=True)
    assert first_run.is_open()
    found_first(first, "cli")
    assert queries.organization_ids() == [first.org_id]


def test_a_later_organization_needs_not_be_the_first(run: Run) -> None:
    made = apply(CreateOrganization("Fabrikam", "fabrikam.example"), by=system_actor(""))
    assert made.first.id in queries.organization_ids()


def test_a_server_that_starts_prints_a_new_address_while_nobody_is_here(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    announcing.announce(app)
    announcing.announce(app)
    keys = [
        word.rpartition("/")[2] for word in capsys.readouterr().err.split() if "/setup/" in word
    ]

    assert len(set(keys)) == 2  # several processes start, and whichever is read is good
    assert all(first_run.may_found(key, "x") for key in keys)
    found_first(FirstRun("Fabrikam", "fabrikam.example", "root@fabrikam.example"), "cli")
    announcing.announce(app)
    assert "/setup/" not in capsys.readouterr().err
    assert not first_run.may_found(keys[0], "x")


def test_a_server_starts_quietly_with_a_wrong_master_key(
    app: Flask, run_empty: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run_empty("doctor")  # makes the probe
    app.extensions["chamberlain_ring"] = sealing.ring(sealing.make_key())
    announcing.announce(app)
    assert "/setup/" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "program, name, prints",
    [
        (FlaskGroup(), "run", True),
        (FlaskGroup(), "list", False),
        (click.Group(), "granian", True),  # its workers inherit the context of its command line
    ],
)
def test_only_what_serves_prints_an_address(
    app: Flask, capsys: pytest.CaptureFixture[str], program: click.Group, name: str, prints: bool
) -> None:
    root = click.Context(program, info_name=name)
    with click.Context(click.Command(name), parent=root, info_name=name):
        announcing.announce(app)
    assert ("/setup/" in capsys.readouterr().err) == prints
