"""Messages as browsers carry them: packed, signed over the bytes as sent, and bounded."""

import zlib
from base64 import b64encode
from urllib.parse import quote_plus

import pytest

from idp.federation import bindings, keys, uris
from idp.federation.errors import MessageRefused, SignatureRefused
from tests.federation.partners import (
    deflated,
    made_key,
    posted,
    public,
    redirect_query,
    request,
    signed_inside,
    signed_query,
)

EC = made_key("Elliptic", keys.EC_P256)


def refused_redirect(query: str) -> str:
    with pytest.raises(MessageRefused) as refused:
        bindings.from_redirect(query.encode())
    return refused.value.code


def refused_signature(query: str, *trusted: keys.GeneratedKey) -> str:
    with pytest.raises(SignatureRefused) as refused:
        bindings.verified(bindings.from_redirect(query.encode()), [public(key) for key in trusted])
    return refused.value.code


def test_redirect_is_unpacked():
    arrival = bindings.from_redirect(redirect_query(request(), "ss:mem:1+2 3").encode())

    assert (arrival.root.get("ID"), arrival.relay_state) == ("_request1", "ss:mem:1+2 3")
    assert not arrival.is_signed


def test_post_is_unpacked():
    arrival = bindings.from_post(posted(request()), "state")

    assert (arrival.root.get("ID"), arrival.relay_state) == ("_request1", "state")


def test_post_with_line_breaks_in_its_base64_is_unpacked():
    text = posted(request())

    assert bindings.from_post(text[:76] + "\r\n" + text[76:], None).root.get("ID") == "_request1"


@pytest.mark.parametrize("key", [made_key("Partner"), EC], ids=["rsa", "elliptic"])
@pytest.mark.parametrize("relay_state", ["", "https://sp.example/deep?a=b&c=d é"])
def test_signed_redirect_is_accepted(key, relay_state):
    arrival = bindings.from_redirect(signed_query(request(), key, relay_state).encode())

    assert bindings.verified(arrival, [public(key)]).get("ID") == "_request1"


def test_lower_case_escapes_are_checked_as_sent(theirs):
    """AD FS and Entra escape in lower case; encoding again would break their signatures."""
    query = signed_query(request(), theirs, "a=b/c", lower_case_escapes=True)

    assert bindings.verified(bindings.from_redirect(query.encode()), [public(theirs)]) is not None


def test_parameters_may_come_in_any_order_and_among_others(theirs):
    parts = signed_query(request(), theirs, "state").split("&")
    query = "&".join(["utm=1", *reversed(parts)])

    assert bindings.verified(bindings.from_redirect(query.encode()), [public(theirs)]) is not None


def test_redirect_signed_by_a_stranger_is_refused(theirs, strangers):
    assert refused_signature(signed_query(request(), strangers), theirs) == "signature_wrong"


def test_redirect_with_a_swapped_relay_state_is_refused(theirs):
    query = signed_query(request(), theirs, "mine").replace("RelayState=mine", "RelayState=yours")

    assert refused_signature(query, theirs) == "signature_wrong"


def test_redirect_with_an_added_relay_state_is_refused(theirs):
    assert (
        refused_signature(signed_query(request(), theirs) + "&RelayState=x", theirs)
        == "signature_wrong"
    )


def test_redirect_signed_with_sha1_is_refused(theirs):
    query = signed_query(request(), theirs).replace(
        quote_plus(uris.RSA_SHA256), quote_plus(uris.RSA_SHA1)
    )

    assert refused_signature(query, theirs) == "signature_algorithm"


def test_signature_of_a_partner_without_a_key_is_refused(theirs):
    assert refused_signature(signed_query(request(), theirs)) == "signature_unknown"


@pytest.mark.parametrize("lost", ["Signature", "SigAlg"])
def test_half_a_signature_is_refused(theirs, lost):
    parts = signed_query(request(), theirs).split("&")
    query = "&".join(part for part in parts if not part.startswith(lost + "="))

    with pytest.raises(SignatureRefused):
        bindings.from_redirect(query.encode())


def test_signature_inside_a_redirected_message_must_be_right_too(theirs, strangers):
    forged = signed_inside(request(), strangers).decode()

    assert refused_signature(redirect_query(forged), theirs) == "signature_wrong"


def test_signed_post_is_accepted(theirs):
    arrival = bindings.from_post(posted(signed_inside(request(), theirs)), "")

    assert arrival.is_signed
    assert bindings.verified(arrival, [public(theirs)]).get("ID") == "_request1"


@pytest.mark.parametrize("name", ["SAMLRequest", "RelayState", "SigAlg", "Signature"])
def test_parameter_sent_twice_is_refused(theirs, name):
    """A second value could be read where the first was signed."""
    query = signed_query(request(), theirs, "state")

    assert refused_redirect(f"{query}&{name}=x") == "parameter_twice"


def test_parameter_sent_twice_under_an_escaped_name_is_refused(theirs):
    query = signed_query(request(), theirs, "state")

    assert refused_redirect(f"%53AMLRequest=x&{query}") == "parameter_twice"


def test_inflate_bomb_is_refused():
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = machine.compress(b"<a>" + b" " * 50_000_000) + machine.flush()

    assert refused_redirect("SAMLRequest=" + quote_plus(b64encode(bomb))) == "message_too_large"


def test_doctype_is_refused():
    assert refused_redirect(redirect_query("<!DOCTYPE a><a/>")) == "xml_doctype"


@pytest.mark.parametrize(
    "query, code",
    [
        ("", "request_missing"),
        ("SAMLRequest=", "request_missing"),
        ("SAMLRequest=%%%", "base64_broken"),
        ("SAMLRequest=%00%ff", "base64_broken"),
        ("SAMLRequest=" + quote_plus(b64encode(b"<a/>")), "deflate_broken"),
        ("SAMLRequest=" + quote_plus(b64encode(deflated("<a>"))), "xml_broken"),
        (redirect_query("<a/>") + "&SAMLEncoding=gzip", "encoding_unknown"),
        (redirect_query("<a/>") + "&RelayState=" + "x" * 2049, "relay_state_too_long"),
        ("SAMLRequest=" + "A" * 600_000, "message_too_large"),
    ],
)
def test_damaged_redirect_is_refused(query, code):
    assert refused_redirect(query) == code


@pytest.mark.parametrize(
    "message, code",
    [
        (None, "request_missing"),
        ("", "request_missing"),
        ("é", "base64_broken"),
        (posted("not xml"), "xml_broken"),
        (posted("<!DOCTYPE a><a/>"), "xml_doctype"),
        ("A" * 600_000, "message_too_large"),
    ],
)
def test_damaged_post_is_refused(message, code):
    with pytest.raises(MessageRefused) as refused:
        bindings.from_post(message, "")

    assert refused.value.code == code
