"""Secrets at rest: sealed under the master key, which lives outside the database.

`CHAMBERLAIN_MASTER_KEY` may hold several Fernet keys, separated by commas: the first seals, all
open, so a key is rotated by putting a new one in front.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app

PROBE = b"chamberlain master key"


class WrongMasterKey(Exception):
    """What is stored was sealed under another master key."""


def make_key() -> str:
    """A new master key."""
    return Fernet.generate_key().decode("ascii")


def ring(keys: str) -> MultiFernet:
    """The keys of a setting; raises ValueError where one is malformed."""
    return MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])


def _current() -> MultiFernet:
    held: MultiFernet = current_app.extensions["chamberlain_ring"]
    return held


def seal(secret: bytes) -> str:
    """The secret in a form that may be stored."""
    return _current().encrypt(secret).decode("ascii")


def unseal(sealed: str) -> bytes:
    """The secret again; raises WrongMasterKey where the key is not the one that sealed it."""
    try:
        return _current().decrypt(sealed.encode("ascii"))
    except InvalidToken:
        raise WrongMasterKey from None
