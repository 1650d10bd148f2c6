"""One's own page, the audit, the mailbox, and the choice of light or dark."""

from idp.changes import apply
from idp.changes.intents import ChangeUser, IssueLink
from idp.jobs import run
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site

NEW = "nine green bottles standing"


def test_ones_own_page_shows_manager_groups_and_sessions(site: Site) -> None:
    with site.app.app_context():
        link = apply(IssueLink(site.cast.erin, "invite"), by=site.cast.alice).first.secret
    erin = site.visitor().get(f"/invite/{link}")
    erin.submit("Set password and sign in", password=NEW, password_again=NEW).get("/me")
    for shown in (
        "Erin O’Brien",
        "Bob Núñez",
        "Lyon",
        "Sales",
        "through another group",
        "this one",
    ):
        assert shown in erin.text


def test_people_change_what_is_theirs_to_change(site: Site, bob: Visitor) -> None:
    bob.get("/me/edit").submit("Save changes", nick_name="Bobby", timezone="Europe/Madrid")
    assert "Bobby" in bob.text
    bob.get("/me/edit")
    assert not bob.page.xpath("//input[@name='title']")


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(site: Site, bob: Visitor) -> None:
    other = site.visitor("bob")
    fields = {"password": NEW, "password_again": NEW}
    bob.get("/me/password").submit("Change password", current="wrong", **fields)
    assert bob.answer.status_code == 422
    assert "This is not your password." in bob.text
    bob.submit("Change password", current="a long walk by the sea", **fields)
    assert "Your password is changed." in bob.text
    assert bob.get("/me").path == "/me"
    assert other.get("/me").path == "/sign-in"
    assert site.visitor().sign_in("bob@northwind.example", NEW).path == "/home"


def test_guessing_ones_own_password_is_slowed(bob: Visitor) -> None:
    for _ in range(8):
        bob.get("/me/password").submit(
            "Change password", current="wrong", password=NEW, password_again=NEW
        )
    assert "Too many attempts." in bob.text


def test_other_sessions_are_ended_one_by_one_or_all(site: Site, bob: Visitor) -> None:
    others = [site.visitor("bob") for _ in range(2)]
    bob.get("/me").submit("End the others")
    assert bob.path == "/me"
    assert {other.get("/me").path for other in others} == {"/sign-in"}


def test_the_audit_says_who_by_which_door_from_what_to_what(site: Site, alice: Visitor) -> None:
    with site.app.app_context():
        apply(ChangeUser(site.cast.erin, {"active": False}), by=site.cast.hr)
    alice.get(f"/audit?target={site.cast.erin}&action=user.deactivated")
    for shown in ("HR", "SCIM", "Deactivated a person", "Active", "was yes", "is now no"):
        assert shown in alice.text
    assert "About: erin@northwind.example" in alice.text
    alice.get("/audit").submit("Show", door="portal", action="")
    assert "Door: Portal" in alice.text


def test_the_audit_is_paged(site: Site, alice: Visitor) -> None:
    with site.app.app_context():
        for number in range(60):
            apply(ChangeUser(site.cast.bob.id, {"title": f"Title {number}"}), by=site.cast.alice)
    alice.get(f"/audit?target={site.cast.bob.id}")
    assert "Title 59" in alice.text
    alice.get(alice.page.xpath("//a[@rel='next']/@href")[0])
    assert "Title 0" in alice.text


def test_an_ordinary_person_sees_only_what_concerns_them(site: Site, bob: Visitor) -> None:
    bob.get("/audit")
    assert "Signed in" in bob.text
    assert "alice@northwind.example" not in bob.text
    bob.get(f"/audit?target={site.cast.erin}")
    assert "Nothing matches" in bob.text


def test_the_mailbox_shows_the_link_that_was_sent(site: Site, alice: Visitor) -> None:
    alice.get(f"/identity/people/{site.cast.erin}").submit("Issue a one-time link")
    link = alice.page.xpath("string(//*[@id='one-time-link'])")
    run(site.app, once=True)
    alice.get("/demo/mailbox")
    assert link in alice.text
    assert "erin@northwind.example" in alice.text


def test_the_theme_is_kept_and_leads_back_to_the_page(site: Site, bob: Visitor) -> None:
    bob.get("/me").post("/theme", theme="dark", back="/me?x=1")
    assert bob.path == "/me"
    assert bob.page.get("data-theme") == "dark"
    bob.post("/theme", theme="system", back="//evil.example")
    assert bob.path == "/home"
    assert bob.page.get("data-theme") is None
    bob.post("/theme", theme="<script>", back="/me")
    assert bob.page.get("data-theme") is None
