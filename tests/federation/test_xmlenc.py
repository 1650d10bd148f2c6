"""What we encrypt, others decrypt; what a partner lists is honoured."""

from base64 import b64decode

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from idp.federation import uris, xmlenc
from idp.federation.partner import EncryptionKey
from tests.federation.partners import NS, foreign_decrypt, private, public

PLAIN = f'<saml:Assertion xmlns:saml="{uris.SAML}">Zoë</saml:Assertion>'.encode()
CBC = uris.XENC + "aes256-cbc"
RSA_15 = uris.XENC + "rsa-1_5"


def key_with(ciphers=(), transports=()) -> EncryptionKey:
    return EncryptionKey("", tuple(ciphers), tuple(transports))


def encrypted(theirs, choice: xmlenc.Choice) -> etree._Element:
    response = etree.Element("Response")
    response.append(xmlenc.encrypt(PLAIN, public(theirs), choice))
    return etree.fromstring(etree.tostring(response))


@pytest.mark.parametrize("cipher", [uris.AES256_GCM, uris.AES128_GCM])
@pytest.mark.parametrize("digest", [uris.SHA1, uris.SHA256])
def test_xmlsec_decrypts_what_we_encrypt(theirs, cipher, digest):
    choice = xmlenc.Choice(cipher, uris.RSA_OAEP_MGF1P, digest, uris.MGF1_SHA1)

    opened = foreign_decrypt(encrypted(theirs, choice), theirs)

    assert etree.tostring(opened, method="c14n") == PLAIN


@pytest.mark.parametrize(
    "digest, mask", [(uris.SHA256, uris.MGF1_SHA256), (uris.SHA1, uris.MGF1_SHA1)]
)
def test_newer_oaep_opens_with_its_own_mask(theirs, digest, mask):
    response = encrypted(theirs, xmlenc.Choice(uris.AES256_GCM, uris.RSA_OAEP, digest, mask))

    key = opened_key(response, theirs, digest, mask)

    assert opened_content(response, key) == PLAIN


def test_changed_content_does_not_open(theirs):
    response = encrypted(theirs, xmlenc.choose(key_with()))
    key = opened_key(response, theirs, uris.SHA1, uris.MGF1_SHA1)
    value = response.findall(".//xenc:CipherValue", NS)[1]
    value.text = "AAAA" + value.text[4:]

    with pytest.raises(InvalidTag):
        opened_content(response, key)


def test_nothing_listed_means_aes_256_gcm_and_plain_oaep():
    choice = xmlenc.choose(key_with())

    assert choice == xmlenc.Choice(uris.AES256_GCM, uris.RSA_OAEP_MGF1P, uris.SHA1, uris.MGF1_SHA1)


def test_first_listed_algorithms_that_are_safe_are_chosen():
    transports = [(uris.RSA_OAEP, uris.SHA256, uris.MGF1_SHA256), (uris.RSA_OAEP_MGF1P, "", "")]

    choice = xmlenc.choose(key_with([CBC, uris.AES128_GCM, uris.AES256_GCM], transports))

    assert choice == xmlenc.Choice(uris.AES128_GCM, *transports[0])


@pytest.mark.parametrize("ciphers", [[CBC], [RSA_15], [uris.XENC + "tripledes-cbc"]])
def test_only_unsafe_algorithms_listed_means_no_choice(ciphers):
    assert xmlenc.choose(key_with(ciphers)) is None


def opened_key(response, theirs, digest: str, mask: str) -> bytes:
    kinds = {uris.SHA1: hashes.SHA1, uris.SHA256: hashes.SHA256}
    masks = {uris.MGF1_SHA1: hashes.SHA1, uris.MGF1_SHA256: hashes.SHA256}
    sealed = b64decode(response.findtext(".//xenc:EncryptedKey//xenc:CipherValue", None, NS))
    oaep = padding.OAEP(padding.MGF1(masks[mask]()), kinds[digest](), None)
    return private(theirs).decrypt(sealed, oaep)


def opened_content(response, key: bytes) -> bytes:
    sealed = b64decode(
        response.findtext(".//xenc:EncryptedData/xenc:CipherData/xenc:CipherValue", None, NS)
    )
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], None)
