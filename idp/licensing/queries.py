"""Every read about licences: each takes an Actor (or an organization), and stays inside it."""

from idp.licensing import billing as _billing  # noqa: F401  its tables belong to the metadata
from idp.licensing.catalogue import catalogue
from idp.licensing.held import entitlements_of, licenses_of

__all__ = ["catalogue", "entitlements_of", "licenses_of"]
