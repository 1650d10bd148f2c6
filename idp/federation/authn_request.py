"""AuthnRequest: what a partner asks for (SAML core §3.4.1), free of XML from here on."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from . import uris
from .errors import MessageRefused
from .uris import SAML, SAMLP, q

_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,255}")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MAX_URI = 1024
_NAME_ID = q(SAML, "NameID")


@dataclass(frozen=True, slots=True)
class NameIdPolicy:
    """Which kind of name the partner wants for the person; empty strings mean "as you like"."""

    format: str = ""
    sp_name_qualifier: str = ""


@dataclass(frozen=True, slots=True)
class ContextWish:
    """How strongly the person must have signed in (core §3.3.2.2.1)."""

    comparison: str
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """One request. Times are aware UTC; `acs_index` is None where the partner named none."""

    id: str
    issuer: str
    issued_at: datetime
    destination: str = ""
    acs_url: str = ""
    acs_index: int | None = None
    binding: str = ""
    force_authn: bool = False
    is_passive: bool = False
    policy: NameIdPolicy = NameIdPolicy()
    context: ContextWish | None = None
    subject: str = ""
    asks_more_of_subject: bool = False  # an encrypted name, or a way to confirm it


def issuer_of(root: etree._Element) -> str:
    """Who says to have sent this; needed to find the keys that may prove it."""
    if root.tag != q(SAMLP, "AuthnRequest"):
        raise MessageRefused("not_authn_request", "The message is not a sign-on request.")
    issuer = root.find(q(SAML, "Issuer"))
    name = "" if issuer is None else _text(issuer)
    if not name or issuer is None:
        raise MessageRefused("issuer_missing", "The request does not say who sent it.")
    # Core §8.3.6: an entity's name has this format or none.
    if issuer.get("Format", uris.NAMEID_ENTITY) != uris.NAMEID_ENTITY:
        raise MessageRefused("issuer_format", "The request's Issuer is not an entity.")
    return name


def read(root: etree._Element) -> AuthnRequest:
    """The request that an element holds. Raises MessageRefused where it is not sound."""
    issuer = issuer_of(root)
    if root.get("Version") != "2.0":
        raise MessageRefused("version_unknown", "The request is not of SAML version 2.0.")
    return AuthnRequest(
        id=_identifier(root.get("ID", "")),
        issuer=issuer,
        issued_at=_instant(root.get("IssueInstant", "")),
        destination=root.get("Destination", ""),
        acs_url=_uri(root.get("AssertionConsumerServiceURL", "")),
        acs_index=_index(root.get("AssertionConsumerServiceIndex")),
        binding=_uri(root.get("ProtocolBinding", "")),
        force_authn=_boolean(root.get("ForceAuthn", "false")),
        is_passive=_boolean(root.get("IsPassive", "false")),
        policy=_policy(root.find(q(SAMLP, "NameIDPolicy"))),
        context=_context(root.find(q(SAMLP, "RequestedAuthnContext"))),
        subject=_text_of(root.find(f"{q(SAML, 'Subject')}/{_NAME_ID}")),
        asks_more_of_subject=any(
            c.tag != _NAME_ID for c in root.iterfind(q(SAML, "Subject") + "/*")
        ),
    )


def _policy(element: etree._Element | None) -> NameIdPolicy:
    if element is None:
        return NameIdPolicy()
    return NameIdPolicy(_uri(element.get("Format", "")), _uri(element.get("SPNameQualifier", "")))


def _context(element: etree._Element | None) -> ContextWish | None:
    if element is None:
        return None
    classes = [_text(child) for child in element.findall(q(SAML, "AuthnContextClassRef"))]
    return ContextWish(element.get("Comparison", "exact"), tuple(classes))


def _text_of(element: etree._Element | None) -> str:
    return "" if element is None else _text(element)


def _text(element: etree._Element) -> str:
    if len(element):
        raise MessageRefused("request_malformed", "A name in the request has parts inside.")
    return _uri((element.text or "").strip())


def _uri(value: str) -> str:
    if len(value) > _MAX_URI:
        raise MessageRefused("request_malformed", "A value in the request is too long.")
    return value


def _identifier(value: str) -> str:
    if not _NCNAME.fullmatch(value):
        raise MessageRefused("request_id", "The request has no usable ID.")
    return value


def _index(value: str | None) -> int | None:
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", value):
        raise MessageRefused("request_malformed", "The request's endpoint index is not a number.")
    return int(value)


def _boolean(value: str) -> bool:
    if value.strip() not in _BOOLEANS:
        raise MessageRefused("request_malformed", "The request holds a truth value that is none.")
    return _BOOLEANS[value.strip()]


def _instant(value: str) -> datetime:
    """An xs:dateTime; without a zone it is UTC (core §1.3.3)."""
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MessageRefused(
            "request_time", "The request does not say when it was made."
        ) from error
