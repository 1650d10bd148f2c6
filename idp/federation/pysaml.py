"""The only file that meets pysaml2: metadata in (a partner's) and metadata out (ours).

pysaml2 serves as the model of metadata documents. What it reads has been through `safexml` and
is handed over in canonical form; nothing of its crypto, its processes, its configuration or its
module state is used.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from saml2 import element_to_extension_element, extension_elements_to_elements, md, xmldsig
from saml2.extension import algsupport, mdui, shibmd

from idp import clock

from . import keys, safexml, uris, xmlenc, xmlsig
from .errors import MessageRefused, MetadataRefused
from .partner import EncryptionKey, Endpoint, Partner, RequestedAttribute

_ENTITIES = uris.q(uris.METADATA, "EntitiesDescriptor")
_ENTITY = uris.q(uris.METADATA, "EntityDescriptor")
_SP_ROLE = uris.q(uris.METADATA, "SPSSODescriptor")
_PREFIXES = {
    "md": uris.METADATA,
    "ds": uris.DS,
    "alg": algsupport.NAMESPACE,
    "mdui": mdui.NAMESPACE,
    "shibmd": shibmd.NAMESPACE,
}
_CACHE_FOR = "PT6H"  # short enough that a rollover announced a day ahead reaches everybody
_NAMEID_FORMATS = (
    uris.NAMEID_PERSISTENT,
    uris.NAMEID_TRANSIENT,
    uris.NAMEID_EMAIL,
    uris.NAMEID_UNSPECIFIED,
)
_MAX_ENTITY_ID = 1024  # metadata §2.2.1


@dataclass(frozen=True, slots=True)
class OwnDescription:
    """What our metadata says of one organization. `certificates` are base64 DER, current first."""

    entity_id: str
    sso_url: str
    display_name: str
    scopes: Sequence[str]
    certificates: Sequence[str]


def read_partner(metadata: bytes) -> Partner:
    """The service provider that a metadata document describes. Raises MetadataRefused.

    The document's own signature is not looked at: whoever registers it vouches for it.
    """
    entity = _one_entity(_parsed(metadata))
    role = _service_provider(entity)
    valid_until = _valid_until(entity.valid_until, role.valid_until)
    return Partner(
        entity_id=_entity_id(entity.entity_id),
        display_name=_display_name(entity, role),
        acs=_consumers(role),
        slo=tuple(_endpoints(role.single_logout_service)),
        signing=tuple(_signing(role.key_descriptor)),
        encryption=tuple(_encryption(role.key_descriptor)),
        nameid_formats=tuple(t for t in map(_text, role.name_id_format) if t),
        requested_attributes=tuple(_requested(role.attribute_consuming_service)),
        authn_requests_signed=_is_true(role.authn_requests_signed),
        want_assertions_signed=_is_true(role.want_assertions_signed),
        valid_until=valid_until,
    )


def write_own(own: OwnDescription, key: keys.SigningKey) -> bytes:
    """Our metadata for one organization, signed. Every certificate in it may sign responses."""
    entity = md.EntityDescriptor(
        id="_" + clock.new_secret(20),
        entity_id=own.entity_id,
        cache_duration=_CACHE_FOR,
        extensions=_extensions(_algorithms()),
        idpsso_descriptor=[_idp_role(own)],
    )
    root = safexml.again(entity.to_string(_PREFIXES))
    xmlsig.sign(root, key)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _parsed(metadata: bytes) -> etree._Element:
    try:
        return safexml.parse(metadata, safexml.MAX_METADATA)
    except MessageRefused as error:
        raise MetadataRefused(error.code, error.sentence, cause=error.cause) from error


def _one_entity(root: etree._Element) -> Any:
    if root.tag not in (_ENTITY, _ENTITIES):
        raise MetadataRefused("not_metadata", "This is not SAML 2.0 metadata.")
    providers = [root] if root.tag == _ENTITY else _providers(root)
    if len(providers) != 1:
        raise MetadataRefused(
            "metadata_not_one",
            f"The metadata holds {len(providers)} service providers; give the metadata of one.",
        )
    alone = safexml.again(etree.tostring(providers[0], with_tail=False))
    _keep_first_certificates(alone)
    return md.entity_descriptor_from_string(xmlsig.canonical(alone))


def _providers(root: etree._Element) -> list[etree._Element]:
    return [entity for entity in root.iter(_ENTITY) if entity.find(_SP_ROLE) is not None]


def _keep_first_certificates(root: etree._Element) -> None:
    """In a chain the first is the partner's; pysaml2 would keep only the last, the authority's."""
    for data in root.iter(uris.q(uris.DS, "X509Data")):
        for surplus in data.findall(uris.q(uris.DS, "X509Certificate"))[1:]:
            data.remove(surplus)


def _service_provider(entity: Any) -> Any:
    for role in entity.spsso_descriptor:
        if uris.SAMLP in (role.protocol_support_enumeration or "").split():
            return role
    raise MetadataRefused(
        "no_service_provider", "The metadata describes no SAML 2.0 service provider."
    )


def _entity_id(value: str | None) -> str:
    if not value or len(value) > _MAX_ENTITY_ID:
        raise MetadataRefused(
            "entity_id", "The metadata needs an entityID of at most 1024 characters."
        )
    return value


def _consumers(role: Any) -> tuple[Endpoint, ...]:
    found = tuple(_endpoints(role.assertion_consumer_service))
    if not any(endpoint.binding == uris.BINDING_POST for endpoint in found):
        raise MetadataRefused(
            "no_post_consumer",
            "The metadata names no AssertionConsumerService with the HTTP-POST binding.",
        )
    return found


def _endpoints(services: Iterable[Any]) -> Iterable[Endpoint]:
    for service in services:
        for location in filter(None, (service.location, service.response_location)):
            _check_address(location)
        index = getattr(service, "index", None) or ""
        default = getattr(service, "is_default", None)
        yield Endpoint(
            location=service.location or "",
            binding=service.binding or "",
            index=int(index) if index.isdecimal() else None,
            default=None if default is None else _is_true(default),
            response_location=service.response_location or "",
        )


def _check_address(location: str) -> None:
    """Browsers are sent there with a person's attributes: it must be a plain web address."""
    try:
        parts = urlsplit(location)
        sound = parts.scheme in ("https", "http") and parts.hostname and not parts.username
    except ValueError:
        sound = False
    if not sound or any(character <= " " for character in location):
        raise MetadataRefused(
            "endpoint_address", f"{location[:200]!r} in the metadata is not a web address."
        )


def _signing(descriptors: Iterable[Any]) -> Iterable[str]:
    for descriptor in descriptors:
        if descriptor.use in (None, "signing"):  # a missing use means both (metadata §2.4.1.1)
            yield from (text for text, _ in _certificate(descriptor))


def _encryption(descriptors: Iterable[Any]) -> Iterable[EncryptionKey]:
    for descriptor in descriptors:
        if descriptor.use not in (None, "encryption"):
            continue
        for text, key in _certificate(descriptor):
            if isinstance(key, rsa.RSAPublicKey):
                yield _encryption_key(text, descriptor.encryption_method)
            elif descriptor.use == "encryption":
                raise MetadataRefused(
                    "encryption_key_type", "The partner's encryption key must be an RSA key."
                )


def _encryption_key(certificate: str, methods: Iterable[Any]) -> EncryptionKey:
    ciphers: list[str] = []
    transports: list[tuple[str, str, str]] = []
    for method in methods:
        algorithm = method.algorithm or ""
        if algorithm in (uris.RSA_OAEP, uris.RSA_OAEP_MGF1P):
            transports.append((algorithm, _part(method, "DigestMethod"), _part(method, "MGF")))
        else:
            ciphers.append(algorithm)
    key = EncryptionKey(certificate, tuple(ciphers), tuple(transports))
    if xmlenc.choose(key) is None:
        raise MetadataRefused(
            "encryption_methods",
            "The partner accepts no cipher that is safe; it must list AES-GCM and RSA-OAEP.",
        )
    return key


def _part(method: Any, tag: str) -> str:
    """The algorithm of an extension element such as ds:DigestMethod or xenc11:MGF."""
    found = (e for e in method.extension_elements if e.tag == tag)
    return next((e.attributes.get("Algorithm", "") for e in found), "")


def _certificate(descriptor: Any) -> Iterable[tuple[str, keys.PublicKey]]:
    """The first certificate of a KeyDescriptor: others could only name the same key."""
    data = descriptor.key_info.x509_data if descriptor.key_info else []
    texts = [_text(item.x509_certificate) for item in data if item.x509_certificate]
    for text in filter(None, texts[:1]):
        plain = "".join(text.split())
        try:
            yield plain, keys.public_key(b64decode(plain, validate=True))
        except (binascii.Error, ValueError) as error:
            raise MetadataRefused(
                "certificate", f"A certificate in the metadata cannot be used: {error}."
            ) from error


def _requested(services: Iterable[Any]) -> Iterable[RequestedAttribute]:
    for service in services:
        for attribute in service.requested_attribute:
            yield RequestedAttribute(
                attribute.name or "",
                attribute.name_format or "",
                attribute.friendly_name or "",
                _is_true(attribute.is_required),
            )


def _display_name(entity: Any, role: Any) -> str:
    ui = _ui_info(role)
    candidates = [*(ui.display_name if ui else [])]
    for service in role.attribute_consuming_service:
        candidates += service.service_name
    for holder in (role, entity):
        candidates += holder.organization.organization_display_name if holder.organization else []
    english = [c for c in candidates if (c.lang or "").startswith("en")]
    return next(filter(None, map(_text, english + candidates)), entity.entity_id or "")[:256]


def _ui_info(role: Any) -> Any:
    elements = role.extensions.extension_elements if role.extensions else []
    found = extension_elements_to_elements(elements, [mdui])
    return next((e for e in found if isinstance(e, mdui.UIInfo)), None)


def _valid_until(*texts: str | None) -> str:
    """The earliest end, which must not have come yet (metadata §2.3.2)."""
    ends = [_moment(text) for text in texts if text]
    if not ends:
        return ""
    if min(ends) <= clock.now():
        raise MetadataRefused(
            "metadata_expired", "The metadata has expired; ask the partner for a new one."
        )
    return clock.rfc3339(min(ends))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError as error:
        raise MetadataRefused("metadata_time", "The metadata's validUntil is no time.") from error


def _text(element: Any) -> str:
    return (element.text or "").strip()


def _is_true(value: str | None) -> bool:
    return value in ("true", "1")


def _idp_role(own: OwnDescription) -> Any:
    bindings = (uris.BINDING_REDIRECT, uris.BINDING_POST)
    return md.IDPSSODescriptor(
        protocol_support_enumeration=uris.SAMLP,
        want_authn_requests_signed="false",
        extensions=_extensions([*_scopes(own.scopes), _names(own.display_name)]),
        key_descriptor=[_key_descriptor(text) for text in own.certificates],
        name_id_format=[md.NameIDFormat(text=name) for name in _NAMEID_FORMATS],
        single_sign_on_service=[
            md.SingleSignOnService(binding=binding, location=own.sso_url) for binding in bindings
        ],
    )


def _extensions(elements: Iterable[Any]) -> Any:
    return md.Extensions(extension_elements=[element_to_extension_element(e) for e in elements])


def _scopes(domains: Iterable[str]) -> list[Any]:
    """Shibboleth drops name@domain attributes whose domain is not listed here."""
    return [shibmd.Scope(regexp="false", text=domain) for domain in domains]


def _names(display_name: str) -> Any:
    return mdui.UIInfo(display_name=[mdui.DisplayName(lang="en", text=display_name)])


def _algorithms() -> list[Any]:
    """What we accept in signed requests (metadata for algorithm support, IIP-ALG)."""
    digests = (uris.SHA256, uris.SHA384, uris.SHA512)
    signatures = (uris.RSA_SHA256, uris.RSA_SHA384, uris.RSA_SHA512, uris.ECDSA_SHA256)
    return [algsupport.DigestMethod(algorithm=name) for name in digests] + [
        algsupport.SigningMethod(algorithm=name) for name in signatures
    ]


def _key_descriptor(certificate: str) -> Any:
    data = xmldsig.X509Data(x509_certificate=xmldsig.X509Certificate(text=certificate))
    return md.KeyDescriptor(use="signing", key_info=xmldsig.KeyInfo(x509_data=[data]))
