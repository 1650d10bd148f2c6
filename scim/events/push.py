"""Pushing: each token is POSTed to the receiver, in order (RFC 8935)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from idp import outgoing, sealing
from idp.changes import followers
from idp.config import Settings
from idp.directory.views import StreamView
from scim.events.signing import MEDIA_TYPE, Signer

_TAKEN = frozenset({200, 202, 204})  # §2.2 asks for 202; receivers in the wild say others, too
_LONGEST_PAUSE = 3600
_RENEWED_EVERY = 10  # tokens, each of which may take half a minute to be refused


@dataclass(slots=True)
class Outcome:
    """How a step went: what the receiver refused for good, or why it has to be tried again."""

    refusals: list[str] = field(default_factory=list)
    error: str = ""
    pause: timedelta | None = None


def send(
    settings: Settings, row: followers.Row, stream: StreamView, claims: Sequence[dict[str, Any]]
) -> Outcome:
    """Push these tokens; stop where the receiver is not able to take them now."""
    outcome = Outcome()
    if not claims:
        return outcome
    signer = Signer(stream.org_id)
    try:
        with outgoing.Session(stream.endpoint, settings.outgoing) as session:
            for number, made in enumerate(claims):
                if number % _RENEWED_EVERY == 0 and not followers.hold(row):
                    return Outcome(error="another worker has taken over")
                _judge(_post(session, stream, signer.sign(made)), outcome)
                if outcome.error:
                    break
    except outgoing.Unreached as unreached:
        outcome.error = unreached.sentence
    return outcome


def _post(session: outgoing.Session, stream: StreamView, token: str) -> outgoing.Answer:
    headers = {"Content-Type": f"application/{MEDIA_TYPE}", "Accept": "application/json"}
    if stream.authorization:
        headers["Authorization"] = sealing.unseal(stream.authorization).decode()
    return session.send("POST", stream.endpoint, headers=headers, body=token.encode())


def _judge(answer: outgoing.Answer, outcome: Outcome) -> None:
    """Taken; refused for good with a reason (§2.3); or to be tried again."""
    if answer.status in _TAKEN:
        return
    if answer.status == 400:
        outcome.refusals.append(_reason(answer))
        return
    outcome.error = f"The receiver answered {answer.status}."
    after = answer.headers.get("retry-after", "")
    if after.isdigit():
        outcome.pause = timedelta(seconds=min(int(after), _LONGEST_PAUSE))


def _reason(answer: outgoing.Answer) -> str:
    try:
        said = answer.json()
    except ValueError:
        return "400, without a reason"
    if not isinstance(said, dict):
        return "400, without a reason"
    return f"{said.get('err', '')}: {said.get('description', '')}"[:300]
