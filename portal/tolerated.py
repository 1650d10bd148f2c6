"""What a client sent instead of the standard, as sentences for whoever looks into the journal.

The journal keeps the shape in the words of the door; here they are said in full.
"""

import re

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

_SENTENCES = (
    (
        "ADSCIM schema URN",
        _l("The client listed a schema of Microsoft’s; it adds nothing, and was ignored."),
    ),
    (
        "SCIM 1.x schema URN",
        _l("The client used a schema name of SCIM 1; it was read as that of SCIM 2."),
    ),
    (
        '"True" or "False" for a boolean',
        _l(
            "The client sent “True” or “False” as text for a boolean; it was read as true or false."
        ),
    ),
    ("text for a number", _l("The client sent a number as text; it was read as a number.")),
    ("a number for text", _l("The client sent a number where text belongs; it was read as text.")),
    ("JSON inside a string", _l("The client packed an object into a string; it was unpacked.")),
    ("no operations", _l("The client sent a PATCH without operations; there was nothing to do.")),
    (
        "PATCH without the PatchOp schema",
        _l(
            "The client did not name the PatchOp schema; the body was read as a PATCH all the same."
        ),
    ),
    ("no schemas", _l("The client listed no schemas; they were inferred from the attributes.")),
    ("two primary values", _l("The client marked two values as primary; the last one counts.")),
    (
        "extension attribute without its URN",
        _l("The client named an extension’s attribute without its URN; only one has that name."),
    ),
    (
        "a URN-qualified name as a key",
        _l(
            "The client wrote a schema’s URN before an attribute’s name; "
            "it was read as the attribute."
        ),
    ),
    (
        "a dotted path as a key",
        _l("The client used a path as a key; it was read as the part it names."),
    ),
    (
        "an unasked-for password",
        _l("The client sent a password that nobody asked for; it was ignored."),
    ),
    (
        "a Bulk request without its schema",
        _l("The client did not name the schema of a Bulk request."),
    ),
    ("a method in lower case", _l("The client wrote a method in lower case; it was understood.")),
    (
        "a path that does not begin with a slash",
        _l("The client left the slash off a path; it was understood."),
    ),
    (
        "PATCH operations without their message",
        _l("The client sent bare PATCH operations; they were read as a PATCH."),
    ),
    ("a capitalised op", _l("The client capitalised an operation; it was understood.")),
    ("a path as a key", _l("The client used a path as a key; it was read as what it names.")),
    (
        "a list for one selected value",
        _l("The client sent a list for one selected value; its entry was taken."),
    ),
    (
        "a value path in attributes",
        _l(
            "The client asked for selected values of an attribute; "
            "it was shown the whole attribute."
        ),
    ),
    (
        "filter value without quotes",
        _l("The client left the quotes off a filter’s value; it was read as text."),
    ),
    (
        "remove with a value",
        _l("The client said what to remove as a value; only that was removed."),
    ),
    ("a capitalised sortOrder", _l("The client capitalised the sort order; it was understood.")),
)
_PATTERNS = (
    (
        r"unknown attribute (.+)",
        _l("The client sent {0}, which does not exist here; it was ignored."),
    ),
    (r"unknown schema (.+)", _l("The client listed the schema {0}, which does not exist here.")),
    (
        r"a bare string for (.+)",
        _l("The client sent plain text for {0}; it was read as its value."),
    ),
    (
        r"a single value for (.+)",
        _l("The client sent one value for {0}; it was read as a list of one."),
    ),
    (
        r"JSON inside the value of (.+)",
        _l("The client packed an object into the value of {0}; it was unpacked."),
    ),
    (r"(\S+) for (\S+)", _l("The client wrote {0}; it was read as {1}.")),
)
_KNOWN = dict(_SENTENCES)


def sentence(shape: str) -> str:
    """A tolerated shape in one plain sentence."""
    if shape in _KNOWN:
        return str(_KNOWN[shape])
    for pattern, said in _PATTERNS:
        match = re.fullmatch(pattern, shape, re.DOTALL)
        if match:
            return str(said).format(*match.groups())
    return _("The client sent %(shape)s; it was understood.", shape=shape)
