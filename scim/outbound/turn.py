"""One turn of work for one target: its lease, its client, and what it has to write down."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from idp.changes import followers, provisioned
from idp.changes.provisioned import Outcomes
from idp.directory.provisioning import LinkView, TargetView
from idp.directory.targets import TargetSettings
from scim.outbound.client import Client, Refused
from scim.outbound.desired import Reader

TURN_SECONDS = 20.0  # then others have their turn; the rest waits for the next
HOLD_SECONDS = 5.0  # the lease is renewed as often; one request takes a minute at the most
FLUSH = 25


class Lost(Exception):
    """The lease ran out and another worker has taken over: whatever is left is its work."""


@dataclass(slots=True)
class Turn:
    """What every part of a turn has in hand."""

    row: followers.Row
    reader: Reader
    client: Client
    outcomes: Outcomes = field(default_factory=Outcomes)
    began: float = field(default_factory=time.monotonic)
    held: float = field(default_factory=time.monotonic)
    created: set[str] = field(default_factory=set)

    @property
    def target(self) -> TargetView:
        """The application."""
        return self.reader.target

    @property
    def settings(self) -> TargetSettings:
        """What an administrator decided about it."""
        return self.reader.target.settings

    @property
    def patches(self) -> bool:
        """Whether changes are sent by PATCH."""
        if self.settings.writes != "auto":
            return self.settings.writes == "patch"
        return bool(self.target.abilities.get("patch", True))

    @property
    def filters(self) -> bool:
        """Whether the target can be asked for somebody by name."""
        return bool(self.target.abilities.get("filter", True))

    def over(self) -> bool:
        """Whether the turn has had its time."""
        return time.monotonic() - self.began > TURN_SECONDS

    def hold(self) -> None:
        """Renew the lease before it can run out. Raises Lost."""
        if time.monotonic() - self.held > HOLD_SECONDS:
            self.held = time.monotonic()
            if not followers.hold(self.row):
                raise Lost

    def flush(self) -> None:
        """Write down what became of the subjects so far."""
        if len(self.outcomes):
            done, self.outcomes = self.outcomes, Outcomes()
            provisioned.record(self.row["org_id"], self.target.id, done)

    def note(self, subject_id: str, **link: Any) -> None:
        """Remember what became of a subject, and write down when there are enough."""
        self.outcomes.links[subject_id] = {"subject_id": subject_id} | link
        self.outcomes.gone.discard(subject_id)
        self._full()

    def forget(self, subject_id: str) -> None:
        """A subject is not at the target any more."""
        self.outcomes.gone.add(subject_id)
        self.outcomes.links.pop(subject_id, None)
        self._full()

    def _full(self) -> None:
        if len(self.outcomes) >= FLUSH:
            self.flush()
        self.hold()


def note_error(turn: Turn, link: LinkView, refused: Refused) -> None:
    """Keep with a subject what was refused about it, and leave it otherwise as it is."""
    turn.note(
        link.subject_id,
        kind=link.kind,
        name=link.name,
        state=link.state,
        remote_id=link.remote_id,
        active=link.active,
        approved=link.approved,
        sent=json.dumps(link.sent),
        error_code=refused.code,
        error=refused.sentence,
        tries=0,
    )
    turn.flush()
