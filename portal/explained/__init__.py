"""Every stable error code of the product, explained: why it comes, what to do, who can help.

`/help/CODE` shows an entry, and error pages link to it. A test reads the codes from the sources
and fails where one has no entry here: whoever adds a refusal adds its explanation, in the module
of its subject.
"""

from portal.explained import billing, licences, lists, people, product, sign_on, systems
from portal.explained.entry import Explained

CODES: dict[str, Explained] = {
    **product.CODES,
    **people.CODES,
    **systems.CODES,
    **licences.CODES,
    **billing.CODES,
    **lists.CODES,
    **sign_on.CODES,
}

__all__ = ["CODES", "Explained"]
