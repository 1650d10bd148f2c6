"""How strongly somebody signed in, in the words of SAML (authentication context §3.4)."""

from . import uris
from .authn_request import ContextWish
from .errors import Refusal, at_our_end

# From weak to strong. A password reaches us through TLS or, in a trial, over the loopback.
_ORDER = (uris.CONTEXT_UNSPECIFIED, uris.CONTEXT_PASSWORD, uris.CONTEXT_PASSWORD_TLS)
_STRONGEST = {"password": uris.CONTEXT_PASSWORD_TLS}
PASSWORD = "password"  # noqa: S105  a strength of sign-in, not a secret


def choose(wish: ContextWish | None, strength: str) -> str:
    """The class to assert (core §3.3.2.2.1). Raises Refusal NoAuthnContext for an unmet wish.

    "exact" (the default) and "minimum" are understood; "maximum" and "better" are refused.
    """
    strongest = _STRONGEST.get(strength, uris.CONTEXT_UNSPECIFIED)
    if wish is None:
        return strongest
    rank = _ORDER.index(strongest)
    known = [name for name in wish.classes if name in _ORDER]
    if wish.comparison == "exact":
        met = [name for name in known if _ORDER.index(name) <= rank]
        if met:
            return met[0]
    if wish.comparison == "minimum" and any(_ORDER.index(name) <= rank for name in known):
        return strongest
    raise _unmet()


def can_meet(wish: ContextWish | None) -> bool:
    """Whether signing in again, with a password, would satisfy the wish."""
    try:
        choose(wish, PASSWORD)
    except Refusal:
        return False
    return True


def _unmet() -> Refusal:
    return at_our_end(
        uris.STATUS_NO_AUTHN_CONTEXT, "This way of signing in is not offered to this person."
    )
