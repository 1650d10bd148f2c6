"""Our own side of a sign-on: one organization as an identity provider."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from idp import sealing
from idp.directory import queries
from idp.directory.credentials import SigningKey as StoredKey

from . import keys, pysaml
from .errors import UnknownHere


@dataclass(frozen=True, slots=True)
class Home:
    """An organization with its addresses and keys. `signing` is [current, next…], never empty."""

    org_id: str
    slug: str
    name: str
    entity_id: str
    sso_url: str
    scopes: tuple[str, ...]
    signing: tuple[keys.SigningKey, ...]

    @property
    def key(self) -> keys.SigningKey:
        """The key that signs today."""
        return self.signing[0]

    def metadata(self) -> bytes:
        """What partners read about this organization, with the keys of today and tomorrow."""
        described = pysaml.OwnDescription(
            self.entity_id,
            self.sso_url,
            self.name,
            self.scopes,
            [k.certificate for k in self.signing],
        )
        return pysaml.write_own(described, self.key)


class Keyring:
    """Unsealed and loaded signing keys by their id; the oldest unused leave first."""

    def __init__(self, size: int = 500) -> None:
        self._size = size
        self._held: OrderedDict[str, keys.SigningKey] = OrderedDict()
        self._lock = Lock()

    def get(self, stored: StoredKey) -> keys.SigningKey:
        """The loaded key of a stored one."""
        with self._lock:
            if stored.id in self._held:
                self._held.move_to_end(stored.id)
                return self._held[stored.id]
        loaded = keys.load(sealing.unseal(stored.private_key).decode(), stored.certificate)
        with self._lock:
            self._held[stored.id] = loaded
            while len(self._held) > self._size:
                self._held.popitem(last=False)
        return loaded


_keyring = Keyring()


def entity_id(public_url: str, slug: str) -> str:
    """An organization's SAML name: the address of its metadata (metadata §4.1)."""
    return f"{public_url}/saml/{slug}/metadata"


def sso_url(public_url: str, slug: str) -> str:
    """Where partners send sign-on requests, by either binding."""
    return f"{public_url}/saml/{slug}/sso"


def find(slug: str, public_url: str) -> Home:
    """The organization of an address. Raises UnknownHere where there is none to sign for."""
    organization = queries.organization_by_slug(slug)
    stored = queries.signing_keys(organization.id) if organization else []
    if organization is None or not stored or stored[0].state != "current":
        raise UnknownHere("organization_unknown", "There is no organization at this address.")
    return Home(
        organization.id,
        organization.slug,
        organization.name,
        entity_id(public_url, slug),
        sso_url(public_url, slug),
        tuple(domain.name for domain in organization.domains if domain.verified),
        tuple(_keyring.get(key) for key in stored),
    )
