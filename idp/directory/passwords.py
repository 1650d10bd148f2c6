"""Passwords: argon2id at 19 MiB, two passes, one lane (OWASP), about 50 ms; what is too weak.

Length is what counts (NIST SP 800-63B-4 §3.1.1.2, a password alone): at least 15 characters, no
rules of composition, nothing that is on the list of common ones or made of the person's own name.
"""

import re
import threading
import unicodedata
from functools import cache
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from idp.directory.errors import Invalid
from idp.directory.sets import storable
from idp.directory.values import search_form

MIN_LENGTH = 15
MAX_LENGTH = 256

_DECORATION = "0123456789!?.,*#$%&+-_=@ "
_REPEATED = re.compile(r"(.{3,}?)\1+")
_DISGUISE = str.maketrans("01345$@!", "oieassai")

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Each hash holds 19 MiB: a crowd at the door must not take the machine's memory.
_room = threading.BoundedSemaphore(8)


def hash_password(password: str, *about: str) -> str:
    """The argon2id hash of an acceptable password; `about` are names it must not be made of.

    Raises Invalid (password_unusable, password_too_short, password_too_long, password_common,
    password_personal).
    """
    check_password(password, *about)
    return rehash_password(password)


def rehash_password(password: str) -> str:
    """The hash, at today's cost, of a password that was accepted once."""
    with _room:
        return _hasher.hash(_one_form(password))


def _one_form(password: str) -> str:
    """The same bytes from every keyboard (RFC 8265 §4.2: NFC)."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str, *about: str) -> None:
    """Refuse a password that would be guessed."""
    if not storable(password):
        raise _weak("password_unusable", "A password may not hold such signs.")
    if len(password) < MIN_LENGTH:
        raise _weak("password_too_short", f"A password needs at least {MIN_LENGTH} characters.")
    if len(password) > MAX_LENGTH:
        raise _weak("password_too_long", f"A password may have at most {MAX_LENGTH} characters.")
    folded = search_form(password)
    if _stem(folded) in _common() or len(set(folded)) < 5:
        raise _weak("password_common", "This password is among the first that attackers try.")
    stems = {part for name in about for part in search_form(name).replace("@", ".").split(".")}
    if any(len(stem) > 3 and len(folded.replace(stem, "")) < 6 for stem in stems):
        raise _weak("password_personal", "This password is made of your own name.")


def _stem(folded: str) -> str:
    """What is left of "Passw0rd!2024" when the usual decorations are taken off: "password"."""
    plain = folded.strip(_DECORATION).translate(_DISGUISE)
    repeated = _REPEATED.fullmatch(plain)
    return repeated[1] if repeated else plain


def _weak(code: str, sentence: str) -> Invalid:
    return Invalid(code, sentence, attribute="password")


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is right; takes as long where there is none to compare with."""
    with _room:
        try:
            _hasher.verify(stored or _nobody(), _one_form(password))
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made at another cost than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


@cache
def _common() -> frozenset[str]:
    text = resources.files("idp.directory").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split("\n"))
