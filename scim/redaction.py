"""What of a request may be kept: everything but secrets, wherever a client puts them.

Secret is what the vocabulary never returns (`password`; organizations can define no secrets of
their own), and what other protocols call one. It may stand as a key, in a PATCH path with its
value beside it, in a filter, or in JSON that was packed into a string.
"""

import re
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

from idp.directory.attributes import CORE

LEFT_OUT = "(left out)"
_NAMES = {
    leaf.attribute.name.lower()
    for leaf in (*CORE.user_leaves.values(), *CORE.group_leaves.values())
    if leaf.attribute.mutability == "writeOnly" or leaf.attribute.returned == "never"
} | {"token", "access_token", "secret", "client_secret", "authorization", "api_key", "apikey"}
_ANY = "|".join(sorted(map(re.escape, _NAMES)))
_NAMED = re.compile(rf"(?:^|[:.])(?:{_ANY})(?:$|[.\[])", re.IGNORECASE)
_TOLD = re.compile(
    rf"\b(?:{_ANY})[\"'\\]*\s*(?::|=|\s(?:eq|ne|co|sw|ew|gt|ge|lt|le)\b)", re.IGNORECASE
)
# A token or secret of this product's own making, wherever it stands.
_OURS = re.compile(r"\bch[abs]_[\w-]{20,}")


def redacted(value: Any) -> Any:
    """A JSON value with LEFT_OUT for every secret in it."""
    if isinstance(value, dict):
        beside = _names_secret(value)
        return {
            key: LEFT_OUT
            if _NAMED.search(key) or (beside and key.lower() == "value")
            else redacted(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [redacted(inner) for inner in value]
    return LEFT_OUT if isinstance(value, str) and _tells(value) else value


def _names_secret(operation: dict[str, Any]) -> bool:
    """Whether a PATCH operation's path names a secret, whose value then stands beside it."""
    path = next((v for k, v in operation.items() if k.lower() == "path"), None)
    return isinstance(path, str) and bool(_NAMED.search(path.strip()))


def _tells(text: str) -> bool:
    packed = text.lstrip().startswith("{") and "\\u" in text  # JSON can spell a name in escapes
    return packed or bool(_TOLD.search(text)) or bool(_OURS.search(text))


def redacted_query(query: str) -> str:
    """The query of an address with LEFT_OUT for every secret in it."""
    plain = unquote_plus(query) if "%" in query or "+" in query else query
    if not _TOLD.search(plain) and not _OURS.search(plain):
        return query
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [(n, LEFT_OUT if _NAMED.search(n) or _tells(v) else v) for n, v in pairs]
    return urlencode(kept)


def without_left_out(value: Any) -> Any:
    """A kept body without what was left out of it, as it can be tried again."""
    if isinstance(value, dict):
        return {k: without_left_out(v) for k, v in value.items() if v != LEFT_OUT}
    if isinstance(value, list):
        return [without_left_out(v) for v in value if not _is_empty(v)]
    return value


def _is_empty(value: Any) -> bool:
    """A PATCH operation on a secret says nothing without its value."""
    if not isinstance(value, dict):
        return bool(value == LEFT_OUT)
    return _names_secret(value) and LEFT_OUT in value.values()
