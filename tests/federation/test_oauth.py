"""The token endpoint: who gets an access token, what it permits, and when it ends."""

from datetime import datetime, timedelta

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from idp.changes import apply
from idp.changes.audit import AuditFilter, page
from idp.changes.intents import ChangeConnection, RegisterKey, RevokeSecret
from idp.directory import queries
from idp.federation.oauth import granted
from tests.cast import NOON, Cast
from tests.federation import machines
from tests.federation.machines import GRANT, ISSUER, Machine, refusal


@pytest.fixture
def hr(client: FlaskClient, people: Cast) -> Machine:
    return machines.hr(client, people)


def test_a_secret_in_the_body_gets_a_token(hr: Machine) -> None:
    answer = hr.by_secret()
    assert answer.json is not None
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["access_token"].startswith("cha_")
    assert answer.json["expires_in"] == 3600
    assert answer.json["scope"] == "scim.read scim.write"
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert hr.scim(answer) == 200


def test_a_secret_in_the_header_gets_a_token(hr: Machine) -> None:
    assert hr.scim(hr.ask(GRANT, Authorization=hr.basic())) == 200
    named = GRANT | {"client_id": hr.id}
    assert hr.scim(hr.ask(named, Authorization=hr.basic())) == 200
    encoded = hr.basic(hr.id.replace("-", "%2D"))  # RFC 6749 §2.3.1
    assert hr.scim(hr.ask(GRANT, Authorization=encoded)) == 200


@pytest.mark.parametrize(
    "key, alg",
    [
        (ECKey.generate_key("P-256"), "ES256"),
        (RSAKey.generate_key(2048), "RS256"),
        (RSAKey.generate_key(2048), "PS256"),
    ],
    ids=["ES256", "RS256", "PS256"],
)
def test_a_signed_assertion_gets_a_token(hr: Machine, people: Cast, key: Key, alg: str) -> None:
    apply(RegisterKey(hr.id, key.as_dict(private=False)), by=people.alice)
    assert hr.scim(hr.by_assertion(hr.assertion({"alg": alg}, key))) == 200


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")
def test_ed25519_signs_by_the_name_that_is_in_use(hr: Machine, people: Cast) -> None:
    key = OKPKey.generate_key("Ed25519")
    apply(RegisterKey(hr.id, key.as_dict(private=False)), by=people.alice)
    assert hr.scim(hr.by_assertion(hr.assertion({"alg": "EdDSA"}, key))) == 200


@pytest.mark.parametrize(
    "header, claims",
    [
        ({"typ": "client-authentication+jwt"}, {}),
        ({"kid": "whatever the client calls it"}, {}),
        ({}, {"aud": f"{ISSUER}/token"}),
        ({}, {"aud": [ISSUER]}),
        ({}, {"iat": None}),
    ],
)
def test_what_clients_may_differ_in_is_accepted(
    hr: Machine, header: dict[str, str], claims: dict[str, object]
) -> None:
    assert hr.by_assertion(hr.assertion(header, **claims)).status_code == 200


def test_two_keys_live_at_once(hr: Machine, people: Cast) -> None:
    new = ECKey.generate_key("P-256")
    apply(RegisterKey(hr.id, new.as_dict(private=False)), by=people.alice)
    assert hr.by_assertion(hr.assertion(key=new)).status_code == 200
    assert hr.by_assertion().status_code == 200
    apply(RevokeSecret(hr.key_id), by=people.alice)
    assert refusal(hr.by_assertion()) == (401, "invalid_client")
    assert hr.by_assertion(hr.assertion(key=new)).status_code == 200


ALL = "scim.read scim.write"


@pytest.mark.parametrize(
    "asked, permitted, given",
    [
        (None, "write", ALL),
        ("", "read", None),
        (None, "read", "scim.read"),
        ("scim", "write", "scim"),
        ("scim.read", "write", "scim.read"),
        ("scim.write", "write", "scim.write"),
        ("scim.write scim.read scim.write", "write", "scim.write scim.read"),
        (ALL, "read", "scim.read"),
        ("scim.write", "read", None),
        ("scim", "read", None),
        ("scim.read openid", "write", None),
        ("SCIM.READ", "write", None),
        ("https://graph.example/.default", "write", None),
    ],
)
def test_a_scope_is_what_is_asked_as_far_as_the_secret_reaches(
    client: FlaskClient, people: Cast, asked: str | None, permitted: str, given: str | None
) -> None:
    machine = machines.hr(client, people, permitted)
    if asked == "":  # a parameter without a value counts as left out
        given = "scim.read"
    answer = machine.by_secret(**({} if asked is None else {"scope": asked}))
    if given is None:
        assert refusal(answer) == (400, "invalid_scope")
    else:
        assert answer.json is not None
        assert answer.json["scope"] == given
        may_write = "write" in given or given == "scim"
        caller = queries.caller_by_token(answer.json["access_token"])
        assert caller is not None
        assert caller.scope == ("write" if may_write else "read")


def test_a_scope_is_granted_in_the_order_it_was_asked() -> None:
    assert granted("scim.write scim", "write") == ["scim.write", "scim"]


def test_a_token_ends_after_its_hour(hr: Machine, frozen: list[datetime]) -> None:
    answer = hr.by_secret()
    frozen[0] = NOON + timedelta(minutes=59, seconds=59)
    assert hr.scim(answer) == 200
    frozen[0] = NOON + timedelta(minutes=60)
    assert hr.scim(answer) == 401


def test_a_revoked_secret_ends_its_tokens_at_once(hr: Machine, people: Cast) -> None:
    answer, other = hr.by_secret(), hr.by_assertion()
    apply(RevokeSecret(hr.secret_id), by=people.alice)
    assert (hr.scim(answer), hr.scim(other)) == (401, 200)
    assert refusal(hr.by_secret()) == (401, "invalid_client")


def test_a_disabled_system_gets_nothing(hr: Machine, people: Cast) -> None:
    answer = hr.by_secret()
    apply(ChangeConnection(hr.id, enabled=False), by=people.alice)
    assert hr.scim(answer) == 401
    assert refusal(hr.by_secret()) == (401, "invalid_client")
    assert refusal(hr.by_assertion()) == (401, "invalid_client")


def test_a_client_gives_its_token_back(hr: Machine) -> None:
    answer = hr.by_secret()
    assert answer.json is not None
    token = {"token": answer.json["access_token"], "token_type_hint": "access_token"}
    given = hr.ask(token, f"{ISSUER}/revoke", Authorization=hr.basic())
    assert (given.status_code, given.json) == (200, {})
    assert hr.scim(answer) == 401


def test_a_token_of_somebody_else_is_not_given_back(hr: Machine, people: Cast) -> None:
    others = machines.machine(hr.client, people.other_operator, people.other_hr.id)
    answer = others.by_secret("/oidc/contoso/token")
    assert answer.json is not None
    for token in (answer.json["access_token"], people.token, "nothing"):
        given = hr.ask({"token": token}, f"{ISSUER}/revoke", Authorization=hr.basic())
        assert given.status_code == 200  # RFC 7009 §2.2
    assert hr.scim(answer) == 200
    assert queries.caller_by_token(people.token) is not None


def test_to_give_back_one_must_prove_oneself(hr: Machine) -> None:
    wrong = hr.ask({"token": "x"}, f"{ISSUER}/revoke", Authorization=hr.basic(secret="x"))
    assert refusal(wrong) == (401, "invalid_client")
    nothing = hr.ask({"x": "y"}, f"{ISSUER}/revoke", Authorization=hr.basic())
    assert refusal(nothing) == (400, "invalid_request")


def test_the_use_of_a_secret_is_noted_and_not_audited(hr: Machine, people: Cast) -> None:
    before, _ = page(people.alice, AuditFilter())
    hr.by_secret()
    hr.by_assertion()
    after, _ = page(people.alice, AuditFilter())
    assert before == after
    assert all(one.last_used_at for one in queries.secrets_of(people.alice, hr.id))


@pytest.mark.parametrize("external", [True, False])
def test_the_metadata_tells_where_and_how(
    client: FlaskClient, people: Cast, external: bool
) -> None:
    place = (
        get_well_known_url(ISSUER)
        if external
        else f"{ISSUER}/.well-known/oauth-authorization-server"
    )
    answer = client.get(place)
    said = AuthorizationServerMetadata(answer.json)
    said.validate()
    assert (said.issuer, said.token_endpoint) == (ISSUER, f"{ISSUER}/token")
    assert "private_key_jwt" in said.token_endpoint_auth_methods_supported
    assert {"none", "HS256"}.isdisjoint(said.token_endpoint_auth_signing_alg_values_supported)
    assert "scim.write" in said.scopes_supported
    assert "max-age" in answer.headers["Cache-Control"]


def test_nobody_is_told_of_an_organization_that_is_not_there(client: FlaskClient) -> None:
    for answer in (
        client.get("/.well-known/oauth-authorization-server/oidc/nowhere"),
        client.post("/oidc/nowhere/token"),
        client.get("/oidc/nowhere/authorize"),
    ):
        assert refusal(answer) == (404, "invalid_request")
