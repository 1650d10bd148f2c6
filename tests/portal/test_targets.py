"""Applications that we provision, in the portal: attach, look, approve, pause, detach."""

from collections.abc import Iterator

import pytest

from idp.changes import apply, provisioned
from idp.changes.intents import DeleteGroup, RemoveLicense
from idp.changes.targets import digest_of
from idp.directory import queries
from idp.directory.provisioning import TargetView
from tests.licensing.shop import sku
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


def held(site: Site, name: str) -> TargetView:
    with site.app.app_context():
        return next(t for t in queries.list_targets(site.cast.alice) if t.name == name)


@pytest.fixture
def crm(site: Site) -> Iterator[str]:
    """The address of the furnished application."""
    return f"/identity/provisioning/targets/{site.target}"


def test_an_application_is_attached_with_its_scope_and_mapping(site: Site, alice: Visitor) -> None:
    alice.get("/identity/provisioning/targets/new")
    alice.submit(
        "Attach",
        name="Wiki",
        base_url="https://wiki.example/scim/v2",
        token="a secret token",
        groups=site.group,
        mapping='displayName = "{name.givenName}"\ntitle = -',
    )
    assert "People are on their way there." in alice.text
    assert "a secret token" not in alice.text
    made = held(site, "Wiki")
    assert made.settings.groups == (site.group,)
    assert made.settings.mapping == {"displayName": '"{name.givenName}"', "title": "-"}
    alice.get(f"/identity/provisioning/targets/{made.id}/edit")
    assert "a secret token" not in alice.text


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"token": ""}, "Give the secret"),
        ({"base_url": "wiki.example"}, "Give an address such as"),
        ({"base_url": "http://169.254.169.254/scim"}, "must begin with https://"),
        ({"base_url": "https://169.254.169.254/scim"}, "CHAMBERLAIN_OUTGOING_ALLOW"),
        (
            {"token_url": "https://10.0.0.1/token", "auth": "client_credentials"},
            "10.0.0.1 is in a private network",
        ),
        ({"mapping": "shoeSize = title"}, "There is no attribute"),
        ({"mapping": "just words"}, "Write each line as attribute = source"),
        ({"members_at_once": "0"}, "Send 1 to 1000"),
    ],
)
def test_what_cannot_work_is_said_beside_its_field(
    alice: Visitor, wrong: dict[str, str], said: str
) -> None:
    given = {"name": "Wiki", "base_url": "https://wiki.example/scim", "token": "secret"} | wrong
    alice.get("/identity/provisioning/targets/new")
    alice.submit("Attach", **given)
    assert alice.answer.status_code == 422
    field = alice.page.get_element_by_id(next(iter(wrong)))
    told = alice.page.get_element_by_id(f"{field.get('id')}-wrong-1")
    assert said in told.text_content()


def test_an_edit_keeps_the_secret_that_is_not_typed_again(
    site: Site, alice: Visitor, crm: str
) -> None:
    alice.get(f"{crm}/edit")
    alice.submit("Save", deprovision="delete")
    assert held(site, "CRM").settings.deprovision == "delete"
    with site.app.app_context():
        assert queries.target_secrets(site.cast.org, site.target) == {"token": "secret"}


def test_another_server_gets_the_secret_only_if_it_is_typed_again(
    site: Site, alice: Visitor, crm: str
) -> None:
    alice.get(f"{crm}/edit").submit("Save", base_url="https://elsewhere.example/scim")
    assert alice.answer.status_code == 422
    told = alice.page.get_element_by_id("token-wrong-1")
    assert "Give the secret for it again." in told.text_content()
    assert held(site, "CRM").settings.base_url != "https://elsewhere.example/scim"
    alice.submit("Save", base_url="https://elsewhere.example/scim", token="theirs")
    assert held(site, "CRM").settings.base_url == "https://elsewhere.example/scim"


def test_a_scope_that_is_gone_does_not_become_everybody(
    site: Site, alice: Visitor, crm: str
) -> None:
    with site.app.app_context():
        for product in ("OFFICE_PRO", "OFFICE_BASIC"):
            apply(RemoveLicense(sku(product), group_id=site.group), by=site.cast.alice)
        apply(DeleteGroup(site.group), by=site.cast.alice)
    alice.get(f"{crm}/edit").submit("Save")
    assert alice.answer.status_code == 422
    assert "One of the groups chosen is no longer there." in alice.text
    assert held(site, "CRM").settings.groups == (site.group,)


def test_its_page_tells_what_went_wrong_and_whose_it_is(
    site: Site, alice: Visitor, crm: str
) -> None:
    alice.get(crm)
    assert "title has no such value" in alice.text
    assert f"/identity/people/{site.cast.erin}" in alice.page.xpath("//main//a/@href")
    alice.get(f"/identity/people/{site.cast.erin}")
    assert "Where they are provisioned" in alice.text
    assert "title has no such value" in alice.text


def test_a_mass_removal_is_approved_for_those_it_names(
    site: Site, alice: Visitor, crm: str
) -> None:
    alice.get(crm)
    alice.submit("Approve these 30")
    assert "Who would be removed has changed meanwhile" in alice.text
    with site.app.app_context():
        ids = queries.leaving(site.cast.alice, queries.find_target(site.cast.alice, site.target))
        brake = {"count": 30, "of": 90, "digest": digest_of(ids), "at": ""}
        provisioned.note(site.target, brake=brake)
    alice.get(crm).submit("Approve these 30")
    assert "Approved; it goes on." in alice.text
    assert held(site, "CRM").brake == {}


def test_it_is_paused_and_resumed(site: Site, alice: Visitor, crm: str) -> None:
    alice.get(crm).submit("Pause")
    assert not held(site, "CRM").enabled
    assert "Paused" in alice.text
    alice.submit("Reconcile now")
    assert "This application is paused" in alice.text
    alice.submit("Resume")
    assert held(site, "CRM").enabled


def test_a_trial_of_a_private_address_is_refused_in_words(
    site: Site, alice: Visitor, crm: str
) -> None:
    alice.get(f"{crm}/edit")
    alice.submit("Save", base_url="https://localhost/scim", token="secret")
    alice.get(crm).submit("Test the connection")
    assert "is in a private network" in alice.text


def test_it_is_detached_after_saying_what_that_means(site: Site, alice: Visitor, crm: str) -> None:
    alice.get(f"{crm}/delete")
    assert "1 person keeps an account there." in alice.text
    alice.submit("Detach CRM")
    with site.app.app_context():
        assert queries.list_targets(site.cast.alice) == []
