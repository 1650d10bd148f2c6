"""What the pure tests speak: the core vocabulary with one extension of an organization's own."""

from typing import Any

from idp.directory.attributes import Attribute, Schema, Vocabulary
from scim.dialects import Language, Tolerance
from scim.errors import ScimError
from scim.paths import names_of

BADGE = "urn:example:params:scim:schemas:extension:badge:2.0:User"
VOCABULARY = Vocabulary(
    (
        Schema(
            BADGE,
            "Badge",
            "Door badges.",
            (
                Attribute("badgeNumber", "string", case_exact=True),
                Attribute("floor", "integer"),
                Attribute("issued", "dateTime"),
                Attribute("colours", "string", multi=True),
            ),
        ),
    )
)


def language(kind: str = "User", profile: str = "rfc") -> Language:
    """A fresh language: nothing has been forgiven yet."""
    return Language(names_of(VOCABULARY, kind), Tolerance(profile))


def refusal(do: Any, *args: Any, **kwargs: Any) -> tuple[int, str]:
    """Status and scimType of the refusal that a call ends in."""
    try:
        made = do(*args, **kwargs)
    except ScimError as error:
        return error.status, error.scim_type
    raise AssertionError(f"not refused: {made!r}")
