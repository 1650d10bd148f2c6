"""Each request is answered once, whichever process answers it (profiles §4.1.4.5).

The mark is set when an assertion is about to leave, not when the request comes in: somebody who
reloads a sign-in page sends the same request again and has not been answered yet.
"""

from datetime import timedelta

from idp import clock
from idp.changes import ledger

from .errors import Unanswerable

# Longer than any request can still be fresh or parked.
_REMEMBER = timedelta(hours=2)


def refuse_second_answer(org_id: str, partner_id: str, request_id: str) -> None:
    """Mark a request as answered. Raises Unanswerable where it was answered before."""
    if not ledger.first_seen(org_id, f"saml:{partner_id}:{request_id}", clock.now() + _REMEMBER):
        raise Unanswerable(
            "request_replayed", "This sign-on request has been answered already; it works once."
        )
