"""A service provider that our code did not write: python-xmlsec signs, verifies and decrypts."""

import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from urllib.parse import quote_plus

import xmlsec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from idp import clock
from idp.federation import keys, uris

ENTITY = "https://sp.example/shibboleth"
ACS = "https://sp.example/Shibboleth.sso/SAML2/POST"
SSO = "https://id.example/saml/contoso/sso"
IDP = "https://id.example/saml/contoso/metadata"
NS = {"samlp": uris.SAMLP, "saml": uris.SAML, "ds": uris.DS, "md": uris.METADATA, "xenc": uris.XENC}


@cache
def made_key(name: str, algorithm: str = keys.RSA_2048) -> keys.GeneratedKey:
    """One key pair per name and test run: making RSA keys is slow."""
    return keys.generate(algorithm, name)


def der_text(key: keys.GeneratedKey) -> str:
    return keys.certificate_text(key.cert_pem)


def public(key: keys.GeneratedKey) -> keys.PublicKey:
    return keys.public_key(b64decode(der_text(key)))


def sp_metadata(
    *,
    signing: str = "",
    encryption: str = "",
    methods: tuple[str, ...] = (),
    attributes: str = "",
    role: str = "",
    acs: str | None = None,
    formats: tuple[str, ...] = (),
) -> bytes:
    """Metadata of the partner; certificates as base64 DER, `role` for attributes of its role."""
    listed = "".join(f'<md:EncryptionMethod Algorithm="{m}"/>' for m in methods)
    default_acs = (
        f'<md:AssertionConsumerService index="1" Binding="{uris.BINDING_POST}" Location="{ACS}"/>'
    )
    return f"""<md:EntityDescriptor xmlns:md="{uris.METADATA}" xmlns:ds="{uris.DS}"
        entityID="{ENTITY}" {attributes}>
      <md:SPSSODescriptor protocolSupportEnumeration="{uris.SAMLP}" {role}>
        {_key_descriptor("signing", signing)}{_key_descriptor("encryption", encryption, listed)}
        {"".join(f"<md:NameIDFormat>{f}</md:NameIDFormat>" for f in formats)}
        {default_acs if acs is None else acs}
      </md:SPSSODescriptor>
    </md:EntityDescriptor>""".encode()


def _key_descriptor(use: str, certificate: str, methods: str = "") -> str:
    if not certificate:
        return ""
    return (
        f'<md:KeyDescriptor use="{use}"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}'
        f"</ds:X509Certificate></ds:X509Data></ds:KeyInfo>{methods}</md:KeyDescriptor>"
    )


@dataclass
class Request:
    """An AuthnRequest as XML text; any attribute can be set, changed or (with None) left out."""

    inner: str = ""
    issuer: str = ENTITY
    attributes: dict[str, str | None] = field(default_factory=dict)

    def xml(self) -> str:
        given: dict[str, str | None] = {
            "ID": "_request1",
            "Version": "2.0",
            "IssueInstant": clock.rfc3339(clock.now()),
            "Destination": SSO,
            "AssertionConsumerServiceURL": ACS,
        }
        given |= self.attributes
        written = " ".join(
            f'{name}="{value}"' for name, value in given.items() if value is not None
        )
        return (
            f'<samlp:AuthnRequest xmlns:samlp="{uris.SAMLP}" xmlns:saml="{uris.SAML}" {written}>'
            f"<saml:Issuer>{self.issuer}</saml:Issuer>{self.inner}</samlp:AuthnRequest>"
        )


def request(inner: str = "", issuer: str = ENTITY, **attributes: str | None) -> str:
    return Request(inner, issuer, attributes).xml()


def context_wish(comparison: str, *classes: str) -> str:
    listed = "".join(f"<saml:AuthnContextClassRef>{c}</saml:AuthnContextClassRef>" for c in classes)
    tag = "samlp:RequestedAuthnContext"
    return f'<{tag} Comparison="{comparison}">{listed}</{tag}>'


def long_ago() -> str:
    return clock.rfc3339(clock.now() - timedelta(minutes=6))


def deflated(xml: str) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return machine.compress(xml.encode()) + machine.flush()


def redirect_query(xml: str, relay_state: str = "") -> str:
    query = "SAMLRequest=" + quote_plus(b64encode(deflated(xml)))
    return query + ("&RelayState=" + quote_plus(relay_state) if relay_state else "")


def signed_query(
    xml: str, key: keys.GeneratedKey, relay_state: str = "", *, lower_case_escapes: bool = False
) -> str:
    """A signed redirect, by `cryptography` alone."""
    loaded = keys.load(key.private_pem, key.cert_pem)
    query = redirect_query(xml, relay_state) + "&SigAlg=" + quote_plus(loaded.algorithm)
    if lower_case_escapes:
        query = _lower_escapes(query)
    return query + "&Signature=" + quote_plus(b64encode(loaded.sign(query.encode())))


def _lower_escapes(query: str) -> str:
    parts = query.split("%")
    return parts[0] + "".join("%" + part[:2].lower() + part[2:] for part in parts[1:])


def posted(xml: str | bytes) -> str:
    return b64encode(xml if isinstance(xml, bytes) else xml.encode()).decode()


def signed_inside(xml: str, key: keys.GeneratedKey, algorithm: str = "") -> bytes:
    """The message with an enveloped signature after its Issuer, made by python-xmlsec."""
    root = etree.fromstring(xml.encode())
    transform = getattr(xmlsec.Transform, algorithm) if algorithm else _transform(key)
    node = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, transform, ns="ds")
    root.insert(1, node)
    reference = xmlsec.template.add_reference(
        node, xmlsec.Transform.SHA256, uri="#" + root.get("ID")
    )
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(node))
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.private_pem, xmlsec.KeyFormat.PEM)
    context.sign(node)
    return etree.tostring(root)


def _transform(key: keys.GeneratedKey) -> object:
    loaded = keys.load(key.private_pem, key.cert_pem)
    is_rsa = loaded.algorithm == uris.RSA_SHA256
    return xmlsec.Transform.RSA_SHA256 if is_rsa else xmlsec.Transform.ECDSA_SHA256


def foreign_verify(element: etree._Element, key: keys.GeneratedKey) -> None:
    """python-xmlsec's verdict on the signature below `element`; raises xmlsec.Error."""
    xmlsec.tree.add_ids(element.getroottree().getroot(), ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.cert_pem, xmlsec.KeyFormat.CERT_PEM)
    context.verify(element.find("ds:Signature", NS))


def foreign_decrypt(response: etree._Element, key: keys.GeneratedKey) -> etree._Element:
    """python-xmlsec's decryption of the one EncryptedAssertion."""
    data = response.find("saml:EncryptedAssertion/xenc:EncryptedData", NS)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(key.private_pem, xmlsec.KeyFormat.PEM))
    return xmlsec.EncryptionContext(manager).decrypt(data)


def private(key: keys.GeneratedKey) -> keys.PrivateKey:
    loaded = load_pem_private_key(key.private_pem.encode(), None)
    assert isinstance(loaded, keys.PrivateKey)
    return loaded
