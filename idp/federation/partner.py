"""What we know of a partner from its metadata, and the terms on which we serve it.

Both are plain data: `Terms.to_settings` is what a connection stores, computed once when the
partner is registered, so that a sign-on parses no metadata and no certificate twice.
"""

from base64 import b64decode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from threading import Lock
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from . import keys, uris
from .release import DEFAULT_MAPPING, Rule


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a partner listens. `default` is None where its metadata does not say."""

    location: str
    binding: str
    index: int | None = None
    default: bool | None = None
    response_location: str = ""


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A certificate (base64 DER) to encrypt to, with the algorithms its owner listed, in order.

    `key_transports` holds [algorithm, digest method, mask generation]; empty tuples mean that
    nothing was listed and we choose.
    """

    certificate: str
    ciphers: tuple[str, ...] = ()
    key_transports: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RequestedAttribute:
    """An attribute that the partner says it wants."""

    name: str
    name_format: str = ""
    friendly_name: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Partner:
    """A service provider as its metadata describes it. Certificates are base64 DER."""

    entity_id: str
    display_name: str
    acs: tuple[Endpoint, ...]
    slo: tuple[Endpoint, ...] = ()
    signing: tuple[str, ...] = ()
    encryption: tuple[EncryptionKey, ...] = ()
    nameid_formats: tuple[str, ...] = ()
    requested_attributes: tuple[RequestedAttribute, ...] = ()
    authn_requests_signed: bool = False
    want_assertions_signed: bool = False
    valid_until: str = ""  # RFC 3339, empty for no end

    def acs_default(self) -> Endpoint:
        """Where to answer when the request names no place (metadata §2.2.3)."""
        posts = self.posts()
        marked = [e for e in posts if e.default]
        unmarked = [e for e in posts if e.default is None]
        return (marked or unmarked or posts)[0]

    def acs_at(self, location: str) -> Endpoint | None:
        """The endpoint of exactly this address, compared as strings (saml2int SDP-IDP06)."""
        return next((e for e in self.posts() if e.location == location), None)

    def acs_numbered(self, index: int) -> Endpoint | None:
        """The endpoint of this index."""
        return next((e for e in self.posts() if e.index == index), None)

    def posts(self) -> list[Endpoint]:
        """The endpoints that can be answered by HTTP-POST; metadata without one is refused."""
        return [e for e in self.acs if e.binding == uris.BINDING_POST]


@dataclass(frozen=True, slots=True)
class Terms:
    """How we serve a partner: what an administrator may change without new metadata."""

    partner: Partner
    sign_response: bool = True
    sign_assertion: bool = True
    encrypt: bool = True  # when the partner has a key for it
    name_id_format: str = ""  # preferred over the metadata's list; empty: as the metadata asks
    mapping: tuple[Rule, ...] = DEFAULT_MAPPING

    def to_settings(self) -> dict[str, Any]:
        """JSON for the connection's `settings`; the default mapping is left out, to follow ours."""
        settings: dict[str, Any] = asdict(replace(self, mapping=()))
        settings.pop("mapping")
        if self.mapping != DEFAULT_MAPPING:
            settings["mapping"] = [rule.to_dict() for rule in self.mapping]
        return settings

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Terms":
        """The terms that `to_settings` wrote, perhaps in another release: unknown keys are left."""
        known = {f.name: settings[f.name] for f in fields(cls) if f.name in settings}
        known["partner"] = _partner(settings["partner"])
        if "mapping" in known:
            known["mapping"] = tuple(Rule.from_dict(rule) for rule in known["mapping"])
        return cls(**known)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedTerms:
    """Terms with their keys loaded."""

    terms: Terms
    verifying: tuple[keys.PublicKey, ...]
    encrypting: tuple[rsa.RSAPublicKey, EncryptionKey] | None

    @property
    def partner(self) -> Partner:
        """Whom these terms are for."""
        return self.terms.partner


def load(terms: Terms) -> LoadedTerms:
    """Load the certificates once; a sign-on then finds key objects."""
    partner = terms.partner
    verifying = tuple(keys.public_key(b64decode(text)) for text in partner.signing)
    encrypting = None
    if terms.encrypt and partner.encryption:
        chosen = partner.encryption[0]
        key = keys.public_key(b64decode(chosen.certificate))
        if isinstance(key, rsa.RSAPublicKey):  # pysaml.py takes no other as an encryption key
            encrypting = (key, chosen)
    return LoadedTerms(terms, verifying, encrypting)


class TermsCache:
    """Loaded terms by connection and version; the oldest unused leave first."""

    def __init__(self, size: int = 2000) -> None:
        self._size = size
        self._held: OrderedDict[tuple[str, int], LoadedTerms] = OrderedDict()
        self._lock = Lock()

    def get(self, connection_id: str, version: int, settings: Mapping[str, Any]) -> LoadedTerms:
        """The loaded terms; `settings` is read only when they are not held yet."""
        key = (connection_id, version)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        loaded = load(Terms.from_settings(settings))
        with self._lock:
            self._held[key] = loaded
            while len(self._held) > self._size:
                self._held.popitem(last=False)
        return loaded


def _partner(data: Mapping[str, Any]) -> Partner:
    known = {f.name: data[f.name] for f in fields(Partner) if f.name in data}
    for name, kind in (
        ("acs", Endpoint),
        ("slo", Endpoint),
        ("requested_attributes", RequestedAttribute),
    ):
        known[name] = tuple(kind(**item) for item in known.get(name, ()))
    known["encryption"] = tuple(_encryption(item) for item in known.get("encryption", ()))
    for name in ("signing", "nameid_formats"):
        known[name] = tuple(known.get(name, ()))
    return Partner(**known)


def _encryption(item: Mapping[str, Any]) -> EncryptionKey:
    transports = tuple((t[0], t[1], t[2]) for t in item["key_transports"])
    return EncryptionKey(item["certificate"], tuple(item["ciphers"]), transports)
