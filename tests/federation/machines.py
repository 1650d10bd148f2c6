"""A system at the token endpoint: its secret, its key, and the requests it makes."""

import base64
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, Key
from werkzeug.test import TestResponse

from idp.changes import apply
from idp.changes.intents import IssueSecret, RegisterKey
from idp.clock import new_id
from idp.directory.actors import Actor
from idp.extensions import db
from tests.cast import Cast

ISSUER = "http://127.0.0.1:8000/oidc/northwind"
TOKEN = "/oidc/northwind/token"
GRANT = {"grant_type": "client_credentials"}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Machine:
    """HR of the cast, or another system, as an OAuth client."""

    client: FlaskClient
    id: str
    secret_id: str
    secret: str
    key: Key
    key_id: str

    def ask(self, form: Any = None, url: str = TOKEN, **headers: str) -> TestResponse:
        """Send a form, or text, to the token endpoint."""
        db.session.rollback()  # the test's context outlives requests, so its snapshot would too
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        body = urlencode(form) if isinstance(form, dict | list) else form
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.client.post(url, data=body, headers=kind | given)

    def by_secret(self, url: str = TOKEN, **more: str) -> TestResponse:
        """client_secret_post."""
        proof = {"client_id": self.id, "client_secret": self.secret}
        return self.ask(GRANT | proof | more, url)

    def basic(self, name: str | None = None, secret: str | None = None) -> str:
        """An Authorization header for client_secret_basic."""
        text = f"{self.id if name is None else name}:{self.secret if secret is None else secret}"
        return f"Basic {base64.b64encode(text.encode()).decode()}"

    def assertion(self, header: Any = None, key: Key | None = None, **claims: Any) -> str:
        """What the system signs; a claim of None is left out."""
        now = int(time.time())
        full = {
            "iss": self.id,
            "sub": self.id,
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "jti": new_id(),
        }
        kept = {n: v for n, v in (full | claims).items() if v is not None}
        alg = {"ECKey": "ES256", "RSAKey": "RS256", "OKPKey": "Ed25519"}
        signer = key or self.key
        head = {"alg": alg.get(type(signer).__name__, "HS256")} | (header or {})
        return jwt.encode(head, kept, signer, algorithms=[head["alg"]])

    def by_assertion(self, assertion: str | None = None, **more: str) -> TestResponse:
        """private_key_jwt."""
        proof = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion() if assertion is None else assertion,
        }
        return self.ask(GRANT | proof | more)

    def scim(self, answer: TestResponse, path: str = "/Users?count=1") -> int:
        """The status of a SCIM call with the access token of an answer."""
        assert answer.status_code == 200, answer.text
        db.session.rollback()
        bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}  # type: ignore[index]
        return self.client.get(f"/scim/v2{path}", headers=bearer).status_code


def machine(client: FlaskClient, by: Actor, connection: str, scope: str = "write") -> Machine:
    """A system with a secret and a key."""
    key = ECKey.generate_key("P-256")
    made = apply(
        IssueSecret(connection, scope),
        RegisterKey(connection, key.as_dict(private=False), scope),
        by=by,
    )
    secret, registered = made.results
    return Machine(client, connection, secret.id, secret.secret or "", key, registered.id)


def hr(client: FlaskClient, people: Cast, scope: str = "write") -> Machine:
    """HR of Northwind."""
    return machine(client, people.operator, people.hr.id, scope)


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Status and error, after checking that it is a whole OAuth error (RFC 6749 §5.2)."""
    body = answer.json
    assert body is not None, answer.text
    assert set(body) <= {"error", "error_description"}
    assert all(0x20 <= ord(sign) < 0x7F and sign not in '"\\' for sign in "".join(body.values()))
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, body["error"]
