"""The token endpoint: client_credentials for systems that provision (RFC 6749 §4.4), by Authlib.

The only file that imports Authlib. One request, in order:

    oauth_request   strictly read: what Authlib would forgive is refused
    throttle        who fails again and again from one network waits
    Authlib         finds the grant, asks for the client, shapes the answer and the errors
    Server          who the client is: a secret by its hash, or an assertion by a registered key
    ledger          an access token, or none where the secret has ended meanwhile

Each request has a server of its own, so nothing is shared between organizations or threads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import ClientCredentialsGrant, InvalidClientError, InvalidScopeError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion

from idp import clock, logs
from idp.changes import ledger
from idp.directory import api_scopes, queries
from idp.directory.values import digest
from idp.directory.views import ClientView

from . import assertions
from .issuer import METHODS, SCOPES, Issuer
from .oauth_request import BadRequest, Posted

GRANT = "client_credentials"
FREE_FAILURES_OF_CLIENT = 20  # also how many of its requests may be under way at once
FREE_FAILURES_OF_NETWORK = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client is told, as JSON."""

    status: int
    body: Mapping[str, Any]
    headers: Sequence[tuple[str, str]]


def token(here: Issuer, posted: Posted, network: str, life: timedelta) -> Answer:
    """Give a client an access token (RFC 6749 §4.4), or tell it why not (§5.2).

    Raises BadRequest where no grant is named; Authlib would call that an unsupported one.
    """
    if "grant_type" not in posted.form:
        raise BadRequest("The grant_type is missing; it is client_credentials here.")
    return _answer(here, posted, network, life, lambda s, r: s.create_token_response(r))


def revoke(here: Issuer, posted: Posted, network: str) -> Answer:
    """End an access token that its client gives back (RFC 7009)."""
    nothing = timedelta(0)
    return _answer(
        here, posted, network, nothing, lambda s, r: s.create_endpoint_response("revocation", r)
    )


def _answer(
    here: Issuer,
    posted: Posted,
    network: str,
    life: timedelta,
    work: Callable[["Server", "Request"], Any],
) -> Answer:
    throttle = _throttle(here, posted, network)
    wait = ledger.attempt(throttle)
    if wait:
        return _later(wait)
    server = Server(here, posted, life, throttle)
    try:
        answer: Answer = work(server, Request(here, posted))
    except OAuth2Error as refused:  # raised before Authlib's own care begins
        answer = server.handle_response(*refused())
    if answer.status != 200:
        logs.log.info("oauth_refused", error=answer.body.get("error"), cause=server.cause)
    return answer


def _throttle(here: Issuer, posted: Posted, network: str) -> dict[str, int]:
    """Whom failures count against: never a client as such, or anybody could shut it out."""
    place = f"oauth:{here.org_id}:{network}"
    return {
        f"account:{digest(f'{place}:{posted.client_id}')}": FREE_FAILURES_OF_CLIENT,
        f"network:{digest(place)}": FREE_FAILURES_OF_NETWORK,
    }


def _later(wait: timedelta) -> Answer:
    seconds = max(1, round(wait.total_seconds()))
    sentence = f"Too many failed attempts. Try again in {seconds} seconds."
    body = {"error": "temporarily_unavailable", "error_description": sentence}
    return Answer(429, body, [("Retry-After", str(seconds))])


class Request(OAuth2Request):
    """A request that was read already. Authlib refuses addresses that are not https or local."""

    def __init__(self, here: Issuer, posted: Posted) -> None:
        super().__init__("POST", here.token_url)
        self.payload = BasicOAuth2Payload(posted.form)

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters of the body."""
        return self.payload.data  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Client:
    """A client that has proven itself, as Authlib asks of one."""

    view: ClientView

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Every way that is offered is open to every client."""
        return method in METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        """Systems act for themselves alone."""
        return grant_type == GRANT


class ClientRefused(InvalidClientError):
    """The one answer to every client that is not proven, whatever is wrong (RFC 6749 §5.2)."""

    def __init__(self, realm: str) -> None:
        super().__init__("The client is unknown, or what it proves itself by is not valid.")
        self.status_code = 401
        self.realm = realm

    def get_headers(self) -> list[tuple[str, str]]:
        """With the challenge of RFC 7617 §2."""
        kept = [pair for pair in super().get_headers() if pair[0] != "WWW-Authenticate"]
        return [*kept, ("WWW-Authenticate", f'Basic realm="{self.realm}"')]


class Server(AuthorizationServer):
    """Authlib's flow for one organization and one request."""

    def __init__(
        self, here: Issuer, posted: Posted, life: timedelta, throttle: dict[str, int]
    ) -> None:
        super().__init__()
        self.here, self.posted, self.life, self.throttle = here, posted, life, throttle
        self.cause = ""
        self.register_grant(ClientCredentialsGrant)
        self.register_endpoint(Revocation)
        self.register_client_auth_method("client_secret_basic", self._by_secret)
        self.register_client_auth_method("client_secret_post", self._by_secret)
        self.register_client_auth_method("private_key_jwt", Assertion(here))

    def authenticate_client(
        self, request: Request, _methods: Sequence[str], endpoint: str = "token"
    ) -> Client:
        """Try the one way in which the client proves itself; every failure sounds the same."""
        tried = [m for m in METHODS if m == self.posted.method]
        try:
            client: Client = super().authenticate_client(request, tried, endpoint)
        except (OAuth2Error, assertions.AssertionRefused) as refused:
            self.cause = str(refused)
            raise ClientRefused(self.here.url) from None
        if self.posted.client_id not in ("", client.view.id):  # RFC 7521 §4.2
            self.cause = "the assertion is another client's"
            raise ClientRefused(self.here.url)
        ledger.forgive(self.throttle)
        return client

    def query_client(self, client_id: str) -> str:
        """Clients are found by what they prove, not by their names."""
        return client_id

    def _by_secret(self, _query: Any, _request: Request) -> Client | None:
        sent = self.posted
        view = queries.client_by_secret(self.here.org_id, sent.client_id, sent.secret)
        return Client(view) if view else None

    def generate_token(
        self, *, client: Client, scope: str | None = None, **_more: Any
    ) -> dict[str, Any]:
        """Make the access token, unless the client's secret has ended in this very moment."""
        words = granted(scope, client.view.scope, client.view.api_scopes)
        permits = _permits(words)
        made = ledger.grant_access(client.view, permits, self.life)
        if made is None:
            raise ClientRefused(self.here.url)
        return {
            "access_token": made.token,
            "token_type": "Bearer",
            "expires_in": int(made.life.total_seconds()),
            "scope": " ".join(words),
        }

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        """It was kept, by its hash, when it was made."""

    def send_signal(self, name: str, *_given: Any, **_named: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Request) -> Request:
        """It is one already."""
        return request

    def handle_response(
        self, status: int, body: Mapping[str, Any], headers: Sequence[tuple[str, str]]
    ) -> Answer:
        """Whatever Authlib says, as an answer."""
        return Answer(status, body, headers)


def granted(asked: str | None, permitted: str, api: Sequence[str] = ()) -> list[str]:
    """The scopes that a client gets: what it asks for, as far as its secret reaches (§3.3).

    A token is for SCIM or, with scopes of `api` that its connection was granted, for the JSON
    interface. Raises InvalidScopeError for a scope that does not exist, and where nothing is left.
    """
    words = list(dict.fromkeys((asked or "scim.read scim.write").split()))
    possible = _possible(permitted, api)
    known = (SCOPES.keys(), api_scopes.SCOPES.keys())
    reached = [word for word in words if word in possible]
    if not reached or not any(names >= set(words) for names in known):
        raise InvalidScopeError(f"This client may ask for: {' '.join(possible)}.")
    return reached


def _possible(permitted: str, api: Sequence[str]) -> list[str]:
    scim = [word for word, permits in SCOPES.items() if permitted in ("write", permits)]
    return scim + [word for word in api if permitted == "write" or not api_scopes.writes(word)]


def _permits(words: Sequence[str]) -> str:
    """What is kept with a token: what it permits in SCIM, or its scopes for the other door."""
    if words[0] in api_scopes.SCOPES:
        return " ".join(words)
    return "write" if "write" in map(SCOPES.get, words) else "read"


class Assertion(JWTBearerClientAssertion):
    """private_key_jwt: Authlib reads and checks the claims, `assertions` what it leaves open."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, here: Issuer) -> None:
        super().__init__(leeway=int(assertions.LEEWAY.total_seconds()))
        self.here = here
        self.proven: ClientView | None = None

    def extract_assertion(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims before anything is proven; Authlib fails where they are deep."""
        try:
            read: tuple[dict[str, Any], dict[str, Any]] = super().extract_assertion(assertion)
        except assertions.UNREADABLE as error:
            raise assertions.AssertionRefused(repr(error)) from None
        return read

    def get_audiences(self) -> list[str]:
        """This issuer, by its name or its token endpoint."""
        return list(self.here.audiences)

    def resolve_client_public_key(self, client: str) -> list[ClientView]:
        """The client by each of its registered keys."""
        return queries.client_keys(self.here.org_id, client)

    def process_assertion_claims(
        self, assertion: str, resolve_key: list[ClientView]
    ) -> dict[str, Any]:
        """Find the key that has signed; then the claims."""
        keys = [view.jwk or {} for view in resolve_key]
        place, claims = assertions.verified(assertion, keys)
        self.verify_claims(claims)
        self.proven = resolve_key[place]
        return claims

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        """Once only, whichever process it reaches."""
        until = assertions.check_claims(claims, self.here.audiences, clock.now())
        return ledger.first_seen(self.here.org_id, f"jti:{claims['sub']}:{jti}", until)

    def authenticate_client(self, _client: str) -> Client | None:
        """The client by the key that has signed."""
        return Client(self.proven) if self.proven else None


class Revocation(RevocationEndpoint):
    """RFC 7009: what is no access token of this client is no error, and nothing happens."""

    def authenticate_token(self, request: Request, client: Client) -> str:
        """The token as it came; whose it is, the ledger looks."""
        self.check_params(request, client)
        return request.form["token"]

    def revoke_token(self, token: str, request: Request) -> None:
        """End it."""
        ledger.end_access(request.client.view, token)
