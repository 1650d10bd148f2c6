"""A provisioning client that finds the token endpoint by itself, from end to end, over HTTP."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import get_well_known_url
from joserfc.jwk import ECKey

from tests.flows.product import Product, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.fixture
def product(database_url: str, tmp_path: Path) -> Iterator[Product]:
    """A server process with an organization that HR provisions."""
    with running(database_url, tmp_path / "data") as served:
        served.flask("org", "create", "Contoso", "--domain", "contoso.example", "--admin", "ann")
        served.flask("scim", "connect", "contoso", "HR")
        yield served


def discovered(product: Product) -> Any:
    """What the organization's metadata says, found by its issuer alone (RFC 8414 §3.1)."""
    told = product.flask("org", "show", "contoso")["oauth_metadata_url"]
    found = requests.get(told, timeout=10).json()
    assert get_well_known_url(found["issuer"], external=True) == told
    return found


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_with_a_secret_provisions(product: Product, method: str) -> None:
    made, metadata = product.flask("scim", "secret", "contoso", "HR"), discovered(product)
    session = OAuth2Session(
        made["client_id"],
        made["client_secret"],
        token_endpoint_auth_method=method,
        scope="scim.read scim.write",
    )
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["expires_at"] > time.time()
    provisions(session, product)
    revoked = session.revoke_token(metadata["revocation_endpoint"], token["access_token"])
    assert revoked.status_code == 200
    assert session.get(f"{product.origin}/scim/v2/Users", timeout=10).status_code == 401


def provisions(session: OAuth2Session, product: Product) -> None:
    """Create somebody, read them, and let them go."""
    users = f"{product.origin}/scim/v2/Users"
    body = {"schemas": [USER], "userName": "joe@contoso.example"}
    made = session.post(users, json=body, timeout=10)
    assert made.status_code == 201
    location = made.headers["Location"]
    assert session.get(location, timeout=10).json()["userName"] == "joe@contoso.example"
    assert session.delete(location, timeout=10).status_code == 204


def test_a_client_with_a_key_provisions_until_it_is_revoked(
    product: Product, tmp_path: Path
) -> None:
    key, metadata = ECKey.generate_key("P-256"), discovered(product)
    file = tmp_path / "public.jwk"
    file.write_text(json.dumps(key.as_dict(private=False)))
    made = product.flask("scim", "key", "contoso", "HR", "--jwk", str(file))
    session = OAuth2Session(made["client_id"], key, token_endpoint_auth_method="private_key_jwt")
    proof = PrivateKeyJWT(metadata["token_endpoint"], alg="ES256", claims={"exp": time.time() + 60})
    session.register_client_auth_method(proof)
    session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials", scope="scim")
    provisions(session, product)
    product.flask("scim", "revoke-secret", "contoso", made["keys"][0]["id"])
    assert session.get(f"{product.origin}/scim/v2/Users", timeout=10).status_code == 401
