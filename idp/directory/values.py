"""Names normalised once and compared one way."""

import hashlib
import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache

from idp.directory.errors import Invalid

# C0 and C1 controls, lone surrogates and non-characters: no database, XML or log may meet them.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
FORBIDDEN_MULTILINE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
# Invisible signs and bidirectional overrides would let one name look like another.
_BIDI = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_DOMAIN_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# Letters whose base form Unicode does not decompose, for search only.
_FOLD = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "þ": "th", "ð": "d"}
)
_WORDS = re.compile(r"\w+", re.UNICODE)
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_BEYOND_MICROSECONDS = re.compile(r"(\.\d{6})\d+")

USER_NAME_MAX = 256
GROUP_NAME_MAX = 256
FOREIGN_NAME_MAX = 512


def key(text: str) -> str:
    """The form in which names are compared: width-mapped, case-folded, NFC (RFC 8265 §3.3)."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


def instant(text: str) -> datetime:
    """A dateTime as a moment in UTC (RFC 7643 §2.3.5); without a zone it is meant in UTC.

    Seven digits of a second and the year 1 are taken: Entra writes them. Raises ValueError.
    """
    moment = datetime.fromisoformat(_BEYOND_MICROSECONDS.sub(r"\1", text))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # its zone leads beyond the first or the last year there is
        return _FIRST if moment.year == 1 else _LAST


def instant_key(moment: datetime) -> str:
    """A moment as text whose order is that of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def user_name_key(user_name: str) -> str:
    """The unique form of a sign-in name; refuses what could not be told apart on a screen."""
    if user_name != user_name.strip() or (not user_name.isascii() and _BIDI.search(user_name)):
        raise Invalid(
            "user_name_unclear",
            "A user name may not begin or end with a space, nor hold invisible characters.",
            attribute="userName",
        )
    folded = key(user_name)
    if len(folded) > USER_NAME_MAX:
        raise Invalid(
            "value_too_long",
            f"A user name may have at most {USER_NAME_MAX} characters.",
            attribute="userName",
        )
    return folded


def group_name_key(display_name: str) -> str:
    """The unique form of a group's name; refuses what could not be told apart on a screen."""
    if display_name != display_name.strip() or (
        not display_name.isascii() and _BIDI.search(display_name)
    ):
        raise Invalid(
            "group_name_unclear",
            "A group's name may not begin or end with a space, nor hold invisible characters.",
            attribute="displayName",
        )
    folded = key(display_name)
    if len(folded) > GROUP_NAME_MAX:
        raise Invalid(
            "value_too_long",
            f"A group's name may have at most {GROUP_NAME_MAX} characters.",
            attribute="displayName",
        )
    return folded


def foreign_name(text: str) -> str:
    """A connection's own name for somebody or something; it is compared as it stands."""
    if len(text) > FOREIGN_NAME_MAX:
        raise Invalid(
            "value_too_long",
            f"externalId may have at most {FOREIGN_NAME_MAX} characters.",
            attribute="externalId",
        )
    if FORBIDDEN.search(text):
        raise Invalid(
            "forbidden_character", "externalId holds a control character.", attribute="externalId"
        )
    return text


def domain_of(user_name: str) -> str:
    """The domain part of name@domain in comparable form, or "" where there is none."""
    _local, at, domain = key(user_name).rpartition("@")
    return domain_key(domain) if at else ""


@lru_cache(maxsize=4096)
def domain_and_parents(domain: str) -> tuple[str, ...]:
    """A domain and those above it: a proven domain covers what lies below it."""
    labels = domain.split(".")
    return tuple(".".join(labels[i:]) for i in range(len(labels) - 1)) or (domain,)


@lru_cache(maxsize=4096)
def domain_key(domain: str) -> str:
    """A domain name in ASCII (IDNA), lower case, without the final dot; "" if impossible."""
    text = unicodedata.normalize("NFKC", domain).strip().rstrip(".").lower()
    try:
        return text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def domain_name(domain: str) -> str:
    """A well-formed domain name in its comparable form; refuses anything else (RFC 1123 §2.1)."""
    text = domain_key(domain)
    labels = text.split(".")
    if len(labels) < 2 or len(text) > 253 or not all(map(_DOMAIN_LABEL.fullmatch, labels)):
        raise Invalid(
            "domain_malformed", "This is not a domain name such as example.com.", attribute="domain"
        )
    return text


def search_form(text: str) -> str:
    """Text as it is searched and sorted: lower case, without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).translate(_FOLD)


def words(*texts: str | None) -> set[str]:
    """The words by whose beginning a person or group is found, at most 64 characters each."""
    found: set[str] = set()
    for text in texts:
        if text:
            found.update(word[:64] for word in _WORDS.findall(search_form(text)))
    return found


def slug(name: str) -> str:
    """A short address for an organization: letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", search_form(name)).strip("-")[:48] or "organization"


def digest(secret: str) -> str:
    """How a random secret of 256 bits is stored; a slow hash would protect nothing more."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
