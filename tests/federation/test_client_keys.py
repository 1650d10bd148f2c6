"""Public keys that an administrator pastes: what is read, and what is refused with a sentence."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from idp.federation.client_keys import KeyRefused, read_client_keys

EC_KEY = ECKey.generate_key("P-256")
RSA_KEY = RSAKey.generate_key(2048)
ED_KEY = OKPKey.generate_key("Ed25519")
PUBLIC = {"EC": EC_KEY, "RSA": RSA_KEY, "OKP": ED_KEY}


def certificate() -> str:
    """A self-signed certificate over a fresh P-256 key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(1))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize("kind", PUBLIC)
def test_a_jwk_is_read(kind: str) -> None:
    jwk = dict(PUBLIC[kind].as_dict(private=False))
    assert read_client_keys(json.dumps(jwk)) == [jwk]


@pytest.mark.parametrize("kind", PUBLIC)
def test_pem_becomes_a_jwk(kind: str) -> None:
    pem = PUBLIC[kind].as_pem(private=False).decode()
    (jwk,) = read_client_keys(f"\n{pem}\n")
    wanted = PUBLIC[kind].as_dict(private=False)
    assert {n: jwk[n] for n in ("kty", "n", "x") if n in jwk} == {
        n: wanted[n] for n in ("kty", "n", "x") if n in wanted
    }


def test_a_certificate_gives_its_key() -> None:
    (jwk,) = read_client_keys(certificate())
    assert (jwk["kty"], jwk["crv"]) == ("EC", "P-256")


def test_a_jwks_gives_every_key_that_signs() -> None:
    listed = [
        EC_KEY.as_dict(private=False) | {"use": "sig"},
        RSA_KEY.as_dict(private=False) | {"use": "enc"},
        ED_KEY.as_dict(private=False),
    ]
    found = read_client_keys(json.dumps({"keys": listed}))
    assert [jwk["kty"] for jwk in found] == ["EC", "OKP"]


@pytest.mark.parametrize(
    "exposed",
    [
        json.dumps(EC_KEY.as_dict(private=True)),
        json.dumps({"keys": [ED_KEY.as_dict(private=False), RSA_KEY.as_dict(private=True)]}),
        RSA_KEY.as_pem(private=True).decode(),
        json.dumps(OctKey.generate_key(256).as_dict(private=True)),
    ],
    ids=["jwk", "jwks", "pem", "secret"],
)
def test_a_private_key_is_refused_loudly(exposed: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        read_client_keys(exposed)
    assert refused.value.code == "key_private"
    assert "Make a new one" in refused.value.sentence
    assert "PRIVATE" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "null",
        "{}",
        '{"keys": {}}',
        '{"keys": []}',
        '{"keys": [1]}',
        '{"kty": ["EC"]}',
        '{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}',
        '{"kty": "RSA", "n": "", "e": "AQAB"}',
        '{"kty": "OKP", "crv": "Ed25519", "x": 5}',
        '{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}',
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "[" * 60_000,
        json.dumps(EC_KEY.as_dict(private=False) | {"use": "enc"}),
    ],
    ids=lambda text: text[:16],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        read_client_keys(text)
    assert refused.value.code == "key_unreadable"


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(KeyRefused) as refused:
        read_client_keys("x" * 70_000)
    assert refused.value.code == "key_too_long"


def test_what_the_product_reads_is_what_cryptography_wrote() -> None:
    for made in (ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)):
        pem = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        assert len(read_client_keys(pem.decode())) == 1
