"""An organization as an authorization server: its addresses, and what it says of itself (RFC 8414).

There is one issuer for each organization, at /oidc/{slug}: the name that the OpenID provider will
have. An issuer is whom clients, keys and audiences are registered with, so the token endpoint must
not move when people, too, sign in through it.
"""

from dataclasses import dataclass
from typing import Any

from idp.directory import api_scopes, queries

from .assertions import ALGORITHMS
from .errors import UnknownHere

PREFIX = "/oidc/"
WELL_KNOWN = "/.well-known/oauth-authorization-server"
# What a scope permits (scim.write includes reading); "scim" is the IPSIE profile's one word.
SCOPES = {"scim": "write", "scim.read": "read", "scim.write": "write"}
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")


@dataclass(frozen=True, slots=True)
class Issuer:
    """One organization at the token endpoint."""

    org_id: str
    url: str

    @property
    def token_url(self) -> str:
        """Where clients ask for access tokens."""
        return f"{self.url}/token"

    @property
    def revocation_url(self) -> str:
        """Where clients give them back."""
        return f"{self.url}/revoke"

    @property
    def audiences(self) -> tuple[str, ...]:
        """For whom a client may write its assertion (RFC 7523 §3)."""
        return (self.url, self.token_url)

    def metadata(self) -> dict[str, Any]:
        """What clients read about this server (RFC 8414 §2)."""
        signed = list(ALGORITHMS)
        return {
            "issuer": self.url,
            "token_endpoint": self.token_url,
            "revocation_endpoint": self.revocation_url,
            "grant_types_supported": ["client_credentials"],
            # Required, and never empty (§2, §3.2), though there is nothing yet that one could ask.
            "response_types_supported": ["none"],
            "scopes_supported": [*SCOPES, *api_scopes.SCOPES],
            "token_endpoint_auth_methods_supported": list(METHODS),
            "token_endpoint_auth_signing_alg_values_supported": signed,
            "revocation_endpoint_auth_methods_supported": list(METHODS),
            "revocation_endpoint_auth_signing_alg_values_supported": signed,
        }


def find(slug: str, public_url: str) -> Issuer:
    """The issuer of an address. Raises UnknownHere where there is no such organization."""
    organization = queries.organization_by_slug(slug)
    if organization is None:
        raise UnknownHere("organization_unknown", "There is no organization at this address.")
    return Issuer(organization.id, f"{public_url}{PREFIX}{organization.slug}")
