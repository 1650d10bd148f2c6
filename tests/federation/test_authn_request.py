"""What a partner asks for is read whole and strictly."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.federation import authn_request, safexml, uris
from idp.federation.errors import MessageRefused
from tests.federation.partners import ACS, ENTITY, SSO, request


def read(xml: str) -> authn_request.AuthnRequest:
    return authn_request.read(safexml.parse(xml.encode()))


def refused(xml: str) -> str:
    with pytest.raises(MessageRefused) as refusal:
        read(xml)
    return refusal.value.code


def test_plain_request_is_read():
    asked = read(request())

    assert (asked.id, asked.issuer, asked.destination, asked.acs_url) == (
        "_request1",
        ENTITY,
        SSO,
        ACS,
    )
    assert (asked.force_authn, asked.is_passive, asked.context) == (False, False, None)


def test_wishes_are_read():
    policy = f'<samlp:NameIDPolicy Format="{uris.NAMEID_TRANSIENT}" SPNameQualifier="{ENTITY}"/>'
    classes = f"<saml:AuthnContextClassRef>{uris.CONTEXT_PASSWORD}</saml:AuthnContextClassRef>"
    context = (
        f'<samlp:RequestedAuthnContext Comparison="minimum">{classes}</samlp:RequestedAuthnContext>'
    )

    asked = read(request(inner=policy + context, ForceAuthn="1", IsPassive="true"))

    assert asked.force_authn
    assert asked.is_passive
    assert asked.policy == authn_request.NameIdPolicy(uris.NAMEID_TRANSIENT, ENTITY)
    assert asked.context == authn_request.ContextWish("minimum", (uris.CONTEXT_PASSWORD,))


def test_subject_is_read():
    asked = read(request(inner="<saml:Subject><saml:NameID>zoe</saml:NameID></saml:Subject>"))

    assert (asked.subject, asked.asks_more_of_subject) == ("zoe", False)


def test_endpoint_index_is_read():
    asked = read(request(AssertionConsumerServiceURL=None, AssertionConsumerServiceIndex="2"))

    assert (asked.acs_url, asked.acs_index) == ("", 2)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00.1234567Z",
        "2026-11-22T11:00:00+01:00",
        "2026-11-22T10:00:00",
    ],
)
def test_times_of_all_writers_are_read(text):
    instant = read(request(IssueInstant=text)).issued_at

    assert instant - datetime(2026, 11, 22, 10, tzinfo=UTC) < timedelta(seconds=1)


def test_unknown_extensions_are_ignored():
    extension = '<samlp:Extensions><x:y xmlns:x="urn:x" a="b">c</x:y></samlp:Extensions>'

    assert read(request(inner=extension)).id == "_request1"


def test_comment_in_the_issuer_does_not_cut_it():
    asked = read(request(issuer="https://sp.example<!-- -->.evil.example"))

    assert asked.issuer == "https://sp.example.evil.example"


@pytest.mark.parametrize(
    "xml, code",
    [
        ("<a/>", "not_authn_request"),
        (request().replace("AuthnRequest", "LogoutRequest"), "not_authn_request"),
        (request(issuer=""), "issuer_missing"),
        (request().replace("saml:Issuer", "saml:Other"), "issuer_missing"),
        (request(issuer="https://sp.example<x/>"), "request_malformed"),
        (
            request().replace("<saml:Issuer>", f'<saml:Issuer Format="{uris.NAMEID_EMAIL}">'),
            "issuer_format",
        ),
        (request(Version="1.1"), "version_unknown"),
        (request(Version=None), "version_unknown"),
        (request(ID=None), "request_id"),
        (request(ID=""), "request_id"),
        (request(ID="1 2"), "request_id"),
        (request(ID="_" + "x" * 300), "request_id"),
        (request(IssueInstant=None), "request_time"),
        (request(IssueInstant="yesterday"), "request_time"),
        (request(IssueInstant="0001-01-01T00:00:00+14:00"), "request_time"),
        (request(ForceAuthn="yes"), "request_malformed"),
        (request(AssertionConsumerServiceIndex="-1"), "request_malformed"),
        (
            request(AssertionConsumerServiceURL="https://sp.example/" + "x" * 2000),
            "request_malformed",
        ),
    ],
)
def test_unsound_request_is_refused(xml, code):
    assert refused(xml) == code
