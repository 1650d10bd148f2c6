"""The brake and the waiting links of a provisioning system, as without JavaScript."""

import pytest

from idp.changes import apply
from idp.changes.intents import AssignRole, ChangeUser, CreateUser
from idp.directory import queries
from idp.directory.brakes import BrakeEngaged
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


def system(site: Site) -> str:
    return f"/identity/provisioning/{site.cast.hr.id}"


def rows(visitor: Visitor) -> list[str]:
    """The rows of the page's tables."""
    found = visitor.page.xpath("//tbody/tr")
    return [
        " | ".join(" ".join(cell.text_content().split()) for cell in row.findall("td"))
        for row in found
    ]


def leave(site: Site, *user_ids: str) -> None:
    changes = [ChangeUser(one, {"active": False}) for one in user_ids]
    with site.app.app_context():
        apply(*changes, by=site.cast.hr)


@pytest.fixture
def stopped(site: Site, alice: Visitor) -> list[str]:
    """Four people, whom HR may not deactivate unasked."""
    with site.app.app_context():
        made = [CreateUser({"userName": f"crew-{number}"}) for number in range(4)]
        ids = [one.id for one in apply(*made, by=site.cast.hr).results]
    alice.get(f"{system(site)}/brake/edit")
    alice.submit("Save the limits", deactivations_count="0", deactivations_share="0")
    assert "Saved." in alice.text
    with pytest.raises(BrakeEngaged):
        leave(site, *ids)
    return ids


def test_the_brake_shows_its_limits_and_what_counts(site: Site, alice: Visitor) -> None:
    alice.get(f"{system(site)}/brake")
    assert "People deactivated | 20 | 5 % of all" in rows(alice)
    assert any(row.startswith("Members removed from one groupLyon | 0 | ") for row in rows(alice))
    tabs = alice.page.xpath("//nav[@aria-label='HR']//a")
    assert [" ".join(tab.text_content().split()) for tab in tabs][:1] == ["Overview"]
    assert alice.page.xpath("//nav[@aria-label='HR']//a[@aria-current='page']/text()") == ["Brake"]


def test_limits_are_changed_and_wrong_ones_stand_beside_their_field(
    site: Site, alice: Visitor
) -> None:
    alice.get(f"{system(site)}/brake/edit")
    assert "one bad export" in alice.text
    alice.submit("Save the limits", removals_count="-1", hours="400")
    assert alice.answer.status_code == 422
    assert "From 0 to 10,000,000." in alice.text
    assert "From 1 to 168 hours." in alice.text
    alice.submit("Save the limits", removals_count="7", removals_share="1", hours="48")
    assert "Members removed from one group | 7 | 1 % of all" in rows(alice)
    assert "Within 48 hours" in alice.text


def test_limits_changed_by_two_at_once_are_not_overwritten(site: Site, alice: Visitor) -> None:
    alice.get(f"{system(site)}/brake/edit")
    other = site.visitor("alice").get(f"{system(site)}/brake/edit")
    other.submit("Save the limits", hours="12")
    alice.submit("Save the limits", hours="36")
    assert alice.answer.status_code == 422
    assert "Somebody else has changed this connection" in alice.text


def test_a_stop_is_seen_everywhere_and_approved_with_a_number(
    site: Site, alice: Visitor, stopped: list[str]
) -> None:
    assert "HR is stopped" in alice.get(system(site)).text
    assert "stopped by its brake" in alice.get("/identity/provisioning").text
    alice.get(f"{system(site)}/brake")
    assert "this would deactivate 4 of" in alice.text
    alice.get(f"{system(site)}/brake/approve")
    assert "it is stopped again" in alice.text
    alice.submit("Approve", allow="")
    assert alice.answer.status_code == 422
    alice.submit("Approve", allow="3")
    assert "Approved. HR may go on." in alice.text
    assert "approved: 3 may go" in alice.text
    leave(site, *stopped[:3])
    with pytest.raises(BrakeEngaged):
        leave(site, stopped[3])
    assert "HR is stopped" in alice.get(f"{system(site)}/brake").text


def test_a_stop_is_rejected(site: Site, alice: Visitor, stopped: list[str]) -> None:
    alice.get(f"{system(site)}/brake/reject").submit("Reject")
    assert "Rejected. HR may go on with everything else." in alice.text
    assert "rejected by Alice" in alice.text
    alice.get(f"{system(site)}/brake/approve")
    assert "HR is not stopped" in alice.text


def test_a_decision_about_an_older_stop_is_refused(
    site: Site, alice: Visitor, stopped: list[str]
) -> None:
    late = site.visitor("alice").get(f"{system(site)}/brake/approve")
    alice.get(f"{system(site)}/brake/approve").submit("Approve", allow="0")
    with pytest.raises(BrakeEngaged):
        leave(site, *stopped)
    late.submit("Approve", allow="9")
    assert "stopped anew meanwhile" in late.text
    assert "HR is stopped" in alice.get(f"{system(site)}/brake").text


def test_a_reader_sees_the_brake_and_no_buttons(site: Site, stopped: list[str]) -> None:
    with site.app.app_context():
        apply(AssignRole(site.cast.bob.id, "global_reader"), by=site.cast.operator)
    bob = site.visitor("bob").get(f"{system(site)}/brake")
    assert "HR is stopped" in bob.text
    assert "Approve" not in bob.text
    assert bob.get(f"{system(site)}/brake/approve").answer.status_code == 403


def test_who_waits_is_shown_and_linked(site: Site, alice: Visitor) -> None:
    alice.get(system(site))
    assert "Waiting (1)" in " ".join(alice.text.split())
    alice.get(f"/identity/people/{site.cast.bob.id}")
    assert "HR asked for this user name" in alice.text
    alice.get(f"{system(site)}/waiting")
    assert "Bob Núñez" in alice.text
    alice.get(alice.page.xpath("string(//td[@class='acts']/a/@href)"))
    assert "nobody is doubled" in alice.text
    alice.submit("Link them")
    assert "Bob Núñez is linked." in alice.text
    assert "Nobody waits" in alice.text
    again = CreateUser({"userName": "bob@northwind.example"}, "B-1")
    assert site.inside(lambda: apply(again, by=site.cast.hr).first.id) == site.cast.bob.id


def test_a_name_that_is_taken_stands_beside_its_field(site: Site, alice: Visitor) -> None:
    alice.get(f"{system(site)}/waiting/{site.cast.bob.id}/link")
    alice.submit("Link them", external_id="E-5")
    assert alice.answer.status_code == 422
    assert alice.page.xpath("//p[@id='external_id-wrong-1']")


def test_who_waits_is_dismissed(site: Site, alice: Visitor) -> None:
    alice.get(f"{system(site)}/waiting").submit("Dismiss Bob Núñez")
    assert "Nobody waits" in alice.text
    assert site.inside(lambda: queries.waiting_links(site.cast.alice)) == []
