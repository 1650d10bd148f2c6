"""Is this request sound, and from whom? Each check in order; nothing is told to a partner before.

A request that fails here ends on a page of ours, because nobody has proven yet where an answer
may go (saml2int SDP-IDP06). What comes out is an `Accepted` that may wait for its person.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp import clock
from idp.directory import queries
from idp.directory.views import ConnectionView

from . import authn_request, bindings
from .authn_request import AuthnRequest
from .bindings import Arrival
from .errors import Unanswerable
from .home import Home
from .parked import Accepted
from .partner import Endpoint, LoadedTerms, Partner, TermsCache

SKEW = timedelta(minutes=5)  # how far clocks may differ, in both directions (IIP-G02)
_cache = TermsCache()


@dataclass(slots=True)
class Reading:
    """A request while it is being checked; each step fills in what it has proven."""

    home: Home
    arrival: Arrival
    now: datetime
    partner_id: str = ""
    terms: LoadedTerms = field(init=False)
    request: AuthnRequest = field(init=False)
    acs_url: str = ""


def accept(home: Home, arrival: Arrival) -> Accepted:
    """The request, checked. Raises DirectoryError kinds of this room (see `errors`)."""
    reading = Reading(home, arrival, clock.now())
    for step in STEPS:
        step(reading)
    return Accepted(
        org_slug=home.slug,
        partner_id=reading.partner_id,
        request=reading.request,
        acs_url=reading.acs_url,
        relay_state=arrival.relay_state,
        received_at=reading.now,
    )


def partner_now(org_id: str, partner_id: str) -> tuple[ConnectionView, LoadedTerms]:
    """A partner and its terms as they are now. Raises Unanswerable when it is gone or disabled."""
    connection = queries.partner_by_id(org_id, partner_id)
    if connection is None or not connection.enabled:
        raise _unknown("")
    return connection, _cache.get(connection.id, connection.version, connection.settings)


def know_the_partner(reading: Reading) -> None:
    """The claimed sender must be registered; its keys and addresses come from there alone."""
    issuer = authn_request.issuer_of(reading.arrival.root)
    connection = queries.partner_by_entity_id(reading.home.org_id, issuer)
    if connection is None or connection.kind != "saml" or not connection.enabled:
        raise _unknown(issuer)
    reading.partner_id = connection.id
    reading.terms = _cache.get(connection.id, connection.version, connection.settings)


def check_metadata_age(reading: Reading) -> None:
    """Metadata is not used after the time that it names itself (metadata §2.3.2)."""
    end = reading.terms.partner.valid_until
    if end and datetime.fromisoformat(end) <= reading.now:
        raise Unanswerable(
            "partner_expired",
            "What the application told us about itself has expired; it has to be registered anew.",
        )


def check_signature(reading: Reading) -> None:
    """Required where the metadata says so; a signature that is there must be right everywhere."""
    arrival, terms = reading.arrival, reading.terms
    root = arrival.root
    if arrival.is_signed:
        root = bindings.verified(arrival, terms.verifying)
    elif terms.partner.authn_requests_signed:
        raise Unanswerable(
            "signature_missing", "This application must sign its requests, and did not."
        )
    reading.request = authn_request.read(root)
    if reading.request.issuer != terms.partner.entity_id:
        raise Unanswerable("signature_elsewhere", "The signature covers another request.")


def check_destination(reading: Reading) -> None:
    """Meant for us; a signed request must say so (bindings §3.4.5.2, §3.5.5.2)."""
    destination = reading.request.destination
    if not destination and not reading.arrival.is_signed:
        return
    if destination != reading.home.sso_url:
        raise Unanswerable(
            "destination_wrong",
            "This request was meant for another address.",
            cause=f"Destination {destination!r}, here is {reading.home.sso_url!r}",
        )


def check_freshness(reading: Reading) -> None:
    """Made just now, by clocks that may differ a little."""
    age = reading.now - reading.request.issued_at
    if abs(age) > SKEW:
        raise Unanswerable(
            "request_stale",
            "This request is too old, or a clock is wrong.",
            cause=f"issued {age.total_seconds():.0f} s ago",
        )


def choose_endpoint(reading: Reading) -> None:
    """The answer goes to a registered address, compared character by character, or nowhere."""
    endpoint = endpoint_for(reading.request, reading.terms.partner)
    if endpoint is None:
        raise Unanswerable(
            "endpoint_unknown",
            "The request asks for an answer at an address that the application has not registered.",
            cause=f"asked for {reading.request.acs_url!r} or {reading.request.acs_index}",
        )
    reading.acs_url = endpoint.location


def endpoint_for(request: AuthnRequest, partner: Partner) -> Endpoint | None:
    """By address, by index, or the default (core §3.4.1); both must mean the same one."""
    if request.acs_url:
        endpoint = partner.acs_at(request.acs_url)
        if endpoint and request.acs_index not in (None, endpoint.index):
            return None
        return endpoint
    if request.acs_index is not None:
        return partner.acs_numbered(request.acs_index)
    return partner.acs_default()


STEPS: tuple[Callable[[Reading], None], ...] = (
    know_the_partner,
    check_metadata_age,
    check_signature,
    check_destination,
    check_freshness,
    choose_endpoint,
)


def _unknown(issuer: str) -> Unanswerable:
    return Unanswerable(
        "partner_unknown",
        "The application that sent you here is not registered, or is switched off.",
        cause=f"issuer {issuer!r}",
    )
