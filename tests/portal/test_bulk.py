"""One thing done to many people, without JavaScript: chosen one by one, or by a filter."""

import pytest

from idp.changes import apply
from idp.changes.intents import CreateUser, DeleteUser
from idp.directory import queries
from portal import people_bulk
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site

PEOPLE, BULK = "/identity/people", "/identity/people/bulk"


@pytest.fixture
def crowd(site: Site) -> list[str]:
    """The ids of sixty people whom Alice added."""
    with site.app.app_context():
        made = [CreateUser({"userName": f"zz{n:02}@northwind.example"}) for n in range(60)]
        return [one.id for one in apply(*made, by=site.cast.alice).results]


def states(site: Site, ids: list[str]) -> set[str]:
    with site.app.app_context():
        return {one.status for one in queries.find_users(site.cast.alice, ids).values()}


def choose(visitor: Visitor, action: str, ids: list[str]) -> Visitor:
    visitor.get(PEOPLE)
    return visitor.submit("Go on with the chosen", action=action, id=ids)


def test_chosen_people_are_blocked_and_unblocked(
    site: Site, alice: Visitor, crowd: list[str]
) -> None:
    choose(alice, "block", crowd[:3])
    assert "Block: 3 people" in alice.text
    assert "zz00@northwind.example" in alice.text
    assert states(site, crowd) == {"active"}
    alice.submit("Block")
    assert "3 people are blocked." in alice.text
    assert states(site, crowd[:3]) == {"blocked"}
    choose(alice, "unblock", crowd[:3]).submit("Unblock")
    assert states(site, crowd) == {"active"}


def test_all_who_match_are_more_than_the_page(site: Site, alice: Visitor, crowd: list[str]) -> None:
    alice.get(f"{PEOPLE}?q=zz").submit("Go on with the chosen", action="block", all="1")
    assert "60 people" in alice.text
    assert "and 50 more" in alice.text
    alice.submit("Block")
    assert states(site, crowd) == {"blocked"}


def test_whoever_came_meanwhile_is_not_done_with(
    site: Site, alice: Visitor, crowd: list[str]
) -> None:
    alice.get(f"{PEOPLE}?q=zz").submit("Go on with the chosen", action="delete", all="1")
    with site.app.app_context():
        apply(CreateUser({"userName": "zz99@northwind.example"}), by=site.cast.alice)
        apply(DeleteUser(crowd[0]), by=site.cast.alice)
    alice.submit("Delete")
    assert alice.answer.status_code == 422
    assert "The list has changed" in alice.text
    assert states(site, crowd[1:]) == {"active"}
    alice.submit("Delete")
    assert states(site, crowd[1:]) == set()


def test_the_refused_are_listed_and_the_others_go_through(site: Site, crowd: list[str]) -> None:
    carol = site.visitor("carol")
    foreign = site.cast.mallory.id
    choose(carol, "block", [crowd[0], site.cast.alice.id, foreign, "nonsense"]).submit("Block")
    assert "1 person is blocked." in carol.text
    assert "Of 3 people it was refused" in carol.text
    assert "Alice Liddell" in carol.text
    assert "only a Global Administrator" in carol.text
    assert "Mallory" not in carol.text
    assert states(site, [crowd[0]]) == {"blocked"}
    assert states(site, [site.cast.alice.id]) == {"active"}


def test_people_are_added_to_a_group_by_its_name(
    site: Site, alice: Visitor, crowd: list[str]
) -> None:
    choose(alice, "add-to-group", crowd[:2]).submit("Add to a group", target="nowhere")
    assert alice.answer.status_code == 422
    assert "There is no one group of this name" in alice.text
    alice.submit("Add to a group", target="sales")
    assert "2 people are in the group." in alice.text
    with site.app.app_context():
        assert [g.display_name for g in queries.groups_of(site.cast.alice, crowd[1])] == ["Sales"]


def test_very_many_are_deleted_only_by_typing_their_number(
    site: Site, alice: Visitor, crowd: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_bulk, "TYPED", 10)
    choose(alice, "delete", crowd)
    alice.submit("Delete", number="59")
    assert alice.answer.status_code == 422
    assert states(site, crowd) == {"active"}
    alice.submit("Delete", number="60")
    assert "60 people were deleted." in alice.text
    assert states(site, crowd) == set()


def test_nobody_deletes_themselves_among_many(site: Site, alice: Visitor) -> None:
    alice.get(f"{PEOPLE}?q=alice").submit(
        "Go on with the chosen", action="delete", id=site.cast.alice.id
    )
    assert "Choose people in the list first" in alice.text


def test_too_many_at_once_are_refused(
    site: Site, alice: Visitor, crowd: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_bulk, "MOST", 20)
    alice.get(f"{PEOPLE}?q=zz").submit("Go on with the chosen", action="block", all="1")
    assert "Choose at most 20 people at once" in alice.text
    assert states(site, crowd) == {"active"}


def test_sessions_end_but_for_the_one_at_this_browser(site: Site, alice: Visitor) -> None:
    bob = site.visitor("bob")
    choose(alice, "end-sessions", [site.cast.bob.id, site.cast.alice.id]).submit("End sessions")
    assert "have ended." in alice.text
    assert bob.get("/me").path == "/sign-in"
    assert alice.get("/me").path == "/me"


def test_a_role_is_offered_what_it_may_and_no_more(site: Site, crowd: list[str]) -> None:
    def offered(name: str) -> list[str]:
        visitor = site.visitor(name).get(PEOPLE)
        return list(visitor.page.xpath("//select[@name='action']/option/@value"))

    everything = offered("alice")
    assert everything[:4] == ["block", "unblock", "end-sessions", "add-to-group"]
    assert everything[4:] == ["assign-licence", "remove-licence", "delete"]
    assert offered("heidi") == ["end-sessions"]
    heidi = site.visitor("heidi").get(PEOPLE)
    heidi.post(BULK, action="block", id=crowd[0])
    assert heidi.answer.status_code == 403
    heidi.get(PEOPLE).post(BULK, action="nothing", id=crowd[0])
    assert heidi.answer.status_code == 404


def test_a_forged_confirmation_does_nothing(site: Site, alice: Visitor, crowd: list[str]) -> None:
    alice.get(PEOPLE).post(BULK, action="delete", id=crowd[:2], digest="0" * 64)
    assert alice.answer.status_code == 422
    assert states(site, crowd) == {"active"}
