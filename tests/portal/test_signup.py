"""From a service's public page to a founded organization; and what strangers learn: nothing."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from idp import mail, sessions
from idp.app import create_app
from idp.changes import apply, outbox, signups
from idp.changes.intents import CreateUser, PutService
from idp.changes.outbox import Delivery
from idp.directory.actors import system_actor
from idp.directory.errors import Conflict
from idp.directory.orgs import Organization
from idp.directory.passwords import hash_password
from idp.extensions import db
from tests.cast import PASSWORD, password_hash
from tests.conftest import settings_for
from tests.licensing import shop
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site

ADA = {
    "organization": "Ada & Söhne",
    "given_name": "Ada",
    "family_name": "Byron",
    "email": "ada@analytical.example",
}
SENT = "A link is on its way"


def mails(site: Site) -> list[dict[str, str]]:
    """The mails that are owed by signing up."""
    with site.app.app_context():
        rows = db.session.scalars(select(Delivery).order_by(Delivery.id))
        return [m for row in rows if (m := outbox.payload_of(vars(row)))["purpose"] == "signup"]


def link(site: Site) -> str:
    """The path of the newest link."""
    return re.sub(r"^https?://[^/]+", "", mails(site)[-1]["link"])


def organizations(site: Site) -> int:
    """How many there are."""
    with site.app.app_context():
        return len(db.session.scalars(select(Organization.id)).all())


def asked(site: Site, **more: str) -> Visitor:
    """A stranger who asked for an organization."""
    stranger = site.visitor().get("/signup/office")
    return stranger.submit("Send the link", **(ADA | more))


def test_a_stranger_founds_an_organization_with_its_administrator_and_trial(site: Site) -> None:
    stranger = site.visitor().get("/offers/office")
    assert "Free for 30 days" in stranger.text
    stranger.get("/signup/office").submit("Send the link", **ADA)
    assert SENT in stranger.text
    before = organizations(site)
    stranger.get(link(site))
    stranger.submit("Create the organization", password=PASSWORD, password_again=PASSWORD)
    assert "Your organization is founded" in stranger.text
    assert "Trial" in stranger.text
    assert organizations(site) == before + 1
    assert "ada@analytical.example" in stranger.get("/identity/people").text
    assert "Global Administrator" in stranger.get("/me").text
    assert "had this trial" in stranger.get("/catalog").text


def test_a_link_founds_one_organization_however_often_it_is_used(site: Site) -> None:
    asked(site)
    url, stranger = link(site), site.visitor()
    stranger.get(url)
    stranger.submit("Create the organization", password=PASSWORD, password_again=PASSWORD)
    count = organizations(site)
    assert site.visitor().get(url).answer.status_code == 410
    assert organizations(site) == count


def test_two_presses_at_once_found_one_organization(site: Site) -> None:
    asked(site)
    key = link(site).rpartition("/")[2]
    with site.app.app_context():
        wish = signups.found(key)
        assert wish
        signups.complete(key, wish, password_hash(), "https://id.example")
        with pytest.raises(Conflict):
            signups.complete(key, wish, password_hash(), "https://id.example")


def test_what_cannot_be_subscribed_leaves_no_organization_behind(site: Site) -> None:
    asked(site)
    with site.app.app_context():
        gone = {**shop.OFFICE, "skus": []}
        apply(PutService(gone), by=system_actor(""))
    before = organizations(site)
    stranger = site.visitor().get(link(site))
    stranger.submit("Create the organization", password=PASSWORD, password_again=PASSWORD)
    assert stranger.answer.status_code == 422
    assert organizations(site) == before


@pytest.mark.parametrize(
    "email", ["bob@northwind.example", "new@northwind.example", "x@sub.northwind.example"]
)
def test_who_asks_learns_nothing_and_who_reads_the_mail_is_sent_to_the_administrators(
    site: Site, email: str
) -> None:
    stranger = asked(site, email=email)
    assert SENT in stranger.text
    assert "Northwind" not in stranger.text
    stranger.get(link(site))
    assert stranger.answer.status_code == 409
    assert "here already" in stranger.text
    assert "Northwind" not in stranger.text
    with site.app.app_context():
        wish = signups.found(link(site).rpartition("/")[2])
        assert wish
        with pytest.raises(Conflict):
            signups.complete("", wish, hash_password(PASSWORD, email), "https://id.example")


def test_the_answer_is_the_same_for_every_address(site: Site) -> None:
    answers = {
        asked(site, email=email).text.replace(email, "X")
        for email in ("bob@northwind.example", "nobody@nowhere.example")
    }
    assert len(answers) == 1


def test_who_asks_too_often_is_told_to_wait(site: Site) -> None:
    codes = [asked(site).answer.status_code for _ in range(8)]
    assert codes[0] == 200
    assert codes[-1] == 429
    assert len(mails(site)) < 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "no address"},
        {"email": "a@b"},
        {"email": "a@b.example\r\nBcc: x@y.example"},
        {"organization": ""},
        {"organization": "x" * 257},
        {"given_name": ""},
    ],
)
def test_what_is_wrong_is_said_beside_the_field(site: Site, wrong: dict[str, str]) -> None:
    stranger = asked(site, **wrong)
    assert stranger.answer.status_code == 422
    assert stranger.page.xpath(f"//input[@name='{next(iter(wrong))}' and @aria-invalid='true']")
    assert mails(site) == []


def test_the_mail_says_what_to_do_and_holds_the_link(site: Site) -> None:
    asked(site)
    with site.app.app_context(), site.app.test_request_context():
        subject, body = mail._written(sessions.settings(), mails(site)[-1])
    assert "create your organization" in subject
    assert link(site) in body


def test_who_has_an_account_signs_in_and_goes_on_to_the_offer(site: Site) -> None:
    visitor = site.visitor().get("/signup/office")
    [url] = visitor.page.xpath("//a[contains(., 'I have an account')]/@href")
    visitor.get(url).submit("Continue", username="mallory@contoso.example")
    visitor.submit("Sign in", password=PASSWORD)
    assert visitor.path == "/catalog/office-trial"
    visitor.submit("Go on")
    visitor.submit("Start the trial")
    assert "You are subscribed" in visitor.text


def test_a_retired_service_names_what_there_is_instead(site: Site) -> None:
    with site.app.app_context():
        apply(PutService({**shop.OFFICE, "skus": []}), by=system_actor(""))
    stranger = site.visitor().get("/offers/office")
    assert "not offered any more" in stranger.text
    assert "/offers/storage" in stranger.answer.get_data(as_text=True)
    assert stranger.get("/signup/office").path == "/offers/office"


def test_nobody_signs_up_where_the_operator_does_not_let_them(site: Site, tmp_path: Path) -> None:
    asked(site)
    database = site.app.config["CHAMBERLAIN"].database
    closed = Visitor(create_app(settings_for(database, tmp_path / "closed")).test_client())
    for url in ("/offers/office", "/signup/office"):
        assert closed.get(url).answer.status_code == 404
    assert closed.get(link(site)).answer.status_code == 410


def test_a_name_that_a_stranger_wrote_down_bars_nobody(site: Site) -> None:
    wish = signups.new_signup("any", "Bigcorp", "Ada", "Byron", "ceo@bigcorp.example")
    with site.app.app_context():
        apply(CreateUser({"userName": "ceo@bigcorp.example"}), by=site.cast.mallory)
        assert signups.obstacle(wish) == ""
        named = apply(
            CreateUser({"userName": "cfo@bigcorp.example"}, password_hash=password_hash()),
            by=system_actor(site.cast.other_org),
        )
        assert named.changed
        other = signups.new_signup("any", "Bigcorp", "Ada", "Byron", "cfo@bigcorp.example")
        assert signups.obstacle(other) == "account_exists"
