"""The pages of people, by plain HTTP as without JavaScript: find, add, edit, block, delete."""

import re

import pytest

from idp.changes import apply
from idp.changes.intents import ChangeUser, CreateUser
from idp.directory import queries
from idp.directory.views import UserView
from tests.cast import give_password
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


def person(site: Site, name: str) -> UserView:
    """Somebody as the directory knows them now."""
    with site.app.app_context():
        found = queries.find_user_by_name(site.cast.alice, f"{name}@northwind.example")
    assert found is not None
    return found


def at(site: Site, name: str) -> str:
    """The address of somebody's page."""
    return f"/identity/people/{person(site, name).id}"


def test_three_letters_find_a_person(site: Site, alice: Visitor) -> None:
    alice.get("/identity/people").submit("Show", q="eri")
    assert "Erin O’Brien" in alice.text
    assert "Bob Núñez" not in alice.text
    assert "“eri”" in alice.text
    alice.get(alice.page.xpath("//a[@class='chip']/@href")[0])
    assert "Bob Núñez" in alice.text


def test_the_search_of_the_top_bar_finds_people_and_groups(alice: Visitor) -> None:
    alice.get("/search?q=b")
    assert "Bob Núñez" in alice.text
    alice.get("/search?q=sal")
    assert "Sales" in alice.text


def test_a_list_is_filtered_by_state(site: Site, alice: Visitor) -> None:
    alice.get(at(site, "erin")).submit("Block")
    alice.get("/identity/people?state=blocked")
    assert "Erin O’Brien" in alice.text
    assert "Disabled" in alice.text
    assert "Bob Núñez" not in alice.text


def test_many_people_are_shown_page_by_page(site: Site, alice: Visitor) -> None:
    with site.app.app_context():
        made = [CreateUser({"userName": f"p{n:03}@northwind.example"}) for n in range(120)]
        apply(*made, by=site.cast.alice)
    alice.get("/identity/people")
    seen: list[str] = []
    while True:
        seen += re.findall(r"p\d{3}@northwind", alice.text)
        following = alice.page.xpath("//a[@rel='next']/@href")
        if not following:
            break
        alice.get(following[0])
    assert len(set(seen)) == 120
    assert "First page" in alice.text


def test_a_damaged_page_address_is_told_and_harmless(alice: Visitor) -> None:
    alice.get("/identity/people?cursor=nonsense")
    assert alice.answer.status_code == 400
    assert "start from the first page" in alice.text


def test_a_person_is_added_and_gets_access_by_a_link(site: Site, alice: Visitor) -> None:
    alice.get("/identity/people/new").submit(
        "Add the person",
        user_name="dora@northwind.example",
        given_name="Dora",
        family_name="Ó Briain",
        emails="dora@northwind.example\ndora@home.example",
        manager="bob@northwind.example",
    )
    assert "The person was added." in alice.text
    dora = person(site, "dora")
    assert dora.manager_id == site.cast.bob.id
    assert dora.email == "dora@northwind.example"
    alice.submit("Issue a one-time link")
    link = alice.page.xpath("string(//*[@id='one-time-link'])")
    assert "It was also sent to dora@northwind.example" in alice.text
    new = site.visitor().get(re.sub(r"^https?://[^/]+", "", link))
    secret = "nine green bottles standing"
    new.submit("Set password and sign in", password=secret, password_again=secret)
    assert new.path == "/home"


def test_a_taken_name_is_said_beside_its_field(alice: Visitor) -> None:
    alice.get("/identity/people/new").submit("Add the person", user_name="BOB@northwind.example")
    assert alice.answer.status_code == 422
    wrong = alice.page.xpath("//input[@name='user_name']/@aria-describedby")[0].split()[-1]
    assert alice.page.get_element_by_id(wrong).text_content().strip()
    assert "Nothing was changed." in alice.text


@pytest.mark.parametrize(
    "fields,sentence",
    [
        ({"user_name": ""}, "Give the person a user name."),
        ({"user_name": "x" * 300 + "@northwind.example"}, "256"),
        (
            {"user_name": "eve@northwind.example", "manager": "nobody"},
            "Nobody here has the user name",
        ),
        ({"user_name": "eve@northwind.example", "title": "a\x00b"}, "Job title"),
        ({"user_name": "eve@contoso.example"}, "contoso.example"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(
    alice: Visitor, fields: dict[str, str], sentence: str
) -> None:
    alice.get("/identity/people/new").submit("Add the person", **fields)
    assert alice.answer.status_code == 422
    assert sentence in alice.text


def test_what_hr_owns_is_text_with_its_owner_and_the_rest_can_be_changed(
    site: Site, alice: Visitor
) -> None:
    alice.get(f"{at(site, 'erin')}/edit")
    assert not alice.page.xpath("//input[@name='given_name']")
    assert "Erin" in alice.text
    assert "HR" in alice.text
    alice.submit("Save changes", cost_center="4711", phones="+49 30 1\n+49 30 2")
    assert "The changes are saved." in alice.text
    erin = person(site, "erin")
    assert [p["value"] for p in erin.record["phoneNumbers"]] == ["+49 30 1", "+49 30 2"]
    assert [p.get("primary", False) for p in erin.record["phoneNumbers"]] == [True, False]


def test_a_forged_field_of_another_owner_changes_nothing(site: Site, alice: Visitor) -> None:
    alice.get(f"{at(site, 'erin')}/edit").submit("Save changes", given_name="Mallory")
    assert person(site, "erin").record["name"]["givenName"] == "Erin"


def test_saving_without_a_difference_changes_no_version(site: Site, alice: Visitor) -> None:
    before = person(site, "bob").version
    alice.get(f"{at(site, 'bob')}/edit").submit("Save changes")
    assert "Nothing was different." in alice.text
    assert person(site, "bob").version == before


def test_a_stale_form_overwrites_nothing(site: Site, alice: Visitor) -> None:
    alice.get(f"{at(site, 'bob')}/edit")
    with site.app.app_context():
        apply(ChangeUser(site.cast.bob.id, {"title": "Baker"}), by=site.cast.alice)
    alice.submit("Save changes", title="Butcher")
    assert alice.answer.status_code == 422
    assert "changed this person meanwhile" in alice.text
    assert person(site, "bob").title == "Baker"


def test_values_that_a_form_does_not_show_keep_their_kind(site: Site, alice: Visitor) -> None:
    emails = [
        {"value": "b@home.example", "type": "home"},
        {"value": "b@work.example", "type": "work", "primary": True},
    ]
    with site.app.app_context():
        apply(ChangeUser(site.cast.bob.id, {"emails": emails}), by=site.cast.alice)
    alice.get(f"{at(site, 'bob')}/edit").submit(
        "Save changes", emails="b@home.example\nb@work.example"
    )
    assert person(site, "bob").record["emails"] == [
        {"value": "b@home.example", "type": "home", "primary": True},
        {"value": "b@work.example", "type": "work"},
    ]


def test_blocking_shows_why_and_ends_sessions(site: Site, alice: Visitor) -> None:
    bob = site.visitor("bob")
    alice.get(at(site, "bob"))
    assert "An unknown browser" in alice.text
    alice.submit("Block")
    assert "Blocked by an administrator here." in alice.text
    assert bob.get("/me").path == "/sign-in"
    alice.submit("Unblock")
    assert "Unblocked." in alice.text


def test_one_session_is_ended_and_the_others_stay(site: Site, alice: Visitor) -> None:
    first, second = site.visitor("bob"), site.visitor("bob")
    alice.get(at(site, "bob"))
    alice.submit("End this session")
    still = [visitor.get("/me").path for visitor in (first, second)]
    assert sorted(still) == ["/me", "/sign-in"]
    alice.submit("End all sessions")
    assert first.get("/me").path == second.get("/me").path == "/sign-in"


def test_deleting_asks_first_in_numbers_and_can_be_undone(site: Site, alice: Visitor) -> None:
    bob = site.visitor("bob")
    page = at(site, "bob")
    alice.get(f"{page}/delete")
    assert "1 membership of a group ends." in alice.text
    assert "1 session ends at once." in alice.text
    assert "1 person keeps a manager who is gone." in alice.text
    alice.submit("Delete Bob Núñez")
    assert "Bob Núñez was deleted." in alice.text
    assert bob.get("/me").path == "/sign-in"
    alice.get("/identity/people?state=deleted")
    assert "Bob Núñez" in alice.text
    alice.get(page).submit("Restore")
    assert "Restored." in alice.text


def test_the_last_global_administrator_is_refused_with_the_reason(
    site: Site, alice: Visitor
) -> None:
    alice.get(f"{at(site, 'alice')}/delete").submit("Delete Alice Liddell")
    assert "Nothing was changed." in alice.text
    assert "Global Administrator" in alice.text
    assert person(site, "alice").status == "active"


def test_a_helpdesk_administrator_resets_but_does_not_edit(site: Site) -> None:
    heidi = site.visitor("heidi").get(at(site, "bob"))
    assert not heidi.page.xpath("//a[text()='Edit']")
    heidi.submit("Issue a one-time link")
    assert heidi.page.xpath("//*[@id='one-time-link']")
    heidi.get(at(site, "alice"))
    assert "More" not in heidi.text
    heidi.post(f"{at(site, 'alice')}/link")
    assert "Nothing was changed." in heidi.text


def test_somebody_whose_manager_is_gone_or_unseen_can_be_edited(site: Site, alice: Visitor) -> None:
    with site.app.app_context():
        give_password(site.cast.operator, site.cast.erin)
    erin = site.visitor("erin").get("/me/edit").submit("Save changes", nick_name="Rin")
    assert "The changes are saved." in erin.text
    alice.get(f"{at(site, 'bob')}/delete").submit("Delete Bob Núñez")
    alice.get(f"{at(site, 'erin')}/edit").submit("Save changes", cost_center="12")
    assert "The changes are saved." in alice.text
    assert person(site, "erin").manager_id == site.cast.bob.id
