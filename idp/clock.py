"""The only source of time and of chance, so that tests can hold both still."""

import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

_frozen: list[Callable[[], datetime]] = []  # at most one
_CHANCE, _STEP = 74, 48  # bits: of an id's random part, and of the steps within a millisecond
_guard = threading.Lock()
_last_id = [0]


def now() -> datetime:
    """The current moment, aware, in UTC, to the millisecond (what JSON shows is what is stored)."""
    if _frozen:
        return _frozen[0]()
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def elapsed() -> float:
    """Seconds that never run backwards, for rates and pauses; a frozen clock stops them too."""
    return _frozen[0]().timestamp() if _frozen else time.monotonic()


Source = Callable[[], datetime]


def freeze(source: Source | None) -> Source | None:
    """Let tests, and the demo's past, replace the clock; None gives the real one back.

    Returns what stood in its place before.
    """
    before = _frozen[0] if _frozen else None
    _frozen[:] = [source] if source else []
    return before


def new_id() -> str:
    """A UUIDv7 (RFC 9562 §5.7): random, yet in order of creation, so indexes grow at the end.

    Those of one process are strictly in order: within a millisecond, or when the clock is set
    back, the next one is a random step above the last (§6.2, method 2).
    """
    number = _next_number(time.time_ns() // 1_000_000, secrets.randbits(_CHANCE))
    value = (
        (number >> 74 & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | (number >> 62 & 0xFFF) << 64
        | 0x2 << 62
        | (number & 0x3FFF_FFFF_FFFF_FFFF)
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _next_number(milliseconds: int, chance: int) -> int:
    with _guard:
        if milliseconds > _last_id[0] >> _CHANCE:
            _last_id[0] = milliseconds << _CHANCE | chance
        else:
            _last_id[0] += 1 + (chance & (1 << _STEP) - 1)
        return _last_id[0]


def new_secret(size: int = 32) -> str:
    """A URL-safe secret of `size` random bytes (256 bits unless told)."""
    return secrets.token_urlsafe(size)


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z, the one form in which JSON shows a time."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"
