"""Licences in the portal: who may do what, and what comes of it, by plain HTTP."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    AssignLicense,
    AssignRole,
    DecideRequest,
    PutService,
    RequestLicense,
)
from idp.directory import queries as directory
from idp.directory.actors import system_actor
from tests.cast import PASSWORD, person
from tests.licensing import shop
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site

BASIC = "/licenses/DRAW_BASIC"


DRAWING = {
    "slug": "drawing",
    "name": "Drawing",
    "address": "https://drawing.example",
    "skus": [
        {
            "part_number": "DRAW_BASIC",
            "name": "Draw Basic",
            "plans": [shop.plan("PENS"), shop.plan("DOCS")],
            "offers": [shop.offer("draw-basic")],
        },
        {
            "part_number": "DRAW_PRO",
            "name": "Draw Pro",
            "plans": [shop.plan("PENS_PRO"), shop.plan("DOCS"), shop.plan("VOICE")],
            "offers": [shop.offer("draw-pro")],
        },
    ],
}


@pytest.fixture
def site(site: Site) -> Site:
    """Two licences for Alice and the two of a group, five that nobody has; Bob asks for one."""
    people = site.cast
    with site.app.app_context():
        apply(PutService(DRAWING), by=system_actor(""))
        shop.buy(people.operator, "draw-basic", 2)
        shop.buy(people.operator, "draw-pro", 5)
        basic = shop.sku("DRAW_BASIC")
        apply(AssignLicense(basic, people.alice.id, plans_off=["DOCS"]), by=people.alice)
        apply(AssignLicense(basic, group_id=site.group), by=people.alice)
        wish = RequestLicense(people.bob.id, shop.sku("DRAW_PRO"), "For the reports of Lyon")
        made = apply(wish, by=people.bob).first.id
    return replace(site, wish=made)


def as_role(site: Site, role: str, scope: str = "") -> Visitor:
    """Somebody new with this role, signed in."""
    with site.app.app_context():
        by = site.cast.operator
        made = person(by, f"{role}@northwind.example", role.title())
        apply(AssignRole(made.id, role, scope_group_id=scope or None), by=by)
    return site.visitor().sign_in(f"{role}@northwind.example", PASSWORD)


def inside(site: Site, act: Callable[[], object]) -> None:
    with site.app.app_context():
        act()


def test_who_never_saw_it_finds_what_is_left_and_who_has_it_in_three_clicks(
    site: Site,
) -> None:
    alice = site.visitor("alice").get("/home")
    assert "Licences left" in alice.text
    alice.get(alice.page.xpath("//a[contains(., 'Who has them')]/@href")[0])
    assert "Draw Basic" in alice.text
    alice.get(alice.page.xpath("//a[. = 'Draw Basic']/@href")[0])
    assert "Alice Liddell" in alice.text
    assert "Assigned directly" in alice.text
    assert "without Docs" in alice.text


def test_the_queue_is_shown_with_places_and_first_in_is_first_out(site: Site) -> None:
    alice = site.visitor("alice").get(f"{BASIC}/problems")
    assert "Number 1 in the queue." in alice.text
    assert "count_violation" in alice.text
    inside(site, lambda: shop.buy(site.cast.operator, "draw-basic", 1))
    assert "Everybody has what they should" in alice.get(f"{BASIC}/problems").text


def test_reprocess_says_what_came_of_it(site: Site) -> None:
    alice = site.visitor("alice").get("/licenses/errors").post(f"{BASIC}/reprocess")
    assert "1 person was looked at. 0 licences were given." in alice.text


def test_a_licence_is_assigned_after_what_will_happen_was_seen(site: Site) -> None:
    alice = site.visitor("alice").get("/licenses/DRAW_PRO/assign")
    alice.submit("Find", q="heidi")
    who = alice.page.xpath("//input[@name='who' and @value != 'everyone']/@value")[0]
    alice.submit("See what will happen", who=who, plan=["PENS_PRO", "DOCS"], step="preview")
    assert "1 person gets it at once." in alice.text
    alice.submit("Assign", step="assign")
    assert "1 was assigned." in alice.text
    assert "Heidi" in alice.text
    assert "Voice" in alice.text


def test_a_refused_assignment_is_foreseen_and_told_with_its_reason(site: Site) -> None:
    who = f"user:{site.cast.heidi.id}"
    alice = site.visitor("alice").get(f"{BASIC}/assign?who={who}")
    alice.submit("See what will happen", step="preview")
    assert "No licence of Draw Basic is left." in alice.text
    alice.submit("Assign", step="assign")
    assert "1 could not be assigned." in alice.text
    assert "No licence of Draw Basic is left." in alice.text


def test_nobody_chosen_is_said(site: Site) -> None:
    alice = site.visitor("alice").get(f"{BASIC}/assign").submit("Assign", step="assign")
    assert alice.answer.status_code == 422
    assert "Choose people, a group, or everyone first." in alice.text


def test_a_group_is_assigned_and_removed(site: Site) -> None:
    alice, group = site.visitor("alice"), f"group:{site.inner}"
    alice.get(f"/licenses/DRAW_PRO/assign?who={group}")
    alice.submit("Assign", step="assign", plan=["PENS_PRO"])
    alice.get("/licenses/DRAW_PRO/groups")
    assert "Lyon" in alice.text
    alice.get(f"/identity/groups/{site.inner}")
    assert "Licences that members get" in alice.text
    assert "Draw Pro" in alice.text
    alice.get("/licenses/DRAW_PRO/groups").submit("Remove… Lyon")
    assert "no longer gets it" in alice.text
    alice.submit("Remove the licence")
    assert "Removed." in alice.text


def test_direct_assignments_end_and_what_groups_give_is_named(site: Site) -> None:
    inside(
        site,
        lambda: apply(AddMember(site.group, site.cast.alice.id), by=site.cast.operator),
    )
    alice = site.visitor("alice").get(BASIC)
    alice.post(f"{BASIC}/remove", id=site.cast.alice.id)
    assert "1 direct assignment ends." in alice.text
    assert "1 person keeps it through what is listed below." in alice.text
    assert "Sales" in alice.text
    alice.submit("Remove the licence")
    assert "Removed." in alice.text


def test_a_persons_licences_tell_why_and_are_copied(site: Site) -> None:
    people = site.cast
    inside(site, lambda: shop.buy(people.operator, "draw-basic", 5))
    alice = site.visitor("alice").get(f"/identity/people/{people.erin}")
    assert "Draw Basic" in alice.text
    alice.get(f"/identity/people/{people.erin}/licenses")
    assert "Sales" in alice.text
    copy = f"/identity/people/{people.alice.id}/licenses/copy"
    alice.get(copy).submit("Copy the licences", user_names="nobody@northwind.example")
    assert "Nobody here has the user name" in alice.text
    names = "heidi@northwind.example\ncarol@northwind.example"
    alice.get(copy).submit("Copy the licences", user_names=names)
    assert "Copied to 2 people." in alice.text
    assert "Heidi" in alice.get(BASIC).text


def test_a_file_is_tried_out_imported_and_its_refusals_told(site: Site) -> None:
    lines = (
        "user name;part number;plans off\n"
        "heidi@northwind.example;draw_pro;VOICE\n"
        "nobody@northwind.example;DRAW_PRO\n"
        "carol@northwind.example;NOTHING\n"
        "carol@northwind.example;DRAW_BASIC\n"
    )
    alice = site.visitor("alice").get("/licenses/import")
    alice.submit("See what will happen", text=lines, step="try")
    assert "1 line can be imported; nothing was changed yet." in alice.text
    assert "3 lines are refused" in alice.text
    assert "Heidi" not in alice.get("/licenses/DRAW_PRO").text
    alice.get("/licenses/import").submit("See what will happen", text=lines, step="try")
    alice.submit("Import", step="import")
    assert "1 line was imported." in alice.text
    assert "No licence of Draw Basic is left." in alice.text
    assert "Heidi" in alice.get("/licenses/DRAW_PRO").text


def test_one_person_may_be_spelt_in_two_ways_and_a_strange_name_is_told_alone(site: Site) -> None:
    lines = (
        "heidi@northwind.example,DRAW_PRO\n"
        "Heidi@Northwind.example,DRAW_PRO\n"
        "carol\u200b@northwind.example,DRAW_PRO\n"
    )
    alice = site.visitor("alice").get("/licenses/import")
    alice.submit("See what will happen", text=lines, step="try")
    assert "2 lines can be imported; nothing was changed yet." in alice.text
    assert "1 line is refused" in alice.text
    assert alice.text.count("Nobody here has this user name.") == 1


@pytest.mark.parametrize("text", ["", "\n\n", ";;\n"])
def test_an_empty_file_is_refused(site: Site, text: str) -> None:
    alice = site.visitor("alice").get("/licenses/import")
    alice.submit("See what will happen", text=text, step="try")
    assert alice.answer.status_code == 422


@pytest.mark.parametrize(
    "text, said",
    [
        ("x" * 140_000, "Line 1 of the file cannot be read: check its quotes."),
        ('bob,"DRAW_PRO" x', "Line 1 of the file cannot be read: check its quotes."),
        ("bob,DRAW\0PRO", "This is no text that can be read."),
    ],
)
def test_what_is_no_table_is_refused_beside_its_field(site: Site, text: str, said: str) -> None:
    alice = site.visitor("alice").get("/licenses/import")
    alice.submit("See what will happen", text=text, step="try")
    assert alice.answer.status_code == 422
    assert said in alice.text


def test_somebody_asks_and_reads_the_answer(site: Site) -> None:
    heidi = site.visitor("heidi").get("/me/licences").get("/me/licences/request")
    heidi.submit("Ask for it", product="DRAW_PRO", reason="Tickets")
    assert "Your wish is on its way." in heidi.text
    assert "waits to be decided" in heidi.text
    heidi.get("/me/licences/request").submit("Ask for it", product="DRAW_PRO")
    assert "You have asked for Draw Pro already" in heidi.text
    carol = site.visitor("carol").get("/licenses/requests")
    assert "Tickets" in carol.text
    carol.get(f"/licenses/requests/{site.wish}")
    carol.submit("Decline", decision="decline", answer="Ask again in May")
    assert "The wish is declined." in carol.text
    assert "Ask again in May" in site.visitor("bob").get("/me/licences").text


def test_a_request_that_somebody_decided_meanwhile_is_told(site: Site) -> None:
    alice = site.visitor("alice").get(f"/licenses/requests/{site.wish}")
    wish = DecideRequest(site.wish, grant=False)
    inside(site, lambda: apply(wish, by=site.cast.carol))
    alice.submit("Grant the licence", decision="grant")
    assert "This request was decided already: declined." in alice.text


def test_the_report_tells_what_is_unknown_and_frees_doubles(site: Site) -> None:
    alice = site.visitor("alice").get("/licenses/reclaim")
    assert "Unknown: nobody but administrators" in alice.text
    people = site.cast
    inside(site, lambda: shop.buy(people.operator, "draw-basic", 5))
    double = AssignLicense
    with site.app.app_context():
        apply(double(shop.sku("DRAW_BASIC"), people.bob.id), by=people.operator)
    alice.get("/licenses/reclaim?reason=doubled")
    assert "Bob Núñez" in alice.text
    seat = alice.page.xpath("//input[@name='seat']/@value")[0]
    alice.submit("End the direct assignments of the chosen", seat=seat)
    assert "Nothing to reclaim" in alice.text


@pytest.mark.parametrize("how,said", [("block", "is blocked"), ("delete", "is deleted")])
def test_a_leaver_loses_everything_in_one_step(site: Site, how: str, said: str) -> None:
    bob = site.cast.bob.id
    alice = site.visitor("alice").get(f"/identity/people/{bob}/leave")
    assert "Sales" in alice.text
    assert "Draw Basic" in alice.text
    alice.submit("End the account", how=how)
    assert said in alice.text
    assert "Left to do" in alice.text
    with site.app.app_context():
        who = directory.find_user(site.cast.alice, bob, deleted=True)
        assert who.status == {"block": "blocked", "delete": "deleted"}[how]
    assert "Bob" not in alice.get(BASIC).text


def test_the_last_administrator_cannot_leave(site: Site) -> None:
    alice = site.visitor("alice").get(f"/identity/people/{site.cast.alice.id}/leave")
    alice.submit("End the account", how="block")
    assert alice.answer.status_code == 422


def test_who_adds_members_is_told_that_this_licenses_them(site: Site) -> None:
    groups = as_role(site, "groups_administrator").get(f"/identity/groups/{site.group}/add")
    assert "Whoever becomes a member gets these licences: Draw Basic," in groups.text
    assert groups.get("/licenses").answer.status_code == 403


def test_a_group_that_gives_licences_is_not_deleted(site: Site) -> None:
    alice = site.visitor("alice").get(f"/identity/groups/{site.group}/delete")
    assert "This group gives its members licences." in alice.text
    alice.submit("Delete Sales")
    assert "gives its members licences; remove those first" in alice.text


READS = ("", "/groups", "/problems", "/plans", "/history")
WRITES = ("/assign", "/remove", "/reprocess")
READERS = {"license_administrator": True, "global_reader": False}


@pytest.mark.parametrize("role", READERS)
def test_readers_read_and_only_who_assigns_has_buttons(site: Site, role: str) -> None:
    writes, visitor = READERS[role], as_role(site, role)
    for part in READS:
        assert visitor.get(BASIC + part).answer.status_code == 200
        assert ("Assign licences" in visitor.text) == (writes and part in ("", "/groups"))
    for url in ("/licenses", "/licenses/errors", "/licenses/reclaim", "/licenses/requests"):
        assert visitor.get(url).answer.status_code == 200
        assert ("Reprocess" in visitor.text) == (writes and url == "/licenses/errors")
    for part in WRITES:
        visitor.get("/me").post(BASIC + part)
        assert (visitor.answer.status_code == 403) == (not writes)


@pytest.mark.parametrize(
    "role",
    [
        "groups_administrator",
        "helpdesk_administrator",
        "billing_administrator",
        "federation_administrator",
        "security_reader",
    ],
)
def test_others_see_no_licences_at_all(site: Site, role: str) -> None:
    visitor = as_role(site, role)
    for url in ("/licenses", BASIC, "/licenses/errors", f"{BASIC}/history"):
        assert visitor.get(url).answer.status_code == 403
    assert "Licences" not in visitor.get(f"/identity/people/{site.cast.erin}").text
    visitor.get("/me").post(f"{BASIC}/remove", id=site.cast.alice.id, confirmed="1")
    assert visitor.answer.status_code == 403


def test_a_user_administrator_over_a_group_reaches_its_members_only(site: Site) -> None:
    scoped = as_role(site, "user_administrator", site.inner)
    scoped.get(BASIC)
    assert "Alice" not in scoped.text
    assert scoped.get(f"/identity/people/{site.cast.alice.id}/licenses").answer.status_code == 404
    assert "Everyone in the organization" not in scoped.get(f"{BASIC}/assign").text
    scoped.post(f"{BASIC}/remove", who="everyone", confirmed="1")
    assert "Your role covers the members of a group" in scoped.text
    scoped.get("/me").post(f"{BASIC}/remove", who=f"group:{site.group}", confirmed="1")
    assert scoped.answer.status_code == 404 or "Nothing was changed" in scoped.text


def test_many_chosen_in_the_list_of_people_get_and_lose_a_licence(site: Site) -> None:
    ids = [site.cast.heidi.id, site.cast.carol.id]
    alice = site.visitor("alice").get("/identity/people")
    alice.submit("Go on with the chosen", action="assign-licence", id=ids)
    alice.submit("Assign a licence", target="Nothing")
    assert "Your organization has no such product." in alice.text
    alice.submit("Assign a licence", target="draw pro")
    assert "2 people were given the licence." in alice.text
    alice.get("/identity/people").submit("Go on with the chosen", action="remove-licence", id=ids)
    alice.submit("Remove a licence", target="DRAW_PRO")
    assert "The direct assignments of 2 people have ended." in alice.text
    assert "Nobody has this product" in alice.get("/licenses/DRAW_PRO").text
