"""The first run in the browser: who may, what is asked, what is founded, and that it is once."""

import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from idp import mail, sealing, sessions
from idp.app import create_app
from idp.changes import first_run, ledger, outbox
from idp.changes.first_run import FirstRun
from idp.changes.ledger import ParkedRequest
from idp.changes.outbox import Delivery
from idp.directory import queries
from idp.directory.actors import system_actor
from idp.directory.values import digest
from idp.extensions import db
from idp.founding import found_first
from tests.cast import PASSWORD
from tests.conftest import settings_for
from tests.portal.browsing import Visitor

ORGANIZATION = {"organization": "Ada & Söhne", "domain": "Analytical.example", "country": "FR"}
ADA = {
    "given_name": "Ada",
    "family_name": "Byron",
    "user_name": "ada",
    "email": "ada@elsewhere.example",
    "password": PASSWORD,
    "password_again": PASSWORD,
}


@pytest.fixture
def fresh(sqlite_template: Path, tmp_path: Path) -> Flask:
    """An installation in which nobody is. No context is pushed: each request has its own."""
    shutil.copy(sqlite_template, tmp_path / "fresh.db")
    return create_app(settings_for(f"sqlite:///{tmp_path / 'fresh.db'}", tmp_path / "data"))


def address(app: Flask) -> str:
    """A path as a starting server prints it."""
    with app.app_context():
        url = first_run.open_address(sessions.settings().public_url)
    return url.removeprefix(origin(app))


def origin(app: Flask) -> str:
    """The address that the operator has set."""
    origin: str = app.config["CHAMBERLAIN"].public_url
    return origin


def founded(app: Flask) -> list[str]:
    """The ids of the organizations."""
    with app.app_context():
        return list(queries.organization_ids())


def at_summary(app: Flask, url: str = "") -> Visitor:
    """Somebody who has said everything, and confirmed nothing."""
    visitor = Visitor(app.test_client()).get(url or address(app))
    visitor.submit("Continue", **ORGANIZATION)
    return visitor.submit("Continue", **ADA)


def test_three_steps_found_everything_and_sign_in(fresh: Flask) -> None:
    ada = at_summary(fresh)
    assert "Nothing is stored yet" in ada.text
    for said in ("Ada & Söhne", "analytical.example", "France", "Ada Byron"):
        assert said in ada.text
    assert founded(fresh) == []
    ada.submit("Create the organization")
    assert ada.path == "/setup/done"
    [org_id] = founded(fresh)
    with fresh.app_context():
        by = system_actor(org_id)
        assert queries.organization(by).settings == {"country": "FR"}
        [holder] = queries.role_holders(by)
        assert (holder.user_name, holder.role) == ("ada@analytical.example", "global_administrator")
        assert len(queries.signing_keys(org_id)) == 1
    assert Visitor(fresh.test_client()).sign_in("ada@analytical.example").path == "/home"


def test_the_last_page_says_what_is_well_and_what_comes_next(fresh: Flask) -> None:
    ada = at_summary(fresh).submit("Create the organization")
    assert "Master keyIt is well." in ada.text
    assert "No mail server is set" in ada.text
    assert "flask backup" in ada.text
    assert "Make a second Global Administrator" in ada.text
    assert "Send a test mail" not in ada.text
    for url in ada.page.xpath("//main//a/@href"):
        assert ada.client.get(url).status_code == 200, url


def test_every_page_leads_to_the_set_up_while_nobody_is_here(fresh: Flask) -> None:
    for url in ("/", "/sign-in", "/home", "/setup"):
        visitor = Visitor(fresh.test_client()).get(url)
        assert visitor.path == "/setup"
        assert "flask init --link" in visitor.text


@pytest.mark.parametrize("key", ["wrong", "x" * 5000, "ä", "%00"])
def test_without_the_right_key_nothing_is_asked(fresh: Flask, key: str) -> None:
    visitor = Visitor(fresh.test_client()).get(f"/setup/{key}")
    assert visitor.answer.status_code == 403
    assert "This address is not good" in visitor.text
    assert not visitor.page.xpath("//input[@name='organization']")


def test_the_key_of_something_else_does_not_open_it(fresh: Flask) -> None:
    with fresh.app_context():
        key = ledger.park("", {"offer_id": "x"})
    assert Visitor(fresh.test_client()).get(f"/setup/{key}").answer.status_code == 403


def test_a_key_of_the_set_up_opens_nothing_else(fresh: Flask) -> None:
    key = address(fresh).rpartition("/")[2]
    visitor = Visitor(fresh.test_client()).get(f"/signup/verify/{key}")
    assert visitor.answer.status_code in (404, 410)


def test_only_the_hash_of_a_key_is_kept(fresh: Flask) -> None:
    key = address(fresh).rpartition("/")[2]
    with fresh.app_context():
        [row] = db.session.scalars(select(ParkedRequest)).all()
        assert row.key_hash == digest(key)
        assert key not in f"{row.payload}{sealing.unseal(row.payload)!r}"


def test_an_old_key_is_over(fresh: Flask, frozen: list[datetime]) -> None:
    url = address(fresh)
    assert Visitor(fresh.test_client()).get(url).answer.status_code == 200
    frozen[0] += timedelta(hours=25)
    assert Visitor(fresh.test_client()).get(url).answer.status_code == 403


def test_who_guesses_keys_is_slowed_down_and_who_has_one_is_not(fresh: Flask) -> None:
    visitor, url = Visitor(fresh.test_client()), address(fresh)
    codes = [visitor.get(f"/setup/{n}").answer.status_code for n in range(14)]
    assert codes[0] == 403
    assert codes[-1] == 429
    assert "Retry-After" in visitor.answer.headers
    assert visitor.get(url).answer.status_code == 200


def test_after_the_founding_the_address_is_over(fresh: Flask) -> None:
    url = address(fresh)
    at_summary(fresh, url).submit("Create the organization")
    for again in (url, "/setup", "/setup/wrong"):
        visitor = Visitor(fresh.test_client()).get(again)
        assert visitor.answer.status_code == 410
        assert "flask admin-link" in visitor.text
    assert Visitor(fresh.test_client()).get("/").path == "/sign-in"


def test_who_is_second_to_confirm_founds_nothing(fresh: Flask) -> None:
    first, second = at_summary(fresh), at_summary(fresh)
    first.submit("Create the organization")
    second.submit("Create the organization")
    assert second.answer.status_code == 410
    assert "Set up already" in second.text
    assert len(founded(fresh)) == 1


def test_two_confirmations_at_the_same_moment_found_one(
    fresh: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = at_summary(fresh), at_summary(fresh)
    first.submit("Create the organization")
    answers = iter([True, True])  # both had looked before either founded
    monkeypatch.setattr(first_run, "is_open", lambda: next(answers, False))
    second.submit("Create the organization")
    assert second.answer.status_code == 410
    assert len(founded(fresh)) == 1


def test_a_second_press_is_harmless(fresh: Flask) -> None:
    ada = at_summary(fresh)
    form = dict(ada.form_of("Create the organization").form_values())
    url = ada.path
    ada.submit("Create the organization")
    ada.answer = ada.client.post(url, data=form | {"csrf_token": csrf(ada)}, follow_redirects=True)
    assert ada.path == "/setup/done"
    assert len(founded(fresh)) == 1


def csrf(visitor: Visitor) -> str:
    """The token of the page in hand."""
    found: str = visitor.page.xpath("string(//input[@name='csrf_token']/@value)")
    return found


def other_state(app: Flask) -> str:
    """What was said at another address."""
    found: str = at_summary(app).form_of("Create the organization").fields["state"]
    return found


@pytest.mark.parametrize("state", ["", "forged", "ä", "gAAAAA==", "OTHER"])
def test_a_forged_form_begins_again(fresh: Flask, state: str) -> None:
    ada = at_summary(fresh)
    given = other_state(fresh) if state == "OTHER" else state
    ada.submit("Create the organization", state=given)
    assert ada.answer.status_code == 422
    assert "begin again" in ada.text
    assert founded(fresh) == []


def test_a_step_cannot_be_skipped(fresh: Flask) -> None:
    visitor = Visitor(fresh.test_client()).get(address(fresh))
    visitor.submit("Continue", at="confirm")
    assert "The first administrator" in visitor.text
    visitor.submit("Continue", at="nonsense")
    assert visitor.answer.status_code == 422
    assert founded(fresh) == []


def test_the_password_is_in_no_page(fresh: Flask) -> None:
    ada = at_summary(fresh)
    page = ada.answer.get_data(as_text=True)
    assert PASSWORD not in page
    assert "argon2" not in page
    assert re.fullmatch(r"gAAAA[\w=-]+", ada.form_of("Create the organization").fields["state"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"organization": ""},
        {"organization": "x" * 257},
        {"organization": "a\u0007b"},
        {"domain": "nodots"},
        {"domain": "a b.example"},
        {"country": "Q1"},
    ],
)
def test_a_wrong_organization_is_said_beside_the_field(fresh: Flask, wrong: dict[str, str]) -> None:
    visitor = Visitor(fresh.test_client()).get(address(fresh))
    visitor.submit("Continue", **(ORGANIZATION | wrong))
    assert visitor.answer.status_code == 422
    assert visitor.page.xpath(f"//*[@name='{next(iter(wrong))}' and @aria-invalid='true']")


@pytest.mark.parametrize(
    "wrong",
    [
        {"given_name": ""},
        {"user_name": "ada@other.example"},
        {"user_name": "a\u0007da"},
        {"email": "nowhere"},
        {"password": "short", "password_again": "short"},
        {"password": "passwordpassword", "password_again": "passwordpassword"},
        {"password": "analytical-analytical", "password_again": "analytical-analytical"},
        {"password_again": "not the same at all"},
    ],
)
def test_a_wrong_administrator_is_said_beside_the_field(
    fresh: Flask, wrong: dict[str, str]
) -> None:
    visitor = Visitor(fresh.test_client()).get(address(fresh)).submit("Continue", **ORGANIZATION)
    visitor.submit("Continue", **(ADA | wrong))
    assert visitor.answer.status_code == 422
    assert visitor.page.xpath(f"//input[@name='{next(iter(wrong))}' and @aria-invalid='true']")
    assert founded(fresh) == []


def test_one_goes_back_and_finds_what_was_said(fresh: Flask) -> None:
    ada = at_summary(fresh)
    ada.submit("Change the organization", back="organization")
    assert ada.form_of("Continue").fields["organization"] == "Ada & Söhne"
    ada.submit("Continue", organization="Byron")
    assert ada.form_of("Continue").fields["email"] == ADA["email"]
    ada.submit("Continue", password=PASSWORD, password_again=PASSWORD).submit(
        "Create the organization"
    )
    with fresh.app_context():
        assert queries.organization(system_actor(founded(fresh)[0])).name == "Byron"


def test_another_domain_takes_the_user_name_with_it(fresh: Flask) -> None:
    ada = at_summary(fresh)
    ada.submit("Change the organization", back="organization")
    ada.submit("Continue", domain="byron.example")
    assert ada.form_of("Continue").fields["user_name"] == ""


def reached_as(app: Flask, host: str, url: str = "/sign-in") -> Visitor:
    """A page, asked for by another name."""
    visitor = Visitor(app.test_client())
    visitor.answer = visitor.client.get(url, headers={"Host": host})
    return visitor


def public(fresh: Flask, tmp_path: Path, url: str, *, demo: bool = False) -> Flask:
    """The same installation with a public address."""
    known = fresh.config["CHAMBERLAIN"].database
    return create_app(settings_for(known, tmp_path / "public", public_url=url, demo=demo))


@pytest.mark.parametrize("url", ["/", "/sign-in", "/setup", "/setup/key"])
def test_another_name_than_expected_is_shown_with_both(
    fresh: Flask, tmp_path: Path, url: str
) -> None:
    app = public(fresh, tmp_path, "https://id.example.com")
    visitor = reached_as(app, "10.0.0.7:8000", url)
    assert visitor.answer.status_code == 421
    assert "https://id.example.com" in visitor.text
    assert "10.0.0.7:8000" in visitor.text
    assert "Location" not in visitor.answer.headers


@pytest.mark.parametrize("host", ["id.example.com", "id.example.com:443", "ID.example.com"])
def test_the_expected_name_is_let_in(fresh: Flask, tmp_path: Path, host: str) -> None:
    app = public(fresh, tmp_path, "https://id.example.com")
    assert reached_as(app, host, "/setup").answer.status_code == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:5000", "[::1]:8000"])
def test_the_names_of_this_machine_pass_for_each_other(fresh: Flask, host: str) -> None:
    assert reached_as(fresh, host, "/setup").answer.status_code == 200


def test_the_demo_takes_any_name(fresh: Flask, tmp_path: Path) -> None:
    app = public(fresh, tmp_path, "http://127.0.0.1:8000", demo=True)
    assert reached_as(app, "laptop.lan:8000", "/setup").answer.status_code == 200


@pytest.mark.parametrize("host", ["<b>x</b>", "a'\"><script>", "evil.example/x", "x:99999999"])
def test_a_hostile_name_is_never_markup(fresh: Flask, tmp_path: Path, host: str) -> None:
    app = public(fresh, tmp_path, "https://id.example.com")
    visitor = reached_as(app, host)
    assert visitor.answer.status_code in (400, 421)
    assert "<b>x" not in visitor.answer.get_data(as_text=True)
    assert "<script>" not in visitor.answer.get_data(as_text=True)


def with_mail(fresh: Flask, tmp_path: Path) -> Visitor:
    """An administrator on the last page of an installation that can send mail."""
    given = {"smtp_url": "smtp://localhost:1", "mail_from": "id@analytical.example"}
    app = create_app(settings_for(fresh.config["CHAMBERLAIN"].database, tmp_path / "mail", **given))
    return at_summary(app).submit("Create the organization")


def owed(app: Flask) -> list[dict[str, str]]:
    """The test mails that are owed."""
    with app.app_context():
        rows = db.session.scalars(select(Delivery)).all()
        return [m for row in rows if (m := outbox.payload_of(vars(row)))["purpose"] == "test"]


def test_a_test_mail_goes_to_the_administrator(fresh: Flask, tmp_path: Path) -> None:
    ada = with_mail(fresh, tmp_path).submit("Send a test mail")
    assert f"A test mail is on its way to {ADA['email']}" in ada.text
    [sent] = owed(fresh)
    assert sent["to"] == ADA["email"]
    with fresh.app_context():
        subject, body = mail._written(sessions.settings(), sent)
    assert subject == "Mail leaves"
    assert origin(fresh) in body


def test_test_mails_are_slowed_down(fresh: Flask, tmp_path: Path) -> None:
    ada = with_mail(fresh, tmp_path)
    for _ in range(8):
        ada.get("/setup/done").submit("Send a test mail")
    assert ada.answer.status_code == 429
    assert len(owed(fresh)) < 8


def test_a_founding_elsewhere_ends_a_wizard_that_is_under_way(fresh: Flask) -> None:
    ada = at_summary(fresh)
    with fresh.app_context():
        found_first(FirstRun("Quick", "quick.example", "root@quick.example"), "cli")
    ada.submit("Create the organization")
    assert ada.answer.status_code == 410
    assert len(founded(fresh)) == 1
