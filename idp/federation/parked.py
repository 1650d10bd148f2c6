"""A request waits, sealed in the database, while its person signs in. One URL resumes it.

What is kept is the request as accepted, not the message: its signature and its time were checked
when it arrived. The address holds a secret key, so tabs and server processes do not meet.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from idp import clock
from idp.changes import ledger

from .authn_request import AuthnRequest, ContextWish, NameIdPolicy
from .errors import Unanswerable

SAML = "saml"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A partner's request that passed every check of its arrival."""

    org_slug: str
    partner_id: str
    request: AuthnRequest
    acs_url: str
    relay_state: str
    received_at: datetime


def park(org_id: str, accepted: Accepted) -> str:
    """Keep the request; returns the key for its resume address."""
    payload = asdict(accepted)
    payload["received_at"] = clock.rfc3339(accepted.received_at)
    payload["request"]["issued_at"] = clock.rfc3339(accepted.request.issued_at)
    return ledger.park(org_id, {"protocol": SAML} | payload)


def find(key: str) -> tuple[str, Accepted]:
    """(organization's id, request) behind a key. Raises Unanswerable when it is gone."""
    held = ledger.parked(key)
    if held is None:
        raise _gone()
    org_id, payload = held
    return org_id, _accepted(payload)


def use_up(key: str) -> None:
    """End a parked request. Raises Unanswerable where another tab or process was quicker."""
    if not ledger.unpark(key):
        raise _gone()


def _accepted(payload: dict[str, Any]) -> Accepted:
    return Accepted(
        org_slug=payload["org_slug"],
        partner_id=payload["partner_id"],
        request=_request(payload["request"]),
        acs_url=payload["acs_url"],
        relay_state=payload["relay_state"],
        received_at=datetime.fromisoformat(payload["received_at"]),
    )


def _request(held: dict[str, Any]) -> AuthnRequest:
    wish = held["context"]
    return AuthnRequest(
        **held
        | {
            "issued_at": datetime.fromisoformat(held["issued_at"]),
            "policy": NameIdPolicy(**held["policy"]),
            "context": ContextWish(wish["comparison"], tuple(wish["classes"])) if wish else None,
        }
    )


def _gone() -> Unanswerable:
    return Unanswerable("request_gone", "This sign-on was finished already, or waited too long.")
