"""Where somebody goes after signing in, and what waits for them there.

Only an address of this server is ever gone to. A partner's parked request has an address that ends
in its key; the sign-in page then says to which application it leads, in whose name.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request, url_for

from idp.changes import ledger
from idp.directory import queries

PRODUCT = "Chamberlain"
_RESUME = "/resume/"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What follows a sign-in. `org_id` is None where any organization may sign in."""

    url: str
    organization: str
    application: str = ""
    org_id: str | None = None


def waiting() -> Waiting:
    """What the address or the form says should follow; home where it says nothing of ours."""
    url = own_path(request.values.get("next", ""))
    found = ledger.parked(url.rpartition("/")[2].partition("?")[0]) if _RESUME in url else None
    if found is None:
        return Waiting(url, only_organization())
    org_id, parked = found
    partner = queries.partner_by_id(org_id, str(parked.get("partner_id", "")))
    return Waiting(url, name_of(org_id), partner.name if partner else "", org_id)


def own_path(url: str) -> str:
    """`url` if it is a path of this server, else "". Browsers take \\ for / and drop tabs."""
    clean = url.isascii() and url.isprintable() and "\\" not in url and " " not in url
    if not clean or not url.startswith("/") or url.startswith("//"):
        return ""
    parts = urlsplit(url)
    return "" if parts.scheme or parts.netloc else url


def after(url: str) -> str:
    """The address to go to: the one that waits, or home."""
    return url or url_for("portal.home")


def name_of(org_id: str) -> str:
    """An organization's name, for pages before anybody has signed in."""
    found = queries.find_organization(org_id)
    return found.name if found else PRODUCT


def only_organization() -> str:
    """The name of the one organization there is; of several, none is told before sign-in."""
    ids = queries.organization_ids()
    return name_of(ids[0]) if len(ids) == 1 else PRODUCT
