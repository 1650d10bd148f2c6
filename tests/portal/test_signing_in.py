"""Signing in and out, one-time links, and where one comes out."""

import pytest

from idp import clock
from idp.changes import apply
from idp.changes.intents import BlockUser, IssueLink
from tests.cast import NOON
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site

NEW = "nine green bottles standing"


def _link(site: Site, user_id: str = "", purpose: str = "invite") -> str:
    with site.app.app_context():
        issue = IssueLink(user_id or site.cast.erin, purpose)
        return f"/invite/{apply(issue, by=site.cast.alice).first.secret}"


def test_name_first_then_the_password_then_home(site_anywhere: Site) -> None:
    visitor = site_anywhere.visitor().get("/")
    assert visitor.path == "/sign-in"
    assert not visitor.page.xpath("//input[@type='password']")
    visitor.submit("Continue", username="bob@northwind.example")
    assert visitor.page.xpath("//input[@type='password']")
    visitor.submit("Sign in", password="a long walk by the sea")
    assert visitor.path == "/home"
    assert "Bob Núñez" in visitor.text


def test_an_unknown_name_is_answered_as_a_wrong_password_is(site: Site) -> None:
    answers = []
    for name in ("bob@northwind.example", "nobody@northwind.example"):
        visitor = site.visitor().sign_in(name, "not the password")
        assert visitor.answer.status_code == 403
        answers.append(visitor.text.replace(f"{name[0].upper()}{name}", "NAME"))
    assert answers[0] == answers[1]
    assert "The user name or the password is not right." in answers[0]


def test_guessing_is_slowed_and_the_page_says_for_how_long(site: Site) -> None:
    visitor = site.visitor()
    for _ in range(8):
        visitor.sign_in("bob@northwind.example", "not the password")
    assert visitor.answer.status_code == 429
    assert int(visitor.answer.headers["Retry-After"]) >= 1
    assert "Try again in" in visitor.text


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/%09/evil.example/\t",
        "javascript:alert(1)",
        "https:evil.example",
        "\\\\evil.example",
    ],
)
def test_signing_in_never_leads_to_another_site(site: Site, elsewhere: str) -> None:
    visitor = site.visitor().get("/sign-in")
    visitor.submit("Continue", username="bob@northwind.example", next=elsewhere)
    form = visitor.form_of("Sign in")
    fields = {k: v for k, v in form.form_values() if k not in ("next", "password")}
    sent = fields | {"next": elsewhere, "password": "a long walk by the sea"}
    answer = visitor.client.post("/sign-in", data=sent)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/home"


def test_who_is_signed_in_goes_on_at_once_unless_asked_anew(site: Site) -> None:
    bob = site.visitor("bob").get("/sign-in?next=/me")
    assert bob.path == "/me"
    bob.get("/sign-in?next=/me&fresh=1")
    assert bob.path == "/sign-in"


def test_signing_out_ends_the_session_everywhere(site: Site) -> None:
    bob = site.visitor("bob").get("/me")
    bob.submit("Sign out")
    assert bob.path == "/sign-in"
    assert bob.get("/me").path == "/sign-in"


def test_a_blocked_person_is_out_at_once_and_stays_out(site: Site) -> None:
    bob = site.visitor("bob").get("/me")
    with site.app.app_context():
        apply(BlockUser(site.cast.bob.id), by=site.cast.alice)
    assert bob.get("/me").path == "/sign-in"
    bob.sign_in("bob@northwind.example")
    assert bob.answer.status_code == 403


def test_a_one_time_link_says_for_whom_and_sets_a_password(site_anywhere: Site) -> None:
    erin = site_anywhere.visitor().get(_link(site_anywhere))
    assert "Erin O’Brien" in erin.text
    assert "works once" in erin.text
    erin.submit("Set password and sign in", password=NEW, password_again=NEW)
    assert erin.path == "/home"
    again = site_anywhere.visitor().sign_in("erin@northwind.example", NEW)
    assert again.path == "/home"


def test_a_used_link_says_what_to_do(site: Site) -> None:
    link = _link(site)
    site.visitor().get(link).submit("Set password and sign in", password=NEW, password_again=NEW)
    late = site.visitor().get(link)
    assert late.answer.status_code == 410
    assert "ask your administrator for a new link" in late.text


def test_an_expired_link_is_over(site: Site) -> None:
    link = _link(site, purpose="reset")
    clock.freeze(lambda: NOON.replace(year=2099))
    try:
        assert site.visitor().get(link).answer.status_code == 410
    finally:
        clock.freeze(None)


@pytest.mark.parametrize(
    "password,again,sentence",
    [
        ("short", "short", "at least"),
        ("password1234567", "password1234567", "first that attackers try"),
        (NEW, NEW + "?", "not the same"),
        ("", "", "Choose a password"),
    ],
)
def test_a_bad_password_is_refused_beside_its_field_and_the_link_stays(
    site: Site, password: str, again: str, sentence: str
) -> None:
    erin = site.visitor().get(_link(site))
    erin.submit("Set password and sign in", password=password, password_again=again)
    assert erin.answer.status_code == 422
    assert sentence in erin.text
    assert erin.page.xpath("//input[@aria-invalid='true']")
    erin.submit("Set password and sign in", password=NEW, password_again=NEW)
    assert erin.path == "/home"


def test_who_cannot_sign_in_reads_what_to_do(site: Site) -> None:
    nobody: Visitor = site.visitor().get("/recover")
    assert "administrator" in nobody.text
    assert nobody.answer.status_code == 200
