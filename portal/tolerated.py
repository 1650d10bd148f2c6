"""What a client sent instead of the standard, as sentences for whoever looks into the journal.

The journal keeps the shape in the words of the door; here they are said in full.
"""

import re

_SENTENCES = (
    (
        "ADSCIM schema URN",
        "The client listed a schema of Microsoft’s; it adds nothing, and was ignored.",
    ),
    (
        "SCIM 1.x schema URN",
        "The client used a schema name of SCIM 1; it was read as that of SCIM 2.",
    ),
    (
        '"True" or "False" for a boolean',
        "The client sent “True” or “False” as text for a boolean; it was read as true or false.",
    ),
    ("text for a number", "The client sent a number as text; it was read as a number."),
    ("a number for text", "The client sent a number where text belongs; it was read as text."),
    ("JSON inside a string", "The client packed an object into a string; it was unpacked."),
    ("no operations", "The client sent a PATCH without operations; there was nothing to do."),
    (
        "PATCH without the PatchOp schema",
        "The client did not name the PatchOp schema; the body was read as a PATCH all the same.",
    ),
    ("no schemas", "The client listed no schemas; they were inferred from the attributes."),
    ("two primary values", "The client marked two values as primary; the last one counts."),
    (
        "extension attribute without its URN",
        "The client named an extension’s attribute without its URN; only one has that name.",
    ),
    (
        "a URN-qualified name as a key",
        "The client wrote a schema’s URN before an attribute’s name; it was read as the attribute.",
    ),
    (
        "a dotted path as a key",
        "The client used a path as a key; it was read as the part it names.",
    ),
    (
        "an unasked-for password",
        "The client sent a password that nobody asked for; it was ignored.",
    ),
    ("a Bulk request without its schema", "The client did not name the schema of a Bulk request."),
    ("a method in lower case", "The client wrote a method in lower case; it was understood."),
    (
        "a path that does not begin with a slash",
        "The client left the slash off a path; it was understood.",
    ),
    (
        "PATCH operations without their message",
        "The client sent bare PATCH operations; they were read as a PATCH.",
    ),
    ("a capitalised op", "The client capitalised an operation; it was understood."),
    ("a path as a key", "The client used a path as a key; it was read as what it names."),
    (
        "a list for one selected value",
        "The client sent a list for one selected value; its entry was taken.",
    ),
    (
        "a value path in attributes",
        "The client asked for selected values of an attribute; it was shown the whole attribute.",
    ),
    (
        "filter value without quotes",
        "The client left the quotes off a filter’s value; it was read as text.",
    ),
    ("remove with a value", "The client said what to remove as a value; only that was removed."),
    ("a capitalised sortOrder", "The client capitalised the sort order; it was understood."),
)
_PATTERNS = (
    (r"unknown attribute (.+)", "The client sent {0}, which does not exist here; it was ignored."),
    (r"unknown schema (.+)", "The client listed the schema {0}, which does not exist here."),
    (r"a bare string for (.+)", "The client sent plain text for {0}; it was read as its value."),
    (
        r"a single value for (.+)",
        "The client sent one value for {0}; it was read as a list of one.",
    ),
    (
        r"JSON inside the value of (.+)",
        "The client packed an object into the value of {0}; it was unpacked.",
    ),
    (r"(\S+) for (\S+)", "The client wrote {0}; it was read as {1}."),
)
_KNOWN = dict(_SENTENCES)


def sentence(shape: str) -> str:
    """A tolerated shape in one plain sentence."""
    if shape in _KNOWN:
        return _KNOWN[shape]
    for pattern, said in _PATTERNS:
        match = re.fullmatch(pattern, shape, re.DOTALL)
        if match:
            return said.format(*match.groups())
    return f"The client sent {shape}; it was understood."
