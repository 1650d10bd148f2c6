"""externalId: the client's own name for a resource, kept per connection (RFC 7643 §3.1)."""

from idp.changes.intents import KEEP, MaybeText
from idp.directory.attributes import Record
from idp.directory.cleaning import text
from scim.paths import COMMON

_EXTERNAL_ID = next(attribute for attribute in COMMON if attribute.name == "externalId")


def external_id(record: Record) -> MaybeText:
    """The externalId of a record, which is taken out of it; KEEP where it has none.

    Raises Invalid where it is too long or holds control characters.
    """
    value = record.pop("externalId", None)
    return KEEP if value is None else text(_EXTERNAL_ID, "externalId", value)
