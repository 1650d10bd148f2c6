"""OAuth of a system in the portal: secrets shown once, keys pasted, what ends soon and its cure."""

import json
from base64 import b64encode

import pytest
from joserfc.jwk import ECKey

from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


@pytest.fixture
def oauth(site: Site) -> str:
    """Where HR's OAuth is; the furnished HR has a secret and a key that end soon."""
    return f"/identity/provisioning/{site.cast.hr.id}/oauth"


def test_a_secret_is_made_works_and_is_shown_once(site: Site, alice: Visitor, oauth: str) -> None:
    alice.get(f"{oauth}/secrets/new").submit("Make the secret")
    secret = alice.page.xpath("string(//*[@id='secret'])")
    assert secret.startswith("chs_")
    assert secret in alice.page.xpath("string(//*[@id='try'])")
    endpoint = alice.page.xpath("string(//*[@id='token-endpoint'])")
    client_id = alice.page.xpath("string(//*[@id='client-id'])")
    basic = b64encode(f"{client_id}:{secret}".encode()).decode()
    answer = site.app.test_client().post(
        endpoint,
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
    )
    assert answer.status_code == 200
    assert secret not in alice.get(oauth).answer.get_data(as_text=True)
    assert f"…{secret[-4:]}" in alice.text


def test_a_third_secret_is_refused_and_a_revoked_one_makes_room(
    site: Site, alice: Visitor, oauth: str
) -> None:
    alice.get(f"{oauth}/secrets/new").submit("Make the secret")
    alice.get(f"{oauth}/secrets/new").submit("Make the secret")
    assert alice.answer.status_code == 422
    assert "HR has 2 live secrets already. Revoke one first" in alice.text
    alice.get(f"{oauth}/{site.secret}/revoke").submit("Revoke the secret")
    assert "The secret and its access tokens have ended." in alice.text
    alice.get(f"{oauth}/secrets/new").submit("Make the secret")
    assert alice.answer.status_code == 200


def test_a_key_is_pasted_and_revoked(alice: Visitor, oauth: str) -> None:
    key = ECKey.generate_key("P-256")
    alice.get(f"{oauth}/keys/new").submit(
        "Register the key", key=json.dumps(key.as_dict(private=False)), expires_days=""
    )
    assert "can sign with it" in alice.text
    assert key.thumbprint() in alice.text
    row = f"//tr[contains(., '{key.thumbprint()}')]//a/@href"
    alice.get(alice.page.xpath(row)[0]).submit("Revoke the key")
    assert "The key and its access tokens have ended." in alice.text


@pytest.mark.parametrize(
    "key,said",
    [
        ("", "Paste the public key."),
        ("hello", "This is not a public key"),
        (json.dumps(ECKey.generate_key("P-256").as_dict(private=True)), "This is a private key"),
        (json.dumps(ECKey.generate_key("P-384").as_dict(private=False)), "A key is RSA of"),
    ],
    ids=["nothing", "no key", "private", "unfit"],
)
def test_a_wrong_key_is_refused_beside_its_field(
    alice: Visitor, oauth: str, key: str, said: str
) -> None:
    alice.get(f"{oauth}/keys/new").submit("Register the key", key=key)
    assert alice.answer.status_code == 422
    beside = alice.page.xpath("string(//*[@id='key-wrong-1'])")
    assert said in " ".join(beside.split())


def test_an_empty_page_says_the_next_step(alice: Visitor) -> None:
    alice.get("/identity/provisioning/new").submit("Connect and show the token", name="Payroll")
    alice.get(alice.page.xpath("//nav[@aria-label='Payroll']//a[.='OAuth']/@href")[0])
    assert "No secret" in alice.text
    assert "No key" in alice.text
    assert "ends soon" not in alice.text


def test_what_ends_soon_is_shown_with_its_cure(site: Site, alice: Visitor, oauth: str) -> None:
    system = oauth.removesuffix("/oauth")
    for url in ("/identity/provisioning", system, oauth):
        alice.get(url)
        assert "Some things end soon." in alice.text
        assert "(in 6 days)" in alice.text
        warning = "//div[contains(@class, 'note-warn')]//li"
        cures = alice.page.xpath(f"{warning}//a[contains(@class, 'btn')]/@href")
        assert f"{system}/oauth/secrets/new" in cures
        assert f"{system}/oauth/keys/new" in cures
        assert f"{system}/tokens/new" in cures


def test_who_may_only_look_sees_no_buttons(site: Site, oauth: str) -> None:
    alice = site.visitor("alice")
    alice.get("/identity/roles/global_reader/assign").submit(
        "Assign the role", user_name="bob@northwind.example"
    )
    bob = site.visitor("bob").get(oauth)
    assert "Some things end soon." in bob.text
    assert bob.page.xpath("//main//a[contains(., 'New') or contains(., 'Revoke')]") == []
    assert bob.page.xpath("//main//a[contains(., 'Register')]") == []


def test_a_secret_of_another_system_is_not_here(site: Site, alice: Visitor) -> None:
    alice.get("/identity/provisioning/new").submit("Connect and show the token", name="Payroll")
    other = alice.page.xpath("//nav[@aria-label='Payroll']//a[.='OAuth']/@href")[0]
    assert alice.get(f"{other}/{site.secret}/revoke").answer.status_code == 404
