"""Feedback and support: what is sent is what was seen; kept always, mailed where mail works."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from idp import jobs, mail
from idp.app import create_app
from idp.changes import apply, helpdesk, outbox
from idp.changes.helpdesk import FREE, Feedback
from idp.changes.intents import ChangeOrganization
from idp.changes.outbox import Delivery
from idp.clock import now
from idp.config import ConfigError, load
from idp.directory.errors import NotFound, TooMany
from idp.extensions import db, writing
from tests.cast import Cast
from tests.conftest import settings_for
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site

QUESTION = {"subject": "Where?", "text": "Here.", "diagnostics": ""}


@pytest.fixture
def with_address(site: Site, tmp_path: Path) -> Callable[..., tuple[Flask, Visitor]]:
    """The furnished site as an operator set it; bob is signed in there."""

    def make(**more: Any) -> tuple[Flask, Visitor]:
        url = site.app.config["SQLALCHEMY_DATABASE_URI"]
        app = create_app(settings_for(url, tmp_path / "own", **more))
        return app, Visitor(app.test_client()).sign_in("bob@northwind.example")

    return make


def kept(app: Flask) -> list[Feedback]:
    with app.app_context():
        return list(db.session.scalars(select(Feedback)))


def letters(site: Site, recipient: str) -> list[dict[str, Any]]:
    """What the demo's mailbox holds for somebody."""
    return [one for one in mail.mailbox(site.cast.alice) if one["recipient"] == recipient]


def test_feedback_is_kept_and_mailed(with_address: Callable[..., Any], site: Site) -> None:
    app, bob = with_address(feedback_address="voice@example.com", demo=True)
    bob.get("/feedback?page=/me&request=abc-123")
    bob.submit("Send feedback", mood="bad", text="Too small", attach="y")
    assert "Your feedback has arrived" in bob.text
    (one,) = kept(app)
    assert (one.mood, one.text, one.page, one.request_id) == ("bad", "Too small", "/me", "abc-123")
    with app.app_context():
        jobs.work(app.config["CHAMBERLAIN"])
        (letter,) = letters(site, "voice@example.com")
    assert letter["subject"] == "Feedback (bad)"
    assert "Too small" in letter["body"]


def test_the_number_is_kept_only_where_its_sender_agreed(
    with_address: Callable[..., Any],
) -> None:
    app, bob = with_address()
    bob.get("/feedback?request=abc-123").submit("Send feedback", mood="good", text="Fine")
    assert [one.request_id for one in kept(app)] == [""]


def test_feedback_without_mood_or_words_stays_on_the_form(site: Site) -> None:
    bob = site.visitor("bob").get("/feedback")
    bob.submit("Send feedback", text="")
    assert bob.answer.status_code == 422
    assert "Choose one." in bob.text
    assert "Write a few words." in bob.text


def test_an_address_cannot_put_words_into_the_form(site: Site) -> None:
    bob = site.visitor("bob").get('/feedback?page=//evil.example/"><b>&request=<script>')
    assert bob.page.xpath("string(//input[@name='page']/@value)") == ""
    assert bob.page.xpath("string(//input[@name='request_id']/@value)") == ""


def test_a_case_goes_to_the_address_with_what_its_sender_saw(
    with_address: Callable[..., Any], site: Site
) -> None:
    app, bob = with_address(support_address="help@example.com", demo=True)
    bob.get("/support/new?code=form_expired&request=abc-123")
    facts = bob.page.xpath("string(//pre)")
    assert "Error code: form_expired\nRequest: abc-123" in facts
    assert "bob" not in facts.lower()
    bob.submit("Send the case", subject="Cannot save", text="I pressed Save.")
    assert "Sent to help@example.com" in bob.text
    with app.app_context():
        jobs.work(app.config["CHAMBERLAIN"])
        (letter,) = letters(site, "help@example.com")
    assert letter["subject"].endswith("] Cannot save")
    assert facts in letter["body"]


def test_the_facts_stay_here_where_its_sender_wants_so(with_address: Callable[..., Any]) -> None:
    _app, bob = with_address(support_address="help@example.com", demo=True)
    bob.get("/support/new")
    form = bob.form_of("Send the case")
    sent = {k: v for k, v in form.form_values() if k != "attach"}
    bob.answer = bob.client.post(
        "/support/new", data=sent | {"subject": "x", "text": "y"}, follow_redirects=True
    )
    assert "Browser:" not in bob.text


def test_without_mail_a_case_is_a_text_to_copy(with_address: Callable[..., Any]) -> None:
    _app, bob = with_address(support_address="help@example.com")
    bob.get("/support/new").submit("Send the case", subject="Cannot save", text="I pressed Save.")
    assert "Mail does not work just now" in bob.text
    letter = bob.page.xpath("string(//code[@id='letter'])")
    assert "Cannot save" in letter
    assert "I pressed Save." in letter


def test_mail_that_waits_too_long_counts_as_down(
    with_address: Callable[..., Any], site: Site
) -> None:
    app, bob = with_address(support_address="help@example.com", demo=True)
    long_ago = now() - 2 * outbox.LATE
    with app.app_context(), writing() as session:
        owed = outbox.mail_row(site.cast.org, {"to": "x"}, long_ago)
        session.execute(insert(Delivery), owed)
    bob.get("/support/new").submit("Send the case", subject="x", text="y")
    assert "Mail does not work just now" in bob.text


def test_without_an_address_the_organizations_contact_is_asked(
    with_address: Callable[..., Any], site: Site
) -> None:
    contacts = {"contacts": {"technical": "it@northwind.example"}}
    site.inside(lambda: apply(ChangeOrganization(settings=contacts), by=site.cast.alice))
    _app, bob = with_address(demo=True)
    assert "it@northwind.example" in bob.get("/support").text
    bob.get("/support/new").submit("Send the case", subject="x", text="y")
    assert "Sent to it@northwind.example" in bob.text


def test_everybody_sees_their_own_cases_and_the_help_desk_all(site: Site) -> None:
    bob = site.visitor("bob").get("/support")
    assert "Where is Erin?" in bob.text
    assert "Where is Erin?" not in site.visitor("carol").get("/support").text
    assert site.visitor("carol").get(f"/support/cases/{site.case}").answer.status_code == 404
    for name in ("alice", "heidi"):
        assert "Where is Erin?" in site.visitor(name).get("/support").text
    stranger = site.visitor("mallory@contoso.example")
    assert stranger.get(f"/support/cases/{site.case}").answer.status_code == 404


def test_a_case_is_closed_once_and_stays_in_the_list(site: Site) -> None:
    heidi = site.visitor("heidi").get(f"/support/cases/{site.case}")
    heidi.submit("Close the case")
    assert "The case is closed." in heidi.text
    assert "Closed" in heidi.get("/support").text
    assert "Close the case" not in heidi.get(f"/support/cases/{site.case}").text


def test_nobody_closes_anothers_case(people: Cast) -> None:
    case = helpdesk.open_case(people.bob, QUESTION, address="")
    for actor in (people.carol, people.mallory):
        with pytest.raises(NotFound):
            helpdesk.close_case(actor, case)
    assert helpdesk.find_case(people.bob, case).closed_at is None


def test_who_sends_too_much_waits(people: Cast, frozen: list[datetime]) -> None:
    for _ in range(FREE):
        helpdesk.open_case(people.bob, QUESTION, address="")
    with pytest.raises(TooMany) as refused:
        helpdesk.open_case(people.bob, QUESTION, address="")
    assert refused.value.code == "helpdesk_throttled"
    helpdesk.open_case(people.carol, QUESTION, address="")
    frozen[0] += timedelta(seconds=2)
    helpdesk.open_case(people.bob, QUESTION, address="")


def test_a_wrong_address_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAMBERLAIN_SUPPORT_ADDRESS", "help at example.com")
    with pytest.raises(ConfigError, match="CHAMBERLAIN_SUPPORT_ADDRESS"):
        load()
