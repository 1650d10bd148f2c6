"""The answer to a partner, built as a tree: no value of a person can become markup.

SAML core §2, §3.3 and the web sign-on profile (SAML profiles §4.1.4.2) say what must be in it.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from idp import clock

from . import keys, uris, xmlenc, xmlsig
from .nameid import NameId
from .release import Released
from .uris import SAML, SAMLP, q

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SAML = {"saml": SAML}
_BOTH = {"samlp": SAMLP, "saml": SAML}


@dataclass(frozen=True, slots=True)
class Envelope:
    """Between whom an answer travels, and when. `until` ends the time in which it may be used."""

    issuer: str
    partner: str
    acs_url: str
    in_response_to: str
    now: datetime
    not_before: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class SignOn:
    """What we say of a person: who, since when signed in, until when, how, and with what."""

    name_id: NameId
    session_index: str
    authenticated_at: datetime
    session_ends: datetime | None
    context: str
    attributes: tuple[Released, ...]


@dataclass(frozen=True, slots=True)
class Protection:
    """How an answer is protected. `encrypt_to` is None where the partner has no key for it."""

    key: keys.SigningKey
    sign_response: bool = True
    sign_assertion: bool = True
    encrypt_to: tuple[rsa.RSAPublicKey, xmlenc.Choice] | None = None


def success(envelope: Envelope, sign_on: SignOn, protection: Protection) -> bytes:
    """A Response that carries the person to the partner, signed and encrypted as asked."""
    response = _response(envelope, (uris.STATUS_SUCCESS,))
    assertion = _assertion(envelope, sign_on)
    if protection.sign_assertion:
        xmlsig.sign(assertion, protection.key)
    if protection.encrypt_to is not None:
        recipient, choice = protection.encrypt_to
        assertion = xmlenc.encrypt(xmlsig.canonical(assertion), recipient, choice)
    response.append(assertion)
    if protection.sign_response or not protection.sign_assertion:
        xmlsig.sign(response, protection.key)
    return etree.tostring(response)


def refusal(
    envelope: Envelope, statuses: tuple[str, str], sentence: str, key: keys.SigningKey
) -> bytes:
    """A Response that says no (core §3.2.2): a top status, one below it, and a sentence; signed."""
    response = _response(envelope, statuses, sentence)
    xmlsig.sign(response, key)
    return etree.tostring(response)


def _response(envelope: Envelope, statuses: tuple[str, ...], sentence: str = "") -> etree._Element:
    response = etree.Element(
        q(SAMLP, "Response"),
        nsmap=_BOTH,
        ID=_new_id(),
        Version="2.0",
        IssueInstant=_time(envelope.now),
        Destination=envelope.acs_url,
        InResponseTo=envelope.in_response_to,
    )
    _add(response, "Issuer", envelope.issuer)
    status = parent = etree.SubElement(response, q(SAMLP, "Status"))
    for code in statuses:
        parent = etree.SubElement(parent, q(SAMLP, "StatusCode"), Value=code)
    if sentence:
        etree.SubElement(status, q(SAMLP, "StatusMessage")).text = _clean(sentence)
    return response


def _assertion(envelope: Envelope, sign_on: SignOn) -> etree._Element:
    assertion = etree.Element(
        q(SAML, "Assertion"),
        nsmap=_SAML,
        ID=_new_id(),
        Version="2.0",
        IssueInstant=_time(envelope.now),
    )
    _add(assertion, "Issuer", envelope.issuer)
    _subject(assertion, envelope, sign_on.name_id)
    conditions = _add(
        assertion,
        "Conditions",
        NotBefore=_time(envelope.not_before),
        NotOnOrAfter=_time(envelope.until),
    )
    _add(_add(conditions, "AudienceRestriction"), "Audience", envelope.partner)
    _authn_statement(assertion, sign_on)
    if sign_on.attributes:
        _attribute_statement(assertion, sign_on.attributes)
    return assertion


def _subject(assertion: etree._Element, envelope: Envelope, name_id: NameId) -> None:
    subject = _add(assertion, "Subject")
    qualifiers = {
        "NameQualifier": name_id.name_qualifier,
        "SPNameQualifier": name_id.sp_name_qualifier,
    }
    given = {name: value for name, value in qualifiers.items() if value}
    _add(subject, "NameID", name_id.value, Format=name_id.format, **given)
    confirmation = _add(subject, "SubjectConfirmation", Method=uris.CONFIRMATION_BEARER)
    _add(  # no NotBefore here: profiles §4.1.4.2 forbids it
        confirmation,
        "SubjectConfirmationData",
        InResponseTo=envelope.in_response_to,
        NotOnOrAfter=_time(envelope.until),
        Recipient=envelope.acs_url,
    )


def _authn_statement(assertion: etree._Element, sign_on: SignOn) -> None:
    ends = {"SessionNotOnOrAfter": _time(sign_on.session_ends)} if sign_on.session_ends else {}
    statement = _add(
        assertion,
        "AuthnStatement",
        AuthnInstant=_time(sign_on.authenticated_at),
        SessionIndex=sign_on.session_index,
        **ends,
    )
    _add(_add(statement, "AuthnContext"), "AuthnContextClassRef", sign_on.context)


def _attribute_statement(assertion: etree._Element, attributes: tuple[Released, ...]) -> None:
    statement = _add(assertion, "AttributeStatement")
    for released in attributes:
        friendly = {"FriendlyName": _clean(released.friendly)} if released.friendly else {}
        # Core §8.2: a name is a URI or it is "basic"; partners match on both.
        form = uris.ATTRNAME_URI if ":" in released.name else uris.ATTRNAME_BASIC
        attribute = _add(
            statement, "Attribute", Name=_clean(released.name), NameFormat=form, **friendly
        )
        for value in released.values:
            _add(attribute, "AttributeValue", value)


def _add(parent: etree._Element, tag: str, text: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, q(SAML, tag), attributes)
    if text:
        element.text = _clean(text)
    return element


def _clean(text: str) -> str:
    """Characters that XML 1.0 cannot hold would otherwise fail the whole sign-on."""
    return _NOT_XML.sub("\ufffd", text)


def _new_id() -> str:
    """160 random bits (core §1.3.4), after a letter because an xs:ID is a name."""
    return "_" + clock.new_secret(20)


def _time(moment: datetime) -> str:
    return clock.rfc3339(moment)
