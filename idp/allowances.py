"""Allowances by key, in the memory of one process: the generic cell rate algorithm (ITU-T I.371).

Each is one number, the moment up to which its allowance is used: so nothing has to be refilled, and
one whose moment is past is as good as none.
"""

import threading

from idp.clock import elapsed

_MOST_KEYS = 10_000


class Buckets:
    """Allowances by key, at most `_MOST_KEYS` of them."""

    def __init__(self) -> None:
        self._used_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._used_until)

    def take(self, key: str, rate: float, burst: float) -> float:
        """Use one of `burst` at once and `rate` a second; else the seconds to wait for one."""
        at = elapsed()
        with self._lock:
            used_until = max(self._used_until.get(key, at), at) + 1 / rate
            wait = used_until - at - burst / rate
            if wait <= 0:
                self._used_until[key] = used_until
                if len(self._used_until) > _MOST_KEYS:
                    self._prune(at)
        return max(wait, 0.0)

    def wait(self, key: str, rate: float, burst: float) -> float:
        """How long to wait for the next one, without using it."""
        at = elapsed()
        return max(self._used_until.get(key, at) + 1 / rate - at - burst / rate, 0.0)

    def _prune(self, at: float) -> None:
        """Forget who has their whole allowance again; if all are busy, the older half."""
        busy = {key: moment for key, moment in self._used_until.items() if moment > at}
        if len(busy) > _MOST_KEYS:
            busy = dict(list(busy.items())[_MOST_KEYS // 2 :])
        self._used_until = busy
