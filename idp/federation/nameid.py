"""By which name a partner gets to know a person (SAML core §8.3).

Persistent names are pairwise: two partners cannot compare notes, and nobody can compute one
without the organization's salt. Base32 keeps them apart in systems that fold case (SDP-IDP12).
"""

import hmac
from base64 import b32encode
from dataclasses import dataclass
from hashlib import sha256

from idp import clock

from . import uris
from .authn_request import NameIdPolicy
from .errors import Refusal, at_their_end
from .partner import Terms
from .release import Person, primary

DEFAULT_FORMAT = uris.NAMEID_PERSISTENT
FORMATS = (
    uris.NAMEID_PERSISTENT,
    uris.NAMEID_TRANSIENT,
    uris.NAMEID_EMAIL,
    uris.NAMEID_UNSPECIFIED,
)


@dataclass(frozen=True, slots=True)
class NameId:
    """A name for the wire. The qualifiers are empty where the format has none (core §8.3.7)."""

    format: str
    value: str
    name_qualifier: str = ""
    sp_name_qualifier: str = ""


def choose_format(policy: NameIdPolicy, terms: Terms) -> str:
    """The format that the request, the terms or the metadata asks for. Raises Refusal.

    A request that names no format, or "unspecified", leaves the choice to us (core §3.4.1.1).
    """
    if policy.sp_name_qualifier not in ("", terms.partner.entity_id):
        raise _invalid("This identity provider names people for the requester alone.")
    if policy.format not in ("", uris.NAMEID_UNSPECIFIED):
        if policy.format not in FORMATS:
            raise _invalid("This format of names is not offered here.")
        return policy.format
    wishes = (terms.name_id_format, *terms.partner.nameid_formats)
    return next((wish for wish in wishes if wish in FORMATS), DEFAULT_FORMAT)


def make(format_: str, person: Person, terms: Terms, issuer: str, salt: bytes) -> NameId:
    """The person's name in this format at this partner. Raises Refusal where there is none."""
    partner = terms.partner.entity_id
    if format_ == uris.NAMEID_PERSISTENT:
        return NameId(format_, pairwise(person.id, partner, salt), issuer, partner)
    if format_ == uris.NAMEID_TRANSIENT:
        return NameId(format_, "_" + clock.new_secret(20), issuer, partner)
    if format_ == uris.NAMEID_EMAIL:
        return NameId(format_, _email(person))
    return NameId(format_, str(person.record.get("userName", "")))


def pairwise(person_id: str, partner: str, salt: bytes) -> str:
    """The same for the same person at the same partner, and meaningless anywhere else."""
    digest = hmac.digest(salt, f"{person_id}!{partner}".encode(), sha256)
    return b32encode(digest).decode().rstrip("=")


def _email(person: Person) -> str:
    address = primary(person.record, "emails")
    if not address:
        raise _invalid("The person has no e-mail address to be named by.")
    return address


def _invalid(sentence: str) -> Refusal:
    return at_their_end(uris.STATUS_INVALID_NAMEID_POLICY, sentence)
