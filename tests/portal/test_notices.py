"""Notices in the portal: the bell counts, the page says what to do, home shows what is nearest."""

from dataclasses import replace

import pytest

from idp.changes import alarms, apply
from idp.changes.intents import IssueToken, RevokeSecret
from idp.changes.notice_kinds import KINDS
from tests.changes.steps import statements
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


@pytest.fixture
def noticed(site: Site) -> Site:
    """The furnished site after its worker has looked: things end soon, removals wait."""
    site.inside(alarms.warn)
    return site


def bell(visitor: Visitor) -> str:
    return str(visitor.page.xpath("string(//a[contains(@class, 'bell')]/@aria-label)"))


def test_the_bell_counts_until_they_are_seen(noticed: Site) -> None:
    alice = noticed.visitor("alice").get("/notices")
    assert bell(alice) == "6 new notices"
    alice.submit("Mark all as seen")
    assert (alice.path, bell(alice)) == ("/notices", "Notices")
    assert not alice.page.xpath("//button[contains(., 'Mark all')]")


def test_each_notice_says_what_to_do_and_leads_there(noticed: Site) -> None:
    alice = noticed.visitor("alice").get("/notices")
    assert "Removals at CRM wait for approval" in alice.text
    assert "People who would lose their account there: 30." in alice.text
    links = alice.page.xpath("//ul[contains(@class, 'notices')]//a[@class='btn btn-sm']/@href")
    assert len(links) >= 3
    for link in links:
        assert alice.get(link).answer.status_code == 200


def test_what_is_over_stands_under_earlier(noticed: Site) -> None:
    apply_ = RevokeSecret(noticed.secret)
    noticed.inside(lambda: apply(apply_, by=noticed.cast.alice))
    noticed.inside(alarms.warn)
    alice = noticed.visitor("alice").get("/notices")
    (earlier,) = alice.page.xpath("//section[@aria-labelledby='earlier']")
    assert "Resolved" in earlier.text_content()
    assert "The client secret" in earlier.text_content()


def test_home_shows_what_needs_one(noticed: Site) -> None:
    alice = noticed.visitor("alice").get("/home")
    assert "What needs you" in alice.text
    assert "ends" in alice.text
    bob = noticed.visitor("bob").get("/home")
    assert "What needs you" not in bob.text


def test_whom_nothing_concerns_is_told_that_all_is_quiet(noticed: Site) -> None:
    bob = noticed.visitor("bob").get("/notices")
    assert "All quiet" in bob.text
    assert bell(bob) == ""


def test_every_kind_has_a_page_and_its_words_fit(site: Site) -> None:
    rules = {rule.endpoint: rule for rule in site.app.url_map.iter_rules()}
    for kind in KINDS.values():
        assert kind.endpoint in rules
        args = dict.fromkeys(("name", "hint", "ends", "near", "error", "count"), "x")
        assert "%" not in "".join(t % args for t in (kind.subject, kind.sentence, kind.todo))


def test_more_notices_take_no_more_statements(noticed: Site) -> None:
    alice = noticed.visitor("alice").get("/notices")
    counts = []
    for more in (0, 30):
        made = [IssueToken(noticed.cast.hr.id, "read", 50)] * more
        by = replace(noticed.cast.alice, session_id=None)
        noticed.inside(lambda made=made, by=by: made and apply(*made, by=by))
        noticed.inside(alarms.warn)
        with noticed.app.app_context(), statements() as sent:
            alice.get("/notices")
        counts.append(len(sent))
    assert counts[0] == counts[1]
