"""Looking at the portal as another role: what it shows, what it refuses, and whose it is."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from itsdangerous import URLSafeSerializer

from idp.changes import apply
from idp.changes.intents import RemoveRole
from idp.directory import queries
from portal.preview import LASTS
from tests.cast import person
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site
from tests.portal.places import SENDABLE, address

RAIL = "//nav[@aria-label='Sections']//a/@href"


def look_as(visitor: Visitor, role: str) -> Visitor:
    """Begin a preview."""
    visitor.get(f"/identity/roles/{role}/preview").submit("Preview as this role", scope="")
    assert visitor.path == "/home"
    return visitor


@pytest.fixture
def looking(site: Site) -> Visitor:
    """Alice, who looks as a User Administrator."""
    return look_as(site.visitor("alice"), "user_administrator")


def banner(visitor: Visitor) -> str:
    """What the banner of a preview says; nothing where there is none."""
    found = visitor.page.xpath("//div[@aria-label='Preview of a role']")
    return " ".join(found[0].text_content().split()) if found else ""


def test_every_page_says_so_and_ends_it(looking: Visitor) -> None:
    for url in ("/home", "/identity/people", "/me", "/identity/roles", "/nowhere"):
        assert "You see the portal as User Administrator. Nothing can be changed." in banner(
            looking.get(url)
        )
    looking.submit("End preview")
    assert looking.path == "/identity/roles/user_administrator"
    assert "You have your own roles again." in looking.text
    assert banner(looking) == ""
    assert "/identity/roles" in looking.page.xpath(RAIL)


def test_an_error_page_speaks_of_the_role(looking: Visitor) -> None:
    looking.get("/identity/roles")
    assert looking.answer.status_code == 403
    assert "roles.read" in looking.text
    assert "/identity/roles" not in looking.page.xpath(RAIL)


def test_nothing_can_be_sent(site: Site, looking: Visitor) -> None:
    for route in SENDABLE:
        if not route.harmless:
            looking.get("/me").post(address(site, route))
            assert looking.answer.status_code == 403, route.url
            assert "preview_reads_only" in looking.text, route.url
    assert banner(looking.get("/home"))


def test_what_changes_only_how_it_looks_can_be_sent(looking: Visitor) -> None:
    looking.get("/home").submit("Dark", theme="dark")
    looking.submit("Deutsch", language="de")
    assert looking.page.get("data-theme") == "dark"
    assert looking.page.get("lang") == "de"
    looking.submit("Abmelden")
    assert looking.path == "/sign-in"


def test_only_who_gives_roles_begins_one(site: Site) -> None:
    carol = site.visitor("carol").get("/me")
    carol.post("/identity/roles/global_reader/preview", scope="")
    assert carol.answer.status_code == 403
    assert banner(carol.get("/home")) == ""


def test_an_unknown_group_is_said_beside_its_field(site: Site) -> None:
    alice = site.visitor("alice").get("/identity/roles/global_reader/preview")
    alice.submit("Preview as this role", scope="Nowhere")
    assert alice.answer.status_code == 422
    assert "There is no one group named Nowhere." in alice.page.xpath("string(//*[@class='wrong'])")


def cookie(visitor: Visitor) -> str:
    """The signed preview of a browser."""
    kept = visitor.client.get_cookie("preview")
    assert kept is not None
    return kept.value


def test_a_preview_is_of_one_session(site: Site, looking: Visitor) -> None:
    for other in (site.visitor("alice"), site.visitor("carol")):
        other.client.set_cookie("preview", cookie(looking))
        assert banner(other.get("/home")) == ""


def forgeries(site: Site, visitor: Visitor) -> Iterator[str]:
    """Cookies that are nearly right."""
    true = cookie(visitor)
    body, _, signature = true.rpartition(".")
    yield body
    yield f"{body}.{signature[::-1]}"
    yield f"x{true}"
    key = site.app.config["SECRET_KEY"]
    said = URLSafeSerializer(key, "chamberlain: preview of a role").loads_unsafe(true)[1]
    yield URLSafeSerializer(key, "another purpose").dumps(said)
    yield URLSafeSerializer("another key", "chamberlain: preview of a role").dumps(said)


def test_a_forged_preview_means_nothing(site: Site, looking: Visitor) -> None:
    for forged in list(forgeries(site, looking)):
        looking.client.set_cookie("preview", forged)
        assert looking.get("/home").answer.status_code == 200
        assert banner(looking) == ""


def test_it_ends_by_itself_and_what_was_open_is_not_sent(
    site: Site, frozen: list[datetime]
) -> None:
    alice = look_as(site.visitor("alice"), "user_administrator")
    alice.get(f"/identity/people/{site.cast.erin}")
    frozen[0] += LASTS - timedelta(minutes=5)
    alice.get(alice.path)
    frozen[0] += timedelta(minutes=5)
    alice.submit("Block")
    assert alice.answer.status_code == 403
    assert "preview_ended" in alice.text
    assert banner(alice.get("/home")) == ""
    assert alice.client.get_cookie("preview") is None


def test_a_form_of_the_preview_is_too_old_after_it(site: Site, looking: Visitor) -> None:
    looking.get(f"/identity/people/{site.cast.erin}")
    drawn = looking.answer
    looking.submit("End preview")
    looking.answer = drawn
    looking.submit("Block")
    assert looking.answer.status_code == 400
    assert "too old" in looking.text


def test_who_no_longer_gives_roles_sees_their_own_pages(site: Site) -> None:
    with site.app.app_context():
        dana = person(
            site.cast.operator, "dana@northwind.example", "Dana", "global_administrator"
        ).id
    looking = look_as(site.visitor("dana"), "global_reader")
    with site.app.app_context():
        held = queries.role_holders(site.cast.operator, user_id=dana)[0].id
        apply(RemoveRole(held), by=site.cast.operator)
    assert looking.get("/identity/roles").answer.status_code == 403
    assert banner(looking) == ""


def test_other_doors_know_nothing_of_it(site: Site, looking: Visitor) -> None:
    headers = {"Authorization": f"Bearer {site.cast.token}"}
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "new@hr.example"}
    answer = looking.client.post("/scim/v2/Users", json=body, headers=headers)
    assert answer.status_code == 201


def test_a_preview_writes_nothing_in_the_audit(site: Site, looking: Visitor) -> None:
    before = site.visitor("alice").get("/audit").text
    looking.get("/identity/people").submit("End preview")
    assert looking.get("/audit").text == before
