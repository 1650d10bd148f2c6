"""Groups, roles, provisioning and applications, by plain HTTP as without JavaScript."""

from datetime import UTC, datetime
from io import BytesIO

import pytest

from idp.changes import apply
from idp.changes.intents import AssignRole
from idp.directory import queries
from idp.directory.roles import GLOBAL_ADMINISTRATOR
from tests.cast import person
from tests.federation import partners
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


def test_a_group_is_made_filled_renamed_and_deleted(site: Site, alice: Visitor) -> None:
    alice.get("/identity/groups/new").submit("Add the group", name="Board")
    assert "The group was added." in alice.text
    page = alice.path
    alice.get(f"{page}/add").submit("Find", q="bob")
    alice.submit("Add Bob Núñez")
    assert "Added." in alice.text
    alice.submit("Find", q="sales").submit("Add Sales")
    alice.get(page)
    assert "Group in this group" in alice.text
    assert "2 direct members" in alice.text
    alice.submit("Remove Bob Núñez")
    assert "Removed." in alice.text
    alice.get(f"{page}/edit").submit("Rename the group", name="The Board")
    assert "The Board" in alice.text
    alice.get(f"{page}/delete")
    assert "2 people leave it" in alice.text
    alice.submit("Delete The Board")
    assert alice.get(page).answer.status_code == 404


def test_a_circle_of_groups_is_refused_with_its_path(site: Site, alice: Visitor) -> None:
    alice.get(f"/identity/groups/{site.inner}/add?q=sal").submit("Add Sales")
    assert "Nothing was changed." in alice.text
    assert "Lyon" in alice.text
    assert "Sales" in alice.text


def test_a_role_is_assigned_over_a_group_until_a_day_and_removed(
    site: Site, alice: Visitor
) -> None:
    page = "/identity/roles/helpdesk_administrator"
    alice.get(f"{page}/assign").submit(
        "Assign the role", user_name="bob@northwind.example", scope="Sales", expires="2031-12-31"
    )
    assert "Members of Sales" in alice.text
    assert "1 January 2032" in alice.text
    remove = alice.page.xpath("//a[contains(., 'Remove') and contains(., 'Bob')]/@href")[0]
    alice.get(remove)
    assert "No longer:" in alice.text
    alice.submit("Remove the role")
    assert "Members of Sales" not in alice.text


@pytest.mark.parametrize(
    "fields,sentence",
    [
        ({"user_name": "nobody@northwind.example"}, "Nobody here has the user name"),
        ({"user_name": "bob@northwind.example", "scope": "Nowhere"}, "There is no one group"),
        ({"user_name": "bob@northwind.example", "expires": "2001-01-01"}, "expired already"),
        ({"user_name": "bob@northwind.example", "expires": "someday"}, "Last day"),
    ],
)
def test_a_wrong_assignment_is_refused(
    alice: Visitor, fields: dict[str, str], sentence: str
) -> None:
    alice.get("/identity/roles/global_reader/assign").submit("Assign the role", **fields)
    assert alice.answer.status_code == 422
    assert sentence in alice.text


def test_who_takes_a_role_for_themselves_is_refused_beside_the_name(alice: Visitor) -> None:
    alice.get("/identity/roles/global_reader/assign")
    alice.submit("Assign the role", user_name="alice@northwind.example")
    assert alice.answer.status_code == 422
    assert "You cannot change your own roles" in alice.page.xpath("string(//*[@class='wrong'])")


def test_more_than_four_global_administrators_are_too_many(site: Site, alice: Visitor) -> None:
    by, bob = site.cast.operator, site.cast.bob.id
    with site.app.app_context():
        for number in range(3):
            person(by, f"chief{number}@northwind.example", "Chief", GLOBAL_ADMINISTRATOR)
        apply(AssignRole(bob, GLOBAL_ADMINISTRATOR, site.group), by=by)  # reaches a group only
    assert "More than four people" not in alice.get("/identity/roles").text
    with site.app.app_context():
        apply(AssignRole(bob, GLOBAL_ADMINISTRATOR), by=by)
    assert "More than four people" in alice.get("/identity/roles").text


def test_the_access_review_tells_use_reach_and_end(site: Site, alice: Visitor) -> None:
    with site.app.app_context():
        end = datetime(2031, 1, 1, tzinfo=UTC)
        held = AssignRole(site.cast.bob.id, "helpdesk_administrator", site.group, end)
        apply(held, by=site.cast.operator)
    alice.get("/identity/roles").get("/identity/roles/review?sort=-name")
    rows = [" ".join(row.text_content().split()) for row in alice.page.xpath("//tbody/tr")]
    assert [row[:2] for row in rows] == ["HW", "CN", "BN", "AL"]
    assert "Members of Sales" in rows[2]
    assert "1 January 2031" in rows[2]
    assert "never" in rows[2]
    alice.submit("Show", role="user_administrator", sort="")
    assert "1 assignment" in alice.text
    alice.submit("Export as CSV")
    assert alice.answer.mimetype == "text/csv"
    with alice.answer as file:
        lines = file.get_data(as_text=True).splitlines()
    assert lines[1].startswith("Carol Ng,carol@northwind.example,User Administrator,Everyone,")
    assert len(lines) == 2


@pytest.mark.parametrize("role", ["security_reader", "global_reader"])
def test_readers_see_roles_without_buttons(site: Site, role: str) -> None:
    with site.app.app_context():
        person(site.cast.operator, "rita@northwind.example", "Rita", role)
    rita = site.visitor("rita")
    for url in ("/identity/roles", f"/identity/roles/{role}", "/identity/roles/review"):
        links = rita.get(url).page.xpath("//main//a/@href")
        assert rita.answer.status_code == 200
        assert not [one for one in links if one.endswith(("/assign", "/remove", "/preview"))]


def test_names_are_suggested_as_one_types(alice: Visitor) -> None:
    alice.get("/identity/roles/global_reader/assign?user_name=bo")
    assert alice.page.xpath("//datalist[@id='people-known']/option/@value") == [
        "bob@northwind.example"
    ]


def test_an_unknown_role_is_not_there(alice: Visitor) -> None:
    assert alice.get("/identity/roles/king").answer.status_code == 404


def test_a_system_is_connected_and_its_token_works_and_is_shown_once(
    site: Site, alice: Visitor
) -> None:
    alice.get("/identity/provisioning/new").submit("Connect and show the token", name="Payroll")
    token = alice.page.xpath("string(//*[@id='token'])")
    assert token.startswith("chb_")
    assert f"Bearer {token}" in alice.page.xpath("string(//*[@id='try'])")
    headers = {"Authorization": f"Bearer {token}"}
    assert site.app.test_client().get("/scim/v2/Users", headers=headers).status_code == 200
    system = alice.page.xpath("//a[contains(., 'New token')]/@href")[0].removesuffix("/tokens/new")
    assert token not in alice.get(system).answer.get_data(as_text=True)
    assert token[-4:] in alice.text
    alice.get(alice.page.xpath("//a[contains(., 'Rotate')]/@href")[0]).submit("Rotate the token")
    fresh = alice.page.xpath("string(//*[@id='token'])")
    assert fresh != token
    assert site.app.test_client().get("/scim/v2/Users", headers=headers).status_code == 401
    alice.get(alice.page.xpath("//a[contains(., 'Revoke')]/@href")[0]).submit("Revoke the token")
    headers = {"Authorization": f"Bearer {fresh}"}
    assert site.app.test_client().get("/scim/v2/Users", headers=headers).status_code == 401
    alice.get(f"{system}/delete").submit("Disconnect Payroll")
    assert "Payroll is disconnected." in alice.text


@pytest.mark.parametrize(
    "fields,sentence",
    [
        ({"name": ""}, "Give the system a name."),
        ({"name": "x" * 300}, "256 characters"),
        ({"name": "HR"}, "HR"),
        ({"name": "New", "expires_days": "0"}, "1 to 3650 days"),
        ({"name": "New", "expires_days": "many"}, "Not a valid integer"),
        ({"name": "New", "profile": "unknown"}, "Not a valid choice"),
    ],
)
def test_a_wrong_system_is_refused(
    site: Site, alice: Visitor, fields: dict[str, str], sentence: str
) -> None:
    alice.get("/identity/provisioning/new").submit("Connect and show the token", **fields)
    assert alice.answer.status_code == 422
    assert sentence in alice.text
    with site.app.app_context():
        assert len(queries.list_connections(site.cast.alice, "scim")) == 1


@pytest.mark.parametrize("by_file", [True, False])
def test_an_application_is_added_by_its_metadata(site: Site, alice: Visitor, by_file: bool) -> None:
    metadata = partners.sp_metadata()
    given = (
        {"metadata_file": (BytesIO(metadata), "sp.xml")}
        if by_file
        else {"metadata": metadata.decode()}
    )
    alice.get("/identity/applications/new").submit("Add the application", name="Travel", **given)
    assert "The application is added." in alice.text
    assert "Travel" in alice.text
    assert "/saml/northwind/metadata" in alice.page.xpath("string(//*[@id='metadata-url'])")
    alice.get(f"{alice.path}/delete").submit("Remove Travel")
    assert "Travel is removed." in alice.text


@pytest.mark.parametrize(
    "metadata", ["", "<not-metadata/>", "no xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"]
)
def test_wrong_metadata_is_refused(alice: Visitor, metadata: str) -> None:
    alice.get("/identity/applications/new").submit(
        "Add the application", name="Bad", metadata=metadata
    )
    assert alice.answer.status_code == 422
    assert "Nothing was changed." in alice.text
