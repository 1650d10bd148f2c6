"""Help: answers that are found, codes that are explained, and why something is not to be seen."""

import pytest

from idp.changes import apply
from idp.changes.intents import AssignRole
from idp.directory.roles import ALL_PERMISSIONS
from portal import access, faq
from portal.routes import PUBLIC, ROUTES
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


def test_an_answer_is_found_by_what_one_sees(standing: Site) -> None:
    bob = standing.known_visitor("bob").get("/help")
    everything = len(bob.page.findall(".//details[@id]"))
    assert everything == len(faq.QUESTIONS) + len(faq.SYMPTOMS)
    bob.submit("Search", q="Too many ATTEMPTS")
    assert [one.get("id") for one in bob.page.findall(".//details[@id]")] == ["throttled"]
    assert "A one-time link works at once." in bob.text


def test_a_code_is_found_as_it_is_written(standing: Site) -> None:
    bob = standing.known_visitor("bob").get("/help?q=form+expired")
    assert "form_expired" in bob.text
    assert bob.get("/help/form_expired").answer.status_code == 200
    assert "Why it comes" in bob.text


def test_a_search_that_finds_nothing_leads_to_support(standing: Site) -> None:
    bob = standing.known_visitor("bob").get("/help?q=zzzz")
    assert "Nothing is said about that" in bob.text
    assert bob.page.xpath("//main//a[@href='/support']")


def test_an_unknown_code_is_not_there(standing: Site) -> None:
    bob = standing.known_visitor("bob").get("/help/no_such_code")
    assert bob.answer.status_code == 404


def test_an_error_page_leads_to_its_code(bob: Visitor) -> None:
    bob.get("/identity/provisioning")
    assert bob.page.xpath("//main//a[@href='/help/permission_missing']")


def test_who_may_not_is_told_which_roles_may_and_whom_to_ask(standing: Site) -> None:
    bob = standing.known_visitor("bob").get("/help/access?thing=systems")
    assert "None of your roles gives it." in bob.text
    assert "Federation and Domain Administrator" in bob.text
    assert "Alice Liddell" in bob.text
    assert "Mallory" not in bob.text


def test_who_may_is_told_by_which_role(site: Site) -> None:
    carol = site.visitor("carol").get("/help/access?thing=people-edit")
    assert "You can: Add, change, block or delete people" in carol.text
    assert "by your role User Administrator" in carol.text


def test_a_scope_explains_what_is_not_shown(site: Site) -> None:
    over = AssignRole(site.cast.bob.id, "groups_administrator", scope_group_id=site.group)
    site.inside(lambda: apply(over, by=site.cast.alice))
    bob = site.visitor("bob").get("/help/access?thing=groups-edit")
    assert "over the members of Sales" in bob.text
    assert "You see and change only whom that role covers." in bob.text


def test_a_blocked_administrator_is_not_named(site: Site) -> None:
    chief = AssignRole(site.cast.heidi.id, "global_administrator")
    site.inside(lambda: apply(chief, by=site.cast.operator))
    bob = site.visitor("bob")
    assert "Heidi Weiß" in bob.get("/help/access?thing=audit").text
    alice = site.visitor("alice").get(f"/identity/people/{site.cast.heidi.id}")
    alice.post(f"/identity/people/{site.cast.heidi.id}/block")
    assert "Heidi Weiß" not in bob.get("/help/access?thing=audit").text


def test_every_page_that_needs_a_permission_can_be_asked_about() -> None:
    needed = {route.needs for route in ROUTES} - {PUBLIC, ""}
    asked = {permission for _label, permission in access.THINGS.values()}
    assert needed <= asked <= ALL_PERMISSIONS


@pytest.mark.parametrize("thing", ["", "nothing", "x" * 5000, "<script>"])
def test_an_odd_question_is_no_fault(standing: Site, thing: str) -> None:
    bob = standing.known_visitor("bob").get("/help/access")
    bob.answer = bob.client.get("/help/access", query_string={"thing": thing})
    assert bob.answer.status_code == 200
