"""What a token endpoint must not fall for. Where Authlib alone would, the test says so."""

import base64
import hmac
import json
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, RSAKey

from idp.changes import apply
from idp.changes.intents import IssueSecret, RegisterKey
from idp.directory import queries
from idp.extensions import db
from idp.federation import oauth
from tests.cast import NOON, Cast
from tests.changes.steps import statements
from tests.federation import machines
from tests.federation.machines import ASSERTION_TYPE, GRANT, ISSUER, TOKEN, Machine, refusal

BAD_REQUEST = (400, "invalid_request")
BAD_CLIENT = (401, "invalid_client")


@pytest.fixture
def hr(client: FlaskClient, people: Cast) -> Machine:
    return machines.hr(client, people)


def segment(content: Any) -> str:
    """A part of a JWT."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def authenticated(hr: Machine, secret: bytes) -> str:
    """An assertion with HS256; joserfc itself would not misuse a key like this."""
    head, payload = segment({"alg": "HS256", "typ": "JWT"}), hr.assertion().split(".")[1]
    code = hmac.digest(secret, f"{head}.{payload}".encode(), "sha256")
    return f"{head}.{payload}.{segment(code)}"


# --- the request (Authlib reads the address too, takes the first of doubles, tries every way) ----


def test_no_parameter_may_be_there_twice(hr: Machine) -> None:
    proof = [("client_id", hr.id), ("client_secret", hr.secret)]
    for double in (("scope", "scim"), ("scope", "scim.read")), (("x", "1"), ("x", "1")):
        assert refusal(hr.ask([*GRANT.items(), *proof, *double])) == BAD_REQUEST


def test_credentials_in_the_address_are_refused(hr: Machine) -> None:
    query = f"?client_id={hr.id}&client_secret={hr.secret}"
    assert refusal(hr.ask(GRANT, TOKEN + query)) == BAD_REQUEST
    assert refusal(hr.ask("", f"{TOKEN}{query}&grant_type=client_credentials")) == BAD_REQUEST


def test_two_ways_at_once_are_refused_even_if_one_is_right(hr: Machine) -> None:
    secret = {"client_id": hr.id, "client_secret": hr.secret}
    signed = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": hr.assertion()}
    assert refusal(hr.ask(GRANT | secret, Authorization=hr.basic())) == BAD_REQUEST
    assert refusal(hr.ask(GRANT | signed, Authorization=hr.basic())) == BAD_REQUEST
    assert refusal(hr.ask(GRANT | signed | secret)) == BAD_REQUEST


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_another_content_type_is_refused(hr: Machine, kind: str) -> None:
    body = json.dumps(GRANT | {"client_id": hr.id, "client_secret": hr.secret})
    assert refusal(hr.ask(body, Content_Type=kind)) == BAD_REQUEST


def test_a_grant_must_be_named_and_known(hr: Machine) -> None:
    proof = {"client_id": hr.id, "client_secret": hr.secret}
    assert refusal(hr.ask(proof)) == BAD_REQUEST
    for grant in ("password", "authorization_code", "refresh_token", "client_credentials "):
        answer = hr.ask(proof | {"grant_type": grant, "username": "bob", "password": "x"})
        assert refusal(answer) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_post_is_answered(client: FlaskClient, people: Cast, method: str) -> None:
    answer = getattr(client, method)(TOKEN)
    assert refusal(answer) == (405, "invalid_request")
    assert "POST" in answer.headers["Allow"]


def test_a_body_without_end_is_refused(hr: Machine) -> None:
    assert refusal(hr.by_secret(scope="x" * 40_000)) == (413, "invalid_request")


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic /w==",
        "Basic YQ==",
        "Bearer x",
        "Basic Og==",
        "x",
        "Negotiate YTpi",
    ],
)
def test_an_unreadable_header_proves_nothing(hr: Machine, header: str) -> None:
    """Authlib fails where the header is no UTF-8, and looks for other ways where it is no Basic."""
    assert refusal(hr.ask(GRANT, Authorization=header)) == BAD_CLIENT


def test_the_body_cannot_name_another_client_than_the_header(hr: Machine, people: Cast) -> None:
    named = GRANT | {"client_id": people.other_hr.id}
    assert refusal(hr.ask(named, Authorization=hr.basic())) == BAD_REQUEST


# --- secrets --------------------------------------------------------------------------------------


def test_every_wrong_proof_is_answered_alike(
    hr: Machine, people: Cast, frozen: list[datetime]
) -> None:
    """Authlib tells an unknown client from a wrong secret, by words and by status."""
    ended = apply(IssueSecret(hr.id, expires_days=1), by=people.alice).first.secret or ""
    frozen[0] = NOON + timedelta(days=2)
    answers = [
        hr.ask(GRANT | {"client_id": who, "client_secret": what})
        for who, what in (
            ("nobody", hr.secret),
            (hr.id, "wrong"),
            (hr.id, ended),
            (hr.id, people.token),
            (people.other_hr.id, hr.secret),
            ("\x00", "\x00"),
            ("\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "x"),
        )
    ]
    answers.append(hr.ask(GRANT))
    answers.append(hr.ask(GRANT | {"client_id": hr.id}))
    answers.append(hr.ask(GRANT, Authorization=hr.basic(secret="wrong")))
    assert {refusal(answer) for answer in answers} == {BAD_CLIENT}
    assert len({answer.get_data() for answer in answers}) == 1
    assert len({answer.headers["WWW-Authenticate"] for answer in answers}) == 1


def test_wrong_and_unknown_are_looked_for_with_one_statement(hr: Machine, people: Cast) -> None:
    for who, what in ((hr.id, "wrong"), ("nobody", "wrong"), ("nobody", hr.secret)):
        db.session.rollback()
        with statements() as seen:
            assert queries.client_by_secret(people.org, who, what) is None
        assert [said.split()[0] for said in seen if said != "BEGIN"] == ["SELECT"]


def test_a_client_is_a_client_at_its_own_issuer_alone(hr: Machine, people: Cast) -> None:
    elsewhere = "/oidc/contoso/token"
    assert refusal(hr.by_secret(elsewhere)) == BAD_CLIENT
    signed = {
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": hr.assertion(aud=ISSUER.replace("northwind", "contoso")),
    }
    assert refusal(hr.ask(GRANT | signed, elsewhere)) == BAD_CLIENT


def test_tokens_and_secrets_do_not_stand_in_for_each_other(hr: Machine, people: Cast) -> None:
    answer = hr.by_secret()
    assert answer.json is not None
    access = answer.json["access_token"]
    for other in (access, people.token):
        wrong = hr.ask(GRANT | {"client_id": hr.id, "client_secret": other})
        assert refusal(wrong) == BAD_CLIENT
    bearer = {"Authorization": f"Bearer {hr.secret}"}
    assert hr.client.get("/scim/v2/Users", headers=bearer).status_code == 401


# --- assertions -----------------------------------------------------------------------------------


def test_an_assertion_is_used_once(hr: Machine) -> None:
    signed = hr.assertion()
    assert hr.by_assertion(signed).status_code == 200
    assert refusal(hr.by_assertion(signed)) == BAD_CLIENT


def test_the_same_jti_in_another_assertion_is_refused_too(hr: Machine) -> None:
    assert hr.by_assertion(hr.assertion(jti="once")).status_code == 200
    assert (
        refusal(hr.by_assertion(hr.assertion(jti="once", exp=int(time.time()) + 90))) == BAD_CLIENT
    )


def test_another_clients_jti_is_its_own(hr: Machine, people: Cast) -> None:
    other = machines.machine(hr.client, people.other_operator, people.other_hr.id)
    theirs = other.assertion(jti="once", aud=ISSUER.replace("northwind", "contoso"))
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": theirs}
    assert other.ask(GRANT | form, "/oidc/contoso/token").status_code == 200
    assert hr.by_assertion(hr.assertion(jti="once")).status_code == 200


NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": f"{ISSUER}/"},
        {"aud": f"{ISSUER}/revoke"},
        {"aud": None},
        {"aud": []},
        {"aud": [ISSUER, 5]},
        {"iss": "somebody"},
        {"iss": None},
        {"sub": "somebody"},
        {"sub": None},
        {"sub": 5},
        {"sub": "\x00"},
        {"sub": {"a": 1}},
        {"exp": None},
        {"exp": NOW - 3600},
        {"exp": "soon"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"nbf": NOW + 3600},
        {"iat": NOW + 3600},
        {"jti": None},
        {"jti": ""},
        {"jti": 5},
        {"jti": "x" * 257},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_wrong_claims_are_refused(hr: Machine, claims: dict[str, Any]) -> None:
    assert refusal(hr.by_assertion(hr.assertion(**claims))) == BAD_CLIENT


@pytest.mark.parametrize("ahead", [3600, 10**10, 10**400])
def test_an_assertion_that_ends_far_ahead_is_refused(hr: Machine, ahead: int) -> None:
    """Authlib takes any end, so what must be remembered would never be forgotten."""
    assert refusal(hr.by_assertion(hr.assertion(exp=int(time.time()) + ahead))) == BAD_CLIENT


def test_an_assertion_for_others_too_is_refused(hr: Machine) -> None:
    """Authlib is content where one of several audiences is this issuer."""
    for audience in ([ISSUER, "https://elsewhere.example"], [ISSUER, f"{ISSUER}/token"]):
        assert refusal(hr.by_assertion(hr.assertion(aud=audience))) == BAD_CLIENT


def test_the_body_cannot_name_another_client_than_the_assertion(hr: Machine, people: Cast) -> None:
    """Authlib does not compare them (RFC 7521 §4.2)."""
    assert refusal(hr.by_assertion(client_id=people.other_hr.id)) == BAD_CLIENT
    assert hr.by_assertion(client_id=hr.id).status_code == 200


def test_a_token_made_for_something_else_is_refused(hr: Machine) -> None:
    """Authlib does not look at the type."""
    for kind in ("at+jwt", "dpop+jwt", "logout+jwt"):
        assert refusal(hr.by_assertion(hr.assertion({"typ": kind}))) == BAD_CLIENT


def test_none_is_no_signature(hr: Machine) -> None:
    payload = hr.assertion().split(".")[1]
    for alg in ("none", "None", "NONE", ""):
        forged = f"{segment({'alg': alg})}.{payload}.{segment(b'x')}"
        assert refusal(hr.by_assertion(forged)) == BAD_CLIENT
        assert refusal(hr.by_assertion(f"{segment({'alg': alg})}.{payload}.")) == BAD_REQUEST


def test_the_public_key_is_no_password(hr: Machine, people: Cast) -> None:
    """HS256 with the public key, in each of its forms (CVE-2016-10555)."""
    rsa = RSAKey.generate_key(2048)
    apply(RegisterKey(hr.id, rsa.as_dict(private=False)), by=people.alice)
    for public in (rsa, hr.key):
        for known in (public.as_pem(private=False), public.as_der(private=False)):
            assert refusal(hr.by_assertion(authenticated(hr, known))) == BAD_CLIENT
            assert refusal(hr.by_assertion(authenticated(hr, known.strip()))) == BAD_CLIENT


def test_the_secret_is_no_signing_key(hr: Machine) -> None:
    """client_secret_jwt is not offered: the secret is kept as a hash."""
    assert refusal(hr.by_assertion(authenticated(hr, hr.secret.encode()))) == BAD_CLIENT


def test_a_key_in_the_header_is_not_trusted(hr: Machine) -> None:
    own = ECKey.generate_key("P-256")
    forged = hr.assertion({"jwk": own.as_dict(private=False)}, own)
    assert refusal(hr.by_assertion(forged)) == BAD_CLIENT


def test_another_clients_key_is_not_this_ones(hr: Machine, people: Cast) -> None:
    other = machines.machine(hr.client, people.other_operator, people.other_hr.id)
    assert refusal(hr.by_assertion(hr.assertion(key=other.key))) == BAD_CLIENT


def test_other_algorithms_are_refused_though_the_key_would_do(hr: Machine, people: Cast) -> None:
    rsa = RSAKey.generate_key(2048)
    apply(RegisterKey(hr.id, rsa.as_dict(private=False)), by=people.alice)
    for alg in ("RS384", "RS512", "PS384", "PS512"):
        assert refusal(hr.by_assertion(hr.assertion({"alg": alg}, rsa))) == BAD_CLIENT


@pytest.mark.parametrize(
    "header",
    [
        [],
        "text",
        5,
        None,
        {},
        {"alg": ["ES256"]},
        {"alg": {"a": 1}},
        {"alg": 5},
        {"alg": "ES256", "crit": ["exp"], "exp": 5},
        {"alg": "ES256", "b64": False, "crit": ["b64"]},
        {"alg": "ES256", "typ": ["JWT"]},
        {"alg": "ES256", "kid": ["a"]},
        {"alg": "ES256", "zip": "DEF"},
    ],
    ids=repr,
)
def test_a_broken_header_is_no_failure_of_ours(hr: Machine, header: Any) -> None:
    _, payload, signature = hr.assertion().split(".")
    assert refusal(hr.by_assertion(f"{segment(header)}.{payload}.{signature}")) == BAD_CLIENT


@pytest.mark.parametrize(
    "payload", [b"", b"x", b"[]", b"5", b"null", b"\xff", b"[" * 3000, b'{"a":' * 1000], ids=repr
)
def test_a_broken_payload_is_no_failure_of_ours(hr: Machine, payload: bytes) -> None:
    header, _, signature = hr.assertion().split(".")
    answer = hr.by_assertion(f"{header}.{segment(payload) or 'A'}.{signature}")
    assert refusal(answer) in (BAD_CLIENT, BAD_REQUEST)


@pytest.mark.parametrize("text", ["x", "a.b", "a.b.c.d", "a.b.c.d.e", "{}", "a.b.c=", "a." * 5000])
def test_what_is_no_jwt_is_refused(hr: Machine, text: str) -> None:
    assert refusal(hr.by_assertion(text)) in (BAD_REQUEST, BAD_CLIENT)


def test_an_oversized_assertion_is_not_even_read(hr: Machine) -> None:
    assert refusal(hr.by_assertion(hr.assertion(more="x" * 9000))) == BAD_REQUEST


def test_another_kind_of_assertion_is_refused(hr: Machine) -> None:
    saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
    for form in ({"client_assertion_type": saml}, {}):
        answer = hr.ask(GRANT | {"client_assertion": hr.assertion()} | form)
        assert refusal(answer) == BAD_REQUEST


# --- throttle -------------------------------------------------------------------------------------


def test_who_fails_again_and_again_waits(hr: Machine, frozen: list[datetime]) -> None:
    wrong = GRANT | {"client_id": hr.id, "client_secret": "wrong"}
    for _ in range(oauth.FREE_FAILURES_OF_CLIENT):
        assert refusal(hr.ask(wrong)) == BAD_CLIENT
    waiting = hr.by_secret()
    assert refusal(waiting) == (429, "temporarily_unavailable")
    frozen[0] = NOON + timedelta(seconds=int(waiting.headers["Retry-After"]))
    assert hr.by_secret().status_code == 200
    assert refusal(hr.ask(wrong)) == BAD_CLIENT  # a success has cleared the account


def test_nobody_elsewhere_can_shut_a_client_out(hr: Machine, frozen: list[datetime]) -> None:
    wrong = GRANT | {"client_id": hr.id, "client_secret": "wrong"}
    for _ in range(oauth.FREE_FAILURES_OF_CLIENT + 1):
        hr.client.post(TOKEN, data=wrong, environ_base={"REMOTE_ADDR": "203.0.113.7"})
    assert hr.by_secret().status_code == 200


def test_a_wrong_scope_is_no_failed_attempt(hr: Machine, frozen: list[datetime]) -> None:
    for _ in range(oauth.FREE_FAILURES_OF_CLIENT + 1):
        assert refusal(hr.by_secret(scope="openid")) == (400, "invalid_scope")
    assert hr.by_secret().status_code == 200
